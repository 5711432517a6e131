//! `force`: recursive least squares on the readout while the network runs.
//!
//! Keys: `regularisation` (α, above 0) and `every` (1 to 1,000,000 time steps). Recurrent and input weights stay as
//! they were drawn; the network should be chaotic before learning (a recurrent gain above 1), so that its rates
//! span enough directions.

use super::{LearningRule, Made, Setting};
use crate::parameters::{POSITIVE, ParameterVisitor};
use crate::train::online::Online;

/// FORCE (Sussillo & Abbott 2009): recursive least squares on the readout while the network runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Force {
    /// α of the first P = I/α. Default 1.
    pub regularisation: f64,
    /// Time steps from one correction to the next. Default 2.
    pub every: usize,
}

impl Default for Force {
    fn default() -> Self {
        Self {
            regularisation: 1.0,
            every: 2,
        }
    }
}

impl LearningRule for Force {
    fn name(&self) -> &'static str {
        "force"
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        visitor.real("regularisation", &mut self.regularisation, POSITIVE);
        visitor.count("every", &mut self.every, 1..=1_000_000);
    }

    fn square_matrices(&self) -> u64 {
        1
    }

    fn in_f32(&self, setting: Setting<'_, f32>) -> Made<f32> {
        Ok(Box::new(Online::force(
            setting.network,
            self.regularisation,
            self.every,
        )?))
    }

    fn in_f64(&self, setting: Setting<'_, f64>) -> Made<f64> {
        Ok(Box::new(Online::force(
            setting.network,
            self.regularisation,
            self.every,
        )?))
    }
}
