#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use super::*;
use crate::curriculum::{self, Override};
use crate::open_field::area::distance;
use crate::open_field::recording::tests::npz;
use crate::task::{Batch, TaskSpec};

fn task(changes: &[&str]) -> Result<TaskSpec, String> {
    let changes: Vec<Override> = changes.iter().map(|text| text.parse().unwrap()).collect();
    curriculum::task("path-integration", &changes).map_err(|error| error.to_string())
}

/// Every way to draw walks at random, to tell of motion, and to ask for places.
fn variants() -> Vec<TaskSpec> {
    let mut variants = Vec::new();
    for walk in ["walk=random", "walk=sorscher"] {
        for motion in ["motion=velocity", "motion=speed-and-heading"] {
            for targets in ["targets=position", "targets=place-cells"] {
                let keys = [walk, motion, targets, "trial_steps=20", "place_cells=30"];
                variants.push(task(&keys).unwrap());
            }
        }
    }
    variants
}

/// A walk along x at 0.1 m/s for 8 s, with a sample every 0.05 s.
fn straight() -> (tempfile::TempDir, PathBuf) {
    let times: Vec<f64> = (0..=160).map(|sample| 0.05 * f64::from(sample)).collect();
    let places: Vec<f64> = times
        .iter()
        .flat_map(|time| [0.1 + 0.1 * time, 0.5])
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("straight.npz");
    let bytes = npz(&[("t", "(161,)", times), ("pos", "(161, 2)", places)]);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

#[test]
fn exact_targets_score_1_and_constants_0() {
    for spec in variants() {
        let task = spec.task();
        let batch = task.batch(400, 3);
        let accuracy = task.accuracy(&batch, &batch.targets);
        assert!((accuracy - 1.0).abs() < 1e-12, "{accuracy}");
        let nan = vec![f64::NAN; batch.targets.len()];
        assert_eq!(task.accuracy(&batch, &nan), 0.0);
        for constant in [-1.0, 0.0, 0.3] {
            let accuracy = task.accuracy(&batch, &vec![constant; batch.targets.len()]);
            assert!(accuracy < 0.05, "{accuracy}");
        }
    }
}

#[test]
fn the_start_and_the_motion_lead_to_the_target() {
    for walk in ["walk=random", "walk=sorscher"] {
        for motion in ["motion=velocity", "motion=speed-and-heading"] {
            let spec = task(&[walk, motion, "trial_steps=50", "speed_unit=0.2"]).unwrap();
            let batch = spec.task().batch(10, 4);
            for trial in 0..10 {
                let answer = batch.answer(trial, &batch.targets);
                let channels = batch.input_channels;
                let mut place = [channels - 2, channels - 1].map(|at| answer.input(at, 0));
                for step in 0..50 {
                    let [a, b] = [0, 1].map(|channel| answer.input(channel, step));
                    let velocity = match channels {
                        4 => [a, b],
                        _ => [a * b, a * answer.input(2, step)],
                    };
                    for axis in 0..2 {
                        place[axis] += 0.1 * 0.2 * velocity[axis];
                        let target = answer.at(axis, step);
                        assert!((place[axis] - target.target).abs() < 1e-9);
                        assert_eq!(target.weight, 1.0);
                        let start = answer.input(channels - 2 + axis, step);
                        assert!(step == 0 || start == 0.0);
                    }
                }
            }
        }
    }
}

#[test]
fn place_cells_are_told_and_asked_for_as_their_code() {
    let spec = task(&["targets=place-cells", "place_cells=200", "trial_steps=10"]).unwrap();
    let positions = task(&["trial_steps=10"]).unwrap();
    let (batch, plain) = (spec.task().batch(5, 6), positions.task().batch(5, 6));
    let cells = PathIntegration {
        place_cells: 200,
        ..PathIntegration::default()
    }
    .cells();
    for trial in 0..5 {
        let code = |of: &dyn Fn(usize) -> f64| (0..200).map(of).collect::<Vec<f64>>();
        let (answer, place) = (
            batch.answer(trial, &batch.targets),
            plain.answer(trial, &plain.targets),
        );
        let start = [2, 3].map(|channel| place.input(channel, 0) + 0.5);
        assert_near(&code(&|cell| answer.input(2 + cell, 0)), &cells.code(start));
        let end = [0, 1].map(|axis| place.at(axis, 9).target + 0.5);
        let told = code(&|cell| answer.at(cell, 9).target);
        assert_near(&told, &cells.code(end));
        assert!(distance(cells.decode(&told), end) < 0.2);
    }
    assert_eq!(spec.task().objective(), Objective::choice(200));
}

fn assert_near(found: &[f64], expected: &[f64]) {
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 1e-12, "{a}, not {b}");
    }
}

