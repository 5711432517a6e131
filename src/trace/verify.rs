//! Whether a run on disk is what was written, whole and readable, and whether its files agree with each other.
//!
//! Bytes can be as they were written and still be wrong together, after a mistake of ours or a hand edit of
//! manifest and file; hence the second half, in which numbers of one table are held against those of another.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::agreement;
use super::checkpoint::CheckpointFile;
use super::contents::Entry;
use super::contents::{Whereabouts, is_weights};
use super::error::TraceError;
use super::leftovers::{self, Kind, LEFTOVERS_FOLDER, Unnamed};
use super::manifest::FileRecord;
use super::names::{
    CHECKPOINTS_FOLDER, LOG_FILE, MANIFEST_FILE, MARKS_FILE, RUN_FILE, TOLD_FILE, derived_file,
};
use super::owner::Owner;
use super::reader::Run;
use super::replaced::read_replaced;
use super::rows::{BranchRow, EventRow, StepRow};
use super::schema::Table;
use super::store::{self, read_checked};
use super::table::{Selection, TableFile};
use super::tables::Row;
use crate::parallel;

/// Something wrong with a run, or worth knowing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong with it, and what can be done.
    pub what: String,
}

/// What a check of a run found.
///
/// A run that was killed and not yet taken up again is sound: what a kill leaves are notes and missing landscapes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// All that is wrong; empty for a sound run.
    pub problems: Vec<Problem>,
    /// What is odd but not wrong, every file that no line of the manifest names among it.
    pub notes: Vec<Problem>,
    /// Number of files that the manifest names and that should be there.
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

    fn note(&mut self, path: PathBuf, what: impl Into<String>) {
        self.notes.push(Problem {
            path,
            what: what.into(),
        });
    }

    /// Takes in what was found in another part of the run.
    fn join(&mut self, other: Self) {
        self.problems.extend(other.problems);
        self.notes.extend(other.notes);
        self.files += other.files;
        self.rows += other.rows;
    }
}

/// Checks every file that the manifest of the run in `dir` names: present, of the right size and SHA-256, decodable to the
/// last page, of the right columns and row count, of the checkpoint that its line says; weights finite; tables in agreement
/// with each other; steps and checkpoints without gaps. Names every file that no line names.
///
/// # Errors
/// Only where there is nothing to check: no run, or a manifest that cannot be understood.
pub fn verify(dir: impl AsRef<Path>) -> Result<Report, TraceError> {
    let dir = dir.as_ref();
    let run = Run::open(dir)?;
    let mut report = Report::default();
    check_run_file(&run, &mut report);
    for merged in run.contents().merged.values() {
        report.files += 1;
        if let Err(error) = store::check(dir, &merged.file.file) {
            report.add(dir.join(&merged.file.file.path), what_is_wrong(error));
        }
    }
    let entries = run.entries();
    for found in parallel::map(0..entries.len(), |number| check_checkpoint(&run, number)) {
        report.join(found);
    }
    report.join(check_the_rest(&run));
    check_steps(&run, &mut report);
    check_derived::<EventRow>(&run, &mut report);
    check_derived::<BranchRow>(&run, &mut report);
    check_texts(&run, &mut report);
    check_numbering(&run, &mut report);
    check_unnamed(&run, &mut report)?;
    Ok(report)
}

fn check_run_file(run: &Run, report: &mut Report) {
    let path = run.dir().join(RUN_FILE);
    if let Err(error) = run.config_text().parse::<toml::Table>() {
        let what = format!(
            "not valid TOML: {}; restore it from a copy",
            error.message()
        );
        report.add(path.clone(), what);
    }
    if run.contents().run_file.is_some() {
        report.files += 1;
    } else {
        report.note(
            path,
            "no line of the manifest names it, as in runs of older versions: a change to it would not be seen",
        );
    }
}

/// The files of one checkpoint, each and together.
fn check_checkpoint(run: &Run, number: usize) -> Report {
    let entry = run.entries()[number];
    let before = number.checked_sub(1).map(|before| run.entries()[before]);
    let mut report = Report::default();
    let owner = Owner {
        checkpoint: Some(entry.checkpoint),
        step: entry.step,
    };
    for file in run.contents().files_at(entry.checkpoint) {
        check_file(run, file, owner, &mut report);
    }
    if report.problems.is_empty() {
        for (table, what) in agreement::problems(run, entry, before) {
            report.add(path_of(run, entry, table), what);
        }
    }
    report
}

fn path_of(run: &Run, entry: Entry, table: Table) -> PathBuf {
    let mut files = run.contents().files_at(entry.checkpoint).iter();
    let file = files.find(|file| file.folder() == table.name());
    match file.map(|file| run.contents().whereabouts(file)) {
        Some(Whereabouts::Within(merged, _)) => run.dir().join(&merged.file.file.path),
        _ => run
            .dir()
            .join(file.map_or(table.name(), |file| file.path.as_str())),
    }
}

