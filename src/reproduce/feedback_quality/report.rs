//! What came of the reservoirs: claims, tables, figure.

use super::super::{Claim, Expectation, Report, Table, TableCell};
use super::nonlinear::{Learned, NOISE};
use super::theory::{Overlaps, best_frequency, best_participation_ratio};
use super::{Draw, Form, LINEAR_GAINS, LinearDraw, Sweep, linear_frequencies, peak};
use crate::figure::{Axis, Colour, Figure, Glyph, Mark, Plot, Scale, Series};
use crate::statistics::Estimate;
use crate::statistics::rank_correlation_of_counted;

pub(super) fn report(form: Form, linear: &[LinearDraw], nonlinear: &[Draw]) -> Report {
    let mut claims: Vec<Claim> = (0..LINEAR_GAINS.len())
        .map(|gain| claim_of_value(gain, linear))
        .collect();
    claims.extend(claims_of_optima(linear));
    claims.extend(claims_of_networks(form, nonlinear));
    Report {
        claims,
        tables: vec![
            table_of_linear(linear),
            table_of_optima(form, nonlinear),
            table_of_networks(form, nonlinear),
        ],
        figure: Some(Figure {
            description: "How a reservoir represents the sine that it generates".to_owned(),
            plots: vec![
                plot_of_linear(linear, "participation ratio", Scale::Linear, |sweep| {
                    &sweep.participation_ratios
                }),
                plot_of_linear(linear, "shift of the pole", Scale::Log, |sweep| {
                    &sweep.pole_shifts
                }),
                plot_of_networks(form, nonlinear),
                plot_of_noise(form, nonlinear),
            ],
            columns: 2,
        }),
    }
}

fn claim_of_value(gain: usize, linear: &[LinearDraw]) -> Claim {
    let g = LINEAR_GAINS[gain];
    let theory = best_participation_ratio(g);
    let found = linear.iter().map(|draw| draw[gain].at_best / theory);
    let statement = format!(
        "linear, g = {g}: participation ratio at ω = √(1 − g²) = {:.3} over 2/(2 − g²) = {theory:.4}",
        best_frequency(g)
    );
    let found: Vec<f64> = found.collect();
    Claim::new(
        &statement,
        Expectation::between(0.98, 1.02),
        Estimate::mean(&found),
    )
    .of_theory()
}

/// How much lower the best frequency is at the last gain than at the first, of each draw.
fn falls(best: impl Iterator<Item = Vec<f64>>) -> Estimate {
    let fall = |best: Vec<f64>| best[0] - best[best.len() - 1];
    Estimate::mean(&best.map(fall).collect::<Vec<f64>>())
}

fn claims_of_optima(linear: &[LinearDraw]) -> [Claim; 2] {
    let frequencies = linear_frequencies();
    let of = |best: &dyn Fn(&Sweep) -> f64| {
        falls(linear.iter().map(|draw| draw.iter().map(best).collect()))
    };
    let dimension = of(&|sweep| peak(&frequencies, &sweep.participation_ratios));
    let pole = of(&|sweep| steadiest(&frequencies, &sweep.pole_shifts));
    [
        Claim::new(
            "linear: fall of the frequency of largest dimension from g = 0.3 to 0.9 (rad per time constant; theory: 0.518)",
            Expectation::at_least(0.0),
            dimension,
        ),
        Claim::new(
            "linear: fall of the frequency at which noise moves the closed loop's pole least, from g = 0.3 to 0.9 (rad per \
             time constant)",
            Expectation::at_least(0.0),
            pole,
        ),
    ]
}

/// The frequency at which the pole moves least.
fn steadiest(frequencies: &[f64], shifts: &[f64]) -> f64 {
    let steadiness: Vec<f64> = shifts.iter().map(|shift| -shift.ln()).collect();
    peak(frequencies, &steadiness)
}

