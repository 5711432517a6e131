//! Reads a curriculum out of the values of its file.

use std::path::Path;

use super::error::{Mistakes, Place};
use super::fields;
use super::section::{Section, Variants};
use super::tree::{self, Node, Value};
use super::{CheckpointPolicy, Curriculum, CurriculumError, Override, Stage};
use crate::cell::spec::{InitialState, NetworkSpec};
use crate::parameters::ParameterVisitor;
use crate::task::TaskSpec;
use crate::train::spec::OptimiserSpec;

pub(super) fn curriculum(
    text: &str,
    file: &str,
    overrides: &[Override],
) -> Result<Curriculum, CurriculumError> {
    let mistakes = Mistakes::default();
    let Some(entries) = tree::parse(text, overrides, &mistakes) else {
        return Err(mistakes.into_error(file));
    };
    let curriculum = root(Section::new("", Place::Line(1), entries, &mistakes), file);
    if mistakes.is_empty() {
        Ok(curriculum)
    } else {
        Err(mistakes.into_error(file))
    }
}

fn root(mut section: Section<'_>, file: &str) -> Curriculum {
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
        "a section `[checkpoints]` with `every` or `log_spaced`",
    );
    let network_section = section.child("network", "a section `[network]`");
    let training = section.child("training", "a section `[training]`");
    let optimiser_section = section.child("optimiser", "a section `[optimiser]`");
    let stages = stages(&mut section);
    let checkpoints_section = section.child("checkpoints", "a section `[checkpoints]`");
    let analysis_section = section.child("analysis", "a section `[analysis]`");
    section.finish();

    let mut trials_per_step = fields::DEFAULT_TRIALS_PER_STEP;
    if let Some(mut section) = training {
        fields::trials_per_step(&mut trials_per_step, &mut section);
        section.finish();
    }
    let optimiser = optimiser(optimiser_section);
    let checkpoints = checkpoints(checkpoints_section);
    let mut analysis = fields::default_analysis();
    if let Some(mut section) = analysis_section {
        fields::analysis(&mut analysis, &mut section);
        section.finish();
    }
    let network = network(network_section, &stages);
    Curriculum {
        name,
        seed,
        network,
        trials_per_step,
        optimiser,
        stages,
        checkpoints,
        analysis,
    }
}

fn optimiser(section: Option<Section<'_>>) -> OptimiserSpec {
    let mut optimiser = fields::default_optimiser();
    if let Some(mut section) = section {
        section.exclusive(&["clip_norm", "clip_value"]);
        fields::optimiser(&mut optimiser, &mut section);
        section.finish_with(&Variants {
            key: "rule",
            chosen: fields::rule_name(&optimiser.rule),
            keys: fields::keys_of_rules(),
        });
    }
    optimiser
}

fn checkpoints(section: Option<Section<'_>>) -> CheckpointPolicy {
    let mut checkpoints = CheckpointPolicy::Every(1);
    if let Some(mut section) = section {
        section.exclusive(&["every", "log_spaced"]);
        section.require(
            &["every", "log_spaced"],
            "one of `every = 50` or `log_spaced = 60`",
        );
        fields::checkpoints(&mut checkpoints, &mut section);
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
    if name.is_empty()
        || name.starts_with('.')
        || name.contains(|c: char| c.is_control() || "/\\".contains(c))
    {
        let problem =
            format!("expected a name without `/`, `\\` or a dot in front, found {name:?}");
        section.mistake(&place, "name", problem);
    }
    name
}

/// All sections `[[stage]]`.
fn stages(section: &mut Section<'_>) -> Vec<Stage> {
    const EXPECTED: &str = "one section `[[stage]]`, in double brackets, for each stage";
    let Some(node) = section.take("stage") else {
        return Vec::new();
    };
    let items = match node.value {
        Value::List(items) if !items.is_empty() => items,
        other => {
            section.mistake(
                &node.place,
                "stage",
                format!("expected {EXPECTED}, found {}", other.describe()),
            );
            return Vec::new();
        }
    };
    let mut stages: Vec<Stage> = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let path = format!("stage.{index}");
        let Node { place, value } = item;
        let Value::Table(entries) = value else {
            section.mistake(
                &place,
                &path,
                format!("expected {EXPECTED}, found {}", value.describe()),
            );
            continue;
        };
        let (name_place, stage) = stage(section.beside(path.clone(), place, entries));
        if let Some(earlier) = stages.iter().position(|earlier| earlier.name == stage.name) {
            let problem = format!(
                "expected a name of its own, found {:?}, which is that of stage {earlier} too; \
                 without `name` a stage has the name of its task",
                stage.name
            );
            section.mistake(&name_place, &format!("{path}.name"), problem);
        }
        stages.push(stage);
    }
    stages
}

