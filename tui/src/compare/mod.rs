//! `creode compare`: many runs held against each other.

mod csv;
mod json;
mod recorded;
mod text;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anyhow::bail;
use clap::{Args, ValueEnum};
use creode::comparison::matrix::AnyMeasure;
use creode::comparison::measures;
use creode::comparison::reading::View;
use creode::comparison::runs::{
    Comparison, PATH_MEASURES, PairSummary, Settings, Verdict, compare,
};
use creode::trace::RUN_FILE;
use indicatif::{ProgressBar, ProgressStyle};

use crate::arguments::{INTERRUPTED, RUN_FAILED, TracesFolder, finite};
use crate::runs;
use crate::say::{print, print_json, say};
use crate::signals::{ALL, stop_on_signals};

/// Comparisons of at most so many runs print every pair of them.
const FEW: usize = 6;

/// Arguments of `creode compare`.
#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// Runs, or folders of runs such as populations: names under the traces directory, or paths
    #[arg(value_name = "RUN|POPULATION", required_unless_present = "list")]
    names: Vec<String>,
    /// What sorts runs into groups: curriculum, pretraining, cell, rule, task, population, or a key of run.toml such as `network.units`; several
    /// with commas between
    #[arg(long, value_name = "KEY", default_value = "curriculum")]
    by: String,
    /// Measure of the last networks, several times for several [default: cka, svcca, procrustes, spectra, topology]
    #[arg(long, value_name = "NAME")]
    measure: Vec<String>,
    /// List the measures
    #[arg(long)]
    list: bool,
    /// Mean accuracy at which a network counts as having learned
    #[arg(long, value_name = "SHARE", default_value = "0.95", value_parser = finite)]
    accuracy: f64,
    /// Training steps that this mean is taken over
    #[arg(long, value_name = "N", default_value = "50", value_parser = clap::value_parser!(u32).range(1..))]
    window: u32,
    #[command(flatten)]
    view: ViewArgs,
    /// Hold every checkpoint of the runs against a recording of neurons: its name, or a path; a recording may stand in place of a
    /// run, too
    #[arg(long, value_name = "RECORDING", conflicts_with_all = ["measure", "against", "pairs", "end", "path", "same_seed"])]
    with: Option<String>,
    /// Compare runs that have not ended as they are
    #[arg(long)]
    unfinished: bool,
    /// Measure that all others are held against: by how much each tells the groups better apart, with intervals over runs
    #[arg(long, value_name = "NAME")]
    against: Option<String>,
    #[command(flatten)]
    pairs: PairArgs,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Folder for the files of `--format parquet`: runs.parquet and pairs.parquet
    #[arg(short, long, value_name = "DIR", required_if_eq("format", "parquet"))]
    output: Option<PathBuf>,
}

/// Which pairs are printed.
#[derive(Debug, Args)]
struct PairArgs {
    /// Print every pair, those with the most first bifurcations in common first [default: of at most 6 runs]
    #[arg(long)]
    pairs: bool,
    /// Of the pairs only those with the same end (isomorphic graphs of fixed points), or with another
    #[arg(long, value_enum, value_name = "WHICH")]
    end: Option<Which>,
    /// Of the pairs only those with the same path (bifurcations in the same order), or with another
    #[arg(long, value_enum, value_name = "WHICH")]
    path: Option<Which>,
    /// Of the pairs only those of one seed: of one cell and size they had the same weights before training
    #[arg(long)]
    same_seed: bool,
}

/// How networks are looked at.
#[derive(Debug, Args)]
struct ViewArgs {
    /// Probe trials on which networks are compared
    #[arg(long, value_name = "N", default_value = "256", value_parser = clap::value_parser!(u32).range(4..=100_000))]
    trials: u32,
    /// Compare fixed points alone, without what leads from one to another
    #[arg(long)]
    no_edges: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// The same
    Same,
    /// Another
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs: everything
    Json,
    /// The pairs, for spreadsheets
    Csv,
    /// Runs and pairs as tables, into a folder
    Parquet,
}

