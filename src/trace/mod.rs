//! A run on disk: schemas, writer, reader, manifest, integrity.
//!
//! [`RunWriter`] is the only way into a run directory, [`Run`] the way out;
//! both go by the [manifest], and nothing that it does not name exists for a reader.

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

pub use checkpoint::CheckpointFile;
pub use compact::Compacted;
pub use contents::{Entry, Pause};
pub use error::TraceError;
pub use holder::Holder;
pub use leftovers::{LEFTOVERS_FOLDER, OUTPUT_FILE};
pub use lock::holder;
pub use manifest::{Ending, EndingReason, FileRecord, Session};
pub use names::{LOG_FILE, MARKS_FILE, RUN_FILE};
pub use reader::{Run, StepCursor, WeightsFile};
pub use replaced::{export_landscape, read_runs, write_history, write_marks, write_runs};
pub use schema::Table;
pub use store::{digest, file_digest};
pub use verify::{Problem, Report, verify};
pub use writer::{LandscapeTables, RunWriter, check_name, run_toml};
