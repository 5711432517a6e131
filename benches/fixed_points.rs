//! All fixed points of a trained network from the same 1,024 starts: Creode's Newton against `scipy.optimize.root(hybr)`
//! with the analytic Jacobian, damped Newton steps on all starts at once in PyTorch, and gradient descent (Adam) on q there,
//! in f64, each with all cores.
//!
//! Networks are trained first, on the 3-bit flip-flop. Creode goes through every start here and then does more than its
//! peers (midpoints between attractors, indices, spectra, certificates), though its search would stop once the indices
//! balance and nothing new comes; that time is printed beside it, and that of spectra and certificates, which the peers do
//! not compute. `cargo bench --bench fixed_points` needs a Python with torch, numpy and scipy: `CREODE_PYTHON`, or what
//! `.ci/setup-python torch numpy scipy` has set up. Arguments such as `vanilla 64` restrict it; `CREODE_BENCH_LIMIT_SECS`
//! (default 120) bounds each peer.

mod peers;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use creode::cell::map::CellMap;
use creode::cell::parameters::{BIAS_HH, BIAS_IH, Parameters, WEIGHT_HH};
use creode::curriculum::Curriculum;
use creode::dynamics::linear::spectrum::Spectrum;
use creode::dynamics::points::certificate::certify;
use creode::dynamics::points::search::{FixedPoint, SearchLimits, search};
use creode::dynamics::points::starts::jittered;
use creode::lab;
use creode::map::{Map as _, q};
use creode::task::Batch;
use creode::trace::{Run, RunWriter};
use creode::train::bptt::Bptt;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use rustix::time::{ClockId, clock_gettime};

const STARTS: usize = 1024;
const CASES: [(&str, &[usize]); 2] = [("vanilla", &[64, 128, 256, 512]), ("gru", &[64, 128, 256])];
/// Turns of Creode's side; the best counts.
const ROUNDS: usize = 5;

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let limit = std::env::var("CREODE_BENCH_LIMIT_SECS").unwrap_or_else(|_| "120".to_owned());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let python = peers::python("torch, numpy, scipy");
    println!("{STARTS} starts, {cores} cores; seconds (starts with q < 1e-24, distinct points)");
    for (cell, sizes) in CASES {
        for &units in sizes {
            let name = units.to_string();
            let is_wanted = |word: &String| word == cell || *word == name;
            if !wanted.iter().all(is_wanted) {
                continue;
            }
            let folder = tempfile::tempdir().expect("a temporary folder");
            let network = trained(cell, units, folder.path());
            let own = own_secs(&network);
            println!(
                "{cell:7} {units:4}  creode {:.4}, of which spectra and certificates {:.4}; CPU {:.4}, of which {:.4} ({} starts, {} points); stopped when complete {:.4}, CPU {:.4} ({} points)",
                own.every_start,
                own.beyond,
                own.cpu,
                own.cpu_beyond,
                own.converged,
                own.points,
                own.search,
                own.search_cpu,
                own.search_points
            );
            if let Some(python) = &python {
                for line in peers(python, &network, cell, units, cores, &limit, folder.path()) {
                    let fields: Vec<&str> = line.split_whitespace().collect();
                    let [peer, secs, cpu, tried, converged, distinct, iterations] = fields[..]
                    else {
                        continue;
                    };
                    let secs: f64 = secs.parse().unwrap_or(f64::NAN);
                    let cpu: f64 = cpu.parse().unwrap_or(f64::NAN);
                    println!(
                        "              {peer} {secs:.2}, CPU {cpu:.2} ({converged} of {tried} tried, {distinct} points; {iterations} iterations): ratio {:.1}, for the points alone {:.1}; in CPU time {:.1}, for the points alone {:.1}, for the points alone when complete {:.1}",
                        secs / own.every_start,
                        secs / (own.every_start - own.beyond),
                        cpu / own.cpu,
                        cpu / (own.cpu - own.cpu_beyond),
                        cpu / (own.search_cpu - own.cpu_beyond)
                    );
                }
            }
        }
    }
}

struct Network {
    map: CellMap,
    parameters: Parameters<f64>,
    starts: Vec<Vec<f64>>,
}

