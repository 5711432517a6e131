//! The eigenvalues of one fixed point through training.

use std::collections::BTreeMap;
use std::path::Path;

use super::run::{Progress, analysed, condition, events_at};
use super::{Choice, FigureError, FigureKind, Options, StepAxis, events};
use crate::figure::Figure;
use crate::figure::axis::{Axis, Scale};
use crate::figure::plot::{ColourBar, Mark, Plot, Proportions, Rule, Series};
use crate::figure::scene::{Colour, Dash};
use crate::trace::rows::{BranchRow, EventRow, SpectrumRow};
use crate::trace::{Entry, Run};

/// Moduli drawn against training, the largest ones.
const MODULI: usize = 8;

/// The kind.
pub(super) struct Spectra;

impl FigureKind for Spectra {
    fn name(&self) -> &'static str {
        "spectra"
    }

    fn about(&self) -> &'static str {
        "eigenvalues of a fixed point through training: in the complex plane, and the largest moduli against the steps"
    }

    fn heeds(&self) -> &'static [Choice] {
        &[Choice::Axis, Choice::Condition, Choice::Branch]
    }

    fn draw(&self, folder: &Path, options: &Options) -> Result<Figure, FigureError> {
        let run = Run::open(folder)?;
        let entries = analysed(&run)?;
        let last = entries[entries.len() - 1];
        let (condition, has_others) = condition(&run, &last, options.condition.as_deref())?;
        let rows = run.branches()?.ok_or(FigureError::NoBranches)?;
        let followed = Followed::of(&rows, &condition, options.branch)?;
        let history = followed.spectra(&run, &entries, &condition)?;
        let mut events = events_at(&run, &condition)?;
        events.retain(|event| event.branches.contains(&followed.branch));
        let progress = Progress::new(&run, options.axis, last.step);
        let mut title = format!("branch {}", followed.branch);
        if has_others {
            title = format!("{title}, input: {condition}");
        }
        let is_log = options.axis == Some(StepAxis::Log);
        Ok(Figure {
            description: format!("Eigenvalues of fixed points on branch {}", followed.branch),
            plots: vec![
                complex_plane(&history, &title, is_log),
                moduli(&history, &events, &progress),
            ],
            columns: 2,
        })
    }
}

/// A branch of fixed points.
struct Followed {
    branch: u32,
    /// Its point at each checkpoint where it has one.
    points: BTreeMap<u32, u32>,
}

/// The eigenvalues of a point at the checkpoints, by falling modulus: step, `[re, im]`.
type History = Vec<(f64, Vec<[f64; 2]>)>;

impl Followed {
    /// The branch asked for, by default the one that is there at the most checkpoints, the first of several.
    fn of(rows: &[BranchRow], condition: &str, asked: Option<u32>) -> Result<Self, FigureError> {
        let mut branches: BTreeMap<u32, BTreeMap<u32, u32>> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.condition == condition) {
            let points = branches.entry(row.branch).or_default();
            points.extend(row.point.map(|point| (row.checkpoint, point)));
        }
        let last = branches.keys().next_back().copied();
        let last = last.ok_or(FigureError::NoBranches)?;
        let longest = branches
            .iter()
            .max_by_key(|(branch, points)| (points.len(), std::cmp::Reverse(**branch)));
        let branch = asked.or(longest.map(|(branch, _)| *branch)).unwrap_or(last);
        let points = branches.remove(&branch);
        let points = points.ok_or(FigureError::NoBranch {
            asked: branch,
            last,
        })?;
        Ok(Self { branch, points })
    }

    fn spectra(
        &self,
        run: &Run,
        entries: &[Entry],
        condition: &str,
    ) -> Result<History, FigureError> {
        let mut history = Vec::new();
        for entry in entries {
            let Some(&point) = self.points.get(&entry.checkpoint) else {
                continue;
            };
            let mut rows: Vec<SpectrumRow> = run.spectra(entry.checkpoint)?;
            rows.retain(|row| row.condition == condition && row.point == point);
            rows.sort_by_key(|row| row.rank);
            let values = rows.iter().map(|row| [row.re, row.im]).collect();
            history.push((entry.step as f64, values));
        }
        Ok(history)
    }
}

/// All eigenvalues, coloured by step, with the unit circle.
fn complex_plane(history: &History, title: &str, is_log: bool) -> Plot {
    let steps = || history.iter().map(|(step, _)| *step);
    let range = [
        steps().fold(f64::INFINITY, f64::min),
        steps().fold(f64::NEG_INFINITY, f64::max),
    ];
    let first = steps().find(|&step| step > 0.0).unwrap_or(1.0);
    let bar = ColourBar {
        label: "training step".to_owned(),
        range,
        scale: if is_log {
            Scale::log_of_steps(first)
        } else {
            Scale::Linear
        },
    };
    let circle = (0..=120).map(|i| {
        let angle = std::f64::consts::TAU * f64::from(i) / 120.0;
        [angle.cos(), angle.sin()]
    });
    let mut series = vec![Series::new(
        "unit circle",
        Mark::Thin,
        Colour::INK,
        circle.collect(),
    )];
    let of_steps = history
        .iter()
        .map(|(step, values)| Series::new("", Mark::Dots, bar.colour(*step), values.clone()));
    series.extend(of_steps);
    Plot {
        proportions: Proportions::EqualUnits,
        colour_bar: Some(bar),
        ..Plot::new(title, Axis::new("Re λ"), Axis::new("Im λ"), series)
    }
}

/// The largest moduli against training; 1 is where stability ends.
fn moduli(history: &History, of_branch: &[EventRow], progress: &Progress) -> Plot {
    let most = history.iter().map(|(_, values)| values.len()).max();
    let count = most.unwrap_or(0).min(MODULI);
    let modulus = |values: &Vec<[f64; 2]>, rank: usize| {
        values.get(rank).map_or(f64::NAN, |[re, im]| re.hypot(*im))
    };
    let series = (0..count).map(|rank| {
        let points = history
            .iter()
            .map(|(step, values)| [progress.place(*step), modulus(values, rank)]);
        let (name, colour) = if rank == 0 {
            ("largest |λ|", Colour::VERMILION)
        } else {
            ("next largest", Colour::BLUE)
        };
        let mark = if rank == 0 { Mark::Line } else { Mark::Thin };
        Series::new(name, mark, colour, points.collect())
    });
    let mut plot = Plot::new("", progress.axis(), Axis::new("|λ|"), series.collect());
    plot.rules.push(Rule {
        at: 1.0,
        is_upright: false,
        dash: Dash::Dotted,
    });
    plot.lanes = events::lanes(of_branch, |event| progress.place(events::step(event)));
    plot.proportions = Proportions::Height(110.0);
    plot
}
