use super::cascades::Doubling;
use super::extended::{big, nearest, parsed, solve};
use super::interval_map::{ratios, shrinking};
use super::*;

fn assert_near(found: &[f64], expected: &[f64], tolerance: f64) {
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < tolerance, "{found} {expected}");
    }
}

#[test]
fn extended_numbers_keep_their_digits() {
    // The inverse of a Hilbert matrix is of integers; f64 loses all digits of it at this size.
    let dim = 14;
    let entry = |i: usize, j: usize| big(1.0) / big((i + j + 1) as f64);
    let matrix: Vec<Vec<_>> = (0..dim)
        .map(|i| (0..dim).map(|j| entry(i, j)).collect())
        .collect();
    let mut right = vec![big(0.0); dim];
    right[0] = big(1.0);
    let first = solve(matrix, right).unwrap();
    assert_eq!(nearest(&first[0]), (dim * dim) as f64);
    let off = &first[0] - big((dim * dim) as f64);
    assert!(nearest(&off).abs() < 1e-80);
    assert!(solve(vec![vec![big(0.0)]], vec![big(1.0)]).is_none());
    assert!(parsed("2.5x").is_none());
    assert_eq!(parsed("2.5").map(|of| nearest(&of)), Some(2.5));
}

/// With one coefficient the equation at x² = ½ is one of g₁ alone.
#[test]
fn the_functional_equation_holds_at_its_solution() {
    let found = constants(2, 8);
    assert_eq!(found.len(), 8);
    let g: Vec<f64> = found[7].coefficients.iter().map(nearest).collect();
    let at = |x: f64| g.iter().rev().fold(0.0, |sum, g| sum * x * x + g) * x * x + 1.0;
    for x in [0.1, 0.35, 0.6, 0.99] {
        let (alpha, image) = (-1.0 / at(1.0), at(at(at(1.0) * x)));
        assert!((at(x) + alpha * image).abs() < 1e-8, "{x}");
    }
    // The coefficients that Feigenbaum published.
    let published = [-1.527_632_997, 0.104_815_194_8, 0.026_705_670_5];
    assert_near(&g[..3], &published, 1e-8);
}

#[test]
fn constants_of_the_functional_equation_are_the_published_ones() {
    for (order, delta, alpha, tolerance) in [
        (2, 4.669_201_609_103, 2.502_907_875_096, 1e-8),
        (3, 6.084_689, 1.927_691, 1e-6),
        (4, 7.284_70, 1.690_304, 2e-5),
        (6, 9.296_8, 1.467_76, 1e-3),
    ] {
        let found = constants(order, 8);
        let last = found.last().unwrap();
        assert_near(
            &[nearest(&last.delta), nearest(&last.alpha)],
            &[delta, alpha],
            tolerance,
        );
    }
}

#[test]
fn superstable_parameters_are_those_computed_elsewhere() {
    for (order, expected) in [
        (2, [1.310_702_641, 1.381_547_484, 1.396_945_360]),
        (3, [1.428_028_127, 1.506_215_146, 1.519_299_453]),
        (4, [1.503_934_408, 1.582_253_045, 1.593_164_863]),
        (6, [1.600_991_973, 1.674_412_269, 1.682_314_197]),
    ] {
        let found = superstable(IntervalMap::Power(order), 4);
        assert_near(&found.places[1..], &expected, 1e-9);
    }
    let network = superstable(IntervalMap::RankOne, 5);
    let expected = [
        1.969_552_928_25,
        2.416_943_125_77,
        2.552_734_011_37,
        2.584_273_528_40,
        2.591_146_144_57,
    ];
    assert_near(&network.places, &expected, 1e-10);
    // Superstable rates of periods 1 and 2 in closed form.
    let logistic = superstable(IntervalMap::Logistic, 2);
    assert_near(&logistic.places, &[2.0, 1.0 + 5.0_f64.sqrt()], 1e-13);
}

#[test]
fn ratios_of_a_geometric_sequence_are_its_own() {
    let places: Vec<f64> = (0..6).map(|k| 3.0 - 4.0_f64.powi(-k)).collect();
    assert_near(&ratios(&places), &[4.0; 4], 1e-12);
    assert_near(&shrinking(&[8.0, -4.0, 2.0]), &[-2.0; 2], 1e-15);
}

/// Of each cycle the widest pair counts.
#[test]
fn alpha_follows_from_the_widest_pairs() {
    let doubling = |k: i32| {
        let (wide, narrow) = (2.5_f64.powi(-k), 6.25_f64.powi(-k));
        let cycle = [0.0, 1.0, wide, 1.0 + narrow];
        Doubling {
            s: 3.0 - 4.0_f64.powi(-k),
            cycle: cycle.iter().map(|&x| vec![x]).collect(),
        }
    };
    let cascade = Cascade {
        doublings: (0..4).map(doubling).collect(),
    };
    assert_near(&cascade.alphas(), &[2.5; 2], 1e-12);
    assert_near(&cascade.deltas(), &[4.0; 2], 1e-12);
}

#[test]
fn the_network_of_rank_one_doubles_between_its_superstable_gains() {
    let system = System::rank_one().unwrap();
    let rates = 1.0_f64.tanh();
    let start = system.orbit(RANK_ONE_START, &[rates, -rates], 400, 2);
    let cascade = system.cascade(1, (&start[1], RANK_ONE_START), 2.7, 4);
    let superstable = superstable(IntervalMap::RankOne, 5);
    for (doubling, between) in cascade.places().iter().zip(superstable.places.windows(2)) {
        assert!(between[0] < *doubling && *doubling < between[1]);
    }
    assert_eq!(cascade.doublings.len(), 4);
    let last = cascade.doublings.last().unwrap();
    assert_eq!(last.cycle.len(), 8);
}
