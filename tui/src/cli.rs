//! The command line.
//!
//! Data go to stdout, talk to stderr. Exit codes: 0 done, 1 a claim of an experiment does not hold or a run of a population
//! failed, 2 usage or error (damage to a run included), 130 interrupted after a clean finish of the trace.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand};
use creode::curriculum::Override;

use crate::analyze::AnalyzeArgs;
use crate::curricula::CurriculaArgs;
use crate::dashboard::{self, Background, Start};
use crate::population::PopulationArgs;
use crate::reproduce::ReproduceArgs;
use crate::say::say;
use crate::tasks::TasksArgs;
use crate::zoom::ZoomArgs;
use crate::{
    analyze, compact, curricula, picture, population, reproduce, runs, tasks, train, verify, zoom,
};

/// Exit code of an experiment of which a claim does not hold.
pub const CLAIM_FAILED: u8 = 1;
/// Exit code of a population of which a run failed.
pub const RUN_FAILED: u8 = 1;
/// Exit code of any error.
pub const ERROR: u8 = 2;
/// Exit code of a run that was interrupted and can be resumed.
pub const INTERRUPTED: u8 = 130;

const EXAMPLES: &str = "Examples:
  creode train curricula/flip-flop.toml            train, and trace the landscape
  creode watch                                     follow it from another terminal
  creode replay flip-flop                          scrub through it afterwards
  creode replay flip-flop flip-flop-2              two runs, step beside step
  creode tasks sine                                parameters of a task, and one of its trials
  creode analyze model.safetensors --cell gru      the fixed points of a network of your own

  creode population curricula/flip-flop.toml --seeds 0..19   twenty runs, as many at a time as there are cores

Exit codes: 0 done, 1 a claim does not hold or a run failed, 2 usage or error, 130 interrupted (resumable).";

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
    /// Train many runs that differ in curriculum, settings and seed, here or on a cluster; do what is missing of them
    ///
    /// A population is a folder of runs under the traces directory. The same command goes on with what was interrupted; with
    /// more seeds, values or curricula it extends the population.
    Population(Box<PopulationArgs>),
    /// Scrub through a run, from its first checkpoint on; through several side by side
    ///
    /// One of several is in focus, and moving in it moves the others along: to the same step, share of training or stage, or as
    /// far from an event (key A). The key r gives the focus to the next, X closes it; b in the list opens another.
    Replay {
        /// Names under the traces directory, or paths [default: choose from the list of runs]
        #[arg(value_name = "RUN")]
        runs: Vec<String>,
        #[command(flatten)]
        drawing: Drawing,
    },
    /// Follow a run that is still training; one that does not exist yet is waited for
    Watch {
        /// Names under the traces directory, or paths [default: the run that was written to last]
        #[arg(value_name = "RUN")]
        runs: Vec<String>,
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
    /// Draw a screen of the dashboard as SVG, on stdout
    Picture(PictureArgs),
    /// Run a paper's experiment and print its claims beside what was measured; without a name, list the experiments
    Reproduce(ReproduceArgs),
    /// Check a run: every file there, whole, readable, and in agreement with the others
    Verify {
        /// Name under the traces directory, or a path
        run: String,
    },
    /// Merge the small files of each table of a run into one; a run that ends does so by itself
    Compact {
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
    /// Background that colours are chosen for [default: as COLORFGBG says, otherwise dark]
    #[arg(long, value_name = "KIND", env = "CREODE_BACKGROUND")]
    pub(crate) background: Option<Background>,
}

/// Arguments of `creode picture`.
#[derive(Debug, Args)]
pub(crate) struct PictureArgs {
    /// Names under the traces directory, or paths; the first is looked at
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<String>,
    /// Screen to draw
    #[arg(long, value_name = "NAME", default_value = "landscape")]
    pub(crate) screen: String,
    /// Keys to press before, with spaces between, for example `n n b` or `G <enter>`
    #[arg(long, value_name = "KEYS", default_value = "")]
    pub(crate) keys: String,
    /// Size in cells
    #[arg(long, value_name = "WxH", default_value = "120x36")]
    pub(crate) size: String,
    /// On a light background
    #[arg(long)]
    pub(crate) light: bool,
}

/// Whether a run is begun or gone on with.
#[derive(Debug, Args)]
pub(crate) struct Begin {
    /// Go on with a run that was interrupted or killed
    #[arg(long)]
    pub(crate) resume: bool,
    /// Begin the run if it is not there, go on with it if it is not over, else do nothing
    #[arg(long, conflicts_with = "resume")]
    pub(crate) begin_or_resume: bool,
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
    #[command(flatten)]
    pub(crate) begin: Begin,
    /// Command for the shell once the run has ended or stopped; CREODE_RUN, CREODE_REASON and others tell it how
    #[arg(long, value_name = "COMMAND")]
    pub(crate) on_end: Option<String>,
    /// Command for the shell at each bifurcation that is found; CREODE_RUN, CREODE_KIND, CREODE_TO_STEP and others tell it which
    #[arg(long, value_name = "COMMAND")]
    pub(crate) on_event: Option<String>,
    /// Threads to train with [default: all cores]; the result does not depend on it
    #[arg(long, value_name = "N", value_parser = threads)]
    pub(crate) threads: Option<usize>,
    /// Train in a process of its own and show the dashboard; closing it need not end the training
    #[arg(long)]
    pub(crate) watch: bool,
    /// Go on when the terminal is lost
    #[arg(long, hide = true)]
    pub(crate) detached: bool,
    #[command(flatten)]
    pub(crate) drawing: Drawing,
}

/// A number of threads that helps: more than a few a core only wait for each other.
fn threads(text: &str) -> Result<usize, String> {
    const A_CORE: usize = 4;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let most = A_CORE * cores;
    let count = text.parse::<usize>().ok();
    count
        .filter(|count| (1..=most).contains(count))
        .ok_or_else(|| format!("expected 1 to {most}, as this machine has {cores} cores"))
}

/// A finite number that is not negative, such as a number of seconds.
pub(crate) fn not_negative(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok();
    number
        .filter(|number| number.is_finite() && *number >= 0.0)
        .ok_or_else(|| "expected a finite number, 0 or greater".to_owned())
}

/// A finite number.
pub(crate) fn finite(text: &str) -> Result<f64, String> {
    let number = text.trim().parse::<f64>().ok();
    number
        .filter(|number| number.is_finite())
        .ok_or_else(|| "expected a finite number".to_owned())
}

/// Runs the program.
pub fn main() -> ExitCode {
    be_quiet_about_guarded_panics();
    let cli = Cli::parse();
    match run(&cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            say!("error: {error:#}");
            ExitCode::from(ERROR)
        }
    }
}

