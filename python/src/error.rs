//! The exception that errors of the library become.

use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

create_exception!(
    creode,
    CreodeError,
    PyException,
    "What the library could not do, in its own words."
);

/// An error of the library as an exception. Where its words name an option of the command line, they also say what that is in
/// Python.
pub(crate) fn raised(error: &dyn std::fmt::Display) -> PyErr {
    let mut text = error.to_string();
    if text.contains("--map ") {
        text.push_str(" (in Python: `names={\"PART\": \"NAME\"}` for `--map PART=NAME`)");
    } else if text.contains(" --") || text.contains("`--") {
        text.push_str(" (in Python, options are keyword arguments of the same name)");
    }
    CreodeError::new_err(text)
}
