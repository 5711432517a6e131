//! `creode analyze`.

mod beyond;
mod follow;
mod landscape;
mod modes;
mod network;
mod sweep;
pub(crate) mod table;
mod watching;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use creode::cell::map::CellMap;
use creode::dynamics::points::starts::running_away;
use creode::foreign::steps::StepPattern;
use creode::foreign::{Tensor, tensors};
use creode::lab::again::{Settings, Subject};
use creode::lab::history::hints::hint_rows;
use creode::lab::history::{History, event_rows};
use creode::map::Map as _;
use creode::trace::{RUN_FILE, Run, write_history};

use crate::arguments::{ERROR, INTERRUPTED, TracesFolder, finite, not_negative};
use crate::say::{print, print_json, say};
use crate::{events, runs};
use network::NetworkArgs;
use sweep::Swept;
use watching::Waiting;

/// Arguments of `creode analyze`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)]
pub(crate) struct AnalyzeArgs {
    /// A run, a file of weights (safetensors, npz, or PyTorch's .pt, .pth, .ckpt), or with --follow a folder of such files
    subject: String,
    /// Checkpoint of the run [default: the last]
    #[arg(long, value_name = "K")]
    checkpoint: Option<u32>,
    /// Bifurcations between all checkpoints of the run, instead of fixed points of one; also written to its
    /// events.parquet and branches.parquet
    #[arg(long)]
    events: bool,
    /// Also hints at global bifurcations: attractors that are no fixed points are followed by simulation from
    /// checkpoint to checkpoint, and where they end scaling laws are fitted; this takes its time
    #[arg(long, requires = "events")]
    hints: bool,
    /// Look at every N-th checkpoint only, as if the others had not been kept; what is found is printed, the tables of the
    /// run stay as they are
    #[arg(long, value_name = "N", default_value_t = 1, requires = "events", value_parser = count)]
    every: usize,
    /// Constant input, one value a channel [default: the task's own, or zeros]
    #[arg(
        long,
        value_name = "U,U,…",
        value_delimiter = ',',
        allow_negative_numbers = true,
        value_parser = finite
    )]
    input: Option<Vec<f64>>,
    /// Also where motion ends: attractors of every kind with the shares of their basins, and where saddles lead
    #[arg(long)]
    attractors: bool,
    /// Also the modes of each fixed point: time constants, frequencies, how far they can be trusted, non-normality; which inputs
    /// they read, which outputs they move, and after how many steps a push along them is forgotten
    #[arg(long)]
    modes: bool,
    /// Also how states move on the trials of a run's task: rotations (jPCA), tangling, and what of them the readout sees
    #[arg(long, conflicts_with_all = ["events", "follow", "sweep", "between"])]
    motion: bool,
    /// Also what is left where motion is slow: approximate continuous attractors, with shape, dimension and drift time
    #[arg(long)]
    continuum: bool,
    /// Also cycles of every period from 2 to K, unstable ones, too; long ones take their time
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(2..))]
    cycles: Option<u32>,
    /// Follow all fixed points along a parameter: gain=0.5..2 (of the recurrent weights) or input.0=-1..1 (a channel)
    #[arg(long, value_name = "NAME=FROM..TO", conflicts_with = "between")]
    sweep: Option<Swept>,
    /// Follow all fixed points from one constant input to another
    #[arg(
        long,
        num_args = 2,
        value_names = ["U,U,…", "U,U,…"],
        allow_hyphen_values = true
    )]
    between: Option<Vec<String>>,
    /// Values of a sweep at which all fixed points are searched
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = count)]
    stations: usize,
    /// Watch the folder: every file of weights that appears in it, or in a numbered folder within it, becomes a checkpoint of a
    /// run
    #[arg(long)]
    follow: bool,
    /// Name of the run that --follow makes [default: that of the folder]
    #[arg(long, value_name = "NAME", requires = "follow")]
    run: Option<String>,
    /// How names tell the training step: {step} in its place, * for any characters, ? for one, as in
    /// 'model_seed1_step{step}*' [default: as the names have in common]
    #[arg(long, value_name = "NAME", requires = "follow")]
    step_pattern: Option<StepPattern>,
    /// Losses that the training writes: CSV, JSON lines, trainer_state.json or a TensorBoard event file [default: what lies
    /// beside the checkpoints]
    #[arg(long, value_name = "FILE", requires = "follow")]
    metrics: Option<PathBuf>,
    /// Trials of the task: inputs [trials, time, channels], and if you like targets and states; fixed points are then sought
    /// from their states, at the inputs held at their ends
    #[arg(long, value_name = "FILE", requires = "follow")]
    trials: Option<PathBuf>,
    /// End --follow when nothing new has appeared for so many seconds [default: at Ctrl-C]
    #[arg(long, value_name = "SECS", requires = "follow", value_parser = not_negative)]
    idle: Option<f64>,
    #[command(flatten)]
    network: NetworkArgs,
    /// File of starts, one a row: npy, npz, safetensors or .pt [default: states of trials, or of simulations]
    #[arg(long, value_name = "FILE")]
    starts: Option<PathBuf>,
    /// Number of starts
    #[arg(long, alias = "n_inits", value_name = "N", value_parser = count)]
    n_inits: Option<usize>,
    /// Jitter of the starts, relative to the states
    #[arg(long, alias = "noise_scale", value_name = "X", value_parser = not_negative)]
    noise_scale: Option<f64>,
    /// Leave out slow points whose q is larger
    #[arg(long, alias = "tol_q", value_name = "Q", value_parser = not_negative)]
    tol_q: Option<f64>,
    /// Seconds that each search may take; what is left undone is then said [default: until it comes to an end]
    #[arg(long, value_name = "SECS", value_parser = not_negative, conflicts_with_all = ["events", "follow"])]
    budget: Option<f64>,
    /// Seed of the starts
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Also write the tables as Parquet files into this folder
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

