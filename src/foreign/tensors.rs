//! Named arrays of numbers from safetensors, npz and npy files.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read as _};
use std::path::Path;

use half::{bf16, f16};
use npyz::{DType, NpyFile, Order};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

use super::ForeignError;

/// An array of numbers, in f64 whatever it was stored in.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Extent of each dimension.
    pub shape: Vec<usize>,
    /// The elements, last dimension fastest.
    pub values: Vec<f64>,
}

/// The arrays of a file by name; those that hold no floating-point numbers are left out.
pub type Tensors = BTreeMap<String, Tensor>;

/// Reads a file: `.npz` and `.npy` by name, anything else as safetensors (F16, BF16, F32, F64).
pub fn read(path: &Path) -> Result<Tensors, ForeignError> {
    let bytes = fs::read(path).map_err(|source| ForeignError::Read {
        path: path.to_path_buf(),
        source,
    })?;
    let extension = path.extension().and_then(|extension| extension.to_str());
    let (format, tensors) = match extension {
        Some("npz") => ("npz", from_npz(&bytes)),
        Some("npy") => (
            "npy",
            from_npy(&bytes).map(|tensor| single("array", tensor)),
        ),
        _ => ("safetensors", from_safetensors(&bytes)),
    };
    tensors.map_err(|reason| ForeignError::Format {
        path: path.to_path_buf(),
        format,
        reason,
    })
}

fn single(name: &str, tensor: Option<Tensor>) -> Tensors {
    tensor
        .map(|tensor| (name.to_owned(), tensor))
        .into_iter()
        .collect()
}

/// The arrays of safetensors bytes; the error says in words what is wrong.
pub fn from_safetensors(bytes: &[u8]) -> Result<Tensors, String> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let tensors = file.iter().filter_map(|(name, view)| {
        let tensor = Tensor {
            shape: view.shape().to_vec(),
            values: values(&view)?,
        };
        Some((name.to_owned(), tensor))
    });
    Ok(tensors.collect())
}

fn values(view: &TensorView) -> Option<Vec<f64>> {
    fn of<const N: usize>(view: &TensorView, number: impl Fn([u8; N]) -> f64) -> Option<Vec<f64>> {
        let (elements, rest) = view.data().as_chunks::<N>();
        rest.is_empty()
            .then(|| elements.iter().map(|&bytes| number(bytes)).collect())
    }
    match view.dtype() {
        Dtype::F64 => of(view, f64::from_le_bytes),
        Dtype::F32 => of(view, |bytes| f32::from_le_bytes(bytes).into()),
        Dtype::F16 => of(view, |bytes| f16::from_le_bytes(bytes).into()),
        Dtype::BF16 => of(view, |bytes| bf16::from_le_bytes(bytes).into()),
        _ => None,
    }
}

/// The arrays of npz bytes (a zip file of npy files); the error says in words what is wrong.
pub fn from_npz(bytes: &[u8]) -> Result<Tensors, String> {
    let mut archive =
        zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let mut tensors = Tensors::new();
    for place in 0..archive.len() {
        let mut member = archive.by_index(place).map_err(|error| error.to_string())?;
        let name = member.name().map_err(|error| error.to_string())?;
        let Some(name) = name.strip_suffix(".npy").map(str::to_owned) else {
            continue;
        };
        // No more than the archive says: its header may lie about the size.
        let size = member.size();
        let mut content = Vec::new();
        member
            .by_ref()
            .take(size)
            .read_to_end(&mut content)
            .map_err(|error| format!("{name}: {error}"))?;
        if let Some(tensor) = from_npy(&content).map_err(|reason| format!("{name}: {reason}"))? {
            tensors.insert(name, tensor);
        }
    }
    Ok(tensors)
}

