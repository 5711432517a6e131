//! Maps whose fixed points and bifurcations are known in closed form.
//!
//! They are small enough for all that analysis can do (certificates, enumeration, continuation), and serve tests,
//! examples and benchmarks as known answers:
//!
//! | map | known |
//! |---|---|
//! | logistic | flips at r = 3 and 1 + √6; transcritical at r = 1; cascade ends at r = 3.569945672…; λ = ln 2 at r = 4 |
//! | Hénon, b = 0.3 | fold at a = −(1 − b)²/4 = −0.1225; flip at a = 3(1 − b)²/4 = 0.3675; sum of Lyapunov exponents ln b |

use faer::MatMut;

use super::{Family, Map};
use crate::calculus::{Bound, Interval, Jet, Scalar};

/// The logistic map x → r x (1 − x), with fixed points 0 and 1 − 1/r and multipliers r and 2 − r.
///
/// It has no trapping box: for r > 4 some orbits leave [0, 1], and outside they escape.
#[derive(Debug, Clone, Copy)]
pub struct Logistic {
    /// Growth rate r.
    pub rate: f64,
}

/// r x (1 − x), in any reading.
fn logistic<S: Scalar>(rate: S, x: S) -> S {
    rate * x * (S::constant(1.0) - x)
}

impl Map for Logistic {
    fn dim(&self) -> usize {
        1
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        out[0] = logistic(self.rate, point[0]);
    }

    fn jet(&self, curve: &[Jet]) -> Vec<Jet> {
        LogisticFamily.jet(Jet::constant(self.rate), curve)
    }

    fn bounds(&self, state: &[Bound]) -> Option<Vec<Bound>> {
        Some(vec![logistic(Bound::constant(self.rate), state[0])])
    }

    fn image_of_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        Some(vec![logistic(Interval::constant(self.rate), region[0])])
    }

    fn jacobian_over_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        let slope = Interval::constant(1.0) - region[0].scaled(2.0);
        Some(vec![slope.scaled(self.rate)])
    }

    fn jacobian(&self, point: &[f64], mut out: MatMut<'_, f64>) {
        out[(0, 0)] = self.rate * (1.0 - 2.0 * point[0]);
    }
}

/// The logistic map along its growth rate, r = s.
#[derive(Debug, Clone, Copy)]
pub struct LogisticFamily;

impl Family for LogisticFamily {
    type At = Logistic;

    fn at(&self, s: f64) -> Logistic {
        Logistic { rate: s }
    }

    fn jet(&self, s: Jet, curve: &[Jet]) -> Vec<Jet> {
        vec![logistic(s, curve[0])]
    }
}

/// The Hénon map (x, y) → (1 − a x² + y, b x).
///
/// Fixed points x = (−(1 − b) ± √((1 − b)² + 4a))/(2a), y = b x; the determinant of the Jacobian is −b everywhere,
/// so the two multipliers multiply to −b.
#[derive(Debug, Clone, Copy)]
pub struct Henon {
    /// Nonlinearity a.
    pub a: f64,
    /// Contraction b.
    pub b: f64,
}

/// (1 − a x² + y, b x), in any reading.
fn henon<S: Scalar>(a: S, b: f64, [x, y]: [S; 2]) -> Vec<S> {
    vec![S::constant(1.0) - a * x * x + y, x.scaled(b)]
}

impl Map for Henon {
    fn dim(&self) -> usize {
        2
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        out.copy_from_slice(&henon(self.a, self.b, [point[0], point[1]]));
    }

    fn jet(&self, curve: &[Jet]) -> Vec<Jet> {
        HenonFamily { b: self.b }.jet(Jet::constant(self.a), curve)
    }

    fn bounds(&self, state: &[Bound]) -> Option<Vec<Bound>> {
        Some(henon(Bound::constant(self.a), self.b, [state[0], state[1]]))
    }

    fn image_of_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        let a = Interval::constant(self.a);
        Some(henon(a, self.b, [region[0], region[1]]))
    }

    fn jacobian_over_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        let constant = Interval::constant;
        let slope = region[0].scaled(-2.0).scaled(self.a);
        Some(vec![slope, constant(1.0), constant(self.b), constant(0.0)])
    }

    fn jacobian(&self, point: &[f64], mut out: MatMut<'_, f64>) {
        out[(0, 0)] = -2.0 * self.a * point[0];
        out[(0, 1)] = 1.0;
        out[(1, 0)] = self.b;
        out[(1, 1)] = 0.0;
    }
}

/// The Hénon map along a = s at fixed b.
#[derive(Debug, Clone, Copy)]
pub struct HenonFamily {
    /// Contraction b.
    pub b: f64,
}

impl Family for HenonFamily {
    type At = Henon;

    fn at(&self, s: f64) -> Henon {
        Henon { a: s, b: self.b }
    }

    fn jet(&self, s: Jet, curve: &[Jet]) -> Vec<Jet> {
        henon(s, self.b, [curve[0], curve[1]])
    }
}
