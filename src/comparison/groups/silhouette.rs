//! Silhouettes: how much nearer networks are to their own group than to the nearest other one.

use super::distances::Distances;
use super::{GroupError, Groups};

/// The silhouettes of networks, in −1 to 1; above 0 where a network is nearer to its own group.
#[derive(Debug, Clone, PartialEq)]
pub struct Silhouettes {
    /// One a network; NaN of one that does not count.
    pub by_network: Vec<f64>,
    /// The mean of each group; NaN of one without a network that counts.
    pub by_group: Vec<f64>,
    /// The mean of all networks.
    pub mean: f64,
}

/// The silhouettes (Rousseeuw 1987): (b − a)/max(a, b), where a is the mean distance to the others of the own group, and b the
/// least mean distance to those of another one; 0 of a network that is alone in its group.
pub fn silhouettes(distances: &Distances, groups: &Groups) -> Result<Silhouettes, GroupError> {
    groups.must_fit(distances)?;
    let counts = vec![1; distances.count()];
    weighted(distances, groups, &counts).ok_or(GroupError::OnlySingles)
}

/// The same where each network counts so often, as in a resample; `None` if only one group counts.
///
/// A copy of a network is no neighbour of the network: their distance 0 would say that groups are denser than they are.
pub(super) fn weighted(
    distances: &Distances,
    groups: &Groups,
    counts: &[u32],
) -> Option<Silhouettes> {
    let labels = groups.labels();
    let mut sizes = vec![0.0; groups.sizes().len()];
    for (&label, &count) in labels.iter().zip(counts) {
        sizes[label] += f64::from(count);
    }
    if sizes.iter().filter(|&&size| size > 0.0).count() < 2 {
        return None;
    }
    let sums = sums_to_groups(distances, groups, counts);
    let of_network = |network: usize| {
        let (own, count) = (labels[network], f64::from(counts[network]));
        if count == 0.0 {
            return f64::NAN;
        }
        let sums = &sums[network * sizes.len()..][..sizes.len()];
        if sizes[own] == count {
            return 0.0;
        }
        let inside = sums[own] / (sizes[own] - count);
        let others = (0..sizes.len()).filter(|&group| group != own && sizes[group] > 0.0);
        let outside = others
            .map(|group| sums[group] / sizes[group])
            .fold(f64::INFINITY, f64::min);
        let larger = inside.max(outside);
        if larger > 0.0 {
            (outside - inside) / larger
        } else {
            0.0
        }
    };
    let by_network: Vec<f64> = (0..labels.len()).map(of_network).collect();
    let mean_of = |belongs: &dyn Fn(usize) -> bool| {
        let (mut sum, mut total) = (0.0, 0.0);
        for network in (0..labels.len()).filter(|&network| counts[network] > 0 && belongs(network))
        {
            sum += f64::from(counts[network]) * by_network[network];
            total += f64::from(counts[network]);
        }
        sum / total
    };
    Some(Silhouettes {
        by_group: (0..sizes.len())
            .map(|group| mean_of(&|network| labels[network] == group))
            .collect(),
        mean: mean_of(&|_| true),
        by_network,
    })
}

/// Of each network the sum of its distances to those of each group, `[network][group]`.
fn sums_to_groups(distances: &Distances, groups: &Groups, counts: &[u32]) -> Vec<f64> {
    let labels = groups.labels();
    let width = groups.sizes().len();
    let mut sums = vec![0.0; labels.len() * width];
    for ((i, j), &distance) in distances.places().zip(distances.pairs()) {
        sums[i * width + labels[j]] += f64::from(counts[j]) * distance;
        sums[j * width + labels[i]] += f64::from(counts[i]) * distance;
    }
    sums
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The distances of points on a line.
    fn on_a_line(points: &[f64]) -> Distances {
        Distances::between(points.len(), |i, j| (points[i] - points[j]).abs()).unwrap()
    }

    #[test]
    fn four_points_on_a_line_by_hand() {
        let distances = on_a_line(&[0.0, 1.0, 10.0, 11.0]);
        let groups = Groups::new(&[0, 0, 1, 1]).unwrap();
        let found = silhouettes(&distances, &groups).unwrap();
        let (outer, inner) = (9.5 / 10.5, 8.5 / 9.5);
        for (x, y) in found.by_network.iter().zip([outer, inner, inner, outer]) {
            assert!((x - y).abs() < 1e-14, "{found:?}");
        }
        assert!((found.mean - 0.5 * (outer + inner)).abs() < 1e-14);
        assert!((found.by_group[1] - 0.5 * (outer + inner)).abs() < 1e-14);
    }

    #[test]
    fn the_nearest_other_group_counts_and_a_single_network_has_0() {
        // Point 2: a = 2 (to 0), groups at 5 (single) and at 20, 22: b = 3.
        let distances = on_a_line(&[0.0, 2.0, 5.0, 20.0, 22.0]);
        let groups = Groups::new(&[0, 0, 1, 2, 2]).unwrap();
        let found = silhouettes(&distances, &groups).unwrap();
        assert!((found.by_network[1] - 1.0 / 3.0).abs() < 1e-14);
        assert_eq!(found.by_network[2], 0.0);
        let wrong = Groups::new(&[0, 1, 0, 1]).unwrap();
        assert!(
            silhouettes(&on_a_line(&[0.0, 0.1, 9.0, 9.1]), &wrong)
                .unwrap()
                .mean
                < 0.0
        );
        assert_eq!(
            silhouettes(&distances, &wrong),
            Err(GroupError::Labels {
                labels: 4,
                networks: 5
            })
        );
    }

    #[test]
    fn a_network_that_counts_twice_weighs_twice_and_is_no_neighbour_of_itself() {
        let distances = on_a_line(&[0.0, 1.0, 3.0, 10.0, 12.0]);
        let groups = Groups::new(&[0, 0, 0, 1, 1]).unwrap();
        let found = weighted(&distances, &groups, &[2, 1, 0, 1, 1]).unwrap();
        // Of the first: a = 1, b = 11. Of the second: a = 1, b = 10. Of the others to the first group: (2·10+9)/3, (2·12+11)/3.
        let expected = [
            10.0 / 11.0,
            0.9,
            (29.0 / 3.0 - 2.0) * 3.0 / 29.0,
            29.0 / 35.0,
        ];
        for (place, value) in [0, 1, 3, 4].into_iter().zip(expected) {
            assert!((found.by_network[place] - value).abs() < 1e-14, "{found:?}");
        }
        assert!(found.by_network[2].is_nan());
        let sum = 2.0 * expected[0] + expected[1] + expected[2] + expected[3];
        assert!((found.mean - sum / 5.0).abs() < 1e-14);
        assert_eq!(weighted(&distances, &groups, &[1, 1, 1, 0, 0]), None);
    }

    #[test]
    fn there_must_be_groups() {
        assert_eq!(
            Groups::new(&[3, 3]),
            Err(GroupError::TooFewGroups { groups: 1 })
        );
        assert_eq!(Groups::new(&[0, 1, 2]), Err(GroupError::OnlySingles));
        assert_eq!(
            Groups::new(&[]),
            Err(GroupError::TooFewGroups { groups: 0 })
        );
    }
}
