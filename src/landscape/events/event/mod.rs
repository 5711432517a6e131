//! The bifurcations on a branch: what, where, and with which coefficients.
//!
//! What every kind does to the fixed points, in terms of index and number of unstable directions:
//!
//! | kind | along the branch | beside it |
//! |---|---|---|
//! | fold (LP) | turns in s; index changes sign, one multiplier passes +1 | nothing |
//! | branch point (BP) | index changes sign on the branch that does not turn | another branch crosses |
//! | flip (PD) | one multiplier passes −1; the index stays | a 2-cycle |
//! | Neimark–Sacker (NS) | two multipliers leave or enter; the index stays | a closed curve |
//! | border collision (BC) | rectified units: other multipliers, or a turn | perhaps a 2-cycle |

use super::normal_form::{Criticality, FlipForm, FoldForm, NeimarkSackerForm};
use crate::landscape::equations::equation::Extended;
use crate::landscape::equations::test_functions::{Change, Tests};
use crate::landscape::follow::border::Border;

mod located;
mod resolve;

pub use resolve::events;

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
#[non_exhaustive]
pub enum EventKind {
    /// Two fixed points of opposite index meet and vanish.
    Fold(FoldForm),
    /// Two branches cross.
    BranchPoint(BranchPoint),
    /// An eigenvalue passes −1; a 2-cycle is born.
    Flip(FlipForm),
    /// A complex pair passes the unit circle; an invariant curve is born.
    NeimarkSacker(NeimarkSackerForm),
    /// The argument of a rectified unit passes zero; the map has a kink there.
    Border(Border),
    /// The fixed point of rectified units goes to infinity: an eigenvalue is 1 while the same units are active. The state is
    /// one on its way there.
    Infinity,
    /// More eigenvalues meet the unit circle at once than an event of codimension one has, or the event that is
    /// suspected could not be located.
    Unclassified {
        /// What the test functions say, where they say one thing.
        suspected: Option<Change>,
        /// The event lies within this distance of the place.
        within: f64,
    },
}

impl EventKind {
    /// The field's abbreviation: LP (fold, limit point), BP, PD (flip, period doubling), NS, BC (border collision); INF for
    /// infinity, `?` for the unclassified.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Fold(_) => "LP",
            Self::BranchPoint(_) => "BP",
            Self::Flip(_) => "PD",
            Self::NeimarkSacker(_) => "NS",
            Self::Border(_) => "BC",
            Self::Infinity => "INF",
            Self::Unclassified { .. } => "?",
        }
    }

    /// The normal form's coefficient that decides: a of a fold, c or a of a branch point, b of a flip, Re d of a
    /// Neimark–Sacker point; the ratio of det(I − J) at a border.
    pub fn coefficient(&self) -> Option<f64> {
        match self {
            Self::Fold(form) => Some(form.a),
            Self::BranchPoint(point) => Some(match point.shape {
                Shape::Pitchfork => point.form.c,
                Shape::Transcritical | Shape::Unknown => point.form.a,
            }),
            Self::Flip(form) => Some(form.b),
            Self::NeimarkSacker(form) => Some(form.d.0),
            Self::Border(border) => Some(border.fold_ratio),
            Self::Infinity | Self::Unclassified { .. } => None,
        }
    }

    /// Sign of s − s* for which a pair of fixed points exists that does not on the other side; 0 where there is none.
    pub fn pair_side(&self) -> i8 {
        match self {
            Self::Fold(form) => form.pair_side() as i8,
            Self::Border(border) => border.pair_side,
            _ => 0,
        }
    }
}

/// A fixed point beside an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side {
    /// sign det(I − J).
    pub index: i8,
    /// Eigenvalues outside the unit circle; 0 where they could not be computed.
    pub n_unstable: usize,
}

impl Side {
    pub(in crate::landscape) fn of(tests: &Tests) -> Self {
        Self {
            index: tests.index,
            n_unstable: tests.n_unstable().unwrap_or_default(),
        }
    }
}

/// A bifurcation on a branch.
///
/// An event that could not be located or named is kept as [`EventKind::Unclassified`] with the interval that it
/// lies in, and never left out.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Bifurcation {
    /// What, with coefficients.
    pub kind: EventKind,
    /// Where.
    pub place: Extended,
    /// Largest of |x − F(x)| and of the function that vanishes at the event.
    pub residual: f64,
    /// Smallest singular value of the matrix that is singular at the event; infinite if there is none, or it is unclassified.
    pub sigma: f64,
    /// Eigenvalues within 10⁻⁶ of the unit circle.
    pub multipliers: Vec<(f64, f64)>,
    /// The fixed point before, in the direction of the branch.
    pub before: Side,
    /// The fixed point after.
    pub after: Side,
}

impl Bifurcation {
    /// Criticality, for those events that have one.
    ///
    /// None for folds, borders, infinity and what is unclassified.
    pub fn criticality(&self) -> Option<Criticality> {
        match &self.kind {
            EventKind::BranchPoint(point) if point.shape == Shape::Pitchfork => {
                Some(point.form.criticality())
            }
            EventKind::Flip(form) => Some(form.criticality()),
            EventKind::NeimarkSacker(form) => Some(form.criticality()),
            _ => None,
        }
    }

    /// The name of its criticality, or of what a border does to the fixed point.
    pub fn manner(&self) -> Option<&'static str> {
        match &self.kind {
            EventKind::Border(border) => Some(border.name()),
            _ => self.criticality().map(Criticality::name),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod large_tests;
