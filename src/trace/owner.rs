//! Whose the rows of a table are: each file is of one checkpoint or pause, and its rows say so, too.

use super::columns::Columns;
use super::error::TraceError;
use super::tables::cells::Column;

/// The checkpoint or pause that a file is of, as its line of the manifest has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    /// Number of the checkpoint; a pause has none.
    pub(super) checkpoint: Option<u32>,
    /// Its training step.
    pub(super) step: u64,
}

/// A column that says whose row it is, and how it says so.
pub(super) enum Belonging {
    /// The number of the checkpoint.
    Checkpoint(Column<u32>),
    /// The number of the checkpoint, or of the one before, where continuation can lead to a point.
    CheckpointOrBefore(Column<u32>),
    /// The training step.
    Step(Column<u64>),
    /// A training step that is not after the owner's.
    UpToStep(Column<u64>),
}

impl Belonging {
    /// Name of the column.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Checkpoint(column) | Self::CheckpointOrBefore(column) => column.name(),
            Self::Step(column) | Self::UpToStep(column) => column.name(),
        }
    }
}

impl Owner {
    /// Whether all rows are its own, by the columns that say so.
    ///
    /// # Errors
    /// The first that is not, or a column that is missing or of another type.
    pub(super) fn check(
        self,
        belonging: &[Belonging],
        columns: &Columns,
    ) -> Result<(), TraceError> {
        for of in belonging {
            match of {
                Belonging::Checkpoint(numbers) => {
                    self.check_checkpoints(numbers, columns, |number, own| number == own)?;
                }
                Belonging::CheckpointOrBefore(numbers) => {
                    self.check_checkpoints(numbers, columns, |number, own| {
                        number == own || number.checked_add(1) == Some(own)
                    })?;
                }
                Belonging::Step(steps) => {
                    self.check_steps(steps, columns, |step| step == self.step)?;
                }
                Belonging::UpToStep(steps) => {
                    self.check_steps(steps, columns, |step| step <= self.step)?;
                }
            }
        }
        Ok(())
    }

    fn check_checkpoints(
        self,
        numbers: &Column<u32>,
        columns: &Columns,
        is_own: impl Fn(u32, u32) -> bool,
    ) -> Result<(), TraceError> {
        let Some(own) = self.checkpoint else {
            return Ok(());
        };
        let numbers = numbers.read(columns)?;
        let mut numbers = (0..columns.row_count()).map(|row| numbers.see(row));
        match numbers.find(|&number| !is_own(number, own)) {
            None => Ok(()),
            Some(other) => Err(foreign(columns, "checkpoint", other.into(), own.into())),
        }
    }

    fn check_steps(
        self,
        steps: &Column<u64>,
        columns: &Columns,
        is_own: impl Fn(u64) -> bool,
    ) -> Result<(), TraceError> {
        let steps = steps.read(columns)?;
        let mut steps = (0..columns.row_count()).map(|row| steps.see(row));
        match steps.find(|&step| !is_own(step)) {
            None => Ok(()),
            Some(other) => Err(foreign(columns, "step", other, self.step)),
        }
    }
}

fn foreign(columns: &Columns, what: &str, other: u64, own: u64) -> TraceError {
    let reason =
        format!("it holds a row of {what} {other}, the manifest says that it is of {what} {own}");
    TraceError::damaged(columns.path(), reason)
}
