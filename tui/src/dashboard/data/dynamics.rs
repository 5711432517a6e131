//! What the map of a checkpoint does: unstable modes of its saddles and the flow around them. Not in the tables; computed
//! on demand from the weights.

use std::path::Path;
use std::sync::Arc;

use creode::dynamics::motion::projection::Projection;
use creode::lab::again::{Settings, Subject};
use creode::lab::modes::{UnstableMode, unstable_modes};
use creode::map::Map as _;

/// Arrows of the flow field along each axis.
const GRID: usize = 15;

/// A step of the map from one place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Arrow {
    pub(crate) from: [f64; 3],
    pub(crate) to: [f64; 3],
}

/// What a map does.
#[derive(Debug, Clone)]
pub(crate) struct Dynamics {
    pub(crate) checkpoint: u32,
    pub(crate) condition: Arc<str>,
    pub(crate) modes: Result<Vec<UnstableMode>, String>,
    /// On a grid in the plane of PC 1 and PC 2.
    pub(crate) flow: Vec<Arrow>,
}

/// A fixed point by its identity and state.
pub(crate) type StateOfCheckpoint = (u32, Vec<f64>);

/// Computes modes at these points, and the flow within `reach` of the mean of the projection.
pub(crate) fn dynamics(
    dir: &Path,
    (checkpoint, condition): (u32, &Arc<str>),
    points: &[StateOfCheckpoint],
    projection: &Projection,
    reach: [f64; 2],
) -> Dynamics {
    let computed = compute(dir, (checkpoint, condition), points, projection, reach);
    let (modes, flow) = match computed {
        Ok((modes, flow)) => (Ok(modes), flow),
        Err(error) => (Err(format!("{error:#}")), Vec::new()),
    };
    Dynamics {
        checkpoint,
        condition: Arc::clone(condition),
        modes,
        flow,
    }
}

fn compute(
    dir: &Path,
    (checkpoint, condition): (u32, &Arc<str>),
    points: &[StateOfCheckpoint],
    projection: &Projection,
    reach: [f64; 2],
) -> anyhow::Result<(Vec<UnstableMode>, Vec<Arrow>)> {
    let subject = Subject::of_run(dir, Some(checkpoint), Settings::default())?;
    let probe = subject
        .probes
        .iter()
        .find(|probe| *probe.name == **condition)
        .ok_or_else(|| anyhow::anyhow!("the run has no probe input {condition}"))?;
    let map = subject.map_at(&probe.input)?;
    let modes = unstable_modes(&map, points, projection)?;
    let mut flow = Vec::with_capacity(GRID * GRID);
    let along = |i: usize| 2.0 * i as f64 / (GRID - 1) as f64 - 1.0;
    let mut image = vec![0.0; map.dim()];
    for (i, j) in (0..GRID * GRID).map(|k| (k % GRID, k / GRID)) {
        let (a, b) = (reach[0] * along(i), reach[1] * along(j));
        let state: Vec<f64> = (0..map.dim())
            .map(|k| projection.mean[k] + a * projection.axes[0][k] + b * projection.axes[1][k])
            .collect();
        map.step(&state, &mut image);
        flow.push(Arrow {
            from: projection.project(&state),
            to: projection.project(&image),
        });
    }
    Ok((modes, flow))
}
