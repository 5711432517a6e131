//! One shard of a batch: all its time steps forward, and back through time with the weight gradients it finds on the way.
//!
//! A shard is as many trials as keep its working set in a core's cache, 16 or 32; its size depends on the network
//! alone.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::readout::Readout;
use super::step::{Backward, Forward, Rows, StatePlace, StepKernel};
use super::{add, take_mut};
use crate::cell::parameters::{INITIAL_STATE, Parameters};
use crate::simd::Real;
use crate::simd::transposed::{Columns, Scratch, add_transposed_product, padded};

/// What every trial starts from: one row for all, or one for each.
#[derive(Debug, Clone, Default)]
pub(super) struct InitialRow<T> {
    features: Vec<T>,
    saved: Vec<T>,
    /// Whether each trial has a row of its own.
    is_each: bool,
    /// Slopes of the features in the state.
    slopes: Vec<T>,
    /// Whether the parameters hold it.
    is_parameter: bool,
}

/// Memory of one shard for the backward pass, used again from step to step.
#[derive(Debug, Clone, Default)]
pub(super) struct Workspace<T> {
    carry: Vec<T>,
    /// ∂L/∂features of a step from outside the recurrence.
    feature_gradient: Vec<T>,
    /// ∂L/∂pre-activations of the steps since the last addition to the weight gradients, and of the step after.
    delta: Vec<T>,
    pub(super) sums: ShardSums<T>,
    scratch: Scratch<T>,
}

/// Weight gradients of one shard.
#[derive(Debug, Clone, Default)]
pub(super) struct ShardSums<T> {
    /// `[recurrent_width][units]`.
    pub(super) by_features: Vec<T>,
    /// `[inputs + 1][delta_width]`, the last row for the one that follows the inputs.
    pub(super) by_inputs: Vec<T>,
    /// `[latent][delta_width]`.
    pub(super) by_latent: Vec<T>,
    /// Of the initial state, as wide as the state.
    pub(super) initial_state: Vec<T>,
    /// `[channel][unit]`; empty where the readout is not asked.
    pub(super) readout: Vec<T>,
    pub(super) readout_bias: Vec<T>,
}

pub(super) struct PackWeights<'a, T, K> {
    pub(super) kernel: &'a mut K,
    pub(super) parameters: &'a Parameters<T>,
    pub(super) initial: &'a mut InitialRow<T>,
    /// `[trial][state]`; empty where all start from the same.
    pub(super) states: &'a [T],
}

impl<T: Real, K: StepKernel<T>> WithSimd for PackWeights<'_, T, K> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.kernel.pack(simd, self.parameters);
        if self.states.is_empty() {
            self.initial.fill(simd, self.kernel, self.parameters);
        } else {
            self.initial.fill_each(simd, self.kernel, self.states);
        }
    }
}

impl<T: Real> InitialRow<T> {
    /// Features and saved values of the initial state, which is 0 where the parameters have none.
    #[inline(always)]
    fn fill<S: Simd, K: StepKernel<T>>(&mut self, simd: S, kernel: &K, parameters: &Parameters<T>) {
        let units = kernel.units();
        let state = parameters.get(INITIAL_STATE);
        self.is_parameter = !state.is_empty();
        self.is_each = false;
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

    /// Features and saved values of given states, `[trial][state]`.
    #[inline(always)]
    fn fill_each<S: Simd, K: StepKernel<T>>(&mut self, simd: S, kernel: &K, states: &[T]) {
        let units = kernel.units();
        let more = match kernel.state() {
            StatePlace::FeaturesAndSaved(range) => range.len(),
            StatePlace::Features | StatePlace::Saved(_) => 0,
        };
        (self.is_parameter, self.is_each) = (false, true);
        self.features.clear();
        self.saved.clear();
        self.slopes.clear();
        self.slopes.resize(units, T::ZERO);
        let width = kernel.saved_width();
        for (trial, state) in states.chunks_exact(units + more).enumerate() {
            self.features.extend_from_slice(&state[..units]);
            self.saved.resize((trial + 1) * width, T::ZERO);
            let saved = &mut self.saved[trial * width..];
            match kernel.state() {
                StatePlace::Saved(range) => saved[range].copy_from_slice(&state[..units]),
                StatePlace::FeaturesAndSaved(range) => {
                    saved[range].copy_from_slice(&state[units..]);
                }
                StatePlace::Features => {}
            }
            let features = &mut self.features[trial * units..];
            kernel.features_of_states(simd, features, &mut self.slopes);
        }
    }

    /// Features and saved values of `rows` trials from `first` on.
    pub(super) fn of_trials<K: StepKernel<T>>(
        &self,
        kernel: &K,
        first: usize,
        rows: usize,
    ) -> [Vec<T>; 2] {
        let widths = [kernel.units(), kernel.saved_width()];
        let of = |(values, width): (&Vec<T>, usize)| {
            if self.is_each {
                values[first * width..][..rows * width].to_vec()
            } else {
                values.repeat(rows)
            }
        };
        let [units, saved] = widths;
        [of((&self.features, units)), of((&self.saved, saved))]
    }
}

pub(super) struct ForwardShard<'a, T, K> {
    pub(super) kernel: &'a K,
    /// Its first trial, and how many it has.
    pub(super) first: usize,
    pub(super) rows: usize,
    pub(super) initial: &'a InitialRow<T>,
    /// Empty if there is none.
    pub(super) noise: &'a [T],
    /// Inputs as they come, and where each row is put with a one behind it.
    pub(super) channels: &'a [T],
    pub(super) inputs: &'a mut [T],
    pub(super) features: &'a mut [T],
    pub(super) saved: &'a mut [T],
    pub(super) readout: Readout<'a, T>,
    pub(super) outputs: &'a mut [T],
}

