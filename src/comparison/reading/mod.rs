//! Runs on disk become what is compared: portraits of checkpoints, and paths of learning.
//!
//! A run is opened, asked and dropped: nobody needs to hold more than one at a time.

pub(crate) mod edges;
mod labels;
mod landscape;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::path::{LearningPath, PathEvent, TrainingStep};
use super::portrait::{Landscape, Portrait, Probed, TrialStates};
use crate::curriculum::Curriculum;
use crate::lab::LabError;
use crate::lab::network::{CheckpointNetwork, on_trials};
use crate::lab::origin::Origin;
use crate::recordings::{Recording, RecordingError};
use crate::task::Task as _;
use crate::task::mixture::Mixture;
use crate::trace::glance::{EventGlance, StepGlance};
use crate::trace::{Ending, Entry, Run, StepCursor};

/// How networks are looked at. Portraits are compared only if they were taken in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// Probe trials, the same for every network of a task. Default 256.
    pub trials: usize,
    /// Seed of these trials. Default 0.
    pub seed: u64,
    /// Whether it is computed what leads from one fixed point to another. Default yes.
    pub has_edges: bool,
}

impl Default for View {
    fn default() -> Self {
        Self {
            trials: 256,
            seed: 0,
            has_edges: true,
        }
    }
}

/// A run that is opened for comparison.
pub struct OpenRun {
    run: Run,
    origin: Origin,
}

impl OpenRun {
    /// Opens the run in a folder.
    ///
    /// # Errors
    /// If the folder is no run, or what describes it is damaged.
    pub fn open(dir: &Path) -> Result<Self, LabError> {
        let run = Run::open(dir)?;
        let origin = Origin::of_run(&run)?;
        Ok(Self { run, origin })
    }

