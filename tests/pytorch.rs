//! The cells that PyTorch has too, against PyTorch itself in f64: outputs, loss and gradients on the same weights and
//! inputs, from a file that `tests/pytorch/make_cells.py` made.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use creode::cell::parameters::{BIAS_HH, BIAS_IH, Parameters};
use creode::cell::spec::{Activation, CellKind, NetworkSpec, Precision};
use creode::task::Batch;
use creode::tensors::TensorValues;
use creode::trace::CheckpointFile;
use creode::train::bptt::Bptt;
use creode::train::credit::Credit as _;

/// The largest difference, relative to values above 1.
const TOLERANCE: f64 = 1e-12;

struct Fixture(CheckpointFile);

impl Fixture {
    fn read() -> Self {
        let bytes = include_bytes!("pytorch/cells.safetensors");
        Self(CheckpointFile::from_bytes(bytes).unwrap())
    }

    fn values(&self, name: &str) -> &[f64] {
        match &self.0.tensor(name).expect(name).values {
            TensorValues::F64(values) => values,
            TensorValues::F32(_) => panic!("{name} is f32"),
        }
    }

    fn shape(&self, name: &str) -> &[usize] {
        &self.0.tensor(name).expect(name).shape
    }

    fn batch(&self) -> Batch {
        let ([steps, trials, inputs], [.., outputs]) =
            (self.shape("inputs"), self.shape("targets"))
        else {
            panic!("inputs and targets are [step][trial][channel]");
        };
        let mut batch = Batch::zeros(*steps, *trials, *inputs, *outputs);
        batch.inputs.copy_from_slice(self.values("inputs"));
        batch.targets.copy_from_slice(self.values("targets"));
        batch.weights.copy_from_slice(self.values("weights"));
        batch
    }
}

fn assert_close(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        let error = (found - expected).abs() / expected.abs().max(1.0);
        assert!(error < TOLERANCE, "{what}: {found} against {expected}");
    }
}

/// PyTorch's simple network has two biases of which only the sum acts; ours has one.
fn is_second_bias_of_one(parameters: &Parameters<f64>, name: &str) -> bool {
    name == BIAS_HH && parameters.get(BIAS_HH).is_empty()
}

#[test]
fn outputs_loss_and_gradients_are_those_of_pytorch() {
    let fixture = Fixture::read();
    let batch = fixture.batch();
    let vanilla = |activation| CellKind::Vanilla { activation };
    for (name, cell) in [
        ("vanilla-tanh", vanilla(Activation::Tanh)),
        ("vanilla-relu", vanilla(Activation::Relu)),
        ("gru", CellKind::Gru),
        ("lstm", CellKind::Lstm { forget_bias: 1.0 }),
    ] {
        let of = |tensor: &str| fixture.values(&format!("{name}/{tensor}"));
        let units = fixture.shape(&format!("{name}/readout.weight"))[1];
        let spec = NetworkSpec {
            precision: Precision::F64,
            ..NetworkSpec::new(cell, units, batch.input_channels, batch.output_channels)
        };
        let mut parameters = Parameters::<f64>::zeros(&spec);
        for tensor in parameters.layout().to_vec() {
            parameters
                .get_mut(tensor.name)
                .copy_from_slice(of(tensor.name));
        }
        if is_second_bias_of_one(&parameters, BIAS_HH) {
            let both = parameters.get_mut(BIAS_IH).iter_mut().zip(of(BIAS_HH));
            both.for_each(|(bias, second)| *bias += second);
        }
        let mut gradient = parameters.zeros_like();
        let outcome = Bptt::of(&spec)
            .loss_and_gradient(&parameters, &batch, &mut gradient)
            .unwrap();
        assert_close(&[outcome.loss], of("loss"), name);
        assert_close(&outcome.outputs, of("outputs"), name);
        for tensor in gradient.layout() {
            let expected = of(&format!("gradient/{}", tensor.name));
            let what = format!("{name}, {}", tensor.name);
            assert_close(gradient.get(tensor.name), expected, &what);
        }
    }
}

/// What a checkpoint calls `rnn.…` goes into PyTorch's `load_state_dict` as it is.
#[test]
fn gated_cells_have_the_names_and_shapes_of_pytorch() {
    let fixture = Fixture::read();
    for (name, cell) in [
        ("gru", CellKind::Gru),
        ("lstm", CellKind::Lstm { forget_bias: 1.0 }),
    ] {
        let own: BTreeSet<_> = Parameters::<f64>::zeros(&NetworkSpec::new(cell, 5, 3, 2))
            .layout()
            .iter()
            .map(|tensor| (tensor.name.to_owned(), tensor.shape.clone()))
            .collect();
        let theirs: BTreeSet<_> = fixture
            .0
            .tensors
            .iter()
            .filter_map(|tensor| {
                let key = tensor.name.strip_prefix(&format!("{name}/"))?;
                let is_parameter = key.starts_with("rnn.") || key.starts_with("readout.");
                is_parameter.then(|| (key.to_owned(), tensor.shape.clone()))
            })
            .collect();
        assert_eq!(own, theirs);
    }
}
