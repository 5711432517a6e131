#![allow(clippy::unwrap_used)]

use faer::linalg::solvers::Solve as _;
use faer::{Col, Mat, c64};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::linear::Reservoir;
use super::nonlinear::{Learned, NOISE, Network};
use super::theory::{Overlaps, best_frequency, best_participation_ratio, overlap};
use super::*;

fn near(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() < tolerance,
        "{found}, not {expected}"
    );
}

#[test]
fn the_overlap_is_the_sum_over_the_powers_of_w() {
    let (first, second, gain) = (c64::new(0.0, 0.7), c64::new(0.1, -0.4), 0.8);
    let ratio = c64::new(gain * gain, 0.0) / ((first + 1.0) * (second + 1.0));
    let mut term = c64::new(1.0, 0.0) / ((first + 1.0) * (second + 1.0));
    let mut sum = c64::ZERO;
    for _ in 0..400 {
        sum += term;
        term *= ratio;
    }
    assert!((overlap(first, second, gain) - sum).norm() < 1e-12);
}

#[test]
fn the_participation_ratio_is_that_of_the_published_form_and_has_its_limits() {
    for (omega, g) in [(0.3, 0.5), (1.2, 0.9), (0.436, 0.9)] {
        let (a, w2) = (1.0 + omega * omega - g * g, omega * omega);
        let below: f64 = 1.0 - w2 - g * g;
        let kappa = a / (below * below + 4.0 * w2).sqrt();
        near(
            Overlaps::of_large(omega, g).participation_ratio(),
            2.0 / (1.0 + kappa * kappa),
            1e-12,
        );
        // Nothing is larger than at the best frequency.
        let best = Overlaps::of_large(best_frequency(g), g).participation_ratio();
        near(best, best_participation_ratio(g), 1e-12);
        assert!(Overlaps::of_large(omega, g).participation_ratio() <= best + 1e-12);
    }
    // Without recurrence, at rest and far above all time constants all units move in phase.
    near(
        Overlaps::of_large(0.7, 1e-9).participation_ratio(),
        1.0,
        1e-12,
    );
    near(
        Overlaps::of_large(1e-6, 0.8).participation_ratio(),
        1.0,
        1e-9,
    );
    near(
        Overlaps::of_large(1e4, 0.8).participation_ratio(),
        1.0,
        1e-6,
    );
}

/// The closed loop's pole by Newton's method on the whole equation, with the noise as it is.
fn pole(frequency: f64, gain: f64, noise: f64) -> c64 {
    let at = c64::new(0.0, frequency);
    let of = Overlaps::of_large(frequency, gain);
    let (a, b) = (of.power, of.square);
    let gram = [
        [0.5 * (a + b.re) + 2.0 * noise, 0.5 * b.im],
        [0.5 * b.im, 0.5 * (a - b.re) + 2.0 * noise],
    ];
    let determinant = gram[0][0] * gram[1][1] - gram[0][1] * gram[1][0];
    let [p, q] = [gram[1][1] / determinant, -gram[1][0] / determinant];
    let loop_gain = |s: c64| {
        let (with, against) = (overlap(at, s, gain), overlap(at.conj(), s, gain));
        (with + against) * (0.5 * p) + (with - against) * c64::new(0.0, -0.5 * q)
    };
    let mut s = at;
    for _ in 0..50 {
        let h = 1e-5;
        let slope = (loop_gain(s + h) - loop_gain(s - h)) * (0.5 / h);
        s -= (loop_gain(s) - 1.0) / slope;
    }
    s
}

#[test]
fn the_shift_of_the_pole_is_that_of_the_whole_equation_for_weak_noise() {
    for (omega, g) in [(0.3, 0.6), (0.8, 0.6), (0.436, 0.9), (2.0, 0.3)] {
        let noise = 1e-7;
        let shift = (pole(omega, g, noise) - c64::new(0.0, omega)).norm() / noise;
        let found = Overlaps::of_large(omega, g).pole_shift();
        assert!((found / shift - 1.0).abs() < 1e-3, "{found} {shift}");
    }
}

#[test]
fn the_reduced_reservoir_answers_as_the_whole_one() {
    let (units, gain, omega) = (60, 0.7, 0.5);
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
    let recurrent = Mat::from_fn(units, units, |_, _| normal() / 60.0_f64.sqrt());
    let feedback = Col::from_fn(units, |_| normal());
    let found = Reservoir::of(&recurrent, &feedback, 40).answer(omega, gain);
    let whole = Mat::from_fn(units, units, |i, j| {
        let diagonal = if i == j {
            c64::new(1.0, omega)
        } else {
            c64::ZERO
        };
        diagonal - gain * recurrent[(i, j)]
    })
    .partial_piv_lu();
    let drive = Mat::from_fn(units, 1, |i, _| c64::new(feedback[i], 0.0));
    let answer = whole.solve(&drive);
    let slope = whole.solve(&answer);
    let mean = |of: &dyn Fn(c64, c64) -> c64| {
        let sum = (0..units).fold(c64::ZERO, |sum, i| sum + of(answer[(i, 0)], -slope[(i, 0)]));
        sum * (1.0 / units as f64)
    };
    let expected = Overlaps {
        power: mean(&|y, _| y * y.conj()).re,
        square: mean(&|y, _| y * y),
        with_slope: mean(&|y, slope| y * slope),
        against_slope: mean(&|y, slope| y.conj() * slope),
    };
    near(
        found.participation_ratio,
        expected.participation_ratio(),
        1e-6,
    );
    near(found.pole_shift / expected.pole_shift(), 1.0, 1e-5);
    assert!(found.residual < 1e-6, "{}", found.residual);
}

#[test]
fn the_peak_of_a_parabola_is_its_top() {
    let axis = [0.1, 0.2, 0.5, 1.0, 3.0];
    let values = axis.map(|x: f64| 2.0 - (x.ln() - 0.4_f64.ln()).powi(2));
    near(peak(&axis, &values), 0.4, 1e-12);
    assert_eq!(peak(&axis, &[1.0, 0.9, 0.5, 0.2, 0.1]), 0.1);
}

#[test]
fn a_network_generates_its_target_and_noise_spoils_it() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let network = Network::drawn(60, 1.0, &mut rng);
    let learned = network.learned(1.0, 2, &mut rng);
    assert!(learned.errors[0] < 0.05, "{learned:?}");
    assert!(
        learned.errors[1] < learned.errors[NOISE.len()],
        "{learned:?}"
    );
    assert!(
        learned.dimension > 1.05 && learned.dimension < 2.0,
        "{learned:?}"
    );
    // What the rates do beside the target's frequency only adds dimensions here.
    assert!(
        learned.whole_dimension >= learned.dimension - 0.02,
        "{learned:?}"
    );
}

#[test]
fn the_noise_tolerated_lies_where_the_error_passes_one_half() {
    let with = |errors: [f64; 8]| Learned {
        dimension: 1.0,
        whole_dimension: 1.0,
        errors: errors.to_vec(),
    };
    let found = with([0.0, 0.1, 0.1, 0.25, 0.75, 1.0, 1.0, 1.0]).tolerated();
    near(found, (0.01_f64 * 0.03).sqrt(), 1e-12);
    near(with([0.0; 8]).tolerated(), 1.0, 1e-12);
    near(with([0.9; 8]).tolerated(), 0.001, 1e-12);
}
