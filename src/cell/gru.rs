//! The gated recurrent unit at a constant input, in f64.

use faer::MatMut;

use super::map::{Cell, affine, drive, lerp};
use super::parameters::{BIAS_HH, BIAS_IH, Parameters, WEIGHT_HH, WEIGHT_IH};
use crate::map::{Map, Reduced};
use crate::simd::activation::{Function, map_in_place};

/// A gated recurrent unit with the input folded into its drives.
///
/// Pre-activations come in four blocks: a_r, a_z, m = U_n h + b_hn, and the input part of the candidate, a_n.
#[derive(Debug, Clone)]
pub struct GruMap {
    units: usize,
    recurrent: Vec<f64>,
    /// Drives of a_r, a_z, m, and a_n, one block each.
    drive: Vec<f64>,
}

/// Gates and candidate at a state.
struct Gates {
    reset: Vec<f64>,
    update: Vec<f64>,
    /// 1 − z, accurate where z is nearly 1.
    keep: Vec<f64>,
    memory: Vec<f64>,
    candidate: Vec<f64>,
    /// 1 − n², accurate where n is nearly ±1.
    candidate_slope: Vec<f64>,
}

impl GruMap {
    /// The cell at a constant input.
    pub fn new(units: usize, parameters: &Parameters<f64>, input: &[f64]) -> Self {
        let from_input = drive(parameters.get(WEIGHT_IH), parameters.get(BIAS_IH), input);
        let hidden = parameters.get(BIAS_HH);
        let gates = from_input[..2 * units]
            .iter()
            .zip(hidden)
            .map(|(a, b)| a + b);
        let memory = hidden[2 * units..].iter().copied();
        let candidate = from_input[2 * units..].iter().copied();
        Self {
            units,
            recurrent: parameters.get(WEIGHT_HH).to_vec(),
            drive: gates.chain(memory).chain(candidate).collect(),
        }
    }

    /// The cell whose weights and drives lie at s on the way to another's.
    pub fn between(&self, other: &Self, s: f64) -> Self {
        Self {
            units: self.units,
            recurrent: lerp(&self.recurrent, &other.recurrent, s),
            drive: lerp(&self.drive, &other.drive, s),
        }
    }

    fn gates(&self, a: &[f64]) -> Gates {
        let n = self.units;
        let mapped = |function, mut values: Vec<f64>| {
            map_in_place(function, &mut values);
            values
        };
        let reset = mapped(Function::Sigmoid, a[..n].to_vec());
        let memory = a[2 * n..3 * n].to_vec();
        let argument: Vec<f64> = (0..n)
            .map(|i| a[3 * n + i] + reset[i] * memory[i])
            .collect();
        Gates {
            update: mapped(Function::Sigmoid, a[n..2 * n].to_vec()),
            keep: mapped(Function::Sigmoid, a[n..2 * n].iter().map(|a| -a).collect()),
            candidate: mapped(Function::Tanh, argument.clone()),
            candidate_slope: mapped(Function::SechSquared, argument),
            reset,
            memory,
        }
    }

    fn row(&self, gate: usize, i: usize) -> &[f64] {
        &self.recurrent[(gate * self.units + i) * self.units..][..self.units]
    }

    /// ∂n/∂h.
    fn candidate_jacobian(&self, gates: &Gates, mut out: MatMut<'_, f64>) {
        for i in 0..self.units {
            let r = gates.reset[i];
            let direct = gates.candidate_slope[i] * r;
            let through_reset = gates.candidate_slope[i] * gates.memory[i] * r * (1.0 - r);
            let (reset_row, memory_row) = (self.row(0, i), self.row(2, i));
            for j in 0..self.units {
                out[(i, j)] = direct * memory_row[j] + through_reset * reset_row[j];
            }
        }
    }
}

impl Map for GruMap {
    fn dim(&self) -> usize {
        self.units
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        let gates = self.gates(&self.preactivations(point));
        for i in 0..self.units {
            out[i] = gates.keep[i] * gates.candidate[i] + gates.update[i] * point[i];
        }
    }

