//! Piecewise-linear networks in the plane, all of whose short cycles are known exactly.
//!
//! z′ = A z + W max(0, z) + h with a diagonal A and a W without diagonal (Eisenmann et al. 2023). The signs of both units divide
//! the plane into four regions, in each of which the map is affine, so that the only candidate for a cycle through given
//! regions is the solution of one linear equation.

/// Number of parameters.
pub(super) const PARAMETERS: usize = 6;

/// a₁₁, a₂₂, w₁₂, w₂₁, h₁, h₂.
pub(super) type Plane = [f64; PARAMETERS];

/// The toy system of the paper: an unstable focus inside a stable cycle of 16 steps.
pub(super) const TOY: Plane = [0.83777, 0.96461, -0.64375, 0.52505, 0.37298, -0.97931];

/// A step of the map.
pub(super) fn step(p: &Plane, z: [f64; 2]) -> [f64; 2] {
    [
        p[0] * z[0] + p[2] * z[1].max(0.0) + p[4],
        p[1] * z[1] + p[3] * z[0].max(0.0) + p[5],
    ]
}

/// A 2 × 2 matrix, row by row.
pub(super) type Matrix = [f64; 4];

/// The Jacobian in the region of a point; on a border that of the silent unit.
pub(super) fn jacobian(p: &Plane, z: [f64; 2]) -> Matrix {
    in_region(p, region(z))
}

/// The Jacobian in a region: bit k says whether unit k is active.
fn in_region(p: &Plane, region: u8) -> Matrix {
    let active = |unit: u8| f64::from(region >> unit & 1);
    [p[0], p[2] * active(1), p[3] * active(0), p[1]]
}

fn region(z: [f64; 2]) -> u8 {
    u8::from(z[0] > 0.0) | u8::from(z[1] > 0.0) << 1
}

fn product(a: Matrix, b: Matrix) -> Matrix {
    [
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
    ]
}

fn applied(m: Matrix, z: [f64; 2]) -> [f64; 2] {
    [m[0] * z[0] + m[1] * z[1], m[2] * z[0] + m[3] * z[1]]
}

/// What would be a cycle through given regions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    /// det(I − M) of the product M of its Jacobians: 0 where it is at infinity.
    pub(super) determinant: f64,
    /// Whether it goes through the regions that it is of.
    pub(super) is_real: bool,
    /// Multipliers outside the unit circle.
    pub(super) n_unstable: u8,
}

/// What happens to the cycles of a network between two moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bifurcation {
    /// A cycle meets a border between regions, and appears, vanishes or becomes one of another kind (border collision).
    Border,
    /// A cycle goes to infinity, or comes from there, as a multiplier passes 1 (degenerate transcritical).
    Infinity,
    /// A multiplier passes −1, or a complex pair the unit circle, while the cycle stays in its regions (degenerate flip, centre).
    Stability,
}

/// All cycles up to some length, by the regions that they go through.
#[derive(Debug, Clone)]
pub(super) struct Words(Vec<Vec<u8>>);

impl Words {
    /// Those of up to `longest` steps, each cycle once: of all rotations of its regions the first in order, and none that repeats a
    /// shorter one.
    pub(super) fn up_to(longest: usize) -> Self {
        let mut words = Vec::new();
        for length in 1..=longest {
            for number in 0..4_usize.pow(length as u32) {
                let word: Vec<u8> = (0..length)
                    .map(|place| (number >> (2 * (length - 1 - place)) & 3) as u8)
                    .collect();
                let rotated = |by: usize| [&word[by..], &word[..by]].concat();
                if (1..length).all(|by| rotated(by) > word) {
                    words.push(word);
                }
            }
        }
        Self(words)
    }

    /// The candidates of a network.
    pub(super) fn candidates(&self, p: &Plane) -> Vec<Candidate> {
        self.0.iter().map(|word| candidate(p, word)).collect()
    }

