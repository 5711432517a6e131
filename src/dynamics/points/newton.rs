//! Newton's method for fixed points, damped, with a Levenberg–Marquardt fallback.
//!
//! Where it stalls, I − J is singular at a minimum of q that is no root: q decreases to a positive value, its
//! gradient AᵀG vanishes, and G is the left null vector. The fallback follows q down to such a minimum and says so,
//! or gets around it.
//!
//! What it does not do: it is not projected into a box, knows nothing of other roots, and converges only linearly
//! to a degenerate root (a fold), where the certificate is refused, too. Cost of a step: one LU factorisation, ⅔
//! dim³ operations.

use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::solvers::{PartialPivLu, Solve as _};
use faer::{Accum, Mat, MatMut, Par, Side};

use crate::map::Map;

/// A step with an old factorisation is worth its price if it lowers q to this share.
const CHORD: f64 = 1e-4;

/// NewtonLimits of the iteration from one start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NewtonLimits {
    /// Damped Newton steps before the fallback takes over. Default 40.
    pub newton_steps: usize,
    /// Levenberg–Marquardt steps. Default 100.
    pub fallback_steps: usize,
    /// Halvings of a Newton step. Default 12.
    pub halvings: usize,
}

impl Default for NewtonLimits {
    fn default() -> Self {
        Self {
            newton_steps: 40,
            fallback_steps: 100,
            halvings: 12,
        }
    }
}

/// Where the iteration ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum NewtonEnd {
    /// At a zero of x − F(x): q is within four times what rounding leaves.
    Root {
        /// The zero.
        point: Vec<f64>,
    },
    /// At a minimum of q that is no zero.
    Minimum {
        /// The minimum.
        point: Vec<f64>,
    },
    /// Nowhere within the limits.
    Lost,
}

/// A start on its way to a fixed point.
pub(in crate::dynamics) struct Iterate<'a, M: ?Sized> {
    map: &'a M,
    pub(in crate::dynamics) point: Vec<f64>,
    residual: Vec<f64>,
    pub(in crate::dynamics) q: f64,
}

impl<'a, M: Map + ?Sized> Iterate<'a, M> {
    pub(in crate::dynamics) fn at(map: &'a M, point: Vec<f64>) -> Self {
        let residual = residual(map, &point);
        let q = half_square(&residual);
        Self {
            map,
            point,
            residual,
            q,
        }
    }

    /// I − J.
    fn matrix(&self) -> Mat<f64> {
        let dim = self.map.dim();
        let mut matrix = Mat::zeros(dim, dim);
        self.map.jacobian(&self.point, matrix.as_mut());
        for j in 0..dim {
            for value in matrix.col_as_slice_mut(j) {
                *value = -*value;
            }
            matrix[(j, j)] += 1.0;
        }
        matrix
    }

    /// The iterate at point + scale · step.
    pub(in crate::dynamics) fn moved(&self, step: &Mat<f64>, scale: f64) -> Self {
        let point = self
            .point
            .iter()
            .zip(step.col_as_slice(0))
            .map(|(x, d)| x + scale * d)
            .collect();
        Self::at(self.map, point)
    }

    /// Whether rounding alone explains the residual. The floor is worth its price only near a root.
    fn at_root(&self) -> bool {
        self.q <= 1e-12 && self.q <= 4.0 * self.map.q_floor(&self.point)
    }
}

/// I − J, factorised.
///
/// The breakdown criterion is a ratio of pivots of 10⁻¹⁴ or less, or a pivot that is NaN.
#[derive(Debug, Clone)]
pub struct Factored(PartialPivLu<f64>);

impl Factored {
    /// `None` if the matrix is singular to working precision.
    fn at<M: Map + ?Sized>(iterate: &Iterate<'_, M>) -> Option<Self> {
        let lu = PartialPivLu::new(iterate.matrix().as_ref());
        let (mut smallest, mut largest) = (f64::INFINITY, 0.0_f64);
        for i in 0..iterate.map.dim() {
            let pivot = lu.U()[(i, i)].abs();
            smallest = smallest.min(pivot);
            largest = largest.max(pivot);
        }
        // NaN pivots count as a breakdown, too.
        let is_sound = !smallest.is_nan() && !largest.is_nan() && smallest > 1e-14 * largest;
        is_sound.then_some(Self(lu))
    }

