//! Where no fixed point leads: cascades, and global bifurcations guessed from scaling laws.
//!
//! Attractors that are no fixed points can end without any of the local events: they meet something. That is seen
//! by simulation only, and what is concluded is called a hint.

pub mod cascade;
pub mod hint;
pub(in crate::landscape) mod pursuit;
pub(in crate::landscape) mod scaling;
