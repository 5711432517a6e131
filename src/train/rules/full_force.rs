//! `full-force`: recursive least squares on the recurrent weights of all units.
//!
//! Keys: those of `force`, and `target_gain` (0 or more). Three square matrices are kept beside the weights: P, and
//! those of the teacher.

use super::{LearningRule, Made, Setting};
use crate::cell::spec::NetworkSpec;
use crate::parameters::{NOT_NEGATIVE, POSITIVE, ParameterVisitor};
use crate::train::engine::EngineError;
use crate::train::online::Online;

/// full-FORCE (DePasquale et al. 2018): recursive least squares on the recurrent weights of all units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FullForce {
    /// α of the first P = I/α. Default 1.
    pub regularisation: f64,
    /// Time steps from one correction to the next. Default 2.
    pub every: usize,
    /// The target drives the target-generating network over weights within ± this. Default 1.
    pub target_gain: f64,
}

impl Default for FullForce {
    fn default() -> Self {
        Self {
            regularisation: 1.0,
            every: 2,
            target_gain: 1.0,
        }
    }
}

impl FullForce {
    fn learner(&self, network: &NetworkSpec, seed: u64) -> Result<Online, EngineError> {
        let solver = (self.regularisation, self.every);
        Online::full_force(network, solver, self.target_gain, seed)
    }
}

impl LearningRule for FullForce {
    fn name(&self) -> &'static str {
        "full-force"
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        visitor.real("regularisation", &mut self.regularisation, POSITIVE);
        visitor.count("every", &mut self.every, 1..=1_000_000);
        visitor.real("target_gain", &mut self.target_gain, NOT_NEGATIVE);
    }

    fn square_matrices(&self) -> u64 {
        3
    }

    fn in_f32(&self, setting: Setting<'_, f32>) -> Made<f32> {
        Ok(Box::new(self.learner(setting.network, setting.seed)?))
    }

    fn in_f64(&self, setting: Setting<'_, f64>) -> Made<f64> {
        Ok(Box::new(self.learner(setting.network, setting.seed)?))
    }
}
