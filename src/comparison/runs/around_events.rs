//! Whether loss and gradient move where bifurcations are, on average over the runs.

use super::Comparison;
use crate::comparison::coincidence::RunSignal;
use crate::comparison::coincidence::chance::Chance;
use crate::comparison::coincidence::ghosts::{Company, CompanyShare, DropRecord, company_share};
use crate::comparison::coincidence::triggered::{Tail, TriggeredAverage, TriggeredTest};
use crate::statistics::bootstrap::Bootstrap;

/// Steps that a bifurcation or a ghost may lie before or behind a drop of the loss and still be its company.
const TOLERANCE: u64 = 5;
/// Largest lag, in training steps.
const MOST_LAG: usize = 50;
/// Draws of chance.
const DRAWS: usize = 999;

/// A signal around bifurcations.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AroundEvents {
    /// What it is, with its unit.
    pub signal: &'static str,
    /// Its average around the bifurcations of all runs against chance: the bifurcations of other runs at the same share of the
    /// same stage.
    pub average: TriggeredAverage,
}

/// How often the drops of the loss come with something.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct AtDrops {
    /// With what.
    pub company: Company,
    /// Number of drops in all runs: stretches of steps at each of which the mean ln loss of five steps lies at least 0.2 below that of
    /// the five before.
    pub drops: usize,
    /// How many of them come with it, within 5 steps, against drops that lay elsewhere in the run.
    pub share: CompanyShare,
}

impl Comparison {
    /// How often the drops of the loss come with a bifurcation, with the ghost of a fold and no bifurcation, and with neither; none
    /// if no loss drops, or nobody looked for bifurcations.
    pub fn at_drops(&self, seed: u64) -> Vec<AtDrops> {
        let looked_for = self.runs.iter().filter(|run| run.events.is_some());
        let records: Vec<DropRecord> = looked_for.map(|run| run.drops.clone()).collect();
        let drops = records.iter().map(|run| run.drops.len()).sum();
        let bootstrap = Bootstrap::new(seed);
        [Company::Bifurcation, Company::GhostAlone, Company::Nothing]
            .into_iter()
            .filter_map(|company| {
                let share = company_share(&records, company, TOLERANCE, &bootstrap, DRAWS)?;
                Some(AtDrops {
                    company,
                    drops,
                    share,
                })
            })
            .collect()
    }

    /// Changes of ln loss and of ln gradient norm around the bifurcations of all runs; none of fewer than three runs with
    /// bifurcations, which chance cannot deal anew.
    pub fn around_events(&self, seed: u64) -> Vec<AroundEvents> {
        let has_events = |signal: &RunSignal| signal.stages.iter().any(|of| !of.events.is_empty());
        let with_events = self.runs.iter().filter(|run| has_events(&run.loss_changes));
        if with_events.clone().count() < 3 {
            return Vec::new();
        }
        let of = |signal: &'static str, tail: Tail, signals: Vec<RunSignal>| {
            let test = TriggeredTest {
                most_lag: MOST_LAG,
                tail,
                chance: Chance::AcrossRuns,
                draws: DRAWS,
                seed,
            };
            let average = test.run(&signals)?;
            Some(AroundEvents { signal, average })
        };
        let losses = with_events
            .clone()
            .map(|run| run.loss_changes.clone())
            .collect();
        let gradients = with_events.map(|run| run.gradient_norms.clone()).collect();
        [
            of("change of ln loss", Tail::Lower, losses),
            of("ln gradient norm, less its mean", Tail::Both, gradients),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
