//! Whether a search from many starts finds what there is: on random small networks, whose fixed points interval arithmetic
//! lists with proof, and on one in early training, from one set of starts against others.

#![allow(clippy::unwrap_used)]

use std::sync::atomic::AtomicBool;

use creode::cell::formula::RateFormula;
use creode::cell::map::CellMap;
use creode::cell::spec::{Activation, LeakyForm};
use creode::curriculum::Curriculum;
use creode::dynamics::enumerate::enumerate;
use creode::dynamics::search::{Completeness, Findings, Limits, search};
use creode::dynamics::starts::simulated;
use creode::dynamics::watch::Unwatched;
use creode::lab;
use creode::lab::again::{Settings, Subject};
use creode::map::Map;
use creode::trace::RunWriter;
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
        Some(reduced) => enumerate(&*reduced, BUDGET, &Unwatched),
        None => enumerate(map, BUDGET, &Unwatched),
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

/// A search gives most of its starts to points that are known, long before they arrive. In a network that has learned
/// little, all slow directions are nearly neutral: given away too early, starts leave points unseen, other ones from other
/// starts.
#[test]
fn the_list_of_a_network_in_early_training_does_not_depend_on_the_starts() {
    let text = "seed = 0\n[network]\ncell = \"vanilla\"\nunits = 64\n[optimiser]\nlearning_rate = 1e-3\nclip_norm = 1.0\n\
        [[stage]]\ntask = \"flip-flop\"\nuntil = { steps = 150 }\n[checkpoints]\nevery = 50\n[analysis]\nenabled = false\n";
    let curriculum = Curriculum::parse(text, "early.toml", &[]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("early");
    let writer = RunWriter::create(&dir, &curriculum.to_toml()).unwrap();
    lab::train(&curriculum, &writer, &AtomicBool::new(false), &|_| {}).unwrap();
    let mut most = 0;
    for checkpoint in 1..=3 {
        let findings = (0..4).map(|seed| {
            let settings = Settings {
                seed,
                ..Settings::default()
            };
            let subject = Subject::of_run(&dir, Some(checkpoint), settings).unwrap();
            let mut landscapes = subject.portrait().unwrap().landscapes;
            landscapes.remove(0).findings
        });
        let findings: Vec<Findings> = findings.collect();
        for found in &findings {
            let points = findings.iter().flat_map(|other| &other.fixed_points);
            let unseen = points.filter(|point| !found.contains(point)).count();
            let count = found.fixed_points.len();
            assert_eq!(unseen, 0, "checkpoint {checkpoint}: {count} points found");
            most = most.max(count);
        }
    }
    assert!(most >= 9, "{most} points: nothing to miss");
}
