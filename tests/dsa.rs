//! Dynamical similarity against the method's own program, dsa-metric, on the same states, from a file that
//! `tests/dsa_metric/make_scores.py` made: fitted dynamics, and both scores.

#![allow(clippy::unwrap_used)]

use creode::comparison::measures::dsa::{Delayed, Dsa, Embedding, align, wasserstein};
use creode::comparison::portrait::TrialStates;
use creode::tensors::TensorValues;
use creode::trace::CheckpointFile;

const SYSTEMS: [&str; 5] = ["linear", "turned", "again", "other", "network"];
const RANK: usize = 4;

fn fixture() -> CheckpointFile {
    CheckpointFile::from_bytes(include_bytes!("dsa_metric/scores.safetensors")).unwrap()
}

fn numbers(file: &CheckpointFile, name: &str) -> Vec<f64> {
    match &file.tensor(name).expect(name).values {
        TensorValues::F64(values) => values.clone(),
        TensorValues::F32(values) => values.iter().map(|value| f64::from(*value)).collect(),
    }
}

/// The file has `[trial][step][unit]`.
fn states(file: &CheckpointFile, system: &str) -> TrialStates {
    let name = format!("{system}/states");
    let shape = &file.tensor(&name).expect(&name).shape;
    let [trials, steps, units] = shape[..] else {
        panic!("{name} has the shape {shape:?}");
    };
    let values = numbers(file, &name);
    let places = (0..steps * trials).map(|row| (row / trials, row % trials));
    let rows = places.flat_map(|(step, trial)| &values[(trial * steps + step) * units..][..units]);
    TrialStates {
        steps,
        trials,
        units,
        states: rows.map(|value| *value as f32).collect(),
    }
}

fn fit(file: &CheckpointFile, system: &str) -> faer::Mat<f64> {
    let embedding = Embedding {
        delays: 3,
        most_directions: RANK,
        ..Dsa::EMBEDDING
    };
    Delayed::of(&states(file, system), &embedding)
        .unwrap()
        .fitted(RANK)
}

fn eigenvalues(matrix: &faer::Mat<f64>) -> Vec<[f64; 2]> {
    let values = matrix.eigenvalues().unwrap();
    values.iter().map(|value| [value.re, value.im]).collect()
}

const PAIRS: [(&str, &str); 5] = [
    ("linear", "turned"),
    ("linear", "again"),
    ("linear", "other"),
    ("linear", "network"),
    ("other", "network"),
];

#[test]
fn the_fitted_dynamics_are_those_of_the_methods_own_program() {
    let file = fixture();
    for system in SYSTEMS {
        let expected = numbers(&file, &format!("{system}/eigenvalues"));
        let expected: Vec<[f64; 2]> = expected
            .chunks(2)
            .map(|value| [value[0], value[1]])
            .collect();
        // The program computes in f32.
        let apart = wasserstein(&eigenvalues(&fit(&file, system)), &expected);
        assert!(apart < 1e-4, "{system}: {apart}");
    }
}

#[test]
fn scores_of_eigenvalues_are_those_of_the_methods_own_program() {
    let file = fixture();
    for (first, second) in PAIRS {
        let expected = numbers(&file, &format!("{first}-{second}/wasserstein"))[0];
        let found = wasserstein(
            &eigenvalues(&fit(&file, first)),
            &eigenvalues(&fit(&file, second)),
        );
        // The program reports the square.
        let error = (found * found - expected).abs();
        assert!(
            error < 1e-5 + 1e-3 * expected,
            "{first}-{second}: {} against {expected}",
            found * found
        );
    }
}

/// In cosines, which both optimise. The program's starts differ by the coordinates in which it sees one of the two; its best
/// start ends where Creode's does.
#[test]
fn angles_are_those_of_the_methods_own_program() {
    let file = fixture();
    for (first, second) in PAIRS {
        let angles = numbers(&file, &format!("{first}-{second}/angular"));
        let best = angles.iter().map(|angle| angle.cos()).fold(-1.0, f64::max);
        let found = align(&fit(&file, first), &fit(&file, second)).unwrap();
        let cosine = found.best().cos();
        assert!(
            (cosine - best).abs() < 1e-4,
            "{first}-{second}: cosine {cosine} against {best}"
        );
    }
}
