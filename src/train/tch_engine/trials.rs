//! A batch as tensors.

use tch::kind::Element;
use tch::{Device, Tensor};

use super::Torch;
use super::staging::Staging;
use super::weights::Weights;
use crate::cell::parameters::INITIAL_STATE;
use crate::simd::Real;
use crate::task::Batch;

/// Inputs, noise and initial states of the trials of a batch, in order of time, then trial.
pub(super) struct Trials {
    pub(super) steps: i64,
    pub(super) count: i64,
    /// `[time and trial][channel]`.
    pub(super) inputs: Tensor,
    /// `[time][trial][unit]`.
    pub(super) noise: Option<Tensor>,
    /// `[trial][state]`.
    pub(super) start: Tensor,
    /// Whether the start is a parameter.
    pub(super) starts_from_parameters: bool,
    /// Whether each trial has a start of its own.
    draws_start: bool,
}

impl Trials {
    pub(super) fn upload<T: Real + Element>(
        batch: &Batch,
        (units, state_size): (usize, usize),
        weights: &Weights,
        device: Device,
    ) -> Torch<Self> {
        let (steps, count) = (batch.steps as i64, batch.trials as i64);
        let upload = |values: &[f64], shape: &[i64]| {
            let values: Vec<T> = values.iter().map(|&value| T::from_f64(value)).collect();
            Tensor::f_from_slice(&values)?
                .f_to_device(device)?
                .f_view(shape)
        };
        let channels = batch.input_channels as i64;
        let noise = (!batch.recurrent_noise.is_empty())
            .then(|| upload(&batch.recurrent_noise, &[steps, count, units as i64]));
        let shape = [count, state_size as i64];
        let of_parameters = weights.find(INITIAL_STATE);
        let starts_from_parameters = batch.initial_states.is_empty() && of_parameters.is_some();
        let start = match of_parameters {
            _ if !batch.initial_states.is_empty() => upload(&batch.initial_states, &shape)?,
            Some(state) => state.f_expand(shape, false)?,
            None => Tensor::f_zeros(shape, (T::KIND, device))?,
        };
        Ok(Self {
            steps,
            count,
            inputs: upload(&batch.inputs, &[steps * count, channels])?,
            noise: noise.transpose()?,
            start,
            starts_from_parameters,
            draws_start: !batch.initial_states.is_empty(),
        })
    }

    /// Whether a batch could stand in the place of these.
    pub(super) fn fit(&self, batch: &Batch) -> bool {
        let shape = (batch.steps as i64, batch.trials as i64);
        let draws_start = !batch.initial_states.is_empty();
        shape == (self.steps, self.count)
            && draws_start == self.draws_start
            && self.noise.is_some() != batch.recurrent_noise.is_empty()
    }

    /// Puts a batch that fits in their place.
    pub(super) fn replace<T: Real + Element>(
        &mut self,
        batch: &Batch,
        staging: &mut Staging<T>,
    ) -> Torch<()> {
        staging.put(&mut self.inputs, &batch.inputs, 1.0)?;
        if let Some(noise) = &mut self.noise {
            staging.put(noise, &batch.recurrent_noise, 1.0)?;
        }
        if self.draws_start {
            staging.put(&mut self.start, &batch.initial_states, 1.0)?;
        }
        Ok(())
    }

    /// The same tensors once more.
    pub(super) fn shallow_clone(&self) -> Self {
        Self {
            inputs: self.inputs.shallow_clone(),
            noise: self.noise.as_ref().map(Tensor::shallow_clone),
            start: self.start.shallow_clone(),
            ..*self
        }
    }

    /// Empty memory for a value of so many numbers in every trial at every time step, and before the first if `with_start`.
    pub(super) fn room(&self, width: &[i64], with_start: bool) -> Torch<Tensor> {
        let mut shape = vec![self.steps + i64::from(with_start), self.count];
        shape.extend_from_slice(width);
        Tensor::f_empty(shape, (self.start.f_kind()?, self.start.device()))
    }

    /// Values `[time][trial][width]` as rows.
    pub(super) fn rows(&self, values: &Tensor) -> Torch<Tensor> {
        values.f_reshape([self.steps * self.count, -1])
    }
}

/// Two neighbouring time steps.
pub(super) fn neighbours(steps: &mut [Tensor], first: usize) -> (&mut Tensor, &mut Tensor) {
    let (before, after) = steps.split_at_mut(first + 1);
    (&mut before[first], &mut after[0])
}