impl<T: Real, K: StepKernel<T>> WithSimd for ForwardShard<'_, T, K> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            kernel,
            first,
            rows,
            initial,
            noise,
            channels,
            inputs,
            features,
            saved,
            readout,
            outputs,
        } = self;
        let width = kernel.inputs();
        for (row, with_one) in inputs.chunks_exact_mut(width + 1).enumerate() {
            with_one[..width].copy_from_slice(&channels[row * width..][..width]);
            with_one[width] = T::ONE;
        }
        let [initial_features, initial_saved] = initial.of_trials(kernel, first, rows);
        let feature_width = initial_features.len();
        let mut previous_features = initial_features.as_slice();
        let mut previous_saved = initial_saved.as_slice();
        let input_width = rows * (kernel.inputs() + 1);
        let mut features = features;
        let mut saved = saved;
        let mut outputs = outputs;
        let output_width = rows * readout.channels();
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
            readout.forward(simd, now_features, take_mut(&mut outputs, output_width));
            previous_features = now_features;
            previous_saved = now_saved;
        }
    }
}

pub(super) struct BackwardShard<'a, T, K> {
    pub(super) kernel: &'a K,
    /// Its first trial, and how many it has.
    pub(super) first: usize,
    pub(super) rows: usize,
    pub(super) initial: &'a InitialRow<T>,
    pub(super) inputs: &'a [T],
    pub(super) readout: Readout<'a, T>,
    /// As in [`super::Outside`].
    pub(super) output_slopes: &'a [T],
    pub(super) feature_slopes: &'a [T],
    pub(super) features: &'a [T],
    pub(super) saved: &'a [T],
    pub(super) workspace: &'a mut Workspace<T>,
    /// Time steps between two additions to the weight gradients.
    pub(super) gradient_steps: usize,
}

impl<T: Real, K: StepKernel<T>> WithSimd for BackwardShard<'_, T, K> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let feature_width = self.rows * self.kernel.units();
        let saved_width = self.rows * self.kernel.saved_width();
        let delta_stride = padded::<T>(self.kernel.delta_width());
        let delta_width = self.rows * delta_stride;
        let [initial_features, initial_saved] =
            self.initial.of_trials(self.kernel, self.first, self.rows);
        let Workspace {
            carry,
            feature_gradient,
            delta,
            sums,
            ..
        } = &mut *self.workspace;
        feature_gradient.resize(feature_width, T::ZERO);
        carry.clear();
        carry.resize(self.rows * self.kernel.carry_width(), T::ZERO);
        delta.resize((self.gradient_steps + 1) * delta_width, T::ZERO);
        sums.clear(self.kernel, self.readout.channels());
        let steps = self.features.len() / feature_width;
        let mut end = steps;
        while end > 0 {
            let start = end.saturating_sub(self.gradient_steps);
            let Workspace {
                carry,
                feature_gradient,
                delta,
                ..
            } = &mut *self.workspace;
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
                let output_width = self.rows * self.readout.channels();
                let output_slopes = &self.output_slopes[time * output_width..][..output_width];
                let from_features = match self.feature_slopes {
                    [] => [].as_slice(),
                    slopes => &slopes[time * feature_width..][..feature_width],
                };
                self.readout
                    .backward(simd, output_slopes, from_features, feature_gradient);
                self.kernel.backward(
                    simd,
                    Backward {
                        rows: self.rows,
                        feature_gradient,
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
        self.readout.add_to_sums(
            simd,
            &self.output_slopes[times.start * self.rows * self.readout.channels()..],
            &self.features[times.start * self.rows * units..][..rows * units],
            sums,
            scratch,
        );
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
    fn clear(&mut self, kernel: &impl StepKernel<T>, channels: usize) {
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
            (&mut self.readout, channels * kernel.units()),
            (&mut self.readout_bias, channels),
        ] {
            sums.clear();
            sums.resize(size, T::ZERO);
        }
    }
}
