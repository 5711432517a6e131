//! The training side of a run: batches, steps, stages, and what is saved of them.

use std::time::Instant;

use dfdx::dtypes::Dtype;
use dfdx::tensor::Cpu;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::LabError;
use super::analyst::Job;
use super::saved::{Position, Saved};
use crate::cell::constraints::constrain;
use crate::cell::noise::add_noise;
use crate::cell::parameters::Parameters;
use crate::curriculum::{Curriculum, Stage};
use crate::simd::Real;
use crate::task::Batch;
use crate::trace::rows::StepRow;
use crate::trace::{Run, RunWriter, WeightsFile};
use crate::train::bptt::Bptt;
use crate::train::dfdx_engine::{DfdxEngine, SliceDevice};
use crate::train::engine::Engine;
use crate::train::learner::{Learner, LearnerState};
use crate::train::optimiser::norm;

/// A number format that the default engine trains in.
pub trait TrainableReal: Real {
    /// The default engine for a network.
    fn engine(curriculum: &Curriculum) -> Box<dyn Engine<Self>>;
}

impl<T: Real + Dtype> TrainableReal for T
where
    Cpu: SliceDevice<T>,
{
    fn engine(curriculum: &Curriculum) -> Box<dyn Engine<Self>> {
        Box::new(DfdxEngine::new(&curriculum.network))
    }
}

/// Number and training step of a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckpointId {
    /// Number, counted from 0.
    pub number: u32,
    /// Training steps made.
    pub step: u64,
}

/// Parameters of a checkpoint, and its stage.
type Reloaded<T> = (CheckpointId, Parameters<T>, usize);

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
    /// Whether the last step ended a stage.
    stage_ended: bool,
    last_loss: f64,
    session: Instant,
    /// Seconds of training before this session.
    earlier_secs: f64,
}

impl<'a, T: TrainableReal> Trainer<'a, T> {
    /// A trainer at step 0, or where the run on disk stopped: at its last checkpoint or pause.
    pub fn start_or_resume(curriculum: &'a Curriculum, run: &Run) -> Result<Self, LabError> {
        if let Some(ending) = run.ending() {
            return Err(LabError::Ended {
                step: ending.step,
                message: ending.message.clone(),
            });
        }
        let last = run.entries().last();
        let mut file = match last {
            None => None,
            Some(entry) => Some((run.weights(entry.checkpoint)?, entry.step)),
        };
        let saved_step = last.map(|entry| entry.step);
        let checkpoint = last.map_or(0, |entry| entry.checkpoint + 1);
        if let Some(pause) = run.pause().filter(|pause| Some(pause.step) > saved_step) {
            file = Some((run.pause_weights(pause)?, pause.step));
        }
        let (mut state, learner) = begin_or_reload(curriculum, file)?;
        state.position.checkpoint = checkpoint;
        Ok(Self {
            curriculum,
            learner,
            // Not in the checkpoint files, whose bytes depend on the curriculum alone.
            earlier_secs: run.steps()?.last().map_or(0.0, |row| row.wall_secs),
            // A stage ends at the step at which the next one has made none.
            stage_ended: state.position.stage_step == 0,
            state,
            batch: Batch::default(),
            rows: Vec::new(),
            saved_step,
            last_loss: f64::NAN,
            session: Instant::now(),
        })
    }

    /// The checkpoints on disk whose landscape is not, with their parameters and stages.
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
                Ok((
                    id,
                    saved.parameters,
                    shown_stage(self.curriculum, &saved.position),
                ))
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

    /// The stage whose task the network was last trained on.
    pub fn stage(&self) -> usize {
        shown_stage(self.curriculum, &self.state.position)
    }

