//! What came of the networks: claims, tables, figure.

use super::super::{Claim, Expectation, Report, Table, TableCell};
use super::Seen;
use super::ends::LENGTHS;
use super::family::{Family, Sampling};
use super::zone::mean_outside;
use crate::figure::plot::Rule;
use crate::figure::scene::Dash;
use crate::figure::{Axis, Colour, Figure, Glyph, Mark, Plot, Scale, Series};
use crate::statistics::Estimate;
use crate::statistics::bootstrap::Bootstrap;

/// A zone ends at a bifurcation that is no further from its edge, in widths of the trained range.
const NEAR: f64 = 0.25;

impl Seen {
    /// Width of its zone; 0 without one.
    fn width(&self) -> f64 {
        self.zone.map_or(0.0, |[low, high]| high - low)
    }

    /// The same in widths of the trained range.
    fn relative_width(&self) -> f64 {
        self.width() / self.sampling.width()
    }

    /// Whether it is right half-way between all trained values.
    fn fills_gaps(&self) -> bool {
        let mut between = self.between.iter();
        between.all(|accuracy| *accuracy >= self.family.right())
    }

    /// Mean error at a distance of up to half the width of the trained range outside, and at half to once the width.
    fn errors_outside(&self) -> [f64; 2] {
        let (grid, width) = (self.family.grid(), self.sampling.width());
        let mean = |from: f64, to: f64| {
            let distances = [from * width + 1e-9, to * width];
            1.0 - mean_outside(&grid, &self.accuracies, self.sampling.range, distances)
        };
        [mean(0.0, 0.5), mean(0.5, 1.0)]
    }

    /// The lower (0) or the upper (1) edge of its zone, if that lies within the grid.
    fn edge(&self, side: usize) -> Option<f64> {
        let grid = self.family.grid();
        let last = [grid[0], grid[grid.len() - 1]][side];
        self.zone
            .map(|zone| zone[side])
            .filter(|edge| *edge != last)
    }

    /// Distance from that edge to where motion ends on its side, in widths of the trained range; infinite where it does not.
    fn edge_to_end(&self, side: usize) -> Option<f64> {
        let edge = self.edge(side)?;
        let end = self.ends[side].as_ref().map(|end| (end.at - edge).abs());
        Some(end.map_or(f64::INFINITY, |off| off / self.sampling.width()))
    }
}

impl Seen {
    /// The least pulse of a length that turns a memory over, over the constant input at the fold.
    fn threshold_over_fold(&self, length: usize) -> Option<f64> {
        let (code, fold) = self.ends[0].as_ref()?.event?;
        (code == "LP").then(|| self.thresholds.get(length).map(|of| of / fold))?
    }
}

/// The networks of a family, of those that learned what they were trained on.
struct Networks<'a> {
    family: Family,
    all: &'a [Seen],
}

impl<'a> Networks<'a> {
    fn of(&self, is: impl Fn(&Sampling) -> bool) -> Vec<&'a Seen> {
        let learned = self.all.iter().filter(|of| of.family == self.family);
        learned
            .filter(|of| of.has_learned() && is(&of.sampling))
            .collect()
    }

    fn every(&self) -> Vec<&'a Seen> {
        self.of(|_| true)
    }

    /// Those that were trained on the range of the family, with so many values.
    fn dense(&self, count: usize) -> Vec<&'a Seen> {
        self.of(|sampling| sampling.range == self.family.range() && sampling.count == count)
    }

    fn on(&self, range: [f64; 2]) -> Vec<&'a Seen> {
        self.of(|sampling| sampling.range == range)
    }

    /// Numbers of values over the range of the family, rising.
    fn densities(&self) -> Vec<usize> {
        let of_family = self.all.iter().filter(|of| of.family == self.family);
        let dense = of_family.filter(|of| of.sampling.range == self.family.range());
        let mut counts: Vec<usize> = dense.map(|of| of.sampling.count).collect();
        counts.sort_unstable();
        counts.dedup();
        counts
    }
}

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

/// Accuracy against what is varied, and width of the zone against density.
fn figure(families: &[Networks<'_>]) -> Figure {
    let mut plots: Vec<Plot> = families.iter().map(accuracy).collect();
    plots.extend(families.iter().map(widths));
    Figure {
        description: "Error of networks against what trials differ in, with what was trained and where motion ends along the \
                      input, and width of the zone in which they are right against density and breadth of what was trained"
            .to_owned(),
        columns: families.len(),
        plots,
    }
}

/// Error of the first network with few values, and with many, with trained values and where motion ends.
fn accuracy(of: &Networks<'_>) -> Plot {
    let densities = of.densities();
    let (sparse, dense) = (densities[0], densities[densities.len() - 1]);
    let mut series = Vec::new();
    for (count, colour, height) in [(sparse, Colour::ORANGE, -0.05), (dense, Colour::BLUE, -0.1)] {
        let name = format!("{count} values");
        for (place, network) in of.dense(count).into_iter().enumerate() {
            let grid = of.family.grid();
            let points = grid.iter().zip(&network.accuracies);
            let points: Vec<[f64; 2]> = points.map(|(&x, accuracy)| [x, 1.0 - accuracy]).collect();
            series.push(Series::new(&name, Mark::Thin, colour, points));
            let ends = network.ends.iter().flatten().map(|end| [end.at, 1.05]);
            let ends: Vec<[f64; 2]> = ends.collect();
            series.push(Series::new(
                "motion ends",
                Mark::Small(Glyph::Funnel),
                colour,
                ends,
            ));
            if place == 0 {
                let trained = network.sampling.values();
                let trained = trained.into_iter().map(|value| [value, height]).collect();
                series.push(Series::new(
                    "trained",
                    Mark::Small(Glyph::Triangle),
                    colour,
                    trained,
                ));
            }
        }
    }
    let grid = of.family.grid();
    let (first, last) = (grid[0], grid[grid.len() - 1]);
    let x = match of.family {
        Family::Sine => Axis::between(of.family.varied(), [-0.3, last]),
        Family::Delay => Axis::between(of.family.varied(), [first, last]).on(Scale::Log),
        Family::Amplitude => Axis::between(of.family.varied(), [0.0, last]),
    };
    Plot::new(
        of.family.name(),
        x,
        Axis::between("error (1 − accuracy)", [-0.15, 1.1]),
        series,
    )
}

/// Width of the zone over that of the trained range, against the number of trained values.
fn widths(of: &Networks<'_>) -> Plot {
    let [narrow, broad] = of.family.other_ranges();
    let ranges = [
        (of.family.range(), "middle range", Colour::BLUE),
        (narrow, "narrow range", Colour::GREEN),
        (broad, "broad range", Colour::VERMILION),
    ];
    let series = ranges.map(|(range, name, colour)| {
        let networks = of.on(range).into_iter();
        let points = networks.map(|of| [of.sampling.count as f64, of.relative_width()]);
        Series::new(name, Mark::Open(Glyph::Disc), colour, points.collect())
    });
    let mut plot = Plot::new(
        "",
        Axis::between("trained values", [0.0, 10.0]),
        Axis::new("zone / trained width"),
        series.to_vec(),
    );
    plot.rules.push(Rule {
        at: 1.0,
        is_upright: false,
        dash: Dash::Dashed,
    });
    plot
}
