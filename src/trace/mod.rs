//! A run on disk: schemas, writer, reader, manifest, integrity.
//!
//! [`RunWriter`] is the only way into a run directory, [`Run`] the way out;
//! both go by the [manifest], and nothing that it does not name exists for a reader.

pub mod checkpoint;
mod columns;
pub mod error;
pub mod glance;
pub mod manifest;
pub mod reader;
pub mod rows;
pub mod schema;
mod table;
pub mod verify;
pub mod writer;

pub use checkpoint::{CheckpointFile, NamedTensor, TensorValues};
pub use error::TraceError;
pub use manifest::{Ending, EndingReason, FileRecord};
pub use reader::{Entry, Pause, Run, StepCursor, WeightsFile};
pub use schema::Table;
pub use verify::{Problem, Report, verify};
pub use writer::sha256_hex as digest;
pub use writer::{
    LandscapeTables, RUN_FILE, RunWriter, export_landscape, run_toml, write_branches, write_events,
};
