//! Frequency-cued sine wave: a static input sets the frequency of the output (Sussillo & Barak 2013, Neural Computation
//! 25:626, doi 10.1162/NECO_a_00409).
//!
//! A trial: one of `frequencies` equally spaced frequencies ω is drawn. The input is a constant that encodes it,
//! 0.25 + (50/51)(ω − 0.1)/0.5; for `drive_secs` the wave sin ωt is added to it; then it has to go on by itself,
//! and counts, for `generate_secs`.
//!
//! Score: R² against a constant 0. Landscapes at the constants of `probe_frequencies` frequencies, without the
//! wave: an unstable point with a complex pair whose angle is about ω dt.

use std::ops::Bound;

use rand::{Rng, RngExt as _};

use super::Task;
use super::about::{About, NOISE_AT_STEP, parameter};
use super::batch::{Answer, Probe, Score, Trial};
use super::timing::MOST_STEPS;
use crate::parameters::{NOT_NEGATIVE, POSITIVE, ParameterVisitor};

/// The sine task: after a drive that sets the phase, the output goes on with sin(ωt) while the input says which ω.
///
/// The input for a frequency is u(ω) = 1/4 + (50/51)·(ω − 0.1)/0.5 with ω in rad/s, the published j/51 + 1/4 for the 51
/// frequencies ωⱼ = 0.1 + 0.01·j, so that training on fewer or on other frequencies asks for the same map.
#[derive(Debug, Clone, PartialEq)]
pub struct Sine {
    /// Number of trained frequencies, evenly spaced. Default 51.
    pub frequencies: usize,
    /// The lowest, in rad/s. Default 0.1.
    pub frequency_min: f64,
    /// The highest, in rad/s. Default 0.6.
    pub frequency_max: f64,
    /// Length of a time step in seconds. Default 0.5; with the published 0.02 a trial has 3600 steps.
    pub dt_secs: f64,
    /// Time during which sin(ωt) is added to the input and the target is free. Default 8 s.
    pub drive_secs: f64,
    /// Time during which the output must go on alone. Default 64 s.
    pub generate_secs: f64,
    /// Standard deviation of the Gaussian noise added to the input at each step. Default 0.
    pub noise: f64,
    /// Frequencies at which the landscape is analysed, evenly spaced. Default 5.
    pub probe_frequencies: usize,
}

const ABOUT: About = About {
    name: "sine",
    summary: "go on with a sine wave whose frequency a static input sets",
    source: "Sussillo & Barak 2013, doi 10.1162/NECO_a_00409",
    inputs: &["frequency cue"],
    outputs: &["wave"],
    accuracy: "R² of the output, 0 if negative",
    parameters: &[
        parameter("frequencies", "", "trained frequencies, evenly spaced"),
        parameter("frequency_min", "rad/s", "the lowest frequency"),
        parameter("frequency_max", "rad/s", "the highest frequency"),
        parameter("dt_secs", "s", "length of a time step"),
        parameter("drive_secs", "s", "time with the wave in the input"),
        parameter(
            "generate_secs",
            "s",
            "time without it, in which the output counts",
        ),
        NOISE_AT_STEP,
        parameter(
            "probe_frequencies",
            "",
            "frequencies whose landscape is analysed",
        ),
    ],
};

impl Default for Sine {
    fn default() -> Self {
        Self {
            frequencies: 51,
            frequency_min: 0.1,
            frequency_max: 0.6,
            dt_secs: 0.5,
            drive_secs: 8.0,
            generate_secs: 64.0,
            noise: 0.0,
            probe_frequencies: 5,
        }
    }
}

impl Sine {
    /// The static input that asks for a frequency in rad/s.
    pub fn cue(frequency: f64) -> f64 {
        0.25 + 50.0 / 51.0 * (frequency - 0.1) / 0.5
    }

    /// The `index`-th of `count` frequencies, in rad/s.
    fn frequency(&self, index: usize, count: usize) -> f64 {
        let place = index as f64 / count.saturating_sub(1).max(1) as f64;
        self.frequency_min + place * (self.frequency_max - self.frequency_min)
    }

