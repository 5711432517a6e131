//! Whole runs: stopping and resuming, divergence, stages, and what the tables hold.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::atomic::AtomicBool;

use crate::support::{keep_lines, problems, train, train_and_kill};
use creode::curriculum::Curriculum;
use creode::lab::recorder::MemoryRecorder;
use creode::lab::{self, Outcome};
use creode::landscape::events::event::EventKind;
use creode::trace::rows::{BranchRow, EventRow, FixedPointRow, LandscapeRow, StepRow};
use creode::trace::{Run, verify};

const SMALL: &str = r#"
seed = 5
[network]
cell = "vanilla"
units = 12
[training]
trials_per_step = 20
[optimiser]
learning_rate = 1e-2
clip_norm = 1.0
[[stage]]
name = "one bit"
task = "flip-flop"
bits = 1
trial_steps = 30
until = { steps = 60 }
[[stage]]
name = "two bits"
task = "flip-flop"
bits = 2
trial_steps = 30
until = { steps = 60 }
[checkpoints]
every = 25
[analysis]
starts = 128
probe_trials = 6
"#;

fn curriculum(changes: &[&str]) -> Curriculum {
    let overrides: Vec<_> = changes
        .iter()
        .map(|change| change.parse().unwrap())
        .collect();
    Curriculum::parse(SMALL, "small.toml", &overrides).unwrap()
}

/// Everything in the tables but the clock.
#[derive(Clone, PartialEq)]
struct Content {
    weights: Vec<Vec<u8>>,
    landscapes: Vec<LandscapeRow>,
    fixed_points: Vec<FixedPointRow>,
    losses: Vec<(u64, f64)>,
    events: Vec<EventRow>,
    branches: Vec<BranchRow>,
}

fn content(dir: &Path) -> Content {
    let run = Run::open(dir).unwrap();
    let entries: Vec<u32> = run.entries().iter().map(|entry| entry.checkpoint).collect();
    let mut landscapes: Vec<LandscapeRow> = entries
        .iter()
        .flat_map(|&c| run.landscapes(c).unwrap())
        .collect();
    for row in &mut landscapes {
        row.wall_secs = 0.0;
    }
    Content {
        weights: entries
            .iter()
            .map(|&c| run.weights(c).unwrap().bytes)
            .collect(),
        landscapes,
        fixed_points: entries
            .iter()
            .flat_map(|&c| run.fixed_points(c).unwrap())
            .collect(),
        losses: run
            .steps()
            .unwrap()
            .iter()
            .map(|row| (row.step, row.loss))
            .collect(),
        events: run.events().unwrap().unwrap(),
        branches: run.branches().unwrap().unwrap(),
    }
}

fn assert_same(found: &Content, expected: &Content, when: &str) {
    assert!(found.weights == expected.weights, "{when}: weights");
    assert_eq!(found.losses, expected.losses, "{when}");
    assert_eq!(found.landscapes, expected.landscapes, "{when}");
    assert_eq!(found.events, expected.events, "{when}");
    assert_eq!(found.branches, expected.branches, "{when}");
    for (found, expected) in found.fixed_points.iter().zip(&expected.fixed_points) {
        assert_eq!(found, expected, "{when}");
    }
    assert_eq!(
        found.fixed_points.len(),
        expected.fixed_points.len(),
        "{when}"
    );
}

