//! Files that are replaced as wholes, at any time, beside a writer of the run and beside others who replace them: the tables
//! derived from the whole run, `events.parquet` and `branches.parquet`, which go together, and the marks of the dashboard.
//!
//! 1. The new files are written under names of their own, and are on the disk.
//! 2. A line of the manifest names them as what they will be called.
//! 3. They get these names.
//!
//! A kill between 2 and 3 leaves them under the names of their own, where readers find them by their checksums.
//!
//! Readers see either all of the old files or all of the new ones, since what counts is the line; each of them
//! finds the bytes that the line vouches for.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::contents::Contents;
use super::encode::encode;
use super::error::TraceError;
use super::manifest::{FileRecord, Manifest, ManifestAppender, ManifestEvent};
use super::names::{MARKS_FILE, derived_file};
use super::rows::{
    BranchRow, EventRow, FixedPointRow, LandscapeRow, NetworkScoreRow, RunRow, SlowPointRow,
    SpectrumRow,
};
use super::schema::Table;
use super::store::{self, is_missing, read_checked};
use super::table::TableFile;
use super::tables::Row;
use crate::files;

/// Bytes that a file without a line in the manifest may have; older versions left such, and marks may be written by hand.
const MOST_UNNAMED_BYTES: u64 = 16 << 20;

/// Writes the events and the branches of the run in `dir`, in place of those there were.
pub fn write_history(
    dir: &Path,
    events: &[EventRow],
    branches: &[BranchRow],
) -> Result<(), TraceError> {
    let tables = [table(events)?, table(branches)?];
    replace(dir, &tables, |files| ManifestEvent::Derived { files })
}

/// Writes the marks of the run in `dir`, one JSON object a line, in place of those there were.
pub fn write_marks(dir: &Path, text: &str) -> Result<(), TraceError> {
    let bytes = text.as_bytes().to_vec();
    let file = (store::record(MARKS_FILE, &bytes, None), bytes);
    replace(dir, &[file], |files| ManifestEvent::Marks { files })
}

/// A file, and its content.
type Content = (FileRecord, Vec<u8>);

fn table<R: Row>(rows: &[R]) -> Result<Content, TraceError> {
    let bytes = encode(rows)?;
    let name = derived_file(R::TABLE);
    Ok((store::record(name, &bytes, Some(rows.len() as u64)), bytes))
}

fn replace<const N: usize>(
    dir: &Path,
    contents: &[Content; N],
    event: impl FnOnce(Vec<FileRecord>) -> ManifestEvent,
) -> Result<(), TraceError> {
    let mut appender = ManifestAppender::open(Manifest::read(dir)?)?;
    appender.locked(|manifest| {
        let mut paths = Vec::new();
        for (file, bytes) in contents {
            let path = pending_path(dir, file);
            files::write_unsynced(&path, bytes).map_err(|error| TraceError::write(&path, error))?;
            paths.push(path);
        }
        files::sync(dir, &paths).map_err(|error| TraceError::write(dir, error))?;
        let records: Vec<FileRecord> = contents.iter().map(|(file, _)| file.clone()).collect();
        manifest.append_locked(&event(records.clone()), true)?;
        put_in_place(dir, &records)
    })
}

/// Step 3, which a later writer may have to do.
pub(super) fn put_in_place(dir: &Path, records: &[FileRecord]) -> Result<(), TraceError> {
    for file in records {
        let path = dir.join(&file.path);
        match fs::rename(pending_path(dir, file), &path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(TraceError::write(&path, error));
            }
            _ => {}
        }
    }
    files::sync_folder(dir).map_err(|error| TraceError::write(dir, error))
}

/// Where a file is between steps 1 and 3.
pub(super) fn pending_path(dir: &Path, file: &FileRecord) -> PathBuf {
    let mark = file.sha256.get(..16).unwrap_or(&file.sha256);
    files::temporary_path(&dir.join(&file.path), mark)
}

/// The bytes of such a file and its number of rows, if that is known.
pub(super) type Replaced = (Vec<u8>, Option<u64>);

