//! What is compared: one network at a moment, as plain data.

use crate::nouns::PointKind;

/// A network at a moment: its states on probe trials, and its landscapes.
#[derive(Debug, Clone, PartialEq)]
pub struct Portrait {
    /// Name of its run.
    pub name: String,
    /// The training step.
    pub step: u64,
    /// What its probe trials are of: a task with its parameters. Portraits whose words differ saw other trials.
    pub probe: String,
    /// Its states on the probe trials.
    pub states: TrialStates,
    /// One landscape for each constant input, in the order of the probes.
    pub landscapes: Vec<Landscape>,
}

/// States on trials.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialStates {
    /// Time steps of a trial.
    pub steps: usize,
    /// Trials.
    pub trials: usize,
    /// State variables.
    pub units: usize,
    /// `[steps, trials, units]`.
    pub states: Vec<f32>,
}

/// The fixed points at one constant input, and what leads from one to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Landscape {
    /// Name of the constant input.
    pub condition: String,
    /// Whether the list of fixed points is known, or held by its index sum, to be complete.
    pub is_complete: bool,
    /// The fixed points.
    pub points: Vec<Point>,
    /// What leads from one to another; `None` if nobody looked.
    pub edges: Option<Vec<Edge>>,
}

/// A fixed point.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// What it is.
    pub kind: PointKind,
    /// Eigenvalues outside the unit circle.
    pub n_unstable: usize,
    /// Sign of det(I − J).
    pub index: i8,
    /// Where it is, one value a state variable.
    pub state: Vec<f64>,
    /// Output of the network there.
    pub readout: Vec<f64>,
    /// Eigenvalues, `[re, im]`, the leading one first; both of a complex pair.
    pub spectrum: Vec<[f64; 2]>,
    /// Share of the states of the task that end there; `None` of points that are not stable.
    pub basin: Option<f64>,
}

/// What leads from one fixed point to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Edge {
    /// Place of the point that it leaves.
    pub from: usize,
    /// Place of the point that it leads to.
    pub to: usize,
    /// By what.
    pub cause: Cause,
}

/// By what one leaves a fixed point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// Along its unstable manifold.
    Manifold,
    /// By a pulse of the task, by its number.
    Pulse(u16),
}
