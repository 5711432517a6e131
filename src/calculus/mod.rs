//! One formula, many readings: the numbers that a cell's formula is evaluated in.
//!
//! A formula written once over [`Scalar`] gives its value (f64), its gradient ([`Dual`]), its Taylor coefficients
//! along a line ([`Jet`]), a proved range ([`Interval`]), and the bounds that a certificate needs ([`Bound`]).

mod bound;
mod dual;
mod interval;
mod jet;
mod scalar;

pub use bound::Bound;
pub use dual::Dual;
pub use interval::Interval;
pub use jet::Jet;
pub use scalar::{Scalar, Smooth, sech_squared, sigmoid};
