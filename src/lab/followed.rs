//! A run made of somebody else's checkpoints: files of weights, one after the other, each analysed as it comes.
//!
//! Files are read, checked and copied into the run before they are analysed, so that the run stands by itself when
//! the other program moves on or deletes them. So are its losses and what its networks do in trials of the task, where these
//! are given.

mod trials;

use std::path::Path;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

pub use self::trials::Trials;

use super::LabError;
use super::history::live::Live;
use super::history::{Wired, followed_maps};
use super::landscapes::{AtInput, Landscapes, Subject};
use super::origin::{Followed, Origin};
use super::saved::CheckpointId;
use crate::arrays::{NumberKind, read};
use crate::cell::map::CellMap;
use crate::dynamics::motion::projection::Projection;
use crate::dynamics::points::starts::{independent, jittered, simulated};
use crate::foreign::steps::StepReading;
use crate::foreign::{Account, ForeignError, ForeignNetwork};
use crate::map::Map as _;
use crate::tensors::{NamedTensor, TensorValues};
use crate::trace::CheckpointFile;
use crate::trace::holder::unix_time;
use crate::trace::rows::{LandscapeRow, StepRow};
use crate::trace::{
    CheckpointTables, Compacted, Run, RunWriter, StepsSource, TraceError, file_digest,
};

/// How a file stands to what has been taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Later than all that was taken.
    New,
    /// Taken, and as it was then.
    Taken,
    /// Taken, and another one now: somebody trains anew into the same folder.
    Changed,
    /// Not taken, and of a step before the last that was.
    Late {
        /// The last step taken.
        last: u64,
    },
    /// Not taken, and of the step of another file that was.
    SameStep {
        /// That file.
        taken: String,
    },
}

/// Keys beside the tensors of a file that was taken: where it came from, the SHA-256 that it had, and how its step was read from
/// its name.
const SOURCE: &str = "source";
const SOURCE_SHA256: &str = "source_sha256";
const STEP_READING: &str = "step_reading";

/// The digest of a file that comes from elsewhere.
fn source_digest(path: &Path) -> Result<String, LabError> {
    file_digest(path).map_err(|error| LabError::Followed {
        path: path.to_path_buf(),
        reason: error.to_string(),
    })
}

/// Takes checkpoints into a run as they come.
pub struct Follower {
    followed: Followed,
    writer: RunWriter,
    /// What was taken so far.
    run: Run,
    next_checkpoint: u32,
    last_step: Option<u64>,
    units: Option<usize>,
    account: Option<Account>,
    projection: Option<Projection>,
    landscapes: Landscapes,
    trials: Option<Trials>,
}

impl Follower {
    /// Begins a run in `dir`, or goes on with the one there, which must have been begun in the same way; with the trials that
    /// `followed` names, if it names any.
    pub fn begin(dir: &Path, followed: Followed, trials: Option<Trials>) -> Result<Self, LabError> {
        let exists = dir.join(crate::trace::RUN_FILE).exists();
        let writer = if exists {
            // Taking up a run tidies it: not before it is known to be this one.
            if !matches!(Origin::of_run(&Run::open(dir)?)?, Origin::Followed(of) if *of == followed)
            {
                return Err(LabError::Followed {
                    path: dir.to_path_buf(),
                    reason: "there is a run already that was begun otherwise; choose another name with `--run NAME`"
                        .to_owned(),
                });
            }
            RunWriter::resume(dir)?
        } else {
            RunWriter::create(dir, &followed.to_toml()?)?
        };
        let run = Run::open(dir)?;
        let history = Live::resumed(&run, |entry| followed_maps(&run, &followed, entry))?;
        let mut follower = Self {
            landscapes: Landscapes::resume(Some(&run), Some(history), dated)?,
            followed,
            run,
            writer,
            next_checkpoint: 0,
            last_step: None,
            units: None,
            account: None,
            projection: None,
            trials,
        };
        follower.catch_up()?;
        Ok(follower)
    }

