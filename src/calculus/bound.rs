//! What a certificate must know of a number: its range, how much it can bend, and how wrong it was computed.
//!
//! The rules follow from the chain rule on a ball of the maximum norm. Let s = sup Σⱼ|∂ⱼg| (`slope`), b = sup
//! Σⱼₖ|∂ⱼ∂ₖg| (`bend`):
//!
//! - sum: s and b add;
//! - product fg with |f| ≤ A and |g| ≤ B: s = A s_g + B s_f, b = A b_g + 2 s_f s_g + B b_f;
//! - composition φ(g) with |φ′| ≤ p and |φ″| ≤ r over the range of g: s = p s_g, b = r s_g² + p b_g.
//!
//! `bend` of a coordinate of F bounds how fast its row of the Jacobian changes within the ball, in the norm that
//! [`crate::dynamics::points::certificate`] needs (its Z₂). `error` and `slope_error` are carried beside: a sum or product
//! adds half a unit in the last place of its result, a function of the library 8 of them in the value and 20 in the
//! slope.
//!
//! Limits: the bounds are over the whole ball, so they grow with the ball's radius and with the number of
//! operations (an iterate of a map many times over has bounds too wide to prove anything). A rectified unit whose
//! argument changes sign within the ball has an infinite `bend`: no certificate exists there, and none is given.

use std::ops::{Add, Mul, Neg, Sub};

use super::interval::{Interval, normal_margin};
use super::scalar::{Scalar, Smooth};

/// Unit roundoff of f64.
const UNIT: f64 = 0.5 * f64::EPSILON;
/// Where |tanh″| is largest, and its value there, 4/(3√3), rounded up.
const TANH_BEND: (f64, f64) = (0.658_478_948_462_408_4, 0.769_800_358_919_502);
/// Where |sigmoid″| is largest, ln(2 + √3), and its value there, 1/(6√3), rounded up.
const SIGMOID_BEND: (f64, f64) = (1.316_957_896_924_816_7, 0.096_225_044_864_938);

/// Where the density of the normal distribution has its largest slope, and its value there, 1/√(2πe), rounded up.
const NORMAL_BEND: (f64, f64) = (1.0, 0.241_970_724_519_144);

/// Bounds on a function of the state over a ball in the maximum norm, and on the rounding errors of its computed value
/// and gradient at the ball's centre.
///
/// `range`, `slope` and `bend` hold over the ball; `error` and `slope_error` only at its centre, where value and
/// gradient were computed in f64.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// Holds all its values on the ball.
    pub range: Interval,
    /// sup Σ_j |∂_j| on the ball.
    pub slope: f64,
    /// sup Σ_jk |∂_j ∂_k| on the ball.
    pub bend: f64,
    /// |computed − exact| at the centre.
    pub error: f64,
    /// Σ_j |computed ∂_j − exact ∂_j| at the centre.
    pub slope_error: f64,
}

impl Bound {
    /// An affine function with value in `range`, Σ|coefficients| = `slope`, computed to `error`; the coefficients are
    /// exact.
    pub fn affine(range: Interval, slope: f64, error: f64) -> Self {
        Self {
            range,
            slope,
            bend: 0.0,
            error,
            slope_error: 0.0,
        }
    }

    /// The coordinates of the state itself, on the ball of a radius around a point.
    pub fn ball(center: &[f64], radius: f64) -> Vec<Self> {
        let around = |&x: &f64| Self::affine(Interval::around(x, radius), 1.0, 0.0);
        center.iter().map(around).collect()
    }

    /// The same with a range that also holds the value as computed, from which what comes next is computed in turn.
    #[must_use]
    pub fn as_computed(self) -> Self {
        let Interval { low, high } = self.range;
        Self {
            range: Interval::new(
                (low - self.error).next_down(),
                (high + self.error).next_up(),
            ),
            ..self
        }
    }

    /// f of this, from the range of f and the largest |f′| and |f″| over it.
    ///
    /// The argument's error reaches the value through φ′ and the gradient through φ″; the value has 8 units of its
    /// own, the slope 20.
    fn composed(self, range: Interval, slope: f64, bend: f64) -> Self {
        Self {
            range,
            slope: slope * self.slope,
            bend: bend * self.slope * self.slope + slope * self.bend,
            error: slope * self.error + 8.0 * UNIT * range.magnitude(),
            slope_error: slope * self.slope_error
                + (bend * self.error + 20.0 * UNIT * slope) * self.slope,
        }
    }
}

impl Add for Bound {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let range = self.range + other.range;
        let slope = self.slope + other.slope;
        Self {
            range,
            slope,
            bend: self.bend + other.bend,
            error: self.error + other.error + UNIT * range.magnitude(),
            slope_error: self.slope_error + other.slope_error + UNIT * slope,
        }
    }
}

impl Sub for Bound {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Neg for Bound {
    type Output = Self;

