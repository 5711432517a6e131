//! A run made of somebody else's checkpoints: files of weights, one after the other, each analysed as it comes.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::LabError;
use super::analysed::{Analysed, Tracked};
use super::history::live::Live;
use super::history::{Interval, Node, Place, Wired, followed_maps};
use super::trainer::CheckpointId;
use crate::dynamics::projection::Projection;
use crate::dynamics::starts::simulated;
use crate::dynamics::watch::Unwatched;
use crate::foreign::tensors::{from_safetensors, read};
use crate::foreign::{ForeignError, ForeignNetwork, Options};
use crate::map::Map as _;
use crate::task::Probe;
use crate::trace::checkpoint::{CheckpointFile, NamedTensor, TensorValues};
use crate::trace::lock::unix_time;
use crate::trace::rows::{EventRow, LandscapeRow};
use crate::trace::{
    Compacted, LandscapeTables, Run, RunWriter, TraceError, WeightsFile, file_digest,
};

/// How the files of a followed run are read and searched: the table `[followed]` of its `run.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Followed {
    /// The folder that the files come from.
    pub folder: PathBuf,
    /// The constant input; zeros if none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Vec<f64>>,
    /// States from which fixed points are sought.
    pub starts: usize,
    /// Jitter of the starts relative to the states.
    pub noise: f64,
    /// Seed of the starts.
    pub seed: u64,
    /// What the files alone do not say.
    pub options: Options,
}

#[derive(Serialize, Deserialize)]
struct File {
    followed: Followed,
}

impl Followed {
    /// That of a run; `None` if the run was trained here.
    pub fn of_run(run: &Run) -> Option<Self> {
        let file: File = toml::from_str(run.config_text()).ok()?;
        Some(file.followed)
    }

    /// The text of a `run.toml`.
    fn to_toml(&self) -> Result<String, LabError> {
        let file = File {
            followed: self.clone(),
        };
        toml::to_string(&file).map_err(|error| LabError::Followed {
            path: self.folder.clone(),
            reason: error.to_string(),
        })
    }

    /// The network of one of the run's checkpoints.
    pub(super) fn network(&self, file: &WeightsFile) -> Result<ForeignNetwork, LabError> {
        let tensors = from_safetensors(&file.bytes).map_err(|reason| LabError::Followed {
            path: file.path.clone(),
            reason,
        })?;
        Ok(ForeignNetwork::new(&tensors, &self.options)?)
    }

    /// The constant input at which a network is analysed.
    pub(super) fn probe(&self, network: &ForeignNetwork) -> Probe {
        let input = self.input.clone();
        Probe::at(input.unwrap_or_else(|| vec![0.0; network.inputs()]))
    }
}

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

/// Keys beside the tensors of a file that was taken: where it came from, and the SHA-256 that it had.
const SOURCE: &str = "source";
const SOURCE_SHA256: &str = "source_sha256";

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
    tracked: Vec<Tracked>,
    next_id: u32,
    projection: Option<Projection>,
    history: Live,
}

