//! What kind of attractor a motion that does not settle is on.
//!
//! The sign of the largest exponents decides: (+, …) chaos; (0, −, …) a closed curve; (0, 0, …, −) a torus. A zero
//! exponent is one within its error, and regularity of the averages guards against weak chaos that looks like it.

use super::following::{Group, affordable, group_of_each, motion};
use super::orbit::{OF_A_PIECE, pieces};
use super::settling::Settled;
use super::{Attractor, Orbit, Settings};
use crate::dynamics::cycles::rotation::{Rotation, rotation_number, weighted_birkhoff_average};
use crate::dynamics::motion::lyapunov::{Lyapunov, Stretching};
use crate::map::Map;
use crate::map::iterate::Iterate;
use crate::parallel;

/// Steps of state and frame before exponents are counted.
const BURN_IN: usize = 200;
/// Exponents that are computed.
const EXPONENTS: usize = 4;
/// Steps that they are computed over at the least, and turns.
const LEAST: (usize, f64) = (1 << 14, 32.0);
/// Pieces of a curve that are looked for, at most.
const MOST_PIECES: usize = 64;
/// Parts of the orbit over which averages are compared.
const PARTS: usize = 4;
/// On a quasi-periodic orbit weighted averages of its parts differ by less than this share of the error of the plain ones.
const REGULAR: f64 = 0.1;
/// States on the way that are looked at for whether the motion has gone over to another set.
const STATIONS: usize = 16;

/// The attractors that groups of ends are on, with their numbers. Groups between which motion goes over are one attractor.
/// Where the motion that stands for a group comes to rest after all, its other ends are given as long to do the same.
pub(super) fn named<M: Map + ?Sized>(
    map: &M,
    groups: Vec<Group>,
    settled: &mut Settled,
    settings: &Settings,
) -> Vec<(Attractor, usize)> {
    let known = &*settled;
    let described: Vec<Described> =
        parallel::map(&groups, |group| described(map, group, known, settings));
    let owner = owners(map, &groups, &described);
    let mut hits = vec![0; groups.len()];
    for (place, (group, of)) in groups.iter().zip(&described).enumerate() {
        hits[owner[place]] += match of.rests_at {
            None => 1 + group.ends.len(),
            Some(cycle) => {
                settled.found[cycle].1 += 1;
                let left = settled.advance(map, &group.ends, of.steps, true, settings);
                left.len()
            }
        };
    }
    let all = groups.into_iter().zip(described).zip(hits).enumerate();
    all.filter(|(place, _)| owner[*place] == *place)
        .map(|(_, ((group, of), hits))| (of.kind.into_attractor(group.orbit), hits))
        .collect()
}

/// For each group the one of those that are one attractor with it (motion goes from one to the other) that tells best what it is:
/// one that does not come to rest after all, whose kind is decided, and that motion goes to.
fn owners<M: Map + ?Sized>(map: &M, groups: &[Group], described: &[Described]) -> Vec<usize> {
    let mut owner: Vec<usize> = (0..groups.len()).collect();
    if groups.len() < 2 {
        return owner;
    }
    let orbits: Vec<&Orbit> = groups.iter().map(|group| &group.orbit).collect();
    let goes_to = parallel::map(described, |of| group_of_each(map, &of.stations, &orbits));
    for (place, ends) in goes_to.iter().enumerate() {
        for &end in ends.iter().flatten() {
            if groups[place].is_one && groups[end].is_one {
                let (a, b) = (owner[place], owner[end]);
                let (first, other) = (a.min(b), a.max(b));
                owner
                    .iter_mut()
                    .filter(|of| **of == other)
                    .for_each(|of| *of = first);
            }
        }
    }
    let is_reached = |place: usize| {
        let others = goes_to
            .iter()
            .enumerate()
            .filter(|(from, _)| *from != place);
        others
            .flat_map(|(_, ends)| ends)
            .flatten()
            .any(|&end| end == place)
    };
    let rank = |place: usize| {
        let of = &described[place];
        let is_undecided = matches!(of.kind, Kind::Unsettled);
        (
            of.rests_at.is_some(),
            is_undecided,
            !is_reached(place),
            place,
        )
    };
    let best_of = |first: usize| {
        let members = (0..groups.len()).filter(|&place| owner[place] == first);
        members.min_by_key(|&place| rank(place)).unwrap_or(first)
    };
    owner.iter().map(|&first| best_of(first)).collect()
}

/// What a motion is.
struct Described {
    kind: Kind,
    /// States that it comes through.
    stations: Vec<Vec<f64>>,
    /// Steps that it takes.
    steps: usize,
    /// The known cycle that it comes to rest at after all.
    rests_at: Option<usize>,
}

enum Kind {
    Curve(usize, Option<Rotation>, Lyapunov),
    Torus(usize, Lyapunov),
    Chaotic(Lyapunov),
    Unsettled,
}

