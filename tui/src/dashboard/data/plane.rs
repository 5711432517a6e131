//! The plane in which the state space of a run is drawn, the same for all its checkpoints.

use creode::dynamics::motion::projection::Projection;
use creode::trace::Run;

use super::files::step_of;
use super::{PlaneSource, Update};

/// Half the width of the flow field relative to the spread of the probe trials.
const FLOW_REACH: f64 = 1.15;

/// The plane of the state space.
pub(super) enum Plane {
    /// There is no complete checkpoint yet.
    Unknown,
    Fitted(Fit),
    /// That of the run, for want of readable probe trials.
    Stored,
}

/// A plane through the probe trials of a checkpoint.
pub(super) struct Fit {
    pub(super) projection: Projection,
    /// Largest distance of the probe trials from the mean, along the first two axes.
    pub(super) reach: [f64; 2],
    /// Complete checkpoints when it was fitted.
    checkpoints: usize,
    /// Whether somebody asked for this checkpoint.
    is_chosen: bool,
}

impl Plane {
    /// Fits the plane to the first of these checkpoints whose probe trials can be read.
    pub(super) fn fitted(run: &Run, candidates: &[u32], is_chosen: bool) -> (Self, Update) {
        let mut problems = Vec::new();
        for &checkpoint in candidates {
            let (mut states, mut dim) = (Vec::new(), 0);
            let read = run.glance_at_trials(checkpoint, |row| {
                dim = if dim == 0 { row.state.len() } else { dim };
                if row.state.len() == dim && row.state.iter().all(|x| x.is_finite()) {
                    states.extend_from_slice(row.state);
                }
            });
            if let Err(error) = read {
                problems.push(error.to_string());
                continue;
            }
            if states.is_empty() {
                continue;
            }
            let projection = Projection::fit(&states, dim);
            let places: Vec<[f64; 3]> = states
                .chunks_exact(dim)
                .map(|state| projection.project(state))
                .collect();
            let farthest = |axis: usize| {
                let along = places.iter().map(|place| place[axis].abs());
                FLOW_REACH * along.fold(0.0, f64::max)
            };
            let fit = Fit {
                projection,
                reach: [farthest(0), farthest(1)],
                checkpoints: run.entries().iter().filter(|entry| entry.complete).count(),
                is_chosen,
            };
            let update = Update::Plane {
                source: PlaneSource::Trials(step_of(run, checkpoint)),
                reach: places,
                problems,
            };
            return (Self::Fitted(fit), update);
        }
        let update = Update::Plane {
            source: PlaneSource::Stored,
            reach: Vec::new(),
            problems,
        };
        (Self::Stored, update)
    }

    /// Whether the run has so many complete checkpoints that another plane is due: the axes of an untrained network say
    /// little of what it becomes, so a run that grows gets a new plane whenever it has doubled, and once more at its end.
    pub(super) fn is_outgrown(&self, checkpoints: usize, has_ended: bool) -> bool {
        match self {
            Self::Unknown => checkpoints > 0,
            Self::Fitted(fit) if fit.is_chosen => false,
            Self::Fitted(fit) => {
                checkpoints >= 2 * fit.checkpoints || (has_ended && checkpoints > fit.checkpoints)
            }
            Self::Stored => false,
        }
    }

    pub(super) fn project(&self, state: &[f64]) -> Option<[f64; 3]> {
        match self {
            Self::Fitted(fit) if fit.projection.mean.len() == state.len() => {
                Some(fit.projection.project(state))
            }
            _ => None,
        }
    }
}
