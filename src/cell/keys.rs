//! What a curriculum can say of a network: the names of the cells, the keys of `[network]`, their bounds and defaults.
//!
//! A cell declares its keys where its parameters are; the reader of curricula, the list of allowed keys in an error
//! message and the resolved file all walk over the same declaration.

use std::str::FromStr;

use super::spec::{
    Activation, CellKind, InitialState, InputGroup, LeakyForm, NetworkSpec, Precision,
};
use crate::parameters::{
    ANY, ChoiceOrList, FRACTION, KeysOfVariants, NOT_NEGATIVE, POSITIVE, ParameterVisitor, Variant,
    choose, names,
};

const MAX_CHANNELS: usize = 4096;

const FORMS: [(&str, LeakyForm); 2] = [
    ("currents", LeakyForm::Currents),
    ("rates", LeakyForm::Rates),
];
const INITIAL_STATES: [&str; 3] = ["zero", "trained", "normal"];
const PRECISIONS: [(&str, Precision); 2] = [("f32", Precision::F32), ("f64", Precision::F64)];

impl Activation {
    /// All by name; softplus stands for that of every β.
    pub const NAMED: [(&'static str, Self); 9] = [
        ("tanh", Self::Tanh),
        ("relu", Self::Relu),
        ("softplus", Self::Softplus),
        ("sigmoid", Self::Sigmoid),
        ("retanh", Self::Retanh),
        ("elu", Self::Elu),
        ("identity", Self::Identity),
        ("gelu", Self::Gelu),
        ("gelu-tanh", Self::GeluTanh),
    ];

    /// The name, and of a softplus its β.
    pub fn told(self) -> String {
        if let Self::SharpSoftplus { beta } = self {
            return format!("softplus:{beta}");
        }
        let found = Self::NAMED.into_iter().find(|(_, of)| *of == self);
        found.map_or_else(String::new, |(name, _)| name.to_owned())
    }

    /// Walks over the key `activation`, which knows those that can be trained, and, of a softplus, over `beta`.
    fn parameter(&mut self, visitor: &mut dyn ParameterVisitor) {
        let (mut named, mut beta) = match *self {
            Self::SharpSoftplus { beta } => (Self::Softplus, beta),
            other => (other, 1.0),
        };
        let trained: Vec<_> = Self::NAMED
            .into_iter()
            .filter(|(_, activation)| activation.is_trainable())
            .collect();
        visitor.one_of("activation", &mut named, &trained);
        if named == Self::Softplus && visitor.gives("beta", beta != 1.0) {
            visitor.real("beta", &mut beta, POSITIVE);
            named = Self::softplus(beta);
        }
        *self = named;
    }
}

impl FromStr for Activation {
    type Err = String;

    /// By name; `softplus:5` is that of β = 5.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(beta) = text.strip_prefix("softplus:") {
            let beta = beta.parse::<f64>().ok();
            return beta
                .filter(|beta| beta.is_finite() && *beta > 0.0)
                .map(Self::softplus)
                .ok_or_else(|| {
                    format!("{text}: β of a softplus is a positive number, as in softplus:5")
                });
        }
        let found = Self::NAMED.into_iter().find(|(name, _)| *name == text);
        found.map(|(_, activation)| activation).ok_or_else(|| {
            let names = Self::NAMED.map(|(name, _)| name).join(", ");
            format!("no activation is called {text}; there are {names}")
        })
    }
}

impl Variant for CellKind {
    /// Of the parameters beside the name, `alpha` has no default.
    fn all() -> Vec<Self> {
        let activation = Activation::Tanh;
        let leaky = |form| Self::Leaky {
            form,
            activation,
            alpha: 1.0,
        };
        vec![
            Self::Vanilla { activation },
            leaky(LeakyForm::Rates),
            leaky(LeakyForm::Currents),
            Self::Gru,
            Self::Lstm { forget_bias: 1.0 },
            Self::Ugrnn { forget_bias: 0.0 },
            Self::LowRank {
                form: LeakyForm::Currents,
                activation,
                alpha: 1.0,
                rank: 1,
                random_gain: 0.0,
            },
            Self::PiecewiseLinear,
        ]
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Vanilla { .. } => "vanilla",
            Self::Leaky {
                form: LeakyForm::Rates,
                ..
            } => "leaky-rates",
            Self::Leaky {
                form: LeakyForm::Currents,
                ..
            } => "leaky-currents",
            Self::Gru => "gru",
            Self::Lstm { .. } => "lstm",
            Self::Ugrnn { .. } => "ugrnn",
            Self::LowRank { .. } => "low-rank",
            Self::PiecewiseLinear => "piecewise-linear",
        }
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        match self {
            Self::Vanilla { activation } => activation.parameter(visitor),
            Self::Leaky {
                activation,
                alpha,
                form: _,
            } => {
                activation.parameter(visitor);
                visitor.real("alpha", alpha, FRACTION);
            }
            Self::LowRank {
                form,
                activation,
                alpha,
                rank,
                random_gain,
            } => {
                visitor.one_of("form", form, &FORMS);
                activation.parameter(visitor);
                visitor.real("alpha", alpha, FRACTION);
                visitor.count("rank", rank, 1..=1024);
                visitor.real("random_gain", random_gain, NOT_NEGATIVE);
            }
            Self::Ugrnn { forget_bias } | Self::Lstm { forget_bias } => {
                visitor.real("forget_bias", forget_bias, ANY);
            }
            Self::PiecewiseLinear | Self::Gru => {}
        }
    }
}

