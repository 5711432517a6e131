//! Many starts at once, where Newton's method stalls: down to where q = ½‖x − F(x)‖² has a minimum, or on to a root.
//!
//! Levenberg–Marquardt steps, whose linear least-squares problems are solved by conjugate gradients. All starts share the
//! weights, so that the products with J and Jᵀ of a whole batch are one matrix product each. What speeds the gradients up is the
//! factorised matrix of some earlier step; it is made anew only when it no longer helps.
//!
//! Chaotic and slow networks have many such minima; a search wants the lowest of them as slow points and has to
//! make sure that no root hides among the rest.

use faer::linalg::solvers::{Llt, Solve as _};
use faer::{Mat, MatMut, Side};

use super::batch::CLOSE;
use super::gmres::{dot, half_square, norm, residuals};
use super::newton::gram;
use super::roots::Roots;
use crate::map::{Linearised, Map};
use crate::simd::vectorised;

/// Steps of a start at most.
const STEPS: usize = 100;
/// Conjugate gradients of a step at most.
const GRADIENTS: usize = 12;
/// A factorised matrix that needs more of them is made anew, …
const WORN_OUT: usize = 6;
/// … and so is one of a damping so much larger or smaller.
const OTHER_DAMPING: f64 = 30.0;
/// A step solves its least-squares problem to this share of the gradient.
const ACCURACY: f64 = 0.1;
/// Where ‖AᵀG‖ is below this share of ‖G‖ (A = I − J has the scale of I), a minimum of q is near …
const FLAT: f64 = 3e-3;
/// … and where it is below this when the steps are used up, one may be.
const NEARLY_FLAT: f64 = 0.1;
/// A start stagnates where so many steps have lowered q to no less than this share.
const STAGNANT: (usize, f64) = (8, 0.9);
/// First damping.
const DAMPING: f64 = 0.3;
/// Damping at the least.
const LEAST_DAMPING: f64 = 1e-8;
/// A start whose damping has become so large goes nowhere.
const MOST_DAMPING: f64 = 1e8;

/// Where a start came to.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::dynamics) enum Sunk {
    /// On its way to the known root of this place in the list.
    AtKnown(usize),
    /// Close to a root, or to a minimum so low that it may be one.
    Close(Vec<f64>),
    /// Near a minimum that is no root.
    Minimum(Vec<f64>),
    /// Neither within the limits.
    Lost,
}

/// A start on its way.
struct Row {
    /// Its place in the list of starts.
    start: usize,
    point: Vec<f64>,
    /// G = x − F(x).
    residual: Vec<f64>,
    damping: f64,
    factor: Option<Factor>,
    /// q at each step.
    history: Vec<f64>,
}

/// AᵀA + μI of an earlier step, factorised.
struct Factor {
    llt: Llt<f64>,
    damping: f64,
    /// Conjugate gradients that the last step took with it.
    gradients: usize,
}

impl Row {
    /// Whether it stagnates where no minimum near it can be below a q.
    fn stagnates_above(&mut self, lowest: f64) -> bool {
        let (steps, share) = STAGNANT;
        let q = half_square(&self.residual);
        self.history.push(q);
        let before = self.history.len().checked_sub(steps + 1);
        let stagnates = before.is_some_and(|before| q >= share * self.history[before]);
        stagnates && 0.5 * q > lowest
    }

    /// Makes the factorised matrix anew where it no longer helps.
    fn refresh<M: Map + ?Sized>(&mut self, map: &M) {
        let is_good = self.factor.as_ref().is_some_and(|factor| {
            let ratio = factor.damping / self.damping;
            factor.gradients <= WORN_OUT && (1.0 / OTHER_DAMPING..OTHER_DAMPING).contains(&ratio)
        });
        if is_good {
            return;
        }
        let dim = self.point.len();
        let mut jacobian = Mat::zeros(dim, dim);
        map.jacobian(&self.point, jacobian.as_mut());
        let mut normal = gram(&(Mat::<f64>::identity(dim, dim) - jacobian));
        for i in 0..dim {
            normal[(i, i)] += self.damping;
        }
        self.factor = normal.llt(Side::Lower).ok().map(|llt| Factor {
            llt,
            damping: self.damping,
            gradients: 0,
        });
    }
}

