//! The second half of the training benchmark, in builds with the feature `tch`: a training step (forward, backward, loss,
//! Adam) on the default engine, on libtorch, and in PyTorch itself, on the same work.
//!
//! Variables of the environment: `CREODE_BENCH_DEVICE` (`cpu`, which is the default, or `cuda:0`), `CREODE_BENCH_PRODUCTS`
//! (`f32`, `tf32` or `bf16` on a GPU), `CREODE_BENCH_TRIALS` (64). Sizes above 512 take minutes on a CPU; they are measured
//! where they are named, as in `cargo bench --bench training --features tch -- vanilla 64 2048`.
//!
//! `host` is the part of libtorch's step that the host spends on loss and optimiser, `of peak` its operations in matrix products
//! a second over those of one large product on the same device in the same format.

use std::process::Command;
use std::time::Instant;

use creode::cell::parameters::Parameters;
use creode::cell::spec::{Activation, CellKind, LeakyForm, NetworkSpec};
use creode::task::flip_flop::FlipFlop;
use creode::task::{Batch, Task as _};
use creode::train::engine::{Engine, Slopes};
use creode::train::engines::{Device, EngineName, EngineReal as _, Products, TchOptions};
use creode::train::loss::loss_and_slopes;
use creode::train::optimiser::{Optimiser, norm};
use creode::train::spec::OptimiserSpec;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::peers::{faster, in_pool, python};

/// Sizes that are measured unasked.
const USUAL: [usize; 4] = [64, 128, 256, 512];
const STEPS: usize = 100;
/// Pulses come in and go out on so many channels.
const CHANNELS: usize = 3;
const TANH: Activation = Activation::Tanh;
const CELLS: [(&str, CellKind); 4] = [
    ("vanilla", CellKind::Vanilla { activation: TANH }),
    ("gru", CellKind::Gru),
    ("lstm", CellKind::Lstm { forget_bias: 1.0 }),
    (
        "rates",
        CellKind::Leaky {
            form: LeakyForm::Rates,
            activation: TANH,
            alpha: 0.2,
        },
    ),
];
/// Turns of each side on a CPU.
const ROUNDS: usize = 2;

/// What is measured on.
struct Place {
    device: String,
    options: TchOptions,
    trials: usize,
    cores: usize,
    python: Option<String>,
}

impl Place {
    fn is_gpu(&self) -> bool {
        self.options.device != Device::Cpu
    }

    /// Calls of a round, after some to warm up.
    fn repeats(&self, units: usize) -> usize {
        match units {
            0..=256 => 30,
            257..=1024 => 10,
            _ if self.is_gpu() => 10,
            _ => 4,
        }
    }
}

pub(crate) fn table(wanted: &[String]) {
    let (numbers, words): (Vec<_>, Vec<_>) =
        wanted.iter().partition(|w| w.parse::<usize>().is_ok());
    let sizes: Vec<usize> = if numbers.is_empty() {
        USUAL.to_vec()
    } else {
        numbers
            .iter()
            .filter_map(|number| number.parse().ok())
            .collect()
    };
    let place = place();
    let peak = peak(&place);
    println!(
        "\nengines on {}, {} trials of {STEPS} steps; one large product: {}\n\
         cell        units    direct ms    tch ms (host)   PyTorch ms   tch/direct   tch/PyTorch   of peak",
        place.device,
        place.trials,
        peak.map_or_else(
            || "-".to_owned(),
            |peak| format!("{:.2} TFLOP/s", peak / 1e12)
        ),
    );
    for (name, cell) in CELLS {
        if !words.is_empty() && !words.iter().any(|word| *word == name) {
            continue;
        }
        for &units in &sizes {
            println!("{}", row(&place, name, cell, units, peak));
        }
    }
}

fn place() -> Place {
    let of = |key: &str, default: &str| std::env::var(key).unwrap_or_else(|_| default.to_owned());
    let device = of("CREODE_BENCH_DEVICE", "cpu");
    let products = of("CREODE_BENCH_PRODUCTS", "f32");
    let number = device
        .strip_prefix("cuda:")
        .and_then(|number| number.parse().ok());
    let options = TchOptions {
        device: number.map_or(Device::Cpu, Device::Cuda),
        products: match products.as_str() {
            "tf32" => Products::Tf32,
            "bf16" => Products::Bf16,
            _ => Products::F32,
        },
    };
    if let Err(problem) = EngineName::Tch(options).check() {
        println!("{problem}");
    }
    Place {
        device: format!("{device} ({products})"),
        options,
        trials: of("CREODE_BENCH_TRIALS", "64").parse().unwrap_or(64),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        python: python("torch"),
    }
}

