//! Rotations and tangling of states over time.
//!
//! Rotations, jPCA (Churchland et al. 2012, Nature 487:51):
//!
//! 1. The mean over conditions at each time is taken away, and what is left is reduced to its first principal components.
//! 2. Their change from step to step is fitted by a linear map of the states, once any, once a skew-symmetric one M = −Mᵀ, which
//!    turns and does nothing else. With X the states and D the changes, rows in time, M solves XᵀX M + M XᵀX = XᵀD − DᵀX: in the basis in
//!    which XᵀX is diagonal, M_ij = C_ij/(d_i + d_j).
//! 3. The R² of both, and the largest angular velocity of M.
//!
//! Tangling (Russo et al. 2018, Neuron 97:953): Q at a time t is the largest ‖ẋ_t − ẋ_s‖²/(‖x_t − x_s‖² + ε) over all times s of all
//! conditions, ε a tenth of the variance of the states. It is large where nearby states go elsewhere, which no flow without inputs can do.
//!
//! ```
//! use creode::statistics::rotations::{Course, rotations, tangling};
//!
//! // Two conditions that turn by 0.1 rad a step from opposite sides.
//! let turn = |phase: f64| (0..50).map(move |t| { let a = 0.1 * f64::from(t) + phase; vec![a.cos(), a.sin()] });
//! let course = Course::new(vec![turn(0.0).collect(), turn(std::f64::consts::PI).collect()]);
//! let found = rotations(&course, 2).unwrap();
//! assert!(found.skew_r2 > 0.99 * found.any_r2);
//! assert!((found.radians_per_step - 0.1).abs() < 1e-3);
//! assert!(tangling(&course).iter().all(|q| *q < 0.011));
//! ```

use faer::{Mat, Side};

use crate::svd::thin_svd;

/// States over time: `[condition][step][dimension]`, all conditions equally long.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    conditions: Vec<Vec<Vec<f64>>>,
}

/// How well states turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rotations {
    /// Principal components that were fitted.
    pub components: usize,
    /// Share of the variance over conditions that they hold.
    pub variance: f64,
    /// R² of the changes under any linear map.
    pub any_r2: f64,
    /// R² under a skew-symmetric one.
    pub skew_r2: f64,
    /// Its largest angular velocity.
    pub radians_per_step: f64,
}

impl Course {
    /// From states `[condition][step][dimension]`.
    pub fn new(conditions: Vec<Vec<Vec<f64>>>) -> Self {
        Self { conditions }
    }

    fn dim(&self) -> usize {
        self.conditions.iter().flatten().next().map_or(0, Vec::len)
    }

    /// Without the mean over conditions at each time.
    fn without_common_part(&self) -> Self {
        let steps = self.conditions.iter().map(Vec::len).min().unwrap_or(0);
        let count = self.conditions.len() as f64;
        let mean = |step: usize, axis: usize| {
            self.conditions.iter().map(|of| of[step][axis]).sum::<f64>() / count
        };
        let means: Vec<Vec<f64>> = (0..steps)
            .map(|step| (0..self.dim()).map(|axis| mean(step, axis)).collect())
            .collect();
        let rest = |of: &Vec<Vec<f64>>| {
            let pairs = of.iter().zip(&means);
            pairs
                .map(|(x, mean)| x.iter().zip(mean).map(|(x, m)| x - m).collect())
                .collect()
        };
        Self::new(self.conditions.iter().map(rest).collect())
    }

    /// All states, one a row.
    fn rows(&self) -> Mat<f64> {
        let rows: Vec<&Vec<f64>> = self.conditions.iter().flatten().collect();
        Mat::from_fn(rows.len(), self.dim(), |row, axis| rows[row][axis])
    }

    /// Each state but the last of its condition, and its change: half the way from the state before to the one after, where there
    /// is one before.
    fn moving(&self) -> Vec<(&[f64], Vec<f64>)> {
        let mut moving = Vec::new();
        for states in &self.conditions {
            for step in 1..states.len().saturating_sub(1) {
                let (before, after) = (&states[step - 1], &states[step + 1]);
                let change = before
                    .iter()
                    .zip(after)
                    .map(|(a, b)| (b - a) / 2.0)
                    .collect();
                moving.push((&states[step][..], change));
            }
        }
        moving
    }
}

