//! What came of the networks: claims, tables, figure.

use super::super::{Claim, Expectation, Report, Table, TableCell};
use super::order::{order_by_chance, visits};
use super::{CHANGING_TOPOLOGY, GOOD_LOSS, Learned, RULES, criterion};
use crate::comparison::path::stages::StageCriterion;
use crate::figure::plot::Rule;
use crate::figure::scene::Dash;
use crate::figure::{Axis, Colour, Figure, Mark, Plot, Proportions, Scale, Series};
use crate::statistics::Estimate;
use crate::statistics::bootstrap::Bootstrap;

/// Memories of three bits.
const MEMORIES: usize = 8;
/// By what the thresholds are multiplied to see what depends on them.
const FACTORS: [f64; 3] = [0.5, 1.0, 2.0];

/// The colours of the four stages.
const COLOURS: [Colour; 4] = [Colour::FAINT, Colour::ORANGE, Colour::SKY, Colour::GREEN];
const NAMES: [&str; 4] = [
    "1 constant, poor",
    "2 changing, poor",
    "3 changing, good",
    "4 constant, good",
];

/// Share of the networks that go through the stages in order, at least: eight of ten.
const IN_ORDER: f64 = 0.8;

pub(super) fn report(learned: &[Learned]) -> Report {
    let of_rule = |rule| {
        let own = learned.iter().filter(move |of| of.rule == rule);
        own.collect::<Vec<&Learned>>()
    };
    let rules: Vec<Vec<&Learned>> = (0..RULES.len()).map(of_rule).collect();
    Report {
        claims: claims(learned, &rules),
        tables: vec![
            table_of_networks(learned),
            table_of_time(&rules),
            table_of_thresholds(&rules),
        ],
        figure: Some(figure(learned, &rules)),
    }
}

fn claims(learned: &[Learned], rules: &[Vec<&Learned>]) -> Vec<Claim> {
    let all: Vec<&Learned> = learned.iter().collect();
    let mut claims: Vec<Claim> = rules
        .iter()
        .zip(RULES)
        .map(|(networks, (_, name))| {
            let statement = format!(
                "share of {name} networks that begin in stage 1, and in which stages 2, 3 and 4 begin one after the other"
            );
            let measured = share_in_order(networks, criterion());
            Claim::new(&statement, Expectation::at_least(IN_ORDER), measured).of_ours()
        })
        .collect();
    let excess: Vec<f64> = learned.iter().map(excess_over_chance).collect();
    claims.push(
        Claim::new(
            "by how much this share is larger than if the changes of topology were shifted around training, both rules",
            Expectation::above_zero(),
            Bootstrap::new(1).mean(&excess),
        )
        .of_ours(),
    );
    let strict = all.iter().filter(|of| visits_in_order(of)).count();
    claims.push(
        Claim::new(
            "share of networks that go through stages 1, 2, 3 and 4 without ever returning to one, both rules",
            Expectation::at_least(0.5),
            Estimate::share(strict, all.len()),
        )
        .of_ours(),
    );
    let created: Vec<f64> = all
        .iter()
        .filter_map(|of| created_before_good(of))
        .collect();
    claims.push(
        Claim::new(
            "share of the stable points of the end that are there when the loss becomes good (creation before refinement)",
            Expectation::at_least(0.5),
            Estimate::mean(&created),
        )
        .of_ours(),
    );
    let complete = all.iter().filter(|of| of.n_last() == MEMORIES).count();
    claims.push(
        Claim::new(
            "share of networks that end with exactly one stable point for each of the 8 memories",
            Expectation::at_least(0.5),
            Estimate::share(complete, all.len()),
        )
        .of_ours(),
    );
    claims
}

impl Learned {
    fn n_last(&self) -> usize {
        self.stable.last().copied().unwrap_or(0)
    }
}

