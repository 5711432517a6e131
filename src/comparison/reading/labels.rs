//! What a run is sorted by: its curriculum, its cell, its rule, its task, or any key of `run.toml`.

use crate::curriculum::transfer::BETWEEN;
use crate::curriculum::{Curriculum, Stage};
use crate::parameters::Variant as _;
use crate::trace::Run;

/// What a key says of a run; several keys, separated by commas, say one thing each, joined by ` · `.
///
/// `curriculum` is the curriculum's name, `cell` the cell with its activation where it has a choice, `rule` the learning rule
/// with its optimiser, `task` the tasks of the last stage, `pretraining` what the network learned before, `population` the folder that
/// the run lies in. Any other key is one
/// of `run.toml`, with dots, such as `network.units` or `stage.0.bits`.
pub(super) fn label(
    run: &Run,
    curriculum: Option<&Curriculum>,
    key: &str,
) -> Result<String, String> {
    let parts = key.split(',').map(str::trim);
    let parts: Result<Vec<String>, String> = parts.map(|key| one(run, curriculum, key)).collect();
    Ok(parts?.join(" · "))
}

fn one(run: &Run, curriculum: Option<&Curriculum>, key: &str) -> Result<String, String> {
    let known = |curriculum: &Curriculum| match key {
        "curriculum" => Some(curriculum.name.clone()),
        "cell" => Some(cell(run, curriculum)),
        "rule" => Some(rule(curriculum)),
        "task" => curriculum.stages.last().map(Stage::task_names),
        "pretraining" => Some(pretraining(curriculum)),
        _ => None,
    };
    if key == "population" {
        return Ok(population(run));
    }
    match curriculum.and_then(known) {
        Some(label) => Ok(label),
        None => keyed(run, key),
    }
}

/// What the network learned before, by the names of the runs that it started from, without their seeds.
fn pretraining(curriculum: &Curriculum) -> String {
    let Some(transfer) = &curriculum.transfer else {
        return "none".to_owned();
    };
    let runs = transfer.from.split(BETWEEN);
    let names: Vec<&str> = runs
        .map(|run| run.split(",seed=").next().unwrap_or(run))
        .collect();
    names.join(BETWEEN)
}

/// The folder that the run lies in.
fn population(run: &Run) -> String {
    let dir = run
        .dir()
        .canonicalize()
        .unwrap_or_else(|_| run.dir().to_path_buf());
    let name = dir.parent().and_then(|parent| parent.file_name());
    name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn cell(run: &Run, curriculum: &Curriculum) -> String {
    let name = curriculum.network.cell.name();
    keyed(run, "network.activation")
        .map_or(name.to_owned(), |activation| format!("{name} {activation}"))
}

/// Only what follows an exact gradient has an optimiser of a curriculum's choice.
fn rule(curriculum: &Curriculum) -> String {
    let rule = curriculum.rule.rule().name();
    let optimiser = curriculum.optimiser.rule.name();
    match rule {
        "bptt" => optimiser.to_owned(),
        "rflo" | "e-prop" => format!("{rule} {optimiser}"),
        _ => rule.to_owned(),
    }
}

fn keyed(run: &Run, key: &str) -> Result<String, String> {
    let table: toml::Table = run
        .config_text()
        .parse()
        .map_err(|error: toml::de::Error| error.to_string())?;
    let mut value = &toml::Value::Table(table);
    for part in key.split('.') {
        let next = match value {
            toml::Value::Table(table) => table.get(part),
            toml::Value::Array(values) => {
                part.parse().ok().and_then(|place: usize| values.get(place))
            }
            _ => None,
        };
        value = next.ok_or_else(|| format!("its run.toml has no key `{key}`"))?;
    }
    Ok(match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}
