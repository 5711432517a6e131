//! What is handed to the writer of a run: the tables of a checkpoint, from training and from analysis.

use super::rows::{
    BranchRow, EvaluationRow, EventRow, FixedPointRow, LandscapeRow, PathRow, PlaceRow, RateMapRow,
    RelaxationRow, ScoreRow, SlowPointRow, SpectrumRow, StepRow, TrialRow,
};

/// What training knows of a checkpoint, beside its weights.
#[derive(Debug, Clone, Copy, Default)]
pub struct CheckpointTables<'a> {
    /// The training steps since the checkpoint before.
    pub steps: &'a [StepRow],
    /// The first probe trials.
    pub trials: &'a [TrialRow],
    /// The probe tasks.
    pub evaluations: &'a [EvaluationRow],
    /// What there is in grid rooms beside.
    pub arena: ArenaTables<'a>,
}

/// What is told of networks in grid rooms; each is empty where it does not apply.
#[derive(Debug, Clone, Copy, Default)]
pub struct ArenaTables<'a> {
    /// How well the network finds its way.
    pub scores: &'a [ScoreRow],
    /// Ways that it went.
    pub paths: &'a [PathRow],
    /// What it makes of every place.
    pub places: &'a [PlaceRow],
    /// Where its units are active.
    pub rate_maps: &'a [RateMapRow],
    /// What remains when nothing is perceived.
    pub relaxations: &'a [RelaxationRow],
}

/// What analysis gives for a checkpoint.
#[derive(Debug, Clone, Copy, Default)]
pub struct LandscapeTables<'a> {
    /// One row a constant input.
    pub landscapes: &'a [LandscapeRow],
    /// The fixed points.
    pub fixed_points: &'a [FixedPointRow],
    /// The slow points.
    pub slow_points: &'a [SlowPointRow],
    /// The eigenvalues of the fixed points.
    pub spectra: &'a [SpectrumRow],
    /// The bifurcations since the checkpoint before and the branches that the fixed points lie on, in runs that keep them.
    pub history: Option<(&'a [EventRow], &'a [BranchRow])>,
}
