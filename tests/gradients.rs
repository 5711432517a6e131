//! Gradients of the fused kernels against finite differences, and their independence of the number of threads.

#![allow(clippy::unwrap_used)]

use creode::cell::constraints::constrain;
use creode::cell::parameters::{
    INPUT_MASK, Parameters, READOUT_BIAS, READOUT_MASK, READOUT_WEIGHT, RECURRENT_MASK, WEIGHT_HH,
    WEIGHT_IH,
};
use creode::cell::spec::{
    Activation, CellKind, Density, InitialState, LeakyForm, NetworkSpec, Part, Precision,
};
use creode::parameters::Variant as _;
use creode::simd::Real;
use creode::task::{Batch, Objective};
use creode::train::bptt::Bptt;
use creode::train::credit::Credit as _;
use creode::train::engines::{EngineName, EngineReal as _};
use creode::train::optimiser::Optimiser;
use creode::train::penalty::RatePenalty;
use creode::train::rate_network::rate_formula;
use creode::train::spec::{Clipping, OptimiserSpec, UpdateRule};
use creode::train::speed_penalty::SpeedPenalty;

/// Every kernel with every nonlinearity.
pub(super) fn cells() -> Vec<CellKind> {
    use Activation::{Elu, Identity, Relu, Retanh, Sigmoid, Softplus, Tanh};
    use LeakyForm::{Currents, Rates};
    let leaky = |form, activation| CellKind::Leaky {
        form,
        activation,
        alpha: 0.3,
    };
    let low_rank = |form, activation, random_gain| CellKind::LowRank {
        form,
        activation,
        alpha: 0.4,
        rank: 2,
        random_gain,
    };
    vec![
        CellKind::Vanilla { activation: Tanh },
        CellKind::Vanilla { activation: Relu },
        CellKind::Vanilla {
            activation: Softplus,
        },
        leaky(Rates, Tanh),
        leaky(Rates, Relu),
        leaky(Currents, Tanh),
        leaky(Currents, Relu),
        leaky(Currents, Softplus),
        leaky(Currents, Activation::softplus(3.0)),
        CellKind::Vanilla {
            activation: Sigmoid,
        },
        leaky(Rates, Retanh),
        leaky(Currents, Elu),
        leaky(Rates, Identity),
        low_rank(Rates, Softplus, 0.0),
        low_rank(Currents, Tanh, 0.0),
        low_rank(Currents, Softplus, 0.7),
        CellKind::PiecewiseLinear,
        CellKind::Ugrnn { forget_bias: 0.5 },
        CellKind::Gru,
        CellKind::Lstm { forget_bias: 1.0 },
    ]
}

pub(super) fn network(cell: CellKind, units: usize) -> NetworkSpec {
    NetworkSpec {
        precision: Precision::F64,
        ..NetworkSpec::new(cell, units, 3, 2)
    }
}

/// The same network with every option that its cell can have; noise is in the batch.
pub(super) fn with_options(plain: &NetworkSpec) -> NetworkSpec {
    let is_low_rank = matches!(plain.cell, CellKind::LowRank { .. });
    NetworkSpec {
        excitatory_share: plain.cell.can_obey_dale().then_some(0.7),
        density: Density {
            recurrent: if is_low_rank { 1.0 } else { 0.6 },
            input: 0.7,
            readout: 0.8,
        },
        initial_state: InitialState::Trained,
        ..plain.clone()
    }
}

fn wave(index: usize, phase: f64) -> f64 {
    (index as f64 * 0.77 + phase).sin()
}

