//! Closed intervals of reals that hold the exact result of every operation.
//!
//! Sums and products are widened by one unit in the last place on each side. The functions of the platform's
//! mathematical library are not correctly rounded; their results are widened by [`LIBRARY_ULPS`] units, more than any
//! library in use is known to err.
//!
//! Interval arithmetic in the sense of Moore: X ∘ Y holds x ∘ y for all x of X and y of Y. A formula in which a
//! variable occurs several times gets a range that is too wide, never one that is too narrow; branch and bound
//! makes it up by smaller boxes.
//!
//! NaN and reversed ends are not checked for: an interval with `low > high` is nobody's result, [`Interval::new`]
//! takes ends as they are, and a bound of ±∞ means that nothing is known on that side.

use std::ops::{Add, Mul, Neg, Sub};

use super::scalar::{Scalar, Smooth, sech_squared, sigmoid};

/// Units in the last place by which results of tanh and exp are widened. (glibc's manual states at most 2 for tanh and
/// 1 for exp; our combinations of them lose a few more.)
const LIBRARY_ULPS: f64 = 8.0;
/// The same as a share of the result.
const LIBRARY_MARGIN: f64 = LIBRARY_ULPS * f64::EPSILON;

/// All reals from `low` to `high`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Least element.
    pub low: f64,
    /// Greatest element.
    pub high: f64,
}

impl Interval {
    /// From `low` to `high`.
    ///
    /// `low` must not be greater than `high`.
    pub fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    /// All reals within `radius` of `center`.
    pub fn around(center: f64, radius: f64) -> Self {
        Self::new((center - radius).next_down(), (center + radius).next_up())
    }

    /// A point near the middle.
    ///
    /// Finite for all finite ends, also where their sum would overflow.
    pub fn middle(self) -> f64 {
        0.5 * self.low + 0.5 * self.high
    }

    /// Half the length, rounded up.
    pub fn radius(self) -> f64 {
        let middle = self.middle();
        (middle - self.low).max(self.high - middle).next_up()
    }

    /// The largest absolute value.
    pub fn magnitude(self) -> f64 {
        self.low.abs().max(self.high.abs())
    }

    /// Whether a number lies in it.
    pub fn contains(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Whether it lies in the interior of another.
    ///
    /// Strictly: no end may coincide. It is what existence proofs ask for (Krawczyk's operator maps a box into its
    /// interior).
    pub fn is_inside(self, other: Self) -> bool {
        other.low < self.low && self.high < other.high
    }

    /// What two intervals share.
    ///
    /// `None` where they are disjoint; intervals that touch share a point.
    pub fn intersection(self, other: Self) -> Option<Self> {
        let both = Self::new(self.low.max(other.low), self.high.min(other.high));
        (both.low <= both.high).then_some(both)
    }

    fn widened(low: f64, high: f64) -> Self {
        Self::new(low.next_down(), high.next_up())
    }

    /// The image under an increasing function of the library with values within `range`.
    fn increasing(self, function: impl Fn(f64) -> f64, range: Self) -> Self {
        self.increasing_within(function, range, |_| LIBRARY_MARGIN)
    }

    /// The same for a function that is known to a relative margin at a place.
    fn increasing_within(
        self,
        function: impl Fn(f64) -> f64,
        range: Self,
        margin: impl Fn(f64) -> f64,
    ) -> Self {
        let (low, high) = (function(self.low), function(self.high));
        let below = low - margin(self.low) * low.abs();
        let above = high + margin(self.high) * high.abs();
        Self::new(
            below.next_down().max(range.low),
            above.next_up().min(range.high),
        )
    }

    /// The image under an even function that falls away from 0, known to a few units in the last place or to a relative
    /// margin at a place.
    ///
    /// Used for slopes: least at the end that is farther from 0, greatest at the nearer one, or at 0 if the
    /// interval holds it.
    fn bell(self, function: impl Fn(f64) -> f64, top: f64, margin: impl Fn(f64) -> f64) -> Self {
        let (near, far) = if self.contains(0.0) {
            (0.0, self.magnitude())
        } else {
            (self.low.abs().min(self.high.abs()), self.magnitude())
        };
        let low = (function(far) * (1.0 - margin(far))).next_down().max(0.0);
        let high = (function(near) * (1.0 + margin(near))).next_up();
        Self::new(low, high.min(top))
    }
}

impl Add for Interval {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::widened(self.low + other.low, self.high + other.high)
    }
}

impl Sub for Interval {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::widened(self.low - other.high, self.high - other.low)
    }
}

