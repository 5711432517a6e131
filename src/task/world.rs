//! Worlds: what an agent perceives next depends on what it did. Each is a task whose trials are episodes.
//!
//! A network acts through a [`Policy`]. What it lives through becomes a batch like any other, as its [`Lesson`] says, from which
//! a learning rule learns.
//!
//! Nothing of an episode outlives its training step: episodes begin and end within a batch, so that a run resumes
//! byte for byte.

use rand::Rng;

use super::batch::{Batch, Lived, Score};
use super::lesson::{Experience, Lesson, PolicyGradient};

/// What acts: many agents at once, one time step after the other.
///
/// Anything that turns perceptions into preferences can act: a network, a teacher, chance. Actions are chosen by its lesson
/// and not by the policy.
pub trait Policy {
    /// Begins with an agent for each trial of a batch, each in its initial state.
    fn begin(&mut self, batch: &Batch);

    /// Takes what the agents perceive at a time step from the inputs of a batch, `[time][trial][channel]`, and gives their
    /// outputs, `[trial][channel]`. A policy with noise writes that into the batch, for what learns from it.
    fn act(&mut self, time: usize, batch: &mut Batch) -> &[f64];

    /// How it chooses by its outputs, and what it learns. Default: the policy gradient.
    fn lesson(&self) -> &dyn Lesson {
        &PolicyGradient
    }
}

/// A policy whose outputs are always 0: every action is as likely as every other.
#[derive(Debug, Clone, Default)]
pub struct Indifferent {
    outputs: Vec<f64>,
}

impl Policy for Indifferent {
    fn begin(&mut self, _: &Batch) {}

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
struct Agent<'w> {
    world: &'w dyn World,
    episode: Box<dyn Episode>,
    experience: Experience,
    is_over: bool,
}

/// Lets agents live through those trials of a batch that are in a world; the others are drawn already, and their inputs
/// reach the network beside. Does nothing where there is no world.
///
/// 1. At each time step every agent perceives, the policy gives its outputs, and its lesson chooses an action by them.
/// 2. When all episodes are over, the lesson says what the outputs should have been.
///
/// Draws of actions come from `rng`, beside those of the worlds, in order of time and trial. Steps after the end of
/// an episode have weight 0.
pub fn live<'w>(
    world_of: impl Fn(usize) -> Option<&'w dyn World>,
    policy: &mut dyn Policy,
    rng: &mut dyn Rng,
    batch: &mut Batch,
) {
    let mut agents = Vec::new();
    for trial in 0..batch.trials {
        if let Some(world) = world_of(trial) {
            let objective = policy.lesson().objective(world.actions());
            batch.trial(trial).set_objective(&objective);
            agents.push(Agent::begin(trial, world, rng));
        }
    }
    if agents.is_empty() {
        return;
    }
    let lives_alone = agents.len() == batch.trials;
    policy.begin(batch);
    for time in 0..batch.steps {
        // Other trials of the batch go on without agents.
        if lives_alone && agents.iter().all(|agent| agent.is_over) {
            break;
        }
        for agent in agents.iter().filter(|agent| !agent.is_over) {
            let inputs = batch.input_row(time, agent.experience.trial);
            agent.episode.perceive(inputs);
        }
        let outputs = policy.act(time, batch).to_vec();
        for agent in agents.iter_mut().filter(|agent| !agent.is_over) {
            let outputs = &outputs[agent.experience.trial * batch.output_channels..];
            agent.act(outputs, policy.lesson(), rng);
        }
    }
    batch.lived = vec![None; batch.trials];
    let mut experiences = Vec::with_capacity(agents.len());
    for agent in agents {
        let score = agent.episode.score();
        batch.lived[agent.experience.trial] = Some(Lived {
            score,
            total_reward: agent.experience.rewards.iter().sum(),
        });
        experiences.push(Experience {
            score,
            ..agent.experience
        });
    }
    policy.lesson().teach(&experiences, batch);
}

impl<'w> Agent<'w> {
    fn begin(trial: usize, world: &'w dyn World, rng: &mut dyn Rng) -> Self {
        Self {
            world,
            episode: world.begin(rng),
            experience: Experience {
                trial,
                actions: world.actions(),
                discount: world.discount(),
                taken: Vec::new(),
                rewards: Vec::new(),
                outputs: Vec::new(),
                score: Score::default(),
            },
            is_over: false,
        }
    }

    /// Chooses by the outputs of the network, and carries that out.
    fn act(&mut self, outputs: &[f64], lesson: &dyn Lesson, rng: &mut dyn Rng) {
        let of = &mut self.experience;
        let outputs = &outputs[..lesson.channels(of.actions)];
        let action = lesson.choose(outputs, rng);
        let consequence = self.episode.act(action, rng);
        of.taken.push(action);
        of.rewards.push(consequence.reward);
        of.outputs.extend_from_slice(outputs);
        self.is_over = consequence.is_over || of.taken.len() == self.world.most_steps();
    }
}