    fn neg(self) -> Self {
        Self {
            range: -self.range,
            ..self
        }
    }
}

impl Mul for Bound {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let range = self.range * other.range;
        let (a, b) = (self.range.magnitude(), other.range.magnitude());
        let slope = a * other.slope + b * self.slope;
        Self {
            range,
            slope,
            bend: a * other.bend + 2.0 * self.slope * other.slope + b * self.bend,
            error: a * other.error
                + b * self.error
                + self.error * other.error
                + UNIT * range.magnitude(),
            slope_error: (a + self.error) * other.slope_error
                + (b + other.error) * self.slope_error
                + self.error * other.slope
                + other.error * self.slope
                + 3.0 * UNIT * slope,
        }
    }
}

impl Scalar for Bound {
    fn constant(value: f64) -> Self {
        Self::affine(Interval::constant(value), 0.0, 0.0)
    }

    fn tanh(self) -> Self {
        let bend = largest_bend(self.range, TANH_BEND, |a| {
            2.0 * a.tanh().abs() * a.sech_squared()
        });
        self.composed(self.range.tanh(), self.range.sech_squared().high, bend)
    }

    fn sigmoid(self) -> Self {
        let bend = largest_bend(self.range, SIGMOID_BEND, |a| {
            a.sigmoid_slope() * (a.sigmoid() - (-a).sigmoid()).abs()
        });
        self.composed(self.range.sigmoid(), self.range.sigmoid_slope().high, bend)
    }

    fn exp(self) -> Self {
        let range = self.range.exp();
        self.composed(range, range.high, range.high)
    }

    fn softplus(self) -> Self {
        // Its slope is the logistic function, and its bend that function's slope.
        let bend = self.range.sigmoid_slope().high;
        self.composed(self.range.softplus(), self.range.sigmoid().high, bend)
    }

    fn relu(self) -> Self {
        let kinked = self.range.low < 0.0 && 0.0 < self.range.high;
        let bend = if kinked { f64::INFINITY } else { 0.0 };
        self.composed(self.range.relu(), self.range.relu_slope().high, bend)
    }

    fn elu(self) -> Self {
        // Below 0 the bend is the slope; that it jumps there leaves the slope continuous, with this for its Lipschitz constant.
        let bend = if self.range.low < 0.0 {
            self.range.elu_slope().high
        } else {
            0.0
        };
        self.composed(self.range.elu(), self.range.elu_slope().high, bend)
    }

    fn normal_cdf(self) -> Self {
        let bend = largest_bend(self.range, NORMAL_BEND, |a| {
            a.abs() * a.normal_density() * (1.0 + normal_margin(a))
        });
        let (range, slope) = (self.range.normal_cdf(), self.range.normal_density().high);
        let margin = normal_margin(self.range.magnitude());
        let bound = self.composed(range, slope, bend);
        Self {
            error: bound.error + margin * range.magnitude(),
            slope_error: bound.slope_error + margin * bound.slope,
            ..bound
        }
    }
}

/// The largest |f″| over a range, for an f whose |f″| is even and rises to `top` and then falls.
///
/// With a top inside the range it is the top; otherwise |f″| is largest at one of the ends, since it is monotone
/// between ±top and on either side. 32 units in the last place are added for the library's errors, but never above
/// the top.
fn largest_bend(range: Interval, top: (f64, f64), bend: impl Fn(f64) -> f64) -> f64 {
    if range.contains(top.0) || range.contains(-top.0) {
        return top.1;
    }
    let at_ends = bend(range.low).max(bend(range.high));
    (at_ends * (1.0 + 32.0 * f64::EPSILON)).min(top.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calculus::Jet;
    use proptest::prelude::*;

    /// A formula with every nonlinearity in it.
    fn formula<S: Scalar>(x: S) -> S {
        let gate = (x.scaled(1.3) + S::constant(0.2)).sigmoid();
        gate * (x * x - S::constant(0.4)).tanh()
            + (-gate) * (x.scaled(0.3).exp() + x.softplus())
            + x * x.normal_cdf()
            - (x - S::constant(0.3)).elu()
    }

    proptest! {
        #[test]
        fn slope_and_bend_are_never_exceeded(center in -2.0..2.0_f64, radius in 0.0..0.5_f64, share in -1.0..1.0_f64) {
            let ball = Bound::affine(Interval::around(center, radius), 1.0, 0.0);
            let found = formula(ball);
            let jet = formula(Jet::line(center + share * radius, 1.0));
            prop_assert!(found.range.contains(jet.0[0]));
            prop_assert!(jet.0[1].abs() <= found.slope);
            prop_assert!(2.0 * jet.0[2].abs() <= found.bend);
        }
    }

    #[test]
    fn the_largest_bends_are_where_the_constants_say() {
        for (top, function) in [
            (TANH_BEND, (|x| x.tanh()) as fn(Jet) -> Jet),
            (SIGMOID_BEND, |x| x.sigmoid()),
            (NORMAL_BEND, |x| x.normal_cdf()),
        ] {
            let bend = |a: f64| 2.0 * function(Jet::line(a, 1.0)).0[2].abs();
            assert!(bend(top.0) <= top.1 && bend(top.0) > top.1 * (1.0 - 1e-12));
            assert!((1..400).all(|i| bend(0.01 * f64::from(i)) <= top.1));
        }
    }
}
