//! What came of the networks: claims, tables, figure.

use super::super::{Claim, Expectation, Report, Table, TableCell};
use super::gram::Overlaps;
use super::memory::{Graduate, LENGTHS, accuracy};
use super::{Class, Flown, Form, RATES};
use crate::figure::{Axis, Colour, Figure, Glyph, Mark, Plot, Scale, Series};
use crate::statistics::{Estimate, Line};

/// Steps between the points of a course in the figure.
const EVERY: usize = 20;
const ORDERS: [&str; 2] = ["A, B, C", "B, A, C"];

pub(super) fn report(form: Form, flown: &[Flown], classes: &[Class]) -> Report {
    Report {
        claims: claims(flown, classes),
        tables: vec![table_of_flows(flown), table_of_memory(classes)],
        figure: Some(figure(form, flown, classes)),
    }
}

fn largest(values: impl Iterator<Item = f64>) -> Estimate {
    Estimate::exact(values.fold(0.0, f64::max))
}

/// Slope of the logarithm of the drift against that of the learning rate.
fn drift_exponent(of: &Flown) -> f64 {
    let points = RATES.into_iter().zip(of.drifts);
    let points: Vec<[f64; 2]> = points.map(|(x, y)| [x.ln(), y.ln()]).collect();
    Line::fitted(&points).slope
}

/// |log₂| of how many times as long one order takes as the other to learn A again, for each pair.
fn relearning(graduates: &[Graduate]) -> Estimate {
    let pairs = graduates.chunks_exact(2);
    let logs: Vec<f64> = pairs
        .map(|pair| (pair[0].again / pair[1].again).log2().abs())
        .collect();
    Estimate::mean(&logs)
}

fn unseen(of: &Graduate) -> Vec<f64> {
    of.unseen().to_vec()
}

fn function(of: &Graduate) -> Vec<f64> {
    of.function().to_vec()
}

fn claims(flown: &[Flown], classes: &[Class]) -> Vec<Claim> {
    let exact = Expectation::at_most(1e-6);
    let chance = Expectation::between(0.3, 0.7);
    let exponents: Vec<f64> = flown.iter().map(drift_exponent).collect();
    let descents = classes
        .iter()
        .flat_map(|class| &class.graduates)
        .map(|of| of.difference)
        .chain(flown.iter().map(|of| of.descent_difference));
    let mut claims = vec![
        Claim::new(
            "gradient descent: largest relative difference between overlaps of a network and their closed equations",
            exact,
            largest(descents),
        )
        .of_theory(),
        Claim::new(
            "gradient flow, ranks 1 and 2: the same",
            exact,
            largest(flown.iter().map(|of| of.difference)),
        )
        .of_theory(),
        Claim::new(
            "gradient flow: largest relative change of the spectrum of A Aᵀ - B Bᵀ",
            exact,
            largest(flown.iter().map(|of| of.kept)),
        )
        .of_theory(),
        Claim::new(
            "gradient descent: exponent of that change in the learning rate",
            Expectation::between(0.9, 1.1),
            Estimate::mean(&exponents),
        )
        .of_theory(),
    ];
    if let [longer, equal, _] = classes {
        let told = Expectation::at_least(0.9);
        let of =
            |class: &Class, numbers: fn(&Graduate) -> Vec<f64>| accuracy(&class.graduates, numbers);
        claims.extend([
            Claim::new(
                "share of networks whose order of tasks unseen overlaps tell, recurrent vectors longer",
                told,
                of(longer, unseen),
            )
            .of_ours(),
            Claim::new(
                "the same from the overlaps that make the response (chance 0.5)",
                chance,
                of(longer, function),
            )
            .of_ours(),
            Claim::new(
                "the same from unseen overlaps, all vectors equally long at first (chance 0.5)",
                chance,
                of(equal, unseen),
            )
            .of_ours(),
            Claim::new(
                "|log₂| of the ratio of steps to learn A again, between networks of equal response, recurrent vectors longer",
                Expectation::at_least(0.1),
                relearning(&longer.graduates),
            )
            .of_ours(),
        ]);
    }
    claims
}

fn table_of_flows(flown: &[Flown]) -> Table {
    let mut table = Table::new(
        "Networks and their overlaps: relative differences",
        &[
            "rank",
            "flow",
            "descent",
            "change of the kept spectrum, flow",
            "the same, descent at 0.04",
            "its exponent in the learning rate",
            "change of the overlaps",
        ],
    );
    for of in flown {
        let numbers = [
            of.difference,
            of.descent_difference,
            of.kept,
            of.drifts[0],
            drift_exponent(of),
            of.moved,
        ];
        let mut row = vec![TableCell::Count(of.rank)];
        row.extend(numbers.map(|number| TableCell::Number(Estimate::exact(number))));
        table.rows.push(row);
    }
    table
}

