//! The keys of the sections that belong to no one thing: their names, bounds and defaults. Reading and writing both go by
//! this. Networks, learning rules, optimisers and tasks declare their own.
//!
//! A key stands in exactly one place; its bounds are what the message quotes.

use std::ops::Bound;

use super::{
    AdaptiveCheckpoints, AnalysisSettings, CheckpointPolicy, DEFAULT_BASIN_STARTS, PartObjective,
    ProbeTask, StagePart, Until,
};
use crate::parameters::{ChoiceOrList, DECAY, FRACTION, NOT_NEGATIVE, POSITIVE, ParameterVisitor};

/// The share of a part in its stage.
pub(super) const WEIGHT: &str = "weight";
/// TOML promises integers up to 2⁶³ − 1 only.
pub(super) const MAX_SEED: u64 = i64::MAX as u64;
const MAX_STEPS: u64 = 1_000_000_000_000;
/// Accuracies and losses of so many steps are kept in memory and in every checkpoint.
const MAX_WINDOW: u64 = 100_000;
pub(super) const DEFAULT_TRIALS_PER_STEP: usize = 64;
pub(super) const DEFAULT_PROBE_TRIALS: usize = 256;

/// The numbers of a part that can change while a stage is trained.
pub(super) fn part_numbers(part: &mut StagePart, visitor: &mut dyn ParameterVisitor) {
    weight(&mut part.weight, visitor);
    part.task.task_mut().parameters(visitor);
}

pub(super) fn weight(weight: &mut f64, visitor: &mut dyn ParameterVisitor) {
    visitor.real(WEIGHT, weight, NOT_NEGATIVE);
}

pub(super) fn probe_trials(probe: &mut ProbeTask, visitor: &mut dyn ParameterVisitor) {
    visitor.count("trials", &mut probe.trials, 1..=65_536);
}

pub(super) fn rule_inputs(flag: &mut bool, visitor: &mut dyn ParameterVisitor) {
    visitor.flag("rule_inputs", flag);
}

pub(super) fn default_until() -> Until {
    Until {
        steps: 1,
        accuracy: None,
        over_steps: 50,
        evaluations: 1,
        plateau_steps: None,
        plateau_improvement: 0.01,
    }
}

pub(super) fn until(until: &mut Until, visitor: &mut dyn ParameterVisitor) {
    visitor.integer("steps", &mut until.steps, 1..=MAX_STEPS);
    if visitor.gives("accuracy", until.accuracy.is_some()) {
        let mut accuracy = until.accuracy.unwrap_or(1.0);
        visitor.real("accuracy", &mut accuracy, FRACTION);
        until.accuracy = Some(accuracy);
    }
    visitor.integer("over_steps", &mut until.over_steps, 1..=MAX_WINDOW);
    visitor.integer("evaluations", &mut until.evaluations, 1..=1000);
    if visitor.gives("plateau_steps", until.plateau_steps.is_some()) {
        let mut steps = until.plateau_steps.unwrap_or(1);
        visitor.integer("plateau_steps", &mut steps, 1..=MAX_WINDOW);
        until.plateau_steps = Some(steps);
        visitor.real("plateau_improvement", &mut until.plateau_improvement, DECAY);
    }
}

pub(super) fn checkpoints(policy: &mut CheckpointPolicy, visitor: &mut dyn ParameterVisitor) {
    if visitor.gives("every", matches!(policy, CheckpointPolicy::Every(_))) {
        let mut interval = if let CheckpointPolicy::Every(interval) = policy {
            *interval
        } else {
            1
        };
        visitor.integer("every", &mut interval, 1..=MAX_STEPS);
        *policy = CheckpointPolicy::Every(interval);
    }
    if visitor.gives(
        "log_spaced",
        matches!(policy, CheckpointPolicy::LogSpaced { .. }),
    ) {
        let mut count = if let CheckpointPolicy::LogSpaced { count } = policy {
            u64::from(*count)
        } else {
            1
        };
        visitor.integer("log_spaced", &mut count, 1..=1_000_000);
        *policy = CheckpointPolicy::LogSpaced {
            count: count as u32,
        };
    }
}

