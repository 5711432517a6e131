//! Gradient descent: an assignment of credit, followed by an optimiser.
//!
//! 1. Credit gives loss, outputs and gradient.
//! 2. If the loss and the gradient's Euclidean norm are finite, the optimiser changes the parameters; otherwise
//!    nothing changes, neither parameters nor moments.
//!
//! The norm that is reported is that before weight decay and clipping.

use super::credit::Credit;
use super::engine::EngineError;
use super::learner::{Learner, LearnerState, Learnt};
use super::optimiser::{Optimiser, norm};
use super::spec::OptimiserSpec;
use crate::cell::parameters::Parameters;
use crate::cell::spec::NetworkSpec;
use crate::simd::Real;
use crate::task::Batch;

const UPDATES: &str = "optimiser.updates";
const FIRST: &str = "optimiser.first.";
const SECOND: &str = "optimiser.second.";

/// The gradient of a loss, or what stands for it, followed by an optimiser.
///
/// Its state in a checkpoint: `optimiser.updates` and the two moments of every parameter, `optimiser.first.*` and
/// `optimiser.second.*`. The gradient itself is not part of it.
pub struct Descent<T> {
    credit: Box<dyn Credit<T>>,
    optimiser: Optimiser<T>,
    gradient: Parameters<T>,
}

impl<T: Real> Descent<T> {
    /// A rule that has not made a step yet.
    pub fn new(
        credit: Box<dyn Credit<T>>,
        optimiser: OptimiserSpec,
        parameters: &Parameters<T>,
    ) -> Self {
        Self {
            credit,
            optimiser: Optimiser::new(optimiser, parameters),
            gradient: parameters.zeros_like(),
        }
    }

    /// The same with the learning rates that a network's input groups and its readout have of their own.
    pub fn with_factors(mut self, network: &NetworkSpec) -> Self {
        self.optimiser = self.optimiser.with_factors(network);
        self
    }
}
impl<T: Real> Learner<T> for Descent<T> {
    fn step(
        &mut self,
        parameters: &mut Parameters<T>,
        batch: &Batch,
    ) -> Result<Learnt, EngineError> {
        let outcome = self
            .credit
            .loss_and_gradient(parameters, batch, &mut self.gradient)?;
        let learnt = Learnt {
            loss: outcome.loss,
            outputs: outcome.outputs,
            gradient_norm: norm(self.gradient.values()),
            learning_rate: self.optimiser.learning_rate(),
        };
        if learnt.is_finite() {
            self.optimiser.update(parameters, &mut self.gradient);
        }
        Ok(learnt)
    }

    fn forget(&mut self) {
        self.optimiser.forget();
    }

    fn state(&self) -> LearnerState {
        state_of(&self.optimiser)
    }

    fn restore(&mut self, state: &LearnerState) -> Result<(), String> {
        restore(&mut self.optimiser, state)
    }
}

/// What a checkpoint holds of an optimiser.
pub(super) fn state_of<T: Real>(optimiser: &Optimiser<T>) -> LearnerState {
    let (updates, first, second) = optimiser.state();
    let mut state = LearnerState::default();
    state.put_parameters(FIRST, first);
    state.put_parameters(SECOND, second);
    state.set(UPDATES, &updates);
    state
}

/// Takes up what [`state_of`] gave; the error says in words what does not fit.
pub(super) fn restore<T: Real>(
    optimiser: &mut Optimiser<T>,
    state: &LearnerState,
) -> Result<(), String> {
    let mut first = optimiser.state().1.zeros_like();
    let mut second = first.zeros_like();
    state.read_parameters(FIRST, &mut first)?;
    state.read_parameters(SECOND, &mut second)?;
    optimiser.resume(state.value(UPDATES)?, first, second);
    Ok(())
}
