//! Worlds: what a policy does is what the engines learn from, and a network learns to act.

use std::sync::atomic::AtomicBool;

use creode::cell::parameters::Parameters;
use creode::cell::sequence::SequenceShape;
use creode::cell::sequence_kernel;
use creode::cell::spec::{CellKind, Density, InitialState, NetworkSpec, Noise};
use creode::curriculum::Curriculum;
use creode::lab;
use creode::parameters::Variant as _;
use creode::simd::Real;
use creode::task::corridor::Corridor;
use creode::task::navigation::Navigation;
use creode::task::world::Policy;
use creode::task::{Batch, Objective, Task as _};
use creode::trace::{Run, RunWriter};
use creode::train::bptt::Bptt;
use creode::train::engines::EngineReal;
use creode::train::policy::NetworkPolicy;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

fn network(cell: CellKind) -> NetworkSpec {
    NetworkSpec {
        initial_state: InitialState::Trained,
        density: Density {
            input: 0.7,
            ..NetworkSpec::new(cell, 1, 1, 1).density
        },
        noise: Noise {
            recurrent: 0.3,
            input: 0.1,
        },
        ..NetworkSpec::new(cell, 19, 2, 2)
    }
}

fn parameters<T: Real>(spec: &NetworkSpec) -> Parameters<T> {
    let mut parameters = Parameters::<T>::initial(spec, 3);
    for (i, value) in parameters.get_mut("initial_state").iter_mut().enumerate() {
        *value = T::from_f64((i as f64).sin());
    }
    parameters
}

fn assert_steps_are_those_of_the_sequence<T: Real>(spec: &NetworkSpec) {
    // 37 trials: two shards and a part of one.
    let shape = SequenceShape {
        steps: 6,
        trials: 37,
    };
    let parameters = parameters::<T>(spec);
    let mut whole = sequence_kernel::<T>(spec);
    let mut stepped = sequence_kernel::<T>(spec);
    let value = |at: usize, phase: f64| T::from_f64((at as f64 * 0.61 + phase).sin());
    let order = whole.order(shape);
    let inputs: Vec<T> = (0..order.len() * 2).map(|at| value(at, 0.0)).collect();
    let noise: Vec<T> = (0..order.len() * 19).map(|at| value(at, 1.0)).collect();
    let features = whole.forward(&parameters, shape, &inputs, &noise).to_vec();
    stepped.begin(&parameters, shape.trials);
    for time in 0..shape.steps {
        let rows: Vec<usize> = (0..shape.trials)
            .map(|trial| order.iter().position(|&at| at == (time, trial)).unwrap())
            .collect();
        let of = |values: &[T], width: usize| -> Vec<T> {
            let rows = rows.iter();
            rows.flat_map(|row| values[row * width..][..width].to_vec())
                .collect()
        };
        let step = stepped.step(&of(&inputs, 2), &of(&noise, 19));
        assert_eq!(step, of(&features, 19), "{:?} at {time}", spec.cell);
    }
}

#[test]
fn a_trial_put_back_starts_once_more_and_the_others_go_on() {
    for cell in CellKind::all() {
        let spec = network(cell);
        let parameters = parameters::<f32>(&spec);
        let value = |at: usize| (at as f32 * 0.61).sin();
        let inputs: Vec<f32> = (0..3 * 2).map(value).collect();
        let mut kernel = sequence_kernel::<f32>(&spec);
        kernel.begin(&parameters, 3);
        let first = kernel.step(&inputs, &[]).to_vec();
        let second = kernel.step(&inputs, &[]).to_vec();
        kernel.begin(&parameters, 3);
        kernel.step(&inputs, &[]);
        kernel.restart(1);
        let found = kernel.step(&inputs, &[]);
        let (others, own) = ([0..19, 38..57], 19..38);
        assert_eq!(found[own.clone()], first[own], "{cell:?}");
        for other in others {
            assert_eq!(found[other.clone()], second[other], "{cell:?}");
        }
    }
}

