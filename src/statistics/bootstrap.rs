//! Bootstrap intervals of what can be computed from how often each run counts.
//!
//! Runs are drawn with replacement, never pairs of runs: what is measured between two of them is not independent of what is
//! measured between others. A group keeps its size in each resample.

use rand::{Rng, RngExt as _};
use statrs::distribution::{ContinuousCDF as _, Normal};

use super::randomisation::draws;
use super::{Estimate, NORMAL_95};

/// How an interval follows from resamples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BootstrapInterval {
    /// Between the 2.5 % and the 97.5 % quantile of the resamples.
    Percentile,
    /// Between the quantiles that allow for bias and for a deviation that changes with the value (BCa, Efron 1987); the
    /// percentile interval where all resamples lie on one side of the estimate.
    BiasCorrected,
}

/// How 95 % intervals are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bootstrap {
    /// Number of resamples. Default 2,000.
    pub resamples: usize,
    /// Default [`BootstrapInterval::Percentile`].
    pub interval: BootstrapInterval,
    /// Seed of the resamples.
    pub seed: u64,
}

impl Bootstrap {
    /// 2,000 resamples and percentile intervals.
    pub fn new(seed: u64) -> Self {
        Self {
            resamples: 2000,
            interval: BootstrapInterval::Percentile,
            seed,
        }
    }

    /// The estimate and 95 % interval of a statistic of runs, `groups[run]` the group of each, counted from 0.
    ///
    /// The statistic is given how often each run counts: once in the data, any number of times in a resample, whose runs are
    /// drawn within their groups. It may have no value. The interval is `None` if the data or more than 5 % of the resamples
    /// have none, or if a group has a single run, which no resample can vary.
    pub fn estimate(
        &self,
        groups: &[usize],
        statistic: impl Fn(&[u32]) -> Option<f64> + Sync,
    ) -> Estimate {
        let [estimate] = self.estimates(groups, |counts| [statistic(counts)]);
        estimate
    }

    /// The same of several statistics, each resample drawn once for all of them.
    pub fn estimates<const N: usize>(
        &self,
        groups: &[usize],
        statistics: impl Fn(&[u32]) -> [Option<f64>; N] + Sync,
    ) -> [Estimate; N] {
        let values = statistics(&vec![1; groups.len()]);
        let members = members_of(groups);
        let drawn = draws(self.resamples, self.seed, |rng| {
            statistics(&resample(&members, groups.len(), rng))
        });
        std::array::from_fn(|place| {
            let resampled = drawn.iter().filter_map(|of| of[place]).collect();
            let statistic = |counts: &[u32]| statistics(counts)[place];
            self.with_interval(values[place], resampled, &members, statistic)
        })
    }

    fn with_interval(
        &self,
        value: Option<f64>,
        mut resampled: Vec<f64>,
        members: &[Vec<usize>],
        statistic: impl Fn(&[u32]) -> Option<f64>,
    ) -> Estimate {
        let Some(value) = value else {
            return Estimate::exact(f64::NAN);
        };
        resampled.sort_unstable_by(f64::total_cmp);
        let varies = members.iter().all(|group| group.len() > 1);
        let is_enough = resampled.len() as f64 >= 0.95 * self.resamples as f64;
        let interval = (varies && is_enough && !resampled.is_empty()).then(|| {
            let [low, high] = match self.interval {
                BootstrapInterval::Percentile => [0.025, 0.975],
                BootstrapInterval::BiasCorrected => {
                    corrected_levels(value, &resampled, members, &statistic)
                        .unwrap_or([0.025, 0.975])
                }
            };
            [quantile(&resampled, low), quantile(&resampled, high)]
        });
        Estimate { value, interval }
    }

    /// The mean of values, one a run.
    pub fn mean(&self, values: &[f64]) -> Estimate {
        self.estimate(&vec![0; values.len()], |counts| {
            weighted_mean(values, counts)
        })
    }

    /// The mean of the second group less that of the first, one value a run.
    pub fn difference(&self, first: &[f64], second: &[f64]) -> Estimate {
        let mut groups = vec![0; first.len()];
        groups.resize(first.len() + second.len(), 1);
        self.estimate(&groups, |counts| {
            let (of_first, of_second) = counts.split_at(first.len());
            Some(weighted_mean(second, of_second)? - weighted_mean(first, of_first)?)
        })
    }
}

/// The mean of values that count so often; `None` if none counts.
pub fn weighted_mean(values: &[f64], counts: &[u32]) -> Option<f64> {
    let total: u32 = counts.iter().sum();
    let pairs = values.iter().zip(counts);
    let sum: f64 = pairs.map(|(value, &count)| value * f64::from(count)).sum();
    (total > 0).then(|| sum / f64::from(total))
}

/// The runs of each group.
fn members_of(groups: &[usize]) -> Vec<Vec<usize>> {
    let mut members = vec![Vec::new(); groups.iter().max().map_or(0, |last| last + 1)];
    for (run, &group) in groups.iter().enumerate() {
        members[group].push(run);
    }
    members.retain(|group| !group.is_empty());
    members
}

fn resample(members: &[Vec<usize>], runs: usize, rng: &mut impl Rng) -> Vec<u32> {
    let mut counts = vec![0; runs];
    for group in members {
        for _ in group {
            counts[group[rng.random_range(0..group.len())]] += 1;
        }
    }
    counts
}