#[test]
fn a_run_stopped_anywhere_ends_like_one_that_was_not() {
    let folder = tempfile::tempdir().unwrap();
    let curriculum = curriculum(&[]);
    let whole = folder.path().join("whole");
    assert_eq!(train(&curriculum, &whole, None).outcome, Outcome::Finished);
    let (steps, checkpoints) = {
        let run = Run::open(&whole).unwrap();
        (
            run.steps().unwrap(),
            run.entries()
                .iter()
                .map(|entry| entry.step)
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(steps.len(), 120);
    assert_eq!(
        checkpoints,
        [0, 25, 50, 60, 75, 100, 120],
        "the end of a stage is a checkpoint"
    );

    // At a checkpoint, between two, at the end of a stage, and just before the end.
    for stops in [vec![25], vec![33, 1], vec![60, 30], vec![119]] {
        let dir = folder.path().join(format!("stopped-{}", stops[0]));
        for &after in &stops {
            assert_eq!(
                train(&curriculum, &dir, Some(after)).outcome,
                Outcome::Interrupted
            );
            assert_eq!(verify(&dir).unwrap().problems, []);
        }
        assert_eq!(train(&curriculum, &dir, None).outcome, Outcome::Finished);
        assert_same(
            &content(&dir),
            &content(&whole),
            &format!("stopped after {stops:?}"),
        );
    }
}

#[test]
fn analysis_of_a_run_that_lost_its_last_landscapes_is_made_up_for() {
    let folder = tempfile::tempdir().unwrap();
    let curriculum = curriculum(&[]);
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    train_and_kill(&curriculum, &whole, &cut);
    // As if killed after the weights of step 75 and the landscape of step 25 were written.
    keep_lines(&cut, |event| {
        let step = event["step"].as_u64().unwrap_or(0);
        match event["event"].as_str().unwrap() {
            "checkpoint" => step <= 75,
            "landscape" => step <= 25,
            _ => true,
        }
    });
    assert_eq!(train(&curriculum, &cut, None).outcome, Outcome::Finished);
    assert_same(&content(&cut), &content(&whole), "cut");
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    let curriculum = curriculum(&[
        "network.cell=gru",
        "stage.0.until.steps=20",
        "stage.1.until.steps=20",
    ]);
    let contents: Vec<_> = [1, 2]
        .map(|threads| {
            let dir = folder.path().join(threads.to_string());
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| train(&curriculum, &dir, None));
            content(&dir)
        })
        .to_vec();
    assert!(contents[0] == contents[1]);
}

#[test]
fn divergence_is_reported_with_its_step_after_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let curriculum = curriculum(&[
        "network.activation=relu",
        "network.recurrent_gain=40",
        "optimiser.rule=sgd",
        "optimiser.learning_rate=1000",
    ]);
    let dir = folder.path().join("run");
    let summary = train(&curriculum, &dir, None);
    let Outcome::Diverged { message } = summary.outcome else {
        panic!("{summary:?}")
    };
    assert!(
        message.contains(&format!("at step {}", summary.step + 1)),
        "{message}"
    );
    let run = Run::open(&dir).unwrap();
    assert_eq!(run.entries().last().unwrap().step, summary.step);
    assert!(run.ending().unwrap().message.contains("at step"));
    assert_eq!(
        verify(&dir).unwrap().problems,
        [],
        "the weights before the divergence are finite"
    );
}

#[test]
fn a_trained_bit_is_two_memories_with_a_saddle_between() {
    let folder = tempfile::tempdir().unwrap();
    let curriculum = curriculum(&[
        "stage.0.until.steps=300",
        "stage.1.until.steps=1",
        "checkpoints.every=50",
    ]);
    let dir = folder.path().join("run");
    let summary = train(&curriculum, &dir, None);
    assert_eq!(summary.by_unstable, [2, 1]);
    let run = Run::open(&dir).unwrap();
    let last = run.entries().last().unwrap().checkpoint;
    let points = run.fixed_points(last).unwrap();
    let mut memories: Vec<f64> = points
        .iter()
        .filter(|p| p.n_unstable == 0)
        .map(|p| p.readout[0])
        .collect();
    memories.sort_by(f64::total_cmp);
    assert!(
        (memories[0] + 1.0).abs() < 0.2 && (memories[1] - 1.0).abs() < 0.2,
        "{memories:?}"
    );
    assert!(points.iter().all(|point| point.q < 1e-24));
    for entry in run.entries() {
        for row in run.landscapes(entry.checkpoint).unwrap() {
            assert!(row.index_sum == 1 || row.warning.is_some(), "{row:?}");
        }
        let points = run.fixed_points(entry.checkpoint).unwrap();
        let mut ids: Vec<u32> = points.iter().map(|point| point.point).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(
            ids.len(),
            points.len(),
            "each point has an identity of its own"
        );
        assert_eq!(
            run.spectra(entry.checkpoint).unwrap().len(),
            12 * points.len()
        );
    }
}

#[test]
fn a_checkpoint_with_nan_weights_cannot_be_resumed_and_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let curriculum = curriculum(&[]);
    let dir = folder.path().join("run");
    train(&curriculum, &dir, Some(30));
    let run = Run::open(&dir).unwrap();
    let mut file =
        creode::trace::CheckpointFile::from_bytes(&run.weights(1).unwrap().bytes).unwrap();
    let tensor = file
        .tensors
        .iter_mut()
        .find(|tensor| tensor.name == "rnn.weight_hh_l0")
        .unwrap();
    if let creode::tensors::TensorValues::F32(values) = &mut tensor.values {
        values[3] = f32::NAN;
    }
    let bytes = file.to_bytes().unwrap();
    let error = lab::saved::Saved::<f32>::from_bytes(&bytes, &curriculum.network).unwrap_err();
    assert!(
        error.contains("rnn.weight_hh_l0") && error.contains("NaN"),
        "{error}"
    );
}

