//! Dynamic time warping: how alike two curves are where their clocks do not matter.

/// How two sequences run along each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Warping {
    /// Σ |a_i − b_j| along the path.
    pub cost: f64,
    /// The cost per pair of the path; NaN if there is none.
    pub mean_cost: f64,
    /// The pairs of places, from the two first to the two last; each step goes one on in one sequence or in both.
    pub path: Vec<(usize, usize)>,
}

/// Warps two sequences onto each other at the least cost (Sakoe & Chiba 1978, without weights or a window); of paths of the same
/// cost, one that goes on in both. An empty sequence has no path, and the cost is infinite unless both are empty.
///
/// 1. `D[i][j] = |a_i − b_j| + min(D[i−1][j−1], D[i−1][j], D[i][j−1])`.
/// 2. The path is read from the two last places backward.
pub fn warped(a: &[f64], b: &[f64]) -> Warping {
    if a.is_empty() || b.is_empty() {
        let is_nothing = a.is_empty() && b.is_empty();
        return Warping {
            cost: if is_nothing { 0.0 } else { f64::INFINITY },
            mean_cost: f64::NAN,
            path: Vec::new(),
        };
    }
    let width = b.len();
    let mut costs = vec![0.0; a.len() * width];
    for i in 0..a.len() {
        for j in 0..width {
            let before = predecessor(&costs, width, i, j);
            let so_far = before.map_or(0.0, |(i, j)| costs[i * width + j]);
            costs[i * width + j] = (a[i] - b[j]).abs() + so_far;
        }
    }
    let mut path = vec![(a.len() - 1, width - 1)];
    while let Some(before) = predecessor(
        &costs,
        width,
        path[path.len() - 1].0,
        path[path.len() - 1].1,
    ) {
        path.push(before);
    }
    path.reverse();
    let cost = costs[costs.len() - 1];
    Warping {
        cost,
        mean_cost: cost / path.len() as f64,
        path,
    }
}

/// The cheapest of the places before one.
fn predecessor(costs: &[f64], width: usize, i: usize, j: usize) -> Option<(usize, usize)> {
    match (i, j) {
        (0, 0) => None,
        (0, _) => Some((0, j - 1)),
        (_, 0) => Some((i - 1, 0)),
        _ => {
            let cost = |(i, j): (usize, usize)| costs[i * width + j];
            let mut best = (i - 1, j - 1);
            for other in [(i - 1, j), (i, j - 1)] {
                if cost(other) < cost(best) {
                    best = other;
                }
            }
            Some(best)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_curve_and_its_slower_copy_are_one() {
        let a = [5.0, 4.0, 2.0, 0.0];
        let slow = [5.0, 5.0, 4.0, 4.0, 4.0, 2.0, 0.0, 0.0];
        let found = warped(&a, &slow);
        assert_eq!(found.cost, 0.0);
        assert_eq!(
            found.path,
            [
                (0, 0),
                (0, 1),
                (1, 2),
                (1, 3),
                (1, 4),
                (2, 5),
                (3, 6),
                (3, 7)
            ]
        );
    }

    #[test]
    fn by_hand() {
        // |1−2| + |3−2| + |4−5|: 1 and 3 both go with 2.
        let found = warped(&[1.0, 3.0, 4.0], &[2.0, 5.0]);
        assert_eq!((found.cost, found.mean_cost), (3.0, 1.0));
        assert_eq!(found.path, [(0, 0), (1, 0), (2, 1)]);
        assert_eq!(warped(&[], &[]).cost, 0.0);
        assert_eq!(warped(&[1.0], &[]).cost, f64::INFINITY);
    }

    proptest! {
        #[test]
        fn it_is_symmetric_no_larger_than_step_by_step_and_its_path_costs_what_it_says(
            pairs in proptest::collection::vec((-1.0..1.0_f64, -1.0..1.0_f64), 1..12),
        ) {
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let found = warped(&a, &b);
            prop_assert!((found.cost - warped(&b, &a).cost).abs() < 1e-12);
            let straight: f64 = a.iter().zip(&b).map(|(x, y)| (x - y).abs()).sum();
            prop_assert!(found.cost <= straight + 1e-12);
            let along: f64 = found.path.iter().map(|&(i, j)| (a[i] - b[j]).abs()).sum();
            prop_assert!((found.cost - along).abs() < 1e-12);
            for two in found.path.windows(2) {
                let step = (two[1].0 - two[0].0, two[1].1 - two[0].1);
                prop_assert!(matches!(step, (0, 1) | (1, 0) | (1, 1)));
            }
        }
    }
}