    /// That of a map at a point; `None` if it is singular to working precision.
    pub(in crate::dynamics) fn of<M: Map + ?Sized>(map: &M, point: &[f64]) -> Option<Self> {
        Self::at(&Iterate::at(map, point.to_vec()))
    }

    /// sign det(I − J).
    pub(in crate::dynamics) fn sign(&self) -> i8 {
        sign_of_determinant(&self.0)
    }

    /// (I−J)⁻¹ of each row, in place, `[rows][dim]`.
    pub(in crate::dynamics) fn solve_rows(&self, rows: &mut [f64], dim: usize) {
        let count = rows.len() / dim;
        self.0
            .solve_in_place(MatMut::from_column_major_slice_mut(rows, dim, count));
    }

    /// −(I−J)⁻¹(x−F), with the residual of any iterate.
    fn step<M: Map + ?Sized>(&self, iterate: &Iterate<'_, M>) -> Option<Mat<f64>> {
        let mut step = Mat::from_fn(iterate.map.dim(), 1, |i, _| -iterate.residual[i]);
        self.0.solve_in_place(step.as_mut());
        let is_finite = step.col_as_slice(0).iter().all(|d| d.is_finite());
        is_finite.then_some(step)
    }
}

/// Looks for a fixed point from a start.
///
/// 1. Newton step d = −(I−J)⁻¹(x−F), halved until q falls by Armijo's rule q(x+td) ≤ (1 − 2·10⁻⁴ t) q(x).
/// 2. After a full step, more steps with the same factorisation, as long as each takes 99 % of the residual away.
/// 3. When no t helps, the factorisation breaks down, or q falls by less than 1 % in five steps,
///    Levenberg–Marquardt takes over.
/// 4. At q ≤ 4 q_floor it is a root.
///
/// `start` has `dim` entries. Starts that are not finite, or whose images are not, end as lost.
///
/// ```
/// use creode::dynamics::points::newton::{NewtonEnd, NewtonLimits, solve};
/// use creode::map::Logistic;
///
/// let NewtonEnd::Root { point } = solve(&Logistic { rate: 3.2 }, &[0.6], NewtonLimits::default()) else {
///     unreachable!()
/// };
/// assert!((point[0] - (1.0 - 1.0 / 3.2)).abs() < 1e-15);
/// ```
pub fn solve<M: Map + ?Sized>(map: &M, start: &[f64], limits: NewtonLimits) -> NewtonEnd {
    match newton(map, start, limits) {
        Ok(point) => NewtonEnd::Root { point },
        Err(stalled) => fall_back(map, &stalled, limits),
    }
}

/// Steps 1, 2 and 4 of [`solve`]: the root, or where the steps lead no further.
pub(in crate::dynamics) fn newton<M: Map + ?Sized>(
    map: &M,
    start: &[f64],
    limits: NewtonLimits,
) -> Result<Vec<f64>, Vec<f64>> {
    let mut iterate = Iterate::at(map, start.to_vec());
    let mut recent = Vec::new();
    for _ in 0..limits.newton_steps {
        if iterate.at_root() {
            return Ok(iterate.point);
        }
        recent.push(iterate.q);
        let stalled = recent.len() > 5 && iterate.q > 0.99 * recent[recent.len() - 6];
        match (stalled, damped_step(&iterate, limits.halvings)) {
            (false, Some(next)) => iterate = next,
            _ => break,
        }
    }
    Err(iterate.point)
}

/// Steps 1 and 2.
fn damped_step<'a, M: Map + ?Sized>(
    iterate: &Iterate<'a, M>,
    halvings: usize,
) -> Option<Iterate<'a, M>> {
    let factored = Factored::at(iterate)?;
    let step = factored.step(iterate)?;
    let mut scale = 1.0;
    for halved in 0..=halvings {
        let next = iterate.moved(&step, scale);
        if next.q <= (1.0 - 2e-4 * scale) * iterate.q {
            return Some(if halved == 0 {
                chords(&factored, next)
            } else {
                next
            });
        }
        scale *= 0.5;
    }
    None
}

/// Step 2.
fn chords<'a, M: Map + ?Sized>(factored: &Factored, mut iterate: Iterate<'a, M>) -> Iterate<'a, M> {
    while let Some(step) = factored.step(&iterate) {
        let next = iterate.moved(&step, 1.0);
        // q that is NaN ends it, too.
        if next.q < CHORD * iterate.q {
            iterate = next;
        } else {
            break;
        }
    }
    iterate
}

