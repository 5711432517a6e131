//! The public interface of the tables to Python, R and DuckDB: names, columns, types, units, meanings.
//!
//! Changing a name, a type or a meaning takes a new [`SCHEMA_VERSION`]. Each Arrow field carries the metadata `unit` (`1`
//! where there is none) and `description`; each schema carries [`SCHEMA_VERSION_KEY`].
//!
//! New columns may come under the same version; readers of ours give null for a column that an older file lacks.
//! Units are in the metadata so that a plot can label its axes without this library.

pub use super::tables::Table;

/// Version of manifest lines and tables that this library writes, and the latest that it reads.
pub const SCHEMA_VERSION: u32 = 1;

/// Key of the version in the metadata of a table's schema.
pub const SCHEMA_VERSION_KEY: &str = "creode.schema_version";
