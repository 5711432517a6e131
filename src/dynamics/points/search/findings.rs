//! What a search finds.
//!
//! Two independent ways to notice that a list lacks points: indices (any single missing point is noticed, a missing
//! pair of opposite index is not) and hits (how many points were reached once, twice, never).

use crate::dynamics::linear::spectrum::Spectrum;
use crate::dynamics::points::certificate::Certificate;
use crate::dynamics::points::flat::Flatness;
use crate::dynamics::points::slow::Ghost;
use crate::norms::{distance, scale_of};
use crate::nouns::{Found, PointKind};

/// Points closer than this, relative to the largest coordinate (at least 1), are one.
const SAME_POINT: f64 = 1e-6;
/// Starts tell how many points there are only where at least so many were tried …
const FEWEST_SAMPLED: usize = 64;
/// … and at least this share of them came to a fixed point.
const FEWEST_HITS: f64 = 0.02;
/// Points on fibers from which the number of all points is told.
const FEWEST_PASSED: usize = 5;
/// Hits tell nothing of completeness where a larger share of them is the only one of its point.
const THIN: f64 = 0.2;

/// A fixed point.
///
/// `q` is recomputed in f64 at the point; the spectrum is always that of the full map, also where a reduced
/// equation was solved.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FixedPoint {
    /// The point.
    pub state: Vec<f64>,
    /// The same in the coordinates of the equation that was solved: of the reduced one where the map has one.
    pub coordinates: Vec<f64>,
    /// ½‖F(x)−x‖² there.
    pub q: f64,
    /// sign det(I−J), or the degree of x − F(x) on a small sphere around a point where I − J is singular; 0 where that is
    /// 0 or not known.
    pub index: i8,
    /// Eigenvalues of the full map.
    pub spectrum: Spectrum,
    /// Proof of it, in the coordinates of the equation that was solved; `None` where there is none.
    pub certificate: Option<Certificate>,
    /// What stands for a certificate where I − J is singular to working precision: how far x − F(x) is rounding alone.
    pub flatness: Option<Flatness>,
    /// How it was found.
    pub found: Found,
    /// Which of the known points led here, by its place in the list given to the search.
    pub from_known: Option<usize>,
    /// Starts of the search that ended here.
    pub hits: usize,
    /// Whether a curve on which x − F(x) keeps its direction passed here (see the search's last resorts).
    pub is_on_fiber: bool,
}

impl FixedPoint {
    /// What it is. A point is marginal, and never stable, where a multiplier is on the unit circle as far as the rounding of
    /// the spectrum and of the point itself can tell.
    pub fn kind(&self) -> PointKind {
        match &self.flatness {
            Some(flatness) if flatness.is_marginal => PointKind::Marginal,
            _ => self.spectrum.kind(),
        }
    }

    /// Whether all that is near comes closer.
    pub fn is_stable(&self) -> bool {
        matches!(self.kind(), PointKind::StableNode | PointKind::StableFocus)
    }

    /// How near another root must be to be this one: within the ball in which a certificate says that there is no other,
    /// for partners in a young fold may be closer than any fixed tolerance.
    pub(super) fn reach(&self) -> f64 {
        let alone = self.certificate.map_or(f64::INFINITY, |c| c.unique_within);
        alone.min(SAME_POINT * scale_of(&self.coordinates))
    }
}

/// A minimum of q that is no fixed point.
#[derive(Debug, Clone, PartialEq)]
pub struct SlowPoint {
    /// The point.
    pub state: Vec<f64>,
    /// ½‖F(x)−x‖² there.
    pub q: f64,
    /// How nearly singular the map is there, and how long motion lingers.
    pub ghost: Ghost,
    /// Eigenvalues of the full map.
    pub spectrum: Spectrum,
}

/// A fixed point of a neighbouring checkpoint.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The point.
    pub state: &'a [f64],
    /// sign det(I−J) there: constant along a branch that no bifurcation interrupts.
    pub index: i8,
}

/// What is known of a list of fixed points as a whole.
///
/// Ordered from the weakest statement to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Completeness {
    /// The indices do not sum to what theory demands, or the hits of the starts say that points were missed, or the search
    /// was cut short.
    Incomplete,
    /// Theory demands nothing, or a fixed point is degenerate.
    #[default]
    Unknown,
    /// The indices sum to what theory demands, as those of a list that lacks pairs of opposite index do, too, and the hits of
    /// the starts do not say that there are more.
    IndexConsistent,
    /// There are no others: the whole trapping box was searched with interval arithmetic, or all sets of active units.
    Proved,
}

