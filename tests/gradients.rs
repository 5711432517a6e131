//! Gradients of the fused kernels against finite differences, and their independence of the number of threads.

#![allow(clippy::unwrap_used)]

use creode::cell::parameters::Parameters;
use creode::cell::spec::{Activation, CellKind, LeakyForm, NetworkSpec, Precision};
use creode::simd::Real;
use creode::task::Batch;
use creode::train::dfdx_engine::DfdxEngine;
use creode::train::engine::Engine as _;

fn cells() -> Vec<CellKind> {
    use Activation::{Relu, Tanh};
    let leaky = |form, activation| CellKind::Leaky {
        form,
        activation,
        alpha: 0.3,
    };
    vec![
        CellKind::Vanilla { activation: Tanh },
        CellKind::Vanilla { activation: Relu },
        leaky(LeakyForm::Rates, Tanh),
        leaky(LeakyForm::Rates, Relu),
        leaky(LeakyForm::Currents, Tanh),
        leaky(LeakyForm::Currents, Relu),
        CellKind::Gru,
    ]
}

fn network(cell: CellKind, units: usize) -> NetworkSpec {
    NetworkSpec {
        recurrent_gain: 1.2,
        precision: Precision::F64,
        ..NetworkSpec::new(cell, units, 3, 2)
    }
}

fn wave(index: usize, phase: f64) -> f64 {
    (index as f64 * 0.77 + phase).sin()
}

fn batch(steps: usize, trials: usize) -> Batch {
    let mut batch = Batch::zeros(steps, trials, 3, 2);
    batch
        .inputs
        .iter_mut()
        .enumerate()
        .for_each(|(i, x)| *x = wave(i, 0.1));
    batch
        .targets
        .iter_mut()
        .enumerate()
        .for_each(|(i, x)| *x = wave(i, 2.0));
    batch
        .weights
        .iter_mut()
        .enumerate()
        .for_each(|(i, x)| *x = f64::from(u8::from(i % 5 != 0)));
    batch
}

fn parameters<T: Real>(spec: &NetworkSpec) -> Parameters<T> {
    let mut parameters = Parameters::<T>::initial(spec, 7);
    for (i, value) in parameters.values_mut().iter_mut().enumerate() {
        *value += T::from_f64(0.1 * wave(i, 0.5));
    }
    parameters
}

#[test]
fn gradients_agree_with_central_differences() {
    for cell in cells() {
        // 21 trials: a whole shard and a part of one; 11 units: no multiple of any vector.
        let spec = network(cell, 11);
        let batch = batch(9, 21);
        let mut engine = DfdxEngine::<f64>::new(&spec);
        let mut at = parameters(&spec);
        let mut gradient = at.zeros_like();
        engine
            .loss_and_gradient(&at, &batch, &mut gradient)
            .unwrap();
        let mut scratch = at.zeros_like();
        let mut loss = |at: &Parameters<f64>| {
            engine
                .loss_and_gradient(at, &batch, &mut scratch)
                .unwrap()
                .loss
        };
        for i in 0..at.values().len() {
            let (value, h) = (at.values()[i], 1e-5);
            at.values_mut()[i] = value + h;
            let above = loss(&at);
            at.values_mut()[i] = value - h;
            let below = loss(&at);
            at.values_mut()[i] = value;
            let difference = (above - below) / (2.0 * h);
            let error = (difference - gradient.values()[i]).abs();
            assert!(
                error < 1e-8,
                "{cell:?}, parameter {i}: {} against {difference}",
                gradient.values()[i]
            );
        }
    }
}

#[test]
fn f32_agrees_with_f64() {
    for cell in cells() {
        let spec = network(cell, 37);
        let batch = batch(20, 40);
        let wide = parameters::<f64>(&spec);
        let mut wide_gradient = wide.zeros_like();
        let wide_loss = DfdxEngine::new(&spec)
            .loss_and_gradient(&wide, &batch, &mut wide_gradient)
            .unwrap();
        let narrow = wide.cast::<f32>();
        let mut gradient = narrow.zeros_like();
        let loss = DfdxEngine::new(&spec)
            .loss_and_gradient(&narrow, &batch, &mut gradient)
            .unwrap();
        assert!(
            (loss.loss - wide_loss.loss).abs() < 1e-5 * wide_loss.loss,
            "{cell:?}"
        );
        let difference: f64 = gradient
            .values()
            .iter()
            .zip(wide_gradient.values())
            .map(|(&a, &b)| (f64::from(a) - b).powi(2))
            .sum();
        assert!(
            difference.sqrt() < 1e-4 * wide_gradient.norm(),
            "{cell:?}: {}",
            difference.sqrt()
        );
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    for cell in cells() {
        let spec = network(cell, 70);
        let batch = batch(30, 50);
        let at = parameters::<f32>(&spec);
        let gradients: Vec<Vec<u32>> = [1, 2, 3]
            .map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .unwrap();
                pool.install(|| {
                    let mut gradient = at.zeros_like();
                    DfdxEngine::new(&spec)
                        .loss_and_gradient(&at, &batch, &mut gradient)
                        .unwrap();
                    gradient
                        .values()
                        .iter()
                        .map(|value| value.to_bits())
                        .collect()
                })
            })
            .to_vec();
        assert!(
            gradients[0] == gradients[1] && gradients[1] == gradients[2],
            "{cell:?}"
        );
    }
}
