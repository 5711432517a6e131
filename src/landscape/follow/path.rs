//! Follows a fixed point of a family along s by pseudo-arclength continuation, through folds.
//!
//! Steps are taken along the curve G(x, s) = 0 and not along s, so that a fold is no obstacle (Keller 1977; Allgower and
//! Georg, *Numerical Continuation Methods*, 1990).
//!
//! With y = (x, s), unit tangent v and a step of length h, the corrector solves
//!
//! - G(y) = 0;
//! - ⟨v, y − y₀⟩ = h.
//!
//! Its matrix [[I − J, −F_s], [⟨v, ·⟩]] is regular at folds, where I − J is singular; it is singular only at branch
//! points.
//!
//! Jumps to a neighbouring branch are what step control guards against: the first correction must be short beside
//! the step, the corrections must contract, and the tangent must not turn much. Where two branches come closer than
//! the finest step (imperfect pitchforks very near to perfect), a jump is still possible.

use faer::Mat;

use super::branch::{Branch, BranchEnd, ContinuationLimits, PathPoint, Reason, Route};
use crate::dynamics::linear::spectrum::DENSE_DIM;
use crate::landscape::equations::equation::{Extended, Factored, Linearised};
use crate::landscape::equations::test_functions::{Between, Change, Tests, between, multipliers};
use crate::map::Family;

/// A fixed point of affine maps that is so much larger than it was is on its way to infinity.
const FAR: f64 = 1e5;

/// Follows the fixed point near `start` along a route, in a family whose maps have derivatives.
///
/// 1. The start is corrected at fixed s; the tangent z of the branch there solves [[I−J, −F_s], [⟨v, ·⟩]] z = e_{n+1}.
/// 2. A step of length h goes along the tangent and is corrected by Newton's method on (G, ⟨v, y − y₀⟩ − h).
/// 3. The step is taken if Newton's method contracts and converges within the limit, if the first correction is
///    shorter than 0.3 h, if the tangent turns little, and if at most one bifurcation lies in it; h then grows by 1.5 if
///    three corrections were enough. Otherwise h is halved.
/// 4. A step over the end of the interval is replaced by one that ends on it.
///
/// Of a map of more than [`DENSE_DIM`] dimensions, multipliers cost more than all the rest, and where to step next does not
/// depend on them: only signs of determinants are asked in step 3, and a step may hold several Neimark–Sacker points, beside a fold
/// or a flip too.
/// [`events`](crate::landscape::events::event::events) computes the multipliers of the branches that it looks at.
pub(super) fn trace_smooth<F: Family + ?Sized>(
    family: &F,
    start: &[f64],
    route: Route,
    limits: &ContinuationLimits,
) -> Branch {
    let tracer = Tracer {
        family,
        route,
        limits,
        is_affine: false,
    };
    let mut points = Vec::new();
    let ending = match tracer.first(start) {
        Ok(first) => {
            points.push(first);
            tracer.follow(&mut points)
        }
        Err(reason) => BranchEnd::Stalled {
            reason,
            s: route.start,
        },
    };
    Branch::smooth(points, ending)
}

/// Follows the branch that leaves a fixed point in a given direction, between `low` and `high`: at a branch point, whose
/// location gives the directions of both branches, this switches to either. The place itself is not among the points, and
/// the branch has [`Reached`](BranchEnd::Reached) the end that lies ahead of its first point.
///
/// The first point is `first_step` away, or nearer if that fails; from there steps are those of [`trace`](super::tracing::trace).
///
/// `direction` may have any length but 0; its sign says which of the two ways is taken.
pub fn trace_leaving<F: Family + ?Sized>(
    family: &F,
    place: &Extended,
    direction: &Extended,
    (low, high): (f64, f64),
    limits: &ContinuationLimits,
) -> Branch {
    let mut tracer = Tracer {
        family,
        route: Route::within(place.s, low, high, true),
        limits,
        is_affine: false,
    };
    let direction = direction.scaled(1.0 / direction.norm());
    let mut points = Vec::new();
    let mut h = limits.first_step;
    while h >= limits.shortest_step {
        let guess = place.moved(h, &direction);
        let first = correct(
            family,
            &guess,
            &direction,
            limits.corrections,
            limits.contraction,
        )
        .filter(|first| is_short(&guess, &first.place, h))
        .filter(|first| tracer.route.exit(first.place.s).is_none())
        .and_then(|first| {
            let turns_little = |tangent: &Extended| tangent.dot(&direction) >= limits.least_cosine;
            sketch(family, first.place, &direction, turns_little)
        });
        if let Some(first) = first {
            tracer.route.forward = first.tangent.s > 0.0;
            points.push(first);
            let ending = tracer.follow(&mut points);
            return Branch::smooth(points, ending);
        }
        h *= 0.5;
    }
    let reason = Reason::SingularStart;
    let ending = BranchEnd::Stalled { reason, s: place.s };
    Branch::smooth(points, ending)
}

