//! The three tasks, as the authors' code has them: durations in time constants, half a time constant a step.
//!
//! In all of them targets are ±½ or ½, the loss counts where the weight is 1, and the network has no noise.

use rand::{Rng, RngExt as _};

use crate::task::Batch;
use crate::task::batch::{Trial, sign};

/// Length of a time step, in time constants.
pub(super) const TIME_STEP: f64 = 0.5;
/// Absolute value of the targets.
const TARGET: f64 = 0.5;
/// Coherences of a stream of [`Task::Context`], each with both signs.
const COHERENCES: [f64; 4] = [0.125, 0.25, 0.5, 1.0];
/// Standard deviation of the noise on the streams, times the root of the time step.
const STREAM_NOISE: f64 = 0.05;

/// A task of Schuessler et al. (2020).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Hold the signs of the last pulses on two lines. The outputs count from 5 after the onset of a pulse to the next one; that
    /// of the other line must then be 0.
    FlipFlop,
    /// Tell the sign of one of two noisy streams, which the context names, 5 after their end.
    Context,
    /// Tell which of two pulses with a delay between them was larger, 5 after the second; one output for each answer.
    Discrimination,
}

impl Task {
    /// All three.
    pub(super) const ALL: [Self; 3] = [Self::FlipFlop, Self::Context, Self::Discrimination];

    /// What it is called in tables.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::FlipFlop => "flip-flop",
            Self::Context => "context decision",
            Self::Discrimination => "delayed discrimination",
        }
    }

    /// Input and output channels.
    pub(super) fn channels(self) -> [usize; 2] {
        match self {
            Self::FlipFlop => [2, 2],
            Self::Context => [4, 1],
            Self::Discrimination => [1, 2],
        }
    }

    /// Length of a trial in time constants.
    fn duration(self) -> f64 {
        match self {
            Self::FlipFlop => 50.0,
            Self::Context => 48.0,
            Self::Discrimination => 28.0,
        }
    }

    /// Draws trials.
    pub(super) fn batch(self, trials: usize, rng: &mut dyn Rng) -> Batch {
        let [inputs, outputs] = self.channels();
        let length = steps(self.duration());
        let mut batch = Batch::zeros(length, trials, inputs, outputs);
        for index in 0..trials {
            let trial = batch.trial(index);
            match self {
                Self::FlipFlop => flip_flop(trial, length, rng),
                Self::Context => context(trial, length, rng),
                Self::Discrimination => discrimination(trial, rng),
            }
        }
        batch
    }
}

/// Whole time steps within a duration.
fn steps(duration: f64) -> usize {
    (duration / TIME_STEP) as usize
}

/// 1. The first pulse comes after 1; each lasts 1, on a random line with a random sign.
/// 2. The next one comes after 10 to 30. From 5 after the onset of a pulse until then both outputs count.
fn flip_flop(mut trial: Trial<'_>, length: usize, rng: &mut dyn Rng) {
    let mut onset = steps(1.0);
    while onset < length {
        let next = onset + steps(5.0 + rng.random_range(5.0..25.0));
        let (line, sign) = (rng.random_range(0..2), sign(rng));
        let within = |step: usize| step.min(length);
        trial.input(line, onset..within(onset + steps(1.0)), sign);
        let counted = within(onset + steps(5.0))..within(next);
        trial.target(1 - line, counted.clone(), 0.0, 1.0);
        trial.target(line, counted, TARGET * sign, 1.0);
        onset = next;
    }
}

/// 1. Fixation for 3, streams for 20, a delay of 5, decision for 20; noise on the streams throughout.
/// 2. During the streams the context's input is 1; each stream has a coherence of its own.
/// 3. The output must be 0 until the streams end, and have the sign of the stream that the context names in the decision.
fn context(mut trial: Trial<'_>, length: usize, rng: &mut dyn Rng) {
    let streams = steps(3.0)..steps(23.0);
    let decision = steps(28.0)..length;
    trial.noise(rng, 2..4, 0..length, STREAM_NOISE / TIME_STEP.sqrt());
    let context = rng.random_range(0..2);
    trial.input(context, streams.clone(), 1.0);
    trial.target(0, 0..streams.end, 0.0, 1.0);
    for stream in 0..2 {
        let coherence = sign(rng) * COHERENCES[rng.random_range(0..COHERENCES.len())];
        trial.input(2 + stream, streams.clone(), coherence);
        if stream == context {
            trial.target(0, decision.clone(), TARGET * coherence.signum(), 1.0);
        }
    }
}

/// 1. Fixation for 3, a pulse of 1, a delay of 2 to 8, a pulse of 1, a delay of 5, decision for 10.
/// 2. Heights are drawn from ½ to 3/2 until they differ by at least 0.2.
/// 3. Both outputs must be 0 until the second pulse ends; in the decision that of the larger pulse is ½, the other 0.
fn discrimination(mut trial: Trial<'_>, rng: &mut dyn Rng) {
    let first = steps(3.0)..steps(4.0);
    let second = first.end + steps(rng.random_range(2.0..8.0));
    let second = second..second + steps(1.0);
    let decision = second.end + steps(5.0);
    let decision = decision..decision + steps(10.0);
    let heights: [f64; 2] = loop {
        let drawn: [f64; 2] = std::array::from_fn(|_| rng.random_range(0.5..1.5));
        if (drawn[0] - drawn[1]).abs() >= 0.2 {
            break drawn;
        }
    };
    let larger = usize::from(heights[1] > heights[0]);
    trial.input(0, first, heights[0]);
    trial.input(0, second.clone(), heights[1]);
    for output in 0..2 {
        let target = if output == larger { TARGET } else { 0.0 };
        trial.target(output, 0..second.end, 0.0, 1.0);
        trial.target(output, decision.clone(), target, 1.0);
    }
}
