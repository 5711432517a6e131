//! Cycles and closed invariant curves, with their multipliers and rotation numbers.

pub mod curve;
pub mod cycle;
pub mod floquet;
pub mod rotation;
