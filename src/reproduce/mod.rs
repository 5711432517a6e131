//! Papers' experiments, run again: each states its claims beside what was measured.
//!
//! An experiment is a type in a file of its own that implements [`Experiment`], and a place in [`all`]: curricula, seeds, and
//! what is measured on the networks that they train. The runs of these can be kept, to be opened like any other.

use std::path::PathBuf;

use serde::Serialize;

use crate::figure::Plot;
use crate::statistics::Estimate;

mod error;
mod memory_variants;
mod navigation;
mod sine_generator;
mod trained;
mod two_neuron;

pub use error::ExperimentError;

/// A paper's experiment.
pub trait Experiment: Sync {
    /// Name on the command line.
    fn name(&self) -> &'static str;

    /// The paper it comes from.
    fn paper(&self) -> Paper;

    /// What it does, and how it differs from what the paper did, in a few sentences.
    fn about(&self) -> &'static str;

    /// Whether its networks are trained by curricula, so that their runs can be kept.
    fn has_runs(&self) -> bool {
        true
    }

    /// Runs it. `progress` hears how much is done, and of how much.
    fn run(
        &self,
        settings: &Settings,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Report, ExperimentError>;
}

/// Every experiment there is.
pub fn all() -> Vec<Box<dyn Experiment>> {
    vec![
        Box::new(two_neuron::TwoNeuron),
        Box::new(sine_generator::SineGenerator),
        Box::new(memory_variants::MemoryVariants),
        Box::new(navigation::Navigation),
    ]
}

/// Where an experiment was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Paper {
    /// Authors, year, title, journal.
    pub citation: &'static str,
    /// Where to find it: its digital object identifier, or its authors' code.
    pub source: &'static str,
}

/// How to run an experiment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// Whether to run the smaller form, which takes seconds.
    pub is_quick: bool,
    /// Networks, each with a seed of its own; by default as many as the experiment needs.
    pub seeds: Option<usize>,
    /// Where the runs of the networks are kept, each in a folder of its name; by default none is kept.
    pub keep: Option<PathBuf>,
}

/// What came of an experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What the paper leads one to expect, and what was seen.
    pub claims: Vec<Claim>,
    /// The numbers behind the claims.
    pub tables: Vec<Table>,
    /// A picture of them.
    pub figure: Option<Plot>,
}

/// The numbers that a claim allows, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Expectation {
    /// The smallest; `None`: any.
    pub least: Option<f64>,
    /// The largest; `None`: any.
    pub most: Option<f64>,
}

impl Expectation {
    /// This number or more.
    pub fn at_least(least: f64) -> Self {
        Self {
            least: Some(least),
            most: None,
        }
    }

    /// A number between two others.
    pub fn between(least: f64, most: f64) -> Self {
        Self {
            least: Some(least),
            most: Some(most),
        }
    }

    /// This number.
    pub fn exactly(number: f64) -> Self {
        Self::between(number, number)
    }

    /// Whether a number is one of them; NaN never is.
    pub fn allows(self, number: f64) -> bool {
        !number.is_nan()
            && self.least.is_none_or(|least| number >= least)
            && self.most.is_none_or(|most| number <= most)
    }
}

/// A claim and the number that was measured for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Claim {
    /// What is claimed, in words, with the unit of the number.
    pub statement: String,
    /// The numbers that it allows.
    pub expected: Expectation,
    /// The number seen.
    pub measured: Estimate,
    /// Whether all of the measured interval is allowed; without an interval, whether the number is.
    pub holds: bool,
}

impl Claim {
    /// A claim, judged.
    pub fn new(statement: &str, expected: Expectation, measured: Estimate) -> Self {
        let ends = measured.interval.unwrap_or([measured.value; 2]);
        Self {
            statement: statement.to_owned(),
            expected,
            measured,
            holds: ends.into_iter().all(|end| expected.allows(end)),
        }
    }
}

/// A table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Table {
    /// What it holds.
    pub title: String,
    /// Heads of the columns.
    pub columns: Vec<String>,
    /// The rows, as wide as the heads.
    pub rows: Vec<Vec<TableCell>>,
}

impl Table {
    /// A table without rows.
    pub fn new(title: &str, columns: &[&str]) -> Self {
        Self {
            title: title.to_owned(),
            columns: columns.iter().map(|&head| head.to_owned()).collect(),
            rows: Vec::new(),
        }
    }
}

/// What stands in a cell of a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum TableCell {
    /// Words.
    Text(String),
    /// How many.
    Count(usize),
    /// A number, perhaps with its interval.
    Number(Estimate),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_holds_when_all_of_its_interval_is_allowed() {
        let holds = |value, interval| {
            let measured = Estimate { value, interval };
            Claim::new("", Expectation::between(0.5, 1.0), measured).holds
        };
        assert!(holds(0.7, None) && holds(0.5, None) && holds(0.7, Some([0.6, 0.8])));
        assert!(!holds(0.4, None) && !holds(f64::NAN, None));
        assert!(!holds(0.6, Some([0.4, 0.8])) && !holds(0.9, Some([0.8, 1.1])));
        assert!(Expectation::exactly(3.0).allows(3.0) && !Expectation::exactly(3.0).allows(2.0));
        assert!(Expectation::at_least(3.0).allows(f64::INFINITY));
    }

    #[test]
    fn names_are_distinct() {
        let names: std::collections::BTreeSet<&str> = all().iter().map(|of| of.name()).collect();
        assert_eq!(names.len(), all().len());
    }
}
