//! What holds of every task: draws depend on the seed alone, weights and names are sound, accuracy runs from chance to 1.
#![allow(clippy::unwrap_used)]

use creode::curriculum::{self, Override};
use creode::parameters::names;
use creode::task::flip_flop::{FlipFlop, Variant};
use creode::task::{Batch, Task, TaskSpec};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

/// Every task with its defaults, and every variant that draws, counts or names otherwise.
fn tasks() -> Vec<TaskSpec> {
    let mut tasks = TaskSpec::all();
    let variants = [Variant::Single, Variant::Orthogonal, Variant::Parallel];
    tasks.extend(variants.map(|variant| TaskSpec::new(FlipFlop::of(variant))));
    for (name, changes) in [
        ("context-integration", vec!["report=choice"]),
        ("memory-response", vec!["response=anti"]),
        ("n-parity", vec!["n_max=6"]),
        (
            "delayed-classification",
            vec!["classes_used=3", "delay_max=9"],
        ),
        ("kindergarten", vec!["count=false", "steps_max=40"]),
        (
            "file",
            vec![
                "file=curricula/data/perceptual-decision.npz",
                "score=decision",
                "noise=0.1",
            ],
        ),
        (
            "path-integration",
            vec![
                "walk=sorscher",
                "motion=speed-and-heading",
                "targets=place-cells",
                "place_cells=60",
                "trial_steps=20",
            ],
        ),
    ] {
        let changes: Vec<Override> = changes
            .iter()
            .map(|change| change.parse().unwrap())
            .collect();
        tasks.push(curriculum::task(name, &changes).unwrap());
    }
    tasks
}

fn draw(task: &dyn Task, [steps, trials, inputs, outputs]: [usize; 4], seed: u64) -> Batch {
    let mut batch = Batch::zeros(steps, trials, inputs, outputs);
    task.draw(&mut ChaCha8Rng::seed_from_u64(seed), &mut batch);
    batch
}

#[test]
fn draws_depend_on_the_seed_and_not_on_the_size_of_the_batch() {
    for spec in tasks() {
        let task = spec.task();
        let batch = task.batch(5, 7);
        assert_eq!(batch, task.batch(5, 7));
        if !["two-neuron", "pattern"].contains(&task.name()) {
            assert_ne!(batch, task.batch(5, 8), "{}", task.name());
        }
        let (steps, trials) = (batch.steps, batch.trials);
        let (inputs, outputs) = (batch.input_channels, batch.output_channels);
        let wide = draw(task, [steps + 3, trials, inputs + 2, outputs + 1], 7);
        for trial in 0..trials {
            let (narrow, wide) = (
                batch.answer(trial, &batch.targets),
                wide.answer(trial, &wide.targets),
            );
            for step in 0..steps + 3 {
                for channel in 0..inputs + 2 {
                    let is_own = step < steps && channel < inputs;
                    let expected = if is_own {
                        narrow.input(channel, step)
                    } else {
                        0.0
                    };
                    assert_eq!(wide.input(channel, step), expected, "{}", task.name());
                }
                for channel in 0..=outputs {
                    let found = wide.at(channel, step);
                    if step < steps && channel < outputs {
                        assert_eq!(found, narrow.at(channel, step), "{}", task.name());
                    } else {
                        assert_eq!((found.target, found.weight), (0.0, 0.0), "{}", task.name());
                    }
                }
            }
        }
    }
}

#[test]
#[should_panic(expected = "flip-flop has 3 inputs and does not fit into a batch of 2")]
fn a_batch_too_small_is_refused() {
    draw(&FlipFlop::default(), [100, 1, 2, 3], 0);
}

#[test]
fn every_trial_has_targets_that_count_and_the_longest_fills_the_batch() {
    for spec in tasks() {
        let task = spec.task();
        let batch = task.batch(400, 3);
        let mut longest = 0;
        for trial in 0..400 {
            let answer = batch.answer(trial, &batch.targets);
            let mut counted = (0..batch.steps).filter(|&step| {
                let weights =
                    (0..batch.output_channels).map(|channel| answer.at(channel, step).weight);
                weights.fold(0.0, f64::max) > 0.0
            });
            let last = counted
                .next_back()
                .unwrap_or_else(|| panic!("{} trial {trial} counts nowhere", task.name()));
            longest = longest.max(last + 1);
        }
        // Trials whose length is a sum of several drawn parts seldom have the greatest length.
        assert!(
            longest * 10 >= batch.steps * 8,
            "{}: {longest} of {}",
            task.name(),
            batch.steps
        );
        assert!(
            batch
                .weights
                .iter()
                .all(|weight| weight.is_finite() && *weight >= 0.0)
        );
        assert!(
            batch
                .inputs
                .iter()
                .chain(&batch.targets)
                .all(|value| value.is_finite())
        );
    }
}

