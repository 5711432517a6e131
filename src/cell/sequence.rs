//! The fused recurrence: a whole batch of sequences forward, and backward through time, as one operation.
//!
//! Forward:
//! 1. The weights are packed once.
//! 2. The batch is cut into shards of fixed size; each runs all its time steps alone, so that threads meet only
//!    at the end, and the result does not depend on their number.
//!
//! A trial starts from the initial state of the parameters, or from zero.
//!
//! Backward, given ∂L/∂features at every time step:
//! 1. Each shard runs back through time, leaving ∂L/∂(pre-activations) of every step.
//! 2. Every few steps it multiplies these with features and inputs into weight gradients of its own, and forgets
//!    them: they never leave the cache. One large product at the end waits for memory instead of computing.
//! 3. The gradients of the shards are summed in their order.
//!
//! What one step of a cell computes is in [`StepKernel`], one implementation per family of cells.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::parameters::{INITIAL_STATE, Parameters};
use crate::simd::Real;
use crate::simd::transposed::{Columns, Scratch, add_transposed_product, padded};

/// Trials of a shard.
const SHARD_TRIALS: usize = 16;
/// Trials of a shard when the weights are too large to stay in a core's own cache.
const LARGE_SHARD_TRIALS: usize = 32;
/// Bytes of recurrent weights from which the larger shards pay.
const LARGE_WEIGHTS_BYTES: usize = 1 << 20;
/// Rows (time steps · trials) that a weight gradient takes up at once; more where the gradient itself is large.
const GRADIENT_ROWS: [usize; 2] = [128, 512];

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
    fn beside_features(&self) -> usize {
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

/// Length and width of a batch of sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SequenceShape {
    /// Time steps.
    pub steps: usize,
    /// Trials.
    pub trials: usize,
}

/// A fused recurrence of any cell.
pub trait SequenceKernel<T: Real>: Send {
    /// Runs all sequences from the initial state. `inputs` is in the order of [`Self::order`], one row of channels
    /// per trial and step; so is `noise`, a value for each unit, or empty; and so
    /// are the features that come back.
    fn forward(
        &mut self,
        parameters: &Parameters<T>,
        shape: SequenceShape,
        inputs: &[T],
        noise: &[T],
    ) -> &[T];

    /// Adds the gradient to `gradient`, given ∂L/∂features in the order of [`Self::order`]. Must follow a
    /// `forward` on the same parameters.
    fn backward(&mut self, feature_gradient: &[T], gradient: &mut Parameters<T>);

    /// Features of the last forward pass.
    fn features(&self) -> &[T];

    /// States of the last forward pass, in the order of [`Self::order`].
    fn states(&self) -> Vec<T>;

    /// (time, trial) of every row: shard by shard, within a shard time by time.
    fn order(&self, shape: SequenceShape) -> Vec<(usize, usize)>;
}

/// The buffers of a fused recurrence around the step kernel of a cell.
pub struct Fused<T, K> {
    kernel: K,
    shape: SequenceShape,
    inputs: Vec<T>,
    features: Vec<T>,
    saved: Vec<T>,
    initial: InitialRow<T>,
    /// What each shard needs on its way back.
    workspaces: Vec<Workspace<T>>,
}

/// What every trial starts from.
#[derive(Debug, Clone, Default)]
struct InitialRow<T> {
    features: Vec<T>,
    saved: Vec<T>,
    /// Slopes of the features in the state.
    slopes: Vec<T>,
    /// Whether the parameters hold it.
    is_parameter: bool,
}

/// Memory of one shard for the backward pass, used again from step to step.
#[derive(Debug, Clone, Default)]
struct Workspace<T> {
    carry: Vec<T>,
    /// ∂L/∂pre-activations of the steps since the last addition to the weight gradients, and of the step after.
    delta: Vec<T>,
    sums: ShardSums<T>,
    scratch: Scratch<T>,
}

/// Weight gradients of one shard.
#[derive(Debug, Clone, Default)]
struct ShardSums<T> {
    /// `[recurrent_width][units]`.
    by_features: Vec<T>,
    /// `[inputs + 1][delta_width]`, the last row for the one that follows the inputs.
    by_inputs: Vec<T>,
    /// `[latent][delta_width]`.
    by_latent: Vec<T>,
    /// Of the initial state, as wide as the state.
    initial_state: Vec<T>,
}

