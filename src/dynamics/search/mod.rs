//! All fixed points of a map that can be found from given starts, told from slow points, each once.
//!
//! 1. The points of a neighbouring checkpoint are tried first; they keep their identity.
//! 2. Then states of trials with jitter, in rounds of fixed size.
//! 3. After each round, midpoints of all new pairs of stable points: saddles lie between attractors. Pairs of
//!    known points are new only where the known points' indices do not sum to what theory demands.
//! 4. Starts on their way to a point that is known are dropped early (see [`super::batch`] and [`super::roots`]). Of those
//!    that have come close to each other one is solved in full, and the others if its root does not explain where they are.
//! 5. Where the indices still do not balance, edges between basins are tracked (see [`super::edge`]), and what is known is
//!    deflated.
//! 6. A small map is searched completely besides (see [`super::enumerate`]).
//! 7. The search by starts ends when the indices sum to what theory demands and a whole round has found nothing new, or
//!    when the starts are used up.
//!
//! Within a round the starts run in parallel, and their ends are merged in the order of the starts: the result
//! does not depend on the number of threads.

mod ends;
mod limits;
mod rescue;

use rayon::prelude::*;

use super::certificate::{Certificate, certify};
use super::enumerate::{Enumeration, enumerate};
use super::newton::{Ending, Factored, Polished, polish};
use super::slow::{Ghost, ghost, polish_slow};
use super::spectrum::{Spectrum, SpectrumError};
use super::supports::solutions;
use crate::map::{Map, Reduced, q};
use crate::norms::{distance, scale_of};
use crate::trace::rows::Found;

use ends::End;
pub use limits::Limits;

/// Starts of a round.
const ROUND: usize = 64;
/// Rounds at the least where no neighbour's points were known; with them one is enough.
const FEWEST_ROUNDS: usize = 2;
/// Midpoints tried at most per round.
const MOST_MIDPOINTS: usize = 256;
/// Points closer than this, relative to the largest coordinate (at least 1), are one.
const SAME_POINT: f64 = 1e-6;
/// Dimension up to which the factors of I − J are kept.
const LARGEST_FACTORED: usize = 512;
/// Numbers kept in them at most, 256 MiB.
const FACTORS_KEPT: usize = 1 << 25;
/// Slow points closer than this are one.
const SAME_SLOW_POINT: f64 = 1e-3;

/// A fixed point.
#[derive(Debug, Clone, PartialEq)]
pub struct FixedPoint {
    /// The point.
    pub state: Vec<f64>,
    /// ½‖F(x)−x‖² there.
    pub q: f64,
    /// sign det(I−J).
    pub index: i8,
    /// Eigenvalues of the full map.
    pub spectrum: Spectrum,
    /// Proof of it, in the coordinates of the reduced equation where the map has one; `None` where there is none.
    pub certificate: Option<Certificate>,
    /// How it was found.
    pub found: Found,
    /// Which of the known points led here, by its place in the list given to the search.
    pub from_known: Option<usize>,
    /// Starts of the search that ended here.
    pub hits: usize,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Completeness {
    /// There are no others: the whole trapping box was searched with interval arithmetic.
    Proved,
    /// The indices sum to what theory demands, as those of a list that lacks pairs of opposite index do, too.
    IndexConsistent,
    /// The indices do not sum to what theory demands.
    Incomplete,
    /// Theory demands nothing.
    #[default]
    Unknown,
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

/// What a search found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Findings {
    /// Fixed points, in order of discovery.
    pub fixed_points: Vec<FixedPoint>,
    /// Slow points, by rising q.
    pub slow_points: Vec<SlowPoint>,
    /// Whether that is all there are.
    pub complete: Completeness,
    /// Starts used, the known points not counted.
    pub n_starts: usize,
    /// Starts that ended nowhere, or outside the trapping box.
    pub n_lost: usize,
}

impl Findings {
    /// Whether a fixed point is in the list.
    pub fn contains(&self, state: &[f64]) -> bool {
        self.position(state).is_some()
    }

    fn position(&self, state: &[f64]) -> Option<usize> {
        let scale = scale_of(state);
        let is_same = |other: &FixedPoint| {
            // Partners in a young fold may be closer than any fixed tolerance.
            let alone = other.certificate.map_or(f64::INFINITY, |c| c.unique_within);
            distance(&other.state, state) <= alone.min(SAME_POINT * scale)
        };
        self.fixed_points.iter().position(is_same)
    }

    /// Sum of the indices.
    pub fn index_sum(&self) -> i32 {
        self.fixed_points
            .iter()
            .map(|point| i32::from(point.index))
            .sum()
    }

