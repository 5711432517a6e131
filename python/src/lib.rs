//! The extension module `creode._native`: what the Python package `creode` asks of the library.
//!
//! Arrays come in through the buffer protocol and are read where they are; tables go out as the bytes of Parquet files,
//! which pyarrow reads. Whatever takes long runs without the interpreter's lock. The Python side, `python/creode`, gives
//! all this its names, defaults and documentation.

// PyO3 hands arguments over as values, and a path to a method has one lifetime where it takes any.
#![allow(
    clippy::needless_pass_by_value,
    clippy::redundant_closure_for_method_calls
)]

mod arrays;
mod error;
mod follower;
mod network;
mod run;
mod waiting;

use pyo3::prelude::*;

#[pymodule(gil_used = true)]
mod _native {
    #[pymodule_export]
    use crate::error::CreodeError;
    #[pymodule_export]
    use crate::follower::Follower;
    #[pymodule_export]
    use crate::network::Network;
    #[pymodule_export]
    use crate::run::{Run, population_runs, population_table};
}
