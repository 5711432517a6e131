//! What can be wrong with a curriculum.
//!
//! One run of the reader tells all mistakes, in the order of their lines.

use std::cell::RefCell;
use std::fmt;
use std::ops::{Bound, RangeInclusive};
use std::path::{Path, PathBuf};

use crate::parameters::RealRange;
use crate::text::{escaped, first_messages, shown};

/// Why a curriculum could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CurriculumError {
    /// The file cannot be read.
    #[error("cannot read the curriculum `{}`: {source}{hint}", shown(.path))]
    Unreadable {
        /// The file that was asked for.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
        /// A file of the same folder with a similar name, as the end of the message; else empty.
        hint: String,
    },
    /// The file can be read, but says what it must not. Displays as one line for each mistake, of the first of them.
    #[error("{}", lines(.file, .mistakes))]
    Mistakes {
        /// The file as the caller named it.
        file: String,
        /// All mistakes in the order of their lines, those of overrides last.
        mistakes: Vec<Mistake>,
    },
}

/// Where a value of a curriculum comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyPlace {
    /// Line of the file, from 1.
    Line(usize),
    /// `KEY=VALUE` of an override.
    Override(String),
}

/// One mistake in a curriculum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where it stands.
    pub place: KeyPlace,
    /// Full name of the key, such as `network.units`; empty for an error of syntax.
    pub key: String,
    /// What was expected and what was found.
    pub problem: String,
}

impl CurriculumError {
    pub(super) fn unreadable(path: &Path, source: std::io::Error) -> Self {
        let hint = did_you_mean(similar_file(path).as_deref());
        Self::Unreadable {
            path: path.to_owned(),
            source,
            hint,
        }
    }
}

/// Collects the mistakes of all sections.
#[derive(Debug, Default)]
pub(super) struct Mistakes(RefCell<Vec<Mistake>>);

impl Mistakes {
    pub(super) fn add(&self, place: &KeyPlace, key: impl Into<String>, problem: impl Into<String>) {
        self.0.borrow_mut().push(Mistake {
            place: place.clone(),
            key: key.into(),
            problem: problem.into(),
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count() == 0
    }

    pub(super) fn count(&self) -> usize {
        self.0.borrow().len()
    }

    pub(super) fn into_error(self, file: &str) -> CurriculumError {
        let mut mistakes = self.0.into_inner();
        mistakes.sort_by(|a, b| a.place.cmp(&b.place));
        CurriculumError::Mistakes {
            file: file.to_owned(),
            mistakes,
        }
    }
}

fn lines(file: &str, mistakes: &[Mistake]) -> String {
    let line = |mistake: &Mistake| {
        let place = match &mistake.place {
            KeyPlace::Line(line) => format!("{}:{line}", escaped(file)),
            KeyPlace::Override(assignment) => format!("--set {}", escaped(assignment)),
        };
        let problem = escaped(&mistake.problem);
        if mistake.key.is_empty() {
            format!("{place}: {problem}")
        } else {
            format!("{place}: key `{}`: {problem}", escaped(&mistake.key))
        }
    };
    first_messages(mistakes.iter().map(line), mistakes.len())
}

/// The candidate that is close enough to `found` to be what was meant.
pub(super) fn closest<'a>(
    found: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(found, candidate), candidate))
        .filter(|(distance, candidate)| distance * 5 <= found.len().max(candidate.len()) * 2)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The end of a message that suggests another name, if there is one.
pub(super) fn did_you_mean(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

/// "`a`, `b` or `c`".
pub(super) fn quoted_list(names: &[impl fmt::Display], conjunction: &str) -> String {
    let mut quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    let Some(last) = quoted.pop() else {
        return String::new();
    };
    if quoted.is_empty() {
        last
    } else {
        format!("{} {conjunction} {last}", quoted.join(", "))
    }
}

fn similar_file(path: &Path) -> Option<String> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let asked = path.file_name()?.to_str()?;
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| {
            name != asked
                && Path::new(name)
                    .extension()
                    .is_some_and(|extension| extension == "toml")
        })
        .collect();
    names.sort();
    let with_extension = format!("{asked}.toml");
    let similar = names
        .iter()
        .find(|name| **name == with_extension)
        .map(String::as_str)
        .or_else(|| closest(asked, names.iter().map(String::as_str)))?;
    Some(shown(&path.with_file_name(similar)).to_string())
}

/// An allowed whole number, as a message names it.
pub(super) fn describe_integers(range: &RangeInclusive<u64>) -> String {
    format!("an integer from {} to {}", range.start(), range.end())
}

/// An allowed number, as a message names it.
pub(super) fn describe_reals((low, high): RealRange) -> String {
    let low = match low {
        Bound::Included(low) => format!(" of at least {low}"),
        Bound::Excluded(low) => format!(" greater than {low}"),
        Bound::Unbounded => String::new(),
    };
    let high = match high {
        Bound::Included(high) => format!(" and at most {high}"),
        Bound::Excluded(high) => format!(" and less than {high}"),
        Bound::Unbounded => String::new(),
    };
    format!("a finite number{low}{high}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_names_the_similar_one() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("flip-flop.toml"), "")?;
        for asked in ["flipflop.toml", "flip-flop"] {
            let source = std::io::Error::from(std::io::ErrorKind::NotFound);
            let message =
                CurriculumError::unreadable(&folder.path().join(asked), source).to_string();
            assert!(message.contains(&format!("{asked}`: ")), "{message}");
            assert!(message.ends_with("flip-flop.toml`?"), "{message}");
        }
        Ok(())
    }

    #[test]
    fn only_close_names_are_suggested() {
        assert_eq!(closest("unit", ["units", "inputs"]), Some("units"));
        assert_eq!(closest("adm", ["adam", "sgd"]), Some("adam"));
        assert_eq!(closest("lr", ["learning_rate", "rule"]), None);
    }
}