impl Kind {
    fn into_attractor(self, orbit: Orbit) -> Attractor {
        match self {
            Self::Curve(pieces, rotation, exponents) => Attractor::Curve {
                pieces,
                rotation,
                exponents,
                orbit,
            },
            Self::Torus(dimension, exponents) => Attractor::Torus {
                dimension,
                exponents,
                orbit,
            },
            Self::Chaotic(exponents) => Attractor::Chaotic { exponents, orbit },
            Self::Unsettled => Attractor::Unsettled { orbit },
        }
    }
}

/// Names the motion of a group.
///
/// 1. Exponents over at least 16 384 steps (a quarter of what can be afforded, if that is less) and 32 turns. A positive one
///    is chaotic.
/// 2. λ₁ = 0 > λ₂ within the errors, and an orbit that recurs: a closed curve, if its rotation number has converged, or if
///    the motion is regular (see [`is_regular`]). Several zeros: a torus.
/// 3. Else the number of steps doubles, as long as that can be afforded.
fn described<M: Map + ?Sized>(
    map: &M,
    group: &Group,
    settled: &Settled,
    settings: &Settings,
) -> Described {
    let orbit = &group.orbit;
    let mut of = Described {
        kind: Kind::Unsettled,
        stations: Vec::new(),
        steps: 0,
        rests_at: None,
    };
    if !group.is_one {
        return of;
    }
    let most = affordable(map.dim(), settings);
    let mut stretching = Stretching::from(map, orbit.last(), EXPONENTS, BURN_IN);
    let turns = (LEAST.1 * orbit.turn_steps()) as usize;
    let mut wanted = LEAST.0.min(most / 4).max(turns).min(most);
    loop {
        while stretching.steps() < wanted {
            let stride = wanted.div_ceil(STATIONS).min(wanted - stretching.steps());
            stretching.advance(stride);
            of.stations.push(stretching.state().to_vec());
        }
        of.steps = stretching.steps();
        of.rests_at = settled.place_of(stretching.state());
        let Some(exponents) = stretching.exponents().filter(|_| of.rests_at.is_none()) else {
            return of;
        };
        if let Some(kind) = kind(map, orbit, &stretching, exponents) {
            return Described { kind, ..of };
        }
        if wanted >= most {
            return of;
        }
        wanted = (2 * wanted).min(most);
    }
}

/// Steps 1 and 2; `None` if it is not decided.
fn kind<M: Map + ?Sized>(
    map: &M,
    orbit: &Orbit,
    stretching: &Stretching<'_, M>,
    exponents: Lyapunov,
) -> Option<Kind> {
    let count = exponents.exponents.len();
    let zeros = (0..count).take_while(|&i| exponents.sign(i) == 0).count();
    match (exponents.sign(0), zeros) {
        (1, _) => Some(Kind::Chaotic(exponents)),
        // Still on its way somewhere.
        (-1, _) => None,
        // All that there are, or more than were computed.
        (_, zeros) if zeros == count => None,
        // It has gone elsewhere.
        _ if !orbit.holds(&motion(map, stretching.state(), orbit.shown_by_steps())) => None,
        (_, 1) if orbit.is_recurrent() => {
            let states = motion(map, stretching.state(), MOST_PIECES * OF_A_PIECE);
            let pieces = pieces(&states, map.dim(), MOST_PIECES);
            let steps = stretching.steps() / pieces;
            let rotation = rotation_number(&Iterate::new(map, pieces), stretching.state(), steps);
            let has_converged = rotation.is_some_and(|rotation| rotation.has_converged());
            let is_curve = has_converged || is_regular(stretching, &exponents, 0);
            is_curve.then_some(Kind::Curve(pieces, rotation, exponents))
        }
        (_, zeros) => {
            let is_torus = zeros > 1
                && (orbit.is_recurrent() || orbit.is_stationary())
                && (0..zeros).all(|i| is_regular(stretching, &exponents, i));
            is_torus.then_some(Kind::Torus(zeros, exponents))
        }
    }
}

/// Whether an exponent is that of quasi-periodic motion, along which weighted averages converge much faster than plain ones:
/// those of the four quarters of the orbit agree ten times better than the error of the plain average of one of them.
fn is_regular<M: Map + ?Sized>(
    stretching: &Stretching<'_, M>,
    exponents: &Lyapunov,
    exponent: usize,
) -> bool {
    let logs = stretching.logs(exponent);
    let parts = logs.chunks_exact((logs.len() / PARTS).max(1));
    let (low, high) = parts
        .map(weighted_birkhoff_average)
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), mean| {
            (low.min(mean), high.max(mean))
        });
    high - low <= REGULAR * PARTS as f64 * exponents.errors[exponent]
}