#[test]
fn steps_of_a_policy_are_those_of_the_whole_sequence_bit_for_bit() {
    for cell in CellKind::all() {
        assert_steps_are_those_of_the_sequence::<f32>(&network(cell));
        assert_steps_are_those_of_the_sequence::<f64>(&network(cell));
    }
}

/// Notes what another policy puts out.
struct Noted<P>(P, Vec<f64>);

impl<P: Policy> Policy for Noted<P> {
    fn begin(&mut self, batch: &Batch) {
        self.0.begin(batch);
    }

    fn act(&mut self, time: usize, batch: &mut Batch) -> &[f64] {
        let outputs = self.0.act(time, batch);
        self.1.extend_from_slice(outputs);
        outputs
    }
}

fn assert_engine_sees_what_the_policy_did<T: EngineReal>(tolerance: f64) {
    for cell in CellKind::all() {
        let spec = network(cell);
        let parameters = parameters::<T>(&spec);
        let corridor = Corridor::default();
        let mut batch = Batch::zeros(12, 37, 2, 2);
        let noise = ChaCha8Rng::seed_from_u64(8);
        let mut policy = Noted(
            NetworkPolicy::new(&spec, &parameters, Some(noise)),
            Vec::new(),
        );
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        corridor.experience(&mut policy, &mut rng, &mut batch);
        assert_eq!(batch.recurrent_noise.len(), 12 * 37 * 19);
        let outputs = Bptt::<T>::of(&spec)
            .simulate(&parameters, &batch)
            .unwrap()
            .outputs;
        for (acted, learnt) in policy.1.iter().zip(&outputs) {
            assert!((acted - learnt).abs() < tolerance, "{cell:?}");
        }
    }
}

#[test]
fn an_engine_sees_the_outputs_that_the_policy_acted_by() {
    assert_engine_sees_what_the_policy_did::<f32>(1e-5);
    assert_engine_sees_what_the_policy_did::<f64>(1e-13);
}

#[test]
fn a_network_lives_through_the_same_navigation_by_the_same_seed() {
    let task = Navigation::default();
    let spec = NetworkSpec {
        input_gain: 0.1,
        ..NetworkSpec::new(CellKind::Gru, 12, task.input_channels(), 4)
    };
    let parameters = Parameters::<f32>::initial(&spec, 3);
    let lived = |seed| {
        let mut batch = Batch::zeros(task.trial_steps(), 9, task.input_channels(), 4);
        let mut policy = NetworkPolicy::new(&spec, &parameters, None);
        task.experience(
            &mut policy,
            &mut ChaCha8Rng::seed_from_u64(seed),
            &mut batch,
        );
        batch
    };
    let batch = lived(6);
    assert_eq!(batch, lived(6));
    assert_ne!(batch, lived(7));
    assert_eq!(batch.lived.iter().flatten().count(), 9);
}

const CORRIDOR: &str = r#"
name = "corridor"
seed = 2
[network]
cell = "gru"
units = 16
[training]
trials_per_step = 64
[optimiser]
learning_rate = 1e-2
clip_norm = 1.0
[[stage]]
task = "corridor"
until = { steps = 300 }
[checkpoints]
every = 150
[analysis]
starts = 32
probe_trials = 8
"#;

/// By chance half of the episodes end well; without the memory of the cue no more can.
#[test]
fn a_network_learns_to_go_where_the_cue_told() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("corridor");
    let curriculum = Curriculum::parse(CORRIDOR, "corridor.toml", &[]).unwrap();
    let writer = RunWriter::create(&dir, &curriculum.to_toml()).unwrap();
    let summary = lab::train(&curriculum, &writer, &AtomicBool::new(false), &|_| {}).unwrap();
    let run = Run::open(&dir).unwrap();
    let steps = run.steps().unwrap();
    let early: f64 = steps[..20].iter().map(|row| row.accuracy).sum::<f64>() / 20.0;
    assert!(early < 0.7, "{early}");
    assert!(summary.accuracy > 0.95, "{}", summary.accuracy);
}

