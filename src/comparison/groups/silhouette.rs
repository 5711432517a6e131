//! Silhouettes: how much nearer networks are to their own group than to the nearest other one.

use std::ops::Range;

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
    let table = Table::of(distances, groups)?;
    let counts = vec![1; distances.count()];
    table.silhouettes(&counts).ok_or(GroupError::OnlySingles)
}

/// The distances of all networks, those of a group side by side: laid out once for all resamples.
pub(super) struct Table<'a> {
    labels: &'a [usize],
    /// The network of each row and column.
    order: Vec<usize>,
    /// The rows of each group.
    ranges: Vec<Range<usize>>,
    /// `[network][network]`.
    square: Vec<f64>,
}

impl<'a> Table<'a> {
    pub(super) fn of(distances: &Distances, groups: &'a Groups) -> Result<Self, GroupError> {
        groups.must_fit(distances)?;
        let labels = groups.labels();
        let mut order: Vec<usize> = (0..labels.len()).collect();
        order.sort_by_key(|&network| labels[network]);
        let mut ranges = Vec::with_capacity(groups.sizes().len());
        let mut first = 0;
        for size in groups.sizes() {
            ranges.push(first..first + size);
            first += size;
        }
        let mut square = Vec::with_capacity(order.len() * order.len());
        for &row in &order {
            square.extend(order.iter().map(|&column| distances.get(row, column)));
        }
        Ok(Self {
            labels,
            order,
            ranges,
            square,
        })
    }

    /// Silhouettes where each network counts so often, as in a resample; `None` if only one group counts.
    ///
    /// A copy of a network is no neighbour of the network: their distance 0 would say that groups are denser than they are.
    pub(super) fn silhouettes(&self, counts: &[u32]) -> Option<Silhouettes> {
        let weights: Vec<f64> = self
            .order
            .iter()
            .map(|&network| f64::from(counts[network]))
            .collect();
        let ranges = self.ranges.iter();
        let sizes: Vec<f64> = ranges
            .map(|range| weights[range.clone()].iter().sum())
            .collect();
        if sizes.iter().filter(|&&size| size > 0.0).count() < 2 {
            return None;
        }
        let mut by_network = vec![f64::NAN; self.order.len()];
        for (row, &network) in self.order.iter().enumerate() {
            if counts[network] > 0 {
                by_network[network] = self.silhouette(row, self.labels[network], &weights, &sizes);
            }
        }
        let (by_group, mean) = self.means(&by_network, counts, &sizes);
        Some(Silhouettes {
            by_network,
            by_group,
            mean,
        })
    }

    fn silhouette(&self, row: usize, own: usize, weights: &[f64], sizes: &[f64]) -> f64 {
        if sizes[own] == weights[row] {
            return 0.0;
        }
        let distances = &self.square[row * self.order.len()..][..self.order.len()];
        let (mut inside, mut outside) = (0.0, f64::INFINITY);
        for (group, range) in self.ranges.iter().enumerate() {
            let sum = dot(&distances[range.clone()], &weights[range.clone()]);
            if group == own {
                inside = sum / (sizes[own] - weights[row]);
            } else if sizes[group] > 0.0 {
                outside = f64::min(outside, sum / sizes[group]);
            }
        }
        let larger = inside.max(outside);
        if larger > 0.0 {
            (outside - inside) / larger
        } else {
            0.0
        }
    }

    /// The means of each group and of all.
    fn means(&self, by_network: &[f64], counts: &[u32], sizes: &[f64]) -> (Vec<f64>, f64) {
        let mut sums = vec![0.0; sizes.len()];
        for (network, &label) in self.labels.iter().enumerate() {
            if counts[network] > 0 {
                sums[label] += f64::from(counts[network]) * by_network[network];
            }
        }
        let mean = sums.iter().sum::<f64>() / sizes.iter().sum::<f64>();
        let by_group = sums.iter().zip(sizes).map(|(sum, size)| sum / size);
        (by_group.collect(), mean)
    }
}

/// Σ a_i b_i in four interleaved parts.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (parts_a, parts_b) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest = parts_a.remainder().iter().zip(parts_b.remainder());
    let rest: f64 = rest.map(|(x, y)| x * y).sum();
    for (x, y) in parts_a.zip(parts_b) {
        for lane in 0..4 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
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
        let table = Table::of(&distances, &groups).unwrap();
        let found = table.silhouettes(&[2, 1, 0, 1, 1]).unwrap();
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
        assert_eq!(table.silhouettes(&[1, 1, 1, 0, 0]), None);
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
