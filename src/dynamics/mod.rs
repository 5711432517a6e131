//! What one map does: its fixed points, their spectra, and the slow points beside them.

pub mod attractor;
pub mod batch;
pub mod certificate;
pub mod continuum;
pub mod curve;
pub mod cycle;
mod deflation;
pub mod edge;
pub mod enumerate;
pub mod floquet;
pub mod kreiss;
pub mod krylov;
pub mod linearisation;
pub mod lyapunov;
pub mod manifold;
pub mod newton;
pub mod persistence;
pub mod projection;
pub mod roots;
pub mod rotation;
pub mod search;
pub mod slow;
pub mod spectrum;
pub mod starts;
pub mod supports;
