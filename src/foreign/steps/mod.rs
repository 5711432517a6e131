//! Which number in the names of checkpoint files is the training step.
//!
//! Names are read as a whole, not file by file: a seed, a size and a version are numbers, too, and which of them counts the
//! steps shows in what the names have in common. A name is a path within the folder, `checkpoint-200/model.safetensors`.
//!
//! 1. Each name is cut into numbers, each with the word before it (`numbers`). Decimals are losses, and numbers after
//!    `seed`, `loss`, `lr` and their like are never steps.
//! 2. A number after (or before) `step`, `iter`, `update`, `epoch`, `checkpoint` is preferred, in this order.
//! 3. Else that which differs from file to file and grows with the times at which the files were written.
//!
//! [`StepPattern`] overrides all of this.

mod mixed;
mod numbers;
mod pattern;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

pub use self::mixed::{Training, trainings};
use self::numbers::{Number, Rank, numbers};
pub use self::numbers::{Side, Slot};
pub use self::pattern::StepPattern;
use crate::text::escaped;

/// Pairs of files whose times are compared, at most.
const MOST_PAIRS: usize = 100_000;

/// A file of weights by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its path within the folder, with `/` between its parts.
    pub name: String,
    /// When it was written last, if that is known.
    pub modified: Option<SystemTime>,
}

/// How the training step is read from the names of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepReading {
    /// As the user says.
    Pattern(StepPattern),
    /// One of the numbers.
    Number(Slot),
}

impl StepReading {
    /// Finds out which number of the names is the step; `None` if no name has one that could be.
    pub fn of(files: &[Named]) -> Option<Self> {
        let all: Vec<Vec<Number>> = files.iter().map(|file| numbers(&file.name)).collect();
        let slots: BTreeSet<&Slot> = all.iter().flatten().filter_map(Number::candidate).collect();
        let best = slots
            .into_iter()
            .max_by_key(|slot| score(slot, files, &all))?;
        Some(Self::Number(best.clone()))
    }

    /// The training step of a name, or in words why it has none.
    pub fn step(&self, name: &str) -> Result<u64, String> {
        match self {
            Self::Pattern(pattern) => pattern
                .step(name)
                .ok_or_else(|| format!("its name does not fit `{pattern}`")),
            Self::Number(slot) => {
                let all = numbers(name);
                read(slot, &all).ok_or_else(|| why_none(slot, &all))
            }
        }
    }

    /// Which number it is, as in "the number after `step`".
    pub fn describe(&self) -> String {
        match self {
            Self::Pattern(pattern) => format!("{{step}} of `{pattern}`"),
            Self::Number(slot) => slot.describe(),
        }
    }

    /// Whether the steps are counted in epochs.
    pub fn is_of_epochs(&self) -> bool {
        matches!(self, Self::Number(slot) if slot.rank() == Rank::Epoch)
    }

    /// The steps of all names that have one, by rising step, in a line for people.
    pub fn report(&self, files: &[Named]) -> String {
        let mut steps: Vec<(u64, &str)> = files
            .iter()
            .filter_map(|file| Some((self.step(&file.name).ok()?, file.name.as_str())))
            .collect();
        steps.sort_unstable();
        let shown: Vec<String> = match steps.as_slice() {
            [head @ .., last] if head.len() > 6 => {
                let first = head[..3].iter().map(|(step, _)| step.to_string());
                first.chain(["…".to_owned(), last.0.to_string()]).collect()
            }
            all => all.iter().map(|(step, _)| step.to_string()).collect(),
        };
        let example = steps.first().map_or("", |(_, name)| *name);
        let (count, noun) = (steps.len(), if steps.len() == 1 { "file" } else { "files" });
        format!(
            "steps: {} in {}; {count} {noun}: {}",
            self.describe(),
            escaped(example),
            shown.join(", ")
        )
    }
}

/// The number of a name that a slot reads: its own, or the only one there is, if it is of the same rank.
fn read(slot: &Slot, all: &[Number]) -> Option<u64> {
    if let Some(own) = all.iter().find(|number| number.slot == *slot) {
        return own.value;
    }
    let mut candidates = all.iter().filter(|number| number.candidate().is_some());
    match (candidates.next(), candidates.next()) {
        (Some(only), None) if only.slot.rank() == slot.rank() => only.value,
        _ => None,
    }
}

/// Why no number of a name is that of a slot.
fn why_none(slot: &Slot, all: &[Number]) -> String {
    if all.is_empty() {
        return "there is no number in its name that could be its training step".to_owned();
    }
    let there: Vec<String> = all
        .iter()
        .map(|number| {
            format!("{} {}", number.slot.word, number.text)
                .trim()
                .to_owned()
        })
        .collect();
    format!(
        "of the numbers in its name ({}) none is {}; `--step-pattern` says otherwise",
        escaped(&there.join(", ")),
        slot.describe()
    )
}

/// How well a slot reads the names; more is better, the first entry that differs decides.
fn score(slot: &Slot, files: &[Named], all: &[Vec<Number>]) -> impl Ord + use<> {
    let read: Vec<(u64, Option<SystemTime>)> = files
        .iter()
        .zip(all)
        .filter_map(|(file, numbers)| Some((read(slot, numbers)?, file.modified)))
        .collect();
    let values: BTreeSet<u64> = read.iter().map(|(value, _)| *value).collect();
    let readable = all
        .iter()
        .filter(|of| of.iter().any(|n| n.candidate().is_some()));
    let covers_half = 2 * read.len() >= readable.count();
    let rank = slot.rank();
    // What is called a step is one, even if all files are of the same.
    let is_firm = rank == Rank::Step || values.len() > 1 || files.len() == 1;
    let place = all
        .iter()
        .filter_map(|of| of.iter().position(|number| number.slot == *slot));
    (
        covers_half,
        is_firm,
        Reverse(rank),
        values.len() == read.len(),
        concordance(&read),
        read.len(),
        place.max(),
    )
}

/// How far values grow with times, in thousandths: pairs that do less pairs that do the opposite, of all pairs.
fn concordance(read: &[(u64, Option<SystemTime>)]) -> i64 {
    let (mut sum, mut pairs) = (0, 0);
    for (place, (value, time)) in read.iter().enumerate() {
        for (other, at) in &read[place + 1..] {
            if pairs as usize >= MOST_PAIRS {
                break;
            }
            pairs += 1;
            sum += value.cmp(other) as i64 * time.cmp(at) as i64;
        }
    }
    1000 * sum / pairs.max(1)
}

#[cfg(test)]
mod tests;
