//! Networks of other people's making: weights from their files, analysed like our own.
//!
//! Reading goes in two steps: [`tensors::read_contents`] gives named arrays, [`ForeignNetwork::new`] finds the network among
//! them: by the names that frameworks give ([`Origin`]), or as the user says ([`Options`]). What the file cannot say, such as
//! α or the activation, is asked for or assumed, and [`Account`] tells what was taken for what, and what was left.
//!
//! The result is analysed exactly as a network trained here: the same maps, searches and certificates, in f64, on
//! the numbers as they are stored.

mod account;
pub mod error;
mod expression;
mod layer;
pub mod metrics;
mod names;
pub mod network;
pub mod options;
pub mod origin;
mod parametrised;
mod part;
mod readout;
pub mod steps;

pub use crate::arrays as tensors;
pub use crate::arrays::{NumberKind, Tensor, Tensors};
pub use account::Account;
pub use error::ForeignError;
pub use network::ForeignNetwork;
pub use options::{CellName, GateOrder, Options, Role};
pub use origin::Origin;
