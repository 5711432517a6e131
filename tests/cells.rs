//! The cells as maps: against the training kernels, and their derivatives against finite differences.

#![allow(clippy::unwrap_used)]

use creode::cell::map::{CellMap, CellPath, readout};
use creode::cell::parameters::Parameters;
use creode::cell::spec::{Activation, CellKind, LeakyForm, NetworkSpec, Precision};
use creode::map::{Family as _, Henon, HenonFamily, Logistic, LogisticFamily, Map};
use creode::task::Batch;
use creode::train::dfdx_engine::DfdxEngine;
use creode::train::engine::Engine as _;
use faer::Mat;

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

fn network(cell: CellKind) -> NetworkSpec {
    NetworkSpec {
        cell,
        units: 9,
        inputs: 3,
        outputs: 2,
        recurrent_gain: 1.3,
        input_gain: 1.0,
        precision: Precision::F64,
    }
}

fn parameters(spec: &NetworkSpec, seed: u64) -> Parameters<f64> {
    let mut parameters = Parameters::initial(spec, seed);
    for (i, value) in parameters.values_mut().iter_mut().enumerate() {
        *value += 0.1 * (i as f64 * 0.77 + seed as f64).sin();
    }
    parameters
}

fn state(phase: f64) -> Vec<f64> {
    (0..9)
        .map(|i| 0.8 * (f64::from(i) * 1.3 + phase).sin())
        .collect()
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

#[test]
fn jacobians_agree_with_central_differences() {
    for cell in cells() {
        let spec = network(cell);
        let map = CellMap::new(&spec, &parameters(&spec, 3), &[0.4, -0.2, 0.1]);
        for phase in [0.25, 1.0, 2.0] {
            assert_jacobian(&map, &state(phase), &format!("{cell:?}"));
            if let Some(reduced) = map.reduced() {
                assert_jacobian(
                    &*reduced,
                    &reduced.project(&state(phase)),
                    &format!("{cell:?}, reduced"),
                );
            }
        }
    }
    assert_jacobian(&Logistic { rate: 3.3 }, &[0.4], "logistic");
    assert_jacobian(&Henon { a: 1.4, b: 0.3 }, &[0.4, -0.1], "Hénon");
}

#[test]
fn derivatives_along_weights_and_input_agree_with_central_differences() {
    for cell in cells() {
        let spec = network(cell);
        let path = CellPath {
            from: CellMap::new(&spec, &parameters(&spec, 3), &[0.4, -0.2, 0.1]),
            to: CellMap::new(&spec, &parameters(&spec, 4), &[-0.3, 0.5, 0.0]),
        };
        let (s, h, point) = (0.37, 1e-6, state(0.5));
        let mut derivative = vec![0.0; 9];
        path.derivative(s, &point, &mut derivative);
        let (above, below) = (
            image(&path.at(s + h), &point),
            image(&path.at(s - h), &point),
        );
        for i in 0..9 {
            let difference = (above[i] - below[i]) / (2.0 * h);
            assert!(
                (derivative[i] - difference).abs() < 1e-8,
                "{cell:?} [{i}]: {} against {difference}",
                derivative[i]
            );
        }
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

/// A constant input, so that the fused kernel and the map iterate the same thing: single steps and batches.
#[test]
fn the_map_makes_the_steps_of_the_training_kernel() {
    for cell in cells() {
        let spec = network(cell);
        let at = parameters(&spec, 5);
        let input = [0.4, -0.2, 0.1];
        let (steps, trials) = (12, 5);
        let mut batch = Batch::zeros(steps, trials, 3, 2);
        batch
            .inputs
            .chunks_exact_mut(3)
            .for_each(|row| row.copy_from_slice(&input));
        let simulation = DfdxEngine::new(&spec).simulate(&at, &batch).unwrap();

        let map = CellMap::new(&spec, &at, &input);
        let mut states = vec![0.0; trials * 9];
        for time in 0..steps {
            let mut next = vec![0.0; states.len()];
            map.step_batch(&states, &mut next);
            states = next;
            for trial in 0..trials {
                let own = &states[trial * 9..][..9];
                let row = time * trials + trial;
                for (a, b) in own.iter().zip(&simulation.states[row * 9..]) {
                    assert!(
                        (a - b).abs() < 1e-13,
                        "{cell:?}, step {time}: {a} against {b}"
                    );
                }
                let output = readout(&at, &map.cell().features(own));
                for (a, b) in output.iter().zip(&simulation.outputs[row * 2..]) {
                    assert!(
                        (a - b).abs() < 1e-13,
                        "{cell:?}, output {time}: {a} against {b}"
                    );
                }
            }
        }
    }
}

/// F sends the whole trapping box into its interior: tried at corners, where it is tightest.
#[test]
fn trapping_boxes_trap() {
    for cell in cells() {
        let spec = network(cell);
        let map = CellMap::new(&spec, &parameters(&spec, 6), &[1.0, -1.0, 0.5]);
        let Some(half_widths) = map.trapping_box() else {
            continue;
        };
        for corner in 0..512_u32 {
            let point: Vec<f64> = half_widths
                .iter()
                .enumerate()
                .map(|(i, w)| if corner >> i & 1 == 1 { *w } else { -w })
                .collect();
            for (f, half_width) in image(&map, &point).iter().zip(&half_widths) {
                assert!(f.abs() < *half_width, "{cell:?}: {f} at corner {corner}");
            }
        }
    }
}
