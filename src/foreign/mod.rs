//! Networks of other people's making: weights from their files, analysed like our own.
//!
//! Reading goes in two steps: [`tensors::read`] gives named arrays, [`ForeignNetwork::new`] finds the part that
//! each plays, by the names in common use or as the user says ([`Options::names`]). What the file cannot say, such
//! as α or the activation, is asked for in an error that names the option.
//!
//! The result is analysed exactly as a network trained here: the same maps, searches and certificates, in f64, on
//! the numbers as they are stored.

pub mod error;
pub mod metrics;
pub mod network;
pub mod options;
pub mod steps;

pub use crate::arrays as tensors;
pub use crate::arrays::{Tensor, Tensors};
pub use error::ForeignError;
pub use network::ForeignNetwork;
pub use options::{CellName, Options, Role};
