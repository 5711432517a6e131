//! Writing a run so that a kill at any instant costs nothing that the manifest names.
//!
//! A checkpoint is durable before its line is appended, and the line before the call returns: one flush of all its files
//! together, one of the manifest. Landscapes can be computed again from the weights, so nobody waits for the disk for them;
//! the next checkpoint's flush takes them along. After a power cut the last of them may be named without being there: a
//! writer that takes the run up looks at those that come after the last checkpoint.
//!
//! The order of a checkpoint, and why:
//!
//! 1. Weights, steps, trials and evaluations are written under temporary names and renamed into place: a file is
//!    there whole or not at all.
//! 2. All of them, and the log, are flushed together, with the folders that hold their names: after that a power
//!    cut cannot take them.
//! 3. The line of the manifest is appended and flushed: only now does the checkpoint exist. In the other order a
//!    power cut could leave a line that names files that are not there.
//!
//! Nothing is overwritten: a path that a line names is refused. A call that fails leaves at most files that no line
//! names.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::compact::{self, Compacted};
use super::contents::Contents;
use super::encode::encode;
use super::error::TraceError;
use super::leftovers;
use super::lock::RunLock;
use super::log::Log;
use super::manifest::{
    Ending, FileRecord, Manifest, ManifestAppender, ManifestEvent, Session, StepsSource,
};
use super::names::{CHECKPOINTS_FOLDER, LOG_FILE, MANIFEST_FILE, MOST_NAME_BYTES, RUN_FILE, TOLD};
use super::replaced;
use super::rows::StepRow;
use super::store::{self, read_checked};
use super::tables::Row;
use super::written::{CheckpointTables, LandscapeTables};
use crate::files;

/// Whether a name can be that of a run: of a folder in the directory of runs, and of no other.
pub fn check_name(name: &str) -> Result<(), TraceError> {
    let is_name = (1..=MOST_NAME_BYTES).contains(&name.len())
        && !name.starts_with('.')
        && !name.contains(|c: char| c.is_control() || "/\\".contains(c));
    if is_name {
        Ok(())
    } else {
        Err(TraceError::Name {
            name: name.to_owned(),
        })
    }
}

/// The text of a `run.toml`: the resolved curriculum, then `about` (seed, versions, host) as its table `[run]`.
pub fn run_toml(curriculum_text: &str, about: &toml::Table) -> String {
    let table = toml::Table::from_iter([("run".to_owned(), toml::Value::Table(about.clone()))]);
    format!("{}\n\n{table}", curriculum_text.trim_end())
}

/// The one writer of a run; a lock keeps a second one out as long as it lives.
///
/// Training and analysis may write from two threads. Whatever a call writes belongs to the run when the call
/// returns, and not before: files first, then the manifest line that names them.
#[derive(Debug)]
pub struct RunWriter {
    dir: PathBuf,
    ledger: Mutex<Ledger>,
    log: Mutex<Log>,
    notes: Vec<String>,
    /// Held as long as this lives.
    _lock: RunLock,
}

#[derive(Debug)]
struct Ledger {
    manifest: ManifestAppender,
    named: HashSet<String>,
    /// Written, named and perhaps not yet on the disk.
    unsynced: Vec<PathBuf>,
}

impl RunWriter {
    /// Starts a run in `dir`, which may be missing, with `run_toml` as its `run.toml`.
    ///
    /// # Errors
    /// A run is there already, another process writes it, `run_toml` is no TOML, or something cannot be written.
    pub fn create(dir: impl AsRef<Path>, run_toml: &str) -> Result<Self, TraceError> {
        let dir = dir.as_ref();
        let run_file = dir.join(RUN_FILE);
        if fs::symlink_metadata(&run_file).is_ok() {
            return Err(TraceError::AlreadyARun {
                path: dir.to_path_buf(),
            });
        }
        run_toml
            .parse::<toml::Table>()
            .map_err(|error| TraceError::RunToml {
                path: run_file.clone(),
                reason: error.to_string(),
            })?;
        make_folders(dir)?;
        let lock = RunLock::take(dir)?;
        require_no_run(dir)?;
        // The run is there once its `run.toml` is: from its first instant it has a manifest.
        if fs::symlink_metadata(dir.join(MANIFEST_FILE)).is_ok() {
            leftovers::move_aside(dir, MANIFEST_FILE)?;
        }
        let mut manifest = ManifestAppender::open(Manifest::read(dir)?)?;
        let record = store::record(RUN_FILE, run_toml.as_bytes(), None);
        let event = ManifestEvent::Run {
            files: vec![record],
        };
        manifest.append(&event, true)?;
        files::write(&run_file, run_toml.as_bytes())
            .map_err(|error| TraceError::write(&run_file, error))?;
        Self::with(dir, lock, manifest, &Contents::default(), Vec::new())
    }

