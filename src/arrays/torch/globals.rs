//! What a pickle may call, and what that does: it builds tensors, containers, numbers and text. Nothing else is here, so
//! nothing else can be done.
//!
//! The functions are those that `torch.save`, NumPy and Python's own containers name, as of PyTorch 2; their arguments are
//! described in `torch/_utils.py` and `numpy/_core/multiarray`.

use super::super::elements::{ByteOrder, Element};
use super::super::layout;
use super::value::{NumpyArray, Object, Objects, Storage, Value, View};

/// Dimensions of an array: PyTorch and NumPy allow no more.
const MOST_DIMENSIONS: usize = 64;
/// Characters of the name of a type of NumPy.
const MOST_TYPE_NAME: usize = 16;

/// Something that a pickle may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Callable {
    /// A dictionary of some class, filled afterwards.
    Dict,
    /// What is made of one container and never changed is taken for it.
    Container,
    /// A list of some class, filled afterwards.
    List,
    /// `_rebuild_tensor(storage, offset, shape, strides)`, and version 2, which has more arguments behind these.
    Tensor,
    /// `_rebuild_tensor_v3`: the seventh argument is the dtype.
    TensorOfType,
    /// `_rebuild_parameter(tensor, …)`.
    Parameter,
    /// `_rebuild_from_type_v2(function, class, arguments, state)`: a tensor with attributes.
    TensorOfClass,
    /// A tensor that is stored in another way.
    OtherTensor(&'static str),
    /// `_reconstruct(class, shape, type)`, of which BUILD makes an array.
    NumpyArray,
    /// `_frombuffer(bytes, dtype, shape, order)`.
    NumpyBuffer,
    /// `dtype(name, …)`.
    NumpyType,
    /// `scalar(dtype, bytes)`.
    NumpyScalar,
    /// `encode(text, "latin1")`, as which bytes are written, and `bytearray(…)` of that.
    Bytes,
    /// Something that is of no use here.
    Other,
}

