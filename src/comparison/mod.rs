//! How alike networks are, at a moment and on their way there.
//!
//! What is compared is read into plain data first, a [`portrait::Portrait`] of a network at a moment; measures know nothing of
//! runs and files.

pub mod cka;
pub mod coincidence;
pub mod groups;
pub mod measure;
pub mod path;
pub mod portrait;
