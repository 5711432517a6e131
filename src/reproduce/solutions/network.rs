//! A trained network that is shown pulses of one's own choice.

use super::super::trained::Course;
use super::timing::{Shown, TimingTask};
use crate::cell::map::CellMap;
use crate::cell::parameters::Parameters;
use crate::map::Map as _;

/// The inputs of two pulses.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pair {
    /// Input during the first.
    pub(super) first: Vec<f64>,
    /// Input during the second.
    pub(super) second: Vec<f64>,
    /// Sign of the right answer, where it follows from the inputs.
    pub(super) sign: f64,
}

/// A network, at each of the inputs that a task has.
pub(super) struct Network<'a> {
    course: &'a Course,
    parameters: &'a Parameters<f32>,
    task: TimingTask,
    pairs: Vec<Pair>,
    rest: CellMap,
    pulses: Vec<[CellMap; 2]>,
    silent: CellMap,
}

impl<'a> Network<'a> {
    pub(super) fn new(
        course: &'a Course,
        parameters: &'a Parameters<f32>,
        task: TimingTask,
    ) -> Self {
        let at = |input: &[f64]| course.map(parameters, input);
        let pairs = task.pairs();
        Self {
            rest: at(&task.rest()),
            pulses: pairs
                .iter()
                .map(|pair| [at(&pair.first), at(&pair.second)])
                .collect(),
            silent: at(&[0.0, 0.0]),
            course,
            parameters,
            task,
            pairs,
        }
    }

    /// The network between pulses.
    pub(super) fn rest(&self) -> &CellMap {
        &self.rest
    }

    pub(super) fn pairs(&self) -> usize {
        self.pairs.len()
    }

    /// Sign of the right answer to a pair.
    pub(super) fn sign(&self, pair: usize) -> f64 {
        self.pairs[pair].sign
    }

    /// Where it begins.
    pub(super) fn start(&self) -> Vec<f64> {
        vec![0.0; self.rest.dim()]
    }

    /// States after each step between pulses.
    pub(super) fn at_rest(&self, from: &[f64], steps: usize) -> Vec<Vec<f64>> {
        follow(&self.rest, from, steps)
    }

    /// States after each step without any input, by which the delayed discrimination asks for the answer.
    pub(super) fn released(&self, from: &[f64], steps: usize) -> Vec<Vec<f64>> {
        follow(&self.silent, from, steps)
    }

    /// States during the first pulse.
    pub(super) fn first(&self, pair: usize, from: &[f64], width: usize) -> Vec<Vec<f64>> {
        follow(&self.pulses[pair][0], from, width)
    }

    /// States during the second pulse.
    pub(super) fn second(&self, pair: usize, from: &[f64], width: usize) -> Vec<Vec<f64>> {
        follow(&self.pulses[pair][1], from, width)
    }

    /// The state before the second pulse of a trial.
    pub(super) fn until_second(&self, shown: Shown) -> Vec<f64> {
        let before = last(self.at_rest(&self.start(), shown.onset), self.start());
        let pulse = last(self.first(shown.pair, &before, self.task.width()), before);
        last(self.at_rest(&pulse, shown.gap), pulse)
    }

    /// Output in each of some states.
    pub(super) fn outputs(&self, states: &[Vec<f64>]) -> Vec<f64> {
        self.course.outputs(self.parameters, states)
    }
}

/// The last of some states; another one if there are none.
pub(super) fn last(states: Vec<Vec<f64>>, otherwise: Vec<f64>) -> Vec<f64> {
    states.into_iter().next_back().unwrap_or(otherwise)
}

/// States after each of so many steps.
pub(super) fn follow(map: &CellMap, from: &[f64], steps: usize) -> Vec<Vec<f64>> {
    let mut states: Vec<Vec<f64>> = Vec::with_capacity(steps);
    for step in 0..steps {
        let mut next = vec![0.0; from.len()];
        let before = if step == 0 { from } else { &states[step - 1] };
        map.step(before, &mut next);
        states.push(next);
    }
    states
}