/// The array of npy bytes, `None` if it holds no floating-point numbers; the error says in words what is wrong.
pub fn from_npy(bytes: &[u8]) -> Result<Option<Tensor>, String> {
    let file = NpyFile::new(bytes).map_err(|error| error.to_string())?;
    let DType::Plain(kind) = file.dtype() else {
        return Ok(None);
    };
    let shape: Vec<usize> = file.shape().iter().map(|&extent| extent as usize).collect();
    let count = shape
        .iter()
        .try_fold(1_usize, |product, &extent| product.checked_mul(extent));
    if count.is_none_or(|count| count > bytes.len()) {
        return Err(format!("it is too short for an array of shape {shape:?}"));
    }
    let order = file.order();
    let values = match kind.to_string().trim_start_matches(['<', '>', '|', '=']) {
        "f8" => file.into_vec::<f64>(),
        "f4" => file
            .into_vec::<f32>()
            .map(|values| values.into_iter().map(f64::from).collect()),
        _ => return Ok(None),
    };
    let values = values.map_err(|error| error.to_string())?;
    Ok(Some(match order {
        Order::C => Tensor { shape, values },
        Order::Fortran => by_rows(shape, &values),
    }))
}

/// Reorders values whose first dimension runs fastest.
fn by_rows(shape: Vec<usize>, values: &[f64]) -> Tensor {
    let place = |mut row_major: usize| {
        let mut index = vec![0; shape.len()];
        for (i, extent) in shape.iter().enumerate().rev() {
            index[i] = row_major % extent;
            row_major /= extent;
        }
        let strides = index.iter().zip(&shape).rev();
        strides.fold(0, |place, (i, extent)| place * extent + i)
    };
    Tensor {
        values: (0..values.len()).map(|i| values[place(i)]).collect(),
        shape,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn npy(kind: &str, fortran: bool, data: &[u8]) -> Vec<u8> {
        let order = if fortran { "True" } else { "False" };
        let mut header =
            format!("{{'descr': '{kind}', 'fortran_order': {order}, 'shape': (2, 3), }}");
        while (10 + header.len() + 1) % 64 != 0 {
            header.push(' ');
        }
        header.push('\n');
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.bytes());
        bytes.extend(data);
        bytes
    }

    #[test]
    fn arrays_come_by_rows_in_any_order_and_width() {
        let numbers = [1.0_f64, 2.0, 3.0, 4.0, 5.0, 6.0];
        let wide: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        let narrow: Vec<u8> = numbers
            .iter()
            .flat_map(|&x| (x as f32).to_le_bytes())
            .collect();
        let read = |bytes: Vec<u8>| from_npy(&bytes).unwrap().unwrap();
        assert_eq!(read(npy("<f8", false, &wide)).values, numbers);
        assert_eq!(read(npy("<f4", false, &narrow)).values, numbers);
        let by_columns = read(npy("<f8", true, &wide));
        assert_eq!(by_columns.values, [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
        assert_eq!(by_columns.shape, [2, 3]);
        assert_eq!(from_npy(&npy("<i8", false, &wide)).unwrap(), None);
        assert!(from_npy(&npy("<f8", false, &wide[..40])).is_err());
    }

    #[test]
    fn half_precision_is_read_and_integers_are_left_out() {
        let halves: Vec<u8> = [f16::from_f64(0.5), f16::from_f64(-2.0)]
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        let views = [
            (
                "w",
                TensorView::new(Dtype::F16, vec![1, 2], &halves).unwrap(),
            ),
            (
                "steps",
                TensorView::new(Dtype::I16, vec![2], &halves).unwrap(),
            ),
        ];
        let tensors = from_safetensors(&safetensors::serialize(views, None).unwrap()).unwrap();
        assert_eq!(tensors.len(), 1);
        assert_eq!(tensors["w"].values, [0.5, -2.0]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_parser_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300), magic in 0..3) {
            let prefixes: [&[u8]; 3] = [b"", b"\x93NUMPY\x01\x00", b"PK\x03\x04"];
            bytes.splice(0..0, prefixes[magic as usize].iter().copied());
            let _ = (from_npy(&bytes), from_npz(&bytes), from_safetensors(&bytes));
        }

        #[test]
        fn no_damage_to_a_sound_file_makes_a_parser_panic(place in 0..200_usize, byte in any::<u8>()) {
            let mut bytes = npy("<f8", false, &[0; 48]);
            let place = place % bytes.len();
            bytes[place] = byte;
            let _ = from_npy(&bytes);
        }
    }
}
