//! Sweeps that begin, end or have a station on a bifurcation, as identity and orthogonal weights are one at gain 1.
#![allow(clippy::unwrap_used)]

use creode::cell::formula::RateFormula;
use creode::cell::map::CellMap;
use creode::cell::path::CellPath;
use creode::cell::spec::Activation;
use creode::dynamics::points::starts::simulated;
use creode::dynamics::watch::Unwatched;
use creode::lab::history::RunEvent;
use creode::lab::sweep::{Sweep, sweep};
use creode::nouns::PointKind;

/// What is expected of a sweep in three stations.
struct Expected<'a> {
    /// Fixed points at each station.
    points: [usize; 3],
    /// Which station is on the bifurcation.
    marginal: usize,
    /// Code, and s, of all that happens.
    events: &'a [(&'a str, f64)],
}

fn check(name: &str, from: CellMap, to: CellMap, expected: &Expected<'_>) -> Sweep {
    let starts = simulated(&to, 64, 1.0, 1);
    let path = CellPath::new(from, to).unwrap();
    let found = sweep("s", (0.0, 1.0), &path, &starts, 3, &Unwatched).unwrap();
    let points = found.landscapes.iter().map(|of| &of.findings.fixed_points);
    let counts: Vec<usize> = points.clone().map(Vec::len).collect();
    assert_eq!(counts, expected.points, "{name}");
    for (station, points) in points.enumerate() {
        let marginal = points
            .iter()
            .filter(|point| point.kind() == PointKind::Marginal);
        let wanted = usize::from(station == expected.marginal);
        assert_eq!(marginal.count(), wanted, "{name}: station {station}");
    }
    let mut events = Vec::new();
    for of in &found.intervals {
        assert!(of.unexplained.is_empty(), "{name}: {of:?}");
        let (before, after) = (of.before.0 + of.before.1, of.after.0 + of.after.1);
        let fates = of.continued + 2 * of.annihilated + of.escaped + of.ended;
        assert_eq!(fates, before, "{name}: {of:?}");
        let origins = of.continued + 2 * of.created + of.arrived + of.begun;
        assert_eq!(origins, after, "{name}: {of:?}");
        let placed = |event: &RunEvent| {
            let s = found.value(of.from_step, event.event.place.s);
            (event.event.kind.code(), s)
        };
        events.extend(of.events.iter().map(placed));
    }
    assert_eq!(events.len(), expected.events.len(), "{name}: {events:?}");
    for ((code, s), (wanted, at)) in events.iter().zip(expected.events) {
        assert!(
            code == wanted && (s - at).abs() < 1e-9,
            "{name}: {events:?}"
        );
    }
    found
}

fn vanilla(w: &[f64], b: &[f64]) -> CellMap {
    CellMap::vanilla(w, b.to_vec())
}

fn relu(w: &[f64], b: &[f64]) -> CellMap {
    let formula = RateFormula {
        activation: Activation::Relu,
        leak: None,
    };
    CellMap::rate(formula, w, b.to_vec())
}

/// g times the identity.
fn identity(n: usize, g: f64) -> Vec<f64> {
    let diagonal = |k: usize| if k.is_multiple_of(n + 1) { g } else { 0.0 };
    (0..n * n).map(diagonal).collect()
}

#[test]
fn a_unit_whose_gain_passes_one_at_a_station_has_its_pitchfork_once() {
    let unit = |w: f64| vanilla(&[w], &[0.0]);
    for (from, to, points, marginal, events) in [
        (1.0, 2.0, [1, 3, 3], 0, &[("BP", 0.0)][..]),
        (0.5, 1.0, [1, 1, 1], 2, &[]),
        (0.5, 1.5, [1, 1, 3], 1, &[("BP", 0.5)]),
        (1.5, 0.5, [3, 1, 1], 1, &[("BP", 0.5)]),
    ] {
        let expected = Expected {
            points,
            marginal,
            events,
        };
        let found = check(&format!("{from} to {to}"), unit(from), unit(to), &expected);
        // 0 is on one branch all the way.
        let zero = found
            .branches
            .iter()
            .filter(|row| row.state[0].abs() < 1e-9);
        let branches: Vec<u32> = zero.map(|row| row.branch).collect();
        assert!(branches.len() == 3 && branches.iter().all(|of| *of == branches[0]));
    }
}

