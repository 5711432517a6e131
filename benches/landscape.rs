//! What the landscape of one checkpoint costs, in training steps of the same network; and landscapes of large networks.
//!
//! `cargo bench --bench landscape`: networks are trained on the 3-bit flip-flop; then their last checkpoint is analysed from
//! the fixed points of the one before, certificates and spectra included, and that is compared with the time of a training
//! step (64 trials of 100 time steps). Large networks (1,024 and 2,048 units) are three bits of memory in random
//! connections; they are searched from 512 starts, and again with slightly different weights from the points found.
//! Arguments such as `gru` or `2048` restrict it.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use creode::cell::map::CellMap;
use creode::cell::parameters::Parameters;
use creode::curriculum::Curriculum;
use creode::dynamics::points::search::{Findings, Known, SearchLimits, search};
use creode::dynamics::points::starts::{jittered, simulated};
use creode::lab;
use creode::map::Map as _;
use creode::task::Batch;
use creode::trace::{Run, RunWriter};
use creode::train::bptt::Bptt;
use creode::train::credit::Credit as _;
use creode::train::optimiser::Optimiser;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

const CASES: [(&str, usize); 4] = [("vanilla", 64), ("vanilla", 128), ("gru", 64), ("gru", 128)];
const LARGE: [usize; 2] = [1024, 2048];
/// Turns of each side; the best counts.
const ROUNDS: usize = 7;
/// Training steps of a turn.
const STEPS: usize = 20;

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let wants = |cell: &str, units: usize| {
        let number = units.to_string();
        wanted.iter().all(|word| word == cell || *word == number)
    };
    for (cell, units) in CASES {
        if wants(cell, units) {
            checkpoint(cell, units);
        }
    }
    for units in LARGE {
        if wants("large", units) {
            large(units);
        }
    }
}

/// The landscape of a trained network's last checkpoint against its training steps.
fn checkpoint(cell: &str, units: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path().join("run");
    let curriculum = trained(cell, units, &dir);
    let run = Run::open(&dir).expect("the run");
    let parameters = |checkpoint: u32| -> Parameters<f32> {
        let file = run.weights(checkpoint).expect("the weights");
        let (saved, _) = lab::saved::Saved::<f32>::from_bytes(&file.bytes, &curriculum.network)
            .expect("the weights");
        saved.parameters
    };
    let last = run.entries().last().expect("checkpoints").checkpoint;
    let mut trained = parameters(last);
    let task = curriculum.stages[0].parts[0].task.task();
    let mut batch = Batch::zeros(task.trial_steps(), 64, 3, 3);
    task.draw(&mut ChaCha8Rng::seed_from_u64(1), &mut batch);
    let starts = {
        let simulation = Bptt::<f64>::of(&curriculum.network)
            .simulate(&trained.cast(), &batch)
            .expect("the batch fits");
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        jittered(&simulation.states, units, 512, 0.5, &mut rng)
    };
    let map = |parameters: &Parameters<f32>| {
        CellMap::new(&curriculum.network, &parameters.cast(), &[0.0; 3])
    };
    let before = search(
        &map(&parameters(last - 1)),
        &[],
        &starts,
        SearchLimits::default(),
    )
    .expect("eigenvalues");
    let network = map(&trained);
    let (secs, found) = best(|| {
        let known = known(&before);
        search(&network, &known, &starts, SearchLimits::default()).expect("eigenvalues")
    });
    let mut gradient = trained.zeros_like();
    let mut optimiser = Optimiser::new(curriculum.optimiser, &trained);
    let mut engine = Bptt::of(&curriculum.network);
    let (step_secs, ()) = best(|| {
        for _ in 0..STEPS {
            engine
                .loss_and_gradient(&trained, &batch, &mut gradient)
                .expect("the batch fits");
            optimiser.update(&mut trained, &mut gradient);
        }
    });
    let step_secs = step_secs / STEPS as f64;
    let certified = found
        .fixed_points
        .iter()
        .filter(|p| p.certificate.is_some())
        .count();
    println!(
        "{cell:7} {units:4}: {} points ({certified} certified, {} from {} of the checkpoint before) in {:.2} ms; a training step {:.2} ms: ratio {:.1} steps",
        found.fixed_points.len(),
        found
            .fixed_points
            .iter()
            .filter(|p| p.from_known.is_some())
            .count(),
        before.fixed_points.len(),
        1e3 * secs,
        1e3 * step_secs,
        secs / step_secs
    );
}

