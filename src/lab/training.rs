//! The core of training: batches, steps, stages, and nothing on disk.
//!
//! A step, in order: the batch of this step and stage, with the stage's ramps at their present values; the learning
//! rule; the accuracy of the outputs that it gave; constraints; the place in the curriculum. If loss or gradient is
//! not finite, nothing changes.
//!
//! A large batch is drawn by another thread while the step before it is made, and used if the step has left the stage
//! and its ramps where they were: what is in a batch depends on these and on the number of the step alone.

use std::path::{Path, PathBuf};

use super::LabError;
use super::position::Position;
use super::saved::{Saved, Snapshot, in_memory, reload_with_learner, unfit};
use crate::cell::constraints::constrain;
use crate::cell::joined::join;
use crate::cell::noise::{add_noise, draw_initial_states};
use crate::cell::parameters::Parameters;
use crate::curriculum::{Curriculum, Progress, transfer};
use crate::parameters::Variant as _;
use crate::simd::Real;
use crate::streams::Stream;
use crate::task::mixture::Mixture;
use crate::task::{Batch, Task as _};
use crate::trace::{Run, WeightsFile, digest};
use crate::train::engine::EngineError;
use crate::train::learner::Learner;
use crate::train::optimiser::norm;
use crate::train::policy::NetworkPolicy;
use crate::train::rules::{Setting, TrainableReal};
use crate::train::spec::Penalties;

/// What came of a training step.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// It was made.
    Made(StepMade),
    /// Loss or gradient was not finite; nothing was changed.
    Diverged {
        /// Loss on its batch.
        loss: f64,
        /// What the user should know.
        message: String,
    },
}

/// A training step that was made.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StepMade {
    /// Its number, counted from 1.
    pub step: u64,
    /// Place of its stage.
    pub stage: usize,
    /// Names of the tasks of the stage.
    pub task: String,
    /// Loss on its batch, before the update.
    pub loss: f64,
    /// Accuracy on its batch, before the update.
    pub accuracy: f64,
    /// Euclidean norm of the gradient, before clipping.
    pub gradient_norm: f64,
    /// Learning rate of the step.
    pub learning_rate: f64,
    /// Euclidean norm of all parameters after the update.
    pub weight_norm: f64,
    /// Mean sum of the rewards of its episodes; `None` in tasks that are no world.
    pub mean_return: Option<f64>,
}

/// A network in training by a curriculum, in memory.
///
/// ```
/// use creode::curriculum::Curriculum;
/// use creode::lab::training::{Step, Training};
///
/// let text = r#"
/// [network]
/// cell = "gru"
/// units = 8
/// [[stage]]
/// task = "flip-flop"
/// bits = 1
/// trial_steps = 20
/// until = { steps = 3 }
/// [checkpoints]
/// every = 1
/// "#;
/// let curriculum = Curriculum::parse(text, "bit.toml", &[])?;
/// let mut training = Training::<f32>::begin(&curriculum)?;
/// while !training.is_finished() {
///     if let Step::Made(made) = training.step()? {
///         println!("step {}: loss {}", made.step, made.loss);
///     }
/// }
/// assert_eq!(training.position().step, 3);
/// # Ok::<(), creode::lab::LabError>(())
/// ```
pub struct Training<'a, T: TrainableReal> {
    curriculum: &'a Curriculum,
    learner: Box<dyn Learner<T>>,
    state: Saved<T>,
    /// The batch of the last step, and one that may be that of the next.
    drawn: Option<Drawn>,
    ahead: Option<Drawn>,
}

/// A batch with what decides what is in it.
struct Drawn {
    task: Mixture,
    /// Number of its stream.
    draw: u64,
    batch: Batch,
}

/// Numbers of a batch from which another thread pays.
const LARGE_BATCH: usize = 1 << 17;

impl<'a, T: TrainableReal> Training<'a, T> {
    /// At step 0. Weights that a curriculum takes from another run are looked for in the present folder.
    pub fn begin(curriculum: &'a Curriculum) -> Result<Self, LabError> {
        Self::begin_beside(curriculum, Path::new(""))
    }

