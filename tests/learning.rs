//! Learning rules and penalties: analytic identities, agreement with exact gradients, resuming. What the rules learn is in
//! `rules.rs`.

#![allow(clippy::unwrap_used)]

use creode::cell::map::{CellMap, Readout};
use creode::cell::parameters::{
    BIAS_IH, INITIAL_STATE, Parameters, READOUT_BIAS, READOUT_FEEDBACK, READOUT_WEIGHT, WEIGHT_HH,
    WEIGHT_IH,
};
use creode::cell::spec::{Activation, CellKind, InitialState, LeakyForm, NetworkSpec, Precision};
use creode::map::Map as _;
use creode::task::Batch;
use creode::train::bptt::Bptt;
use creode::train::credit::{Credit, Outcome};
use creode::train::descent::Descent;
use creode::train::engine::EngineError;
use creode::train::eprop::Eprop;
use creode::train::lbfgs::Lbfgs;
use creode::train::learner::Learner;
use creode::train::online::Online;
use creode::train::penalty::RatePenalty;
use creode::train::rflo::Rflo;
use creode::train::rls::RecursiveLeastSquares;
use creode::train::spec::{Clipping, OptimiserSpec, UpdateRule};
use creode::train::speed_penalty::{ClassMean, SpeedPenalty};
use faer::{Mat, Side};

fn wave(index: usize, phase: f64) -> f64 {
    (index as f64 * 0.77 + phase).sin()
}

fn leaky(form: LeakyForm, alpha: f64) -> CellKind {
    CellKind::Leaky {
        form,
        activation: Activation::Tanh,
        alpha,
    }
}

fn network(cell: CellKind, units: usize) -> NetworkSpec {
    NetworkSpec {
        recurrent_gain: 1.2,
        precision: Precision::F64,
        ..NetworkSpec::new(cell, units, 2, 2)
    }
}

fn batch(steps: usize, trials: usize) -> Batch {
    let mut batch = Batch::zeros(steps, trials, 2, 2);
    for (i, x) in batch.inputs.iter_mut().enumerate() {
        *x = wave(i, 0.1);
    }
    for (i, f) in batch.targets.iter_mut().enumerate() {
        *f = wave(i, 2.0);
    }
    for (i, w) in batch.weights.iter_mut().enumerate() {
        *w = f64::from(u8::from(i % 5 != 0));
    }
    batch
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f64::max)
}

#[test]
fn recursive_least_squares_is_ridge_regression() {
    let (size, count, regularisation) = (12, 40, 0.3);
    let mut rls = RecursiveLeastSquares::new(size, regularisation);
    let mut weights = vec![0.0; size];
    let mut normal = vec![0.0; size * size];
    let mut right = vec![0.0; size];
    for i in 0..size {
        normal[i * size + i] = regularisation;
    }
    for sample in 0..count {
        let x: Vec<f64> = (0..size)
            .map(|i| wave(sample * size + i * i, 0.4))
            .collect();
        let target = wave(sample, 1.0);
        let error = weights.iter().zip(&x).map(|(w, x)| w * x).sum::<f64>() - target;
        for (weight, gain) in weights.iter_mut().zip(rls.gain(&x)) {
            *weight -= error * gain;
        }
        for i in 0..size {
            right[i] += target * x[i];
            for j in 0..size {
                normal[i * size + j] += x[i] * x[j];
            }
        }
    }
    let times = |row: &[f64], column: &dyn Fn(usize) -> f64| -> f64 {
        row.iter().enumerate().map(|(k, a)| a * column(k)).sum()
    };
    for (row, &b) in normal.chunks_exact(size).zip(&right) {
        assert!((times(row, &|k| weights[k]) - b).abs() < 1e-10);
    }
    let inverse = rls.inverse();
    for i in 0..size {
        for j in 0..size {
            assert_eq!(inverse[i * size + j], inverse[j * size + i]);
            let product = times(&normal[i * size..][..size], &|k| inverse[k * size + j]);
            assert!((product - f64::from(u8::from(i == j))).abs() < 1e-9);
        }
    }
    let matrix = Mat::from_fn(size, size, |i, j| inverse[i * size + j]);
    assert!(matrix.llt(Side::Lower).is_ok(), "P is positive definite");
}