    /// How many cycles a network has, by their length and number of multipliers outside the unit circle.
    pub(super) fn signature(&self, candidates: &[Candidate]) -> Vec<[u32; 3]> {
        let longest = self.0.last().map_or(0, Vec::len);
        let mut counts = vec![[0; 3]; longest];
        for (word, of) in self.0.iter().zip(candidates) {
            if of.is_real {
                counts[word.len() - 1][usize::from(of.n_unstable)] += 1;
            }
        }
        counts
    }

    /// What happens between two networks that are near each other; `None` if their signatures are the same.
    ///
    /// Where several things happen at once, the rarest is told: infinity, then stability, then a border.
    pub(super) fn between(&self, before: &[Candidate], after: &[Candidate]) -> Option<Bifurcation> {
        if self.signature(before) == self.signature(after) {
            return None;
        }
        let pairs = || before.iter().zip(after);
        let is_infinite = |(a, b): (&Candidate, &Candidate)| {
            (a.is_real || b.is_real) && (a.determinant > 0.0) != (b.determinant > 0.0)
        };
        let is_stability = |(a, b): (&Candidate, &Candidate)| {
            a.is_real && b.is_real && a.n_unstable != b.n_unstable
        };
        Some(if pairs().any(is_infinite) {
            Bifurcation::Infinity
        } else if pairs().any(is_stability) {
            Bifurcation::Stability
        } else {
            Bifurcation::Border
        })
    }

    /// What happens on the straight line between two networks, looked at in so many pieces; in order.
    pub(super) fn crossed(&self, from: &Plane, to: &Plane, pieces: usize) -> Vec<Bifurcation> {
        let at = |piece: usize| {
            let s = piece as f64 / pieces as f64;
            let p: Plane = std::array::from_fn(|k| (1.0 - s) * from[k] + s * to[k]);
            self.candidates(&p)
        };
        let mut before = at(0);
        let each = (1..=pieces).filter_map(|piece| {
            let after = at(piece);
            let found = self.between(&before, &after);
            before = after;
            found
        });
        each.collect()
    }
}

/// Solves (I − M) z = c for a cycle through the regions, and follows it.
fn candidate(p: &Plane, word: &[u8]) -> Candidate {
    let mut m = [1.0, 0.0, 0.0, 1.0];
    let mut c = [0.0; 2];
    for &region in word {
        let j = in_region(p, region);
        m = product(j, m);
        let moved = applied(j, c);
        c = [moved[0] + p[4], moved[1] + p[5]];
    }
    let [a, b, d, e] = [1.0 - m[0], -m[1], -m[2], 1.0 - m[3]];
    let determinant = a * e - b * d;
    let mut z = [
        (e * c[0] - b * c[1]) / determinant,
        (a * c[1] - d * c[0]) / determinant,
    ];
    let is_real = word.iter().all(|&wanted| {
        let is_there = region(z) == wanted;
        let moved = applied(in_region(p, wanted), z);
        z = [moved[0] + p[4], moved[1] + p[5]];
        is_there
    });
    Candidate {
        determinant,
        is_real,
        n_unstable: n_unstable(m),
    }
}

