//! Trained networks with noise on their recurrent weights: what remains of the fixed points, and of the computation.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::super::trained::Course;
use super::landscape::{BITS, Landscape, MEMORIES, memory_of};
use crate::cell::map::CellMap;
use crate::cell::parameters::{Parameters, WEIGHT_HH};
use crate::comparison::path::length::distance;
use crate::dynamics::points::search::{Known, SlowPoint};
use crate::lab::LabError;
use crate::map::Map as _;
use crate::statistics::randomisation::stream_of_draw;
use crate::task::flip_flop::FlipFlop;
use crate::task::{Batch, Task as _};
use crate::train::engine::Simulation;

/// Steps that are waited at most until motion has left a slow point.
pub(super) const MOST_STEPS: usize = 2000;

/// A network with noise on its recurrent weights.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Perturbed {
    /// Deviation of the noise on each weight, in units of the root mean square of the weights.
    pub(super) noise: f64,
    /// Number of its draw; draws of one number differ in size alone.
    pub(super) draw: usize,
    /// Accuracy in the task.
    pub(super) accuracy: f64,
    /// Fixed points.
    pub(super) fixed: usize,
    /// Minima of q that are none.
    pub(super) slow: usize,
    /// The memories that no stable fixed point puts out any more.
    pub(super) lost: Vec<Lost>,
}

/// A memory that no stable fixed point puts out any more.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lost {
    /// The slow point that puts it out; the nearest to where the fixed point was, if there are several.
    pub(super) slow: Option<Remains>,
    /// Share of the steps of trials at which it is to be put out with all outputs right; NaN if it never is.
    pub(super) held: f64,
}

/// A slow point that puts out a memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Remains {
    /// Distance from where the fixed point was, in units of the distance between that and the nearest other memory.
    pub(super) off: f64,
    /// q there.
    pub(super) q: f64,
    /// Steps until motion from there is further away than half the same distance; at most [`MOST_STEPS`].
    pub(super) steps: usize,
    /// Steps that the normal form of a fold gives for that: half of a passage; NaN where it gives none.
    pub(super) theory_steps: f64,
}

/// What perturbed networks are tested on.
pub(super) struct Test<'a> {
    /// How the network was trained.
    pub(super) course: &'a Course,
    /// Its weights.
    pub(super) trained: &'a Parameters<f32>,
    /// Its points.
    pub(super) landscape: &'a Landscape,
    /// The task.
    pub(super) task: &'a FlipFlop,
    /// Trials of it.
    pub(super) trials: &'a Batch,
    /// Starts of each search, from states of these trials.
    pub(super) starts: usize,
}

impl Test<'_> {
    /// Adds noise of one size, the `draw`-th of the network's, and looks at the network again.
    pub(super) fn perturbed(
        &self,
        noise: f64,
        seed: u64,
        draw: usize,
    ) -> Result<Perturbed, LabError> {
        let mut rng = stream_of_draw(seed, draw);
        let parameters = with_noise(self.trained, noise, &mut rng);
        let simulation = self.course.simulated(&parameters, self.trials)?;
        let known: Vec<Known<'_>> = self
            .landscape
            .points
            .iter()
            .map(|point| Known {
                state: &point.state,
                index: point.index,
            })
            .collect();
        let starts = self.course.starts(&simulation.states, self.starts);
        let now = Landscape::search(self.course, &parameters, &known, &starts)?;
        let held = held(self.trials, &simulation);
        let lost = (0..MEMORIES)
            .filter(|&memory| now.memories[memory].is_none())
            .filter(|&memory| self.landscape.memories[memory].is_some())
            .map(|memory| Lost {
                slow: remains(self.landscape, &now, memory),
                held: held[memory],
            });
        Ok(Perturbed {
            noise,
            draw,
            accuracy: self.task.accuracy(self.trials, &simulation.outputs),
            fixed: now.points.len(),
            slow: now.slow.len(),
            lost: lost.collect(),
        })
    }
}

/// The slow point that puts out a memory which has lost its fixed point; `None` if there is none.
pub(super) fn remains(before: &Landscape, now: &Landscape, memory: usize) -> Option<Remains> {
    let place = before.state_of(memory)?;
    let others = (0..MEMORIES).filter(|other| *other != memory);
    let unit = others
        .filter_map(|other| Some(distance(place, before.state_of(other)?)))
        .fold(f64::INFINITY, f64::min);
    let off = |slow: &SlowPoint| distance(place, &slow.state) / unit;
    let slow = now
        .slow
        .iter()
        .filter(|slow| now.memory_at(&slow.state) == Some(memory))
        .min_by(|a, b| off(a).total_cmp(&off(b)))?;
    Some(Remains {
        off: off(slow),
        q: slow.q,
        steps: steps_to_leave(&now.map, &slow.state, 0.5 * unit),
        theory_steps: slow
            .ghost
            .passage_steps
            .map_or(f64::NAN, |steps| 0.5 * steps),
    })
}

/// Steps that motion from a state takes until it is so far away from there.
fn steps_to_leave(map: &CellMap, from: &[f64], far: f64) -> usize {
    let mut state = from.to_vec();
    let mut next = state.clone();
    for step in 0..MOST_STEPS {
        if distance(&state, from) > far {
            return step;
        }
        map.step(&state, &mut next);
        std::mem::swap(&mut state, &mut next);
    }
    MOST_STEPS
}

/// Adds a normal deviate to each recurrent weight, with a deviation in units of their root mean square.
pub(super) fn with_noise(
    trained: &Parameters<f32>,
    noise: f64,
    rng: &mut ChaCha8Rng,
) -> Parameters<f32> {
    let mut parameters = trained.clone();
    let weights = parameters.get_mut(WEIGHT_HH);
    let squares: f64 = weights.iter().map(|w| f64::from(*w).powi(2)).sum();
    let deviation = noise * (squares / weights.len() as f64).sqrt();
    for weight in weights {
        let drawn: f64 = StandardNormal.sample(rng);
        *weight += (deviation * drawn) as f32;
    }
    parameters
}

/// For each memory the share of the steps at which all its bits are to be put out where all of them are; NaN if there is none.
fn held(trials: &Batch, simulation: &Simulation) -> [f64; MEMORIES] {
    let (mut right, mut all) = ([0_u32; MEMORIES], [0_u32; MEMORIES]);
    let rows = trials.targets.chunks_exact(BITS);
    let counted = trials.weights.chunks_exact(BITS);
    for ((target, weights), outputs) in rows.zip(counted).zip(simulation.outputs.chunks_exact(BITS))
    {
        let Some(memory) = memory_of(target).filter(|_| weights.iter().all(|w| *w > 0.0)) else {
            continue;
        };
        all[memory] += 1;
        right[memory] += u32::from(memory_of(outputs) == Some(memory));
    }
    std::array::from_fn(|memory| f64::from(right[memory]) / f64::from(all[memory]))
}
