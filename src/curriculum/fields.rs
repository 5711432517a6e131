//! The keys of each section: their names, bounds and defaults. Reading and writing both go by this.

use std::ops::Bound;

use crate::cell::spec::{Activation, CellKind, InitialState, LeakyForm, NetworkSpec, Precision};
use crate::curriculum::ramp::WEIGHT;
use crate::curriculum::{
    AdaptiveCheckpoints, AnalysisSettings, CheckpointPolicy, ProbeTask, StagePart, Until,
};
use crate::parameters::{
    ANY, ChoiceOrList, DECAY, FRACTION, NOT_NEGATIVE, POSITIVE, ParameterVisitor, RealRange, names,
};
use crate::task::TaskSpec;
use crate::train::spec::{Clipping, LearningRule, OptimiserSpec, Penalties, UpdateRule};

const MAX_CHANNELS: usize = 4096;
/// Greater than 0, less than 1.
const SHARE: RealRange = (Bound::Excluded(0.0), Bound::Excluded(1.0));
/// TOML promises integers up to 2⁶³ − 1 only.
pub(super) const MAX_SEED: u64 = i64::MAX as u64;
const MAX_STEPS: u64 = 1_000_000_000_000;
/// Accuracies and losses of so many steps are kept in memory and in every checkpoint.
const MAX_WINDOW: u64 = 100_000;
pub(super) const DEFAULT_TRIALS_PER_STEP: usize = 64;
pub(super) const DEFAULT_PROBE_TRIALS: usize = 256;

const ACTIVATIONS: [(&str, Activation); 3] = [
    ("tanh", Activation::Tanh),
    ("relu", Activation::Relu),
    ("softplus", Activation::Softplus),
];
const FORMS: [(&str, LeakyForm); 2] = [
    ("currents", LeakyForm::Currents),
    ("rates", LeakyForm::Rates),
];
const INITIAL_STATES: [&str; 2] = ["zero", "trained"];
const PRECISIONS: [(&str, Precision); 2] = [("f32", Precision::F32), ("f64", Precision::F64)];

/// The cells by name. Of the parameters beside the name, `alpha` has no default.
const CELLS: [(&str, CellKind); 8] = [
    (
        "vanilla",
        CellKind::Vanilla {
            activation: Activation::Tanh,
        },
    ),
    (
        "leaky-rates",
        CellKind::Leaky {
            form: LeakyForm::Rates,
            activation: Activation::Tanh,
            alpha: 1.0,
        },
    ),
    (
        "leaky-currents",
        CellKind::Leaky {
            form: LeakyForm::Currents,
            activation: Activation::Tanh,
            alpha: 1.0,
        },
    ),
    ("gru", CellKind::Gru),
    ("lstm", CellKind::Lstm { forget_bias: 1.0 }),
    ("ugrnn", CellKind::Ugrnn { forget_bias: 0.0 }),
    (
        "low-rank",
        CellKind::LowRank {
            form: LeakyForm::Currents,
            activation: Activation::Tanh,
            alpha: 1.0,
            rank: 1,
            random_gain: 0.0,
        },
    ),
    ("piecewise-linear", CellKind::PiecewiseLinear),
];

/// The update rules by name, with their default parameters.
const RULES: [(&str, UpdateRule); 4] = [
    (
        "adam",
        UpdateRule::Adam {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
        },
    ),
    ("sgd", UpdateRule::Sgd { momentum: 0.0 }),
    (
        "rmsprop",
        UpdateRule::RmsProp {
            decay: 0.99,
            epsilon: 1e-8,
            momentum: 0.0,
        },
    ),
    (
        "lbfgs",
        UpdateRule::Lbfgs {
            history: 10,
            sufficient_decrease: 1e-4,
            curvature: 0.9,
            most_evaluations: 25,
        },
    ),
];

/// The learning rules by name, with their default parameters.
const LEARNING_RULES: [(&str, LearningRule); 6] = [
    ("bptt", LearningRule::Bptt),
    (
        "force",
        LearningRule::Force {
            regularisation: 1.0,
            every: 2,
        },
    ),
    (
        "full-force",
        LearningRule::FullForce {
            regularisation: 1.0,
            every: 2,
            target_gain: 1.0,
        },
    ),
    ("ridge", LearningRule::Ridge { penalty: 1e-3 }),
    ("lms", LearningRule::Lms { rate: 1e-3 }),
    ("rflo", LearningRule::Rflo),
];

