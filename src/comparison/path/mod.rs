//! The way that a network took through training, and how two ways compare.
//!
//! Points on the way are weights or representations, given one after the other; the rest is a [`LearningPath`], as plain data.

// pub mod alignment;
// mod assignment;
// pub mod barrier;
pub mod criterion;
pub mod event_sequences;
pub mod length;
pub mod settling;
pub mod simplified;
pub mod stages;
// pub mod symmetry;
pub mod warping;

/// How one network was trained, without its weights and states.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LearningPath {
    /// Name of its run.
    pub name: String,
    /// Its training steps, in order.
    pub steps: Vec<TrainingStep>,
    /// The training steps of its checkpoints, in order.
    pub checkpoints: Vec<u64>,
    /// Its bifurcations, in order.
    pub events: Vec<PathEvent>,
}

/// What happened in a training step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainingStep {
    /// Its number, counted from 1.
    pub step: u64,
    /// Stage of the curriculum, counted from 0.
    pub stage: u32,
    /// Loss on its batch, before the update.
    pub loss: f64,
    /// Accuracy on its batch, in 0 to 1.
    pub accuracy: f64,
    /// Euclidean norm of the gradient, before clipping.
    pub gradient_norm: f64,
}

/// A bifurcation between two checkpoints.
#[derive(Debug, Clone, PartialEq)]
pub struct PathEvent {
    /// What it is, as the column `kind` of the table of events says.
    pub kind: String,
    /// Name of the constant input.
    pub condition: String,
    /// Training step of the checkpoint before.
    pub from_step: u64,
    /// Training step of the checkpoint after.
    pub to_step: u64,
    /// Where between the two, 0 to 1.
    pub position: f64,
    /// 1 if a pair of fixed points appears, −1 if one vanishes, else 0.
    pub pair_change: i8,
    /// Loss of training step `to_step`, if known.
    pub loss: Option<f64>,
    /// Gradient norm of training step `to_step`, if known.
    pub gradient_norm: Option<f64>,
}

impl PathEvent {
    /// When it was, in training steps, as if training moved evenly between the two checkpoints.
    pub fn time(&self) -> f64 {
        let from = self.from_step as f64;
        from + self.position * (self.to_step as f64 - from)
    }
}
