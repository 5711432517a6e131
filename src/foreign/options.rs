//! What the user can say of a foreign network.
//!
//! Everything has a default but α, which no tensor tells: a network that is leaky has to be called so.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ForeignError;
use super::origin::Origin;
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
    /// W_hr of an LSTM whose output is projected, `[projected][units]`.
    Projection,
    /// W₂ of a shallow PLRNN, `[hidden][units]`.
    Hidden,
    /// α of each unit of a leaky cell, `[units]`.
    Alpha,
    /// Recurrent weights beside low-rank factors, `[units][units]`.
    RandomPart,
    /// Readout weights, `[outputs][units]`.
    Readout,
    /// Readout bias, `[outputs]`.
    ReadoutBias,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Recurrent,
        Self::Input,
        Self::Bias,
        Self::HiddenBias,
        Self::Outward,
        Self::Inward,
        Self::Diagonal,
        Self::Projection,
        Self::Hidden,
        Self::Alpha,
        Self::RandomPart,
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
            Self::Projection => "projection",
            Self::Hidden => "hidden",
            Self::Alpha => "alpha",
            Self::RandomPart => "random-part",
            Self::Readout => "readout",
            Self::ReadoutBias => "readout-bias",
        }
    }

    /// Whether it is one row of numbers.
    pub(super) fn is_vector(self) -> bool {
        matches!(self, Self::Diagonal | Self::Alpha | Self::ReadoutBias)
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
    /// Gated recurrent unit whose reset gate acts on the state before the product (Cho et al. 2014).
    GruResetBefore,
    /// Long short-term memory, PyTorch's blocks (i, f, g, o).
    Lstm,
    /// z' = A z + W relu(z) + h.
    PiecewiseLinear,
    /// z' = A z + W φ(z) + h, in which φ rectifies the last units alone.
    AlmostLinear,
    /// z' = A z + W₁ relu(W₂ z + h₂) + h₁.
    ShallowPlrnn,
    /// z' = A z + W₁ (relu(W₂ z + h₂) − relu(W₂ z)) + h₁.
    ClippedShallowPlrnn,
}

impl CellName {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Vanilla,
        Self::LeakyRates,
        Self::LeakyCurrents,
        Self::Ugrnn,
        Self::Gru,
        Self::GruResetBefore,
        Self::Lstm,
        Self::PiecewiseLinear,
        Self::AlmostLinear,
        Self::ShallowPlrnn,
        Self::ClippedShallowPlrnn,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vanilla => "vanilla",
            Self::LeakyRates => "leaky-rates",
            Self::LeakyCurrents => "leaky-currents",
            Self::Ugrnn => "ugrnn",
            Self::Gru => "gru",
            Self::GruResetBefore => "gru-reset-before",
            Self::Lstm => "lstm",
            Self::PiecewiseLinear => "piecewise-linear",
            Self::AlmostLinear => "almost-linear",
            Self::ShallowPlrnn => "shallow-plrnn",
            Self::ClippedShallowPlrnn => "clipped-shallow-plrnn",
        }
    }

    /// Blocks of rows of its weights.
    pub(super) fn gates(self) -> usize {
        self.blocks().len()
    }

    /// Its blocks in their order, a letter each.
    pub(super) fn blocks(self) -> &'static str {
        match self {
            Self::Ugrnn => "gc",
            Self::Gru | Self::GruResetBefore => "rzn",
            Self::Lstm => "ifgo",
            _ => "h",
        }
    }

    pub(super) fn is_rate(self) -> bool {
        matches!(self, Self::Vanilla | Self::LeakyRates | Self::LeakyCurrents)
    }
}

impl FromStr for CellName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let cell = Self::ALL.into_iter().find(|cell| cell.name() == text);
        cell.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("no cell is called {text}; the cells are {names}")
        })
    }
}

/// The order in which the blocks of gated cells stand in a file, a letter each: `zrh` of Keras, `ijfo` of old TensorFlow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GateOrder(String);

impl GateOrder {
    /// Which block of the file stands where in PyTorch's order for a cell.
    ///
    /// # Errors
    /// If the letters are not those of the cell, each once.
    pub(super) fn places(&self, cell: CellName) -> Result<Vec<usize>, ForeignError> {
        let places = cell.blocks().chars().map(|block| {
            let names = aliases(block);
            self.0.chars().position(|letter| names.contains(letter))
        });
        let places: Option<Vec<usize>> = places.collect();
        places
            .filter(|places| places.len() == self.0.len())
            .ok_or_else(|| {
                ForeignError::Setting(format!(
                    "--gates {}: the blocks of a {} are {}, each once",
                    crate::text::escaped(&self.0),
                    cell.name(),
                    cell.blocks()
                ))
            })
    }
}

/// Letters by which a block goes.
fn aliases(block: char) -> &'static str {
    match block {
        'n' => "nhca",
        'z' => "zu",
        'g' => "gcj",
        'c' => "cnh",
        'r' => "r",
        'i' => "i",
        'f' => "f",
        _ => "o",
    }
}

impl FromStr for GateOrder {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_order =
            (2..=4).contains(&text.len()) && text.chars().all(|letter| letter.is_ascii_lowercase());
        is_order.then(|| Self(text.to_owned())).ok_or_else(|| {
            "write the blocks in the order of the file, a letter each: zrh, rzn, ifgo, ijfo"
                .to_owned()
        })
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
    /// The framework that the file comes from; by default that whose names are in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Whether matrices multiply from the right, `[inputs][units]`.
    #[serde(skip_serializing_if = "is_false")]
    pub transpose: bool,
    /// The order of the blocks of a gated cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gates: Option<GateOrder>,
    /// Whether the product of low-rank factors is divided by the number of units, W = m nᵀ/N.
    #[serde(skip_serializing_if = "is_false")]
    pub scale_by_units: bool,
    /// How many units of an almost-linear RNN are rectified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rectified: Option<usize>,
    /// Names of tensors that are not the usual ones, or formulas of names.
    pub names: BTreeMap<Role, String>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // It is what serde hands over.
fn is_false(value: &bool) -> bool {
    !value
}