/// What was found while training is what the whole run tells, where no point had been missed.
fn assert_same_history(live: &Content, whole: &[EventRow]) {
    assert_eq!(live.events, whole);
    let stored: usize = live
        .branches
        .iter()
        .filter(|row| row.point.is_some())
        .count();
    assert_eq!(stored, live.fixed_points.len());
    let stable = |row: &&FixedPointRow| row.n_unstable == 0;
    for landscape in &live.landscapes {
        let points = live.fixed_points.iter().filter(stable);
        let shares: Vec<f64> = points
            .filter(|row| row.checkpoint == landscape.checkpoint)
            .map(|row| row.basin_fraction.unwrap())
            .collect();
        assert!(shares.iter().sum::<f64>() <= 1.0, "{shares:?}");
    }
    let last = live.landscapes.last().unwrap().checkpoint;
    let ends = live.fixed_points.iter().filter(stable);
    let drawn_in: f64 = ends
        .filter(|row| row.checkpoint == last)
        .filter_map(|row| row.basin_fraction)
        .sum();
    assert!(drawn_in > 0.95, "{drawn_in}");
}

/// One bit, then two: every point that appears is born in a located fold, and the books balance in every interval.
#[test]
fn every_change_of_the_landscape_is_explained_by_located_bifurcations() {
    let folder = tempfile::tempdir().unwrap();
    let curriculum = curriculum(&[
        "stage.0.until.steps=200",
        "stage.1.until.steps=300",
        "checkpoints.every=50",
    ]);
    let dir = folder.path().join("run");
    let summary = train(&curriculum, &dir, None);
    assert_eq!(summary.by_unstable, [4, 4, 1]);
    let live = content(&dir);
    let history = lab::history::of_run(&dir, 1, &|_, _| {}).unwrap();
    assert_same_history(
        &live,
        &lab::history::event_rows(&dir, &history.intervals).unwrap(),
    );
    let intervals = history.intervals;
    assert_eq!(intervals.len(), 10);
    let (mut created, mut folds) = (0, 0);
    for interval in &intervals {
        assert_eq!(interval.unexplained, [0; 0], "{}", interval.to_step);
        let before = interval.before.0 + interval.before.1;
        let after = interval.after.0 + interval.after.1;
        assert_eq!(interval.continued + 2 * interval.annihilated, before);
        assert_eq!(interval.continued + 2 * interval.created, after);
        created += interval.created;
        let net: f64 = interval
            .events
            .iter()
            .filter_map(|of| match &of.event.kind {
                EventKind::Fold(form) => Some(form.pair_side()),
                _ => None,
            })
            .sum();
        assert_eq!(net, interval.created as f64 - interval.annihilated as f64);
        for of in &interval.events {
            folds += usize::from(of.event.kind.code() == "LP");
            assert!(of.event.residual < 1e-11 && (0.0..=1.0).contains(&of.event.place.s));
            assert!(!of.branches.is_empty());
        }
    }
    assert!(
        created >= 3 && folds >= created,
        "{created} pairs in {folds} folds"
    );
}

#[test]
fn a_run_that_was_killed_just_before_its_ending_has_its_last_loss_when_it_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, killed) = (folder.path().join("run"), folder.path().join("killed"));
    let curriculum = curriculum(&[]);
    let whole = train_and_kill(&curriculum, &dir, &killed);
    let resumed = train(&curriculum, &killed, None);
    assert_eq!((&resumed.outcome, resumed.step), (&Outcome::Finished, 120));
    assert!(resumed.loss.is_finite());
    assert_eq!(
        (resumed.loss, resumed.accuracy),
        (whole.loss, whole.accuracy)
    );
    assert!(content(&dir) == content(&killed));
}

/// At a high gain searches from a few starts miss points that lie on the branches.
const MANY_MISSED: [&str; 3] = [
    "network.units=24",
    "network.recurrent_gain=3.0",
    "analysis.starts=8",
];