    /// Loss of the last step of this session; NaN before it.
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
        self.state.position.stage == self.curriculum.stages.len()
    }

    /// The checkpoint to save now: at step 0, where the policy says, and at the end of every stage.
    pub fn checkpoint_due(&self) -> Option<CheckpointId> {
        let step = self.state.position.step;
        let due = self.stage_ended
            || self
                .curriculum
                .checkpoints
                .is_due(step, self.curriculum.total_steps());
        if due { self.last_checkpoint() } else { None }
    }

    /// A checkpoint at the current step, unless it is saved already.
    pub fn last_checkpoint(&self) -> Option<CheckpointId> {
        let Position {
            step, checkpoint, ..
        } = self.state.position;
        (self.saved_step != Some(step)).then_some(CheckpointId {
            number: checkpoint,
            step,
        })
    }

    /// Makes one training step: batch, step of the learning rule, metrics.
    pub fn step(&mut self) -> Result<Step, LabError> {
        let step = self.state.position.step + 1;
        let stage_place = self.state.position.stage;
        let stage = &self.curriculum.stages[stage_place];
        self.draw_batch(stage, step);
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
        let accuracy = stage.task.task().accuracy(&self.batch, &learnt.outputs);
        self.rows.push(StepRow {
            step,
            stage: stage_place as u32,
            task: stage.task.task().name().to_owned(),
            loss: learnt.loss,
            accuracy,
            grad_norm: learnt.gradient_norm,
            learning_rate: learnt.learning_rate,
            weight_norm: norm(self.state.parameters.values()),
            wall_secs: self.wall_secs(),
        });
        self.advance(accuracy);
        Ok(Step::Made {
            step,
            stage: stage_place,
            loss: learnt.loss,
            accuracy,
        })
    }

    fn draw_batch(&mut self, stage: &Stage, step: u64) {
        let network = &self.curriculum.network;
        let task = stage.task.task();
        let (steps, trials) = (task.trial_steps(), self.curriculum.trials_per_step);
        self.batch
            .clear(steps, trials, network.inputs, network.outputs);
        let mut rng = stream(self.curriculum.seed, step);
        task.draw(&mut rng, &mut self.batch);
        add_noise(network, &mut rng, &mut self.batch);
    }

    /// Moves on by one step, to the next stage where this one has ended.
    fn advance(&mut self, accuracy: f64) {
        let position = &mut self.state.position;
        let until = &self.curriculum.stages[position.stage].until;
        position.step += 1;
        position.stage_step += 1;
        position.recent_accuracies.push_back(accuracy);
        if position.recent_accuracies.len() as u64 > until.over_steps {
            position.recent_accuracies.pop_front();
        }
        let full = position.recent_accuracies.len() as u64 == until.over_steps;
        let mean = position.recent_accuracies.iter().sum::<f64>()
            / position.recent_accuracies.len() as f64;
        let reached = until.accuracy.is_some_and(|wanted| full && mean >= wanted);
        self.stage_ended = reached || position.stage_step >= until.steps;
        if self.stage_ended {
            position.stage += 1;
            position.stage_step = 0;
            if position.stage < self.curriculum.stages.len() {
                position.recent_accuracies.clear();
            }
        }
    }

    /// Writes a checkpoint with its probe trials, and the steps since the last one.
    pub fn save(
        &mut self,
        id: CheckpointId,
        job: &Job,
        writer: &RunWriter,
    ) -> Result<(), LabError> {
        writer.write_checkpoint(
            id.number,
            id.step,
            &self.state.to_bytes(self.learner.state())?,
            &self.rows,
            &job.trial_rows(),
        )?;
        self.rows.clear();
        self.saved_step = Some(id.step);
        self.state.position.checkpoint = id.number + 1;
        Ok(())
    }

    /// Writes the state between two checkpoints, so that nothing is lost by stopping here.
    pub fn pause(&mut self, writer: &RunWriter) -> Result<(), LabError> {
        let step = self.state.position.step;
        if self.saved_step != Some(step) {
            writer.write_pause(
                step,
                &self.state.to_bytes(self.learner.state())?,
                &self.rows,
            )?;
            self.rows.clear();
        }
        Ok(())
    }

    fn wall_secs(&self) -> f64 {
        self.earlier_secs + self.session.elapsed().as_secs_f64()
    }
}

/// The generator of everything random at a training step.
pub(super) fn stream(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// The stage whose task a network was last trained on: a checkpoint at the end of a stage belongs to that stage, not to
/// the next.
pub(super) fn shown_stage(curriculum: &Curriculum, position: &Position) -> usize {
    let ended = position.stage_step == 0 || position.stage == curriculum.stages.len();
    if ended {
        position.stage.saturating_sub(1)
    } else {
        position.stage
    }
}

/// The learning rule of a curriculum, before its first step.
fn learner<T: TrainableReal>(
    curriculum: &Curriculum,
    parameters: &Parameters<T>,
) -> Box<dyn Learner<T>> {
    let engine = T::engine(curriculum);
    Box::new(Bptt::new(engine, curriculum.optimiser, parameters))
}

/// The state of training, and the learning rule with its own.
type Begun<T> = (Saved<T>, Box<dyn Learner<T>>);

/// The state of training at step 0, or as a file of weights at a step has it.
fn begin_or_reload<T: TrainableReal>(
    curriculum: &Curriculum,
    file: Option<(WeightsFile, u64)>,
) -> Result<Begun<T>, LabError> {
    let Some((file, step)) = file else {
        let parameters = Parameters::initial(&curriculum.network, curriculum.seed);
        let learner = learner(curriculum, &parameters);
        let position = Position::default();
        let saved = Saved {
            parameters,
            position,
        };
        return Ok((saved, learner));
    };
    let (saved, remembered) = reload_with_learner(curriculum, &file, step)?;
    let mut learner = learner(curriculum, &saved.parameters);
    let restored = learner.restore(&remembered);
    restored.map_err(|problem| unfit(&file, step, problem))?;
    Ok((saved, learner))
}

/// Reads a file of weights, which must be of this training step.
pub(super) fn reload<T: Real>(
    curriculum: &Curriculum,
    file: &WeightsFile,
    step: u64,
) -> Result<Saved<T>, LabError> {
    reload_with_learner(curriculum, file, step).map(|(saved, _)| saved)
}

/// As [`reload`], with what the file holds for the learning rule.
fn reload_with_learner<T: Real>(
    curriculum: &Curriculum,
    file: &WeightsFile,
    step: u64,
) -> Result<(Saved<T>, LearnerState), LabError> {
    let (saved, learner) = Saved::from_bytes(&file.bytes, &curriculum.network)
        .map_err(|problem| unfit(file, step, problem))?;
    let found = saved.position.step;
    if found == step {
        Ok((saved, learner))
    } else {
        Err(unfit(file, step, format!("the file is of step {found}")))
    }
}

fn unfit(file: &WeightsFile, step: u64, problem: String) -> LabError {
    LabError::Checkpoint {
        path: file.path.clone(),
        step,
        problem,
    }
}
