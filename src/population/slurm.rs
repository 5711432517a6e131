//! What Slurm is asked for: a job array, as a script that people can read and submit by hand, and what Slurm says of it.
//!
//! The files stand in the folder `slurm/` of the population: `population.sbatch`, which trains the lines of a list; a list
//! for each submission, one run a line; `watcher.sbatch`, which waits for a submission to end and asks for what is missing;
//! `submitted.tsv`, the job numbers with their lists; and what the jobs say.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::file::SlurmOptions;
use super::plan::PlannedRun;
use super::{Population, PopulationError};
use crate::files;

/// Folder of what has to do with Slurm.
pub const SLURM_FOLDER: &str = "slurm";
/// Elements of one array at most: a site that has not changed it allows indices up to 1000.
const MOST_ELEMENTS: usize = 1000;
/// Bytes of the largest of these files that is read.
const MOST_BYTES: u64 = 64 << 20;

/// A job array that was submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Number of the job.
    pub job: u64,
    /// Name of its list of runs, in the folder `slurm/`.
    pub list: String,
    /// Runs that an element trains.
    pub runs_per_job: usize,
}

/// An element of an array that Slurm has, or had.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Element {
    /// Number of the job.
    pub job: u64,
    /// Its place in the array, from 0.
    pub place: usize,
}

/// Runs that an element trains: what is asked for, but no fewer than leave the array small enough.
pub fn runs_per_job(runs: usize, options: &SlurmOptions) -> usize {
    let least = runs.div_ceil(MOST_ELEMENTS).max(1);
    options.runs_per_job.unwrap_or(1).max(least)
}

/// A list of runs, one a line: name, curriculum file, seed and settings, with tabs between.
pub fn list_text(runs: &[PlannedRun]) -> String {
    let mut text = String::new();
    for run in runs {
        let (name, curriculum, seed) = (&run.name, &run.curriculum, run.seed);
        let _ = write!(text, "{name}\tcurricula/{curriculum}.toml\t{seed}");
        for setting in &run.settings {
            let _ = write!(text, "\t{setting}");
        }
        text.push('\n');
    }
    text
}

/// The script of the array.
///
/// `creode` is the program, `on_event` the command that each run is given for its events.
pub fn script(
    population: &Population,
    creode: &Path,
    runs_per_job: usize,
    on_event: Option<&str>,
) -> String {
    let name = population.name();
    let directives = directives(population, "%A_%a.txt", true);
    let (creode, dir) = (
        quoted(&creode.display().to_string()),
        quoted(&absolute(population.dir())),
    );
    let events = on_event.map_or(String::new(), |command| {
        format!(" --on-event {}", quoted(command))
    });
    format!(
        r#"#!/bin/bash
{directives}
# Trains runs of the population {name}. Each element of the array takes {runs_per_job} of the lines of a list of runs, and
# trains as many at a time as it has processors. A run that was interrupted is gone on with, one that is over is passed by,
# so the script can be submitted again, or run without Slurm: `bash population.sbatch`.
#
# Lines of the list: name, curriculum, seed, and the settings of the run, with tabs between.
set -u
creode={creode}
population={dir}
list=${{1:-$population/{SLURM_FOLDER}/runs.tsv}}
runs_per_job=${{2:-{runs_per_job}}}
at_a_time=${{SLURM_CPUS_PER_TASK:-1}}
cd "$population" || exit 2

train() {{
  IFS=$'\t' read -r -a words <<<"$1"
  local settings=()
  for setting in "${{words[@]:3}}"; do settings+=(--set "$setting"); done
  "$creode" --traces "$population" train "${{words[1]}}" --run "${{words[0]}}" --seed "${{words[2]}}" "${{settings[@]}}" \
    --begin-or-resume --threads 1{events} </dev/null
}}

first=1 last='$'
if [ -n "${{SLURM_ARRAY_TASK_ID:-}}" ]; then
  first=$((SLURM_ARRAY_TASK_ID * runs_per_job + 1)) last=$(((SLURM_ARRAY_TASK_ID + 1) * runs_per_job))
fi
failed=0 training=0
while IFS= read -r line; do
  if [ "$training" -ge "$at_a_time" ]; then
    wait -n || failed=1
    training=$((training - 1))
  fi
  train "$line" &
  training=$((training + 1))
done < <(sed -n "${{first}},${{last}}p" "$list")
while [ "$training" -gt 0 ]; do
  wait -n || failed=1
  training=$((training - 1))
done
exit $failed
"#
    )
}

/// The script of the job that waits for an array and asks for what is missing; `command` are the words that do so.
pub fn watcher(population: &Population, command: &[String]) -> String {
    let name = population.name();
    let directives = directives(population, "watcher.txt", false);
    let words: Vec<String> = command.iter().map(|word| quoted(word)).collect();
    let command = words.join(" ");
    format!(
        "#!/bin/bash\n{directives}\n# Starts once an array of the population {name} has ended, however it did, and submits what is \
         missing.\nexec {command}\n"
    )
}

