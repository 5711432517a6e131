//! The rows of a trace as plain values: what the lab hands to the writer and the reader hands to a screen.

/// One training step (`steps`).
#[derive(Debug, Clone, PartialEq)]
pub struct StepRow {
    /// Training step, counted from 1; the network before any training is step 0 and has no row.
    pub step: u64,
    /// Stage of the curriculum, counted from 0.
    pub stage: u32,
    /// Name of the task of that stage.
    pub task: String,
    /// Loss on the batch of this step, before the update.
    pub loss: f64,
    /// Accuracy on the batch of this step, before the update, in 0..=1.
    pub accuracy: f64,
    /// Euclidean norm of the gradient, before clipping.
    pub grad_norm: f64,
    /// Learning rate of this step.
    pub learning_rate: f64,
    /// Euclidean norm of all parameters after the update.
    pub weight_norm: f64,
    /// Seconds of training since the run began, over all its sessions.
    pub wall_secs: f64,
}

/// What a fixed point is, by its eigenvalues (maps: inside or outside the unit circle).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// All eigenvalues inside the unit circle, the leading one real.
    StableNode,
    /// All inside, the leading pair complex.
    StableFocus,
    /// Some inside, some outside.
    Saddle,
    /// All outside.
    Repeller,
    /// An eigenvalue within rounding error of the unit circle: not decided.
    Marginal,
}

impl Kind {
    /// Name in the `kind` column.
    pub fn name(self) -> &'static str {
        match self {
            Self::StableNode => "stable_node",
            Self::StableFocus => "stable_focus",
            Self::Saddle => "saddle",
            Self::Repeller => "repeller",
            Self::Marginal => "marginal",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::StableNode,
            Self::StableFocus,
            Self::Saddle,
            Self::Repeller,
            Self::Marginal,
        ]
        .into_iter()
        .find(|kind| kind.name() == name)
    }
}

/// How a fixed point was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// From a point of a neighbouring checkpoint.
    Tracked,
    /// From a start of the search.
    Searched,
}

impl Found {
    /// Name in the `found` column.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tracked => "tracked",
            Self::Searched => "searched",
        }
    }

    /// The value of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Tracked, Self::Searched]
            .into_iter()
            .find(|found| found.name() == name)
    }
}

/// One fixed point of one checkpoint at one probe input (`fixed_points`).
#[derive(Debug, Clone, PartialEq)]
pub struct FixedPointRow {
    /// Number of the checkpoint, counted from 0.
    pub checkpoint: u32,
    /// Training step of the checkpoint.
    pub step: u64,
    /// Name of the probe input.
    pub condition: String,
    /// Identity of the point's branch within the run and condition.
    pub point: u32,
    /// Kind.
    pub kind: Kind,
    /// The point in state space.
    pub state: Vec<f64>,
    /// ½‖F(x)−x‖², in f64 at the stored point.
    pub q: f64,
    /// Radius within which a certificate proves a unique fixed point.
    pub radius: Option<f64>,
    /// Number of eigenvalues outside the unit circle.
    pub n_unstable: u16,
    /// Real part of the leading eigenvalue.
    pub multiplier_re: f64,
    /// Imaginary part of the leading eigenvalue, not negative.
    pub multiplier_im: f64,
    /// sign det(I−J).
    pub index: i8,
    /// Output of the network at the point.
    pub readout: Vec<f64>,
    /// Share of sampled states that end here.
    pub basin_fraction: Option<f64>,
    /// How it was found.
    pub found: Found,
    /// The point in the run's fixed projection.
    pub pc: [f64; 3],
}

