//! The attractors of a map, of every kind, and how much of the state space each draws in.

use rayon::prelude::*;

use super::cycle::{Cycle, settled_on};
use super::lyapunov::{Lengths, Lyapunov, Motion, lyapunov};
use super::rotation::{Rotation, rotation_number};
use crate::map::Map;
use crate::norms::{distance, scale_of};
use crate::statistics::wilson;

/// Starts that are simulated together.
const BATCH: usize = 64;
/// States kept of an orbit that is no cycle.
const SAMPLES: usize = 400;
/// A state no further from a set of samples than this share of its size is on it.
const SAME_SET: f64 = 0.1;
/// Two orbits that are no cycles are one attractor if their means differ by less than this share of their standard
/// deviations, and these by less than this share of themselves (lengths over all coordinates).
const SAME_MOMENTS: f64 = 0.5;
/// A state within this distance of an attracting cycle, relative to the largest coordinate (at least 1), has arrived.
const ARRIVED: f64 = 1e-6;

/// How to look for attractors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Steps before a state is looked at. Default 1000.
    pub burn_in: usize,
    /// Times the burn-in is repeated for states that have not settled. Default 8.
    pub patience: usize,
    /// Longest period that counts as a cycle. Default 64.
    pub longest_period: usize,
    /// A state beyond this has escaped. Default 10⁶.
    pub runaway: f64,
    /// Orbit of a motion that does not settle. Default 200 and 4000 steps.
    pub lengths: Lengths,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            burn_in: 1000,
            patience: 8,
            longest_period: 64,
            runaway: 1e6,
            lengths: Lengths {
                burn_in: 200,
                steps: 4000,
            },
        }
    }
}

/// Where motion ends.
#[derive(Debug, Clone, PartialEq)]
pub enum Attractor {
    /// A fixed point (period 1) or a cycle.
    Cycle(Cycle),
    /// A closed curve with quasi-periodic motion.
    Curve {
        /// Turns per step.
        rotation: Rotation,
        /// States on it.
        samples: Vec<Vec<f64>>,
    },
    /// A chaotic set.
    Chaotic {
        /// Its largest exponents, the first positive.
        exponents: Lyapunov,
        /// States on it.
        samples: Vec<Vec<f64>>,
    },
    /// Motion that had neither settled nor shown itself as one of the above when patience ended.
    Unsettled {
        /// States of it.
        samples: Vec<Vec<f64>>,
    },
}

impl Attractor {
    /// Its name in tables.
    pub fn name(&self) -> String {
        match self {
            Self::Cycle(cycle) if cycle.period() == 1 => "fixed point".to_owned(),
            Self::Cycle(cycle) => format!("{}-cycle", cycle.period()),
            Self::Curve { .. } => "closed curve".to_owned(),
            Self::Chaotic { .. } => "chaotic".to_owned(),
            Self::Unsettled { .. } => "unsettled".to_owned(),
        }
    }

    /// States on it: those of the cycle, or samples.
    pub fn states(&self) -> &[Vec<f64>] {
        match self {
            Self::Cycle(cycle) => &cycle.states,
            Self::Curve { samples, .. }
            | Self::Chaotic { samples, .. }
            | Self::Unsettled { samples } => samples,
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Cycle(a), Self::Cycle(b)) => a.is_same(b),
            _ => false,
        }
    }

    /// Whether a state has arrived at it.
    pub fn holds(&self, state: &[f64]) -> bool {
        match self {
            Self::Cycle(cycle) => cycle.states.iter().any(|at| has_arrived(at, state)),
            set => nearest(set.states(), state) <= SAME_SET * size(set.states()),
        }
    }
}

/// An attractor and what it draws in.
#[derive(Debug, Clone, PartialEq)]
pub struct Basin {
    /// The attractor.
    pub attractor: Attractor,
    /// Starts that ended there.
    pub hits: usize,
    /// Their share of all starts.
    pub fraction: f64,
    /// 95 % interval of that share (Wilson 1927).
    pub interval: [f64; 2],
}

/// The attractors that the starts led to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Attractors {
    /// Largest basin first.
    pub basins: Vec<Basin>,
    /// Starts.
    pub n_starts: usize,
    /// Starts whose motion left every bound.
    pub n_escaped: usize,
}

