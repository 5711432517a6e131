//! The leading eigenvalues of a large matrix, without all the others.
//!
//! For thousands of dimensions, where all eigenvalues would take seconds. Largest modulus is the only order that is
//! offered: for stability that is enough, since the last one that is found tells that all others lie further in.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::matrix_free::eigen::{PartialEigenParams, partial_eigen, partial_eigen_scratch};
use faer::{Col, Mat, Par, c64};

/// Residual of an eigenpair, relative to the matrix.
const TOLERANCE: f64 = 1e-10;
/// Restarts before an eigenvalue counts as not converged.
const MOST_RESTARTS: usize = 40;

/// The eigenvalues of largest modulus, up to `count` of them and fewer where the Krylov–Schur iteration (Stewart 2001) does
/// not converge to all; largest modulus first.
///
/// An empty result is possible: clusters of equal modulus (the edge of a circular law) converge slowly. Then
/// compute all. Deterministic: the start is fixed and one thread works.
///
/// Up to 16 are sought in a basis of 64 vectors that is restarted, more in one of ten times as many vectors, once: in larger
/// bases restarts of faer 0.24 do not converge further. What has converged is right either way.
pub fn leading_eigenvalues(matrix: &Mat<f64>, count: usize) -> Vec<c64> {
    let dim = matrix.nrows();
    let count = count.min(dim);
    let (basis, restarts) = match count {
        ..=16 => (64, MOST_RESTARTS),
        _ => (10 * count, 1),
    };
    let params = PartialEigenParams {
        min_dim: (basis / 2).min(dim),
        max_dim: basis.min(dim),
        max_restarts: restarts,
        ..PartialEigenParams::default()
    };
    let mut vectors = Mat::<c64>::zeros(dim, count);
    let mut values = vec![c64::ZERO; count];
    // Any start with a part along every eigenvector will do; the same one each time gives the same digits each time.
    let start = Col::from_fn(dim, |i| (1.0 + i as f64).sin());
    let start = &start * faer::Scale(1.0 / start.norm_l2());
    let operator = matrix.as_ref();
    let mut memory = MemBuffer::new(partial_eigen_scratch(&operator, count, Par::Seq, params));
    let info = partial_eigen(
        vectors.as_mut(),
        &mut values,
        &operator,
        start.as_ref(),
        TOLERANCE,
        Par::Seq,
        MemStack::new(&mut memory),
        params,
    );
    values.truncate(info.n_converged_eigen);
    // Of a pair at the end there may be one half.
    if values.last().is_some_and(|last| last.im > 0.0) {
        values.pop();
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn the_leading_eigenvalues_are_those_of_the_whole_spectrum() {
        for (dim, count) in [(160, 12), (400, 32)] {
            let mut rng = ChaCha8Rng::seed_from_u64(3);
            let scale = 1.0 / (dim as f64).sqrt();
            // A random bulk, and four eigenvalues that stand out of it, two of them a pair.
            let mut matrix = Mat::from_fn(dim, dim, |_, _| scale * rng.random_range(-1.0..1.0));
            for (i, outlier) in [(0, 2.0), (1, -1.7)] {
                matrix[(i, i)] += outlier;
            }
            for (i, j, entry) in [(2, 2, 1.1), (2, 3, 0.8), (3, 2, -0.8), (3, 3, 1.1)] {
                matrix[(i, j)] += entry;
            }
            let found = leading_eigenvalues(&matrix, count);
            let mut all = matrix.eigenvalues().unwrap_or_default();
            all.sort_by(|a, b| b.norm().total_cmp(&a.norm()));
            // The list ends before a pair that it could hold one half of.
            let (last, next) = (all[count - 1], all[count]);
            let is_half = last.im != 0.0 && (last.conj() - next).norm() < 1e-12;
            assert_eq!(found.len(), count - usize::from(is_half));
            for (found, expected) in found.iter().zip(&all) {
                assert!(
                    (found.norm() - expected.norm()).abs() < 1e-10,
                    "{found} {expected}"
                );
            }
        }
    }
}
