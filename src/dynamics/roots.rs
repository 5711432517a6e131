//! Roots that are known, and which starts are on their way to them.

use crate::calculus::Jet;
use crate::map::{Linearised, Map};
use crate::simd::vectorised;

/// How much of the residual at a point may be left unexplained by the linearisation at the root it is said to belong to.
const UNEXPLAINED: f64 = 0.25;

/// Known roots of x − F(x), with F linearised at each.
pub struct Roots<'a, M: ?Sized> {
    map: &'a M,
    points: Vec<Vec<f64>>,
    linearised: Option<Box<dyn Linearised + 'a>>,
}

impl<'a, M: Map + ?Sized> Roots<'a, M> {
    /// Takes in roots of a map.
    pub fn new(map: &'a M, points: Vec<Vec<f64>>) -> Self {
        Self {
            map,
            linearised: (!points.is_empty())
                .then(|| map.linearised(&points.concat()))
                .flatten(),
            points,
        }
    }

    /// The roots that points belong to, from the points and their residuals G = x − F(x), `[count][dim]` each.
    ///
    /// A point belongs to the nearest root x* if A*(x − x*), A* = I − J(x*), is G(x) to a quarter of its length: near any
    /// other root G vanishes and that does not.
    pub fn claim(&self, points: &[f64], residuals: &[f64]) -> Vec<Option<usize>> {
        let dim = self.map.dim();
        let rows = points.chunks_exact(dim);
        let nearest: Option<Vec<usize>> = rows.map(|point| self.nearest(point)).collect();
        let Some(nearest) = nearest else {
            return vec![None; points.len() / dim];
        };
        let mut offsets = Vec::with_capacity(points.len());
        for (&root, point) in nearest.iter().zip(points.chunks_exact(dim)) {
            offsets.extend(point.iter().zip(&self.points[root]).map(|(x, r)| x - r));
        }
        let slopes = self.slopes(&nearest, &offsets);
        let explained = |at: usize| {
            let row = at * dim..(at + 1) * dim;
            let (offset, slope) = (&offsets[row.clone()], &slopes[row.clone()]);
            let residual = &residuals[row];
            let unexplained: f64 = residual
                .iter()
                .zip(offset.iter().zip(slope))
                .map(|(g, (v, slope))| (g - (v - slope)).powi(2))
                .sum();
            let total: f64 = residual.iter().map(|g| g * g).sum();
            (unexplained <= UNEXPLAINED * UNEXPLAINED * total).then_some(nearest[at])
        };
        (0..nearest.len()).map(explained).collect()
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

    /// J(x*)v for each root x* and offset v.
    fn slopes(&self, roots: &[usize], offsets: &[f64]) -> Vec<f64> {
        if let Some(linearised) = &self.linearised {
            let mut slopes = vec![0.0; offsets.len()];
            linearised.apply(roots, offsets, &mut slopes);
            return slopes;
        }
        let of = |(&root, offset): (&usize, &[f64])| {
            let jets = self.map.jet(&Jet::lines(&self.points[root], offset));
            jets.into_iter().map(|jet| jet.0[1]).collect::<Vec<f64>>()
        };
        let rows = offsets.chunks_exact(self.map.dim());
        roots.iter().zip(rows).flat_map(of).collect()
    }
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
    use crate::dynamics::newton::{Ending, Limits, polish, solve};

    fn root(map: &CellMap, start: f64) -> Vec<f64> {
        match solve(map, &[start], Limits::default()) {
            Ending::Root { point } => polish(map, point).0,
            other => panic!("{other:?}"),
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
                    let roots = Roots::new(&map, vec![known.clone()]);
                    roots.claim(&point, &[point[0] - image[0]])[0].is_some()
                };
                assert!((1..4).all(|i| taken(0.05 * f64::from(i))), "{distance}");
                assert!((5..15).all(|i| !taken(0.1 * f64::from(i))), "{distance}");
            }
        }
    }
}
