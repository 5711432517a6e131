//! The rows of a trace as plain values: what the lab hands to the writer and the reader hands to a screen.

pub use super::tables::rows::*;
