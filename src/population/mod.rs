//! Populations: many runs that differ in curriculum, settings and seed, in one folder.
//!
//! A population is a folder with `population.toml`, which says what it is of; copies of its curricula in `curricula/`, so
//! that it stands alone; a folder for each run, called after what makes it ([`plan`]); and `runs.parquet`, one row a run,
//! which is derived from them ([`summary`]). How far a run is its folder alone tells ([`state`]): whoever trains it holds its
//! lock, so several processes and machines can work on one population at a time. [`slurm`] writes what Slurm is asked for;
//! nothing here starts a process.

mod axis;
mod error;
mod extend;
mod file;
mod folder;
mod joined;
pub mod plan;
pub mod scores;
mod seeds;
pub mod slurm;
pub mod state;
pub mod summary;
mod variant;

pub use axis::Axis;
pub use error::PopulationError;
pub use file::{Asked, SlurmOptions};
pub use folder::{CURRICULA_FOLDER, POPULATION_FILE, Population, is_population};
pub use joined::Joined;
pub use plan::{Plan, PlannedRun};
pub use seeds::Seeds;
pub use state::RunState;
pub use variant::Variant;
