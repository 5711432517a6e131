//! Networks that act in a world.
//!
//! The same fused step of the cell that training uses runs forward alone, without a tape: one matrix product for
//! all agents at each time step. Noise of training is drawn here and written into the batch, since the learner must
//! see the same network that acted.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use crate::cell::feedback::closed_loop;
use crate::cell::noise::Deviations;
use crate::cell::parameters::{Parameters, READOUT_BIAS, READOUT_WEIGHT};
use crate::cell::sequence::SequenceKernel;
use crate::cell::sequence_kernel;
use crate::cell::spec::NetworkSpec;
use crate::simd::Real;
use crate::task::Batch;
use crate::task::lesson::{Lesson, PolicyGradient};
use crate::task::world::Policy;

/// A network that acts: the step kernel of its cell, one time step of all agents at once.
///
/// What it does is bit for bit what an engine makes of the batch that comes of it, but for the rounding of the readout.
pub struct NetworkPolicy<'a, T: Real> {
    lesson: &'a dyn Lesson,
    kernel: Box<dyn SequenceKernel<T>>,
    units: usize,
    parameters: Parameters<T>,
    deviations: Deviations,
    /// Where its noise comes from; without noise where there is none.
    noise: Option<ChaCha8Rng>,
    inputs: Vec<T>,
    noise_values: Vec<T>,
    outputs: Vec<f64>,
}

impl<'a, T: Real> NetworkPolicy<'a, T> {
    /// A network with given parameters; it has the noise of training if `noise` is given.
    ///
    /// Outputs that feed back are folded into the recurrence, as in training.
    pub fn new(
        network: &NetworkSpec,
        parameters: &Parameters<T>,
        noise: Option<ChaCha8Rng>,
    ) -> Self {
        Self {
            lesson: &PolicyGradient,
            kernel: sequence_kernel(network),
            units: network.units,
            parameters: closed_loop(parameters).unwrap_or_else(|| parameters.clone()),
            deviations: Deviations::of(network),
            noise,
            inputs: Vec::new(),
            noise_values: Vec::new(),
            outputs: Vec::new(),
        }
    }

    /// The same that chooses, and learns, by a lesson. Without this, by the policy gradient.
    pub fn taught(self, lesson: &'a dyn Lesson) -> Self {
        Self { lesson, ..self }
    }

    /// Draws the noise of a time step into the batch.
    fn draw_noise(&mut self, time: usize, batch: &mut Batch) {
        let Some(rng) = &mut self.noise else { return };
        let mut normal = || -> f64 { StandardNormal.sample(&mut *rng) };
        let Deviations { input, recurrent } = self.deviations;
        if input > 0.0 {
            let width = batch.trials * batch.input_channels;
            for value in &mut batch.inputs[time * width..][..width] {
                *value += input * normal();
            }
        }
        if recurrent > 0.0 {
            let width = batch.trials * self.units;
            batch.recurrent_noise.resize(batch.steps * width, 0.0);
            for value in &mut batch.recurrent_noise[time * width..][..width] {
                *value = recurrent * normal();
            }
        }
    }
}

/// Appends the first outputs, at most so many, of rates `[trial][unit]`, in f64: `[trial][channel]`.
pub(super) fn read_out<T: Real>(
    parameters: &Parameters<T>,
    units: usize,
    most: usize,
    rates: &[T],
    outputs: &mut Vec<f64>,
) {
    let bias = parameters.get(READOUT_BIAS);
    let weights = parameters.get(READOUT_WEIGHT);
    for rates in rates.chunks_exact(units) {
        for (weights, bias) in weights.chunks_exact(units).zip(bias).take(most) {
            let products = weights.iter().zip(rates);
            let sum: f64 = products.map(|(w, r)| w.to_f64() * r.to_f64()).sum();
            outputs.push(sum + bias.to_f64());
        }
    }
}

impl<T: Real> Policy for NetworkPolicy<'_, T> {
    fn begin(&mut self, batch: &Batch) {
        let states = batch.initial_states.iter();
        let states: Vec<T> = states.map(|&value| T::from_f64(value)).collect();
        self.kernel.start_from(&states);
        self.kernel.begin(&self.parameters, batch.trials);
    }

    fn lesson(&self) -> &dyn Lesson {
        self.lesson
    }

    fn act(&mut self, time: usize, batch: &mut Batch) -> &[f64] {
        self.draw_noise(time, batch);
        let of_time = |values: &[f64], width: usize, taken: &mut Vec<T>| {
            taken.clear();
            let values = values.iter().skip(time * width).take(width);
            taken.extend(values.map(|&value| T::from_f64(value)));
        };
        let (trials, units) = (batch.trials, self.units);
        of_time(
            &batch.inputs,
            trials * batch.input_channels,
            &mut self.inputs,
        );
        of_time(
            &batch.recurrent_noise,
            trials * units,
            &mut self.noise_values,
        );
        let rates = self.kernel.step(&self.inputs, &self.noise_values);
        self.outputs.clear();
        read_out(
            &self.parameters,
            units,
            usize::MAX,
            rates,
            &mut self.outputs,
        );
        &self.outputs
    }
}