    /// The same, with weights of another run looked for in the folder `runs`.
    pub fn begin_beside(curriculum: &'a Curriculum, runs: &Path) -> Result<Self, LabError> {
        let parameters = initial(curriculum, runs)?;
        let learner = learner(curriculum, &parameters)?;
        let position = Position::default();
        let state = Saved {
            parameters,
            position,
        };
        Ok(Self {
            curriculum,
            learner,
            state,
            drawn: None,
            ahead: None,
        })
    }

    /// Where a file of weights, which must be of this training step, has it.
    pub fn resume(
        curriculum: &'a Curriculum,
        file: &WeightsFile,
        step: u64,
    ) -> Result<Self, LabError> {
        let (state, remembered) = reload_with_learner::<T>(curriculum, file, step)?;
        let mut learner = learner(curriculum, &state.parameters)?;
        let restored = learner.restore(&remembered);
        restored.map_err(|problem| unfit(file, step, problem))?;
        Ok(Self {
            curriculum,
            learner,
            state,
            drawn: None,
            ahead: None,
        })
    }

    /// Where training is.
    pub fn position(&self) -> &Position {
        &self.state.position
    }

    pub(super) fn position_mut(&mut self) -> &mut Position {
        &mut self.state.position
    }

    /// The parameters, fetched from where the learning rule keeps them.
    pub fn parameters(&mut self) -> Result<&Parameters<T>, LabError> {
        self.learner.bring_back(&mut self.state.parameters)?;
        Ok(&self.state.parameters)
    }

    /// Whether all stages are done.
    pub fn is_finished(&self) -> bool {
        self.state.position.stage == self.curriculum.stages.len()
    }

    /// Mean of the recent accuracies.
    pub fn mean_accuracy(&self) -> f64 {
        let recent = &self.state.position.recent_accuracies;
        recent.iter().sum::<f64>() / recent.len() as f64
    }

    /// Everything that training goes on from.
    pub fn snapshot(&mut self) -> Result<Snapshot, LabError> {
        self.learner.bring_back(&mut self.state.parameters)?;
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

    /// Makes one training step: batch, step of the learning rule, metrics.
    pub fn step(&mut self) -> Result<Step, LabError> {
        if self.is_finished() {
            return Err(LabError::Ended {
                step: self.state.position.step,
                message: "the curriculum was completed".to_owned(),
            });
        }
        let step = self.state.position.step + 1;
        let stage_place = self.state.position.stage;
        let stage = &self.curriculum.stages[stage_place];
        let task = self
            .curriculum
            .mixture(stage_place, &self.state.position.progress());
        let is_new_batch = (step - 1).is_multiple_of(self.curriculum.steps_per_batch);
        if self.curriculum.renews_optimiser && is_new_batch {
            self.learner.forget();
        }
        let drawn = self.batch_of(task, step)?;
        let next = self.next_to_draw(&drawn.task, step + 1);
        let (curriculum, ahead) = (self.curriculum, &mut self.ahead);
        let learnt = rayon::in_place_scope(|scope| {
            if let Some((task, draw)) = next {
                scope.spawn(move |_| {
                    *ahead = Some(draw_batch(curriculum, task, draw, ahead.take()));
                });
            }
            (self.learner).step(&mut self.state.parameters, &drawn.batch)
        });
        let learnt = learnt?;
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
            return Ok(Step::Diverged {
                loss: learnt.loss,
                message,
            });
        }
        let weight_norm = self.learner.weight_norm_elsewhere().unwrap_or_else(|| {
            constrain(&self.curriculum.network, &mut self.state.parameters);
            norm(self.state.parameters.values())
        });
        let accuracy = drawn.task.accuracy(&drawn.batch, &learnt.outputs);
        let made = StepMade {
            step,
            stage: stage_place,
            task: stage.task_names(),
            loss: learnt.loss,
            accuracy,
            gradient_norm: learnt.gradient_norm,
            learning_rate: learnt.learning_rate,
            weight_norm,
            mean_return: drawn.batch.mean_return(),
        };
        self.state.position.advance(stage, accuracy, learnt.loss);
        self.drawn = Some(drawn);
        Ok(Step::Made(made))
    }

