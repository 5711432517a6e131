//! Trial generators of the field, one file a task.
//!
//! A task draws trials: inputs, targets and the weight of each target in the loss, for each time step. It says when
//! the trial counts, how a network is scored in the field's own terms, at which constant inputs its landscape is
//! worth looking at, and what a network without learning would score. It knows nothing of networks.
//!
//! Times are given in steps, or in ms with a step `dt_ms`; durations in ms are rounded to whole steps, at least
//! one. Noise given in √ms is divided by √dt, so that its integral does not depend on the step.
//!
//! | | tasks |
//! |---|---|
//! | memory | flip-flop, delayed-match, delayed-discrimination, memory-response, delayed-classification, moving-average |
//! | decision | perceptual-integration, context-integration, go-no-go |
//! | time | interval-reproduction, interval-discrimination |
//! | patterns | sine, pattern, two-neuron |
//! | streams of bits | n-parity, n-delayed-match |
//! | pretraining | kindergarten, walks |
//! | space | path-integration |
//! | worlds | corridor, navigation |
//! | your own | file |
//!
//! ```
//! use creode::task::Task;
//! use creode::task::flip_flop::FlipFlop;
//!
//! let task = FlipFlop::default();
//! let batch = task.batch(4, 7);
//! // The targets themselves are right everywhere.
//! assert_eq!(task.accuracy(&batch, &batch.targets), 1.0);
//! // The same seed draws the same trials.
//! assert_eq!(batch, task.batch(4, 7));
//! ```

use std::any::Any;
use std::fmt;

use rand::{Rng, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::parameters::{ParameterVisitor, Variant};
use world::{Indifferent, Policy, World, live};

pub use about::{About, ParameterAbout};
pub use batch::{Answer, Batch, Judged, Lived, Probe, Pulse, Score, Trial};
pub use objective::{Group, Measure, Objective};

mod about;
pub(crate) mod batch;
pub mod binary_stream;
pub mod context_integration;
pub mod corridor;
pub mod delayed_classification;
pub mod delayed_discrimination;
pub mod delayed_match;
pub mod file;
pub mod flip_flop;
pub mod go_no_go;
pub mod interval_discrimination;
pub mod interval_reproduction;
pub mod kindergarten;
pub mod lesson;
pub mod memory_response;
pub mod mixture;
pub mod moving_average;
pub mod navigation;
pub mod objective;
pub mod path_integration;
pub mod pattern;
pub mod perceptual_integration;
pub mod sine;
mod timing;
pub mod two_neuron;
pub mod walks;
pub mod world;

/// A task that a network can be trained on.
///
/// A task of your own implements this; `examples/own_task.rs` is one. Trials must depend on the generator and the
/// parameters alone, and a trial on nothing drawn for another, so that a batch is the same whatever its size up to
/// the trials it has.
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

    /// The world that a trial, by its number in the batch, is an episode in: what is perceived there depends on what is done.
    /// Default: none, and [`Self::draw_trial`] draws all of the trial beforehand.
    fn world(&self, _trial: usize) -> Option<&dyn World> {
        None
    }

    /// Draws a trial of a zeroed batch. What is drawn does not depend on the size of the batch.
    fn draw_trial(&self, rng: &mut dyn Rng, trial: &mut Trial<'_>);

    /// What a network has met in one trial, in the field's own terms.
    ///
    /// Scores of trials add up: the accuracy of a batch is everything met over everything possible. Only targets
    /// with weight above 0 should count.
    fn score(&self, answer: Answer<'_>) -> Score;

    /// The accuracy of the best constant output: what needs no learning of the inputs.
    ///
    /// 0 where R² or a rare answer is scored.
    fn chance(&self) -> f64;

    /// By what measure its outputs miss their targets, unless a curriculum says otherwise. Default: squared error.
    fn objective(&self) -> Objective {
        Objective::SquaredError
    }

    /// The constant inputs at which the landscape is analysed, as wide as the network's input.
    ///
    /// Inputs that last long enough in a trial for the network to approach what attracts it there: a delay, a
    /// response.
    fn probes(&self, input_channels: usize) -> Vec<Probe>;

    /// The short inputs by which it moves a network from one memory to another, which the topologies of landscapes are told
    /// by. Default: none.
    fn pulses(&self, _input_channels: usize) -> Vec<Pulse> {
        Vec::new()
    }

    /// Walks over the parameters that a curriculum can set.
    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor);

    /// Fills a zeroed batch with experience: draws all trials, one after the other, and lets `policy` live through those that
    /// are in a world. Channels and steps beyond the task's own stay zero, with weight 0.
    ///
    /// # Panics
    /// If the batch has fewer channels or steps than the task.
    fn experience(&self, policy: &mut dyn Policy, rng: &mut dyn Rng, batch: &mut Batch) {
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
            let mut trial = batch.trial(index);
            trial.set_objective(&self.objective());
            self.draw_trial(rng, &mut trial);
        }
        if self.is_in_world() {
            live(|trial| self.world(trial), policy, rng, batch);
        }
    }

    /// Whether any of its trials is an episode in a world. Default: whether the first is.
    fn is_in_world(&self) -> bool {
        self.world(0).is_some()
    }

    /// Whether its trials may end before [`Self::trial_steps`], so that a batch need not go on that long. Default: in a world.
    fn ends_early(&self) -> bool {
        self.is_in_world()
    }

    /// Experience of whoever does anything with equal chance; where there is no world, the trials as drawn.
    ///
    /// # Panics
    /// If the batch has fewer channels or steps than the task.
    fn draw(&self, rng: &mut dyn Rng, batch: &mut Batch) {
        self.experience(&mut Indifferent::default(), rng, batch);
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
            Self::new(flip_flop::FlipFlop::default()),
            Self::new(sine::Sine::default()),
            Self::new(moving_average::MovingAverage::default()),
            Self::new(perceptual_integration::PerceptualIntegration::default()),
            Self::new(context_integration::ContextIntegration::default()),
            Self::new(delayed_discrimination::DelayedDiscrimination::default()),
            Self::new(interval_reproduction::IntervalReproduction::default()),
            Self::new(interval_discrimination::IntervalDiscrimination::default()),
            Self::new(delayed_match::DelayedMatch::default()),
            Self::new(memory_response::MemoryResponse::default()),
            Self::new(go_no_go::GoNoGo::default()),
            Self::new(binary_stream::BinaryStream::of(binary_stream::Rule::Parity)),
            Self::new(binary_stream::BinaryStream::of(binary_stream::Rule::Match)),
            Self::new(delayed_classification::DelayedClassification::default()),
            Self::new(kindergarten::Kindergarten::default()),
            Self::new(two_neuron::TwoNeuron::default()),
            Self::new(pattern::Pattern::default()),
            Self::new(corridor::Corridor::default()),
            Self::new(navigation::Navigation::default()),
            Self::new(walks::Walks::default()),
            Self::new(path_integration::PathIntegration::default()),
            Self::new(file::FileTask::default()),
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

impl Default for TaskSpec {
    fn default() -> Self {
        Self::new(flip_flop::FlipFlop::default())
    }
}

impl Variant for TaskSpec {
    fn all() -> Vec<Self> {
        Self::all()
    }

    fn name(&self) -> &'static str {
        self.task().name()
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        self.task_mut().parameters(visitor);
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
