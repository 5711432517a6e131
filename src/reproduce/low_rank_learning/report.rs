//! What came of the networks: claims, tables, figure.

use super::super::{Claim, Expectation, Report, Table, TableCell};
use super::laws::{Laws, TARGETS};
use super::tasks::Task;
use super::{FAST_GAIN, Pupil, theory};
use crate::figure::{Axis, Colour, Figure, Glyph, Mark, Plot, Scale, Series};
use crate::statistics::{Estimate, Line};

/// Gains from which on the shuffled loss is held against that before training.
const LARGE_GAIN: f64 = 0.9;
/// Place of the functional rank among the numbers of the table of tasks.
const RANK: usize = 3;
/// Singular values in the figure.
const SHOWN: usize = 12;
/// Place in [`TARGETS`] of the target whose courses the figure shows.
const SERIES: usize = 1;

pub(super) fn report(pupils: &[Pupil], laws: &[Vec<Laws>]) -> Report {
    let mut claims = claims_of_tasks(pupils);
    claims.extend(claims_of_theory(laws));
    Report {
        claims,
        tables: vec![table_of_tasks(pupils), table_of_theory(laws)],
        figure: Some(figure(pupils, laws)),
    }
}

/// Mean of the numbers that there are; NaN stands for none.
fn mean_of_those_there(values: &[f64]) -> Estimate {
    let there = values.iter().copied().filter(|value| value.is_finite());
    Estimate::mean(&there.collect::<Vec<f64>>())
}

/// Values of the networks of a task and gain, in the order of their seeds.
fn values(pupils: &[Pupil], task: Task, gain: f64, value: impl Fn(&Pupil) -> f64) -> Vec<f64> {
    let of = |pupil: &&Pupil| pupil.lesson.task == task && pupil.lesson.gain == gain;
    pupils.iter().filter(of).map(value).collect()
}

/// The gains, in rising order.
fn gains(pupils: &[Pupil]) -> Vec<f64> {
    let mut gains: Vec<f64> = pupils.iter().map(|of| of.lesson.gain).collect();
    gains.sort_by(f64::total_cmp);
    gains.dedup();
    gains
}

/// Mean over seeds of log₂ of how many times as long training takes at a gain as at [`FAST_GAIN`].
fn slowness(pupils: &[Pupil], task: Task, gain: f64) -> Estimate {
    let times = |gain| values(pupils, task, gain, |of| of.learnt.convergence);
    let pairs = times(gain).into_iter().zip(times(FAST_GAIN));
    let logs: Vec<f64> = pairs.map(|(slow, fast)| (slow / fast).log2()).collect();
    Estimate::mean(&logs)
}

fn claims_of_tasks(pupils: &[Pupil]) -> Vec<Claim> {
    let all: Vec<f64> = pupils.iter().map(|of| of.learnt.functional_rank).collect();
    let most = all.iter().copied().fold(0.0, f64::max);
    let largest_gain = gains(pupils).last().copied().unwrap_or(f64::NAN);
    let mut claims = vec![
        Claim::new(
            "largest functional rank of the weight change, of the networks that have one",
            Expectation::at_most(8.0),
            Estimate::exact(most),
        )
        .of_ours(),
    ];
    for task in Task::ALL {
        let statement = format!(
            "log₂ of training steps to 5 % of the loss, g = 0 over g = {FAST_GAIN}: {}",
            task.name()
        );
        let measured = slowness(pupils, task, 0.0);
        claims.push(Claim::new(&statement, Expectation::at_least(0.5), measured).of_ours());
    }
    let statement = format!(
        "log₂ of training steps to 5 % of the loss, g = {largest_gain} over g = {FAST_GAIN}: flip-flop"
    );
    let beyond = slowness(pupils, Task::FlipFlop, largest_gain);
    claims.push(Claim::new(&statement, Expectation::at_least(0.0), beyond).of_ours());
    let large = pupils.iter().filter(|of| of.lesson.gain >= LARGE_GAIN);
    let shuffled: Vec<f64> = large.map(|of| of.learnt.shuffled).collect();
    claims.push(
        Claim::new(
            "loss with shuffled initial weights over that before training, g from 0.9 on",
            Expectation::between(0.5, 2.0),
            Estimate::mean(&shuffled),
        )
        .of_ours(),
    );
    claims
}

