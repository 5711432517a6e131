//! The attractors of a map, of every kind, and how much of the state space each draws in.
//!
//! `settling` simulates the starts until they rest at fixed points and cycles; `following` follows what does not rest, and
//! says which of it is one motion; `naming` says what that motion is. An `orbit` is what is known of a motion's set, a
//! `cloud` of states.
//!
//! Fixed points and cycles are recognised by convergence, everything else by recurrence: an orbit whose later half
//! lies on its earlier half has filled its set. Two motions are one attractor if each lies on the other's set.

mod cloud;
mod following;
mod naming;
mod orbit;
mod settling;

use super::lyapunov::Lyapunov;
use crate::dynamics::cycles::cycle::Cycle;
use crate::dynamics::cycles::rotation::Rotation;
use crate::map::Map;
use crate::norms::{distance, scale_of};
use crate::statistics::wilson;

use settling::Settled;

pub use orbit::Orbit;

/// Starts that are simulated together.
const BATCH: usize = 64;
/// A state within this distance of an attracting cycle, relative to the largest coordinate (at least 1), has arrived.
const ARRIVED: f64 = 1e-6;
/// Steps from one look at where a state is to the next.
const LOOK: usize = 16;

/// How to look for attractors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Steps before a state is looked at. Default 1000.
    pub burn_in: usize,
    /// Times the burn-in is repeated for states that have not settled. Default 8.
    pub patience: usize,
    /// Longest period that is looked for at every look; longer ones are found where motion is followed. Default 64.
    pub longest_period: usize,
    /// A state beyond this has escaped. Default 10⁶.
    pub runaway: f64,
    /// Steps for which motion that does not settle is followed, and its exponents are taken, at most, in a map of few
    /// dimensions; in larger ones fewer. Default 2¹⁸.
    pub longest_orbit: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            burn_in: 1000,
            patience: 8,
            longest_period: 64,
            runaway: 1e6,
            longest_orbit: 1 << 18,
        }
    }
}

/// Where motion ends.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Attractor {
    /// A fixed point (period 1) or a cycle.
    Cycle(Cycle),
    /// A closed curve, or several that the motion visits in turn.
    Curve {
        /// How many.
        pieces: usize,
        /// Turns in `pieces` steps, around the curve that these lead back to; `None` if the motion does not go round the
        /// middle of that curve in the plane of its two leading principal components.
        rotation: Option<Rotation>,
        /// Its largest exponents, the first 0 within its error, the second negative.
        exponents: Lyapunov,
        /// A motion on it.
        orbit: Orbit,
    },
    /// A torus of two or more dimensions.
    Torus {
        /// Number of exponents that are 0 within their errors.
        dimension: usize,
        /// Its largest exponents, one more than its dimension.
        exponents: Lyapunov,
        /// A motion on it.
        orbit: Orbit,
    },
    /// A chaotic set.
    Chaotic {
        /// Its largest exponents, the first positive.
        exponents: Lyapunov,
        /// A motion on it.
        orbit: Orbit,
    },
    /// Motion that had neither settled nor shown itself as one of the above when patience ended.
    Unsettled {
        /// The motion.
        orbit: Orbit,
    },
}

impl Attractor {
    /// Its name in tables.
    pub fn name(&self) -> String {
        match self {
            Self::Cycle(cycle) if cycle.period() == 1 => "fixed point".to_owned(),
            Self::Cycle(cycle) => format!("{}-cycle", cycle.period()),
            Self::Curve { .. } => "closed curve".to_owned(),
            Self::Torus { .. } => "torus".to_owned(),
            Self::Chaotic { .. } => "chaotic".to_owned(),
            Self::Unsettled { .. } => "unsettled".to_owned(),
        }
    }

    /// States on it: those of the cycle, or up to 400 of a motion on it.
    pub fn states(&self) -> &[Vec<f64>] {
        match self {
            Self::Cycle(cycle) => &cycle.states,
            Self::Curve { orbit, .. }
            | Self::Torus { orbit, .. }
            | Self::Chaotic { orbit, .. }
            | Self::Unsettled { orbit } => orbit.samples(),
        }
    }

