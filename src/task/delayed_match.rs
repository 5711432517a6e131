//! Delayed match to sample: is the test the sample again (Miller, Erickson & Desimone 1996, J Neurosci 16:5154, doi
//! 10.1523/JNEUROSCI.16-16-05154.1996; neurogym, `DelayMatchSample`).
//!
//! A trial:
//!
//! 1. A direction of the ring is drawn for the sample; with equal chance the test is the same one, or any other,
//!    evenly.
//! 2. Fixation, sample, a delay, test, decision. Directions are their cosine and sine; both channels have noise.
//! 3. The target is 0 before the decision, and in it +1 for a match and −1 otherwise (weight `response_weight`).
//!
//! Score: the sign of the mean output in the decision. Landscapes in the delay and in the decision.

use std::f64::consts::TAU;

use rand::{Rng, RngExt as _};

use super::Task;
use super::about::{About, DT, NOISE, RESPONSE_WEIGHT, parameter};
use super::batch::{Answer, Probe, Score, Trial};
use super::timing::{LONGEST_DT_MS, LONGEST_MS, Timeline, noise_at_step};
use crate::parameters::{NOT_NEGATIVE, POSITIVE, ParameterVisitor, Span};

/// The delayed match to sample: two directions on a ring with a delay between, then +1 if they are the same, else −1; 0
/// before. Half of the trials match.
#[derive(Debug, Clone, PartialEq)]
pub struct DelayedMatch {
    /// Directions, evenly around the ring. Default 2, opposite.
    pub directions: usize,
    /// Length of a time step. Default 20 ms.
    pub dt_ms: usize,
    /// Fixation before the sample. Default 300 ms.
    pub fixation_ms: usize,
    /// Sample. Default 500 ms.
    pub sample_ms: usize,
    /// Between sample and test, drawn evenly. Default 1000 ms.
    pub delay_ms: Span,
    /// Test. Default 500 ms.
    pub test_ms: usize,
    /// Decision, with the fixation input at 0. Default 900 ms.
    pub decision_ms: usize,
    /// Standard deviation of the noise on the direction's channels at each step, times √dt, in √ms. Default 1.
    pub noise: f64,
    /// Weight of the decision in the loss; the time before it has 1. Default 5.
    pub response_weight: f64,
}

const ABOUT: About = About {
    name: "delayed-match",
    summary: "say whether the test is the sample again",
    source: "neurogym DelayMatchSample; Miller, Erickson & Desimone 1996, doi 10.1523/JNEUROSCI.16-16-05154.1996",
    inputs: &["fixation", "cos", "sin"],
    outputs: &["match"],
    accuracy: "share of trials whose mean output in the decision has the right sign",
    parameters: &[
        parameter("directions", "", "directions, evenly around the ring"),
        DT,
        parameter("fixation_ms", "ms", "fixation before the sample"),
        parameter("sample_ms", "ms", "sample"),
        parameter("delay_min_ms", "ms", "least time between sample and test"),
        parameter(
            "delay_max_ms",
            "ms",
            "greatest time between sample and test",
        ),
        parameter("test_ms", "ms", "test"),
        parameter("decision_ms", "ms", "decision"),
        NOISE,
        RESPONSE_WEIGHT,
    ],
};

impl Default for DelayedMatch {
    fn default() -> Self {
        Self {
            directions: 2,
            dt_ms: 20,
            fixation_ms: 300,
            sample_ms: 500,
            delay_ms: Span {
                min: 1000,
                max: 1000,
            },
            test_ms: 500,
            decision_ms: 900,
            noise: 1.0,
            response_weight: 5.0,
        }
    }
}

impl Task for DelayedMatch {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input_channels(&self) -> usize {
        3
    }

    fn output_channels(&self) -> usize {
        1
    }

    fn trial_steps(&self) -> usize {
        let parts = [
            self.fixation_ms,
            self.sample_ms,
            self.delay_ms.max,
            self.test_ms,
            self.decision_ms,
        ];
        Timeline::total(&parts, self.dt_ms)
    }

    fn draw_trial(&self, rng: &mut dyn Rng, trial: &mut Trial<'_>) {
        let sample = rng.random_range(0..self.directions);
        let is_match = rng.random::<bool>();
        let other = (sample + rng.random_range(1..self.directions)) % self.directions;
        let test = if is_match { sample } else { other };
        let mut timeline = Timeline::new(self.dt_ms);
        timeline.part(self.fixation_ms);
        let sample_part = timeline.part(self.sample_ms);
        timeline.part(self.delay_ms.draw(rng));
        let test_part = timeline.part(self.test_ms);
        let decision = timeline.part(self.decision_ms);
        trial.input(0, 0..decision.start, 1.0);
        for (direction, part) in [(sample, sample_part), (test, test_part)] {
            let angle = TAU * direction as f64 / self.directions as f64;
            trial.input(1, part.clone(), angle.cos());
            trial.input(2, part, angle.sin());
        }
        trial.noise(
            rng,
            1..3,
            0..decision.end,
            noise_at_step(self.noise, self.dt_ms),
        );
        trial.target(0, 0..decision.start, 0.0, 1.0);
        let target = if is_match { 1.0 } else { -1.0 };
        trial.target(0, decision, target, self.response_weight);
    }

    fn score(&self, answer: Answer<'_>) -> Score {
        answer.decision(0)
    }

    fn chance(&self) -> f64 {
        0.5
    }

    /// The delay, in which the sample is held; and the decision.
    fn probes(&self, input_channels: usize) -> Vec<Probe> {
        vec![
            Probe::new("delay", &[1.0], input_channels),
            Probe::new("decision", &[], input_channels),
        ]
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        visitor.count("directions", &mut self.directions, 2..=1000);
        visitor.count("dt_ms", &mut self.dt_ms, 1..=LONGEST_DT_MS);
        visitor.count("fixation_ms", &mut self.fixation_ms, 0..=LONGEST_MS);
        visitor.count("sample_ms", &mut self.sample_ms, 1..=LONGEST_MS);
        visitor.span(
            ["delay_min_ms", "delay_max_ms"],
            &mut self.delay_ms,
            0..=LONGEST_MS,
        );
        visitor.count("test_ms", &mut self.test_ms, 1..=LONGEST_MS);
        visitor.count("decision_ms", &mut self.decision_ms, 1..=LONGEST_MS);
        visitor.real("noise", &mut self.noise, NOT_NEGATIVE);
        visitor.real("response_weight", &mut self.response_weight, POSITIVE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_says_whether_the_directions_agree() {
        let task = DelayedMatch {
            directions: 5,
            noise: 0.0,
            ..DelayedMatch::default()
        };
        let batch = task.batch(200, 4);
        assert_eq!(batch.steps, 160);
        let mut matches = 0;
        for index in 0..200 {
            let trial = batch.answer(index, &batch.targets);
            let direction = |step| (trial.input(1, step), trial.input(2, step));
            let is_match = direction(20) == direction(100);
            matches += usize::from(is_match);
            let target = trial.at(0, 120).target;
            assert_eq!(target, if is_match { 1.0 } else { -1.0 });
        }
        // Five standard deviations of a fair coin.
        assert!((65..=135).contains(&matches), "{matches}");
    }
}
