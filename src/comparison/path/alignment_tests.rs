//! Tests of the alignment of networks of every cell.

use super::*;
use crate::cell::map::CellMap;
use crate::comparison::path::barrier::barrier;
use crate::comparison::path::length::distance;
use crate::comparison::path::symmetry::tests::{drawn, drawn_symmetry, inputs, networks, outputs};
use crate::map::Map as _;
use crate::statistics::randomisation::stream_of_draw;
use rand_distr::{Distribution as _, StandardNormal};

#[test]
fn a_copy_with_its_units_changed_comes_back_and_no_barrier_is_left() {
    let mut rng = stream_of_draw(8, 0);
    for spec in networks() {
        let a = drawn(&spec, 11);
        let b = drawn_symmetry(&spec, &mut rng).applied(&spec, &a);
        let found = aligned(&spec, &a, &b);
        let apart = distance(a.values(), found.values());
        assert!(apart < 1e-12, "{:?}: {apart}", spec.cell);
        let expected = outputs(&spec, &a);
        let loss = |values: &[f64]| {
            let mut between = a.zeros_like();
            between.values_mut().copy_from_slice(values);
            let pairs = outputs(&spec, &between).into_iter().zip(&expected);
            pairs.map(|(x, y)| (x - y).powi(2)).sum::<f64>()
        };
        let with = barrier(a.values(), found.values(), loss).unwrap();
        assert!(with.height < 1e-20, "{:?}: {with:?}", spec.cell);
        let without = barrier(a.values(), b.values(), loss).unwrap();
        assert!(without.height > 1e-3, "{:?}: {without:?}", spec.cell);
    }
}

#[test]
fn alignment_never_changes_the_outputs_and_finds_a_noisy_copy() {
    let mut rng = stream_of_draw(9, 0);
    for spec in networks() {
        let (a, other) = (drawn(&spec, 1), drawn(&spec, 2));
        let found = aligned(&spec, &a, &other);
        let (before, after) = (outputs(&spec, &other), outputs(&spec, &found));
        for (x, y) in before.iter().zip(&after) {
            assert!((x - y).abs() < 1e-11, "{:?}", spec.cell);
        }
        let far = distance(a.values(), other.values());
        assert!(distance(a.values(), found.values()) <= far);
        let mut noisy = a.clone();
        for value in noisy.values_mut() {
            let noise: f64 = StandardNormal.sample(&mut rng);
            *value += 0.01 * noise;
        }
        let symmetry = drawn_symmetry(&spec, &mut rng);
        let matched = matched_by_weights(&spec, &a, &symmetry.applied(&spec, &noisy), None);
        assert!(matched.after(&symmetry).is_identity(), "{:?}", spec.cell);
    }
}

#[test]
fn units_are_known_by_what_they_do() {
    let mut rng = stream_of_draw(10, 0);
    for spec in networks().into_iter().filter(|spec| spec.feedback == 0.0) {
        let a = drawn(&spec, 4);
        let symmetry = drawn_symmetry(&spec, &mut rng);
        let b = symmetry.applied(&spec, &a);
        let states = |parameters: &Parameters<f64>| {
            let mut state = parameters.get(INITIAL_STATE).to_vec();
            state.resize(spec.state_size(), 0.0);
            let mut states = Vec::new();
            for input in inputs(&spec) {
                let mut next = vec![0.0; state.len()];
                CellMap::new(&spec, parameters, &input).step(&state, &mut next);
                states.extend(next.iter().map(|&x| x as f32));
                state = next;
            }
            TrialStates {
                steps: 20,
                trials: 1,
                units: spec.state_size(),
                states,
            }
        };
        let (of_a, of_b) = (states(&a), states(&b));
        let found = matched_by_states(&spec, &of_a, &of_b).unwrap();
        let of_aligned = states(&found.applied(&spec, &b));
        let pairs = of_aligned.states.iter().zip(&of_a.states);
        let apart = pairs.map(|(x, y)| (x - y).abs());
        assert!(apart.fold(0.0, f32::max) < 1e-5, "{:?}", spec.cell);
        if has_signs(&spec) {
            // Rectified units that never wake cannot be told apart.
            assert!(found.after(&symmetry).is_identity(), "{:?}", spec.cell);
        }
        let mut shorter = of_a;
        shorter.steps = 10;
        assert_eq!(matched_by_states(&spec, &shorter, &of_b), None);
    }
}
