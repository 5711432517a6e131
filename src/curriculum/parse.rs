//! Reads a curriculum out of the values of its file.

use std::path::Path;

use super::engine::{EnginePlaces, Purpose};
use super::error::{KeyPlace, Mistakes};
use super::fields;
use super::section::{Section, Variants};
use super::tree::{Node, Value};
use super::{
    AdaptiveCheckpoints, CheckpointPolicy, Curriculum, CurriculumError, Override, Stage, StagePart,
    Transfer, stages, transfer, tree,
};
use crate::cell::spec::{Activation, CellKind, InitialState, InputGroup, NetworkSpec};
use crate::parameters::{ParameterVisitor, Variant, keys_of, named};
use crate::task::{Objective, TaskSpec};
use crate::train::engines::EngineName;
use crate::train::rate_network::rate_formula;
use crate::train::rules::{LearningRule, RuleSpec};
use crate::train::spec::{Clipping, OptimiserSpec, Penalties, UpdateRule};

/// `original` is the file whose folder relative paths begin in.
pub(super) fn curriculum(
    text: &str,
    (file, original): (&str, &Path),
    overrides: &[Override],
    (runs, purpose): (Option<&Path>, Purpose),
) -> Result<Curriculum, CurriculumError> {
    let mistakes = Mistakes::default();
    let Some(entries) = tree::parse(text, overrides, &mistakes) else {
        return Err(mistakes.into_error(file));
    };
    let folder = original.parent().unwrap_or(Path::new(""));
    let root_section = Section::new("", KeyPlace::Line(1), entries, &mistakes).in_folder(folder);
    let curriculum = root(root_section, file, (runs, purpose));
    if mistakes.is_empty() {
        Ok(curriculum)
    } else {
        Err(mistakes.into_error(file))
    }
}

fn root(
    mut section: Section<'_>,
    file: &str,
    (runs, purpose): (Option<&Path>, Purpose),
) -> Curriculum {
    let mistakes = section.mistakes();
    let name = name(&mut section, file);
    let mut seed = 0;
    section.integer("seed", &mut seed, 0..=fields::MAX_SEED);

    section.require(
        &["network"],
        "a section `[network]` with at least `cell` and `units`",
    );
    section.require(
        &["stage"],
        "at least one section `[[stage]]` with `task` and `until`",
    );
    section.require(
        &["checkpoints"],
        "a section `[checkpoints]` with `every`, `log_spaced` or `adaptive`",
    );
    let network_section = section.child("network", "a section `[network]`");
    let training = section.child("training", "a section `[training]`");
    let optimiser_section = section.child("optimiser", "a section `[optimiser]`");
    let mut rule_inputs = false;
    fields::rule_inputs(&mut rule_inputs, &mut section);
    let stages = stages::stages(&mut section);
    let probes = stages::probes(&mut section, &stages, rule_inputs);
    let checkpoints_section = section.child("checkpoints", "a section `[checkpoints]`");
    let analysis_section = section.child("analysis", "a section `[analysis]`");
    section.finish();

    let optimiser_place = optimiser_section
        .as_ref()
        .map_or(KeyPlace::Line(1), |section| section.place_of("rule"));
    let training = read_training(training);
    let optimiser = optimiser(optimiser_section, &training.rule);
    let total_steps: u64 = stages.iter().map(|stage| stage.until.steps).sum();
    let n_stages = stages.len() as u64;
    let checkpoints = checkpoints(checkpoints_section, |coarsest| {
        1 + total_steps / coarsest + n_stages
    });
    let mut analysis = fields::default_analysis();
    if let Some(mut section) = analysis_section {
        fields::analysis(&mut analysis, &mut section);
        section.finish();
    }
    let mut curriculum = Curriculum {
        name,
        seed,
        rule_inputs,
        network: default_network(1, 1),
        transfer: None,
        trials_per_step: training.trials_per_step,
        steps_per_batch: training.steps_per_batch,
        renews_optimiser: training.renews_optimiser,
        engine: training.engine,
        rule: training.rule,
        penalties: training.penalties,
        optimiser,
        stages,
        probes,
        checkpoints,
        analysis,
    };
    let needed = (curriculum.inputs_needed(), curriculum.outputs_needed());
    (curriculum.network, curriculum.transfer) = network(network_section, needed, runs);
    check_learning(
        &curriculum,
        &training.rule_place,
        &optimiser_place,
        mistakes,
    );
    training.engine_places.check(&curriculum, purpose, mistakes);
    curriculum
}