pub(super) fn default_adaptive() -> AdaptiveCheckpoints {
    AdaptiveCheckpoints {
        budget: 1,
        coarsest: MAX_STEPS,
        finest: 1,
        loss_factor: 2.0,
        movement: 0.5,
        weight_change: 0.5,
    }
}

pub(super) fn adaptive(policy: &mut AdaptiveCheckpoints, visitor: &mut dyn ParameterVisitor) {
    visitor.integer("budget", &mut policy.budget, 1..=1_000_000);
    visitor.integer("coarsest", &mut policy.coarsest, 1..=MAX_STEPS);
    visitor.integer("finest", &mut policy.finest, 1..=policy.coarsest);
    visitor.real(
        "loss_factor",
        &mut policy.loss_factor,
        (Bound::Excluded(1.0), Bound::Unbounded),
    );
    visitor.real("movement", &mut policy.movement, POSITIVE);
    visitor.real("weight_change", &mut policy.weight_change, POSITIVE);
}

pub(super) fn default_analysis() -> AnalysisSettings {
    AnalysisSettings {
        enabled: true,
        starts: 512,
        noise: 0.5,
        probe_trials: 16,
        events: true,
        basin_starts: DEFAULT_BASIN_STARTS,
    }
}

pub(super) fn analysis(settings: &mut AnalysisSettings, visitor: &mut dyn ParameterVisitor) {
    visitor.flag("enabled", &mut settings.enabled);
    visitor.count("starts", &mut settings.starts, 1..=1_000_000);
    visitor.real("noise", &mut settings.noise, NOT_NEGATIVE);
    visitor.count("probe_trials", &mut settings.probe_trials, 1..=65_536);
    visitor.flag("events", &mut settings.events);
    visitor.count("basin_starts", &mut settings.basin_starts, 0..=1_000_000);
}

pub(super) fn batches(
    steps_per_batch: &mut u64,
    renews_optimiser: &mut bool,
    visitor: &mut dyn ParameterVisitor,
) {
    visitor.integer("steps_per_batch", steps_per_batch, 1..=1_000_000);
    visitor.flag("renew_optimiser", renews_optimiser);
}

/// `"squared-error"`, `"cross-entropy"` over all outputs of the task, or the sizes of the groups that cross-entropy is over.
pub(super) fn objective(objective: &mut Option<PartObjective>, visitor: &mut dyn ParameterVisitor) {
    if !visitor.gives("objective", objective.is_some()) {
        return;
    }
    let mut value = match objective {
        None | Some(PartObjective::SquaredError) => ChoiceOrList::Choice(0),
        Some(PartObjective::CrossEntropy) => ChoiceOrList::Choice(1),
        Some(PartObjective::Groups(sizes)) => {
            ChoiceOrList::List(sizes.iter().map(|&size| size as f64).collect())
        }
    };
    visitor.choice_or_list("objective", &mut value, &["squared-error", "cross-entropy"]);
    *objective = Some(match value {
        ChoiceOrList::Choice(0) => PartObjective::SquaredError,
        ChoiceOrList::Choice(_) => PartObjective::CrossEntropy,
        ChoiceOrList::List(sizes) => {
            let is_size = |size: &f64| *size >= 1.0 && size.fract() == 0.0 && *size <= 4096.0;
            if sizes.is_empty() || !sizes.iter().all(is_size) {
                visitor.refuse("objective", "sizes of groups of outputs, such as [3, 2]");
                return;
            }
            PartObjective::Groups(sizes.iter().map(|&size| size as usize).collect())
        }
    });
}

pub(super) fn trials_per_step(trials: &mut usize, visitor: &mut dyn ParameterVisitor) {
    visitor.count("trials_per_step", trials, 1..=1_048_576);
}
