//! Whether a search from many starts finds what there is: on random small networks, whose fixed points interval arithmetic
//! lists with proof, and on one in early training, from one set of starts against others.

#![allow(clippy::unwrap_used)]

use std::sync::atomic::AtomicBool;

use creode::cell::formula::RateFormula;
use creode::cell::map::CellMap;
use creode::cell::spec::{Activation, LeakyForm};
use creode::curriculum::Curriculum;
use creode::dynamics::points::enumerate::enumerate;
use creode::dynamics::points::search::{Completeness, Findings, SearchLimits, search};
use creode::dynamics::points::starts::simulated;
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
    let only_starts = SearchLimits {
        boxes: 0,
        ..SearchLimits::default()
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

/// A network of 1 to 4 units of any cell, with gains to 20 and biases to 10.
fn wild(number: u64) -> (String, CellMap) {
    let mut rng = ChaCha8Rng::seed_from_u64(10_000 + number);
    let units = rng.random_range(1..=4_usize);
    let gain = rng.random_range(0.1..20.0);
    let bias = rng.random_range(0.0..10.0);
    let alpha = rng.random_range(0.05..1.0);
    let mut draw = |count: usize, size: f64| -> Vec<f64> {
        (0..count)
            .map(|_| size * rng.random_range(-1.0..1.0))
            .collect()
    };
    let size = gain * (3.0 / units as f64).sqrt();
    let square = units * units;
    let mut rate = |activation, leak| {
        let formula = RateFormula { activation, leak };
        CellMap::rate(formula, &draw(square, size), draw(units, bias))
    };
    let (name, map) = match number % 8 {
        0 => ("vanilla", rate(Activation::Tanh, None)),
        1 => (
            "leaky rates",
            rate(Activation::Tanh, Some((LeakyForm::Rates, alpha))),
        ),
        2 => (
            "leaky currents",
            rate(Activation::Tanh, Some((LeakyForm::Currents, alpha))),
        ),
        3 => ("rectified", rate(Activation::Relu, None)),
        4 => {
            let weights = draw(3 * square, size);
            let (input, hidden) = (draw(3 * units, bias), draw(3 * units, bias));
            ("GRU", CellMap::gru(&weights, &input, &hidden))
        }
        5 => {
            let weights = draw(4 * square, size);
            ("LSTM", CellMap::lstm(&weights, draw(4 * units, bias)))
        }
        6 => {
            let weights = draw(2 * square, size);
            ("UGRNN", CellMap::ugrnn(&weights, draw(2 * units, bias)))
        }
        _ => {
            let diagonal = draw(units, 1.0);
            let weights = draw(square, size);
            (
                "piecewise-linear",
                CellMap::piecewise_linear(&diagonal, &weights, draw(units, bias)),
            )
        }
    };
    (
        format!("{name}, {units} units, gain {gain:.2}, bias {bias:.2}, network {number}"),
        map,
    )
}

/// No row of a list is anything but a fixed point, and no list claims more than it holds. `CREODE_WILD_NETWORKS` says how many networks are looked at.
#[test]
fn lists_of_wild_networks_hold_fixed_points_alone_and_claim_no_more_than_they_hold() {
    let count = std::env::var("CREODE_WILD_NETWORKS").map_or(160, |text| text.parse().unwrap());
    let (mut proved, mut short, mut undecided, mut untrue) = (0, 0, 0, Vec::new());
    for number in 0..count {
        let (name, map) = wild(number);
        let starts = simulated(&map, 256, 0.5, number);
        let found = search(&map, &[], &starts, SearchLimits::default()).unwrap();
        for point in &found.fixed_points {
            let scale = point.state.iter().fold(1.0, |m: f64, x| m.max(x.abs()));
            assert!(point.q <= 1e-24 * scale * scale, "{name}: q {:e}", point.q);
        }
        let all = search(&map, &[], &starts, SearchLimits::patient()).unwrap();
        if all.complete != Completeness::Proved {
            undecided += 1;
            continue;
        }
        let (here, there) = (found.fixed_points.len(), all.fixed_points.len());
        match found.complete {
            Completeness::Proved | Completeness::IndexConsistent => {
                if here != there {
                    untrue.push(format!("{name}: {here} of {there}, {:?}", found.complete));
                }
                proved += usize::from(found.complete == Completeness::Proved);
            }
            Completeness::Incomplete | Completeness::Unknown => short += usize::from(here < there),
        }
    }
    println!(
        "of {count}: {proved} proved within the limits of a run, {short} short and said to be, {undecided} without a proof"
    );
    assert!(untrue.is_empty(), "{untrue:#?}");
    assert!(proved * 10 >= count as usize * 8, "{proved} of {count}");
}

/// At over 200 checkpoints of small networks in training, whose lists interval arithmetic proves, what a search from starts
/// alone says of its list is true: a short one is incomplete, a whole one is consistent and nothing is estimated to be unseen.
#[test]
fn lists_of_trained_checkpoints_are_what_they_say() {
    let only_starts = SearchLimits {
        boxes: 0,
        ..SearchLimits::default()
    };
    let (mut proved_lists, mut false_alarms, mut most) = (0, Vec::new(), 0);
    for (seed, cell) in ["vanilla", "gru", "lstm", "ugrnn", "leaky-rates"]
        .into_iter()
        .cycle()
        .take(15)
        .enumerate()
    {
        let units = 3 + seed % 3;
        let alpha = if cell == "leaky-rates" {
            "alpha = 0.3\n"
        } else {
            ""
        };
        let text = format!(
            "seed = {seed}\n[network]\ncell = \"{cell}\"\nunits = {units}\n{alpha}[optimiser]\nlearning_rate = 2e-2\n\
             [[stage]]\ntask = \"flip-flop\"\nbits = 2\nuntil = {{ steps = 400 }}\n[checkpoints]\nevery = 25\n\
             [analysis]\nenabled = false\n"
        );
        let curriculum = Curriculum::parse(&text, "trained.toml", &[]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("trained");
        let writer = RunWriter::create(&dir, &curriculum.to_toml()).unwrap();
        lab::train(&curriculum, &writer, &AtomicBool::new(false), &|_| {}).unwrap();
        for checkpoint in 0..=16 {
            let subject = Subject::of_run(&dir, Some(checkpoint), Settings::default()).unwrap();
            let map = subject.map_at(&[0.0; 2]).unwrap();
            let Some(expected) = proved(&map) else {
                continue;
            };
            let starts = simulated(&map, 512, 0.5, u64::from(checkpoint));
            let found = search(&map, &[], &starts, only_starts).unwrap();
            let (listed, all) = (found.fixed_points.len(), expected.len());
            let name = format!(
                "{cell}, {units} units, seed {seed}, checkpoint {checkpoint}: {listed} of {all}"
            );
            assert!(listed <= all, "{name}");
            proved_lists += 1;
            most = most.max(all);
            let unseen = found.unseen_estimate();
            if listed < all {
                assert_eq!(
                    found.complete,
                    Completeness::Incomplete,
                    "{name}, {unseen:.1} unseen"
                );
            } else if found.complete != Completeness::IndexConsistent || unseen >= 1.0 {
                false_alarms.push(format!("{name}, {:?}, {unseen:.1} unseen", found.complete));
            }
        }
    }
    println!(
        "{proved_lists} proved lists of up to {most} points, {} false alarms",
        false_alarms.len()
    );
    assert!(
        proved_lists >= 200 && most >= 5,
        "{proved_lists} lists of up to {most} points"
    );
    assert!(false_alarms.len() * 40 <= proved_lists, "{false_alarms:#?}");
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