fn share_in_order(networks: &[&Learned], criterion: StageCriterion) -> Estimate {
    let in_order = networks
        .iter()
        .filter(|of| of.stages(criterion).are_in_order());
    Estimate::share(in_order.count(), networks.len())
}

fn excess_over_chance(of: &Learned) -> f64 {
    let is_in_order = of.stages(criterion()).are_in_order();
    f64::from(u8::from(is_in_order)) - order_by_chance(criterion(), of.traces())
}

fn visits_in_order(of: &Learned) -> bool {
    visits(criterion(), of.traces()) == [1, 2, 3, 4]
}

/// Stable points where the loss becomes good, over those of the end; `None` where it never does, or there are none in the end.
fn created_before_good(of: &Learned) -> Option<f64> {
    let stages = of.stages(criterion());
    let good = stages.fallen.iter().position(|stage| stage.number() > 2)?;
    (of.n_last() > 0).then(|| of.stable[good] as f64 / of.n_last() as f64)
}

fn text(words: &str) -> TableCell {
    TableCell::Text(words.to_owned())
}

fn number(value: f64) -> TableCell {
    TableCell::Number(Estimate::exact(value))
}

fn table_of_networks(learned: &[Learned]) -> Table {
    let mut table = Table::new(
        "Networks: updates after which stages begin, and the stages gone through by the stricter reading",
        &[
            "rule",
            "seed",
            "loss at the end",
            "stage 2",
            "stage 3",
            "stage 4",
            "in order",
            "by chance",
            "gone through",
            "stable points, loss good",
            "stable points, end",
        ],
    );
    for of in learned {
        let stages = of.stages(criterion());
        let mut row = vec![
            text(RULES[of.rule].1),
            TableCell::Count(of.seed as usize),
            number(of.losses.last().copied().unwrap_or(f64::NAN)),
        ];
        row.extend(stages.begins.map(|begin| match begin {
            Some(place) => TableCell::Count(place * of.every as usize),
            None => text("never"),
        }));
        let visited = visits(criterion(), of.traces());
        let visited: Vec<String> = visited.iter().map(u8::to_string).collect();
        let good = stages.fallen.iter().position(|stage| stage.number() > 2);
        row.extend([
            text(if stages.are_in_order() { "yes" } else { "no" }),
            number(order_by_chance(criterion(), of.traces())),
            TableCell::Text(visited.join(" ")),
            good.map_or_else(|| text("never"), |place| TableCell::Count(of.stable[place])),
            TableCell::Count(of.n_last()),
        ]);
        table.rows.push(row);
    }
    table
}

fn table_of_time(rules: &[Vec<&Learned>]) -> Table {
    let mut columns = vec!["rule", "networks"];
    columns.extend(NAMES);
    let mut table = Table::new("Share of the checkpoints in each stage", &columns);
    for (networks, (_, name)) in rules.iter().zip(RULES) {
        let shares: Vec<[f64; 4]> = networks
            .iter()
            .map(|of| of.stages(criterion()).shares())
            .collect();
        let mut row = vec![text(name), TableCell::Count(networks.len())];
        row.extend((0..4).map(|stage| {
            let of_stage: Vec<f64> = shares.iter().map(|of| of[stage]).collect();
            TableCell::Number(Estimate::mean(&of_stage))
        }));
        table.rows.push(row);
    }
    table
}

fn table_of_thresholds(rules: &[Vec<&Learned>]) -> Table {
    let mut columns = vec!["good loss", "changing topology"];
    columns.extend(RULES.map(|(_, name)| name));
    let mut table = Table::new(
        "Share of networks whose stages begin in order, by both thresholds",
        &columns,
    );
    for loss in FACTORS {
        for topology in FACTORS {
            let criterion = StageCriterion::new(loss * GOOD_LOSS, topology * CHANGING_TOPOLOGY);
            let mut row = vec![
                number(criterion.good_loss),
                number(criterion.changing_topology),
            ];
            row.extend(
                rules
                    .iter()
                    .map(|networks| TableCell::Number(share_in_order(networks, criterion))),
            );
            table.rows.push(row);
        }
    }
    table
}

