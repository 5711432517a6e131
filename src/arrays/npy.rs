//! Arrays of NumPy: npy, and npz, a zip of them.

use std::io::{self, Cursor, Read, Seek};

use npyz::{NpyFile, Order};

use super::archive::Archive;
use super::budget::Budget;
use super::elements::{ByteOrder, Element};
use super::recognised::NPY;
use super::{Contents, Tensor, in_words, layout};
use crate::guard::caught;
use crate::memory::size_text;

/// Bytes of the longest header of an array.
const MOST_HEADER_BYTES: u64 = 1 << 16;
/// Brackets within brackets in the header of an array: those of a record of records need six. Its parser tries each of them
/// more than once, so the time that it takes doubles with every one.
const MOST_HEADER_DEPTH: usize = 6;
/// Bytes decoded at once: a whole number of elements of any width.
const PIECE_BYTES: u64 = 1 << 16;

/// The arrays of npz bytes (a zip file of npy files); the error says in words what is wrong.
pub fn from_npz(bytes: &[u8]) -> Result<super::Tensors, String> {
    let mut archive = Archive::open(Cursor::new(bytes), bytes.len() as u64)?;
    Ok(npz(&mut archive)?.tensors)
}

/// The arrays of an archive of npy files.
pub(super) fn npz<R: Read + Seek>(archive: &mut Archive<R>) -> Result<Contents, String> {
    let mut contents = Contents::default();
    let mut budget = Budget::of(archive.file_bytes());
    let names: Vec<String> = archive.names().map(str::to_owned).collect();
    for file_name in names {
        let Some(name) = file_name.strip_suffix(NPY) else {
            continue;
        };
        let array = archive.read_member(&file_name, name, MOST_HEADER_BYTES, |member, size| {
            npy(member, size, &mut budget)
        })?;
        contents.add_array(name.to_owned(), array);
    }
    Ok(contents)
}

/// The array of npy bytes; the error says in words what is wrong.
pub fn from_npy(bytes: &[u8]) -> Result<Tensor, String> {
    let length = bytes.len() as u64;
    let array = npy(&mut Cursor::new(bytes), length, &mut Budget::of(length))?;
    Ok(array.tensor)
}

/// An array and what there is to say of it.
pub(super) struct Array {
    pub(super) tensor: Tensor,
    pub(super) remark: Option<String>,
}

/// Reads an array of a file, or of a member of an archive, that claims `length` bytes.
pub(super) fn npy(
    reader: &mut dyn Read,
    length: u64,
    budget: &mut Budget,
) -> Result<Array, String> {
    let header = npy_header(reader)?;
    let data_bytes = length.saturating_sub(header.len() as u64);
    let file = caught(|| NpyFile::new(header.as_slice()))?.map_err(in_words)?;
    let dtype = file.dtype();
    let shape: Vec<usize> = file.shape().iter().map(|&extent| extent as usize).collect();
    let (element, byte_order) = match Element::of_npy(&dtype) {
        Ok(read) => read,
        Err(what) => return skipped(shape, what, reader, data_bytes, budget),
    };
    let count = layout::count(&shape).map(|count| count as u64);
    let is_there = |count: &u64| {
        let bytes = count.checked_mul(element.width() as u64);
        bytes.is_some_and(|bytes| bytes <= data_bytes)
    };
    let Some(count) = count.filter(is_there) else {
        return Err(format!("it is too short for an array of shape {shape:?}"));
    };
    // Those of another order are copied once more.
    budget.take(count * (1 + u64::from(file.order() == Order::Fortran)))?;
    let tensor = match values(reader, element, byte_order, count)? {
        Err(what) => Tensor::unread(shape, what),
        Ok(values) if file.order() == Order::Fortran => {
            let strides = layout::column_strides(&shape);
            let values = layout::places(&shape, &strides).map(|place| values[place]);
            Tensor::new(element.kind(), values.collect(), shape)
        }
        Ok(values) => Tensor::new(element.kind(), values, shape),
    };
    let remark = (element == Element::Bf16)
        .then(|| "its elements are two raw bytes each, taken for bfloat16".to_owned());
    Ok(Array { tensor, remark })
}

/// The values, or what they are if f64 does not hold them.
fn values(
    reader: &mut dyn Read,
    element: Element,
    order: ByteOrder,
    count: u64,
) -> Result<Result<Vec<f64>, String>, String> {
    let mut values = Vec::with_capacity(count as usize);
    let mut left = count * element.width() as u64;
    let mut piece = Vec::new();
    let mut exact = Ok(());
    while left > 0 {
        piece.clear();
        let wanted = left.min(PIECE_BYTES);
        let read = (&mut *reader).take(wanted).read_to_end(&mut piece);
        if (read.map_err(in_words)? as u64) < wanted {
            return Err("it ends within its array".to_owned());
        }
        if exact.is_ok() {
            exact = element.decode(order, &piece, &mut values);
        }
        left -= wanted;
    }
    Ok(exact.map(|()| values))
}

/// Reads over an array that is of no use here.
fn skipped(
    shape: Vec<usize>,
    what: String,
    reader: &mut dyn Read,
    data_bytes: u64,
    budget: &mut Budget,
) -> Result<Array, String> {
    budget.take(data_bytes / 8)?;
    io::copy(&mut reader.take(data_bytes), &mut io::sink()).map_err(in_words)?;
    Ok(Array {
        tensor: Tensor::unread(shape, what),
        remark: None,
    })
}

/// The bytes of a header with what stands before it, of which no more is read than a header can have.
fn npy_header(reader: &mut dyn Read) -> Result<Vec<u8>, String> {
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
