//! The engine on libtorch against the default one: gradients, whole trainings, runs that go from one to the other.

use creode::cell::constraints::constrain;
use creode::cell::parameters::Parameters;
use creode::cell::spec::{InitialState, NetworkSpec};
use creode::curriculum::Curriculum;
use creode::lab::training::{Step, StepMade, Training};
use creode::task::Batch;
use creode::trace::Run;
use creode::train::bptt::Bptt;
use creode::train::credit::Credit as _;
use creode::train::engines::{EngineName, EngineReal, TchOptions};
use creode::train::optimiser::Optimiser;
use creode::train::penalty::RatePenalty;
use creode::train::rate_network::rate_formula;
use creode::train::spec::OptimiserSpec;
use creode::train::speed_penalty::SpeedPenalty;

use super::gradients::{batch, cells, network, parameters, with_choices, with_noise, with_options};

const TCH: EngineName = EngineName::Tch(TchOptions {
    device: creode::train::engines::Device::Cpu,
    products: creode::train::engines::Products::F32,
});

/// Loss, outputs, gradient and states of a network on an engine, with all penalties or none.
fn evaluated(
    name: EngineName,
    spec: &NetworkSpec,
    at: &Parameters<f64>,
    batch: &Batch,
    is_penalised: bool,
) -> [Vec<f64>; 4] {
    let mut credit = Bptt::new(spec, f64::engine(name, spec));
    if is_penalised {
        credit = credit
            .with_penalty(RatePenalty { weight: 0.7 })
            .with_penalty(SpeedPenalty::new(spec, 0.4, 5));
    }
    let mut gradient = at.zeros_like();
    let outcome = credit.loss_and_gradient(at, batch, &mut gradient).unwrap();
    let states = credit.simulate(at, batch).unwrap().states;
    [
        vec![outcome.loss],
        outcome.outputs,
        gradient.values().to_vec(),
        states,
    ]
}

#[test]
fn gradients_are_those_of_the_default_engine_for_every_cell_objective_and_penalty() {
    for cell in cells() {
        for (feedback, has_noise) in [(0.0, false), (0.0, true), (0.6, true)] {
            if feedback > 0.0 && rate_formula(cell).is_none() {
                continue;
            }
            let spec = NetworkSpec {
                feedback,
                ..with_options(&network(cell, 37))
            };
            let at = parameters::<f64>(&spec);
            let mut plain = batch(31, 21);
            if has_noise {
                plain = with_noise(plain, 37);
            }
            for batch in [with_choices(plain.clone()), plain] {
                for is_penalised in [false, true] {
                    let own = evaluated(EngineName::Direct, &spec, &at, &batch, is_penalised);
                    let other = evaluated(TCH, &spec, &at, &batch, is_penalised);
                    for (what, (own, other)) in ["loss", "outputs", "gradient", "states"]
                        .iter()
                        .zip(own.iter().zip(&other))
                    {
                        assert_near(own, other, 1e-10, &format!("{what} of {cell:?}"));
                    }
                }
            }
        }
    }
}

/// The distance relative to the length.
fn assert_near(a: &[f64], b: &[f64], bound: f64, what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    let squares = a.iter().zip(b).map(|(a, b)| (a - b).powi(2));
    let distance = squares.sum::<f64>().sqrt();
    let length = a.iter().map(|a| a * a).sum::<f64>().sqrt();
    assert!(
        distance <= bound * length,
        "{what}: {distance:e} of {length:e}"
    );
}

#[test]
fn trials_start_from_states_of_their_own() {
    for cell in cells() {
        let spec = NetworkSpec {
            initial_state: InitialState::Normal,
            ..network(cell, 13)
        };
        let at = parameters::<f64>(&spec);
        let mut batch = batch(9, 5);
        let count = 5 * spec.state_size();
        batch.initial_states = (0..count).map(|i| (0.9 * i as f64).sin()).collect();
        let own = evaluated(EngineName::Direct, &spec, &at, &batch, false);
        let other = evaluated(TCH, &spec, &at, &batch, false);
        for (own, other) in own.iter().zip(&other) {
            assert_near(own, other, 1e-10, &format!("{cell:?}"));
        }
    }
}

