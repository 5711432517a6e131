//! A linear network that learns by gradient descent on its output at rest.
//!
//! With B = (1 − W)⁻¹ it rests at z = w_outᵀ B w_in for the constant input 1, and the gradient of ½(ẑ − z)² in W is
//! −(ẑ − z) p qᵀ with p = Bᵀ w_out, q = B w_in: that through the simulated time steps of a trial that is long enough to rest.
//! Each step adds a matrix of rank one, so that B follows by the formula of Sherman and Morrison.

use faer::linalg::solvers::{DenseSolveCore as _, Solve as _};
use faer::{Col, Mat};
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use crate::svd::singular_values;

/// A network before training.
pub(super) struct LinearNetwork {
    /// W₀.
    weights: Mat<f64>,
    /// (1 − W₀)⁻¹.
    inverse: Mat<f64>,
    /// w_in, of length 1.
    input: Col<f64>,
    /// w_out, of length 1.
    readout: Col<f64>,
    rng: ChaCha8Rng,
}

/// ΔW = Σ cₖ pₖ qₖᵀ, one term for each step.
#[derive(Debug, Clone, Default)]
pub(super) struct WeightChange {
    factors: Vec<f64>,
    left: Vec<Col<f64>>,
    right: Vec<Col<f64>>,
}

/// A network in training.
pub(super) struct LinearTraining<'a> {
    network: &'a LinearNetwork,
    /// ẑ.
    target: f64,
    /// Learning rate.
    rate: f64,
    change: WeightChange,
    /// B = B₀ + Σ γₖ xₖ yₖᵀ.
    update: WeightChange,
    /// Bᵀ w_out.
    left: Col<f64>,
    /// B w_in.
    right: Col<f64>,
}

impl LinearNetwork {
    /// Draws W₀ with entries N(0, g²/N), and w_in and w_out of length 1.
    ///
    /// For infinitely many units w_in is orthogonal to what the first terms of the series are made of, Bᵀw_out and BᵀBBᵀw_out;
    /// for N it is so but for 1/√N. Here it is made orthogonal to both, which makes the output before training 0.
    pub(super) fn new(units: usize, gain: f64, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let deviation = gain / (units as f64).sqrt();
        let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
        let readout = unit(&Col::from_fn(units, |_| normal()));
        let mut input = Col::from_fn(units, |_| normal());
        let weights = Mat::from_fn(units, units, |_, _| deviation * normal());
        let at_rest = Mat::<f64>::identity(units, units) - &weights;
        let inverse = at_rest.partial_piv_lu().inverse();
        let first = unit(&(inverse.transpose() * &readout));
        let second = unit(&(inverse.transpose() * (&inverse * &first)));
        let mut others = vec![first];
        // Without random weights both are the same.
        let rest = without(&second, &others[0]);
        if rest.norm_l2() > 1e-8 {
            others.push(unit(&rest));
        }
        // Twice, so that rounding leaves nothing.
        for other in others.iter().chain(&others) {
            input = without(&input, other);
        }
        Self {
            input: unit(&input),
            weights,
            inverse,
            readout,
            rng,
        }
    }

    /// W₀, w_in and w_out.
    #[cfg(test)]
    pub(super) fn parts(&self) -> (&Mat<f64>, &Col<f64>, &Col<f64>) {
        (&self.weights, &self.input, &self.readout)
    }

    /// |Bᵀw_out|² |B w_in|² before training, which is β² for infinitely many units: how fast the output follows.
    pub(super) fn speed(&self) -> f64 {
        let left = self.inverse.transpose() * &self.readout;
        let right = &self.inverse * &self.input;
        left.squared_norm_l2() * right.squared_norm_l2()
    }

