//! What `torch.save` writes since PyTorch 1.6: a zip file with a pickle, which says what the tensors are, and a member for the
//! numbers of each storage.
//!
//! [`pickle`] runs the instructions of the pickle, of which [`globals`] knows the few that may call something; [`state_dict`]
//! finds the network in what they build; here its tensors get their numbers.

mod globals;
mod opcodes;
mod pickle;
mod state_dict;
mod value;

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Seek};

use self::value::{NumpyArray, Object, Objects, View};
use super::archive::Archive;
use super::budget::Budget;
use super::elements::{ByteOrder, Element};
use super::{Contents, Tensor, in_words, layout};
use crate::guard::caught;
use crate::memory::size_text;

/// Bytes of the longest pickle: one with some hundred thousand tensors.
const MOST_PICKLE_BYTES: u64 = 64 << 20;
const PICKLE: &str = "data.pkl";
/// Elements of a tensor that may have more of them than its storage, because it repeats them (`expand`).
const MOST_REPEATED: usize = 1 << 20;

/// Gives the bytes of a storage by its key, as many as the second argument says; the error says in words why it cannot.
pub type LoadStorage<'a> = dyn FnMut(&str, u64) -> Result<Vec<u8>, String> + 'a;

/// The contents of the bytes of a PyTorch file; the error says in words what is wrong.
pub fn from_torch(bytes: &[u8]) -> Result<Contents, String> {
    torch(&mut Archive::open(Cursor::new(bytes), bytes.len() as u64)?)
}

/// The contents of the pickle of a PyTorch file, whose storages (little-endian) `load` gives by key and length in bytes; the
/// error says in words what is wrong.
pub fn from_pickle(pickle: &[u8], load: &mut LoadStorage) -> Result<Contents, String> {
    let budget = Budget::of(pickle.len() as u64);
    caught(|| contents(pickle, ByteOrder::LittleEndian, budget, load))?
}

/// The contents of the archive of a PyTorch file.
pub(super) fn torch<R: Read + Seek>(archive: &mut Archive<R>) -> Result<Contents, String> {
    let mut folders = archive.names().filter_map(|name| {
        let folder = name.strip_suffix(PICKLE)?;
        (folder.is_empty() || folder.ends_with('/')).then(|| folder.to_owned())
    });
    let folder = match (folders.next(), folders.next()) {
        (Some(folder), None) => folder,
        (None, _) => return Err(format!("it has no {PICKLE}")),
        _ => return Err(format!("it has more than one {PICKLE}")),
    };
    drop(folders);
    let has_order = archive
        .names()
        .any(|name| name.strip_prefix(&folder) == Some("byteorder"));
    let order = if has_order {
        let order = read_whole(archive, &folder, "byteorder", 16)?;
        match order.as_slice() {
            b"little" => ByteOrder::LittleEndian,
            b"big" => ByteOrder::BigEndian,
            _ => return Err("its order of bytes is neither little nor big".to_owned()),
        }
    } else {
        ByteOrder::LittleEndian
    };
    let pickle = read_whole(archive, &folder, PICKLE, MOST_PICKLE_BYTES)?;
    let budget = Budget::of(archive.file_bytes());
    let lender = Budget::of(archive.file_bytes());
    caught(|| {
        contents(&pickle, order, budget, &mut |key, bytes| {
            lender.lend(bytes)?;
            let member = format!("data/{key}");
            let data = read_whole(archive, &folder, &member, bytes)?;
            if data.len() as u64 == bytes {
                return Ok(data);
            }
            Err(format!(
                "{member} has {}, and {} are claimed of it",
                size_text(data.len() as u64),
                size_text(bytes)
            ))
        })
    })?
}

/// The bytes of a member that may have at most so many.
fn read_whole<R: Read + Seek>(
    archive: &mut Archive<R>,
    folder: &str,
    name: &str,
    most_bytes: u64,
) -> Result<Vec<u8>, String> {
    archive.read_member(&format!("{folder}{name}"), name, 1, |member, size| {
        if size > most_bytes {
            return Err(format!(
                "it has {}, and at most {} are expected",
                size_text(size),
                size_text(most_bytes)
            ));
        }
        let mut bytes = Vec::new();
        member
            .take(size)
            .read_to_end(&mut bytes)
            .map_err(in_words)?;
        Ok(bytes)
    })
}