#[test]
fn what_cannot_learn_in_a_world_is_refused() {
    for (change, said) in [
        ("training.rule=ridge", "training.rule"),
        ("optimiser.rule=lbfgs", "optimiser.rule"),
        (
            "stage.0.objective=squared-error",
            "the objective is the reward",
        ),
        ("stage.0.cells=4", "an odd number"),
        ("stage.0.until.plateau_steps=20", "plateau"),
        ("training.speed_penalty=1e-3", "classes of targets"),
    ] {
        let mut changes = vec![change.parse().unwrap()];
        if change.ends_with("penalty=1e-3") {
            changes.push("training.speed_time=3".parse().unwrap());
        }
        if change.starts_with("training.rule") {
            changes.push("network.cell=vanilla".parse().unwrap());
        }
        if change.starts_with("optimiser") {
            let text = CORRIDOR.replace("clip_norm = 1.0\n", "");
            let mistakes = Curriculum::parse(&text, "corridor.toml", &changes).unwrap_err();
            assert!(
                mistakes.to_string().contains("the same batch"),
                "{mistakes}"
            );
            continue;
        }
        let mistakes = Curriculum::parse(CORRIDOR, "corridor.toml", &changes).unwrap_err();
        assert!(mistakes.to_string().contains(said), "{mistakes}");
    }
}

/// Bad parameters of a task, and sizes that no list of outputs has, are told and never tried.
#[test]
fn an_objective_is_not_tried_on_what_is_not_in_order() {
    let text = CORRIDOR.replace(
        "\"corridor\"\nuntil",
        "\"delayed-classification\"\ndelay_min = 50\nuntil",
    );
    for objective in [
        "\"cross-entropy\"",
        "[1e300, 1]",
        "[9223372036854775807, 9223372036854775807]",
        "[0]",
        "[]",
    ] {
        let changes = [format!("stage.0.objective={objective}").parse().unwrap()];
        let mistakes = Curriculum::parse(&text, "corridor.toml", &changes).unwrap_err();
        assert!(mistakes.to_string().contains("delay_min"), "{mistakes}");
    }
    // This task has a target for each class, of which one is 1; the targets of a flip-flop are −1 and 1.
    let text = text.replace("delay_min = 50\n", "");
    let changes = ["stage.0.objective=cross-entropy".parse().unwrap()];
    let curriculum = Curriculum::parse(&text, "corridor.toml", &changes).unwrap();
    assert_eq!(
        curriculum.stages[0].parts[0].objective(),
        Objective::choice(11)
    );
    let text = text.replace("delayed-classification", "flip-flop");
    let mistakes = Curriculum::parse(&text, "corridor.toml", &changes).unwrap_err();
    assert!(mistakes.to_string().contains("probabilities"), "{mistakes}");
}

/// Noise reaches a mixture whose world has no trial in a batch.
#[test]
fn a_mixture_without_an_episode_has_the_noise_of_any_task() {
    let text = CORRIDOR.replace(
        "[[stage]]\ntask = \"corridor\"\nuntil = { steps = 300 }",
        "[[stage]]\nuntil = { steps = 2000 }\n[[stage.part]]\ntask = \"flip-flop\"\nbits = 2\ntrial_steps = 12\n\
         [[stage.part]]\ntask = \"corridor\"\nweight = { from = 0.0, to = 1.0, over_steps = 1000 }",
    );
    let trained = |noise: &str| {
        let changes = [format!("network.recurrent_noise={noise}").parse().unwrap()];
        let curriculum = Curriculum::parse(&text, "mixed.toml", &changes).unwrap();
        let mut training = lab::training::Training::<f32>::begin(&curriculum).unwrap();
        training.step().unwrap();
        training.parameters().unwrap().values().to_vec()
    };
    assert_ne!(trained("0.0"), trained("0.2"));
}
