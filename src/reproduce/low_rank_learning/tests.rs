//! The gradient at rest against that through time, and the theory against linear networks.

#![allow(clippy::unwrap_used)]

use faer::{Col, Mat};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::linear::LinearNetwork;
use super::tasks::Task;
use super::{laws::Laws, theory};
use crate::cell::parameters::{Parameters, READOUT_WEIGHT, WEIGHT_HH, WEIGHT_IH};
use crate::cell::spec::{Activation, CellKind, LeakyForm, NetworkSpec};
use crate::task::Batch;
use crate::train::bptt::Bptt;
use crate::train::credit::Credit as _;

#[test]
fn the_gradient_at_rest_is_that_through_a_long_trial() {
    let (units, target) = (12, 0.7);
    let network = LinearNetwork::new(units, 0.4, 3);
    let cell = CellKind::Leaky {
        form: LeakyForm::Currents,
        activation: Activation::Identity,
        alpha: 0.5,
    };
    let spec = NetworkSpec::new(cell, units, 1, 1);
    let mut parameters = Parameters::<f64>::zeros(&spec);
    let by_rows = |matrix: &Mat<f64>| -> Vec<f64> {
        (0..units)
            .flat_map(|i| (0..units).map(move |j| matrix[(i, j)]))
            .collect()
    };
    let entries = |vector: &Col<f64>| -> Vec<f64> { vector.iter().copied().collect() };
    let (weights, input, readout) = network.parts();
    parameters
        .get_mut(WEIGHT_HH)
        .copy_from_slice(&by_rows(weights));
    parameters
        .get_mut(WEIGHT_IH)
        .copy_from_slice(&entries(input));
    parameters
        .get_mut(READOUT_WEIGHT)
        .copy_from_slice(&entries(readout));
    let mut batch = Batch::zeros(200, 1, 1, 1);
    let mut trial = batch.trial(0);
    trial.input(0, 0..200, 1.0);
    trial.target(0, 199..200, target, 1.0);
    let mut gradient = parameters.zeros_like();
    let mut credit = Bptt::<f64>::of(&spec);
    let outcome = credit
        .loss_and_gradient(&parameters, &batch, &mut gradient)
        .unwrap();
    // The loss of training here is half the squared error.
    let mut training = network.training(target, 1e-3);
    let error = target - training.output();
    assert!((outcome.loss - error * error).abs() < 1e-12);
    training.step();
    let change = by_rows(&training.change().matrix());
    for (change, slope) in change.iter().zip(gradient.get(WEIGHT_HH)) {
        assert!((change + 0.5e-3 * slope).abs() < 1e-12, "{change} {slope}");
    }
}

#[test]
fn the_inverse_follows_the_weights() {
    let network = LinearNetwork::new(20, 0.5, 1);
    let mut training = network.training(1.5, 0.02);
    for _ in 0..30 {
        training.step();
    }
    let (weights, input, readout) = network.parts();
    let matrix = training.change().matrix();
    let at_rest = Mat::<f64>::identity(20, 20) - weights - &matrix;
    let state = faer::linalg::solvers::Solve::solve(&at_rest.partial_piv_lu(), input);
    let expected: f64 = readout.transpose() * state;
    assert!((training.output() - expected).abs() < 1e-12);
    let [first, second] = training.change().singular_values();
    let values = matrix.singular_values().unwrap();
    assert!((first - values[0]).abs() < 1e-12 && (second - values[1]).abs() < 1e-12);
}

/// Without random weights all happens in the plane of the two vectors, and the series hold for any number of units.
#[test]
fn without_random_weights_the_series_are_exact_to_their_order() {
    let laws = Laws::of(8, 0.0, 2);
    for ratio in laws.third_order {
        assert!((ratio - 1.0).abs() < 0.03, "{:?}", laws.third_order);
    }
    let network = LinearNetwork::new(8, 0.0, 2);
    let missing = |time: f64| {
        let mut training = network.training(0.5, time / 2000.0);
        for _ in 0..2000 {
            training.step();
        }
        let expected = theory::series(theory::output(0.5, 0.0), time);
        (training.output() - expected).abs()
    };
    // What the series leaves out is of fourth order.
    let order = (missing(0.4) / missing(0.2)).log2();
    assert!((3.5..5.0).contains(&order), "{order}");
    assert!(laws.descents.iter().all(|of| of.shuffled < 0.06));
}

#[test]
fn a_shuffled_network_forgets_as_the_law_says() {
    assert_eq!(
        [theory::shuffled_loss(0.0), theory::shuffled_loss(1.0)],
        [0.0, 1.0]
    );
    // Of the trained response 1/β² is left: (1 − 1/β²)².
    for gain in [0.3, 0.7] {
        let left = 1.0 - theory::beta(gain).powi(-2);
        assert!((theory::shuffled_loss(gain) - left * left).abs() < 1e-12);
    }
}

#[test]
fn trials_ask_for_what_the_authors_ask() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let batch = Task::FlipFlop.batch(40, &mut rng);
    assert_eq!((batch.steps, batch.input_channels), (100, 2));
    for index in 0..40 {
        let trial = batch.answer(index, &batch.targets);
        let mut last = [None; 2];
        for step in 0..100 {
            for line in 0..2 {
                if trial.input(line, step) != 0.0
                    && (step == 0 || trial.input(line, step - 1) == 0.0)
                {
                    last = [None; 2];
                    last[line] = Some((step, trial.input(line, step)));
                }
            }
            for line in 0..2 {
                let judged = trial.at(line, step);
                if let (Some((onset, sign)), true) = (last[line], judged.weight > 0.0) {
                    assert!(step >= onset + 10);
                    assert_eq!(judged.target, 0.5 * sign);
                } else {
                    assert_eq!(judged.target, 0.0);
                }
            }
        }
        assert_eq!(trial.input(0, 1) + trial.input(1, 1), 0.0);
        assert_eq!((trial.input(0, 2) + trial.input(1, 2)).abs(), 1.0);
    }
    let batch = Task::Context.batch(40, &mut rng);
    assert_eq!(batch.steps, 96);
    for index in 0..40 {
        let trial = batch.answer(index, &batch.targets);
        let context = usize::from(trial.input(1, 20) == 1.0);
        let mean = (6..46)
            .map(|step| trial.input(2 + context, step))
            .sum::<f64>()
            / 40.0;
        assert_eq!(trial.at(0, 95).target, 0.5 * mean.signum());
        assert_eq!(
            [46, 55, 56].map(|step| trial.at(0, step).weight),
            [0.0, 0.0, 1.0]
        );
    }
    let batch = Task::Discrimination.batch(40, &mut rng);
    assert_eq!(batch.steps, 56);
    for index in 0..40 {
        let trial = batch.answer(index, &batch.targets);
        let shown: Vec<f64> = (0..56)
            .map(|step| trial.input(0, step))
            .filter(|u| *u != 0.0)
            .collect();
        assert_eq!(shown.len(), 4);
        let larger = usize::from(shown[2] > shown[0]);
        assert_eq!(trial.counted(larger).last().unwrap().target, 0.5);
        assert_eq!(trial.counted(1 - larger).last().unwrap().target, 0.0);
    }
}
