//! How units tell the first frequency while it is held: linearity and consistency of their tuning, and what one readout tells
//! at all times.

use faer::Mat;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::super::trained::Course;
use super::{DT_MS, NOISE};
use crate::cell::parameters::Parameters;
use crate::lab::LabError;
use crate::statistics::Line;
use crate::statistics::decoding::Ridge;
use crate::task::Batch;

/// First frequencies of the task, in Hz.
pub(super) const FREQUENCIES_HZ: [f64; 7] = [10.0, 14.0, 18.0, 22.0, 26.0, 30.0, 34.0];
/// Seed of the trials that tuning is measured in.
const PROBE_SEED: u64 = 1 << 40;
/// Share of a unit's variance that a straight line in the frequency must explain for the unit to count as tuned.
const TUNED: f64 = 0.5;
/// Steps between the times at which one readout is tried.
const READ_EVERY: usize = 4;

/// When things happen in a trial, in steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    /// Before the stimulus.
    pub(super) fixation: usize,
    /// The stimulus.
    pub(super) stimulus: usize,
    /// The delay.
    pub(super) delay: usize,
}

impl Times {
    /// Step at which the delay begins.
    pub(super) fn delay_start(self) -> usize {
        self.fixation + self.stimulus
    }

    /// Step at which it ends.
    pub(super) fn delay_end(self) -> usize {
        self.delay_start() + self.delay
    }

    /// Trials that show one frequency and end with the delay, `repeats` of each frequency one after the other, with noise of
    /// a deviation on the stimulus channel; the other input is the fixation.
    pub(super) fn batch(self, repeats: usize, noise: f64, seed: u64) -> Batch {
        let trials = FREQUENCIES_HZ.len() * repeats;
        let mut batch = Batch::zeros(self.delay_end(), trials, 2, 1);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for (row, inputs) in batch.inputs.chunks_exact_mut(2).enumerate() {
            let (step, trial) = (row / trials, row % trials);
            let deviate: f64 = StandardNormal.sample(&mut rng);
            let is_shown = (self.fixation..self.delay_start()).contains(&step);
            let shown = if is_shown {
                encoded(frequency_of(trial, repeats))
            } else {
                0.0
            };
            inputs.copy_from_slice(&[1.0, shown + noise * deviate]);
        }
        batch
    }
}

fn frequency_of(trial: usize, repeats: usize) -> f64 {
    FREQUENCIES_HZ[trial / repeats]
}

/// The task's input for a frequency in Hz.
fn encoded(frequency_hz: f64) -> f64 {
    0.5 + (frequency_hz - 10.0) / 48.0
}

/// How units tell the first frequency.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tuning {
    /// Correlation over units of the slopes a₁ at two time steps from the beginning of the stimulus on, `[time][time]`.
    pub(super) consistency: Vec<Vec<f64>>,
    /// R² of r = a₀ + a₁ f over the mean rates of a unit at each frequency: mean over units and the steps of the delay.
    pub(super) linearity: f64,
    /// Correlation over units of a₁ early (a fifth into the delay) and late (at its end).
    pub(super) early_late: f64,
    /// The same of the end of the stimulus and the end of the delay.
    pub(super) stimulus_late: f64,
    /// R², in trials left out, of the frequency read by one linear readout at all times of the delay.
    pub(super) constant_readout: f64,
    /// The same of a readout for each time: what could be known.
    pub(super) best_readout: f64,
    /// Share of units that are tuned, with slopes of one sign, early, in the middle and late in the delay.
    pub(super) persistent: f64,
}

/// The slope and R² of each unit at one time step.
struct Slopes {
    each: Vec<f64>,
    of_means: Vec<f64>,
    of_trials: Vec<f64>,
}

