//! What came of all parts: claims and tables.

use super::super::{Claim, Expectation, Report, Table, TableCell};
use super::delayed::second_half;
use super::excess::{excess, triggered};
use super::figure::figure;
use super::fits::Crossing;
use super::plane::Bifurcation;
use super::{FORCINGS, Measured};
use crate::comparison::coincidence::RunSignal;
use crate::comparison::coincidence::ghosts::{Company, DropRecord, company_share};
use crate::statistics::Estimate;
use crate::statistics::bootstrap::Bootstrap;

/// Steps that a bifurcation or ghost may lie beside a drop of the loss and still be its company.
const TOLERANCE: u64 = 5;
const SEED: u64 = 1;

pub(super) fn report(of: &Measured) -> Report {
    let mut claims = claims_of_one_unit(of);
    claims.extend(claims_of_training(of));
    Report {
        claims,
        tables: vec![
            table_of_ghosts(of),
            table_of_networks(of),
            table_of_signals(of),
            table_of_drops(of),
            table_of_fits(of),
            table_of_surfaces(of),
        ],
        figure: Some(figure(of)),
    }
}

fn exponents(of: &Measured, which: usize) -> Estimate {
    let all: Vec<f64> = of.latches.iter().map(|latch| latch[which].0).collect();
    Estimate::mean(&all)
}

fn claims_of_one_unit(of: &Measured) -> Vec<Claim> {
    let rates: Vec<[f64; 2]> = of
        .rates
        .iter()
        .map(|&[time, rate, _]| [time, rate])
        .collect();
    let ratios: Vec<f64> = of
        .courses
        .iter()
        .filter(|(_, _, course)| course.has_no_bifurcation())
        .map(|(time, first, course)| {
            course.second_half().unwrap_or(f64::NAN) / second_half(*time, *first)
        })
        .collect();
    vec![
        Claim::new(
            "latch: exponent of the gradient of the settled state with the distance from the fold (theory: -1/2)",
            Expectation::between(-0.51, -0.49),
            exponents(of, 0),
        )
        .of_theory(),
        Claim::new(
            "latch: exponent of the largest gradient beyond the fold with the length of the run (theory: 3)",
            Expectation::between(2.9, 3.1),
            exponents(of, 1),
        )
        .of_theory(),
        Claim::new(
            "ghost: exponent of the largest learning rate that still comes to rest with the delay (theory: -5)",
            Expectation::between(-5.25, -4.75),
            Estimate::exact(super::latch::logarithmic_slope(&rates)),
        )
        .of_theory(),
        Claim::new(
            "ghost: share of learning in which the second half of the drop happens, without any bifurcation, over its closed form",
            Expectation::between(0.8, 1.25),
            Estimate::mean(&ratios),
        )
        .of_theory(),
    ]
}

fn claims_of_training(of: &Measured) -> Vec<Claim> {
    let bootstrap = Bootstrap::new(SEED);
    let (free, forced) = (&of.fits[0], &of.fits[1]);
    let differences: Vec<f64> = free
        .iter()
        .zip(forced)
        .map(|(a, b)| a.largest_rise() - b.largest_rise())
        .collect();
    vec![
        Claim::new(
            "trained networks: ln gradient norm at bifurcations less that of other networks at the same update",
            Expectation::above_zero(),
            excess(&gradients(of), &bootstrap),
        )
        .of_ours(),
        Claim::new(
            "plane, no forcing: ln gradient norm at bifurcations less that of other fits at the same update",
            Expectation::above_zero(),
            excess(&signals(free), &bootstrap),
        )
        .of_ours(),
        Claim::new(
            "plane: share of fits with forcing 0.1 that cross no bifurcation at infinity, of starts that need not",
            Expectation::at_least(0.95),
            share_without_infinity(forced),
        )
        .of_ours(),
        Claim::new(
            "plane: largest rise of ln loss by one update of a fit without forcing, less with forcing 0.1 from the same start",
            Expectation::above_zero(),
            bootstrap.mean(&differences),
        )
        .of_ours(),
    ]
}

/// Share of the fits that cross no bifurcation at infinity, of those that start on the side of the system.
fn share_without_infinity(fits: &[Crossing]) -> Estimate {
    let beside = fits.iter().filter(|fit| fit.begins_on_the_same_side());
    let avoided = beside
        .clone()
        .filter(|fit| fit.count(Bifurcation::Infinity) == 0);
    Estimate::share(avoided.count(), beside.count())
}

fn gradients(of: &Measured) -> Vec<RunSignal> {
    of.networks
        .iter()
        .map(|seen| seen.gradients.clone())
        .collect()
}

fn signals(fits: &[Crossing]) -> Vec<RunSignal> {
    fits.iter().map(Crossing::signal).collect()
}

fn text(words: &str) -> TableCell {
    TableCell::Text(words.to_owned())
}

fn number(value: f64) -> TableCell {
    TableCell::Number(Estimate::exact(value))
}

fn mean<T>(of: &[T], value: impl Fn(&T) -> f64) -> TableCell {
    let values: Vec<f64> = of.iter().map(value).collect();
    TableCell::Number(Estimate::mean(&values))
}

