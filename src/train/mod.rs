//! Training: engines that give a gradient, optimisers that use it, learning rules.

pub mod bptt;
pub mod dfdx_engine;
pub mod engine;
pub mod learner;
pub mod optimiser;
pub mod spec;
