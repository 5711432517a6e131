//! The file format of checkpoints: safetensors, written so that the same content gives the same bytes.
//!
//! The crate writes its metadata in the order of a hash map, which differs from process to process, so the
//! header (8 bytes of length, JSON, padding) is written here; reading, with all its checks, is the crate's.
//!
//! Tensors are little-endian, f64 before f32 so that each lies at a multiple of its element size, and by name
//! within a format. PyTorch, JAX and NumPy read the files with the `safetensors` package. Beside the parameters a
//! file holds what the learning rule remembers, and in its metadata the place in the curriculum.

use std::collections::BTreeMap;

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensorError, SafeTensors};
use serde_json::{Map, Value, json};

use super::error::TraceError;
use crate::tensors::{NamedTensor, TensorValues};

/// The content of a checkpoint file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CheckpointFile {
    /// The tensors; read back f64 first, then f32, each by name.
    pub tensors: Vec<NamedTensor>,
    /// Texts beside the tensors.
    pub metadata: BTreeMap<String, String>,
}

impl CheckpointFile {
    /// The tensor of that name.
    pub fn tensor(&self, name: &str) -> Option<&NamedTensor> {
        self.tensors.iter().find(|tensor| tensor.name == name)
    }

    /// The safetensors bytes. The same content, tensors in any order, gives the same bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TraceError> {
        let mut tensors: Vec<&NamedTensor> = self.tensors.iter().collect();
        // f64 first, so that every tensor lies at a multiple of its element size.
        tensors.sort_by_key(|tensor| (matches!(tensor.values, TensorValues::F32(_)), &tensor.name));
        let mut header = Map::new();
        if !self.metadata.is_empty() {
            header.insert("__metadata__".to_owned(), json!(self.metadata));
        }
        let mut data = Vec::new();
        for tensor in tensors {
            let begin = data.len();
            append_to(&tensor.values, &mut data);
            let info = json!({
                "dtype": dtype_name(&tensor.values),
                "shape": tensor.shape,
                "data_offsets": [begin, data.len()],
            });
            check(tensor)?;
            if header.insert(tensor.name.clone(), info).is_some() {
                return Err(invalid(format!("two tensors are named `{}`", tensor.name)));
            }
        }
        let mut header = Value::Object(header).to_string().into_bytes();
        header.resize(header.len().next_multiple_of(8), b' ');
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.append(&mut header);
        bytes.append(&mut data);
        Ok(bytes)
    }

    /// Reads safetensors bytes whose tensors are all F32 or F64.
    ///
    /// # Errors
    /// [`TraceError::Checkpoint`]: no safetensors, tensors of another type, or a header that contradicts the length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TraceError> {
        let unreadable = |error: SafeTensorError| invalid(error.to_string());
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(unreadable)?;
        let metadata = header
            .metadata()
            .iter()
            .flatten()
            .map(|(key, text)| (key.clone(), text.clone()))
            .collect();
        let file = SafeTensors::deserialize(bytes).map_err(unreadable)?;
        let mut tensors: Vec<NamedTensor> = file
            .iter()
            .map(|(name, view)| from_view(name, &view))
            .collect::<Result<_, _>>()?;
        tensors.sort_by(|a, b| {
            let is_f32 = |tensor: &NamedTensor| matches!(tensor.values, TensorValues::F32(_));
            is_f32(a).cmp(&is_f32(b)).then_with(|| a.name.cmp(&b.name))
        });
        Ok(Self { tensors, metadata })
    }
}

fn dtype_name(values: &TensorValues) -> &'static str {
    match values {
        TensorValues::F32(_) => "F32",
        TensorValues::F64(_) => "F64",
    }
}

fn append_to(values: &TensorValues, bytes: &mut Vec<u8>) {
    match values {
        TensorValues::F32(values) => {
            bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        }
        TensorValues::F64(values) => {
            bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        }
    }
}

