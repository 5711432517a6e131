//! Networks of experiments as comparison sees them, and the distances between all of them.

use super::trained::{Course, landscape};
use crate::cell::map::Readout;
use crate::cell::parameters::Parameters;
use crate::comparison::groups::GroupError;
use crate::comparison::groups::distances::Distances;
use crate::comparison::matrix::{AnyMeasure, matrix};
use crate::comparison::portrait::{Landscape, Point, Portrait, TrialStates};
use crate::comparison::reading::edges;
use crate::dynamics::points::search::{Completeness, FixedPoint};
use crate::lab::LabError;
use crate::lab::network::CheckpointNetwork;
use crate::task::{Batch, Task};

/// How networks are looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Looks<'a, T> {
    /// What they were trained on.
    pub(super) task: &'a T,
    /// Trials of it.
    pub(super) trials: &'a Batch,
    /// Starts of the search for fixed points at each constant input; with 0 there is no search.
    pub(super) starts: usize,
}

impl<T: Task> Looks<'_, T> {
    /// A network at a training step: states on the trials, fixed points at the task's constant inputs, and what leads from
    /// one to another.
    pub(super) fn portrait(
        &self,
        course: &Course,
        parameters: &Parameters<f32>,
        step: u64,
    ) -> Result<Portrait, LabError> {
        let simulation = course.simulated(parameters, self.trials)?;
        let states = TrialStates {
            steps: self.trials.steps,
            trials: self.trials.trials,
            units: simulation.state_size,
            states: simulation.states.iter().map(|&x| x as f32).collect(),
        };
        let landscapes = if self.starts > 0 {
            self.landscapes(course, parameters, &simulation.states, step)?
        } else {
            Vec::new()
        };
        Ok(Portrait {
            probe: self.task.name().to_owned(),
            states,
            ..Portrait::of_landscapes("", step, landscapes)
        })
    }

    fn landscapes(
        &self,
        course: &Course,
        parameters: &Parameters<f32>,
        states: &[f64],
        step: u64,
    ) -> Result<Vec<Landscape>, LabError> {
        let channels = course.network().inputs;
        let (probes, pulses) = (self.task.probes(channels), self.task.pulses(channels));
        let starts = course.starts(states, self.starts);
        let network = CheckpointNetwork::Trained {
            spec: Box::new(course.network().clone()),
            parameters: Box::new(parameters.cast()),
        };
        let readout = Readout::of(&parameters.cast());
        let mut landscapes = Vec::with_capacity(probes.len());
        for probe in &probes {
            let map = course.map(parameters, &probe.input);
            let found = landscape(&map, &[], &starts, step)?;
            let point = |of: &FixedPoint| Point {
                kind: of.kind(),
                n_unstable: of.spectrum.n_unstable(),
                index: of.index,
                readout: readout.output(&map.cell().features(&of.state)),
                spectrum: pairs(&of.spectrum.eigenvalues),
                state: of.state.clone(),
                basin: None,
            };
            let mut seen = Landscape {
                condition: probe.name.clone(),
                is_complete: matches!(
                    found.complete,
                    Completeness::Proved | Completeness::IndexConsistent
                ),
                points: found.fixed_points.iter().map(point).collect(),
                edges: None,
            };
            edges::look(&mut seen, step as u32, &network, &probes, &pulses)?;
            landscapes.push(seen);
        }
        Ok(landscapes)
    }
}

fn pairs(eigenvalues: &[(f64, f64)]) -> Vec<[f64; 2]> {
    eigenvalues.iter().map(|&(re, im)| [re, im]).collect()
}

/// The distances of all pairs by a measure. An error names two networks that it makes no sense of.
///
/// A distance below 0, which unbiased estimates have, counts as 0.
pub(super) fn distances(
    measure: &dyn AnyMeasure,
    portraits: &[Portrait],
) -> Result<Distances, GroupError> {
    let matrix = matrix(measure, portraits);
    Distances::between(portraits.len(), |a, b| {
        let cell = matrix.cell(a, b).as_ref();
        cell.map_or(f64::NAN, |distance| distance.max(0.0))
    })
}
