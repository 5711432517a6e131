//! Numbers of a stage that change while it is trained: with its steps, or with the accuracy reached.
//!
//! What is current is a function of [`Progress`], which is saved with the weights.
//!
//! By steps: v = from + (to − from) · min(1, steps/over). By accuracy: v = from + level · step, never beyond `to`;
//! the level rises by one when the mean accuracy of the last steps at it reaches the bound.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::error::{describe_integers, describe_reals};
use super::{Stage, StagePart};
use crate::parameters::{ChoiceOrList, ParameterVisitor, RealRange};

/// A number that changes while a stage is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Ramp {
    /// The parameter of the task, or `weight`.
    pub parameter: String,
    /// Its value when the stage begins.
    pub from: f64,
    /// Its last value, kept until the stage ends.
    pub to: f64,
    /// How it gets there.
    pub pace: Pace,
}

/// How fast a ramp rises or falls.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Pace {
    /// On a straight line.
    Steps {
        /// Training steps from the first value to the last.
        over_steps: u64,
    },
    /// Level by level, each time that the network is good enough.
    Accuracy {
        /// Size of a level, with the sign of the change.
        by: f64,
        /// The next level comes when the mean accuracy of the last `until.over_steps` training steps, all at this level,
        /// reaches this.
        when_accuracy: f64,
    },
}

/// How far a stage is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Training steps made in the stage.
    pub steps: u64,
    /// Levels reached by the ramps that follow the accuracy, in the order of the file; one that is absent is at 0.
    pub levels: Vec<u64>,
}

impl Ramp {
    /// Levels from the first value to the last; none if it follows the steps.
    pub fn levels(&self) -> Option<u64> {
        match self.pace {
            Pace::Steps { .. } => None,
            Pace::Accuracy { by, .. } => {
                Some(((self.to - self.from) / by - 1e-9).ceil().max(0.0) as u64)
            }
        }
    }

    /// The value after so many steps, at a level.
    pub fn value(&self, steps: u64, level: u64) -> f64 {
        match self.pace {
            Pace::Steps { over_steps } if steps < over_steps => {
                self.from + (self.to - self.from) * (steps as f64 / over_steps as f64)
            }
            Pace::Accuracy { by, .. } if Some(level) < self.levels() => {
                self.from + by * level as f64
            }
            _ => self.to,
        }
    }

    /// Whether it stands at its last value.
    pub fn has_ended(&self, steps: u64, level: u64) -> bool {
        match self.pace {
            Pace::Steps { over_steps } => steps >= over_steps,
            Pace::Accuracy { .. } => Some(level) >= self.levels(),
        }
    }
}

impl Stage {
    /// All ramps of the stage, with the level that each has.
    pub fn ramps<'a>(&'a self, progress: &'a Progress) -> impl Iterator<Item = (&'a Ramp, u64)> {
        let mut levels = progress.levels.iter();
        let ramps = self.parts.iter().flat_map(|part| &part.ramps);
        ramps.map(move |ramp| {
            let level = match ramp.pace {
                Pace::Steps { .. } => 0,
                Pace::Accuracy { .. } => levels.next().copied().unwrap_or(0),
            };
            (ramp, level)
        })
    }

    /// Whether all ramps stand at their last values.
    pub fn ramps_have_ended(&self, progress: &Progress) -> bool {
        self.ramps(progress)
            .all(|(ramp, level)| ramp.has_ended(progress.steps, level))
    }

    /// The levels after an accuracy was reached; the same if no ramp rises.
    pub fn next_levels(&self, progress: &Progress, accuracy: f64) -> Vec<u64> {
        let ramps = self.ramps(progress);
        ramps
            .filter_map(|(ramp, level)| match ramp.pace {
                Pace::Steps { .. } => None,
                Pace::Accuracy { when_accuracy, .. } => {
                    let rises = accuracy >= when_accuracy && !ramp.has_ended(progress.steps, level);
                    Some(level + u64::from(rises))
                }
            })
            .collect()
    }

    /// The parts with the values that their parameters have now, and what is out of bounds then.
    pub(super) fn parts_at(&self, progress: &Progress) -> Vec<(StagePart, Vec<OutOfBounds>)> {
        let mut ramps = self.ramps(progress);
        let parts = self.parts.iter();
        parts
            .map(|part| {
                let own = ramps.by_ref().take(part.ramps.len());
                let values: Vec<(&str, f64)> = own
                    .map(|(ramp, level)| {
                        (ramp.parameter.as_str(), ramp.value(progress.steps, level))
                    })
                    .collect();
                let mut now = part.clone();
                let mut setter = Setter {
                    values: &values,
                    out_of_bounds: Vec::new(),
                };
                super::fields::part_numbers(&mut now, &mut setter);
                (now, setter.out_of_bounds)
            })
            .collect()
    }
}

/// A parameter whose value is not allowed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OutOfBounds {
    pub(super) parameter: &'static str,
    pub(super) expected: String,
    pub(super) found: String,
}

/// Sets parameters by name, and checks all of them.
struct Setter<'a> {
    values: &'a [(&'a str, f64)],
    out_of_bounds: Vec<OutOfBounds>,
}

impl Setter<'_> {
    fn value(&self, name: &str) -> Option<f64> {
        let found = self.values.iter().find(|(parameter, _)| *parameter == name);
        found.map(|(_, value)| *value)
    }
}

impl ParameterVisitor for Setter<'_> {
    fn integer(&mut self, name: &'static str, value: &mut u64, range: RangeInclusive<u64>) {
        let wanted = self.value(name).map_or(*value, |real| real.round() as u64);
        if range.contains(&wanted) {
            *value = wanted;
        } else {
            self.out_of_bounds.push(OutOfBounds {
                parameter: name,
                expected: describe_integers(&range),
                found: wanted.to_string(),
            });
        }
    }

    fn real(&mut self, name: &'static str, value: &mut f64, range: RealRange) {
        let wanted = self.value(name).unwrap_or(*value);
        if std::ops::RangeBounds::contains(&range, &wanted) {
            *value = wanted;
        } else {
            self.out_of_bounds.push(OutOfBounds {
                parameter: name,
                expected: describe_reals(range),
                found: format!("{wanted:?}"),
            });
        }
    }

    fn flag(&mut self, _: &'static str, _: &mut bool) {}

    fn text(&mut self, _: &'static str, _: &mut String) {}

    fn choice(&mut self, _: &'static str, _: &mut usize, _: &[&'static str]) {}

    fn choice_or_list(&mut self, _: &'static str, _: &mut ChoiceOrList, _: &[&'static str]) {}

    fn gives(&mut self, _: &'static str, present: bool) -> bool {
        present
    }

    fn refuse(&mut self, name: &'static str, expected: &str) {
        let found = self
            .value(name)
            .map_or("another".to_owned(), |value| value.to_string());
        self.out_of_bounds.push(OutOfBounds {
            parameter: name,
            expected: expected.to_owned(),
            found,
        });
    }
}
