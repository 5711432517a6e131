//! n-bit flip-flop: hold the sign of the last pulse on each of n lines (Sussillo & Barak 2013, Neural Computation
//! 25:626, doi 10.1162/NECO_a_00409).

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

use crate::parameters::{FRACTION, NOT_NEGATIVE, POSITIVE, ParameterVisitor};
use crate::task::{Batch, Probe, Task};

/// The flip-flop task: one input line and one output for each bit.
///
/// A pulse of random sign starts on a line with a fixed probability at each step; while it lasts, no other starts on
/// that line. From the step of its onset on, the target of that line is the sign of the pulse, until the next. Before
/// the first pulse of a line its target is free (weight 0).
#[derive(Debug, Clone, PartialEq)]
pub struct FlipFlop {
    /// Lines, each with its own memory. Default 3.
    pub bits: usize,
    /// Time steps of a trial. Default 100.
    pub trial_steps: usize,
    /// Probability that a pulse starts, per line and step. Default 0.05.
    pub pulse_probability: f64,
    /// Absolute value of the input during a pulse. Default 1.
    pub pulse_amplitude: f64,
    /// Length of a pulse in steps. Default 1.
    pub pulse_width: usize,
    /// Standard deviation of the Gaussian noise added to each line at each step. Default 0.
    pub noise: f64,
    /// Absolute value of the target. Default 1.
    pub target_amplitude: f64,
}

impl Default for FlipFlop {
    fn default() -> Self {
        Self {
            bits: 3,
            trial_steps: 100,
            pulse_probability: 0.05,
            pulse_amplitude: 1.0,
            pulse_width: 1,
            noise: 0.0,
            target_amplitude: 1.0,
        }
    }
}

impl FlipFlop {
    fn draw_line(&self, rng: &mut dyn Rng, batch: &mut Batch, trial: usize, line: usize) {
        let mut remaining = 0;
        let mut sign = 0.0;
        for step in 0..batch.steps {
            if remaining == 0 && rng.random::<f64>() < self.pulse_probability {
                sign = if rng.random::<bool>() { 1.0 } else { -1.0 };
                remaining = self.pulse_width;
            }
            let row = step * batch.trials + trial;
            let mut input = 0.0;
            if remaining > 0 {
                input = sign * self.pulse_amplitude;
                remaining -= 1;
            }
            if self.noise > 0.0 {
                let deviate: f64 = StandardNormal.sample(rng);
                input += self.noise * deviate;
            }
            batch.inputs[row * batch.input_channels + line] = input;
            if sign != 0.0 {
                let target = row * batch.output_channels + line;
                batch.targets[target] = sign * self.target_amplitude;
                batch.weights[target] = 1.0;
            }
        }
    }
}

impl Task for FlipFlop {
    fn name(&self) -> &'static str {
        "flip-flop"
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

    fn draw(&self, rng: &mut dyn Rng, batch: &mut Batch) {
        assert!(
            self.bits <= batch.input_channels && self.bits <= batch.output_channels,
            "a flip-flop of {} bits does not fit into {} inputs and {} outputs",
            self.bits,
            batch.input_channels,
            batch.output_channels
        );
        for trial in 0..batch.trials {
            for line in 0..self.bits {
                self.draw_line(rng, batch, trial, line);
            }
        }
    }

    /// One probe, "no pulse": all lines at 0, the input between pulses.
    fn probes(&self, input_channels: usize) -> Vec<Probe> {
        vec![Probe {
            name: "no pulse".to_owned(),
            input: vec![0.0; input_channels],
        }]
    }

