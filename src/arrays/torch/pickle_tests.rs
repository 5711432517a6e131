#![allow(clippy::unwrap_used)]

use super::super::from_pickle;
use super::*;
use proptest::prelude::*;

/// The reason why a pickle is refused.
fn refusal(pickle: &[u8]) -> String {
    from_pickle(pickle, &mut |_, bytes| Ok(vec![0; bytes as usize])).unwrap_err()
}

fn short_text(text: &str) -> Vec<u8> {
    [&[0x8c, text.len() as u8], text.as_bytes()].concat()
}

#[test]
fn what_would_run_code_is_refused_by_the_names_of_instruction_and_function() {
    let echo = short_text("echo");
    let by_name = [short_text("posix"), short_text("system"), vec![0x93]].concat();
    let cases: [(Vec<u8>, &str, &str); 8] = [
        (
            [b"\x80\x02cos\nsystem\n", echo.as_slice(), b"\x85R."].concat(),
            "REDUCE",
            "os.system",
        ),
        (
            [b"\x80\x04", by_name.as_slice(), &echo, b"\x85R."].concat(),
            "REDUCE",
            "posix.system",
        ),
        (
            [b"\x80\x02(", echo.as_slice(), b"ios\nsystem\n."].concat(),
            "INST",
            "os.system",
        ),
        (
            [b"\x80\x02(cos\nsystem\n", echo.as_slice(), b"o."].concat(),
            "OBJ",
            "os.system",
        ),
        (
            [b"\x80\x02c__builtin__\neval\n", echo.as_slice(), b"\x85R."].concat(),
            "REDUCE",
            "__builtin__.eval",
        ),
        (
            [
                b"\x80\x04cbuiltins\ngetattr\n",
                echo.as_slice(),
                b"\x85\x81.",
            ]
            .concat(),
            "NEWOBJ",
            "builtins.getattr",
        ),
        // In the text form of protocol 0, whose first instruction behind the name is not known.
        (
            b"cos\nsystem\n(S'echo'\ntR.".to_vec(),
            "STRING",
            "os.system",
        ),
        // Within a tensor, whose function it would be.
        (
            b"\x80\x02ctorch.storage\n_load_from_bytes\nC\x01x\x85R.".to_vec(),
            "REDUCE",
            "_load_from_bytes",
        ),
    ];
    for (pickle, instruction, global) in cases {
        let message = refusal(&pickle);
        assert!(
            message.contains(&format!("instruction {instruction} at byte"))
                && message.contains(global)
                && message.contains("model.state_dict()"),
            "{message}"
        );
    }
}

#[test]
fn instructions_that_are_not_known_and_broken_pickles_are_refused() {
    for (pickle, parts) in [
        (
            b"\x80\x02N2.".as_slice(),
            ["DUP", "no file of `torch.save` needs it"],
        ),
        (b"\x80\x02\xff.", ["instruction 0xff at byte 2", "damaged"]),
        (b"\x80\x09.", ["PROTO", "protocol 9"]),
        (b"\x80\x02}", ["ends", "1 bytes before"]),
        (b"\x80\x02X\xff\xff\xff\xffab.", ["BINUNICODE", "ends"]),
        (b"\x80\x02h\x05.", ["BINGET", "value 5"]),
        (b"\x80\x02}Nu.", ["SETITEMS", "without a beginning"]),
        (b"\x80\x02N(NNs.", ["SETITEM", "takes more from the stack"]),
        (b"\x80\x02}(Nu.", ["SETITEMS", "no value"]),
        (b"\x80\x02Na.", ["APPEND", "takes more"]),
        (b"\x80\x02}.", ["holds no tensor", ""]),
        (
            b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.",
            ["REDUCE", "too few arguments"],
        ),
        (b"", ["ends", ""]),
    ] {
        let message = refusal(pickle);
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
}

#[test]
fn integers_of_any_length_are_read() {
    for (bytes, expected) in [
        (b"\x8a\x00.".as_slice(), 0),
        (b"\x8a\x01\xff.", -1),
        (b"\x8a\x02\x00\x80.", -32768),
        (b"\x8a\x05\x00\x00\x00\x00\x01.", 1 << 32),
        (b"\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\xff.", i64::MIN),
    ] {
        assert_eq!(load(bytes).unwrap().0, Value::Int(expected));
    }
    let (value, objects) = load(b"\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00.").unwrap();
    assert!(matches!(objects.get(value), Some(Object::Other)));
}

#[test]
fn containers_of_the_standard_library_are_built() {
    for (pickle, length) in [
        (
            b"\x80\x02ccollections\ndeque\n)K\x05\x86R(K\x01K\x02e.".as_slice(),
            2,
        ),
        (b"\x80\x02c__builtin__\nset\n](K\x01K\x02e\x85R.", 2),
        (
            b"\x80\x02ccollections\ndefaultdict\nc__builtin__\nlist\n\x85RK\x01K\x02s.",
            1,
        ),
        (b"\x80\x02ccollections\nCounter\n}K\x01K\x02s\x85R.", 1),
    ] {
        let (value, objects) = load(pickle).unwrap();
        let found = match objects.get(value).unwrap() {
            Object::List(items) => items.len(),
            Object::Dict(items) => items.len(),
            other => panic!("{other:?}"),
        };
        assert_eq!(found, length);
    }
}

/// A list of the same list, many times, many times over: small in a file, endless to walk.
#[test]
fn lists_that_hold_each_other_end_in_a_message() {
    let tensor = b"ctorch._utils\n_rebuild_meta_tensor_no_storage\n)R";
    let mut laughs = [b"\x80\x02".as_slice(), tensor, b"\x94"].concat();
    for level in 0..24_u8 {
        laughs.extend([b']', b'(', b'h', level, b'h', level, b'e', 0x94]);
    }
    laughs.push(b'.');
    assert!(refusal(&laughs).contains("over and over"));

    // A dictionary that holds itself.
    let own = b"\x80\x02}\x94\x8c\x01ah\x00s.";
    assert!(refusal(own).contains("no tensor"));
    let with_tensor = [
        b"\x80\x02}\x94\x8c\x01a".as_slice(),
        tensor,
        b"s\x8c\x01bh\x00s.",
    ]
    .concat();
    assert!(refusal(&with_tensor).contains("more than 32 lists deep"));
}

#[test]
fn a_pickle_that_builds_far_more_than_its_length_is_refused() {
    // A text of 60,000 characters, encoded over and over.
    let mut pickle = b"\x80\x02X\x60\xea\x00\x00".to_vec();
    pickle.extend(vec![b'a'; 60_000]);
    pickle.extend(b"q\x00c_codecs\nencode\nq\x01");
    for _ in 0..6000 {
        pickle.extend(b"h\x01h\x00\x85R");
    }
    pickle.push(b'.');
    let message = refusal(&pickle);
    assert!(message.contains("far more than its length"), "{message}");
}

proptest! {
    #[test]
    fn no_bytes_make_the_machine_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = from_pickle(&bytes, &mut |_, _| Ok(vec![0; 8]));
    }
}
