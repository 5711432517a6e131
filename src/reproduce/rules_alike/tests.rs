//! What is averaged over which pairs.

#![allow(clippy::unwrap_used)]

use super::report::{Apart, apart};
use super::{Form, KINDS, Learned, MATCHED, TEST_SEED};
use crate::comparison::groups::distances::Distances;
use crate::comparison::portrait::Portrait;
use crate::task::Task as _;

fn learned(kind: usize, seed: u64) -> Learned {
    Learned {
        kind,
        seed,
        matched: None,
        end: Portrait::of_landscapes("", 0, Vec::new()),
        accuracy: 1.0,
        born: None,
    }
}

/// Distances that tell two kinds: 10 a + b for kinds a ≤ b, and 1000 more between networks of one seed.
fn told() -> Apart {
    let kinds = 0..KINDS.len();
    let networks: Vec<Learned> = kinds
        .flat_map(|kind| (0..6).map(move |seed| learned(kind, seed)))
        .collect();
    let all: Vec<&Learned> = networks.iter().collect();
    let distances = Distances::between(all.len(), |a, b| {
        let (a, b) = (all[a], all[b]);
        let is_twin = a.seed == b.seed;
        (10 * a.kind + b.kind + 1000 * usize::from(is_twin)) as f64
    });
    apart("a measure", distances.unwrap(), &all, 100)
}

#[test]
fn networks_of_one_seed_are_no_pair_but_twins_of_both_rules() {
    let told = told();
    // Seeds: 0. Rule: kind 1. Architectures: 2 and 3. Gains: 4 to 7.
    let expected = [0.0, 1.0, 2.5, 5.5];
    for (found, expected) in told.means.iter().zip(expected) {
        assert!((found.value - expected).abs() < 1e-12, "{:?}", told.means);
        let [low, high] = found.interval.unwrap();
        assert!(low <= expected && expected <= high);
    }
    assert!((told.rule_minus[0].value + 1.5).abs() < 1e-12);
    assert!((told.rule_minus[1].value + 4.5).abs() < 1e-12);
    assert_eq!(told.same_weights.value, 1001.0);
    let by_kind: Vec<f64> = told.by_kind.iter().map(|of| of.value).collect();
    assert_eq!(by_kind, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
}

/// One bit: both rules make two memories and what is between them, and the moment of comparison is before the end.
#[test]
fn both_rules_learn_one_bit_and_end_with_the_same_graph() {
    let form = Form {
        units: 20,
        bits: 1,
        steps: 1000,
        seeds: 1,
        draws: 10,
    };
    let trials = form.task().batch(120, TEST_SEED);
    for (kind, &of) in KINDS.iter().enumerate().take(2) {
        let course = form.course(of, 1).unwrap();
        let learned = form.learned((kind, 1), &course, &trials).unwrap();
        let (step, portrait) = learned.matched.unwrap();
        assert!(step > 0 && step < form.steps, "{kind}: {step}");
        assert!(portrait.landscapes.is_empty() && learned.accuracy > MATCHED);
        let born = learned.born.unwrap();
        assert!(born <= form.steps, "{kind}: {born}");
        let points = &learned.end.landscapes[0].points;
        let mut unstable: Vec<usize> = points.iter().map(|of| of.n_unstable).collect();
        unstable.sort_unstable();
        assert_eq!(unstable, [0, 0, 1], "{kind}");
        // The saddle leads to both, and a pulse up or down from either to its own.
        let edges = learned.end.landscapes[0].edges.as_ref().unwrap();
        assert_eq!(edges.len(), 2 + 2 * 2, "{kind}: {edges:?}");
    }
}