fn gradients(
    spec: &NetworkSpec,
    parameters: &Parameters<f64>,
    batch: &Batch,
) -> [Parameters<f64>; 2] {
    let transposed = parameters.get(READOUT_WEIGHT).to_vec();
    let mut rflo = Rflo::with_feedback(spec, transposed);
    let mut exact = Bptt::of(spec);
    let mut ways: [&mut dyn Credit<f64>; 2] = [&mut rflo, &mut exact];
    ways.each_mut().map(|credit| {
        let mut gradient = parameters.zeros_like();
        credit
            .loss_and_gradient(parameters, batch, &mut gradient)
            .unwrap();
        gradient
    })
}

/// Where no unit acts on another, or time is too short for it, nothing is left out.
#[test]
fn local_learning_is_exact_without_recurrence_and_in_one_step() {
    for cell in [
        CellKind::Vanilla {
            activation: Activation::Tanh,
        },
        leaky(LeakyForm::Rates, 0.3),
        leaky(LeakyForm::Currents, 0.3),
    ] {
        let spec = network(cell, 7);
        let whole = Parameters::<f64>::initial(&spec, 3);
        let mut uncoupled = whole.clone();
        uncoupled.get_mut(WEIGHT_HH).fill(0.0);
        for (parameters, steps) in [(&uncoupled, 9), (&whole, 1)] {
            let [local, exact] = gradients(&spec, parameters, &batch(steps, 3));
            let difference = largest_difference(local.values(), exact.values());
            assert!(difference < 1e-14, "{cell:?}: {difference}");
        }
        let [local, exact] = gradients(&spec, &whole, &batch(12, 3));
        let alike = cosine(local.get(WEIGHT_HH), exact.get(WEIGHT_HH));
        assert!(alike > 0.3 && alike < 0.9999, "{cell:?}: cosine {alike}");
    }
}

/// Vanilla and leaky cells with trained initial states, and their parameters with an initial state that is not 0.
fn networks_with_a_past() -> [(NetworkSpec, Parameters<f64>); 3] {
    let vanilla = CellKind::Vanilla {
        activation: Activation::Tanh,
    };
    let cells = [
        vanilla,
        leaky(LeakyForm::Rates, 0.3),
        leaky(LeakyForm::Currents, 0.3),
    ];
    cells.map(|cell| {
        let spec = NetworkSpec {
            initial_state: InitialState::Trained,
            ..network(cell, 6)
        };
        let mut parameters = Parameters::<f64>::initial(&spec, 7);
        for (unit, x) in parameters.get_mut(INITIAL_STATE).iter_mut().enumerate() {
            *x = 0.5 * wave(unit, 0.3);
        }
        (spec, parameters)
    })
}

fn gradient_by(
    credit: &mut dyn Credit<f64>,
    parameters: &Parameters<f64>,
    batch: &Batch,
) -> Parameters<f64> {
    let mut gradient = parameters.zeros_like();
    credit
        .loss_and_gradient(parameters, batch, &mut gradient)
        .unwrap();
    gradient
}

