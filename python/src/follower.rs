//! A run made of the checkpoints of a training that goes on in Python.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use creode::foreign::metrics::{Collector, Metrics};
use creode::foreign::steps::{Named, StepReading};
use creode::lab::LabError;
use creode::lab::followed::{self, Trials};
use creode::lab::origin::{Condition, Followed, TrialsFile};
use creode::trace::{TraceError, file_digest};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::raised;

/// Takes files of weights into a run, in threads of its own: they have the priority of the thread that made it.
#[pyclass(frozen, module = "creode._native")]
pub(crate) struct Follower {
    following: Mutex<Following>,
    pool: ThreadPool,
}

struct Following {
    follower: followed::Follower,
    /// The file in which the training tells its losses, which need not be there yet.
    losses_file: PathBuf,
    losses: Option<(Metrics, Collector)>,
}

impl Following {
    fn begin(dir: &Path, mut followed: Followed, trials: Option<&Path>) -> Result<Self, LabError> {
        let read = trials.map(Trials::read).transpose()?;
        if let (Some(path), Some(trials)) = (trials, &read) {
            followed.trials = Some(TrialsFile {
                path: path.to_path_buf(),
                sha256: file_digest(path)?,
            });
            let probes = trials.conditions().0.into_iter();
            followed.conditions = probes
                .map(|probe| Condition {
                    name: probe.name,
                    input: probe.input,
                })
                .collect();
        }
        let losses_file = followed.metrics.clone().unwrap_or_default();
        Ok(Self {
            follower: followed::Follower::begin(dir, followed, read)?,
            losses_file,
            losses: None,
        })
    }

    fn take(&mut self, path: &Path, step: u64) -> Result<(), LabError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let named = Named {
            name: name.into_owned(),
            modified: None,
        };
        let reading = StepReading::of(&[named]).ok_or_else(|| LabError::Followed {
            path: path.to_path_buf(),
            reason: "there is no number in its name".to_owned(),
        })?;
        self.keep_losses(false)?;
        self.follower.take(path, step, &reading).map(drop)
    }

    /// Keeps what was told of training steps since the last time; with `is_end` that of the last step, too.
    fn keep_losses(&mut self, is_end: bool) -> Result<(), LabError> {
        if self.losses.is_none() {
            let Ok(metrics) = Metrics::open(&self.losses_file, false) else {
                return Ok(());
            };
            let name = self.losses_file.file_name().unwrap_or_default();
            let known = self.follower.told_steps()?;
            let collector = Collector::new(&name.to_string_lossy(), known.as_ref());
            self.losses = Some((metrics, collector));
        }
        if let Some((metrics, collector)) = &mut self.losses {
            collector.take(metrics.read().unwrap_or_default());
            let rows = collector.rows(is_end);
            self.follower.keep_steps(&rows, collector.source())?;
            if let Some(news) = collector.news() {
                self.follower.log(&format!("losses: {news}"))?;
            }
        }
        Ok(())
    }
}

impl Follower {
    /// Does something without the interpreter's lock, in the threads of the follower.
    fn at_work<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&mut Following) -> T + Send) -> T {
        py.detach(|| {
            self.pool.install(|| {
                let mut following = self
                    .following
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                work(&mut following)
            })
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
    /// JSON, `trials` a file of trials.
    #[new]
    #[pyo3(signature = (dir, followed, trials=None))]
    fn new(
        py: Python<'_>,
        dir: PathBuf,
        followed: &str,
        trials: Option<PathBuf>,
    ) -> PyResult<Self> {
        let followed: Followed = serde_json::from_str(followed)
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        let begun = py.detach(|| {
            let pool = ThreadPoolBuilder::new().build()?;
            let following = pool.install(|| Following::begin(&dir, followed, trials.as_deref()));
            Ok((pool, following))
        });
        let (pool, following) = begun.map_err(|error: rayon::ThreadPoolBuildError| {
            PyRuntimeError::new_err(error.to_string())
        })?;
        Ok(Self {
            following: Mutex::new(following.map_err(|error| raised(&error))?),
            pool,
        })
    }

    /// The training step of the last file that was taken.
    #[getter]
    fn last_step(&self, py: Python<'_>) -> Option<u64> {
        self.at_work(py, |of| of.follower.last_step())
    }

    /// What the user should know of how the run was taken up.
    #[getter]
    fn notes(&self, py: Python<'_>) -> Vec<String> {
        self.at_work(py, |of| of.follower.notes().to_vec())
    }

    /// Takes a file of weights as the checkpoint of a training step, and the losses that were told before it.
    fn take(&self, py: Python<'_>, path: PathBuf, step: u64) -> PyResult<()> {
        self.at_work(py, |of| of.take(&path, step))
            .map_err(|error| of_file(&error))
    }

    /// Completes the landscape of the last checkpoint, and merges the files of the run.
    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        self.at_work(py, |of| {
            of.keep_losses(true)?;
            of.follower.finish()?;
            of.follower.compact()?;
            Ok(())
        })
        .map_err(|error: LabError| raised(&error))
    }

    /// Notes in the log of the run.
    fn log(&self, py: Python<'_>, line: &str) -> PyResult<()> {
        self.at_work(py, |of| of.follower.log(line))
            .map_err(|error: TraceError| raised(&error))
    }
}
