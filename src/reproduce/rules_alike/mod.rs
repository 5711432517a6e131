//! Do rules of learning leave other networks, where accuracy is the same? Backpropagation and e-prop, against other cells and
//! other initial weights.

use super::portraits::Looks;
use super::trained::{Course, keep, landscape, measured};
use super::{Experiment, ExperimentError, Paper, Report, Settings};
use crate::cell::parameters::Parameters;
use crate::comparison::portrait::Portrait;
use crate::lab::LabError;
use crate::task::flip_flop::FlipFlop;
use crate::task::{Batch, Task as _};

use report::report;

mod report;
#[cfg(test)]
mod tests;

/// Trials that accuracy is measured on, and representations are compared on.
const PROBE_TRIALS: usize = 400;
const TEST_SEED: u64 = 1 << 40;
/// Networks are compared where they first reach this accuracy.
const MATCHED: f64 = 0.9;
/// Updates between two looks at the accuracy, and between two counts of fixed points.
const EVERY: u64 = 10;
const COUNT_EVERY: u64 = 20;
const STARTS: usize = 96;

/// The experiment.
pub(super) struct RulesAlike;

/// Networks that differ in their seeds alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    /// Name in tables.
    name: &'static str,
    /// In what it differs from the first kind.
    differs_in: Difference,
    /// Lines of `[network]`.
    network: &'static str,
    /// The learning rule.
    rule: &'static str,
}

/// In what kinds of networks differ from the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Difference {
    Nothing,
    Rule,
    Architecture,
    Gain,
}

/// Those of the first kind come first, those that learn by e-prop second.
const KINDS: [Kind; 8] = [
    Kind {
        name: "backpropagation",
        differs_in: Difference::Nothing,
        network: "cell = \"leaky-currents\"\nalpha = 0.5\nactivation = \"tanh\"\nrecurrent_gain = 1.0",
        rule: "bptt",
    },
    Kind {
        name: "e-prop",
        differs_in: Difference::Rule,
        network: "cell = \"leaky-currents\"\nalpha = 0.5\nactivation = \"tanh\"\nrecurrent_gain = 1.0",
        rule: "e-prop",
    },
    Kind {
        name: "rectified units",
        differs_in: Difference::Architecture,
        network: "cell = \"leaky-currents\"\nalpha = 0.5\nactivation = \"retanh\"\nrecurrent_gain = 1.0",
        rule: "bptt",
    },
    Kind {
        name: "gru",
        differs_in: Difference::Architecture,
        network: "cell = \"gru\"",
        rule: "bptt",
    },
    Kind {
        name: "gain 0.1",
        differs_in: Difference::Gain,
        network: "cell = \"leaky-currents\"\nalpha = 0.5\nactivation = \"tanh\"\nrecurrent_gain = 0.1",
        rule: "bptt",
    },
    Kind {
        name: "gain 0.5",
        differs_in: Difference::Gain,
        network: "cell = \"leaky-currents\"\nalpha = 0.5\nactivation = \"tanh\"\nrecurrent_gain = 0.5",
        rule: "bptt",
    },
    Kind {
        name: "gain 1.5",
        differs_in: Difference::Gain,
        network: "cell = \"leaky-currents\"\nalpha = 0.5\nactivation = \"tanh\"\nrecurrent_gain = 1.5",
        rule: "bptt",
    },
    Kind {
        name: "gain 2.5",
        differs_in: Difference::Gain,
        network: "cell = \"leaky-currents\"\nalpha = 0.5\nactivation = \"tanh\"\nrecurrent_gain = 2.5",
        rule: "bptt",
    },
];

/// Its size.
#[derive(Debug, Clone, Copy)]
struct Form {
    units: usize,
    bits: usize,
    steps: u64,
    seeds: usize,
    /// Resamples of the networks for intervals, and draws of labels.
    draws: usize,
}

const FULL: Form = Form {
    units: 32,
    bits: 2,
    steps: 2000,
    seeds: 8,
    draws: 2000,
};
const QUICK: Form = Form {
    units: 20,
    bits: 2,
    steps: 1000,
    seeds: 3,
    draws: 500,
};

