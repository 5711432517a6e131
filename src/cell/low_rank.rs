//! Low-rank rate networks x' = (1−α)x + α φ(m nᵀ x + c), or in currents x' = (1−α)x + α(m nᵀ φ(x) + c), at a
//! constant input (Mastrogiuseppe & Ostojic 2018).
//!
//! All recurrent input passes through κ = nᵀ(rates) in R^rank. With y(κ) = φ(m κ + c), a fixed point solves
//! κ = nᵀ y(κ), and det(I_N − J) = αᴺ det(I_R − ∂(nᵀy)/∂κ) (Sylvester), so points, indices and folds are those of a map
//! in `rank` dimensions, whatever the number of units.
//!
//! The Jacobian's eigenvalues are 1 − α, N − R of them, and those of (1 − α)I + α nᵀD m, an R × R matrix with the
//! slopes D = diag φ'(a). For rank up to three all fixed points of networks of thousands of units are enumerated
//! with proof.

use faer::{Mat, MatMut};

use super::blend::{Blended, bend_of, blend};
use super::enclosure::{affine_over_box, product_over_box, transposed_over_box};
use super::features::{Cell, affine};
use super::formula::RateFormula;
use super::spec::{Activation, LeakyForm};
use crate::calculus::{Bound, Dual, Interval, Jet, Scalar, Smooth};
use crate::map::piecewise::PiecewiseAffine;
use crate::map::{Core, Map, Reduced};

/// Unit roundoff of f64.
const UNIT: f64 = 0.5 * f64::EPSILON;

/// A low-rank rate network with the input folded into its drive.
#[derive(Debug, Clone)]
pub struct LowRank {
    form: LeakyForm,
    activation: Activation,
    alpha: f64,
    rank: usize,
    /// m, `[units][rank]`.
    outward: Vec<f64>,
    /// n, `[units][rank]`.
    inward: Vec<f64>,
    drive: Vec<f64>,
}

impl LowRank {
    /// The rate network of the same weights: its formula, weights and drive.
    pub(super) fn whole(self) -> (RateFormula, Vec<f64>, Vec<f64>) {
        let units = self.drive.len();
        self.with_whole_weights(&vec![0.0; units * units])
    }

    /// The rate network of the summed weights M Nᵀ/N + `random`: its formula, weights and drive.
    pub(super) fn with_whole_weights(self, random: &[f64]) -> (RateFormula, Vec<f64>, Vec<f64>) {
        let inward = self.inward.chunks_exact(self.rank);
        let weights: Vec<f64> = self
            .outward
            .chunks_exact(self.rank)
            .flat_map(|m| {
                let of_unit = inward.clone();
                of_unit.map(|n| m.iter().zip(n).map(|(m, n)| m * n).sum::<f64>())
            })
            .zip(random)
            .map(|(low, random)| low + random)
            .collect();
        let formula = RateFormula {
            activation: self.activation,
            leak: Some((self.form, self.alpha)),
        };
        (formula, weights, self.drive)
    }

    /// The network with connectivity m nᵀ, both `[units][rank]` row-major and any factor 1/N taken into them, leak α in
    /// (0, 1], and drive B u + b.
    ///
    /// `outward` is m, `inward` is n, `drive` has one entry for each unit. α = 1 gives a network without leak.
    pub fn new(
        form: LeakyForm,
        activation: Activation,
        alpha: f64,
        outward: Vec<f64>,
        inward: Vec<f64>,
        drive: Vec<f64>,
    ) -> Self {
        Self {
            form,
            activation,
            alpha,
            rank: outward.len() / drive.len().max(1),
            outward,
            inward,
            drive,
        }
    }

    /// The network with its connectivity multiplied by a gain, which m takes up.
    pub fn with_gain(&self, gain: f64) -> Self {
        Self {
            outward: self.outward.iter().map(|m| gain * m).collect(),
            ..self.clone()
        }
    }

    /// What the units send: the state itself, or φ of it.
    fn rates<S: Scalar>(&self, state: &[S]) -> Vec<S> {
        match self.form {
            LeakyForm::Rates => state.to_vec(),
            LeakyForm::Currents => state.iter().map(|&x| self.activation.of(x)).collect(),
        }
    }

    fn leaky<S: Scalar>(&self, a: &[S], state: &[S]) -> Vec<S> {
        let drive = |a: S| match self.form {
            LeakyForm::Rates => self.activation.of(a),
            LeakyForm::Currents => a,
        };
        a.iter()
            .zip(state)
            .map(|(&a, x)| x.scaled(1.0 - self.alpha) + drive(a).scaled(self.alpha))
            .collect()
    }

