//! What holds of every measure, and the known answers of those of states.

#![allow(clippy::unwrap_used)]

use faer::Mat;
use proptest::prelude::*;

use super::super::matrix::{AnyMeasure, Matrix, matrix};
use super::super::measure::Senseless;
use super::super::portrait::Portrait;
use super::super::testing::{gaussian, random_portrait, rng, rotation, still};
use super::{all, named};

const OF_STATES: [&str; 4] = ["cka", "cca", "svcca", "procrustes"];

fn distance(name: &str, a: &Portrait, b: &Portrait) -> Result<f64, Senseless> {
    let portraits = [a.clone(), b.clone()];
    matrix(named(name).unwrap(), &portraits).cell(0, 1).clone()
}

fn of_samples(name: &str, a: &Mat<f64>, b: &Mat<f64>) -> f64 {
    distance(name, &still(a), &still(b)).unwrap()
}

fn population() -> Vec<Portrait> {
    let sizes = [4, 4, 3, 4, 4, 2];
    (sizes.into_iter().zip(0..))
        .map(|(units, seed)| random_portrait(units, seed))
        .collect()
}

#[test]
fn each_measure_is_found_by_its_name() {
    let mut names: Vec<&str> = all().map(AnyMeasure::name).to_vec();
    assert!(
        names
            .iter()
            .all(|name| named(name).unwrap().name() == *name)
    );
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all().len());
    assert!(named("no measure").is_none());
}

#[test]
fn every_measure_is_symmetric_and_zero_for_the_same_network() {
    let portraits = &population()[..3];
    // The barrier needs weights and trials, which these have not; it has a test of its own.
    for measure in all().into_iter().filter(|of| of.name() != "barrier") {
        let views = portraits
            .iter()
            .map(|portrait| measure.view(portrait))
            .collect();
        let gathered = measure.gather(views);
        let table = Matrix::of(&*gathered);
        assert_eq!(table.count(), portraits.len());
        for a in 0..portraits.len() {
            let own = gathered.distance(a, a).unwrap();
            assert!(own.abs() < 1e-6, "{}: {own} from itself", measure.name());
            for b in 0..portraits.len() {
                let (there, back) = (
                    gathered.distance(a, b).unwrap(),
                    gathered.distance(b, a).unwrap(),
                );
                assert!(
                    (there - back).abs() < 1e-6,
                    "{}: {there}, {back}",
                    measure.name()
                );
                assert!(there >= -1e-6 && there.is_finite());
                assert!((table.cell(b, a).as_ref().unwrap() - there).abs() < 1e-6);
            }
        }
        let apart = table.cell(0, 2).as_ref().unwrap();
        assert!(
            *apart > 1e-3,
            "{} does not tell networks apart",
            measure.name()
        );
    }
}

#[test]
fn the_distances_do_not_depend_on_threads() {
    let portraits = &population()[..3];
    let of_threads = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| all().map(|measure| matrix(measure, portraits)))
    };
    assert_eq!(of_threads(1), of_threads(3));
}

#[test]
fn a_network_that_a_measure_makes_no_sense_of_says_why_in_its_cells_alone() {
    let mut portraits = population();
    portraits[1].states.states[7] = f32::NAN;
    portraits[2].landscapes.clear();
    portraits[3].probe = "another task".to_owned();
    for point in &mut portraits[4].landscapes[0].points {
        point.readout.push(0.0);
    }
    let reason = |name: &str, a: usize, b: usize| {
        let cell = matrix(named(name).unwrap(), &portraits).cell(a, b).clone();
        cell.err().map(|Senseless(reason)| reason.into_owned())
    };
    for name in ["cka", "cca", "svcca", "procrustes", "dsa-eigenvalues"] {
        assert_eq!(reason(name, 0, 1).unwrap(), "its states are not finite");
        assert_eq!(
            reason(name, 3, 0).unwrap(),
            "their probe trials are of other tasks"
        );
        assert_eq!(reason(name, 0, 2), None);
    }
    for name in ["spectra", "topology"] {
        assert_eq!(
            reason(name, 2, 2).unwrap(),
            "no landscape of it was computed"
        );
        assert_eq!(
            reason(name, 0, 4).unwrap(),
            "one has 1 outputs, the other 2"
        );
        assert_eq!(reason(name, 0, 3), None, "{name} needs no common task");
    }
    portraits[5].landscapes[0].condition = "left".to_owned();
    let cell = distance("spectra", &portraits[0], &portraits[5]);
    assert_eq!(
        cell.unwrap_err().0,
        "their landscapes are at other constant inputs"
    );
}

#[test]
fn what_one_measure_kept_is_no_use_to_another() {
    let view = named("cka").unwrap().view(&population()[0]);
    let gathered = named("procrustes").unwrap().gather(vec![view]);
    assert!(gathered.distance(0, 0).is_err());
}

#[test]
fn rotated_permuted_and_scaled_states_are_the_same() {
    let rng = &mut rng(11);
    let x = gaussian(200, 6, rng);
    let rotated = &x * rotation(6, rng);
    let permuted = Mat::from_fn(200, 6, |i, j| x[(i, (j + 2) % 6)]);
    let scaled = &x * faer::Scale(3.0);
    let moved = Mat::from_fn(200, 6, |i, j| x[(i, j)] + j as f64);
    for name in OF_STATES {
        for (what, y) in [
            ("rotated", &rotated),
            ("permuted", &permuted),
            ("scaled", &scaled),
            ("moved", &moved),
        ] {
            let found = of_samples(name, &x, y);
            assert!(found.abs() < 2e-6, "{name}, {what}: {found}");
        }
    }
}

