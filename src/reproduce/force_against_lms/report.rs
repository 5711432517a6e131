//! What came of the trials: claims, tables, figure.

use super::super::{Claim, Expectation, Report, Table, TableCell};
use super::learning::{Interference, Sequence};
use super::memories::{ERROR, HOLD_STEPS};
use super::patterns::Cycles;
use super::{ENOUGH, Form, Network, RULES, TIMED, Timed, VALUES, patterns_report};
use crate::figure::plot::{Cells, ColourBar, Plot, Proportions, Span};
use crate::figure::{Axis, Colour, Figure, Glyph, Mark, Scale, Series};
use crate::statistics::Estimate;
use crate::statistics::rank_correlation_of_counted;

/// Places of the rules in [`RULES`].
const FORCE: usize = 0;
const LMS: usize = 1;
const ANEW: usize = 2;
/// Bins of the correlation between states.
const BINS: usize = 6;

pub(super) fn report(
    form: Form,
    networks: &[Network],
    timings: &[Vec<Timed>],
    cycles: &[Vec<Cycles>],
) -> Report {
    let mut claims = claims(form, networks, timings);
    claims.extend(patterns_report::claims(cycles));
    let values = |rule: usize| -> Vec<Vec<Vec<bool>>> {
        networks.iter().map(|of| of[0][rule].matrix()).collect()
    };
    Report {
        claims,
        tables: vec![
            table_of_survival(form, networks),
            table_of_bounds(networks),
            table_of_interference(form, networks),
            table_of_times(timings),
            patterns_report::table(cycles),
        ],
        figure: Some(Figure {
            description: "What is left of values and patterns taught before".to_owned(),
            plots: vec![
                plot_of_matrix("FORCE, no contexts", "value", &values(FORCE)),
                plot_of_matrix("LMS, no contexts", "value", &values(LMS)),
                plot_of_interference(networks),
                patterns_report::plot("FORCE", cycles, FORCE),
                patterns_report::plot("LMS", cycles, LMS),
                plot_of_next(networks),
            ],
            columns: 3,
        }),
    }
}

fn over<T>(of: &[T], value: impl Fn(&T) -> f64) -> Estimate {
    Estimate::mean(&of.iter().map(value).collect::<Vec<f64>>())
}

fn claims(form: Form, networks: &[Network], timings: &[Vec<Timed>]) -> Vec<Claim> {
    let survival = |rule: usize| over(networks, |of| of[0][rule].survival(ERROR));
    let kept = |name: &str, expected, rule| {
        let statement = format!(
            "{name}: share of the values taught before that are there after the last of {VALUES} trials"
        );
        Claim::new(&statement, expected, survival(rule)).of_ours()
    };
    let last = form.strengths.len() - 1;
    vec![
        kept("FORCE", Expectation::at_least(0.5), FORCE),
        kept("LMS", Expectation::at_most(0.5), LMS),
        kept("FORCE with P anew each trial", Expectation::at_most(0.5), ANEW),
        Claim::new(
            "FORCE: share of the values halfway between, never taught, that are there in the end (line attractor)",
            Expectation::at_least(0.5),
            over(networks, |of| share(of[0][FORCE].between.iter().map(|memory| memory.is_there()))),
        )
        .of_ours(),
        Claim::new(
            "LMS: rank correlation of the damage that a trial does to a value taught before, and the correlation of their states",
            Expectation::at_least(0.0),
            over(networks, |of| correlation(&interferences(of, LMS), |of| of.damage)),
        ),
        Claim::new(
            "LMS: share of memories that are there after the next trial, in the strongest contexts less that without contexts",
            Expectation::at_least(0.0),
            over(networks, |of| next(&of[last][LMS]) - next(&of[0][LMS])),
        ),
        Claim::new(
            &format!(
                "orders of magnitude (log10) between the trials that LMS takes, at least, by the faster of two rates, and those that \
                 FORCE takes, to a root mean square error of {ENOUGH}"
            ),
            Expectation::at_least(2.0),
            over(timings, |of| slowness(form, of)),
        ),
    ]
}

pub(super) fn share(hits: impl Iterator<Item = bool>) -> f64 {
    let (hits, count) = hits.fold((0, 0_usize), |(hits, count), hit| {
        (hits + usize::from(hit), count + 1)
    });
    hits as f64 / count as f64
}