impl Callable {
    /// By module and name.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "collections.OrderedDict"
            | "collections.defaultdict"
            | "collections.Counter"
            | "argparse.Namespace"
            | "types.SimpleNamespace"
            | "lightning.fabric.utilities.data.AttributeDict"
            | "lightning.pytorch.utilities.parsing.AttributeDict"
            | "lightning_fabric.utilities.data.AttributeDict"
            | "pytorch_lightning.utilities.parsing.AttributeDict" => Self::Dict,
            "torch.Size"
            | "builtins.set"
            | "__builtin__.set"
            | "builtins.frozenset"
            | "__builtin__.frozenset" => Self::Container,
            "collections.deque" | "builtins.list" | "__builtin__.list" => Self::List,
            "torch._utils._rebuild_tensor" | "torch._utils._rebuild_tensor_v2" => Self::Tensor,
            "torch._utils._rebuild_tensor_v3" => Self::TensorOfType,
            "torch._utils._rebuild_parameter"
            | "torch._utils._rebuild_parameter_with_state"
            | "torch.nn.parameter.Parameter" => Self::Parameter,
            "torch._tensor._rebuild_from_type_v2" => Self::TensorOfClass,
            "torch._utils._rebuild_sparse_tensor" | "torch._utils._rebuild_sparse_csr_tensor" => {
                Self::OtherTensor("a sparse tensor")
            }
            "torch._utils._rebuild_qtensor" => Self::OtherTensor("a quantised tensor"),
            "torch._utils._rebuild_nested_tensor" => Self::OtherTensor("a nested tensor"),
            "torch._utils._rebuild_meta_tensor_no_storage" => {
                Self::OtherTensor("a tensor without numbers (device meta)")
            }
            "numpy.core.multiarray._reconstruct" | "numpy._core.multiarray._reconstruct" => {
                Self::NumpyArray
            }
            "numpy.core.numeric._frombuffer" | "numpy._core.numeric._frombuffer" => {
                Self::NumpyBuffer
            }
            "numpy.dtype" => Self::NumpyType,
            "numpy.core.multiarray.scalar" | "numpy._core.multiarray.scalar" => Self::NumpyScalar,
            "_codecs.encode" | "builtins.bytearray" | "__builtin__.bytearray" => Self::Bytes,
            "torch.device"
            | "torch.serialization._get_layout"
            | "torch.torch_version.TorchVersion"
            | "builtins.complex"
            | "__builtin__.complex"
            | "builtins.slice"
            | "__builtin__.slice"
            | "builtins.range"
            | "__builtin__.xrange"
            | "datetime.datetime"
            | "datetime.date"
            | "datetime.time"
            | "datetime.timedelta"
            | "datetime.timezone"
            | "uuid.UUID"
            | "numpy.random.bit_generator.__pyx_unpickle_SeedSequence"
            | "numpy.random._pickle.__generator_ctor"
            | "numpy.random._pickle.__bit_generator_ctor"
            | "numpy.random._pickle.__randomstate_ctor" => Self::Other,
            _ => {
                let (module, class) = name.rsplit_once('.')?;
                let is_path = [
                    "PosixPath",
                    "WindowsPath",
                    "PurePosixPath",
                    "PureWindowsPath",
                ]
                .contains(&class);
                return (is_path && ["pathlib", "pathlib._local"].contains(&module))
                    .then_some(Self::Other);
            }
        })
    }

    /// The value of a call.
    ///
    /// # Errors
    /// In words, if the arguments are not those of the function, or there is too much of them.
    pub(super) fn call(self, objects: &mut Objects, arguments: &[Value]) -> Result<Value, String> {
        match (self, arguments) {
            (Self::Dict, []) => objects.add(Object::Dict(Vec::new()), 0),
            (Self::Dict, [of, ..]) if objects.dict(*of).is_some() => Ok(*of),
            // A default dictionary is told what makes its values.
            (Self::Dict, [of]) if *of == Value::None || objects.global(*of).is_some() => {
                objects.add(Object::Dict(Vec::new()), 0)
            }
            (Self::Container | Self::List, []) => objects.add(Object::List(Vec::new()), 0),
            // Items come afterwards; what bounds their number is of no use.
            (Self::List, [of, ..]) if items(objects, *of) == Some(&[]) => {
                objects.add(Object::List(Vec::new()), 0)
            }
            (Self::Container, [of]) if items(objects, *of).is_some() => Ok(*of),
            (Self::Tensor, _) => tensor(objects, arguments),
            (Self::TensorOfType, [storage, offset, shape, strides, _, _, dtype, ..]) => {
                let element = of_dtype(objects, *dtype);
                let view = view(
                    objects,
                    [*storage, *offset, *shape, *strides],
                    Some(element),
                )?;
                add_view(objects, view)
            }
            (Self::Parameter, [of, ..]) if is_tensor(objects, *of) => Ok(*of),
            (Self::TensorOfClass, [function, _, arguments, ..]) => {
                let is_plain = objects.global(*function).and_then(Self::of) == Some(Self::Tensor);
                match objects.tuple(*arguments) {
                    Some(items) if is_plain && items.len() <= MOST_DIMENSIONS => {
                        let items = items.to_vec();
                        tensor(objects, &items)
                    }
                    _ => other_tensor(objects, "a tensor of a class of its own"),
                }
            }
            (Self::OtherTensor(what), _) => other_tensor(objects, what),
            (Self::NumpyArray, _) => objects.add(Object::NumpyArray(None), 0),
            (Self::NumpyBuffer, [data, dtype, shape, order]) => {
                let is_by_columns = objects.text(*order) == Some("F");
                let array = numpy_array(objects, *data, *dtype, *shape, is_by_columns)?;
                add_array(objects, array)
            }
            (Self::NumpyType, [name, ..]) => {
                let name = objects.text(*name).unwrap_or_default();
                let name: String = name.chars().take(MOST_TYPE_NAME).collect();
                objects.add(Object::NumpyType { name, order: '<' }, MOST_TYPE_NAME)
            }
            (Self::NumpyScalar, [dtype, data]) => numpy_scalar(objects, *dtype, *data),
            (Self::Bytes, [of]) if matches!(objects.get(*of), Some(Object::Bytes(_))) => Ok(*of),
            (Self::Bytes, [text, ..]) => latin_1(objects, *text),
            (Self::Other, _) => objects.add(Object::Other, 0),
            _ => Err(format!(
                "it calls {self:?} with {} arguments of other kinds than that takes",
                arguments.len()
            )),
        }
    }
}

/// Whether a global is part of PyTorch's, NumPy's or Python's own containers and types, and may be named in any file.
pub(super) fn is_harmless(name: &str) -> bool {
    let types = [
        "torch.",
        "numpy.",
        "collections.",
        "builtins.",
        "__builtin__.",
    ];
    let class = name.rsplit('.').next().unwrap_or(name);
    Callable::of(name).is_some()
        || name.starts_with("torch.") && (class.ends_with("Storage") || is_dtype(name))
        || types.iter().any(|module| name.starts_with(module))
            && [
                "ndarray", "Tensor", "dict", "int", "float", "str", "bool", "tuple",
            ]
            .contains(&class)
}

