//! A cell at a constant input as a map, and the path between two such maps as a family.

use faer::MatMut;

use super::gru::GruMap;
use super::parameters::{Parameters, READOUT_BIAS, READOUT_WEIGHT};
use super::rate::RateMap;
use super::spec::{CellKind, NetworkSpec};
use crate::map::{Family, Map, Reduced};

/// A recurrent cell at a constant input, in f64.
///
/// The pre-activations a(x) are affine in the weights at a fixed state, so the derivative of F along any change
/// of weights or input follows from the change Δa of the pre-activations alone.
pub trait Cell: Map {
    /// What the readout sees of a state.
    fn features(&self, state: &[f64]) -> Vec<f64>;

    /// Pre-activations of all gates at a state.
    fn preactivations(&self, state: &[f64]) -> Vec<f64>;

    /// ∂F/∂s at a state whose pre-activations are `a` and change by `delta_a` per unit of s.
    fn response(&self, state: &[f64], a: &[f64], delta_a: &[f64], out: &mut [f64]);
}

/// Any cell at a constant input.
#[derive(Debug, Clone)]
pub enum CellMap {
    /// Vanilla or leaky rate cell.
    Rate(RateMap),
    /// Gated recurrent unit.
    Gru(GruMap),
}

impl CellMap {
    /// The cell of a network at a constant input.
    pub fn new(network: &NetworkSpec, parameters: &Parameters<f64>, input: &[f64]) -> Self {
        match network.cell {
            CellKind::Vanilla { activation } => Self::Rate(RateMap::new(
                network.units,
                activation,
                None,
                parameters,
                input,
            )),
            CellKind::Leaky {
                form,
                activation,
                alpha,
            } => Self::Rate(RateMap::new(
                network.units,
                activation,
                Some((form, alpha)),
                parameters,
                input,
            )),
            CellKind::Gru => Self::Gru(GruMap::new(network.units, parameters, input)),
        }
    }

    /// The cell behind the variant.
    pub fn cell(&self) -> &dyn Cell {
        match self {
            Self::Rate(cell) => cell,
            Self::Gru(cell) => cell,
        }
    }
}

impl Map for CellMap {
    fn dim(&self) -> usize {
        self.cell().dim()
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        self.cell().step(point, out);
    }

    fn step_batch(&self, points: &[f64], out: &mut [f64]) {
        self.cell().step_batch(points, out);
    }

    fn jacobian(&self, point: &[f64], out: MatMut<'_, f64>) {
        self.cell().jacobian(point, out);
    }

    fn trapping_box(&self) -> Option<Vec<f64>> {
        self.cell().trapping_box()
    }

    fn q_floor(&self, point: &[f64]) -> f64 {
        self.cell().q_floor(point)
    }

    fn reduced(&self) -> Option<Box<dyn Reduced + '_>> {
        self.cell().reduced()
    }
}

/// The straight path between two cells of one architecture: θ(s) = (1−s)θ₀ + sθ₁, and the same for the input.
#[derive(Debug, Clone)]
pub struct CellPath {
    /// The cell at s = 0.
    pub from: CellMap,
    /// The cell at s = 1.
    pub to: CellMap,
}

impl Family for CellPath {
    type At = CellMap;

    fn at(&self, s: f64) -> CellMap {
        match (&self.from, &self.to) {
            (CellMap::Rate(from), CellMap::Rate(to)) => CellMap::Rate(from.between(to, s)),
            (CellMap::Gru(from), CellMap::Gru(to)) => CellMap::Gru(from.between(to, s)),
            (from, _) => from.clone(),
        }
    }

    fn derivative(&self, s: f64, point: &[f64], out: &mut [f64]) {
        let start = self.from.cell().preactivations(point);
        let end = self.to.cell().preactivations(point);
        let delta: Vec<f64> = start.iter().zip(&end).map(|(a, b)| b - a).collect();
        let at: Vec<f64> = start.iter().zip(&delta).map(|(a, d)| a + s * d).collect();
        self.from.cell().response(point, &at, &delta, out);
    }
}

/// Output of a network's readout for given features.
pub fn readout(parameters: &Parameters<f64>, features: &[f64]) -> Vec<f64> {
    let weight = parameters.get(READOUT_WEIGHT);
    parameters
        .get(READOUT_BIAS)
        .iter()
        .zip(weight.chunks_exact(features.len()))
        .map(|(bias, row)| bias + dot(row, features))
        .collect()
}

/// Σ a_i b_i in four interleaved parts.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (chunks_a, chunks_b) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = chunks_a
        .remainder()
        .iter()
        .zip(chunks_b.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (x, y) in chunks_a.zip(chunks_b) {
        for lane in 0..4 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// `matrix · vector + offset` for a row-major matrix.
pub(super) fn affine(matrix: &[f64], vector: &[f64], offset: &[f64]) -> Vec<f64> {
    matrix
        .chunks_exact(vector.len())
        .zip(offset)
        .map(|(row, c)| dot(row, vector) + c)
        .collect()
}

/// (1−s) a + s b, element by element.
pub(super) fn lerp(a: &[f64], b: &[f64], s: f64) -> Vec<f64> {
    a.iter()
        .zip(b)
        .map(|(a, b)| (1.0 - s) * a + s * b)
        .collect()
}

/// The pre-activations that a constant input and the bias alone give.
pub(super) fn drive(weight: &[f64], bias: &[f64], input: &[f64]) -> Vec<f64> {
    if input.is_empty() {
        bias.to_vec()
    } else {
        affine(weight, input, bias)
    }
}
