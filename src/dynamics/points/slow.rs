//! What a slow point is: how nearly singular the map is there, and how long motion lingers.
//!
//! Slow points matter in themselves: memories that last for a trial need no fixed point, and behind a fold that is
//! about to come, or just gone, motion lingers. The passage through the bottleneck of η′ = η + ε + aη² takes about
//! π/√(aε) steps (Strogatz, Nonlinear Dynamics and Chaos, section 4.3), compared with the length of a trial.

use faer::linalg::solvers::Solve as _;
use faer::{Mat, Scale, Side};

use super::newton::gram;
use crate::dynamics::linear::singular::smallest;
use crate::dynamics::linear::spectrum::SpectrumError;
use crate::map::Map;
use crate::map::derivatives::second;
use crate::norms::scale_of;

/// Directions along which the whole Hessian is taken in a space of more than [`WHOLE`] dimensions.
const CURVED: usize = 3;
/// Dimension up to which it is taken along all.
const WHOLE: usize = 24;
/// Steps at most.
const MOST_STEPS: usize = 200;
/// A step longer than this, relative to the largest coordinate (at least 1), asks for the second derivatives again.
const FAR: f64 = 1e-4;
/// Entries of AᵀA below this are not told from 0.
const SMALLEST: f64 = 1e-280;

/// A minimum of q that is no fixed point, seen as what a fold has left behind.
///
/// At a local minimum of q = ½‖G‖², G = x − F(x) ≠ 0, AᵀG = 0 with A = I − J: A is singular and G its left null vector.
///
/// The numbers mean something only near a minimum of q: polish first ([`polish_slow`]).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ghost {
    /// Smallest singular value of I − J; 0 at an exact minimum.
    pub smallest_singular_value: f64,
    /// ‖AᵀG‖/(‖A‖‖G‖), ‖A‖ at least 1 (in more than 48 dimensions the Frobenius norm); 0 at an exact minimum.
    pub alignment: f64,
    /// Steps that motion needs to pass: π/√(aε) for η′ = η + ε + aη² along the right null vector q, with ε = −pᵀG and
    /// a = ½pᵀD²F\[q, q\], pᵀq = 1. `None` where a and ε have opposite signs, so that nothing passes.
    pub passage_steps: Option<f64>,
}

/// Describes a slow point.
///
/// # Errors
/// [`SpectrumError`] where the singular values of I − J do not converge.
pub fn ghost<M: Map + ?Sized>(map: &M, point: &[f64]) -> Result<Ghost, SpectrumError> {
    let dim = map.dim();
    let mut matrix = Mat::zeros(dim, dim);
    map.jacobian(point, matrix.as_mut());
    let matrix = Mat::<f64>::identity(dim, dim) - matrix;
    let mut image = vec![0.0; dim];
    map.step(point, &mut image);
    let residual = Mat::from_fn(dim, 1, |i, _| point[i] - image[i]);
    let found = smallest(matrix.as_ref(), 1)?;
    let (left, right) = (found.left.col_as_slice(0), found.right.col_as_slice(0));
    let scale: f64 = left.iter().zip(right).map(|(p, q)| p * q).sum();
    let along = |vector: &dyn Fn(usize) -> f64| -> f64 {
        left.iter()
            .enumerate()
            .map(|(i, p)| p * vector(i))
            .sum::<f64>()
            / scale
    };
    let drift = along(&|i| image[i] - point[i]);
    let bend = second(map, point, right, right);
    let curvature = 0.5 * along(&|i| bend[i]);
    let product = drift * curvature;
    Ok(Ghost {
        smallest_singular_value: found.values[0],
        alignment: (matrix.transpose() * &residual).norm_l2()
            / (found.norm.max(1.0) * residual.norm_l2()),
        passage_steps: (product > 0.0).then(|| std::f64::consts::PI / product.sqrt()),
    })
}

/// Where q = ½‖G‖² and its gradient AᵀG stand.
struct DescentPoint {
    point: Vec<f64>,
    residual: Mat<f64>,
    matrix: Mat<f64>,
    gradient: Mat<f64>,
    q: f64,
}

