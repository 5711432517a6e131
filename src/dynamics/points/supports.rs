//! Every fixed point of a small network of rectified units, by trying every set of active ones.
//!
//! With n units there are 2ⁿ sets of active ones, and in each the fixed point is one linear solve: up to about
//! twenty units, exact enumeration is cheaper than any search. Nothing bounds such networks, so the indices need
//! not sum to 1, and there may be no fixed point at all.

use faer::Mat;
use faer::linalg::solvers::{PartialPivLu, Solve as _};

use super::enumerate::Enumeration;
use crate::map::Rectified;

/// A pivot smaller than this share of the largest makes a set of active units degenerate.
const SINGULAR: f64 = 1e-12;
/// An inactive unit may have this much input by rounding.
const ROUNDING: f64 = 1e-12;

/// All solutions of y = relu(W y + b), as states of the network; `None` if there are more sets of units than the budget.
///
/// For each set S of active units (a linear complementarity problem; Hahnloser, Seung & Slotine 2003):
/// 1. y_S solves (I − W_SS) y_S = b_S; it must be positive.
/// 2. Every other unit must get no positive input, W y + b ≤ 0.
///
/// The list is complete unless some I − W_SS is singular to working precision.
///
/// `budget` counts sets. The solutions are not polished; `boxes` of the result is the number of sets.
pub fn solutions(network: &Rectified, budget: usize) -> Option<Enumeration> {
    let n = network.drive.len();
    let sets = 1_usize
        .checked_shl(n as u32)
        .filter(|sets| *sets <= budget)?;
    let mut found = Enumeration {
        is_complete: true,
        boxes: sets,
        ..Enumeration::default()
    };
    for set in 0..sets {
        let active: Vec<usize> = (0..n).filter(|unit| set >> unit & 1 == 1).collect();
        match rates(network, &active) {
            Some(rates) => {
                let input = network.input(&rates);
                let is_consistent = (0..n).all(|unit| {
                    if set >> unit & 1 == 1 {
                        rates[unit] > 0.0
                    } else {
                        input[unit] <= ROUNDING * (1.0 + network.drive[unit].abs())
                    }
                });
                if is_consistent {
                    found.points.push(network.state(&rates));
                }
            }
            None => found.is_complete = false,
        }
    }
    Some(found)
}

