//! Motion that does not come to rest: followed until it recurs, and told apart.
//!
//! How long an orbit may be followed is counted in multiplications, dim² a step, so that small maps get 2¹⁸ steps
//! and large ones fewer.

use super::settling::Settled;
use super::{Orbit, Settings};
use crate::dynamics::cycles::cycle::{Cycle, settled_on, settled_orbit};
use crate::dynamics::motion::lyapunov::{Lengths, Motion, lyapunov};
use crate::map::Map;
use crate::parallel;

/// Steps after which an orbit is first looked at, and from which on it may be chaotic without having recurred.
const LOOKS: (usize, usize) = (2048, 8192);
/// Steps of the exponent that says so.
const QUICK: Lengths = Lengths {
    burn_in: 200,
    steps: 4000,
};
/// Motions that are followed and told apart, at most; what lies on none of them is left together.
const MOST_GROUPS: usize = 32;
/// States whose motion is simulated together.
const TOGETHER: usize = 8;
/// What a step costs beside the multiplications of a matrix with a vector, in such.
const OVERHEAD: usize = 1000;
/// Multiplications that one orbit may cost.
const MOST_WORK: usize = 2_000_000_000;
/// Steps that are affordable in any map.
const LEAST_STEPS: usize = 8192;

/// Ends that are one motion.
pub(super) struct Group {
    /// That of the one that was followed.
    pub(super) orbit: Orbit,
    /// The others.
    pub(super) ends: Vec<Vec<f64>>,
    /// Whether all of it is known to be one motion.
    pub(super) is_one: bool,
}

/// Steps that an orbit of a map of so many dimensions may take: 2¹⁸ of few, 8192 at the least.
pub(super) fn affordable(dim: usize, settings: &Settings) -> usize {
    let steps = MOST_WORK / (dim * dim + OVERHEAD);
    settings.longest_orbit.min(steps.max(LEAST_STEPS))
}

/// The states `[][dim]` that motion from a state goes through, the first one not among them.
pub(super) fn motion<M: Map + ?Sized>(map: &M, state: &[f64], steps: usize) -> Vec<f64> {
    let mut states = Vec::with_capacity(steps * state.len());
    extend(map, state, &mut states, steps);
    states
}

fn extend<M: Map + ?Sized>(map: &M, first: &[f64], states: &mut Vec<f64>, steps: usize) {
    let dim = first.len();
    for _ in 0..steps {
        let length = states.len();
        states.resize(length + dim, 0.0);
        let (before, next) = states.split_at_mut(length);
        let from = if length == 0 {
            first
        } else {
            &before[length - dim..]
        };
        map.step(from, next);
    }
}

/// Ends of simulations that have not settled, sorted by what motion they are.
///
/// 1. The first of them is followed (see [`followed`]).
/// 2. If its orbit is that of no other group, it is a new one, to which all ends belong whose motion lies on its set.
/// 3. If it has become that of another group only by being followed, the ends that are left had too little time: they are
///    simulated for as long, and looked at again after 2,048 steps and then at doubling numbers.
/// 4. From 1 with the first of those that are left.
pub(super) fn groups<M: Map + ?Sized>(
    map: &M,
    ends: Vec<Vec<f64>>,
    settled: &mut Settled,
    settings: &Settings,
) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut ends = ends;
    let mut had = 0;
    while !ends.is_empty() && groups.len() < MOST_GROUPS {
        let first = ends.remove(0);
        let (fate, steps) = followed(map, &first, settled, settings);
        let orbit = match fate {
            Fate::Escaped => {
                settled.n_escaped += 1;
                continue;
            }
            Fate::Known(place) => {
                settled.found[place].1 += 1;
                None
            }
            Fate::At(cycle) => {
                settled.add(*cycle, 1);
                None
            }
            Fate::Moves(orbit) => Some(orbit),
        };
        let same = orbit
            .as_ref()
            .and_then(|orbit| groups.iter().position(|group| group.orbit.is_same(orbit)));
        match (orbit, same) {
            (Some(orbit), None) => {
                groups.push(Group {
                    orbit: *orbit,
                    ends: Vec::new(),
                    is_one: true,
                });
                let last = groups.len() - 1;
                ends = joined(map, ends, &mut groups[last..]);
            }
            (_, same) => {
                if let Some(place) = same {
                    groups[place].ends.push(first);
                }
                while had < steps && !ends.is_empty() {
                    let more = had.max(LOOKS.0).min(steps - had);
                    ends = settled.advance(map, &ends, more, true, settings);
                    ends = joined(map, ends, &mut groups);
                    had += more;
                }
            }
        }
    }
    if !ends.is_empty() {
        let first = ends.remove(0);
        groups.push(Group {
            orbit: Orbit::of(&motion(map, &first, LOOKS.0), map.dim()),
            ends,
            is_one: false,
        });
    }
    groups
}

