//! The border between the lab and whatever computes gradients.

use crate::cell::parameters::Parameters;
use crate::simd::Real;
use crate::task::Batch;

/// What one evaluation of a batch gives beside the gradient.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Mean squared error over the weighted targets, and what penalties add to it.
    pub loss: f64,
    /// Outputs, `[time][trial][channel]`.
    pub outputs: Vec<f64>,
}

/// Trials run forward without a gradient.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// Width of a state.
    pub state_size: usize,
    /// States after each step, `[time][trial][state_size]`.
    pub states: Vec<f64>,
    /// Outputs, `[time][trial][channel]`.
    pub outputs: Vec<f64>,
}

/// Why an engine could not evaluate a batch.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The batch does not fit the network.
    #[error(
        "the batch has {found_inputs} input and {found_outputs} output channels, the network \
         {expected_inputs} and {expected_outputs}"
    )]
    Channels {
        /// Input channels of the batch.
        found_inputs: usize,
        /// Output channels of the batch.
        found_outputs: usize,
        /// Input channels of the network.
        expected_inputs: usize,
        /// Output channels of the network.
        expected_outputs: usize,
    },
    /// The learning rule is not defined for the cell.
    #[error("this learning rule trains vanilla and leaky cells only")]
    Cell,
    /// The backend failed.
    #[error("the {backend} engine failed: {message}")]
    Backend {
        /// Name of the engine.
        backend: &'static str,
        /// Its own words.
        message: String,
    },
}

/// Something that evaluates a network on a batch, with the gradient of the loss.
///
/// An engine holds no parameters and no optimiser state: these belong to the lab, which saves and resumes them.
pub trait Engine<T: Real>: Send {
    /// Evaluates the batch and overwrites `gradient` with ∂loss/∂parameters, 0 for all that is not trained.
    fn loss_and_gradient(
        &mut self,
        parameters: &Parameters<T>,
        batch: &Batch,
        gradient: &mut Parameters<T>,
    ) -> Result<Outcome, EngineError>;

    /// Runs the trials of a batch forward.
    fn simulate(
        &mut self,
        parameters: &Parameters<T>,
        batch: &Batch,
    ) -> Result<Simulation, EngineError>;
}
