//! What a file is, told by its first bytes, and how to convert those that are not read.

use std::fs::File;
use std::io::{self, Seek as _};
use std::path::Path;

use crate::files;
use crate::text::escaped;

/// Bytes looked at: an HDF5 file may begin behind 2,048 bytes of something else.
const HEAD_BYTES: u64 = 4096;
const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";
/// The last bytes of a table of LevelDB, as which TensorFlow writes the index of a checkpoint.
const TABLE_END: &[u8] = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb";
/// What stands first in the files of `torch.save` before PyTorch 1.6, as a pickled integer.
const LEGACY_TORCH: &[u8] = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19";

/// The ending of the members of an npz file, as NumPy writes it.
pub(super) const NPY: &str = ".npy";

/// How a file is to be read.
pub(super) enum FileKind {
    Npy,
    Safetensors,
    /// npz or PyTorch: its members tell.
    Zip,
    /// Of a format only by its name.
    Damaged {
        format: &'static str,
    },
    Refused(Refused),
}

/// How a zip file is to be read.
pub(super) enum ArchiveKind {
    Npz,
    Torch,
    Refused(Refused),
}

/// A file that is not read.
pub(super) struct Refused {
    pub(super) what: String,
    pub(super) way_out: String,
}

impl Refused {
    fn new(what: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            way_out: way_out.into(),
        }
    }

    /// One that lines of Python convert: `FILE` in them stands for the file, `ARRAYS` for the npz file to be made.
    fn converted(what: impl Into<String>, path: &Path, python: &str) -> Self {
        let quoted = |path: &Path| {
            let text = path.to_string_lossy();
            format!(
                "\"{}\"",
                escaped(&text).replace('\\', "\\\\").replace('"', "\\\"")
            )
        };
        let lines = python
            .replace("FILE", &quoted(path))
            .replace("ARRAYS", &quoted(&path.with_extension("npz")));
        let lines: Vec<String> = lines.lines().map(|line| format!("    {line}")).collect();
        Self::new(
            what,
            format!(
                "It is not read here; these lines of Python convert it:\n{}",
                lines.join("\n")
            ),
        )
    }
}

