//! Named arrays of numbers from the files of other programs: safetensors, npz, npy, and what `torch.save` writes.
//!
//! [`read_contents`] gives all that a file tells, [`read`] its arrays alone. What a file is, its first bytes tell, not its
//! name; one that is not read is refused with the lines of Python that convert it.
//!
//! Nothing in a file is believed, and nothing in it is run: sizes are held against what is there before memory is taken, an
//! archive may not unpack to many times its size, the checksum of each of its members must fit, and the pickle of a PyTorch
//! file may only build tensors, containers, numbers and text.
//!
//! All numbers become f64, exactly. Arrays of something else (complex numbers, text, integers that f64 does not hold) stay
//! in the list with their shape and no values, as [`NumberKind::Unread`], so that whoever needs one can say why it is of no
//! use. Arrays in any order come by rows.

mod archive;
mod budget;
pub(crate) mod columns;
mod elements;
mod layout;
mod npy;
mod recognised;
mod safetensors;
mod texts;
mod torch;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::files;
use crate::text::{escaped, shown};
use archive::Archive;
use budget::Budget;
use recognised::{ArchiveKind, FileKind, Refused};

pub(crate) use texts::texts_in_npz;

pub use npy::{from_npy, from_npz};
pub use safetensors::from_safetensors;
pub use torch::{LoadStorage, from_pickle, from_torch};

/// What the elements of an array were in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NumberKind {
    /// Floating-point numbers of any width.
    Float,
    /// Integers of any width, with or without sign.
    Integer,
    /// 0 for false, 1 for true.
    Boolean,
    /// Something else, in words; there are no values.
    Unread(String),
}

/// An array of numbers, in f64 whatever it was stored in.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// What its elements were in the file.
    pub kind: NumberKind,
    /// Extent of each dimension.
    pub shape: Vec<usize>,
    /// The elements, last dimension fastest; none of a tensor that is [`NumberKind::Unread`].
    pub values: Vec<f64>,
}

impl Tensor {
    /// An array of floating-point numbers; `values` are as many as the product of `shape`.
    pub fn of_floats(shape: Vec<usize>, values: Vec<f64>) -> Self {
        Self::new(NumberKind::Float, values, shape)
    }

    fn new(kind: NumberKind, values: Vec<f64>, shape: Vec<usize>) -> Self {
        Self {
            kind,
            shape,
            values,
        }
    }

    /// An array of `what`, which is not read.
    fn unread(shape: Vec<usize>, what: String) -> Self {
        Self::new(NumberKind::Unread(what), Vec::new(), shape)
    }

    /// Whether it held floating-point numbers.
    pub fn is_float(&self) -> bool {
        self.kind == NumberKind::Float
    }

    /// Whether it held floating-point numbers or integers, of which all values are there.
    pub fn is_numeric(&self) -> bool {
        matches!(self.kind, NumberKind::Float | NumberKind::Integer)
    }
}

/// The arrays of a file by name.
pub type Tensors = BTreeMap<String, Tensor>;

/// What a file tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Contents {
    /// Its arrays.
    pub tensors: Tensors,
    /// Single numbers beside them, such as `epoch` and `global_step` of a PyTorch checkpoint: plain ones, arrays without
    /// dimensions (which are among the arrays, too), numbers in the metadata of a safetensors file.
    pub numbers: BTreeMap<String, f64>,
    /// What the reader did that is not plain, one sentence each: which part of a checkpoint was taken and which was left out.
    pub notes: Vec<String>,
}

impl Contents {
    fn add(&mut self, name: String, tensor: Tensor) {
        if let (true, [], [number]) = (tensor.is_numeric(), &tensor.shape[..], &tensor.values[..]) {
            self.numbers.insert(name.clone(), *number);
        }
        self.tensors.insert(name, tensor);
    }

    fn add_array(&mut self, name: String, array: npy::Array) {
        if let Some(remark) = array.remark {
            self.notes.push(format!("`{}`: {remark}", escaped(&name)));
        }
        self.add(name, array.tensor);
    }
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
    /// The file is damaged, or holds what is not read.
    #[error("{} is no {format} file that can be read: {reason}", shown(path))]
    Format {
        /// The file.
        path: PathBuf,
        /// The format that its first bytes tell, or else its name.
        format: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is of a format that is not read.
    #[error("{} is {what}. {way_out}", shown(path))]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: String,
        /// How to make a file of it that is read: often a few lines of Python.
        way_out: String,
    },
}

/// The arrays of a file: [`read_contents`] without what stands beside them.
///
/// # Errors
/// As [`read_contents`].
pub fn read(path: &Path) -> Result<Tensors, ArraysError> {
    Ok(read_contents(path)?.tensors)
}

/// Reads a file of arrays: safetensors, npz, npy (its array is called `array`), or PyTorch's zip of `torch.save`.
///
/// # Errors
/// The file cannot be read, is of another format, claims more than it holds, has a member with a wrong checksum, or would run
/// code if Python loaded it.
pub fn read_contents(path: &Path) -> Result<Contents, ArraysError> {
    let unsupported = |Refused { what, way_out }| ArraysError::Unsupported {
        path: path.to_path_buf(),
        what,
        way_out,
    };
    if path.is_dir() {
        return Err(unsupported(recognised::folder(path)));
    }
    let read_error = |source| ArraysError::Read {
        path: path.to_path_buf(),
        source,
    };
    let mut file = files::open(path).map_err(read_error)?;
    let length = file.metadata().map_err(read_error)?.len();
    let kind = recognised::of_file(path, &mut file, length).map_err(read_error)?;
    let (format, contents) = match kind {
        FileKind::Npy => ("npy", npy_contents(file, length)),
        FileKind::Safetensors => ("safetensors", safetensors::safetensors(&mut file, length)),
        FileKind::Zip => match Archive::open(BufReader::new(file), length) {
            Ok(mut archive) => match recognised::of_archive(path, archive.names()) {
                ArchiveKind::Npz => ("npz", npy::npz(&mut archive)),
                ArchiveKind::Torch => ("PyTorch", torch::torch(&mut archive)),
                ArchiveKind::Refused(refused) => return Err(unsupported(refused)),
            },
            Err(reason) => (
                recognised::format_by_name(path).unwrap_or("zip"),
                Err(reason),
            ),
        },
        FileKind::Damaged { format } => (format, Err("it does not begin as one does".to_owned())),
        FileKind::Refused(refused) => return Err(unsupported(refused)),
    };
    contents.map_err(|reason| ArraysError::Format {
        path: path.to_path_buf(),
        format,
        reason,
    })
}

fn npy_contents(file: File, length: u64) -> Result<Contents, String> {
    let mut contents = Contents::default();
    let array = npy::npy(&mut BufReader::new(file), length, &mut Budget::of(length))?;
    contents.add_array("array".to_owned(), array);
    Ok(contents)
}

#[allow(clippy::needless_pass_by_value)] // It is what `map_err` hands over.
fn in_words(error: io::Error) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests;
