//! What can go wrong in an experiment.

use std::path::PathBuf;

use crate::comparison::groups::GroupError;
use crate::lab::LabError;
use crate::population::PopulationError;
use crate::text::shown;
use crate::trace::TraceError;

/// Why an experiment could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// A network could not be trained or looked at.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// Its networks could not be made a population.
    #[error(transparent)]
    Population(#[from] PopulationError),
    /// A run could not be read.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// Its networks could not be compared as groups.
    #[error(transparent)]
    Groups(#[from] GroupError),
    /// There is no room for its files.
    #[error("cannot write {}: {error}", shown(path))]
    Files {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// A run did not come to its end.
    #[error("the run {run} {state}, and the experiment needs it; `creode train` there says why")]
    Unfinished {
        /// Its name.
        run: String,
        /// What it is.
        state: &'static str,
    },
}