impl<T: Real, K: StepKernel<T>> Fused<T, K> {
    /// A recurrence with empty buffers.
    pub fn new(kernel: K) -> Self {
        Self {
            kernel,
            shape: SequenceShape::default(),
            inputs: Vec::new(),
            features: Vec::new(),
            saved: Vec::new(),
            initial: InitialRow::default(),
            workspaces: Vec::new(),
        }
    }

    fn has_large_weights(&self) -> bool {
        self.kernel.recurrent_width() * self.kernel.units() * size_of::<T>() >= LARGE_WEIGHTS_BYTES
    }

    fn shard_trials(&self) -> usize {
        if self.has_large_weights() {
            LARGE_SHARD_TRIALS
        } else {
            SHARD_TRIALS
        }
    }

    /// Trials of each shard.
    fn shards(&self, shape: SequenceShape) -> Vec<usize> {
        let size = self.shard_trials();
        (0..shape.trials)
            .step_by(size)
            .map(|first| size.min(shape.trials - first))
            .collect()
    }

    fn resize(&mut self, shape: SequenceShape) {
        let rows = shape.steps * shape.trials;
        self.shape = shape;
        self.features.resize(rows * self.kernel.units(), T::ZERO);
        self.saved.resize(rows * self.kernel.saved_width(), T::ZERO);
    }
}

impl<T: Real, K: StepKernel<T>> SequenceKernel<T> for Fused<T, K> {
    fn forward(
        &mut self,
        parameters: &Parameters<T>,
        shape: SequenceShape,
        inputs: &[T],
        noise: &[T],
    ) -> &[T] {
        self.resize(shape);
        self.inputs.clear();
        for row in 0..shape.steps * shape.trials {
            let width = self.kernel.inputs();
            self.inputs
                .extend_from_slice(&inputs[row * width..][..width]);
            self.inputs.push(T::ONE);
        }
        let arch = Arch::new();
        arch.dispatch(PackWeights {
            kernel: &mut self.kernel,
            parameters,
            initial: &mut self.initial,
        });

        let shards = self.shards(shape);
        let kernel = &self.kernel;
        let steps = shape.steps;
        let mut inputs = self.inputs.as_slice();
        let mut features = self.features.as_mut_slice();
        let mut saved = self.saved.as_mut_slice();
        let mut noise = noise;
        let noise_width = if noise.is_empty() { 0 } else { kernel.units() };
        let initial = &self.initial;
        let tasks: Vec<_> = shards
            .into_iter()
            .map(|rows| ForwardShard {
                kernel,
                rows,
                initial,
                noise: take(&mut noise, steps * rows * noise_width),
                inputs: take(&mut inputs, steps * rows * (kernel.inputs() + 1)),
                features: take_mut(&mut features, steps * rows * kernel.units()),
                saved: take_mut(&mut saved, steps * rows * kernel.saved_width()),
            })
            .collect();
        tasks.into_par_iter().for_each(|shard| arch.dispatch(shard));
        &self.features
    }

    fn backward(&mut self, feature_gradient: &[T], gradient: &mut Parameters<T>) {
        let arch = Arch::new();
        let shards = self.shards(self.shape);
        let large = self.has_large_weights();
        let (kernel, initial) = (&self.kernel, &self.initial);
        let steps = self.shape.steps;
        let mut feature_gradient = feature_gradient;
        let mut features = self.features.as_slice();
        let mut saved = self.saved.as_slice();
        let mut inputs = self.inputs.as_slice();
        let gradient_rows = GRADIENT_ROWS[usize::from(large)];
        self.workspaces
            .resize_with(shards.len(), Workspace::default);
        let tasks: Vec<_> = shards
            .into_iter()
            .zip(&mut self.workspaces)
            .map(|(rows, workspace)| BackwardShard {
                kernel,
                rows,
                initial,
                inputs: take(&mut inputs, steps * rows * (kernel.inputs() + 1)),
                workspace,
                gradient_steps: (gradient_rows / rows).max(1),
                feature_gradient: take(&mut feature_gradient, steps * rows * kernel.units()),
                features: take(&mut features, steps * rows * kernel.units()),
                saved: take(&mut saved, steps * rows * kernel.saved_width()),
            })
            .collect();
        tasks.into_par_iter().for_each(|shard| arch.dispatch(shard));
        self.add_weight_gradients(gradient);
    }

    fn features(&self) -> &[T] {
        &self.features
    }

