//! `creode import`: what others recorded becomes something that networks are held against.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use creode::recordings::{Options, Recording};
use creode::trace::check_name;

use crate::arguments::{TracesFolder, finite};
use crate::runs;
use crate::say::print;

/// How the files of recordings end.
const ENDING: &str = ".recording.parquet";

/// What is imported.
#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// Recordings of neurons: conditions × time × neurons, from npz or Parquet
    ///
    /// Counts of spikes become rates, trials of a condition are averaged, and the result is kept beside the runs, where
    /// `creode compare RUN --with NAME` finds it. docs/RECORDINGS.md says what a file holds.
    Recordings(RecordingsArgs),
}

/// Arguments of `creode import recordings`.
#[derive(Debug, Args)]
pub(crate) struct RecordingsArgs {
    /// The file
    file: PathBuf,
    /// What the recording is called [default: the file's name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Width of a time bin in seconds [default: what the file says]
    #[arg(long, value_name = "SECONDS", value_parser = finite)]
    bin_secs: Option<f64>,
    /// What the numbers are [default: what the file says; Hz of spikes]
    #[arg(long, value_name = "UNIT")]
    unit: Option<String>,
    /// What an array of an npz file is, where it has another name: activity, spikes, inputs, conditions or bin_secs
    #[arg(long, value_name = "PART=ARRAY", value_parser = part)]
    map: Vec<(String, String)>,
    /// Smooth each trial by a Gaussian of this standard deviation in seconds
    #[arg(long, value_name = "SECONDS", value_parser = finite)]
    smooth_secs: Option<f64>,
}

fn part(text: &str) -> Result<(String, String), String> {
    let (part, name) = text
        .split_once('=')
        .ok_or("expected PART=ARRAY, as spikes=spikes_before")?;
    Ok((part.to_owned(), name.to_owned()))
}

/// Imports, and says what came of it.
pub(crate) fn run(what: &Import, place: &TracesFolder) -> anyhow::Result<u8> {
    let Import::Recordings(args) = what;
    if let Some(secs) = args.smooth_secs.filter(|secs| *secs <= 0.0) {
        bail!("--smooth-secs {secs}: a width is more than 0");
    }
    let options = Options {
        name: args.name.clone(),
        bin_secs: args.bin_secs,
        unit: args.unit.clone(),
        smooth_secs: args.smooth_secs,
        map: args.map.clone(),
    };
    let recording = Recording::read(&args.file, &options)?;
    check_name(&recording.name).context("give another with --name")?;
    let path = place.traces.join(format!("{}{ENDING}", recording.name));
    if path.exists() {
        bail!(
            "{} is there already: give another name with --name, or delete it",
            path.display()
        );
    }
    std::fs::create_dir_all(&place.traces)
        .with_context(|| format!("cannot make {}", place.traces.display()))?;
    creode::files::write(&path, &recording.to_parquet()?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    print(&told(&recording, &path))?;
    Ok(0)
}

fn told(recording: &Recording, path: &Path) -> String {
    let trials: usize = recording.trials.iter().sum();
    let bins = match (recording.steps, recording.bin_secs) {
        (1, _) => "single bins".to_owned(),
        (steps, Some(secs)) => format!("{steps} bins of {secs} s"),
        (steps, None) => format!("{steps} bins"),
    };
    let inputs = match recording.input_channels {
        0 => "no inputs, so that no network can be run on it".to_owned(),
        channels => format!("{channels} input channels"),
    };
    format!(
        "{}: {} neurons in {}, {} conditions × {bins}, {trials} trials, {inputs}\n",
        path.display(),
        recording.neurons,
        recording.unit,
        recording.count(),
    )
}

/// The recording of a name under the traces directory, or of a path; `None` if there is none.
pub(crate) fn find(name: &str, place: &TracesFolder) -> Option<PathBuf> {
    let candidates = [
        place.traces.join(format!("{name}{ENDING}")),
        PathBuf::from(name),
    ];
    candidates.into_iter().find(|path| path.is_file())
}

/// Reads the recording of a name or path.
pub(crate) fn recording(name: &str, place: &TracesFolder) -> anyhow::Result<Recording> {
    if let Some(path) = find(name, place) {
        return Ok(Recording::read(&path, &Options::default())?);
    }
    let names: Vec<String> = std::fs::read_dir(&place.traces)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|file| file.strip_suffix(ENDING).map(str::to_owned))
        .collect();
    let hint = match (
        runs::nearest(name, names.iter().map(String::as_str)),
        &names[..],
    ) {
        (Some(near), _) => format!("did you mean {near}?"),
        (None, []) => "there are none yet: `creode import recordings FILE` makes one".to_owned(),
        (None, names) => format!("there are {}", names.join(", ")),
    };
    bail!(
        "no recording {name} under {}; {hint}",
        place.traces.display()
    )
}
