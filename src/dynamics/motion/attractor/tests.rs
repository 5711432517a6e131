use super::*;
use crate::cell::map::CellMap;
use crate::dynamics::points::starts::simulated as simulated_starts;
use crate::map::{Henon, Logistic};

fn line(count: usize) -> Vec<Vec<f64>> {
    let at = |i: usize| vec![(i as f64 + 0.5) / count as f64];
    (0..count).map(at).collect()
}

#[test]
fn two_memories_share_the_line_as_symmetry_demands() {
    let map = CellMap::vanilla(&[2.0], vec![0.0]);
    let starts: Vec<Vec<f64>> = line(200).iter().map(|x| vec![2.0 * x[0] - 1.0]).collect();
    let found = attractors(&map, &starts, &Settings::default());
    assert_eq!((found.basins.len(), found.n_escaped), (2, 0));
    for basin in &found.basins {
        assert_eq!((basin.hits, basin.fraction), (100, 0.5));
        assert!(basin.interval[0] < 0.44 && basin.interval[1] > 0.56);
        assert_eq!(basin.attractor.name(), "fixed point");
    }
    assert!((found.unseen_bound() - 0.015).abs() < 1e-15);
}

#[test]
fn the_logistic_map_goes_from_point_to_cycle_to_chaos() {
    let name = |rate: f64| {
        let found = attractors(&Logistic { rate }, &line(40), &Settings::default());
        assert_eq!(found.basins.len(), 1, "{rate}");
        found.basins[0].attractor.name()
    };
    assert_eq!(name(2.8), "fixed point");
    assert_eq!(name(3.2), "2-cycle");
    assert_eq!(name(3.5), "4-cycle");
    assert_eq!(name(3.835), "3-cycle");
    assert_eq!(name(3.9), "chaotic");
}

#[test]
fn a_rotating_network_has_a_closed_curve() {
    let (sin, cos) = 1.0_f64.sin_cos();
    let map = CellMap::vanilla(&[cos, -sin, sin, cos].map(|w| 1.3 * w), vec![0.0; 2]);
    let found = attractors(
        &map,
        &simulated_starts(&map, 60, 0.5, 4),
        &Settings::default(),
    );
    assert_eq!(found.basins.len(), 1);
    let Attractor::Curve { rotation, .. } = &found.basins[0].attractor else {
        panic!("{:?}", found.basins[0].attractor.name());
    };
    let number = rotation.map_or(0.0, |rotation| rotation.number);
    assert!((number - 0.160_061_813_591_69).abs() < 1e-8);
}

#[test]
fn henon_map_loses_starts_to_infinity() {
    let starts: Vec<Vec<f64>> = (0..100)
        .map(|i| vec![f64::from(i % 10) * 0.4 - 2.0, f64::from(i / 10) * 0.4 - 2.0])
        .collect();
    let found = attractors(&Henon { a: 1.4, b: 0.3 }, &starts, &Settings::default());
    assert!(found.n_escaped > 10 && found.basins.len() == 1);
    assert_eq!(found.basins[0].attractor.name(), "chaotic");
    assert_eq!(found.basins[0].hits + found.n_escaped, 100);
}
