//! Whether a multiplier may have left the unit circle, or come back to it, and returned between two points of a branch.
//!
//! Counting what lies outside the circle at both points cannot see that. Values and slopes at both points can: a curve
//! that rises above zero and falls again lies, as long as it is bent one way, below its tangents at both ends.
//!
//! A Neimark–Sacker point or a flip on the way out and another on the way back leave no trace in the counts at both
//! ends of a step. Bisecting every step would find them at the price of many spectra; this decides for most steps
//! from the Jacobians alone that there is nothing to find. It errs on the side of looking, but its bounds are
//! estimates: curvature is measured and taken 1.5 times, and not proved. Of maps of more than [`DENSE_DIM`] dimensions they are
//! weaker ([`samples`]).

use faer::{Mat, c64};

use super::branch::PathPoint;
use crate::dynamics::linear::spectrum::DENSE_DIM;
use crate::landscape::equations::equation::{Extended, dot, norm};
use crate::landscape::equations::inverse_iteration::Hessenberg;
use crate::landscape::equations::locate::complex_dot;
use crate::map::{Family, Map};

mod samples;

use samples::is_quiet_at_samples;
pub(in crate::landscape) use samples::is_quiet_in_line;

/// Places between two points at which the Jacobian is looked at, as shares of the way; the points themselves are two
/// of them.
const SHARES: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
/// A multiplier is taken to move by no more than this times the 2-norm of the change of J. (By 1 where J is normal.)
const SAFETY: f64 = 4.0;
/// How much more than measured a multiplier is taken to bend.
const BENT: f64 = 1.5;
/// Places at which the tangents are compared.
const PLACES: usize = 64;
/// Iterations towards the 2-norm of a matrix.
const NORM_STEPS: usize = 6;
/// A multiplier this close to the circle, and no nearer anywhere, lies on it and does not cross.
const ON_CIRCLE: f64 = 1e-10;
/// One that an event has put on the circle leaves it if it moves by more than this over the whole step.
const LEAVING: f64 = 1e-8;

/// A point of a branch as the examination sees it.
#[derive(Debug, Clone, Copy)]
pub(in crate::landscape) struct End<'a> {
    /// The fixed point.
    pub(in crate::landscape) place: &'a Extended,
    /// Unit tangent in the direction of travel.
    pub(in crate::landscape) tangent: &'a Extended,
    /// Eigenvalues there; of a large map only the leading ones may be known.
    pub(in crate::landscape) eigenvalues: &'a [(f64, f64)],
    /// How many of them are on the circle, because an event has been located here.
    pub(in crate::landscape) critical: usize,
}

impl<'a> End<'a> {
    pub(in crate::landscape) fn of(point: &'a PathPoint) -> Self {
        Self {
            place: &point.place,
            tangent: &point.tangent,
            eigenvalues: point.tests.eigenvalues(),
            critical: 0,
        }
    }

    /// The multipliers with |λ| − 1 of each, largest first; 0 of those that an event has put on the circle.
    fn ranked(&self) -> Vec<((f64, f64), f64)> {
        let mut values = ranked(self.eigenvalues);
        let mut nearest: Vec<usize> = (0..values.len()).collect();
        nearest.sort_by(|a, b| values[*a].1.abs().total_cmp(&values[*b].1.abs()));
        for rank in nearest.into_iter().take(self.critical) {
            values[rank].1 = 0.0;
        }
        values
    }

    /// |λ| − 1 of each, largest first.
    pub(in crate::landscape) fn off_circle(&self) -> Vec<f64> {
        self.ranked().into_iter().map(|value| value.1).collect()
    }

    /// Distance of the nearest multiplier from the circle.
    fn clearance(&self) -> f64 {
        if self.critical > 0 || self.eigenvalues.is_empty() {
            return 0.0;
        }
        let off = self.eigenvalues.iter().map(|l| l.0.hypot(l.1) - 1.0);
        off.fold(f64::INFINITY, |least, off| off.abs().min(least))
    }
}

/// Multipliers with |λ| − 1 of each, largest first.
fn ranked(eigenvalues: &[(f64, f64)]) -> Vec<((f64, f64), f64)> {
    let off = |l: &(f64, f64)| l.0.hypot(l.1) - 1.0;
    let mut values: Vec<((f64, f64), f64)> = eigenvalues.iter().map(|l| (*l, off(l))).collect();
    values.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.1.total_cmp(&a.0.1)));
    values
}