    /// Number of the stream that the batch of a step is drawn from.
    fn draw(&self, step: u64) -> u64 {
        // Within a stage a fixed batch is that of step 1; steps are counted from 1.
        if self.learner.wants_fixed_batch() {
            1
        } else {
            (step - 1) / self.curriculum.steps_per_batch + 1
        }
    }

    /// The batch of a step of a task: one that is there, or else drawn now.
    fn batch_of(&mut self, task: Mixture, step: u64) -> Result<Drawn, LabError> {
        let draw = self.draw(step);
        let (curriculum, last) = (self.curriculum, self.drawn.take());
        if task.is_in_world() {
            let parameters = self.parameters()?;
            return Ok(live_through(curriculum, parameters, (task, draw), last));
        }
        let is_it = |drawn: &Drawn| drawn.draw == draw && drawn.task == task;
        if let Some(drawn) = self.ahead.take_if(|drawn| is_it(drawn)) {
            self.ahead = last;
            return Ok(drawn);
        }
        Ok(match last {
            Some(drawn) if is_it(&drawn) => drawn,
            last => draw_batch(curriculum, task, draw, last),
        })
    }

    /// What to draw while a step is made, if the next one is likely to be another one of the same task, and it is large.
    fn next_to_draw(&self, task: &Mixture, next: u64) -> Option<(Mixture, u64)> {
        let network = &self.curriculum.network;
        let noise = if network.noise.recurrent > 0.0 {
            network.units
        } else {
            0
        };
        let numbers = task.trial_steps()
            * self.curriculum.trials_per_step
            * (network.inputs + network.outputs + noise);
        let draw = self.draw(next);
        let is_worth_it =
            numbers >= LARGE_BATCH && !task.is_in_world() && draw != self.draw(next - 1);
        let position = &self.state.position;
        let stage = &self.curriculum.stages[position.stage];
        is_worth_it.then(|| {
            let progress = Progress {
                steps: (position.stage_step + 1).min(stage.until.steps),
                ..position.progress()
            };
            (self.curriculum.mixture(position.stage, &progress), draw)
        })
    }
}

/// Draws a batch, in the memory of one that is no longer needed.
fn draw_batch(curriculum: &Curriculum, task: Mixture, draw: u64, spare: Option<Drawn>) -> Drawn {
    let network = &curriculum.network;
    let mut batch = empty(curriculum, &task, spare);
    let mut rng = Stream::TrainingStep(draw).open(curriculum.seed);
    draw_initial_states(network, &mut rng, &mut batch);
    task.draw(&mut rng, &mut batch);
    cut_short(curriculum, &task, &mut batch);
    add_noise(network, &mut rng, &mut batch);
    Drawn { task, draw, batch }
}

/// Lives through the trials of a world, whose noise is met there.
fn live_through<T: Real>(
    curriculum: &Curriculum,
    parameters: &Parameters<T>,
    (task, draw): (Mixture, u64),
    spare: Option<Drawn>,
) -> Drawn {
    let network = &curriculum.network;
    let mut batch = empty(curriculum, &task, spare);
    let mut rng = Stream::TrainingStep(draw).open(curriculum.seed);
    draw_initial_states(network, &mut rng, &mut batch);
    let noise = Stream::WorldNoise(draw).open(curriculum.seed);
    let mut policy = NetworkPolicy::new(network, parameters, Some(noise))
        .taught(curriculum.rule.rule().lesson());
    task.experience(&mut policy, &mut rng, &mut batch);
    cut_short(curriculum, &task, &mut batch);
    // What lives in no world has met no noise yet.
    if batch.lived.is_empty() {
        add_noise(network, &mut rng, &mut batch);
    }
    Drawn { task, draw, batch }
}

