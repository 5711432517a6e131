//! `creode population`: many runs, here or on a cluster.

mod display;
mod local;
mod pool;
mod queue;
mod slurm;
mod status;

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueEnum};
use creode::population::{
    Asked, Axis, POPULATION_FILE, PlannedRun, Population, Seeds, SlurmOptions, is_population,
};
use creode::text::escaped;

use crate::arguments::TracesFolder;
use crate::runs;
use crate::say::say;

/// Arguments of `creode population`.
#[derive(Debug, Args)]
pub(crate) struct PopulationArgs {
    /// Curriculum files; or one population file; or the name of a population that is there
    #[arg(required = true, value_name = "CURRICULUM|FILE|NAME")]
    subjects: Vec<String>,
    /// Seeds of the runs, as in `0..99` (a hundred) or `0..9,20`
    #[arg(long, value_name = "SEEDS")]
    seeds: Option<Seeds>,
    /// Key of the curricula, and values that each get runs of their own, as in `network.cell=vanilla,gru`
    #[arg(long = "set", value_name = "KEY=A,B,…")]
    axes: Vec<Axis>,
    /// Name of the population, its folder under the traces directory [default: after the file or the curricula]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Mean accuracy at which the last stage counts as learned, in `runs.parquet` [default: as the curriculum says]
    #[arg(long, value_name = "ACCURACY")]
    criterion: Option<f64>,
    /// Where to train
    #[arg(long, value_enum, default_value_t = Where::Local)]
    on: Where,
    /// Runs to train at a time [default: as many as there are cores, if there is memory for them]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    jobs: Option<u16>,
    /// Say how far every run is, and train nothing
    #[arg(long)]
    status: bool,
    /// How to print the status
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Options of `sbatch`, as in `--slurm "--partition=gpu --time=2:00:00"`
    #[arg(long, value_name = "OPTIONS", allow_hyphen_values = true)]
    slurm: Option<String>,
    /// Runs that one element of the job array trains
    #[arg(long, value_name = "N")]
    runs_per_job: Option<usize>,
    /// Have Slurm itself start again what it preempted
    #[arg(long)]
    requeue: bool,
    /// Submit a job, too, that waits for the others and submits what is missing, until all is done or nothing progresses
    #[arg(long)]
    keep_going: bool,
    /// Command for the shell once the population has ended or stopped; CREODE_POPULATION, CREODE_REASON and others tell it how
    #[arg(long, value_name = "COMMAND")]
    on_end: Option<String>,
    /// Command for the shell at each bifurcation that is found in a run, as of `creode train`
    #[arg(long, value_name = "COMMAND")]
    on_event: Option<String>,
    /// Training steps of all runs when what the watcher waited for was submitted
    #[arg(long, value_name = "STEPS", hide = true)]
    after_steps: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Where {
    /// On this machine
    Local,
    /// On a cluster, as a job array
    Slurm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

/// Trains what is missing of a population, or says how far it is; returns the exit code.
pub(crate) fn population(args: &PopulationArgs, place: &TracesFolder) -> anyhow::Result<u8> {
    let (dir, asked) = resolve(args, place)?;
    if args.status {
        if !is_population(&dir) {
            bail!("there is no population at {} yet", dir.display());
        }
        return status::status(&Population::open(&dir)?, args.format);
    }
    let (population, notes) = Population::begin_or_extend(&dir, &asked)?;
    for note in notes {
        say!("note: {note}");
    }
    match args.on {
        Where::Local => local::train(&population, args),
        Where::Slurm => slurm::submit(&population, args, place),
    }
}

/// The folder of the population, and what is asked for.
fn resolve(args: &PopulationArgs, place: &TracesFolder) -> anyhow::Result<(PathBuf, Asked)> {
    let words = Asked {
        axes: args.axes.clone(),
        seeds: args.seeds.clone(),
        criterion: args.criterion,
        slurm: SlurmOptions {
            options: args.slurm.clone().unwrap_or_default(),
            runs_per_job: args.runs_per_job,
            requeue: args.requeue.then_some(true),
        },
        ..Asked::default()
    };
    if let [subject] = args.subjects.as_slice() {
        let there = [place.traces.join(subject), PathBuf::from(subject)];
        if let Some(dir) = there.into_iter().find(|dir| is_population(dir)) {
            if args.name.is_some() {
                bail!("{subject} is a population and has its name: leave `--name` out");
            }
            return Ok((dir, words));
        }
        let path = Path::new(subject);
        if Asked::is_population_file(path) {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let name = args.name.clone().unwrap_or_else(|| name.into_owned());
            return Ok((place.traces.join(name), Asked::read(path)?.with(words)));
        }
        if path.extension().is_none() && !path.exists() {
            bail!("{}", no_population(subject, &place.traces));
        }
    }
    let curricula: Vec<PathBuf> = args.subjects.iter().map(PathBuf::from).collect();
    let name = args
        .name
        .clone()
        .unwrap_or_else(|| default_name(&curricula));
    Ok((place.traces.join(name), Asked { curricula, ..words }))
}

/// A name after the curricula.
fn default_name(curricula: &[PathBuf]) -> String {
    let stems = curricula.iter().map(|path| {
        let stem = path.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    });
    format!("{}-population", stems.collect::<Vec<_>>().join("+"))
}

fn no_population(name: &str, traces: &Path) -> String {
    let entries = std::fs::read_dir(traces).into_iter().flatten().flatten();
    let names: Vec<String> = entries
        .filter(|entry| entry.path().join(POPULATION_FILE).is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let near = runs::nearest(name, names.iter().map(String::as_str));
    let hint = near.map_or_else(
        || "`creode population CURRICULUM --seeds 0..9` makes one".to_owned(),
        |name| format!("did you mean {}?", escaped(name)),
    );
    format!(
        "there is no population {name} under {}, and no file of that name; {hint}",
        traces.display()
    )
}

/// The words of `creode train` for a run of a population that is begun, gone on with or passed by.
fn training(population: &Population, run: &PlannedRun, on_event: Option<&str>) -> Vec<String> {
    let text = |path: &Path| path.display().to_string();
    let mut words = vec![
        "--traces".to_owned(),
        text(population.dir()),
        "train".to_owned(),
    ];
    words.push(text(&population.curriculum_file(&run.curriculum)));
    words.extend(["--run".to_owned(), run.name.clone()]);
    words.extend(["--seed".to_owned(), run.seed.to_string()]);
    for setting in &run.overrides() {
        words.extend(["--set".to_owned(), setting.to_string()]);
    }
    words.push("--begin-or-resume".to_owned());
    if let Some(command) = on_event {
        words.extend(["--on-event".to_owned(), command.to_owned()]);
    }
    words
}