/// How well the first `components` principal components of states turn (jPCA, steps 1 to 3 of the module); `None` with fewer than two
/// components or three steps, or if a number is not finite.
pub fn rotations(course: &Course, components: usize) -> Option<Rotations> {
    let rest = course.without_common_part();
    let rows = rest.rows();
    let svd = thin_svd(rows.as_ref())?;
    let sizes = &svd.values;
    let largest = sizes.first().copied().filter(|size| *size > 0.0)?;
    let count = sizes
        .iter()
        .filter(|size| **size > 1e-9 * largest)
        .count()
        .min(components);
    if count < 2 {
        return None;
    }
    let squares = |sizes: &[f64]| sizes.iter().map(|size| size * size).sum::<f64>();
    let axes = svd.right.subcols(0, count).to_owned();
    let reduced = rest.conditions.iter().map(|states| {
        let project = |x: &Vec<f64>| {
            (0..count)
                .map(|k| (0..x.len()).map(|i| x[i] * axes[(i, k)]).sum())
                .collect()
        };
        states.iter().map(project).collect()
    });
    let reduced = Course::new(reduced.collect());
    let moving = reduced.moving();
    if moving.len() < count {
        return None;
    }
    let x = Mat::from_fn(moving.len(), count, |row, axis| moving[row].0[axis]);
    let d = Mat::from_fn(moving.len(), count, |row, axis| moving[row].1[axis]);
    // Step 2, in the basis in which XᵀX is diagonal.
    let gram = x.transpose() * &x;
    let eigen = gram.self_adjoint_eigen(Side::Lower).ok()?;
    let (basis, scale) = (eigen.U().to_owned(), eigen.S().column_vector().to_owned());
    let cross = basis.transpose() * (x.transpose() * &d) * &basis;
    let skew = Mat::from_fn(count, count, |i, j| {
        (cross[(i, j)] - cross[(j, i)]) / (scale[i] + scale[j])
    });
    let any = Mat::from_fn(count, count, |i, j| cross[(i, j)] / scale[i]);
    let in_basis = &x * &basis;
    let changes = &d * &basis;
    let r2 = |map: &Mat<f64>| {
        1.0 - (&changes - &in_basis * map).squared_norm_l2() / changes.squared_norm_l2()
    };
    let turning = skew.eigenvalues().ok()?;
    let fastest = turning
        .iter()
        .map(|value| value.im.abs())
        .fold(0.0, f64::max);
    let found = Rotations {
        components: count,
        variance: squares(&sizes[..count]) / squares(sizes),
        any_r2: r2(&any),
        skew_r2: r2(&skew),
        // A central difference of a turn by ω a step is sin ω.
        radians_per_step: fastest.min(1.0).asin(),
    };
    found.skew_r2.is_finite().then_some(found)
}

/// Tangling Q of each state that has one before and one after, condition by condition. It compares all pairs of states.
pub fn tangling(course: &Course) -> Vec<f64> {
    let moving = course.moving();
    let rows = course.rows();
    let count = rows.nrows().max(1) as f64;
    let variance: f64 = (0..rows.ncols())
        .map(|axis| {
            let mean = rows.col(axis).iter().sum::<f64>() / count;
            rows.col(axis)
                .iter()
                .map(|x| (x - mean).powi(2))
                .sum::<f64>()
                / count
        })
        .sum();
    let softening = 0.1 * variance;
    let distance =
        |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    let largest = |(x, change): &(&[f64], Vec<f64>)| {
        let others = moving
            .iter()
            .map(|(y, other)| distance(change, other) / (distance(x, y) + softening));
        others.fold(0.0, f64::max)
    };
    moving.iter().map(largest).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::f64::consts::{PI, TAU};

    use super::*;

    fn wave(phase: f64, of: impl Fn(f64) -> Vec<f64>) -> Vec<Vec<f64>> {
        (0..100).map(|t| of(0.07 * f64::from(t) + phase)).collect()
    }

    #[test]
    fn growth_is_no_rotation_and_a_spiral_is_half_of_one() {
        let of = |rate: f64, turn: f64| {
            let condition = |phase: f64| {
                wave(phase, |a| {
                    let size = (rate * (a - phase) / 0.07).exp();
                    let angle = turn * (a - phase) / 0.07 + phase;
                    vec![size * angle.cos(), size * angle.sin()]
                })
            };
            let course = Course::new(
                (0..6)
                    .map(|k| condition(TAU * f64::from(k) / 6.0))
                    .collect(),
            );
            rotations(&course, 6).unwrap()
        };
        let growth = of(0.01, 0.0);
        assert!(growth.any_r2 > 0.999 && growth.skew_r2 < 0.01, "{growth:?}");
        // Of a change (ρ + iω) x the share of the turn is ω²/(ρ² + ω²), up to what sin ω lacks of ω.
        let spiral = of(0.05, 0.05);
        assert!(
            (spiral.skew_r2 - 0.5).abs() < 0.01 && spiral.any_r2 > 0.999,
            "{spiral:?}"
        );
        assert!((spiral.radians_per_step - 0.05).abs() < 0.002, "{spiral:?}");
    }

    #[test]
    fn a_circle_is_untangled_and_a_figure_of_eight_is_tangled_where_it_crosses() {
        // On a circle ‖Δẋ‖² = ω²‖Δx‖² for all pairs: Q = ω² 4/(4 + 0.1), opposite states being farthest apart.
        let circle = Course::new(vec![wave(0.0, |a| vec![a.cos(), a.sin()])]);
        let expected = 0.07_f64.sin().powi(2) * 4.0 / 4.1;
        for q in tangling(&circle) {
            assert!((q - expected).abs() < 0.02 * expected, "{q} {expected}");
        }
        let eight = Course::new(vec![wave(0.0, |a| vec![a.sin(), (2.0 * a).sin()])]);
        let found = tangling(&eight);
        let highest = found.iter().copied().fold(0.0, f64::max);
        assert!(highest > 10.0 * expected, "{highest}");
        // It crosses itself at a = π.
        let place = found.iter().position(|q| *q == highest).unwrap();
        let angle = (0.07 * (place as f64 + 1.0)).rem_euclid(PI);
        assert!(angle.min(PI - angle) < 0.15, "{angle}");
    }

    #[test]
    fn what_all_conditions_share_is_no_rotation() {
        let condition = |size: f64| {
            wave(0.0, move |a| {
                vec![3.0 * a.cos() + size, 3.0 * a.sin() - size]
            })
        };
        let course = Course::new(vec![condition(1.0), condition(-1.0)]);
        // What is left after the common part stands still, in one dimension.
        assert_eq!(rotations(&course, 6), None);
    }
}
