//! Where a search for fixed points starts.
//!
//! What a search finds depends more on its starts than on its solver. States of trials cover the part of state
//! space that the network uses; jitter takes them off the slow manifolds, to where saddles are found; uniform draws
//! from a box find least, since in many dimensions nearly all of a box is its corners.

use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use crate::map::Map;
use crate::parallel;

/// Trajectories simulated.
const TRAJECTORIES: usize = 64;
/// Their length in steps; the later a step the slower the motion, so steps are kept at growing intervals.
const STEPS: usize = 200;
/// A state beyond this is on its way to infinity.
const RUNAWAY: f64 = 1e6;
/// States that are simulated together.
const TOGETHER: usize = 64;

/// `count` starts in a map of which no trajectories are given, drawn with the generator of `seed`:
///
/// 1. initial states uniform in the trapping box (at most 2 wide to each side), or in [−2, 2] where there is none;
/// 2. their trajectories, kept at the steps 0, 1, 2, 4, 8, … and at the last one, as long as they stay finite;
/// 3. states of these with jitter, normal with `noise` times their root mean square, every other one with a fifth of it.
///
/// The result does not depend on the number of threads. Maps whose trajectories all leave the bound of 10⁶ at once
/// give fewer kept states; without any, no starts.
pub fn simulated<M: Map + ?Sized>(map: &M, count: usize, noise: f64, seed: u64) -> Vec<Vec<f64>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let dim = map.dim();
    let half_widths = half_widths(map);
    let initial: Vec<Vec<f64>> = (0..TRAJECTORIES)
        .map(|_| initial(&half_widths, &mut rng))
        .collect();
    let kept = parallel::map(initial, |state| trajectory(map, state));
    jittered(&kept.concat(), dim, count, noise, &mut rng)
}

/// Of the trajectories that [`simulated`] follows without a trapping box, those that leave the bound of 10⁶ within 200
/// steps, and all: most do where a map is not the one that was trained, for example by another activation.
pub fn running_away<M: Map + ?Sized>(map: &M, seed: u64) -> (usize, usize) {
    if map.trapping_box().is_some() {
        return (0, TRAJECTORIES);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let half_widths = half_widths(map);
    let initial: Vec<Vec<f64>> = (0..TRAJECTORIES)
        .map(|_| initial(&half_widths, &mut rng))
        .collect();
    let leaves = |mut state: Vec<f64>| {
        let mut next = vec![0.0; state.len()];
        for _ in 0..STEPS {
            map.step(&state, &mut next);
            std::mem::swap(&mut state, &mut next);
            if !is_bounded(&state) {
                return true;
            }
        }
        false
    };
    let leave = parallel::map(initial, leaves);
    (leave.iter().filter(|leaves| **leaves).count(), TRAJECTORIES)
}

/// Step 2 of [`simulated`]: the states that are kept, one after the other.
fn trajectory<M: Map + ?Sized>(map: &M, mut state: Vec<f64>) -> Vec<f64> {
    let mut kept = Vec::new();
    let mut next = vec![0.0; state.len()];
    for step in 0..=STEPS {
        if !is_bounded(&state) {
            break;
        }
        if is_kept(step) {
            kept.extend_from_slice(&state);
        }
        map.step(&state, &mut next);
        std::mem::swap(&mut state, &mut next);
    }
    kept
}

/// `count` independent starts with the distribution of [`simulated`] but for what runs away, each from a trajectory of its own:
/// what is counted of their ends is binomial.
///
/// 1. Initial states as there, and for each one of the steps that are kept there, all with equal chance.
/// 2. The state at that step; the initial one if the trajectory leaves every bound before.
/// 3. Each has the jitter that it would have there.
pub fn independent<M: Map + ?Sized>(map: &M, count: usize, noise: f64, seed: u64) -> Vec<Vec<f64>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let dim = map.dim();
    let half_widths = half_widths(map);
    let kept: Vec<usize> = (0..=STEPS).filter(|&step| is_kept(step)).collect();
    let mut states = Vec::with_capacity(count * dim);
    let mut wanted = Vec::with_capacity(count);
    for _ in 0..count {
        states.extend(initial(&half_widths, &mut rng));
        wanted.push(kept[rng.random_range(0..kept.len())]);
    }
    let batches = states.chunks_mut(TOGETHER * dim.max(1));
    parallel::for_each(batches.zip(wanted.chunks(TOGETHER)), |(states, wanted)| {
        advance(map, states, wanted);
    });
    each_jittered(&states, dim, noise, &mut rng)
}

/// Step 2 of [`independent`].
fn advance<M: Map + ?Sized>(map: &M, states: &mut [f64], wanted: &[usize]) {
    let dim = map.dim();
    let mut here = states.to_vec();
    let mut next = here.clone();
    for step in 1..=STEPS {
        map.step_batch(&here, &mut next);
        std::mem::swap(&mut here, &mut next);
        let each = states.chunks_exact_mut(dim).zip(here.chunks_exact(dim));
        for ((state, now), _) in each.zip(wanted).filter(|(_, at)| **at == step) {
            if is_bounded(now) {
                state.copy_from_slice(now);
            }
        }
    }
}

fn half_widths<M: Map + ?Sized>(map: &M) -> Vec<f64> {
    map.trapping_box().unwrap_or_else(|| vec![2.0; map.dim()])
}

fn initial(half_widths: &[f64], rng: &mut ChaCha8Rng) -> Vec<f64> {
    half_widths
        .iter()
        .map(|half_width| half_width.min(2.0) * rng.random_range(-1.0..=1.0))
        .collect()
}

fn is_kept(step: usize) -> bool {
    step == 0 || step.is_power_of_two() || step == STEPS
}

fn is_bounded(state: &[f64]) -> bool {
    state.iter().all(|x| x.abs() < RUNAWAY)
}

/// `count` starts for a search: states drawn from `states` (`[][size]`), half of them with little and half with full
/// jitter, normal with `noise` times their root mean square.
///
/// `size` is the length of a state; no states give no starts. Without jitter starts lie on the slow manifolds that
/// trials run along, and saddles beside them are missed.
pub fn jittered(
    states: &[f64],
    size: usize,
    count: usize,
    noise: f64,
    rng: &mut dyn Rng,
) -> Vec<Vec<f64>> {
    let size = size.max(1);
    let rows = states.len() / size;
    if rows == 0 {
        return Vec::new();
    }
    let deviation = noise * root_mean_square(states);
    (0..count)
        .map(|start| {
            let row = rng.random_range(0..rows);
            aside(&states[row * size..][..size], start, deviation, rng)
        })
        .collect()
}

/// Each of the states `[][size]` once, with the jitter of [`jittered`].
pub fn each_jittered(states: &[f64], size: usize, noise: f64, rng: &mut dyn Rng) -> Vec<Vec<f64>> {
    let deviation = noise * root_mean_square(states);
    let states = states.chunks_exact(size.max(1)).enumerate();
    states
        .map(|(start, state)| aside(state, start, deviation, rng))
        .collect()
}

/// A state with jitter: all of it at odd places, a fifth at even ones.
fn aside(state: &[f64], place: usize, deviation: f64, rng: &mut dyn Rng) -> Vec<f64> {
    let scale = if place.is_multiple_of(2) {
        0.2 * deviation
    } else {
        deviation
    };
    let moved = state.iter().map(|x| {
        let normal: f64 = StandardNormal.sample(rng);
        x + scale * normal
    });
    moved.collect()
}

fn root_mean_square(values: &[f64]) -> f64 {
    let square: f64 = values.iter().map(|x| x * x).sum();
    (square / values.len().max(1) as f64).sqrt()
}
