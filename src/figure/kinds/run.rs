//! What several kinds read of a run: its stages, bifurcations, probe inputs, and how training runs along an axis.

use super::{FigureError, Moment, StepAxis};
use crate::figure::axis::{Axis, Scale};
use crate::figure::plot::{Rule, Span};
use crate::figure::scene::Dash;
use crate::lab::curriculum_of;
use crate::trace::rows::{EventRow, StepRow};
use crate::trace::{Entry, Run, TraceError};

/// The checkpoints with a landscape; at least one.
pub(super) fn analysed(run: &Run) -> Result<Vec<Entry>, FigureError> {
    let complete = run.entries().iter().filter(|entry| entry.complete);
    let complete: Vec<Entry> = complete.copied().collect();
    if complete.is_empty() {
        return Err(FigureError::NoLandscape);
    }
    Ok(complete)
}

/// The checkpoint to look at.
pub(super) fn entry_at(run: &Run, moment: Option<Moment>) -> Result<Entry, FigureError> {
    let complete = analysed(run)?;
    let (first, last) = (complete[0], complete[complete.len() - 1]);
    match moment {
        None => Ok(last),
        Some(Moment::Checkpoint(number)) => {
            let found = complete.iter().find(|entry| entry.checkpoint == number);
            let is_there = run.entries().iter().any(|of| of.checkpoint == number);
            match found {
                Some(entry) => Ok(*entry),
                None if is_there => Err(FigureError::NotAnalysed {
                    checkpoint: number,
                    first: first.checkpoint,
                    last: last.checkpoint,
                }),
                None => Err(FigureError::Trace(TraceError::NoCheckpoint {
                    path: run.dir().to_path_buf(),
                    checkpoint: number,
                    count: run.entries().len(),
                })),
            }
        }
        Some(Moment::Step(step)) => {
            let found = complete.iter().rfind(|entry| entry.step <= step);
            found.copied().ok_or(FigureError::BeforeFirst {
                step,
                first: first.step,
            })
        }
    }
}

/// The probe input asked for, by default the first of a checkpoint, and whether the run has others.
pub(super) fn condition(
    run: &Run,
    entry: &Entry,
    asked: Option<&str>,
) -> Result<(String, bool), FigureError> {
    let names: Vec<String> = run
        .landscapes(entry.checkpoint)?
        .into_iter()
        .map(|row| row.condition)
        .collect();
    let found = match asked {
        None => names.first(),
        Some(asked) => names.iter().find(|name| *name == asked),
    };
    match (found, asked) {
        (Some(name), _) => Ok((name.clone(), names.len() > 1)),
        (None, Some(asked)) => Err(FigureError::NoCondition {
            asked: asked.to_owned(),
            known: names.join(", "),
        }),
        (None, None) => Err(FigureError::NoLandscape),
    }
}

/// The bifurcations of a run at a probe input.
pub(super) fn events_at(run: &Run, condition: &str) -> Result<Vec<EventRow>, TraceError> {
    let mut events = run.events()?.unwrap_or_default();
    events.retain(|event| event.condition == condition);
    Ok(events)
}

/// The stages of training that were begun, each from its first step to its last.
pub(super) fn stages(run: &Run, steps: &[StepRow]) -> Vec<Span> {
    let names = curriculum_of(run.dir()).ok();
    let names = names.map_or_else(Vec::new, |of| {
        of.stages.into_iter().map(|stage| stage.name).collect()
    });
    let of_stages = steps.chunk_by(|a, b| a.stage == b.stage);
    of_stages
        .filter_map(|of_stage| {
            let (first, last) = (of_stage.first()?, of_stage.last()?);
            let name = names.get(first.stage as usize);
            Some(Span {
                ends: [first.step as f64 - 1.0, last.step as f64],
                name: name.unwrap_or(&first.task).clone(),
            })
        })
        .collect()
}

/// How training runs along the horizontal axis of a run.
pub(super) struct Progress {
    axis: StepAxis,
    /// Steps of the checkpoints, rising.
    checkpoints: Vec<f64>,
    /// Last step that is shown.
    last: f64,
    /// Step of the first checkpoint after step 0.
    first: f64,
}

impl Progress {
    /// Of a run up to a step. A logarithmic axis is the same for all kinds of figures: it depends on the checkpoints alone.
    pub(super) fn new(run: &Run, axis: Option<StepAxis>, last: u64) -> Self {
        let checkpoints = run.entries().iter().map(|entry| entry.step as f64);
        let checkpoints: Vec<f64> = checkpoints.collect();
        let first = checkpoints.iter().copied().find(|&step| step > 0.0);
        Self {
            axis: axis.unwrap_or_default(),
            checkpoints,
            last: last as f64,
            first: first.unwrap_or(1.0),
        }
    }

    /// Place of a step along the axis.
    pub(super) fn place(&self, step: f64) -> f64 {
        if self.axis != StepAxis::Checkpoint {
            return step;
        }
        let Some(most) = self.checkpoints.len().checked_sub(2) else {
            return step;
        };
        let before = self.checkpoints.partition_point(|&of| of <= step);
        let before = before.saturating_sub(1).min(most);
        let (from, to) = (self.checkpoints[before], self.checkpoints[before + 1]);
        before as f64 + (step - from) / (to - from)
    }

    /// The axis, as long as the run.
    pub(super) fn axis(&self) -> Axis {
        let start = match self.checkpoints.first() {
            Some(&first) if self.axis == StepAxis::Step => first.min(self.first),
            _ => 0.0,
        };
        let end = self.place(self.last);
        let range = [start, if end > start { end } else { start + 1.0 }];
        match self.axis {
            StepAxis::Step => Axis::between("training step", range),
            StepAxis::Log => {
                let scale = Scale::log_of_steps(self.first);
                Axis::between("training step", range).on(scale)
            }
            StepAxis::Checkpoint => Axis::between("checkpoint", range),
        }
    }

    /// The stages and the borders between them along the axis; none of a run of one stage.
    pub(super) fn stages(&self, stages: &[Span]) -> (Vec<Span>, Vec<Rule>) {
        if stages.len() < 2 {
            return (Vec::new(), Vec::new());
        }
        let placed = stages.iter().map(|span| Span {
            ends: span.ends.map(|end| self.place(end)),
            name: span.name.clone(),
        });
        let borders = stages.iter().skip(1).map(|span| Rule {
            at: self.place(span.ends[0]),
            is_upright: true,
            dash: Dash::Dotted,
        });
        (placed.collect(), borders.collect())
    }
}
