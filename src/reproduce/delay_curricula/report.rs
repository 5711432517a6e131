//! What came of the curricula: claims, tables, figure.

use super::super::{Claim, Expectation, Report, Table, TableCell};
use super::held::Treatment;
use super::memories::{DELAYS, Memory, TRAINED};
use super::{Growing, Kind, Trained};
use crate::figure::{Axis, Colour, Figure, Glyph, Mark, Plot, Scale, Series};
use crate::statistics::Estimate;
use crate::statistics::bootstrap::Bootstrap;
use crate::statistics::rank_correlation_of_counted;

/// Place of 80 steps among the delays.
const FOURFOLD: usize = 2;
/// Speeds below this count as this where logarithms are taken.
const STANDS_STILL: f64 = 1e-12;
/// Speeds below this are drawn as this.
const SLOWEST: f64 = 1e-5;
/// A speed is said to predict retention if they correlate at least so much.
const PREDICTS: f64 = -0.7;

/// A speed of a memory.
type Speed = fn(&Memory) -> f64;

pub(super) fn report(networks: &[Trained]) -> Report {
    let all: Vec<&Trained> = networks.iter().collect();
    let moving = |of: &Memory| !of.is_fixed;
    let any = |_: &Memory| true;
    let predicts = |statement: &str, speed: Speed, counts: &dyn Fn(&Memory) -> bool| {
        let measured = correlation(&all, speed, counts);
        Claim::new(statement, Expectation::at_most(PREDICTS), measured).of_ours()
    };
    let gain = |than: Treatment| {
        let gains: Vec<f64> = networks
            .iter()
            .filter_map(|of| Some(retention(of, Treatment::SlowPoints)? - retention(of, than)?))
            .collect();
        Estimate::mean(&gains)
    };
    let claims = vec![
        Claim::new(
            "accuracy at the longest delay of training: growing vocabularies less growing delays",
            Expectation::between(-0.02, 0.02),
            difference(networks, |of| of.mean(|memory| memory.accuracies[TRAINED])),
        )
        .of_ours(),
        Claim::new(
            "accuracy at a delay of 80 steps, four times the longest of training (chance 0.1)",
            Expectation::at_least(0.5),
            over(&all, |of| of.mean(|memory| memory.accuracies[FOURFOLD])),
        )
        .of_ours(),
        Claim::new(
            "retention: growing vocabularies less growing delays",
            Expectation::at_least(0.0),
            difference(networks, |of| of.mean(Memory::retention)),
        ),
        predicts(
            "rank correlation of retention and speed at the slow point, over memories",
            |of| of.speed,
            &any,
        ),
        predicts(
            "the same with the speed at the minimum of q",
            |of| of.minimum_speed,
            &any,
        ),
        predicts(
            "the same at the slow point, without memories that are stable fixed points",
            |of| of.speed,
            &moving,
        ),
        Claim::new(
            "retention after 150 updates: with a penalty on the speed of slow points less without",
            Expectation::at_least(0.0),
            gain(Treatment::Nothing),
        ),
        Claim::new(
            "the same less that with a penalty on the speed at the mean states of classes",
            Expectation::at_least(0.0),
            gain(Treatment::MeanStates),
        ),
    ];
    Report {
        claims,
        tables: vec![
            table_of_networks(networks),
            table_of_correlations(networks),
            table_of_penalties(networks),
        ],
        figure: Some(figure(networks)),
    }
}

/// Mean accuracy at delays beyond training after training went on.
fn retention(of: &Trained, treatment: Treatment) -> Option<f64> {
    let place = Treatment::ALL
        .iter()
        .position(|other| *other == treatment)?;
    let beyond = &of.extended.get(place)?[TRAINED + 1..];
    Some(beyond.iter().sum::<f64>() / beyond.len() as f64)
}

fn over(networks: &[&Trained], value: impl Fn(&Trained) -> f64) -> Estimate {
    let values: Vec<f64> = networks.iter().map(|of| value(of)).collect();
    Estimate::mean(&values)
}

/// What networks of growing vocabularies have more than those of growing delays with the same cell and seed.
fn difference(networks: &[Trained], value: impl Fn(&Trained) -> f64) -> Estimate {
    let differences = networks
        .iter()
        .filter(|of| of.kind.growing == Growing::Vocabulary);
    let differences = differences.filter_map(|of| {
        let twin = networks.iter().find(|other| {
            (other.kind.cell, other.seed, other.kind.growing)
                == (of.kind.cell, of.seed, Growing::Delays)
        });
        Some(value(of) - value(twin?))
    });
    Estimate::mean(&differences.collect::<Vec<f64>>())
}

