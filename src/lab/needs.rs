//! How much memory a curriculum needs, counted before a run of it starts.
//!
//! What is counted are arrays whose sizes the curriculum says: no run takes less. Whatever depends on what is found (fixed
//! points, cycles) is left out.
//!
//! Better to refuse before the first step than to be killed after a day.

use crate::cell::parameters::Parameters;
use crate::cell::spec::Precision;
use crate::curriculum::{CheckpointPolicy, Curriculum};
use crate::memory::size_text;
use crate::task::Task as _;

/// Networks of checkpoints that are in memory at a time, in f64: in training, waiting for their analysis, and analysed.
const NETWORKS: u64 = 4;
/// Square matrices that the analysis of a point holds: Jacobian, its factors, eigenvectors.
const MATRICES: u64 = 4;
/// Bytes of a training step until its row is written.
const STEP_BYTES: u64 = 120;

/// A part of the memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Bytes.
    pub bytes: u64,
    /// What for, and the keys of the curriculum that it grows with.
    pub what: String,
}

/// Memory that a run needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// Its parts, the largest first.
    pub parts: Vec<Need>,
}

impl Needs {
    /// Counts what a curriculum needs.
    pub fn of(curriculum: &Curriculum) -> Self {
        let counter = Counter { curriculum };
        let mut parts = vec![
            counter.weights(),
            counter.batch(),
            counter.probe_trials(),
            counter.evaluations(),
            counter.analysis(),
            counter.rows(),
        ];
        parts.sort_by_key(|part| std::cmp::Reverse(part.bytes));
        Self { parts }
    }

    /// All parts together.
    pub fn bytes(&self) -> u64 {
        let parts = self.parts.iter().map(|part| part.bytes);
        parts.fold(0, u64::saturating_add)
    }

    /// A sentence on what there is too much of, if more is needed than there is, and whether that is certain to fail.
    ///
    /// `None` where there is enough.
    pub fn complaint(&self, available: u64) -> Option<(String, bool)> {
        let needed = self.bytes();
        // Near the limit the count is too rough to refuse, and the rest of the machine wants some, too.
        let is_certain = needed > available;
        if needed <= available / 10 * 8 {
            return None;
        }
        let largest: Vec<String> = self
            .parts
            .iter()
            .take(2)
            .map(|part| format!("{} for {}", size_text(part.bytes), part.what))
            .collect();
        let text = format!(
            "the run needs at least {} of memory ({}), and {} are free; smaller numbers there (`--set KEY=VALUE`), or a \
             machine with more",
            size_text(needed),
            largest.join(", "),
            size_text(available)
        );
        Some((text, is_certain))
    }
}

struct Counter<'a> {
    curriculum: &'a Curriculum,
}

/// A product that cannot overflow.
fn product(factors: &[usize]) -> u64 {
    let factors = factors.iter().map(|&factor| factor as u64);
    factors.fold(1, u64::saturating_mul)
}

