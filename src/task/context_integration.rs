//! Context-dependent integration: integrate the one of two streams that the context names (Mante et al. 2013, Nature
//! 503:78, doi 10.1038/nature12742; as in Maheswaranathan et al. 2019, arXiv 1907.08549).
//!
//! A trial:
//!
//! 1. A context and, for each stream, a drift within ±`drift` are drawn evenly.
//! 2. For `stream_steps` each stream is its drift plus noise of each step; the context's own channel is 1
//!    throughout the trial.
//! 3. The target is the running sum of the stream that the context names, noise included; or, if the choice is
//!    reported, 0 during the streams and the sign of the whole sum in the response after them.
//!
//! Score: R² of the running sum, or the sign of the mean output in the response. Landscapes at each context without
//! streams: a line attractor for each is what trained networks show.

use rand::{Rng, RngExt as _};

use super::Task;
use super::about::{About, parameter};
use super::batch::{Answer, Probe, Score, Trial};
use super::timing::MOST_STEPS;
use crate::parameters::{NOT_NEGATIVE, ParameterVisitor};

/// The context-dependent task: streams of white noise with a small drift, one of which counts.
///
/// Each stream has a drift drawn evenly from −drift to drift. The context is one-hot and static.
#[derive(Debug, Clone, PartialEq)]
pub struct ContextIntegration {
    /// What the output reports. Default the running integral.
    pub report: Report,
    /// Streams, of which one counts in a trial. Default 2.
    pub streams: usize,
    /// Time steps of the streams. Default 25.
    pub stream_steps: usize,
    /// Time steps of the choice after the streams, if it is reported. Default 5.
    pub response_steps: usize,
    /// Greatest absolute drift per step. Default 0.01.
    pub drift: f64,
    /// Standard deviation of the Gaussian noise of each stream at each step. Default 0.125.
    pub noise: f64,
}

/// What the output of [`ContextIntegration`] reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// The running sum of the stream that counts, at each step.
    Integral,
    /// Its sign, after the streams; 0 before.
    Choice,
}

const ABOUT: About = About {
    name: "context-integration",
    summary: "integrate the one of several noisy streams that the context names",
    source: "Mante et al. 2013, doi 10.1038/nature12742; Maheswaranathan et al. 2019, arXiv 1907.08549; numbers: \
             github.com/google-research/computation-thru-dynamics",
    inputs: &["stream …"],
    outputs: &["integral"],
    accuracy: "R² of the integral, 0 if negative; or the share of trials whose mean output has the right sign",
    parameters: &[
        parameter(
            "report",
            "",
            "the integral at each step, or the choice (its sign) at the end",
        ),
        parameter("streams", "", "streams, of which one counts in a trial"),
        parameter("stream_steps", "steps", "length of the streams"),
        parameter(
            "response_steps",
            "steps",
            "length of the response that follows (report = choice)",
        ),
        parameter(
            "drift",
            "1/step",
            "drifts are drawn evenly from −drift to drift",
        ),
        parameter(
            "noise",
            "",
            "standard deviation of each stream at each step",
        ),
    ],
};

impl Default for ContextIntegration {
    fn default() -> Self {
        Self {
            report: Report::Integral,
            streams: 2,
            stream_steps: 25,
            response_steps: 5,
            drift: 0.01,
            noise: 0.125,
        }
    }
}

impl Task for ContextIntegration {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input_name(&self, channel: usize) -> String {
        if channel < self.streams {
            format!("stream {}", channel + 1)
        } else {
            format!("context {}", channel + 1 - self.streams)
        }
    }

    fn input_channels(&self) -> usize {
        2 * self.streams
    }

    fn output_channels(&self) -> usize {
        1
    }

    fn trial_steps(&self) -> usize {
        match self.report {
            Report::Integral => self.stream_steps,
            Report::Choice => self.stream_steps + self.response_steps,
        }
    }

    fn draw_trial(&self, rng: &mut dyn Rng, trial: &mut Trial<'_>) {
        let during = 0..self.stream_steps;
        let context = rng.random_range(0..self.streams);
        for stream in 0..self.streams {
            let drift = rng.random_range(-self.drift..=self.drift);
            trial.input(stream, during.clone(), drift);
        }
        trial.noise(rng, 0..self.streams, during.clone(), self.noise);
        trial.input(self.streams + context, 0..self.trial_steps(), 1.0);
        let mut integral = 0.0;
        for step in during.clone() {
            integral += trial.input_at(context, step);
            match self.report {
                Report::Integral => trial.target(0, step..step + 1, integral, 1.0),
                Report::Choice => trial.target(0, step..step + 1, 0.0, 1.0),
            }
        }
        if self.report == Report::Choice {
            trial.target(0, during.end..self.trial_steps(), integral.signum(), 1.0);
        }
    }

    fn score(&self, answer: Answer<'_>) -> Score {
        match self.report {
            Report::Integral => answer.explained(0, 0.0),
            Report::Choice => answer.decision(0),
        }
    }

    fn chance(&self) -> f64 {
        match self.report {
            Report::Integral => 0.0,
            Report::Choice => 0.5,
        }
    }

    /// Each context, with all streams at 0.
    fn probes(&self, input_channels: usize) -> Vec<Probe> {
        (0..self.streams)
            .map(|context| {
                let mut input = vec![0.0; 2 * self.streams];
                input[self.streams + context] = 1.0;
                Probe::new(format!("context {}", context + 1), &input, input_channels)
            })
            .collect()
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        let reports = [("integral", Report::Integral), ("choice", Report::Choice)];
        visitor.one_of("report", &mut self.report, &reports);
        visitor.count("streams", &mut self.streams, 1..=64);
        visitor.count("stream_steps", &mut self.stream_steps, 1..=MOST_STEPS);
        if self.report == Report::Choice {
            visitor.count("response_steps", &mut self.response_steps, 1..=MOST_STEPS);
        }
        visitor.real("drift", &mut self.drift, NOT_NEGATIVE);
        visitor.real("noise", &mut self.noise, NOT_NEGATIVE);
        if self.drift == 0.0 && self.noise == 0.0 {
            visitor.refuse(
                "drift",
                "more than 0, as `noise` is 0 and there would be nothing to integrate",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_integrates_the_stream_of_the_context() {
        for report in [Report::Integral, Report::Choice] {
            let task = ContextIntegration {
                report,
                ..ContextIntegration::default()
            };
            let batch = task.batch(50, 2);
            for index in 0..50 {
                let trial = batch.answer(index, &batch.targets);
                let context = (0..2).find(|context| trial.input(2 + context, 0) == 1.0);
                let context = context.unwrap_or_else(|| panic!("trial {index} has no context"));
                assert_eq!(trial.input(3 - context, 0), 0.0);
                let mut integral = 0.0;
                for step in 0..batch.steps {
                    integral += trial.input(context, step);
                    let expected = match report {
                        Report::Integral => integral,
                        Report::Choice if step < 25 => 0.0,
                        Report::Choice => integral.signum(),
                    };
                    assert_eq!(trial.at(0, step).target, expected);
                }
            }
        }
    }
}