/// The levels of the quantiles of a BCa interval.
///
/// 1. z₀ from the share of resamples below the estimate, half of those that equal it counted.
/// 2. The acceleration a from the estimates with one run left out, over groups as in Davison & Hinkley (1997), equation 5.27.
/// 3. Φ(z₀ + (z₀ + z)/(1 − a(z₀ + z))) for z = ±1.96.
fn corrected_levels(
    value: f64,
    resampled: &[f64],
    members: &[Vec<usize>],
    statistic: &impl Fn(&[u32]) -> Option<f64>,
) -> Option<[f64; 2]> {
    let normal = Normal::standard();
    let below = resampled.partition_point(|&x| x < value) as f64;
    let up_to = resampled.partition_point(|&x| x <= value) as f64;
    let share = 0.5 * (below + up_to) / resampled.len() as f64;
    if share <= 0.0 || share >= 1.0 {
        return None;
    }
    let bias = normal.inverse_cdf(share);
    let acceleration = acceleration(members, statistic)?;
    Some([-NORMAL_95, NORMAL_95].map(|z| {
        let shifted = bias + z;
        normal.cdf(bias + shifted / (1.0 - acceleration * shifted))
    }))
}

fn acceleration(members: &[Vec<usize>], statistic: &impl Fn(&[u32]) -> Option<f64>) -> Option<f64> {
    let mut counts = vec![1; members.iter().map(Vec::len).sum()];
    let (mut cubes, mut squares) = (0.0, 0.0);
    for group in members {
        let size = group.len() as f64;
        let mut without = Vec::with_capacity(group.len());
        for &run in group {
            counts[run] = 0;
            without.push(statistic(&counts)?);
            counts[run] = 1;
        }
        let mean = without.iter().sum::<f64>() / size;
        let influences = without.iter().map(|x| (size - 1.0) * (mean - x));
        for influence in influences {
            cubes += (influence / size).powi(3);
            squares += (influence / size).powi(2);
        }
    }
    Some(if squares > 0.0 {
        cubes / (6.0 * squares.powf(1.5))
    } else {
        0.0
    })
}

/// The quantile of sorted values, interpolated between the order statistics around level · (n + 1).
fn quantile(sorted: &[f64], level: f64) -> f64 {
    let last = sorted.len() - 1;
    let place = (level * (sorted.len() + 1) as f64 - 1.0).clamp(0.0, last as f64);
    let low = place.floor() as usize;
    let high = (low + 1).min(last);
    sorted[low] + (place - low as f64) * (sorted[high] - sorted[low])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::statistics::randomisation::stream_of_draw;
    use rand_distr::{Distribution as _, Exp1, StandardNormal};

    /// In how many of 400 samples of so many exponential values the interval of the mean holds the true mean 1.
    fn hits(interval: BootstrapInterval, count: usize) -> usize {
        (0..400)
            .filter(|&sample| {
                let mut rng = stream_of_draw(11, sample);
                let values: Vec<f64> = (0..count).map(|_| Exp1.sample(&mut rng)).collect();
                let bootstrap = Bootstrap {
                    resamples: 399,
                    interval,
                    seed: sample as u64,
                };
                let [low, high] = bootstrap.mean(&values).interval.unwrap();
                low <= 1.0 && 1.0 <= high
            })
            .count()
    }

    #[test]
    fn intervals_of_skewed_means_cover_nearly_as_often_as_they_say() {
        // 95 % of 400 are 380 ± 4; of 30 skewed values a bootstrap interval covers a little less.
        for interval in [
            BootstrapInterval::Percentile,
            BootstrapInterval::BiasCorrected,
        ] {
            let covered = hits(interval, 30);
            assert!((356..=392).contains(&covered), "{interval:?}: {covered}");
        }
    }

    #[test]
    fn the_interval_of_a_mean_is_that_of_the_normal_distribution_for_many_values() {
        let mut rng = stream_of_draw(2, 0);
        let values: Vec<f64> = (0..400)
            .map(|_| StandardNormal.sample(&mut rng))
            .map(|x: f64| 3.0 + 2.0 * x)
            .collect();
        let theory = Estimate::mean(&values).interval.unwrap();
        for interval in [
            BootstrapInterval::Percentile,
            BootstrapInterval::BiasCorrected,
        ] {
            let bootstrap = Bootstrap {
                interval,
                ..Bootstrap::new(7)
            };
            let found = bootstrap.mean(&values);
            for (x, y) in found.interval.unwrap().iter().zip(theory) {
                assert!((x - y).abs() < 0.03, "{found:?}, {theory:?}");
            }
        }
    }

    #[test]
    fn groups_keep_their_sizes_and_the_same_seed_gives_the_same_interval() {
        let bootstrap = Bootstrap::new(3);
        let groups = [0, 1, 0, 1, 1];
        let sizes = bootstrap.estimate(&groups, |counts| {
            assert_eq!(counts[0] + counts[2], 2);
            Some(f64::from(counts[1] + counts[3] + counts[4]))
        });
        assert_eq!(sizes.interval, Some([3.0, 3.0]));
        let difference = || bootstrap.difference(&[1.0, 2.0, 4.0], &[5.0, 9.0]);
        assert_eq!(difference(), difference());
        assert!((difference().value - (7.0 - 7.0 / 3.0)).abs() < 1e-12);
        assert_eq!(bootstrap.mean(&[2.0]).interval, None);
        assert!(bootstrap.mean(&[]).value.is_nan());
    }

    #[test]
    fn a_resample_never_leaves_the_range_of_the_data() {
        let values = [1.0, 1.5, 2.0, 8.0, 20.0];
        for interval in [
            BootstrapInterval::Percentile,
            BootstrapInterval::BiasCorrected,
        ] {
            let bootstrap = Bootstrap {
                interval,
                ..Bootstrap::new(1)
            };
            let [low, high] = bootstrap.mean(&values).interval.unwrap();
            assert!((1.0..6.5).contains(&low) && (6.5..=20.0).contains(&high));
        }
    }
}