fn table_of_ghosts(of: &Measured) -> Table {
    let mut table = Table::new(
        "The ghost: largest learning rates, and courses of learning",
        &[
            "delay",
            "first scale",
            "largest rate at rest",
            "2 / curvature",
            "updates",
            "smallest scale",
            "second half",
            "closed form",
        ],
    );
    for &[time, rate, critical] in &of.rates {
        let mut row = vec![number(time), text(""), number(rate), number(critical)];
        row.extend([""; 4].map(text));
        table.rows.push(row);
    }
    for (time, first, course) in &of.courses {
        let smallest = course.scales.iter().copied().fold(f64::INFINITY, f64::min);
        table.rows.push(vec![
            number(*time),
            number(*first),
            text(""),
            text(""),
            TableCell::Count(course.losses.len()),
            number(smallest),
            number(course.second_half().unwrap_or(f64::NAN)),
            number(second_half(*time, *first)),
        ]);
    }
    table
}

fn table_of_networks(of: &Measured) -> Table {
    let mut table = Table::new(
        "Trained networks",
        &[
            "seed",
            "loss at the end",
            "bifurcations",
            "drops of the loss",
        ],
    );
    for (seed, seen) in of.networks.iter().enumerate() {
        table.rows.push(vec![
            TableCell::Count(seed),
            number(seen.path.steps.last().map_or(f64::NAN, |step| step.loss)),
            TableCell::Count(seen.path.events.len()),
            TableCell::Count(seen.drops.drops.len()),
        ]);
    }
    table
}

/// Event-triggered averages against the events of other runs.
fn table_of_signals(of: &Measured) -> Table {
    let mut table = Table::new(
        "Signals around bifurcations, against the bifurcations of other runs at the same share of training",
        &[
            "signal",
            "bifurcations",
            "excess at them",
            "most extreme at lag",
            "excess there",
            "p",
        ],
    );
    let losses: Vec<RunSignal> = of
        .networks
        .iter()
        .map(|seen| {
            let mut signal = seen.losses.clone();
            let values = signal.stages.iter_mut().flat_map(|stage| &mut stage.values);
            values.for_each(|value| *value = -*value);
            signal
        })
        .collect();
    let mut all = vec![
        ("networks: ln gradient norm".to_owned(), gradients(of)),
        ("networks: fall of ln loss".to_owned(), losses),
    ];
    for (forcing, fits) in FORCINGS.iter().zip(&of.fits) {
        let name = format!("plane, forcing {forcing}: ln gradient norm");
        all.push((name, signals(fits)));
    }
    for (name, signals) in all {
        let mut row = vec![TableCell::Text(name)];
        let found = triggered(&signals, SEED);
        row.push(TableCell::Count(found.as_ref().map_or(0, |of| of.events)));
        row.push(TableCell::Number(excess(&signals, &Bootstrap::new(SEED))));
        match found {
            Some(of) => row.extend([
                number(of.extreme_lag as f64),
                number(of.excess),
                number(of.p),
            ]),
            None => row.extend([""; 3].map(text)),
        }
        table.rows.push(row);
    }
    table
}

fn table_of_drops(of: &Measured) -> Table {
    let mut table = Table::new(
        "What drops of the loss of trained networks come with",
        &["company", "drops", "share", "by chance", "p"],
    );
    let records: Vec<DropRecord> = of.networks.iter().map(|seen| seen.drops.clone()).collect();
    let drops = records.iter().map(|of| of.drops.len()).sum();
    for (company, name) in [
        (Company::Bifurcation, "a bifurcation"),
        (Company::GhostAlone, "a ghost and no bifurcation"),
        (Company::Nothing, "neither"),
    ] {
        let found = company_share(&records, company, TOLERANCE, &Bootstrap::new(SEED), 999);
        let mut row = vec![text(name), TableCell::Count(drops)];
        match found {
            Some(of) => row.extend([
                TableCell::Number(of.share),
                number(of.by_chance),
                number(of.p),
            ]),
            None => row.extend([""; 3].map(text)),
        }
        table.rows.push(row);
    }
    table
}

fn table_of_fits(of: &Measured) -> Table {
    let mut table = Table::new(
        "Fits in the plane: means over starts, by strength of forcing",
        &[
            "forcing",
            "fits",
            "at borders",
            "at infinity",
            "of stability",
            "fits with none at infinity",
            "the same of starts that need none",
            "largest rise of ln loss",
            "way of the parameters",
            "loss at the end",
        ],
    );
    for (forcing, fits) in FORCINGS.iter().zip(&of.fits) {
        let count = |kind| mean(fits, |fit| fit.count(kind) as f64);
        let avoided = fits
            .iter()
            .filter(|fit| fit.count(Bifurcation::Infinity) == 0);
        table.rows.push(vec![
            number(*forcing),
            TableCell::Count(fits.len()),
            count(Bifurcation::Border),
            count(Bifurcation::Infinity),
            count(Bifurcation::Stability),
            TableCell::Number(Estimate::share(avoided.count(), fits.len())),
            TableCell::Number(share_without_infinity(fits)),
            mean(fits, Crossing::largest_rise),
            mean(fits, Crossing::way),
            mean(fits, |fit| {
                fit.fit.losses.last().copied().unwrap_or(f64::NAN)
            }),
        ]);
    }
    table
}

fn table_of_surfaces(of: &Measured) -> Table {
    let mut table = Table::new(
        "Landscape over both diagonal parameters: how much more often its steepest 1 % of steps cross a bifurcation",
        &["forcing", "ratio"],
    );
    for (forcing, surface) in FORCINGS.iter().zip(&of.surfaces) {
        let ratio = surface.enrichment(&of.words, &Bootstrap::new(SEED));
        table
            .rows
            .push(vec![number(*forcing), TableCell::Number(ratio)]);
    }
    table
}
