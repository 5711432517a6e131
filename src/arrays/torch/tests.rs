#![allow(clippy::unwrap_used)]

//! Files that PyTorch itself wrote, by `.ci/make_pickles.py`, and what becomes of them when they are changed.

use std::fs;
use std::io::Write as _;

use proptest::prelude::*;

use super::super::{ArraysError, NumberKind, read_contents};
use super::*;

fn file(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/foreign_files")
        .join(name)
}

fn read(name: &str) -> Contents {
    read_contents(&file(name)).unwrap()
}

/// first, first + 1/8, first + 2/8, …
fn ramp(count: usize, first: f64) -> Vec<f64> {
    (0..count).map(|i| first + i as f64 / 8.0).collect()
}

/// The members of an archive: names and bytes.
fn members(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut members = Vec::new();
    for place in 0..zip.len() {
        let mut member = zip.by_index(place).unwrap();
        let mut content = Vec::new();
        member.read_to_end(&mut content).unwrap();
        members.push((member.name().unwrap().into_owned(), content));
    }
    members
}

fn archive(members: &[(String, Vec<u8>)], method: zip::CompressionMethod) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    for (name, content) in members {
        zip.start_file(name.as_str(), options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_state_dict_is_read_stored_packed_and_of_either_order_of_bytes() {
    let plain = read("torch-state-dict.pt");
    let shapes: Vec<(&str, &[usize])> = plain
        .tensors
        .iter()
        .map(|(name, tensor)| (name.as_str(), tensor.shape.as_slice()))
        .collect();
    let expected: [(&str, &[usize]); 4] = [
        ("bias_hh_l0", &[3]),
        ("bias_ih_l0", &[3]),
        ("weight_hh_l0", &[3, 3]),
        ("weight_ih_l0", &[3, 2]),
    ];
    assert_eq!(shapes, expected);
    assert_eq!(plain.tensors["weight_hh_l0"].values, ramp(9, 0.0));
    assert_eq!(plain.tensors["bias_hh_l0"].values, ramp(3, 2.0));
    assert!(plain.tensors["bias_hh_l0"].is_float());
    assert!(plain.notes.is_empty() && plain.numbers.is_empty());

    let bytes = fs::read(file("torch-state-dict.pt")).unwrap();
    let mut parts = members(&bytes);
    let packed = archive(&parts, zip::CompressionMethod::Deflated);
    assert_eq!(from_torch(&packed).unwrap(), plain);
    for (name, content) in &mut parts {
        if name.ends_with("/byteorder") {
            *content = b"big".to_vec();
        } else if name.contains("/data/") {
            content
                .as_chunks_mut::<4>()
                .0
                .iter_mut()
                .for_each(|number| number.reverse());
        }
    }
    let big = archive(&parts, zip::CompressionMethod::Stored);
    assert_eq!(from_torch(&big).unwrap(), plain);
}

#[test]
fn views_are_read_as_they_look() {
    let tensors = read("torch-views.pt").tensors;
    let at = |i: usize, j: usize| -1.0 + (4 * i + j) as f64 / 8.0;
    let values = |name: &str| tensors[name].values.clone();
    assert_eq!(values("whole"), ramp(12, -1.0));
    let transposed: Vec<f64> = (0..4).flat_map(|j| (0..3).map(move |i| at(i, j))).collect();
    assert_eq!(values("transposed"), transposed);
    assert_eq!(tensors["transposed"].shape, [4, 3]);
    assert_eq!(values("row"), (0..4).map(|j| at(1, j)).collect::<Vec<_>>());
    assert_eq!(
        values("column"),
        (0..3).map(|i| at(i, 2)).collect::<Vec<_>>()
    );
    assert_eq!(values("block"), [at(1, 1), at(1, 2), at(2, 1), at(2, 2)]);
    assert_eq!(values("expanded"), [-1.0; 3]);
    assert_eq!(
        (values("number"), tensors["number"].shape.len()),
        (vec![2.5], 0)
    );
    assert_eq!(
        (values("empty"), &tensors["empty"].shape),
        (vec![], &vec![0, 4])
    );
    assert_eq!(values("parameter"), [at(2, 2), at(2, 3)]);
    assert_eq!(values("nested.lists.1.0"), [-1.0, -0.875]);
}

#[test]
fn every_type_is_read_exactly_or_said() {
    let floats = read("torch-floats.pt").tensors;
    for name in ["half", "bfloat16", "float64"] {
        let [a, b, nan, infinity] = floats[name].values[..] else {
            panic!("{name} has another shape");
        };
        assert!(a == 1.5 && b == -2.0 && nan.is_nan() && infinity == f64::INFINITY);
    }
    assert_eq!(floats["e4m3"].values, [1.5, -2.0, 448.0, 2_f64.powi(-9)]);
    assert_eq!(floats["e5m2"].values, [1.5, -2.0, 57344.0, 2_f64.powi(-16)]);

    let integers = read("torch-integers.pt").tensors;
    assert_eq!(integers["int64"].values, [1.0, -9_007_199_254_740_992.0]);
    assert_eq!(integers["int8"].values, [1.0, -128.0]);
    assert_eq!(integers["uint16"].values, [1.0, 65535.0]);
    assert_eq!(integers["uint16"].kind, NumberKind::Integer);
    assert_eq!(integers["bool"].kind, NumberKind::Boolean);
    assert_eq!(integers["bool"].values, [1.0, 0.0]);
    for (name, part) in [("too_large", "9007199254740993"), ("complex", "complex64")] {
        let tensor = &integers[name];
        assert!(
            matches!(&tensor.kind, NumberKind::Unread(what) if what.contains(part)),
            "{tensor:?}"
        );
        assert!(tensor.values.is_empty() && tensor.shape == [1]);
    }
}

#[test]
fn arrays_of_numpy_within_a_checkpoint_are_read() {
    let older = read("torch-numpy.pt");
    assert_eq!(
        older.tensors["array"].values,
        [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    );
    assert_eq!(older.tensors["array"].shape, [2, 3]);
    assert_eq!(
        older.tensors["by_columns"].values,
        older.tensors["array"].values
    );
    assert_eq!(older.tensors["integers"].values, [0.0, 1.0, 2.0]);
    assert_eq!(older.numbers["number"], 0.5);
    let newer = read("torch-protocol-5.pt");
    assert_eq!(newer.tensors["array"], older.tensors["array"]);
    assert_eq!(newer.tensors["tensor"].values, [-1.0, -0.875]);
    assert_eq!(newer.numbers["number"], 0.5);
}

#[test]
fn the_network_of_a_checkpoint_is_found_and_the_rest_is_said() {
    let training = read("torch-loop.pth");
    let names: Vec<&String> = training.tensors.keys().collect();
    assert_eq!(names, ["losses", "weight_hh_l0", "weight_ih_l0"]);
    assert_eq!(training.tensors["weight_hh_l0"].values, ramp(4, 0.0));
    assert_eq!(
        (training.numbers["epoch"], training.numbers["loss"]),
        (7.0, 0.25)
    );
    let notes = training.notes.join("; ");
    assert!(
        notes.contains("under `model`") && notes.contains("`optimizer`"),
        "{notes}"
    );

    let lightning = read("torch-lightning.ckpt");
    let names: Vec<&String> = lightning.tensors.keys().collect();
    assert_eq!(names, ["model.rnn.weight_hh_l0", "model.rnn.weight_ih_l0"]);
    assert_eq!(lightning.numbers["global_step"], 1200.0);
    assert_eq!(lightning.numbers["hyper_parameters.alpha"], 0.1);
    assert!(
        !lightning
            .numbers
            .keys()
            .any(|name| name.starts_with("optimizer"))
    );
    let notes = lightning.notes.join("; ");
    assert!(
        notes.contains("under `state_dict`") && notes.contains("`callbacks`, `optimizer_states`"),
        "{notes}"
    );
}

#[test]
fn what_is_no_state_dict_is_refused_with_the_lines_that_make_one() {
    let message = read_contents(&file("torch-module.pt"))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("NEWOBJ")
            && message.contains("torch.nn.modules.rnn.RNN")
            && message.contains("torch.save(model.state_dict()"),
        "{message}"
    );
    let legacy = read_contents(&file("torch-legacy.pt")).unwrap_err();
    assert!(matches!(legacy, ArraysError::Unsupported { .. }));
    assert!(
        legacy.to_string().contains("before version 1.6"),
        "{legacy}"
    );
}

#[test]
fn damage_is_seen_whatever_it_hits() {
    let bytes = fs::read(file("torch-state-dict.pt")).unwrap();
    for length in (0..bytes.len()).step_by(7) {
        assert!(from_torch(&bytes[..length]).is_err(), "cut at {length}");
    }
    let parts = members(&bytes);
    let changed = |change: &dyn Fn(&mut String, &mut Vec<u8>)| {
        let mut parts = parts.clone();
        for (name, content) in &mut parts {
            change(name, content);
        }
        from_torch(&archive(&parts, zip::CompressionMethod::Stored)).unwrap_err()
    };
    let shorter = changed(&|name, content| {
        if name.ends_with("/data/1") {
            content.truncate(32);
        }
    });
    assert!(
        shorter.contains("data/1 has 32 bytes, and 36 bytes"),
        "{shorter}"
    );
    let order = changed(&|name, content| {
        if name.ends_with("/byteorder") {
            *content = b"middle".to_vec();
        }
    });
    assert!(order.contains("order of bytes"), "{order}");
    let beyond = changed(&|name, content| {
        // The rows of the recurrent weights become 4.
        let place = content
            .windows(7)
            .position(|bytes| bytes == b"K\x03K\x03\x86q\x11");
        if let (true, Some(place)) = (name.ends_with(PICKLE), place) {
            content[place + 1] = 4;
        }
    });
    assert!(beyond.contains("reaches beyond the 9 elements"), "{beyond}");
    let begin = bytes
        .windows(4)
        .position(|window| window == 0.125_f32.to_le_bytes());
    let mut flipped = bytes.clone();
    flipped[begin.unwrap()] ^= 1;
    let message = from_torch(&flipped).unwrap_err();
    assert!(message.contains("the checksum of data/") && message.contains("does not match"));
}

proptest! {
    #[test]
    fn no_change_to_the_pickle_of_a_checkpoint_makes_the_reader_panic(
        changes in prop::collection::vec((any::<usize>(), any::<u8>()), 1..4),
    ) {
        let parts = members(&fs::read(file("torch-lightning.ckpt")).unwrap());
        let pickle = parts.iter().find(|(name, _)| name.ends_with(PICKLE));
        let mut pickle = pickle.unwrap().1.clone();
        for (place, byte) in changes {
            let place = place % pickle.len();
            pickle[place] = byte;
        }
        let _ = from_pickle(&pickle, &mut |_, bytes| Ok(vec![0; (bytes as usize).min(4096)]));
    }
}

/// The fuzzer's: an array that the pickle begins and never fills is no tensor; alone it was taken for one without numbers.
#[test]
fn an_array_that_is_never_filled_is_no_tensor() {
    let pickle =
        b"\x80\x03cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R.";
    let refused = from_pickle(pickle, &mut |_, _| Err("no storage".to_owned())).unwrap_err();
    assert_eq!(refused, "it holds no tensor");
}