/// What pauses left, and the landscapes of checkpoints that are not there.
fn check_the_rest(run: &Run) -> Report {
    let mut report = Report::default();
    for (file, owner) in run.contents().named() {
        let is_checked = owner
            .checkpoint
            .is_some_and(|checkpoint| run.contents().entry(checkpoint).is_some());
        if !is_checked {
            check_file(run, file, *owner, &mut report);
        }
        if let Some(checkpoint) = owner.checkpoint
            && !is_checked
        {
            let what = format!("its checkpoint {checkpoint} is in no line of the manifest");
            report.add(run.dir().join(&file.path), what);
        }
    }
    report
}

/// A file by itself.
fn check_file(run: &Run, file: &FileRecord, owner: Owner, report: &mut Report) {
    let path = run.dir().join(&file.path);
    if run.contents().whereabouts(file) == Whereabouts::Alone {
        report.files += 1;
    }
    let checked = if is_weights(file) {
        let bytes = read_checked(run.dir(), file).map_err(what_is_wrong);
        bytes
            .and_then(|bytes| check_weights(&bytes, owner))
            .map(|()| 0)
    } else if let Some(table) = Table::from_name(file.folder()) {
        check_table(run, file, table, owner)
    } else {
        read_checked(run.dir(), file)
            .map_err(what_is_wrong)
            .and_then(|_| {
                Err("belongs to no table that this creode knows: use a newer creode".to_owned())
            })
    };
    match checked {
        Ok(rows) => report.rows += rows,
        Err(what) => report.add(path, what),
    }
}

fn what_is_wrong(error: TraceError) -> String {
    match error {
        TraceError::Damaged { reason, .. } => format!("{reason}; restore it from a copy"),
        other => other.to_string(),
    }
}

fn what_is_derivable(error: TraceError) -> String {
    match error {
        TraceError::Damaged { reason, .. } => {
            format!("{reason}; `creode analyze RUN --events` derives it again")
        }
        other => other.to_string(),
    }
}

fn check_weights(bytes: &[u8], owner: Owner) -> Result<(), String> {
    let checkpoint = CheckpointFile::from_bytes(bytes).map_err(|error| error.to_string())?;
    let not_finite = checkpoint
        .tensors
        .iter()
        .filter(|tensor| !tensor.values.is_finite());
    let names: Vec<String> = not_finite
        .map(|tensor| format!("`{}`", tensor.name))
        .collect();
    if !names.is_empty() {
        return Err(format!(
            "NaN or infinite values in {}: training diverged; go back to an earlier checkpoint",
            names.join(", ")
        ));
    }
    agreement::weights(&checkpoint, owner)
}

fn check_table(run: &Run, file: &FileRecord, table: Table, owner: Owner) -> Result<u64, String> {
    if run.contents().whereabouts(file) == Whereabouts::Nowhere {
        return Ok(0);
    }
    let columns = table.columns();
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    let all = Selection {
        table,
        names: &names,
    };
    let checked = run.with_table(file, |of| {
        let columns = check_columns(&of, table);
        of.columns(all, Some(owner), |_| Ok(()))?;
        Ok(columns)
    });
    checked.map_err(what_is_wrong)??;
    Ok(file.rows.unwrap_or(0))
}

/// Names, types and order of the columns are those of the table; files of older versions may lack those that came later.
fn check_columns(file: &TableFile<'_>, table: Table) -> Result<(), String> {
    let expected = table.schema();
    let mut found = file.schema().fields().iter().peekable();
    for column in expected.fields() {
        let is_it = found.peek().is_some_and(|found| {
            found.name() == column.name()
                && found.data_type() == column.data_type()
                && found.is_nullable() == column.is_nullable()
        });
        if is_it {
            found.next();
        } else if !table.is_later(column.name()) {
            return Err(format!(
                "its columns are not those of table `{}`, `{}` first; restore it from a copy",
                table.name(),
                column.name()
            ));
        }
    }
    match found.next() {
        None => Ok(()),
        Some(other) => Err(format!(
            "table `{}` has no column `{}`; restore it from a copy",
            table.name(),
            crate::text::escaped(other.name())
        )),
    }
}

