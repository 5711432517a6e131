//! What a [`Family`](crate::map::Family) of maps does: how its fixed points move along s, where they are born, change
//! stability and die, and by which bifurcation.
//!
//! [`path`](follow::path) follows one fixed point through folds, [`test_functions`](equations::test_functions) sees that something happens between two points of
//! a [`branch`](follow::branch), [`locate`](equations::locate) and [`crossing`](equations::crossing) find where to rounding, [`normal_form`](events::normal_form) what kind, and [`event`](events::event) puts it
//! together; [`born`](events::born) looks at the cycles and curves that begin at them. [`matching`](follow::matching) joins the fixed points of both
//! ends of a family, [`natural`](follow::natural) those that hardly move; [`cascade`](beyond::cascade) follows period doublings. [`hint`](beyond::hint) follows
//! attractors of any kind to where they end, and says by which global bifurcation that seems to be.

pub mod beyond;
pub mod equations;
pub mod events;
pub mod follow;

#[cfg(test)]
mod examples;

pub use equations::equation::Extended;