    /// Takes up what the run holds already, and analyses again what waited for its landscape.
    fn catch_up(&mut self) -> Result<(), LabError> {
        let entries = self.run.entries().to_vec();
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            return Ok(());
        };
        let network = self
            .followed
            .network(&self.run.weights(first.checkpoint)?)?;
        self.fit_projection(&network)?;
        self.units = Some(network.units());
        self.next_checkpoint = last.checkpoint + 1;
        self.last_step = Some(last.step);
        // Those before a complete one had their turn.
        let waiting = entries.iter().rev().take_while(|entry| !entry.complete);
        for entry in waiting.collect::<Vec<_>>().into_iter().rev() {
            let network = self
                .followed
                .network(&self.run.weights(entry.checkpoint)?)?;
            let id = CheckpointId {
                number: entry.checkpoint,
                step: entry.step,
            };
            self.analyse(&network, id)?;
        }
        Ok(())
    }

    /// What the user should know of how the run was taken up.
    pub fn notes(&self) -> &[String] {
        self.writer.notes()
    }

    /// Merges the files of the run; it can still be gone on with.
    pub fn compact(&self) -> Result<Compacted, TraceError> {
        self.writer.compact()
    }

    /// How a file stands that is said to be of a training step.
    pub fn standing(&mut self, path: &Path, step: u64) -> Result<Standing, LabError> {
        let Some(last) = self.last_step.filter(|last| step <= *last) else {
            return Ok(Standing::New);
        };
        self.run.refresh()?;
        let run = &self.run;
        let Some(entry) = run.entries().iter().find(|entry| entry.step == step) else {
            return Ok(Standing::Late { last });
        };
        let own = CheckpointFile::from_bytes(&run.weights(entry.checkpoint)?.bytes)?;
        let of = |key: &str| own.metadata.get(key).cloned();
        let source = of(SOURCE).unwrap_or_default();
        if source != path.display().to_string() {
            return Ok(Standing::SameStep { taken: source });
        }
        // Runs of older versions do not say what the file was like.
        match of(SOURCE_SHA256) {
            Some(sha256) if sha256 != source_digest(path)? => Ok(Standing::Changed),
            _ => Ok(Standing::Taken),
        }
    }

    /// What the file that was taken last was taken for; nothing before one was.
    pub fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }

    /// The training step of the last checkpoint taken.
    pub fn last_step(&self) -> Option<u64> {
        self.last_step
    }

    /// The file that was taken last, as it was named, and how its step was read; none if none was taken, or by a version that did
    /// not say.
    pub fn last_reading(&mut self) -> Result<Option<(String, StepReading)>, LabError> {
        self.run.refresh()?;
        let Some(last) = self.run.entries().last() else {
            return Ok(None);
        };
        let own = CheckpointFile::from_bytes(&self.run.weights(last.checkpoint)?.bytes)?;
        let (source, reading) = (own.metadata.get(SOURCE), own.metadata.get(STEP_READING));
        let reading = reading.and_then(|text| serde_json::from_str(text).ok());
        Ok(source.cloned().zip(reading))
    }

    /// Number of checkpoints taken.
    pub fn checkpoints(&self) -> usize {
        self.next_checkpoint as usize
    }

    /// The last training step that the run has losses of, and where they come from.
    pub fn told_steps(&mut self) -> Result<Option<(u64, StepsSource)>, LabError> {
        self.run.refresh()?;
        Ok(self.run.told_steps().cloned())
    }

    /// Keeps training steps that the other program tells of, later than all before.
    pub fn keep_steps(&self, rows: &[StepRow], source: &StepsSource) -> Result<(), TraceError> {
        self.writer.write_told_steps(rows, source)
    }

    /// Takes a file of weights as the checkpoint of a training step, which was read from its name, later than all before: reads
    /// it, keeps it in the run, and analyses it. Gives the rows of the landscape before, which is complete with that.
    pub fn take(
        &mut self,
        path: &Path,
        step: u64,
        reading: &StepReading,
    ) -> Result<Vec<LandscapeRow>, LabError> {
        let (network, weights) = self.read(path, reading)?;
        if let Some(units) = self.units.filter(|units| *units != network.units()) {
            return Err(LabError::Followed {
                path: path.to_path_buf(),
                reason: format!("it has {} units, those before had {units}", network.units()),
            });
        }
        if let Some(last) = self.last_step.filter(|last| step <= *last) {
            return Err(LabError::Followed {
                path: path.to_path_buf(),
                reason: format!("it is of step {step}, and step {last} was taken already"),
            });
        }
        let id = CheckpointId {
            number: self.next_checkpoint,
            step,
        };
        // A mistake in the input must not leave half a checkpoint.
        if let Some(trials) = &self.trials {
            trials.check_channels(&network)?;
        }
        for probe in self.followed.probes(&network) {
            network.map_at(&probe.input)?;
        }
        let projection = self.fit_projection(&network)?;
        let trials = match &self.trials {
            Some(trials) => trials.rows(&network, id, &projection)?,
            None => Vec::new(),
        };
        self.units = Some(network.units());
        self.account = Some(network.account().clone());
        let tables = CheckpointTables {
            trials: &trials,
            ..CheckpointTables::default()
        };
        self.writer
            .write_checkpoint(id.number, id.step, &weights, &tables)?;
        self.next_checkpoint += 1;
        self.last_step = Some(step);
        self.analyse(&network, id)
    }

    /// The network of a file, and the same as bytes of safetensors. A file that is exchanged in between is seen at the next
    /// look.
    fn read(
        &self,
        path: &Path,
        reading: &StepReading,
    ) -> Result<(ForeignNetwork, Vec<u8>), LabError> {
        let failed = |reason: String| LabError::Followed {
            path: path.to_path_buf(),
            reason,
        };
        let sha256 = source_digest(path)?;
        let tensors = read(path).map_err(ForeignError::from)?;
        let network = ForeignNetwork::new(&tensors, &self.followed.options)
            .map_err(|error| failed(error.to_string()))?;
        let read = tensors.into_iter().filter(|(_, tensor)| {
            // The network does without the others, which have no values.
            !matches!(tensor.kind, NumberKind::Unread(_))
        });
        let tensors = read.map(|(name, tensor)| NamedTensor {
            name,
            shape: tensor.shape,
            values: TensorValues::F64(tensor.values),
        });
        let reading = serde_json::to_string(reading).map_err(|error| failed(error.to_string()))?;
        let about = [
            (SOURCE, path.display().to_string()),
            (SOURCE_SHA256, sha256),
            (STEP_READING, reading),
        ];
        let file = CheckpointFile {
            tensors: tensors.collect(),
            metadata: about.map(|(key, text)| (key.to_owned(), text)).into(),
        };
        let bytes = file.to_bytes().map_err(|error| failed(error.to_string()))?;
        Ok((network, bytes))
    }

    /// Where searches start: states of the trials with jitter, or of simulations at a constant input.
    fn starts(&self, states: Option<&[f64]>, map: &CellMap) -> Vec<Vec<f64>> {
        let Followed {
            starts,
            noise,
            seed,
            ..
        } = self.followed;
        match states {
            Some(states) => {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                jittered(states, map.dim(), starts, noise, &mut rng)
            }
            None => simulated(map, starts, noise, seed),
        }
    }

    /// The states of a network in the trials, if there are trials.
    fn trial_states(&self, network: &ForeignNetwork) -> Result<Option<Vec<f64>>, LabError> {
        let states = self.trials.as_ref().map(|trials| trials.states(network));
        states.transpose()
    }

    /// The run's projection, fitted to the states of its first checkpoint: those of the trials, or those that searches start from.
    fn fit_projection(&mut self, network: &ForeignNetwork) -> Result<Projection, LabError> {
        if let Some(projection) = &self.projection {
            return Ok(projection.clone());
        }
        let input = self.followed.probes(network).into_iter().next();
        let map = network.map_at(&input.map_or(Vec::new(), |probe| probe.input))?;
        let states = match self.trial_states(network)? {
            Some(states) => states,
            None => self.starts(None, &map).concat(),
        };
        let fitted = Projection::fit(&states, map.dim());
        Ok(self.projection.insert(fitted).clone())
    }

    /// Analyses a checkpoint; gives the rows of the one before, whose landscape is complete with that.
    fn analyse(
        &mut self,
        network: &ForeignNetwork,
        id: CheckpointId,
    ) -> Result<Vec<LandscapeRow>, LabError> {
        let projection = self.fit_projection(network)?;
        let states = self.trial_states(network)?;
        let Followed {
            basin_starts,
            noise,
            seed,
            ..
        } = self.followed;
        let mut inputs = Vec::new();
        for probe in self.followed.probes(network) {
            let map = network.map_at(&probe.input)?;
            inputs.push(AtInput {
                name: probe.name,
                starts: self.starts(states.as_deref(), &map),
                basin_starts: independent(&map, basin_starts, noise, seed),
                wired: Wired::plain(map),
            });
        }
        let subject = Subject {
            id,
            readout: network.readout().clone(),
            projection,
            inputs,
        };
        let written = self.landscapes.add(&self.writer, subject)?;
        Ok(written.map_or_else(Vec::new, |written| written.rows))
    }

    /// Writes the landscape of the last checkpoint as it is, and gives its rows: nothing more is expected. More may come all
    /// the same.
    pub fn finish(&mut self) -> Result<Vec<LandscapeRow>, LabError> {
        let written = self.landscapes.finish(&self.writer)?;
        Ok(written.map_or_else(Vec::new, |written| written.rows))
    }

    /// Notes in the run's log.
    pub fn log(&self, line: &str) -> Result<(), TraceError> {
        self.writer.log_durably(&dated(line))
    }
}

/// A line of the log with the second in which it was written: nobody's steps date those of a followed run.
fn dated(line: &str) -> String {
    format!("{} {line}", unix_time())
}
