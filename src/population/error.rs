//! What can be wrong with a population.

use std::io;
use std::path::{Path, PathBuf};

use crate::curriculum::CurriculumError;
use crate::text::{escaped, shown};
use crate::trace::TraceError;

/// Why a population could not be begun, extended or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PopulationError {
    /// A text says no seeds.
    #[error(
        "`{}` are no seeds, as in `0..99` or `0..9,20`: {reason}",
        escaped(text)
    )]
    Seeds {
        /// The text.
        text: String,
        /// What is wrong.
        reason: String,
    },
    /// A key cannot be set, or not to these values.
    #[error("the setting `{}`: {reason}", escaped(key))]
    Setting {
        /// The key.
        key: String,
        /// What is wrong.
        reason: String,
    },
    /// A file does not say soundly what a population is of.
    #[error("{} is no population: {reason}", shown(path))]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// What is asked for lacks something.
    #[error("{0}")]
    Incomplete(String),
    /// The folder is something else.
    #[error(
        "{} {is}: choose another name for the population with `--name NAME`",
        shown(path)
    )]
    Taken {
        /// The folder.
        path: PathBuf,
        /// What it is, as in "is a run".
        is: &'static str,
    },
    /// There is a population of that name, of something else.
    #[error(
        "{} is there already, and what is asked for now does not extend it: {}. Ask for what is there and more, or choose another \
         name with `--name NAME`; nothing was changed",
        shown(path),
        differences.join("; ")
    )]
    Contradiction {
        /// The folder.
        path: PathBuf,
        /// What there is and is not asked for, or the reverse.
        differences: Vec<String>,
    },
    /// A curriculum is not in order.
    #[error(transparent)]
    Curriculum(#[from] CurriculumError),
    /// A name cannot be that of a population.
    #[error(transparent)]
    Name(TraceError),
    /// A table of the population could not be written or read.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// A file could not be read.
    #[error("cannot read {}: {source}", shown(path))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file could not be written.
    #[error(
        "cannot write {}: {source}; what was there before is safe",
        shown(path)
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl PopulationError {
    pub(super) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read {
            path: path.to_path_buf(),
            source,
        }
    }

    pub(super) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write {
            path: path.to_path_buf(),
            source,
        }
    }

    pub(super) fn file(path: &Path, reason: impl Into<String>) -> Self {
        Self::File {
            path: path.to_path_buf(),
            reason: reason.into(),
        }
    }
}
