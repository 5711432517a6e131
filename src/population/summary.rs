//! The table of the runs of a population, derived from their folders.

use std::collections::BTreeMap;

use super::plan::PlannedRun;
use super::state::{DAMAGED, FINISHED, RunState};
use super::{Population, PopulationError};
use crate::curriculum::Curriculum;
use crate::parallel;
use crate::trace::rows::{RunRow, StepRow};
use crate::trace::{Run, TraceError, read_runs, write_runs};

/// A run that was planned, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunStatus {
    /// The run.
    pub run: PlannedRun,
    /// How far it is.
    pub state: RunState,
}

/// What the folders of a population tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// How far every run is, in the order of the plan.
    pub runs: Vec<RunStatus>,
    /// The rows of the table `runs`, in the same order.
    pub rows: Vec<RunRow>,
}

impl Population {
    /// How far every run is, in the order of the plan.
    pub fn status(&self) -> Vec<RunStatus> {
        parallel::map(self.plan.runs(), |run| RunStatus {
            state: RunState::read(&self.run_dir(&run)),
            run,
        })
    }

    /// How far every run is, and what its folder tells of it, in the order of the plan. A run whose files are damaged has a row
    /// that says so. Rows of finished runs are taken from the table that was written last: they do not change.
    pub fn survey(&self) -> Survey {
        let known = read_runs(self.dir()).unwrap_or_default();
        let is_final = |row: &RunRow| row.state == FINISHED;
        let known = known.into_iter().filter(is_final);
        let known: BTreeMap<String, RunRow> = known.map(|row| (row.run.clone(), row)).collect();
        let surveyed = parallel::map(self.plan.runs(), |run| {
            let (state, opened) = RunState::open(&self.run_dir(&run));
            let row = self.row(&run, &state, opened.as_ref(), known.get(&run.name));
            (RunStatus { run, state }, row)
        });
        let (runs, rows) = surveyed.into_iter().unzip();
        Survey { runs, rows }
    }

    /// Writes the table of the runs as `runs.parquet`.
    pub fn write_table(&self, survey: &Survey) -> Result<(), PopulationError> {
        Ok(write_runs(self.dir(), &survey.rows)?)
    }

    /// The row of a run; `known` is what it was when it was finished.
    fn row(
        &self,
        planned: &PlannedRun,
        state: &RunState,
        run: Option<&Run>,
        known: Option<&RunRow>,
    ) -> RunRow {
        let is_known = |row: &&RunRow| {
            let is_same = (row.state.as_str(), row.step) == (state.name(), state.step());
            is_same && (self.criterion.is_none() || row.criterion == self.criterion)
        };
        if let Some(row) = known.filter(is_known) {
            return row.clone();
        }
        let mut row = RunRow {
            run: planned.name.clone(),
            curriculum: planned.curriculum.clone(),
            pretraining: planned.from.as_ref().map(|of| of.pretraining.clone()),
            settings: planned.settings_text(),
            seed: planned.seed,
            state: state.name().to_owned(),
            step: state.step(),
            n_checkpoints: 0,
            end_loss: None,
            end_accuracy: None,
            criterion: self.criterion,
            steps_to_criterion: None,
            wall_secs: None,
        };
        if run.is_some_and(|run| self.fill(&mut row, run).is_err()) {
            DAMAGED.clone_into(&mut row.state);
        }
        row
    }

    /// What the training steps of a run tell.
    fn fill(&self, row: &mut RunRow, run: &Run) -> Result<(), TraceError> {
        row.n_checkpoints = run.entries().len() as u32;
        let curriculum = Curriculum::parse(run.curriculum_text(), "run.toml", &[]).ok();
        let steps = run.steps()?;
        let stage = curriculum.as_ref().and_then(|of| of.stages.last());
        let window = stage.map_or(50, |stage| stage.until.over_steps).max(1) as usize;
        let last = &steps[steps.len().saturating_sub(window)..];
        row.end_loss = mean(last.iter().map(|step| step.loss));
        row.end_accuracy = mean(last.iter().map(|step| step.accuracy));
        row.wall_secs = steps.last().map(|step| step.wall_secs);
        let own = stage.and_then(|stage| stage.until.accuracy);
        row.criterion = self.criterion.or(own);
        let last_stage = curriculum.map_or(0, |of| of.stages.len().saturating_sub(1));
        row.steps_to_criterion = row
            .criterion
            .and_then(|wanted| first_at(&steps, last_stage as u32, window, wanted));
        Ok(())
    }
}

/// Mean of some numbers; none if there are none.
fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let count = values.len();
    (count > 0).then(|| values.sum::<f64>() / count as f64)
}

/// The first training step of a stage at which the mean accuracy of its last `window` steps reached `wanted`.
fn first_at(steps: &[StepRow], stage: u32, window: usize, wanted: f64) -> Option<u64> {
    let of_stage: Vec<&StepRow> = steps.iter().filter(|step| step.stage == stage).collect();
    let reaches = |steps: &&[&StepRow]| {
        let sum: f64 = steps.iter().map(|step| step.accuracy).sum();
        sum / window as f64 >= wanted
    };
    let reached = of_stage.windows(window).find(reaches)?;
    reached.last().map(|step| step.step)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn steps(stages: &[u32], accuracies: &[f64]) -> Vec<StepRow> {
        let row = |(at, (stage, accuracy)): (usize, (&u32, &f64))| StepRow {
            step: at as u64 + 1,
            stage: *stage,
            task: "flip-flop".to_owned(),
            loss: 1.0 - accuracy,
            accuracy: *accuracy,
            grad_norm: 1.0,
            learning_rate: 1e-3,
            weight_norm: 1.0,
            wall_secs: at as f64,
            mean_return: None,
        };
        stages.iter().zip(accuracies).enumerate().map(row).collect()
    }

    #[test]
    fn the_criterion_counts_from_the_mean_over_a_window_of_the_last_stage() {
        let accuracies = [1.0, 1.0, 1.0, 0.5, 0.75, 1.0, 1.0];
        let steps = steps(&[0, 0, 0, 1, 1, 1, 1], &accuracies);
        assert_eq!(first_at(&steps, 1, 2, 0.875), Some(6), "(0.75 + 1) / 2");
        assert_eq!(first_at(&steps, 1, 2, 0.9), Some(7));
        assert_eq!(first_at(&steps, 1, 4, 0.9), None, "the mean is 0.8125");
        assert_eq!(first_at(&steps, 1, 1, 0.5), Some(4));
        assert_eq!(first_at(&steps, 2, 1, 0.5), None);
        assert_eq!(first_at(&steps, 1, 9, 0.1), None, "too few steps");
    }

    #[test]
    fn a_mean_of_nothing_is_none() {
        assert_eq!(mean([].iter().copied()), None);
        assert_eq!(mean([1.0, 2.0].into_iter()), Some(1.5));
    }
}
