//! Starts that come to rest at fixed points and cycles.
//!
//! Batches are worked on one after the other, each in parallel, so that what one finds spares the next the work and
//! the result does not depend on the number of threads.

use super::{ARRIVED, Attractor, BATCH, Settings, has_arrived};
use crate::dynamics::cycles::cycle::{Cycle, settled_on};
use crate::map::Map;
use crate::parallel;

/// The fixed points and cycles that starts have come to rest at, with their numbers, and what became of the others.
#[derive(Debug, Default)]
pub(super) struct Settled {
    pub(super) found: Vec<(Attractor, usize)>,
    pub(super) n_escaped: usize,
}

impl Settled {
    /// Simulates the starts until they are settled, or patience ends; what has not settled.
    pub(super) fn settle<M: Map + ?Sized>(
        &mut self,
        map: &M,
        starts: Vec<Vec<f64>>,
        settings: &Settings,
    ) -> Vec<Vec<f64>> {
        let mut waiting = starts;
        for round in 0..=settings.patience {
            let is_last = round == settings.patience;
            waiting = self.advance(map, &waiting, settings.burn_in, is_last, settings);
        }
        waiting
    }

    /// Simulates states for so many steps and counts those that have settled or escaped by then; the others. The last look
    /// takes an attracting cycle nearby for where a state ends.
    pub(super) fn advance<M: Map + ?Sized>(
        &mut self,
        map: &M,
        states: &[Vec<f64>],
        steps: usize,
        is_last: bool,
        settings: &Settings,
    ) -> Vec<Vec<f64>> {
        let mut states = simulated(map, states, steps);
        states.retain(|state| self.is_bounded(state, settings));
        let mut left = Vec::new();
        while !states.is_empty() {
            // What one batch finds spares the next the work.
            let rest = states.split_off(states.len().min(BATCH));
            let known = &*self;
            let ends = parallel::map(states, |state| known.end_of(map, state, settings, is_last));
            for end in ends {
                match end {
                    End::Known(place) => self.found[place].1 += 1,
                    End::At(cycle) => self.add(*cycle, 1),
                    End::Waiting(state) => left.push(state),
                }
            }
            states = rest;
        }
        left
    }

    /// Whether a state is within bounds; one that is not counts as escaped.
    pub(super) fn is_bounded(&mut self, state: &[f64], settings: &Settings) -> bool {
        let is_bounded = state.iter().all(|x| x.abs() < settings.runaway);
        self.n_escaped += usize::from(!is_bounded);
        is_bounded
    }

    /// Place of the cycle that a state has arrived at.
    pub(super) fn place_of(&self, state: &[f64]) -> Option<usize> {
        self.found.iter().position(|(of, _)| of.holds(state))
    }

    /// Counts states that have ended at a cycle.
    pub(super) fn add(&mut self, cycle: Cycle, hits: usize) {
        let new = Attractor::Cycle(cycle);
        match self.found.iter_mut().find(|(of, _)| of.is_same(&new)) {
            Some((_, count)) => *count += hits,
            None => self.found.push((new, hits)),
        }
    }

    fn end_of<M: Map + ?Sized>(
        &self,
        map: &M,
        state: Vec<f64>,
        settings: &Settings,
        is_last: bool,
    ) -> End {
        if let Some(place) = self.place_of(&state) {
            return End::Known(place);
        }
        match settled_on(map, &state, settings.longest_period) {
            // Motion that ran into an unstable point by chance of rounding.
            Some(cycle) if cycle.spectrum.n_unstable() > 0 && !is_last => {
                End::Waiting(nudged(&state))
            }
            Some(cycle)
                if cycle.spectrum.n_unstable() == 0
                    && (is_last || cycle.states.iter().any(|at| has_arrived(at, &state))) =>
            {
                End::At(Box::new(cycle))
            }
            _ => End::Waiting(state),
        }
    }
}

enum End {
    Known(usize),
    At(Box<Cycle>),
    Waiting(Vec<f64>),
}

fn simulated<M: Map + ?Sized>(map: &M, states: &[Vec<f64>], steps: usize) -> Vec<Vec<f64>> {
    let dim = map.dim();
    let run = |batch: &[Vec<f64>]| {
        let mut states = batch.concat();
        let mut next = vec![0.0; states.len()];
        for _ in 0..steps {
            map.step_batch(&states, &mut next);
            std::mem::swap(&mut states, &mut next);
        }
        let states = states.chunks_exact(dim);
        states.map(<[f64]>::to_vec).collect::<Vec<_>>()
    };
    parallel::map(states.chunks(BATCH), run).concat()
}

/// A state a little aside.
fn nudged(state: &[f64]) -> Vec<f64> {
    let aside =
        |(place, x): (usize, &f64)| x + ARRIVED * x.abs().max(1.0) * (1.0 + place as f64).sin();
    state.iter().enumerate().map(aside).collect()
}
