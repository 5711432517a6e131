#![allow(clippy::unwrap_used)]

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::learning::{Rule, taught, trials_to};
use super::memories::{Memories, Memory};
use super::patterns::{Cycles, Patterns, explained};
use crate::cell::parameters::{Parameters, READOUT_BIAS, READOUT_WEIGHT};
use crate::dynamics::linear::spectrum::Spectrum;
use crate::dynamics::points::newton::{NewtonEnd, NewtonLimits, solve};
use crate::map::q;

fn small(strength: f64) -> (Memories, Parameters<f64>) {
    let network = Memories::network(60, 3);
    let weights = Parameters::initial(&network, 5);
    (Memories::new(&network, &weights, strength), weights)
}

#[test]
fn an_error_of_zero_is_a_fixed_point_of_the_closed_loop_and_its_slope_tells_its_index() {
    let (memories, mut weights) = small(0.5);
    for value in 0..3 {
        // The bias alone makes the error zero.
        weights.get_mut(READOUT_BIAS)[0] -= memories.probed(&weights)[value].error;
        for scale in [1.0, 1.5, 3.0] {
            let mut scaled = weights.clone();
            for w in scaled.get_mut(READOUT_WEIGHT) {
                *w *= scale;
            }
            scaled.get_mut(READOUT_BIAS)[0] -= memories.probed(&scaled)[value].error;
            let found = memories.probed(&scaled)[value];
            let (map, state) = memories.closed_loop(&scaled, value);
            assert!(q(&map, &state) < 1e-16);
            let NewtonEnd::Root { point } = solve(&map, &state, NewtonLimits::default()) else {
                panic!("no fixed point");
            };
            let spectrum = Spectrum::at(&map, &point).unwrap();
            let above = spectrum
                .eigenvalues
                .iter()
                .filter(|of| of.1 == 0.0 && of.0 > 1.0);
            assert_eq!(above.count() % 2 == 1, found.leaving > 0.0, "{found:?}");
        }
    }
}

#[test]
fn a_memory_needs_a_small_error_and_an_output_that_stays() {
    let there = |error, leaving| Memory { error, leaving }.is_there();
    assert!(there(0.05, -0.5) && there(-0.05, 0.05));
    assert!(!there(0.2, -0.5) && !there(-0.2, -0.5) && !there(0.0, 0.5));
}

#[test]
fn states_are_alike_without_contexts_and_less_so_with_them() {
    let correlation = |strength| small(strength).0.correlation(0, 1);
    assert!(correlation(0.0) > 0.7, "{}", correlation(0.0));
    assert!(correlation(2.0) < 0.5, "{}", correlation(2.0));
}

#[test]
fn force_keeps_what_least_mean_squares_forgets() {
    let (memories, weights) = small(0.0);
    let taught = |rule| taught(&memories, &weights, &[2, 0, 1], rule).unwrap();
    let [force, lms] = [Rule::Force, Rule::Lms(5e-3)].map(taught);
    // The value of the last trial is there under both.
    assert!(force.memories[3][2].error.abs() < 0.05, "{force:?}");
    assert!(lms.memories[3][2].error.abs() < 0.05, "{lms:?}");
    assert!(force.memories[3][0].error.abs() < 0.1, "{force:?}");
    assert!(lms.memories[3][0].error.abs() > 0.2, "{lms:?}");
    let damage = |of: &super::Sequence| of.interferences()[0].damage;
    assert!(damage(&lms) > 5.0 * damage(&force));
}

#[test]
fn least_mean_squares_take_longer() {
    let (memories, weights) = small(0.0);
    let trials = |rule| {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let limits = (0.05, 60);
        trials_to(&memories, &weights, rule, limits, &mut rng)
            .unwrap()
            .0
    };
    let force = trials(Rule::Force).unwrap();
    assert!(trials(Rule::Lms(5e-3)).is_none_or(|lms| lms > 2 * force));
}

#[test]
fn a_wave_is_explained_at_any_phase_and_by_its_own_frequency_alone() {
    let wave = |turn: f64, amplitude: f64| -> Vec<f64> {
        let steps = 0..600;
        steps
            .map(|step| amplitude * (turn * f64::from(step) + 0.7).sin())
            .collect()
    };
    let turn = std::f64::consts::TAU / 50.0;
    assert!((explained(&wave(turn, 1.0), turn) - 1.0).abs() < 1e-9);
    // Twice as high: what is too much is the wave itself.
    assert!(explained(&wave(turn, 2.0), turn).abs() < 1e-9);
    assert!(explained(&wave(1.3 * turn, 1.0), turn) < -0.5);
    assert!(explained(&[0.0; 600], turn).abs() < 1e-9);
}

#[test]
fn a_pattern_that_force_was_taught_is_there_and_one_that_was_not_is_not() {
    let patterns = Patterns::new(200, 2);
    let Cycles { fits } = patterns.taught(3, &[0, 1], (Rule::Force, 1)).unwrap();
    assert!(fits[0][0] > 0.9 && fits[1][1] > 0.9, "{fits:?}");
    assert!(fits[0][1] < 0.5, "{fits:?}");
    assert!(patterns.fit(&patterns.weights(3), 0) < 0.5);
}

#[test]
fn what_outlived_counts_only_what_had_been_learned() {
    let cycles = Cycles {
        fits: vec![
            vec![0.9, 0.0, 0.0],
            vec![0.9, 0.5, 0.0],
            vec![-2.0, 0.9, 0.9],
        ],
    };
    assert_eq!(cycles.learned(), [true, false, true]);
    assert_eq!(cycles.outlived(), [false]);
    assert_eq!(cycles.outlived_next(), [true]);
}
