//! Reading a run, finished or still growing.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::contents::{Contents, Merged, Whereabouts};
use super::error::TraceError;
use super::leftovers;
use super::log;
use super::manifest::{Ending, Event, FileRecord, MANIFEST_FILE, Manifest, MergedFile, Session};
use super::pages::Window;
use super::replaced::{MARKS_FILE, derived_file, read_replaced};
use super::rows::{
    BranchRow, EvaluationRow, EventRow, FixedPointRow, LandscapeRow, SlowPointRow, SpectrumRow,
    StepRow, TrialRow,
};
use super::schema::Table;
use super::store::{self, is_missing, read_checked, read_stretch};
use super::table::{Columns, Footer, Part, Place, Row, TableFile};
use super::writer::{CHECKPOINTS_FOLDER, RUN_FILE};
use crate::files;

/// Bytes of the largest `run.toml` that is read.
const MOST_RUN_FILE_BYTES: u64 = 2 << 20;

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
    pub(super) weights: FileRecord,
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
/// Every read checks size and SHA-256 of what it reads against the manifest, and that the rows are of the checkpoint that
/// they should be of: what comes back is what was written.
#[derive(Debug, Clone)]
pub struct Run {
    dir: PathBuf,
    config_text: String,
    manifest: Manifest,
    contents: Contents,
    footers: Footers,
}

/// The footers of merged files, each read once.
type Footers = Arc<Mutex<HashMap<String, Footer>>>;

impl StepCursor {
    /// A cursor that stands before a given file of training steps.
    pub fn at_file(files_read: usize) -> Self {
        Self { files_read }
    }
}

