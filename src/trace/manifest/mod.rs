//! `manifest.jsonl`: what the run holds, one JSON object a line, appended to and never rewritten.
//!
//! Training and analysis proceed apart: the weights of a checkpoint must be safe long before its fixed points are
//! known, and a kill between the two must cost neither. So a checkpoint gets two lines, and is complete when it has
//! both:
//!
//! - `checkpoint`: weights, training steps, probe trials and evaluations are written;
//! - `landscape`: landscapes, fixed points, slow points and spectra are written.
//!
//! `run` names `run.toml`, `steps` the training steps that another program told of, `pause` what a clean stop between two checkpoints left (weights, and the steps since the
//! checkpoint), `session` says that another machine or version went on, `ending` that the run is over and why,
//! `derived` names the tables derived from the whole run, `marks` those of the dashboard, `compaction` files into
//! which others were merged, `log` vouches for what the log says last. A file belongs to the run from the moment
//! that a line names it. Every line ends with a seal: the SHA-256 of the seal before it and of the line's own text.
//! So a number that was changed, a line that is gone and lines that changed places are seen.
//!
//! A kill can leave half a last line. Readers ignore it, the writer cuts it off when it resumes.

mod append;
mod line;
mod seal;

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

pub(super) use self::append::ManifestAppender;
pub(super) use self::line::LogState;
pub use self::line::{
    ColumnSource, Ending, EndingReason, FileRecord, ManifestEvent, MergedFile, RowGroup, Session,
    StepsSource,
};
use self::line::{Line, LineVersion};
use self::seal::Chain;
use super::error::TraceError;
use super::names::MANIFEST_FILE;
use crate::files;

/// Latest version of a line that this library writes and reads, that of `steps`; lines of other kinds are of the versions that
/// these came with.
pub const MANIFEST_VERSION: u32 = 3;

/// Bytes of the longest line that is read: a compaction of a million checkpoints has a shorter one.
const MOST_LINE_BYTES: u64 = 128 << 20;