    /// Takes up the run in `dir` again: cuts off half a manifest line, and moves what no line names to `leftovers/`.
    ///
    /// # Errors
    /// Nothing is changed where the run cannot be read: no `run.toml`, no manifest, or one that contradicts itself.
    pub fn resume(dir: impl AsRef<Path>) -> Result<Self, TraceError> {
        let dir = dir.as_ref();
        super::Run::open(dir)?;
        let lock = RunLock::take(dir)?;
        // It may have grown until the lock was free.
        let mut contents = super::Run::open(dir)?.contents().clone();
        make_folders(dir)?;
        let mut manifest = ManifestAppender::open(Manifest::read(dir)?)?;
        let mut notes = Vec::new();
        manifest.locked(|manifest| {
            manifest.cut_torn_line(dir)?;
            if set_back_after_power_cut(dir, manifest)? {
                notes.push(SET_BACK.to_owned());
                contents = super::Run::open(dir)?.contents().clone();
            }
            replaced::put_in_place(dir, &contents.replaced)?;
            if contents.run_file.is_none() {
                adopt(dir, &contents, manifest)?;
                contents = super::Run::open(dir)?.contents().clone();
            }
            leftovers::tidy(dir, &contents)
        })?;
        Self::with(dir, lock, manifest, &contents, notes)
    }

    fn with(
        dir: &Path,
        lock: RunLock,
        manifest: ManifestAppender,
        contents: &Contents,
        mut notes: Vec<String>,
    ) -> Result<Self, TraceError> {
        let log = Log::open(dir)?;
        files::sync_folder(dir).map_err(|error| TraceError::write(dir, error))?;
        notes.extend(lock.note().map(str::to_owned));
        let named = contents.named().iter().map(|(file, _)| file.path.clone());
        let ledger = Ledger {
            manifest,
            named: named.collect(),
            unsynced: Vec::new(),
        };
        Ok(Self {
            dir: dir.to_path_buf(),
            ledger: Mutex::new(ledger),
            log: Mutex::new(log),
            notes,
            _lock: lock,
        })
    }

    /// The run's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What the user should know of how the run was taken up, and of how far its lock reaches.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Writes what training gives at a checkpoint: `weights` (safetensors bytes), the steps since the file of
    /// steps before, the probe trials, and the tables that have a file only if they have rows.
    ///
    /// Durable when it returns.
    pub fn write_checkpoint(
        &self,
        checkpoint: u32,
        step: u64,
        weights: &[u8],
        tables: &CheckpointTables<'_>,
    ) -> Result<(), TraceError> {
        let name = format!("{step:08}");
        let arena = &tables.arena;
        let mut files = vec![
            self.write_weights(&name, weights)?,
            self.write_table(&name, tables.steps)?,
            self.write_table(&name, tables.trials)?,
        ];
        files.extend(self.write_if_any(&name, tables.evaluations)?);
        files.extend(self.write_if_any(&name, arena.scores)?);
        files.extend(self.write_if_any(&name, arena.paths)?);
        files.extend(self.write_if_any(&name, arena.places)?);
        files.extend(self.write_if_any(&name, arena.rate_maps)?);
        files.extend(self.write_if_any(&name, arena.relaxations)?);
        self.append_durably(&ManifestEvent::Checkpoint {
            checkpoint,
            step,
            files,
        })
    }

    /// Writes what analysis gives for a checkpoint. Tables may be empty: a network may have no fixed point.
    ///
    /// Named when it returns, and durable with the next durable line. The checkpoint's own line should have come
    /// before, but may come after: a checkpoint is complete when it has both.
    pub fn write_landscape(
        &self,
        checkpoint: u32,
        step: u64,
        tables: &LandscapeTables<'_>,
    ) -> Result<(), TraceError> {
        let name = format!("{step:08}");
        let mut files = vec![
            self.write_table(&name, tables.landscapes)?,
            self.write_table(&name, tables.fixed_points)?,
            self.write_table(&name, tables.slow_points)?,
            self.write_table(&name, tables.spectra)?,
        ];
        if let Some((events, branches)) = tables.history {
            files.push(self.write_table(&name, events)?);
            files.push(self.write_table(&name, branches)?);
        }
        let event = ManifestEvent::Landscape {
            checkpoint,
            step,
            files,
        };
        self.append(&event, false)
    }

