//! The bifurcation diagram over training: fixed points along a coordinate, solid where stable, dashed where unstable.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::plane::Plane;
use super::points::{STABLE, UNSTABLE};
use super::run::{Progress, analysed, condition, events_at, stages};
use super::{Choice, Coordinate, FigureError, FigureKind, Needs, Options, events};
use crate::figure::Figure;
use crate::figure::axis::Axis;
use crate::figure::plot::{Mark, Plot, Proportions, Rule, Series};
use crate::figure::scene::Dash;
use crate::trace::rows::{BranchRow, EventRow, FixedPointRow};
use crate::trace::{Entry, Run};

/// The kind.
pub(super) struct Bifurcations;

impl FigureKind for Bifurcations {
    fn name(&self) -> &'static str {
        "bifurcations"
    }

    fn about(&self) -> &'static str {
        "fixed points along a coordinate through training, stable and unstable, with their bifurcations"
    }

    fn needs(&self) -> Needs {
        Needs::Run
    }

    fn heeds(&self) -> &'static [Choice] {
        &[Choice::Axis, Choice::Condition, Choice::Coordinate]
    }

    fn draw(&self, folder: &Path, options: &Options) -> Result<Figure, FigureError> {
        let run = Run::open(folder)?;
        let entries = analysed(&run)?;
        let last = entries[entries.len() - 1];
        let (condition, has_others) = condition(&run, &last, options.condition.as_deref())?;
        let diagram = Diagram::read(&run, &entries, &condition)?;
        let progress = Progress::of_entries(&run, options.axis, &entries);
        let (spans, borders) = progress.stages(&stages(&run, &run.steps()?));
        let first = [Coordinate::Component(0)];
        let coordinates = match &options.coordinates[..] {
            [] => &first[..],
            chosen => chosen,
        };
        let mut plots = Vec::new();
        for &coordinate in coordinates {
            let mut plot = diagram.plot(coordinate, &progress)?;
            plot.rules.extend_from_slice(&borders);
            plot.is_joined = plots.len() + 1 < coordinates.len();
            if plots.is_empty() {
                plot.spans.clone_from(&spans);
                let at = |event: &EventRow| progress.place(events::step(event));
                plot.lanes = events::lanes(&diagram.events, at);
                if has_others {
                    plot.title = format!("input: {condition}");
                }
            }
            plots.push(plot);
        }
        Ok(Figure {
            description: "Fixed points through training".to_owned(),
            plots,
            columns: 1,
        })
    }
}

/// What the diagram is drawn from.
struct Diagram {
    plane: Plane,
    /// By branch, each by rising checkpoints.
    branches: BTreeMap<u32, Vec<BranchRow>>,
    /// Where the fixed points of a branch row are, for what the row does not tell.
    points: HashMap<(u32, u32), FixedPointRow>,
    events: Vec<EventRow>,
    /// The next checkpoint after each with a landscape.
    next: HashMap<u32, u32>,
}

impl Diagram {
    fn read(run: &Run, entries: &[Entry], condition: &str) -> Result<Self, FigureError> {
        let mut branches: BTreeMap<u32, Vec<BranchRow>> = BTreeMap::new();
        let rows = run.branches()?.ok_or(FigureError::NoBranches)?;
        for row in rows.into_iter().filter(|row| row.condition == condition) {
            branches.entry(row.branch).or_default().push(row);
        }
        for of_branch in branches.values_mut() {
            of_branch.sort_by_key(|row| row.checkpoint);
        }
        let mut points = HashMap::new();
        for entry in entries {
            let rows = run.fixed_points(entry.checkpoint)?.into_iter();
            let own = rows.filter(|row| row.condition == condition);
            points.extend(own.map(|row| ((row.checkpoint, row.point), row)));
        }
        let pairs = entries.windows(2);
        Ok(Self {
            plane: Plane::of(run)?.ok_or(FigureError::NoLandscape)?,
            branches,
            points,
            events: events_at(run, condition)?,
            next: pairs.map(|pair| (pair[0].checkpoint, pair[1].checkpoint)).collect(),
        })
    }

    /// The value of a coordinate at a point of a branch; not finite where it is not known.
    fn value(&self, coordinate: Coordinate, row: &BranchRow) -> f64 {
        let point = row.point.and_then(|point| self.points.get(&(row.checkpoint, point)));
        match coordinate {
            Coordinate::Component(axis) => self.plane.project(&row.state)[axis.min(2)],
            Coordinate::Output(output) => point
                .and_then(|point| point.readout.get(output).copied())
                .unwrap_or(f64::NAN),
            Coordinate::Modulus => point.map_or(f64::NAN, |of| of.multiplier_re.hypot(of.multiplier_im)),
        }
    }

    /// The same at a bifurcation.
    fn value_at_event(&self, coordinate: Coordinate, event: &EventRow) -> f64 {
        match coordinate {
            Coordinate::Component(axis) => self.plane.project(&event.state)[axis.min(2)],
            // The table has the critical eigenvalue, which need not be the leading one, and no outputs.
            Coordinate::Output(_) | Coordinate::Modulus => f64::NAN,
        }
    }