/// Whether nothing can have happened between two points of a branch with `outside` multipliers outside the unit circle
/// at both.
///
/// 1. J at both points and at three places between them, on the cubic through both points and their tangents. If the
///    nearest multiplier of each point is further from the circle than four times the change of J up to the middle (in
///    the 2-norm), nothing can. That is so for most steps, and needs no eigenvectors.
/// 2. Of the multipliers that come near, dλ/dt = pᴴ(dJ/dt)q/(pᴴq), with the eigenvectors from inverse iteration and
///    dJ/dt at both points from the polynomial through all five J.
/// 3. Along the step a multiplier λ has m(t) = |λ| − 1 of at most m + ṁt + ct², with c from how far J bends between the
///    points (times the condition of λ).
/// 4. If for those inside the circle this bound stays below zero up to the middle from either point, and for those outside
///    above it, nothing has happened.
/// 5. Otherwise something may have where the bounds from both points, widened by what the tangents miss the other
///    point by, say so at one place.
///
/// Of a large map, of which only leading multipliers may be known and eigenvectors cost more than spectra, steps 2 to 5 are
/// replaced by [`is_quiet_at_samples`]; along a branch, [`is_quiet_in_line`] decides alone.
pub(in crate::landscape) fn is_quiet<F: Family + ?Sized>(
    family: &F,
    from: &End<'_>,
    to: &End<'_>,
    outside: usize,
) -> bool {
    let jacobians = SHARES.map(|share| jacobian(family, &on_cubic(from, to, share)));
    let clearances = [from.clearance(), to.clearance()].map(|off| off / SAFETY);
    let halves = [(0, 0), (1, 4)].map(|(k, end)| change(&jacobians, end, clearances[k]));
    if halves[0] < clearances[0] && halves[1] < clearances[1] {
        return true;
    }
    if from.place.state.len() > DENSE_DIM {
        return is_quiet_at_samples(family, from, to, outside);
    }
    let curvature = 4.0 * BENT * bend(&jacobians);
    let mut views = [View::new(from, &jacobians, 0), View::new(to, &jacobians, 4)];
    for (view, half) in views.iter_mut().zip(halves) {
        if view.look(SAFETY * half, curvature).is_none() {
            return false;
        }
    }
    // Step 4.
    let is_calm = |view: &View<'_>| {
        let classes = [false, true].map(|is_outside| view.class(outside, is_outside));
        classes.iter().all(|lines| !rises(lines, 0.0, |t| t <= 0.5))
    };
    if views.iter().all(is_calm) {
        return true;
    }
    // Step 5.
    for view in &mut views {
        if view
            .look(SAFETY * (halves[0] + halves[1]), curvature)
            .is_none()
        {
            return false;
        }
    }
    [false, true].into_iter().all(|is_outside| {
        let [from, to] = [0, 1].map(|end| views[end].class(outside, is_outside));
        !may_rise(&from, &to)
    })
}

/// The largest change of J between one end and the places up to the middle: at least its 2-norm, and no more where that
/// is larger than a limit.
fn change(jacobians: &[Mat<f64>; 5], end: usize, limit: f64) -> f64 {
    let way = [1, 2, 3].into_iter().filter(|way| end.abs_diff(*way) <= 2);
    let mut most = 0.0_f64;
    for place in way {
        let difference = &jacobians[place] - &jacobians[end];
        let size = frobenius(&difference);
        most = most.max(if size < limit {
            size
        } else {
            two_norm(&difference)
        });
    }
    most
}

/// ‖J̈‖h²/8 of the parabola that J seems to follow: how far it is from the straight line between both ends.
fn bend(jacobians: &[Mat<f64>; 5]) -> f64 {
    let at = |place: usize| {
        let share = SHARES[place];
        let first = &jacobians[0];
        let dim = first.nrows();
        let off = Mat::from_fn(dim, dim, |i, j| {
            jacobians[place][(i, j)] - (1.0 - share) * first[(i, j)] - share * jacobians[4][(i, j)]
        });
        two_norm(&off) / (4.0 * share * (1.0 - share))
    };
    [1, 2, 3].map(at).into_iter().fold(0.0, f64::max)
}

