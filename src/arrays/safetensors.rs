//! Arrays of a safetensors file.

use std::collections::BTreeMap;
use std::fs::File;

use safetensors::SafeTensors;
use safetensors::tensor::TensorView;

use super::elements::{ByteOrder, Element};
use super::{Contents, Tensor, Tensors, in_words};
use crate::files;
use crate::guard::caught;
use crate::memory::{available_bytes, size_text};

/// Bytes of the longest header of a safetensors file: one with some hundred thousand tensors.
const MOST_INDEX_BYTES: u64 = 16 << 20;

/// The arrays of an open file of so many bytes.
pub(super) fn safetensors(file: &mut File, length: u64) -> Result<Contents, String> {
    check_index(file, length)?;
    let bytes = files::read_range(file, 0, length).map_err(in_words)?;
    let mut contents = Contents::default();
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| error.to_string())?;
    for (name, text) in header.metadata().iter().flatten() {
        let number = text.trim().parse::<f64>().ok();
        if let Some(number) = number.filter(|number| number.is_finite()) {
            contents.numbers.insert(name.clone(), number);
        }
    }
    for (name, tensor) in from_safetensors(&bytes)? {
        contents.add(name, tensor);
    }
    Ok(contents)
}

/// Checks that the tensors of a safetensors file end where the file ends, before it is read.
fn check_index(file: &mut File, length: u64) -> Result<(), String> {
    let short = || "it is too short for a safetensors file".to_owned();
    let head = files::read_range(file, 0, 8).map_err(|_| short())?;
    let head: [u8; 8] = head.try_into().map_err(|_| short())?;
    let index_bytes = u64::from_le_bytes(head);
    if index_bytes > MOST_INDEX_BYTES || index_bytes.saturating_add(8) > length {
        return Err(format!(
            "its header claims {}, and the file has {}",
            size_text(index_bytes),
            size_text(length)
        ));
    }
    let index = files::read_range(file, 8, index_bytes).map_err(in_words)?;
    let index: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(&index).map_err(|error| format!("invalid header: {error}"))?;
    let ends = index
        .values()
        .filter_map(|info| info.get("data_offsets")?.get(1)?.as_u64());
    let end = ends.max().unwrap_or(0);
    if end.checked_add(8 + index_bytes) != Some(length) {
        return Err(format!(
            "its tensors claim {}, and the file has {}",
            size_text(end),
            size_text(length)
        ));
    }
    // As it is read, and in f64.
    let growth = index.values().filter_map(|info| {
        Some(match info.get("dtype")?.as_str()? {
            "F64" | "I64" | "U64" => 1,
            "F32" | "I32" | "U32" => 2,
            "F16" | "BF16" | "I16" | "U16" => 4,
            _ => 8,
        })
    });
    let taken = length.saturating_mul(1 + growth.max().unwrap_or(0));
    match available_bytes() {
        Some(left) if taken > left => Err(format!(
            "reading its {} takes more than the {} of memory that are free",
            size_text(length),
            size_text(left)
        )),
        _ => Ok(()),
    }
}

/// The arrays of safetensors bytes; the error says in words what is wrong.
pub fn from_safetensors(bytes: &[u8]) -> Result<Tensors, String> {
    let file = caught(|| SafeTensors::deserialize(bytes))?.map_err(|error| error.to_string())?;
    let tensors = file
        .iter()
        .map(|(name, view)| (name.to_owned(), tensor(&view)));
    Ok(tensors.collect())
}

fn tensor(view: &TensorView) -> Tensor {
    let shape = view.shape().to_vec();
    let read = Element::of_safetensors(view.dtype()).and_then(|element| {
        let mut values = Vec::with_capacity(view.data().len() / element.width());
        element.decode(ByteOrder::LittleEndian, view.data(), &mut values)?;
        Ok((element.kind(), values))
    });
    match read {
        Ok((kind, values)) => Tensor::new(kind, values, shape),
        Err(what) => Tensor::unread(shape, what),
    }
}
