//! Roots that are known, and which starts are on their way to them.
//!
//! Most starts of a search lead to points that are known already; the earlier that is seen, the less is spent on
//! them. A test by distance alone would take a young partner of a fold for the known point, and so miss births;
//! this one asks whether the linearisation at the known root explains the residual where the start is.

use super::gmres::{Accuracy, gmres, norm, residuals};
use super::newton::Factored;
use crate::map::{Linearised, Map};
use crate::norms::scale_of;
use crate::simd::vectorised;

/// How much of the residual at a point may be left unexplained by the linearisation at the root it is said to belong to.
const UNEXPLAINED: f64 = 0.25;
/// How much of a distance from a root a Newton step may leave.
const CONTRACTION: f64 = 0.125;
/// A distance from a root below this, relative to its largest coordinate (at least 1), is rounding.
const ROUNDING: f64 = 1e-12;
/// The linear solves that say where the linearisation expects the root to be.
const EXPECTED: Accuracy = Accuracy {
    residual: 1e-3,
    vectors: 40,
};

/// Known roots of x − F(x), with F linearised at each.
pub struct Roots<'a, M: ?Sized> {
    map: &'a M,
    points: Vec<Vec<f64>>,
    /// I − J at each, or none of them.
    factored: Vec<&'a Factored>,
    linearised: Option<Box<dyn Linearised + 'a>>,
}

impl<'a, M: Map + ?Sized> Roots<'a, M> {
    /// Takes in roots of a map, and I − J at each of them, factorised, or at none.
    ///
    /// Without the factors the linear equations are solved by GMRES to a thousandth.
    pub fn new(map: &'a M, points: Vec<Vec<f64>>, factored: Vec<&'a Factored>) -> Self {
        Self {
            map,
            factored,
            linearised: (!points.is_empty())
                .then(|| map.linearised(&points.concat()))
                .flatten(),
            points,
        }
    }

    /// The roots that points belong to, from the points and their residuals G = x − F(x), `[count][dim]` each; none where
    /// the map offers no products J v.
    ///
    /// With x* the nearest root, A* = I − J(x*), and r(x) = G(x) − A*(x − x*) what the linearisation leaves unexplained,
    /// a point x belongs to x* if
    ///
    /// 1. ‖r(x)‖ ≤ ¼‖G(x)‖: near any other root G vanishes and A*(x − x*) does not;
    /// 2. a Newton step with A* leads to a point, x* − A*⁻¹r(x), from which one more comes to within an eighth of its
    ///    distance from x*. G(x) is mostly fast directions, in which any root explains it; the first step takes them away, so
    ///    that the second tells of slow directions, along which the roots lie.
    pub fn claim(&self, points: &[f64], residuals: &[f64]) -> Vec<Option<usize>> {
        let dim = self.map.dim();
        let mut claims = vec![None; points.len() / dim];
        let Some(linearised) = self.linearised.as_deref() else {
            return claims;
        };
        let row = |at: usize| at * dim..(at + 1) * dim;
        let rows = points.chunks_exact(dim);
        let nearest: Vec<usize> = rows.filter_map(|point| self.nearest(point)).collect();
        let all = nearest.iter().zip(points.chunks_exact(dim));
        let offsets = all.flat_map(|(&root, point)| difference(point, &self.points[root]));
        let offsets: Vec<f64> = offsets.collect();
        let unexplained = unexplained(linearised, &nearest, &offsets, residuals);
        let is_candidate =
            |&at: &usize| norm(&unexplained[row(at)]) <= UNEXPLAINED * norm(&residuals[row(at)]);
        let candidates: Vec<usize> = (0..nearest.len()).filter(is_candidate).collect();
        let roots: Vec<usize> = candidates.iter().map(|&at| nearest[at]).collect();
        let left = candidates.iter().flat_map(|&at| &unexplained[row(at)]);
        let (first, first_accurate) = self.step(linearised, &roots, left.copied().collect());
        let (second, second_accurate) = self.second_step(linearised, &roots, &first);
        for (candidate, &at) in candidates.iter().enumerate() {
            let (from, to) = (&first[row(candidate)], &second[row(candidate)]);
            let root = roots[candidate];
            let is_there = norm(from) <= ROUNDING * scale_of(&self.points[root]);
            let contracts = norm(to) <= CONTRACTION * norm(from);
            let is_accurate = first_accurate[candidate] && second_accurate[candidate];
            claims[at] = (is_accurate && (is_there || contracts)).then_some(root);
        }
        claims
    }

    /// Where Newton steps with A* lead, as offsets from the roots, given offsets to start from.
    fn second_step(
        &self,
        linearised: &dyn Linearised,
        roots: &[usize],
        offsets: &[f64],
    ) -> (Vec<f64>, Vec<bool>) {
        let rows = roots.iter().zip(offsets.chunks_exact(self.map.dim()));
        let points = rows.flat_map(|(&root, offset)| {
            let root = self.points[root].iter();
            root.zip(offset).map(|(x, v)| x + v)
        });
        let points: Vec<f64> = points.collect();
        let residuals = residuals(self.map, &points);
        let left = unexplained(linearised, roots, offsets, &residuals);
        self.step(linearised, roots, left)
    }

