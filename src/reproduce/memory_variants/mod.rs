//! Flip-flops that need few or many attractors: how many a network makes, and in which order.

use std::collections::BTreeMap;

use super::trained::{Course, keep, measured};
use super::{
    Claim, Expectation, Experiment, ExperimentError, Paper, Report, Screenshot, Settings, Table,
    TableCell,
};
use crate::figure::{Axis, Colour, Mark, Plot, Series};
use crate::lab::LabError;
use crate::statistics::Estimate;
use crate::task::Task as _;
use crate::task::flip_flop::{FlipFlop, Variant};

use story::{Story, memories};

mod story;

/// Trials that a network is tested on, and whose states searches start from.
const TEST_TRIALS: usize = 128;
const TEST_SEED: u64 = 1 << 40;
/// A network has learned the task from this accuracy on.
const LEARNED: f64 = 0.99;

const VARIANTS: [(Variant, &str); 3] = [
    (Variant::Single, "single"),
    (Variant::Orthogonal, "orthogonal"),
    (Variant::Parallel, "parallel"),
];

/// The experiment.
pub(super) struct MemoryVariants;

/// Its size.
#[derive(Debug, Clone, Copy)]
struct Form {
    units: usize,
    /// Numbers of bits.
    bits: &'static [usize],
    steps: u64,
    trials: usize,
    /// Training steps between the checkpoints that are always looked at.
    every: u64,
    seeds: usize,
}

const FULL: Form = Form {
    units: 64,
    bits: &[2, 3, 4],
    steps: 1500,
    trials: 32,
    every: 50,
    seeds: 4,
};
const QUICK: Form = Form {
    units: 16,
    bits: &[2],
    steps: 300,
    trials: 8,
    every: 50,
    seeds: 1,
};

/// One of the tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    variant: Variant,
    name: &'static str,
    bits: usize,
}

impl Kind {
    /// Attractors that the paper leads one to expect.
    fn expected(self) -> usize {
        match self.variant {
            Variant::Single => 2,
            Variant::Orthogonal => 2 * self.bits,
            Variant::Parallel | Variant::Independent => 1 << self.bits,
        }
    }

    fn task(self) -> FlipFlop {
        FlipFlop {
            bits: self.bits,
            ..FlipFlop::of(self.variant)
        }
    }
}

/// The learning of one network.
#[derive(Debug, Clone, PartialEq)]
struct Learned {
    kind: Kind,
    loss: f64,
    accuracy: f64,
    /// Stable fixed points without input, by training step.
    counts: BTreeMap<u64, usize>,
    /// Fixed points that memories of the trained network end in, and other attractors.
    memories: usize,
    others: usize,
}

/// A training step with more stable fixed points than ever before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Birth {
    step: u64,
    before: usize,
    after: usize,
}

impl Birth {
    /// Whether no more are born than one point and its mirror image.
    fn is_alone(self) -> bool {
        self.after - self.before <= 2
    }
}

impl Experiment for MemoryVariants {
    fn name(&self) -> &'static str {
        "memory-variants"
    }

    fn paper(&self) -> Paper {
        Paper {
            citation: "Turner & Barak (2023), The simplicity bias in multi-task RNNs: shared attractors, reuse of \
                       dynamics, and geometric representation, NeurIPS 36",
            source: "github.com/eliaturner/multitaskrepresentation",
        }
    }

    fn about(&self) -> &'static str {
        "Networks of 64 tanh units, h' = tanh(W h + B u) without bias, learn flip-flops of 2, 3 and 4 bits: single (one line \
         a trial has pulses, the other outputs are free), orthogonal (the others must be 0), parallel (all lines at once). \
         Weights drawn with the deviations of PyTorch's defaults; Adam, learning rate 1e-3, gradient norm at most 1, 1500 \
         updates on 32 new trials each. The authors' code has 100 units and trains longer, in two phases, on 400 fixed \
         trials. Attractors without input: those that the last undisturbed state of each of 128 trials ends in. Stable \
         fixed points: those found by search at every 50th update, and between these until each change is placed to one \
         update. Without bias the map is odd, so that attractors come in pairs, mirror images of each other: a pair counts \
         as one birth. Only networks with an accuracy of at least 0.99 count."
    }

    fn findings(&self) -> &'static str {
        include_str!("../findings/memory-variants.md")
    }

    fn screenshot(&self, settings: &Settings) -> Result<Option<Screenshot>, ExperimentError> {
        let form = if settings.is_quick { QUICK } else { FULL };
        let kind = Kind {
            variant: Variant::Parallel,
            name: "parallel",
            bits: form.bits[0],
        };
        let caption = "The fixed points of a network that learns all lines at once, over training: its memories branch off or come in \
                       folds, one mirror image beside the other.";
        Ok(Some(Screenshot::new(
            form.course(kind, 0)?,
            ("diagram", "G"),
            caption,
        )))
    }

    fn run(
        &self,
        settings: &Settings,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Report, ExperimentError> {
        let form = if settings.is_quick { QUICK } else { FULL };
        let seeds = settings.seeds.unwrap_or(form.seeds) as u64;
        let (mut kinds, mut courses) = (Vec::new(), Vec::new());
        // The largest first, so that none is waited for in the end.
        for &bits in form.bits.iter().rev() {
            for (variant, name) in VARIANTS.into_iter().rev() {
                let kind = Kind {
                    variant,
                    name,
                    bits,
                };
                kinds.extend((0..seeds).map(|_| kind));
                for seed in 0..seeds {
                    courses.push(form.course(kind, seed)?);
                }
            }
        }
        keep(&courses, settings, progress)?;
        let mut learned = measured(&courses, progress, |place, course| {
            form.learned(kinds[place], course)
        })?;
        learned.reverse();
        Ok(report(&learned, form.bits))
    }
}