/// What the section `[training]` says.
struct Training {
    rule_place: KeyPlace,
    engine_places: EnginePlaces,
    trials_per_step: usize,
    steps_per_batch: u64,
    renews_optimiser: bool,
    engine: EngineName,
    rule: RuleSpec,
    penalties: Penalties,
}

fn read_training(section: Option<Section<'_>>) -> Training {
    let mut training = Training {
        rule_place: KeyPlace::Line(1),
        engine_places: EnginePlaces::unsaid(),
        trials_per_step: fields::DEFAULT_TRIALS_PER_STEP,
        steps_per_batch: 1,
        renews_optimiser: false,
        engine: EngineName::default(),
        rule: RuleSpec::default(),
        penalties: Penalties::default(),
    };
    let Some(mut section) = section else {
        return training;
    };
    training.rule_place = section.place_of("rule");
    fields::trials_per_step(&mut training.trials_per_step, &mut section);
    let renews = &mut training.renews_optimiser;
    fields::batches(&mut training.steps_per_batch, renews, &mut section);
    training.engine_places = EnginePlaces::of(&section);
    named("engine", &mut training.engine, &mut section);
    named("rule", &mut training.rule, &mut section);
    if section.has("speed_penalty") || section.has("speed_time") {
        section.require(
            &["speed_penalty"],
            "its weight, as in `speed_penalty = 1e-3`",
        );
        section.require(
            &["speed_time"],
            "the time step of the states, as in `speed_time = 15`",
        );
    }
    training.penalties.parameters(&mut section);
    let is_exact = training.rule.rule().has_exact_gradient();
    if training.penalties != Penalties::default() && !is_exact {
        let problem = "expected `bptt` beside a penalty; the other rules have no loss to add it to";
        section.mistake(&training.rule_place, "rule", problem);
    }
    section.finish_with(&[
        Variants {
            key: "rule",
            chosen: training.rule.name(),
            keys: keys_of::<RuleSpec>(),
        },
        Variants {
            key: "engine",
            chosen: training.engine.name(),
            keys: keys_of::<EngineName>(),
        },
    ]);
    training
}

/// Whether the learning rule goes with the cell and with what is trained on, and the optimiser with that.
fn check_learning(
    curriculum: &Curriculum,
    rule_place: &KeyPlace,
    optimiser_place: &KeyPlace,
    mistakes: &Mistakes,
) {
    let rule = curriculum.rule.rule();
    let mut worlds = parts_of(curriculum).filter(|part| part.task.task().is_in_world());
    if let (Some(world), UpdateRule::Lbfgs { .. }) = (worlds.next(), curriculum.optimiser.rule) {
        let problem = format!(
            "expected `adam`, `sgd` or `rmsprop`: \"lbfgs\" needs the same batch at every step, and in the world `{}` each \
             depends on what the network does",
            world.task.task().name()
        );
        mistakes.add(optimiser_place, "optimiser.rule", problem);
    }
    let is_world = |part: &StagePart| part.task.task().is_in_world();
    let of_world = |stage: &&Stage| stage.parts.iter().any(is_world);
    if curriculum
        .stages
        .iter()
        .filter(of_world)
        .any(|stage| stage.until.plateau_steps.is_some())
    {
        let problem = "expected `steps` and `accuracy` alone in a stage with a world: the loss there follows the actions that were \
                       drawn, and has no plateau";
        mistakes.add(rule_place, "stage.until.plateau_steps", problem);
    }
    if curriculum.penalties.speed.is_some() && parts_of(curriculum).any(is_world) {
        let problem = "expected none with a world, whose trials have no classes of targets";
        mistakes.add(rule_place, "training.speed_penalty", problem);
    }
    if rule.needs_world() && !parts_of(curriculum).all(is_world) {
        let problem = format!(
            "expected `bptt` or another rule that learns from targets; `{}` learns from rewards, and a stage is no world",
            rule.name()
        );
        mistakes.add(rule_place, "training.rule", problem);
    }
    let is_normal = curriculum.network.initial_state == InitialState::Normal;
    if is_normal && !rule.takes_drawn_states() {
        let problem = "expected `bptt`, `actor-critic` or `q-lambda`; the other rules begin each trial from the same state, and \
                       `initial_state` is \"normal\"";
        mistakes.add(rule_place, "training.rule", problem);
    }
    let mut objectives = parts_of(curriculum).map(|part| objective_of(part, rule));
    let has_others = objectives.any(|objective| objective != Objective::SquaredError);
    if has_others && !rule.takes_any_objective() {
        let problem = "expected `bptt`, `rflo` or `e-prop`; the other rules learn from squared errors alone, and a stage has \
                       another objective";
        mistakes.add(rule_place, "training.rule", problem);
    }
    let cell = curriculum.network.cell;
    if !rule.trains(cell) {
        let problem = format!(
            "expected `bptt` for the cell `{}`; the other rules train vanilla and leaky cells only",
            cell.name()
        );
        mistakes.add(rule_place, "training.rule", problem);
    }
}

