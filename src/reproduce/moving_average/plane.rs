//! The slow points of one network: how flat their cloud is, what it stores, and how it lies to the slowest modes.

use faer::Mat;
use rand_distr::{Distribution as _, StandardNormal};

use super::slow::{Modes, largest_angle, orthonormal, slow_point};
use crate::dynamics::linear::spectrum::SpectrumError;
use crate::map::{Map, q};
use crate::statistics::decoding::Ridge;
use crate::statistics::randomisation::stream_of_draw;
use crate::svd::thin_svd;
use crate::task::Batch;
use crate::train::engine::Simulation;

/// Seed of the random planes.
const SEED: u64 = 1;

/// A state of a trial from which a slow point is sought.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Start {
    /// The state.
    pub(super) state: Vec<f64>,
    /// Heights of the last pulse but one, and of the last.
    pub(super) heights: [f64; 2],
    /// Trial.
    pub(super) trial: usize,
}

/// A slow point.
#[derive(Debug, Clone)]
pub(super) struct SlowPoint {
    /// Where it is, and what the trial was to remember there.
    pub(super) at: Start,
    /// ½‖F(x) − x‖² there.
    pub(super) q: f64,
    /// Motion near it.
    pub(super) modes: Modes,
}

/// The states of the trials before each pulse but the first two.
pub(super) fn starts(trials: &Batch, simulation: &Simulation) -> Vec<Start> {
    let (channels, size) = (trials.input_channels, simulation.state_size);
    let mut starts = Vec::new();
    for trial in 0..trials.trials {
        let input = |step: usize, channel: usize| {
            trials.inputs[(step * trials.trials + trial) * channels + channel]
        };
        let mut heights: Vec<f64> = Vec::new();
        for step in 1..trials.steps {
            if input(step, 1) == 0.0 || input(step - 1, 1) != 0.0 {
                continue;
            }
            if let [.., before, last] = heights[..] {
                let place = ((step - 1) * trials.trials + trial) * size;
                starts.push(Start {
                    state: simulation.states[place..][..size].to_vec(),
                    heights: [before, last],
                    trial,
                });
            }
            heights.push(input(step, 0));
        }
    }
    starts
}

/// Root mean square distance of states from their mean.
pub(super) fn spread(starts: &[Start]) -> f64 {
    let states: Vec<&[f64]> = starts.iter().map(|start| &start.state[..]).collect();
    let matrix = centred(&states);
    (matrix.squared_norm_l2() / starts.len() as f64).sqrt()
}

/// States less their mean, `[count][dim]`.
fn centred(states: &[&[f64]]) -> Mat<f64> {
    let dim = states.first().map_or(0, |state| state.len());
    let mean = |j: usize| states.iter().map(|x| x[j]).sum::<f64>() / states.len() as f64;
    let means: Vec<f64> = (0..dim).map(mean).collect();
    Mat::from_fn(states.len(), dim, |i, j| states[i][j] - means[j])
}

/// The slow points that starts lead to.
pub(super) fn slow_points<M: Map + ?Sized>(
    map: &M,
    starts: &[Start],
    tolerance: f64,
) -> Result<Vec<SlowPoint>, SpectrumError> {
    let mut points = Vec::new();
    for start in starts {
        let Some(state) = slow_point(map, &start.state, tolerance) else {
            continue;
        };
        points.push(SlowPoint {
            q: q(map, &state),
            modes: Modes::at(map, &state)?,
            at: Start {
                state,
                ..start.clone()
            },
        });
    }
    Ok(points)
}

/// The cloud of the slow points of a network.
#[derive(Debug, Clone)]
pub(super) struct Cloud {
    /// Share of their variance along each of the first three principal components.
    pub(super) variances: [f64; 3],
    /// Orthonormal basis of the first two, `[dim][2]`.
    pub(super) axes: Mat<f64>,
    /// Coordinates of the points along them.
    pub(super) coordinates: Vec<[f64; 2]>,
    /// R² of the last two heights as linear functions of the two coordinates, of trials that were left out.
    pub(super) stored: f64,
}

impl Cloud {
    /// `None` of fewer than three points.
    pub(super) fn of(points: &[SlowPoint]) -> Option<Self> {
        if points.len() < 3 {
            return None;
        }
        let states: Vec<&[f64]> = points.iter().map(|point| &point.at.state[..]).collect();
        let matrix = centred(&states);
        let svd = thin_svd(matrix.as_ref())?;
        let axes = svd.right.subcols(0, 2).to_owned();
        let along = &matrix * &axes;
        let total = matrix.squared_norm_l2();
        let heights = Mat::from_fn(points.len(), 2, |i, k| points[i].at.heights[k]);
        let trials: Vec<usize> = points.iter().map(|point| point.at.trial).collect();
        Some(Self {
            variances: [0, 1, 2].map(|k| svd.values[k].powi(2) / total),
            coordinates: (0..points.len())
                .map(|i| [along[(i, 0)], along[(i, 1)]])
                .collect(),
            stored: Ridge::default().r2(along.as_ref(), heights.as_ref(), &trials),
            axes,
        })
    }

    /// Larger principal angles between the cloud's plane and the span of the two slowest right eigenvectors at each point, that of
    /// the left ones, and a plane of random directions, in degrees.
    pub(super) fn angles(&self, points: &[SlowPoint]) -> Vec<[f64; 3]> {
        let dim = self.axes.nrows();
        let angle = |(draw, point): (usize, &SlowPoint)| {
            let mut rng = stream_of_draw(SEED, draw);
            let random = Mat::from_fn(dim, 2, |_, _| StandardNormal.sample(&mut rng));
            [
                point.modes.right_plane(),
                point.modes.left_plane(),
                orthonormal(&random, 2),
            ]
            .map(|plane| largest_angle(&self.axes, &plane))
        };
        points.iter().enumerate().map(angle).collect()
    }
}
