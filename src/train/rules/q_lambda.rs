//! `q-lambda`: Q(λ) with a greedy policy, whose readout is solved for by ridge regression (Xu & Barak 2020, arXiv 2002.02496,
//! and their public code). Nothing else of the network changes.
//!
//! Learns in worlds. Keys: `trace` (λ, from 0 to 1), `rate` (α, above 0), `exploration` (ε, from 0 to 1), `credited` (`taken`,
//! as the method, or `present`, as the public code), `penalty` (of the regression, above 0), `forgetting` (what remains of
//! earlier batches in it, from 0 to 1) and `forgetting_by_score` (instead, √((s + 1)/2) remains, with the mean score s of the
//! batch, −1 where an episode achieved nothing).

use super::{LearningRule, Made, Setting};
use crate::cell::spec::CellKind;
use crate::parameters::{POSITIVE, ParameterVisitor, SHARE};
use crate::task::lesson::{Credited, Lesson, QLambda};
use crate::train::readout::{Forgetting, ReadoutLearner};

/// Q(λ) on the readout.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QLambdaRule {
    /// How it chooses and what it is told.
    pub lesson: QLambda,
    /// Penalty of the regression. Default 100.
    pub penalty: f64,
    /// What remains of earlier batches. Default: half.
    pub forgetting: Forgetting,
}

impl Default for QLambdaRule {
    fn default() -> Self {
        Self {
            lesson: QLambda::default(),
            penalty: 100.0,
            forgetting: Forgetting::default(),
        }
    }
}

impl LearningRule for QLambdaRule {
    fn name(&self) -> &'static str {
        "q-lambda"
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        const CREDITED: [(&str, Credited); 2] =
            [("taken", Credited::Taken), ("present", Credited::Present)];
        let lesson = &mut self.lesson;
        visitor.real("trace", &mut lesson.trace, SHARE);
        visitor.real("rate", &mut lesson.rate, POSITIVE);
        visitor.real("exploration", &mut lesson.exploration, SHARE);
        visitor.one_of("credited", &mut lesson.credited, &CREDITED);
        visitor.real("penalty", &mut self.penalty, POSITIVE);
        visitor.real("forgetting", &mut self.forgetting.share, SHARE);
        visitor.flag("forgetting_by_score", &mut self.forgetting.is_by_score);
    }

    fn lesson(&self) -> &dyn Lesson {
        &self.lesson
    }

    fn needs_world(&self) -> bool {
        true
    }

    fn takes_drawn_states(&self) -> bool {
        true
    }

    fn trains(&self, _: CellKind) -> bool {
        true
    }

    fn square_matrices(&self) -> u64 {
        2
    }

    fn runs_on_engine(&self) -> bool {
        true
    }

    fn in_f32(&self, setting: Setting<'_, f32>) -> Made<f32> {
        let learner = ReadoutLearner::new(setting, self.penalty, self.forgetting);
        Ok(Box::new(learner))
    }

    fn in_f64(&self, setting: Setting<'_, f64>) -> Made<f64> {
        let learner = ReadoutLearner::new(setting, self.penalty, self.forgetting);
        Ok(Box::new(learner))
    }
}