/// The events of a manifest, in the order they were written, read up to the last whole line.
#[derive(Debug, Clone, Default)]
pub struct Manifest {
    path: PathBuf,
    events: Vec<ManifestEvent>,
    /// Where the line of each ends.
    ends: Vec<u64>,
    whole_bytes: u64,
    chain: Chain,
    /// As the last line that says it has it.
    log: Option<LogState>,
    /// Which file it is; another one of the same name is another run's.
    identity: Option<(u64, u64)>,
    is_torn: bool,
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
        let mut file = match files::open_itself(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.whole_bytes == 0 => {
                return Ok(false);
            }
            Err(error) => return Err(TraceError::read(&self.path, error)),
        };
        let read_error = |error| TraceError::read(&self.path, error);
        let metadata = file.metadata().map_err(read_error)?;
        let identity = Some(identity(&metadata));
        let is_another = self.identity.is_some() && self.identity != identity;
        if metadata.len() < self.whole_bytes || is_another {
            let reason = "it became shorter, or another run took its place: open the run again";
            return Err(TraceError::damaged(&self.path, reason));
        }
        self.identity = identity;
        self.is_torn = false;
        if metadata.len() == self.whole_bytes {
            return Ok(false);
        }
        file.seek(SeekFrom::Start(self.whole_bytes))
            .map_err(read_error)?;
        self.take_lines(&mut BufReader::new(file))
    }

    /// The events, oldest first; that of place n stands in line n + 1.
    pub fn events(&self) -> &[ManifestEvent] {
        &self.events
    }

    /// Whether half a line, as a kill leaves it, stood behind the last whole one at the last look.
    pub fn is_torn(&self) -> bool {
        self.is_torn
    }

    /// What stood in the log when the last line that says so was written.
    pub(super) fn log(&self) -> Option<&LogState> {
        self.log.as_ref()
    }

    fn take_lines(&mut self, lines: &mut BufReader<File>) -> Result<bool, TraceError> {
        let events_before = self.events.len();
        let mut line = Vec::new();
        loop {
            line.clear();
            let most = MOST_LINE_BYTES + 1;
            let read_error = |error| TraceError::read(&self.path, error);
            let length = lines.by_ref().take(most).read_until(b'\n', &mut line);
            if length.map_err(read_error)? == 0 {
                break;
            }
            if line.len() as u64 >= most {
                return Err(self.malformed("it is longer than any line that creode writes"));
            }
            let Some(text) = line.strip_suffix(b"\n") else {
                self.is_torn = true;
                break;
            };
            // A power cut can leave zeros in place of what was written last; JSON has none.
            if text.contains(&0) && lines.fill_buf().map_err(read_error)?.is_empty() {
                self.is_torn = true;
                break;
            }
            let parsed = self.parse(text)?;
            self.take(parsed, &line)?;
        }
        Ok(self.events.len() > events_before)
    }

    /// Takes a line that was parsed, with its bytes as they are in the file.
    fn take(&mut self, parsed: Line, line: &[u8]) -> Result<(), TraceError> {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let taken = self.chain.take(text);
        taken.map_err(|reason| self.malformed(reason))?;
        self.events.push(parsed.event);
        if parsed.log.is_some() {
            self.log = parsed.log;
        }
        self.whole_bytes += line.len() as u64;
        self.ends.push(self.whole_bytes);
        Ok(())
    }

    fn parse(&self, line: &[u8]) -> Result<Line, TraceError> {
        let malformed = |error: serde_json::Error| self.malformed(&error.to_string());
        let LineVersion { schema } = serde_json::from_slice(line).map_err(malformed)?;
        if schema > MANIFEST_VERSION {
            return Err(TraceError::NewerSchema {
                path: self.path.clone(),
                found: schema,
                supported: MANIFEST_VERSION,
            });
        }
        serde_json::from_slice(line).map_err(malformed)
    }

    /// An error in the line after those that were taken.
    fn malformed(&self, reason: &str) -> TraceError {
        TraceError::manifest(&self.path, self.events.len() + 1, reason)
    }
}

