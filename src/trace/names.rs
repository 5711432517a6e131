//! The names of the files and folders of a run.

use super::schema::Table;

/// Name of the file with a run's resolved curriculum; every run has one.
pub const RUN_FILE: &str = "run.toml";

/// Name of the file that makes a folder of runs a population, and says what it is of.
pub const POPULATION_FILE: &str = "population.toml";

/// Name of the manifest in the run's directory.
pub const MANIFEST_FILE: &str = "manifest.jsonl";

/// Name of the log in a run's folder.
pub const LOG_FILE: &str = "log.txt";

/// Name of the file of marks and notes on training steps.
pub const MARKS_FILE: &str = "marks.jsonl";

/// What the name of a file of training steps that another program told of has behind its step.
pub(super) const TOLD: &str = ".told";

/// How the names of such files end.
pub(super) const TOLD_FILE: &str = ".told.parquet";

/// Name of the folder of weights.
pub(super) const CHECKPOINTS_FOLDER: &str = "checkpoints";

/// Bytes of the longest name of a run.
pub const MOST_NAME_BYTES: usize = 200;

/// Whether a file's name is that of a table that is derived.
pub(super) fn is_derived(name: &str) -> bool {
    [Table::Events, Table::Branches]
        .map(derived_file)
        .iter()
        .any(|derived| derived == name)
}

/// Name of the file of a table that is derived.
pub(super) fn derived_file(table: Table) -> String {
    format!("{}.parquet", table.name())
}
