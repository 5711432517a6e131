//! Linear maps: their eigenvalues and singular values, and how far from normal they are.
//!
//! - [`spectrum::Spectrum`]: all eigenvalues up to 1000 dimensions, beyond that the leading ones; what kind of
//!   fixed point they make;
//! - [`krylov::leading_eigenvalues`]: the largest in modulus, for matrices too large to decompose;
//! - [`kreiss::kreiss_constant`]: whether a matrix whose powers decay in the end may grow a lot before
//!   (non-normality).

pub mod kreiss;
pub mod krylov;
pub(crate) mod singular;
pub mod spectrum;
