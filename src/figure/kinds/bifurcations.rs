//! The bifurcation diagram over training: fixed points along a coordinate, solid where stable, dashed where unstable.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::plane::Plane;
use super::points::{STABLE, UNSTABLE};
use super::run::{Progress, analysed, condition, events_at, stages};
use super::{Choice, Coordinate, FigureError, FigureKind, Options, events};
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

    fn heeds(&self) -> &'static [Choice] {
        &[Choice::Axis, Choice::Condition, Choice::Coordinate]
    }

    fn draw(&self, folder: &Path, options: &Options) -> Result<Figure, FigureError> {
        let run = Run::open(folder)?;
        let entries = analysed(&run)?;
        let last = entries[entries.len() - 1];
        let (condition, has_others) = condition(&run, &last, options.condition.as_deref())?;
        let diagram = Diagram::read(&run, &entries, &condition)?;
        let progress = Progress::new(&run, options.axis, last.step);
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
            next: pairs
                .map(|pair| (pair[0].checkpoint, pair[1].checkpoint))
                .collect(),
        })
    }

    /// The value of a coordinate at a point of a branch; not finite where it is not known.
    fn value(&self, coordinate: Coordinate, row: &BranchRow) -> f64 {
        let point = row
            .point
            .and_then(|point| self.points.get(&(row.checkpoint, point)));
        match coordinate {
            Coordinate::Component(axis) => self.plane.project(&row.state)[axis.min(2)],
            Coordinate::Output(output) => point
                .and_then(|point| point.readout.get(output).copied())
                .unwrap_or(f64::NAN),
            Coordinate::Modulus => {
                point.map_or(f64::NAN, |of| of.multiplier_re.hypot(of.multiplier_im))
            }
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

    /// The branches as two broken lines, stable and unstable.
    fn lines(&self, coordinate: Coordinate, progress: &Progress) -> [Vec<[f64; 2]>; 2] {
        let mut lines = Lines::default();
        let at_event = |event: &EventRow| {
            let step = progress.place(events::step(event));
            [step, self.value_at_event(coordinate, event)]
        };
        for (&branch, rows) in &self.branches {
            let place = |row: &BranchRow| {
                let step = progress.place(row.step as f64);
                [step, self.value(coordinate, row)]
            };
            let own = || {
                self.events
                    .iter()
                    .filter(|of| of.branches.contains(&branch))
            };
            if let Some(first) = rows.first() {
                let is_birth = |of: &&EventRow| of.to_step == first.step && of.pair_change > 0;
                let birth = own().find(is_birth).map(at_event);
                lines.add(
                    birth.unwrap_or(place(first)),
                    place(first),
                    first.n_unstable == 0,
                );
            }
            for pair in rows.windows(2) {
                let (from, to) = (&pair[0], &pair[1]);
                // A checkpoint without the point is a gap.
                if self.next.get(&from.checkpoint) != Some(&to.checkpoint) {
                    continue;
                }
                let within = own().filter(|of| of.from_step == from.step && of.to_step == to.step);
                let passed = passed(within.collect()).into_iter().map(at_event);
                let passed: Vec<[f64; 2]> = passed.filter(|at| at[1].is_finite()).collect();
                let is_stable = [from, to].map(|row| row.n_unstable == 0);
                lines.add_between([place(from), place(to)], is_stable, &passed);
            }
            if let Some(last) = rows.last() {
                let is_end = |of: &&EventRow| of.from_step == last.step && of.pair_change < 0;
                let end = own().find(is_end).map(at_event);
                lines.add(
                    place(last),
                    end.unwrap_or(place(last)),
                    last.n_unstable == 0,
                );
            }
        }
        [lines.stable, lines.unstable]
    }
}

/// The bifurcations that a branch passes between two checkpoints, in the order in which it does, as far as that is known: those
/// at which it goes on by their position; then, of two folds, the one where it turns back before the one where it turns forward.
fn passed(mut within: Vec<&EventRow>) -> Vec<&EventRow> {
    within.sort_by(|a, b| a.position.total_cmp(&b.position));
    let (folds, mut order): (Vec<&EventRow>, Vec<&EventRow>) =
        within.into_iter().partition(|event| event.pair_change != 0);
    if let [forward, back] = folds[..] {
        let is_last = order
            .last()
            .is_none_or(|last| last.position < forward.position);
        if (forward.pair_change, back.pair_change) == (1, -1) && is_last {
            order.extend([back, forward]);
        }
    }
    order
}

/// What is stable and what is not, as lines broken where they do not go on.
#[derive(Debug, Default)]
struct Lines {
    stable: Vec<[f64; 2]>,
    unstable: Vec<[f64; 2]>,
}

impl Lines {
    fn add(&mut self, from: [f64; 2], to: [f64; 2], is_stable: bool) {
        let line = if is_stable {
            &mut self.stable
        } else {
            &mut self.unstable
        };
        if line.last() != Some(&from) {
            line.extend([[f64::NAN; 2], from]);
        }
        if from != to {
            line.push(to);
        }
    }

    /// Adds the way between two checkpoints past bifurcations. Stability changes at the first and the last of them, or half-way
    /// where there is none; between two the branch is taken for unstable.
    fn add_between(
        &mut self,
        [from, to]: [[f64; 2]; 2],
        [was_stable, is_stable]: [bool; 2],
        passed: &[[f64; 2]],
    ) {
        let (Some(&first), Some(&last)) = (passed.first(), passed.last()) else {
            let middle = [0, 1].map(|axis| f64::midpoint(from[axis], to[axis]));
            self.add(from, middle, was_stable);
            return self.add(middle, to, is_stable);
        };
        self.add(from, first, was_stable);
        for pair in passed.windows(2) {
            self.add(pair[0], pair[1], false);
        }
        self.add(last, to, is_stable);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::rows::Status;

    fn finite(line: &[[f64; 2]]) -> Vec<[f64; 2]> {
        let known = line.iter().filter(|at| at[0].is_finite());
        known.copied().collect()
    }

    #[test]
    fn a_line_changes_over_half_way_where_no_bifurcation_is_known() {
        let mut lines = Lines::default();
        lines.add_between([[0.0, 0.0], [1.0, 0.0]], [true, true], &[]);
        lines.add_between([[1.0, 0.0], [2.0, 2.0]], [true, false], &[]);
        assert_eq!(
            finite(&lines.stable),
            [[0.0, 0.0], [0.5, 0.0], [1.0, 0.0], [1.5, 1.0]]
        );
        assert_eq!(finite(&lines.unstable), [[1.5, 1.0], [2.0, 2.0]]);
    }

    #[test]
    fn a_branch_that_turns_back_and_forward_again_is_drawn_as_an_s() {
        let event = |position: f64, kind: &str, pair_change: i8| EventRow {
            condition: String::new(),
            from_step: 0,
            to_step: 10,
            position,
            kind: kind.to_owned(),
            status: Status::Located,
            multiplier_re: 1.0,
            multiplier_im: 0.0,
            coefficient: None,
            criticality: None,
            pair_change,
            branches: vec![0],
            state: vec![0.0],
            loss: None,
            grad_norm: None,
            born: None,
            hint: None,
        };
        let (flip, forward, back) = (
            event(0.1, "PD", 0),
            event(0.4, "LP", 1),
            event(0.7, "LP", -1),
        );
        let order = passed(vec![&back, &flip, &forward]);
        let positions: Vec<f64> = order.iter().map(|of| of.position).collect();
        assert_eq!(positions, [0.1, 0.7, 0.4]);
        let mut lines = Lines::default();
        let passed = [[7.0, 1.0], [4.0, 2.0]];
        lines.add_between([[0.0, 0.0], [10.0, 3.0]], [true, true], &passed);
        assert_eq!(finite(&lines.unstable), [[7.0, 1.0], [4.0, 2.0]]);
        assert_eq!(
            finite(&lines.stable),
            [[0.0, 0.0], [7.0, 1.0], [4.0, 2.0], [10.0, 3.0]]
        );
    }
}