    /// Writes what a clean stop between two checkpoints leaves: `weights`, and the steps since the file of
    /// steps before. At a step that was written already, and without new rows, there is nothing to do.
    pub fn write_pause(
        &self,
        step: u64,
        weights: &[u8],
        steps: &[StepRow],
    ) -> Result<(), TraceError> {
        let name = format!("{step:08}.pause");
        let already_safe = [weights_path(&name), weights_path(&format!("{step:08}"))];
        if steps.is_empty()
            && already_safe
                .iter()
                .any(|path| self.lock_ledger().named.contains(path))
        {
            return Ok(());
        }
        let files = vec![
            self.write_weights(&name, weights)?,
            self.write_table(&name, steps)?,
        ];
        self.append_durably(&ManifestEvent::Pause { step, files })
    }

    /// Writes training steps that another program told of, later than all that were told before. Does nothing where there are
    /// none.
    ///
    /// Durable when it returns.
    pub fn write_told_steps(
        &self,
        rows: &[StepRow],
        source: &StepsSource,
    ) -> Result<(), TraceError> {
        let Some(last) = rows.last() else {
            return Ok(());
        };
        let files = vec![self.write_table(&format!("{:08}{TOLD}", last.step), rows)?];
        self.append_durably(&ManifestEvent::Steps {
            step: last.step,
            source: source.clone(),
            files,
        })
    }

    /// Notes that another machine or version goes on with the run.
    pub fn write_session(&self, session: Session) -> Result<(), TraceError> {
        self.append_durably(&ManifestEvent::Session(session))
    }

    /// Notes that the run is over.
    pub fn write_ending(&self, ending: Ending) -> Result<(), TraceError> {
        self.append_durably(&ManifestEvent::Ending(ending))
    }

    /// Merges the files of each table into one; does nothing where there is nothing to merge.
    ///
    /// The rows are compared with those they were made of before anything is removed.
    pub fn compact(&self) -> Result<Compacted, TraceError> {
        let mut ledger = self.lock_ledger();
        ledger.sync(&self.dir)?;
        ledger.manifest.log = Some(self.lock_log().state());
        compact::compact(&self.dir, &mut ledger.manifest)
    }

    /// Appends a line to `log.txt`; the next line of the manifest vouches for it.
    pub fn log(&self, line: &str) -> Result<(), TraceError> {
        self.lock_log().write(line)
    }

    /// Appends a line to `log.txt` that may be the last for long, and a line to the manifest that vouches for it.
    pub fn log_durably(&self, line: &str) -> Result<(), TraceError> {
        self.log(line)?;
        self.append_durably(&ManifestEvent::Log)
    }

    fn write_weights(&self, name: &str, weights: &[u8]) -> Result<FileRecord, TraceError> {
        self.write_file(weights_path(name), weights, None)
    }

    fn write_table<R: Row>(&self, name: &str, rows: &[R]) -> Result<FileRecord, TraceError> {
        let path = format!("{}/{name}.parquet", R::TABLE.name());
        self.write_file(path, &encode(rows)?, Some(rows.len() as u64))
    }

    fn write_if_any<R: Row>(
        &self,
        name: &str,
        rows: &[R],
    ) -> Result<Option<FileRecord>, TraceError> {
        let is_any = !rows.is_empty();
        is_any.then(|| self.write_table(name, rows)).transpose()
    }

    fn write_file(
        &self,
        path: String,
        bytes: &[u8],
        rows: Option<u64>,
    ) -> Result<FileRecord, TraceError> {
        let full_path = self.dir.join(&path);
        if self.lock_ledger().named.contains(&path) {
            return Err(TraceError::AlreadyWritten { path: full_path });
        }
        let written = files::write_unsynced(&full_path, bytes);
        written.map_err(|error| TraceError::write(&full_path, error))?;
        Ok(store::record(path, bytes, rows))
    }

    fn append_durably(&self, event: &ManifestEvent) -> Result<(), TraceError> {
        self.append(event, true)
    }

    fn append(&self, event: &ManifestEvent, is_durable: bool) -> Result<(), TraceError> {
        let mut ledger = self.lock_ledger();
        ledger.manifest.log = Some(self.lock_log().state());
        ledger.append(&self.dir, event, is_durable)
    }

    fn lock_log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_ledger(&self) -> MutexGuard<'_, Ledger> {
        // The ledger is valid after every statement that changes it, so a panic elsewhere does not spoil it.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// Appends an event. Before a durable one all files that were written are on the disk, and no line of another thread
    /// comes between them and it.
    fn append(
        &mut self,
        dir: &Path,
        event: &ManifestEvent,
        is_durable: bool,
    ) -> Result<(), TraceError> {
        let files = event.files().iter().map(|file| &file.path);
        self.unsynced
            .extend(files.clone().map(|path| dir.join(path)));
        if is_durable {
            self.unsynced.push(dir.join(LOG_FILE));
            self.sync(dir)?;
        }
        self.manifest.append(event, is_durable)?;
        self.named.extend(files.cloned());
        Ok(())
    }

