//! Targets of which it is known what states tell.

use faer::Mat;
use proptest::{prop_assert, proptest};
use rand::{Rng, RngExt as _};
use rand_distr::StandardNormal;

use super::super::randomisation::stream_of_draw;
use super::*;

fn normal(rows: usize, columns: usize, rng: &mut impl Rng) -> Mat<f64> {
    Mat::from_fn(rows, columns, |_, _| rng.sample(StandardNormal))
}

/// Numbers of groups of so many samples.
fn groups(samples: usize, size: usize) -> Vec<usize> {
    (0..samples).map(|sample| sample / size).collect()
}

#[test]
fn linear_targets_are_decoded_in_any_unit() {
    let mut rng = stream_of_draw(1, 0);
    for (samples, dim) in [(200, 20), (60, 200)] {
        // States in ten dimensions of a larger space, away from 0.
        let hidden = normal(samples, 10, &mut rng);
        let targets = &hidden * normal(10, 2, &mut rng);
        let states = &hidden * normal(10, dim, &mut rng);
        let groups = groups(samples, 5);
        let decoded = |scale: f64| {
            let scaled = Mat::from_fn(samples, dim, |i, j| scale * (states[(i, j)] + 3.0));
            Ridge::default().r2(scaled.as_ref(), targets.as_ref(), &groups)
        };
        let found = decoded(1.0);
        assert!(found > 0.999 && found <= 1.0, "{found}");
        assert!((decoded(1e-3) - found).abs() < 1e-9);
    }
}

#[test]
fn both_forms_of_the_equations_are_the_same() {
    let mut rng = stream_of_draw(2, 0);
    // 24 samples are learned from: as many as dimensions, and one fewer.
    let states = normal(36, 25, &mut rng);
    let targets = normal(36, 3, &mut rng);
    let ridge = Ridge {
        folds: 3,
        strength: 0.1,
    };
    let found = ridge.r2(states.as_ref(), targets.as_ref(), &groups(36, 4));
    // A dimension without variance changes the form, and λ by a known factor.
    for (dim, strength) in [(25, 0.1), (12, 0.1)] {
        let of = |dim: usize, padded: usize, strength: f64| {
            let padded = Mat::from_fn(
                36,
                padded,
                |i, j| if j < dim { states[(i, j)] } else { 0.7 },
            );
            Ridge { folds: 3, strength }.r2(padded.as_ref(), targets.as_ref(), &groups(36, 4))
        };
        let plain = of(dim, dim, strength);
        let padded = of(dim, 40, strength * 40.0 / dim as f64);
        assert!((plain - padded).abs() < 1e-9, "{plain} {padded}");
        assert!(dim < 25 || plain == found);
    }
}

#[test]
fn targets_that_states_do_not_tell_are_not_decoded() {
    let mut rng = stream_of_draw(3, 0);
    let (states, targets) = (normal(400, 20, &mut rng), normal(400, 2, &mut rng));
    let found = Ridge::default().r2(states.as_ref(), targets.as_ref(), &groups(400, 4));
    assert!((-0.2..0.01).contains(&found), "{found}");
}

#[test]
fn what_samples_of_a_trial_share_does_not_leak() {
    let mut rng = stream_of_draw(4, 0);
    let (trials, dim, size) = (40, 60, 20);
    let (centres, values) = (normal(trials, dim, &mut rng), normal(trials, 1, &mut rng));
    let samples = trials * size;
    let states = Mat::from_fn(samples, dim, |i, j| {
        centres[(i % trials, j)] + 1e-3 * rng.sample::<f64, _>(StandardNormal)
    });
    let targets = Mat::from_fn(samples, 1, |i, _| values[(i % trials, 0)]);
    let by_trial: Vec<usize> = (0..samples).map(|sample| sample % trials).collect();
    let ridge = Ridge::default();
    let found = ridge.r2(states.as_ref(), targets.as_ref(), &by_trial);
    assert!(found <= 0.0, "{found}");
    let across_trials: Vec<usize> = (0..samples).map(|sample| sample / trials).collect();
    let leaking = ridge.r2(states.as_ref(), targets.as_ref(), &across_trials);
    assert!(leaking > 0.9, "{leaking}");
    let classes: Vec<usize> = (0..trials).map(|_| rng.random_range(0..2)).collect();
    let classes: Vec<usize> = by_trial.iter().map(|&trial| classes[trial]).collect();
    let found = ridge.classify(states.as_ref(), &classes, &by_trial);
    assert!((0.2..0.8).contains(&found.accuracy), "{found:?}");
}

#[test]
fn separable_classes_are_told_apart() {
    let mut rng = stream_of_draw(5, 0);
    let classes: Vec<usize> = (0..120)
        .map(|_| [3, 4, 9, 100][rng.random_range(0..4)])
        .collect();
    let axis = |class: usize| [3, 4, 9, 100].iter().position(|name| *name == class);
    let states = Mat::from_fn(120, 6, |i, j| {
        let mean = if axis(classes[i]) == Some(j) {
            5.0
        } else {
            0.0
        };
        mean + 0.3 * rng.sample::<f64, _>(StandardNormal)
    });
    let found = Ridge::default().classify(states.as_ref(), &classes, &groups(120, 3));
    assert_eq!(found.accuracy, 1.0);
    assert!((0.1..0.4).contains(&found.chance), "{found:?}");
}