/// Names of the variants with the keys that each brings.
pub(super) type KeysOfVariants = Vec<(&'static str, Vec<&'static str>)>;

pub(super) fn default_network(inputs: usize, outputs: usize) -> NetworkSpec {
    NetworkSpec::new(CELLS[0].1, 1, inputs, outputs)
}

pub(super) fn network(spec: &mut NetworkSpec, visitor: &mut dyn ParameterVisitor) {
    let before = cell_index(&spec.cell);
    let mut chosen = before;
    visitor.choice("cell", &mut chosen, &CELLS.map(|(name, _)| name));
    if chosen != before {
        spec.cell = CELLS[chosen].1;
        spec.recurrent_gain = spec.cell.default_recurrent_gain();
    }
    cell_parameters(spec, visitor);
    visitor.count("units", &mut spec.units, 1..=16_384);
    visitor.count("inputs", &mut spec.inputs, 1..=MAX_CHANNELS);
    visitor.count("outputs", &mut spec.outputs, 1..=MAX_CHANNELS);
    visitor.real("recurrent_gain", &mut spec.recurrent_gain, NOT_NEGATIVE);
    visitor.real("input_gain", &mut spec.input_gain, NOT_NEGATIVE);
    if visitor.gives("feedback", spec.feedback > 0.0) {
        visitor.real("feedback", &mut spec.feedback, NOT_NEGATIVE);
    }
    visitor.one_of("precision", &mut spec.precision, &PRECISIONS);
    visitor.real("input_density", &mut spec.density.input, FRACTION);
    visitor.real("readout_density", &mut spec.density.readout, FRACTION);
    initial_state(&mut spec.initial_state, visitor);
    visitor.real("recurrent_noise", &mut spec.noise.recurrent, NOT_NEGATIVE);
    visitor.real("input_noise", &mut spec.noise.input, NOT_NEGATIVE);
}

fn initial_state(state: &mut InitialState, visitor: &mut dyn ParameterVisitor) {
    let mut value = match state {
        InitialState::Zero => ChoiceOrList::Choice(0),
        InitialState::Trained => ChoiceOrList::Choice(1),
        InitialState::Fixed(values) => ChoiceOrList::List(values.clone()),
    };
    visitor.choice_or_list("initial_state", &mut value, &INITIAL_STATES);
    *state = match value {
        ChoiceOrList::Choice(0) => InitialState::Zero,
        ChoiceOrList::Choice(_) => InitialState::Trained,
        ChoiceOrList::List(values) => InitialState::Fixed(values),
    };
}

fn cell_index(cell: &CellKind) -> usize {
    match cell {
        CellKind::Vanilla { .. } => 0,
        CellKind::Leaky {
            form: LeakyForm::Rates,
            ..
        } => 1,
        CellKind::Leaky {
            form: LeakyForm::Currents,
            ..
        } => 2,
        CellKind::Gru => 3,
        CellKind::Lstm { .. } => 4,
        CellKind::Ugrnn { .. } => 5,
        CellKind::LowRank { .. } => 6,
        CellKind::PiecewiseLinear => 7,
    }
}

/// What not every cell has.
fn cell_parameters(spec: &mut NetworkSpec, visitor: &mut dyn ParameterVisitor) {
    match &mut spec.cell {
        CellKind::Vanilla { activation } => visitor.one_of("activation", activation, &ACTIVATIONS),
        CellKind::Leaky {
            activation,
            alpha,
            form: _,
        } => {
            visitor.one_of("activation", activation, &ACTIVATIONS);
            visitor.real("alpha", alpha, FRACTION);
        }
        CellKind::LowRank {
            form,
            activation,
            alpha,
            rank,
            random_gain,
        } => {
            visitor.one_of("form", form, &FORMS);
            visitor.one_of("activation", activation, &ACTIVATIONS);
            visitor.real("alpha", alpha, FRACTION);
            visitor.count("rank", rank, 1..=1024);
            visitor.real("random_gain", random_gain, NOT_NEGATIVE);
        }
        CellKind::Ugrnn { forget_bias } | CellKind::Lstm { forget_bias } => {
            visitor.real("forget_bias", forget_bias, ANY);
        }
        CellKind::PiecewiseLinear | CellKind::Gru => {}
    }
    if spec.cell.can_obey_dale()
        && visitor.gives("excitatory_share", spec.excitatory_share.is_some())
    {
        let mut share = spec.excitatory_share.unwrap_or(1.0);
        visitor.real("excitatory_share", &mut share, FRACTION);
        spec.excitatory_share = Some(share);
    }
    if !matches!(spec.cell, CellKind::LowRank { .. }) {
        visitor.real("recurrent_density", &mut spec.density.recurrent, FRACTION);
    }
}

