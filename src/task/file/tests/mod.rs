#![allow(clippy::unwrap_used)]

mod flaws;
mod formats;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, Int64Array, RecordBatch, StringArray,
};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

use super::*;
use crate::curriculum::{self, Curriculum, Override};
use crate::lab::training::{Step, Training};
use crate::open_field::recording::tests::npz;
use crate::streams::Stream;
use crate::task::delayed_match::DelayedMatch;
use crate::task::flip_flop::FlipFlop;
use crate::task::perceptual_integration::PerceptualIntegration;
use crate::task::{Batch, TaskSpec};
use crate::train::engines::EngineReal as _;

/// An array: its name, its shape as Python writes it, and its numbers.
type Array<'a> = (&'a str, &'a str, Vec<f64>);

/// A folder with files.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn npz(&self, name: &str, arrays: &[Array<'_>]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, npz(arrays)).unwrap();
        path
    }

    fn parquet(&self, name: &str, columns: Vec<(&str, ArrayRef)>) -> PathBuf {
        let path = self.path(name);
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        // As pandas and pyarrow compress.
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
        let file = std::fs::File::create(&path).unwrap();
        let mut writer =
            ArrowWriter::try_new(file, batch.schema(), Some(properties.build())).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        path
    }
}

fn task(path: &Path, changes: &[&str]) -> Result<TaskSpec, String> {
    let file = format!("file={}", path.display());
    let changes = std::iter::once(file.as_str()).chain(changes.iter().copied());
    let changes: Vec<Override> = changes.map(|text| text.parse().unwrap()).collect();
    curriculum::task("file", &changes).map_err(|error| error.to_string())
}

fn file_task(spec: &TaskSpec) -> &FileTask {
    let any: &dyn std::any::Any = spec.task();
    any.downcast_ref().unwrap()
}

fn shape(extents: &[usize]) -> String {
    let extents: Vec<String> = extents.iter().map(|of| format!("{of},")).collect();
    format!("({})", extents.join(" "))
}

/// The arrays of a batch, trial by trial, all of them held out: they then come in their order.
fn exported(batch: &Batch) -> Vec<(&'static str, String, Vec<f64>)> {
    let (steps, trials) = (batch.steps, batch.trials);
    let by_trial = |values: &[f64]| {
        let width = values.len() / (steps * trials);
        let rows = (0..trials * steps).map(|row| row % steps * trials + row / steps);
        let values: Vec<f64> = rows
            .flat_map(|row| values[row * width..][..width].to_vec())
            .collect();
        (shape(&[trials, steps, width]), values)
    };
    let (inputs, targets, weights) = (
        by_trial(&batch.inputs),
        by_trial(&batch.targets),
        by_trial(&batch.weights),
    );
    vec![
        ("inputs", inputs.0, inputs.1),
        ("targets", targets.0, targets.1),
        ("mask", weights.0, weights.1),
        ("is_test", shape(&[trials]), vec![1.0; trials]),
    ]
}

fn borrowed<'a>(arrays: &'a [(&'static str, String, Vec<f64>)]) -> Vec<Array<'a>> {
    let of = |(name, shape, values): &'a (&'static str, String, Vec<f64>)| {
        (*name, shape.as_str(), values.clone())
    };
    arrays.iter().map(of).collect()
}

/// Trials of two steps, one input and one output, with other arrays beside or instead.
fn small<'a>(others: &[Array<'a>]) -> Vec<Array<'a>> {
    let usual: [Array<'a>; 2] = [
        ("inputs", "(3, 2, 1)", vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        (
            "targets",
            "(3, 2, 1)",
            vec![-1.0, 1.0, -2.0, 2.0, -3.0, 3.0],
        ),
    ];
    let kept = usual
        .into_iter()
        .filter(|(name, ..)| others.iter().all(|(other, ..)| other != name));
    kept.chain(others.iter().cloned()).collect()
}

