//! Two-point moving average: hold the mean of the last two pulses (Sussillo & Barak 2013, Neural Computation 25:626,
//! doi 10.1162/NECO_a_00409).
//!
//! A trial: pulses with gaps drawn evenly from `gap_min` to `gap_max`, each with a height drawn evenly from
//! ±`amplitude` on the first channel and 1 on the second. From the second pulse on the target is the mean of the
//! last two heights.
//!
//! Score: R² against a constant 0. Landscape without a pulse: an approximate plane of fixed points in networks that
//! solve it.

use std::ops::RangeInclusive;

use rand::{Rng, RngExt as _};

use super::Task;
use super::about::{About, NOISE_AT_STEP, TRIAL_STEPS, parameter};
use super::batch::{Answer, Probe, Score, Trial};
use super::timing::MOST_STEPS;
use crate::parameters::{NOT_NEGATIVE, POSITIVE, ParameterVisitor, Span};

/// The moving-average task: pulses of random height come at random times, a second line says when.
///
/// From the onset of each pulse after the first, the target is the mean of its height and that of the pulse before. The
/// source gives no timing; that here is a choice.
#[derive(Debug, Clone, PartialEq)]
pub struct MovingAverage {
    /// Time steps of a trial. Default 100.
    pub trial_steps: usize,
    /// Steps from the end of a pulse to the next, and before the first. Default 5 to 15.
    pub gap: Span,
    /// Length of a pulse in steps. Default 2.
    pub pulse_width: usize,
    /// Heights are drawn evenly from −amplitude to amplitude. Default 1.
    pub amplitude: f64,
    /// Standard deviation of the Gaussian noise added to the height's line at each step. Default 0.
    pub noise: f64,
}

const ABOUT: About = About {
    name: "moving-average",
    summary: "hold the mean of the heights of the last two pulses",
    source: "Sussillo & Barak 2013, doi 10.1162/NECO_a_00409; timing chosen here",
    inputs: &["height", "cue"],
    outputs: &["mean"],
    accuracy: "R² of the output, 0 if negative",
    parameters: &[
        TRIAL_STEPS,
        parameter("gap_min", "steps", "least time between pulses"),
        parameter("gap_max", "steps", "greatest time between pulses"),
        parameter("pulse_width", "steps", "length of a pulse"),
        parameter(
            "amplitude",
            "",
            "heights are drawn evenly from −amplitude to amplitude",
        ),
        NOISE_AT_STEP,
    ],
};

impl Default for MovingAverage {
    fn default() -> Self {
        Self {
            trial_steps: 100,
            gap: Span { min: 5, max: 15 },
            pulse_width: 2,
            amplitude: 1.0,
            noise: 0.0,
        }
    }
}

impl Task for MovingAverage {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input_channels(&self) -> usize {
        2
    }

    fn output_channels(&self) -> usize {
        1
    }

    fn trial_steps(&self) -> usize {
        self.trial_steps
    }

    fn draw_trial(&self, rng: &mut dyn Rng, trial: &mut Trial<'_>) {
        let heights: RangeInclusive<f64> = -self.amplitude..=self.amplitude;
        let mut before = None;
        let mut onset = self.gap.draw(rng);
        while onset < self.trial_steps {
            let end = onset + self.pulse_width;
            let gap = self.gap.draw(rng);
            let height = rng.random_range(heights.clone());
            trial.input(0, onset..end.min(self.trial_steps), height);
            trial.input(1, onset..end.min(self.trial_steps), 1.0);
            if let Some(before) = before.replace(height) {
                let next = (end + gap).min(self.trial_steps);
                trial.target(0, onset..next, f64::midpoint(before, height), 1.0);
            }
            onset = end + gap;
        }
        trial.noise(rng, 0..1, 0..self.trial_steps, self.noise);
    }

    fn score(&self, answer: Answer<'_>) -> Score {
        answer.explained(0, 0.0)
    }

    fn chance(&self) -> f64 {
        0.0
    }

    /// One probe, "no pulse": the input between pulses.
    fn probes(&self, input_channels: usize) -> Vec<Probe> {
        vec![Probe::new("no pulse", &[], input_channels)]
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        visitor.count("trial_steps", &mut self.trial_steps, 1..=MOST_STEPS);
        visitor.span(["gap_min", "gap_max"], &mut self.gap, 0..=MOST_STEPS);
        visitor.count("pulse_width", &mut self.pulse_width, 1..=self.trial_steps);
        visitor.real("amplitude", &mut self.amplitude, POSITIVE);
        visitor.real("noise", &mut self.noise, NOT_NEGATIVE);
        let second_pulse = 2 * (self.gap.max + self.pulse_width);
        if second_pulse > self.trial_steps {
            let expected =
                format!("at least {second_pulse}, or no trial is sure to have a second pulse");
            visitor.refuse("trial_steps", &expected);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_the_mean_of_the_last_two_heights() {
        let task = MovingAverage::default();
        let batch = task.batch(50, 1);
        for index in 0..50 {
            let trial = batch.answer(index, &batch.targets);
            let mut heights = Vec::new();
            for step in 0..100 {
                let is_onset =
                    trial.input(1, step) == 1.0 && (step == 0 || trial.input(1, step - 1) == 0.0);
                if is_onset {
                    heights.push(trial.input(0, step));
                }
                let judged = trial.at(0, step);
                if let [.., before, last] = heights[..] {
                    assert_eq!(
                        (judged.target, judged.weight),
                        (f64::midpoint(before, last), 1.0)
                    );
                } else {
                    assert_eq!(judged.weight, 0.0);
                }
            }
            assert!(heights.len() >= 5, "{}", heights.len());
        }
    }
}
