//! The smallest singular values of a matrix, with their vectors.
//!
//! Where I − J is nearly singular, its smallest singular value says how nearly, and the vectors are what Newton's
//! method on the augmented equations of a fold starts from.

use faer::linalg::solvers::{PartialPivLu, Solve as _};
use faer::{Mat, MatRef};

use super::spectrum::SpectrumError;
use crate::svd::thin_svd;

/// Below this size all singular values are as cheap.
pub(crate) const DENSE: usize = 48;
/// Vectors that are iterated beside those that are wanted.
const SPARE: usize = 4;
/// Iterations at most.
const MOST_ITERATIONS: usize = 12;
/// The smallest singular value is known when an iteration changes it by less than this share, the others, which are not wanted
/// as exactly, by less than that.
const SETTLED: (f64, f64) = (1e-10, 0.01);

/// The smallest singular values of a square matrix, smallest first, and the largest.
pub(crate) struct Smallest {
    /// Smallest singular values, rising: the first to rounding, the others of a large matrix to a few percent.
    pub(crate) values: Vec<f64>,
    /// Right singular vectors as columns.
    pub(crate) right: Mat<f64>,
    /// Left singular vectors as columns.
    pub(crate) left: Mat<f64>,
    /// The largest singular value, or of a large matrix the Frobenius norm, which it does not exceed.
    pub(crate) norm: f64,
}

/// The `count` smallest singular values of a square matrix.
///
/// 1. A small matrix, and one that is singular to working precision, is decomposed in full.
/// 2. Otherwise X ← orth((AᵀA)⁻¹X), which converges the faster the larger the gap behind the vectors that are wanted.
/// 3. The singular value decomposition of A X (Rayleigh–Ritz) gives values and right vectors v; the left ones are A⁻ᵀv, for
///    A v is rounding where the value is tiny.
pub(crate) fn smallest(matrix: MatRef<'_, f64>, count: usize) -> Result<Smallest, SpectrumError> {
    let dim = matrix.nrows();
    let count = count.min(dim);
    if dim <= DENSE {
        return dense(matrix, count);
    }
    let lu = PartialPivLu::new(matrix);
    let mut basis = orthonormal(&Mat::from_fn(dim, count + SPARE, |i, j| {
        (1.0 + (i * (count + SPARE) + j) as f64 * 0.754_877_666).sin()
    }));
    let mut previous = vec![f64::INFINITY; count];
    for _ in 0..MOST_ITERATIONS {
        let mut next = lu.solve_transpose(&basis);
        lu.solve_in_place(next.as_mut());
        let is_finite =
            (0..next.ncols()).all(|j| next.col_as_slice(j).iter().all(|x| x.is_finite()));
        if !is_finite {
            return dense(matrix, count);
        }
        basis = orthonormal(&next);
        let found = ritz(matrix, &lu, &basis, count)?;
        let changes = found.values.iter().zip(&previous);
        let changes: Vec<f64> = changes
            .map(|(now, before)| (now - before).abs() / before)
            .collect();
        if changes[0] <= SETTLED.0 && changes.iter().all(|change| *change <= SETTLED.1) {
            return Ok(found);
        }
        previous.clone_from(&found.values);
    }
    dense(matrix, count)
}

/// Step 1.
fn dense(matrix: MatRef<'_, f64>, count: usize) -> Result<Smallest, SpectrumError> {
    let dim = matrix.nrows();
    let svd = thin_svd(matrix).ok_or(SpectrumError { dim })?;
    let last = |of: &Mat<f64>| Mat::from_fn(dim, count, |i, j| of[(i, dim - 1 - j)]);
    Ok(Smallest {
        values: (0..count).map(|j| svd.values[dim - 1 - j]).collect(),
        right: last(&svd.right),
        left: last(&svd.left),
        norm: svd.values[0],
    })
}

/// Step 3.
fn ritz(
    matrix: MatRef<'_, f64>,
    lu: &PartialPivLu<f64>,
    basis: &Mat<f64>,
    count: usize,
) -> Result<Smallest, SpectrumError> {
    let (dim, width) = (basis.nrows(), basis.ncols());
    let image = matrix * basis;
    let svd = thin_svd(image.as_ref()).ok_or(SpectrumError { dim })?;
    let of_basis = basis * svd.right;
    let right = Mat::from_fn(dim, count, |i, j| of_basis[(i, width - 1 - j)]);
    let mut left = lu.solve_transpose(&right);
    for j in 0..count {
        let length = left.col(j).norm_l2();
        for x in left.col_as_slice_mut(j) {
            *x /= length;
        }
    }
    Ok(Smallest {
        values: (0..count).map(|j| svd.values[width - 1 - j]).collect(),
        right,
        left,
        norm: matrix.norm_l2(),
    })
}

fn orthonormal(columns: &Mat<f64>) -> Mat<f64> {
    columns.qr().compute_thin_Q()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Against the full decomposition, with one tiny singular value and without.
    #[test]
    fn the_smallest_are_those_of_the_full_decomposition() {
        for (dim, tiny) in [(20, 1e-9), (64, 1e-7), (100, 1e-12), (100, 0.02), (80, 0.3)] {
            let random = |seed: f64| {
                orthonormal(&Mat::from_fn(dim, dim, |i, j| {
                    ((i * dim + j) as f64 * 0.37 + seed).sin()
                }))
            };
            let (u, v) = (random(1.0), random(2.0));
            let value = |k: usize| if k == 0 { tiny } else { 0.4 + 0.05 * k as f64 };
            let matrix = Mat::from_fn(dim, dim, |i, j| {
                (0..dim)
                    .map(|k| u[(i, k)] * value(k) * v[(j, k)])
                    .sum::<f64>()
            });
            let found = smallest(matrix.as_ref(), 3).unwrap();
            for k in 0..3 {
                let error = (found.values[k] - value(k)).abs();
                assert!(
                    error < 1e-13 + 0.05 * value(k) * f64::from(u8::from(k > 0)),
                    "{dim} {tiny}: {error}"
                );
            }
            let overlap =
                |a: &Mat<f64>, b: &Mat<f64>| (0..dim).map(|i| a[(i, 0)] * b[(i, 0)]).sum::<f64>();
            assert!((overlap(&found.right, &v).abs() - 1.0).abs() < 1e-10);
            assert!((overlap(&found.left, &u).abs() - 1.0).abs() < 1e-10);
        }
    }
}
