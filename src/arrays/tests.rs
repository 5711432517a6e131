#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Cursor;

use super::*;
use ::safetensors::tensor::{Dtype, TensorView};
use half::{bf16, f16};
use proptest::prelude::*;

fn npy(kind: &str, fortran: bool, data: &[u8]) -> Vec<u8> {
    npy_of(kind, fortran, (2, 3), data)
}

fn npy_of(kind: &str, fortran: bool, shape: (usize, usize), data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let mut header =
        format!("{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape:?}, }}");
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
    let read = |bytes: Vec<u8>| from_npy(&bytes).unwrap();
    assert_eq!(read(npy("<f8", false, &wide)).values, numbers);
    assert_eq!(read(npy("<f4", false, &narrow)).values, numbers);
    let by_columns = read(npy("<f8", true, &wide));
    assert_eq!(by_columns.values, [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
    assert_eq!(by_columns.shape, [2, 3]);
    assert!(from_npy(&npy("<f8", false, &wide[..40])).is_err());
}

/// Found by the fuzzer: 78 braces took the parser of the header longer than anybody waits.
#[test]
fn a_header_of_brackets_within_brackets_is_refused_at_once() {
    for header in [
        "{".repeat(78),
        format!("{{'descr': {}", "[(".repeat(30)),
        "{'\\'' {{{{".to_owned(),
    ] {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.bytes());
        let error = from_npy(&bytes).unwrap_err();
        assert!(error.contains("brackets"), "{error}");
    }
    // As deep as a record within a record, and skipped as one.
    let record = "[('a', [('b', '<f4', (2,))])]', 'fortran_order': False, 'shape': (1,)}";
    let header = format!("{{'descr': {}", record.replace("]', ", "], "));
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend([0; 8]);
    let tensor = from_npy(&bytes).unwrap();
    assert_eq!(tensor.kind, NumberKind::Unread("records".to_owned()));
    assert_eq!(tensor.shape, [1]);
}

/// An npz with one member, and where the data of that member begin.
fn npz_of(member: &[u8], method: zip::CompressionMethod) -> (Vec<u8>, usize) {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    zip.start_file("weight_hh.npy", options).unwrap();
    zip.write_all(member).unwrap();
    let bytes = zip.finish().unwrap().into_inner();
    let begin = bytes.windows(6).position(|window| window == b"\x93NUMPY");
    (bytes, begin.unwrap_or(0))
}

#[test]
fn every_flipped_bit_of_an_npz_member_is_seen() {
    let numbers: Vec<u8> = (0..6)
        .flat_map(|i| f64::from(i).sin().to_le_bytes())
        .collect();
    let member = npy("<f8", false, &numbers);
    let (bytes, begin) = npz_of(&member, zip::CompressionMethod::Stored);
    assert_eq!(from_npz(&bytes).unwrap()["weight_hh"].values.len(), 6);
    for place in begin..begin + member.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1 << bit;
            let message = from_npz(&flipped).unwrap_err();
            assert!(
                message.contains("the checksum of weight_hh does not match"),
                "byte {place}: {message}"
            );
        }
    }
}

#[test]
fn an_array_that_unpacks_to_far_more_than_its_file_is_refused_before_it_is_unpacked() {
    let member = npy_of("<f8", false, (5000, 6000), &vec![0; 8 * 5000 * 6000]);
    let (bytes, _) = npz_of(&member, zip::CompressionMethod::Deflated);
    let message = from_npz(&bytes).unwrap_err();
    assert!(message.contains("numpy.savez"), "{message}");
}

/// The two elements that bytes of an npy file hold.
fn two(kind: &str, data: &[u8]) -> Tensor {
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': (2,), }}\n");
    while !(10 + header.len()).is_multiple_of(64) {
        header.insert(header.len() - 1, ' ');
    }
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(data);
    from_npy(&bytes).unwrap()
}

