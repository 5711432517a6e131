//! What can go wrong with a run on disk, and the way out of it.
//!
//! Messages end with what can be done. Variants carry the path, and the numbers that were found and expected.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::holder::Holder;
use super::names::{MANIFEST_FILE, MOST_NAME_BYTES};
use crate::text::shown;

/// A failure to write, read or understand a run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TraceError {
    /// The directory holds no run.
    #[error(
        "no run at {}: there is no run.toml in it (`creode train CURRICULUM --run NAME` makes a run)",
        shown(path)
    )]
    NotARun {
        /// The directory.
        path: PathBuf,
    },
    /// The directory already holds a run, so none can be created there.
    #[error(
        "{} already holds a run: choose another name with `--run NAME`, or go on with this one with `--resume`",
        shown(path)
    )]
    AlreadyARun {
        /// The directory.
        path: PathBuf,
    },
    /// Another process is writing this run.
    #[error(
        "{} is being written by {holder}: wait for it or stop it, then use `--resume`",
        shown(path)
    )]
    Busy {
        /// The directory.
        path: PathBuf,
        /// The process.
        holder: Holder,
    },
    /// Where no lock reaches, a file says that another process is writing this run.
    #[error(
        "{} says that the run is being written by {holder}, and locks do not reach so far here: if that process is gone, \
         delete the file",
        shown(path)
    )]
    SignedByAnother {
        /// The file.
        path: PathBuf,
        /// The process.
        holder: Holder,
    },
    /// There are files of a run, but no manifest that says which.
    #[error(
        "{} has {files} files of a run, but no line in its {MANIFEST_FILE}: restore the manifest from a copy; nothing was \
         changed",
        shown(path)
    )]
    NoManifest {
        /// The directory.
        path: PathBuf,
        /// Number of files that look like those of a run.
        files: usize,
    },
    /// A name that cannot be that of a run.
    #[error(
        "{name:?} is no name for a run: a name has no `/` or `\\`, no dot in front, and 1 to {MOST_NAME_BYTES} bytes; \
         `--traces DIR` says where runs are"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// A file could not be written; what was written before it is untouched.
    #[error(
        "cannot write {}: {source}; {}; what was written before is safe",
        shown(path),
        way_out_of_write_failure(source)
    )]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file or folder could not be read.
    #[error("cannot read {}: {source}", shown(path))]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file named by the manifest is not what was written.
    #[error(
        "{} is damaged: {reason} (restore it from a copy; `creode verify RUN` lists all damaged files)",
        shown(path)
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How it differs from what was written.
        reason: String,
    },
    /// A table lacks a column or has it with another type.
    #[error(
        "{}: column `{column}` should be {expected} but is {found}",
        shown(path)
    )]
    Column {
        /// The Parquet file.
        path: PathBuf,
        /// Name of the column.
        column: String,
        /// What the schema demands.
        expected: String,
        /// What the file has.
        found: String,
    },
    /// A file was written by a later version of the format.
    #[error(
        "{} has schema version {found}, this creode reads up to {supported}: use a newer creode",
        shown(path)
    )]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// Version of the file.
        found: u32,
        /// Latest version that can be read.
        supported: u32,
    },
    /// A line of the manifest, other than a half-written last one, cannot be understood.
    #[error(
        "{}, line {line}: {reason} (restore the manifest from a copy)",
        shown(path)
    )]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The run has no checkpoint of that number.
    #[error(
        "{} has no checkpoint {checkpoint}: it has {count} checkpoints, counted from 0",
        shown(path)
    )]
    NoCheckpoint {
        /// The run's directory.
        path: PathBuf,
        /// The number asked for.
        checkpoint: u32,
        /// How many checkpoints there are.
        count: usize,
    },
    /// The checkpoint is there but its landscape is not.
    #[error(
        "checkpoint {checkpoint} (step {step}) of {} has no landscape yet: `creode train --resume` or `creode analyze` computes it",
        shown(path)
    )]
    NotAnalysed {
        /// The run's directory.
        path: PathBuf,
        /// Number of the checkpoint.
        checkpoint: u32,
        /// Its training step.
        step: u64,
    },
    /// The manifest already names this file, and what it names is never overwritten.
    #[error("{} is already part of the run and is never overwritten", shown(path))]
    AlreadyWritten {
        /// The file.
        path: PathBuf,
    },
    /// Rows could not be turned into a table.
    #[error("cannot encode table `{table}`: {reason}")]
    Encode {
        /// Name of the table.
        table: &'static str,
        /// What was wrong.
        reason: String,
    },
    /// Bytes are no checkpoint, or values no valid tensors.
    #[error("not a valid checkpoint: {reason}")]
    Checkpoint {
        /// What is wrong.
        reason: String,
    },
    /// The text for `run.toml`, or the file, is not TOML.
    #[error("{} is not valid TOML: {reason}", shown(path))]
    RunToml {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        reason: String,
    },
}

impl TraceError {
    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write {
            path: path.to_path_buf(),
            source,
        }
    }

    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read {
            path: path.to_path_buf(),
            source,
        }
    }

    pub(super) fn manifest(path: &Path, line: usize, reason: impl Into<String>) -> Self {
        Self::Manifest {
            path: path.to_path_buf(),
            line,
            reason: reason.into(),
        }
    }

    pub(crate) fn damaged(path: &Path, reason: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_path_buf(),
            reason: reason.into(),
        }
    }
}

fn way_out_of_write_failure(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull => "free some space on that disk, then go on with `--resume`",
        io::ErrorKind::QuotaExceeded => "free some of your quota, then go on with `--resume`",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "make the directory writable or choose another with `--traces DIR`"
        }
        _ => "when the cause is removed, go on with `--resume`",
    }
}