    /// The motion on it, if it is no cycle.
    pub fn orbit(&self) -> Option<&Orbit> {
        match self {
            Self::Cycle(_) => None,
            Self::Curve { orbit, .. }
            | Self::Torus { orbit, .. }
            | Self::Chaotic { orbit, .. }
            | Self::Unsettled { orbit } => Some(orbit),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Cycle(a), Self::Cycle(b)) => a.is_same(b),
            _ => false,
        }
    }

    /// Whether it is a fixed point or cycle at which a state has arrived.
    pub fn holds(&self, state: &[f64]) -> bool {
        match self {
            Self::Cycle(cycle) => cycle.states.iter().any(|at| has_arrived(at, state)),
            _ => false,
        }
    }

    /// Whether the motion from a state is on it.
    fn draws<M: Map + ?Sized>(&self, map: &M, state: &[f64]) -> bool {
        match self.orbit() {
            None => self.holds(state),
            Some(orbit) => {
                orbit.is_near(state)
                    && orbit.holds(&following::motion(map, state, orbit.shown_by_steps()))
            }
        }
    }
}

/// An attractor and what it draws in.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Basin {
    /// The attractor.
    pub attractor: Attractor,
    /// Starts that ended there.
    pub hits: usize,
    /// Their share of all starts.
    pub fraction: f64,
    /// 95 % interval of that share (Wilson 1927), if the starts are independent draws of one distribution.
    pub interval: [f64; 2],
}

/// The attractors that the starts led to.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Attractors {
    /// Largest basin first.
    pub basins: Vec<Basin>,
    /// Starts.
    pub n_starts: usize,
    /// Starts whose motion left every bound.
    pub n_escaped: usize,
}

impl Attractors {
    /// With 95 % confidence no attractor that was not seen draws in more than this share (3/n) of the distribution that the
    /// starts are independent draws of.
    pub fn unseen_bound(&self) -> f64 {
        (3.0 / self.n_starts.max(1) as f64).min(1.0)
    }

    /// Place of the attractor that a state ends at within so many steps.
    ///
    /// Looks every 16 steps; `None` also where the state ends at an attractor that is not in the list.
    pub fn reached_from<M: Map + ?Sized>(
        &self,
        map: &M,
        state: &[f64],
        steps: usize,
    ) -> Option<usize> {
        let mut state = state.to_vec();
        let mut next = state.clone();
        for step in 0..=steps {
            if step % LOOK == 0 {
                let mut basins = self.basins.iter();
                let at = basins.position(|basin| basin.attractor.draws(map, &state));
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
/// 1. All starts are simulated through the burn-in, many at once. An end at an attracting cycle that is known counts for it.
///    Another one is tried for a cycle that attracts; if it is none, the simulation goes on, until patience ends.
/// 2. What is left by then is followed until it recurs: motions that lie on each other's sets are one attractor.
/// 3. Each of these has its largest exponents, its pieces and its rotation number computed once: a positive exponent is
///    chaotic; one that is 0 with a negative one behind it is a closed curve.
///
/// `starts` are states of `dim` entries; at least as many as the rarest basin needs (a basin of share s is missed
/// by n starts with probability (1 − s)ⁿ). No starts give no basins.
///
/// ```
/// use creode::dynamics::motion::attractor::{Settings, attractors};
/// use creode::map::Logistic;
///
/// let starts: Vec<Vec<f64>> = (1..20).map(|i| vec![f64::from(i) / 20.0]).collect();
/// let found = attractors(&Logistic { rate: 3.2 }, &starts, &Settings::default());
/// assert_eq!(found.basins.len(), 1);
/// assert_eq!(found.basins[0].attractor.name(), "2-cycle");
/// ```
pub fn attractors<M: Map + ?Sized>(
    map: &M,
    starts: &[Vec<f64>],
    settings: &Settings,
) -> Attractors {
    let mut settled = Settled::default();
    let waiting = settled.settle(map, starts.to_vec(), settings);
    let groups = following::groups(map, waiting, &mut settled, settings);
    let named = naming::named(map, groups, &mut settled, settings);
    let n_starts = starts.len();
    let found = settled.found.into_iter().chain(named);
    let mut basins: Vec<Basin> = found
        .filter(|(_, hits)| *hits > 0)
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
        n_escaped: settled.n_escaped,
    }
}

fn has_arrived(at: &[f64], state: &[f64]) -> bool {
    distance(at, state) <= ARRIVED * scale_of(at)
}

#[cfg(test)]
mod tests;