impl Counter<'_> {
    /// Bytes of a number in training.
    fn width(&self) -> usize {
        match self.curriculum.network.precision {
            Precision::F32 => 4,
            Precision::F64 => 8,
        }
    }

    /// Time steps of the longest trial of all stages.
    fn longest_trial(&self) -> usize {
        let stages = 0..self.curriculum.stages.len();
        let steps = stages.map(|stage| self.curriculum.longest_trial(stage));
        steps.max().unwrap_or(0)
    }

    /// Parameters, their gradient and what the learning rule remembers, and the networks under analysis.
    fn weights(&self) -> Need {
        let Curriculum {
            network,
            optimiser,
            rule,
            ..
        } = self.curriculum;
        let count = Parameters::<f32>::count(network);
        let (moments, squares) = (optimiser.rule.copies(), rule.rule().square_matrices());
        let trained = count.saturating_mul((2 + moments) * self.width() as u64);
        let analysed = count.saturating_mul(8 * NETWORKS);
        let rule = product(&[8, network.units, network.units]).saturating_mul(squares);
        Need {
            bytes: trained.saturating_add(analysed).saturating_add(rule),
            what: format!("the weights (`network.units = {}`)", network.units),
        }
    }

    /// The trials of a training step, and the states that the gradient goes back through.
    fn batch(&self) -> Need {
        let Curriculum {
            network,
            trials_per_step,
            ..
        } = self.curriculum;
        let steps = self.longest_trial();
        let gates = network.cell.gates();
        let noise = usize::from(network.noise.recurrent > 0.0) * network.units;
        // Inputs, targets and weights in f64; inputs once more in order, features, their gradient, and what a step saves.
        let drawn = 8 * (network.inputs + 2 * network.outputs + noise) + 16;
        let passed = self.width()
            * (2 * network.inputs + 2 * network.outputs + noise + network.units * (2 + gates));
        Need {
            bytes: product(&[steps, *trials_per_step, drawn + passed]),
            what: format!(
                "the trials of a training step (`training.trials_per_step = {trials_per_step}`, trials of {steps} steps)"
            ),
        }
    }

    fn probe_trials(&self) -> Need {
        let trials = self.curriculum.analysis.probe_trials;
        Need {
            bytes: self
                .simulated(self.longest_trial(), trials)
                .saturating_mul(NETWORKS),
            what: format!("the probe trials (`analysis.probe_trials = {trials}`)"),
        }
    }

    fn evaluations(&self) -> Need {
        let probes = self.curriculum.probes.iter();
        let needs = probes.map(|probe| {
            let steps = self.curriculum.probe(probe).trial_steps();
            (self.simulated(steps, probe.trials), probe.name.as_str())
        });
        let (bytes, name) = needs.max().unwrap_or((0, ""));
        Need {
            bytes,
            what: format!("the trials of probe {name:?} (its `trials` and its task)"),
        }
    }

    /// Trials that are run through the network, with their states.
    fn simulated(&self, steps: usize, trials: usize) -> u64 {
        let network = &self.curriculum.network;
        let width = network.inputs + 3 * network.outputs + network.state_size();
        product(&[steps, trials, 8 * width])
    }

    fn analysis(&self) -> Need {
        let Curriculum {
            network, analysis, ..
        } = self.curriculum;
        let size = network.state_size();
        let starts = product(&[2, analysis.starts, size, 8]);
        let matrices = product(&[size, size, 8]).saturating_mul(MATRICES);
        let bytes = if analysis.enabled {
            starts.saturating_add(matrices)
        } else {
            0
        };
        Need {
            bytes,
            what: format!(
                "the search for fixed points (`analysis.starts = {}`, `network.units = {}`)",
                analysis.starts, network.units
            ),
        }
    }

    /// What is remembered from step to step: accuracies and losses that ends of stages depend on, and the rows of the steps
    /// since the last checkpoint.
    fn rows(&self) -> Need {
        let curriculum = self.curriculum;
        let total = curriculum.total_steps();
        let windows = curriculum.stages.iter().map(|stage| {
            let until = &stage.until;
            let accuracies = until.over_steps.saturating_mul(until.evaluations);
            let losses = 2 * until.plateau_steps.unwrap_or(0);
            // As numbers, as text, and in the checkpoints that wait.
            accuracies.saturating_add(losses).min(until.steps) * 8 * (3 + NETWORKS)
        });
        let interval = match curriculum.checkpoints {
            CheckpointPolicy::Every(every) => every,
            CheckpointPolicy::Adaptive(policy) => policy.coarsest,
            CheckpointPolicy::LogSpaced { .. } => 0,
        };
        // A run of a great many steps between two checkpoints takes years; nobody waits for its memory.
        let rows = interval.min(total).min(100_000_000) * STEP_BYTES;
        Need {
            bytes: windows.max().unwrap_or(0).saturating_add(rows),
            what: "the steps between two checkpoints (`[checkpoints]`, `until.over_steps`)"
                .to_owned(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn needs(changes: &[&str]) -> Needs {
        const TEXT: &str = "[network]\ncell = \"vanilla\"\nunits = 64\n[[stage]]\ntask = \"flip-flop\"\n\
                            until = { steps = 100 }\n[checkpoints]\nevery = 50\n";
        let changes: Vec<_> = changes
            .iter()
            .map(|change| change.parse().unwrap())
            .collect();
        Needs::of(&Curriculum::parse(TEXT, "small.toml", &changes).unwrap())
    }

    #[test]
    fn an_ordinary_run_fits_anywhere() {
        let needs = needs(&[]);
        assert!(needs.bytes() < 64 << 20, "{needs:?}");
        assert_eq!(needs.complaint(1 << 30), None);
    }

    #[test]
    fn what_is_legal_but_too_large_is_named_with_its_keys() {
        for (changes, key) in [
            (
                &[
                    "training.trials_per_step=1048576",
                    "stage.0.trial_steps=100000",
                ][..],
                "training.trials_per_step",
            ),
            (
                &["network.units=16384", "network.cell=lstm"],
                "network.units",
            ),
            (
                &["analysis.starts=1000000", "network.units=4096"],
                "analysis.starts",
            ),
            (
                &["analysis.probe_trials=65536", "stage.0.trial_steps=100000"],
                "analysis.probe_trials",
            ),
        ] {
            let (text, is_certain) = needs(changes).complaint(4 << 30).unwrap();
            assert!(is_certain && text.contains(key), "{text}");
        }
        let needed = needs(&["analysis.starts=100000"]);
        let (_, is_certain) = needed.complaint(needed.bytes() / 9 * 10).unwrap();
        assert!(!is_certain, "near the limit it may work");
    }
}