    /// −A*⁻¹r for rows r, and which of them are accurate.
    fn step(
        &self,
        linearised: &dyn Linearised,
        roots: &[usize],
        mut unexplained: Vec<f64>,
    ) -> (Vec<f64>, Vec<bool>) {
        if self.factored.len() < self.points.len() {
            return gmres(linearised, roots, &unexplained, EXPECTED);
        }
        let dim = self.map.dim();
        for (&root, row) in roots.iter().zip(unexplained.chunks_exact_mut(dim)) {
            self.factored[root].solve_rows(row, dim);
            for x in row {
                *x = -*x;
            }
        }
        (unexplained, vec![true; roots.len()])
    }

    fn nearest(&self, point: &[f64]) -> Option<usize> {
        let mut nearest: Option<(usize, f64)> = None;
        vectorised(|| {
            for (place, root) in self.points.iter().enumerate() {
                let distance = square_distance(root, point);
                if nearest.is_none_or(|(_, least)| distance < least) {
                    nearest = Some((place, distance));
                }
            }
        });
        nearest.map(|(place, _)| place)
    }
}

fn difference<'a>(a: &'a [f64], b: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
    a.iter().zip(b).map(|(a, b)| a - b)
}

/// G − A*v for rows of offsets v and residuals G.
fn unexplained(
    linearised: &dyn Linearised,
    roots: &[usize],
    offsets: &[f64],
    residuals: &[f64],
) -> Vec<f64> {
    let mut slopes = vec![0.0; offsets.len()];
    linearised.apply(roots, offsets, &mut slopes);
    let of_offsets = offsets.iter().zip(&slopes).map(|(v, slope)| v - slope);
    residuals
        .iter()
        .zip(of_offsets)
        .map(|(g, v)| g - v)
        .collect()
}

/// ‖a − b‖² in eight interleaved parts.
#[inline(always)]
fn square_distance(a: &[f64], b: &[f64]) -> f64 {
    let (chunks_a, rest_a) = a.as_chunks::<8>();
    let (chunks_b, rest_b) = b.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (x, y) in chunks_a.iter().zip(chunks_b) {
        for lane in 0..8 {
            sums[lane] += (x[lane] - y[lane]).powi(2);
        }
    }
    let rest: f64 = rest_a
        .iter()
        .zip(rest_b)
        .map(|(x, y)| (x - y).powi(2))
        .sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;
    use crate::dynamics::points::newton::{NewtonEnd, NewtonLimits, polish, solve};

    fn root(map: &CellMap, start: f64) -> Vec<f64> {
        match solve(map, &[start], NewtonLimits::default()) {
            NewtonEnd::Root { point } => polish(map, point).point,
            other => panic!("{other:?}"),
        }
    }

    /// A unit without memory beside one that is barely bistable. Far off in the direction of the former G is nearly all
    /// in that direction, where the root at 0 explains it; the latter is on its way to a root of its own all the same.
    #[test]
    fn fast_directions_do_not_hide_where_slow_ones_lead() {
        let map = CellMap::vanilla(&[1.02, 0.0, 0.0, 0.0], vec![0.0; 2]);
        let near = root(&CellMap::vanilla(&[1.02], vec![0.0]), 0.5)[0];
        assert!(near > 0.2, "a root beside 0: {near}");
        let at_root = Factored::of(&map, &[0.0; 2]).expect("no bifurcation");
        for factored in [Vec::new(), vec![&at_root]] {
            let roots = Roots::new(&map, vec![vec![0.0; 2]], factored);
            let claimed = |slow: f64, fast: f64| {
                let point = [slow, fast];
                let mut image = [0.0; 2];
                map.step(&point, &mut image);
                let residual = [point[0] - image[0], point[1] - image[1]];
                roots.claim(&point, &residual)[0].is_some()
            };
            for fast in [0.1, 1.0] {
                assert!(!claimed(near, fast) && !claimed(0.8 * near, fast));
                assert!(claimed(0.05 * near, fast));
            }
        }
    }

    /// Just before the fold at b = 0.532839975354 (w = 2) a node and a saddle stand close together: whichever of them is
    /// known, a start on its way to the other must not be taken for it.
    #[test]
    fn a_partner_in_a_fold_is_not_taken_for_the_known_root() {
        for distance in [1e-2, 1e-4, 1e-6] {
            let map = CellMap::vanilla(&[2.0], vec![0.532_839_975_354_09 - distance]);
            let fold = -0.5_f64.sqrt();
            let width = distance.sqrt();
            let (node, saddle) = (
                root(&map, fold - 2.0 * width),
                root(&map, fold + 2.0 * width),
            );
            assert!(saddle[0] - node[0] > width, "two roots {node:?} {saddle:?}");
            for (known, other) in [(&node, &saddle), (&saddle, &node)] {
                let taken = |share: f64| {
                    let point = [known[0] + share * (other[0] - known[0])];
                    let mut image = [0.0];
                    map.step(&point, &mut image);
                    let roots = Roots::new(&map, vec![known.clone()], Vec::new());
                    roots.claim(&point, &[point[0] - image[0]])[0].is_some()
                };
                assert!((1..4).all(|i| taken(0.05 * f64::from(i))), "{distance}");
                assert!((5..15).all(|i| !taken(0.1 * f64::from(i))), "{distance}");
            }
        }
    }
}