/// Step 1; `None` if the system is singular.
fn rates(network: &Rectified, active: &[usize]) -> Option<Vec<f64>> {
    let n = network.drive.len();
    let mut rates = vec![0.0; n];
    if active.is_empty() {
        return Some(rates);
    }
    let matrix = Mat::from_fn(active.len(), active.len(), |i, j| {
        f64::from(u8::from(i == j)) - network.weights[active[i] * n + active[j]]
    });
    let lu = PartialPivLu::new(matrix.as_ref());
    let pivots: Vec<f64> = (0..active.len()).map(|i| lu.U()[(i, i)].abs()).collect();
    let (smallest, largest) = pivots
        .iter()
        .fold((f64::INFINITY, 0.0_f64), |(low, high), p| {
            (low.min(*p), high.max(*p))
        });
    if smallest.is_nan() || smallest <= SINGULAR * largest.max(1.0) {
        return None;
    }
    let right = Mat::from_fn(active.len(), 1, |i, _| network.drive[active[i]]);
    let solution = lu.solve(&right);
    for (place, &unit) in active.iter().enumerate() {
        rates[unit] = solution[(place, 0)];
    }
    Some(rates)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::cell::formula::{LeakyUnitsFormula, RateFormula};
    use crate::cell::map::CellMap;
    use crate::cell::spec::{Activation, LeakyForm};
    use crate::cell::staged::ShallowPlrnn;
    use crate::dynamics::points::search::{Completeness, SearchLimits, search};
    use crate::dynamics::points::starts::simulated;
    use crate::map::{Map as _, q};
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn relu(leak: Option<(LeakyForm, f64)>, weights: &[f64], drive: Vec<f64>) -> CellMap {
        let formula = RateFormula {
            activation: Activation::Relu,
            leak,
        };
        CellMap::rate(formula, weights, drive)
    }

    #[test]
    fn two_units_that_inhibit_each_other_have_three_fixed_points() {
        // x = relu(1 − 2y), y = relu(1 − 2x): (1, 0), (0, 1) and (⅓, ⅓).
        let map = relu(None, &[0.0, -2.0, -2.0, 0.0], vec![1.0; 2]);
        let found = solutions(&map.rectified().unwrap(), 100).unwrap();
        let mut points = found.points.clone();
        points.sort_by(|a, b| a[0].total_cmp(&b[0]));
        assert!(found.is_complete);
        let expected = [[0.0, 1.0], [1.0 / 3.0, 1.0 / 3.0], [1.0, 0.0]];
        assert_eq!(points.len(), 3);
        for (point, expected) in points.iter().zip(expected) {
            assert!(
                point
                    .iter()
                    .zip(expected)
                    .all(|(x, e)| (x - e).abs() < 1e-15)
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        /// Every point is one of the network, whatever its form; and a search finds no other.
        #[test]
        fn the_list_holds_all_that_a_search_finds(kind in 0_u8..9, units in 1_usize..7, gain in 0.3_f64..2.5, seed in any::<u64>()) {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let mut draw = |count: usize, size: f64| -> Vec<f64> {
                (0..count).map(|_| size * rng.random_range(-1.0..1.0)).collect()
            };
            let weights = draw(units * units, gain * (3.0 / units as f64).sqrt());
            let drive = draw(units, 1.0);
            let map = match kind {
                0 => relu(None, &weights, drive),
                1 => relu(Some((LeakyForm::Rates, 0.3)), &weights, drive),
                2 => relu(Some((LeakyForm::Currents, 0.3)), &weights, drive),
                6 => CellMap::almost_linear(&draw(units + 2, 0.9), &draw((units + 2).pow(2), 0.4), &draw(units + 2, 1.0), units),
                7 | 8 => CellMap::shallow_plrnn(&ShallowPlrnn {
                    diagonal: &draw(3, 0.9),
                    outward: &draw(3 * units, 0.8),
                    inward: &draw(3 * units, 0.8),
                    drive: &draw(3, 0.5),
                    hidden_drive: &drive,
                    is_clipped: kind == 8,
                }),
                3 | 4 => {
                    let form = [LeakyForm::Rates, LeakyForm::Currents][usize::from(kind - 3)];
                    let formula = LeakyUnitsFormula { form, activation: Activation::Relu };
                    let alphas: Vec<f64> = draw(units, 0.4).iter().map(|a| 0.5 + a).collect();
                    CellMap::rate_with_alphas(formula, &alphas, &weights, drive)
                }
                _ => CellMap::piecewise_linear(&draw(units, 0.9), &weights, drive),
            };
            let all = solutions(&map.rectified().unwrap(), 1 << (2 * units)).unwrap();
            prop_assume!(all.is_complete);
            for point in &all.points {
                let scale = point.iter().fold(1.0_f64, |most, x| most.max(x.abs()));
                prop_assert!(q(&map, point) < 1e-18 * scale * scale, "{} at {:?}", q(&map, point), point);
            }
            let starts = simulated(&map, 128, 0.5, seed);
            let found = search(&map, &[], &starts, SearchLimits::default()).unwrap();
            for point in &found.fixed_points {
                let is_listed = all.points.iter().any(|other| {
                    let scale = other.iter().fold(1.0_f64, |most, x| most.max(x.abs()));
                    other.iter().zip(&point.state).all(|(a, b)| (a - b).abs() < 1e-6 * scale)
                });
                prop_assert!(is_listed, "{:?} is not among {:?}", point.state, all.points);
            }
            prop_assert_eq!(found.fixed_points.len(), all.points.len());
            prop_assert_eq!(found.complete, Completeness::Proved);
        }
    }
}