impl Attractors {
    /// With 95 % confidence no attractor that was not seen draws in more than this share (3/n).
    pub fn unseen_bound(&self) -> f64 {
        (3.0 / self.n_starts.max(1) as f64).min(1.0)
    }

    /// Place of the attractor that a state ends at within so many steps.
    pub fn reached_from<M: Map + ?Sized>(
        &self,
        map: &M,
        state: &[f64],
        steps: usize,
    ) -> Option<usize> {
        let mut state = state.to_vec();
        let mut next = state.clone();
        for step in 0..=steps {
            if step % 16 == 0 {
                let at = self
                    .basins
                    .iter()
                    .position(|basin| basin.attractor.holds(&state));
                if at.is_some() {
                    return at;
                }
            }
            map.step(&state, &mut next);
            std::mem::swap(&mut state, &mut next);
        }
        None
    }
}

/// The attractors that given starts lead to, with the shares of their basins under the distribution of the starts.
///
/// 1. All starts are simulated through the burn-in, many at once.
/// 2. An end at an attracting cycle that is known counts for it. Another one is tried for a cycle
///    ([`settled_on`]) that attracts; if it is none, the simulation goes on, until patience ends.
/// 3. What is left by then is merged: orbits of the same means and deviations are one attractor.
/// 4. Each of these has its largest exponents and its rotation number computed once: positive is chaotic; neutral with a
///    rotation number that converges is a closed curve.
pub fn attractors<M: Map + ?Sized>(
    map: &M,
    starts: &[Vec<f64>],
    settings: &Settings,
) -> Attractors {
    let mut found: Vec<(Attractor, usize)> = Vec::new();
    let mut waiting: Vec<Vec<f64>> = starts.to_vec();
    let mut n_escaped = 0;
    for round in 0..=settings.patience {
        waiting = simulated(map, &waiting, settings.burn_in);
        waiting.retain(|state| {
            let is_bounded = state.iter().all(|x| x.abs() < settings.runaway);
            n_escaped += usize::from(!is_bounded);
            is_bounded
        });
        let is_last = round == settings.patience;
        waiting = settle(map, waiting, &mut found, settings, is_last);
    }
    let unsettled: Vec<(Attractor, usize)> = merged(map, waiting)
        .into_par_iter()
        .map(|(samples, hits)| (described(map, samples, settings), hits))
        .collect();
    found.extend(unsettled);
    let n_starts = starts.len();
    let mut basins: Vec<Basin> = found
        .into_iter()
        .map(|(attractor, hits)| Basin {
            attractor,
            hits,
            fraction: hits as f64 / n_starts as f64,
            interval: wilson(hits, n_starts),
        })
        .collect();
    basins.sort_by_key(|basin| std::cmp::Reverse(basin.hits));
    Attractors {
        basins,
        n_starts,
        n_escaped,
    }
}

/// Step 1.
fn simulated<M: Map + ?Sized>(map: &M, states: &[Vec<f64>], steps: usize) -> Vec<Vec<f64>> {
    let dim = map.dim();
    let run = |batch: &[Vec<f64>]| {
        let mut states = batch.concat();
        let mut next = vec![0.0; states.len()];
        for _ in 0..steps {
            map.step_batch(&states, &mut next);
            std::mem::swap(&mut states, &mut next);
        }
        states
            .chunks_exact(dim)
            .map(<[f64]>::to_vec)
            .collect::<Vec<_>>()
    };
    states.par_chunks(BATCH).flat_map_iter(run).collect()
}

/// Step 2; what has not settled.
fn settle<M: Map + ?Sized>(
    map: &M,
    states: Vec<Vec<f64>>,
    found: &mut Vec<(Attractor, usize)>,
    settings: &Settings,
    is_last: bool,
) -> Vec<Vec<f64>> {
    let mut left = Vec::new();
    let mut states = states;
    while !states.is_empty() {
        // What one batch finds spares the next the work.
        let rest = states.split_off(states.len().min(BATCH));
        let known = &*found;
        let ends: Vec<End> = states
            .into_par_iter()
            .map(|state| end_of(map, state, known, settings, is_last))
            .collect();
        for end in ends {
            match end {
                End::Known(place) => found[place].1 += 1,
                End::At(attractor) => {
                    match found.iter_mut().find(|other| other.0.is_same(&attractor)) {
                        Some(same) => same.1 += 1,
                        None => found.push((*attractor, 1)),
                    }
                }
                End::Waiting(state) => left.push(state),
            }
        }
        states = rest;
    }
    left
}