pub(in crate::landscape) struct Tracer<'a, F: ?Sized> {
    pub(in crate::landscape) family: &'a F,
    pub(in crate::landscape) route: Route,
    pub(in crate::landscape) limits: &'a ContinuationLimits,
    /// Whether the maps are affine, so that far away steps may be longer, and branches end at infinity.
    pub(in crate::landscape) is_affine: bool,
}

/// A fixed point that Newton's method came to.
pub(in crate::landscape) struct Corrected {
    pub(in crate::landscape) place: Extended,
    corrections: usize,
}

impl<F: Family + ?Sized> Tracer<'_, F> {
    /// Step 1.
    pub(in crate::landscape) fn first(&self, start: &[f64]) -> Result<PathPoint, Reason> {
        let guess = Extended::new(start.to_vec(), self.route.start);
        let along_s = Extended::new(vec![0.0; start.len()], 1.0);
        let corrected =
            correct(self.family, &guess, &along_s, 12, 1.0).ok_or(Reason::NoFixedPointAtStart)?;
        // At a fold the tangent has no s-component: any direction will do as the last row but that one.
        let rows = [along_s, Extended::new(vec![1.0; start.len()], 0.0)];
        let mut point = rows
            .iter()
            .find_map(|row| sketch(self.family, corrected.place.clone(), row, |_| true))
            .ok_or(Reason::SingularStart)?;
        if (point.tangent.s > 0.0) != self.route.forward {
            point.tangent = point.tangent.scaled(-1.0);
            point.tests.turning = -point.tests.turning;
            point.tests.border = -point.tests.border;
        }
        Ok(point)
    }

    fn follow(&self, points: &mut Vec<PathPoint>) -> BranchEnd {
        let ending = self.follow_watched(points, &|_, _| None);
        // Nobody watches.
        ending.unwrap_or(BranchEnd::Closed)
    }

    /// Steps from the last point on until the branch ends. `watch` sees every step; `None` if it ended one at a point of its
    /// own, which is then the last.
    pub(in crate::landscape) fn follow_watched(
        &self,
        points: &mut Vec<PathPoint>,
        watch: &dyn Fn(&PathPoint, &PathPoint) -> Option<PathPoint>,
    ) -> Option<BranchEnd> {
        let begun = points.len();
        let mut h = self.limits.first_step;
        loop {
            let last = &points[points.len() - 1];
            if points.len() >= self.limits.most_points {
                return Some(stalled(Reason::TooManyPoints, last));
            }
            if h < self.limits.shortest_step {
                return Some(stalled(Reason::StepTooShort, last));
            }
            let Some((next, corrections, exit)) = self.step(last, h) else {
                h *= 0.5;
                continue;
            };
            if corrections <= 3 {
                h = (1.5 * h).min(self.longest_step(&next));
            }
            if let Some(stop) = watch(last, &next) {
                points.push(stop);
                return None;
            }
            let closed = points.len() > begun + 1 && passes(last, &next, &points[0]);
            let is_far = self.is_affine
                && largest(&next.place.state) > FAR * (1.0 + largest(&points[0].place.state));
            let s = next.place.s;
            points.push(next);
            match exit {
                Some(s) if s == self.route.ahead() => return Some(BranchEnd::Reached { s }),
                Some(s) => return Some(BranchEnd::TurnedBack { s }),
                None if closed => return Some(BranchEnd::Closed),
                None if is_far => return Some(BranchEnd::Infinite { s }),
                None => {}
            }
        }
    }

    fn longest_step(&self, at: &PathPoint) -> f64 {
        let longest = self.limits.longest_step;
        if self.is_affine {
            longest * at.place.norm().max(1.0)
        } else {
            longest
        }
    }

    /// Steps 2 to 4: the next point, the corrections it took, and the end of the interval it lies on, if it does.
    fn step(&self, from: &PathPoint, h: f64) -> Option<(PathPoint, usize, Option<f64>)> {
        let guess = from.place.moved(h, &from.tangent);
        let corrected = correct(
            self.family,
            &guess,
            &from.tangent,
            self.limits.corrections,
            self.limits.contraction,
        )?;
        if let Some(s) = self.route.exit(corrected.place.s) {
            let whole = from.place.towards(&corrected.place);
            let share = (s - from.place.s) / whole.s;
            let guess = Extended {
                s,
                ..from.place.moved(share, &whole)
            };
            let landed = self.land(from, &guess, h)?;
            return Some((landed, corrected.corrections, Some(s)));
        }
        let corrections = corrected.corrections;
        let next = self.described(&guess, corrected, from, h)?;
        self.is_acceptable(from, &next, h)
            .then_some((next, corrections, None))
    }

    /// A point at the s of the guess.
    fn land(&self, from: &PathPoint, guess: &Extended, h: f64) -> Option<PathPoint> {
        let along_s = Extended::new(vec![0.0; guess.state.len()], 1.0);
        let corrected = correct(
            self.family,
            guess,
            &along_s,
            self.limits.corrections,
            self.limits.contraction,
        )?;
        let next = self.described(guess, corrected, from, h)?;
        // Backwards it would be the point that it comes from; and it leaves through the end that it lands on.
        let is_leaving = (next.tangent.s > 0.0) == (guess.s == self.route.high);
        let forward = is_leaving && from.place.towards(&next.place).dot(&from.tangent) > 0.0;
        (forward && self.is_acceptable(from, &next, h)).then_some(next)
    }

    /// The point that a guess was corrected to, if the correction is short and the tangent turned little.
    fn described(
        &self,
        guess: &Extended,
        corrected: Corrected,
        from: &PathPoint,
        h: f64,
    ) -> Option<PathPoint> {
        is_short(guess, &corrected.place, h).then_some(())?;
        let turns_little =
            |tangent: &Extended| from.tangent.dot(tangent) >= self.limits.least_cosine;
        sketch(self.family, corrected.place, &from.tangent, turns_little)
    }

    /// Whether at most one bifurcation lies in a step.
    fn is_acceptable(&self, from: &PathPoint, next: &PathPoint, h: f64) -> bool {
        match between(&from.tests, &next.tests) {
            // Where s has its extremum beyond the interval, the branch leaves it before it turns.
            Between::One(Change::Fold) => self.route.exit(extremum(from, next)).is_none(),
            Between::Nothing | Between::One(Change::Flip | Change::NeimarkSacker) => true,
            Between::One(Change::BranchPoint) | Between::Unexplained => {
                h <= self.limits.finest_step
            }
        }
    }
}

