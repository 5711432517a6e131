//! A tanh network that learns a task, and what its change of recurrent weights is.

use faer::Mat;
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use super::tasks::{TIME_STEP, Task};
use crate::cell::parameters::{Parameters, READOUT_BIAS, READOUT_WEIGHT, WEIGHT_HH, WEIGHT_IH};
use crate::cell::spec::{Activation, CellKind, LeakyForm, NetworkSpec, Part};
use crate::svd::svd;
use crate::task::Batch;
use crate::train::bptt::Bptt;
use crate::train::credit::Credit as _;
use crate::train::engine::EngineError;
use crate::train::optimiser::Optimiser;
use crate::train::spec::OptimiserSpec;

/// Learning rate of Adam times the number of units.
const LEARNING_RATE: f64 = 0.05;
/// Trials of a training step.
const TRIALS: usize = 32;
/// Trials of a test.
const TEST_TRIALS: usize = 256;
/// Share of a loss at which training counts as converged, and a truncated change as enough.
const SMALL: f64 = 0.05;
/// The largest rank that is looked at; a functional rank above counts as one more.
const MOST_RANK: usize = 20;

/// How a network is trained.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lesson {
    /// What it learns.
    pub(super) task: Task,
    /// Units N.
    pub(super) units: usize,
    /// g: recurrent weights begin with N(0, g²/N).
    pub(super) gain: f64,
    /// Steps of training.
    pub(super) epochs: usize,
    /// Of weights and trials.
    pub(super) seed: u64,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Learnt {
    /// Loss before training.
    pub(super) first_loss: f64,
    /// Loss after training.
    pub(super) last_loss: f64,
    /// The first step whose batch has a loss below 5 % of that before training; the number of steps if none has.
    pub(super) convergence: f64,
    /// Singular values of the change ΔW of the recurrent weights, in falling order.
    pub(super) singular_values: Vec<f64>,
    /// The least rank to which ΔW can be cut (the other weights as trained) with a loss below 5 % of that without ΔW; NaN if
    /// all of ΔW is not enough for that, which is so where training has not converged, or not stayed there.
    pub(super) functional_rank: f64,
    /// Loss with the initial recurrent weights shuffled, and ΔW and the other weights as trained, over that before training.
    pub(super) shuffled: f64,
}

impl Lesson {
    fn network(self) -> NetworkSpec {
        let cell = CellKind::Leaky {
            form: LeakyForm::Currents,
            activation: Activation::Tanh,
            alpha: TIME_STEP,
        };
        let [inputs, outputs] = self.task.channels();
        NetworkSpec {
            recurrent_gain: self.gain,
            frozen: vec![Part::Bias],
            ..NetworkSpec::new(cell, self.units, inputs, outputs)
        }
    }

    /// Weights before training: each input vector is as long as √N, each readout vector as 1/√N. Networks of one seed differ
    /// in their gain alone.
    pub(super) fn initial(self) -> Parameters<f32> {
        let mut parameters = Parameters::initial(&self.network(), self.seed);
        let root = (self.units as f64).sqrt();
        let [inputs, outputs] = self.task.channels();
        for channel in 0..inputs {
            let weights = parameters.get_mut(WEIGHT_IH);
            scale_to(weights.iter_mut().skip(channel).step_by(inputs), root);
        }
        for channel in 0..outputs {
            let weights = parameters.get_mut(READOUT_WEIGHT);
            let row = weights[channel * self.units..][..self.units].iter_mut();
            scale_to(row, 1.0 / root);
        }
        parameters
    }

    /// Trains the network, and looks at its change. `made` hears of each step.
    ///
    /// All weights learn, but no bias, by Adam with the learning rate 0.05/N.
    pub(super) fn learnt(self, made: &dyn Fn()) -> Result<Learnt, EngineError> {
        let network = self.network();
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let mut credit = Bptt::<f32>::of(&network);
        let test = self.task.batch(TEST_TRIALS, &mut rng);
        let first = self.initial();
        let first_loss = loss(&mut credit, &first, &test)?;
        let mut parameters = first.clone();
        let mut gradient = first.zeros_like();
        let spec = OptimiserSpec {
            learning_rate: LEARNING_RATE / self.units as f64,
            ..OptimiserSpec::default()
        };
        let mut optimiser = Optimiser::new(spec, &parameters);
        let mut convergence = None;
        for epoch in 0..self.epochs {
            let batch = self.task.batch(TRIALS, &mut rng);
            let outcome = credit.loss_and_gradient(&parameters, &batch, &mut gradient)?;
            if outcome.loss < SMALL * first_loss {
                convergence.get_or_insert(epoch);
            }
            gradient.get_mut(READOUT_BIAS).fill(0.0);
            optimiser.update(&mut parameters, &mut gradient);
            made();
        }
        let change = self.change(&first, &parameters);
        let mut judged = |recurrent: &[f32]| {
            let mut altered = parameters.clone();
            altered.get_mut(WEIGHT_HH).copy_from_slice(recurrent);
            loss(&mut credit, &altered, &test)
        };
        let functional_rank = change.functional_rank(first.get(WEIGHT_HH), &mut judged)?;
        let functional_rank = functional_rank.map_or(f64::NAN, |rank| rank as f64);
        let mut shuffled = first.get(WEIGHT_HH).to_vec();
        shuffled.shuffle(&mut rng);
        let shuffled = judged(&change.added_to(&shuffled, usize::MAX))?;
        Ok(Learnt {
            first_loss,
            last_loss: judged(parameters.get(WEIGHT_HH))?,
            convergence: convergence.unwrap_or(self.epochs) as f64,
            singular_values: change.values,
            functional_rank,
            shuffled: shuffled / first_loss,
        })
    }

