//! Branches of fixed points: followed, through borders and past turns, and joined to those of a neighbour.
//!
//! [`natural`] is tried first: between neighbouring checkpoints most points move so little that one step joins them. The rest
//! is followed by [`path`] (smooth maps) or [`border`] (rectified units), and [`matching`] draws the conclusions.

pub mod border;
pub mod branch;
pub(in crate::landscape) mod degenerate;
pub(in crate::landscape) mod excursion;
pub mod matching;
pub mod natural;
pub mod path;
pub mod tracing;
