//! Slow points on the way of trials, and the two slowest modes of motion at each.

use faer::linalg::solvers::{DenseSolveCore as _, PartialPivLu, Solve as _};
use faer::{Mat, Side, c64};

use crate::dynamics::linear::spectrum::{SpectrumError, modulus};
use crate::map::Map;
use crate::svd::{singular_values, thin_svd};

/// Damping of the steps towards slow points: much larger than the squares of the singular values of I − J along which a network
/// stores anything, so that steps go to a slow manifold and not along it, and much smaller than those of what decays.
const DAMPING: f64 = 1e-2;
/// Steps of a minimisation at most.
const MOST_STEPS: usize = 40;
/// A minimisation ends where a step lowers q by less than this share.
const STAGNANT: f64 = 0.01;

/// The state at which the minimisation of q = ½‖F(x) − x‖² from a given state first finds q at most `tolerance`; `None` if it
/// stagnates above.
///
/// 1. d = −(AᵀA + μI)⁻¹AᵀG with G = x − F(x), A = I − J and a constant μ (Levenberg & Marquardt).
/// 2. x + d is taken if q is lower there.
///
/// As in the paper, a minimisation ends at a tolerance and not at a minimum: on a plane of slow points the minima of q are few,
/// and motion is slow everywhere.
pub(super) fn slow_point<M: Map + ?Sized>(
    map: &M,
    from: &[f64],
    tolerance: f64,
) -> Option<Vec<f64>> {
    let dim = map.dim();
    let mut state = from.to_vec();
    let (mut residual, mut q) = residual(map, &state);
    for _ in 0..MOST_STEPS {
        if q <= tolerance {
            return Some(state);
        }
        let mut jacobian = Mat::zeros(dim, dim);
        map.jacobian(&state, jacobian.as_mut());
        let matrix = Mat::<f64>::identity(dim, dim) - jacobian;
        let mut normal = matrix.transpose() * &matrix;
        for i in 0..dim {
            normal[(i, i)] += DAMPING;
        }
        let step = normal
            .llt(Side::Lower)
            .ok()?
            .solve(matrix.transpose() * &residual);
        let next: Vec<f64> = state
            .iter()
            .enumerate()
            .map(|(i, x)| x - step[(i, 0)])
            .collect();
        let (next_residual, next_q) = self::residual(map, &next);
        // NaN ends it, too.
        if next_q < (1.0 - STAGNANT) * q {
            (state, residual, q) = (next, next_residual, next_q);
        } else {
            return None;
        }
    }
    None
}

/// x − F(x), and half its square length.
fn residual<M: Map + ?Sized>(map: &M, state: &[f64]) -> (Mat<f64>, f64) {
    let mut image = vec![0.0; state.len()];
    map.step(state, &mut image);
    let residual = Mat::from_fn(state.len(), 1, |i, _| state[i] - image[i]);
    let q = 0.5 * residual.squared_norm_l2();
    (residual, q)
}

/// What motion does near a slow point: its multipliers, and its two slowest modes on both sides.
#[derive(Debug, Clone)]
pub(super) struct Modes {
    /// Eigenvalues, by falling modulus.
    pub(super) eigenvalues: Vec<(f64, f64)>,
    /// The two largest, and their right eigenvectors, `[dim][2]`.
    values: [c64; 2],
    right: Mat<c64>,
    /// Their left eigenvectors as rows, `[2][dim]`, with left · right = I.
    left: Mat<c64>,
}

