//! What a pickle builds: plain values, and objects that refer to each other by their place in a list.
//!
//! Objects lie side by side, so that neither cycles nor deep nesting cost anything when they are dropped, and the bytes
//! that all of them take are counted.

use super::super::elements::{ByteOrder, Element};

/// Bytes that the objects may take for every byte of the pickle: what the shortest instructions make.
const MOST_GROWTH: usize = 128;
const MOST_BYTES: usize = 1 << 30;

/// A value: itself if it is small, else the place of its object.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    At(usize),
}

/// What is too large to be a value by itself.
#[derive(Debug)]
pub(super) enum Object {
    Text(String),
    Bytes(Vec<u8>),
    Tuple(Vec<Value>),
    /// Lists and sets.
    List(Vec<Value>),
    /// Dictionaries of any class, and the attributes of a namespace; of equal keys the last counts.
    Dict(Vec<(Value, Value)>),
    /// A class or function by module and name, which is never called.
    Global(String),
    /// Numbers kept beside the pickle.
    Storage(Storage),
    Tensor(Box<View>),
    /// A type of NumPy, such as `f4`, and its order of bytes, `<` if the pickle does not say.
    NumpyType {
        name: String,
        order: char,
    },
    NumpyArray(Option<Box<NumpyArray>>),
    /// Something of no use here that is harmless: a date, a path.
    Other,
}

/// The numbers of one or more tensors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Storage {
    /// The type of its elements, a global, such as `torch.FloatStorage`.
    pub(super) class: Value,
    /// The name of the member of the archive, a text.
    pub(super) key: Value,
    /// Elements claimed; bytes of an untyped storage.
    pub(super) count: u64,
    /// Whether it has no numbers at all, as those of the device `meta`.
    pub(super) is_absent: bool,
}

/// A tensor: elements of a storage.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub(super) storage: Storage,
    /// The type of the elements, or what they are if they are not read.
    pub(super) element: Result<Element, String>,
    /// The first element, counted in elements.
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    /// In elements.
    pub(super) strides: Vec<usize>,
}

/// An array of NumPy, whose bytes are part of the pickle.
#[derive(Debug, Clone)]
pub(super) struct NumpyArray {
    pub(super) element: Result<(Element, ByteOrder), String>,
    pub(super) shape: Vec<usize>,
    pub(super) is_by_columns: bool,
    /// The bytes.
    pub(super) data: Value,
}

/// All objects of a pickle.
#[derive(Debug)]
pub(super) struct Objects {
    objects: Vec<Object>,
    bytes_left: usize,
}

impl Objects {
    /// Room for what a pickle of so many bytes can sensibly build.
    pub(super) fn of_pickle(pickle_bytes: usize) -> Self {
        Self {
            objects: Vec::new(),
            bytes_left: (pickle_bytes.saturating_mul(MOST_GROWTH)).min(MOST_BYTES),
        }
    }

    /// Counts bytes that are about to be taken.
    pub(super) fn charge(&mut self, bytes: usize) -> Result<(), String> {
        let left = self.bytes_left.checked_sub(bytes);
        self.bytes_left = left.ok_or("it builds far more than its length lets expect")?;
        Ok(())
    }

    /// Keeps an object that holds so many bytes besides itself.
    pub(super) fn add(&mut self, object: Object, bytes: usize) -> Result<Value, String> {
        self.charge(bytes.saturating_add(size_of::<Object>()))?;
        self.objects.push(object);
        Ok(Value::At(self.objects.len() - 1))
    }

    pub(super) fn len(&self) -> usize {
        self.objects.len()
    }

    /// The object of a value, if it has one.
    pub(super) fn get(&self, value: Value) -> Option<&Object> {
        match value {
            Value::At(place) => self.objects.get(place),
            _ => None,
        }
    }

    pub(super) fn get_mut(&mut self, value: Value) -> Option<&mut Object> {
        match value {
            Value::At(place) => self.objects.get_mut(place),
            _ => None,
        }
    }

    pub(super) fn text(&self, value: Value) -> Option<&str> {
        match self.get(value) {
            Some(Object::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn global(&self, value: Value) -> Option<&str> {
        match self.get(value) {
            Some(Object::Global(name)) => Some(name),
            _ => None,
        }
    }

    pub(super) fn tuple(&self, value: Value) -> Option<&[Value]> {
        match self.get(value) {
            Some(Object::Tuple(items)) => Some(items),
            _ => None,
        }
    }

    pub(super) fn dict(&self, value: Value) -> Option<&[(Value, Value)]> {
        match self.get(value) {
            Some(Object::Dict(pairs)) => Some(pairs),
            _ => None,
        }
    }
}

impl Value {
    /// As a count.
    pub(super) fn count(self) -> Option<usize> {
        match self {
            Self::Int(number) => usize::try_from(number).ok(),
            _ => None,
        }
    }

    /// As a number.
    pub(super) fn number(self) -> Option<f64> {
        match self {
            Self::Int(number) => Some(number as f64),
            Self::Float(number) => Some(number),
            _ => None,
        }
    }
}
