//! Creode trains recurrent networks, keeps the whole of their learning, and follows the landscape of fixed
//! points that solves the task as it comes into being.

pub mod calculus;
pub mod cell;
pub mod comparison;
pub mod curriculum;
pub mod dynamics;
pub mod figure;
pub mod files;
pub mod foreign;
pub mod guard;
pub mod lab;
pub mod landscape;
pub mod map;
pub mod memory;
mod norms;
pub mod nouns;
pub mod parameters;
pub mod reproduce;
pub mod simd;
pub mod statistics;
pub mod streams;
pub mod task;
pub mod tensors;
pub mod text;
pub mod trace;
pub mod train;
