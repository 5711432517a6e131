//! Cascades of period doublings in any dimension: where they are, how the cycles split, and what both tend to.

use super::interval_map::{ratios, shrinking};
use crate::cell::map::CellMap;
use crate::cell::path::CellPath;
use crate::landscape::beyond::cascade::cascade;
use crate::landscape::follow::branch::ContinuationLimits;
use crate::map::iterate::{Iterate, IterateFamily};
use crate::map::{Family, HenonFamily, LogisticFamily};
use crate::norms::distance;

/// The Hénon map's contraction.
const HENON_B: f64 = 0.3;
/// Distance between the thresholds of the two units of the network of rank one, halved, and its drive.
const RANK_ONE: [f64; 2] = [1.0, 3.0];

/// A family of maps with a cascade.
// There are a handful of them.
#[allow(clippy::large_enum_variant)]
pub(super) enum System {
    /// The logistic map along r.
    Logistic(LogisticFamily),
    /// The Hénon map along a.
    Henon(HenonFamily),
    /// A network along the gain of its weights.
    Network(CellPath),
}

/// What is done with whichever family it is.
macro_rules! of_family {
    ($system:expr, $family:ident => $value:expr) => {
        match $system {
            System::Logistic($family) => $value,
            System::Henon($family) => $value,
            System::Network($family) => $value,
        }
    };
}

impl System {
    pub(super) fn henon() -> Self {
        Self::Henon(HenonFamily { b: HENON_B })
    }

    /// Two units r with κ = s(r₁ − r₂) − d and r′ = tanh(κ ± b).
    pub(super) fn rank_one() -> Option<Self> {
        let [b, d] = RANK_ONE;
        Self::network(&[1.0, -1.0, 1.0, -1.0], vec![b - d, -b - d])
    }

    /// x′ = tanh(s W x + b), W row-major.
    pub(super) fn network(weights: &[f64], bias: Vec<f64>) -> Option<Self> {
        let there = CellMap::vanilla(weights, bias);
        CellPath::new(there.with_gain(0.0), there).map(Self::Network)
    }

    /// States from a start on, with the parameter at s: each of them `every` steps after the one before.
    pub(super) fn orbit(&self, s: f64, start: &[f64], every: usize, count: usize) -> Vec<Vec<f64>> {
        of_family!(self, family => {
            let map = Iterate::new(family.at(s), every);
            Iterate::new(map, count).orbit(start)
        })
    }

    /// Follows a cycle, of which `start.0` is a state at the parameter `start.1`, through as many doublings; up to `to`.
    pub(super) fn cascade(
        &self,
        period: usize,
        start: (&[f64], f64),
        to: f64,
        most: usize,
    ) -> Cascade {
        let limits = ContinuationLimits::default();
        let found = of_family!(self, family => {
            cascade(&IterateFamily::new(family, period), start.0, (start.1, to), &limits, most)
        });
        let doublings = found.into_iter().map(|of| {
            let s = of.event.place.s;
            let cycle = self.orbit(s, &of.event.place.state, 1, period * of.period);
            Doubling { s, cycle }
        });
        Cascade {
            doublings: doublings.collect(),
        }
    }
}

/// Where a cycle loses its stability to one of twice its period.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Doubling {
    /// The parameter.
    pub(super) s: f64,
    /// The states of the cycle, in order of time.
    pub(super) cycle: Vec<Vec<f64>>,
}

/// Two states of a cycle that half its period lies between.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) here: &'a [f64],
    pub(super) there: &'a [f64],
}

impl Pair<'_> {
    pub(super) fn spread(&self) -> f64 {
        distance(self.here, self.there)
    }
}

impl Doubling {
    /// The pairs of states that were one before the last doubling.
    fn pairs(&self) -> impl Iterator<Item = Pair<'_>> {
        let (first, second) = self.cycle.split_at(self.cycle.len() / 2);
        let both = first.iter().zip(second);
        both.map(|(here, there)| Pair { here, there })
    }

    /// The pair that is furthest apart: the one about the maximum.
    pub(super) fn widest(&self) -> Option<Pair<'_>> {
        let by_spread = |a: &Pair<'_>, b: &Pair<'_>| a.spread().total_cmp(&b.spread());
        self.pairs().max_by(by_spread)
    }
}

/// Successive doublings of a cycle.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cascade {
    /// In order of period.
    pub(super) doublings: Vec<Doubling>,
}

impl Cascade {
    /// The parameters of the doublings.
    pub(super) fn places(&self) -> Vec<f64> {
        self.doublings.iter().map(|of| of.s).collect()
    }

    /// Ratios of successive distances between doublings, which tend to δ.
    pub(super) fn deltas(&self) -> Vec<f64> {
        ratios(&self.places())
    }

    /// Ratios of successive spreads of the widest pair, which tend to |α|.
    pub(super) fn alphas(&self) -> Vec<f64> {
        let split = self.doublings.iter().skip(1);
        let widest = split.filter_map(|of| of.widest().map(|pair| pair.spread()));
        shrinking(&widest.collect::<Vec<f64>>())
    }
}
