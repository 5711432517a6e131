//! Whether a run on disk is what was written, whole and readable.

use std::path::{Path, PathBuf};

use super::checkpoint::CheckpointFile;
use super::error::TraceError;
use super::manifest::{Event, FileRecord, Manifest};
use super::reader::{Run, read_checked};
use super::schema::Table;
use super::table;
use super::writer::{CHECKPOINTS_FOLDER, RUN_FILE};

/// Something wrong with a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong with it, and what can be done.
    pub what: String,
}

/// What a check of a run found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// All that is wrong; empty for a sound run.
    pub problems: Vec<Problem>,
    /// Number of files that the manifest names.
    pub files: usize,
    /// Number of rows in the tables that could be read.
    pub rows: u64,
    /// Number of checkpoints.
    pub checkpoints: usize,
    /// Number of checkpoints without a landscape; not a problem, `--resume` computes them.
    pub without_landscape: usize,
}

impl Report {
    fn add(&mut self, path: PathBuf, what: impl Into<String>) {
        self.problems.push(Problem {
            path,
            what: what.into(),
        });
    }
}

/// Checks every file that the manifest of the run in `dir` names: present, of the right size and SHA-256,
/// decodable to the last page, of the right schema and row count; weights finite; checkpoints without gaps.
///
/// # Errors
/// Only where there is nothing to check: no run, or a manifest that cannot be understood.
pub fn verify(dir: impl AsRef<Path>) -> Result<Report, TraceError> {
    let dir = dir.as_ref();
    let run = Run::open(dir)?;
    let mut report = Report::default();
    if let Err(error) = run.config_text().parse::<toml::Table>() {
        let what = format!(
            "not valid TOML: {}; restore it from a copy",
            error.message()
        );
        report.add(dir.join(RUN_FILE), what);
    }
    let manifest = Manifest::read(dir)?;
    for file in manifest.events().iter().flat_map(Event::files) {
        report.files += 1;
        match check_file(dir, file) {
            Ok(rows) => report.rows += rows,
            Err(problem) => report.problems.push(problem),
        }
    }
    check_numbering(&run, &mut report);
    Ok(report)
}

/// Number of rows of a sound file.
fn check_file(dir: &Path, file: &FileRecord) -> Result<u64, Problem> {
    let path = dir.join(&file.path);
    let problem = |what: String| Problem {
        path: path.clone(),
        what,
    };
    let bytes = read_checked(dir, file).map_err(|error| problem(what_is_wrong(error)))?;
    if file.folder() == CHECKPOINTS_FOLDER {
        check_weights(&bytes).map(|()| 0).map_err(problem)
    } else if let Some(table) = Table::from_name(file.folder()) {
        check_table(&path, bytes, table, file.rows).map_err(problem)
    } else {
        Err(problem(
            "belongs to no table that this creode knows: use a newer creode".to_owned(),
        ))
    }
}

fn what_is_wrong(error: TraceError) -> String {
    match error {
        TraceError::Damaged { reason, .. } => format!("{reason}; restore it from a copy"),
        other => other.to_string(),
    }
}

fn check_weights(bytes: &[u8]) -> Result<(), String> {
    let checkpoint = CheckpointFile::from_bytes(bytes).map_err(|error| error.to_string())?;
    let not_finite = checkpoint
        .tensors
        .iter()
        .filter(|tensor| !tensor.values.is_finite());
    let names: Vec<String> = not_finite
        .map(|tensor| format!("`{}`", tensor.name))
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(format!(
        "NaN or infinite values in {}: training diverged; go back to an earlier checkpoint",
        names.join(", ")
    ))
}

fn check_table(
    path: &Path,
    bytes: Vec<u8>,
    table: Table,
    rows: Option<u64>,
) -> Result<u64, String> {
    let builder = table::open(path, bytes).map_err(what_is_wrong)?;
    let (found, expected) = (builder.schema().fields(), table.schema());
    if found != expected.fields() {
        return Err(format!(
            "its columns are not those of table `{}`; restore it from a copy",
            table.name()
        ));
    }
    let mut found_rows = 0;
    for batch in builder.build().map_err(|error| error.to_string())? {
        found_rows += batch
            .map_err(|error| format!("not decodable: {error}"))?
            .num_rows() as u64;
    }
    match rows {
        Some(rows) if rows != found_rows => Err(format!(
            "it has {found_rows} rows, the manifest says {rows}"
        )),
        _ => Ok(found_rows),
    }
}

fn check_numbering(run: &Run, report: &mut Report) {
    let entries = run.entries();
    report.checkpoints = entries.len();
    report.without_landscape = entries.iter().filter(|entry| !entry.complete).count();
    for (number, entry) in entries.iter().enumerate() {
        if entry.checkpoint as usize != number {
            let what = format!(
                "checkpoint {number} is missing (the next is {}); restore it from a copy",
                entry.checkpoint
            );
            report.add(run.dir().join(CHECKPOINTS_FOLDER), what);
            return;
        }
    }
}
