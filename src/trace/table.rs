//! A Parquet file in memory, or a part of one, and its way to columns and rows.

use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use bytes::buf::Reader;
use bytes::{Buf as _, Bytes};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{ChunkReader, Length};

use super::columns::Columns;
use super::error::TraceError;
use super::owner::{Belonging, Owner};
use super::schema::{SCHEMA_VERSION, SCHEMA_VERSION_KEY, Table};
use super::tables::Row;
use crate::guard::caught;
use crate::pages::{self, Window};

/// Bytes that the texts and lists of a row take beside the row itself, roughly.
const HEAP_BYTES: usize = 64;

/// The footer of a Parquet file whose schema version is known.
#[derive(Debug, Clone)]
pub(super) struct Footer(ArrowReaderMetadata);

impl Footer {
    /// Reads it; `bytes` end where the file ends.
    pub(super) fn read(path: &Path, bytes: &Window) -> Result<Self, TraceError> {
        let read = caught(|| ArrowReaderMetadata::load(bytes, ArrowReaderOptions::new()));
        let footer = match read {
            Ok(Ok(footer)) => footer,
            Ok(Err(error)) => return Err(TraceError::damaged(path, error.to_string())),
            Err(reason) => return Err(TraceError::damaged(path, reason)),
        };
        let version = footer.schema().metadata().get(SCHEMA_VERSION_KEY);
        let Some(version) = version.and_then(|version| version.parse::<u32>().ok()) else {
            let reason = format!("its metadata has no `{SCHEMA_VERSION_KEY}`");
            return Err(TraceError::damaged(path, reason));
        };
        if version > SCHEMA_VERSION {
            return Err(TraceError::NewerSchema {
                path: path.to_path_buf(),
                found: version,
                supported: SCHEMA_VERSION,
            });
        }
        Ok(Self(footer))
    }

    /// The columns.
    pub(super) fn schema(&self) -> &SchemaRef {
        self.0.schema()
    }

    /// Number of its row groups.
    pub(super) fn groups(&self) -> usize {
        self.0.metadata().num_row_groups()
    }
}

/// A table in memory, or a part of one, not yet decoded.
pub(super) struct TableFile<'a> {
    path: &'a Path,
    bytes: Window,
    footer: Footer,
    /// A row group alone, and of it so many rows after so many others.
    part: Option<Part>,
    /// Rows that there should be, if that is known.
    rows: Option<u64>,
}

/// Some columns of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Selection<'n> {
    /// The table.
    pub(super) table: Table,
    /// Names of the columns.
    pub(super) names: &'n [&'static str],
}

/// Some rows of one row group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// Number of the row group.
    pub(super) group: usize,
    /// Rows of the group before these.
    pub(super) first_row: u64,
    /// Number of rows.
    pub(super) rows: u64,
}

impl<'a> TableFile<'a> {
    /// A whole file; `rows` is what the manifest says.
    pub(super) fn whole(
        path: &'a Path,
        bytes: Vec<u8>,
        rows: Option<u64>,
    ) -> Result<Self, TraceError> {
        let bytes = Window {
            offset: 0,
            bytes: Bytes::from(bytes),
        };
        let footer = Footer::read(path, &bytes)?;
        Ok(Self {
            path,
            bytes,
            footer,
            part: None,
            rows,
        })
    }

    /// Rows of a file of which only one row group is in memory.
    pub(super) fn part(path: &'a Path, bytes: Window, footer: Footer, part: Part) -> Self {
        Self {
            path,
            bytes,
            footer,
            part: Some(part),
            rows: Some(part.rows),
        }
    }

    /// The columns.
    pub(super) fn schema(&self) -> &SchemaRef {
        self.footer.schema()
    }