/// Losses of so many steps of Adam in f32, the engine taken anew for each stretch.
fn losses(spec: &NetworkSpec, stretches: &[(EngineName, usize)]) -> Vec<f64> {
    let mut at = parameters::<f32>(spec);
    let mut gradient = at.zeros_like();
    let mut optimiser = Optimiser::new(OptimiserSpec::default(), &at);
    let batch = batch(20, 16);
    let mut losses = Vec::new();
    for &(name, steps) in stretches {
        let mut credit = Bptt::new(spec, f32::engine(name, spec));
        for _ in 0..steps {
            let outcome = credit.loss_and_gradient(&at, &batch, &mut gradient);
            losses.push(outcome.unwrap().loss);
            optimiser.update(&mut at, &mut gradient);
            constrain(spec, &mut at);
        }
    }
    losses
}

#[test]
fn trainings_in_f32_stay_together_for_a_hundred_steps_also_when_the_engine_changes_on_the_way() {
    for cell in cells() {
        let spec = with_options(&network(cell, 24));
        let own = losses(&spec, &[(EngineName::Direct, 100)]);
        let other = losses(&spec, &[(TCH, 100)]);
        let there_and_back = losses(&spec, &[(EngineName::Direct, 40), (TCH, 60)]);
        assert!(own[99] < 0.9 * own[0], "{cell:?}: {own:?}");
        for ((a, b), c) in own.iter().zip(&other).zip(&there_and_back) {
            assert!((a - b).abs() <= 1e-3 * a, "{cell:?}: {a} {b}");
            assert!((a - c).abs() <= 1e-3 * a, "{cell:?}: {a} {c}");
        }
    }
}

const BIT: &str = "
[network]
cell = \"vanilla\"
units = 16

[optimiser]
learning_rate = 5e-3

[[stage]]
task = \"flip-flop\"
bits = 1
until = { steps = 400 }

[checkpoints]
every = 100
";

/// Fixed points at the end of a run, by number of unstable directions, with the engine of each stretch of steps.
fn landscape(stretches: &[(&str, Option<u64>)]) -> (Vec<usize>, Vec<f64>) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("bit");
    for (engine, until) in stretches {
        let engine = format!("training.engine={engine}").parse().unwrap();
        let mut curriculum = Curriculum::parse(BIT, "bit.toml", &[engine]).unwrap();
        super::engines::train(&mut curriculum, &dir, *until);
    }
    let run = Run::open(&dir).unwrap();
    let last = run.entries().last().unwrap().checkpoint;
    let mut by_unstable = vec![0; 3];
    for point in run.fixed_points(last).unwrap() {
        by_unstable[point.n_unstable as usize] += 1;
    }
    let losses = run.steps().unwrap().iter().map(|row| row.loss).collect();
    (by_unstable, losses)
}

#[test]
fn one_bit_ends_with_the_same_landscape_on_both_engines_and_on_one_after_the_other() {
    let whole = ["direct", "tch"].map(|engine| landscape(&[(engine, None)]));
    let [(own, _), (other, _)] = &whole;
    assert_eq!((own, other), (&vec![2, 1, 0], &vec![2, 1, 0]));
    for (place, stretches) in [
        [("direct", Some(150)), ("tch", None)],
        [("tch", Some(150)), ("direct", None)],
    ]
    .iter()
    .enumerate()
    {
        let (found, losses) = landscape(stretches);
        assert_eq!(&found, own, "{stretches:?}");
        // The same trials, the same state of the optimiser: no jump where the engine changes.
        let unchanged = &whole[place].1;
        assert_eq!(losses[..150], unchanged[..150]);
        assert_ne!(losses[150..], unchanged[150..]);
        for (step, (a, b)) in unchanged.iter().zip(&losses).enumerate().take(160) {
            assert!(
                (a - b).abs() <= 1e-3 * a,
                "{stretches:?}, step {step}: {a} {b}"
            );
        }
    }
}