impl Neg for Interval {
    type Output = Self;

    fn neg(self) -> Self {
        Self::new(-self.high, -self.low)
    }
}

impl Mul for Interval {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let products = [
            self.low * other.low,
            self.low * other.high,
            self.high * other.low,
            self.high * other.high,
        ];
        let low = products.iter().copied().fold(f64::INFINITY, f64::min);
        let high = products.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Self::widened(low, high)
    }
}

impl Scalar for Interval {
    fn constant(value: f64) -> Self {
        Self::new(value, value)
    }

    fn scaled(self, factor: f64) -> Self {
        let (a, b) = (self.low * factor, self.high * factor);
        Self::widened(a.min(b), a.max(b))
    }

    fn tanh(self) -> Self {
        self.increasing(f64::tanh, Self::new(-1.0, 1.0))
    }

    fn sigmoid(self) -> Self {
        self.increasing(sigmoid, Self::new(0.0, 1.0))
    }

    fn exp(self) -> Self {
        self.increasing(f64::exp, Self::new(0.0, f64::INFINITY))
    }

    fn relu(self) -> Self {
        Self::new(self.low.max(0.0), self.high.max(0.0))
    }

    fn softplus(self) -> Self {
        self.increasing(Scalar::softplus, Self::new(0.0, f64::INFINITY))
    }

    fn elu(self) -> Self {
        self.increasing(Scalar::elu, Self::new(-1.0, f64::INFINITY))
    }

    fn normal_cdf(self) -> Self {
        self.increasing_within(Scalar::normal_cdf, Self::new(0.0, 1.0), normal_margin)
    }
}

impl Smooth for Interval {
    fn sech_squared(self) -> Self {
        self.bell(sech_squared, 1.0, |_| LIBRARY_MARGIN)
    }

    fn sigmoid_slope(self) -> Self {
        self.bell(|a| sigmoid(a) * sigmoid(-a), 0.25, |_| LIBRARY_MARGIN)
    }

    fn relu_slope(self) -> Self {
        Self::new(
            f64::from(u8::from(self.low > 0.0)),
            f64::from(u8::from(self.high >= 0.0)),
        )
    }

    fn elu_slope(self) -> Self {
        self.increasing(Smooth::elu_slope, Self::new(0.0, 1.0))
    }

    fn normal_density(self) -> Self {
        self.bell(Smooth::normal_density, 0.4, normal_margin)
    }
}

/// How wrong Φ and its slope are at a place at most, as a share of them.
///
/// Where they fall off as exp(−a²/2), an argument that is rounded to ε has an effect of a² ε. Beyond 39 both are 0 or 1
/// anyway.
pub(super) fn normal_margin(a: f64) -> f64 {
    LIBRARY_MARGIN + a.abs().min(40.0).powi(2) * f64::EPSILON
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn interval() -> impl Strategy<Value = (Interval, f64)> {
        (-30.0..30.0_f64, 0.0..4.0_f64, 0.0..1.0_f64).prop_map(|(low, length, share)| {
            let of = Interval::new(low, low + length);
            (of, (low + share * length).clamp(of.low, of.high))
        })
    }

    proptest! {
        #[test]
        fn every_operation_holds_the_value_of_every_member((a, x) in interval(), (b, y) in interval()) {
            for (of, value) in [
                (a + b, x + y),
                (a - b, x - y),
                (a * b, x * y),
                (-a, -x),
                (a.scaled(-1.7), -1.7 * x),
                (a.tanh(), x.tanh()),
                (a.sigmoid(), sigmoid(x)),
                (a.exp(), x.exp()),
                (a.relu(), x.relu()),
                (a.softplus(), x.softplus()),
                (a.elu(), x.elu()),
                (a.elu_slope(), x.elu_slope()),
                (a.normal_cdf(), x.normal_cdf()),
                (a.normal_density(), x.normal_density()),
                (a.sech_squared(), sech_squared(x)),
                (a.sigmoid_slope(), x.sigmoid_slope()),
            ] {
                prop_assert!(of.contains(value), "{value} not in {of:?}");
            }
        }

        #[test]
        fn a_single_point_stays_narrow((_, x) in interval()) {
            let point = Interval::constant(x);
            for of in [point.tanh(), point.sech_squared(), point.exp(), point.sigmoid(), point.softplus()] {
                prop_assert!(of.high - of.low <= 40.0 * f64::EPSILON * of.magnitude() + f64::MIN_POSITIVE);
            }
        }
    }
}
