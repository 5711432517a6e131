//! `log.txt`: what people should know of a run, a line each. It only grows; lines of the manifest say what stood in it.
//!
//! The log is for people and may be deleted; no reader depends on it.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::error::TraceError;
use super::manifest::LogState;
use super::names::LOG_FILE;
use super::store::{MISSING, hash_all};
use crate::files;
use crate::hex::hex;

/// Bytes at the end of the log that are shown.
const SHOWN_BYTES: u64 = 16 * 1024;

/// The log while it is written.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    file: File,
    hasher: Sha256,
    bytes: u64,
}

impl Log {
    /// Opens the log of a run, which goes on where it ended.
    pub(super) fn open(dir: &Path) -> Result<Self, TraceError> {
        let path = dir.join(LOG_FILE);
        let file = files::append_to(&path).map_err(|error| TraceError::write(&path, error))?;
        let mut log = Self {
            path,
            file,
            hasher: Sha256::new(),
            bytes: 0,
        };
        let there = files::open_itself(&log.path);
        let (hasher, bytes) = (&mut log.hasher, &mut log.bytes);
        there
            .and_then(|mut file| {
                hash_all(&mut file, |piece| {
                    hasher.update(piece);
                    *bytes += piece.len() as u64;
                })
            })
            .map_err(|error| TraceError::read(&log.path, error))?;
        Ok(log)
    }

    /// Appends a line.
    pub(super) fn write(&mut self, line: &str) -> Result<(), TraceError> {
        let line = format!("{}\n", crate::text::escaped(line));
        let written = self.file.write_all(line.as_bytes());
        written.map_err(|error| TraceError::write(&self.path, error))?;
        self.hasher.update(line.as_bytes());
        self.bytes += line.len() as u64;
        Ok(())
    }

    /// What stands in it.
    pub(super) fn state(&self) -> LogState {
        LogState {
            bytes: self.bytes,
            sha256: hex(&self.hasher.clone().finalize()),
        }
    }
}

/// The last lines of the log of the run in `dir`, after a check that it begins with what a manifest says of it. Without
/// either there are none.
pub(super) fn last_lines(
    dir: &Path,
    expected: Option<&LogState>,
) -> Result<Vec<String>, TraceError> {
    let path = dir.join(LOG_FILE);
    let read_error = |error| TraceError::read(&path, error);
    let mut file = match files::open_itself(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return match expected {
                Some(state) if state.bytes > 0 => Err(TraceError::damaged(&path, MISSING)),
                _ => Ok(Vec::new()),
            };
        }
        Err(error) => return Err(read_error(error)),
    };
    if let Some(state) = expected {
        let mut hasher = Sha256::new();
        hash_all(&mut (&mut file).take(state.bytes), |piece| {
            hasher.update(piece);
        })
        .map_err(read_error)?;
        if hex(&hasher.finalize()) != state.sha256 {
            return Err(TraceError::damaged(&path, "it is not what was written"));
        }
    }
    let bytes = files::read_end(&mut file, SHOWN_BYTES).map_err(read_error)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().map(str::to_owned).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_was_logged_is_shown_and_a_change_to_it_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Log::open(dir.path()).unwrap();
        log.write("first\u{1b}[2J").unwrap();
        drop(log);
        let mut log = Log::open(dir.path()).unwrap();
        log.write("second").unwrap();
        let state = log.state();
        log.write("third").unwrap();
        let lines = |state| last_lines(dir.path(), Some(state));
        assert_eq!(
            lines(&state).unwrap(),
            ["first\\u{1b}[2J", "second", "third"]
        );
        let path = dir.path().join(LOG_FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        for changed in [text.replace("second", "2econd"), text[..9].to_owned()] {
            std::fs::write(&path, changed).unwrap();
            assert!(lines(&state).is_err());
        }
        std::fs::remove_file(&path).unwrap();
        assert!(lines(&state).unwrap_err().to_string().contains("missing"));
        assert_eq!(last_lines(dir.path(), None).unwrap(), [""; 0]);
    }
}
