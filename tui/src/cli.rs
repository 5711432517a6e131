//! The command line.
//!
//! Data go to stdout, talk to stderr. Exit codes: 0 done, 2 usage or error (damage to a run included), 130 interrupted
//! after a clean finish of the trace; 1 is kept for checks of claims, whose answer may be no.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand};
use creode::curriculum::Override;

use crate::analyze::AnalyzeArgs;
use crate::curricula::CurriculaArgs;
use crate::dashboard::{self, Mode};
use crate::tasks::TasksArgs;
use crate::zoom::ZoomArgs;
use crate::{analyze, curricula, runs, tasks, train, verify, zoom};

/// Exit code of any error.
pub const ERROR: u8 = 2;
/// Exit code of a run that was interrupted and can be resumed.
pub const INTERRUPTED: u8 = 130;

const EXAMPLES: &str = "Examples:
  creode train curricula/flip-flop.toml            train, and trace the landscape
  creode watch                                     follow it from another terminal
  creode replay flip-flop                          scrub through it afterwards
  creode tasks sine                                parameters of a task, and one of its trials
  creode analyze model.safetensors --cell gru      the fixed points of a network of your own

Exit codes: 0 done, 2 usage or error, 130 interrupted (resumable).";

/// Trains recurrent networks, keeps the whole of their learning, and shows how the landscape of fixed points
/// that solves the task comes into being.
#[derive(Debug, Parser)]
#[command(name = "creode", version, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

/// Where runs are.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Directory of the runs
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "CREODE_TRACES",
        default_value = "traces"
    )]
    pub(crate) traces: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Train a network on a curriculum and trace its landscape
    Train(TrainArgs),
    /// Scrub through a run, from its first checkpoint on
    Replay {
        /// Name under the traces directory, or a path
        run: String,
        #[command(flatten)]
        drawing: Drawing,
    },
    /// Follow a run that is still training
    Watch {
        /// Name under the traces directory, or a path [default: the run that was written to last]
        run: Option<String>,
        #[command(flatten)]
        drawing: Drawing,
    },
    /// Find the fixed points of one network: a checkpoint of a run again, or somebody else's weights
    Analyze(Box<AnalyzeArgs>),
    /// List the tasks, or show the parameters of one and a trial of it
    Tasks(TasksArgs),
    /// Train a stretch of a run once more, bit for bit, with every step kept and analysed
    ///
    /// The stretch becomes a run of its own in RUN/zooms, which replay, watch, analyze and verify open by its path. It must
    /// end with the very bytes of the run's own checkpoint; that takes a machine of the same SIMD level.
    Zoom(ZoomArgs),
    /// List curriculum files with the question that each asks
    Curricula(CurriculaArgs),
    /// Check a run: every file there, whole, and readable
    Verify {
        /// Name under the traces directory, or a path
        run: String,
    },
}

/// How the dashboard draws.
#[derive(Debug, Args)]
pub(crate) struct Drawing {
    /// Draw with ASCII characters only
    #[arg(long, env = "CREODE_ASCII", value_parser = FalseyValueParser::new())]
    pub(crate) ascii: bool,
}

/// Arguments of `creode train`.
#[derive(Debug, Args)]
pub(crate) struct TrainArgs {
    /// Curriculum file
    pub(crate) curriculum: PathBuf,
    /// Seed of weights and trials, instead of the file's
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Name of the run [default: the curriculum's, numbered if it is taken]
    #[arg(long, value_name = "NAME")]
    pub(crate) run: Option<String>,
    /// Change a key of the curriculum, for example `network.units=128` or `stage.0.bits=2`
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) overrides: Vec<Override>,
    /// Go on with a run that was interrupted or killed
    #[arg(long)]
    pub(crate) resume: bool,
    /// Threads to train with [default: all cores]; the result does not depend on it
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(ERROR)
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<u8> {
    match &cli.command {
        Command::Train(args) => train::train(args, &cli.place),
        Command::Replay { run, drawing } => {
            show(&runs::find(run, &cli.place)?, Mode::Replay, drawing)
        }
        Command::Watch { run, drawing } => {
            let dir = match run {
                Some(run) => runs::find(run, &cli.place)?,
                None => runs::last_written(&cli.place)?,
            };
            show(&dir, Mode::Watch, drawing)
        }
        Command::Analyze(args) => analyze::analyze(args, &cli.place),
        Command::Tasks(args) => tasks::tasks(args),
        Command::Zoom(args) => zoom::run(args, &runs::find(&args.run, &cli.place)?),
        Command::Curricula(args) => curricula::curricula(args),
        Command::Verify { run } => verify::verify(&runs::find(run, &cli.place)?),
    }
}

fn show(dir: &Path, mode: Mode, drawing: &Drawing) -> anyhow::Result<u8> {
    dashboard::run(dir, mode, drawing.ascii).map(|()| 0)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}