    /// κ of a state.
    fn latent(&self, state: &[f64]) -> Vec<f64> {
        transposed_product(&self.inward, &self.rates(state), self.rank)
    }

    /// m κ + c.
    fn preactivations(&self, latent: &[f64]) -> Vec<f64> {
        affine(&self.outward, latent, &self.drive)
    }

    /// Σ_j |m_ij| for each unit.
    fn outward_sums(&self) -> impl Iterator<Item = f64> {
        self.outward
            .chunks_exact(self.rank)
            .map(|row| row.iter().map(|m| m.abs()).sum())
    }

    /// Pre-activations over a box of κ.
    fn over_box(&self, region: &[Interval]) -> Vec<Interval> {
        affine_over_box(&self.outward, &self.drive, region)
    }
}

/// The factors, not their product, are what is blended.
impl Blended for LowRank {
    fn is_alike(&self, other: &Self) -> bool {
        (self.form, self.activation, self.rank) == (other.form, other.activation, other.rank)
            && self.alpha == other.alpha
    }

    fn bend(&self, middle: &Self, other: &Self) -> Option<Self> {
        let (outward, is_out) = bend_of(&self.outward, &middle.outward, &other.outward);
        let (inward, is_in) = bend_of(&self.inward, &middle.inward, &other.inward);
        let (drive, is_pulled) = bend_of(&self.drive, &middle.drive, &other.drive);
        (is_out || is_in || is_pulled).then(|| Self {
            outward,
            inward,
            drive,
            ..self.clone()
        })
    }

    fn between(&self, other: &Self, bend: Option<&Self>, s: f64) -> Self {
        let blended = |of: fn(&Self) -> &[f64]| blend(of(self), of(other), bend.map(of), s);
        Self {
            outward: blended(|cell| &cell.outward),
            inward: blended(|cell| &cell.inward),
            drive: blended(|cell| &cell.drive),
            ..self.clone()
        }
    }

    fn path_jet(&self, other: &Self, bend: Option<&Self>, s: Jet, curve: &[Jet]) -> Vec<Jet> {
        let share = s.scaled(4.0) * (Jet::constant(1.0) - s);
        let on_path = |of: fn(&Self) -> &[f64]| -> Vec<Jet> {
            let both = of(self).iter().zip(of(other));
            let mut straight: Vec<Jet> = both
                .map(|(&a, &b)| Jet::constant(a) + s.scaled(b - a))
                .collect();
            for (sum, &c) in straight.iter_mut().zip(bend.map(of).unwrap_or_default()) {
                *sum = *sum + share.scaled(c);
            }
            straight
        };
        let outward = on_path(|cell| &cell.outward);
        let inward = on_path(|cell| &cell.inward);
        let drive = on_path(|cell| &cell.drive);
        let latent = transposed_product(&inward, &self.rates(curve), self.rank);
        let a: Vec<Jet> = outward
            .chunks_exact(self.rank)
            .zip(drive)
            .map(|(row, c)| row.iter().zip(&latent).fold(c, |sum, (&m, &k)| sum + m * k))
            .collect();
        self.leaky(&a, curve)
    }
}

impl Map for LowRank {
    fn dim(&self) -> usize {
        self.drive.len()
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        out.copy_from_slice(&self.leaky(&self.preactivations(&self.latent(point)), point));
    }

    fn jacobian(&self, point: &[f64], mut out: MatMut<'_, f64>) {
        let ones = vec![1.0; self.dim()];
        let slopes = |values: &[f64]| values.iter().map(|&a| slope(self.activation, a)).collect();
        let (rows, columns): (Vec<f64>, Vec<f64>) = match self.form {
            LeakyForm::Rates => (slopes(&self.preactivations(&self.latent(point))), ones),
            LeakyForm::Currents => (ones, slopes(point)),
        };
        for (j, n) in self.inward.chunks_exact(self.rank).enumerate() {
            for (i, m) in self.outward.chunks_exact(self.rank).enumerate() {
                let weight: f64 = m.iter().zip(n).map(|(m, n)| m * n).sum();
                out[(i, j)] = self.alpha * rows[i] * weight * columns[j];
            }
            out[(j, j)] += 1.0 - self.alpha;
        }
    }

    fn jet(&self, curve: &[Jet]) -> Vec<Jet> {
        self.path_jet(self, None, Jet::constant(0.0), curve)
    }

