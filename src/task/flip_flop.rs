//! n-bit flip-flop: hold the sign of the last pulse on each of n lines (Sussillo & Barak 2013, Neural Computation
//! 25:626, doi 10.1162/NECO_a_00409), with the variants of Turner & Barak (2023, NeurIPS, "The simplicity bias in
//! multi-task RNNs").
//!
//! A trial of the independent variant:
//!
//! 1. On each line pulses start with `pulse_probability` a step, each ±`pulse_amplitude` for `pulse_width` steps,
//!    and do not overlap.
//! 2. The target of a line is the sign of its last pulse times `target_amplitude`, from the first step of the pulse
//!    on; before the first pulse of the line its output is free.
//! 3. Noise is added to every line; the targets follow the pulses without it.
//!
//! In the other variants pulses come with gaps drawn evenly from `gap_min` to `gap_max`: on one line a trial (the
//! others free, or held at 0: orthogonal), or, in the parallel variant, on all lines at first and then on one line
//! at a time; targets do not count during a pulse.
//!
//! Score: counted steps and lines within half the target's amplitude. Landscape without pulses: 2ⁿ stable points in
//! a network that solves it for n bits.

use rand::{Rng, RngExt as _};

use super::Task;
use super::about::{About, parameter};
use super::batch::{Answer, Probe, Pulse, Score, Trial, sign};
use crate::parameters::{FRACTION, NOT_NEGATIVE, POSITIVE, ParameterVisitor, Span};

/// The flip-flop task: one input line and one output for each bit.
///
/// A target is the sign of the last pulse on its line, and free (weight 0) before the first. What else holds depends on
/// the [`Variant`].
#[derive(Debug, Clone, PartialEq)]
pub struct FlipFlop {
    /// When pulses come on which lines. Default independent.
    pub variant: Variant,
    /// Lines, each with its own memory. Default 3.
    pub bits: usize,
    /// Time steps of a trial. Default 100; 200 in the other variants.
    pub trial_steps: usize,
    /// Probability that a pulse starts, per line and step, in the independent variant. Default 0.05.
    pub pulse_probability: f64,
    /// Steps from the end of a pulse to the next, in the other variants. Default 10 to 39; 10 to 29 if parallel.
    pub gap: Span,
    /// Absolute value of the input during a pulse. Default 1.
    pub pulse_amplitude: f64,
    /// Length of a pulse in steps. Default 1; 5 in the other variants.
    pub pulse_width: usize,
    /// Standard deviation of the Gaussian noise added to each line at each step. Default 0.
    pub noise: f64,
    /// Absolute value of the target. Default 1.
    pub target_amplitude: f64,
}

/// When pulses come on which lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// A pulse starts on any line with a fixed probability at each step, unless one lasts there. The target counts from
    /// the onset of the first pulse on.
    Independent,
    /// One line a trial has pulses, at step 0 and after random gaps. Its target counts between pulses; the other targets
    /// are free. Turner & Barak's "FlipFlop".
    Single,
    /// As single, but the other outputs must be 0. Turner & Barak's "Orthogonal".
    Orthogonal,
    /// A pulse on every line at step 0, then on one random line after random gaps. The target of a line counts except
    /// while it has a pulse. Turner & Barak's "Parallel".
    Parallel,
}

const VARIANTS: [(&str, Variant); 4] = [
    ("independent", Variant::Independent),
    ("single", Variant::Single),
    ("orthogonal", Variant::Orthogonal),
    ("parallel", Variant::Parallel),
];

const ABOUT: About = About {
    name: "flip-flop",
    summary: "hold the sign of the last pulse on each of n lines",
    source: "Sussillo & Barak 2013, doi 10.1162/NECO_a_00409; variants: Turner & Barak 2023 (NeurIPS), \
                     github.com/eliaturner/multitaskrepresentation",
    inputs: &["line …"],
    outputs: &["bit …"],
    accuracy: "share of counted steps and lines with the output within half the target's amplitude of the target",
    parameters: &[
        parameter(
            "variant",
            "",
            "when pulses come: independent on all lines; on a single line a trial, the other outputs free, or \
                     0 (orthogonal); on one line after the other (parallel)",
        ),
        parameter("bits", "", "lines, each with a memory of its own"),
        parameter("trial_steps", "steps", "length of a trial"),
        parameter(
            "pulse_probability",
            "1/step",
            "probability that a pulse starts, per line (independent variant)",
        ),
        parameter(
            "gap_min",
            "steps",
            "least time between pulses (other variants)",
        ),
        parameter(
            "gap_max",
            "steps",
            "greatest time between pulses (other variants)",
        ),
        parameter(
            "pulse_amplitude",
            "",
            "absolute value of the input during a pulse",
        ),
        parameter("pulse_width", "steps", "length of a pulse"),
        parameter(
            "noise",
            "",
            "standard deviation of the noise on each line at each step",
        ),
        parameter("target_amplitude", "", "absolute value of the target"),
    ],
};

impl Default for FlipFlop {
    fn default() -> Self {
        Self {
            variant: Variant::Independent,
            bits: 3,
            trial_steps: 100,
            pulse_probability: 0.05,
            gap: Span { min: 10, max: 39 },
            pulse_amplitude: 1.0,
            pulse_width: 1,
            noise: 0.0,
            target_amplitude: 1.0,
        }
    }
}

