//! Maps of an interval with one maximum, along a parameter: where their cycles run through the maximum.

use crate::calculus::{Dual, Scalar};

/// Newton steps at most.
const MOST_STEPS: usize = 60;
/// Steps along s in which the second and third superstable parameter are looked for, and how many at most.
const SCAN: f64 = 1e-3;
const MOST_SCANNED: u32 = 4000;

/// A family of maps of an interval with their maximum or minimum at a fixed place, as formulas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IntervalMap {
    /// x → s x(1 − x).
    Logistic,
    /// κ → s (tanh(κ + 1) − tanh(κ − 1)) − 3, which a network of two units and rank one does.
    RankOne,
    /// x → 1 − s|x|ᶻ.
    Power(u32),
    /// x → 1 − s tanh|x|ᶻ.
    SaturatingPower(u32),
}

impl IntervalMap {
    /// F_s(x).
    fn value<S: Scalar>(self, s: S, x: S) -> S {
        let one = S::constant(1.0);
        match self {
            Self::Logistic => s * x * (one - x),
            Self::RankOne => s * ((x + one).tanh() - (x - one).tanh()) - S::constant(3.0),
            Self::Power(order) => one - s * power(x, order),
            Self::SaturatingPower(order) => one - s * power(x, order).tanh(),
        }
    }

    /// Where its slope is zero whatever s is.
    fn critical(self) -> f64 {
        if self == Self::Logistic { 0.5 } else { 0.0 }
    }

    /// The first superstable period and about where it is.
    fn first(self) -> (usize, f64) {
        match self {
            Self::Logistic | Self::RankOne => (1, 2.0),
            // c = 0 is never a fixed point: 0 → 1 → 1 − s.
            Self::Power(_) => (2, 1.0),
            Self::SaturatingPower(_) => (2, 1.3),
        }
    }

    /// Fᵗ(c) − c of the critical point c, and its derivative in s.
    fn miss(self, s: f64, times: usize) -> Dual<f64, 1> {
        let critical = Dual::constant(self.critical());
        let s = Dual::variable(s, 0);
        let end = (0..times).fold(critical, |x, _| self.value(s, x));
        end - critical
    }
}

/// |x|ᵖᵒʷᵉʳ.
fn power<S: Scalar>(x: S, power: u32) -> S {
    let size = x.relu() + (-x).relu();
    (1..power).fold(size, |product, _| product * size)
}

/// Where the cycles of periods 1, 2, 4, … of a family run through its critical point; from 2 on where it is never fixed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Superstable {
    /// The parameters, in order of period.
    pub(super) places: Vec<f64>,
    /// From period 2 on, how far from the critical point the cycle is half a period later, with its sign.
    pub(super) spreads: Vec<f64>,
}

/// As many superstable parameters of a family; fewer where Newton's method ends nowhere.
///
/// 1. The first by Newton's method from about where it is.
/// 2. The next two at the next zeros of F²ᵖ(c) − c, p the period before: found by small steps along s.
/// 3. The others by Newton's method from where the last two, and the last ratio of distances, predict them.
pub(super) fn superstable(family: IntervalMap, count: usize) -> Superstable {
    let mut found = Superstable {
        places: Vec::new(),
        spreads: Vec::new(),
    };
    let (mut period, start) = family.first();
    let mut expected = Some(start);
    while found.places.len() < count {
        let Some(place) = expected.and_then(|from| newton(family, from, period)) else {
            break;
        };
        found.places.push(place);
        if period > 1 {
            found.spreads.push(family.miss(place, period / 2).value);
        }
        period *= 2;
        expected = match (ratios(&found.places).last(), found.places.as_slice()) {
            (Some(ratio), [.., before, last]) => Some(last + (last - before) / ratio),
            _ => next_zero(family, place, period),
        };
    }
    found
}

/// The first change of sign of Fᵗ(c) − c above s.
fn next_zero(family: IntervalMap, s: f64, times: usize) -> Option<f64> {
    let at = |step: u32| s + SCAN * f64::from(step);
    let sign = |step: u32| family.miss(at(step), times).value > 0.0;
    let mut steps = 2..MOST_SCANNED;
    steps.find(|&step| sign(step) != sign(step - 1)).map(at)
}

fn newton(family: IntervalMap, mut s: f64, times: usize) -> Option<f64> {
    let mut before = f64::INFINITY;
    for _ in 0..MOST_STEPS {
        let miss = family.miss(s, times);
        let step = miss.value / miss.gradient[0];
        s -= step;
        let is_rounding = step.abs() < 1e-12 && step.abs() >= 0.5 * before;
        if step.abs() <= 2.0 * f64::EPSILON * s.abs() || is_rounding {
            return Some(s);
        }
        before = step.abs();
    }
    None
}

/// (sᵢ − sᵢ₋₁)/(sᵢ₊₁ − sᵢ) of successive places.
pub(super) fn ratios(places: &[f64]) -> Vec<f64> {
    let of_three = |s: &[f64]| (s[1] - s[0]) / (s[2] - s[1]);
    places.windows(3).map(of_three).collect()
}

/// dᵢ/dᵢ₊₁ of successive lengths.
pub(super) fn shrinking(lengths: &[f64]) -> Vec<f64> {
    lengths.windows(2).map(|of| of[0] / of[1]).collect()
}
