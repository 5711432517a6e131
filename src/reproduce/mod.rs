//! Papers' experiments, run again: each states its claims beside what was measured.
//!
//! An experiment is a type in a file of its own that implements [`Experiment`], and a place in [`all`]: curricula, seeds, and
//! what is measured on the networks that they train. The runs of these can be kept, to be opened like any other.

use std::path::PathBuf;

use serde::Serialize;

mod delay_curricula;
mod direct_fit;
mod error;
mod exploding_at_bifurcations;
mod feedback_quality;
mod feigenbaum;
mod flip_flop;
mod force_against_lms;
mod learning_stages;
mod low_rank_learning;
mod memory_variants;
mod moving_average;
mod navigation;
mod overlaps;
mod portraits;
mod random_low_rank;
mod report;
mod rules_alike;
mod screenshot;
mod sine_generator;
mod solutions;
mod three_models;
mod trained;
mod two_neuron;
mod universality;
mod workplace;

pub use error::ExperimentError;
pub use report::{Claim, ClaimSource, Expectation, Report, Table, TableCell, Verdict};
pub use screenshot::{MadeRun, Screenshot};

/// A paper's experiment.
pub trait Experiment: Sync {
    /// Name on the command line.
    fn name(&self) -> &'static str;

    /// The paper it comes from.
    fn paper(&self) -> Paper;

    /// What it does, and how it differs from what the paper did, in a few sentences.
    fn about(&self) -> &'static str;

    /// What was found out about claims that do not hold, with the settings that were tried; empty if there is nothing to say.
    fn findings(&self) -> &'static str {
        ""
    }

    /// Whether its networks are trained by curricula, so that their runs can be kept.
    fn has_runs(&self) -> bool {
        true
    }

    /// One of its runs and the screen of the dashboard that shows in it what no curve tells; `None` if there is none.
    fn screenshot(&self, _settings: &Settings) -> Result<Option<Screenshot>, ExperimentError> {
        Ok(None)
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
        Box::new(flip_flop::ThreeBits),
        Box::new(moving_average::PlaneAttractor),
        Box::new(sine_generator::SineGenerator),
        Box::new(two_neuron::TwoNeuron),
        Box::new(solutions::Solutions),
        Box::new(memory_variants::MemoryVariants),
        Box::new(universality::Universality),
        Box::new(rules_alike::RulesAlike),
        Box::new(learning_stages::LearningStages),
        Box::new(exploding_at_bifurcations::ExplodingAtBifurcations),
        Box::new(delay_curricula::DelayCurricula),
        Box::new(three_models::ThreeModels),
        Box::new(force_against_lms::ForceAgainstLms),
        Box::new(direct_fit::DirectFit),
        Box::new(low_rank_learning::LowRankLearning),
        Box::new(overlaps::OverlapLearning),
        Box::new(random_low_rank::RandomLowRank),
        Box::new(feedback_quality::FeedbackQuality),
        Box::new(feigenbaum::Feigenbaum),
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

const SUSSILLO_BARAK_2013: Paper = Paper {
    citation: "Sussillo & Barak (2013), Opening the black box: low-dimensional dynamics in high-dimensional \
               recurrent neural networks, Neural Computation 25:626",
    source: "doi 10.1162/NECO_a_00409",
};

const TURNER_DABHOLKAR_BARAK_2021: Paper = Paper {
    citation: "Turner, Dabholkar & Barak (2021), Charting and navigating the space of solutions for recurrent \
               neural networks, NeurIPS 34",
    source: "doi 10.48550/arXiv.2111.09356",
};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct() {
        let names: std::collections::BTreeSet<&str> = all().iter().map(|of| of.name()).collect();
        assert_eq!(names.len(), all().len());
    }
}