/// Takes a batch of starts down. All are lost if the map offers no products J v.
///
/// 1. G, and the gradient AᵀG of q with A = I − J. A start that belongs to a known root, has q < 10⁻⁷, or is near a minimum is
///    left, and so is one that stagnates far above `lowest`, the q from which on minima are of no interest.
/// 2. ‖A d + G‖² + μ‖d‖² is minimised to a tenth by conjugate gradients, for all starts at once.
/// 3. d is taken if q falls; μ is divided by 4 where q falls by more than three quarters of what the linear model says, and
///    multiplied by 4 where it falls by less than a quarter.
pub(in crate::dynamics) fn sink<M: Map + ?Sized>(
    map: &M,
    known: &Roots<'_, M>,
    starts: Vec<Vec<f64>>,
    lowest: f64,
) -> Vec<Sunk> {
    let dim = map.dim();
    let at_start = residuals(map, &starts.concat());
    let rows = starts.into_iter().zip(at_start.chunks_exact(dim));
    let mut rows: Vec<Row> = rows
        .enumerate()
        .map(|(start, (point, residual))| Row {
            start,
            point,
            residual: residual.to_vec(),
            damping: DAMPING,
            factor: None,
            history: Vec::new(),
        })
        .collect();
    let mut sunk: Vec<Option<Sunk>> = vec![None; rows.len()];
    for step in 0..=STEPS {
        rows = left_at_known(known, rows, &mut sunk);
        rows.retain_mut(|row| !row.stagnates_above(lowest));
        if rows.is_empty() {
            break;
        }
        let points: Vec<f64> = rows.iter().flat_map(|row| row.point.clone()).collect();
        let Some(linearised) = map.linearised(&points) else {
            break;
        };
        let gradients = transposed(&*linearised, &rows);
        let flat = if step < STEPS { FLAT } else { NEARLY_FLAT };
        let (rest, kept) = left_at_minimum(rows, &gradients, flat, &mut sunk);
        rows = rest;
        if rows.is_empty() || step == STEPS {
            break;
        }
        for row in &mut rows {
            row.refresh(map);
        }
        let solved = least_squares(&*linearised, &mut rows, &kept, &gradients);
        rows = taken(map, rows, &solved, &mut sunk);
    }
    let lost = |end: Option<Sunk>| end.unwrap_or(Sunk::Lost);
    sunk.into_iter().map(lost).collect()
}

/// AᵀG of all rows.
fn transposed(linearised: &dyn Linearised, rows: &[Row]) -> Vec<f64> {
    let places: Vec<usize> = (0..rows.len()).collect();
    let residuals: Vec<f64> = rows.iter().flat_map(|row| row.residual.clone()).collect();
    let mut out = vec![0.0; residuals.len()];
    linearised.apply_transposed(&places, &residuals, &mut out);
    residuals.iter().zip(&out).map(|(g, j)| g - j).collect()
}

/// Step 1: leaves what belongs to a known root or is close to one.
fn left_at_known<M: Map + ?Sized>(
    known: &Roots<'_, M>,
    rows: Vec<Row>,
    sunk: &mut [Option<Sunk>],
) -> Vec<Row> {
    let points: Vec<f64> = rows.iter().flat_map(|row| row.point.clone()).collect();
    let residuals: Vec<f64> = rows.iter().flat_map(|row| row.residual.clone()).collect();
    let claims = known.claim(&points, &residuals);
    let mut rest = Vec::new();
    for (row, claim) in rows.into_iter().zip(claims) {
        if let Some(root) = claim {
            sunk[row.start] = Some(Sunk::AtKnown(root));
        } else if half_square(&row.residual) < CLOSE {
            sunk[row.start] = Some(Sunk::Close(row.point));
        } else {
            rest.push(row);
        }
    }
    rest
}

/// Step 1: leaves what is near a minimum; the other rows, and their places before.
fn left_at_minimum(
    rows: Vec<Row>,
    gradients: &[f64],
    flat: f64,
    sunk: &mut [Option<Sunk>],
) -> (Vec<Row>, Vec<usize>) {
    let dim = gradients.len() / rows.len().max(1);
    let (mut rest, mut kept) = (Vec::new(), Vec::new());
    for (place, row) in rows.into_iter().enumerate() {
        if norm(&gradients[place * dim..][..dim]) <= flat * norm(&row.residual) {
            sunk[row.start] = Some(Sunk::Minimum(row.point));
        } else {
            kept.push(place);
            rest.push(row);
        }
    }
    (rest, kept)
}

