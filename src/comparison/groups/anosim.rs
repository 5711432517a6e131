//! ANOSIM: whether distances between groups rank above those within them.

use rand::seq::SliceRandom as _;

use super::distances::Distances;
use super::{GroupError, Groups};
use crate::statistics::randomisation::{draws, p_value};

/// The statistic of ANOSIM with its p-value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Anosim {
    /// R, in −1 to 1: 1 where every distance between groups is larger than every one within, near 0 where groups mean nothing.
    pub r: f64,
    /// Probability of an R at least as large if labels were dealt at random.
    pub p: f64,
}

/// Compares groups by ANOSIM (Clarke 1993).
///
/// 1. All M distances are ranked, equal ones alike.
/// 2. R = (mean rank between groups − mean rank within)/(M/2).
/// 3. Labels are dealt anew `permutations` times; p = (k + 1)/(n + 1), where k of n give at least the same R.
pub fn anosim(
    distances: &Distances,
    groups: &Groups,
    permutations: usize,
    seed: u64,
) -> Result<Anosim, GroupError> {
    groups.must_fit(distances)?;
    let ranking = Ranking::of(distances);
    let counts = vec![1; distances.count()];
    let r = ranking
        .r(groups.labels(), &counts)
        .ok_or(GroupError::OnlySingles)?;
    let drawn = draws(permutations, seed, |rng| {
        let mut labels = groups.labels().to_vec();
        labels.shuffle(rng);
        ranking.r(&labels, &counts).unwrap_or(f64::NEG_INFINITY)
    });
    // Sums of ranks in another order may differ in their last digits.
    let p = p_value(r - 1e-12, &drawn);
    Ok(Anosim { r, p })
}

/// The pairs of networks, nearest first.
pub(super) struct Ranking {
    sorted: Vec<(f64, u32, u32)>,
}

impl Ranking {
    /// Sorts the pairs, which is done once for all permutations and resamples.
    pub(super) fn of(distances: &Distances) -> Self {
        let mut sorted: Vec<_> = distances
            .places()
            .zip(distances.pairs())
            .map(|((i, j), &distance)| (distance, i as u32, j as u32))
            .collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { sorted }
    }

    /// R where each network counts so often, its copies not being paired with each other; `None` if there is no pair within a
    /// group, or none between groups.
    pub(super) fn r(&self, labels: &[usize], counts: &[u32]) -> Option<f64> {
        let (mut within, mut between) = ([0.0; 2], [0.0; 2]);
        let mut ranked = 0.0;
        for equal in self.sorted.chunk_by(|a, b| a.0 == b.0) {
            let (mut inside, mut outside) = (0.0, 0.0);
            for &(_, i, j) in equal {
                let (i, j) = (i as usize, j as usize);
                let weight = f64::from(counts[i]) * f64::from(counts[j]);
                if labels[i] == labels[j] {
                    inside += weight;
                } else {
                    outside += weight;
                }
            }
            let rank = ranked + 0.5 * (inside + outside + 1.0);
            for (sums, weight) in [(&mut within, inside), (&mut between, outside)] {
                sums[0] += weight * rank;
                sums[1] += weight;
            }
            ranked += inside + outside;
        }
        (within[1] > 0.0 && between[1] > 0.0)
            .then(|| (between[0] / between[1] - within[0] / within[1]) / (0.5 * ranked))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::statistics::randomisation::stream_of_draw;
    use rand::RngExt as _;

    fn found(pairs: &[f64], labels: &[usize]) -> Anosim {
        let distances = Distances::new(labels.len(), pairs.to_vec()).unwrap();
        anosim(&distances, &Groups::new(labels).unwrap(), 1999, 1).unwrap()
    }

    #[test]
    fn four_networks_by_hand() {
        // Pairs 01 02 03 12 13 23. Within: 01 and 23.
        let apart = found(&[1.0, 3.0, 4.0, 5.0, 6.0, 2.0], &[0, 0, 1, 1]);
        // Mean ranks 1.5 and 4.5, M/2 = 3. One of three ways to halve four networks is as good.
        assert!((apart.r - 1.0).abs() < 1e-14);
        assert!((apart.p - 1.0 / 3.0).abs() < 0.04, "{apart:?}");
        // Within ranks 1 and 4, between 2, 3, 5, 6: (4 − 2.5)/3.
        let partly = found(&[1.0, 2.0, 3.0, 5.0, 6.0, 4.0], &[0, 0, 1, 1]);
        assert!((partly.r - 0.5).abs() < 1e-14);
        // Ties: ranks 1.5, 1.5, 4.5, 4.5, 4.5, 4.5.
        let tied = found(&[1.0, 2.0, 2.0, 2.0, 2.0, 1.0], &[0, 0, 1, 1]);
        assert!((tied.r - 1.0).abs() < 1e-14);
        let same = found(&[2.0; 6], &[0, 0, 1, 1]);
        assert_eq!((same.r, same.p), (0.0, 1.0));
    }

    #[test]
    fn a_network_that_counts_twice_is_as_two_that_are_not_paired() {
        // Networks 0, 0', 1, 2, 3: the copies' own pair left out. Distances 01 = 1, 02 = 3, 03 = 4, 12 = 5, 13 = 6, 23 = 2.
        let distances = Distances::new(4, vec![1.0, 3.0, 4.0, 5.0, 6.0, 2.0]).unwrap();
        let ranking = Ranking::of(&distances);
        let r = ranking.r(&[0, 0, 1, 1], &[2, 1, 1, 1]).unwrap();
        // Ranks of 01 twice: 1.5; 23: 3; 02 twice: 4.5; 03 twice: 6.5; 12: 8; 13: 9. M = 9.
        let within = (2.0 * 1.5 + 3.0) / 3.0;
        let between = (2.0 * 4.5 + 2.0 * 6.5 + 8.0 + 9.0) / 6.0;
        assert!((r - (between - within) / 4.5).abs() < 1e-14);
        assert_eq!(ranking.r(&[0, 0, 1, 1], &[1, 0, 1, 0]), None);
    }

    #[test]
    fn labels_that_mean_nothing_give_p_that_is_uniform() {
        let p: Vec<f64> = (0..300)
            .map(|trial| {
                let mut rng = stream_of_draw(9, trial);
                let points: Vec<f64> = (0..12).map(|_| rng.random()).collect();
                let distances =
                    Distances::between(12, |i, j| (points[i] - points[j]).abs()).unwrap();
                let labels: Vec<usize> = (0..12).map(|place| place % 3).collect();
                let groups = Groups::new(&labels).unwrap();
                anosim(&distances, &groups, 199, trial as u64).unwrap().p
            })
            .collect();
        for level in [0.05, 0.2, 0.5, 0.8] {
            let share = p.iter().filter(|&&p| p <= level).count() as f64 / 300.0;
            let deviation = (level * (1.0 - level) / 300.0_f64).sqrt();
            assert!((share - level).abs() < 3.5 * deviation, "{level}: {share}");
        }
    }
}
