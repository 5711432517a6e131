//! Linear maps: their eigenvalues and singular values, and how far from normal they are.

pub mod kreiss;
pub mod krylov;
pub(in crate::dynamics) mod singular;
pub mod spectrum;
