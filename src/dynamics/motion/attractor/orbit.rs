//! An orbit as a picture of the set that it fills, and whether other orbits lie on that set.
//!
//! Resolution is measured, not set: the distance of later states to earlier ones tells how finely the set is known,
//! whatever its dimension and size. Sets of high dimension cannot be filled by any orbit of affordable length; of
//! these only means and deviations are compared.

use super::cloud::{Cloud, chosen, mean_and_deviation, quantile, widest};

/// States of an orbit whose distances are taken.
const LOOKED_AT: usize = 256;
/// Share of the states of an orbit that must recur, and of those of another orbit that must be within reach: the others may be
/// rare excursions.
const NEARLY_ALL: (f64, f64) = (0.95, 0.9);
/// Share of the states that a set's reach is measured by.
const ALL_BUT_FREAKS: f64 = 0.99;
/// The later half of an orbit that recurs is no further from the earlier one than this many times what the states of the
/// earlier half are from each other.
const RECURS: f64 = 2.0;
/// A set's states are looked for this far away, in terms of what its own later states are.
const REACH: f64 = 2.0;
/// The typical state of another orbit on the same set is no further from it than this many times all but the furthest tenth
/// of its own.
const TYPICAL: f64 = 1.2;
/// Distances below this share of a set's size are rounding or the last of a transient.
const NOTHING: f64 = 1e-4;
/// A set is resolved if its later states are nearer to its earlier ones than this share of its size.
const RESOLVED: f64 = 0.05;
/// A resolved set has not been filled by an orbit that is smaller than this share of it.
const PART: f64 = 0.3;
/// Sets that are not resolved are told apart by means and deviations that differ by more than this share of the size.
const SAME_MOMENTS: f64 = 0.5;
/// The same for the two halves of one orbit.
const STATIONARY: f64 = 0.1;
/// Steps of another orbit that show whether it lies on the set, as turns and at the least: of a resolved set, and of one
/// whose means and deviations must be known.
const SHOWN: [(f64, usize); 2] = [(2.0, 256), (32.0, 512)];
/// States kept for others to see.
const SAMPLES: usize = 400;

/// The states of one orbit, and how finely they fill the set they lie on.
///
/// All lengths are Euclidean. The orbit is cut in half: how near the later half is to the earlier one says how finely the
/// set is known, whatever its dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct Orbit {
    samples: Vec<Vec<f64>>,
    earlier: Cloud,
    /// `[][dim]`, in order of time.
    later: Vec<f64>,
    /// Nearly all states of the set are within this distance of the earlier half.
    reach: f64,
    /// Half of them are within this.
    typical: f64,
    mean: Vec<f64>,
    deviation: Vec<f64>,
    /// Length of the deviations.
    size: f64,
    is_recurrent: bool,
    turn: f64,
}

impl Orbit {
    /// From the states `[][dim]` of an orbit in order of time, at least eight.
    ///
    /// 1. Distances of later states to the earlier half, and of earlier states to the rest of that half, at places that are
    ///    spread evenly in time and along the path.
    /// 2. The orbit recurs if nearly all of the first are no more than twice nearly all of the second.
    /// 3. A turn is twice the mean time between two passages of the mean, along the coordinate that extends furthest.
    pub(super) fn of(states: &[f64], dim: usize) -> Self {
        let half = states.len() / dim / 2 * dim;
        let (earlier, later) = (Cloud::of(states[..half].to_vec(), dim), &states[half..]);
        let between: Vec<f64> = chosen(later, dim, LOOKED_AT)
            .map(|state| earlier.distance(state))
            .collect();
        let within = earlier.spacings(LOOKED_AT);
        let picked: Vec<&[f64]> = chosen(states, dim, LOOKED_AT).collect();
        let (mean, deviation) = mean_and_deviation(&picked);
        let size = length(&deviation);
        let furthest = |share: f64| quantile(&between, share).max(quantile(&within, share));
        let nothing = NOTHING * size;
        Self {
            is_recurrent: quantile(&between, NEARLY_ALL.0)
                <= RECURS * quantile(&within, NEARLY_ALL.0) + nothing,
            reach: REACH * furthest(ALL_BUT_FREAKS) + nothing,
            typical: TYPICAL * furthest(0.9) + nothing,
            samples: chosen(later, dim, SAMPLES).map(<[f64]>::to_vec).collect(),
            turn: turn(states, dim),
            earlier,
            later: later.to_vec(),
            mean,
            deviation,
            size,
        }
    }

    /// Up to 400 states of it, in order of time, half of them evenly spread in time and half along the path.
    pub fn samples(&self) -> &[Vec<f64>] {
        &self.samples
    }

    /// Whether the later half of the orbit lies on the earlier one, as finely as that is known.
    pub fn is_recurrent(&self) -> bool {
        self.is_recurrent
    }

    /// Whether means and deviations of the two halves agree to a tenth of the size.
    pub(super) fn is_stationary(&self) -> bool {
        let dim = self.earlier.dim();
        let of = |states: &[f64]| {
            mean_and_deviation(&chosen(states, dim, LOOKED_AT).collect::<Vec<&[f64]>>())
        };
        let (first, second) = (of(self.earlier.states()), of(&self.later));
        let near = STATIONARY * self.size;
        difference(&first.0, &second.0) <= near && difference(&first.1, &second.1) <= near
    }

