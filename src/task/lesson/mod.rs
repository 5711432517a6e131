//! What is learned from an episode: how an agent chooses by what its network puts out, and what the network is then told that it
//! should have put out.
//!
//! A lesson turns experience into a batch like any other. Which one it is belongs to the learning rule.

use rand::{Rng, RngExt as _};

use super::batch::{Batch, Score};
use super::objective::{Objective, log_softmax};

mod actor_critic;
mod policy_gradient;
mod q_lambda;

pub use actor_critic::ActorCritic;
pub use policy_gradient::PolicyGradient;
pub use q_lambda::{Credited, QLambda};

/// One episode as it was lived through.
#[derive(Debug, Clone, PartialEq)]
pub struct Experience {
    /// Its trial in the batch.
    pub trial: usize,
    /// Actions to choose from.
    pub actions: usize,
    /// How much less a reward counts for each time step that it comes later.
    pub discount: f64,
    /// What was done at each time step.
    pub taken: Vec<usize>,
    /// What that brought.
    pub rewards: Vec<f64>,
    /// What the network put out before, `[time][channel]`, in the channels of the lesson.
    pub outputs: Vec<f64>,
    /// What was achieved.
    pub score: Score,
}

/// How agents choose, and what they learn from what they lived through.
pub trait Lesson: std::fmt::Debug + Send + Sync {
    /// Output channels that it needs for so many actions; those of the actions are the first. Default: no more.
    fn channels(&self, actions: usize) -> usize {
        actions
    }

    /// By what measure outputs miss the targets that [`Self::teach`] sets.
    fn objective(&self, actions: usize) -> Objective;

    /// Chooses an action by the outputs of its channels.
    fn choose(&self, outputs: &[f64], rng: &mut dyn Rng) -> usize;

    /// Sets the targets of all time steps that were lived through, and how much they count.
    fn teach(&self, experiences: &[Experience], batch: &mut Batch);
}

/// The action with the largest output; of several the first.
pub fn greedy(outputs: &[f64]) -> usize {
    let mut best = 0;
    for (action, &output) in outputs.iter().enumerate() {
        if output > outputs[best] {
            best = action;
        }
    }
    best
}

/// An action with the probabilities of softmax(z).
fn drawn(outputs: &[f64], rng: &mut dyn Rng) -> usize {
    let mut rest: f64 = rng.random();
    for (action, log_p) in log_softmax(outputs.to_vec()).iter().enumerate() {
        rest -= log_p.exp();
        if rest < 0.0 {
            return action;
        }
    }
    outputs.len() - 1
}
