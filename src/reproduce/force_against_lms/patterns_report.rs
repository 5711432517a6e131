//! What came of patterns: claims, a table, plots.

use super::super::{Claim, Expectation, Table, TableCell};
use super::PATTERN_RULES;
use super::patterns::{COUNT, Cycles};
use super::report::{plot_of_matrix, share};
use crate::figure::plot::Plot;
use crate::statistics::Estimate;

/// Mean over the networks of a share within each, of those in which it is one of any.
fn over(cycles: &[Vec<Cycles>], rule: usize, of: fn(&Cycles) -> Vec<bool>) -> Estimate {
    let shares = cycles
        .iter()
        .map(|network| share(of(&network[rule]).into_iter()));
    Estimate::mean(
        &shares
            .filter(|share| share.is_finite())
            .collect::<Vec<f64>>(),
    )
}

pub(super) fn claims(cycles: &[Vec<Cycles>]) -> Vec<Claim> {
    let expected = [
        ("FORCE", Expectation::at_least(0.5)),
        ("LMS", Expectation::at_most(0.5)),
        ("FORCE with P anew each trial", Expectation::at_most(0.5)),
    ];
    let claims = expected.into_iter().enumerate().map(|(rule, (name, expected))| {
        let statement = format!(
            "{name}: share of the patterns whose limit cycle was there when it had been taught that have it after the last of {COUNT}"
        );
        Claim::new(&statement, expected, over(cycles, rule, Cycles::outlived)).of_ours()
    });
    claims.collect()
}

pub(super) fn table(cycles: &[Vec<Cycles>]) -> Table {
    let mut table = Table::new(
        &format!(
            "Patterns taught one after the other: means over {} networks",
            cycles.len()
        ),
        &[
            "rule",
            "trials of each",
            "there when taught",
            "of these, there after the next pattern",
            "there in the end",
        ],
    );
    for (place, (rule, trials)) in PATTERN_RULES.iter().enumerate() {
        let number = |of| TableCell::Number(over(cycles, place, of));
        table.rows.push(vec![
            TableCell::Text(rule.name()),
            TableCell::Count(*trials),
            number(Cycles::learned),
            number(Cycles::outlived_next),
            number(Cycles::outlived),
        ]);
    }
    table
}

/// Share of the networks that have each limit cycle after each pattern.
pub(super) fn plot(name: &str, cycles: &[Vec<Cycles>], rule: usize) -> Plot {
    let matrices: Vec<Vec<Vec<bool>>> = cycles.iter().map(|of| of[rule].matrix()).collect();
    plot_of_matrix(&format!("{name}, patterns"), "pattern", &matrices)
}
