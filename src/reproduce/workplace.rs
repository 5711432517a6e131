//! A folder for what an experiment writes and nobody asked to keep.

use std::path::{Path, PathBuf};

use super::ExperimentError;

/// A folder among the system's temporary ones; it is removed in the end.
#[derive(Debug)]
pub(super) struct Workplace(PathBuf);

impl Workplace {
    /// One for an experiment.
    pub(super) fn new(experiment: &str) -> Result<Self, ExperimentError> {
        let name = format!("creode-{experiment}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        match std::fs::create_dir_all(&path) {
            Ok(()) => Ok(Self(path)),
            Err(error) => Err(ExperimentError::Files { path, error }),
        }
    }

    /// Where it is.
    pub(super) fn dir(&self) -> &Path {
        &self.0
    }

    /// Writes a file, in a folder of its own if its name has one.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf, ExperimentError> {
        let path = self.0.join(name);
        let folder = path.parent().unwrap_or(&self.0);
        let written = std::fs::create_dir_all(folder);
        match written.and_then(|()| crate::files::write(&path, text.as_bytes())) {
            Ok(()) => Ok(path),
            Err(error) => Err(ExperimentError::Files { path, error }),
        }
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        // What is left behind is in the folder for what may be removed.
        std::fs::remove_dir_all(&self.0).ok();
    }
}