    /// The name of its folder.
    pub fn name(&self) -> String {
        let name = self.run.dir().file_name();
        name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    /// Its folder.
    pub fn dir(&self) -> PathBuf {
        self.run.dir().to_path_buf()
    }

    /// The curriculum that it was trained by; `None` where another program trained it.
    pub fn curriculum(&self) -> Option<&Curriculum> {
        match &self.origin {
            Origin::Trained(curriculum) => Some(curriculum),
            Origin::Followed(_) => None,
        }
    }

    /// How it ended; `None` of a run that is still being made, or was interrupted.
    pub fn ending(&self) -> Option<&Ending> {
        self.run.ending()
    }

    /// What a key of its `run.toml` says, or one of the names `curriculum`, `cell`, `rule`, `task`; see [`labels`](self::labels).
    ///
    /// # Errors
    /// In words, if the run has no such key.
    pub fn label(&self, key: &str) -> Result<String, String> {
        labels::label(&self.run, self.curriculum(), key)
    }

    /// Its checkpoints.
    pub fn checkpoints(&self) -> &[Entry] {
        self.run.entries()
    }

    /// The task that its curriculum ends with, all ramps at their last values.
    fn task(curriculum: &Curriculum) -> Option<Mixture> {
        let place = curriculum.stages.len().checked_sub(1)?;
        Some(curriculum.mixture(place, &curriculum.stages[place].at_its_end()))
    }

    /// The network of a checkpoint as measures see it: on trials of the task that its curriculum ends with.
    ///
    /// # Errors
    /// If a file of the checkpoint is missing or damaged.
    pub fn portrait(&self, entry: Entry, view: View) -> Result<Portrait, LabError> {
        let network = CheckpointNetwork::read(&self.run, &self.origin, entry)?;
        let landscapes = landscape::of(&self.run, entry.checkpoint)?;
        let mut portrait = Portrait::of_landscapes(&self.name(), entry.step, landscapes);
        let (Origin::Trained(curriculum), CheckpointNetwork::Trained { parameters, .. }) =
            (&self.origin, &network)
        else {
            return Ok(portrait);
        };
        let Some(task) = Self::task(curriculum) else {
            return Ok(portrait);
        };
        portrait.probe = self.probe(&task);
        let mut rng = ChaCha8Rng::seed_from_u64(view.seed);
        let (batch, simulation) = on_trials(curriculum, parameters, &task, view.trials, &mut rng)?;
        portrait.states = TrialStates {
            steps: batch.steps,
            trials: batch.trials,
            units: simulation.state_size,
            states: simulation.states.iter().map(|x| *x as f32).collect(),
        };
        portrait.probed = Some(Probed {
            spec: curriculum.network.clone(),
            parameters: (**parameters).clone(),
            loss: batch.loss(&simulation.outputs),
            accuracy: task.accuracy(&batch, &simulation.outputs),
            trials: Arc::new(batch),
        });
        if view.has_edges {
            let inputs = curriculum.network.inputs;
            let (probes, pulses) = (task.probes(inputs), task.pulses(inputs));
            for landscape in &mut portrait.landscapes {
                edges::look(landscape, entry.checkpoint, &network, &probes, &pulses)?;
            }
        }
        Ok(portrait)
    }

    /// The landscapes of a checkpoint as graphs see them, without edges: their points have neither places, nor spectra, nor
    /// basins. None where nobody has analysed it.
    ///
    /// # Errors
    /// If a file of the checkpoint is missing or damaged.
    pub fn landscapes(&self, checkpoint: u32) -> Result<Vec<Landscape>, LabError> {
        landscape::nodes(&self.run, checkpoint)
    }

    /// The states of the network of a checkpoint on the inputs of a recording, one trial a condition, without noise.
    ///
    /// # Errors
    /// If a file of the checkpoint is missing or damaged, or the network takes other inputs.
    pub fn states_on(&self, entry: Entry, recording: &Recording) -> Result<TrialStates, LabError> {
        let network = CheckpointNetwork::read(&self.run, &self.origin, entry)?;
        let (found, expected) = (recording.input_channels, network.inputs());
        if expected != found {
            return Err(LabError::Recording(RecordingError::InputWidth {
                name: recording.name.clone(),
                run: self.name(),
                found,
                expected,
            }));
        }
        let inputs = recording.inputs_by_step();
        let trials = recording.count();
        let (units, states) = network.driven(self.curriculum(), trials, inputs)?;
        Ok(TrialStates {
            steps: recording.steps,
            trials,
            units,
            states: states.iter().map(|x| *x as f32).collect(),
        })
    }

    /// Accuracy of the network of a checkpoint on trials of the task that its curriculum ends with, in 0 to 1; `None` where another
    /// program trained it.
    ///
    /// # Errors
    /// If a file of the checkpoint is missing or damaged.
    pub fn accuracy(&self, entry: Entry, view: View) -> Result<Option<f64>, LabError> {
        let network = CheckpointNetwork::read(&self.run, &self.origin, entry)?;
        let (Origin::Trained(curriculum), CheckpointNetwork::Trained { parameters, .. }) =
            (&self.origin, &network)
        else {
            return Ok(None);
        };
        let Some(task) = Self::task(curriculum) else {
            return Ok(None);
        };
        let mut rng = ChaCha8Rng::seed_from_u64(view.seed);
        let (batch, simulation) = on_trials(curriculum, parameters, &task, view.trials, &mut rng)?;
        Ok(Some(task.accuracy(&batch, &simulation.outputs)))
    }

    /// The checkpoints whose slow points include the ghost of a fold that motion passes: each by its training step.
    ///
    /// # Errors
    /// If a file of the checkpoints is missing or damaged.
    pub fn ghosts(&self) -> Result<Vec<(u64, bool)>, LabError> {
        let analysed = self.run.entries().iter().filter(|entry| entry.complete);
        let found = analysed.map(|entry| {
            let mut is_passed = false;
            self.run.glance_at_slow_points(entry.checkpoint, |point| {
                is_passed |= point.passage_steps.is_some();
            })?;
            Ok((entry.step, is_passed))
        });
        found.collect()
    }

    /// What tells the trials of one run from those of another.
    fn probe(&self, task: &Mixture) -> String {
        let parts = task.parts.iter();
        let parts: Vec<String> = parts
            .map(|part| {
                format!(
                    "{:?}, weight {}, rule {:?}",
                    part.task, part.weight, part.rule_channel
                )
            })
            .collect();
        if task.is_in_world() {
            // Each network lives through trials of its own.
            format!("{} as {} lived it", parts.join("; "), self.name())
        } else {
            parts.join("; ")
        }
    }

    /// The way it took through training.
    ///
    /// # Errors
    /// If a file of steps or events is missing or damaged.
    pub fn path(&self) -> Result<LearningPath, LabError> {
        let mut events = Vec::new();
        self.run
            .glance_at_events(|row| events.push(path_event(row)))?;
        let (mut steps, mut cursor) = (Vec::new(), StepCursor::default());
        while let Some(read) = self
            .run
            .glance_at_next_steps(&mut cursor, |row| steps.push(training_step(row)))
        {
            read?;
        }
        Ok(LearningPath {
            name: self.name(),
            steps,
            checkpoints: self.run.entries().iter().map(|entry| entry.step).collect(),
            events,
        })
    }

    /// All parameters at a checkpoint, in one row; `None` where another program trained the network.
    ///
    /// # Errors
    /// If its file is missing or damaged.
    pub fn weights(&self, entry: Entry) -> Result<Option<Vec<f64>>, LabError> {
        match CheckpointNetwork::read(&self.run, &self.origin, entry)? {
            CheckpointNetwork::Trained { parameters, .. } => Ok(Some(parameters.values().to_vec())),
            CheckpointNetwork::Foreign(_) => Ok(None),
        }
    }
}

fn training_step(row: StepGlance) -> TrainingStep {
    TrainingStep {
        step: row.step,
        stage: row.stage,
        loss: row.loss,
        accuracy: row.accuracy,
        gradient_norm: row.grad_norm,
    }
}

fn path_event(row: EventGlance) -> PathEvent {
    PathEvent {
        kind: row.kind.to_owned(),
        condition: row.condition.to_owned(),
        from_step: row.from_step,
        to_step: row.to_step,
        position: row.position,
        pair_change: row.pair_change,
        loss: row.loss,
        gradient_norm: row.grad_norm,
    }
}
