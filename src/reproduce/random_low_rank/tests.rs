use faer::Mat;

use super::network::{Network, nearest_to, outliers};
use super::theory::{fixed_point, gaussian_mean, mean_slope, outliers_of_two, variance_of_slope};
use super::*;

#[test]
fn gaussian_means_are_moments_and_limits() {
    assert!((gaussian_mean(2.0, |x| x.powi(4)) - 12.0).abs() < 1e-10);
    // ⟨sech² x⟩ → 1 − Δ for small Δ and → 2/√(2πΔ) for large.
    assert!((mean_slope(1e-4) - (1.0 - 1e-4)).abs() < 1e-7);
    let large = 400.0_f64;
    let expected = 2.0 / (std::f64::consts::TAU * large).sqrt();
    assert!((mean_slope(large) / expected - 1.0).abs() < 0.01);
    let variance = variance_of_slope(mean_slope(0.7)).unwrap();
    assert!((variance - 0.7).abs() < 1e-10);
    assert!(variance_of_slope(1.0).is_none());
}

#[test]
fn two_overlaps_place_two_outliers() {
    for outliers in [REAL, PAIR] {
        let found = outliers_of_two(overlaps_for(outliers));
        for (found, placed) in found.iter().zip(&outliers) {
            assert!((found - placed).norm() < 1e-14);
        }
    }
    let [first, second] = overlaps_for(PAIR);
    assert!(second < -0.25 * first * first);
}

/// Without a random part the network is of rank one: dκ/dt = −κ + N⟨n φ(κm)⟩, with eigenvalue λ⟨φ′⟩ + λκ²⟨φ‴⟩ at its fixed point.
#[test]
fn without_a_random_part_theory_is_that_of_rank_one() {
    let lambda = 1.5;
    let theory = fixed_point(0.0, lambda).unwrap();
    assert!((theory.overlap - theory.variance.sqrt()).abs() < 1e-12 && theory.bulk == 0.0);
    // κ = λκ⟨φ′⟩ there; the slope of λκ⟨φ′(κz)⟩ along κ by differences.
    let flow = |overlap: f64| lambda * overlap * mean_slope(overlap * overlap);
    let (kappa, small) = (theory.overlap, 1e-4);
    assert!((flow(kappa) - kappa).abs() < 1e-10);
    // The published κ of a network of rank one with λ = 1.5.
    assert!((kappa - 0.843_417_399).abs() < 1e-8, "{kappa}");
    let slope = (flow(kappa + small) - flow(kappa - small)) / (2.0 * small);
    assert!(
        (slope - theory.own.re).abs() < 1e-6,
        "{slope} {}",
        theory.own
    );
    assert!(fixed_point(0.5, 1.0).is_none());
}

#[test]
fn the_determinant_formula_gives_the_eigenvalues() {
    for placed in [REAL, PAIR] {
        let network = Network::drawn(60, STRENGTH, overlaps_for(placed), 3);
        let overlaps = network.overlaps();
        assert!((overlaps[0] - overlaps_for(placed)[0]).abs() < 1e-10);
        assert!((overlaps[1] - overlaps_for(placed)[1]).abs() < 1e-10);
        let all = eigenvalues(&network.weights());
        for outlier in outliers(&overlaps) {
            let nearest = all[nearest_to(&all, outlier).unwrap()];
            assert!((nearest - outlier).norm() < 1e-8, "{nearest} {outlier}");
        }
        // The eigenvector of a real one.
        let outlier = outliers(&overlaps)[0];
        if placed == REAL {
            let mode = network.mode(outlier);
            let off = network.weights() * &mode - faer::Scale(outlier.re) * &mode;
            assert!(off.norm_l2() < 1e-8 * mode.norm_l2());
        }
    }
}

#[test]
fn fixed_points_are_fixed_and_counted() {
    let network = Network::drawn(200, STRENGTH, overlaps_for(REAL), 1);
    let largest = fixed_point(STRENGTH, REAL[0].re).unwrap().overlap;
    assert_eq!(network.count_above_zero(largest), 2);
    let point = network.fixed_point(largest).unwrap();
    let rates = Mat::from_fn(200, 1, |i, _| point.state[i].tanh());
    let image = network.weights() * rates;
    let off = (0..200).map(|i| (image[(i, 0)] - point.state[i]).abs());
    assert!(off.fold(0.0, f64::max) < 1e-6);
    let pair = Network::drawn(200, STRENGTH, overlaps_for(PAIR), 1);
    assert_eq!(pair.count_above_zero(largest), 0);
}
