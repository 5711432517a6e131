//! A linear reservoir of finite size, driven by a sine.

use faer::linalg::solvers::Solve as _;
use faer::{Col, Mat, c64};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::theory::Overlaps;

/// W and w_fb, seen only through the Krylov space of W that w_fb spans.
///
/// The answers to all frequencies at all gains lie in it, as W and 1 + s − g W span the same space, and overlaps do not depend on
/// the basis: one reduction does for all of them.
pub(super) struct Reservoir {
    /// Vᵀ W V for the orthonormal basis V of the space, upper Hessenberg.
    reduced: Mat<f64>,
    /// What of W times the last basis vector lies outside the space.
    leak: f64,
    /// Mean of w_fb² over the units.
    power: f64,
}

/// What the units answer to a sine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Answer {
    /// Participation ratio of the ellipse in which the state moves.
    pub participation_ratio: f64,
    /// How far weak noise in the units during learning moves the pole of the closed loop; see [`Overlaps::pole_shift`].
    pub pole_shift: f64,
    /// Length of what the equations leave undone, relative to w_fb.
    pub residual: f64,
}

impl Reservoir {
    /// Draws W with entries N(0, 1/N) and w_fb with entries N(0, 1), and reduces them.
    pub(super) fn drawn(units: usize, dimensions: usize, rng: &mut ChaCha8Rng) -> Self {
        let deviation = 1.0 / (units as f64).sqrt();
        let mut normal = || -> f64 { StandardNormal.sample(rng) };
        let recurrent = Mat::from_fn(units, units, |_, _| deviation * normal());
        let feedback = Col::from_fn(units, |_| normal());
        Self::of(&recurrent, &feedback, dimensions)
    }

    /// Arnoldi's iteration.
    ///
    /// 1. v₁ is w_fb, normalised.
    /// 2. W vₖ is made orthogonal to v₁ … vₖ, twice, as once loses digits; the coefficients are column k of Vᵀ W V.
    /// 3. What remains, normalised, is vₖ₊₁.
    pub(super) fn of(recurrent: &Mat<f64>, feedback: &Col<f64>, dimensions: usize) -> Self {
        let units = recurrent.nrows();
        let dimensions = dimensions.min(units);
        let mut basis = Mat::<f64>::zeros(units, dimensions);
        let mut reduced = Mat::<f64>::zeros(dimensions, dimensions);
        let mut leak = 0.0;
        let length = feedback.norm_l2();
        basis
            .col_mut(0)
            .copy_from(feedback * faer::Scale(1.0 / length));
        for k in 0..dimensions {
            let mut next = recurrent * basis.col(k);
            let before = basis.get(.., 0..k + 1);
            for _ in 0..2 {
                let along = before.transpose() * &next;
                next -= before * &along;
                for (row, coefficient) in along.iter().enumerate() {
                    reduced[(row, k)] += coefficient;
                }
            }
            leak = next.norm_l2();
            if k + 1 < dimensions {
                reduced[(k + 1, k)] = leak;
                basis
                    .col_mut(k + 1)
                    .copy_from(&next * faer::Scale(1.0 / leak));
            }
        }
        Self {
            reduced,
            leak,
            power: length * length / units as f64,
        }
    }

    /// The answer ρ = (1 + s − g W)⁻¹ w_fb at s = iω, ω in radians per time constant, with its slope dρ/ds = −(1 + s − g W)⁻¹ ρ.
    pub(super) fn answer(&self, frequency: f64, gain: f64) -> Answer {
        let size = self.reduced.nrows();
        let at = c64::new(1.0, frequency);
        let factored = Mat::from_fn(size, size, |i, j| {
            let diagonal = if i == j { at } else { c64::ZERO };
            diagonal - gain * self.reduced[(i, j)]
        })
        .partial_piv_lu();
        let first = c64::new(self.power.sqrt(), 0.0);
        let drive = Mat::from_fn(size, 1, |i, _| if i == 0 { first } else { c64::ZERO });
        let answer = factored.solve(&drive);
        let slope = factored.solve(&answer);
        let pairs = || (0..size).map(|i| (answer[(i, 0)], -slope[(i, 0)]));
        let sum = |of: &dyn Fn(c64, c64) -> c64| {
            pairs().fold(c64::ZERO, |sum, (answer, slope)| sum + of(answer, slope))
        };
        let overlaps = Overlaps {
            power: sum(&|y, _| y * y.conj()).re,
            square: sum(&|y, _| y * y),
            with_slope: sum(&|y, slope| y * slope),
            against_slope: sum(&|y, slope| y.conj() * slope),
        };
        Answer {
            participation_ratio: overlaps.participation_ratio(),
            pole_shift: overlaps.pole_shift(),
            residual: gain * self.leak * answer[(size - 1, 0)].norm() / self.power.sqrt(),
        }
    }
}
