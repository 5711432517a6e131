//! What one map does: its fixed points, their spectra, and the slow points beside them.

pub mod cycles;
pub mod linear;
pub mod motion;
pub mod points;
pub mod watch;
