//! Reads the sections `[[stage]]` and `[[probe]]`.
//!
//! Parts of one name share one rule input over all stages, so that a task keeps its input when it comes back later.

use super::error::{KeyPlace, closest, did_you_mean, quoted_list};
use super::fields;
use super::fields::WEIGHT;
use super::ramp::{OutOfBounds, Pace, Ramp};
use super::section::{Section, Variants};
use super::tree::{Node, Table, Value};
use super::{ProbeTask, Stage, StagePart, Until};
use crate::parameters::{ParameterVisitor, keys_of, named};
use crate::task::{Objective, TaskSpec};

/// Trials on which an objective is tried, and values of a trial above which it is not.
const PROBED_TRIALS: usize = 8;
const MOST_PROBED: usize = 1_000_000;

/// A part that was read, and where it stands.
struct Read {
    part: StagePart,
    /// Full name of its section, with a dot behind it.
    path: String,
    place: KeyPlace,
    name_place: KeyPlace,
    /// Places of its ramps.
    ramps: Vec<KeyPlace>,
}

/// All sections `[[stage]]`.
pub(super) fn stages(section: &mut Section<'_>) -> Vec<Stage> {
    const EXPECTED: &str = "one section `[[stage]]`, in double brackets, for each stage";
    let mut stages: Vec<Stage> = Vec::new();
    for child in sections(section, "stage", EXPECTED) {
        let name_key = child.full("name");
        let (name_place, stage) = stage(child);
        if let Some(earlier) = stages.iter().position(|earlier| earlier.name == stage.name) {
            let problem = format!(
                "expected a name of its own, found {:?}, which is that of stage {earlier} too; \
                 without `name` a stage has the name of its task",
                stage.name
            );
            section.mistake_at(&name_place, name_key, problem);
        }
        stages.push(stage);
    }
    stages
}

/// The sections of a list of sections.
pub(super) fn sections<'a>(
    section: &mut Section<'a>,
    key: &'static str,
    expected: &str,
) -> Vec<Section<'a>> {
    let Some(node) = section.take(key) else {
        return Vec::new();
    };
    let items = match node.value {
        Value::List(items) if !items.is_empty() => items,
        other => {
            let problem = format!("expected {expected}, found {}", other.describe());
            section.mistake(&node.place, key, problem);
            return Vec::new();
        }
    };
    let mut sections = Vec::new();
    for (index, Node { place, value }) in items.into_iter().enumerate() {
        let path = format!("{key}.{index}");
        if let Value::Table(entries) = value {
            sections.push(section.beside(section.full(&path), place, entries));
        } else {
            let problem = format!("expected {expected}, found {}", value.describe());
            section.mistake(&place, &path, problem);
        }
    }
    sections
}

/// The stage, and the place of its name.
fn stage(mut section: Section<'_>) -> (KeyPlace, Stage) {
    const EXPECTED: &str =
        "one section `[[stage.part]]`, in double brackets, for each task of the mixture";
    section.require(
        &["task", "part"],
        "the name of a task, as in `task = \"flip-flop\"`, or sections `[[stage.part]]`",
    );
    section.require(
        &["until"],
        "the end of the stage, as in `until = { steps = 3000 }`",
    );
    let name_place = section.place_of("name");
    let mut name = String::new();
    section.text("name", &mut name);
    let until = until(&mut section);
    section.exclusive(&["task", "part"]);
    let parts = if section.has("part") {
        let children = sections(&mut section, "part", EXPECTED);
        let parts: Vec<Read> = children
            .into_iter()
            .map(|child| part(child, true))
            .collect();
        check_names_and_weights(&section, &parts);
        check_ways(&section, &parts, until.as_ref());
        section.finish();
        parts
    } else {
        let reporter = section.beside(String::new(), KeyPlace::Line(1), Table::new());
        let parts = vec![part(section, false)];
        check_ways(&reporter, &parts, until.as_ref());
        parts
    };
    let mut stage = Stage {
        name,
        parts: parts.into_iter().map(|read| read.part).collect(),
        until: until.unwrap_or_else(fields::default_until),
    };
    if stage.name.is_empty() {
        stage.name = stage.task_names();
    }
    (name_place, stage)
}

/// The end of the stage, if it is in order.
fn until(section: &mut Section<'_>) -> Option<Until> {
    let mut section = section.child("until", "a table such as `{ steps = 3000 }`")?;
    section.require(
        &["steps"],
        "the most training steps of the stage, as in `steps = 3000`",
    );
    let mut until = fields::default_until();
    let mistakes = section.mistakes();
    let before = mistakes.count();
    fields::until(&mut until, &mut section);
    section.finish();
    (mistakes.count() == before).then_some(until)
}

