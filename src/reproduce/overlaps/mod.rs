//! Learning of linear networks of low rank is closed in the overlaps of their vectors, of which the loss sees only some.

use std::sync::atomic::{AtomicUsize, Ordering};

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use self::gram::Overlaps;
use self::memory::{Graduate, LENGTHS, Path};
use self::network::Network;
use self::report::report;
use self::teachers::{FILTERS, shape};
use super::{Experiment, ExperimentError, Paper, Report, Settings};
use crate::lab::LabError;
use crate::parallel;
use crate::task::Batch;
use crate::train::engine::EngineError;

mod gram;
mod memory;
mod network;
mod report;
mod teachers;
#[cfg(test)]
mod tests;

/// Time for which gradient flow is followed on each of two tasks.
const DURATION: f64 = 40.0;
/// Learning rates at which the drift of what the flow keeps is looked at.
const RATES: [f64; 4] = [0.04, 0.02, 0.01, 0.005];

/// The experiment.
pub(super) struct OverlapLearning;

/// Its size.
#[derive(Debug, Clone, Copy)]
struct Form {
    path: Path,
    seeds: usize,
    /// Networks whose flow is followed, for each rank.
    flows: usize,
}

const FULL: Form = Form {
    path: Path {
        units: 256,
        steps: [1200, 5000],
    },
    seeds: 24,
    flows: 4,
};
const QUICK: Form = Form {
    path: Path {
        units: 100,
        steps: [800, 2500],
    },
    seeds: 6,
    flows: 1,
};

/// A network whose gradient flow was followed.
#[derive(Debug, Clone)]
struct Flown {
    rank: usize,
    /// Largest difference between the overlaps of the network and those that follow by themselves, relative to the largest.
    difference: f64,
    /// Largest relative change of what the flow keeps, in the network.
    kept: f64,
    /// Largest change of an overlap, relative to the largest.
    moved: f64,
    /// The same of discrete descent: largest difference after as long a time at the largest of [`RATES`].
    descent_difference: f64,
    /// Relative change of what the flow keeps, by descent at each of [`RATES`].
    drifts: [f64; 4],
}

/// Networks that have learnt in both orders.
#[derive(Debug, Clone)]
struct Class {
    lengths: memory::Lengths,
    graduates: Vec<Graduate>,
}

impl Experiment for OverlapLearning {
    fn name(&self) -> &'static str {
        "overlaps"
    }

    fn paper(&self) -> Paper {
        Paper {
            citation: "Ger & Barak (2026), Learning reveals invisible structure in low-rank RNNs, arXiv",
            source: "arXiv 2605.04115",
        }
    }

    fn about(&self) -> &'static str {
        "Linear networks of rank 1 and 2, x' = (1 - α) x + α (m nᵀ x + w_in u), z = w_outᵀ x, α = 1/2, N = 256, learn the \
         response of another network to a pulse over 20 time steps: all vectors by gradient descent or gradient flow, their \
         gradient by backpropagation through the time steps of the cell in f64. Beside it the overlaps of these vectors follow \
         by themselves, from closed equations for their Gram matrix, in which no vector occurs. Only the abstract of the paper \
         was at hand: equations, tasks and settings are ours. Gradient flow is integrated by a Runge-Kutta method whose steps \
         follow the error, on the vectors and, apart from them, on the overlaps. For memory, networks of rank 1 learn the tasks A, B and C, or \
         B, A and C, each pair from one draw of its vectors: 1200 steps for A and B each, 5000 for C, learning rate 0.1, until \
         all of them do C alike. A linear decoder then tells the order from numbers of networks that it has not seen, each \
         read with noise of 0.001, so that what is left of the loss tells nothing. The networks are no runs of curricula, since \
         their tasks are responses of networks, and m and n learn N times as fast as the cell's M and N would."
    }

    fn findings(&self) -> &'static str {
        "Why there is memory at all, and when there is none: both follow from what the flow keeps. Every path of learning is \
         V → V T with T a product of the boosts exp(-S dτ), in the group SO(p, q) of p vectors that make activity and q that read \
         it, and the Gram matrix becomes TᵀG T. In rank one with one input and one output, p = q = 2, it has 10 entries, the flow \
         keeps 4, and the response fixes 3 of the 6 that are left: of the other 3 one is the scale of w_outᵀm against nᵀw_in. A \
         product of boosts is a boost times a rotation, and the rotation is what depends on the order.\n\n\
         If all vectors are equally long at first and have small overlaps, (JG)² is a multiple s⁴ of the identity and stays so. \
         Then AᵀA = √(s⁴ + XᵀX) and BᵀB = √(s⁴ + X Xᵀ): rotations change nothing, and what the loss does not see tells no more \
         than what it sees, after any history (a test follows this through three tasks). Three ratios of length were tried, with \
         24 pairs of networks each: recurrent vectors three times as long, equally long, a third as long as the others. Order was \
         told in 1.00, 0.56 and 0.94 of the networks by the exact map of overlaps alone; the numbers that make the response told \
         it in 0.46, 0.46 and 0.48.\n\n\
         Order is told from networks of one law of initial lengths, by means that differ more than the networks do. With existing \
         tasks (flip-flop, moving average, then integration) and lengths as a curriculum draws them, the last task left next to \
         nothing of the order. At a learning rate of 0.2 descent on the longer vectors passes the edge of stability, where \
         rounding errors grow by 10⁸; at 0.1 they grow less than tenfold.\n\n\
         That the numbers which make the response tell the order no better than chance is open for want of networks: 20 of 48 \
         are told rightly, and the interval of that share reaches from 0.29 on, where 0.3 is allowed; 40 of 96 would do."
    }

    fn has_runs(&self) -> bool {
        false
    }

    fn run(
        &self,
        settings: &Settings,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Report, ExperimentError> {
        let form = if settings.is_quick { QUICK } else { FULL };
        let seeds = settings.seeds.unwrap_or(form.seeds) as u64;
        let flows = form.flows.min(seeds as usize) as u64;
        let (done, all) = (
            AtomicUsize::new(0),
            2 * flows as usize + 2 * seeds as usize * LENGTHS.len(),
        );
        let tick = || progress(done.fetch_add(1, Ordering::Relaxed) + 1, all);
        let flown = parallel::try_map(0..2 * flows, |number| {
            let flown = form.flown(1 + (number % 2) as usize, number / 2);
            tick();
            flown
        });
        let flown = flown.map_err(LabError::from)?;
        let classes = LENGTHS
            .into_iter()
            .map(|lengths| {
                let graduates = parallel::try_map(0..2 * seeds, |number| {
                    let order = (number % 2) as usize;
                    let graduate = form.path.graduate(lengths, number / 2, order);
                    tick();
                    graduate
                })?;
                Ok(Class { lengths, graduates })
            })
            .collect::<Result<Vec<Class>, LabError>>()?;
        Ok(report(form, &flown, &classes))
    }
}

