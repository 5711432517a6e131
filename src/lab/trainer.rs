//! The training side of a run: batches, steps, stages, and what is saved of them.

use std::path::Path;
use std::time::Instant;

use super::LabError;
use super::position::Position;
use super::saved::{CheckpointId, Saved, Snapshot, in_memory, reload, reload_with_learner, unfit};
use crate::cell::constraints::constrain;
use crate::cell::noise::add_noise;
use crate::cell::parameters::Parameters;
use crate::curriculum::{Curriculum, transfer};
use crate::simd::Real;
use crate::streams::Stream;
use crate::task::mixture::Mixture;
use crate::task::{Batch, Task as _};
use crate::trace::rows::{EvaluationRow, StepRow, TrialRow};
use crate::trace::{Run, RunWriter, WeightsFile, digest};
use crate::train::learner::Learner;
use crate::train::optimiser::norm;
use crate::train::policy::NetworkPolicy;
use crate::train::rules::Setting;
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

/// What came of a training step.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// It was made.
    Made {
        /// Its number.
        step: u64,
        /// Place of its stage.
        stage: usize,
        /// Loss on its batch.
        loss: f64,
        /// Accuracy on its batch.
        accuracy: f64,
    },
    /// Loss or gradient was not finite; nothing was changed.
    Diverged {
        /// What the user should know.
        message: String,
    },
}