#[test]
fn every_type_of_npy_is_read_in_either_order_of_bytes() {
    macro_rules! check {
        ($type:ty, $name:literal, $kind:ident, [$a:expr, $b:expr]) => {
            let values: [$type; 2] = [$a, $b];
            let little: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
            let big: Vec<u8> = values.iter().flat_map(|x| x.to_be_bytes()).collect();
            for (kind, data) in [(concat!("<", $name), little), (concat!(">", $name), big)] {
                let tensor = two(kind, &data);
                assert_eq!(tensor.kind, NumberKind::$kind, "{kind}");
                assert_eq!(tensor.values, [f64::from($a), f64::from($b)], "{kind}");
            }
        };
    }
    check!(f64, "f8", Float, [0.1, -2.5e300]);
    check!(f32, "f4", Float, [0.1_f32, -2.5e30_f32]);
    check!(f16, "f2", Float, [f16::from_f32(0.1), f16::from_f32(-3.0)]);
    check!(
        bf16,
        "V2",
        Float,
        [bf16::from_f32(0.1), bf16::from_f32(-3.0)]
    );
    check!(i32, "i4", Integer, [i32::MIN, 7_i32]);
    check!(i16, "i2", Integer, [i16::MIN, 7_i16]);
    check!(i8, "i1", Integer, [i8::MIN, 7_i8]);
    check!(u32, "u4", Integer, [u32::MAX, 7_u32]);
    check!(u16, "u2", Integer, [u16::MAX, 7_u16]);
    check!(u8, "u1", Integer, [u8::MAX, 7_u8]);
    let integers = |of: [i64; 2]| of.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    assert_eq!(
        two("<i8", &integers([1 << 53, -3])).values,
        [2_f64.powi(53), -3.0]
    );
    assert_eq!(two("|b1", &[0, 1]).kind, NumberKind::Boolean);
    assert_eq!(two("|V2", &[0x80, 0x3f, 0, 0xc0]).values, [1.0, -2.0]);

    for (kind, data, what) in [
        ("<i8", integers([(1 << 53) + 1, 0]), "9007199254740993"),
        ("<u8", vec![0xff; 16], "18446744073709551615"),
        ("<c16", vec![0; 32], "complex128"),
        ("<U3", vec![0; 24], "text"),
        ("|O", vec![0; 9], "Python objects"),
        ("<M8[s]", vec![0; 16], "dates"),
        ("<f16", vec![0; 32], "float128"),
    ] {
        let tensor = two(kind, &data);
        assert!(
            matches!(&tensor.kind, NumberKind::Unread(said) if said.contains(what)),
            "{kind}: {tensor:?}"
        );
        assert!(tensor.values.is_empty() && tensor.shape == [2]);
    }
}

#[test]
fn every_type_of_safetensors_is_read_or_said() {
    let halves: Vec<u8> = [f16::from_f64(0.5), f16::from_f64(-2.0)]
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect();
    let cases: [(&str, Dtype, &[u8], &[f64]); 10] = [
        ("half", Dtype::F16, &halves, &[0.5, -2.0]),
        ("steps", Dtype::I16, &[1, 0, 0xff, 0xff], &[1.0, -1.0]),
        ("mask", Dtype::BOOL, &[1, 0], &[1.0, 0.0]),
        ("bytes", Dtype::U8, &[255, 0], &[255.0, 0.0]),
        (
            "e4m3",
            Dtype::F8_E4M3,
            &[0x38, 0x81],
            &[1.0, -0.001_953_125],
        ),
        (
            "e5m2",
            Dtype::F8_E5M2,
            &[0x3c, 0xfc],
            &[1.0, f64::NEG_INFINITY],
        ),
        ("e4m3fnuz", Dtype::F8_E4M3FNUZ, &[0x40, 0x7f], &[1.0, 240.0]),
        ("e5m2fnuz", Dtype::F8_E5M2FNUZ, &[0x40, 0xc0], &[1.0, -1.0]),
        ("scale", Dtype::F8_E8M0, &[127, 126], &[1.0, 0.5]),
        ("complex", Dtype::C64, &[0; 16], &[]),
    ];
    let views = cases
        .map(|(name, dtype, data, _)| (name, TensorView::new(dtype, vec![1, 2], data).unwrap()));
    let bytes = ::safetensors::serialize(views, None).unwrap();
    let tensors = from_safetensors(&bytes).unwrap();
    assert_eq!(tensors.len(), cases.len());
    for (name, _, _, values) in cases {
        assert_eq!(tensors[name].values, values, "{name}");
        assert_eq!(tensors[name].shape, [1, 2]);
    }
    assert_eq!(
        tensors["complex"].kind,
        NumberKind::Unread("complex64".to_owned())
    );
    let nan = [(
        "x",
        TensorView::new(Dtype::F8_E4M3, vec![1], &[0xff]).unwrap(),
    )];
    let nan = from_safetensors(&::safetensors::serialize(nan, None).unwrap()).unwrap();
    assert!(nan["x"].values[0].is_nan());
}

#[test]
fn the_first_bytes_tell_what_a_file_is_whatever_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let numbers = [0.5_f64.to_le_bytes(), 2_f64.to_le_bytes()].concat();
    let array = npy_of("<f8", false, (1, 2), &numbers);
    let (npz, _) = npz_of(&array, zip::CompressionMethod::Stored);
    let view = TensorView::new(Dtype::F64, vec![1, 2], &numbers).unwrap();
    let about = std::collections::HashMap::from([("step".to_owned(), "120".to_owned())]);
    let safetensors = ::safetensors::serialize([("w", view)], Some(about)).unwrap();
    for (name, bytes, array) in [
        ("MODEL.NPZ", &npz, "weight_hh"),
        ("model.npy", &npz, "weight_hh"),
        ("states.NPY", &array, "array"),
        ("weights", &safetensors, "w"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let contents = read_contents(&path).unwrap();
        assert_eq!(contents.tensors[array].values, [0.5, 2.0], "{name}");
        assert_eq!(
            contents.numbers.get("step").copied(),
            (array == "w").then_some(120.0)
        );
    }
    assert_eq!(read(&folder.path().join("weights")).unwrap().len(), 1);
}

