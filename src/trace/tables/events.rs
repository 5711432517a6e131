//! The bifurcations between checkpoints.

use super::declare::{group, table};
use super::value::named;

table! {
    /// One bifurcation between two checkpoints; can be derived again from weights and fixed points.
    #[table = "events"]
    #[belongs(to_step = Step)]
    pub struct EventRow {
        /// Name of the probe input.
        pub condition: String,
        /// Training step of the checkpoint before the event.
        #[unit = "training step"]
        pub from_step: u64,
        /// Training step of the checkpoint after it.
        #[unit = "training step"]
        pub to_step: u64,
        /// Where between the two, 0 to 1: every stored tensor, and the constant input, is (1 - s) times the one of the
        /// checkpoint before plus s times the one of that after.
        pub position: f64,
        /// LP fold, BP branch point, PD period doubling, NS Neimark-Sacker, BC border collision, INF a fixed point goes
        /// to infinity, ? unclassified; hints at global bifurcations: hint SNIC, hint HC homoclinic, hint LPC fold of
        /// cycles, hint CR crisis.
        pub kind: String,
        /// located (to rounding) or bracketed (position is near it).
        pub status: Status,
        /// Real part of the critical eigenvalue; NaN at a BC, which has none.
        pub multiplier_re: f64,
        /// Imaginary part of the critical eigenvalue, not negative.
        pub multiplier_im: f64,
        /// Normal-form coefficient: a (LP), c or a (BP), b (PD), Re d (NS); of a BC det(I-J) with the unit active,
        /// divided by the same without.
        pub coefficient: Option<f64>,
        /// supercritical, subcritical or degenerate (BP, PD, NS); fold, flip or persistence (BC).
        pub criticality: Option<String>,
        /// 1 if a pair of fixed points appears, -1 if one vanishes, else 0.
        pub pair_change: i8,
        /// The branches that meet here, as the table branches numbers them.
        pub branches: Vec<u32>,
        /// The point in state space, one value a state variable.
        pub state: Vec<f64>,
        /// Loss of training step to_step.
        pub loss: Option<f64>,
        /// Gradient norm of training step to_step.
        pub grad_norm: Option<f64>,
        /// What is born at a flip, Neimark-Sacker point or border collision.
        pub born: Option<BornRow>,
        /// How well a scaling law fits, of a hint at a global bifurcation.
        pub hint: Option<HintRow>,
    }
}

group! {
    /// The cycle or closed curve that is born at an event.
    #[prefix = "born_"]
    pub struct BornRow {
        /// What is born at PD, NS or BC exists at higher (1) or lower (-1) positions.
        #[later]
        pub side: i8,
        /// Steps of one turn of it: 2 of a cycle, the inverse of the rotation number of a curve.
        #[unit = "time step"]
        #[later]
        pub period: f64,
        /// Distance in position at which it was looked at.
        #[later]
        pub distance: f64,
        /// Its amplitude there along the critical eigenvector of length 1; null if it was not found.
        #[later]
        pub amplitude: Option<f64>,
        /// The same by the normal form.
        #[later]
        pub predicted: f64,
        /// stable or unstable.
        #[later]
        pub stability: Stability,
    }
}

group! {
    /// The scaling law behind a hint.
    #[prefix = "hint_"]
    pub struct HintRow {
        /// Fitted exponent of the scaling law of a hint (hint HC: slope of the period against the logarithm of the
        /// distance).
        #[later]
        pub exponent: f64,
        /// Share of the variance that this fit explains.
        #[later]
        pub r_squared: f64,
    }
}

/// How well the position of an event is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// To rounding.
    Located,
    /// The event is near it.
    Bracketed,
}

impl Status {
    /// Name in the column `status`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Located => "located",
            Self::Bracketed => "bracketed",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Located, Self::Bracketed]
            .into_iter()
            .find(|of| of.name() == name)
    }
}

/// Whether what is born at an event attracts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stability {
    /// It attracts.
    Stable,
    /// It repels, in one direction at least.
    Unstable,
}

impl Stability {
    /// Name in the column `born_stability`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Unstable => "unstable",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Stable, Self::Unstable]
            .into_iter()
            .find(|of| of.name() == name)
    }
}

named! {
    Status: Bracketed,
    Stability: Unstable,
}
