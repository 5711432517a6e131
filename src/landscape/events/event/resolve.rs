//! Which bifurcations lie between the points of a branch, and where.
//!
//! A branch's points say that something lies between two of them; bisection and Newton's method say what and where,
//! until the changes of counts on each side are explained by located events.

use rayon::prelude::*;

use super::super::normal_form;
use super::{Bifurcation, BranchPoint, EventKind, Shape, Side};
use crate::landscape::equations::crossing;
use crate::landscape::equations::equation::{Extended, Linearised};
use crate::landscape::equations::locate::{self, ComplexCritical, RealCritical};
use crate::landscape::equations::test_functions::{Between, Change, between, multipliers};
use crate::landscape::follow::border::{collision, infinity};
use crate::landscape::follow::branch::{Branch, BranchEnd, PathPoint};
use crate::landscape::follow::excursion::{End, is_quiet};
use crate::landscape::follow::path::{correct_on, describe};
use crate::map::Family;
use crate::map::piecewise::PiecewisePath;

/// Bisections of a step before an event counts as not located.
const MOST_BISECTIONS: usize = 30;
/// Bisections of a step, at most, in the search for multipliers that come back.
const MOST_SPLITS: usize = 100;
/// The same towards a located event.
const MOST_APPROACHES: usize = 10;
/// Two events closer than this are one that has no name here.
const INSEPARABLE: f64 = 1e-9;
/// By so much a located event may seem to lie beyond the step it is in, relative to the size of the point (at least 1).
const ROUNDING: f64 = 1e-10;
/// An eigenvalue this close to the unit circle takes part in the event.
const NEAR_CIRCLE: f64 = 1e-6;
/// A larger imperfection of a branch point says that the branches do not cross.
const IMPERFECT: f64 = 1e-9;

/// All events on a branch, in order of travel.
///
/// The branch must be one of the same family. Its points are not changed; the work is about one location for each
/// event, and for quiet steps the comparison of five Jacobians; of large maps also one to three spectra.
pub fn events<F: Family + ?Sized>(family: &F, branch: &Branch) -> Vec<Bifurcation> {
    let mut events = Vec::new();
    match family.piecewise() {
        Some(path) if !branch.pieces.is_empty() => in_pieces(&path, branch, &mut events),
        _ => along(family, &branch.points, &mut events),
    }
    events
}

/// The events on a smooth part of a branch.
fn along<F: Family + ?Sized>(family: &F, points: &[PathPoint], events: &mut Vec<Bifurcation>) {
    let within = points.par_windows(2).map(|pair| {
        let mut step = Step {
            family,
            splits: MOST_SPLITS,
            events: Vec::new(),
        };
        step.resolve(&pair[0], &pair[1]);
        step.events
    });
    events.extend(within.collect::<Vec<_>>().into_iter().flatten());
}

/// The events on a branch of rectified units: those on each piece, and those at the borders between.
fn in_pieces(path: &PiecewisePath, branch: &Branch, events: &mut Vec<Bifurcation>) {
    let points = &branch.points;
    for (number, piece) in branch.pieces.iter().enumerate() {
        let next = branch.pieces.get(number + 1);
        let end = next.map_or(points.len(), |next| next.first);
        let locked = path.locked(&piece.active);
        along(&locked, &points[piece.first..end], events);
        if let Some(next) = next {
            let sides = (&points[next.first - 1], &points[next.first]);
            events.push(collision(path, sides, [&piece.active, &next.active]));
        } else if matches!(branch.ending, BranchEnd::Infinite { .. }) {
            events.extend(points.last().map(|last| infinity(&locked, last)));
        }
    }
}

