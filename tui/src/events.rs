//! `creode analyze RUN --events`.

use std::fmt::Write as _;
use std::path::Path;

use creode::lab::history::hints::{self, RunHint};
use creode::lab::history::{self, History, Interval, RunEvent};
use creode::landscape::events::born::Born;
use creode::landscape::events::event::Bifurcation;
use creode::trace::rows::EventRow;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::analyze::table::{aligned, count};

/// Follows the fixed points of a run from checkpoint to checkpoint, with a progress bar on a terminal.
pub(crate) fn history(dir: &Path, stride: usize) -> anyhow::Result<History> {
    let bar = progress();
    let history = history::of_run(dir, stride, &|done, all| advance(&bar, done, all));
    bar.finish_and_clear();
    Ok(history?)
}

/// The same with the attractors that are no fixed points.
pub(crate) fn hints(dir: &Path, stride: usize) -> anyhow::Result<Vec<RunHint>> {
    let bar = progress();
    let hints = hints::of_run(dir, stride, &|done, all| advance(&bar, done, all));
    bar.finish_and_clear();
    Ok(hints?)
}

fn progress() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} checkpoints · {eta} left")
    {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar
}

fn advance(bar: &ProgressBar, done: usize, all: usize) {
    bar.set_length(all as u64);
    bar.set_position(done as u64);
}

/// Every interval with its events, in the columns of `events`, and the hints with what they were fitted to.
pub(crate) fn as_json(intervals: &[Interval], events: &[EventRow], hints: &[RunHint]) -> Value {
    let event = |row: &EventRow| {
        json!({
            "position": row.position, "kind": row.kind, "status": row.status.name(),
            "multiplier_re": row.multiplier_re, "multiplier_im": row.multiplier_im,
            "coefficient": row.coefficient, "criticality": row.criticality, "pair_change": row.pair_change,
            "branches": row.branches, "state": row.state, "loss": row.loss, "grad_norm": row.grad_norm,
            "born_side": row.born.map(|born| born.side), "born_period": row.born.map(|born| born.period),
            "born_distance": row.born.map(|born| born.distance),
            "born_amplitude": row.born.and_then(|born| born.amplitude),
            "born_predicted": row.born.map(|born| born.predicted), "born_stability": row.born.map(|born| born.stability.name()),
            "hint_exponent": row.hint.map(|hint| hint.exponent), "hint_r_squared": row.hint.map(|hint| hint.r_squared),
        })
    };
    let hint = |of: &RunHint| {
        json!({
            "condition": of.condition, "from_step": of.from_step, "to_step": of.to_step, "attractor": of.attractor,
            "kind": of.hint.kind.code(), "position": of.hint.s, "side": of.hint.side, "exponent": of.hint.exponent,
            "expected": of.hint.expected, "r_squared": of.hint.r_squared, "prefactor": of.hint.prefactor,
            "points": of.hint.points,
        })
    };
    let interval = |of: &Interval| {
        let is_within =
            |row: &&EventRow| row.to_step == of.to_step && row.condition == of.condition;
        let events = events.iter().filter(is_within).map(event);
        json!({
            "condition": of.condition, "from_step": of.from_step, "to_step": of.to_step,
            "n_before": of.before.0, "n_after": of.after.0, "discovered_before": of.before.1,
            "discovered_after": of.after.1, "continued": of.continued, "annihilated_pairs": of.annihilated,
            "created_pairs": of.created, "to_infinity": of.escaped, "from_infinity": of.arrived, "ended": of.ended, "begun": of.begun, "unexplained": of.unexplained,
            "index_sum_before": of.index_sums.0, "index_sum_after": of.index_sums.1,
            "events": events.collect::<Vec<Value>>(),
        })
    };
    json!({
        "intervals": intervals.iter().map(interval).collect::<Vec<Value>>(),
        "hints": hints.iter().map(hint).collect::<Vec<Value>>(),
    })
}

