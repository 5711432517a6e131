//! `creode analyze`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use creode::cell::spec::Activation;
use creode::foreign::{CellName, ForeignNetwork, Options, Role, tensors};
use creode::lab::again::{self, Portrait, Settings, name_of_input};
use creode::lab::analysed::Analysed;
use creode::lab::history::{History, event_rows};
use creode::map::Map as _;
use creode::trace::rows::{FixedPointRow, SlowPointRow};
use creode::trace::{RUN_FILE, write_branches, write_events};
use serde_json::{Value, json};

use crate::cli::Place;
use crate::{events, runs};

/// Arguments of `creode analyze`.
#[derive(Debug, Args)]
pub(crate) struct AnalyzeArgs {
    /// A run, or a file of weights: .safetensors (PyTorch's names) or .npz
    subject: String,
    /// Checkpoint of the run [default: the last]
    #[arg(long, value_name = "K")]
    checkpoint: Option<u32>,
    /// Bifurcations between all checkpoints of the run, instead of fixed points of one; also written to its
    /// events.parquet and branches.parquet
    #[arg(long)]
    events: bool,
    /// Constant input, one value a channel [default: the task's own, or zeros]
    #[arg(
        long,
        value_name = "U,U,…",
        value_delimiter = ',',
        allow_negative_numbers = true
    )]
    input: Option<Vec<f64>>,
    /// Cell of a file of weights [default: by the shape of the recurrent weights]
    #[arg(long, value_enum)]
    cell: Option<Cell>,
    /// Time step over time constant of a leaky cell
    #[arg(long, value_name = "A")]
    alpha: Option<f64>,
    /// Nonlinearity of a vanilla or leaky cell
    #[arg(long, value_enum)]
    activation: Option<Nonlinearity>,
    /// Which tensor plays which part: recurrent, input, bias, hidden-bias, outward and inward (m and n of a low-rank
    /// network), diagonal, readout, readout-bias
    #[arg(long = "map", value_name = "PART=NAME", value_parser = part)]
    names: Vec<(Role, String)>,
    /// File of starts, one a row: .npy, .npz or .safetensors [default: states of trials, or of simulations]
    #[arg(long, value_name = "FILE")]
    starts: Option<PathBuf>,
    /// Number of starts
    #[arg(long, alias = "n_inits", value_name = "N")]
    n_inits: Option<usize>,
    /// Jitter of the starts, relative to the states
    #[arg(long, alias = "noise_scale", value_name = "X")]
    noise_scale: Option<f64>,
    /// Leave out slow points whose q is larger
    #[arg(long, alias = "tol_q", value_name = "Q")]
    tol_q: Option<f64>,
    /// Seed of the starts
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Cell {
    Vanilla,
    LeakyRates,
    LeakyCurrents,
    Ugrnn,
    Gru,
    Lstm,
    PiecewiseLinear,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Nonlinearity {
    Tanh,
    Relu,
}

fn part(text: &str) -> Result<(Role, String), String> {
    let (role, name) = text.split_once('=').ok_or("write PART=NAME")?;
    Ok((role.parse()?, name.to_owned()))
}

/// Analyses one network and prints its landscape.
pub(crate) fn analyze(args: &AnalyzeArgs, place: &Place) -> anyhow::Result<u8> {
    let settings = Settings {
        starts: args.n_inits,
        noise: args.noise_scale,
        seed: args.seed,
        input: args.input.clone(),
    };
    let file = Path::new(&args.subject);
    if args.events {
        return print_events(args, place);
    }
    let is_run = place.traces.join(&args.subject).join(RUN_FILE).is_file() || !file.is_file();
    let portrait = if is_run {
        refuse_options_of_files(args)?;
        again::of_run(
            &runs::find(&args.subject, place)?,
            args.checkpoint,
            &settings,
        )?
    } else {
        of_file(file, args, &settings)?
    };
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Json => writeln!(out, "{:#}", as_json(&portrait, args.tol_q))?,
        Format::Table => out.write_all(as_table(&portrait, args.tol_q).as_bytes())?,
    }
    Ok(0)
}