fn empty(curriculum: &Curriculum, task: &Mixture, spare: Option<Drawn>) -> Batch {
    let mut batch = spare.map_or_else(Batch::default, |drawn| drawn.batch);
    let (steps, trials) = (task.trial_steps(), curriculum.trials_per_step);
    let network = &curriculum.network;
    batch.clear(steps, trials, network.inputs, network.outputs);
    batch
}

/// Leaves out what comes after the last step that counts; but penalties are means over all time steps of a trial.
fn cut_short(curriculum: &Curriculum, task: &Mixture, batch: &mut Batch) {
    if task.ends_early() && curriculum.penalties == Penalties::default() {
        batch.cut(batch.counted_steps());
    }
}

/// The learning rule of a curriculum, before its first step.
fn learner<T: TrainableReal>(
    curriculum: &Curriculum,
    parameters: &Parameters<T>,
) -> Result<Box<dyn Learner<T>>, LabError> {
    let (network, seed) = (&curriculum.network, curriculum.seed);
    let is_ready = curriculum.engine.check();
    is_ready.map_err(|message| EngineError::Backend {
        backend: curriculum.engine.name(),
        message,
    })?;
    let setting = Setting {
        engine: curriculum.engine,
        penalties: curriculum.penalties,
        ..Setting::new(network, parameters, curriculum.optimiser, seed)
    };
    Ok(T::learner(curriculum.rule.rule(), setting)?)
}

/// The parameters before training: drawn, or those of other runs, which are looked for in the folder `runs`.
fn initial<T: Real>(curriculum: &Curriculum, runs: &Path) -> Result<Parameters<T>, LabError> {
    let ours = &curriculum.network;
    let Some(transfer) = &curriculum.transfer else {
        return Ok(Parameters::initial(ours, curriculum.seed));
    };
    let names = transfer.from.split(transfer::BETWEEN);
    let digests = transfer.from_sha256.split(transfer::BETWEEN);
    let mut parts = Vec::new();
    let mut path = PathBuf::new();
    for (name, sha256) in names.zip(digests) {
        let run = transfer::open(runs, name)?;
        let file = file_of(&run, transfer.from_checkpoint, sha256)?;
        let unfit = |problem: String| LabError::Transfer {
            path: file.path.clone(),
            problem,
        };
        if !transfer.is_readout_new {
            let saved = Saved::<T>::from_bytes(&file.bytes, ours).map_err(unfit)?;
            return Ok(saved.0.parameters);
        }
        let theirs = transfer::network_of(&run).map_err(|error| unfit(error.to_string()))?;
        let saved = Saved::<T>::from_bytes(&file.bytes, &theirs).map_err(unfit)?;
        parts.push((theirs, saved.0.parameters));
        path = file.path;
    }
    let mut parameters = Parameters::initial(ours, curriculum.seed);
    let joined = join(ours, &mut parameters, &parts);
    joined.map_err(|problem| LabError::Transfer { path, problem })?;
    Ok(parameters)
}

/// The file of weights with a digest: that of the checkpoint, or of another of the run, where several runs are joined.
fn file_of(run: &Run, checkpoint: u32, sha256: &str) -> Result<WeightsFile, LabError> {
    let is_it = |file: &WeightsFile| digest(&file.bytes) == sha256;
    let first = run.weights(checkpoint);
    if first.as_ref().is_ok_and(is_it) {
        return Ok(first?);
    }
    let others = run.entries().iter().rev();
    let mut others = others.filter_map(|entry| run.weights(entry.checkpoint).ok());
    if let Some(file) = others.find(is_it) {
        return Ok(file);
    }
    let first = first?;
    Err(LabError::Transfer {
        problem: format!(
            "its SHA-256 is {}, the curriculum says {sha256:?}",
            digest(&first.bytes)
        ),
        path: first.path,
    })
}