#[test]
fn a_recorded_walk_along_a_line_is_told_as_one_velocity() {
    let (_folder, path) = straight();
    let trajectory = format!("trajectory={}", path.display());
    let spec = task(&["walk=recorded", &trajectory, "trial_steps=30"]).unwrap();
    let batch: Batch = spec.task().batch(20, 1);
    for trial in 0..20 {
        let answer = batch.answer(trial, &batch.targets);
        for step in 0..30 {
            assert!((answer.input(0, step) - 1.0).abs() < 1e-9);
            assert!(answer.input(1, step).abs() < 1e-9);
            let expected = answer.input(2, 0) + 0.01 * (step + 1) as f64;
            assert!((answer.at(0, step).target - expected).abs() < 1e-9);
        }
    }
}

#[test]
fn the_resolved_file_names_the_recording_and_its_digest() {
    let (_folder, path) = straight();
    let text = format!(
        "[network]\ncell = \"vanilla\"\nunits = 4\n[[stage]]\ntask = \"path-integration\"\nwalk = \"recorded\"\n\
         trajectory = '{}'\nrecording_part = \"first\"\ntrial_steps = 30\nuntil = {{ steps = 1 }}\n[checkpoints]\nevery = 1\n",
        path.display()
    );
    let read = |text: &str| curriculum::Curriculum::parse(text, "recorded.toml", &[]);
    let curriculum = read(&text).unwrap();
    let resolved = curriculum.to_toml();
    assert!(resolved.contains("trajectory_sha256 = "), "{resolved}");
    assert_eq!(read(&resolved).unwrap(), curriculum);
    // Another file under the same name.
    let other = npz(&[
        ("t", "(2,)", vec![0.0, 0.5]),
        ("pos", "(2, 2)", vec![0.5; 4]),
    ]);
    std::fs::write(&path, other).unwrap();
    let message = read(&resolved).unwrap_err().to_string();
    assert!(
        message.contains("key `stage.0.trajectory_sha256`: expected the SHA-256 of the file"),
        "{message}"
    );
}

#[test]
fn what_does_not_go_together_is_refused_with_what_would_be_right() {
    let (_folder, path) = straight();
    let trajectory = format!("trajectory={}", path.display());
    for (changes, part) in [
        (
            vec!["walk=recorded"],
            "key `trajectory`: expected the path of an npz file",
        ),
        (
            vec!["walk=recorded", "trajectory=no-such.npz"],
            "key `trajectory`: expected a recording that can be used: cannot read no-such.npz",
        ),
        (
            vec![&trajectory],
            "key `trajectory`: expected `walk = \"recorded\"` beside it",
        ),
        (
            vec!["recording_part=last"],
            "key `recording_part`: expected `walk = \"recorded\"` beside it",
        ),
        (
            vec!["walk=recorded", &trajectory, "width=0.5"],
            "outside the box from [0, 0] to [0.5, 1] m",
        ),
        (
            vec!["walk=recorded", &trajectory, "trial_steps=90"],
            "9 s are needed",
        ),
        (
            vec!["walk=recorded", &trajectory, "recording_part=last"],
            "10 s are needed",
        ),
        (vec!["place_cells=2"], "expected an integer from 3"),
    ] {
        let message = task(&changes).unwrap_err();
        assert!(message.contains(part), "{changes:?}: {message}");
    }
}

#[test]
fn names_and_probes_are_of_their_channels() {
    for spec in variants() {
        let task = spec.task();
        let names = |count, of: &dyn Fn(usize) -> String| {
            let mut names: Vec<String> = (0..count).map(of).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count);
        };
        names(task.input_channels(), &|channel| task.input_name(channel));
        names(task.output_channels(), &|channel| task.output_name(channel));
        let probes = task.probes(task.input_channels());
        assert_eq!(probes.len(), 1);
        assert_eq!(probes[0].input.len(), task.input_channels());
    }
    assert_eq!(PathIntegration::default().input_name(2), "start x");
}

#[test]
fn the_shipped_curriculum_is_read_and_survives_being_written_out() {
    let text = include_str!("../../../curricula/navigation/path-integration.toml");
    let read = |text: &str| curriculum::Curriculum::parse(text, "path-integration.toml", &[]);
    let curriculum = read(text).unwrap();
    assert_eq!(read(&curriculum.to_toml()).unwrap(), curriculum);
}
