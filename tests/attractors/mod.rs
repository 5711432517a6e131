//! Attractors of maps whose periods, rotation numbers and exponents are known in closed form.
#![allow(clippy::unwrap_used)]

mod maps;

use std::f64::consts::TAU;

use creode::cell::formula::RateFormula;
use creode::cell::map::CellMap;
use creode::cell::spec::{Activation, LeakyForm};
use creode::dynamics::cycles::cycle::cycles;
use creode::dynamics::motion::attractor::{Attractor, Attractors, Settings, attractors};
use creode::dynamics::motion::lyapunov::{Lengths, Motion, lyapunov};
use creode::dynamics::points::search::SearchLimits;
use creode::map::{Henon, Logistic, Map};
use maps::{Circle, Tent, locked, past_ghosts};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

fn uniform(count: usize, dim: usize, half: f64, seed: u64) -> Vec<Vec<f64>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut state = || {
        (0..dim)
            .map(|_| half * rng.random_range(-1.0..1.0))
            .collect()
    };
    (0..count).map(|_| state()).collect()
}

fn found<M: Map>(map: &M, starts: &[Vec<f64>]) -> Attractors {
    attractors(map, starts, &Settings::default())
}

fn names(of: &Attractors) -> Vec<String> {
    of.basins
        .iter()
        .map(|basin| basin.attractor.name())
        .collect()
}

fn leaky(weights: &[f64], units: usize) -> CellMap {
    let formula = RateFormula {
        activation: Activation::Tanh,
        leak: Some((LeakyForm::Currents, 0.1)),
    };
    CellMap::rate(formula, weights, vec![0.0; units])
}

/// Turns in a step, of a single closed curve with λ₁ = 0 > λ₂.
fn turns_a_step(of: &Attractor) -> f64 {
    let Attractor::Curve {
        pieces: 1,
        rotation: Some(rotation),
        exponents,
        ..
    } = of
    else {
        panic!("{}", of.name());
    };
    assert_eq!(
        (exponents.sign(0), exponents.sign(1)),
        (0, -1),
        "{exponents:?}"
    );
    rotation.number
}

/// x′ = 0.9 x + 0.1 W tanh x just past four simultaneous saddle-nodes on an invariant circle; steps a turn by simulation.
#[test]
fn a_network_that_creeps_past_four_ghosts_has_one_curve() {
    for (w, turn) in [
        (0.592_682_8, 613.0),
        (0.572_682_8, 809.0),
        (0.552_682_8, 1443.0),
    ] {
        let map = leaky(&[2.0, -w, w, 2.0], 2);
        let of = found(&map, &uniform(128, 2, 2.0, 1));
        assert_eq!(names(&of), ["closed curve"], "{w}");
        assert_eq!(of.basins[0].hits, 128);
        let steps = 1.0 / turns_a_step(&of.basins[0].attractor);
        assert!((steps - turn).abs() < 1.0, "{w}: {steps}");
    }
}

#[test]
fn slow_curves_of_known_period_are_one_attractor_each() {
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    for case in 0..16 {
        let ghosts = f64::from(rng.random_range(1..6_u8));
        let slowness = 10.0_f64.powf(rng.random_range(-2.5..0.0));
        let turn = rng.random_range(200.0..3000.0);
        let map = Circle {
            pull: rng.random_range(1.02..1.5),
            angle: past_ghosts(ghosts, 1.0 + slowness, turn),
        };
        let of = found(&map, &uniform(48, 2, 1.5, case));
        assert_eq!(names(&of), ["closed curve"], "{ghosts} {slowness} {turn}");
        let turns = turns_a_step(&of.basins[0].attractor);
        assert!(
            (turns * turn - 1.0).abs() < 1e-5,
            "{ghosts} {slowness} {turn}: {turns}"
        );
    }
}

#[test]
fn curves_that_are_apart_stay_apart() {
    let w = 0.562_682_8;
    let mut weights = vec![0.0; 16];
    for (place, value) in [(0, 2.0), (1, -w), (4, w), (5, 2.0), (10, 2.0), (15, 2.0)] {
        weights[place] = value;
    }
    let of = found(&leaky(&weights, 4), &uniform(128, 4, 2.0, 2));
    assert_eq!(names(&of), ["closed curve"; 4]);
    // Beside a unit that flips, the curve is two curves in turn.
    let (sin, cos) = 1.0_f64.sin_cos();
    let weights = [
        1.3 * cos,
        -1.3 * sin,
        0.0,
        1.3 * sin,
        1.3 * cos,
        0.0,
        0.0,
        0.0,
        -2.0,
    ];
    let of = found(
        &CellMap::vanilla(&weights, vec![0.0; 3]),
        &uniform(64, 3, 1.0, 3),
    );
    let curves = of.basins.iter().map(|basin| match basin.attractor {
        Attractor::Curve { pieces, .. } => pieces,
        _ => 0,
    });
    assert_eq!(curves.collect::<Vec<_>>(), [2]);
}

#[test]
fn two_rotations_together_fill_a_torus() {
    let (a, b) = (1.0_f64.sin_cos(), 0.7_f64.sin_cos());
    let mut weights = vec![0.0; 16];
    for (at, gain, (sin, cos)) in [(0, 1.3, a), (10, 1.4, b)] {
        for (place, value) in [(at, cos), (at + 1, -sin), (at + 4, sin), (at + 5, cos)] {
            weights[place] = gain * value;
        }
    }
    let of = found(
        &CellMap::vanilla(&weights, vec![0.0; 4]),
        &uniform(64, 4, 1.0, 2),
    );
    assert_eq!(names(&of), ["torus"]);
    assert!(matches!(
        of.basins[0].attractor,
        Attractor::Torus { dimension: 2, .. }
    ));
}

