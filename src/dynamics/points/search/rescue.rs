//! Where the indices do not balance after a search, a fixed point is missing: what is tried to find it.
//!
//! Dearest last. Nothing here is reached by a search whose indices balance and whose hits look complete.

use super::admit::Origin;
use super::ends::End;
use super::{FixedPoint, MOST_MIDPOINTS, ROUND, Search, midpoint, with_equation};
use crate::dynamics::linear::spectrum::SpectrumError;
use crate::dynamics::points::deflation::solve_deflated;
use crate::dynamics::points::edge::edge_state;
use crate::dynamics::points::fiber::Fiber;
use crate::map::Map;
use crate::norms::distance;
use crate::parallel;

/// Rounds of midpoints between saddles at most, where the indices do not balance.
const ROUNDS_BETWEEN_SADDLES: usize = 4;
/// Dimension up to which the last resorts get all of their starts; beyond it as many as cost the same.
const FULL_DIM: usize = 256;
/// Starts that are solved again in full.
const SOLVED_IN_FULL: usize = 256;
/// Pairs of stable points whose edge is tracked at most, where the indices still do not balance.
const MOST_EDGES: usize = 16;
/// Fibers followed at once.
const FIBERS: usize = 4;
/// Steps that each of them takes before what it passed is looked at.
const FIBER_STEPS: usize = 256;
/// Floating-point operations of a step of a fiber over dim³, about.
const FIBER_COST: f64 = 2.0;
/// Starts that are solved with known points deflated at most, as a last resort.
const DEFLATED: usize = 200;

impl<M: Map + ?Sized> Search<'_, M> {
    /// Whether the indices sum to what theory demands, if it demands anything.
    pub(super) fn is_balanced(&self) -> bool {
        match (self.index_sum, self.index_sum_so_far()) {
            (Some(expected), Some(sum)) => expected == sum,
            // Nothing is demanded, or nothing can be said.
            _ => true,
        }
    }

    /// Tries, as long as the indices do not balance:
    ///
    /// 1. midpoints between saddles, round after round while they bring something new;
    /// 2. starts again, every one solved in full, but where there are too many points for starts: two points may be so close
    ///    to each other that one was taken for the other on the way;
    /// 3. the edges between basins;
    /// 4. fibers, as far as the limits allow (see [`fiber`](crate::dynamics::points::fiber));
    /// 5. starts with everything known deflated, where 2 was tried, too.
    ///
    /// Fibers are followed, too, where the hits of the starts tell of missing points, or next to no start came to a fixed point.
    pub(super) fn rescue(&mut self, starts: &[Vec<f64>]) -> Result<(), SpectrumError> {
        for _ in 0..ROUNDS_BETWEEN_SADDLES {
            let before = self.findings.fixed_points.len();
            if self.is_balanced() || self.watch.is_over() {
                break;
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
        if !self.is_balanced()
            && self
                .is_over(|| "the indices do not balance, and no last resort was tried".to_owned())
        {
            return Ok(());
        }
        if !self.is_balanced() && !self.is_given_up {
            self.take(self.ends_by_newton(&starts[..again]), Origin::Elsewhere)?;
        }
        if !self.is_balanced() && self.map.dim() <= FULL_DIM {
            self.try_edges()?;
        }
        self.try_fibers(starts)?;
        if !self.is_balanced() && !self.is_given_up {
            self.try_deflated(&starts[..deflated])?;
        }
        Ok(())
    }

    /// Whether there is no reason to think that fixed points are missing.
    fn is_content(&self) -> bool {
        let in_groups = self.groups.iter().map(|group| group.hits).sum();
        self.is_balanced()
            && !self.findings.is_visibly_short()
            && !self.findings.is_poorly_sampled_but_for(in_groups)
    }

    /// Follows fibers from infinity, a few at a time, until nothing tells of missing points or the limit is reached.
    fn try_fibers(&mut self, starts: &[Vec<f64>]) -> Result<(), SpectrumError> {
        let dim = with_equation!(self, equation => equation.dim());
        let affordable = self.limits.fiber_operations / (FIBER_COST * (dim as f64).powi(3));
        let all = self.limits.fiber_steps.min(affordable as usize);
        let mut left = all;
        let mut number = 0;
        // Without starts this is a search that only follows what is known.
        while !starts.is_empty() && !self.is_content() && left >= FIBER_STEPS {
            if self.is_over(|| "fibers were not followed to their ends".to_owned()) {
                break;
            }
            let numbers: Vec<u64> = (number..number + FIBERS as u64).collect();
            number += FIBERS as u64;
            left = self.follow_fibers(&numbers, left, all)?;
        }
        Ok(())
    }

    /// Follows fibers of some numbers, to their ends or as long as there are steps left; the steps that are left.
    fn follow_fibers(
        &mut self,
        numbers: &[u64],
        mut left: usize,
        all: usize,
    ) -> Result<usize, SpectrumError> {
        let (map, reduced, watch) = (self.map, self.map.reduced(), self.watch);
        let begin = |&number: &u64| match &reduced {
            None => Fiber::from_infinity(&map as &dyn Map, number),
            Some(reduced) => Fiber::from_infinity(&**reduced as &dyn Map, number),
        };
        let fibers = parallel::map(numbers, begin).into_iter();
        let mut fibers: Vec<Fiber<'_, dyn Map>> = fibers.flatten().collect();
        if fibers.is_empty() {
            return Ok(0);
        }
        while left >= FIBER_STEPS && !watch.is_over() {
            watch.progress("steps along fibers", all - left, all);
            let before: usize = fibers.iter().map(|fiber| fiber.steps).sum();
            let near = parallel::map(&mut fibers, |fiber| fiber.advance(FIBER_STEPS, watch));
            let states: Vec<Vec<f64>> = near
                .into_iter()
                .flatten()
                .map(|root| self.state(&root))
                .collect();
            let listed = self.findings.fixed_points.len();
            self.take(self.ends_by_newton(&states), Origin::Fibers)?;
            self.try_opposites(listed)?;
            let after: usize = fibers.iter().map(|fiber| fiber.steps).sum();
            left = left.saturating_sub(after - before);
            if after == before || self.is_content() {
                break;
            }
        }
        Ok(left)
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
        self.try_starts(&midpoints, Origin::Elsewhere)
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
        let states = parallel::map(&pairs, |(a, b)| edge_state(self.map, a, b)).into_iter();
        let states: Vec<Vec<f64>> = states.flatten().collect();
        self.take(self.ends_by_newton(&states), Origin::Elsewhere)
    }

    /// Solves with all known points deflated, until the indices balance or the starts are used up.
    fn try_deflated(&mut self, starts: &[Vec<f64>]) -> Result<(), SpectrumError> {
        for chunk in starts.chunks(ROUND) {
            let points = &self.findings.fixed_points;
            let known: Vec<Vec<f64>> = points
                .iter()
                .map(|point| point.coordinates.clone())
                .collect();
            let roots = parallel::map(chunk, |start| {
                let start = self.coordinates(start);
                let newton = self.limits.newton;
                with_equation!(self, equation => solve_deflated(equation, &start, &known, newton))
                    .map(|root| self.state(&root))
            });
            let ends: Vec<End> = roots.into_iter().flatten().map(End::at_root).collect();
            self.take(ends, Origin::Elsewhere)?;
            if self.is_balanced() {
                break;
            }
        }
        Ok(())
    }
}