    fn jacobian(&self, point: &[f64], mut out: MatMut<'_, f64>) {
        let gates = self.gates(&self.preactivations(point));
        self.candidate_jacobian(&gates, out.as_mut());
        for i in 0..self.units {
            let (z, keep) = (gates.update[i], gates.keep[i]);
            let through_update = (point[i] - gates.candidate[i]) * z * keep;
            let update_row = self.row(1, i);
            for j in 0..self.units {
                out[(i, j)] = keep * out[(i, j)] + through_update * update_row[j];
            }
            out[(i, i)] += z;
        }
    }

    fn trapping_box(&self) -> Option<Vec<f64>> {
        Some(vec![1.0; self.units])
    }

    fn q_floor(&self, point: &[f64]) -> f64 {
        let n = self.units;
        let unit = 0.5 * f64::EPSILON;
        let gamma = (n + 4) as f64 * unit;
        let magnitude = |gate: usize, i: usize| {
            self.row(gate, i)
                .iter()
                .zip(point)
                .map(|(w, x)| (w * x).abs())
                .sum::<f64>()
                + self.drive[gate * n + i].abs()
        };
        let sum: f64 = (0..n)
            .map(|i| {
                let pre = magnitude(0, i)
                    + magnitude(1, i)
                    + magnitude(2, i)
                    + self.drive[3 * n + i].abs();
                (gamma * pre + unit * (16.0 + point[i].abs())).powi(2)
            })
            .sum();
        0.5 * sum
    }

    fn reduced(&self) -> Option<Box<dyn Reduced + '_>> {
        Some(Box::new(CandidateMap(self)))
    }
}

impl Cell for GruMap {
    fn features(&self, state: &[f64]) -> Vec<f64> {
        state.to_vec()
    }

    fn preactivations(&self, state: &[f64]) -> Vec<f64> {
        let n = self.units;
        let mut a = affine(&self.recurrent, state, &self.drive[..3 * n]);
        a.extend_from_slice(&self.drive[3 * n..]);
        a
    }

    fn response(&self, state: &[f64], a: &[f64], delta_a: &[f64], out: &mut [f64]) {
        let n = self.units;
        let gates = self.gates(a);
        for i in 0..n {
            let (z, keep, r) = (gates.update[i], gates.keep[i], gates.reset[i]);
            let through_reset = r * (1.0 - r) * delta_a[i] * gates.memory[i];
            let argument = delta_a[3 * n + i] + through_reset + r * delta_a[2 * n + i];
            out[i] = z * keep * delta_a[n + i] * (state[i] - gates.candidate[i])
                + keep * gates.candidate_slope[i] * argument;
        }
    }
}

/// The equation h = n(h): F(h) − h = (1 − z)(n(h) − h) and z < 1, so its solutions are the fixed points, and
/// det(I − J) = Π(1 − z) det(I − ∂n/∂h) keeps the sign. It has no false solutions where z is nearly 1.
struct CandidateMap<'a>(&'a GruMap);

impl Map for CandidateMap<'_> {
    fn dim(&self) -> usize {
        self.0.units
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        out.copy_from_slice(&self.0.gates(&self.0.preactivations(point)).candidate);
    }

    fn jacobian(&self, point: &[f64], out: MatMut<'_, f64>) {
        self.0
            .candidate_jacobian(&self.0.gates(&self.0.preactivations(point)), out);
    }

    fn trapping_box(&self) -> Option<Vec<f64>> {
        self.0.trapping_box()
    }

    fn q_floor(&self, point: &[f64]) -> f64 {
        self.0.q_floor(point)
    }
}

impl Reduced for CandidateMap<'_> {
    fn project(&self, state: &[f64]) -> Vec<f64> {
        state.to_vec()
    }

    fn lift(&self, reduced: &[f64]) -> Vec<f64> {
        reduced.to_vec()
    }
}