/// Spearman's rank correlation of a speed and retention over those memories of networks that count; the interval from networks
/// drawn with replacement within their kinds.
fn correlation(networks: &[&Trained], speed: Speed, counts: &dyn Fn(&Memory) -> bool) -> Estimate {
    let mut pairs = Vec::new();
    let mut owners = Vec::new();
    for (place, of) in networks.iter().enumerate() {
        for memory in of.memories.iter().filter(|memory| counts(memory)) {
            pairs.push([speed(memory), memory.retention()]);
            owners.push(place);
        }
    }
    Bootstrap::new(0).estimate(&groups(networks), |drawn| {
        let counts: Vec<u32> = owners.iter().map(|&owner| drawn[owner]).collect();
        rank_correlation_of_counted(&pairs, &counts)
    })
}

/// The same of one number for each network: the mean of log₁₀ of the speeds and the mean retention.
fn correlation_of_networks(networks: &[&Trained]) -> Estimate {
    let log_speed = |memory: &Memory| memory.speed.max(STANDS_STILL).log10();
    let pairs: Vec<[f64; 2]> = networks
        .iter()
        .map(|of| [of.mean(log_speed), of.mean(Memory::retention)])
        .collect();
    Bootstrap::new(0).estimate(&groups(networks), |drawn| {
        rank_correlation_of_counted(&pairs, drawn)
    })
}

/// The kind of each network as a number.
fn groups(networks: &[&Trained]) -> Vec<usize> {
    let kinds = kinds(networks.iter().copied());
    let group = |of: &&Trained| kinds.iter().position(|kind| *kind == of.kind).unwrap_or(0);
    networks.iter().map(group).collect()
}

