//! An attractor of any kind, followed along s by simulation until it is gone.
//!
//! Nothing is solved for here: the attractor is whatever motion does, so cycles, curves and chaotic sets are
//! followed alike, as long as they attract.

use crate::map::{Family, Map};
use crate::norms::{distance, largest, scale_of};

/// States that a cover holds at most.
const MOST_STATES: usize = 400;
/// Spacing of the finest cover, relative to the size of what it covers.
const FINEST: f64 = 1e-3;
/// A state this many spacings, and this share of the size, from every state of a cover has left it.
const REACH: (f64, f64) = (3.0, 0.02);
/// Motion that moves by less than this in a step, relative to the largest coordinate (at least 1), is at rest.
const REST: f64 = 1e-10;
/// Shortest step in s, relative to the whole way.
const RESOLVED: f64 = 1e-9;
/// Places along s that are looked at, at most.
const MOST_PLACES: usize = 600;
/// An attractor that is smaller than this share of the size it had has shrunk to a point, or spends the window in one
/// place.
const SHRUNK: f64 = 0.05;
/// Share of a cover that must be on another for the set to be still as large.
const FILLED: f64 = 0.9;

/// How to follow an attractor and measure it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Steps of s on the way. Default 32.
    pub stations: usize,
    /// Time steps before anything is looked at. Default 4000.
    pub settle: usize,
    /// Time steps that are then looked at. Default 20 000.
    pub window: usize,
    /// A state beyond this has escaped. Default 10⁶.
    pub runaway: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            stations: 32,
            settle: 4000,
            window: 20_000,
            runaway: 1e6,
        }
    }
}

/// States of a set, no two closer than a spacing, and every state of the set within a spacing of one of them.
#[derive(Debug, Clone)]
pub(in crate::landscape) struct Cover {
    /// By rising first coordinate.
    states: Vec<Vec<f64>>,
    spacing: f64,
    /// Half the extent of the set along the coordinate that it extends furthest in.
    pub(in crate::landscape) size: f64,
}

impl Cover {
    /// Of states `[][dim]`, as fine as 400 states allow.
    fn of(orbit: &[f64], dim: usize) -> Self {
        let extent = |j: usize| {
            let values = orbit.iter().skip(j).step_by(dim);
            let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| {
                (low.min(x), high.max(x))
            });
            0.5 * (high - low)
        };
        let size = (0..dim).map(extent).fold(0.0, f64::max);
        let mut cover = Self {
            states: Vec::new(),
            spacing: FINEST * size,
            size,
        };
        for state in orbit.chunks_exact(dim) {
            cover.take(state);
        }
        cover
    }

    fn take(&mut self, state: &[f64]) {
        if self.is_within(state, self.spacing) {
            return;
        }
        let place = self.states.partition_point(|other| other[0] < state[0]);
        self.states.insert(place, state.to_vec());
        if self.states.len() > MOST_STATES {
            self.spacing *= 2.0;
            for state in std::mem::take(&mut self.states) {
                self.take(&state);
            }
        }
    }

    fn is_within(&self, state: &[f64], reach: f64) -> bool {
        let low = state[0] - reach;
        let first = self.states.partition_point(|other| other[0] < low);
        let near = self.states[first..].iter();
        near.take_while(|other| other[0] <= state[0] + reach)
            .any(|other| distance(other, state) <= reach)
    }

    /// Whether a state is on the set, or very near.
    pub(in crate::landscape) fn holds(&self, state: &[f64]) -> bool {
        self.is_within(state, (REACH.0 * self.spacing).max(REACH.1 * self.size))
    }

    /// Share of the states of another cover that it holds.
    fn share(&self, other: &Self) -> f64 {
        let held = other.states.iter().filter(|state| self.holds(state));
        held.count() as f64 / other.states.len().max(1) as f64
    }

    /// About as many states of it as asked for, spread over it.
    pub(in crate::landscape) fn some(&self, count: usize) -> impl Iterator<Item = &[f64]> {
        let every = self.states.len().div_ceil(count).max(1);
        self.states.iter().step_by(every).map(Vec::as_slice)
    }
}

/// A moving attractor at one s.
#[derive(Debug, Clone)]
pub(in crate::landscape) struct Seen {
    pub(in crate::landscape) s: f64,
    /// A state on it.
    pub(in crate::landscape) state: Vec<f64>,
    pub(in crate::landscape) cover: Cover,
}

/// The end of an attractor.
#[derive(Debug)]
pub(in crate::landscape) struct Death {
    /// The attractor where it was last seen.
    pub(in crate::landscape) alive: Seen,
    /// Where it is gone, beyond.
    pub(in crate::landscape) dead: f64,
    /// The s where it was seen, with a state on it, from the first to the last.
    pub(in crate::landscape) trail: Vec<(f64, Vec<f64>)>,
}

impl Death {
    /// Between the place where it was last seen and the one where it is gone.
    pub(in crate::landscape) fn middle(&self) -> f64 {
        0.5 * (self.alive.s + self.dead)
    }
}

/// Takes so many steps, with a look at each state; the last state, or `None` as soon as the look says no or the motion
/// leaves every bound.
pub(in crate::landscape) fn run<M: Map + ?Sized>(
    map: &M,
    start: &[f64],
    steps: usize,
    runaway: f64,
    mut look: impl FnMut(&[f64], &[f64]) -> bool,
) -> Option<Vec<f64>> {
    let mut state = start.to_vec();
    let mut next = state.clone();
    for _ in 0..steps {
        map.step(&state, &mut next);
        // A state that is not a number is in no bound, either.
        if !next.iter().all(|x| x.abs() < runaway) || !look(&state, &next) {
            return None;
        }
        std::mem::swap(&mut state, &mut next);
    }
    Some(state)
}

