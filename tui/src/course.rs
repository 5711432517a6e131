//! `creode course`: one network through its checkpoints, and how far it is from its end.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::bail;
use clap::{Args, ValueEnum};
use creode::comparison::course::{Course, Settings, Waypoint, course};
use creode::comparison::reading::View;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::analyze::table::aligned;
use crate::arguments::{INTERRUPTED, finite};
use crate::reproduce::number;
use crate::say::{print, print_json, say};
use crate::signals::{ALL, stop_on_signals};

/// Arguments of `creode course`.
#[derive(Debug, Args)]
pub(crate) struct CourseArgs {
    /// Name under the traces directory, or a path
    pub(crate) run: String,
    /// Measure the barriers of the loss on the straight lines to the next and to the last checkpoint
    #[arg(long)]
    barriers: bool,
    /// A loss of at most this is good, in the stages of learning [default: halfway between the highest and the lowest, in
    /// logarithms]
    #[arg(long, value_name = "LOSS", value_parser = finite)]
    good_loss: Option<f64>,
    /// A change of topology above this is changing, in the stages of learning
    #[arg(long, value_name = "CHANGE", default_value = "0.1", value_parser = finite)]
    changing: f64,
    /// Probe trials
    #[arg(long, value_name = "N", default_value = "256", value_parser = clap::value_parser!(u32).range(4..=100_000))]
    trials: u32,
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
    /// For spreadsheets
    Csv,
}

/// Follows the network of a run.
pub(crate) fn run(args: &CourseArgs, dir: &Path) -> anyhow::Result<u8> {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} checkpoints · {eta} left")
    {
        bar.set_style(style.progress_chars("━╸─"));
    }
    let waits = || "the checkpoints that are being looked at are finished first".to_owned();
    let stop = stop_on_signals(&ALL, waits)?;
    let settings = Settings {
        view: View {
            trials: args.trials as usize,
            ..View::default()
        },
        good_loss: args.good_loss,
        changing_topology: args.changing,
        has_barriers: args.barriers,
    };
    let found = course(dir, settings, &stop, &|done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let found = found?;
    if found.waypoints.is_empty() && !found.is_partial {
        bail!("{}", without_landscape(dir));
    }
    if found.is_partial {
        say!("interrupted: not all checkpoints were looked at");
        return Ok(INTERRUPTED);
    }
    match args.format {
        Format::Table => print(&table(&found))?,
        Format::Json => print_json(&format!("{:#}\n", as_json(&found)))?,
        Format::Csv => print(&csv(&found))?,
    }
    Ok(0)
}

pub(crate) fn without_landscape(dir: &Path) -> String {
    format!(
        "no checkpoint of {} has a landscape yet, so there is nothing to follow",
        dir.display()
    )
}

/// A column: its names for people and programs, and its value.
type Column = (&'static str, &'static str, fn(&Waypoint) -> Option<f64>);

const COLUMNS: [Column; 16] = [
    ("step", "step", |of| Some(of.step as f64)),
    ("stage", "stage", |of| Some(f64::from(of.stage.number()))),
    ("loss", "loss", |of| Some(of.loss)),
    ("accuracy", "accuracy", |of| Some(of.accuracy)),
    ("points", "n_fixed", |of| Some(of.n_fixed[0] as f64)),
    ("stable", "n_stable", |of| Some(of.n_fixed[1] as f64)),
    ("topology changes", "topology_change", |of| {
        Some(of.topology_change)
    }),
    ("edits to end", "topology_to_end", |of| {
        of.topology_to_end.as_ref().ok().copied()
    }),
    ("cka to end", "cka_to_end", |of| {
        of.cka_to_end.as_ref().ok().copied()
    }),
    ("svcca to end", "svcca_to_end", |of| {
        of.svcca_to_end.as_ref().ok().copied()
    }),
    ("weights moved", "weights_moved", |of| of.weights_moved),
    ("turn (°)", "turning_angle_degrees", |of| {
        of.turning_angle.map(f64::to_degrees)
    }),
    ("weights to end", "weights_to_end", |of| of.weights_to_end),
    ("barrier to next", "barrier_to_next", |of| {
        of.barrier_to_next
    }),
    ("barrier to end", "barrier_to_end", |of| of.barrier_to_end),
    ("complete", "is_complete", |of| {
        Some(f64::from(u8::from(of.is_complete)))
    }),
];