fn is_dtype(name: &str) -> bool {
    let dtype = name.strip_prefix("torch.");
    dtype.is_some_and(|dtype| Element::of_torch(dtype).is_ok() || dtype.starts_with("complex"))
}

/// What BUILD does to an object with its state.
///
/// # Errors
/// In words, for an object that has no state to be built from.
pub(super) fn build(objects: &mut Objects, object: Value, state: Value) -> Result<(), String> {
    match objects.get(object) {
        Some(Object::Dict(_)) => build_dict(objects, object, state),
        Some(Object::NumpyType { .. }) => build_numpy_type(objects, object, state),
        Some(Object::NumpyArray(_)) => {
            let array = match objects.tuple(state) {
                Some(&[_, shape, dtype, by_columns, data]) => {
                    let is_by_columns = by_columns == Value::Bool(true);
                    numpy_array(objects, data, dtype, shape, is_by_columns)?
                }
                _ => return Err("it builds an array of NumPy from something else".to_owned()),
            };
            objects.charge(size_of::<NumpyArray>() + 8 * array.shape.len())?;
            if let Some(object) = objects.get_mut(object) {
                *object = Object::NumpyArray(Some(Box::new(array)));
            }
            Ok(())
        }
        // Attributes of a tensor and of what is of no use here.
        Some(Object::Tensor(_) | Object::List(_) | Object::Other) => Ok(()),
        _ => Err("it sets the state of something that has none".to_owned()),
    }
}

/// The attributes of a namespace are its items. Those of a dictionary (`_metadata` of a state dict) are of no use; what tells
/// the two apart is that a namespace has no items before.
fn build_dict(objects: &mut Objects, dict: Value, state: Value) -> Result<(), String> {
    // The state of a class with slots comes as a pair.
    let state = match objects.tuple(state) {
        Some(&[attributes, _]) => attributes,
        _ => state,
    };
    let Some(attributes) = objects.dict(state) else {
        return Ok(());
    };
    let is_metadata = matches!(attributes, [(key, _)] if objects.text(*key) == Some("_metadata"));
    if is_metadata || objects.dict(dict).is_some_and(|items| !items.is_empty()) {
        return Ok(());
    }
    let attributes = attributes.to_vec();
    objects.charge(size_of_val(attributes.as_slice()))?;
    if let Some(Object::Dict(items)) = objects.get_mut(dict) {
        *items = attributes;
    }
    Ok(())
}

/// The second item of the state says the order of bytes.
fn build_numpy_type(objects: &mut Objects, dtype: Value, state: Value) -> Result<(), String> {
    let said = objects.tuple(state).and_then(|items| items.get(1));
    let said = said.and_then(|order| objects.text(*order)?.chars().next());
    match (objects.get_mut(dtype), said) {
        (Some(Object::NumpyType { order, .. }), Some(said)) => *order = said,
        _ => return Err("it sets an order of bytes that is none".to_owned()),
    }
    Ok(())
}

/// The items of a tuple, list or set.
fn items(objects: &Objects, value: Value) -> Option<&[Value]> {
    match objects.get(value)? {
        Object::Tuple(items) | Object::List(items) => Some(items),
        _ => None,
    }
}

fn is_tensor(objects: &Objects, value: Value) -> bool {
    matches!(objects.get(value), Some(Object::Tensor(_)))
}

fn tensor(objects: &mut Objects, arguments: &[Value]) -> Result<Value, String> {
    let Some((&[storage, offset, shape, strides], rest)) = arguments.split_first_chunk::<4>()
    else {
        return Err("it rebuilds a tensor from too few arguments".to_owned());
    };
    // Behind whether it has a gradient and its hooks: what changes its values, such as being a conjugate.
    let has_metadata = rest
        .get(2)
        .is_some_and(|metadata| match objects.dict(*metadata) {
            Some(items) => !items.is_empty(),
            None => *metadata != Value::None,
        });
    let element = has_metadata.then(|| Err("a tensor that is a conjugate or negative".to_owned()));
    let view = view(objects, [storage, offset, shape, strides], element)?;
    add_view(objects, view)
}

fn add_view(objects: &mut Objects, view: View) -> Result<Value, String> {
    let bytes = size_of::<View>() + 16 * view.shape.len();
    objects.add(Object::Tensor(Box::new(view)), bytes)
}

fn other_tensor(objects: &mut Objects, what: &str) -> Result<Value, String> {
    let view = View {
        storage: Storage {
            class: Value::None,
            key: Value::None,
            count: 0,
            is_absent: true,
        },
        element: Err(what.to_owned()),
        offset: 0,
        shape: Vec::new(),
        strides: Vec::new(),
    };
    add_view(objects, view)
}