/// The gradient of e-prop as it is defined, forward in time: ∂x/∂θ of all states and all parameters that act on them, from
/// the Jacobian of the cell as analysis sees it, its entries between different units set to 0.
fn eprop_by_definition(
    spec: &NetworkSpec,
    parameters: &Parameters<f64>,
    batch: &Batch,
) -> Parameters<f64> {
    let units = spec.units;
    let slope = |x: f64| 1.0 - x.tanh().powi(2);
    let is_currents = matches!(
        spec.cell,
        CellKind::Leaky {
            form: LeakyForm::Currents,
            ..
        }
    );
    let readout = Readout::of(parameters);
    let mut gradient = parameters.zeros_like();
    let total = batch.total_weight();
    for trial in 0..batch.trials {
        let mut state = parameters.get(INITIAL_STATE).to_vec();
        // Of each unit: derivatives by its recurrent weights, its input weights, its bias, its initial state.
        let mut traces = vec![vec![0.0; units + 2 + 2]; units];
        for trace in &mut traces {
            trace[units + 3] = 1.0;
        }
        for time in 0..batch.steps {
            let row = time * batch.trials + trial;
            let input = &batch.inputs[2 * row..][..2];
            let map = CellMap::new(spec, parameters, input);
            let before = map.cell().features(&state);
            let (mut jacobian, mut next) = (Mat::zeros(units, units), vec![0.0; units]);
            map.jacobian(&state, jacobian.as_mut());
            map.step(&state, &mut next);
            for (unit, trace) in traces.iter_mut().enumerate() {
                let of_drive = match spec.cell {
                    CellKind::Leaky { alpha, .. } if is_currents => alpha,
                    CellKind::Leaky { alpha, .. } => {
                        let active = (next[unit] - (1.0 - alpha) * state[unit]) / alpha;
                        alpha * (1.0 - active * active)
                    }
                    _ => 1.0 - next[unit] * next[unit],
                };
                let direct = before.iter().chain(input).chain(&[1.0, 0.0]);
                for (of, direct) in trace.iter_mut().zip(direct) {
                    *of = jacobian[(unit, unit)] * *of + of_drive * direct;
                }
            }
            state = next;
            let seen = map.cell().features(&state);
            let outputs = readout.output(&seen);
            for (output, z) in outputs.iter().enumerate() {
                let place = 2 * row + output;
                let (target, weight) = (batch.targets[place], batch.weights[place]);
                let error = 2.0 * weight / total * (z - target);
                gradient.get_mut(READOUT_BIAS)[output] += error;
                for (unit, trace) in traces.iter().enumerate() {
                    gradient.get_mut(READOUT_WEIGHT)[output * units + unit] += error * seen[unit];
                    let rate = if is_currents { slope(state[unit]) } else { 1.0 };
                    let signal = error * readout.weight[output * units + unit] * rate;
                    let parts = [
                        (WEIGHT_HH, units, &trace[..units]),
                        (WEIGHT_IH, 2, &trace[units..units + 2]),
                        (BIAS_IH, 1, &trace[units + 2..units + 3]),
                        (INITIAL_STATE, 1, &trace[units + 3..]),
                    ];
                    for (name, width, derivatives) in parts {
                        let own = &mut gradient.get_mut(name)[unit * width..][..width];
                        for (sum, derivative) in own.iter_mut().zip(derivatives) {
                            *sum += signal * derivative;
                        }
                    }
                }
            }
        }
    }
    gradient
}

#[test]
fn eprop_is_what_its_definition_says() {
    for (spec, parameters) in networks_with_a_past() {
        let batch = batch(12, 3);
        let expected = eprop_by_definition(&spec, &parameters, &batch);
        let found = gradient_by(&mut Eprop::new(&spec), &parameters, &batch);
        let difference = largest_difference(expected.values(), found.values());
        assert!(difference < 1e-12, "{:?}: {difference}", spec.cell);
        let exact = gradient_by(&mut Bptt::of(&spec), &parameters, &batch);
        let alike = cosine(exact.get(WEIGHT_HH), found.get(WEIGHT_HH));
        assert!(alike > 0.3 && alike < 0.9999, "{:?}: {alike}", spec.cell);
    }
}

#[test]
fn what_a_unit_sends_to_itself_by_feedback_is_in_its_eligibility() {
    let mut spec = network(leaky(LeakyForm::Currents, 0.4), 6);
    spec.feedback = 0.8;
    spec.initial_state = InitialState::Trained;
    let parameters = Parameters::<f64>::initial(&spec, 5);
    let batch = batch(8, 3);
    let expected = eprop_by_definition(&spec, &parameters, &batch);
    let found = gradient_by(&mut Eprop::new(&spec), &parameters, &batch);
    for name in [WEIGHT_HH, WEIGHT_IH, BIAS_IH, INITIAL_STATE, READOUT_WEIGHT] {
        let difference = largest_difference(expected.get(name), found.get(name));
        assert!(difference < 1e-12, "{name}: {difference}");
    }
}

/// Units that act on themselves alone leave nothing out.
#[test]
fn eprop_is_exact_where_units_do_not_act_on_each_other() {
    for (spec, mut parameters) in networks_with_a_past() {
        for (place, weight) in parameters.get_mut(WEIGHT_HH).iter_mut().enumerate() {
            *weight = if place % 7 == 0 {
                0.9 * wave(place, 1.0)
            } else {
                0.0
            };
        }
        let batch = batch(12, 3);
        let exact = gradient_by(&mut Bptt::of(&spec), &parameters, &batch);
        let found = gradient_by(&mut Eprop::new(&spec), &parameters, &batch);
        let difference = largest_difference(exact.values(), found.values());
        assert!(difference < 1e-14, "{:?}: {difference}", spec.cell);
        let readout = parameters.get(READOUT_WEIGHT).to_vec();
        let rflo = gradient_by(
            &mut Rflo::with_feedback(&spec, readout),
            &parameters,
            &batch,
        );
        let missed = largest_difference(exact.get(WEIGHT_HH), rflo.get(WEIGHT_HH));
        assert!(missed > 1e-4, "{:?}: {missed}", spec.cell);
    }
}