/// Of all strengths.
fn interferences(network: &Network, rule: usize) -> Vec<Interference> {
    let sequences = network.iter().map(|of| of[rule].interferences());
    sequences.flatten().collect()
}

fn correlation(of: &[Interference], value: impl Fn(&Interference) -> f64) -> f64 {
    let pairs: Vec<[f64; 2]> = of.iter().map(|of| [of.correlation, value(of)]).collect();
    rank_correlation_of_counted(&pairs, &vec![1; pairs.len()]).unwrap_or(f64::NAN)
}

/// Share of the memories that were there before a trial and are after it.
fn next(sequence: &Sequence) -> f64 {
    let all = sequence.interferences();
    share(all.iter().filter(|of| of.was_there).map(|of| of.is_there))
}

/// Logarithm of the trials of the faster of the two rates of LMS, or of those after which both were given up, over those of
/// FORCE.
fn slowness(form: Form, timed: &[Timed]) -> f64 {
    let trials = |of: &Timed| of.trials.unwrap_or(form.most_trials) as f64;
    (trials(&timed[1]).min(trials(&timed[2])) / trials(&timed[0])).log10()
}

fn number(value: f64) -> TableCell {
    TableCell::Number(Estimate::exact(value))
}

fn table_of_survival(form: Form, networks: &[Network]) -> Table {
    let mut table = Table::new(
        &format!(
            "Values taught one trial each: means over {} networks",
            networks.len()
        ),
        &[
            "strength of contexts",
            "rule",
            "correlation of states",
            "taught before, there after the next trial",
            "taught before, there in the end",
            "all values, held for 50 time constants in the end",
            "last value, there",
        ],
    );
    for (place, &strength) in form.strengths.iter().enumerate() {
        for (rule, name) in RULES.iter().map(|rule| rule.name()).enumerate() {
            let mean = |value: &dyn Fn(&Sequence) -> f64| {
                TableCell::Number(over(networks, |of| value(&of[place][rule])))
            };
            table.rows.push(vec![
                number(strength),
                TableCell::Text(name),
                mean(&|of| {
                    let all = of.interferences();
                    all.iter().map(|of| of.correlation).sum::<f64>() / all.len() as f64
                }),
                mean(&next),
                mean(&|of| of.survival(ERROR)),
                mean(&|of| share(of.holds.iter().copied())),
                mean(&|of| {
                    share(
                        of.matrix()
                            .last()
                            .and_then(|row| row.last())
                            .copied()
                            .into_iter(),
                    )
                }),
            ]);
        }
    }
    table
}

fn table_of_bounds(networks: &[Network]) -> Table {
    let mut table = Table::new(
        "Taught before, there in the end, without contexts, by the error that is allowed",
        &["error", "FORCE", "LMS", "FORCE, P anew each trial"],
    );
    for error in [0.02, 0.05, ERROR, 0.2] {
        let survival =
            |rule: usize| TableCell::Number(over(networks, |of| of[0][rule].survival(error)));
        let mut row = vec![number(error)];
        row.extend([FORCE, LMS, ANEW].map(survival));
        table.rows.push(row);
    }
    table
}

fn table_of_interference(form: Form, networks: &[Network]) -> Table {
    let mut table = Table::new(
        "What a trial does to values taught before: medians, and rank correlations with the correlation of the states",
        &[
            "rule",
            "damage, without contexts",
            "damage, strongest contexts",
            "damage over the change at the value taught, without",
            "the same, strongest",
            "rank correlation of damage",
            "rank correlation of the ratio",
        ],
    );
    let last = form.strengths.len() - 1;
    for (rule, name) in RULES.iter().map(|rule| rule.name()).enumerate() {
        let median_of = |place: usize, value: fn(&Interference) -> f64| {
            TableCell::Number(over(networks, |of| {
                let all = of[place][rule].interferences();
                median(all.iter().map(value).collect())
            }))
        };
        let ranks = |value: fn(&Interference) -> f64| {
            TableCell::Number(over(networks, |of| {
                correlation(&interferences(of, rule), value)
            }))
        };
        table.rows.push(vec![
            TableCell::Text(name),
            median_of(0, |of| of.damage),
            median_of(last, |of| of.damage),
            median_of(0, |of| of.relative),
            median_of(last, |of| of.relative),
            ranks(|of| of.damage),
            ranks(|of| of.relative),
        ]);
    }
    table
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2])
}

