//! What one map does: its fixed points, their spectra, and the slow points beside them.

pub mod batch;
pub mod certificate;
pub mod enumerate;
pub mod newton;
pub mod projection;
pub mod search;
pub mod spectrum;
pub mod starts;