impl Completeness {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::IndexConsistent => "index_consistent",
            Self::Incomplete => "incomplete",
            Self::Unknown => "unknown",
        }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Findings {
    /// Fixed points, in order of discovery.
    pub fixed_points: Vec<FixedPoint>,
    /// Slow points, by rising q.
    pub slow_points: Vec<SlowPoint>,
    /// Whether that is all there are.
    pub complete: Completeness,
    /// Starts used, the known points not counted.
    pub n_starts: usize,
    /// Starts whose ends were counted as hits, or would have been had they come to a fixed point.
    pub n_sampled: usize,
    /// What the search would have done but for its limits, in words; empty if it came to its end.
    pub left_undone: Vec<String>,
}

impl Findings {
    /// Whether a fixed point that another search found is in the list.
    pub fn contains(&self, point: &FixedPoint) -> bool {
        self.position(&point.coordinates).is_some()
    }

    /// The fixed point at a root, given in the coordinates of the equation that is solved.
    pub(super) fn position(&self, coordinates: &[f64]) -> Option<usize> {
        let is_there =
            |other: &FixedPoint| distance(&other.coordinates, coordinates) <= other.reach();
        self.fixed_points.iter().position(is_there)
    }

    /// Sum of the indices.
    ///
    /// Points whose index is not known count as 0.
    pub fn index_sum(&self) -> i32 {
        let indices = self.fixed_points.iter().map(|point| i32::from(point.index));
        indices.sum()
    }

    /// Dimension of the largest continuum among the fixed points; 0 if all are isolated as far as can be told.
    pub fn continuum_dim(&self) -> usize {
        let flat = self.fixed_points.iter().filter_map(|p| p.flatness.as_ref());
        flat.map(|flatness| flatness.continuum_dim)
            .max()
            .unwrap_or(0)
    }

    /// An estimate of the number of fixed points that are not in the list.
    ///
    /// 0 or more. By recapture where at least five points lie on fibers, else by hits; it assumes that starts are
    /// independent draws, and points that no start can reach do not show in it.
    pub fn unseen_estimate(&self) -> f64 {
        self.unseen().0
    }

    /// What can be said of the list after points were added to it, given what their indices should sum to.
    pub(crate) fn recount(&mut self, index_sum: Option<i32>) {
        let Some(expected) = index_sum else { return };
        let is_balanced = expected == self.index_sum();
        self.complete = match self.complete {
            Completeness::Incomplete if is_balanced && !self.is_doubtful() => {
                Completeness::IndexConsistent
            }
            Completeness::IndexConsistent if !is_balanced => Completeness::Incomplete,
            as_before => as_before,
        };
    }

    /// Whether anything but the indices tells of points that are not in the list.
    pub(super) fn is_doubtful(&self) -> bool {
        !self.left_undone.is_empty() || self.is_visibly_short() || self.is_poorly_sampled()
    }

    /// Whether the hits say, beyond chance, that fixed points are missing.
    pub fn is_visibly_short(&self) -> bool {
        self.unseen().1
    }

    /// Whether next to none of the starts came to a fixed point, so that they tell nothing of how many there are.
    pub fn is_poorly_sampled(&self) -> bool {
        self.is_poorly_sampled_but_for(0)
    }

    /// The same with more hits, of points that are not in the list yet.
    pub(super) fn is_poorly_sampled_but_for(&self, more: usize) -> bool {
        let hits: usize = self
            .fixed_points
            .iter()
            .map(|point| point.hits)
            .sum::<usize>()
            + more;
        self.n_sampled >= FEWEST_SAMPLED && (hits as f64) < FEWEST_HITS * self.n_sampled as f64
    }

    /// The number of fixed points that are not in the list, and whether it is above 0 beyond chance.
    fn unseen(&self) -> (f64, bool) {
        let on_fibers = self.fixed_points.iter().filter(|p| p.is_on_fiber).count();
        if on_fibers >= FEWEST_PASSED {
            self.unseen_by_recapture()
        } else {
            self.unseen_by_hits()
        }
    }

