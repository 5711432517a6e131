//! One training step (forward, backward, Adam) of Creode against PyTorch's on the CPU, on the same work: 3-bit
//! flip-flop, 64 trials of 100 time steps, f32, each side with the number of threads that is best for it. The sides
//! take turns, and of each the best round counts, so that what else the machine does hits neither alone. `dfdx engine` is the
//! time of a step on that engine over that on the default one. The last column
//! is the time for a floating-point operation over that of the vanilla cell of as many units, measured in turns, too.
//!
//! `cargo bench --bench training` needs a Python with torch: the one that `CREODE_PYTHON` names, or that
//! `.ci/setup-python torch` has set up. Without it only Creode's side is printed. Arguments such as `vanilla 64`
//! restrict it. With the feature `tch` it compares engines (`benches/libtorch`), and the argument `peers`
//! asks for this table.

#[cfg(feature = "tch")]
mod libtorch;
mod peers;

use std::process::Command;

use creode::cell::parameters::Parameters;
use creode::cell::spec::{Activation, CellKind, LeakyForm, NetworkSpec};
use creode::task::flip_flop::FlipFlop;
use creode::task::{Batch, Task as _};
use creode::train::bptt::Bptt;
use creode::train::credit::Credit as _;
use creode::train::engines::{EngineName, EngineReal as _};
use creode::train::optimiser::Optimiser;
use creode::train::spec::{Clipping, OptimiserSpec, UpdateRule};
use peers::{REPEATS, faster, in_pool, median_millis};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

const TRIALS: usize = 64;
const STEPS: usize = 100;
const UNITS: [usize; 4] = [64, 128, 256, 512];
const TANH: Activation = Activation::Tanh;
const VANILLA: CellKind = CellKind::Vanilla { activation: TANH };
const CELLS: [(&str, CellKind); 8] = [
    ("vanilla", VANILLA),
    ("gru", CellKind::Gru),
    ("lstm", CellKind::Lstm { forget_bias: 1.0 }),
    ("ugrnn", CellKind::Ugrnn { forget_bias: 0.0 }),
    ("rates", leaky(LeakyForm::Rates)),
    ("currents", leaky(LeakyForm::Currents)),
    (
        "low-rank",
        CellKind::LowRank {
            form: LeakyForm::Currents,
            activation: TANH,
            alpha: 0.2,
            rank: 2,
            random_gain: 0.8,
        },
    ),
    ("piecewise", CellKind::PiecewiseLinear),
];
/// Those that PyTorch has.
const OF_PYTORCH: [&str; 3] = ["vanilla", "gru", "lstm"];
/// Turns of each side.
const ROUNDS: usize = 3;

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    #[cfg(feature = "tch")]
    if !wanted.iter().any(|word| word == "peers") {
        return libtorch::table(&wanted);
    }
    let wants = |word: &str, number: usize| {
        let number = number.to_string();
        let (words, numbers): (Vec<_>, Vec<_>) = wanted
            .iter()
            .partition(|argument| argument.parse::<usize>().is_err());
        (words.is_empty() || words.iter().any(|w| *w == word))
            && (numbers.is_empty() || numbers.contains(&&number))
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let python = peers::python("torch");
    println!(
        "SIMD level {}, {cores} cores, PyTorch: {}",
        creode::simd::level(),
        peers::told(python.as_deref())
    );
    println!(
        "cell       units   creode ms (threads)   PyTorch ms (threads)   ratio   dfdx engine   share of gemm   cost of a flop"
    );
    for (name, cell) in CELLS {
        for units in UNITS.into_iter().filter(|&units| wants(name, units)) {
            let peer = python.as_deref().filter(|_| OF_PYTORCH.contains(&name));
            println!(
                "{}",
                Comparison::measured(cell, units, cores, |units| {
                    peer_millis(peer?, name, units, cores)
                })
                .row(name)
            );
        }
    }
}

/// Best rounds of each side; a duration in ms goes with its number of threads.
struct Comparison {
    cell: CellKind,
    units: usize,
    own: (f64, usize),
    peer: Option<(f64, usize)>,
    /// The same on the engine that is not the default.
    dfdx: (f64, usize),
    vanilla: (f64, usize),
    gemm_millis: f64,
}

