//! `lms`: least mean squares on the readout.
//!
//! Key: `rate` (η, above 0). The cheapest rule, and the slowest: directions in which rates vary little are learnt
//! at a rate proportional to that variance.

use super::{LearningRule, Made, Setting};
use crate::parameters::{POSITIVE, ParameterVisitor};
use crate::train::online::Online;

/// Least mean squares on the readout while the network runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lms {
    /// η of w ← w − η e r. Default 1e-3.
    pub rate: f64,
}

impl Default for Lms {
    fn default() -> Self {
        Self { rate: 1e-3 }
    }
}

impl LearningRule for Lms {
    fn name(&self) -> &'static str {
        "lms"
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        visitor.real("rate", &mut self.rate, POSITIVE);
    }

    fn in_f32(&self, setting: Setting<'_, f32>) -> Made<f32> {
        Ok(Box::new(Online::lms(setting.network, self.rate)?))
    }

    fn in_f64(&self, setting: Setting<'_, f64>) -> Made<f64> {
        Ok(Box::new(Online::lms(setting.network, self.rate)?))
    }
}
