//! Rows to Parquet bytes and back.

use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Float64Type, UInt32Type};
use arrow_array::{
    Array, ArrayRef, FixedSizeListArray, ListArray, RecordBatch, StringArray, UInt32Array,
    UInt64Array,
};
use arrow_schema::SchemaRef;
use bytes::buf::Reader;
use bytes::{Buf as _, Bytes};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::file::reader::{ChunkReader, Length};

use super::error::TraceError;
use super::pages::{self, Window};
use super::schema::{PROJECTION_DIMS, SCHEMA_VERSION, SCHEMA_VERSION_KEY, Table};
use crate::guard::caught;

/// Bytes that the texts and lists of a row take beside the row itself, roughly.
const HEAP_BYTES: usize = 64;

/// A row type of one table.
pub(super) trait Row: Sized {
    /// The table.
    const TABLE: Table;

    /// The columns of `rows`, in the order of the table's schema.
    fn columns(rows: &[Self]) -> Vec<ArrayRef>;

    /// The rows of one batch of a file.
    fn from_columns(columns: &Columns) -> Result<Vec<Self>, TraceError>;
}

/// A checkpoint or pause that a table belongs to, as its line of the manifest has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Number of the checkpoint; a pause has none.
    pub(super) checkpoint: Option<u32>,
    /// Its training step.
    pub(super) step: u64,
}

/// How tables are stored.
pub(super) fn properties() -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Chunk)
}