/// The 2-norm of a matrix by power iteration, a little more rather than less.
fn two_norm(matrix: &Mat<f64>) -> f64 {
    let dim = matrix.nrows();
    let mut vector: Vec<f64> = (0..dim)
        .map(|i| 1.0 + 0.37 * (i as f64 * 2.4).sin())
        .collect();
    let mut size = 0.0;
    for _ in 0..NORM_STEPS {
        let length = norm(&vector);
        let mut image = vec![0.0; dim];
        for (j, x) in vector.iter().enumerate() {
            for (sum, entry) in image.iter_mut().zip(matrix.col_as_slice(j)) {
                *sum += x / length * entry;
            }
        }
        size = norm(&image);
        for (j, x) in vector.iter_mut().enumerate() {
            *x = dot(matrix.col_as_slice(j), &image);
        }
        if size == 0.0 {
            return frobenius(matrix);
        }
    }
    (1.2 * size).min(frobenius(matrix))
}

fn frobenius(matrix: &Mat<f64>) -> f64 {
    let columns = (0..matrix.ncols()).map(|j| matrix.col_as_slice(j));
    columns
        .map(|column| dot(column, column))
        .sum::<f64>()
        .sqrt()
}

fn jacobian<F: Family + ?Sized>(family: &F, place: &Extended) -> Mat<f64> {
    let dim = place.state.len();
    let mut jacobian = Mat::zeros(dim, dim);
    family.at(place.s).jacobian(&place.state, jacobian.as_mut());
    jacobian
}

/// The place at a share of the way, on the cubic through both ends with their tangents.
pub(in crate::landscape) fn on_cubic(from: &End<'_>, to: &End<'_>, share: f64) -> Extended {
    let length = from.place.towards(to.place).norm();
    let t = share;
    let (rest, back) = (1.0 - t, t - 1.0);
    let weights = [
        (1.0 + 2.0 * t) * rest * rest,
        t * rest * rest * length,
        t * t * (3.0 - 2.0 * t),
        t * t * back * length,
    ];
    let parts = [from.place, from.tangent, to.place, to.tangent];
    let nothing = from.place.scaled(0.0);
    let terms = weights.into_iter().zip(parts);
    terms.fold(nothing, |sum, (weight, part)| sum.moved(weight, part))
}

/// A multiplier at one end of a step, as a function of the share t of the way from there.
#[derive(Debug, Clone, Copy)]
struct Line {
    /// Its place among the multipliers, largest modulus first.
    rank: usize,
    /// |λ| − 1.
    value: f64,
    /// Its change over the whole step, on the tangent.
    slope: f64,
    /// What it may bend up by, over the whole step.
    curvature: f64,
}

impl Line {
    fn at(&self, t: f64) -> f64 {
        self.value + self.slope * t + self.curvature * t * t
    }

    fn mirrored(&self) -> Self {
        Self {
            value: -self.value,
            slope: -self.slope,
            ..*self
        }
    }
}

/// One end of a step, with what has been computed of its multipliers.
struct View<'a> {
    /// The multipliers, largest modulus first, and |λ| − 1 of each.
    values: Vec<((f64, f64), f64)>,
    jacobians: &'a [Mat<f64>; 5],
    /// Which of the five is this end's.
    end: usize,
    hessenberg: Option<Hessenberg>,
    /// dJ over the whole step, in its direction from this end.
    rate: Option<Mat<f64>>,
    lines: Vec<Line>,
}

impl<'a> View<'a> {
    fn new(end: &End<'_>, jacobians: &'a [Mat<f64>; 5], place: usize) -> Self {
        Self {
            values: end.ranked(),
            jacobians,
            end: place,
            hessenberg: None,
            rate: None,
            lines: Vec::new(),
        }
    }

    /// Step 2 for the multipliers within a distance of the circle; `None` if an eigenvector cannot be computed.
    fn look(&mut self, reach: f64, curvature: f64) -> Option<()> {
        for rank in 0..self.values.len() {
            let (value, off) = self.values[rank];
            if off.abs() > reach || self.lines.iter().any(|line| line.rank == rank) {
                continue;
            }
            // The second of a pair moves as the first does.
            let first = rank.checked_sub(1).filter(|_| value.1 < 0.0);
            let first = self.lines.iter().find(|line| Some(line.rank) == first);
            let line = if let Some(first) = first {
                Line { rank, ..*first }
            } else {
                let (slope, condition) = self.motion(value)?;
                Line {
                    rank,
                    value: off,
                    slope,
                    curvature: curvature * condition,
                }
            };
            self.lines.push(line);
        }
        Some(())
    }

