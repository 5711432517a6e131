//! What one time step of a cell computes: the trait that each family of cells implements, and what it is handed.
//!
//! To add a cell to training, implement [`StepKernel`]: pack the weights, one step forward for some trials, one
//! step backward, and say which columns of the pre-activation gradients belong to which parameter. Time loop,
//! threads, blocking and the sums of weight gradients are those of the recurrence around it. `tests/gradients.rs`
//! holds every cell against finite differences.

use std::ops::Range;

use pulp::Simd;

use crate::cell::parameters::Parameters;
use crate::simd::Real;

/// Which matrix a block of pre-activation gradients is multiplied with to give a weight gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Features of the step before: recurrent weights.
    Features,
    /// Inputs of the step: input weights.
    Inputs,
    /// Latent values of the step: the outer factor of a low-rank cell.
    Latent,
    /// Ones: biases.
    Ones,
}

/// Where a cell keeps its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatePlace {
    /// The features are the state.
    Features,
    /// These saved values, of which the features are a function, unit by unit.
    Saved(Range<usize>),
    /// The features, then these saved values.
    FeaturesAndSaved(Range<usize>),
}

impl StatePlace {
    /// How many values of the state follow the features.
    pub(super) fn beside_features(&self) -> usize {
        match self {
            Self::FeaturesAndSaved(range) => range.len(),
            Self::Features | Self::Saved(_) => 0,
        }
    }
}

/// Gradient of some rows of a parameter, read off the columns of the pre-activation gradients.
#[derive(Debug, Clone, Copy)]
pub struct WeightGradient {
    /// Name of the parameter.
    pub parameter: &'static str,
    /// Its first row.
    pub row: usize,
    /// Number of rows.
    pub rows: usize,
    /// Column of the pre-activation gradients that belongs to the first row.
    pub column: usize,
    /// What the gradients are multiplied with.
    pub source: Source,
    /// Whether the parameter has a column, and not a row, for each pre-activation gradient.
    pub transposed: bool,
}

impl WeightGradient {
    /// All rows of a parameter from those many columns on.
    pub fn whole(parameter: &'static str, rows: usize, column: usize, source: Source) -> Self {
        Self {
            parameter,
            row: 0,
            rows,
            column,
            source,
            transposed: false,
        }
    }
}

/// One time step forward, for the trials of one shard. All matrices are row-major, one row a trial.
pub struct Forward<'a, T> {
    /// Number of trials.
    pub rows: usize,
    /// Inputs at this step, each row followed by a one.
    pub input: &'a [T],
    /// Features after the step before.
    pub previous_features: &'a [T],
    /// Saved values of the step before.
    pub previous_saved: &'a [T],
    /// What is added to the pre-activation of each unit (of a gated cell to that of the candidate), `units` a row.
    pub noise: Option<&'a [T]>,
    /// Features after this step: what the readout and the recurrent weights see.
    pub features: &'a mut [T],
    /// Whatever else the backward pass or the next step needs.
    pub saved: &'a mut [T],
}

/// One time step backward, for the trials of one shard.
pub struct Backward<'a, T> {
    /// Number of trials.
    pub rows: usize,
    /// ∂L/∂features of this step from outside the recurrence.
    pub feature_gradient: &'a [T],
    /// Features after this step.
    pub features: &'a [T],
    /// Saved values of this step.
    pub saved: &'a [T],
    /// Features after the step before.
    pub previous_features: &'a [T],
    /// Saved values of the step before.
    pub previous_saved: &'a [T],
    /// ∂L/∂pre-activations of the step after; `None` at the last step.
    pub later_delta: Option<&'a [T]>,
    /// ∂L/∂pre-activations of this step.
    pub delta: &'a mut [T],
    /// Distance between rows of `delta` and of `later_delta`.
    pub delta_stride: usize,
    /// The part of ∂L/∂state that reaches the step before without passing the recurrent weights: read, then
    /// replaced. `units` values a row.
    pub carry: &'a mut [T],
}

/// What one time step of a cell computes, on packed weights.
///
/// Contract: `forward` writes all of `features` and `saved`; `backward` writes all of `delta` and `carry`, and
/// reads what `forward` saved at this step and the one before. Both are called with the same packed weights, from
/// several threads at once.
pub trait StepKernel<T: Real>: Send + Sync {
    /// Units, the width of the features.
    fn units(&self) -> usize;
    /// Input channels.
    fn inputs(&self) -> usize;
    /// Saved values per trial and step.
    fn saved_width(&self) -> usize;
    /// Pre-activation gradients per trial and step.
    fn delta_width(&self) -> usize;
    /// How many of the pre-activation gradients, from the first, meet the recurrent weights.
    fn recurrent_width(&self) -> usize;
    /// Width of the carry: `units`, or 0 where nothing is carried.
    fn carry_width(&self) -> usize;
    /// The saved values of a row that are latent: linear combinations of the features of the step before.
    fn latent(&self) -> Range<usize> {
        0..0
    }
    /// Reads the parameters before a sequence.
    fn pack<S: Simd>(&mut self, simd: S, parameters: &Parameters<T>);
    /// One step forward.
    fn forward<S: Simd>(&self, simd: S, step: Forward<'_, T>);
    /// One step backward.
    fn backward<S: Simd>(&self, simd: S, step: Backward<'_, T>);
    /// How the pre-activation gradients become parameter gradients.
    fn weight_gradients(&self) -> Vec<WeightGradient>;
    /// Where the state is.
    fn state(&self) -> StatePlace {
        StatePlace::Features
    }
    /// Replaces states by features, and gives the slopes of these in those. For cells with the state in saved values.
    fn features_of_states<S: Simd>(&self, simd: S, states: &mut [T], slopes: &mut [T]) {
        let _ = (simd, states);
        slopes.fill(T::ONE);
    }
    /// ∂L/∂features of the step before a step, from the pre-activation gradients of that step, through the recurrent
    /// weights: added to `[rows][units]`.
    fn through_recurrent(&self, rows: usize, delta: Rows<'_, T>, out: &mut [T]);
}

/// A row-major matrix whose rows lie further apart than they are wide.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a, T> {
    /// From its first value on.
    pub values: &'a [T],
    /// Distance between rows.
    pub stride: usize,
}
