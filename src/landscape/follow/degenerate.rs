//! Fixed points that stand on a bifurcation themselves, as those of identity and orthogonal weights do: where a path begins or
//! ends at one, no branch has a tangent of its own there.
//!
//! Networks are often initialised at such places: the identity of a rectified network (Le, Jaitly & Hinton 2015),
//! orthogonal weights, weights of 0 with units at their kinks. Without this the first interval of a run would leave
//! all its points unexplained.

use super::branch::{BranchEnd, PathPoint};
use super::matching::{End, Link, Matching, Node};
use super::path::largest;
use crate::landscape::equations::equation::{Extended, Linearised};
use crate::map::{Family, Map};
use crate::norms::scale_of;
use crate::svd::singular_values;

/// Smallest singular value of I − J, relative to the size of J (at least 1), that is zero: roots that are flat to third
/// order are known to about 10⁻⁵, and J to the square of that.
const SINGULAR: f64 = 1e-6;
/// An argument of a rectified unit that is zero, relative to the size of the point (at least 1).
const ZERO: f64 = 1e-9;
/// A branch that stalls this near to an end, in s, may have stalled because of what is there.
const NEAR_END: f64 = 1e-3;
/// Residuals between a branch and the point that it comes to, at most, in units of the distance in s, and at least.
const FLAT: (f64, f64) = (10.0, 1e-9);
/// Residuals on a line of fixed points.
const ROUNDING: f64 = 1e-12;
/// Places between two points at which residuals are looked at.
const PLACES: usize = 8;

impl Matching {
    /// Says what becomes of fixed points that stand on a bifurcation, and of those whose branches come to them.
    ///
    /// 1. Two of them, one at each end, with nothing but fixed points on the straight line between: one continues the other.
    /// 2. Otherwise I − J is singular there, or the argument of a rectified unit is zero. To it lead all branches that
    ///    end there, and those that stall nearby if all states between have residuals no larger than the distance in s
    ///    explains.
    /// 3. Two of these branches with opposite indices are a pair that is born or lost there.
    /// 4. One that remains continues the point. If none or more do, the point ends or begins there.
    pub(in crate::landscape) fn settle_degenerate<F: Family + ?Sized>(&mut self, family: &F) {
        self.join_straight(family);
        for end in [End::Before, End::After] {
            for place in self.unmatched(end).clone() {
                let node = Node { end, place };
                if self.is_degenerate(family, node) {
                    self.settle_at(family, node);
                }
            }
        }
    }

    fn unmatched(&mut self, end: End) -> &mut Vec<usize> {
        match end {
            End::Before => &mut self.unmatched_before,
            End::After => &mut self.unmatched_after,
        }
    }

    fn state(&self, node: Node) -> &[f64] {
        match node.end {
            End::Before => &self.before[node.place].state,
            End::After => &self.after[node.place].state,
        }
    }

    fn index(&self, node: Node) -> i8 {
        match node.end {
            End::Before => self.before[node.place].index,
            End::After => self.after[node.place].index,
        }
    }

    /// Step 1.
    fn join_straight<F: Family + ?Sized>(&mut self, family: &F) {
        for before in self.unmatched_before.clone() {
            let is_joined = |after: &usize| {
                let (a, b) = (&self.before[before].state, &self.after[*after].state);
                shares().all(|share| {
                    let state = between(a, b, share);
                    residual(family, share, &state) <= ROUNDING * scale_of(&state)
                })
            };
            let mut joined = self.unmatched_after.iter().copied().filter(is_joined);
            if let (Some(after), None) = (joined.next(), joined.next()) {
                drop(joined);
                self.pairs.push((before, after));
                self.take(Node {
                    end: End::Before,
                    place: before,
                });
                self.take(Node {
                    end: End::After,
                    place: after,
                });
            }
        }
    }

    /// Step 2 for the point.
    fn is_degenerate<F: Family + ?Sized>(&self, family: &F, node: Node) -> bool {
        let state = self.state(node);
        if let Some(map) = family.at(node.end.s()).piecewise() {
            let arguments = map.arguments(state);
            if arguments.iter().any(|a| a.abs() <= ZERO * scale_of(state)) {
                return true;
            }
        }
        let place = Extended::new(state.to_vec(), node.end.s());
        let equation = Linearised::at(family, &place);
        let size = equation.jacobian.norm_l2().max(1.0);
        let values = singular_values(equation.shifted(1.0).as_ref());
        values.is_some_and(|values| values.last().is_some_and(|least| *least <= SINGULAR * size))
    }

    /// Steps 2 to 4.
    fn settle_at<F: Family + ?Sized>(&mut self, family: &F, node: Node) {
        let far = node.end.other();
        let mut coming: Vec<Node> = self
            .unmatched(far)
            .clone()
            .into_iter()
            .map(|place| Node { end: far, place })
            .filter(|other| self.comes_to(family, *other, node))
            .collect();
        while let Some((a, b)) = self.opposite(&coming) {
            let (first, second) = (coming[a], coming[b]);
            coming.retain(|of| *of != first && *of != second);
            let pair = (first.place, second.place);
            match far {
                End::Before => self.annihilated.push(pair),
                End::After => self.created.push(pair),
            }
            self.take(first);
            self.take(second);
        }
        self.take(node);
        if let [other] = coming[..] {
            self.take(other);
            self.pairs.push(match node.end {
                End::Before => (node.place, other.place),
                End::After => (other.place, node.place),
            });
        } else {
            match node.end {
                End::Before => self.ended.push(node.place),
                End::After => self.begun.push(node.place),
            }
        }
    }

    fn comes_to<F: Family + ?Sized>(&self, family: &F, from: Node, to: Node) -> bool {
        let Some(strand) = self.strand_from(from) else {
            return false;
        };
        match (
            strand.link,
            strand.branch.ending,
            strand.branch.points.last(),
        ) {
            (Link::To(node), _, _) => node == to,
            (Link::Nowhere, BranchEnd::Stalled { .. }, Some(last)) => {
                self.is_flat(family, last, to)
            }
            _ => false,
        }
    }

    fn is_flat<F: Family + ?Sized>(&self, family: &F, last: &PathPoint, to: Node) -> bool {
        let off = (last.place.s - to.end.s()).abs();
        let state = self.state(to);
        let most = FLAT.1.max(FLAT.0 * off) * scale_of(state);
        off <= NEAR_END
            && shares().all(|share| {
                let state = between(state, &last.place.state, share);
                residual(family, to.end.s(), &state) <= most
            })
    }

    /// Places of two nodes with opposite indices.
    fn opposite(&self, nodes: &[Node]) -> Option<(usize, usize)> {
        let of = |sign: i8| nodes.iter().position(|node| self.index(*node) == sign);
        of(1).zip(of(-1))
    }

    fn take(&mut self, node: Node) {
        self.unmatched(node.end)
            .retain(|place| *place != node.place);
    }
}

fn shares() -> impl Iterator<Item = f64> {
    (0..=PLACES).map(|place| place as f64 / PLACES as f64)
}

fn between(a: &[f64], b: &[f64], share: f64) -> Vec<f64> {
    let pairs = a.iter().zip(b);
    pairs.map(|(a, b)| (1.0 - share) * a + share * b).collect()
}

/// The largest |x − F(x)|.
fn residual<F: Family + ?Sized>(family: &F, s: f64, state: &[f64]) -> f64 {
    let mut image = vec![0.0; state.len()];
    family.at(s).step(state, &mut image);
    let off: Vec<f64> = image.iter().zip(state).map(|(f, x)| f - x).collect();
    largest(&off)
}
