//! Arrays of Python, read through the buffer protocol.

use creode::foreign::Tensor;
use pyo3::buffer::{Element, PyBuffer};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

/// An array of `float64` or `float32` as a tensor. Its numbers are read where they are, in whatever order they lie, and
/// copied once.
pub(crate) fn tensor(array: &Bound<'_, PyAny>) -> PyResult<Tensor> {
    if let Ok(buffer) = PyBuffer::<f64>::get(array) {
        let values = values(array.py(), &buffer)?;
        return Ok(Tensor::of_floats(buffer.shape().to_vec(), values));
    }
    let buffer = PyBuffer::<f32>::get(array).map_err(|_| {
        PyTypeError::new_err("an array of float64 or float32 was expected, in native byte order")
    })?;
    let values = values(array.py(), &buffer)?;
    let values = values.into_iter().map(f64::from).collect();
    Ok(Tensor::of_floats(buffer.shape().to_vec(), values))
}

fn values<T: Element>(py: Python<'_>, buffer: &PyBuffer<T>) -> PyResult<Vec<T>> {
    // What holds nothing may lie nowhere.
    if buffer.item_count() == 0 {
        return Ok(Vec::new());
    }
    buffer.to_vec(py)
}

/// States, one a row, of an array whose last dimension has `dim` entries.
pub(crate) fn states(array: &Bound<'_, PyAny>, dim: usize) -> PyResult<Vec<Vec<f64>>> {
    let found = tensor(array)?;
    if found.shape.last() != Some(&dim) {
        return Err(PyValueError::new_err(format!(
            "states have shape {:?}; their last dimension should be {dim}, the state variables of the network",
            found.shape
        )));
    }
    if !found.values.iter().all(|x| x.is_finite()) {
        let text = "the states hold values that are NaN or infinite";
        return Err(PyValueError::new_err(text));
    }
    let rows = found.values.chunks_exact(dim.max(1));
    Ok(rows.map(<[f64]>::to_vec).collect())
}

/// Numbers as the bytes of an array of `float64`.
pub(crate) fn bytes(values: &[f64]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_ne_bytes())
        .collect()
}
