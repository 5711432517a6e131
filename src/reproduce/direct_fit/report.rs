//! What came of the networks: claims, tables, figure.

use super::super::{Claim, Expectation, Report, Table, TableCell};
use super::Seen;
use super::ends::LENGTHS;
use super::family::{Family, Sampling};
use super::figure::figure;
use super::networks::Networks;
use crate::statistics::Estimate;
use crate::statistics::bootstrap::Bootstrap;

/// A zone ends at a bifurcation that is no further from its edge, in widths of the trained range.
const NEAR: f64 = 0.25;

fn values(networks: &[&Seen], value: impl Fn(&Seen) -> f64) -> Vec<f64> {
    networks.iter().map(|of| value(of)).collect()
}

pub(super) fn report(seen: &[Seen]) -> Report {
    let families: Vec<Networks<'_>> = Family::ALL
        .into_iter()
        .map(|family| Networks { family, all: seen })
        .filter(|of| seen.iter().any(|seen| seen.family == of.family))
        .collect();
    Report {
        claims: families.iter().flat_map(claims).collect(),
        tables: vec![
            table_of_samplings(&families),
            table_of_ends(&families),
            table_of_edges(&families),
            table_of_memories(&families),
        ],
        figure: Some(figure(&families)),
    }
}

fn claims(of: &Networks<'_>) -> Vec<Claim> {
    match of.family {
        Family::Sine => claims_of_sine(of),
        Family::Delay => claims_of_delay(of),
        Family::Amplitude => claims_of_amplitude(of),
    }
}

fn claims_of_sine(of: &Networks<'_>) -> Vec<Claim> {
    let densities = of.densities();
    let (sparse, dense) = (densities[0], densities[densities.len() - 1]);
    let filled = |count: usize| values(&of.dense(count), |of| f64::from(u8::from(of.fills_gaps())));
    let [narrow, broad] = of.family.other_ranges();
    let bootstrap = Bootstrap::new(2);
    let width = |networks: &[&Seen]| values(networks, Seen::width);
    let growth = values(&of.dense(dense), |of| {
        let [near, far] = of.errors_outside();
        far - near
    });
    let edges: Vec<f64> = of
        .every()
        .iter()
        .flat_map(|of| [0, 1].into_iter().filter_map(|side| of.edge_to_end(side)))
        .collect();
    let near = edges.iter().filter(|off| **off <= NEAR).count();
    vec![
        Claim::new(
            &format!(
                "sine: share of networks that are right half-way between all trained frequencies, {dense} of these less {sparse}"
            ),
            Expectation::at_least(0.5),
            bootstrap.difference(&filled(sparse), &filled(dense)),
        ),
        Claim::new(
            "sine: width of the zone of the broad range less that of the narrow one, in rad/s",
            Expectation::at_least(0.0),
            bootstrap.difference(&width(&of.on(narrow)), &width(&of.on(broad))),
        ),
        Claim::new(
            &format!("sine, {dense} frequencies: width of the zone over that of the trained range"),
            Expectation::at_least(1.0),
            Estimate::mean(&values(&of.dense(dense), Seen::relative_width)),
        ),
        Claim::new(
            &format!("sine, {dense} frequencies: error at half to one trained width outside less that nearer by"),
            Expectation::at_least(0.0),
            Estimate::mean(&growth),
        ),
        Claim::new(
            "sine: share of edges of zones within a quarter of the trained width of where the wave ends along the input",
            Expectation::at_least(0.5),
            Estimate::share(near, edges.len()),
        ),
    ]
    .into_iter()
    .map(Claim::of_ours)
    .collect()
}

