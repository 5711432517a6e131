//! The rows of each table, and the weights.
//!
//! Each method reads whole files of one checkpoint into memory; [`super::super::glance`] reads single columns of
//! many. An error in one file says which, and does not keep the others from being read.

use super::whereabouts::derivable;
use super::{Run, StepCursor, WeightsFile};
use crate::trace::contents::Pause;
use crate::trace::contents::Whereabouts;
use crate::trace::error::TraceError;
use crate::trace::glance::ReachGlance;
use crate::trace::manifest::FileRecord;
use crate::trace::names::{CHECKPOINTS_FOLDER, derived_file};
use crate::trace::owner::Owner;
use crate::trace::replaced::read_replaced;
use crate::trace::rows::{
    BranchRow, EvaluationRow, EventRow, FixedPointRow, LandscapeRow, PathRow, PlaceRow, RateMapRow,
    RelaxationRow, ScoreRow, SlowPointRow, SpectrumRow, StepRow, TrialRow,
};
use crate::trace::store::read_checked;
use crate::trace::table::TableFile;
use crate::trace::tables::Row;

impl Run {
    /// All training steps, in order.
    pub fn steps(&self) -> Result<Vec<StepRow>, TraceError> {
        let mut cursor = StepCursor::default();
        let pieces = std::iter::from_fn(|| self.next_steps(&mut cursor));
        let pieces: Vec<Vec<StepRow>> = pieces.collect::<Result<_, _>>()?;
        Ok(pieces.concat())
    }

    /// The training steps of the next file that the manifest names, in order; none when all are read.
    ///
    /// Moves the cursor past the file even where it cannot be read, so that what comes after it can be.
    pub fn next_steps(&self, cursor: &mut StepCursor) -> Option<Result<Vec<StepRow>, TraceError>> {
        let (file, owner) = self.contents.step_files.get(cursor.files_read)?;
        cursor.files_read += 1;
        Some(self.rows_of(file, *owner))
    }

    /// The landscape of a complete checkpoint, one row a condition.
    pub fn landscapes(&self, checkpoint: u32) -> Result<Vec<LandscapeRow>, TraceError> {
        self.table_of(checkpoint)
    }

    /// The fixed points of a complete checkpoint.
    pub fn fixed_points(&self, checkpoint: u32) -> Result<Vec<FixedPointRow>, TraceError> {
        self.table_of(checkpoint)
    }

    /// The slow points of a complete checkpoint.
    pub fn slow_points(&self, checkpoint: u32) -> Result<Vec<SlowPointRow>, TraceError> {
        self.table_of(checkpoint)
    }

    /// The eigenvalues of the fixed points of a complete checkpoint.
    pub fn spectra(&self, checkpoint: u32) -> Result<Vec<SpectrumRow>, TraceError> {
        self.table_of(checkpoint)
    }

    /// The probe trials of a checkpoint.
    pub fn trials(&self, checkpoint: u32) -> Result<Vec<TrialRow>, TraceError> {
        self.table_of(checkpoint)
    }

    /// The training steps that the file of a checkpoint holds, the last of them its own.
    pub fn steps_at(&self, checkpoint: u32) -> Result<Vec<StepRow>, TraceError> {
        self.table_of(checkpoint)
    }

    /// What the network makes of the probe tasks at a checkpoint; empty if the curriculum has none.
    pub fn evaluations(&self, checkpoint: u32) -> Result<Vec<EvaluationRow>, TraceError> {
        self.if_any(checkpoint)
    }

    /// How well the network of a checkpoint finds its way; empty if the curriculum has no navigation task.
    pub fn scores(&self, checkpoint: u32) -> Result<Vec<ScoreRow>, TraceError> {
        self.if_any(checkpoint)
    }

    /// Ways that the network of a checkpoint went; empty if the curriculum has no navigation task.
    pub fn paths(&self, checkpoint: u32) -> Result<Vec<PathRow>, TraceError> {
        self.if_any(checkpoint)
    }

    /// What the network of a checkpoint makes of every place; empty if the curriculum has no navigation task.
    pub fn places(&self, checkpoint: u32) -> Result<Vec<PlaceRow>, TraceError> {
        self.if_any(checkpoint)
    }

    /// Where the units of a checkpoint are active; empty if the curriculum has no task in grid rooms.
    pub fn rate_maps(&self, checkpoint: u32) -> Result<Vec<RateMapRow>, TraceError> {
        self.if_any(checkpoint)
    }

    /// What remains in the network of a checkpoint when nothing is perceived; empty if the curriculum has no task in grid rooms.
    pub fn relaxations(&self, checkpoint: u32) -> Result<Vec<RelaxationRow>, TraceError> {
        self.if_any(checkpoint)
    }

    /// The rows of a table that not every run has.
    fn if_any<R: Row>(&self, checkpoint: u32) -> Result<Vec<R>, TraceError> {
        match self.table_of(checkpoint) {
            Err(TraceError::NotAnalysed { .. }) => Ok(Vec::new()),
            result => result,
        }
    }

