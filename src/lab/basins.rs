//! What share of states each stable fixed point draws in.
//!
//! Cheap shares for every checkpoint: fixed points that are known already, a fixed number of steps, no search for
//! cycles or chaos. [`crate::dynamics::motion::attractor`] is the thorough version for one network.

use rayon::prelude::*;

use crate::map::Map;
use crate::norms::{distance, scale_of};

/// Steps between two looks at where the states are, and looks at most.
const STEPS: usize = 32;
const LOOKS: usize = 32;
/// A state within this distance of a stable point, relative to its largest coordinate (at least 1), and within half the way
/// from it to the nearest other stable point, has arrived.
const ARRIVED: f64 = 1e-3;
/// States that are simulated together.
const BATCH: usize = 32;

/// The share of the starts that arrives at each stable point; `None` for all where there are no starts.
///
/// Every start is simulated at the constant input of the map until it arrives at a stable point, for 1,024 steps at most.
/// Starts that do not arrive belong to none, so that the shares may sum to less than 1.
///
/// Looks every 32 steps. Starts that leave every bound belong to none, either.
pub(super) fn shares<M: Map + ?Sized>(
    map: &M,
    stable: &[&[f64]],
    starts: &[Vec<f64>],
) -> Vec<Option<f64>> {
    if stable.is_empty() || starts.is_empty() {
        return vec![None; stable.len()];
    }
    let radii: Vec<f64> = stable.iter().map(|point| radius(point, stable)).collect();
    let arrivals = starts.par_chunks(BATCH).flat_map_iter(|batch| {
        let mut hits = Vec::new();
        let mut states = batch.concat();
        for _ in 0..LOOKS {
            states = simulated(map, &states);
            states = remaining(&states, map.dim(), stable, &radii, &mut hits);
            if states.is_empty() {
                break;
            }
        }
        hits
    });
    let mut counts = vec![0_usize; stable.len()];
    for place in arrivals.collect::<Vec<usize>>() {
        counts[place] += 1;
    }
    let share = |count: &usize| Some(*count as f64 / starts.len() as f64);
    counts.iter().map(share).collect()
}

/// How near is near enough.
fn radius(point: &[f64], stable: &[&[f64]]) -> f64 {
    let others = stable.iter().map(|other| distance(point, other));
    let nearest = others
        .filter(|off| *off > 0.0)
        .fold(f64::INFINITY, f64::min);
    (ARRIVED * scale_of(point)).min(0.5 * nearest)
}

fn simulated<M: Map + ?Sized>(map: &M, states: &[f64]) -> Vec<f64> {
    let mut states = states.to_vec();
    let mut next = states.clone();
    for _ in 0..STEPS {
        map.step_batch(&states, &mut next);
        std::mem::swap(&mut states, &mut next);
    }
    states
}

/// The states that have not arrived and not left every bound; those that have arrived are hits of a point.
fn remaining(
    states: &[f64],
    dim: usize,
    stable: &[&[f64]],
    radii: &[f64],
    hits: &mut Vec<usize>,
) -> Vec<f64> {
    let mut left = Vec::new();
    for state in states.chunks_exact(dim) {
        if !state.iter().all(|x| x.is_finite()) {
            continue;
        }
        let arrived = (0..stable.len()).find(|&at| distance(stable[at], state) <= radii[at]);
        match arrived {
            Some(place) => hits.push(place),
            None => left.extend_from_slice(state),
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;
    use crate::map::{Henon, Logistic};

    /// One unit with gain 2: the origin divides the line between the two memories, so three of four starts go up.
    #[test]
    fn the_origin_divides_the_basins_of_two_memories() {
        let map = CellMap::vanilla(&[2.0], vec![0.0]);
        let x = 0.957_504_024_077_269;
        let starts: Vec<Vec<f64>> = (0..80).map(|i| vec![f64::from(i) / 40.0 - 0.49]).collect();
        let found = shares(&map, &[&[x], &[-x]], &starts);
        assert_eq!(found, [Some(0.75), Some(0.25)]);
        assert_eq!(shares(&map, &[&[x]], &[]), [None]);
    }

    #[test]
    fn motion_that_arrives_nowhere_belongs_to_no_point() {
        // The fixed point 1 − 1/r of the logistic map draws in every start but those outside [0, 1].
        let starts: Vec<Vec<f64>> = [0.1, 0.4, 0.9, 1.5].map(|x| vec![x]).to_vec();
        let found = shares(&Logistic { rate: 2.5 }, &[&[0.6]], &starts);
        assert_eq!(found, [Some(0.75)]);
        // The point of the Hénon map is not attracting at a = 1.4: a chaotic orbit passes it by.
        let point = [0.631_354_477_089_505, 0.189_406_343_126_851_5];
        let found = shares(&Henon { a: 1.4, b: 0.3 }, &[&point], &[vec![5.0, 5.0]]);
        assert_eq!(found, [Some(0.0)]);
    }
}
