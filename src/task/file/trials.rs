//! The trials of a file, checked: shapes that go together, and finite numbers wherever something counts.
//!
//! 1. Inputs `[trials, time, channels]`, up to the length of each trial; what stands behind it is not looked at.
//! 2. Targets `[trials, time, outputs]`, or labels `[trials]` or `[trials, time]`, which become 1 at the output of their class
//!    and 0 at all others.
//! 3. Weights `[trials, time]` or `[trials, time, outputs]`: those of `mask`, or 1; 0 behind the length of a trial, at labels
//!    below 0, and in place of what does not count.

use std::fmt;
use std::path::{Path, PathBuf};

use super::checks::Check;
use super::error::TrialsError;
use crate::arrays::Tensors;
use crate::task::Task;

/// What the one condition is called where there are none.
pub(super) const ALL_TRIALS: &str = "end of trials";

/// What a file of trials consists of, before it is checked.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    /// `inputs`, and any of `targets`, `labels`, `mask`, `lengths`, `conditions`, `is_test`.
    pub(super) arrays: Tensors,
    /// Names of the conditions, by their number; may be missing.
    pub(super) condition_names: Vec<String>,
    /// What there is in the file, by name.
    pub(super) found: Vec<String>,
}

/// The trials of a file.
#[derive(Clone)]
pub struct TrialSet {
    pub(super) path: PathBuf,
    pub(super) sha256: String,
    pub(super) trials: usize,
    pub(super) steps: usize,
    pub(super) input_channels: usize,
    pub(super) output_channels: usize,
    pub(super) has_labels: bool,
    pub(super) lengths: Vec<usize>,
    pub(super) inputs: Vec<f64>,
    pub(super) targets: Vec<f64>,
    pub(super) weights: Vec<f64>,
    pub(super) conditions: Vec<usize>,
    pub(super) condition_names: Vec<String>,
    pub(super) is_test: Option<Vec<bool>>,
    pub(super) target_means: Vec<f64>,
}

/// Two are the same if their files are, wherever these lie.
impl PartialEq for TrialSet {
    fn eq(&self, other: &Self) -> bool {
        self.sha256 == other.sha256
    }
}

/// Without its numbers.
impl fmt::Debug for TrialSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrialSet")
            .field("path", &self.path)
            .field("sha256", &self.sha256)
            .field("shape", &self.shape())
            .finish_non_exhaustive()
    }
}

impl TrialSet {
    /// Trials that a task draws from a seed, each as long as the longest.
    pub(super) fn of_task(task: &dyn Task, trials: usize, seed: u64) -> Self {
        let batch = task.batch(trials, seed);
        let steps = batch.steps;
        let by_trial = |values: &[f64], channels: usize| -> Vec<f64> {
            let rows = (0..trials * steps).map(|place| place % steps * trials + place / steps);
            let values = rows.flat_map(|row| &values[row * channels..][..channels]);
            values.copied().collect()
        };
        let mut set = Self {
            path: PathBuf::new(),
            sha256: String::new(),
            trials,
            steps,
            input_channels: batch.input_channels,
            output_channels: batch.output_channels,
            has_labels: false,
            lengths: vec![steps; trials],
            inputs: by_trial(&batch.inputs, batch.input_channels),
            targets: by_trial(&batch.targets, batch.output_channels),
            weights: by_trial(&batch.weights, batch.output_channels),
            conditions: vec![0; trials],
            condition_names: vec![ALL_TRIALS.to_owned()],
            is_test: None,
            target_means: Vec::new(),
        };
        set.average();
        set
    }

    /// Checks the parts of a file and joins them.
    ///
    /// # Errors
    /// An array is missing, has another shape than `inputs` asks for, or holds what cannot stand there.
    pub(super) fn of_parts(path: &Path, sha256: String, parts: Parts) -> Result<Self, TrialsError> {
        let Parts {
            mut arrays,
            condition_names,
            found,
        } = parts;
        let check = Check { path };
        check.sizes(&arrays)?;
        let inputs = arrays.remove("inputs");
        let inputs = inputs.ok_or_else(|| check.missing("`inputs`", &found))?;
        let [trials, steps, input_channels] = check.extents(&inputs)?;
        let lengths = check.lengths(arrays.remove("lengths"), trials, steps)?;
        let mut set = Self {
            path: path.to_path_buf(),
            sha256,
            trials,
            steps,
            input_channels,
            output_channels: 0,
            has_labels: false,
            lengths,
            inputs: inputs.values,
            targets: Vec::new(),
            weights: Vec::new(),
            conditions: Vec::new(),
            condition_names,
            is_test: None,
            target_means: Vec::new(),
        };
        check.inputs(&mut set)?;
        match (arrays.remove("targets"), arrays.remove("labels")) {
            (Some(targets), None) => check.targets(&mut set, targets)?,
            (None, Some(labels)) => check.labels(&mut set, &labels)?,
            (None, None) => return Err(check.missing("`targets` or `labels`", &found)),
            (Some(_), Some(_)) => {
                return Err(check
                    .unfit("it has both `targets` and `labels`; expected one of them".to_owned()));
            }
        }
        check.mask(&mut set, arrays.remove("mask"))?;
        check.what_counts(&mut set)?;
        set.average();
        check.conditions(&mut set, arrays.remove("conditions"))?;
        if let Some(is_test) = arrays.remove("is_test") {
            let flags = check.whole("is_test", is_test, trials, 0..=1)?;
            set.is_test = Some(flags.into_iter().map(|flag| flag == 1).collect());
        }
        Ok(set)
    }