/// The intervals in which something happened, and what it all comes to.
pub(crate) fn as_table(intervals: &[Interval]) -> String {
    let head = [
        "steps",
        "s",
        "event",
        "multiplier",
        "coefficient",
        "",
        "born",
        "branches",
    ];
    let mut table = vec![head.map(str::to_owned)];
    for interval in intervals {
        let steps = format!("({}, {}]", interval.from_step, interval.to_step);
        table.extend(interval.events.iter().map(|of| row(&steps, of)));
        if !interval.unexplained.is_empty() {
            let branches = list(&interval.unexplained);
            let cells = [steps.as_str(), "", "unexplained", "", "", "", "", &branches];
            table.push(cells.map(str::to_owned));
        }
        if !interval.is_index_conserved() {
            let sums = format!("{} to {}", interval.index_sums.0, interval.index_sums.1);
            let cells = [steps.as_str(), "", "index sum", "", &sums, "", "", ""];
            table.push(cells.map(str::to_owned));
        }
    }
    let sum = |of: &dyn Fn(&Interval) -> usize| intervals.iter().map(of).sum::<usize>();
    let kinds = ["LP", "BP", "PD", "NS", "BC", "INF", "?"].map(|code| {
        let is_of = |event: &&RunEvent| event.event.kind.code() == code;
        let number = sum(&|of| of.events.iter().filter(is_of).count());
        format!("{number} {code}")
    });
    let mut text = aligned(&table).join("\n");
    let _ = writeln!(
        text,
        "\n{}: {} continued, {} created, {} annihilated, {} that the search had missed; events: {}; unexplained: {}; index not conserved: {}",
        count(intervals.len(), "interval"),
        count(sum(&|of| of.continued), "point"),
        count(sum(&|of| of.created), "pair"),
        count(sum(&|of| of.annihilated), "pair"),
        sum(&|of| of.before.1 + of.after.1),
        kinds.join(", "),
        count(sum(&|of| of.unexplained.len()), "point"),
        count(sum(&|of| usize::from(!of.is_index_conserved())), "interval"),
    );
    text
}

/// A line about each hint.
pub(crate) fn hint_lines(hints: &[RunHint]) -> String {
    let line = |of: &RunHint| {
        let hint = &of.hint;
        let expected = hint.expected.map_or(String::new(), |expected| {
            format!(" (expected {expected:.3})")
        });
        let prefactor = hint
            .prefactor
            .map_or(String::new(), |[measured, predicted]| {
                format!(", prefactor {measured:.4} (normal form {predicted:.4})")
            });
        let way = if hint.side > 0 { "below" } else { "above" };
        format!(
            "hint: {} of an attractor ({}) at s = {:.6} of the interval between steps {} and {}, {}, gone {way}: \
             exponent {:.3}{expected}, R² {:.4}, {} points{prefactor}\n",
            hint.kind.name(),
            of.attractor,
            hint.s,
            of.from_step,
            of.to_step,
            of.condition,
            hint.exponent,
            hint.r_squared,
            hint.points.len(),
        )
    };
    if hints.is_empty() {
        return "no hint at a global bifurcation\n".to_owned();
    }
    hints.iter().map(line).collect()
}

/// What is born at an event, for people.
fn born(of: &Born) -> String {
    let stability = if of.is_stable { "stable" } else { "unstable" };
    let side = if of.side > 0 { "above" } else { "below" };
    let amplitude = of.amplitude.map_or("not found".to_owned(), |amplitude| {
        format!("amplitude {amplitude:.4}")
    });
    format!(
        "period {} {side}, {stability}, {amplitude} (predicted {:.4}) at {:.1e}",
        (1e4 * of.period).round() / 1e4,
        of.predicted,
        of.distance
    )
}

fn row(steps: &str, of: &RunEvent) -> [String; 8] {
    let [kind, multiplier, coefficient, remark] = cells(&of.event);
    let position = format!("{:.6}", of.event.place.s);
    let branches = list(&of.branches);
    [
        steps.to_owned(),
        position,
        kind,
        multiplier,
        coefficient,
        remark,
        of.born.as_ref().map_or(String::new(), born),
        branches,
    ]
}

/// A bifurcation for people: its code, the critical multiplier, the coefficient of its normal form, and what it does.
pub(crate) fn cells(event: &Bifurcation) -> [String; 4] {
    let multiplier = event.multipliers.first().map_or(String::new(), |(re, im)| {
        if *im == 0.0 {
            format!("{re:+.6}")
        } else {
            format!("{re:+.4} ± {:.4}i", im.abs())
        }
    });
    let remark = match event.kind.pair_side() {
        1 => "a pair appears",
        -1 => "a pair vanishes",
        _ => event.manner().unwrap_or_default(),
    };
    let coefficient = event.kind.coefficient();
    [
        event.kind.code().to_owned(),
        multiplier,
        coefficient.map_or(String::new(), |c| format!("{c:+.3e}")),
        remark.to_owned(),
    ]
}

/// Numbers of branches.
pub(crate) fn list(branches: &[u32]) -> String {
    let texts: Vec<String> = branches.iter().map(u32::to_string).collect();
    texts.join(" ")
}