/// Mean over seeds and gains of a coefficient of τ̃³ over that of the theory.
fn third_order(laws: &[Vec<Laws>], which: usize) -> Estimate {
    let over_gains =
        |of: &Vec<Laws>| of.iter().map(|of| of.third_order[which]).sum::<f64>() / of.len() as f64;
    Estimate::mean(&laws.iter().map(over_gains).collect::<Vec<f64>>())
}

/// Mean over seeds of the slope of log y against log (1 − g²).
fn exponent(laws: &[Vec<Laws>], y: impl Fn(&Laws) -> f64) -> Estimate {
    let slope = |of: &Vec<Laws>| {
        let points = of
            .iter()
            .map(|of| [-theory::beta(of.gain).ln(), y(of).ln()]);
        Line::fitted(&points.collect::<Vec<_>>()).slope
    };
    Estimate::mean(&laws.iter().map(slope).collect::<Vec<f64>>())
}

fn claims_of_theory(laws: &[Vec<Laws>]) -> Vec<Claim> {
    let near = Expectation::between(0.9, 1.1);
    let shuffled: Vec<f64> = laws
        .iter()
        .map(|of| {
            let points = of
                .iter()
                .map(|of| [theory::shuffled_loss(of.gain), of.descents[0].shuffled]);
            Line::fitted(&points.collect::<Vec<_>>()).slope
        })
        .collect();
    let small = TARGETS[0].0;
    [
        (
            "linear: third-order term of the output over (ẑ/6)(1 + 8 ẑ² β), ẑ = 0.5".to_owned(),
            near,
            third_order(laws, 0),
        ),
        (
            "linear: third-order term of the second singular value over ẑ³/12, ẑ = 0.5".to_owned(),
            near,
            third_order(laws, 2),
        ),
        (
            format!("linear: exponent of the convergence time in 1 − g², ẑ = {small}"),
            Expectation::between(1.9, 2.1),
            exponent(laws, |of| of.descents[0].convergence),
        ),
        (
            format!("linear: exponent of the size of the weight change in 1 − g², ẑ = {small}"),
            Expectation::between(0.9, 1.1),
            exponent(laws, |of| of.descents[0].size),
        ),
        (
            format!(
                "linear: slope of the loss after shuffling against L₀ g⁴(2 − g²)², ẑ = {small}"
            ),
            near,
            Estimate::mean(&shuffled),
        ),
    ]
    .into_iter()
    .map(|(statement, expected, measured)| Claim::new(&statement, expected, measured).of_theory())
    .collect()
}

fn table_of_tasks(pupils: &[Pupil]) -> Table {
    let mut table = Table::new(
        "Tasks: means over networks",
        &[
            "task",
            "g",
            "loss before",
            "loss after",
            "steps to 5 %",
            "networks with a functional rank",
            "functional rank",
            "loss shuffled / before",
            "first singular value",
            "fourth singular value",
            "|ΔW| (Frobenius)",
        ],
    );
    let columns: [fn(&Pupil) -> f64; 8] = [
        |of| of.learnt.first_loss,
        |of| of.learnt.last_loss,
        |of| of.learnt.convergence,
        |of| of.learnt.functional_rank,
        |of| of.learnt.shuffled,
        |of| {
            of.learnt
                .singular_values
                .first()
                .copied()
                .unwrap_or(f64::NAN)
        },
        |of| {
            of.learnt
                .singular_values
                .get(3)
                .copied()
                .unwrap_or(f64::NAN)
        },
        |of| {
            let squares = of.learnt.singular_values.iter().map(|s| s * s);
            squares.sum::<f64>().sqrt()
        },
    ];
    for task in Task::ALL {
        for gain in gains(pupils) {
            let mut row = vec![
                TableCell::Text(task.name().to_owned()),
                TableCell::Number(Estimate::exact(gain)),
            ];
            let numbers = columns.map(|value| values(pupils, task, gain, value));
            let ranked = numbers[RANK].iter().filter(|rank| rank.is_finite());
            let ranked = TableCell::Count(ranked.count());
            row.extend(numbers.map(|of| TableCell::Number(mean_of_those_there(&of))));
            row.insert(2 + RANK, ranked);
            table.rows.push(row);
        }
    }
    table
}

