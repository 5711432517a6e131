//! Named arrays: what a checkpoint file holds, and what a learning rule remembers.

use crate::simd::Real;

/// A tensor and its name.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTensor {
    /// Name, of its own within the file.
    pub name: String,
    /// Extent of each dimension; empty for a scalar.
    pub shape: Vec<usize>,
    /// The elements, last dimension fastest, as many as the product of `shape`.
    pub values: TensorValues,
}

/// The elements of a tensor.
#[derive(Debug, Clone, PartialEq)]
pub enum TensorValues {
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
}

impl TensorValues {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
        }
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether no element is NaN or infinite.
    pub fn is_finite(&self) -> bool {
        match self {
            Self::F32(values) => values.iter().all(|value| value.is_finite()),
            Self::F64(values) => values.iter().all(|value| value.is_finite()),
        }
    }
}

impl NamedTensor {
    /// A tensor in the precision of its values.
    pub fn new<T: Real>(name: impl Into<String>, shape: &[usize], values: &[T]) -> Self {
        let values = if T::NAME == f64::NAME {
            TensorValues::F64(values.iter().map(|value| value.to_f64()).collect())
        } else {
            TensorValues::F32(values.iter().map(|value| value.to_f64() as f32).collect())
        };
        Self {
            name: name.into(),
            shape: shape.to_vec(),
            values,
        }
    }

    /// Its values, if it has the shape that is needed and all are finite; else says in words what is wrong.
    pub fn finite_values<T: Real>(&self, shape: &[usize]) -> Result<Vec<T>, String> {
        let name = &self.name;
        if self.shape != shape {
            return Err(format!(
                "{name} has shape {:?}, the network needs {shape:?}",
                self.shape
            ));
        }
        if !self.values.is_finite() {
            return Err(format!("{name} holds values that are NaN or infinite"));
        }
        Ok(match &self.values {
            TensorValues::F32(values) => values
                .iter()
                .map(|&value| T::from_f64(value.into()))
                .collect(),
            TensorValues::F64(values) => values.iter().map(|&value| T::from_f64(value)).collect(),
        })
    }
}