    fn states(&self) -> Vec<T> {
        let width = self.kernel.saved_width().max(1);
        let saved = self.saved.chunks_exact(width);
        match self.kernel.state() {
            StatePlace::Features => self.features.clone(),
            StatePlace::Saved(range) => saved
                .flat_map(|row| row[range.clone()].iter().copied())
                .collect(),
            StatePlace::FeaturesAndSaved(range) => self
                .features
                .chunks_exact(self.kernel.units())
                .zip(saved)
                .flat_map(|(features, row)| features.iter().chain(&row[range.clone()]).copied())
                .collect(),
        }
    }

    fn order(&self, shape: SequenceShape) -> Vec<(usize, usize)> {
        let mut first_trial = 0;
        let mut order = Vec::with_capacity(shape.steps * shape.trials);
        for rows in self.shards(shape) {
            for time in 0..shape.steps {
                order.extend((first_trial..first_trial + rows).map(|trial| (time, trial)));
            }
            first_trial += rows;
        }
        order
    }
}

impl<T: Real, K: StepKernel<T>> Fused<T, K> {
    /// Step 3 of the backward pass.
    fn add_weight_gradients(&self, gradient: &mut Parameters<T>) {
        for part in self.kernel.weight_gradients() {
            let target = gradient.get_mut(part.parameter);
            for Workspace { sums, .. } in &self.workspaces {
                self.add_part(&part, sums, target);
            }
        }
        let target = gradient.get_mut(INITIAL_STATE);
        for Workspace { sums, .. } in &self.workspaces {
            add(target, &sums.initial_state);
        }
    }

    /// Adds what one shard found of a part of a parameter.
    fn add_part(&self, part: &WeightGradient, sums: &ShardSums<T>, target: &mut [T]) {
        let (units, inputs) = (self.kernel.units(), self.kernel.inputs());
        let width = self.kernel.delta_width();
        let columns = |factor: usize| factor * width + part.column..;
        match part.source {
            Source::Features if part.transposed => {
                for (column, sums) in sums.by_features[part.column * units..][..part.rows * units]
                    .chunks_exact(units)
                    .enumerate()
                {
                    add_strided(target, column, part.rows, sums);
                }
            }
            Source::Features => {
                let sums = &sums.by_features[part.column * units..][..part.rows * units];
                add(&mut target[part.row * units..], sums);
            }
            Source::Inputs => {
                for input in 0..inputs {
                    let sums = &sums.by_inputs[columns(input)][..part.rows];
                    add_strided(&mut target[part.row * inputs..], input, inputs, sums);
                }
            }
            Source::Latent => {
                let count = self.kernel.latent().len();
                for latent in 0..count {
                    let sums = &sums.by_latent[columns(latent)][..part.rows];
                    add_strided(&mut target[part.row * count..], latent, count, sums);
                }
            }
            Source::Ones => {
                let sums = &sums.by_inputs[columns(inputs)][..part.rows];
                add(&mut target[part.row..], sums);
            }
        }
    }
}

/// Adds values to one column of a row-major matrix of `stride` columns.
fn add_strided<T: Real>(target: &mut [T], column: usize, stride: usize, values: &[T]) {
    let entries = target[column..].iter_mut().step_by(stride);
    for (sum, &value) in entries.zip(values) {
        *sum += value;
    }
}

fn add<T: Real>(target: &mut [T], values: &[T]) {
    for (sum, &value) in target.iter_mut().zip(values) {
        *sum += value;
    }
}

struct PackWeights<'a, T, K> {
    kernel: &'a mut K,
    parameters: &'a Parameters<T>,
    initial: &'a mut InitialRow<T>,
}

impl<T: Real, K: StepKernel<T>> WithSimd for PackWeights<'_, T, K> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.kernel.pack(simd, self.parameters);
        self.initial.fill(simd, self.kernel, self.parameters);
    }
}

impl<T: Real> InitialRow<T> {
    /// Features and saved values of the initial state, which is 0 where the parameters have none.
    #[inline(always)]
    fn fill<S: Simd, K: StepKernel<T>>(&mut self, simd: S, kernel: &K, parameters: &Parameters<T>) {
        let units = kernel.units();
        let state = parameters.get(INITIAL_STATE);
        self.is_parameter = !state.is_empty();
        for (values, size) in [
            (&mut self.features, units),
            (&mut self.saved, kernel.saved_width()),
            (&mut self.slopes, units),
        ] {
            values.clear();
            values.resize(size, T::ZERO);
        }
        let head = state.len().min(units);
        self.features[..head].copy_from_slice(&state[..head]);
        match kernel.state() {
            StatePlace::Saved(range) => self.saved[range].copy_from_slice(&self.features),
            StatePlace::FeaturesAndSaved(range) if self.is_parameter => {
                self.saved[range].copy_from_slice(&state[units..]);
            }
            StatePlace::Features | StatePlace::FeaturesAndSaved(_) => {}
        }
        kernel.features_of_states(simd, &mut self.features, &mut self.slopes);
    }
}

