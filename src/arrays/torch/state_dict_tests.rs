#![allow(clippy::unwrap_used)]

use super::super::pickle::load;
use super::*;

/// The pickle of a tensor without numbers.
fn tensor() -> Vec<u8> {
    b"ctorch._utils\n_rebuild_meta_tensor_no_storage\n)R".to_vec()
}

/// The pickle of a dictionary.
fn dict(items: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut pickle = b"}(".to_vec();
    for (key, value) in items {
        pickle.extend([0x8c, key.len() as u8]);
        pickle.extend(key.bytes());
        pickle.extend(value);
    }
    pickle.push(b'u');
    pickle
}

/// Names of tensors, of numbers, and notes of a checkpoint.
fn found(pickle: &[u8]) -> (Vec<String>, Vec<String>, String) {
    let (root, objects) = load(&[b"\x80\x04", pickle, b"."].concat()).unwrap();
    let found = find(&objects, root).unwrap();
    let names = found.tensors.into_keys().collect();
    (
        names,
        found.numbers.into_keys().collect(),
        found.notes.join("; "),
    )
}

/// Entries of a checkpoint, the tensors that are taken, and what is said.
type Case<'a> = (&'a [(&'a str, Vec<u8>)], &'a [&'a str], &'a str);

#[test]
fn a_wrapper_is_gone_into_only_if_it_is_the_only_one() {
    let weights = || dict(&[("rnn.w", tensor())]);
    let moments = || dict(&[("state", dict(&[("m", tensor())]))]);
    let cases: [Case; 9] = [
        (&[("w", tensor())], &["w"], ""),
        (
            &[("state_dict", weights())],
            &["rnn.w"],
            "under `state_dict`",
        ),
        (
            &[("Model_State_Dict", weights()), ("optimizer", moments())],
            &["rnn.w"],
            "`optimizer`",
        ),
        (
            &[(
                "checkpoint",
                dict(&[("net", weights()), ("epoch", b"K\x05".to_vec())]),
            )],
            &["rnn.w"],
            "under `checkpoint.net`",
        ),
        (
            &[("model", weights()), ("ema_model", weights())],
            &["rnn.w"],
            "left out, since they hold no weights of the network: `ema_model`",
        ),
        (
            &[("actor", weights()), ("critic", weights())],
            &["actor.rnn.w", "critic.rnn.w"],
            "",
        ),
        (
            &[("model", weights()), ("critic", weights())],
            &["critic.rnn.w", "model.rnn.w"],
            "",
        ),
        // Not a name of a wrapper, but of a part of the network.
        (
            &[("encoder", weights()), ("optim", moments())],
            &["encoder.rnn.w"],
            "`optim`",
        ),
        // Nothing else is there.
        (&[("optimizer", moments())], &["optimizer.state.m"], ""),
    ];
    for (items, expected, part) in cases {
        let (names, _, notes) = found(&dict(items));
        assert_eq!(names, expected);
        assert!(notes.contains(part), "{notes}");
        assert!(!part.is_empty() || notes.is_empty(), "{notes}");
    }
    let (_, _, notes) = found(&dict(&[
        ("state", dict(&[("m", tensor())])),
        ("param_groups", b"]".to_vec()),
    ]));
    assert!(notes.contains("the state of an optimiser"), "{notes}");
}

#[test]
fn numbers_beside_the_network_are_kept_by_name() {
    let settings = dict(&[
        ("alpha", b"K\x01".to_vec()),
        ("sizes", dict(&[("hidden", b"K\x02".to_vec())])),
    ]);
    // As argparse leaves them.
    let namespace = [
        b"cargparse\nNamespace\n)\x81".as_slice(),
        &dict(&[("seed", b"K\x07".to_vec())]),
        b"b",
    ]
    .concat();
    let (names, numbers, _) = found(&dict(&[
        ("model", dict(&[("w", tensor())])),
        ("global_step", b"M\x10\x27".to_vec()),
        ("hyper_parameters", settings),
        ("args", namespace),
        ("is_best", b"\x88".to_vec()),
        ("optimizer", dict(&[("lr", b"K\x01".to_vec())])),
    ]));
    assert_eq!(names, ["w"]);
    let expected = [
        "args.seed",
        "global_step",
        "hyper_parameters.alpha",
        "hyper_parameters.sizes.hidden",
    ];
    assert_eq!(numbers, expected);
}

#[test]
fn names_are_of_bounded_length() {
    let mut pickle = tensor();
    for _ in 0..20 {
        pickle = dict(&[("a".repeat(100).as_str(), pickle)]);
    }
    let (root, objects) = load(&[b"\x80\x04", pickle.as_slice(), b"."].concat()).unwrap();
    assert!(find(&objects, root).unwrap_err().contains("2020 bytes"));
}