#[test]
fn chance_is_what_the_most_frequent_class_of_the_others_gives() {
    // Left out in turn: the first group, of classes 0 0 1, where the other's most frequent is 1; and the other way.
    let states = Mat::from_fn(6, 2, |_, _| 0.1);
    let found =
        Ridge::default().classify(states.as_ref(), &[0, 0, 1, 1, 1, 0], &[5, 5, 5, 8, 8, 8]);
    assert_eq!(found.chance, 1.0 / 3.0);
    assert_eq!(found.accuracy, found.chance);
}

#[test]
fn degenerate_data_have_defined_answers() {
    let mut rng = stream_of_draw(6, 0);
    let (states, targets) = (normal(12, 3, &mut rng), normal(12, 1, &mut rng));
    let ridge = Ridge::default();
    let r2 = |states: &Mat<f64>, targets: &Mat<f64>, groups: &[usize]| {
        ridge.r2(states.as_ref(), targets.as_ref(), groups)
    };
    let of_three = groups(12, 4);
    assert!(r2(&states, &targets, &of_three).is_finite());
    assert!(r2(&states, &targets, &[7; 12]).is_nan());
    assert!(r2(&Mat::zeros(0, 3), &Mat::zeros(0, 1), &[]).is_nan());
    let still = Mat::from_fn(12, 3, |_, _| 0.1);
    assert_eq!(r2(&still, &targets, &of_three), 0.0);
    assert_eq!(r2(&Mat::zeros(12, 0), &targets, &of_three), 0.0);
    assert!(r2(&states, &Mat::zeros(12, 1), &of_three).is_nan());
    let mut broken = states.clone();
    broken[(3, 1)] = f64::NAN;
    assert!(r2(&broken, &targets, &of_three).is_nan());
    let one = ridge.classify(states.as_ref(), &[6; 12], &of_three);
    assert_eq!((one.accuracy, one.chance), (1.0, 1.0));
    assert!(
        ridge
            .classify(states.as_ref(), &[6; 12], &[0; 12])
            .chance
            .is_nan()
    );
    assert!(
        ridge
            .classify(broken.as_ref(), &[6; 12], &of_three)
            .accuracy
            .is_nan()
    );
}

#[test]
fn folds_never_cut_a_group() {
    let mut rng = stream_of_draw(7, 0);
    let numbers: Vec<usize> = (0..100).map(|_| 3 * rng.random_range(0..13)).collect();
    for (folds, expected) in [(0, 2), (5, 5), (40, 13)] {
        let ridge = Ridge {
            folds,
            ..Ridge::default()
        };
        let found = ridge.folds_of(&numbers);
        assert_eq!(found.len(), expected);
        let mut all: Vec<usize> = found.concat();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        for (number, group) in numbers.iter().enumerate() {
            let holding = found
                .iter()
                .filter(|fold| fold.iter().any(|&sample| numbers[sample] == *group));
            assert_eq!(holding.count(), 1, "{number}");
        }
    }
}

#[test]
fn isotropic_states_have_all_dimensions_and_a_line_has_one() {
    // ± unit vectors: the covariance is exactly the identity, but for a factor.
    let states = Mat::from_fn(14, 7, |i, j| {
        let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
        0.3 + if i / 2 == j { 1e-90 * sign } else { 0.0 }
    });
    assert_eq!(participation_ratio(states.as_ref()), 0.0);
    let states = Mat::from_fn(14, 7, |i, j| {
        let sign = if i % 2 == 0 { 1e-90 } else { -1e-90 };
        if i / 2 == j { sign } else { 0.0 }
    });
    assert!((participation_ratio(states.as_ref()) - 7.0).abs() < 1e-12);
    let line = Mat::from_fn(9, 40, |i, j| 2.0 + (i as f64).sqrt() * (j as f64 - 3.0));
    assert!((participation_ratio(line.as_ref()) - 1.0).abs() < 1e-12);
    assert_eq!(participation_ratio(Mat::zeros(0, 3).as_ref()), 0.0);
    assert!(participation_ratio(Mat::from_fn(2, 2, |_, _| f64::NAN).as_ref()).is_nan());
}

proptest! {
    #[test]
    fn the_participation_ratio_is_that_of_the_eigenvalues(
        seed in 0..1000_u64,
        samples in 2..20_usize,
        dim in 1..20_usize,
    ) {
        let states = normal(samples, dim, &mut stream_of_draw(seed, 0));
        let mut centred = states.clone();
        centre(&mut centred);
        let sizes = centred.singular_values().unwrap_or_default();
        let moment = |power: i32| sizes.iter().map(|size| size.powi(power)).sum::<f64>();
        let expected = moment(2).powi(2) / moment(4);
        prop_assert!((participation_ratio(states.as_ref()) - expected).abs() < 1e-9);
    }
}
