//! The second half of the training benchmark, in builds with the feature `tch`: a training step on the default engine, on
//! libtorch, and in PyTorch itself, on the same work. Ours is that of a run: a batch drawn, forward, loss, backward, Adam, metrics;
//! PyTorch's has its batch for nothing.
//!
//! Variables of the environment: `CREODE_BENCH_DEVICE` (`cpu`, which is the default, or `cuda:0`), `CREODE_BENCH_PRODUCTS`
//! (`f32`, `tf32` or `bf16` on a GPU), `CREODE_BENCH_TRIALS` (64). Sizes above 512 take minutes on a CPU; they are measured
//! where they are named, as in `cargo bench --bench training --features tch -- vanilla 64 2048`.
//!
//! Nothing is timed unless trainings of small networks of every cell go the same way on libtorch as on the default engine.
//!
//! `of peak` are the operations in matrix products a second of the step on libtorch over those of one large product on the same
//! device in the same format.

use std::process::Command;

use creode::cell::spec::CellKind;
use creode::curriculum::Curriculum;
use creode::lab::training::{Step, Training};
use creode::train::engines::{Device, EngineName, Products, TchOptions};

use crate::peers::{best, faster, in_pool, median_millis_of, python};
use crate::{STEPS, curriculum};

/// Sizes that are measured unasked.
const USUAL: [usize; 4] = [64, 128, 256, 512];
/// Pulses come in and go out on so many channels.
const CHANNELS: usize = 3;
const CELLS: [&str; 4] = ["vanilla", "gru", "lstm", "rates"];
/// Turns of each side on a CPU, of networks of fewer than so many units; of larger ones there is one turn, on all cores.
const ROUNDS: usize = 2;
const MANY_UNITS: usize = 256;

/// What is measured on.
struct Place {
    device: String,
    options: TchOptions,
    /// What `[training]` says of the engine.
    engine: String,
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
            _ => 3,
        }
    }
}

pub(crate) fn table(wanted: &[String]) -> Result<(), String> {
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
    let chosen: Vec<(&str, &str)> = crate::CELLS
        .into_iter()
        .filter(|(name, _)| CELLS.contains(name))
        .filter(|(name, _)| words.is_empty() || words.iter().any(|word| word == name))
        .collect();
    agree(&place)?;
    let peak = peer_millis(&place, &["peak:0".to_owned()]).pop().flatten();
    println!(
        "\nengines on {}, {} trials of {STEPS} steps; one large product: {}\n\
         cell        units    direct ms (threads)    tch ms (threads)   PyTorch ms   direct/PyTorch   tch/PyTorch   of peak",
        place.device,
        place.trials,
        peak.map_or_else(
            || "-".to_owned(),
            |peak| format!("{:.2} TFLOP/s", peak / 1e12)
        ),
    );
    let rows: Vec<_> = chosen
        .iter()
        .flat_map(|&cell| sizes.iter().map(move |&units| (cell, units)))
        .collect();
    // On a GPU all of PyTorch's in one process, which takes its time to begin.
    let named: Vec<String> = rows
        .iter()
        .map(|((name, _), units)| format!("{name}:{units}"))
        .collect();
    let theirs = if place.is_gpu() {
        peer_millis(&place, &named)
    } else {
        vec![None; rows.len()]
    };
    for ((cell, units), theirs) in rows.into_iter().zip(theirs) {
        println!("{}", row(&place, cell, units, peak, theirs)?);
    }
    Ok(())
}

/// That the losses of some steps, which on a GPU are recorded and replayed in the end, are those of the default engine.
fn agree(place: &Place) -> Result<(), String> {
    const STEPS_TOGETHER: usize = 12;
    let bound = match place.options.products {
        Products::F32 => 1e-3,
        _ => 0.1,
    };
    for (name, cell) in crate::CELLS {
        let losses = |engine: &str| -> Result<Vec<f64>, String> {
            let curriculum = curriculum(cell, 96, 32, engine)?;
            let mut training =
                Training::<f32>::begin(&curriculum).map_err(|error| error.to_string())?;
            (0..STEPS_TOGETHER)
                .map(|_| match training.step() {
                    Ok(Step::Made(made)) => Ok(made.loss),
                    Ok(Step::Diverged { message, .. }) => Err(message),
                    Err(error) => Err(error.to_string()),
                })
                .collect()
        };
        let (own, other) = (losses("")?, losses(&place.engine)?);
        let differences = own.iter().zip(&other).map(|(a, b)| (a - b).abs() / a);
        let largest = differences.fold(0.0, f64::max);
        println!("{name}: losses of {STEPS_TOGETHER} steps differ by at most {largest:.1e}");
        if largest > bound || other.iter().any(|loss| !loss.is_finite()) {
            return Err(format!("{name} goes another way: {own:?}, {other:?}"));
        }
    }
    Ok(())
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
        engine: format!("engine = \"tch\"\ndevice = \"{device}\"\nproducts = \"{products}\"\n"),
        device: format!("{device} ({products})"),
        options,
        trials: of("CREODE_BENCH_TRIALS", "64").parse().unwrap_or(64),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        python: python("torch"),
    }
}

