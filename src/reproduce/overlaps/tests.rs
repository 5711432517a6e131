//! The closed equations against the network, finite differences and closed forms.

#![allow(clippy::unwrap_used)]

use faer::Mat;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::gram::{Overlaps, Shape};
use super::network::Network;
use super::teachers::{FILTERS, of_rank_two, shape};
use super::{drift, tasks_of};

fn drawn(rank: usize, lengths: [f64; 4]) -> Network {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    Network::drawn(shape(rank), 24, lengths, &mut rng)
}

/// What AᵀA and BᵀB are where (J G)² is a multiple s⁴ of the identity: √(s⁴ + XᵀX) and √(s⁴ + X Xᵀ), so that they tell no more
/// than X does. `None` where a square root cannot be found.
fn balanced(visible: &Mat<f64>, fourth_power: f64) -> Option<[Mat<f64>; 2]> {
    let root = |square: Mat<f64>| {
        let eigen = square.self_adjoint_eigen(faer::Side::Lower).ok()?;
        let values = eigen.S().column_vector();
        let scaled = Mat::from_fn(square.nrows(), square.nrows(), |i, k| {
            eigen.U()[(i, k)] * (fourth_power + values[k]).sqrt()
        });
        Some(scaled * eigen.U().transpose())
    };
    Some([
        root(visible.transpose() * visible)?,
        root(visible * visible.transpose())?,
    ])
}

#[test]
fn a_response_of_rank_one_is_that_of_its_closed_form() {
    // K = α (1 − α)ʲ w_outᵀw_in + α² p (ρʲ − (1 − α)ʲ)/(ρ − (1 − α)), ρ = 1 − α + α nᵀm, after j steps.
    for filter in FILTERS {
        let [own, product, direct] = filter.0;
        let rho = 0.5 + 0.5 * own;
        for (j, target) in (0..).zip(filter.batch().targets) {
            let through = (f64::powi(rho, j) - 0.5_f64.powi(j)) / (rho - 0.5);
            let expected = 0.5_f64.powi(j + 1) * direct + 0.25 * product * through;
            assert!(
                (target - expected).abs() < 1e-14,
                "{j}: {target} {expected}"
            );
        }
    }
}

#[test]
fn the_gradient_is_that_of_finite_differences() {
    let shape = Shape {
        outputs: 2,
        inputs: 2,
        ..shape(2)
    };
    let mut batch = crate::task::Batch::zeros(7, 3, 2, 2);
    for place in 0..batch.inputs.len() {
        batch.inputs[place] = (place as f64 * 1.3).sin();
        batch.targets[place] = (place as f64 * 0.7).cos();
        batch.weights[place] = 1.0 + (place % 3) as f64;
    }
    let visible = Mat::from_fn(4, 4, |i, j| 0.6 * ((3 * i + j * j) as f64).cos());
    let (_, gradient) = shape.loss_and_gradient(visible.as_ref(), &batch);
    for i in 0..4 {
        for j in 0..4 {
            let moved = |by: f64| {
                let mut at = visible.clone();
                at[(i, j)] += by;
                batch.loss(&shape.outputs_of(at.as_ref(), &batch))
            };
            let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((gradient[(i, j)] - slope).abs() < 1e-8, "{i} {j}");
        }
    }
}

#[test]
fn overlaps_follow_the_network_step_by_step() {
    for rank in [1, 2] {
        let mut network = drawn(rank, [1.0, 0.7, 0.8, 0.5]);
        let mut alone = network.overlaps();
        for task in &tasks_of(rank) {
            for _ in 0..40 {
                let seen = network.descend(task, 0.2).unwrap();
                let expected = alone.descend(task, 0.2);
                assert!((seen - expected).abs() < 1e-12);
            }
        }
        assert!(alone.difference(&network.overlaps()) < 1e-11);
        assert!(alone.difference(&drawn(rank, [1.0, 0.7, 0.8, 0.5]).overlaps()) > 0.05);
    }
}

#[test]
fn the_flow_is_that_of_the_network_and_keeps_the_spectrum() {
    let [task, _] = of_rank_two();
    let mut network = drawn(2, [1.0; 4]);
    let first = network.overlaps();
    let mut alone = first.clone();
    network.flow(&task, 10.0).unwrap();
    alone.flow(&task, 10.0);
    let last = network.overlaps();
    assert!(
        alone.difference(&last) < 1e-7,
        "{}",
        alone.difference(&last)
    );
    assert!(drift(&first, &last) < 1e-7 && first.difference(&last) > 0.02);
}

#[test]
fn balanced_overlaps_stay_functions_of_what_the_loss_sees() {
    let visible = Mat::from_fn(2, 2, |i, j| [[0.1, -0.3], [0.2, 0.25]][i][j]);
    let [a, b] = balanced(&visible, 1.0).unwrap();
    let gram = Mat::from_fn(4, 4, |i, j| match (i < 2, j < 2) {
        (true, true) => a[(i, j)],
        (false, false) => b[(i - 2, j - 2)],
        (false, true) => visible[(i - 2, j)],
        (true, false) => visible[(j - 2, i)],
    });
    let mut overlaps = Overlaps {
        shape: shape(1),
        gram,
    };
    for filter in FILTERS {
        overlaps.flow(&filter.batch(), 60.0);
        let now = overlaps.visible().to_owned();
        let expected = balanced(&now, 1.0).unwrap();
        for (found, expected) in overlaps.invisible().into_iter().zip(expected) {
            assert!((found - expected).norm_max() < 1e-6);
        }
        assert!((now - &visible).norm_max() > 0.1);
    }
}
