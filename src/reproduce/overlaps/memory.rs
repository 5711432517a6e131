//! Whether overlaps that the loss does not see tell in which order a network has learnt.

use faer::Mat;
use rand::{Rng, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::gram::Overlaps;
use super::network::Network;
use super::teachers::{FILTERS, Filter, shape};
use crate::statistics::Estimate;
use crate::statistics::decoding::Ridge;
use crate::task::Batch;
use crate::train::engine::EngineError;

/// Learning rate of the networks.
///
/// At 0.2 those with longer recurrent vectors are beyond the edge of stability: rounding errors grow by 10⁸ on the way.
const RATE: f64 = 0.1;
/// Deviation of the noise with which overlaps are read before they are classified, so that what is left of the loss at the end
/// tells nothing.
const READING_NOISE: f64 = 1e-3;
/// Share of the loss at which the first task counts as learnt once more.
const SMALL: f64 = 0.05;
/// Steps of learning it once more at most.
const MOST_STEPS: usize = 4000;

/// Lengths of m, w_in, n and w_out before training, in the mean square.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lengths {
    /// What it is called in tables.
    pub(super) name: &'static str,
    /// The lengths.
    pub(super) of: [f64; 4],
}

/// The recurrent vectors longer than those of input and output, all as long, the recurrent ones shorter.
pub(super) const LENGTHS: [Lengths; 3] = [
    Lengths {
        name: "recurrent vectors longer",
        of: [1.5, 0.5, 1.5, 0.5],
    },
    Lengths {
        name: "all equally long",
        of: [1.0; 4],
    },
    Lengths {
        name: "recurrent vectors shorter",
        of: [0.5, 1.5, 0.5, 1.5],
    },
];

/// How networks learn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path {
    /// Units.
    pub(super) units: usize,
    /// Steps on each of the first two tasks, and on the third.
    pub(super) steps: [usize; 2],
}

/// A network that has learnt three tasks.
#[derive(Debug, Clone)]
pub(super) struct Graduate {
    /// What it was drawn from, shared by both orders.
    pub(super) seed: u64,
    /// 0: the first task before the second; 1: after it.
    pub(super) order: usize,
    /// Loss on the third task at the end.
    pub(super) loss: f64,
    /// Its overlaps at the end.
    pub(super) overlaps: Overlaps,
    /// Largest difference to what the exact map of overlaps gives for the same path, over the largest overlap.
    pub(super) difference: f64,
    /// Steps to learn the first task once more.
    pub(super) again: f64,
}

impl Path {
    /// Trains a network in one of the orders, and beside it the overlaps alone.
    pub(super) fn graduate(
        self,
        lengths: Lengths,
        seed: u64,
        order: usize,
    ) -> Result<Graduate, EngineError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut network = Network::drawn(shape(1), self.units, lengths.of, &mut rng);
        let mut alone = network.overlaps();
        for (task, steps) in self.tasks(order) {
            for _ in 0..steps {
                network.descend(&task, RATE)?;
                alone.descend(&task, RATE);
            }
        }
        let overlaps = network.overlaps();
        let [first, _, third] = FILTERS.map(Filter::batch);
        let mut once_more = overlaps.clone();
        let begun = once_more.loss(&first);
        let again = (0..MOST_STEPS).find(|_| once_more.descend(&first, RATE) < SMALL * begun);
        Ok(Graduate {
            seed,
            order,
            loss: overlaps.loss(&third),
            difference: alone.difference(&overlaps),
            again: again.unwrap_or(MOST_STEPS) as f64,
            overlaps,
        })
    }
}

impl Path {
    /// The tasks in an order, with the steps on each.
    fn tasks(self, order: usize) -> [(Batch, usize); 3] {
        let [mut first, mut second, third] = FILTERS;
        if order == 1 {
            std::mem::swap(&mut first, &mut second);
        }
        let [early, late] = self.steps;
        [(first, early), (second, early), (third, late)].map(|(task, steps)| (task.batch(), steps))
    }

    /// Overlaps every so many steps of the same path, without a network.
    pub(super) fn course(self, first: &Overlaps, order: usize, every: usize) -> Vec<Overlaps> {
        let mut overlaps = first.clone();
        let mut course = vec![first.clone()];
        let mut made = 0;
        for (task, steps) in self.tasks(order) {
            for _ in 0..steps {
                overlaps.descend(&task, RATE);
                made += 1;
                if made % every == 0 {
                    course.push(overlaps.clone());
                }
            }
        }
        course
    }

    /// Overlaps of a network before it learns.
    pub(super) fn drawn(self, lengths: Lengths, seed: u64) -> Overlaps {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Network::drawn(shape(1), self.units, lengths.of, &mut rng).overlaps()
    }
}

impl Graduate {
    /// What the response depends on: nᵀm, w_outᵀm · nᵀw_in, w_outᵀw_in.
    pub(super) fn function(&self) -> [f64; 3] {
        let x = self.overlaps.visible();
        [x[(0, 0)], x[(1, 0)] * x[(0, 1)], x[(1, 1)]]
    }

    /// mᵀm, mᵀw_in, w_inᵀw_in, nᵀn, nᵀw_out, w_outᵀw_out, with the common sign of m and n, which nothing fixes, such that w_outᵀm
    /// is positive.
    pub(super) fn unseen(&self) -> [f64; 6] {
        let sign = self.overlaps.visible()[(1, 0)].signum();
        let [a, b] = self.overlaps.invisible();
        [
            a[(0, 0)],
            sign * a[(0, 1)],
            a[(1, 1)],
            b[(0, 0)],
            sign * b[(0, 1)],
            b[(1, 1)],
        ]
    }
}

/// Share of the networks whose order is decoded from numbers of theirs, by ridge regression from other networks; both orders of
/// a seed are left out together. Each number is read with a little noise.
pub(super) fn accuracy(
    graduates: &[Graduate],
    numbers: impl Fn(&Graduate) -> Vec<f64>,
) -> Estimate {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let rows: Vec<Vec<f64>> = graduates
        .iter()
        .map(|of| {
            let noisy = numbers(of).into_iter();
            noisy
                .map(|x| x + READING_NOISE * normal(&mut rng))
                .collect()
        })
        .collect();
    let width = rows.first().map_or(0, Vec::len);
    let states = Mat::from_fn(rows.len(), width, |i, j| rows[i][j]);
    let orders: Vec<usize> = graduates.iter().map(|of| of.order).collect();
    let seeds: Vec<usize> = graduates.iter().map(|of| of.seed as usize).collect();
    let found = Ridge::default().classify(states.as_ref(), &orders, &seeds);
    let hits = (found.accuracy * graduates.len() as f64).round();
    Estimate::share(hits as usize, graduates.len())
}

fn normal(rng: &mut impl Rng) -> f64 {
    StandardNormal.sample(rng)
}
