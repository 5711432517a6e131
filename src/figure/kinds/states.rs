//! The state space at one checkpoint: fixed points, their unstable modes, slow points, and the probe trials.

use std::path::Path;

use super::plane::Plane;
use super::points::{SLOW, UNSTABLE, look};
use super::run::{condition, entry_at};
use super::{Choice, FigureError, FigureKind, Options};
use crate::figure::Figure;
use crate::figure::axis::Axis;
use crate::figure::plot::{Mark, Note, Plot, Proportions, Series};
use crate::figure::scene::Colour;
use crate::lab::LabError;
use crate::lab::again::{Settings, Subject};
use crate::lab::modes::{UnstableMode, unstable_modes};
use crate::trace::rows::{FixedPointRow, SlowPointRow, TrialRow};
use crate::trace::{Entry, Run};

/// Half the length of a mode of |λ| = 1, relative to the extent of the states.
const MODE: f64 = 0.06;
/// Length of the axes of the view, relative to the extent of the states.
const AXIS: f64 = 0.16;
/// Colour of trials.
const TRIALS: Colour = Colour(0xc4, 0xc4, 0xc4);

/// The kind.
pub(super) struct States;

impl FigureKind for States {
    fn name(&self) -> &'static str {
        "states"
    }

    fn about(&self) -> &'static str {
        "state space at a checkpoint: fixed points by kind, unstable modes, slow points, probe trials"
    }

    fn heeds(&self) -> &'static [Choice] {
        &[Choice::Moment, Choice::Condition]
    }

    fn draw(&self, folder: &Path, options: &Options) -> Result<Figure, FigureError> {
        let run = Run::open(folder)?;
        let entry = entry_at(&run, options.moment)?;
        let (condition, has_others) = condition(&run, &entry, options.condition.as_deref())?;
        let plane = Plane::of(&run)?.ok_or(FigureError::NoLandscape)?;
        let mut points = run.fixed_points(entry.checkpoint)?;
        points.retain(|point| point.condition == condition);
        let mut slow = run.slow_points(entry.checkpoint)?;
        slow.retain(|point| point.condition == condition);
        let space = Space {
            modes: modes(folder, entry, &condition, &points, &plane)?,
            trials: run.trials(entry.checkpoint)?,
            points,
            slow,
            plane,
        };
        let mut title = format!("step {}", entry.step);
        if has_others {
            title = format!("{title}, input: {condition}");
        }
        Ok(Figure {
            description: format!("State space at step {}", entry.step),
            plots: vec![space.oblique(&title), space.flat()],
            columns: 2,
        })
    }
}

/// The unstable modes of the points that have any.
fn modes(
    folder: &Path,
    entry: Entry,
    condition: &str,
    points: &[FixedPointRow],
    plane: &Plane,
) -> Result<Vec<UnstableMode>, FigureError> {
    let unstable = points.iter().filter(|point| point.n_unstable > 0);
    let places: Vec<(u32, Vec<f64>)> = unstable.map(|of| (of.point, of.state.clone())).collect();
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let subject = Subject::of_run(folder, Some(entry.checkpoint), Settings::default())?;
    let Some(probe) = subject.probes.iter().find(|of| *of.name == *condition) else {
        return Ok(Vec::new());
    };
    let map = subject.map_at(&probe.input)?;
    let found = unstable_modes(&map, &places, &plane.projection);
    Ok(found.map_err(|source| LabError::Analysis {
        checkpoint: entry.checkpoint,
        source,
    })?)
}

/// What lies in a state space.
struct Space {
    plane: Plane,
    points: Vec<FixedPointRow>,
    slow: Vec<SlowPointRow>,
    trials: Vec<TrialRow>,
    modes: Vec<UnstableMode>,
}

/// How three principal components are seen: to the right and up.
type View = fn([f64; 3]) -> [f64; 2];

/// From above and from the side, off all axes and diagonals of a cube, so that none of its corners hides another.
fn obliquely([x, y, z]: [f64; 3]) -> [f64; 2] {
    const AROUND: f64 = -25.0 * std::f64::consts::PI / 180.0;
    const OVER: f64 = 20.0 * std::f64::consts::PI / 180.0;
    let right = AROUND.cos() * x + AROUND.sin() * z;
    let towards = AROUND.cos() * z - AROUND.sin() * x;
    [right, OVER.cos() * y - OVER.sin() * towards]
}