/// A step that must be made.
fn made(training: &mut Training<'_, f64>) -> StepMade {
    match training.step().unwrap() {
        Step::Made(made) => made,
        Step::Diverged { message, .. } => panic!("{message}"),
    }
}

/// Networks, optimisers and tasks that descent on the device of libtorch has to treat in their own ways.
const DESCENTS: [(&str, &str, &str); 9] = [
    (
        "cell = \"vanilla\"",
        "rule = \"adam\"",
        "task = \"flip-flop\"",
    ),
    (
        "cell = \"lstm\"\ninitial_state = \"trained\"",
        "rule = \"adam\"\nclip_norm = 0.05",
        "task = \"flip-flop\"",
    ),
    (
        "cell = \"gru\"\nrecurrent_noise = 0.1",
        "rule = \"adam\"\nclip_norm = 0.05\nweight_decay = 1e-2",
        "task = \"flip-flop\"",
    ),
    (
        "cell = \"vanilla\"\nrecurrent_density = 0.4\ninput_density = 0.7\nreadout_density = 0.6",
        "rule = \"sgd\"\nmomentum = 0.5\nweight_decay = 1e-2\nclip_value = 0.02",
        "task = \"flip-flop\"",
    ),
    (
        "cell = \"ugrnn\"",
        "rule = \"rmsprop\"\nmomentum = 0.5\nreadout_factor = 3.0",
        "task = \"flip-flop\"",
    ),
    (
        "cell = \"low-rank\"\nrank = 2\nrandom_gain = 0.5\nalpha = 0.3",
        "rule = \"adam\"\nweight_decay = 1e-2",
        "task = \"flip-flop\"",
    ),
    (
        "cell = \"piecewise-linear\"",
        "rule = \"rmsprop\"",
        "task = \"flip-flop\"",
    ),
    (
        "cell = \"vanilla\"\nexcitatory_share = 0.7",
        "rule = \"adam\"",
        "task = \"flip-flop\"",
    ),
    (
        "cell = \"leaky-rates\"\nalpha = 0.5",
        "rule = \"adam\"",
        "task = \"context-integration\"",
    ),
];

#[test]
fn descent_on_the_device_is_that_of_the_host_step_by_step_and_goes_on_from_its_checkpoints() {
    for (network, optimiser, task) in DESCENTS {
        let text = format!(
            "[network]\n{network}\nunits = 12\n[training]\ntrials_per_step = 8\n[optimiser]\n{optimiser}\n\
             learning_rate = 0.01\n[[stage]]\n{task}\nuntil = {{ steps = 40 }}\n[checkpoints]\nevery = 20\n"
        );
        let with = |engine: &str| {
            let engine = format!("training.engine={engine}").parse().unwrap();
            Curriculum::parse(&text, "descent.toml", &[engine]).unwrap()
        };
        let [on_host, on_device] = [with("direct"), with("tch")];
        let mut host = Training::<f64>::begin(&on_host).unwrap();
        let mut device = Training::<f64>::begin(&on_device).unwrap();
        let mut middle = None;
        for step in 0..30 {
            let (own, other) = (made(&mut host), made(&mut device));
            let numbers = |made: &StepMade| {
                vec![
                    made.loss,
                    made.gradient_norm,
                    made.weight_norm,
                    made.accuracy,
                ]
            };
            assert_near(
                &numbers(&own),
                &numbers(&other),
                1e-9,
                &format!("step {step}, {text}"),
            );
            if step == 19 {
                middle = Some(device.snapshot().unwrap());
            }
        }
        let end = device.parameters().unwrap().values().to_vec();
        assert_near(host.parameters().unwrap().values(), &end, 1e-8, &text);
        // From the middle once more: the same on the device, and on the host up to rounding.
        let middle = middle.unwrap();
        for (training, bound) in [(&mut device, 0.0), (&mut host, 1e-8)] {
            training.restore(&middle).unwrap();
            for _ in 20..30 {
                made(training);
            }
            assert_near(training.parameters().unwrap().values(), &end, bound, &text);
        }
    }
}
