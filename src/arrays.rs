//! Named arrays of numbers from safetensors, npz and npy files.
//!
//! Nothing in them is believed: sizes are held against what is there before memory is taken, an npz may not unpack to many
//! times its size, and the checksum of each of its members must fit.
//!
//! All numbers become f64, exactly. Integer arrays (counters, masks) are left out without a word, since neither a network
//! nor a trajectory is made of them; arrays in Fortran order are brought into C order.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use npyz::{DType, NpyFile, Order};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use thiserror::Error;

use crate::files;
use crate::guard::caught;
use crate::memory::{available_bytes, size_text};
use crate::text::{escaped, shown};

/// Bytes that the arrays of a small file may take in memory; a larger file may take [`MOST_GROWTH`] times its own size.
const MOST_SMALL_BYTES: u64 = 192 << 20;
/// Half precision on disk is double precision in memory: four times the size. Twice that for what compresses.
const MOST_GROWTH: u64 = 8;
/// Bytes of the longest header of an array.
const MOST_HEADER_BYTES: u64 = 1 << 16;
/// Brackets within brackets in the header of an array: those of a record of records need six. Its parser tries each of them
/// more than once, so the time that it takes doubles with every one.
const MOST_HEADER_DEPTH: usize = 6;
/// Bytes of the longest header of a safetensors file: one with some hundred thousand tensors.
const MOST_INDEX_BYTES: u64 = 16 << 20;

/// An array of numbers, in f64 whatever it was stored in.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Extent of each dimension.
    pub shape: Vec<usize>,
    /// The elements, last dimension fastest.
    pub values: Vec<f64>,
}

impl Tensor {
    /// An array of floating-point numbers; `values` are as many as the product of `shape`.
    pub fn of_floats(shape: Vec<usize>, values: Vec<f64>) -> Self {
        Self { shape, values }
    }
}

/// The arrays of a file by name; those that hold no floating-point numbers are left out.
pub type Tensors = BTreeMap<String, Tensor>;

/// Which arrays are of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kinds {
    /// Those of floating-point numbers.
    Real,
    /// Those of whole numbers and of truth values, 0 and 1, as well.
    Any,
}

/// Why the arrays of a file could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ArraysError {
    /// The file could not be read.
    #[error("cannot read {}: {source}", shown(path))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is not of the format that its name promises.
    #[error("{} is no {format} file that can be read: {reason}", shown(path))]
    Format {
        /// The file.
        path: PathBuf,
        /// The format expected.
        format: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// Reads a file: `.npz` and `.npy` by name, anything else as safetensors (F16, BF16, F32, F64).
///
/// # Errors
/// The file cannot be read, is not of its format, claims more than it holds, or has a member with a wrong checksum.
pub fn read(path: &Path) -> Result<Tensors, ArraysError> {
    let read_error = |source| ArraysError::Read {
        path: path.to_path_buf(),
        source,
    };
    let mut file = files::open(path).map_err(read_error)?;
    let length = file.metadata().map_err(read_error)?.len();
    let extension = path.extension().and_then(|extension| extension.to_str());
    let (format, tensors) = match extension {
        Some("npz") => ("npz", npz(&mut BufReader::new(file), length, Kinds::Real)),
        Some("npy") => {
            let array = npy(
                &mut BufReader::new(file),
                length,
                Kinds::Real,
                &mut Budget::of(length),
            );
            ("npy", array.map(|tensor| single("array", tensor)))
        }
        _ => {
            let bytes = check_index(&mut file, length)
                .and_then(|()| files::read_range(&mut file, 0, length).map_err(in_words));
            (
                "safetensors",
                bytes.and_then(|bytes| from_safetensors(&bytes)),
            )
        }
    };
    tensors.map_err(|reason| ArraysError::Format {
        path: path.to_path_buf(),
        format,
        reason,
    })
}

#[allow(clippy::needless_pass_by_value)] // It is what `map_err` hands over.
fn in_words(error: io::Error) -> String {
    error.to_string()
}

/// The memory that the arrays of a file may take.
struct Budget {
    file_bytes: u64,
    left: u64,
}

impl Budget {
    fn of(file_bytes: u64) -> Self {
        let most = MOST_SMALL_BYTES.max(file_bytes.saturating_mul(MOST_GROWTH));
        Self {
            file_bytes,
            left: most.min(available_bytes().unwrap_or(u64::MAX)),
        }
    }

    /// Takes so many numbers, or says in words that there are too many.
    fn take(&mut self, count: u64) -> Result<(), String> {
        let bytes = count.saturating_mul(8);
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(format!(
                "it claims to unpack to {}, and the file has {}: too much for what it can hold or for the memory there is. \
                 If it is right, save it without compression (`numpy.savez`)",
                size_text(bytes),
                size_text(self.file_bytes)
            )),
        }
    }
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
    let width = if index
        .values()
        .any(|info| info.get("dtype") == Some(&"F64".into()))
    {
        1
    } else {
        2
    };
    match available_bytes() {
        Some(left) if length.saturating_mul(1 + width) > left => Err(format!(
            "reading its {} takes more than the {} of memory that are free",
            size_text(length),
            size_text(left)
        )),
        _ => Ok(()),
    }
}