fn row(place: &Place, name: &str, cell: CellKind, units: usize, peak: Option<f64>) -> String {
    let never = ((f64::INFINITY, 0), 0.0);
    let (mut direct, mut own, mut peer) = (never.0, never, None);
    let rounds = if place.is_gpu() { 1 } else { ROUNDS };
    for _ in 0..rounds {
        if !place.is_gpu() {
            direct = faster(direct, step(place, EngineName::Direct, cell, units).0);
        }
        let measured = step(place, EngineName::Tch(place.options), cell, units);
        if measured.0.0 < own.0.0 {
            own = measured;
        }
        let theirs = peer_millis(place, &[name, &units.to_string()]);
        peer = peer.into_iter().chain(theirs).reduce(f64::min);
    }
    let ((millis, threads), host) = own;
    let operations = operations(cell, units, place.trials);
    let dash = |value: Option<f64>, digits: usize| {
        value
            .filter(|value| value.is_finite())
            .map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
    };
    format!(
        "{name:10} {units:6}   {:>10}   {:>14}   {:>10}   {:>10}   {:>11}   {:>7}",
        dash(Some(direct.0), 2),
        format!("{millis:.2} ({host:.2}) [{threads}]"),
        dash(peer, 2),
        dash(Some(millis / direct.0).filter(|ratio| *ratio > 0.0), 2),
        dash(peer.map(|peer| millis / peer), 2),
        peak.map_or_else(
            || "-".to_owned(),
            |peak| format!("{:.0}%", 100.0 * operations / (millis * 1e-3) / peak)
        ),
    )
}

/// Floating-point operations of a step in matrix products: for every gate one forward, one to the states, one to the weights.
fn operations(cell: CellKind, units: usize, trials: usize) -> f64 {
    let recurrent = 3 * cell.gates() * units * units;
    let inputs = 2 * cell.gates() * units * CHANNELS;
    let readout = 3 * units * CHANNELS;
    (2 * trials * STEPS * (recurrent + inputs + readout)) as f64
}

/// Median milliseconds of a step with the best number of threads, and those of them that the host spends on loss and optimiser.
fn step(place: &Place, name: EngineName, cell: CellKind, units: usize) -> ((f64, usize), f64) {
    let counts = if place.is_gpu() {
        vec![place.cores]
    } else {
        vec![1, place.cores]
    };
    let measured = counts.into_iter().map(|threads| {
        let (whole, host) = in_pool(threads, || timed(place, name, cell, units));
        ((whole, threads), host)
    });
    let best = measured.reduce(|a, b| if b.0.0 < a.0.0 { b } else { a });
    best.unwrap_or(((f64::INFINITY, 0), 0.0))
}

fn timed(place: &Place, name: EngineName, cell: CellKind, units: usize) -> (f64, f64) {
    let spec = NetworkSpec::new(cell, units, CHANNELS, CHANNELS);
    let task = FlipFlop {
        trial_steps: STEPS,
        ..FlipFlop::default()
    };
    let mut batch = Batch::zeros(STEPS, place.trials, CHANNELS, CHANNELS);
    task.draw(&mut ChaCha8Rng::seed_from_u64(0), &mut batch);
    let mut parameters = Parameters::<f32>::initial(&spec, 0);
    let mut gradient = parameters.zeros_like();
    let mut optimiser = Optimiser::new(OptimiserSpec::default(), &parameters);
    let mut engine = f32::engine(name, &spec);
    let repeats = place.repeats(units);
    let mut slopes = Vec::new();
    let mut durations = Vec::new();
    for call in 0..repeats / 3 + 2 + repeats {
        let begun = Instant::now();
        let host = one_step(
            &mut *engine,
            &batch,
            (&mut parameters, &mut gradient),
            &mut optimiser,
            &mut slopes,
        );
        if call >= repeats / 3 + 2 {
            durations.push((begun.elapsed().as_secs_f64() * 1e3, host));
        }
    }
    durations.sort_by(|a, b| a.0.total_cmp(&b.0));
    durations[durations.len() / 2]
}

/// A training step as a run makes it; milliseconds within it on loss and optimiser.
fn one_step(
    engine: &mut dyn Engine<f32>,
    batch: &Batch,
    (parameters, gradient): (&mut Parameters<f32>, &mut Parameters<f32>),
    optimiser: &mut Optimiser<f32>,
    slopes: &mut Vec<f32>,
) -> f64 {
    let pass = engine.forward(parameters, batch).expect("it runs");
    let begun = Instant::now();
    loss_and_slopes(batch, pass.rows, pass.outputs, slopes);
    let mut host = begun.elapsed();
    let of_loss = Slopes {
        outputs: slopes,
        rates: &[],
    };
    engine
        .backward(parameters, of_loss, gradient)
        .expect("it runs");
    let begun = Instant::now();
    std::hint::black_box(norm(gradient.values()));
    optimiser.update(parameters, gradient);
    host += begun.elapsed();
    host.as_secs_f64() * 1e3
}

/// Milliseconds of PyTorch's step.
fn peer_millis(place: &Place, arguments: &[&str]) -> Option<f64> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/libtorch/peer.py");
    let script = std::env::var("CREODE_BENCH_PEER").unwrap_or_else(|_| script.to_owned());
    let output = Command::new(place.python.as_deref()?)
        .arg(script)
        .args(place.device.replace(['(', ')'], "").split(' '))
        .arg(place.trials.to_string())
        .args(arguments)
        .output()
        .ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// Operations a second of one large product, by PyTorch.
fn peak(place: &Place) -> Option<f64> {
    peer_millis(place, &["peak", "0"])
}
