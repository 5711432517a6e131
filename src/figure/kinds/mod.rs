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
mod plane;
mod points;
mod run;
mod spectra;
mod states;
pub mod survival;
pub mod triggered;

use std::path::Path;

pub use error::FigureError;

use super::Figure;

/// What a figure is drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// One run.
    Run,
    /// A population of runs.
    Population,
}

impl Needs {
    /// In words, after "needs a".
    pub fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Population => "population",
        }
    }
}

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

/// A kind of figure.
pub trait FigureKind: Sync {
    /// Name on the command line.
    fn name(&self) -> &'static str;

    /// What it shows, in a sentence.
    fn about(&self) -> &'static str;

    /// What it is drawn from.
    fn needs(&self) -> Needs;

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
    ]
}
