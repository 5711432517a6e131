//! Portraits of networks that were never trained, for the tests of measures.

use faer::Mat;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::portrait::{Cause, Edge, Landscape, Point, Portrait, TrialStates};
use crate::nouns::PointKind;

pub(super) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

pub(super) fn gaussian(rows: usize, columns: usize, rng: &mut ChaCha8Rng) -> Mat<f64> {
    Mat::from_fn(rows, columns, |_, _| StandardNormal.sample(rng))
}

pub(super) fn rotation(dim: usize, rng: &mut ChaCha8Rng) -> Mat<f64> {
    gaussian(dim, dim, rng).qr().compute_Q()
}

pub(super) fn portrait(states: TrialStates, landscapes: Vec<Landscape>) -> Portrait {
    Portrait {
        name: "a network".to_owned(),
        step: 0,
        probe: "a task".to_owned(),
        states,
        landscapes,
        probed: None,
    }
}

/// Trials of one time step, each a row of the samples.
pub(super) fn still(samples: &Mat<f64>) -> Portrait {
    let (trials, units) = (samples.nrows(), samples.ncols());
    let states = (0..trials * units).map(|k| samples[(k / units, k % units)] as f32);
    let states = TrialStates {
        steps: 1,
        trials,
        units,
        states: states.collect(),
    };
    portrait(states, Vec::new())
}

/// States that follow a map from starts that are rows.
pub(super) fn followed(
    starts: &Mat<f64>,
    steps: usize,
    map: impl Fn(&Mat<f64>) -> Mat<f64>,
) -> TrialStates {
    let (trials, units) = (starts.nrows(), starts.ncols());
    let mut now = starts.clone();
    let mut states = Vec::new();
    for _ in 0..steps {
        states.extend((0..trials * units).map(|k| now[(k / units, k % units)] as f32));
        now = map(&now);
    }
    TrialStates {
        steps,
        trials,
        units,
        states,
    }
}

pub(super) fn point(n_unstable: usize, readout: &[f64], spectrum: &[[f64; 2]]) -> Point {
    Point {
        kind: PointKind::Saddle,
        n_unstable,
        index: if n_unstable.is_multiple_of(2) { 1 } else { -1 },
        state: vec![0.0; spectrum.len()],
        readout: readout.to_vec(),
        spectrum: spectrum.to_vec(),
        basin: None,
    }
}

pub(super) fn landscape(points: Vec<Point>, edges: &[(usize, usize, Cause)]) -> Landscape {
    let edges = edges
        .iter()
        .map(|&(from, to, cause)| Edge { from, to, cause });
    Landscape {
        condition: "rest".to_owned(),
        is_complete: true,
        points,
        edges: Some(edges.collect()),
    }
}

/// Random points and edges.
pub(super) fn random_landscape(points: usize, kinds: usize, rng: &mut ChaCha8Rng) -> Landscape {
    let points: Vec<Point> = (0..points)
        .map(|_| {
            let pair = [rng.random_range(-1.0..1.0), rng.random_range(0.0..1.0)];
            let spectrum = [
                pair,
                [pair[0], -pair[1]],
                [rng.random_range(-1.0..1.0), 0.0],
            ];
            let readout = [f64::from(rng.random_range(0..3_u8)) - 1.0];
            point(rng.random_range(0..kinds), &readout, &spectrum)
        })
        .collect();
    let mut edges = Vec::new();
    for from in 0..points.len() {
        for to in 0..points.len() {
            if rng.random_bool(0.25) {
                edges.push((from, to, Cause::Manifold));
            }
            if rng.random_bool(0.15) {
                edges.push((from, to, Cause::Pulse(rng.random_range(0..2))));
            }
        }
    }
    landscape(points, &edges)
}

/// A linear network with random weights: its states from random starts, and a random landscape.
pub(super) fn random_portrait(units: usize, seed: u64) -> Portrait {
    let rng = &mut rng(seed);
    let map =
        rotation(units, rng) * faer::Scale(0.9) + gaussian(units, units, rng) * faer::Scale(0.1);
    let states = followed(&gaussian(60, units, rng), 9, |now| now * &map);
    let count = 1 + (rng.next_u32() % 6) as usize;
    portrait(states, vec![random_landscape(count, 3, rng)])
}
