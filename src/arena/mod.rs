//! The arena: grid worlds in which agents look for a goal (Xu & Barak, ICLR 2020, arXiv 2002.02496, and their public code).
//!
//! An agent stands in a cell of a room and perceives the cells around it, its own last move, and a cue that tells where the
//! goal is; it goes up, right, down or left until it stands on the goal or its time is over.

pub mod agents;
pub mod drawing;
pub mod grid;
pub mod obstacles;
pub mod paths;
pub mod rules;
pub mod scores;
pub mod scripted;
pub mod senses;
pub mod tasks;
