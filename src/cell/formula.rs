//! The formulas of the cells, one unit at a time, each written once.
//!
//! In every cell here a unit looks at the others through affine pre-activations alone. What it then makes of them
//! and of its own state is its formula; step, Jacobian, higher derivatives and bounds all follow from it.
//!
//! | cell | pre-activations | step |
//! |---|---|---|
//! | vanilla | a = W h + B u + b | h' = φ(a) |
//! | leaky, rates | the same | h' = (1 − α)h + α φ(a) |
//! | leaky, currents | a = W φ(x) + B u + b | x' = (1 − α)x + α a |
//! | leaky, α of each unit | the same, and α | the same with α of the unit |
//! | GRU | a_r, a_z, m = U_n h + b_hn, a_n = W_n u + b_in | h' = (1 − z) n + z h, n = tanh(a_n + r m) |
//! | UGRNN | a_g, a_c | h' = g h + (1 − g) tanh(a_c) |
//! | LSTM | a_i, a_f, a_g, a_o | c' = f c + i g, h' = o tanh(c') |
//! | piecewise-linear | a = W relu(z) + B u + h | z' = A z + a |
//!
//! Gates are written σ(a) and their complements σ(−a), never 1 − σ(a), which loses its digits where a gate
//! saturates.
//!
//! Reduced equations: x = rest(a(x)) has the fixed points of the cell, and sign det(I − ∂rest/∂x) is the index of
//! the full map, since det(I − J) is that determinant times a product of positive factors (α, 1 − z, 1 − g, 1 − f).
//! The residual of the full map carries these factors: at a unit with z = 0.9999, F(h) − h is 10⁻⁴ of what it
//! should be, and a search on it finds fixed points that are none.

use super::spec::{Activation, LeakyForm};
use crate::calculus::Scalar;

/// Pre-activations that a unit of any cell has at most.
pub const MOST_GATES: usize = 4;
/// √(2/π).
const ROOT_2_OVER_PI: f64 = 0.797_884_560_802_865_4;
/// State variables that a unit of any cell has at most.
pub const MOST_STATES: usize = 2;

/// What one unit makes of its pre-activations a and its own state.
///
/// The slices have [`Self::GATES`] and [`Self::STATES`] entries; a cell with one state fills both places of the
/// result.
pub trait Formula: Clone + PartialEq + Send + Sync {
    /// Pre-activations of a unit.
    const GATES: usize;
    /// Pre-activations with recurrent weights; they come first, the others are constants of the unit.
    const RECURRENT_GATES: usize;
    /// State variables of a unit; the first is what other units see.
    const STATES: usize;

    /// What the other units and the readout see of a unit.
    fn feature<S: Scalar>(&self, state: S) -> S {
        state
    }

    /// The unit's next state.
    fn step<S: Scalar>(&self, a: &[S], state: &[S]) -> [S; MOST_STATES];

    /// Where the unit would come to rest if its pre-activations stayed as they are: the fixed points of the network
    /// are those of x ↦ rest(a(x)), with the same indices. `None` where that is no simpler than the step.
    fn rest<S: Scalar>(&self, a: &[S]) -> Option<[S; MOST_STATES]>;

    /// Whether features lie in [−1, 1], whatever the weights.
    ///
    /// Then the state has a trapping box, whatever the weights, and the indices of all fixed points sum to 1.
    fn is_bounded(&self) -> bool;

    /// Whether the fixed points are those of rectified units y = relu(W y + b), and if so, whether the state is y (and not
    /// W y + b).
    fn rectified(&self) -> Option<bool> {
        None
    }

    /// Which of a unit's numbers has a kink at 0 in what becomes of it, where one has.
    fn kink(&self) -> Option<Kink> {
        None
    }

    /// D and s of a unit that steps to D x + s (its input): 1 − α and α of a leaky cell.
    ///
    /// `constants` are the pre-activations of the unit without recurrent weights.
    fn decay_and_share(&self, constants: &[f64]) -> (f64, f64) {
        let _ = constants;
        (0.0, 1.0)
    }
}

/// A number of a unit that its formula treats otherwise above 0 than below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kink {
    /// The first pre-activation.
    Preactivation,
    /// The state, through what other units see of it.
    State,
}

impl Activation {
    /// φ(a).
    pub fn of<S: Scalar>(self, a: S) -> S {
        match self {
            Self::Tanh => a.tanh(),
            Self::Relu => a.relu(),
            Self::Softplus => a.softplus(),
            Self::SharpSoftplus { beta } => a.scaled(beta).softplus().scaled(1.0 / beta),
            Self::Sigmoid => a.sigmoid(),
            Self::Retanh => a.tanh().relu(),
            Self::Elu => a.elu(),
            Self::Gelu => a * a.normal_cdf(),
            Self::GeluTanh => {
                // (1 + tanh y)/2 = σ(2y).
                let cubic = a * (S::constant(1.0) + (a * a).scaled(0.044_715));
                a * cubic.scaled(2.0 * ROOT_2_OVER_PI).sigmoid()
            }
            Self::Identity => a,
        }
    }

