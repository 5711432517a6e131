#![allow(clippy::unwrap_used)]

use faer::Side;

use super::*;
use crate::comparison::matrix::{Matrix, matrix};
use crate::comparison::measures::named;
use crate::comparison::portrait::TrialStates;
use crate::comparison::testing::{followed, gaussian, portrait, rng, rotation};

fn table(name: &str, states: Vec<TrialStates>) -> Matrix {
    let portraits: Vec<Portrait> = states
        .into_iter()
        .map(|states| portrait(states, Vec::new()))
        .collect();
    matrix(named(name).unwrap(), &portraits)
}

fn tanh(mut matrix: Mat<f64>) -> Mat<f64> {
    for column in matrix.as_mut().col_iter_mut() {
        column.iter_mut().for_each(|value| *value = value.tanh());
    }
    matrix
}

#[test]
fn a_network_seen_in_other_coordinates_is_the_same() {
    let rng = &mut rng(21);
    let weights = gaussian(3, 3, rng) * faer::Scale(0.7);
    let starts = gaussian(40, 3, rng);
    let turn = rotation(3, rng);
    let seen = |turn: &Mat<f64>| {
        let inside = weights.clone();
        followed(&(&starts * turn), 20, move |now| {
            tanh(now * turn.transpose() * &inside) * turn
        })
    };
    let identity = Mat::identity(3, 3);
    let slower = followed(&starts, 20, |now| {
        now * faer::Scale(0.8) + tanh(now * &weights) * faer::Scale(0.2)
    });
    for name in ["dsa", "dsa-eigenvalues"] {
        let table = table(name, vec![seen(&identity), seen(&turn), slower.clone()]);
        let same = *table.cell(0, 1).as_ref().unwrap();
        let other = *table.cell(0, 2).as_ref().unwrap();
        assert!(same < 1e-3, "{name}: {same}");
        assert!(other > 0.05, "{name}: {other}");
    }
}

#[test]
fn the_fit_of_linear_states_is_their_map_and_trials_stay_apart() {
    let rng = &mut rng(22);
    let map = rotation(4, rng) * faer::Scale(0.9);
    let map = &map + gaussian(4, 4, rng) * faer::Scale(0.05);
    // Each trial starts anew: a row across two of them would spoil the fit.
    let states = followed(&gaussian(15, 4, rng), 9, |now| now * &map);
    let delayed = Delayed::of(&states, &Dsa::EMBEDDING).unwrap();
    assert_eq!(delayed.rank, 4);
    let sorted = |matrix: &Mat<f64>| {
        let mut values = eigenvalues(matrix).unwrap();
        values.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
        values
    };
    for (found, expected) in sorted(&delayed.fitted(4)).iter().zip(sorted(&map)) {
        assert!((found[0] - expected[0]).hypot(found[1] - expected[1]) < 1e-4);
    }
}

/// ρ times a rotation by ω.
fn spiral() -> Mat<f64> {
    let (sin, cos) = 0.1_f64.sin_cos();
    Mat::from_fn(2, 2, |i, j| 0.95 * [[cos, sin], [-sin, cos]][i][j])
}

/// Starts on the unit circle, squeezed along one axis.
fn squeezed(share: f64) -> Mat<f64> {
    Mat::from_fn(32, 2, |trial, axis| {
        let angle = std::f64::consts::TAU * trial as f64 / 32.0;
        if axis == 0 {
            angle.cos()
        } else {
            share * angle.sin()
        }
    })
}

/// What the fit is in closed form: P^(−½) A P^½ with P the second moments of the latest states of all rows; as its parts along the
/// identity, the rotation by a right angle, and the size of the rest.
fn parts(share: f64, steps: usize) -> [f64; 3] {
    let map = spiral().transpose().to_owned();
    let mut states = squeezed(share).transpose().to_owned();
    let mut moments = Mat::<f64>::zeros(2, 2);
    for step in 0..steps {
        if step + 1 >= Dsa::EMBEDDING.delays {
            moments += &states * states.transpose();
        }
        states = &map * states;
    }
    let eigen = moments.self_adjoint_eigen(Side::Lower).unwrap();
    let root = |power: f64| {
        let sizes = eigen.S().column_vector();
        let scaled = Mat::from_fn(2, 2, |i, j| eigen.U()[(i, j)] * sizes[j].powf(power));
        scaled * eigen.U().transpose()
    };
    let field = root(-0.5) * map * root(0.5);
    let (a, b, c, d) = (field[(0, 0)], field[(0, 1)], field[(1, 0)], field[(1, 1)]);
    [
        0.5 * (a + d),
        0.5 * (c - b),
        (0.5 * (a - d)).hypot(0.5 * (b + c)),
    ]
}

