//! `creode reproduce`.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, bail};
use clap::Args;
use creode::figure::Width;
use creode::reproduce::{
    self, Claim, Expectation, Experiment, Report, Settings, TableCell, Verdict,
};
use creode::statistics::Estimate;
use creode::trace::check_name;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::analyze::table::aligned;
use crate::arguments::{CLAIM_FAILED, Format, TracesFolder};
use crate::runs;
use crate::say::{print, print_json, say};

/// Arguments of `creode reproduce`.
#[derive(Debug, Args)]
pub(crate) struct ReproduceArgs {
    /// Name of the experiment [default: list them]
    name: Option<String>,
    /// Run the smaller form, which takes seconds; it may be too small for all claims
    #[arg(long, requires = "name")]
    quick: bool,
    /// Networks, each with a seed of its own [default: as many as the experiment needs]
    #[arg(long, value_name = "N", requires = "name", value_parser = clap::value_parser!(u32).range(1..))]
    seeds: Option<u32>,
    /// Also draw the figure
    #[arg(short, long, value_name = "FILE.svg", requires = "name")]
    output: Option<PathBuf>,
    /// Keep the run of every network in a folder of this name beside the other runs [default: the experiment's]
    ///
    /// They are opened as any run, by their path or from the list. One that was kept before is not made again.
    #[arg(long, value_name = "NAME", requires = "name", num_args = 0..=1, default_missing_value = "")]
    keep: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Runs an experiment and prints its claims beside what was measured; 1 if a claim does not hold.
pub(crate) fn reproduce(args: &ReproduceArgs, place: &TracesFolder) -> anyhow::Result<u8> {
    let all = reproduce::all();
    let put = |text: &str| match args.format {
        Format::Table => print(text),
        Format::Json => print_json(text),
    };
    let Some(name) = &args.name else {
        let text = match args.format {
            Format::Table => list(&all),
            Format::Json => format!("{:#}\n", list_as_json(&all)),
        };
        put(&text)?;
        return Ok(0);
    };
    let experiment = find(&all, name)?;
    check_output(args)?;
    let settings = Settings {
        is_quick: args.quick,
        seeds: args.seeds.map(|seeds| seeds as usize),
        keep: kept_in(args, experiment, place)?,
    };
    let report = run(experiment, &settings)?;
    if let (Some(path), Some(figure)) = (&args.output, &report.figure) {
        let scene = figure.scene(Width::TWO_COLUMNS);
        creode::files::write(path, scene.to_svg().as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    let text = match args.format {
        Format::Table => as_table(experiment, &report),
        Format::Json => format!("{:#}\n", as_json(experiment, &report)),
    };
    put(&text)?;
    let holds = report.claims.iter().all(|claim| claim.holds());
    Ok(if holds { 0 } else { CLAIM_FAILED })
}

fn find<'a>(all: &'a [Box<dyn Experiment>], name: &str) -> anyhow::Result<&'a dyn Experiment> {
    if let Some(found) = all.iter().find(|experiment| experiment.name() == name) {
        return Ok(found.as_ref());
    }
    let names: Vec<&str> = all.iter().map(|experiment| experiment.name()).collect();
    let near = runs::nearest(name, names.iter().copied());
    let hint = near.map_or(format!("there are {}", names.join(", ")), |name| {
        format!("did you mean {name}?")
    });
    bail!("no experiment {name}; {hint}")
}

/// The folder of the runs that are kept.
fn kept_in(
    args: &ReproduceArgs,
    experiment: &dyn Experiment,
    place: &TracesFolder,
) -> anyhow::Result<Option<PathBuf>> {
    let Some(name) = &args.keep else {
        return Ok(None);
    };
    if !experiment.has_runs() {
        bail!(
            "{} has no runs to keep: its networks are not trained by curricula",
            experiment.name()
        );
    }
    let name = if name.is_empty() {
        experiment.name()
    } else {
        name
    };
    check_name(name)?;
    Ok(Some(place.traces.join(name)))
}

/// Looked at before the experiment runs, which may take minutes.
fn check_output(args: &ReproduceArgs) -> anyhow::Result<()> {
    let Some(path) = &args.output else {
        return Ok(());
    };
    if path.extension().is_none_or(|extension| extension != "svg") {
        bail!(
            "{}: figures are written as SVG; give a name that ends in .svg",
            path.display()
        );
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        bail!(
            "{}: there is no folder {}",
            path.display(),
            folder.display()
        );
    }
    Ok(())
}

fn run(experiment: &dyn Experiment, settings: &Settings) -> anyhow::Result<Report> {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} · {eta} left") {
        bar.set_style(style.progress_chars("━╸─"));
    }
    let begun = Instant::now();
    let report = experiment.run(settings, &|done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let report = report?;
    say!(
        "{}: {:.1} s",
        experiment.name(),
        begun.elapsed().as_secs_f64()
    );
    Ok(report)
}