fn table_of_theory(laws: &[Vec<Laws>]) -> Table {
    let mut table = Table::new(
        "Linear networks: means over networks; τ̃ = learning time / (1 − g²)²",
        &[
            "g",
            "third order of z, / theory",
            "of s₁",
            "of s₂",
            "ẑ",
            "convergence τ̃",
            "s₁ / (ẑ (1 − g²)) at the end",
            "loss shuffled / before",
            "law of that",
        ],
    );
    let Some(first) = laws.first() else {
        return table;
    };
    for (place, of) in first.iter().enumerate() {
        let over = |value: &dyn Fn(&Laws) -> f64| {
            let seen: Vec<f64> = laws.iter().map(|of| value(&of[place])).collect();
            TableCell::Number(Estimate::mean(&seen))
        };
        let beta = theory::beta(of.gain);
        for (which, (target, _)) in TARGETS.into_iter().enumerate() {
            table.rows.push(vec![
                TableCell::Number(Estimate::exact(of.gain)),
                over(&|of| of.third_order[0]),
                over(&|of| of.third_order[1]),
                over(&|of| of.third_order[2]),
                TableCell::Number(Estimate::exact(target)),
                over(&|of| of.descents[which].convergence * beta * beta),
                over(&|of| of.descents[which].size * beta / target),
                over(&|of| of.descents[which].shuffled),
                TableCell::Number(Estimate::exact(theory::shuffled_loss(of.gain))),
            ]);
        }
    }
    table
}

fn figure(pupils: &[Pupil], laws: &[Vec<Laws>]) -> Figure {
    let steps = Axis::new("training steps to 5 % of the loss").on(Scale::Log);
    let rank = Axis::between("least rank that does", [0.0, 10.0]);
    let shuffled = Axis::new("loss, relative to that before");
    let mut of_shuffled = by_gain(pupils, "Initial weights shuffled", shuffled, |of| {
        of.learnt.shuffled
    });
    let law = (0..=50).map(|k| 0.02 * f64::from(k));
    let law = law.map(|gain| [gain, theory::shuffled_loss(gain)]);
    let name = "g⁴(2 - g²)², linear";
    of_shuffled
        .series
        .push(Series::new(name, Mark::Dashes, Colour::INK, law.collect()));
    of_shuffled.series.extend(shuffled_linear(laws));
    Figure {
        description: "Steps to learn three tasks, functional rank of the weight change and loss with shuffled initial weights \
                      against g; singular values of the weight change; output and singular values of linear networks in training \
                      and their series"
            .to_owned(),
        plots: vec![
            by_gain(pupils, "Speed", steps, |of| of.learnt.convergence),
            by_gain(pupils, "Functional rank", rank, |of| {
                of.learnt.functional_rank
            }),
            of_shuffled,
            spectrum(pupils),
            linear_outputs(laws),
            linear_values(laws),
        ],
        columns: 3,
    }
}

/// The mean of a number over networks against g, with its interval, for each task.
fn by_gain(pupils: &[Pupil], title: &str, y: Axis, value: impl Fn(&Pupil) -> f64) -> Plot {
    let mut series = Vec::new();
    for (task, colour) in Task::ALL.into_iter().zip(Colour::DISTINCT) {
        let means = gains(pupils).into_iter().map(|gain| {
            let of = values(pupils, task, gain, &value);
            [gain, mean_of_those_there(&of).value]
        });
        let single = pupils.iter().filter(|of| of.lesson.task == task);
        let single = single.map(|of| [of.lesson.gain, value(of)]);
        let dots = Mark::Small(Glyph::Disc);
        series.push(Series::new(
            task.name(),
            Mark::Line,
            colour,
            means.collect(),
        ));
        series.push(Series::new("", dots, colour, single.collect()));
    }
    Plot::new(title, Axis::new("g"), y, series)
}

