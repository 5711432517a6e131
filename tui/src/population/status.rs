//! `creode population NAME --status`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use creode::population::summary::RunStatus;
use creode::population::{Population, RunState};
use creode::text::escaped;
use serde_json::json;

use super::Format;
use super::queue::{self, Queue};
use crate::analyze::table::aligned;
use crate::arguments::RUN_FAILED;
use crate::hooks::Variables;
use crate::say::{print, print_json, say};

/// Prints how far every run is, from the folders first and from Slurm where it answers; returns the exit code.
pub(super) fn status(population: &Population, format: Format) -> anyhow::Result<u8> {
    let survey = population.survey();
    let runs = &survey.runs;
    let queue = queue::ask(population).unwrap_or_else(|error| {
        say!("note: what Slurm has in its queue is not known: {error}");
        Queue::default()
    });
    if let Err(error) = population.write_table(&survey) {
        say!("note: the table of the runs could not be written: {error}");
    }
    match format {
        Format::Table => print(&table(population, runs, &queue))?,
        Format::Json => print_json(&format!("{}\n", as_json(population, runs, &queue)))?,
    }
    let is_well = |of: &RunStatus| {
        !matches!(
            of.state,
            RunState::Diverged { .. } | RunState::Damaged { .. }
        )
    };
    Ok(if runs.iter().all(is_well) {
        0
    } else {
        RUN_FAILED
    })
}

/// "30 finished, 2 running": the states that there are, and how often.
pub(super) fn counted(runs: &[RunStatus]) -> String {
    let order = [
        "finished",
        "running",
        "resumable",
        "missing",
        "diverged",
        "damaged",
    ];
    let count = |name: &str| runs.iter().filter(|of| of.state.name() == name).count();
    let counts = order.map(|name| (count(name), name));
    let there = counts.iter().filter(|(count, _)| *count > 0);
    let texts: Vec<String> = there
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    texts.join(", ")
}

fn table(population: &Population, runs: &[RunStatus], queue: &Queue) -> String {
    let mut text = format!(
        "{}: {} runs: {}\n",
        population.name(),
        runs.len(),
        counted(runs)
    );
    if !queue.queued.is_empty() {
        let jobs: Vec<String> = queue.jobs.iter().map(u64::to_string).collect();
        let (runs, jobs) = (queue.queued.len(), jobs.join(", "));
        let _ = writeln!(text, "with Slurm: {runs} runs, in the jobs {jobs}");
    }
    let is_shown = |of: &&RunStatus| !matches!(of.state, RunState::Finished { .. });
    let rows: Vec<[String; 4]> = runs
        .iter()
        .filter(is_shown)
        .map(|of| {
            let detail = detail(of, queue);
            let name = escaped(&of.run.name).into_owned();
            [
                name,
                of.state.name().to_owned(),
                format!("step {}", of.state.step()),
                detail,
            ]
        })
        .collect();
    for line in aligned(&rows) {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// What there is to say of a run beside its state.
fn detail(of: &RunStatus, queue: &Queue) -> String {
    let mut words = Vec::new();
    match &of.state {
        RunState::Running { holder, .. } => words.push(holder.to_string()),
        RunState::Diverged { message, .. } => words.push(message.clone()),
        RunState::Damaged { reason } => words.push(reason.clone()),
        _ => {}
    }
    match (
        queue.queued.get(&of.run.name),
        queue.ended.get(&of.run.name),
    ) {
        (Some(queued), _) => words.push(queued.clone()),
        (None, Some(ended)) if of.state.is_open() => words.push(format!("ended: {ended}")),
        _ => {}
    }
    escaped(&words.join("; ")).into_owned()
}

fn as_json(population: &Population, runs: &[RunStatus], queue: &Queue) -> serde_json::Value {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for of in runs {
        *counts.entry(of.state.name()).or_default() += 1;
    }
    let all: Vec<_> = runs.iter().map(|of| json!({
        "run": of.run.name, "curriculum": of.run.curriculum, "settings": of.run.settings_text(), "seed": of.run.seed,
        "state": of.state.name(), "step": of.state.step(), "detail": detail(of, queue),
        "queued": queue.queued.get(&of.run.name),
    })).collect();
    json!({ "population": population.name(), "counts": counts, "runs": all })
}

/// What `--on-end` is told of a population.
pub(super) fn variables(
    population: &Population,
    runs: usize,
    finished: usize,
    reason: &str,
) -> Variables {
    let dir = population.dir();
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf());
    vec![
        ("CREODE_POPULATION", population.name()),
        ("CREODE_POPULATION_DIR", dir.display().to_string()),
        ("CREODE_REASON", reason.to_owned()),
        ("CREODE_RUNS", runs.to_string()),
        ("CREODE_FINISHED", finished.to_string()),
    ]
}
