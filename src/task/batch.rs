//! A batch of trials, and one trial of it while it is drawn or judged.
//!
//! The weight of a target is its share in the loss, and 0 where the output is free: before the first pulse, after
//! the end of a shorter trial, in channels that belong to another task.

use std::ops::{Add, Range};

use rand::{Rng, RngExt as _};
use rand_distr::{Distribution as _, StandardNormal};

use super::objective::{Objective, Row};

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
    /// Added to the pre-activations of the units, `[steps][trials][units]`; empty where there is none.
    pub recurrent_noise: Vec<f64>,
    /// What the network starts from in each trial, `[trials][state]`; empty where the network itself says.
    pub initial_states: Vec<f64>,
    /// By what measure each trial misses its targets; empty where all do by squared error.
    pub objectives: Vec<Objective>,
    /// What came of each trial that is an episode in a world; empty where none is.
    pub lived: Vec<Option<Lived>>,
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
        self.recurrent_noise.clear();
        self.initial_states.clear();
        self.objectives.clear();
        self.lived.clear();
    }

    /// Ends all trials after so many steps, if they are longer.
    pub fn cut(&mut self, steps: usize) {
        if steps >= self.steps {
            return;
        }
        for values in [
            &mut self.inputs,
            &mut self.targets,
            &mut self.weights,
            &mut self.recurrent_noise,
        ] {
            values.truncate(values.len() / self.steps * steps);
        }
        self.steps = steps;
    }

    /// The step after the last at which a target counts; at least 1.
    pub fn counted_steps(&self) -> usize {
        let width = (self.trials * self.output_channels).max(1);
        let counts = |weights: &[f64]| weights.iter().any(|&w| w != 0.0);
        let last = self.weights.chunks(width).rposition(counts);
        last.map_or(1, |last| last + 1)
    }

    /// By what measure a trial misses its targets.
    pub fn objective(&self, trial: usize) -> &Objective {
        self.objectives
            .get(trial)
            .unwrap_or(&Objective::SquaredError)
    }

    /// What the sum of weighted losses is divided by.
    ///
    /// Σ w by squared error; by cross-entropy the mean weight of each group, so that a choice counts once and not
    /// once a channel.
    pub fn total_weight(&self) -> f64 {
        if self.objectives.is_empty() {
            return self.weights.iter().sum();
        }
        let rows = self.weights.chunks_exact(self.output_channels.max(1));
        let of = |(row, weights): (usize, &[f64])| {
            let objective = self.objective(row % self.trials);
            objective.total_weight(weights)
        };
        rows.enumerate().map(of).sum()
    }

    /// Mean loss of outputs, `[time][trial][channel]`, over the weighted targets; 0 where no target counts.
    ///
    /// In f64, in order of time, trial and channel.
    pub fn loss(&self, outputs: &[f64]) -> f64 {
        let channels = self.output_channels;
        let mut losses = vec![0.0; channels];
        let mut slopes = losses.clone();
        let mut sum = 0.0;
        for row in 0..self.steps * self.trials {
            let place = row * channels..(row + 1) * channels;
            self.objective(row % self.trials).evaluate(Row {
                outputs: &outputs[place.clone()],
                targets: &self.targets[place.clone()],
                weights: &self.weights[place],
                losses: &mut losses,
                slopes: &mut slopes,
            });
            for loss in &losses {
                sum += loss;
            }
        }
        let weights = self.total_weight();
        if weights > 0.0 { sum / weights } else { 0.0 }
    }

    /// One trial, to draw it.
    pub fn trial(&mut self, index: usize) -> Trial<'_> {
        Trial { batch: self, index }
    }

    /// One trial with what a network made of it; `outputs` are those of the whole batch, `[time][trial][channel]`.
    pub fn answer<'a>(&'a self, index: usize, outputs: &'a [f64]) -> Answer<'a> {
        Answer {
            batch: self,
            outputs,
            index,
        }
    }

    /// Mean sum of the rewards of its episodes; `None` where no trial is one.
    pub fn mean_return(&self) -> Option<f64> {
        let lived = || self.lived.iter().flatten();
        let sum: f64 = lived().map(|lived| lived.total_reward).sum();
        let count = lived().count();
        (count > 0).then(|| sum / count as f64)
    }

    /// The inputs of a trial at a step.
    pub fn input_row(&mut self, step: usize, trial: usize) -> &mut [f64] {
        let first = self.input_place(trial, step, 0);
        &mut self.inputs[first..first + self.input_channels]
    }

    /// The targets of a trial at a step.
    pub fn target_row(&mut self, step: usize, trial: usize) -> &mut [f64] {
        let first = self.output_place(trial, step, 0);
        &mut self.targets[first..first + self.output_channels]
    }

    fn input_place(&self, trial: usize, step: usize, channel: usize) -> usize {
        (step * self.trials + trial) * self.input_channels + channel
    }

    fn output_place(&self, trial: usize, step: usize, channel: usize) -> usize {
        (step * self.trials + trial) * self.output_channels + channel
    }
}

