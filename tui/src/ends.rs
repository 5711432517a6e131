//! `creode ends`: where an optimiser would go from each checkpoint.

use std::path::Path;

use clap::Args;
use creode::comparison::ends::{self, End, Ends, Settings};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::analyze::table::aligned;
use crate::arguments::{Format, INTERRUPTED};
use crate::reproduce::number;
use crate::say::{print, print_json, say};
use crate::signals::{ALL, stop_on_signals};

/// Arguments of `creode ends`.
#[derive(Debug, Args)]
pub(crate) struct EndsArgs {
    /// Name under the traces directory, or a path
    pub(crate) run: String,
    /// Every how many checkpoints; the first and the last are always taken
    #[arg(long, value_name = "K", default_value = "5", value_parser = clap::value_parser!(u32).range(1..))]
    every: u32,
    /// Trials of the fixed batch
    #[arg(long, value_name = "N", default_value = "256", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    trials: u32,
    /// Steps of L-BFGS at most
    #[arg(long, value_name = "N", default_value = "300", value_parser = clap::value_parser!(u32).range(1..))]
    steps: u32,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Finds the ends of a run's checkpoints.
pub(crate) fn run(args: &EndsArgs, dir: &Path) -> anyhow::Result<u8> {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} ends · {eta} left") {
        bar.set_style(style.progress_chars("━╸─"));
    }
    let waits = || "the end that is being looked for is left where it is".to_owned();
    let stop = stop_on_signals(&ALL, waits)?;
    let settings = Settings {
        every: args.every as usize,
        trials: args.trials as usize,
        steps: u64::from(args.steps),
    };
    let found = ends::ends(dir, settings, &stop, &|done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let found = found?;
    match args.format {
        Format::Table => print(&table(&found))?,
        Format::Json => print_json(&format!("{:#}\n", as_json(&found)))?,
    }
    if found.is_partial {
        say!("interrupted; the same command goes on");
        return Ok(INTERRUPTED);
    }
    say!(
        "each end is a run of its own in {}",
        dir.join(ends::ENDS_FOLDER).display()
    );
    Ok(0)
}

/// Classes of ends have letters; that of the end of learning is A.
fn letter(class: usize) -> String {
    let letters = 26;
    let last = char::from(b'A' + (class % letters) as u8);
    match class / letters {
        0 => last.to_string(),
        round => format!("{last}{round}"),
    }
}

fn table(found: &Ends) -> String {
    let head = [
        "step",
        "loss there",
        "loss at the end",
        "accuracy",
        "fixed points",
        "stable",
        "points",
        "edits",
        "edits with edges",
        "spectra",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(found.ends.iter().map(row));
    let decided = found.decided_at.map_or_else(
        || "the optimiser does not end with the fixed points that learning ended with, not even from the last checkpoint".to_owned(),
        |step| format!("from step {step} on every checkpoint ends with the fixed points that learning ended with (A)"),
    );
    format!("{}\n\n{decided}\n", aligned(&rows).join("\n"))
}

fn row(end: &End) -> Vec<String> {
    let distance =
        |of: &Result<f64, String>| of.as_ref().map_or("–".to_owned(), |of| number(*of));
    let [first, last] = end.losses;
    let [fixed, stable] = end.n_fixed;
    vec![
        end.step.to_string(),
        number(first),
        number(last),
        number(end.accuracy),
        fixed.to_string(),
        stable.to_string(),
        letter(end.class),
        distance(&end.edits),
        distance(&end.graph_edits),
        distance(&end.spectra),
    ]
}

fn as_json(found: &Ends) -> serde_json::Value {
    let ends = found.ends.iter().map(|end| {
        json!({
            "checkpoint": end.checkpoint, "step": end.step, "run": end.dir.display().to_string(),
            "loss_there": end.losses[0], "loss_at_the_end": end.losses[1], "accuracy": end.accuracy,
            "n_fixed": end.n_fixed[0], "n_stable": end.n_fixed[1], "points": letter(end.class),
            "edits": end.edits.as_ref().ok(), "graph_edits": end.graph_edits.as_ref().ok(), "spectra": end.spectra.as_ref().ok(),
        })
    });
    json!({
        "ends": ends.collect::<Vec<_>>(), "decided_at": found.decided_at, "is_partial": found.is_partial,
    })
}

#[cfg(test)]
mod tests {
    use super::letter;

    #[test]
    fn classes_have_letters() {
        assert_eq!([0, 25, 26, 53].map(letter), ["A", "Z", "A1", "B2"]);
    }
}