fn single(name: &str, tensor: Option<Tensor>) -> Tensors {
    tensor
        .map(|tensor| (name.to_owned(), tensor))
        .into_iter()
        .collect()
}

/// The arrays of safetensors bytes; the error says in words what is wrong.
pub fn from_safetensors(bytes: &[u8]) -> Result<Tensors, String> {
    let file = caught(|| SafeTensors::deserialize(bytes))?.map_err(|error| error.to_string())?;
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
    npz(&mut Cursor::new(bytes), bytes.len() as u64, Kinds::Real)
}

/// As [`from_npz`], with arrays of whole numbers and of truth values (0 and 1) among them.
pub fn all_from_npz(bytes: &[u8]) -> Result<Tensors, String> {
    npz(&mut Cursor::new(bytes), bytes.len() as u64, Kinds::Any)
}

fn npz(file: &mut (impl Read + Seek), length: u64, kinds: Kinds) -> Result<Tensors, String> {
    caught(|| {
        let mut archive = zip::ZipArchive::new(file).map_err(|error| error.to_string())?;
        let mut budget = Budget::of(length);
        let mut tensors = Tensors::new();
        for place in 0..archive.len() {
            let mut member = archive.by_index(place).map_err(|error| error.to_string())?;
            let name = member.name().map_err(|error| error.to_string())?;
            let Some(name) = name.strip_suffix(".npy").map(str::to_owned) else {
                continue;
            };
            let size = member.size();
            let array = npy(&mut member, size, kinds, &mut budget);
            // The checksum is compared where the member ends; a member whose content makes no sense may be damaged, too.
            let rest = io::copy(&mut (&mut member).take(MOST_HEADER_BYTES), &mut io::sink());
            if rest
                .as_ref()
                .is_err_and(|error| error.kind() == io::ErrorKind::InvalidData)
            {
                return Err(format!(
                    "the checksum of {} does not match: the file is damaged; copy or save it again",
                    escaped(&name)
                ));
            }
            let named = |reason: String| format!("{}: {reason}", escaped(&name));
            let array = array.map_err(named)?;
            if rest.map_err(in_words).map_err(named)? > 0 {
                return Err(named("there is more in it than its array".to_owned()));
            }
            if let Some(tensor) = array {
                tensors.insert(name, tensor);
            }
        }
        Ok(tensors)
    })?
}

/// The array of npy bytes, `None` if it holds no floating-point numbers; the error says in words what is wrong.
pub fn from_npy(bytes: &[u8]) -> Result<Option<Tensor>, String> {
    let length = bytes.len() as u64;
    let mut reader = Cursor::new(bytes);
    npy(&mut reader, length, Kinds::Real, &mut Budget::of(length))
}