#[test]
fn a_ring_that_is_squeezed_into_a_line_separates_the_two_scores() {
    let steps = 7;
    let shares = [1.0, 0.5, 0.2, 0.1, 0.05];
    let states = || -> Vec<TrialStates> {
        let of = |share| followed(&squeezed(share), steps, |now| now * spiral());
        shares.into_iter().map(of).collect()
    };
    let (fields, spectra) = (table("dsa", states()), table("dsa-eigenvalues", states()));
    let ring = parts(1.0, steps);
    let size = |parts: [f64; 3]| parts.iter().map(|part| part * part).sum::<f64>().sqrt();
    let mut last = -1.0;
    for (place, share) in shares.into_iter().enumerate() {
        let line = parts(share, steps);
        let products: f64 = ring.iter().zip(line).map(|(a, b)| (a * b).abs()).sum();
        let expected = (products / size(ring) / size(line)).min(1.0).acos();
        let found = *fields.cell(0, place).as_ref().unwrap();
        assert!(
            (found - expected).abs() < 2e-3,
            "{share}: {found} against {expected}"
        );
        assert!(found > last, "{share}: {found} after {last}");
        last = found;
        // The map is the same: so are the eigenvalues.
        let of_eigenvalues = *spectra.cell(0, place).as_ref().unwrap();
        assert!(of_eigenvalues < 1e-3, "{share}: {of_eigenvalues}");
    }
    assert!(last > 0.5, "the line is {last} from the ring");
}

#[test]
fn one_rank_for_all_is_the_median() {
    let rng = &mut rng(23);
    let of = |dim: usize, rng: &mut _| {
        let map = rotation(dim, rng) * faer::Scale(0.95);
        followed(&gaussian(20, dim, rng), 12, |now| now * &map)
    };
    let mut views: Vec<Fit> = [2, 3, 6]
        .map(|dim| {
            Dsa::FIELD
                .view(&portrait(of(dim, rng), Vec::new()))
                .unwrap()
        })
        .into();
    Dsa::FIELD.settle(&mut views.iter_mut().collect::<Vec<_>>());
    let ranks: Vec<usize> = views.iter().map(|view| view.field.nrows()).collect();
    assert_eq!(ranks, [2, 3, 3]);
}

#[test]
fn large_networks_are_seen_in_their_leading_directions() {
    let rng = &mut rng(24);
    let map = rotation(3, rng) * faer::Scale(0.9);
    let inside = followed(&gaussian(30, 3, rng), 10, |now| now * &map);
    let outside = gaussian(150, 3, rng).qr().compute_thin_Q();
    let rows = Mat::from_fn(300, 3, |row, unit| f64::from(inside.states[row * 3 + unit]))
        * outside.transpose();
    let large = TrialStates {
        units: 150,
        states: (0..300 * 150)
            .map(|k| rows[(k / 150, k % 150)] as f32)
            .collect(),
        ..inside.clone()
    };
    let found = table("dsa", vec![inside, large]);
    assert!(*found.cell(0, 1).as_ref().unwrap() < 1e-3);
}

#[test]
fn trials_shorter_than_the_delays_are_refused_with_numbers() {
    let states = followed(&gaussian(8, 3, &mut rng(25)), 5, Clone::clone);
    let refused = table("dsa", vec![states]).cell(0, 0).clone().unwrap_err();
    assert_eq!(refused.0, "trials of 5 time steps; 5 delays need 6");
    let states = followed(&Mat::zeros(8, 3), 9, Clone::clone);
    let refused = table("dsa", vec![states]).cell(0, 0).clone().unwrap_err();
    assert_eq!(refused.0, "its states are all zero");
}
