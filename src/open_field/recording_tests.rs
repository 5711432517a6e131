#![allow(clippy::unwrap_used)]

use std::io::{Cursor, Write as _};

use super::*;

/// An array of an npz file: its name, its shape as Python writes it, and its numbers.
type Member<'a> = (&'a str, &'a str, Vec<f64>);

/// The bytes of an npz file.
pub(crate) fn npz(members: &[Member<'_>]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, shape, values) in members {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(format!("{name}.npy"), options).unwrap();
        let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut member = b"\x93NUMPY\x01\x00".to_vec();
        member.extend((header.len() as u16).to_le_bytes());
        member.extend(header.bytes());
        member.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        zip.write_all(&member).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The recording of some times and positions.
pub(crate) fn recording(times: &[f64], positions: &[Point]) -> Result<Recording, RecordingError> {
    let count = times.len();
    let bytes = npz(&[
        ("t", &format!("({count},)"), times.to_vec()),
        ("pos", &format!("({count}, 2)"), positions.concat()),
    ]);
    Recording::from_bytes(Path::new("rat.npz"), &bytes)
}

fn message_of(members: &[Member<'_>]) -> String {
    let read = Recording::from_bytes(Path::new("rat.npz"), &npz(members));
    read.unwrap_err().to_string()
}

#[test]
fn a_sound_recording_is_read_whole() {
    let read = recording(&[0.0, 0.5], &[[0.1, 0.2], [0.3, 0.4]]).unwrap();
    assert_eq!(read.times_secs(), [0.0, 0.5]);
    assert_eq!(read.positions(), [[0.1, 0.2], [0.3, 0.4]]);
    assert_eq!(read.sha256().len(), 64);
    assert!(format!("{read:?}").contains("samples: 2"));
}

#[test]
fn a_file_that_is_missing_or_none_is_named() {
    let error = Recording::read(Path::new("no-such-rat.npz")).unwrap_err();
    assert!(error.to_string().starts_with("cannot read no-such-rat.npz"));
    let error = Recording::from_bytes(Path::new("rat.npz"), b"t,x,y").unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with("rat.npz is no npz file"), "{message}");
    assert!(message.contains("numpy.savez(file, t=t, pos=pos)"));
}

#[test]
fn every_flaw_of_an_array_is_named_with_its_place_and_what_would_be_right() {
    let times = ("t", "(3,)", vec![0.0, 0.1, 0.2]);
    let places = ("pos", "(3, 2)", vec![0.5; 6]);
    let with_places = |at: usize, value| {
        let mut values = vec![0.5; 6];
        values[at] = value;
        ("pos", "(3, 2)", values)
    };
    let with_time = |value| ("t", "(3,)", vec![0.0, 0.1, value]);
    for (members, parts) in [
        (
            vec![("x", "(3,)", vec![0.0; 3]), places.clone()],
            ["no array `t` of numbers, only `pos`, `x`", "`t` in seconds"],
        ),
        (
            vec![times.clone()],
            ["rat.npz has no array `pos`", "only `t`; expected"],
        ),
        (
            vec![("t", "(3, 1)", vec![0.0; 3]), places.clone()],
            [
                "array `t` of rat.npz has shape [3, 1]",
                "one time in seconds a sample",
            ],
        ),
        (
            vec![("t", "(1,)", vec![0.0]), ("pos", "(1, 2)", vec![0.0; 2])],
            ["array `t` of rat.npz has shape [1]", "at least two"],
        ),
        (
            vec![times.clone(), ("pos", "(2, 3)", vec![0.5; 6])],
            ["array `pos` of rat.npz has shape [2, 3]", "expected [3, 2]"],
        ),
        (
            vec![times.clone(), with_places(3, f64::NAN)],
            [
                "array `pos` of rat.npz has NaN in row 1",
                "leave out the samples",
            ],
        ),
        (
            vec![with_time(f64::INFINITY), places.clone()],
            [
                "array `t` of rat.npz has inf in row 2",
                "expected finite numbers",
            ],
        ),
        (
            vec![with_time(0.1), places.clone()],
            ["goes from 0.1 s to 0.1 s in row 2", "times that increase"],
        ),
        (
            vec![with_time(-4.0), places.clone()],
            ["goes from 0.1 s to -4 s in row 2", "times that increase"],
        ),
    ] {
        let message = message_of(&members);
        for part in parts {
            assert!(message.contains(part), "{message}, without {part:?}");
        }
    }
}

#[test]
fn a_position_outside_the_box_is_named_with_what_all_span() {
    let read = recording(&[0.0, 1.0, 2.0], &[[0.5, 0.5], [1.5, 0.2], [-0.1, 0.9]]).unwrap();
    let area = |width| Area { width, height: 1.0 };
    let message = read.check_within(area(1.0)).unwrap_err().to_string();
    assert!(message.contains("has [1.5, 0.2] m in row 1"), "{message}");
    assert!(
        message.contains("span [-0.1, 0.2] to [1.5, 0.9] m"),
        "{message}"
    );
    assert!(message.contains("set `width` and `height`"));
    let message = read.check_within(area(2.0)).unwrap_err().to_string();
    assert!(message.contains("in row 2"), "{message}");
}
