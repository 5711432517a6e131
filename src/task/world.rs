//! Worlds: what an agent perceives next depends on what it did. Each is a task whose trials are episodes.
//!
//! A network acts through a [`Policy`]. What it lives through becomes a batch like any other, from which any rule that
//! takes every objective learns: [`live`] says how.
//!
//! Nothing of an episode outlives its training step: episodes begin and end within a batch, so that a run resumes
//! byte for byte.

use rand::{Rng, RngExt as _};

use super::batch::{Batch, Lived, Score};
use super::objective::{Objective, log_softmax};

/// What acts: many agents at once, one time step after the other.
///
/// Anything that turns perceptions into preferences can act: a network, a teacher, chance. Actions are drawn by
/// [`live`] and not by the policy.
pub trait Policy {
    /// Begins with so many agents, each in its initial state.
    fn begin(&mut self, agents: usize);

    /// Takes what the agents perceive at a time step from the inputs of a batch, `[time][trial][channel]`, and gives their
    /// outputs, `[trial][channel]`. A policy with noise writes that into the batch, for what learns from it.
    fn act(&mut self, time: usize, batch: &mut Batch) -> &[f64];
}

/// A policy whose outputs are always 0: every action is as likely as every other.
#[derive(Debug, Clone, Default)]
pub struct Indifferent {
    outputs: Vec<f64>,
}

impl Policy for Indifferent {
    fn begin(&mut self, _: usize) {}

    fn act(&mut self, _: usize, batch: &mut Batch) -> &[f64] {
        self.outputs.clear();
        self.outputs
            .resize(batch.trials * batch.output_channels, 0.0);
        &self.outputs
    }
}

/// A world that agents can be put into.
///
/// Rewards are for actions; an episode ends when it says so, or after [`Self::most_steps`].
pub trait World {
    /// Actions to choose from: as many output channels, from the first.
    fn actions(&self) -> usize;

    /// Time steps of an episode at most.
    fn most_steps(&self) -> usize;

    /// How much less a reward counts for each time step that it comes later, in (0, 1]. Default 1.
    fn discount(&self) -> f64 {
        1.0
    }

    /// An agent where an episode begins.
    fn begin(&self, rng: &mut dyn Rng) -> Box<dyn Episode>;
}

/// One agent in its world.
pub trait Episode {
    /// What the agent perceives: adds it to the inputs, which are zero.
    fn perceive(&self, inputs: &mut [f64]);

    /// Carries out an action.
    fn act(&mut self, action: usize, rng: &mut dyn Rng) -> Consequence;

    /// What was achieved so far, in the world's own terms.
    fn score(&self) -> Score;
}

/// What an action leads to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Consequence {
    /// Reward of the action.
    pub reward: f64,
    /// Whether the episode is over.
    pub is_over: bool,
}

/// One trial while it is lived through.
struct Agent {
    trial: usize,
    episode: Box<dyn Episode>,
    actions: usize,
    discount: f64,
    most_steps: usize,
    rewards: Vec<f64>,
    is_over: bool,
}

/// Lets agents live through those trials of a batch that are in a world; the others are drawn already, and their inputs
/// reach the network beside. Does nothing where there is no world.
///
/// 1. At each time step every agent perceives, the policy gives its outputs z, and an action is drawn from softmax(z).
/// 2. The return of an action at time t is Gₜ = rₜ + γ rₜ₊₁ + …; its advantage Aₜ is what that exceeds the mean of those by
///    that the other agents of the batch had at t, of which the agent itself knows nothing.
/// 3. The target is Aₜ at the action that was taken and 0 at the others, under cross-entropy: the loss −Aₜ log softmax(z)
///    has, on average over the actions drawn, minus the slope of the expected return (REINFORCE; Williams 1992, Machine
///    Learning 8:229, equation 11).
///
/// Draws of actions come from `rng`, beside those of the worlds, in order of time and trial. Steps after the end of
/// an episode have weight 0. A single agent has no others to compare with: its advantage is its return.
pub fn live<'w>(
    world_of: impl Fn(usize) -> Option<&'w dyn World>,
    policy: &mut dyn Policy,
    rng: &mut dyn Rng,
    batch: &mut Batch,
) {
    let mut agents = Vec::new();
    for trial in 0..batch.trials {
        if let Some(world) = world_of(trial) {
            let actions = world.actions();
            batch
                .trial(trial)
                .set_objective(&Objective::choice(actions));
            agents.push(Agent {
                trial,
                episode: world.begin(rng),
                actions,
                discount: world.discount(),
                most_steps: world.most_steps(),
                rewards: Vec::with_capacity(batch.steps),
                is_over: false,
            });
        }
    }
    if agents.is_empty() {
        return;
    }
    policy.begin(batch.trials);
    for time in 0..batch.steps {
        for agent in agents.iter().filter(|agent| !agent.is_over) {
            let inputs = batch.input_row(time, agent.trial);
            agent.episode.perceive(inputs);
        }
        let outputs = policy.act(time, batch).to_vec();
        let channels = batch.output_channels;
        for agent in agents.iter_mut().filter(|agent| !agent.is_over) {
            let action = drawn(&outputs[agent.trial * channels..][..agent.actions], rng);
            let consequence = agent.episode.act(action, rng);
            agent.rewards.push(consequence.reward);
            agent.is_over = consequence.is_over || agent.rewards.len() == agent.most_steps;
            let mut trial = batch.trial(agent.trial);
            for channel in 0..agent.actions {
                let is_taken = f64::from(u8::from(channel == action));
                trial.target(channel, time..time + 1, is_taken, 1.0);
            }
        }
    }
    weigh_by_advantage(&agents, batch);
    batch.lived = vec![None; batch.trials];
    for agent in &agents {
        batch.lived[agent.trial] = Some(Lived {
            score: agent.episode.score(),
            total_reward: agent.rewards.iter().sum(),
        });
    }
}

/// An action with the probabilities of softmax(z).
fn drawn(outputs: &[f64], rng: &mut dyn Rng) -> usize {
    let mut rest: f64 = rng.random();
    let logarithms = log_softmax(outputs);
    for (action, log_p) in logarithms.iter().enumerate() {
        rest -= log_p.exp();
        if rest < 0.0 {
            return action;
        }
    }
    outputs.len() - 1
}

/// Steps 2 and 3: multiplies the targets of the actions that were taken by their advantages.
fn weigh_by_advantage(agents: &[Agent], batch: &mut Batch) {
    let returns: Vec<Vec<f64>> = agents.iter().map(Agent::returns).collect();
    for time in 0..batch.steps {
        let acting = || returns.iter().filter_map(|of| of.get(time));
        let (count, sum) = (acting().count() as f64, acting().sum::<f64>());
        for (agent, returns) in agents.iter().zip(&returns) {
            let Some(&own) = returns.get(time) else {
                continue;
            };
            let others = if count > 1.0 {
                (sum - own) / (count - 1.0)
            } else {
                0.0
            };
            let targets = &mut batch.target_row(time, agent.trial)[..agent.actions];
            for target in targets {
                *target *= own - others;
            }
        }
    }
}

impl Agent {
    /// The return of each action.
    fn returns(&self) -> Vec<f64> {
        let mut returns = self.rewards.clone();
        let mut later = 0.0;
        for value in returns.iter_mut().rev() {
            *value += self.discount * later;
            later = *value;
        }
        returns
    }
}
