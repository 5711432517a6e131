//! What the units of a stage do.

use crate::calculus::Scalar;
use crate::cell::formula::{
    Formula, GruFormula, Kink, LeakyUnitsFormula, LstmFormula, MOST_STATES, PiecewiseLinearFormula,
    RateFormula, UgrnnFormula,
};
use crate::cell::spec::{Activation, LeakyForm};

/// The formula of a unit of any cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Unit {
    Rate(RateFormula),
    LeakyUnits(LeakyUnitsFormula),
    Gru,
    Ugrnn,
    Lstm,
    PiecewiseLinear,
}

/// Evaluates an expression for the formula of a unit.
macro_rules! for_unit {
    ($unit:expr, $formula:ident => $value:expr) => {
        match $unit {
            Unit::Rate($formula) => $value,
            Unit::LeakyUnits($formula) => $value,
            Unit::Gru => {
                let $formula = GruFormula;
                $value
            }
            Unit::Ugrnn => {
                let $formula = UgrnnFormula;
                $value
            }
            Unit::Lstm => {
                let $formula = LstmFormula;
                $value
            }
            Unit::PiecewiseLinear => {
                let $formula = PiecewiseLinearFormula;
                $value
            }
        }
    };
}

/// What each unit of a stage makes of its pre-activations and of numbers of its own, which are coordinates of the state or
/// results of earlier stages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Function {
    /// The next state of a unit; its own are its state, of an LSTM c alone.
    Step(Unit),
    /// Where the unit would come to rest; its own are those of the step, unless they do not matter at rest.
    Rest(Unit),
    /// What others see of a unit: of its own state.
    Feature(Unit),
    /// σ(a) times its own: a state behind a reset gate.
    Reset,
}

/// Which variable of a unit has a kink at 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KinkAt {
    /// The first pre-activation.
    Preactivation,
    /// The first of its own.
    Own,
}

impl Unit {
    /// φ of the sum, without a state of its own.
    pub(super) fn of_sum(activation: Activation) -> Self {
        Self::Rate(RateFormula {
            activation,
            leak: None,
        })
    }

    fn states(self) -> usize {
        fn of<F: Formula>(_: F) -> usize {
            F::STATES
        }
        for_unit!(self, formula => of(formula))
    }

    fn gates(self) -> usize {
        fn of<F: Formula>(_: F) -> usize {
            F::GATES
        }
        for_unit!(self, formula => of(formula))
    }

    pub(super) fn recurrent_gates(self) -> usize {
        fn of<F: Formula>(_: F) -> usize {
            F::RECURRENT_GATES
        }
        for_unit!(self, formula => of(formula))
    }

    fn kink(self) -> Option<Kink> {
        for_unit!(self, formula => formula.kink())
    }

    pub(super) fn is_bounded(self) -> bool {
        for_unit!(self, formula => formula.is_bounded())
    }

    /// Whether its state holds currents, of which others see φ.
    pub(super) fn is_currents(self) -> bool {
        match self {
            Self::Rate(formula) => matches!(formula.leak, Some((LeakyForm::Currents, _))),
            Self::LeakyUnits(formula) => formula.form == LeakyForm::Currents,
            Self::Gru | Self::Ugrnn | Self::Lstm | Self::PiecewiseLinear => false,
        }
    }

    /// Whether others see something else of a unit than the first number of its state.
    pub(super) fn has_feature(self) -> bool {
        self.is_currents() || self == Self::PiecewiseLinear
    }

    /// Whether the next state depends on the unit's own state, the pre-activations given.
    fn has_own(self) -> bool {
        !matches!(self, Self::Rate(RateFormula { leak: None, .. }))
    }

    fn has_rest(self) -> bool {
        for_unit!(self, formula => formula.rest::<f64>(&[0.0; 4]).is_some())
    }
}

impl Function {
    /// Pre-activations of each unit.
    pub(super) fn gates(self) -> usize {
        match self {
            Self::Step(unit) | Self::Rest(unit) => unit.gates(),
            Self::Feature(_) => 0,
            Self::Reset => 1,
        }
    }

    /// Results of each unit.
    pub(super) fn results(self) -> usize {
        match self {
            Self::Step(unit) | Self::Rest(unit) => unit.states(),
            Self::Feature(_) | Self::Reset => 1,
        }
    }

    /// Numbers of its own that each unit has.
    pub(super) fn owns(self) -> usize {
        match self {
            Self::Step(unit) => usize::from(unit.has_own()),
            Self::Rest(_) => 0,
            Self::Feature(_) | Self::Reset => 1,
        }
    }

    /// The results; those that there are not repeat the first.
    pub(super) fn of<S: Scalar>(self, a: &[S], own: &[S]) -> [S; MOST_STATES] {
        match self {
            Self::Step(unit) => for_unit!(unit, formula => formula.step(a, &[own[0]; MOST_STATES])),
            Self::Rest(unit) => for_unit!(unit, formula => formula
                .rest(a)
                .unwrap_or_else(|| formula.step(a, &[own[0]; MOST_STATES]))),
            Self::Feature(unit) => {
                [for_unit!(unit, formula => formula.feature(own[0])); MOST_STATES]
            }
            Self::Reset => [a[0].sigmoid() * own[0]; MOST_STATES],
        }
    }

    /// The function at rest: the same where that is no simpler.
    pub(super) fn at_rest(self) -> Self {
        match self {
            Self::Step(unit) if unit.has_rest() => Self::Rest(unit),
            other => other,
        }
    }

    /// The variable that has a kink, where one has.
    pub(super) fn kink(self) -> Option<KinkAt> {
        match self {
            Self::Step(unit) | Self::Rest(unit) => {
                (unit.kink()? == Kink::Preactivation).then_some(KinkAt::Preactivation)
            }
            Self::Feature(unit) => (unit.kink()? == Kink::State).then_some(KinkAt::Own),
            Self::Reset => None,
        }
    }
}