impl Comparison {
    fn measured(
        cell: CellKind,
        units: usize,
        cores: usize,
        peer: impl Fn(usize) -> Option<(f64, usize)>,
    ) -> Self {
        let never = (f64::INFINITY, 0);
        let mut best = Self {
            cell,
            units,
            own: never,
            peer: None,
            dfdx: never,
            vanilla: never,
            gemm_millis: f64::INFINITY,
        };
        let on = |engine, cell| {
            peers::best(&[1, cores], |threads| {
                step_millis(engine, cell, units, threads)
            })
        };
        let fastest = |cell| on(EngineName::default(), cell);
        for _ in 0..ROUNDS {
            best.own = faster(best.own, fastest(cell));
            best.vanilla = faster(
                best.vanilla,
                if cell == VANILLA {
                    best.own
                } else {
                    fastest(VANILLA)
                },
            );
            best.dfdx = faster(best.dfdx, on(EngineName::Dfdx, cell));
            best.gemm_millis = best.gemm_millis.min(gemm_millis(units, best.own.1));
            best.peer = best.peer.into_iter().chain(peer(units)).reduce(faster);
        }
        best
    }

    fn row(&self, name: &str) -> String {
        let Self {
            cell, units, own, ..
        } = *self;
        let share = self.gemm_millis * square_products(cell) as f64 / own.0;
        let cost = own.0 / flops(cell, units) / (self.vanilla.0 / flops(VANILLA, units));
        let with_threads = |(millis, threads): (f64, usize)| format!("{millis:.2} ({threads})");
        let dash = || "-".to_owned();
        format!(
            "{name:10} {units:5}   {:>19}   {:>20}   {:>5}   {:>11.2}   {:>12.0}%   {cost:>14.2}",
            with_threads(own),
            self.peer.map_or_else(dash, with_threads),
            self.peer
                .map_or_else(dash, |(millis, _)| format!("{:.2}", millis / own.0)),
            self.dfdx.0 / own.0,
            100.0 * share
        )
    }
}

/// Products with units × units weights in a training step: for every gate one forward, one to the states and one to the
/// weights, of which the random part of low-rank weights has no gradient.
fn square_products(cell: CellKind) -> usize {
    match cell {
        CellKind::LowRank { .. } => 2,
        _ => 3 * cell.gates(),
    }
}

/// Floating-point operations of a training step in matrix products, with those of low-rank factors, inputs and readout.
fn flops(cell: CellKind, units: usize) -> f64 {
    let channels = 3;
    let factors = match cell {
        CellKind::LowRank { rank, .. } => 6 * units * rank,
        _ => 0,
    };
    let products = square_products(cell) * units * units
        + factors
        + 2 * cell.gates() * units * channels
        + 3 * units * channels;
    (2 * TRIALS * STEPS * products) as f64
}

const fn leaky(form: LeakyForm) -> CellKind {
    CellKind::Leaky {
        form,
        activation: TANH,
        alpha: 0.2,
    }
}

/// Median duration of a training step.
fn step_millis(engine: EngineName, cell: CellKind, units: usize, threads: usize) -> f64 {
    let spec = NetworkSpec::new(cell, units, 3, 3);
    let task = FlipFlop {
        trial_steps: STEPS,
        ..FlipFlop::default()
    };
    let mut batch = Batch::zeros(STEPS, TRIALS, 3, 3);
    task.draw(&mut ChaCha8Rng::seed_from_u64(0), &mut batch);
    let mut parameters = Parameters::<f32>::initial(&spec, 0);
    let mut gradient = parameters.zeros_like();
    let rule = UpdateRule::adam();
    let adam = OptimiserSpec {
        rule,
        learning_rate: 1e-3,
        weight_decay: 0.0,
        learning_rate_decay: None,
        clipping: Clipping::Off,
        readout_factor: 1.0,
    };
    let mut optimiser = Optimiser::new(adam, &parameters);
    in_pool(threads, || {
        let mut credit = Bptt::new(&spec, f32::engine(engine, &spec));
        median_millis(|| {
            credit
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
        median_millis(|| {
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
