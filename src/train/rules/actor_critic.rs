//! `actor-critic`: the exact gradient of an advantage actor-critic, followed by the optimiser.
//!
//! Learns in worlds. Keys: `trace` (λ of the advantages, from 0 to 1), `critic_weight` (above 0) and `entropy_weight` (not
//! negative). The network has one output more than actions.

use super::{LearningRule, Made, Setting};
use crate::cell::spec::CellKind;
use crate::parameters::{NOT_NEGATIVE, POSITIVE, ParameterVisitor, SHARE};
use crate::task::lesson::{ActorCritic, Lesson};

/// Advantage actor-critic, by backpropagation through time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ActorCriticRule {
    /// How it chooses and what it is told.
    pub lesson: ActorCritic,
}

impl LearningRule for ActorCriticRule {
    fn name(&self) -> &'static str {
        "actor-critic"
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        let lesson = &mut self.lesson;
        visitor.real("trace", &mut lesson.trace, SHARE);
        visitor.real("critic_weight", &mut lesson.critic_weight, POSITIVE);
        visitor.real("entropy_weight", &mut lesson.entropy_weight, NOT_NEGATIVE);
    }

    fn lesson(&self) -> &dyn Lesson {
        &self.lesson
    }

    fn needs_world(&self) -> bool {
        true
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
        Ok(super::bptt::learner(setting))
    }

    fn in_f64(&self, setting: Setting<'_, f64>) -> Made<f64> {
        Ok(super::bptt::learner(setting))
    }
}
