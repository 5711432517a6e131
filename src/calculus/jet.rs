//! Taylor coefficients along a line, to third order.
//!
//! A jet is the truncated Taylor series of t ↦ f(x + t v). Its arithmetic is that of polynomials modulo t⁴;
//! functions follow from their differential equations, which give one coefficient after the other:
//!
//! - y = tanh a: y′ = (1 − y²) a′;
//! - y = σ(a): y′ = (y − y²) a′;
//! - y = eᵃ: y′ = y a′;
//! - y = ln(1 + eᵃ): y′ = σ(a) a′;
//! - y = eᵃ − 1 (elu below 0): y′ = (y + 1) a′;
//! - y = Φ(a): y′ = exp(−a²/2)/√(2π) a′.
//!
//! In coefficients y′ = w a′ reads k yₖ = Σⱼ j aⱼ wₖ₋ⱼ. The first coefficient of w is taken from the accurate slope
//! (sech² and σ(a)σ(−a)), since 1 − tanh² loses all digits where a unit saturates.
//!
//! From jets along a few lines, polarisation gives the multilinear forms D²F and D³F: [`crate::map::derivatives`].
//! A rectified unit has the jet of the side that it is on; at its kink, and below, that is 0.

use std::ops::{Add, Mul, Neg, Sub};

use super::scalar::{INVERSE_ROOT_TAU, Scalar, sech_squared, sigmoid};

/// c₀ + c₁t + c₂t² + c₃t³: the k-th derivative in t is k! c_k.
///
/// ```
/// use creode::calculus::{Jet, Scalar};
///
/// // tanh t = t − t³/3 + …
/// let series = Jet::line(0.0, 1.0).tanh();
/// assert_eq!(series.0[1], 1.0);
/// assert!((series.0[3] + 1.0 / 3.0).abs() < 1e-15);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Jet(pub [f64; 4]);

impl Jet {
    /// value + slope · t.
    pub fn line(value: f64, slope: f64) -> Self {
        Self([value, slope, 0.0, 0.0])
    }

    /// value + slope · t for each of several.
    pub fn lines(values: &[f64], slopes: &[f64]) -> Vec<Self> {
        let both = values.iter().zip(slopes);
        both.map(|(&value, &slope)| Self::line(value, slope))
            .collect()
    }

    /// The coefficients of y = f(a) from y₀ and w = y′/a′: k y_k = Σ_{j=1..k} j a_j w_{k−j}, where `weight` gives w_k
    /// from the coefficients of y up to k.
    fn compose(self, first: f64, weight: impl Fn(&[f64; 4], usize) -> f64) -> Self {
        let mut y = [first, 0.0, 0.0, 0.0];
        let mut w = [0.0; 4];
        for k in 1..4 {
            w[k - 1] = weight(&y, k - 1);
            let sum: f64 = (1..=k).map(|j| j as f64 * self.0[j] * w[k - j]).sum();
            y[k] = sum / k as f64;
        }
        Self(y)
    }
}

/// The k-th coefficient of y².
fn square(y: &[f64; 4], k: usize) -> f64 {
    (0..=k).map(|i| y[i] * y[k - i]).sum()
}

impl Add for Jet {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|k| self.0[k] + other.0[k]))
    }
}

impl Sub for Jet {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(std::array::from_fn(|k| self.0[k] - other.0[k]))
    }
}

impl Neg for Jet {
    type Output = Self;

    fn neg(self) -> Self {
        Self(self.0.map(|c| -c))
    }
}

impl Mul for Jet {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self(std::array::from_fn(|k| {
            (0..=k).map(|i| self.0[i] * other.0[k - i]).sum()
        }))
    }
}

impl Mul<f64> for Jet {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        self.scaled(factor)
    }
}

impl Scalar for Jet {
    fn constant(value: f64) -> Self {
        Self::line(value, 0.0)
    }

    fn scaled(self, factor: f64) -> Self {
        Self(self.0.map(|c| factor * c))
    }

    fn tanh(self) -> Self {
        let slope = sech_squared(self.0[0]);
        self.compose(self.0[0].tanh(), |y, k| match k {
            0 => slope,
            _ => -square(y, k),
        })
    }

    fn sigmoid(self) -> Self {
        let slope = sigmoid(self.0[0]) * sigmoid(-self.0[0]);
        self.compose(sigmoid(self.0[0]), |y, k| match k {
            0 => slope,
            _ => y[k] - square(y, k),
        })
    }

    fn exp(self) -> Self {
        self.compose(self.0[0].exp(), |y, k| y[k])
    }

    fn softplus(self) -> Self {
        let slope = self.sigmoid();
        self.compose(self.0[0].softplus(), |_, k| slope.0[k])
    }

    fn elu(self) -> Self {
        if self.0[0] > 0.0 {
            return self;
        }
        let slope = self.0[0].exp();
        self.compose(self.0[0].exp_m1(), |y, k| if k == 0 { slope } else { y[k] })
    }

    fn normal_cdf(self) -> Self {
        let density = (self * self).scaled(-0.5).exp().scaled(INVERSE_ROOT_TAU);
        self.compose(self.0[0].normal_cdf(), |_, k| density.0[k])
    }

    fn relu(self) -> Self {
        if self.0[0] > 0.0 {
            self
        } else {
            Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The coefficients of x ↦ f(x + h) by the derivatives of f in closed form.
    fn assert_coefficients(found: Jet, expected: [f64; 4]) {
        for k in 0..4 {
            assert!(
                (found.0[k] - expected[k]).abs() < 1e-14,
                "{found:?} against {expected:?}"
            );
        }
    }

    #[test]
    fn nonlinearities_have_their_derivatives_in_closed_form() {
        let a = 0.7_f64;
        let t = a.tanh();
        let d = 1.0 - t * t;
        let line = Jet::line(a, 1.0);
        assert_coefficients(line.tanh(), [t, d, -t * d, d * (6.0 * t * t - 2.0) / 6.0]);
        let s = sigmoid(a);
        let d = s * (1.0 - s);
        let second = d * (1.0 - 2.0 * s);
        let third = d * (1.0 - 6.0 * s + 6.0 * s * s);
        assert_coefficients(line.sigmoid(), [s, d, second / 2.0, third / 6.0]);
        let e = a.exp();
        assert_coefficients(line.exp(), [e, e, e / 2.0, e / 6.0]);
        let value = (1.0 + e).ln();
        assert_coefficients(line.softplus(), [value, s, d / 2.0, second / 6.0]);
        let p = INVERSE_ROOT_TAU * (-0.5 * a * a).exp();
        let value = 0.758_036_347_776_927_2;
        let expected = [value, p, -a * p / 2.0, (a * a - 1.0) * p / 6.0];
        assert_coefficients(line.normal_cdf(), expected);
        assert_coefficients(line.elu(), [a, 1.0, 0.0, 0.0]);
        let e = (-a).exp();
        let below = Jet::line(-a, 1.0).elu();
        assert_coefficients(below, [e - 1.0, e, e / 2.0, e / 6.0]);
    }

    #[test]
    fn a_composition_equals_its_own_formula() {
        // tanh(a) = 2 sigmoid(2a) − 1 along a curved path.
        let a = Jet([0.3, -0.8, 0.4, 1.1]);
        let left = a.tanh();
        let right = a.scaled(2.0).sigmoid().scaled(2.0) - Jet::constant(1.0);
        assert_coefficients(left, right.0);
        // e^a e^−a = 1.
        assert_coefficients(a.exp() * (-a).exp(), [1.0, 0.0, 0.0, 0.0]);
    }
}
