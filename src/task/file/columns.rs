//! The long form of trials in Parquet: one row for each time step of each trial.
//!
//! | column | what it holds |
//! |---|---|
//! | `trial` | which trial: a whole number or a text |
//! | `time` | by which the rows of a trial are sorted; without it they stand in their order |
//! | `input_0`, `input_1`, … | the inputs |
//! | `target_0`, `target_1`, … or `label` | the targets, or the class |
//! | `mask`, or `mask_0`, `mask_1`, … | how much the targets count |
//! | `condition` | a whole number or a text, the same in all rows of a trial |
//! | `is_test` | whether the trial is held out, the same in all its rows |
//!
//! 1. Columns become numbers; texts are numbered in the order in which they appear first.
//! 2. Rows are sorted into trials, which stand in the order in which they appear first, and within them by time.
//! 3. The arrays of an npz file are filled, as long as the longest trial.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::error::TrialsError;
use super::reading::check_names;
use super::trials::Parts;
use crate::arrays::columns::{Column, Columns, read_columns};
use crate::arrays::{Tensor, Tensors};

/// Columns by their names alone; those of channels are numbered.
const SINGLE: [&str; 6] = ["trial", "time", "label", "mask", "condition", "is_test"];
const NUMBERED: [&str; 3] = ["input", "target", "mask"];

/// Numbers that the trials of a small file may take once all are as long as the longest; those of a larger file may take so
/// many times what it has.
const MOST_SMALL_NUMBERS: u64 = 1 << 24;
const MOST_PADDING: u64 = 16;

/// A row of a trial.
struct Place {
    trial: usize,
    step: usize,
}

/// The parts in the bytes of a Parquet file.
pub(super) fn parts(path: &Path, bytes: Vec<u8>) -> Result<Parts, TrialsError> {
    let format = |reason: String| TrialsError::Format {
        path: path.to_path_buf(),
        reason,
    };
    let is_meant = |name: &str| SINGLE.contains(&name) || channel(name).is_some();
    let Columns { columns, .. } = read_columns(bytes, is_meant).map_err(format)?;
    let names: Vec<String> = columns.keys().cloned().collect();
    let single = names.iter().filter(|name| channel(name).is_none());
    let stems = ["inputs", "targets", "labels", "conditions"];
    let known: Vec<&str> = SINGLE.iter().chain(&NUMBERED).copied().collect();
    if let Some(name) = names.iter().find(|name| stems.contains(&name.as_str())) {
        let reason = format!(
            "it has a column `{name}`; expected the names of the long form, one row a time step: {}, and `input_0` …, `target_0` …, \
             `mask_0` …",
            SINGLE.map(|name| format!("`{name}`")).join(", ")
        );
        return Err(unfit(path, reason));
    }
    check_names(path, single, &known)?;
    Table {
        path,
        columns,
        names,
    }
    .parts()
}

/// Stem and number of the column of a channel.
fn channel(name: &str) -> Option<(&str, usize)> {
    let (stem, number) = name.rsplit_once('_')?;
    let number = number.parse().ok()?;
    NUMBERED.contains(&stem).then_some((stem, number))
}

fn unfit(path: &Path, reason: String) -> TrialsError {
    TrialsError::Unfit {
        path: path.to_path_buf(),
        reason,
    }
}

/// All columns of a file.
struct Table<'a> {
    path: &'a Path,
    columns: BTreeMap<String, Column>,
    names: Vec<String>,
}

