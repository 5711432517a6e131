//! One update of pretraining in grid rooms (forward, backward, clipping, Adam) against PyTorch's on the CPU: the networks and
//! batches of `curricula/navigation/full`, four walks and 512 units, on the same weights and the same batch, f32, each side with
//! the number of threads that is best for it.
//!
//! PyTorch has no leaky cell, so its side is the loop over time that its users write, with the input's share of all time
//! steps in one product before it; eager, as training of this kind is written, and compiled (`torch.compile`) where that works.
//! Nothing is timed unless both sides have the same loss and the same length of the gradient, to 10⁻³.
//!
//! `cargo bench --bench pretraining` needs a Python with torch: the one that `CREODE_PYTHON` names, or that
//! `.ci/setup-python torch` has set up. Without it only Creode's side is printed.

mod peers;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use creode::cell::parameters::Parameters;
use creode::curriculum::Curriculum;
use creode::task::Batch;
use creode::task::objective::{Measure, Objective};
use creode::train::bptt::Bptt;
use creode::train::credit::Credit as _;
use creode::train::engines::{EngineName, EngineReal as _};
use creode::train::optimiser::Optimiser;
use peers::{best, faster, in_pool, median_millis};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};
use serde_json::json;

const NETWORKS: [&str; 2] = ["posnet", "memnet"];
/// Turns of each side.
const ROUNDS: usize = 3;
/// Relative difference of loss and gradient up to which both sides do the same.
const SAME: f64 = 1e-3;