    fn drive_steps(&self) -> usize {
        (self.drive_secs / self.dt_secs).round() as usize
    }
}

impl Task for Sine {
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
        let generate_steps = (self.generate_secs / self.dt_secs).round() as usize;
        self.drive_steps() + generate_steps.max(1)
    }

    fn draw_trial(&self, rng: &mut dyn Rng, trial: &mut Trial<'_>) {
        let index = rng.random_range(0..self.frequencies);
        let frequency = self.frequency(index, self.frequencies);
        let steps = self.trial_steps();
        trial.input(0, 0..steps, Self::cue(frequency));
        for step in 0..steps {
            let wave = (frequency * self.dt_secs * step as f64).sin();
            if step < self.drive_steps() {
                trial.input(0, step..step + 1, wave);
            } else {
                trial.target(0, step..step + 1, wave, 1.0);
            }
        }
        trial.noise(rng, 0..1, 0..steps, self.noise);
    }

    fn score(&self, answer: Answer<'_>) -> Score {
        answer.explained(0, 0.0)
    }

    fn chance(&self) -> f64 {
        0.0
    }

    /// The static input of each probed frequency.
    fn probes(&self, input_channels: usize) -> Vec<Probe> {
        let count = self.probe_frequencies.min(self.frequencies);
        (0..count)
            .map(|index| {
                let frequency = self.frequency(index, count);
                let name = format!("{frequency:.3} rad/s");
                Probe::new(name, &[Self::cue(frequency)], input_channels)
            })
            .collect()
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        let at_least_a_millisecond = (Bound::Included(1e-3), Bound::Unbounded);
        visitor.count("frequencies", &mut self.frequencies, 1..=10_000);
        visitor.real("frequency_min", &mut self.frequency_min, POSITIVE);
        visitor.real("frequency_max", &mut self.frequency_max, POSITIVE);
        visitor.real("dt_secs", &mut self.dt_secs, at_least_a_millisecond);
        visitor.real("drive_secs", &mut self.drive_secs, NOT_NEGATIVE);
        visitor.real("generate_secs", &mut self.generate_secs, POSITIVE);
        visitor.real("noise", &mut self.noise, NOT_NEGATIVE);
        visitor.count("probe_frequencies", &mut self.probe_frequencies, 1..=1000);
        if self.frequency_min > self.frequency_max {
            let expected = format!("at most `frequency_max`, which is {}", self.frequency_max);
            visitor.refuse("frequency_min", &expected);
        }
        let longest_secs = MOST_STEPS as f64 * self.dt_secs;
        if self.drive_secs + self.generate_secs > longest_secs {
            let expected =
                format!("with `drive_secs` at most {longest_secs}, {MOST_STEPS} time steps");
            visitor.refuse("generate_secs", &expected);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_frequencies_have_the_published_inputs() {
        let task = Sine::default();
        for index in 0..51 {
            let frequency = task.frequency(index, 51);
            let place = index as f64;
            assert!((frequency - (0.1 + 0.01 * place)).abs() < 1e-12);
            assert!((Sine::cue(frequency) - (place / 51.0 + 0.25)).abs() < 1e-12);
        }
    }

    #[test]
    fn the_target_goes_on_with_the_wave_of_the_cue() {
        let task = Sine::default();
        let batch = task.batch(20, 3);
        for index in 0..20 {
            let trial = batch.answer(index, &batch.targets);
            let cue = trial.input(0, 143);
            let frequency = 0.1 + 0.5 * 51.0 / 50.0 * (cue - 0.25);
            for step in 0..144 {
                let wave = (frequency * 0.5 * step as f64).sin();
                let judged = trial.at(0, step);
                assert_eq!(judged.weight, f64::from(u8::from(step >= 16)));
                let shown = if step < 16 {
                    trial.input(0, step) - cue
                } else {
                    judged.target
                };
                assert!((shown - wave).abs() < 1e-9, "step {step}");
            }
        }
    }
}
