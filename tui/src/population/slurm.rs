//! `creode population … --on slurm`.

use std::path::Path;

use anyhow::{Context as _, bail};
use creode::population::slurm::{
    SLURM_FOLDER, Submission, list_text, note_submission, runs_per_job, script, watcher,
};
use creode::population::summary::RunStatus;
use creode::population::{PlannedRun, Population, RunState};

use super::PopulationArgs;
use super::queue::{self, Queue};
use super::status::{counted, variables};
use crate::arguments::{RUN_FAILED, TracesFolder};
use crate::hooks;
use crate::say::say;

/// Seconds that a watcher waits for runs that no job trains, and somebody does.
const BETWEEN_LOOKS_SECS: u64 = 60;

/// Submits what is missing and not in the queue; returns the exit code.
pub(super) fn submit(
    population: &Population,
    args: &PopulationArgs,
    place: &TracesFolder,
) -> anyhow::Result<u8> {
    if args.on_end.is_some() && !args.keep_going {
        bail!(
            "on Slurm `--on-end` needs `--keep-going`: the job that waits for the end tells of it"
        );
    }
    let creode = std::env::current_exe().context("cannot tell where this program is")?;
    let runs = population.status();
    let batch = write_scripts(population, args, &creode, &runs)?;
    let queue = queue::ask(population).with_context(|| not_submitted(population))?;
    let missing: Vec<PlannedRun> = runs
        .iter()
        .filter(|of| matches!(of.state, RunState::Missing | RunState::Resumable { .. }))
        .filter(|of| !queue.queued.contains_key(&of.run.name))
        .map(|of| of.run.clone())
        .collect();
    let (missing, waiting): (Vec<PlannedRun>, Vec<PlannedRun>) =
        missing.into_iter().partition(|run| has_network(run, &runs));
    say!(
        "{}: {} runs: {}; {} with Slurm",
        population.name(),
        runs.len(),
        counted(&runs),
        queue.queued.len()
    );
    let steps = runs.iter().map(|of| of.state.step()).sum();
    if let Some(code) = over(population, args, &runs, &queue, steps) {
        return Ok(code);
    }
    let mut jobs = queue.jobs;
    if !waiting.is_empty() {
        say!(
            "{} runs wait for the networks that they start from: the same command submits them once these are trained, or \
             `--keep-going` does",
            waiting.len()
        );
    }
    if missing.is_empty() {
        say!("nothing to submit");
    } else {
        jobs.insert(submit_array(population, batch, &missing)?);
    }
    if args.keep_going {
        let jobs: Vec<String> = jobs.iter().map(u64::to_string).collect();
        submit_watcher(population, args, place, &creode, &jobs, steps)?;
    }
    Ok(0)
}

/// Whether the network that a run starts from is there, if it starts from one.
fn has_network(run: &PlannedRun, runs: &[RunStatus]) -> bool {
    let is_trained = |from: &str| {
        let mut of = runs.iter().filter(|of| of.run.name == from);
        of.any(|of| matches!(of.state, RunState::Finished { .. }))
    };
    let mut from = run.from.iter().flat_map(|from| &from.runs);
    from.all(|name| is_trained(name))
}

/// Of a watcher: the exit code, if there is nothing left to wait for, or no use in waiting.
fn over(
    population: &Population,
    args: &PopulationArgs,
    runs: &[RunStatus],
    queue: &Queue,
    steps: u64,
) -> Option<u8> {
    let is_open = runs.iter().any(|of| of.state.is_open());
    let is_stuck = args.after_steps.is_some_and(|before| steps <= before) && queue.jobs.is_empty();
    let reason = if is_stuck && is_open {
        say!(
            "error: no run has progressed since the last submission; {} says why, and the same command submits what is missing \
             once that is mended",
            population.dir().join(SLURM_FOLDER).display()
        );
        "failed"
    } else if is_open || !args.keep_going {
        return None;
    } else {
        let is_finished = |of: &RunStatus| matches!(of.state, RunState::Finished { .. });
        if runs.iter().all(is_finished) {
            "finished"
        } else {
            "failed"
        }
    };
    if let Err(error) = population.write_table(&population.survey()) {
        say!("note: the table of the runs could not be written: {error}");
    }
    if let Some(command) = &args.on_end {
        let finished = runs
            .iter()
            .filter(|of| matches!(of.state, RunState::Finished { .. }));
        hooks::run(
            command,
            &variables(population, runs.len(), finished.count(), reason),
        );
    }
    Some(if reason == "finished" { 0 } else { RUN_FAILED })
}

