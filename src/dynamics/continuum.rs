//! Approximate continuous attractors: sets of slow states that a network can hardly tell from a line, ring or plane of fixed
//! points.

use faer::Mat;

use super::spectrum::{SpectrumError, modulus};
use crate::map::Map;

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
/// A ring leaves no angle this wide without a state, in turns.
const WIDEST_GAP: f64 = 0.15;

/// What shape the slow states have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Separate points.
    Points,
    /// A line.
    Line,
    /// A closed line.
    Ring,
    /// Of two or more dimensions.
    Surface,
}

/// The slow states of a map.
#[derive(Debug, Clone, PartialEq)]
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
/// 1. Each start takes 40 steps, which take it near the slow set along the fast directions; states slower than
///    `slow_speed` are kept, thinned to 2000 at most.
/// 2. Dimension by three estimators: the spectral gap |λ_{d+1} − 1|/|λ_d − 1|, the principal components of the 30 nearest
///    neighbours, and the ratios of the two nearest distances.
/// 3. One dimension is a ring if the states go all the way round their mean in their principal plane, and a line if not; a
///    spectrum without any eigenvalue near 1 means separate points.
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
    let shape = match dimension_by_spectrum {
        0 => Shape::Points,
        1 if goes_round(&states) => Shape::Ring,
        1 => Shape::Line,
        _ => Shape::Surface,
    };
    let extent = states
        .iter()
        .map(|state| distance(state, &states[0]))
        .fold(0.0, f64::max);
    Ok(Some(Continuum {
        drift_steps: extent / fastest.max(f64::MIN_POSITIVE),
        states,
        fastest,
        dimension_by_spectrum,
        dimension_by_neighbours: by_neighbours,
        dimension_by_distances: by_distances,
        shape,
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
        if let Ok(values) = centred.singular_values() {
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

/// Step 3.
fn goes_round(states: &[Vec<f64>]) -> bool {
    let (count, dim) = (states.len(), states[0].len());
    if dim < 2 {
        return false;
    }
    let mean: Vec<f64> = (0..dim)
        .map(|j| states.iter().map(|x| x[j]).sum::<f64>() / count as f64)
        .collect();
    let centred = Mat::from_fn(count, dim, |i, j| states[i][j] - mean[j]);
    let Ok(svd) = centred.thin_svd() else {
        return false;
    };
    let plane = &centred * svd.V().subcols(0, 2);
    let mut angles: Vec<f64> = (0..count)
        .map(|i| {
            (plane[(i, 1)] / svd.S()[1]).atan2(plane[(i, 0)] / svd.S()[0]) / std::f64::consts::TAU
        })
        .collect();
    angles.sort_by(f64::total_cmp);
    let wrapped = angles[0] + 1.0;
    let next = angles.iter().skip(1).chain([&wrapped]);
    let widest = angles
        .iter()
        .zip(next)
        .map(|(a, b)| b - a)
        .fold(0.0, f64::max);
    let radii = (0..count).map(|i| (plane[(i, 0)] / svd.S()[0]).hypot(plane[(i, 1)] / svd.S()[1]));
    let (low, high) = radii.fold((f64::INFINITY, 0.0_f64), |(low, high), r| {
        (low.min(r), high.max(r))
    });
    widest < WIDEST_GAP && low > 0.3 * high
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
    use crate::dynamics::starts::simulated;

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
        assert_eq!(found.shape, Shape::Points);
        assert!(!found.is_continuous_for(100.0));
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
    }
}
