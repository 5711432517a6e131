//! One open run: what was read of it, where its playhead is, and what is selected in it.

use std::path::PathBuf;
use std::sync::Arc;

use super::align::{Alignment, Course, Scale, losses};
use super::data::marks::Mark;
use super::data::store::Store;
use super::data::{Bifurcation, Point, RunId, RunState, Scene, StepGlance, Update, files};
use super::timeline::{Frame, Stop, Timeline};

/// An open run.
pub(crate) struct OpenRun {
    pub(crate) id: RunId,
    /// Its place among the open runs, which it keeps while others come and go; letter and colour follow from it.
    pub(crate) slot: usize,
    /// Its folder; empty if no run is open.
    pub(crate) dir: PathBuf,
    pub(crate) data: Store,
    pub(crate) timeline: Timeline,
    /// The probe input that was chosen.
    condition: Option<Arc<str>>,
    /// Row in the list of fixed points.
    selected: Option<usize>,
    /// A point that stays selected at all checkpoints.
    pub(crate) pinned: Option<u32>,
    /// The landscape before and after the event on screen, side by side.
    pub(crate) before_and_after: bool,
    /// Stops and ends are to be derived anew.
    is_stale: bool,
    derived_condition: Option<Arc<str>>,
    /// As [`losses`] gives them.
    losses: Vec<(f64, f64)>,
}

impl OpenRun {
    /// The run in `dir`, of which nothing is read yet.
    pub(crate) fn new(id: RunId, slot: usize, dir: PathBuf, following: bool) -> Self {
        Self {
            id,
            slot,
            dir,
            data: Store::default(),
            timeline: Timeline::new(following),
            condition: None,
            selected: None,
            pinned: None,
            before_and_after: false,
            is_stale: true,
            derived_condition: None,
            losses: Vec::new(),
        }
    }

    /// Its name; before it was read, that of its folder.
    pub(crate) fn name(&self) -> String {
        if self.data.name.is_empty() {
            files::name_of(&self.dir)
        } else {
            self.data.name.clone()
        }
    }

    /// `A` for the first of the open runs.
    pub(crate) fn letter(&self) -> char {
        ('A'..='Z').nth(self.slot).unwrap_or('?')
    }

    /// Takes in news of this run.
    pub(crate) fn take_in(&mut self, update: Update) {
        let is_manifest = matches!(update, Update::Manifest { .. });
        // These come with every step of the playhead, and nothing is derived from them.
        let is_passing = matches!(
            update,
            Update::Detail(_) | Update::Dynamics(_) | Update::Rooms(_) | Update::Log(_)
        );
        if matches!(update, Update::Opened { .. }) {
            self.timeline.clear();
        }
        let here = self.timeline.frame().map(|frame| frame.checkpoint);
        self.data.take_in(update, here);
        if is_manifest {
            let complete = self.data.entries.iter().filter(|entry| entry.complete);
            let frame = |entry: &creode::trace::Entry| Frame {
                checkpoint: entry.checkpoint,
                step: entry.step,
            };
            self.timeline.set_frames(complete.map(frame).collect());
        }
        self.is_stale |= !is_passing;
    }

    /// Marks a step; an empty note takes its mark away.
    pub(crate) fn mark(&mut self, step: u64, note: &str) {
        let marks = &mut self.data.marks;
        marks.retain(|mark| mark.step != step);
        if !note.trim().is_empty() {
            marks.push(Mark {
                step,
                note: note.trim().to_owned(),
            });
            marks.sort_by_key(|mark| mark.step);
        }
        self.is_stale = true;
    }

    /// Derives what follows from the news; `false` if there were none.
    pub(crate) fn derive(&mut self) -> bool {
        let condition = self.condition();
        if !self.is_stale && self.derived_condition == condition {
            return false;
        }
        self.timeline.set_ends(self.data.step_range());
        self.timeline.stops = self.data.stops(condition.as_deref().unwrap_or_default());
        let steps = self.data.steps.iter();
        self.losses = losses(steps.map(|sample| (sample.step as f64, sample.loss)));
        self.is_stale = false;
        self.derived_condition = condition;
        true
    }

    /// How its steps lie on the axis that aligned runs share; none where it lacks what the alignment goes by.
    pub(crate) fn scale(&self, alignment: Alignment) -> Option<Scale> {
        self.course().scale(alignment)
    }

    /// What happened, marks aside.
    fn events(&self) -> impl Iterator<Item = &Stop> {
        self.timeline.stops.iter().filter(|stop| stop.is_event())
    }

    /// Number of the event on screen, from 0.
    pub(crate) fn event_here(&self) -> Option<usize> {
        let step = self.timeline.frame()?.step;
        self.events().position(|stop| stop.to_step == step)
    }

