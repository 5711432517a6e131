//! What the outputs of a network are to do: a loss for each time step of a trial, and its slopes.
//!
//! The loss of a batch is Σ w ℓ / Σ w. ∂ℓ/∂z is 2(z − y) for squared error (without the factor ½), and p Σy − y for
//! cross-entropy, with p = softmax(z) within the group. Targets of a group need not sum to 1: a world asks for −A
//! log p with an advantage A of either sign.

use crate::simd::Real;

/// By what measure outputs miss their targets. It belongs to the trials of a batch, not to the engine that runs them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Objective {
    /// w (z − y)² for each channel, with output z, target y and weight w.
    #[default]
    SquaredError,
    /// −w Σ y log p over each group of channels, with p = softmax(z) within the group. The targets of a group are the
    /// probabilities of its choices, 0 and 1 or soft; its weight is the mean of those of its channels.
    CrossEntropy {
        /// Channels of each group, one group after the other from the first channel on. Channels after them do not count.
        groups: Vec<usize>,
    },
}

/// One time step of one trial; all slices are as long as there are output channels.
#[derive(Debug)]
pub struct Row<'a, T> {
    /// What the network put out.
    pub outputs: &'a [T],
    /// What it should have.
    pub targets: &'a [T],
    /// How much that counts.
    pub weights: &'a [T],
    /// Part of each channel in the loss.
    pub losses: &'a mut [T],
    /// ∂loss/∂output of each channel.
    pub slopes: &'a mut [T],
}

impl Objective {
    /// Cross-entropy between `choices` channels.
    pub fn choice(choices: usize) -> Self {
        Self::CrossEntropy {
            groups: vec![choices],
        }
    }

    /// Evaluates one time step of one trial.
    ///
    /// # Panics
    /// If the groups of a cross-entropy have more channels than the row.
    pub fn evaluate<T: Real>(&self, mut row: Row<'_, T>) {
        match self {
            Self::SquaredError => squared_error(&mut row),
            Self::CrossEntropy { groups } => cross_entropy(groups, &mut row),
        }
    }

    /// How much the weights of one time step of one trial count together.
    pub fn total_weight(&self, weights: &[f64]) -> f64 {
        match self {
            Self::SquaredError => weights.iter().sum(),
            Self::CrossEntropy { groups } => {
                let mut rest = weights;
                let of = |&size: &usize| mean(take(&mut rest, size));
                groups.iter().map(of).sum()
            }
        }
    }
}

fn squared_error<T: Real>(row: &mut Row<'_, T>) {
    for (channel, (&z, &y)) in row.outputs.iter().zip(row.targets).enumerate() {
        let (miss, weight) = (z - y, row.weights[channel]);
        row.losses[channel] = miss * miss * weight;
        row.slopes[channel] = (miss + miss) * weight;
    }
}

/// In f64, whatever the format of the outputs: the slope is w (p Σy − y).
fn cross_entropy<T: Real>(groups: &[usize], row: &mut Row<'_, T>) {
    row.losses.fill(T::ZERO);
    row.slopes.fill(T::ZERO);
    let mut first = 0;
    for &size in groups {
        let group = first..first + size;
        first += size;
        let (outputs, targets) = (&row.outputs[group.clone()], &row.targets[group.clone()]);
        let weights: Vec<f64> = row.weights[group.clone()]
            .iter()
            .map(|w| w.to_f64())
            .collect();
        let weight = mean(&weights);
        let logarithms = log_softmax(outputs);
        let sum: f64 = targets.iter().map(|y| y.to_f64()).sum();
        for ((channel, y), log_p) in group.zip(targets).zip(logarithms) {
            let y = y.to_f64();
            row.losses[channel] = T::from_f64(-weight * y * log_p);
            row.slopes[channel] = T::from_f64(weight * (sum * log_p.exp() - y));
        }
    }
}

/// log softmax(z), without overflow.
pub fn log_softmax<T: Real>(outputs: &[T]) -> Vec<f64> {
    let outputs: Vec<f64> = outputs.iter().map(|z| z.to_f64()).collect();
    let largest = outputs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = outputs.iter().map(|z| (z - largest).exp()).sum();
    let log_sum = largest + sum.ln();
    outputs.iter().map(|z| z - log_sum).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn take<'a>(from: &mut &'a [f64], count: usize) -> &'a [f64] {
    let (head, tail) = from.split_at(count);
    *from = tail;
    head
}
