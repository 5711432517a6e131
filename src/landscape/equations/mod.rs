//! The equations of a family of maps: what changes sign at its bifurcations, where that is, eigenvectors to known
//! eigenvalues.
//!
//! Located points are exact to rounding, so that two programs that follow the same path agree on them; test
//! functions only tell between which two points of a branch to look.

pub mod crossing;
pub(in crate::landscape) mod equation;
pub(in crate::landscape) mod inverse_iteration;
pub mod locate;
pub mod test_functions;