/// Loss and change of topology of the first network of each rule, and the stages of all.
fn figure(learned: &[Learned], rules: &[Vec<&Learned>]) -> Figure {
    let shown: Vec<&Learned> = rules.iter().filter_map(|of| of.first().copied()).collect();
    let mut plots: Vec<Plot> = shown.iter().map(|of| plot_of_loss(of)).collect();
    plots.extend(shown.iter().map(|of| plot_of_changes(of)));
    plots.extend(
        rules
            .iter()
            .zip(RULES)
            .map(|(of, (_, name))| stripes(name, of)),
    );
    Figure {
        description: format!(
            "Loss, change of topology and stages of {} networks that learn three bits",
            learned.len()
        ),
        plots,
        columns: rules.len(),
    }
}

/// Stretches of checkpoints in the same stage: its place, and the updates that it lasts from and to.
fn stretches(of: &Learned) -> Vec<(usize, [f64; 2])> {
    let fallen = of.stages(criterion()).fallen;
    let mut place = 0;
    let runs = fallen.chunk_by(|a, b| a == b);
    runs.map(|run| {
        let ends = [place, place + run.len()].map(|at| (at as u64 * of.every) as f64);
        place += run.len();
        (usize::from(run[0].number()) - 1, ends)
    })
    .collect()
}

fn shading(of: &Learned, [low, high]: [f64; 2], is_named: bool) -> Vec<Series> {
    let area = |(stage, ends): (usize, [f64; 2])| {
        let ends = ends.map(|x| [x, low, high]);
        Series::band(
            if is_named { NAMES[stage] } else { "" },
            COLOURS[stage],
            &ends,
        )
    };
    stretches(of).into_iter().map(area).collect()
}

fn updates(of: &Learned) -> Axis {
    let last = (of.changes.len() as u64 * of.every) as f64;
    Axis::between("update", [0.0, last])
}

fn curve(of: &Learned, values: &[f64]) -> Series {
    let points = values.iter().enumerate();
    let points = points.map(|(place, value)| [(place as u64 * of.every) as f64, *value]);
    Series::new("", Mark::Line, Colour::INK, points.collect())
}

fn threshold(at: f64) -> Rule {
    Rule {
        at,
        is_upright: false,
        dash: Dash::Dotted,
    }
}

fn plot_of_loss(of: &Learned) -> Plot {
    let range = [1e-3, 3.0];
    let mut series = shading(of, range, true);
    series.push(curve(of, &of.losses));
    Plot {
        rules: vec![threshold(GOOD_LOSS)],
        proportions: Proportions::Height(90.0),
        ..Plot::new(
            RULES[of.rule].1,
            updates(of),
            Axis::between("loss", range).on(Scale::Log),
            series,
        )
    }
}

fn plot_of_changes(of: &Learned) -> Plot {
    let range = [0.0, 2.0];
    let mut series = shading(of, range, false);
    series.push(curve(of, &of.changes));
    Plot {
        rules: vec![threshold(CHANGING_TOPOLOGY)],
        proportions: Proportions::Height(90.0),
        ..Plot::new("", updates(of), Axis::between("d_top", range), series)
    }
}

/// A stripe for each network.
fn stripes(name: &str, networks: &[&Learned]) -> Plot {
    let rows = networks.iter().enumerate();
    let series =
        rows.flat_map(|(row, of)| shading(of, [row as f64 + 0.1, row as f64 + 0.9], false));
    let axis = networks
        .first()
        .map_or_else(|| Axis::new("update"), |of| updates(of));
    Plot {
        proportions: Proportions::Height(90.0),
        ..Plot::new(
            &format!("Stages of all {name} networks"),
            axis,
            Axis::between("network", [0.0, networks.len().max(1) as f64]).without_ticks(),
            series.collect(),
        )
    }
}
