//! What loss drops come with: bifurcations, or slow points without any.
//!
//! Where two fixed points are about to be born, or have just vanished, a slow point is left, the ghost of a fold. It can change
//! what the network does before any bifurcation.

use rand::{Rng, RngExt as _};

use super::signals::{changes, logarithms};
use crate::comparison::path::TrainingStep;
use crate::statistics::Estimate;
use crate::statistics::bootstrap::Bootstrap;
use crate::statistics::randomisation::{draws, p_value};

/// A stretch of training in which the loss falls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LossDrop {
    /// Its first training step.
    pub from_step: u64,
    /// Its last one.
    pub to_step: u64,
    /// The change of the mean of ln loss at its steepest step; negative.
    pub log_change: f64,
}

/// What a loss drop comes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Company {
    /// A bifurcation.
    Bifurcation,
    /// A ghost, and no bifurcation.
    GhostAlone,
    /// Neither.
    Nothing,
}

/// A run, as far as its drops are concerned.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DropRecord {
    /// First and last training step.
    pub span: [u64; 2],
    /// Its loss drops.
    pub drops: Vec<LossDrop>,
    /// When its bifurcations were, in training steps.
    pub events: Vec<f64>,
    /// Its checkpoints, in order: training step, and whether one of its slow points is a ghost that motion passes.
    pub ghosts: Vec<(u64, bool)>,
}

/// How often loss drops come with a company, over a population.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CompanyShare {
    /// The share of the drops, with its interval over runs.
    pub share: Estimate,
    /// The mean of the same share if drops lay anywhere.
    pub by_chance: f64,
    /// Probability of a share at least as large by chance.
    pub p: f64,
}

/// The loss drops of a run: the longest stretches of steps at each of which the mean of ln loss over the `half_window` steps from
/// there on lies at least `least` below that over as many before, within a stage. `least` is positive: ln 2 asks for a loss that
/// halves.
pub fn loss_drops(steps: &[TrainingStep], half_window: usize, least: f64) -> Vec<LossDrop> {
    let stages = steps.chunk_by(|a, b| a.stage == b.stage);
    let of_stage = |steps: &[TrainingStep]| {
        let changes = changes(&logarithms(steps, |step| step.loss), half_window);
        let falling: Vec<usize> = (0..changes.len())
            .filter(|&place| changes[place] <= -least)
            .collect();
        let stretches = falling.chunk_by(|a, b| a + 1 == *b);
        let drop = |places: &[usize]| LossDrop {
            from_step: steps[places[0]].step,
            to_step: steps[places[places.len() - 1]].step,
            log_change: places
                .iter()
                .map(|&place| changes[place])
                .fold(f64::INFINITY, f64::min),
        };
        stretches.map(drop).collect::<Vec<_>>()
    };
    stages.flat_map(of_stage).collect()
}

impl DropRecord {
    /// What a drop comes with: a bifurcation at most `tolerance` steps before its first step or behind its last; if there is
    /// none, a ghost at a checkpoint within these bounds, or at the last one before them or the first one behind.
    pub fn company(&self, drop: &LossDrop, tolerance: u64) -> Company {
        let (from, to) = (
            drop.from_step.saturating_sub(tolerance),
            drop.to_step + tolerance,
        );
        let is_near = |&time: &f64| from as f64 <= time && time <= to as f64;
        if self.events.iter().any(is_near) {
            return Company::Bifurcation;
        }
        let first = self.ghosts.partition_point(|&(step, _)| step <= from);
        let last = self.ghosts.partition_point(|&(step, _)| step < to);
        let around = first.saturating_sub(1)..(last + 1).min(self.ghosts.len());
        if self.ghosts[around].iter().any(|&(_, is_ghost)| is_ghost) {
            Company::GhostAlone
        } else {
            Company::Nothing
        }
    }

    /// The drops, all shifted by one random number of steps around the run as if it were a circle. A drop that would cross its
    /// end lies at its end.
    fn shifted(&self, rng: &mut impl Rng) -> Vec<LossDrop> {
        let [first, last] = self.span;
        let steps = last.saturating_sub(first) + 1;
        let shift = rng.random_range(0..steps);
        let moved = |drop: &LossDrop| {
            let length = drop.to_step - drop.from_step;
            let from = first + (drop.from_step.saturating_sub(first) + shift) % steps;
            let from = from.min(last.saturating_sub(length).max(first));
            LossDrop {
                from_step: from,
                to_step: from + length,
                ..*drop
            }
        };
        self.drops.iter().map(moved).collect()
    }

    fn count(&self, drops: &[LossDrop], wanted: Company, tolerance: u64) -> usize {
        let alike = drops
            .iter()
            .filter(|drop| self.company(drop, tolerance) == wanted);
        alike.count()
    }
}

