//! Overlaps of the vectors of a linear network of low rank, and how gradient descent changes them, without the network.
//!
//! W = Σ mₖ nₖᵀ, x' = (1 − α) x + α (W x + Σ w_in u), z = w_outᵀ x. The vectors by which activity arises are A = (m, w_in), those
//! by which it is read B = (n, w_out). Activity stays in the span of A, x = A s with
//!
//! s' = (1 − α) s + α (first rows of X s; u),  z = last rows of X s,
//!
//! so that the loss depends on X = BᵀA alone: these overlaps it sees, AᵀA and BᵀB it does not. With g = ∂L/∂X the gradients are
//! ∂L/∂A = B g and ∂L/∂B = A gᵀ. Hence the Gram matrix G of V = (A, B) closes: with S = (0, gᵀ; g, 0)
//!
//! - gradient flow: dV/dτ = −V S, dG/dτ = −(S G + G S);
//! - gradient descent: V ← V (1 − η S), G ← (1 − η S) G (1 − η S), exactly.
//!
//! With J = diag(1 of A, −1 of B) holds S J = −J S, so that the flow keeps the spectrum of J G, as many numbers as there are
//! vectors: that of A Aᵀ − B Bᵀ, which stays as it is. A step of descent changes them by terms of second order in η.

use faer::{Mat, MatRef};

use crate::task::Batch;

/// Error of a step of gradient flow that is allowed, relative to the largest entry or 1.
const TOLERANCE: f64 = 1e-10;
/// The step that is tried first, and that below which errors are no longer looked at.
const FIRST_STEP: f64 = 0.1;
const SHORTEST_STEP: f64 = 1e-6;

/// How many vectors there are, and the leak.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shape {
    /// Rank of W.
    pub(super) rank: usize,
    /// Input channels.
    pub(super) inputs: usize,
    /// Output channels.
    pub(super) outputs: usize,
    /// α.
    pub(super) alpha: f64,
}

impl Shape {
    /// Vectors of A: m, then w_in.
    pub(super) fn sources(self) -> usize {
        self.rank + self.inputs
    }

    /// Vectors of B: n, then w_out.
    pub(super) fn readers(self) -> usize {
        self.rank + self.outputs
    }

    /// All vectors.
    pub(super) fn vectors(self) -> usize {
        self.sources() + self.readers()
    }

    /// s after each step of a trial, `[step][source]`, with X `[reader][source]`.
    fn states(self, visible: MatRef<'_, f64>, batch: &Batch, trial: usize) -> Vec<Vec<f64>> {
        let mut states = Vec::with_capacity(batch.steps);
        let mut now = vec![0.0; self.sources()];
        for step in 0..batch.steps {
            let mut next: Vec<f64> = now.iter().map(|s| (1.0 - self.alpha) * s).collect();
            for reader in 0..self.rank {
                let read: f64 = (0..now.len()).map(|k| visible[(reader, k)] * now[k]).sum();
                next[reader] += self.alpha * read;
            }
            let row = (step * batch.trials + trial) * self.inputs;
            for input in 0..self.inputs {
                next[self.rank + input] += self.alpha * batch.inputs[row + input];
            }
            states.push(next.clone());
            now = next;
        }
        states
    }

    /// Outputs of a network with overlaps X, `[time][trial][channel]`.
    pub(super) fn outputs_of(self, visible: MatRef<'_, f64>, batch: &Batch) -> Vec<f64> {
        let mut outputs = vec![0.0; batch.steps * batch.trials * self.outputs];
        for trial in 0..batch.trials {
            for (step, state) in self.states(visible, batch, trial).iter().enumerate() {
                for output in 0..self.outputs {
                    let row = visible.row(self.rank + output);
                    let place = (step * batch.trials + trial) * self.outputs + output;
                    outputs[place] = row.iter().zip(state).map(|(x, s)| x * s).sum();
                }
            }
        }
        outputs
    }

    /// The loss Σ w (z − target)²/Σ w and its gradient g in X, `[reader][source]`.
    ///
    /// 1. s runs forward.
    /// 2. Back through time, δ is the slope of the loss in X s: α times that in the next k for the first rows, that in z for
    ///    the last; that in k is λ ← (1 − α) λ + (Xᵀ δ)ₖ.
    /// 3. g = Σ δ sᵀ.
    pub(super) fn loss_and_gradient(
        self,
        visible: MatRef<'_, f64>,
        batch: &Batch,
    ) -> (f64, Mat<f64>) {
        let outputs = self.outputs_of(visible, batch);
        let scale = 2.0 / batch.total_weight().max(f64::MIN_POSITIVE);
        let mut gradient = Mat::zeros(self.readers(), self.sources());
        for trial in 0..batch.trials {
            let states = self.states(visible, batch, trial);
            let mut later = vec![0.0; self.rank];
            for (step, state) in states.iter().enumerate().rev() {
                let mut slopes: Vec<f64> = later.iter().map(|slope| self.alpha * slope).collect();
                let first = (step * batch.trials + trial) * self.outputs;
                slopes.extend((first..first + self.outputs).map(|place| {
                    scale * batch.weights[place] * (outputs[place] - batch.targets[place])
                }));
                for (reader, slope) in slopes.iter().enumerate() {
                    for (source, s) in state.iter().enumerate() {
                        gradient[(reader, source)] += slope * s;
                    }
                }
                for (k, slope) in later.iter_mut().enumerate() {
                    let through = slopes.iter().enumerate();
                    let through: f64 = through.map(|(reader, of)| visible[(reader, k)] * of).sum();
                    *slope = (1.0 - self.alpha) * *slope + through;
                }
            }
        }
        (batch.loss(&outputs), gradient)
    }
}

