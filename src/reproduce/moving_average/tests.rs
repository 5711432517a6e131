use faer::Mat;

use super::plane::{Cloud, SlowPoint, Start, slow_points, spread, starts};
use super::pulses::Pulsed;
use super::report::median;
use super::slow::{Modes, largest_angle, orthonormal, slow_point};
use crate::cell::map::CellMap;
use crate::map::Map as _;
use crate::task::Task as _;
use crate::task::moving_average::MovingAverage;
use crate::train::engine::Simulation;

/// A slow plane in four dimensions, with left eigenvectors that are not the right ones: W = R D R⁻¹ with a shear R.
const VALUES: [f64; 4] = [0.999, 0.995, 0.4, 0.2];

fn sheared() -> Vec<f64> {
    // R = I + a e₁e₃ᵀ + b e₂e₄ᵀ; R⁻¹ = I − a e₁e₃ᵀ − b e₂e₄ᵀ.
    let (a, b) = (1.5, -0.8);
    let mut weights = vec![0.0; 16];
    for (i, value) in VALUES.into_iter().enumerate() {
        weights[4 * i + i] = value;
    }
    weights[2] = a * (VALUES[2] - VALUES[0]);
    weights[4 + 3] = b * (VALUES[3] - VALUES[1]);
    weights
}

fn network(drive: Vec<f64>) -> CellMap {
    CellMap::vanilla(&sheared(), drive)
}

fn start(state: &[f64]) -> Start {
    Start {
        state: state.to_vec(),
        heights: [state[0], state[1]],
        trial: 0,
    }
}

#[test]
fn a_slow_point_is_reached_across_the_plane_and_not_along_it() {
    let map = network(vec![0.0; 4]);
    let from = [1e-2, -2e-2, 1e-2, 1e-2];
    let found = slow_point(&map, &from, 1e-8).unwrap();
    assert!(found[2].abs() < 1e-3 && found[3].abs() < 1e-3, "{found:?}");
    // Down to the minimum of q by the shortest way, which is straight across the plane of e₁ and e₂.
    for (found, from) in found.iter().zip(&from[..2]) {
        assert!(
            (found - from).abs() < 0.1 * from.abs() + 1e-3,
            "{found} {from}"
        );
    }
    // Motion is nowhere slower than at the origin, which is no minimum above 0.
    let moved = CellMap::vanilla(&[0.0], vec![0.5]);
    assert!(slow_point(&moved, &[0.0], 1e-12).is_some());
    let saturated = CellMap::vanilla(&[2.0], vec![-0.55]);
    assert_eq!(slow_point(&saturated, &[0.72], 1e-12), None);
}

#[test]
fn two_modes_carry_a_displacement_as_the_linear_map_does() {
    let map = network(vec![0.0; 4]);
    let modes = Modes::at(&map, &[0.0; 4]).unwrap();
    for (found, value) in modes.eigenvalues.iter().zip(VALUES) {
        assert!((found.0 - value).abs() < 1e-12);
    }
    assert_eq!((modes.slower_than(100.0), modes.slower_than(300.0)), (2, 1));
    let gap = 0.4_f64.ln() / 0.995_f64.ln();
    assert!((modes.gap() / gap - 1.0).abs() < 1e-9);
    // After 30 steps the others have decayed to 10⁻¹².
    let displacement = [0.3, -0.2, 0.5, 0.7];
    let weights = sheared();
    let mut expected = displacement.to_vec();
    for _ in 0..30 {
        let row = |i: usize| (0..4).map(|j| weights[4 * i + j] * expected[j]).sum();
        expected = (0..4).map(row).collect();
    }
    for (found, expected) in modes.carried(&displacement, 30).iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }
    let plane = Mat::from_fn(4, 2, |i, k| f64::from(u8::from(i == k)));
    assert!(largest_angle(&plane, &modes.right_plane()) < 1e-5);
    // l₁ = e₁ − a e₃: tan of its angle to the plane is 1.5; that of l₂ is 0.8.
    let angle = largest_angle(&plane, &modes.left_plane());
    assert!(
        (angle - 1.5_f64.atan().to_degrees()).abs() < 1e-9,
        "{angle}"
    );
}

#[test]
fn the_angle_between_planes_is_the_larger_one() {
    let (small, large) = (0.2_f64, 0.9_f64);
    let a = Mat::from_fn(4, 2, |i, k| f64::from(u8::from(i == k)));
    let columns = [
        [small.cos(), 0.0, small.sin(), 0.0],
        [0.0, large.cos(), 0.0, large.sin()],
    ];
    let b = Mat::from_fn(4, 2, |i, k| columns[k][i]);
    assert!((largest_angle(&a, &b) - large.to_degrees()).abs() < 1e-9);
    let mixed = Mat::from_fn(4, 2, |i, k| {
        columns[0][i] + (1.0 + k as f64) * columns[1][i]
    });
    assert!((largest_angle(&a, &orthonormal(&mixed, 2)) - large.to_degrees()).abs() < 1e-9);
}

