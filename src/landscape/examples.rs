//! Families for the tests, each one formula over [`Scalar`].

use faer::MatMut;

use crate::calculus::{Jet, Scalar};
use crate::map::{Family, Map};

/// x ↦ F_s(x) in any reading.
pub(super) trait Formula: Clone + Sync {
    fn dim(&self) -> usize;
    fn value<S: Scalar>(&self, s: S, x: &[S]) -> Vec<S>;
}

/// A formula as a family.
#[derive(Debug, Clone)]
pub(super) struct Along<T>(pub(super) T);

/// A formula at one s.
#[derive(Debug, Clone)]
pub(super) struct Held<T> {
    formula: T,
    s: f64,
}

impl<T: Formula> Family for Along<T> {
    type At = Held<T>;

    fn at(&self, s: f64) -> Held<T> {
        Held {
            formula: self.0.clone(),
            s,
        }
    }

    fn jet(&self, s: Jet, curve: &[Jet]) -> Vec<Jet> {
        self.0.value(s, curve)
    }
}

impl<T: Formula> Map for Held<T> {
    fn dim(&self) -> usize {
        self.formula.dim()
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        out.copy_from_slice(&self.formula.value(self.s, point));
    }

    fn jacobian(&self, point: &[f64], mut out: MatMut<'_, f64>) {
        for j in 0..self.dim() {
            let mut direction = vec![0.0; self.dim()];
            direction[j] = 1.0;
            for (i, jet) in self.jet(&Jet::lines(point, &direction)).iter().enumerate() {
                out[(i, j)] = jet.0[1];
            }
        }
    }

    fn jet(&self, curve: &[Jet]) -> Vec<Jet> {
        Along(self.formula.clone()).jet(Jet::constant(self.s), curve)
    }
}

/// Recurrent weights, row-major, of units that keep to themselves, each with less than the one before: of many, a Krylov basis finds
/// the leading multipliers at once.
pub(super) fn fading(dim: usize) -> Vec<f64> {
    let mut weights = vec![0.0; dim * dim];
    for i in 0..dim {
        weights[i * dim + i] = 0.6 * 0.9_f64.powi(i as i32);
    }
    weights
}

/// x′ = tanh((W₀ + s W₁) x + b₀ + s b₁), matrices row-major.
#[derive(Debug, Clone)]
pub(super) struct Tanh {
    pub(super) w: [Vec<f64>; 2],
    pub(super) b: [Vec<f64>; 2],
}

impl Tanh {
    /// x′ = tanh(s W x + b).
    pub(super) fn gain(w: Vec<f64>, b: Vec<f64>) -> Along<Self> {
        let still = vec![0.0; b.len()];
        Along(Self {
            w: [vec![0.0; w.len()], w],
            b: [b, still],
        })
    }

    /// One unit, x′ = tanh((w₀ + s w₁) x + b₀ + s b₁).
    pub(super) fn unit(w: [f64; 2], b: [f64; 2]) -> Along<Self> {
        Along(Self {
            w: w.map(|w| vec![w]),
            b: b.map(|b| vec![b]),
        })
    }
}

impl Formula for Tanh {
    fn dim(&self) -> usize {
        self.b[0].len()
    }

    fn value<S: Scalar>(&self, s: S, x: &[S]) -> Vec<S> {
        let n = self.dim();
        let affine =
            |pair: &[Vec<f64>; 2], i: usize| S::constant(pair[0][i]) + s.scaled(pair[1][i]);
        (0..n)
            .map(|i| {
                let sum = (0..n).fold(affine(&self.b, i), |sum, j| {
                    sum + affine(&self.w, i * n + j) * x[j]
                });
                sum.tanh()
            })
            .collect()
    }
}
