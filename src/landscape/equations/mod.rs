//! The equations of a family of maps: what changes sign at its bifurcations, where that is, eigenvectors to known
//! eigenvalues.

pub mod crossing;
pub(in crate::landscape) mod equation;
pub(in crate::landscape) mod inverse_iteration;
pub mod locate;
pub mod test_functions;