    /// Its landmarks.
    fn course(&self) -> Course {
        let stage_ends = self.data.stage_ends().into_iter();
        let last_stage = self.data.steps.last().map_or(0, |of| of.stage as usize);
        let events = self.events();
        let (start, end) = self.timeline.ends();
        Course {
            start,
            end,
            stage_ends: stage_ends
                .map(|(step, stage)| (step as f64, stage))
                .collect(),
            // What is planned ends with the last stage; what has ended, in the stage that it ended in.
            n_stages: if self.data.has_ended() {
                last_stage + 1
            } else {
                self.data.stages.len().max(last_stage + 1)
            },
            events: events.map(|stop| stop.to_step as f64).collect(),
            losses: self.losses.clone(),
        }
    }

    /// The training step of the checkpoint on screen; where it could not be read, others are no substitute.
    pub(crate) fn sample_here(&self) -> Option<&StepGlance> {
        let step = self.timeline.frame()?.step;
        let steps = &self.data.steps;
        let sample = steps.get(steps.partition_point(|sample| sample.step < step))?;
        (sample.step <= step + 1).then_some(sample)
    }

    /// The probe input on screen: the chosen one where it is, else the first.
    pub(crate) fn condition(&self) -> Option<Arc<str>> {
        let conditions = self.conditions_here();
        let chosen = conditions
            .iter()
            .find(|name| Some(*name) == self.condition.as_ref());
        chosen
            .or(conditions.first())
            .cloned()
            .or(self.condition.clone())
    }

    /// Names of the probe inputs at the checkpoint on screen.
    pub(crate) fn conditions_here(&self) -> Vec<Arc<str>> {
        let scenes = self
            .timeline
            .frame()
            .and_then(|frame| self.data.summaries.get(&frame.checkpoint))
            .and_then(|summary| summary.scenes.as_ref().ok());
        let scenes = scenes.into_iter().flatten();
        scenes.map(|scene| Arc::clone(&scene.condition)).collect()
    }

    /// Shows the next probe input.
    pub(crate) fn next_condition(&mut self) {
        let conditions = self.conditions_here();
        let current = self.condition();
        let at = conditions
            .iter()
            .position(|name| Some(name) == current.as_ref());
        self.condition = conditions
            .get((at.unwrap_or(0) + 1) % conditions.len().max(1))
            .cloned();
        self.selected = None;
        self.pinned = None;
    }

    /// The checkpoint on screen at the probe input on screen, once read.
    pub(crate) fn scene(&self) -> Option<&Scene> {
        let condition = self.condition()?;
        self.data
            .scene(self.timeline.frame()?.checkpoint, &condition)
    }

    /// The fixed points on screen.
    pub(crate) fn points(&self) -> &[Point] {
        self.scene().map_or(&[], |scene| &scene.points)
    }

    /// The bifurcations at the probe input on screen.
    pub(crate) fn bifurcations(&self) -> impl Iterator<Item = &Bifurcation> {
        let condition = self.condition().unwrap_or_default();
        let events = self.data.bifurcations();
        events.filter(move |event| event.row.condition == *condition)
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
        self.points().get(self.selected_row()?)
    }

    /// Selects the point that is so many rows further.
    pub(crate) fn select(&mut self, by: i64) {
        let count = self.points().len();
        let row = match self.selected_row() {
            Some(row) => row.saturating_add_signed(by as isize),
            None if by > 0 => 0,
            None => usize::MAX,
        };
        self.select_row(row.min(count.saturating_sub(1)));
    }

    /// Selects a row of the list.
    pub(crate) fn select_row(&mut self, row: usize) {
        self.pinned = None;
        self.selected = (row < self.points().len()).then_some(row);
    }

    /// Keeps the selected point selected at other checkpoints too, or lets it go.
    pub(crate) fn toggle_pin(&mut self) {
        if self.pinned.is_some() {
            self.unpin();
        } else if let Some(point) = self.selected_point() {
            self.pinned = Some(point.id);
        }
    }

    fn unpin(&mut self) {
        self.selected = self.selected_row();
        self.pinned = None;
    }

    /// Lets go of the pin, then of the selection; `false` if there is neither.
    pub(crate) fn let_go(&mut self) -> bool {
        if self.pinned.is_some() {
            self.unpin();
            return true;
        }
        self.selected.take().is_some()
    }

    /// What a pane says before there is a checkpoint to show.
    pub(crate) fn waiting(&self) -> String {
        if let Some(problem) = &self.data.problem {
            return problem.clone();
        }
        if self.dir.as_os_str().is_empty() {
            return "no run is open: choose one on the screen Runs (1)".into();
        }
        match (self.timeline.frames.is_empty(), &self.data.state) {
            (false, _) => "reading…".into(),
            (true, RunState::Training | RunState::Absent) => {
                "waiting for the first checkpoint with its fixed points".into()
            }
            (true, RunState::Followed) => "this run has no checkpoint with fixed points".into(),
            (true, _) => {
                "this run has no checkpoint with fixed points; `creode train … --resume` goes on"
                    .into()
            }
        }
    }
}
