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

/// A part of a network that training can leave as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Input weights.
    Input,
    /// Recurrent weights.
    Recurrent,
    /// Biases of the cell.
    Bias,
    /// Weights and bias of the readout.
    Readout,
}

/// Shares of the connections that exist; which ones is drawn with the weights. Absent ones stay exactly 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Density {
    /// Between units, in (0, 1].
    pub recurrent: f64,
    /// From inputs to units, in (0, 1].
    pub input: f64,
    /// From units to outputs, in (0, 1].
    pub readout: f64,
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
    /// Dale's law: the share of excitatory units, whose outgoing recurrent weights are never negative; those of the
    /// others are never positive. The excitatory units come first. `None`: signs are free.
    pub excitatory_share: Option<f64>,
    /// Which shares of the connections exist.
    pub density: Density,
    /// Parts that training leaves as they are.
    pub frozen: Vec<Part>,
}

impl NetworkSpec {
    /// A network in f32 with gains of 1, all connections, no constraint, and every part trained.
    pub fn new(cell: CellKind, units: usize, inputs: usize, outputs: usize) -> Self {
        Self {
            cell,
            units,
            inputs,
            outputs,
            recurrent_gain: 1.0,
            input_gain: 1.0,
            precision: Precision::F32,
            excitatory_share: None,
            density: Density {
                recurrent: 1.0,
                input: 1.0,
                readout: 1.0,
            },
            frozen: Vec::new(),
        }
    }

    /// How many units, from the first, are excitatory under Dale's law.
    pub fn excitatory_units(&self) -> Option<usize> {
        self.excitatory_share
            .map(|share| (share * self.units as f64).round() as usize)
    }
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