fn trained(cell: &str, units: usize, dir: &Path) -> Curriculum {
    let text = format!(
        "seed = 1\n[network]\ncell = \"{cell}\"\nunits = {units}\n[optimiser]\nlearning_rate = 1e-3\nclip_norm = 1.0\n\
         [[stage]]\ntask = \"flip-flop\"\nbits = 3\nuntil = {{ steps = 1500 }}\n\
         [checkpoints]\nevery = 25\n[analysis]\nenabled = false\n"
    );
    let curriculum = Curriculum::parse(&text, "bench.toml", &[]).expect("a sound curriculum");
    let writer = RunWriter::create(dir, &curriculum.to_toml()).expect("a run");
    lab::train(&curriculum, &writer, &AtomicBool::new(false), &|_| {}).expect("training");
    curriculum
}

fn known(findings: &Findings) -> Vec<Known<'_>> {
    let points = findings.fixed_points.iter();
    points
        .map(|point| Known {
            state: &point.state,
            index: point.index,
        })
        .collect()
}

/// The shortest turn, in seconds, and what it gave.
fn best<T>(mut work: impl FnMut() -> T) -> (f64, T) {
    let mut turns = (0..ROUNDS).map(|_| {
        let begun = Instant::now();
        let result = work();
        (begun.elapsed().as_secs_f64(), result)
    });
    let first = turns.next().expect("a turn");
    turns.fold(
        first,
        |best, turn| if turn.0 < best.0 { turn } else { best },
    )
}

/// Three groups of units that each hold a bit, in random connections of gain ½.
fn memory(units: usize, seed: u64, change: f64) -> CellMap {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut other = ChaCha8Rng::seed_from_u64(seed + 1);
    let group = |unit: usize| 3 * unit / units;
    let deviation = 0.5 / (units as f64).sqrt();
    let weights: Vec<f64> = (0..units * units)
        .map(|place| {
            let (i, j) = (place / units, place % units);
            let (random, aside): (f64, f64) = (
                StandardNormal.sample(&mut rng),
                StandardNormal.sample(&mut other),
            );
            let shared = if group(i) == group(j) {
                6.0 / units as f64
            } else {
                0.0
            };
            shared + deviation * (random + change * aside)
        })
        .collect();
    CellMap::vanilla(&weights, vec![0.0; units])
}

fn large(units: usize) {
    let map = memory(units, 1, 0.0);
    let starts = simulated(&map, 512, 0.5, 0);
    let begun = Instant::now();
    let found = search(&map, &[], &starts, SearchLimits::default()).expect("eigenvalues");
    let searched = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let later = search(
        &memory(units, 1, 0.05),
        &known(&found),
        &starts,
        SearchLimits::default(),
    )
    .expect("eigenvalues");
    let tracked = begun.elapsed().as_secs_f64();
    println!(
        "{units} units: {} in {searched:.1} s; tracked, {} in {tracked:.1} s; at most {} MiB",
        told(&found, map.dim()),
        told(&later, map.dim()),
        peak_mebibytes().map_or("?".to_owned(), |mebibytes| mebibytes.to_string())
    );
}

fn told(found: &Findings, dim: usize) -> String {
    let mut counts = vec![0; 4];
    for point in &found.fixed_points {
        let n = point.spectrum.n_unstable().min(3);
        counts[n] += 1;
    }
    let certified = found
        .fixed_points
        .iter()
        .filter(|p| p.certificate.is_some())
        .count();
    let tracked = found
        .fixed_points
        .iter()
        .filter(|p| p.from_known.is_some())
        .count();
    let values = found
        .fixed_points
        .first()
        .map_or(0, |p| p.spectrum.eigenvalues.len());
    format!(
        "{} points ({certified} certified, {tracked} tracked, by unstable directions {counts:?}), {values} of {dim} eigenvalues each, {}",
        found.fixed_points.len(),
        found.complete.name()
    )
}

/// The most memory this process has used.
fn peak_mebibytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes / 1024)
}