impl Form {
    /// Weights have the deviations of those that are uniform within ±1/√N.
    fn course(self, kind: Kind, seed: u64) -> Result<Course, LabError> {
        let (Kind { name, bits, .. }, units) = (kind, self.units);
        let recurrent_gain = (1.0_f64 / 3.0).sqrt();
        let input_gain = (bits as f64 / (3.0 * units as f64)).sqrt();
        Course::new(&format!(
            r#"
            name = "{name}-{bits}-{units}-{seed}"
            seed = {seed}
            [network]
            cell = "vanilla"
            units = {units}
            recurrent_gain = {recurrent_gain:?}
            input_gain = {input_gain:?}
            frozen = ["bias"]
            [training]
            trials_per_step = {trials}
            [optimiser]
            learning_rate = 1e-3
            clip_norm = 1.0
            [[stage]]
            task = "flip-flop"
            variant = "{name}"
            bits = {bits}
            until = {{ steps = {steps} }}
            [checkpoints]
            every = {every}
            "#,
            trials = self.trials,
            steps = self.steps,
            every = self.every,
        ))
    }

    /// Trains a network with every step kept, and tells its story.
    fn learned(self, kind: Kind, course: &Course) -> Result<Learned, LabError> {
        let task = kind.task();
        let mut kept = Vec::new();
        let loss = course.train(|_, parameters| kept.push(parameters.clone()))?;
        let test = task.batch(TEST_TRIALS, TEST_SEED);
        let trained = &kept[kept.len() - 1];
        let simulation = course.simulated(trained, &test)?;
        let (memories, others) = memories(course, trained, &test, &simulation);
        Ok(Learned {
            kind,
            loss,
            accuracy: task.accuracy(&test, &simulation.outputs),
            counts: Story::new(course, &kept, &test).counts(self.every)?,
            memories,
            others,
        })
    }
}

impl Learned {
    fn has_learned(&self) -> bool {
        self.accuracy >= LEARNED
    }

    /// The steps at which there are more stable fixed points than at any before.
    fn births(&self) -> Vec<Birth> {
        let mut births = Vec::new();
        let mut counts = self.counts.iter();
        let mut most = counts.next().map_or(0, |(_, count)| *count);
        for (&step, &count) in counts {
            if count > most {
                births.push(Birth {
                    step,
                    before: most,
                    after: count,
                });
                most = count;
            }
        }
        births
    }

    /// The first step with so many stable fixed points.
    fn step_of(&self, count: usize) -> Option<u64> {
        let mut counts = self.counts.iter();
        counts
            .find(|(_, seen)| **seen >= count)
            .map(|(step, _)| *step)
    }
}

fn report(learned: &[Learned], bits: &[usize]) -> Report {
    let groups: Vec<(Kind, Vec<&Learned>)> = VARIANTS
        .into_iter()
        .flat_map(|(variant, name)| {
            bits.iter().map(move |&bits| Kind {
                variant,
                name,
                bits,
            })
        })
        .map(|kind| {
            let of_kind = learned
                .iter()
                .filter(|of| of.kind == kind && of.has_learned());
            (kind, of_kind.collect())
        })
        .collect();
    let mut claims: Vec<Claim> = groups
        .iter()
        .map(|(kind, of_kind)| {
            let statement = format!(
                "attractors that memories end in, {}, {} bits",
                kind.name, kind.bits
            );
            Claim::new(
                &statement,
                Expectation::exactly(kind.expected() as f64),
                mean(of_kind, |of| of.memories as f64),
            )
        })
        .collect();
    let many = groups.iter().filter(|(kind, _)| kind.expected() > 2);
    let many: Vec<&Learned> = many
        .flat_map(|(_, of_kind)| of_kind.iter().copied())
        .collect();
    let gradual = many.iter().filter(|of| of.births().len() > 1).count();
    let births: Vec<Birth> = many.iter().flat_map(|of| of.births()).collect();
    let alone = births.iter().filter(|birth| birth.is_alone()).count();
    claims.push(Claim::new(
        "share of networks with more than two attractors in which these appear at more than one training step",
        Expectation::at_least(0.8),
        Estimate::share(gradual, many.len()),
    ));
    claims.push(Claim::new(
        "share of these steps at which one attractor appears, with its mirror image, and no other",
        Expectation::at_least(0.5),
        Estimate::share(alone, births.len()),
    ));
    Report {
        claims,
        tables: vec![table_of_counts(learned, &groups), table_of_steps(&groups)],
        figure: Some(figure(&groups).into()),
    }
}