#[cfg(unix)]
fn identity(metadata: &std::fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn identity(_: &std::fs::Metadata) -> (u64, u64) {
    (0, 0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn pause(step: u64) -> ManifestEvent {
        let file = FileRecord {
            path: format!("steps/{step:08}.pause.parquet"),
            bytes: 7,
            sha256: "ab".into(),
            rows: Some(3),
        };
        ManifestEvent::Pause {
            step,
            files: vec![file],
        }
    }

    #[test]
    fn lines_are_read_back_and_half_a_line_is_ignored_then_cut_off() {
        let dir = tempfile::tempdir().unwrap();
        let mut appender = ManifestAppender::open(Manifest::read(dir.path()).unwrap()).unwrap();
        let ending = ManifestEvent::Ending(Ending {
            reason: EndingReason::Diverged,
            step: 9,
            message: "loss is NaN".into(),
        });
        appender.append(&pause(5), true).unwrap();
        appender.append(&ending, true).unwrap();

        let path = dir.path().join(MANIFEST_FILE);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, [&whole[..], br#"{"event":"che"#].concat()).unwrap();
        let mut manifest = Manifest::read(dir.path()).unwrap();
        assert_eq!(manifest.events(), [pause(5), ending]);

        assert!(manifest.is_torn());

        let mut appender = ManifestAppender::open(manifest.clone()).unwrap();
        appender.cut_torn_line(dir.path()).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), whole);
        let kept = std::fs::read(dir.path().join("leftovers/manifest.jsonl.tail"));
        assert_eq!(kept.unwrap(), br#"{"event":"che"#);
        appender.append(&pause(12), true).unwrap();
        assert!(manifest.refresh().unwrap());
        assert_eq!(manifest.events().last(), Some(&pause(12)));
        assert!(!manifest.refresh().unwrap());
    }

    #[test]
    fn the_line_is_what_the_format_promises() {
        let dir = tempfile::tempdir().unwrap();
        let mut appender = ManifestAppender::open(Manifest::read(dir.path()).unwrap()).unwrap();
        let event = ManifestEvent::Checkpoint {
            checkpoint: 12,
            step: 600,
            files: vec![],
        };
        appender.append(&event, true).unwrap();
        let text = std::fs::read_to_string(dir.path().join(MANIFEST_FILE)).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["event"], "checkpoint");
        assert_eq!(value["schema"], 1);
        assert_eq!(value["checkpoint"], 12);
        assert_eq!(value["step"], 600);
        assert!(value["unix_time"].as_u64().is_some());
        assert_eq!(value["seal"].as_str().unwrap().len(), 64);
    }

    #[test]
    fn a_bad_line_a_newer_version_and_a_whole_last_line_of_an_unknown_kind_are_errors() {
        let dir = tempfile::tempdir().unwrap();
        let mut appender = ManifestAppender::open(Manifest::read(dir.path()).unwrap()).unwrap();
        appender.append(&pause(5), true).unwrap();
        let path = dir.path().join(MANIFEST_FILE);
        let whole = std::fs::read_to_string(&path).unwrap();
        let read_with = |rest: &str| {
            std::fs::write(&path, format!("{whole}{rest}")).unwrap();
            Manifest::read(dir.path())
        };
        for rest in [
            "not json\n{}\n",
            "not json\n",
            "{\"event\":\"merge\",\"schema\":1}\n",
            "\n",
        ] {
            let error = read_with(rest).unwrap_err();
            let is_of_line_2 = matches!(error, TraceError::Manifest { line: 2, .. });
            assert!(is_of_line_2, "{rest:?}: {error}");
        }
        let error = read_with("{\"event\":\"merge\",\"schema\":9}\n").unwrap_err();
        let is_newer = matches!(
            error,
            TraceError::NewerSchema {
                found: 9,
                supported: MANIFEST_VERSION,
                ..
            }
        );
        assert!(is_newer, "{error}");
        for torn in ["{\"event\":\"merge\"", "\0\0\0\0", "\0\0\0}\n"] {
            let manifest = read_with(torn).unwrap();
            assert!(
                manifest.is_torn() && manifest.events() == [pause(5)],
                "{torn:?}"
            );
        }
    }

    #[test]
    fn two_programs_append_at_a_time_and_a_line_too_long_is_no_line() {
        let dir = tempfile::tempdir().unwrap();
        let open = || ManifestAppender::open(Manifest::read(dir.path()).unwrap()).unwrap();
        std::thread::scope(|threads| {
            for program in 0..2 {
                let mut appender = open();
                threads.spawn(move || {
                    for number in 0..50 {
                        let event = pause(2 * number + program);
                        appender.append(&event, false).unwrap();
                    }
                });
            }
        });
        let manifest = Manifest::read(dir.path()).unwrap();
        assert_eq!(manifest.events().len(), 100);
        let file = File::options()
            .write(true)
            .open(dir.path().join(MANIFEST_FILE));
        file.unwrap().set_len(1 << 40).unwrap();
        let error = Manifest::read(dir.path()).unwrap_err();
        assert!(
            matches!(error, TraceError::Manifest { line: 101, .. }),
            "{error}"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_that_names_the_file_and_the_way_out() {
        let file = File::options().write(true).open("/dev/full").unwrap();
        let manifest = Manifest {
            path: MANIFEST_FILE.into(),
            ..Manifest::default()
        };
        let mut appender = ManifestAppender {
            manifest,
            file,
            log: None,
        };
        let message = appender.append(&pause(5), true).unwrap_err().to_string();
        assert!(
            message.contains(MANIFEST_FILE) && message.contains("--resume"),
            "{message}"
        );
        assert_eq!(appender.manifest().events(), []);
    }
}
