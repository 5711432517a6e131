//! The kinds of figures that there are, one file each.
//!
//! A kind of a run reads the run and draws it. Kinds of comparisons draw plain data, which whoever compares hands to their
//! `figure`.

mod bifurcations;
pub mod distance_to_end;
pub mod embedding;
mod error;
mod events;
mod groups;
mod loss;
pub mod matrix;
mod navigation;
mod plane;
mod points;
mod rate_maps;
mod run;
pub mod score_table;
mod spectra;
mod states;
pub mod survival;
pub mod triggered;

use std::path::Path;

pub use error::FigureError;

use super::Figure;
use super::axis::{Axis, Scale};

/// How training runs along a horizontal axis.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StepAxis {
    /// By the training step.
    #[default]
    Step,
    /// By its logarithm.
    Log,
    /// By the number of the checkpoint.
    Checkpoint,
}

/// What is drawn of a fixed point against training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coordinate {
    /// A principal component of the probe trials, counted from 0 to 2.
    Component(usize),
    /// An output of the network at the point, counted from 0.
    Output(usize),
    /// The largest modulus of its eigenvalues.
    Modulus,
}

/// At which checkpoint a run is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// At the checkpoint of that number.
    Checkpoint(u32),
    /// At the last checkpoint up to that training step.
    Step(u64),
}

/// What can be chosen of a figure; each kind says what it heeds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// How training runs along the horizontal axis.
    pub axis: Option<StepAxis>,
    /// The checkpoint; by default the last one with a landscape.
    pub moment: Option<Moment>,
    /// Name of the probe input; by default the first.
    pub condition: Option<String>,
    /// What is drawn of fixed points, each in a plot of its own; by default the first principal component.
    pub coordinates: Vec<Coordinate>,
    /// The branch of fixed points, by its number in the table `branches`; by default the one that is there longest.
    pub branch: Option<u32>,
}

/// An option by the name that users give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// `--axis`.
    Axis,
    /// `--checkpoint` and `--step`.
    Moment,
    /// `--condition`.
    Condition,
    /// `--coordinate`.
    Coordinate,
    /// `--branch`.
    Branch,
}

impl Choice {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Axis => "--axis",
            Self::Moment => "--checkpoint, --step",
            Self::Condition => "--condition",
            Self::Coordinate => "--coordinate",
            Self::Branch => "--branch",
        }
    }

    /// The first of the options that were given and are not among `heeded`.
    pub fn unheeded(given: &Options, heeded: &[Self]) -> Option<Self> {
        let all = [
            (Self::Axis, given.axis.is_some()),
            (Self::Moment, given.moment.is_some()),
            (Self::Condition, given.condition.is_some()),
            (Self::Coordinate, !given.coordinates.is_empty()),
            (Self::Branch, given.branch.is_some()),
        ];
        let mut unheeded = all
            .into_iter()
            .filter(|(choice, is_given)| *is_given && !heeded.contains(choice));
        unheeded.next().map(|(choice, _)| choice)
    }
}

/// Training steps from 0 to the last.
pub(crate) fn steps_axis(last: f64, scale: Scale) -> Axis {
    Axis::between("training step", [0.0, last]).on(scale)
}

/// A kind of figure.
pub trait FigureKind: Sync {
    /// Name on the command line.
    fn name(&self) -> &'static str;

    /// What it shows, in a sentence.
    fn about(&self) -> &'static str;

    /// The options that it heeds.
    fn heeds(&self) -> &'static [Choice];

    /// Draws what is in a folder.
    ///
    /// # Errors
    /// What is not there, or cannot be read.
    fn draw(&self, folder: &Path, options: &Options) -> Result<Figure, FigureError>;
}