/// Whether a correction is short beside its step.
fn is_short(guess: &Extended, corrected: &Extended, h: f64) -> bool {
    guess.towards(corrected).norm() <= 0.3 * h
}

fn stalled(reason: Reason, last: &PathPoint) -> BranchEnd {
    BranchEnd::Stalled {
        reason,
        s: last.place.s,
    }
}

pub(in crate::landscape) fn largest(state: &[f64]) -> f64 {
    state.iter().fold(0.0, |most, x| x.abs().max(most))
}

/// The extremum of s between two points with a fold between them, on the parabola through s and its slope.
fn extremum(from: &PathPoint, next: &PathPoint) -> f64 {
    let length = from.place.towards(&next.place).norm();
    let (a, b) = (from.tangent.s, next.tangent.s);
    let share = a / (a - b);
    from.place.s + 0.5 * a * share * length
}

/// Whether a step passes by a point in the point's own direction.
fn passes(from: &PathPoint, next: &PathPoint, point: &PathPoint) -> bool {
    let step = from.place.towards(&next.place);
    let offset = from.place.towards(&point.place);
    let share = offset.dot(&step) / step.dot(&step);
    let aside = offset.moved(-share, &step).norm();
    (0.0..=1.0).contains(&share)
        && aside <= 0.2 * step.norm()
        && from.tangent.dot(&point.tangent) > 0.0
}