/// Writes the script of the array, and a list of all runs for those who start it by hand; returns how many runs an element
/// trains at least.
fn write_scripts(
    population: &Population,
    args: &PopulationArgs,
    creode: &Path,
    runs: &[RunStatus],
) -> anyhow::Result<usize> {
    let batch = runs_per_job(runs.len(), &population.slurm);
    let text = script(population, creode, batch, args.on_event.as_deref());
    write(population, "population.sbatch", &text)?;
    let all: Vec<PlannedRun> = runs.iter().map(|of| of.run.clone()).collect();
    write(population, "runs.tsv", &list_text(&all))?;
    Ok(batch)
}

fn write(population: &Population, name: &str, text: &str) -> anyhow::Result<()> {
    let folder = population.dir().join(SLURM_FOLDER);
    let path = folder.join(name);
    std::fs::create_dir_all(&folder)
        .and_then(|()| creode::files::write(&path, text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Submits some runs; returns the number of the job.
fn submit_array(
    population: &Population,
    runs_per_job: usize,
    runs: &[PlannedRun],
) -> anyhow::Result<u64> {
    let folder = population.dir().join(SLURM_FOLDER);
    let mut names = (1..).map(|number: u32| format!("runs-{number}.tsv"));
    let list = names
        .find(|name| !folder.join(name).exists())
        .unwrap_or_default();
    write(population, &list, &list_text(runs))?;
    let text = |path: &Path| std::path::absolute(path).map(|path| path.display().to_string());
    let last = runs.len().div_ceil(runs_per_job) - 1;
    let array = format!("--array=0-{last}");
    let batch = runs_per_job.to_string();
    let (file, list_path) = (
        text(&folder.join("population.sbatch"))?,
        text(&folder.join(&list))?,
    );
    let words = ["--parsable", &array, &file, &list_path, &batch];
    let submitted = queue::answer("sbatch", &words).and_then(|said| job_in(&said));
    let job = match submitted {
        Ok(job) => job,
        Err(error) => {
            // What was not submitted is nobody's list.
            std::fs::remove_file(folder.join(&list)).ok();
            return Err(error.context(not_submitted(population)));
        }
    };
    let submission = Submission {
        job,
        list,
        runs_per_job,
    };
    note_submission(population, &submission)?;
    say!(
        "submitted {} runs as job {job}, an array of {}",
        runs.len(),
        last + 1
    );
    Ok(job)
}

/// Submits the job that waits for others.
fn submit_watcher(
    population: &Population,
    args: &PopulationArgs,
    place: &TracesFolder,
    creode: &Path,
    jobs: &[String],
    steps: u64,
) -> anyhow::Result<()> {
    let traces = population.dir().parent().unwrap_or(&place.traces);
    let mut words = vec![
        creode.display().to_string(),
        "--traces".to_owned(),
        std::path::absolute(traces)?.display().to_string(),
        "population".to_owned(),
        population.name(),
    ];
    words.extend(["--on", "slurm", "--keep-going", "--after-steps"].map(str::to_owned));
    words.push(steps.to_string());
    for (option, command) in [("--on-end", &args.on_end), ("--on-event", &args.on_event)] {
        if let Some(command) = command {
            words.extend([option.to_owned(), command.clone()]);
        }
    }
    write(population, "watcher.sbatch", &watcher(population, &words))?;
    let path = population.dir().join(SLURM_FOLDER).join("watcher.sbatch");
    let path = std::path::absolute(&path)?.display().to_string();
    let when = if jobs.is_empty() {
        format!("--begin=now+{BETWEEN_LOOKS_SECS}")
    } else {
        format!("--dependency=afterany:{}", jobs.join(":"))
    };
    let said = queue::answer("sbatch", &["--parsable", &when, &path])
        .context("the watcher was not submitted; the runs were")?;
    say!("submitted the watcher as job {}", job_in(&said)?);
    Ok(())
}

/// The number in what `sbatch --parsable` says: `12` or `12;cluster`.
fn job_in(said: &str) -> anyhow::Result<u64> {
    let number = said
        .trim()
        .split(';')
        .next()
        .and_then(|number| number.parse().ok());
    number.with_context(|| {
        format!(
            "sbatch said {:?}, where the number of a job was expected",
            said.trim()
        )
    })
}

fn not_submitted(population: &Population) -> String {
    format!(
        "nothing was submitted. The population stands in {}, with the script {SLURM_FOLDER}/population.sbatch: give the same \
         command where jobs can be submitted, or train here with `--on local`",
        population.dir().display()
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::job_in;

    #[test]
    fn the_number_of_a_job_is_read_with_and_without_a_cluster() {
        assert_eq!(job_in("12\n").unwrap(), 12);
        assert_eq!(job_in("12;beehive\n").unwrap(), 12);
        assert!(job_in("Submitted").is_err());
    }
}