/// A tensor of a storage, whose class tells the type of the elements if `element` does not.
fn view(
    objects: &Objects,
    [storage, offset, shape, strides]: [Value; 4],
    element: Option<Result<Element, String>>,
) -> Result<View, String> {
    let wrong = || "it rebuilds a tensor from arguments that make none".to_owned();
    let Some(Object::Storage(storage)) = objects.get(storage) else {
        return Err(wrong());
    };
    let shape = counts(objects, shape).ok_or_else(wrong)?;
    let strides = counts(objects, strides).ok_or_else(wrong)?;
    if shape.len() != strides.len() || layout::count(&shape).is_none() {
        return Err(wrong());
    }
    let class = objects.global(storage.class).unwrap_or_default();
    Ok(View {
        storage: *storage,
        element: match element {
            Some(element) => element,
            None => of_storage(class),
        },
        offset: offset.count().ok_or_else(wrong)?,
        shape,
        strides,
    })
}

/// The numbers of a short tuple.
fn counts(objects: &Objects, value: Value) -> Option<Vec<usize>> {
    let items = items(objects, value)?;
    if items.len() > MOST_DIMENSIONS {
        return None;
    }
    items.iter().map(|item| item.count()).collect()
}

/// The elements of a storage by its class, such as `torch.FloatStorage`.
pub(super) fn of_storage(class: &str) -> Result<Element, String> {
    let name = class.rsplit('.').next().unwrap_or(class);
    Element::of_torch(match name.strip_suffix("Storage").unwrap_or(name) {
        "Double" => "float64",
        "Float" => "float32",
        "Half" => "float16",
        "BFloat16" => "bfloat16",
        "Long" => "int64",
        "Int" => "int32",
        "Short" => "int16",
        "Char" => "int8",
        "Byte" | "Untyped" => "uint8",
        "Bool" => "bool",
        "ComplexFloat" => "complex64",
        "ComplexDouble" => "complex128",
        _ => name,
    })
}

fn of_dtype(objects: &Objects, dtype: Value) -> Result<Element, String> {
    let name = objects.global(dtype).unwrap_or("a type without a name");
    Element::of_torch(name.strip_prefix("torch.").unwrap_or(name))
}

fn numpy_array(
    objects: &Objects,
    data: Value,
    dtype: Value,
    shape: Value,
    is_by_columns: bool,
) -> Result<NumpyArray, String> {
    let wrong = || "it builds an array of NumPy from arguments that make none".to_owned();
    let shape = counts(objects, shape).ok_or_else(wrong)?;
    layout::count(&shape).ok_or_else(wrong)?;
    Ok(NumpyArray {
        element: numpy_element(objects, dtype),
        shape,
        is_by_columns,
        data,
    })
}

fn add_array(objects: &mut Objects, array: NumpyArray) -> Result<Value, String> {
    let bytes = size_of::<NumpyArray>() + 8 * array.shape.len();
    objects.add(Object::NumpyArray(Some(Box::new(array))), bytes)
}

/// The elements of an array of NumPy by its type, such as `f4`.
fn numpy_element(objects: &Objects, dtype: Value) -> Result<(Element, ByteOrder), String> {
    let Some(Object::NumpyType { name, order }) = objects.get(dtype) else {
        return Err("elements of no known type".to_owned());
    };
    let has_order = name.starts_with(['<', '>', '|']);
    let full = match order {
        _ if has_order => name.clone(),
        '>' => format!(">{name}"),
        '|' => format!("|{name}"),
        _ => format!("<{name}"),
    };
    let plain: npyz::TypeStr = full.parse().map_err(|_| name.clone())?;
    Element::of_numpy(&plain)
}

fn numpy_scalar(objects: &mut Objects, dtype: Value, data: Value) -> Result<Value, String> {
    let mut values = Vec::new();
    if let (Ok((element, order)), Some(Object::Bytes(bytes))) =
        (numpy_element(objects, dtype), objects.get(data))
        && bytes.len() == element.width()
        && element.decode(order, bytes, &mut values).is_ok()
        && let [value] = values[..]
    {
        return Ok(Value::Float(value));
    }
    objects.add(Object::Other, 0)
}

fn latin_1(objects: &mut Objects, text: Value) -> Result<Value, String> {
    let text = objects
        .text(text)
        .ok_or("it encodes something that is no text")?;
    let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
    let bytes = bytes.ok_or("it encodes text that has other characters than bytes")?;
    let count = bytes.len();
    objects.add(Object::Bytes(bytes), count)
}