/// What a part asks of the outputs; in a world the lesson of the rule says that.
fn objective_of(part: &StagePart, rule: &dyn LearningRule) -> Objective {
    match part.task.task().world(0) {
        Some(world) => rule.lesson().objective(world.actions()),
        None => part.objective(),
    }
}

fn parts_of(curriculum: &Curriculum) -> impl Iterator<Item = &StagePart> {
    curriculum.stages.iter().flat_map(|stage| &stage.parts)
}

fn optimiser(section: Option<Section<'_>>, learning: &RuleSpec) -> OptimiserSpec {
    let mut optimiser = OptimiserSpec::default();
    if let Some(mut section) = section {
        section.exclusive(&["clip_norm", "clip_value"]);
        let place = section.place_of("rule");
        optimiser.parameters(&mut section);
        let is_lbfgs = matches!(optimiser.rule, UpdateRule::Lbfgs { .. });
        let clips = ["clip_norm", "clip_value"];
        if is_lbfgs
            && section.is_overridden("rule")
            && !clips.iter().any(|key| section.is_overridden(key))
        {
            // Whoever chooses another optimiser from outside need not undo how the file clips for its own.
            optimiser.clipping = Clipping::Off;
        }
        if is_lbfgs
            && (optimiser.clipping != Clipping::Off || !learning.rule().has_exact_gradient())
        {
            let problem = "\"lbfgs\" needs the exact gradient of its objective: expected `rule = \"bptt\"` under [training] \
                 and neither `clip_norm` nor `clip_value`";
            section.mistake(&place, "rule", problem);
        }
        section.finish_with(&[Variants {
            key: "rule",
            chosen: optimiser.rule.name(),
            keys: keys_of::<UpdateRule>(),
        }]);
    }
    optimiser
}

/// The adaptive policy, whose budget must do for the checkpoints that are always kept.
fn adaptive(section: &mut Section<'_>, always: impl Fn(u64) -> u64) -> Option<AdaptiveCheckpoints> {
    let mut section = section.child(
        "adaptive",
        "a table such as `{ budget = 120, coarsest = 100 }`",
    )?;
    section.require(
        &["budget"],
        "the most checkpoints of the run, as in `budget = 120`",
    );
    section.require(
        &["coarsest"],
        "the steps between checkpoints that are always kept, as in `coarsest = 100`",
    );
    let mut policy = fields::default_adaptive();
    let budget_place = section.place_of("budget");
    let is_given = section.has("budget") && section.has("coarsest");
    let before = section.mistakes().count();
    fields::adaptive(&mut policy, &mut section);
    let needed = always(policy.coarsest);
    if is_given && section.mistakes().count() == before && policy.budget < needed {
        let problem = format!(
            "expected at least {needed}, the checkpoints that `coarsest` and the ends of stages always keep, found {}",
            policy.budget
        );
        section.mistake(&budget_place, "budget", problem);
    }
    section.finish();
    Some(policy)
}

/// `always` says how many checkpoints are always kept where they are so many steps apart.
fn checkpoints(section: Option<Section<'_>>, always: impl Fn(u64) -> u64) -> CheckpointPolicy {
    let mut checkpoints = CheckpointPolicy::Every(1);
    if let Some(mut section) = section {
        section.exclusive(&["every", "log_spaced", "adaptive"]);
        section.require(
            &["every", "log_spaced", "adaptive"],
            "one of `every = 50`, `log_spaced = 60` or `adaptive = { budget = 120, coarsest = 100 }`",
        );
        fields::checkpoints(&mut checkpoints, &mut section);
        if let Some(policy) = adaptive(&mut section, always) {
            checkpoints = CheckpointPolicy::Adaptive(policy);
        }
        section.finish();
    }
    checkpoints
}

/// The name of the run's folder comes from this, so it must do as a file name.
fn name(section: &mut Section<'_>, file: &str) -> String {
    let place = section.place_of("name");
    let stem = Path::new(file).file_stem();
    let mut name = stem.map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    section.text("name", &mut name);
    if crate::trace::check_name(&name).is_err() {
        let problem = format!(
            "expected a name without `/`, `\\` or a dot in front, of at most 200 bytes, found {name:?}"
        );
        section.mistake(&place, "name", problem);
    }
    name
}

