//! The command line.
//!
//! Data go to stdout, talk to stderr. Exit codes: 0 done, 1 a claim of an experiment does not hold or a run of a population
//! failed, 2 usage or error (damage to a run included), 130 interrupted after a clean finish of the trace.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::analyze::AnalyzeArgs;
use crate::arguments::{Drawing, ERROR, PictureArgs, TracesFolder, TrainArgs};
use crate::compare::CompareArgs;
use crate::course::CourseArgs;
use crate::curricula::CurriculaArgs;
use crate::dashboard::{self, Start};
use crate::ends::EndsArgs;
use crate::figure::FigureArgs;
use crate::import::{self, Import};
use crate::population::PopulationArgs;
use crate::reproduce::ReproduceArgs;
use crate::say::{in_words, say};
use crate::scores::ScoresArgs;
use crate::tasks::TasksArgs;
use crate::zoom::ZoomArgs;
use crate::{
    analyze, compact, compare, course, curricula, ends, figure, picture, population, reproduce,
    runs, scores, tasks, train, verify, zoom,
};

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
    place: TracesFolder,
    #[command(subcommand)]
    command: Command,
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
    /// Draw a figure of a run for a paper, as SVG or PNG
    Figure(FigureArgs),
    /// Draw a screen of the dashboard as SVG, on stdout
    Picture(PictureArgs),
    /// How well the networks of a population find their way: which is ahead in which room
    Scores(ScoresArgs),
    /// Compare runs and populations: the same end? the same path? which curriculum learns sooner?
    ///
    /// Of few runs every pair is shown; of many the groups that --by sorts them into, with 95 % intervals over runs. Ends are
    /// compared by states on the same trials and by landscapes, paths by their bifurcations. Runs that cannot be read are
    /// named and left out; the exit code is then 1.
    Compare(CompareArgs),
    /// Take what others recorded, to hold networks against it
    #[command(subcommand)]
    Import(Import),
    /// Where an optimiser would go from each checkpoint of a run, beside where learning went
    ///
    /// From a checkpoint on, L-BFGS goes downhill on one large batch of the task. The landscape that it ends with is compared with
    /// that of the last checkpoint: so one sees when learning had decided. Each end is a run of its own in RUN/ends.
    Ends(EndsArgs),
    /// Follow one network through its checkpoints: how far it is from its end, and in which stage of learning
    ///
    /// Of each checkpoint: loss, fixed points, how its topology changed, the distance of its landscape, its representation and its
    /// weights to those of the end, and with --barriers the barriers of the loss on the straight lines there.
    Course(CourseArgs),
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

/// Runs the program.
pub fn main() -> ExitCode {
    be_quiet_about_guarded_panics();
    let cli = Cli::parse();
    if let Some(named) = creode::simd::refused_level() {
        say!(
            "error: CREODE_SIMD={named}: this machine has no such SIMD level; without the variable it runs at its highest, with \
             `x86-64-v3` or `scalar` at a lower one"
        );
        return ExitCode::from(ERROR);
    }
    match run(&cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            say!("error: {}", in_words(&error));
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
        Command::Figure(args) => figure::figure(args, &cli.place),
        Command::Picture(args) => picture::picture(args, &cli.place),
        Command::Analyze(args) => analyze::analyze(args, &cli.place),
        Command::Tasks(args) => tasks::tasks(args),
        Command::Zoom(args) => zoom::run(args, &runs::find(&args.run, &cli.place)?),
        Command::Curricula(args) => curricula::curricula(args),
        Command::Scores(args) => scores::run(args, &cli.place),
        Command::Compare(args) => compare::run(args, &cli.place),
        Command::Ends(args) => ends::run(args, &runs::find(&args.run, &cli.place)?),
        Command::Course(args) => course::run(args, &runs::find(&args.run, &cli.place)?),
        Command::Import(what) => import::run(what, &cli.place),
        Command::Reproduce(args) => reproduce::reproduce(args, &cli.place),
        Command::Verify { run } => verify::verify(&runs::find(run, &cli.place)?),
        Command::Compact { run } => compact::compact(&runs::find(run, &cli.place)?),
    }
}

fn show(
    dirs: Vec<PathBuf>,
    following: bool,
    place: &TracesFolder,
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