#[test]
fn the_exported_batch_of_a_task_is_that_batch_and_its_loss_at_the_first_step_that_loss() {
    let tasks = [
        (
            TaskSpec::new(FlipFlop {
                trial_steps: 12,
                pulse_probability: 0.2,
                ..FlipFlop::default()
            }),
            "flip-flop\"\ntrial_steps = 12\npulse_probability = 0.2",
        ),
        (
            TaskSpec::new(PerceptualIntegration {
                dt_ms: 100,
                ..PerceptualIntegration::default()
            }),
            "perceptual-integration\"\ndt_ms = 100",
        ),
        (TaskSpec::new(DelayedMatch::default()), "delayed-match\""),
    ];
    for (spec, keys) in tasks {
        let built_in = spec.task();
        let mut batch = Batch::zeros(
            built_in.trial_steps(),
            8,
            built_in.input_channels(),
            built_in.output_channels(),
        );
        built_in.draw(&mut Stream::TrainingStep(1).open(5), &mut batch);
        let files = Files::new();
        let path = files.npz("trials.npz", &borrowed(&exported(&batch)));
        let again = task(&path, &["split=test"]).unwrap();
        let read = again.task().batch(8, 99);
        // Behind the end of a shorter trial nothing counts, whatever its target was.
        assert_eq!(
            (&read.inputs, &read.weights),
            (&batch.inputs, &batch.weights)
        );
        for (place, weight) in batch.weights.iter().enumerate() {
            if *weight > 0.0 {
                assert_eq!(read.targets[place], batch.targets[place]);
            }
        }
        let first_loss = |task: &str| {
            let text = format!(
                "seed = 5\n[network]\ncell = \"gru\"\nunits = 6\n[training]\ntrials_per_step = 8\n[[stage]]\ntask = \"{task}\n\
                 until = {{ steps = 1 }}\n[checkpoints]\nevery = 1\n"
            );
            let curriculum = Curriculum::parse(&text, "one.toml", &[]).unwrap();
            match Training::<f32>::begin(&curriculum).unwrap().step().unwrap() {
                Step::Made(made) => made.loss,
                Step::Diverged { message, .. } => panic!("{message}"),
            }
        };
        if batch.objectives.is_empty() {
            let from_file = format!("file\"\nfile = '{}'\nsplit = \"test\"", path.display());
            assert_eq!(first_loss(&from_file), first_loss(keys));
        }
    }
}

#[test]
fn conditions_that_end_in_one_input_share_a_probe_and_without_any_there_is_one() {
    let files = Files::new();
    let inputs = ("inputs", "(3, 2, 1)", vec![1.0, 0.5, 2.0, 0.5, 3.0, 7.0]);
    let conditions = ("conditions", "(3,)", vec![4.0, -1.0, 9.0]);
    let path = files.npz("trials.npz", &small(&[inputs, conditions]));
    let probes = task(&path, &[]).unwrap().task().probes(1);
    assert_eq!(
        probes,
        [
            Probe::new("condition -1, condition 4", &[0.5], 1),
            Probe::new("condition 9", &[7.0], 1)
        ]
    );
    let path = files.npz("plain.npz", &small(&[]));
    let probes = task(&path, &[]).unwrap().task().probes(1);
    assert_eq!(probes, [Probe::new("end of trials", &[4.0], 1)]);
}

#[test]
fn labels_are_classes_judged_by_cross_entropy_and_free_below_0() {
    let files = Files::new();
    let labels = ("labels", "(3, 2)", vec![0.0, 2.0, -1.0, 1.0, -100.0, 2.0]);
    let arrays = small(&[labels]);
    let arrays: Vec<_> = arrays
        .into_iter()
        .filter(|(name, ..)| *name != "targets")
        .collect();
    let path = files.npz("trials.npz", &arrays);
    let spec = task(&path, &["split=all"]).unwrap();
    let (own, task) = (file_task(&spec), spec.task());
    assert_eq!((task.output_channels(), own.scoring()), (3, Scoring::Class));
    assert_eq!(task.objective(), Objective::choice(3));
    let set = own.trials();
    assert_eq!(
        [0, 1, 2].map(|channel| set.target(0, 1, channel)),
        [0.0, 0.0, 1.0]
    );
    assert_eq!([0, 1].map(|step| set.weight(1, step, 0)), [0.0, 1.0]);
    // Of the labels that count, 0, 2, 1, 2, half are 2.
    assert_eq!(task.chance(), 0.5);
    let batch = task.batch(200, 3);
    assert_eq!(task.accuracy(&batch, &batch.targets), 1.0);
    // Logits of 0: every choice of three costs log 3.
    assert!((batch.loss(&vec![0.0; batch.targets.len()]) - 3.0_f64.ln()).abs() < 1e-12);
    let one_a_trial = ("labels", "(3,)", vec![0.0, 1.0, 1.0]);
    let mask = ("mask", "(3, 2)", vec![0.0, 1.0, 0.0, 1.0, 1.0, 0.0]);
    let arrays = small(&[one_a_trial, mask]);
    let arrays: Vec<_> = arrays
        .into_iter()
        .filter(|(name, ..)| *name != "targets")
        .collect();
    let spec = super::tests::task(&files.npz("single.npz", &arrays), &["split=all"]).unwrap();
    let set = file_task(&spec).trials();
    assert_eq!(
        (
            set.target(2, 0, 1),
            set.weight(2, 0, 0),
            set.weight(2, 1, 0)
        ),
        (1.0, 1.0, 0.0)
    );
}