    fn sync(&mut self, dir: &Path) -> Result<(), TraceError> {
        files::sync(dir, &self.unsynced).map_err(|error| TraceError::write(dir, error))?;
        self.unsynced.clear();
        Ok(())
    }
}

fn weights_path(name: &str) -> String {
    format!("{CHECKPOINTS_FOLDER}/{name}.safetensors")
}

fn make_folders(dir: &Path) -> Result<(), TraceError> {
    for folder in leftovers::folders() {
        let path = dir.join(folder);
        fs::create_dir_all(&path).map_err(|error| TraceError::write(&path, error))?;
        let is_own = fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir());
        if !is_own {
            let error = std::io::Error::new(
                std::io::ErrorKind::InvalidInput,
                "it is a symbolic link: a run's files are within its folder",
            );
            return Err(TraceError::write(&path, error));
        }
    }
    Ok(())
}

/// A folder without a `run.toml` may hold the manifest of a run that was killed in its first instant, but nothing else of
/// a run.
fn require_no_run(dir: &Path) -> Result<(), TraceError> {
    let manifest = Manifest::read(dir)?;
    let is_begun = fs::symlink_metadata(dir.join(RUN_FILE)).is_ok();
    let events = manifest.events();
    let has_more = events.len() > 1
        || events
            .iter()
            .any(|event| !matches!(event, ManifestEvent::Run { .. }));
    if is_begun || has_more || leftovers::count(dir) > 0 {
        return Err(TraceError::AlreadyARun {
            path: dir.to_path_buf(),
        });
    }
    Ok(())
}

/// Names what older versions left without a checksum as it is now: `run.toml` and derived tables.
fn adopt(
    dir: &Path,
    contents: &Contents,
    manifest: &mut ManifestAppender,
) -> Result<(), TraceError> {
    let path = dir.join(RUN_FILE);
    let text = fs::read(&path).map_err(|error| TraceError::read(&path, error))?;
    let record = store::record(RUN_FILE, &text, None);
    let derived = replaced::unnamed_records(dir, contents)?;
    let run = ManifestEvent::Run {
        files: vec![record],
    };
    manifest.append_locked(&run, true)?;
    if !derived.is_empty() {
        manifest.append_locked(&ManifestEvent::Derived { files: derived }, true)?;
    }
    Ok(())
}

/// What is said when the last landscapes were not whole.
const SET_BACK: &str = "the last landscapes are named in the manifest but not whole, as a power cut leaves them: they are \
                        computed again; what was there is in leftovers/";

/// Landscapes whose lines came after the last checkpoint may be named without being on the disk after a power cut: cuts
/// off the first such line and the landscapes that follow, of which a copy stays in `leftovers/`. Whether there was one.
fn set_back_after_power_cut(
    dir: &Path,
    manifest: &mut ManifestAppender,
) -> Result<bool, TraceError> {
    let events = manifest.manifest().events();
    let durable = events.iter().rposition(|event| {
        matches!(
            event,
            ManifestEvent::Checkpoint { .. }
                | ManifestEvent::Pause { .. }
                | ManifestEvent::Steps { .. }
                | ManifestEvent::Ending(_)
                | ManifestEvent::Compaction { .. }
                | ManifestEvent::Log
        )
    });
    let after = durable.map_or(0, |place| place + 1);
    let is_whole = |event: &ManifestEvent| match event {
        ManifestEvent::Landscape { files, .. } => {
            files.iter().all(|file| read_checked(dir, file).is_ok())
        }
        _ => true,
    };
    let Some(broken) = events[after..].iter().position(|event| !is_whole(event)) else {
        return Ok(false);
    };
    let (landscapes, others): (Vec<ManifestEvent>, Vec<ManifestEvent>) = events[after + broken..]
        .iter()
        .cloned()
        .partition(|event| matches!(event, ManifestEvent::Landscape { .. }));
    for file in landscapes.iter().flat_map(ManifestEvent::files) {
        if dir.join(&file.path).exists() {
            leftovers::move_aside(dir, &file.path)?;
        }
    }
    manifest.cut_lines_from(dir, after + broken)?;
    // Marks and derived tables are what they were.
    for event in &others {
        manifest.append_locked(event, true)?;
    }
    Ok(true)
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