fn claims_of_networks(form: Form, nonlinear: &[Draw]) -> [Claim; 3] {
    let of = |best: &dyn Fn(&[Learned]) -> f64| {
        falls(
            nonlinear
                .iter()
                .map(|draw| draw.iter().map(|of| best(of)).collect()),
        )
    };
    let ends = [form.gains[0], form.gains[form.gains.len() - 1]];
    let [first, last] = ends;
    let correlations = nonlinear.iter().map(|draw| {
        let pairs: Vec<[f64; 2]> = draw.iter().flatten().map(pair).collect();
        correlation(&pairs)
    });
    [
        Claim::new(
            &format!(
                "tanh: fall of the frequency of largest dimension from g = {first} to {last} (rad per time constant)"
            ),
            Expectation::at_least(0.0),
            of(&|learned| most_dimensional(form, learned)),
        ),
        Claim::new(
            &format!(
                "tanh: fall of the frequency at which most noise is tolerated from g = {first} to {last} (rad per time \
                 constant)"
            ),
            Expectation::at_least(0.0),
            of(&|learned| most_tolerant(form, learned)),
        ),
        Claim::new(
            "tanh: rank correlation, over ω and g, of dimension and noise tolerated",
            Expectation::at_least(0.5),
            Estimate::mean(&correlations.collect::<Vec<f64>>()),
        )
        .of_ours(),
    ]
}

fn most_dimensional(form: Form, learned: &[Learned]) -> f64 {
    let dimensions: Vec<f64> = learned.iter().map(|of| of.dimension).collect();
    peak(form.frequencies, &dimensions)
}

fn most_tolerant(form: Form, learned: &[Learned]) -> f64 {
    let tolerated: Vec<f64> = learned.iter().map(|of| of.tolerated().ln()).collect();
    peak(form.frequencies, &tolerated)
}

fn pair(of: &Learned) -> [f64; 2] {
    [of.dimension, of.tolerated()]
}

fn correlation(pairs: &[[f64; 2]]) -> f64 {
    rank_correlation_of_counted(pairs, &vec![1; pairs.len()]).unwrap_or(f64::NAN)
}

fn number(value: f64) -> TableCell {
    TableCell::Number(Estimate::exact(value))
}

fn mean(values: impl Iterator<Item = f64>) -> TableCell {
    TableCell::Number(Estimate::mean(&values.collect::<Vec<f64>>()))
}

fn table_of_linear(linear: &[LinearDraw]) -> Table {
    let mut table = Table::new(
        &format!("Linear reservoirs: means over {} draws", linear.len()),
        &[
            "g",
            "best ω, theory",
            "largest PR at (rad)",
            "PR there, theory",
            "PR there",
            "steadiest pole at, theory",
            "steadiest pole at (rad)",
            "largest residual",
        ],
    );
    let frequencies = linear_frequencies();
    for (gain, &g) in LINEAR_GAINS.iter().enumerate() {
        let over =
            |value: &dyn Fn(&Sweep) -> f64| mean(linear.iter().map(|draw| value(&draw[gain])));
        let residuals = linear.iter().map(|draw| draw[gain].residual);
        table.rows.push(vec![
            number(g),
            number(best_frequency(g)),
            over(&|sweep| peak(&frequencies, &sweep.participation_ratios)),
            number(best_participation_ratio(g)),
            over(&|sweep| sweep.at_best),
            number(steadiest(&frequencies, &shifts_of_large(&frequencies, g))),
            over(&|sweep| steadiest(&frequencies, &sweep.pole_shifts)),
            number(residuals.fold(0.0, f64::max)),
        ]);
    }
    table
}

/// What the closed forms say of the shift of the pole, in cycles.
fn shifts_of_large(frequencies: &[f64], gain: f64) -> Vec<f64> {
    let shift = |&frequency: &f64| Overlaps::of_large(frequency, gain).pole_shift() / frequency;
    frequencies.iter().map(shift).collect()
}

fn table_of_optima(form: Form, nonlinear: &[Draw]) -> Table {
    let mut table = Table::new(
        &format!(
            "Networks of tanh units: means over {} draws",
            nonlinear.len()
        ),
        &[
            "g",
            "largest dimension at (rad)",
            "most noise tolerated at (rad)",
            "rank correlation of the two over ω",
        ],
    );
    for (gain, &g) in form.gains.iter().enumerate() {
        let over =
            |value: &dyn Fn(&[Learned]) -> f64| mean(nonlinear.iter().map(|of| value(&of[gain])));
        table.rows.push(vec![
            number(g),
            over(&|learned| most_dimensional(form, learned)),
            over(&|learned| most_tolerant(form, learned)),
            over(&|learned| correlation(&learned.iter().map(pair).collect::<Vec<_>>())),
        ]);
    }
    table
}

