//! Bifurcations: what they are, their normal forms, and what is born there.
//!
//! [`event::events`] finds and classifies all events on a branch; the other two rooms say what each means.

pub mod born;
pub mod event;
pub mod normal_form;