fn optimiser(rule: UpdateRule, learning_rate: f64) -> OptimiserSpec {
    OptimiserSpec {
        rule,
        learning_rate,
        weight_decay: 0.0,
        learning_rate_decay: None,
        clipping: Clipping::Off,
        readout_factor: 1.0,
    }
}

fn lbfgs(curvature: f64) -> OptimiserSpec {
    let rule = UpdateRule::Lbfgs {
        history: 10,
        sufficient_decrease: 1e-4,
        curvature,
        most_evaluations: 25,
    };
    optimiser(rule, 1.0)
}

/// ½ Σ dᵢ (θᵢ − cᵢ)², whatever the batch.
struct Quadratic;

impl Credit<f64> for Quadratic {
    fn loss_and_gradient(
        &mut self,
        parameters: &Parameters<f64>,
        _: &Batch,
        gradient: &mut Parameters<f64>,
    ) -> Result<Outcome, EngineError> {
        let mut loss = 0.0;
        let values = parameters.values().iter().zip(gradient.values_mut());
        for (i, (value, slope)) in values.enumerate() {
            let (stiffness, miss) = (1.0 + 3.0 * i as f64, value - wave(i, 0.0));
            *slope = stiffness * miss;
            loss += 0.5 * stiffness * miss * miss;
        }
        let outputs = Vec::new();
        Ok(Outcome { loss, outputs })
    }
}

/// With exact line searches the directions are conjugate, and n of them suffice in n dimensions.
#[test]
fn lbfgs_solves_a_quadratic_in_as_many_steps_as_it_has_dimensions() {
    let cell = CellKind::Vanilla {
        activation: Activation::Tanh,
    };
    let mut parameters = Parameters::<f64>::initial(&NetworkSpec::new(cell, 1, 1, 1), 0);
    let dimensions = parameters.values().len();
    let mut learner = Lbfgs::new(Box::new(Quadratic), lbfgs(1e-10), &parameters)
        .ok()
        .unwrap();
    let empty = Batch::zeros(1, 1, 1, 1);
    let norms: Vec<f64> = (0..=dimensions)
        .map(|_| learner.step(&mut parameters, &empty).unwrap().gradient_norm)
        .collect();
    assert!(norms[dimensions - 1] > 1e-4, "{norms:?}");
    assert!(norms[dimensions] < 1e-8, "{norms:?}");
}

#[test]
fn every_step_of_lbfgs_meets_the_strong_wolfe_conditions() {
    let spec = network(leaky(LeakyForm::Rates, 0.5), 10);
    let batch = batch(15, 6);
    let mut parameters = Parameters::<f64>::initial(&spec, 1);
    let mut engine = Bptt::<f64>::of(&spec);
    let mut learner = Lbfgs::new(Box::new(Bptt::of(&spec)), lbfgs(0.9), &parameters)
        .ok()
        .unwrap();
    let mut losses = Vec::new();
    for _ in 0..30 {
        let before = parameters.clone();
        let mut gradient = parameters.zeros_like();
        let old = engine
            .loss_and_gradient(&before, &batch, &mut gradient)
            .unwrap()
            .loss;
        learner.step(&mut parameters, &batch).unwrap();
        let step: Vec<f64> = (parameters.values().iter().zip(before.values()))
            .map(|(after, before)| after - before)
            .collect();
        let along = |gradient: &Parameters<f64>| -> f64 {
            gradient
                .values()
                .iter()
                .zip(&step)
                .map(|(g, s)| g * s)
                .sum()
        };
        let old_slope = along(&gradient);
        let new = engine
            .loss_and_gradient(&parameters, &batch, &mut gradient)
            .unwrap()
            .loss;
        assert!(old_slope < 0.0);
        assert!(new <= old + 1e-4 * old_slope);
        assert!(along(&gradient).abs() <= 0.9 * old_slope.abs());
        losses.push(new);
    }
    assert!(losses[29] < 0.1 * losses[0], "{losses:?}");
}