/// Newton's method on (G, ⟨v, y − guess⟩). `None` if a correction does not contract, or none is small within the limit.
pub(in crate::landscape) fn correct_on<F: Family + ?Sized>(
    family: &F,
    guess: &Extended,
    v: &Extended,
) -> Option<Extended> {
    correct(family, guess, v, 8, 1.0).map(|corrected| corrected.place)
}

/// The same within given limits, with the number of corrections.
pub(in crate::landscape) fn correct<F: Family + ?Sized>(
    family: &F,
    guess: &Extended,
    v: &Extended,
    most: usize,
    contraction: f64,
) -> Option<Corrected> {
    let dim = guess.state.len();
    let mut place = guess.clone();
    let mut previous = f64::INFINITY;
    for corrections in 1..=most {
        let equation = Linearised::at(family, &place);
        let aside = guess.towards(&place).dot(v);
        let right = Mat::from_fn(dim + 1, 1, |i, _| {
            -if i == dim {
                aside
            } else {
                equation.residual[i]
            }
        });
        let solution = Factored::new(&equation.bordered(v)).solve(right)?;
        let correction = Extended::from_column(&solution, dim);
        place = place.moved(1.0, &correction);
        let size = correction.norm();
        // The error after a correction is about its square: 10⁻¹⁰ is then far below rounding.
        if size <= 1e-10 * (1.0 + place.norm()) {
            // Rounding in the border must not move s off the end of the interval.
            if v.state.iter().all(|v| *v == 0.0) {
                place.s = guess.s;
            }
            return place
                .is_finite()
                .then_some(Corrected { place, corrections });
        }
        if size.is_nan() || size > contraction * previous {
            return None;
        }
        previous = size;
    }
    None
}

/// Tangent and test functions at a fixed point as far as steps ask for them, of a large map without the multipliers, if the tangent,
/// which goes the way of `along`, will do.
pub(in crate::landscape) fn sketch<F: Family + ?Sized>(
    family: &F,
    place: Extended,
    along: &Extended,
    will_do: impl FnOnce(&Extended) -> bool,
) -> Option<PathPoint> {
    let point = signs(family, place, along, will_do)?;
    if point.place.state.len() > DENSE_DIM {
        Some(point)
    } else {
        with_multipliers(family, point, 0)
    }
}

/// A point with its multipliers, if it lacks them, of which so many are likely outside the unit circle; `None` where they cannot
/// be computed.
pub(in crate::landscape) fn with_multipliers<F: Family + ?Sized>(
    family: &F,
    mut point: PathPoint,
    n_unstable: usize,
) -> Option<PathPoint> {
    if point.tests.eigenvalues.is_none() {
        point.tests.eigenvalues = Some(multipliers(family, &point.place, n_unstable)?);
    }
    Some(point)
}

/// Tangent and signs of determinants at a fixed point, if the tangent, which goes the way of `along`, will do.
pub(in crate::landscape) fn signs<F: Family + ?Sized>(
    family: &F,
    place: Extended,
    along: &Extended,
    will_do: impl FnOnce(&Extended) -> bool,
) -> Option<PathPoint> {
    let dim = place.state.len();
    let equation = Linearised::at(family, &place);
    let border = Factored::new(&equation.bordered(along));
    let last = Mat::from_fn(dim + 1, 1, |i, _| f64::from(u8::from(i == dim)));
    let tangent = Extended::from_column(&border.solve(last)?, dim);
    let tangent = tangent.scaled(1.0 / tangent.norm());
    if border.sign == 0 || !tangent.is_finite() || !will_do(&tangent) {
        return None;
    }
    let (index, flip) = (
        Factored::new(&equation.shifted(1.0)),
        Factored::new(&equation.shifted(-1.0)),
    );
    let tests = Tests {
        index: index.sign,
        log_index: index.log,
        flip: flip.sign,
        log_flip: flip.log,
        turning: tangent.s,
        border: border.sign,
        eigenvalues: None,
    };
    Some(PathPoint {
        place,
        tangent,
        tests,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "path_tests.rs"]
mod tests;
