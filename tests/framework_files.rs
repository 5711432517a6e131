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

/// File without its ending, framework and cell as they are told.
const FILES: [(&str, &str, &str); 30] = [
    ("pytorch_rnn", "PyTorch", "RNN"),
    ("pytorch_gru", "PyTorch", "GRU"),
    ("pytorch_lstm", "PyTorch", "LSTM"),
    ("pytorch_two_grus", "PyTorch", "GRU, two layers"),
    ("pytorch_two_lstms", "PyTorch", "LSTM, two layers"),
    ("pytorch_projected_lstm", "PyTorch", "LSTM, `proj_size`"),
    (
        "pytorch_two_projected_lstms",
        "PyTorch",
        "LSTM, `proj_size`, two layers",
    ),
    (
        "pytorch_weight_norm",
        "PyTorch",
        "GRU, weight norm (parametrization)",
    ),
    (
        "pytorch_old_weight_norm",
        "PyTorch",
        "GRU, weight norm (hook)",
    ),
    ("pytorch_spectral_norm", "PyTorch", "GRU, spectral norm"),
    ("pytorch_bidirectional", "PyTorch", "GRU, bidirectional"),
    ("keras_simple", "Keras", "SimpleRNN"),
    ("keras_gru", "Keras", "GRU"),
    (
        "keras_gru_reset_before",
        "Keras",
        "GRU, `reset_after=False`",
    ),
    ("keras_lstm", "Keras", "LSTM"),
    ("keras_two_grus", "Keras", "GRU, two layers"),
    ("flax_linen_simple", "Flax linen", "SimpleCell"),
    ("flax_linen_gru", "Flax linen", "GRUCell"),
    ("flax_linen_lstm", "Flax linen", "OptimizedLSTMCell"),
    ("flax_nnx_simple", "Flax nnx", "SimpleCell"),
    ("flax_nnx_gru", "Flax nnx", "GRUCell"),
    ("flax_nnx_lstm", "Flax nnx", "LSTMCell"),
    ("flax_nnx_optimized_lstm", "Flax nnx", "OptimizedLSTMCell"),
    ("haiku_vanilla", "Haiku", "VanillaRNN"),
    ("haiku_gru", "Haiku", "GRU"),
    ("haiku_lstm", "Haiku", "LSTM"),
    ("equinox_gru", "Equinox", "GRUCell"),
    ("equinox_lstm", "Equinox", "LSTMCell"),
    ("nn4n_ctrnn", "nn4n", "CTRNN"),
    ("psychrnn_basic", "PsychRNN", "Basic"),
];
/// Those whose files do not tell α.
const LEAKY: [&str; 2] = ["nn4n_ctrnn", "psychrnn_basic"];
const ALPHA: f64 = 0.2;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign_files")
}