fn kinds<'a>(networks: impl Iterator<Item = &'a Trained>) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = networks.map(|of| of.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn of_kind(networks: &[Trained], kind: Kind) -> Vec<&Trained> {
    networks.iter().filter(|of| of.kind == kind).collect()
}

fn heads(first: &[&str]) -> Vec<String> {
    let mut heads: Vec<String> = first.iter().map(|&head| head.to_owned()).collect();
    heads.extend(DELAYS.map(|delay| format!("delay {delay}")));
    heads
}

fn table_of_networks(networks: &[Trained]) -> Table {
    let mut columns = heads(&["cell", "growing", "networks"]);
    columns.extend(["retention".to_owned(), "stable fixed points".to_owned()]);
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let title = "Accuracy by delay in steps, and memories that are stable fixed points: means over networks";
    let mut table = Table::new(title, &columns);
    for kind in kinds(networks.iter()) {
        let of_kind = of_kind(networks, kind);
        let mut row = vec![
            TableCell::Text(kind.cell.to_owned()),
            TableCell::Text(kind.growing.name().to_owned()),
            TableCell::Count(of_kind.len()),
        ];
        row.extend((0..DELAYS.len()).map(|delay| {
            TableCell::Number(over(&of_kind, |of| {
                of.mean(|memory| memory.accuracies[delay])
            }))
        }));
        row.push(TableCell::Number(over(&of_kind, |of| {
            of.mean(Memory::retention)
        })));
        row.push(TableCell::Number(over(&of_kind, |of| {
            of.memories.iter().filter(|memory| memory.is_fixed).count() as f64
        })));
        table.rows.push(row);
    }
    table
}

fn table_of_correlations(networks: &[Trained]) -> Table {
    let mut table = Table::new(
        "Spearman's rank correlation of retention with speeds; intervals from networks drawn again",
        &[
            "networks",
            "memories",
            "at the slow point",
            "at the minimum of q",
            "at the mean state",
            "not fixed",
            "these at the slow point",
            "one number a network",
        ],
    );
    let mut sets = vec![("all".to_owned(), networks.iter().collect::<Vec<_>>())];
    sets.extend(kinds(networks.iter()).into_iter().map(|kind| {
        let name = format!("{}, growing {}", kind.cell, kind.growing.name());
        (name, of_kind(networks, kind))
    }));
    for (name, set) in sets {
        let count = |counts: &dyn Fn(&Memory) -> bool| {
            let memories = set.iter().flat_map(|of| &of.memories);
            TableCell::Count(memories.filter(|memory| counts(memory)).count())
        };
        let of = |speed: Speed, counts: &dyn Fn(&Memory) -> bool| {
            TableCell::Number(correlation(&set, speed, counts))
        };
        let (any, moving) = (|_: &Memory| true, |memory: &Memory| !memory.is_fixed);
        table.rows.push(vec![
            TableCell::Text(name),
            count(&any),
            of(|memory| memory.speed, &any),
            of(|memory| memory.minimum_speed, &any),
            of(|memory| memory.mean_speed, &any),
            count(&moving),
            of(|memory| memory.speed, &moving),
            TableCell::Number(correlation_of_networks(&set)),
        ]);
    }
    table
}

fn table_of_penalties(networks: &[Trained]) -> Table {
    let mut columns = heads(&["growing", "then"]);
    columns.push("retention".to_owned());
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let title = "Accuracy by delay in steps after 150 more updates: means over networks";
    let mut table = Table::new(title, &columns);
    for growing in Growing::ALL {
        for (place, treatment) in Treatment::ALL.into_iter().enumerate() {
            let extended: Vec<&Trained> = networks
                .iter()
                .filter(|of| of.kind.growing == growing && !of.extended.is_empty())
                .collect();
            let mut row = vec![
                TableCell::Text(growing.name().to_owned()),
                TableCell::Text(treatment.name().to_owned()),
            ];
            row.extend(
                (0..DELAYS.len()).map(|delay| {
                    TableCell::Number(over(&extended, |of| of.extended[place][delay]))
                }),
            );
            row.push(TableCell::Number(over(&extended, |of| {
                retention(of, treatment).unwrap_or(f64::NAN)
            })));
            table.rows.push(row);
        }
    }
    table
}

/// Forgetting by curriculum; retention against speed, memory by memory; forgetting after the penalties.
fn figure(networks: &[Trained]) -> Figure {
    let delays = || {
        let axis = Axis::between("delay (steps)", [15.0, 400.0]);
        axis.on(Scale::Log)
    };
    let mut forgetting = Vec::new();
    for (kind, colour) in kinds(networks.iter()).into_iter().zip(Colour::DISTINCT) {
        let of_kind = of_kind(networks, kind);
        let name = format!("{}, growing {}", kind.cell, kind.growing.name());
        forgetting.extend(curve(&name, colour, |delay| {
            over(&of_kind, |of| of.mean(|memory| memory.accuracies[delay]))
        }));
    }
    let extended: Vec<&Trained> = networks
        .iter()
        .filter(|of| !of.extended.is_empty())
        .collect();
    let mut penalised = Vec::new();
    for (place, treatment) in Treatment::ALL.into_iter().enumerate() {
        // Those that curricula do not have.
        let colour = [Colour::INK, Colour::DISTINCT[4], Colour::DISTINCT[5]][place];
        penalised.extend(curve(treatment.name(), colour, |delay| {
            over(&extended, |of| of.extended[place][delay])
        }));
    }
    let accuracy = || Axis::between("accuracy", [0.0, 1.05]);
    Figure {
        description: "Accuracy against delay for networks of two curricula; retention of each memory against the speed of its \
                      slow point; accuracy against delay after training went on with penalties on speed"
            .to_owned(),
        plots: vec![
            Plot::new("forgetting", delays(), accuracy(), forgetting),
            speeds(networks),
            Plot::new("after 150 more updates", delays(), accuracy(), penalised),
        ],
        columns: 3,
    }
}

/// A measure at each delay, with its interval.
fn curve(name: &str, colour: Colour, measure: impl Fn(usize) -> Estimate) -> [Series; 2] {
    let seen: Vec<([f64; 2], [f64; 3])> = DELAYS
        .iter()
        .enumerate()
        .map(|(place, &delay)| {
            let Estimate { value, interval } = measure(place);
            let [low, high] = interval.unwrap_or([value; 2]);
            let delay = delay as f64;
            ([delay, value], [delay, low.max(0.0), high.min(1.0)])
        })
        .collect();
    let band: Vec<[f64; 3]> = seen.iter().map(|(_, band)| *band).collect();
    let points = seen.iter().map(|(point, _)| *point).collect();
    [
        Series::band("", colour, &band),
        Series::new(name, Mark::Line, colour, points),
    ]
}

/// Retention against speed; fixed points, and what is hardly slower, stand at the left edge.
fn speeds(networks: &[Trained]) -> Plot {
    let series = kinds(networks.iter())
        .into_iter()
        .zip(Colour::DISTINCT)
        .map(|(kind, colour)| {
            let memories = of_kind(networks, kind);
            let memories = memories.iter().flat_map(|of| &of.memories);
            let points = memories.map(|of| [of.speed.max(SLOWEST), of.retention()]);
            let name = format!("{}, growing {}", kind.cell, kind.growing.name());
            Series::new(&name, Mark::Small(Glyph::Disc), colour, points.collect())
        });
    Plot::new(
        "memories (left: fixed points)",
        Axis::between("speed at the slow point", [0.7 * SLOWEST, 0.3]).on(Scale::Log),
        Axis::between("retention", [0.0, 1.05]),
        series.collect(),
    )
}