impl DescentPoint {
    fn at<M: Map + ?Sized>(map: &M, point: Vec<f64>) -> Self {
        let dim = map.dim();
        let mut jacobian = Mat::zeros(dim, dim);
        map.jacobian(&point, jacobian.as_mut());
        let matrix = Mat::<f64>::identity(dim, dim) - jacobian;
        let mut image = vec![0.0; dim];
        map.step(&point, &mut image);
        let residual = Mat::from_fn(dim, 1, |i, _| point[i] - image[i]);
        Self {
            gradient: matrix.transpose() * &residual,
            q: 0.5 * residual.squared_norm_l2(),
            point,
            residual,
            matrix,
        }
    }

    /// Whether this is further down, or as far as rounding can tell and flatter.
    fn is_better_than(&self, other: &Self) -> bool {
        let flatter = self.gradient.norm_l2() < 0.9 * other.gradient.norm_l2();
        self.q < other.q * (1.0 - 1e-12) || (flatter && self.q <= other.q * (1.0 + 1e-12))
    }

    /// V(Σ_i G_i D²F_i[v_a, v_b])Vᵀ for orthonormal directions v_a, the columns of V.
    fn bend<M: Map + ?Sized>(&self, map: &M, directions: &Mat<f64>) -> Mat<f64> {
        let (dim, count) = (directions.nrows(), directions.ncols());
        let mut bend = Mat::zeros(count, count);
        for a in 0..count {
            for b in 0..=a {
                let (v, w) = (directions.col_as_slice(a), directions.col_as_slice(b));
                let curved = second(map, &self.point, v, w);
                let along: f64 = (0..dim).map(|i| self.residual[(i, 0)] * curved[i]).sum();
                bend[(a, b)] = along;
                bend[(b, a)] = along;
            }
        }
        directions * bend * directions.transpose()
    }

    /// Changes `bend` so that H = AᵀA − bend here, times the step taken, is what ∇q changed by on it, and H stays positive
    /// definite (BFGS).
    fn learn(&self, before: &Self, taken: &Mat<f64>, bend: &mut Mat<f64>) {
        let changed = &self.gradient - &before.gradient;
        let told = self.matrix.transpose() * (&self.matrix * taken) - &*bend * taken;
        let along = |vector: &Mat<f64>| (vector.transpose() * taken)[(0, 0)];
        // A difference that is mostly rounding would tell H nonsense.
        let rounding = 1e-13 * self.matrix.norm_l2() * self.residual.norm_l2();
        let (true_bend, told_bend) = (along(&changed), along(&told));
        if changed.norm_l2() > rounding && true_bend > 0.0 && told_bend > 0.0 {
            *bend += &told * told.transpose() * Scale(1.0 / told_bend);
            *bend -= &changed * changed.transpose() * Scale(1.0 / true_bend);
        }
    }

    /// −H⁻¹AᵀG with H = AᵀA − bend, shifted until it is positive definite.
    fn step(&self, bend: &Mat<f64>) -> Option<Mat<f64>> {
        let dim = self.point.len();
        let hessian = gram(&self.matrix) - bend;
        let largest = (0..dim).map(|i| hessian[(i, i)].abs()).fold(0.0, f64::max);
        // Where squares underflow there is no way down.
        if largest < SMALLEST {
            return None;
        }
        let mut shift = 0.0;
        while shift <= 100.0 * largest {
            let mut shifted = hessian.clone();
            for i in 0..dim {
                shifted[(i, i)] += shift;
            }
            if let Ok(factor) = shifted.llt(Side::Lower) {
                let step = factor.solve(&self.gradient) * Scale(-1.0);
                return step.norm_l2().is_finite().then_some(step);
            }
            shift = if shift == 0.0 {
                1e-9 * largest
            } else {
                10.0 * shift
            };
        }
        None
    }
}

