//! Branches of fixed points: followed, through borders and past turns, and joined to those of a neighbour.

pub mod border;
pub mod branch;
pub(in crate::landscape) mod degenerate;
pub(in crate::landscape) mod excursion;
pub mod matching;
pub mod natural;
pub mod path;
pub mod tracing;