/// Eigenvalues outside the unit circle.
fn n_unstable(m: Matrix) -> u8 {
    let (half_trace, determinant) = (0.5 * (m[0] + m[3]), m[0] * m[3] - m[1] * m[2]);
    let discriminant = half_trace * half_trace - determinant;
    if discriminant < 0.0 {
        return if determinant > 1.0 { 2 } else { 0 };
    }
    let root = discriminant.sqrt();
    [half_trace + root, half_trace - root]
        .iter()
        .map(|eigenvalue| u8::from(eigenvalue.abs() > 1.0))
        .sum()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;
    use crate::dynamics::points::search::{SearchLimits, search};
    use crate::dynamics::points::starts::simulated;
    use crate::map::Map as _;

    #[test]
    fn words_are_the_necklaces_of_four_beads() {
        // Aperiodic necklaces: Moreau's count is 4, 6, 20, 60, 204.
        let words = Words::up_to(5);
        let count = |length| words.0.iter().filter(|word| word.len() == length).count();
        assert_eq!([1, 2, 3, 4, 5].map(count), [4, 6, 20, 60, 204]);
    }

    #[test]
    fn the_map_is_that_of_the_piecewise_linear_cell_and_so_are_its_fixed_points() {
        let cell = |p: &Plane| {
            let weights = [0.0, p[2], p[3], 0.0];
            CellMap::piecewise_linear(&p[..2], &weights, p[4..].to_vec())
        };
        let words = Words::up_to(1);
        for p in [
            TOY,
            [1.3, 0.5, 0.9, -0.4, 0.2, 0.3],
            [-0.3, 0.4, 1.5, 1.2, -0.5, 0.4],
        ] {
            let map = cell(&p);
            let z = [0.7, -0.4];
            let mut next = [0.0; 2];
            map.step(&z, &mut next);
            let own = step(&p, z);
            assert!((own[0] - next[0]).abs() < 1e-14 && (own[1] - next[1]).abs() < 1e-14);
            let found = search(
                &map,
                &[],
                &simulated(&map, 64, 3.0, 1),
                SearchLimits::default(),
            );
            let mut counts = [0; 3];
            for point in found.unwrap().fixed_points {
                counts[point.spectrum.n_unstable()] += 1;
            }
            assert_eq!(words.signature(&words.candidates(&p)), [counts], "{p:?}");
        }
    }

    #[test]
    fn a_short_cycle_that_is_iterated_is_in_the_list() {
        let p = [0.2, 0.1, -1.9, 1.2, 1.0, -0.2];
        let mut z = [0.1, 0.2];
        for _ in 0..2000 {
            z = step(&p, z);
        }
        let start = z;
        let length = (1..=5).find(|_| {
            z = step(&p, z);
            (z[0] - start[0]).abs() + (z[1] - start[1]).abs() < 1e-9
        });
        let words = Words::up_to(5);
        let signature = words.signature(&words.candidates(&p));
        assert_eq!(length, Some(4));
        assert_eq!(signature[3][0], 1, "{signature:?}");
    }

    #[test]
    fn each_kind_of_bifurcation_is_told_where_a_closed_form_says() {
        let words = Words::up_to(2);
        // A unit alone: z = a z + h has its point at h/(1 − a), which goes to infinity at a = 1, and loses stability at a = −1.
        let alone = |a: f64, h: f64| [a, 0.2, 0.0, 0.0, h, -1.0];
        let crossed = |from, to| words.crossed(&from, &to, 1);
        assert_eq!(
            crossed(alone(0.95, 0.5), alone(1.05, 0.5)),
            [Bifurcation::Infinity]
        );
        assert_eq!(
            crossed(alone(-0.95, 0.5), alone(-1.05, 0.5)),
            [Bifurcation::Stability]
        );
        // Two units that excite each other: active both beyond h = 0, where the silent point and the active one of W = 2 meet.
        let pair = |h: f64| [0.0, 0.0, 2.0, 2.0, h, h];
        assert_eq!(crossed(pair(-0.1), pair(0.1)), [Bifurcation::Border]);
        assert!(crossed(pair(-0.2), pair(-0.1)).is_empty());
        // A pair of complex multipliers of modulus 1: a₁₁ a₂₂ − w₁₂ w₂₁ = 1.
        let toy = |a: f64| {
            let mut p = TOY;
            p[1] = a;
            p
        };
        let critical = (1.0 + TOY[2] * TOY[3]) / TOY[0];
        let fixed = Words::up_to(1);
        let near = [toy(critical - 1e-6), toy(critical + 1e-6)];
        assert_eq!(
            fixed.crossed(&near[0], &near[1], 1),
            [Bifurcation::Stability]
        );
    }
}
