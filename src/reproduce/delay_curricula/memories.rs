//! How long each memory of a network lasts, and what holds it.

use super::super::trained::Course;
use crate::cell::map::{CellMap, Readout};
use crate::cell::parameters::Parameters;
use crate::cell::spec::CellKind;
use crate::dynamics::linear::spectrum::{Spectrum, SpectrumError};
use crate::dynamics::points::newton::{NewtonEnd, NewtonLimits, solve};
use crate::lab::LabError;
use crate::map::Map as _;
use crate::parameters::Span;
use crate::task::delayed_classification::DelayedClassification;
use crate::task::{Batch, Task as _};
use crate::train::engine::Simulation;

/// Steps from the pattern to the trigger at which memories are asked for.
pub(super) const DELAYS: [usize; 5] = [19, 40, 80, 160, 320];
/// Of these the one that is the longest of training.
pub(super) const TRAINED: usize = 0;
/// Steps from the pattern to the states whose mean the search for a memory begins with (Haviv et al. 2019).
pub(super) const SETTLED: usize = 15;
/// Steps of motion without noise in which the slowest state is looked for.
const MOTION: usize = 320;
/// A root of x − F(x) belongs to the motion that comes as near to it, relative to its length.
const NEAR: f64 = 0.02;

/// Where a network holds a class: what the class's mean state leads to without noise.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    /// Its class.
    pub(super) class: usize,
    /// Mean state of its trials 15 steps after the pattern.
    pub(super) mean: Vec<f64>,
    /// The slowest state on the way from there, as long as a trigger makes the network name the class: its slow point.
    pub(super) slowest: Vec<f64>,
    /// Shares of trials that are answered right, at each of the delays that were asked for.
    pub(super) accuracies: Vec<f64>,
}

/// One class of patterns in one network.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Memory {
    /// Share of its trials that are answered right, at each of [`DELAYS`].
    pub(super) accuracies: Vec<f64>,
    /// Whether the slow point is a stable fixed point.
    pub(super) is_fixed: bool,
    /// How far the rates move in one step at the slow point; 0 at a fixed point.
    pub(super) speed: f64,
    /// The same where Newton's method, which goes down in q = ½‖F(x) − x‖² where there is no root, ends from the mean state,
    /// if the network names the class there, and else [`Self::speed`].
    pub(super) minimum_speed: f64,
    /// The same at the mean state.
    pub(super) mean_speed: f64,
}

impl Memory {
    /// Mean accuracy at the delays that no training asked for. They double, so that it grows with the logarithm of the time
    /// that the memory lasts.
    pub(super) fn retention(&self) -> f64 {
        let beyond = &self.accuracies[TRAINED + 1..];
        beyond.iter().sum::<f64>() / beyond.len() as f64
    }
}

/// The trials in which memories are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shown {
    /// How many.
    pub(super) trials: usize,
    /// Their seed.
    pub(super) seed: u64,
}

/// A network of which memories are measured.
pub(super) struct Network<'a> {
    course: &'a Course,
    parameters: &'a Parameters<f32>,
    at_rest: CellMap,
    asked: CellMap,
    readout: Readout,
}

impl<'a> Network<'a> {
    /// That of a course with some weights.
    pub(super) fn new(course: &'a Course, parameters: &'a Parameters<f32>) -> Self {
        let mut input = vec![0.0; course.curriculum().network.inputs];
        let at_rest = course.map(parameters, &input);
        if let Some(trigger) = input.last_mut() {
            *trigger = 1.0;
        }
        Self {
            course,
            parameters,
            at_rest,
            asked: course.map(parameters, &input),
            readout: Readout::of(&parameters.cast()),
        }
    }

    /// Its memories, class by class, with the accuracy at each of [`DELAYS`].
    pub(super) fn memories(&self, shown: Shown) -> Result<Vec<Memory>, LabError> {
        let places = self.places(shown, &DELAYS)?;
        let memories = places.into_iter().map(|place| self.memory(place));
        let memories: Result<Vec<Memory>, SpectrumError> = memories.collect();
        memories.map_err(|source| LabError::Analysis {
            checkpoint: 0,
            source,
        })
    }

    /// Where it holds the classes that it names [`SETTLED`] steps after the pattern.
    ///
    /// 1. Patterns are shown in the first step of trials that go on with noise; at each delay, the network is asked in a copy
    ///    that makes one more step with the trigger.
    /// 2. For each class, the mean of the states 15 steps after the pattern, over the trials that are answered rightly then.
    /// 3. From there motion without noise, at the mean of the noise as input, and its slowest state.
    pub(super) fn places(&self, shown: Shown, delays: &[usize]) -> Result<Vec<Place>, LabError> {
        let longest = delays.iter().copied().fold(SETTLED + 1, usize::max);
        let task = DelayedClassification {
            delay: Span {
                min: longest,
                max: longest,
            },
            ..DelayedClassification::default()
        };
        let batch = task.batch(shown.trials, shown.seed);
        let simulation = self.course.simulated(self.parameters, &batch)?;
        let classes: Vec<usize> = (0..shown.trials)
            .map(|trial| class_of(&batch, trial))
            .collect();
        let settled = self.named(&batch, &simulation, SETTLED + 1)?;
        let named = delays
            .iter()
            .map(|&delay| self.named(&batch, &simulation, delay))
            .collect::<Result<Vec<_>, _>>()?;
        let places = (0..task.classes).filter_map(|class| {
            let of_class = || (0..shown.trials).filter(|&trial| classes[trial] == class);
            let read: Vec<usize> = of_class().filter(|&of| settled[of] == class).collect();
            let accuracies = named.iter().map(|named| {
                let hits = of_class().filter(|&trial| named[trial] == class).count();
                hits as f64 / of_class().count() as f64
            });
            let accuracies = accuracies.collect();
            (!read.is_empty()).then(|| {
                let mean = mean_state(&simulation, shown.trials, SETTLED, &read);
                Place {
                    class,
                    slowest: self.slowest(class, &mean),
                    mean,
                    accuracies,
                }
            })
        });
        Ok(places.collect())
    }

