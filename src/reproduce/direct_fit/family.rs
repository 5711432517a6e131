//! What is varied in trials: the frequency of a sine wave, the length of a delay, the amplitude of pulses.

use crate::parameters::Span;
use crate::task::Task;
use crate::task::delayed_match::DelayedMatch;
use crate::task::flip_flop::FlipFlop;
use crate::task::sine::Sine;

/// Euler step of the sine networks in seconds, and in units of their time constant, which is 1 s.
pub(super) const TIME_STEP: f64 = 0.5;
/// Milliseconds of a step of the delayed match, and steps of its fixation, stimuli and decision.
const STEP_MS: usize = 20;
const PHASE_MS: usize = 5 * STEP_MS;
/// Length of a pulse in steps.
pub(super) const PULSE: usize = 3;

/// A task with a number that trials differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// A static input says the frequency of a sine wave, in rad/s.
    Sine,
    /// Two stimuli with a delay between, in steps, are the same or opposite.
    Delay,
    /// The sign of the last pulse is held; pulses have an amplitude.
    Amplitude,
}

/// The values that a network is trained on, evenly spaced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sampling {
    /// How many.
    pub(super) count: usize,
    /// The least and the greatest.
    pub(super) range: [f64; 2],
}

impl Sampling {
    pub(super) fn values(&self) -> Vec<f64> {
        let [low, high] = self.range;
        let steps = (self.count - 1).max(1) as f64;
        (0..self.count)
            .map(|place| low + (high - low) * place as f64 / steps)
            .collect()
    }

    pub(super) fn width(&self) -> f64 {
        self.range[1] - self.range[0]
    }
}

impl Family {
    pub(super) const ALL: [Self; 3] = [Self::Sine, Self::Delay, Self::Amplitude];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sine => "sine",
            Self::Delay => "delay",
            Self::Amplitude => "amplitude",
        }
    }

    /// What is varied, with its unit.
    pub(super) fn varied(self) -> &'static str {
        match self {
            Self::Sine => "frequency (rad/s)",
            Self::Delay => "delay (steps)",
            Self::Amplitude => "amplitude of pulses",
        }
    }

    /// The range of the samplings that differ in density.
    pub(super) fn range(self) -> [f64; 2] {
        match self {
            Self::Sine => [0.2, 0.5],
            Self::Delay => [10.0, 30.0],
            Self::Amplitude => [0.75, 1.25],
        }
    }

    /// A narrower and a broader range with the same middle: a third and five thirds as wide.
    pub(super) fn other_ranges(self) -> [[f64; 2]; 2] {
        let [low, high] = self.range();
        let (middle, half) = (f64::midpoint(low, high), (high - low) / 2.0);
        [1.0 / 3.0, 5.0 / 3.0].map(|share| {
            let ends = [middle - share * half, middle + share * half];
            if self == Self::Delay {
                ends.map(f64::round)
            } else {
                ends
            }
        })
    }

    /// Values that networks are tested at, evenly spaced or, of delays, by a factor.
    pub(super) fn grid(self) -> Vec<f64> {
        match self {
            Self::Sine => (1..=60).map(|place| 0.02 * f64::from(place)).collect(),
            Self::Delay => {
                let mut grid: Vec<f64> = (1..=40).map(f64::from).collect();
                grid.extend((1..=16).map(|place| (40.0 * 1.2_f64.powi(place)).round()));
                grid
            }
            Self::Amplitude => (1..=120).map(|place| 0.025 * f64::from(place)).collect(),
        }
    }

    /// Accuracy from which on a network is right.
    pub(super) fn right(self) -> f64 {
        match self {
            Self::Sine => 0.8,
            Self::Delay | Self::Amplitude => 0.95,
        }
    }

    /// The task at one value alone.
    pub(super) fn at(self, value: f64) -> Box<dyn Task> {
        match self {
            Self::Sine => Box::new(sine(value)),
            Self::Delay => Box::new(delay(value)),
            Self::Amplitude => Box::new(amplitude(value)),
        }
    }

    /// Trials that show all that the task has at a value.
    pub(super) fn test_trials(self) -> usize {
        match self {
            Self::Sine => 1,
            Self::Delay | Self::Amplitude => 24,
        }
    }

    /// The keys of a part of a stage in a curriculum.
    pub(super) fn part(self, value: f64) -> String {
        match self {
            Self::Sine => format!(
                "task = \"sine\"\nfrequencies = 1\nfrequency_min = {value:?}\nfrequency_max = {value:?}\n\
                 dt_secs = {TIME_STEP:?}\nprobe_frequencies = 1"
            ),
            Self::Delay => {
                let DelayedMatch { delay_ms, .. } = delay(value);
                format!(
                    "task = \"delayed-match\"\nfixation_ms = {PHASE_MS}\nsample_ms = {PHASE_MS}\n\
                     delay_min_ms = {}\ndelay_max_ms = {}\ntest_ms = {PHASE_MS}\ndecision_ms = {PHASE_MS}\nnoise = 0.0",
                    delay_ms.min, delay_ms.max
                )
            }
            Self::Amplitude => {
                let task = amplitude(value);
                format!(
                    "task = \"flip-flop\"\nbits = {}\ntrial_steps = {}\npulse_probability = {:?}\npulse_width = {PULSE}\n\
                     pulse_amplitude = {value:?}",
                    task.bits, task.trial_steps, task.pulse_probability
                )
            }
        }
    }

    /// The network and how it is trained, with all trained values in each batch.
    pub(super) fn training(self, values: usize, steps: u64) -> String {
        let (network, trials, [first, last]) = match self {
            Self::Sine => (
                "cell = \"leaky-currents\"\nalpha = 0.5\nunits = 32\nrecurrent_gain = 0.7\ninput_gain = 0.5",
                values,
                [5e-3, 1e-4],
            ),
            Self::Delay => ("cell = \"gru\"\nunits = 20", 18, [5e-3, 3e-4]),
            Self::Amplitude => ("cell = \"vanilla\"\nunits = 16", 18, [1e-2, 1e-3]),
        };
        format!(
            "[network]\n{network}\n[training]\ntrials_per_step = {trials}\n[optimiser]\nlearning_rate = {first:?}\n\
             final_learning_rate = {last:?}\ndecay_steps = {steps}\nclip_norm = 1.0"
        )
    }
}

fn sine(frequency: f64) -> Sine {
    Sine {
        frequencies: 1,
        frequency_min: frequency,
        frequency_max: frequency,
        dt_secs: TIME_STEP,
        ..Sine::default()
    }
}

fn delay(steps: f64) -> DelayedMatch {
    let delay_ms = STEP_MS * steps.round() as usize;
    DelayedMatch {
        dt_ms: STEP_MS,
        fixation_ms: PHASE_MS,
        sample_ms: PHASE_MS,
        delay_ms: Span {
            min: delay_ms,
            max: delay_ms,
        },
        test_ms: PHASE_MS,
        decision_ms: PHASE_MS,
        noise: 0.0,
        ..DelayedMatch::default()
    }
}

fn amplitude(value: f64) -> FlipFlop {
    FlipFlop {
        bits: 1,
        trial_steps: 60,
        pulse_probability: 0.1,
        pulse_amplitude: value,
        pulse_width: PULSE,
        ..FlipFlop::default()
    }
}
