//! Checkpoints that follow the change of the network, and stretches of a run that are trained once more.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::atomic::AtomicBool;

use crate::support::{keep_lines, train, train_and_kill};
use creode::curriculum::Curriculum;
use creode::lab::zoom::{Stretch, folder, zoom};
use creode::lab::{self, Outcome};
use creode::trace::{CheckpointFile, Run, verify};

/// One bit, learned within 200 steps; two memories and a saddle appear on the way.
const ONE_BIT: &str = r#"
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
task = "flip-flop"
bits = 1
trial_steps = 30
until = { steps = 200 }
[checkpoints]
adaptive = { budget = 14, coarsest = 40, finest = 2, loss_factor = 1e6, movement = 1e6, weight_change = 1e6 }
[analysis]
starts = 64
probe_trials = 6
"#;

fn curriculum(changes: &[&str]) -> Curriculum {
    let overrides: Vec<_> = changes.iter().map(|text| text.parse().unwrap()).collect();
    Curriculum::parse(ONE_BIT, "one-bit.toml", &overrides).unwrap()
}

fn steps_of(dir: &Path) -> Vec<u64> {
    let run = Run::open(dir).unwrap();
    run.entries().iter().map(|entry| entry.step).collect()
}

fn weights_of(dir: &Path) -> Vec<Vec<u8>> {
    let run = Run::open(dir).unwrap();
    let files = run
        .entries()
        .iter()
        .map(|entry| run.weights(entry.checkpoint));
    files.map(|file| file.unwrap().bytes).collect()
}

/// All fixed points by number of unstable directions.
fn by_unstable(run: &Run, checkpoint: u32) -> Vec<usize> {
    let mut counts = vec![0; 13];
    for point in run.fixed_points(checkpoint).unwrap() {
        counts[usize::from(point.n_unstable)] += 1;
    }
    counts
}

#[test]
fn checkpoints_cluster_where_fixed_points_appear_and_the_budget_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("adaptive");
    assert_eq!(
        train(&curriculum(&[]), &dir, None).outcome,
        Outcome::Finished
    );
    assert_eq!(verify(&dir).unwrap().problems, []);
    let steps = steps_of(&dir);
    assert!(
        steps.len() <= 14 && steps.is_sorted_by(|a, b| a < b),
        "{steps:?}"
    );
    for coarse in (0..=200).step_by(40) {
        assert!(steps.contains(&coarse), "{coarse} in {steps:?}");
    }
    let run = Run::open(&dir).unwrap();
    let changes = |of: &dyn Fn(u64) -> bool| {
        let pairs = run.entries().windows(2);
        let chosen = pairs.filter(|pair| of(pair[1].step - pair[0].step));
        chosen
            .map(|pair| {
                usize::from(
                    by_unstable(&run, pair[0].checkpoint) != by_unstable(&run, pair[1].checkpoint),
                )
            })
            .collect::<Vec<_>>()
    };
    let (short, long) = (changes(&|gap| gap < 40), changes(&|gap| gap == 40));
    assert!(short.len() >= 3, "{steps:?}");
    assert!(short.contains(&1), "{steps:?}");
    assert!(
        !long.contains(&1),
        "a change in a gap that was left whole: {steps:?}"
    );

    // The policy decides what is kept, never what is learned.
    let fixed = folder.path().join("fixed");
    let every = Curriculum::parse(
        &ONE_BIT
            .lines()
            .map(|line| {
                if line.starts_with("adaptive") {
                    "every = 40"
                } else {
                    line
                }
            })
            .collect::<Vec<_>>()
            .join("\n"),
        "one-bit.toml",
        &[],
    );
    train(&every.unwrap(), &fixed, None);
    let last = |dir: &Path| CheckpointFile::from_bytes(weights_of(dir).last().unwrap()).unwrap();
    assert_eq!(last(&dir).tensors, last(&fixed).tensors);
}

#[test]
fn an_adaptive_run_stopped_anywhere_ends_with_the_same_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    let short = curriculum(&["stage.0.until.steps=120", "checkpoints.adaptive.budget=9"]);
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    train_and_kill(&short, &whole, &killed);
    let rows = |dir: &Path| -> Vec<(u64, f64)> {
        let steps = Run::open(dir).unwrap().steps().unwrap();
        steps.iter().map(|row| (row.step, row.loss)).collect()
    };
    for stops in [vec![50], vec![119, 30]] {
        let dir = folder.path().join(format!("stopped-{}", stops[0]));
        for &after in &stops {
            assert_eq!(
                train(&short, &dir, Some(after)).outcome,
                Outcome::Interrupted
            );
        }
        assert_eq!(train(&short, &dir, None).outcome, Outcome::Finished);
        assert!(
            weights_of(&dir) == weights_of(&whole),
            "stopped after {stops:?}"
        );
        assert_eq!(rows(&dir), rows(&whole));
        assert_eq!(verify(&dir).unwrap().problems, []);
    }
    // As if killed between the checkpoints of one interval.
    let checkpoints = steps_of(&whole);
    let within = checkpoints.iter().position(|step| step % 40 != 0).unwrap();
    keep_lines(&killed, |event| {
        let step = event["step"].as_u64().unwrap_or(0);
        step <= checkpoints[within]
    });
    let expected = weights_of(&folder.path().join("stopped-50"));
    assert_eq!(train(&short, &killed, None).outcome, Outcome::Finished);
    assert!(weights_of(&killed) == expected);
}

