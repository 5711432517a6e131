use super::*;
use crate::calculus::Scalar;
use crate::landscape::examples::{Along, Formula, Tanh};
use crate::landscape::follow::tracing::trace;
use crate::map::HenonFamily;

fn kinds(branch: &Branch) -> Vec<Change> {
    branch
        .points
        .windows(2)
        .filter_map(|pair| match between(&pair[0].tests, &pair[1].tests) {
            Between::One(change) => Some(change),
            _ => None,
        })
        .collect()
}

#[test]
fn the_trivial_branch_of_a_unit_goes_straight_through_its_pitchfork() {
    // x′ = tanh(w x), w from 1.5 down to 0.5.
    let family = Tanh::unit([1.5, -1.0], [0.0, 0.0]);
    let branch = trace(
        &family,
        &[0.0],
        Route::across(0.0, 1.0),
        &ContinuationLimits::default(),
    );
    assert_eq!(branch.ending, BranchEnd::Reached { s: 1.0 });
    assert_eq!(kinds(&branch), [Change::BranchPoint]);
    assert_eq!(branch.points[0].tests.index, -1);
    assert_eq!(branch.end().map(|p| p.tests.index), Some(1));
}

#[test]
fn a_bias_turns_the_pitchfork_into_a_fold_beside_a_branch_that_does_not_turn() {
    let family = Tanh::unit([1.5, -1.0], [0.02, 0.0]);
    let across = |x: f64| {
        trace(
            &family,
            &[x],
            Route::across(0.0, 1.0),
            &ContinuationLimits::default(),
        )
    };
    let right = across(0.87);
    assert_eq!(right.ending, BranchEnd::Reached { s: 1.0 });
    assert!(kinds(&right).is_empty());
    // The two others annihilate each other: each leads to the other.
    let left = across(-0.84);
    let middle = across(-0.04);
    for (from, to) in [(&left, &middle), (&middle, &left)] {
        assert_eq!(from.ending, BranchEnd::TurnedBack { s: 0.0 });
        assert_eq!(kinds(from), [Change::Fold]);
        let end = from.end().unwrap();
        assert!((end.place.state[0] - to.points[0].place.state[0]).abs() < 1e-12);
        assert_eq!(end.tests.index, to.points[0].tests.index);
        assert_eq!(end.tests.index, -from.points[0].tests.index);
    }
}

#[test]
fn henon_fixed_points_annihilate_each_other() {
    // x = [−(1−b) ± √((1−b)² + 4a)]/(2a), joined at the fold a = −(1−b)²/4.
    let family = HenonFamily { b: 0.3 };
    let limits = ContinuationLimits::default();
    let root = |a: f64, sign: f64| (-0.7 + sign * (0.49 + 4.0 * a).sqrt()) / (2.0 * a);
    let x = root(-0.05, 1.0);
    let branch = trace(&family, &[x, 0.3 * x], Route::across(-0.05, -0.5), &limits);
    assert_eq!(branch.ending, BranchEnd::TurnedBack { s: -0.05 });
    assert_eq!(kinds(&branch), [Change::Fold]);
    let end = &branch.end().unwrap().place.state;
    assert!((end[0] - root(-0.05, -1.0)).abs() < 1e-12);
    let branch = trace(&family, &[0.63, 0.19], Route::across(1.4, -0.1), &limits);
    assert_eq!(branch.ending, BranchEnd::Reached { s: -0.1 });
    assert_eq!(kinds(&branch), [Change::Flip]);
    let end = &branch.end().unwrap().place.state;
    assert!((end[0] - root(-0.1, 1.0)).abs() < 1e-12);
}

/// An isola: fixed points on (x² + (s − ½)² = r²) of x′ = x + ½(r² − x² − (s−½)²).
#[derive(Clone)]
struct Isola(f64);

impl Formula for Isola {
    fn dim(&self) -> usize {
        1
    }

    fn value<S: Scalar>(&self, s: S, x: &[S]) -> Vec<S> {
        let from_middle = s - S::constant(0.5);
        let inside = S::constant(self.0 * self.0) - x[0] * x[0] - from_middle * from_middle;
        vec![x[0] + inside.scaled(0.5)]
    }
}

#[test]
fn a_loop_closes() {
    let branch = trace(
        &Along(Isola(0.3)),
        &[0.3],
        Route::within(0.5, 0.0, 1.0, true),
        &ContinuationLimits::default(),
    );
    assert_eq!(branch.ending, BranchEnd::Closed);
    assert_eq!(kinds(&branch), [Change::Fold; 2]);
    // Wider than the interval, the same circle is two branches.
    let branch = trace(
        &Along(Isola(0.6)),
        &[0.3],
        Route::across(0.0, 1.0),
        &ContinuationLimits::default(),
    );
    assert_eq!(branch.ending, BranchEnd::Reached { s: 1.0 });
    assert!(kinds(&branch).is_empty());
    // Just wider: the fold lies beyond the end and must not be cut off.
    let branch = trace(
        &Along(Isola(0.500_01)),
        &[0.003],
        Route::across(0.0, 1.0),
        &ContinuationLimits::default(),
    );
    assert_eq!(branch.ending, BranchEnd::Reached { s: 1.0 });
    assert!(kinds(&branch).is_empty());
}

#[test]
fn every_point_is_on_the_curve_and_every_tangent_along_it() {
    let w = vec![1.1, -0.7, 0.4, 0.9, 1.3, -0.5, 0.2, 0.8, 1.2];
    let family = Tanh::gain(w, vec![0.1, -0.2, 0.05]);
    let branch = trace(
        &family,
        &[0.0; 3],
        Route::across(0.0, 3.0),
        &ContinuationLimits::default(),
    );
    assert_eq!(branch.ending, BranchEnd::Reached { s: 3.0 });
    for point in &branch.points {
        let equation = Linearised::at(&family, &point.place);
        for i in 0..3 {
            assert!(equation.residual[i].abs() < 1e-15);
            let along = (0..3)
                .map(|j| equation.entry(i, j) * point.tangent.state[j])
                .sum::<f64>()
                + equation.entry(i, 3) * point.tangent.s;
            assert!(along.abs() < 1e-13);
        }
        assert!((point.tangent.norm() - 1.0).abs() < 1e-14);
        // sign det(I−J) = sign(v_s) · sign of the bordered determinant, by Cramer's rule.
        let turning = if point.tests.turning > 0.0 { 1 } else { -1 };
        assert_eq!(point.tests.index, turning * point.tests.border);
    }
}

#[test]
fn a_failure_says_why() {
    let nowhere = trace(
        &HenonFamily { b: 0.3 },
        &[0.0, 0.0],
        Route::across(-1.0, 1.0),
        &ContinuationLimits::default(),
    );
    assert!(nowhere.points.is_empty() && nowhere.end().is_none());
    let reason = Reason::NoFixedPointAtStart;
    assert_eq!(nowhere.ending, BranchEnd::Stalled { reason, s: -1.0 });
    let few = ContinuationLimits {
        most_points: 3,
        ..ContinuationLimits::default()
    };
    let short = trace(
        &Along(Isola(0.3)),
        &[0.3],
        Route::within(0.5, 0.0, 1.0, true),
        &few,
    );
    assert!(matches!(
        short.ending,
        BranchEnd::Stalled {
            reason: Reason::TooManyPoints,
            ..
        }
    ));
    assert_eq!(short.points.len(), 3);
}
