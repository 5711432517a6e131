//! Interval reproduction (ready-set-go): give a pulse as long after "set" as that came after "ready" (Jazayeri &
//! Shadlen 2010, Nat Neurosci 13:1020, doi 10.1038/nn.2590; numbers of Turner, Dabholkar & Barak 2021, arXiv 2111.09356).
//!
//! A trial: after `onset` steps a pulse "ready", after an interval, drawn evenly, a pulse "set", and after the same
//! interval again the network is to give a pulse: the target is 1 for `pulse_width` steps (weight
//! `response_weight`), else 0.
//!
//! Score: whether the output first exceeds ½ after "set" no further than a pulse's width from the right time; one
//! that is too early is wrong, too. Landscape without a pulse, where time is kept by slow motion.

use rand::Rng;

use super::Task;
use super::about::{About, RESPONSE_WEIGHT, parameter};
use super::batch::{Answer, Probe, Score, Trial};
use super::timing::MOST_STEPS;
use crate::parameters::{POSITIVE, ParameterVisitor, Span};

/// The interval-reproduction task: a pulse on the first line ("ready"), one on the second ("set"), then a pulse of 1 in
/// the output ("go") after the same interval again; 0 elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct IntervalReproduction {
    /// The interval. Default 20 to 50 steps.
    pub interval: Span,
    /// Length of each pulse. Default 5 steps.
    pub pulse_width: usize,
    /// Steps before "ready". Default 5.
    pub onset: usize,
    /// Steps after "go" until the trial ends. Default 40.
    pub tail: usize,
    /// Weight of the go pulse in the loss; the time before and after it has 1. Default 1.
    pub response_weight: f64,
}

const ABOUT: About = About {
    name: "interval-reproduction",
    summary: "give a pulse as long after \"set\" as that came after \"ready\"",
    source: "Jazayeri & Shadlen 2010, doi 10.1038/nn.2590; numbers: Turner, Dabholkar & Barak 2021, arXiv 2111.09356",
    inputs: &["ready", "set"],
    outputs: &["go"],
    accuracy: "share of trials whose output first exceeds 1/2 after \"set\" within a pulse's width of the right time",
    parameters: &[
        parameter("interval_min", "steps", "the shortest interval"),
        parameter("interval_max", "steps", "the longest interval"),
        parameter("pulse_width", "steps", "length of each pulse"),
        parameter("onset", "steps", "time before \"ready\""),
        parameter("tail", "steps", "time after \"go\" until the trial ends"),
        RESPONSE_WEIGHT,
    ],
};

impl Default for IntervalReproduction {
    fn default() -> Self {
        Self {
            interval: Span { min: 20, max: 50 },
            pulse_width: 5,
            onset: 5,
            tail: 40,
            response_weight: 1.0,
        }
    }
}

impl Task for IntervalReproduction {
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
        self.onset + 2 * self.interval.max + self.pulse_width + self.tail
    }

    fn draw_trial(&self, rng: &mut dyn Rng, trial: &mut Trial<'_>) {
        let interval = self.interval.draw(rng);
        let (set, go) = (self.onset + interval, self.onset + 2 * interval);
        let end = go + self.pulse_width;
        trial.input(0, self.onset..self.onset + self.pulse_width, 1.0);
        trial.input(1, set..set + self.pulse_width, 1.0);
        trial.target(0, 0..end + self.tail, 0.0, 1.0);
        trial.target(0, go..end, 1.0, self.response_weight);
    }

    fn score(&self, answer: Answer<'_>) -> Score {
        let first = |from: usize, rises: &dyn Fn(usize) -> bool| {
            (from..answer.steps()).find(|&step| answer.at(0, step).weight > 0.0 && rises(step))
        };
        let set = first(0, &|step| answer.input(1, step) > 0.5).unwrap_or(0);
        let go = first(set, &|step| answer.at(0, step).target > 0.5);
        let given = first(set, &|step| answer.at(0, step).output > 0.5);
        let is_right = go
            .zip(given)
            .is_some_and(|(go, given)| go.abs_diff(given) <= self.pulse_width);
        Score::of(is_right)
    }

    /// A constant output goes at once, or never.
    fn chance(&self) -> f64 {
        0.0
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
        visitor.count("onset", &mut self.onset, 0..=MOST_STEPS);
        visitor.count("tail", &mut self.tail, 0..=MOST_STEPS);
        visitor.real("response_weight", &mut self.response_weight, POSITIVE);
        if self.pulse_width >= self.interval.min {
            let expected = format!("less than `interval_min`, which is {}", self.interval.min);
            visitor.refuse("pulse_width", &expected);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_comes_after_the_interval_again() {
        let batch = IntervalReproduction::default().batch(200, 6);
        assert_eq!(batch.steps, 150);
        let mut shortest = usize::MAX;
        for index in 0..200 {
            let trial = batch.answer(index, &batch.targets);
            let onset = |channel| {
                (0..150)
                    .find(|&step| trial.input(channel, step) > 0.0)
                    .unwrap_or(0)
            };
            let interval = onset(1) - onset(0);
            assert!((20..=50).contains(&interval));
            shortest = shortest.min(interval);
            let go = 5 + 2 * interval;
            for step in 0..150 {
                let judged = trial.at(0, step);
                assert_eq!(
                    judged.target,
                    f64::from(u8::from((go..go + 5).contains(&step)))
                );
                assert_eq!(judged.weight, f64::from(u8::from(step < go + 45)));
            }
        }
        assert!(shortest < 25);
    }

    #[test]
    fn an_early_or_late_go_is_wrong() {
        let task = IntervalReproduction::default();
        let batch = task.batch(20, 6);
        for (shift, expected) in [(0_usize, 1.0), (5, 1.0), (6, 0.0)] {
            let mut late = vec![0.0; shift * 20];
            late.extend(&batch.targets[..batch.targets.len() - shift * 20]);
            assert_eq!(task.accuracy(&batch, &late), expected, "late by {shift}");
            let mut early = batch.targets[shift * 20..].to_vec();
            early.resize(batch.targets.len(), 0.0);
            assert_eq!(task.accuracy(&batch, &early), expected, "early by {shift}");
        }
    }
}
