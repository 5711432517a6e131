//! Fixed and slow points: searched, proved, told apart, linearised.

pub mod batch;
pub mod certificate;
pub(in crate::dynamics) mod deflation;
pub mod edge;
pub mod enumerate;
pub(in crate::dynamics) mod fiber;
pub mod flat;
pub(in crate::dynamics) mod gmres;
pub mod linearisation;
pub mod newton;
pub mod roots;
pub mod search;
pub(in crate::dynamics) mod sink;
pub mod slow;
pub(in crate::dynamics) mod slow_curve;
pub mod starts;
pub mod supports;
