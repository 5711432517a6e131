//! Singular value decompositions of any matrix of finite numbers.
//!
//! The divide and conquer of the crate faer (0.24) gives up now and then on a matrix of finite numbers: on one in some tens of thousands of
//! identities less a product of random factors, and more often near the Jacobians of a ring. Of those on which it did, it gave up on none
//! that was transposed or negated, so here that is what comes next.

use faer::traits::ComplexField;
use faer::traits::math_utils::real;
use faer::{Mat, MatRef, linalg::solvers};

/// A matrix as `left` · diag(`values`) · `right`ᴴ.
#[derive(Debug)]
pub(crate) struct Svd<T> {
    /// Left singular vectors, by columns.
    pub(crate) left: Mat<T>,
    /// Largest first.
    pub(crate) values: Vec<f64>,
    /// Right singular vectors, by columns.
    pub(crate) right: Mat<T>,
}

impl<T: ComplexField<Real = f64>> Svd<T> {
    fn of(svd: &solvers::Svd<T>) -> Self {
        Self {
            left: svd.U().to_owned(),
            values: svd.S().column_vector().iter().map(real).collect(),
            right: svd.V().to_owned(),
        }
    }
}

/// With all singular vectors; `None` if a number is not finite.
pub(crate) fn svd<T: ComplexField<Real = f64>>(matrix: MatRef<'_, T>) -> Option<Svd<T>> {
    decomposed(matrix, |matrix| solvers::Svd::new(matrix).ok())
}

/// With as many singular vectors as there are values; `None` if a number is not finite.
pub(crate) fn thin_svd(matrix: MatRef<'_, f64>) -> Option<Svd<f64>> {
    decomposed(matrix, |matrix| solvers::Svd::new_thin(matrix).ok())
}

/// Singular values, largest first; `None` if a number is not finite.
pub(crate) fn singular_values<T: ComplexField<Real = f64>>(
    matrix: MatRef<'_, T>,
) -> Option<Vec<f64>> {
    let of = |matrix: MatRef<'_, T>| matrix.singular_values().ok();
    of(matrix)
        .or_else(|| of(matrix.transpose()))
        .or_else(|| of((-matrix).as_ref()))
}

/// 1. The matrix as it is.
/// 2. Transposed (and conjugated): the sides change places.
/// 3. Negated: so are the left vectors.
fn decomposed<T: ComplexField<Real = f64>>(
    matrix: MatRef<'_, T>,
    of: impl Fn(MatRef<'_, T>) -> Option<solvers::Svd<T>>,
) -> Option<Svd<T>> {
    if let Some(svd) = of(matrix) {
        return Some(Svd::of(&svd));
    }
    if let Some(svd) = of(matrix.adjoint().to_owned().as_ref()) {
        let Svd {
            left,
            values,
            right,
        } = Svd::of(&svd);
        return Some(Svd {
            left: right,
            values,
            right: left,
        });
    }
    let svd = Svd::of(&of((-matrix).as_ref())?);
    Some(Svd {
        left: -svd.left,
        ..svd
    })
}

#[cfg(test)]
mod tests {
    use faer::c64;

    use super::*;

    const DIM: usize = 64;

    /// The identity less the product of two random factors of rank 6.
    fn from_identity(seed: u64) -> Mat<f64> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut uniform = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
        };
        let to = Mat::from_fn(DIM, 6, |_, _| uniform());
        let from = Mat::from_fn(DIM, 6, |_, _| uniform() * 4.0 / DIM as f64);
        Mat::<f64>::identity(DIM, DIM) - to * from.transpose()
    }

    fn multiplied(svd: &Svd<f64>) -> Mat<f64> {
        let scaled = Mat::from_fn(svd.left.nrows(), svd.values.len(), |i, j| {
            svd.left[(i, j)] * svd.values[j]
        });
        scaled * svd.right.subcols(0, svd.values.len()).transpose()
    }

    fn is_near(a: &Mat<f64>, b: &Mat<f64>) -> bool {
        (a - b).norm_l2() < 1e-12 * b.norm_l2()
    }

    /// faer 0.24 gives up on all of them.
    #[test]
    fn matrices_that_divide_and_conquer_gives_up_on_are_decomposed() {
        for matrix in [1212, 5628, 38648, 39577].map(from_identity) {
            for found in [svd(matrix.as_ref()), thin_svd(matrix.as_ref())] {
                let found = found.expect("finite numbers");
                assert!(is_near(&multiplied(&found), &matrix));
                assert!(found.values.is_sorted_by(|a, b| a >= b));
                let squares = found.left.transpose() * &found.left;
                assert!(is_near(&squares, &Mat::identity(DIM, DIM)));
            }
            let values = singular_values(matrix.as_ref()).expect("finite numbers");
            let complex = Mat::from_fn(DIM, DIM, |i, j| c64::new(0.0, matrix[(i, j)]));
            let turned = singular_values(complex.as_ref()).expect("finite numbers");
            for (a, b) in values.iter().zip(turned) {
                assert!((a - b).abs() < 1e-12, "{a} {b}");
            }
        }
    }

    /// Whatever attempt succeeds, what it gives is the decomposition of the matrix that was asked for.
    #[test]
    fn a_later_attempt_gives_the_decomposition_of_the_same_matrix() {
        let matrix = Mat::from_fn(3, 5, |i, j| ((3 * i + 7 * j) % 5) as f64 - 1.5 * i as f64);
        let is = |of: MatRef<'_, f64>, other: &Mat<f64>| of.cloned() == *other;
        let (turned, negated) = (matrix.transpose().to_owned(), -&matrix);
        for only in [&matrix, &turned, &negated] {
            let of = |at: MatRef<'_, f64>| {
                let is_it = is(at, only);
                is_it.then(|| solvers::Svd::new_thin(at).ok()).flatten()
            };
            let found = decomposed(matrix.as_ref(), of).expect("one attempt is answered");
            assert!(is_near(&multiplied(&found), &matrix));
        }
    }

    #[test]
    fn complex_matrices_are_decomposed_in_every_attempt() {
        let entry = |i: usize, j: usize| c64::new((i + 2 * j) as f64, i as f64 - (j * j) as f64);
        let matrix = Mat::from_fn(3, 3, entry);
        for attempt in 0..3 {
            let made = std::cell::Cell::new(0);
            let of = |at: MatRef<'_, c64>| {
                let is_it = made.replace(made.get() + 1) == attempt;
                is_it.then(|| solvers::Svd::new(at).ok()).flatten()
            };
            let found = decomposed(matrix.as_ref(), of).expect("one attempt is answered");
            let scaled = Mat::from_fn(3, 3, |i, j| found.left[(i, j)] * found.values[j]);
            let off = (scaled * found.right.adjoint() - &matrix).norm_l2();
            assert!(off < 1e-12 * matrix.norm_l2(), "{off}");
        }
    }

    #[test]
    fn what_is_not_finite_has_no_decomposition() {
        let mut matrix = Mat::<f64>::identity(3, 3);
        matrix[(1, 2)] = f64::NAN;
        assert!(svd(matrix.as_ref()).is_none() && thin_svd(matrix.as_ref()).is_none());
        assert!(singular_values(matrix.as_ref()).is_none());
    }
}
