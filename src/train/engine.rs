//! The border between learning and whatever runs networks: trials forward, slopes of a loss back through time.
//!
//! An engine orders the (time, trial) pairs of a batch as suits its memory, and all its slices follow that order:
//! [`Pass::rows`] tells it, [`by_time`] brings values into `[time][trial][channel]`. Whoever computes a loss walks over rows
//! and looks up targets by (time, trial), as [`super::loss`] does.
//!
//! The contract that tests hold every engine to: gradients agree with those of the others in f64 to 1e-12 relative
//! for every cell, objective and penalty.

use crate::cell::feedback::closed_loop;
use crate::cell::parameters::Parameters;
use crate::simd::Real;
use crate::task::Batch;

/// What a forward pass gave, borrowed from the engine. All slices have one row for each trial and time step, in the
/// engine's own order.
#[derive(Debug, Clone, Copy)]
pub struct Pass<'a, T> {
    /// (time, trial) of each row.
    pub rows: &'a [(usize, usize)],
    /// `[row][channel]`.
    pub outputs: &'a [T],
}

/// Slopes of a loss in what a forward pass gave, in the order of its rows.
#[derive(Debug, Clone, Copy)]
pub struct Slopes<'a, T> {
    /// ∂loss/∂outputs, `[row][channel]`.
    pub outputs: &'a [T],
    /// ∂loss/∂rates, `[row][unit]`, beside what comes through the outputs; empty where there is none.
    pub rates: &'a [T],
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
///
/// None of these comes from the numbers in a batch or in the weights: a network that blows up gives a loss that is
/// not finite, and no error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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

/// Something that runs a network through a batch, and takes slopes back through it.
///
/// An engine knows neither losses nor penalties, and in its passes neither feedback nor what is not trained: these are put
/// around any engine by [`Bptt`](super::bptt::Bptt). It holds no parameters and no optimiser state: these belong to the
/// lab, which saves and resumes them.
pub trait Engine<T: Real> {
    /// Runs the trials of a batch forward, and keeps what [`Self::backward`] needs.
    ///
    /// # Errors
    /// [`EngineError::Channels`] unless the batch has as many input and output channels as the network.
    fn forward(
        &mut self,
        parameters: &Parameters<T>,
        batch: &Batch,
    ) -> Result<Pass<'_, T>, EngineError>;

    /// (time, trial) of each row of the last forward pass.
    fn rows(&self) -> &[(usize, usize)];

    /// What the readout saw in the last forward pass, `[row][unit]`.
    fn rates(&self) -> Vec<T>;

    /// States of the last forward pass, `[row][state_size]`.
    fn states(&self) -> Vec<T>;

    /// Overwrites `gradient` with ∂loss/∂parameters. Must follow a `forward` with the same parameters.
    ///
    /// What feeds back, and what is not trained, is not considered: the gradient is that of all parameters that the
    /// pass used.
    fn backward(
        &mut self,
        parameters: &Parameters<T>,
        slopes: Slopes<'_, T>,
        gradient: &mut Parameters<T>,
    ) -> Result<(), EngineError>;

    /// The outputs on the trials of a batch, `[time][trial][channel]`, fed back where the network does so.
    fn outputs(
        &mut self,
        parameters: &Parameters<T>,
        batch: &Batch,
    ) -> Result<Vec<f64>, EngineError> {
        let closed = closed_loop(parameters);
        let pass = self.forward(closed.as_ref().unwrap_or(parameters), batch)?;
        Ok(by_time(pass.rows, batch.trials, pass.outputs))
    }

    /// Runs the trials of a batch forward, outputs fed back where the network does so.
    fn simulate(
        &mut self,
        parameters: &Parameters<T>,
        batch: &Batch,
    ) -> Result<Simulation, EngineError> {
        let closed = closed_loop(parameters);
        let pass = self.forward(closed.as_ref().unwrap_or(parameters), batch)?;
        let rows = pass.rows.to_vec();
        let outputs = by_time(&rows, batch.trials, pass.outputs);
        let states = self.states();
        Ok(Simulation {
            state_size: states.len() / rows.len().max(1),
            states: by_time(&rows, batch.trials, &states),
            outputs,
        })
    }
}

/// Values in the order of an engine's rows as `[time][trial][width]`.
///
/// `width` is the number of values over the number of rows; no rows give no values.
pub fn by_time<T: Real>(rows: &[(usize, usize)], trials: usize, values: &[T]) -> Vec<f64> {
    let width = values.len() / rows.len().max(1);
    let mut by_time = vec![0.0; values.len()];
    if width == 0 {
        return by_time;
    }
    for (&(time, trial), values) in rows.iter().zip(values.chunks_exact(width)) {
        let target = &mut by_time[(time * trials + trial) * width..][..width];
        for (to, from) in target.iter_mut().zip(values) {
            *to = from.to_f64();
        }
    }
    by_time
}

/// That a batch has the channels of a network: inputs, outputs.
pub(super) fn check_channels(
    batch: &Batch,
    (inputs, outputs): (usize, usize),
) -> Result<(), EngineError> {
    if (batch.input_channels, batch.output_channels) == (inputs, outputs) {
        return Ok(());
    }
    Err(EngineError::Channels {
        found_inputs: batch.input_channels,
        found_outputs: batch.output_channels,
        expected_inputs: inputs,
        expected_outputs: outputs,
    })
}
