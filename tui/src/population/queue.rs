//! What Slurm says of the jobs of a population.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use creode::population::Population;
use creode::population::slurm::{Element, accounted, job_name, queued, runs_of, submissions};

/// What Slurm says of some runs.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Runs that wait or run, with the state of their element and its job.
    pub(super) queued: BTreeMap<String, String>,
    /// Runs whose last element has ended, with how it did.
    pub(super) ended: BTreeMap<String, String>,
    /// Numbers of the jobs that wait or run.
    pub(super) jobs: BTreeSet<u64>,
}

/// Asks Slurm for the runs of a population that were submitted. An error if `squeue` does not answer though something was.
pub(super) fn ask(population: &Population) -> anyhow::Result<Queue> {
    let submitted = submissions(population)?;
    if submitted.is_empty() {
        return Ok(Queue::default());
    }
    let is_ours = |element: &Element| submitted.iter().any(|of| of.job == element.job);
    let name = format!("--name={}", job_name(population));
    let squeue = ["--noheader", "--array", &name, "--format=%F %K %T"];
    let mut queue = queued(&answer("squeue", &squeue)?);
    queue.retain(|element, _| is_ours(element));
    let elements: BTreeSet<Element> = queue.keys().cloned().collect();
    let mut told = Queue {
        jobs: elements.iter().map(|element| element.job).collect(),
        ..Queue::default()
    };
    for (element, runs) in runs_of(population, &submitted, &elements)? {
        let state = queue
            .get(&element)
            .map_or("", String::as_str)
            .to_lowercase();
        let words = format!("{state}, job {}_{}", element.job, element.place);
        told.queued
            .extend(runs.into_iter().map(|run| (run, words.clone())));
    }
    // Many sites keep no accounts.
    let jobs: Vec<String> = submitted.iter().map(|of| of.job.to_string()).collect();
    let jobs = format!("--jobs={}", jobs.join(","));
    let sacct = [
        "--allocations",
        "--noheader",
        "--parsable2",
        &jobs,
        "--format=JobID,State",
    ];
    let ended = answer("sacct", &sacct).map_or_else(|_| BTreeMap::new(), |text| accounted(&text));
    let elements: BTreeSet<Element> = ended.keys().filter(|of| is_ours(of)).cloned().collect();
    for (element, runs) in runs_of(population, &submitted, &elements)? {
        let state = ended
            .get(&element)
            .map_or("", String::as_str)
            .to_lowercase();
        let words = format!("{state}, job {}_{}", element.job, element.place);
        told.ended
            .extend(runs.into_iter().map(|run| (run, words.clone())));
    }
    Ok(told)
}

/// What a command of Slurm says on stdout.
pub(super) fn answer(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => anyhow::anyhow!("there is no `{program}` on this machine"),
        _ => anyhow::anyhow!("`{program}` cannot be started: {error}"),
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said: Vec<&str> = said
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    anyhow::bail!(
        "`{program}` refuses ({}): {}",
        output.status,
        said.join("; ")
    )
}