/// One slow point: a minimum of q that is no fixed point (`slow_points`).
#[derive(Debug, Clone, PartialEq)]
pub struct SlowPointRow {
    /// Number of the checkpoint, counted from 0.
    pub checkpoint: u32,
    /// Training step of the checkpoint.
    pub step: u64,
    /// Name of the probe input.
    pub condition: String,
    /// The point in state space.
    pub state: Vec<f64>,
    /// ½‖F(x)−x‖² there.
    pub q: f64,
    /// Smallest singular value of I − J; 0 at an exact minimum of q.
    pub smallest_singular_value: f64,
    /// ‖(I−J)ᵀ(x−F)‖ relative to its factors; 0 at an exact minimum of q.
    pub alignment: f64,
    /// Steps that motion needs to pass, if it passes.
    pub passage_steps: Option<f64>,
    /// Number of eigenvalues outside the unit circle.
    pub n_unstable: u16,
    /// Real part of the leading eigenvalue.
    pub multiplier_re: f64,
    /// Imaginary part of the leading eigenvalue, not negative.
    pub multiplier_im: f64,
    /// Output of the network at the point.
    pub readout: Vec<f64>,
    /// The point in the run's fixed projection.
    pub pc: [f64; 3],
}

/// One eigenvalue of one fixed point (`spectra`).
#[derive(Debug, Clone, PartialEq)]
pub struct SpectrumRow {
    /// Number of the checkpoint, counted from 0.
    pub checkpoint: u32,
    /// Training step of the checkpoint.
    pub step: u64,
    /// Name of the probe input.
    pub condition: String,
    /// Identity of the point's branch.
    pub point: u32,
    /// Rank by modulus, 0 is the leading one.
    pub rank: u16,
    /// Real part.
    pub re: f64,
    /// Imaginary part.
    pub im: f64,
}

/// The landscape of one checkpoint at one probe input, summed up (`landscapes`).
#[derive(Debug, Clone, PartialEq)]
pub struct LandscapeRow {
    /// Number of the checkpoint, counted from 0.
    pub checkpoint: u32,
    /// Training step of the checkpoint.
    pub step: u64,
    /// Name of the probe input.
    pub condition: String,
    /// Number of fixed points.
    pub n_fixed: u32,
    /// Number of stable fixed points.
    pub n_stable: u32,
    /// Number of slow points.
    pub n_slow: u32,
    /// How many of the fixed points were found only from those of the next checkpoint, or by following branches from the one before; their rows stand last.
    pub n_from_later: u32,
    /// Number of starts of the search.
    pub n_starts: u32,
    /// Sum of the indices of all fixed points.
    pub index_sum: i32,
    /// What theory demands of the sum, where it demands anything.
    pub index_expected: Option<i32>,
    /// proved, index_consistent, incomplete or unknown.
    pub complete: String,
    /// Estimated number of fixed points that no start has reached (Chao1).
    pub unseen_estimate: f64,
    /// Seconds that the analysis took.
    pub wall_secs: f64,
    /// What the user must know before believing the counts.
    pub warning: Option<String>,
}

/// One time step of one probe trial at one checkpoint (`trials`).
#[derive(Debug, Clone, PartialEq)]
pub struct TrialRow {
    /// Number of the checkpoint, counted from 0.
    pub checkpoint: u32,
    /// Training step of the checkpoint.
    pub step: u64,
    /// Number of the probe trial.
    pub trial: u32,
    /// Time step within the trial, from 0.
    pub time: u32,
    /// Inputs at this time.
    pub input: Vec<f64>,
    /// Targets at this time.
    pub target: Vec<f64>,
    /// Outputs at this time.
    pub output: Vec<f64>,
    /// State after this time step.
    pub state: Vec<f64>,
    /// The state in the run's fixed projection.
    pub pc: [f64; 3],
}

/// What the network makes of one probe task at one checkpoint (`evaluations`).
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationRow {
    /// Number of the checkpoint, counted from 0.
    pub checkpoint: u32,
    /// Training step of the checkpoint.
    pub step: u64,
    /// Name of the probe task.
    pub probe: String,
    /// Mean squared error over the weighted targets of its trials.
    pub loss: f64,
    /// Accuracy on its trials, in 0..=1.
    pub accuracy: f64,
}

