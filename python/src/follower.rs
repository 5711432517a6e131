//! A run made of the checkpoints of a training that goes on in Python.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use creode::lab::LabError;
use creode::lab::followed;
use creode::lab::origin::Followed;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::raised;

/// Takes files of weights into a run, in threads of its own: they have the priority of the thread that made it.
#[pyclass(frozen, module = "creode._native")]
pub(crate) struct Follower {
    follower: Mutex<followed::Follower>,
    pool: ThreadPool,
}

impl Follower {
    /// Does something without the interpreter's lock, in the threads of the follower.
    fn at_work<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut followed::Follower) -> T + Send,
    ) -> T {
        py.detach(|| {
            self.pool
                .install(|| work(&mut self.follower.lock().unwrap_or_else(PoisonError::into_inner)))
        })
    }
}

/// What is wrong with one file is a `ValueError`, what is wrong with the run the exception of the library.
fn of_file(error: &LabError) -> PyErr {
    match error {
        LabError::Trace(_) => raised(error),
        _ => PyValueError::new_err(error.to_string()),
    }
}

#[pymethods]
impl Follower {
    /// Begins the run in a folder, or goes on with the one there; `followed` is the table `[followed]` of its `run.toml`, as
    /// JSON.
    #[new]
    fn new(py: Python<'_>, dir: PathBuf, followed: &str) -> PyResult<Self> {
        let followed: Followed = serde_json::from_str(followed)
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        let begun = py.detach(|| {
            let pool = ThreadPoolBuilder::new().build()?;
            let follower = pool.install(|| followed::Follower::begin(&dir, followed));
            Ok((pool, follower))
        });
        let (pool, follower) = begun.map_err(|error: rayon::ThreadPoolBuildError| {
            PyRuntimeError::new_err(error.to_string())
        })?;
        Ok(Self {
            follower: Mutex::new(follower.map_err(|error| raised(&error))?),
            pool,
        })
    }

    /// The training step of the last file that was taken.
    #[getter]
    fn last_step(&self, py: Python<'_>) -> Option<u64> {
        self.at_work(py, |follower| follower.last_step())
    }

    /// What the user should know of how the run was taken up.
    #[getter]
    fn notes(&self, py: Python<'_>) -> Vec<String> {
        self.at_work(py, |follower| follower.notes().to_vec())
    }

    /// Takes a file of weights as the checkpoint of a training step.
    fn take(&self, py: Python<'_>, path: PathBuf, step: u64) -> PyResult<()> {
        self.at_work(py, |follower| follower.take(&path, step))
            .map(drop)
            .map_err(|error| of_file(&error))
    }

    /// Completes the landscape of the last checkpoint.
    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        self.at_work(py, followed::Follower::finish)
            .map(drop)
            .map_err(|error| raised(&error))
    }

    /// Merges the files of the run.
    fn compact(&self, py: Python<'_>) -> PyResult<()> {
        self.at_work(py, |follower| follower.compact())
            .map(drop)
            .map_err(|error| raised(&error))
    }

    /// Notes in the log of the run.
    fn log(&self, py: Python<'_>, line: &str) -> PyResult<()> {
        self.at_work(py, |follower| follower.log(line))
            .map_err(|error| raised(&error))
    }
}
