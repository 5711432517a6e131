//! Two trainings whose files lie in one folder.

use std::collections::{BTreeMap, BTreeSet};

use super::numbers::{Number, OF_A_TRAINING, Slot, numbers, stem};
use super::{Named, StepReading};

/// One of several trainings in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Training {
    /// What its files have in common, as in `seed 1`.
    pub mark: String,
    /// Their names.
    pub names: Vec<String>,
    /// A pattern that fits these alone.
    pub pattern: String,
}

/// The trainings that the files of a folder belong to, if there are several.
///
/// 1. Files whose numbers after `seed`, `run`, `fold`, `rep`, `trial`, `worker` or `rank` differ belong to as many trainings.
/// 2. Where two steps or more have several files each, and another number tells these apart such that no training has a step
///    twice and each has at least two files, that number does.
pub fn trainings(reading: &StepReading, files: &[Named]) -> Vec<Training> {
    let StepReading::Number(step_slot) = reading else {
        return Vec::new();
    };
    let read: Vec<Read> = files
        .iter()
        .filter_map(|file| {
            let step = reading.step(&file.name).ok()?;
            let numbers = numbers(&file.name);
            Some(Read {
                name: &file.name,
                step,
                numbers,
            })
        })
        .collect();
    let slots: BTreeSet<&Slot> = read
        .iter()
        .flat_map(|of| &of.numbers)
        .map(|number| &number.slot)
        .filter(|slot| *slot != step_slot)
        .collect();
    let is_of_a_training =
        |slot: &&Slot| slot.nth == 0 && OF_A_TRAINING.contains(&slot.word.as_str());
    let (of_trainings, others): (Vec<&Slot>, Vec<&Slot>) =
        slots.into_iter().partition(is_of_a_training);
    let told = of_trainings
        .into_iter()
        .map(|slot| (slot, groups(slot, &read)))
        .find(|(_, groups)| groups.len() > 1);
    let told = told.or_else(|| {
        if shared_steps(&read) < 2 {
            return None;
        }
        let mut apart = others.into_iter().map(|slot| (slot, groups(slot, &read)));
        apart.find(|(_, groups)| groups.len() > 1 && groups.values().all(is_one_training))
    });
    let Some((slot, groups)) = told else {
        return Vec::new();
    };
    groups
        .into_iter()
        .map(|(text, of)| Training {
            mark: format!("{} {text}", slot.word).trim().to_owned(),
            names: of.iter().map(|file| file.name.to_owned()).collect(),
            pattern: pattern(of[0], slot, step_slot),
        })
        .collect()
}

struct Read<'a> {
    name: &'a str,
    step: u64,
    numbers: Vec<Number>,
}

/// The files by what stands in a slot, as it is written; those without it are in none.
fn groups<'a, 'b>(slot: &Slot, read: &'b [Read<'a>]) -> BTreeMap<String, Vec<&'b Read<'a>>> {
    let mut groups: BTreeMap<String, Vec<&Read>> = BTreeMap::new();
    for file in read {
        if let Some(number) = file.numbers.iter().find(|number| number.slot == *slot) {
            groups.entry(number.text.clone()).or_default().push(file);
        }
    }
    groups
}

fn is_one_training(files: &Vec<&Read>) -> bool {
    let steps: BTreeSet<u64> = files.iter().map(|file| file.step).collect();
    files.len() > 1 && steps.len() == files.len()
}

/// Number of steps that several files are of.
fn shared_steps(read: &[Read]) -> usize {
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    for file in read {
        *counts.entry(file.step).or_default() += 1;
    }
    counts.values().filter(|count| **count > 1).count()
}

/// A file's name with its step as `{step}`, the number of a slot as it is, and `*` for all other numbers and for what follows.
fn pattern(file: &Read, slot: &Slot, step_slot: &Slot) -> String {
    let stem = stem(file.name);
    let step = file
        .numbers
        .iter()
        .find(|number| number.slot == *step_slot)
        .or_else(|| {
            file.numbers
                .iter()
                .find(|number| number.value == Some(file.step))
        });
    let mut text = String::new();
    let mut from = 0;
    for number in &file.numbers {
        let end = number.at + number.text.len();
        text.push_str(&stem[from..number.at]);
        if Some(number) == step {
            text.push_str("{step}");
        } else if number.slot == *slot {
            text.push_str(&number.text);
        } else {
            text.push('*');
        }
        from = end;
        let is_needed = |of: &Number| Some(of) == step || of.slot == *slot;
        if !file.numbers.iter().any(|of| of.at >= end && is_needed(of)) {
            break;
        }
    }
    let folders_left = stem[from..].matches('/').count();
    text.push('*');
    text.push_str(&"/*".repeat(folders_left));
    text
}
