//! Where no fixed point leads: cascades, and global bifurcations guessed from scaling laws.

pub mod cascade;
pub mod hint;
pub(in crate::landscape) mod pursuit;
pub(in crate::landscape) mod scaling;
