//! The learning rules that a curriculum can name, one file a rule.
//!
//! A rule is a plain value: a name, parameters with bounds and defaults (declared once by
//! [`LearningRule::parameters`], from which the curriculum's reader, its messages and the resolved file follow),
//! and a way to make a learner. It tells what it can train, so that a curriculum that asks for more is refused with
//! the line that asks.

use std::any::Any;
use std::fmt;

use super::engine::EngineError;
use super::engines::{EngineName, EngineReal};
use super::learner::Learner;
use super::rate_network::rate_formula;
use super::spec::{OptimiserSpec, Penalties};
use crate::cell::parameters::Parameters;
use crate::cell::spec::{CellKind, NetworkSpec};
use crate::parameters::{ParameterVisitor, Variant};
use crate::simd::Real;
use crate::task::lesson::{Lesson, PolicyGradient};

pub mod actor_critic;
pub mod bptt;
pub mod eprop;
pub mod force;
pub mod full_force;
pub mod lms;
pub mod q_lambda;
pub mod rflo;
pub mod ridge;

/// What a learner is made for.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Setting<'a, T: Real> {
    /// The network.
    pub network: &'a NetworkSpec,
    /// Its parameters before the first step.
    pub parameters: &'a Parameters<T>,
    /// The engine to run it on.
    pub engine: EngineName,
    /// What follows a gradient.
    pub optimiser: OptimiserSpec,
    /// What is added to the loss, where there is one.
    pub penalties: Penalties,
    /// Seed of the run.
    pub seed: u64,
}

impl<'a, T: Real> Setting<'a, T> {
    /// A setting on the default engine, without penalties.
    pub fn new(
        network: &'a NetworkSpec,
        parameters: &'a Parameters<T>,
        optimiser: OptimiserSpec,
        seed: u64,
    ) -> Self {
        Self {
            network,
            parameters,
            engine: EngineName::default(),
            optimiser,
            penalties: Penalties::default(),
            seed,
        }
    }
}

/// What a setting gives in a number format: [`LearningRule::in_f32`] and [`LearningRule::in_f64`].
pub type Made<T> = Result<Box<dyn Learner<T>>, EngineError>;

/// A learning rule with its parameters, as a curriculum names it.
///
/// A new rule is a type that implements this, and a line in [`RuleSpec::all`].
///
/// The two methods that make a learner must make the same one in both formats. They are called once for each part
/// of a run that begins or is taken up.
pub trait LearningRule: RuleValue + fmt::Debug + Send + Sync {
    /// Name in the curriculum file.
    fn name(&self) -> &'static str;

    /// Walks over the parameters that a curriculum can set. Default: none.
    fn parameters(&mut self, _visitor: &mut dyn ParameterVisitor) {}

    /// Whether it follows the exact gradient of a loss, to which penalties can be added. Default: no.
    fn has_exact_gradient(&self) -> bool {
        false
    }

    /// Whether it learns from any objective, and not from squared errors alone. Default: no.
    fn takes_any_objective(&self) -> bool {
        false
    }

    /// How it learns in worlds: how a network chooses there, and what it is then told. Default: the policy gradient.
    fn lesson(&self) -> &dyn Lesson {
        &PolicyGradient
    }

    /// Whether it learns in worlds alone. Default: no.
    fn needs_world(&self) -> bool {
        false
    }

    /// Whether it learns where each trial starts from a state of its own. Default: no.
    fn takes_drawn_states(&self) -> bool {
        self.has_exact_gradient()
    }

    /// Whether it runs the network on an engine, and not by itself. Default: where it follows the exact gradient.
    fn runs_on_engine(&self) -> bool {
        self.has_exact_gradient()
    }

    /// Whether it trains a cell. Default: vanilla and leaky cells.
    fn trains(&self, cell: CellKind) -> bool {
        rate_formula(cell).is_some()
    }

    /// Square matrices as wide as the network that it keeps, in f64. Default: none.
    ///
    /// Counted before a run starts, against the memory that there is.
    fn square_matrices(&self) -> u64 {
        0
    }

    /// A learner in f32 before its first step.
    fn in_f32(&self, setting: Setting<'_, f32>) -> Made<f32>;

    /// The same in f64.
    fn in_f64(&self, setting: Setting<'_, f64>) -> Made<f64>;
}

/// A number format that networks are trained in: `f32` or `f64`.
pub trait TrainableReal: EngineReal {
    /// The learner of a rule before its first step.
    fn learner(rule: &dyn LearningRule, setting: Setting<'_, Self>) -> Made<Self>;
}

impl TrainableReal for f32 {
    fn learner(rule: &dyn LearningRule, setting: Setting<'_, Self>) -> Made<Self> {
        rule.in_f32(setting)
    }
}

impl TrainableReal for f64 {
    fn learner(rule: &dyn LearningRule, setting: Setting<'_, Self>) -> Made<Self> {
        rule.in_f64(setting)
    }
}

/// What makes a boxed rule a value; every rule that is `Clone` and `PartialEq` has it.
pub trait RuleValue: Any {
    /// A copy in a box.
    fn boxed(&self) -> Box<dyn LearningRule>;

    /// Whether the other is the same rule with the same parameters.
    fn equals(&self, other: &dyn LearningRule) -> bool;
}

impl<R: LearningRule + Clone + PartialEq> RuleValue for R {
    fn boxed(&self) -> Box<dyn LearningRule> {
        Box::new(self.clone())
    }

    fn equals(&self, other: &dyn LearningRule) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref::<R>() == Some(self)
    }
}

/// The learning rule of a curriculum. Default: backpropagation through time.
pub struct RuleSpec(Box<dyn LearningRule>);

impl RuleSpec {
    /// The specification of a rule.
    pub fn new(rule: impl LearningRule) -> Self {
        Self(Box::new(rule))
    }

    /// The rule behind the specification.
    pub fn rule(&self) -> &dyn LearningRule {
        &*self.0
    }
}

impl Variant for RuleSpec {
    /// Every rule there is, with its default parameters.
    fn all() -> Vec<Self> {
        vec![
            Self::new(bptt::BpttRule),
            Self::new(force::Force::default()),
            Self::new(full_force::FullForce::default()),
            Self::new(ridge::Ridge::default()),
            Self::new(lms::Lms::default()),
            Self::new(rflo::RfloRule),
            Self::new(eprop::EpropRule),
            Self::new(q_lambda::QLambdaRule::default()),
            Self::new(actor_critic::ActorCriticRule::default()),
        ]
    }

    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        self.0.parameters(visitor);
    }
}

impl Default for RuleSpec {
    fn default() -> Self {
        Self::new(bptt::BpttRule)
    }
}

impl Clone for RuleSpec {
    fn clone(&self) -> Self {
        Self(self.0.boxed())
    }
}

impl PartialEq for RuleSpec {
    fn eq(&self, other: &Self) -> bool {
        self.0.equals(other.rule())
    }
}

impl fmt::Debug for RuleSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
