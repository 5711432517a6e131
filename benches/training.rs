//! One training step (forward, backward, Adam) of Creode against PyTorch's on the CPU, on the same work: 3-bit
//! flip-flop, 64 trials of 100 time steps, f32, each side with the number of threads that is best for it. The sides
//! take turns, and of each the best round counts, so that what else the machine does hits neither alone.
//!
//! `cargo bench --bench training` needs a Python with torch: the one that `CREODE_PYTHON` names, or that
//! `.ci/setup-python torch` has set up. Without it only Creode's side is printed. Arguments such as `vanilla 64`
//! restrict it.

use std::process::Command;
use std::time::Instant;

use creode::cell::parameters::Parameters;
use creode::cell::spec::{Activation, CellKind, NetworkSpec};
use creode::task::flip_flop::FlipFlop;
use creode::task::{Batch, Task as _};
use creode::train::dfdx_engine::DfdxEngine;
use creode::train::engine::Engine as _;
use creode::train::optimiser::Optimiser;
use creode::train::spec::{Clipping, OptimiserSpec, UpdateRule};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

const TRIALS: usize = 64;
const STEPS: usize = 100;
const UNITS: [usize; 4] = [64, 128, 256, 512];
const CELLS: [(&str, CellKind); 3] = [
    (
        "vanilla",
        CellKind::Vanilla {
            activation: Activation::Tanh,
        },
    ),
    ("gru", CellKind::Gru),
    ("lstm", CellKind::Lstm { forget_bias: 1.0 }),
];
/// Timed steps of a round, after a fifth as many to warm up; the median counts.
const REPEATS: usize = 30;
/// Turns of each side.
const ROUNDS: usize = 3;

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let wants = |word: &str, number: usize| {
        let number = number.to_string();
        let (words, numbers): (Vec<_>, Vec<_>) = wanted
            .iter()
            .partition(|argument| argument.parse::<usize>().is_err());
        (words.is_empty() || words.iter().any(|w| *w == word))
            && (numbers.is_empty() || numbers.contains(&&number))
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let python = python();
    println!(
        "SIMD level {}, {cores} cores, PyTorch: {}",
        creode::simd::level(),
        python.as_deref().unwrap_or("none")
    );
    println!("cell    units   creode ms (threads)   PyTorch ms (threads)   ratio   share of gemm");
    for (name, cell) in CELLS {
        for units in UNITS {
            if !wants(name, units) {
                continue;
            }
            let mut own = (f64::INFINITY, 0);
            let mut peer = None;
            let mut gemm_millis = f64::INFINITY;
            for _ in 0..ROUNDS {
                own = faster(
                    own,
                    best(&[1, cores], |threads| step_millis(cell, units, threads)),
                );
                gemm_millis = gemm_millis.min(self::gemm_millis(units, own.1));
                let round = python
                    .as_ref()
                    .and_then(|python| peer_millis(python, name, units, cores));
                peer = match (peer, round) {
                    (Some(peer), Some(round)) => Some(faster(peer, round)),
                    (peer, round) => peer.or(round),
                };
            }
            let (own, threads) = own;
            // A product of the same size for every gate: once forward, twice backward.
            let share = gemm_millis * (3 * cell.gates()) as f64 / own;
            let peer_text = peer.map_or("-".to_owned(), |(millis, threads)| {
                format!("{millis:.2} ({threads})")
            });
            let ratio = peer.map_or("-".to_owned(), |(millis, _)| format!("{:.2}", millis / own));
            println!(
                "{name:7} {units:5}   {:>19}   {peer_text:>20}   {ratio:>5}   {:>12.0}%",
                format!("{own:.2} ({threads})"),
                100.0 * share
            );
        }
    }
}

fn best(threads: &[usize], millis: impl Fn(usize) -> f64) -> (f64, usize) {
    let mut threads = threads.to_vec();
    threads.dedup();
    threads
        .into_iter()
        .map(|count| (millis(count), count))
        .reduce(faster)
        .expect("some count")
}

/// The shorter of two durations with their numbers of threads.
fn faster(a: (f64, usize), b: (f64, usize)) -> (f64, usize) {
    if b.0 < a.0 { b } else { a }
}

/// Median duration of a training step.
fn step_millis(cell: CellKind, units: usize, threads: usize) -> f64 {
    let spec = NetworkSpec::new(cell, units, 3, 3);
    let task = FlipFlop {
        trial_steps: STEPS,
        ..FlipFlop::default()
    };
    let mut batch = Batch::zeros(STEPS, TRIALS, 3, 3);
    task.draw(&mut ChaCha8Rng::seed_from_u64(0), &mut batch);
    let mut parameters = Parameters::<f32>::initial(&spec, 0);
    let mut gradient = parameters.zeros_like();
    let rule = UpdateRule::Adam {
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
    };
    let adam = OptimiserSpec {
        rule,
        learning_rate: 1e-3,
        weight_decay: 0.0,
        clipping: Clipping::Off,
    };
    let mut optimiser = Optimiser::new(adam, &parameters);
    in_pool(threads, || {
        let mut engine = DfdxEngine::new(&spec);
        median(|| {
            engine
                .loss_and_gradient(&parameters, &batch, &mut gradient)
                .expect("the batch fits");
            optimiser.update(&mut parameters, &mut gradient);
        })
    })
}

/// What `gemm` takes for all time steps at once, (trials · steps × units) · (units × units), rows split over threads.
fn gemm_millis(units: usize, threads: usize) -> f64 {
    let rows = TRIALS * STEPS;
    let left = vec![0.5_f32; rows * units];
    let right = vec![0.5_f32; units * units];
    let mut out = vec![0.0_f32; rows * units];
    let part = rows.div_ceil(threads);
    in_pool(threads, || {
        median(|| {
            out.par_chunks_mut(part * units)
                .zip(left.par_chunks(part * units))
                .for_each(|(out, left)| {
                    // SAFETY: both chunks hold `left.len() / units` rows of `units` values, `right` units × units.
                    unsafe {
                        gemm::gemm(
                            left.len() / units,
                            units,
                            units,
                            out.as_mut_ptr(),
                            1,
                            units as isize,
                            false,
                            left.as_ptr(),
                            1,
                            units as isize,
                            right.as_ptr(),
                            1,
                            units as isize,
                            0.0,
                            1.0,
                            false,
                            false,
                            false,
                            gemm::Parallelism::None,
                        );
                    }
                });
        })
    })
}

fn median(mut work: impl FnMut()) -> f64 {
    for _ in 0..REPEATS / 5 {
        work();
    }
    let mut millis: Vec<f64> = (0..REPEATS)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    millis.sort_by(f64::total_cmp);
    millis[REPEATS / 2]
}

fn in_pool<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("threads")
        .install(work)
}

/// A Python that can import torch.
fn python() -> Option<String> {
    let set_up = concat!(env!("CARGO_MANIFEST_DIR"), "/target/python/bin/python");
    let candidates = std::env::var("CREODE_PYTHON")
        .into_iter()
        .chain([set_up.to_owned(), "python3".to_owned()]);
    candidates.into_iter().find(|python| {
        Command::new(python)
            .args(["-c", "import torch"])
            .output()
            .is_ok_and(|output| output.status.success())
    })
}

/// Median duration of PyTorch's step and the number of threads it was best with.
fn peer_millis(python: &str, cell: &str, units: usize, cores: usize) -> Option<(f64, usize)> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/training_peer.py");
    let arguments = [
        script,
        cell,
        &units.to_string(),
        &cores.to_string(),
        &REPEATS.to_string(),
    ];
    let output = Command::new(python).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut fields = text.split_whitespace();
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