/// A decoder that gives up on a damaged file is an error that names the file, and no panic of the program.
fn be_quiet_about_guarded_panics() {
    let default_hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !creode::guard::is_guarded() {
            default_hook(panic);
        }
    }));
}

fn run(cli: &Cli) -> anyhow::Result<u8> {
    match &cli.command {
        Command::Train(args) => train::train(args, &cli.place),
        Command::Population(args) => population::population(args, &cli.place),
        Command::Replay { runs, drawing } => {
            let dirs = runs::find_all(runs, &cli.place, runs::find)?;
            show(dirs, false, &cli.place, drawing)
        }
        Command::Watch { runs, drawing } if runs.is_empty() => {
            // In a terminal the list of runs waits for the first.
            let dirs = match runs::last_written(&cli.place) {
                Err(_) if std::io::stdout().is_terminal() => Vec::new(),
                last => vec![last?],
            };
            show(dirs, true, &cli.place, drawing)
        }
        Command::Watch { runs, drawing } => {
            let dirs = runs::find_all(runs, &cli.place, runs::find_or_await)?;
            show(dirs, true, &cli.place, drawing)
        }
        Command::Picture(args) => picture::picture(args, &cli.place),
        Command::Analyze(args) => analyze::analyze(args, &cli.place),
        Command::Tasks(args) => tasks::tasks(args),
        Command::Zoom(args) => zoom::run(args, &runs::find(&args.run, &cli.place)?),
        Command::Curricula(args) => curricula::curricula(args),
        Command::Reproduce(args) => reproduce::reproduce(args),
        Command::Verify { run } => verify::verify(&runs::find(run, &cli.place)?),
        Command::Compact { run } => compact::compact(&runs::find(run, &cli.place)?),
    }
}

fn show(
    dirs: Vec<PathBuf>,
    following: bool,
    place: &Place,
    drawing: &Drawing,
) -> anyhow::Result<u8> {
    let start = Start {
        dirs,
        traces: place.traces.clone(),
        following,
        ascii: drawing.ascii,
        background: drawing.background,
    };
    dashboard::run(&start, None).map(|_| 0)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}
