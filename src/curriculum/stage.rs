//! Stages: what is trained on, in which mixture, and until when; and the probes that are only looked at.
//!
//! A stage ends at the first of: its steps, an accuracy that is reached, a loss that no longer falls. The last two
//! wait until all ramps have come to their ends, since an accuracy on an easier task says nothing of the harder
//! one.

use super::Curriculum;
use super::ramp::{Pace, Progress, Ramp};
use crate::task::mixture::{Mixture, MixturePart};
use crate::task::{Objective, Task as _, TaskSpec};

/// A stretch of training on one task, or on a mixture of several.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Name, different from that of every other stage. Default: the name of the task, or of all tasks joined by `+`.
    pub name: String,
    /// The tasks that share the trials of a batch; at least one.
    pub parts: Vec<StagePart>,
    /// When the stage ends.
    pub until: Until,
}

/// A task of a stage.
#[derive(Debug, Clone, PartialEq)]
pub struct StagePart {
    /// Name, different from that of every other part of the stage. Parts of the same name in several stages have one rule
    /// input. Default: the name of the task.
    pub name: String,
    /// The task with its parameters as the stage begins.
    pub task: TaskSpec,
    /// Its share of the trials as the stage begins, relative to the sum of all. Default 1.
    pub weight: f64,
    /// By what measure outputs miss their targets. `None`: as the task says.
    pub objective: Option<PartObjective>,
    /// The parameters that change while the stage is trained.
    pub ramps: Vec<Ramp>,
}

/// The objective of a part, as a curriculum says it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartObjective {
    /// Squared error.
    SquaredError,
    /// Cross-entropy over all output channels of the task.
    CrossEntropy,
    /// Cross-entropy over groups of so many channels, one after the other.
    Groups(Vec<usize>),
}

impl StagePart {
    /// By what measure outputs miss their targets.
    pub fn objective(&self) -> Objective {
        match &self.objective {
            None => self.task.task().objective(),
            Some(PartObjective::SquaredError) => Objective::SquaredError,
            Some(PartObjective::CrossEntropy) => {
                Objective::choice(self.task.task().output_channels())
            }
            Some(PartObjective::Groups(sizes)) => Objective::choices(sizes),
        }
    }
}

/// The end of a stage.
///
/// Accuracy and plateau end it only when all its ramps stand at their last values.
///
/// A mean is over the last `over_steps` training steps of the stage, each weighing the same, and does not exist
/// before there were as many. With `evaluations` = k the last k such means, of stretches that do not overlap, must
/// all reach the accuracy.
#[derive(Debug, Clone, PartialEq)]
pub struct Until {
    /// Training steps that the stage takes at most.
    pub steps: u64,
    /// The stage also ends when the mean accuracy of its last `over_steps` training steps reaches this, in (0, 1].
    pub accuracy: Option<f64>,
    /// Training steps over which the accuracy is averaged. Default 50.
    pub over_steps: u64,
    /// How many such means, of stretches one after the other, must reach the accuracy. Default 1.
    pub evaluations: u64,
    /// The stage also ends when the mean loss of its last so many training steps is hardly below that of as many before.
    pub plateau_steps: Option<u64>,
    /// How far below, relative to the earlier mean, is not hardly. Default 0.01.
    pub plateau_improvement: f64,
}

/// A task that the network is tested on at every checkpoint, whatever it is trained on.
///
/// The network is never trained on it; trials come from a stream of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeTask {
    /// Stored as `probe` in the table `evaluations`; different from that of every other probe.
    pub name: String,
    /// The task with its parameters.
    pub task: TaskSpec,
    /// Trials, the same at every checkpoint. Default 256.
    pub trials: usize,
    /// The part of the stages whose rule input is on, where there are rule inputs. Default: the name of the task.
    pub rule: String,
}

impl Curriculum {
    /// The parts by name, in order of appearance: as many rule inputs there are, if there are any.
    pub fn rules(&self) -> Vec<&str> {
        let mut rules = Vec::new();
        for part in self.stages.iter().flat_map(|stage| &stage.parts) {
            if !rules.contains(&part.name.as_str()) {
                rules.push(&part.name);
            }
        }
        rules
    }

    /// Input channels that the tasks need, rule inputs not counted, and output channels: those of the widest task.
    pub fn task_channels(&self) -> (usize, usize) {
        let stages = self.stages.iter();
        let parts = stages.flat_map(|stage| {
            let samples = stage.samples();
            samples
                .into_iter()
                .flat_map(|progress| stage.parts_at(&progress))
                .map(|(part, _)| part.task)
        });
        let probes = self.probes.iter().map(|probe| probe.task.clone());
        parts.chain(probes).fold((1, 1), |(inputs, outputs), task| {
            let task = task.task();
            (
                inputs.max(task.input_channels()),
                outputs.max(task.output_channels()),
            )
        })
    }