/// A file that is replaced; `None` if there never was one.
///
/// A file that no line names counts only in runs of versions before there were such lines; marks count always, as they may
/// be written by hand.
pub(super) fn read_replaced(
    dir: &Path,
    contents: &Contents,
    name: &str,
) -> Result<Option<Replaced>, TraceError> {
    let Some(file) = contents.replaced.iter().find(|file| file.path == name) else {
        return match contents.run_file {
            Some(_) if name != MARKS_FILE => Ok(None),
            _ => read_unnamed(dir, contents, name),
        };
    };
    let bytes = read_checked(dir, file).or_else(|error| {
        let pending = files::open_itself(&pending_path(dir, file))
            .and_then(|mut pending| files::read_open(&mut pending, file.bytes));
        match pending {
            Ok(bytes) if store::digest(&bytes) == file.sha256 => Ok(bytes),
            _ => Err(error),
        }
    })?;
    Ok(Some((bytes, file.rows)))
}

/// Derived tables hold again what the tables of the run hold, so there is a bound to their size.
fn read_unnamed(
    dir: &Path,
    contents: &Contents,
    name: &str,
) -> Result<Option<Replaced>, TraceError> {
    let of_run = contents.named().iter().map(|(file, _)| file.bytes);
    let most = of_run.fold(MOST_UNNAMED_BYTES, u64::saturating_add);
    let mut file = match store::open_named(dir, name) {
        Err(error) if is_missing(&error) => return Ok(None),
        file => file?,
    };
    let bytes = files::read_open(&mut file, most);
    let bytes = bytes.map_err(|error| TraceError::read(&dir.join(name), error))?;
    Ok(Some((bytes, None)))
}

/// The derived tables that no line names, as early versions left them, as they are now.
pub(super) fn unnamed_records(
    dir: &Path,
    contents: &Contents,
) -> Result<Vec<FileRecord>, TraceError> {
    let mut records = Vec::new();
    for table in [Table::Events, Table::Branches] {
        let name = derived_file(table);
        let is_named = contents.replaced.iter().any(|file| file.path == name);
        if is_named {
            continue;
        }
        if let Some((bytes, _)) = read_unnamed(dir, contents, &name)? {
            records.push(store::record(name, &bytes, None));
        }
    }
    Ok(records)
}

/// Writes the tables of one landscape into a folder that need not be a run, each as `TABLE.parquet`; the folder is made.
pub fn export_landscape(
    dir: &Path,
    landscapes: &[LandscapeRow],
    fixed_points: &[FixedPointRow],
    slow_points: &[SlowPointRow],
    spectra: &[SpectrumRow],
) -> Result<(), TraceError> {
    fs::create_dir_all(dir).map_err(|error| TraceError::write(dir, error))?;
    export(dir, landscapes)?;
    export(dir, fixed_points)?;
    export(dir, slow_points)?;
    export(dir, spectra)
}

/// Writes the table of the runs of a population into its folder, as `runs.parquet`.
pub fn write_runs(dir: &Path, rows: &[RunRow]) -> Result<(), TraceError> {
    export(dir, rows)
}

/// Writes how well the networks of a population find their way into its folder, as `network_scores.parquet`.
pub fn write_network_scores(dir: &Path, rows: &[NetworkScoreRow]) -> Result<(), TraceError> {
    export(dir, rows)
}

/// The table of the runs of a population, as it was last derived.
pub fn read_runs(dir: &Path) -> Result<Vec<RunRow>, TraceError> {
    let path = dir.join(derived_file(Table::Runs));
    let bytes = files::read(&path, MOST_UNNAMED_BYTES);
    let bytes = bytes.map_err(|error| TraceError::read(&path, error))?;
    TableFile::whole(&path, bytes, None)?.rows(None)
}

fn export<R: Row>(dir: &Path, rows: &[R]) -> Result<(), TraceError> {
    let path = dir.join(derived_file(R::TABLE));
    files::write(&path, &encode(rows)?).map_err(|error| TraceError::write(&path, error))
}
