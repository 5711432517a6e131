use super::landscape::{BITS, EDGES, Landscape, MEMORIES, mediated, memory_of};
use super::perturbed::{MOST_STEPS, remains, with_noise};
use super::threshold::{Pulsed, steps_per_e_fold};
use super::view::View;
use crate::cell::map::{CellMap, Readout};
use crate::cell::parameters::{Parameters, WEIGHT_HH};
use crate::cell::spec::{Activation, CellKind, NetworkSpec};
use crate::dynamics::points::search::{SearchLimits, search};
use crate::dynamics::points::starts::simulated;
use crate::statistics::randomisation::stream_of_draw;

/// Where a unit with gain 2 rests.
const REST: f64 = 0.957_504_024_079_6;

/// Three units of gain 2 that do not see each other, each with its own input and drive.
fn bits(drive: [f64; BITS]) -> CellMap {
    CellMap::vanilla(
        &[2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0],
        drive.to_vec(),
    )
}

fn landscape(drive: [f64; BITS]) -> Landscape {
    let map = bits(drive);
    let starts = simulated(&map, 256, 0.5, 3);
    let found = search(&map, &[], &starts, SearchLimits::default()).unwrap();
    let mut weight = vec![0.0; BITS * BITS];
    (0..BITS).for_each(|bit| weight[bit * BITS + bit] = 1.0 / REST);
    let readout = Readout {
        weight,
        bias: vec![0.0; BITS],
    };
    Landscape::new(map, readout, found.fixed_points, found.slow_points)
}

#[test]
fn uncoupled_bits_have_27_points_and_a_saddle_on_each_edge() {
    let of = landscape([0.0; BITS]);
    assert_eq!(of.counts(), [8, 12, 6, 1, 0]);
    for memory in 0..MEMORIES {
        let state = of.state_of(memory).unwrap();
        assert!((0..BITS).all(|bit| (state[bit] > 0.0) == (memory >> bit & 1 == 1)));
    }
    let mediators = of.mediators().unwrap();
    assert_eq!((mediators.len(), mediated(&mediators)), (EDGES, EDGES));
    for of_edge in &mediators {
        let saddle = &of.points[of_edge.point].state;
        assert!(saddle[of_edge.bit].abs() < 1e-12);
        assert_eq!(of_edge.lower >> of_edge.bit & 1, 0);
    }
    assert_eq!(mediated(&[mediators[0], mediators[0]]), 1);
    let view = View::of(&of, &mediators).unwrap();
    assert_eq!((view.points.len(), view.manifolds.len()), (27, 2 * EDGES));
}

#[test]
fn memories_are_told_by_all_their_signs() {
    assert_eq!(memory_of(&[0.9, -1.2, 1.4]), Some(0b101));
    assert_eq!(memory_of(&[0.9, -0.4, 1.4]), None);
    assert_eq!(memory_of(&[0.9, -1.0, 1.6]), None);
}

/// tanh(2x* − a) changes sign at a = 2x*; there motion goes to the saddle, whose multiplier is 2.
#[test]
fn the_weakest_pulse_is_that_which_leads_to_the_saddle() {
    let of = landscape([0.0; BITS]);
    let mediators = of.mediators().unwrap();
    let at_input = |input: &[f64]| bits([input[0], input[1], input[2]]);
    let pulsed = |amplitude: f64| Pulsed {
        landscape: &of,
        at_input: &at_input,
        amplitude,
        width: 1,
    };
    let flips = pulsed(3.0).flips(&mediators);
    assert_eq!(flips.len(), BITS * MEMORIES);
    for flip in &flips {
        assert!(
            (flip.threshold.unwrap() - 2.0 * REST).abs() < 1e-9,
            "{flip:?}"
        );
        let passage = flip.passage.as_ref().unwrap();
        assert!(passage.nearest < 1e-9 && passage.speed < 1e-6);
        // The other saddles and the centre are half an edge away, and more.
        assert!((passage.nearest_other - 0.5).abs() < 1e-3);
        assert!(
            (passage.lingering - 1.0).abs() < 0.01,
            "{}",
            passage.lingering
        );
    }
    // Of pulses that flip nothing there is no threshold.
    let flips = pulsed(1.0).flips(&mediators);
    assert!(
        flips
            .iter()
            .all(|flip| flip.threshold.is_none() && flip.passage.is_none())
    );
}

#[test]
fn motion_lingers_as_long_as_its_distance_needs_to_grow() {
    for gain in [1.1_f64, 1.5, 2.0] {
        let steps_to_half = |from: f64| {
            let end = 0.5 * (1.0 - 1.0 / gain).sqrt();
            let (mut x, mut steps) = (from, 0.0);
            while x < end {
                let next = (gain * x).tanh();
                // Between steps, as growth goes.
                steps += if next < end {
                    1.0
                } else {
                    (end / x).ln() / (next / x).ln()
                };
                x = next;
            }
            steps
        };
        let measured = steps_to_half(1e-9) - steps_to_half(1e-6);
        let expected = 1000_f64.ln() * steps_per_e_fold(-gain);
        assert!(
            (measured / expected - 1.0).abs() < 0.02,
            "{measured} {expected}"
        );
    }
}

/// Behind its fold the upper state of a unit leaves a slow point in the middle of a narrow passage.
#[test]
fn a_lost_memory_leaves_a_slow_point_that_motion_leaves_after_half_a_passage() {
    let before = landscape([0.0; BITS]);
    // The fold is at 0.53284.
    let after = landscape([-0.532_839_975_353_5 - 1e-4, 0.0, 0.0]);
    assert_eq!(after.counts(), [4, 4, 1, 0, 0]);
    for memory in 0..MEMORIES {
        let left = remains(&before, &after, memory);
        let is_lost = memory & 1 == 1;
        assert_eq!(after.memories[memory].is_none(), is_lost);
        assert_eq!(left.is_some(), is_lost, "{left:?}");
        if let Some(left) = left {
            // As simulated, a whole passage from 1 to 0.3 takes 370 steps.
            assert!(left.steps > 150 && left.steps < 230 && left.steps < MOST_STEPS);
            let ratio = left.steps as f64 / left.theory_steps;
            assert!((0.85..1.2).contains(&ratio), "{ratio}");
            assert!(left.off < 0.25 && left.q > 0.0);
        }
    }
}

#[test]
fn noise_has_the_size_that_is_asked_for() {
    let spec = NetworkSpec::new(
        CellKind::Vanilla {
            activation: Activation::Tanh,
        },
        64,
        3,
        3,
    );
    let trained = Parameters::<f32>::initial(&spec, 1);
    let rms = |values: &[f32]| {
        let squares: f64 = values.iter().map(|w| f64::from(*w).powi(2)).sum();
        (squares / values.len() as f64).sqrt()
    };
    let differences = |noise: f64| -> Vec<f32> {
        let noisy = with_noise(&trained, noise, &mut stream_of_draw(3, 1));
        assert_eq!(noisy.get("readout.weight"), trained.get("readout.weight"));
        let pairs = noisy.get(WEIGHT_HH).iter().zip(trained.get(WEIGHT_HH));
        pairs.map(|(a, b)| a - b).collect()
    };
    let share = rms(&differences(0.3)) / rms(trained.get(WEIGHT_HH));
    assert!((share - 0.3).abs() < 0.01, "{share}");
    // Draws of one number differ in size alone.
    for (small, large) in differences(0.1).iter().zip(differences(0.2)) {
        assert!((2.0 * small - large).abs() < 1e-6);
    }
    assert_eq!(rms(&differences(0.0)), 0.0);
}