impl Table<'_> {
    fn parts(mut self) -> Result<Parts, TrialsError> {
        let texts = |name: &&str| {
            let may = *name == "trial" || *name == "condition";
            let column = self.columns.get(*name);
            !may && column.is_some_and(|column| !column.texts.is_empty())
        };
        let numbered = self.names.iter().map(String::as_str);
        if let Some(name) = numbered
            .filter(|name| channel(name).is_some() || SINGLE.contains(name))
            .find(texts)
        {
            return Err(unfit(
                self.path,
                format!("its column `{name}` holds texts; expected numbers"),
            ));
        }
        let places = self.places()?;
        let trials = places
            .iter()
            .map(|place| place.trial + 1)
            .max()
            .unwrap_or(0);
        let steps = places.iter().map(|place| place.step + 1).max().unwrap_or(0);
        let widest = 1 + self
            .names
            .iter()
            .filter(|name| channel(name).is_some())
            .count();
        let numbers = (trials as u64)
            .saturating_mul(steps as u64)
            .saturating_mul(widest as u64);
        if numbers > MOST_SMALL_NUMBERS.max(MOST_PADDING * (places.len() * widest) as u64) {
            let reason = format!(
                "its {trials} trials differ too much in length: the longest has {steps} rows of {}; expected `trial` to name the \
                 trial that a row belongs to",
                places.len()
            );
            return Err(unfit(self.path, reason));
        }
        let mut arrays = Tensors::new();
        let mut lengths = vec![0.0; trials];
        for place in &places {
            lengths[place.trial] += 1.0;
        }
        arrays.insert("lengths".to_owned(), list(lengths));
        for (stem, array) in NUMBERED.into_iter().zip(["inputs", "targets", "mask"]) {
            let channels = self.channels(stem)?;
            if channels.is_empty() {
                continue;
            }
            let width = channels.len();
            let mut values = vec![0.0; trials * steps * width];
            for (channel, column) in channels.iter().enumerate() {
                for (place, value) in places.iter().zip(&column.values) {
                    values[(place.trial * steps + place.step) * width + channel] = *value;
                }
            }
            let shape = vec![trials, steps, width];
            arrays.insert(array.to_owned(), Tensor::of_floats(shape, values));
        }
        for (name, array) in [("label", "labels"), ("mask", "mask")] {
            let Some(column) = self.columns.get(name) else {
                continue;
            };
            if arrays.contains_key(array) {
                let reason = format!("it has both `{name}` and `{name}_0`; expected one of them");
                return Err(unfit(self.path, reason));
            }
            let mut values = vec![0.0; trials * steps];
            for (place, value) in places.iter().zip(&column.values) {
                values[place.trial * steps + place.step] = *value;
            }
            let shape = vec![trials, steps];
            arrays.insert(array.to_owned(), Tensor::of_floats(shape, values));
        }
        for (name, array) in [("condition", "conditions"), ("is_test", "is_test")] {
            if let Some(values) = self.of_trials(name, &places, trials)? {
                arrays.insert(array.to_owned(), list(values));
            }
        }
        let condition = self.columns.remove("condition").unwrap_or_default();
        Ok(Parts {
            arrays,
            condition_names: condition.texts,
            found: self.names,
        })
    }

    /// Trial and step of each row.
    fn places(&self) -> Result<Vec<Place>, TrialsError> {
        let trial = self.columns.get("trial").ok_or_else(|| TrialsError::Missing {
            path: self.path.to_path_buf(),
            what: "column `trial`".to_owned(),
            found: self.names.clone(),
            expected: "one row for each time step of each trial, with `trial`, `input_0` …, and `target_0` … or `label`",
        })?;
        // 1. Trials, in the order in which they appear.
        let mut rows_of: Vec<Vec<usize>> = Vec::new();
        let mut known = HashMap::new();
        for (row, value) in trial.values.iter().enumerate() {
            let number = *known.entry(value.to_bits()).or_insert_with(|| {
                rows_of.push(Vec::new());
                rows_of.len() - 1
            });
            rows_of[number].push(row);
        }
        // 2. Their rows by time.
        if let Some(time) = self.columns.get("time") {
            for (number, rows) in rows_of.iter_mut().enumerate() {
                rows.sort_by(|&a, &b| time.values[a].total_cmp(&time.values[b]));
                let pairs = rows.windows(2);
                let repeated = pairs
                    .filter(|pair| time.values[pair[0]] == time.values[pair[1]])
                    .map(|pair| pair[1]);
                let unordered = rows
                    .iter()
                    .copied()
                    .filter(|&row| time.values[row].is_nan());
                if let Some(row) = unordered.chain(repeated).next() {
                    return Err(TrialsError::Value {
                        path: self.path.to_path_buf(),
                        array: "time".to_owned(),
                        place: format!("row {row} of trial {number}"),
                        value: time.values[row],
                        expected: "another time in each row of a trial".to_owned(),
                    });
                }
            }
        }
        let mut places: Vec<Place> = (0..trial.values.len())
            .map(|_| Place { trial: 0, step: 0 })
            .collect();
        for (trial, rows) in rows_of.into_iter().enumerate() {
            for (step, row) in rows.into_iter().enumerate() {
                places[row] = Place { trial, step };
            }
        }
        Ok(places)
    }

    /// The columns of all channels of a stem, which are numbered from 0 without gaps.
    fn channels(&self, stem: &str) -> Result<Vec<&Column>, TrialsError> {
        let numbers = self.names.iter().filter_map(|name| channel(name));
        let count = numbers.filter(|(of, _)| *of == stem).count();
        (0..count)
            .map(|number| {
                let name = format!("{stem}_{number}");
                self.columns.get(&name).ok_or_else(|| {
                    let reason = format!(
                        "it has {count} columns `{stem}_…`, and none of them is `{name}`; expected numbers from 0 without gaps"
                    );
                    unfit(self.path, reason)
                })
            })
            .collect()
    }

    /// The value of a column in each trial, in which it must not change.
    fn of_trials(
        &self,
        name: &str,
        places: &[Place],
        trials: usize,
    ) -> Result<Option<Vec<f64>>, TrialsError> {
        let Some(column) = self.columns.get(name) else {
            return Ok(None);
        };
        let mut values: Vec<Option<f64>> = vec![None; trials];
        for (row, (place, &value)) in places.iter().zip(&column.values).enumerate() {
            match values[place.trial] {
                Some(before) if before != value => {
                    let reason = format!(
                        "`{name}` changes within trial {}, in row {row}; expected the same in all rows of a trial",
                        place.trial
                    );
                    return Err(unfit(self.path, reason));
                }
                _ => values[place.trial] = Some(value),
            }
        }
        Ok(Some(values.into_iter().flatten().collect()))
    }
}

/// One number a trial.
fn list(values: Vec<f64>) -> Tensor {
    Tensor::of_floats(vec![values.len()], values)
}