    /// Averages the targets that count.
    fn average(&mut self) {
        let mean = |channel| {
            let targets = (0..self.trials).flat_map(|trial| self.counted(trial, channel));
            let (sum, count) = targets.fold((0.0, 0.0), |(sum, count), target| {
                (sum + target, count + 1.0)
            });
            if count > 0.0 { sum / count } else { 0.0 }
        };
        self.target_means = (0..self.output_channels).map(mean).collect();
    }

    /// The file that they were read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 of that file, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Its size in words.
    pub fn shape(&self) -> String {
        format!(
            "trials {}, steps {}, inputs {}, outputs {}",
            self.trials, self.steps, self.input_channels, self.output_channels
        )
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.trials
    }

    /// Time steps of the longest.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Input channels.
    pub fn input_channels(&self) -> usize {
        self.input_channels
    }

    /// Output channels: those of the targets, or as many as there are classes.
    pub fn output_channels(&self) -> usize {
        self.output_channels
    }

    /// Whether its targets are classes.
    pub fn has_labels(&self) -> bool {
        self.has_labels
    }

    /// Whether some trials end before the longest.
    pub fn has_shorter(&self) -> bool {
        self.lengths.iter().any(|&length| length < self.steps)
    }

    /// Time steps of a trial.
    pub fn length(&self, trial: usize) -> usize {
        self.lengths[trial]
    }

    /// Which trials the file itself says are held out; `None` if it does not say.
    pub fn is_test(&self) -> Option<&[bool]> {
        self.is_test.as_deref()
    }

    /// The inputs of a trial at a step.
    pub fn input_row(&self, trial: usize, step: usize) -> &[f64] {
        let first = (trial * self.steps + step) * self.input_channels;
        &self.inputs[first..first + self.input_channels]
    }

    /// The target of an output in a trial at a step.
    pub fn target(&self, trial: usize, step: usize, channel: usize) -> f64 {
        self.targets[(trial * self.steps + step) * self.output_channels + channel]
    }

    /// How much that counts.
    pub fn weight(&self, trial: usize, step: usize, channel: usize) -> f64 {
        let row = trial * self.steps + step;
        let width = self.weights.len() / (self.trials * self.steps);
        self.weights[row * width + channel % width]
    }

    /// The targets of an output that count in a trial, in order of time.
    pub fn counted(&self, trial: usize, channel: usize) -> impl Iterator<Item = f64> {
        (0..self.lengths[trial])
            .filter(move |&step| self.weight(trial, step, channel) > 0.0)
            .map(move |step| self.target(trial, step, channel))
    }

    /// Mean target of an output, over all that counts in all trials.
    pub fn target_mean(&self, channel: usize) -> f64 {
        self.target_means[channel]
    }

    /// The mean inputs in the last steps of the trials of each condition, and what the condition is called; of all trials, if
    /// there are no conditions.
    pub fn last_inputs(&self) -> Vec<(String, Vec<f64>)> {
        let count = self.condition_names.len();
        let mut sums = vec![(0.0, vec![0.0; self.input_channels]); count];
        for trial in 0..self.trials {
            let (trials, sum) = &mut sums[self.conditions[trial]];
            *trials += 1.0;
            let last = self.input_row(trial, self.lengths[trial] - 1);
            for (sum, input) in sum.iter_mut().zip(last) {
                *sum += input;
            }
        }
        let names = self.condition_names.iter().cloned();
        let means = sums.into_iter().map(|(trials, sum)| {
            sum.into_iter()
                .map(|sum| sum / trials)
                .collect::<Vec<f64>>()
        });
        names
            .zip(means)
            .filter(|(_, mean)| mean.iter().all(|x| x.is_finite()))
            .collect()
    }
}
