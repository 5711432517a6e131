//! Everything of Creode that meets a terminal: the command line and the dashboard.

mod analyze;
mod arguments;
mod attended;
pub mod cli;
mod compact;
mod compare;
mod course;
mod curricula;
pub mod dashboard;
mod ends;
mod events;
mod figure;
mod hooks;
mod import;
pub mod memory;
mod picture;
mod population;
mod progress;
mod reproduce;
mod runs;
mod say;
mod scores;
mod signals;
mod tasks;
mod train;
mod verify;
mod zoom;