/// Reads an array of a file, or of a member of an archive, that claims `length` bytes.
fn npy(
    reader: &mut impl Read,
    length: u64,
    kinds: Kinds,
    budget: &mut Budget,
) -> Result<Option<Tensor>, String> {
    let header = npy_header(reader)?;
    let data_bytes = length.saturating_sub(header.len() as u64);
    let data = Cursor::new(header).chain(reader);
    let file = caught(|| NpyFile::new(data))?.map_err(in_words)?;
    let DType::Plain(kind) = file.dtype() else {
        return skipped(file, data_bytes, budget);
    };
    let shape: Vec<usize> = file.shape().iter().map(|&extent| extent as usize).collect();
    let kind = kind.to_string();
    let kind = kind.trim_start_matches(['<', '>', '|', '=']);
    let width = match (kind, kinds) {
        ("f8", _) | ("i8" | "u8", Kinds::Any) => 8,
        ("f4", _) | ("i4" | "u4", Kinds::Any) => 4,
        ("i2" | "u2", Kinds::Any) => 2,
        ("i1" | "u1" | "b1", Kinds::Any) => 1,
        _ => return skipped(file, data_bytes, budget),
    };
    let count = shape
        .iter()
        .try_fold(1_u64, |product, &extent| product.checked_mul(extent as u64));
    let count = count.filter(|count| count.checked_mul(width).is_some_and(|of| of <= data_bytes));
    let Some(count) = count else {
        return Err(format!("it is too short for an array of shape {shape:?}"));
    };
    let order = file.order();
    // Those of another order are copied once more.
    budget.take(count * (1 + u64::from(order == Order::Fortran)))?;
    let values = in_f64(file, kind).map_err(in_words)?;
    Ok(Some(match order {
        Order::C => Tensor { shape, values },
        Order::Fortran => by_rows(shape, &values),
    }))
}

/// The numbers of an array of a kind that numpy names so.
fn in_f64<R: Read>(file: NpyFile<R>, kind: &str) -> io::Result<Vec<f64>> {
    fn of<T: npyz::Deserialize, R: Read>(
        file: NpyFile<R>,
        number: impl Fn(T) -> f64,
    ) -> io::Result<Vec<f64>> {
        Ok(file.into_vec::<T>()?.into_iter().map(number).collect())
    }
    match kind {
        "f8" => file.into_vec(),
        "f4" => of(file, |x: f32| x.into()),
        "i8" => of(file, |x: i64| x as f64),
        "u8" => of(file, |x: u64| x as f64),
        "i4" => of(file, |x: i32| x.into()),
        "u4" => of(file, |x: u32| x.into()),
        "i2" => of(file, |x: i16| x.into()),
        "u2" => of(file, |x: u16| x.into()),
        "i1" => of(file, |x: i8| x.into()),
        "u1" => of(file, |x: u8| x.into()),
        _ => of(file, |x: bool| f64::from(u8::from(x))),
    }
}

/// Reads over an array that is of no use here.
fn skipped<R: Read>(
    file: NpyFile<R>,
    data_bytes: u64,
    budget: &mut Budget,
) -> Result<Option<Tensor>, String> {
    budget.take(data_bytes / 8)?;
    let mut rest = file.into_inner().take(data_bytes);
    match io::copy(&mut rest, &mut io::sink()) {
        // What is wrong with it is seen where it ends.
        Ok(_) | Err(_) => Ok(None),
    }
}

/// The bytes of a header with what stands before it, of which no more is read than a header can have.
fn npy_header(reader: &mut impl Read) -> Result<Vec<u8>, String> {
    const MAGIC: &[u8] = b"\x93NUMPY";
    let mut header = vec![0; 8];
    reader.read_exact(&mut header).map_err(in_words)?;
    if !header.starts_with(MAGIC) {
        return Err("it does not begin as an npy file does".to_owned());
    }
    let digits = if header[6] == 1 { 2 } else { 4 };
    let mut length = [0; 8];
    reader.read_exact(&mut length[..digits]).map_err(in_words)?;
    header.extend(&length[..digits]);
    let length = u64::from_le_bytes(length);
    if length > MOST_HEADER_BYTES {
        return Err(format!("its header claims {}", size_text(length)));
    }
    let read = reader.take(length).read_to_end(&mut header);
    read.map_err(in_words)?;
    check_depth(&header[8 + digits..])?;
    Ok(header)
}

/// Refuses a header that is more than one dictionary of lists and tuples a few deep, wherever its quotation marks stand.
fn check_depth(header: &[u8]) -> Result<(), String> {
    let (mut depth, mut dictionaries) = (0_usize, 0);
    for byte in header {
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        dictionaries += usize::from(*byte == b'{');
        if depth > MOST_HEADER_DEPTH || dictionaries > 1 {
            return Err(
                "its header is no description of an array: brackets within brackets".to_owned(),
            );
        }
    }
    Ok(())
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
#[path = "arrays_tests.rs"]
mod tests;