struct ForwardShard<'a, T, K> {
    kernel: &'a K,
    rows: usize,
    initial: &'a InitialRow<T>,
    /// Empty if there is none.
    noise: &'a [T],
    inputs: &'a [T],
    features: &'a mut [T],
    saved: &'a mut [T],
}

impl<T: Real, K: StepKernel<T>> WithSimd for ForwardShard<'_, T, K> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            kernel,
            rows,
            initial,
            noise,
            inputs,
            features,
            saved,
        } = self;
        let initial_features = initial.features.repeat(rows);
        let initial_saved = initial.saved.repeat(rows);
        let feature_width = initial_features.len();
        let mut previous_features = initial_features.as_slice();
        let mut previous_saved = initial_saved.as_slice();
        let input_width = rows * (kernel.inputs() + 1);
        let mut features = features;
        let mut saved = saved;
        for time in 0..features.len() / feature_width {
            let now_features = take_mut(&mut features, feature_width);
            let now_saved = take_mut(&mut saved, initial_saved.len());
            kernel.forward(
                simd,
                Forward {
                    rows,
                    input: &inputs[time * input_width..][..input_width],
                    previous_features,
                    previous_saved,
                    noise: (!noise.is_empty())
                        .then(|| &noise[time * feature_width..][..feature_width]),
                    features: now_features,
                    saved: now_saved,
                },
            );
            previous_features = now_features;
            previous_saved = now_saved;
        }
    }
}

struct BackwardShard<'a, T, K> {
    kernel: &'a K,
    rows: usize,
    initial: &'a InitialRow<T>,
    inputs: &'a [T],
    feature_gradient: &'a [T],
    features: &'a [T],
    saved: &'a [T],
    workspace: &'a mut Workspace<T>,
    /// Time steps between two additions to the weight gradients.
    gradient_steps: usize,
}

impl<T: Real, K: StepKernel<T>> WithSimd for BackwardShard<'_, T, K> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let feature_width = self.rows * self.kernel.units();
        let saved_width = self.rows * self.kernel.saved_width();
        let delta_stride = padded::<T>(self.kernel.delta_width());
        let delta_width = self.rows * delta_stride;
        let initial_features = self.initial.features.repeat(self.rows);
        let initial_saved = self.initial.saved.repeat(self.rows);
        let Workspace {
            carry, delta, sums, ..
        } = &mut *self.workspace;
        carry.clear();
        carry.resize(self.rows * self.kernel.carry_width(), T::ZERO);
        delta.resize((self.gradient_steps + 1) * delta_width, T::ZERO);
        sums.clear(self.kernel);
        let steps = self.features.len() / feature_width;
        let mut end = steps;
        while end > 0 {
            let start = end.saturating_sub(self.gradient_steps);
            let Workspace { carry, delta, .. } = &mut *self.workspace;
            for time in (start..end).rev() {
                let (delta, later) =
                    delta[(time - start) * delta_width..].split_at_mut(delta_width);
                let (previous_features, previous_saved) = match time {
                    0 => (initial_features.as_slice(), initial_saved.as_slice()),
                    _ => (
                        &self.features[(time - 1) * feature_width..][..feature_width],
                        &self.saved[(time - 1) * saved_width..][..saved_width],
                    ),
                };
                self.kernel.backward(
                    simd,
                    Backward {
                        rows: self.rows,
                        feature_gradient: &self.feature_gradient[time * feature_width..]
                            [..feature_width],
                        features: &self.features[time * feature_width..][..feature_width],
                        saved: &self.saved[time * saved_width..][..saved_width],
                        previous_features,
                        previous_saved,
                        later_delta: (time + 1 < steps).then(|| &later[..delta_width]),
                        delta,
                        delta_stride,
                        carry,
                    },
                );
            }
            self.add_to_sums(simd, start..end, &initial_features);
            if start == 0 && self.initial.is_parameter {
                self.add_initial_gradient();
            }
            // The first of these steps is the one after the next ones.
            let next_length = start.min(self.gradient_steps);
            self.workspace
                .delta
                .copy_within(..delta_width, next_length * delta_width);
            end = start;
        }
    }
}