fn list(all: &[Box<dyn Experiment>]) -> String {
    let rows: Vec<[String; 2]> = all
        .iter()
        .map(|experiment| {
            let paper = experiment.paper();
            let cite = format!("{}, {}", paper.citation, paper.source);
            [experiment.name().to_owned(), cite]
        })
        .collect();
    let mut text = aligned(&rows).join("\n");
    text.push_str(
        "\n\n`creode reproduce NAME` runs one and prints its claims beside what was measured.\n",
    );
    text
}

fn list_as_json(all: &[Box<dyn Experiment>]) -> Value {
    let experiments = all.iter().map(|experiment| about(experiment.as_ref()));
    json!({ "experiments": experiments.collect::<Vec<Value>>() })
}

fn about(experiment: &dyn Experiment) -> Value {
    json!({ "name": experiment.name(), "paper": experiment.paper(), "about": experiment.about() })
}

fn as_json(experiment: &dyn Experiment, report: &Report) -> Value {
    let mut value = about(experiment);
    value["claims"] = json!(report.claims);
    value["tables"] = json!(report.tables);
    value
}

fn as_table(experiment: &dyn Experiment, report: &Report) -> String {
    let paper = experiment.paper();
    let mut text = format!("{}, {}\n", paper.citation, paper.source);
    for line in wrapped(experiment.about(), 100) {
        let _ = writeln!(text, "{line}");
    }
    let head = ["claim", "expected", "measured", ""].map(str::to_owned);
    let mut rows = vec![head];
    rows.extend(report.claims.iter().map(row));
    let _ = writeln!(text, "\n{}", aligned(&rows).join("\n"));
    for table in &report.tables {
        let mut rows = vec![table.columns.clone()];
        let cells = |row: &Vec<TableCell>| row.iter().map(cell).collect();
        rows.extend(table.rows.iter().map(cells));
        let _ = writeln!(text, "\n{}\n{}", table.title, aligned(&rows).join("\n"));
    }
    text
}

fn row(claim: &Claim) -> [String; 4] {
    let verdict = match claim.verdict {
        Verdict::Holds => "holds",
        Verdict::Open => "open",
        Verdict::Refuted => "DOES NOT HOLD",
    };
    [
        claim.statement.clone(),
        expected(claim.expected),
        estimate(&claim.measured),
        verdict.to_owned(),
    ]
}

fn expected(of: Expectation) -> String {
    match (of.least, of.most) {
        (Some(least), Some(most)) if least == most => number(least),
        (Some(least), Some(most)) => format!("{} to {}", number(least), number(most)),
        (Some(least), None) => format!("at least {}", number(least)),
        (None, Some(most)) => format!("at most {}", number(most)),
        (None, None) => "any".to_owned(),
    }
}

fn cell(cell: &TableCell) -> String {
    match cell {
        TableCell::Text(text) => text.clone(),
        TableCell::Count(count) => count.to_string(),
        TableCell::Number(of) => estimate(of),
    }
}

/// The number, with the ends of its interval.
pub(crate) fn estimate(of: &Estimate) -> String {
    let value = number(of.value);
    of.interval.map_or(value.clone(), |[low, high]| {
        format!("{value} [{}, {}]", number(low), number(high))
    })
}

/// Whole numbers as they are, others with three to four significant digits.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    if value.is_nan() {
        "–".to_owned()
    } else if value.fract() == 0.0 && size < 1e6 {
        format!("{value}")
    } else if (1e-3..1e4).contains(&size) {
        let decimals = (2 - size.log10().floor() as i32).clamp(1, 5) as usize;
        format!("{value:.decimals$}")
    } else {
        format!("{value:.2e}")
    }
}

/// Lines of at most so many characters.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        if lines[last].is_empty() {
            lines[last].push_str(word);
        } else if lines[last].chars().count() + 1 + word.chars().count() <= width {
            lines[last].push(' ');
            lines[last].push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_significant_digits() {
        let texts = [
            0.452_134,
            0.995_4,
            1.016_7,
            12.34,
            431.26,
            1000.0,
            1.5e-7,
            f64::NAN,
        ];
        let expected = [
            "0.452", "0.995", "1.02", "12.3", "431.3", "1000", "1.50e-7", "–",
        ];
        assert_eq!(texts.map(number), expected);
        let share = Estimate {
            value: 0.5,
            interval: Some([0.25, 0.75]),
        };
        assert_eq!(estimate(&share), "0.500 [0.250, 0.750]");
    }

    #[test]
    fn long_text_is_broken_between_words() {
        assert_eq!(
            wrapped("one two three four", 9),
            ["one two", "three", "four"]
        );
    }
}
