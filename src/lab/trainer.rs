//! The training side of a run: its steps, and what is saved of them.
//!
//! Rows of steps wait in memory until a checkpoint or pause writes them together with the weights, so that steps
//! and weights on disk always belong together.

use std::path::Path;
use std::time::Instant;

use super::LabError;
use super::position::Position;
use super::recorder::{ArenaRows, Recorder};
use super::saved::{CheckpointId, Saved, Snapshot, in_memory, reload};
use super::training::{Step, StepMade, Training};
use crate::cell::parameters::Parameters;
use crate::curriculum::Curriculum;
use crate::trace::rows::{EvaluationRow, StepRow, TrialRow};
use crate::trace::{CheckpointTables, Run, WeightsFile};
use crate::train::rules::TrainableReal;

/// The stretch of a curriculum that is trained: by default all of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Span {
    /// Where it starts; none at step 0, with a network as drawn.
    pub start: Option<Snapshot>,
    /// The training step that it ends at, if not with the curriculum.
    pub end_step: Option<u64>,
}

/// A file of weights and its training step.
type Saving = (WeightsFile, u64);
/// A checkpoint and what it holds.
type Reloaded<T> = (CheckpointId, Saved<T>);

/// A network in training whose run is on disk.
pub struct Trainer<'a, T: TrainableReal> {
    curriculum: &'a Curriculum,
    training: Training<'a, T>,
    rows: Vec<StepRow>,
    /// Step of the last checkpoint saved.
    saved_step: Option<u64>,
    /// Steps up to this one have their rows on disk.
    rows_until: u64,
    /// Where the span starts and ends.
    first_step: u64,
    end_step: Option<u64>,
    last_loss: f64,
    session: Instant,
    /// Seconds of training before this session.
    earlier_secs: f64,
}

impl<'a, T: TrainableReal> Trainer<'a, T> {
    /// A trainer at the start of a span, or where the run on disk stopped: at its last checkpoint or pause.
    ///
    /// Where checkpoints are adaptive, it begins at the last one that ends a whole interval, and chooses those after it again.
    pub fn start_or_resume(
        curriculum: &'a Curriculum,
        run: Option<&Run>,
        span: &Span,
    ) -> Result<Self, LabError> {
        if let Some(ending) = run.and_then(Run::ending) {
            return Err(LabError::Ended {
                step: ending.step,
                message: ending.message.clone(),
            });
        }
        let first_step = span.start.as_ref().map_or(0, |start| start.step);
        let saved_step = run
            .and_then(|run| run.entries().last())
            .map(|entry| entry.step);
        let last = run.map_or(Ok(None), |run| last_whole(curriculum, run))?;
        let checkpoint = last.as_ref().map_or(0, |(_, number)| number + 1);
        let start = span.start.as_ref();
        let mut file = last
            .map(|(file, _)| file)
            .or_else(|| start.map(|start| (in_memory(start), start.step)));
        let is_later = |step: u64| Some(step) > saved_step && !curriculum.checkpoints.is_adaptive();
        if let Some(run) = run
            && let Some(pause) = run.pause().filter(|pause| is_later(pause.step))
        {
            file = Some((run.pause_weights(pause)?, pause.step));
        }
        let mut training = if let Some((file, step)) = file {
            Training::resume(curriculum, &file, step)?
        } else {
            let runs = run.and_then(|run| run.dir().parent());
            let runs = runs.unwrap_or(Path::new(""));
            Training::begin_beside(curriculum, runs)?
        };
        training.position_mut().checkpoint = checkpoint;
        let rows = run.map_or(Ok(Vec::new()), Run::steps)?;
        let start_step = training.position().step;
        Ok(Self {
            curriculum,
            // Not in the checkpoint files, whose bytes depend on the curriculum alone.
            earlier_secs: rows.last().map_or(0.0, |row| row.wall_secs),
            rows_until: rows.last().map_or(first_step, |row| row.step),
            first_step,
            end_step: span.end_step,
            training,
            rows: Vec::new(),
            saved_step,
            // Of the step that training goes on from, which may be the last.
            last_loss: rows
                .iter()
                .rfind(|row| row.step <= start_step)
                .map_or(f64::NAN, |row| row.loss),
            session: Instant::now(),
        })
    }

    /// Everything that training goes on from.
    pub fn snapshot(&mut self) -> Result<Snapshot, LabError> {
        self.training.snapshot()
    }