    /// An output is right when it lies within half of the target amplitude of its target, and so has its sign.
    fn accuracy(&self, batch: &Batch, outputs: &[f64]) -> f64 {
        let tolerance = self.target_amplitude / 2.0;
        let (mut met, mut counted) = (0_usize, 0_usize);
        for ((output, target), weight) in outputs.iter().zip(&batch.targets).zip(&batch.weights) {
            if *weight > 0.0 {
                counted += 1;
                met += usize::from((output - target).abs() < tolerance);
            }
        }
        if counted == 0 {
            0.0
        } else {
            met as f64 / counted as f64
        }
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        visitor.count("bits", &mut self.bits, 1..=16);
        visitor.count("trial_steps", &mut self.trial_steps, 1..=100_000);
        visitor.real("pulse_probability", &mut self.pulse_probability, FRACTION);
        visitor.real("pulse_amplitude", &mut self.pulse_amplitude, POSITIVE);
        visitor.count("pulse_width", &mut self.pulse_width, 1..=self.trial_steps);
        visitor.real("noise", &mut self.noise, NOT_NEGATIVE);
        visitor.real("target_amplitude", &mut self.target_amplitude, POSITIVE);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn draw(task: &FlipFlop, trials: usize, channels: usize, seed: u64) -> Batch {
        let mut batch = Batch::zeros(task.trial_steps, trials, channels, channels);
        task.draw(&mut ChaCha8Rng::seed_from_u64(seed), &mut batch);
        batch
    }

    /// Values of one channel of one trial over time.
    fn series(
        values: &[f64],
        batch: &Batch,
        channels: usize,
        trial: usize,
        channel: usize,
    ) -> Vec<f64> {
        (0..batch.steps)
            .map(|step| values[(step * batch.trials + trial) * channels + channel])
            .collect()
    }

    #[test]
    fn a_seed_fixes_the_batch() {
        let task = FlipFlop {
            noise: 0.1,
            ..FlipFlop::default()
        };
        assert_eq!(draw(&task, 8, 3, 7), draw(&task, 8, 3, 7));
        assert_ne!(draw(&task, 8, 3, 7), draw(&task, 8, 3, 8));
    }

    proptest! {
        #[test]
        fn targets_follow_from_the_inputs(
            bits in 1..5_usize,
            width in 1..6_usize,
            probability in 0.01..1.0_f64,
            spare in 0..3_usize,
            seed: u64,
        ) {
            let task = FlipFlop {
                bits,
                pulse_probability: probability,
                pulse_width: width,
                pulse_amplitude: 0.7,
                target_amplitude: 2.5,
                trial_steps: 60,
                ..FlipFlop::default()
            };
            let channels = bits + spare;
            let batch = draw(&task, 4, channels, seed);
            for trial in 0..4 {
                for channel in 0..channels {
                    let inputs = series(&batch.inputs, &batch, channels, trial, channel);
                    let targets = series(&batch.targets, &batch, channels, trial, channel);
                    let weights = series(&batch.weights, &batch, channels, trial, channel);
                    if channel >= bits {
                        prop_assert!(inputs.iter().chain(&targets).chain(&weights).all(|value| *value == 0.0));
                    }
                    let mut last = None;
                    for step in 0..batch.steps {
                        if inputs[step] != 0.0 {
                            prop_assert_eq!(inputs[step].abs(), 0.7);
                            last = Some(inputs[step].signum() * 2.5);
                        }
                        prop_assert_eq!(targets[step], last.unwrap_or(0.0));
                        prop_assert_eq!(weights[step], f64::from(u8::from(last.is_some())));
                    }
                }
            }
        }
    }

    #[test]
    fn pulses_have_the_asked_rate_and_balanced_signs() {
        let task = FlipFlop {
            trial_steps: 1000,
            ..FlipFlop::default()
        };
        let batch = draw(&task, 40, 3, 1);
        let chances = batch.inputs.len() as f64;
        let pulses = batch.inputs.iter().filter(|input| **input != 0.0).count() as f64;
        let positive = batch.inputs.iter().filter(|input| **input > 0.0).count() as f64;
        // Five standard deviations of the binomial counts.
        assert!(
            (pulses - 0.05 * chances).abs() < 5.0 * (chances * 0.05 * 0.95).sqrt(),
            "{pulses} of {chances}"
        );
        assert!(
            (positive - 0.5 * pulses).abs() < 5.0 * (pulses * 0.25).sqrt(),
            "{positive} of {pulses}"
        );
    }

    #[test]
    fn a_pulse_keeps_its_sign_for_its_whole_width() {
        let task = FlipFlop {
            bits: 1,
            pulse_width: 4,
            pulse_probability: 0.02,
            ..FlipFlop::default()
        };
        let batch = draw(&task, 50, 1, 3);
        let mut onsets = 0;
        for trial in 0..50 {
            let inputs = series(&batch.inputs, &batch, 1, trial, 0);
            let mut step = 0;
            while step < inputs.len() {
                if inputs[step] == 0.0 {
                    step += 1;
                    continue;
                }
                let end = (step + 4).min(inputs.len());
                assert!(
                    inputs[step..end].iter().all(|input| *input == inputs[step]),
                    "trial {trial} step {step}"
                );
                onsets += 1;
                step = end;
            }
        }
        assert!(onsets > 50, "{onsets}");
    }

    #[test]
    fn noise_has_the_asked_standard_deviation() {
        let task = FlipFlop {
            noise: 0.2,
            pulse_probability: 1e-9,
            trial_steps: 1000,
            ..FlipFlop::default()
        };
        let batch = draw(&task, 20, 3, 5);
        let mean_square =
            batch.inputs.iter().map(|input| input * input).sum::<f64>() / batch.inputs.len() as f64;
        assert!(
            (mean_square.sqrt() - 0.2).abs() < 0.004,
            "{}",
            mean_square.sqrt()
        );
    }

    #[test]
    fn accuracy_counts_weighted_targets_within_half_of_their_amplitude() {
        let task = FlipFlop {
            bits: 1,
            target_amplitude: 2.0,
            ..FlipFlop::default()
        };
        let mut batch = Batch::zeros(5, 1, 1, 1);
        batch.targets = vec![0.0, 2.0, 2.0, -2.0, -2.0];
        batch.weights = vec![0.0, 1.0, 1.0, 1.0, 1.0];
        assert_eq!(task.accuracy(&batch, &[9.0, 1.1, 3.1, -1.5, 2.0]), 0.5);
        assert_eq!(task.accuracy(&batch, &batch.targets), 1.0);
        assert_eq!(task.accuracy(&batch, &[f64::NAN; 5]), 0.0);
        assert_eq!(task.accuracy(&Batch::zeros(5, 1, 1, 1), &[0.0; 5]), 0.0);
    }
}