    /// The input channels that the network needs for tasks and rules.
    pub fn inputs_needed(&self) -> usize {
        let rules = if self.rule_inputs {
            self.rules().len()
        } else {
            0
        };
        self.task_channels().0 + rules
    }

    /// The output channels that the network needs for tasks and, in worlds, for what the learning rule makes of them.
    pub fn outputs_needed(&self) -> usize {
        let lesson = self.rule.rule().lesson();
        let parts = self.stages.iter().flat_map(|stage| &stage.parts);
        let worlds = parts.filter_map(|part| part.task.task().world(0));
        let channels = worlds.map(|world| lesson.channels(world.actions()));
        channels.fold(self.task_channels().1, usize::max)
    }

    /// The channel of a rule input; it is the same in all stages.
    fn rule_channel(&self, rule: &str) -> Option<usize> {
        if !self.rule_inputs {
            return None;
        }
        let place = self.rules().iter().position(|name| *name == rule)?;
        Some(self.network.inputs - self.rules().len() + place)
    }

    /// What a stage trains on when it is so far.
    pub fn mixture(&self, stage: usize, progress: &Progress) -> Mixture {
        let parts = self.stages[stage].parts_at(progress).into_iter();
        Mixture {
            parts: parts
                .map(|(part, _)| MixturePart {
                    rule_channel: self.rule_channel(&part.name),
                    objective: part.objective(),
                    name: part.name,
                    task: part.task,
                    weight: part.weight,
                })
                .collect(),
        }
    }

    /// Time steps of the longest trial that a stage comes to.
    pub fn longest_trial(&self, stage: usize) -> usize {
        let samples = self.stages[stage].samples();
        let steps = samples
            .iter()
            .map(|progress| self.mixture(stage, progress).trial_steps());
        steps.max().unwrap_or(0)
    }

    /// A probe with its rule input.
    pub fn probe(&self, probe: &ProbeTask) -> Mixture {
        Mixture {
            parts: vec![MixturePart {
                name: probe.name.clone(),
                task: probe.task.clone(),
                weight: 1.0,
                rule_channel: self.rule_channel(&probe.rule),
                objective: probe.task.task().objective(),
            }],
        }
    }
}

impl Stage {
    /// The names of its tasks, joined by ` + `.
    pub fn task_names(&self) -> String {
        let names = self.parts.iter().map(|part| part.task.task().name());
        names.collect::<Vec<_>>().join(" + ")
    }

    /// The stage as it is when all its ramps stand at their last values, without them.
    pub fn settled(&self) -> Self {
        let parts = self.parts_at(&self.at_its_end()).into_iter();
        let parts = parts.map(|(part, _)| StagePart {
            ramps: Vec::new(),
            ..part
        });
        Self {
            parts: parts.collect(),
            ..self.clone()
        }
    }

    /// How far it is when all its ramps stand at their last values.
    pub fn at_its_end(&self) -> Progress {
        Progress {
            steps: self.until.steps,
            levels: self
                .ramps(&Progress::default())
                .filter_map(|(ramp, _)| ramp.levels())
                .collect(),
        }
    }

    /// What the stage passes through on its way: enough to find whether a parameter ever leaves its bounds.
    ///
    /// Along the ramps that follow the steps in 64 strides. Those that follow the same accuracy rise together; each such group
    /// takes every level, beside the first and last levels of all others.
    pub(super) fn samples(&self) -> Vec<Progress> {
        let start = Progress::default();
        let paces: Vec<(Pace, u64)> = self
            .ramps(&start)
            .map(|(ramp, _)| (ramp.pace, ramp.levels().unwrap_or(0)))
            .collect();
        let longest = paces.iter().map(|(pace, _)| match pace {
            Pace::Steps { over_steps } => *over_steps,
            Pace::Accuracy { .. } => 0,
        });
        let longest = longest.max().unwrap_or(0);
        let mut steps: Vec<u64> = (0..=64)
            .map(|stride| (u128::from(longest) * stride / 64) as u64)
            .collect();
        steps.dedup();
        let following = paces.iter().filter_map(|(pace, levels)| match pace {
            Pace::Steps { .. } => None,
            Pace::Accuracy { when_accuracy, .. } => Some((*when_accuracy, *levels)),
        });
        let following: Vec<(f64, u64)> = following.collect();
        let mut levels = vec![vec![0; following.len()]];
        for &(group, _) in &following {
            let last = following.iter().filter(|(of, _)| *of == group);
            let last = last.map(|(_, levels)| *levels).max().unwrap_or(0);
            for level in 0..=last.min(1000) {
                for others_rose in [false, true] {
                    let level_of = |&(of, end): &(f64, u64)| {
                        if of == group {
                            level.min(end)
                        } else {
                            end * u64::from(others_rose)
                        }
                    };
                    levels.push(following.iter().map(level_of).collect());
                }
            }
        }
        let at = |steps: u64| {
            let levels = levels.clone().into_iter();
            levels.map(move |levels| Progress { steps, levels })
        };
        steps.into_iter().flat_map(at).collect()
    }
}
