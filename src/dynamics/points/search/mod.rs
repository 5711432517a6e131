//! All fixed points of a map that can be found from given starts, told from slow points, each once.
//!
//! 1. The points of a neighbouring checkpoint are tried first; they keep their identity.
//! 2. A map that falls into blocks, each of which depends on earlier ones alone, is solved block by block (see
//!    [`blocks`](mod@blocks)).
//! 3. Then states of trials with jitter, in rounds of fixed size.
//! 4. After each round, the opposites of new points, where the map is odd, and midpoints of all new pairs of stable points:
//!    saddles lie between attractors. Pairs of known points are new only where the known points' indices do not sum to what
//!    theory demands.
//! 5. Starts on their way to a point that is known are dropped early (see [`super::batch`] and [`super::roots`]). Of those
//!    that have come close to each other one is solved in full, and the others if its root does not explain where they are.
//! 6. Where the indices still do not balance, midpoints between saddles are tried and starts again in full, edges
//!    between basins are tracked (see [`super::edge`]), curves on which x − F(x) keeps its direction are followed
//!    (directional fibers), and what is known is deflated.
//! 7. A small map is searched completely besides (see [`super::enumerate`]).
//! 8. The search by starts ends when the indices sum to what theory demands, a whole round has found nothing new, and the
//!    hits of the starts tell of no other point; or when the starts are used up.
//!
//! Roots that no certificate tells apart and that lie in one flat stretch are one point, or a continuum (see [`super::flat`]).
//! Within a round the starts run in parallel, and their ends are merged in the order of the starts: the result
//! does not depend on the number of threads.

mod admit;
pub mod blocks;
mod ends;
mod findings;
mod groups;
mod limits;
mod rescue;

use super::enumerate::{Enumeration, enumerate};
use super::flat::is_flat;
use super::newton::{Factored, NewtonEnd, solve};
use super::slow::{ghost, polish_slow};
use super::supports::solutions;
use crate::dynamics::linear::spectrum::{Spectrum, SpectrumError};
use crate::dynamics::watch::{Unwatched, Watch};
use crate::map::{Map, Reduced, q};
use crate::norms::{distance, scale_of};
use crate::parallel;

use admit::Origin;
use ends::End;
pub use findings::{Completeness, Findings, FixedPoint, Known, SlowPoint};
use groups::Group;
pub use limits::SearchLimits;

/// Starts of a round.
const ROUND: usize = 64;
/// Rounds at the least where no neighbour's points were known; with them one is enough.
const FEWEST_ROUNDS: usize = 2;
/// Where theory demands nothing, starts at the least …
const FEWEST_UNDEMANDED: usize = 256;
/// … and the share of them that may have reached points which no other start reached (Good & Turing's estimate of the share
/// of all starts that would reach something new).
const NEW_SHARE: f64 = 0.01;
/// The search by starts goes on where their hits tell of more missing points than this.
const MISSING: f64 = 0.5;
/// Starts after which a search may be given up as hopeless, …
const MOST_BEFORE_HOPELESS: usize = 512;
/// … if at least so many fixed points seem to be missing, and as many as were found; …
const MANY: f64 = 50.0;
/// … or if a smaller share of them than this came to a fixed point.
const RARE_HITS: f64 = 0.25;
/// Midpoints tried at most per round.
const MOST_MIDPOINTS: usize = 256;
/// Slow points closer than this are one.
const SAME_SLOW_POINT: f64 = 1e-3;
/// Starts that are sinking to minima of q within this distance, relative to the largest coordinate (at least 1), sink to one.
const SLOW_COMPANY: f64 = 0.03;

/// Evaluates an expression for the equation that is solved: the reduced one, where the map has one.
macro_rules! with_equation {
    ($search:expr, $equation:ident => $value:expr) => {
        match &$search.reduced {
            None => {
                let $equation = $search.map;
                $value
            }
            Some(reduced) => {
                let $equation = &**reduced;
                $value
            }
        }
    };
}
use with_equation;

