//! The cells as maps: against the training kernels, and their derivatives against finite differences.

#![allow(clippy::unwrap_used)]

use creode::calculus::{Bound, Interval, Jet};
use creode::cell::constraints::constrain;
use creode::cell::formula::{LeakyUnitsFormula, RateFormula};
use creode::cell::map::{CellMap, Readout};
use creode::cell::parameters::{INITIAL_STATE, Parameters};
use creode::cell::path::CellPath;
use creode::cell::spec::{Activation, CellKind, InitialState, LeakyForm, NetworkSpec, Precision};
use creode::cell::staged::{Layer, ShallowPlrnn};
use creode::dynamics::points::newton::{NewtonEnd, NewtonLimits, solve};
use creode::dynamics::points::search::{Completeness, SearchLimits, search};
use creode::map::{Family as _, Henon, HenonFamily, Logistic, LogisticFamily, Map};
use creode::task::Batch;
use creode::train::bptt::Bptt;
use creode::train::credit::Credit as _;
use faer::{Col, Mat};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

fn cells() -> Vec<CellKind> {
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
        leaky(Rates, Softplus),
        leaky(Currents, Tanh),
        leaky(Currents, Relu),
        leaky(Currents, Softplus),
        leaky(Currents, Activation::softplus(3.0)),
        CellKind::Vanilla {
            activation: Sigmoid,
        },
        CellKind::Vanilla { activation: Retanh },
        CellKind::Vanilla { activation: Elu },
        leaky(Rates, Retanh),
        leaky(Rates, Elu),
        leaky(Currents, Sigmoid),
        leaky(Currents, Retanh),
        leaky(Currents, Elu),
        leaky(Rates, Identity),
        low_rank(Rates, Tanh, 0.0),
        low_rank(Currents, Tanh, 0.0),
        low_rank(Currents, Softplus, 0.0),
        low_rank(Rates, Softplus, 0.6),
        low_rank(Currents, Tanh, 0.8),
        CellKind::PiecewiseLinear,
        CellKind::Ugrnn { forget_bias: 0.5 },
        CellKind::Gru,
        CellKind::Lstm { forget_bias: 1.0 },
    ]
}

fn network(cell: CellKind) -> NetworkSpec {
    NetworkSpec {
        recurrent_gain: 1.3,
        precision: Precision::F64,
        ..NetworkSpec::new(cell, 9, 3, 2)
    }
}

fn parameters(spec: &NetworkSpec, seed: u64) -> Parameters<f64> {
    let mut parameters = Parameters::initial(spec, seed);
    for (i, value) in parameters.values_mut().iter_mut().enumerate() {
        *value += 0.1 * (i as f64 * 0.77 + seed as f64).sin();
    }
    constrain(spec, &mut parameters);
    parameters
}

fn image<M: Map + ?Sized>(map: &M, point: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; map.dim()];
    map.step(point, &mut out);
    out
}

fn assert_jacobian<M: Map + ?Sized>(map: &M, point: &[f64], name: &str) {
    let dim = map.dim();
    let mut jacobian = Mat::zeros(dim, dim);
    map.jacobian(point, jacobian.as_mut());
    for j in 0..dim {
        let h = 1e-6;
        let mut moved = point.to_vec();
        moved[j] += h;
        let above = image(map, &moved);
        moved[j] -= 2.0 * h;
        let below = image(map, &moved);
        for i in 0..dim {
            let difference = (above[i] - below[i]) / (2.0 * h);
            let found = jacobian[(i, j)];
            assert!(
                (found - difference).abs() < 1e-8,
                "{name} [{i}, {j}]: {found} against {difference}"
            );
        }
    }
}

/// Weights without a pattern that a mistake in an index could share.
fn values(count: usize, size: f64, seed: u64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let draw = |_| size * rng.random_range(-1.0..1.0);
    (0..count).map(draw).collect()
}

