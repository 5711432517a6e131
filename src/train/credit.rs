//! How blame for a loss is assigned to parameters: exactly, or by what a synapse knows.
//!
//! A gradient assigns to each parameter what a small change of it would do to the loss. Rules that a brain could
//! follow have to make do with less than that gradient; behind this border both are the same to an optimiser.

use super::engine::EngineError;
use crate::cell::parameters::Parameters;
use crate::simd::Real;
use crate::task::Batch;

/// What one evaluation of a batch gives beside the gradient.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Sum of weighted losses over the sum of the weights that count, and what penalties add to it; before the
    /// step.
    pub loss: f64,
    /// Outputs, `[time][trial][channel]`.
    pub outputs: Vec<f64>,
}

/// A way from a batch to a gradient, which [`Descent`](super::descent::Descent) follows.
pub trait Credit<T: Real> {
    /// Evaluates the batch and overwrites `gradient` with ∂loss/∂parameters, or with what stands for it; 0 for all that is
    /// not trained.
    ///
    /// # Errors
    /// [`EngineError::Channels`] where the batch has other channels than the network, [`EngineError::Cell`] where the rule is
    /// not defined for the cell. A loss that is not finite is no error: it is in the outcome.
    fn loss_and_gradient(
        &mut self,
        parameters: &Parameters<T>,
        batch: &Batch,
        gradient: &mut Parameters<T>,
    ) -> Result<Outcome, EngineError>;
}
