//! Mean distances within and between groups, for one resample of the networks after the other.

use std::ops::Range;

use crate::simd::vectorised;

/// Sums that run side by side in a product of two rows.
const SUMS: usize = 8;

/// The distances of networks, sorted by their groups.
pub struct Blocks {
    /// Place of each network among all.
    order: Vec<usize>,
    /// The networks of each group, in that order.
    bounds: Vec<Range<usize>>,
    /// From each network to those behind it; 0 where there is no distance.
    rows: Vec<Vec<f64>>,
    /// 1 where there is a distance, 0 where there is none; `None` if all are there.
    known: Option<Vec<Vec<f64>>>,
}

/// Sums over the pairs of a resample.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockSums {
    groups: usize,
    /// Weighted distance and weight of each two groups, `[first][second]`, the first not behind the second.
    sums: Vec<[f64; 2]>,
}

impl Blocks {
    /// Of networks with these labels, and the distance of two by their places, if there is one.
    pub fn new(labels: &[usize], distance: impl Fn(usize, usize) -> Option<f64>) -> Self {
        let mut order: Vec<usize> = (0..labels.len()).collect();
        order.sort_by_key(|&place| labels[place]);
        let groups = labels.iter().max().map_or(0, |last| last + 1);
        let start = |group: usize| order.partition_point(|&place| labels[place] < group);
        let bounds = (0..groups).map(|group| start(group)..start(group + 1));
        let bounds: Vec<Range<usize>> = bounds.collect();
        let behind = |a: usize| order[a + 1..].iter().map(move |&b| (a, b));
        let cell = |(a, b): (usize, usize)| distance(order[a], b);
        let cells: Vec<Vec<Option<f64>>> = (0..order.len())
            .map(|a| behind(a).map(cell).collect())
            .collect();
        let rows = cells
            .iter()
            .map(|row| row.iter().map(|of| of.unwrap_or(0.0)).collect());
        let rows = rows.collect();
        let has_gaps = cells.iter().flatten().any(Option::is_none);
        let known = has_gaps.then(|| {
            let known = |of: &Option<f64>| f64::from(u8::from(of.is_some()));
            let rows = cells.iter().map(|row| row.iter().map(known).collect());
            rows.collect()
        });
        Self {
            order,
            bounds,
            rows,
            known,
        }
    }

    /// The sums where each network counts so often, by its place; a pair counts as often as both.
    pub fn sums(&self, counts: &[u32]) -> BlockSums {
        let groups = self.bounds.len();
        let counts: Vec<f64> = self.order.iter().map(|&of| f64::from(counts[of])).collect();
        let mut sums = vec![[0.0; 2]; groups * groups];
        for (first, members) in self.bounds.iter().enumerate() {
            for a in members.clone().filter(|&a| counts[a] > 0.0) {
                for second in first..groups {
                    let others = &self.bounds[second];
                    let others = others.start.max(a + 1)..others.end;
                    if others.is_empty() {
                        continue;
                    }
                    let of = |row: &[f64]| {
                        let cells = &row[others.start - a - 1..others.end - a - 1];
                        vectorised(|| product(cells, &counts[others.clone()]))
                    };
                    let weight = match &self.known {
                        Some(known) => of(&known[a]),
                        None => counts[others.clone()].iter().sum(),
                    };
                    let sum = &mut sums[first * groups + second];
                    sum[0] += counts[a] * of(&self.rows[a]);
                    sum[1] += counts[a] * weight;
                }
            }
        }
        BlockSums { groups, sums }
    }
}

impl BlockSums {
    /// The mean distance of the pairs of groups that count; `None` if they have none.
    pub fn mean(&self, is_counted: impl Fn(usize, usize) -> bool) -> Option<f64> {
        let mut total = [0.0; 2];
        for first in 0..self.groups {
            for second in (first..self.groups).filter(|&second| is_counted(first, second)) {
                let [sum, weight] = self.sums[first * self.groups + second];
                total[0] += sum;
                total[1] += weight;
            }
        }
        (total[1] > 0.0).then(|| total[0] / total[1])
    }
}

/// Σ aᵢ bᵢ, in an order that does not depend on the width of vectors.
#[inline(always)]
fn product(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; SUMS];
    let (a_parts, a_rest) = a.as_chunks::<SUMS>();
    let (b_parts, b_rest) = b.as_chunks::<SUMS>();
    for (a, b) in a_parts.iter().zip(b_parts) {
        for lane in 0..SUMS {
            sums[lane] += a[lane] * b[lane];
        }
    }
    for (lane, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
        sums[lane] += a * b;
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn means_are_those_of_all_pairs_one_by_one(
            networks in proptest::collection::vec((0..3_usize, 0..4_u32), 0..40),
            gaps in 0..3_usize,
        ) {
            let (labels, counts): (Vec<usize>, Vec<u32>) = networks.into_iter().unzip();
            let distance = |i: usize, j: usize| {
                let (a, b) = (i.min(j), i.max(j));
                (gaps == 0 || (a + b) % 5 >= gaps).then(|| ((7 * a + 3 * b) % 11) as f64)
            };
            let sums = Blocks::new(&labels, distance).sums(&counts);
            for (first, second) in [(0, 0), (0, 1), (1, 2), (2, 2)] {
                let (mut sum, mut weight) = (0.0, 0.0);
                for i in 0..labels.len() {
                    for j in i + 1..labels.len() {
                        let of = (labels[i].min(labels[j]), labels[i].max(labels[j]));
                        if let (true, Some(distance)) = (of == (first, second), distance(i, j)) {
                            let count = f64::from(counts[i] * counts[j]);
                            sum += count * distance;
                            weight += count;
                        }
                    }
                }
                let found = sums.mean(|a, b| (a, b) == (first, second));
                match found {
                    None => prop_assert_eq!(weight, 0.0),
                    Some(mean) => prop_assert!((mean - sum / weight).abs() < 1e-12),
                }
            }
        }
    }
}
