//! Roots that lie further along a slow curve.
//!
//! Where I − J is nearly singular, x − F(x) may be tiny all along a curve and vanish here and there: a chain of stable points and
//! saddles, as the fixed points of a discrete ring. Newton's method does not get along such a curve, for every straight step
//! off it makes x − F(x) larger.

use faer::Mat;
use faer::linalg::solvers::{PartialPivLu, Solve as _};

use super::newton::residual;
use crate::dynamics::linear::singular::smallest;
use crate::map::Map;
use crate::norms::scale_of;

/// First step and longest step along the curve, relative to the largest coordinate (at least 1) times √dim.
const STEPS: (f64, f64) = (2e-3, 0.03);
/// Growth of a step.
const GROWTH: f64 = 1.5;
/// Steps to each side.
const MOST_STEPS: usize = 24;
/// Corrections of a step.
const CORRECTIONS: usize = 6;
/// Halvings of the stretch with a root.
const HALVINGS: usize = 40;
/// Where what is left of x − F(x) has grown so much, the curve is no longer slow.
const MOST_GROWN: f64 = 100.0;

/// A place on the curve.
#[derive(Clone)]
struct CurvePoint {
    point: Vec<f64>,
    /// Left and right singular vectors of I − J to the smallest singular value.
    left: Vec<f64>,
    right: Vec<f64>,
    /// leftᵀ(x − F(x)), all that is left of x − F(x) there.
    rest: f64,
}

/// A place near the first root along the slow curve through a point, to either side; `None` if the curve ends before.
///
/// 1. At a place on the curve, u and v are the singular vectors of A = I − J to its smallest singular value. A step goes along v
///    and is corrected by [[A, u], [vᵀ, 0]] in the plane normal to v, until uᵀG is all that is left of G = x − F(x).
/// 2. Where uᵀG changes its sign, the step is halved until the root is between two places that are one to rounding.
pub(in crate::dynamics) fn root_along<M: Map + ?Sized>(map: &M, point: &[f64]) -> Option<Vec<f64>> {
    let first = CurvePoint::at(map, point.to_vec(), None)?;
    let unit = scale_of(point) * (point.len() as f64).sqrt();
    for side in [1.0, -1.0] {
        let mut here = first.clone();
        let mut step = STEPS.0 * unit;
        for _ in 0..MOST_STEPS {
            let Some(next) = here.moved(map, side * step) else {
                break;
            };
            if next.rest * here.rest <= 0.0 {
                return Some(between(map, &here, side * step));
            }
            if next.rest.abs() > MOST_GROWN * first.rest.abs() {
                break;
            }
            here = next;
            step = (GROWTH * step).min(STEPS.1 * unit);
        }
    }
    None
}

/// Step 2.
fn between<M: Map + ?Sized>(map: &M, from: &CurvePoint, step: f64) -> Vec<f64> {
    let (mut low, mut high) = (0.0, step);
    let mut nearest = from.point.clone();
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        let Some(place) = from.moved(map, middle) else {
            break;
        };
        if place.rest * from.rest > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
        nearest = place.point;
    }
    nearest
}

impl CurvePoint {
    fn at<M: Map + ?Sized>(map: &M, point: Vec<f64>, before: Option<&Self>) -> Option<Self> {
        let matrix = matrix_at(map, &point);
        let found = smallest(matrix.as_ref(), 1).ok()?;
        let (mut left, mut right) = (
            found.left.col_as_slice(0).to_vec(),
            found.right.col_as_slice(0).to_vec(),
        );
        if let Some(before) = before {
            // Both turn on continuously.
            orient(&mut right, &before.right);
            orient(&mut left, &before.left);
        }
        let rest = dot(&left, &residual(map, &point));
        Some(Self {
            point,
            left,
            right,
            rest,
        })
    }

    /// Step 1.
    fn moved<M: Map + ?Sized>(&self, map: &M, length: f64) -> Option<Self> {
        let dim = self.point.len();
        let along = self.point.iter().zip(&self.right);
        let guess: Vec<f64> = along.map(|(x, v)| x + length * v).collect();
        let mut point = guess.clone();
        let matrix = matrix_at(map, &guess);
        let border = Mat::from_fn(dim + 1, dim + 1, |i, j| match (i < dim, j < dim) {
            (true, true) => matrix[(i, j)],
            (true, false) => self.left[i],
            (false, true) => self.right[j],
            (false, false) => 0.0,
        });
        let border = PartialPivLu::new(border.as_ref());
        let mut previous = f64::INFINITY;
        for _ in 0..CORRECTIONS {
            let residual = residual(map, &point);
            let aside: f64 = (0..dim)
                .map(|i| self.right[i] * (point[i] - guess[i]))
                .sum();
            let right_side = Mat::from_fn(
                dim + 1,
                1,
                |i, _| -if i == dim { aside } else { residual[i] },
            );
            let correction = border.solve(&right_side);
            for (x, d) in point.iter_mut().zip(correction.col_as_slice(0)) {
                *x += d;
            }
            let size = correction.col(0).subrows(0, dim).norm_l2();
            if size.is_nan() || size > length.abs() || size > previous && size > 1e-12 {
                return None;
            }
            previous = size;
        }
        Self::at(map, point, Some(self))
    }
}

/// I − J.
fn matrix_at<M: Map + ?Sized>(map: &M, point: &[f64]) -> Mat<f64> {
    let dim = point.len();
    let mut jacobian = Mat::zeros(dim, dim);
    map.jacobian(point, jacobian.as_mut());
    Mat::<f64>::identity(dim, dim) - jacobian
}

fn orient(vector: &mut [f64], along: &[f64]) {
    if dot(vector, along) < 0.0 {
        for x in vector {
            *x = -*x;
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::f64::consts::PI;

    use super::*;
    use crate::cell::map::CellMap;
    use crate::dynamics::points::newton::{NewtonLimits, newton};

    /// A ring of 36 units has 72 fixed points on a circle along which x − F(x) is at most about 10⁻⁹: from anywhere on it one
    /// of the two neighbouring points is found.
    #[test]
    fn the_next_point_of_a_ring_is_found_from_everywhere() {
        let units = 36;
        let angle = |unit: usize| 2.0 * PI * unit as f64 / units as f64;
        let weights: Vec<f64> = (0..units * units)
            .map(|place| 4.0 / units as f64 * (angle(place / units) - angle(place % units)).cos())
            .collect();
        let map = CellMap::vanilla(&weights, vec![0.0; units]);
        for step in 0..24 {
            let phase = 0.3 + 0.011 * f64::from(step);
            let mut state: Vec<f64> = (0..units)
                .map(|i| (2.3 * (angle(i) - phase).cos()).tanh())
                .collect();
            let mut next = state.clone();
            for _ in 0..60 {
                map.step(&state, &mut next);
                std::mem::swap(&mut state, &mut next);
            }
            let near = root_along(&map, &state).unwrap();
            let root = newton(&map, &near, NewtonLimits::default()).unwrap();
            let phase_of = |state: &[f64]| {
                let sum =
                    |f: fn(f64) -> f64| (0..units).map(|i| f(angle(i)) * state[i]).sum::<f64>();
                sum(f64::sin).atan2(sum(f64::cos))
            };
            let spacing = PI / units as f64;
            let found = phase_of(&root) / spacing;
            assert!((found - found.round()).abs() < 1e-4, "{found}");
            assert!(
                (phase_of(&root) - phase).abs() < 1.01 * spacing,
                "{phase} {found}"
            );
        }
    }
}