/// One whole Parquet file of `rows`. The same rows give the same bytes.
pub(super) fn encode<R: Row>(rows: &[R]) -> Result<Vec<u8>, TraceError> {
    let schema = R::TABLE.schema();
    let failed = |error: &dyn ToString| TraceError::Encode {
        table: R::TABLE.name(),
        reason: error.to_string(),
    };
    let batch = RecordBatch::try_new(Arc::clone(&schema), R::columns(rows))
        .map_err(|error| failed(&error))?;
    let mut bytes = Vec::new();
    let writer = ArrowWriter::try_new(&mut bytes, schema, Some(properties().build()));
    let mut writer = writer.map_err(|error| failed(&error))?;
    writer.write(&batch).map_err(|error| failed(&error))?;
    writer.close().map_err(|error| failed(&error))?;
    Ok(bytes)
}

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

    /// The rows; all of them must be of `place`, if one is given.
    pub(super) fn rows<R: Row>(self, place: Option<Place>) -> Result<Vec<R>, TraceError> {
        let mut rows = Vec::new();
        let row_bytes = size_of::<R>() + HEAP_BYTES;
        self.batches(None, row_bytes, |columns| {
            columns.check_place(R::TABLE, place)?;
            rows.extend(R::from_columns(columns)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// Hands some columns to `visit`, batch by batch; the others are not decoded.
    pub(super) fn columns(
        self,
        table: Table,
        names: &[&str],
        place: Option<Place>,
        mut visit: impl FnMut(&Columns) -> Result<(), TraceError>,
    ) -> Result<(), TraceError> {
        let checked = if place.is_some() {
            table.place_columns()
        } else {
            &[]
        };
        let names: Vec<&str> = names.iter().chain(checked).copied().collect();
        self.batches(Some(&names), HEAP_BYTES, |columns| {
            columns.check_place(table, place)?;
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
            visit(&Columns {
                path,
                batch: &batch,
            })?;
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
        batches.push(columns.batch.clone());
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

/// The columns of one batch, by name.
pub(super) struct Columns<'a> {
    path: &'a Path,
    batch: &'a RecordBatch,
}

impl<'a> Columns<'a> {
    /// Whether the rows are of the checkpoint that the manifest says they are of.
    fn check_place(&self, table: Table, place: Option<Place>) -> Result<(), TraceError> {
        let Some(place) = place else {
            return Ok(());
        };
        for &name in table.place_columns() {
            let is_step = name != "checkpoint";
            let other = if is_step {
                let steps: &UInt64Array = self.required(name)?;
                let is_other = |step: u64| match table {
                    Table::Steps => step > place.step,
                    _ => step != place.step,
                };
                let mut steps = steps.values().iter().copied();
                steps.find(|&step| is_other(step))
            } else if let Some(checkpoint) = place.checkpoint {
                let numbers: &UInt32Array = self.required(name)?;
                let is_other = |number: u32| match table {
                    // Those that continuation led to at the checkpoint before are told here.
                    Table::Branches => {
                        number != checkpoint && number.checked_add(1) != Some(checkpoint)
                    }
                    _ => number != checkpoint,
                };
                let mut numbers = numbers.values().iter().copied();
                numbers.find(|&number| is_other(number)).map(u64::from)
            } else {
                None
            };
            if let Some(other) = other {
                let (what, expected) = match place.checkpoint {
                    Some(checkpoint) if !is_step => ("checkpoint", u64::from(checkpoint)),
                    _ => ("step", place.step),
                };
                let reason = format!(
                    "it holds a row of {what} {other}, the manifest says that it is of {what} {expected}"
                );
                return Err(TraceError::damaged(self.path, reason));
            }
        }
        Ok(())
    }

    pub(super) fn row_count(&self) -> usize {
        self.batch.num_rows()
    }

    pub(super) fn nullable<A: Array + 'static>(&self, name: &str) -> Result<&'a A, TraceError> {
        let column = self
            .batch
            .column_by_name(name)
            .ok_or_else(|| self.wrong_column(name, "there", "missing"))?;
        column.as_any().downcast_ref::<A>().ok_or_else(|| {
            let expected = std::any::type_name::<A>()
                .rsplit("::")
                .next()
                .unwrap_or_default();
            self.wrong_column(name, expected, &column.data_type().to_string())
        })
    }

    /// A column that files of earlier versions of the program lack.
    pub(super) fn later<A: Array + 'static>(
        &self,
        name: &str,
    ) -> Result<Option<&'a A>, TraceError> {
        match self.batch.column_by_name(name) {
            Some(_) => self.nullable(name).map(Some),
            None => Ok(None),
        }
    }

    pub(super) fn required<A: Array + 'static>(&self, name: &str) -> Result<&'a A, TraceError> {
        let column = self.nullable::<A>(name)?;
        match column.null_count() {
            0 => Ok(column),
            nulls => {
                Err(self.wrong_column(name, "without nulls", &format!("null in {nulls} rows")))
            }
        }
    }

    pub(super) fn texts(&self, name: &str) -> Result<&'a StringArray, TraceError> {
        self.required(name)
    }

    pub(super) fn vectors(&self, name: &str) -> Result<Lists<'a, f64>, TraceError> {
        self.lists::<Float64Type>(name)
    }

    pub(super) fn identities(&self, name: &str) -> Result<Lists<'a, u32>, TraceError> {
        self.lists::<UInt32Type>(name)
    }

    fn lists<T: ArrowPrimitiveType>(&self, name: &str) -> Result<Lists<'a, T::Native>, TraceError> {
        let lists: &ListArray = self.required(name)?;
        Ok(Lists {
            offsets: lists.value_offsets(),
            values: self.elements::<T>(name, lists.values())?,
        })
    }

    pub(super) fn projections(&self, name: &str) -> Result<&'a [[f64; 3]], TraceError> {
        let lists: &FixedSizeListArray = self.required(name)?;
        if lists.value_length() != PROJECTION_DIMS {
            return Err(self.wrong_column(name, "a list of 3", &lists.data_type().to_string()));
        }
        Ok(self
            .elements::<Float64Type>(name, lists.values())?
            .as_chunks()
            .0)
    }

    fn elements<T: ArrowPrimitiveType>(
        &self,
        name: &str,
        values: &'a ArrayRef,
    ) -> Result<&'a [T::Native], TraceError> {
        match values.as_primitive_opt::<T>() {
            Some(elements) if elements.null_count() == 0 => Ok(elements.values()),
            _ => Err(self.wrong_column(
                name,
                "a list of numbers without nulls",
                &values.data_type().to_string(),
            )),
        }
    }

    pub(super) fn parsed<T>(
        &self,
        name: &str,
        text: &str,
        parse: fn(&str) -> Option<T>,
    ) -> Result<T, TraceError> {
        parse(text).ok_or_else(|| {
            self.wrong_column(
                name,
                "one of the names in its description",
                &format!("`{text}`"),
            )
        })
    }

    fn wrong_column(&self, name: &str, expected: &str, found: &str) -> TraceError {
        TraceError::Column {
            path: self.path.to_path_buf(),
            column: name.to_owned(),
            expected: expected.to_owned(),
            found: found.to_owned(),
        }
    }
}

/// A column of lists.
pub(super) struct Lists<'a, N> {
    offsets: &'a [i32],
    values: &'a [N],
}

