//! How alike two networks are.

pub mod cka;
