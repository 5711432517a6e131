//! `manifest.jsonl`: what the run holds, one JSON object a line, appended to and never rewritten.
//!
//! Training and analysis proceed apart: the weights of a checkpoint must be safe long before its fixed points
//! are known, and a kill between the two must cost neither. So a checkpoint gets two lines, and is complete
//! when it has both:
//!
//! - `checkpoint`: weights, training steps, probe trials and evaluations are written;
//! - `landscape`: landscapes, fixed points, slow points and spectra are written.
//!
//! `pause` names what a clean stop between two checkpoints left (weights, and the steps since the checkpoint),
//! `ending` says that the run is over and why. A file belongs to the run from the moment that a line names it.
//!
//! A kill can leave half a last line. Readers ignore it, the writer cuts it off when it resumes.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::error::TraceError;
use super::schema::SCHEMA_VERSION;

/// Name of the manifest in the run's directory.
pub const MANIFEST_FILE: &str = "manifest.jsonl";

/// One file of the run as the manifest names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Path within the run's directory, with `/` between its parts.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the content, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Number of rows of a table; none for weights.
    pub rows: Option<u64>,
}

impl FileRecord {
    /// The folder that the file is in: the name of its table, or `checkpoints`.
    pub fn folder(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndingReason {
    /// The curriculum was completed.
    Finished,
    /// Loss or weights ceased to be finite.
    Diverged,
}

/// The end of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// Why it ended.
    pub reason: EndingReason,
    /// Last training step.
    pub step: u64,
    /// What the user should know of it.
    pub message: String,
}

/// What a line of the manifest reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Weights, steps and trials of a checkpoint are written.
    Checkpoint {
        /// Number of the checkpoint, counted from 0.
        checkpoint: u32,
        /// Its training step.
        step: u64,
        /// The files.
        files: Vec<FileRecord>,
    },
    /// The landscape of a checkpoint is written.
    Landscape {
        /// Number of the checkpoint, counted from 0.
        checkpoint: u32,
        /// Its training step.
        step: u64,
        /// The files.
        files: Vec<FileRecord>,
    },
    /// Training stopped cleanly between two checkpoints.
    Pause {
        /// Training step it stopped after.
        step: u64,
        /// The files.
        files: Vec<FileRecord>,
    },
    /// The run ended.
    Ending(Ending),
}

impl Event {
    /// The files that the line names.
    pub fn files(&self) -> &[FileRecord] {
        match self {
            Self::Checkpoint { files, .. }
            | Self::Landscape { files, .. }
            | Self::Pause { files, .. } => files,
            Self::Ending(_) => &[],
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    event: Event,
    schema: u32,
    /// Seconds since 1970-01-01 UTC at which the line was written.
    unix_time: u64,
}

/// What any version of a line has.
#[derive(Deserialize)]
struct LineVersion {
    schema: u32,
}

/// The events of a manifest, in the order they were written, read up to the last whole line.
#[derive(Debug, Clone, Default)]
pub struct Manifest {
    path: PathBuf,
    events: Vec<Event>,
    whole_bytes: u64,
}

impl Manifest {
    /// Reads the manifest of the run in `run_dir`; a missing one is an empty one.
    pub fn read(run_dir: &Path) -> Result<Self, TraceError> {
        let mut manifest = Self {
            path: run_dir.join(MANIFEST_FILE),
            ..Self::default()
        };
        manifest.refresh()?;
        Ok(manifest)
    }

    /// Reads the lines that came since; `true` if there were any. A manifest that became shorter is an error.
    pub fn refresh(&mut self) -> Result<bool, TraceError> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.whole_bytes == 0 => {
                return Ok(false);
            }
            Err(error) => return Err(TraceError::read(&self.path, error)),
        };
        let read_error = |error| TraceError::read(&self.path, error);
        let length = file.metadata().map_err(read_error)?.len();
        if length == self.whole_bytes {
            return Ok(false);
        }
        if length < self.whole_bytes {
            let reason = "it became shorter: another run took its place, open the run again";
            return Err(TraceError::damaged(&self.path, reason));
        }
        file.seek(SeekFrom::Start(self.whole_bytes))
            .map_err(read_error)?;
        let mut new_bytes = Vec::new();
        file.read_to_end(&mut new_bytes).map_err(read_error)?;
        self.take_lines(&new_bytes)
    }

    /// The events, oldest first.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    fn take_lines(&mut self, bytes: &[u8]) -> Result<bool, TraceError> {
        let events_before = self.events.len();
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let (line, after) = rest.split_at(end + 1);
            match self.parse_line(line) {
                Ok(event) => self.events.push(event),
                Err(TraceError::Manifest { .. }) if after.is_empty() => break,
                Err(error) => return Err(error),
            }
            self.whole_bytes += line.len() as u64;
            rest = after;
        }
        Ok(self.events.len() > events_before)
    }

    fn parse_line(&self, line: &[u8]) -> Result<Event, TraceError> {
        let malformed = |error: serde_json::Error| TraceError::Manifest {
            path: self.path.clone(),
            line: self.events.len() + 1,
            reason: error.to_string(),
        };
        let LineVersion { schema } = serde_json::from_slice(line).map_err(malformed)?;
        if schema > SCHEMA_VERSION {
            return Err(TraceError::NewerSchema {
                path: self.path.clone(),
                found: schema,
                supported: SCHEMA_VERSION,
            });
        }
        serde_json::from_slice::<Line>(line)
            .map(|line| line.event)
            .map_err(malformed)
    }
}

