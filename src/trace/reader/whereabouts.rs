//! Where the rows of a table are, and the way to them: a file by itself, or a part of a merged one.

use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use bytes::Bytes;

use super::{Run, StepCursor};
use crate::pages::Window;
use crate::trace::columns::Columns;
use crate::trace::contents::{Merged, Whereabouts};
use crate::trace::error::TraceError;
use crate::trace::manifest::FileRecord;
use crate::trace::names::derived_file;
use crate::trace::owner::Owner;
use crate::trace::replaced::read_replaced;
use crate::trace::schema::Table;
use crate::trace::store::{is_missing, read_checked, read_stretch};
use crate::trace::table::{Footer, Part, Selection, TableFile};

impl Run {
    /// The Parquet files that hold the rows of a table, by step: the merged one, if there is one, then those written since.
    /// For readers of other programs, who take them as they are; [`table_file_bytes`](Self::table_file_bytes) checks them.
    pub fn table_files(&self, table: Table) -> Vec<PathBuf> {
        let records = self.records_of(table);
        records.map(|file| self.dir.join(&file.path)).collect()
    }

    /// What is in these files, each held against its checksum in the manifest.
    ///
    /// # Errors
    /// A file is missing, or not what was written.
    pub fn table_file_bytes(&self, table: Table) -> Result<Vec<Vec<u8>>, TraceError> {
        let read = |run: &Self| -> Result<Vec<Vec<u8>>, TraceError> {
            let records = run.records_of(table);
            records.map(|file| read_checked(&run.dir, file)).collect()
        };
        match read(self) {
            // Merged with others since the manifest was read.
            Err(error) if is_missing(&error) => read(&Self::open(&self.dir)?),
            bytes => bytes,
        }
    }

    fn records_of(&self, table: Table) -> impl Iterator<Item = &FileRecord> {
        let merged = self.contents.merged.get(&table);
        let files = self.contents.files_of(table).map(|(file, _)| file);
        let alone = files.filter(|file| self.contents.whereabouts(file) == Whereabouts::Alone);
        let merged = merged.map(|merged| &merged.file.file);
        merged.into_iter().chain(alone)
    }

    /// Hands some columns of a table of a checkpoint to `visit`, batch by batch. A table that the manifest knows to be
    /// empty is not opened.
    pub(in crate::trace) fn columns_of(
        &self,
        checkpoint: u32,
        of: Selection<'_>,
        visit: impl FnMut(&Columns) -> Result<(), TraceError>,
    ) -> Result<(), TraceError> {
        let (file, owner) = self.file_of(checkpoint, of.table.name())?;
        self.columns_in(file, owner, of, visit)
    }

    /// The same of the next file of training steps, as [`next_steps`](Self::next_steps) goes through them.
    pub(in crate::trace) fn columns_of_next_steps(
        &self,
        cursor: &mut StepCursor,
        of: Selection<'_>,
        visit: impl FnMut(&Columns) -> Result<(), TraceError>,
    ) -> Option<Result<(), TraceError>> {
        let (file, owner) = self.contents.step_files.get(cursor.files_read)?;
        cursor.files_read += 1;
        Some(self.columns_in(file, *owner, of, visit))
    }

    /// The same of a derived table; `false` if it was never derived.
    pub(in crate::trace) fn columns_of_derived(
        &self,
        of: Selection<'_>,
        visit: impl FnMut(&Columns) -> Result<(), TraceError>,
    ) -> Result<bool, TraceError> {
        let name = derived_file(of.table);
        let path = self.dir.join(&name);
        let read = || {
            let file = read_replaced(&self.dir, &self.contents, &name)?;
            let Some((bytes, rows)) = file else {
                return Ok(false);
            };
            TableFile::whole(&path, bytes, rows)?.columns(of, None, visit)?;
            Ok(true)
        };
        read().map_err(derivable)
    }

    fn columns_in(
        &self,
        file: &FileRecord,
        owner: Owner,
        of: Selection<'_>,
        visit: impl FnMut(&Columns) -> Result<(), TraceError>,
    ) -> Result<(), TraceError> {
        if file.rows == Some(0) {
            return Ok(());
        }
        self.with_table(file, |table| table.columns(of, Some(owner), visit))
    }