#[test]
fn files_of_other_formats_are_named_with_the_lines_that_convert_them() {
    let folder = tempfile::tempdir().unwrap();
    let hdf5 = b"\x89HDF\r\n\x1a\n".to_vec();
    let behind = [&[0; 512], hdf5.as_slice()].concat();
    let table = [&[0; 40], b"\x57\xfb\x80\x8b\x24\x75\x47\xdb".as_slice()].concat();
    let zip_of = |name: &str| {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.finish().unwrap().into_inner()
    };
    let cases: [(&str, Vec<u8>, [&str; 2]); 18] = [
        ("model.h5", hdf5, ["an HDF5 file", "h5py.File(\""]),
        ("user-block.h5", behind, ["an HDF5 file", "numpy.savez(\""]),
        (
            "model.mat",
            b"MATLAB 5.0 MAT-file Platform: posix".to_vec(),
            ["MATLAB", "scipy.io.loadmat"],
        ),
        (
            "new.mat",
            b"MATLAB 7.3 MAT-file".to_vec(),
            ["7.3", ".T for name"],
        ),
        (
            "model.pkl",
            b"\x80\x04\x95\x00".to_vec(),
            ["a Python pickle", "pickle.load"],
        ),
        (
            "old.pt",
            b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.".to_vec(),
            ["before version 1.6", "torch.load"],
        ),
        ("model.ckpt.index", table, ["TensorFlow", "model.ckpt\")"]),
        (
            "model.ckpt.data-00000-of-00001",
            vec![0; 9],
            ["TensorFlow", "model.ckpt\")"],
        ),
        (
            "model.onnx",
            b"\x08\x07\x12\x07pytorch".to_vec(),
            ["ONNX", "initializer"],
        ),
        (
            "flax.msgpack",
            b"\x81\xa6params\x80".to_vec(),
            ["MessagePack", "msgpack_restore"],
        ),
        ("empty.pt", Vec::new(), ["empty", "still being written"]),
        (
            "lfs.pt",
            b"version https://git-lfs.github.com/spec/v1\n".to_vec(),
            ["Git LFS", "git lfs pull"],
        ),
        (
            "packed.npy.gz",
            b"\x1f\x8b\x08\0".to_vec(),
            ["gzip", "Unpack"],
        ),
        (
            "table.csv",
            b"0.5,1\n2,3\n".to_vec(),
            ["text file", "numpy.loadtxt"],
        ),
        (
            "net.keras",
            zip_of("model.weights.h5"),
            ["a Keras file", "load_model"],
        ),
        (
            "script.pt",
            {
                let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
                let options = zip::write::SimpleFileOptions::default();
                for name in ["net/data.pkl", "net/constants.pkl"] {
                    zip.start_file(name, options).unwrap();
                }
                zip.finish().unwrap().into_inner()
            },
            ["TorchScript", "torch.jit.load"],
        ),
        ("other.zip", zip_of("notes.txt"), ["`notes.txt`", "Unpack"]),
        (
            "unknown",
            vec![1, 2, 3, 0xff],
            ["01 02 03 ff", "safetensors"],
        ),
    ];
    for (name, bytes, parts) in cases {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let error = read_contents(&path).unwrap_err();
        let message = error.to_string();
        assert!(
            matches!(error, ArraysError::Unsupported { .. }),
            "{message}"
        );
        assert!(message.contains(name), "{message}");
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
    for (name, bytes, reason) in [
        ("damaged.npz", vec![0xff; 20], "does not begin as one does"),
        ("damaged.safetensors", vec![0xff; 20], "header claims"),
        ("cut.pt", b"PK\x03\x04\0\0\0".to_vec(), "copied whole"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let message = read_contents(&path).unwrap_err().to_string();
        assert!(message.contains(reason), "{message}");
    }
    fs::write(folder.path().join("saved_model.pb"), "").unwrap();
    let message = read_contents(folder.path()).unwrap_err().to_string();
    assert!(message.contains("SavedModel"), "{message}");
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300), magic in 0..3) {
        let prefixes: [&[u8]; 3] = [b"", b"\x93NUMPY\x01\x00", b"PK\x03\x04"];
        bytes.splice(0..0, prefixes[magic as usize].iter().copied());
        let _ = (from_npy(&bytes), from_npz(&bytes), from_safetensors(&bytes), from_torch(&bytes));
    }

    #[test]
    fn no_damage_to_a_sound_file_makes_a_parser_panic(place in 0..200_usize, byte in any::<u8>()) {
        let mut bytes = npy("<f8", false, &[0; 48]);
        let place = place % bytes.len();
        bytes[place] = byte;
        let _ = from_npy(&bytes);
    }
}