impl NetworkSpec {
    /// Walks over the keys of `[network]`.
    pub fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        if choose("cell", &mut self.cell, visitor) {
            self.recurrent_gain = self.cell.default_recurrent_gain();
        }
        self.what_not_every_cell_has(visitor);
        visitor.count("units", &mut self.units, 1..=16_384);
        visitor.count("inputs", &mut self.inputs, 1..=MAX_CHANNELS);
        visitor.count("outputs", &mut self.outputs, 1..=MAX_CHANNELS);
        visitor.real("recurrent_gain", &mut self.recurrent_gain, NOT_NEGATIVE);
        visitor.real("input_gain", &mut self.input_gain, NOT_NEGATIVE);
        if visitor.gives("feedback", self.feedback > 0.0) {
            visitor.real("feedback", &mut self.feedback, NOT_NEGATIVE);
        }
        visitor.one_of("precision", &mut self.precision, &PRECISIONS);
        visitor.real("input_density", &mut self.density.input, FRACTION);
        visitor.real("readout_density", &mut self.density.readout, FRACTION);
        self.initial_state.parameter(visitor);
        visitor.real("recurrent_noise", &mut self.noise.recurrent, NOT_NEGATIVE);
        visitor.real("input_noise", &mut self.noise.input, NOT_NEGATIVE);
    }

    fn what_not_every_cell_has(&mut self, visitor: &mut dyn ParameterVisitor) {
        self.cell.parameters(visitor);
        if self.cell.can_obey_dale()
            && visitor.gives("excitatory_share", self.excitatory_share.is_some())
        {
            let mut share = self.excitatory_share.unwrap_or(1.0);
            visitor.real("excitatory_share", &mut share, FRACTION);
            self.excitatory_share = Some(share);
        }
        if !matches!(self.cell, CellKind::LowRank { .. }) {
            visitor.real("recurrent_density", &mut self.density.recurrent, FRACTION);
        }
    }

    /// The keys that not every cell has, by cell.
    pub fn keys_of_cells() -> KeysOfVariants {
        let of = |cell: CellKind| {
            let mut network = Self::new(cell, 1, 1, 1);
            let keys = names(|visitor| network.what_not_every_cell_has(visitor));
            (cell.name(), keys)
        };
        CellKind::all().into_iter().map(of).collect()
    }
}

impl InputGroup {
    /// Walks over the keys of a section `[[network.input_group]]`.
    pub fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        visitor.count("channels", &mut self.channels, 1..=MAX_CHANNELS);
        visitor.real("deviation", &mut self.deviation, NOT_NEGATIVE);
        visitor.flag("trained", &mut self.is_trained);
    }
}

impl InitialState {
    fn parameter(&mut self, visitor: &mut dyn ParameterVisitor) {
        let mut value = match self {
            Self::Zero => ChoiceOrList::Choice(0),
            Self::Trained => ChoiceOrList::Choice(1),
            Self::Normal => ChoiceOrList::Choice(2),
            Self::Fixed(values) => ChoiceOrList::List(values.clone()),
        };
        visitor.choice_or_list("initial_state", &mut value, &INITIAL_STATES);
        *self = match value {
            ChoiceOrList::Choice(0) => Self::Zero,
            ChoiceOrList::Choice(1) => Self::Trained,
            ChoiceOrList::Choice(_) => Self::Normal,
            ChoiceOrList::List(values) => Self::Fixed(values),
        };
    }
}