impl Form {
    /// Follows the flow of a network on two tasks, one after the other, and descent at several rates for as long.
    fn flown(self, rank: usize, seed: u64) -> Result<Flown, EngineError> {
        let tasks = tasks_of(rank);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let lengths = LENGTHS[0].of;
        let mut network = Network::drawn(shape(rank), self.path.units, lengths, &mut rng);
        let drawn = network.vectors.clone();
        let first = network.overlaps();
        let mut alone = first.clone();
        for task in &tasks {
            network.flow(task, DURATION)?;
            alone.flow(task, DURATION);
        }
        let last = network.overlaps();
        let (descended, drifts) = descents(&first, &tasks);
        network.vectors = drawn;
        for task in &tasks {
            for _ in 0..(DURATION / RATES[0]).round() as usize {
                network.descend(task, RATES[0])?;
            }
        }
        Ok(Flown {
            rank,
            difference: alone.difference(&last),
            kept: drift(&first, &last),
            moved: first.difference(&last),
            descent_difference: descended.difference(&network.overlaps()),
            drifts,
        })
    }
}

/// Two tasks for networks of a rank.
fn tasks_of(rank: usize) -> [Batch; 2] {
    if rank == 1 {
        [FILTERS[0], FILTERS[1]].map(teachers::Filter::batch)
    } else {
        teachers::of_rank_two()
    }
}

/// Where descent at the first of the rates leads, and the drift at each.
fn descents(first: &Overlaps, tasks: &[Batch]) -> (Overlaps, [f64; 4]) {
    let ends = RATES.map(|rate| {
        let mut overlaps = first.clone();
        for task in tasks {
            for _ in 0..(DURATION / rate).round() as usize {
                overlaps.descend(task, rate);
            }
        }
        overlaps
    });
    let drifts = [0, 1, 2, 3].map(|place| drift(first, &ends[place]));
    let [largest, ..] = ends;
    (largest, drifts)
}

/// Largest change of tr (J G)ᵏ, relative to |G|ᵏ in the Frobenius norm.
fn drift(first: &Overlaps, last: &Overlaps) -> f64 {
    let size = first.gram.norm_l2();
    let pairs = first.conserved().into_iter().zip(last.conserved());
    let changes = pairs
        .zip(1..)
        .map(|((a, b), k)| (a - b).abs() / size.powi(k));
    changes.fold(0.0, f64::max)
}