fn mean(networks: &[&Learned], value: impl Fn(&Learned) -> f64) -> Estimate {
    let values: Vec<f64> = networks.iter().map(|of| value(of)).collect();
    Estimate::mean(&values)
}

fn table_of_counts(learned: &[Learned], groups: &[(Kind, Vec<&Learned>)]) -> Table {
    let mut table = Table::new(
        "Networks that learned the task, and what they hold their memories in",
        &[
            "variant",
            "bits",
            "networks",
            "learned",
            "loss",
            "attractors of memories",
            "other attractors",
            "stable fixed points",
            "steps with births",
        ],
    );
    for (kind, of_kind) in groups {
        let all = learned.iter().filter(|of| of.kind == *kind);
        let last = |of: &Learned| of.counts.values().next_back().copied().unwrap_or(0);
        table.rows.push(vec![
            TableCell::Text(kind.name.to_owned()),
            TableCell::Count(kind.bits),
            TableCell::Count(all.clone().count()),
            TableCell::Count(of_kind.len()),
            TableCell::Number(mean(of_kind, |of| of.loss)),
            TableCell::Number(mean(of_kind, |of| of.memories as f64)),
            TableCell::Number(mean(of_kind, |of| of.others as f64)),
            TableCell::Number(mean(of_kind, |of| last(of) as f64)),
            TableCell::Number(mean(of_kind, |of| of.births().len() as f64)),
        ]);
    }
    table
}

/// The step at which the k-th attractor appears.
fn table_of_steps(groups: &[(Kind, Vec<&Learned>)]) -> Table {
    let most = groups
        .iter()
        .map(|(kind, _)| kind.expected())
        .max()
        .unwrap_or(2);
    let numbers: Vec<usize> = (1..=most / 2).map(|pair| 2 * pair).collect();
    let heads: Vec<String> = numbers.iter().map(|number| format!("{number}th")).collect();
    let mut columns = vec!["variant", "bits"];
    columns.extend(heads.iter().map(String::as_str));
    let mut table = Table::new(
        "Training step at which the k-th stable fixed point appears",
        &columns,
    );
    for (kind, of_kind) in groups {
        let mut row = vec![
            TableCell::Text(kind.name.to_owned()),
            TableCell::Count(kind.bits),
        ];
        row.extend(numbers.iter().map(|&number| {
            let steps = of_kind.iter().filter_map(|of| of.step_of(number));
            let steps: Vec<f64> = steps.map(|step| step as f64).collect();
            if steps.is_empty() {
                TableCell::Text(String::new())
            } else {
                TableCell::Number(Estimate::mean(&steps))
            }
        }));
        table.rows.push(row);
    }
    table
}

/// Stable fixed points against training step: a staircase of the first network of each variant, with the most bits.
fn figure(groups: &[(Kind, Vec<&Learned>)]) -> Plot {
    let bits = groups.iter().map(|(kind, _)| kind.bits).max().unwrap_or(0);
    let shown = groups.iter().filter(|(kind, _)| kind.bits == bits);
    let series = shown
        .zip(Colour::DISTINCT)
        .map(|((kind, of_kind), colour)| {
            let mut points: Vec<[f64; 2]> = Vec::new();
            for (&step, &count) in of_kind.iter().take(1).flat_map(|of| &of.counts) {
                let before = points.last().map(|last| [step as f64, last[1]]);
                points.extend(before);
                points.push([step as f64, count as f64]);
            }
            Series {
                name: kind.name.to_owned(),
                points,
                mark: Mark::Line,
                colour,
            }
        });
    Plot::new(
        &format!("Stable fixed points of networks that learn a flip-flop of {bits} bits"),
        Axis::new("training step"),
        Axis::new("stable fixed points"),
        series.collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(counts: &[(u64, usize)]) -> Learned {
        Learned {
            kind: Kind {
                variant: Variant::Parallel,
                name: "parallel",
                bits: 2,
            },
            loss: 0.0,
            accuracy: 1.0,
            counts: counts.iter().copied().collect(),
            memories: 4,
            others: 0,
        }
    }

    #[test]
    fn a_birth_is_a_number_never_seen_before() {
        let of = learned(&[(0, 1), (10, 2), (11, 1), (12, 2), (20, 6), (21, 4)]);
        let births = of.births();
        let steps: Vec<(u64, bool)> = births.iter().map(|of| (of.step, of.is_alone())).collect();
        assert_eq!(steps, [(10, true), (20, false)]);
        assert_eq!(
            (of.step_of(1), of.step_of(2), of.step_of(5), of.step_of(7)),
            (Some(0), Some(10), Some(20), None)
        );
    }

    #[test]
    fn variants_expect_two_twice_and_a_power() {
        let expected = |(variant, name)| {
            Kind {
                variant,
                name,
                bits: 3,
            }
            .expected()
        };
        assert_eq!(VARIANTS.map(expected), [2, 6, 8]);
    }
}