/// What continuation finds at a checkpoint is in its list, at the last one, too.
#[test]
fn what_the_branches_hold_is_in_the_lists() {
    let folder = tempfile::tempdir().unwrap();
    let curriculum = curriculum(&MANY_MISSED);
    train(&curriculum, folder.path(), None);
    let run = Run::open(folder.path()).unwrap();
    let mut joined = 0;
    for entry in run.entries() {
        let points = run.fixed_points(entry.checkpoint).unwrap();
        let landscapes = run.landscapes(entry.checkpoint).unwrap();
        joined += landscapes.iter().map(|of| of.n_from_later).sum::<u32>();
        let count: u32 = landscapes.iter().map(|of| of.n_fixed).sum();
        assert_eq!(count as usize, points.len());
        let branches = run.branches_at(entry.checkpoint).unwrap().unwrap();
        for row in branches
            .iter()
            .filter(|row| row.checkpoint == entry.checkpoint)
        {
            let is_listed = points
                .iter()
                .any(|point| point.condition == row.condition && Some(point.point) == row.point);
            assert!(is_listed, "step {}, branch {}", row.step, row.branch);
        }
    }
    assert!(joined > 0);
}

/// Such points are numbered late; a run that is taken up again numbers everything as one that was not stopped.
#[test]
fn a_resumed_run_numbers_what_continuation_found_as_an_uninterrupted_one() {
    let folder = tempfile::tempdir().unwrap();
    let curriculum = curriculum(&MANY_MISSED);
    let whole = folder.path().join("whole");
    train(&curriculum, &whole, None);
    let resumed = folder.path().join("resumed");
    for _ in 0..4 {
        train(&curriculum, &resumed, Some(27));
    }
    train(&curriculum, &resumed, None);
    let (whole, resumed) = (content(&whole), content(&resumed));
    assert!(whole.fixed_points == resumed.fixed_points);
    assert!(whole.landscapes == resumed.landscapes);
    assert!(whole.branches == resumed.branches);
    assert!(whole.events == resumed.events);
}

/// What a run says last is under a checksum, and a file that somebody put into its folder is named.
#[test]
fn what_an_interrupted_run_says_last_cannot_be_changed_unseen() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let summary = train(&curriculum(&[]), &dir, Some(30));
    assert_eq!(summary.outcome, Outcome::Interrupted);
    let log = dir.join("log.txt");
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.ends_with("interrupted at step 30\n"), "{text}");
    let run = Run::open(&dir).unwrap();
    assert!(run.last_log_lines().is_ok() && problems(&dir).is_empty());
    std::fs::write(&log, text.replace("step 30", "step 31")).unwrap();
    assert!(run.last_log_lines().is_err());
    let notes_on = |name: &str| {
        let notes = verify(&dir).unwrap().notes.into_iter();
        notes.filter(|note| note.path.ends_with(name)).count()
    };
    assert_eq!(notes_on("log.txt"), 1);
    std::fs::write(&log, text).unwrap();
    std::fs::write(dir.join("stray.parquet"), "mine").unwrap();
    assert_eq!((notes_on("log.txt"), notes_on("stray.parquet")), (0, 1));
}

/// What is kept in memory is what is kept on disk.
#[test]
fn a_run_in_memory_holds_what_one_on_disk_holds() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let curriculum = curriculum(&[]);
    train(&curriculum, &dir, None);
    let run = Run::open(&dir).unwrap();

    let recorder = MemoryRecorder::default();
    let never = AtomicBool::new(false);
    let summary = lab::train(&curriculum, &recorder, &never, &|_| {}).unwrap();
    assert_eq!(summary.outcome, Outcome::Finished);
    let recorded = recorder.into_recorded();

    let without_secs = |mut row: StepRow| {
        row.wall_secs = 0.0;
        row
    };
    let on_disk: Vec<StepRow> = run.steps().unwrap().into_iter().map(without_secs).collect();
    let in_memory: Vec<StepRow> = recorded.steps.into_iter().map(without_secs).collect();
    assert_eq!(on_disk, in_memory);
    assert_eq!(run.entries().len(), recorded.checkpoints.len());
    for (entry, of) in run.entries().iter().zip(&recorded.checkpoints) {
        let number = entry.checkpoint;
        assert_eq!((number, entry.step), (of.id.number, of.id.step));
        assert_eq!(run.weights(number).unwrap().bytes, of.weights);
        assert_eq!(run.fixed_points(number).unwrap(), of.fixed_points);
        assert_eq!(run.branches_at(number).unwrap().unwrap(), of.branches);
        assert_eq!(run.events_at(number).unwrap().unwrap(), of.events);
        assert!(!of.landscapes.is_empty() && !of.trials.is_empty());
    }
    let events = recorded.checkpoints.iter().map(|of| of.events.len());
    assert!(events.sum::<usize>() > 0);
    assert_eq!(recorded.ending.as_ref(), run.ending());
}