/// A network in training.
pub struct Trainer<'a, T: TrainableReal> {
    curriculum: &'a Curriculum,
    learner: Box<dyn Learner<T>>,
    state: Saved<T>,
    batch: Batch,
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
        run: &Run,
        span: &Span,
    ) -> Result<Self, LabError> {
        if let Some(ending) = run.ending() {
            return Err(LabError::Ended {
                step: ending.step,
                message: ending.message.clone(),
            });
        }
        let first_step = span.start.as_ref().map_or(0, |start| start.step);
        let saved_step = run.entries().last().map(|entry| entry.step);
        let last = last_whole(curriculum, run)?;
        let checkpoint = last.as_ref().map_or(0, |(_, number)| number + 1);
        let start = span.start.as_ref();
        let mut file = last
            .map(|(file, _)| file)
            .or_else(|| start.map(|start| (in_memory(start), start.step)));
        let pause = run
            .pause()
            .filter(|pause| Some(pause.step) > saved_step && !curriculum.checkpoints.is_adaptive());
        if let Some(pause) = pause {
            file = Some((run.pause_weights(pause)?, pause.step));
        }
        let (mut state, learner) = begin_or_reload(curriculum, run.dir().parent(), file)?;
        state.position.checkpoint = checkpoint;
        let rows = run.steps()?;
        let start_step = state.position.step;
        Ok(Self {
            curriculum,
            learner,
            // Not in the checkpoint files, whose bytes depend on the curriculum alone.
            earlier_secs: rows.last().map_or(0.0, |row| row.wall_secs),
            rows_until: rows.last().map_or(first_step, |row| row.step),
            first_step,
            end_step: span.end_step,
            state,
            batch: Batch::default(),
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
    pub fn snapshot(&self) -> Result<Snapshot, LabError> {
        Ok(Snapshot {
            step: self.state.position.step,
            bytes: self.state.to_bytes(self.learner.state())?,
        })
    }

    /// Goes to another step of the same run.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<(), LabError> {
        let checkpoint = self.state.position.checkpoint;
        let file = in_memory(snapshot);
        let (state, remembered) = reload_with_learner(self.curriculum, &file, snapshot.step)?;
        let restored = self.learner.restore(&remembered);
        restored.map_err(|problem| unfit(&file, snapshot.step, problem))?;
        self.state = state;
        self.state.position.checkpoint = checkpoint;
        Ok(())
    }

    /// Trains once more through steps that have been made before, from where it is.
    pub fn retrace(&mut self, to_step: u64) -> Result<(), LabError> {
        let rows = self.rows.len();
        while self.state.position.step < to_step {
            if let Step::Diverged { message } = self.step()? {
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
        &self.state.position
    }

    /// The parameters.
    pub fn parameters(&self) -> &Parameters<T> {
        &self.state.parameters
    }

    /// Loss of the last step made; NaN before the first.
    pub fn last_loss(&self) -> f64 {
        self.last_loss
    }

    /// Mean of the recent accuracies.
    pub fn mean_accuracy(&self) -> f64 {
        let recent = &self.state.position.recent_accuracies;
        recent.iter().sum::<f64>() / recent.len() as f64
    }

    /// Whether all stages are done.
    pub fn is_finished(&self) -> bool {
        let position = &self.state.position;
        position.stage == self.curriculum.stages.len() || self.end_step == Some(position.step)
    }

    /// The checkpoint to save now: at the first step, where the policy says, and at the end of every stage.
    ///
    /// Where checkpoints are adaptive these are the ends of whole intervals.
    pub fn checkpoint_due(&self) -> Option<CheckpointId> {
        let position = &self.state.position;
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
        } = self.state.position;
        (self.saved_step < Some(step)).then_some(CheckpointId {
            number: checkpoint,
            step,
        })
    }

    /// Counts a checkpoint that is saved already.
    pub fn pass_checkpoint(&mut self) {
        self.state.position.checkpoint += 1;
    }

    /// Makes one training step: batch, step of the learning rule, metrics.
    pub fn step(&mut self) -> Result<Step, LabError> {
        let step = self.state.position.step + 1;
        let stage_place = self.state.position.stage;
        let stage = &self.curriculum.stages[stage_place];
        let task = self
            .curriculum
            .mixture(stage_place, &self.state.position.progress());
        self.draw_batch(&task, step);
        let learnt = self.learner.step(&mut self.state.parameters, &self.batch)?;
        self.last_loss = learnt.loss;
        if !learnt.is_finite() {
            let (what, value) = if learnt.loss.is_finite() {
                ("gradient", learnt.gradient_norm)
            } else {
                ("loss", learnt.loss)
            };
            let message = format!(
                "the {what} is {value} at step {step}; the weights before it are saved. A smaller learning rate \
                 (now {}) or `clip_norm` may help",
                learnt.learning_rate,
            );
            return Ok(Step::Diverged { message });
        }
        constrain(&self.curriculum.network, &mut self.state.parameters);
        let accuracy = task.accuracy(&self.batch, &learnt.outputs);
        let row = StepRow {
            step,
            stage: stage_place as u32,
            task: stage.task_names(),
            loss: learnt.loss,
            accuracy,
            grad_norm: learnt.gradient_norm,
            learning_rate: learnt.learning_rate,
            weight_norm: norm(self.state.parameters.values()),
            wall_secs: self.wall_secs(),
            mean_return: self.batch.mean_return(),
        };
        if step > self.rows_until {
            self.rows.push(row);
        }
        self.state.position.advance(stage, accuracy, learnt.loss);
        Ok(Step::Made {
            step,
            stage: stage_place,
            loss: learnt.loss,
            accuracy,
        })
    }

    fn draw_batch(&mut self, task: &Mixture, step: u64) {
        let network = &self.curriculum.network;
        let (steps, trials) = (task.trial_steps(), self.curriculum.trials_per_step);
        self.batch
            .clear(steps, trials, network.inputs, network.outputs);
        // Within a stage a fixed batch is that of step 1; steps are counted from 1.
        let draw = if self.learner.wants_fixed_batch() {
            1
        } else {
            step
        };
        let mut rng = Stream::TrainingStep(draw).open(self.curriculum.seed);
        if task.is_in_world() {
            let noise = Stream::WorldNoise(draw).open(self.curriculum.seed);
            let mut policy = NetworkPolicy::new(network, &self.state.parameters, Some(noise));
            task.experience(&mut policy, &mut rng, &mut self.batch);
        } else {
            task.draw(&mut rng, &mut self.batch);
            add_noise(network, &mut rng, &mut self.batch);
        }
    }

    /// Writes a checkpoint with its probe trials and evaluations, and the steps since the last one.
    pub fn save(
        &mut self,
        id: CheckpointId,
        trials: &[TrialRow],
        evaluations: &[EvaluationRow],
        writer: &RunWriter,
    ) -> Result<(), LabError> {
        // Where checkpoints are adaptive, later steps have been made already.
        let count = self.rows.partition_point(|row| row.step <= id.step);
        writer.write_checkpoint(
            id.number,
            id.step,
            &self.state.to_bytes(self.learner.state())?,
            &self.rows[..count],
            trials,
            evaluations,
        )?;
        self.rows.drain(..count);
        self.rows_until = self.rows_until.max(id.step);
        self.saved_step = Some(id.step);
        self.state.position.checkpoint = id.number + 1;
        Ok(())
    }

    /// Writes the state between two checkpoints, so that nothing is lost by stopping here.
    pub fn pause(&mut self, writer: &RunWriter) -> Result<(), LabError> {
        let step = self.state.position.step;
        if self.saved_step < Some(step) && self.rows_until < step {
            writer.write_pause(
                step,
                &self.state.to_bytes(self.learner.state())?,
                &self.rows,
            )?;
            self.rows.clear();
            self.rows_until = step;
        }
        Ok(())
    }

    fn wall_secs(&self) -> f64 {
        self.earlier_secs + self.session.elapsed().as_secs_f64()
    }
}

/// The learning rule of a curriculum, before its first step.
fn learner<T: TrainableReal>(
    curriculum: &Curriculum,
    parameters: &Parameters<T>,
) -> Result<Box<dyn Learner<T>>, LabError> {
    let (network, seed) = (&curriculum.network, curriculum.seed);
    let setting = Setting {
        engine: curriculum.engine,
        penalties: curriculum.penalties,
        ..Setting::new(network, parameters, curriculum.optimiser, seed)
    };
    Ok(T::learner(curriculum.rule.rule(), setting)?)
}

/// The state of training, and the learning rule with its own.
type Begun<T> = (Saved<T>, Box<dyn Learner<T>>);

/// The parameters before training: drawn, or those of another run, which is looked for in the folder `runs`.
fn initial<T: Real>(
    curriculum: &Curriculum,
    runs: Option<&Path>,
) -> Result<Parameters<T>, LabError> {
    let Some(transfer) = &curriculum.transfer else {
        return Ok(Parameters::initial(&curriculum.network, curriculum.seed));
    };
    let run = transfer::open(runs.unwrap_or(Path::new("")), &transfer.from)?;
    let file = run.weights(transfer.from_checkpoint)?;
    let unfit = |problem: String| LabError::Transfer {
        path: file.path.clone(),
        problem,
    };
    let found = digest(&file.bytes);
    if found != transfer.from_sha256 {
        let expected = &transfer.from_sha256;
        return Err(unfit(format!(
            "its SHA-256 is {found}, the curriculum says {expected:?}"
        )));
    }
    let saved = Saved::<T>::from_bytes(&file.bytes, &curriculum.network).map_err(unfit)?;
    Ok(saved.0.parameters)
}

/// The state of training at step 0, or as a file of weights at a step has it.
fn begin_or_reload<T: TrainableReal>(
    curriculum: &Curriculum,
    runs: Option<&Path>,
    file: Option<(WeightsFile, u64)>,
) -> Result<Begun<T>, LabError> {
    let Some((file, step)) = file else {
        let parameters = initial(curriculum, runs)?;
        let learner = learner(curriculum, &parameters)?;
        let position = Position::default();
        let saved = Saved {
            parameters,
            position,
        };
        return Ok((saved, learner));
    };
    let (saved, remembered) = reload_with_learner(curriculum, &file, step)?;
    let mut learner = learner(curriculum, &saved.parameters)?;
    let restored = learner.restore(&remembered);
    restored.map_err(|problem| unfit(&file, step, problem))?;
    Ok((saved, learner))
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
