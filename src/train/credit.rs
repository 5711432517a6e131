//! How blame for a loss is assigned to parameters: exactly, or by what a synapse knows.

use super::engine::EngineError;
use crate::cell::parameters::Parameters;
use crate::simd::Real;
use crate::task::Batch;

/// What one evaluation of a batch gives beside the gradient.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Mean loss over the weighted targets, and what penalties add to it.
    pub loss: f64,
    /// Outputs, `[time][trial][channel]`.
    pub outputs: Vec<f64>,
}

/// A way from a batch to a gradient, which [`Descent`](super::descent::Descent) follows.
pub trait Credit<T: Real> {
    /// Evaluates the batch and overwrites `gradient` with ∂loss/∂parameters, or with what stands for it; 0 for all that is
    /// not trained.
    fn loss_and_gradient(
        &mut self,
        parameters: &Parameters<T>,
        batch: &Batch,
        gradient: &mut Parameters<T>,
    ) -> Result<Outcome, EngineError>;
}
