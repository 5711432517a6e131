//! Noise during training, drawn from the generator of the training step, so that a run is the same whenever it is
//! interrupted.

use rand::Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::spec::NetworkSpec;
use crate::task::Batch;

/// Draws the noise of a training step into a batch: on its inputs, and for the pre-activations of the units.
///
/// Both have the deviation √(2/α) σ in a leaky or low-rank cell (Song, Yang & Wang 2016), σ in the others.
pub fn add_noise(spec: &NetworkSpec, rng: &mut dyn Rng, batch: &mut Batch) {
    let scale = spec.cell.alpha().map_or(1.0, |alpha| (2.0 / alpha).sqrt());
    let mut normal = || -> f64 { StandardNormal.sample(&mut *rng) };
    if spec.noise.input > 0.0 {
        for input in &mut batch.inputs {
            *input += scale * spec.noise.input * normal();
        }
    }
    if spec.noise.recurrent > 0.0 {
        let count = batch.steps * batch.trials * spec.units;
        let deviation = scale * spec.noise.recurrent;
        batch
            .recurrent_noise
            .extend((0..count).map(|_| deviation * normal()));
    }
}
