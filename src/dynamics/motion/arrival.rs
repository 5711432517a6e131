//! Which of some stable fixed points motion arrives at.

use crate::map::Map;
use crate::norms::{distance, scale_of};
use crate::parallel;

/// Steps between two looks at where the states are.
const LOOK: usize = 32;
/// A state within this distance of a stable point, relative to its largest coordinate (at least 1), and within half the way
/// from it to the nearest other stable point, has arrived.
const ARRIVED: f64 = 1e-3;
/// States that are simulated together.
const BATCH: usize = 32;

/// The place among the stable points that each start arrives at; `None` of a start that arrives at none of them, or leaves
/// every bound, within `most_steps`, which are rounded up to whole looks of 32 steps.
///
/// Near a stable point motion may still turn away, in directions in which it is far from normal; what has come within a
/// thousandth is taken to stay. Results do not depend on the number of threads.
///
/// ```
/// use creode::cell::map::CellMap;
/// use creode::dynamics::motion::arrival::arrivals;
///
/// // One unit with gain 2: memories at ±0.9575, divided by the origin.
/// let unit = CellMap::vanilla(&[2.0], vec![0.0]);
/// let memories = [[0.957_504], [-0.957_504]];
/// let memories = [&memories[0][..], &memories[1][..]];
/// assert_eq!(arrivals(&unit, &memories, &[vec![0.1], vec![-0.3]], 1024), [Some(0), Some(1)]);
/// ```
pub fn arrivals<M: Map + ?Sized>(
    map: &M,
    stable: &[&[f64]],
    starts: &[Vec<f64>],
    most_steps: usize,
) -> Vec<Option<usize>> {
    let radii: Vec<f64> = stable.iter().map(|point| radius(point, stable)).collect();
    let batches = parallel::map(starts.chunks(BATCH), |batch| {
        let mut ends = vec![None; batch.len()];
        let mut waiting: Vec<usize> = (0..batch.len()).collect();
        let mut states = batch.concat();
        for _ in 0..most_steps.div_ceil(LOOK) {
            states = simulated(map, &states);
            states = remaining(
                &states,
                map.dim(),
                (stable, &radii),
                &mut waiting,
                &mut ends,
            );
            if states.is_empty() {
                break;
            }
        }
        ends
    });
    batches.concat()
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
    for _ in 0..LOOK {
        map.step_batch(&states, &mut next);
        std::mem::swap(&mut states, &mut next);
    }
    states
}

/// The states that have not arrived and not left every bound, whose starts go on waiting.
fn remaining(
    states: &[f64],
    dim: usize,
    (stable, radii): (&[&[f64]], &[f64]),
    waiting: &mut Vec<usize>,
    ends: &mut [Option<usize>],
) -> Vec<f64> {
    let mut left = Vec::new();
    let mut still_waiting = Vec::new();
    for (&start, state) in waiting.iter().zip(states.chunks_exact(dim)) {
        if !state.iter().all(|x| x.is_finite()) {
            continue;
        }
        ends[start] = (0..stable.len()).find(|&at| distance(stable[at], state) <= radii[at]);
        if ends[start].is_none() {
            still_waiting.push(start);
            left.extend_from_slice(state);
        }
    }
    *waiting = still_waiting;
    left
}
