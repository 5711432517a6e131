//! Which fixed points are memories, and which saddles lie between two of them.

use super::super::trained::{Course, landscape};
use crate::cell::map::{CellMap, Readout};
use crate::cell::parameters::Parameters;
use crate::dynamics::motion::manifold::reached;
use crate::dynamics::points::search::{FixedPoint, Known, SlowPoint};
use crate::lab::LabError;

/// Lines of the task.
pub(super) const BITS: usize = 3;
/// Combinations of their signs: bit k of a memory's number is set where line k is positive.
pub(super) const MEMORIES: usize = 1 << BITS;
/// Changes of one bit, there and back counted once.
pub(super) const EDGES: usize = BITS * MEMORIES / 2;
/// An output this close to its target is right, as in the score of the task.
const RIGHT: f64 = 0.5;
/// Seed of the directions in which unstable manifolds of more than one dimension are entered.
const MANIFOLD_SEED: u64 = 0;

/// A network without input: its fixed and slow points, and which of them are memories.
#[derive(Debug, Clone)]
pub(super) struct Landscape {
    /// The network.
    pub(super) map: CellMap,
    /// What it puts out.
    pub(super) readout: Readout,
    /// Fixed points.
    pub(super) points: Vec<FixedPoint>,
    /// Minima of q that are no fixed points.
    pub(super) slow: Vec<SlowPoint>,
    /// Place among the fixed points of the stable one that puts out each memory.
    pub(super) memories: [Option<usize>; MEMORIES],
}

/// A saddle with one unstable direction whose manifold ends in two memories that differ in one bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mediator {
    /// Its place among the fixed points.
    pub(super) point: usize,
    /// The memory in which the bit is not set.
    pub(super) lower: usize,
    /// The bit that it passes.
    pub(super) bit: usize,
}

impl Landscape {
    /// Searches from given starts, and from the points of a neighbouring network.
    pub(super) fn search(
        course: &Course,
        parameters: &Parameters<f32>,
        known: &[Known<'_>],
        starts: &[Vec<f64>],
    ) -> Result<Self, LabError> {
        let map = course.map(parameters, &[0.0; BITS]);
        let found = landscape(&map, known, starts, 0)?;
        Ok(Self::new(
            map,
            Readout::of(&parameters.cast()),
            found.fixed_points,
            found.slow_points,
        ))
    }

    /// Names the memories among the points of a network.
    pub(super) fn new(
        map: CellMap,
        readout: Readout,
        points: Vec<FixedPoint>,
        slow: Vec<SlowPoint>,
    ) -> Self {
        let mut of = Self {
            map,
            readout,
            points,
            slow,
            memories: [None; MEMORIES],
        };
        for place in (0..of.points.len()).rev() {
            let point = &of.points[place];
            let memory = of.memory_at(&point.state);
            if let Some(memory) = memory.filter(|_| point.is_stable()) {
                of.memories[memory] = Some(place);
            }
        }
        of
    }

    /// The memory that the network puts out in a state; `None` where an output is not right.
    pub(super) fn memory_at(&self, state: &[f64]) -> Option<usize> {
        memory_of(&self.readout.output(&self.map.cell().features(state)))
    }

    /// The state of a memory.
    pub(super) fn state_of(&self, memory: usize) -> Option<&[f64]> {
        self.memories[memory].map(|place| &self.points[place].state[..])
    }

    /// Fixed points with 0, 1, 2, … unstable directions; the last number is of those with more than one for each bit.
    pub(super) fn counts(&self) -> [usize; BITS + 2] {
        let mut counts = [0; BITS + 2];
        for point in &self.points {
            counts[point.spectrum.n_unstable().min(BITS + 1)] += 1;
        }
        counts
    }

    /// The saddles with one unstable direction of which both branches of the unstable manifold end in two memories that differ
    /// in exactly one bit.
    pub(super) fn mediators(&self) -> Result<Vec<Mediator>, LabError> {
        let of_kind = |n_unstable: usize| -> Vec<usize> {
            let places = 0..self.points.len();
            places
                .filter(|&at| self.points[at].spectrum.n_unstable() == n_unstable)
                .collect()
        };
        let (stable, saddles) = (of_kind(0), of_kind(1));
        let states = |places: &[usize]| -> Vec<&[f64]> {
            let state = |&at: &usize| &self.points[at].state[..];
            places.iter().map(state).collect()
        };
        let ends = reached(
            &self.map,
            &states(&saddles),
            &states(&stable),
            MANIFOLD_SEED,
        );
        let ends = ends.map_err(|source| LabError::Analysis {
            checkpoint: 0,
            source,
        })?;
        let memory = |end: usize| self.memories.iter().position(|of| *of == Some(stable[end]));
        let mediator = |(point, ends): (usize, Vec<usize>)| {
            let &[a, b] = &ends[..] else { return None };
            let (a, b) = (memory(a)?, memory(b)?);
            ((a ^ b).is_power_of_two()).then(|| Mediator {
                point,
                lower: a.min(b),
                bit: (a ^ b).trailing_zeros() as usize,
            })
        };
        Ok(saddles.into_iter().zip(ends).filter_map(mediator).collect())
    }
}

/// The memory that outputs stand for; `None` where one of them is not within half of +1 or −1.
pub(super) fn memory_of(outputs: &[f64]) -> Option<usize> {
    let is_right = outputs.iter().all(|z| (z.abs() - 1.0).abs() < RIGHT);
    let bits = outputs.iter().enumerate();
    is_right.then(|| bits.map(|(bit, z)| usize::from(*z > 0.0) << bit).sum())
}

/// How many of the changes of one bit have at least one mediator.
pub(super) fn mediated(mediators: &[Mediator]) -> usize {
    let mut edges: Vec<(usize, usize)> = mediators.iter().map(|of| (of.lower, of.bit)).collect();
    edges.sort_unstable();
    edges.dedup();
    edges.len()
}