    fn trapping_box(&self) -> Option<Vec<f64>> {
        if !self.activation.is_bounded() {
            return None;
        }
        let reach = match self.form {
            LeakyForm::Rates => vec![1.0; self.dim()],
            LeakyForm::Currents => {
                let most: Vec<f64> = (0..self.rank)
                    .map(|r| column_sum(&self.inward, self.rank, r))
                    .collect();
                self.outward
                    .chunks_exact(self.rank)
                    .zip(&self.drive)
                    .map(|(row, c)| {
                        row.iter().zip(&most).map(|(m, k)| m.abs() * k).sum::<f64>() + c.abs()
                    })
                    .collect()
            }
        };
        Some(
            reach
                .iter()
                .map(|reach: &f64| reach * (1.0 + 1e-9) + 1e-12)
                .collect(),
        )
    }

    fn q_floor(&self, point: &[f64]) -> f64 {
        // The rounding of κ = nᵀ(rates), then that of m κ + c.
        let rates = self.rates(point);
        let rows = self.inward.chunks_exact(self.rank).zip(&rates);
        let size: f64 = rows
            .map(|(row, rate)| row.iter().map(|n| n.abs()).sum::<f64>() * rate.abs().max(1.0))
            .sum();
        let gamma = (self.dim() + self.rank + 2) as f64 * UNIT;
        let error = |((reach, c), x): ((f64, &f64), &f64)| {
            (gamma * (reach * size + c.abs()) + UNIT * (8.0 + x.abs())).powi(2)
        };
        0.5 * self
            .outward_sums()
            .zip(&self.drive)
            .zip(point)
            .map(error)
            .sum::<f64>()
    }

    fn piecewise(&self) -> Option<PiecewiseAffine> {
        (self.activation == Activation::Relu).then_some(())?;
        let row = |factor: &[f64], unit: usize, k: usize| factor[unit * self.rank + k];
        Some(PiecewiseAffine {
            state_is_rate: self.form == LeakyForm::Rates,
            decay: vec![1.0 - self.alpha; self.dim()],
            weights: Mat::from_fn(self.dim(), self.dim(), |i, j| {
                let terms =
                    (0..self.rank).map(|k| row(&self.outward, i, k) * row(&self.inward, j, k));
                self.alpha * terms.sum::<f64>()
            }),
            drive: self.drive.iter().map(|c| self.alpha * c).collect(),
        })
    }

    fn reduced(&self) -> Option<Box<dyn Reduced + '_>> {
        Some(Box::new(Latent(self)))
    }

    /// J − (1−α)I is α D m nᵀ or α m nᵀ D with the slopes D, and has the eigenvalues of α nᵀ D m beside zeros.
    fn jacobian_core(&self, point: &[f64]) -> Option<Core> {
        let at = match self.form {
            LeakyForm::Rates => self.preactivations(&self.latent(point)),
            LeakyForm::Currents => point.to_vec(),
        };
        let slopes = Latent(self).slopes(&at);
        let rest = 1.0 - self.alpha;
        let matrix = Mat::from_fn(self.rank, self.rank, |r, k| {
            let leak = if r == k { rest } else { 0.0 };
            leak + self.alpha * slopes[r * self.rank + k]
        });
        Some(Core { matrix, rest })
    }
}

impl Cell for LowRank {
    fn features(&self, state: &[f64]) -> Vec<f64> {
        self.rates(state)
    }
}

/// κ ↦ nᵀ φ(m κ + c).
struct Latent<'a>(&'a LowRank);

impl Latent<'_> {
    /// Partial derivatives of nᵀ φ(m κ + c) from the pre-activations, `[rank][rank]`.
    fn slopes<T: Smooth>(&self, a: &[T]) -> Vec<T> {
        let LowRank {
            rank,
            outward,
            inward,
            ..
        } = self.0;
        let mut out = vec![T::constant(0.0); rank * rank];
        for (i, &a) in a.iter().enumerate() {
            let slope = slope(self.0.activation, a);
            for r in 0..*rank {
                for k in 0..*rank {
                    let entry = &mut out[r * rank + k];
                    *entry = *entry
                        + slope
                            .scaled(outward[i * rank + k])
                            .scaled(inward[i * rank + r]);
                }
            }
        }
        out
    }
}