/// A least-squares problem on its way to its solution.
struct Problem {
    /// Which of the linearised points is meant.
    place: usize,
    damping: f64,
    solution: Vec<f64>,
    /// −G − A d.
    residual: Vec<f64>,
    /// Aᵀ(residual) − μ d.
    descent: Vec<f64>,
    /// The same after the factorised matrix.
    preconditioned: Vec<f64>,
    direction: Vec<f64>,
    /// Product of the two.
    product: f64,
    /// Square length of the descent at first.
    first: f64,
    gradients: usize,
    is_done: bool,
}

/// Step 2 (preconditioned CGLS; Björck 1996, *Numerical Methods for Least Squares Problems*, section 7.4).
fn least_squares(
    linearised: &dyn Linearised,
    rows: &mut [Row],
    kept: &[usize],
    gradients: &[f64],
) -> Vec<Problem> {
    let dim = rows[0].point.len();
    let mut problems: Vec<Problem> = rows
        .iter()
        .zip(kept)
        .map(|(row, &place)| Problem::new(row, place, &gradients[place * dim..][..dim]))
        .collect();
    for _ in 0..GRADIENTS {
        let running: Vec<usize> = (0..problems.len())
            .filter(|&i| !problems[i].is_done)
            .collect();
        if running.is_empty() {
            break;
        }
        let places: Vec<usize> = running.iter().map(|&i| problems[i].place).collect();
        let directions: Vec<f64> = running
            .iter()
            .flat_map(|&i| problems[i].direction.clone())
            .collect();
        let mut images = vec![0.0; directions.len()];
        linearised.apply(&places, &directions, &mut images);
        vectorised(|| {
            for (&i, image) in running.iter().zip(images.chunks_exact(dim)) {
                problems[i].advance(image);
            }
        });
        let residuals: Vec<f64> = running
            .iter()
            .flat_map(|&i| problems[i].residual.clone())
            .collect();
        linearised.apply_transposed(&places, &residuals, &mut images);
        for (&i, image) in running.iter().zip(images.chunks_exact(dim)) {
            problems[i].turn(image, rows[i].factor.as_ref());
        }
    }
    for (row, problem) in rows.iter_mut().zip(&problems) {
        if let Some(factor) = &mut row.factor {
            factor.gradients = problem.gradients;
        }
    }
    problems
}

impl Problem {
    fn new(row: &Row, place: usize, gradient: &[f64]) -> Self {
        let descent: Vec<f64> = gradient.iter().map(|g| -g).collect();
        let preconditioned = preconditioned(&descent, row.factor.as_ref());
        let first = dot(&descent, &descent);
        Self {
            place,
            damping: row.damping,
            solution: vec![0.0; descent.len()],
            residual: row.residual.iter().map(|g| -g).collect(),
            direction: preconditioned.clone(),
            product: dot(&descent, &preconditioned),
            preconditioned,
            descent,
            first,
            gradients: 0,
            is_done: first == 0.0,
        }
    }

    /// Goes along the direction, given J times it.
    #[inline(always)]
    fn advance(&mut self, image: &[f64]) {
        let mut square = self.damping * dot(&self.direction, &self.direction);
        for (v, j) in self.direction.iter().zip(image) {
            square += (v - j) * (v - j);
        }
        let length = self.product / square;
        for (x, v) in self.solution.iter_mut().zip(&self.direction) {
            *x += length * v;
        }
        let moved = self.direction.iter().zip(image);
        for (r, (v, j)) in self.residual.iter_mut().zip(moved) {
            *r -= length * (v - j);
        }
    }

    /// Takes a new direction, given Jᵀ times the residual.
    fn turn(&mut self, image: &[f64], factor: Option<&Factor>) {
        let values = self.residual.iter().zip(image).zip(&self.solution);
        for (descent, ((r, j), d)) in self.descent.iter_mut().zip(values) {
            *descent = r - j - self.damping * d;
        }
        self.preconditioned = preconditioned(&self.descent, factor);
        let product = dot(&self.descent, &self.preconditioned);
        let share = product / self.product;
        for (v, z) in self.direction.iter_mut().zip(&self.preconditioned) {
            *v = z + share * *v;
        }
        self.product = product;
        self.gradients += 1;
        let square = dot(&self.descent, &self.descent);
        self.is_done = square.is_nan() || square <= ACCURACY * ACCURACY * self.first;
    }
}

