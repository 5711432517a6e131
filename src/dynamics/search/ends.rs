//! Where starts end.

use rayon::prelude::*;

use super::{LARGEST_FACTORED, Search};
use crate::dynamics::batch::{BATCH, Left, SMALLEST_DIM, descend, residuals};
use crate::dynamics::newton::{Ending, Factored, solve};
use crate::dynamics::roots::Roots;
use crate::map::{Map, Reduced};
use crate::norms::{distance, scale_of};

/// Starts that have come closer to each other than this, relative to the largest coordinate (at least 1), may belong to one
/// root.
const COMPANY: f64 = 1e-2;

/// Where a start ends.
pub(super) enum End {
    /// In the fixed point of this place in the findings.
    Known(usize),
    /// Where an earlier start, of this place among them, ends.
    With(usize),
    /// Where the solver says.
    Elsewhere(Ending),
}

/// Where a start of some place among them is.
type Placed = (usize, Vec<f64>);

impl<M: Map + ?Sized> Search<'_, M> {
    /// Solves in full; roots of the reduced equation come back as states.
    pub(super) fn end(&self, start: &[f64]) -> Ending {
        let limits = self.limits.newton;
        let Some(reduced) = &self.reduced else {
            return solve(self.map, start, limits);
        };
        match solve(&**reduced, start, limits) {
            Ending::Root { point } => Ending::Root {
                point: reduced.lift(&point),
            },
            // A minimum of the reduced residual need not be one of q; follow it there.
            Ending::Minimum { point } => match solve(self.map, &reduced.lift(&point), limits) {
                // A zero of F(x)−x alone is a saturated gate, a slow region.
                Ending::Minimum { point } | Ending::Root { point } => Ending::Minimum { point },
                Ending::Lost => Ending::Lost,
            },
            Ending::Lost => Ending::Lost,
        }
    }

    /// Where starts end, every one of them solved in full.
    pub(super) fn ends_in_full(&self, starts: &[Vec<f64>]) -> Vec<End> {
        let solved = |start: &Vec<f64>| End::Elsewhere(self.end(&self.coordinates(start)));
        starts.par_iter().map(solved).collect()
    }

    /// Where starts end; those plainly on their way to a point that is known already, or that another of them leads to,
    /// are not solved.
    pub(super) fn ends(&self, starts: &[Vec<f64>]) -> Vec<End> {
        let starts: Vec<Vec<f64>> = starts.iter().map(|start| self.coordinates(start)).collect();
        match &self.reduced {
            None => self.ends_of(self.map, &starts),
            Some(reduced) => self.ends_of::<dyn Reduced>(&**reduced, &starts),
        }
    }

    /// [`ends`](Self::ends) in the coordinates of the equation that is solved:
    ///
    /// 1. All starts descend in batches, until they are near a known root or close to a new one.
    /// 2. Of those close to each other the first is solved in full.
    /// 3. The others belong to its root if that explains their residual; what is left is solved in full, too.
    fn ends_of<E: Map + ?Sized>(&self, equation: &E, starts: &[Vec<f64>]) -> Vec<End> {
        let points = self.findings.fixed_points.iter();
        let known = Roots::new(
            equation,
            points.map(|point| self.coordinates(&point.state)).collect(),
            self.factored.iter().flatten().collect(),
        );
        let left: Vec<Left> = starts
            .par_chunks(BATCH)
            .flat_map_iter(|batch| descend(equation, &known, batch.to_vec()))
            .collect();
        let mut ends: Vec<Option<End>> = Vec::with_capacity(left.len());
        let mut undecided = Vec::new();
        for (start, left) in left.into_iter().enumerate() {
            match left {
                Left::AtKnown(place) => ends.push(Some(End::Known(place))),
                Left::At(point) => {
                    undecided.push((start, point));
                    ends.push(None);
                }
            }
        }
        let (leaders, followers) = parted(undecided, equation.dim());
        let solved: Vec<(usize, Ending)> = leaders
            .into_par_iter()
            .map(|(start, point)| (start, self.end(&point)))
            .collect();
        let rest = self.followed(equation, &solved, followers, &mut ends);
        let rest: Vec<(usize, Ending)> = rest
            .into_par_iter()
            .map(|(start, point)| (start, self.end(&point)))
            .collect();
        for (start, ending) in solved.into_iter().chain(rest) {
            ends[start] = Some(End::Elsewhere(ending));
        }
        let lost = || End::Elsewhere(Ending::Lost);
        ends.into_iter()
            .map(|end| end.unwrap_or_else(lost))
            .collect()
    }

    /// Step 3: enters the followers that belong to the root of a leader, and returns the others.
    fn followed<E: Map + ?Sized>(
        &self,
        equation: &E,
        leaders: &[(usize, Ending)],
        followers: Vec<Placed>,
        ends: &mut [Option<End>],
    ) -> Vec<Placed> {
        if followers.is_empty() {
            return followers;
        }
        let mut starts = Vec::new();
        let mut roots = Vec::new();
        for (start, ending) in leaders {
            if let Ending::Root { point } = ending {
                starts.push(*start);
                roots.push(self.coordinates(point));
            }
        }
        let points: Vec<f64> = followers
            .iter()
            .flat_map(|(_, point)| point.clone())
            .collect();
        let is_large = equation.dim() > LARGEST_FACTORED;
        let factored: Option<Vec<Factored>> = if is_large {
            None
        } else {
            let of = |root: &Vec<f64>| Factored::of(equation, root);
            roots.par_iter().map(of).collect()
        };
        let roots = Roots::new(equation, roots, factored.iter().flatten().collect());
        let claims = roots.claim(&points, &residuals(equation, &points));
        let mut rest = Vec::new();
        for (follower, claim) in followers.into_iter().zip(claims) {
            match claim.map(|root| starts[root]) {
                // Only what came earlier is known by the time that it is entered.
                Some(leader) if leader < follower.0 => ends[follower.0] = Some(End::With(leader)),
                _ => rest.push(follower),
            }
        }
        rest
    }
}

/// Step 2: the first of each company, and the others. In few dimensions every start is on its own.
fn parted(undecided: Vec<Placed>, dim: usize) -> (Vec<Placed>, Vec<Placed>) {
    let mut leaders: Vec<Placed> = Vec::new();
    let mut followers = Vec::new();
    for (start, point) in undecided {
        let near = COMPANY * scale_of(&point);
        let follows = |leader: &Placed| distance(&leader.1, &point) <= near;
        if dim >= SMALLEST_DIM && leaders.iter().any(follows) {
            followers.push((start, point));
        } else {
            leaders.push((start, point));
        }
    }
    (leaders, followers)
}
