//! Networks of other people's making: weights from their files, analysed like our own.

pub mod error;
pub mod network;
pub mod options;
pub mod tensors;

pub use error::ForeignError;
pub use network::ForeignNetwork;
pub use options::{CellName, Options, Role};
pub use tensors::{Tensor, Tensors};
