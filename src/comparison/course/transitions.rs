//! Where motion goes from each fixed point, and which points of two checkpoints are the same.

use crate::comparison::path::length::distance;
use crate::comparison::path::stages::Transitions;
use crate::comparison::portrait::{Cause, Landscape};

/// The transition matrices of a landscape: without input and after each of so many pulses of the task.
///
/// Marschall & Savin (2023) count where noisy copies of a point end. Without noise a stable point stays, the directions of an
/// unstable one are shared evenly by the stable points that its unstable manifold leads to, and a pulse moves a stable point to
/// one other; from unstable points pulses are not followed.
pub(super) fn transitions(landscape: &Landscape, pulses: usize) -> Transitions {
    let points = landscape.points.len();
    let edges = landscape.edges.as_deref().unwrap_or_default();
    let mut by_input = vec![vec![0.0; points * points]; 1 + pulses];
    for (place, point) in landscape.points.iter().enumerate() {
        if point.n_unstable == 0 {
            by_input[0][place * points + place] = 1.0;
        }
    }
    for edge in edges {
        let matrix = match edge.cause {
            Cause::Manifold => &mut by_input[0],
            Cause::Pulse(number) => &mut by_input[usize::from(number) + 1],
        };
        matrix[edge.from * points + edge.to] = 1.0;
    }
    for row in by_input[0].chunks_exact_mut(points.max(1)) {
        let sum: f64 = row.iter().sum();
        if sum > 0.0 {
            for share in row {
                *share /= sum;
            }
        }
    }
    Transitions { points, by_input }
}

/// Pulses that a landscape knows of.
pub(super) fn pulses(landscape: &Landscape) -> usize {
    let numbers = landscape
        .edges
        .iter()
        .flatten()
        .filter_map(|edge| match edge.cause {
            Cause::Pulse(number) => Some(usize::from(number) + 1),
            Cause::Manifold => None,
        });
    numbers.max().unwrap_or(0)
}

/// Which points before and after are the same: those with the same number of unstable directions, the nearest in what the network
/// puts out there first, each once.
pub(crate) fn matched(before: &Landscape, after: &Landscape) -> Vec<(usize, usize)> {
    let mut candidates: Vec<(f64, usize, usize)> = Vec::new();
    for (i, a) in before.points.iter().enumerate() {
        for (j, b) in after.points.iter().enumerate() {
            if a.n_unstable == b.n_unstable && a.readout.len() == b.readout.len() {
                candidates.push((distance(&a.readout, &b.readout), i, j));
            }
        }
    }
    candidates.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut is_taken = [
        vec![false; before.points.len()],
        vec![false; after.points.len()],
    ];
    let mut pairs = Vec::new();
    for (_, i, j) in candidates {
        if !is_taken[0][i] && !is_taken[1][j] {
            (is_taken[0][i], is_taken[1][j]) = (true, true);
            pairs.push((i, j));
        }
    }
    pairs.sort_unstable();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::path::stages::topology_change;
    use crate::comparison::testing::{landscape, point};

    /// One bit: a saddle between two memories, and pulses that set and clear it.
    fn bit(set: f64) -> Landscape {
        let spectrum = [[0.5, 0.0]];
        let points = vec![
            point(0, &[-set], &spectrum),
            point(1, &[0.0], &[[1.5, 0.0]]),
            point(0, &[set], &spectrum),
        ];
        landscape(
            points,
            &[
                (1, 0, Cause::Manifold),
                (1, 2, Cause::Manifold),
                (0, 2, Cause::Pulse(0)),
                (2, 2, Cause::Pulse(0)),
                (0, 0, Cause::Pulse(1)),
                (2, 0, Cause::Pulse(1)),
            ],
        )
    }

    #[test]
    fn a_bit_that_grows_is_the_same_and_one_that_is_born_is_not() {
        let (small, large) = (bit(0.2), bit(1.0));
        assert_eq!(pulses(&small), 2);
        let found = transitions(&small, 2);
        assert_eq!(found.by_input.len(), 3);
        assert_eq!(
            found.by_input[0],
            [1.0, 0.0, 0.0, 0.5, 0.0, 0.5, 0.0, 0.0, 1.0]
        );
        let pairs = matched(&small, &large);
        assert_eq!(pairs, [(0, 0), (1, 1), (2, 2)]);
        let change = topology_change(&found, &transitions(&large, 2), &pairs);
        assert!(change.abs() < 1e-15, "{change}");
        // Before it is born there is one stable point, the end of everything.
        let origin = landscape(
            vec![point(0, &[0.0], &[[0.5, 0.0]])],
            &[(0, 0, Cause::Pulse(0)), (0, 0, Cause::Pulse(1))],
        );
        let pairs = matched(&origin, &large);
        assert_eq!(pairs.len(), 1);
        let change = topology_change(&transitions(&origin, 2), &transitions(&large, 2), &pairs);
        // ⟨M, M′⟩/(|M||M′|) is 1/√2.5 without input, 0 and 1/√2 after the pulses; 2/3 of the points are new.
        let expected = 1.0 - (1.0 / 2.5_f64.sqrt() + 0.5_f64.sqrt()) / 3.0 + 2.0 / 3.0;
        assert!((change - expected).abs() < 1e-14, "{change}");
    }
}
