use proptest::prelude::*;

use super::*;
use crate::cell::map::CellMap;
use crate::dynamics::linear::spectrum::Spectrum;

fn map(weights: &[[f64; 2]; 2]) -> CellMap {
    let CellKind::Leaky {
        form,
        activation,
        alpha,
    } = network().cell
    else {
        panic!("a leaky cell");
    };
    let formula = crate::cell::formula::RateFormula {
        activation,
        leak: Some((form, alpha)),
    };
    CellMap::rate(formula, weights.as_flattened(), vec![0.0; 2])
}

#[test]
fn classes_of_known_matrices() {
    assert_eq!(Class::of(&[[1.5, 0.0], [0.0, -3.0]]), Class::FixedPoint);
    assert_eq!(Class::of(&[[0.0, 2.0], [2.0, 0.0]]), Class::FixedPoint);
    assert_eq!(Class::of(&[[1.2, -1.0], [1.0, 1.2]]), Class::LimitCycle);
    assert_eq!(Class::of(&[[0.9, -1.0], [1.0, 0.9]]), Class::StableOrigin);
    assert_eq!(Class::of(&[[0.0; 2]; 2]), Class::StableOrigin);
    // Rotation slower than the threshold, and just faster.
    assert_eq!(Class::of(&[[1.2, -9e-3], [9e-3, 1.2]]), Class::FixedPoint);
    assert_eq!(Class::of(&[[1.2, -2e-2], [2e-2, 1.2]]), Class::LimitCycle);
}

proptest! {
    #[test]
    fn classes_agree_with_the_spectrum_of_the_cell(weights: [[i8; 2]; 2]) {
        let weights = weights.map(|row| row.map(|w| f64::from(w) / 50.0));
        let spectrum = Spectrum::at(&map(&weights), &[0.0; 2]).unwrap();
        // λ = 1 + Δt(μ − 1), μ an eigenvalue of W.
        let real = spectrum.eigenvalues.iter().map(|of| 1.0 + (of.0 - 1.0) / TIME_STEP);
        let largest = real.fold(f64::NEG_INFINITY, f64::max);
        let rotation = spectrum.eigenvalues[0].1.abs() / TIME_STEP;
        prop_assume!((largest - 1.0).abs() > 1e-9 && (rotation - ROTATION).abs() > 1e-4);
        let expected = match (largest > 1.0, rotation > ROTATION) {
            (false, _) => Class::StableOrigin,
            (true, true) => Class::LimitCycle,
            (true, false) => Class::FixedPoint,
        };
        prop_assert_eq!(Class::of(&weights), expected);
    }

    #[test]
    fn the_gradient_is_that_of_finite_differences(weights in prop::array::uniform2(prop::array::uniform2(-2.0..2.0_f64))) {
        let (_, gradient) = loss_and_gradient(&weights);
        let size = gradient.as_flattened().iter().fold(1.0, |most: f64, g| most.max(g.abs()));
        for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let loss = |shift: f64| {
                let mut moved = weights;
                moved[i][j] += shift;
                loss_and_gradient(&moved).0
            };
            let (near, far) = (loss(1e-4) - loss(-1e-4), loss(2e-4) - loss(-2e-4));
            let difference = (8.0 * near - far) / 12e-4;
            prop_assert!((gradient[i][j] - difference).abs() < 1e-7 * size, "{} {}", gradient[i][j], difference);
        }
    }
}

#[test]
fn motion_is_that_of_the_cell_that_is_analysed() {
    use crate::map::Map as _;
    let weights = [[1.4, -0.7], [0.3, 0.8]];
    let mut there = [0.0; 2];
    map(&weights).step(&START, &mut there);
    let here = step(&weights, START, START.map(f64::tanh));
    assert!((here[0] - there[0]).abs() < 1e-15 && (here[1] - there[1]).abs() < 1e-15);
}

#[test]
fn ends_of_known_networks() {
    assert_eq!(end_of(&[[0.5, 0.0], [0.0, 0.5]]), End::Origin);
    assert_eq!(end_of(&[[2.0, 0.0], [0.0, 0.5]]), End::FixedPoint);
    assert_eq!(end_of(&[[1.5, -1.5], [1.5, 1.5]]), End::Motion);
}

#[test]
fn the_smaller_form_shows_both_common_solutions_and_the_crossing() {
    let settings = Settings {
        is_quick: true,
        ..Settings::default()
    };
    let report = TwoNeuron.run(&settings, &|_, _| ()).unwrap();
    let again = TwoNeuron.run(&settings, &|_, _| ()).unwrap();
    assert_eq!(
        (&report.claims, &report.figure),
        (&again.claims, &again.figure)
    );
    // Stable origins are too rare to be among so few.
    for claim in &report.claims[1..] {
        assert!(claim.holds(), "{claim:?}");
    }
}