/// The lines that `sbatch` reads. Those of the user stand last, so that they hold.
fn directives(population: &Population, output: &str, is_array: bool) -> String {
    let folder = absolute(&population.dir().join(SLURM_FOLDER));
    // In a pattern of Slurm a percent sign stands for something else.
    let output = format!("{}/{output}", folder.replace('%', "%%"));
    let job = if is_array {
        job_name(population)
    } else {
        format!("{}-watcher", job_name(population))
    };
    let mut lines = vec![
        format!("--job-name={job}"),
        format!("--output={}", quoted_for_slurm(&output)),
        "--open-mode=append".to_owned(),
    ];
    lines.extend(population.slurm.requeue.map(|requeue| {
        let option = if requeue { "--requeue" } else { "--no-requeue" };
        option.to_owned()
    }));
    let options = population.slurm.options.trim();
    lines.extend((!options.is_empty()).then(|| options.to_owned()));
    let lines: Vec<String> = lines.iter().map(|line| format!("#SBATCH {line}")).collect();
    lines.join("\n")
}

/// Name of the population's arrays in the queue; where Slurm takes a list of names, a comma parts them.
pub fn job_name(population: &Population) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    let name = population.name();
    let plain = name.chars().map(|c| if is_plain(c) { c } else { '_' });
    format!("creode-{}", plain.collect::<String>())
}

fn absolute(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    path.display().to_string()
}

fn quoted_for_slurm(text: &str) -> String {
    if text.contains([' ', '\'', '#']) {
        format!("\"{text}\"")
    } else {
        text.to_owned()
    }
}

/// A word as the shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._+-=,:@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The submissions of a population, oldest first; none if there were none.
pub fn submissions(population: &Population) -> Result<Vec<Submission>, PopulationError> {
    let path = submitted_path(population);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = files::read_text(&path, MOST_BYTES);
    let text = text.map_err(|error| PopulationError::read(&path, error))?;
    // A line that a kill cut short is no submission that can be looked for.
    Ok(text.lines().filter_map(submission).collect())
}

fn submission(line: &str) -> Option<Submission> {
    let mut words = line.split('\t');
    let job = words.next()?.parse().ok()?;
    let list = words.next()?.to_owned();
    let runs_per_job = words.next()?.parse().ok().filter(|&number| number > 0)?;
    Some(Submission {
        job,
        list,
        runs_per_job,
    })
}

/// Notes a submission.
pub fn note_submission(
    population: &Population,
    submission: &Submission,
) -> Result<(), PopulationError> {
    use std::io::Write as _;
    let path = submitted_path(population);
    let Submission {
        job,
        list,
        runs_per_job,
    } = submission;
    // The line before may have been cut short.
    let before = files::read_text(&path, MOST_BYTES).unwrap_or_default();
    let end = if before.is_empty() || before.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    let line = format!("{end}{job}\t{list}\t{runs_per_job}\n");
    files::append_to(&path)
        .and_then(|mut file| {
            file.write_all(line.as_bytes())
                .and_then(|()| file.sync_all())
        })
        .map_err(|error| PopulationError::write(&path, error))
}

fn submitted_path(population: &Population) -> PathBuf {
    population.dir().join(SLURM_FOLDER).join("submitted.tsv")
}

/// Names of the runs that some elements train, by element.
pub fn runs_of(
    population: &Population,
    submissions: &[Submission],
    elements: &BTreeSet<Element>,
) -> Result<BTreeMap<Element, Vec<String>>, PopulationError> {
    let mut runs = BTreeMap::new();
    for submission in submissions {
        let own: Vec<&Element> = elements
            .iter()
            .filter(|of| of.job == submission.job)
            .collect();
        if own.is_empty() {
            continue;
        }
        let path = population.dir().join(SLURM_FOLDER).join(&submission.list);
        let text = files::read_text(&path, MOST_BYTES);
        let text = text.map_err(|error| PopulationError::read(&path, error))?;
        let names: Vec<&str> = text
            .lines()
            .filter_map(|line| line.split('\t').next())
            .collect();
        for element in own {
            let first = element.place.saturating_mul(submission.runs_per_job);
            let names = names.iter().skip(first).take(submission.runs_per_job);
            runs.insert(
                element.clone(),
                names.map(|&name| name.to_owned()).collect(),
            );
        }
    }
    Ok(runs)
}

/// The elements that `squeue --noheader --array --format='%F %K %T'` lists, with their states; other jobs are left out.
pub fn queued(text: &str) -> BTreeMap<Element, String> {
    let lines = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (job, place, state) = (words.next()?, words.next()?, words.next()?);
        let element = Element {
            job: job.parse().ok()?,
            place: place.parse().ok()?,
        };
        Some((element, state.to_owned()))
    });
    lines.collect()
}

/// The elements that `sacct --allocations --noheader --parsable2 --format=JobID,State` lists, with the state that each had
/// last.
pub fn accounted(text: &str) -> BTreeMap<Element, String> {
    let lines = text.lines().filter_map(|line| {
        let (id, state) = line.split_once('|')?;
        let (job, place) = id.split_once('_')?;
        let element = Element {
            job: job.parse().ok()?,
            place: place.parse().ok()?,
        };
        // "CANCELLED by 1000" is a state, too.
        let state = state.split_whitespace().next()?;
        Some((element, state.to_owned()))
    });
    lines.collect()
}

#[cfg(test)]
#[path = "slurm_tests.rs"]
mod tests;
