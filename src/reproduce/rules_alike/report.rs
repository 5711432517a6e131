//! What came of the networks: claims, tables, figure.

use super::super::portraits::distances;
use super::super::{Claim, Expectation, ExperimentError, Report, Table, TableCell};
use super::{Difference, Form, KINDS, Learned, MATCHED};
use crate::comparison::groups::Groups;
use crate::comparison::groups::blocks::{BlockSums, Blocks};
use crate::comparison::groups::distances::Distances;
use crate::comparison::groups::embedding::embedded;
use crate::comparison::groups::separation::Separation;
use crate::comparison::matrix::AnyMeasure;
use crate::comparison::measures::{cca::Cca, cka::Cka, procrustes::Procrustes, topology::Topology};
use crate::comparison::portrait::Portrait;
use crate::figure::{Axis, Colour, Figure, Glyph, Mark, Plot, Proportions, Series};
use crate::statistics::Estimate;
use crate::statistics::bootstrap::Bootstrap;

/// Of which two kinds distances are averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Between {
    /// Two networks of the first kind.
    Seeds,
    /// The first kind and those that differ in this.
    Differing(Difference),
}

impl Between {
    fn counts(self, first: usize, second: usize) -> bool {
        let differs_in = KINDS[second].differs_in;
        first == 0
            && match self {
                Self::Seeds => second == 0,
                Self::Differing(difference) => differs_in == difference,
            }
    }
}

/// How far apart networks are by a measure at the same accuracy.
pub(super) struct Apart {
    measure: &'static str,
    distances: Distances,
    /// Mean distances of seeds, rule, architecture, gain.
    pub(super) means: [Estimate; 4],
    /// Mean distance of the rule minus that of architecture and of gain.
    pub(super) rule_minus: [Estimate; 2],
    /// Mean distance from the first kind of each kind.
    pub(super) by_kind: Vec<Estimate>,
    /// Mean distance of backpropagation and e-prop from the same initial weights.
    pub(super) same_weights: Estimate,
}

/// The mean distances of kinds; two networks of one seed are no pair, for they begin with the same draws.
pub(super) fn apart(
    measure: &'static str,
    distances: Distances,
    networks: &[&Learned],
    draws: usize,
) -> Apart {
    let labels: Vec<usize> = networks.iter().map(|of| of.kind).collect();
    let blocks = Blocks::new(&labels, |a, b| {
        (networks[a].seed != networks[b].seed).then(|| distances.get(a, b))
    });
    let bootstrap = Bootstrap {
        resamples: draws,
        ..Bootstrap::new(1)
    };
    let mean = |sums: &BlockSums, between: Between| sums.mean(|a, b| between.counts(a, b));
    let differing = Between::Differing;
    let (rule, architecture, gain) = (
        differing(Difference::Rule),
        differing(Difference::Architecture),
        differing(Difference::Gain),
    );
    let [
        seeds_mean,
        rule_mean,
        architecture_mean,
        gain_mean,
        less_than_architecture,
        less_than_gain,
    ] = bootstrap.estimates(&labels, |counts| {
        let sums = blocks.sums(counts);
        let means = [Between::Seeds, rule, architecture, gain].map(|of| mean(&sums, of));
        let minus = |place: usize| Some(means[1]? - means[place]?);
        [means[0], means[1], means[2], means[3], minus(2), minus(3)]
    });
    let by_kind = (0..KINDS.len()).map(|kind| {
        bootstrap.estimate(&labels, |counts| {
            blocks.sums(counts).mean(|a, b| a == 0 && b == kind)
        })
    });
    let by_kind = by_kind.collect();
    let pairs = networks.iter().enumerate().filter(|(_, of)| of.kind == 0);
    let same: Vec<f64> = pairs
        .filter_map(|(a, own)| {
            let twin = |of: &&Learned| of.kind == 1 && of.seed == own.seed;
            Some(distances.get(a, networks.iter().position(twin)?))
        })
        .collect();
    Apart {
        measure,
        means: [seeds_mean, rule_mean, architecture_mean, gain_mean],
        rule_minus: [less_than_architecture, less_than_gain],
        by_kind,
        same_weights: Estimate::mean(&same),
        distances,
    }
}

