//! What came of the networks: claims, tables, figure.

use super::super::{Claim, Expectation, Report, Table, TableCell};
use super::Seen;
use super::activity::{by_neighbours, kappa};
use super::reduced::{Reduced, classes};
use super::timing::TimingTask;
use crate::figure::plot::Rule;
use crate::figure::scene::Dash;
use crate::figure::{Axis, Colour, Figure, Glyph, Mark, Plot, Scale, Series};
use crate::statistics::Estimate;
use crate::statistics::bootstrap::Bootstrap;

/// A class counts from this share of the networks on, and from so many networks.
const LEAST_SHARE: f64 = 0.1;
const LEAST_MEMBERS: f64 = 3.0;
/// Neighbours that vote for a class.
const NEIGHBOURS: usize = 3;
/// Classes that have a colour.
const SHOWN: usize = 4;

/// The networks of a task that have learned it, by class.
struct OfTask<'a> {
    task: TimingTask,
    trained: usize,
    networks: Vec<&'a Seen>,
    /// The most frequent is 0.
    classes: Vec<usize>,
    /// Place, true class and predicted one of each network of a class that counts.
    predicted: Vec<(usize, usize, usize)>,
}

impl<'a> OfTask<'a> {
    fn new(task: TimingTask, seen: &'a [Seen]) -> Self {
        let of_task = seen.iter().filter(|of| of.task == task);
        let trained = of_task.clone().count();
        let networks: Vec<&Seen> = of_task.filter(|of| of.has_learned()).collect();
        let graphs: Vec<Reduced> = networks.iter().map(|of| of.reduced.clone()).collect();
        let classes = classes(&graphs);
        let mut of = Self {
            task,
            trained,
            networks,
            classes,
            predicted: Vec::new(),
        };
        of.predict();
        of
    }

    /// Predicts the classes that count from activity, each network left out in turn.
    fn predict(&mut self) {
        let counting = (0..self.networks.len()).filter(|&at| self.counts(self.classes[at], None));
        let counting: Vec<usize> = counting.collect();
        let features: Vec<Vec<f64>> = counting
            .iter()
            .map(|&at| self.networks[at].features.clone())
            .collect();
        let classes: Vec<usize> = counting.iter().map(|&at| self.classes[at]).collect();
        let found = by_neighbours(&features, &classes, NEIGHBOURS);
        let triples = counting.iter().zip(&classes).zip(found);
        self.predicted = triples
            .map(|((&at, &class), found)| (at, class, found))
            .collect();
    }

    fn size(&self, class: usize) -> usize {
        self.classes.iter().filter(|&&of| of == class).count()
    }

    fn n_classes(&self) -> usize {
        self.classes.iter().max().map_or(0, |last| last + 1)
    }

    /// Whether a class has its least share, of the networks or of a resample of them.
    fn counts(&self, class: usize, resample: Option<&[u32]>) -> bool {
        let weight = |at: usize| resample.map_or(1, |counts| counts[at]);
        let members = (0..self.classes.len()).filter(|&at| self.classes[at] == class);
        let size: u32 = members.map(weight).sum();
        f64::from(size) >= (LEAST_SHARE * self.classes.len() as f64).max(LEAST_MEMBERS)
    }

    fn n_counting(&self, resample: Option<&[u32]>) -> usize {
        let classes = 0..self.n_classes();
        classes
            .filter(|&class| self.counts(class, resample))
            .count()
    }

    /// Classes that count, with an interval over networks.
    fn counting(&self) -> Estimate {
        Bootstrap::new(1).estimate(&vec![0; self.networks.len()], |counts| {
            Some(self.n_counting(Some(counts)) as f64)
        })
    }

    /// Mean difference between the answers of two networks, over pairs of different ones that `is` says belong together.
    fn difference(
        &self,
        counts: &[u32],
        answers: impl Fn(&Seen) -> &[f64],
        is: impl Fn(usize, usize) -> bool,
    ) -> Option<f64> {
        let (mut sum, mut weight) = (0.0, 0.0);
        for a in 0..self.networks.len() {
            for b in (0..a).filter(|&b| is(a, b)) {
                let pairs = f64::from(counts[a] * counts[b]);
                let (of_a, of_b) = (answers(self.networks[a]), answers(self.networks[b]));
                let off = of_a.iter().zip(of_b).map(|(x, y)| (x - y).abs());
                sum += pairs * off.sum::<f64>() / of_a.len() as f64;
                weight += pairs;
            }
        }
        (weight > 0.0).then(|| sum / weight)
    }

    /// How much any two networks differ, beyond the trained range or within.
    fn any_difference(&self, counts: &[u32], is_outside: bool) -> Option<f64> {
        self.difference(counts, |of| of.answers(is_outside), |_, _| true)
    }

    /// How much more networks of different classes differ than those of one, beyond the trained range or within.
    fn between_over_within(&self, counts: &[u32], is_outside: bool) -> Option<f64> {
        let is_one = |a: usize, b: usize| self.classes[a] == self.classes[b];
        let between = self.difference(counts, |of| of.answers(is_outside), |a, b| !is_one(a, b))?;
        let within = self.difference(counts, |of| of.answers(is_outside), is_one)?;
        Some(between / within)
    }