impl Map for Latent<'_> {
    fn dim(&self) -> usize {
        self.0.rank
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        let rates: Vec<f64> = self
            .0
            .preactivations(point)
            .iter()
            .map(|&a| self.0.activation.of(a))
            .collect();
        out.copy_from_slice(&transposed_product(&self.0.inward, &rates, self.0.rank));
    }

    fn jacobian(&self, point: &[f64], mut out: MatMut<'_, f64>) {
        let slopes = self.slopes(&self.0.preactivations(point));
        for r in 0..self.0.rank {
            for k in 0..self.0.rank {
                out[(r, k)] = slopes[r * self.0.rank + k];
            }
        }
    }

    fn jet(&self, curve: &[Jet]) -> Vec<Jet> {
        let rows = self.0.outward.chunks_exact(self.0.rank);
        let rates: Vec<Jet> = rows
            .zip(&self.0.drive)
            .map(|(row, &c)| {
                let terms = row.iter().zip(curve);
                let sum = terms.fold(Jet::constant(c), |sum, (&m, &k)| sum + k.scaled(m));
                self.0.activation.of(sum)
            })
            .collect();
        transposed_product(&self.0.inward, &rates, self.0.rank)
    }

    fn bounds(&self, state: &[Bound]) -> Option<Vec<Bound>> {
        let gamma = (self.0.dim() + self.0.rank + 2) as f64 * UNIT;
        let rows = self.0.outward.chunks_exact(self.0.rank);
        let rates = rows.zip(&self.0.drive).map(|(row, &c)| {
            let offset = Bound::affine(Interval::constant(c), 0.0, gamma * c.abs());
            let terms = row.iter().zip(state);
            let sum = terms.fold(offset, |sum, (&m, &k)| summed(sum, k.scaled(m), gamma));
            self.0.activation.of(sum)
        });
        let mut out = vec![Bound::constant(0.0); self.0.rank];
        for (rate, row) in rates.zip(self.0.inward.chunks_exact(self.0.rank)) {
            for (sum, &n) in out.iter_mut().zip(row) {
                *sum = summed(*sum, rate.scaled(n), gamma);
            }
        }
        Some(out)
    }

    fn image_of_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        let over_box = self.0.over_box(region);
        let rates: Vec<Interval> = over_box.iter().map(|&a| self.0.activation.of(a)).collect();
        Some(transposed_over_box(&self.0.inward, self.0.rank, &rates))
    }

    fn jacobian_over_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        let LowRank {
            rank,
            outward,
            inward,
            activation,
            ..
        } = self.0;
        let over_box = self.0.over_box(region);
        let slopes: Vec<Interval> = over_box.iter().map(|&a| slope(*activation, a)).collect();
        Some(product_over_box(inward, outward, *rank, &slopes))
    }

    fn trapping_box(&self) -> Option<Vec<f64>> {
        if !self.0.activation.is_bounded() {
            return None;
        }
        let half_width = |r| column_sum(&self.0.inward, self.0.rank, r) * (1.0 + 1e-9) + 1e-12;
        Some((0..self.0.rank).map(half_width).collect())
    }

    fn q_floor(&self, point: &[f64]) -> f64 {
        let errors = self.bounds(&Bound::ball(point, 0.0)).unwrap_or_default();
        let error = |(bound, k): (&Bound, &f64)| (bound.error + UNIT * k.abs()).powi(2);
        0.5 * errors.iter().zip(point).map(error).sum::<f64>()
    }
}

impl Reduced for Latent<'_> {
    fn project(&self, state: &[f64]) -> Vec<f64> {
        self.0.latent(state)
    }

    fn lift(&self, reduced: &[f64]) -> Vec<f64> {
        let a = self.0.preactivations(reduced);
        match self.0.form {
            LeakyForm::Rates => a.iter().map(|&a| self.0.activation.of(a)).collect(),
            LeakyForm::Currents => a,
        }
    }
}

/// φ′(a).
fn slope<T: Smooth>(activation: Activation, a: T) -> T {
    activation.of(Dual::<T, 1>::variable(a, 0)).gradient[0]
}

/// One term more of a sum whose every term is rounded to a relative `gamma`, in whatever order it is summed.
fn summed(sum: Bound, term: Bound, gamma: f64) -> Bound {
    Bound {
        error: sum.error + term.error + gamma * term.range.magnitude(),
        slope_error: sum.slope_error + term.slope_error + gamma * term.slope,
        ..sum + term
    }
}

/// matrixᵀ · vector for a matrix `[len of vector][width]`.
fn transposed_product<M, S>(matrix: &[M], vector: &[S], width: usize) -> Vec<S>
where
    M: Copy,
    S: Scalar + std::ops::Mul<M, Output = S>,
{
    let mut out = vec![S::constant(0.0); width];
    for (row, &x) in matrix.chunks_exact(width).zip(vector) {
        for (sum, &m) in out.iter_mut().zip(row) {
            *sum = *sum + x * m;
        }
    }
    out
}

fn column_sum(matrix: &[f64], width: usize, column: usize) -> f64 {
    matrix[column..]
        .iter()
        .step_by(width)
        .map(|x| x.abs())
        .sum()
}
