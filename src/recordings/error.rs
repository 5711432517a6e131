//! Why a recording could not be read or compared.

use std::io;
use std::path::PathBuf;

use crate::text::shown;

/// Why a recording could not be read, written or compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The file could not be read.
    #[error("cannot read {}: {source}", shown(path))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is of no known format, damaged, or holds something else than a recording.
    #[error("{}: {reason}", shown(path))]
    Unfit {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what is expected.
        reason: String,
    },
    /// It cannot be written.
    #[error("the recording {name} cannot be written: {reason}")]
    Encode {
        /// Its name.
        name: String,
        /// What Parquet said.
        reason: String,
    },
    /// Two recordings have nothing in common.
    #[error(
        "{} has {} time bins and the conditions {}, {} has {} and {}: they are compared in conditions of the same name and length",
        names[0], steps[0], listed(&conditions[0]), names[1], steps[1], listed(&conditions[1])
    )]
    Apart {
        /// Their names.
        names: [String; 2],
        /// Their conditions.
        conditions: [Vec<String>; 2],
        /// Their time bins.
        steps: [usize; 2],
    },
    /// The recording does not tell what the animal was shown.
    #[error(
        "the recording {name} does not tell what was shown, so that no network can be run on it; add `inputs` \
         [conditions, time, channels] (in Parquet `input_0`, `input_1`, …) to its file"
    )]
    NoInputs {
        /// Its name.
        name: String,
    },
    /// The network has another number of inputs.
    #[error(
        "the recording {name} has {found} input channels, and the network of {run} takes {expected}; the inputs of a recording \
         are those that the network would be given"
    )]
    InputWidth {
        /// Its name.
        name: String,
        /// The run.
        run: String,
        /// Channels of the recording.
        found: usize,
        /// Channels of the network.
        expected: usize,
    },
}

/// At most a few names.
fn listed(names: &[String]) -> String {
    const MOST: usize = 6;
    let mut text = names
        .iter()
        .take(MOST)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > MOST {
        text.push_str(", …");
    }
    text
}
