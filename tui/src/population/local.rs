//! A population on this machine.

use std::collections::BTreeMap;

use creode::lab::needs::Needs;
use creode::memory::available_bytes;
use creode::population::summary::RunStatus;
use creode::population::{Population, RunState};

use super::PopulationArgs;
use super::display::Display;
use super::pool::{self, Settings, Task};
use crate::arguments::{INTERRUPTED, RUN_FAILED};
use crate::hooks;
use crate::say::say;
use crate::scores;
use crate::signals::{ALL, stop_on_signals};

/// Trains what is missing; returns the exit code.
pub(super) fn train(population: &Population, args: &PopulationArgs) -> anyhow::Result<u8> {
    let mut most_bytes = 0;
    let mut tasks = tasks(population, &mut most_bytes)?;
    let open = tasks.iter().filter(|task| task.state.is_open()).count();
    let settings = settings(args, open, most_bytes);
    let stop = stop_on_signals(&ALL, || "waiting for the runs to stop".to_owned())?;
    say!(
        "{}: {} runs into {}, {open} of them to be trained, {} at a time",
        population.name(),
        tasks.len(),
        population.dir().display(),
        settings.jobs
    );
    let steps_before = tasks.iter().map(|task| {
        let is_open = task.state.is_open();
        if is_open {
            task.state.step()
        } else {
            task.total_steps
        }
    });
    let display = Display::new(tasks.len(), steps_before.sum());
    pool::train(population, &mut tasks, &settings, &stop, &display);
    display.finish();
    if let Err(error) = population.write_table(&population.survey()) {
        say!("note: the table of the runs could not be written: {error}");
    }
    let code = report(population, &tasks);
    match population.scores() {
        Ok(table) if !table.rows.is_empty() => scores::tell(population, &table)?,
        Ok(_) => {}
        Err(error) => say!("note: the scores of the runs could not be read: {error}"),
    }
    if let Some(command) = &args.on_end {
        hooks::run(command, &ended(population, &tasks, code));
    }
    Ok(code)
}

/// All runs with how far they are; `most_bytes` becomes the memory of the largest.
fn tasks(population: &Population, most_bytes: &mut u64) -> anyhow::Result<Vec<Task>> {
    // Seeds change nothing in what is needed.
    let mut needed: BTreeMap<(String, String), (u64, u64)> = BTreeMap::new();
    let mut tasks = Vec::new();
    for RunStatus { run, state } in population.status() {
        // Nor does the run that they start from.
        let kind = (run.curriculum.clone(), run.settings_text());
        let (steps, bytes) = if let Some(&known) = needed.get(&kind) {
            known
        } else {
            let curriculum = population.curriculum(&run)?;
            let (steps, bytes) = (curriculum.total_steps(), Needs::of(&curriculum).bytes());
            *needed.entry(kind).or_insert((steps, bytes))
        };
        if state.is_open() {
            *most_bytes = bytes.max(*most_bytes);
        }
        tasks.push(Task {
            run,
            state,
            total_steps: steps,
            failure: None,
        });
    }
    Ok(tasks)
}

fn settings(args: &PopulationArgs, open: usize, most_bytes: u64) -> Settings<'_> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = args.jobs.map(usize::from);
    let (jobs, threads) = shares(jobs, cores, open, available_bytes(), most_bytes);
    Settings {
        jobs,
        threads,
        on_event: args.on_event.as_deref(),
    }
}

/// Runs at a time, and threads of each.
///
/// Runs beside each other share nothing, so a core each gives the best throughput; threads of one run wait for each other.
/// Only where there are fewer runs than cores, or too little memory, does a run get more than one.
fn shares(
    asked: Option<usize>,
    cores: usize,
    open: usize,
    available: Option<u64>,
    most_bytes: u64,
) -> (usize, usize) {
    let fitting = available.map_or(usize::MAX, |bytes| {
        (bytes / 10 * 8 / most_bytes.max(1)) as usize
    });
    let jobs = asked.unwrap_or(cores.min(fitting)).min(open).max(1);
    (jobs, (cores / jobs).max(1))
}

/// Says what became of the runs; returns the exit code.
fn report(population: &Population, tasks: &[Task]) -> u8 {
    let name = population.name();
    let (mut finished, mut open, mut failed) = (0, 0, Vec::new());
    for task in tasks {
        match (&task.failure, &task.state) {
            (Some(failure), _) => failed.push((task, failure.clone())),
            (None, RunState::Finished { .. }) => finished += 1,
            (None, RunState::Diverged { message, .. }) => {
                failed.push((task, format!("diverged: {message}")));
            }
            (None, RunState::Damaged { reason }) => {
                failed.push((task, format!("is damaged and was left as it is: {reason}")));
            }
            _ => open += 1,
        }
    }
    for (task, why) in &failed {
        say!("error: {}: {why}", task.run.name);
    }
    say!(
        "{name}: {finished} of {} runs are finished, {} failed, {open} are open",
        tasks.len(),
        failed.len()
    );
    if open > 0 {
        say!("interrupted; `creode population {name}` goes on");
        INTERRUPTED
    } else if failed.is_empty() {
        0
    } else {
        say!("`creode population {name}` tries again what can be gone on with");
        RUN_FAILED
    }
}

/// What `--on-end` is told.
fn ended(population: &Population, tasks: &[Task], code: u8) -> hooks::Variables {
    let finished = tasks
        .iter()
        .filter(|of| matches!(of.state, RunState::Finished { .. }));
    super::status::variables(
        population,
        tasks.len(),
        finished.count(),
        match code {
            0 => "finished",
            INTERRUPTED => "interrupted",
            _ => "failed",
        },
    )
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn runs_get_a_core_each_while_there_is_memory_for_them() {
        let gib = 1_u64 << 30;
        assert_eq!(shares(None, 8, 100, Some(64 * gib), gib), (8, 1));
        assert_eq!(shares(None, 8, 3, Some(64 * gib), gib), (3, 2));
        assert_eq!(shares(None, 8, 100, Some(4 * gib), gib), (3, 2));
        assert_eq!(shares(None, 8, 100, Some(gib / 2), gib), (1, 8));
        assert_eq!(shares(Some(16), 8, 100, None, 0), (16, 1));
        assert_eq!(shares(None, 2, 0, None, 0), (1, 2));
    }
}
