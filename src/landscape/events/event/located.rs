//! The one bifurcation between two points of a branch, located and named; or what is said where none can be.

use super::super::normal_form;
use super::{Bifurcation, BranchPoint, EventKind, Shape, Side};
use crate::landscape::equations::crossing;
use crate::landscape::equations::equation::{Extended, Linearised};
use crate::landscape::equations::locate::{self, ComplexCritical, RealCritical};
use crate::landscape::equations::test_functions::{Change, multipliers};
use crate::landscape::follow::branch::PathPoint;
use crate::landscape::follow::excursion::{End, on_cubic};
use crate::map::Family;

/// By so much a located event may seem to lie beyond the step it is in, relative to the size of the point (at least 1).
const ROUNDING: f64 = 1e-10;
/// Pairs whose arguments differ by more are two.
const MOST_TURN: f64 = 0.3;
/// An eigenvalue this close to the unit circle takes part in the event.
const NEAR_CIRCLE: f64 = 1e-6;
/// A larger imperfection of a branch point says that the branches do not cross.
const IMPERFECT: f64 = 1e-9;

/// A located bifurcation with the multipliers at its place, if they could be computed.
pub(super) struct Found {
    pub(super) event: Bifurcation,
    pub(super) eigenvalues: Option<Vec<(f64, f64)>>,
}

/// Step 1 of [`Step::resolve`](super::resolve::Step::resolve); `None` if Newton's method finds nothing between the two points.
pub(super) fn single<F: Family + ?Sized>(
    family: &F,
    from: &PathPoint,
    to: &PathPoint,
    change: Change,
) -> Option<Found> {
    let found = locate(family, from, to, change)?;
    let is_between = lies_between(&found.place, &from.place, &to.place);
    is_between.then(|| found.event(family, from, to, change))
}

/// How many multipliers of a point lie outside the unit circle, as far as they are known: the search sees only points of which
/// they are.
pub(super) fn outside(point: &PathPoint) -> usize {
    point.tests.n_unstable().unwrap_or_default()
}

/// Whether a place is on the way from one point of a branch to the next.
pub(super) fn lies_between(place: &Extended, low: &Extended, high: &Extended) -> bool {
    let chord = low.towards(high);
    let offset = low.towards(place);
    let share = offset.dot(&chord) / chord.dot(&chord);
    let aside = offset.moved(-share, &chord).norm();
    let slack = (ROUNDING * (1.0 + place.norm()) / chord.norm()).min(0.05);
    (-slack..=1.0 + slack).contains(&share) && aside <= 0.5 * chord.norm() + 1e-12
}

/// Where between two points the event is expected.
fn share(low: &PathPoint, high: &PathPoint, change: Change) -> f64 {
    match change {
        Change::Fold => {
            let (a, b) = (low.tests.turning, high.tests.turning);
            a / (a - b)
        }
        Change::NeimarkSacker => crossing_share(low, high),
        Change::BranchPoint | Change::Flip => 0.5,
    }
}

/// The argument of the pair that crosses the unit circle between two points, at a share of the way; where another pair has taken
/// its place in the order of moduli at one of them, that at the other, where it is nearer to the circle.
fn crossing_angle(low: &PathPoint, high: &PathPoint, share: f64) -> Option<f64> {
    let rank = outside(low).min(outside(high));
    let angle = |point: &PathPoint| {
        let (re, im) = *point.tests.eigenvalues().get(rank)?;
        Some(im.abs().atan2(re))
    };
    let (before, after) = (angle(low)?, angle(high)?);
    Some(if (before - after).abs() > MOST_TURN {
        if share < 0.5 { before } else { after }
    } else {
        (1.0 - share) * before + share * after
    })
}

/// An event that has its place and its coefficients.
struct Located {
    kind: EventKind,
    place: Extended,
    residual: f64,
    sigma: f64,
}

