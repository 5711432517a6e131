//! The arena: grid worlds in which agents look for a goal (Xu & Barak, ICLR 2020, arXiv 2002.02496, and their public code).
//!
//! An agent stands in a cell of a room and perceives the cells around it, its own last move, and a cue that tells where the
//! goal is; it goes up, right, down or left until it stands on the goal or its time is over.
//!
//! From the ground up: [`grid`] (rooms), [`obstacles`], [`senses`] (what is perceived), [`paths`] (how long ways are),
//! [`rules`] (rewards and time), [`tasks`] (the seven of the paper), [`drawing`] (mazes from text), [`agents`] (many at once),
//! [`scripted`] (navigators that need no learning), [`scores`], and [`walks`] (random walks to learn from before).

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
pub mod walks;