/// Trains on the flip-flop, and draws starts from the states of its trials.
fn trained(cell: &str, units: usize, folder: &Path) -> Network {
    let text = format!(
        "seed = 1\n[network]\ncell = \"{cell}\"\nunits = {units}\n[optimiser]\nlearning_rate = 1e-3\nclip_norm = 1.0\n\
         [[stage]]\ntask = \"flip-flop\"\nbits = 3\nuntil = {{ steps = 1500 }}\n\
         [checkpoints]\nevery = 1500\n[analysis]\nenabled = false\n"
    );
    let curriculum = Curriculum::parse(&text, "bench.toml", &[]).expect("a sound curriculum");
    let dir = folder.join("run");
    let writer = RunWriter::create(&dir, &curriculum.to_toml()).expect("a run");
    lab::train(&curriculum, &writer, &AtomicBool::new(false), &|_| {}).expect("training");
    let run = Run::open(&dir).expect("the run");
    let file = run.weights(1).expect("the last checkpoint");
    let (saved, _) = lab::saved::Saved::<f32>::from_bytes(&file.bytes, &curriculum.network)
        .expect("its weights");
    let parameters = saved.parameters.cast();
    let task = curriculum.stages[0].parts[0].task.task();
    let mut batch = Batch::zeros(task.trial_steps(), 64, 3, 3);
    task.draw(&mut ChaCha8Rng::seed_from_u64(1), &mut batch);
    let simulation = Bptt::<f64>::of(&curriculum.network)
        .simulate(&parameters, &batch)
        .expect("the batch fits");
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    Network {
        map: CellMap::new(&curriculum.network, &parameters, &[0.0; 3]),
        parameters,
        starts: jittered(&simulation.states, units, STARTS, 0.5, &mut rng),
    }
}

struct Own {
    every_start: f64,
    /// What spectra and certificates, which no peer computes, take of it.
    beyond: f64,
    /// The same in CPU time of all threads.
    cpu: f64,
    cpu_beyond: f64,
    converged: usize,
    points: usize,
    search: f64,
    search_cpu: f64,
    search_points: usize,
}

fn own_secs(network: &Network) -> Own {
    let Network { map, starts, .. } = network;
    let timed = |limits: SearchLimits| {
        let runs = (0..ROUNDS).map(|_| {
            let (begun, cpu_begun) = (Instant::now(), cpu_secs());
            let findings = search(map, &[], starts, limits).expect("eigenvalues");
            let cpu = cpu_secs() - cpu_begun;
            (begun.elapsed().as_secs_f64(), cpu, findings)
        });
        runs.min_by(|a, b| a.0.total_cmp(&b.0)).expect("some round")
    };
    let (every_start, cpu, all) = timed(SearchLimits {
        fewest_starts: usize::MAX,
        ..SearchLimits::default()
    });
    let (search, search_cpu, found) = timed(SearchLimits::default());
    assert!(
        all.fixed_points
            .iter()
            .all(|point| q(map, &point.state) < 1e-24)
    );
    let beyond = (0..ROUNDS).map(|_| {
        let (begun, cpu_begun) = (Instant::now(), cpu_secs());
        let of = |point: &FixedPoint| {
            let spectrum = Spectrum::at(map, &point.state).expect("eigenvalues");
            let certificate = match map.reduced() {
                None => certify(map, &point.state),
                Some(reduced) => certify(&*reduced, &reduced.project(&point.state)),
            };
            (spectrum, certificate)
        };
        let found: Vec<_> = all.fixed_points.par_iter().map(of).collect();
        assert!(found.iter().all(|(_, certificate)| certificate.is_some()));
        (begun.elapsed().as_secs_f64(), cpu_secs() - cpu_begun)
    });
    let (beyond, cpu_beyond) = beyond.fold((f64::INFINITY, f64::INFINITY), |least, of| {
        (least.0.min(of.0), least.1.min(of.1))
    });
    Own {
        every_start,
        beyond,
        cpu,
        cpu_beyond,
        converged: all.fixed_points.iter().map(|point| point.hits).sum(),
        points: all.fixed_points.len(),
        search,
        search_cpu,
        search_points: found.fixed_points.len(),
    }
}

/// CPU seconds of this process, of all its threads.
fn cpu_secs() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}

fn peers(
    python: &str,
    network: &Network,
    cell: &str,
    units: usize,
    cores: usize,
    limit: &str,
    folder: &Path,
) -> Vec<String> {
    let write = |name: &str, values: &[f64]| {
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        fs::write(folder.join(format!("{name}.f64")), bytes).expect("room for the weights");
    };
    write("recurrent", network.parameters.get(WEIGHT_HH));
    write("from_input", network.parameters.get(BIAS_IH));
    write("hidden_bias", network.parameters.get(BIAS_HH));
    write("starts", &network.starts.concat());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/fixed_points_peer.py");
    let output = Command::new(python)
        .arg(script)
        .arg(folder)
        .args([cell, &units.to_string(), &cores.to_string(), limit])
        .output();
    match output {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(str::to_owned)
            .collect(),
        Ok(output) => {
            eprintln!("{}", String::from_utf8_lossy(&output.stderr));
            Vec::new()
        }
        Err(error) => {
            eprintln!("{error}");
            Vec::new()
        }
    }
}
