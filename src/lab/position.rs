//! Where a run is in its curriculum, and how it moves on.
//!
//! All that decides when a stage ends is part of the checkpoint, so a resumed run ends its stages at the same
//! steps.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::curriculum::{Curriculum, Progress, Stage, Until};
use crate::task::mixture::Mixture;

/// Where a run is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Position {
    /// Training steps made.
    pub step: u64,
    /// Place of the stage in the curriculum; their number when all are done.
    pub stage: usize,
    /// Training steps made in the stage.
    pub stage_step: u64,
    /// Accuracies of the last steps of the stage, oldest first, as many as its end depends on; since a ramp rose. Those of
    /// the stage before where this one has made no step.
    pub recent_accuracies: VecDeque<f64>,
    /// Losses of the last steps of the stage, oldest first, as many as its end depends on.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub recent_losses: VecDeque<f64>,
    /// Levels of the ramps that follow the accuracy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<u64>,
    /// How far the stage before was when it ended, if it had ramps; only where this one has made no step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Progress>,
    /// Checkpoints saved before this one.
    pub checkpoint: u32,
}

impl Position {
    /// How far the stage is.
    pub fn progress(&self) -> Progress {
        Progress {
            steps: self.stage_step,
            levels: self.levels.clone(),
        }
    }

    /// Whether the last step ended a stage, or there was none.
    pub fn is_between_stages(&self) -> bool {
        self.stage_step == 0
    }

    /// The stage that a network was last trained on, and how far it was: a checkpoint at the end of a stage belongs to that
    /// stage, not to the next.
    pub fn shown(&self) -> (usize, Progress) {
        if self.is_between_stages() && self.stage > 0 {
            (self.stage - 1, self.ended.clone().unwrap_or_default())
        } else {
            (self.stage, self.progress())
        }
    }

    /// What a network was last trained on.
    pub fn shown_task(&self, curriculum: &Curriculum) -> Mixture {
        let (stage, progress) = self.shown();
        curriculum.mixture(stage, &progress)
    }

    /// Moves on by one step of a stage: to the next levels of its ramps where the accuracy allows, to the next stage where it
    /// ends.
    ///
    /// In this order: the step is counted, accuracy and loss join the last ones, and the stage ends if it should;
    /// else ramps rise where the accuracy allows.
    pub fn advance(&mut self, stage: &Stage, accuracy: f64, loss: f64) {
        let until = &stage.until;
        if self.is_between_stages() {
            self.recent_accuracies.clear();
            self.recent_losses.clear();
            self.ended = None;
        }
        self.step += 1;
        self.stage_step += 1;
        push(
            &mut self.recent_accuracies,
            accuracy,
            until.over_steps * until.evaluations,
        );
        push(
            &mut self.recent_losses,
            loss,
            2 * until.plateau_steps.unwrap_or(0),
        );
        if self.stage_step >= until.steps || self.has_reached(stage) {
            let has_ramps = stage.parts.iter().any(|part| !part.ramps.is_empty());
            self.ended = has_ramps.then(|| self.progress());
            self.stage += 1;
            self.stage_step = 0;
            self.levels.clear();
        } else {
            self.raise(stage);
        }
    }

    /// Whether accuracy or plateau end the stage.
    fn has_reached(&self, stage: &Stage) -> bool {
        let until = &stage.until;
        let is_accurate = until
            .accuracy
            .is_some_and(|wanted| holds(&self.recent_accuracies, until, wanted));
        let is_flat = until
            .plateau_steps
            .is_some_and(|steps| is_plateau(&self.recent_losses, steps, until.plateau_improvement));
        (is_accurate || is_flat) && stage.ramps_have_ended(&self.progress())
    }

    /// Raises the ramps that the accuracy of the last steps allows; it is then measured anew.
    fn raise(&mut self, stage: &Stage) {
        let window = stage.until.over_steps as usize;
        let Some(first) = self.recent_accuracies.len().checked_sub(window) else {
            return;
        };
        let progress = self.progress();
        let accuracy = mean(self.recent_accuracies.range(first..));
        let levels = stage.next_levels(&progress, accuracy);
        if levels.iter().sum::<u64>() > progress.levels.iter().sum() {
            self.levels = levels;
            self.recent_accuracies.clear();
            self.recent_losses.clear();
        }
    }
}

fn push(recent: &mut VecDeque<f64>, value: f64, most: u64) {
    recent.push_back(value);
    while recent.len() as u64 > most {
        recent.pop_front();
    }
}

fn mean<'a>(values: impl ExactSizeIterator<Item = &'a f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