/// All overlaps of a network's vectors: the Gram matrix of (A, B).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Overlaps {
    /// How many there are of each.
    pub(super) shape: Shape,
    /// G.
    pub(super) gram: Mat<f64>,
}

impl Overlaps {
    /// X = BᵀA, which the loss sees.
    pub(super) fn visible(&self) -> MatRef<'_, f64> {
        let (sources, readers) = (self.shape.sources(), self.shape.readers());
        self.gram.submatrix(sources, 0, readers, sources)
    }

    /// AᵀA and BᵀB, which it does not see.
    pub(super) fn invisible(&self) -> [MatRef<'_, f64>; 2] {
        let (sources, readers) = (self.shape.sources(), self.shape.readers());
        [
            self.gram.submatrix(0, 0, sources, sources),
            self.gram.submatrix(sources, sources, readers, readers),
        ]
    }

    /// S of the loss on a batch, and the loss.
    fn generator(&self, batch: &Batch) -> (f64, Mat<f64>) {
        let (loss, gradient) = self.shape.loss_and_gradient(self.visible(), batch);
        let (sources, all) = (self.shape.sources(), self.shape.vectors());
        let generator = Mat::from_fn(all, all, |i, j| match (i < sources, j < sources) {
            (false, true) => gradient[(i - sources, j)],
            (true, false) => gradient[(j - sources, i)],
            _ => 0.0,
        });
        (loss, generator)
    }

    /// The loss on a batch.
    pub(super) fn loss(&self, batch: &Batch) -> f64 {
        batch.loss(&self.shape.outputs_of(self.visible(), batch))
    }

    /// One step of gradient descent with a learning rate; the loss before it.
    pub(super) fn descend(&mut self, batch: &Batch, rate: f64) -> f64 {
        let (loss, generator) = self.generator(batch);
        let all = self.shape.vectors();
        let factor = Mat::<f64>::identity(all, all) - faer::Scale(rate) * &generator;
        self.gram = &factor * &self.gram * &factor;
        loss
    }

    /// Gradient flow on a batch for a time.
    pub(super) fn flow(&mut self, batch: &Batch, duration: f64) {
        let slope = |gram: &Mat<f64>| {
            let at = Self {
                shape: self.shape,
                gram: gram.clone(),
            };
            let (_, generator) = at.generator(batch);
            -(&generator * gram) - gram * &generator
        };
        self.gram = integrated(&self.gram, duration, &slope);
    }

    /// tr (J G)ᵏ, k = 1 to the number of vectors: what the flow keeps.
    pub(super) fn conserved(&self) -> Vec<f64> {
        let all = self.shape.vectors();
        let signed = Mat::from_fn(all, all, |i, j| {
            let sign = if i < self.shape.sources() { 1.0 } else { -1.0 };
            sign * self.gram[(i, j)]
        });
        let mut power = Mat::<f64>::identity(all, all);
        (0..all)
            .map(|_| {
                power = &power * &signed;
                (0..all).map(|i| power[(i, i)]).sum()
            })
            .collect()
    }

    /// Largest difference of any overlap, over the largest overlap of the other.
    pub(super) fn difference(&self, other: &Self) -> f64 {
        (&self.gram - &other.gram).norm_max() / other.gram.norm_max()
    }
}

/// Where a matrix is after a time in which it changes by its slope.
///
/// 1. A step of the classical Runge–Kutta method is made at once and in two halves; a fifteenth of the difference is the error
///    of the halves.
/// 2. Where the error is below [`TOLERANCE`], relative to the largest entry or 1, the halves are taken, the error off.
/// 3. The next step is as long as the fifth root of the error suggests. What is no longer finite stays so.
pub(super) fn integrated(
    at: &Mat<f64>,
    duration: f64,
    slope: &impl Fn(&Mat<f64>) -> Mat<f64>,
) -> Mat<f64> {
    let (mut now, mut left, mut step) = (at.clone(), duration, FIRST_STEP);
    while left > 0.0 && now.is_all_finite() {
        step = f64::min(step, left);
        let whole = runge_kutta(&now, step, slope);
        let half = runge_kutta(&now, 0.5 * step, slope);
        let halves = runge_kutta(&half, 0.5 * step, slope);
        let error = faer::Scale(1.0 / 15.0) * (&halves - whole);
        let relative = error.norm_max() / f64::max(now.norm_max(), 1.0);
        let made = step;
        let longer = 0.9 * (TOLERANCE / relative).powf(0.2);
        step *= if longer.is_nan() {
            0.2
        } else {
            longer.clamp(0.2, 4.0)
        };
        if relative <= TOLERANCE || made < SHORTEST_STEP {
            now = halves + error;
            left -= made;
        }
    }
    now
}

/// One step of the classical Runge–Kutta method.
fn runge_kutta(at: &Mat<f64>, step: f64, slope: &impl Fn(&Mat<f64>) -> Mat<f64>) -> Mat<f64> {
    let moved = |by: f64, along: &Mat<f64>| at + faer::Scale(by) * along;
    let first = slope(at);
    let second = slope(&moved(0.5 * step, &first));
    let third = slope(&moved(0.5 * step, &second));
    let fourth = slope(&moved(step, &third));
    let sum = first + faer::Scale(2.0) * (second + third) + fourth;
    moved(step / 6.0, &sum)
}
