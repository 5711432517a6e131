//! `ridge`: regression of the targets on the rates.
//!
//! Key: `penalty` (λ, above 0). The readout is solved for after every batch from all batches so far; with a batch
//! that is large enough, one step is all it takes (echo state networks).

use super::{LearningRule, Made, Setting};
use crate::parameters::{POSITIVE, ParameterVisitor};
use crate::train::online::Online;

/// Ridge regression of the targets on the rates, over all batches so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ridge {
    /// λ of (Σ r rᵀ + λI). Default 1e-3.
    pub penalty: f64,
}

impl Default for Ridge {
    fn default() -> Self {
        Self { penalty: 1e-3 }
    }
}

impl LearningRule for Ridge {
    fn name(&self) -> &'static str {
        "ridge"
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        visitor.real("penalty", &mut self.penalty, POSITIVE);
    }

    fn square_matrices(&self) -> u64 {
        1
    }

    fn in_f32(&self, setting: Setting<'_, f32>) -> Made<f32> {
        Ok(Box::new(Online::ridge(setting.network, self.penalty)?))
    }

    fn in_f64(&self, setting: Setting<'_, f64>) -> Made<f64> {
        Ok(Box::new(Online::ridge(setting.network, self.penalty)?))
    }
}