/// Appends lines to a manifest; a line that could not be written whole is cut off again.
#[derive(Debug)]
pub(super) struct ManifestAppender {
    path: PathBuf,
    file: File,
    whole_bytes: u64,
}

impl ManifestAppender {
    /// Opens the manifest, creates a missing one and cuts off what follows the last whole line.
    pub(super) fn open(manifest: &Manifest) -> Result<Self, TraceError> {
        let path = manifest.path.clone();
        let opened = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let file = opened.map_err(|error| TraceError::write(&path, error))?;
        file.set_len(manifest.whole_bytes)
            .map_err(|error| TraceError::write(&path, error))?;
        Ok(Self {
            path,
            file,
            whole_bytes: manifest.whole_bytes,
        })
    }

    /// Appends one event and waits until it is on the disk.
    pub(super) fn append(&mut self, event: &Event) -> Result<(), TraceError> {
        let unix_time = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let line = Line {
            event: event.clone(),
            schema: SCHEMA_VERSION,
            unix_time,
        };
        let mut text = serde_json::to_vec(&line)
            .map_err(|error| TraceError::write(&self.path, error.into()))?;
        text.push(b'\n');
        let written = self.append_bytes(&text);
        if written.is_err() {
            // Should this fail too, the next append starts at the same place and covers the remains.
            self.file.set_len(self.whole_bytes).ok();
        }
        written.map_err(|error| TraceError::write(&self.path, error))?;
        self.whole_bytes += text.len() as u64;
        Ok(())
    }

    fn append_bytes(&mut self, text: &[u8]) -> std::io::Result<()> {
        self.file.seek(SeekFrom::Start(self.whole_bytes))?;
        self.file.write_all(text)?;
        self.file.sync_all()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn pause(step: u64) -> Event {
        let file = FileRecord {
            path: format!("steps/{step:08}.pause.parquet"),
            bytes: 7,
            sha256: "ab".into(),
            rows: Some(3),
        };
        Event::Pause {
            step,
            files: vec![file],
        }
    }

    #[test]
    fn lines_are_read_back_and_half_a_line_is_ignored_then_cut_off() {
        let dir = tempfile::tempdir().unwrap();
        let mut appender = ManifestAppender::open(&Manifest::read(dir.path()).unwrap()).unwrap();
        let ending = Event::Ending(Ending {
            reason: EndingReason::Diverged,
            step: 9,
            message: "loss is NaN".into(),
        });
        appender.append(&pause(5)).unwrap();
        appender.append(&ending).unwrap();

        let path = dir.path().join(MANIFEST_FILE);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, [&whole[..], br#"{"event":"che"#].concat()).unwrap();
        let mut manifest = Manifest::read(dir.path()).unwrap();
        assert_eq!(manifest.events(), [pause(5), ending]);

        let mut appender = ManifestAppender::open(&manifest).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), whole);
        appender.append(&pause(12)).unwrap();
        assert!(manifest.refresh().unwrap());
        assert_eq!(manifest.events().last(), Some(&pause(12)));
        assert!(!manifest.refresh().unwrap());
    }

    #[test]
    fn the_line_is_what_the_format_promises() {
        let dir = tempfile::tempdir().unwrap();
        let mut appender = ManifestAppender::open(&Manifest::read(dir.path()).unwrap()).unwrap();
        appender
            .append(&Event::Checkpoint {
                checkpoint: 12,
                step: 600,
                files: vec![],
            })
            .unwrap();
        let text = std::fs::read_to_string(dir.path().join(MANIFEST_FILE)).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["event"], "checkpoint");
        assert_eq!(value["schema"], 1);
        assert_eq!(value["checkpoint"], 12);
        assert_eq!(value["step"], 600);
        assert!(value["unix_time"].as_u64().is_some());
    }

    #[test]
    fn a_bad_line_in_the_middle_and_a_newer_version_are_errors() {
        let dir = tempfile::tempdir().unwrap();
        let mut appender = ManifestAppender::open(&Manifest::read(dir.path()).unwrap()).unwrap();
        appender.append(&pause(5)).unwrap();
        let path = dir.path().join(MANIFEST_FILE);
        let whole = std::fs::read_to_string(&path).unwrap();

        std::fs::write(&path, format!("{whole}not json\n{whole}")).unwrap();
        let error = Manifest::read(dir.path()).unwrap_err();
        assert!(
            matches!(error, TraceError::Manifest { line: 2, .. }),
            "{error}"
        );

        std::fs::write(
            &path,
            format!("{whole}{{\"event\":\"merge\",\"schema\":9}}\n"),
        )
        .unwrap();
        let error = Manifest::read(dir.path()).unwrap_err();
        assert!(
            matches!(
                error,
                TraceError::NewerSchema {
                    found: 9,
                    supported: 1,
                    ..
                }
            ),
            "{error}"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_that_names_the_file_and_the_way_out() {
        let file = File::options().write(true).open("/dev/full").unwrap();
        let mut appender = ManifestAppender {
            path: MANIFEST_FILE.into(),
            file,
            whole_bytes: 0,
        };
        let message = appender.append(&pause(5)).unwrap_err().to_string();
        assert!(
            message.contains(MANIFEST_FILE) && message.contains("--resume"),
            "{message}"
        );
        assert_eq!(appender.whole_bytes, 0);
    }
}
