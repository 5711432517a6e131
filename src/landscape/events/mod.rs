//! Bifurcations: what they are, their normal forms, and what is born there.

pub mod born;
pub mod event;
pub mod normal_form;
