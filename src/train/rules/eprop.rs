//! `e-prop`: the gradient that each synapse knows, followed by the optimiser.
//!
//! No keys of its own. Penalties need an exact gradient and are refused.

use super::{LearningRule, Made, Setting};
use crate::simd::Real;
use crate::train::descent::Descent;
use crate::train::eprop::Eprop;

/// E-prop with symmetric feedback (Bellec et al. 2020, Nat. Commun. 11:3625), followed by the optimiser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpropRule;

impl LearningRule for EpropRule {
    fn name(&self) -> &'static str {
        "e-prop"
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
    let credit = Eprop::new(setting.network);
    Descent::new(Box::new(credit), setting.optimiser, setting.parameters)
        .with_factors(setting.network)
}
