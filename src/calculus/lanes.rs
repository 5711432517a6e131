//! Several values at a time.

use std::ops::{Add, Mul, Neg, Sub};

use super::Scalar;
use crate::simd::activation::{Function, map_in_place};

/// Numbers in a [`Lanes`].
pub const LANES: usize = 8;

/// Eight numbers that a formula is evaluated in at once, the nonlinearities by vector instructions: a few units in the last place
/// from those of f64, and an infinite argument gives NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lanes(pub [f64; LANES]);

impl Lanes {
    /// The values of a slice from a place on, at most eight; zeros where it ends.
    #[inline]
    pub fn load(values: &[f64]) -> Self {
        let mut lanes = [0.0; LANES];
        let count = values.len().min(LANES);
        lanes[..count].copy_from_slice(&values[..count]);
        Self(lanes)
    }

    fn mapped(mut self, function: Function) -> Self {
        map_in_place(function, &mut self.0);
        self
    }

    #[inline]
    fn with(self, other: Self, operation: impl Fn(f64, f64) -> f64) -> Self {
        Self(std::array::from_fn(|lane| {
            operation(self.0[lane], other.0[lane])
        }))
    }
}

impl Add for Lanes {
    type Output = Self;

    #[inline]
    fn add(self, other: Self) -> Self {
        self.with(other, |a, b| a + b)
    }
}

impl Sub for Lanes {
    type Output = Self;

    #[inline]
    fn sub(self, other: Self) -> Self {
        self.with(other, |a, b| a - b)
    }
}

impl Mul for Lanes {
    type Output = Self;

    #[inline]
    fn mul(self, other: Self) -> Self {
        self.with(other, |a, b| a * b)
    }
}

impl Neg for Lanes {
    type Output = Self;

    #[inline]
    fn neg(self) -> Self {
        Self(self.0.map(|x| -x))
    }
}

impl Scalar for Lanes {
    #[inline]
    fn constant(value: f64) -> Self {
        Self([value; LANES])
    }

    fn tanh(self) -> Self {
        self.mapped(Function::Tanh)
    }

    fn sigmoid(self) -> Self {
        self.mapped(Function::Sigmoid)
    }

    fn exp(self) -> Self {
        Self(self.0.map(f64::exp))
    }

    #[inline]
    fn relu(self) -> Self {
        Self(self.0.map(Scalar::relu))
    }

    fn softplus(self) -> Self {
        self.mapped(Function::Softplus)
    }

    fn elu(self) -> Self {
        self.mapped(Function::Elu)
    }

    fn normal_cdf(self) -> Self {
        Self(self.0.map(Scalar::normal_cdf))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Readings = (fn(Lanes) -> Lanes, fn(f64) -> f64);

    #[test]
    fn each_lane_is_what_f64_gives_to_a_few_units_in_the_last_place() {
        let values = [-30.0, -2.5, -1e-7, 0.0, 0.3, 1.0, 7.5, 40.0];
        let formulas: [Readings; 7] = [
            (Scalar::tanh, Scalar::tanh),
            (Scalar::sigmoid, Scalar::sigmoid),
            (Scalar::exp, Scalar::exp),
            (Scalar::relu, Scalar::relu),
            (Scalar::softplus, Scalar::softplus),
            (Scalar::elu, Scalar::elu),
            (Scalar::normal_cdf, Scalar::normal_cdf),
        ];
        for (place, (together, alone)) in formulas.into_iter().enumerate() {
            let lanes = together(Lanes::load(&values)).0;
            for (found, value) in lanes.iter().zip(values) {
                let exact = alone(value);
                let off = (found - exact).abs();
                assert!(
                    off <= 8.0 * f64::EPSILON * exact.abs(),
                    "{place}: {found} against {exact}"
                );
            }
        }
        let part = Lanes::load(&[1.0, 2.0]);
        assert_eq!((part + part * part - -part).0[..3], [3.0, 8.0, 0.0]);
    }
}