    /// The change of |λ| over the whole step on the tangent, and the condition ‖p‖‖q‖/|pᴴq|.
    fn motion(&mut self, (re, im): (f64, f64)) -> Option<(f64, f64)> {
        let (jacobians, end) = (self.jacobians, self.end);
        let hessenberg = self
            .hessenberg
            .get_or_insert_with(|| Hessenberg::of(&jacobians[end]));
        let rate = self.rate.get_or_insert_with(|| rate(jacobians, end));
        let value = c64::new(re, im);
        let (right, left) = hessenberg.eigenvectors(value)?;
        let overlap = complex_dot(&left, &right);
        let mut change = vec![c64::new(0.0, 0.0); right.len()];
        for (j, q) in right.iter().enumerate() {
            for (sum, r) in change.iter_mut().zip(rate.col_as_slice(j)) {
                *sum += q * *r;
            }
        }
        let moved = complex_dot(&left, &change) / overlap;
        let slope = (value.conj() * moved).re / value.norm();
        let condition = 1.0 / overlap.norm();
        (slope.is_finite() && condition.is_finite()).then_some((slope, condition))
    }

    /// Those inside the circle; or those outside as in a mirror, so that they seem inside.
    fn class(&self, outside: usize, is_outside: bool) -> Vec<Line> {
        let of_class = self.lines.iter();
        let of_class = of_class.filter(|line| (line.rank < outside) == is_outside);
        of_class
            .map(|line| if is_outside { line.mirrored() } else { *line })
            .collect()
    }
}

/// dJ/dt at one end, times the length of the step: the derivative of the polynomial through five values.
fn rate(jacobians: &[Mat<f64>; 5], end: usize) -> Mat<f64> {
    const WEIGHTS: [f64; 5] = [-25.0 / 3.0, 16.0, -12.0, 16.0 / 3.0, -1.0];
    let dim = jacobians[0].nrows();
    Mat::from_fn(dim, dim, |i, j| {
        let places = WEIGHTS.iter().enumerate();
        places
            .map(|(k, weight)| weight * jacobians[k.abs_diff(end)][(i, j)])
            .sum()
    })
}

/// The bound of several multipliers together at a share t of the way, widened by so much over the whole of it.
fn most(lines: &[Line], t: f64, widened: f64) -> f64 {
    let values = lines.iter().map(|line| line.at(t));
    values.fold(f64::NEG_INFINITY, f64::max) + widened * t * t
}

/// Whether a bound is above zero somewhere, or a multiplier that an event has put on the circle goes the wrong way.
fn rises(lines: &[Line], widened: f64, within: impl Fn(f64) -> bool) -> bool {
    let is_leaving = |line: &Line| line.value == 0.0 && line.slope > LEAVING;
    lines.iter().any(is_leaving)
        || shares().any(|t| within(t) && most(lines, t, widened) > ON_CIRCLE)
}

fn shares() -> impl Iterator<Item = f64> {
    (1..PLACES).map(|place| place as f64 / PLACES as f64)
}

/// Step 5 for multipliers inside the circle.
fn may_rise(from: &[Line], to: &[Line]) -> bool {
    if from.is_empty() || to.is_empty() {
        return false;
    }
    if rises(from, 0.0, |_| false) || rises(to, 0.0, |_| false) {
        return true;
    }
    let straight = |lines: &[Line]| {
        let values = lines.iter().map(|line| line.value + line.slope);
        values.fold(f64::NEG_INFINITY, f64::max)
    };
    let missed = [
        BENT * (straight(from) - most(to, 0.0, 0.0)).abs(),
        BENT * (straight(to) - most(from, 0.0, 0.0)).abs(),
    ];
    shares().any(|t| {
        let bounds = [most(from, t, missed[0]), most(to, 1.0 - t, missed[1])];
        bounds[0].min(bounds[1]) > ON_CIRCLE
    })
}
