//! Merging the many small files of a table into one, once they are whole: `FOLDER/FIRST-LAST.parquet`.
//!
//! 1. The rows of all files of a table, in the order of their steps, are written into a new file. A row group holds whole
//!    files, so that those of one checkpoint can be read without the rest.
//! 2. The new files are on the disk; each is read back and compared with what it was made of.
//! 3. A line of the manifest names them.
//! 4. The files whose rows they hold are removed.
//!
//! A kill before 3 leaves a file that no line names, one after 3 some files that are superfluous; a writer that takes the run
//! up moves the one aside and removes the others.
//!
//! A run of a thousand checkpoints has some ten thousand small files, which file systems and backups dislike;
//! merged it has one for each table, beside its weights.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, new_null_array};
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use sha2::{Digest as _, Sha256};

use super::encode::properties;
use super::error::TraceError;
use super::leftovers;
use super::manifest::{FileRecord, ManifestAppender, ManifestEvent, MergedFile, RowGroup};
use super::owner::Owner;
use super::reader::Run;
use super::schema::Table;
use super::store::{self, hash_all};
use super::table::record_batches;
use crate::files;
use crate::hex::hex;
use crate::parallel;

/// Rows from which on a row group is closed; more where there would be too many groups.
const ROWS_OF_GROUP: u64 = 512;
/// Row groups of a file at most, roughly.
const MOST_GROUPS: u64 = 50_000;

/// What a compaction came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Number of tables that were merged; 0 if there was nothing to merge.
    pub tables: usize,
    /// Number of files merged.
    pub files: usize,
    /// Their bytes.
    pub bytes_before: u64,
    /// Bytes of the files that took their place.
    pub bytes_after: u64,
}

/// Merges the files of each table of the run in `dir`.
pub(super) fn compact(
    dir: &Path,
    manifest: &mut ManifestAppender,
) -> Result<Compacted, TraceError> {
    let run = Run::open(dir)?;
    let merged = parallel::try_map(Table::GROWING, |table| merge(&run, table))?;
    let merged: Vec<MergedFile> = merged.into_iter().flatten().collect();
    if merged.is_empty() {
        return Ok(Compacted::default());
    }
    let paths: Vec<_> = merged.iter().map(|of| dir.join(&of.file.path)).collect();
    files::sync(dir, &paths).map_err(|error| TraceError::write(dir, error))?;
    let new = run.with_merged(&merged)?;
    parallel::try_map(&merged, |of| check(&run, &new, of))?;
    let compacted = summary(&run, &merged);
    manifest.append(&ManifestEvent::Compaction { merged }, true)?;
    // Not while somebody puts new marks or derived tables in place.
    manifest.locked(|_| leftovers::tidy(dir, Run::open(dir)?.contents()))?;
    Ok(compacted)
}

fn summary(run: &Run, merged: &[MergedFile]) -> Compacted {
    let mut compacted = Compacted {
        tables: merged.len(),
        ..Compacted::default()
    };
    for of in merged {
        let table = Table::from_name(of.file.folder());
        let files = table.into_iter().flat_map(|table| alone(run, table));
        for (file, _) in files {
            compacted.files += 1;
            compacted.bytes_before += file.bytes;
        }
        compacted.bytes_after += of.file.bytes;
    }
    compacted
}

impl Run {
    /// Whether its files are as a compaction leaves them: one a table, and none beside them that a killed writer left.
    pub fn is_compact(&self) -> bool {
        let is_merged = |table: Table| {
            self.contents().files_of(table).count() < 2 || alone(self, table).is_empty()
        };
        let is_foreign = |of: &leftovers::Unnamed| of.kind == leftovers::Kind::Foreign;
        let unnamed = leftovers::unnamed(self.dir(), self.contents());
        Table::GROWING.into_iter().all(is_merged)
            && unnamed.is_ok_and(|unnamed| unnamed.iter().all(is_foreign))
    }
}

/// The files of a table that are not merged with others.
fn alone(run: &Run, table: Table) -> Vec<&(FileRecord, Owner)> {
    let files = run.contents().files_of(table);
    files
        .filter(|(file, _)| !run.contents().is_merged(&file.path))
        .collect()
}

/// Step 1; `None` where there is nothing to merge.
fn merge(run: &Run, table: Table) -> Result<Option<MergedFile>, TraceError> {
    let files: Vec<_> = run.contents().files_of(table).collect();
    let (Some((_, first)), Some((_, last))) = (files.first(), files.last()) else {
        return Ok(None);
    };
    if files.len() < 2 || alone(run, table).is_empty() {
        return Ok(None);
    }
    let name = free_name(run, table, first.step, last.step);
    let path = run.dir().join(&name);
    let mut written = None;
    let made = files::replace(&path, |file| {
        let rows = write(run, table, &files, file).map_err(io::Error::other)?;
        written = Some(rows);
        Ok(())
    });
    made.map_err(|error| match error.downcast::<TraceError>() {
        Ok(error) => error,
        Err(error) => TraceError::write(&path, error),
    })?;
    let Some(footer) = written else {
        return Ok(None);
    };
    named(run, name, &footer).map(Some)
}