    /// The class that each trial names if it is asked a delay after its pattern; `usize::MAX` for none.
    fn named(
        &self,
        batch: &Batch,
        simulation: &Simulation,
        delay: usize,
    ) -> Result<Vec<usize>, LabError> {
        let (trials, inputs, outputs) = (batch.trials, batch.input_channels, batch.output_channels);
        let mut asked = Batch::zeros(1, trials, inputs, outputs);
        let now = &batch.inputs[delay * trials * inputs..][..trials * inputs];
        asked.inputs.copy_from_slice(now);
        for input in asked.inputs.chunks_exact_mut(inputs) {
            input[inputs - 1] = 1.0;
        }
        let width = trials * simulation.state_size;
        asked.initial_states = simulation.states[(delay - 1) * width..][..width].to_vec();
        let answers = self.course.simulated(self.parameters, &asked)?.outputs;
        let named = answers
            .chunks_exact(outputs)
            .map(|output| largest(output).wrapping_sub(1));
        Ok(named.collect())
    }

    /// Whether a trigger in a state makes the network name a class.
    fn names(&self, state: &[f64], class: usize) -> bool {
        let next = stepped(&self.asked, state);
        largest(&self.readout.output(&self.asked.cell().features(&next))) == class + 1
    }

    /// The slowest state of the motion from a state, as long as the class is named.
    fn slowest(&self, class: usize, from: &[f64]) -> Vec<f64> {
        let mut state = from.to_vec();
        let mut slowest = (f64::INFINITY, state.clone());
        for _ in 0..MOTION {
            if !self.names(&state, class) {
                break;
            }
            let speed = self.speed(&state);
            if speed < slowest.0 {
                slowest = (speed, state.clone());
            }
            state = stepped(&self.at_rest, &state);
        }
        slowest.1
    }

    /// What holds a memory, from its place.
    fn memory(&self, place: Place) -> Result<Memory, SpectrumError> {
        let is_fixed = self.is_fixed(&place.slowest)?;
        let speed = if is_fixed {
            0.0
        } else {
            self.speed(&place.slowest)
        };
        let minimum = match solve(&self.at_rest, &place.mean, NewtonLimits::default()) {
            NewtonEnd::Root { point } => Some((0.0, point)),
            NewtonEnd::Minimum { point } => Some((self.speed(&point), point)),
            NewtonEnd::Lost => None,
        };
        let minimum = minimum.filter(|(_, point)| self.names(point, place.class));
        Ok(Memory {
            accuracies: place.accuracies,
            is_fixed,
            speed,
            minimum_speed: minimum.map_or(speed, |(speed, _)| speed),
            mean_speed: self.speed(&place.mean),
        })
    }

    /// Whether there is a stable fixed point beside a state.
    fn is_fixed(&self, state: &[f64]) -> Result<bool, SpectrumError> {
        let NewtonEnd::Root { point } = solve(&self.at_rest, state, NewtonLimits::default()) else {
            return Ok(false);
        };
        let length = |of: &[f64]| of.iter().map(|x| x * x).sum::<f64>().sqrt();
        let apart: Vec<f64> = point.iter().zip(state).map(|(a, b)| a - b).collect();
        let is_near = length(&apart) <= NEAR * length(&point);
        Ok(is_near && Spectrum::at(&self.at_rest, &point)?.n_unstable() == 0)
    }

    /// How far the rates move in one step without input: of an LSTM √(|h′ − h|² + |tanh c′ − tanh c|²), else |x′ − x|.
    pub(super) fn speed(&self, state: &[f64]) -> f64 {
        let next = stepped(&self.at_rest, state);
        let is_lstm = matches!(self.course.curriculum().network.cell, CellKind::Lstm { .. });
        let units = if is_lstm {
            state.len() / 2
        } else {
            state.len()
        };
        let squares = state.iter().zip(&next).enumerate().map(|(place, (a, b))| {
            let moved = if place < units {
                b - a
            } else {
                b.tanh() - a.tanh()
            };
            moved * moved
        });
        squares.sum::<f64>().sqrt()
    }
}

/// The class of a trial, by its target where it is asked for, in the last step.
fn class_of(batch: &Batch, trial: usize) -> usize {
    let row = ((batch.steps - 1) * batch.trials + trial) * batch.output_channels;
    largest(&batch.targets[row..][..batch.output_channels]) - 1
}

/// Place of the largest value.
fn largest(values: &[f64]) -> usize {
    let order = (0..values.len()).max_by(|&a, &b| values[a].total_cmp(&values[b]));
    order.unwrap_or(0)
}

/// Mean of the states of some trials after a time step.
fn mean_state(simulation: &Simulation, trials: usize, step: usize, of: &[usize]) -> Vec<f64> {
    let size = simulation.state_size;
    let mut mean = vec![0.0; size];
    for trial in of {
        let state = &simulation.states[(step * trials + trial) * size..][..size];
        for (mean, x) in mean.iter_mut().zip(state) {
            *mean += x / of.len() as f64;
        }
    }
    mean
}

/// The state after a step.
fn stepped(map: &CellMap, state: &[f64]) -> Vec<f64> {
    let mut next = vec![0.0; state.len()];
    map.step(state, &mut next);
    next
}
