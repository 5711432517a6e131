//! What a [`Family`](crate::map::Family) of maps does: how its fixed points move along s, where they are born, change
//! stability and die, and by which bifurcation.
//!
//! [`path`](follow::path) follows one fixed point through folds, [`test_functions`](equations::test_functions) sees that
//! something happens between two points of a [`branch`](follow::branch), [`locate`](equations::locate) and
//! [`crossing`](equations::crossing) find where to rounding, [`normal_form`](events::normal_form) what kind, and
//! [`event`](events::event) puts it together; [`born`](events::born) looks at the cycles and curves that begin at them.
//! [`matching`](follow::matching) joins the fixed points of both ends of a family, [`natural`](follow::natural) those that
//! hardly move; [`cascade`](beyond::cascade) follows period doublings. [`hint`](beyond::hint) follows attractors of any
//! kind to where they end, and says by which global bifurcation that seems to be.
//!
//! A landscape is compared with the next one by following points and not by their nearness: a fixed point of one
//! checkpoint is that of the next where one branch joins them along the straight line between their parameters.
//! What the comparison says is about that line; the optimiser took another way between the same two ends, on which
//! the same points may have met and parted more often. Events therefore have a place on the line, s in [0, 1], and
//! an interval of training steps.
//!
//! | question | routine |
//! |---|---|
//! | where does this fixed point go | [`follow::path::trace`] |
//! | which bifurcations lie on its way, and of which kind | [`events::event::events`] |
//! | what is born at a flip or a Neimark–Sacker point | [`events::born::born`] |
//! | which point of one map is which of another | [`follow::matching::match_ends`] |
//! | a cascade of period doublings | [`beyond::cascade::cascade`] |
//! | how does this cycle, curve or chaotic set end | [`beyond::hint::hint`] |

pub mod beyond;
pub mod equations;
pub mod events;
pub mod follow;

#[cfg(test)]
mod examples;

pub use equations::equation::Extended;
