//! How long do networks know where they are? `cargo run --release --example path_integration [RECORDING.npz] [steps=N] [seeds=N]`.
//!
//! Networks of vanilla and of leaky cells learn to tell their place in a box of 1 m by 1 m from their velocity, in trials of
//! 10 s; then their errors are measured in trials of 30 s. They learn from random motion; if a recording is given
//! (`.ci/fetch-trajectory` fetches one), others learn from its first 80 %, and all are tested on its last 20 %.
//!
//! Noise: in training and in the test, each step adds the same to the state of either cell. Of a leaky cell, noise σ adds
//! √(2α) σ, so its σ is larger by 1/√(2α).

use std::error::Error;
use std::time::Instant;

use creode::cell::noise::add_noise;
use creode::curriculum::{self, Curriculum, Override};
use creode::lab::training::{Step, Training};
use creode::open_field::{Area, Part, Recording, Sampling, Stretches};
use creode::statistics::Estimate;
use creode::task::Batch;
use creode::train::engines::EngineReal as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

/// The box in metres.
const AREA: Area = Area {
    width: 1.0,
    height: 1.0,
};
const DT_SECS: f64 = 0.1;
/// 10 s.
const TRAINED_STEPS: usize = 100;
/// 30 s.
const TESTED_STEPS: usize = 300;
const TESTED_TRIALS: usize = 200;
/// Times at which errors are measured, in seconds.
const HORIZONS_SECS: [usize; 4] = [1, 5, 10, 30];
/// α of the leaky cells: a time constant of 0.5 s.
const ALPHA: f64 = 0.2;
/// What noise adds to the state of a unit in a step, as a standard deviation.
const NOISE_OF_A_STEP: f64 = 0.02;

/// What the command line asks for.
struct Asked {
    recording: Option<String>,
    training_steps: usize,
    seeds: u64,
}

impl Asked {
    fn read(arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut asked = Self {
            recording: None,
            training_steps: 3000,
            seeds: 4,
        };
        for argument in arguments {
            match argument.split_once('=') {
                Some(("steps", count)) => asked.training_steps = count.parse()?,
                Some(("seeds", count)) => asked.seeds = count.parse()?,
                _ => asked.recording = Some(argument),
            }
        }
        Ok(asked)
    }

    /// Keys of the walks that networks learn from, with a name: random motion, and the first part of the recording.
    fn lessons(&self) -> Vec<(&'static str, Vec<String>)> {
        let recorded = |path: &String| ("recorded", recorded_keys(path, "first"));
        let random = ("random", vec!["walk = \"random\"".to_owned()]);
        std::iter::once(random)
            .chain(self.recording.iter().map(recorded))
            .collect()
    }

    /// Keys of the walks that networks are tested on.
    fn test(&self) -> Vec<String> {
        self.recording
            .as_ref()
            .map_or_else(Vec::new, |path| recorded_keys(path, "last"))
    }
}

fn recorded_keys(path: &str, part: &str) -> Vec<String> {
    vec![
        "walk = \"recorded\"".to_owned(),
        format!("trajectory = {path:?}"),
        format!("recording_part = {part:?}"),
    ]
}