/// The motion from a state, if it goes on moving and, where covers are given, stays on one or the other.
fn seen<M: Map + ?Sized>(
    map: &M,
    s: f64,
    start: &[f64],
    on: &[&Cover],
    settings: &Settings,
) -> Option<Seen> {
    let stays = |next: &[f64]| on.is_empty() || on.iter().any(|cover| cover.holds(next));
    let settled = run(map, start, settings.settle, settings.runaway, |_, next| {
        stays(next)
    })?;
    let mut orbit = Vec::with_capacity(settings.window * start.len());
    let mut speed = 0.0;
    let look = |state: &[f64], next: &[f64]| {
        orbit.extend_from_slice(next);
        speed = distance(state, next);
        stays(next)
    };
    let state = run(map, &settled, settings.window, settings.runaway, look)?;
    (speed > REST * scale_of(&state)).then(|| Seen {
        s,
        cover: Cover::of(&orbit, state.len()),
        state,
    })
}

/// Follows the attractor that a state leads to from one s towards another until it is gone: the motion comes to rest,
/// leaves every bound, or strays from where the attractor was a little before. `None` if it reaches the end, or is at
/// rest from the beginning.
///
/// 1. s goes on by 1/32 of the way; from the last state the motion is simulated there and compared with a cover of the
///    attractor at the last s.
/// 2. If it is not there, or is less than a twentieth of the size that it had, the step is halved, else it grows by
///    half: a set that moves continuously is found again if the step is small enough, one that is gone is not. A step
///    of 10⁻⁹ of the way that fails ends it.
/// 3. A state may also lie on an older cover, which is replaced when the attractor still fills nine tenths of it or one
///    and a half steps further on: so a resonance, where the motion visits few states of a curve, and a window of
///    periodic motion narrower than a step do not end anything.
pub(in crate::landscape) fn pursue<F: Family + ?Sized>(
    family: &F,
    start: &[f64],
    (from, to): (f64, f64),
    settings: &Settings,
) -> Option<Death> {
    let mut alive = seen(&family.at(from), from, start, &[], settings)?;
    let mut older = (from, alive.cover.clone());
    let mut largest = alive.cover.size;
    let mut trail = vec![(from, alive.state.clone())];
    let longest = (to - from).abs() / settings.stations as f64;
    let mut step = longest;
    for _ in 0..MOST_PLACES {
        if alive.s == to {
            return None;
        }
        let left = (to - alive.s).abs();
        let next = if left <= 1.001 * step {
            to
        } else {
            alive.s + step.copysign(to - from)
        };
        let covers = [&alive.cover, &older.1];
        let there = seen(&family.at(next), next, &alive.state, &covers, settings)
            .filter(|there| there.cover.size >= SHRUNK * largest);
        match there {
            Some(there) => {
                largest = largest.max(there.cover.size);
                let is_far = (next - older.0).abs() >= 1.5 * longest;
                if is_far || there.cover.share(&older.1) >= FILLED {
                    older = (next, there.cover.clone());
                }
                trail.push((next, there.state.clone()));
                alive = there;
                step = (1.5 * step).min(longest);
            }
            None if step <= RESOLVED * (to - from).abs() => {
                return Some(Death {
                    alive,
                    dead: next,
                    trail,
                });
            }
            None => step *= 0.5,
        }
    }
    None
}

/// Where the motion from a state rests, if it comes to rest within the settling time and the window.
pub(in crate::landscape) fn rest<M: Map + ?Sized>(
    map: &M,
    start: &[f64],
    settings: &Settings,
) -> Option<Vec<f64>> {
    let mut speed = f64::INFINITY;
    let steps = settings.settle + settings.window;
    let state = run(map, start, steps, settings.runaway, |state, next| {
        speed = distance(state, next);
        true
    })?;
    (speed <= REST * largest(&state).max(1.0)).then_some(state)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::map::LogisticFamily;

    #[test]
    fn a_cover_holds_its_set_and_not_what_is_beside_it() {
        let orbit: Vec<f64> = (0..20_000)
            .flat_map(|t| {
                let (sin, cos) = f64::from(t).sin_cos();
                [cos, sin]
            })
            .collect();
        let cover = Cover::of(&orbit, 2);
        assert!((cover.size - 1.0).abs() < 1e-6 && cover.states.len() <= MOST_STATES);
        assert!(cover.holds(&[0.6, 0.8]) && !cover.holds(&[0.5, 0.7]) && !cover.holds(&[1.2, 0.0]));
        assert!(cover.some(50).count() >= 40);
    }

    /// The cycle of period 3 is born in a fold at r = 1 + √8: backwards it ends there.
    #[test]
    fn a_cycle_is_followed_to_the_fold_that_it_ends_at() {
        let death = pursue(&LogisticFamily, &[0.5], (3.84, 3.8), &Settings::default()).unwrap();
        let fold = 1.0 + 8.0_f64.sqrt();
        assert!((death.middle() - fold).abs() < 1e-6, "{}", death.middle());
        assert!(death.alive.s > death.dead && death.trail.len() > 5);
        // Through a cascade of period doublings, which does not end it, to the crisis of the window.
        let death = pursue(&LogisticFamily, &[0.5], (3.83, 3.9), &Settings::default()).unwrap();
        assert!((death.middle() - 3.8568).abs() < 1e-4, "{}", death.middle());
    }
}
