//! Where the indices do not balance after a search, a fixed point is missing: what is tried to find it.

use rayon::prelude::*;

use super::ends::End;
use super::{FixedPoint, MOST_MIDPOINTS, ROUND, Search, midpoint};
use crate::dynamics::deflation::solve_deflated;
use crate::dynamics::edge::edge_state;
use crate::dynamics::newton::Ending;
use crate::dynamics::spectrum::SpectrumError;
use crate::map::Map;
use crate::norms::distance;

/// Rounds of midpoints between saddles at most, where the indices do not balance.
const ROUNDS_BETWEEN_SADDLES: usize = 4;
/// Dimension up to which the last resorts get all of their starts; beyond it as many as cost the same.
const FULL_DIM: usize = 256;
/// Starts that are solved again in full.
const SOLVED_IN_FULL: usize = 256;
/// Pairs of stable points whose edge is tracked at most, where the indices still do not balance.
const MOST_EDGES: usize = 16;
/// Starts that are solved with known points deflated at most, as a last resort.
const DEFLATED: usize = 200;

impl<M: Map + ?Sized> Search<'_, M> {
    /// Whether the indices sum to what theory demands, if it demands anything.
    pub(super) fn is_balanced(&self) -> bool {
        let sum = self.findings.index_sum();
        self.index_sum.is_none_or(|expected| expected == sum)
    }

    /// Tries, as long as the indices do not balance:
    ///
    /// 1. midpoints between saddles, round after round while they bring something new;
    /// 2. starts again, every one solved in full: two points may be so close to each other that one was taken for the
    ///    other on the way;
    /// 3. the edges between basins;
    /// 4. starts with everything known deflated.
    pub(super) fn rescue(&mut self, starts: &[Vec<f64>]) -> Result<(), SpectrumError> {
        for _ in 0..ROUNDS_BETWEEN_SADDLES {
            let before = self.findings.fixed_points.len();
            if self.is_balanced() {
                return Ok(());
            }
            self.try_between_saddles()?;
            if self.findings.fixed_points.len() == before {
                break;
            }
        }
        let affordable = |count: usize| {
            let share = (FULL_DIM as f64 / self.map.dim() as f64).powi(3).min(1.0);
            starts.len().min((share * count as f64).ceil() as usize)
        };
        let (again, deflated) = (affordable(SOLVED_IN_FULL), affordable(DEFLATED));
        if !self.is_balanced() {
            self.take(self.ends_in_full(&starts[..again]), false)?;
        }
        if !self.is_balanced() && self.map.dim() <= FULL_DIM {
            self.try_edges()?;
        }
        if !self.is_balanced() {
            self.try_deflated(&starts[..deflated])?;
        }
        Ok(())
    }

    /// Tries the midpoints of all pairs of saddles with equally many unstable directions: between two saddles on opposite
    /// edges of a face lies that of the face.
    fn try_between_saddles(&mut self) -> Result<(), SpectrumError> {
        let points = &self.findings.fixed_points;
        let n_unstable: Vec<usize> = points
            .iter()
            .map(|point| point.spectrum.n_unstable())
            .collect();
        let mut midpoints = Vec::new();
        for b in 0..points.len() {
            for a in 0..b {
                if n_unstable[a] == n_unstable[b] && n_unstable[a] > 0 {
                    midpoints.push(midpoint(&points[a].state, &points[b].state));
                }
            }
        }
        midpoints.truncate(MOST_MIDPOINTS);
        self.try_starts(&midpoints, false)
    }

    /// Tries the states that motion on the boundary between the basins of two stable points comes to.
    fn try_edges(&mut self) -> Result<(), SpectrumError> {
        let stable: Vec<&FixedPoint> = self
            .findings
            .fixed_points
            .iter()
            .filter(|point| point.spectrum.n_unstable() == 0)
            .collect();
        let mut pairs = Vec::new();
        for (place, b) in stable.iter().enumerate() {
            pairs.extend(stable[..place].iter().map(|a| (&a.state, &b.state)));
        }
        // The edges of near neighbours come first.
        pairs.sort_by(|a, b| distance(a.0, a.1).total_cmp(&distance(b.0, b.1)));
        pairs.truncate(MOST_EDGES);
        let states: Vec<Vec<f64>> = pairs
            .par_iter()
            .filter_map(|(a, b)| edge_state(self.map, a, b))
            .collect();
        self.take(self.ends_in_full(&states), false)
    }

    /// Solves with all known points deflated, until the indices balance or the starts are used up.
    fn try_deflated(&mut self, starts: &[Vec<f64>]) -> Result<(), SpectrumError> {
        for chunk in starts.chunks(ROUND) {
            let points = &self.findings.fixed_points;
            let known: Vec<Vec<f64>> = points
                .iter()
                .map(|point| self.coordinates(&point.state))
                .collect();
            let roots = chunk.par_iter().filter_map(|start| {
                let start = self.coordinates(start);
                match &self.reduced {
                    None => solve_deflated(self.map, &start, &known, self.limits.newton),
                    Some(reduced) => solve_deflated(&**reduced, &start, &known, self.limits.newton)
                        .map(|root| reduced.lift(&root)),
                }
            });
            let ends: Vec<End> = roots
                .map(|point| End::Elsewhere(Ending::Root { point }))
                .collect();
            self.take(ends, false)?;
            if self.is_balanced() {
                break;
            }
        }
        Ok(())
    }
}