/// The columns that any checkpoint has a value in.
fn columns(found: &Course) -> Vec<&'static Column> {
    let has_any = |column: &&Column| {
        let mut values = found.waypoints.iter().map(|of| column.2(of));
        values.any(|value| value.is_some_and(|of| !of.is_nan()))
    };
    COLUMNS.iter().filter(has_any).collect()
}

fn table(found: &Course) -> String {
    let shown: Vec<&Column> = columns(found)
        .into_iter()
        .filter(|column| column.0 != "complete")
        .collect();
    let mut rows = vec![shown.iter().map(|of| of.0.to_owned()).collect::<Vec<_>>()];
    rows.extend(found.waypoints.iter().map(|waypoint| {
        let cells = shown.iter().map(|column| {
            let text = column.2(waypoint).map_or("–".to_owned(), number);
            let is_unsure = column.0 == "points" && !waypoint.is_complete;
            if is_unsure { format!("{text} ?") } else { text }
        });
        cells.collect()
    }));
    let mut text = aligned(&rows).join("\n");
    text.push_str("\n\n");
    text.push_str(&stages(found));
    text
}

/// In words: when which stage began.
fn stages(found: &Course) -> String {
    let has_points = found.waypoints.iter().any(|of| of.n_fixed[0] > 0);
    if found.criterion.good_loss.is_nan() || !has_points {
        return "no stages of learning: they need the loss and the fixed points of the network\n"
            .to_owned();
    }
    let begins = found.waypoints.chunk_by(|a, b| a.stage == b.stage);
    let stages = begins.filter_map(|of| {
        let first = of.first()?;
        let (number, name) = (first.stage.number(), first.stage.name());
        Some(format!("{number} ({name}) from step {}", first.step))
    });
    format!(
        "stages of learning, by loss (good: at most {}) and topology (changing: by more than {}): {}\n",
        number(found.criterion.good_loss),
        number(found.criterion.changing_topology),
        stages.collect::<Vec<_>>().join("; ")
    )
}

fn as_json(found: &Course) -> serde_json::Value {
    let waypoints = found.waypoints.iter().map(|waypoint| {
        let mut object = serde_json::Map::new();
        object.insert("checkpoint".to_owned(), json!(waypoint.checkpoint));
        for (_, name, value) in COLUMNS {
            let value = value(waypoint).filter(|of| of.is_finite());
            object.insert(name.to_owned(), json!(value));
        }
        object.insert("is_complete".to_owned(), json!(waypoint.is_complete));
        object.insert("n_fixed".to_owned(), json!(waypoint.n_fixed[0]));
        object.insert("n_stable".to_owned(), json!(waypoint.n_fixed[1]));
        object.insert("stage".to_owned(), json!(waypoint.stage.number()));
        object.insert("step".to_owned(), json!(waypoint.step));
        serde_json::Value::Object(object)
    });
    json!({
        "run": found.name,
        "good_loss": found.criterion.good_loss,
        "changing_topology": found.criterion.changing_topology,
        "checkpoints": waypoints.collect::<Vec<_>>(),
    })
}

fn csv(found: &Course) -> String {
    let names: Vec<&str> = COLUMNS.iter().map(|of| of.1).collect();
    let mut text = format!("{}\n", names.join(","));
    for waypoint in &found.waypoints {
        let cells = COLUMNS.iter().map(|of| {
            let value = of.2(waypoint);
            value.map_or(String::new(), |value| value.to_string())
        });
        let _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join(","));
    }
    text
}
