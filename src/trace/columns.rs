//! The columns of one batch of a table, by name.

use std::path::Path;

use arrow_array::cast::AsArray as _;
use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_schema::DataType;

use super::error::TraceError;

/// The columns of one batch, by name; what is wrong with one is told with the file's path.
pub(super) struct Columns<'a> {
    path: &'a Path,
    batch: &'a RecordBatch,
}

impl<'a> Columns<'a> {
    /// The columns of a batch of the file at `path`.
    pub(super) fn new(path: &'a Path, batch: &'a RecordBatch) -> Self {
        Self { path, batch }
    }

    pub(super) fn batch(&self) -> &'a RecordBatch {
        self.batch
    }

    pub(super) fn path(&self) -> &'a Path {
        self.path
    }

    pub(super) fn row_count(&self) -> usize {
        self.batch.num_rows()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.batch.column_by_name(name).is_some()
    }

    /// A column of any type.
    pub(super) fn any(&self, name: &str) -> Result<&'a ArrayRef, TraceError> {
        let column = self.batch.column_by_name(name);
        column.ok_or_else(|| self.wrong(name, "there", "missing"))
    }

    /// A column as an array of type `A`; `expected` is what a message says that it should be.
    pub(super) fn array<A: Array + 'static>(
        &self,
        name: &str,
        expected: &DataType,
    ) -> Result<&'a A, TraceError> {
        let column = self.any(name)?;
        let array = column.as_any().downcast_ref();
        array.ok_or_else(|| {
            let found = column.data_type().to_string();
            self.wrong(name, &expected.to_string(), &found)
        })
    }

    /// An error if a column holds a null, or is missing.
    pub(super) fn check_no_nulls(&self, name: &str) -> Result<(), TraceError> {
        match self.any(name)?.null_count() {
            0 => Ok(()),
            nulls => Err(self.wrong(name, "without nulls", &format!("null in {nulls} rows"))),
        }
    }

    /// The elements of a list column.
    pub(super) fn elements<T: ArrowPrimitiveType>(
        &self,
        name: &str,
        elements: &'a ArrayRef,
    ) -> Result<&'a [T::Native], TraceError> {
        match elements.as_primitive_opt::<T>() {
            Some(elements) if elements.null_count() == 0 => Ok(elements.values()),
            _ => Err(self.wrong(
                name,
                "a list of numbers without nulls",
                &elements.data_type().to_string(),
            )),
        }
    }

    /// What the names in a text column stand for; `filler` where it is null.
    pub(super) fn named<T: Copy>(
        &self,
        name: &str,
        from_name: fn(&str) -> Option<T>,
        filler: T,
    ) -> Result<Vec<T>, TraceError> {
        let texts: &StringArray = self.array(name, &DataType::Utf8)?;
        let parsed = texts.iter().map(|text| {
            let Some(text) = text else {
                return Ok(filler);
            };
            let expected = "one of the names in its description";
            from_name(text).ok_or_else(|| self.wrong(name, expected, &format!("`{text}`")))
        });
        parsed.collect()
    }

    pub(super) fn wrong(&self, name: &str, expected: &str, found: &str) -> TraceError {
        TraceError::Column {
            path: self.path.to_path_buf(),
            column: name.to_owned(),
            expected: expected.to_owned(),
            found: found.to_owned(),
        }
    }
}
