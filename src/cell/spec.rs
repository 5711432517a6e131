//! What a curriculum says of a network, before there are any weights.
//!
//! Values are plain; who makes them in code is responsible for bounds that a curriculum would check
//! (those of `keys`): α in (0, 1], densities in (0, 1], gains not negative, at least one unit.

use serde::{Deserialize, Serialize};

/// Pointwise nonlinearity of a vanilla, leaky or low-rank cell.
///
/// Rectified networks are analysed exactly piece by piece. Where φ is bounded (tanh, sigmoid, retanh) there is a trapping
/// box, and the index theorem holds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Activation {
    /// Hyperbolic tangent.
    Tanh,
    /// max(0, x).
    Relu,
    /// ln(1 + eˣ).
    Softplus,
    /// ln(1 + e^{βx})/β, relu for large β.
    SharpSoftplus {
        /// β, positive; 1 is [`Activation::Softplus`].
        beta: f64,
    },
    /// 1/(1 + e⁻ˣ).
    Sigmoid,
    /// max(0, tanh x).
    Retanh,
    /// x above 0, eˣ − 1 below.
    Elu,
    /// x Φ(x) with the distribution function Φ of the normal distribution. Analysed, not trained.
    Gelu,
    /// x (1 + tanh(√(2/π)(x + 0.044715 x³)))/2, which is near x Φ(x). Analysed, not trained.
    GeluTanh,
    /// x: a linear network.
    Identity,
}

/// Which variable a leaky rate network calls its state.
///
/// With the same W, B and b, the two forms have fixed points that correspond one to one: x* = W h* + B u + b, h* =
/// φ(x*).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeakyForm {
    /// h' = (1−α)h + α φ(W h + B u + b): the state holds firing rates.
    Rates,
    /// x' = (1−α)x + α(W φ(x) + B u + b): the state holds input currents.
    Currents,
}

/// The recurrent cells.
///
/// α = 1 makes a leaky cell of rates a vanilla one.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
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
    /// A leaky cell whose recurrent weights are W = g χ + M Nᵀ/N (Mastrogiuseppe & Ostojic 2018): the factors M and N,
    /// `[units][rank]`, are trained, χ with entries N(0, 1/N) is drawn once and stays.
    LowRank {
        /// What the state holds. Default: currents.
        form: LeakyForm,
        /// φ.
        activation: Activation,
        /// Δt/τ.
        alpha: f64,
        /// Columns of M and N. Default 1.
        rank: usize,
        /// g. Default 0: no random part.
        random_gain: f64,
    },
    /// Piecewise-linear network z' = A z + W relu(z) + B u + h with a diagonal A, which is trained, and a W without
    /// diagonal (Durstewitz 2017). Units and readout see relu(z).
    PiecewiseLinear,
    /// Update gate network (Collins, Sohl-Dickstein & Sussillo 2017): g = σ(a_g), h' = g h + (1 − g) tanh(a_c).
    Ugrnn {
        /// Bias that the gate starts from. Default 0.
        forget_bias: f64,
    },
    /// Gated recurrent unit in PyTorch's convention (reset gate after the recurrent product).
    Gru,
    /// Long short-term memory in PyTorch's convention, c' = σ(a_f) c + σ(a_i) tanh(a_g), h' = σ(a_o) tanh(c'); its
    /// state is (h, c).
    Lstm {
        /// Bias that the forget gate starts from. Default 1.
        forget_bias: f64,
    },
}

/// Number format of training; analysis is always f64.
///
/// f32 is what the field trains in; f64 is for tests, for L-BFGS, and for small tasks with long trials.
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
    /// The state before the first step.
    InitialState,
}

/// The state before the first step of a trial.
#[derive(Debug, Clone, PartialEq)]
pub enum InitialState {
    /// 0.
    Zero,
    /// Trained, from 0.
    Trained,
    /// These values, [`NetworkSpec::state_size`] of them.
    Fixed(Vec<f64>),
    /// N(0, 1) for each value, drawn anew for each trial, in training and in tests.
    Normal,
}