/// −(I−J)⁻¹(x−F), and sign det(I−J). `None` if the matrix is singular to working precision.
pub(in crate::dynamics) fn newton_step<M: Map + ?Sized>(
    iterate: &Iterate<'_, M>,
) -> Option<(Mat<f64>, i8)> {
    let factored = Factored::at(iterate)?;
    Some((factored.step(iterate)?, factored.sign()))
}

/// sign det(I − J) of a Jacobian.
pub(in crate::dynamics) fn index_of(jacobian: &Mat<f64>) -> i8 {
    let dim = jacobian.nrows();
    let matrix = Mat::<f64>::identity(dim, dim) - jacobian;
    sign_of_determinant(&PartialPivLu::new(matrix.as_ref()))
}

/// The sign of the determinant of a factorised matrix.
pub(in crate::dynamics) fn sign_of_determinant(lu: &PartialPivLu<f64>) -> i8 {
    let upper = lu.U();
    let negative = (0..upper.nrows()).filter(|&i| upper[(i, i)] < 0.0).count();
    let of_pivots = if negative % 2 == 0 { 1 } else { -1 };
    of_pivots * permutation_sign(lu.P().arrays().0)
}

/// −1 for an odd permutation, 1 for an even one.
pub(crate) fn permutation_sign(permutation: &[usize]) -> i8 {
    let mut seen = vec![false; permutation.len()];
    let mut sign = 1;
    for first in 0..permutation.len() {
        let (mut at, mut length) = (first, 0);
        while !seen[at] {
            seen[at] = true;
            at = permutation[at];
            length += 1;
        }
        if length > 0 && length % 2 == 0 {
            sign = -sign;
        }
    }
    sign
}

/// The point after two more full steps with one factorisation, each kept only if it does not make q worse.
///
/// Newton's method stops where rounding explains the residual; two more steps usually take the point to the nearest
/// numbers. The index is the sign of the determinant of the matrix at `root`, whose certainty only a certificate
/// tells.
pub fn polish<M: Map + ?Sized>(map: &M, root: Vec<f64>) -> Polished {
    let mut iterate = Iterate::at(map, root);
    let factored = Factored::at(&iterate);
    for _ in 0..2 {
        let Some(step) = factored
            .as_ref()
            .and_then(|factored| factored.step(&iterate))
        else {
            break;
        };
        let next = iterate.moved(&step, 1.0);
        if next.q < iterate.q {
            iterate = next;
        }
    }
    Polished {
        point: iterate.point,
        index: factored.as_ref().map_or(0, Factored::sign),
        factored,
    }
}

/// A root as exact as rounding lets it be.
#[derive(Debug, Clone)]
pub struct Polished {
    /// The root.
    pub point: Vec<f64>,
    /// sign det(I−J) there; 0 where I − J is singular to working precision.
    pub index: i8,
    /// I − J next to it, unless it is singular.
    pub factored: Option<Factored>,
}

/// Step 3: (AᵀA + μI)d = −AᵀG with A = I − J, μ steered by the ratio of actual to predicted decrease.
pub(in crate::dynamics) fn fall_back<M: Map + ?Sized>(
    map: &M,
    from: &[f64],
    limits: NewtonLimits,
) -> NewtonEnd {
    let dim = map.dim();
    let mut iterate = Iterate::at(map, from.to_vec());
    let mut damping = None;
    for _ in 0..limits.fallback_steps {
        if iterate.at_root() {
            return NewtonEnd::Root {
                point: iterate.point,
            };
        }
        let matrix = iterate.matrix();
        let residual = Mat::from_fn(dim, 1, |i, _| iterate.residual[i]);
        let gradient = matrix.transpose() * &residual;
        let slope = gradient.norm_l2();
        // I − J has the scale of I; at a minimum that is no root it is singular.
        if slope <= 1e-6 * matrix.norm_l2().max(1.0) * residual.norm_l2() {
            return NewtonEnd::Minimum {
                point: iterate.point,
            };
        }
        let normal = gram(&matrix);
        let largest = (0..dim).map(|i| normal[(i, i)]).fold(0.0, f64::max);
        let mu = damping.unwrap_or(1e-2 * largest);
        let mut damped = normal;
        for i in 0..dim {
            damped[(i, i)] += mu;
        }
        let Ok(factor) = damped.llt(Side::Lower) else {
            damping = Some(4.0 * mu);
            continue;
        };
        let mut step = gradient.clone();
        factor.solve_in_place(step.as_mut());
        let next = iterate.moved(&step, -1.0);
        // Decrease of ½‖G + Ad‖² that the linear model predicts, for d = −step.
        let predicted = 0.5 * (step.transpose() * (&gradient + &step * faer::Scale(mu)))[(0, 0)];
        let gain = (iterate.q - next.q) / predicted;
        if next.q < iterate.q {
            iterate = next;
        }
        damping = Some(match gain {
            gain if gain > 0.75 => (mu / 10.0).max(1e-16 * largest),
            gain if gain > 0.25 => mu,
            _ => 4.0 * mu,
        });
        if mu > 1e16 * largest.max(f64::MIN_POSITIVE) {
            break;
        }
    }
    NewtonEnd::Lost
}