pub(super) fn cell_name(cell: &CellKind) -> &'static str {
    CELLS[cell_index(cell)].0
}

pub(super) fn keys_of_cells() -> KeysOfVariants {
    CELLS
        .iter()
        .map(|(name, cell)| {
            (
                *name,
                names(|visitor| {
                    cell_parameters(&mut NetworkSpec::new(*cell, 1, 1, 1), visitor);
                }),
            )
        })
        .collect()
}

pub(super) fn default_optimiser() -> OptimiserSpec {
    OptimiserSpec {
        rule: RULES[0].1,
        learning_rate: 1e-3,
        weight_decay: 0.0,
        clipping: Clipping::Off,
    }
}

pub(super) fn optimiser(spec: &mut OptimiserSpec, visitor: &mut dyn ParameterVisitor) {
    let before = rule_index(&spec.rule);
    let mut chosen = before;
    visitor.choice("rule", &mut chosen, &RULES.map(|(name, _)| name));
    if chosen != before {
        spec.rule = RULES[chosen].1;
        if matches!(spec.rule, UpdateRule::Lbfgs { .. }) {
            spec.learning_rate = 1.0;
        }
    }
    visitor.real("learning_rate", &mut spec.learning_rate, POSITIVE);
    rule_parameters(&mut spec.rule, visitor);
    visitor.real("weight_decay", &mut spec.weight_decay, NOT_NEGATIVE);
    if visitor.gives("clip_norm", matches!(spec.clipping, Clipping::Norm(_))) {
        let mut limit = if let Clipping::Norm(limit) = spec.clipping {
            limit
        } else {
            1.0
        };
        visitor.real("clip_norm", &mut limit, POSITIVE);
        spec.clipping = Clipping::Norm(limit);
    }
    if visitor.gives("clip_value", matches!(spec.clipping, Clipping::Value(_))) {
        let mut limit = if let Clipping::Value(limit) = spec.clipping {
            limit
        } else {
            1.0
        };
        visitor.real("clip_value", &mut limit, POSITIVE);
        spec.clipping = Clipping::Value(limit);
    }
}

fn rule_index(rule: &UpdateRule) -> usize {
    match rule {
        UpdateRule::Adam { .. } => 0,
        UpdateRule::Sgd { .. } => 1,
        UpdateRule::RmsProp { .. } => 2,
        UpdateRule::Lbfgs { .. } => 3,
    }
}

fn rule_parameters(rule: &mut UpdateRule, visitor: &mut dyn ParameterVisitor) {
    match rule {
        UpdateRule::Adam {
            beta1,
            beta2,
            epsilon,
        } => {
            visitor.real("beta1", beta1, DECAY);
            visitor.real("beta2", beta2, DECAY);
            visitor.real("epsilon", epsilon, POSITIVE);
        }
        UpdateRule::Sgd { momentum } => visitor.real("momentum", momentum, DECAY),
        UpdateRule::Lbfgs {
            history,
            sufficient_decrease,
            curvature,
            most_evaluations,
        } => {
            visitor.count("history", history, 1..=1000);
            visitor.real("sufficient_decrease", sufficient_decrease, SHARE);
            visitor.real("curvature", curvature, SHARE);
            visitor.count("most_evaluations", most_evaluations, 1..=1000);
        }
        UpdateRule::RmsProp {
            decay,
            epsilon,
            momentum,
        } => {
            visitor.real("decay", decay, DECAY);
            visitor.real("epsilon", epsilon, POSITIVE);
            visitor.real("momentum", momentum, DECAY);
        }
    }
}

