//! Times to an event that not everyone has reached: the survival curve of Kaplan and Meier.

use super::NORMAL_95;

/// When something happened, or until when it had not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeToEvent {
    /// The time of the event; of the end of observation if it was not seen.
    pub time: f64,
    /// Whether the event was seen.
    pub is_observed: bool,
}

/// The curve just after a time at which events were seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurvivalPoint {
    /// The time.
    pub time: f64,
    /// How many had no event before it and were still observed.
    pub at_risk: usize,
    /// How many had one.
    pub events: usize,
    /// Estimated probability that the event comes later than this.
    pub survival: f64,
    /// Its standard error by Greenwood's formula.
    pub standard_error: f64,
    /// Its 95 % interval from Greenwood's variance on the scale ln(−ln S), which stays within 0 and 1 (Kalbfleisch & Prentice
    /// 1980); `None` where S is 0.
    pub interval: Option<[f64; 2]>,
}

/// The estimated probability that an event has not come yet, as a function of time.
#[derive(Debug, Clone, PartialEq)]
pub struct SurvivalCurve {
    /// One a time at which events were seen, in order.
    pub points: Vec<SurvivalPoint>,
    /// How many were observed.
    pub count: usize,
    /// How many of them had no event while they were.
    pub censored: usize,
    /// The last time at which anyone was observed; NaN of nobody.
    pub last_time: f64,
}

impl SurvivalCurve {
    /// The product-limit estimate (Kaplan & Meier 1958). Who was observed until a time counts as at risk at it.
    ///
    /// 1. Times are sorted; at each with d events, n are still at risk.
    /// 2. S falls by the factor 1 − d/n.
    /// 3. Its variance is S² Σ d/(n(n−d)) (Greenwood 1926).
    pub fn estimate(times: &[TimeToEvent]) -> Self {
        let mut sorted = times.to_vec();
        sorted.sort_by(|a, b| a.time.total_cmp(&b.time));
        let mut points = Vec::new();
        let (mut survival, mut relative_variance, mut at_risk) = (1.0, 0.0, sorted.len());
        for same_time in sorted.chunk_by(|a, b| a.time == b.time) {
            let events = same_time.iter().filter(|time| time.is_observed).count();
            if events > 0 {
                let (n, d) = (at_risk as f64, events as f64);
                survival *= (n - d) / n;
                relative_variance += d / (n * (n - d));
                points.push(SurvivalPoint {
                    time: same_time[0].time,
                    at_risk,
                    events,
                    survival,
                    standard_error: if events < at_risk {
                        survival * relative_variance.sqrt()
                    } else {
                        0.0
                    },
                    interval: interval(survival, relative_variance),
                });
            }
            at_risk -= same_time.len();
        }
        Self {
            points,
            count: times.len(),
            censored: times.iter().filter(|time| !time.is_observed).count(),
            last_time: sorted.last().map_or(f64::NAN, |last| last.time),
        }
    }

    /// The probability that the event comes later than a time; past the last observation it is the last known one.
    pub fn at(&self, time: f64) -> f64 {
        let before = self.points.partition_point(|point| point.time <= time);
        before
            .checked_sub(1)
            .map_or(1.0, |place| self.points[place].survival)
    }

    /// The first time by which at least half had the event; `None` if fewer ever have.
    pub fn median(&self) -> Option<f64> {
        // Rounding must not decide whether a half is a half.
        let half = |point: &&SurvivalPoint| point.survival <= 0.5 + 1e-12;
        self.points.iter().find(half).map(|point| point.time)
    }

    /// The mean time to the event where times count up to a limit only: the area under the curve up to there. `None` if the
    /// limit lies past the last observation and not everyone had the event.
    pub fn restricted_mean(&self, limit: f64) -> Option<f64> {
        let is_known = limit <= self.last_time
            || self
                .points
                .last()
                .is_some_and(|point| point.survival <= 0.0);
        is_known.then(|| {
            let (mut area, mut since, mut survival) = (0.0, 0.0, 1.0);
            for point in self.points.iter().take_while(|point| point.time < limit) {
                area += survival * (point.time - since);
                (since, survival) = (point.time, point.survival);
            }
            area + survival * (limit - since)
        })
    }
}

fn interval(survival: f64, relative_variance: f64) -> Option<[f64; 2]> {
    (survival > 0.0).then(|| {
        let half = NORMAL_95 * relative_variance.sqrt() / survival.ln();
        let [low, high] = [-half, half].map(|shift| survival.powf(shift.exp()));
        [low.min(high), low.max(high)]
    })
}