/// Weights one after the other, from a seed.
fn draws(seed: u64) -> impl FnMut(usize, f64) -> Vec<f64> {
    let mut count = 0;
    move |length, size| {
        count += 1;
        values(length, size, 100 * seed + count)
    }
}

/// Cells of stages that are only analysed, with the weights of a seed.
fn staged(seed: u64) -> Vec<(&'static str, CellMap)> {
    let mut draw = draws(seed);
    let mut cells = vec![
        (
            "GRU, reset before",
            CellMap::gru_reset_before(&draw(108, 1.3), &draw(18, 0.5)),
        ),
        (
            "LSTM, projected",
            CellMap::lstm_projected(&draw(60, 1.3), &draw(20, 0.5), &draw(15, 0.6)),
        ),
        (
            "Piecewise, almost linear",
            CellMap::almost_linear(&draw(5, 0.8), &draw(25, 0.4), &draw(5, 0.5), 2),
        ),
    ];
    for is_clipped in [false, true] {
        let map = CellMap::shallow_plrnn(&ShallowPlrnn {
            diagonal: &draw(4, 0.8),
            outward: &draw(28, 0.4),
            inward: &draw(28, 0.7),
            drive: &draw(4, 0.5),
            hidden_drive: &draw(7, 0.5),
            is_clipped,
        });
        cells.push(("Piecewise, shallow", map));
    }
    cells
}

/// Rate cells that are only analysed.
fn analysed_rates(seed: u64) -> Vec<(&'static str, CellMap)> {
    let mut draw = draws(seed);
    let mut cells = Vec::new();
    for activation in [Activation::Gelu, Activation::GeluTanh] {
        for leak in [None, Some((LeakyForm::Currents, 0.4))] {
            let name = ["Gelu", "Gelu, currents"][usize::from(leak.is_some())];
            let formula = RateFormula { activation, leak };
            let map = CellMap::rate(formula, &draw(16, 0.8), draw(4, 0.5));
            cells.push((name, map));
        }
    }
    for (name, form, activation) in [
        ("α of each unit, rates", LeakyForm::Rates, Activation::Tanh),
        (
            "α of each unit, currents",
            LeakyForm::Currents,
            Activation::Tanh,
        ),
        ("Relu, α of each unit", LeakyForm::Rates, Activation::Relu),
    ] {
        let formula = LeakyUnitsFormula { form, activation };
        let alphas: Vec<f64> = draw(4, 0.4).iter().map(|a| 0.5 + a).collect();
        let map = CellMap::rate_with_alphas(formula, &alphas, &draw(16, 1.2), draw(4, 0.5));
        cells.push((name, map));
    }
    cells
}

/// Stacks of three layers of three units, two in a projection.
fn stacks(seed: u64) -> Vec<(&'static str, CellMap)> {
    let mut draw = draws(seed);
    let lstm = CellMap::lstm(&draw(64, 1.0), draw(16, 0.5));
    let gru = CellMap::gru(&draw(27, 1.0), &draw(9, 0.5), &draw(9, 0.5));
    let projected = CellMap::lstm_projected(&draw(24, 1.0), &draw(12, 0.5), &draw(6, 0.6));
    let currents = RateFormula {
        activation: Activation::Tanh,
        leak: Some((LeakyForm::Currents, 0.3)),
    };
    let currents = CellMap::rate(currents, &draw(9, 1.0), draw(3, 0.5));
    let before = CellMap::gru_reset_before(&draw(27, 1.0), &draw(9, 0.5));
    let ugrnn = CellMap::ugrnn(&draw(18, 1.0), draw(6, 0.5));
    let rectified = CellMap::piecewise_linear(&draw(3, 0.8), &draw(9, 0.3), draw(3, 0.5));
    let mut stack = |name, cells: [(&CellMap, usize); 3]| {
        let layers = cells.map(|(cell, from_below)| Layer {
            cell: cell.clone(),
            from_below: draw(from_below, 0.5),
        });
        (name, CellMap::stack(layers.to_vec()).unwrap())
    };
    vec![
        stack(
            "LSTM, GRU, projected LSTM",
            [(&lstm, 0), (&gru, 9 * 4), (&projected, 12 * 3)],
        ),
        stack(
            "currents, GRU reset before, UGRNN",
            [(&currents, 0), (&before, 9 * 3), (&ugrnn, 6 * 3)],
        ),
        stack(
            "Piecewise below currents",
            [(&rectified, 0), (&currents, 9), (&currents, 9)],
        ),
    ]
}

