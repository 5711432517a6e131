//! Files that other frameworks wrote: the states that Creode's maps go through are those of the framework's own forward
//! pass. `.ci/make_framework_files.py` makes the files; `CREODE_UPDATE_DOCS=1` writes the table of `docs/OTHER_NETWORKS.md`.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use creode::foreign::tensors::{self, Tensors};
use creode::foreign::{CellName, ForeignNetwork, GateOrder, Options, Origin, Role};
use creode::map::Map as _;

/// States may differ by so much: rounding, in another order of sums.
const SAME: f64 = 1e-12;

/// File without its ending, framework and cell as they are told, what must be said of it.
const FILES: [(&str, &str, &str, &[&str]); 27] = [
    ("pytorch_rnn", "PyTorch", "RNN", &[]),
    ("pytorch_gru", "PyTorch", "GRU", &[]),
    ("pytorch_lstm", "PyTorch", "LSTM", &[]),
    ("pytorch_two_grus", "PyTorch", "GRU, two layers", &[]),
    ("pytorch_two_lstms", "PyTorch", "LSTM, two layers", &[]),
    (
        "pytorch_projected_lstm",
        "PyTorch",
        "LSTM, `proj_size`",
        &[],
    ),
    (
        "pytorch_two_projected_lstms",
        "PyTorch",
        "LSTM, `proj_size`, two layers",
        &[],
    ),
    (
        "pytorch_weight_norm",
        "PyTorch",
        "GRU, weight norm (parametrization)",
        &[],
    ),
    (
        "pytorch_old_weight_norm",
        "PyTorch",
        "GRU, weight norm (hook)",
        &[],
    ),
    (
        "pytorch_bidirectional",
        "PyTorch",
        "GRU, bidirectional",
        &[],
    ),
    ("keras_simple", "Keras", "SimpleRNN", &[]),
    ("keras_gru", "Keras", "GRU", &[]),
    (
        "keras_gru_reset_before",
        "Keras",
        "GRU, `reset_after=False`",
        &[],
    ),
    ("keras_lstm", "Keras", "LSTM", &[]),
    ("keras_two_grus", "Keras", "GRU, two layers", &[]),
    ("flax_linen_simple", "Flax linen", "SimpleCell", &[]),
    ("flax_linen_gru", "Flax linen", "GRUCell", &[]),
    ("flax_linen_lstm", "Flax linen", "OptimizedLSTMCell", &[]),
    ("flax_nnx_simple", "Flax nnx", "SimpleCell", &[]),
    ("flax_nnx_gru", "Flax nnx", "GRUCell", &[]),
    ("flax_nnx_lstm", "Flax nnx", "LSTMCell", &[]),
    (
        "flax_nnx_optimized_lstm",
        "Flax nnx",
        "OptimizedLSTMCell",
        &[],
    ),
    ("haiku_vanilla", "Haiku", "VanillaRNN", &[]),
    ("haiku_gru", "Haiku", "GRU", &[]),
    ("haiku_lstm", "Haiku", "LSTM", &[]),
    ("equinox_gru", "Equinox", "GRUCell", &[]),
    ("equinox_lstm", "Equinox", "LSTMCell", &[]),
];
/// Those of rate networks, whose α must be said.
const RATES: [(&str, &str, &str, &[&str]); 2] = [
    ("nn4n_ctrnn", "nn4n", "CTRNN", &["--alpha"]),
    ("psychrnn_basic", "PsychRNN", "Basic", &["--alpha"]),
];
const ALPHA: f64 = 0.2;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign_files")
}

fn read(name: &str) -> Tensors {
    tensors::read(&folder().join(format!("{name}.npz"))).unwrap()
}

fn options(said: &[&str]) -> Options {
    Options {
        alpha: said.contains(&"--alpha").then_some(ALPHA),
        ..Options::default()
    }
}