fn contents(
    pickle: &[u8],
    order: ByteOrder,
    mut budget: Budget,
    load: &mut LoadStorage,
) -> Result<Contents, String> {
    let (root, objects) = pickle::load(pickle)?;
    let found = state_dict::find(&objects, root)?;
    let mut contents = Contents {
        numbers: found.numbers,
        notes: found.notes,
        ..Contents::default()
    };
    // Each storage is read once, for all tensors that lie in it.
    let mut by_storage: BTreeMap<&str, Vec<(String, &View, Element)>> = BTreeMap::new();
    for (name, value) in found.tensors {
        match objects.get(value) {
            Some(Object::NumpyArray(Some(array))) => {
                let tensor = numpy_tensor(array, &objects, &mut budget);
                contents.add(
                    name.clone(),
                    tensor.map_err(|reason| format!("{name}: {reason}"))?,
                );
            }
            Some(Object::Tensor(view)) => match &view.element {
                Ok(element) if !view.storage.is_absent => {
                    let key = objects.text(view.storage.key).unwrap_or_default();
                    by_storage
                        .entry(key)
                        .or_default()
                        .push((name, view, *element));
                }
                Ok(_) => {
                    let what = "a tensor without numbers (device meta)".to_owned();
                    contents.add(name, Tensor::unread(view.shape.clone(), what));
                }
                Err(what) => contents.add(name, Tensor::unread(view.shape.clone(), what.clone())),
            },
            _ => {}
        }
    }
    for (key, tensors) in by_storage {
        let mut data: Option<Vec<u8>> = None;
        for (name, view, element) in tensors {
            let class = objects.global(view.storage.class).unwrap_or_default();
            let width = globals::of_storage(class).map_or(element.width(), Element::width);
            let bytes = view.storage.count.saturating_mul(width as u64);
            let there = data.as_ref().map(|data| data.len() as u64);
            if there != Some(bytes) {
                data = Some(load(key, bytes)?);
            }
            let data = data.as_deref().unwrap_or_default();
            let tensor = tensor(view, element, order, data, &mut budget);
            contents.add(
                name.clone(),
                tensor.map_err(|reason| format!("{name}: {reason}"))?,
            );
        }
    }
    Ok(contents)
}

/// The tensor that a view of the bytes of its storage shows.
fn tensor(
    view: &View,
    element: Element,
    order: ByteOrder,
    data: &[u8],
    budget: &mut Budget,
) -> Result<Tensor, String> {
    let width = element.width();
    let there = data.len() / width;
    let end = layout::last_place(&view.shape, &view.strides)
        .and_then(|last| last.checked_add(view.offset)?.checked_add(1));
    let count = layout::count(&view.shape).unwrap_or(usize::MAX);
    if count > 0 && end.is_none_or(|end| end > there) {
        return Err(format!(
            "its shape {:?} with strides {:?} from element {} on reaches beyond the {there} elements of its storage",
            view.shape, view.strides, view.offset
        ));
    }
    if count > there.max(MOST_REPEATED) {
        return Err(format!(
            "its shape {:?} repeats the {there} elements of its storage over and over; save it with `.contiguous()`",
            view.shape
        ));
    }
    budget.take(count as u64)?;
    let mut values = Vec::with_capacity(count);
    let decoded = if count == 0 {
        Ok(())
    } else if is_by_rows(&view.shape, &view.strides) {
        let begin = view.offset * width;
        element.decode(order, &data[begin..begin + count * width], &mut values)
    } else {
        layout::places(&view.shape, &view.strides).try_for_each(|place| {
            let begin = (view.offset + place) * width;
            element.decode(order, &data[begin..begin + width], &mut values)
        })
    };
    Ok(match decoded {
        Ok(()) => Tensor::new(element.kind(), values, view.shape.clone()),
        Err(what) => Tensor::unread(view.shape.clone(), what),
    })
}

/// Whether elements follow each other by rows; the stride along a dimension of one element means nothing.
fn is_by_rows(shape: &[usize], strides: &[usize]) -> bool {
    let plain = layout::row_strides(shape);
    let mut both = shape.iter().zip(strides.iter().zip(&plain));
    both.all(|(extent, (stride, plain))| *extent == 1 || stride == plain)
}

/// An array of NumPy within the pickle.
fn numpy_tensor(
    array: &NumpyArray,
    objects: &Objects,
    budget: &mut Budget,
) -> Result<Tensor, String> {
    let shape = array.shape.clone();
    let (element, order) = match &array.element {
        Ok(known) => *known,
        Err(what) => return Ok(Tensor::unread(shape, what.clone())),
    };
    let Some(Object::Bytes(data)) = objects.get(array.data) else {
        return Ok(Tensor::unread(
            shape,
            "an array without its bytes".to_owned(),
        ));
    };
    let count = layout::count(&shape).and_then(|count| count.checked_mul(element.width()));
    if count != Some(data.len()) {
        return Err(format!(
            "{} bytes are no array of shape {shape:?}",
            data.len()
        ));
    }
    let strides = if array.is_by_columns {
        layout::column_strides(&shape)
    } else {
        layout::row_strides(&shape)
    };
    let view = View {
        storage: value::Storage {
            class: value::Value::None,
            key: value::Value::None,
            count: data.len() as u64,
            is_absent: false,
        },
        element: Ok(element),
        offset: 0,
        shape,
        strides,
    };
    tensor(&view, element, order, data, budget)
}

#[cfg(test)]
mod tests;
