//! Everything of Creode that meets a terminal: the command line and the dashboard.

mod analyze;
mod attended;
pub mod cli;
mod compact;
mod curricula;
pub mod dashboard;
mod events;
mod figure;
pub mod memory;
mod picture;
mod progress;
mod reproduce;
mod runs;
mod say;
mod signals;
mod tasks;
mod train;
mod verify;
mod zoom;
