//! Training: engines that run networks, credit for what they do, rules that learn from it.

pub mod bptt;
pub mod credit;
pub mod descent;
pub mod dfdx_engine;
pub mod direct_engine;
pub mod engine;
pub mod engines;
pub mod lbfgs;
pub mod learner;
pub mod loss;
pub mod online;
pub mod optimiser;
pub mod penalty;
pub mod policy;
pub mod rate_network;
mod recurrence;
pub mod rflo;
pub mod rls;
pub mod rules;
pub mod spec;
pub mod speed_penalty;