    /// Softplus of a β; that of 1 has a name of its own.
    pub fn softplus(beta: f64) -> Self {
        if beta == 1.0 {
            Self::Softplus
        } else {
            Self::SharpSoftplus { beta }
        }
    }

    /// Whether there is a training kernel for it: its slope must follow from its value.
    pub fn is_trainable(self) -> bool {
        !matches!(self, Self::Gelu | Self::GeluTanh)
    }

    /// Whether φ has a kink, which is then at 0.
    pub fn has_kink(self) -> bool {
        matches!(self, Self::Relu | Self::Retanh)
    }

    /// Whether φ stays in [−1, 1].
    pub fn is_bounded(self) -> bool {
        matches!(self, Self::Tanh | Self::Sigmoid | Self::Retanh)
    }
}

/// Vanilla and leaky rate cells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateFormula {
    /// φ.
    pub activation: Activation,
    /// Form and α of a leaky cell.
    pub leak: Option<(LeakyForm, f64)>,
}

impl RateFormula {
    fn is_currents(&self) -> bool {
        matches!(self.leak, Some((LeakyForm::Currents, _)))
    }

    /// What the state relaxes towards.
    fn drive<S: Scalar>(&self, a: S) -> S {
        if self.is_currents() {
            a
        } else {
            self.activation.of(a)
        }
    }
}

impl Formula for RateFormula {
    const GATES: usize = 1;
    const RECURRENT_GATES: usize = 1;
    const STATES: usize = 1;

    fn feature<S: Scalar>(&self, state: S) -> S {
        if self.is_currents() {
            self.activation.of(state)
        } else {
            state
        }
    }

    fn step<S: Scalar>(&self, a: &[S], state: &[S]) -> [S; MOST_STATES] {
        let drive = self.drive(a[0]);
        match self.leak {
            Some((_, alpha)) if alpha < 1.0 => {
                let next = state[0].scaled(1.0 - alpha) + drive.scaled(alpha);
                [next, next]
            }
            _ => [drive; MOST_STATES],
        }
    }

    fn rest<S: Scalar>(&self, a: &[S]) -> Option<[S; MOST_STATES]> {
        self.leak.map(|_| [self.drive(a[0]); MOST_STATES])
    }

    fn is_bounded(&self) -> bool {
        self.activation.is_bounded()
    }

    fn rectified(&self) -> Option<bool> {
        (self.activation == Activation::Relu).then_some(!self.is_currents())
    }

    fn kink(&self) -> Option<Kink> {
        let kink = if self.is_currents() {
            Kink::State
        } else {
            Kink::Preactivation
        };
        self.activation.has_kink().then_some(kink)
    }

    fn decay_and_share(&self, _: &[f64]) -> (f64, f64) {
        self.leak
            .map_or((0.0, 1.0), |(_, alpha)| (1.0 - alpha, alpha))
    }
}

/// Leaky rate cells in which each unit has an α of its own: a = (W r + B u + b, α).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeakyUnitsFormula {
    /// What the state holds.
    pub form: LeakyForm,
    /// φ.
    pub activation: Activation,
}

impl LeakyUnitsFormula {
    /// That of a unit with an α of 1.
    fn unit(&self) -> RateFormula {
        RateFormula {
            activation: self.activation,
            leak: Some((self.form, 1.0)),
        }
    }
}

impl Formula for LeakyUnitsFormula {
    const GATES: usize = 2;
    const RECURRENT_GATES: usize = 1;
    const STATES: usize = 1;

    fn feature<S: Scalar>(&self, state: S) -> S {
        self.unit().feature(state)
    }

    fn step<S: Scalar>(&self, a: &[S], state: &[S]) -> [S; MOST_STATES] {
        let keep = S::constant(1.0) - a[1];
        [keep * state[0] + a[1] * self.unit().drive(a[0]); MOST_STATES]
    }

    fn rest<S: Scalar>(&self, a: &[S]) -> Option<[S; MOST_STATES]> {
        self.unit().rest(a)
    }

    fn is_bounded(&self) -> bool {
        self.activation.is_bounded()
    }

    fn rectified(&self) -> Option<bool> {
        self.unit().rectified()
    }

    fn kink(&self) -> Option<Kink> {
        self.unit().kink()
    }