/// As many starts, stations or checkpoints as a computer can look at.
fn count(text: &str) -> Result<usize, String> {
    const MOST: usize = 1_000_000;
    let number = text.parse::<usize>().ok();
    number
        .filter(|number| (1..=MOST).contains(number))
        .ok_or_else(|| format!("expected a whole number from 1 to {MOST}"))
}

/// Analyses one network, a run or a folder that fills, and prints what was found.
pub(crate) fn analyze(args: &AnalyzeArgs, place: &TracesFolder) -> anyhow::Result<u8> {
    if args.events {
        return print_events(args, place);
    }
    if args.follow {
        return follow::follow(args, place);
    }
    let waiting = Waiting::new(args.budget)?;
    let subject = subject(args, place)?.watched_by(waiting.clone());
    let text = if let Some(swept) = &args.sweep {
        let found = match *swept {
            Swept::Gain { from, to } => subject.sweep_gain((from, to), args.stations)?,
            Swept::Input { channel, from, to } => {
                subject.sweep_input(channel, (from, to), args.stations)?
            }
        };
        sweep::text(&found, args.format == Format::Json)
    } else if let Some(between) = &args.between {
        let (from, to) = (values(&between[0])?, values(&between[1])?);
        let found = subject.sweep_between(&from, &to, args.stations)?;
        sweep::text(&found, args.format == Format::Json)
    } else {
        landscape::text(&subject, args)?
    };
    let is_interrupted = waiting.finish();
    if args.format == Format::Json {
        print_json(&text)?;
    } else {
        print(&text)?;
    }
    Ok(if is_interrupted { INTERRUPTED } else { 0 })
}

fn print_events(args: &AnalyzeArgs, place: &TracesFolder) -> anyhow::Result<u8> {
    refuse_options_of_files(args)?;
    if args.checkpoint.is_some() || args.input.is_some() {
        bail!(
            "--events is of the whole run, at the task's own inputs: it goes without --checkpoint and --input"
        );
    }
    let dir = runs::find(&args.subject, place)?;
    runs::remark(&Run::open(&dir)?);
    let History {
        intervals,
        branches,
    } = events::history(&dir, args.every)?;
    let mut rows = event_rows(&dir, &intervals)?;
    let mut hints = Vec::new();
    if args.hints {
        hints = events::hints(&dir, args.every)?;
        rows.extend(hint_rows(&dir, &hints)?);
    }
    match args.format {
        Format::Json => print_json(&format!(
            "{:#}\n",
            events::as_json(&intervals, &rows, &hints)
        ))?,
        Format::Table => {
            print(&events::as_table(&intervals))?;
            if args.hints {
                print(&events::hint_lines(&hints))?;
            }
        }
    }
    if args.every > 1 {
        say!(
            "note: the tables of the whole run stay as they are: these events are of every {} checkpoints",
            args.every
        );
        return Ok(0);
    }
    // They were printed, whatever becomes of the tables.
    if let Err(error) = write_history(&dir, &rows, &branches) {
        say!("error: the tables were not written: {error}");
        return Ok(ERROR);
    }
    Ok(0)
}

