//! Many starts at once: inexact Newton steps that need no factorisation, until a start is near a known root or close to a
//! new one.
//!
//! All starts share the weights, so the products J v of a whole batch are one matrix product; a Newton step to a tenth
//! takes a dozen of them, far less than a factorisation per start. Nothing is decided here that a factorisation would
//! decide otherwise: what is not plainly on its way to a known root is handed back, to be solved in full.
//!
//! Inexact Newton (Dembo, Eisenstat & Steihaug 1982): far from a root a step that solves its equations to a tenth
//! is as good as an exact one, and near it the start is handed over.

use super::gmres::{Accuracy, gmres, half_square, residuals};
use super::roots::Roots;
use crate::map::Map;

/// Starts worked on together.
pub const BATCH: usize = 32;
/// Below this dimension a factorisation is as cheap.
pub const SMALLEST_DIM: usize = 32;

/// Newton steps before a start is handed back.
const NEWTON_STEPS: usize = 12;
/// Halvings of a step before that.
const HALVINGS: usize = 5;
/// The linear solves of Newton steps.
const STEP: Accuracy = Accuracy {
    residual: 0.1,
    vectors: 24,
};
/// A start with q below this that is not near a known root is close to a new one.
pub(in crate::dynamics) const CLOSE: f64 = 1e-7;

/// Where a start was left.
#[derive(Debug, Clone, PartialEq)]
pub enum Left {
    /// On its way to the known root of this place in the list.
    AtKnown(usize),
    /// Here, close to a root that is not known, or where it began.
    At(Vec<f64>),
    /// Here, where Newton steps lead no further.
    Stalled(Vec<f64>),
}

/// Takes a batch of starts as far as inexact Newton steps lead; no step at all if the map is small or offers no products
/// J v.
///
/// 1. G = x − F(x). A start that belongs to a known root ([`Roots::claim`]) is left, and so is one with q < 10⁻⁷ that
///    belongs to none.
/// 2. (I − J)d = −G to a tenth by GMRES, for all starts at once.
/// 3. d is halved until q falls by Armijo's rule; a start for which no halving helps, or that is still on its way after twelve
///    steps, is left as stalled.
///
/// `starts` are states of `dim` entries each; the result has one place for each of them, in their order.
pub fn descend<M: Map + ?Sized>(map: &M, known: &Roots<'_, M>, starts: Vec<Vec<f64>>) -> Vec<Left> {
    let dim = map.dim();
    let mut batch = Batch {
        map,
        active: (0..starts.len()).collect(),
        points: starts.concat(),
        residuals: Vec::new(),
        left: starts.into_iter().map(Left::At).collect(),
    };
    if dim < SMALLEST_DIM {
        return batch.left;
    }
    batch.residuals = residuals(map, &batch.points);
    for _ in 0..NEWTON_STEPS {
        batch.leave(known);
        if batch.active.is_empty() {
            break;
        }
        let Some(linearised) = map.linearised(&batch.points) else {
            return batch.left;
        };
        let rows: Vec<usize> = (0..batch.active.len()).collect();
        let (directions, _) = gmres(&*linearised, &rows, &batch.residuals, STEP);
        batch.line_search(&directions);
    }
    batch.leave_stalled();
    batch.left
}

/// Starts on their way.
struct Batch<'a, M: ?Sized> {
    map: &'a M,
    /// Their places in the list of starts.
    active: Vec<usize>,
    /// Where they are, `[active][dim]`.
    points: Vec<f64>,
    /// x − F(x) there.
    residuals: Vec<f64>,
    /// Where every start was left, or began.
    left: Vec<Left>,
}

