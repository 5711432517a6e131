//! Delayed discrimination: was the first of two vibrations faster (Romo et al. 1999, Nature 399:470, doi 10.1038/20939;
//! neurogym, `DelayComparison`).
//!
//! A trial:
//!
//! 1. One of five pairs of frequencies is drawn, and which of the two comes first.
//! 2. Fixation, first stimulus, a delay, second stimulus, decision. The fixation input is 1 until the decision; a
//!    stimulus of f Hz is the value 0.5 + (f − 10)/48 on the stimulus channel, which has noise throughout.
//! 3. The target is 0 before the decision (weight 1), and in it +1 if the first was higher, −1 if lower (weight
//!    `response_weight`).
//!
//! Score: the sign of the mean output in the decision. Landscape in the delay.

use rand::{Rng, RngExt as _};

use super::Task;
use super::about::{About, DT, NOISE, RESPONSE_WEIGHT, parameter};
use super::batch::{Answer, Probe, Score, Trial, sign};
use super::timing::{LONGEST_DT_MS, LONGEST_MS, Timeline, noise_at_step};
use crate::parameters::{NOT_NEGATIVE, POSITIVE, ParameterVisitor, Span};

/// Pairs of frequencies in Hz, presented in either order.
const PAIRS: [(f64, f64); 5] = [
    (18.0, 10.0),
    (22.0, 14.0),
    (26.0, 18.0),
    (30.0, 22.0),
    (34.0, 26.0),
];

/// Input for a frequency in Hz.
fn encoded(frequency: f64) -> f64 {
    0.5 + (frequency - 10.0) / 48.0
}

/// The task of Romo: two stimuli with a delay between, then +1 if the first was the higher, else −1; 0 before.
#[derive(Debug, Clone, PartialEq)]
pub struct DelayedDiscrimination {
    /// Length of a time step. Default 20 ms.
    pub dt_ms: usize,
    /// Fixation before the first stimulus. Default 500 ms.
    pub fixation_ms: usize,
    /// Each of the stimuli. Default 500 ms.
    pub stimulus_ms: usize,
    /// Between the stimuli, drawn evenly. Default 1000 ms.
    pub delay_ms: Span,
    /// Decision, with the fixation input at 0. Default 100 ms.
    pub decision_ms: usize,
    /// Standard deviation of the noise on the stimulus channel at each step, times √dt, in √ms. Default 1.
    pub noise: f64,
    /// Weight of the decision in the loss; the time before it has 1. Default 5.
    pub response_weight: f64,
}

const ABOUT: About = About {
    name: "delayed-discrimination",
    summary: "say whether the first of two stimuli was the higher",
    source: "Romo et al. 1999, doi 10.1038/20939; neurogym DelayComparison",
    inputs: &["fixation", "stimulus"],
    outputs: &["choice"],
    accuracy: "share of trials whose mean output in the decision has the right sign",
    parameters: &[
        DT,
        parameter("fixation_ms", "ms", "fixation before the first stimulus"),
        parameter("stimulus_ms", "ms", "each of the two stimuli"),
        parameter("delay_min_ms", "ms", "least time between the stimuli"),
        parameter("delay_max_ms", "ms", "greatest time between the stimuli"),
        parameter("decision_ms", "ms", "decision"),
        NOISE,
        RESPONSE_WEIGHT,
    ],
};

impl Default for DelayedDiscrimination {
    fn default() -> Self {
        Self {
            dt_ms: 20,
            fixation_ms: 500,
            stimulus_ms: 500,
            delay_ms: Span {
                min: 1000,
                max: 1000,
            },
            decision_ms: 100,
            noise: 1.0,
            response_weight: 5.0,
        }
    }
}

impl Task for DelayedDiscrimination {
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
        let stimulus = self.stimulus_ms;
        let parts = [
            self.fixation_ms,
            stimulus,
            self.delay_ms.max,
            stimulus,
            self.decision_ms,
        ];
        Timeline::total(&parts, self.dt_ms)
    }

    fn draw_trial(&self, rng: &mut dyn Rng, trial: &mut Trial<'_>) {
        let (high, low) = PAIRS[rng.random_range(0..PAIRS.len())];
        let choice = sign(rng);
        let (first, second) = if choice > 0.0 {
            (high, low)
        } else {
            (low, high)
        };
        let mut timeline = Timeline::new(self.dt_ms);
        timeline.part(self.fixation_ms);
        let first_part = timeline.part(self.stimulus_ms);
        timeline.part(self.delay_ms.draw(rng));
        let second_part = timeline.part(self.stimulus_ms);
        let decision = timeline.part(self.decision_ms);
        trial.input(0, 0..decision.start, 1.0);
        for (frequency, part) in [(first, first_part), (second, second_part)] {
            trial.input(1, part, encoded(frequency));
        }
        trial.noise(
            rng,
            1..2,
            0..decision.end,
            noise_at_step(self.noise, self.dt_ms),
        );
        trial.target(0, 0..decision.start, 0.0, 1.0);
        trial.target(0, decision, choice, self.response_weight);
    }

    fn score(&self, answer: Answer<'_>) -> Score {
        answer.decision(0)
    }

    fn chance(&self) -> f64 {
        0.5
    }

    /// The delay, in which the first frequency is held; the input is that of the fixation too.
    fn probes(&self, input_channels: usize) -> Vec<Probe> {
        vec![Probe::new("delay", &[1.0], input_channels)]
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        visitor.count("dt_ms", &mut self.dt_ms, 1..=LONGEST_DT_MS);
        visitor.count("fixation_ms", &mut self.fixation_ms, 0..=LONGEST_MS);
        visitor.count("stimulus_ms", &mut self.stimulus_ms, 1..=LONGEST_MS);
        visitor.span(
            ["delay_min_ms", "delay_max_ms"],
            &mut self.delay_ms,
            0..=LONGEST_MS,
        );
        visitor.count("decision_ms", &mut self.decision_ms, 1..=LONGEST_MS);
        visitor.real("noise", &mut self.noise, NOT_NEGATIVE);
        visitor.real("response_weight", &mut self.response_weight, POSITIVE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_is_which_stimulus_was_higher() {
        let task = DelayedDiscrimination {
            noise: 0.0,
            delay_ms: Span {
                min: 200,
                max: 2000,
            },
            ..DelayedDiscrimination::default()
        };
        let batch = task.batch(100, 4);
        for index in 0..100 {
            let trial = batch.answer(index, &batch.targets);
            let shown: Vec<_> = (0..batch.steps)
                .filter(|&step| trial.input(1, step) > 0.0)
                .collect();
            let first = trial.input(1, shown[0]);
            let second = trial.input(1, shown[shown.len() - 1]);
            assert_eq!(shown.len(), 50);
            let delay = shown[25] - shown[24] - 1;
            assert!((10..=100).contains(&delay), "{delay}");
            for step in 0..batch.steps {
                let judged = trial.at(0, step);
                let expected = match step {
                    _ if trial.input(0, step) == 1.0 => (0.0, 1.0),
                    _ if step <= shown[49] + 5 => ((first - second).signum(), 5.0),
                    _ => (0.0, 0.0),
                };
                assert_eq!((judged.target, judged.weight), expected, "step {step}");
            }
        }
    }
}
