//! Reading a run, finished or still growing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::TraceError;
use super::manifest::{Ending, Event, FileRecord, Manifest};
use super::rows::{
    BranchRow, EvaluationRow, EventRow, FixedPointRow, LandscapeRow, SlowPointRow, SpectrumRow,
    StepRow, TrialRow,
};
use super::schema::Table;
use super::table::{Columns, Row, decode, decode_columns};
use super::writer::{CHECKPOINTS_FOLDER, RUN_FILE, derived_file, sha256_hex};

/// One checkpoint of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Number of the checkpoint, counted from 0.
    pub checkpoint: u32,
    /// Its training step.
    pub step: u64,
    /// Whether its landscape is there too; weights and trials always are.
    pub complete: bool,
}

/// What a clean stop after the last checkpoint left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Training step it stopped after.
    pub step: u64,
    weights: FileRecord,
}

/// A file of weights, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightsFile {
    /// Where it is.
    pub path: PathBuf,
    /// What is in it, in the safetensors format.
    pub bytes: Vec<u8>,
}

/// How far a follower has read the training steps; starts before the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StepCursor {
    files_read: usize,
}

/// A run on disk, as far as its manifest goes at the last [`refresh`](Run::refresh).
///
/// Every read checks size and SHA-256 of the file against the manifest: what comes back is what was written.
#[derive(Debug, Clone)]
pub struct Run {
    dir: PathBuf,
    config_text: String,
    manifest: Manifest,
    contents: Contents,
}

/// What the manifest says, arranged for look-up.
#[derive(Debug, Clone, Default)]
struct Contents {
    events_taken: usize,
    entries: Vec<Entry>,
    files: BTreeMap<u32, Vec<FileRecord>>,
    step_files: Vec<FileRecord>,
    pause: Option<Pause>,
    ending: Option<Ending>,
}

impl StepCursor {
    /// A cursor that stands before a given file of training steps.
    pub fn at_file(files_read: usize) -> Self {
        Self { files_read }
    }
}

