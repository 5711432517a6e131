//! Memory-guided response and anti-response on a ring, MemoryPro and MemoryAnti (Driscoll, Shenoy & Sussillo 2024, Nat
//! Neurosci 27:1349, doi 10.1038/s41593-024-01668-6; after Yang et al. 2019, Nat Neurosci 22:297, doi
//! 10.1038/s41593-018-0310-2).
//!
//! A trial, each part of a length drawn evenly: fixation, stimulus (cosine and sine of a direction drawn evenly
//! from the ring), a delay, the response. The fixation input is 1 until the response; both stimulus channels have
//! noise.
//!
//! Targets: fixation 0.8 before the response and 0 in it, with twice the weight; cosine and sine 0 before it, and
//! in it those of the direction, or of the opposite one (anti), with weight `response_weight`. The first 100 ms of
//! the trial and of the response do not count.
//!
//! Score: mean fixation output below ½ in the response and mean direction within 36° of the target. Landscapes in
//! the delay, at a stimulus, and in the response.

use std::f64::consts::{PI, SQRT_2, TAU};

use rand::{Rng, RngExt as _};

use super::Task;
use super::about::{About, DT, NOISE, RESPONSE_WEIGHT, parameter};
use super::batch::{Answer, Probe, Score, Trial};
use super::timing::{LONGEST_DT_MS, LONGEST_MS, Timeline, noise_at_step, steps};
use crate::parameters::{NOT_NEGATIVE, POSITIVE, ParameterVisitor, Span};

/// The fixation output before the response; 0 in it.
const FIXATION: f64 = 0.8;
/// Weight of the fixation output, relative to that of the ring.
const FIXATION_WEIGHT: f64 = 2.0;
/// Nothing counts in the first 100 ms of a trial and of its response.
const GRACE_MS: usize = 100;
/// An answer within this angle is right.
const TOLERANCE: f64 = 0.2 * PI;

/// The memory-guided response: a direction is shown, held through a delay, and reported when the fixation goes out.
///
/// All durations are drawn evenly, so that nothing can be timed.
#[derive(Debug, Clone, PartialEq)]
pub struct MemoryResponse {
    /// Which direction is reported. Default pro.
    pub response: Response,
    /// Length of a time step. Default 20 ms.
    pub dt_ms: usize,
    /// Before the stimulus. Default 300 to 700 ms.
    pub fixation_ms: Span,
    /// Stimulus. Default 200 to 1600 ms.
    pub stimulus_ms: Span,
    /// From the end of the stimulus to the response. Default 200 to 1600 ms.
    pub delay_ms: Span,
    /// Response. Default 300 to 700 ms.
    pub response_ms: Span,
    /// Standard deviation of the noise on the direction's channels at each step, times √dt, in √ms. Default √2.
    pub noise: f64,
    /// Weight of the response in the loss; the time before it has 1. Default 5.
    pub response_weight: f64,
}

/// Which direction is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Response {
    /// The direction shown.
    Pro,
    /// The opposite one.
    Anti,
}

const ABOUT: About = About {
    name: "memory-response",
    summary: "hold a direction on a ring through a delay, then report it or its opposite",
    source: "Driscoll, Shenoy & Sussillo 2024, doi 10.1038/s41593-024-01668-6; Yang et al. 2019, doi \
             10.1038/s41593-018-0310-2",
    inputs: &["fixation", "cos", "sin"],
    outputs: &["fixation", "cos", "sin"],
    accuracy: "share of trials whose mean output in the response is within 0.2π of the direction, fixation below 0.5",
    parameters: &[
        parameter(
            "response",
            "",
            "report the direction shown (pro) or the opposite one (anti)",
        ),
        DT,
        parameter("fixation_min_ms", "ms", "least time before the stimulus"),
        parameter("fixation_max_ms", "ms", "greatest time before the stimulus"),
        parameter("stimulus_min_ms", "ms", "the shortest stimulus"),
        parameter("stimulus_max_ms", "ms", "the longest stimulus"),
        parameter("delay_min_ms", "ms", "the shortest delay"),
        parameter("delay_max_ms", "ms", "the longest delay"),
        parameter(
            "response_min_ms",
            "ms",
            "the shortest response, of which 100 ms do not count",
        ),
        parameter("response_max_ms", "ms", "the longest response"),
        NOISE,
        RESPONSE_WEIGHT,
    ],
};

impl Default for MemoryResponse {
    fn default() -> Self {
        Self {
            response: Response::Pro,
            dt_ms: 20,
            fixation_ms: Span { min: 300, max: 700 },
            stimulus_ms: Span {
                min: 200,
                max: 1600,
            },
            delay_ms: Span {
                min: 200,
                max: 1600,
            },
            response_ms: Span { min: 300, max: 700 },
            noise: SQRT_2,
            response_weight: 5.0,
        }
    }
}

impl Task for MemoryResponse {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input_channels(&self) -> usize {
        3
    }

    fn output_channels(&self) -> usize {
        3
    }

    fn trial_steps(&self) -> usize {
        let parts = [
            &self.fixation_ms,
            &self.stimulus_ms,
            &self.delay_ms,
            &self.response_ms,
        ];
        Timeline::total(&parts.map(|part| part.max), self.dt_ms)
    }