/// Searches from `known` points and from `starts` (each as long as the state).
///
/// `known` are points of a neighbouring checkpoint, with their indices; a point that one of them leads to, with the
/// same index, is said to continue it. `starts` come from trials, or from [`super::starts`]; without any, only what
/// is known is followed, and a small map enumerated. States that are not finite lead nowhere.
///
/// What the result tells of itself, strongest first: a certificate at each point; [`Completeness`] of the list;
/// [`Findings::unseen_estimate`]. A list that is `Incomplete` is still a list of true fixed points.
///
/// Cost: of the order of a few Newton steps for each distinct root and a few matrix products for each start; what
/// is spent beyond that is bounded by [`SearchLimits`].
/// # Errors
/// [`SpectrumError`] where the eigenvalues or singular values at some point do not converge.
///
/// ```
/// use creode::cell::map::CellMap;
/// use creode::dynamics::points::search::{Completeness, SearchLimits, search};
/// use creode::dynamics::points::starts::simulated;
///
/// // One unit that excites itself: two stable points, and a saddle between them.
/// let unit = CellMap::vanilla(&[2.0], vec![0.0]);
/// let found = search(&unit, &[], &simulated(&unit, 64, 0.5, 1), SearchLimits::default())?;
/// assert_eq!(found.complete, Completeness::Proved);
/// assert_eq!((found.fixed_points.len(), found.index_sum()), (3, 1));
/// assert!(found.fixed_points.iter().all(|point| point.certificate.is_some()));
/// # Ok::<(), creode::dynamics::linear::spectrum::SpectrumError>(())
/// ```
pub fn search<M: Map + ?Sized>(
    map: &M,
    known: &[Known<'_>],
    starts: &[Vec<f64>],
    limits: SearchLimits,
) -> Result<Findings, SpectrumError> {
    search_watched(map, known, starts, limits, &Unwatched)
}

/// The same with somebody who watches, and may end it early; what was left undone is then said in the findings.
///
/// `watch` is asked between rounds and before costly last resorts. The list of a search that was ended early counts
/// as incomplete, unless it was proved before.
pub fn search_watched<M: Map + ?Sized>(
    map: &M,
    known: &[Known<'_>],
    starts: &[Vec<f64>],
    limits: SearchLimits,
    watch: &dyn Watch,
) -> Result<Findings, SpectrumError> {
    let mut search = Search {
        map,
        reduced: map.reduced(),
        trapping_box: map.trapping_box(),
        index_sum: map.index_sum(),
        limits,
        watch,
        findings: Findings::default(),
        groups: Vec::new(),
        minima: Vec::new(),
        slow_enough: f64::INFINITY,
        is_given_up: false,
        factored: Some(Vec::new()),
    };
    search.try_known(known)?;
    let of_blocks = search.try_blocks(known, starts)?;
    search.try_rounds(starts)?;
    search.rescue(starts)?;
    let is_proved = of_blocks == Some(Completeness::Proved) || search.enumerate()?;
    search.finish(is_proved, of_blocks)
}

struct Search<'a, M: ?Sized> {
    map: &'a M,
    reduced: Option<Box<dyn Reduced + 'a>>,
    /// What the map says of itself, asked once.
    trapping_box: Option<Vec<f64>>,
    index_sum: Option<i32>,
    limits: SearchLimits,
    watch: &'a dyn Watch,
    findings: Findings,
    /// Roots at which I − J is singular; they join the findings at the end.
    groups: Vec<Group>,
    /// Near minima of q that are no roots.
    minima: Vec<Vec<f64>>,
    /// The q from which on they are no longer among those that are described.
    slow_enough: f64,
    /// Whether starts were given up as hopeless.
    is_given_up: bool,
    /// I − J at each of the fixed points found, in the coordinates of the equation that is solved; none if that were too
    /// much, or if it is singular at one of them.
    factored: Option<Vec<Factored>>,
}

impl<M: Map + ?Sized> Search<'_, M> {
    /// A state in the coordinates of the equation that is solved.
    fn coordinates(&self, state: &[f64]) -> Vec<f64> {
        match &self.reduced {
            None => state.to_vec(),
            Some(reduced) => reduced.project(state),
        }
    }

    /// The state of a root of the equation that is solved.
    fn state(&self, root: &[f64]) -> Vec<f64> {
        match &self.reduced {
            None => root.to_vec(),
            Some(reduced) => reduced.lift(root),
        }
    }

    fn is_over(&mut self, what: impl FnOnce() -> String) -> bool {
        let is_over = self.watch.is_over();
        if is_over {
            self.findings.left_undone.push(what());
        }
        is_over
    }

    /// Steps 3, 4 and 8.
    fn try_rounds(&mut self, starts: &[Vec<f64>]) -> Result<(), SpectrumError> {
        let nothing_known = self.findings.fixed_points.is_empty();
        if nothing_known && !starts.is_empty() {
            self.try_plain_states()?;
        }
        let fewest_rounds = if nothing_known { FEWEST_ROUNDS } else { 1 };
        let mut midpoints_of = if self.is_balanced() {
            self.findings.fixed_points.len()
        } else {
            0
        };
        for (round, chunk) in starts.chunks(ROUND).enumerate() {
            let (done, all) = (round * ROUND, starts.len());
            if self.is_over(|| format!("{} of {all} starts were not tried", all - done)) {
                break;
            }
            self.watch.progress("starts", done, all);
            let before = self.findings.fixed_points.len() + self.groups.len();
            let listed = self.findings.fixed_points.len();
            self.try_starts(chunk, Origin::Starts)?;
            self.try_opposites(listed)?;
            self.thin_out_minima();
            midpoints_of = self.try_midpoints(midpoints_of)?;
            let nothing_new = self.findings.fixed_points.len() + self.groups.len() == before;
            let is_enough =
                round + 1 >= fewest_rounds && done + chunk.len() >= self.limits.fewest_starts;
            if is_enough && nothing_new && self.seems_whole() {
                break;
            }
            let is_asked_for_all = self.limits.fewest_starts == usize::MAX;
            if !is_asked_for_all && self.is_hopeless() {
                self.is_given_up = true;
                let left = all.saturating_sub(done + ROUND);
                self.findings.left_undone.extend((left > 0).then(|| {
                    format!("{left} of {all} starts were not tried, for they would not come to an end either")
                }));
                break;
            }
        }
        Ok(())
    }

    /// Whether there are so many fixed points that starts cannot find them all: most that were found, were found once.
    fn is_hopeless(&self) -> bool {
        let findings = &self.findings;
        if !findings.is_visibly_short() {
            return false;
        }
        let sampled = findings.n_sampled;
        let hits: usize = findings.fixed_points.iter().map(|point| point.hits).sum();
        let hopeless_dim = self.limits.hopeless_dim as f64;
        let share_affordable = (hopeless_dim / self.map.dim() as f64).powi(2).min(1.0);
        let affordable = (share_affordable * MOST_BEFORE_HOPELESS as f64).max(ROUND as f64);
        let are_rare = (hits as f64) < RARE_HITS * sampled as f64;
        let many = MANY.max(findings.fixed_points.len() as f64);
        (are_rare && sampled as f64 >= affordable)
            || (sampled >= MOST_BEFORE_HOPELESS && findings.unseen_estimate() >= many)
    }

    /// Whether neither the indices nor the hits of the starts tell of points that are not in the list.
    fn seems_whole(&self) -> bool {
        let hit_once = self.findings.fixed_points.iter().filter(|p| p.hits == 1);
        let new_share = hit_once.count() as f64 / self.findings.n_sampled.max(1) as f64;
        let is_sampled = self.index_sum.is_some()
            || (self.findings.n_sampled >= FEWEST_UNDEMANDED && new_share <= NEW_SHARE);
        self.is_balanced() && is_sampled && self.findings.unseen_estimate() < MISSING
    }

    /// The origin, and where it goes: what no trial may come near.
    fn try_plain_states(&mut self) -> Result<(), SpectrumError> {
        let dim = self.map.dim();
        let mut states = vec![vec![0.0; dim]];
        for step in 0..2 {
            let mut next = vec![0.0; dim];
            self.map.step(&states[step], &mut next);
            states.push(next);
        }
        states.retain(|state| state.iter().all(|x| x.is_finite()));
        let ends = self.ends_by_newton(&states);
        self.take(ends, Origin::Elsewhere)
    }

    fn try_starts(&mut self, starts: &[Vec<f64>], origin: Origin) -> Result<(), SpectrumError> {
        let ends = self.ends(starts);
        self.findings.n_starts += starts.len();
        self.take(ends, origin)
    }

    /// Tries the midpoints of all pairs of stable points of which one is at `first` or later in the list;
    /// returns the length of the list before they were tried.
    fn try_midpoints(&mut self, first: usize) -> Result<usize, SpectrumError> {
        let points = &self.findings.fixed_points;
        let stable: Vec<usize> = (0..points.len())
            .filter(|&i| points[i].spectrum.n_unstable() == 0)
            .collect();
        let mut midpoints = Vec::new();
        for (i, &b) in stable.iter().enumerate() {
            for &a in &stable[..i] {
                if b >= first && midpoints.len() < MOST_MIDPOINTS {
                    midpoints.push(midpoint(&points[a].state, &points[b].state));
                }
            }
        }
        let length = points.len();
        self.try_starts(&midpoints, Origin::Elsewhere)?;
        Ok(length)
    }

    /// Step 7: adds what is missing from the complete list of a small map; whether there is such a list and it was taken over
    /// point by point.
    fn enumerate(&mut self) -> Result<bool, SpectrumError> {
        if self.is_over(|| "no complete search was begun".to_owned()) {
            return Ok(false);
        }
        let boxes = match self.limits.boxes {
            0 => 0,
            asked => asked.max(self.limits.boxes_of_small / self.map.dim().max(1)),
        };
        let supports = self
            .map
            .rectified()
            .and_then(|network| solutions(&network, boxes));
        let all = match &self.reduced {
            _ if supports.is_some() => supports,
            None if self.map.dim() <= self.limits.enumerated_dim => {
                enumerate(self.map, boxes, self.watch)
            }
            Some(reduced) if reduced.dim() <= self.limits.enumerated_dim => {
                enumerate(&**reduced, boxes, self.watch).map(|all| Enumeration {
                    points: all.points.iter().map(|point| reduced.lift(point)).collect(),
                    ..all
                })
            }
            _ => None,
        };
        let Some(all) = all else { return Ok(false) };
        let ends: Vec<End> = all.points.into_iter().map(End::at_root).collect();
        let count = ends.len();
        self.take(ends, Origin::Elsewhere)?;
        Ok(all.is_complete && self.groups.is_empty() && count == self.findings.fixed_points.len())
    }

    /// Keeps of the minima those that may be described: of many near each other the lowest, and the slowest of all.
    fn thin_out_minima(&mut self) {
        let mut candidates: Vec<(f64, Vec<f64>)> = std::mem::take(&mut self.minima)
            .into_iter()
            .map(|point| (q(self.map, &point), point))
            .collect();
        candidates.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (q, point) in candidates {
            let in_company = SLOW_COMPANY * scale_of(&point);
            let is_near = |other: &Vec<f64>| distance(other, &point) <= in_company;
            if self.minima.iter().any(is_near) {
                continue;
            }
            self.minima.push(point);
            if self.minima.len() >= self.limits.slow_points {
                self.slow_enough = q;
                break;
            }
        }
    }

    /// Describes the slow points.
    fn describe_slow(&mut self) -> Result<(), SpectrumError> {
        self.thin_out_minima();
        let apart = std::mem::take(&mut self.minima);
        let count = apart.len();
        if count > 0 && self.is_over(|| format!("{count} slow points were not described")) {
            return Ok(());
        }
        self.watch.progress("slow points", 0, count);
        let described = parallel::try_map(apart, |point| {
            let Some(point) = self.minimum_near(point) else {
                return Ok(None);
            };
            let state = polish_slow(self.map, &point)?;
            Ok::<_, SpectrumError>(Some(SlowPoint {
                q: q(self.map, &state),
                ghost: ghost(self.map, &state)?,
                spectrum: Spectrum::at(self.map, &state)?,
                state,
            }))
        })?;
        for point in described.into_iter().flatten() {
            let known = &self.findings.slow_points;
            let is_same =
                |other: &SlowPoint| distance(&other.state, &point.state) <= SAME_SLOW_POINT;
            let is_fixed = with_equation!(self, equation => is_flat(equation, &self.coordinates(&point.state)));
            let is_inside = self.inside(&point.state);
            if is_inside && !is_fixed && !known.iter().any(is_same) {
                self.findings.slow_points.push(point);
            }
        }
        self.findings
            .slow_points
            .sort_by(|a, b| a.q.total_cmp(&b.q));
        Ok(())
    }

    /// The minimum of q near one of the equation that is solved, given as a state.
    fn minimum_near(&self, point: Vec<f64>) -> Option<Vec<f64>> {
        if self.reduced.is_none() {
            return Some(point);
        }
        match solve(self.map, &point, self.limits.newton) {
            // A zero of F(x)−x alone is a saturated gate, a slow region.
            NewtonEnd::Minimum { point } | NewtonEnd::Root { point } => Some(point),
            NewtonEnd::Lost => None,
        }
    }

    /// Of a map with F(−x) = −F(x), the opposites of the fixed points found.
    fn try_opposites(&mut self, first: usize) -> Result<(), SpectrumError> {
        let points = &self.findings.fixed_points[first..];
        let opposites = points
            .iter()
            .map(|point| point.state.iter().map(|x| -x).collect());
        let are_fixed = opposites.filter(|state: &Vec<f64>| is_flat(self.map, state));
        let ends: Vec<End> = are_fixed.map(End::at_root).collect();
        self.take(ends, Origin::Elsewhere)
    }

    fn finish(
        mut self,
        is_proved: bool,
        of_blocks: Option<Completeness>,
    ) -> Result<Findings, SpectrumError> {
        self.settle_groups()?;
        self.describe_slow()?;
        let is_degenerate = self.findings.fixed_points.iter().any(|point| {
            let flatness = point.flatness.as_ref();
            flatness.is_some_and(|of| of.index.is_none())
        });
        let by_index = match self.index_sum {
            _ if is_degenerate => Completeness::Unknown,
            Some(expected) if expected != self.findings.index_sum() => Completeness::Incomplete,
            Some(_) => Completeness::IndexConsistent,
            None => Completeness::Unknown,
        };
        self.findings.complete = if is_proved {
            Completeness::Proved
        } else if of_blocks == Some(Completeness::Incomplete) || self.findings.is_doubtful() {
            Completeness::Incomplete
        } else {
            by_index
        };
        Ok(self.findings)
    }
}

fn midpoint(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(x, y)| 0.5 * (x + y)).collect()
}