fn print_events(args: &AnalyzeArgs, place: &Place) -> anyhow::Result<u8> {
    refuse_options_of_files(args)?;
    if args.checkpoint.is_some() || args.input.is_some() {
        bail!(
            "--events is of the whole run, at the task's own inputs: it goes without --checkpoint and --input"
        );
    }
    let dir = runs::find(&args.subject, place)?;
    let History {
        intervals,
        branches,
    } = events::history(&dir)?;
    let rows = event_rows(&dir, &intervals)?;
    write_events(&dir, &rows)?;
    write_branches(&dir, &branches)?;
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Json => writeln!(out, "{:#}", events::as_json(&intervals, &rows))?,
        Format::Table => out.write_all(events::as_table(&intervals).as_bytes())?,
    }
    Ok(0)
}

/// A run says all of this itself.
fn refuse_options_of_files(args: &AnalyzeArgs) -> anyhow::Result<()> {
    let given = [
        ("--cell", args.cell.is_some()),
        ("--alpha", args.alpha.is_some()),
        ("--activation", args.activation.is_some()),
        ("--map", !args.names.is_empty()),
        ("--starts", args.starts.is_some()),
    ];
    match given.iter().find(|(_, is_given)| *is_given) {
        Some((option, _)) => bail!(
            "{option} is for files of weights, and {} is none",
            args.subject
        ),
        None => Ok(()),
    }
}

fn of_file(path: &Path, args: &AnalyzeArgs, settings: &Settings) -> anyhow::Result<Portrait> {
    if args.checkpoint.is_some() {
        bail!("--checkpoint is for runs, and {} is a file", path.display());
    }
    let options = Options {
        cell: args.cell.map(|cell| match cell {
            Cell::Vanilla => CellName::Vanilla,
            Cell::LeakyRates => CellName::LeakyRates,
            Cell::LeakyCurrents => CellName::LeakyCurrents,
            Cell::Ugrnn => CellName::Ugrnn,
            Cell::Gru => CellName::Gru,
            Cell::Lstm => CellName::Lstm,
            Cell::PiecewiseLinear => CellName::PiecewiseLinear,
        }),
        alpha: args.alpha,
        activation: args.activation.map(|activation| match activation {
            Nonlinearity::Tanh => Activation::Tanh,
            Nonlinearity::Relu => Activation::Relu,
        }),
        names: args.names.iter().cloned().collect::<BTreeMap<_, _>>(),
    };
    let network = ForeignNetwork::new(&tensors::read(path)?, &options)
        .with_context(|| path.display().to_string())?;
    let input = settings
        .input
        .clone()
        .unwrap_or_else(|| vec![0.0; network.inputs()]);
    let map = network.map_at(&input)?;
    let starts = match &args.starts {
        Some(path) => Some(read_starts(path, map.dim())?),
        None => None,
    };
    let condition = if input.iter().all(|&u| u == 0.0) {
        "no input".to_owned()
    } else {
        name_of_input(&input)
    };
    Ok(again::of_map(
        condition,
        map,
        network.readout().clone(),
        starts,
        settings,
    )?)
}

