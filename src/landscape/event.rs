//! The bifurcations on a branch: what, where, and with which coefficients.

use super::branch::{Branch, PathPoint};
use super::crossing;
use super::equation::{Extended, Linearised};
use super::locate::{self, ComplexCritical, RealCritical};
use super::normal_form::{self, Criticality, FlipForm, FoldForm, NeimarkSackerForm};
use super::path::{correct_on, describe};
use super::test_functions::{Between, Change, Tests, between, eigenvalues};
use crate::map::Family;

/// Bisections of a step before an event counts as not located.
const MOST_BISECTIONS: usize = 30;
/// Two events closer than this are one that has no name here.
const INSEPARABLE: f64 = 1e-9;
/// An eigenvalue this close to the unit circle takes part in the event.
const NEAR_CIRCLE: f64 = 1e-6;
/// A larger imperfection of a branch point says that the branches do not cross.
const IMPERFECT: f64 = 1e-9;

/// Two branches that cross.
#[derive(Debug, Clone, PartialEq)]
pub struct BranchPoint {
    /// How they cross.
    pub shape: Shape,
    /// Coefficients; β is zero to rounding.
    pub form: FoldForm,
    /// What had to be added to F along the left null vector to make them cross; zero to rounding at a true crossing.
    pub imperfection: f64,
    /// Unit tangents of the two branches, where there are two.
    pub tangents: Option<[Extended; 2]>,
}

/// How two branches cross.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One turns at the crossing: a vanishes, as a symmetry makes it.
    Pitchfork,
    /// Both pass: a does not vanish.
    Transcritical,
    /// They do not cross to rounding, or the branching equation has no two real roots.
    Unknown,
}

/// What happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Two fixed points of opposite index meet and vanish.
    Fold(FoldForm),
    /// Two branches cross.
    BranchPoint(BranchPoint),
    /// An eigenvalue passes −1; a 2-cycle is born.
    Flip(FlipForm),
    /// A complex pair passes the unit circle; an invariant curve is born.
    NeimarkSacker(NeimarkSackerForm),
    /// More eigenvalues meet the unit circle at once than an event of codimension one has, or the event that is
    /// suspected could not be located.
    Unclassified {
        /// What the test functions say, where they say one thing.
        suspected: Option<Change>,
        /// The event lies within this distance of the place.
        within: f64,
    },
}

impl Kind {
    /// The field's abbreviation: LP (fold, limit point), BP, PD (flip, period doubling), NS; `?` for the unclassified.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Fold(_) => "LP",
            Self::BranchPoint(_) => "BP",
            Self::Flip(_) => "PD",
            Self::NeimarkSacker(_) => "NS",
            Self::Unclassified { .. } => "?",
        }
    }

    /// The normal form's coefficient that decides: a of a fold, c or a of a branch point, b of a flip, Re d of a
    /// Neimark–Sacker point.
    pub fn coefficient(&self) -> Option<f64> {
        match self {
            Self::Fold(form) => Some(form.a),
            Self::BranchPoint(point) => Some(match point.shape {
                Shape::Pitchfork => point.form.c,
                Shape::Transcritical | Shape::Unknown => point.form.a,
            }),
            Self::Flip(form) => Some(form.b),
            Self::NeimarkSacker(form) => Some(form.d.0),
            Self::Unclassified { .. } => None,
        }
    }
}

/// A fixed point beside an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side {
    /// sign det(I − J).
    pub index: i8,
    /// Eigenvalues outside the unit circle.
    pub n_unstable: usize,
}

impl Side {
    fn of(tests: &Tests) -> Self {
        Self {
            index: tests.index,
            n_unstable: tests.n_unstable(),
        }
    }
}

/// A bifurcation on a branch.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What, with coefficients.
    pub kind: Kind,
    /// Where.
    pub place: Extended,
    /// Largest of |x − F(x)| and of the function that vanishes at the event.
    pub residual: f64,
    /// Smallest singular value of the matrix that is singular at the event; infinite if unclassified.
    pub sigma: f64,
    /// Eigenvalues within 10⁻⁶ of the unit circle.
    pub multipliers: Vec<(f64, f64)>,
    /// The fixed point before, in the direction of the branch.
    pub before: Side,
    /// The fixed point after.
    pub after: Side,
}

impl Event {
    /// Criticality, for those events that have one.
    pub fn criticality(&self) -> Option<Criticality> {
        match &self.kind {
            Kind::BranchPoint(point) if point.shape == Shape::Pitchfork => {
                Some(point.form.criticality())
            }
            Kind::Flip(form) => Some(form.criticality()),
            Kind::NeimarkSacker(form) => Some(form.criticality()),
            Kind::Fold(_) | Kind::BranchPoint(_) | Kind::Unclassified { .. } => None,
        }
    }
}

/// All events on a branch, in order of travel.
pub fn events<F: Family + ?Sized>(family: &F, branch: &Branch) -> Vec<Event> {
    let mut events = Vec::new();
    for pair in branch.points.windows(2) {
        resolve(family, &pair[0], &pair[1], &mut events);
    }
    events
}

