//! Events of networks of which only leading multipliers are computed, where formulas say what they are.

use super::*;
use crate::cell::map::CellMap;
use crate::cell::path::CellPath;
use crate::dynamics::linear::spectrum::DENSE_DIM;
use crate::landscape::equations::equation::Extended;
use crate::landscape::follow::branch::PathPoint;
use crate::landscape::follow::branch::{ContinuationLimits, Route};
use crate::landscape::follow::excursion::{End, is_quiet_in_line};
use crate::landscape::follow::path::describe;
use crate::landscape::follow::tracing::trace;

/// Rotations by `angle` with a gain that goes from one value to another, among units that keep to themselves.
fn rotations(pairs: &[(f64, [f64; 2])]) -> CellPath {
    let dim = DENSE_DIM + 1;
    let at = |end: usize| {
        let mut weights = vec![0.0; dim * dim];
        for i in 2 * pairs.len()..dim {
            weights[i * dim + i] = 0.6 * 0.9_f64.powi(i as i32);
        }
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

/// The points of the branch alone tell that nothing happens where the only pair goes evenly, from inside or outside.
#[test]
fn points_around_a_step_tell_that_it_is_quiet() {
    for gains in [[0.7, 0.9], [1.4, 1.2]] {
        let family = rotations(&[(0.7, gains)]);
        let points: Vec<PathPoint> = [0.0, 0.3, 0.5, 0.9]
            .into_iter()
            .map(|s| {
                let place = Extended::new(vec![0.0; DENSE_DIM + 1], s);
                let tangent = Extended::new(vec![0.0; DENSE_DIM + 1], 1.0);
                describe(&family, place, &tangent).unwrap()
            })
            .collect();
        let outside = points[0].tests.n_unstable().unwrap();
        let [a, b] = [1, 2].map(|k| End::of(&points[k]));
        assert!(is_quiet_in_line(
            &a,
            &b,
            [points.first(), points.last()],
            outside
        ));
        // Nobody to ask, or with other multipliers nearest to the circle.
        assert!(!is_quiet_in_line(&a, &b, [None, None], outside));
        assert!(!is_quiet_in_line(
            &a,
            &b,
            [points.first(), None],
            outside + 2
        ));
    }
}
