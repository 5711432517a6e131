//! Trained networks: their gradient where their bifurcations are, and what drops of their loss come with.

use super::super::trained::Course;
use crate::comparison::coincidence::RunSignal;
use crate::comparison::coincidence::ghosts::{DropRecord, loss_drops};
use crate::comparison::coincidence::signals::{gradient_norms, loss_changes};
use crate::comparison::path::{LearningPath, PathEvent, TrainingStep};
use crate::lab::LabError;
use crate::lab::recorder::Recorded;

/// A loss drops where its mean over [`HALF_WINDOW`] steps lies at least this much below that over as many before, in ln loss.
const DROP: f64 = 0.2;
const HALF_WINDOW: usize = 5;

/// What was seen of the training of one network.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    pub(super) path: LearningPath,
    /// ln gradient norm at each step, less its mean.
    pub(super) gradients: RunSignal,
    /// Change of ln loss at each step.
    pub(super) losses: RunSignal,
    /// Where its loss drops, with its bifurcations and ghosts.
    pub(super) drops: DropRecord,
}

/// The training of a network that learns two bits.
pub(super) fn course(seed: u64, steps: u64, every: u64) -> Result<Course, LabError> {
    Course::new(&format!(
        r#"
        name = "two-bits-{seed}"
        seed = {seed}
        [network]
        cell = "vanilla"
        units = 16
        [training]
        trials_per_step = 16
        [optimiser]
        learning_rate = 3e-3
        [[stage]]
        task = "flip-flop"
        bits = 2
        trial_steps = 60
        until = {{ steps = {steps} }}
        [checkpoints]
        every = {every}
        [analysis]
        starts = 96
        "#
    ))
}

impl Seen {
    pub(super) fn of(recorded: &Recorded) -> Self {
        let path = path(recorded);
        let checkpoints = recorded.checkpoints.iter();
        let ghosts = checkpoints.map(|of| {
            let is_passed = of.slow_points.iter().any(|row| row.passage_steps.is_some());
            (of.id.step, is_passed)
        });
        let drops = DropRecord {
            span: [1, path.steps.last().map_or(1, |step| step.step)],
            drops: loss_drops(&path.steps, HALF_WINDOW, DROP),
            events: path.events.iter().map(PathEvent::time).collect(),
            ghosts: ghosts.collect(),
        };
        Self {
            gradients: gradient_norms(&path),
            losses: loss_changes(&path, HALF_WINDOW),
            drops,
            path,
        }
    }
}

/// Its steps and bifurcations. Hints at global bifurcations are left out: they are guesses.
fn path(recorded: &Recorded) -> LearningPath {
    let steps = recorded.steps.iter().map(|row| TrainingStep {
        step: row.step,
        stage: row.stage,
        loss: row.loss,
        accuracy: row.accuracy,
        gradient_norm: row.grad_norm,
    });
    let rows = recorded.checkpoints.iter().flat_map(|of| &of.events);
    let events = rows.filter(|row| row.hint.is_none()).map(|row| PathEvent {
        kind: row.kind.clone(),
        condition: row.condition.clone(),
        from_step: row.from_step,
        to_step: row.to_step,
        position: row.position,
        pair_change: row.pair_change,
        loss: row.loss,
        gradient_norm: row.grad_norm,
    });
    LearningPath {
        name: String::new(),
        steps: steps.collect(),
        checkpoints: recorded.checkpoints.iter().map(|of| of.id.step).collect(),
        events: events.collect(),
    }
}
