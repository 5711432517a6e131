//! `bptt`: the exact gradient, followed by the optimiser.
//!
//! The only rule that takes penalties, that trains every cell, and that L-BFGS can follow. Engine, penalties and
//! optimiser come from the curriculum's `[training]` and `[optimiser]`.

use super::{LearningRule, Made, Setting};
use crate::cell::spec::CellKind;
use crate::train::bptt::Bptt;
use crate::train::descent::Descent;
use crate::train::engines::EngineReal;
use crate::train::lbfgs::Lbfgs;
use crate::train::learner::Learner;
use crate::train::optimiser::Optimiser;
use crate::train::penalty::RatePenalty;
use crate::train::spec::Penalties;
use crate::train::speed_penalty::SpeedPenalty;

/// Backpropagation through time, followed by the optimiser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BpttRule;

impl LearningRule for BpttRule {
    fn name(&self) -> &'static str {
        "bptt"
    }

    fn has_exact_gradient(&self) -> bool {
        true
    }

    fn takes_any_objective(&self) -> bool {
        true
    }

    fn trains(&self, _: CellKind) -> bool {
        true
    }

    fn in_f32(&self, setting: Setting<'_, f32>) -> Made<f32> {
        Ok(learner(setting))
    }

    fn in_f64(&self, setting: Setting<'_, f64>) -> Made<f64> {
        Ok(learner(setting))
    }
}

/// What follows the exact gradient.
pub(super) fn learner<T: EngineReal>(setting: Setting<'_, T>) -> Box<dyn Learner<T>> {
    let (network, penalties) = (setting.network, setting.penalties);
    if penalties == Penalties::default() {
        let optimiser = Optimiser::new(setting.optimiser, setting.parameters).with_factors(network);
        let resident = T::resident(setting.engine, network, setting.parameters, optimiser);
        if let Some(resident) = resident {
            return resident;
        }
    }
    let mut credit = Bptt::new(network, T::engine(setting.engine, network));
    if penalties.rate > 0.0 {
        let weight = penalties.rate;
        credit = credit.with_penalty(RatePenalty { weight });
    }
    if let Some((weight, time)) = penalties.speed {
        credit = credit.with_penalty(SpeedPenalty::new(network, weight, time));
    }
    let (optimiser, parameters) = (setting.optimiser, setting.parameters);
    match Lbfgs::new(Box::new(credit), optimiser, parameters) {
        Ok(lbfgs) => Box::new(lbfgs),
        Err(credit) => Box::new(Descent::new(credit, optimiser, parameters).with_factors(network)),
    }
}