/// Whether a delay zone ends should be told by whether the two samples end in different attractors.
fn claims_of_delay(of: &Networks<'_>) -> Vec<Claim> {
    let networks = of.every();
    let agree = |of: &&&Seen| of.edge(1).is_some() != (of.memories > 1);
    let agreed = networks.iter().filter(agree).count();
    vec![
        Claim::new(
            "delay: share of networks whose zone goes on without end if, and only if, the samples lead to different attractors",
            Expectation::at_least(0.8),
            Estimate::share(agreed, networks.len()),
        )
        .of_ours(),
    ]
}

/// A pulse that lasts follows the fixed point as a constant input does; a short one has to carry the state across.
fn claims_of_amplitude(of: &Networks<'_>) -> Vec<Claim> {
    let networks = of.every();
    let edges: Vec<f64> = networks.iter().filter_map(|of| of.edge_to_end(0)).collect();
    let near = edges.iter().filter(|off| **off <= NEAR).count();
    let ratios: Vec<f64> = networks
        .iter()
        .filter_map(|of| of.threshold_over_fold(LENGTHS.len() - 1))
        .collect();
    vec![
        Claim::new(
            "amplitude: share of lower edges of zones within a quarter of the trained width of where a constant input ends the memory",
            Expectation::at_least(0.5),
            Estimate::share(near, edges.len()),
        )
        .of_ours(),
        Claim::new(
            "amplitude: least pulse of 300 steps that turns a memory over, over the constant input at the fold",
            Expectation::between(0.99, 1.1),
            Estimate::mean(&ratios),
        )
        .of_theory(),
    ]
}