enum End {
    Known(usize),
    At(Box<Attractor>),
    Waiting(Vec<f64>),
}

fn end_of<M: Map + ?Sized>(
    map: &M,
    state: Vec<f64>,
    known: &[(Attractor, usize)],
    settings: &Settings,
    is_last: bool,
) -> End {
    let is_cycle = |of: &Attractor| matches!(of, Attractor::Cycle(_));
    let place = known
        .iter()
        .position(|(of, _)| is_cycle(of) && of.holds(&state));
    if let Some(place) = place {
        return End::Known(place);
    }
    let cycle = settled_on(map, &state, settings.longest_period);
    match cycle {
        // Motion that ran into an unstable point by chance of rounding.
        Some(cycle) if cycle.spectrum.n_unstable() > 0 && !is_last => End::Waiting(nudged(&state)),
        Some(cycle)
            if cycle.spectrum.n_unstable() == 0
                && (is_last || cycle.states.iter().any(|at| has_arrived(at, &state))) =>
        {
            End::At(Box::new(Attractor::Cycle(cycle)))
        }
        _ => End::Waiting(state),
    }
}

/// A state a little aside.
fn nudged(state: &[f64]) -> Vec<f64> {
    let aside =
        |(place, x): (usize, &f64)| x + ARRIVED * x.abs().max(1.0) * (1.0 + place as f64).sin();
    state.iter().enumerate().map(aside).collect()
}

/// Step 3: an orbit of each attractor, with the number of states that led to it.
fn merged<M: Map + ?Sized>(map: &M, states: Vec<Vec<f64>>) -> Vec<(Vec<Vec<f64>>, usize)> {
    let orbits: Vec<(Vec<Vec<f64>>, Moments)> = states
        .into_par_iter()
        .map(|state| {
            let mut samples = vec![state];
            for place in 1..SAMPLES {
                let mut next = vec![0.0; map.dim()];
                map.step(&samples[place - 1], &mut next);
                samples.push(next);
            }
            let moments = Moments::of(&samples);
            (samples, moments)
        })
        .collect();
    let mut sets: Vec<(Vec<Vec<f64>>, Moments, usize)> = Vec::new();
    for (samples, moments) in orbits {
        match sets.iter_mut().find(|set| set.1.is_like(&moments)) {
            Some(set) => set.2 += 1,
            None => sets.push((samples, moments, 1)),
        }
    }
    let without_moments = |(samples, _, hits)| (samples, hits);
    sets.into_iter().map(without_moments).collect()
}

/// Mean and standard deviation of every coordinate.
struct Moments {
    means: Vec<f64>,
    deviations: Vec<f64>,
}