/// One of every cell that analysis knows, those that can be trained of nine units, with the weights of a seed.
fn maps(seed: u64) -> Vec<(String, CellMap)> {
    let trained = cells().into_iter().map(|cell| {
        let spec = network(cell);
        let map = CellMap::new(&spec, &parameters(&spec, seed), &[0.4, -0.2, 0.1]);
        (format!("{cell:?}"), map)
    });
    let analysed = [staged(seed), analysed_rates(seed), stacks(seed)].concat();
    let analysed = analysed
        .into_iter()
        .map(|(name, map)| (name.to_owned(), map));
    trained.chain(analysed).collect()
}

/// A state without zeros, of any dimension.
fn state_of(map: &dyn Map, phase: f64) -> Vec<f64> {
    let value = |i| 0.8 * (1.3 * f64::from(i) + phase).sin();
    (0..map.dim() as i32).map(value).collect()
}

#[test]
fn jacobians_agree_with_central_differences() {
    for (name, map) in maps(3) {
        for phase in [0.25, 1.0, 2.0] {
            let state = state_of(&map, phase);
            assert_jacobian(&map, &state, &name);
            if let Some(reduced) = map.reduced() {
                assert_jacobian(
                    &*reduced,
                    &reduced.project(&state),
                    &format!("{name}, reduced"),
                );
            }
        }
    }
    assert_jacobian(&Logistic { rate: 3.3 }, &[0.4], "logistic");
    assert_jacobian(&Henon { a: 1.4, b: 0.3 }, &[0.4, -0.1], "Hénon");
}

#[test]
fn derivatives_along_weights_and_input_agree_with_central_differences() {
    for ((name, from), (_, to)) in maps(3).into_iter().zip(maps(4)) {
        let path = CellPath::new(from, to).unwrap();
        let (s, h) = (0.37, 1e-6);
        let point = state_of(&path.at(s), 0.5);
        let mut derivative = vec![0.0; point.len()];
        path.derivative(s, &point, &mut derivative);
        let (above, below) = (
            image(&path.at(s + h), &point),
            image(&path.at(s - h), &point),
        );
        for i in 0..point.len() {
            let difference = (above[i] - below[i]) / (2.0 * h);
            assert!(
                (derivative[i] - difference).abs() < 1e-8,
                "{name} [{i}]: {} against {difference}",
                derivative[i]
            );
        }
    }
}

/// J(x + h v) v, whose central differences in h are D²F[v,v] and D³F[v,v,v].
fn slope_along<M: Map + ?Sized>(map: &M, point: &[f64], v: &[f64], h: f64) -> Vec<f64> {
    let moved: Vec<f64> = point.iter().zip(v).map(|(x, v)| x + h * v).collect();
    let mut jacobian = Mat::zeros(map.dim(), map.dim());
    map.jacobian(&moved, jacobian.as_mut());
    let product = &jacobian * Col::from_fn(v.len(), |i| v[i]);
    (0..v.len()).map(|i| product[i]).collect()
}