/// Takes a point near a local minimum of q = ½‖G‖² there, as exactly as rounding lets it be, by Newton's method for
/// ∇q = AᵀG with a trust region:
///
/// 1. H = AᵀA − Σ_i G_i D²F_i. Of the second term, the part along the right singular vectors of A with the smallest singular
///    values is taken (all of it in up to 24 dimensions, three directions in more); along the others AᵀA outweighs it. What is
///    missing there is learnt from the steps taken, by the update (BFGS) that makes H tell how ∇q changed.
/// 2. −H⁻¹∇q, with H shifted until it is positive definite, is cut to the trust radius.
/// 3. A step that lowers q, or leaves it to rounding and makes ∇q smaller, is taken and the radius doubled; else the radius
///    is a quarter of the step.
pub fn polish_slow<M: Map + ?Sized>(map: &M, point: &[f64]) -> Result<Vec<f64>, SpectrumError> {
    let dim = map.dim();
    let mut here = DescentPoint::at(map, point.to_vec());
    let count = if dim <= WHOLE { dim } else { CURVED };
    let directions = smallest(here.matrix.as_ref(), count)?.right;
    let scale = scale_of(point);
    let mut bend = here.bend(map, &directions);
    let mut radius = 0.1 * scale * (dim as f64).sqrt();
    for _ in 0..MOST_STEPS {
        let Some(step) = here.step(&bend) else {
            break;
        };
        let length = step.norm_l2();
        let share = (radius / length).min(1.0);
        let moved = |(i, x): (usize, &f64)| x + share * step[(i, 0)];
        let next = DescentPoint::at(map, here.point.iter().enumerate().map(moved).collect());
        if next.is_better_than(&here) {
            next.learn(&here, &(step * Scale(share)), &mut bend);
            here = next;
            radius *= 2.0;
        } else {
            radius = 0.25 * share * length;
        }
        if radius.min(length) <= 1e-15 * scale {
            break;
        }
        if share * length > FAR * scale {
            bend = here.bend(map, &directions);
        }
    }
    Ok(here.point)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;
    use crate::dynamics::points::newton::{NewtonEnd, NewtonLimits, solve};
    use crate::dynamics::points::starts::simulated;
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    /// Steps from x = 1 to 0.3 of x′ = tanh(2x + b) beyond its fold, as simulated: 115, 370, 1178, 3733.
    #[test]
    fn a_ghost_is_passed_in_the_time_that_its_normal_form_says() {
        for (distance, simulated) in [(1e-3, 115.0), (1e-4, 370.0), (1e-5, 1178.0), (1e-6, 3733.0)]
        {
            let map = CellMap::vanilla(&[2.0], vec![-0.532_839_975_353_5 - distance]);
            let only_fallback = NewtonLimits {
                newton_steps: 0,
                ..NewtonLimits::default()
            };
            let NewtonEnd::Minimum { point } = solve(&map, &[0.72], only_fallback) else {
                panic!("no minimum at {distance}");
            };
            let ghost = ghost(&map, &point).unwrap();
            assert!(
                ghost.smallest_singular_value < 0.1 * distance.sqrt() && ghost.alignment < 1e-4,
                "{ghost:?}"
            );
            let steps = ghost.passage_steps.unwrap();
            let margin = if distance > 5e-4 { 0.05 } else { 0.02 };
            assert!(
                (steps / simulated - 1.0).abs() < margin,
                "{steps} against {simulated}"
            );
            let mut x = vec![1.0];
            let mut next = x.clone();
            let mut counted = 0.0;
            while x[0] > 0.3 {
                map.step(&x, &mut next);
                std::mem::swap(&mut x, &mut next);
                counted += 1.0;
            }
            assert_eq!(counted, simulated);
        }
    }

    /// At a minimum of q that is no zero AᵀG = 0 and A is singular (both to rounding).
    #[test]
    fn slow_points_of_random_networks_are_exact_minima() {
        let mut seen = 0;
        for (units, seed) in [(12, 1_u64), (24, 2), (24, 3), (40, 4), (64, 5)] {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let deviation = 2.2 * (3.0 / f64::from(units)).sqrt();
            let mut draw = |size: f64| size * rng.random_range(-1.0..1.0);
            let weights: Vec<f64> = (0..units * units).map(|_| draw(deviation)).collect();
            let map = CellMap::vanilla(&weights, (0..units).map(|_| draw(0.3)).collect());
            for start in simulated(&map, 24, 0.5, seed) {
                let NewtonEnd::Minimum { point } = solve(&map, &start, NewtonLimits::default())
                else {
                    continue;
                };
                seen += 1;
                let before = crate::map::q(&map, &point);
                let point = polish_slow(&map, &point).unwrap();
                assert!(crate::map::q(&map, &point) <= before * (1.0 + 1e-9));
                let ghost = ghost(&map, &point).unwrap();
                assert!(ghost.alignment < 1e-11, "{units} {ghost:?}");
                assert!(ghost.smallest_singular_value < 1e-5, "{units} {ghost:?}");
            }
        }
        assert!(seen > 10, "{seen} slow points");
    }
}
