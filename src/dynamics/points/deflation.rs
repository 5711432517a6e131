//! Newton's method that known roots repel.
//!
//! From the same start, the deflated equation cannot end where the plain one did: its residual is infinite there.
//! It sometimes finds a point that no other way leads to, and never proves that there is none; it is a last resort
//! of a search whose indices do not balance.

use super::newton::{Iterate, NewtonEnd, NewtonLimits, newton_step, solve};
use crate::map::Map;

/// Steps at most.
const MOST_STEPS: usize = 60;
/// Below this q a start is left to Newton's method without deflation.
const CLOSE: f64 = 1e-8;
/// Halvings of a step.
const HALVINGS: usize = 10;

/// Looks for a fixed point other than the known ones (Farrell, Birkisson & Funke 2015); `None` if the way leads nowhere or
/// to a known one after all.
///
/// 1. The residual is multiplied with m(x) = Π(‖x − x_i‖⁻² + 1), which grows without bound at each known root. Its Newton
///    step is a multiple of the plain one, δ/(1 − ∇ln m · δ).
/// 2. It is halved until m²q falls.
/// 3. Near a zero of q the plain method takes over.
pub(in crate::dynamics) fn solve_deflated<M: Map + ?Sized>(
    map: &M,
    start: &[f64],
    known: &[Vec<f64>],
    limits: NewtonLimits,
) -> Option<Vec<f64>> {
    let mut iterate = Iterate::at(map, start.to_vec());
    for _ in 0..MOST_STEPS {
        if iterate.q < CLOSE {
            let NewtonEnd::Root { point } = solve(map, &iterate.point, limits) else {
                return None;
            };
            return Some(point);
        }
        let (step, _) = newton_step(&iterate)?;
        let along: f64 = known
            .iter()
            .map(|root| {
                let offset = iterate.point.iter().zip(root).map(|(x, r)| x - r);
                let square: f64 = offset.clone().map(|d| d * d).sum();
                let along: f64 = offset.zip(step.col_as_slice(0)).map(|(d, s)| d * s).sum();
                -2.0 * along / (square * (1.0 + square))
            })
            .sum();
        let mut scale = 1.0 / (1.0 - along);
        if !scale.is_finite() {
            return None;
        }
        let merit = merit(&iterate, known);
        iterate = (0..HALVINGS).find_map(|_| {
            let next = iterate.moved(&step, scale);
            scale *= 0.5;
            (self::merit(&next, known) < merit).then_some(next)
        })?;
    }
    None
}

/// ln(m²q).
fn merit<M: Map + ?Sized>(iterate: &Iterate<'_, M>, known: &[Vec<f64>]) -> f64 {
    let repulsion: f64 = known
        .iter()
        .map(|root| {
            let pairs = iterate.point.iter().zip(root);
            let square: f64 = pairs.map(|(x, r)| (x - r).powi(2)).sum();
            (1.0 / square).ln_1p()
        })
        .sum();
    iterate.q.ln() + 2.0 * repulsion
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;

    #[test]
    fn known_roots_are_not_found_again() {
        // From 0.9 the plain method goes to the root at 0.9575.
        let map = CellMap::vanilla(&[2.0], vec![0.0]);
        let mut known = vec![vec![0.957_504_024_077_269]];
        while known.len() < 3 {
            let found = [0.9, 0.4, -0.3, -0.8]
                .iter()
                .find_map(|&start| solve_deflated(&map, &[start], &known, NewtonLimits::default()))
                .unwrap();
            assert!(
                known.iter().all(|root| (root[0] - found[0]).abs() > 0.5),
                "{known:?} {found:?}"
            );
            known.push(found);
        }
        for start in [0.9, 0.4, -0.3, -0.8] {
            let found = solve_deflated(&map, &[start], &known, NewtonLimits::default());
            let is_known = |x: &Vec<f64>| known.iter().any(|root| (root[0] - x[0]).abs() < 1e-9);
            assert!(found.as_ref().is_none_or(is_known), "{found:?}");
        }
    }
}