pub(super) fn learning_rule(rule: &mut LearningRule, visitor: &mut dyn ParameterVisitor) {
    let before = learning_rule_index(rule);
    let mut chosen = before;
    visitor.choice("rule", &mut chosen, &LEARNING_RULES.map(|(name, _)| name));
    if chosen != before {
        *rule = LEARNING_RULES[chosen].1;
    }
    learning_rule_parameters(rule, visitor);
}

pub(super) fn penalties(penalties: &mut Penalties, visitor: &mut dyn ParameterVisitor) {
    visitor.real("rate_penalty", &mut penalties.rate, NOT_NEGATIVE);
    let has_weight = visitor.gives("speed_penalty", penalties.speed.is_some());
    let has_time = visitor.gives("speed_time", penalties.speed.is_some());
    let (mut weight, mut time) = penalties.speed.unwrap_or((1e-3, 0));
    if has_weight {
        visitor.real("speed_penalty", &mut weight, POSITIVE);
    }
    if has_time {
        visitor.count("speed_time", &mut time, 0..=1_000_000);
    }
    penalties.speed = (has_weight || has_time).then_some((weight, time));
}

fn learning_rule_index(rule: &LearningRule) -> usize {
    match rule {
        LearningRule::Bptt => 0,
        LearningRule::Force { .. } => 1,
        LearningRule::FullForce { .. } => 2,
        LearningRule::Ridge { .. } => 3,
        LearningRule::Lms { .. } => 4,
        LearningRule::Rflo => 5,
    }
}

fn learning_rule_parameters(rule: &mut LearningRule, visitor: &mut dyn ParameterVisitor) {
    match rule {
        LearningRule::Bptt | LearningRule::Rflo => {}
        LearningRule::Force {
            regularisation,
            every,
        } => {
            visitor.real("regularisation", regularisation, POSITIVE);
            visitor.count("every", every, 1..=1_000_000);
        }
        LearningRule::FullForce {
            regularisation,
            every,
            target_gain,
        } => {
            visitor.real("regularisation", regularisation, POSITIVE);
            visitor.count("every", every, 1..=1_000_000);
            visitor.real("target_gain", target_gain, NOT_NEGATIVE);
        }
        LearningRule::Ridge { penalty } => visitor.real("penalty", penalty, POSITIVE),
        LearningRule::Lms { rate } => visitor.real("rate", rate, POSITIVE),
    }
}

pub(super) fn learning_rule_name(rule: LearningRule) -> &'static str {
    LEARNING_RULES[learning_rule_index(&rule)].0
}

pub(super) fn keys_of_learning_rules() -> KeysOfVariants {
    LEARNING_RULES
        .iter()
        .map(|(name, rule)| {
            (
                *name,
                names(|visitor| learning_rule_parameters(&mut rule.clone(), visitor)),
            )
        })
        .collect()
}

pub(super) fn rule_name(rule: &UpdateRule) -> &'static str {
    RULES[rule_index(rule)].0
}

pub(super) fn keys_of_rules() -> KeysOfVariants {
    RULES
        .iter()
        .map(|(name, rule)| {
            (
                *name,
                names(|visitor| rule_parameters(&mut rule.clone(), visitor)),
            )
        })
        .collect()
}

/// The task of a stage. `all` are the tasks to choose from.
pub(super) fn task(spec: &mut TaskSpec, all: &[TaskSpec], visitor: &mut dyn ParameterVisitor) {
    let task_names: Vec<_> = all.iter().map(|task| task.task().name()).collect();
    let before = task_names
        .iter()
        .position(|name| *name == spec.task().name())
        .unwrap_or(0);
    let mut chosen = before;
    visitor.choice("task", &mut chosen, &task_names);
    if chosen != before {
        *spec = all[chosen].clone();
    }
    spec.task_mut().parameters(visitor);
}

pub(super) fn keys_of_tasks(all: &[TaskSpec]) -> KeysOfVariants {
    all.iter()
        .map(|spec| {
            (
                spec.task().name(),
                names(|visitor| spec.clone().task_mut().parameters(visitor)),
            )
        })
        .collect()
}

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
        basin_starts: 128,
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

pub(super) fn trials_per_step(trials: &mut usize, visitor: &mut dyn ParameterVisitor) {
    visitor.count("trials_per_step", trials, 1..=1_048_576);
}
