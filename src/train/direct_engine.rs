//! The default engine: the fused recurrence with its readout; no tape, no tensors. Every engine must agree with it.

use super::engine::{Engine, EngineError, Pass, Slopes};
use super::recurrence::Recurrence;
use crate::cell::parameters::Parameters;
use crate::cell::sequence::Outside;
use crate::cell::spec::NetworkSpec;
use crate::simd::Real;
use crate::task::Batch;

/// Engine without a library for automatic differentiation.
pub struct DirectEngine<T: Real> {
    recurrence: Recurrence<T>,
    outputs: Vec<T>,
}

impl<T: Real> DirectEngine<T> {
    /// Name in a curriculum.
    pub const NAME: &'static str = "direct";

    /// An engine for a network.
    pub fn new(network: &NetworkSpec) -> Self {
        Self {
            recurrence: Recurrence::new(network),
            outputs: Vec::new(),
        }
    }
}

impl<T: Real> Engine<T> for DirectEngine<T> {
    fn forward(
        &mut self,
        parameters: &Parameters<T>,
        batch: &Batch,
    ) -> Result<Pass<'_, T>, EngineError> {
        self.recurrence
            .read_out(parameters, batch, &mut self.outputs)?;
        Ok(Pass {
            rows: self.recurrence.rows(),
            outputs: &self.outputs,
        })
    }

    fn rows(&self) -> &[(usize, usize)] {
        self.recurrence.rows()
    }

    fn rates(&self) -> Vec<T> {
        self.recurrence.rates().to_vec()
    }

    fn states(&self) -> Vec<T> {
        self.recurrence.states()
    }

    fn backward(
        &mut self,
        parameters: &Parameters<T>,
        slopes: Slopes<'_, T>,
        gradient: &mut Parameters<T>,
    ) -> Result<(), EngineError> {
        gradient.values_mut().fill(T::ZERO);
        let slopes = Outside {
            outputs: Some((parameters, slopes.outputs)),
            features: slopes.rates,
        };
        self.recurrence.take_back(slopes, gradient);
        Ok(())
    }
}
