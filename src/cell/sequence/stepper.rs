//! A fused recurrence taken one time step at a time, for agents whose next input depends on what they do.
//!
//! Agents are cut into shards as trials of a whole sequence are, and each step does the same arithmetic, so that
//! training on what agents lived through sees bit for bit the rates with which they acted.

use pulp::{Simd, WithSimd};

use super::step::{Forward, StepKernel};
use crate::simd::{Real, arch};

/// Where all trials are: features and saved values before and after a step, one row a trial.
#[derive(Debug, Clone, Default)]
pub(super) struct Stepper<T> {
    trials: usize,
    /// Trials that are computed together, as in a whole sequence, so that the bits are the same.
    shard_trials: usize,
    /// Inputs of each trial, followed by a one.
    inputs: Vec<T>,
    before: [Vec<T>; 2],
    after: [Vec<T>; 2],
}

impl<T: Real> Stepper<T> {
    /// Puts so many trials where they start: features and saved values, one row a trial.
    pub(super) fn begin(&mut self, initial: [Vec<T>; 2], trials: usize, shard_trials: usize) {
        (self.trials, self.shard_trials) = (trials, shard_trials);
        self.after = initial;
        for (before, after) in self.before.iter_mut().zip(&self.after) {
            before.resize(after.len(), T::ZERO);
        }
    }

    /// Puts one trial back where it starts.
    pub(super) fn restart(&mut self, initial: &[Vec<T>; 2], trial: usize) {
        for (rows, row) in self.after.iter_mut().zip(initial) {
            rows[trial * row.len()..][..row.len()].copy_from_slice(row);
        }
    }

    /// One step of all trials; `inputs` and `noise` as in a whole sequence, one row a trial. Returns the features.
    pub(super) fn step<K: StepKernel<T>>(&mut self, kernel: &K, inputs: &[T], noise: &[T]) -> &[T] {
        self.inputs.clear();
        let width = kernel.inputs();
        for trial in 0..self.trials {
            self.inputs
                .extend_from_slice(&inputs[trial * width..][..width]);
            self.inputs.push(T::ONE);
        }
        std::mem::swap(&mut self.before, &mut self.after);
        arch().dispatch(AllShards {
            kernel,
            stepper: self,
            noise,
        });
        &self.after[0]
    }
}

struct AllShards<'a, T, K> {
    kernel: &'a K,
    stepper: &'a mut Stepper<T>,
    noise: &'a [T],
}

impl<T: Real, K: StepKernel<T>> WithSimd for AllShards<'_, T, K> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            kernel,
            stepper,
            noise,
        } = self;
        let (units, saved_width) = (kernel.units(), kernel.saved_width());
        let input_width = kernel.inputs() + 1;
        let [previous_features, previous_saved] = &stepper.before;
        let [features, saved] = &mut stepper.after;
        for first in (0..stepper.trials).step_by(stepper.shard_trials) {
            let rows = stepper.shard_trials.min(stepper.trials - first);
            let step = Forward {
                rows,
                input: &stepper.inputs[first * input_width..][..rows * input_width],
                previous_features: &previous_features[first * units..][..rows * units],
                previous_saved: &previous_saved[first * saved_width..][..rows * saved_width],
                noise: (!noise.is_empty()).then(|| &noise[first * units..][..rows * units]),
                features: &mut features[first * units..][..rows * units],
                saved: &mut saved[first * saved_width..][..rows * saved_width],
            };
            kernel.forward(simd, step);
        }
    }
}
