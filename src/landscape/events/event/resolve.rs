//! Which bifurcations lie between the points of a branch, and where.
//!
//! A branch's points say that something lies between two of them; bisection and Newton's method say what and where,
//! until the changes of counts on each side are explained by located events.

use std::borrow::Cow;

use super::located::{Found, lies_between, outside, single, unclassified};
use super::{Bifurcation, EventKind};
use crate::dynamics::linear::spectrum::DENSE_DIM;
use crate::landscape::equations::equation::Extended;
use crate::landscape::equations::test_functions::{Between, Change, between};
use crate::landscape::follow::border::{collision, infinity};
use crate::landscape::follow::branch::{Branch, BranchEnd, PathPoint};
use crate::landscape::follow::excursion::{End, is_quiet, is_quiet_in_line};
use crate::landscape::follow::path::{correct_on, signs, with_multipliers};
use crate::map::Family;
use crate::map::piecewise::PiecewisePath;
use crate::parallel;

/// Bisections of a step, at most, in the search for multipliers that come back.
const MOST_SPLITS: usize = 100;
/// The same between events that are to be told apart, or located.
const MOST_BISECTIONS: usize = 300;
/// The same towards a located event.
const MOST_APPROACHES: usize = 10;
/// Two events closer than this are one that has no name here.
const INSEPARABLE: f64 = 1e-9;
/// Points whose multipliers are computed one after the other, each with the number outside the unit circle at the one before.
const GROUP: usize = 8;

/// All events on a branch, in order of travel.
///
/// The branch must be one of the same family. Its points are not changed; the work is about one location for each
/// event, and for quiet steps the comparison of five Jacobians; of large maps one spectrum for each point, three Jacobians for
/// quiet steps, and another spectrum wherever the points do not tell enough.
pub fn events<F: Family + ?Sized>(family: &F, branch: &Branch) -> Vec<Bifurcation> {
    let mut events = Vec::new();
    match family.piecewise() {
        Some(path) if !branch.pieces.is_empty() => in_pieces(&path, branch, &mut events),
        _ => along(family, &known(family, &branch.points), &mut events),
    }
    events
}

/// Points of a branch with their multipliers; without them where they cannot be computed.
fn known<'a, F: Family + ?Sized>(family: &F, points: &'a [PathPoint]) -> Vec<Cow<'a, PathPoint>> {
    let groups = parallel::map(points.chunks(GROUP), |points| {
        let mut known: Vec<Cow<'a, PathPoint>> = Vec::new();
        for point in points {
            if point.tests.eigenvalues.is_some() {
                known.push(Cow::Borrowed(point));
            } else {
                let n_unstable = known.last().map_or(0, |last| outside(last));
                let completed = with_multipliers(family, point.clone(), n_unstable);
                known.push(completed.map_or(Cow::Borrowed(point), Cow::Owned));
            }
        }
        known
    });
    groups.concat()
}

/// The events on a smooth part of a branch.
fn along<F: Family + ?Sized>(
    family: &F,
    points: &[Cow<'_, PathPoint>],
    events: &mut Vec<Bifurcation>,
) {
    let within = parallel::map(1..points.len(), |end| {
        let around = [end.checked_sub(2), Some(end + 1)];
        let around = around.map(|place| Some(&**points.get(place?)?));
        let mut step = Step {
            family,
            splits: MOST_SPLITS,
            bisections: MOST_BISECTIONS,
            events: Vec::new(),
        };
        let (from, to) = (&points[end - 1], &points[end]);
        if from.tests.eigenvalues.is_some() && to.tests.eigenvalues.is_some() {
            step.resolve(from, to, around);
        } else {
            step.events.push(unclassified(family, from, to, None));
        }
        step.events
    });
    events.extend(within.into_iter().flatten());
}

/// The events on a branch of rectified units: those on each piece, and those at the borders between.
fn in_pieces(path: &PiecewisePath, branch: &Branch, events: &mut Vec<Bifurcation>) {
    let points = |number: usize| {
        let piece = &branch.pieces[number];
        let next = branch.pieces.get(number + 1);
        let end = next.map_or(branch.points.len(), |next| next.first);
        known(
            &path.locked(&piece.active),
            &branch.points[piece.first..end],
        )
    };
    let pieces: Vec<Vec<Cow<'_, PathPoint>>> = (0..branch.pieces.len()).map(points).collect();
    for (number, (piece, points)) in branch.pieces.iter().zip(&pieces).enumerate() {
        let locked = path.locked(&piece.active);
        along(&locked, points, events);
        let last = points.last();
        let next = pieces.get(number + 1).and_then(|next| next.first());
        if let (Some(last), Some(next)) = (last, next) {
            let active = [&piece.active[..], &branch.pieces[number + 1].active];
            events.push(collision(path, (last, next), active));
        } else if matches!(branch.ending, BranchEnd::Infinite { .. }) {
            events.extend(last.map(|last| infinity(&locked, last)));
        }
    }
}

/// A step of a branch, and what has been found in it.
struct Step<'a, F: ?Sized> {
    family: &'a F,
    /// Bisections left in the search for what comes back.
    splits: usize,
    /// Bisections left between events.
    bisections: usize,
    events: Vec<Bifurcation>,
}