#[test]
fn every_score_is_1_for_the_targets_0_for_nan_and_chance_for_the_best_constant() {
    let files = Files::new();
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let targets: Vec<f64> = (0..200 * 3).map(|_| rng.random_range(-1.0..2.0)).collect();
    let inputs = ("inputs", "(200, 3, 1)", vec![0.0; 600]);
    let path = files.npz("trials.npz", &[inputs, ("targets", "(200, 3, 1)", targets)]);
    for (score, chance_at_least) in [("decision", 0.5), ("within", 0.2), ("explained", 0.0)] {
        let changes = [
            format!("score={score}"),
            "tolerance=0.4".to_owned(),
            "split=test".to_owned(),
            "test_share=0.9".to_owned(),
        ];
        let changes: Vec<&str> = changes.iter().map(String::as_str).collect();
        let spec = task(&path, &changes).unwrap();
        let task = spec.task();
        // Each of those that are held out once.
        let batch = task.batch(180, 0);
        assert_eq!(task.accuracy(&batch, &batch.targets), 1.0, "{score}");
        assert_eq!(task.accuracy(&batch, &vec![f64::NAN; 540]), 0.0, "{score}");
        let constants = (-400..=800).map(|of| f64::from(of) / 400.0);
        let best = constants.map(|constant| task.accuracy(&batch, &vec![constant; 540]));
        let best = best.fold(0.0, f64::max);
        assert!(
            (best - task.chance()).abs() < 0.02,
            "{score}: {best}, {}",
            task.chance()
        );
        assert!(
            task.chance() >= chance_at_least && task.chance() < 0.9,
            "{score}"
        );
    }
}

#[test]
fn what_is_held_out_is_never_drawn_for_training() {
    let files = Files::new();
    let numbers: Vec<f64> = (0..50).map(f64::from).collect();
    let arrays = [
        ("inputs", "(50, 1, 1)", numbers.clone()),
        ("targets", "(50, 1, 1)", numbers),
    ];
    let path = files.npz("trials.npz", &arrays);
    let drawn = |changes: &[&str]| file_task(&task(&path, changes).unwrap()).drawn().to_vec();
    let (train, test) = (drawn(&[]), drawn(&["split=test"]));
    assert_eq!((train.len(), test.len()), (40, 10));
    let mut all = [train.clone(), test.clone()].concat();
    all.sort_unstable();
    assert_eq!(all, drawn(&["split=all"]));
    assert_ne!(test, drawn(&["split=test", "split_seed=1"]));
    assert_eq!(drawn(&["split=test", "test_share=0.5"]).len(), 25);
    let spec = task(&path, &[]).unwrap();
    let batch = spec.task().batch(500, 2);
    assert!(
        batch
            .inputs
            .iter()
            .all(|&number| train.contains(&(number as usize)))
    );
    assert!(
        train
            .iter()
            .all(|&trial| batch.inputs.contains(&(trial as f64)))
    );
    let held_out = task(&path, &["split=test"]).unwrap().task().batch(10, 2);
    assert_eq!(
        held_out.inputs,
        test.iter().map(|&trial| trial as f64).collect::<Vec<_>>()
    );
    // What the file says counts.
    let flags: Vec<f64> = (0..50)
        .map(|trial| f64::from(u8::from(trial >= 47)))
        .collect();
    let numbers: Vec<f64> = (0..50).map(f64::from).collect();
    let arrays = [
        ("inputs", "(50, 1, 1)", numbers.clone()),
        ("targets", "(50, 1, 1)", numbers),
        ("is_test", "(50,)", flags),
    ];
    let path = files.npz("flags.npz", &arrays);
    assert_eq!(
        file_task(&task(&path, &["split=test"]).unwrap()).drawn(),
        [47, 48, 49]
    );
    let both = task(&path, &["test_share=0.2"]).unwrap_err();
    assert!(
        both.contains("key `test_share`: expected none: the file says with `is_test`"),
        "{both}"
    );
}

const HEAD: &str = "[network]\ncell = \"gru\"\nunits = 16\n[training]\ntrials_per_step = 32\n[optimiser]\nrule = \"adam\"\n\
                    learning_rate = 1e-2\n[checkpoints]\nevery = 50\n";

