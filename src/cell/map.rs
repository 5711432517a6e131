//! A cell at a constant input as a map.
//!
//! Everything that analysis asks of a network at rest goes through here: searches, continuation, basins. The
//! readout plays a role only where its outputs feed back.
//!
//! ```
//! use creode::cell::map::CellMap;
//! use creode::map::Map;
//!
//! // One unit with weight 2: F(x) = tanh(2x), within (−1, 1).
//! let unit = CellMap::vanilla(&[2.0], vec![0.0]);
//! let mut next = [0.0];
//! unit.step(&[0.5], &mut next);
//! assert_eq!(next[0], 1.0_f64.tanh());
//! assert_eq!(unit.index_sum(), Some(1));
//! ```

use faer::{Mat, MatMut};

use super::features::{Cell, affine};
use super::feedback::closed_loop;
use super::formula::{
    GruFormula, LeakyUnitsFormula, LstmFormula, PiecewiseLinearFormula, RateFormula, UgrnnFormula,
};
use super::low_rank::LowRank;
use super::parameters::{
    BIAS_HH, BIAS_IH, DIAGONAL, LOW_RANK_M, LOW_RANK_N, Parameters, RANDOM_WEIGHT, READOUT_BIAS,
    READOUT_WEIGHT, WEIGHT_HH, WEIGHT_IH,
};
use super::spec::{Activation, CellKind, NetworkSpec};
use super::staged::{Layer, ShallowPlrnn, StackError, Staged};
use super::unitwise::Unitwise;
use crate::calculus::{Bound, Interval, Jet};
use crate::map::piecewise::PiecewiseAffine;
use crate::map::{Core, Linearised, Map, Part, Rectified, Reduced};

/// Any cell at a constant input.
#[derive(Debug, Clone)]
pub enum CellMap {
    /// Vanilla or leaky rate cell.
    Rate(Unitwise<RateFormula>),
    /// Leaky rate cell in which each unit has an α of its own.
    LeakyUnits(Unitwise<LeakyUnitsFormula>),
    /// Gated recurrent unit.
    Gru(Unitwise<GruFormula>),
    /// Update gate RNN.
    Ugrnn(Unitwise<UgrnnFormula>),
    /// Long short-term memory; its state is (h, c).
    Lstm(Unitwise<LstmFormula>),
    /// Piecewise-linear RNN.
    PiecewiseLinear(Unitwise<PiecewiseLinearFormula>),
    /// Low-rank rate network.
    LowRank(LowRank),
    /// A cell whose step is a chain of stages, such as stacked layers.
    Staged(Staged),
}

/// Evaluates an expression for the cell behind a variant.
macro_rules! for_cell {
    ($map:expr, $cell:ident => $value:expr) => {
        match $map {
            CellMap::Rate($cell) => $value,
            CellMap::LeakyUnits($cell) => $value,
            CellMap::Gru($cell) => $value,
            CellMap::Ugrnn($cell) => $value,
            CellMap::Lstm($cell) => $value,
            CellMap::PiecewiseLinear($cell) => $value,
            CellMap::LowRank($cell) => $value,
            CellMap::Staged($cell) => $value,
        }
    };
}

impl CellMap {
    /// The cell of a network at a constant input. A low-rank cell with a random part is a leaky one with the sum as its
    /// weights.
    ///
    /// `input` has one value for each input channel. Outputs that feed back are taken into the recurrent weights.
    pub fn new(network: &NetworkSpec, parameters: &Parameters<f64>, input: &[f64]) -> Self {
        let closed = closed_loop(parameters);
        let parameters = closed.as_ref().unwrap_or(parameters);
        let recurrent = parameters.get(WEIGHT_HH);
        let bias = parameters.get(BIAS_IH);
        let drive = drive(parameters.get(WEIGHT_IH), bias, input);
        match network.cell {
            CellKind::Vanilla { activation } => Self::rate(
                RateFormula {
                    activation,
                    leak: None,
                },
                recurrent,
                drive,
            ),
            CellKind::Leaky {
                form,
                activation,
                alpha,
            } => Self::rate(
                RateFormula {
                    activation,
                    leak: Some((form, alpha)),
                },
                recurrent,
                drive,
            ),
            CellKind::LowRank {
                form,
                activation,
                alpha,
                ..
            } => {
                let share = 1.0 / network.units as f64;
                let outward = parameters.get(LOW_RANK_M).iter().map(|m| share * m);
                let inward = parameters.get(LOW_RANK_N).to_vec();
                let random = parameters.get(RANDOM_WEIGHT);
                let map = LowRank::new(form, activation, alpha, outward.collect(), inward, drive);
                map.with_random_part(random)
            }
            CellKind::PiecewiseLinear => {
                Self::piecewise_linear(parameters.get(DIAGONAL), recurrent, drive)
            }
            CellKind::Ugrnn { .. } => Self::ugrnn(recurrent, drive),
            CellKind::Gru => Self::gru(recurrent, &drive, parameters.get(BIAS_HH)),
            CellKind::Lstm { .. } => Self::lstm(recurrent, sum(&drive, parameters.get(BIAS_HH))),
        }
    }