/// Every rule on the same network, by name.
fn learners(
    spec: &NetworkSpec,
    parameters: &Parameters<f64>,
) -> Vec<(&'static str, Box<dyn Learner<f64>>)> {
    let exact = || Box::new(Bptt::<f64>::of(spec));
    let adam = UpdateRule::adam();
    let rflo = Box::new(Rflo::new(spec, 4));
    let eprop = Box::new(Eprop::new(spec));
    let (regularisation, every) = (1.0, 2);
    vec![
        (
            "bptt",
            Box::new(Descent::new(exact(), optimiser(adam, 1e-2), parameters)),
        ),
        (
            "rflo",
            Box::new(Descent::new(rflo, optimiser(adam, 1e-2), parameters)),
        ),
        (
            "e-prop",
            Box::new(Descent::new(eprop, optimiser(adam, 1e-2), parameters)),
        ),
        (
            "lbfgs",
            Box::new(Lbfgs::new(exact(), lbfgs(0.9), parameters).ok().unwrap()),
        ),
        (
            "force",
            Box::new(Online::force(spec, regularisation, every).unwrap()),
        ),
        (
            "full-force",
            Box::new(Online::full_force(spec, (1.0, 2), 1.0, 4).unwrap()),
        ),
        ("ridge", Box::new(Online::ridge(spec, 1e-3).unwrap())),
        ("lms", Box::new(Online::lms(spec, 1e-3).unwrap())),
    ]
}

#[test]
fn every_rule_goes_on_bit_for_bit_from_what_it_remembers() {
    let spec = network(leaky(LeakyForm::Currents, 0.3), 9);
    let first = Parameters::<f64>::initial(&spec, 2);
    let batches: Vec<Batch> = (0..6).map(|i| batch(10 + i, 2)).collect();
    let others = learners(&spec, &first);
    for ((name, mut whole), (_, mut resumed)) in learners(&spec, &first).into_iter().zip(others) {
        let is_fixed = whole.wants_fixed_batch();
        let of_step = |step: usize| &batches[if is_fixed { 0 } else { step }];
        let mut parameters = first.clone();
        for step in 0..3 {
            whole.step(&mut parameters, of_step(step)).unwrap();
        }
        let mut copy = parameters.clone();
        resumed.restore(&whole.state()).unwrap();
        assert_eq!(resumed.state(), whole.state(), "{name}");
        for step in 3..6 {
            let expected = whole.step(&mut parameters, of_step(step)).unwrap();
            let found = resumed.step(&mut copy, of_step(step)).unwrap();
            assert_eq!(found, expected, "{name}");
        }
        assert!(copy == parameters, "{name}");
        assert!(parameters != first, "{name} learns");
    }
}

#[test]
fn feedback_has_its_gradient_and_acts_as_the_running_network_says() {
    let mut spec = network(leaky(LeakyForm::Rates, 0.4), 6);
    spec.feedback = 0.8;
    let mut parameters = Parameters::<f64>::initial(&spec, 5);
    parameters.get_mut(READOUT_BIAS).fill(0.2);
    let batch = batch(8, 3);
    let mut engine = Bptt::<f64>::of(&spec);
    let mut gradient = parameters.zeros_like();
    let outcome = engine
        .loss_and_gradient(&parameters, &batch, &mut gradient)
        .unwrap();
    assert!(gradient.get(READOUT_FEEDBACK).iter().all(|&g| g == 0.0));
    let mut scratch = parameters.zeros_like();
    for tensor in parameters
        .layout()
        .to_vec()
        .iter()
        .filter(|tensor| tensor.trained)
    {
        for place in 0..tensor.len() {
            let [up, down] = [1e-6, -1e-6].map(|shift| {
                let mut moved = parameters.clone();
                moved.get_mut(tensor.name)[place] += shift;
                engine
                    .loss_and_gradient(&moved, &batch, &mut scratch)
                    .unwrap()
                    .loss
            });
            let difference = (up - down) / 2e-6 - gradient.get(tensor.name)[place];
            assert!(
                difference.abs() < 1e-8,
                "{} {place}: {difference}",
                tensor.name
            );
        }
    }
    // Least mean squares at a rate of almost 0 runs the same network step by step.
    let mut running = Online::lms(&spec, 1e-300).unwrap();
    let learnt = running.step(&mut parameters, &batch).unwrap();
    assert!(largest_difference(&learnt.outputs, &outcome.outputs) < 1e-12);
}

