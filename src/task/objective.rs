//! What the outputs of a network are to do: a loss for each time step of a trial, and its slopes.
//!
//! The loss of a batch is Σ w ℓ / Σ w. ∂ℓ/∂z is 2(z − y) for squared error (without the factor ½). For cross-entropy with
//! sharpness β and floor ε, ℓ = −Σ y log(p + ε) with p = softmax(β z) within the group, and ∂ℓ/∂z = β (p Σ r − r) with
//! r = y p / (p + ε): p Σy − y where β is 1 and ε is 0. Targets of a group need not sum to 1: a world asks for −A log p with
//! an advantage A of either sign.
//!
//! A soft place code is a cross-entropy whose targets are the softmax of distances, with the same sharpness (Xu & Barak 2020,
//! public code, three of them with β, 3β and 9β).

use std::ops::Range;

use crate::simd::Real;

/// By what measure outputs miss their targets. It belongs to the trials of a batch, not to the engine that runs them.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Objective {
    /// w (z − y)² for each channel, with output z, target y and weight w.
    #[default]
    SquaredError,
    /// Groups of channels, one after the other from the first channel on, each by a measure of its own. Channels after them do
    /// not count.
    Groups(Vec<Group>),
}

/// Channels that are judged together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Group {
    /// How many.
    pub channels: usize,
    /// By what measure.
    pub measure: Measure,
}

/// By what measure the outputs of a group miss their targets.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Measure {
    /// w (z − y)² for each channel.
    SquaredError,
    /// −w Σ y log(p + ε) with p = softmax(β z). The targets are the probabilities of the choices, 0 and 1 or soft; w is the
    /// mean of the weights of the channels.
    CrossEntropy {
        /// β. Below 0 where outputs stand for distances.
        sharpness: f64,
        /// ε, not negative.
        floor: f64,
    },
}

impl Group {
    /// A choice between `channels`: plain cross-entropy.
    pub fn choice(channels: usize) -> Self {
        Self {
            channels,
            measure: Measure::CrossEntropy {
                sharpness: 1.0,
                floor: 0.0,
            },
        }
    }

    /// Squared errors of so many channels.
    pub fn squared_error(channels: usize) -> Self {
        Self {
            channels,
            measure: Measure::SquaredError,
        }
    }
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
        Self::Groups(vec![Group::choice(choices)])
    }

    /// Cross-entropy within groups of so many channels.
    pub fn choices(sizes: &[usize]) -> Self {
        Self::Groups(sizes.iter().map(|&size| Group::choice(size)).collect())
    }

    /// Evaluates one time step of one trial.
    ///
    /// # Panics
    /// If the groups have more channels than the row.
    pub fn evaluate<T: Real>(&self, mut row: Row<'_, T>) {
        match self {
            Self::SquaredError => {
                let channels = 0..row.outputs.len();
                squared_error(&mut row, channels);
            }
            Self::Groups(groups) => {
                row.losses.fill(T::ZERO);
                row.slopes.fill(T::ZERO);
                let mut first = 0;
                for group in groups {
                    let channels = first..first + group.channels;
                    first += group.channels;
                    match group.measure {
                        Measure::SquaredError => squared_error(&mut row, channels),
                        Measure::CrossEntropy { sharpness, floor } => {
                            cross_entropy(&mut row, channels, sharpness, floor);
                        }
                    }
                }
            }
        }
    }

    /// How much the weights of one time step of one trial count together.
    pub fn total_weight(&self, weights: &[f64]) -> f64 {
        match self {
            Self::SquaredError => weights.iter().sum(),
            Self::Groups(groups) => {
                let mut rest = weights;
                let of = |group: &Group| {
                    let weights = take(&mut rest, group.channels);
                    match group.measure {
                        Measure::SquaredError => weights.iter().sum(),
                        Measure::CrossEntropy { .. } => mean(weights),
                    }
                };
                groups.iter().map(of).sum()
            }
        }
    }
}

fn squared_error<T: Real>(row: &mut Row<'_, T>, channels: Range<usize>) {
    for channel in channels {
        let miss = row.outputs[channel] - row.targets[channel];
        let weight = row.weights[channel];
        row.losses[channel] = miss * miss * weight;
        row.slopes[channel] = (miss + miss) * weight;
    }
}

/// In f64, whatever the format of the outputs.
fn cross_entropy<T: Real>(row: &mut Row<'_, T>, group: Range<usize>, sharpness: f64, floor: f64) {
    let weights = row.weights[group.clone()].iter();
    let weight = weights.map(|w| w.to_f64()).sum::<f64>() / group.len().max(1) as f64;
    let outputs = row.outputs[group.clone()].iter();
    let mut values: Vec<f64> = outputs.map(|z| sharpness * z.to_f64()).collect();
    // Without a floor, p can be 0 where its logarithm is not.
    if floor == 0.0 {
        values = log_softmax(values);
    } else {
        probabilities(&mut values);
    }
    let targets = &row.targets[group.clone()];
    let mut sum = 0.0;
    let mut shares = Vec::with_capacity(values.len());
    for ((&value, y), channel) in values.iter().zip(targets).zip(group.clone()) {
        let y = y.to_f64();
        let (p, share, logarithm) = if floor == 0.0 {
            (value.exp(), y, value)
        } else {
            (value, y * value / (value + floor), (value + floor).ln())
        };
        sum += share;
        shares.push((p, share));
        row.losses[channel] = T::from_f64(-weight * y * logarithm);
    }
    for ((p, share), channel) in shares.into_iter().zip(group) {
        row.slopes[channel] = T::from_f64(weight * (sharpness * (sum * p - share)));
    }
}

/// Overwrites z by softmax(z), without overflow.
pub(super) fn probabilities(values: &mut [f64]) {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for value in &mut *values {
        *value = (*value - largest).exp();
        sum += *value;
    }
    for value in values {
        *value /= sum;
    }
}

/// log softmax(z), without overflow.
pub fn log_softmax(mut outputs: Vec<f64>) -> Vec<f64> {
    let largest = outputs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = outputs.iter().map(|z| (z - largest).exp()).sum();
    let log_sum = largest + sum.ln();
    for z in &mut outputs {
        *z -= log_sum;
    }
    outputs
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn take<'a>(from: &mut &'a [f64], count: usize) -> &'a [f64] {
    let (head, tail) = from.split_at(count);
    *from = tail;
    head
}
