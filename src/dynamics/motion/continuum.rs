//! Approximate continuous attractors: sets of slow states that a network can hardly tell from a line, ring or plane of fixed
//! points.
//!
//! A network that stores a continuous value seldom has a true line of fixed points; it has a slow manifold with a
//! few fixed points on it, along which a memory drifts. What counts is how far it drifts within a trial, which the
//! largest speed on the set bounds (Ságodi et al. 2024).

use faer::Mat;

use super::persistence::{landmarks, persistence};
use crate::dynamics::linear::spectrum::{SpectrumError, modulus};
use crate::map::Map;
use crate::norms::distance as largest_distance;
use crate::svd::singular_values;

/// Steps that a start takes towards the slow set.
const SETTLING: usize = 40;
/// States of the slow set at most.
const MOST_STATES: usize = 2000;
/// Neighbours of a state.
const NEIGHBOURS: usize = 30;
/// An eigenvalue this close to 1 lets motion along it stand still.
const SLOW_EIGENVALUE: f64 = 0.1;
/// The next eigenvalue must be this many times further from 1.
const GAP: f64 = 3.0;
/// Landmarks that the shape is told from, at most: of a set of one dimension, and of more.
const LANDMARKS: [usize; 2] = [100, 200];
/// How densely landmarks cover the set where fewer do, relative to its extent.
const COVER: f64 = 1e-3;
/// Landmarks further apart than this share of the extent, and than this many times what they leave uncovered, are not
/// neighbours.
const APART: (f64, f64) = (0.1, 4.0);

/// What shape the slow states have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Separate points.
    Points,
    /// A line.
    Line,
    /// A closed line.
    Ring,
    /// Of two or more dimensions, without a loop.
    Surface,
    /// Of two or more dimensions, with two loops.
    Torus,
    /// Anything else.
    Other,
}

impl Shape {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Points => "points",
            Self::Line => "line",
            Self::Ring => "ring",
            Self::Surface => "surface",
            Self::Torus => "torus",
            Self::Other => "other",
        }
    }

    /// The shape of each of several pieces with so many dimensions, and so many loops together.
    fn of(dimension: usize, pieces: usize, loops: usize) -> Self {
        match (dimension, loops) {
            (0, _) => Self::Points,
            (1, 0) => Self::Line,
            (1, _) if loops == pieces => Self::Ring,
            (2.., 0) => Self::Surface,
            (2, _) if loops == 2 * pieces => Self::Torus,
            _ => Self::Other,
        }
    }
}

/// The slow states of a map.
///
/// The three dimensions should agree; where they do not, the set has no one dimension, or too few states. The shape
/// follows from the first of them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Continuum {
    /// The states.
    pub states: Vec<Vec<f64>>,
    /// Largest speed |F(x) − x| (Euclidean) among them.
    pub fastest: f64,
    /// Median over the states of the number of eigenvalues that are near 1 and stand apart from the others.
    pub dimension_by_spectrum: usize,
    /// Median over the states of the participation ratio of their neighbours' principal components.
    pub dimension_by_neighbours: f64,
    /// By the ratios of the distances to the two nearest neighbours (Facco et al. 2017).
    pub dimension_by_distances: f64,
    /// Pieces that they fall into.
    pub pieces: usize,
    /// Loops that persist, over all pieces.
    pub loops: usize,
    /// Their shape.
    pub shape: Shape,
    /// Extent of the set over the largest speed: steps that a memory kept on it lasts, at the least.
    pub drift_steps: f64,
}

impl Continuum {
    /// Whether a network that must remember for so many steps can use it as a continuous attractor: it moves by less than a
    /// tenth of the set's extent.
    pub fn is_continuous_for(&self, steps: f64) -> bool {
        self.shape != Shape::Points && self.drift_steps > 10.0 * steps
    }
}