fn shuffled_linear(laws: &[Vec<Laws>]) -> Option<Series> {
    let all = laws.iter().flatten();
    let points: Vec<[f64; 2]> = all.map(|of| [of.gain, of.descents[0].shuffled]).collect();
    let name = format!("linear, ẑ = {}", TARGETS[0].0);
    (!points.is_empty()).then(|| Series::new(&name, Mark::Small(Glyph::Cross), Colour::INK, points))
}

/// The largest singular values of the weight change of each network at the gain of fast learning.
fn spectrum(pupils: &[Pupil]) -> Plot {
    let mut series = Vec::new();
    for (task, colour) in Task::ALL.into_iter().zip(Colour::DISTINCT) {
        let of_task = pupils.iter().filter(|of| of.lesson.task == task);
        for (number, of) in of_task.filter(|of| of.lesson.gain == FAST_GAIN).enumerate() {
            let values = of.learnt.singular_values.iter().take(SHOWN).enumerate();
            let points = values.map(|(k, &s)| [(k + 1) as f64, s]).collect();
            let name = if number == 0 { task.name() } else { "" };
            series.push(Series::new(name, Mark::Line, colour, points));
        }
    }
    let y = Axis::new("singular value of ΔW").on(Scale::Log);
    let title = format!("Spectrum of ΔW, g = {FAST_GAIN}");
    Plot::new(&title, Axis::new("number"), y, series)
}

/// Gains of linear networks that are shown, the least, one between, and the largest.
fn shown(laws: &[Vec<Laws>]) -> Vec<&Laws> {
    let Some(first) = laws.first() else {
        return Vec::new();
    };
    let last = first.len().saturating_sub(1);
    let mut places = vec![0, last.div_ceil(2), last];
    places.dedup();
    places
        .iter()
        .filter_map(|&place| first.get(place))
        .collect()
}

/// What the series are drawn at: τ̃ from 0 to 1.
fn times() -> impl Iterator<Item = f64> {
    (0..=40).map(|k| 0.025 * f64::from(k))
}

fn linear_outputs(laws: &[Vec<Laws>]) -> Plot {
    let (target, _) = TARGETS[SERIES];
    let mut series = Vec::new();
    for (of, colour) in shown(laws).into_iter().zip(Colour::DISTINCT) {
        let coefficients = theory::output(target, of.gain);
        let expected = times().map(|time| [time, theory::series(coefficients, time)]);
        let seen = of.descents[SERIES].curve.iter().map(|at| [at[0], at[1]]);
        let name = format!("g = {}", of.gain);
        series.push(Series::new("", Mark::Dashes, colour, expected.collect()));
        series.push(Series::new(
            &name,
            Mark::Small(Glyph::Disc),
            colour,
            seen.collect(),
        ));
    }
    let title = format!("Linear: output, ẑ = {target} (dashes: series)");
    let x = Axis::between("learning time τ̃", [0.0, 1.0]);
    Plot::new(&title, x, Axis::between("z", [0.0, 1.2 * target]), series)
}

fn linear_values(laws: &[Vec<Laws>]) -> Plot {
    let (target, _) = TARGETS[SERIES];
    let mut series = Vec::new();
    for (of, colour) in shown(laws).into_iter().zip(Colour::DISTINCT) {
        let coefficients = theory::first_singular_value(target, of.gain);
        let second = theory::second_singular_value(target);
        let expected = times().map(|time| [time, theory::series(coefficients, time)]);
        let third = times().map(|time| [time, second * time.powi(3)]);
        series.push(Series::new("", Mark::Dashes, colour, expected.collect()));
        series.push(Series::new("", Mark::Dashes, colour, third.collect()));
        let name = format!("g = {}", of.gain);
        for (which, name) in [(2, name.as_str()), (3, "")] {
            let seen = of.descents[SERIES]
                .curve
                .iter()
                .map(|at| [at[0], at[which]]);
            series.push(Series::new(
                name,
                Mark::Small(Glyph::Disc),
                colour,
                seen.collect(),
            ));
        }
    }
    let x = Axis::between("learning time τ̃", [0.05, 1.0]);
    let y = Axis::between("singular values of ΔW", [1e-6, 1.0]).on(Scale::Log);
    Plot::new("Linear: both singular values", x, y, series)
}
