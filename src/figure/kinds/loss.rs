//! Loss and accuracy through training, with the bifurcations above and the stages marked.

use std::collections::BTreeMap;
use std::path::Path;

use super::run::{Progress, condition, entry_at, events_at, stages};
use super::{Choice, FigureError, FigureKind, Options, events};
use crate::figure::Figure;
use crate::figure::axis::{Axis, Scale};
use crate::figure::plot::{Mark, Plot, Proportions, Series};
use crate::figure::scene::{Colour, Glyph};
use crate::trace::rows::StepRow;
use crate::trace::{Run, TraceError};

/// The kind.
pub(super) struct Loss;

impl FigureKind for Loss {
    fn name(&self) -> &'static str {
        "loss"
    }

    fn about(&self) -> &'static str {
        "loss and accuracy through training, with bifurcations and stages"
    }

    fn heeds(&self) -> &'static [Choice] {
        &[Choice::Axis, Choice::Condition]
    }

    fn draw(&self, folder: &Path, options: &Options) -> Result<Figure, FigureError> {
        let run = Run::open(folder)?;
        let steps = run.steps()?;
        let last = steps.last().ok_or(FigureError::NoSteps)?;
        let progress = Progress::new(&run, options.axis, last.step);
        let events = match entry_at(&run, None) {
            Ok(entry) => {
                let (name, _) = condition(&run, &entry, options.condition.as_deref())?;
                events_at(&run, &name)?
            }
            // Training alone can be drawn, too.
            Err(FigureError::NoLandscape) if options.condition.is_none() => Vec::new(),
            Err(error) => return Err(error),
        };
        let (spans, borders) = progress.stages(&stages(&run, &steps));
        let probes = Probes::of(&run)?;
        let mut plots = [Quantity::Loss, Quantity::Accuracy]
            .map(|quantity| plot(quantity, &steps, &probes, &progress));
        for plot in &mut plots {
            plot.rules.clone_from(&borders);
        }
        plots[0].spans = spans;
        plots[0].lanes = events::lanes(&events, |event| progress.place(events::step(event)));
        plots[0].is_joined = true;
        Ok(Figure {
            description: "Loss and accuracy through training".to_owned(),
            plots: plots.into(),
            columns: 1,
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantity {
    Loss,
    Accuracy,
}

/// Loss and accuracy on each probe task of the curriculum, `(step, loss, accuracy)`.
struct Probes(BTreeMap<String, Vec<(u64, f64, f64)>>);

impl Probes {
    fn of(run: &Run) -> Result<Self, TraceError> {
        let mut found: BTreeMap<String, Vec<(u64, f64, f64)>> = BTreeMap::new();
        for entry in run.entries() {
            for row in run.evaluations(entry.checkpoint)? {
                let of_probe = found.entry(row.probe).or_default();
                of_probe.push((row.step, row.loss, row.accuracy));
            }
        }
        Ok(Self(found))
    }
}

fn plot(quantity: Quantity, steps: &[StepRow], probes: &Probes, progress: &Progress) -> Plot {
    /// More steps than a line of full width shows well.
    const MANY: usize = 400;
    let label = match quantity {
        Quantity::Loss => "loss",
        Quantity::Accuracy => "accuracy",
    };
    let mark = if steps.len() > MANY {
        Mark::Thin
    } else {
        Mark::Line
    };
    let mut points = Vec::with_capacity(steps.len());
    // Stages are not joined: their losses are of different tasks.
    for of_stage in steps.chunk_by(|a, b| a.stage == b.stage) {
        points.extend(of_stage.iter().map(|row| {
            let value = match quantity {
                Quantity::Loss => row.loss,
                Quantity::Accuracy => row.accuracy,
            };
            [progress.place(row.step as f64), value]
        }));
        points.push([f64::NAN; 2]);
    }
    let name = if probes.0.is_empty() { "" } else { "training" };
    let mut series = vec![Series::new(name, mark, Colour::INK, points)];
    let looks = Colour::DISTINCT.into_iter().zip(Glyph::ALL).cycle();
    for ((probe, values), (colour, glyph)) in probes.0.iter().zip(looks) {
        let points = values.iter().map(|&(step, loss, accuracy)| {
            let value = match quantity {
                Quantity::Loss => loss,
                Quantity::Accuracy => accuracy,
            };
            [progress.place(step as f64), value]
        });
        let points: Vec<[f64; 2]> = points.collect();
        let name = format!("probe: {probe}");
        series.push(Series::new(&name, Mark::Line, colour, points.clone()));
        series.push(Series::new(&name, Mark::Filled(glyph), colour, points));
    }
    let y = match quantity {
        Quantity::Accuracy => Axis::between(label, [0.0, 1.02]),
        Quantity::Loss => {
            let finite = || steps.iter().map(|row| row.loss).filter(|x| x.is_finite());
            let is_positive = finite().all(|loss| loss >= 0.0) && finite().any(|loss| loss > 0.0);
            let scale = if is_positive {
                Scale::Log
            } else {
                Scale::Linear
            };
            Axis::new(label).on(scale)
        }
    };
    let plot = Plot::new("", progress.axis(), y, series);
    Plot {
        proportions: Proportions::Height(if quantity == Quantity::Loss {
            100.0
        } else {
            60.0
        }),
        ..plot
    }
}