/// The largest difference of a state from the framework's, over all steps from the origin.
fn difference(network: &ForeignNetwork, name: &str) -> f64 {
    let trial = read(&format!("{name}.states"));
    let (inputs, states) = (&trial["inputs"], &trial["states"]);
    let (channels, dim) = (inputs.shape[1], states.shape[1]);
    let mut here = vec![0.0; dim];
    let mut next = vec![0.0; dim];
    let mut largest: f64 = 0.0;
    let rows = inputs.values.chunks_exact(channels);
    for (input, expected) in rows.zip(states.values.chunks_exact(dim)) {
        let map = network.map_at(input).unwrap();
        assert_eq!(map.dim(), dim, "{name}");
        map.step(&here, &mut next);
        std::mem::swap(&mut here, &mut next);
        for (own, theirs) in here.iter().zip(expected) {
            largest = largest.max((own - theirs).abs());
        }
    }
    largest
}

/// What comes of a file, as the table tells it.
fn outcome(name: &str, said: &[&str]) -> String {
    match ForeignNetwork::new(&read(name), &options(said)) {
        Err(error) => format!("refused: {}", error.to_string().split(':').next().unwrap()),
        Ok(network) => {
            let difference = difference(&network, name);
            assert!(difference < SAME, "{name}: states differ by {difference:e}");
            "read, states equal to 1e-12".to_owned()
        }
    }
}