impl Run {
    /// Opens the run in `dir`; a run without any checkpoint yet is a run.
    ///
    /// # Errors
    /// No run, `run.toml` other than it was written, or a manifest that is missing or contradicts itself.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, TraceError> {
        let dir = dir.as_ref().to_path_buf();
        let config_text = read_run_file(&dir)?;
        let manifest = Manifest::read(&dir)?;
        if manifest.events().is_empty() {
            return Err(TraceError::NoManifest {
                files: leftovers::count(&dir),
                path: dir,
            });
        }
        let mut contents = Contents::default();
        contents.take(&dir, manifest.events())?;
        if let Some(record) = &contents.run_file
            && *record != store::record(RUN_FILE, config_text.as_bytes(), None)
        {
            let reason = "it is not what manifest.jsonl says was written when the run began";
            return Err(TraceError::damaged(&dir.join(RUN_FILE), reason));
        }
        Ok(Self {
            dir,
            config_text,
            manifest,
            contents,
            footers: Footers::default(),
        })
    }

    /// The run as it would be with some of its tables merged, to look at before it is so.
    pub(super) fn with_merged(&self, merged: &[MergedFile]) -> Result<Self, TraceError> {
        let mut events = self.manifest.events().to_vec();
        let merged = merged.to_vec();
        events.push(Event::Compaction { merged });
        let mut run = self.clone();
        run.contents.take(&run.dir, &events)?;
        run.footers = Footers::default();
        Ok(run)
    }

    /// Reads the manifest lines that came since; `true` if there were any. Cheap when there are none.
    pub fn refresh(&mut self) -> Result<bool, TraceError> {
        if !self.manifest.refresh()? {
            return Ok(false);
        }
        self.contents.take(&self.dir, self.manifest.events())?;
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

    /// The later sessions on other machines or by other versions, oldest first.
    pub fn sessions(&self) -> &[Session] {
        &self.contents.sessions
    }

    /// The last lines of the run's log, which people may delete.
    pub fn last_log_lines(&self) -> Result<Vec<String>, TraceError> {
        match self.checked_log() {
            Err(error) if is_missing(&error) => {
                Ok(vec![format!("({} is gone)", super::log::LOG_FILE)])
            }
            lines => lines,
        }
    }

    pub(super) fn checked_log(&self) -> Result<Vec<String>, TraceError> {
        log::last_lines(&self.dir, self.manifest.log())
    }

    /// The text of the run's marks, one JSON object a line; empty if there never were any.
    pub fn marks_text(&self) -> Result<String, TraceError> {
        let read = read_replaced(&self.dir, &self.contents, MARKS_FILE)?;
        let bytes = read.map_or(Vec::new(), |(bytes, _)| bytes);
        files::text(bytes).map_err(|error| TraceError::read(&self.dir.join(MARKS_FILE), error))
    }

    /// What is odd about the run though nothing that is read of it is wrong, in words; for a run that nobody is writing.
    pub fn remarks(&self) -> Vec<String> {
        let torn = self.remark_on_manifest();
        let leftovers = leftovers::remark(&self.dir, &self.contents);
        torn.into_iter().chain(leftovers).collect()
    }

    pub(super) fn remark_on_manifest(&self) -> Option<String> {
        let is_torn = self.manifest.is_torn();
        is_torn.then(|| {
            format!(
                "{MANIFEST_FILE} ends with half a line, as a kill or a power cut leaves it: what it would have named is not shown"
            )
        })
    }

    /// Number of files of training steps that the manifest names.
    pub fn step_files(&self) -> usize {
        self.contents.step_files.len()
    }

    pub(super) fn contents(&self) -> &Contents {
        &self.contents
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
        let (file, place) = self.contents.step_files.get(cursor.files_read)?;
        cursor.files_read += 1;
        Some(self.rows_of(file, *place))
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
        match self.file_of(checkpoint, R::TABLE.name()) {
            Ok((file, place)) => self.rows_of(file, place).map(Some),
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

    /// Hands some columns of a table of a checkpoint to `visit`, batch by batch. A table that the manifest knows to be
    /// empty is not opened.
    pub(super) fn columns_of(
        &self,
        checkpoint: u32,
        table: Table,
        names: &[&str],
        visit: impl FnMut(&Columns) -> Result<(), TraceError>,
    ) -> Result<(), TraceError> {
        let (file, place) = self.file_of(checkpoint, table.name())?;
        self.columns_in(file, place, table, names, visit)
    }

    /// The same of the next file of training steps, as [`next_steps`](Self::next_steps) goes through them.
    pub(super) fn columns_of_next_steps(
        &self,
        cursor: &mut StepCursor,
        names: &[&str],
        visit: impl FnMut(&Columns) -> Result<(), TraceError>,
    ) -> Option<Result<(), TraceError>> {
        let (file, place) = self.contents.step_files.get(cursor.files_read)?;
        cursor.files_read += 1;
        Some(self.columns_in(file, *place, Table::Steps, names, visit))
    }

    /// The same of a derived table; `false` if it was never derived.
    pub(super) fn columns_of_derived(
        &self,
        table: Table,
        names: &[&str],
        visit: impl FnMut(&Columns) -> Result<(), TraceError>,
    ) -> Result<bool, TraceError> {
        let name = derived_file(table);
        let path = self.dir.join(&name);
        let read = || {
            let file = read_replaced(&self.dir, &self.contents, &name)?;
            let Some((bytes, rows)) = file else {
                return Ok(false);
            };
            TableFile::whole(&path, bytes, rows)?.columns(table, names, None, visit)?;
            Ok(true)
        };
        read().map_err(derivable)
    }

    fn columns_in(
        &self,
        file: &FileRecord,
        place: Place,
        table: Table,
        names: &[&str],
        visit: impl FnMut(&Columns) -> Result<(), TraceError>,
    ) -> Result<(), TraceError> {
        if file.rows == Some(0) {
            return Ok(());
        }
        self.with_table(file, |table_file| {
            table_file.columns(table, names, Some(place), visit)
        })
    }

    fn table_of<R: Row>(&self, checkpoint: u32) -> Result<Vec<R>, TraceError> {
        let (file, place) = self.file_of(checkpoint, R::TABLE.name())?;
        self.rows_of(file, place)
    }

    fn rows_of<R: Row>(&self, file: &FileRecord, place: Place) -> Result<Vec<R>, TraceError> {
        if self.contents.whereabouts(file) == Whereabouts::Nowhere {
            return Ok(Vec::new());
        }
        self.with_table(file, |table| table.rows(Some(place)))
    }

    /// Hands the table that a line names to `read`, from wherever it is now.
    pub(super) fn with_table<T>(
        &self,
        file: &FileRecord,
        read: impl FnOnce(TableFile<'_>) -> Result<T, TraceError>,
    ) -> Result<T, TraceError> {
        let path = match self.contents.whereabouts(file) {
            Whereabouts::Within(merged, _) => self.dir.join(&merged.file.file.path),
            _ => self.dir.join(&file.path),
        };
        let bytes = match self.contents.whereabouts(file) {
            Whereabouts::Within(merged, part) => {
                let within = match self.part(&path, merged, part) {
                    Err(error) if is_missing(&error) => match Self::open(&self.dir) {
                        Ok(now) if now.contents.is_merged(&merged.file.file.path) => {
                            return now.with_table(file, read);
                        }
                        _ => Err(error),
                    },
                    within => within,
                };
                return read(within?);
            }
            _ => read_checked(&self.dir, file),
        };
        match bytes {
            // Merged with others since the manifest was read.
            Err(error) if is_missing(&error) => match Self::open(&self.dir) {
                Ok(now) if now.contents.is_merged(&file.path) => now.with_table(file, read),
                _ => Err(error),
            },
            bytes => read(TableFile::whole(&path, bytes?, file.rows)?),
        }
    }

    /// Rows in a merged file.
    fn part<'p>(
        &self,
        path: &'p Path,
        merged: &Merged,
        part: Part,
    ) -> Result<TableFile<'p>, TraceError> {
        let name = &merged.file.file.path;
        let footer = self.footer(path, merged)?;
        let stretch = merged.stretch(part.group);
        let sha256 = &merged.file.groups[part.group].sha256;
        let bytes = read_stretch(&self.dir, name, stretch, sha256)?;
        let window = Window {
            offset: stretch.0,
            bytes: Bytes::from(bytes),
        };
        Ok(TableFile::part(path, window, footer, part))
    }

    fn footer(&self, path: &Path, merged: &Merged) -> Result<Footer, TraceError> {
        let name = &merged.file.file.path;
        // A map is whole after each of its statements.
        let mut footers = self.footers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(footer) = footers.get(name) {
            return Ok(footer.clone());
        }
        let stretch = merged.footer_stretch();
        let sha256 = &merged.file.footer_sha256;
        let bytes = read_stretch(&self.dir, name, stretch, sha256)?;
        let window = Window {
            offset: stretch.0,
            bytes: Bytes::from(bytes),
        };
        let footer = Footer::read(path, &window)?;
        if footer.groups() != merged.file.groups.len() {
            let reason = "it has not the row groups that the manifest names";
            return Err(TraceError::damaged(path, reason));
        }
        footers.insert(name.clone(), footer.clone());
        Ok(footer)
    }

    fn file_of(&self, checkpoint: u32, folder: &str) -> Result<(&FileRecord, Place), TraceError> {
        let Some(entry) = self.contents.entry(checkpoint) else {
            return Err(TraceError::NoCheckpoint {
                path: self.dir.clone(),
                checkpoint,
                count: self.contents.entries.len(),
            });
        };
        let mut files = self.contents.files_at(checkpoint).iter();
        let file = files.find(|file| file.folder() == folder);
        let place = Place {
            checkpoint: Some(checkpoint),
            step: entry.step,
        };
        match file {
            Some(file) => Ok((file, place)),
            None => Err(TraceError::NotAnalysed {
                path: self.dir.clone(),
                checkpoint,
                step: entry.step,
            }),
        }
    }
}

/// An error in a derived table, with the way out of it.
fn derivable(error: TraceError) -> TraceError {
    match error {
        TraceError::Damaged { path, reason } => TraceError::Damaged {
            path,
            reason: format!("{reason}; `creode analyze RUN --events` derives it again"),
        },
        other => other,
    }
}

fn read_run_file(dir: &Path) -> Result<String, TraceError> {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    let path = dir.join(RUN_FILE);
    let read = files::open_itself(&path)
        .and_then(|mut file| files::read_open(&mut file, MOST_RUN_FILE_BYTES))
        .and_then(files::text);
    read.map_err(|error| match error.kind() {
        NotFound | NotADirectory => TraceError::NotARun {
            path: dir.to_path_buf(),
        },
        _ => TraceError::read(&path, error),
    })
}
