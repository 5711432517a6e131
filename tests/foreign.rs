//! Networks from other people's files: what they are taken for, and what is said when they cannot be.

#![allow(clippy::unwrap_used)]

use creode::foreign::{
    CellName, ForeignError, ForeignNetwork, NumberKind, Options, Role, Tensor, Tensors,
};
use creode::map::Map;

fn tensor(shape: &[usize], phase: f64) -> Tensor {
    let count = shape.iter().product::<usize>();
    let values = (0..count).map(|i| (1.7 * i as f64 + phase).sin());
    Tensor::of_floats(shape.to_vec(), values.collect())
}

/// A recurrent layer of three units and two inputs, as PyTorch names it.
fn layer(prefix: &str, gates: usize) -> Tensors {
    let shapes: [(&str, Vec<usize>); 4] = [
        ("weight_ih_l0", vec![3 * gates, 2]),
        ("weight_hh_l0", vec![3 * gates, 3]),
        ("bias_ih_l0", vec![3 * gates]),
        ("bias_hh_l0", vec![3 * gates]),
    ];
    let named = shapes
        .into_iter()
        .enumerate()
        .map(|(i, (name, shape))| (format!("{prefix}{name}"), tensor(&shape, 0.3 * i as f64)));
    named.collect()
}

fn image(tensors: &Tensors, options: &Options) -> Vec<f64> {
    let network = ForeignNetwork::new(tensors, options).unwrap();
    let map = network.map_at(&[0.5, -0.3]).unwrap();
    let state: Vec<f64> = (0..map.dim()).map(|i| 0.4 * (i as f64).cos()).collect();
    let mut out = vec![0.0; map.dim()];
    map.step(&state, &mut out);
    out
}

fn error(tensors: &Tensors, options: &Options) -> String {
    ForeignNetwork::new(tensors, options)
        .unwrap_err()
        .to_string()
}

#[test]
fn the_shape_tells_the_cell_and_any_prefix_is_read() {
    for (gates, dim) in [(1, 3), (2, 3), (3, 3), (4, 6)] {
        let plain = image(&layer("", gates), &Options::default());
        assert_eq!(plain.len(), dim);
        assert_eq!(
            image(&layer("model.rnn.", gates), &Options::default()),
            plain
        );
    }
}

/// tanh(W h + B u + b + b'), written out.
#[test]
fn a_vanilla_layer_makes_its_step_with_both_biases() {
    let tensors = layer("", 1);
    let of = |name: &str| &tensors[name].values;
    let out = image(&tensors, &Options::default());
    for i in 0..3 {
        let recurrent: f64 = (0..3)
            .map(|j| of("weight_hh_l0")[3 * i + j] * 0.4 * (j as f64).cos())
            .sum();
        let input = 0.5 * of("weight_ih_l0")[2 * i] - 0.3 * of("weight_ih_l0")[2 * i + 1];
        let a = recurrent + input + of("bias_ih_l0")[i] + of("bias_hh_l0")[i];
        assert!((out[i] - a.tanh()).abs() < 1e-15);
    }
}

#[test]
fn a_low_rank_network_is_its_full_product() {
    let (outward, inward) = (tensor(&[4, 2], 0.1), tensor(&[4, 2], 0.9));
    let product: Vec<f64> = (0..16)
        .map(|place| {
            let (i, j) = (place / 4, place % 4);
            (0..2)
                .map(|r| outward.values[2 * i + r] * inward.values[2 * j + r])
                .sum()
        })
        .collect();
    let full = Tensors::from([(
        "weight_hh_l0".to_owned(),
        Tensor::of_floats(vec![4, 4], product),
    )]);
    let factors = Tensors::from([("m".to_owned(), outward), ("n".to_owned(), inward)]);
    for cell in [CellName::LeakyRates, CellName::LeakyCurrents] {
        let options = |names: &[(Role, &str)]| Options {
            cell: Some(cell),
            alpha: Some(0.3),
            names: names
                .iter()
                .map(|(role, name)| (*role, (*name).to_owned()))
                .collect(),
            ..Options::default()
        };
        let low = ForeignNetwork::new(
            &factors,
            &options(&[(Role::Outward, "m"), (Role::Inward, "n")]),
        );
        let high = ForeignNetwork::new(&full, &options(&[]));
        let step = |network: ForeignNetwork| {
            let mut out = vec![0.0; 4];
            network
                .map_at(&[])
                .unwrap()
                .step(&[0.3, -0.7, 0.2, 0.9], &mut out);
            out
        };
        for (a, b) in step(low.unwrap()).iter().zip(step(high.unwrap())) {
            assert!((a - b).abs() < 1e-15);
        }
    }
}

