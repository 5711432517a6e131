//! Periodic pattern: after a pulse, generate a sum of four sines without input (Sussillo & Abbott 2009, Neuron 63:544,
//! doi 10.1016/j.neuron.2009.07.018).
//!
//! A trial, always the same: the input is 1 for `cue_steps` steps, and then the target is Σ aₙ sin(2πn
//! t/`period_steps`), n = 1 to 4, for `periods` periods. Score: R² against a constant 0. Landscape without input,
//! where the pattern is a cycle.

use rand::Rng;

use super::Task;
use super::about::{About, parameter};
use super::batch::{Answer, Probe, Score, Trial};
use crate::parameters::{NOT_NEGATIVE, ParameterVisitor};

/// The pattern task: a pulse starts the trial, since a network at rest stays at rest; from its end on the target is
/// Σ aₙ sin(2πn t/T), n = 1 to 4.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// Time steps T of the pattern. Default 1200.
    pub period_steps: usize,
    /// Periods of a trial. Default 2.
    pub periods: usize,
    /// Time steps of the pulse, of amplitude 1. Default 20.
    pub cue_steps: usize,
    /// The amplitudes aₙ. Default 1.3/1.5 · (1, 1/2, 1/6, 1/3).
    pub amplitudes: [f64; 4],
}

const AMPLITUDES: [&str; 4] = ["amplitude_1", "amplitude_2", "amplitude_3", "amplitude_4"];

const ABOUT: About = About {
    name: "pattern",
    summary: "generate a sum of four sines after a starting pulse",
    source: "Sussillo & Abbott 2009, doi 10.1016/j.neuron.2009.07.018",
    inputs: &["start"],
    outputs: &["pattern"],
    accuracy: "R² of the output, 0 if negative",
    parameters: &[
        parameter("period_steps", "steps", "length of the pattern"),
        parameter("periods", "", "periods of a trial"),
        parameter("cue_steps", "steps", "length of the pulse that starts it"),
        parameter(AMPLITUDES[0], "", "amplitude of the fundamental"),
        parameter(AMPLITUDES[1], "", "amplitude of the second harmonic"),
        parameter(AMPLITUDES[2], "", "amplitude of the third harmonic"),
        parameter(AMPLITUDES[3], "", "amplitude of the fourth harmonic"),
    ],
};

impl Default for Pattern {
    fn default() -> Self {
        Self {
            period_steps: 1200,
            periods: 2,
            cue_steps: 20,
            amplitudes: [1.0, 1.0 / 2.0, 1.0 / 6.0, 1.0 / 3.0].map(|a| 1.3 / 1.5 * a),
        }
    }
}

impl Pattern {
    /// The target so many steps after the pulse.
    pub fn target(&self, step: usize) -> f64 {
        let phase = std::f64::consts::TAU * step as f64 / self.period_steps as f64;
        let harmonics = self.amplitudes.iter().zip(1..);
        harmonics
            .map(|(a, n)| a * (f64::from(n) * phase).sin())
            .sum()
    }
}

impl Task for Pattern {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input_channels(&self) -> usize {
        1
    }

    fn output_channels(&self) -> usize {
        1
    }

    fn trial_steps(&self) -> usize {
        self.cue_steps + self.period_steps * self.periods
    }

    fn draw_trial(&self, _: &mut dyn Rng, trial: &mut Trial<'_>) {
        trial.input(0, 0..self.cue_steps, 1.0);
        for step in self.cue_steps..self.trial_steps() {
            let target = self.target(step - self.cue_steps);
            trial.target(0, step..step + 1, target, 1.0);
        }
    }

    fn score(&self, answer: Answer<'_>) -> Score {
        answer.explained(0, 0.0)
    }

    fn chance(&self) -> f64 {
        0.0
    }

    /// One probe, without input.
    fn probes(&self, input_channels: usize) -> Vec<Probe> {
        vec![Probe::at(vec![0.0; input_channels])]
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        visitor.count("period_steps", &mut self.period_steps, 2..=100_000);
        visitor.count("periods", &mut self.periods, 1..=10);
        visitor.count("cue_steps", &mut self.cue_steps, 1..=10_000);
        for (name, amplitude) in AMPLITUDES.into_iter().zip(&mut self.amplitudes) {
            visitor.real(name, amplitude, NOT_NEGATIVE);
        }
    }
}
