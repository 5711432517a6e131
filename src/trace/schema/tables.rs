//! The columns of every table: name, type, unit, description.

use super::{Column, Type};

const CHECKPOINT: Column = Column(
    "checkpoint",
    Type::U32,
    "1",
    "Number of the checkpoint, counted from 0",
);
const STEP: Column = Column(
    "step",
    Type::U64,
    "training step",
    "Training steps done at the checkpoint",
);
const CONDITION: Column = Column("condition", Type::Text, "1", "Name of the probe input");
const POINT: Column = Column(
    "point",
    Type::U32,
    "1",
    "Identity of the point's branch within the run and condition",
);
const STATE: Column = Column(
    "state",
    Type::Vector,
    "1",
    "The point in state space, one value a state variable",
);
const Q: Column = Column(
    "q",
    Type::F64,
    "1",
    "Half the squared norm of F(x) - x, in f64 at the stored point",
);
const N_UNSTABLE: Column = Column(
    "n_unstable",
    Type::U16,
    "count",
    "Number of eigenvalues outside the unit circle",
);
const MULTIPLIER_RE: Column = Column(
    "multiplier_re",
    Type::F64,
    "1",
    "Real part of the leading eigenvalue",
);
const MULTIPLIER_IM: Column = Column(
    "multiplier_im",
    Type::F64,
    "1",
    "Imaginary part of the leading eigenvalue, not negative",
);
const INDEX: Column = Column("index", Type::I8, "1", "Sign of det(I - J): 1, 0 or -1");
const READOUT: Column = Column(
    "readout",
    Type::Vector,
    "1",
    "Output of the network at the point",
);
const PC: Column = Column(
    "pc",
    Type::Projection,
    "1",
    "The state in the run's fixed projection",
);

pub(super) const STEPS: &[Column] = &[
    Column(
        "step",
        Type::U64,
        "training step",
        "Training step, counted from 1",
    ),
    Column(
        "stage",
        Type::U32,
        "1",
        "Stage of the curriculum, counted from 0",
    ),
    Column("task", Type::Text, "1", "Name of the task of that stage"),
    Column(
        "loss",
        Type::F64,
        "1",
        "Loss on the batch of this step, before the update",
    ),
    Column(
        "accuracy",
        Type::F64,
        "1",
        "Accuracy on the batch of this step, before the update, in 0 to 1",
    ),
    Column(
        "grad_norm",
        Type::F64,
        "1",
        "Euclidean norm of the gradient, before clipping",
    ),
    Column(
        "learning_rate",
        Type::F64,
        "1",
        "Learning rate of this step",
    ),
    Column(
        "weight_norm",
        Type::F64,
        "1",
        "Euclidean norm of all parameters after the update",
    ),
    Column(
        "wall_secs",
        Type::F64,
        "s",
        "Time spent in training since the run began, over all its sessions",
    ),
];

pub(super) const LANDSCAPES: &[Column] = &[
    CHECKPOINT,
    STEP,
    CONDITION,
    Column("n_fixed", Type::U32, "count", "Number of fixed points"),
    Column(
        "n_stable",
        Type::U32,
        "count",
        "Number of stable fixed points",
    ),
    Column("n_slow", Type::U32, "count", "Number of slow points"),
    Column(
        "n_from_later",
        Type::U32,
        "count",
        "How many of the fixed points were found only from those of the next checkpoint, or by following branches from the one before; their rows stand last",
    ),
    Column(
        "n_starts",
        Type::U32,
        "count",
        "Number of starts of the search",
    ),
    Column(
        "index_sum",
        Type::I32,
        "1",
        "Sum of the indices of all fixed points",
    ),
    Column(
        "index_expected",
        Type::NullableI32,
        "1",
        "What theory demands of the sum; null where it demands nothing",
    ),
    Column(
        "complete",
        Type::Text,
        "1",
        "proved (there are no others), index_consistent (the sum is as theory demands), incomplete (it is not) or unknown",
    ),
    Column(
        "unseen_estimate",
        Type::F64,
        "count",
        "Estimated number of fixed points that no start reached (Chao1)",
    ),
    Column("wall_secs", Type::F64, "s", "Time that the analysis took"),
    Column(
        "warning",
        Type::NullableText,
        "1",
        "What to know before believing the counts; null if nothing",
    ),
];

