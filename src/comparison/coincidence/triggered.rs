//! The event-triggered average: what a signal does around events, on average over a population, against chance.

use super::RunSignal;
use super::chance::{Chance, Places};
use crate::statistics::randomisation::{draws, p_value};

/// Which deviation from chance counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// Lower values, as of a loss that drops.
    Lower,
    /// Higher values.
    Upper,
    /// Both.
    Both,
}

/// How a signal around events is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TriggeredTest {
    /// Largest lag looked at, in training steps, before and behind an event.
    pub most_lag: usize,
    /// Which deviation counts.
    pub tail: Tail,
    /// Where chance puts the events.
    pub chance: Chance,
    /// How often it does. Default 999.
    pub draws: usize,
    /// Seed of the draws.
    pub seed: u64,
}

/// The average at one lag.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AverageAtLag {
    /// Training steps behind the event; negative before it.
    pub lag: i64,
    /// Mean of the signal there; NaN if no event has a value there.
    pub mean: f64,
    /// Mean of the same by chance.
    pub chance_mean: f64,
    /// Its standard deviation by chance.
    pub chance_deviation: f64,
    /// What 95 % of the draws lie between at this lag alone.
    pub chance_interval: [f64; 2],
}

/// What a signal does around events.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggeredAverage {
    /// The average at each lag, in order.
    pub lags: Vec<AverageAtLag>,
    /// Number of events.
    pub events: usize,
    /// The lag at which the average is farthest from chance, in standard deviations of chance and in the direction of the tail:
    /// positive where the signal follows the events, negative where it leads.
    pub extreme_lag: i64,
    /// The average there less its mean by chance, in the unit of the signal.
    pub excess: f64,
    /// The excess over the standard deviation of the signal itself, which does not depend on the number of events. At the
    /// extreme lag, which is chosen for being extreme, it is somewhat too large.
    pub effect_size: f64,
    /// Probability of so extreme an average at any of the lags, if events have nothing to do with the signal.
    pub p: f64,
}

impl TriggeredTest {
    /// Tests a signal around the events of a population; `None` of no event, or if no draw differs from another.
    ///
    /// 1. The signal is averaged over all events at each lag within the stage.
    /// 2. The same is done for each draw of where chance puts the events.
    /// 3. At each lag the average and all draws are standardised by their common mean and deviation; of each the most extreme
    ///    value over the lags counts, so that many lags are one test.
    /// 4. p = (k + 1)/(n + 1), where k of n draws are at least as extreme.
    pub fn run(&self, runs: &[RunSignal]) -> Option<TriggeredAverage> {
        let observed: Places = runs
            .iter()
            .map(|run| {
                run.stages
                    .iter()
                    .map(|stage| stage.events.clone())
                    .collect()
            })
            .collect();
        let events = observed.iter().flatten().map(Vec::len).sum();
        let mut curves = vec![self.curve(runs, &observed)];
        curves.extend(draws(self.draws, self.seed, |rng| {
            self.curve(runs, &self.chance.draw(runs, rng))
        }));
        let by_lag: Vec<Standard> = (0..=2 * self.most_lag)
            .map(|place| Standard::of(&curves, place))
            .collect();
        let extremes: Vec<(f64, usize)> = curves
            .iter()
            .map(|curve| self.extreme(curve, &by_lag))
            .collect();
        let (most, place) = extremes[0];
        if events == 0 || most == f64::NEG_INFINITY {
            return None;
        }
        let drawn: Vec<f64> = extremes[1..].iter().map(|(extreme, _)| *extreme).collect();
        let lags: Vec<AverageAtLag> = (0..by_lag.len())
            .map(|place| at_lag(&curves, place, self.lag(place)))
            .collect();
        let excess = lags[place].mean - lags[place].chance_mean;
        Some(TriggeredAverage {
            extreme_lag: lags[place].lag,
            excess,
            effect_size: excess / deviation_of(runs),
            // The same placement, summed in another order, may differ in its last digits.
            p: p_value(most - 1e-9, &drawn),
            events,
            lags,
        })
    }

    fn lag(&self, place: usize) -> i64 {
        place as i64 - self.most_lag as i64
    }

    /// Means of the signal at each lag; NaN where there is none.
    fn curve(&self, runs: &[RunSignal], places: &Places) -> Vec<f64> {
        let width = 2 * self.most_lag + 1;
        let (mut sums, mut counts) = (vec![0.0; width], vec![0.0; width]);
        for (run, places) in runs.iter().zip(places) {
            for (stage, events) in run.stages.iter().zip(places) {
                for &event in events {
                    // Place `event − most_lag` of the values is lag 0 of the sums.
                    let skipped = self.most_lag.saturating_sub(event);
                    let first = event.saturating_sub(self.most_lag);
                    let last = (event + self.most_lag + 1).min(stage.values.len());
                    for (offset, value) in stage.values[first..last].iter().enumerate() {
                        if value.is_finite() {
                            sums[skipped + offset] += value;
                            counts[skipped + offset] += 1.0;
                        }
                    }
                }
            }
        }
        let pairs = sums.into_iter().zip(counts);
        pairs.map(|(sum, count)| sum / count).collect()
    }

    /// The most extreme standardised value of a curve, and where.
    fn extreme(&self, curve: &[f64], by_lag: &[Standard]) -> (f64, usize) {
        let mut most = (f64::NEG_INFINITY, self.most_lag);
        for (place, (value, standard)) in curve.iter().zip(by_lag).enumerate() {
            let deviations = (value - standard.mean) / standard.deviation;
            let counted = match self.tail {
                Tail::Lower => -deviations,
                Tail::Upper => deviations,
                Tail::Both => deviations.abs(),
            };
            if counted.is_finite() && counted > most.0 {
                most = (counted, place);
            }
        }
        most
    }
}

/// Mean and deviation of all curves at one lag, the observed one among them: none must be special, or p is not exact.
struct Standard {
    mean: f64,
    deviation: f64,
}

impl Standard {
    fn of(curves: &[Vec<f64>], place: usize) -> Self {
        let (mean, deviation) = moments(curves.iter().map(|curve| curve[place]));
        Self {
            mean,
            // What rounding alone makes differ does not differ.
            deviation: if deviation > 1e-12 * mean.abs() {
                deviation
            } else {
                0.0
            },
        }
    }
}

fn at_lag(curves: &[Vec<f64>], place: usize, lag: i64) -> AverageAtLag {
    let drawn = curves[1..].iter().map(|curve| curve[place]);
    let (chance_mean, chance_deviation) = moments(drawn.clone());
    let mut sorted: Vec<f64> = drawn.filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let quantile = |level: f64| {
        let place = (level * sorted.len() as f64) as usize;
        let value = sorted.get(place.min(sorted.len().saturating_sub(1)));
        value.copied().unwrap_or(f64::NAN)
    };
    AverageAtLag {
        lag,
        mean: curves[0][place],
        chance_mean,
        chance_deviation,
        chance_interval: [quantile(0.025), quantile(0.975)],
    }
}

/// The standard deviation of the finite values of a signal over all steps.
fn deviation_of(runs: &[RunSignal]) -> f64 {
    let stages = runs.iter().flat_map(|run| &run.stages);
    moments(stages.flat_map(|stage| stage.values.iter().copied())).1
}

/// Mean and standard deviation of those values that are finite.
fn moments(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let finite = values.filter(|value| value.is_finite());
    let count = finite.clone().count() as f64;
    let mean = finite.clone().sum::<f64>() / count;
    let squares: f64 = finite.map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / count).sqrt())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "triggered_tests.rs"]
mod tests;
