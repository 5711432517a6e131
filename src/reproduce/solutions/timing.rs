//! The three tasks: what is trained, which pulses a trial has, and how the answer of a network is read.

use super::network::{Network, Pair};
use crate::parameters::Span;
use crate::task::Task;
use crate::task::delayed_discrimination::DelayedDiscrimination;
use crate::task::interval_discrimination::IntervalDiscrimination;
use crate::task::interval_reproduction::IntervalReproduction;

/// Steps of the delayed discrimination's stimuli, of its fixation before, and of its decision.
const STIMULUS: usize = 5;
/// Milliseconds of a step in that task.
const STEP_MS: usize = 20;
/// An interval that is reproduced counts up to so many times the right one.
const LONGEST_ANSWER: usize = 3;

/// A task with two pulses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimingTask {
    /// A pulse as long after the second one as that came after the first.
    Reproduction,
    /// Which of two intervals was longer.
    Discrimination,
    /// Which of two stimuli with a delay between was higher.
    Delayed,
}

/// The two pulses of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shown {
    /// Steps before the first.
    pub(super) onset: usize,
    /// Which pair of inputs.
    pub(super) pair: usize,
    /// Steps from the end of the first to the second.
    pub(super) gap: usize,
}

/// Pulses at which the dynamics are looked at.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Probed {
    /// Steps before the first pulse: trained ones.
    pub(super) onsets: Vec<usize>,
    /// Steps from the end of the first pulse to the second: the shortest and the longest trained ones, and others.
    pub(super) gaps: Vec<usize>,
}

impl TimingTask {
    pub(super) const ALL: [Self; 3] = [Self::Reproduction, Self::Discrimination, Self::Delayed];

    /// The task with the parameters that are trained.
    pub(super) fn task(self) -> Box<dyn Task> {
        match self {
            Self::Reproduction => Box::new(reproduction()),
            Self::Discrimination => Box::new(discrimination()),
            Self::Delayed => Box::new(delayed()),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Reproduction => "interval-reproduction",
            Self::Discrimination => "interval-discrimination",
            Self::Delayed => "delayed-discrimination",
        }
    }

    /// Its stages in a curriculum of so many updates.
    pub(super) fn stages(self, steps: u64) -> String {
        let name = self.name();
        let stage = |name_of: &str, steps: u64, keys: &str| {
            format!(
                "[[stage]]\nname = \"{name_of}\"\ntask = \"{name}\"\nuntil = {{ steps = {steps} }}\n{keys}\n"
            )
        };
        match self {
            Self::Reproduction => {
                let task = reproduction();
                let keys = format!(
                    "interval_min = {}\ninterval_max = {}\npulse_width = {}\nonset = {}\ntail = {}",
                    task.interval.min, task.interval.max, task.pulse_width, task.onset, task.tail
                );
                stage("all", steps, &keys)
            }
            Self::Discrimination => {
                let full = discrimination();
                let easier = [("shortest", 3, 10, 3), ("shorter", 6, 20, 8)];
                let easier = easier.map(|(name_of, min, max, delay)| {
                    let keys = format!(
                        "interval_min = {min}\ninterval_max = {max}\ndelay = {delay}\nresponse_weight = {:?}",
                        full.response_weight
                    );
                    stage(name_of, steps / 4, &keys)
                });
                let keys = format!("response_weight = {:?}", full.response_weight);
                easier.concat() + &stage("all", steps - 2 * (steps / 4), &keys)
            }
            Self::Delayed => {
                let task = delayed();
                let keys = format!(
                    "dt_ms = {STEP_MS}\nfixation_ms = {}\nstimulus_ms = {}\ndelay_min_ms = {}\n\
                     delay_max_ms = {}\ndecision_ms = {}\nnoise = 0.0\nresponse_weight = 1.0",
                    task.fixation_ms,
                    task.stimulus_ms,
                    task.delay_ms.min,
                    task.delay_ms.max,
                    task.decision_ms
                );
                stage("all", steps, &keys)
            }
        }
    }

    /// Input between the pulses.
    pub(super) fn rest(self) -> Vec<f64> {
        match self {
            Self::Reproduction | Self::Discrimination => vec![0.0, 0.0],
            Self::Delayed => vec![1.0, 0.0],
        }
    }

    /// Inputs during the two pulses, and the sign of the right answer where they alone tell it.
    pub(super) fn pairs(self) -> Vec<Pair> {
        match self {
            Self::Reproduction | Self::Discrimination => vec![Pair {
                first: vec![1.0, 0.0],
                second: vec![0.0, 1.0],
                sign: 1.0,
            }],
            Self::Delayed => (0..5)
                .flat_map(|place| {
                    // 10 to 34 Hz in steps of 4 Hz, two steps apart.
                    let stimulus = |place: usize| vec![1.0, 0.5 + place as f64 / 12.0];
                    let (low, high) = (place, place + 2);
                    [(high, low, 1.0), (low, high, -1.0)].map(|(first, second, sign)| Pair {
                        first: stimulus(first),
                        second: stimulus(second),
                        sign,
                    })
                })
                .collect(),
        }
    }

