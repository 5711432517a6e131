//! Where unstable manifolds lead: the edges of the graph whose nodes are fixed points and attractors.
//!
//! Which attractors a saddle's unstable directions lead to is what the landscape looks like from within: two
//! memories that share a saddle can be switched by crossing it.

use faer::Mat;
use rand::{Rng, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::arrival::arrivals;
use super::attractor::Attractors;
use crate::dynamics::linear::spectrum::{SpectrumError, modulus};
use crate::map::Map;
use crate::norms::scale_of;
use crate::parallel;

/// Distance from the fixed point at which a manifold is entered, relative to the largest coordinate (at least 1).
const OFFSET: f64 = 1e-6;
/// Directions that are followed where more than one is unstable.
const DIRECTIONS: usize = 64;
/// Steps that a state is given to arrive.
const MOST_STEPS: usize = 20_000;

/// How often the unstable manifold of a fixed point leads to each attractor.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Outflow {
    /// For each attractor the share of the directions that lead there.
    pub to: Vec<f64>,
    /// The share that leads to none of them.
    pub elsewhere: f64,
    /// Directions followed: 2 for one unstable direction, otherwise 64.
    pub directions: usize,
}

/// Follows the unstable manifold of a fixed point to the attractors; `None` if nothing is unstable. Connections from saddle
/// to saddle are not generic and not looked for.
///
/// 1. A real basis of the span of the unstable right eigenvectors.
/// 2. One direction: x* ± ε v. More: 64 directions, uniform on the sphere of that span, from the generator of `seed`.
/// 3. Each is simulated until it arrives at an attractor.
///
/// Shares are over directions, not over volumes of state space. A direction with a negative multiplier is followed
/// on both sides like any other.
/// # Errors
/// [`SpectrumError`] where the eigenvectors do not converge.
pub fn outflow<M: Map + ?Sized>(
    map: &M,
    point: &[f64],
    attractors: &Attractors,
    seed: u64,
) -> Result<Option<Outflow>, SpectrumError> {
    let starts = starts_on(map, point, seed)?;
    if starts.is_empty() {
        return Ok(None);
    }
    let ends = parallel::map(&starts, |start| {
        attractors.reached_from(map, start, MOST_STEPS)
    });
    let share = |wanted: Option<usize>| {
        ends.iter().filter(|end| **end == wanted).count() as f64 / ends.len() as f64
    };
    Ok(Some(Outflow {
        to: (0..attractors.basins.len())
            .map(|place| share(Some(place)))
            .collect(),
        elsewhere: share(None),
        directions: ends.len(),
    }))
}

/// The stable fixed points, by their places, that the unstable manifold of each fixed point leads to, each once, in order; steps
/// as in [`outflow`], but for where a direction has arrived: near one of the stable points, within 20,000 steps. All directions
/// of all points are followed together.
pub fn reached<M: Map + ?Sized>(
    map: &M,
    points: &[&[f64]],
    stable: &[&[f64]],
    seed: u64,
) -> Result<Vec<Vec<usize>>, SpectrumError> {
    let starts = parallel::try_map(points, |point| starts_on(map, point, seed))?;
    let counts: Vec<usize> = starts.iter().map(Vec::len).collect();
    let ends = arrivals(map, stable, &starts.concat(), MOST_STEPS);
    let mut rest = &ends[..];
    let of_points = counts.into_iter().map(|count| {
        let (own, others) = rest.split_at(count);
        rest = others;
        let mut places: Vec<usize> = own.iter().flatten().copied().collect();
        places.sort_unstable();
        places.dedup();
        places
    });
    Ok(of_points.collect())
}

