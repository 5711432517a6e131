//! Training: engines that run networks, credit for what they do, rules that learn from it.
//!
//! Three borders, each a trait, so that one side can change without the other:
//!
//! 1. [`engine::Engine`]: runs trials forward, and takes slopes of any loss in outputs and rates back to the
//!    parameters. It knows no loss.
//! 2. [`credit::Credit`]: from a batch to a gradient or to what stands for one. [`bptt::Bptt`] is exact (engine,
//!    objective, penalties); [`rflo::Rflo`] and [`eprop::Eprop`] use what each
//!    synapse knows.
//! 3. [`learner::Learner`]: one training step on the parameters, with a state that a checkpoint holds.
//!    [`descent::Descent`] (credit, then an optimiser), [`lbfgs::Lbfgs`] and [`online::Online`] (rules that correct
//!    weights while the network runs).
//!
//! [`rules`] gives them names and parameters in a curriculum. Which rule for what:
//!
//! | rule | learns | needs | exact gradient |
//! |---|---|---|---|
//! | `bptt` | all that is trained | any cell, any objective | yes |
//! | `rflo` | recurrent, input, readout weights, biases | vanilla or leaky cell | of the readout only |
//! | `e-prop` | all that is trained | vanilla or leaky cell | of the readout only |
//! | `force` | readout | vanilla or leaky cell; meant for outputs that feed back | no: least squares |
//! | `full-force` | readout and recurrent weights | vanilla or leaky cell | no: least squares |
//! | `ridge`, `lms` | readout | vanilla or leaky cell | no: least squares |
//! | `q-lambda` | readout | any cell, in a world | no: least squares on Q(λ) targets |
//! | `actor-critic` | all that is trained | any cell, in a world | yes |
//!
//! Nothing here is stochastic except what the batch already holds, so a step is a function of parameters, batch and
//! state.

pub mod bptt;
pub mod credit;
pub mod descent;
pub mod dfdx_engine;
pub mod direct_engine;
pub mod engine;
pub mod engines;
pub mod eprop;
pub mod lbfgs;
pub mod learner;
mod local;
pub mod loss;
pub mod navigator;
pub mod online;
pub mod optimiser;
pub mod penalty;
pub mod policy;
pub mod rate_network;
pub mod readout;
mod recurrence;
pub mod rflo;
pub mod rls;
pub mod rules;
pub mod spec;
pub mod speed_penalty;
#[cfg(feature = "tch")]
pub mod tch_engine;