impl Follower {
    /// Begins a run in `dir`, or goes on with the one there, which must have been begun in the same way.
    pub fn begin(dir: &Path, followed: Followed) -> Result<Self, LabError> {
        let exists = dir.join(crate::trace::RUN_FILE).exists();
        let writer = if exists {
            // Taking up a run tidies it: not before it is known to be this one.
            if Followed::of_run(&Run::open(dir)?).as_ref() != Some(&followed) {
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
        let mut follower = Self {
            followed,
            run: Run::open(dir)?,
            writer,
            next_checkpoint: 0,
            last_step: None,
            units: None,
            tracked: Vec::new(),
            next_id: 0,
            projection: None,
            history: Live::default(),
        };
        if exists {
            follower.catch_up(dir)?;
        }
        Ok(follower)
    }

    /// Takes up what the run holds already.
    fn catch_up(&mut self, dir: &Path) -> Result<(), LabError> {
        let run = Run::open(dir)?;
        let Some(last) = run.entries().last().copied() else {
            return Ok(());
        };
        let first = run.entries()[0];
        let network = self.followed.network(&run.weights(first.checkpoint)?)?;
        self.fit_projection(&network)?;
        self.units = Some(network.units());
        self.next_checkpoint = last.checkpoint + 1;
        self.last_step = Some(last.step);
        for entry in run.entries().iter().filter(|entry| entry.complete) {
            let rows = run.fixed_points(entry.checkpoint)?;
            self.next_id = rows
                .iter()
                .map(|row| row.point + 1)
                .fold(self.next_id, u32::max);
            self.tracked = rows
                .into_iter()
                .map(|row| Tracked {
                    id: row.point,
                    state: row.state,
                    index: row.index,
                })
                .collect();
        }
        self.history = Live::resumed(&run, |entry| followed_maps(&run, &self.followed, entry))?;
        if !last.complete {
            let network = self.followed.network(&run.weights(last.checkpoint)?)?;
            let id = CheckpointId {
                number: last.checkpoint,
                step: last.step,
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

    /// The training step of the last checkpoint taken.
    pub fn last_step(&self) -> Option<u64> {
        self.last_step
    }

    /// Takes a file of weights as the checkpoint of a training step, later than all before: reads it, keeps it in the run, and
    /// analyses it from the fixed points of the one before.
    pub fn take(&mut self, path: &Path, step: u64) -> Result<Vec<LandscapeRow>, LabError> {
        let (network, weights) = self.read(path)?;
        if let Some(units) = self.units.filter(|units| *units != network.units()) {
            return Err(LabError::Followed {
                path: path.to_path_buf(),
                reason: format!("it has {} units, those before had {units}", network.units()),
            });
        }
        let id = CheckpointId {
            number: self.next_checkpoint,
            step,
        };
        // A mistake in the input must not leave half a checkpoint.
        network.map_at(&self.followed.probe(&network).input)?;
        self.fit_projection(&network)?;
        self.units = Some(network.units());
        self.writer
            .write_checkpoint(id.number, id.step, &weights, &[], &[], &[])?;
        self.next_checkpoint += 1;
        self.last_step = Some(step);
        self.analyse(&network, id)
    }

    /// The network of a file, and the same as bytes of safetensors. A file that is exchanged in between is seen at the next
    /// look.
    fn read(&self, path: &Path) -> Result<(ForeignNetwork, Vec<u8>), LabError> {
        let failed = |reason: String| LabError::Followed {
            path: path.to_path_buf(),
            reason,
        };
        let sha256 = source_digest(path)?;
        let tensors = read(path)?;
        let network = ForeignNetwork::new(&tensors, &self.followed.options)
            .map_err(|error| failed(error.to_string()))?;
        let tensors = tensors.into_iter().map(|(name, tensor)| NamedTensor {
            name,
            shape: tensor.shape,
            values: TensorValues::F64(tensor.values),
        });
        let about = [
            (SOURCE, path.display().to_string()),
            (SOURCE_SHA256, sha256),
        ];
        let file = CheckpointFile {
            tensors: tensors.collect(),
            metadata: about.map(|(key, text)| (key.to_owned(), text)).into(),
        };
        let bytes = file.to_bytes().map_err(|error| failed(error.to_string()))?;
        Ok((network, bytes))
    }

    fn starts(&self, network: &ForeignNetwork) -> Result<Vec<Vec<f64>>, ForeignError> {
        let Followed {
            starts,
            noise,
            seed,
            ..
        } = self.followed;
        let map = network.map_at(&self.followed.probe(network).input)?;
        Ok(simulated(&map, starts, noise, seed))
    }

    /// Fits the run's projection to the states of its first checkpoint.
    fn fit_projection(&mut self, network: &ForeignNetwork) -> Result<(), ForeignError> {
        if self.projection.is_none() {
            let starts = self.starts(network)?;
            let dim = starts.first().map_or(network.units(), Vec::len);
            self.projection = Some(Projection::fit(&starts.concat(), dim));
        }
        Ok(())
    }

    fn analyse(
        &mut self,
        network: &ForeignNetwork,
        id: CheckpointId,
    ) -> Result<Vec<LandscapeRow>, LabError> {
        let probe = self.followed.probe(network);
        let map = network.map_at(&probe.input)?;
        let starts = self.starts(network)?;
        let dim = map.dim();
        let mut found = Analysed::search_from(
            &probe.name,
            map,
            &self.tracked,
            &starts,
            &mut self.next_id,
            &Unwatched,
        )
        .map_err(|source| LabError::Analysis {
            checkpoint: id.number,
            source,
        })?;
        let projection = self
            .projection
            .get_or_insert_with(|| Projection::fit(&starts.concat(), dim));
        let place = Place {
            checkpoint: id.number,
            step: id.step,
        };
        let maps = [(found.condition.clone(), Wired::plain(found.map.clone()))].into();
        let nodes = [(found.condition.clone(), found.nodes())].into();
        let mut failure = None;
        let mut store = |_: &str, node: &Node| match found.take_continued(node, self.next_id) {
            Ok(true) => {
                self.next_id += 1;
                Some(self.next_id - 1)
            }
            Ok(false) => None,
            Err(source) => {
                failure = Some(source);
                None
            }
        };
        let told = self.history.advance(place, maps, nodes, &mut store);
        if let Some(source) = failure {
            return Err(LabError::Analysis {
                checkpoint: id.number,
                source,
            });
        }
        let rows = vec![found.landscape_row(id)];
        for doubt in told.intervals.iter().flat_map(Interval::doubts) {
            self.writer.log(&dated(&doubt))?;
        }
        let events = told.intervals.iter();
        let events: Vec<EventRow> = events
            .flat_map(|interval| interval.event_rows(None))
            .collect();
        self.writer.write_landscape(
            id.number,
            id.step,
            &LandscapeTables {
                landscapes: &rows,
                fixed_points: &found.fixed_points(id, network.readout(), projection),
                slow_points: &found.slow_points(id, network.readout(), projection),
                spectra: &found.spectra(id),
                history: Some((&events, &told.branches)),
            },
        )?;
        self.tracked = found.tracked();
        Ok(rows)
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
