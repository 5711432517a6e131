//! Trial generators of the field, one file a task.

use std::any::Any;
use std::fmt;

use rand::{Rng, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::parameters::ParameterVisitor;
use binary_stream::{BinaryStream, Rule};
use context_integration::ContextIntegration;
use delayed_classification::DelayedClassification;
use delayed_discrimination::DelayedDiscrimination;
use delayed_match::DelayedMatch;
use flip_flop::FlipFlop;
use go_no_go::GoNoGo;
use interval_discrimination::IntervalDiscrimination;
use interval_reproduction::IntervalReproduction;
use kindergarten::Kindergarten;
use memory_response::MemoryResponse;
use moving_average::MovingAverage;
use pattern::Pattern;
use perceptual_integration::PerceptualIntegration;
use sine::Sine;
use two_neuron::TwoNeuron;

pub use about::{About, ParameterAbout};
pub use batch::{Answer, Batch, Judged, Probe, Score, Trial};

mod about;
mod batch;
pub mod binary_stream;
pub mod context_integration;
pub mod delayed_classification;
pub mod delayed_discrimination;
pub mod delayed_match;
pub mod flip_flop;
pub mod go_no_go;
pub mod interval_discrimination;
pub mod interval_reproduction;
pub mod kindergarten;
pub mod memory_response;
pub mod mixture;
pub mod moving_average;
pub mod pattern;
pub mod perceptual_integration;
pub mod sine;
mod timing;
pub mod two_neuron;

/// A task that a network can be trained on.
pub trait Task: TaskValue + fmt::Debug + Send + Sync {
    /// What the task says of itself.
    fn about(&self) -> &'static About;

    /// Name in the curriculum file.
    fn name(&self) -> &'static str {
        self.about().name
    }

    /// Name of an input channel.
    fn input_name(&self, channel: usize) -> String {
        self.about().input(channel)
    }

    /// Name of an output channel.
    fn output_name(&self, channel: usize) -> String {
        self.about().output(channel)
    }

    /// Input channels that the task itself uses.
    fn input_channels(&self) -> usize;

    /// Output channels that the task itself uses.
    fn output_channels(&self) -> usize;

    /// Time steps of the longest trial. A shorter one ends where its weights do.
    fn trial_steps(&self) -> usize;

    /// Draws a trial of a zeroed batch. What is drawn does not depend on the size of the batch.
    fn draw_trial(&self, rng: &mut dyn Rng, trial: &mut Trial<'_>);

    /// What a network has met in one trial, in the field's own terms.
    fn score(&self, answer: Answer<'_>) -> Score;

    /// The accuracy of the best constant output: what needs no learning of the inputs.
    fn chance(&self) -> f64;

    /// The constant inputs at which the landscape is analysed, as wide as the network's input.
    fn probes(&self, input_channels: usize) -> Vec<Probe>;

    /// Walks over the parameters that a curriculum can set.
    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor);

    /// Draws all trials of a zeroed batch, one after the other; channels and steps beyond the task's own stay zero,
    /// with weight 0.
    ///
    /// # Panics
    /// If the batch has fewer channels or steps than the task.
    fn draw(&self, rng: &mut dyn Rng, batch: &mut Batch) {
        for (what, needed, found) in [
            ("inputs", self.input_channels(), batch.input_channels),
            ("outputs", self.output_channels(), batch.output_channels),
            ("steps", self.trial_steps(), batch.steps),
        ] {
            assert!(
                needed <= found,
                "{} has {needed} {what} and does not fit into a batch of {found}",
                self.name()
            );
        }
        for index in 0..batch.trials {
            self.draw_trial(rng, &mut batch.trial(index));
        }
    }

    /// A batch of the task's own size, drawn from a seed.
    fn batch(&self, trials: usize, seed: u64) -> Batch {
        let (inputs, outputs) = (self.input_channels(), self.output_channels());
        let mut batch = Batch::zeros(self.trial_steps(), trials, inputs, outputs);
        self.draw(&mut ChaCha8Rng::seed_from_u64(seed), &mut batch);
        batch
    }

    /// The score of all trials as a share, from 0 to 1; `outputs` are `[time][trial][channel]`. 0 when nothing counts.
    fn accuracy(&self, batch: &Batch, outputs: &[f64]) -> f64 {
        (0..batch.trials)
            .map(|index| self.score(batch.answer(index, outputs)))
            .fold(Score::default(), |sum, score| sum + score)
            .share()
    }
}

/// What makes a boxed task a value; every task that is `Clone` and `PartialEq` has it.
pub trait TaskValue: Any {
    /// A copy in a box.
    fn boxed(&self) -> Box<dyn Task>;

    /// Whether the other is the same task with the same parameters.
    fn equals(&self, other: &dyn Task) -> bool;
}

impl<T: Task + Clone + PartialEq> TaskValue for T {
    fn boxed(&self) -> Box<dyn Task> {
        Box::new(self.clone())
    }

    fn equals(&self, other: &dyn Task) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref::<T>() == Some(self)
    }
}

/// A task that a curriculum can name, with its parameters.
///
/// A new task is a type that implements [`Task`], and a line in [`TaskSpec::all`].
pub struct TaskSpec(Box<dyn Task>);

impl TaskSpec {
    /// Every task there is, with its default parameters.
    pub fn all() -> Vec<Self> {
        vec![
            Self::new(FlipFlop::default()),
            Self::new(Sine::default()),
            Self::new(MovingAverage::default()),
            Self::new(PerceptualIntegration::default()),
            Self::new(ContextIntegration::default()),
            Self::new(DelayedDiscrimination::default()),
            Self::new(IntervalReproduction::default()),
            Self::new(IntervalDiscrimination::default()),
            Self::new(DelayedMatch::default()),
            Self::new(MemoryResponse::default()),
            Self::new(GoNoGo::default()),
            Self::new(BinaryStream::of(Rule::Parity)),
            Self::new(BinaryStream::of(Rule::Match)),
            Self::new(DelayedClassification::default()),
            Self::new(Kindergarten::default()),
            Self::new(TwoNeuron::default()),
            Self::new(Pattern::default()),
        ]
    }

    /// The specification of a task.
    pub fn new(task: impl Task) -> Self {
        Self(Box::new(task))
    }

    /// The task behind the specification.
    pub fn task(&self) -> &dyn Task {
        &*self.0
    }

    /// The task behind the specification, to set its parameters.
    pub fn task_mut(&mut self) -> &mut dyn Task {
        &mut *self.0
    }
}

impl Clone for TaskSpec {
    fn clone(&self) -> Self {
        Self(self.0.boxed())
    }
}

impl PartialEq for TaskSpec {
    fn eq(&self, other: &Self) -> bool {
        self.0.equals(other.task())
    }
}

impl fmt::Debug for TaskSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
