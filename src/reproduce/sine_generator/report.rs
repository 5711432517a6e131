//! What came of the generators: claims, tables, figure.

use super::super::{Claim, Expectation, Report, Table, TableCell};
use super::{Generator, Seen};
use crate::figure::{Axis, Colour, Glyph, Mark, Plot, Proportions, Series};
use crate::statistics::{Estimate, Line};

/// Frequencies in the table, at most.
const ROWS: usize = 11;

pub(super) fn report(generators: &[Generator]) -> Report {
    let lines: Vec<Line> = generators.iter().map(Generator::line).collect();
    let over = |value: &dyn Fn(&Line) -> f64| {
        let values: Vec<f64> = lines.iter().map(value).collect();
        Estimate::mean(&values)
    };
    let shares: Vec<f64> = generators.iter().map(Generator::share).collect();
    let claims = vec![
        Claim::new(
            "share of frequencies with exactly one fixed point with one unstable complex pair, inside the orbit",
            Expectation::exactly(1.0),
            Estimate::mean(&shares),
        ),
        Claim::new(
            "slope of the pair's angle per step against the target frequency",
            Expectation::between(0.95, 1.05),
            over(&|line| line.slope),
        ),
        Claim::new(
            "correlation of angle and target frequency",
            Expectation::at_least(0.99),
            over(&|line| line.r),
        ),
    ];
    Report {
        claims,
        tables: vec![
            table_of_networks(generators),
            table_of_frequencies(generators),
        ],
        figure: Some(figure(generators).into()),
    }
}

impl Generator {
    fn line(&self) -> Line {
        let points: Vec<[f64; 2]> = self.seen.iter().map(|of| [of.target, of.angle]).collect();
        Line::fitted(&points)
    }

    /// Share of the frequencies that are as claimed.
    pub(in super::super) fn share(&self) -> f64 {
        let hits = self.seen.iter().filter(|of| of.is_as_claimed()).count();
        hits as f64 / self.seen.len() as f64
    }
}

fn table_of_networks(generators: &[Generator]) -> Table {
    let mut table = Table::new(
        "Networks",
        &[
            "seed",
            "loss",
            "R²",
            "as claimed",
            "slope",
            "intercept (rad/step)",
            "r",
        ],
    );
    for (seed, of) in generators.iter().enumerate() {
        let line = of.line();
        let numbers = [
            of.loss,
            of.accuracy,
            of.share(),
            line.slope,
            line.intercept,
            line.r,
        ];
        let mut row = vec![TableCell::Count(seed)];
        row.extend(numbers.map(|number| TableCell::Number(Estimate::exact(number))));
        table.rows.push(row);
    }
    table
}

fn table_of_frequencies(generators: &[Generator]) -> Table {
    let mut table = Table::new(
        "Frequencies, all in rad/step: means over the networks",
        &[
            "target",
            "output, without end",
            "angle at the fixed point",
            "modulus there",
            "fixed points",
        ],
    );
    let count = generators.first().map_or(0, |of| of.seen.len());
    let every = (count.saturating_sub(1)).div_ceil(ROWS - 1).max(1);
    for place in (0..count).step_by(every) {
        let over = |value: fn(&Seen) -> f64| {
            let seen = generators.iter().filter_map(|of| of.seen.get(place));
            TableCell::Number(Estimate::mean(&seen.map(value).collect::<Vec<f64>>()))
        };
        let target = generators[0].seen[place].target;
        table.rows.push(vec![
            TableCell::Number(Estimate::exact(target)),
            over(|of| of.output),
            over(|of| of.angle),
            over(|of| of.modulus),
            over(|of| of.n_fixed as f64),
        ]);
    }
    table
}

fn figure(generators: &[Generator]) -> Plot {
    let seen = || generators.iter().flat_map(|of| &of.seen);
    let most = seen()
        .map(|of| of.target.max(of.angle))
        .filter(|of| of.is_finite());
    let most = 1.05 * most.fold(0.0, f64::max);
    let series = vec![
        Series {
            name: "angle = frequency".to_owned(),
            points: vec![[0.0, 0.0], [most, most]],
            mark: Mark::Dashes,
            colour: Colour::INK,
        },
        Series {
            name: format!("{} networks", generators.len()),
            points: seen().map(|of| [of.target, of.angle]).collect(),
            mark: Mark::Filled(Glyph::Disc),
            colour: Colour::DISTINCT[0],
        },
    ];
    let plot = Plot::new(
        "Rotation at the fixed point inside the orbit",
        Axis::between("target frequency (rad/step)", [0.0, most]),
        Axis::between("angle of the unstable pair (rad/step)", [0.0, most]),
        series,
    );
    Plot {
        proportions: Proportions::Square,
        ..plot
    }
}
