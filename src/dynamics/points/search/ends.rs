//! Where starts end.
//!
//! All that is saved here is work: a start is dropped only where a test that a full solution would pass says where
//! it ends.

use super::limits::LARGEST_FACTORED;
use super::{Search, with_equation};
use crate::dynamics::points::batch::{BATCH, CLOSE, Left, SMALLEST_DIM, descend};
use crate::dynamics::points::gmres::residuals;
use crate::dynamics::points::newton::{Factored, NewtonEnd, fall_back, newton};
use crate::dynamics::points::roots::Roots;
use crate::dynamics::points::sink::{Sunk, sink};
use crate::dynamics::points::slow_curve::root_along;
use crate::map::{Map, Reduced, q};
use crate::norms::{distance, scale_of};
use crate::parallel;

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
    Elsewhere(NewtonEnd),
}

impl End {
    /// At a root, given as a state.
    pub(super) fn at_root(point: Vec<f64>) -> Self {
        Self::Elsewhere(NewtonEnd::Root { point })
    }
}

/// Where a start of some place among them is.
type Placed = (usize, Vec<f64>);

impl<M: Map + ?Sized> Search<'_, M> {
    /// Solves in full; roots and minima of the reduced equation come back as states.
    pub(super) fn end(&self, start: &[f64]) -> NewtonEnd {
        let Some(reduced) = &self.reduced else {
            return self.solved_in(self.map, start);
        };
        match self.solved_in(&**reduced, start) {
            NewtonEnd::Root { point } => NewtonEnd::Root {
                point: reduced.lift(&point),
            },
            NewtonEnd::Minimum { point } => NewtonEnd::Minimum {
                point: reduced.lift(&point),
            },
            NewtonEnd::Lost => NewtonEnd::Lost,
        }
    }

    /// Newton's method, and where it stalls though x − F(x) is small, along the slow curve that it may be on; then the fallback.
    fn solved_in<E: Map + ?Sized>(&self, equation: &E, start: &[f64]) -> NewtonEnd {
        let limits = self.limits.newton;
        let stalled = match newton(equation, start, limits) {
            Ok(point) => return NewtonEnd::Root { point },
            Err(stalled) => stalled,
        };
        let near = q(equation, &stalled);
        let further = (near < CLOSE && near > 0.0).then(|| root_along(equation, &stalled));
        match further
            .flatten()
            .map(|near| newton(equation, &near, limits))
        {
            Some(Ok(point)) => NewtonEnd::Root { point },
            _ => fall_back(equation, &stalled, limits),
        }
    }

    /// Where starts end by Newton's method alone, every one of them on its own.
    pub(super) fn ends_by_newton(&self, starts: &[Vec<f64>]) -> Vec<End> {
        let limits = self.limits.newton;
        let solved = |start: &Vec<f64>| {
            if self.watch.is_over() {
                return End::Elsewhere(NewtonEnd::Lost);
            }
            let start = self.coordinates(start);
            match with_equation!(self, equation => newton(equation, &start, limits)) {
                Ok(root) => End::at_root(self.state(&root)),
                Err(_) => End::Elsewhere(NewtonEnd::Lost),
            }
        };
        parallel::map(starts, solved)
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
    /// 1. All starts descend in batches, until they are near a known root or close to a new one; those that stall go on to
    ///    where q has a minimum.
    /// 2. Of those close to each other the first is solved in full.
    /// 3. The others belong to its root if that explains their residual; what is left is solved in full, too.
    fn ends_of<E: Map + ?Sized>(&self, equation: &E, starts: &[Vec<f64>]) -> Vec<End> {
        let points = self.findings.fixed_points.iter();
        let known = Roots::new(
            equation,
            points.map(|point| point.coordinates.clone()).collect(),
            self.factored.iter().flatten().collect(),
        );
        let mut ends: Vec<Option<End>> = (0..starts.len()).map(|_| None).collect();
        let undecided = self.descended(equation, &known, starts, &mut ends);
        let (leaders, followers) = parted(undecided, equation.dim());
        let solved = self.solved(leaders);
        let rest = self.followed(equation, &solved, followers, &mut ends);
        let rest = self.solved(rest);
        for (start, ending) in solved.into_iter().chain(rest) {
            ends[start] = Some(End::Elsewhere(ending));
        }
        let lost = || End::Elsewhere(NewtonEnd::Lost);
        ends.into_iter()
            .map(|end| end.unwrap_or_else(lost))
            .collect()
    }

    /// Step 1: enters what is decided, and returns the starts that are to be solved in full, with where they are.
    fn descended<E: Map + ?Sized>(
        &self,
        equation: &E,
        known: &Roots<'_, E>,
        starts: &[Vec<f64>],
        ends: &mut [Option<End>],
    ) -> Vec<Placed> {
        let left: Vec<Vec<Left>> = parallel::map(starts.chunks(BATCH), |batch| {
            if self.watch.is_over() {
                batch.iter().cloned().map(Left::At).collect()
            } else {
                descend(equation, known, batch.to_vec())
            }
        });
        let (mut undecided, mut stalled) = (Vec::new(), Vec::new());
        for (start, left) in left.into_iter().flatten().enumerate() {
            match left {
                Left::AtKnown(place) => ends[start] = Some(End::Known(place)),
                Left::At(point) => undecided.push((start, point)),
                Left::Stalled(point) => stalled.push((start, point)),
            }
        }
        let sunk = parallel::map(stalled.chunks(BATCH), |batch| {
            self.sunk(equation, known, batch)
        });
        for (start, sunk) in sunk.into_iter().flatten() {
            match sunk {
                Sunk::AtKnown(place) => ends[start] = Some(End::Known(place)),
                Sunk::Close(point) => undecided.push((start, point)),
                Sunk::Minimum(point) => {
                    let point = self.state(&point);
                    ends[start] = Some(End::Elsewhere(NewtonEnd::Minimum { point }));
                }
                Sunk::Lost => ends[start] = Some(End::Elsewhere(NewtonEnd::Lost)),
            }
        }
        undecided.sort_by_key(|(start, _)| *start);
        undecided
    }

    /// Where stalled starts sink to.
    fn sunk<E: Map + ?Sized>(
        &self,
        equation: &E,
        known: &Roots<'_, E>,
        batch: &[Placed],
    ) -> Vec<(usize, Sunk)> {
        let starts = batch.iter().map(|(start, _)| *start);
        let points: Vec<Vec<f64>> = batch.iter().map(|(_, point)| point.clone()).collect();
        let sunk = if self.watch.is_over() {
            vec![Sunk::Lost; points.len()]
        } else {
            sink(equation, known, points, self.slow_enough_in_equation())
        };
        starts.zip(sunk).collect()
    }

    /// Minima of a reduced residual say nothing of how low those of q near them are.
    fn slow_enough_in_equation(&self) -> f64 {
        if self.reduced.is_some() {
            f64::INFINITY
        } else {
            self.slow_enough
        }
    }

    /// Starts solved in full.
    fn solved(&self, starts: Vec<Placed>) -> Vec<(usize, NewtonEnd)> {
        let solved = |(start, point): Placed| {
            let is_over = self.watch.is_over();
            let ending = if is_over {
                NewtonEnd::Lost
            } else {
                self.end(&point)
            };
            (start, ending)
        };
        parallel::map(starts, solved)
    }

    /// Step 3: enters the followers that belong to the root of a leader, and returns the others.
    fn followed<E: Map + ?Sized>(
        &self,
        equation: &E,
        leaders: &[(usize, NewtonEnd)],
        followers: Vec<Placed>,
        ends: &mut [Option<End>],
    ) -> Vec<Placed> {
        if followers.is_empty() {
            return followers;
        }
        let mut starts = Vec::new();
        let mut roots = Vec::new();
        for (start, ending) in leaders {
            if let NewtonEnd::Root { point } = ending {
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
            parallel::map(&roots, of).into_iter().collect()
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
