//! What keeps a run while it is made: a folder on disk, or memory.
//!
//! Training and analysis know only this border; what a checkpoint means on disk (flushes, manifest, locks) is the
//! writer's matter. In memory everything is kept as it comes, for experiments that train many small networks.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::saved::CheckpointId;
use crate::trace::rows::{
    BranchRow, EvaluationRow, EventRow, FixedPointRow, LandscapeRow, PathRow, PlaceRow, RateMapRow,
    RelaxationRow, ScoreRow, SlowPointRow, SpectrumRow, StepRow, TrialRow,
};
use crate::trace::{
    ArenaTables, CheckpointTables, Ending, LandscapeTables, Run, RunWriter, TraceError,
};

/// What is told of a network in grid rooms; each list is empty where it does not apply.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ArenaRows {
    /// How well the network finds its way.
    pub scores: Vec<ScoreRow>,
    /// Ways that it went.
    pub paths: Vec<PathRow>,
    /// What it makes of every place.
    pub places: Vec<PlaceRow>,
    /// Where its units are active.
    pub rate_maps: Vec<RateMapRow>,
    /// What remains when nothing is perceived.
    pub relaxations: Vec<RelaxationRow>,
}

impl ArenaRows {
    /// The same, borrowed.
    pub fn tables(&self) -> ArenaTables<'_> {
        ArenaTables {
            scores: &self.scores,
            paths: &self.paths,
            places: &self.places,
            rate_maps: &self.rate_maps,
            relaxations: &self.relaxations,
        }
    }
}

impl From<ArenaTables<'_>> for ArenaRows {
    fn from(tables: ArenaTables<'_>) -> Self {
        Self {
            scores: tables.scores.to_vec(),
            paths: tables.paths.to_vec(),
            places: tables.places.to_vec(),
            rate_maps: tables.rate_maps.to_vec(),
            relaxations: tables.relaxations.to_vec(),
        }
    }
}

/// Something that keeps a run while it is made. Training and analysis call it from two threads.
pub trait Recorder: Sync {
    /// What was kept before; `None` where every run begins anew.
    fn begun(&self) -> Result<Option<Run>, TraceError>;

    /// Keeps the content of a checkpoint file, and what belongs to it.
    fn checkpoint(
        &self,
        id: CheckpointId,
        weights: &[u8],
        tables: CheckpointTables<'_>,
    ) -> Result<(), TraceError>;

    /// Keeps a state between two checkpoints from which training can go on, and the steps up to there.
    fn pause(&self, step: u64, weights: &[u8], steps: &[StepRow]) -> Result<(), TraceError>;

    /// Keeps the landscape of a checkpoint, which is complete.
    fn landscape(&self, id: CheckpointId, tables: &LandscapeTables<'_>) -> Result<(), TraceError>;

    /// The training step that a checkpoint was made at, where it is not to be read from [`Self::begun`].
    fn step_row(&self, id: CheckpointId) -> Option<StepRow>;

    /// Keeps a line for people.
    fn log(&self, line: &str) -> Result<(), TraceError>;

    /// Keeps a line for people that may be the last for long.
    fn log_durably(&self, line: &str) -> Result<(), TraceError>;

    /// Keeps how the run ended.
    fn ending(&self, ending: Ending) -> Result<(), TraceError>;

    /// Puts what has ended in order. The run is whole without that.
    fn tidy(&self) -> Result<(), TraceError>;
}

impl Recorder for RunWriter {
    fn begun(&self) -> Result<Option<Run>, TraceError> {
        Run::open(self.dir()).map(Some)
    }

    fn checkpoint(
        &self,
        id: CheckpointId,
        weights: &[u8],
        tables: CheckpointTables<'_>,
    ) -> Result<(), TraceError> {
        self.write_checkpoint(id.number, id.step, weights, &tables)
    }

    fn pause(&self, step: u64, weights: &[u8], steps: &[StepRow]) -> Result<(), TraceError> {
        self.write_pause(step, weights, steps)
    }

    fn landscape(&self, id: CheckpointId, tables: &LandscapeTables<'_>) -> Result<(), TraceError> {
        self.write_landscape(id.number, id.step, tables)
    }

    fn step_row(&self, _: CheckpointId) -> Option<StepRow> {
        None
    }

    fn log(&self, line: &str) -> Result<(), TraceError> {
        Self::log(self, line)
    }

    fn log_durably(&self, line: &str) -> Result<(), TraceError> {
        Self::log_durably(self, line)
    }

