//! A curve of fixed points, and the limits within which it is followed.
//!
//! Directions: a branch has an orientation, the direction of travel, and may turn back in s; "before" and "after"
//! along a branch are meant in that direction, and not in s.

use crate::landscape::equations::equation::Extended;
use crate::landscape::equations::test_functions::Tests;

/// Steps and limits of a continuation, lengths as [`Extended`] measures them.
///
/// Defaults suit paths between checkpoints of a run, s in [0, 1] and states of order 1. For parameters of another
/// scale, scale s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ContinuationLimits {
    /// Length of the first step. Default 0.05.
    pub first_step: f64,
    /// A step shorter than this ends the branch. Default 10⁻⁶.
    pub shortest_step: f64,
    /// No step is longer. Default 0.3.
    pub longest_step: f64,
    /// Below this length a step is taken even where more than one bifurcation, or a branch point, lies in it. Above it
    /// such a step is halved: two events are told apart, and a jump to another branch is not taken for a branch point. Of a map
    /// of more than [`DENSE_DIM`](crate::dynamics::linear::spectrum::DENSE_DIM) dimensions, Neimark–Sacker points do not count.
    /// Default 10⁻⁴.
    pub finest_step: f64,
    /// Newton corrections of one step. Default 4.
    pub corrections: usize,
    /// Cosine of the largest angle between two tangents. Default 0.9.
    pub least_cosine: f64,
    /// A Newton correction must not be longer than this share of the one before. Default 0.25.
    pub contraction: f64,
    /// Points of a branch. Default 2000.
    pub most_points: usize,
}

impl Default for ContinuationLimits {
    fn default() -> Self {
        Self {
            first_step: 0.05,
            shortest_step: 1e-6,
            longest_step: 0.3,
            finest_step: 1e-4,
            corrections: 4,
            least_cosine: 0.9,
            contraction: 0.25,
            most_points: 2000,
        }
    }
}

/// Where a branch starts, which way it sets out, and where it ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Route {
    pub(in crate::landscape) start: f64,
    pub(in crate::landscape) low: f64,
    pub(in crate::landscape) high: f64,
    pub(in crate::landscape) forward: bool,
}

impl Route {
    /// From one end of an interval towards the other; `to` may be the lower one.
    ///
    /// `from` and `to` must differ.
    pub fn across(from: f64, to: f64) -> Self {
        Self {
            start: from,
            low: from.min(to),
            high: from.max(to),
            forward: to > from,
        }
    }

    /// From a place inside the interval between `low` and `high`, towards higher s if `forward`.
    pub fn within(start: f64, low: f64, high: f64, forward: bool) -> Self {
        Self {
            start,
            low,
            high,
            forward,
        }
    }

    pub(in crate::landscape) fn ahead(&self) -> f64 {
        if self.forward { self.high } else { self.low }
    }

    pub(in crate::landscape) fn exit(&self, s: f64) -> Option<f64> {
        if s >= self.high {
            Some(self.high)
        } else {
            (s <= self.low).then_some(self.low)
        }
    }
}

/// One point of a branch.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PathPoint {
    /// The fixed point and its s.
    pub place: Extended,
    /// Unit tangent, in the direction of travel.
    pub tangent: Extended,
    /// Test functions there.
    pub tests: Tests,
}

/// Why a branch ended before it left the interval.
///
/// Each of them leaves the points so far in the branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Newton's method found no fixed point near the start.
    NoFixedPointAtStart,
    /// The tangent at the start is not unique: the start is a branch point.
    SingularStart,
    /// The arguments of several rectified units, or none that can be told apart, are zero at once, and not one way alone
    /// leads on.
    Corner,
    /// No step longer than the shortest succeeded.
    StepTooShort,
    /// As many points as the limits allow.
    TooManyPoints,
}

/// How a branch ended.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum BranchEnd {
    /// At the end of the interval that it set out for.
    Reached {
        /// s there.
        s: f64,
    },
    /// At the end of the interval that lay behind it.
    TurnedBack {
        /// s there.
        s: f64,
    },
    /// Where it had started: the branch is a loop inside the interval.
    Closed,
    /// At infinity: an eigenvalue 1 of a map that is affine where the branch goes.
    Infinite {
        /// s there.
        s: f64,
    },
    /// Nowhere.
    Stalled {
        /// Why.
        reason: Reason,
        /// s of the last point.
        s: f64,
    },
}

/// A part of a branch of rectified units on which the same of them are active.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// Place of its first point among the points of the branch. Where a piece follows another, that is the point on the
    /// border, which the one before has as its last: with the map on this side of the border.
    pub first: usize,
    /// Which units are active.
    pub active: Vec<bool>,
}

/// A curve of fixed points.
///
/// Points are ordered by arclength; s need not be monotone. Events are found afterwards, between neighbouring
/// points.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// Its points in order of travel; empty if there was no fixed point at the start.
    pub points: Vec<PathPoint>,
    /// Its parts, if it is one of rectified units; else none.
    pub pieces: Vec<Piece>,
    /// How it ended.
    pub ending: BranchEnd,
}

impl Branch {
    pub(in crate::landscape) fn smooth(points: Vec<PathPoint>, ending: BranchEnd) -> Self {
        Self {
            points,
            pieces: Vec::new(),
            ending,
        }
    }

    /// The last point, if the branch came to an end of the interval.
    pub fn end(&self) -> Option<&PathPoint> {
        match self.ending {
            BranchEnd::Reached { .. } | BranchEnd::TurnedBack { .. } => self.points.last(),
            BranchEnd::Closed | BranchEnd::Infinite { .. } | BranchEnd::Stalled { .. } => None,
        }
    }
}
