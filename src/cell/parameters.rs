//! The trained numbers of a network: one flat vector with names and shapes, so that optimisers, norms, paths
//! between checkpoints and files all see the same thing.
//!
//! The names are those of PyTorch's `nn.RNN`, `nn.GRU` and `nn.LSTM` inside a module that calls its layers `rnn`
//! and `readout`, so that a checkpoint loads there by name. (A vanilla cell has one bias; `bias_hh_l0` of PyTorch
//! is then 0.) Matrices are row-major, one row for each unit that receives.

use std::sync::Arc;

use super::spec::{CellKind, InitialState, NetworkSpec, Part};
use crate::simd::Real;

/// Input weights, `[gates · units][inputs]`.
pub const WEIGHT_IH: &str = "rnn.weight_ih_l0";
/// Recurrent weights, `[gates · units][units]`.
pub const WEIGHT_HH: &str = "rnn.weight_hh_l0";
/// Bias of the cell, `[gates · units]`.
pub const BIAS_IH: &str = "rnn.bias_ih_l0";
/// Second bias of a GRU or LSTM, `[gates · units]`; the candidate part of a GRU's stands inside the reset gate.
pub const BIAS_HH: &str = "rnn.bias_hh_l0";
/// M of a low-rank cell, `[units][rank]`.
pub const LOW_RANK_M: &str = "rnn.low_rank_m";
/// N of a low-rank cell, `[units][rank]`.
pub const LOW_RANK_N: &str = "rnn.low_rank_n";
/// g χ of a low-rank cell, `[units][units]`; there only if g is not 0, and never trained.
pub const RANDOM_WEIGHT: &str = "rnn.random_weight";
/// Diagonal of A of a piecewise-linear cell, `[units]`.
pub const DIAGONAL: &str = "rnn.diagonal";
/// State before the first step; there only if it is not zero.
pub const INITIAL_STATE: &str = "initial_state";
/// Readout weights, `[outputs][units]`.
pub const READOUT_WEIGHT: &str = "readout.weight";
/// Readout bias, `[outputs]`.
pub const READOUT_BIAS: &str = "readout.bias";

/// Fixed feedback from the outputs to the units, `[units][outputs]`; there only where outputs feed back.
pub const READOUT_FEEDBACK: &str = "readout.feedback";

/// Which recurrent connections exist, `[units][units]` of ones and zeros; there only where some are absent.
pub const RECURRENT_MASK: &str = "mask.recurrent";
/// Which input connections exist, `[units][inputs]`.
pub const INPUT_MASK: &str = "mask.input";
/// Which readout connections exist, `[outputs][units]`.
pub const READOUT_MASK: &str = "mask.readout";

/// Name, shape and place of one tensor in the flat vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorLayout {
    /// Name, as PyTorch would call it.
    pub name: &'static str,
    /// Row-major shape.
    pub shape: Vec<usize>,
    /// Place of its first value.
    pub offset: usize,
    /// Whether training changes it. What is not trained gets no update and no weight decay, and its gradient is 0.
    pub trained: bool,
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

/// Name and shape of every tensor of a network in their order, and the part that it is trained with, if it ever is.
fn tensors(spec: &NetworkSpec) -> Vec<(&'static str, Vec<usize>, Option<Part>)> {
    let (units, inputs, outputs) = (spec.units, spec.inputs, spec.outputs);
    let rows = spec.cell.gates() * units;
    let recurrent = Some(Part::Recurrent);
    let mut tensors = vec![(WEIGHT_IH, vec![rows, inputs], Some(Part::Input))];
    if let CellKind::LowRank {
        rank, random_gain, ..
    } = spec.cell
    {
        tensors.push((LOW_RANK_M, vec![units, rank], recurrent));
        tensors.push((LOW_RANK_N, vec![units, rank], recurrent));
        if random_gain != 0.0 {
            tensors.push((RANDOM_WEIGHT, vec![units, units], None));
        }
    } else {
        tensors.push((WEIGHT_HH, vec![rows, units], recurrent));
    }
    if spec.cell == CellKind::PiecewiseLinear {
        tensors.push((DIAGONAL, vec![units], recurrent));
    }
    tensors.push((BIAS_IH, vec![rows], Some(Part::Bias)));
    if matches!(spec.cell, CellKind::Gru | CellKind::Lstm { .. }) {
        tensors.push((BIAS_HH, vec![rows], Some(Part::Bias)));
    }
    match spec.initial_state {
        InitialState::Zero | InitialState::Normal => {}
        InitialState::Trained => {
            let part = Some(Part::InitialState);
            tensors.push((INITIAL_STATE, vec![spec.state_size()], part));
        }
        InitialState::Fixed(_) => {
            tensors.push((INITIAL_STATE, vec![spec.state_size()], None));
        }
    }
    tensors.push((READOUT_WEIGHT, vec![outputs, units], Some(Part::Readout)));
    tensors.push((READOUT_BIAS, vec![outputs], Some(Part::Readout)));
    if spec.feedback > 0.0 {
        tensors.push((READOUT_FEEDBACK, vec![units, outputs], None));
    }
    for (mask, density, shape) in [
        (RECURRENT_MASK, spec.density.recurrent, [rows, units]),
        (INPUT_MASK, spec.density.input, [rows, inputs]),
        (READOUT_MASK, spec.density.readout, [outputs, units]),
    ] {
        if density < 1.0 {
            tensors.push((mask, shape.to_vec(), None));
        }
    }
    tensors
}

/// All parameters of a network, or a gradient or optimiser moment of the same layout.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters<T> {
    layout: Arc<[TensorLayout]>,
    values: Vec<T>,
}

impl<T: Real> Parameters<T> {
    /// How many a network has.
    pub fn count(spec: &NetworkSpec) -> u64 {
        let lengths = tensors(spec).into_iter().map(|(_, shape, _)| {
            let extents = shape.into_iter().map(|extent| extent as u64);
            extents.fold(1, u64::saturating_mul)
        });
        lengths.fold(0, u64::saturating_add)
    }

    /// All zero, laid out for a network.
    pub fn zeros(spec: &NetworkSpec) -> Self {
        let mut offset = 0;
        let layout: Arc<[TensorLayout]> = tensors(spec)
            .into_iter()
            .map(|(name, shape, part)| {
                let tensor = TensorLayout {
                    name,
                    shape,
                    offset,
                    trained: part.is_some_and(|part| !spec.frozen.contains(&part)),
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
    ///
    /// An empty slice and no error: a cell asks for what it may have (masks, feedback) and takes what there is.
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

    /// The values in the middle between these and others of the same layout, element by element.
    ///
    /// Both must be of one layout.
    pub fn halfway(&self, other: &Self) -> Self {
        let pairs = self.values.iter().zip(&other.values);
        Self {
            layout: Arc::clone(&self.layout),
            values: pairs
                .map(|(a, b)| T::from_f64(0.5 * (a.to_f64() + b.to_f64())))
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