/// All kinds that can be drawn from a folder.
pub fn all() -> Vec<Box<dyn FigureKind>> {
    vec![
        Box::new(loss::Loss),
        Box::new(states::States),
        Box::new(bifurcations::Bifurcations),
        Box::new(spectra::Spectra),
        Box::new(navigation::Navigation),
        Box::new(rate_maps::RateMaps),
    ]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::figure::layout::words_off_page;
    use crate::figure::{Mark, Plot, Scene, Width};
    use crate::trace::Run;

    fn sample() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/traces/sample"))
    }

    /// Kinds of what the sample run has no tables of.
    const OF_ROOMS: [&str; 2] = ["navigation", "rate-maps"];

    fn drawn(kind: &dyn FigureKind, options: &Options) -> Figure {
        kind.draw(sample(), options).unwrap()
    }

    fn count(plot: &Plot, is_counted: impl Fn(&Mark) -> bool) -> usize {
        let series = plot.series.iter().filter(|of| is_counted(&of.mark));
        series.map(|of| of.points.len()).sum()
    }

    #[test]
    fn every_kind_fits_on_the_page_at_every_width_and_axis() {
        let of_sample = all().into_iter();
        for kind in of_sample.filter(|kind| !OF_ROOMS.contains(&kind.name())) {
            for axis in [None, Some(StepAxis::Log), Some(StepAxis::Checkpoint)] {
                let options = Options {
                    axis: axis.filter(|_| kind.heeds().contains(&Choice::Axis)),
                    ..Options::default()
                };
                let figure = drawn(&*kind, &options);
                for mm in [85.0, 180.0] {
                    let scene: Scene = figure.scene(Width { mm });
                    let off = words_off_page(&scene);
                    assert!(off.is_empty(), "{} at {mm} mm: {off:?}", kind.name());
                    assert_eq!(scene, drawn(&*kind, &options).scene(Width { mm }));
                }
            }
        }
    }

    #[test]
    fn the_state_space_has_every_fixed_point_of_the_checkpoint() {
        let run = Run::open(sample()).unwrap();
        for entry in run.entries() {
            let options = Options {
                moment: Some(Moment::Step(entry.step + 7)),
                ..Options::default()
            };
            let figure = drawn(&states::States, &options);
            let points = run.fixed_points(entry.checkpoint).unwrap().len();
            for plot in &figure.plots {
                let is_marker = |mark: &Mark| matches!(mark, Mark::Filled(_) | Mark::Open(_));
                assert_eq!(
                    count(plot, is_marker),
                    points,
                    "checkpoint {}",
                    entry.checkpoint
                );
            }
        }
    }

    #[test]
    fn diagrams_and_loss_curves_have_every_bifurcation() {
        let run = Run::open(sample()).unwrap();
        let events = run.events().unwrap().unwrap().len();
        assert!(events > 0);
        let diagram = drawn(&bifurcations::Bifurcations, &Options::default());
        let is_event = |mark: &Mark| matches!(mark, Mark::Small(_));
        assert_eq!(count(&diagram.plots[0], is_event), events);
        let of_loss = drawn(&loss::Loss, &Options::default());
        for figure in [&diagram, &of_loss] {
            let lanes = figure.plots[0].lanes.iter();
            assert_eq!(lanes.map(|lane| lane.at.len()).sum::<usize>(), events);
            let stages: Vec<&str> = figure.plots[0]
                .spans
                .iter()
                .map(|of| of.name.as_str())
                .collect();
            assert_eq!(stages, ["one bit", "two bits", "three bits"]);
        }
    }

    #[test]
    fn spectra_have_every_eigenvalue_of_the_branch() {
        let run = Run::open(sample()).unwrap();
        let branches = run.branches().unwrap().unwrap();
        let own: Vec<_> = branches.iter().filter(|row| row.branch == 3).collect();
        let mut expected = 0;
        for row in &own {
            let spectra = run.spectra(row.checkpoint).unwrap();
            expected += spectra
                .iter()
                .filter(|of| Some(of.point) == row.point)
                .count();
        }
        let options = Options {
            branch: Some(3),
            ..Options::default()
        };
        let figure = drawn(&spectra::Spectra, &options);
        assert!(expected > 0);
        assert_eq!(
            count(&figure.plots[0], |mark| *mark == Mark::Dots),
            expected
        );
    }

    #[test]
    fn what_is_not_there_is_named() {
        let message = |kind: &dyn FigureKind, options: Options| {
            kind.draw(sample(), &options).unwrap_err().to_string()
        };
        let branch = message(
            &spectra::Spectra,
            Options {
                branch: Some(999),
                ..Options::default()
            },
        );
        assert!(
            branch.contains("no branch 999") && branch.contains("numbered from 0"),
            "{branch}"
        );
        let condition = Some("\u{1b}[2J".to_owned());
        let condition = message(
            &loss::Loss,
            Options {
                condition,
                ..Options::default()
            },
        );
        assert!(
            condition.contains("no pulse") && !condition.contains('\u{1b}'),
            "{condition}"
        );
        let coordinates = vec![Coordinate::Output(8)];
        let output = message(
            &bifurcations::Bifurcations,
            Options {
                coordinates,
                ..Options::default()
            },
        );
        assert!(
            output.contains("no output 9: the network has 3"),
            "{output}"
        );
        let moment = Some(Moment::Checkpoint(99));
        let checkpoint = message(
            &states::States,
            Options {
                moment,
                ..Options::default()
            },
        );
        assert!(checkpoint.contains("99"), "{checkpoint}");
        let scores = message(&navigation::Navigation, Options::default());
        assert!(scores.contains("no grid rooms"), "{scores}");
        let maps = message(&rate_maps::RateMaps, Options::default());
        assert!(maps.contains("no rate maps"), "{maps}");
    }
}
