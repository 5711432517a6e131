//! Noise during training, drawn from the generator of the training step, so that a run is the same whenever it is
//! interrupted.
//!
//! Values are drawn in order of time, trial and channel; first all inputs, then all units.

use rand::Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::spec::{InitialState, NetworkSpec};
use crate::task::Batch;

/// Standard deviations of the noise of training.
///
/// Both are √(2/α) σ in a leaky or low-rank cell (Song, Yang & Wang 2016), σ in the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deviations {
    /// On each input channel.
    pub input: f64,
    /// On the pre-activation of each unit.
    pub recurrent: f64,
}

impl Deviations {
    /// Those of a network.
    pub fn of(spec: &NetworkSpec) -> Self {
        let scale = spec.cell.alpha().map_or(1.0, |alpha| (2.0 / alpha).sqrt());
        Self {
            input: scale * spec.noise.input,
            recurrent: scale * spec.noise.recurrent,
        }
    }
}

/// Draws what the network starts from in each trial of a batch, if that is drawn. Trial by trial, before anything else.
pub fn draw_initial_states(spec: &NetworkSpec, rng: &mut dyn Rng, batch: &mut Batch) {
    if spec.initial_state == InitialState::Normal {
        let count = batch.trials * spec.state_size();
        let normal = (0..count).map(|_| -> f64 { StandardNormal.sample(&mut *rng) });
        batch.initial_states = normal.collect();
    }
}

/// Draws the noise of a training step into a batch: on its inputs, and for the pre-activations of the units.
pub fn add_noise(spec: &NetworkSpec, rng: &mut dyn Rng, batch: &mut Batch) {
    let Deviations { input, recurrent } = Deviations::of(spec);
    let mut normal = || -> f64 { StandardNormal.sample(&mut *rng) };
    if input > 0.0 {
        for value in &mut batch.inputs {
            *value += input * normal();
        }
    }
    if recurrent > 0.0 {
        let count = batch.steps * batch.trials * spec.units;
        batch
            .recurrent_noise
            .extend((0..count).map(|_| recurrent * normal()));
    }
}
