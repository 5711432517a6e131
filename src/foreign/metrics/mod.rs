//! Losses and their like that another program writes beside its checkpoints, read while it writes.
//!
//! [`Metrics`] reads one source: a CSV file, JSON lines, `trainer_state.json` of Hugging Face's trainer, or the event files of
//! TensorBoard in a folder. It gives what was told since it was asked last; a last line that is not whole waits. What cannot
//! be read is counted and never an error: it is somebody else's file. [`Collector`] makes rows of `steps` of it.

mod collector;
mod columns;
mod events;
mod find;
mod json;
mod lines;

use std::path::{Path, PathBuf};

use self::columns::Quantity;
use self::events::EventFiles;
use self::json::Whole;
use self::lines::{Format, LineFile};
use crate::text::shown;

pub use self::collector::Collector;
pub use self::find::find;

/// Beginning of the names of TensorBoard's event files.
const EVENT_FILE: &str = "events.out.tfevents.";

/// What was told of a training step, by the names it has there.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Training step, as it is counted there.
    pub step: u64,
    /// The numbers.
    pub values: Vec<(String, f64)>,
}

/// A row as it is read: numbers by name, of a step that is not known yet.
type Row = Vec<(String, f64)>;

/// A source of metrics, and how far it was read.
#[derive(Debug)]
pub struct Metrics {
    path: PathBuf,
    kind: Kind,
    /// Whether checkpoints are counted in epochs.
    in_epochs: bool,
    /// The name that steps have, once a row was seen.
    step_name: Option<String>,
    /// Rows without a step.
    without_step: u64,
}

#[derive(Debug)]
enum Kind {
    Lines(LineFile),
    Whole(Whole),
    Events(EventFiles),
}

impl Metrics {
    /// A source by the name of its file: `.csv` and `.tsv`, `.jsonl` and `.ndjson`, `.json`, `events.out.tfevents.*` with all
    /// others of that name in its folder. With `in_epochs` steps are epochs where both are told.
    ///
    /// # Errors
    /// If the name is of none of these kinds, or there is no such file, in words.
    pub fn open(path: &Path, in_epochs: bool) -> Result<Self, String> {
        if !path.is_file() {
            return Err(format!("{}: there is no such file", shown(path)));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let lines = |format| Kind::Lines(LineFile::new(path, format));
        let kind = match extension.to_lowercase().as_str() {
            _ if name.starts_with(EVENT_FILE) => Kind::Events(EventFiles::beside(path)),
            "csv" | "tsv" => lines(Format::separated()),
            "jsonl" | "ndjson" => lines(Format::Json),
            "json" if json::is_of_lines(path) => lines(Format::Json),
            "json" => Kind::Whole(Whole::new(path)),
            _ => {
                return Err(format!(
                    "{}: expected .csv, .tsv, .jsonl, .json or {EVENT_FILE}*",
                    shown(path)
                ));
            }
        };
        Ok(Self {
            path: path.to_path_buf(),
            kind,
            in_epochs,
            step_name: None,
            without_step: 0,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lines, records and rows that could not be read so far.
    pub fn unread(&self) -> u64 {
        let of_kind = match &self.kind {
            Kind::Lines(lines) => lines.unreadable,
            Kind::Whole(whole) => whole.unreadable,
            Kind::Events(events) => events.unreadable,
        };
        of_kind + self.without_step
    }

    /// What was told since the last time.
    ///
    /// # Errors
    /// If the file cannot be read, in words; it can be tried again.
    pub fn read(&mut self) -> Result<Vec<Told>, String> {
        let rows = match &mut self.kind {
            Kind::Lines(lines) => lines.read(),
            Kind::Whole(whole) => whole.read(),
            Kind::Events(events) => return Ok(events.read()),
        };
        let rows = rows.map_err(|error| format!("{}: {error}", shown(&self.path)))?;
        if self.step_name.is_none() {
            let names = rows.iter().flatten().map(|(name, _)| name.as_str());
            self.step_name = columns::step_name(names, self.in_epochs);
        }
        let Some(step_name) = &self.step_name else {
            self.without_step += rows.len() as u64;
            return Ok(Vec::new());
        };
        let count = rows.len();
        let told: Vec<Told> = rows
            .into_iter()
            .filter_map(|row| {
                let (_, step) = row.iter().find(|(name, _)| name == step_name)?;
                let step = whole(*step)?;
                Some(Told { step, values: row })
            })
            .collect();
        self.without_step += (count - told.len()) as u64;
        Ok(told)
    }
}

impl Told {
    /// Whether there is any quantity in it that curves of learning show.
    fn tells_something(&self) -> bool {
        let mut names = self.values.iter().map(|(name, _)| name);
        names.any(|name| Quantity::ALL.iter().any(|of| of.score(name).is_some()))
    }
}

/// A number that counts something.
fn whole(number: f64) -> Option<u64> {
    /// Up to here every whole number is one in f64.
    const MOST: f64 = 9_007_199_254_740_992.0;
    let is_whole = number.fract() == 0.0 && (0.0..=MOST).contains(&number);
    is_whole.then_some(number as u64)
}

#[cfg(test)]
mod tests;
