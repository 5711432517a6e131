//! Interval discrimination: was the first of two intervals longer (numbers of Turner, Dabholkar & Barak 2021, arXiv
//! 2111.09356).
//!
//! A trial: a first interval, from the start to a pulse on the first channel; a second, from there to a pulse on
//! the other; `delay` steps; a response as long as a pulse. The second interval is drawn from the other lengths, so
//! that they are never equal. The target is 0, but in the response +1 if the first was longer, else −1 (weight
//! `response_weight`).
//!
//! Score: the sign of the mean output in the response. Landscape without a pulse.

use rand::{Rng, RngExt as _};

use super::Task;
use super::about::{About, RESPONSE_WEIGHT, parameter};
use super::batch::{Answer, Probe, Score, Trial};
use super::timing::MOST_STEPS;
use crate::parameters::{POSITIVE, ParameterVisitor, Span};

/// The interval-discrimination task: the first interval is from the start of the trial to a pulse on the first line, the
/// second from there to a pulse on the second line. Then +1 if the first was longer, −1 if the second; 0 elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct IntervalDiscrimination {
    /// Both intervals, which are never equal. Default 10 to 30 steps.
    pub interval: Span,
    /// Length of the pulses and of the response. Default 2 steps.
    pub pulse_width: usize,
    /// From the onset of the second pulse to the response. Default 15 steps.
    pub delay: usize,
    /// Steps after the response until the trial ends. Default 13.
    pub tail: usize,
    /// Weight of the response in the loss; the time before and after it has 1. Default 1.
    pub response_weight: f64,
}

const ABOUT: About = About {
    name: "interval-discrimination",
    summary: "say which of two intervals was longer",
    source: "Turner, Dabholkar & Barak 2021, arXiv 2111.09356",
    inputs: &["first", "second"],
    outputs: &["choice"],
    accuracy: "share of trials whose mean output in the response has the right sign",
    parameters: &[
        parameter("interval_min", "steps", "the shortest interval"),
        parameter("interval_max", "steps", "the longest interval"),
        parameter(
            "pulse_width",
            "steps",
            "length of each pulse and of the response",
        ),
        parameter("delay", "steps", "from the second pulse to the response"),
        parameter(
            "tail",
            "steps",
            "time after the response until the trial ends",
        ),
        RESPONSE_WEIGHT,
    ],
};

impl Default for IntervalDiscrimination {
    fn default() -> Self {
        Self {
            interval: Span { min: 10, max: 30 },
            pulse_width: 2,
            delay: 15,
            tail: 13,
            response_weight: 1.0,
        }
    }
}

impl Task for IntervalDiscrimination {
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
        2 * self.interval.max + self.delay + self.pulse_width + self.tail
    }

    fn draw_trial(&self, rng: &mut dyn Rng, trial: &mut Trial<'_>) {
        let Span { min, max } = self.interval;
        let first = self.interval.draw(rng);
        // One of the others: those from the first on move up by one.
        let other = rng.random_range(min..max);
        let second = other + usize::from(other >= first);
        let onset = first + second;
        let response = onset + self.delay;
        let end = response + self.pulse_width;
        trial.input(0, first..first + self.pulse_width, 1.0);
        trial.input(1, onset..onset + self.pulse_width, 1.0);
        trial.target(0, 0..end + self.tail, 0.0, 1.0);
        let choice = if first > second { 1.0 } else { -1.0 };
        trial.target(0, response..end, choice, self.response_weight);
    }

    fn score(&self, answer: Answer<'_>) -> Score {
        answer.decision(0)
    }

    fn chance(&self) -> f64 {
        0.5
    }

    /// One probe, "no pulse": the input while time is measured.
    fn probes(&self, input_channels: usize) -> Vec<Probe> {
        vec![Probe::new("no pulse", &[], input_channels)]
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        visitor.span(
            ["interval_min", "interval_max"],
            &mut self.interval,
            1..=MOST_STEPS,
        );
        visitor.count("pulse_width", &mut self.pulse_width, 1..=MOST_STEPS);
        visitor.count("delay", &mut self.delay, 0..=MOST_STEPS);
        visitor.count("tail", &mut self.tail, 0..=MOST_STEPS);
        visitor.real("response_weight", &mut self.response_weight, POSITIVE);
        if self.interval.min == self.interval.max {
            let expected = format!("less than `interval_max`, which is {}", self.interval.max);
            visitor.refuse("interval_min", &expected);
        }
        if self.delay < self.pulse_width {
            let expected = format!("at least `pulse_width`, which is {}", self.pulse_width);
            visitor.refuse("delay", &expected);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_is_the_longer_interval() {
        let batch = IntervalDiscrimination::default().batch(300, 8);
        assert_eq!(batch.steps, 90);
        for index in 0..300 {
            let trial = batch.answer(index, &batch.targets);
            let onset = |channel| {
                (0..90)
                    .find(|&step| trial.input(channel, step) > 0.0)
                    .unwrap_or(0)
            };
            let (first, second) = (onset(0), onset(1) - onset(0));
            assert!((10..=30).contains(&first) && (10..=30).contains(&second) && first != second);
            let response = onset(1) + 15;
            for step in 0..90 {
                let judged = trial.at(0, step);
                let is_response = (response..response + 2).contains(&step);
                let choice = if first > second { 1.0 } else { -1.0 };
                assert_eq!(judged.target, if is_response { choice } else { 0.0 });
                assert_eq!(judged.weight, f64::from(u8::from(step < response + 15)));
            }
        }
    }
}
