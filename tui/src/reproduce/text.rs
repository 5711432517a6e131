//! Experiments as text for a terminal.

use std::fmt::Write as _;

use creode::reproduce::{Claim, ClaimSource, Expectation, Experiment, TableCell, Verdict};
use creode::statistics::Estimate;

use super::Done;
use crate::analyze::table::aligned;

pub(super) fn list(all: &[Box<dyn Experiment>]) -> String {
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
        "\n\n`creode reproduce NAME` runs one and prints its claims beside what was measured; `--all` runs all.\n",
    );
    text
}

pub(super) fn as_table(done: &Done<'_>) -> String {
    let (experiment, report) = (done.experiment, &done.report);
    let paper = experiment.paper();
    let mut text = format!("{}, {}\n", paper.citation, paper.source);
    for line in wrapped(experiment.about(), 100) {
        let _ = writeln!(text, "{line}");
    }
    let head = ["claim", "whose bound", "expected", "measured", ""].map(str::to_owned);
    let mut rows = vec![head];
    rows.extend(report.claims.iter().map(row));
    let _ = writeln!(text, "\n{}", aligned(&rows).join("\n"));
    for table in &report.tables {
        let mut rows = vec![table.columns.clone()];
        let cells = |row: &Vec<TableCell>| row.iter().map(cell).collect();
        rows.extend(table.rows.iter().map(cells));
        let _ = writeln!(text, "\n{}\n{}", table.title, aligned(&rows).join("\n"));
    }
    for paragraph in experiment
        .findings()
        .split("\n\n")
        .filter(|text| !text.is_empty())
    {
        let _ = writeln!(text, "\n{}", wrapped(paragraph, 100).join("\n"));
    }
    text
}

/// All claims, one line each, and how many hold.
pub(super) fn index(everything: &[Done<'_>]) -> String {
    let head = [
        "experiment",
        "claim",
        "whose bound",
        "expected",
        "measured",
        "",
    ]
    .map(str::to_owned);
    let mut rows = vec![head];
    let mut counts = [0_usize; 3];
    for done in everything {
        for claim in &done.report.claims {
            counts[claim.verdict as usize] += 1;
            let [statement, whose, allowed, measured, verdict] = row(claim);
            let name = done.experiment.name().to_owned();
            rows.push([name, statement, whose, allowed, measured, verdict]);
        }
    }
    let [hold, open, refuted] = counts;
    format!(
        "{}\n\n{hold} claims hold, {open} are open, {refuted} do not hold.\n",
        aligned(&rows).join("\n")
    )
}

fn row(claim: &Claim) -> [String; 5] {
    [
        claim.statement.clone(),
        source(claim.source).to_owned(),
        expected(claim.expected),
        estimate(&claim.measured),
        verdict(claim.verdict).to_owned(),
    ]
}

/// Whose bound it is.
pub(super) fn source(of: ClaimSource) -> &'static str {
    match of {
        ClaimSource::Paper => "paper",
        ClaimSource::Theory => "theory",
        ClaimSource::Ours => "ours",
    }
}

/// What was found.
pub(super) fn verdict(of: Verdict) -> &'static str {
    match of {
        Verdict::Holds => "holds",
        Verdict::Open => "open",
        Verdict::Refuted => "DOES NOT HOLD",
    }
}

pub(super) fn expected(of: Expectation) -> String {
    if of == Expectation::above_zero() {
        return "above 0".to_owned();
    }
    match (of.least, of.most) {
        (Some(least), Some(most)) if least == most => number(least),
        (Some(least), Some(most)) => format!("{} to {}", number(least), number(most)),
        (Some(least), None) => format!("at least {}", number(least)),
        (None, Some(most)) => format!("at most {}", number(most)),
        (None, None) => "any".to_owned(),
    }
}

pub(super) fn cell(cell: &TableCell) -> String {
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