/// What is to be looked at: a checkpoint of a run, or the network of a file.
fn subject(args: &AnalyzeArgs, place: &TracesFolder) -> anyhow::Result<Subject> {
    let settings = Settings {
        starts: args.n_inits,
        noise: args.noise_scale,
        seed: args.seed,
        input: args.input.clone(),
    };
    let file = Path::new(&args.subject);
    let is_run = place.traces.join(&args.subject).join(RUN_FILE).is_file() || !file.is_file();
    if is_run {
        refuse_options_of_files(args)?;
        let dir = runs::find(&args.subject, place)?;
        runs::remark(&Run::open(&dir)?);
        return Ok(Subject::of_run(&dir, args.checkpoint, settings)?);
    }
    if args.checkpoint.is_some() {
        bail!("--checkpoint is for runs, and {} is a file", file.display());
    }
    let network = args.network.read(file)?;
    say!("{}", network.account());
    let input = args.input.clone();
    let map = network.map_at(&input.unwrap_or_else(|| vec![0.0; network.inputs()]))?;
    warn_of_running_away(&map, args.seed);
    let starts = match &args.starts {
        Some(path) => Some(read_starts(path, map.dim())?),
        None => None,
    };
    Ok(Subject::of_network(network, starts, settings))
}

/// Says if most motion goes off to infinity: no network that was trained does, so something was assumed wrongly.
fn warn_of_running_away(map: &CellMap, seed: u64) {
    let (count, of) = running_away(map, seed);
    if 2 * count > of {
        say!(
            "warning: {count} of {of} simulations run away (beyond 10⁶ within 200 steps), as no trained network does: look at what \
             was assumed above; --activation, --cell, --alpha, --transpose or --input may say otherwise"
        );
    }
}

/// A run says all of this itself.
fn refuse_options_of_files(args: &AnalyzeArgs) -> anyhow::Result<()> {
    let starts = args.starts.is_some().then_some("--starts");
    match args.network.given().or(starts) {
        Some(option) => bail!(
            "{option} is for files of weights, and {} is none",
            args.subject
        ),
        None => Ok(()),
    }
}

/// The first array of floating-point numbers of a file, or else of integers, whose rows must be states.
fn read_starts(path: &Path, dim: usize) -> anyhow::Result<Vec<Vec<f64>>> {
    let arrays = tensors::read(path)?;
    let first = |kind: fn(&Tensor) -> bool| arrays.iter().find(|(_, array)| kind(array));
    let Some((name, array)) = first(Tensor::is_float).or_else(|| first(Tensor::is_numeric)) else {
        bail!("{} holds no array of numbers", path.display());
    };
    if array.shape.last() != Some(&dim) {
        bail!(
            "{}: {name} has shape {:?}; starts should be [count, {dim}]",
            path.display(),
            array.shape
        );
    }
    if !array.values.iter().all(|x| x.is_finite()) {
        bail!(
            "{}: {name} holds values that are NaN or infinite",
            path.display()
        );
    }
    Ok(array
        .values
        .chunks_exact(dim)
        .map(<[f64]>::to_vec)
        .collect())
}

/// Numbers separated by commas.
fn values(text: &str) -> anyhow::Result<Vec<f64>> {
    let number = |word: &str| {
        let number = word.trim().parse::<f64>().ok().filter(|x| x.is_finite());
        number.with_context(|| {
            format!("{text}: {word} is no number; write one value a channel, as in 0,0,1")
        })
    };
    text.split(',').map(number).collect()
}
