//! The supervised subtasks of kindergarten: remember a value, count time, average rewards (Hocker, Constantinople & Savin
//! 2025, Nat Mach Intell, "Compositional pretraining improves computational efficiency and matches animal behaviour on
//! complex tasks").
//!
//! A trial of `steps_min` to `steps_max` steps: the logarithm of one of five offers (5, 10, 20, 40, 80) and a start
//! signal at the first step, and a reward, uniform in [0, 1), at every step. Targets, of those that are asked for,
//! at every step: the log offer; the time in hundreds of steps; the mean of the rewards so far.
//!
//! Score: R² over the outputs that are asked for, each in units of its variance. Landscape at the mean reward.

use std::ops::Add as _;

use rand::{Rng, RngExt as _};

use super::Task;
use super::about::{About, parameter};
use super::batch::{Answer, Probe, Score, Trial};
use crate::parameters::{ParameterVisitor, Span};

/// The offers in µl, whose logarithm is shown at the first step.
const OFFERS: [f64; 5] = [5.0, 10.0, 20.0, 40.0, 80.0];

/// Three targets at once, each of which can be left out: the logarithm of the offer, the time (step/100), and the mean of
/// the rewards so far, which come at every step, evenly from 0 to 1.
///
/// The order of kindergarten adds them one by one: remember, then count, then average. Of the published task the input
/// for actions and the payment at the end are left out, as nothing acts here.
#[derive(Debug, Clone, PartialEq)]
pub struct Kindergarten {
    /// Whether the offer is to be remembered. Default true.
    pub remember: bool,
    /// Whether time is to be counted. Default true.
    pub count: bool,
    /// Whether rewards are to be averaged. Default true.
    pub average: bool,
    /// Steps of a trial, drawn evenly. Default 20.
    pub steps: Span,
}

const ABOUT: About = About {
    name: "kindergarten",
    summary: "remember a value, count time, average rewards: any of the three at once",
    source: "Hocker, Constantinople & Savin 2025 (Nat Mach Intell), github.com/Savin-Lab-Code/kind_cl",
    inputs: &["log offer", "start", "reward"],
    outputs: &["log offer", "time", "mean reward"],
    accuracy: "R² over the outputs asked for, each in units of its variance; 0 if negative",
    parameters: &[
        parameter("remember", "", "whether the offer is to be remembered"),
        parameter("count", "", "whether time is to be counted"),
        parameter("average", "", "whether rewards are to be averaged"),
        parameter("steps_min", "steps", "the shortest trial"),
        parameter("steps_max", "steps", "the longest trial"),
    ],
};

impl Default for Kindergarten {
    fn default() -> Self {
        Self {
            remember: true,
            count: true,
            average: true,
            steps: Span { min: 20, max: 20 },
        }
    }
}

impl Kindergarten {
    fn asked(&self) -> [bool; 3] {
        [self.remember, self.count, self.average]
    }

    /// Mean and variance of each target in the longest trial.
    fn moments(&self) -> [(f64, f64); 3] {
        let steps = self.steps.max as f64;
        let harmonic: f64 = (1..=self.steps.max).map(|step| 1.0 / step as f64).sum();
        let doublings = 2.0_f64.ln().powi(2);
        [
            (20.0_f64.ln(), 2.0 * doublings),
            ((steps - 1.0) / 200.0, (steps * steps - 1.0) / 120_000.0),
            (0.5, harmonic / (12.0 * steps)),
        ]
    }
}

impl Task for Kindergarten {
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
        self.steps.max
    }

    fn draw_trial(&self, rng: &mut dyn Rng, trial: &mut Trial<'_>) {
        let steps = self.steps.draw(rng);
        let offer = OFFERS[rng.random_range(0..OFFERS.len())].ln();
        trial.input(0, 0..1, offer);
        trial.input(1, 0..1, 1.0);
        let mut earned = 0.0;
        for step in 0..steps {
            let reward: f64 = rng.random();
            earned += reward;
            trial.input(2, step..step + 1, reward);
            let targets = [offer, step as f64 / 100.0, earned / (step + 1) as f64];
            for (channel, asked) in self
                .asked()
                .into_iter()
                .enumerate()
                .filter(|(_, asked)| *asked)
            {
                trial.target(
                    channel,
                    step..step + 1,
                    targets[channel],
                    f64::from(u8::from(asked)),
                );
            }
        }
    }

    fn score(&self, answer: Answer<'_>) -> Score {
        self.moments()
            .into_iter()
            .enumerate()
            .map(|(channel, (mean, variance))| {
                answer.explained(channel, mean).in_units_of(variance)
            })
            .fold(Score::default(), Score::add)
    }

    fn chance(&self) -> f64 {
        0.0
    }

    /// One probe, "mean reward": the mean input after the first step.
    fn probes(&self, input_channels: usize) -> Vec<Probe> {
        vec![Probe::new("mean reward", &[0.0, 0.0, 0.5], input_channels)]
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        visitor.flag("remember", &mut self.remember);
        visitor.flag("count", &mut self.count);
        visitor.flag("average", &mut self.average);
        visitor.span(["steps_min", "steps_max"], &mut self.steps, 2..=100_000);
        if self.asked() == [false; 3] {
            visitor.refuse(
                "remember",
                "true, or `count` or `average`: nothing is asked for",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_follow_from_offer_time_and_rewards() {
        let task = Kindergarten {
            count: false,
            steps: Span { min: 20, max: 30 },
            ..Kindergarten::default()
        };
        let batch = task.batch(50, 4);
        for index in 0..50 {
            let trial = batch.answer(index, &batch.targets);
            let mut earned = 0.0;
            for step in 0..30 {
                let [offer, time, mean] = [0, 1, 2].map(|channel| trial.at(channel, step));
                earned += trial.input(2, step);
                assert_eq!(time.weight, 0.0);
                assert_eq!(offer.weight, mean.weight);
                if offer.weight > 0.0 {
                    assert_eq!(offer.target, trial.input(0, 0));
                    assert!((mean.target - earned / (step + 1) as f64).abs() < 1e-12);
                } else {
                    assert!(step >= 20);
                }
            }
        }
    }

    #[test]
    fn the_moments_are_those_of_the_targets() {
        let task = Kindergarten::default();
        let batch = task.batch(4000, 4);
        for (channel, (mean, variance)) in task.moments().into_iter().enumerate() {
            let values: Vec<f64> = (0..4000)
                .flat_map(|index| batch.answer(index, &batch.targets).counted(channel))
                .map(|judged| judged.target)
                .collect();
            let count = values.len() as f64;
            let found = values.iter().sum::<f64>() / count;
            let spread = values
                .iter()
                .map(|value| (value - mean).powi(2))
                .sum::<f64>()
                / count;
            assert!(
                (found - mean).abs() < 0.05 * variance.sqrt(),
                "{channel}: {found}, {mean}"
            );
            assert!(
                (spread / variance - 1.0).abs() < 0.1,
                "{channel}: {spread}, {variance}"
            );
        }
    }
}