#[test]
fn states_are_those_of_the_framework_and_the_table_says_so() {
    let mut table =
        "| framework | cell | to be said | what comes of it |\n|---|---|---|---|\n".to_owned();
    for (name, framework, cell, said) in FILES.into_iter().chain(RATES) {
        let outcome = outcome(name, said);
        let said = said.iter().map(|option| format!("`{option}`"));
        let said = said.collect::<Vec<_>>().join(", ");
        writeln!(table, "| {framework} | {cell} | {said} | {outcome} |").unwrap();
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/OTHER_NETWORKS.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (begin, end) = ("<!-- frameworks -->\n", "<!-- end of frameworks -->\n");
    let (before, rest) = text.split_once(begin).unwrap();
    let (known, after) = rest.split_once(end).unwrap();
    if std::env::var_os("CREODE_UPDATE_DOCS").is_some() {
        std::fs::write(&page, format!("{before}{begin}{table}{end}{after}")).unwrap();
    } else {
        assert_eq!(known, table, "CREODE_UPDATE_DOCS=1 writes the table anew");
    }
}

#[test]
fn what_a_file_was_taken_for_is_told_in_three_lines() {
    let network = ForeignNetwork::new(&read("keras_two_grus"), &Options::default()).unwrap();
    let account = network.account().to_string();
    assert_eq!(account.lines().count(), 3, "{account}");
    for part in [
        "gru cell of 3 units",
        "Keras",
        "2 layers",
        "2 inputs",
        "1 output",
        "transposed",
        "PyTorch's order",
    ] {
        assert!(account.contains(part), "no {part} in\n{account}");
    }
    assert!(account.ends_with("none"), "{account}");

    // A tensor that nobody used, though it could be a bias.
    let mut tensors = read("pytorch_gru");
    let bias = tensors["bias_ih_l0"].clone();
    tensors.insert("extra".to_owned(), bias);
    let network = ForeignNetwork::new(&tensors, &Options::default()).unwrap();
    assert!(network.account().left.contains("extra [9] (a bias)"));
}

/// The same arrays without the names that tell their framework.
#[test]
fn what_names_do_not_tell_can_be_said() {
    let renamed = |file: &str, names: &[(&str, &str)]| -> Tensors {
        let tensors = read(file);
        let array = |(new, old): &(&str, &str)| {
            let found = tensors
                .iter()
                .find(|(name, _)| name.ends_with(old))
                .unwrap();
            ((*new).to_owned(), found.1.clone())
        };
        names.iter().map(array).collect()
    };
    let lstm = renamed(
        "keras_lstm",
        &[
            ("W_rec", "recurrent_kernel"),
            ("W_in", "cell/kernel"),
            ("b_h", "cell/bias"),
        ],
    );
    let message = ForeignNetwork::new(&lstm, &Options::default())
        .unwrap_err()
        .to_string();
    assert!(message.contains("--transpose --gates"), "{message}");
    let said = Options {
        transpose: true,
        gates: Some("ifco".parse::<GateOrder>().unwrap()),
        ..Options::default()
    };
    let network = ForeignNetwork::new(&lstm, &said).unwrap();
    assert!(difference(&network, "keras_lstm") < SAME);

    // Square recurrent weights: the shape of the input weights tells the side.
    let simple = renamed(
        "keras_simple",
        &[
            ("W_rec", "recurrent_kernel"),
            ("W_in", "cell/kernel"),
            ("b_h", "cell/bias"),
        ],
    );
    let network = ForeignNetwork::new(&simple, &Options::default()).unwrap();
    assert!(difference(&network, "keras_simple") < SAME);
    assert!(
        network
            .account()
            .network
            .contains("multiply from the right")
    );

    // A framework that is told, and names that are told.
    let said = Options {
        origin: Some(Origin::Keras),
        ..Options::default()
    };
    assert!(ForeignNetwork::new(&read("pytorch_gru"), &said).is_err());
    let mapped = Options {
        names: [(Role::Recurrent, "weight_hh_l1".to_owned())].into(),
        ..Options::default()
    };
    let upper = ForeignNetwork::new(&read("pytorch_two_grus"), &mapped).unwrap();
    assert!(upper.account().used.contains("bias_hh_l1"));
    assert!(!upper.account().used.contains("_l0"));
    let backwards = Options {
        names: [(Role::Recurrent, "weight_hh_l0_reverse".to_owned())].into(),
        ..Options::default()
    };
    let one_way = ForeignNetwork::new(&read("pytorch_bidirectional"), &backwards).unwrap();
    assert!(one_way.account().used.contains("bias_hh_l0_reverse"));
}

/// Outputs that feed back: J + w_fb w_outᵀ, given as a formula.
#[test]
fn a_part_may_be_a_formula_of_tensors() {
    let of = |shape: &[usize], values: &[f64]| {
        tensors::Tensor::of_floats(shape.to_vec(), values.to_vec())
    };
    let tensors = Tensors::from([
        ("J".to_owned(), of(&[2, 2], &[0.5, 0.1, -0.2, 0.3])),
        ("W_fb".to_owned(), of(&[2, 1], &[1.0, 2.0])),
        ("W_out".to_owned(), of(&[1, 2], &[0.25, -0.5])),
    ]);
    let options = |formula: &str| Options {
        cell: Some(CellName::Vanilla),
        names: [(Role::Recurrent, formula.to_owned())].into(),
        ..Options::default()
    };
    let step = |formula: &str| {
        let network = ForeignNetwork::new(&tensors, &options(formula)).unwrap();
        let mut next = [0.0; 2];
        network.map_at(&[]).unwrap().step(&[0.4, -0.3], &mut next);
        next
    };
    let expected = [
        ((0.5 + 0.25) * 0.4 + (0.1 - 0.5) * -0.3_f64).tanh(),
        ((-0.2 + 0.5) * 0.4 + (0.3 - 1.0) * -0.3_f64).tanh(),
    ];
    for formula in ["J+W_fb*W_out", "W_fb * W_out + J"] {
        for (own, expected) in step(formula).iter().zip(expected) {
            assert!((own - expected).abs() < 1e-15, "{formula}");
        }
    }
    let doubled = step("2*J+W_fb*W_out+-1*J");
    assert!((doubled[0] - expected[0]).abs() < 1e-15);
    let message = ForeignNetwork::new(&tensors, &options("J+W_fb")).unwrap_err();
    assert!(message.to_string().contains("W_fb"), "{message}");
}
