//! How alike networks are, at a moment and on their way there.
//!
//! What is compared is read into plain data first, a [`portrait::Portrait`] of a network at a moment; measures know nothing of
//! runs and files.

mod assignment;
pub mod coincidence;
pub mod course;
pub mod ends;
pub mod groups;
pub mod matrix;
pub mod measure;
pub mod measures;
pub mod path;
pub mod portrait;
pub mod reading;
pub mod recorded;
pub mod runs;
mod samples;
#[cfg(test)]
mod testing;