    fn kappa(&self, counts: &[u32]) -> Option<f64> {
        let classes: Vec<usize> = self.predicted.iter().map(|of| of.1).collect();
        let found: Vec<usize> = self.predicted.iter().map(|of| of.2).collect();
        let counts: Vec<u32> = self.predicted.iter().map(|of| counts[of.0]).collect();
        let is_one = classes.iter().all(|class| *class == classes[0]);
        if is_one {
            None
        } else {
            kappa(&classes, &found, &counts)
        }
    }

    fn estimate(&self, statistic: impl Fn(&[u32]) -> Option<f64> + Sync) -> Estimate {
        Bootstrap::new(1).estimate(&vec![0; self.networks.len()], statistic)
    }
}

pub(super) fn report(seen: &[Seen]) -> Report {
    let tasks: Vec<OfTask<'_>> = TimingTask::ALL
        .into_iter()
        .map(|task| OfTask::new(task, seen))
        .filter(|of| of.trained > 0)
        .collect();
    Report {
        claims: claims(&tasks),
        tables: vec![table_of_tasks(&tasks), table_of_classes(&tasks)],
        figure: Some(figure(&tasks)),
    }
}

/// A statistic of the networks of each task, and its mean over the tasks that have it: geometric where it is a ratio.
fn over_tasks(
    tasks: &[OfTask<'_>],
    is_ratio: bool,
    statistic: impl Fn(&OfTask<'_>, &[u32]) -> Option<f64> + Sync,
) -> Estimate {
    let groups: Vec<usize> = tasks
        .iter()
        .enumerate()
        .flat_map(|(place, of)| vec![place; of.networks.len()])
        .collect();
    Bootstrap::new(1).estimate(&groups, |counts| {
        let mut from = 0;
        let values = tasks.iter().filter_map(|of| {
            let own = &counts[from..from + of.networks.len()];
            from += of.networks.len();
            statistic(of, own).map(|value| if is_ratio { value.ln() } else { value })
        });
        let values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (!values.is_empty()).then(|| if is_ratio { mean.exp() } else { mean })
    })
}

// A path to a method is not general enough over lifetimes to stand for these closures.
#[allow(clippy::redundant_closure_for_method_calls)]
fn claims(tasks: &[OfTask<'_>]) -> Vec<Claim> {
    let mut claims: Vec<Claim> = tasks
        .iter()
        .map(|of| {
            let statement = format!(
                "classes of reduced dynamics with at least a tenth of the networks each, {}",
                of.task.name()
            );
            Claim::new(&statement, Expectation::at_least(2.0), of.counting()).of_ours()
        })
        .collect();
    let networks = || tasks.iter().flat_map(|of| of.networks.iter().copied());
    let accuracies: Vec<f64> = networks().map(|of| of.accuracy).collect();
    claims.push(
        Claim::new(
            "mean accuracy within the trained range, of all networks that count",
            Expectation::at_least(0.95),
            Estimate::mean(&accuracies),
        )
        .of_ours(),
    );
    claims.push(
        Claim::new(
            "mean difference between the answers of two networks (right: 1) beyond the trained range, less that within it",
            Expectation::at_least(0.1),
            over_tasks(tasks, false, |of, counts| {
                Some(of.any_difference(counts, true)? - of.any_difference(counts, false)?)
            }),
        )
        .of_ours(),
    );
    claims.push(
        Claim::new(
            "difference between the answers beyond the trained range, of networks of different classes over those of one",
            Expectation::at_least(1.0),
            over_tasks(tasks, true, |of, counts| of.between_over_within(counts, true)),
        )
        .of_ours(),
    );
    claims.push(
        Claim::new(
            "Cohen's κ of the class predicted from activity within the trained range, each network left out in turn",
            Expectation::at_least(0.0),
            over_tasks(tasks, false, |of, counts| of.kappa(counts)),
        )
        .of_ours(),
    );
    claims
}

fn table_of_tasks(tasks: &[OfTask<'_>]) -> Table {
    let mut table = Table::new(
        "Networks of each task",
        &[
            "task",
            "networks",
            "learned",
            "loss",
            "classes",
            "with a tenth or more",
            "difference inside",
            "difference outside",
            "between / within classes, inside",
            "between / within classes, outside",
            "κ",
        ],
    );
    for of in tasks {
        let losses: Vec<f64> = of.networks.iter().map(|of| of.loss).collect();
        let numbers = [
            of.counting(),
            of.estimate(|counts| of.any_difference(counts, false)),
            of.estimate(|counts| of.any_difference(counts, true)),
            of.estimate(|counts| of.between_over_within(counts, false)),
            of.estimate(|counts| of.between_over_within(counts, true)),
            of.estimate(|counts| of.kappa(counts)),
        ];
        let mut row = vec![
            TableCell::Text(of.task.name().to_owned()),
            TableCell::Count(of.trained),
            TableCell::Count(of.networks.len()),
            TableCell::Number(Estimate::mean(&losses)),
            TableCell::Count(of.n_classes()),
        ];
        row.extend(numbers.map(TableCell::Number));
        table.rows.push(row);
    }
    table
}

fn table_of_classes(tasks: &[OfTask<'_>]) -> Table {
    let mut table = Table::new(
        "Classes with two networks or more",
        &[
            "task",
            "class",
            "share",
            "what one of them does",
            "answer inside",
            "answer outside",
        ],
    );
    for of in tasks {
        for class in (0..of.n_classes()).filter(|&class| of.size(class) > 1) {
            let members = of.members(class);
            let mean = |is_outside: bool| {
                let answers = members.iter().map(|of| average(of.answers(is_outside)));
                TableCell::Number(Estimate::mean(&answers.collect::<Vec<f64>>()))
            };
            table.rows.push(vec![
                TableCell::Text(of.task.name().to_owned()),
                TableCell::Count(class + 1),
                TableCell::Number(Estimate::share(members.len(), of.networks.len())),
                TableCell::Text(members[0].reduced.told()),
                mean(false),
                mean(true),
            ]);
        }
    }
    table
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

impl OfTask<'_> {
    fn members(&self, class: usize) -> Vec<&Seen> {
        let pairs = self.networks.iter().zip(&self.classes);
        pairs
            .filter(|(_, of)| **of == class)
            .map(|(of, _)| *of)
            .collect()
    }

    /// Answers of each network against what is varied, in the colour of its class.
    fn answers(&self) -> Plot {
        let values: Vec<usize> = [self.task.inside(), self.task.outside()].concat();
        let mut series = Vec::new();
        for class in (0..self.n_classes()).rev() {
            let is_shown = class < SHOWN && self.size(class) > 1;
            let colour = if is_shown {
                Colour::DISTINCT[class]
            } else {
                Colour::FAINT
            };
            let name = if is_shown {
                format!("class {}", class + 1)
            } else {
                "others".to_owned()
            };
            for of in self.members(class) {
                let answers = of.inside.iter().chain(&of.outside);
                let points = values.iter().zip(answers);
                let points = points
                    .map(|(&value, &answer)| [value as f64, answer])
                    .collect();
                series.push(Series::new(&name, Mark::Thin, colour, points));
            }
        }
        let mut plot = Plot::new(
            self.task.name(),
            Axis::new(self.task.varied()).on(Scale::Log),
            Axis::between("answer (right: 1)", [-1.5, 2.5]),
            series,
        );
        let longest = self.task.inside().last().copied().unwrap_or(0);
        plot.rules.push(Rule {
            at: longest as f64,
            is_upright: true,
            dash: Dash::Dashed,
        });
        plot
    }
}

/// Answers within and beyond the trained range; shares of the classes; κ.
fn figure(tasks: &[OfTask<'_>]) -> Figure {
    let mut plots: Vec<Plot> = tasks.iter().map(OfTask::answers).collect();
    let shares = tasks.iter().zip(Colour::DISTINCT).map(|(of, colour)| {
        let share = |class: usize| of.size(class) as f64 / of.networks.len() as f64;
        let points = (0..of.n_classes()).map(|class| [class as f64 + 1.0, share(class)]);
        Series::new(
            of.task.name(),
            Mark::Open(Glyph::Disc),
            colour,
            points.collect(),
        )
    });
    let mut shown = Plot::new(
        "Shares of classes",
        Axis::new("class, the most frequent first"),
        Axis::between("share of networks", [0.0, 1.0]),
        shares.collect(),
    );
    shown.rules.push(Rule {
        at: LEAST_SHARE,
        is_upright: false,
        dash: Dash::Dashed,
    });
    plots.push(shown);
    let kappas = tasks.iter().zip(Colour::DISTINCT).enumerate();
    let kappas = kappas.flat_map(|(place, (of, colour))| {
        let found = of.estimate(|counts| of.kappa(counts));
        let ends = found.interval.unwrap_or([found.value; 2]);
        let x = place as f64 + 1.0;
        let name = of.task.name();
        [
            Series::new(name, Mark::Line, colour, ends.map(|end| [x, end]).to_vec()),
            Series::new(
                name,
                Mark::Open(Glyph::Disc),
                colour,
                vec![[x, found.value]],
            ),
        ]
    });
    let mut shown = Plot::new(
        "Class from trained activity",
        Axis::between("task", [0.5, tasks.len() as f64 + 0.5]).without_ticks(),
        Axis::between("Cohen's κ", [-0.5, 1.0]),
        kappas.collect(),
    );
    shown.rules.push(Rule {
        at: 0.0,
        is_upright: false,
        dash: Dash::Dashed,
    });
    plots.push(shown);
    Figure {
        description: "Answers of networks within and beyond the trained range by class of their reduced dynamics, shares \
                      of the classes, and Cohen's κ of the class predicted from activity within the range"
            .to_owned(),
        plots,
        columns: 3,
    }
}