    /// Length of a pulse in steps.
    pub(super) fn width(self) -> usize {
        match self {
            Self::Reproduction => reproduction().pulse_width,
            Self::Discrimination => discrimination().pulse_width,
            Self::Delayed => STIMULUS,
        }
    }

    /// What along which trials are varied, in steps.
    pub(super) fn varied(self) -> &'static str {
        match self {
            Self::Reproduction => "interval (steps)",
            Self::Discrimination => "mean of the two intervals (steps)",
            Self::Delayed => "delay (steps)",
        }
    }

    /// Values of it within the trained range.
    pub(super) fn inside(self) -> Vec<usize> {
        match self {
            Self::Reproduction => vec![10, 13, 16, 19, 22, 25],
            Self::Discrimination => vec![15, 17, 19, 21, 23],
            Self::Delayed => vec![5, 9, 14, 19, 24],
        }
    }

    /// Values beyond it: 1.5 to 8 times the longest.
    pub(super) fn outside(self) -> Vec<usize> {
        let longest = self.inside().last().copied().unwrap_or(0);
        [3, 4, 6, 8, 12, 16].map(|half| half * longest / 2).to_vec()
    }

    /// The trials at a value.
    pub(super) fn trials(self, value: usize) -> Vec<Shown> {
        let (width, onset) = (self.width(), self.first_onset());
        match self {
            Self::Reproduction => vec![Shown {
                onset,
                pair: 0,
                gap: value - width,
            }],
            Self::Discrimination => {
                // Three and four tenths more and less than the mean: 10 to 30 steps for all means within the range.
                let (short, long) = (7 * value / 10, value + value - 7 * value / 10);
                [(short, long), (long, short)]
                    .map(|(first, second)| Shown {
                        onset: first,
                        pair: 0,
                        gap: second - width,
                    })
                    .to_vec()
            }
            Self::Delayed => (0..self.pairs().len())
                .map(|pair| Shown {
                    onset,
                    pair,
                    gap: value,
                })
                .collect(),
        }
    }

    fn first_onset(self) -> usize {
        match self {
            Self::Reproduction => reproduction().onset,
            Self::Discrimination => discrimination().interval.min,
            Self::Delayed => STIMULUS,
        }
    }

    /// Where the dynamics are looked at.
    pub(super) fn probed(self) -> Probed {
        let (inside, width) = (self.inside(), self.width());
        let before = if self == Self::Delayed { 0 } else { width };
        let (least, most) = (inside[0], inside[inside.len() - 1]);
        let onsets = match self {
            Self::Discrimination => vec![10, 15, 20, 25, 30],
            _ => vec![self.first_onset()],
        };
        let gaps = match self {
            Self::Delayed => vec![least, most, 4 * most],
            _ => vec![least, most, least.midpoint(most), 2 * most, 4 * most],
        };
        Probed {
            onsets,
            gaps: gaps.into_iter().map(|gap| gap - before).collect(),
        }
    }

    /// The answer of a network in a trial, 1 where it is right.
    ///
    /// Reproduction: the interval from the onset of the second pulse to the first output above ½, over the right one; 0 if
    /// there is none within three times the right one. Discrimination: the mean output in the response, times its target.
    pub(super) fn answer(self, network: &Network<'_>, shown: Shown) -> f64 {
        let width = self.width();
        let before = network.until_second(shown);
        let second = network.second(shown.pair, &before, width);
        match self {
            Self::Reproduction => {
                let interval = shown.gap + width;
                let mut states = second;
                let last = states[states.len() - 1].clone();
                states.extend(network.at_rest(&last, LONGEST_ANSWER * interval - width));
                let outputs = network.outputs(&states);
                let given = outputs.iter().position(|output| *output > 0.5);
                given.map_or(0.0, |given| given as f64 / interval as f64)
            }
            Self::Discrimination => {
                let task = discrimination();
                let last = &second[width - 1];
                let states = network.at_rest(last, task.delay + task.pulse_width - width);
                let response = &states[states.len() - task.pulse_width..];
                let longer = if shown.onset > shown.gap + width {
                    1.0
                } else {
                    -1.0
                };
                longer * mean(&network.outputs(response))
            }
            Self::Delayed => {
                let response = network.released(&second[width - 1], STIMULUS);
                network.sign(shown.pair) * mean(&network.outputs(&response))
            }
        }
    }
}

/// Half the authors' times.
fn reproduction() -> IntervalReproduction {
    IntervalReproduction {
        interval: Span { min: 10, max: 25 },
        pulse_width: 3,
        onset: 3,
        tail: 15,
        ..IntervalReproduction::default()
    }
}

/// The authors' times.
fn discrimination() -> IntervalDiscrimination {
    IntervalDiscrimination {
        response_weight: 5.0,
        ..IntervalDiscrimination::default()
    }
}

fn delayed() -> DelayedDiscrimination {
    DelayedDiscrimination {
        dt_ms: STEP_MS,
        fixation_ms: STEP_MS * STIMULUS,
        stimulus_ms: STEP_MS * STIMULUS,
        delay_ms: Span {
            min: 5 * STEP_MS,
            max: 24 * STEP_MS,
        },
        decision_ms: STEP_MS * STIMULUS,
        noise: 0.0,
        response_weight: 1.0,
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
