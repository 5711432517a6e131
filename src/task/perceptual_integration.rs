//! Perceptual integration: which of two noisy channels is higher on the whole (neurogym, `PerceptualDecisionMaking`;
//! Britten et al. 1992, J Neurosci 12:4745, doi 10.1523/JNEUROSCI.12-12-04745.1992).
//!
//! A trial:
//!
//! 1. A side and one of `coherence_levels` coherences, each half of the one above, are drawn evenly.
//! 2. In the stimulus the two channels are 0.5 ± half the coherence, with noise; fixation is 1 until the decision.
//! 3. The target is 0 before the decision (weight 1), and in it the side, ±1 (weight `response_weight`).
//!
//! Score: the sign of the mean output in the decision. Landscapes in fixation and at a stimulus of coherence 0.

use rand::{Rng, RngExt as _};

use super::Task;
use super::about::{About, DT, NOISE, RESPONSE_WEIGHT, parameter};
use super::batch::{Answer, Probe, Score, Trial, sign};
use super::timing::{LONGEST_DT_MS, LONGEST_MS, Timeline, noise_at_step};
use crate::parameters::{FRACTION, NOT_NEGATIVE, POSITIVE, ParameterVisitor};

/// The perceptual decision: fixate, see two channels of 1/2 ± coherence/2 with noise, then say which was higher.
///
/// The target is 0 until the decision, then +1 for the first channel or −1 for the second. Coherence 0, for which no
/// answer is right, is left out.
#[derive(Debug, Clone, PartialEq)]
pub struct PerceptualIntegration {
    /// Length of a time step. Default 20 ms.
    pub dt_ms: usize,
    /// Fixation before the stimulus. Default 100 ms.
    pub fixation_ms: usize,
    /// Stimulus. Default 2000 ms.
    pub stimulus_ms: usize,
    /// From the end of the stimulus to the decision. Default 0 ms.
    pub delay_ms: usize,
    /// Decision, with the fixation input at 0. Default 100 ms.
    pub decision_ms: usize,
    /// The highest coherence. Default 0.512.
    pub coherence_max: f64,
    /// Coherences, each half of the one above. Default 4: 0.512, 0.256, 0.128, 0.064.
    pub coherence_levels: usize,
    /// Standard deviation of the noise on the two channels at each step, times √dt, in √ms. Default 1.
    pub noise: f64,
    /// Weight of the decision in the loss; the time before it has 1. Default 5.
    pub response_weight: f64,
}

const ABOUT: About = About {
    name: "perceptual-integration",
    summary: "say which of two noisy channels was higher on the whole",
    source: "neurogym PerceptualDecisionMaking; Britten et al. 1992, doi 10.1523/JNEUROSCI.12-12-04745.1992",
    inputs: &["fixation", "first", "second"],
    outputs: &["choice"],
    accuracy: "share of trials whose mean output in the decision has the sign of the higher channel",
    parameters: &[
        DT,
        parameter("fixation_ms", "ms", "fixation before the stimulus"),
        parameter("stimulus_ms", "ms", "stimulus"),
        parameter(
            "delay_ms",
            "ms",
            "from the end of the stimulus to the decision",
        ),
        parameter("decision_ms", "ms", "decision"),
        parameter("coherence_max", "", "the highest coherence"),
        parameter(
            "coherence_levels",
            "",
            "coherences, each half of the one above",
        ),
        NOISE,
        RESPONSE_WEIGHT,
    ],
};

impl Default for PerceptualIntegration {
    fn default() -> Self {
        Self {
            dt_ms: 20,
            fixation_ms: 100,
            stimulus_ms: 2000,
            delay_ms: 0,
            decision_ms: 100,
            coherence_max: 0.512,
            coherence_levels: 4,
            noise: 1.0,
            response_weight: 5.0,
        }
    }
}

impl Task for PerceptualIntegration {
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
            self.stimulus_ms,
            self.delay_ms,
            self.decision_ms,
        ];
        Timeline::total(&parts, self.dt_ms)
    }

    fn draw_trial(&self, rng: &mut dyn Rng, trial: &mut Trial<'_>) {
        let level = rng.random_range(0..self.coherence_levels);
        let choice = sign(rng);
        let drift = choice * self.coherence_max * 0.5_f64.powi(level as i32 + 1);
        let mut timeline = Timeline::new(self.dt_ms);
        timeline.part(self.fixation_ms);
        let stimulus = timeline.part(self.stimulus_ms);
        timeline.part(self.delay_ms);
        let decision = timeline.part(self.decision_ms);
        trial.input(0, 0..decision.start, 1.0);
        trial.input(1, stimulus.clone(), 0.5 + drift);
        trial.input(2, stimulus.clone(), 0.5 - drift);
        trial.noise(rng, 1..3, stimulus, noise_at_step(self.noise, self.dt_ms));
        trial.target(0, 0..decision.start, 0.0, 1.0);
        trial.target(0, decision, choice, self.response_weight);
    }

    fn score(&self, answer: Answer<'_>) -> Score {
        answer.decision(0)
    }

    fn chance(&self) -> f64 {
        0.5
    }

    /// The fixation, and a stimulus without drift.
    fn probes(&self, input_channels: usize) -> Vec<Probe> {
        vec![
            Probe::new("fixation", &[1.0], input_channels),
            Probe::new("stimulus of coherence 0", &[1.0, 0.5, 0.5], input_channels),
        ]
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        visitor.count("dt_ms", &mut self.dt_ms, 1..=LONGEST_DT_MS);
        visitor.count("fixation_ms", &mut self.fixation_ms, 0..=LONGEST_MS);
        visitor.count("stimulus_ms", &mut self.stimulus_ms, 1..=LONGEST_MS);
        visitor.count("delay_ms", &mut self.delay_ms, 0..=LONGEST_MS);
        visitor.count("decision_ms", &mut self.decision_ms, 1..=LONGEST_MS);
        visitor.real("coherence_max", &mut self.coherence_max, FRACTION);
        visitor.count("coherence_levels", &mut self.coherence_levels, 1..=32);
        visitor.real("noise", &mut self.noise, NOT_NEGATIVE);
        visitor.real("response_weight", &mut self.response_weight, POSITIVE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_is_the_sign_of_the_summed_difference() {
        let task = PerceptualIntegration {
            noise: 0.1,
            ..PerceptualIntegration::default()
        };
        let batch = task.batch(200, 4);
        assert_eq!(batch.steps, 110);
        for index in 0..200 {
            let trial = batch.answer(index, &batch.targets);
            let evidence: f64 = (0..110)
                .map(|step| trial.input(1, step) - trial.input(2, step))
                .sum();
            let coherence = evidence.abs() / 100.0;
            assert!((0.04..0.55).contains(&coherence), "{coherence}");
            for step in 0..110 {
                let judged = trial.at(0, step);
                let expected = if step < 105 {
                    (0.0, 1.0)
                } else {
                    (evidence.signum(), 5.0)
                };
                assert_eq!((judged.target, judged.weight), expected);
            }
        }
    }
}