#[test]
fn accuracy_is_1_for_the_targets_and_chance_for_the_best_constant() {
    for spec in tasks() {
        let task = spec.task();
        if task.is_in_world() {
            // It is judged by what was done, not by what is put out; `worlds.rs` tests it.
            continue;
        }
        let batch = task.batch(2000, 11);
        let name = task.name();
        assert!(
            (task.accuracy(&batch, &batch.targets) - 1.0).abs() < 1e-12,
            "{name}"
        );
        let nan = vec![f64::NAN; batch.targets.len()];
        assert_eq!(task.accuracy(&batch, &nan), 0.0, "{name}");
        let outputs = task.output_channels();
        let uniform = [-1.0, 0.0, 0.3, 1.0].map(|constant| vec![constant; outputs]);
        let one_hot = (0..outputs).map(|hot| {
            let mut constants = vec![0.0; outputs];
            constants[hot] = 1.0;
            constants
        });
        let best = uniform
            .into_iter()
            .chain(one_hot)
            .map(|constants| task.accuracy(&batch, &constants.repeat(batch.steps * batch.trials)))
            .fold(0.0, f64::max);
        // Five standard deviations of 2000 draws.
        assert!(
            (best - task.chance()).abs() < 0.056,
            "{name}: {best}, chance {}",
            task.chance()
        );
    }
}

#[test]
fn every_parameter_is_described_and_every_description_is_of_a_parameter() {
    for spec in TaskSpec::all() {
        let about = spec.task().about();
        let mut found = names(|visitor| spec.clone().task_mut().parameters(visitor));
        for other in tasks()
            .iter_mut()
            .filter(|other| other.task().name() == about.name)
        {
            found.extend(names(|visitor| other.task_mut().parameters(visitor)));
        }
        for name in &found {
            let parameter = about
                .parameter(name)
                .unwrap_or_else(|| panic!("{}: {name}", about.name));
            assert!(!parameter.meaning.is_empty());
        }
        for parameter in about.parameters {
            assert!(
                found.contains(&parameter.name),
                "{}: {}",
                about.name,
                parameter.name
            );
        }
        assert!(
            about.summary.len() <= 80 && !about.source.is_empty() && !about.accuracy.is_empty()
        );
    }
}

#[test]
fn names_of_tasks_probes_and_channels_are_different() {
    let mut task_names: Vec<_> = TaskSpec::all()
        .iter()
        .map(|spec| spec.task().name())
        .collect();
    task_names.sort_unstable();
    task_names.dedup();
    assert_eq!(task_names.len(), TaskSpec::all().len());
    for spec in tasks() {
        let task = spec.task();
        let probes = task.probes(task.input_channels() + 2);
        assert!(!probes.is_empty());
        for probe in &probes {
            assert_eq!(
                probe.input.len(),
                task.input_channels() + 2,
                "{}",
                task.name()
            );
        }
        let lists = [
            probes
                .into_iter()
                .map(|probe| probe.name)
                .collect::<Vec<_>>(),
            (0..task.input_channels())
                .map(|channel| task.input_name(channel))
                .collect(),
            (0..task.output_channels())
                .map(|channel| task.output_name(channel))
                .collect(),
        ];
        for mut list in lists {
            let count = list.len();
            list.sort_unstable();
            list.dedup();
            assert_eq!(list.len(), count, "{}: {list:?}", task.name());
        }
    }
}

#[test]
fn impossible_timings_name_the_key_and_what_would_be_right() {
    for (name, change, part) in [
        (
            "interval-reproduction",
            "pulse_width=20",
            "key `pulse_width`: expected less than `interval_min`, which is 20",
        ),
        (
            "interval-discrimination",
            "interval_min=30",
            "key `interval_min`: expected less than `interval_max`",
        ),
        (
            "memory-response",
            "delay_max_ms=100",
            "key `delay_min_ms`: expected at most `delay_max_ms`, which is 100",
        ),
        (
            "memory-response",
            "response_min_ms=100",
            "key `response_min_ms`: expected at least one time step more",
        ),
        (
            "moving-average",
            "trial_steps=20",
            "key `trial_steps`: expected at least 34",
        ),
        (
            "delayed-classification",
            "classes=5",
            "key `classes_used`: expected at most `classes`, which is 5",
        ),
        (
            "sine",
            "generate_secs=60000",
            "key `generate_secs`: expected with `drive_secs` at most 50000",
        ),
        ("flip-flop", "gap_min=3", "found beside task `flip-flop`"),
    ] {
        let message = match curriculum::task(name, &[change.parse().unwrap()]) {
            Ok(task) => panic!("{name} {change} is taken: {task:?}"),
            Err(error) => error.to_string(),
        };
        assert!(message.contains(part), "{name} {change}: {message}");
    }
}
