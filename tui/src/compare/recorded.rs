//! `creode compare --with RECORDING`: runs through learning, and other recordings, held against recorded neurons.

use std::fmt::Write as _;

use anyhow::bail;
use creode::comparison::recorded::{Approach, alike, approach};
use creode::recordings::Recording;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::{CompareArgs, Format, dirs};
use crate::analyze::table::aligned;
use crate::arguments::{INTERRUPTED, TracesFolder};
use crate::import;
use crate::reproduce::number;
use crate::say::{print, print_json, say};
use crate::signals::{ALL, stop_on_signals};

/// Two recordings, by each measure.
struct Alike {
    names: [String; 2],
    distances: Vec<(&'static str, Result<f64, String>)>,
}

/// Compares each run and recording that is named with the one of `--with`.
pub(super) fn run(args: &CompareArgs, name: &str, place: &TracesFolder) -> anyhow::Result<u8> {
    let recording = import::recording(name, place)?;
    let stop = stop_on_signals(&ALL, || {
        "the checkpoints that are being looked at are finished first".to_owned()
    })?;
    let (mut approaches, mut pairs) = (Vec::new(), Vec::new());
    for name in &args.names {
        if import::find(name, place).is_some() {
            let other = import::recording(name, place)?;
            let distances = alike(&other, &recording)?;
            let names = [other.name, recording.name.clone()];
            pairs.push(Alike { names, distances });
            continue;
        }
        for dir in dirs(std::slice::from_ref(name), place)? {
            let bar = ProgressBar::new(0);
            if let Ok(style) =
                ProgressStyle::with_template("{bar:24} {pos}/{len} checkpoints · {eta} left")
            {
                bar.set_style(style.progress_chars("━╸─"));
            }
            let found = approach(&dir, &recording, &stop, &|done, all| {
                bar.set_length(all as u64);
                bar.set_position(done as u64);
            });
            bar.finish_and_clear();
            let found = found?;
            if found.is_partial {
                say!("interrupted: not all checkpoints were looked at");
                return Ok(INTERRUPTED);
            }
            approaches.push(found);
        }
    }
    match args.format {
        Format::Table => print(&text(&approaches, &pairs, &recording))?,
        Format::Json => print_json(&format!("{:#}\n", as_json(&approaches, &pairs)))?,
        Format::Csv => print(&csv(&approaches))?,
        Format::Parquet => bail!("with a recording the formats are table, json and csv"),
    }
    Ok(0)
}

fn text(approaches: &[Approach], pairs: &[Alike], recording: &Recording) -> String {
    let mut text = String::new();
    for of in approaches {
        let _ = writeln!(
            text,
            "{} beside {} ({} neurons, {} conditions × {} bins); distances, regression: 1 − R²\n",
            of.run,
            of.recording,
            recording.neurons,
            recording.count(),
            recording.steps
        );
        let mut rows = vec![[vec!["step".to_owned()], names(of)].concat()];
        rows.extend(of.checkpoints.iter().map(|checkpoint| {
            let values = checkpoint.distances.iter().map(shown);
            std::iter::once(checkpoint.step.to_string())
                .chain(values)
                .collect()
        }));
        let _ = writeln!(text, "{}\n", aligned(&rows).join("\n"));
        let _ = writeln!(text, "{}", summary(of));
    }
    for of in pairs {
        let _ = writeln!(
            text,
            "{} beside {}: distances, regression: 1 − R²\n",
            of.names[0], of.names[1]
        );
        for (measure, distance) in &of.distances {
            let told = distance
                .as_ref()
                .map_or_else(|why| format!("none: {why}"), |x| number(*x));
            let _ = writeln!(text, "{measure:<11} {told}");
        }
    }
    text
}

fn names(of: &Approach) -> Vec<String> {
    of.measures.iter().map(|&name| name.to_owned()).collect()
}

fn shown(distance: &Result<f64, String>) -> String {
    distance.as_ref().map_or("–".to_owned(), |x| number(*x))
}

/// A line a measure: does the network come nearer, when is it nearest, and what was there where it came nearer by most?
fn summary(of: &Approach) -> String {
    let head = [
        "measure",
        "first",
        "nearest",
        "at step",
        "last",
        "trend",
        "most nearer",
        "between steps",
        "bifurcations there",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let mut reasons = Vec::new();
    for (place, (measure, summary)) in of.measures.iter().zip(&of.summaries).enumerate() {
        let Some(summary) = summary else {
            let why = of
                .checkpoints
                .iter()
                .find_map(|of| of.distances[place].as_ref().err());
            reasons.push(format!(
                "{measure}: none: {}",
                why.map_or("no checkpoint", String::as_str)
            ));
            continue;
        };
        let [first, nearest, last] = summary.distances;
        let (leap, between) = summary
            .leap
            .map_or(("–".to_owned(), "–".to_owned()), |([from, to], by)| {
                (number(by), format!("{from}–{to}"))
            });
        rows.push(vec![
            (*measure).to_owned(),
            number(first),
            number(nearest),
            summary.nearest_step.to_string(),
            number(last),
            number(summary.trend),
            leap,
            between,
            events(&summary.events),
        ]);
    }
    let mut lines = aligned(&rows);
    lines.extend(reasons);
    lines.push(
        "trend: rank correlation of distance and training step; below 0 the network comes nearer"
            .to_owned(),
    );
    lines.push(String::new());
    lines.join("\n")
}

/// Kinds with their numbers.
fn events(events: &[(String, String)]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for (kind, _) in events {
        match counts.iter_mut().find(|(of, _)| of == kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((kind, 1)),
        }
    }
    if counts.is_empty() {
        return "none".to_owned();
    }
    let parts = counts.iter().map(|(kind, count)| match count {
        1 => (*kind).to_owned(),
        count => format!("{count} {kind}"),
    });
    parts.collect::<Vec<_>>().join(", ")
}

fn as_json(approaches: &[Approach], pairs: &[Alike]) -> Value {
    let value = |distance: &Result<f64, String>| match distance {
        Ok(x) => json!(x),
        Err(why) => json!({ "none": why }),
    };
    let approaches = approaches.iter().map(|of| {
        let checkpoints = of.checkpoints.iter().map(|checkpoint| {
            let distances = of.measures.iter().zip(&checkpoint.distances);
            let distances: serde_json::Map<String, Value> =
                distances.map(|(name, distance)| ((*name).to_owned(), value(distance))).collect();
            json!({ "checkpoint": checkpoint.checkpoint, "step": checkpoint.step, "distances": distances })
        });
        let summaries = of.measures.iter().zip(&of.summaries).map(|(name, summary)| {
            let told = summary.as_ref().map_or(Value::Null, |of| {
                json!({
                    "first": of.distances[0], "nearest": of.distances[1], "nearest_step": of.nearest_step,
                    "last": of.distances[2], "trend": of.trend,
                    "leap": of.leap.map(|([from, to], by)| json!({ "from_step": from, "to_step": to, "by": by })),
                    "events": of.events.iter().map(|(kind, condition)| json!({ "kind": kind, "condition": condition })).collect::<Vec<_>>(),
                })
            });
            ((*name).to_owned(), told)
        });
        json!({
            "run": of.run,
            "recording": of.recording,
            "checkpoints": checkpoints.collect::<Vec<_>>(),
            "summaries": summaries.collect::<serde_json::Map<String, Value>>(),
        })
    });
    let pairs = pairs.iter().map(|of| {
        let distances = of.distances.iter().map(|(name, distance)| ((*name).to_owned(), value(distance)));
        json!({ "recordings": of.names, "distances": distances.collect::<serde_json::Map<String, Value>>() })
    });
    json!({ "runs": approaches.collect::<Vec<_>>(), "recordings": pairs.collect::<Vec<_>>() })
}

fn csv(approaches: &[Approach]) -> String {
    let mut text = String::new();
    for (place, of) in approaches.iter().enumerate() {
        if place == 0 {
            let _ = writeln!(text, "run,step,{}", of.measures.join(","));
        }
        for checkpoint in &of.checkpoints {
            let values = checkpoint
                .distances
                .iter()
                .map(|of| of.as_ref().map_or(String::new(), f64::to_string));
            let values: Vec<String> = values.collect();
            let _ = writeln!(
                text,
                "{},{},{}",
                super::csv::quoted(&of.run),
                checkpoint.step,
                values.join(",")
            );
        }
    }
    text
}
