//! Tests of zones and of what is trained, and of ends of motion in a network that is known.

#![allow(clippy::unwrap_used)]

use super::ends::Slowly;
use super::family::{Family, Sampling};
use super::zone::{mean_outside, widest};
use super::{FULL, course};
use crate::cell::parameters::{Parameters, READOUT_WEIGHT, WEIGHT_HH, WEIGHT_IH};

#[test]
fn the_zone_is_the_widest_stretch_without_a_gap() {
    let values = [0.1, 0.2, 0.3, 0.5, 0.6];
    let of = |right: [bool; 5]| widest(&values, |place| right[place]);
    assert_eq!(of([true, true, false, true, true]), Some([0.1, 0.2]));
    assert_eq!(of([false, true, true, true, false]), Some([0.2, 0.5]));
    assert_eq!(of([false, false, false, true, false]), Some([0.5, 0.5]));
    assert_eq!(of([false; 5]), None);
}

#[test]
fn what_is_outside_is_told_by_its_distance_on_either_side() {
    let (values, of) = (
        [0.0, 1.0, 2.0, 3.0, 4.0, 6.0],
        [8.0, 4.0, 0.0, 0.0, 6.0, 9.0],
    );
    assert_eq!(mean_outside(&values, &of, [2.0, 3.0], [0.5, 1.0]), 5.0);
    assert_eq!(mean_outside(&values, &of, [2.0, 3.0], [1.5, 3.0]), 8.5);
    assert!(mean_outside(&values, &of, [2.0, 3.0], [9.0, 10.0]).is_nan());
}

#[test]
fn every_sampling_is_a_curriculum_and_ranges_have_one_middle() {
    for family in Family::ALL {
        let [low, high] = family.range();
        for sampling in FULL.samplings(family) {
            let values = sampling.values();
            assert_eq!(values.len(), sampling.count);
            let ends = [values[0], values[values.len() - 1]];
            assert!(
                (ends[0] + ends[1] - low - high).abs() < 1e-9,
                "{sampling:?}"
            );
            course(family, sampling, 10, 0).unwrap();
        }
        let [narrow, broad] = family.other_ranges();
        assert!(narrow[1] - narrow[0] < high - low && high - low < broad[1] - broad[0]);
    }
}

#[test]
fn the_memory_of_one_unit_ends_at_its_fold() {
    let sampling = Sampling {
        count: 2,
        range: [0.75, 1.25],
    };
    let course = course(Family::Amplitude, sampling, 5, 0).unwrap();
    let mut first: Option<Parameters<f32>> = None;
    course
        .train(|_, now| first = first.take().or_else(|| Some(now.clone())))
        .unwrap();
    let mut parameters = first.unwrap();
    // x' = tanh(2 x + u): x* = −√(1 − 1/2) is where the slope is 1, and u = artanh x* − 2 x* there.
    for name in [WEIGHT_HH, WEIGHT_IH, READOUT_WEIGHT] {
        parameters.get_mut(name).fill(0.0);
    }
    parameters.get_mut(WEIGHT_HH)[0] = 2.0;
    parameters.get_mut(WEIGHT_IH)[0] = 1.0;
    parameters.get_mut(READOUT_WEIGHT)[0] = 1.0;
    let slowly = Slowly {
        course: &course,
        parameters: &parameters,
        family: Family::Amplitude,
    };
    let end = slowly.memory_end(&sampling).unwrap().unwrap();
    let at = -(0.5_f64.sqrt());
    let fold = at.atanh() - 2.0 * at;
    assert!(end.at >= fold && end.at < fold + 0.03, "{end:?}, {fold}");
    let (code, value) = end.event.unwrap();
    assert_eq!(code, "LP");
    assert!((value - fold).abs() < 1e-6, "{value}, {fold}");
}