/// A step of a branch, and what has been found in it.
struct Step<'a, F: ?Sized> {
    family: &'a F,
    /// Bisections left in the search for what comes back.
    splits: usize,
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
    /// Locates what lies between two points of a branch.
    ///
    /// 1. One event: Newton's method on its augmented system from where the test function says; what it finds must lie
    ///    between the two points. If it does not, the step is bisected.
    /// 2. More: the step is bisected until each part holds one, or is shorter than 10⁻⁹.
    /// 3. Seemingly none, and on both sides of one: a multiplier may have crossed the circle and come back. Where
    ///    [`is_quiet`] does not rule that out, the step is bisected.
    ///
    /// Every bisection adds a point of the branch above the middle of the chord; an event that stays unexplained
    /// below 10⁻⁹ is kept as unclassified.
    fn resolve(&mut self, from: &PathPoint, to: &PathPoint) {
        match between(&from.tests, &to.tests) {
            Between::Nothing => {
                let outside = from.tests.n_unstable();
                if !is_quiet(self.family, &End::of(from), &End::of(to), outside)
                    && let Some(middle) = self.split(from, &from.place, &to.place)
                {
                    self.resolve(from, &middle);
                    self.resolve(&middle, to);
                }
            }
            Between::One(change) => {
                let event = single(self.family, from, to, change);
                self.with_neighbours(event, from, to);
            }
            Between::Unexplained => {
                let within = from.place.towards(&to.place).norm();
                match middle(self.family, &from.place, &to.place, &from.tangent) {
                    Some(middle) if within > INSEPARABLE => {
                        self.resolve(from, &middle);
                        self.resolve(&middle, to);
                    }
                    _ => {
                        let event = unclassified(self.family, from, to, None);
                        self.events.push(event);
                    }
                }
            }
        }
    }

    /// Takes an event between two points, and what lies on both sides of it.
    fn with_neighbours(&mut self, mut event: Bifurcation, from: &PathPoint, to: &PathPoint) {
        let Some(centre) = self.centre(&event, from, to) else {
            self.events.push(event);
            return;
        };
        let so_far = self.events.len();
        self.beside(from, &centre, Way::Before, MOST_APPROACHES);
        if let Some(last) = self.events[so_far..].last() {
            event.before = last.after;
        }
        let here = self.events.len();
        self.events.push(event);
        self.beside(to, &centre, Way::Behind, MOST_APPROACHES);
        if let Some(next) = self.events.get(here + 1) {
            self.events[here].after = next.before;
        }
    }

    /// The middle of a step that is to be looked at more closely, as long as there may be more of that.
    fn split(&mut self, along: &PathPoint, low: &Extended, high: &Extended) -> Option<PathPoint> {
        let is_left = self.splits > 0 && low.towards(high).norm() > INSEPARABLE;
        is_left.then_some(())?;
        self.splits -= 1;
        middle(self.family, low, high, &along.tangent)
    }

    /// A located event between two points, as the end of what lies beside it.
    fn centre(&self, event: &Bifurcation, from: &PathPoint, to: &PathPoint) -> Option<Centre> {
        let is_located = match event.kind {
            EventKind::Unclassified { within, .. } => within == 0.0,
            _ => true,
        };
        is_located.then_some(())?;
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
            _ => describe(self.family, event.place.clone(), &chord)?.tangent,
        };
        let expected = match event.kind {
            EventKind::NeimarkSacker(_) => 2,
            _ => 1,
        };
        Some(Centre {
            tangent,
            eigenvalues: multipliers(self.family, &event.place)?,
            critical: event.multipliers.len().max(expected),
            place: event.place.clone(),
        })
    }

    /// Step 3 on one side of an event, with ever shorter pieces towards it, `approaches` at most.
    fn beside(&mut self, point: &PathPoint, centre: &Centre, way: Way, approaches: usize) {
        let outside = point.tests.n_unstable();
        let (point_end, event_end) = (End::of(point), centre.end());
        let (from, to) = match way {
            Way::Before => (&point_end, &event_end),
            Way::Behind => (&event_end, &point_end),
        };
        if is_quiet(self.family, from, to, outside) || approaches == 0 {
            return;
        }
        let Some(middle) = self.split(point, from.place, to.place) else {
            return;
        };
        match way {
            Way::Before => {
                self.resolve(point, &middle);
                self.beside(&middle, centre, way, approaches - 1);
            }
            Way::Behind => {
                self.beside(&middle, centre, way, approaches - 1);
                self.resolve(&middle, point);
            }
        }
    }
}