pub(super) const FIXED_POINTS: &[Column] = &[
    CHECKPOINT,
    STEP,
    CONDITION,
    POINT,
    Column(
        "kind",
        Type::Text,
        "1",
        "stable_node, stable_focus, saddle, repeller or marginal",
    ),
    STATE,
    Q,
    Column(
        "radius",
        Type::NullableF64,
        "1",
        "Radius within which a certificate proves a unique fixed point",
    ),
    N_UNSTABLE,
    MULTIPLIER_RE,
    MULTIPLIER_IM,
    INDEX,
    READOUT,
    Column(
        "basin_fraction",
        Type::NullableF64,
        "1",
        "Share of states of the task, each of a trial of its own, with jitter, that end here, in 0 to 1",
    ),
    Column(
        "found",
        Type::Text,
        "1",
        "tracked (from a neighbouring checkpoint) or searched",
    ),
    PC,
];

pub(super) const SLOW_POINTS: &[Column] = &[
    CHECKPOINT,
    STEP,
    CONDITION,
    STATE,
    Q,
    Column(
        "smallest_singular_value",
        Type::F64,
        "1",
        "Smallest singular value of I - J; 0 at an exact minimum of q",
    ),
    Column(
        "alignment",
        Type::F64,
        "1",
        "Norm of (I - J)^T (x - F(x)) relative to its factors; 0 at an exact minimum of q",
    ),
    Column(
        "passage_steps",
        Type::NullableF64,
        "time step",
        "Steps that motion needs to pass the ghost of a fold; null if it does not pass",
    ),
    N_UNSTABLE,
    MULTIPLIER_RE,
    MULTIPLIER_IM,
    READOUT,
    PC,
];

pub(super) const SPECTRA: &[Column] = &[
    CHECKPOINT,
    STEP,
    CONDITION,
    POINT,
    Column(
        "rank",
        Type::U16,
        "1",
        "Rank by modulus, 0 is the leading eigenvalue",
    ),
    Column("re", Type::F64, "1", "Real part"),
    Column("im", Type::F64, "1", "Imaginary part"),
];

pub(super) const TRIALS: &[Column] = &[
    CHECKPOINT,
    STEP,
    Column(
        "trial",
        Type::U32,
        "1",
        "Number of the probe trial, counted from 0",
    ),
    Column(
        "time",
        Type::U32,
        "time step",
        "Time step within the trial, counted from 0",
    ),
    Column("input", Type::Vector, "1", "Inputs at this time"),
    Column("target", Type::Vector, "1", "Targets at this time"),
    Column("output", Type::Vector, "1", "Outputs at this time"),
    Column("state", Type::Vector, "1", "State after this time step"),
    PC,
];

pub(super) const EVALUATIONS: &[Column] = &[
    CHECKPOINT,
    STEP,
    Column("probe", Type::Text, "1", "Name of the probe task"),
    Column(
        "loss",
        Type::F64,
        "1",
        "Mean squared error over the weighted targets of the probe's trials",
    ),
    Column(
        "accuracy",
        Type::F64,
        "1",
        "Accuracy on the probe's trials, in 0 to 1",
    ),
];

