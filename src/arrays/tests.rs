#![allow(clippy::unwrap_used)]

use super::*;
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
    let read = |bytes: Vec<u8>| from_npy(&bytes).unwrap().unwrap();
    assert_eq!(read(npy("<f8", false, &wide)).values, numbers);
    assert_eq!(read(npy("<f4", false, &narrow)).values, numbers);
    let by_columns = read(npy("<f8", true, &wide));
    assert_eq!(by_columns.values, [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
    assert_eq!(by_columns.shape, [2, 3]);
    assert_eq!(from_npy(&npy("<i8", false, &wide)).unwrap(), None);
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
    assert_eq!(from_npy(&bytes), Ok(None));
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