fn row(
    place: &Place,
    (name, cell): (&str, &str),
    units: usize,
    peak: Option<f64>,
    theirs: Option<f64>,
) -> Result<String, String> {
    let of = |engine: &str| curriculum(cell, units, place.trials, engine);
    let (on_direct, on_tch) = (of("")?, of(&place.engine)?);
    let (mut direct, mut own, mut peer) = (None, (f64::INFINITY, 0), theirs);
    let named = [format!("{name}:{units}")];
    let is_small = !place.is_gpu() && units < MANY_UNITS;
    for _ in 0..if is_small { ROUNDS } else { 1 } {
        if !place.is_gpu() {
            let step = step(place, &on_direct);
            direct = direct.into_iter().chain([step]).reduce(faster);
            let theirs = peer_millis(place, &named).pop().flatten();
            peer = peer.into_iter().chain(theirs).reduce(f64::min);
        }
        own = faster(own, step(place, &on_tch));
    }
    let told = |(millis, threads): (f64, usize)| format!("{millis:.2} ({threads})");
    let dash = |told: Option<String>| told.unwrap_or_else(|| "-".to_owned());
    let ratio = |millis: f64| peer.map(|peer: f64| format!("{:.2}", millis / peer));
    let share = |peak: f64| {
        let operations = operations(on_tch.network.cell, units, place.trials);
        format!("{:.0}%", 100.0 * operations / (own.0 * 1e-3) / peak)
    };
    Ok(format!(
        "{name:10} {units:6}   {:>20}   {:>17}   {:>10}   {:>14}   {:>11}   {:>7}",
        dash(direct.map(told)),
        told(own),
        dash(peer.map(|peer| format!("{peer:.2}"))),
        dash(direct.and_then(|(millis, _)| ratio(millis))),
        dash(ratio(own.0)),
        dash(peak.map(share)),
    ))
}

/// Floating-point operations of a step in matrix products: for every gate one forward, one to the states, one to the weights.
fn operations(cell: CellKind, units: usize, trials: usize) -> f64 {
    let recurrent = 3 * cell.gates() * units * units;
    let inputs = 2 * cell.gates() * units * CHANNELS;
    let readout = 3 * units * CHANNELS;
    (2 * trials * STEPS * (recurrent + inputs + readout)) as f64
}

/// Median milliseconds of a step with the best number of threads.
fn step(place: &Place, curriculum: &Curriculum) -> (f64, usize) {
    let units = curriculum.network.units;
    let counts = if place.is_gpu() || units >= MANY_UNITS {
        vec![place.cores]
    } else {
        vec![1, place.cores]
    };
    let repeats = place.repeats(units);
    best(&counts, |threads| {
        in_pool(threads, || {
            let mut training = Training::<f32>::begin(curriculum).expect("a network as drawn");
            median_millis_of(repeats, || {
                training.step().expect("another step");
            })
        })
    })
}

/// Milliseconds of PyTorch's step for each `cell:units`, or operations a second of one large product for `peak:0`.
fn peer_millis(place: &Place, rows: &[String]) -> Vec<Option<f64>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/libtorch/peer.py");
    let script = std::env::var("CREODE_BENCH_PEER").unwrap_or_else(|_| script.to_owned());
    let output = place.python.as_deref().and_then(|python| {
        let mut command = Command::new(python);
        command
            .arg(script)
            .args(place.device.replace(['(', ')'], "").split(' '));
        command
            .arg(place.trials.to_string())
            .args(rows)
            .output()
            .ok()
    });
    let said = output.map_or_else(String::new, |output| {
        String::from_utf8_lossy(&output.stdout).into_owned()
    });
    let mut numbers = said.lines().map(|line| line.trim().parse().ok());
    rows.iter().map(|_| numbers.next().flatten()).collect()
}
