#![allow(clippy::unwrap_used)]

use super::*;
use crate::arrays::Tensor;
use crate::foreign::Options;
use crate::tensors::{NamedTensor, TensorValues};
use crate::trace::CheckpointFile;

fn tensor(name: &str, shape: &[usize], values: &[f64]) -> NamedTensor {
    NamedTensor {
        name: name.to_owned(),
        shape: shape.to_vec(),
        values: TensorValues::F64(values.to_vec()),
    }
}

/// Reads trials from a file with these arrays.
fn trials(tensors: Vec<NamedTensor>) -> Result<Trials, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("trials.safetensors");
    let file = CheckpointFile {
        tensors,
        ..CheckpointFile::default()
    };
    std::fs::write(&path, file.to_bytes().unwrap()).unwrap();
    Trials::read(&path).map_err(|error| error.to_string())
}

/// h' = tanh(w h + b u), one unit, read out by 2 h + 1.
fn network(w: f64, b: f64) -> ForeignNetwork {
    let of = |shape: &[usize], value: f64| Tensor::of_floats(shape.to_vec(), vec![value]);
    let tensors = [
        ("weight_hh_l0".to_owned(), of(&[1, 1], w)),
        ("weight_ih_l0".to_owned(), of(&[1, 1], b)),
        ("readout.weight".to_owned(), of(&[1, 1], 2.0)),
        ("readout.bias".to_owned(), of(&[1], 1.0)),
    ];
    ForeignNetwork::new(&tensors.into(), &Options::default()).unwrap()
}

#[test]
fn inputs_that_are_held_at_the_ends_become_conditions() {
    let inputs = [
        [0.0, 1.0, 1.0],
        [0.5, -1.0, -1.0],
        [0.0, 1.0, 1.0],
        [0.0, 0.0, 0.0],
        [0.0, 0.0, 0.7],
    ];
    let read = trials(vec![tensor("inputs", &[5, 3, 1], &inputs.concat())]).unwrap();
    let (probes, said) = read.conditions();
    let names: Vec<&str> = probes.iter().map(|probe| probe.name.as_str()).collect();
    assert_eq!(names, ["no input", "input 1", "input -1"]);
    assert!(said.contains("at 2 held"), "{said}");
    // Noise is held nowhere.
    let noise = trials(vec![tensor("inputs", &[3, 1], &[0.1, 0.2, 0.3])]).unwrap();
    assert_eq!(noise.conditions().0.len(), 1);
    let many: Vec<f64> = (1..=20).flat_map(|n| [f64::from(n); 2]).collect();
    let (probes, said) = trials(vec![tensor("inputs", &[20, 2, 1], &many)])
        .unwrap()
        .conditions();
    assert!(probes.len() == 9 && said.contains("of 20"), "{said}");
}

#[test]
fn rows_are_what_the_network_does_in_a_trial() {
    let inputs = [1.0, 0.0, -1.0];
    let read = trials(vec![
        tensor("inputs", &[1, 3, 1], &inputs),
        tensor("targets", &[1, 3, 1], &[0.5, f64::NAN, 0.25]),
    ]);
    let read = read.unwrap();
    let (w, b) = (1.5, 0.75);
    let network = network(w, b);
    let projection = Projection::fit(&read.states(&network).unwrap(), 1);
    let id = CheckpointId { number: 2, step: 7 };
    let rows = read.rows(&network, id, &projection).unwrap();
    let mut state = 0.0;
    for (time, row) in rows.iter().enumerate() {
        state = f64::tanh(w * state + b * inputs[time]);
        assert!((row.state[0] - state).abs() < 1e-15, "{row:?}");
        assert!((row.output[0] - (2.0 * state + 1.0)).abs() < 1e-14);
        assert_eq!((row.checkpoint, row.step, row.time as usize), (2, 7, time));
    }
    assert_eq!(
        (rows.len(), rows[2].target[0], rows[0].input[0]),
        (3, 0.25, 1.0)
    );
}

#[test]
fn what_does_not_fit_is_named_with_what_would() {
    let refused = |tensors: Vec<NamedTensor>| trials(tensors).unwrap_err();
    let inputs = || tensor("inputs", &[2, 3, 1], &[0.0; 6]);
    let cases = [
        (
            refused(vec![tensor("u", &[1, 1], &[0.0])]),
            "no array of numbers `inputs`",
        ),
        (
            refused(vec![tensor("inputs", &[3], &[0.0; 3])]),
            "[3]; it should be [trials, time, channels]",
        ),
        (
            refused(vec![inputs(), tensor("targets", &[3, 2, 1], &[0.0; 6])]),
            "targets has shape [3, 2, 1]; beside inputs [2, 3, 1] it should be [2, 3, outputs]",
        ),
        (
            refused(vec![tensor("inputs", &[1, 2, 1], &[0.0, f64::NAN])]),
            "inputs holds 1 values that are NaN",
        ),
    ];
    for (message, expected) in cases {
        assert!(
            message.contains(expected) && message.contains("trials.safetensors"),
            "{message}"
        );
    }
    let wide = trials(vec![tensor("inputs", &[1, 2, 2], &[0.0; 4])]).unwrap();
    let message = wide.states(&network(0.5, 1.0)).unwrap_err().to_string();
    assert!(
        message.contains("has 2 channels, the network takes 1"),
        "{message}"
    );
    let states = vec![inputs(), tensor("states", &[2, 3, 2], &[0.0; 12])];
    let message = trials(states)
        .unwrap()
        .states(&network(0.5, 1.0))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("states is 2 wide, a state of the network 1"),
        "{message}"
    );
}
