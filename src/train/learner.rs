//! The border between the lab and whatever learns: one step on a batch, with a state that can be saved.
//!
//! The lab hands over parameters and a batch, and gets the loss of that batch before the step. What a rule
//! remembers goes into checkpoints by name; a run that was killed goes on from there and reaches the same bytes.
//!
//! A rule of your own implements [`Learner`] and, to be named in a curriculum, [`super::rules::LearningRule`];
//! `examples/own_learning_rule.rs` is one.

use std::collections::BTreeMap;

use super::engine::EngineError;
use crate::cell::parameters::Parameters;
use crate::simd::Real;
use crate::task::Batch;
use crate::tensors::NamedTensor;

/// What one training step made of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Learnt {
    /// Loss on the batch, before the step.
    pub loss: f64,
    /// Outputs on the batch, `[time][trial][channel]`.
    pub outputs: Vec<f64>,
    /// Euclidean norm of the gradient, or of what the rule follows in its place.
    pub gradient_norm: f64,
    /// Learning rate of the step: that of the optimiser, the accepted length of a line search, the mean eigenvalue
    /// of P of recursive least squares, 1 where a rule solves for its weights.
    pub learning_rate: f64,
}

impl Learnt {
    /// Whether loss and gradient are numbers; where they are not, the step has changed nothing.
    pub fn is_finite(&self) -> bool {
        self.loss.is_finite() && self.gradient_norm.is_finite()
    }
}

/// A learning rule with its state.
///
/// The parameters belong to the lab, except between the steps of a rule that keeps them on a device of its own until
/// [`bring_back`](Self::bring_back). What else a rule remembers between steps is its [`state`](Self::state): a rule that
/// takes it up again goes on bit for bit as if it had never stopped.
///
/// Contract: a step is a function of parameters, batch and state, without clocks or random numbers of its own;
/// state and
/// [`restore`](Self::restore) are inverse to each other; where loss or gradient is not finite, parameters and state stay.
pub trait Learner<T: Real> {
    /// Makes one training step: changes `parameters`, unless loss or gradient ceased to be finite.
    fn step(
        &mut self,
        parameters: &mut Parameters<T>,
        batch: &Batch,
    ) -> Result<Learnt, EngineError>;

    /// Euclidean norm of all parameters after the last step, constraints obeyed, where a rule keeps them elsewhere; the lab then
    /// leaves those that it has alone. Default: none, they are where the step was given them.
    fn weight_norm_elsewhere(&self) -> Option<f64> {
        None
    }

    /// Brings the parameters that steps were made on, and [`state`](Self::state), to where the lab sees them, if the rule keeps them
    /// elsewhere. Default: nothing to bring.
    fn bring_back(&mut self, _parameters: &mut Parameters<T>) -> Result<(), EngineError> {
        Ok(())
    }

    /// Whether every step of a stage is to be made on the same batch.
    ///
    /// Default: no. The lab then draws the batch of every step from the stream of step 1: it stays the same within
    /// a stage, as long as no ramp changes the task. The rule has to notice by itself when the batch changes.
    fn wants_fixed_batch(&self) -> bool {
        false
    }

    /// Begins anew, with the parameters as they are: where a curriculum renews the optimiser with each batch. Default: nothing
    /// to forget.
    fn forget(&mut self) {}

    /// All that it remembers; up to date after [`bring_back`](Self::bring_back).
    fn state(&self) -> LearnerState;

    /// Takes up the state that [`Self::state`] gave for a network of the same layout. The error says in words what does
    /// not fit.
    ///
    /// Called on a rule that was made anew from the same curriculum. After an error the rule's state is undefined,
    /// and it must not be used.
    fn restore(&mut self, state: &LearnerState) -> Result<(), String>;
}

/// What a learning rule remembers, under the names that it has in a checkpoint file.
///
/// Names must not collide with those of the parameters themselves; rules here put `optimiser.` or `learner.` in
/// front. Numbers that must come back bit for bit are stored as tensors or as the digits of their bits.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LearnerState {
    /// Arrays.
    pub tensors: Vec<NamedTensor>,
    /// Single values.
    pub metadata: BTreeMap<String, String>,
}

impl LearnerState {
    /// The tensor of that name, or the message that it is missing.
    pub fn tensor(&self, name: &str) -> Result<&NamedTensor, String> {
        self.tensors
            .iter()
            .find(|tensor| tensor.name == name)
            .ok_or_else(|| format!("the tensor {name} is missing"))
    }

    /// Adds a value.
    pub fn set(&mut self, key: &str, value: &impl ToString) {
        self.metadata.insert(key.to_owned(), value.to_string());
    }

    /// Reads a value.
    pub fn value<V: std::str::FromStr<Err: std::fmt::Display>>(
        &self,
        key: &str,
    ) -> Result<V, String> {
        let text = self.metadata.get(key);
        text.ok_or_else(|| format!("the entry {key} is missing"))?
            .parse()
            .map_err(|error| format!("{key}: {error}"))
    }

    /// Adds a tensor for each of `parameters`, named as they are behind `prefix`.
    pub fn put_parameters<T: Real>(&mut self, prefix: &str, parameters: &Parameters<T>) {
        self.tensors
            .extend(parameters.layout().iter().map(|tensor| {
                let name = format!("{prefix}{}", tensor.name);
                NamedTensor::new(name, &tensor.shape, parameters.get(tensor.name))
            }));
    }

    /// Reads what [`Self::put_parameters`] put there.
    ///
    /// # Errors
    /// In words: a tensor that is missing, has another shape, or holds numbers that are not finite.
    pub fn read_parameters<T: Real>(
        &self,
        prefix: &str,
        parameters: &mut Parameters<T>,
    ) -> Result<(), String> {
        for tensor in parameters.layout().to_vec() {
            let found = self.tensor(&format!("{prefix}{}", tensor.name))?;
            let values = found.finite_values(&tensor.shape)?;
            parameters.get_mut(tensor.name).copy_from_slice(&values);
        }
        Ok(())
    }
}