    /// Hands the table that a line names to `read`, from wherever it is now.
    pub(in crate::trace) fn with_table<T>(
        &self,
        file: &FileRecord,
        read: impl FnOnce(TableFile<'_>) -> Result<T, TraceError>,
    ) -> Result<T, TraceError> {
        let path = match self.contents.whereabouts(file) {
            Whereabouts::Within(merged, _) => self.dir.join(&merged.file.file.path),
            _ => self.dir.join(&file.path),
        };
        let bytes = match self.contents.whereabouts(file) {
            Whereabouts::Within(merged, part) => {
                let within = match self.part(&path, merged, part) {
                    Err(error) if is_missing(&error) => match Self::open(&self.dir) {
                        Ok(now) if now.contents.is_merged(&merged.file.file.path) => {
                            return now.with_table(file, read);
                        }
                        _ => Err(error),
                    },
                    within => within,
                };
                return read(within?);
            }
            _ => read_checked(&self.dir, file),
        };
        match bytes {
            // Merged with others since the manifest was read.
            Err(error) if is_missing(&error) => match Self::open(&self.dir) {
                Ok(now) if now.contents.is_merged(&file.path) => now.with_table(file, read),
                _ => Err(error),
            },
            bytes => read(TableFile::whole(&path, bytes?, file.rows)?),
        }
    }

    /// Rows in a merged file.
    fn part<'p>(
        &self,
        path: &'p Path,
        merged: &Merged,
        part: Part,
    ) -> Result<TableFile<'p>, TraceError> {
        let name = &merged.file.file.path;
        let footer = self.footer(path, merged)?;
        let stretch = merged.stretch(part.group);
        let sha256 = &merged.file.groups[part.group].sha256;
        let bytes = read_stretch(&self.dir, name, stretch, sha256)?;
        let window = Window {
            offset: stretch.0,
            bytes: Bytes::from(bytes),
        };
        Ok(TableFile::part(path, window, footer, part))
    }

    fn footer(&self, path: &Path, merged: &Merged) -> Result<Footer, TraceError> {
        let name = &merged.file.file.path;
        // A map is whole after each of its statements.
        let mut footers = self.footers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(footer) = footers.get(name) {
            return Ok(footer.clone());
        }
        let stretch = merged.footer_stretch();
        let sha256 = &merged.file.footer_sha256;
        let bytes = read_stretch(&self.dir, name, stretch, sha256)?;
        let window = Window {
            offset: stretch.0,
            bytes: Bytes::from(bytes),
        };
        let footer = Footer::read(path, &window)?;
        if footer.groups() != merged.file.groups.len() {
            let reason = "it has not the row groups that the manifest names";
            return Err(TraceError::damaged(path, reason));
        }
        footers.insert(name.clone(), footer.clone());
        Ok(footer)
    }

    pub(super) fn file_of(
        &self,
        checkpoint: u32,
        folder: &str,
    ) -> Result<(&FileRecord, Owner), TraceError> {
        let Some(entry) = self.contents.entry(checkpoint) else {
            return Err(TraceError::NoCheckpoint {
                path: self.dir.clone(),
                checkpoint,
                count: self.contents.entries.len(),
            });
        };
        let mut files = self.contents.files_at(checkpoint).iter();
        let file = files.find(|file| file.folder() == folder);
        let owner = Owner {
            checkpoint: Some(checkpoint),
            step: entry.step,
        };
        match file {
            Some(file) => Ok((file, owner)),
            None => Err(TraceError::NotAnalysed {
                path: self.dir.clone(),
                checkpoint,
                step: entry.step,
            }),
        }
    }
}

/// An error in a derived table, with the way out of it.
pub(super) fn derivable(error: TraceError) -> TraceError {
    match error {
        TraceError::Damaged { path, reason } => TraceError::Damaged {
            path,
            reason: format!("{reason}; `creode analyze RUN --events` derives it again"),
        },
        other => other,
    }
}
