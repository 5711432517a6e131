//! A value with its gradient in a few variables.
//!
//! Forward-mode differentiation: every operation carries (u, ∇u) along by the rules of calculus, with K partial
//! derivatives at once. T may itself be an [`Interval`](super::Interval), which gives proved ranges of derivatives
//! over a box. For K variables a formula costs about K + 1 times what it costs in numbers; K is the number of
//! pre-activations and states of one unit (at most six), not of the network.
//!
//! max(0, a) has slope 0 at a = 0, as everywhere in the library.

use std::ops::{Add, Mul, Neg, Sub};

use super::scalar::{Scalar, Smooth};

/// A value and its partial derivatives in K variables.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dual<T, const K: usize> {
    /// The value.
    pub value: T,
    /// Its partial derivatives.
    pub gradient: [T; K],
}

impl<T: Scalar, const K: usize> Dual<T, K> {
    /// The variable number `place` (below K) at a value.
    pub fn variable(value: T, place: usize) -> Self {
        let mut gradient = [T::constant(0.0); K];
        gradient[place] = T::constant(1.0);
        Self { value, gradient }
    }

    fn composed(self, value: T, slope: T) -> Self {
        Self {
            value,
            gradient: self.gradient.map(|partial| slope * partial),
        }
    }
}

impl<T: Scalar, const K: usize> Add for Dual<T, K> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            value: self.value + other.value,
            gradient: std::array::from_fn(|k| self.gradient[k] + other.gradient[k]),
        }
    }
}

impl<T: Scalar, const K: usize> Sub for Dual<T, K> {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            value: self.value - other.value,
            gradient: std::array::from_fn(|k| self.gradient[k] - other.gradient[k]),
        }
    }
}

impl<T: Scalar, const K: usize> Neg for Dual<T, K> {
    type Output = Self;

    fn neg(self) -> Self {
        Self {
            value: -self.value,
            gradient: self.gradient.map(|partial| -partial),
        }
    }
}

impl<T: Scalar, const K: usize> Mul for Dual<T, K> {
    type Output = Self;

    #[expect(clippy::suspicious_arithmetic_impl, reason = "the product rule")]
    fn mul(self, other: Self) -> Self {
        Self {
            value: self.value * other.value,
            gradient: std::array::from_fn(|k| {
                self.gradient[k] * other.value + self.value * other.gradient[k]
            }),
        }
    }
}

impl<T: Smooth, const K: usize> Scalar for Dual<T, K> {
    fn constant(value: f64) -> Self {
        Self {
            value: T::constant(value),
            gradient: [T::constant(0.0); K],
        }
    }

    fn scaled(self, factor: f64) -> Self {
        Self {
            value: self.value.scaled(factor),
            gradient: self.gradient.map(|partial| partial.scaled(factor)),
        }
    }

    fn tanh(self) -> Self {
        self.composed(self.value.tanh(), self.value.sech_squared())
    }

    fn sigmoid(self) -> Self {
        self.composed(self.value.sigmoid(), self.value.sigmoid_slope())
    }

    fn exp(self) -> Self {
        let value = self.value.exp();
        self.composed(value, value)
    }

    fn relu(self) -> Self {
        self.composed(self.value.relu(), self.value.relu_slope())
    }

    fn softplus(self) -> Self {
        self.composed(self.value.softplus(), self.value.sigmoid())
    }

    fn elu(self) -> Self {
        self.composed(self.value.elu(), self.value.elu_slope())
    }

    fn normal_cdf(self) -> Self {
        self.composed(self.value.normal_cdf(), self.value.normal_density())
    }
}