pub(super) fn batch(steps: usize, trials: usize) -> Batch {
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

pub(super) fn with_noise(mut batch: Batch, units: usize) -> Batch {
    let count = batch.steps * batch.trials * units;
    batch.recurrent_noise = (0..count).map(|i| 0.3 * wave(i, 1.3)).collect();
    batch
}

/// Weights away from where an untrained network has zeros, and from the kinks of a rectifier.
pub(super) fn parameters<T: Real>(spec: &NetworkSpec) -> Parameters<T> {
    let mut parameters = Parameters::<T>::initial(spec, 7);
    for tensor in parameters.layout().to_vec() {
        if tensor.trained {
            for (i, value) in parameters.get_mut(tensor.name).iter_mut().enumerate() {
                *value += T::from_f64(0.1 * wave(tensor.offset + i, 0.5));
            }
        }
    }
    constrain(spec, &mut parameters);
    parameters
}

/// Compares each derivative with a central difference; what is not trained has none.
fn assert_gradient(spec: &NetworkSpec, batch: &Batch) {
    let mut engine = Bptt::<f64>::of(spec);
    let mut at = parameters(spec);
    let mut gradient = at.zeros_like();
    engine.loss_and_gradient(&at, batch, &mut gradient).unwrap();
    let mut scratch = at.zeros_like();
    let mut loss = |at: &Parameters<f64>| {
        let outcome = engine.loss_and_gradient(at, batch, &mut scratch);
        outcome.unwrap().loss
    };
    let changeable = changeable(spec, &at);
    for i in 0..at.values().len() {
        let found = gradient.values()[i];
        if !changeable[i] {
            assert_eq!(found, 0.0, "{spec:?}, parameter {i}");
            continue;
        }
        let (value, h) = (at.values()[i], 1e-5);
        at.values_mut()[i] = value + h;
        let above = loss(&at);
        at.values_mut()[i] = value - h;
        let below = loss(&at);
        at.values_mut()[i] = value;
        let difference = (above - below) / (2.0 * h);
        assert!(
            (difference - found).abs() < 1e-8 * (1.0 + found.abs()),
            "{spec:?}, parameter {i}: {found} against {difference}"
        );
    }
}

/// Which values training can change: those that survive the constraints when they are not 0.
fn changeable(spec: &NetworkSpec, at: &Parameters<f64>) -> Vec<bool> {
    let mut positive = at.clone();
    for tensor in at.layout() {
        if tensor.trained {
            positive.get_mut(tensor.name).fill(1.0);
        } else if !tensor.name.starts_with("mask.") {
            positive.get_mut(tensor.name).fill(0.0);
        }
    }
    let free = NetworkSpec {
        excitatory_share: None,
        ..spec.clone()
    };
    constrain(&free, &mut positive);
    for mask in [RECURRENT_MASK, INPUT_MASK, READOUT_MASK] {
        positive.get_mut(mask).fill(0.0);
    }
    positive
        .values()
        .iter()
        .map(|&value| value != 0.0)
        .collect()
}

#[test]
fn gradients_agree_with_central_differences() {
    for cell in cells() {
        // 21 trials: a whole shard and a part of one; 11 units: no multiple of any vector.
        assert_gradient(&network(cell, 11), &batch(9, 21));
    }
}

#[test]
fn gradients_with_all_options_agree_with_central_differences() {
    for cell in cells() {
        let spec = with_options(&network(cell, 11));
        assert_gradient(&spec, &with_noise(batch(9, 21), 11));
    }
}

/// Trials of which some are judged by cross-entropy over both channels, with soft targets, the others by squared error.
pub(super) fn with_choices(mut batch: Batch) -> Batch {
    for (place, pair) in batch.targets.chunks_exact_mut(2).enumerate() {
        let share = 0.5 + 0.4 * wave(place, 0.3);
        pair.copy_from_slice(&[share, 1.0 - share]);
    }
    batch.objectives = (0..batch.trials)
        .map(|trial| match trial % 3 {
            0 => Objective::SquaredError,
            _ => Objective::choice(2),
        })
        .collect();
    batch
}

#[test]
fn gradients_of_cross_entropy_agree_with_central_differences() {
    for cell in cells() {
        let spec = with_options(&network(cell, 11));
        assert_gradient(&spec, &with_choices(batch(9, 21)));
    }
}

/// Two implementations of everything outside the fused recurrence.
#[test]
fn all_engines_give_the_same_loss_outputs_and_gradients() {
    for (cell, feedback) in cells()
        .into_iter()
        .flat_map(|cell| [(cell, 0.0), (cell, 0.6)])
    {
        if feedback > 0.0 && rate_formula(cell).is_none() {
            continue;
        }
        let spec = NetworkSpec {
            feedback,
            ..with_options(&network(cell, 37))
        };
        let at = parameters::<f64>(&spec);
        // More rows than the direct engine takes at a time.
        let plain = with_noise(batch(31, 21), 37);
        for batch in [with_choices(plain.clone()), plain] {
            let evaluated = |name: EngineName, penalised: bool| {
                let mut credit = Bptt::new(&spec, f64::engine(name, &spec));
                if penalised {
                    credit = credit
                        .with_penalty(RatePenalty { weight: 0.7 })
                        .with_penalty(SpeedPenalty::new(&spec, 0.4, 5));
                }
                let mut gradient = at.zeros_like();
                let outcome = credit
                    .loss_and_gradient(&at, &batch, &mut gradient)
                    .unwrap();
                (outcome, gradient, credit.simulate(&at, &batch).unwrap())
            };
            for penalised in [false, true] {
                let first = evaluated(EngineName::Dfdx, penalised);
                // Others round otherwise; they have tests of their own.
                let is_ours = |engine: &EngineName| engine.for_analysis() == *engine;
                for engine in EngineName::all().into_iter().filter(is_ours) {
                    let (name, other) = (engine.name(), evaluated(engine, penalised));
                    let scale = first.1.norm();
                    assert!((first.0.loss - other.0.loss).abs() < 1e-12 * first.0.loss.abs());
                    assert_close(&first.0.outputs, &other.0.outputs, 1.0, name);
                    assert_close(first.1.values(), other.1.values(), scale, name);
                    assert_close(&first.2.outputs, &first.0.outputs, 1.0, name);
                    assert_eq!(first.2.states, other.2.states, "{name}");
                }
            }
        }
    }
}

fn assert_close(a: &[f64], b: &[f64], scale: f64, name: &str) {
    assert_eq!(a.len(), b.len(), "{name}");
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() < 1e-12 * scale, "{name}: {a} {b}");
    }
}

