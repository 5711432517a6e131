//! Reading a run, finished or still growing.
//!
//! A reader needs no lock and never blocks a writer: it sees the run as of its last [`Run::refresh`]. Merged files
//! are looked up again where a file has gone since.
//!
//! ```no_run
//! use creode::trace::Run;
//!
//! let run = Run::open("traces/flip-flop")?;
//! for entry in run.entries().iter().filter(|entry| entry.complete) {
//!     let stable = run.fixed_points(entry.checkpoint)?.iter().filter(|p| p.n_unstable == 0).count();
//!     println!("step {}: {stable} stable points", entry.step);
//! }
//! # Ok::<(), creode::trace::TraceError>(())
//! ```

mod rows;
mod whereabouts;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::contents::{Contents, Entry, Pause};
use super::error::TraceError;
use super::leftovers;
use super::log;
use super::manifest::{Ending, Manifest, ManifestEvent, MergedFile, Session, StepsSource};
use super::names::{LOG_FILE, MANIFEST_FILE, MARKS_FILE, RUN_FILE};
use super::replaced::read_replaced;
use super::store::{self, is_missing};
use super::table::Footer;
use crate::files;

/// Bytes of the largest `run.toml` that is read.
const MOST_RUN_FILE_BYTES: u64 = 2 << 20;

/// A file of weights, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightsFile {
    /// Where it is.
    pub path: PathBuf,
    /// What is in it, in the safetensors format.
    pub bytes: Vec<u8>,
}

/// How far a follower has read the training steps; starts before the first.
///
/// A cursor is a position and no lock: several may follow one run.
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
    pub(in crate::trace) fn with_merged(&self, merged: &[MergedFile]) -> Result<Self, TraceError> {
        let mut events = self.manifest.events().to_vec();
        let merged = merged.to_vec();
        events.push(ManifestEvent::Compaction { merged });
        let mut run = self.clone();
        run.contents.take(&run.dir, &events)?;
        run.footers = Footers::default();
        Ok(run)
    }

    /// Reads the manifest lines that came since; `true` if there were any. Cheap when there are none.
    ///
    /// # Errors
    /// The manifest became shorter, another run took its place, or a new line cannot be understood.
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

    /// The last training step that another program told of, and what tells of them; none of runs that were trained here.
    pub fn told_steps(&self) -> Option<&(u64, StepsSource)> {
        self.contents.told.as_ref()
    }

    /// The later sessions on other machines or by other versions, oldest first.
    pub fn sessions(&self) -> &[Session] {
        &self.contents.sessions
    }

    /// The last lines of the run's log, which people may delete.
    pub fn last_log_lines(&self) -> Result<Vec<String>, TraceError> {
        match self.checked_log() {
            Err(error) if is_missing(&error) => Ok(vec![format!("({} is gone)", LOG_FILE)]),
            lines => lines,
        }
    }

    pub(in crate::trace) fn checked_log(&self) -> Result<Vec<String>, TraceError> {
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

    pub(in crate::trace) fn remark_on_manifest(&self) -> Option<String> {
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

    pub(in crate::trace) fn contents(&self) -> &Contents {
        &self.contents
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
