//! Events of networks of which only leading multipliers are computed, where formulas say what they are.

use std::f64::consts::PI;

use super::*;
use crate::calculus::{Jet, Scalar as _};
use crate::cell::formula::RateFormula;
use crate::cell::map::CellMap;
use crate::cell::path::CellPath;
use crate::cell::spec::Activation;
use crate::dynamics::linear::spectrum::DENSE_DIM;
use crate::landscape::equations::equation::Extended;
use crate::landscape::examples::fading;
use crate::landscape::follow::branch::{ContinuationLimits, PathPoint, Route};
use crate::landscape::follow::excursion::{End, is_quiet_in_line};
use crate::landscape::follow::path::{signs, with_multipliers};
use crate::landscape::follow::tracing::trace;
use crate::map::Family;

/// Rotations by `angle` with a gain that goes from one value to another, among units that keep to themselves.
fn rotations(pairs: &[(f64, [f64; 2])]) -> CellPath {
    let dim = DENSE_DIM + 1;
    let at = |end: usize| {
        let mut weights = fading(dim);
        for (pair, (angle, gains)) in pairs.iter().enumerate() {
            let (sin, cos) = angle.sin_cos();
            let first = 2 * pair;
            for (i, j, entry) in [(0, 0, cos), (0, 1, -sin), (1, 0, sin), (1, 1, cos)] {
                weights[(first + i) * dim + first + j] = gains[end] * entry;
            }
        }
        CellMap::vanilla(&weights, vec![0.0; dim])
    };
    CellPath::new(at(0), at(1)).unwrap()
}

/// The fixed point 0 with its multipliers.
fn origin<F: Family>(family: &F, s: f64) -> PathPoint {
    let at = |s: f64| Extended::new(vec![0.0; DENSE_DIM + 1], s);
    let point = signs(family, at(s), &at(1.0), |_| true).unwrap();
    with_multipliers(family, point, 0).unwrap()
}

/// Three pairs cross the circle in a step or two of a branch that is followed without its multipliers; each is located.
#[test]
fn several_pairs_that_cross_in_one_step_are_told_apart() {
    let family = rotations(&[(0.7, [0.9, 1.3]), (1.3, [0.88, 1.28]), (2.0, [1.1, 0.6])]);
    let limits = ContinuationLimits::default();
    let branch = trace(
        &family,
        &[0.0; DENSE_DIM + 1],
        Route::across(0.0, 1.0),
        &limits,
    );
    assert!(branch.end().is_some() && branch.points.len() < 9);
    assert!(
        branch
            .points
            .iter()
            .all(|point| point.tests.eigenvalues.is_none())
    );
    let found = events(&family, &branch);
    let places = [(0.2, 2.0, 2, 0), (0.25, 0.7, 0, 2), (0.3, 1.3, 2, 4)];
    assert_eq!(found.len(), places.len());
    for (event, (s, angle, before, after)) in found.iter().zip(places) {
        let EventKind::NeimarkSacker(form) = event.kind else {
            panic!("{event:?}");
        };
        assert!((event.place.s - s).abs() < 1e-10 && (form.theta - angle).abs() < 1e-9);
        assert_eq!(
            (event.before.n_unstable, event.after.n_unstable),
            (before, after)
        );
        assert_eq!(event.multipliers.len(), 2);
    }
}

/// Whether the step from the second to the third of four points is quiet, as the outer two say, if they are asked.
fn is_middle_quiet<F: Family>(family: &F, points: &[PathPoint; 4], asked: [bool; 2]) -> bool {
    let outside = points[1].tests.n_unstable().unwrap();
    let [a, b] = [1, 2].map(|k| End::of(&points[k]));
    let around = [0, 1].map(|k| asked[k].then(|| &points[3 * k]));
    is_quiet_in_line(family, [&a, &b], around, outside)
}

/// The points of the branch alone tell that nothing happens where the only pair goes evenly, from inside or outside, and where
/// nothing moves but by rounding.
#[test]
fn points_around_a_step_tell_that_it_is_quiet() {
    for gains in [[0.7, 0.9], [1.4, 1.2], [0.9, 0.9 + 1e-15]] {
        let family = rotations(&[(0.7, gains)]);
        let points = [0.0, 0.3, 0.5, 0.9].map(|s| origin(&family, s));
        assert!(is_middle_quiet(&family, &points, [true, true]), "{gains:?}");
        assert!(
            is_middle_quiet(&family, &points, [true, false]),
            "{gains:?}"
        );
        assert!(!is_middle_quiet(&family, &points, [false, false]));
    }
}

/// A neighbour beyond an event has another multiplier nearest to the circle, and is not asked.
#[test]
fn neighbours_with_other_counts_say_nothing() {
    let family = rotations(&[(0.7, [0.9, 1.1])]);
    let points = [0.7, 0.3, 0.2, 0.8].map(|s| origin(&family, s));
    assert!(!is_middle_quiet(&family, &points, [true, true]));
}

/// A pair that goes out and comes back behind another, which leads at every place that is known: what J does between tells.
#[test]
fn what_swings_out_behind_the_leader_is_looked_at() {
    let family = Swinging(rotations(&[(0.7, [0.999, 0.999]), (1.3, [0.9, 1.3])]));
    let points = [0.0, 1.0, 2.0, 3.0].map(|s| origin(&family, s));
    assert!(!is_middle_quiet(&family, &points, [true, true]));
}

/// A family that swings to and fro between two maps, once from one whole number to the next.
struct Swinging(CellPath);

impl Family for Swinging {
    type At = CellMap;

    fn at(&self, s: f64) -> CellMap {
        self.0.at((PI * s).sin().powi(2))
    }

    fn jet(&self, _: Jet, curve: &[Jet]) -> Vec<Jet> {
        self.0.jet(Jet::constant(0.0), curve)
    }
}

/// A rectified unit whose drive changes its sign halfway, among a thousand others of which one excites itself: followed over the
/// border without multipliers, which the event counts nevertheless.
#[test]
fn a_border_in_a_large_network_has_its_counts() {
    let dim = DENSE_DIM + 1;
    let at = |drive: f64| {
        let mut weights = fading(dim);
        weights[dim + 1] = 1.5;
        let mut drives = vec![0.1; dim];
        (drives[0], drives[1]) = (drive, -0.1);
        let formula = RateFormula {
            activation: Activation::Relu,
            leak: None,
        };
        CellMap::rate(formula, &weights, drives)
    };
    let family = CellPath::new(at(0.5), at(-0.5)).unwrap();
    let limits = ContinuationLimits::default();
    let branch = trace(&family, &vec![1.0; dim], Route::across(0.0, 1.0), &limits);
    assert!(branch.end().is_some(), "{:?}", branch.ending);
    assert!(
        branch
            .points
            .iter()
            .all(|point| point.tests.eigenvalues.is_none())
    );
    let found = events(&family, &branch);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].kind.code(), "BC");
    assert!((found[0].place.s - 0.5).abs() < 1e-9);
    assert_eq!(
        (found[0].before.n_unstable, found[0].after.n_unstable),
        (1, 1)
    );
}
