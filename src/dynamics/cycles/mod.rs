//! Cycles and closed invariant curves, with their multipliers and rotation numbers.
//!
//! Which routine for what:
//!
//! - a list of all cycles of one short period, audited for completeness: [`cycle::cycles`];
//! - the cycle that a simulated orbit is on: [`cycle::settled_on`] up to a given period, [`cycle::settled_orbit`]
//!   for any;
//! - a better approximation of a cycle that is roughly known: [`cycle::shoot`];
//! - multipliers of a cycle however long: [`floquet::multipliers`];
//! - motion that never repeats: [`rotation::rotation_number`] tells how fast it turns, [`curve::closed_curve`]
//!   gives the closed curve that it fills.
//!
//! None of them finds cycles or curves that repel in all directions from simulation alone; searches and
//! continuation ([`curve::refined`]) do.

pub mod curve;
pub mod cycle;
pub mod floquet;
pub mod rotation;