fn read(name: &str) -> Tensors {
    tensors::read(&folder().join(format!("{name}.npz"))).unwrap()
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
fn outcome(name: &str, alpha: Option<f64>) -> String {
    let options = Options {
        alpha,
        ..Options::default()
    };
    match ForeignNetwork::new(&read(name), &options) {
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
    for (name, framework, cell) in FILES {
        let alpha = LEAKY.contains(&name).then_some(ALPHA);
        let said = alpha.map_or("", |_| "`--alpha`");
        let outcome = outcome(name, alpha);
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

    // What PyTorch computes at every step is told with what it is computed from.
    let network =
        ForeignNetwork::new(&read("pytorch_old_weight_norm"), &Options::default()).unwrap();
    let used = &network.account().used;
    assert!(
        used.contains("weight_hh_l0 (computed from weight_hh_l0_g and weight_hh_l0_v)"),
        "{used}"
    );
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
    let tensors = Tensors::from([
        ("J".to_owned(), floats(&[2, 2], &[0.5, 0.1, -0.2, 0.3])),
        ("W_fb".to_owned(), floats(&[2, 1], &[1.0, 2.0])),
        ("W_out".to_owned(), floats(&[1, 2], &[0.25, -0.5])),
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

fn floats(shape: &[usize], values: &[f64]) -> tensors::Tensor {
    tensors::Tensor::of_floats(shape.to_vec(), values.to_vec())
}

fn stepped(tensors: &Tensors, options: &Options, state: &[f64]) -> Vec<f64> {
    let network = ForeignNetwork::new(tensors, options).unwrap();
    let mut next = vec![0.0; state.len()];
    network.map_at(&[]).unwrap().step(state, &mut next);
    next
}

fn refused(tensors: &Tensors, options: &Options) -> String {
    let refused = ForeignNetwork::new(tensors, options).unwrap_err();
    refused.to_string()
}

fn assert_near(own: &[f64], expected: &[f64]) {
    assert_eq!(own.len(), expected.len());
    for (own, expected) in own.iter().zip(expected) {
        assert!((own - expected).abs() < 1e-15, "{own} for {expected}");
    }
}

/// z' = A z + W relu(z) + h, by hand, under the names of the Durstewitz group.
#[test]
fn piecewise_linear_networks_are_known_by_their_names() {
    let with = |names: &[(&str, tensors::Tensor)]| -> Tensors {
        let named = names.iter().cloned();
        named
            .map(|(name, tensor)| (name.to_owned(), tensor))
            .collect()
    };
    let plain = Options::default();
    let state = [0.5, -1.0];
    let diagonal = floats(&[2, 2], &[0.9, 0.0, 0.0, 0.8]);
    let plrnn = with(&[
        ("A", diagonal.clone()),
        ("W", floats(&[2, 2], &[0.0, 2.0, 3.0, 0.0])),
        ("h", floats(&[2], &[0.1, 0.2])),
    ]);
    assert_near(
        &stepped(&plrnn, &plain, &state),
        &[0.45 + 0.1, -0.8 + 3.0 * 0.5 + 0.2],
    );
    // Of an almost-linear one, the second unit alone is rectified, so the first sees it as 0 all the same.
    let almost = Options {
        cell: Some(CellName::AlmostLinear),
        rectified: Some(1),
        ..Options::default()
    };
    assert_near(
        &stepped(&plrnn, &almost, &[-0.5, 1.0]),
        &[-0.45 + 2.0 + 0.1, 0.8 - 1.5 + 0.2],
    );
    let without = Options {
        rectified: None,
        ..almost
    };
    assert!(refused(&plrnn, &without).contains("--rectified"));
    let shallow = with(&[
        ("A", floats(&[2], &[0.9, 0.8])),
        ("W1", floats(&[2, 1], &[2.0, -1.0])),
        ("W2", floats(&[1, 2], &[1.0, 1.0])),
        ("h1", floats(&[2], &[0.1, 0.2])),
        ("h2", floats(&[1], &[0.75])),
    ]);
    // relu(0.5 - 1 + 0.75) = 0.25.
    assert_near(
        &stepped(&shallow, &plain, &state),
        &[0.45 + 0.5 + 0.1, -0.8 - 0.25 + 0.2],
    );
    let skewed = with(&[
        ("A", floats(&[2, 2], &[0.9, 0.1, 0.0, 0.8])),
        ("W", floats(&[2, 2], &[0.0, 2.0, 3.0, 0.0])),
    ]);
    assert!(refused(&skewed, &plain).contains("nothing beside its diagonal"));
}

#[test]
fn each_unit_may_have_an_alpha_of_its_own() {
    let tensors = Tensors::from([
        ("W".to_owned(), floats(&[2, 2], &[0.5, -1.0, 1.0, 0.5])),
        ("speed".to_owned(), floats(&[2], &[0.2, 1.0])),
    ]);
    let options = Options {
        cell: Some(CellName::LeakyRates),
        names: [(Role::Alpha, "speed".to_owned())].into(),
        ..Options::default()
    };
    let (a, b) = (0.5 * 0.4 + 0.3, 0.4 - 0.15);
    let expected = [0.8 * 0.4 + 0.2 * f64::tanh(a), f64::tanh(b)];
    assert_near(&stepped(&tensors, &options, &[0.4, -0.3]), &expected);
    let mut wrong = tensors;
    wrong.insert("speed".to_owned(), floats(&[2], &[0.2, 1.5]));
    assert!(refused(&wrong, &options).contains("1.5"));
}

#[test]
fn low_rank_factors_are_divided_by_the_units_where_that_is_said_or_known() {
    let factors = |m: &str, n: &str| {
        Tensors::from([
            (m.to_owned(), floats(&[2, 1], &[2.0, -1.0])),
            (n.to_owned(), floats(&[2, 1], &[1.0, 3.0])),
        ])
    };
    let options = |m: &str, n: &str| Options {
        cell: Some(CellName::Vanilla),
        names: [(Role::Outward, m.to_owned()), (Role::Inward, n.to_owned())].into(),
        ..Options::default()
    };
    let step = |share: f64| {
        let overlap = 0.4 - 0.9;
        [
            f64::tanh(2.0 * share * overlap),
            f64::tanh(-share * overlap),
        ]
    };
    let state = [0.4, -0.3];
    let plain = options("m", "n");
    assert_near(&stepped(&factors("m", "n"), &plain, &state), &step(1.0));
    let scaled = Options {
        scale_by_units: true,
        ..plain
    };
    assert_near(&stepped(&factors("m", "n"), &scaled, &state), &step(0.5));
    let (m, n) = ("rnn.low_rank_m", "rnn.low_rank_n");
    assert_near(&stepped(&factors(m, n), &options(m, n), &state), &step(0.5));
    // A checkpoint of Creode's does not say the form of its cell.
    assert!(refused(&factors(m, n), &Options::default()).contains("creode analyze RUN"));
}

/// W + F V and b + F c.
#[test]
fn feedback_in_a_checkpoint_is_part_of_the_recurrence() {
    let tensors = Tensors::from([
        (
            "rnn.weight_hh_l0".to_owned(),
            floats(&[2, 2], &[0.5, 0.1, -0.2, 0.3]),
        ),
        ("rnn.bias_ih_l0".to_owned(), floats(&[2], &[0.1, 0.0])),
        ("readout.weight".to_owned(), floats(&[1, 2], &[0.25, -0.5])),
        ("readout.bias".to_owned(), floats(&[1], &[0.5])),
        ("readout.feedback".to_owned(), floats(&[2, 1], &[1.0, 2.0])),
    ]);
    let (x, y) = (0.4, -0.3);
    let output = 0.25 * x - 0.5 * y + 0.5;
    let expected = [
        f64::tanh(0.5 * x + 0.1 * y + 0.1 + output),
        f64::tanh(-0.2 * x + 0.3 * y + 2.0 * output),
    ];
    assert_near(&stepped(&tensors, &Options::default(), &[x, y]), &expected);
}

#[test]
fn nothing_that_is_named_is_left_aside() {
    let gru = read("pytorch_gru");
    let named = |role| Options {
        names: [(role, "bias_ih_l0".to_owned())].into(),
        ..Options::default()
    };
    for role in [Role::Diagonal, Role::Alpha, Role::Projection, Role::Hidden] {
        let message = refused(&gru, &named(role));
        assert!(
            message.contains("bias_ih_l0") || message.contains("[9]"),
            "{message}"
        );
    }
    let scaled = Options {
        scale_by_units: true,
        ..Options::default()
    };
    assert!(refused(&gru, &scaled).contains("--scale-by-units"));
    let rectified = Options {
        rectified: Some(1),
        ..Options::default()
    };
    assert!(refused(&gru, &rectified).contains("--rectified"));
}

/// An encoder and a decoder are no stack, though their sizes would fit; two directions are none either; layers that Keras
/// numbers are, in the order of the numbers.
#[test]
fn layers_of_keras_are_a_stack_only_if_they_are_numbered_so() {
    let one = read("keras_two_grus");
    let upper = one
        .keys()
        .find(|name| name.contains("recurrent_kernel"))
        .unwrap();
    let square = one[upper].clone();
    let with = |names: [&str; 2]| -> Tensors {
        let arrays = names.into_iter().flat_map(|name| {
            let kernel = |part: &str| (format!("model/{name}/gru_cell/{part}"), square.clone());
            [kernel("kernel"), kernel("recurrent_kernel")]
        });
        arrays.collect()
    };
    let plain = Options::default();
    let message = refused(&with(["decoder", "encoder"]), &plain);
    assert!(message.contains("2 recurrent modules"), "{message}");
    let message = refused(&with(["forward_gru", "backward_gru"]), &plain);
    assert!(message.contains("backwards through time"), "{message}");
    let stack = ForeignNetwork::new(&with(["gru_10", "gru_9"]), &plain).unwrap();
    let used = &stack.account().used;
    assert!(
        used.find("gru_9").unwrap() < used.find("gru_10").unwrap(),
        "{used}"
    );
}

/// A matrix under a name of its own goes with what stands beside it in its module, and with nothing else.
#[test]
fn what_stands_beside_a_named_matrix_is_used() {
    let mut tensors = read("pytorch_rnn");
    let recurrent = tensors.remove("weight_hh_l0").unwrap();
    tensors.insert("core".to_owned(), recurrent);
    tensors.insert("other.bias_ih_l0".to_owned(), floats(&[3], &[9.0; 3]));
    let options = Options {
        names: [(Role::Recurrent, "core".to_owned())].into(),
        ..Options::default()
    };
    let network = ForeignNetwork::new(&tensors, &options).unwrap();
    assert!(difference(&network, "pytorch_rnn") < SAME);
    assert!(network.account().left.contains("other.bias_ih_l0"));
}
