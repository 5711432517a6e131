//! Many starts at once: inexact Newton steps that need no factorisation, until a start is near a known root or close to a
//! new one.
//!
//! All starts share the weights, so the products J v of a whole batch are one matrix product; a Newton step to a tenth
//! takes a dozen of them, far less than a factorisation per start. Nothing is decided here that a factorisation would
//! decide otherwise: what is not plainly on its way to a known root is handed back, to be solved in full.

use super::roots::Roots;
use crate::map::{Linearised, Map};
use crate::simd::vectorised;

/// Starts worked on together.
pub const BATCH: usize = 32;
/// Below this dimension a factorisation is as cheap.
pub const SMALLEST_DIM: usize = 32;

/// Newton steps before a start is handed back.
const NEWTON_STEPS: usize = 12;
/// Halvings of a step before that.
const HALVINGS: usize = 5;
/// The linear solves of Newton steps.
const STEP: Accuracy = Accuracy {
    residual: 0.1,
    vectors: 24,
};
/// A start with q below this that is not near a known root is close to a new one.
pub(in crate::dynamics) const CLOSE: f64 = 1e-7;

/// Where a start was left.
#[derive(Debug, Clone, PartialEq)]
pub enum Left {
    /// On its way to the known root of this place in the list.
    AtKnown(usize),
    /// Here, close to a root that is not known, or where it began.
    At(Vec<f64>),
    /// Here, where Newton steps lead no further.
    Stalled(Vec<f64>),
}

/// Takes a batch of starts as far as inexact Newton steps lead; no step at all if the map is small or offers no products
/// J v.
///
/// 1. G = x − F(x). A start that belongs to a known root ([`Roots::claim`]) is left, and so is one with q < 10⁻⁷ that
///    belongs to none.
/// 2. (I − J)d = −G to a tenth by GMRES, for all starts at once.
/// 3. d is halved until q falls by Armijo's rule; a start for which no halving helps, or that is still on its way after twelve
///    steps, is left as stalled.
pub fn descend<M: Map + ?Sized>(map: &M, known: &Roots<'_, M>, starts: Vec<Vec<f64>>) -> Vec<Left> {
    let dim = map.dim();
    let mut batch = Batch {
        map,
        active: (0..starts.len()).collect(),
        points: starts.concat(),
        residuals: Vec::new(),
        left: starts.into_iter().map(Left::At).collect(),
    };
    if dim < SMALLEST_DIM {
        return batch.left;
    }
    batch.residuals = residuals(map, &batch.points);
    for _ in 0..NEWTON_STEPS {
        batch.leave(known);
        if batch.active.is_empty() {
            break;
        }
        let Some(linearised) = map.linearised(&batch.points) else {
            return batch.left;
        };
        let rows: Vec<usize> = (0..batch.active.len()).collect();
        let (directions, _) = gmres(&*linearised, &rows, &batch.residuals, STEP);
        batch.line_search(&directions);
    }
    batch.leave_stalled();
    batch.left
}

/// x − F(x) of many points, `[count][dim]`.
pub(in crate::dynamics) fn residuals<M: Map + ?Sized>(map: &M, points: &[f64]) -> Vec<f64> {
    let mut images = vec![0.0; points.len()];
    map.step_batch(points, &mut images);
    points.iter().zip(images).map(|(x, f)| x - f).collect()
}

/// Starts on their way.
struct Batch<'a, M: ?Sized> {
    map: &'a M,
    /// Their places in the list of starts.
    active: Vec<usize>,
    /// Where they are, `[active][dim]`.
    points: Vec<f64>,
    /// x − F(x) there.
    residuals: Vec<f64>,
    /// Where every start was left, or began.
    left: Vec<Left>,
}