/// The middle one of some numbers, the upper one of two; NaN of none.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Where edges of zones lie, against where motion ends; thresholds of pulses, against the fold.
fn table_of_edges(families: &[Networks<'_>]) -> Table {
    let mut table = Table::new(
        "Edges of zones, and where motion ends: medians over networks that are right at all trained values",
        &["what", "number", "networks"],
    );
    let mut row = |what: String, numbers: Vec<f64>| {
        let count = TableCell::Count(numbers.len());
        let middle = TableCell::Number(Estimate::exact(median(numbers)));
        table.rows.push(vec![TableCell::Text(what), middle, count]);
    };
    for of in families {
        let networks = of.every();
        match of.family {
            Family::Delay => {}
            Family::Sine => {
                for (side, name) in ["below", "above"].into_iter().enumerate() {
                    let edges = networks
                        .iter()
                        .filter_map(|of| of.edge_to_end(side))
                        .collect();
                    row(
                        format!("sine, {name}: edge of the zone to the end, in trained widths"),
                        edges,
                    );
                    let tuned = networks.iter().filter_map(|of| {
                        let end = of.ends[side].as_ref()?;
                        Some((end.at - of.tuned?[side]).abs() / of.sampling.width())
                    });
                    let tuned = tuned.collect();
                    row(
                        format!(
                            "sine, {name}: last frequency that is right within a tenth to the end, in trained widths"
                        ),
                        tuned,
                    );
                }
            }
            Family::Amplitude => {
                for (place, length) in LENGTHS.into_iter().enumerate() {
                    let ratios = networks
                        .iter()
                        .filter_map(|of| of.threshold_over_fold(place))
                        .collect();
                    row(
                        format!(
                            "amplitude: least pulse of {length} steps that turns a memory over, over the fold"
                        ),
                        ratios,
                    );
                }
            }
        }
    }
    table
}

fn table_of_samplings(families: &[Networks<'_>]) -> Table {
    let mut table = Table::new(
        "Zones by what was trained: means over networks that are right at all trained values",
        &[
            "task",
            "values",
            "from",
            "to",
            "networks",
            "learned",
            "gaps filled",
            "zone from",
            "zone to",
            "zone / trained width",
            "error near by",
            "error further out",
            "edge to end below (median, trained widths)",
            "above",
        ],
    );
    for of in families {
        let mut samplings: Vec<Sampling> = Vec::new();
        for seen in of.all.iter().filter(|seen| seen.family == of.family) {
            if !samplings.contains(&seen.sampling) {
                samplings.push(seen.sampling);
            }
        }
        for sampling in samplings {
            let all = of.all.iter().filter(|seen| seen.family == of.family);
            let networks = of.of(|other| *other == sampling);
            let mean = |value: &dyn Fn(&Seen) -> f64| {
                TableCell::Number(Estimate::mean(&values(&networks, value)))
            };
            let edge =
                |side: usize| mean(&move |of: &Seen| of.zone.map_or(f64::NAN, |zone| zone[side]));
            let edge_to_end = |side: usize| {
                let off = networks.iter().filter_map(|of| of.edge_to_end(side));
                TableCell::Number(Estimate::exact(median(off.collect())))
            };
            let filled = networks.iter().filter(|of| of.fills_gaps()).count();
            table.rows.push(vec![
                TableCell::Text(of.family.name().to_owned()),
                TableCell::Count(sampling.count),
                TableCell::Number(Estimate::exact(sampling.range[0])),
                TableCell::Number(Estimate::exact(sampling.range[1])),
                TableCell::Count(all.filter(|seen| seen.sampling == sampling).count()),
                TableCell::Count(networks.len()),
                TableCell::Number(Estimate::share(filled, networks.len())),
                edge(0),
                edge(1),
                mean(&Seen::relative_width),
                mean(&|of: &Seen| of.errors_outside()[0]),
                mean(&|of: &Seen| of.errors_outside()[1]),
                edge_to_end(0),
                edge_to_end(1),
            ]);
        }
    }
    table
}

/// Where motion ends along the input, and what fixed points do there.
fn table_of_ends(families: &[Networks<'_>]) -> Table {
    let mut table = Table::new(
        "Where motion ends along the input, in networks that are right at all trained values",
        &[
            "task",
            "side",
            "ends",
            "of",
            "mean value",
            "Neimark-Sacker",
            "fold",
            "other",
            "none near",
        ],
    );
    for of in families.iter().filter(|of| of.family != Family::Delay) {
        for (side, name) in ["below", "above"].into_iter().enumerate() {
            let networks = of.every();
            let ends: Vec<_> = networks
                .iter()
                .filter_map(|of| of.ends[side].as_ref())
                .collect();
            if ends.is_empty() {
                continue;
            }
            let at: Vec<f64> = ends.iter().map(|end| end.at).collect();
            let count = |is: &dyn Fn(Option<&str>) -> bool| {
                let codes = ends.iter().map(|end| end.event.map(|event| event.0));
                TableCell::Count(codes.filter(|code| is(*code)).count())
            };
            table.rows.push(vec![
                TableCell::Text(of.family.name().to_owned()),
                TableCell::Text(name.to_owned()),
                TableCell::Count(ends.len()),
                TableCell::Count(networks.len()),
                TableCell::Number(Estimate::mean(&at)),
                count(&|code| code == Some("NS")),
                count(&|code| code == Some("LP")),
                count(&|code| code.is_some_and(|code| code != "NS" && code != "LP")),
                count(&|code| code.is_none()),
            ]);
        }
    }
    table
}

/// Whether zones of delays end, by whether the two samples lead to different attractors.
fn table_of_memories(families: &[Networks<'_>]) -> Table {
    let mut table = Table::new(
        "Delays: networks that are right at all trained values, by where the two samples end and how far the zone goes",
        &["attractors", "zone ends within the grid", "zone goes on"],
    );
    for of in families.iter().filter(|of| of.family == Family::Delay) {
        for (is_one, name) in [(true, "one"), (false, "different")] {
            let count = |ends: bool| {
                let networks = of.every().into_iter();
                let alike = networks
                    .filter(|of| (of.memories == 1) == is_one && of.edge(1).is_some() == ends);
                TableCell::Count(alike.count())
            };
            table.rows.push(vec![
                TableCell::Text(name.to_owned()),
                count(true),
                count(false),
            ]);
        }
    }
    table
}
