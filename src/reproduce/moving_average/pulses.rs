//! Whether the left eigenvectors read the pulses: where a pulse takes a network along its plane, told from the linear response to its
//! input and the two slowest modes alone.

use faer::Mat;
use faer::linalg::solvers::{PartialPivLu, Solve as _};
use rand_distr::{Distribution as _, StandardNormal};

use super::plane::SlowPoint;
use crate::cell::map::CellMap;
use crate::map::Map as _;
use crate::statistics::randomisation::stream_of_draw;

/// Heights of the pulses; the cue is 1.
const HEIGHTS: [f64; 5] = [-1.0, -0.5, 0.0, 0.5, 1.0];
/// Share of a pulse at which the response is linear.
const LINEAR: f64 = 1e-4;
/// Seed of the random directions.
const SEED: u64 = 0;

/// How well the places that pulses lead to are told.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Prediction {
    /// R² with the left eigenvectors: 1 − Σ|error|²/Σ|response|².
    pub(super) left: f64,
    /// R² with the orthogonal projection on the plane of the right ones in their place.
    pub(super) orthogonal: f64,
    /// R² with random directions in their place.
    pub(super) random: f64,
    /// Cosine between all predictions with left eigenvectors and all responses.
    pub(super) cosine: f64,
}

/// A network without input, and with that of a pulse.
pub(super) struct Pulsed<'a> {
    /// The network without input.
    pub(super) quiet: &'a CellMap,
    /// The network at a height and a cue.
    pub(super) at_input: &'a dyn Fn([f64; 2]) -> CellMap,
    /// Steps of a pulse.
    pub(super) width: usize,
    /// Steps after its end at which the response is looked at.
    pub(super) wait: usize,
}

/// What is told of one pulse at one slow point, and what comes of it.
struct Told {
    /// Linear response right after a whole pulse, carried on by the two slowest modes: by their left eigenvectors, after the
    /// orthogonal projection, as random directions see it.
    predicted: [Vec<f64>; 3],
    /// Responses to the pulse at each of the scales.
    responses: Vec<Vec<f64>>,
}

impl Pulsed<'_> {
    /// For pulses at shares (`scales`) of their whole size:
    ///
    /// 1. d: what a pulse of a ten thousandth of the size adds to the state at its end, times 10⁴: the linear response.
    /// 2. Σ λᵏ r (l · d) over the two slowest modes at the slow point, after k more steps, times the scale.
    /// 3. Against what the pulse at that scale has added to the state then.
    pub(super) fn predictions(&self, points: &[SlowPoint], scales: &[f64]) -> Vec<Prediction> {
        let told: Vec<Told> = points
            .iter()
            .enumerate()
            .flat_map(|(draw, point)| self.told(point, draw, scales))
            .collect();
        let prediction = |(place, &scale): (usize, &f64)| {
            let sums = told.iter().fold([0.0; 6], |mut sums, of| {
                let response = &of.responses[place];
                for (sum, predicted) in sums.iter_mut().zip(&of.predicted) {
                    let errors = predicted.iter().zip(response);
                    *sum += errors.map(|(p, r)| (scale * p - r).powi(2)).sum::<f64>();
                }
                let left = &of.predicted[0];
                sums[3] += dot(response, response);
                sums[4] += scale * dot(left, response);
                sums[5] += scale * scale * dot(left, left);
                sums
            });
            let [left, orthogonal, random, total, product, squares] = sums;
            Prediction {
                left: 1.0 - left / total,
                orthogonal: 1.0 - orthogonal / total,
                random: 1.0 - random / total,
                cosine: product / (total * squares).sqrt(),
            }
        };
        scales.iter().enumerate().map(prediction).collect()
    }

    fn told(&self, point: &SlowPoint, draw: usize, scales: &[f64]) -> Vec<Told> {
        let from = &point.at.state;
        let after = |height: f64, scale: f64| {
            run(&(self.at_input)([scale * height, scale]), from, self.width)
        };
        let later = |after: &[f64]| run(self.quiet, after, self.wait);
        let rest = run(self.quiet, from, self.width);
        let rest_later = later(&rest);
        let right = point.modes.right_plane();
        let mut rng = stream_of_draw(SEED, draw);
        let random = Mat::from_fn(from.len(), 2, |_, _| StandardNormal.sample(&mut rng));
        let told = |height: f64| {
            let slight = difference(&after(height, LINEAR), &rest);
            let linear: Vec<f64> = slight.iter().map(|x| x / LINEAR).collect();
            let seen = [
                along(&right, &right, &linear),
                along(&right, &random, &linear),
            ];
            let [projected, read] = seen;
            let response = |&scale: &f64| difference(&later(&after(height, scale)), &rest_later);
            Told {
                predicted: [linear, projected, read]
                    .map(|displaced| point.modes.carried(&displaced, self.wait)),
                responses: scales.iter().map(response).collect(),
            }
        };
        HEIGHTS.map(told).into()
    }
}

/// The displacement in the span of `right` that `readers`, `[dim][2]`, see as they see the given one: right (Sᵀ right)⁻¹ Sᵀ d.
fn along(right: &Mat<f64>, readers: &Mat<f64>, displacement: &[f64]) -> Vec<f64> {
    let column = Mat::from_fn(displacement.len(), 1, |i, _| displacement[i]);
    let seen = readers.transpose() * column;
    let amounts = PartialPivLu::new((readers.transpose() * right).as_ref()).solve(seen);
    let projected = right * amounts;
    projected.col_as_slice(0).to_vec()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// A state so many steps later.
fn run(map: &CellMap, from: &[f64], steps: usize) -> Vec<f64> {
    let mut state = from.to_vec();
    let mut next = state.clone();
    for _ in 0..steps {
        map.step(&state, &mut next);
        std::mem::swap(&mut state, &mut next);
    }
    state
}