/// One trial of a batch while it is drawn.
///
/// # Panics
/// Its methods panic on channels and steps that the batch does not have.
#[derive(Debug)]
pub struct Trial<'a> {
    batch: &'a mut Batch,
    index: usize,
}

impl Trial<'_> {
    /// The trial's number in the batch.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Sets the measure by which the trial misses its targets.
    pub fn set_objective(&mut self, objective: &Objective) {
        if self.batch.objectives.is_empty() && *objective == Objective::SquaredError {
            return;
        }
        let trials = self.batch.trials;
        self.batch
            .objectives
            .resize(trials, Objective::SquaredError);
        self.batch.objectives[self.index].clone_from(objective);
    }

    /// Adds `value` to an input channel at each of the steps `during`.
    pub fn input(&mut self, channel: usize, during: Range<usize>, value: f64) {
        for step in during {
            let place = self.batch.input_place(self.index, step, channel);
            self.batch.inputs[place] += value;
        }
    }

    /// Sets the target of an output channel, and how much it counts, at each of the steps `during`.
    pub fn target(&mut self, channel: usize, during: Range<usize>, value: f64, weight: f64) {
        for step in during {
            let place = self.batch.output_place(self.index, step, channel);
            self.batch.targets[place] = value;
            self.batch.weights[place] = weight;
        }
    }

    /// Adds Gaussian noise to some input channels at each of the steps `during`, anew for each step and channel.
    ///
    /// Draws nothing if the standard deviation is 0.
    pub fn noise(
        &mut self,
        rng: &mut dyn Rng,
        channels: Range<usize>,
        during: Range<usize>,
        standard_deviation: f64,
    ) {
        if standard_deviation == 0.0 {
            return;
        }
        for step in during {
            for channel in channels.clone() {
                let deviate: f64 = StandardNormal.sample(rng);
                self.input(channel, step..step + 1, standard_deviation * deviate);
            }
        }
    }

    /// What an input channel holds at a step.
    pub fn input_at(&self, channel: usize, step: usize) -> f64 {
        self.batch.inputs[self.batch.input_place(self.index, step, channel)]
    }
}

/// One trial of a batch, and the outputs of a network in it.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    batch: &'a Batch,
    outputs: &'a [f64],
    index: usize,
}

/// Output, target and weight of one channel at one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// What the network put out.
    pub output: f64,
    /// What it should have.
    pub target: f64,
    /// How much that counts in the loss.
    pub weight: f64,
}

impl<'a> Answer<'a> {
    /// Time steps of the batch.
    pub fn steps(&self) -> usize {
        self.batch.steps
    }

    /// The trial's number in the batch.
    pub fn index(&self) -> usize {
        self.index
    }

    /// What came of the trial, if it is an episode in a world.
    pub fn lived(&self) -> Option<Lived> {
        self.batch.lived.get(self.index).copied().flatten()
    }

    /// Input of a channel at a step.
    pub fn input(&self, channel: usize, step: usize) -> f64 {
        self.batch.inputs[self.batch.input_place(self.index, step, channel)]
    }