/// Remission of children with acute leukaemia, weeks: 21 pairs, of each one on 6-mercaptopurine and one on placebo (Freireich et
/// al. 1963, Blood 21:699; Gehan 1965, Biometrika 52:203).
#[cfg(test)]
pub(super) fn leukaemia() -> [Vec<TimeToEvent>; 2] {
    let relapsed = |time: f64| TimeToEvent {
        time,
        is_observed: true,
    };
    let censored = |time: f64| TimeToEvent {
        time,
        is_observed: false,
    };
    let treated = [6.0, 6.0, 6.0, 7.0, 10.0, 13.0, 16.0, 22.0, 23.0].map(relapsed);
    let still = [
        6.0, 9.0, 10.0, 11.0, 17.0, 19.0, 20.0, 25.0, 32.0, 32.0, 34.0, 35.0,
    ]
    .map(censored);
    let placebo = [
        1.0, 1.0, 2.0, 2.0, 3.0, 4.0, 4.0, 5.0, 5.0, 8.0, 8.0, 8.0, 8.0, 11.0, 11.0, 12.0, 12.0,
        15.0, 17.0, 22.0, 23.0,
    ];
    [
        [&treated[..], &still[..]].concat(),
        placebo.map(relapsed).to_vec(),
    ]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_of_the_leukaemia_trial_is_the_published_one() {
        let [treated, placebo] = leukaemia();
        let curve = SurvivalCurve::estimate(&treated);
        // Time, at risk, survival, standard error, interval: Kleinbaum & Klein (2012), Survival Analysis, chapter 2.
        let published = [
            (6.0, 21, 0.8571, 0.0764, [0.6197, 0.9516]),
            (7.0, 17, 0.8067, 0.0869, [0.5631, 0.9228]),
            (10.0, 15, 0.7529, 0.0963, [0.5032, 0.8894]),
            (13.0, 12, 0.6902, 0.1068, [0.4316, 0.8491]),
            (16.0, 11, 0.6275, 0.1141, [0.3675, 0.8049]),
            (22.0, 7, 0.5378, 0.1282, [0.2678, 0.7468]),
            (23.0, 6, 0.4482, 0.1346, [0.1881, 0.6801]),
        ];
        assert_eq!(curve.points.len(), published.len());
        for (point, (time, at_risk, survival, error, interval)) in
            curve.points.iter().zip(published)
        {
            assert_eq!((point.time, point.at_risk), (time, at_risk));
            assert!((point.survival - survival).abs() < 5e-5, "{point:?}");
            assert!((point.standard_error - error).abs() < 5e-5, "{point:?}");
            for (x, y) in point.interval.unwrap().iter().zip(interval) {
                assert!((x - y).abs() < 6e-5, "{point:?}");
            }
        }
        assert_eq!(curve.median(), Some(23.0));
        assert_eq!((curve.censored, curve.last_time), (12, 35.0));
        assert_eq!(SurvivalCurve::estimate(&placebo).median(), Some(8.0));
    }

    #[test]
    fn without_censoring_the_curve_is_the_share_that_is_left() {
        let [_, placebo] = leukaemia();
        let curve = SurvivalCurve::estimate(&placebo);
        for time in [0.0, 1.0, 4.5, 8.0, 22.9, 23.0, 40.0] {
            let left = placebo.iter().filter(|one| one.time > time).count();
            assert!((curve.at(time) - left as f64 / 21.0).abs() < 1e-12);
        }
        let mean = placebo.iter().map(|one| one.time).sum::<f64>() / 21.0;
        assert!((curve.restricted_mean(23.0).unwrap() - mean).abs() < 1e-12);
        assert!((curve.restricted_mean(50.0).unwrap() - mean).abs() < 1e-12);
        assert_eq!(curve.points.last().unwrap().interval, None);
    }

    #[test]
    fn nobody_and_nothing_seen_are_no_special_cases() {
        let nobody = SurvivalCurve::estimate(&[]);
        assert_eq!((nobody.at(3.0), nobody.median()), (1.0, None));
        assert_eq!(nobody.restricted_mean(1.0), None);
        let never = SurvivalCurve::estimate(&[TimeToEvent {
            time: 9.0,
            is_observed: false,
        }]);
        assert_eq!((never.points.len(), never.at(100.0)), (0, 1.0));
        assert_eq!(never.restricted_mean(4.0), Some(4.0));
        assert_eq!(never.restricted_mean(10.0), None);
    }
}
