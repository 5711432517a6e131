//! Training: engines that give a gradient, optimisers that use it.

pub mod dfdx_engine;
pub mod engine;
pub mod optimiser;
pub mod spec;
