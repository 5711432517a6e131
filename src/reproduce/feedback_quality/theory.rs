//! What a large linear reservoir makes of a sine: the closed forms, for N → ∞.
//!
//! Driven by w_fb e^{iωt} with w_fb ~ N(0, 1), the reservoir dx/dt = −x + g W x answers ρ(ω) e^{iωt}, where
//! ρ(s) = (1 + s − g W)⁻¹ w_fb at s = iω. All follows from the overlaps of two such answers, averaged over units.

use faer::c64;

/// ⟨ρ(s₁) ρ(s₂)⟩, averaged over the units: Σₖ g²ᵏ/((1 + s₁)(1 + s₂))ᵏ⁺¹, the only terms of the two Neumann series of which the
/// mean over W with entries N(0, 1/N) is not 0.
pub(super) fn overlap(first: c64, second: c64, gain: f64) -> c64 {
    c64::new(1.0, 0.0) / ((first + 1.0) * (second + 1.0) - gain * gain)
}

/// Averages over the units of products of ρ = ρ(iω) with itself and with dρ/ds there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Overlaps {
    /// ⟨|ρ|²⟩.
    pub power: f64,
    /// ⟨ρ ρ⟩.
    pub square: c64,
    /// ⟨ρ dρ/ds⟩.
    pub with_slope: c64,
    /// ⟨ρ* dρ/ds⟩.
    pub against_slope: c64,
}

impl Overlaps {
    /// Those of a large reservoir; ω in radians per time constant, g below 1.
    pub(super) fn of_large(frequency: f64, gain: f64) -> Self {
        let at = c64::new(0.0, frequency);
        Self {
            power: overlap(at.conj(), at, gain).re,
            square: overlap(at, at, gain),
            with_slope: overlap_slope(at, at, gain),
            against_slope: overlap_slope(at.conj(), at, gain),
        }
    }

    /// Participation ratio of the ellipse in which the state moves, 1 to 2: 2/(1 + κ²) with κ = |⟨ρρ⟩|/⟨|ρ|²⟩, since the
    /// variances along its axes are in the ratio (1 + κ) : (1 − κ).
    pub(super) fn participation_ratio(&self) -> f64 {
        let kappa = self.square.norm() / self.power;
        2.0 / (1.0 + kappa * kappa)
    }

    /// How far weak noise in the units during learning moves the closed loop's pole from iω, in radians per time constant for
    /// each unit of its variance over N, as overlaps are means.
    ///
    /// 1. White noise of variance ν on each unit makes of least squares a ridge regression: C + ν in place of C, the
    ///    covariance of x = Re(ρ e^{iωt}). With the target cos ωt, w = (C + ν)⁻¹ Re ρ/2, which lies in the plane of Re ρ and
    ///    Im ρ.
    /// 2. The poles of the closed loop solve 1 = L(s) = w · ρ(s). Without noise L(iω) = 1. To first order noise changes that
    ///    by −2ν e₁ᵀ M⁻¹ (1, i), where M is the Gram matrix of Re ρ and Im ρ.
    /// 3. The pole moves by −δL/L′(iω).
    pub(super) fn pole_shift(&self) -> f64 {
        let (a, b) = (self.power, self.square);
        // M = ½ [[a + Re b, Im b], [Im b, a − Re b]]; (p, q) is the first column of its inverse.
        let determinant = 0.25 * (a * a - b.norm_sqr());
        let [p, q] = [0.5 * (a - b.re), -0.5 * b.im].map(|entry| entry / determinant);
        let change = c64::new(p, q) * -2.0;
        // Without noise w = p Re ρ + q Im ρ.
        let with_real = (self.with_slope + self.against_slope) * 0.5;
        let with_imaginary = (self.with_slope - self.against_slope) * c64::new(0.0, -0.5);
        (change / (with_real * p + with_imaginary * q)).norm()
    }
}

/// The frequency of the largest participation ratio, √(1 − g²) in radians per time constant, for g < 1.
pub(super) fn best_frequency(gain: f64) -> f64 {
    (1.0 - gain * gain).sqrt()
}

/// The largest participation ratio, 2/(2 − g²).
pub(super) fn best_participation_ratio(gain: f64) -> f64 {
    2.0 / (2.0 - gain * gain)
}

/// ∂⟨ρ(s₁) ρ(s₂)⟩/∂s₂.
fn overlap_slope(first: c64, second: c64, gain: f64) -> c64 {
    let overlap = overlap(first, second, gain);
    (first + 1.0) * overlap * overlap * -1.0
}
