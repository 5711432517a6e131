//! Shares of basins: how often their 95 % intervals hold the true share.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use creode::cell::formula::RateFormula;
use creode::cell::map::CellMap;
use creode::cell::spec::{Activation, LeakyForm};
use creode::dynamics::motion::attractor::{self, attractors};
use creode::dynamics::points::starts::independent;
use creode::lab::again::{Drawn, Settings, Subject};

/// Three independent bistable units: each of the eight memories has exactly 1/8 of the basins, by symmetry.
#[test]
fn intervals_hold_the_true_share_in_95_of_100_cases() {
    let formula = RateFormula {
        activation: Activation::Tanh,
        leak: Some((LeakyForm::Currents, 0.1)),
    };
    let weights = [2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0];
    let map = CellMap::rate(formula, &weights, vec![0.0; 3]);
    let settings = attractor::Settings {
        burn_in: 200,
        ..attractor::Settings::default()
    };
    let (mut held, mut count) = (0, 0);
    for seed in 0..200 {
        let found = attractors(&map, &independent(&map, 256, 0.5, seed), &settings);
        assert_eq!(found.basins.len(), 8, "{seed}");
        for basin in &found.basins {
            let [low, high] = basin.interval;
            held += usize::from((low..=high).contains(&0.125));
            count += 1;
        }
    }
    let coverage = f64::from(held as u32) / f64::from(count);
    assert!((0.93..0.97).contains(&coverage), "{coverage}");
}

/// Of a run, whose states come from trials: the shares of many seeds scatter as those of independent states do.
#[test]
fn shares_of_a_run_scatter_as_independent_states_do() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("traces/sample");
    let (seeds, count) = (40, 64);
    let subject = |seed: u64| {
        let settings = Settings {
            starts: Some(count),
            seed,
            ..Settings::default()
        };
        Subject::of_run(&dir, None, settings).unwrap()
    };
    let portrait = subject(0).portrait().unwrap();
    let landscape = &portrait.landscapes[0];
    let mut states: Vec<Vec<f64>> = Vec::new();
    let mut hits: Vec<Vec<f64>> = Vec::new();
    for seed in 0..seeds {
        let flow = subject(seed).flow(landscape).unwrap();
        assert_eq!(flow.drawn, Drawn::Trials);
        for basin in &flow.attractors.basins {
            let place = states.iter().position(|state| basin.attractor.holds(state));
            let place = place.unwrap_or_else(|| {
                states.push(basin.attractor.states()[0].clone());
                hits.push(vec![0.0; seeds as usize]);
                states.len() - 1
            });
            hits[place][seed as usize] = basin.hits as f64;
        }
    }
    assert!(states.len() > 1);
    // The variance of hits over that of the binomial is χ²/ν with ν = 39: from 0.41 to 1.69 in 998 of 1000 cases.
    for of in &hits {
        let mean = of.iter().sum::<f64>() / seeds as f64;
        let variance = of.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (seeds - 1) as f64;
        let share = mean / count as f64;
        let binomial = count as f64 * share * (1.0 - share);
        let is_binomial = (0.35 * binomial..1.8 * binomial).contains(&variance);
        assert!(is_binomial, "{variance} against {binomial}");
    }
}