fn table_of_memory(classes: &[Class]) -> Table {
    let mut table = Table::new(
        "Memory of the order of tasks",
        &[
            "vectors at first",
            "order",
            "largest loss on C",
            "nᵀm",
            "w_outᵀm nᵀw_in",
            "w_outᵀw_in",
            "mᵀm",
            "mᵀw_in",
            "w_inᵀw_in",
            "steps to A again",
            "told by unseen overlaps",
            "by those of the response",
            "by w_outᵀm / nᵀw_in",
        ],
    );
    for class in classes {
        let told = |numbers: fn(&Graduate) -> Vec<f64>| {
            TableCell::Number(accuracy(&class.graduates, numbers))
        };
        for (order, name) in ORDERS.into_iter().enumerate() {
            let of_order = || class.graduates.iter().filter(|of| of.order == order);
            let mean = |value: &dyn Fn(&Graduate) -> f64| {
                TableCell::Number(Estimate::mean(&of_order().map(value).collect::<Vec<f64>>()))
            };
            table.rows.push(vec![
                TableCell::Text(class.lengths.name.to_owned()),
                TableCell::Text(name.to_owned()),
                TableCell::Number(largest(of_order().map(|of| of.loss))),
                mean(&|of| of.function()[0]),
                mean(&|of| of.function()[1]),
                mean(&|of| of.function()[2]),
                mean(&|of| of.unseen()[0]),
                mean(&|of| of.unseen()[1]),
                mean(&|of| of.unseen()[2]),
                mean(&|of| of.again),
                told(unseen),
                told(function),
                told(|of| vec![gauge(of)]),
            ]);
        }
    }
    table
}

/// ln |w_outᵀm / nᵀw_in|, which the loss does not see though it sees both.
fn gauge(of: &Graduate) -> f64 {
    let x = of.overlaps.visible();
    (x[(1, 0)] / x[(0, 1)]).abs().ln()
}

fn figure(form: Form, flown: &[Flown], classes: &[Class]) -> Figure {
    Figure {
        description: "Overlaps while linear networks of rank one learn three tasks in two orders: those that make the response \
                      end alike, those that the loss does not see do not; and what gradient descent changes of the spectrum that \
                      gradient flow keeps, against the learning rate"
            .to_owned(),
        plots: vec![
            courses(
                form,
                "Seen: nᵀm",
                |of| of.visible()[(0, 0)],
            ),
            courses(form, "Unseen: mᵀw_in", |of| {
                of.visible()[(1, 0)].signum() * of.invisible()[0][(0, 1)]
            }),
            ends(classes),
            drifts(flown),
        ],
        columns: 2,
    }
}

/// An overlap through both orders, of one network.
fn courses(form: Form, title: &str, value: impl Fn(&Overlaps) -> f64) -> Plot {
    let first = form.path.drawn(LENGTHS[0], 0);
    let [early, _] = form.path.steps;
    let series = ORDERS.into_iter().enumerate().map(|(order, name)| {
        let course = form
            .path
            .course(&first, order, EVERY)
            .into_iter()
            .enumerate();
        let points = course.map(|(place, of)| [(EVERY * place) as f64, value(&of)]);
        let shown = points.take_while(|point| point[0] <= 4.0 * early as f64);
        Series::new(name, Mark::Line, Colour::DISTINCT[order], shown.collect())
    });
    let series = series.collect();
    Plot::new(
        title,
        Axis::new("training step"),
        Axis::new("overlap"),
        series,
    )
}

/// Two unseen overlaps at the end, of all networks.
fn ends(classes: &[Class]) -> Plot {
    let glyphs = [Glyph::Disc, Glyph::Square, Glyph::Triangle];
    let mut series = Vec::new();
    for (class, glyph) in classes.iter().zip(glyphs) {
        for (order, name) in ORDERS.into_iter().enumerate() {
            let of_order = class.graduates.iter().filter(|of| of.order == order);
            let points = of_order.map(|of| {
                let [_, along, input, ..] = of.unseen();
                [along, input]
            });
            let name = format!("{}: {name}", class.lengths.name);
            let mark = Mark::Small(glyph);
            series.push(Series::new(
                &name,
                mark,
                Colour::DISTINCT[order],
                points.collect(),
            ));
        }
    }
    let x = Axis::new("mᵀw_in at the end");
    Plot::new(
        "Unseen overlaps at the end",
        x,
        Axis::new("w_inᵀw_in at the end"),
        series,
    )
}

fn drifts(flown: &[Flown]) -> Plot {
    let series = flown.iter().map(|of| {
        let points = RATES.into_iter().zip(of.drifts).map(|(x, y)| [x, y]);
        let name = format!("rank {}", of.rank);
        Series::new(
            &name,
            Mark::Thin,
            Colour::DISTINCT[of.rank - 1],
            points.collect(),
        )
    });
    let series = series.collect();
    let x = Axis::new("learning rate").on(Scale::Log);
    let y = Axis::new("relative change").on(Scale::Log);
    Plot::new("Change of the spectrum of A Aᵀ - B Bᵀ", x, y, series)
}