#[test]
fn a_flat_cloud_has_two_components_and_tells_what_it_stores() {
    let map = network(vec![0.0; 4]);
    let grid = (0..60).map(|i| [f64::from(i % 8) - 3.5, f64::from(i / 8) - 3.0]);
    let mut all: Vec<Start> = grid
        .map(|[x, y]| start(&[1e-3 * x, 1e-3 * y, 0.0, 0.0]))
        .collect();
    all.iter_mut()
        .enumerate()
        .for_each(|(place, of)| of.trial = place % 10);
    assert!(spread(&all) > 2e-3);
    let points = slow_points(&map, &all, 1e-8).unwrap();
    assert_eq!(points.len(), all.len());
    let cloud = Cloud::of(&points).unwrap();
    assert!(cloud.variances[2] < 1e-9 && cloud.stored > 0.99);
    for [right, left, _] in cloud.angles(&points) {
        assert!(right < 0.1 && (left - 56.3).abs() < 0.5, "{right} {left}");
    }
    assert!(Cloud::of(&points[..2]).is_none());
}

/// In a network that is nearly linear, pulses go where the left eigenvectors say, and not where the orthogonal projection says.
#[test]
fn left_eigenvectors_read_small_pulses() {
    let quiet = network(vec![0.0; 4]);
    let at_input =
        |[height, cue]: [f64; 2]| network(vec![0.0, 0.02 * cue, 0.02 * height, 0.02 * cue]);
    let pulsed = Pulsed {
        quiet: &quiet,
        at_input: &at_input,
        width: 2,
        wait: 20,
    };
    let state = [0.01, 0.0, 0.0, 0.0];
    let points = [SlowPoint {
        at: start(&state),
        q: 0.0,
        modes: Modes::at(&quiet, &state).unwrap(),
    }];
    let [small, whole] = pulsed.predictions(&points, &[0.01, 1.0])[..] else {
        panic!("two scales")
    };
    assert!(small.left > 0.9999 && small.cosine > 0.9999, "{small:?}");
    assert!(whole.left > 0.98 && whole.left < small.left, "{whole:?}");
    // What the orthogonal projection misses: the parts a d₃ and b d₄ that still decay onto the plane when the pulse ends.
    let ([slow, other, third, fourth], [a, b]) = (VALUES, [1.5, -0.8]);
    let [carried, carried_other] = [slow.powi(20), other.powi(20)];
    let [d3, d4] = [1.0 + third, 1.0 + fourth];
    let along = [
        a * (third - slow) - a * d3,
        1.0 + other + b * (fourth - other) - b * d4,
    ];
    // Σh² = 2.5 over the five heights, each with a cue of 1.
    let missed = 2.5 * (a * d3 * carried).powi(2) + 5.0 * (b * d4 * carried_other).powi(2);
    let all = 2.5 * (along[0] * carried).powi(2) + 5.0 * (along[1] * carried_other).powi(2);
    assert!(
        (small.orthogonal - (1.0 - missed / all)).abs() < 1e-3,
        "{small:?}"
    );
    assert!(small.random < small.left, "{small:?}");
}

#[test]
fn a_start_is_the_state_before_a_pulse_and_knows_two_heights() {
    let task = MovingAverage::default();
    let trials = task.batch(3, 5);
    // A network that counts its steps.
    let states = (0..trials.steps * trials.trials).map(|place| (place / trials.trials) as f64);
    let simulation = Simulation {
        state_size: 1,
        states: states.collect(),
        outputs: Vec::new(),
    };
    let found = starts(&trials, &simulation);
    assert!(found.len() >= 9);
    for of in found {
        let answer = trials.answer(of.trial, &trials.targets);
        let step = of.state[0] as usize;
        assert_eq!(
            (answer.input(1, step), answer.input(1, step + 1)),
            (0.0, 1.0)
        );
        let target = answer.at(0, step).target;
        assert!((target - 0.5 * (of.heights[0] + of.heights[1])).abs() < 1e-12);
    }
}

#[test]
fn the_median_is_the_middle() {
    assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
    assert_eq!(median([3.0, 1.0, 2.0, 4.0].into_iter()), 2.0);
    assert!(median(std::iter::empty()).is_nan());
    assert_eq!(network(vec![0.0; 4]).dim(), 4);
}