/// Gives the ends to the groups whose sets their motion lies on; the others.
fn joined<M: Map + ?Sized>(map: &M, ends: Vec<Vec<f64>>, groups: &mut [Group]) -> Vec<Vec<f64>> {
    let places: Vec<Option<usize>> = {
        let orbits: Vec<&Orbit> = groups.iter().map(|group| &group.orbit).collect();
        let of = |batch: &[Vec<f64>]| group_of_each(map, batch, &orbits);
        parallel::map(ends.chunks(TOGETHER), of).concat()
    };
    let mut left = Vec::new();
    for (end, place) in ends.into_iter().zip(places) {
        match place {
            Some(place) => groups[place].ends.push(end),
            None => left.push(end),
        }
    }
    left
}

/// For each of a few states the place of the orbit that its motion lies on.
pub(super) fn group_of_each<M: Map + ?Sized>(
    map: &M,
    states: &[Vec<f64>],
    orbits: &[&Orbit],
) -> Vec<Option<usize>> {
    let dim = map.dim();
    let steps = orbits.iter().map(|orbit| orbit.shown_by_steps()).max();
    let mut motions = vec![Vec::new(); states.len()];
    let mut here = states.concat();
    let mut next = here.clone();
    for _ in 0..steps.unwrap_or(0) {
        map.step_batch(&here, &mut next);
        std::mem::swap(&mut here, &mut next);
        for (motion, state) in motions.iter_mut().zip(here.chunks_exact(dim)) {
            motion.extend_from_slice(state);
        }
    }
    let on = |motion: &Vec<f64>| {
        orbits
            .iter()
            .position(|orbit| orbit.holds(&motion[..orbit.shown_by_steps() * dim]))
    };
    motions.iter().map(on).collect()
}

/// What becomes of motion that is followed.
enum Fate {
    Escaped,
    /// It comes to rest at a known cycle.
    Known(usize),
    /// It comes to rest at another one.
    At(Box<Cycle>),
    Moves(Box<Orbit>),
}

/// Follows the motion from a state, with the number of steps that it took.
///
/// 1. The number of steps doubles until the orbit recurs, or the motion has come to rest.
/// 2. A cycle of any length is found by the last state's return to itself.
/// 3. Motion in many dimensions does not recur within any time: it is enough that it is clearly chaotic.
fn followed<M: Map + ?Sized>(
    map: &M,
    state: &[f64],
    settled: &mut Settled,
    settings: &Settings,
) -> (Fate, usize) {
    let dim = map.dim();
    let most = affordable(dim, settings);
    let mut states = Vec::new();
    let mut steps = LOOKS.0.min(most);
    loop {
        let so_far = states.len() / dim;
        extend(map, state, &mut states, steps - so_far);
        let last = &states[states.len() - dim..];
        if !last.iter().all(|x| x.abs() < settings.runaway) {
            return (Fate::Escaped, steps);
        }
        if let Some(place) = settled.place_of(last) {
            return (Fate::Known(place), steps);
        }
        let cycle = settled_on(map, last, settings.longest_period);
        let cycle = cycle.filter(|cycle| cycle.spectrum.n_unstable() == 0);
        if let Some(cycle) = cycle.or_else(|| settled_orbit(map, &states)) {
            return (Fate::At(Box::new(cycle)), steps);
        }
        let orbit = Orbit::of(&states, dim);
        let is_chaotic = || {
            steps >= LOOKS.1
                && lyapunov(map, last, 1, QUICK).is_some_and(|l| l.motion() == Motion::Chaotic)
        };
        if orbit.is_recurrent() || steps >= most || is_chaotic() {
            return (Fate::Moves(Box::new(orbit)), steps);
        }
        steps = (2 * steps).min(most);
    }
}