const FROM_HDF5: &str = "\
import h5py, numpy
arrays = {}
with h5py.File(FILE) as file:
    file.visititems(lambda name, item: arrays.update({name: item[()]}) if hasattr(item, \"shape\") else None)
numpy.savez(ARRAYS, **arrays)";

const FROM_KERAS: &str = "\
import keras, numpy
model = keras.saving.load_model(FILE)
numpy.savez(ARRAYS, **{weight.path: numpy.asarray(weight) for weight in model.weights})";

const FROM_MATLAB_5: &str = "\
import numpy, scipy.io
arrays = scipy.io.loadmat(FILE)
numpy.savez(ARRAYS, **{name: array for name, array in arrays.items() if not name.startswith(\"__\")})";

const FROM_MATLAB_7: &str = "\
import h5py, numpy
with h5py.File(FILE) as file:
    numpy.savez(ARRAYS, **{name: item[()].T for name, item in file.items() if hasattr(item, \"shape\")})";

const FROM_PICKLE: &str = "\
import numpy, pickle                                    # Python runs what a pickle says: only one that you trust
arrays = pickle.load(open(FILE, \"rb\"))
numpy.savez(ARRAYS, **arrays)                           # where it is a dictionary of arrays";

const FROM_LEGACY_TORCH: &str = "\
import torch
torch.save(torch.load(FILE, map_location=\"cpu\", weights_only=True), \"state-dict.pt\")";

const FROM_TORCH_SCRIPT: &str = "\
import torch
torch.save(torch.jit.load(FILE, map_location=\"cpu\").state_dict(), \"state-dict.pt\")";

const FROM_TENSORFLOW: &str = "\
import numpy, tensorflow
file = tensorflow.train.load_checkpoint(CHECKPOINT)
numpy.savez(ARRAYS, **{name: file.get_tensor(name) for name in file.get_variable_to_shape_map()})";

const FROM_SAVED_MODEL: &str = "\
import numpy, tensorflow
model = tensorflow.saved_model.load(FILE)
numpy.savez(ARRAYS, **{variable.name: variable.numpy() for variable in model.variables})";

const FROM_ONNX: &str = "\
import numpy, onnx, onnx.numpy_helper
weights = onnx.load(FILE).graph.initializer
numpy.savez(ARRAYS, **{weight.name: onnx.numpy_helper.to_array(weight) for weight in weights})";

const FROM_FLAX: &str = "\
import flax, numpy
tree = flax.serialization.msgpack_restore(open(FILE, \"rb\").read())
numpy.savez(ARRAYS, **flax.traverse_util.flatten_dict(tree, sep=\".\"))";

const FROM_ORBAX: &str = "\
import flax, numpy, orbax.checkpoint
tree = orbax.checkpoint.PyTreeCheckpointer().restore(FILE)
numpy.savez(ARRAYS, **flax.traverse_util.flatten_dict(tree, sep=\".\"))";

const FROM_TEXT: &str = "\
import numpy
numpy.savez(ARRAYS, weight_hh_l0=numpy.loadtxt(FILE, delimiter=\",\"))   # where it is a table of numbers";

/// The format that the ending of a name promises, capitals or not.
pub(super) fn format_by_name(path: &Path) -> Option<&'static str> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    Some(match ending.as_str() {
        "npz" => "npz",
        "npy" => "npy",
        "safetensors" => "safetensors",
        "pt" | "pth" | "ckpt" | "bin" => "PyTorch",
        _ => return None,
    })
}

/// What a file of so many bytes is; it is left at its beginning.
pub(super) fn of_file(path: &Path, file: &mut File, length: u64) -> io::Result<FileKind> {
    let head = files::read_range(file, 0, length.min(HEAD_BYTES))?;
    let end = files::read_end(file, TABLE_END.len() as u64)?;
    file.rewind()?;
    if head.starts_with(b"\x93NUMPY") {
        return Ok(FileKind::Npy);
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Ok(FileKind::Zip);
    }
    if let Some((length_bytes, [b'{', ..])) = head.split_first_chunk::<8>()
        && u64::from_le_bytes(*length_bytes) < 1 << 32
    {
        return Ok(FileKind::Safetensors);
    }
    if let Some(refused) = refused(path, &head, &end) {
        return Ok(FileKind::Refused(refused));
    }
    Ok(match format_by_name(path) {
        Some("safetensors") => FileKind::Safetensors,
        Some(format) => FileKind::Damaged { format },
        None => {
            let first: Vec<String> = head
                .iter()
                .take(8)
                .map(|byte| format!("{byte:02x}"))
                .collect();
            FileKind::Refused(Refused::new(
                format!(
                    "no file of arrays that is known: it begins with the bytes {}",
                    first.join(" ")
                ),
                "Read are safetensors, npz, npy, and what `torch.save` writes: save it as one of them",
            ))
        }
    })
}

/// What is known and not read.
fn refused(path: &Path, head: &[u8], end: &[u8]) -> Option<Refused> {
    let converted = |what: &str, python: &str| Some(Refused::converted(what, path, python));
    let plain = |what: &str, way_out: &str| Some(Refused::new(what, way_out));
    if head.is_empty() {
        return plain(
            "empty",
            "Is it still being written, or did the program that wrote it run out of disk?",
        );
    }
    if head.starts_with(b"MATLAB 5.0 MAT-file") {
        return converted("a MATLAB file (version 5 to 7)", FROM_MATLAB_5);
    }
    if head.starts_with(b"MATLAB 7.3 MAT-file") {
        return converted("a MATLAB file (version 7.3, HDF5)", FROM_MATLAB_7);
    }
    let is_hdf5_at = |&place: &usize| head.get(place..).is_some_and(|rest| rest.starts_with(HDF5));
    if [0, 512, 1024, 2048].iter().any(is_hdf5_at) {
        return converted("an HDF5 file, as Keras and h5py write them", FROM_HDF5);
    }
    if matches!(head, [0x80, 0..=5, ..]) {
        return if head
            .get(2..)
            .is_some_and(|rest| rest.starts_with(LEGACY_TORCH))
        {
            converted(
                "a PyTorch file of the form before version 1.6, a bare pickle",
                FROM_LEGACY_TORCH,
            )
        } else {
            converted("a Python pickle", FROM_PICKLE)
        };
    }
    if end == TABLE_END {
        return Some(tensorflow(path, "the index of a TensorFlow checkpoint"));
    }
    if path.to_string_lossy().contains(".data-0") {
        return Some(tensorflow(path, "a part of a TensorFlow checkpoint"));
    }
    packed(head).or_else(|| {
        if is_onnx(head) {
            converted("an ONNX file", FROM_ONNX)
        } else if is_map_of_msgpack(head) {
            converted("a MessagePack file, as Flax writes them", FROM_FLAX)
        } else {
            text(path, head)
        }
    })
}

/// Files that hold other files, or stand for them.
fn packed(head: &[u8]) -> Option<Refused> {
    let unpacked = "Unpack it first";
    let known: [(&[u8], &str, &str); 8] = [
        (b"\x1f\x8b", "packed by gzip", unpacked),
        (b"BZh", "packed by bzip2", unpacked),
        (b"\xfd7zXZ\0", "packed by xz", unpacked),
        (b"\x28\xb5\x2f\xfd", "packed by zstd", unpacked),
        (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", unpacked),
        (
            b"PAR1",
            "a Parquet file",
            "Save its arrays with `numpy.savez`",
        ),
        (
            b"GGUF",
            "a GGUF file",
            "Save the weights that it was made of with safetensors",
        ),
        (
            b"version https://git-lfs",
            "a pointer of Git LFS, which stands for the file",
            "Fetch the file itself with `git lfs pull`",
        ),
    ];
    let found = known.iter().find(|(first, ..)| head.starts_with(first));
    let is_tar = head.get(257..262) == Some(b"ustar");
    found
        .map(|(_, what, way_out)| Refused::new(*what, *way_out))
        .or_else(|| is_tar.then(|| Refused::new("a tar archive", unpacked)))
}

fn tensorflow(path: &Path, what: &str) -> Refused {
    let text = path.to_string_lossy();
    let stem = text
        .strip_suffix(".index")
        .or_else(|| text.rsplit_once(".data-").map(|(stem, _)| stem));
    let stem = Path::new(stem.unwrap_or(&text));
    Refused::converted(what, stem, &FROM_TENSORFLOW.replace("CHECKPOINT", "FILE"))
}

/// A protobuf that begins with the version of ONNX (field 1, a small integer), then its producer or its operators.
fn is_onnx(head: &[u8]) -> bool {
    matches!(head, [0x08, 1..=30, 0x12 | 0x1a | 0x3a | 0x42, ..])
}

/// A map whose first key is text.
fn is_map_of_msgpack(head: &[u8]) -> bool {
    let ([0x81..=0x8f, key, ..] | [0xde, _, _, key, ..] | [0xdf, _, _, _, _, key, ..]) = head
    else {
        return false;
    };
    matches!(key, 0xa1..=0xbf | 0xd9 | 0xda)
}

fn text(path: &Path, head: &[u8]) -> Option<Refused> {
    // A character may be cut where the head ends.
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    if text.contains(|c: char| c.is_control() && !c.is_whitespace()) {
        return None;
    }
    if ["(dp0\n", "(lp0\n", "(dp1\n", "ccollections\n"]
        .iter()
        .any(|first| text.starts_with(first))
    {
        return Some(Refused::converted("a Python pickle", path, FROM_PICKLE));
    }
    let first: String = text.trim_start().chars().take(24).collect();
    let first = first.lines().next().unwrap_or_default();
    let what = format!("a text file that begins with `{}`", escaped(first));
    Some(Refused::converted(what, path, FROM_TEXT))
}

/// What a zip file is, by the names of its members.
pub(super) fn of_archive<'a>(path: &Path, names: impl Iterator<Item = &'a str>) -> ArchiveKind {
    let names: Vec<&str> = names.collect();
    let has = |wanted: &str| {
        names.iter().any(|name| {
            let folder = name.strip_suffix(wanted);
            folder.is_some_and(|folder| folder.is_empty() || folder.ends_with('/'))
        })
    };
    let refused = |what: &str, python| ArchiveKind::Refused(Refused::converted(what, path, python));
    if has("data.pkl") {
        if has("constants.pkl") {
            return refused(
                "a TorchScript file, a program rather than arrays",
                FROM_TORCH_SCRIPT,
            );
        }
        return ArchiveKind::Torch;
    }
    if has("model.weights.h5") {
        return refused("a Keras file", FROM_KERAS);
    }
    let is_npz = |name: &&str| name.strip_suffix(NPY).is_some();
    if names.iter().any(is_npz) || (names.is_empty() && format_by_name(path) == Some("npz")) {
        return ArchiveKind::Npz;
    }
    let some: Vec<String> = names
        .iter()
        .take(3)
        .map(|name| format!("`{}`", escaped(name)))
        .collect();
    let held = match (some.is_empty(), names.len() > some.len()) {
        (true, _) => "nothing".to_owned(),
        (_, true) => format!("{} and more", some.join(", ")),
        _ => some.join(", "),
    };
    ArchiveKind::Refused(Refused::new(
        format!(
            "a zip file that holds {held}, and neither npy arrays nor the `data.pkl` of PyTorch"
        ),
        "Unpack it, if what it holds is what you want to read",
    ))
}

/// A folder, which some frameworks write in place of a file.
pub(super) fn folder(path: &Path) -> Refused {
    let has = |name: &str| path.join(name).exists();
    if has("saved_model.pb") {
        Refused::converted(
            "the folder of a TensorFlow SavedModel",
            path,
            FROM_SAVED_MODEL,
        )
    } else if has("manifest.ocdbt") || has("_METADATA") || has("_CHECKPOINT_METADATA") {
        Refused::converted(
            "the folder of an Orbax checkpoint (JAX, Flax)",
            path,
            FROM_ORBAX,
        )
    } else {
        Refused::new("a folder", "Name one of the files in it")
    }
}