fn main() -> ExitCode {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let python = peers::python("torch, numpy");
    println!(
        "SIMD level {}, {cores} cores, PyTorch: {}",
        creode::simd::level(),
        peers::told(python.as_deref())
    );
    println!(
        "network   time steps   creode ms (threads)   PyTorch ms (threads)   compiled ms (threads)   ratio to the faster"
    );
    for name in NETWORKS {
        if let Err(why) = compare(name, python.as_deref(), cores) {
            eprintln!("{name}: nothing is timed: {why}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn compare(name: &str, python: Option<&str>, cores: usize) -> Result<(), String> {
    let path = format!(
        "{}/curricula/navigation/full/{name}.toml",
        env!("CARGO_MANIFEST_DIR")
    );
    let curriculum = Curriculum::load(Path::new(&path), &[]).map_err(|error| error.to_string())?;
    let task = &curriculum.stages[0].parts[0].task;
    let batch = with_initial_states(
        task.task().batch(curriculum.trials_per_step, 0),
        curriculum.network.units,
    );
    let parameters = Parameters::<f32>::initial(&curriculum.network, 0);
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let own = || {
        best(&[1, cores], |threads| {
            step_millis(&curriculum, &parameters, &batch, threads)
        })
    };
    let (mut fastest, mut eager, mut compiled) = (own(), None, None);
    if let Some(python) = python {
        write(folder.path(), &curriculum, &parameters, &batch)?;
        check(python, folder.path(), &curriculum, &parameters, &batch)?;
        for _ in 0..ROUNDS {
            fastest = faster(fastest, own());
            for (way, known) in [("eager", &mut eager), ("compiled", &mut compiled)] {
                match peer(
                    python,
                    folder.path(),
                    &[way, &cores.to_string(), &peers::REPEATS.to_string()],
                ) {
                    Ok(numbers) => {
                        let measured = (numbers[0], numbers[1] as usize);
                        *known = (*known).into_iter().chain([measured]).reduce(faster);
                    }
                    Err(why) if way == "compiled" => eprintln!("not compiled: {why}"),
                    Err(why) => return Err(why),
                }
            }
        }
    }
    let told = |side: Option<(f64, usize)>| {
        side.map_or("-".to_owned(), |(millis, threads)| {
            format!("{millis:.2} ({threads})")
        })
    };
    let faster_peer = eager.into_iter().chain(compiled).reduce(faster);
    println!(
        "{name:8} {:>11}   {:>19}   {:>20}   {:>21}   {:>19}",
        batch.steps,
        told(Some(fastest)),
        told(eager),
        told(compiled),
        faster_peer.map_or("-".to_owned(), |(millis, _)| format!(
            "{:.2}",
            millis / fastest.0
        ))
    );
    Ok(())
}

/// Each trial begins in a state that is drawn from N(0, 1), as training draws it.
fn with_initial_states(mut batch: Batch, units: usize) -> Batch {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let count = batch.trials * units;
    batch.initial_states = (0..count)
        .map(|_| StandardNormal.sample(&mut rng))
        .collect();
    batch
}

/// Median duration of an update.
fn step_millis(
    curriculum: &Curriculum,
    initial: &Parameters<f32>,
    batch: &Batch,
    threads: usize,
) -> f64 {
    let mut parameters = initial.clone();
    let mut gradient = parameters.zeros_like();
    let mut optimiser = Optimiser::new(curriculum.optimiser, &parameters);
    in_pool(threads, || {
        let mut credit = credit(curriculum);
        median_millis(|| {
            credit
                .loss_and_gradient(&parameters, batch, &mut gradient)
                .expect("the batch fits");
            optimiser.update(&mut parameters, &mut gradient);
        })
    })
}

fn credit(curriculum: &Curriculum) -> Bptt<f32> {
    let network = &curriculum.network;
    Bptt::new(network, f32::engine(EngineName::default(), network))
}

/// Holds loss and gradient against those of PyTorch.
fn check(
    python: &str,
    folder: &Path,
    curriculum: &Curriculum,
    parameters: &Parameters<f32>,
    batch: &Batch,
) -> Result<(), String> {
    let mut gradient = parameters.zeros_like();
    let loss = credit(curriculum)
        .loss_and_gradient(parameters, batch, &mut gradient)
        .map_err(|error| error.to_string())?
        .loss;
    let own = [loss, gradient.norm()];
    let theirs = peer(python, folder, &["check"])?;
    for ((own, theirs), what) in own.iter().zip(&theirs).zip(["loss", "gradient"]) {
        if (own - theirs).abs() > SAME * theirs.abs() {
            return Err(format!("the {what} is {own} here and {theirs} in PyTorch"));
        }
    }
    Ok(())
}

/// Writes weights and batch as raw f32, and what they are.
fn write(
    folder: &Path,
    curriculum: &Curriculum,
    parameters: &Parameters<f32>,
    batch: &Batch,
) -> Result<(), String> {
    let raw = |name: &str, values: &[f32]| peers::write_f32(folder, name, values);
    let narrow = |values: &[f64]| values.iter().map(|&value| value as f32).collect::<Vec<_>>();
    let mut tensors = Vec::new();
    for tensor in parameters.layout() {
        raw(tensor.name, parameters.get(tensor.name))?;
        tensors
            .push(json!({"name": tensor.name, "shape": tensor.shape, "trained": tensor.trained}));
    }
    let (trials, steps) = (batch.trials, batch.steps);
    for (name, values) in [
        ("inputs", &batch.inputs),
        ("targets", &batch.targets),
        ("weights", &batch.weights),
        ("states", &batch.initial_states),
    ] {
        raw(name, &narrow(values))?;
    }
    let Some(Objective::Groups(groups)) = batch.objectives.first() else {
        return Err("the task judges no groups of outputs".to_owned());
    };
    let groups: Vec<_> = groups
        .iter()
        .filter_map(|group| match group.measure {
            Measure::CrossEntropy { sharpness, floor } => {
                Some(json!([group.channels, sharpness, floor]))
            }
            _ => None,
        })
        .collect();
    let trained_inputs: Vec<bool> = curriculum
        .network
        .input_groups
        .iter()
        .flat_map(|group| vec![group.is_trained; group.channels])
        .collect();
    let about = json!({
        "steps": steps, "trials": trials, "units": curriculum.network.units,
        "inputs": batch.input_channels, "outputs": batch.output_channels,
        "alpha": curriculum.network.cell.alpha(), "trained_inputs": trained_inputs, "tensors": tensors, "groups": groups,
        "clip_value": 1.0, "learning_rate": curriculum.optimiser.learning_rate,
        "readout_factor": curriculum.optimiser.readout_factor,
        "weight_decay": curriculum.optimiser.weight_decay,
    });
    fs::write(folder.join("about.json"), about.to_string()).map_err(|error| error.to_string())
}

/// The numbers that the script prints, or what went wrong.
fn peer(python: &str, folder: &Path, arguments: &[&str]) -> Result<Vec<f64>, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/pretraining_peer.py");
    let output = Command::new(python)
        .arg(script)
        .arg(folder)
        .args(arguments)
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(said.lines().last().unwrap_or("it failed").to_owned());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let numbers = said.split_whitespace().map(str::parse::<f64>);
    numbers
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())
}