fn preconditioned(vector: &[f64], factor: Option<&Factor>) -> Vec<f64> {
    let mut out = vector.to_vec();
    if let Some(factor) = factor {
        let column = MatMut::from_column_major_slice_mut(&mut out, vector.len(), 1);
        factor.llt.solve_in_place(column);
    }
    out
}

/// Step 3.
fn taken<M: Map + ?Sized>(
    map: &M,
    rows: Vec<Row>,
    problems: &[Problem],
    sunk: &mut [Option<Sunk>],
) -> Vec<Row> {
    let dim = map.dim();
    let tried: Vec<f64> = rows
        .iter()
        .zip(problems)
        .flat_map(|(row, problem)| row.point.iter().zip(&problem.solution).map(|(x, d)| x + d))
        .collect();
    let after = residuals(map, &tried);
    let mut rest = Vec::new();
    for (place, (mut row, problem)) in rows.into_iter().zip(problems).enumerate() {
        let residual = &after[place * dim..][..dim];
        let (before, now) = (half_square(&row.residual), half_square(residual));
        let predicted = before - half_square(&problem.residual);
        let gain = (before - now) / predicted;
        if now < before {
            row.point.copy_from_slice(&tried[place * dim..][..dim]);
            row.residual.copy_from_slice(residual);
        }
        if gain > 0.75 {
            row.damping = (0.25 * row.damping).max(LEAST_DAMPING);
        } else if gain.is_nan() || gain <= 0.25 {
            row.damping *= 4.0;
        }
        if row.damping > MOST_DAMPING {
            sunk[row.start] = Some(Sunk::Lost);
        } else {
            rest.push(row);
        }
    }
    rest
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;
    use crate::dynamics::points::newton::{NewtonEnd, NewtonLimits, solve};
    use crate::dynamics::points::slow::polish_slow;
    use crate::dynamics::points::starts::simulated;
    use crate::norms::distance;
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    /// In chaotic networks most starts end at minima of q: all of them are exact minima once polished, and those that the
    /// method for one start finds are among those found here.
    #[test]
    fn starts_sink_to_minima_and_roots() {
        let units = 48;
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let mut draw = |size: f64| size * rng.random_range(-1.0..1.0);
        let weights: Vec<f64> = (0..units * units)
            .map(|_| draw(2.2 * (3.0 / f64::from(units)).sqrt()))
            .collect();
        let map = CellMap::vanilla(&weights, (0..units).map(|_| draw(0.3)).collect());
        let starts = simulated(&map, 64, 0.5, 1);
        let known = Roots::new(&map, Vec::new(), Vec::new());
        let sunk = sink(&map, &known, starts.clone(), f64::INFINITY);
        assert_eq!(sunk.len(), starts.len());
        let (mut minima, mut close, mut lost) = (Vec::new(), 0, 0);
        for end in sunk {
            match end {
                Sunk::Minimum(point) => minima.push(polish_slow(&map, &point).unwrap()),
                Sunk::Close(point) => {
                    close += 1;
                    assert!(!matches!(
                        solve(&map, &point, NewtonLimits::default()),
                        NewtonEnd::Lost
                    ));
                }
                Sunk::Lost => lost += 1,
                Sunk::AtKnown(_) => panic!("nothing was known"),
            }
        }
        assert!(
            minima.len() > 30 && close > 0 && lost < 6,
            "{} {close} {lost}",
            minima.len()
        );
        let only_fallback = NewtonLimits {
            newton_steps: 0,
            ..NewtonLimits::default()
        };
        let (mut alone, mut among) = (0, 0);
        for start in &starts {
            if let NewtonEnd::Minimum { point } = solve(&map, start, only_fallback) {
                let point = polish_slow(&map, &point).unwrap();
                alone += 1;
                among += usize::from(minima.iter().any(|other| distance(other, &point) < 1e-6));
            }
        }
        assert!(10 * among > 8 * alone, "{among} of {alone}");
    }
}
