//! What can be told of a run from its files, without reading its tables.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use creode::lab::origin::is_followed;
use creode::lab::zoom::ZOOMS_FOLDER;
use creode::trace::{EndingReason, Run, holder};

use super::RunState;

/// Size and time of a file, by which a change is noticed.
type Stamp = Option<(u64, Option<SystemTime>)>;

/// A file beside the manifest that may appear or change at any time.
pub(super) struct Side {
    pub(super) name: &'static str,
    pub(super) stamp: Stamp,
    pub(super) due: bool,
}

impl Side {
    pub(super) const fn new(name: &'static str) -> Self {
        Self {
            name,
            stamp: None,
            due: false,
        }
    }

    pub(super) fn look(&mut self, dir: &Path) {
        let stamp = fs::metadata(dir.join(self.name))
            .ok()
            .map(|of| (of.len(), of.modified().ok()));
        self.due |= stamp != self.stamp;
        self.stamp = stamp;
    }
}

/// The last part of a path, as the file system knows it; a stretch of a run has the name of that run before its own.
pub(crate) fn name_of(dir: &Path) -> String {
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf());
    let name = |path: &Path| {
        path.file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    };
    match dir.parent() {
        Some(zooms) if name(zooms) == ZOOMS_FOLDER => {
            let run = zooms.parent().map_or_else(String::new, name);
            format!("{run}/{ZOOMS_FOLDER}/{}", name(&dir))
        }
        _ => name(&dir),
    }
}

/// How a run stands now.
pub(crate) fn state_of(run: &Run) -> RunState {
    match run.ending() {
        Some(ending) if ending.reason == EndingReason::Diverged => {
            RunState::Diverged(ending.message.clone())
        }
        Some(_) => RunState::Finished,
        None if holder(run.dir()).is_some() => RunState::Training,
        None if is_followed(run) => RunState::Followed,
        None => RunState::Interrupted,
    }
}

/// Training step of a checkpoint; 0 if the manifest does not name it.
pub(super) fn step_of(run: &Run, checkpoint: u32) -> u64 {
    let entries = run.entries();
    let at = entries.binary_search_by_key(&checkpoint, |entry| entry.checkpoint);
    at.map_or(0, |at| entries[at].step)
}