fn table_of_times(timings: &[Vec<Timed>]) -> Table {
    let mut table = Table::new(
        &format!(
            "Passes through all values, until the root mean square error stays below {ENOUGH}"
        ),
        &["seed", "rule", "trials", "updates", "error in the end"],
    );
    for (seed, timed) in timings.iter().enumerate() {
        for (rule, of) in TIMED.iter().zip(timed) {
            let count = |trials: Option<usize>| match trials {
                Some(count) => TableCell::Count(count),
                None => TableCell::Text("not reached".to_owned()),
            };
            table.rows.push(vec![
                TableCell::Count(seed),
                TableCell::Text(rule.name()),
                count(of.trials),
                count(of.trials.map(|trials| trials * HOLD_STEPS)),
                number(of.error),
            ]);
        }
    }
    table
}

/// Share of the networks in which a value or pattern is there after each was taught, from `[network][taught][value]`.
pub(super) fn plot_of_matrix(title: &str, what: &str, matrices: &[Vec<Vec<bool>>]) -> Plot {
    let count = matrices.first().map_or(0, Vec::len);
    let mut rows = vec![vec![0.0; count]; count];
    for matrix in matrices {
        for (row, found) in rows.iter_mut().zip(matrix) {
            for (entry, is_there) in row.iter_mut().zip(found) {
                *entry += f64::from(u8::from(*is_there)) / matrices.len() as f64;
            }
        }
    }
    let named = |label: &str, is_turned: bool| Axis {
        names: (0..count)
            .map(|place| {
                let low = if is_turned { count - 1 - place } else { place } as f64;
                Span {
                    ends: [low, low + 1.0],
                    name: (place + 1).to_string(),
                }
            })
            .collect(),
        ..Axis::between(label, [0.0, count as f64])
    };
    Plot {
        cells: Some(Cells { rows }),
        colour_bar: Some(ColourBar {
            label: "share of networks in which it is there".to_owned(),
            range: [0.0, 1.0],
            scale: Scale::Linear,
        }),
        proportions: Proportions::Square,
        ..Plot::new(
            title,
            named(&format!("{what}, in the order taught"), false),
            named("after that of", true),
            Vec::new(),
        )
    }
}

fn plot_of_interference(networks: &[Network]) -> Plot {
    let series = [
        (LMS, "LMS", Colour::VERMILION),
        (FORCE, "FORCE", Colour::BLUE),
    ];
    let series = series.map(|(rule, name, colour)| {
        let points = networks
            .iter()
            .flat_map(|network| interferences(network, rule))
            .map(|of| [of.correlation, of.relative]);
        Series::new(name, Mark::Dots, colour, points.collect())
    });
    Plot::new(
        "One trial, all contexts",
        Axis::between("correlation of states", [-0.1, 1.0]),
        Axis::between("relative damage", [1e-5, 10.0]).on(Scale::Log),
        series.to_vec(),
    )
}

/// Share of the memories that are there after the next trial, by the correlation of the states.
fn plot_of_next(networks: &[Network]) -> Plot {
    let rules = [
        (FORCE, "FORCE", Colour::BLUE, Glyph::Disc),
        (LMS, "LMS", Colour::VERMILION, Glyph::Disc),
        (ANEW, "FORCE, P anew", Colour::GREEN, Glyph::Square),
    ];
    let mut series = Vec::new();
    for (rule, name, colour, glyph) in rules {
        let all: Vec<Interference> = networks
            .iter()
            .flat_map(|network| interferences(network, rule))
            .filter(|of| of.was_there)
            .collect();
        let points = (0..BINS).filter_map(|bin| {
            let is_in = |of: &&Interference| {
                let place = (of.correlation.max(0.0) * BINS as f64) as usize;
                place.min(BINS - 1) == bin
            };
            let inside: Vec<&Interference> = all.iter().filter(is_in).collect();
            let hits = inside.iter().filter(|of| of.is_there).count();
            let middle = (bin as f64 + 0.5) / BINS as f64;
            (inside.len() >= 5).then(|| [middle, hits as f64 / inside.len() as f64])
        });
        let points: Vec<[f64; 2]> = points.collect();
        series.push(Series::new("", Mark::Line, colour, points.clone()));
        series.push(Series::new(name, Mark::Small(glyph), colour, points));
    }
    Plot::new(
        "Memories, all contexts",
        Axis::between("correlation with the state of the trial", [0.0, 1.0]),
        Axis::between("share still there after it", [-0.02, 1.02]),
        series,
    )
}