    /// A vanilla or leaky cell with recurrent weights `[units][units]` (row-major) and drive B u + b.
    ///
    /// `recurrent` has as many entries as the square of the length of `drive`.
    pub fn rate(formula: RateFormula, recurrent: &[f64], drive: Vec<f64>) -> Self {
        Self::Rate(Unitwise::new(formula, recurrent, drive))
    }

    /// A leaky cell in which each unit has an α of its own in (0, 1], one for each: recurrent weights `[units][units]`
    /// (row-major) and drive B u + b.
    ///
    /// Equal α give the leaky cell of [`rate`](Self::rate), to rounding. On a path between two cells α goes straight, too.
    pub fn rate_with_alphas(
        formula: LeakyUnitsFormula,
        alphas: &[f64],
        recurrent: &[f64],
        mut drive: Vec<f64>,
    ) -> Self {
        drive.extend_from_slice(alphas);
        Self::LeakyUnits(Unitwise::new(formula, recurrent, drive))
    }

    /// A vanilla tanh cell with recurrent weights `[units][units]` (row-major) and drive B u + b.
    pub fn vanilla(recurrent: &[f64], drive: Vec<f64>) -> Self {
        let formula = RateFormula {
            activation: Activation::Tanh,
            leak: None,
        };
        Self::rate(formula, recurrent, drive)
    }

    /// A gated recurrent unit with weights and biases in PyTorch's blocks (r, z, n): recurrent `[3 units][units]`, what
    /// the input and its bias give, `[3 units]`, and the hidden bias, `[3 units]`.
    pub fn gru(recurrent: &[f64], from_input: &[f64], hidden_bias: &[f64]) -> Self {
        let gates = 2 * hidden_bias.len() / 3;
        let mut drive = sum(&from_input[..gates], &hidden_bias[..gates]);
        drive.extend_from_slice(&hidden_bias[gates..]);
        drive.extend_from_slice(&from_input[gates..]);
        Self::Gru(Unitwise::new(GruFormula, recurrent, drive))
    }

    /// An update gate RNN with blocks (gate, candidate): recurrent `[2 units][units]` and drive `[2 units]`.
    pub fn ugrnn(recurrent: &[f64], drive: Vec<f64>) -> Self {
        Self::Ugrnn(Unitwise::new(UgrnnFormula, recurrent, drive))
    }

    /// A long short-term memory with PyTorch's blocks (i, f, g, o): recurrent `[4 units][units]` and drive `[4 units]`,
    /// both biases in it.
    pub fn lstm(recurrent: &[f64], drive: Vec<f64>) -> Self {
        Self::Lstm(Unitwise::new(LstmFormula, recurrent, drive))
    }

    /// A piecewise-linear RNN z' = A z + W relu(z) + h: the diagonal of A, W `[units][units]`, and h.
    pub fn piecewise_linear(diagonal: &[f64], recurrent: &[f64], mut drive: Vec<f64>) -> Self {
        drive.extend_from_slice(diagonal);
        Self::PiecewiseLinear(Unitwise::new(PiecewiseLinearFormula, recurrent, drive))
    }

