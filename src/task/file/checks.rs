//! What is checked of the arrays of a file of trials, one after the other; each fills its part of a [`TrialSet`].

use std::ops::RangeInclusive;
use std::path::Path;

use super::error::TrialsError;
use super::trials::{ALL_TRIALS, TrialSet};
use crate::arrays::{Tensor, Tensors};
use crate::task::timing::MOST_STEPS;

/// The arrays of numbers that mean something.
pub(super) const ARRAYS: [&str; 7] = [
    "inputs",
    "targets",
    "labels",
    "mask",
    "lengths",
    "conditions",
    "is_test",
];
/// Numbers of the targets that labels may become.
const MOST_TARGETS: usize = 1 << 28;
/// Trials, and channels, of a file at most.
const MOST_TRIALS: usize = 1 << 24;
const MOST_CHANNELS: usize = 1 << 16;
/// Conditions at most: landscapes are looked at for each of them, at every checkpoint.
const MOST_CONDITIONS: usize = 64;
/// Whole numbers up to here are exact in f64.
const MOST_EXACT: i64 = 1 << 53;

/// Checks arrays, and says what is wrong with them.
pub(super) struct Check<'a> {
    pub(super) path: &'a Path,
}

impl Check<'_> {
    pub(super) fn missing(&self, what: &str, found: &[String]) -> TrialsError {
        TrialsError::Missing {
            path: self.path.to_path_buf(),
            what: what.to_owned(),
            found: found.to_vec(),
            expected: "`inputs` [trials, time, channels], and `targets` [trials, time, outputs] or `labels` [trials] or \
                       [trials, time]; in Parquet columns `trial`, `input_0` …, and `target_0` … or `label`",
        }
    }

    fn shape(&self, array: &'static str, found: &[usize], expected: String) -> TrialsError {
        TrialsError::Shape {
            path: self.path.to_path_buf(),
            array,
            found: found.to_vec(),
            expected,
        }
    }

    fn value(&self, array: &str, place: String, value: f64, expected: &str) -> TrialsError {
        TrialsError::Value {
            path: self.path.to_path_buf(),
            array: array.to_owned(),
            place,
            value,
            expected: expected.to_owned(),
        }
    }

    pub(super) fn unfit(&self, reason: String) -> TrialsError {
        TrialsError::Unfit {
            path: self.path.to_path_buf(),
            reason,
        }
    }

    /// Whether all are numbers, as many as their shapes say.
    pub(super) fn sizes(&self, arrays: &Tensors) -> Result<(), TrialsError> {
        let is_other = |tensor: &Tensor| {
            let mut extents = tensor.shape.iter();
            let count = extents.try_fold(1_usize, |count, &of| count.checked_mul(of));
            count != Some(tensor.values.len())
        };
        let meant = ARRAYS.iter().filter_map(|name| arrays.get_key_value(*name));
        match meant.into_iter().find(|(_, tensor)| is_other(tensor)) {
            Some((name, _)) => Err(self.unfit(format!(
                "`{name}` holds something else than numbers; expected real or whole numbers"
            ))),
            None => Ok(()),
        }
    }

    /// Trials, steps and channels of the inputs.
    pub(super) fn extents(&self, inputs: &Tensor) -> Result<[usize; 3], TrialsError> {
        let wrong = |expected: String| self.shape("inputs", &inputs.shape, expected);
        let Ok(extents) = <[usize; 3]>::try_from(inputs.shape.as_slice()) else {
            return Err(wrong("[trials, time, channels]".to_owned()));
        };
        let most = [MOST_TRIALS, MOST_STEPS, MOST_CHANNELS];
        if extents
            .iter()
            .zip(most)
            .any(|(&of, most)| of == 0 || of > most)
        {
            return Err(wrong(format!(
                "[trials, time, channels], each at least 1 and at most {most:?}"
            )));
        }
        Ok(extents)
    }

    /// Whole numbers within `range`, one a trial.
    pub(super) fn whole(
        &self,
        array: &'static str,
        tensor: Tensor,
        trials: usize,
        range: RangeInclusive<i64>,
    ) -> Result<Vec<i64>, TrialsError> {
        if tensor.shape != [trials] {
            let expected = format!("[{trials}], one number a trial of `inputs`");
            return Err(self.shape(array, &tensor.shape, expected));
        }
        let numbers = tensor.values.into_iter().enumerate();
        numbers
            .map(|(trial, value)| {
                let is_whole = value == value.trunc() && range.contains(&(value as i64));
                is_whole.then_some(value as i64).ok_or_else(|| {
                    let expected =
                        format!("a whole number from {} to {}", range.start(), range.end());
                    self.value(array, format!("trial {trial}"), value, &expected)
                })
            })
            .collect()
    }

    pub(super) fn lengths(
        &self,
        lengths: Option<Tensor>,
        trials: usize,
        steps: usize,
    ) -> Result<Vec<usize>, TrialsError> {
        let Some(lengths) = lengths else {
            return Ok(vec![steps; trials]);
        };
        let lengths = self.whole("lengths", lengths, trials, 1..=steps as i64)?;
        Ok(lengths.into_iter().map(|length| length as usize).collect())
    }

    /// Finite up to the length of each trial, 0 behind it.
    pub(super) fn inputs(&self, set: &mut TrialSet) -> Result<(), TrialsError> {
        let channels = set.input_channels;
        for trial in 0..set.trials {
            let first = trial * set.steps * channels;
            let own = &mut set.inputs[first..first + set.steps * channels];
            let (within, behind) = own.split_at_mut(set.lengths[trial] * channels);
            behind.fill(0.0);
            if let Some(at) = within.iter().position(|value| !value.is_finite()) {
                let place = place(trial, at / channels, at % channels);
                let expected = "finite numbers up to the end of each trial; where trials are shorter than others, say how long \
                                they are in `lengths`";
                return Err(self.value("inputs", place, within[at], expected));
            }
        }
        Ok(())
    }

    pub(super) fn targets(&self, set: &mut TrialSet, targets: Tensor) -> Result<(), TrialsError> {
        let (trials, steps) = (set.trials, set.steps);
        let outputs = match targets.shape[..] {
            [of, time, outputs] if of == trials && time == steps => outputs,
            _ => 0,
        };
        if outputs == 0 || outputs > MOST_CHANNELS {
            let expected =
                format!("[{trials}, {steps}, outputs], as `inputs` has trials and steps");
            return Err(self.shape("targets", &targets.shape, expected));
        }
        set.output_channels = outputs;
        set.targets = targets.values;
        set.weights = vec![1.0; trials * steps];
        Ok(())
    }

    /// Classes become targets of 1 and 0.
    pub(super) fn labels(&self, set: &mut TrialSet, labels: &Tensor) -> Result<(), TrialsError> {
        let (trials, steps) = (set.trials, set.steps);
        let is_a_trial = labels.shape == [trials];
        if !is_a_trial && labels.shape != [trials, steps] {
            let expected =
                format!("[{trials}] or [{trials}, {steps}], as `inputs` has trials and steps");
            return Err(self.shape("labels", &labels.shape, expected));
        }
        let label = |row: usize| labels.values[if is_a_trial { row / steps } else { row }];
        let is_within = |row: usize| row % steps < set.lengths[row / steps];
        let rows = || (0..trials * steps).filter(|&row| is_within(row));
        let is_label = |value: f64| value == value.trunc() && value < MOST_CHANNELS as f64;
        if let Some(row) = rows().find(|&row| !is_label(label(row))) {
            let place = format!("trial {}, step {}", row / steps, row % steps);
            let expected = "whole numbers: the class from 0, or below 0 where the output is free";
            return Err(self.value("labels", place, label(row), expected));
        }
        let greatest = rows().map(label).fold(-1.0, f64::max);
        let classes = (greatest + 1.0) as usize;
        if classes < 2 {
            return Err(self.unfit(format!(
                "`labels` go up to {greatest}; expected at least two classes, from 0"
            )));
        }
        let numbers = (trials * steps).checked_mul(classes);
        if numbers.is_none_or(|numbers| numbers > MOST_TARGETS) {
            return Err(self.unfit(format!(
                "{trials} trials of {steps} steps with {classes} classes are too many; expected fewer classes, from 0"
            )));
        }
        set.targets = vec![0.0; trials * steps * classes];
        set.weights = vec![0.0; trials * steps];
        for row in rows().filter(|&row| label(row) >= 0.0) {
            set.targets[row * classes + label(row) as usize] = 1.0;
            set.weights[row] = 1.0;
        }
        set.output_channels = classes;
        set.has_labels = true;
        Ok(())
    }

    pub(super) fn mask(&self, set: &mut TrialSet, mask: Option<Tensor>) -> Result<(), TrialsError> {
        let (trials, steps, outputs) = (set.trials, set.steps, set.output_channels);
        let Some(mask) = mask else {
            return Ok(());
        };
        let width = match mask.shape[..] {
            [of, time] if of == trials && time == steps => 1,
            [of, time, each] if of == trials && time == steps && (each == 1 || each == outputs) => {
                each
            }
            _ => {
                let expected = format!(
                    "[{trials}, {steps}] or [{trials}, {steps}, {outputs}], as `inputs` has trials and steps"
                );
                return Err(self.shape("mask", &mask.shape, expected));
            }
        };
        if set.has_labels && width > 1 {
            let expected = format!("[{trials}, {steps}]: the outputs of `labels` count together");
            return Err(self.shape("mask", &mask.shape, expected));
        }
        let before = std::mem::take(&mut set.weights);
        set.weights = mask.values;
        for (at, weight) in set.weights.iter_mut().enumerate() {
            let row = at / width;
            let (trial, step) = (row / steps, row % steps);
            if step >= set.lengths[trial] {
                *weight = 0.0;
            } else if !(weight.is_finite() && *weight >= 0.0) {
                let place = place(trial, step, at % width);
                let expected =
                    "0 where the output is free, and 1, or another weight, where it counts";
                return Err(self.value("mask", place, *weight, expected));
            } else {
                *weight *= before[row];
            }
        }
        Ok(())
    }

    /// Targets are finite where they count and 0 elsewhere; every trial counts somewhere.
    pub(super) fn what_counts(&self, set: &mut TrialSet) -> Result<(), TrialsError> {
        let (steps, outputs) = (set.steps, set.output_channels);
        let width = set.weights.len() / (set.trials * steps);
        for trial in 0..set.trials {
            let mut is_counted = false;
            for step in 0..steps {
                let row = trial * steps + step;
                if step >= set.lengths[trial] {
                    set.weights[row * width..(row + 1) * width].fill(0.0);
                }
                for channel in 0..outputs {
                    let counts = set.weights[row * width + channel % width] > 0.0;
                    let target = &mut set.targets[row * outputs + channel];
                    if !counts {
                        *target = 0.0;
                        continue;
                    }
                    if !target.is_finite() {
                        let expected = "finite numbers, or `mask` 0 there";
                        let place = place(trial, step, channel);
                        return Err(self.value("targets", place, *target, expected));
                    }
                    is_counted = true;
                }
            }
            if !is_counted {
                return Err(self.unfit(format!(
                    "nothing of trial {trial} counts, whose `mask` is 0 (or whose labels are below 0) throughout; expected each \
                     trial to count somewhere: leave it out"
                )));
            }
        }
        Ok(())
    }

    pub(super) fn conditions(
        &self,
        set: &mut TrialSet,
        conditions: Option<Tensor>,
    ) -> Result<(), TrialsError> {
        let Some(conditions) = conditions else {
            if !set.condition_names.is_empty() {
                return Err(self.unfit(
                    "it has `condition_names` without `conditions`; expected the number of its condition for each trial"
                        .to_owned(),
                ));
            }
            set.conditions = vec![0; set.trials];
            set.condition_names = vec![ALL_TRIALS.to_owned()];
            return Ok(());
        };
        let names = &set.condition_names;
        let is_sound = |name: &String| !name.trim().is_empty() && !name.contains(char::is_control);
        let is_new = |(at, name): (usize, &String)| !names[..at].contains(name);
        if names.len() > MOST_CONDITIONS
            || !names.iter().all(is_sound)
            || !names.iter().enumerate().all(is_new)
        {
            return Err(self.unfit(format!(
                "expected at most {MOST_CONDITIONS} names of conditions that differ and can be printed"
            )));
        }
        let named = names.len();
        let most = if named > 0 {
            named as i64 - 1
        } else {
            MOST_EXACT
        };
        let least = if named > 0 { 0 } else { -MOST_EXACT };
        let numbers = self.whole("conditions", conditions, set.trials, least..=most)?;
        if named > 0 {
            set.conditions = numbers.into_iter().map(|of| of as usize).collect();
            return Ok(());
        }
        let mut known = numbers.clone();
        known.sort_unstable();
        known.dedup();
        if known.len() > MOST_CONDITIONS {
            return Err(self.unfit(format!(
                "it has {} conditions, at each of which landscapes would be looked at; expected at most {MOST_CONDITIONS}",
                known.len()
            )));
        }
        set.condition_names = known.iter().map(|of| format!("condition {of}")).collect();
        let place = |of: &i64| known.partition_point(|other| other < of);
        set.conditions = numbers.iter().map(place).collect();
        Ok(())
    }
}

fn place(trial: usize, step: usize, channel: usize) -> String {
    format!("trial {trial}, step {step}, channel {channel}")
}