    /// The events between a complete checkpoint and the one before, as they were found while the run was written; none if
    /// they were not looked for.
    pub fn events_at(&self, checkpoint: u32) -> Result<Option<Vec<EventRow>>, TraceError> {
        self.history_at(checkpoint)
    }

    /// The fixed points of a complete checkpoint on their branches, and those that it led to at the one before, as they were
    /// found while the run was written; none if they were not followed.
    pub fn branches_at(&self, checkpoint: u32) -> Result<Option<Vec<BranchRow>>, TraceError> {
        self.history_at(checkpoint)
    }

    /// The events as they were last derived from the whole run; none if they never were.
    pub fn derived_events(&self) -> Result<Option<Vec<EventRow>>, TraceError> {
        self.derived()
    }

    /// The events between the checkpoints: as they were last derived from the whole run, if the run has not grown since, else
    /// as they were found while it was written; none if neither was done.
    ///
    /// Both are about the straight lines between checkpoints, not about the path of training between them.
    pub fn events(&self) -> Result<Option<Vec<EventRow>>, TraceError> {
        self.history()
    }

    /// The branches of the fixed points through the run, like the events.
    pub fn branches(&self) -> Result<Option<Vec<BranchRow>>, TraceError> {
        self.history()
    }

    fn history<R: Row>(&self) -> Result<Option<Vec<R>>, TraceError> {
        let known = self.checkpoints_with::<R>();
        if self.derived_reach()? >= known.last().copied()
            && let Some(derived) = self.derived()?
        {
            return Ok(Some(derived));
        }
        let mut grown: Option<Vec<R>> = None;
        for checkpoint in known {
            if let Some(rows) = self.history_at(checkpoint)? {
                grown.get_or_insert_default().extend(rows);
            }
        }
        Ok(grown)
    }

    /// The complete checkpoints that have a file of a table.
    pub(in crate::trace) fn checkpoints_with<R: Row>(&self) -> Vec<u32> {
        let complete = self.entries().iter().filter(|entry| entry.complete);
        let numbers = complete.map(|entry| entry.checkpoint);
        numbers
            .filter(|&checkpoint| self.file_of(checkpoint, R::TABLE.name()).is_ok())
            .collect()
    }

    /// The last checkpoint that the derived tables know of.
    pub(in crate::trace) fn derived_reach(&self) -> Result<Option<u32>, TraceError> {
        let mut reached = None;
        self.columns_of_derived(ReachGlance::SELECTION, |columns| {
            ReachGlance::each(columns, |row| reached = reached.max(Some(row.checkpoint)))
        })?;
        Ok(reached)
    }

    fn history_at<R: Row>(&self, checkpoint: u32) -> Result<Option<Vec<R>>, TraceError> {
        match self.file_of(checkpoint, R::TABLE.name()) {
            Ok((file, owner)) => self.rows_of(file, owner).map(Some),
            Err(TraceError::NotAnalysed { .. } | TraceError::NoCheckpoint { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn derived<R: Row>(&self) -> Result<Option<Vec<R>>, TraceError> {
        let name = derived_file(R::TABLE);
        let path = self.dir.join(&name);
        let read = || {
            let file = read_replaced(&self.dir, &self.contents, &name)?;
            file.map(|(bytes, rows)| TableFile::whole(&path, bytes, rows)?.rows(None))
                .transpose()
        };
        read().map_err(derivable)
    }

    /// The file of a checkpoint: weights and all that training needs to go on from it.
    ///
    /// # Errors
    /// No such checkpoint, or the file is missing or not what was written.
    pub fn weights(&self, checkpoint: u32) -> Result<WeightsFile, TraceError> {
        self.read_weights(self.file_of(checkpoint, CHECKPOINTS_FOLDER)?.0)
    }

    /// The file of a pause, like that of a checkpoint.
    pub fn pause_weights(&self, pause: &Pause) -> Result<WeightsFile, TraceError> {
        self.read_weights(&pause.weights)
    }

    fn read_weights(&self, file: &FileRecord) -> Result<WeightsFile, TraceError> {
        Ok(WeightsFile {
            path: self.dir.join(&file.path),
            bytes: read_checked(&self.dir, file)?,
        })
    }

    fn table_of<R: Row>(&self, checkpoint: u32) -> Result<Vec<R>, TraceError> {
        let (file, owner) = self.file_of(checkpoint, R::TABLE.name())?;
        self.rows_of(file, owner)
    }

    fn rows_of<R: Row>(&self, file: &FileRecord, owner: Owner) -> Result<Vec<R>, TraceError> {
        if self.contents.whereabouts(file) == Whereabouts::Nowhere {
            return Ok(Vec::new());
        }
        self.with_table(file, |table| table.rows(Some(owner)))
    }
}
