//! Rows to the bytes of a Parquet file.

use std::sync::Arc;

use arrow_array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};

use super::error::TraceError;
use super::tables::Row;

/// How tables are stored.
pub(super) fn properties() -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Chunk)
}

/// One whole Parquet file of the rows of a table, for a file that is no part of a run. The same rows give the same bytes.
#[allow(private_bounds)]
pub fn table_bytes<R: Row>(rows: &[R]) -> Result<Vec<u8>, TraceError> {
    encode(rows)
}

/// One whole Parquet file of `rows`. The same rows give the same bytes.
pub(super) fn encode<R: Row>(rows: &[R]) -> Result<Vec<u8>, TraceError> {
    let schema = R::TABLE.schema();
    let failed = |error: &dyn ToString| TraceError::Encode {
        table: R::TABLE.name(),
        reason: error.to_string(),
    };
    let batch = RecordBatch::try_new(Arc::clone(&schema), R::arrays(rows))
        .map_err(|error| failed(&error))?;
    let mut bytes = Vec::new();
    let writer = ArrowWriter::try_new(&mut bytes, schema, Some(properties().build()));
    let mut writer = writer.map_err(|error| failed(&error))?;
    writer.write(&batch).map_err(|error| failed(&error))?;
    writer.close().map_err(|error| failed(&error))?;
    Ok(bytes)
}
