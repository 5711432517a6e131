#![allow(clippy::unwrap_used)]

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::*;

/// Waves of four neurons in `conditions`, turned by an angle in the plane of the first two.
fn waves(conditions: usize, steps: usize, angle: f64) -> Recording {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut activity = Vec::new();
    for _ in 0..conditions {
        let phase: f64 = rng.random_range(0.0..6.0);
        for step in 0..steps {
            let t = 0.3 * step as f64 + phase;
            let (x, y) = (t.cos(), 0.5 * (2.0 * t).sin());
            activity.extend([
                angle.cos() * x - angle.sin() * y,
                angle.sin() * x + angle.cos() * y,
                (1.7 * t).cos(),
                phase.sin(),
            ]);
        }
    }
    Recording {
        name: "waves".to_owned(),
        unit: "Hz".to_owned(),
        bin_secs: None,
        conditions: (0..conditions).map(|place| place.to_string()).collect(),
        trials: vec![1; conditions],
        steps,
        neurons: 4,
        activity,
        input_channels: 0,
        inputs: Vec::new(),
    }
}

#[test]
fn turned_activity_is_the_same_to_all_measures_and_other_activity_is_not() {
    let (one, turned) = (waves(30, 60, 0.0), waves(30, 60, 0.9));
    for (measure, distance) in alike(&one, &turned).unwrap() {
        let distance = distance.unwrap();
        assert!(distance.abs() < 0.03, "{measure}: {distance}");
    }
    let mut other = waves(30, 60, 0.0);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    other
        .activity
        .iter_mut()
        .for_each(|x| *x = rng.random_range(-1.0..1.0));
    for (measure, distance) in alike(&one, &other).unwrap() {
        let distance = distance.unwrap();
        assert!(distance > 0.3, "{measure}: {distance}");
    }
}

#[test]
fn single_bins_have_no_dynamics_and_conditions_go_by_their_names() {
    let (one, mut other) = (waves(8, 1, 0.0), waves(9, 1, 0.4));
    let reasons: Vec<_> = alike(&one, &other).unwrap();
    let dsa = reasons.iter().find(|(name, _)| *name == "dsa").unwrap();
    assert!(dsa.1.is_err(), "{dsa:?}");
    let procrustes = reasons
        .iter()
        .find(|(name, _)| *name == "procrustes")
        .unwrap();
    assert!(
        procrustes.1.as_ref().is_ok_and(|x| *x < 1e-6),
        "{procrustes:?}"
    );
    other
        .conditions
        .iter_mut()
        .for_each(|name| name.insert(0, 'x'));
    let why = alike(&one, &other).unwrap_err().to_string();
    assert!(why.contains("conditions of the same name"), "{why}");
}