pub(super) const BRANCHES: &[Column] = &[
    CONDITION,
    Column(
        "branch",
        Type::U32,
        "1",
        "Number of the branch within the condition, in order of appearance",
    ),
    CHECKPOINT,
    STEP,
    Column(
        "point",
        Type::NullableU32,
        "1",
        "Identity in fixed_points; null if the search had missed the point and continuation led to it",
    ),
    Column(
        "matched",
        Type::Text,
        "1",
        "first (the branch begins here), continuation or assignment (where continuation failed)",
    ),
    Column(
        "born_with",
        Type::NullableU32,
        "1",
        "Branch that was born together with this one, in the row where both begin",
    ),
    Column(
        "dies_with",
        Type::NullableU32,
        "1",
        "Branch that this one meets and vanishes with, in the row where both end; null while the run is being written",
    ),
    INDEX,
    N_UNSTABLE,
    STATE,
];

pub(super) const EVENTS: &[Column] = &[
    CONDITION,
    Column(
        "from_step",
        Type::U64,
        "training step",
        "Training step of the checkpoint before the event",
    ),
    Column(
        "to_step",
        Type::U64,
        "training step",
        "Training step of the checkpoint after it",
    ),
    Column(
        "position",
        Type::F64,
        "1",
        "Where between the two, 0 to 1: every stored tensor, and the constant input, is (1 - s) times the one of the \
         checkpoint before plus s times the one of that after",
    ),
    Column(
        "kind",
        Type::Text,
        "1",
        "LP fold, BP branch point, PD period doubling, NS Neimark-Sacker, BC border collision, INF a fixed point goes \
         to infinity, ? unclassified; hints at global bifurcations: hint SNIC, hint HC homoclinic, hint LPC fold of cycles, hint CR crisis",
    ),
    Column(
        "status",
        Type::Text,
        "1",
        "located (to rounding) or bracketed (position is near it)",
    ),
    Column(
        "multiplier_re",
        Type::F64,
        "1",
        "Real part of the critical eigenvalue; NaN at a BC, which has none",
    ),
    Column(
        "multiplier_im",
        Type::F64,
        "1",
        "Imaginary part of the critical eigenvalue, not negative",
    ),
    Column(
        "coefficient",
        Type::NullableF64,
        "1",
        "Normal-form coefficient: a (LP), c or a (BP), b (PD), Re d (NS); of a BC det(I-J) with the unit active, \
         divided by the same without",
    ),
    Column(
        "criticality",
        Type::NullableText,
        "1",
        "supercritical, subcritical or degenerate (BP, PD, NS); fold, flip or persistence (BC)",
    ),
    Column(
        "pair_change",
        Type::I8,
        "1",
        "1 if a pair of fixed points appears, -1 if one vanishes, else 0",
    ),
    Column(
        "branches",
        Type::Identities,
        "1",
        "The branches that meet here, as the table branches numbers them",
    ),
    STATE,
    Column(
        "loss",
        Type::NullableF64,
        "1",
        "Loss of training step to_step",
    ),
    Column(
        "grad_norm",
        Type::NullableF64,
        "1",
        "Gradient norm of training step to_step",
    ),
    Column(
        "born_side",
        Type::NullableI8,
        "1",
        "What is born at PD, NS or BC exists at higher (1) or lower (-1) positions",
    ),
    Column(
        "born_period",
        Type::NullableF64,
        "time step",
        "Steps of one turn of it: 2 of a cycle, the inverse of the rotation number of a curve",
    ),
    Column(
        "born_distance",
        Type::NullableF64,
        "1",
        "Distance in position at which it was looked at",
    ),
    Column(
        "born_amplitude",
        Type::NullableF64,
        "1",
        "Its amplitude there along the critical eigenvector of length 1; null if it was not found",
    ),
    Column(
        "born_predicted",
        Type::NullableF64,
        "1",
        "The same by the normal form",
    ),
    Column(
        "born_stability",
        Type::NullableText,
        "1",
        "stable or unstable",
    ),
    Column(
        "hint_exponent",
        Type::NullableF64,
        "1",
        "Fitted exponent of the scaling law of a hint (hint HC: slope of the period against the logarithm of the \
         distance)",
    ),
    Column(
        "hint_r_squared",
        Type::NullableF64,
        "1",
        "Share of the variance that this fit explains",
    ),
];
