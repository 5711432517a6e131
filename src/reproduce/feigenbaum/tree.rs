//! Attractors as a parameter nears the end of a cascade, with both rescaled so that all cascades should look the same.

use super::cascades::{Cascade, System};

/// The doubling with which a tree begins.
const FIRST: usize = 3;
/// Levels before that doubling and after it that a tree shows, and places along it.
const LEVELS: [f64; 2] = [-0.6, 3.0];
const PLACES: usize = 36;
/// Returns that motion is given to settle, and then shown.
const SETTLING: usize = 400;
const SHOWN: usize = 8;

/// States of the attractor about the maximum, `[level, height]`, of a cascade that begins with a cycle of a period; `None` of one
/// shorter than six doublings.
///
/// 1. The end s∞ of the cascade follows from its last two doublings and δ. The level of s is k at the doubling of the cycle of
///    period 2ᵏ, and grows by 1 as s∞ − s shrinks by δ.
/// 2. At the doubling after the first one shown, the widest pair of states has heights ±½, the one that splits more above.
/// 3. At each level motion settles, and the states that return to about the maximum are projected onto the line through the pair.
///    Levels are moved by a part `shift` of the distance between them, so that several trees can be seen.
pub(super) fn tree(
    system: &System,
    period: usize,
    cascade: &Cascade,
    delta: f64,
    shift: f64,
) -> Option<Vec<[f64; 2]>> {
    let doublings = &cascade.doublings;
    let pair = doublings.get(FIRST + 1)?.widest()?;
    let next = doublings.get(FIRST + 2)?.widest()?;
    let direction: Vec<f64> = pair
        .here
        .iter()
        .zip(pair.there)
        .map(|(a, b)| a - b)
        .collect();
    let squared: f64 = direction.iter().map(|d| d * d).sum();
    let height = |state: &[f64]| {
        let from_middle = |i: usize| state[i] - f64::midpoint(pair.here[i], pair.there[i]);
        let along = direction.iter().enumerate();
        along.map(|(i, d)| d * from_middle(i)).sum::<f64>() / squared
    };
    let sign = height(next.here).signum();
    let [before, last] = [doublings.len() - 2, doublings.len() - 1].map(|k| doublings[k].s);
    let to_end = (last - before) / (delta - 1.0);
    let place =
        |level: f64| last + to_end * (1.0 - delta.powf((doublings.len() - 1) as f64 - level));
    let every = period << FIRST;
    let mut points = Vec::new();
    for step in 0..PLACES {
        let share = (step as f64 + shift) / PLACES as f64;
        let level = FIRST as f64 + LEVELS[0] + (LEVELS[1] - LEVELS[0]) * share;
        let s = place(level);
        let settled = system.orbit(s, pair.here, SETTLING * every, 2).pop()?;
        let shown = system.orbit(s, &settled, every, SHOWN);
        points.extend(shown.iter().map(|state| [level, sign * height(state)]));
    }
    Some(points)
}