/// All measures between some networks, given as they are at a moment.
fn by_measures(
    networks: &[&Learned],
    portraits: &[Portrait],
    draws: usize,
) -> Result<Vec<Apart>, ExperimentError> {
    let measures: [(&'static str, &dyn AnyMeasure); 4] = [
        ("procrustes", &Procrustes),
        ("svcca", &Cca::SVCCA),
        ("cca", &Cca::ALL),
        ("cka", &Cka),
    ];
    let of = |(name, measure)| {
        let of_pairs = distances(measure, portraits)?;
        Ok(apart(name, of_pairs, networks, draws))
    };
    measures.into_iter().map(of).collect()
}

pub(super) fn report(learned: &[Learned], form: Form) -> Result<Report, ExperimentError> {
    let matched: Vec<&Learned> = learned.iter().filter(|of| of.matched.is_some()).collect();
    let portraits = matched
        .iter()
        .filter_map(|of| Some(of.matched.as_ref()?.1.clone()));
    let all = by_measures(&matched, &portraits.collect::<Vec<_>>(), form.draws)?;
    let whole: Vec<&Learned> = learned.iter().collect();
    let portraits: Vec<Portrait> = learned.iter().map(|of| of.end.clone()).collect();
    let in_the_end = by_measures(&whole, &portraits, form.draws)?;
    let mut claims = Vec::new();
    for of in all.iter().filter(|of| of.measure != "cca") {
        for (other, measured) in ["another architecture", "another initial gain"]
            .into_iter()
            .zip(of.rule_minus)
        {
            let statement = format!(
                "{}: mean distance of backpropagation and e-prop minus that of backpropagation with {other}, at the same accuracy",
                of.measure
            );
            claims.push(Claim::new(&statement, Expectation::at_most(0.0), measured).of_ours());
        }
    }
    let (by_topology, separation) = ends(learned, form.draws)?;
    claims.push(
        Claim::new(
            "ANOSIM's R of backpropagation and e-prop by the topology of fixed points in the end",
            Expectation::at_most(0.25),
            separation.r,
        )
        .of_ours(),
    );
    claims.push(
        Claim::new(
            "updates until all memories are stable fixed points, e-prop over backpropagation, ln",
            Expectation::at_least(0.0),
            later(learned),
        )
        .of_ours(),
    );
    Ok(Report {
        claims,
        tables: vec![
            table_of_distances(
                &format!("where both first reach an accuracy of {MATCHED}"),
                &all,
            ),
            table_of_kinds(&all),
            table_of_distances("after the last update", &in_the_end),
            table_of_networks(learned, form),
            table_of_ends(&by_topology, &separation, learned),
        ],
        figure: Some(figure(&all, &matched, learned)?),
    })
}

/// The topologies of the first two kinds in the end.
fn ends(learned: &[Learned], draws: usize) -> Result<(Distances, Separation), ExperimentError> {
    let own: Vec<&Learned> = learned.iter().filter(|of| of.kind < 2).collect();
    let portraits: Vec<Portrait> = own.iter().map(|of| of.end.clone()).collect();
    let labels: Vec<usize> = own.iter().map(|of| of.kind).collect();
    let topology = distances(&Topology, &portraits)?;
    let bootstrap = Bootstrap {
        resamples: draws,
        ..Bootstrap::new(1)
    };
    let separation = Separation::of(&topology, &Groups::new(&labels)?, &bootstrap, draws)?;
    Ok((topology, separation))
}

/// ln of the ratio of births, pairs of one seed.
fn later(learned: &[Learned]) -> Estimate {
    let born = |kind: usize, seed: u64| {
        let of = learned.iter().find(|of| of.kind == kind && of.seed == seed);
        of.and_then(|of| of.born)
    };
    let own = learned.iter().filter(|of| of.kind == 0);
    let ratios: Vec<f64> = own
        .filter_map(|of| {
            let (first, second) = (born(0, of.seed)?, born(1, of.seed)?);
            Some((second.max(1) as f64 / first.max(1) as f64).ln())
        })
        .collect();
    Estimate::mean(&ratios)
}

fn table_of_distances(when: &str, all: &[Apart]) -> Table {
    let mut table = Table::new(
        &format!("Mean distances from networks trained by backpropagation, {when}"),
        &[
            "measure",
            "another seed",
            "e-prop",
            "e-prop, same initial weights",
            "another architecture",
            "another gain",
        ],
    );
    for of in all {
        let [seeds, rule, architecture, gain] = of.means.map(TableCell::Number);
        table.rows.push(vec![
            TableCell::Text(of.measure.to_owned()),
            seeds,
            rule,
            TableCell::Number(of.same_weights),
            architecture,
            gain,
        ]);
    }
    table
}

fn table_of_kinds(all: &[Apart]) -> Table {
    let mut columns = vec!["kind"];
    columns.extend(all.iter().map(|of| of.measure));
    let title = format!("The same where both first reach an accuracy of {MATCHED}, for each kind");
    let mut table = Table::new(&title, &columns);
    for (place, kind) in KINDS.iter().enumerate() {
        let mut row = vec![TableCell::Text(kind.name.to_owned())];
        row.extend(all.iter().map(|of| TableCell::Number(of.by_kind[place])));
        table.rows.push(row);
    }
    table
}

fn table_of_networks(learned: &[Learned], form: Form) -> Table {
    let mut table = Table::new(
        "Networks, the update at which they reach the accuracy, the one from which all memories are stable fixed points, and how they end",
        &[
            "kind",
            "networks",
            "reached",
            "update",
            "born",
            "accuracy",
            "stable",
            "with all memories stable",
        ],
    );
    for (place, kind) in KINDS.iter().enumerate() {
        let own = || learned.iter().filter(move |of| of.kind == place);
        let reached: Vec<f64> = own()
            .filter_map(|of| Some(of.matched.as_ref()?.0 as f64))
            .collect();
        let born: Vec<f64> = own().filter_map(|of| Some(of.born? as f64)).collect();
        let accuracy: Vec<f64> = own().map(|of| of.accuracy).collect();
        let stable: Vec<f64> = own().map(|of| stable(&of.end) as f64).collect();
        let whole = stable
            .iter()
            .filter(|&&count| count == f64::from(1 << form.bits))
            .count();
        table.rows.push(vec![
            TableCell::Text(kind.name.to_owned()),
            TableCell::Count(own().count()),
            TableCell::Count(reached.len()),
            TableCell::Number(Estimate::mean(&reached)),
            if born.is_empty() {
                TableCell::Text(String::new())
            } else {
                TableCell::Number(Estimate::mean(&born))
            },
            TableCell::Number(Estimate::mean(&accuracy)),
            TableCell::Number(Estimate::mean(&stable)),
            TableCell::Number(Estimate::share(whole, stable.len())),
        ]);
    }
    table
}

fn stable(portrait: &Portrait) -> usize {
    let points = portrait.landscapes.iter().flat_map(|of| &of.points);
    points.filter(|point| point.n_unstable == 0).count()
}

fn table_of_ends(topology: &Distances, separation: &Separation, learned: &[Learned]) -> Table {
    let mut table = Table::new(
        "Edits between the graphs of fixed points in the end: means within and between rules, and pairs of isomorphic graphs",
        &["pair", "edits", "isomorphic"],
    );
    let kinds: Vec<usize> = learned
        .iter()
        .filter(|of| of.kind < 2)
        .map(|of| of.kind)
        .collect();
    for (name, pair) in [
        ("backpropagation, both", [0, 0]),
        ("one of each", [0, 1]),
        ("e-prop, both", [1, 1]),
    ] {
        let of_pair = |&(a, b): &(usize, usize)| [kinds[a], kinds[b]] == pair;
        let own: Vec<f64> = topology
            .places()
            .filter(of_pair)
            .map(|(a, b)| topology.get(a, b))
            .collect();
        let same = own.iter().filter(|&&edits| edits == 0.0).count();
        table.rows.push(vec![
            TableCell::Text(name.to_owned()),
            TableCell::Number(Estimate::exact(own.iter().sum::<f64>() / own.len() as f64)),
            TableCell::Count(same),
        ]);
    }
    table.rows.push(vec![
        TableCell::Text("ANOSIM's R, p".to_owned()),
        TableCell::Number(separation.r),
        TableCell::Number(Estimate::exact(separation.anosim.p)),
    ]);
    table
}

fn look(kind: usize) -> (Colour, Glyph) {
    (
        Colour::DISTINCT[kind % Colour::DISTINCT.len()],
        Glyph::ALL[kind % Glyph::ALL.len()],
    )
}

/// The plane of Procrustes distances, without the last kind, which lies far off; births.
fn figure(
    all: &[Apart],
    matched: &[&Learned],
    learned: &[Learned],
) -> Result<Figure, ExperimentError> {
    let mut plots = Vec::new();
    let near: Vec<usize> = (0..matched.len())
        .filter(|&place| matched[place].kind + 1 < KINDS.len())
        .collect();
    for of in all.iter().filter(|of| of.measure == "procrustes") {
        let distances = Distances::between(near.len(), |a, b| of.distances.get(near[a], near[b]))?;
        let places = embedded(&distances)?.points;
        let series = KINDS[..KINDS.len() - 1]
            .iter()
            .enumerate()
            .map(|(kind, of_kind)| {
                let (colour, glyph) = look(kind);
                let own = near
                    .iter()
                    .zip(&places)
                    .filter(|(at, _)| matched[**at].kind == kind);
                Series::new(
                    of_kind.name,
                    Mark::Filled(glyph),
                    colour,
                    own.map(|(_, at)| *at).collect(),
                )
            });
        plots.push(Plot {
            proportions: Proportions::Square,
            ..Plot::new(
                "At the same accuracy",
                Axis::new("MDS 1 (procrustes, rad)"),
                Axis::new("MDS 2 (procrustes, rad)"),
                series.collect(),
            )
        });
    }
    plots.push(births(learned));
    Ok(Figure {
        description: "Networks of two rules, of other architectures and other initial gains up to 1.5 in the plane of their distances, and \
                      the updates at which their memories become stable"
            .to_owned(),
        plots,
        columns: 2,
    })
}

/// Births under e-prop against those under backpropagation, a point for each seed.
fn births(learned: &[Learned]) -> Plot {
    let born = |kind: usize, seed: u64| {
        let of = learned.iter().find(|of| of.kind == kind && of.seed == seed);
        of.and_then(|of| of.born).map(|step| step as f64)
    };
    let own = learned.iter().filter(|of| of.kind == 0);
    let points: Vec<[f64; 2]> = own
        .filter_map(|of| Some([born(0, of.seed)?, born(1, of.seed)?]))
        .collect();
    let most = 1.05
        * points
            .iter()
            .flatten()
            .fold(1.0, |most: f64, &x| most.max(x));
    let (colour, glyph) = look(1);
    let series = vec![
        Series::new(
            "",
            Mark::Dashes,
            Colour::INK,
            vec![[0.0, 0.0], [most, most]],
        ),
        Series::new("", Mark::Filled(glyph), colour, points),
    ];
    Plot {
        proportions: Proportions::Square,
        ..Plot::new(
            "Updates until all memories are stable",
            Axis::between("backpropagation", [0.0, most]),
            Axis::between("e-prop", [0.0, most]),
            series,
        )
    }
}