    /// The change of the recurrent weights, by its singular values and vectors.
    fn change(self, first: &Parameters<f32>, last: &Parameters<f32>) -> Change {
        let n = self.units;
        let [first, last] = [first, last].map(|of| of.get(WEIGHT_HH));
        let weights = Mat::from_fn(n, n, |i, j| {
            f64::from(last[i * n + j]) - f64::from(first[i * n + j])
        });
        Change::of(&weights)
    }
}

/// A matrix by its singular values and vectors.
struct Change {
    left: Mat<f64>,
    /// In falling order.
    values: Vec<f64>,
    right: Mat<f64>,
}

impl Change {
    /// No singular values where there is no decomposition, which is so where a weight is not finite.
    fn of(weights: &Mat<f64>) -> Self {
        svd(weights.as_ref()).map_or_else(
            || Self {
                left: Mat::zeros(weights.nrows(), 0),
                values: Vec::new(),
                right: Mat::zeros(weights.nrows(), 0),
            },
            |svd| Self {
                left: svd.left,
                values: svd.values,
                right: svd.right,
            },
        )
    }

    /// Weights `[unit][unit]` and the parts of the matrix with the largest `rank` singular values.
    fn added_to(&self, weights: &[f32], rank: usize) -> Vec<f32> {
        let (n, rank) = (self.left.nrows(), rank.min(self.values.len()));
        let scaled = Mat::from_fn(n, rank, |i, k| self.left[(i, k)] * self.values[k]);
        let part = &scaled * self.right.subcols(0, rank).transpose();
        let sums = weights.iter().enumerate();
        sums.map(|(place, &w)| (f64::from(w) + part[(place / n, place % n)]) as f32)
            .collect()
    }

    /// The least rank with a loss below 5 % of that of rank 0, where `loss` is that of recurrent weights; `None` if that of the
    /// whole change is not below.
    fn functional_rank(
        &self,
        first: &[f32],
        loss: &mut impl FnMut(&[f32]) -> Result<f64, EngineError>,
    ) -> Result<Option<usize>, EngineError> {
        let enough = SMALL * loss(first)?;
        if loss(&self.added_to(first, usize::MAX))? >= enough {
            return Ok(None);
        }
        for rank in 0..=MOST_RANK {
            if loss(&self.added_to(first, rank))? < enough {
                return Ok(Some(rank));
            }
        }
        Ok(Some(MOST_RANK + 1))
    }
}

/// Loss on a batch.
fn loss(
    credit: &mut Bptt<f32>,
    parameters: &Parameters<f32>,
    batch: &Batch,
) -> Result<f64, EngineError> {
    Ok(batch.loss(&credit.simulate(parameters, batch)?.outputs))
}

/// Scales a vector to a length.
fn scale_to<'a>(vector: impl Iterator<Item = &'a mut f32>, length: f64) {
    let vector: Vec<&mut f32> = vector.collect();
    let squares: f64 = vector.iter().map(|w| f64::from(**w).powi(2)).sum();
    let factor = length / squares.sqrt();
    for weight in vector {
        *weight = (f64::from(*weight) * factor) as f32;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_of_rank_three_has_functional_rank_three() {
        let columns = Mat::from_fn(12, 3, |i, k| ((i * (k + 1)) as f64 + 0.3).sin());
        let rows = Mat::from_fn(3, 12, |k, j| ((j * (2 * k + 1)) as f64 + 0.1).cos());
        let weights = &columns * &rows;
        let change = Change::of(&weights);
        assert!(change.values[2] > 1e-3 && change.values[3] < 1e-12);
        // The loss is what is missing of the matrix.
        let mut loss = |at: &[f32]| {
            let missing = at.iter().enumerate();
            let squares = missing.map(|(k, w)| (f64::from(*w) - weights[(k / 12, k % 12)]).powi(2));
            Ok(squares.sum::<f64>())
        };
        let shares = |rank: usize| {
            let tail: f64 = change.values[rank..].iter().map(|s| s * s).sum();
            tail / change.values.iter().map(|s| s * s).sum::<f64>()
        };
        let expected = (0..4).find(|&rank| shares(rank) < 0.05).unwrap();
        assert_eq!(
            change.functional_rank(&[0.0; 144], &mut loss).unwrap(),
            Some(expected)
        );
        // A loss that no change lowers has no functional rank.
        let constant = change.functional_rank(&[0.0; 144], &mut |_: &[f32]| Ok(1.0));
        assert_eq!(constant.unwrap(), None);
        let whole = change.added_to(&[1.0; 144], 3);
        assert!((f64::from(whole[14]) - 1.0 - weights[(1, 2)]).abs() < 1e-6);
    }

    #[test]
    fn vectors_have_the_authors_lengths_and_gains_share_their_draws() {
        let lesson = |gain| Lesson {
            task: Task::Context,
            units: 50,
            gain,
            epochs: 0,
            seed: 3,
        };
        let [one, two] = [1.0, 2.0].map(|gain| lesson(gain).initial());
        let length = |of: &[f32]| of.iter().map(|w| f64::from(*w).powi(2)).sum::<f64>();
        assert!((length(one.get(WEIGHT_IH)) - 200.0).abs() < 1e-3);
        assert!((length(one.get(READOUT_WEIGHT)) - 0.02).abs() < 1e-6);
        assert_eq!(one.get(WEIGHT_IH), two.get(WEIGHT_IH));
        for (a, b) in one.get(WEIGHT_HH).iter().zip(two.get(WEIGHT_HH)) {
            assert!((2.0 * a - b).abs() < 1e-6);
        }
    }
}