/// A located event as the end of a piece.
struct Centre {
    place: Extended,
    tangent: Extended,
    eigenvalues: Vec<(f64, f64)>,
    critical: usize,
}

impl Centre {
    fn end(&self) -> End<'_> {
        End {
            place: &self.place,
            tangent: &self.tangent,
            eigenvalues: &self.eigenvalues,
            critical: self.critical,
        }
    }
}

/// The two sides of an event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Before,
    Behind,
}

impl<F: Family + ?Sized> Step<'_, F> {
    /// Locates what lies between two points of a branch. Those before and behind them help where they are known.
    ///
    /// 1. One event: Newton's method on its augmented system from where the test function says; what it finds must lie
    ///    between the two points.
    /// 2. More, or one that is not found so: the step is bisected until each part holds one, or is shorter than 10⁻⁹, 300 times
    ///    at most.
    /// 3. Seemingly none, and on both sides of one: a multiplier may have crossed the circle and come back. Where
    ///    [`is_quiet`], or [`is_quiet_in_line`] of a large map, does not rule that out, the step is bisected.
    ///
    /// Every bisection adds a point of the branch above the middle of the chord; an event that stays unexplained then is kept
    /// as unclassified.
    fn resolve(&mut self, from: &PathPoint, to: &PathPoint, around: [Option<&PathPoint>; 2]) {
        match between(&from.tests, &to.tests) {
            Between::Nothing => {
                if !self.is_calm([&End::of(from), &End::of(to)], around, outside(from))
                    && let Some(middle) = self.split(from, &from.place, &to.place)
                {
                    self.resolve(from, &middle, [around[0], Some(to)]);
                    self.resolve(&middle, to, [Some(from), around[1]]);
                }
            }
            Between::One(change) => match single(self.family, from, to, change) {
                Some(found) => self.with_neighbours(found, [from, to], around),
                None => self.bisect([from, to], around, Some(change)),
            },
            Between::Unexplained => self.bisect([from, to], around, None),
        }
    }

    /// Locates what lies in each half of a step, or keeps the whole as unclassified where it cannot be told apart any more.
    fn bisect(
        &mut self,
        [from, to]: [&PathPoint; 2],
        around: [Option<&PathPoint>; 2],
        suspected: Option<Change>,
    ) {
        let is_left = self.bisections > 0 && from.place.towards(&to.place).norm() > INSEPARABLE;
        let middle = is_left.then(|| middle(self.family, &from.place, &to.place, from));
        let Some(middle) = middle.flatten() else {
            let event = unclassified(self.family, from, to, suspected);
            self.events.push(event);
            return;
        };
        self.bisections -= 1;
        self.resolve(from, &middle, [around[0], Some(to)]);
        self.resolve(&middle, to, [Some(from), around[1]]);
    }

    fn is_calm(
        &self,
        [from, to]: [&End<'_>; 2],
        around: [Option<&PathPoint>; 2],
        outside: usize,
    ) -> bool {
        if from.place.state.len() > DENSE_DIM {
            is_quiet_in_line(self.family, [from, to], around, outside)
        } else {
            is_quiet(self.family, from, to, outside)
        }
    }

    /// Takes an event between two points, and what lies on both sides of it.
    fn with_neighbours(
        &mut self,
        found: Found,
        [from, to]: [&PathPoint; 2],
        around: [Option<&PathPoint>; 2],
    ) {
        let centre = self.centre(&found, from, to);
        let mut event = found.event;
        let Some(centre) = centre else {
            self.events.push(event);
            return;
        };
        let so_far = self.events.len();
        self.beside(from, around[0], &centre, Way::Before, MOST_APPROACHES);
        if let Some(last) = self.events[so_far..].last() {
            event.before = last.after;
        }
        let here = self.events.len();
        self.events.push(event);
        self.beside(to, around[1], &centre, Way::Behind, MOST_APPROACHES);
        if let Some(next) = self.events.get(here + 1) {
            self.events[here].after = next.before;
        }
    }

    /// The middle of a step that is to be looked at more closely, as long as there may be more of that.
    fn split(&mut self, along: &PathPoint, low: &Extended, high: &Extended) -> Option<PathPoint> {
        let is_left = self.splits > 0 && low.towards(high).norm() > INSEPARABLE;
        is_left.then_some(())?;
        self.splits -= 1;
        middle(self.family, low, high, along)
    }

    /// A located event between two points, as the end of what lies beside it; `None` where too little is known of it.
    fn centre(&self, found: &Found, from: &PathPoint, to: &PathPoint) -> Option<Centre> {
        let event = &found.event;
        let chord = from.place.towards(&to.place);
        let chord = chord.scaled(1.0 / chord.norm());
        let tangent = match &event.kind {
            EventKind::BranchPoint(point) => {
                let tangents = point.tangents.iter().flatten();
                let nearest = tangents.max_by(|a, b| {
                    let angle = |tangent: &Extended| tangent.dot(&chord).abs();
                    angle(a).total_cmp(&angle(b))
                })?;
                nearest.scaled(nearest.dot(&chord).signum())
            }
            _ => signs(self.family, event.place.clone(), &chord, |_| true)?.tangent,
        };
        let expected = match event.kind {
            EventKind::NeimarkSacker(_) => 2,
            _ => 1,
        };
        Some(Centre {
            tangent,
            eigenvalues: found.eigenvalues.clone()?,
            critical: event.multipliers.len().max(expected),
            place: event.place.clone(),
        })
    }

    /// Step 3 on one side of an event, with ever shorter pieces towards it, `approaches` at most.
    fn beside(
        &mut self,
        point: &PathPoint,
        outer: Option<&PathPoint>,
        centre: &Centre,
        way: Way,
        approaches: usize,
    ) {
        let (point_end, event_end) = (End::of(point), centre.end());
        let (ends, around) = match way {
            Way::Before => ([&point_end, &event_end], [outer, None]),
            Way::Behind => ([&event_end, &point_end], [None, outer]),
        };
        if self.is_calm(ends, around, outside(point)) || approaches == 0 {
            return;
        }
        let Some(middle) = self.split(point, ends[0].place, ends[1].place) else {
            return;
        };
        match way {
            Way::Before => {
                self.resolve(point, &middle, around);
                self.beside(&middle, Some(point), centre, way, approaches - 1);
            }
            Way::Behind => {
                self.beside(&middle, Some(point), centre, way, approaches - 1);
                self.resolve(&middle, point, around);
            }
        }
    }
}

/// The point of the branch above the middle of the chord, with its tangent going as that of one beside it.
fn middle<F: Family + ?Sized>(
    family: &F,
    low: &Extended,
    high: &Extended,
    along: &PathPoint,
) -> Option<PathPoint> {
    let chord = low.towards(high);
    let guess = low.moved(0.5, &chord);
    let place = correct_on(family, &guess, &chord.scaled(1.0 / chord.norm()))?;
    lies_between(&place, low, high).then_some(())?;
    let point = signs(family, place, &along.tangent, |_| true)?;
    with_multipliers(family, point, outside(along))
}