    fn ending(&self, ending: Ending) -> Result<(), TraceError> {
        self.write_ending(ending)
    }

    fn tidy(&self) -> Result<(), TraceError> {
        self.compact().map(|_| ())
    }
}

/// A checkpoint in memory: the content of its file, and its rows of every table.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CheckpointRecord {
    /// Number and training step.
    pub id: CheckpointId,
    /// The bytes of the checkpoint file, safetensors.
    pub weights: Vec<u8>,
    /// The first probe trials.
    pub trials: Vec<TrialRow>,
    /// The probe tasks.
    pub evaluations: Vec<EvaluationRow>,
    /// What there is in grid rooms beside.
    pub arena: ArenaRows,
    /// One row for each constant input; empty until the landscape is complete.
    pub landscapes: Vec<LandscapeRow>,
    /// The fixed points.
    pub fixed_points: Vec<FixedPointRow>,
    /// The slow points.
    pub slow_points: Vec<SlowPointRow>,
    /// The eigenvalues of the fixed points.
    pub spectra: Vec<SpectrumRow>,
    /// The bifurcations since the checkpoint before.
    pub events: Vec<EventRow>,
    /// The fixed points on their branches.
    pub branches: Vec<BranchRow>,
}

/// A run in memory.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Recorded {
    /// Every training step.
    pub steps: Vec<StepRow>,
    /// The checkpoints by number.
    pub checkpoints: Vec<CheckpointRecord>,
    /// What was said on the way.
    pub log: Vec<String>,
    /// How it ended, if it did.
    pub ending: Option<Ending>,
}

/// Keeps a run in memory, and nothing of it on disk.
#[derive(Debug, Default)]
pub struct MemoryRecorder(Mutex<Recorded>);

impl MemoryRecorder {
    /// What was kept.
    pub fn into_recorded(self) -> Recorded {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Recorded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorder for MemoryRecorder {
    fn begun(&self) -> Result<Option<Run>, TraceError> {
        Ok(None)
    }

    fn checkpoint(
        &self,
        id: CheckpointId,
        weights: &[u8],
        tables: CheckpointTables<'_>,
    ) -> Result<(), TraceError> {
        let mut recorded = self.lock();
        recorded.steps.extend_from_slice(tables.steps);
        recorded.checkpoints.push(CheckpointRecord {
            id,
            weights: weights.to_vec(),
            trials: tables.trials.to_vec(),
            evaluations: tables.evaluations.to_vec(),
            arena: tables.arena.into(),
            landscapes: Vec::new(),
            fixed_points: Vec::new(),
            slow_points: Vec::new(),
            spectra: Vec::new(),
            events: Vec::new(),
            branches: Vec::new(),
        });
        Ok(())
    }

    /// Nobody takes up what is in memory.
    fn pause(&self, _: u64, _: &[u8], steps: &[StepRow]) -> Result<(), TraceError> {
        self.lock().steps.extend_from_slice(steps);
        Ok(())
    }

    fn landscape(&self, id: CheckpointId, tables: &LandscapeTables<'_>) -> Result<(), TraceError> {
        let mut recorded = self.lock();
        let mut checkpoints = recorded.checkpoints.iter_mut();
        if let Some(of) = checkpoints.find(|of| of.id == id) {
            of.landscapes = tables.landscapes.to_vec();
            of.fixed_points = tables.fixed_points.to_vec();
            of.slow_points = tables.slow_points.to_vec();
            of.spectra = tables.spectra.to_vec();
            if let Some((events, branches)) = tables.history {
                of.events = events.to_vec();
                of.branches = branches.to_vec();
            }
        }
        Ok(())
    }

    fn step_row(&self, id: CheckpointId) -> Option<StepRow> {
        let recorded = self.lock();
        let at = recorded
            .steps
            .binary_search_by_key(&id.step, |row| row.step);
        at.ok().map(|at| recorded.steps[at].clone())
    }

    fn log(&self, line: &str) -> Result<(), TraceError> {
        self.lock().log.push(line.to_owned());
        Ok(())
    }

    fn log_durably(&self, line: &str) -> Result<(), TraceError> {
        self.log(line)
    }

    fn ending(&self, ending: Ending) -> Result<(), TraceError> {
        self.lock().ending = Some(ending);
        Ok(())
    }

    fn tidy(&self) -> Result<(), TraceError> {
        Ok(())
    }
}
