//! The fused recurrence: a whole batch of sequences forward, and backward through time, as one operation.
//!
//! Forward:
//! 1. The weights are packed once.
//! 2. The batch is cut into shards of fixed size; each runs all its time steps alone, so that threads meet only
//!    at the end, and the result does not depend on their number.
//!
//! A trial starts from the initial state of the parameters, from zero, or from a state of its own that is given.
//!
//! Backward, given ∂L/∂features at every time step:
//! 1. Each shard runs back through time, leaving ∂L/∂(pre-activations) of every step.
//! 2. Every few steps it multiplies these with features and inputs into weight gradients of its own, and forgets
//!    them: they never leave the cache. One large product at the end waits for memory instead of computing.
//! 3. The gradients of the shards are summed in their order.
//!
//! What one step of a cell computes is in [`StepKernel`], one implementation per family of cells.
//!
//! The order of operations within a shard does not depend on threads, and shards are summed in order: gradients are
//! the same to the bit on any number of threads. They depend on the SIMD level, since vectors of another width sum
//! in another order.

mod readout;
mod shard;
mod step;
mod stepper;

pub use self::readout::Outside;
use self::readout::Readout;
use self::shard::{BackwardShard, ForwardShard, InitialRow, PackWeights, ShardSums, Workspace};
pub use self::step::{Backward, Forward, Rows, Source, StatePlace, StepKernel, WeightGradient};
use self::stepper::Stepper;
use super::parameters::{INITIAL_STATE, Parameters, READOUT_BIAS, READOUT_WEIGHT};
use crate::parallel;
use crate::simd::{Real, arch};

/// Trials of a shard.
const SHARD_TRIALS: usize = 16;
/// Trials of a shard when the weights are too large to stay in a core's own cache.
const LARGE_SHARD_TRIALS: usize = 32;
/// Bytes of recurrent weights from which the larger shards pay.
const LARGE_WEIGHTS_BYTES: usize = 1 << 20;
/// Rows (time steps · trials) that a weight gradient takes up at once; more where the gradient itself is large.
const GRADIENT_ROWS: [usize; 2] = [128, 512];
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
    ) -> &[T] {
        self.read_out(parameters, shape, inputs, noise, &mut []);
        self.features()
    }

    /// The same with the readout of the parameters: its outputs, in the same order, overwrite `outputs`.
    fn read_out(
        &mut self,
        parameters: &Parameters<T>,
        shape: SequenceShape,
        inputs: &[T],
        noise: &[T],
        outputs: &mut [T],
    );

    /// Adds the gradient of all but the readout to `gradient`, given ∂L/∂features in the order of [`Self::order`]. Must
    /// follow a `forward` on the same parameters.
    fn backward(&mut self, feature_gradient: &[T], gradient: &mut Parameters<T>) {
        let slopes = Outside {
            outputs: None,
            features: feature_gradient,
        };
        self.take_back(slopes, gradient);
    }

    /// The same from slopes in the outputs, too, with the gradient of the readout.
    fn take_back(&mut self, slopes: Outside<'_, T>, gradient: &mut Parameters<T>);

    /// Features of the last forward pass.
    fn features(&self) -> &[T];

    /// States of the last forward pass, in the order of [`Self::order`].
    fn states(&self) -> Vec<T>;

    /// (time, trial) of every row: shard by shard, within a shard time by time.
    fn order(&self, shape: SequenceShape) -> Vec<(usize, usize)>;

    /// From now on trials start from these states, `[trial][state]`, which are not learned; from the initial state of the
    /// parameters, or from zero, where there are none.
    fn start_from(&mut self, states: &[T]);

    /// Puts so many trials in their initial state, to go through time by [`Self::step`].
    fn begin(&mut self, parameters: &Parameters<T>, trials: usize);

    /// Puts one of the trials that were begun back in its initial state, while the others go on. Must follow a `begin`.
    fn restart(&mut self, trial: usize);

    /// One time step of all trials: inputs `[trial][channel]` and noise `[trial][unit]`, or empty, give the features
    /// `[trial][unit]`, bit for bit those of a whole sequence. Must follow a `begin`, and no `forward` since.
    fn step(&mut self, inputs: &[T], noise: &[T]) -> &[T];
}

/// The buffers of a fused recurrence around the step kernel of a cell.
pub struct Fused<T, K> {
    kernel: K,
    shape: SequenceShape,
    inputs: Vec<T>,
    features: Vec<T>,
    saved: Vec<T>,
    initial: InitialRow<T>,
    /// What trials start from, if that is given.
    states: Vec<T>,
    stepper: Stepper<T>,
    /// What each shard needs on its way back.
    workspaces: Vec<Workspace<T>>,
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
            states: Vec::new(),
            stepper: Stepper::default(),
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
        self.inputs
            .resize(rows * (self.kernel.inputs() + 1), T::ZERO);
        self.features.resize(rows * self.kernel.units(), T::ZERO);
        self.saved.resize(rows * self.kernel.saved_width(), T::ZERO);
    }
}