    fn draw_trial(&self, rng: &mut dyn Rng, trial: &mut Trial<'_>) {
        let shown = rng.random_range(0.0..TAU);
        let reported = match self.response {
            Response::Pro => shown,
            Response::Anti => shown + PI,
        };
        let mut timeline = Timeline::new(self.dt_ms);
        timeline.part(self.fixation_ms.draw(rng));
        let stimulus = timeline.part(self.stimulus_ms.draw(rng));
        timeline.part(self.delay_ms.draw(rng));
        let response = timeline.part(self.response_ms.draw(rng));
        trial.input(0, 0..response.start, 1.0);
        trial.input(1, stimulus.clone(), shown.cos());
        trial.input(2, stimulus, shown.sin());
        trial.noise(
            rng,
            1..3,
            0..response.end,
            noise_at_step(self.noise, self.dt_ms),
        );

        let grace = steps(GRACE_MS, self.dt_ms);
        let (before, after) = (grace..response.start, response.start + grace..response.end);
        let in_response = [0.0, reported.cos(), reported.sin()];
        for (channel, direction) in in_response.into_iter().enumerate() {
            let (held, weight) = if channel == 0 {
                (FIXATION, FIXATION_WEIGHT)
            } else {
                (0.0, 1.0)
            };
            trial.target(channel, before.clone(), held, weight);
            trial.target(
                channel,
                after.clone(),
                direction,
                weight * self.response_weight,
            );
        }
    }

    fn score(&self, answer: Answer<'_>) -> Score {
        let mut sums = [0.0; 3];
        let mut wanted = [0.0; 2];
        let mut count = 0.0;
        let is_response = |step: &usize| {
            let fixation = answer.at(0, *step);
            fixation.weight > 0.0 && fixation.target == 0.0
        };
        for step in (0..answer.steps()).filter(is_response) {
            count += 1.0;
            for channel in 0..3 {
                sums[channel] += answer.at(channel, step).output;
            }
            wanted = [answer.at(1, step).target, answer.at(2, step).target];
        }
        let [fixation, cos, sin] = sums;
        let along = cos * wanted[0] + sin * wanted[1];
        let is_near = along > TOLERANCE.cos() * cos.hypot(sin);
        Score::of(fixation < 0.5 * count && is_near)
    }

    /// A constant direction is right on a fifth of the ring.
    fn chance(&self) -> f64 {
        TOLERANCE / PI
    }

    /// The delay (the input of the fixation too), a stimulus at angle 0, and the response.
    fn probes(&self, input_channels: usize) -> Vec<Probe> {
        vec![
            Probe::new("delay", &[1.0], input_channels),
            Probe::new("stimulus at 0°", &[1.0, 1.0], input_channels),
            Probe::new("response", &[], input_channels),
        ]
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        let responses = [("pro", Response::Pro), ("anti", Response::Anti)];
        visitor.one_of("response", &mut self.response, &responses);
        visitor.count("dt_ms", &mut self.dt_ms, 1..=LONGEST_DT_MS);
        visitor.span(
            ["fixation_min_ms", "fixation_max_ms"],
            &mut self.fixation_ms,
            0..=LONGEST_MS,
        );
        visitor.span(
            ["stimulus_min_ms", "stimulus_max_ms"],
            &mut self.stimulus_ms,
            1..=LONGEST_MS,
        );
        visitor.span(
            ["delay_min_ms", "delay_max_ms"],
            &mut self.delay_ms,
            0..=LONGEST_MS,
        );
        visitor.span(
            ["response_min_ms", "response_max_ms"],
            &mut self.response_ms,
            1..=LONGEST_MS,
        );
        visitor.real("noise", &mut self.noise, NOT_NEGATIVE);
        visitor.real("response_weight", &mut self.response_weight, POSITIVE);
        if steps(self.response_ms.min, self.dt_ms) <= steps(GRACE_MS, self.dt_ms) {
            let expected =
                format!("at least one time step more than the {GRACE_MS} ms that do not count");
            visitor.refuse("response_min_ms", &expected);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_the_direction_shown_or_its_opposite() {
        for (response, factor) in [(Response::Pro, 1.0), (Response::Anti, -1.0)] {
            let task = MemoryResponse {
                response,
                noise: 0.0,
                ..MemoryResponse::default()
            };
            let batch = task.batch(50, 3);
            assert_eq!(batch.steps, 230);
            for index in 0..50 {
                let trial = batch.answer(index, &batch.targets);
                let at = |step: usize| [1, 2].map(|channel| trial.input(channel, step));
                let shown: Vec<_> = (0..230).filter(|&step| at(step) != [0.0, 0.0]).collect();
                let go = (0..230)
                    .find(|&step| trial.input(0, step) == 0.0)
                    .unwrap_or(230);
                assert!((15..=35).contains(&shown[0]) && (10..=80).contains(&shown.len()));
                assert!((10..=80).contains(&(go - shown[shown.len() - 1] - 1)));
                for channel in 0..3 {
                    for step in 0..230 {
                        let judged = trial.at(channel, step);
                        let scale = if channel == 0 { 2.0 } else { 1.0 };
                        if (5..go).contains(&step) {
                            let held = if channel == 0 { 0.8 } else { 0.0 };
                            assert_eq!((judged.target, judged.weight), (held, scale));
                        } else if judged.weight > 0.0 {
                            assert!((go + 5..go + 35).contains(&step), "step {step}");
                            let direction = if channel == 0 {
                                0.0
                            } else {
                                at(shown[0])[channel - 1]
                            };
                            assert!((judged.target - factor * direction).abs() < 1e-12);
                            assert_eq!(judged.weight, 5.0 * scale);
                        }
                    }
                }
            }
        }
    }
}