    /// Layers on each other, the lowest first. Layer k sees what layer k − 1 sends *after* its step, as in PyTorch; the
    /// state is (state of the lowest, state of the next, …), for an LSTM each (h, c); the readout sees the uppermost.
    ///
    /// One layer alone is its cell.
    ///
    /// ```
    /// use creode::cell::map::CellMap;
    /// use creode::cell::staged::Layer;
    /// use creode::map::Map;
    ///
    /// // h₁' = tanh(0.5 h₁ + 1), h₂' = tanh(2 h₂ − h₁').
    /// let layer = |weight, drive, from_below| Layer {
    ///     cell: CellMap::vanilla(&[weight], vec![drive]),
    ///     from_below,
    /// };
    /// let stack = CellMap::stack(vec![layer(0.5, 1.0, vec![]), layer(2.0, 0.0, vec![-1.0])])?;
    /// let mut next = [0.0; 2];
    /// stack.step(&[0.0, 0.1], &mut next);
    /// assert_eq!(next[0], 1.0_f64.tanh());
    /// assert_eq!(next[1], (0.2 - next[0]).tanh());
    /// # Ok::<(), creode::cell::staged::StackError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If there is no layer, or one has weights from below of another shape than its cell and the layer below ask for.
    pub fn stack(mut layers: Vec<Layer>) -> Result<Self, StackError> {
        if let [only] = &mut layers[..] {
            return Ok(only.cell.clone());
        }
        Ok(Self::Staged(Staged::stack(&layers)?))
    }

    /// A GRU whose reset gate acts on the state before the product (Cho et al. 2014; Keras with `reset_after=False`):
    /// h' = (1 − z) tanh(U_n (r ∘ h) + W_n u + b_n) + z h. Weights and biases in blocks (r, z, n): recurrent
    /// `[3 units][units]` row-major and drive W u + b, `[3 units]`, all biases in it.
    ///
    /// Where a framework lets 1 − z do what z does here, its z block (weights and drive) must be negated first.
    pub fn gru_reset_before(recurrent: &[f64], drive: &[f64]) -> Self {
        Self::Staged(Staged::gru_reset_before(recurrent, drive))
    }

    /// A long short-term memory with projected output (PyTorch's `proj_size`): h' = W_hr (o ∘ tanh c'), gates from h; its
    /// state is (h, c), `[projected + units]`. PyTorch's blocks (i, f, g, o): recurrent `[4 units][projected]` row-major,
    /// drive `[4 units]` with both biases in it, and the projection W_hr `[projected][units]`.
    pub fn lstm_projected(recurrent: &[f64], drive: &[f64], projection: &[f64]) -> Self {
        Self::Staged(Staged::lstm_projected(recurrent, drive, projection))
    }

    /// A shallow PLRNN z' = A z + W₁ relu(W₂ z + h₂) + h₁, or if clipped z' = A z + W₁ (relu(W₂ z + h₂) − relu(W₂ z)) + h₁
    /// (Hess, Monfared, Brenner & Durstewitz 2023, Generalized teacher forcing for learning chaotic dynamics).
    pub fn shallow_plrnn(parts: &ShallowPlrnn<'_>) -> Self {
        Self::Staged(Staged::shallow_plrnn(parts))
    }

    /// An almost-linear RNN z' = A z + W φ(z) + h, in which φ rectifies the last `rectified` of z and leaves the others (Brenner,
    /// Hemmer, Monfared & Durstewitz 2024, Almost-linear RNNs yield highly interpretable symbolic codes): the diagonal of A
    /// `[dim]`, W `[dim][dim]` row-major, h `[dim]`.
    pub fn almost_linear(
        diagonal: &[f64],
        recurrent: &[f64],
        drive: &[f64],
        rectified: usize,
    ) -> Self {
        Self::Staged(Staged::almost_linear(diagonal, recurrent, drive, rectified))
    }

    /// The cell with its recurrent weights multiplied by a gain: those of all layers, of a shallow PLRNN W₁.
    pub fn with_gain(&self, gain: f64) -> Self {
        match self {
            Self::Rate(cell) => Self::Rate(cell.with_gain(gain)),
            Self::LeakyUnits(cell) => Self::LeakyUnits(cell.with_gain(gain)),
            Self::Gru(cell) => Self::Gru(cell.with_gain(gain)),
            Self::Ugrnn(cell) => Self::Ugrnn(cell.with_gain(gain)),
            Self::Lstm(cell) => Self::Lstm(cell.with_gain(gain)),
            Self::PiecewiseLinear(cell) => Self::PiecewiseLinear(cell.with_gain(gain)),
            Self::LowRank(cell) => Self::LowRank(cell.with_gain(gain)),
            Self::Staged(cell) => Self::Staged(cell.with_gain(gain)),
        }
    }

    /// The cell behind the variant.
    pub fn cell(&self) -> &dyn Cell {
        for_cell!(self, cell => cell)
    }
}