impl Moments {
    fn of(samples: &[Vec<f64>]) -> Self {
        let (count, dim) = (samples.len() as f64, samples.first().map_or(0, Vec::len));
        let mean = |j: usize| samples.iter().map(|x| x[j]).sum::<f64>() / count;
        let means: Vec<f64> = (0..dim).map(mean).collect();
        let square = |j: usize| {
            samples
                .iter()
                .map(|x| (x[j] - means[j]).powi(2))
                .sum::<f64>()
        };
        Self {
            deviations: (0..dim).map(|j| (square(j) / count).sqrt()).collect(),
            means,
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        let length = |values: &[f64]| values.iter().map(|x| x * x).sum::<f64>().sqrt();
        let between = |a: &[f64], b: &[f64]| {
            length(&a.iter().zip(b).map(|(x, y)| x - y).collect::<Vec<f64>>())
        };
        let near = SAME_MOMENTS * length(&self.deviations).min(length(&other.deviations));
        between(&self.means, &other.means) <= near
            && between(&self.deviations, &other.deviations) <= near
    }
}

/// Step 4.
fn described<M: Map + ?Sized>(map: &M, samples: Vec<Vec<f64>>, settings: &Settings) -> Attractor {
    let state = &samples[0];
    let exponents = lyapunov(map, state, 2, settings.lengths);
    let rotation = rotation_number(map, state, settings.lengths.steps);
    match (exponents, rotation) {
        (Some(exponents), _) if exponents.motion() == Motion::Chaotic => {
            Attractor::Chaotic { exponents, samples }
        }
        (Some(_), Some(rotation)) if rotation.spread < 1e-7 => {
            Attractor::Curve { rotation, samples }
        }
        _ => Attractor::Unsettled { samples },
    }
}

fn has_arrived(at: &[f64], state: &[f64]) -> bool {
    distance(at, state) <= ARRIVED * scale_of(at)
}

fn nearest(set: &[Vec<f64>], state: &[f64]) -> f64 {
    set.iter()
        .map(|other| distance(other, state))
        .fold(f64::INFINITY, f64::min)
}

/// Half the extent of a set along the coordinate that it extends furthest in.
fn size(set: &[Vec<f64>]) -> f64 {
    let dim = set.first().map_or(0, Vec::len);
    let extent = |j: usize| {
        let values = set.iter().map(|state| state[j]);
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
            (low.min(x), high.max(x))
        });
        0.5 * (high - low)
    };
    (0..dim).map(extent).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;
    use crate::dynamics::starts::simulated as simulated_starts;
    use crate::map::{Henon, Logistic};

    fn line(count: usize) -> Vec<Vec<f64>> {
        let at = |i: usize| vec![(i as f64 + 0.5) / count as f64];
        (0..count).map(at).collect()
    }

    #[test]
    fn two_memories_share_the_line_as_symmetry_demands() {
        let map = CellMap::vanilla(&[2.0], vec![0.0]);
        let starts: Vec<Vec<f64>> = line(200).iter().map(|x| vec![2.0 * x[0] - 1.0]).collect();
        let found = attractors(&map, &starts, &Settings::default());
        assert_eq!((found.basins.len(), found.n_escaped), (2, 0));
        for basin in &found.basins {
            assert_eq!((basin.hits, basin.fraction), (100, 0.5));
            assert!(basin.interval[0] < 0.44 && basin.interval[1] > 0.56);
            assert_eq!(basin.attractor.name(), "fixed point");
        }
        assert!((found.unseen_bound() - 0.015).abs() < 1e-15);
    }

    #[test]
    fn the_logistic_map_goes_from_point_to_cycle_to_chaos() {
        let name = |rate: f64| {
            let found = attractors(&Logistic { rate }, &line(40), &Settings::default());
            assert_eq!(found.basins.len(), 1, "{rate}");
            found.basins[0].attractor.name()
        };
        assert_eq!(name(2.8), "fixed point");
        assert_eq!(name(3.2), "2-cycle");
        assert_eq!(name(3.5), "4-cycle");
        assert_eq!(name(3.835), "3-cycle");
        assert_eq!(name(3.9), "chaotic");
    }

    #[test]
    fn a_rotating_network_has_a_closed_curve() {
        let (sin, cos) = 1.0_f64.sin_cos();
        let map = CellMap::vanilla(&[cos, -sin, sin, cos].map(|w| 1.3 * w), vec![0.0; 2]);
        let found = attractors(
            &map,
            &simulated_starts(&map, 60, 0.5, 4),
            &Settings::default(),
        );
        assert_eq!(found.basins.len(), 1);
        let Attractor::Curve { rotation, .. } = &found.basins[0].attractor else {
            panic!("{:?}", found.basins[0].attractor.name());
        };
        assert!((rotation.number - 0.160_061_813_591_69).abs() < 1e-8);
    }

    #[test]
    fn henon_map_loses_starts_to_infinity() {
        let starts: Vec<Vec<f64>> = (0..100)
            .map(|i| vec![f64::from(i % 10) * 0.4 - 2.0, f64::from(i / 10) * 0.4 - 2.0])
            .collect();
        let found = attractors(&Henon { a: 1.4, b: 0.3 }, &starts, &Settings::default());
        assert!(found.n_escaped > 10 && found.basins.len() == 1);
        assert_eq!(found.basins[0].attractor.name(), "chaotic");
        assert_eq!(found.basins[0].hits + found.n_escaped, 100);
    }
}
