//! What a formula may do with a number.
//!
//! All functions are monotone, which makes their interval readings exact up to rounding. They are written so that
//! they stay accurate where units saturate: far out on either side tanh, σ and their slopes lose no relative
//! accuracy, and nothing overflows to NaN for finite arguments.

use std::f64::consts::FRAC_1_SQRT_2;
use std::ops::{Add, Mul, Neg, Sub};

/// 1/√(2π).
pub(super) const INVERSE_ROOT_TAU: f64 = 0.398_942_280_401_432_7;

/// A number, or what stands for one.
pub trait Scalar:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Neg<Output = Self>
{
    /// A number without uncertainty or derivative.
    fn constant(value: f64) -> Self;

    /// The product with such a number.
    #[must_use]
    fn scaled(self, factor: f64) -> Self {
        self * Self::constant(factor)
    }

    /// Hyperbolic tangent.
    #[must_use]
    fn tanh(self) -> Self;

    /// 1/(1 + e⁻ᵃ). Write 1 − sigmoid(a) as sigmoid(−a): it stays accurate where the gate saturates.
    #[must_use]
    fn sigmoid(self) -> Self;

    /// eᵃ.
    #[must_use]
    fn exp(self) -> Self;

    /// max(0, a).
    #[must_use]
    fn relu(self) -> Self;

    /// ln(1 + eᵃ).
    #[must_use]
    fn softplus(self) -> Self;

    /// a above 0, eᵃ − 1 below: with a slope that is continuous, and a bend that is not.
    #[must_use]
    fn elu(self) -> Self;

    /// Φ(a), the distribution function of a standard normal variable.
    #[must_use]
    fn normal_cdf(self) -> Self;
}

/// A scalar in which the slopes of the nonlinearities can be written too.
pub trait Smooth: Scalar {
    /// tanh′(a) = sech²(a).
    #[must_use]
    fn sech_squared(self) -> Self;

    /// sigmoid′(a) = sigmoid(a) sigmoid(−a).
    #[must_use]
    fn sigmoid_slope(self) -> Self;

    /// relu′(a): 1 above 0, else 0.
    #[must_use]
    fn relu_slope(self) -> Self;

    /// elu′(a): 1 above 0, else eᵃ.
    #[must_use]
    fn elu_slope(self) -> Self;

    /// Φ′(a) = exp(−a²/2)/√(2π).
    #[must_use]
    fn normal_density(self) -> Self;
}

impl Scalar for f64 {
    fn constant(value: f64) -> Self {
        value
    }

    fn tanh(self) -> Self {
        f64::tanh(self)
    }

    fn sigmoid(self) -> Self {
        sigmoid(self)
    }

    fn exp(self) -> Self {
        f64::exp(self)
    }

    fn relu(self) -> Self {
        self.max(0.0)
    }

    fn softplus(self) -> Self {
        self.max(0.0) + (-self.abs()).exp().ln_1p()
    }

    fn elu(self) -> Self {
        if self > 0.0 { self } else { self.exp_m1() }
    }

    fn normal_cdf(self) -> Self {
        0.5 * libm::erfc(-FRAC_1_SQRT_2 * self)
    }
}

impl Smooth for f64 {
    fn sech_squared(self) -> Self {
        sech_squared(self)
    }

    fn sigmoid_slope(self) -> Self {
        sigmoid(self) * sigmoid(-self)
    }

    fn relu_slope(self) -> Self {
        f64::from(u8::from(self > 0.0))
    }

    fn elu_slope(self) -> Self {
        self.min(0.0).exp()
    }

    fn normal_density(self) -> Self {
        INVERSE_ROOT_TAU * (-0.5 * self * self).exp()
    }
}

/// 1/(1 + e⁻ᵃ), without overflow.
///
/// The two branches are the same function; each computes the exponential of a negative number.
pub fn sigmoid(a: f64) -> f64 {
    if a >= 0.0 {
        1.0 / (1.0 + (-a).exp())
    } else {
        let e = a.exp();
        e / (1.0 + e)
    }
}

/// sech²(a), accurate where 1 − tanh²(a) underflows.
///
/// 4e/(1 + e)² with e = exp(−2|a|). 1 − tanh² is 0 in f64 from |a| ≈ 19 on, and has lost half its digits by |a| ≈
/// 9: products of slopes over time (Lyapunov exponents, multipliers of cycles) would be wrong or zero.
pub fn sech_squared(a: f64) -> f64 {
    let e = (-2.0 * a.abs()).exp();
    4.0 * e / ((1.0 + e) * (1.0 + e))
}
