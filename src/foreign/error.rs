//! What can be wrong with somebody else's file.
//!
//! Messages are written for somebody who did not write the file: they list the names that are in it, and say which
//! option would help.

use thiserror::Error;

use super::options::Role;
use crate::arrays::ArraysError;
use crate::cell::staged::StackError;
use crate::text::escaped;

/// Why a foreign network could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ForeignError {
    /// The arrays of the file could not be read.
    #[error(transparent)]
    Arrays(#[from] ArraysError),
    /// No tensor plays a part that the cell needs.
    #[error(
        "no tensor for the {role}: none is named {expected}; name it with `--map {role}=NAME` (there are {})",
        list(found)
    )]
    Missing {
        /// The part.
        role: Role,
        /// Names looked for.
        expected: String,
        /// Names in the file.
        found: Vec<String>,
    },
    /// A name given by the user is not in the file.
    #[error(
        "no tensor {} for the {role} (there are {})",
        escaped(name),
        list(found)
    )]
    Unknown {
        /// The part.
        role: Role,
        /// The name given.
        name: String,
        /// Names in the file.
        found: Vec<String>,
    },
    /// Several tensors could play one part.
    #[error(
        "the {role} may be any of {}; say which with `--map {role}=NAME`",
        list(candidates)
    )]
    Ambiguous {
        /// The part.
        role: Role,
        /// The tensors that could.
        candidates: Vec<String>,
    },
    /// A tensor has a shape that does not fit the others.
    #[error(
        "{} has shape {found:?}; as {role} it should be {expected}",
        escaped(name)
    )]
    Shape {
        /// The tensor.
        name: String,
        /// What it was taken for.
        role: Role,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that would fit.
        expected: String,
    },
    /// A module that runs both ways through time.
    #[error(
        "{module} also runs backwards through time (tensors with `_reverse` or `backward_` in their names): what it does at a time depends on all that comes \
         after, so it is no map of a state and has no fixed points; `--map recurrent=NAME` takes one direction alone"
    )]
    Bidirectional {
        /// The module.
        module: String,
    },
    /// Several modules could be meant.
    #[error(
        "there are {} recurrent modules: {}; say which with `--map recurrent={example}`",
        modules.len(),
        modules.join("; ")
    )]
    Modules {
        /// What each is.
        modules: Vec<String>,
        /// Recurrent weights of the first.
        example: String,
    },
    /// Layers cannot stand on each other.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// A tensor holds values that are no numbers.
    #[error(
        "{} holds {count} values that are NaN or infinite: training diverged; take an earlier checkpoint",
        escaped(name)
    )]
    NotFinite {
        /// The tensor.
        name: String,
        /// How many.
        count: usize,
    },
    /// A tensor plays a part, and its elements are not read.
    #[error(
        "{} plays the part {role}, and holds {what}: save it as floating-point numbers",
        escaped(name)
    )]
    Unread {
        /// The tensor.
        name: String,
        /// The part that it plays.
        role: Role,
        /// What its elements are.
        what: String,
    },
    /// A setting is missing, or does not fit the cell.
    #[error("{0}")]
    Setting(String),
    /// The constant input has another width than the input weights.
    #[error("the input has {found} values, the network takes {expected}")]
    InputWidth {
        /// Values given.
        found: usize,
        /// Columns of the input weights.
        expected: usize,
    },
}

/// At most a dozen names.
fn list(names: &[String]) -> String {
    const MOST: usize = 12;
    let first: Vec<_> = names.iter().take(MOST).map(|name| escaped(name)).collect();
    let first = first.join(", ");
    match names.len() {
        0 => "none".to_owned(),
        count if count > MOST => format!("{first} and {} more", count - MOST),
        _ => first,
    }
}