impl Modes {
    /// Those of a map at a state, which need not be a fixed point.
    pub(super) fn at<M: Map + ?Sized>(map: &M, state: &[f64]) -> Result<Self, SpectrumError> {
        let dim = map.dim();
        let mut jacobian = Mat::zeros(dim, dim);
        map.jacobian(state, jacobian.as_mut());
        let eigen = jacobian.eigen().map_err(|_| SpectrumError { dim })?;
        let value = |i: usize| -> (f64, f64) { (eigen.S()[i].re, eigen.S()[i].im) };
        let mut order: Vec<usize> = (0..dim).collect();
        order.sort_by(|&a, &b| {
            let moduli = modulus(value(b)).total_cmp(&modulus(value(a)));
            moduli.then(value(b).1.total_cmp(&value(a).1))
        });
        let inverse = PartialPivLu::new(eigen.U()).inverse();
        let eigenvalues: Vec<(f64, f64)> = order.iter().map(|&i| value(i)).collect();
        Ok(Self {
            values: [0, 1].map(|k| eigen.S()[order[k]]),
            right: Mat::from_fn(dim, 2, |i, k| eigen.U()[(i, order[k])]),
            left: Mat::from_fn(2, dim, |k, i| inverse[(order[k], i)]),
            eigenvalues,
        })
    }

    /// Time constant |1/ln|λ|| of each mode in steps, of decay or growth.
    pub(super) fn time_constants(&self) -> impl Iterator<Item = f64> {
        self.eigenvalues
            .iter()
            .map(|&value| 1.0 / modulus(value).ln().abs())
    }

    /// Modes that do not decay by e within so many steps.
    pub(super) fn slower_than(&self, steps: f64) -> usize {
        let least = (-1.0 / steps).exp();
        self.eigenvalues
            .iter()
            .filter(|&&value| modulus(value) >= least)
            .count()
    }

    /// How many times longer the second mode lasts than the third: the ratio of their time constants, the shorter of the first
    /// two taken.
    pub(super) fn gap(&self) -> f64 {
        let slowest: Vec<f64> = self.time_constants().take(3).collect();
        match slowest[..] {
            [first, second, third] => first.min(second) / third,
            _ => f64::NAN,
        }
    }

    /// What the two slowest modes make of a small displacement in so many steps: Σ λᵏ r (l · d), `[dim]`.
    pub(super) fn carried(&self, displacement: &[f64], steps: usize) -> Vec<f64> {
        let along = |k: usize| -> c64 {
            let products = displacement.iter().enumerate();
            products.map(|(i, d)| self.left[(k, i)] * *d).sum()
        };
        let amounts = [0, 1].map(|k| self.values[k].powi(steps as i32) * along(k));
        let carried = |i: usize| (0..2).map(|k| (self.right[(i, k)] * amounts[k]).re).sum();
        (0..displacement.len()).map(carried).collect()
    }

    /// An orthonormal basis of the span of the two right eigenvectors, `[dim][2]`.
    pub(super) fn right_plane(&self) -> Mat<f64> {
        real_plane(&self.right)
    }

    /// The same of the left ones.
    pub(super) fn left_plane(&self) -> Mat<f64> {
        real_plane(&self.left.transpose().to_owned())
    }
}

/// The two leading left singular vectors of the real and imaginary parts of two vectors: their span where they are real or a pair.
fn real_plane(vectors: &Mat<c64>) -> Mat<f64> {
    let dim = vectors.nrows();
    let parts = Mat::from_fn(dim, 4, |i, k| {
        let entry = vectors[(i, k / 2)];
        if k % 2 == 0 { entry.re } else { entry.im }
    });
    orthonormal(&parts, 2)
}

/// The leading left singular vectors of a matrix; zero if they do not converge.
pub(super) fn orthonormal(vectors: &Mat<f64>, count: usize) -> Mat<f64> {
    thin_svd(vectors.as_ref()).map_or_else(
        || Mat::zeros(vectors.nrows(), count),
        |svd| svd.left.subcols(0, count).to_owned(),
    )
}

/// The larger of the two principal angles between two planes with orthonormal bases `[dim][2]`, in degrees.
pub(super) fn largest_angle(a: &Mat<f64>, b: &Mat<f64>) -> f64 {
    let Some(cosines) = singular_values((a.transpose() * b).as_ref()) else {
        return f64::NAN;
    };
    cosines[1].min(1.0).acos().to_degrees()
}