    fn plot(&self, coordinate: Coordinate, progress: &Progress) -> Result<Plot, FigureError> {
        let label = match coordinate {
            Coordinate::Component(axis) => format!("PC {}", axis + 1),
            Coordinate::Modulus => "largest |λ|".to_owned(),
            Coordinate::Output(output) => {
                let count = self.points.values().map(|point| point.readout.len()).max();
                let count = count.unwrap_or(0);
                if output >= count {
                    let asked = output + 1;
                    return Err(FigureError::NoOutput { asked, count });
                }
                format!("output {}", output + 1)
            }
        };
        let [stable, unstable] = self.lines(coordinate, progress);
        let mut series = vec![
            Series::new("unstable", Mark::Dashes, UNSTABLE, unstable),
            Series::new("stable", Mark::Line, STABLE, stable),
        ];
        let place = |event: &EventRow| {
            let step = progress.place(events::step(event));
            [step, self.value_at_event(coordinate, event)]
        };
        series.extend(events::series(&self.events, place));
        let mut plot = Plot::new("", progress.axis(), Axis::new(&label), series);
        plot.proportions = Proportions::Height(150.0);
        if coordinate == Coordinate::Modulus {
            plot.rules.push(Rule {
                at: 1.0,
                is_upright: false,
                dash: Dash::Dotted,
            });
        }
        Ok(plot)
    }

    /// The branches as two broken lines, stable and unstable. Between two checkpoints a branch has the stability of the nearer.
    fn lines(&self, coordinate: Coordinate, progress: &Progress) -> [Vec<[f64; 2]>; 2] {
        let mut lines = [Vec::new(), Vec::new()];
        for (&branch, rows) in &self.branches {
            let mut places: Vec<([f64; 2], bool)> = Vec::new();
            let place = |row: &BranchRow| {
                let step = progress.place(row.step as f64);
                ([step, self.value(coordinate, row)], row.n_unstable == 0)
            };
            let gap = ([f64::NAN; 2], false);
            if let Some(row) = rows.first() {
                places.extend(self.meeting(coordinate, progress, branch, row, true));
            }
            for (i, row) in rows.iter().enumerate() {
                let before = i.checked_sub(1).map(|before| rows[before].checkpoint);
                // A checkpoint without the point is a gap.
                if before.is_some_and(|of| self.next.get(&of) != Some(&row.checkpoint)) {
                    places.push(gap);
                }
                places.push(place(row));
            }
            if let Some(row) = rows.last() {
                places.extend(self.meeting(coordinate, progress, branch, row, false));
            }
            places.push(gap);
            split(&places, &mut lines);
        }
        lines
    }

    /// The bifurcation at which a branch begins before its first row, or ends after its last.
    fn meeting(
        &self,
        coordinate: Coordinate,
        progress: &Progress,
        branch: u32,
        row: &BranchRow,
        is_first: bool,
    ) -> Option<([f64; 2], bool)> {
        let mut own = self.events.iter().filter(|event| {
            let beside = if is_first { event.to_step } else { event.from_step };
            event.branches.contains(&branch) && beside == row.step && event.pair_change != 0
        });
        let event = own.next()?;
        let step = progress.place(events::step(event));
        Some(([step, self.value_at_event(coordinate, event)], row.n_unstable == 0))
    }
}

/// Adds a line to those of what is stable and what is not, changing over half-way between two places.
fn split(places: &[([f64; 2], bool)], [stable, unstable]: &mut [Vec<[f64; 2]>; 2]) {
    for pair in places.windows(2) {
        let [(from, was_stable), (to, is_stable)] = [pair[0], pair[1]];
        let middle = [0, 1].map(|axis| f64::midpoint(from[axis], to[axis]));
        for (ends, is_stable) in [([from, middle], was_stable), ([middle, to], is_stable)] {
            let line = if is_stable { &mut *stable } else { &mut *unstable };
            if line.last() != Some(&ends[0]) {
                line.push([f64::NAN; 2]);
                line.push(ends[0]);
            }
            line.push(ends[1]);
        }
    }
    stable.push([f64::NAN; 2]);
    unstable.push([f64::NAN; 2]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_changes_over_half_way_where_stability_does() {
        let mut lines = [Vec::new(), Vec::new()];
        split(&[([0.0, 0.0], true), ([1.0, 0.0], true), ([2.0, 2.0], false)], &mut lines);
        let finite = |line: &[[f64; 2]]| -> Vec<[f64; 2]> {
            line.iter().filter(|at| at[0].is_finite()).copied().collect()
        };
        assert_eq!(finite(&lines[0]), [[0.0, 0.0], [0.5, 0.0], [1.0, 0.0], [1.5, 1.0]]);
        assert_eq!(finite(&lines[1]), [[1.5, 1.0], [2.0, 2.0]]);
    }
}