impl FlipFlop {
    /// The task with the defaults of a variant.
    pub fn of(variant: Variant) -> Self {
        let independent = Self {
            variant,
            ..Self::default()
        };
        let spaced = Self {
            trial_steps: 200,
            pulse_width: 5,
            ..independent.clone()
        };
        match variant {
            Variant::Independent => independent,
            Variant::Single | Variant::Orthogonal => spaced,
            Variant::Parallel => Self {
                gap: Span { min: 10, max: 29 },
                ..spaced
            },
        }
    }

    fn pulse(&self, rng: &mut dyn Rng, trial: &mut Trial<'_>, line: usize, onset: usize) {
        let end = (onset + self.pulse_width).min(self.trial_steps);
        trial.input(line, onset..end, sign(rng) * self.pulse_amplitude);
    }

    fn draw_independent(&self, rng: &mut dyn Rng, trial: &mut Trial<'_>) {
        for line in 0..self.bits {
            let mut step = 0;
            while step < self.trial_steps {
                if rng.random::<f64>() < self.pulse_probability {
                    self.pulse(rng, trial, line, step);
                    step += self.pulse_width;
                } else {
                    step += 1;
                }
            }
        }
    }

    fn draw_spaced(&self, rng: &mut dyn Rng, trial: &mut Trial<'_>) {
        let only = rng.random_range(0..self.bits);
        if self.variant == Variant::Orthogonal {
            for line in (0..self.bits).filter(|line| *line != only) {
                trial.target(line, 0..self.trial_steps, 0.0, 1.0);
            }
        }
        let mut onset = 0;
        while onset < self.trial_steps {
            let lines = match self.variant {
                Variant::Parallel if onset == 0 => 0..self.bits,
                Variant::Parallel => {
                    let line = rng.random_range(0..self.bits);
                    line..line + 1
                }
                _ => only..only + 1,
            };
            for line in lines {
                self.pulse(rng, trial, line, onset);
            }
            onset += self.pulse_width + self.gap.draw(rng);
        }
    }

    /// The targets that follow from the pulses of a line.
    fn hold(&self, trial: &mut Trial<'_>, line: usize) {
        let mut target = 0.0;
        for step in 0..self.trial_steps {
            let input = trial.input_at(line, step);
            if input != 0.0 {
                target = input.signum() * self.target_amplitude;
            }
            if target != 0.0 && (self.variant == Variant::Independent || input == 0.0) {
                trial.target(line, step..step + 1, target, 1.0);
            }
        }
    }
}

impl Task for FlipFlop {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input_channels(&self) -> usize {
        self.bits
    }

    fn output_channels(&self) -> usize {
        self.bits
    }

    fn trial_steps(&self) -> usize {
        self.trial_steps
    }

    fn draw_trial(&self, rng: &mut dyn Rng, trial: &mut Trial<'_>) {
        if self.variant == Variant::Independent {
            self.draw_independent(rng, trial);
        } else {
            self.draw_spaced(rng, trial);
        }
        for line in 0..self.bits {
            self.hold(trial, line);
        }
        trial.noise(rng, 0..self.bits, 0..self.trial_steps, self.noise);
    }

    /// An output is right when it lies within half of the target amplitude of its target: it has the target's sign, or
    /// is nearer to 0 than to a memory where it must be 0.
    fn score(&self, answer: Answer<'_>) -> Score {
        answer.within(0..self.bits, self.target_amplitude / 2.0)
    }

    /// A constant memory is right half of the time; in the orthogonal variant, 0 is right on all lines but one.
    fn chance(&self) -> f64 {
        match self.variant {
            Variant::Orthogonal if self.bits > 1 => 1.0 - 1.0 / self.bits as f64,
            _ => 0.5,
        }
    }

    /// One probe, "no pulse": all lines at 0, the input between pulses.
    fn probes(&self, input_channels: usize) -> Vec<Probe> {
        vec![Probe::new("no pulse", &[], input_channels)]
    }

    /// Up and down on each line.
    fn pulses(&self, input_channels: usize) -> Vec<Pulse> {
        let of = |(line, sign): (usize, f64)| {
            let mut input = vec![0.0; input_channels];
            input[line] = sign * self.pulse_amplitude;
            let name = format!(
                "{} {}",
                if sign > 0.0 { "up" } else { "down" },
                self.input_name(line)
            );
            Pulse {
                name,
                input,
                steps: self.pulse_width,
            }
        };
        let lines = (0..self.bits).flat_map(|line| [(line, 1.0), (line, -1.0)]);
        lines.map(of).collect()
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        let mut variant = self.variant;
        visitor.one_of("variant", &mut variant, &VARIANTS);
        if variant != self.variant {
            *self = Self::of(variant);
        }
        visitor.count("bits", &mut self.bits, 1..=16);
        visitor.count("trial_steps", &mut self.trial_steps, 1..=100_000);
        if variant == Variant::Independent {
            visitor.real("pulse_probability", &mut self.pulse_probability, FRACTION);
        } else {
            visitor.span(["gap_min", "gap_max"], &mut self.gap, 0..=100_000);
        }
        visitor.real("pulse_amplitude", &mut self.pulse_amplitude, POSITIVE);
        visitor.count("pulse_width", &mut self.pulse_width, 1..=self.trial_steps);
        visitor.real("noise", &mut self.noise, NOT_NEGATIVE);
        visitor.real("target_amplitude", &mut self.target_amplitude, POSITIVE);
    }
}

#[cfg(test)]
#[path = "flip_flop_tests.rs"]
mod tests;
