//! Several tasks in one batch, each with its share of the trials, and optionally a rule input that tells which is which
//! (Yang et al. 2019, Nature Neuroscience 22:297, doi 10.1038/s41593-018-0310-2).
//!
//! Which trial is of which task is dealt and not drawn, so that shares are kept in every batch, and in every
//! stretch of it: shards of a batch are mixed alike.

use rand::Rng;

use crate::parallel;
use crate::parameters::ParameterVisitor;
use crate::task::about::About;
use crate::task::world::World;
use crate::task::{Answer, Batch, Objective, Probe, Pulse, Score, Task, TaskSpec, Trial};

/// Outputs of a batch that are judged by many threads.
const MANY_OUTPUTS: usize = 1 << 16;

/// Tasks that share the trials of a batch; a single one is that task itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture {
    /// The tasks, at least one.
    pub parts: Vec<MixturePart>,
}

/// One task of a mixture.
#[derive(Debug, Clone, PartialEq)]
pub struct MixturePart {
    /// Name, in front of the names of its probe inputs.
    pub name: String,
    /// The task.
    pub task: TaskSpec,
    /// Its share of the trials, relative to the sum of all.
    pub weight: f64,
    /// Input channel that is 1 throughout its trials, and 0 in those of the others.
    pub rule_channel: Option<usize>,
    /// By what measure outputs miss their targets in its trials.
    pub objective: Objective,
}

impl Mixture {
    /// The part that each of so many trials belongs to.
    ///
    /// Each trial goes to the part that is furthest behind its share, the first of equals. So every stretch of the batch is
    /// mixed, and the number of trials of a part differs from its share by less than the number of parts.
    pub fn deal(&self, trials: usize) -> Vec<usize> {
        let sum: f64 = self.parts.iter().map(|part| part.weight).sum();
        let mut dealt = vec![0_usize; self.parts.len()];
        (1..=trials)
            .map(|count| {
                let behind =
                    |part: usize| count as f64 * self.parts[part].weight / sum - dealt[part] as f64;
                let next = (1..dealt.len()).fold(0, |best, part| {
                    if behind(part) > behind(best) {
                        part
                    } else {
                        best
                    }
                });
                dealt[next] += 1;
                next
            })
            .collect()
    }

    /// The part that a trial belongs to, by its number in the batch.
    fn part_of(&self, trial: usize) -> &MixturePart {
        let dealt = self.deal(trial + 1);
        &self.parts[dealt[trial]]
    }

    /// Whether the names of probe inputs need that of their part.
    fn names_parts(&self) -> bool {
        self.parts.len() > 1 || self.parts.iter().any(|part| part.rule_channel.is_some())
    }
}

const ABOUT: About = About {
    name: "mixture",
    summary: "several tasks in one batch",
    source: "Yang et al. 2019, Nature Neuroscience 22:297, doi 10.1038/s41593-018-0310-2",
    inputs: &[],
    outputs: &[],
    accuracy: "mean of the accuracies of the tasks, by their numbers of trials",
    parameters: &[],
};

