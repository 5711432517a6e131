//! What other programs tell of training steps becomes rows of `steps`.

use std::collections::BTreeMap;

use super::Told;
use super::columns::Quantity;
use crate::text::escaped;
use crate::trace::rows::StepRow;
use crate::trace::{ColumnSource, StepsSource};

/// Steps that are kept though rows of later ones are written, at most.
const MOST_LATE: usize = 1_000_000;

/// Numbers of some training steps by their names.
type Numbers = BTreeMap<u64, BTreeMap<String, f64>>;

/// Makes rows of what is told, each step once and in order.
///
/// A step is complete when a later one was told of: some programs write several lines for it. Which name is the loss, the
/// accuracy and so on is decided when the first rows are made, by all names there are, and kept.
#[derive(Debug, Clone)]
pub struct Collector {
    source: StepsSource,
    /// How many of the columns were told of.
    announced: usize,
    pending: Numbers,
    /// Of steps up to the last of which there is a row.
    late: Numbers,
    last_row: Option<u64>,
    /// The last row that was there before this began.
    begun_after: Option<u64>,
}

impl Collector {
    /// Begins behind the last training step that a run has, with the columns that it has had, if it has any.
    pub fn new(file: &str, known: Option<&(u64, StepsSource)>) -> Self {
        let last = known.map(|(step, _)| *step);
        let columns = known.map_or(Vec::new(), |(_, source)| source.columns.clone());
        Self {
            source: StepsSource {
                file: file.to_owned(),
                columns,
            },
            announced: 0,
            pending: Numbers::new(),
            late: Numbers::new(),
            last_row: last,
            begun_after: last,
        }
    }

    /// The same for a training that began anew: what came late for the one before is its beginning.
    pub fn anew(&self) -> Self {
        Self {
            pending: self.late.clone(),
            ..Self::new(&self.source.file, None)
        }
    }

    /// Where the columns come from.
    pub fn source(&self) -> &StepsSource {
        &self.source
    }

    /// Takes what was told; of a number that is told twice for a step the last counts.
    pub fn take(&mut self, told: Vec<Told>) {
        for Told { step, values } in told {
            let is_late = self.last_row.is_some_and(|last| step <= last);
            let was_there = self.begun_after.is_some_and(|last| step <= last);
            if was_there || (is_late && self.late.len() >= MOST_LATE) {
                continue;
            }
            let to = if is_late {
                &mut self.late
            } else {
                &mut self.pending
            };
            let of_use = values
                .into_iter()
                .filter(|(name, _)| Quantity::ALL.iter().any(|of| of.score(name).is_some()));
            to.entry(step).or_default().extend(of_use);
        }
    }

    /// Number of steps that came after the rows of later ones had been made, and have none.
    pub fn late(&self) -> usize {
        self.late.len()
    }

    /// The rows of the steps that are complete; with `is_end` those of all.
    ///
    /// What is not told is NaN. Steps of which neither loss nor accuracy nor return is told have no row.
    pub fn rows(&mut self, is_end: bool) -> Vec<StepRow> {
        let Some((&last, _)) = self.pending.last_key_value() else {
            return Vec::new();
        };
        let rest = if is_end {
            Numbers::new()
        } else {
            self.pending.split_off(&last)
        };
        let complete = std::mem::replace(&mut self.pending, rest);
        self.choose(&complete);
        let rows: Vec<StepRow> = complete
            .iter()
            .filter_map(|(step, numbers)| self.row(*step, numbers))
            .collect();
        self.last_row = rows.last().map(|row| row.step).or(self.last_row);
        rows
    }

    /// Which columns were taken as what, of those that this was not asked of before.
    pub fn news(&mut self) -> Option<String> {
        let new = &self.source.columns[self.announced.min(self.source.columns.len())..];
        let said: Vec<String> = new
            .iter()
            .map(|of| {
                let percent = if of.divided_by == 100 {
                    " (percent)"
                } else {
                    ""
                };
                format!("`{}`{percent} as {}", escaped(&of.name), of.column)
            })
            .collect();
        self.announced = self.source.columns.len();
        (!said.is_empty()).then(|| format!("{}: {}", escaped(&self.source.file), said.join(", ")))
    }

    /// Chooses the columns that there were no names for so far.
    fn choose(&mut self, numbers: &Numbers) {
        for quantity in Quantity::ALL {
            let column = quantity.column();
            if self.source.columns.iter().any(|of| of.column == column) {
                continue;
            }
            let names = numbers.values().flat_map(BTreeMap::keys);
            let scored = names.filter_map(|name| Some((quantity.score(name)?, name)));
            let Some((_, name)) = scored.min() else {
                continue;
            };
            let mut values = numbers.values().filter_map(|of| of.get(name));
            let is_percent = quantity == Quantity::Accuracy && values.any(|value| *value > 1.0);
            self.source.columns.push(ColumnSource {
                column: column.to_owned(),
                name: name.clone(),
                divided_by: if is_percent { 100 } else { 1 },
            });
        }
    }

    fn row(&self, step: u64, numbers: &BTreeMap<String, f64>) -> Option<StepRow> {
        let told: BTreeMap<Quantity, f64> = self
            .source
            .columns
            .iter()
            .filter_map(|of| {
                let quantity = Quantity::of_column(&of.column)?;
                let value = numbers.get(&of.name)?;
                Some((quantity, value / f64::from(of.divided_by)))
            })
            .collect();
        let of = |quantity: Quantity| told.get(&quantity).copied();
        let is_shown = [Quantity::Loss, Quantity::Accuracy, Quantity::MeanReturn]
            .iter()
            .any(|quantity| told.contains_key(quantity));
        let or_nan = |quantity: Quantity| of(quantity).unwrap_or(f64::NAN);
        let accuracy = or_nan(Quantity::Accuracy);
        is_shown.then(|| StepRow {
            step,
            stage: 0,
            task: String::new(),
            loss: or_nan(Quantity::Loss),
            accuracy: if (0.0..=1.0).contains(&accuracy) {
                accuracy
            } else {
                f64::NAN
            },
            grad_norm: or_nan(Quantity::GradNorm),
            learning_rate: or_nan(Quantity::LearningRate),
            weight_norm: or_nan(Quantity::WeightNorm),
            wall_secs: or_nan(Quantity::WallSecs),
            mean_return: of(Quantity::MeanReturn),
        })
    }
}