#[test]
fn only_correlations_ignore_that_units_are_stretched() {
    let rng = &mut rng(12);
    let x = gaussian(200, 4, rng);
    let stretched = Mat::from_fn(200, 4, |i, j| x[(i, j)] * [5.0, 1.0, 1.0, 1.0][j]);
    assert!(of_samples("cca", &x, &stretched).abs() < 1e-6);
    assert!(of_samples("svcca", &x, &stretched).abs() < 1e-6);
    assert!(of_samples("cka", &x, &stretched) > 0.1);
    assert!(of_samples("procrustes", &x, &stretched) > 0.1);
}

/// White states and the same with white noise of size σ: all canonical correlations and the cosine of the angle are 1/√(1 + σ²),
/// the alignment is its square.
#[test]
fn added_noise_has_its_known_distance() {
    let rng = &mut rng(13);
    let x = gaussian(4000, 5, rng);
    for sigma in [0.1, 0.5, 1.0] {
        let y = &x + gaussian(4000, 5, rng) * faer::Scale(sigma);
        let expected = 1.0 / (1.0_f64 + sigma * sigma).sqrt();
        for name in ["cca", "svcca"] {
            let found = 1.0 - of_samples(name, &x, &y);
            assert!((found - expected).abs() < 0.01, "{name}, {sigma}: {found}");
        }
        let found = of_samples("procrustes", &x, &y).cos();
        assert!(
            (found - expected).abs() < 0.01,
            "procrustes, {sigma}: {found}"
        );
        let found = 1.0 - of_samples("cka", &x, &y);
        assert!(
            (found - expected * expected).abs() < 0.02,
            "cka, {sigma}: {found}"
        );
    }
}

/// Of unrelated white states the singular values of XᵀY lie on a quarter circle: their mean is 8/(3π) √(units/samples) of the
/// largest possible.
#[test]
fn unrelated_states_have_the_distance_of_chance() {
    let rng = &mut rng(14);
    for (samples, units) in [(1000, 10), (1000, 20)] {
        let (x, y) = (gaussian(samples, units, rng), gaussian(samples, units, rng));
        let share = units as f64 / samples as f64;
        let chance = 8.0 / (3.0 * std::f64::consts::PI) * share.sqrt();
        for name in ["cca", "svcca"] {
            let found = 1.0 - of_samples(name, &x, &y);
            assert!(
                (found - chance).abs() < 0.01,
                "{name}: {found} against {chance}"
            );
        }
        let found = of_samples("procrustes", &x, &y).cos();
        assert!(
            (found - chance).abs() < 0.01,
            "procrustes: {found} against {chance}"
        );
        let found = 1.0 - of_samples("cka", &x, &y);
        assert!(found.abs() < 0.01, "cka: {found}");
    }
}

#[test]
fn correlations_refuse_too_few_trials_with_numbers() {
    let rng = &mut rng(15);
    let (x, y) = (gaussian(59, 6, rng), gaussian(59, 6, rng));
    let refused = distance("cca", &still(&x), &still(&y)).unwrap_err();
    assert_eq!(refused.0, "59 probe trials; its 6 dimensions need 60");
    // One direction that holds all but a hundredth of the variance needs no more than ten.
    let along = |samples: &Mat<f64>| {
        Mat::from_fn(59, 6, |i, j| {
            samples[(i, j)] * if j == 0 { 100.0 } else { 1.0 }
        })
    };
    let found = of_samples("svcca", &along(&x), &along(&x));
    assert!(found.abs() < 1e-6);
}

#[test]
fn states_that_do_not_vary_have_no_direction() {
    let x = Mat::from_fn(40, 3, |_, j| 0.3 * j as f64);
    for name in OF_STATES {
        let refused = distance(name, &still(&x), &still(&x)).unwrap_err();
        assert_eq!(
            refused.0, "its states are the same in all probe trials",
            "{name}"
        );
    }
}

#[test]
fn a_smaller_network_is_one_with_constant_units_beside_its_own() {
    let rng = &mut rng(16);
    let (x, y) = (gaussian(100, 3, rng), gaussian(100, 5, rng));
    let wider = Mat::from_fn(100, 5, |i, j| if j < 3 { x[(i, j)] } else { 0.7 });
    let (found, expected) = (
        of_samples("procrustes", &x, &y),
        of_samples("procrustes", &wider, &y),
    );
    assert!((found - expected).abs() < 1e-6);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn no_way_round_is_shorter_by_procrustes(seed in 0_u64..1_000_000, sizes in prop::array::uniform3(1_usize..6)) {
        let rng = &mut rng(seed);
        // Neighbours, so that the angles are not all near a right one.
        let x = gaussian(30, 6, rng);
        let of = |units: usize, rng: &mut _| {
            still(&(&x * gaussian(6, units, rng) + gaussian(30, units, rng) * faer::Scale(0.3)))
        };
        let portraits = sizes.map(|units| of(units, rng));
        let table = matrix(named("procrustes").unwrap(), &portraits);
        let side = |a, b| *table.cell(a, b).as_ref().unwrap();
        for (a, b, c) in [(0, 1, 2), (1, 2, 0), (2, 0, 1)] {
            prop_assert!(side(a, b) <= side(a, c) + side(c, b) + 1e-6);
        }
    }
}