pub(super) fn task(name: &str, overrides: &[Override]) -> Result<TaskSpec, CurriculumError> {
    let mistakes = Mistakes::default();
    let mut task = TaskSpec::default();
    if let Some(mut entries) = tree::parse("", overrides, &mistakes) {
        let place = KeyPlace::Override(format!("task={name}"));
        let value = Value::Text(name.to_owned());
        entries.insert("task".to_owned(), Node { place, value });
        let mut section = Section::new("", KeyPlace::Line(1), entries, &mistakes);
        named("task", &mut task, &mut section);
        section.finish_with(&[Variants {
            key: "task",
            chosen: task.task().name(),
            keys: keys_of::<TaskSpec>(),
        }]);
    }
    if mistakes.is_empty() {
        Ok(task)
    } else {
        Err(mistakes.into_error(name))
    }
}

/// The sections `[[network.input_group]]`.
fn input_groups(section: &mut Section<'_>, inputs: usize) -> Vec<InputGroup> {
    const EXPECTED: &str = "one section `[[network.input_group]]`, in double brackets, for each group of input channels";
    let mut groups = Vec::new();
    let mut channels = 0;
    for mut child in stages::sections(section, "input_group", EXPECTED) {
        child.require(&["channels"], "how many channels, as in `channels = 9`");
        child.require(
            &["deviation"],
            "the standard deviation of their weights before training, as in `deviation = 0.1`",
        );
        let place = child.place_of("channels");
        let key = child.full("channels");
        let mut group = InputGroup {
            channels: 1,
            deviation: 0.0,
            is_trained: true,
        };
        group.parameters(&mut child);
        channels += group.channels;
        if channels > inputs {
            let problem = format!(
                "expected groups of at most {inputs} channels together, those of the network, found {channels}"
            );
            child.mistake_at(&place, key, problem);
            channels -= group.channels;
        } else {
            groups.push(group);
        }
        child.finish();
    }
    groups
}

fn default_network(inputs: usize, outputs: usize) -> NetworkSpec {
    let activation = Activation::Tanh;
    NetworkSpec::new(CellKind::Vanilla { activation }, 1, inputs, outputs)
}

/// The network, with inputs and outputs for at least what the tasks need.
///
/// Beside it the weights to start from that another run has learned.
fn network(
    section: Option<Section<'_>>,
    (inputs, outputs): (usize, usize),
    runs: Option<&Path>,
) -> (NetworkSpec, Option<Transfer>) {
    let mut network = default_network(inputs, outputs);
    let Some(mut section) = section else {
        return (network, None);
    };

    section.require(&["cell"], "the recurrent cell, as in `cell = \"vanilla\"`");
    section.require(
        &["units"],
        "the number of recurrent units, as in `units = 64`",
    );
    let inputs_place = section.place_of("inputs");
    let outputs_place = section.place_of("outputs");
    let initial_place = section.place_of("initial_state");
    let feedback_place = section.place_of("feedback");
    let has_alpha = section.has("alpha");
    network.parameters(&mut section);
    if network.cell.alpha().is_some() && !has_alpha {
        section.miss(&["alpha"], "Δt/τ of the leaky cell, as in `alpha = 0.2`");
    }
    if let InitialState::Fixed(values) = &network.initial_state {
        let (found, needed) = (values.len(), network.state_size());
        if found != needed {
            let problem =
                format!("expected {needed} numbers, one for each of the state, found {found}");
            section.mistake(&initial_place, "initial_state", problem);
        }
    }
    for (key, place, found, needed) in [
        ("inputs", inputs_place, network.inputs, inputs),
        ("outputs", outputs_place, network.outputs, outputs),
    ] {
        if found < needed {
            let problem =
                format!("expected at least {needed}, the {key} that the tasks need, found {found}");
            section.mistake(&place, key, problem);
        }
    }
    network.frozen = transfer::frozen(&mut section);
    network.input_groups = input_groups(&mut section, network.inputs);
    let transfer = transfer::asked(&mut section);
    let transfer = transfer.map(|asked| asked.resolve(&network, runs, &section));
    if network.feedback > 0.0 && rate_formula(network.cell).is_none() {
        let problem = "expected a vanilla or leaky cell, whose outputs can feed back";
        section.mistake(&feedback_place, "feedback", problem);
    }
    let chosen = network.cell.name();
    section.finish_with(&[Variants {
        key: "cell",
        chosen,
        keys: NetworkSpec::keys_of_cells(),
    }]);
    (network, transfer)
}
