//! How well groups are apart by a measure, and whether by one better than by another, with intervals over runs.

use super::anosim::{Anosim, Ranking, anosim};
use super::distances::Distances;
use super::silhouette::{Silhouettes, silhouettes, weighted};
use super::{GroupError, Groups};
use crate::statistics::Estimate;
use crate::statistics::bootstrap::Bootstrap;

/// How well groups are apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Separation {
    /// The silhouettes.
    pub silhouettes: Silhouettes,
    /// Their mean.
    pub silhouette: Estimate,
    /// ANOSIM.
    pub anosim: Anosim,
    /// Its R.
    pub r: Estimate,
}

impl Separation {
    /// Measures how well groups are apart; intervals from resamples of the runs of each group, p from `permutations` of the
    /// labels with the seed of the bootstrap.
    pub fn of(
        distances: &Distances,
        groups: &Groups,
        bootstrap: &Bootstrap,
        permutations: usize,
    ) -> Result<Self, GroupError> {
        let ranking = Ranking::of(distances);
        Ok(Self {
            silhouettes: silhouettes(distances, groups)?,
            silhouette: bootstrap.estimate(groups.labels(), |counts| {
                Some(weighted(distances, groups, counts)?.mean)
            }),
            anosim: anosim(distances, groups, permutations, bootstrap.seed)?,
            r: bootstrap.estimate(groups.labels(), |counts| ranking.r(groups.labels(), counts)),
        })
    }
}

/// By how much groups are better apart by a second measure than by a first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeparationGain {
    /// Difference of the mean silhouettes.
    pub silhouette: Estimate,
    /// Difference of ANOSIM's R.
    pub r: Estimate,
}

impl SeparationGain {
    /// Compares two measures of the same networks. Each resample draws the same runs for both.
    pub fn of(
        first: &Distances,
        second: &Distances,
        groups: &Groups,
        bootstrap: &Bootstrap,
    ) -> Result<Self, GroupError> {
        groups.must_fit(first)?;
        groups.must_fit(second)?;
        let rankings = [first, second].map(Ranking::of);
        let labels = groups.labels();
        Ok(Self {
            silhouette: bootstrap.estimate(labels, |counts| {
                let mean = |distances| Some(weighted(distances, groups, counts)?.mean);
                Some(mean(second)? - mean(first)?)
            }),
            r: bootstrap.estimate(labels, |counts| {
                Some(rankings[1].r(labels, counts)? - rankings[0].r(labels, counts)?)
            }),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::statistics::randomisation::stream_of_draw;
    use rand::Rng;
    use rand_distr::{Distribution as _, StandardNormal};

    const LABELS: [usize; 24] = [
        0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2,
    ];

    /// Three groups of eight points around 0, `gap` and 2 `gap`, with deviation 1.
    fn groups_with_gap(gap: f64, rng: &mut impl Rng) -> Distances {
        let points = LABELS.map(|label| {
            let noise: f64 = StandardNormal.sample(rng);
            gap * label as f64 + noise
        });
        Distances::between(LABELS.len(), |i, j| (points[i] - points[j]).abs()).unwrap()
    }

    #[test]
    fn the_measure_that_separates_is_told_from_the_one_that_does_not() {
        let mut rng = stream_of_draw(21, 0);
        let (close, apart) = (
            groups_with_gap(0.0, &mut rng),
            groups_with_gap(8.0, &mut rng),
        );
        let groups = Groups::new(&LABELS).unwrap();
        let bootstrap = Bootstrap {
            resamples: 500,
            ..Bootstrap::new(3)
        };
        let of = |distances| Separation::of(distances, &groups, &bootstrap, 499).unwrap();
        let (none, clear) = (of(&close), of(&apart));
        assert!(clear.silhouette.interval.unwrap()[0] > 0.5, "{clear:?}");
        assert!(clear.anosim.r > 0.9 && clear.anosim.p == 1.0 / 500.0);
        assert!(clear.r.interval.unwrap()[0] > 0.8, "{clear:?}");
        assert!(none.silhouette.interval.unwrap()[0] < 0.05, "{none:?}");
        assert!(none.anosim.p > 0.05, "{none:?}");
        let gain = SeparationGain::of(&close, &apart, &groups, &bootstrap).unwrap();
        assert!(gain.silhouette.interval.unwrap()[0] > 0.5, "{gain:?}");
        assert!(gain.r.interval.unwrap()[0] > 0.5, "{gain:?}");
        let nothing = SeparationGain::of(&apart, &apart, &groups, &bootstrap).unwrap();
        assert_eq!(nothing.silhouette.interval, Some([0.0, 0.0]));
    }

    #[test]
    fn the_interval_of_the_silhouette_covers_its_mean_over_populations() {
        let groups = Groups::new(&LABELS).unwrap();
        let sample = |number: usize| groups_with_gap(3.0, &mut stream_of_draw(5, number));
        let means: Vec<f64> = (0..400)
            .map(|number| silhouettes(&sample(number), &groups).unwrap().mean)
            .collect();
        let expected = means.iter().sum::<f64>() / 400.0;
        let bootstrap = Bootstrap {
            resamples: 199,
            ..Bootstrap::new(8)
        };
        let covered = (0..100)
            .filter(|&number| {
                let distances = sample(1000 + number);
                let found = bootstrap.estimate(&LABELS, |counts| {
                    Some(weighted(&distances, &groups, counts)?.mean)
                });
                let [low, high] = found.interval.unwrap();
                low <= expected && expected <= high
            })
            .count();
        // Eight runs a group: a percentile interval covers less often than its 95 %.
        assert!(covered >= 80, "{covered} of 100");
    }
}
