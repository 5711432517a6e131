//! The axes in which the state space of a run is drawn, the same for all its checkpoints.

use crate::dynamics::motion::projection::Projection;
use crate::trace::{Run, TraceError};

/// Principal components of the probe trials at the last checkpoint that was analysed: those of an untrained network say
/// little of what it becomes.
pub(super) struct Plane {
    pub(super) projection: Projection,
    /// Training step of the checkpoint.
    pub(super) step: u64,
}

impl Plane {
    /// The plane of a run; `None` if no probe trial was kept.
    pub(super) fn of(run: &Run) -> Result<Option<Self>, TraceError> {
        let complete = run.entries().iter().filter(|entry| entry.complete);
        for entry in complete.rev() {
            let trials = run.trials(entry.checkpoint)?;
            let dim = trials.first().map_or(0, |row| row.state.len());
            let states = trials.iter().filter(|row| row.state.len() == dim);
            let states: Vec<f64> = states
                .filter(|row| row.state.iter().all(|x| x.is_finite()))
                .flat_map(|row| row.state.iter().copied())
                .collect();
            if !states.is_empty() {
                return Ok(Some(Self {
                    projection: Projection::fit(&states, dim),
                    step: entry.step,
                }));
            }
        }
        Ok(None)
    }

    /// Coordinates of a state; of one with another number of variables, none that are finite.
    pub(super) fn project(&self, state: &[f64]) -> [f64; 3] {
        if state.len() == self.projection.mean.len() {
            self.projection.project(state)
        } else {
            [f64::NAN; 3]
        }
    }
}