/// The first array of a file, whose rows must be states.
fn read_starts(path: &Path, dim: usize) -> anyhow::Result<Vec<Vec<f64>>> {
    let arrays = tensors::read(path)?;
    let Some((name, array)) = arrays.iter().next() else {
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

fn slow_points(portrait: &Portrait, of: &Analysed, tol_q: Option<f64>) -> Vec<SlowPointRow> {
    let rows = of.slow_points(portrait.id, &portrait.readout, &portrait.projection);
    let is_kept = |row: &SlowPointRow| tol_q.is_none_or(|tol_q| row.q <= tol_q);
    rows.into_iter().filter(is_kept).collect()
}

fn fixed_points(portrait: &Portrait, of: &Analysed) -> Vec<FixedPointRow> {
    let mut rows = of.fixed_points(portrait.id, &portrait.readout, &portrait.projection);
    rows.sort_by_key(|row| (row.n_unstable, row.point));
    rows
}

/// The columns of `fixed_points` and `slow_points`, with arrays for lists.
fn as_json(portrait: &Portrait, tol_q: Option<f64>) -> Value {
    let condition = |of: &Analysed| {
        let row = of.landscape_row(portrait.id);
        let fixed = fixed_points(portrait, of).into_iter().map(|row| {
            json!({
                "checkpoint": row.checkpoint, "step": row.step, "condition": row.condition, "point": row.point,
                "kind": row.kind.name(), "state": row.state, "q": row.q, "radius": row.radius,
                "n_unstable": row.n_unstable, "multiplier_re": row.multiplier_re,
                "multiplier_im": row.multiplier_im, "index": row.index, "readout": row.readout,
                "basin_fraction": row.basin_fraction, "found": row.found.name(), "pc": row.pc,
            })
        });
        let slow = slow_points(portrait, of, tol_q).into_iter().map(|row| {
            json!({
                "checkpoint": row.checkpoint, "step": row.step, "condition": row.condition, "state": row.state,
                "q": row.q, "n_unstable": row.n_unstable, "multiplier_re": row.multiplier_re,
                "multiplier_im": row.multiplier_im, "readout": row.readout, "pc": row.pc,
            })
        });
        json!({
            "condition": row.condition, "index_sum": row.index_sum, "index_expected": row.index_expected,
            "complete": of.findings.complete.name(), "unseen_estimate": row.unseen_estimate, "n_starts": row.n_starts, "warning": row.warning,
            "fixed_points": fixed.collect::<Vec<Value>>(), "slow_points": slow.collect::<Vec<Value>>(),
        })
    };
    json!({ "conditions": portrait.landscapes.iter().map(condition).collect::<Vec<Value>>() })
}

fn as_table(portrait: &Portrait, tol_q: Option<f64>) -> String {
    let mut lines = Vec::new();
    for of in &portrait.landscapes {
        let row = of.landscape_row(portrait.id);
        let expected = row
            .index_expected
            .map_or(String::new(), |sum| format!(" (theory {sum:+})"));
        let slow = slow_points(portrait, of, tol_q);
        lines.push(format!(
            "{}: {}, {} stable · index sum {:+}{expected} · complete: {} · {} · {} starts, {:.2} s",
            row.condition,
            count(row.n_fixed as usize, "fixed point"),
            row.n_stable,
            row.index_sum,
            of.findings.complete.name().replace('_', " "),
            count(slow.len(), "slow point"),
            row.n_starts,
            row.wall_secs
        ));
        if let Some(warning) = &row.warning {
            lines.push(format!("warning: {warning}"));
        }
        let head = [
            "point", "kind", "unstable", "|λ|max", "q", "index", "readout",
        ];
        let mut table = vec![head.map(str::to_owned)];
        table.extend(fixed_points(portrait, of).iter().map(|row| {
            [
                row.point.to_string(),
                row.kind.name().replace('_', " "),
                row.n_unstable.to_string(),
                format!("{:.6}", row.multiplier_re.hypot(row.multiplier_im)),
                format!("{:.1e}", row.q),
                format!("{:+}", row.index),
                vector(&row.readout),
            ]
        }));
        table.extend(slow.iter().map(|row| {
            [
                "·".to_owned(),
                "slow point".to_owned(),
                row.n_unstable.to_string(),
                format!("{:.6}", row.multiplier_re.hypot(row.multiplier_im)),
                format!("{:.1e}", row.q),
                String::new(),
                vector(&row.readout),
            ]
        }));
        lines.extend(aligned(&table));
    }
    lines.join("\n") + "\n"
}

pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

fn vector(values: &[f64]) -> String {
    let parts: Vec<String> = values.iter().map(|x| format!("{x:+.3}")).collect();
    parts.join(" ")
}

/// Columns padded to their widest cell.
pub(crate) fn aligned<const N: usize>(table: &[[String; N]]) -> Vec<String> {
    let width = |column: usize| {
        let cells = table.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths);
        let padded: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    table.iter().map(line).collect()
}
