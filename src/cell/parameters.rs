//! The trained numbers of a network: one flat vector with names and shapes, so that optimisers, norms, paths
//! between checkpoints and files all see the same thing.

use std::sync::Arc;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::spec::{CellKind, NetworkSpec};
use crate::simd::Real;

/// Input weights, `[gates · units][inputs]`.
pub const WEIGHT_IH: &str = "rnn.weight_ih_l0";
/// Recurrent weights, `[gates · units][units]`.
pub const WEIGHT_HH: &str = "rnn.weight_hh_l0";
/// Bias of the cell, `[gates · units]`.
pub const BIAS_IH: &str = "rnn.bias_ih_l0";
/// Second bias of a gated recurrent unit, `[gates · units]`: its candidate part stands inside the reset gate.
pub const BIAS_HH: &str = "rnn.bias_hh_l0";
/// Readout weights, `[outputs][units]`.
pub const READOUT_WEIGHT: &str = "readout.weight";
/// Readout bias, `[outputs]`.
pub const READOUT_BIAS: &str = "readout.bias";

/// Name, shape and place of one tensor in the flat vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorLayout {
    /// Name, as PyTorch would call it.
    pub name: &'static str,
    /// Row-major shape.
    pub shape: Vec<usize>,
    /// Place of its first value.
    pub offset: usize,
}

impl TensorLayout {
    /// Number of values.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it holds no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// All parameters of a network, or a gradient or optimiser moment of the same layout.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters<T> {
    layout: Arc<[TensorLayout]>,
    values: Vec<T>,
}

impl<T: Real> Parameters<T> {
    /// All zero, laid out for a network.
    pub fn zeros(spec: &NetworkSpec) -> Self {
        let rows = spec.cell.gates() * spec.units;
        let mut shapes = vec![
            (WEIGHT_IH, vec![rows, spec.inputs]),
            (WEIGHT_HH, vec![rows, spec.units]),
            (BIAS_IH, vec![rows]),
        ];
        if spec.cell == CellKind::Gru {
            shapes.push((BIAS_HH, vec![rows]));
        }
        shapes.push((READOUT_WEIGHT, vec![spec.outputs, spec.units]));
        shapes.push((READOUT_BIAS, vec![spec.outputs]));

        let mut offset = 0;
        let layout: Arc<[TensorLayout]> = shapes
            .into_iter()
            .map(|(name, shape)| {
                let tensor = TensorLayout {
                    name,
                    shape,
                    offset,
                };
                offset += tensor.len();
                tensor
            })
            .collect();
        Self {
            layout,
            values: vec![T::ZERO; offset],
        }
    }

    /// Draws the weights of an untrained network: recurrent N(0, g²/N), input N(0, g_in²/inputs), readout
    /// N(0, 1/N), biases zero.
    pub fn initial(spec: &NetworkSpec, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut parameters = Self::zeros(spec);
        let mut draw = |name: &str, deviation: f64| {
            for value in parameters.get_mut(name) {
                let normal: f64 = StandardNormal.sample(&mut rng);
                *value = T::from_f64(normal * deviation);
            }
        };
        let units = (spec.units as f64).sqrt();
        draw(
            WEIGHT_IH,
            spec.input_gain / (spec.inputs.max(1) as f64).sqrt(),
        );
        draw(WEIGHT_HH, spec.recurrent_gain / units);
        draw(READOUT_WEIGHT, 1.0 / units);
        parameters
    }

    /// All zero, of the same layout.
    pub fn zeros_like(&self) -> Self {
        Self {
            layout: Arc::clone(&self.layout),
            values: vec![T::ZERO; self.values.len()],
        }
    }

    /// The tensors, in order.
    pub fn layout(&self) -> &[TensorLayout] {
        &self.layout
    }

    /// All values.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// All values.
    pub fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// The values of a tensor; empty if the network has none of that name.
    pub fn get(&self, name: &str) -> &[T] {
        self.tensor(name)
            .map_or(&[], |tensor| &self.values[tensor.offset..][..tensor.len()])
    }

    /// The values of a tensor; empty if the network has none of that name.
    pub fn get_mut(&mut self, name: &str) -> &mut [T] {
        match self
            .tensor(name)
            .map(|tensor| (tensor.offset, tensor.len()))
        {
            Some((offset, len)) => &mut self.values[offset..][..len],
            None => &mut [],
        }
    }

    fn tensor(&self, name: &str) -> Option<&TensorLayout> {
        self.layout.iter().find(|tensor| tensor.name == name)
    }

    /// The same values in another number format.
    pub fn cast<U: Real>(&self) -> Parameters<U> {
        Parameters {
            layout: Arc::clone(&self.layout),
            values: self
                .values
                .iter()
                .map(|value| U::from_f64(value.to_f64()))
                .collect(),
        }
    }

    /// Euclidean norm of all values, summed in f64.
    pub fn norm(&self) -> f64 {
        self.values
            .iter()
            .map(|value| value.to_f64().powi(2))
            .sum::<f64>()
            .sqrt()
    }

    /// Name of the first tensor that holds a value which is NaN or infinite.
    pub fn first_not_finite(&self) -> Option<&'static str> {
        self.layout
            .iter()
            .find(|tensor| {
                !self.values[tensor.offset..][..tensor.len()]
                    .iter()
                    .all(|value| value.is_finite())
            })
            .map(|tensor| tensor.name)
    }
}