/// Measures the tuning of a network of tanh units, `repeats` trials of each frequency.
pub(super) fn tuning(
    course: &Course,
    parameters: &Parameters<f32>,
    times: Times,
    repeats: usize,
) -> Result<Tuning, LabError> {
    let batch = times.batch(repeats, NOISE / (DT_MS as f64).sqrt(), PROBE_SEED);
    let simulation = course.simulated(parameters, &batch)?;
    let (trials, units) = (batch.trials, simulation.state_size);
    let rate = |step: usize, trial: usize, unit: usize| {
        simulation.states[(step * trials + trial) * units + unit].tanh()
    };
    let [begin, start, end] = [times.fixation, times.delay_start(), times.delay_end()];
    let by_time: Vec<Slopes> = (begin..end)
        .map(|step| slopes(units, repeats, &|trial, unit| rate(step, trial, unit)))
        .collect();
    let of_delay = &by_time[start - begin..];
    let consistency: Vec<Vec<f64>> = by_time
        .iter()
        .map(|a| {
            by_time
                .iter()
                .map(|b| correlation(&a.each, &b.each))
                .collect()
        })
        .collect();
    let linear: f64 = of_delay.iter().flat_map(|of| &of.of_means).sum();
    let steps: Vec<usize> = (start..end).rev().step_by(READ_EVERY).collect();
    let early = times.delay / 5;
    let looked_at = [early, times.delay / 2, times.delay - 1].map(|step| &of_delay[step]);
    let is_persistent = |unit: &usize| {
        let sign = looked_at[0].each[*unit].signum();
        looked_at
            .iter()
            .all(|of| of.of_trials[*unit] >= TUNED && of.each[*unit].signum() == sign)
    };
    let read = |steps: &[usize]| {
        let states = Mat::from_fn(steps.len() * trials, units, |sample, unit| {
            rate(steps[sample / trials], sample % trials, unit)
        });
        let targets = Mat::from_fn(states.nrows(), 1, |sample, _| {
            frequency_of(sample % trials, repeats)
        });
        // Folds are dealt out by number, so that trials of each frequency come into each.
        let groups: Vec<usize> = (0..states.nrows()).map(|sample| sample % trials).collect();
        READOUT.r2(states.as_ref(), targets.as_ref(), &groups)
    };
    let of_each: Vec<f64> = steps.iter().map(|&step| read(&[step])).collect();
    Ok(Tuning {
        early_late: correlation(&looked_at[0].each, &looked_at[2].each),
        stimulus_late: correlation(&by_time[start - begin - 1].each, &looked_at[2].each),
        consistency,
        linearity: linear / (times.delay * units) as f64,
        constant_readout: read(&steps),
        best_readout: of_each.iter().sum::<f64>() / of_each.len() as f64,
        persistent: (0..units).filter(is_persistent).count() as f64 / units as f64,
    })
}

/// Little regularised: readouts of networks may need directions of little variance.
const READOUT: Ridge = Ridge {
    folds: 5,
    strength: 1e-6,
};

fn slopes(units: usize, repeats: usize, rate: &dyn Fn(usize, usize) -> f64) -> Slopes {
    let mut all = Slopes {
        each: Vec::new(),
        of_means: Vec::new(),
        of_trials: Vec::new(),
    };
    for unit in 0..units {
        let count = FREQUENCIES_HZ.len() * repeats;
        let points: Vec<[f64; 2]> = (0..count)
            .map(|trial| [frequency_of(trial, repeats), rate(trial, unit)])
            .collect();
        let means: Vec<[f64; 2]> = points
            .chunks_exact(repeats)
            .map(|of| {
                [
                    of[0][0],
                    of.iter().map(|point| point[1]).sum::<f64>() / repeats as f64,
                ]
            })
            .collect();
        let line = Line::fitted(&points);
        all.each.push(line.slope);
        all.of_trials.push(line.r * line.r);
        all.of_means.push(Line::fitted(&means).r.powi(2));
    }
    all
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let pairs: Vec<[f64; 2]> = a.iter().zip(b).map(|(a, b)| [*a, *b]).collect();
    Line::fitted(&pairs).r
}