    /// Goes to another step of the same run.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<(), LabError> {
        self.training.restore(snapshot)
    }

    /// Makes one training step, and keeps its row.
    pub fn step(&mut self) -> Result<Step, LabError> {
        let step = self.training.step()?;
        match &step {
            Step::Diverged { loss, .. } => self.last_loss = *loss,
            Step::Made(made) => {
                self.last_loss = made.loss;
                if made.step > self.rows_until {
                    self.rows.push(self.row(made));
                }
            }
        }
        Ok(step)
    }

    fn row(&self, made: &StepMade) -> StepRow {
        StepRow {
            step: made.step,
            stage: made.stage as u32,
            task: made.task.clone(),
            loss: made.loss,
            accuracy: made.accuracy,
            grad_norm: made.gradient_norm,
            learning_rate: made.learning_rate,
            weight_norm: made.weight_norm,
            wall_secs: self.wall_secs(),
            mean_return: made.mean_return,
        }
    }

    /// Trains once more through steps that have been made before, from where it is.
    ///
    /// # Errors
    /// [`LabError::NotRepeated`] if loss or gradient ceases to be finite, which it did not before.
    pub fn retrace(&mut self, to_step: u64) -> Result<(), LabError> {
        let rows = self.rows.len();
        while self.position().step < to_step {
            if let Step::Diverged { message, .. } = self.step()? {
                return Err(LabError::NotRepeated { message });
            }
            self.rows.truncate(rows);
        }
        Ok(())
    }

    /// The checkpoints on disk whose landscape is not, with what they hold.
    pub fn without_landscape(&self, run: &Run) -> Result<Vec<Reloaded<T>>, LabError> {
        let missing = run.entries().iter().filter(|entry| !entry.complete);
        missing
            .map(|entry| {
                let file = run.weights(entry.checkpoint)?;
                let saved = reload::<T>(self.curriculum, &file, entry.step)?;
                let id = CheckpointId {
                    number: entry.checkpoint,
                    step: entry.step,
                };
                Ok((id, saved))
            })
            .collect()
    }

    /// Where training is.
    pub fn position(&self) -> &Position {
        self.training.position()
    }

    /// The parameters, fetched from where the learning rule keeps them.
    pub fn parameters(&mut self) -> Result<&Parameters<T>, LabError> {
        self.training.parameters()
    }

    /// Loss of the last step made; NaN before the first.
    pub fn last_loss(&self) -> f64 {
        self.last_loss
    }

    /// Mean of the recent accuracies.
    pub fn mean_accuracy(&self) -> f64 {
        self.training.mean_accuracy()
    }

    /// Whether all stages are done.
    pub fn is_finished(&self) -> bool {
        self.training.is_finished() || self.end_step == Some(self.position().step)
    }

    /// The checkpoint to save now: at the first step, where the policy says, and at the end of every stage.
    ///
    /// Where checkpoints are adaptive these are the ends of whole intervals.
    ///
    /// `None` where no checkpoint is due, or it was saved already.
    pub fn checkpoint_due(&self) -> Option<CheckpointId> {
        let position = self.position();
        let total_steps = self.curriculum.total_steps();
        let due = position.is_between_stages()
            || self.end_step == Some(position.step)
            || self.curriculum.checkpoints.is_due(
                position.step - self.first_step,
                total_steps - self.first_step,
            );
        if due { self.last_checkpoint() } else { None }
    }

    /// A checkpoint at the current step, unless it is saved already.
    pub fn last_checkpoint(&self) -> Option<CheckpointId> {
        let Position {
            step, checkpoint, ..
        } = *self.position();
        (self.saved_step < Some(step)).then_some(CheckpointId {
            number: checkpoint,
            step,
        })
    }

    /// Counts a checkpoint that is saved already.
    pub fn pass_checkpoint(&mut self) {
        self.training.position_mut().checkpoint += 1;
    }

    /// Writes a checkpoint with its probe trials, evaluations and what there is in grid rooms, and the steps since the last one.
    pub fn save(
        &mut self,
        id: CheckpointId,
        trials: &[TrialRow],
        evaluations: &[EvaluationRow],
        arena: &ArenaRows,
        recorder: &dyn Recorder,
    ) -> Result<(), LabError> {
        // Where checkpoints are adaptive, later steps have been made already.
        let count = self.rows.partition_point(|row| row.step <= id.step);
        let tables = CheckpointTables {
            steps: &self.rows[..count],
            trials,
            evaluations,
            arena: arena.tables(),
        };
        recorder.checkpoint(id, &self.training.snapshot()?.bytes, tables)?;
        self.rows.drain(..count);
        self.rows_until = self.rows_until.max(id.step);
        self.saved_step = Some(id.step);
        self.training.position_mut().checkpoint = id.number + 1;
        Ok(())
    }

    /// Writes the state between two checkpoints, so that nothing is lost by stopping here.
    pub fn pause(&mut self, recorder: &dyn Recorder) -> Result<(), LabError> {
        let step = self.position().step;
        if self.saved_step < Some(step) && self.rows_until < step {
            let weights = self.training.snapshot()?.bytes;
            recorder.pause(step, &weights, &self.rows)?;
            self.rows.clear();
            self.rows_until = step;
        }
        Ok(())
    }

    fn wall_secs(&self) -> f64 {
        self.earlier_secs + self.session.elapsed().as_secs_f64()
    }
}

/// The last checkpoint on disk that training can go on from, with its number.
fn last_whole(curriculum: &Curriculum, run: &Run) -> Result<Option<(Saving, u32)>, LabError> {
    for entry in run.entries().iter().rev() {
        let file = run.weights(entry.checkpoint)?;
        let policy = curriculum.checkpoints;
        let is_whole = !policy.is_adaptive()
            || policy.is_due(entry.step, curriculum.total_steps())
            || reload::<f64>(curriculum, &file, entry.step)?
                .position
                .is_between_stages();
        if is_whole {
            return Ok(Some(((file, entry.step), entry.checkpoint)));
        }
    }
    Ok(None)
}