/// The training steps of all files together have no overlaps, and no gaps where they were made here: other programs tell of
/// some steps only.
fn check_steps(run: &Run, report: &mut Report) {
    let mut last: Option<u64> = None;
    for (file, owner) in &run.contents().step_files {
        let mut first_and_last: Option<(u64, u64)> = None;
        let mut is_in_order = true;
        let follows = |before: u64, step: u64| {
            if file.path.ends_with(TOLD_FILE) {
                step > before
            } else {
                before.checked_add(1) == Some(step)
            }
        };
        let read = read_steps(run, file, *owner, |step| {
            let (first, before) = first_and_last.unwrap_or((step, step));
            is_in_order &= first_and_last.is_none() || follows(before, step);
            first_and_last = Some((first, step));
        });
        // Whatever cannot be read was told of before.
        let (Ok(()), Some((first, end))) = (read, first_and_last) else {
            continue;
        };
        let is_next = last.is_none_or(|last| follows(last, first));
        if !is_in_order || !is_next || end != owner.step {
            let what = format!(
                "its training steps are {first} to {end}; they should rise from {} to {} without gaps",
                last.map_or(first, |last| last + 1),
                owner.step
            );
            report.add(run.dir().join(&file.path), what);
        }
        last = Some(end);
    }
}

fn read_steps(
    run: &Run,
    file: &FileRecord,
    owner: Owner,
    mut visit: impl FnMut(u64),
) -> Result<(), TraceError> {
    if run.contents().whereabouts(file) == Whereabouts::Nowhere {
        return Ok(());
    }
    let selection = Selection {
        table: StepRow::TABLE,
        names: &[StepRow::step.name()],
    };
    run.with_table(file, |table| {
        table.columns(selection, Some(owner), |columns| {
            let steps = StepRow::step.read(columns)?;
            (0..columns.row_count()).for_each(|row| visit(steps.see(row)));
            Ok(())
        })
    })
}

/// A table of the whole run.
fn check_derived<R: Row + agreement::OfRun>(run: &Run, report: &mut Report) {
    let name = derived_file(R::TABLE);
    let path = run.dir().join(&name);
    let contents = run.contents();
    let read = match read_replaced(run.dir(), contents, &name) {
        Ok(None) => return,
        Ok(Some(read)) => read,
        Err(error) => return report.add(path, what_is_derivable(error)),
    };
    report.files += 1;
    if !contents.names(&name) {
        report.note(
            path.clone(),
            "no line of the manifest names it, as in runs of older versions: a change to it would not be seen \
             (`creode analyze RUN --events` derives it again)",
        );
    }
    let (bytes, rows) = read;
    let checked = TableFile::whole(&path, bytes, rows).and_then(|file| {
        let columns = check_columns(&file, R::TABLE);
        Ok((columns, file.rows::<R>(None)?))
    });
    match checked {
        Err(error) => report.add(path, what_is_derivable(error)),
        Ok((Err(what), _)) => report.add(path, what),
        Ok((Ok(()), rows)) => {
            report.rows += rows.len() as u64;
            if let Some(what) = R::problem(&rows, run.entries()) {
                report.add(path, what);
            }
        }
    }
}

/// The marks and the log.
fn check_texts(run: &Run, report: &mut Report) {
    if let Err(error) = run.marks_text() {
        report.add(run.dir().join(MARKS_FILE), what_is_wrong(error));
    }
    if run.contents().names(MARKS_FILE) {
        report.files += 1;
    }
    // People may delete the log; nothing is made of it.
    if let Err(error) = run.checked_log() {
        report.note(run.dir().join(LOG_FILE), what_is_wrong(error));
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

/// Every file that no line names.
fn check_unnamed(run: &Run, report: &mut Report) -> Result<(), TraceError> {
    let dir = run.dir();
    if let Some(remark) = run.remark_on_manifest() {
        report.note(dir.join(MANIFEST_FILE), remark);
    }
    let unnamed = leftovers::unnamed(dir, run.contents())?;
    let mut steps_of_weights = BTreeSet::new();
    for Unnamed { path, kind } in unnamed {
        let what = match kind {
            Kind::Unfinished { step } => {
                if path.starts_with(CHECKPOINTS_FOLDER) {
                    steps_of_weights.insert(step);
                }
                "no line of the manifest names it, as a kill leaves it; `--resume` moves it to leftovers/"
            }
            Kind::Temporary => {
                "half written, as a kill leaves it; `--resume` moves it to leftovers/"
            }
            Kind::Merged => {
                "its rows are in a merged file as well; `creode compact RUN` removes it"
            }
            Kind::Foreign => "no line of the manifest names it, and it has no name of a run's file",
        };
        report.note(dir.join(path), what);
    }
    if steps_of_weights.len() > 1 {
        let what = format!(
            "it names no checkpoint at {} of the steps that there are weights of, and a kill leaves one such at most: it \
             has lost lines; restore it from a copy",
            steps_of_weights.len()
        );
        report.add(dir.join(MANIFEST_FILE), what);
    }
    let folder = dir.join(LEFTOVERS_FOLDER);
    if let Ok(entries) = std::fs::read_dir(&folder) {
        let count = entries.count();
        report.note(
            folder,
            format!("{count} files that a killed writer left; they may be deleted"),
        );
    }
    Ok(())
}
