//! All integration tests in one binary: linked once, and run beside each other.

#![allow(clippy::unwrap_used, missing_docs)]

mod adaptive;
mod attractors;
mod basins;
mod borders;
mod cells;
mod compaction;
mod comparing;
mod completeness;
mod curricula;
mod dsa;
mod engines;
mod extending;
mod fixed_points;
mod foreign;
mod framework_files;
mod gradients;
mod integrity;
mod lab;
mod learning;
mod marginal_starts;
mod navigation;
mod pytorch;
mod rebuilt;
mod recordings;
mod reproduce;
mod rules;
mod sample;
mod smoke;
mod staged;
mod support;
mod tasks;
#[cfg(feature = "tch")]
mod tch;
mod trace;
mod two_units;
mod worlds;