    /// Output, target and weight of a channel at a step.
    pub fn at(&self, channel: usize, step: usize) -> Judged {
        let place = self.batch.output_place(self.index, step, channel);
        Judged {
            output: self.outputs[place],
            target: self.batch.targets[place],
            weight: self.batch.weights[place],
        }
    }

    /// What counts (weight over 0) of one channel, in order of time.
    pub fn counted(self, channel: usize) -> impl Iterator<Item = Judged> + 'a {
        (0..self.batch.steps)
            .map(move |step| self.at(channel, step))
            .filter(|judged| judged.weight > 0.0)
    }

    /// Steps and channels whose output lies within `tolerance` of the target, out of those that count.
    ///
    /// Strictly within.
    pub fn within(self, channels: Range<usize>, tolerance: f64) -> Score {
        channels
            .flat_map(|channel| self.counted(channel))
            .map(|judged| Score::of((judged.output - judged.target).abs() < tolerance))
            .fold(Score::default(), Score::add)
    }

    /// Variance of the targets of one channel around `reference` that the outputs explain, out of all there is:
    /// summed over trials, met over possible is R² against a constant output of `reference`.
    pub fn explained(self, channel: usize, reference: f64) -> Score {
        self.counted(channel)
            .map(|judged| {
                let possible = (judged.target - reference).powi(2);
                let met = possible - (judged.output - judged.target).powi(2);
                Score { met, possible }
            })
            .fold(Score::default(), Score::add)
    }

    /// Whether the mean output has the sign of the mean target, over the steps where the target counts and is not 0.
    pub fn decision(self, channel: usize) -> Score {
        let response = self
            .counted(channel)
            .filter(|judged| judged.target != 0.0)
            .fold((0.0, 0.0), |(output, target), judged| {
                (output + judged.output, target + judged.target)
            });
        Score::of(response.0 * response.1 > 0.0)
    }
}

/// What was met of what could be; scores of the trials of one task add up.
///
/// R² of many trials is one score: `possible` the summed variance, `met` what of it is explained.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Score {
    /// Met; may be negative where variance is scored.
    pub met: f64,
    /// Could be met.
    pub possible: f64,
}

impl Score {
    /// One thing that is right or wrong.
    pub fn of(is_right: bool) -> Self {
        Self {
            met: f64::from(u8::from(is_right)),
            possible: 1.0,
        }
    }

    /// The score of a thing measured in other units, such as variance in units of a variance.
    pub fn in_units_of(self, unit: f64) -> Self {
        Self {
            met: self.met / unit,
            possible: self.possible / unit,
        }
    }

    /// Met over possible, from 0 to 1; 0 where nothing could be met, or less than nothing was.
    ///
    /// A network that explains less than nothing scores 0, and not below.
    pub fn share(self) -> f64 {
        if self.met > 0.0 {
            self.met / self.possible
        } else {
            0.0
        }
    }
}

impl Add for Score {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            met: self.met + other.met,
            possible: self.possible + other.possible,
        }
    }
}

/// What came of an episode.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lived {
    /// What was achieved.
    pub score: Score,
    /// Sum of the rewards, not discounted.
    pub total_reward: f64,
}

/// +1 or −1, evenly.
pub(crate) fn sign(rng: &mut dyn Rng) -> f64 {
    if rng.random::<bool>() { 1.0 } else { -1.0 }
}

/// A short input of a task, by which a network is to go from one memory to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Pulse {
    /// What it is, in the terms of the task.
    pub name: String,
    /// One value per input channel of the network, added to the constant input around it.
    pub input: Vec<f64>,
    /// Time steps that it lasts.
    pub steps: usize,
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

    /// A named constant input of the first channels; the others of `input_channels` are 0.
    pub fn new(name: impl Into<String>, first: &[f64], input_channels: usize) -> Self {
        let mut input = first.to_vec();
        input.resize(input_channels, 0.0);
        Self {
            name: name.into(),
            input,
        }
    }
}
