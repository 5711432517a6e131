//! Writing lines of a manifest.
//!
//! A line is written by one call at the end of the file. If it cannot be written whole (a full disk), it is cut off
//! at once, and the next append looks again.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use super::{Line, LogState, Manifest, ManifestEvent};
use crate::trace::error::TraceError;
use crate::trace::holder::unix_time;
use crate::trace::leftovers;

/// Appends lines to a manifest; a line that could not be written whole is cut off again.
///
/// The writer of a run and a program that derives tables from it may do so at a time: each holds a lock on the manifest
/// while it appends, and first takes in what the other has appended.
#[derive(Debug)]
pub(in crate::trace) struct ManifestAppender {
    pub(super) manifest: Manifest,
    pub(super) file: File,
    /// What stands in the log, for those who write it.
    pub(in crate::trace) log: Option<LogState>,
}

impl ManifestAppender {
    /// Opens the manifest of a run; a missing one is made.
    pub(in crate::trace) fn open(manifest: Manifest) -> Result<Self, TraceError> {
        let write_error = |error| TraceError::write(&manifest.path, error);
        let file = crate::files::append_to(&manifest.path).map_err(write_error)?;
        Ok(Self {
            manifest,
            file,
            log: None,
        })
    }

    /// What the manifest says, as of the last line appended here.
    pub(in crate::trace) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Cuts off what follows the last whole line; a copy of it stays in `leftovers/` of the run.
    pub(in crate::trace) fn cut_torn_line(&mut self, run_dir: &Path) -> Result<(), TraceError> {
        let whole = self.manifest.whole_bytes;
        leftovers::keep_tail(run_dir, &self.manifest.path, whole)?;
        self.cut()
    }

    /// Cuts off the lines from the event of a place on; a copy of them stays in `leftovers/` of the run.
    pub(in crate::trace) fn cut_lines_from(
        &mut self,
        run_dir: &Path,
        place: usize,
    ) -> Result<(), TraceError> {
        let end = match place.checked_sub(1) {
            Some(before) => self.manifest.ends[before],
            None => 0,
        };
        leftovers::keep_tail(run_dir, &self.manifest.path, end)?;
        let cut = self.file.set_len(end).and_then(|()| self.file.sync_all());
        cut.map_err(|error| TraceError::write(&self.manifest.path, error))?;
        self.manifest = Manifest::read(run_dir)?;
        Ok(())
    }

    fn cut(&self) -> Result<(), TraceError> {
        let cut = self.file.set_len(self.manifest.whole_bytes);
        cut.map_err(|error| TraceError::write(&self.manifest.path, error))
    }

    /// Appends one event. A durable one is on the disk when the call returns; another may be lost if the power fails, and
    /// then alone.
    pub(in crate::trace) fn append(
        &mut self,
        event: &ManifestEvent,
        is_durable: bool,
    ) -> Result<(), TraceError> {
        self.locked(|of| of.append_locked(event, is_durable))
    }

    /// Does something that no other appender may come between.
    pub(in crate::trace) fn locked(
        &mut self,
        append: impl FnOnce(&mut Self) -> Result<(), TraceError>,
    ) -> Result<(), TraceError> {
        // Some network file systems have no locks; a run there is as good as its user is careful.
        let is_locked = self.file.lock().is_ok();
        let appended = append(self);
        if is_locked {
            self.file.unlock().ok();
        }
        appended
    }

    /// Appends within [`locked`](Self::locked).
    pub(in crate::trace) fn append_locked(
        &mut self,
        event: &ManifestEvent,
        is_durable: bool,
    ) -> Result<(), TraceError> {
        self.manifest.refresh()?;
        if self.manifest.is_torn {
            self.cut()?;
        }
        let (line, text) = self.line(event)?;
        if let Err(error) = self.write(text.as_bytes(), is_durable) {
            // Should this fail too, the next append cuts off the remains.
            self.cut().ok();
            return Err(TraceError::write(&self.manifest.path, error));
        }
        self.manifest.take(line, text.as_bytes())
    }

    fn line(&self, event: &ManifestEvent) -> Result<(Line, String), TraceError> {
        let line = Line {
            event: event.clone(),
            schema: event.version(),
            unix_time: unix_time(),
            log: self.log.clone(),
        };
        let text = serde_json::to_string(&line)
            .map_err(|error| TraceError::write(&self.manifest.path, error.into()))?;
        let text = self.manifest.chain.sealed(&text) + "\n";
        Ok((line, text))
    }

    fn write(&mut self, line: &[u8], is_durable: bool) -> std::io::Result<()> {
        self.file.seek(SeekFrom::End(0))?;
        self.file.write_all(line)?;
        if is_durable {
            self.file.sync_all()?;
        }
        Ok(())
    }
}
