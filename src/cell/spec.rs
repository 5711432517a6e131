//! What a curriculum says of a network, before there are any weights.

use serde::{Deserialize, Serialize};

/// Pointwise nonlinearity of a vanilla or leaky cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// Hyperbolic tangent.
    Tanh,
    /// max(0, x).
    Relu,
}

/// Which variable a leaky rate network calls its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeakyForm {
    /// h' = (1−α)h + α φ(W h + B u + b): the state holds firing rates.
    Rates,
    /// x' = (1−α)x + α(W φ(x) + B u + b): the state holds input currents.
    Currents,
}

/// The recurrent cells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CellKind {
    /// h' = φ(W h + B u + b).
    Vanilla {
        /// φ.
        activation: Activation,
    },
    /// Euler step of a rate network, α = Δt/τ in (0, 1].
    Leaky {
        /// What the state holds.
        form: LeakyForm,
        /// φ.
        activation: Activation,
        /// Δt/τ.
        alpha: f64,
    },
    /// Gated recurrent unit in PyTorch's convention (reset gate after the recurrent product).
    Gru,
}

/// Number format of training; analysis is always f64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floats.
    F32,
    /// 64-bit floats.
    F64,
}

/// A recurrent network with a linear readout, as drawn before training.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkSpec {
    /// Recurrent cell.
    pub cell: CellKind,
    /// Recurrent units N.
    pub units: usize,
    /// Input channels.
    pub inputs: usize,
    /// Output channels of the readout.
    pub outputs: usize,
    /// g of the initial recurrent weights, W ~ N(0, g²/N).
    pub recurrent_gain: f64,
    /// Standard deviation of the initial input weights times the root of the number of input channels.
    pub input_gain: f64,
    /// Number format of training.
    pub precision: Precision,
}

impl CellKind {
    /// Blocks of `units` rows in the weight matrices.
    pub fn gates(self) -> usize {
        match self {
            Self::Vanilla { .. } | Self::Leaky { .. } => 1,
            Self::Gru => 3,
        }
    }
}