impl<M: Map + ?Sized> Batch<'_, M> {
    fn row(&self, place: usize) -> std::ops::Range<usize> {
        let dim = self.map.dim();
        place * dim..(place + 1) * dim
    }

    /// Step 1.
    fn leave(&mut self, known: &Roots<'_, M>) {
        let claims = known.claim(&self.points, &self.residuals);
        let mut kept = Vec::new();
        for (place, claim) in claims.into_iter().enumerate() {
            if let Some(root) = claim {
                self.left[self.active[place]] = Left::AtKnown(root);
            } else if half_square(&self.residuals[self.row(place)]) < CLOSE {
                self.left[self.active[place]] = Left::At(self.points[self.row(place)].to_vec());
            } else {
                kept.push(place);
            }
        }
        self.keep(&kept);
    }

    /// Leaves all that are still on their way where they are.
    fn leave_stalled(&mut self) {
        for place in 0..self.active.len() {
            self.left[self.active[place]] = Left::Stalled(self.points[self.row(place)].to_vec());
        }
    }

    /// Goes on with these alone.
    fn keep(&mut self, kept: &[usize]) {
        for (to, &from) in kept.iter().enumerate() {
            self.active[to] = self.active[from];
            let (from, to) = (self.row(from), self.row(to).start);
            self.points.copy_within(from.clone(), to);
            self.residuals.copy_within(from, to);
        }
        let length = self.row(kept.len()).start;
        self.active.truncate(kept.len());
        self.points.truncate(length);
        self.residuals.truncate(length);
    }

    /// Step 3.
    fn line_search(&mut self, directions: &[f64]) {
        let mut waiting: Vec<usize> = (0..self.active.len()).collect();
        let mut scale = 1.0;
        for _ in 0..=HALVINGS {
            if waiting.is_empty() {
                return;
            }
            let tried: Vec<f64> = waiting
                .iter()
                .flat_map(|&place| self.row(place))
                .map(|i| self.points[i] + scale * directions[i])
                .collect();
            let residuals = residuals(self.map, &tried);
            let mut refused = Vec::new();
            for (row, &place) in waiting.iter().enumerate() {
                let (from, to) = (self.row(row), self.row(place));
                let before = half_square(&self.residuals[to.clone()]);
                if half_square(&residuals[from.clone()]) <= (1.0 - 2e-4 * scale) * before {
                    self.points[to.clone()].copy_from_slice(&tried[from.clone()]);
                    self.residuals[to].copy_from_slice(&residuals[from]);
                } else {
                    refused.push(place);
                }
            }
            waiting = refused;
            scale *= 0.5;
        }
        for &place in &waiting {
            self.left[self.active[place]] = Left::Stalled(self.points[self.row(place)].to_vec());
        }
        let kept: Vec<usize> = (0..self.active.len())
            .filter(|place| !waiting.contains(place))
            .collect();
        self.keep(&kept);
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;

    /// Three bits of 16 units each, x = tanh(2 · mean of its bit): all starts that are not plainly at one of the 27
    /// known roots are handed back, and those that are, are at the nearest one.
    #[test]
    fn starts_of_a_memory_reach_its_known_roots() {
        let weights: Vec<f64> = (0..48 * 48)
            .map(|place| {
                if place / 48 / 16 == place % 48 / 16 {
                    2.0 / 16.0
                } else {
                    0.0
                }
            })
            .collect();
        let map = CellMap::vanilla(&weights, vec![0.0; 48]);
        let level = 0.957_504_024_077_269;
        let known: Vec<Vec<f64>> = (0..27)
            .map(|code| {
                let signs = [code / 9, code / 3 % 3, code % 3].map(|digit| f64::from(digit) - 1.0);
                (0..48).map(|unit| level * signs[unit / 16]).collect()
            })
            .collect();
        let starts: Vec<Vec<f64>> = known
            .iter()
            .enumerate()
            .map(|(seed, root)| {
                let jitter =
                    |(unit, x): (usize, &f64)| x + 0.2 * (37.0 * unit as f64 + seed as f64).sin();
                root.iter().enumerate().map(jitter).collect()
            })
            .collect();
        let left = descend(
            &map,
            &Roots::new(&map, known.clone(), Vec::new()),
            starts.clone(),
        );
        let expected: Vec<Left> = (0..27).map(Left::AtKnown).collect();
        assert_eq!(left, expected);
        for left in descend(&map, &Roots::new(&map, Vec::new(), Vec::new()), starts) {
            let Left::At(point) = left else {
                panic!("nothing was known")
            };
            let nearest = known.iter().map(|root| {
                root.iter()
                    .zip(&point)
                    .map(|(a, b)| (a - b).abs())
                    .fold(0.0, f64::max)
            });
            assert!(
                nearest.fold(f64::INFINITY, f64::min) < 1e-2,
                "inexact steps led close to a root"
            );
        }
    }
}
