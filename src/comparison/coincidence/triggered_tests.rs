//! Tests of the event-triggered average on simulated populations.

use rand::{Rng, RngExt as _};
use rand_distr::{Distribution as _, Exp1, StandardNormal};

use super::*;
use crate::comparison::coincidence::StageSignal;
use crate::statistics::randomisation::stream_of_draw;

const STEPS: usize = 200;
const RUNS: usize = 6;

/// Where simulated events lie.
#[derive(Clone, Copy)]
enum Timing {
    /// Four, independent and even.
    Even,
    /// Five next to each other, somewhere.
    Clustered,
    /// Four or more next to each other, mostly early.
    EarlyClusters,
}

impl Timing {
    fn draw(self, rng: &mut impl Rng) -> Vec<usize> {
        let mut events: Vec<usize> = match self {
            Self::Even => (0..4).map(|_| rng.random_range(0..STEPS)).collect(),
            Self::Clustered => {
                let first = rng.random_range(0..STEPS);
                (0..5).map(|event| (first + 2 * event) % STEPS).collect()
            }
            Self::EarlyClusters => {
                let wait: f64 = Exp1.sample(rng);
                let first = (20.0 * wait) as usize % (STEPS - 20);
                let count = rng.random_range(4..8);
                (0..count).map(|event| first + 2 * event).collect()
            }
        };
        events.sort_unstable();
        events
    }
}

/// A signal whose every value depends on the one before (correlation 0.9), around a trend that all runs share; each event adds
/// `drop` to it `lag` steps later.
fn population(
    timing: Timing,
    trend: impl Fn(usize) -> f64,
    (drop, lag): (f64, usize),
    rng: &mut impl Rng,
) -> Vec<RunSignal> {
    let mut run = || {
        let mut noise: f64 = StandardNormal.sample(rng);
        let mut values: Vec<f64> = (0..STEPS)
            .map(|step| {
                let fresh: f64 = StandardNormal.sample(rng);
                noise = 0.9 * noise + (1.0 - 0.81_f64).sqrt() * fresh;
                trend(step) + noise
            })
            .collect();
        let events = timing.draw(rng);
        for event in &events {
            if let Some(value) = values.get_mut(event + lag) {
                *value += drop;
            }
        }
        RunSignal {
            stages: vec![StageSignal {
                stage: 0,
                values,
                events,
            }],
        }
    };
    (0..RUNS).map(|_| run()).collect()
}

fn test(chance: Chance, seed: usize) -> TriggeredTest {
    TriggeredTest {
        most_lag: 8,
        tail: Tail::Lower,
        chance,
        draws: 99,
        seed: seed as u64,
    }
}

/// The p-values of 1,000 populations without coupling.
fn p_values(chance: Chance, timing: Timing, trend: impl Fn(usize) -> f64 + Copy) -> Vec<f64> {
    (0..1000)
        .map(|number| {
            let mut rng = stream_of_draw(41, number);
            let runs = population(timing, trend, (0.0, 0), &mut rng);
            test(chance, number).run(&runs).unwrap().p
        })
        .collect()
}

/// The statistic of Kolmogorov & Smirnov for p-values that are multiples of 1/100.
fn distance_from_uniform(p: &[f64]) -> f64 {
    let share = |level: f64| p.iter().filter(|&&p| p <= level + 1e-9).count() as f64;
    let levels = (1..=100).map(|percent| f64::from(percent) / 100.0);
    levels
        .map(|level| (share(level) / p.len() as f64 - level).abs())
        .fold(0.0, f64::max)
}

/// What 99 % of 1,000 values that are uniform stay below.
const LIMIT: f64 = 0.0515;

fn flat(_: usize) -> f64 {
    0.0
}

fn falling(step: usize) -> f64 {
    -3.0 * (-(step as f64) / 30.0).exp()
}

#[test]
fn without_coupling_p_is_uniform_where_the_null_says_so() {
    for (chance, timing) in [
        (Chance::RandomSteps, Timing::Even),
        (Chance::CircularShift, Timing::Even),
        (Chance::CircularShift, Timing::Clustered),
        (Chance::AcrossRuns, Timing::Clustered),
    ] {
        let distance = distance_from_uniform(&p_values(chance, timing, flat));
        assert!(distance < LIMIT, "{chance:?}: {distance}");
    }
    let early = p_values(Chance::AcrossRuns, Timing::EarlyClusters, falling);
    let distance = distance_from_uniform(&early);
    assert!(distance < LIMIT, "early: {distance}");
}

#[test]
fn a_null_that_does_not_fit_the_events_is_too_sure_of_itself() {
    let share = |chance, timing, trend: fn(usize) -> f64| {
        let p = p_values(chance, timing, trend);
        p.iter().filter(|&&p| p <= 0.05).count() as f64 / 1000.0
    };
    let clusters = share(Chance::RandomSteps, Timing::Clustered, flat);
    assert!(clusters > 0.1, "{clusters}");
    let trend = share(Chance::CircularShift, Timing::EarlyClusters, falling);
    assert!(trend > 0.3, "{trend}");
}

#[test]
fn coupling_is_found_with_its_lag_by_every_null() {
    for (chance, timing) in [
        (Chance::RandomSteps, Timing::Even),
        (Chance::CircularShift, Timing::Even),
        (Chance::AcrossRuns, Timing::Even),
    ] {
        let found: Vec<TriggeredAverage> = (0..100)
            .map(|number| {
                let mut rng = stream_of_draw(43, number);
                let runs = population(timing, flat, (-1.5, 3), &mut rng);
                test(chance, number).run(&runs).unwrap()
            })
            .collect();
        let seen = found.iter().filter(|found| found.p <= 0.05).count();
        let placed = found.iter().filter(|found| found.extreme_lag == 3).count();
        assert!(seen >= 90 && placed >= 90, "{chance:?}: {seen}, {placed}");
        let excess = found.iter().map(|found| found.excess).sum::<f64>() / 100.0;
        assert!((-1.8..-1.2).contains(&excess), "{chance:?}: {excess}");
    }
}

#[test]
fn the_average_by_hand() {
    let stage = |values: &[f64], events: &[usize]| StageSignal {
        stage: 0,
        values: values.to_vec(),
        events: events.to_vec(),
    };
    let runs = [RunSignal {
        stages: vec![
            stage(&[1.0, 2.0, 4.0, 8.0], &[0, 2]),
            stage(&[10.0, f64::NAN, 30.0], &[2]),
        ],
    }];
    let found = test(Chance::CircularShift, 1).run(&runs).unwrap();
    assert_eq!((found.events, found.lags.len()), (3, 17));
    let mean = |lag: usize| found.lags[8 + lag].mean;
    assert!((mean(0) - (1.0 + 4.0 + 30.0) / 3.0).abs() < 1e-14);
    assert!((mean(1) - 5.0).abs() < 1e-14);
    assert_eq!(found.lags[7].mean, 2.0);
    assert!(found.lags[0].mean.is_nan());
    assert_eq!(test(Chance::CircularShift, 1).run(&[]), None);
    let constant = [RunSignal {
        stages: vec![stage(&[0.3; 9], &[4])],
    }];
    assert_eq!(test(Chance::CircularShift, 1).run(&constant), None);
}