/// What lies between two points, if Newton's method comes to anything.
fn locate<F: Family + ?Sized>(
    family: &F,
    low: &PathPoint,
    high: &PathPoint,
    change: Change,
) -> Option<Located> {
    let share = share(low, high, change);
    let chord = low.place.towards(&high.place);
    let guess = &match change {
        // The tangents may be those of two branches.
        Change::BranchPoint => low.place.moved(share, &chord),
        _ => on_cubic(&End::of(low), &End::of(high), share),
    };
    let real = |kind: EventKind, at: RealCritical| Located {
        kind,
        place: at.place,
        residual: at.residual,
        sigma: at.sigma,
    };
    match change {
        Change::Fold => {
            let at = locate::fold(family, guess)?;
            Some(real(EventKind::Fold(normal_form::fold(family, &at)?), at))
        }
        Change::Flip => {
            let at = locate::flip(family, guess)?;
            Some(real(EventKind::Flip(normal_form::flip(family, &at)?), at))
        }
        Change::NeimarkSacker => {
            let theta = crossing_angle(low, high, share)?;
            let at = locate::neimark_sacker_near(family, guess, theta, chord.norm())?;
            let kind = EventKind::NeimarkSacker(normal_form::neimark_sacker(family, &at)?);
            let ComplexCritical {
                place,
                residual,
                sigma,
                ..
            } = at;
            Some(Located {
                kind,
                place,
                residual,
                sigma,
            })
        }
        Change::BranchPoint => {
            let crossing = crossing::branch_point(family, guess)?;
            let form = normal_form::fold(family, &crossing.critical)?;
            let true_crossing =
                crossing.imperfection.abs() <= IMPERFECT && crossing.tangents.is_some();
            let shape = match (true_crossing, form.is_quadratic()) {
                (false, _) => Shape::Unknown,
                (true, false) => Shape::Pitchfork,
                (true, true) => Shape::Transcritical,
            };
            let kind = EventKind::BranchPoint(BranchPoint {
                shape,
                form,
                imperfection: crossing.imperfection,
                tangents: crossing.tangents,
            });
            Some(real(kind, crossing.critical))
        }
    }
}

impl Located {
    fn event<F: Family + ?Sized>(
        self,
        family: &F,
        from: &PathPoint,
        to: &PathPoint,
        change: Change,
    ) -> Found {
        let n_unstable = outside(from).min(outside(to));
        let eigenvalues = multipliers(family, &self.place, n_unstable);
        let multipliers = near_circle(eigenvalues.as_deref().unwrap_or_default());
        let expected = if change == Change::NeimarkSacker {
            2
        } else {
            1
        };
        let kind = if multipliers.len() > expected {
            EventKind::Unclassified {
                suspected: Some(change),
                within: 0.0,
            }
        } else {
            self.kind
        };
        let event = Bifurcation {
            kind,
            place: self.place,
            residual: self.residual,
            sigma: self.sigma,
            multipliers,
            before: Side::of(&from.tests),
            after: Side::of(&to.tests),
        };
        Found { event, eigenvalues }
    }
}

/// Where between two points the eigenvalues that cross the unit circle are on it, as the line through the sums of |λ| − 1 says;
/// the middle where none crosses. Those of a large map that are not known count as the innermost that is.
fn crossing_share(low: &PathPoint, high: &PathPoint) -> f64 {
    let counts = [low, high].map(outside);
    let crossing = counts[0].min(counts[1])..counts[0].max(counts[1]);
    let [before, after] = [low, high].map(|point| {
        let mut off = End::of(point).off_circle();
        let last = off.last().copied().unwrap_or(0.0);
        off.resize(off.len().max(crossing.end), last);
        off[crossing.clone()].iter().sum::<f64>()
    });
    if before * after < 0.0 {
        before / (before - after)
    } else {
        0.5
    }
}

fn near_circle(eigenvalues: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let is_near = |l: &(f64, f64)| (l.0.hypot(l.1) - 1.0).abs() < NEAR_CIRCLE;
    eigenvalues.iter().copied().filter(is_near).collect()
}

pub(super) fn unclassified<F: Family + ?Sized>(
    family: &F,
    low: &PathPoint,
    high: &PathPoint,
    suspected: Option<Change>,
) -> Bifurcation {
    let chord = low.place.towards(&high.place);
    let place = low.place.moved(crossing_share(low, high), &chord);
    let residual = Linearised::at(family, &place)
        .residual
        .iter()
        .fold(0.0, |m: f64, r| m.max(r.abs()));
    Bifurcation {
        kind: EventKind::Unclassified {
            suspected,
            within: chord.norm(),
        },
        multipliers: near_circle(&multipliers(family, &place, outside(low)).unwrap_or_default()),
        place,
        residual,
        sigma: f64::INFINITY,
        before: Side::of(&low.tests),
        after: Side::of(&high.tests),
    }
}
