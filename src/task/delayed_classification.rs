//! Delayed classification: name a pattern when asked, some time after it was shown (Haviv, Rivkind & Barak 2019, ICML,
//! arXiv 1902.07275), with random prototypes in place of images.
//!
//! A trial of `delay_max` + 1 steps:
//!
//! 1. A class is drawn, a time at which its prototype is shown for one step, and a later time, at least `delay_min`
//!    after it, at which the trigger channel is 1 for one step.
//! 2. All pattern channels have noise at every step.
//! 3. The target is the null class at every step with weight 1, but at the trigger the class, with a weight as
//!    large as all other steps together.
//!
//! Score: whether the greatest output at the trigger is that of the class. Landscape at no input, where memories
//! rest.

use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::Task;
use super::about::{About, parameter};
use super::batch::{Answer, Judged, Probe, Score, Trial};
use crate::parameters::{NOT_NEGATIVE, ParameterVisitor, Span};

/// The delayed classification: noise, in it at one step a pattern, and later a trigger that asks for its class.
///
/// A pattern is the prototype of its class with noise on it. At the trigger the output of the class must be 1, at all
/// other steps the first output, "null". The trigger's step has as much weight as all others. A delay curriculum raises
/// `delay_max`, a vocabulary curriculum `classes_used`.
#[derive(Debug, Clone, PartialEq)]
pub struct DelayedClassification {
    /// Classes that have an output. Default 10.
    pub classes: usize,
    /// Classes that are shown: the first so many. Default 10.
    pub classes_used: usize,
    /// Steps from the pattern to the trigger; a trial has one step more than the greatest. Default 4 to 19.
    pub delay: Span,
    /// Channels of a pattern. Default 20.
    pub pattern_channels: usize,
    /// Standard deviation of the noise on each channel at each step; prototypes have 1. Default 0.3.
    pub noise: f64,
    /// Seed of the prototypes, which do not depend on the seed of the run. Default 0.
    pub prototype_seed: u64,
}

const ABOUT: About = About {
    name: "delayed-classification",
    summary: "name a noisy pattern when asked, some time after it was shown",
    source: "Haviv, Rivkind & Barak 2019 (ICML), arXiv 1902.07275; random prototypes in place of images",
    inputs: &["pattern …"],
    outputs: &["null", "class …"],
    accuracy: "share of trials whose greatest output at the trigger is that of the class",
    parameters: &[
        parameter("classes", "", "classes that have an output"),
        parameter(
            "classes_used",
            "",
            "classes that are shown: the first so many",
        ),
        parameter(
            "delay_min",
            "steps",
            "least time from the pattern to the trigger",
        ),
        parameter(
            "delay_max",
            "steps",
            "greatest time from the pattern to the trigger; the trial has one step more",
        ),
        parameter("pattern_channels", "", "input channels of a pattern"),
        parameter(
            "noise",
            "",
            "standard deviation of the noise on each of them at each step; prototypes have 1",
        ),
        parameter("prototype_seed", "", "seed of the prototypes"),
    ],
};

impl Default for DelayedClassification {
    fn default() -> Self {
        Self {
            classes: 10,
            classes_used: 10,
            delay: Span { min: 4, max: 19 },
            pattern_channels: 20,
            noise: 0.3,
            prototype_seed: 0,
        }
    }
}

impl DelayedClassification {
    /// The prototype of a class, standard normal deviates that depend on seed and class alone.
    pub fn prototype(&self, class: usize) -> impl Iterator<Item = f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.prototype_seed);
        rng.set_stream(class as u64);
        (0..self.pattern_channels).map(move |_| StandardNormal.sample(&mut rng))
    }
}

impl Task for DelayedClassification {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input_name(&self, channel: usize) -> String {
        if channel < self.pattern_channels {
            format!("pattern {}", channel + 1)
        } else {
            "trigger".to_owned()
        }
    }

    fn input_channels(&self) -> usize {
        self.pattern_channels + 1
    }

    fn output_channels(&self) -> usize {
        self.classes + 1
    }

    fn trial_steps(&self) -> usize {
        self.delay.max + 1
    }

