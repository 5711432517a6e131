//! A run on disk: schemas, writer, reader, manifest, integrity.
//!
//! [`RunWriter`] is the only way into a run directory, [`Run`] the way out;
//! both go by the [manifest], and nothing that it does not name exists for a reader.
//!
//! What is guaranteed, on a file system that keeps what was flushed:
//!
//! 1. A checkpoint whose write has returned survives a kill and a power cut, with all that training goes on from.
//! 2. A reader never sees half of anything: files appear under their names whole, and count from the manifest line
//!    that names them, with size and SHA-256.
//! 3. What a reader returns is what was written: every read is checked against the manifest, and rows against the
//!    checkpoint that they should be of.
//! 4. One writer at a time, by a lock of the operating system that ends with its process, where the file system has
//!    locks.
//! 5. What a crash left is moved to `leftovers/`; nothing is deleted but files whose rows are safe in a merged one.
//!
//! Landscapes may be lost by a power cut, never by a kill: they can be computed again. Formats are public: Parquet
//! for tables (`docs/TRACE.md`), safetensors for weights, JSON lines for the manifest, TOML for the curriculum.

mod agreement;
pub mod checkpoint;
mod columns;
mod compact;
mod contents;
mod encode;
pub mod error;
pub mod glance;
mod hex;
pub(crate) mod holder;
mod leftovers;
pub mod lock;
mod log;
pub mod manifest;
pub mod names;
mod owner;
mod pages;
pub mod reader;
mod replaced;
pub mod rows;
pub mod schema;
mod store;
mod table;
#[cfg(test)]
mod table_tests;
mod tables;
pub mod verify;
pub mod writer;
mod written;

pub use checkpoint::CheckpointFile;
pub use compact::Compacted;
pub use contents::{Entry, Pause};
pub use encode::table_bytes;
pub use error::TraceError;
pub use holder::Holder;
pub use leftovers::{LEFTOVERS_FOLDER, OUTPUT_FILE};
pub use lock::holder;
pub use manifest::{ColumnSource, Ending, EndingReason, FileRecord, Session, StepsSource};
pub use names::{LOG_FILE, MARKS_FILE, RUN_FILE};
pub use reader::{Run, StepCursor, WeightsFile};
pub use replaced::{
    export_landscape, read_runs, write_history, write_marks, write_network_scores, write_runs,
};
pub use schema::Table;
pub use store::{digest, file_digest};
pub use verify::{Problem, Report, verify};
pub use writer::{RunWriter, check_name, run_toml};
pub use written::{ArenaTables, CheckpointTables, LandscapeTables};