fn along_two([x, y, _]: [f64; 3]) -> [f64; 2] {
    [x, y]
}

impl Space {
    /// Largest distance of a state from the mean, along one component.
    fn extent(&self) -> f64 {
        let states = self.points.iter().map(|point| &point.state);
        let states = states.chain(self.trials.iter().map(|row| &row.state));
        let places = states.flat_map(|state| self.plane.project(state));
        places
            .map(f64::abs)
            .filter(|x| x.is_finite())
            .fold(0.0, f64::max)
    }

    fn series(&self, view: View) -> Vec<Series> {
        let mut series = vec![Series::new(
            "probe trials",
            Mark::Thin,
            TRIALS,
            self.paths(view),
        )];
        let length = 2.0 * MODE * self.extent();
        let mut modes = Vec::new();
        for mode in &self.modes {
            let tip = |sign: f64| {
                view([0, 1, 2].map(|axis| mode.at[axis] + sign * length * mode.along[axis]))
            };
            modes.extend([tip(-1.0), tip(1.0), [f64::NAN; 2]]);
        }
        if !modes.is_empty() {
            series.push(Series::new("unstable mode", Mark::Line, UNSTABLE, modes));
        }
        if !self.slow.is_empty() {
            let (name, mark, colour) = SLOW;
            let places = self
                .slow
                .iter()
                .map(|of| view(self.plane.project(&of.state)));
            series.push(Series::new(name, mark, colour, places.collect()));
        }
        let mut sorted: Vec<&FixedPointRow> = self.points.iter().collect();
        sorted.sort_by_key(|point| point.n_unstable);
        for point in sorted {
            let (name, mark, colour) = look(point.kind, point.n_unstable);
            let place = view(self.plane.project(&point.state));
            match series.iter_mut().find(|of| of.name == name) {
                Some(of) => of.points.push(place),
                None => series.push(Series::new(name, mark, colour, vec![place])),
            }
        }
        series
    }

    /// The probe trials, one after the other.
    fn paths(&self, view: View) -> Vec<[f64; 2]> {
        let mut paths = Vec::new();
        for trial in self.trials.chunk_by(|a, b| a.trial == b.trial) {
            paths.extend(trial.iter().map(|row| view(self.plane.project(&row.state))));
            paths.push([f64::NAN; 2]);
        }
        paths
    }

    /// Seen obliquely, with small axes in the lower left corner.
    fn oblique(&self, title: &str) -> Plot {
        let mut series = self.series(obliquely);
        let extent = self.extent();
        let lowest = [0, 1].map(|axis| {
            let places = series.iter().flat_map(|of| &of.points);
            let along = places.map(|place| place[axis]).filter(|x| x.is_finite());
            along.fold(f64::INFINITY, f64::min)
        });
        let length = AXIS * extent;
        let origin = [lowest[0] + length, lowest[1] - 1.2 * length];
        let mut notes = Vec::new();
        for (axis, name) in ["PC 1", "PC 2", "PC 3"].into_iter().enumerate() {
            let mut unit = [0.0; 3];
            unit[axis] = length;
            let along = obliquely(unit);
            let at = |times: f64| [0, 1].map(|k| origin[k] + times * along[k]);
            series.push(Series::new(
                "",
                Mark::Thin,
                Colour::INK,
                vec![origin, at(1.0)],
            ));
            notes.push(Note {
                at: at(1.5),
                text: name.to_owned(),
            });
        }
        let bare = || Axis::new("").without_ticks();
        Plot {
            notes,
            proportions: Proportions::EqualUnits,
            ..Plot::new(title, bare(), bare(), series)
        }
    }

    /// Seen along the third component.
    fn flat(&self) -> Plot {
        let component = |number: usize| {
            let label = format!("PC {number} (trials at step {})", self.plane.step);
            Axis::new(&label)
        };
        Plot {
            proportions: Proportions::EqualUnits,
            ..Plot::new("", component(1), component(2), self.series(along_two))
        }
    }
}