/// tanh(w x + b) from the cusp at w = 1: the fold at w = 1 + s, b = 0.3 s is where b = w√(1 − 1/w) − artanh√(1 − 1/w).
#[test]
fn a_unit_that_begins_on_its_cusp_has_the_fold_beyond() {
    let off = |s: f64| {
        let w = 1.0 + s;
        let x = (1.0 - 1.0 / w).sqrt();
        0.3 * s - (w * x - x.atanh())
    };
    let (mut low, mut high) = (0.1, 0.9);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if (off(middle) > 0.0) == (off(low) > 0.0) {
            low = middle;
        } else {
            high = middle;
        }
    }
    let expected = Expected {
        points: [1, 3, 3],
        marginal: 0,
        events: &[("LP", low)],
    };
    check(
        "cusp",
        vanilla(&[1.0], &[0.0]),
        vanilla(&[2.0], &[0.3]),
        &expected,
    );
}

#[test]
fn networks_that_begin_as_identity_or_orthogonal_have_one_point_and_one_event() {
    let zeros = [0.0; 3];
    let identities = |to: f64| {
        (
            vanilla(&identity(3, 1.0), &zeros),
            vanilla(&identity(3, to), &zeros),
        )
    };
    let begins = |points, events| Expected {
        points,
        marginal: 0,
        events,
    };
    let (from, to) = identities(1.5);
    check("identity up", from, to, &begins([1, 27, 27], &[("?", 0.0)]));
    let (from, to) = identities(0.5);
    check("identity down", from, to, &begins([1, 1, 1], &[]));
    let reflection = |g: f64| vanilla(&[0.6 * g, 0.8 * g, 0.8 * g, -0.6 * g], &[0.0; 2]);
    // 1 and −1 at once have no name.
    check(
        "reflection",
        reflection(1.0),
        reflection(1.3),
        &begins([1, 3, 3], &[("?", 0.0)]),
    );
    let (sin, cos) = 1.0_f64.sin_cos();
    let rotation = |g: f64| vanilla(&[g * cos, -g * sin, g * sin, g * cos], &[0.0; 2]);
    check(
        "rotation",
        rotation(1.0),
        rotation(1.5),
        &begins([1, 1, 1], &[("NS", 0.0)]),
    );
    let flip = |w: f64| vanilla(&[w], &[0.0]);
    check(
        "flip",
        flip(-1.0),
        flip(-2.0),
        &begins([1, 1, 1], &[("PD", 0.0)]),
    );
}

/// A unit of weight 2 whose input begins on its fold, and goes to either side.
#[test]
fn a_sweep_that_begins_on_a_fold_has_its_pair_or_has_it_not() {
    let x = 0.5_f64.sqrt();
    let b = x.atanh() - 2.0 * x;
    let unit = |b: f64| vanilla(&[2.0], &[b]);
    let away = Expected {
        points: [2, 3, 3],
        marginal: 0,
        events: &[("LP", 0.0)],
    };
    check("pair", unit(b), unit(b + 0.5), &away);
    let none = Expected {
        points: [2, 1, 1],
        marginal: 0,
        events: &[],
    };
    check("none", unit(b), unit(b - 0.5), &none);
}

/// All states ≥ 0 are fixed at the identity; 0 stays fixed, with all arguments 0, where there are no biases.
#[test]
fn rectified_networks_that_begin_as_identity_or_without_biases_are_told() {
    let expected = Expected {
        points: [1, 1, 1],
        marginal: 0,
        events: &[],
    };
    let learned = relu(
        &[0.8, 0.1, -0.2, 0.05, 0.7, 0.1, 0.0, -0.1, 0.9],
        &[0.13, -0.1, 0.05],
    );
    check(
        "identity",
        relu(&identity(3, 1.0), &[0.0; 3]),
        learned,
        &expected,
    );
    let nowhere = Expected {
        marginal: 3,
        ..expected
    };
    let without = |w: &[f64]| relu(w, &[0.0; 2]);
    check(
        "no biases",
        without(&[0.5, 0.3, -0.2, 0.4]),
        without(&[0.3, 0.9, -0.9, 0.2]),
        &nowhere,
    );
}