#[test]
fn what_is_frozen_or_fixed_has_no_gradient() {
    let spec = NetworkSpec {
        frozen: vec![Part::Recurrent, Part::Bias],
        initial_state: InitialState::Fixed((0..22).map(|i| 0.1 * wave(i, 0.0)).collect()),
        ..network(CellKind::Lstm { forget_bias: 1.0 }, 11)
    };
    assert_gradient(&spec, &batch(9, 21));
    let trained: Vec<_> = parameters::<f64>(&spec)
        .layout()
        .iter()
        .filter(|tensor| tensor.trained)
        .map(|tensor| tensor.name)
        .collect();
    assert_eq!(trained, [WEIGHT_IH, READOUT_WEIGHT, READOUT_BIAS]);
}

/// After many updates absent connections are still 0 and signs are those of Dale's law, of the weights that act.
#[test]
fn training_keeps_to_the_constraints() {
    let adam = OptimiserSpec {
        rule: UpdateRule::adam(),
        learning_rate: 0.05,
        weight_decay: 0.01,
        learning_rate_decay: None,
        clipping: Clipping::Off,
        readout_factor: 1.0,
    };
    for cell in cells() {
        let spec = with_options(&network(cell, 11));
        let start = Parameters::<f64>::initial(&spec, 7);
        let (mut at, mut gradient) = (start.clone(), start.zeros_like());
        let mut engine = Bptt::of(&spec);
        let mut optimiser = Optimiser::new(adam, &at);
        let batch = batch(9, 21);
        for _ in 0..20 {
            engine
                .loss_and_gradient(&at, &batch, &mut gradient)
                .unwrap();
            optimiser.update(&mut at, &mut gradient);
            constrain(&spec, &mut at);
        }
        for ((&before, &after), can_change) in start
            .values()
            .iter()
            .zip(at.values())
            .zip(changeable(&spec, &start))
        {
            assert!(can_change || before == after, "{cell:?}");
        }
        let absent = at.get(INPUT_MASK).iter().zip(at.get(WEIGHT_IH));
        let absent: Vec<_> = absent.filter(|(exists, _)| **exists == 0.0).collect();
        assert!(!absent.is_empty() && absent.iter().all(|(_, weight)| **weight == 0.0));
        if let Some(excitatory) = spec.excitatory_units() {
            for row in at.get(WEIGHT_HH).chunks_exact(11) {
                assert!(row[..excitatory].iter().all(|&w| w >= 0.0), "{cell:?}");
                assert!(row[excitatory..].iter().all(|&w| w <= 0.0), "{cell:?}");
            }
        }
    }
}

#[test]
fn f32_agrees_with_f64() {
    for cell in cells() {
        let spec = with_options(&network(cell, 37));
        let batch = with_noise(batch(20, 40), 37);
        let wide = parameters::<f64>(&spec);
        let mut wide_gradient = wide.zeros_like();
        let wide_loss = Bptt::of(&spec)
            .loss_and_gradient(&wide, &batch, &mut wide_gradient)
            .unwrap();
        let narrow = wide.cast::<f32>();
        let mut gradient = narrow.zeros_like();
        let loss = Bptt::of(&spec)
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
        let spec = with_options(&network(cell, 70));
        let batch = with_noise(batch(30, 50), 70);
        let at = parameters::<f32>(&spec);
        let gradients: Vec<Vec<u32>> = [1, 2, 3]
            .map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .unwrap();
                pool.install(|| {
                    let mut gradient = at.zeros_like();
                    Bptt::of(&spec)
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