/// Locates what lies between two points of a branch.
///
/// 1. One event: Newton's method on its augmented system from where the test function says; what it finds must lie
///    between the two points. If it does not, the step is bisected.
/// 2. More: the step is bisected until each part holds one, or is shorter than 10⁻⁹.
fn resolve<F: Family + ?Sized>(
    family: &F,
    from: &PathPoint,
    to: &PathPoint,
    events: &mut Vec<Event>,
) {
    match between(&from.tests, &to.tests) {
        Between::Nothing => {}
        Between::One(change) => events.push(single(family, from, to, change)),
        Between::Unexplained => {
            let within = from.place.towards(&to.place).norm();
            match middle(family, from, to) {
                Some(middle) if within > INSEPARABLE => {
                    resolve(family, from, &middle, events);
                    resolve(family, &middle, to, events);
                }
                _ => events.push(unclassified(family, from, to, None)),
            }
        }
    }
}

/// Step 1.
fn single<F: Family + ?Sized>(
    family: &F,
    from: &PathPoint,
    to: &PathPoint,
    change: Change,
) -> Event {
    let (mut low, mut high) = (from.clone(), to.clone());
    for _ in 0..MOST_BISECTIONS {
        let guess = low
            .place
            .moved(share(&low, &high, change), &low.place.towards(&high.place));
        let found =
            locate(family, &guess, change).filter(|found| lies_between(&found.place, &low, &high));
        if let Some(found) = found {
            return found.event(family, from, to, change);
        }
        let Some(middle) = middle(family, &low, &high) else {
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

fn lies_between(place: &Extended, low: &PathPoint, high: &PathPoint) -> bool {
    let chord = low.place.towards(&high.place);
    let offset = low.place.towards(place);
    let share = offset.dot(&chord) / chord.dot(&chord);
    let aside = offset.moved(-share, &chord).norm();
    (-0.05..=1.05).contains(&share) && aside <= 0.5 * chord.norm() + 1e-12
}

/// The point of the branch above the middle of the chord.
fn middle<F: Family + ?Sized>(family: &F, low: &PathPoint, high: &PathPoint) -> Option<PathPoint> {
    let chord = low.place.towards(&high.place);
    let guess = low.place.moved(0.5, &chord);
    let place = correct_on(family, &guess, &chord.scaled(1.0 / chord.norm()))?;
    lies_between(&place, low, high).then_some(())?;
    describe(family, place, &low.tangent)
}

/// An event that has its place and its coefficients.
struct Located {
    kind: Kind,
    place: Extended,
    residual: f64,
    sigma: f64,
}

fn locate<F: Family + ?Sized>(family: &F, guess: &Extended, change: Change) -> Option<Located> {
    let real = |kind: Kind, at: RealCritical| Located {
        kind,
        place: at.place,
        residual: at.residual,
        sigma: at.sigma,
    };
    match change {
        Change::Fold => {
            let at = locate::fold(family, guess)?;
            Some(real(Kind::Fold(normal_form::fold(family, &at)?), at))
        }
        Change::Flip => {
            let at = locate::flip(family, guess)?;
            Some(real(Kind::Flip(normal_form::flip(family, &at)?), at))
        }
        Change::NeimarkSacker => {
            let at = locate::neimark_sacker(family, guess)?;
            let kind = Kind::NeimarkSacker(normal_form::neimark_sacker(family, &at)?);
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
            let kind = Kind::BranchPoint(BranchPoint {
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
    ) -> Event {
        let multipliers = near_circle(family, &self.place);
        let expected = if change == Change::NeimarkSacker {
            2
        } else {
            1
        };
        let kind = if multipliers.len() > expected {
            Kind::Unclassified {
                suspected: Some(change),
                within: 0.0,
            }
        } else {
            self.kind
        };
        Event {
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
/// the middle where none crosses.
fn crossing_share(low: &PathPoint, high: &PathPoint) -> f64 {
    let counts = [low, high].map(|point| point.tests.n_unstable());
    let crossing = counts[0].min(counts[1])..counts[0].max(counts[1]);
    let [before, after] = [low, high].map(|point| {
        let values = point.tests.eigenvalues.iter();
        let mut off: Vec<f64> = values.map(|l| l.0.hypot(l.1) - 1.0).collect();
        off.sort_by(|a, b| b.total_cmp(a));
        off[crossing.clone()].iter().sum::<f64>()
    });
    if before * after < 0.0 {
        before / (before - after)
    } else {
        0.5
    }
}

fn near_circle<F: Family + ?Sized>(family: &F, place: &Extended) -> Vec<(f64, f64)> {
    let mut near = eigenvalues(&Linearised::at(family, place).jacobian).unwrap_or_default();
    near.retain(|l| (l.0.hypot(l.1) - 1.0).abs() < NEAR_CIRCLE);
    near
}

fn unclassified<F: Family + ?Sized>(
    family: &F,
    low: &PathPoint,
    high: &PathPoint,
    suspected: Option<Change>,
) -> Event {
    let chord = low.place.towards(&high.place);
    let place = low.place.moved(crossing_share(low, high), &chord);
    let residual = Linearised::at(family, &place)
        .residual
        .iter()
        .fold(0.0, |m: f64, r| m.max(r.abs()));
    Event {
        kind: Kind::Unclassified {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "event_tests.rs"]
mod tests;