impl Task for Mixture {
    fn about(&self) -> &'static About {
        match self.parts.as_slice() {
            [part] => part.task.task().about(),
            _ => &ABOUT,
        }
    }

    fn input_channels(&self) -> usize {
        let of = |part: &MixturePart| {
            let rule = part.rule_channel.map_or(0, |channel| channel + 1);
            part.task.task().input_channels().max(rule)
        };
        self.parts.iter().map(of).max().unwrap_or(0)
    }

    fn output_channels(&self) -> usize {
        let channels = self
            .parts
            .iter()
            .map(|part| part.task.task().output_channels());
        channels.max().unwrap_or(0)
    }

    /// Those of the longest task; what follows the end of a shorter one has weight 0.
    fn trial_steps(&self) -> usize {
        let steps = self.parts.iter().map(|part| part.task.task().trial_steps());
        steps.max().unwrap_or(0)
    }

    fn world(&self, trial: usize) -> Option<&dyn World> {
        self.part_of(trial).task.task().world(trial)
    }

    fn is_in_world(&self) -> bool {
        self.parts.iter().any(|part| part.task.task().is_in_world())
    }

    fn ends_early(&self) -> bool {
        self.parts.iter().all(|part| part.task.task().ends_early())
    }

    fn draw_trial(&self, rng: &mut dyn Rng, trial: &mut Trial<'_>) {
        let part = self.part_of(trial.index());
        trial.set_objective(&part.objective);
        part.task.task().draw_trial(rng, trial);
        if let Some(channel) = part.rule_channel {
            trial.input(channel, 0..self.trial_steps(), 1.0);
        }
    }

    /// That of the first part; each trial has that of its own.
    fn objective(&self) -> Objective {
        let first = self.parts.first();
        first.map_or(Objective::SquaredError, |part| part.objective.clone())
    }

    fn score(&self, answer: Answer<'_>) -> Score {
        self.part_of(answer.index()).task.task().score(answer)
    }

    /// Mean of the accuracies of the parts, each in its own terms, by their numbers of trials.
    fn accuracy(&self, batch: &Batch, outputs: &[f64]) -> f64 {
        let dealt = self.deal(batch.trials);
        let score = |trial: usize| {
            let part = &self.parts[dealt[trial]];
            part.task.task().score(batch.answer(trial, outputs))
        };
        let scores: Vec<Score> = if outputs.len() < MANY_OUTPUTS {
            (0..batch.trials).map(score).collect()
        } else {
            parallel::map(0..batch.trials, score)
        };
        let of = |place: usize| {
            let of_part = || {
                scores
                    .iter()
                    .zip(&dealt)
                    .filter(move |(_, part)| **part == place)
            };
            let sum = of_part().fold(Score::default(), |sum, (&score, _)| sum + score);
            of_part().count() as f64 * sum.share()
        };
        (0..self.parts.len()).map(of).sum::<f64>() / batch.trials as f64
    }

    fn chance(&self) -> f64 {
        let sum: f64 = self.parts.iter().map(|part| part.weight).sum();
        let weighted = self
            .parts
            .iter()
            .map(|part| part.weight * part.task.task().chance());
        weighted.sum::<f64>() / sum
    }

    /// Those of all parts, with their rule inputs; named `PART: PROBE` where there is more than one part or rule.
    fn probes(&self, input_channels: usize) -> Vec<Probe> {
        let of = |part: &MixturePart| {
            let mut probes = part.task.task().probes(input_channels);
            for probe in &mut probes {
                if let Some(channel) = part.rule_channel {
                    probe.input[channel] = 1.0;
                }
                if self.names_parts() {
                    probe.name = format!("{}: {}", part.name, probe.name);
                }
            }
            probes
        };
        self.parts.iter().flat_map(of).collect()
    }

    /// Those of a single task. Several have none: a pulse of one says nothing in the trials of another.
    fn pulses(&self, input_channels: usize) -> Vec<Pulse> {
        match self.parts.as_slice() {
            [only] => only.task.task().pulses(input_channels),
            _ => Vec::new(),
        }
    }

    /// None of its own: they are those of its parts.
    fn parameters(&mut self, _: &mut dyn ParameterVisitor) {}
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::task::flip_flop::FlipFlop;

    fn part(name: &str, bits: usize, trial_steps: usize, weight: f64) -> MixturePart {
        MixturePart {
            name: name.to_owned(),
            task: TaskSpec::new(FlipFlop {
                bits,
                trial_steps,
                pulse_probability: 0.5,
                ..FlipFlop::default()
            }),
            weight,
            rule_channel: None,
            objective: Objective::SquaredError,
        }
    }

    fn two_with_rules() -> Mixture {
        let mut parts = vec![part("short", 1, 10, 1.0), part("long", 2, 25, 3.0)];
        parts[0].rule_channel = Some(2);
        parts[1].rule_channel = Some(3);
        Mixture { parts }
    }

    fn drawn(mixture: &Mixture, trials: usize, channels: (usize, usize)) -> Batch {
        let mut batch = Batch::zeros(mixture.trial_steps(), trials, channels.0, channels.1);
        mixture.draw(&mut ChaCha8Rng::seed_from_u64(3), &mut batch);
        batch
    }

    proptest! {
        #[test]
        fn every_part_gets_its_share(weights in prop::collection::vec(0.0..5.0_f64, 1..6), trials in 1..200_usize) {
            prop_assume!(weights.iter().sum::<f64>() > 0.1);
            let parts = weights.iter().map(|&weight| part("x", 1, 5, weight)).collect();
            let dealt = Mixture { parts }.deal(trials);
            let sum: f64 = weights.iter().sum();
            for (place, weight) in weights.iter().enumerate() {
                let count = dealt.iter().filter(|&&part| part == place).count() as f64;
                let share = trials as f64 * weight / sum;
                prop_assert!((count - share).abs() < weights.len() as f64, "{count} of {share}");
                prop_assert!(*weight > 0.0 || count == 0.0);
            }
        }
    }

    #[test]
    fn the_trials_of_a_mixture_are_those_of_its_parts() {
        let mixture = two_with_rules();
        let batch = drawn(&mixture, 16, (4, 2));
        let dealt = mixture.deal(16);
        assert_eq!(dealt.iter().filter(|&&part| part == 0).count(), 4);
        for (trial, &place) in dealt.iter().enumerate() {
            for time in 0..25 {
                let row = time * 16 + trial;
                let inputs = &batch.inputs[row * 4..][..4];
                let weights = &batch.weights[row * 2..][..2];
                if place == 0 && time >= 10 {
                    assert_eq!((inputs[0], weights), (0.0, &[0.0; 2][..]));
                }
                assert_eq!(inputs[2], f64::from(u8::from(place == 0)));
                assert_eq!(inputs[3], f64::from(u8::from(place == 1)));
                assert!(place == 1 || inputs[1] == 0.0 && weights[1] == 0.0);
            }
        }
    }

    #[test]
    fn a_single_part_is_the_task_itself() {
        let own = part("one", 2, 20, 1.0);
        let task = own.task.clone();
        let mixture = Mixture { parts: vec![own] };
        let mut expected = Batch::zeros(20, 8, 3, 3);
        task.task()
            .draw(&mut ChaCha8Rng::seed_from_u64(3), &mut expected);
        assert_eq!(drawn(&mixture, 8, (3, 3)), expected);
        assert_eq!(mixture.probes(3), task.task().probes(3));
        assert_eq!(mixture.name(), "flip-flop");
    }

    #[test]
    fn accuracy_is_the_mean_over_trials_of_what_each_task_says() {
        let mixture = two_with_rules();
        let batch = drawn(&mixture, 16, (4, 2));
        assert_eq!(mixture.accuracy(&batch, &batch.targets), 1.0);
        // All outputs of the part with a quarter of the trials wrong.
        let mut outputs = batch.targets.clone();
        for (trial, _) in mixture
            .deal(16)
            .iter()
            .enumerate()
            .filter(|(_, part)| **part == 0)
        {
            for time in 0..25 {
                outputs[(time * 16 + trial) * 2] = 9.0;
            }
        }
        assert_eq!(mixture.accuracy(&batch, &outputs), 0.75);
    }

    #[test]
    fn probes_carry_the_rule_and_the_name_of_their_part() {
        let probes = two_with_rules().probes(4);
        let names: Vec<_> = probes.iter().map(|probe| probe.name.as_str()).collect();
        assert_eq!(names, ["short: no pulse", "long: no pulse"]);
        assert_eq!(probes[0].input, [0.0, 0.0, 1.0, 0.0]);
        assert_eq!(probes[1].input, [0.0, 0.0, 0.0, 1.0]);
    }
}