#[test]
fn chaos_has_its_known_exponent_within_its_error() {
    let line = |count: usize| {
        uniform(count, 1, 0.49, 5)
            .iter()
            .map(|x| vec![x[0] + 0.5])
            .collect::<Vec<_>>()
    };
    let exponent = |of: &Attractors| {
        let Attractor::Chaotic { exponents, .. } = &of.basins[0].attractor else {
            panic!("{:?}", names(of));
        };
        (of.basins.len(), exponents.exponents[0], exponents.errors[0])
    };
    for p in [0.21, 0.37, 0.43] {
        let (count, value, error) = exponent(&found(&Tent(p), &line(32)));
        let exact = -p * f64::ln(p) - (1.0 - p) * f64::ln(1.0 - p);
        assert!(
            count == 1 && (value - exact).abs() < 3.0 * error,
            "{p}: {value} ± {error}, not {exact}"
        );
    }
    let (count, value, error) =
        exponent(&found(&Henon { a: 1.4, b: 0.3 }, &uniform(32, 2, 0.3, 4)));
    assert!(
        count == 1 && (value - 0.4192).abs() < 3.0 * error,
        "{value} ± {error}"
    );
    // Weak chaos just past the end of the period doublings is chaos, and the end itself is none.
    let (count, value, _) = exponent(&found(&Logistic { rate: 3.572 }, &line(16)));
    assert!(count == 1 && (0.04..0.06).contains(&value), "{value}");
    assert_ne!(
        names(&found(
            &Logistic {
                rate: 3.569_945_672
            },
            &line(8)
        )),
        ["chaotic"]
    );
}

/// For N → ∞ λ₁ is 0.155 at gain 2, 0.310 at gain 3 and 0.856 at gain 10; finite networks come to it from below.
#[test]
fn a_random_network_of_high_gain_has_one_chaotic_attractor() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let weight = |_| -> f64 {
        let normal: f64 = StandardNormal.sample(&mut rng);
        4.0 / 50.0_f64.sqrt() * normal
    };
    let weights: Vec<f64> = (0..2500).map(weight).collect();
    let of = found(
        &CellMap::vanilla(&weights, vec![0.0; 50]),
        &uniform(24, 50, 1.0, 8),
    );
    assert_eq!(names(&of), ["chaotic"]);
    let Attractor::Chaotic { exponents, .. } = &of.basins[0].attractor else {
        panic!();
    };
    assert!(
        (0.2..0.45).contains(&exponents.exponents[0]),
        "{exponents:?}"
    );
}

/// No orbit on these curves is long enough for one of its quarters to look chaotic.
#[test]
fn slow_motion_is_never_called_chaotic_however_short_the_orbit() {
    for turn in [613.7, 1443.3, 20_011.9] {
        let map = Circle {
            pull: 1.1,
            angle: past_ghosts(4.0, 1.05, turn),
        };
        for steps in [100, 1000, 4000, 10_000] {
            for place in 0..8 {
                let (sin, cos) = (TAU * f64::from(place) / 8.0).sin_cos();
                let lengths = Lengths {
                    burn_in: 200,
                    steps,
                };
                let of = lyapunov(&map, &[cos, sin], 1, lengths).unwrap();
                assert_ne!(of.motion(), Motion::Chaotic, "{turn} {steps} {of:?}");
            }
        }
    }
}

#[test]
fn long_cycles_are_found_with_their_period() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for q in [67, 83, 128, 211, 400] {
        let p = (1..q).filter(|p| (2..=*p).all(|d| p % d > 0 || q % d > 0));
        let p: Vec<i32> = p.collect();
        let p = p[rng.random_range(0..p.len())];
        let map = Circle {
            pull: 1.2,
            angle: locked(f64::from(p), f64::from(q), 0.2),
        };
        let of = found(&map, &uniform(24, 2, 1.5, 7));
        assert_eq!(names(&of), [format!("{q}-cycle")], "{p}");
    }
}

/// Both cycles of a locked rotation: of the one that repels no simulation comes near.
#[test]
fn cycles_are_searched_at_any_period() {
    for (p, q) in [(5.0, 83.0), (31.0, 97.0)] {
        let map = Circle {
            pull: 1.2,
            angle: locked(p, q, 0.2),
        };
        let starts = uniform(64, 2, 1.0, 9);
        let of = cycles(&map, q as usize, &[], &starts, SearchLimits::default()).unwrap();
        let mut unstable: Vec<usize> = of
            .cycles
            .iter()
            .map(|of| of.spectrum.n_unstable())
            .collect();
        unstable.sort_unstable();
        assert_eq!(unstable, [0, 1], "{q}");
    }
}

/// Parameters for which SCYFI (Eisenmann, Monfared, Göring & Durstewitz 2023) is tested: attracting cycles of z′ = A z +
/// W relu(z) + h.
#[test]
fn piecewise_linear_networks_have_their_published_cycles() {
    for (period, a, w, h) in [
        (
            80,
            [0.977_768_9, 0.964_612_97],
            [-0.143_75, 0.525_053_08],
            [0.372_982_53, -0.779_314_91],
        ),
        (
            83,
            [0.977_768_9, 0.964_612_97],
            [-0.143_75, 0.675_053_08],
            [0.372_982_53, -0.979_314_91],
        ),
    ] {
        let map = CellMap::piecewise_linear(&a, &[0.0, w[0], w[1], 0.0], h.to_vec());
        let starts = uniform(32, 2, 5.0, 2);
        assert_eq!(names(&found(&map, &starts)), [format!("{period}-cycle")]);
        let of = cycles(&map, period, &[], &starts, SearchLimits::default()).unwrap();
        assert!(
            of.cycles.iter().any(|of| of.spectrum.n_unstable() == 0),
            "{period}"
        );
    }
}
