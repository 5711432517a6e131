#![allow(clippy::unwrap_used)]

use super::memories::TRAINED;
use super::*;

const TINY: Form = Form {
    units: 12,
    batch: 2,
    trials: 60,
    extension: Extension {
        rounds: 2,
        steps: 2,
        ..FULL.extension
    },
    ..QUICK
};

const KIND: Kind = Kind {
    cell: "gru",
    growing: Growing::Delays,
};

fn memory(speed: f64, retention: f64) -> Memory {
    Memory {
        accuracies: vec![retention; DELAYS.len()],
        is_fixed: speed == 0.0,
        speed,
        minimum_speed: speed,
        mean_speed: 1.0,
    }
}

fn network(growing: Growing, seed: u64, memories: Vec<Memory>) -> Trained {
    Trained {
        kind: Kind { growing, ..KIND },
        seed,
        memories,
        extended: vec![vec![0.2; 5], vec![0.3; 5], vec![0.7; 5]],
    }
}

#[test]
fn claims_compare_twins_and_judge_memories_by_their_speed() {
    let falls = || vec![memory(0.0, 1.0), memory(0.01, 0.6), memory(0.03, 0.3)];
    let networks: Vec<Trained> = (0..3)
        .flat_map(|seed| Growing::ALL.map(|growing| network(growing, seed, falls())))
        .collect();
    let report = report(&networks);
    let measured = |claim: usize| report.claims[claim].measured.value;
    assert_eq!((measured(0), measured(2)), (0.0, 0.0));
    assert!((measured(3) + 1.0).abs() < 1e-12 && (measured(5) + 1.0).abs() < 1e-12);
    assert!((measured(6) - 0.5).abs() < 1e-12 && (measured(7) - 0.4).abs() < 1e-12);
    for table in &report.tables {
        assert!(
            table
                .rows
                .iter()
                .all(|row| row.len() == table.columns.len())
        );
    }
}

/// In an untrained network with zero recurrent weights all states are forgotten at once: the slow point is the fixed point.
#[test]
fn a_network_that_forgets_at_once_has_one_slow_point() {
    let course = TINY.course(KIND, 1).unwrap();
    let mut parameters = Parameters::<f32>::initial(&course.curriculum().network, 1);
    for name in [
        crate::cell::parameters::WEIGHT_HH,
        crate::cell::parameters::READOUT_WEIGHT,
    ] {
        parameters.get_mut(name).fill(0.0);
    }
    // It names class 3 whatever it has seen.
    parameters.get_mut(crate::cell::parameters::READOUT_BIAS)[4] = 1.0;
    let memories = Network::new(&course, &parameters)
        .memories(TINY.shown())
        .unwrap();
    assert_eq!(memories.len(), 1);
    let of = &memories[0];
    assert!(of.is_fixed && of.speed == 0.0 && of.minimum_speed == 0.0);
    assert!(of.mean_speed > 0.0);
    assert_eq!(of.accuracies, vec![1.0; DELAYS.len()]);
}

#[test]
fn the_penalty_slows_the_network_where_it_is_asked_to() {
    let course = TINY.course(KIND, 2).unwrap();
    let parameters = Parameters::<f32>::initial(&course.curriculum().network, 2);
    let extension = Extension {
        rounds: 3,
        steps: 10,
        weight: 1e3,
        trials: 60,
    };
    let places = Network::new(&course, &parameters).places(TINY.shown(), &[]);
    let places = places.unwrap();
    assert!(!places.is_empty());
    let speed = |treatment| -> f64 {
        let after = extended(&course, &parameters, treatment, extension).unwrap();
        let network = Network::new(&course, &after);
        places.iter().map(|place| network.speed(&place.mean)).sum()
    };
    let [free, held] = [Treatment::Nothing, Treatment::MeanStates].map(speed);
    assert!(held < 0.9 * free, "{held} {free}");
}

#[test]
fn kinds_have_their_curricula_and_names_of_their_own() {
    let kinds = FULL.kinds(4);
    assert_eq!(kinds.len(), 2 * 4 + 2 * 2);
    let names: std::collections::BTreeSet<String> = kinds
        .iter()
        .map(|&(kind, seed)| FULL.course(kind, seed).unwrap().curriculum().name.clone())
        .collect();
    assert_eq!(names.len(), kinds.len());
    for growing in Growing::ALL {
        let course = FULL.course(Kind { growing, ..KIND }, 0).unwrap();
        assert_eq!(course.curriculum().total_steps(), 4200);
    }
    assert_eq!(DELAYS[TRAINED], 19);
}