/// The slow states that given starts lead to; `None` if there are fewer than ten.
///
/// 1. Each start (every so many of them, so that there are 2000 at most) takes 40 steps, which bring it near the
///    slow set along the fast directions; states slower than `slow_speed` are kept.
/// 2. Dimension by three estimators: the spectral gap |λ_{d+1} − 1|/|λ_d − 1|, the principal components of the 30
///    nearest neighbours, and the ratios of the two nearest distances.
/// 3. Pieces and loops by persistent homology of up to 100 landmarks (200 in two or more dimensions). One dimension
///    is a line, or a ring if it has a loop; two are a surface, or a torus if it has two; a spectrum without any
///    eigenvalue near 1 means separate points.
///
/// `slow_speed` is a Euclidean length a step; a thousandth of the spread of the states of trials is a reasonable
/// choice.
/// # Errors
/// [`SpectrumError`] where the eigenvalues at a state do not converge.
pub fn continuum<M: Map + ?Sized>(
    map: &M,
    starts: &[Vec<f64>],
    slow_speed: f64,
) -> Result<Option<Continuum>, SpectrumError> {
    let mut states = Vec::new();
    let mut fastest = 0.0_f64;
    let every = starts.len().div_ceil(MOST_STATES).max(1);
    for start in starts.iter().step_by(every) {
        let mut state = start.clone();
        let mut next = state.clone();
        for _ in 0..SETTLING {
            map.step(&state, &mut next);
            std::mem::swap(&mut state, &mut next);
        }
        map.step(&state, &mut next);
        let speed = distance(&state, &next);
        if speed <= slow_speed {
            fastest = fastest.max(speed);
            states.push(state);
        }
    }
    if states.len() < 10 {
        return Ok(None);
    }
    let dimension_by_spectrum = spectral_dimension(map, &states)?;
    let (by_neighbours, by_distances) =
        (neighbour_dimension(&states), two_nearest_dimension(&states));
    let extent = states
        .iter()
        .map(|state| distance(state, &states[0]))
        .fold(0.0, f64::max);
    let (pieces, loops) = topology(&states, dimension_by_spectrum);
    Ok(Some(Continuum {
        drift_steps: extent / fastest.max(f64::MIN_POSITIVE),
        states,
        fastest,
        dimension_by_spectrum,
        dimension_by_neighbours: by_neighbours,
        dimension_by_distances: by_distances,
        pieces,
        loops,
        shape: Shape::of(dimension_by_spectrum, pieces, loops),
    }))
}

fn spectral_dimension<M: Map + ?Sized>(
    map: &M,
    states: &[Vec<f64>],
) -> Result<usize, SpectrumError> {
    let dim = map.dim();
    let every = states.len().div_ceil(50);
    let mut counts = Vec::new();
    for state in states.iter().step_by(every) {
        let mut jacobian = Mat::zeros(dim, dim);
        map.jacobian(state, jacobian.as_mut());
        let values = jacobian.eigenvalues().map_err(|_| SpectrumError { dim })?;
        let mut off: Vec<f64> = values.iter().map(|l| modulus((l.re - 1.0, l.im))).collect();
        off.sort_by(f64::total_cmp);
        let near = off.iter().filter(|off| **off < SLOW_EIGENVALUE).count();
        let stands_apart = |d: &usize| off.get(*d).is_none_or(|next| *next > GAP * off[d - 1]);
        counts.push((1..=near).rev().find(stands_apart).unwrap_or(0));
    }
    counts.sort_unstable();
    Ok(counts[counts.len() / 2])
}

/// Median of (Σσ)²/Σσ² over the variances of each state's neighbourhood.
fn neighbour_dimension(states: &[Vec<f64>]) -> f64 {
    let dim = states[0].len();
    let count = NEIGHBOURS.min(states.len() - 1);
    let every = states.len().div_ceil(100);
    let mut ratios: Vec<f64> = Vec::new();
    for state in states.iter().step_by(every) {
        let mut near: Vec<&Vec<f64>> = states.iter().collect();
        near.sort_by(|a, b| distance(a, state).total_cmp(&distance(b, state)));
        let near = &near[..=count];
        let mean: Vec<f64> = (0..dim)
            .map(|j| near.iter().map(|x| x[j]).sum::<f64>() / near.len() as f64)
            .collect();
        let centred = Mat::from_fn(near.len(), dim, |i, j| near[i][j] - mean[j]);
        if let Some(values) = singular_values(centred.as_ref()) {
            let variances = values.iter().map(|s| s * s);
            let (sum, squares) =
                variances.fold((0.0, 0.0), |(sum, squares), v| (sum + v, squares + v * v));
            ratios.push(if squares > 0.0 {
                sum * sum / squares
            } else {
                0.0
            });
        }
    }
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied().unwrap_or(0.0)
}

