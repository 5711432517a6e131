//! What every learning rule is there to learn, it learns.

#![allow(clippy::unwrap_used)]

use creode::cell::parameters::{Parameters, WEIGHT_HH};
use creode::cell::spec::{Activation, CellKind, LeakyForm, NetworkSpec, Precision};
use creode::task::flip_flop::FlipFlop;
use creode::task::{Batch, Task as _};
use creode::train::bptt::Bptt;
use creode::train::descent::Descent;
use creode::train::learner::Learner as _;
use creode::train::online::Online;
use creode::train::rflo::Rflo;
use creode::train::spec::{Clipping, OptimiserSpec, UpdateRule};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

fn leaky(form: LeakyForm, alpha: f64) -> CellKind {
    CellKind::Leaky {
        form,
        activation: Activation::Tanh,
        alpha,
    }
}

/// Sussillo & Abbott's periodic target, a sum of four sines, after a pulse on the input that starts it.
fn four_sines(period: usize, periods: usize, cue: usize) -> Batch {
    let steps = cue + period * periods;
    let mut batch = Batch::zeros(steps, 1, 1, 1);
    batch.inputs[..cue].fill(1.0);
    for step in cue..steps {
        let phase = std::f64::consts::TAU * (step - cue) as f64 / period as f64;
        let harmonics = [(1.0, 1.0), (2.0, 0.5), (3.0, 1.0 / 6.0), (4.0, 1.0 / 3.0)];
        let sum: f64 = harmonics.iter().map(|(n, a)| a * (n * phase).sin()).sum();
        batch.targets[step] = 1.3 / 1.5 * sum;
        batch.weights[step] = 1.0;
    }
    batch
}

/// Root mean square error of a network that runs alone.
fn rms_error(spec: &NetworkSpec, parameters: &Parameters<f64>, batch: &Batch) -> f64 {
    let mut engine = Bptt::<f64>::of(spec);
    let outputs = engine.simulate(parameters, batch).unwrap().outputs;
    let (mut sum, mut count) = (0.0, 0.0);
    for ((z, f), w) in outputs.iter().zip(&batch.targets).zip(&batch.weights) {
        sum += w * (z - f).powi(2);
        count += w;
    }
    (sum / count).sqrt()
}

fn reservoir(units: usize, feedback: f64) -> NetworkSpec {
    NetworkSpec {
        recurrent_gain: 1.5,
        feedback,
        precision: Precision::F64,
        ..NetworkSpec::new(leaky(LeakyForm::Currents, 0.1), units, 1, 1)
    }
}

#[test]
fn force_learns_a_pattern_that_the_network_then_generates_alone() {
    let spec = reservoir(200, 1.0);
    let mut parameters = Parameters::<f64>::initial(&spec, 1);
    let (regularisation, every) = (1.0, 2);
    let mut learner = Online::force(&spec, regularisation, every).unwrap();
    let training = four_sines(300, 5, 20);
    let test = four_sines(300, 10, 20);
    let before = rms_error(&spec, &parameters, &test);
    for _ in 0..10 {
        learner.step(&mut parameters, &training).unwrap();
    }
    let after = rms_error(&spec, &parameters, &test);
    assert!(
        before > 0.5 && after < 0.05,
        "{before} before, {after} after"
    );
}

#[test]
fn full_force_trains_the_recurrent_weights_to_generate_a_pattern() {
    let spec = reservoir(100, 0.0);
    let mut parameters = Parameters::<f64>::initial(&spec, 1);
    let mut learner = Online::full_force(&spec, (1.0, 2), 1.0, 1).unwrap();
    let training = four_sines(300, 4, 20);
    for _ in 0..20 {
        learner.step(&mut parameters, &training).unwrap();
    }
    let after = rms_error(&spec, &parameters, &four_sines(300, 8, 20));
    assert!(after < 0.1, "{after}");
}

/// A reservoir in the regime in which it forgets.
fn echo_network() -> NetworkSpec {
    let cell = CellKind::Vanilla {
        activation: Activation::Tanh,
    };
    NetworkSpec {
        recurrent_gain: 0.9,
        input_gain: 0.1,
        precision: Precision::F64,
        ..NetworkSpec::new(cell, 60, 1, 1)
    }
}

/// The input of three steps ago is wanted.
fn delayed(phase: f64) -> Batch {
    let mut batch = Batch::zeros(120, 4, 1, 1);
    for (i, x) in batch.inputs.iter_mut().enumerate() {
        *x = ((i * i) as f64 * 0.77 + phase).sin();
    }
    for row in 3 * 4..120 * 4 {
        batch.targets[row] = batch.inputs[row - 3 * 4];
        batch.weights[row] = 1.0;
    }
    batch
}

/// The echo of a reservoir holds its input of some steps ago: the error before and after so many batches.
fn echo_errors(of: impl Fn(&NetworkSpec) -> Online, batches: usize) -> (f64, f64) {
    let spec = echo_network();
    let mut parameters = Parameters::<f64>::initial(&spec, 1);
    let recurrent = parameters.get(WEIGHT_HH).to_vec();
    let mut learner = of(&spec);
    let before = rms_error(&spec, &parameters, &delayed(0.7));
    for step in 0..batches {
        learner
            .step(&mut parameters, &delayed(step as f64))
            .unwrap();
    }
    assert_eq!(
        parameters.get(WEIGHT_HH),
        recurrent,
        "a reservoir stays as it is"
    );
    (before, rms_error(&spec, &parameters, &delayed(0.7)))
}

#[test]
fn ridge_reads_the_past_input_out_of_a_reservoir() {
    let (before, after) = echo_errors(|spec| Online::ridge(spec, 1e-8).unwrap(), 3);
    assert!(
        before > 0.3 && after < 0.05,
        "{before} before, {after} after"
    );
}

#[test]
fn least_mean_squares_comes_to_the_readout_step_by_step() {
    let (before, after) = echo_errors(|spec| Online::lms(spec, 0.1).unwrap(), 300);
    assert!(
        before > 0.3 && after < 0.15,
        "{before} before, {after} after"
    );
}

/// One bit for 25 steps: what a synapse knows and random feedback are enough.
#[test]
fn random_feedback_local_online_learning_learns_to_remember() {
    let task = FlipFlop {
        bits: 1,
        trial_steps: 25,
        pulse_probability: 0.2,
        ..FlipFlop::default()
    };
    let spec = NetworkSpec::new(leaky(LeakyForm::Rates, 0.3), 32, 1, 1);
    let adam = OptimiserSpec {
        rule: UpdateRule::adam(),
        learning_rate: 3e-3,
        weight_decay: 0.0,
        learning_rate_decay: None,
        clipping: Clipping::Norm(1.0),
        readout_factor: 1.0,
    };
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut parameters = Parameters::<f32>::initial(&spec, 1);
    let credit = Box::new(Rflo::new(&spec, 1));
    let mut learner = Descent::new(credit, adam, &parameters);
    for _ in 0..1500 {
        let mut batch = Batch::zeros(25, 16, 1, 1);
        task.draw(&mut rng, &mut batch);
        learner.step(&mut parameters, &batch).unwrap();
    }
    let mut test = Batch::zeros(25, 200, 1, 1);
    task.draw(&mut rng, &mut test);
    let simulation = Bptt::<f32>::of(&spec).simulate(&parameters, &test).unwrap();
    let accuracy = task.accuracy(&test, &simulation.outputs);
    assert!(accuracy > 0.95, "{accuracy}");
}