/// A network at the accuracy that all are compared at, and in the end.
struct Learned {
    /// Place in [`KINDS`].
    kind: usize,
    seed: u64,
    /// Where it first reaches the accuracy, and how it is there; `None` if it never does.
    matched: Option<(u64, Portrait)>,
    /// After the last update.
    end: Portrait,
    accuracy: f64,
    /// The first of the counted steps with a stable fixed point for each memory; of the first two kinds alone, `None` if there
    /// never is one.
    born: Option<u64>,
}

const FINDINGS: &str = "Initial weights do not matter more than the rule, unless the untrained network is chaotic. By Procrustes, at \
    an accuracy of 0.9, two networks of backpropagation that differ in their seed are 0.24 rad apart, e-prop and \
    backpropagation 0.42 [0.39, 0.46], gains 0.1, 0.5 and 1.5 against gain 1 0.30, 0.25 and 0.27, gain 2.5 1.05. The mean over \
    the four gains, which the claim takes, is that of the last one and of three that hardly count. Settings tried: 20 \
    units, 1000 updates, three seeds, gains 0.3 and 1.7, where e-prop is farther off than other gains by all measures (by 0.08, \
    0.04 and 0.05, intervals above 0); the same with the four gains (0.03, 0.03, 0.00); 32 units and 2000 updates with six \
    seeds, and with eight, which is what is reported; the same networks after the last update (a table).\n\n\
    SVCCA says the opposite of Procrustes and CKA about gain because of what it averages: over as many directions as the smaller of \
    both subspaces has. Networks of gain 0.1 vary in few, which are found again in others, and count as nearer to \
    networks of gain 1 (0.01) than these to each other (0.08).\n\n\
    By CKA e-prop is as far off as other architectures where networks first reach 0.9 (0.168 and 0.165), and nearer in the \
    end (0.107 and 0.171). What all measures agree on: at the same accuracy a network of e-prop differs from one of backpropagation \
    by more than a seed makes, almost twice as much by Procrustes, and about as much from the same initial weights as from \
    others.\n\n\
    The landscapes end alike: of 64 pairs of one network of each rule 36 have isomorphic graphs. That e-prop takes longer is \
    not seen: both rules reach 0.9 after 526 updates on average; all memories are stable after 310 and 358, and which rule comes \
    first depends on the seed. Adam, which scales every gradient to one size, may be why.\n\n\
    What would decide the open claims, if means and scatter stay: by Procrustes and gain 16 seeds in place of eight, for which of the \
    rules is sooner some 60. By CKA and architecture there is no difference to be found (0.003 ± 0.03).";

impl Experiment for RulesAlike {
    fn name(&self) -> &'static str {
        "rules-alike"
    }

    fn paper(&self) -> Paper {
        Paper {
            citation: "Liu, Yang & Cueva (2025), How do different learning rules compare to neural recordings along training? \
                       ICML",
            source: "arXiv 2506.06904",
        }
    }

    fn about(&self) -> &'static str {
        "Our settings: the paper compares networks with recordings along training, we compare networks with each other. Leaky \
         networks of 32 tanh units, x' = 0.5 x + 0.5 (W tanh x + B u + b), recurrent weights of gain 1, learn the flip-flop of 2 \
         bits by backpropagation and by e-prop (eligibility traces, error through the transposed readout), eight seeds each, 2000 \
         updates of Adam at 2e-3 on 16 trials. So do, by backpropagation, networks of rectified units, of gated units (GRU), \
         and with recurrent weights of gains 0.1, 0.5, 1.5, 2.5. Each is compared where it first reaches an accuracy of 0.9 \
         on 400 trials, and in the end. Two networks of one seed are no pair, for they begin with the same draws. A claim \
         compares mean distances from the backpropagation networks of gain 1: of e-prop, of both other architectures, of all four \
         other gains; intervals resample networks within their kinds. All bounds are ours."
    }

    fn findings(&self) -> &'static str {
        FINDINGS
    }

    fn run(
        &self,
        settings: &Settings,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Report, ExperimentError> {
        let form = if settings.is_quick { QUICK } else { FULL };
        let seeds = settings.seeds.unwrap_or(form.seeds) as u64;
        let (mut which, mut courses) = (Vec::new(), Vec::new());
        for (place, &kind) in KINDS.iter().enumerate() {
            for seed in 0..seeds {
                which.push((place, seed));
                courses.push(form.course(kind, seed)?);
            }
        }
        keep(&courses, settings, progress)?;
        let trials = form.task().batch(PROBE_TRIALS, TEST_SEED);
        let learned = measured(&courses, progress, |place, course| {
            form.learned(which[place], course, &trials)
        })?;
        report(&learned, form)
    }
}