/// Whether a tensor can be written as it is.
fn check(tensor: &NamedTensor) -> Result<(), TraceError> {
    let demanded: usize = tensor.shape.iter().product();
    if demanded != tensor.values.len() {
        let count = tensor.values.len();
        return Err(invalid(format!(
            "tensor `{}` of shape {:?} has {count} values",
            tensor.name, tensor.shape
        )));
    }
    if tensor.name == "__metadata__" {
        return Err(invalid("no tensor can be named `__metadata__`".to_owned()));
    }
    Ok(())
}

fn from_view(name: &str, view: &TensorView) -> Result<NamedTensor, TraceError> {
    let values = match view.dtype() {
        Dtype::F32 => TensorValues::F32(
            view.data()
                .as_chunks()
                .0
                .iter()
                .map(|b| f32::from_le_bytes(*b))
                .collect(),
        ),
        Dtype::F64 => TensorValues::F64(
            view.data()
                .as_chunks()
                .0
                .iter()
                .map(|b| f64::from_le_bytes(*b))
                .collect(),
        ),
        other => {
            return Err(invalid(format!(
                "tensor `{name}` is {other:?}, not F32 or F64"
            )));
        }
    };
    Ok(NamedTensor {
        name: name.to_owned(),
        shape: view.shape().to_vec(),
        values,
    })
}

fn invalid(reason: String) -> TraceError {
    TraceError::Checkpoint { reason }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn sample() -> CheckpointFile {
        let tensor = |name: &str, shape: &[usize], values| NamedTensor {
            name: name.into(),
            shape: shape.into(),
            values,
        };
        CheckpointFile {
            tensors: vec![
                tensor(
                    "moment",
                    &[2],
                    TensorValues::F64(vec![0.1, -f64::MIN_POSITIVE]),
                ),
                tensor(
                    "bias",
                    &[3],
                    TensorValues::F32(vec![1.0, f32::INFINITY, -0.0]),
                ),
                tensor("weight", &[1, 2], TensorValues::F32(vec![2.5, 3.5])),
            ],
            metadata: (0..20)
                .map(|i| (format!("key{i}"), format!("\"text\" {i} ½")))
                .collect(),
        }
    }

    #[test]
    fn content_comes_back_and_the_crate_agrees_on_the_format() {
        let bytes = sample().to_bytes().unwrap();
        assert_eq!(CheckpointFile::from_bytes(&bytes).unwrap(), sample());
        let read = SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(read.tensor("weight").unwrap().shape(), [1, 2]);
        let empty = CheckpointFile::default();
        assert_eq!(
            CheckpointFile::from_bytes(&empty.to_bytes().unwrap()).unwrap(),
            empty
        );
    }

    #[test]
    fn order_of_tensors_does_not_change_the_bytes() {
        let mut other = sample();
        other.tensors.reverse();
        assert_eq!(other.to_bytes().unwrap(), sample().to_bytes().unwrap());
    }

    #[test]
    fn what_cannot_be_written_or_read_names_the_tensor() {
        let mut wrong_shape = sample();
        wrong_shape.tensors[1].shape = vec![4];
        assert!(
            wrong_shape
                .to_bytes()
                .unwrap_err()
                .to_string()
                .contains("`bias` of shape [4] has 3 values")
        );
        let mut twice = sample();
        twice.tensors[1].name = "weight".into();
        assert!(
            twice
                .to_bytes()
                .unwrap_err()
                .to_string()
                .contains("two tensors are named `weight`")
        );

        let half = SafeTensors::deserialize(b"\x10\0\0\0\0\0\0\0{}");
        assert!(half.is_err());
        let bytes = sample().to_bytes().unwrap();
        assert!(CheckpointFile::from_bytes(&bytes[..bytes.len() - 1]).is_err());
        let integers = TensorView::new(Dtype::I32, vec![1], &[0; 4]).unwrap();
        let bytes = safetensors::serialize([("count", integers)], None).unwrap();
        assert!(
            CheckpointFile::from_bytes(&bytes)
                .unwrap_err()
                .to_string()
                .contains("`count` is I32")
        );
    }
}
