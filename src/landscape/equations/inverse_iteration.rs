//! Eigenvectors of a real matrix to a few eigenvalues that are known, by inverse iteration on its Hessenberg form: one
//! reduction in O(n³), then O(n²) an eigenvalue (Golub and Van Loan, *Matrix Computations*, 7.6.1).
//!
//! Used where a few multipliers near the unit circle are looked at on each step of a branch: a full decomposition
//! with vectors would cost more than the step.

use faer::{Mat, c64};

/// Iterations; two are enough for all but the least separated.
const ITERATIONS: usize = 3;
/// The shift is so far from the eigenvalue, relative to its size (at least 1), that the matrix is regular.
const OFFSET: f64 = 1e-10;

/// A = Q H Qᵀ with an orthogonal Q and an H without entries below the first subdiagonal.
pub(in crate::landscape) struct Hessenberg {
    h: Mat<f64>,
    q: Mat<f64>,
}

impl Hessenberg {
    /// Householder reflections from both sides, column by column.
    pub(in crate::landscape) fn of(matrix: &Mat<f64>) -> Self {
        let dim = matrix.nrows();
        let mut h = matrix.clone();
        let mut q = Mat::from_fn(dim, dim, |i, j| f64::from(u8::from(i == j)));
        for k in 0..dim.saturating_sub(2) {
            let column = &h.col_as_slice(k)[k + 1..];
            let length = column.iter().map(|x| x * x).sum::<f64>().sqrt();
            if column[1..].iter().all(|x| *x == 0.0) {
                continue;
            }
            let mut v = column.to_vec();
            v[0] += length.copysign(v[0]);
            let square: f64 = v.iter().map(|x| x * x).sum();
            let scale = 2.0 / square;
            for j in k..dim {
                let column = &mut h.col_as_slice_mut(j)[k + 1..];
                let along: f64 = column.iter().zip(&v).map(|(x, v)| x * v).sum();
                for (x, v) in column.iter_mut().zip(&v) {
                    *x -= scale * along * v;
                }
            }
            reflect_columns(&mut h, k + 1, &v, scale);
            reflect_columns(&mut q, k + 1, &v, scale);
        }
        Self { h, q }
    }

    /// Right and left eigenvector of length 1 to an eigenvalue; `None` if they overflow.
    pub(in crate::landscape) fn eigenvectors(&self, value: c64) -> Option<(Vec<c64>, Vec<c64>)> {
        let factored = Shifted::new(&self.h, value + OFFSET * value.norm().max(1.0));
        let dim = self.h.nrows();
        let iterate = |solve: &dyn Fn(&mut [c64])| -> Option<Vec<c64>> {
            let mut vector: Vec<c64> = (0..dim).map(start).collect();
            for _ in 0..ITERATIONS {
                solve(&mut vector);
                let length = vector.iter().map(c64::norm_sqr).sum::<f64>().sqrt();
                if !length.is_finite() || length == 0.0 {
                    return None;
                }
                for x in &mut vector {
                    *x /= length;
                }
            }
            Some(self.rotated(&vector))
        };
        let right = iterate(&|x| factored.solve(x))?;
        let left = iterate(&|x| factored.solve_adjoint(x))?;
        Some((right, left))
    }

    /// Q v.
    fn rotated(&self, v: &[c64]) -> Vec<c64> {
        let mut out = vec![c64::new(0.0, 0.0); v.len()];
        for (j, v) in v.iter().enumerate() {
            for (out, q) in out.iter_mut().zip(self.q.col_as_slice(j)) {
                *out += v * *q;
            }
        }
        out
    }
}

/// M ← M(I − scale v vᵀ), v in the coordinates from `first` on.
fn reflect_columns(matrix: &mut Mat<f64>, first: usize, v: &[f64], scale: f64) {
    let dim = matrix.nrows();
    let mut along = vec![0.0; dim];
    for (j, v) in v.iter().enumerate() {
        for (sum, x) in along.iter_mut().zip(matrix.col_as_slice(first + j)) {
            *sum += v * x;
        }
    }
    for (j, v) in v.iter().enumerate() {
        let column = matrix.col_as_slice_mut(first + j);
        for (x, along) in column.iter_mut().zip(&along) {
            *x -= scale * v * along;
        }
    }
}

/// A vector that no symmetry makes orthogonal to an eigenvector.
fn start(i: usize) -> c64 {
    let i = i as f64;
    c64::new(1.0 + 0.37 * (2.4 * i).sin(), 0.11 * i.cos())
}

