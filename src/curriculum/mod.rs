//! The curriculum of a run: its TOML file, the checks on it, and its schedule of stages and checkpoints.
//!
//! A file goes through these steps:
//!
//! 1. TOML with the place of every key; overrides replace or add keys.
//! 2. Each section is read by the declarations of what it describes (network, rule, optimiser, tasks), with bounds
//!    and defaults; all mistakes are collected, each with line, key, what was expected and what was found.
//! 3. Checks across sections: widths of the network against tasks, rule against cell and objective, budget of
//!    checkpoints.
//! 4. The resolved text ([`Curriculum::to_toml`]) says every value; it is what `run.toml` holds, and parses back to
//!    the same curriculum.
//!
//! ```
//! use creode::curriculum::Curriculum;
//!
//! let text = r#"
//! [network]
//! cell = "vanilla"
//! units = 16
//! [[stage]]
//! task = "flip-flop"
//! until = { steps = 100 }
//! [checkpoints]
//! every = 50
//! "#;
//! let curriculum = Curriculum::parse(text, "bits.toml", &[])?;
//! assert_eq!((curriculum.name.as_str(), curriculum.total_steps()), ("bits", 100));
//! assert_eq!(curriculum.checkpoints.steps(100), [0, 50, 100]);
//! assert_eq!(Curriculum::parse(&curriculum.to_toml(), "bits.toml", &[])?, curriculum);
//! let mistake = Curriculum::parse(&text.replace("units", "unit"), "bits.toml", &[]);
//! assert!(mistake.is_err_and(|error| error.to_string().contains("units")));
//! # Ok::<(), creode::curriculum::CurriculumError>(())
//! ```

use std::path::Path;

use crate::cell::spec::NetworkSpec;
use crate::task::TaskSpec;
use crate::train::engines::EngineName;
use crate::train::rules::RuleSpec;
use crate::train::spec::{OptimiserSpec, Penalties};

pub use error::{CurriculumError, KeyPlace, Mistake};
pub use overrides::{Override, OverrideError};
pub use ramp::{Pace, Progress, Ramp};
pub use stage::{PartObjective, ProbeTask, Stage, StagePart, Until};
pub use transfer::Transfer;

mod engine;
mod error;
mod fields;
mod overrides;
mod parse;
mod ramp;
mod resolve;
mod section;
mod stage;
mod stages;
pub(crate) mod transfer;
mod tree;

/// All that determines a run: network, optimiser, tasks in their order, checkpoints, analysis and seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Curriculum {
    /// Name of the experiment. Default: the file's name without its extension.
    pub name: String,
    /// Seed of all that is random in the run, at most 2⁶³ − 1 (the largest integer of TOML). Default 0.
    pub seed: u64,
    /// Whether each part of the stages has an input channel of its own that is 1 throughout its trials. These are the last
    /// channels, in the order in which the parts appear. Default false.
    pub rule_inputs: bool,
    /// The network. Its inputs and outputs are by default those of the widest task of all stages and probes, and the rule
    /// inputs.
    pub network: NetworkSpec,
    /// The weights to start from that another run has learned; none if they are drawn.
    pub transfer: Option<Transfer>,
    /// Trials in the batch of one training step. Default 64.
    pub trials_per_step: usize,
    /// Training steps that are made on the same batch, one after the other. Default 1.
    pub steps_per_batch: u64,
    /// Whether the learning rule forgets its state where another batch begins. Default false.
    pub renews_optimiser: bool,
    /// What runs the network in training. Default: the direct engine.
    pub engine: EngineName,
    /// How a batch changes the parameters. Default: backpropagation through time.
    pub rule: RuleSpec,
    /// What is added to the loss of backpropagation through time. Default: nothing.
    pub penalties: Penalties,
    /// The optimiser, of the rules that follow a gradient. Default: Adam, learning rate 1e-3, no weight decay, no clipping.
    pub optimiser: OptimiserSpec,
    /// The stages in the order of training; at least one.
    pub stages: Vec<Stage>,
    /// The tasks that the network is tested on at every checkpoint.
    pub probes: Vec<ProbeTask>,
    /// At which training steps the run is saved and its landscape analysed.
    pub checkpoints: CheckpointPolicy,
    /// How the landscape is analysed.
    pub analysis: AnalysisSettings,
}

