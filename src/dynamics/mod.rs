//! What one map does: its fixed points, their spectra, and the slow points beside them.
//!
//! Everything here is about one map ([`crate::map::Map`]) at one constant input; how things change along a path of
//! maps is
//! [`crate::landscape`]'s.
//!
//! | question | room |
//! |---|---|
//! | where are the fixed points, are these all, are they proved | [`points`] |
//! | which cycles and closed curves are there | [`cycles`] |
//! | where does motion end, how large are the basins, is it chaotic | [`motion`] |
//! | eigenvalues and singular values of a Jacobian | [`linear`] |
//!
//! All of it works in f64, whatever the network was trained in: it analyses the real map whose parameters are the
//! stored numbers. Random numbers come from seeds in the arguments, so the same call gives the same answer on any
//! number of threads.

pub mod cycles;
pub mod linear;
pub mod motion;
pub mod points;
pub mod watch;