/// P(H − μI) = LU by rows, with swaps of neighbours.
struct Shifted {
    /// U, row by row.
    rows: Vec<Vec<c64>>,
    /// What of row k was taken from row k + 1, after they were swapped if the flag says so.
    steps: Vec<(c64, bool)>,
}

impl Shifted {
    fn new(h: &Mat<f64>, shift: c64) -> Self {
        let dim = h.nrows();
        let mut rows: Vec<Vec<c64>> = (0..dim)
            .map(|i| {
                let entry = |j: usize| {
                    let real = if j + 1 >= i { h[(i, j)] } else { 0.0 };
                    c64::new(real, 0.0) - if i == j { shift } else { c64::new(0.0, 0.0) }
                };
                (0..dim).map(entry).collect()
            })
            .collect();
        let mut steps = Vec::with_capacity(dim.saturating_sub(1));
        for k in 0..dim.saturating_sub(1) {
            let is_swapped = rows[k + 1][k].norm_sqr() > rows[k][k].norm_sqr();
            if is_swapped {
                rows.swap(k, k + 1);
            }
            let (above, below) = rows.split_at_mut(k + 1);
            let (pivot, row) = (&above[k], &mut below[0]);
            let factor = if pivot[k] == c64::new(0.0, 0.0) {
                pivot[k]
            } else {
                row[k] / pivot[k]
            };
            for (x, p) in row[k..].iter_mut().zip(&pivot[k..]) {
                *x -= factor * p;
            }
            steps.push((factor, is_swapped));
        }
        // A pivot that vanishes is one that rounding has taken away.
        for (k, row) in rows.iter_mut().enumerate() {
            if row[k] == c64::new(0.0, 0.0) {
                row[k] = c64::new(f64::EPSILON, 0.0);
            }
        }
        Self { rows, steps }
    }

    /// x ← (H − μI)⁻¹x.
    fn solve(&self, x: &mut [c64]) {
        for (k, (factor, is_swapped)) in self.steps.iter().enumerate() {
            if *is_swapped {
                x.swap(k, k + 1);
            }
            let above = x[k];
            x[k + 1] -= factor * above;
        }
        for k in (0..x.len()).rev() {
            let row = &self.rows[k];
            let known = row[k + 1..].iter().zip(&x[k + 1..]);
            let sum: c64 = known.map(|(u, x)| u * x).sum();
            x[k] = (x[k] - sum) / row[k];
        }
    }

    /// x ← (H − μI)⁻ᴴx.
    fn solve_adjoint(&self, x: &mut [c64]) {
        for k in 0..x.len() {
            x[k] /= self.rows[k][k].conj();
            let (known, rest) = x.split_at_mut(k + 1);
            for (x, u) in rest.iter_mut().zip(&self.rows[k][k + 1..]) {
                *x -= u.conj() * known[k];
            }
        }
        for (k, (factor, is_swapped)) in self.steps.iter().enumerate().rev() {
            let below = x[k + 1];
            x[k] -= factor.conj() * below;
            if *is_swapped {
                x.swap(k, k + 1);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn eigenvectors_satisfy_their_equations() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for dim in [1, 2, 3, 7, 20] {
            let matrix = Mat::from_fn(dim, dim, |_, _| rng.random_range(-1.0..1.0));
            let form = Hessenberg::of(&matrix);
            for value in matrix.eigenvalues().unwrap() {
                let (right, left) = form.eigenvectors(value).unwrap();
                for i in 0..dim {
                    let row: c64 = (0..dim).map(|j| right[j] * matrix[(i, j)]).sum();
                    assert!((row - value * right[i]).norm() < 1e-9, "{dim} right");
                    let column: c64 = (0..dim).map(|j| left[j].conj() * matrix[(j, i)]).sum();
                    assert!(
                        (column - value * left[i].conj()).norm() < 1e-9,
                        "{dim} left"
                    );
                }
            }
        }
    }

    #[test]
    fn a_matrix_in_blocks_has_its_eigenvectors_too() {
        // Nothing to reduce, and a column of zeros.
        let matrix = Mat::from_fn(4, 4, |i, j| match (i, j) {
            (0, 0) => 0.5,
            (2, 2) => -0.9,
            (3, 2) => 1.0,
            _ => 0.0,
        });
        let form = Hessenberg::of(&matrix);
        let (right, left) = form.eigenvectors(c64::new(-0.9, 0.0)).unwrap();
        assert!((right[3] * -0.9 - right[2]).norm() < 1e-9);
        assert!((left[2].norm() - 1.0).abs() < 1e-9);
    }
}
