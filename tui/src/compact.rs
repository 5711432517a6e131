//! `creode compact`.

use std::path::Path;

use creode::memory::size_text;
use creode::trace::RunWriter;

use crate::say::say;

/// Merges the files of each table of a run into one.
pub(crate) fn compact(dir: &Path) -> anyhow::Result<u8> {
    let writer = RunWriter::resume(dir)?;
    writer.notes().iter().for_each(|note| say!("note: {note}"));
    let compacted = writer.compact()?;
    if compacted.tables == 0 {
        say!("{}: nothing to merge", dir.display());
    } else {
        say!(
            "{}: {} files ({}) are now {} ({})",
            dir.display(),
            compacted.files,
            size_text(compacted.bytes_before),
            compacted.tables,
            size_text(compacted.bytes_after)
        );
    }
    Ok(0)
}
