//! What a line of the manifest says.
//!
//! A line is one event; its fields are the interface to whoever reads the manifest without this library
//! (`docs/TRACE.md`).

use serde::{Deserialize, Serialize};

use super::MANIFEST_VERSION;

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

/// Files that were merged into one: a table of many checkpoints in one Parquet file.
///
/// The file is cut into stretches, each under a checksum of its own, so that what is read of it can be checked without the
/// rest: the row groups one after the other, the first with the four bytes before it, and then the footer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergedFile {
    /// The file as a whole.
    #[serde(flatten)]
    pub file: FileRecord,
    /// Its row groups; each holds the rows of whole files, in the order of their steps.
    pub groups: Vec<RowGroup>,
    /// SHA-256 of what follows the last row group.
    pub footer_sha256: String,
}

/// A row group of a merged file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowGroup {
    /// Number of rows.
    pub rows: u64,
    /// Number of bytes.
    pub bytes: u64,
    /// SHA-256 of these bytes.
    pub sha256: String,
}

/// Where and with what a run was begun, or gone on with, as far as it bears on its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Training step that it goes on from.
    pub step: u64,
    /// SIMD level of the machine.
    pub simd: String,
    /// Version of the program.
    pub creode: String,
    /// Name of the machine.
    pub host: String,
    /// The engine, where it is another than before; see [`EngineName::told`](crate::train::engines::EngineName::told).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
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

/// Where training steps come from that another program made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepsSource {
    /// Name of the file.
    pub file: String,
    /// Where the columns of `steps` come from; those that are not here are NaN, or null where they can be.
    pub columns: Vec<ColumnSource>,
}

/// Where a column of `steps` comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnSource {
    /// Name of the column of `steps`.
    pub column: String,
    /// What it is called there.
    pub name: String,
    /// What the number there was divided by: 100 of percentages, else 1.
    pub divided_by: u32,
}

/// What a line of the manifest reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ManifestEvent {
    /// The run begins: its `run.toml` is written.
    Run {
        /// The file.
        files: Vec<FileRecord>,
    },
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
    /// Training steps that another program told of are written.
    Steps {
        /// The last of them.
        step: u64,
        /// What told of them.
        source: StepsSource,
        /// The files.
        files: Vec<FileRecord>,
    },
    /// The run is gone on with on a machine or by a version that may round differently.
    Session(Session),
    /// The run ended.
    Ending(Ending),
    /// Tables were derived from the whole run; they take the place of those that an earlier line names.
    Derived {
        /// The files.
        files: Vec<FileRecord>,
    },
    /// Marks were set or taken away; the file takes the place of that which an earlier line names.
    Marks {
        /// The file.
        files: Vec<FileRecord>,
    },
    /// The tables that earlier lines name were merged, each into one file. What those lines say of their rows still holds;
    /// the files themselves need no longer be there.
    Compaction {
        /// The files, at most one a table.
        merged: Vec<MergedFile>,
    },
    /// Something was written to the log that no other line follows.
    Log,
}

impl ManifestEvent {
    /// The files that the line names.
    pub fn files(&self) -> &[FileRecord] {
        match self {
            Self::Checkpoint { files, .. }
            | Self::Landscape { files, .. }
            | Self::Pause { files, .. }
            | Self::Steps { files, .. }
            | Self::Derived { files }
            | Self::Marks { files }
            | Self::Run { files } => files,
            Self::Ending(_) | Self::Session(_) | Self::Compaction { .. } | Self::Log => &[],
        }
    }

    /// Version of the format that its kind of line came with.
    pub(super) fn version(&self) -> u32 {
        match self {
            Self::Checkpoint { .. }
            | Self::Landscape { .. }
            | Self::Pause { .. }
            | Self::Ending(_) => 1,
            Self::Run { .. }
            | Self::Session(_)
            | Self::Derived { .. }
            | Self::Marks { .. }
            | Self::Compaction { .. }
            | Self::Log => 2,
            Self::Steps { .. } => MANIFEST_VERSION,
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Line {
    #[serde(flatten)]
    pub(super) event: ManifestEvent,
    pub(super) schema: u32,
    /// Seconds since 1970-01-01 UTC at which the line was written.
    pub(super) unix_time: u64,
    /// What stood in the log then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) log: Option<LogState>,
}

/// What stood in `log.txt` at some time; the log only grows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::trace) struct LogState {
    /// Number of bytes.
    pub(in crate::trace) bytes: u64,
    /// Their SHA-256.
    pub(in crate::trace) sha256: String,
}

/// What any version of a line has.
#[derive(Deserialize)]
pub(super) struct LineVersion {
    pub(super) schema: u32,
}
