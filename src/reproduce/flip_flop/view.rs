//! The state space of a network in a slanted view of its three principal components, for the figure.

use super::landscape::{Landscape, Mediator};
use super::threshold::trajectory;
use crate::dynamics::motion::projection::Projection;
use crate::dynamics::points::linearisation::linearise;
use crate::lab::LabError;

/// Steps along an unstable manifold.
const STEPS: usize = 400;
/// How far from the saddle it is entered.
const OFFSET: f64 = 1e-3;
/// What of the third component is added to the first and to the second.
const SLANT: [f64; 2] = [0.35, 0.25];

/// Points and manifolds as they are drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct View {
    /// Unstable directions and place of each fixed point.
    pub(super) points: Vec<(usize, [f64; 2])>,
    /// The two branches of the unstable manifold of each saddle that passes one bit.
    pub(super) manifolds: Vec<Vec<[f64; 2]>>,
}

impl View {
    /// Axes are fitted to the fixed points.
    pub(super) fn of(landscape: &Landscape, mediators: &[Mediator]) -> Result<Self, LabError> {
        let states: Vec<f64> = landscape
            .points
            .iter()
            .flat_map(|point| point.state.clone())
            .collect();
        let projection = Projection::fit(&states, landscape.map.cell().dim());
        let place = |state: &[f64]| {
            let [x, y, z] = projection.project(state);
            [x + SLANT[0] * z, y + SLANT[1] * z]
        };
        let mut manifolds = Vec::new();
        for mediator in mediators {
            let saddle = &landscape.points[mediator.point].state;
            let near = linearise(&landscape.map, saddle, None);
            let near = near.map_err(|source| LabError::Analysis {
                checkpoint: 0,
                source,
            })?;
            for side in [-OFFSET, OFFSET] {
                let direction = near.modes[0].right.iter().map(|v| v.re);
                let start: Vec<f64> = saddle
                    .iter()
                    .zip(direction)
                    .map(|(x, v)| x + side * v)
                    .collect();
                let states = trajectory(&landscape.map, &start, STEPS);
                manifolds.push(states.iter().map(|state| place(state)).collect());
            }
        }
        let points = landscape.points.iter();
        Ok(Self {
            points: points
                .map(|point| (point.spectrum.n_unstable(), place(&point.state)))
                .collect(),
            manifolds,
        })
    }
}