impl Run {
    /// Opens the run in `dir`; a run without any checkpoint yet is a run.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, TraceError> {
        let dir = dir.as_ref().to_path_buf();
        let run_file = dir.join(RUN_FILE);
        let config_text = match fs::read_to_string(&run_file) {
            Ok(text) => text,
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) =>
            {
                return Err(TraceError::NotARun { path: dir });
            }
            Err(error) => return Err(TraceError::read(&run_file, error)),
        };
        let manifest = Manifest::read(&dir)?;
        let mut contents = Contents::default();
        contents.take(manifest.events());
        Ok(Self {
            dir,
            config_text,
            manifest,
            contents,
        })
    }

    /// Reads the manifest lines that came since; `true` if there were any. Cheap when there are none.
    pub fn refresh(&mut self) -> Result<bool, TraceError> {
        if !self.manifest.refresh()? {
            return Ok(false);
        }
        self.contents.take(self.manifest.events());
        Ok(true)
    }

    /// The run's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The text of `run.toml`: the resolved curriculum and the table `[run]`.
    pub fn config_text(&self) -> &str {
        &self.config_text
    }

    /// The resolved curriculum alone, without the tables `[run]` and below that follow it.
    pub fn curriculum_text(&self) -> &str {
        let text = self.config_text.split("\n[run").next();
        text.unwrap_or(&self.config_text)
    }

    /// The checkpoints by number.
    pub fn entries(&self) -> &[Entry] {
        &self.contents.entries
    }

    /// How the run ended, if it has and was not taken up again.
    pub fn ending(&self) -> Option<&Ending> {
        self.contents.ending.as_ref()
    }

    /// The pause after the last checkpoint, if training stopped there and was not taken up again.
    pub fn pause(&self) -> Option<&Pause> {
        self.contents.pause.as_ref()
    }

    /// Number of files of training steps that the manifest names.
    pub fn step_files(&self) -> usize {
        self.contents.step_files.len()
    }

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
        let file = self.contents.step_files.get(cursor.files_read)?;
        cursor.files_read += 1;
        Some(self.read_table(file))
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
    pub fn events(&self) -> Result<Option<Vec<EventRow>>, TraceError> {
        self.history()
    }

    /// The branches of the fixed points through the run, like the events.
    pub fn branches(&self) -> Result<Option<Vec<BranchRow>>, TraceError> {
        self.history()
    }

    fn history<R: Row>(&self) -> Result<Option<Vec<R>>, TraceError> {
        let derived = self.derived::<BranchRow>()?;
        let reached = derived.iter().flatten().map(|row| row.checkpoint).max();
        let complete = self.entries().iter().filter(|entry| entry.complete);
        let mut grown: Option<Vec<R>> = None;
        let mut last = None;
        for entry in complete {
            if let Some(rows) = self.history_at(entry.checkpoint)? {
                grown.get_or_insert_default().extend(rows);
                last = Some(entry.checkpoint);
            }
        }
        if reached >= last
            && let Some(derived) = self.derived()?
        {
            return Ok(Some(derived));
        }
        Ok(grown)
    }

    fn history_at<R: Row>(&self, checkpoint: u32) -> Result<Option<Vec<R>>, TraceError> {
        let is_of_table = |file: &&FileRecord| file.folder() == R::TABLE.name();
        let files = self.contents.files.get(&checkpoint);
        let file = files.and_then(|files| files.iter().find(is_of_table));
        file.map(|file| self.read_table(file)).transpose()
    }

    fn derived<R: Row>(&self) -> Result<Option<Vec<R>>, TraceError> {
        let path = self.dir.join(derived_file(R::TABLE));
        match fs::read(&path) {
            Ok(bytes) => decode(&path, bytes).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(TraceError::read(&path, error)),
        }
    }

    /// The file of a checkpoint: weights and all that training needs to go on from it.
    pub fn weights(&self, checkpoint: u32) -> Result<WeightsFile, TraceError> {
        self.read_weights(self.file_of(checkpoint, CHECKPOINTS_FOLDER)?)
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

    /// Hands some columns of a table of a checkpoint to `visit`, batch by batch. A table that the manifest knows to be
    /// empty is not opened.
    pub(super) fn columns_of(
        &self,
        checkpoint: u32,
        table: Table,
        names: &[&str],
        visit: impl FnMut(&Columns) -> Result<(), TraceError>,
    ) -> Result<(), TraceError> {
        self.columns_in(self.file_of(checkpoint, table.name())?, names, visit)
    }

    /// The same of the next file of training steps, as [`next_steps`](Self::next_steps) goes through them.
    pub(super) fn columns_of_next_steps(
        &self,
        cursor: &mut StepCursor,
        names: &[&str],
        visit: impl FnMut(&Columns) -> Result<(), TraceError>,
    ) -> Option<Result<(), TraceError>> {
        let file = self.contents.step_files.get(cursor.files_read)?;
        cursor.files_read += 1;
        Some(self.columns_in(file, names, visit))
    }

    /// The same of a derived table; `false` if it was never derived.
    pub(super) fn columns_of_derived(
        &self,
        table: Table,
        names: &[&str],
        visit: impl FnMut(&Columns) -> Result<(), TraceError>,
    ) -> Result<bool, TraceError> {
        let path = self.dir.join(derived_file(table));
        match fs::read(&path) {
            Ok(bytes) => decode_columns(&path, bytes, names, visit).map(|()| true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(TraceError::read(&path, error)),
        }
    }

    fn columns_in(
        &self,
        file: &FileRecord,
        names: &[&str],
        visit: impl FnMut(&Columns) -> Result<(), TraceError>,
    ) -> Result<(), TraceError> {
        if file.rows == Some(0) {
            return Ok(());
        }
        let bytes = read_checked(&self.dir, file)?;
        decode_columns(&self.dir.join(&file.path), bytes, names, visit)
    }

    fn table_of<R: Row>(&self, checkpoint: u32) -> Result<Vec<R>, TraceError> {
        self.read_table(self.file_of(checkpoint, R::TABLE.name())?)
    }

    fn read_table<R: Row>(&self, file: &FileRecord) -> Result<Vec<R>, TraceError> {
        decode(&self.dir.join(&file.path), read_checked(&self.dir, file)?)
    }

    fn file_of(&self, checkpoint: u32, folder: &str) -> Result<&FileRecord, TraceError> {
        let entries = &self.contents.entries;
        let Ok(at) = entries.binary_search_by_key(&checkpoint, |entry| entry.checkpoint) else {
            return Err(TraceError::NoCheckpoint {
                path: self.dir.clone(),
                checkpoint,
                count: entries.len(),
            });
        };
        let files = self
            .contents
            .files
            .get(&checkpoint)
            .map_or(&[][..], Vec::as_slice);
        files
            .iter()
            .find(|file| file.folder() == folder)
            .ok_or_else(|| TraceError::NotAnalysed {
                path: self.dir.clone(),
                checkpoint,
                step: entries[at].step,
            })
    }
}

impl Contents {
    fn take(&mut self, events: &[Event]) {
        for event in &events[self.events_taken..] {
            self.take_event(event);
        }
        self.events_taken = events.len();
        let files = &self.files;
        for entry in &mut self.entries {
            let has_landscape = |files: &Vec<FileRecord>| {
                files
                    .iter()
                    .any(|file| file.folder() == Table::Landscapes.name())
            };
            entry.complete = files.get(&entry.checkpoint).is_some_and(has_landscape);
        }
    }

    fn take_event(&mut self, event: &Event) {
        match event {
            Event::Checkpoint {
                checkpoint,
                step,
                files,
            } => {
                self.take_files(*checkpoint, files);
                let at = self
                    .entries
                    .partition_point(|entry| entry.checkpoint < *checkpoint);
                self.entries.insert(
                    at,
                    Entry {
                        checkpoint: *checkpoint,
                        step: *step,
                        complete: false,
                    },
                );
                self.pause = None;
                self.ending = None;
            }
            Event::Landscape {
                checkpoint, files, ..
            } => self.take_files(*checkpoint, files),
            Event::Pause { step, files } => {
                self.step_files
                    .extend(files.iter().filter(|file| is_steps(file)).cloned());
                let weights = files
                    .iter()
                    .find(|file| file.folder() == CHECKPOINTS_FOLDER)
                    .cloned();
                self.pause = weights.map(|weights| Pause {
                    step: *step,
                    weights,
                });
                self.ending = None;
            }
            Event::Ending(ending) => self.ending = Some(ending.clone()),
        }
    }

    fn take_files(&mut self, checkpoint: u32, files: &[FileRecord]) {
        self.step_files
            .extend(files.iter().filter(|file| is_steps(file)).cloned());
        self.files
            .entry(checkpoint)
            .or_default()
            .extend(files.iter().cloned());
    }
}

fn is_steps(file: &FileRecord) -> bool {
    file.folder() == Table::Steps.name()
}

/// The bytes of a file that the manifest names, after a check of their number and SHA-256.
pub(super) fn read_checked(dir: &Path, file: &FileRecord) -> Result<Vec<u8>, TraceError> {
    let path = dir.join(&file.path);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(TraceError::damaged(&path, "the file is missing"));
        }
        Err(error) => return Err(TraceError::read(&path, error)),
    };
    if bytes.len() as u64 != file.bytes {
        let reason = format!("it has {} bytes, {} were written", bytes.len(), file.bytes);
        return Err(TraceError::damaged(&path, reason));
    }
    if sha256_hex(&bytes) != file.sha256 {
        return Err(TraceError::damaged(
            &path,
            "its SHA-256 is not that of what was written",
        ));
    }
    Ok(bytes)
}