fn assert_jets<M: Map + ?Sized>(map: &M, point: &[f64], name: &str) {
    let v = values(point.len(), 1.0, 77);
    let jets = map.jet(&Jet::lines(point, &v));
    let h = 1e-3;
    let at = |steps: f64| slope_along(map, point, &v, steps * h);
    let (far_below, below, here, above, far_above) =
        (at(-2.0), at(-1.0), at(0.0), at(1.0), at(2.0));
    for (i, jet) in jets.iter().enumerate() {
        let second = (8.0 * (above[i] - below[i]) - (far_above[i] - far_below[i])) / (12.0 * h);
        let third = (16.0 * (above[i] + below[i]) - (far_above[i] + far_below[i]) - 30.0 * here[i])
            / (12.0 * h * h);
        assert!(
            (jet.0[1] - here[i]).abs() < 1e-12,
            "{name} [{i}]: {jet:?} against {}",
            here[i]
        );
        assert!(
            (2.0 * jet.0[2] - second).abs() < 1e-7,
            "{name} [{i}]: {jet:?} against {second}"
        );
        assert!(
            (6.0 * jet.0[3] - third).abs() < 1e-5,
            "{name} [{i}]: {jet:?} against {third}"
        );
    }
}

#[test]
fn jets_agree_with_differences_of_the_jacobian() {
    for (name, map) in maps(5) {
        // Away from the kinks of a rectifier, whose second derivatives are 0.
        let state = state_of(&map, 0.9);
        assert_jets(&map, &state, &name);
        if let Some(reduced) = map.reduced() {
            assert_jets(
                &*reduced,
                &reduced.project(&state),
                &format!("{name}, reduced"),
            );
        }
    }
}

fn assert_bounds_hold<M: Map + ?Sized>(map: &M, center: &[f64], name: &str) {
    let (dim, radius) = (map.dim(), 0.05);
    let around: Vec<Interval> = center
        .iter()
        .map(|&x| Interval::around(x, radius))
        .collect();
    let (Some(bounds), Some(image_box), Some(jacobian_box)) = (
        map.bounds(&Bound::ball(center, radius)),
        map.image_of_box(&around),
        map.jacobian_over_box(&around),
    ) else {
        return assert!(name.contains("LowRank"), "{name} knows its bounds");
    };
    let at = |point: &[f64]| {
        let mut jacobian = Mat::zeros(dim, dim);
        map.jacobian(point, jacobian.as_mut());
        (image(map, point), jacobian)
    };
    let jacobian_there = at(center).1;
    for trial in 0..40 {
        let offset = values(dim, radius, 1000 + trial);
        let distance = offset.iter().fold(0.0, |most: f64, d| most.max(d.abs()));
        let point: Vec<f64> = center.iter().zip(&offset).map(|(x, d)| x + d).collect();
        let (image, jacobian) = at(&point);
        for i in 0..dim {
            assert!(
                image_box[i].contains(image[i]) && bounds[i].range.contains(image[i]),
                "{name} [{i}]"
            );
            let row = |j: usize| jacobian[(i, j)];
            let slope: f64 = (0..dim).map(|j| row(j).abs()).sum();
            let change: f64 = (0..dim)
                .map(|j| (row(j) - jacobian_there[(i, j)]).abs())
                .sum();
            assert!(
                slope <= bounds[i].slope * (1.0 + 1e-12),
                "{name} [{i}]: {slope} {:?}",
                bounds[i]
            );
            assert!(
                change <= bounds[i].bend * distance * (1.0 + 1e-12) + 1e-14,
                "{name} [{i}]: {change} {:?}",
                bounds[i]
            );
            for j in 0..dim {
                let entry = jacobian_box[i * dim + j];
                let margin = 1e-14 * (1.0 + row(j).abs());
                assert!(
                    entry.low - margin <= row(j) && row(j) <= entry.high + margin,
                    "{name} [{i}, {j}]"
                );
            }
        }
    }
}

#[test]
fn bounds_and_boxes_hold_what_they_say() {
    for (name, map) in maps(6) {
        let center = state_of(&map, 0.4);
        assert_bounds_hold(&map, &center, &name);
        if let Some(reduced) = map.reduced() {
            assert_bounds_hold(
                &*reduced,
                &reduced.project(&center),
                &format!("{name}, reduced"),
            );
        }
    }
}