/// One bifurcation between two checkpoints (`events`).
#[derive(Debug, Clone, PartialEq)]
pub struct EventRow {
    /// Name of the probe input.
    pub condition: String,
    /// Training step of the checkpoint before.
    pub from_step: u64,
    /// Training step of the checkpoint after.
    pub to_step: u64,
    /// Where between the two, 0 to 1: every stored tensor is (1 − s) times the one plus s times the other.
    pub position: f64,
    /// LP, BP, PD, NS, BC, INF or ?; hint SNIC, hint HC, hint LPC or hint CR of global bifurcations.
    pub kind: String,
    /// Whether the position is that of the event, to rounding.
    pub is_located: bool,
    /// Real part of the critical eigenvalue.
    pub multiplier_re: f64,
    /// Imaginary part of the critical eigenvalue, not negative.
    pub multiplier_im: f64,
    /// Normal-form coefficient.
    pub coefficient: Option<f64>,
    /// supercritical, subcritical or degenerate; fold, flip or persistence of a BC.
    pub criticality: Option<String>,
    /// 1 if a pair of fixed points appears, −1 if one vanishes, else 0.
    pub pair_change: i8,
    /// The branches that meet there.
    pub branches: Vec<u32>,
    /// The point in state space.
    pub state: Vec<f64>,
    /// Loss of training step `to_step`.
    pub loss: Option<f64>,
    /// Gradient norm of training step `to_step`.
    pub grad_norm: Option<f64>,
    /// What is born at a flip or Neimark–Sacker point.
    pub born: Option<BornRow>,
    /// How well a scaling law fits, of a hint at a global bifurcation.
    pub hint: Option<HintRow>,
}

/// The cycle or closed curve that is born at an event (columns `born_…` of `events`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BornRow {
    /// Sign of position − position of the event for which it exists.
    pub side: i8,
    /// Steps of one turn: 2, or the inverse of the rotation number.
    pub period: f64,
    /// Distance in position at which it was looked at.
    pub distance: f64,
    /// Amplitude there along the critical eigenvector; none if it was not found.
    pub amplitude: Option<f64>,
    /// Amplitude there by the normal form.
    pub predicted: f64,
    /// Whether it attracts.
    pub is_stable: bool,
}

/// The scaling law behind a hint (columns `hint_…` of `events`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HintRow {
    /// Fitted exponent, or slope against a logarithm.
    pub exponent: f64,
    /// Share of the variance that the fit explains.
    pub r_squared: f64,
}

/// How a fixed point of one checkpoint was joined to that of the checkpoint before on the same branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matched {
    /// It was not: the branch begins here.
    Not,
    /// By continuation along the straight line between the weights.
    Continuation,
    /// Where continuation failed: it is near, and of the same kind.
    Assignment,
}

impl Matched {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Not => "first",
            Self::Continuation => "continuation",
            Self::Assignment => "assignment",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Not, Self::Continuation, Self::Assignment]
            .into_iter()
            .find(|of| of.name() == name)
    }
}

/// A fixed point of one checkpoint on its branch through the run (`branches`).
#[derive(Debug, Clone, PartialEq)]
pub struct BranchRow {
    /// Name of the probe input.
    pub condition: String,
    /// Number of the branch within the condition, in order of appearance.
    pub branch: u32,
    /// Number of the checkpoint, counted from 0.
    pub checkpoint: u32,
    /// Training step of the checkpoint.
    pub step: u64,
    /// Identity of the point in `fixed_points`; none if the search had missed it and continuation led to it.
    pub point: Option<u32>,
    /// How it was joined to the checkpoint before.
    pub matched: Matched,
    /// The branch that was born together with this one, at the first checkpoint of both.
    pub born_with: Option<u32>,
    /// The branch that it meets and vanishes with, at the last checkpoint of both.
    pub dies_with: Option<u32>,
    /// sign det(I − J).
    pub index: i8,
    /// Number of eigenvalues outside the unit circle.
    pub n_unstable: u16,
    /// The point in state space.
    pub state: Vec<f64>,
}
