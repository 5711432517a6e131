//! Everything of Creode that meets a terminal: the command line and the dashboard.

mod analyze;
mod attended;
pub mod cli;
mod curricula;
pub mod dashboard;
mod events;
mod picture;
mod reproduce;
mod runs;
mod tasks;
mod train;
mod verify;
mod zoom;
