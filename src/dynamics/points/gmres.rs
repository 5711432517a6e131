//! Linear equations of Newton steps for many points at once, solved by GMRES: products J v alone, no factorisation.
//!
//! GMRES (Saad & Schultz 1986) with modified Gram–Schmidt and Givens rotations, without restarts. Each right-hand
//! side has a Krylov space of its own; what they share is the product with J of all newest vectors, one matrix
//! product. Fast where I − J is far from singular; near a fold it would need as many vectors as there are
//! dimensions, and starts there are handed back to be solved in full.

use crate::map::{Linearised, Map};
use crate::simd::vectorised;

/// x − F(x) of many points, `[count][dim]`.
pub(in crate::dynamics) fn residuals<M: Map + ?Sized>(map: &M, points: &[f64]) -> Vec<f64> {
    let mut images = vec![0.0; points.len()];
    map.step_batch(points, &mut images);
    points.iter().zip(images).map(|(x, f)| x - f).collect()
}

/// q = ½|x − F(x)|².
pub(in crate::dynamics) fn half_square(residual: &[f64]) -> f64 {
    0.5 * residual.iter().map(|r| r * r).sum::<f64>()
}

/// Arnoldi process of one right-hand side.
struct Krylov {
    /// Orthonormal basis, `[vectors][dim]`.
    basis: Vec<f64>,
    /// Columns of the triangular factor of the Hessenberg matrix.
    triangle: Vec<Vec<f64>>,
    /// Givens rotations that made it triangular.
    rotations: Vec<(f64, f64)>,
    /// Right-hand side in that basis.
    projected: Vec<f64>,
    /// Norm of the right-hand side.
    norm: f64,
    /// Length of the residual, relative to that of the right-hand side, at which it is done.
    tolerance: f64,
    is_done: bool,
}

impl Krylov {
    /// That of −residual.
    fn new(residual: &[f64], tolerance: f64) -> Self {
        let norm = norm(residual);
        let scale = if norm > 0.0 { -1.0 / norm } else { 0.0 };
        Self {
            basis: residual.iter().map(|g| scale * g).collect(),
            triangle: Vec::new(),
            rotations: Vec::new(),
            projected: vec![norm],
            norm,
            tolerance,
            is_done: norm == 0.0,
        }
    }

    /// The last vector of the basis.
    fn newest(&self, dim: usize) -> &[f64] {
        &self.basis[self.basis.len() - dim..]
    }

    /// Takes in J v for the newest vector v.
    #[inline(always)]
    fn extend(&mut self, image: &[f64]) {
        let dim = image.len();
        let mut next: Vec<f64> = self
            .newest(dim)
            .iter()
            .zip(image)
            .map(|(v, image)| v - image)
            .collect();
        let mut column = Vec::with_capacity(self.triangle.len() + 2);
        for v in self.basis.chunks_exact(dim) {
            let overlap = dot(v, &next);
            for (next, v) in next.iter_mut().zip(v) {
                *next -= overlap * v;
            }
            column.push(overlap);
        }
        let length = norm(&next);
        column.push(length);
        let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
        self.basis.extend(next.iter().map(|x| scale * x));
        self.push(column);
    }

    /// Takes in a column of the Hessenberg matrix; done when the residual is small enough.
    fn push(&mut self, mut column: Vec<f64>) {
        for (i, &(cos, sin)) in self.rotations.iter().enumerate() {
            let (a, b) = (column[i], column[i + 1]);
            column[i] = cos * a + sin * b;
            column[i + 1] = cos * b - sin * a;
        }
        let last = column.len() - 2;
        let (a, b) = (column[last], column[last + 1]);
        let length = a.hypot(b);
        let (cos, sin) = if length > 0.0 {
            (a / length, b / length)
        } else {
            (1.0, 0.0)
        };
        column[last] = length;
        column.truncate(last + 1);
        let residual = self.projected[last];
        self.projected[last] = cos * residual;
        self.projected.push(-sin * residual);
        self.rotations.push((cos, sin));
        self.triangle.push(column);
        self.is_done = (sin * residual).abs() <= self.tolerance * self.norm || length == 0.0;
    }

    /// Coefficients of the solution in the basis.
    fn coefficients(&self) -> Vec<f64> {
        let size = self.triangle.len();
        let mut y = vec![0.0; size];
        for i in (0..size).rev() {
            let rest: f64 = (i + 1..size).map(|j| self.triangle[j][i] * y[j]).sum();
            let pivot = self.triangle[i][i];
            y[i] = if pivot == 0.0 {
                0.0
            } else {
                (self.projected[i] - rest) / pivot
            };
        }
        y
    }

    /// Adds the solution to a vector of zeros.
    #[inline(always)]
    fn solution(&self, out: &mut [f64]) {
        for (y, v) in self
            .coefficients()
            .iter()
            .zip(self.basis.chunks_exact(out.len()))
        {
            for (x, v) in out.iter_mut().zip(v) {
                *x += y * v;
            }
        }
    }
}

/// When a linear solve ends.
#[derive(Debug, Clone, Copy)]
pub(in crate::dynamics) struct Accuracy {
    /// Residual relative to the right-hand side.
    pub(in crate::dynamics) residual: f64,
    /// Krylov vectors at most.
    pub(in crate::dynamics) vectors: usize,
}

/// Solves (I − J)d = −g for every row, `[rows][dim]`, by GMRES; J of each row is that at the point of the given place among
/// those that were linearised. Returns the solutions and which of them are as accurate as asked for.
pub(in crate::dynamics) fn gmres(
    linearised: &dyn Linearised,
    points: &[usize],
    residuals: &[f64],
    accuracy: Accuracy,
) -> (Vec<f64>, Vec<bool>) {
    if points.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let dim = residuals.len() / points.len();
    let mut rows: Vec<Krylov> = residuals
        .chunks_exact(dim)
        .map(|residual| Krylov::new(residual, accuracy.residual))
        .collect();
    for _ in 0..accuracy.vectors {
        let running: Vec<usize> = (0..rows.len()).filter(|&b| !rows[b].is_done).collect();
        if running.is_empty() {
            break;
        }
        let mut newest = Vec::with_capacity(running.len() * dim);
        for &b in &running {
            newest.extend_from_slice(rows[b].newest(dim));
        }
        let at: Vec<usize> = running.iter().map(|&b| points[b]).collect();
        let mut images = vec![0.0; newest.len()];
        linearised.apply(&at, &newest, &mut images);
        vectorised(|| {
            for (&b, image) in running.iter().zip(images.chunks_exact(dim)) {
                rows[b].extend(image);
            }
        });
    }
    let mut solution = vec![0.0; residuals.len()];
    vectorised(|| {
        for (krylov, out) in rows.iter().zip(solution.chunks_exact_mut(dim)) {
            krylov.solution(out);
        }
    });
    (solution, rows.iter().map(|row| row.is_done).collect())
}

/// Length, summed as [`dot`] does.
#[inline(always)]
pub(in crate::dynamics) fn norm(vector: &[f64]) -> f64 {
    dot(vector, vector).sqrt()
}

/// Σ a_i b_i in eight interleaved parts.
#[inline(always)]
pub(in crate::dynamics) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (chunks_a, rest_a) = a.as_chunks::<8>();
    let (chunks_b, rest_b) = b.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (x, y) in chunks_a.iter().zip(chunks_b) {
        for lane in 0..8 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f64 = rest_a.iter().zip(rest_b).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f64>() + rest
}