impl<T: Real, K: StepKernel<T>> BackwardShard<'_, T, K> {
    /// Step 2 of the backward pass, for time steps whose pre-activation gradients are in the workspace.
    #[inline(always)]
    fn add_to_sums<S: Simd>(&mut self, simd: S, times: Range<usize>, initial_features: &[T]) {
        let (units, input_width) = (self.kernel.units(), self.kernel.inputs() + 1);
        let delta_width = self.kernel.delta_width();
        let delta_stride = padded::<T>(delta_width);
        let Workspace {
            delta,
            sums,
            scratch,
            ..
        } = &mut *self.workspace;

        let inputs = Columns {
            values: &self.inputs[times.start * self.rows * input_width..],
            stride: input_width,
            count: input_width,
        };
        let all_delta = Columns {
            values: delta,
            stride: delta_stride,
            count: delta_width,
        };
        let rows = times.len() * self.rows;
        add_transposed_product(simd, inputs, all_delta, rows, &mut sums.by_inputs, scratch);
        let latent = self.kernel.latent();
        if !latent.is_empty() {
            let saved_width = self.kernel.saved_width();
            let latent = Columns {
                values: &self.saved[times.start * self.rows * saved_width + latent.start..],
                stride: saved_width,
                count: latent.len(),
            };
            add_transposed_product(simd, latent, all_delta, rows, &mut sums.by_latent, scratch);
        }

        // Each step pairs with the features of the one before, the first with the initial ones.
        let delta = delta.as_slice();
        let starts_elsewhere =
            times.start == 0 && initial_features.iter().any(|&value| value != T::ZERO);
        let first = starts_elsewhere.then_some((delta, initial_features, self.rows));
        let start = times.start.max(1);
        let later = (start < times.end).then(|| {
            let delta = &delta[(start - times.start) * self.rows * delta_stride..];
            let features = &self.features[(start - 1) * self.rows * units..];
            (delta, features, (times.end - start) * self.rows)
        });
        // A loop, as the body of a closure would be compiled without the vector instructions of its caller.
        for (delta, features, rows) in first.into_iter().chain(later) {
            let delta = Columns {
                values: delta,
                stride: delta_stride,
                count: self.kernel.recurrent_width(),
            };
            let features = Columns {
                values: features,
                stride: units,
                count: units,
            };
            let sums = &mut sums.by_features;
            add_transposed_product(simd, delta, features, rows, sums, scratch);
        }
    }

    /// ∂L/∂(initial state), when the first step's pre-activation gradients lie first in the workspace.
    fn add_initial_gradient(&mut self) {
        let units = self.kernel.units();
        let Workspace {
            carry, delta, sums, ..
        } = &mut *self.workspace;
        let mut through_weights = vec![T::ZERO; self.rows * units];
        let delta = Rows {
            values: delta,
            stride: padded::<T>(self.kernel.delta_width()),
        };
        self.kernel
            .through_recurrent(self.rows, delta, &mut through_weights);
        let (head, tail) = sums.initial_state.split_at_mut(units);
        for row in through_weights.chunks_exact(units) {
            for ((sum, &gradient), &slope) in head.iter_mut().zip(row).zip(&self.initial.slopes) {
                *sum += gradient * slope;
            }
        }
        let of_carry = match self.kernel.state() {
            StatePlace::FeaturesAndSaved(_) => tail,
            StatePlace::Features | StatePlace::Saved(_) => head,
        };
        for row in carry.chunks_exact(units) {
            add(of_carry, row);
        }
    }
}

impl<T: Real> ShardSums<T> {
    fn clear(&mut self, kernel: &impl StepKernel<T>) {
        for (sums, size) in [
            (
                &mut self.by_features,
                kernel.recurrent_width() * kernel.units(),
            ),
            (
                &mut self.by_inputs,
                kernel.delta_width() * (kernel.inputs() + 1),
            ),
            (
                &mut self.by_latent,
                kernel.delta_width() * kernel.latent().len(),
            ),
            (
                &mut self.initial_state,
                kernel.units() + kernel.state().beside_features(),
            ),
        ] {
            sums.clear();
            sums.resize(size, T::ZERO);
        }
    }
}

fn take<'a, T>(from: &mut &'a [T], count: usize) -> &'a [T] {
    let (head, tail) = from.split_at(count);
    *from = tail;
    head
}

#[inline(always)]
#[expect(clippy::mut_mut, reason = "the slice itself is moved on")]
fn take_mut<'a, T>(from: &mut &'a mut [T], count: usize) -> &'a mut [T] {
    let (head, tail) = std::mem::take(from).split_at_mut(count);
    *from = tail;
    head
}
