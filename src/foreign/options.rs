//! What the user can say of a foreign network.
//!
//! Everything has a default but α, which no tensor tells: a network that is leaky has to be called so.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::cell::spec::Activation;

/// What a tensor is to the cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Recurrent weights, `[gates · units][units]`.
    Recurrent,
    /// Input weights, `[gates · units][inputs]`.
    Input,
    /// Bias, `[gates · units]`.
    Bias,
    /// Second bias, `[gates · units]`; in a GRU its candidate part stands inside the reset gate.
    HiddenBias,
    /// m of a low-rank network, `[units][rank]`.
    Outward,
    /// n of a low-rank network, `[units][rank]`.
    Inward,
    /// Diagonal A of a piecewise-linear RNN, `[units]`.
    Diagonal,
    /// Readout weights, `[outputs][units]`.
    Readout,
    /// Readout bias, `[outputs]`.
    ReadoutBias,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Recurrent,
        Self::Input,
        Self::Bias,
        Self::HiddenBias,
        Self::Outward,
        Self::Inward,
        Self::Diagonal,
        Self::Readout,
        Self::ReadoutBias,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recurrent => "recurrent",
            Self::Input => "input",
            Self::Bias => "bias",
            Self::HiddenBias => "hidden-bias",
            Self::Outward => "outward",
            Self::Inward => "inward",
            Self::Diagonal => "diagonal",
            Self::Readout => "readout",
            Self::ReadoutBias => "readout-bias",
        }
    }

    /// Names by which it is known without being told, after any prefix that ends in a dot.
    pub(super) fn usual_names(self) -> &'static [&'static str] {
        match self {
            Self::Recurrent => &["weight_hh_l0", "weight_hh"],
            Self::Input => &["weight_ih_l0", "weight_ih"],
            Self::Bias => &["bias_ih_l0", "bias_ih"],
            Self::HiddenBias => &["bias_hh_l0", "bias_hh"],
            Self::Readout => &["readout.weight"],
            Self::ReadoutBias => &["readout.bias"],
            Self::Outward | Self::Inward | Self::Diagonal => &[],
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let role = Self::ALL.into_iter().find(|role| role.name() == text);
        role.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("no part of a network is called {text}; the parts are {names}")
        })
    }
}

/// The cells that a foreign network can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CellName {
    /// h' = φ(W h + B u + b).
    Vanilla,
    /// h' = (1−α)h + α φ(W h + B u + b).
    LeakyRates,
    /// x' = (1−α)x + α(W φ(x) + B u + b).
    LeakyCurrents,
    /// Update gate RNN, blocks (gate, candidate).
    Ugrnn,
    /// Gated recurrent unit, PyTorch's blocks (r, z, n).
    Gru,
    /// Long short-term memory, PyTorch's blocks (i, f, g, o).
    Lstm,
    /// z' = A z + W relu(z) + h.
    PiecewiseLinear,
}

impl CellName {
    pub(super) fn gates(self) -> usize {
        match self {
            Self::Ugrnn => 2,
            Self::Gru => 3,
            Self::Lstm => 4,
            _ => 1,
        }
    }

    pub(super) fn is_leaky(self) -> bool {
        matches!(self, Self::LeakyRates | Self::LeakyCurrents)
    }
}

/// What the file alone does not say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// The cell; by default that which the shape of the recurrent weights suggests: one block vanilla, two UGRNN, three GRU,
    /// four LSTM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell: Option<CellName>,
    /// α of a leaky cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alpha: Option<f64>,
    /// φ of a vanilla, leaky or low-rank cell; tanh by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
    /// Names of tensors that are not the usual ones.
    pub names: BTreeMap<Role, String>,
}