/// AᵀA, of which the lower triangle alone is filled.
pub(in crate::dynamics) fn gram(matrix: &Mat<f64>) -> Mat<f64> {
    let dim = matrix.ncols();
    let mut out = Mat::zeros(dim, dim);
    triangular::matmul(
        out.as_mut(),
        BlockStructure::TriangularLower,
        Accum::Replace,
        matrix.transpose(),
        BlockStructure::Rectangular,
        matrix.as_ref(),
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
    out
}

/// x − F(x).
pub(in crate::dynamics) fn residual<M: Map + ?Sized>(map: &M, point: &[f64]) -> Vec<f64> {
    let mut image = vec![0.0; map.dim()];
    map.step(point, &mut image);
    point.iter().zip(image).map(|(x, f)| x - f).collect()
}

fn half_square(residual: &[f64]) -> f64 {
    0.5 * residual.iter().map(|r| r * r).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;
    use crate::map::{Henon, Logistic};

    fn root<M: Map>(map: &M, start: &[f64]) -> (Vec<f64>, i8) {
        match solve(map, start, NewtonLimits::default()) {
            NewtonEnd::Root { point } => {
                let root = polish(map, point);
                (root.point, root.index)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn logistic_map_has_its_two_fixed_points() {
        let map = Logistic { rate: 3.2 };
        let (at_zero, index_at_zero) = root(&map, &[0.1]);
        assert!(at_zero[0].abs() < 1e-14 && index_at_zero == -1);
        let (inner, index) = root(&map, &[0.9]);
        assert!((inner[0] - (1.0 - 1.0 / 3.2)).abs() < 1e-14 && index == 1);
    }

    #[test]
    fn henon_map_has_its_two_fixed_points() {
        let map = Henon { a: 1.4, b: 0.3 };
        let (right, index) = root(&map, &[0.5, 0.2]);
        assert!((right[0] - 0.631_354_477_089_505).abs() < 1e-13 && index == 1);
        let (left, index) = root(&map, &[-1.0, -0.4]);
        assert!((left[0] + 1.131_354_477_089_505).abs() < 1e-13 && index == -1);
    }

    #[test]
    fn one_tanh_unit_has_the_published_fixed_points() {
        for (w, x) in [
            (1.1, 0.502_940_574_944_591),
            (1.5, 0.858_559_636_640_110),
            (3.0, 0.994_901_528_452_629),
        ] {
            let (point, index) = root(&CellMap::vanilla(&[w], vec![0.0]), &[0.9]);
            assert!((point[0] - x).abs() < 1e-12 && index == 1, "{w}: {point:?}");
        }
    }

    #[test]
    fn a_ghost_is_a_minimum_and_not_a_fixed_point() {
        // Just beyond the fold at b = 0.532839975354, w = 2, the node at negative x is gone; q there is 1e-13.
        let map = CellMap::vanilla(&[2.0], vec![0.532_839_975_354 + 1e-6]);
        let only_fallback = NewtonLimits {
            newton_steps: 0,
            ..NewtonLimits::default()
        };
        match solve(&map, &[-0.72], only_fallback) {
            NewtonEnd::Minimum { point } => {
                assert!((point[0] + 0.5_f64.sqrt()).abs() < 1e-3, "{point:?}");
                assert!(crate::map::q(&map, &point) < 1e-12);
            }
            other => panic!("{other:?}"),
        }
    }
}
