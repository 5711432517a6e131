//! What the model has to say: everything that is on screen, derived from the state and never stored.

use creode::trace::Entry;
use creode::trace::rows::LandscapeRow;

use super::data::{Detail, Point, RunState, Summary};
use super::model::Model;

/// Checkpoints on either side of the one on screen whose details are read ahead.
const READ_AHEAD: i64 = 2;

impl Model {
    /// Checkpoints whose details are to be read, most urgent first.
    pub(crate) fn wanted(&self) -> Vec<u32> {
        let mut near: Vec<i64> = (-READ_AHEAD..=READ_AHEAD).collect();
        near.sort_by_key(|offset| (offset.abs(), -offset));
        near.into_iter()
            .filter_map(|offset| self.position.checked_add_signed(offset as isize))
            .filter_map(|position| self.frames.get(position))
            .map(|frame| frame.checkpoint)
            .filter(|checkpoint| !self.details.contains_key(checkpoint))
            .collect()
    }

    /// The checkpoint on screen.
    pub(crate) fn frame(&self) -> Option<Entry> {
        self.frames.get(self.position).copied()
    }

    /// Its summary, once read.
    pub(crate) fn summary(&self) -> Option<&Summary> {
        self.summaries.get(&self.frame()?.checkpoint)
    }

    /// Its details, once read.
    pub(crate) fn detail(&self) -> Option<&Detail> {
        self.details.get(&self.frame()?.checkpoint)
    }

    /// Names of the probe inputs at the checkpoint on screen.
    pub(super) fn conditions(&self) -> Vec<String> {
        self.summary().map_or_else(Vec::new, Summary::conditions)
    }

    /// The probe input on screen.
    pub(crate) fn condition(&self) -> Option<String> {
        let conditions = self.conditions();
        let chosen = conditions
            .iter()
            .find(|name| Some(*name) == self.condition.as_ref());
        chosen.or(conditions.first()).cloned()
    }

    /// Its place among the probe inputs of the checkpoint, from 1, and their number.
    pub(crate) fn condition_place(&self) -> Option<(usize, usize)> {
        let conditions = self.conditions();
        let current = self.condition()?;
        let at = conditions.iter().position(|name| *name == current)?;
        Some((at + 1, conditions.len()))
    }

    /// The fixed points on screen.
    pub(crate) fn points(&self) -> Vec<&Point> {
        let condition = self.condition();
        let points = self
            .summary()
            .and_then(|summary| summary.points.as_deref().ok())
            .unwrap_or_default();
        points
            .iter()
            .filter(|point| Some(&point.condition) == condition.as_ref())
            .collect()
    }

    /// The row of `landscapes` on screen.
    pub(crate) fn landscape(&self) -> Option<&LandscapeRow> {
        let condition = self.condition()?;
        let rows = self.summary()?.landscapes.as_deref().ok()?;
        rows.iter().find(|row| row.condition == condition)
    }

    /// Place of the selected point in the list; none while a pinned point does not exist.
    pub(crate) fn selected_row(&self) -> Option<usize> {
        let points = self.points();
        match self.pinned {
            Some(id) => points.iter().position(|point| point.id == id),
            None => self
                .selected
                .filter(|_| !points.is_empty())
                .map(|row| row.min(points.len() - 1)),
        }
    }

    /// The selected point.
    pub(crate) fn selected_point(&self) -> Option<&Point> {
        self.points().get(self.selected_row()?).copied()
    }

    /// Positions at which the number of fixed points differs from that one checkpoint before.
    pub(crate) fn changes(&self) -> Vec<usize> {
        let condition = self.condition();
        let count = |position: usize| {
            let summary = self.summaries.get(&self.frames[position].checkpoint)?;
            let points = summary.points.as_ref().ok()?;
            Some(
                points
                    .iter()
                    .filter(|point| Some(&point.condition) == condition.as_ref())
                    .count(),
            )
        };
        let counts: Vec<Option<usize>> = (0..self.frames.len()).map(count).collect();
        let differ = |position: &usize| match (counts[position - 1], counts[*position]) {
            (Some(before), Some(after)) => before != after,
            _ => false,
        };
        (1..counts.len()).filter(differ).collect()
    }

    /// The last step that was trained, as far as is known.
    fn last_step(&self) -> u64 {
        let trained = self.steps.last().map_or(0, |sample| sample.step);
        self.entries
            .last()
            .map_or(trained, |entry| entry.step.max(trained))
    }

    /// End of the axis of steps: what is planned, or where the run ended.
    pub(crate) fn total_steps(&self) -> u64 {
        let last = self.last_step();
        match self.run_state {
            RunState::Finished | RunState::Diverged(_) => last,
            RunState::Training | RunState::Interrupted => self.planned_steps.unwrap_or(0).max(last),
        }
    }

    /// Last step of every stage but the last that was begun, with the number of the stage.
    pub(crate) fn stage_ends(&self) -> Vec<(u64, usize)> {
        let pairs = self
            .steps
            .windows(2)
            .filter(|pair| pair[0].stage != pair[1].stage);
        pairs
            .map(|pair| (pair[0].step, pair[0].stage as usize))
            .collect()
    }

    /// Stage of the checkpoint on screen.
    pub(crate) fn stage(&self) -> Option<usize> {
        let step = self.frame()?.step;
        let at = self.steps.partition_point(|sample| sample.step < step);
        let sample = self.steps.get(at).or(self.steps.last());
        Some(sample.map_or(0, |sample| sample.stage as usize))
    }

    /// Name of a stage.
    pub(crate) fn stage_name(&self, stage: usize) -> String {
        self.stages
            .get(stage)
            .cloned()
            .unwrap_or_else(|| format!("stage {}", stage + 1))
    }
}

impl Summary {
    /// Names of its probe inputs.
    pub(super) fn conditions(&self) -> Vec<String> {
        let of_landscapes = self.landscapes.iter().flatten().map(|row| &row.condition);
        let of_points = self.points.iter().flatten().map(|point| &point.condition);
        let mut names: Vec<String> = Vec::new();
        for name in of_landscapes.chain(of_points) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }
}
