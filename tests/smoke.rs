//! Every task with every cell that suits it: a small network gets well above chance in a short training.
#![allow(clippy::unwrap_used)]

use creode::cell::constraints::constrain;
use creode::cell::noise::add_noise;
use creode::cell::parameters::Parameters;
use creode::cell::spec::{Activation, CellKind, LeakyForm, NetworkSpec, Noise};
use creode::curriculum::{self, Override};
use creode::task::{Task, TaskSpec};
use creode::train::bptt::Bptt;
use creode::train::credit::Credit as _;
use creode::train::optimiser::Optimiser;
use creode::train::spec::{Clipping, OptimiserSpec, UpdateRule};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

const UNITS: usize = 24;
const TRIALS: usize = 16;
/// Training steps at most, and those between two looks at the accuracy, with which training ends once it is enough.
const STEPS: u64 = 2000;
const LOOK_EVERY: u64 = 25;
/// Accuracy wanted on trials that were not trained on: this share of the way from chance to 1.
const SHARE: f64 = 0.25;

/// Tasks with settings that make them short.
const TASKS: [(&str, &[&str]); 15] = [
    (
        "flip-flop",
        &["bits=1", "trial_steps=25", "pulse_probability=0.2"],
    ),
    (
        "sine",
        &[
            "frequencies=2",
            "probe_frequencies=2",
            "drive_secs=4",
            "generate_secs=8",
        ],
    ),
    (
        "moving-average",
        &["trial_steps=25", "gap_min=3", "gap_max=6"],
    ),
    ("perceptual-integration", &["dt_ms=100", "stimulus_ms=1000"]),
    ("context-integration", &["stream_steps=10"]),
    ("delayed-discrimination", &["dt_ms=100", "noise=0"]),
    (
        "interval-reproduction",
        &[
            "interval_min=3",
            "interval_max=6",
            "pulse_width=2",
            "tail=4",
        ],
    ),
    (
        "interval-discrimination",
        &["interval_min=3", "interval_max=8", "delay=3", "tail=3"],
    ),
    (
        "delayed-match",
        &[
            "dt_ms=100",
            "noise=0",
            "fixation_ms=0",
            "sample_ms=200",
            "delay_min_ms=100",
            "delay_max_ms=100",
            "test_ms=200",
            "decision_ms=200",
        ],
    ),
    ("memory-response", &["dt_ms=100", "noise=0"]),
    ("go-no-go", &["dt_ms=100"]),
    ("n-parity", &[]),
    ("n-delayed-match", &[]),
    ("delayed-classification", &["classes_used=3", "delay_max=6"]),
    ("kindergarten", &["steps_min=8", "steps_max=8"]),
];

fn cells() -> Vec<CellKind> {
    let activation = Activation::Tanh;
    let (form, alpha) = (LeakyForm::Currents, 0.5);
    vec![
        CellKind::Vanilla { activation },
        CellKind::Leaky {
            form: LeakyForm::Rates,
            activation: Activation::Softplus,
            alpha,
        },
        CellKind::LowRank {
            form,
            activation,
            alpha,
            rank: 3,
            random_gain: 0.5,
        },
        CellKind::PiecewiseLinear,
        CellKind::Ugrnn { forget_bias: 0.0 },
        CellKind::Gru,
        CellKind::Lstm { forget_bias: 1.0 },
    ]
}

/// The accuracy reached, and after how many steps.
fn trained_accuracy(task: &dyn Task, cell: CellKind, wanted: f64) -> (f64, u64) {
    let network = NetworkSpec {
        noise: Noise {
            recurrent: 0.01,
            input: 0.0,
        },
        ..NetworkSpec::new(cell, UNITS, task.input_channels(), task.output_channels())
    };
    let adam = OptimiserSpec {
        rule: UpdateRule::adam(),
        learning_rate: 1e-2,
        weight_decay: 0.0,
        learning_rate_decay: None,
        clipping: Clipping::Norm(1.0),
        readout_factor: 1.0,
    };
    let mut parameters = Parameters::<f32>::initial(&network, 1);
    let mut gradient = parameters.zeros_like();
    let mut optimiser = Optimiser::new(adam, &parameters);
    let mut engine = Bptt::of(&network);
    let held_out = task.batch(256, u64::MAX);
    let mut reached = 0.0;
    for step in 1..=STEPS {
        let mut batch = task.batch(TRIALS, step);
        add_noise(&network, &mut ChaCha8Rng::seed_from_u64(step), &mut batch);
        engine
            .loss_and_gradient(&parameters, &batch, &mut gradient)
            .unwrap();
        optimiser.update(&mut parameters, &mut gradient);
        constrain(&network, &mut parameters);
        if step.is_multiple_of(LOOK_EVERY) {
            let outputs = engine.simulate(&parameters, &held_out).unwrap().outputs;
            reached = task.accuracy(&held_out, &outputs);
            if reached >= wanted {
                return (reached, step);
            }
        }
    }
    (reached, STEPS)
}

#[test]
fn every_cell_learns_every_task() {
    let pairs: Vec<(TaskSpec, CellKind)> = TASKS
        .iter()
        .flat_map(|(name, changes)| {
            let changes: Vec<Override> = changes
                .iter()
                .map(|change| change.parse().unwrap())
                .collect();
            let task = curriculum::task(name, &changes).unwrap();
            cells().into_iter().map(move |cell| (task.clone(), cell))
        })
        .collect();
    let failures: Vec<String> = pairs
        .par_iter()
        .filter_map(|(spec, cell)| {
            let task = spec.task();
            let wanted = task.chance() + SHARE * (1.0 - task.chance());
            let (reached, steps) = trained_accuracy(task, *cell, wanted);
            let text = format!(
                "{} with {cell:?}: accuracy {reached:.3} after {steps} steps, wanted {wanted:.3}",
                task.name()
            );
            println!("{text}");
            (reached < wanted).then_some(text)
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
