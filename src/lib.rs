//! Creode trains recurrent networks, keeps the whole of their learning, and follows the landscape of fixed
//! points that solves the task as it comes into being.
//!
//! Where to begin, by what you want:
//!
//! - **fixed points of a map of your own**: implement [`map::Map`], then [`dynamics::points::search::search`];
//!   `examples/fixed_points_of_a_map.rs`.
//! - **how they move, appear and vanish along a parameter**: a [`map::Family`] and [`lab::sweep`];
//!   `examples/follow_a_family.rs`.
//! - **to train**: a [`curriculum::Curriculum`]; in memory by [`lab::training::Training`], into a run on disk by
//!   [`lab::session::begin`] and [`lab::train`]; `examples/train_in_memory.rs`, `examples/train_and_look.rs`.
//! - **a task, a world or a learning rule of your own**: [`task::Task`], [`task::world::World`],
//!   [`train::rules::LearningRule`]; `examples/own_task.rs`, `examples/own_learning_rule.rs`.
//! - **to read a run**: [`trace::Run`]; `examples/read_a_trace.rs`. Its tables are Parquet, for any other reader.
//!
//! A network trained by hand, and what it does at rest:
//!
//! ```
//! use creode::cell::map::CellMap;
//! use creode::dynamics::points::search::{SearchLimits, search};
//! use creode::dynamics::points::starts::simulated;
//!
//! // Two units that excite themselves: one bit each.
//! let network = CellMap::vanilla(&[2.0, 0.0, 0.0, 2.0], vec![0.0, 0.0]);
//! let starts = simulated(&network, 64, 0.5, 1);
//! let found = search(&network, &[], &starts, SearchLimits::default())?;
//! assert_eq!(found.fixed_points.len(), 9);
//! assert_eq!(found.fixed_points.iter().filter(|point| point.is_stable()).count(), 4);
//! # Ok::<(), creode::dynamics::linear::spectrum::SpectrumError>(())
//! ```
//!
//! Folders stand on each other in the order of `docs/ARCHITECTURE.md`; an arrow never points up. The library prints nothing
//! and knows no terminal.

pub mod arena;
pub mod arrays;
pub mod calculus;
pub mod cell;
pub mod comparison;
pub mod curriculum;
pub mod dynamics;
pub mod figure;
pub mod files;
pub mod foreign;
pub mod guard;
mod hex;
pub mod lab;
pub mod landscape;
pub mod map;
pub mod memory;
mod norms;
pub mod nouns;
pub mod open_field;
mod pages;
mod parallel;
pub mod parameters;
pub mod population;
pub mod rate_maps;
pub mod recordings;
pub mod reproduce;
pub mod simd;
pub mod statistics;
pub mod streams;
mod svd;
pub mod task;
pub mod tensors;
pub mod text;
pub mod trace;
pub mod train;