fn table_of_networks(form: Form, nonlinear: &[Draw]) -> Table {
    let mut table = Table::new(
        "The same at each frequency; errors in root mean squares of the target",
        &[
            "g",
            "ω (rad)",
            "dimension",
            "of all rates",
            "error without noise",
            "error at 0.03",
            "noise tolerated",
        ],
    );
    let level = 1 + NOISE.iter().position(|&level| level == 0.03).unwrap_or(0);
    for (gain, &g) in form.gains.iter().enumerate() {
        for (place, &frequency) in form.frequencies.iter().enumerate() {
            let over = |value: &dyn Fn(&Learned) -> f64| {
                mean(nonlinear.iter().map(|draw| value(&draw[gain][place])))
            };
            table.rows.push(vec![
                number(g),
                number(frequency),
                over(&|of| of.dimension),
                over(&|of| of.whole_dimension),
                over(&|of| of.errors[0]),
                over(&|of| of.errors[level]),
                over(&|of| of.tolerated()),
            ]);
        }
    }
    table
}

fn colour(gain: usize) -> Colour {
    Colour::DISTINCT[gain % Colour::DISTINCT.len()]
}

/// Theory as lines, means over the draws as markers.
fn plot_of_linear(
    linear: &[LinearDraw],
    what: &str,
    scale: Scale,
    values: impl Fn(&Sweep) -> &Vec<f64>,
) -> Plot {
    let frequencies = linear_frequencies();
    let is_shift = scale == Scale::Log;
    let mut series = Vec::new();
    for (gain, &g) in LINEAR_GAINS.iter().enumerate() {
        let theory = |&frequency: &f64| {
            let overlaps = Overlaps::of_large(frequency, g);
            let value = if is_shift {
                overlaps.pole_shift() / frequency
            } else {
                overlaps.participation_ratio()
            };
            [frequency, value]
        };
        let line = frequencies.iter().map(theory).collect();
        series.push(Series::new("", Mark::Line, colour(gain), line));
        let found = frequencies.iter().enumerate().map(|(place, &frequency)| {
            let sum: f64 = linear.iter().map(|draw| values(&draw[gain])[place]).sum();
            [frequency, sum / linear.len() as f64]
        });
        series.push(Series::new(
            &format!("g = {g}"),
            Mark::Small(Glyph::Disc),
            colour(gain),
            found.collect(),
        ));
    }
    Plot::new(
        "Linear reservoirs (lines: N → ∞)",
        Axis::new("ω (rad per time constant)").on(Scale::Log),
        Axis::new(what).on(scale),
        series,
    )
}

/// Means over the draws.
fn plot_of_networks(form: Form, nonlinear: &[Draw]) -> Plot {
    let mut series = Vec::new();
    for (gain, &g) in form.gains.iter().enumerate() {
        let points = form
            .frequencies
            .iter()
            .enumerate()
            .map(|(place, &frequency)| {
                let dimensions = nonlinear.iter().map(|draw| draw[gain][place].dimension);
                [frequency, dimensions.sum::<f64>() / nonlinear.len() as f64]
            });
        let points: Vec<[f64; 2]> = points.collect();
        series.push(Series::new("", Mark::Line, colour(gain), points.clone()));
        series.push(Series::new(
            &format!("g = {g}"),
            Mark::Small(Glyph::Square),
            colour(gain),
            points,
        ));
    }
    Plot::new(
        "Networks of tanh units",
        Axis::new("ω (rad per time constant)").on(Scale::Log),
        Axis::new("participation ratio"),
        series,
    )
}

/// All networks.
fn plot_of_noise(form: Form, nonlinear: &[Draw]) -> Plot {
    let series = form.gains.iter().enumerate().map(|(gain, &g)| {
        let points = nonlinear
            .iter()
            .flat_map(|draw| draw[gain].iter().map(pair));
        Series::new(
            &format!("g = {g}"),
            Mark::Small(Glyph::Square),
            colour(gain),
            points.collect(),
        )
    });
    Plot::new(
        "Networks of tanh units",
        Axis::new("participation ratio − 1").on(Scale::Log),
        Axis::new("noise tolerated").on(Scale::Log),
        series.collect(),
    )
}