    /// The rows; all of them must be of `owner`, if one is given.
    pub(super) fn rows<R: Row>(self, owner: Option<Owner>) -> Result<Vec<R>, TraceError> {
        let mut rows = Vec::new();
        let row_bytes = size_of::<R>() + HEAP_BYTES;
        self.batches(None, row_bytes, |columns| {
            if let Some(owner) = owner {
                owner.check(R::BELONGING, columns)?;
            }
            rows.extend(R::from_columns(columns)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// Hands some columns to `visit`, batch by batch; the others are not decoded.
    pub(super) fn columns(
        self,
        of: Selection<'_>,
        owner: Option<Owner>,
        mut visit: impl FnMut(&Columns) -> Result<(), TraceError>,
    ) -> Result<(), TraceError> {
        let belonging = of.table.belonging();
        let checked = belonging.iter().map(Belonging::name);
        let checked = checked.filter(|_| owner.is_some());
        let names: Vec<&str> = of.names.iter().copied().chain(checked).collect();
        self.batches(Some(&names), HEAP_BYTES, |columns| {
            if let Some(owner) = owner {
                owner.check(belonging, columns)?;
            }
            visit(columns)
        })
    }

    fn batches(
        self,
        names: Option<&[&str]>,
        row_bytes: usize,
        mut visit: impl FnMut(&Columns) -> Result<(), TraceError>,
    ) -> Result<(), TraceError> {
        let path = self.path;
        let damaged = |reason: String| TraceError::damaged(path, reason);
        let expected = self.rows;
        let mut reader = self.reader(names, row_bytes)?;
        let mut count = 0;
        loop {
            let batch = match caught(|| reader.next()).map_err(damaged)? {
                None => break,
                Some(batch) => batch.map_err(|error| damaged(error.to_string()))?,
            };
            count += batch.num_rows() as u64;
            if expected.is_some_and(|expected| count > expected) {
                break;
            }
            visit(&Columns::new(path, &batch))?;
        }
        match expected {
            Some(expected) if expected != count => Err(damaged(format!(
                "it has {}{count} rows, the manifest says {expected}",
                if count > expected { "at least " } else { "" }
            ))),
            _ => Ok(()),
        }
    }

    /// A decoder, once all that the file claims of its sizes was found to be possible.
    fn reader(
        self,
        names: Option<&[&str]>,
        row_bytes: usize,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, arrow_schema::ArrowError>>, TraceError>
    {
        let path = self.path;
        let damaged = |reason: String| TraceError::damaged(path, reason);
        let metadata = Arc::clone(self.footer.0.metadata());
        let groups = match self.part {
            None => metadata.row_groups(),
            Some(Part { group, .. }) => {
                let group = metadata.row_groups().get(group..=group);
                group.ok_or_else(|| damaged("it lacks a row group".to_owned()))?
            }
        };
        let is_read = |column: &parquet::file::metadata::ColumnChunkMetaData| {
            let root = column.column_path().parts().first();
            names.is_none_or(|names| root.is_some_and(|root| names.contains(&root.as_str())))
        };
        caught(|| pages::check(groups, &self.bytes, row_bytes, is_read))
            .and_then(|checked| checked)
            .map_err(damaged)?;
        let sum: i64 = groups.iter().map(RowGroupMetaData::num_rows).sum();
        if self.part.is_none() && sum != metadata.file_metadata().num_rows() {
            return Err(damaged(
                "its footer contradicts itself on the number of rows".to_owned(),
            ));
        }
        let Self {
            bytes,
            footer,
            part,
            ..
        } = self;
        caught(|| {
            let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, footer.0);
            if let Some(part) = part {
                builder = builder
                    .with_row_groups(vec![part.group])
                    .with_offset(part.first_row as usize)
                    .with_limit(part.rows as usize);
            }
            if let Some(names) = names {
                let names = names.iter().copied();
                let mask = ProjectionMask::columns(builder.parquet_schema(), names);
                builder = builder.with_projection(mask);
            }
            builder.build()
        })
        .and_then(|built| built.map_err(|error| error.to_string()))
        .map_err(damaged)
    }
}

/// All columns of all batches of a table.
pub(super) fn record_batches(file: TableFile<'_>) -> Result<Vec<RecordBatch>, TraceError> {
    let mut batches = Vec::new();
    file.batches(None, HEAP_BYTES, |columns| {
        batches.push(columns.batch().clone());
        Ok(())
    })?;
    Ok(batches)
}

impl Length for Window {
    fn len(&self) -> u64 {
        self.offset + self.bytes.len() as u64
    }
}

impl ChunkReader for Window {
    type T = Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let length = self.len().saturating_sub(start);
        self.get_bytes(start, length as usize).map(Bytes::reader)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let slice = self.slice(start, length as u64);
        slice.ok_or_else(|| ParquetError::EOF("it ends too early".to_owned()))
    }
}
