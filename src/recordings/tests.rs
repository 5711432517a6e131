#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use super::*;
use crate::open_field::recording::tests::npz;

/// An array: its name, its shape as Python writes it, and its numbers.
type Array<'a> = (&'a str, &'a str, Vec<f64>);

fn read(arrays: &[Array<'_>], options: &Options) -> Result<Recording, RecordingError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("monkey.npz");
    std::fs::write(&path, npz(arrays)).unwrap();
    Recording::read(&path, options)
}

fn refused(arrays: &[Array<'_>]) -> String {
    read(arrays, &Options::default()).unwrap_err().to_string()
}

#[test]
fn trials_of_a_condition_are_averaged_and_spikes_become_rates() {
    // Three trials of two bins and one neuron; the first and the last are of one condition.
    let found = read(
        &[
            ("spikes", "(3, 2, 1)", vec![1.0, 2.0, 5.0, 0.0, 3.0, 0.0]),
            ("conditions", "(3,)", vec![7.0, 2.0, 7.0]),
            ("inputs", "(3, 2, 1)", vec![1.0, 0.0, -1.0, 0.0, 1.0, 0.0]),
            ("bin_secs", "()", vec![0.5]),
        ],
        &Options::default(),
    )
    .unwrap();
    assert_eq!((found.name.as_str(), found.unit.as_str()), ("monkey", "Hz"));
    assert_eq!(found.conditions, ["7", "2"]);
    assert_eq!(found.trials, [2, 1]);
    assert_eq!(found.activity, [4.0, 2.0, 10.0, 0.0]);
    assert_eq!(found.inputs, [1.0, 0.0, -1.0, 0.0]);
    assert_eq!(found.inputs_by_step(), [1.0, -1.0, 0.0, 0.0]);
}

#[test]
fn what_is_kept_is_read_again_as_the_same() {
    let options = Options {
        name: Some("area 5".to_owned()),
        bin_secs: Some(0.01),
        unit: Some("z-scores".to_owned()),
        ..Options::default()
    };
    let values: Vec<f64> = (0..24).map(|x| f64::from(x).sin()).collect();
    let arrays = [
        ("activity", "(3, 4, 2)", values.clone()),
        ("inputs", "(3, 4, 1)", values[..12].to_vec()),
        ("conditions", "(3,)", vec![0.0, 0.0, 1.0]),
    ];
    let found = read(&arrays, &options).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("else.parquet");
    std::fs::write(&path, found.to_parquet().unwrap()).unwrap();
    assert_eq!(Recording::read(&path, &Options::default()).unwrap(), found);
    assert_eq!(found.to_parquet().unwrap(), found.to_parquet().unwrap());
}

#[test]
fn smoothing_keeps_what_is_constant_and_spreads_a_pulse_as_a_gaussian() {
    let mut pulse = vec![0.0; 101];
    pulse[50] = 1.0;
    let smoothed = |values: Vec<f64>| {
        let options = Options {
            bin_secs: Some(0.01),
            smooth_secs: Some(0.03),
            ..Options::default()
        };
        read(&[("activity", "(1, 101, 1)", values)], &options)
            .unwrap()
            .activity
    };
    assert!(
        smoothed(vec![2.0; 101])
            .iter()
            .all(|x| (x - 2.0).abs() < 1e-12)
    );
    let found = smoothed(pulse);
    let variance: f64 = (0..101)
        .map(|at| found[at] * (at as f64 - 50.0).powi(2))
        .sum();
    assert!((variance - 9.0).abs() < 0.01, "{variance}");
    assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-9);
}

#[test]
fn activity_decorrelates_as_its_autocorrelation_says() {
    // A wave of period 40: cos(2π k/40) falls below 1/e between lags 7 and 8.
    let wave = |phase: f64| {
        (0..400).map(move |t| (std::f64::consts::TAU * (f64::from(t) / 40.0 + phase)).cos())
    };
    let values: Vec<f64> = (0..8)
        .flat_map(|trial| wave(f64::from(trial) / 8.0))
        .collect();
    let found = read(&[("activity", "(8, 400, 1)", values)], &Options::default()).unwrap();
    assert_eq!(found.decorrelation_steps(), 8);
}

#[test]
fn what_cannot_be_is_told_with_a_way_out() {
    let flat = |count: usize| vec![0.0; count];
    let cases: [(&[Array<'_>], &str); 8] = [
        (
            &[("rates", "(2, 2, 1)", flat(4))],
            "neither `activity` nor `spikes`, only rates",
        ),
        (
            &[("activity", "(2, 2, 1)", vec![0.0, f64::NAN, 0.0, 0.0])],
            "its activity has NaN",
        ),
        (
            &[("activity", "(4,)", flat(4))],
            "shape [4]; expected [trials, time",
        ),
        (
            &[("activity", "(0, 2, 1)", flat(0))],
            "there is nothing in it",
        ),
        (
            &[("spikes", "(2, 2, 1)", flat(4))],
            "give `bin_secs` in the file, or --bin-secs",
        ),
        (
            &[
                ("spikes", "(1, 2, 1)", vec![-1.0, 0.0]),
                ("bin_secs", "()", vec![0.1]),
            ],
            "expected counts",
        ),
        (
            &[
                ("activity", "(2, 2, 1)", flat(4)),
                ("inputs", "(2, 3, 1)", flat(6)),
            ],
            "expected [2, 2, channels]",
        ),
        (
            &[
                ("activity", "(2, 2, 1)", flat(4)),
                ("conditions", "(3,)", flat(3)),
            ],
            "expected whole numbers [2]",
        ),
    ];
    for (arrays, expected) in cases {
        let found = refused(arrays);
        assert!(
            found.contains(expected) && found.contains("monkey.npz"),
            "{found}"
        );
    }
    let found = Recording::read(&PathBuf::from("/nowhere/x.npz"), &Options::default());
    assert!(found.unwrap_err().to_string().contains("/nowhere/x.npz"));
}
