//! Runs and populations on disk.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use creode::population::{Population, is_population};
use creode::tensors::TensorValues;
use creode::trace::{self, CheckpointFile, Entry, Table, TraceError, table_bytes};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::raised;

/// A run on disk, as its manifest tells of it.
#[pyclass(frozen, module = "creode._native")]
pub(crate) struct Run {
    run: Mutex<trace::Run>,
}

impl Run {
    fn run(&self) -> MutexGuard<'_, trace::Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads something without the interpreter's lock.
    fn read<T: Send>(
        &self,
        py: Python<'_>,
        read: impl FnOnce(&trace::Run) -> Result<T, TraceError> + Send,
    ) -> PyResult<T> {
        py.detach(|| read(&self.run()))
            .map_err(|error| raised(&error))
    }
}

fn table(name: &str) -> PyResult<Table> {
    Table::from_name(name).ok_or_else(|| {
        let names = Table::GROWING.map(Table::name).join(", ");
        PyValueError::new_err(format!(
            "no table of a run is called {name:?}; the tables are {names}"
        ))
    })
}

/// The name of its type in NumPy, its shape and its bytes.
type Array<'py> = (&'static str, Vec<usize>, Bound<'py, PyBytes>);

#[pymethods]
impl Run {
    #[new]
    fn new(dir: PathBuf) -> PyResult<Self> {
        let run = trace::Run::open(dir).map_err(|error| raised(&error))?;
        Ok(Self {
            run: Mutex::new(run),
        })
    }

    /// Reads what was added since; whether there was anything.
    fn refresh(&self, py: Python<'_>) -> PyResult<bool> {
        py.detach(|| self.run().refresh())
            .map_err(|error| raised(&error))
    }

    /// The text of `run.toml`.
    #[getter]
    fn config_text(&self) -> String {
        self.run().config_text().to_owned()
    }

    /// Number, training step, and whether the landscape is there, of every checkpoint.
    #[getter]
    fn checkpoints(&self) -> Vec<(u32, u64, bool)> {
        let run = self.run();
        let entries = run.entries().iter();
        entries
            .map(|of: &Entry| (of.checkpoint, of.step, of.complete))
            .collect()
    }

    /// Whether the run has come to its end.
    #[getter]
    fn is_over(&self) -> bool {
        self.run().ending().is_some()
    }

    /// Names of the tables that have files.
    #[getter]
    fn tables(&self) -> Vec<&'static str> {
        let run = self.run();
        let tables = Table::GROWING.into_iter();
        tables
            .filter(|&table| !run.table_files(table).is_empty())
            .map(Table::name)
            .collect()
    }

    /// The Parquet files of a table that the manifest names, by step; merged ones in place of what they hold.
    fn files(&self, name: &str) -> PyResult<Vec<PathBuf>> {
        Ok(self.run().table_files(table(name)?))
    }

    /// What is in these files, each held against its checksum.
    fn table<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let table = table(name)?;
        let files = self.read(py, |run| run.table_file_bytes(table))?;
        Ok(files.iter().map(|file| PyBytes::new(py, file)).collect())
    }

    /// The fixed points of a checkpoint, as a Parquet file.
    fn fixed_points<'py>(&self, py: Python<'py>, checkpoint: u32) -> PyResult<Bound<'py, PyBytes>> {
        let file = self.read(py, |run| table_bytes(&run.fixed_points(checkpoint)?))?;
        Ok(PyBytes::new(py, &file))
    }

    /// The events between the checkpoints, as a Parquet file: those derived from the whole run if they are up to date, else
    /// those found while it was written. None if nobody has looked for them.
    fn events<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let file = self.read(py, |run| {
            run.events()?.map(|rows| table_bytes(&rows)).transpose()
        })?;
        Ok(file.map(|file| PyBytes::new(py, &file)))
    }

    /// The branches, like the events.
    fn branches<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let file = self.read(py, |run| {
            run.branches()?.map(|rows| table_bytes(&rows)).transpose()
        })?;
        Ok(file.map(|file| PyBytes::new(py, &file)))
    }

    /// The tensors in the file of a checkpoint.
    fn weights<'py>(
        &self,
        py: Python<'py>,
        checkpoint: u32,
    ) -> PyResult<BTreeMap<String, Array<'py>>> {
        let file = self.read(py, |run| {
            CheckpointFile::from_bytes(&run.weights(checkpoint)?.bytes)
        })?;
        let tensors = file.tensors.into_iter().map(|tensor| {
            let (kind, bytes) = match &tensor.values {
                TensorValues::F32(values) => {
                    let bytes = values.iter().flat_map(|value| value.to_ne_bytes());
                    ("float32", bytes.collect::<Vec<u8>>())
                }
                TensorValues::F64(values) => ("float64", crate::arrays::bytes(values)),
            };
            (tensor.name, (kind, tensor.shape, PyBytes::new(py, &bytes)))
        });
        Ok(tensors.collect())
    }
}

/// The names of the runs of the population in a folder that have been begun, in the order of its plan; None if it is no
/// population.
#[pyfunction]
pub(crate) fn population_runs(dir: PathBuf) -> PyResult<Option<Vec<String>>> {
    if !is_population(&dir) {
        return Ok(None);
    }
    let population = Population::open(&dir).map_err(|error| raised(&error))?;
    let runs = population.plan.runs().into_iter();
    let begun = runs.filter(|run| population.run_dir(run).join(trace::RUN_FILE).is_file());
    Ok(Some(begun.map(|run| run.name).collect()))
}

/// The table `runs` of a population, as its folders tell now, as a Parquet file.
#[pyfunction]
pub(crate) fn population_table(py: Python<'_>, dir: PathBuf) -> PyResult<Bound<'_, PyBytes>> {
    let rows = py.detach(|| Population::open(&dir).map(|population| population.survey().rows));
    let rows = rows.map_err(|error| raised(&error))?;
    let file = table_bytes(&rows).map_err(|error| raised(&error))?;
    Ok(PyBytes::new(py, &file))
}
