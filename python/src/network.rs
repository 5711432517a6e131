//! A network that lives in Python: its fixed points, its steps, its Jacobians.

use std::collections::BTreeMap;

use creode::cell::map::CellMap;
use creode::foreign::{ForeignNetwork, Options, Tensors};
use creode::lab::again::{Settings, Subject};
use creode::map::Map as _;
use creode::task::Probe;
use creode::trace::table_bytes;
use faer::Mat;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arrays::{bytes, states, tensor};
use crate::error::raised;
use crate::waiting::{Waiting, waited_for};

/// A recurrent network put together from arrays.
#[pyclass(frozen, module = "creode._native")]
pub(crate) struct Network {
    network: ForeignNetwork,
    dim: usize,
}

impl Network {
    fn map_at(&self, input: &[f64]) -> PyResult<CellMap> {
        self.network.map_at(input).map_err(|error| raised(&error))
    }
}

#[pymethods]
impl Network {
    /// `arrays` are the tensors by name, `options` those of [`Options`] as a JSON object.
    #[new]
    fn new(arrays: BTreeMap<String, Bound<'_, PyAny>>, options: &str) -> PyResult<Self> {
        let options: Options = serde_json::from_str(options)
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        let tensors: Tensors = arrays
            .into_iter()
            .map(|(name, array)| Ok((name, tensor(&array)?)))
            .collect::<PyResult<_>>()?;
        let network = ForeignNetwork::new(&tensors, &options).map_err(|error| raised(&error))?;
        let map = network.map_at(&vec![0.0; network.inputs()]);
        let dim = map.map_err(|error| raised(&error))?.dim();
        Ok(Self { network, dim })
    }

    /// Recurrent units.
    #[getter]
    fn units(&self) -> usize {
        self.network.units()
    }

    /// Input channels.
    #[getter]
    fn inputs(&self) -> usize {
        self.network.inputs()
    }

    /// State variables.
    #[getter]
    fn dim(&self) -> usize {
        self.dim
    }

    /// What the arrays were taken for, line by line.
    #[getter]
    fn taken_for(&self) -> Vec<String> {
        let account = self.network.account().to_string();
        account.lines().map(str::to_owned).collect()
    }

    /// The states one step after others, row by row, as the bytes of an array of float64.
    fn step<'py>(
        &self,
        py: Python<'py>,
        from: &Bound<'py, PyAny>,
        input: Vec<f64>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let map = self.map_at(&input)?;
        let from = states(from, self.dim)?.concat();
        let mut to = vec![0.0; from.len()];
        py.detach(|| map.step_batch(&from, &mut to));
        Ok(PyBytes::new(py, &bytes(&to)))
    }

    /// The Jacobians at states, each row by row, as the bytes of an array of float64.
    fn jacobian<'py>(
        &self,
        py: Python<'py>,
        at: &Bound<'py, PyAny>,
        input: Vec<f64>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let map = self.map_at(&input)?;
        let at = states(at, self.dim)?;
        let entries = py.detach(|| {
            let mut jacobian = Mat::zeros(self.dim, self.dim);
            let mut entries = Vec::with_capacity(at.len() * self.dim * self.dim);
            for state in &at {
                map.jacobian(state, jacobian.as_mut());
                let rows = jacobian.row_iter();
                entries.extend(rows.flat_map(|row| row.iter().copied().collect::<Vec<f64>>()));
            }
            entries
        });
        Ok(PyBytes::new(py, &bytes(&entries)))
    }

    /// The fixed points at constant inputs, and what is near them: Parquet files of `fixed_points`, `slow_points`, `spectra`
    /// and `landscapes`, by name.
    #[pyo3(signature = (inputs, starts, n_inits, noise_scale, seed, budget_secs))]
    #[allow(clippy::too_many_arguments)] // They have names in Python.
    fn search<'py>(
        &self,
        py: Python<'py>,
        inputs: Vec<Vec<f64>>,
        starts: Option<&Bound<'py, PyAny>>,
        n_inits: Option<usize>,
        noise_scale: Option<f64>,
        seed: u64,
        budget_secs: Option<f64>,
    ) -> PyResult<BTreeMap<&'static str, Bound<'py, PyBytes>>> {
        let starts = starts.map(|starts| states(starts, self.dim)).transpose()?;
        let settings = Settings {
            starts: n_inits,
            noise: noise_scale,
            seed,
            input: None,
        };
        let waiting = Waiting::new(budget_secs);
        let mut subject =
            Subject::of_network(self.network.clone(), starts, settings).watched_by(waiting.clone());
        subject.probes = inputs.into_iter().map(Probe::at).collect();
        let found = waited_for(py, &waiting, || landscape_tables(&subject))?;
        let found = found.map_err(|error| raised(&error))?;
        Ok(found
            .into_iter()
            .map(|(table, file)| (table, PyBytes::new(py, &file)))
            .collect())
    }
}

type Files = [(&'static str, Vec<u8>); 4];

fn landscape_tables(subject: &Subject) -> Result<Files, creode::lab::LabError> {
    let portrait = subject.portrait()?;
    let (id, readout, projection) = (portrait.id, &portrait.readout, &portrait.projection);
    let landscapes = || portrait.landscapes.iter();
    let mut fixed_points = Vec::new();
    for of in landscapes() {
        let mut rows = of.fixed_points(id, readout, projection);
        rows.sort_by_key(|row| (row.n_unstable, row.point));
        fixed_points.extend(rows);
    }
    let slow_points: Vec<_> = landscapes()
        .flat_map(|of| of.slow_points(id, readout, projection))
        .collect();
    let spectra: Vec<_> = landscapes().flat_map(|of| of.spectra(id)).collect();
    let rows: Vec<_> = landscapes().map(|of| of.landscape_row(id)).collect();
    Ok([
        ("fixed_points", table_bytes(&fixed_points)?),
        ("slow_points", table_bytes(&slow_points)?),
        ("spectra", table_bytes(&spectra)?),
        ("landscapes", table_bytes(&rows)?),
    ])
}
