//! The landscape without input while a network learns, and where the memories of the trained one end.

use std::collections::BTreeMap;

use super::super::trained::{Course, landscape};
use crate::cell::parameters::Parameters;
use crate::dynamics::motion::attractor::{self, Attractor, attractors};
use crate::dynamics::points::search::{FixedPoint, Known};
use crate::lab::LabError;
use crate::task::Batch;
use crate::train::engine::Simulation;

/// Starts of each search; their mirror images are as many again.
const STARTS: usize = 96;
/// Steps without input after which a state of a trial counts as a memory.
const QUIET: usize = 5;

/// The landscapes of a network without input while it learns.
pub(super) struct Story<'a> {
    pub(super) course: &'a Course,
    /// The weights after each update, from those as drawn on.
    pub(super) kept: &'a [Parameters<f32>],
    /// Trials whose states the searches start from.
    pub(super) test: &'a Batch,
    /// Fixed points by training step.
    seen: BTreeMap<u64, Vec<FixedPoint>>,
}

impl<'a> Story<'a> {
    /// A story of which nothing is known yet.
    pub(super) fn new(course: &'a Course, kept: &'a [Parameters<f32>], test: &'a Batch) -> Self {
        Self {
            course,
            kept,
            test,
            seen: BTreeMap::new(),
        }
    }

    /// The number of stable fixed points by training step.
    ///
    /// 1. The fixed points of every so many steps are sought.
    /// 2. Where the number of stable ones differs from one to the next, those of the step half-way are, until each difference
    ///    is between neighbours.
    pub(super) fn counts(mut self, every: u64) -> Result<BTreeMap<u64, usize>, LabError> {
        let last = self.kept.len().saturating_sub(1) as u64;
        let checkpoints: Vec<u64> = (0..last)
            .step_by(every.max(1) as usize)
            .chain([last])
            .collect();
        for &step in &checkpoints {
            self.look(step)?;
        }
        for pair in checkpoints.windows(2) {
            self.refine(pair[0], pair[1])?;
        }
        let seen = self.seen.iter();
        Ok(seen.map(|(step, points)| (*step, stable(points))).collect())
    }

    /// Finds the fixed points of a step.
    ///
    /// 1. They are sought from those of the nearest earlier step that was looked at, and from states of the trials.
    /// 2. Without bias and input the map is odd: starts and fixed points have mirror images, which are tried, too.
    fn look(&mut self, step: u64) -> Result<(), LabError> {
        let parameters = &self.kept[step as usize];
        let simulation = self.course.simulated(parameters, self.test)?;
        let mut starts = self.course.starts(&simulation.states, STARTS);
        let images: Vec<Vec<f64>> = starts.iter().map(|start| mirrored(start)).collect();
        starts.extend(images);
        let silence = vec![0.0; self.test.input_channels];
        let map = self.course.map(parameters, &silence);
        let before = self.seen.range(..step).next_back();
        let before: Vec<Known<'_>> = before
            .iter()
            .flat_map(|(_, points)| points.iter().map(|point| known(&point.state, point)))
            .collect();
        let found = landscape(&map, &before, &starts, step)?.fixed_points;
        let images: Vec<Vec<f64>> = found.iter().map(|of| mirrored(&of.state)).collect();
        let mut both: Vec<Known<'_>> = Vec::new();
        for (point, image) in found.iter().zip(&images) {
            both.extend([known(&point.state, point), known(image, point)]);
        }
        let all = landscape(&map, &both, &[], step)?.fixed_points;
        self.seen.insert(step, all);
        Ok(())
    }

    fn refine(&mut self, from: u64, to: u64) -> Result<(), LabError> {
        let count = |step| self.seen.get(&step).map_or(0, |points| stable(points));
        if to - from < 2 || count(from) == count(to) {
            return Ok(());
        }
        let middle = from.midpoint(to);
        self.look(middle)?;
        self.refine(from, middle)?;
        self.refine(middle, to)
    }
}

/// A state with the index of a fixed point.
fn known<'a>(state: &'a [f64], point: &FixedPoint) -> Known<'a> {
    Known {
        state,
        index: point.index,
    }
}

fn mirrored(state: &[f64]) -> Vec<f64> {
    state.iter().map(|x| -x).collect()
}

fn stable(points: &[FixedPoint]) -> usize {
    let stable = points
        .iter()
        .filter(|point| point.spectrum.n_unstable() == 0);
    stable.count()
}

/// The attractors that the memories of a network end in: fixed points, and others.
pub(super) fn memories(
    course: &Course,
    parameters: &Parameters<f32>,
    trials: &Batch,
    simulation: &Simulation,
) -> (usize, usize) {
    let map = course.map(parameters, &vec![0.0; trials.input_channels]);
    let quiet = quiet_states(trials, &simulation.states, simulation.state_size);
    let ends = attractors(&map, &quiet, &attractor::Settings::default());
    let is_point = |of: &Attractor| matches!(of, Attractor::Cycle(cycle) if cycle.period() == 1);
    let points = ends.basins.iter().filter(|of| is_point(&of.attractor));
    let points = points.count();
    (points, ends.basins.len() - points)
}

/// The last state of each trial after [`QUIET`] steps without input; none of a trial without.
fn quiet_states(trials: &Batch, states: &[f64], size: usize) -> Vec<Vec<f64>> {
    let is_silent = |step: usize, trial: usize| {
        let row = (step * trials.trials + trial) * trials.input_channels;
        let inputs = &trials.inputs[row..][..trials.input_channels];
        inputs.iter().all(|&u| u == 0.0)
    };
    let last = |trial: usize| {
        let mut ends = (QUIET..=trials.steps).rev();
        let end = ends.find(|&end| (end - QUIET..end).all(|step| is_silent(step, trial)))?;
        let row = (end - 1) * trials.trials + trial;
        Some(states[row * size..][..size].to_vec())
    };
    (0..trials.trials).filter_map(last).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_states_are_those_before_a_pulse_that_comes_late() {
        let mut batch = Batch::zeros(20, 2, 1, 1);
        // The first trial has a pulse at steps 17 to 19, the second one every fourth step.
        for step in 0..20 {
            batch.inputs[2 * step] = f64::from(u8::from(step >= 17));
            batch.inputs[2 * step + 1] = f64::from(u8::from(step % 4 == 0));
        }
        let states: Vec<f64> = (0..40).map(f64::from).collect();
        assert_eq!(quiet_states(&batch, &states, 1), [vec![32.0]]);
    }
}