impl<'a, N: Clone> Lists<'a, N> {
    pub(super) fn slice(&self, row: usize) -> &'a [N] {
        &self.values[self.offsets[row] as usize..self.offsets[row + 1] as usize]
    }

    pub(super) fn value(&self, row: usize) -> Vec<N> {
        self.slice(row).to_vec()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow_schema::Schema;
    use proptest::prelude::*;

    use super::*;
    use crate::trace::rows::{
        BornRow, EventRow, FixedPointRow, Found, HintRow, Kind, LandscapeRow, SpectrumRow, StepRow,
        TrialRow,
    };

    const PATH: &str = "fixed_points/00000600.parquet";

    fn number() -> impl Strategy<Value = f64> {
        prop::num::f64::NORMAL
            | prop::num::f64::SUBNORMAL
            | prop::num::f64::ZERO
            | prop::num::f64::INFINITE
    }

    fn vector() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec(number(), 0..5)
    }

    prop_compose! {
        fn fixed_point()(
            (checkpoint, step, point, n_unstable, index) in any::<(u32, u64, u32, u16, i8)>(),
            condition in ".{0,8}",
            kind in prop::sample::select(vec![Kind::StableNode, Kind::StableFocus, Kind::Saddle, Kind::Repeller, Kind::Marginal]),
            found in prop::sample::select(vec![Found::Tracked, Found::Searched]),
            (state, readout) in (vector(), vector()),
            (q, multiplier_re, multiplier_im) in (number(), number(), number()),
            (radius, basin_fraction) in (prop::option::of(number()), prop::option::of(number())),
            pc in prop::array::uniform3(number()),
        ) -> FixedPointRow {
            FixedPointRow {
                checkpoint, step, condition, point, kind, state, q, radius, n_unstable, multiplier_re,
                multiplier_im, index, readout, basin_fraction, found, pc,
            }
        }
    }

    prop_compose! {
        fn landscape()(
            (checkpoint, step, index_sum) in any::<(u32, u64, i32)>(),
            condition in ".{0,8}",
            (n_fixed, n_stable, n_slow, n_from_later, n_starts) in any::<(u32, u32, u32, u32, u32)>(),
            index_expected in any::<Option<i32>>(),
            (unseen_estimate, wall_secs) in (number(), number()),
            (complete, warning) in (".{0,8}", prop::option::of(".{0,12}")),
        ) -> LandscapeRow {
            LandscapeRow {
                checkpoint, step, condition, n_fixed, n_stable, n_slow, n_from_later, n_starts, index_sum, index_expected,
                complete, unseen_estimate, wall_secs, warning,
            }
        }
    }

    prop_compose! {
        fn trial()(
            (checkpoint, step, trial, time) in any::<(u32, u64, u32, u32)>(),
            (input, target, output, state) in (vector(), vector(), vector(), vector()),
            pc in prop::array::uniform3(number()),
        ) -> TrialRow {
            TrialRow { checkpoint, step, trial, time, input, target, output, state, pc }
        }
    }

    fn round_trip<R: Row>(rows: &[R]) -> Vec<R> {
        let bytes = encode(rows).unwrap();
        assert_eq!(
            bytes,
            encode(rows).unwrap(),
            "the same rows give the same bytes"
        );
        decode(Path::new(PATH), bytes).unwrap()
    }

    fn decode<R: Row>(path: &Path, bytes: Vec<u8>) -> Result<Vec<R>, TraceError> {
        TableFile::whole(path, bytes, None)?.rows(None)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn fixed_points_come_back(rows in prop::collection::vec(fixed_point(), 0..20)) {
            prop_assert_eq!(round_trip(&rows), rows);
        }

        #[test]
        fn landscapes_come_back(rows in prop::collection::vec(landscape(), 0..20)) {
            prop_assert_eq!(round_trip(&rows), rows);
        }

        #[test]
        fn no_damage_to_a_file_takes_the_reader_with_it(
            rows in prop::collection::vec(fixed_point(), 1..6),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
            in_footer in any::<bool>(),
        ) {
            let mut bytes = encode(&rows).unwrap();
            let length = bytes.len();
            for (place, byte) in changes {
                // The footer is most of a small file, but not of its values.
                let from = if in_footer { length - 2000.min(length) } else { 0 };
                bytes[from + place.index(length - from)] = byte;
            }
            // Whatever it is: rows or an error, and neither a panic nor more memory than there is.
            let _ = decode::<FixedPointRow>(Path::new(PATH), bytes);
        }

        #[test]
        fn trials_come_back(rows in prop::collection::vec(trial(), 0..20)) {
            prop_assert_eq!(round_trip(&rows), rows);
        }
    }

    fn spectrum_row(rank: u16) -> SpectrumRow {
        SpectrumRow {
            checkpoint: 1,
            step: 2,
            condition: "zero".into(),
            point: 3,
            rank,
            re: 0.5,
            im: -0.25,
        }
    }

    #[test]
    fn more_rows_than_one_batch_come_back_and_a_nan_loss_stays_nan() {
        let spectra: Vec<SpectrumRow> = (0..20_000).map(spectrum_row).collect();
        assert_eq!(round_trip(&spectra), spectra);

        let step = StepRow {
            step: 1,
            stage: 0,
            task: "flip_flop".into(),
            loss: f64::NAN,
            accuracy: 0.5,
            grad_norm: f64::INFINITY,
            learning_rate: 1e-3,
            weight_norm: 7.0,
            wall_secs: 0.1,
        };
        let read = round_trip(std::slice::from_ref(&step));
        assert!(read[0].loss.is_nan());
        assert_eq!(
            StepRow {
                loss: 0.0,
                ..read[0].clone()
            },
            StepRow { loss: 0.0, ..step }
        );
    }

    /// A file of spectra with its batch changed by `change` before it is written.
    fn changed_file(change: impl Fn(RecordBatch) -> RecordBatch) -> Vec<u8> {
        let batch = RecordBatch::try_new(
            Table::Spectra.schema(),
            SpectrumRow::columns(&[spectrum_row(0)]),
        )
        .unwrap();
        let batch = change(batch);
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        bytes
    }

    fn event() -> EventRow {
        EventRow {
            condition: "zero".into(),
            from_step: 100,
            to_step: 200,
            position: 0.5,
            kind: "PD".into(),
            is_located: true,
            multiplier_re: -1.0,
            multiplier_im: 0.0,
            coefficient: Some(0.3),
            criticality: Some("supercritical".into()),
            pair_change: 0,
            branches: vec![1],
            state: vec![0.1, 0.2],
            loss: None,
            grad_norm: None,
            born: Some(BornRow {
                side: -1,
                period: 2.0,
                distance: 1e-3,
                amplitude: None,
                predicted: 0.05,
                is_stable: true,
            }),
            hint: None,
        }
    }

    #[test]
    fn events_of_files_without_the_later_columns_come_back_without_them() {
        let hinted = EventRow {
            kind: "hint SNIC".into(),
            born: None,
            hint: Some(HintRow {
                exponent: -0.5,
                r_squared: 0.999,
            }),
            ..event()
        };
        let rows = [event(), hinted];
        assert_eq!(round_trip(&rows), rows);
        let schema = Table::Events.schema();
        let batch = RecordBatch::try_new(schema, EventRow::columns(&rows)).unwrap();
        let first: Vec<usize> = (0..15).collect();
        let batch = batch.project(&first).unwrap();
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let read = decode::<EventRow>(Path::new("events.parquet"), bytes).unwrap();
        let without = rows.map(|row| EventRow {
            born: None,
            hint: None,
            ..row
        });
        assert_eq!(read, without);
    }

    #[test]
    fn columns_are_found_by_name_and_a_missing_or_mistyped_one_is_named() {
        let read = |order: &[usize]| {
            decode::<SpectrumRow>(
                Path::new(PATH),
                changed_file(|batch| batch.project(order).unwrap()),
            )
        };
        assert_eq!(read(&[6, 5, 4, 3, 2, 1, 0]).unwrap(), [spectrum_row(0)]);
        let message = read(&[0, 1, 2, 3, 4, 6]).unwrap_err().to_string();
        assert!(
            message.contains(PATH) && message.contains("`re`") && message.contains("missing"),
            "{message}"
        );

        let mistyped = changed_file(|batch| {
            let mut fields: Vec<_> = batch.schema().fields().iter().cloned().collect();
            fields[5] = Arc::new(fields[3].as_ref().clone().with_name("re"));
            let mut columns = batch.columns().to_vec();
            columns[5] = Arc::clone(&columns[3]);
            let schema = Schema::new_with_metadata(fields, batch.schema().metadata().clone());
            RecordBatch::try_new(Arc::new(schema), columns).unwrap()
        });
        let message = decode::<SpectrumRow>(Path::new(PATH), mistyped)
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("`re`") && message.contains("UInt32"),
            "{message}"
        );
    }

    #[test]
    fn a_later_schema_version_is_refused_and_a_foreign_file_is_no_table() {
        let with_version = |version: &str| {
            changed_file(|batch| {
                let fields = batch.schema().fields().clone();
                let schema = Schema::new_with_metadata(fields, [(SCHEMA_VERSION_KEY, version)]);
                RecordBatch::try_new(Arc::new(schema), batch.columns().to_vec()).unwrap()
            })
        };
        let error = decode::<SpectrumRow>(Path::new(PATH), with_version("2")).unwrap_err();
        assert!(
            matches!(
                error,
                TraceError::NewerSchema {
                    found: 2,
                    supported: 1,
                    ..
                }
            ),
            "{error}"
        );
        let error = decode::<SpectrumRow>(Path::new(PATH), with_version("x")).unwrap_err();
        assert!(matches!(error, TraceError::Damaged { .. }), "{error}");
        let error =
            decode::<SpectrumRow>(Path::new(PATH), b"PAR1 is not enough".to_vec()).unwrap_err();
        assert!(error.to_string().contains(PATH), "{error}");
    }
}