impl<T: Real, K: StepKernel<T>> SequenceKernel<T> for Fused<T, K> {
    fn read_out(
        &mut self,
        parameters: &Parameters<T>,
        shape: SequenceShape,
        inputs: &[T],
        noise: &[T],
        outputs: &mut [T],
    ) {
        self.resize(shape);
        let arch = arch();
        arch.dispatch(PackWeights {
            kernel: &mut self.kernel,
            parameters,
            initial: &mut self.initial,
            states: &self.states,
        });

        let (shards, size) = (self.shards(shape), self.shard_trials());
        let kernel = &self.kernel;
        let steps = shape.steps;
        let readout = if outputs.is_empty() {
            Readout::none(kernel.units())
        } else {
            Readout::new(parameters, kernel.units())
        };
        let mut channels = inputs;
        let mut inputs = self.inputs.as_mut_slice();
        let mut features = self.features.as_mut_slice();
        let mut saved = self.saved.as_mut_slice();
        let mut outputs = outputs;
        let mut noise = noise;
        let noise_width = if noise.is_empty() { 0 } else { kernel.units() };
        let initial = &self.initial;
        let tasks: Vec<_> = shards
            .into_iter()
            .enumerate()
            .map(|(number, rows)| ForwardShard {
                kernel,
                first: number * size,
                rows,
                initial,
                noise: take(&mut noise, steps * rows * noise_width),
                channels: take(&mut channels, steps * rows * kernel.inputs()),
                inputs: take_mut(&mut inputs, steps * rows * (kernel.inputs() + 1)),
                features: take_mut(&mut features, steps * rows * kernel.units()),
                saved: take_mut(&mut saved, steps * rows * kernel.saved_width()),
                readout,
                outputs: take_mut(&mut outputs, steps * rows * readout.channels()),
            })
            .collect();
        parallel::for_each(tasks, |shard| arch.dispatch(shard));
    }

    fn take_back(&mut self, slopes: Outside<'_, T>, gradient: &mut Parameters<T>) {
        let arch = arch();
        let (shards, size) = (self.shards(self.shape), self.shard_trials());
        let large = self.has_large_weights();
        let (kernel, initial) = (&self.kernel, &self.initial);
        let steps = self.shape.steps;
        let (readout, mut output_slopes) = match slopes.outputs {
            Some((parameters, slopes)) => (Readout::new(parameters, kernel.units()), slopes),
            None => (Readout::none(kernel.units()), [].as_slice()),
        };
        let mut feature_slopes = slopes.features;
        let slope_width = if feature_slopes.is_empty() {
            0
        } else {
            kernel.units()
        };
        let mut features = self.features.as_slice();
        let mut saved = self.saved.as_slice();
        let mut inputs = self.inputs.as_slice();
        let gradient_rows = GRADIENT_ROWS[usize::from(large)];
        self.workspaces
            .resize_with(shards.len(), Workspace::default);
        let tasks: Vec<_> = shards
            .into_iter()
            .zip(&mut self.workspaces)
            .enumerate()
            .map(|(number, (rows, workspace))| BackwardShard {
                kernel,
                first: number * size,
                rows,
                initial,
                inputs: take(&mut inputs, steps * rows * (kernel.inputs() + 1)),
                workspace,
                gradient_steps: (gradient_rows / rows).max(1),
                readout,
                output_slopes: take(&mut output_slopes, steps * rows * readout.channels()),
                feature_slopes: take(&mut feature_slopes, steps * rows * slope_width),
                features: take(&mut features, steps * rows * kernel.units()),
                saved: take(&mut saved, steps * rows * kernel.saved_width()),
            })
            .collect();
        parallel::for_each(tasks, |shard| arch.dispatch(shard));
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

    fn start_from(&mut self, states: &[T]) {
        self.states.clear();
        self.states.extend_from_slice(states);
    }

    fn begin(&mut self, parameters: &Parameters<T>, trials: usize) {
        arch().dispatch(PackWeights {
            kernel: &mut self.kernel,
            parameters,
            initial: &mut self.initial,
            states: &self.states,
        });
        let shard_trials = self.shard_trials();
        let initial = self.initial.of_trials(&self.kernel, 0, trials);
        self.stepper.begin(initial, trials, shard_trials);
    }

    fn restart(&mut self, trial: usize) {
        let initial = self.initial.of_trials(&self.kernel, trial, 1);
        self.stepper.restart(&initial, trial);
    }

    fn step(&mut self, inputs: &[T], noise: &[T]) -> &[T] {
        self.stepper.step(&self.kernel, inputs, noise)
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
        for Workspace { sums, .. } in &self.workspaces {
            add(gradient.get_mut(INITIAL_STATE), &sums.initial_state);
            add(gradient.get_mut(READOUT_WEIGHT), &sums.readout);
            add(gradient.get_mut(READOUT_BIAS), &sums.readout_bias);
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