impl Form {
    fn task(self) -> FlipFlop {
        FlipFlop {
            bits: self.bits,
            trial_steps: 50,
            pulse_probability: 0.1,
            ..FlipFlop::default()
        }
    }

    fn course(self, kind: Kind, seed: u64) -> Result<Course, LabError> {
        let Self {
            units, bits, steps, ..
        } = self;
        let (network, rule) = (kind.network, kind.rule);
        let name = kind.name.replace(' ', "-");
        Course::new(&format!(
            r#"
            name = "rules-{name}-{bits}-{units}-{seed}"
            seed = {seed}
            [network]
            {network}
            units = {units}
            [training]
            rule = "{rule}"
            trials_per_step = 16
            [optimiser]
            learning_rate = 2e-3
            clip_norm = 1.0
            [[stage]]
            task = "flip-flop"
            bits = {bits}
            trial_steps = 50
            pulse_probability = 0.1
            until = {{ steps = {steps} }}
            [checkpoints]
            every = {every}
            "#,
            every = steps / 20,
        ))
    }

    /// Trains a network.
    ///
    /// 1. Its accuracy is measured at every few updates; the weights where it first is high enough are kept.
    /// 2. So are those of all steps at which fixed points may be counted; of these the first with enough stable ones is sought
    ///    from the first on.
    fn learned(
        self,
        (kind, seed): (usize, u64),
        course: &Course,
        trials: &Batch,
    ) -> Result<Learned, LabError> {
        let task = self.task();
        let looks = |starts| Looks {
            task: &task,
            trials,
            starts,
        };
        let mut kept: Vec<(u64, Parameters<f32>)> = Vec::new();
        let mut matched: Option<(u64, Parameters<f32>)> = None;
        let mut failed = None;
        course.train(|step, parameters| {
            if step.is_multiple_of(COUNT_EVERY) || step == self.steps {
                kept.push((step, parameters.clone()));
            }
            if matched.is_none() && step.is_multiple_of(EVERY) {
                match course.simulated(parameters, trials) {
                    Ok(seen) if task.accuracy(trials, &seen.outputs) >= MATCHED => {
                        matched = Some((step, parameters.clone()));
                    }
                    Ok(_) => {}
                    Err(error) => failed = Some(error),
                }
            }
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        let matched = matched.map(|(step, parameters)| {
            let portrait = looks(0).portrait(course, &parameters, step)?;
            Ok::<_, LabError>((step, portrait))
        });
        // A course shows at least the weights that it begins with.
        let (step, last) = &kept[kept.len() - 1];
        let outputs = course.simulated(last, trials)?.outputs;
        Ok(Learned {
            kind,
            seed,
            matched: matched.transpose()?,
            end: looks(STARTS).portrait(course, last, *step)?,
            accuracy: task.accuracy(trials, &outputs),
            born: if kind < 2 {
                self.birth(course, &kept, trials)?
            } else {
                None
            },
        })
    }

    /// The first step with 2ⁿ stable fixed points without input.
    fn birth(
        self,
        course: &Course,
        kept: &[(u64, Parameters<f32>)],
        trials: &Batch,
    ) -> Result<Option<u64>, LabError> {
        for (step, parameters) in kept {
            let states = course.simulated(parameters, trials)?.states;
            let starts = course.starts(&states, STARTS);
            let map = course.map(parameters, &vec![0.0; self.bits]);
            let points = landscape(&map, &[], &starts, *step)?.fixed_points;
            if points.iter().filter(|of| of.is_stable()).count() >= 1 << self.bits {
                return Ok(Some(*step));
            }
        }
        Ok(None)
    }
}
