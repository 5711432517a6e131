//! Experiments as pages of Markdown, and the index of the pages in a folder.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use creode::reproduce::{Claim, ClaimSource, Expectation, TableCell, Verdict};
use creode::statistics::Estimate;
use serde::Deserialize;

use super::text::{cell, estimate, expected, source, verdict};
use super::{Done, screen};

/// What the index says of an experiment, as its file of numbers has it.
#[derive(Debug, Deserialize)]
struct Entry {
    name: String,
    paper: PaperOf,
    is_quick: bool,
    duration_secs: f64,
    claims: Vec<ClaimOf>,
}

#[derive(Debug, Deserialize)]
struct PaperOf {
    citation: String,
}

/// A claim; numbers that are none (NaN) are `null` in the file.
#[derive(Debug, Deserialize)]
struct ClaimOf {
    statement: String,
    source: ClaimSource,
    expected: Expectation,
    measured: Measured,
    verdict: Verdict,
}

#[derive(Debug, Deserialize)]
struct Measured {
    value: Option<f64>,
    interval: Option<[Option<f64>; 2]>,
}

impl Measured {
    fn estimate(&self) -> Estimate {
        Estimate {
            value: self.value.unwrap_or(f64::NAN),
            interval: self
                .interval
                .map(|ends| ends.map(|end| end.unwrap_or(f64::NAN))),
        }
    }
}

/// The page of an experiment: what it does, its claims, tables, figure, and what was found out.
pub(super) fn page(done: &Done<'_>) -> String {
    let (experiment, report) = (done.experiment, &done.report);
    let (name, paper) = (experiment.name(), experiment.paper());
    let mut text = format!(
        "# `{name}`\n\n{}, {}.\n\n{}\n\nMade by `creode reproduce {name}{} -o FOLDER` in {:.0} s on {} at SIMD level {}.\n\n",
        paper.citation,
        paper.source,
        experiment.about(),
        if done.is_quick { " --quick" } else { "" },
        done.duration_secs,
        threads(),
        creode::simd::level(),
    );
    text.push_str(
        "| claim | whose bound | expected | measured | verdict |\n|---|---|---|---|---|\n",
    );
    for claim in &report.claims {
        let _ = writeln!(text, "| {} |", row(claim).join(" | "));
    }
    if report.figure.is_some() {
        let _ = writeln!(text, "\n![{name}]({name}.svg)");
    }
    if let Some(screenshot) = &done.screenshot {
        let of_screen = screen::on_page(name, done.is_quick, screenshot);
        let _ = writeln!(text, "\n{of_screen}");
    }
    if !experiment.findings().is_empty() {
        let _ = writeln!(text, "\n{}", experiment.findings().trim_end());
    }
    for table in &report.tables {
        let _ = writeln!(text, "\n{}\n\n{}", table.title, line(&table.columns));
        let _ = writeln!(
            text,
            "{}",
            line(&vec!["---".to_owned(); table.columns.len()])
        );
        for cells in &table.rows {
            let cells: Vec<String> = cells.iter().map(cell_of).collect();
            let _ = writeln!(text, "{}", line(&cells));
        }
    }
    text
}

fn threads() -> String {
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{count} hardware thread{}",
        if count == 1 { "" } else { "s" }
    )
}

fn cell_of(of: &TableCell) -> String {
    escaped(&cell(of))
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}

fn line(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}

fn row(claim: &Claim) -> [String; 5] {
    [
        escaped(&claim.statement),
        source(claim.source).to_owned(),
        expected(claim.expected),
        estimate(&claim.measured),
        verdict(claim.verdict).to_owned(),
    ]
}

/// The index of the pages in a folder, in the order of the list of experiments.
pub(super) fn index(folder: &Path) -> anyhow::Result<String> {
    let mut entries = Vec::new();
    for experiment in creode::reproduce::all() {
        let path = folder.join(format!("{}.json", experiment.name()));
        if !path.exists() {
            continue;
        }
        let shown = path.display();
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {shown}"))?;
        let entry: Entry = serde_json::from_str(&text)
            .with_context(|| format!("{shown} is not what `creode reproduce` writes; delete it"))?;
        entries.push(entry);
    }
    let count = |of: Verdict| {
        let claims = entries.iter().flat_map(|entry| &entry.claims);
        claims.filter(|claim| claim.verdict == of).count()
    };
    let mut text = format!(
        "# The papers' claims\n\n{} experiments: {} claims hold, {} are open, {} do not hold. A claim holds if all of the 95 % interval of \
         what was measured is allowed, and does not hold if none of it is. *Whose bound*: the paper's number, a closed form (theory), \
         or ours where the paper gives a direction or a figure only. Made by `creode reproduce --all -o FOLDER`.\n\n",
        entries.len(),
        count(Verdict::Holds),
        count(Verdict::Open),
        count(Verdict::Refuted),
    );
    text.push_str("| experiment | claim | whose bound | expected | measured | verdict |\n|---|---|---|---|---|---|\n");
    for entry in &entries {
        for claim in &entry.claims {
            let _ = writeln!(
                text,
                "| [{name}]({name}.md) | {} | {} | {} | {} | {} |",
                escaped(&claim.statement),
                source(claim.source),
                expected(claim.expected),
                estimate(&claim.measured.estimate()),
                verdict(claim.verdict),
                name = entry.name,
            );
        }
    }
    text.push_str("\n| experiment | paper | form | seconds |\n|---|---|---|---|\n");
    for entry in &entries {
        let form = if entry.is_quick { "quick" } else { "full" };
        let _ = writeln!(
            text,
            "| [{name}]({name}.md) | {} | {form} | {:.0} |",
            entry.paper.citation,
            entry.duration_secs,
            name = entry.name,
        );
    }
    Ok(text)
}
