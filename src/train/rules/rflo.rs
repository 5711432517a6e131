//! `rflo`: a local gradient, followed by the optimiser.
//!
//! No keys of its own. Penalties need an exact gradient and are refused.

use super::{LearningRule, Made, Setting};
use crate::simd::Real;
use crate::train::descent::Descent;
use crate::train::rflo::Rflo;

/// Random feedback local online learning (Murray 2019, eLife 8:e43299), followed by the optimiser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RfloRule;

impl LearningRule for RfloRule {
    fn name(&self) -> &'static str {
        "rflo"
    }

    fn takes_any_objective(&self) -> bool {
        true
    }

    fn in_f32(&self, setting: Setting<'_, f32>) -> Made<f32> {
        Ok(Box::new(learner(setting)))
    }

    fn in_f64(&self, setting: Setting<'_, f64>) -> Made<f64> {
        Ok(Box::new(learner(setting)))
    }
}

fn learner<T: Real>(setting: Setting<'_, T>) -> Descent<T> {
    let credit = Rflo::new(setting.network, setting.seed);
    Descent::new(Box::new(credit), setting.optimiser, setting.parameters)
        .with_factors(setting.network)
}
