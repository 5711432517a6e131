//! In which order the stages of learning come, by the authors' reading and by a stricter one.

use crate::comparison::path::stages::{LearningStage, StageCriterion};

/// The traces of a network: losses at n checkpoints, and n − 1 changes of topology from each to the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traces<'a> {
    pub(super) losses: &'a [f64],
    pub(super) changes: &'a [f64],
}

/// The stages of a network, one for each change of topology.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stages {
    /// What each checkpoint falls into.
    pub(super) fallen: Vec<LearningStage>,
    /// The first checkpoints with which stages 2, 3 and 4 begin.
    pub(super) begins: [Option<usize>; 3],
}

/// The stages of a network as Marschall & Savin (2023) tell them.
///
/// 1. Losses are averaged over the current checkpoint and those before, `window` in all; before the first one they are mirrored at it.
///    Changes of topology are, too; before the first one there are none. The last loss has no change and is left out.
/// 2. Each checkpoint falls into a stage by both thresholds.
/// 3. Stages 2, 3 and 4 each begin with the first of `consecutive` checkpoints in a row that fall into them, wherever that is.
pub(super) fn stages(criterion: StageCriterion, traces: Traces<'_>) -> Stages {
    let Traces { losses, changes } = traces;
    let before = criterion.window.saturating_sub(1);
    let mirrored = losses.iter().skip(1).take(before).rev().chain(losses);
    let losses = means(&mirrored.copied().collect::<Vec<_>>(), criterion.window);
    let mut padded = vec![0.0; before];
    padded.extend(changes);
    let changes = means(&padded, criterion.window);
    let each = StageCriterion {
        window: 1,
        consecutive: 1,
        ..criterion
    };
    let count = changes.len().min(losses.len());
    let fallen = each.stages(&losses[..count], &changes[..count]);
    let first = |stage| {
        let mut runs = fallen.windows(criterion.consecutive.max(1));
        runs.position(|run| run.iter().all(|of| *of == stage))
    };
    let begins = [
        LearningStage::Creating,
        LearningStage::Refining,
        LearningStage::Stable,
    ]
    .map(first);
    Stages { fallen, begins }
}

/// Means over windows that lie within the values.
fn means(values: &[f64], window: usize) -> Vec<f64> {
    let window = window.max(1);
    let mean = |of: &[f64]| of.iter().sum::<f64>() / window as f64;
    values.windows(window).map(mean).collect()
}

impl Stages {
    /// Whether the network begins in stage 1, and stages 2, 3 and 4 begin one after the other.
    pub(super) fn are_in_order(&self) -> bool {
        let begins_idle = self.fallen.first() == Some(&LearningStage::Idle);
        match self.begins {
            [Some(second), Some(third), Some(fourth)] => {
                begins_idle && second < third && third < fourth
            }
            _ => false,
        }
    }

    /// Share of the checkpoints that fall into each stage.
    pub(super) fn shares(&self) -> [f64; 4] {
        let mut counts = [0.0; 4];
        for stage in &self.fallen {
            counts[usize::from(stage.number()) - 1] += 1.0;
        }
        counts.map(|count| count / self.fallen.len() as f64)
    }
}

/// The stages that a network goes through, by the stricter reading: one ends where `consecutive` checkpoints in a row fall into
/// another one, whichever, so that a network can return.
pub(super) fn visits(criterion: StageCriterion, traces: Traces<'_>) -> Vec<u8> {
    let mut changes = vec![0.0];
    changes.extend(traces.changes);
    let stages = criterion.stages(traces.losses, &changes);
    let mut numbers: Vec<u8> = stages.into_iter().map(LearningStage::number).collect();
    numbers.dedup();
    numbers
}

/// How often the stages would be in order if the changes of topology had nothing to do with the loss: the share of all shifts of the
/// changes around training, as if it were a circle, that leave them in order.
pub(super) fn order_by_chance(criterion: StageCriterion, traces: Traces<'_>) -> f64 {
    let mut changes = traces.changes.to_vec();
    let mut hits = 0;
    for _ in 0..changes.len() {
        changes.rotate_left(1);
        let shifted = Traces {
            changes: &changes,
            ..traces
        };
        hits += usize::from(stages(criterion, shifted).are_in_order());
    }
    hits as f64 / changes.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn criterion(window: usize) -> StageCriterion {
        StageCriterion {
            window,
            ..StageCriterion::new(0.1, 0.1)
        }
    }

    /// A loss that is good from checkpoint 30 of 81 on, and topology that changes from 10 to 49.
    fn creation_and_refinement() -> (Vec<f64>, Vec<f64>) {
        let losses = (0..81).map(|k| if k < 30 { 1.0 } else { 0.01 }).collect();
        let changes = (0..80).map(|k| f64::from(u8::from((10..50).contains(&k))));
        (losses, changes.collect())
    }

    #[test]
    fn four_stages_begin_where_loss_and_topology_change() {
        let (losses, changes) = creation_and_refinement();
        let traces = Traces {
            losses: &losses,
            changes: &changes,
        };
        let found = stages(criterion(1), traces);
        assert_eq!(found.begins, [Some(10), Some(30), Some(50)]);
        assert!(found.are_in_order());
        assert_eq!(found.shares(), [10.0, 20.0, 20.0, 30.0].map(|n| n / 80.0));
        assert_eq!(visits(criterion(1), traces), [1, 2, 3, 4]);
        // Means over ten: 0.1 and more changes with the second changing checkpoint, ends with the last; the loss is good at a tenth.
        let smooth = stages(criterion(10), traces);
        assert_eq!(smooth.begins, [Some(11), Some(39), Some(58)]);
    }

    #[test]
    fn a_loss_that_is_good_before_anything_changes_is_out_of_order() {
        let (losses, mut changes) = creation_and_refinement();
        changes.rotate_right(30);
        let traces = Traces {
            losses: &losses,
            changes: &changes,
        };
        let found = stages(criterion(1), traces);
        assert!(!found.are_in_order(), "{:?}", found.begins);
        assert_ne!(visits(criterion(1), traces), [1, 2, 3, 4]);
        let flat = Traces {
            losses: &losses,
            changes: &[0.0; 80],
        };
        assert_eq!(stages(criterion(1), flat).begins, [None, None, Some(30)]);
    }

    #[test]
    fn chance_counts_the_shifts_that_keep_the_order() {
        let (losses, changes) = creation_and_refinement();
        let traces = Traces {
            losses: &losses,
            changes: &changes,
        };
        // The forty changing checkpoints may begin at 1 … 26: not at once, and with four of them while the loss is poor.
        let by_chance = order_by_chance(criterion(1), traces);
        let expected = 26.0 / 80.0;
        assert!((by_chance - expected).abs() < 1e-12, "{by_chance}");
    }
}