#[test]
fn a_zoom_is_the_run_itself_step_by_step() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = tmp.path().join("run");
    let fixed = curriculum(&["checkpoints.every=20", "stage.0.until.steps=60"]);
    train(&fixed, &dir, None);
    let stretch = Stretch {
        from: 1,
        to: 2,
        every: 5,
    };
    let none = AtomicBool::new(false);
    let summary = zoom(&dir, stretch, &none, &|_| {}).unwrap();
    assert_eq!((summary.outcome, summary.step), (Outcome::Finished, 40));
    let zoomed = folder(&dir, stretch);
    assert_eq!(steps_of(&zoomed), [20, 25, 30, 35, 40]);
    assert_eq!(verify(&zoomed).unwrap().problems, []);
    let run = Run::open(&zoomed).unwrap();
    assert!(run.events().unwrap().is_some() && run.branches().unwrap().is_some());
    let losses: Vec<f64> = run.steps().unwrap().iter().map(|row| row.loss).collect();
    let own = Run::open(&dir).unwrap().steps().unwrap();
    assert!(own[20..40].iter().map(|row| row.loss).eq(losses));
    let trials = |run: &Run, checkpoint| run.trials(checkpoint).unwrap().pop().unwrap().pc;
    assert_eq!(
        trials(&run, 4),
        trials(&Run::open(&dir).unwrap(), 2),
        "the fixed view is that of the run"
    );

    let message = |stretch| zoom(&dir, stretch, &none, &|_| {}).unwrap_err().to_string();
    assert!(
        message(Stretch {
            from: 2,
            to: 2,
            every: 1
        })
        .contains("a later one")
    );
    assert!(
        message(Stretch {
            from: 0,
            to: 9,
            every: 1
        })
        .contains('9')
    );
}

/// A shipped curriculum with a small network and two steps a stage.
fn shortened(path: &Path) -> Curriculum {
    let mut short = Curriculum::load(path, &[]).unwrap();
    short.network.units = 6;
    short.trials_per_step = 4;
    short.analysis.starts = 16;
    short.analysis.probe_trials = 2;
    short.checkpoints = creode::curriculum::CheckpointPolicy::Every(2);
    for stage in &mut short.stages {
        stage.until.steps = 2;
    }
    for probe in &mut short.probes {
        probe.trials = 3;
    }
    short
}

#[test]
fn every_shipped_curriculum_runs() {
    let tmp = tempfile::tempdir().unwrap();
    let curricula = Path::new(env!("CARGO_MANIFEST_DIR")).join("curricula");
    let mut count = 0;
    for entry in std::fs::read_dir(curricula).unwrap() {
        let path = entry.unwrap().path();
        // Populations lie in a folder of their own.
        if path.is_dir() {
            continue;
        }
        let short = shortened(&path);
        let dir = tmp.path().join(path.file_stem().unwrap());
        let summary = train(&short, &dir, None);
        assert_eq!(summary.outcome, Outcome::Finished, "{}", path.display());
        assert_eq!(summary.step, 2 * short.stages.len() as u64);
        assert_eq!(verify(&dir).unwrap().problems, [], "{}", path.display());
        let run = Run::open(&dir).unwrap();
        for entry in run.entries() {
            let evaluated = run.evaluations(entry.checkpoint).unwrap();
            assert_eq!(evaluated.len(), short.probes.len(), "{}", path.display());
            assert!(evaluated.iter().all(|row| row.loss.is_finite()));
        }
        count += 1;
    }
    assert!(count >= 12, "{count} curricula");
}

#[test]
fn a_run_starts_from_the_weights_of_another_and_leaves_frozen_parts_alone() {
    let tmp = tempfile::tempdir().unwrap();
    let changes = ["checkpoints.every=20", "stage.0.until.steps=20"];
    train(&curriculum(&changes), &tmp.path().join("first"), None);
    let file = tmp.path().join("second.toml");
    let text = ONE_BIT.replace(
        "units = 12",
        "units = 12\nfrom = \"first\"\nfrozen = [\"recurrent\", \"input\"]",
    );
    std::fs::write(&file, text).unwrap();
    let changes: Vec<_> = changes.iter().map(|text| text.parse().unwrap()).collect();
    let second = Curriculum::load_beside(&file, &changes, tmp.path()).unwrap();
    assert_eq!(second.transfer.as_ref().unwrap().from_checkpoint, 1);
    let dir = tmp.path().join("second");
    train(&second, &dir, None);
    let tensors = |dir: &Path, checkpoint: usize| {
        CheckpointFile::from_bytes(&weights_of(dir)[checkpoint]).unwrap()
    };
    let learned = tensors(&tmp.path().join("first"), 1);
    let (before, after) = (tensors(&dir, 0), tensors(&dir, 1));
    for tensor in learned
        .tensors
        .iter()
        .filter(|tensor| !tensor.name.contains("optimiser"))
    {
        let name = &tensor.name;
        assert_eq!(before.tensor(name), Some(tensor), "{name}");
        let is_frozen = name.contains("weight_hh") || name.contains("weight_ih");
        assert_eq!(after.tensor(name) == Some(tensor), is_frozen, "{name}");
    }
    // What the run was made with stands in its run.toml, and needs the other run no more.
    std::fs::remove_dir_all(tmp.path().join("first")).unwrap();
    assert_eq!(lab::curriculum_of(&dir).unwrap(), second);

    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        text.replace("units = 12", "units = 13")
            .replace("\"first\"", "\"second\""),
    )
    .unwrap();
    let message = Curriculum::load_beside(&file, &changes, tmp.path())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("second.toml:6") && message.contains("`units = 12` (here 13)"),
        "{message}"
    );
    let message =
        Curriculum::load_beside(&file, &["network.from=third".parse().unwrap()], tmp.path());
    assert!(message.unwrap_err().to_string().contains("third"));
}
