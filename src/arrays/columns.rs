//! The columns of a flat Parquet file, whoever wrote it, as numbers; texts by their numbers.

use std::collections::{BTreeMap, HashMap};

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};

use crate::guard::caught;
use crate::pages::{self, Window};

/// What a file holds.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    /// The columns by name; those that mean nothing without their values.
    pub(crate) columns: BTreeMap<String, Column>,
    /// Keys and values in its footer.
    pub(crate) notes: BTreeMap<String, String>,
}

/// A column of numbers, or of texts by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Column {
    /// One a row; of texts their numbers.
    pub(crate) values: Vec<f64>,
    /// The texts, by number; empty where there are numbers.
    pub(crate) texts: Vec<String>,
    numbers: HashMap<String, usize>,
}

/// Reads the columns whose names mean something; says in words why it cannot.
pub(crate) fn read_columns(
    bytes: Vec<u8>,
    is_meant: impl Fn(&str) -> bool,
) -> Result<Columns, String> {
    caught(|| read(bytes, &is_meant)).and_then(|read| read)
}

/// The columns that mean something, by name, and any others without their values.
fn read(bytes: Vec<u8>, is_meant: &dyn Fn(&str) -> bool) -> Result<Columns, String> {
    let bytes = Bytes::from(bytes);
    let window = Window {
        offset: 0,
        bytes: bytes.clone(),
    };
    // Types then are those of Parquet itself, whatever library wrote the file.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let footer = ArrowReaderMetadata::load(&bytes, options).map_err(|error| error.to_string())?;
    let fields = footer.schema().fields();
    let mut columns: BTreeMap<String, Column> = fields
        .iter()
        .map(|field| (field.name().clone(), Column::default()))
        .collect();
    if columns.len() < fields.len() {
        return Err("it has two columns of one name".to_owned());
    }
    let meant: Vec<String> = columns
        .keys()
        .filter(|name| is_meant(name))
        .cloned()
        .collect();
    let row_bytes = size_of::<f64>() * meant.len().max(1);
    pages::check(
        footer.metadata().row_groups(),
        &window,
        row_bytes,
        |column| {
            let root = column.column_path().parts().first();
            root.is_some_and(|root| is_meant(root))
        },
    )?;
    let notes = footer.metadata().file_metadata().key_value_metadata();
    let notes = notes.into_iter().flatten();
    let notes = notes.filter_map(|of| Some((of.key.clone(), of.value.clone()?)));
    let notes = notes.collect();
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, footer);
    let mask = ProjectionMask::columns(builder.parquet_schema(), meant.iter().map(String::as_str));
    let reader = builder.with_projection(mask).build();
    for batch in reader.map_err(|error| error.to_string())? {
        let batch = batch.map_err(|error| error.to_string())?;
        for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
            let name = field.name();
            let column = columns.entry(name.clone()).or_default();
            column.extend(array).map_err(|reason| {
                let row = column.values.len();
                format!("its column `{name}` {reason} (after {row} rows)")
            })?;
        }
    }
    Ok(Columns { columns, notes })
}

impl Column {
    /// Takes in more rows; says in words why it cannot.
    fn extend(&mut self, array: &ArrayRef) -> Result<(), String> {
        if array.null_count() > 0 {
            return Err(
                "holds nulls; expected a value in every row, and `mask` 0 where it does not count"
                    .to_owned(),
            );
        }
        macro_rules! numbers {
            ($type:ty) => {{
                let values = array.as_primitive::<$type>().values();
                // Integers of 64 bits that f64 does not hold are rounded: nobody's labels or inputs are so large.
                #[allow(clippy::cast_lossless)]
                self.values.extend(values.iter().map(|&value| value as f64));
            }};
        }
        match array.data_type() {
            DataType::Float64 => numbers!(Float64Type),
            DataType::Float32 => numbers!(Float32Type),
            DataType::Int64 => numbers!(Int64Type),
            DataType::Int32 => numbers!(Int32Type),
            DataType::Int16 => numbers!(Int16Type),
            DataType::Int8 => numbers!(Int8Type),
            DataType::UInt64 => numbers!(UInt64Type),
            DataType::UInt32 => numbers!(UInt32Type),
            DataType::UInt16 => numbers!(UInt16Type),
            DataType::UInt8 => numbers!(UInt8Type),
            DataType::Boolean => {
                let values = array.as_boolean().iter().flatten();
                self.values
                    .extend(values.map(|value| f64::from(u8::from(value))));
            }
            DataType::Utf8 => {
                for text in array.as_string::<i32>().iter().flatten() {
                    let number = self.number(text);
                    self.values.push(number as f64);
                }
            }
            other => {
                return Err(format!(
                    "holds {other}; expected numbers, truth values or texts"
                ));
            }
        }
        Ok(())
    }

    fn number(&mut self, text: &str) -> usize {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let number = self.texts.len();
        self.texts.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }
}