/// Step 1 of [`Step::resolve`].
fn single<F: Family + ?Sized>(
    family: &F,
    from: &PathPoint,
    to: &PathPoint,
    change: Change,
) -> Bifurcation {
    let (mut low, mut high) = (from.clone(), to.clone());
    for _ in 0..MOST_BISECTIONS {
        let guess = low
            .place
            .moved(share(&low, &high, change), &low.place.towards(&high.place));
        let found = locate(family, &guess, change)
            .filter(|found| lies_between(&found.place, &low.place, &high.place));
        if let Some(found) = found {
            return found.event(family, from, to, change);
        }
        let Some(middle) = middle(family, &low.place, &high.place, &low.tangent) else {
            break;
        };
        match between(&low.tests, &middle.tests) {
            Between::Nothing => low = middle,
            Between::One(same) if same == change => high = middle,
            _ => break,
        }
    }
    unclassified(family, &low, &high, Some(change))
}

/// Where between two points the event is expected.
fn share(low: &PathPoint, high: &PathPoint, change: Change) -> f64 {
    let (a, b) = match change {
        Change::Fold => (low.tests.turning, high.tests.turning),
        Change::BranchPoint | Change::Flip | Change::NeimarkSacker => (1.0, -1.0),
    };
    a / (a - b)
}

/// Whether a place is on the way from one point of a branch to the next.
fn lies_between(place: &Extended, low: &Extended, high: &Extended) -> bool {
    let chord = low.towards(high);
    let offset = low.towards(place);
    let share = offset.dot(&chord) / chord.dot(&chord);
    let aside = offset.moved(-share, &chord).norm();
    let slack = (ROUNDING * (1.0 + place.norm()) / chord.norm()).min(0.05);
    (-slack..=1.0 + slack).contains(&share) && aside <= 0.5 * chord.norm() + 1e-12
}

/// The point of the branch above the middle of the chord.
fn middle<F: Family + ?Sized>(
    family: &F,
    low: &Extended,
    high: &Extended,
    along: &Extended,
) -> Option<PathPoint> {
    let chord = low.towards(high);
    let guess = low.moved(0.5, &chord);
    let place = correct_on(family, &guess, &chord.scaled(1.0 / chord.norm()))?;
    lies_between(&place, low, high).then_some(())?;
    describe(family, place, along)
}

/// An event that has its place and its coefficients.
struct Located {
    kind: EventKind,
    place: Extended,
    residual: f64,
    sigma: f64,
}

fn locate<F: Family + ?Sized>(family: &F, guess: &Extended, change: Change) -> Option<Located> {
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
            let at = locate::neimark_sacker(family, guess)?;
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
    ) -> Bifurcation {
        let multipliers = near_circle(family, &self.place);
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
        Bifurcation {
            kind,
            place: self.place,
            residual: self.residual,
            sigma: self.sigma,
            multipliers,
            before: Side::of(&from.tests),
            after: Side::of(&to.tests),
        }
    }
}

/// Where between two points the eigenvalues that cross the unit circle are on it, as the line through the sums of |λ| − 1 says;
/// the middle where none crosses. Those of a large map that are not known count as the innermost that is.
fn crossing_share(low: &PathPoint, high: &PathPoint) -> f64 {
    let counts = [low, high].map(|point| point.tests.n_unstable());
    let crossing = counts[0].min(counts[1])..counts[0].max(counts[1]);
    let [before, after] = [low, high].map(|point| {
        let values = point.tests.eigenvalues.iter();
        let mut off: Vec<f64> = values.map(|l| l.0.hypot(l.1) - 1.0).collect();
        off.sort_by(|a, b| b.total_cmp(a));
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

fn near_circle<F: Family + ?Sized>(family: &F, place: &Extended) -> Vec<(f64, f64)> {
    let mut near = multipliers(family, place).unwrap_or_default();
    near.retain(|l| (l.0.hypot(l.1) - 1.0).abs() < NEAR_CIRCLE);
    near
}

fn unclassified<F: Family + ?Sized>(
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
        multipliers: near_circle(family, &place),
        place,
        residual,
        sigma: f64::INFINITY,
        before: Side::of(&low.tests),
        after: Side::of(&high.tests),
    }
}