    /// Chao's estimate of the number of fixed points that no start has reached: f₁(f₁−1)/(2(f₂+1)), f_k the
    /// number of points that exactly k starts reached.
    pub fn unseen_estimate(&self) -> f64 {
        let reached = |k: usize| {
            self.fixed_points
                .iter()
                .filter(|point| point.hits == k)
                .count() as f64
        };
        reached(1) * (reached(1) - 1.0).max(0.0) / (2.0 * (reached(2) + 1.0))
    }
}

/// Searches from `known` points and from `starts` (each as long as the state).
pub fn search<M: Map + ?Sized>(
    map: &M,
    known: &[Known<'_>],
    starts: &[Vec<f64>],
    limits: Limits,
) -> Result<Findings, SpectrumError> {
    let mut search = Search {
        map,
        reduced: map.reduced(),
        trapping_box: map.trapping_box(),
        index_sum: map.index_sum(),
        limits,
        findings: Findings::default(),
        factored: Some(Vec::new()),
    };
    search.try_known(known)?;
    let fewest_rounds = if search.findings.fixed_points.is_empty() {
        FEWEST_ROUNDS
    } else {
        1
    };
    let mut midpoints_of = if search.is_balanced() {
        search.findings.fixed_points.len()
    } else {
        0
    };
    for (round, chunk) in starts.chunks(ROUND).enumerate() {
        let before = search.findings.fixed_points.len();
        search.try_starts(chunk, true)?;
        midpoints_of = search.try_midpoints(midpoints_of)?;
        let nothing_new = search.findings.fixed_points.len() == before;
        let is_enough = round + 1 >= fewest_rounds && nothing_new && !limits.every_start;
        if is_enough && search.is_balanced() {
            break;
        }
    }
    search.rescue(starts)?;
    let is_proved = search.enumerate()?;
    search.findings.complete = match search.index_sum {
        _ if is_proved => Completeness::Proved,
        None => Completeness::Unknown,
        Some(_) if search.is_balanced() => Completeness::IndexConsistent,
        Some(_) => Completeness::Incomplete,
    };
    search
        .findings
        .slow_points
        .sort_by(|a, b| a.q.total_cmp(&b.q));
    Ok(search.findings)
}

struct Search<'a, M: ?Sized> {
    map: &'a M,
    reduced: Option<Box<dyn Reduced + 'a>>,
    /// What the map says of itself, asked once.
    trapping_box: Option<Vec<f64>>,
    index_sum: Option<i32>,
    limits: Limits,
    findings: Findings,
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

    /// A root as exact as rounding lets it be, as a state. The factors of a large map are not kept: whole rounds of roots are
    /// polished at once.
    fn polish(&self, root: Vec<f64>) -> Polished {
        let (point, polished) = match &self.reduced {
            None => (None, polish(self.map, root)),
            Some(reduced) => {
                let polished = polish(&**reduced, reduced.project(&root));
                (Some(reduced.lift(&polished.point)), polished)
            }
        };
        let is_large = polished.point.len() > LARGEST_FACTORED;
        Polished {
            factored: polished.factored.filter(|_| !is_large),
            point: point.unwrap_or(polished.point),
            index: polished.index,
        }
    }

    fn try_known(&mut self, known: &[Known<'_>]) -> Result<(), SpectrumError> {
        let roots: Vec<Option<Polished>> = known
            .par_iter()
            .map(|point| match self.end(&self.coordinates(point.state)) {
                Ending::Root { point } => Some(self.polish(point)),
                Ending::Minimum { .. } | Ending::Lost => None,
            })
            .collect();
        for (place, root) in roots.into_iter().enumerate() {
            let Some(root) = root.filter(|root| self.inside(&root.point)) else {
                continue;
            };
            let from_known = (root.index == known[place].index).then_some(place);
            match self.findings.position(&root.point) {
                None => {
                    self.add(root, Found::Tracked, from_known);
                }
                // Two branches ended at one point: it continues the one that moved less.
                Some(same) => {
                    let there = &self.findings.fixed_points[same];
                    let moved = |place: usize| distance(&there.state, known[place].state);
                    let nearer = match (there.from_known, from_known) {
                        (Some(old), Some(new)) if moved(new) < moved(old) => Some(new),
                        (old, new) => old.or(new),
                    };
                    self.findings.fixed_points[same].from_known = nearer;
                }
            }
        }
        self.linearise(0)
    }

    fn try_starts(&mut self, starts: &[Vec<f64>], count_hits: bool) -> Result<(), SpectrumError> {
        let ends = self.ends(starts);
        self.findings.n_starts += starts.len();
        self.take(ends, count_hits)
    }

    /// Merges the ends of starts into the findings, in their order.
    fn take(&mut self, ends: Vec<End>, count_hits: bool) -> Result<(), SpectrumError> {
        let mut place_of: Vec<Option<usize>> = vec![None; ends.len()];
        let mut new_roots = Vec::new();
        let mut followers = Vec::new();
        let mut minima = Vec::new();
        for (start, end) in ends.into_iter().enumerate() {
            match end {
                End::Known(place) => place_of[start] = Some(place),
                End::With(leader) => followers.push((start, leader)),
                End::Elsewhere(Ending::Root { point }) if self.inside(&point) => {
                    place_of[start] = self.findings.position(&point);
                    if place_of[start].is_none() {
                        new_roots.push((start, point));
                    }
                }
                End::Elsewhere(Ending::Minimum { point }) if self.inside(&point) => {
                    minima.push(point);
                }
                End::Elsewhere(_) => self.findings.n_lost += 1,
            }
        }
        self.add_slow(minima)?;
        let polished: Vec<(usize, Polished)> = new_roots
            .into_par_iter()
            .map(|(start, root)| (start, self.polish(root)))
            .collect();
        let before = self.findings.fixed_points.len();
        for (start, root) in polished {
            let known = self.findings.position(&root.point);
            place_of[start] = Some(known.unwrap_or_else(|| self.add(root, Found::Searched, None)));
        }
        for (start, leader) in followers {
            place_of[start] = place_of[leader];
            self.findings.n_lost += usize::from(place_of[start].is_none());
        }
        if count_hits {
            for place in place_of.into_iter().flatten() {
                self.findings.fixed_points[place].hits += 1;
            }
        }
        self.linearise(before)
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
        self.try_starts(&midpoints, false)?;
        Ok(length)
    }

    /// Adds what is missing from the complete list of a small map; whether there is such a list and it was taken over
    /// point by point.
    fn enumerate(&mut self) -> Result<bool, SpectrumError> {
        let supports = self
            .map
            .rectified()
            .and_then(|network| solutions(&network, self.limits.boxes));
        let all = match &self.reduced {
            _ if supports.is_some() => supports,
            None if self.map.dim() <= self.limits.enumerated_dim => {
                enumerate(self.map, self.limits.boxes)
            }
            Some(reduced) if reduced.dim() <= self.limits.enumerated_dim => {
                enumerate(&**reduced, self.limits.boxes).map(|all| Enumeration {
                    points: all.points.iter().map(|point| reduced.lift(point)).collect(),
                    ..all
                })
            }
            _ => None,
        };
        let Some(all) = all else { return Ok(false) };
        let ends = all
            .points
            .into_iter()
            .map(|point| End::Elsewhere(Ending::Root { point }));
        let ends: Vec<End> = ends.collect();
        let count = ends.len();
        self.take(ends, false)?;
        Ok(all.is_complete && count == self.findings.fixed_points.len())
    }

    fn inside(&self, point: &[f64]) -> bool {
        point.iter().all(|x| x.is_finite())
            && self.trapping_box.as_ref().is_none_or(|half_widths| {
                point
                    .iter()
                    .zip(half_widths)
                    .all(|(x, half_width)| x.abs() <= *half_width)
            })
    }

    /// Adds a fixed point that no start has reached yet; its place.
    fn add(&mut self, root: Polished, found: Found, from_known: Option<usize>) -> usize {
        let Polished {
            point: state,
            index,
            factored,
        } = root;
        self.keep(factored);
        let q = q(self.map, &state);
        let spectrum = Spectrum::default();
        self.findings.fixed_points.push(FixedPoint {
            state,
            q,
            index,
            spectrum,
            certificate: None,
            found,
            from_known,
            hits: 0,
        });
        self.findings.fixed_points.len() - 1
    }

    /// Keeps I − J of the next fixed point in the list.
    fn keep(&mut self, factored: Option<Factored>) {
        let reduced = self.reduced.as_ref();
        let dim = reduced.map_or(self.map.dim(), |reduced| reduced.dim());
        let (Some(mut all), Some(next)) = (self.factored.take(), factored) else {
            return;
        };
        if (all.len() + 1) * dim * dim <= FACTORS_KEPT {
            all.push(next);
            self.factored = Some(all);
        }
    }

    /// Fills in the spectra and certificates of the points from `first` on.
    fn linearise(&mut self, first: usize) -> Result<(), SpectrumError> {
        let (map, reduced) = (self.map, &self.reduced);
        self.findings.fixed_points[first..]
            .par_iter_mut()
            .try_for_each(|point| {
                point.spectrum = Spectrum::at(map, &point.state)?;
                point.certificate = match reduced {
                    None => certify(map, &point.state),
                    Some(reduced) => certify(&**reduced, &reduced.project(&point.state)),
                };
                Ok(())
            })
    }

    /// Adds the slow points near given ones, in their order.
    fn add_slow(&mut self, near: Vec<Vec<f64>>) -> Result<(), SpectrumError> {
        let mut unknown: Vec<Vec<f64>> = Vec::new();
        for point in near {
            let is_same = |other: &Vec<f64>| distance(other, &point) <= SAME_SLOW_POINT;
            if !self.is_slow_known(&point) && !unknown.iter().any(is_same) {
                unknown.push(point);
            }
        }
        let described: Vec<SlowPoint> = unknown
            .into_par_iter()
            .map(|point| {
                let state = polish_slow(self.map, &point)?;
                Ok(SlowPoint {
                    q: q(self.map, &state),
                    ghost: ghost(self.map, &state)?,
                    spectrum: Spectrum::at(self.map, &state)?,
                    state,
                })
            })
            .collect::<Result<_, SpectrumError>>()?;
        for point in described {
            if !self.is_slow_known(&point.state) {
                self.findings.slow_points.push(point);
            }
        }
        Ok(())
    }

    fn is_slow_known(&self, state: &[f64]) -> bool {
        let mut known = self.findings.slow_points.iter();
        known.any(|point| distance(&point.state, state) <= SAME_SLOW_POINT)
    }
}

fn midpoint(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(x, y)| 0.5 * (x + y)).collect()
}
