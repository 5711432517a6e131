//! Maps whose fixed points and bifurcations are known in closed form.

use faer::MatMut;

use super::{Family, Map};

/// The logistic map x → r x (1 − x), with fixed points 0 and 1 − 1/r and multipliers r and 2 − r.
#[derive(Debug, Clone, Copy)]
pub struct Logistic {
    /// Growth rate r.
    pub rate: f64,
}

impl Map for Logistic {
    fn dim(&self) -> usize {
        1
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        out[0] = self.rate * point[0] * (1.0 - point[0]);
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

    fn derivative(&self, _: f64, point: &[f64], out: &mut [f64]) {
        out[0] = point[0] * (1.0 - point[0]);
    }
}

/// The Hénon map (x, y) → (1 − a x² + y, b x).
#[derive(Debug, Clone, Copy)]
pub struct Henon {
    /// Nonlinearity a.
    pub a: f64,
    /// Contraction b.
    pub b: f64,
}

impl Map for Henon {
    fn dim(&self) -> usize {
        2
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        out[0] = 1.0 - self.a * point[0] * point[0] + point[1];
        out[1] = self.b * point[0];
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

    fn derivative(&self, _: f64, point: &[f64], out: &mut [f64]) {
        out[0] = -point[0] * point[0];
        out[1] = 0.0;
    }
}
