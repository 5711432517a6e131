//! What can be wrong with a file of trials.
//!
//! Messages name the file, the array or column, the place (from 0, as numpy counts) and the value, and say what would be right.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::text::{escaped, shown};

/// Why a file of trials could not be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrialsError {
    /// The file could not be read.
    #[error("cannot read {}: {source}", shown(path))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is of no format that is known, or damaged.
    #[error("{} cannot be read: {reason}", shown(path))]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// An array or column is missing.
    #[error(
        "{} has no {what}, only {}; expected {expected}",
        shown(path),
        list(found)
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// What is missing.
        what: String,
        /// What is there.
        found: Vec<String>,
        /// What should be there.
        expected: &'static str,
    },
    /// An array has another shape than it should.
    #[error(
        "`{array}` of {} has shape {found:?}; expected {expected}",
        shown(path)
    )]
    Shape {
        /// The file.
        path: PathBuf,
        /// The array.
        array: &'static str,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that it should have.
        expected: String,
    },
    /// A number is not one that can stand there.
    #[error(
        "`{array}` of {} has {value} at {place}; expected {expected}",
        shown(path)
    )]
    Value {
        /// The file.
        path: PathBuf,
        /// The array or column.
        array: String,
        /// Where in it.
        place: String,
        /// The number.
        value: f64,
        /// What could stand there.
        expected: String,
    },
    /// Its parts do not go together.
    #[error("{}: {reason}", shown(path))]
    Unfit {
        /// The file.
        path: PathBuf,
        /// What does not, and what would be right.
        reason: String,
    },
}

/// At most a dozen names.
fn list(names: &[String]) -> String {
    const MOST: usize = 12;
    if names.is_empty() {
        return "nothing of numbers".to_owned();
    }
    let first = names.iter().take(MOST);
    let first: Vec<_> = first.map(|name| format!("`{}`", escaped(name))).collect();
    let first = first.join(", ");
    match names.len().saturating_sub(MOST) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