impl<M: Map + ?Sized> Batch<'_, M> {
    fn row(&self, place: usize) -> std::ops::Range<usize> {
        let dim = self.map.dim();
        place * dim..(place + 1) * dim
    }

    /// Step 1.
    fn leave(&mut self, known: &Roots<'_, M>) {
        let claims = known.claim(&self.points, &self.residuals);
        let mut kept = Vec::new();
        for (place, claim) in claims.into_iter().enumerate() {
            if let Some(root) = claim {
                self.left[self.active[place]] = Left::AtKnown(root);
            } else if half_square(&self.residuals[self.row(place)]) < CLOSE {
                self.left[self.active[place]] = Left::At(self.points[self.row(place)].to_vec());
            } else {
                kept.push(place);
            }
        }
        self.keep(&kept);
    }

    /// Leaves all that are still on their way where they are.
    fn leave_stalled(&mut self) {
        for place in 0..self.active.len() {
            self.left[self.active[place]] = Left::Stalled(self.points[self.row(place)].to_vec());
        }
    }

    /// Goes on with these alone.
    fn keep(&mut self, kept: &[usize]) {
        for (to, &from) in kept.iter().enumerate() {
            self.active[to] = self.active[from];
            let (from, to) = (self.row(from), self.row(to).start);
            self.points.copy_within(from.clone(), to);
            self.residuals.copy_within(from, to);
        }
        let length = self.row(kept.len()).start;
        self.active.truncate(kept.len());
        self.points.truncate(length);
        self.residuals.truncate(length);
    }

    /// Step 3.
    fn line_search(&mut self, directions: &[f64]) {
        let mut waiting: Vec<usize> = (0..self.active.len()).collect();
        let mut scale = 1.0;
        for _ in 0..=HALVINGS {
            if waiting.is_empty() {
                return;
            }
            let tried: Vec<f64> = waiting
                .iter()
                .flat_map(|&place| self.row(place))
                .map(|i| self.points[i] + scale * directions[i])
                .collect();
            let residuals = residuals(self.map, &tried);
            let mut refused = Vec::new();
            for (row, &place) in waiting.iter().enumerate() {
                let (from, to) = (self.row(row), self.row(place));
                let before = half_square(&self.residuals[to.clone()]);
                if half_square(&residuals[from.clone()]) <= (1.0 - 2e-4 * scale) * before {
                    self.points[to.clone()].copy_from_slice(&tried[from.clone()]);
                    self.residuals[to].copy_from_slice(&residuals[from]);
                } else {
                    refused.push(place);
                }
            }
            waiting = refused;
            scale *= 0.5;
        }
        for &place in &waiting {
            self.left[self.active[place]] = Left::Stalled(self.points[self.row(place)].to_vec());
        }
        let kept: Vec<usize> = (0..self.active.len())
            .filter(|place| !waiting.contains(place))
            .collect();
        self.keep(&kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;

    /// Three bits of 16 units each, x = tanh(2 · mean of its bit): all starts that are not plainly at one of the 27
    /// known roots are handed back, and those that are, are at the nearest one.
    #[test]
    fn starts_of_a_memory_reach_its_known_roots() {
        let weights: Vec<f64> = (0..48 * 48)
            .map(|place| {
                if place / 48 / 16 == place % 48 / 16 {
                    2.0 / 16.0
                } else {
                    0.0
                }
            })
            .collect();
        let map = CellMap::vanilla(&weights, vec![0.0; 48]);
        let level = 0.957_504_024_077_269;
        let known: Vec<Vec<f64>> = (0..27)
            .map(|code| {
                let signs = [code / 9, code / 3 % 3, code % 3].map(|digit| f64::from(digit) - 1.0);
                (0..48).map(|unit| level * signs[unit / 16]).collect()
            })
            .collect();
        let starts: Vec<Vec<f64>> = known
            .iter()
            .enumerate()
            .map(|(seed, root)| {
                let jitter =
                    |(unit, x): (usize, &f64)| x + 0.2 * (37.0 * unit as f64 + seed as f64).sin();
                root.iter().enumerate().map(jitter).collect()
            })
            .collect();
        let left = descend(
            &map,
            &Roots::new(&map, known.clone(), Vec::new()),
            starts.clone(),
        );
        let expected: Vec<Left> = (0..27).map(Left::AtKnown).collect();
        assert_eq!(left, expected);
        for left in descend(&map, &Roots::new(&map, Vec::new(), Vec::new()), starts) {
            let Left::At(point) = left else {
                panic!("nothing was known")
            };
            let nearest = known.iter().map(|root| {
                root.iter()
                    .zip(&point)
                    .map(|(a, b)| (a - b).abs())
                    .fold(0.0, f64::max)
            });
            assert!(
                nearest.fold(f64::INFINITY, f64::min) < 1e-2,
                "inexact steps led close to a root"
            );
        }
    }
}
