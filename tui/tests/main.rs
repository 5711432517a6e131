//! All integration tests in one binary: linked once, and run beside each other.

#![allow(clippy::unwrap_used, missing_docs)]

mod analyze;
mod command_line;
mod comparing;
mod figures;
mod following;
mod hostile;
mod navigating;
mod paths;
mod pictures;
mod population;
mod pty;
mod shell;
mod streams;
mod support;
mod tasks;