/// At a fixed point det(I − J) of the map and of its reduced equation have the same sign.
#[test]
fn reduced_equations_have_the_fixed_points_and_indices_of_the_map() {
    let sign = |map: &dyn Map, point: &[f64]| {
        let mut jacobian = Mat::zeros(map.dim(), map.dim());
        map.jacobian(point, jacobian.as_mut());
        (Mat::<f64>::identity(map.dim(), map.dim()) - jacobian)
            .determinant()
            .signum()
    };
    let mut compared = 0;
    for seed in 10..22 {
        for (name, map) in maps(seed) {
            let Some(reduced) = map.reduced() else {
                continue;
            };
            for start in 0..4 {
                let from = values(reduced.dim(), 1.0, 50 + start);
                let NewtonEnd::Root { point } = solve(&*reduced, &from, NewtonLimits::default())
                else {
                    continue;
                };
                let lifted = reduced.lift(&point);
                let q = creode::map::q(&map, &lifted);
                assert!(q < 1e-24, "{name}: the lifted root has q {q}");
                assert_eq!(sign(&map, &lifted), sign(&*reduced, &point), "{name}");
                let back = reduced.project(&lifted);
                assert!(
                    back.iter().zip(&point).all(|(a, b)| (a - b).abs() < 1e-10),
                    "{name}"
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 200, "{compared} roots compared");
}

#[test]
fn equal_alphas_make_the_leaky_cell() {
    let (weights, drive, state) = (values(16, 1.2, 1), values(4, 0.5, 2), values(4, 1.0, 3));
    for activation in [Activation::Tanh, Activation::Relu, Activation::Elu] {
        for form in [LeakyForm::Rates, LeakyForm::Currents] {
            let leaky = RateFormula {
                activation,
                leak: Some((form, 0.3)),
            };
            let leaky = CellMap::rate(leaky, &weights, drive.clone());
            let formula = LeakyUnitsFormula { form, activation };
            let own = CellMap::rate_with_alphas(formula, &[0.3; 4], &weights, drive.clone());
            for (a, b) in image(&leaky, &state).iter().zip(image(&own, &state)) {
                assert!((a - b).abs() < 1e-15, "{a} against {b}");
            }
            assert_eq!(leaky.rectified(), own.rectified());
            assert_eq!(leaky.piecewise(), own.piecewise());
        }
    }
}

/// One unit x' = φ(w x + b), with fixed points in closed form, and what φ of it is.
#[test]
fn single_units_rest_where_their_activations_say() {
    let unit = |activation, weight: f64, drive: f64| {
        let formula = RateFormula {
            activation,
            leak: None,
        };
        CellMap::rate(formula, &[weight], vec![drive])
    };
    let beta = 3.0;
    let at_zero = 2.0_f64.ln() / beta;
    // The lower quartile of the normal distribution.
    let quartile = -0.674_489_750_196_081_7;
    let below = (-0.4_f64).exp_m1();
    for (activation, weight, drive, point) in [
        (Activation::Sigmoid, 8.0, -4.0, 0.5),
        (Activation::softplus(beta), 0.5, -0.5 * at_zero, at_zero),
        (Activation::Elu, 0.5, 1.0, 2.0),
        (Activation::Elu, 1.0, -0.4 - below, below),
        (Activation::Gelu, 4.0, 0.0, quartile / 4.0),
        (Activation::Retanh, 3.0, -0.5, 0.0),
        (Activation::Identity, 0.5, 1.0, 2.0),
    ] {
        let map = unit(activation, weight, drive);
        let q = creode::map::q(&map, &[point]);
        assert!(q < 1e-30, "{activation:?}: q is {q} at {point}");
        let found = search(&map, &[], &[vec![point + 0.01]], SearchLimits::default()).unwrap();
        let near = found
            .fixed_points
            .iter()
            .find(|p| (p.state[0] - point).abs() < 1e-12);
        let near = near.unwrap_or_else(|| panic!("{activation:?} rests at {point}"));
        assert!(near.certificate.is_some(), "{activation:?}");
    }
    // What a sigmoid makes of a strong weight: two stable points beside an unstable one, and no other.
    let map = unit(Activation::Sigmoid, 8.0, -4.0);
    let found = search(&map, &[], &[], SearchLimits::default()).unwrap();
    assert_eq!(found.fixed_points.len(), 3);
    assert_eq!(found.complete, Completeness::Proved);
}

/// tanh approximates the normal distribution function in gelu to 3 · 10⁻⁴; both as PyTorch computes them at 1.
#[test]
fn gelu_is_what_pytorch_computes() {
    let exact = Activation::Gelu.of(1.0_f64);
    assert!((exact - 0.841_344_746_068_542_9).abs() < 1e-15);
    let approximate = Activation::GeluTanh.of(1.0_f64);
    assert!((approximate - 0.841_191_990_608_276_8).abs() < 1e-14);
}

/// Computed once by PyTorch 2.15's `LSTMCell` in f64, with weights sin(1.7 k + phase) · 1.2.
#[test]
fn a_long_short_term_memory_makes_pytorchs_step() {
    let filled = |count: usize, phase: f64| -> Vec<f64> {
        (0..count)
            .map(|k| 1.2 * (1.7 * k as f64 + phase).sin())
            .collect()
    };
    let (inputs, input) = (filled(24, 0.1), [0.5, -0.3]);
    let (bias, hidden_bias) = (filled(12, 0.3), filled(12, 0.4));
    let drive: Vec<f64> = (0..12)
        .map(|i| inputs[2 * i] * input[0] + inputs[2 * i + 1] * input[1] + bias[i] + hidden_bias[i])
        .collect();
    let map = CellMap::lstm(&filled(36, 0.2), drive);
    let next = image(&map, &[0.2, -0.6, 0.9, 1.5, -0.4, 0.3]);
    let expected = [
        -0.000_259_439_782_759_083_06,
        -0.033_136_710_590_575_78,
        0.163_328_525_288_099_4,
        -0.000_755_164_675_598_718_5,
        -0.798_907_479_308_399_4,
        0.578_275_919_873_579_6,
    ];
    for (found, expected) in next.iter().zip(expected) {
        assert!(
            (found - expected).abs() < 1e-15,
            "{found} against {expected}"
        );
    }
}

#[test]
fn families_of_known_maps_have_the_derivative_of_their_formula() {
    let mut out = [0.0];
    LogisticFamily.derivative(3.2, &[0.25], &mut out);
    assert_eq!(out[0], 0.1875);
    assert_eq!(image(&LogisticFamily.at(3.2), &[0.25])[0], 3.2 * 0.1875);
    let family = HenonFamily { b: 0.3 };
    let mut out = [0.0; 2];
    family.derivative(1.4, &[0.5, 0.1], &mut out);
    assert_eq!(out, [-0.25, 0.0]);
    assert_eq!(
        image(&family.at(1.4), &[0.5, 0.1]),
        image(&Henon { a: 1.4, b: 0.3 }, &[0.5, 0.1])
    );
}

/// A constant input, so that the fused kernel and the map iterate the same thing: single steps and batches, from zero
/// and from a state of the network's own.
#[test]
fn the_map_makes_the_steps_of_the_training_kernel() {
    for cell in cells() {
        for initial_state in [InitialState::Zero, InitialState::Trained] {
            let spec = NetworkSpec {
                initial_state,
                ..network(cell)
            };
            assert_same_steps(&spec);
        }
    }
}

/// Given states stand for the initial state of the parameters: outputs and gradients are the same.
#[test]
fn trials_start_from_the_states_that_they_are_given() {
    for cell in cells() {
        let trained = NetworkSpec {
            initial_state: InitialState::Trained,
            ..network(cell)
        };
        let given = NetworkSpec {
            initial_state: InitialState::Normal,
            ..network(cell)
        };
        let at = parameters(&trained, 5);
        let mut same = parameters(&given, 5);
        for tensor in same.clone().layout() {
            same.get_mut(tensor.name)
                .copy_from_slice(at.get(tensor.name));
        }
        // Two shards and a part of one.
        let (steps, trials) = (5, 37);
        let mut batch = Batch::zeros(steps, trials, 3, 2);
        for (place, value) in batch.inputs.iter_mut().enumerate() {
            *value = (place as f64 * 0.7).sin();
        }
        batch.weights.fill(1.0);
        let state = at.get(INITIAL_STATE).to_vec();
        let mut beside = batch.clone();
        beside.initial_states = state.repeat(trials);
        let simulation = Bptt::of(&trained).simulate(&at, &batch).unwrap();
        assert_eq!(
            Bptt::of(&given).simulate(&same, &beside).unwrap(),
            simulation
        );
        let mut gradients = [at.zeros_like(), same.zeros_like()];
        let of = |spec, parameters, batch, gradient: &mut Parameters<f64>| {
            let mut credit = Bptt::of(spec);
            credit
                .loss_and_gradient(parameters, batch, gradient)
                .unwrap()
                .loss
        };
        let [first, second] = &mut gradients;
        assert_eq!(
            of(&trained, &at, &batch, first),
            of(&given, &same, &beside, second)
        );
        for tensor in second.layout() {
            assert_eq!(first.get(tensor.name), second.get(tensor.name), "{cell:?}");
        }
    }
}

fn assert_same_steps(spec: &NetworkSpec) {
    let at = parameters(spec, 5);
    let input = [0.4, -0.2, 0.1];
    let (steps, trials) = (12, 5);
    let mut batch = Batch::zeros(steps, trials, 3, 2);
    batch
        .inputs
        .chunks_exact_mut(3)
        .for_each(|row| row.copy_from_slice(&input));
    let simulation = Bptt::of(spec).simulate(&at, &batch).unwrap();

    let map = CellMap::new(spec, &at, &input);
    let dim = map.dim();
    assert_eq!((dim, dim), (spec.state_size(), simulation.state_size));
    let mut states = match at.get(INITIAL_STATE) {
        [] => vec![0.0; trials * dim],
        state => state.repeat(trials),
    };
    for time in 0..steps {
        let mut next = vec![0.0; states.len()];
        map.step_batch(&states, &mut next);
        states = next;
        for trial in 0..trials {
            let own = &states[trial * dim..][..dim];
            let row = time * trials + trial;
            let output = Readout::of(&at).output(&map.cell().features(own));
            let found = own.iter().zip(&simulation.states[row * dim..]);
            let found = found.chain(output.iter().zip(&simulation.outputs[row * 2..]));
            for (a, b) in found {
                let error = (a - b).abs();
                assert!(
                    error < 1e-13 * (1.0 + a.abs()),
                    "{spec:?}, step {time}: {a} against {b}"
                );
            }
        }
    }
}

/// F sends the whole trapping box into its interior: tried at corners, where it is tightest.
#[test]
fn trapping_boxes_trap() {
    for (name, map) in maps(6) {
        let Some(half_widths) = map.trapping_box() else {
            assert!(
                ["Relu", "Softplus", "Elu", "Gelu", "Identity", "Piecewise"]
                    .iter()
                    .any(|unbounded| name.contains(unbounded)),
                "{name} is bounded"
            );
            continue;
        };
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for _ in 0..512 {
            let point: Vec<f64> = half_widths
                .iter()
                .map(|w| if rng.random() { *w } else { -w })
                .collect();
            for (f, half_width) in image(&map, &point).iter().zip(&half_widths) {
                assert!(f.abs() < *half_width, "{name}: {f} leaves {half_width}");
            }
        }
    }
}