    /// Steps of a turn: between two passages of the mean in the same direction, on average.
    pub fn turn_steps(&self) -> f64 {
        self.turn
    }

    /// Its last state.
    pub(super) fn last(&self) -> &[f64] {
        &self.later[self.later.len() - self.earlier.dim()..]
    }

    /// Whether a state is near the set; a whole orbit says more (see [`holds`](Self::holds)).
    pub(super) fn is_near(&self, state: &[f64]) -> bool {
        self.earlier.distance_within(state, self.reach).is_some()
    }

    /// Steps of another orbit that say whether it lies on the set.
    pub(super) fn shown_by_steps(&self) -> usize {
        let (turns, least) = SHOWN[usize::from(!self.is_resolved())];
        ((turns * self.turn) as usize).max(least)
    }

    /// Whether the states `[][dim]` of another orbit, in order of time, lie on the set: nearly all within its reach, most as
    /// near as its own states, and not all in a small part of it. Where the set is too high-dimensional for its states to be
    /// near each other, means and deviations must agree, too.
    pub(super) fn holds(&self, states: &[f64]) -> bool {
        let dim = self.earlier.dim();
        let picked: Vec<&[f64]> = chosen(states, dim, LOOKED_AT / 4).collect();
        let may_be_off = ((1.0 - NEARLY_ALL.1) * picked.len() as f64) as usize;
        let (mut n_off, mut n_typical) = (0, 0);
        for state in &picked {
            match self.earlier.distance_within(state, self.reach) {
                Some(off) => n_typical += usize::from(off <= self.typical),
                None => n_off += 1,
            }
            if n_off > may_be_off {
                return false;
            }
        }
        if 2 * n_typical < picked.len() {
            return false;
        }
        let (mean, deviation) = mean_and_deviation(&picked);
        if self.is_resolved() {
            return length(&deviation) >= PART * self.size;
        }
        let near = SAME_MOMENTS * self.size;
        difference(&mean, &self.mean) <= near && difference(&deviation, &self.deviation) <= near
    }

    /// Whether two orbits fill one set: each lies on the other.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.holds(&other.later) && other.holds(&self.later)
    }

    fn is_resolved(&self) -> bool {
        self.typical <= RESOLVED * self.size
    }
}

/// Number of pieces that a motion with states `[][dim]`, in order of time, visits in turn, at most `most`: the largest k for
/// which states that are k steps apart recur, and others are never as near to them as they are to each other.
pub(super) fn pieces(states: &[f64], dim: usize, most: usize) -> usize {
    let of = |phase: usize, pieces: usize| -> Vec<f64> {
        let states = states.chunks_exact(dim).skip(phase).step_by(pieces);
        states.flatten().copied().collect()
    };
    let are_apart = |pieces: usize, looks: usize| {
        let first = Cloud::of(of(0, pieces), dim);
        let picked: Vec<&[f64]> = chosen(first.states(), dim, LOOKED_AT).collect();
        let size = length(&mean_and_deviation(&picked).1);
        let gap = (APART.0 * quantile(&first.spacings(looks), 1.0)).max(APART.1 * size);
        (1..pieces).all(|phase| {
            let other = of(phase, pieces);
            let mut states = chosen(&other, dim, looks);
            states.all(|state| first.distance(state) > gap)
        })
    };
    // Near a resonance states that are that many steps apart drift from one to the next.
    let recur = |pieces: usize| Orbit::of(&of(0, pieces), dim).is_recurrent;
    let are_pieces = |&pieces: &usize| {
        are_apart(pieces, GLANCE) && are_apart(pieces, LOOKED_AT) && recur(pieces)
    };
    (2..=most).rev().find(are_pieces).unwrap_or(1)
}

/// States of a piece that show whether it is one.
pub(super) const OF_A_PIECE: usize = 256;
/// States of a piece whose distances are taken first: most numbers of pieces are ruled out by a few.
const GLANCE: usize = 16;
/// Pieces are apart if their states are further than this many times those of one piece, and than this share of its size.
const APART: (f64, f64) = (4.0, 0.05);

/// Step 3.
fn turn(states: &[f64], dim: usize) -> f64 {
    let axis = widest(states, dim);
    let along: Vec<f64> = states.iter().skip(axis).step_by(dim).copied().collect();
    let mean = along.iter().sum::<f64>() / along.len() as f64;
    let passes = |pair: &&[f64]| (pair[0] < mean) != (pair[1] < mean);
    let crossings = along.windows(2).filter(passes).count();
    2.0 * along.len() as f64 / crossings.max(1) as f64
}

fn difference(a: &[f64], b: &[f64]) -> f64 {
    length(&a.iter().zip(b).map(|(x, y)| x - y).collect::<Vec<f64>>())
}

fn length(vector: &[f64]) -> f64 {
    vector.iter().map(|x| x * x).sum::<f64>().sqrt()
}