/// Steps 1 and 2; empty if nothing is unstable.
fn starts_on<M: Map + ?Sized>(
    map: &M,
    point: &[f64],
    seed: u64,
) -> Result<Vec<Vec<f64>>, SpectrumError> {
    let basis = unstable_basis(map, point)?;
    if basis.is_empty() {
        return Ok(Vec::new());
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let scale = OFFSET * scale_of(point);
    let moved = |direction: &Vec<f64>| {
        let moved = point.iter().zip(direction).map(|(x, v)| x + scale * v);
        moved.collect()
    };
    Ok(directions(&basis, &mut rng).iter().map(moved).collect())
}

/// Step 1, orthonormal.
fn unstable_basis<M: Map + ?Sized>(map: &M, point: &[f64]) -> Result<Vec<Vec<f64>>, SpectrumError> {
    let dim = map.dim();
    let mut jacobian = Mat::zeros(dim, dim);
    map.jacobian(point, jacobian.as_mut());
    let eigen = jacobian.eigen().map_err(|_| SpectrumError { dim })?;
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for i in 0..dim {
        let value = eigen.S()[i];
        if modulus((value.re, value.im)) <= 1.0 || value.im < 0.0 {
            continue;
        }
        let column = |part: fn(&faer::c64) -> f64| -> Vec<f64> {
            (0..dim).map(|j| part(&eigen.U()[(j, i)])).collect()
        };
        basis.push(column(|v| v.re));
        if value.im > 0.0 {
            basis.push(column(|v| v.im));
        }
    }
    Ok(orthonormal(basis))
}

/// Gram–Schmidt, twice for accuracy.
fn orthonormal(vectors: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for mut vector in vectors {
        for _ in 0..2 {
            for other in &basis {
                let along: f64 = vector.iter().zip(other).map(|(x, y)| x * y).sum();
                for (x, y) in vector.iter_mut().zip(other) {
                    *x -= along * y;
                }
            }
        }
        let length = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
        if length > 1e-10 {
            basis.push(vector.iter().map(|x| x / length).collect());
        }
    }
    basis
}

/// Step 2.
fn directions(basis: &[Vec<f64>], rng: &mut dyn Rng) -> Vec<Vec<f64>> {
    if let [only] = basis {
        return vec![only.clone(), only.iter().map(|x| -x).collect()];
    }
    let draw = |_| {
        let weights: Vec<f64> = basis
            .iter()
            .map(|_| StandardNormal.sample(&mut *rng))
            .collect();
        let length = weights.iter().map(|w: &f64| w * w).sum::<f64>().sqrt();
        let mut direction = vec![0.0; basis[0].len()];
        for (weight, vector) in weights.iter().zip(basis) {
            for (d, v) in direction.iter_mut().zip(vector) {
                *d += weight / length * v;
            }
        }
        direction
    };
    (0..DIRECTIONS).map(draw).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;
    use crate::dynamics::motion::attractor::{Settings, attractors};
    use crate::dynamics::points::search::{SearchLimits, search};
    use crate::dynamics::points::starts::simulated;

    /// Two independent bits: the saddle on an edge of the square leads to its two corners, half each.
    #[test]
    fn saddles_of_two_bits_lead_to_their_neighbours() {
        let map = CellMap::vanilla(&[2.0, 0.0, 0.0, 2.0], vec![0.0; 2]);
        let starts = simulated(&map, 256, 0.5, 3);
        let ends = attractors(&map, &starts, &Settings::default());
        assert_eq!(ends.basins.len(), 4);
        let points = search(&map, &[], &starts, SearchLimits::default()).unwrap();
        for point in &points.fixed_points {
            let flow = outflow(&map, &point.state, &ends, 1).unwrap();
            match point.spectrum.n_unstable() {
                0 => assert_eq!(flow, None),
                1 => {
                    let flow = flow.unwrap();
                    assert_eq!(flow.to.iter().filter(|share| **share == 0.5).count(), 2);
                    // The two corners agree with the saddle in the bit that is not zero.
                    for (share, basin) in flow.to.iter().zip(&ends.basins) {
                        let corner = &basin.attractor.states()[0];
                        let agrees = point
                            .state
                            .iter()
                            .zip(corner)
                            .all(|(x, c)| x.abs() < 1e-9 || x * c > 0.0);
                        assert_eq!(*share > 0.0, agrees);
                    }
                }
                _ => {
                    let flow = flow.unwrap();
                    assert_eq!((flow.directions, flow.elsewhere), (64, 0.0));
                    assert!(
                        flow.to.iter().all(|share| (0.1..0.45).contains(share)),
                        "{flow:?}"
                    );
                }
            }
        }
    }
}
