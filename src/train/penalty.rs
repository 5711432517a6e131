//! What is added to the loss beside the objective of the task.

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
