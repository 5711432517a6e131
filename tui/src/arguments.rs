//! What several commands take, and how they exit.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};
use creode::curriculum::Override;

use crate::dashboard::Background;

/// Exit code of an experiment of which a claim does not hold.
pub(crate) const CLAIM_FAILED: u8 = 1;
/// Exit code where one of many runs failed, or could not be read.
pub(crate) const RUN_FAILED: u8 = 1;
/// Exit code of any error.
pub(crate) const ERROR: u8 = 2;
/// Exit code of a run that was interrupted and can be resumed.
pub(crate) const INTERRUPTED: u8 = 130;

/// Where runs are.
#[derive(Debug, Args)]
pub(crate) struct TracesFolder {
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

/// How a command prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// For programs
    Json,
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
