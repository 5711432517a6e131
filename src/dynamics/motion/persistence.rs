//! The topology of a set of states: pieces and loops by persistent homology of its Vietoris–Rips complex.

use crate::norms::distance;

/// A loop counts if it lives until distances are this many times what they were when it closed, and for this share of the
/// extent of the set: gaps between unevenly spread points close and fill at small distances.
const LONG: (f64, f64) = (2.0, 0.25);

/// From which distance on a loop is there, and from which it is filled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Distance at which it closes.
    pub birth: f64,
    /// Distance at which it is filled.
    pub death: f64,
}

/// Persistent homology of a finite set, in dimensions 0 and 1 over the field of two elements.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Persistence {
    /// Distances at which two pieces become one, rising.
    pub merges: Vec<f64>,
    /// Loops, by falling ratio of death to birth.
    pub loops: Vec<Bar>,
}

impl Persistence {
    /// Pieces that are left when all that is closer than a distance is joined.
    pub fn pieces(&self, apart: f64) -> usize {
        1 + self.merges.iter().filter(|merge| **merge > apart).count()
    }

    /// Loops that persist in a set of some extent: filled at twice the distance at which they closed or later, and a quarter
    /// of the extent later.
    pub fn lasting_loops(&self, extent: f64) -> usize {
        let lasts = |bar: &&Bar| {
            bar.death >= LONG.0 * bar.birth && bar.death - bar.birth >= LONG.1 * extent
        };
        self.loops.iter().filter(lasts).count()
    }
}

/// States that cover a set: each the furthest from those before it, until there are `most` or none is further than
/// `cover`. Their places, and the largest distance of any state to the nearest of them.
///
/// Deterministic: the first state is the first landmark.
pub fn landmarks(states: &[Vec<f64>], most: usize, cover: f64) -> (Vec<usize>, f64) {
    let mut chosen = Vec::new();
    let mut off = vec![f64::INFINITY; states.len()];
    loop {
        let furthest = (0..states.len()).reduce(|a, b| if off[b] > off[a] { b } else { a });
        let Some(furthest) = furthest else {
            return (chosen, 0.0);
        };
        if chosen.len() == most || off[furthest] <= cover {
            return (chosen, off[furthest]);
        }
        chosen.push(furthest);
        for (off, state) in off.iter_mut().zip(states) {
            *off = off.min(distance(state, &states[furthest]));
        }
    }
}

/// Two points, by rising distance.
struct Edge {
    length: f64,
    ends: [usize; 2],
}

/// Persistent homology of the Vietoris–Rips complex of points in the maximum norm, for up to a few hundred of them
/// (Edelsbrunner & Harer 2010, VII).
///
/// 1. All edges by length, up to the radius at which some point is near all others: beyond it nothing is left to fill.
/// 2. Edges that join two pieces end one; every other edge closes a loop.
/// 3. Triangles, in the order of their longest edges, are reduced: the sum of a triangle's edges and of what is reduced
///    already has a last edge, and the triangle fills the loop that this edge closed. It ends when all loops are filled.
///
/// Points should be finite and of one length; landmarks ([`landmarks`]) keep their number, n, low enough: there are
/// up to n³/6 triangles.
pub fn persistence(points: &[Vec<f64>]) -> Persistence {
    let edges = edges(points);
    let n = points.len();
    let mut place = vec![usize::MAX; n * n];
    for (at, edge) in edges.iter().enumerate() {
        let [a, b] = edge.ends;
        place[a * n + b] = at;
        place[b * n + a] = at;
    }
    let mut found = Persistence::default();
    let mut piece: Vec<usize> = (0..n).collect();
    let mut open = 0;
    for edge in &edges {
        let [a, b] = edge.ends.map(|end| root(&mut piece, end));
        if a == b {
            open += 1;
        } else {
            piece[a.max(b)] = a.min(b);
            found.merges.push(edge.length);
        }
    }
    let words = edges.len().div_ceil(64);
    let mut reduced: Vec<Option<Vec<u64>>> = vec![None; edges.len()];
    for (last, edge) in edges.iter().enumerate() {
        let [a, b] = edge.ends;
        for c in 0..n {
            let (first, second) = (place[a * n + c], place[b * n + c]);
            // The edge is the longest of this triangle.
            if c == a || c == b || first >= last || second >= last {
                continue;
            }
            if open == 0 {
                break;
            }
            let mut sum = vec![0_u64; words];
            for at in [last, first, second] {
                sum[at / 64] ^= 1 << (at % 64);
            }
            if let Some(closed_by) = reduce(&mut sum, &reduced) {
                reduced[closed_by] = Some(sum);
                open -= 1;
                let birth = edges[closed_by].length;
                if edge.length > birth {
                    found.loops.push(Bar {
                        birth,
                        death: edge.length,
                    });
                }
            }
        }
    }
    found
        .loops
        .sort_by(|x, y| (y.death / y.birth).total_cmp(&(x.death / x.birth)));
    found
}