/// How often the drops of a population come with a company; `None` if there are none.
///
/// The interval is from resamples of the runs, for drops of one run do not stand for themselves. By chance the drops of each run are
/// shifted together around the run, `shifts` times.
pub fn company_share(
    runs: &[DropRecord],
    wanted: Company,
    tolerance: u64,
    bootstrap: &Bootstrap,
    shifts: usize,
) -> Option<CompanyShare> {
    let total: usize = runs.iter().map(|run| run.drops.len()).sum();
    if total == 0 {
        return None;
    }
    let hits: Vec<usize> = runs
        .iter()
        .map(|run| run.count(&run.drops, wanted, tolerance))
        .collect();
    let share = bootstrap.estimate(&vec![0; runs.len()], |counts| {
        let (mut of, mut all) = (0.0, 0.0);
        for ((run, &hits), &count) in runs.iter().zip(&hits).zip(counts) {
            of += f64::from(count) * hits as f64;
            all += f64::from(count) * run.drops.len() as f64;
        }
        (all > 0.0).then(|| of / all)
    });
    let by_chance = draws(shifts, bootstrap.seed, |rng| {
        let hits = runs
            .iter()
            .map(|run| run.count(&run.shifted(rng), wanted, tolerance));
        hits.sum::<usize>() as f64 / total as f64
    });
    Some(CompanyShare {
        by_chance: by_chance.iter().sum::<f64>() / shifts as f64,
        p: p_value(share.value, &by_chance),
        share,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(from_step: u64, to_step: u64) -> LossDrop {
        LossDrop {
            from_step,
            to_step,
            log_change: -1.0,
        }
    }

    #[test]
    fn drops_are_where_the_loss_halves() {
        let losses = [8.0, 8.0, 8.0, 3.0, 3.0, 3.0, 2.9, 2.8, 0.5, 0.1, 0.1];
        let steps: Vec<TrainingStep> = losses
            .iter()
            .zip(1..)
            .map(|(&loss, step)| TrainingStep {
                step,
                stage: 0,
                loss,
                accuracy: 0.0,
                gradient_norm: 1.0,
            })
            .collect();
        let found = loss_drops(&steps, 1, 2.0_f64.ln());
        let spans: Vec<_> = found
            .iter()
            .map(|drop| (drop.from_step, drop.to_step))
            .collect();
        assert_eq!(spans, [(4, 4), (9, 10)]);
        assert!((found[1].log_change - (0.5_f64 / 2.8).ln()).abs() < 1e-14);
        let mut new_stage = steps.clone();
        for step in &mut new_stage[3..] {
            step.stage = 1;
        }
        let within = loss_drops(&new_stage, 1, 2.0_f64.ln());
        assert_eq!(within, found[1..]);
        assert!(loss_drops(&steps[..3], 1, 0.1).is_empty());
        assert!(loss_drops(&[], 3, 0.1).is_empty());
    }

    #[test]
    fn a_bifurcation_comes_before_a_ghost_and_the_checkpoints_around_a_drop_count() {
        let run = DropRecord {
            span: [1, 100],
            drops: Vec::new(),
            events: vec![20.5],
            ghosts: vec![
                (0, false),
                (25, true),
                (50, false),
                (75, false),
                (100, false),
            ],
        };
        assert_eq!(run.company(&at(21, 23), 2), Company::Bifurcation);
        assert_eq!(run.company(&at(30, 33), 2), Company::GhostAlone);
        assert_eq!(run.company(&at(23, 24), 2), Company::GhostAlone);
        assert_eq!(run.company(&at(23, 24), 3), Company::Bifurcation);
        assert_eq!(run.company(&at(60, 70), 2), Company::Nothing);
        assert_eq!(run.company(&at(99, 100), 5), Company::Nothing);
        let unseen = DropRecord::default();
        assert_eq!(unseen.company(&at(1, 2), 0), Company::Nothing);
    }

    #[test]
    fn ghosts_at_every_drop_and_nowhere_else_are_no_chance() {
        let checkpoints: Vec<u64> = (0..=100).map(|k| 10 * k).collect();
        let run = |place: u64| DropRecord {
            span: [1, 1000],
            drops: vec![at(place, place + 3), at(place + 100, place + 101)],
            events: vec![place as f64 + 100.0],
            ghosts: checkpoints
                .iter()
                .map(|&step| (step, step.abs_diff(place) < 10))
                .collect(),
        };
        let runs: Vec<DropRecord> = (1..=12).map(|k| run(70 * k)).collect();
        let share = |wanted| company_share(&runs, wanted, 1, &Bootstrap::new(1), 199).unwrap();
        let ghosts = share(Company::GhostAlone);
        assert_eq!(
            (ghosts.share.value, ghosts.share.interval),
            (0.5, Some([0.5, 0.5]))
        );
        assert_eq!(ghosts.p, 1.0 / 200.0);
        // A ghost is near for about 30 of 1,000 steps.
        assert!((0.01..0.08).contains(&ghosts.by_chance), "{ghosts:?}");
        let nothing = share(Company::Nothing);
        assert_eq!((nothing.share.value, nothing.p), (0.0, 1.0));
        assert_eq!(share(Company::Bifurcation).p, 1.0 / 200.0);
        assert_eq!(
            company_share(&[], Company::Nothing, 1, &Bootstrap::new(1), 9),
            None
        );
    }
}