#[test]
fn what_does_not_fit_is_named_with_the_shape_that_would() {
    let mut tensors = layer("rnn.", 3);
    tensors.insert("rnn.bias_ih_l0".to_owned(), tensor(&[8], 0.0));
    let message = error(&tensors, &Options::default());
    assert!(
        message.contains("rnn.bias_ih_l0") && message.contains("[8]") && message.contains("[9]"),
        "{message}"
    );

    let lstm = Options {
        cell: Some(CellName::Lstm),
        ..Options::default()
    };
    let message = error(&layer("", 3), &lstm);
    assert!(
        message.contains("[9, 3]") && message.contains("4 · units"),
        "{message}"
    );

    let mut tensors = layer("", 1);
    tensors.get_mut("weight_hh_l0").unwrap().values[4] = f64::NAN;
    let message = error(&tensors, &Options::default());
    assert!(
        message.contains("weight_hh_l0") && message.contains("1 values"),
        "{message}"
    );

    let strange = Tensors::from([("kernel".to_owned(), tensor(&[3, 3], 0.0))]);
    let message = error(&strange, &Options::default());
    assert!(
        message.contains("kernel") && message.contains("--map recurrent=NAME"),
        "{message}"
    );
    let names = |name: &str| [(Role::Recurrent, name.to_owned())].into();
    let mapped = Options {
        names: names("kernel"),
        ..Options::default()
    };
    assert_eq!(ForeignNetwork::new(&strange, &mapped).unwrap().units(), 3);
    let misspelt = Options {
        names: names("kernle"),
        ..Options::default()
    };
    assert!(matches!(
        ForeignNetwork::new(&strange, &misspelt),
        Err(ForeignError::Unknown { .. })
    ));

    let mut two = layer("encoder.", 1);
    two.extend(layer("decoder.", 1));
    let message = error(&two, &Options::default());
    assert!(
        message.contains("encoder.weight_hh_l0") && message.contains("decoder.weight_hh_l0"),
        "{message}"
    );

    let network = ForeignNetwork::new(&layer("", 3), &Options::default()).unwrap();
    assert!(matches!(
        network.map_at(&[1.0]),
        Err(ForeignError::InputWidth {
            found: 1,
            expected: 2
        })
    ));
}

#[test]
fn a_leaky_cell_needs_an_alpha_that_makes_sense() {
    let with = |cell, alpha| Options {
        cell: Some(cell),
        alpha,
        ..Options::default()
    };
    assert!(error(&layer("", 1), &with(CellName::LeakyRates, None)).contains("--alpha"));
    assert!(error(&layer("", 1), &with(CellName::LeakyCurrents, Some(1.5))).contains("1.5"));
    assert!(error(&layer("", 1), &with(CellName::Vanilla, Some(0.5))).contains("no alpha"));
    assert!(error(&layer("", 3), &with(CellName::Gru, Some(0.5))).contains("alpha"));
}

#[test]
fn integers_play_a_part_and_what_is_not_read_cannot() {
    let with_bias = |kind: NumberKind, values: Vec<f64>| {
        let mut tensors = layer("", 1);
        let bias = Tensor {
            kind,
            shape: vec![3],
            values,
        };
        tensors.insert("bias_ih_l0".to_owned(), bias);
        tensors
    };
    let values = vec![1.0, -1.0, 2.0];
    let integers = with_bias(NumberKind::Integer, values.clone());
    let floats = with_bias(NumberKind::Float, values);
    let plain = Options::default();
    assert_eq!(image(&integers, &plain), image(&floats, &plain));
    let complex = NumberKind::Unread("complex128".to_owned());
    let message = error(&with_bias(complex, Vec::new()), &plain);
    assert!(
        message.contains("bias_ih_l0") && message.contains("complex128"),
        "{message}"
    );
}