/// A name that no file has: a merged file that a line names must stay until another line names its successor.
fn free_name(run: &Run, table: Table, first: u64, last: u64) -> String {
    let stem = format!("{}/{first:08}-{last:08}", table.name());
    let numbered = (2..).map(|number| format!("{stem}.{number}.parquet"));
    let mut names = std::iter::once(format!("{stem}.parquet")).chain(numbered);
    let is_free = |name: &String| {
        !run.contents().names(name) && std::fs::symlink_metadata(run.dir().join(name)).is_err()
    };
    names.find(is_free).unwrap_or(stem)
}

fn write(
    run: &Run,
    table: Table,
    files: &[&(FileRecord, Owner)],
    file: &mut File,
) -> Result<ParquetMetaData, TraceError> {
    let failed = |error: ParquetError| TraceError::Encode {
        table: table.name(),
        reason: error.to_string(),
    };
    let rows: u64 = files.iter().filter_map(|(file, _)| file.rows).sum();
    let rows_of_group = ROWS_OF_GROUP.max(rows / MOST_GROUPS) as usize;
    let schema = table.schema();
    let properties = properties().set_max_row_group_row_count(None).build();
    let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties));
    let mut writer = writer.map_err(failed)?;
    for (file, _) in files {
        for batch in batches(run, file, table, &schema)? {
            writer.write(&batch).map_err(failed)?;
        }
        if writer.in_progress_rows() >= rows_of_group {
            writer.flush().map_err(failed)?;
        }
    }
    writer.close().map_err(failed)
}

/// The rows of a file in the columns of today.
fn batches(
    run: &Run,
    file: &FileRecord,
    table: Table,
    schema: &SchemaRef,
) -> Result<Vec<RecordBatch>, TraceError> {
    if file.rows == Some(0) {
        return Ok(Vec::new());
    }
    let batches = run.with_table(file, record_batches)?;
    let path = run.dir().join(&file.path);
    let conform = |batch: &RecordBatch| conformed(batch, table, schema, &path);
    batches.iter().map(conform).collect()
}

/// A batch with the columns of a schema; those that came later are null.
fn conformed(
    batch: &RecordBatch,
    table: Table,
    schema: &SchemaRef,
    path: &Path,
) -> Result<RecordBatch, TraceError> {
    let column = |field: &Arc<arrow_schema::Field>| -> Result<ArrayRef, TraceError> {
        match batch.column_by_name(field.name()) {
            Some(column) => Ok(Arc::clone(column)),
            None if table.is_later(field.name()) => {
                Ok(new_null_array(field.data_type(), batch.num_rows()))
            }
            None => Err(TraceError::damaged(
                path,
                format!("it has no column `{}`", field.name()),
            )),
        }
    };
    let columns = schema
        .fields()
        .iter()
        .map(column)
        .collect::<Result<_, _>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns)
        .map_err(|error| TraceError::damaged(path, error.to_string()))
}

/// What the manifest is to say of a merged file.
fn named(run: &Run, name: String, footer: &ParquetMetaData) -> Result<MergedFile, TraceError> {
    let path = run.dir().join(&name);
    let read_error = |error| TraceError::read(&path, error);
    let mut file = files::open_itself(&path).map_err(read_error)?;
    let bytes = file.metadata().map_err(read_error)?.len();
    let (mut whole, mut at) = (Sha256::new(), 0);
    let mut digest_to = |end: u64| {
        let mut stretch = Sha256::new();
        hash_all(&mut (&mut file).take(end - at), |bytes| {
            stretch.update(bytes);
            whole.update(bytes);
        })?;
        at = end;
        Ok(hex(&stretch.finalize()))
    };
    let (mut groups, mut begin, mut rows) = (Vec::new(), 0, 0);
    for group in footer.row_groups() {
        let ends = group.columns().iter().map(end_of);
        let end = ends.max().unwrap_or(begin);
        groups.push(RowGroup {
            rows: group.num_rows() as u64,
            bytes: end - begin,
            sha256: digest_to(end).map_err(read_error)?,
        });
        rows += group.num_rows() as u64;
        begin = end;
    }
    let footer_sha256 = digest_to(bytes).map_err(read_error)?;
    let file = FileRecord {
        path: name,
        bytes,
        sha256: hex(&whole.finalize()),
        rows: Some(rows),
    };
    Ok(MergedFile {
        file,
        groups,
        footer_sha256,
    })
}

fn end_of(column: &ColumnChunkMetaData) -> u64 {
    let (start, length) = column.byte_range();
    start + length
}

/// Step 2: what is read from the new file is what is read from the old ones.
fn check(run: &Run, new: &Run, merged: &MergedFile) -> Result<(), TraceError> {
    store::check(run.dir(), &merged.file)?;
    let Some(table) = Table::from_name(merged.file.folder()) else {
        return Ok(());
    };
    let schema = table.schema();
    for (file, _) in run.contents().files_of(table) {
        if batches(run, file, table, &schema)? != batches(new, file, table, &schema)? {
            let path = run.dir().join(&merged.file.path);
            let reason = format!(
                "it does not hold the rows of {} as they were; nothing was removed, please report this",
                file.path
            );
            return Err(TraceError::damaged(&path, reason));
        }
    }
    Ok(())
}
