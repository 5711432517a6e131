//! What is added to the loss beside the objective of the task.
//!
//! A penalty sees the last forward pass through the engine (rates, states, their rows) and adds its slopes to those
//! of the objective before they go back through time, so that several cost one backward pass together. One that
//! depends on the parameters directly adds to the gradient afterwards.
//!
//! Rules without an exact gradient have no penalties; a curriculum that asks for both is refused.

use super::engine::Engine;
use crate::cell::parameters::Parameters;
use crate::simd::Real;
use crate::task::Batch;

/// A term of the loss on the run of a network through a batch, which the engine holds.
pub trait Penalty<T: Real> {
    /// The part of the term that depends on the rates: adds its slopes to `slopes`, `[row][unit]`, which are empty if they
    /// are zero so far, and returns its value.
    fn on_rates(&mut self, _engine: &dyn Engine<T>, _slopes: &mut Vec<T>) -> f64 {
        0.0
    }

    /// The part that depends on the parameters alone: adds its gradient, and returns its value. Where outputs feed back,
    /// `parameters` are those of the closed loop.
    fn on_parameters(
        &mut self,
        _engine: &dyn Engine<T>,
        _parameters: &Parameters<T>,
        _batch: &Batch,
        _gradient: &mut Parameters<T>,
    ) -> f64 {
        0.0
    }
}

/// λ times the mean squared rate, over units, steps and trials. Rates are what the readout sees.
///
/// P = λ/(N T K) Σ r², with N units, T steps and K trials, and ∂P/∂r = 2λr/(N T K). All steps count, also those
/// after the end of a shorter trial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatePenalty {
    /// λ.
    pub weight: f64,
}

impl<T: Real> Penalty<T> for RatePenalty {
    fn on_rates(&mut self, engine: &dyn Engine<T>, slopes: &mut Vec<T>) -> f64 {
        let rates = engine.rates();
        let scale = T::from_f64(self.weight / rates.len() as f64);
        slopes.resize(rates.len(), T::ZERO);
        let mut sum = T::ZERO;
        for (slope, &rate) in slopes.iter_mut().zip(&rates) {
            sum += rate * rate;
            *slope += (rate + rate) * scale;
        }
        (sum * scale).to_f64()
    }
}
