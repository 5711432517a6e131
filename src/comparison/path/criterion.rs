//! How fast a network learns: steps to a criterion, and the area under its learning curve.

use super::TrainingStep;
use crate::statistics::survival::TimeToEvent;

/// What has to be reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Level {
    /// A value at least as high, as of an accuracy.
    AtLeast(f64),
    /// A value at most as high, as of a loss.
    AtMost(f64),
}

impl Level {
    fn is_reached_by(self, value: f64) -> bool {
        match self {
            Self::AtLeast(level) => value >= level,
            Self::AtMost(level) => value <= level,
        }
    }
}

/// The first training step at which the mean over the last `window` steps has reached a level, or the last step if it never
/// has; `None` of fewer steps than a window, or of a window of 0.
///
/// `value` says what of a step counts. Steps that a stop left out are no part of a window.
pub fn steps_to(
    steps: &[TrainingStep],
    window: usize,
    level: Level,
    value: impl Fn(&TrainingStep) -> f64,
) -> Option<TimeToEvent> {
    if window == 0 || steps.len() < window {
        return None;
    }
    // Each window is summed by itself: a running sum would carry a NaN or its rounding errors on.
    let reached = steps.windows(window).find(|last| {
        let sum: f64 = last.iter().map(&value).sum();
        level.is_reached_by(sum / window as f64)
    });
    let end = reached.map_or(steps.last(), |last| last.last())?;
    Some(TimeToEvent {
        time: end.step as f64,
        is_observed: reached.is_some(),
    })
}

/// The area under a learning curve `[step, value]` by the trapezoidal rule, over its number of steps: a mean value in the unit of
/// the values. `None` of fewer than two different steps.
pub fn area_under(curve: &[[f64; 2]]) -> Option<f64> {
    let (first, last) = (curve.first()?, curve.last()?);
    let span = last[0] - first[0];
    let stretches = curve.windows(2);
    let area: f64 = stretches
        .map(|two| 0.5 * (two[0][1] + two[1][1]) * (two[1][0] - two[0][0]))
        .sum();
    (span > 0.0).then(|| area / span)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_accuracies(accuracies: &[f64]) -> Vec<TrainingStep> {
        let numbered = accuracies.iter().zip(1..);
        numbered
            .map(|(&accuracy, step)| TrainingStep {
                step,
                stage: 0,
                loss: 1.0 - accuracy,
                accuracy,
                gradient_norm: 1.0,
            })
            .collect()
    }

    #[test]
    fn one_lucky_step_is_no_criterion() {
        let steps = with_accuracies(&[0.1, 1.0, 0.2, 0.8, 0.9, 0.7, 1.0]);
        let to = |window, level| steps_to(&steps, window, level, |step| step.accuracy);
        let seen = |time: f64| {
            Some(TimeToEvent {
                time,
                is_observed: true,
            })
        };
        assert_eq!(to(1, Level::AtLeast(0.8)), seen(2.0));
        assert_eq!(to(3, Level::AtLeast(0.75)), seen(6.0));
        let by_loss = steps_to(&steps, 3, Level::AtMost(0.21), |step| step.loss);
        assert_eq!(by_loss, seen(6.0));
        let never = TimeToEvent {
            time: 7.0,
            is_observed: false,
        };
        assert_eq!(to(3, Level::AtLeast(0.95)), Some(never));
        assert_eq!(to(8, Level::AtLeast(0.1)), None);
        assert_eq!(to(0, Level::AtLeast(0.1)), None);
        let diverging = with_accuracies(&[f64::NAN, 0.5, 0.9, 0.9]);
        let found = steps_to(&diverging, 2, Level::AtLeast(0.9), |step| step.accuracy);
        assert_eq!(found, seen(4.0));
    }

    #[test]
    fn the_area_is_the_mean_height_whatever_the_spacing() {
        let line = |steps: &[f64]| steps.iter().map(|&x| [x, 0.1 * x]).collect::<Vec<_>>();
        for steps in [&[0.0, 10.0][..], &[0.0, 1.0, 7.0, 10.0]] {
            assert!((area_under(&line(steps)).unwrap_or(f64::NAN) - 0.5).abs() < 1e-15);
        }
        assert_eq!(area_under(&[[3.0, 1.0]]), None);
        assert_eq!(area_under(&[]), None);
    }
}
