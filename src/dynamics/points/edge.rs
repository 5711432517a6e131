//! States on the boundary between two basins of attraction, where saddles lie.
//!
//! Starts by simulation end at attractors, and Newton's method from them seldom at the saddle between two. A state
//! on the boundary of two basins stays on it, and what attracts within the boundary is usually a saddle with one
//! unstable direction: a start for Newton's method.

use crate::map::Map;
use crate::norms::distance;

/// Steps that a state is given to show which attractor it goes to.
const MOST_STEPS: usize = 4000;
/// Two states on both sides of the boundary are brought this close …
const CLOSEST: f64 = 1e-10;
/// … and go on side by side until they are this far apart.
const APART: f64 = 1e-6;
/// Times that is repeated.
const ROUNDS: usize = 60;
/// A state that moves less than this in a step stands still.
const STILL: f64 = 1e-5;

/// A state near the one that motion on the boundary between two basins comes to, usually a saddle with one unstable
/// direction, by edge tracking (Skufca, Yorke & Eckhardt 2006); `a` and `b` are stable fixed points; `None` if they are one, or
/// if the boundary leads elsewhere.
///
/// 1. The segment between the two states is bisected until its ends, which go to different attractors, are 10⁻¹⁰ apart.
/// 2. Both ends take steps until they are 10⁻⁶ apart; the segment between them again crosses the boundary.
/// 3. Until a step hardly moves them.
///
/// Which side a state is on is told by simulating it for up to 4000 steps until it is within a thousandth of the
/// distance of `a` and `b` of either. At most 60 rounds.
pub fn edge_state<M: Map + ?Sized>(map: &M, a: &[f64], b: &[f64]) -> Option<Vec<f64>> {
    if distance(a, b) <= CLOSEST {
        return None;
    }
    let side = Sides { map, a, b };
    let (mut low, mut high) = (a.to_vec(), b.to_vec());
    let mut image = vec![0.0; map.dim()];
    for _ in 0..ROUNDS {
        // Step 1.
        while distance(&low, &high) > CLOSEST {
            let middle: Vec<f64> = low.iter().zip(&high).map(|(x, y)| 0.5 * (x + y)).collect();
            match side.of(&middle) {
                Some(true) => low = middle,
                Some(false) => high = middle,
                // To a third attractor, or so slow that it is at the boundary for all practical purposes.
                None => return Some(middle),
            }
        }
        // Step 2.
        let mut moved = f64::INFINITY;
        for _ in 0..MOST_STEPS {
            map.step(&low, &mut image);
            moved = distance(&low, &image);
            low.copy_from_slice(&image);
            map.step(&high, &mut image);
            high.copy_from_slice(&image);
            if distance(&low, &high) > APART || moved < STILL {
                break;
            }
        }
        // Step 3.
        if moved < STILL {
            return Some(low);
        }
        if side.of(&low) != Some(true) || side.of(&high) != Some(false) {
            return None;
        }
    }
    Some(low)
}

struct Sides<'a, M: ?Sized> {
    map: &'a M,
    a: &'a [f64],
    b: &'a [f64],
}

impl<M: Map + ?Sized> Sides<'_, M> {
    /// Whether a state goes to the first attractor, a fixed point, or to the second; `None` if to neither.
    fn of(&self, state: &[f64]) -> Option<bool> {
        let near = 1e-3 * distance(self.a, self.b);
        let mut state = state.to_vec();
        let mut next = state.clone();
        for _ in 0..MOST_STEPS {
            if distance(&state, self.a) < near {
                return Some(true);
            }
            if distance(&state, self.b) < near {
                return Some(false);
            }
            self.map.step(&state, &mut next);
            if distance(&state, &next) < 1e-13 {
                return None;
            }
            std::mem::swap(&mut state, &mut next);
        }
        None
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;
    use crate::dynamics::linear::spectrum::Spectrum;
    use crate::dynamics::points::newton::{NewtonEnd, NewtonLimits, solve};

    #[test]
    fn the_edge_between_two_memories_is_their_saddle() {
        // Two units that excite each other, with a bias that moves the saddle off the middle.
        let map = CellMap::vanilla(&[1.2, 0.9, 0.8, 1.1], vec![0.15, -0.05]);
        let settle = |mut state: Vec<f64>| {
            for _ in 0..2000 {
                let mut next = vec![0.0; 2];
                map.step(&state, &mut next);
                state = next;
            }
            state
        };
        let (up, down) = (settle(vec![1.0, 1.0]), settle(vec![-1.0, -1.0]));
        let edge = edge_state(&map, &up, &down).unwrap();
        let NewtonEnd::Root { point } = solve(&map, &edge, NewtonLimits::default()) else {
            panic!("no fixed point near {edge:?}");
        };
        assert!(distance(&point, &edge) < 1e-3, "{edge:?} {point:?}");
        assert_eq!(Spectrum::at(&map, &point).unwrap().n_unstable(), 1);
        assert_eq!(edge_state(&map, &up, &up), None);
    }
}
