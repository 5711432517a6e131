//! What a [`Family`](crate::map::Family) of maps does: how its fixed points move along s, where they are born, change
//! stability and die, and by which bifurcation.
//!
//! [`path`] follows one fixed point through folds, [`test_functions`] sees that something happens between two points of
//! a [`branch`], [`locate`] and [`crossing`] find where to rounding, [`normal_form`] what kind, and [`event`] puts it
//! together; [`born`] looks at the cycles and curves that begin at them. [`matching`] joins the fixed points of both
//! ends of a family, [`natural`] those that hardly move; [`cascade`] follows period doublings. [`hint`] follows
//! attractors of any kind to where they end, and says by which global bifurcation that seems to be.

pub mod border;
pub mod born;
pub mod branch;
pub mod cascade;
pub mod crossing;
mod degenerate;
mod equation;
pub mod event;
#[cfg(test)]
mod examples;
mod excursion;
pub mod hint;
mod inverse_iteration;
pub mod locate;
pub mod matching;
pub mod natural;
pub mod normal_form;
pub mod path;
mod pursuit;
mod scaling;
pub mod test_functions;

pub use equation::Extended;