/// Step 1.
fn edges(points: &[Vec<f64>]) -> Vec<Edge> {
    let furthest = |a: &Vec<f64>| points.iter().map(|b| distance(a, b)).fold(0.0, f64::max);
    let radius = points.iter().map(furthest).fold(f64::INFINITY, f64::min);
    let mut edges = Vec::new();
    for b in 0..points.len() {
        for a in 0..b {
            let length = distance(&points[a], &points[b]);
            if length <= radius {
                edges.push(Edge {
                    length,
                    ends: [a, b],
                });
            }
        }
    }
    edges.sort_by(|x, y| x.length.total_cmp(&y.length).then(x.ends.cmp(&y.ends)));
    edges
}

/// Adds what is reduced until the last edge of the sum is that of nothing; `None` if the sum vanishes.
fn reduce(sum: &mut [u64], reduced: &[Option<Vec<u64>>]) -> Option<usize> {
    loop {
        let word = sum.iter().rposition(|word| *word != 0)?;
        let last = 64 * word + 63 - sum[word].leading_zeros() as usize;
        let Some(other) = &reduced[last] else {
            return Some(last);
        };
        for (word, other) in sum[..=word].iter_mut().zip(other) {
            *word ^= other;
        }
    }
}

fn root(piece: &mut [usize], mut at: usize) -> usize {
    while piece[at] != at {
        piece[at] = piece[piece[at]];
        at = piece[at];
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn turns(count: usize) -> impl Iterator<Item = f64> {
        (0..count).map(move |i| TAU * i as f64 / count as f64)
    }

    #[test]
    fn a_ring_has_one_loop_and_a_line_none() {
        let ring: Vec<Vec<f64>> = turns(60).map(|t| vec![t.cos(), t.sin()]).collect();
        let found = persistence(&ring);
        assert_eq!(
            (found.pieces(0.2), found.lasting_loops(2.0)),
            (1, 1),
            "{found:?}"
        );
        // An arc of three quarters is a line.
        let found = persistence(&ring[..45]);
        assert_eq!(
            (found.pieces(0.2), found.lasting_loops(2.0)),
            (1, 0),
            "{found:?}"
        );
    }

    #[test]
    fn separate_points_are_as_many_pieces() {
        let points: Vec<Vec<f64>> = turns(8).map(|t| vec![t.cos(), t.sin()]).collect();
        assert_eq!(persistence(&points).pieces(0.2), 8);
        let twice: Vec<Vec<f64>> = points.iter().chain(&points).cloned().collect();
        let (chosen, off) = landmarks(&twice, 100, 1e-9);
        assert_eq!((chosen.len(), off), (8, 0.0));
    }

    #[test]
    fn a_torus_has_two_loops_and_a_sphere_and_a_disc_none() {
        let torus: Vec<Vec<f64>> = turns(10)
            .flat_map(|a| turns(10).map(move |b| vec![a.cos(), a.sin(), b.cos(), b.sin()]))
            .collect();
        assert_eq!(persistence(&torus).lasting_loops(2.0), 2);
        let golden = TAU * 0.618_033_988_75;
        let sphere: Vec<Vec<f64>> = (0..120)
            .map(|i| {
                let z = 1.0 - (2.0 * f64::from(i) + 1.0) / 120.0;
                let (sin, cos) = (golden * f64::from(i)).sin_cos();
                let r = (1.0 - z * z).sqrt();
                vec![r * cos, r * sin, z]
            })
            .collect();
        assert_eq!(persistence(&sphere).lasting_loops(2.0), 0);
        let disc: Vec<Vec<f64>> = sphere.iter().map(|p| vec![p[0], p[1]]).collect();
        assert_eq!(persistence(&disc).lasting_loops(2.0), 0);
    }
}