/// Keys of a cell, with the noise that adds the same to its state as to that of the other.
fn cells() -> [(&'static str, String); 2] {
    let leaky_noise = NOISE_OF_A_STEP / (2.0 * ALPHA).sqrt();
    [
        (
            "vanilla",
            format!("cell = \"vanilla\"\nrecurrent_noise = {NOISE_OF_A_STEP}"),
        ),
        (
            "leaky",
            format!("cell = \"leaky-rates\"\nalpha = {ALPHA}\nrecurrent_noise = {leaky_noise}"),
        ),
    ]
}

fn curriculum(
    cell: &str,
    walk: &[String],
    seed: u64,
    training_steps: usize,
) -> Result<Curriculum, Box<dyn Error>> {
    let walk = walk.join("\n");
    let text = format!(
        "seed = {seed}\n\
         [network]\n{cell}\nunits = 64\n\
         [training]\ntrials_per_step = 32\n\
         [optimiser]\nlearning_rate = 2e-3\nclip_norm = 1.0\n\
         [[stage]]\ntask = \"path-integration\"\ndt_secs = {DT_SECS}\ntrial_steps = {TRAINED_STEPS}\n{walk}\n\
         until = {{ steps = {training_steps} }}\n\
         [checkpoints]\nevery = {training_steps}\n"
    );
    Ok(Curriculum::parse(&text, "the example", &[])?)
}

/// Trials of 30 s, the same for all networks.
fn tested(walk: &[String]) -> Result<Batch, Box<dyn Error>> {
    let mut keys = walk.to_vec();
    keys.push(format!("trial_steps = {TESTED_STEPS}"));
    keys.push(format!("dt_secs = {DT_SECS}"));
    let overrides: Result<Vec<Override>, _> = keys.iter().map(|key| key.parse()).collect();
    let spec = curriculum::task("path-integration", &overrides?)?;
    Ok(spec.task().batch(TESTED_TRIALS, 1000))
}

/// Mean distance in metres between places and what `told` makes of (trial, step), at each horizon.
fn errors(batch: &Batch, told: impl Fn(usize, usize) -> [f64; 2]) -> [f64; HORIZONS_SECS.len()] {
    HORIZONS_SECS.map(|secs| {
        let step = (secs as f64 / DT_SECS).round() as usize - 1;
        let miss = |trial: usize| {
            let answer = batch.answer(trial, &batch.targets);
            let [x, y] = told(trial, step);
            (x - answer.at(0, step).target).hypot(y - answer.at(1, step).target)
        };
        (0..batch.trials).map(miss).sum::<f64>() / batch.trials as f64
    })
}

/// Errors of who knows no more than the start and the first step.
fn baselines(batch: &Batch) -> [(&'static str, [f64; HORIZONS_SECS.len()]); 3] {
    let start = |trial: usize| {
        let answer = batch.answer(trial, &batch.targets);
        [answer.input(2, 0), answer.input(3, 0)]
    };
    let straight_on = |trial: usize, step: usize| {
        let after = batch.answer(trial, &batch.targets);
        let [from, to] = [start(trial), [0, 1].map(|axis| after.at(axis, 0).target)];
        let steps = (step + 1) as f64;
        [(0, AREA.width / 2.0), (1, AREA.height / 2.0)].map(|(axis, wall)| {
            let place: f64 = from[axis] + steps * (to[axis] - from[axis]);
            place.clamp(-wall, wall)
        })
    };
    [
        ("middle of the box", errors(batch, |_, _| [0.0, 0.0])),
        ("stays at the start", errors(batch, |trial, _| start(trial))),
        (
            "first velocity, up to the walls",
            errors(batch, straight_on),
        ),
    ]
}

/// Trains a network, and measures its errors; a network that diverged has none.
fn trained_errors(
    curriculum: &Curriculum,
    tested: &Batch,
) -> Result<[f64; HORIZONS_SECS.len()], Box<dyn Error>> {
    let mut training = Training::<f32>::begin(curriculum)?;
    while !training.is_finished() {
        if let Step::Diverged { message, .. } = training.step()? {
            return Err(message.into());
        }
    }
    let network = &curriculum.network;
    let mut noisy = tested.clone();
    add_noise(network, &mut ChaCha8Rng::seed_from_u64(2000), &mut noisy);
    let mut engine = f32::engine(curriculum.engine, network);
    let outputs = engine.outputs(training.parameters()?, &noisy)?;
    Ok(errors(tested, |trial, step| {
        [0, 1].map(|axis| outputs[(step * tested.trials + trial) * 2 + axis])
    }))
}

/// Centimetres with the interval over seeds, if there is one.
fn cell_text(metres: &[f64]) -> String {
    let estimate = Estimate::mean(metres);
    let centimetres = 100.0 * estimate.value;
    match estimate.interval {
        Some([low, high]) => format!("{centimetres:.1} [{:.1}, {:.1}]", 100.0 * low, 100.0 * high),
        None => format!("{centimetres:.1}"),
    }
}

fn print_row(name: &str, errors: &[[f64; HORIZONS_SECS.len()]]) {
    let columns = (0..HORIZONS_SECS.len()).map(|horizon| {
        let of_seeds: Vec<f64> = errors.iter().map(|errors| errors[horizon]).collect();
        format!(" {:>19}", cell_text(&of_seeds))
    });
    println!("{name:<32}{}", columns.collect::<String>());
}

/// Says what was done to each part of the recording.
fn tell(path: &str) -> Result<(), Box<dyn Error>> {
    let recording = Recording::read(path.as_ref())?;
    for (name, part, least_steps) in [
        ("learned from", Part::First, TRAINED_STEPS),
        ("tested on", Part::Last, TESTED_STEPS),
    ] {
        let sampling = Sampling {
            area: AREA,
            dt_secs: DT_SECS,
            longest_gap_secs: 1.0,
            part,
            held_out_share: 0.2,
            least_steps,
        };
        let stretches = Stretches::of(&recording, &sampling)?;
        println!("{name}: {}", stretches.resampling());
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let asked = Asked::read(std::env::args().skip(1))?;
    if let Some(path) = &asked.recording {
        tell(path)?;
    }
    let tested = tested(&asked.test())?;
    let on = if asked.recording.is_some() {
        "the held-out part of the recording"
    } else {
        "random motion"
    };
    println!(
        "distance in cm between place and output on {on}, mean of {TESTED_TRIALS} trials; mean over {} seeds, with its 95 % \
         interval; {} steps of training",
        asked.seeds, asked.training_steps
    );
    let heads = HORIZONS_SECS.map(|secs| format!(" {:>19}", format!("after {secs} s")));
    println!("{:<32}{}", "", heads.concat());
    for (name, errors) in baselines(&tested) {
        print_row(name, &[errors]);
    }
    let begun = Instant::now();
    for (lesson, walk) in asked.lessons() {
        for (name, cell) in cells() {
            let of_seed = |seed| {
                let curriculum = curriculum(&cell, &walk, seed, asked.training_steps)?;
                trained_errors(&curriculum, &tested)
            };
            let errors: Result<Vec<_>, Box<dyn Error>> = (0..asked.seeds).map(of_seed).collect();
            print_row(&format!("{name}, learned from {lesson}"), &errors?);
        }
    }
    println!("in {} s", begun.elapsed().as_secs());
    Ok(())
}
