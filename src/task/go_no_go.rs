//! Go/no-go: respond to one cue and not to the other (neurogym, `GoNogo`; Zhang et al. 2019).
//!
//! A trial: fixation, one of two cues (evenly), a delay, the decision. The fixation input is 1 until the decision;
//! the target is 0 before it, and in it 1 after go and 0 after no-go (weight `response_weight`). Both cue channels
//! have noise throughout.
//!
//! Score: whether the mean output in the decision is on the right side of ½. Landscapes in the delay and in the
//! decision.

use rand::{Rng, RngExt as _};

use super::Task;
use super::about::{About, DT, NOISE, RESPONSE_WEIGHT, parameter};
use super::batch::{Answer, Probe, Score, Trial};
use super::timing::{LONGEST_DT_MS, LONGEST_MS, Timeline, noise_at_step};
use crate::parameters::{NOT_NEGATIVE, POSITIVE, ParameterVisitor};

/// The go/no-go task: a cue, a delay, then 1 if the cue was "go" and 0 if not; 0 before.
#[derive(Debug, Clone, PartialEq)]
pub struct GoNoGo {
    /// Length of a time step. Default 20 ms.
    pub dt_ms: usize,
    /// Before the cue. Default 0 ms.
    pub fixation_ms: usize,
    /// Cue. Default 500 ms.
    pub stimulus_ms: usize,
    /// From the end of the cue to the decision. Default 500 ms.
    pub delay_ms: usize,
    /// Decision, with the fixation input at 0. Default 500 ms.
    pub decision_ms: usize,
    /// Standard deviation of the noise on the cues' channels at each step, times √dt, in √ms. Default 0.
    pub noise: f64,
    /// Weight of the decision in the loss; the time before it has 1. Default 5.
    pub response_weight: f64,
}

const ABOUT: About = About {
    name: "go-no-go",
    summary: "respond to one cue and not to the other",
    source: "neurogym GoNogo, github.com/neurogym/neurogym",
    inputs: &["fixation", "no-go", "go"],
    outputs: &["go"],
    accuracy: "share of trials whose mean output in the decision is above 1/2 after go, and not after no-go",
    parameters: &[
        DT,
        parameter("fixation_ms", "ms", "before the cue"),
        parameter("stimulus_ms", "ms", "cue"),
        parameter("delay_ms", "ms", "from the end of the cue to the decision"),
        parameter("decision_ms", "ms", "decision"),
        NOISE,
        RESPONSE_WEIGHT,
    ],
};

impl Default for GoNoGo {
    fn default() -> Self {
        Self {
            dt_ms: 20,
            fixation_ms: 0,
            stimulus_ms: 500,
            delay_ms: 500,
            decision_ms: 500,
            noise: 0.0,
            response_weight: 5.0,
        }
    }
}

impl Task for GoNoGo {
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
        let is_go = rng.random::<bool>();
        let mut timeline = Timeline::new(self.dt_ms);
        timeline.part(self.fixation_ms);
        let stimulus = timeline.part(self.stimulus_ms);
        timeline.part(self.delay_ms);
        let decision = timeline.part(self.decision_ms);
        trial.input(0, 0..decision.start, 1.0);
        trial.input(if is_go { 2 } else { 1 }, stimulus, 1.0);
        trial.noise(
            rng,
            1..3,
            0..decision.end,
            noise_at_step(self.noise, self.dt_ms),
        );
        trial.target(0, 0..decision.start, 0.0, 1.0);
        trial.target(
            0,
            decision,
            if is_go { 1.0 } else { 0.0 },
            self.response_weight,
        );
    }

    fn score(&self, answer: Answer<'_>) -> Score {
        let mut output = 0.0;
        let mut target = 0.0;
        for step in (0..answer.steps()).filter(|&step| answer.input(0, step) == 0.0) {
            let judged = answer.at(0, step);
            if judged.weight > 0.0 {
                output += judged.output - 0.5;
                target += judged.target - 0.5;
            }
        }
        Score::of(output * target > 0.0)
    }

    fn chance(&self) -> f64 {
        0.5
    }

    /// The delay, in which the cue is held; and the decision.
    fn probes(&self, input_channels: usize) -> Vec<Probe> {
        vec![
            Probe::new("delay", &[1.0], input_channels),
            Probe::new("decision", &[], input_channels),
        ]
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        visitor.count("dt_ms", &mut self.dt_ms, 1..=LONGEST_DT_MS);
        visitor.count("fixation_ms", &mut self.fixation_ms, 0..=LONGEST_MS);
        visitor.count("stimulus_ms", &mut self.stimulus_ms, 1..=LONGEST_MS);
        visitor.count("delay_ms", &mut self.delay_ms, 0..=LONGEST_MS);
        visitor.count("decision_ms", &mut self.decision_ms, 1..=LONGEST_MS);
        visitor.real("noise", &mut self.noise, NOT_NEGATIVE);
        visitor.real("response_weight", &mut self.response_weight, POSITIVE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_response_follows_the_cue() {
        let batch = GoNoGo::default().batch(100, 4);
        assert_eq!(batch.steps, 75);
        for index in 0..100 {
            let trial = batch.answer(index, &batch.targets);
            let [no_go, go] = [1, 2].map(|channel| trial.input(channel, 10));
            assert_eq!(no_go + go, 1.0);
            for step in 0..75 {
                let is_decision = step >= 50;
                let judged = trial.at(0, step);
                assert_eq!(trial.input(0, step), f64::from(u8::from(!is_decision)));
                assert_eq!(judged.target, if is_decision { go } else { 0.0 });
                assert_eq!(judged.weight, if is_decision { 5.0 } else { 1.0 });
            }
        }
    }
}