#[test]
fn the_rate_penalty_has_its_gradient() {
    for cell in [leaky(LeakyForm::Currents, 0.4), CellKind::Gru] {
        let spec = network(cell, 5);
        let parameters = Parameters::<f64>::initial(&spec, 5);
        let batch = batch(7, 3);
        let mut plain = Bptt::<f64>::of(&spec);
        let mut engine = Bptt::<f64>::of(&spec).with_penalty(RatePenalty { weight: 2.5 });
        let (mut gradient, mut scratch) = (parameters.zeros_like(), parameters.zeros_like());
        let penalised = engine
            .loss_and_gradient(&parameters, &batch, &mut gradient)
            .unwrap();
        let free = plain
            .loss_and_gradient(&parameters, &batch, &mut scratch)
            .unwrap();
        assert_eq!(penalised.outputs, free.outputs);
        let states = plain.simulate(&parameters, &batch).unwrap().states;
        let is_currents = matches!(cell, CellKind::Leaky { .. });
        let rates = states
            .iter()
            .map(|&x| if is_currents { x.tanh() } else { x });
        let mean = rates.map(|r| r * r).sum::<f64>() / states.len() as f64;
        assert!((penalised.loss - free.loss - 2.5 * mean).abs() < 1e-12);
        for place in 0..parameters.values().len() {
            let [up, down] = [1e-6, -1e-6].map(|shift| {
                let mut moved = parameters.clone();
                moved.values_mut()[place] += shift;
                engine
                    .loss_and_gradient(&moved, &batch, &mut scratch)
                    .unwrap()
                    .loss
            });
            let difference = (up - down) / 2e-6 - gradient.values()[place];
            assert!(difference.abs() < 1e-8, "{place}: {difference}");
        }
    }
}

#[test]
fn the_speed_penalty_has_its_gradient_and_vanishes_at_a_fixed_point() {
    for cell in [
        leaky(LeakyForm::Currents, 0.4),
        CellKind::Gru,
        CellKind::Lstm { forget_bias: 0.0 },
    ] {
        let spec = network(cell, 5);
        let parameters = Parameters::<f64>::initial(&spec, 5);
        let mut batch = batch(7, 4);
        for (place, target) in batch.targets.iter_mut().enumerate() {
            *target = f64::from(u8::from(place / 2 % 4 < 2));
        }
        batch.weights.fill(1.0);
        let mut engine = Bptt::<f64>::of(&spec);
        let states = engine.simulate(&parameters, &batch).unwrap().states;
        let mut penalty = SpeedPenalty::<f64>::new(&spec, 1.7, 3);
        let means = penalty.class_means(&batch, &states);
        assert_eq!(means.len(), 2);
        let size = spec.state_size();
        let mean = |unit: usize| 0.5 * (states[12 * size + unit] + states[13 * size + unit]);
        assert!((0..size).all(|unit| (means[1].state[unit] - mean(unit)).abs() < 1e-14));

        let (mut gradient, mut scratch) = (parameters.zeros_like(), parameters.zeros_like());
        let value = penalty.add(&parameters, &means, &mut gradient);
        assert!(value > 1e-3);
        for place in 0..parameters.values().len() {
            let [up, down] = [1e-6, -1e-6].map(|shift| {
                let mut moved = parameters.clone();
                moved.values_mut()[place] += shift;
                penalty.add(&moved, &means, &mut scratch)
            });
            let difference = (up - down) / 2e-6 - gradient.values()[place];
            assert!(difference.abs() < 1e-8, "{cell:?} {place}: {difference}");
        }
        let (mut plain, mut total) = (parameters.zeros_like(), parameters.zeros_like());
        let free = engine
            .loss_and_gradient(&parameters, &batch, &mut plain)
            .unwrap();
        let penalised = Bptt::<f64>::of(&spec)
            .with_penalty(penalty)
            .loss_and_gradient(&parameters, &batch, &mut total)
            .unwrap();
        assert!((penalised.loss - free.loss - value).abs() < 1e-12);
        for (sum, part) in plain.values_mut().iter_mut().zip(gradient.values()) {
            *sum += part;
        }
        assert!(largest_difference(plain.values(), total.values()) < 1e-12);

        // Without weights and biases rest is a fixed point.
        let rest = [ClassMean {
            state: vec![0.0; size],
            input: vec![0.0; 2],
        }];
        let silent = parameters.zeros_like();
        let mut penalty = SpeedPenalty::<f64>::new(&spec, 1.7, 3);
        assert_eq!(penalty.add(&silent, &rest, &mut scratch), 0.0);
    }
}