/// The variant of a kind of cell.
macro_rules! from_cell {
    ($($cell:ty => $kind:ident,)*) => {
        $(impl From<$cell> for CellMap {
            fn from(cell: $cell) -> Self {
                Self::$kind(cell)
            }
        })*
    };
}

from_cell! {
    Unitwise<RateFormula> => Rate,
    Unitwise<LeakyUnitsFormula> => LeakyUnits,
    Unitwise<GruFormula> => Gru,
    Unitwise<UgrnnFormula> => Ugrnn,
    Unitwise<LstmFormula> => Lstm,
    Unitwise<PiecewiseLinearFormula> => PiecewiseLinear,
    LowRank => LowRank,
    Staged => Staged,
}

impl Map for CellMap {
    fn dim(&self) -> usize {
        for_cell!(self, cell => cell.dim())
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        for_cell!(self, cell => cell.step(point, out));
    }

    fn step_batch(&self, points: &[f64], out: &mut [f64]) {
        for_cell!(self, cell => cell.step_batch(points, out));
    }

    fn linearised(&self, points: &[f64]) -> Option<Box<dyn Linearised + '_>> {
        for_cell!(self, cell => cell.linearised(points))
    }

    fn jacobian(&self, point: &[f64], out: MatMut<'_, f64>) {
        for_cell!(self, cell => cell.jacobian(point, out));
    }

    fn jacobians_beside(&self, point: &[f64]) -> Vec<Mat<f64>> {
        for_cell!(self, cell => cell.jacobians_beside(point))
    }

    fn jet(&self, curve: &[Jet]) -> Vec<Jet> {
        for_cell!(self, cell => cell.jet(curve))
    }

    fn bounds(&self, state: &[Bound]) -> Option<Vec<Bound>> {
        for_cell!(self, cell => cell.bounds(state))
    }

    fn image_of_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        for_cell!(self, cell => cell.image_of_box(region))
    }

    fn jacobian_over_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        for_cell!(self, cell => cell.jacobian_over_box(region))
    }

    fn trapping_box(&self) -> Option<Vec<f64>> {
        for_cell!(self, cell => cell.trapping_box())
    }

    fn q_floor(&self, point: &[f64]) -> f64 {
        for_cell!(self, cell => cell.q_floor(point))
    }

    fn rectified(&self) -> Option<Rectified> {
        for_cell!(self, cell => cell.rectified())
    }

    fn piecewise(&self) -> Option<PiecewiseAffine> {
        for_cell!(self, cell => cell.piecewise())
    }

    fn blocks(&self) -> Vec<Vec<usize>> {
        for_cell!(self, cell => cell.blocks())
    }

    fn block(&self, units: &[usize], state: &[f64]) -> Option<Part<'_>> {
        for_cell!(self, cell => cell.block(units, state))
    }

    fn reduced(&self) -> Option<Box<dyn Reduced + '_>> {
        for_cell!(self, cell => cell.reduced())
    }

    fn jacobian_core(&self, point: &[f64]) -> Option<Core> {
        for_cell!(self, cell => cell.jacobian_core(point))
    }
}

/// A linear readout.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Readout {
    /// `[outputs][features]`.
    pub weight: Vec<f64>,
    /// One for each output.
    pub bias: Vec<f64>,
}

impl Readout {
    /// That of a trained network.
    pub fn of(parameters: &Parameters<f64>) -> Self {
        Self {
            weight: parameters.get(READOUT_WEIGHT).to_vec(),
            bias: parameters.get(READOUT_BIAS).to_vec(),
        }
    }

    /// The output for given features.
    pub fn output(&self, features: &[f64]) -> Vec<f64> {
        affine(&self.weight, features, &self.bias)
    }
}

/// a + b, element by element.
fn sum(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// The pre-activations that a constant input and the bias alone give.
fn drive(weight: &[f64], bias: &[f64], input: &[f64]) -> Vec<f64> {
    if input.is_empty() {
        bias.to_vec()
    } else {
        affine(weight, input, bias)
    }
}

impl LowRank {
    /// The network with more connections, `[units][units]` row-major, beside its factors: then nothing is low-rank, and
    /// it is a leaky cell with the sum as its weights. Without more, it stays.
    pub fn with_random_part(self, random: &[f64]) -> CellMap {
        if random.is_empty() {
            return CellMap::LowRank(self);
        }
        let (formula, weights, drive) = self.with_whole_weights(random);
        CellMap::rate(formula, &weights, drive)
    }
}
