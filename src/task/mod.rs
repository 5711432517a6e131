//! Trial generators of the field, one file a task.

use rand::Rng;

use crate::parameters::ParameterVisitor;
use crate::task::flip_flop::FlipFlop;

pub mod flip_flop;

/// A batch of trials of equal length: inputs, targets and the weight of each target in the loss.
///
/// All three are row-major `[time][trial][channel]`. A target that does not count has weight 0, so that
/// trials of different length, and tasks that use fewer channels than the network has, fit in one batch.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    /// Time steps of each trial.
    pub steps: usize,
    /// Number of trials.
    pub trials: usize,
    /// Input channels of the network.
    pub input_channels: usize,
    /// Output channels of the network.
    pub output_channels: usize,
    /// `[steps][trials][input_channels]`.
    pub inputs: Vec<f64>,
    /// `[steps][trials][output_channels]`.
    pub targets: Vec<f64>,
    /// `[steps][trials][output_channels]`, 0 where the target is free.
    pub weights: Vec<f64>,
}

impl Batch {
    /// A batch whose inputs, targets and weights are all zero.
    pub fn zeros(
        steps: usize,
        trials: usize,
        input_channels: usize,
        output_channels: usize,
    ) -> Self {
        let mut batch = Self::default();
        batch.clear(steps, trials, input_channels, output_channels);
        batch
    }

    /// Makes the batch that [`Self::zeros`] would, in the same memory.
    pub fn clear(
        &mut self,
        steps: usize,
        trials: usize,
        input_channels: usize,
        output_channels: usize,
    ) {
        self.steps = steps;
        self.trials = trials;
        self.input_channels = input_channels;
        self.output_channels = output_channels;
        for (values, channels) in [
            (&mut self.inputs, input_channels),
            (&mut self.targets, output_channels),
            (&mut self.weights, output_channels),
        ] {
            values.clear();
            values.resize(steps * trials * channels, 0.0);
        }
    }
}

/// A constant input at which the landscape of a task is analysed.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// Stored as `condition` in the trace.
    pub name: String,
    /// One value per input channel of the network.
    pub input: Vec<f64>,
}

impl Probe {
    /// A constant input, named by its values; `no input` if they are all zero.
    pub fn at(input: Vec<f64>) -> Self {
        let is_zero = input.iter().all(|&u| u == 0.0);
        let values: Vec<String> = input.iter().map(f64::to_string).collect();
        let name = if is_zero {
            "no input".to_owned()
        } else {
            format!("input {}", values.join(","))
        };
        Self { name, input }
    }
}

/// A task that a network can be trained on.
pub trait Task: Send + Sync {
    /// Name in the curriculum file.
    fn name(&self) -> &'static str;

    /// Input channels that the task itself uses.
    fn input_channels(&self) -> usize;

    /// Output channels that the task itself uses.
    fn output_channels(&self) -> usize;

    /// Draws `batch.trials` trials into a zeroed batch; channels beyond the task's own stay zero, with weight 0.
    ///
    /// # Panics
    /// If the batch has fewer channels than the task.
    fn draw(&self, rng: &mut dyn Rng, batch: &mut Batch);

    /// Time steps of a trial.
    fn trial_steps(&self) -> usize;

    /// The constant inputs at which the landscape is analysed, as wide as the network's input.
    fn probes(&self, input_channels: usize) -> Vec<Probe>;

    /// Share of the weighted targets that `outputs` (`[time][trial][channel]`) meets, in the field's own terms;
    /// 0 when no target counts.
    fn accuracy(&self, batch: &Batch, outputs: &[f64]) -> f64;

    /// Walks over the parameters that a curriculum can set.
    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor);
}

/// The tasks that a curriculum can name, with their parameters.
///
/// A new task is a type that implements [`Task`], a variant here, and a place in [`TaskSpec::all`].
#[derive(Debug, Clone, PartialEq)]
pub enum TaskSpec {
    /// n-bit memory of the last pulse on each line.
    FlipFlop(FlipFlop),
}

impl TaskSpec {
    /// Every task there is, with its default parameters.
    pub fn all() -> Vec<Self> {
        vec![Self::FlipFlop(FlipFlop::default())]
    }

    /// The task behind the specification.
    pub fn task(&self) -> &dyn Task {
        match self {
            Self::FlipFlop(task) => task,
        }
    }

    /// The task behind the specification, to set its parameters.
    pub fn task_mut(&mut self) -> &mut dyn Task {
        match self {
            Self::FlipFlop(task) => task,
        }
    }
}
