//! Training: engines that give a gradient, optimisers that use it, learning rules.

pub mod bptt;
pub mod dfdx_engine;
pub mod engine;
pub mod lbfgs;
pub mod learner;
pub mod online;
pub mod optimiser;
pub mod rate_network;
pub mod rflo;
pub mod rls;
pub mod spec;
pub mod speed_penalty;