/// Compares runs; 1 if some of them could not be read.
pub(crate) fn run(args: &CompareArgs, place: &TracesFolder) -> anyhow::Result<u8> {
    if args.list {
        print(&text::measures())?;
        return Ok(0);
    }
    if let Some(recording) = &args.with {
        return recorded::run(args, recording, place);
    }
    let settings = settings(args)?;
    let dirs = dirs(&args.names, place)?;
    if dirs.len() < 2 {
        bail!(
            "{} holds one run; two at least can be compared",
            args.names.join(", ")
        );
    }
    let bar = ProgressBar::new(dirs.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} runs read · {eta} left")
    {
        bar.set_style(style.progress_chars("━╸─"));
    }
    let stop: std::sync::Arc<AtomicBool> = stop_on_signals(&ALL, || {
        "the run that is being read is finished first".to_owned()
    })?;
    let comparison = compare(&dirs, &settings, &stop, &|done, _| {
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    if stop.load(std::sync::atomic::Ordering::Relaxed) {
        say!("interrupted: nothing was compared");
        return Ok(INTERRUPTED);
    }
    for skipped in &comparison.skipped {
        say!("skipped: {}: {}", skipped.dir.display(), skipped.reason);
    }
    if comparison.runs.len() < 2 {
        bail!(
            "{} of {} runs can be compared; two at least are needed",
            comparison.runs.len(),
            dirs.len()
        );
    }
    report(&comparison, args)?;
    let is_damaged = comparison.skipped.iter().any(|skipped| skipped.is_damaged);
    Ok(if is_damaged { RUN_FAILED } else { 0 })
}

fn report(comparison: &Comparison, args: &CompareArgs) -> anyhow::Result<()> {
    let pairs = || chosen_pairs(comparison, args);
    match args.format {
        Format::Table => {
            let of = &args.pairs;
            let asked = of.pairs || of.end.is_some() || of.path.is_some();
            let shown = (asked || comparison.runs.len() <= FEW).then(pairs);
            print(&text::all(
                comparison,
                shown.as_deref(),
                args.pairs.same_seed,
            ))
        }
        Format::Json => {
            let all = json::all(comparison, &pairs(), args.pairs.same_seed);
            print_json(&format!("{all:#}\n"))
        }
        Format::Csv => print(&csv::pairs(comparison, &pairs())),
        Format::Parquet => write_tables(comparison, &pairs(), args.output.as_deref()),
    }
}

fn write_tables(
    comparison: &Comparison,
    pairs: &[PairSummary],
    folder: Option<&Path>,
) -> anyhow::Result<()> {
    let folder = folder.unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    for (name, bytes) in [
        ("runs.parquet", comparison.runs_table()?),
        ("pairs.parquet", comparison.pairs_table(pairs)?),
    ] {
        let path = folder.join(name);
        creode::files::write(&path, &bytes)?;
        say!("{}", path.display());
    }
    Ok(())
}

/// The pairs that were asked for, those that began alike for longest first.
fn chosen_pairs(comparison: &Comparison, args: &CompareArgs) -> Vec<PairSummary> {
    let fits = |verdict: Verdict, wanted: Option<Which>| match wanted {
        None => true,
        Some(Which::Same) => verdict == Verdict::Same,
        Some(Which::Other) => verdict == Verdict::Other,
    };
    let mut pairs: Vec<PairSummary> = comparison
        .pairs()
        .filter(|pair| {
            let [a, b] = pair.places;
            let is_of_seed = !args.pairs.same_seed || comparison.is_of_one_seed(a, b);
            is_of_seed && fits(pair.end, args.pairs.end) && fits(pair.path, args.pairs.path)
        })
        .collect();
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.first_events_shared));
    pairs
}

fn settings(args: &CompareArgs) -> anyhow::Result<Settings> {
    let mut settings = Settings {
        view: View {
            trials: args.view.trials as usize,
            has_edges: !args.view.no_edges,
            ..View::default()
        },
        by: args.by.clone(),
        accuracy: args.accuracy,
        window: args.window as usize,
        takes_unfinished: args.unfinished,
        against: args.against.clone(),
        ..Settings::default()
    };
    if !args.measure.is_empty() {
        settings.measures = args
            .measure
            .iter()
            .map(|name| measure(name))
            .collect::<Result<_, _>>()?;
    }
    if let Some(name) = &args.against {
        let is_of_paths = PATH_MEASURES.iter().any(|(of, _)| of == name);
        let is_there = settings.measures.iter().any(|of| of.name() == name);
        if !is_of_paths && !is_there {
            settings.measures.push(measure(name)?);
        }
    }
    Ok(settings)
}

pub(crate) fn measure(name: &str) -> anyhow::Result<&'static dyn AnyMeasure> {
    if let Some(found) = measures::named(name) {
        return Ok(found);
    }
    let all = measures::all();
    let names = all.iter().map(|of| of.name());
    let of_paths = PATH_MEASURES.iter().any(|(of, _)| *of == name);
    if of_paths {
        bail!("{name} compares paths, which is always done: --measure chooses those of ends");
    }
    let hint = runs::nearest(name, names.clone()).map_or_else(
        || format!("there are {}", names.collect::<Vec<_>>().join(", ")),
        |near| format!("did you mean {near}?"),
    );
    bail!("no measure {name}; {hint}")
}

/// The folders of the runs: those named, and those within the folders named; each once.
pub(crate) fn dirs(names: &[String], place: &TracesFolder) -> anyhow::Result<Vec<PathBuf>> {
    let mut dirs: Vec<PathBuf> = Vec::new();
    for name in names {
        let candidates = [place.traces.join(name), PathBuf::from(name)];
        let folder = candidates
            .iter()
            .find(|path| path.is_dir() && !path.join(RUN_FILE).is_file());
        let found = match folder {
            Some(folder) => within(folder)?,
            None => vec![runs::find(name, place)?],
        };
        for dir in found {
            let real = dir.canonicalize().unwrap_or_else(|_| dir.clone());
            if dirs
                .iter()
                .all(|known| known.canonicalize().unwrap_or_else(|_| known.clone()) != real)
            {
                dirs.push(dir);
            }
        }
    }
    Ok(dirs)
}

/// The runs in a folder.
fn within(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut dirs: Vec<PathBuf> = std::fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join(RUN_FILE).is_file())
        .collect();
    dirs.sort();
    if dirs.is_empty() {
        bail!("{} holds no run", folder.display());
    }
    Ok(dirs)
}
