//! A recording as a Parquet file: the long form, one row a time bin of each condition, with name, unit and width of a bin in its
//! footer.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::{Recording, RecordingError};

pub(super) fn bytes(recording: &Recording) -> Result<Vec<u8>, RecordingError> {
    let failed = |reason: String| RecordingError::Encode {
        name: recording.name.clone(),
        reason,
    };
    let rows: Vec<[usize; 2]> = (0..recording.count())
        .flat_map(|condition| (0..recording.steps).map(move |step| [condition, step]))
        .collect();
    let names = rows
        .iter()
        .map(|[condition, _]| &recording.conditions[*condition]);
    let trials = rows
        .iter()
        .map(|[condition, _]| recording.trials[*condition] as u32);
    let bins = rows.iter().map(|[_, step]| *step as u32);
    let mut columns: Vec<(String, DataType, ArrayRef)> = vec![
        (
            "condition".to_owned(),
            DataType::Utf8,
            Arc::new(StringArray::from_iter_values(names)),
        ),
        (
            "n_trials".to_owned(),
            DataType::UInt32,
            Arc::new(UInt32Array::from_iter_values(trials)),
        ),
        (
            "bin".to_owned(),
            DataType::UInt32,
            Arc::new(UInt32Array::from_iter_values(bins)),
        ),
    ];
    let widths = [
        ("activity", &recording.activity, recording.neurons),
        ("input", &recording.inputs, recording.input_channels),
    ];
    for (stem, values, width) in widths {
        for place in 0..width {
            let column = values.iter().skip(place).step_by(width).copied();
            let column = Arc::new(Float64Array::from_iter_values(column));
            columns.push((format!("{stem}_{place}"), DataType::Float64, column));
        }
    }
    let fields = columns
        .iter()
        .map(|(name, kind, _)| Field::new(name, kind.clone(), false));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<Field>>()));
    let arrays = columns.into_iter().map(|(_, _, array)| array).collect();
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays)
        .map_err(|error| failed(error.to_string()))?;
    let mut notes = vec![
        KeyValue::new("name".to_owned(), recording.name.clone()),
        KeyValue::new("unit".to_owned(), recording.unit.clone()),
    ];
    notes.extend(
        recording
            .bin_secs
            .map(|secs| KeyValue::new("bin_secs".to_owned(), format!("{secs:?}"))),
    );
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_key_value_metadata(Some(notes))
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, schema, Some(properties))
        .map_err(|error| failed(error.to_string()))?;
    writer
        .write(&batch)
        .map_err(|error| failed(error.to_string()))?;
    writer.close().map_err(|error| failed(error.to_string()))?;
    Ok(bytes)
}