/// The task of a stage, or one of several, which then have names and weights.
fn part(mut section: Section<'_>, is_listed: bool) -> Read {
    let place = section.place().clone();
    let path = section.full("");
    let name_place = section.place_of("name");
    let mut name = String::new();
    if is_listed {
        section.require(
            &["task"],
            "the name of a task, as in `task = \"flip-flop\"`",
        );
        section.text("name", &mut name);
    }
    let objective_place = section.place_of("objective");
    let mut part = StagePart {
        name,
        task: TaskSpec::default(),
        weight: 1.0,
        objective: None,
        ramps: Vec::new(),
    };
    section.allow_ramps();
    if is_listed {
        fields::weight(&mut part.weight, &mut section);
    }
    let mistakes_before = section.mistakes().count();
    named("task", &mut part.task, &mut section);
    fields::objective(&mut part.objective, &mut section);
    // A task whose parameters are not in order cannot be tried.
    if section.mistakes().count() == mistakes_before
        && let Some(problem) = unfit_objective(&part)
    {
        section.mistake(&objective_place, "objective", problem);
    }
    let (ramps, places) = section.take_ramps().into_iter().unzip();
    part.ramps = ramps;
    let task_name = part.task.task().name();
    if part.name.is_empty() {
        task_name.clone_into(&mut part.name);
    }
    section.finish_with(&[Variants {
        key: "task",
        chosen: task_name,
        keys: keys_of::<TaskSpec>(),
    }]);
    Read {
        part,
        path,
        place,
        name_place,
        ramps: places,
    }
}

fn check_names_and_weights(section: &Section<'_>, parts: &[Read]) {
    for (index, read) in parts.iter().enumerate() {
        let name = &read.part.name;
        if parts[..index]
            .iter()
            .any(|earlier| earlier.part.name == *name)
        {
            let problem = format!(
                "expected a name of its own within the stage, found {name:?}; without `name` a part has the name of its task"
            );
            section.mistake_at(&read.name_place, format!("{}name", read.path), problem);
        }
    }
    let never = |read: &Read| {
        let ramps = read.part.ramps.iter();
        read.part.weight == 0.0 && ramps.clone().all(|ramp| ramp.parameter != WEIGHT)
    };
    if let (true, Some(first)) = (parts.iter().all(never), parts.first()) {
        let problem =
            "expected a weight greater than 0 for at least one part of the stage, found none";
        section.mistake_at(&first.place, format!("{}{WEIGHT}", first.path), problem);
    }
}

/// Whether every ramp ends within the stage, and stays within bounds until then.
fn check_ways(section: &Section<'_>, parts: &[Read], until: Option<&Until>) {
    let before = section.mistakes().count();
    for read in parts {
        for (ramp, place) in read.part.ramps.iter().zip(&read.ramps) {
            if let Some(problem) = until.and_then(|until| never_ends(ramp, until)) {
                section.mistake_at(place, format!("{}{}", read.path, ramp.parameter), problem);
            }
        }
    }
    if section.mistakes().count() > before {
        return;
    }
    let stage = Stage {
        name: String::new(),
        parts: parts.iter().map(|read| read.part.clone()).collect(),
        until: fields::default_until(),
    };
    for progress in stage.samples() {
        for (read, (_, out_of_bounds)) in parts.iter().zip(stage.parts_at(&progress)) {
            for found in &out_of_bounds {
                let OutOfBounds {
                    parameter,
                    expected,
                    found,
                } = found;
                let ramps = read.part.ramps.iter().zip(&read.ramps);
                let own = ramps.clone().find(|(ramp, _)| ramp.parameter == *parameter);
                let (place, way) = match own {
                    Some((ramp, place)) => (
                        place,
                        format!("on the way from {} to {}", ramp.from, ramp.to),
                    ),
                    None => (&read.place, "while others change".to_owned()),
                };
                let problem = format!("expected {expected}, found {found} {way}");
                section.mistake_at(place, format!("{}{parameter}", read.path), problem);
            }
            if !out_of_bounds.is_empty() {
                return;
            }
        }
    }
}

