//! `creode analyze SUBJECT --sweep` and `--between`.

use std::str::FromStr;

use creode::lab::history::Interval;
use creode::lab::sweep::Sweep;
use serde_json::{Value, json};

use super::table::{aligned, count};
use crate::events::{cells, list};

/// A parameter and its range.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Swept {
    /// Factor of the recurrent weights.
    Gain { from: f64, to: f64 },
    /// One channel of the constant input.
    Input { channel: usize, from: f64, to: f64 },
}

impl FromStr for Swept {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let how = "write gain=0.5..2, or input.0=-1..1 for a channel";
        let (name, range) = text.split_once('=').ok_or(how)?;
        let (from, to) = range.split_once("..").ok_or(how)?;
        let number = |word: &str| {
            let number = word.trim().parse::<f64>().ok().filter(|x| x.is_finite());
            number.ok_or(format!("{word} is no number; {how}"))
        };
        let (from, to) = (number(from)?, number(to)?);
        if from == to {
            return Err(format!("the range from {from} to {to} is empty"));
        }
        match name.split_once('.') {
            None if name == "gain" => Ok(Self::Gain { from, to }),
            Some(("input", channel)) => {
                let channel = channel
                    .parse()
                    .map_err(|_| format!("{channel} is no channel; {how}"))?;
                Ok(Self::Input { channel, from, to })
            }
            _ => Err(format!("{name} cannot be swept; {how}")),
        }
    }
}

/// What a sweep found, as a table or as JSON.
pub(super) fn text(sweep: &Sweep, is_json: bool) -> String {
    if is_json {
        format!("{:#}\n", as_json(sweep))
    } else {
        as_table(sweep)
    }
}

fn as_table(sweep: &Sweep) -> String {
    let mut stations = vec![
        [
            &sweep.parameter,
            "fixed points",
            "stable",
            "index sum",
            "complete",
        ]
        .map(str::to_owned),
    ];
    for (station, (value, of)) in sweep.stations.iter().zip(&sweep.landscapes).enumerate() {
        // With those that continuation led to.
        let points = sweep
            .branches
            .iter()
            .filter(|row| row.checkpoint as usize == station);
        let stable = points.clone().filter(|row| row.n_unstable == 0).count();
        let sum: i32 = points.clone().map(|row| i32::from(row.index)).sum();
        stations.push([
            shown(*value),
            points.count().to_string(),
            stable.to_string(),
            format!("{sum:+}"),
            of.findings.complete.name().replace('_', " "),
        ]);
    }
    let head = [
        &sweep.parameter,
        "event",
        "multiplier",
        "coefficient",
        "",
        "branches",
    ];
    let mut table = vec![head.map(str::to_owned)];
    for interval in &sweep.intervals {
        table.extend(rows(sweep, interval));
    }
    let sum = |of: &dyn Fn(&Interval) -> usize| sweep.intervals.iter().map(of).sum::<usize>();
    let mut lines = aligned(&stations);
    lines.push(String::new());
    lines.extend(aligned(&table));
    lines.push(format!(
        "{}; {} created, {} annihilated, {} that the searches had missed; unexplained: {}",
        count(sum(&|of| of.events.len()), "event"),
        count(sum(&|of| of.created), "pair"),
        count(sum(&|of| of.annihilated), "pair"),
        sum(&|of| of.before.1 + of.after.1),
        count(sum(&|of| of.unexplained.len()), "point"),
    ));
    lines.join("\n") + "\n"
}

/// A value in up to six digits.
fn shown(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn rows(sweep: &Sweep, interval: &Interval) -> Vec<[String; 6]> {
    let mut rows: Vec<[String; 6]> = interval
        .events
        .iter()
        .map(|of| {
            let value = sweep.value(interval.from_step, of.event.place.s);
            let [kind, multiplier, coefficient, remark] = cells(&of.event);
            let branches = list(&of.branches);
            [
                format!("{value:.9}"),
                kind,
                multiplier,
                coefficient,
                remark,
                branches,
            ]
        })
        .collect();
    if !interval.unexplained.is_empty() {
        let range = [0.0, 1.0].map(|s| sweep.value(interval.from_step, s));
        let place = format!("{}..{}", range[0], range[1]);
        let branches = list(&interval.unexplained);
        rows.push([&place, "unexplained", "", "", "", &branches].map(str::to_owned));
    }
    rows
}

fn as_json(sweep: &Sweep) -> Value {
    let stations = sweep.stations.iter().zip(&sweep.landscapes).map(|(value, of)| {
        json!({
            "value": value, "n_fixed": of.findings.fixed_points.len(), "index_sum": of.findings.index_sum(),
            "complete": of.findings.complete.name(),
        })
    });
    let events = sweep.intervals.iter().flat_map(|interval| {
        interval.events.iter().map(|of| {
            let event = &of.event;
            let (re, im) = event.multipliers.first().copied().unwrap_or((f64::NAN, 0.0));
            json!({
                "value": sweep.value(interval.from_step, event.place.s), "kind": event.kind.code(),
                "multiplier_re": re, "multiplier_im": im.abs(), "coefficient": event.kind.coefficient(),
                "criticality": event.manner(),
                "pair_change": event.kind.pair_side(),
                "branches": of.branches, "state": event.place.state,
            })
        })
    });
    let unexplained = sweep.intervals.iter().filter(|of| !of.unexplained.is_empty()).map(|of| {
        json!({ "from": sweep.value(of.from_step, 0.0), "to": sweep.value(of.from_step, 1.0), "branches": of.unexplained })
    });
    let branches = sweep.branches.iter().map(|row| {
        json!({
            "branch": row.branch, "value": sweep.stations[row.checkpoint as usize], "index": row.index,
            "n_unstable": row.n_unstable, "state": row.state, "born_with": row.born_with, "dies_with": row.dies_with,
        })
    });
    json!({
        "parameter": sweep.parameter, "stations": stations.collect::<Vec<Value>>(), "events": events.collect::<Vec<Value>>(),
        "unexplained": unexplained.collect::<Vec<Value>>(), "branches": branches.collect::<Vec<Value>>(),
    })
}