/// At which training steps the run is saved and its landscape analysed.
///
/// Step 0 (the network as drawn) and the last step are always checkpoints.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CheckpointPolicy {
    /// Every so many steps.
    Every(u64),
    /// Close together at first, then ever further apart.
    LogSpaced {
        /// Checkpoints after step 0.
        count: u32,
    },
    /// Closer together where the network changes fast.
    Adaptive(AdaptiveCheckpoints),
}

/// How checkpoints follow the change of the network, decided while it trains.
///
/// Between two checkpoints that are `coarsest` steps apart more are kept, half-way and half-way again, if from one to the
/// other fixed points appear or vanish, or any of the changes below reaches its bound; the largest change first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdaptiveCheckpoints {
    /// Checkpoints of the whole run at most, those every `coarsest` steps included. An interval takes at most half of those
    /// that are left over.
    pub budget: u64,
    /// Steps between the checkpoints that are always kept.
    pub coarsest: u64,
    /// Steps that two checkpoints are at least apart. Default 1.
    pub finest: u64,
    /// Change of the loss on the probe trials, as the larger over the smaller value. Default 2.
    pub loss_factor: f64,
    /// Longest way that a fixed point goes, relative to the root mean square length of the states in the probe trials.
    /// Default 0.5.
    pub movement: f64,
    /// Length of the change of all parameters, relative to that of the parameters. Default 0.5.
    pub weight_change: f64,
}

/// Starts for the shares of basins where nobody says how many.
pub const DEFAULT_BASIN_STARTS: usize = 128;

/// How the landscape is analysed at each checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalysisSettings {
    /// Whether fixed points are sought at all. Default true.
    pub enabled: bool,
    /// States from which fixed points are sought. Default 512.
    pub starts: usize,
    /// Standard deviation of the jitter on the starts, relative to that of the states. Default 0.5.
    pub noise: f64,
    /// Trials of the stage's task, the same throughout the run, that are simulated at each checkpoint: fixed points are sought
    /// from their states. The first 4 are stored. Default 16.
    pub probe_trials: usize,
    /// Whether the fixed points are followed from checkpoint to checkpoint while training goes on, and the bifurcations
    /// between them located. Default true.
    pub events: bool,
    /// Starts, each a state of a trial of its own, that are simulated at each checkpoint for the shares of the basins of its
    /// stable points; 0 leaves the shares out. Default 128.
    pub basin_starts: usize,
}

impl Curriculum {
    /// Reads a curriculum file and then applies `overrides` in their order.
    ///
    /// # Errors
    /// The file cannot be read, is larger than 2 MiB, or holds mistakes, of which one is an engine that cannot run here; all of
    /// them are told together.
    pub fn load(path: &Path, overrides: &[Override]) -> Result<Self, CurriculumError> {
        Self::load_copy((path, path), overrides, None)
    }

    /// As [`load`](Self::load), and looks up the run that weights are taken from in a folder of runs: its checkpoint and
    /// digest then stand in the curriculum.
    pub fn load_beside(
        path: &Path,
        overrides: &[Override],
        runs: &Path,
    ) -> Result<Self, CurriculumError> {
        Self::load_copy((path, path), overrides, Some(runs))
    }

    /// As [`load`](Self::load), or with a folder of runs as [`load_beside`](Self::load_beside), a copy of an original:
    /// files that it names by relative paths are looked for beside the original.
    pub fn load_copy(
        (path, original): (&Path, &Path),
        overrides: &[Override],
        runs: Option<&Path>,
    ) -> Result<Self, CurriculumError> {
        let text = read(path)?;
        let name = path.display().to_string();
        let purpose = engine::Purpose::Training;
        parse::curriculum(&text, (&name, original), overrides, (runs, purpose))
    }

    /// Reads the text of a curriculum file, whether or not its engine can run here; `file_name` stands in the messages, gives the default name, and says beside what
    /// the files that it names by relative paths are looked for.
    pub fn parse(
        text: &str,
        file_name: &str,
        overrides: &[Override],
    ) -> Result<Self, CurriculumError> {
        let purpose = engine::Purpose::Reading;
        let file = (file_name, Path::new(file_name));
        parse::curriculum(text, file, overrides, (None, purpose))
    }

    /// The curriculum as a file that says everything, defaults included, and parses back to the same curriculum.
    pub fn to_toml(&self) -> String {
        resolve::to_toml(self)
    }