/// n/Σ ln(r₂/r₁); states that coincide are left out.
fn two_nearest_dimension(states: &[Vec<f64>]) -> f64 {
    let (mut count, mut sum) = (0.0, 0.0);
    for (place, state) in states.iter().enumerate() {
        let (mut first, mut second) = (f64::INFINITY, f64::INFINITY);
        for (other, at) in states.iter().enumerate() {
            let off = distance(state, at);
            if other != place && off < second {
                second = off.max(first);
                first = off.min(first);
            }
        }
        if first > 0.0 && second.is_finite() {
            count += 1.0;
            sum += (second / first).ln();
        }
    }
    if sum > 0.0 { count / sum } else { 0.0 }
}

/// Step 3: pieces and loops.
fn topology(states: &[Vec<f64>], dimension: usize) -> (usize, usize) {
    let extent = states
        .iter()
        .map(|state| largest_distance(state, &states[0]))
        .fold(0.0, f64::max);
    let most = LANDMARKS[usize::from(dimension > 1)];
    let (chosen, uncovered) = landmarks(states, most, COVER * extent);
    let points: Vec<Vec<f64>> = chosen.iter().map(|&at| states[at].clone()).collect();
    let found = persistence(&points);
    let apart = (APART.0 * extent).max(APART.1 * uncovered);
    (found.pieces(apart), found.lasting_loops(extent))
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    let squares = a.iter().zip(b).map(|(x, y)| (x - y).powi(2));
    squares.sum::<f64>().sqrt()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;
    use crate::dynamics::points::starts::simulated;

    fn ring(units: usize) -> CellMap {
        let angle = |i: usize| std::f64::consts::TAU * i as f64 / units as f64;
        let weights: Vec<f64> = (0..units * units)
            .map(|at| 4.0 / units as f64 * (angle(at / units) - angle(at % units)).cos())
            .collect();
        CellMap::vanilla(&weights, vec![0.0; units])
    }

    #[test]
    fn a_ring_of_many_units_is_a_ring_and_one_of_few_is_points() {
        let map = ring(24);
        let found = continuum(&map, &simulated(&map, 600, 0.5, 2), 1e-2)
            .unwrap()
            .unwrap();
        assert_eq!((found.dimension_by_spectrum, found.shape), (1, Shape::Ring));
        assert_eq!((found.pieces, found.loops), (1, 1));
        assert!(
            (found.dimension_by_neighbours - 1.0).abs() < 0.1,
            "{}",
            found.dimension_by_neighbours
        );
        assert!(
            (found.dimension_by_distances - 1.0).abs() < 0.25,
            "{}",
            found.dimension_by_distances
        );
        assert!(found.is_continuous_for(100.0), "{}", found.drift_steps);
        // Eight units drift to their eight attractors at once.
        let map = ring(8);
        let found = continuum(&map, &simulated(&map, 600, 0.5, 2), 1e-2)
            .unwrap()
            .unwrap();
        assert_eq!((found.shape, found.pieces), (Shape::Points, 8));
        assert!(!found.is_continuous_for(100.0));
    }

    #[test]
    fn two_rings_side_by_side_are_a_torus() {
        let one = ring(24);
        let weights: Vec<f64> = {
            let mut matrix = Mat::zeros(24, 24);
            one.jacobian(&[0.0; 24], matrix.as_mut());
            let at = |i: usize, j: usize| {
                if i / 24 == j / 24 {
                    matrix[(i % 24, j % 24)]
                } else {
                    0.0
                }
            };
            (0..48 * 48)
                .map(|place| at(place / 48, place % 48))
                .collect()
        };
        let map = CellMap::vanilla(&weights, vec![0.0; 48]);
        let found = continuum(&map, &simulated(&map, 2000, 0.5, 2), 1e-2)
            .unwrap()
            .unwrap();
        assert_eq!(found.dimension_by_spectrum, 2);
        assert_eq!(
            (found.pieces, found.loops),
            (1, 2),
            "{:?}",
            found.states.len()
        );
        assert_eq!(found.shape, Shape::Torus);
    }

    #[test]
    fn an_integrator_is_a_line() {
        // x ↦ tanh of almost itself along one direction; the others decay.
        let n = 12;
        let weights: Vec<f64> = (0..n * n).map(|_| 1.002 / n as f64).collect();
        let map = CellMap::vanilla(&weights, vec![0.0; n]);
        let starts: Vec<Vec<f64>> = (0..300)
            .map(|i| vec![0.1 * (f64::from(i) / 150.0 - 1.0); n])
            .collect();
        let found = continuum(&map, &starts, 1e-2).unwrap().unwrap();
        assert_eq!((found.dimension_by_spectrum, found.shape), (1, Shape::Line));
        assert_eq!((found.pieces, found.loops), (1, 0));
    }
}