    /// Training towards the output ẑ from the weights before it.
    pub(super) fn training(&self, target: f64, rate: f64) -> LinearTraining<'_> {
        LinearTraining {
            network: self,
            target,
            rate,
            change: WeightChange::default(),
            update: WeightChange::default(),
            left: self.inverse.transpose() * &self.readout,
            right: &self.inverse * &self.input,
        }
    }

    /// By how much ΔW changes the output of a network whose W₀ has its entries shuffled.
    ///
    /// What such a network puts out without ΔW is 0 for infinitely many units, and is taken off.
    pub(super) fn shuffled_output(&self, change: &WeightChange) -> f64 {
        let units = self.weights.nrows();
        let mut entries: Vec<f64> = (0..units)
            .flat_map(|j| self.weights.col(j).iter().copied())
            .collect();
        entries.shuffle(&mut self.rng.clone());
        let shuffled = Mat::from_fn(units, units, |i, j| {
            f64::from(u8::from(i == j)) - entries[j * units + i]
        });
        let output = |at_rest: &Mat<f64>| {
            let state = at_rest.partial_piv_lu().solve(&self.input);
            self.readout.transpose() * state
        };
        let mut changed = shuffled.clone();
        let (left, right) = (change.scaled_left(), columns(&change.right));
        changed -= left * right.transpose();
        output(&changed) - output(&shuffled)
    }
}

impl LinearTraining<'_> {
    /// z.
    pub(super) fn output(&self) -> f64 {
        self.network.readout.transpose() * &self.right
    }

    /// ΔW.
    pub(super) fn change(&self) -> &WeightChange {
        &self.change
    }

    /// One step of gradient descent.
    ///
    /// 1. W gains c p qᵀ with c the learning rate times ẑ − z.
    /// 2. B gains γ (B p)(Bᵀ q)ᵀ with γ = c/(1 − c qᵀ B p).
    /// 3. p and q follow from the new B.
    pub(super) fn step(&mut self) {
        let network = self.network;
        let factor = self.rate * (self.target - self.output());
        let (p, q) = (self.left.clone(), self.right.clone());
        let mut x = &network.inverse * &p;
        let mut y = network.inverse.transpose() * &q;
        for (k, gamma) in self.update.factors.iter().enumerate() {
            let (old_x, old_y) = (&self.update.left[k], &self.update.right[k]);
            let along_p: f64 = old_y.transpose() * &p;
            let along_q: f64 = old_x.transpose() * &q;
            x += faer::Scale(gamma * along_p) * old_x;
            y += faer::Scale(gamma * along_q) * old_y;
        }
        let meeting: f64 = q.transpose() * &x;
        let gamma = factor / (1.0 - factor * meeting);
        let along_readout: f64 = x.transpose() * &network.readout;
        let along_input: f64 = y.transpose() * &network.input;
        self.left += faer::Scale(gamma * along_readout) * &y;
        self.right += faer::Scale(gamma * along_input) * &x;
        self.change.push(factor, p, q);
        self.update.push(gamma, x, y);
    }
}

impl WeightChange {
    fn push(&mut self, factor: f64, left: Col<f64>, right: Col<f64>) {
        self.factors.push(factor);
        self.left.push(left);
        self.right.push(right);
    }

    /// cₖ pₖ as columns.
    fn scaled_left(&self) -> Mat<f64> {
        let left = columns(&self.left);
        Mat::from_fn(left.nrows(), left.ncols(), |i, k| {
            left[(i, k)] * self.factors[k]
        })
    }

    /// The two largest singular values; 0 where there are fewer.
    pub(super) fn singular_values(&self) -> [f64; 2] {
        if self.factors.is_empty() {
            return [0.0; 2];
        }
        let left = self.scaled_left().qr();
        let right = columns(&self.right).qr();
        let core = left.thin_R() * right.thin_R().transpose();
        let values = singular_values(core.as_ref()).unwrap_or_default();
        [0, 1].map(|place| values.get(place).copied().unwrap_or(0.0))
    }

    /// All of it, `[to, from]`.
    #[cfg(test)]
    pub(super) fn matrix(&self) -> Mat<f64> {
        self.scaled_left() * columns(&self.right).transpose()
    }
}

fn columns(vectors: &[Col<f64>]) -> Mat<f64> {
    let rows = vectors.first().map_or(0, Col::nrows);
    Mat::from_fn(rows, vectors.len(), |i, k| vectors[k][i])
}

fn unit(vector: &Col<f64>) -> Col<f64> {
    vector * faer::Scale(1.0 / vector.norm_l2())
}

/// A vector without its part along a unit vector.
fn without(vector: &Col<f64>, along: &Col<f64>) -> Col<f64> {
    let length: f64 = along.transpose() * vector;
    vector - along * faer::Scale(length)
}