    /// Training steps of all stages, if none ends before its step count.
    pub fn total_steps(&self) -> u64 {
        self.stages.iter().map(|stage| stage.until.steps).sum()
    }
}

/// Bytes of the largest curriculum file that is read.
const MOST_BYTES: u64 = 2 << 20;

/// The text of a curriculum file.
pub fn read(path: &Path) -> Result<String, CurriculumError> {
    crate::files::read_text(path, MOST_BYTES)
        .map_err(|source| CurriculumError::unreadable(path, source))
}

/// The task of a name, with `overrides` of its own keys (as in `bits=2`) applied to its defaults.
pub fn task(name: &str, overrides: &[Override]) -> Result<TaskSpec, CurriculumError> {
    parse::task(name, overrides)
}

impl CheckpointPolicy {
    /// The checkpoints of a run of `total_steps` training steps, in ascending order, from 0 to `total_steps`; of adaptive ones
    /// those that are always kept.
    ///
    /// Log-spaced checkpoints are `count` distinct steps of 1..=`total_steps` (all of them if there are fewer).
    pub fn steps(&self, total_steps: u64) -> Vec<u64> {
        let mut steps = vec![0];
        let mut last = 0;
        match *self {
            Self::Every(interval)
            | Self::Adaptive(AdaptiveCheckpoints {
                coarsest: interval, ..
            }) => {
                let interval = interval.max(1);
                while last < total_steps {
                    last = last.saturating_add(interval).min(total_steps);
                    steps.push(last);
                }
            }
            Self::LogSpaced { count } => {
                // Where the geometric spacing is below one step, take single steps and spread the rest anew.
                for remaining in (0..count).rev() {
                    if last == total_steps {
                        break;
                    }
                    let from = last.max(1) as f64;
                    let factor = (total_steps as f64 / from).powf(1.0 / f64::from(remaining + 1));
                    let next = if last == 0 && remaining > 0 {
                        1
                    } else {
                        (from * factor).round() as u64
                    };
                    last = if remaining == 0 {
                        total_steps
                    } else {
                        next.clamp(last + 1, total_steps)
                    };
                    steps.push(last);
                }
            }
        }
        steps
    }

    /// Whether more checkpoints than these are kept where the network changes.
    pub fn is_adaptive(&self) -> bool {
        matches!(self, Self::Adaptive(_))
    }

    /// Whether `step` is a checkpoint of a run of `total_steps` training steps.
    pub fn is_due(&self, step: u64, total_steps: u64) -> bool {
        match *self {
            Self::Every(interval)
            | Self::Adaptive(AdaptiveCheckpoints {
                coarsest: interval, ..
            }) => {
                step == total_steps || (step < total_steps && step.is_multiple_of(interval.max(1)))
            }
            Self::LogSpaced { .. } => self.steps(total_steps).binary_search(&step).is_ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::CheckpointPolicy::{Every, LogSpaced};

    #[test]
    fn every_interval_and_the_last_step() {
        assert_eq!(Every(50).steps(120), [0, 50, 100, 120]);
        assert_eq!(Every(50).steps(100), [0, 50, 100]);
        assert_eq!(Every(50).steps(0), [0]);
    }

    #[test]
    fn log_spacing_is_geometric_once_steps_allow_it() {
        assert_eq!(LogSpaced { count: 4 }.steps(1000), [0, 1, 10, 100, 1000]);
        assert_eq!(LogSpaced { count: 1 }.steps(1000), [0, 1000]);
        assert_eq!(LogSpaced { count: 9 }.steps(4), [0, 1, 2, 3, 4]);
        assert_eq!(LogSpaced { count: 3 }.steps(0), [0]);
    }

    proptest! {
        #[test]
        fn checkpoints_ascend_from_the_first_to_the_last_step(
            policy in prop_oneof![(1..500_u64).prop_map(Every), (1..200_u32).prop_map(|count| LogSpaced { count })],
            total in 0..3000_u64,
        ) {
            let steps = policy.steps(total);
            prop_assert_eq!(steps[0], 0);
            prop_assert_eq!(steps[steps.len() - 1], total);
            prop_assert!(steps.is_sorted_by(|a, b| a < b));
            if let LogSpaced { count } = policy {
                prop_assert_eq!(steps.len() as u64 - 1, total.min(u64::from(count)));
            }
            for step in 0..total + 3 {
                prop_assert_eq!(policy.is_due(step, total), steps.contains(&step), "step {}", step);
            }
        }
    }
}