/// What is wrong with a ramp that its stage never sees the end of.
fn never_ends(ramp: &Ramp, until: &Until) -> Option<String> {
    let Ramp { from, to, pace, .. } = ramp;
    match pace {
        _ if from == to => Some(format!("expected two different values, found {from} twice")),
        Pace::Steps { over_steps } if *over_steps > until.steps => Some(format!(
            "the ramp never ends: expected `over_steps` of at most {}, the training steps of the stage, found {over_steps}",
            until.steps
        )),
        Pace::Accuracy { by, .. } if (to - from) * by < 0.0 => Some(format!(
            "the ramp never ends: expected `by` with the sign of the way from {from} to {to}, found {by}"
        )),
        Pace::Accuracy { .. } => {
            let levels = ramp.levels().unwrap_or(0);
            let least = levels.saturating_mul(until.over_steps);
            (least > until.steps).then(|| {
                format!(
                    "the ramp never ends: {levels} levels of at least {} steps (`until.over_steps`) take {least}; \
                     expected at most {}, the training steps of the stage",
                    until.over_steps, until.steps
                )
            })
        }
        Pace::Steps { .. } => None,
    }
}

/// All sections `[[probe]]`.
pub(super) fn probes(
    section: &mut Section<'_>,
    stages: &[Stage],
    rule_inputs: bool,
) -> Vec<ProbeTask> {
    const EXPECTED: &str = "one section `[[probe]]`, in double brackets, for each probe";
    let mut probes: Vec<ProbeTask> = Vec::new();
    let parts = stages.iter().flat_map(|stage| &stage.parts);
    let rules: Vec<&str> = parts.map(|part| part.name.as_str()).collect();
    for child in sections(section, "probe", EXPECTED) {
        let path = child.full("");
        let [name_place, rule_place] = ["name", "rule"].map(|key| child.place_of(key));
        let probe = probe(child);
        if probes.iter().any(|earlier| earlier.name == probe.name) {
            let problem = format!("expected a name of its own, found {:?}", probe.name);
            section.mistake_at(&name_place, format!("{path}name"), problem);
        }
        if rule_inputs && !rules.contains(&probe.rule.as_str()) {
            let suggestion = did_you_mean(closest(&probe.rule, rules.iter().copied()));
            let expected = quoted_list(&rules, "or");
            let problem = format!(
                "expected the part whose rule input is on, {expected}, found {:?}{suggestion}",
                probe.rule
            );
            section.mistake_at(&rule_place, format!("{path}rule"), problem);
        }
        probes.push(probe);
    }
    probes
}

/// What is wrong with the objective of a part, found on some of its trials.
fn unfit_objective(part: &StagePart) -> Option<String> {
    let task = part.task.task();
    part.objective.as_ref()?;
    if task.is_in_world() {
        let problem = "expected none: in a world the objective is the reward";
        return Some(problem.to_owned());
    }
    let Objective::Groups(groups) = part.objective() else {
        return None;
    };
    let groups: Vec<usize> = groups.iter().map(|group| group.channels).collect();
    let (channels, grouped) = (task.output_channels(), groups.iter().sum::<usize>());
    if grouped > channels {
        return Some(format!(
            "expected groups of at most {channels} outputs together, those of the task, found {grouped}"
        ));
    }
    if task
        .trial_steps()
        .saturating_mul(channels + task.input_channels())
        > MOST_PROBED
    {
        return None;
    }
    let batch = task.batch(PROBED_TRIALS, 0);
    let places = (0..batch.steps * batch.trials).map(|row| row * channels);
    for (group, first) in places.flat_map(|row| {
        let firsts = groups.iter().scan(row, |first, &size| {
            *first += size;
            Some((size, *first - size))
        });
        firsts.collect::<Vec<_>>()
    }) {
        let targets = &batch.targets[first..first + group];
        let counts = batch.weights[first..first + group].iter().any(|&w| w > 0.0);
        let sum: f64 = targets.iter().sum();
        if counts && (targets.iter().any(|&y| y < 0.0) || (sum - 1.0).abs() > 1e-9) {
            return Some(format!(
                "expected \"squared-error\": cross-entropy needs targets that are probabilities, and this task has {targets:?}"
            ));
        }
    }
    None
}

fn probe(mut section: Section<'_>) -> ProbeTask {
    section.require(
        &["task"],
        "the name of a task, as in `task = \"flip-flop\"`",
    );
    section.require(&["name"], "a name, as in `name = \"long delays\"`");
    let mut probe = ProbeTask {
        name: String::new(),
        task: TaskSpec::default(),
        trials: fields::DEFAULT_PROBE_TRIALS,
        rule: String::new(),
    };
    section.text("name", &mut probe.name);
    section.text("rule", &mut probe.rule);
    fields::probe_trials(&mut probe, &mut section);
    named("task", &mut probe.task, &mut section);
    let task_name = probe.task.task().name();
    if probe.rule.is_empty() {
        task_name.clone_into(&mut probe.rule);
    }
    section.finish_with(&[Variants {
        key: "task",
        chosen: task_name,
        keys: keys_of::<TaskSpec>(),
    }]);
    probe
}