/// Whether the means of all evaluations, the last ones of the stage, reach what is wanted.
fn holds(recent: &VecDeque<f64>, until: &Until, wanted: f64) -> bool {
    let window = until.over_steps as usize;
    let evaluations = until.evaluations as usize;
    recent.len() == window * evaluations
        && (0..evaluations).all(|at| mean(recent.range(at * window..(at + 1) * window)) >= wanted)
}

/// Whether the mean loss of the last steps is hardly below that of as many before.
fn is_plateau(recent: &VecDeque<f64>, steps: u64, improvement: f64) -> bool {
    let steps = steps as usize;
    recent.len() == 2 * steps && {
        let (before, now) = (mean(recent.range(..steps)), mean(recent.range(steps..)));
        now > (1.0 - improvement) * before
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::task::Task as _;

    const GROWING: &str = r#"
[network]
cell = "vanilla"
units = 4
[[stage]]
task = "flip-flop"
bits = { from = 1, to = 3, by = 1, when_accuracy = 0.9 }
trial_steps = { from = 10, to = 50, over_steps = 8 }
until = { steps = 100, accuracy = 0.95, over_steps = 3, evaluations = 2 }
[[stage]]
name = "flat"
task = "flip-flop"
until = { steps = 100, plateau_steps = 4, plateau_improvement = 0.1 }
[checkpoints]
every = 10
"#;

    fn curriculum() -> Curriculum {
        Curriculum::parse(GROWING, "growing.toml", &[]).unwrap()
    }

    fn parameters(curriculum: &Curriculum, position: &Position) -> (usize, usize) {
        let task = curriculum.mixture(position.stage, &position.progress());
        (task.input_channels(), task.trial_steps())
    }

    #[test]
    fn ramps_rise_with_steps_and_with_accuracy_and_the_stage_ends_after_both() {
        let curriculum = curriculum();
        let stage = &curriculum.stages[0];
        let mut position = Position::default();
        let mut seen = vec![parameters(&curriculum, &position)];
        for _ in 0..12 {
            position.advance(stage, 1.0, 0.5);
            seen.push(parameters(&curriculum, &position));
        }
        let bits: Vec<usize> = seen.iter().map(|(bits, _)| *bits).collect();
        let lengths: Vec<usize> = seen.iter().map(|(_, steps)| *steps).collect();
        // Three steps at each level; the last level must then hold over two evaluations of three steps.
        assert_eq!(bits[..8], [1, 1, 1, 2, 2, 2, 3, 3]);
        assert_eq!(lengths[..10], [10, 15, 20, 25, 30, 35, 40, 45, 50, 50]);
        assert_eq!((position.stage, position.stage_step), (1, 0));
        let (shown, progress) = position.shown();
        assert_eq!((shown, progress.steps, progress.levels), (0, 12, vec![2]));
    }

    #[test]
    fn low_accuracy_raises_nothing_and_a_dip_begins_the_evaluations_anew() {
        let curriculum = curriculum();
        let stage = &curriculum.stages[0];
        let mut position = Position::default();
        for _ in 0..20 {
            position.advance(stage, 0.8, 0.5);
        }
        assert_eq!(position.progress().levels, [0; 0]);
        for accuracy in [
            1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.7, 0.7, 1.0, 1.0, 1.0, 1.0,
        ] {
            position.advance(stage, accuracy, 0.5);
            assert_eq!(position.stage, 0);
        }
        assert_eq!(position.progress().levels, [2]);
    }

    #[test]
    fn a_plateau_of_the_loss_ends_a_stage() {
        let curriculum = curriculum();
        let stage = &curriculum.stages[1];
        let ended_after = |losses: &[f64]| {
            let mut position = Position {
                stage: 1,
                ..Position::default()
            };
            losses.iter().position(|&loss| {
                position.advance(stage, 0.0, loss);
                position.stage == 2
            })
        };
        let falling: Vec<f64> = (0..40).map(|step| 0.9_f64.powi(step)).collect();
        assert_eq!(ended_after(&falling), None);
        assert_eq!(ended_after(&[1.0; 20]), Some(7));
    }

    #[test]
    fn positions_written_before_there_were_ramps_are_read() {
        let text =
            r#"{"step":7,"stage":1,"stage_step":0,"recent_accuracies":[0.5],"checkpoint":3}"#;
        let position: Position = serde_json::from_str(text).unwrap();
        assert_eq!((position.step, position.shown().0), (7, 0));
        assert_eq!(serde_json::to_string(&position).unwrap(), text);
    }
}
