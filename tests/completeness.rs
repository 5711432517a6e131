//! Whether a search from many starts finds what there is: on random small networks, whose fixed points interval arithmetic
//! lists with proof, and on larger ones against all starts solved in full.

#![allow(clippy::unwrap_used)]

use creode::cell::formula::RateFormula;
use creode::cell::map::CellMap;
use creode::cell::spec::{Activation, LeakyForm};
use creode::dynamics::enumerate::enumerate;
use creode::dynamics::newton::{self, Ending, polish, solve};
use creode::dynamics::search::{Completeness, Limits, search};
use creode::dynamics::starts::simulated;
use creode::map::Map;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

/// Boxes after which a proof is given up.
const BUDGET: usize = 60_000;

/// Random weights N(0, gain²/N) and biases N(0, 0.25).
fn network(number: u64) -> (String, CellMap) {
    let mut rng = ChaCha8Rng::seed_from_u64(number);
    let units = rng.random_range(1..=6_usize);
    let gain = rng.random_range(1.0..4.0);
    let mut draw = |count: usize, deviation: f64| -> Vec<f64> {
        let normal = (0..count).map(|_| StandardNormal.sample(&mut rng));
        normal.map(|x: f64| deviation * x).collect()
    };
    let deviation = gain / (units as f64).sqrt();
    let square = units * units;
    let (name, map) = match number % 4 {
        0 => (
            "vanilla",
            CellMap::vanilla(&draw(square, deviation), draw(units, 0.5)),
        ),
        1 => {
            let formula = RateFormula {
                activation: Activation::Tanh,
                leak: Some((LeakyForm::Rates, 0.2)),
            };
            let weights = draw(square, deviation);
            ("leaky", CellMap::rate(formula, &weights, draw(units, 0.5)))
        }
        2 => {
            let weights = draw(3 * square, deviation);
            let (input, hidden) = (draw(3 * units, 0.5), draw(3 * units, 0.5));
            ("GRU", CellMap::gru(&weights, &input, &hidden))
        }
        _ => {
            let weights = draw(4 * square, deviation);
            ("LSTM", CellMap::lstm(&weights, draw(4 * units, 0.5)))
        }
    };
    (
        format!("{name}, {units} units, gain {gain:.2}, network {number}"),
        map,
    )
}

/// All fixed points, in the coordinates of the reduced equation, if that can be proved within the budget.
fn proved(map: &CellMap) -> Option<Vec<Vec<f64>>> {
    let all = match map.reduced() {
        Some(reduced) => enumerate(&*reduced, BUDGET),
        None => enumerate(map, BUDGET),
    }?;
    all.is_complete.then_some(all.points)
}

#[test]
fn a_search_of_a_random_network_is_complete_or_says_that_it_is_not() {
    let only_starts = Limits {
        boxes: 0,
        ..Limits::default()
    };
    let (mut compared, mut short) = (0, 0);
    for number in 0..200 {
        let (name, map) = network(number);
        let Some(expected) = proved(&map) else {
            println!("{name}: no proof within {BUDGET} boxes");
            continue;
        };
        compared += 1;
        let starts = simulated(&map, 1024, 0.5, number);
        let found = search(&map, &[], &starts, only_starts).unwrap();
        let reduced = map.reduced();
        let is_found = |point: &Vec<f64>| {
            found.fixed_points.iter().any(|other| {
                let other = match &reduced {
                    Some(reduced) => reduced.project(&other.state),
                    None => other.state.clone(),
                };
                point.iter().zip(other).all(|(x, y)| (x - y).abs() < 1e-6)
            })
        };
        let missing = expected.iter().filter(|point| !is_found(point)).count();
        assert!(
            found.fixed_points.len() + missing == expected.len(),
            "{name}: {} found, {missing} missing of {}",
            found.fixed_points.len(),
            expected.len()
        );
        if missing > 0 {
            short += 1;
            println!(
                "{name}: {missing} of {} missing, {:?}",
                expected.len(),
                found.complete
            );
        }
        assert!(
            missing == 0 || found.complete == Completeness::Incomplete,
            "{name}: {missing} of {} are missing and it does not say so",
            expected.len()
        );
    }
    println!("{compared} networks compared, {short} lists short, all of which say so");
    assert!(compared >= 180, "{compared}");
}

/// Three modes that are barely unstable, among 48 units with weak random connections and biases.
fn barely_unstable(seed: u64) -> CellMap {
    const UNITS: usize = 48;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut normal = |deviation: f64| -> f64 {
        let normal: f64 = StandardNormal.sample(&mut rng);
        deviation * normal
    };
    let mut weights: Vec<f64> = (0..UNITS * UNITS)
        .map(|_| normal(0.15 / (UNITS as f64).sqrt()))
        .collect();
    for mode in 0..3 {
        let pattern: Vec<f64> = (0..UNITS).map(|_| normal(1.0).signum()).collect();
        let gain = (1.03 + 0.04 * f64::from(mode)) / UNITS as f64;
        for (place, weight) in weights.iter_mut().enumerate() {
            *weight += gain * pattern[place / UNITS] * pattern[place % UNITS];
        }
    }
    let biases = (0..UNITS).map(|_| normal(1e-3)).collect();
    CellMap::vanilla(&weights, biases)
}

/// A search gives most of its starts away long before they arrive. It misses nothing that more than one of the starts
/// would have come to, had all been solved in full.
#[test]
fn starts_that_are_given_away_early_would_have_found_nothing_else() {
    let mut several = 0;
    for seed in 0..12 {
        let map = barely_unstable(seed);
        let mut rng = ChaCha8Rng::seed_from_u64(100 + seed);
        let starts: Vec<Vec<f64>> = (0..300)
            .map(|_| (0..48).map(|_| rng.random_range(-1.0..1.0)).collect())
            .collect();
        let limits = Limits {
            every_start: true,
            ..Limits::default()
        };
        let findings = search(&map, &[], &starts, limits).unwrap();
        let mut arrived: Vec<(Vec<f64>, usize)> = Vec::new();
        for start in &starts {
            let Ending::Root { point } = solve(&map, start, newton::Limits::default()) else {
                continue;
            };
            let point = polish(&map, point).point;
            let is_same = |known: &&mut (Vec<f64>, usize)| {
                known
                    .0
                    .iter()
                    .zip(&point)
                    .all(|(a, b)| (a - b).abs() < 1e-6)
            };
            match arrived.iter_mut().find(is_same) {
                Some((_, count)) => *count += 1,
                None => arrived.push((point, 1)),
            }
        }
        several += usize::from(arrived.len() > 3);
        for (point, count) in arrived {
            assert!(
                count < 2 || findings.contains(&point),
                "seed {seed}: {count} starts lead to a point that was not found, beside {}",
                findings.fixed_points.len()
            );
        }
    }
    assert!(several > 6, "networks with several points: {several}");
}