    fn decay_and_share(&self, constants: &[f64]) -> (f64, f64) {
        let alpha = constants.first().copied().unwrap_or(1.0);
        (1.0 - alpha, alpha)
    }
}

/// Gated recurrent unit in PyTorch's convention: a = (a_r, a_z, m = U_n h + b_hn, a_n = W_n u + b_in).
///
/// F(h) − h = (1 − z)(n − h) and z < 1, so the fixed points solve h = n(h), and det(I − J) = Π(1 − z) det(I − ∂n/∂h)
/// keeps its sign. That equation has no false solutions where z is nearly 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GruFormula;

impl GruFormula {
    fn candidate<S: Scalar>(a: &[S]) -> S {
        (a[3] + a[0].sigmoid() * a[2]).tanh()
    }
}

impl Formula for GruFormula {
    const GATES: usize = 4;
    const RECURRENT_GATES: usize = 3;
    const STATES: usize = 1;

    fn step<S: Scalar>(&self, a: &[S], state: &[S]) -> [S; MOST_STATES] {
        let next = (-a[1]).sigmoid() * Self::candidate(a) + a[1].sigmoid() * state[0];
        [next; MOST_STATES]
    }

    fn rest<S: Scalar>(&self, a: &[S]) -> Option<[S; MOST_STATES]> {
        Some([Self::candidate(a); MOST_STATES])
    }

    fn is_bounded(&self) -> bool {
        true
    }
}

/// Update gate RNN (Collins, Sohl-Dickstein & Sussillo 2017): h' = g h + (1 − g) c, a = (a_g, a_c), g = sigmoid(a_g),
/// c = tanh(a_c).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UgrnnFormula;

impl Formula for UgrnnFormula {
    const GATES: usize = 2;
    const RECURRENT_GATES: usize = 2;
    const STATES: usize = 1;

    fn step<S: Scalar>(&self, a: &[S], state: &[S]) -> [S; MOST_STATES] {
        let next = a[0].sigmoid() * state[0] + (-a[0]).sigmoid() * a[1].tanh();
        [next; MOST_STATES]
    }

    fn rest<S: Scalar>(&self, a: &[S]) -> Option<[S; MOST_STATES]> {
        Some([a[1].tanh(); MOST_STATES])
    }

    fn is_bounded(&self) -> bool {
        true
    }
}

/// Long short-term memory in PyTorch's convention: a = (a_i, a_f, a_g, a_o), state (h, c),
/// c' = sigmoid(a_f) c + sigmoid(a_i) tanh(a_g), h' = sigmoid(a_o) tanh(c').
///
/// At rest c = γ = i g/(1 − f), so the fixed points solve h = o tanh(γ(h)) in half the unknowns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LstmFormula;

impl Formula for LstmFormula {
    const GATES: usize = 4;
    const RECURRENT_GATES: usize = 4;
    const STATES: usize = 2;

    fn step<S: Scalar>(&self, a: &[S], state: &[S]) -> [S; MOST_STATES] {
        let cell = a[1].sigmoid() * state[1] + a[0].sigmoid() * a[2].tanh();
        [a[3].sigmoid() * cell.tanh(), cell]
    }

    fn rest<S: Scalar>(&self, a: &[S]) -> Option<[S; MOST_STATES]> {
        // 1/(1 − sigmoid(a)) = 1 + eᵃ.
        let cell = a[0].sigmoid() * a[2].tanh() * (S::constant(1.0) + a[1].exp());
        Some([a[3].sigmoid() * cell.tanh(), cell])
    }

    fn is_bounded(&self) -> bool {
        true
    }
}

/// Piecewise-linear RNN (Durstewitz 2017): z' = A z + W relu(z) + h with a diagonal A; a = (W relu(z) + h, A).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PiecewiseLinearFormula;

impl Formula for PiecewiseLinearFormula {
    const GATES: usize = 2;
    const RECURRENT_GATES: usize = 1;
    const STATES: usize = 1;

    fn feature<S: Scalar>(&self, state: S) -> S {
        state.relu()
    }

    fn step<S: Scalar>(&self, a: &[S], state: &[S]) -> [S; MOST_STATES] {
        [a[1] * state[0] + a[0]; MOST_STATES]
    }

    fn rest<S: Scalar>(&self, _: &[S]) -> Option<[S; MOST_STATES]> {
        None
    }

    fn is_bounded(&self) -> bool {
        false
    }

    fn rectified(&self) -> Option<bool> {
        Some(false)
    }

    fn kink(&self) -> Option<Kink> {
        Some(Kink::State)
    }

    fn decay_and_share(&self, constants: &[f64]) -> (f64, f64) {
        (constants.first().copied().unwrap_or(0.0), 1.0)
    }
}
