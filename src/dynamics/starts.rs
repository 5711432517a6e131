//! Where a search for fixed points starts.

use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};
use rayon::prelude::*;

use crate::map::Map;

/// Trajectories simulated.
const TRAJECTORIES: usize = 64;
/// Their length in steps; the later a step the slower the motion, so steps are kept at growing intervals.
const STEPS: usize = 200;
/// A state beyond this is on its way to infinity.
const RUNAWAY: f64 = 1e6;

/// `count` starts in a map of which no trajectories are given, drawn with the generator of `seed`:
///
/// 1. initial states uniform in the trapping box (at most 2 wide to each side), or in [−2, 2] where there is none;
/// 2. their trajectories, kept at the steps 0, 1, 2, 4, 8, … and at the last one, as long as they stay finite;
/// 3. states of these with jitter, normal with `noise` times their root mean square, every other one with a fifth of it.
pub fn simulated<M: Map + ?Sized>(map: &M, count: usize, noise: f64, seed: u64) -> Vec<Vec<f64>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let dim = map.dim();
    let half_widths = map.trapping_box().unwrap_or_else(|| vec![2.0; dim]);
    let mut draw = || -> Vec<f64> {
        let widths = half_widths.iter();
        widths
            .map(|half_width| half_width.min(2.0) * rng.random_range(-1.0..=1.0))
            .collect()
    };
    let initial: Vec<Vec<f64>> = (0..TRAJECTORIES).map(|_| draw()).collect();
    let kept: Vec<Vec<f64>> = initial
        .into_par_iter()
        .map(|state| trajectory(map, state))
        .collect();
    jittered(&kept.concat(), dim, count, noise, &mut rng)
}

/// Step 2 of [`simulated`]: the states that are kept, one after the other.
fn trajectory<M: Map + ?Sized>(map: &M, mut state: Vec<f64>) -> Vec<f64> {
    let mut kept = Vec::new();
    let mut next = vec![0.0; state.len()];
    for step in 0..=STEPS {
        if !state.iter().all(|x| x.abs() < RUNAWAY) {
            break;
        }
        if step == 0 || step.is_power_of_two() || step == STEPS {
            kept.extend_from_slice(&state);
        }
        map.step(&state, &mut next);
        std::mem::swap(&mut state, &mut next);
    }
    kept
}

/// `count` starts for a search: states drawn from `states` (`[][size]`), half of them with little and half with full
/// jitter, normal with `noise` times their root mean square.
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
    let mean_square = states.iter().map(|x| x * x).sum::<f64>() / states.len() as f64;
    let deviation = noise * mean_square.sqrt();
    (0..count)
        .map(|start| {
            let row = rng.random_range(0..rows);
            let scale = if start % 2 == 0 {
                0.2 * deviation
            } else {
                deviation
            };
            states[row * size..][..size]
                .iter()
                .map(|x| {
                    let normal: f64 = StandardNormal.sample(rng);
                    x + scale * normal
                })
                .collect()
        })
        .collect()
}