    /// As the hits of independent starts tell it:
    ///
    /// 1. f_k points were reached by exactly k starts. Chao's estimate of the number of points that no start reached is
    ///    f₁(f₁−1)/(2(f₂+1)), and the logarithm of a spread about it gives a 95 % interval (Chao 1987).
    /// 2. Points of the list that no start reached, but another way led to, are among those: they are taken off.
    /// 3. Where many hits are the only ones of their point, and points of the checkpoint before do not account for it, most
    ///    starts would reach something new.
    fn unseen_by_hits(&self) -> (f64, bool) {
        let reached = |k: usize| self.fixed_points.iter().filter(|p| p.hits == k).count() as f64;
        let (once, twice, other_ways) = (reached(1), reached(2), reached(0));
        let estimate = once * (once - 1.0).max(0.0) / (2.0 * (twice + 1.0));
        let of_before = |p: &&FixedPoint| p.hits == 0 && p.found == Found::Tracked;
        let of_before = self.fixed_points.iter().filter(of_before).count() as f64;
        let hits: usize = self.fixed_points.iter().map(|p| p.hits).sum();
        let is_thin =
            once > THIN * hits as f64 && once >= FEWEST_PASSED as f64 && of_before < estimate;
        if estimate <= other_ways {
            return (0.0, is_thin);
        }
        let ratio = once / (twice + 1.0);
        let variance = (twice + 1.0) * (0.5 * ratio.powi(2) + ratio.powi(3) + 0.25 * ratio.powi(4));
        let spread = (1.96 * (1.0 + variance / (estimate * estimate)).ln().sqrt()).exp();
        let is_short = is_thin || estimate / spread > other_ways + 1.0;
        (estimate - other_ways, is_short)
    }

    /// As two ways to find points tell it, starts and fibers: of a points that starts reached and b that fibers passed, m are
    /// the same. Chapman's estimate of all of them is (a+1)(b+1)/(m+1) − 1, with variance
    /// (a+1)(b+1)(a−m)(b−m)/((m+1)²(m+2)) (Chapman 1951; Seber 1970).
    fn unseen_by_recapture(&self) -> (f64, bool) {
        let count = |is: &dyn Fn(&FixedPoint) -> bool| {
            self.fixed_points.iter().filter(|p| is(p)).count() as f64
        };
        let (a, b) = (count(&|p| p.hits > 0), count(&|p| p.is_on_fiber));
        let both = count(&|p| p.hits > 0 && p.is_on_fiber);
        let all = (a + 1.0) * (b + 1.0) / (both + 1.0) - 1.0;
        let variance =
            (a + 1.0) * (b + 1.0) * (a - both) * (b - both) / ((both + 1.0).powi(2) * (both + 2.0));
        let unseen = all - self.fixed_points.len() as f64;
        (unseen.max(0.0), unseen - 1.96 * variance.sqrt() > 0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    /// A list of `listed` of `count` points, of which starts were drawn with probabilities that fall like 1/(1 + spread k).
    fn sampled(count: usize, starts: usize, spread: f64, every_point: bool, seed: u64) -> Findings {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let weights: Vec<f64> = (0..count)
            .map(|k| 1.0 / (1.0 + spread * k as f64))
            .collect();
        let total: f64 = weights.iter().sum();
        let mut hits = vec![0; count];
        for _ in 0..starts {
            let mut at = rng.random_range(0.0..total);
            let place = weights.iter().position(|w| {
                at -= w;
                at < 0.0
            });
            hits[place.unwrap_or(count - 1)] += 1;
        }
        let listed = hits.iter().filter(|&&hits| every_point || hits > 0);
        let point = |&hits: &usize| FixedPoint {
            state: vec![0.0],
            coordinates: vec![0.0],
            q: 0.0,
            index: 1,
            spectrum: Spectrum::default(),
            certificate: None,
            flatness: None,
            found: Found::Searched,
            from_known: None,
            hits,
            is_on_fiber: false,
        };
        Findings {
            fixed_points: listed.map(point).collect(),
            ..Findings::default()
        }
    }

    /// Whole lists are told from short ones, whatever the number of starts and however unequal the chances.
    #[test]
    fn hits_tell_whole_lists_from_short_ones() {
        let (mut alarms, mut whole) = (0, 0);
        for seed in 0..200 {
            for (count, starts) in [(27, 64), (27, 512), (49, 256), (5, 64), (243, 512)] {
                let spread = [0.0, 0.3, 1.0][seed as usize % 3];
                let findings = sampled(count, starts, spread, true, seed);
                whole += 1;
                alarms += usize::from(findings.is_visibly_short());
            }
        }
        assert!(alarms * 40 <= whole, "{alarms} false alarms of {whole}");
        // 2,187 points of equal chances, 1,024 starts: some 1,370 points stay unseen.
        let mut seen_short = 0;
        for seed in 0..50 {
            let findings = sampled(2187, 1024, 0.0, false, seed);
            let missing = 2187.0 - findings.fixed_points.len() as f64;
            let estimate = findings.unseen_estimate();
            assert!(
                (estimate / missing - 1.0).abs() < 0.4,
                "{estimate} of {missing}"
            );
            seen_short += usize::from(findings.is_visibly_short());
        }
        assert_eq!(seen_short, 50);
    }
}