/// Gaussian noise at every time step of training; analysis and probe trials have none.
///
/// In a leaky or low-rank cell both are multiplied by √(2/α), the form of an Euler–Maruyama step (Song, Yang & Wang
/// 2016), so that σ is the deviation of the state itself whatever α is.
///
/// The stationary variance of a leaky unit without recurrent input is σ²/(1 − α/2).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Noise {
    /// σ on the pre-activations of each unit, inside the nonlinearity: in a gated cell on those of the candidate, in a
    /// piecewise-linear one on the state.
    pub recurrent: f64,
    /// σ on each input channel.
    pub input: f64,
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

/// Input channels that have something in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InputGroup {
    /// How many.
    pub channels: usize,
    /// Standard deviation of their weights before training, not negative.
    pub deviation: f64,
    /// Whether their weights are trained. Default yes.
    pub is_trained: bool,
}

/// A recurrent network with a linear readout, as drawn before training.
///
/// The readout is linear, z = V r + c.
///
/// ```
/// use creode::cell::parameters::Parameters;
/// use creode::cell::spec::{CellKind, NetworkSpec};
///
/// let network = NetworkSpec::new(CellKind::Gru, 32, 2, 1);
/// let weights = Parameters::<f32>::initial(&network, 7);
/// // 3 · 32 · (2 + 32 + 1 + 1) in the cell, 32 + 1 in the readout.
/// assert_eq!(weights.values().len(), 3489);
/// assert_eq!(weights, Parameters::<f32>::initial(&network, 7));
/// ```
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
    /// g of the initial recurrent weights, W ~ N(0, g²/N); of a low-rank cell M ~ N(0, 1) and N ~ N(0, g²).
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
    /// The state before the first step.
    pub initial_state: InitialState,
    /// Noise during training.
    pub noise: Noise,
    /// Parts that training leaves as they are.
    pub frozen: Vec<Part>,
    /// Input channels whose weights begin or train otherwise than those of the rest, one group after the other from the first
    /// channel on. Default: none.
    pub input_groups: Vec<InputGroup>,
    /// Outputs feed back to the units of a vanilla or leaky cell over fixed weights drawn uniformly within ± this.
    pub feedback: f64,
}

impl NetworkSpec {
    /// A network in f32 with the default gains, all connections, no constraint, and every part trained.
    pub fn new(cell: CellKind, units: usize, inputs: usize, outputs: usize) -> Self {
        Self {
            cell,
            units,
            inputs,
            outputs,
            recurrent_gain: cell.default_recurrent_gain(),
            input_gain: 1.0,
            precision: Precision::F32,
            excitatory_share: None,
            density: Density {
                recurrent: 1.0,
                input: 1.0,
                readout: 1.0,
            },
            initial_state: InitialState::Zero,
            noise: Noise::default(),
            frozen: Vec::new(),
            input_groups: Vec::new(),
            feedback: 0.0,
        }
    }

    /// Numbers in a state of the network.
    pub fn state_size(&self) -> usize {
        match self.cell {
            CellKind::Lstm { .. } => 2 * self.units,
            _ => self.units,
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
    ///
    /// Of PyTorch's layout: 1, 2 (gate, candidate), 3 (r, z, n), 4 (i, f, g, o).
    pub fn gates(self) -> usize {
        match self {
            Self::Vanilla { .. }
            | Self::Leaky { .. }
            | Self::LowRank { .. }
            | Self::PiecewiseLinear => 1,
            Self::Ugrnn { .. } => 2,
            Self::Gru => 3,
            Self::Lstm { .. } => 4,
        }
    }

    /// Whether each unit acts on the others through one sign at most, so that Dale's law can be asked of it.
    pub fn can_obey_dale(self) -> bool {
        matches!(
            self,
            Self::Vanilla { .. } | Self::Leaky { .. } | Self::PiecewiseLinear
        )
    }

    /// Δt/τ where the cell has one.
    pub fn alpha(self) -> Option<f64> {
        match self {
            Self::Leaky { alpha, .. } | Self::LowRank { alpha, .. } => Some(alpha),
            _ => None,
        }
    }

    /// Recurrent gain of an untrained network: 1, but for the piecewise-linear cell, whose state nothing bounds, 0.4.
    pub fn default_recurrent_gain(self) -> f64 {
        match self {
            Self::PiecewiseLinear => 0.4,
            _ => 1.0,
        }
    }
}