/// The stage, and the place of its name.
fn stage(mut section: Section<'_>) -> (Place, Stage) {
    let all = TaskSpec::all();
    section.require(
        &["task"],
        "the name of a task, as in `task = \"flip-flop\"`",
    );
    section.require(
        &["until"],
        "the end of the stage, as in `until = { steps = 3000 }`",
    );
    let name_place = section.place_of("name");
    let mut given_name = String::new();
    section.text("name", &mut given_name);
    let mut task = all[0].clone();
    fields::task(&mut task, &all, &mut section);

    let mut until = fields::default_until();
    if let Some(mut section) = section.child("until", "a table such as `{ steps = 3000 }`") {
        section.require(
            &["steps"],
            "the most training steps of the stage, as in `steps = 3000`",
        );
        fields::until(&mut until, &mut section);
        section.finish();
    }
    let task_name = task.task().name();
    section.finish_with(&Variants {
        key: "task",
        chosen: task_name,
        keys: fields::keys_of_tasks(&all),
    });
    let name = if given_name.is_empty() {
        task_name.to_owned()
    } else {
        given_name
    };
    (name_place, Stage { name, task, until })
}

pub(super) fn task(name: &str, overrides: &[Override]) -> Result<TaskSpec, CurriculumError> {
    let mistakes = Mistakes::default();
    let all = TaskSpec::all();
    let mut task = all[0].clone();
    if let Some(mut entries) = tree::parse("", overrides, &mistakes) {
        let place = Place::Override(format!("task={name}"));
        let value = Value::Text(name.to_owned());
        entries.insert("task".to_owned(), Node { place, value });
        let mut section = Section::new("", Place::Line(1), entries, &mistakes);
        fields::task(&mut task, &all, &mut section);
        section.finish_with(&Variants {
            key: "task",
            chosen: task.task().name(),
            keys: fields::keys_of_tasks(&all),
        });
    }
    if mistakes.is_empty() {
        Ok(task)
    } else {
        Err(mistakes.into_error(name))
    }
}

fn network(section: Option<Section<'_>>, stages: &[Stage]) -> NetworkSpec {
    let widest =
        |channels: fn(&TaskSpec) -> usize| stages.iter().map(|stage| channels(&stage.task)).max();
    let inputs = widest(|task| task.task().input_channels()).unwrap_or(1);
    let outputs = widest(|task| task.task().output_channels()).unwrap_or(1);
    let mut network = fields::default_network(inputs, outputs);
    let Some(mut section) = section else {
        return network;
    };

    section.require(&["cell"], "the recurrent cell, as in `cell = \"vanilla\"`");
    section.require(
        &["units"],
        "the number of recurrent units, as in `units = 64`",
    );
    let inputs_place = section.place_of("inputs");
    let outputs_place = section.place_of("outputs");
    let initial_place = section.place_of("initial_state");
    let has_alpha = section.has("alpha");
    fields::network(&mut network, &mut section);
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
                format!("expected at least {needed}, the {key} of the widest task, found {found}");
            section.mistake(&place, key, problem);
        }
    }
    let chosen = fields::cell_name(&network.cell);
    section.finish_with(&Variants {
        key: "cell",
        chosen,
        keys: fields::keys_of_cells(),
    });
    network
}