    fn draw_trial(&self, rng: &mut dyn Rng, trial: &mut Trial<'_>) {
        let steps = self.trial_steps();
        let class = rng.random_range(0..self.classes_used);
        let shown = rng.random_range(0..steps - self.delay.min);
        let asked = rng.random_range(shown + self.delay.min..steps);
        for (channel, value) in self.prototype(class).enumerate() {
            trial.input(channel, shown..shown + 1, value);
        }
        trial.input(self.pattern_channels, asked..asked + 1, 1.0);
        trial.noise(rng, 0..self.pattern_channels, 0..steps, self.noise);
        for channel in 0..self.output_channels() {
            let null = if channel == 0 { 1.0 } else { 0.0 };
            let answer = if channel == class + 1 { 1.0 } else { 0.0 };
            trial.target(channel, 0..steps, null, 1.0);
            trial.target(channel, asked..asked + 1, answer, (steps - 1) as f64);
        }
    }

    fn score(&self, answer: Answer<'_>) -> Score {
        let trigger = self.pattern_channels;
        let asked = (0..self.trial_steps()).find(|&step| answer.input(trigger, step) == 1.0);
        let is_right = asked.is_some_and(|step| {
            let greatest = |value: fn(Judged) -> f64| {
                let values =
                    (0..self.output_channels()).map(|channel| value(answer.at(channel, step)));
                values
                    .enumerate()
                    .fold((None, f64::NEG_INFINITY), |most, (channel, value)| {
                        if value > most.1 {
                            (Some(channel), value)
                        } else {
                            most
                        }
                    })
            };
            greatest(|judged| judged.output).0 == greatest(|judged| judged.target).0
        });
        Score::of(is_right)
    }

    fn chance(&self) -> f64 {
        1.0 / self.classes_used as f64
    }

    /// One probe, "delay": the mean of the noise, without trigger.
    fn probes(&self, input_channels: usize) -> Vec<Probe> {
        vec![Probe::new("delay", &[], input_channels)]
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        visitor.count("classes", &mut self.classes, 1..=1000);
        visitor.count("classes_used", &mut self.classes_used, 1..=self.classes);
        visitor.span(["delay_min", "delay_max"], &mut self.delay, 1..=100_000);
        visitor.count("pattern_channels", &mut self.pattern_channels, 1..=4000);
        visitor.real("noise", &mut self.noise, NOT_NEGATIVE);
        visitor.integer(
            "prototype_seed",
            &mut self.prototype_seed,
            0..=i64::MAX as u64,
        );
        if self.classes_used > self.classes {
            let expected = format!("at most `classes`, which is {}", self.classes);
            visitor.refuse("classes_used", &expected);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_the_class_of_the_pattern() {
        let task = DelayedClassification {
            classes_used: 4,
            noise: 0.0,
            ..DelayedClassification::default()
        };
        let batch = task.batch(200, 5);
        assert_eq!(batch.steps, 20);
        for index in 0..200 {
            let trial = batch.answer(index, &batch.targets);
            let step_of = |channel| {
                (0..20)
                    .find(|&step| trial.input(channel, step) != 0.0)
                    .unwrap_or(20)
            };
            let (shown, asked) = (step_of(0), step_of(20));
            assert!((4..=19).contains(&(asked - shown)));
            let pattern: Vec<f64> = (0..20).map(|channel| trial.input(channel, shown)).collect();
            let is_prototype = |class: &usize| task.prototype(*class).eq(pattern.iter().copied());
            let class = (0..4).find(is_prototype);
            for step in 0..20 {
                let named: Vec<_> = (0..11)
                    .filter(|&channel| trial.at(channel, step).target == 1.0)
                    .collect();
                let expected = if step == asked {
                    class.map(|class| class + 1)
                } else {
                    Some(0)
                };
                assert_eq!(named.first().copied(), expected);
                assert_eq!(named.len(), 1);
                assert_eq!(
                    trial.at(3, step).weight,
                    if step == asked { 19.0 } else { 1.0 }
                );
            }
        }
    }
}
