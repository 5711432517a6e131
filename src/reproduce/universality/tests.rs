//! What the experiment reads off, on maps whose answers are known.

#![allow(clippy::unwrap_used)]

use faer::Mat;

use super::integration::{self, Integrator};
use super::modes::shares;
use super::report::apart;
use super::{Form, GRU, LSTM, QUICK, UGRNN, VANILLA};

#[test]
fn architectures_are_as_far_apart_as_the_outermost_means() {
    let networks = [
        (VANILLA, 1.0),
        (VANILLA, 1.2),
        (UGRNN, 0.9),
        (UGRNN, f64::NAN),
        (GRU, 1.0),
        (GRU, 1.0),
        (LSTM, 1.3),
        (LSTM, 1.5),
    ];
    let found = apart(&networks, |of| of.0, |of| of.1);
    assert!((found.value - 0.5).abs() < 1e-12, "{found:?}");
    let [low, high] = found.interval.unwrap();
    // From 1.3 − 1.0, where resamples hold nothing of UGRNN, to 1.5 − 0.9.
    assert!(low >= 0.3 - 1e-12 && high <= 0.6 + 1e-12, "{found:?}");
}

/// One slow mode and a fast one, orthogonal: x(t) = (0.9ᵗ, 0.3ᵗ).
#[test]
fn shares_of_orthogonal_modes_are_those_of_geometric_series() {
    let jacobian = Mat::from_fn(2, 2, |i, j| if i == j { [0.3, 0.9][i] } else { 0.0 });
    let both = [vec![1.0, 0.0], vec![0.0, 1.0]];
    let found = shares(&jacobian, &[1.0, 1.0], &both, 20, 2).unwrap();
    let energy = |rate: f64| -> f64 { (0..20).map(|t| rate.powi(2 * t)).sum() };
    let expected = energy(0.9) / (energy(0.9) + energy(0.3));
    assert!((found[0] - expected).abs() < 1e-12, "{found:?}");
    assert!((found[1] - 1.0).abs() < 1e-12);
}

/// A perfect integrator along a line needs one mode, whatever else the map does to the pulse, if the output sees the line alone.
#[test]
fn an_integrator_needs_one_mode() {
    // J = u wᵀ with wᵀu = 1: eigenvalue 1 along u, all others 0.
    let (u, w) = ([1.0, 2.0, -1.0], [0.5, 0.5, 0.5]);
    let jacobian = Mat::from_fn(3, 3, |i, j| u[i] * w[j]);
    // The pulse lies along u, as after the first step of a vanilla cell it does not: a second one has a part outside.
    let output = [vec![1.0, 0.0, 0.0]];
    let along = shares(&jacobian, &u, &output, 25, 3).unwrap();
    assert!((along[0] - 1.0).abs() < 1e-12, "{along:?}");
    let outside = shares(&jacobian, &[1.0, 0.0, 0.0], &output, 25, 3).unwrap();
    // z = 1, ½, ½, …; the slow mode gives ½ throughout.
    let expected = 1.0 - 0.25 / (1.0 + 24.0 * 0.25);
    assert!((outside[0] - expected).abs() < 1e-12, "{outside:?}");
}

/// A damped rotation is a pair, of which one alone gives half the response at each step.
#[test]
fn of_a_pair_one_mode_is_half() {
    let (c, s) = (0.9 * 0.4_f64.cos(), 0.9 * 0.4_f64.sin());
    let jacobian = Mat::from_fn(2, 2, |i, j| [[c, -s], [s, c]][i][j]);
    let found = shares(&jacobian, &[1.0, 0.3], &[vec![0.7, -0.2]], 30, 2).unwrap();
    assert!((found[0] - 0.75).abs() < 1e-12, "{found:?}");
    assert!((found[1] - 1.0).abs() < 1e-12, "{found:?}");
}

/// A small vanilla network that integrates: slow states on a line, along which one mode carries the response to a pulse.
#[test]
fn a_vanilla_network_integrates_with_one_mode() {
    let form = Form {
        steps: [0, 0, QUICK.steps[2]],
        ..QUICK
    };
    let course = integration::course(form, VANILLA, 0).unwrap();
    let found = Integrator::of(VANILLA, &course).unwrap();
    assert!(found.accuracy > 0.8, "{}", found.accuracy);
    assert_eq!(found.seen.len(), 2);
    for seen in &found.seen {
        let line = seen.continuum.as_ref().unwrap();
        assert!(line.dimension_by_neighbours < 1.2, "{line:?}");
        assert!(
            (seen.moduli[0] - 1.0).abs() < 0.1 && seen.moduli[1] < 0.95,
            "{:?}",
            seen.moduli
        );
        assert!(seen.output_shares[0] > 0.8, "{:?}", seen.output_shares);
    }
}