#[test]
fn a_file_beside_the_curriculum_is_found_and_one_that_has_changed_is_refused() {
    let files = Files::new();
    std::fs::create_dir(files.path("data")).unwrap();
    let path = files.npz("data/trials.npz", &small(&[]));
    let curriculum = files.path("own.toml");
    let text = format!(
        "{HEAD}[[stage]]\ntask = \"file\"\nfile = \"data/trials.npz\"\nuntil = {{ steps = 1 }}\n"
    );
    std::fs::write(&curriculum, &text).unwrap();
    let begun = Curriculum::load(&curriculum, &[]).unwrap();
    let resolved = begun.to_toml();
    for part in [
        "file_sha256 = ",
        "file_shape = \"trials 3, steps 2, inputs 1, outputs 1\"",
        "score = \"explained\"",
    ] {
        assert!(resolved.contains(part), "{resolved}");
    }
    assert!(resolved.contains(&path.display().to_string()), "{resolved}");
    let read = |text: &str, name: &str| Curriculum::parse(text, name, &[]);
    assert_eq!(read(&resolved, "elsewhere/run.toml").unwrap(), begun);
    // A copy of the curriculum, as populations make them.
    let copy = files.path("data/copy.toml");
    std::fs::write(&copy, &text).unwrap();
    assert_eq!(
        Curriculum::load_copy((&copy, &curriculum), &[], None)
            .unwrap()
            .stages,
        begun.stages
    );
    // Moved with the run: beside `run.toml`, by its name alone.
    let moved = files.path("trials.npz");
    std::fs::rename(&path, &moved).unwrap();
    let run = files.path("run.toml").display().to_string();
    assert_eq!(read(&resolved, &run).unwrap(), begun);
    // Another content, and another shape.
    let other = small(&[("inputs", "(3, 2, 1)", vec![9.0; 6])]);
    std::fs::write(&moved, npz(&other)).unwrap();
    let message = read(&resolved, &run).unwrap_err().to_string();
    assert!(
        message.contains("key `stage.0.file_sha256`: expected ")
            && message.contains("has changed since"),
        "{message}"
    );
    let other = [
        ("inputs", "(1, 2, 1)", vec![9.0; 2]),
        ("targets", "(1, 2, 1)", vec![9.0; 2]),
    ];
    std::fs::write(&moved, npz(&other)).unwrap();
    let message = read(&resolved, &run).unwrap_err().to_string();
    let expected = "key `stage.0.file_shape`: expected trials 1, steps 2, inputs 1, outputs 1, as";
    assert!(message.contains(expected), "{message}");
}

#[test]
fn a_network_learns_the_trials_of_a_file_and_goes_on_as_if_it_had_not_stopped() {
    // The sign of the sum of the inputs, asked for at the end.
    let files = Files::new();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let inputs: Vec<f64> = (0..120 * 6).map(|_| rng.random_range(-1.0..1.0)).collect();
    let labels: Vec<f64> = inputs
        .chunks(6)
        .map(|trial| f64::from(u8::from(trial.iter().sum::<f64>() > 0.0)))
        .collect();
    let mask: Vec<f64> = (0..120 * 6)
        .map(|place| f64::from(u8::from(place % 6 == 5)))
        .collect();
    let arrays = [
        ("inputs", "(120, 6, 1)", inputs),
        ("labels", "(120,)", labels),
        ("mask", "(120, 6)", mask),
    ];
    let path = files.npz("trials.npz", &arrays);
    let keys = format!(
        "task = \"file\"\nfile = '{}'\nnoise = 0.1\n",
        path.display()
    );
    let text = format!("{HEAD}[[stage]]\n{keys}until = {{ steps = 150 }}\n");
    let curriculum = Curriculum::parse(&text, "own.toml", &[]).unwrap();
    let mut training = Training::<f32>::begin(&curriculum).unwrap();
    let mut made = Vec::new();
    let mut stopped = None;
    while let Step::Made(step) = training.step().unwrap() {
        if step.step == 100 {
            stopped = Some(training.snapshot().unwrap());
        }
        made.push(step);
        if training.is_finished() {
            break;
        }
    }
    let last = &made[140..];
    let accuracy = last.iter().map(|step| step.accuracy).sum::<f64>() / last.len() as f64;
    assert!(
        accuracy > 0.85 && last[0].loss < made[0].loss / 3.0,
        "{accuracy}, {}",
        last[0].loss
    );
    let end = training.snapshot().unwrap();
    training.restore(&stopped.unwrap()).unwrap();
    while !training.is_finished() {
        training.step().unwrap();
    }
    assert_eq!(training.snapshot().unwrap().bytes, end.bytes);
    // It has not only learned them by heart.
    let spec = task(&path, &["split=test"]).unwrap();
    let batch = spec.task().batch(24, 0);
    let mut engine = f32::engine(curriculum.engine, &curriculum.network);
    let simulation = engine
        .simulate(training.parameters().unwrap(), &batch)
        .unwrap();
    assert!(spec.task().accuracy(&batch, &simulation.outputs) > 0.8);
}
