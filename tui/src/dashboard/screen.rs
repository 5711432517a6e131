//! What a screen is, and what all screens share.

use std::path::PathBuf;
use std::sync::Arc;

use tui::buffer::Buffer;
use tui::layout::Rect;
use tui::style::{Modifier, Style};
use tui::text::{Line, Span, Text};
use tui::widgets::{Block, Paragraph, Widget as _, Wrap};

use super::data::marks::Mark;
use super::data::runs::Listed;
use super::data::store::Store;
use super::data::{Bifurcation, Point, Request, RunState, Scene};
use super::keys::{Action, Binding};
use super::theme::{Ink, Theme};
use super::timeline::Timeline;

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// From 120×36.
    Full,
    /// Less.
    Compact,
}

/// What the mouse does in a pane, in cells of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mouse {
    /// The left button went down.
    Down { column: u16, row: u16 },
    /// It moved while down, by so much.
    Drag { by: (i16, i16) },
    /// The wheel turned, up is positive.
    Wheel { by: i64, column: u16 },
}

/// What a change asks of the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Leave the dashboard.
    Quit,
    /// Ask the loader.
    Request(Request),
    /// Show another run.
    Open(PathBuf),
    /// Write the screen to a file.
    Export,
    /// Keep these marks in the run.
    Keep(Vec<Mark>),
    /// Trace between two steps at finer checkpoints.
    ZoomRun { from_step: u64, to_step: u64 },
    /// Stop the training that was started with this dashboard.
    StopTraining,
    /// Ask the user for a text that filters a list.
    AskFilter,
}

/// One screen.
///
/// A screen has panes, some keys of its own, and whatever state nobody else needs. To add one, write a file with a type
/// that implements this, and name it in [`screens::all`](super::screens::all).
pub(crate) trait Screen {
    /// One word.
    fn name(&self) -> &'static str;

    /// What the screen shows, for the help.
    fn about(&self) -> &'static str;

    /// Its keys, beside those that hold everywhere.
    fn keys(&self) -> &'static [Binding];

    /// Where its panes are, one area each, empty for those not shown. `focus` is the focused one.
    fn arrange(&self, class: Class, focus: usize, area: Rect) -> Vec<Rect>;

    /// Why an action can do nothing now.
    fn why_not(&self, action: Action, desk: &Desk) -> Option<String> {
        let _ = (action, desk);
        None
    }

    /// Does what its keys say; also the shared actions to select, to enter, and to zoom, where it has a use for them.
    fn act(&mut self, action: Action, desk: &mut Desk) -> Option<Effect>;

    /// Something happened with the mouse in a pane whose inside is `area`.
    fn mouse(&mut self, pane: usize, mouse: Mouse, area: Rect, desk: &mut Desk) -> Option<Effect> {
        let _ = (pane, mouse, area, desk);
        None
    }

    /// Takes a text the user gave, for [`Effect::AskFilter`].
    fn set_filter(&mut self, text: &str, desk: &mut Desk) {
        let _ = (text, desk);
    }

    /// Closes what it has open; `false` if there is nothing.
    fn back(&mut self, desk: &mut Desk) -> bool {
        let _ = desk;
        false
    }

    /// Derives what its pictures show of all checkpoints; called when something was read, not at every picture.
    fn derive(&mut self, desk: &Desk) {
        let _ = desk;
    }

    /// What it needs that is not read anyway.
    fn wants(&self, desk: &Desk) -> Option<Request> {
        let _ = desk;
        None
    }

    /// Draws a pane.
    fn draw(&self, pane: Pane, desk: &Desk, buffer: &mut Buffer);
}

/// A pane to be drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pane {
    pub(crate) number: usize,
    pub(crate) area: Rect,
    pub(crate) is_focused: bool,
}

impl Pane {
    /// Draws frame and title, and returns the area inside.
    pub(crate) fn frame(self, desk: &Desk, title: impl Into<String>, buffer: &mut Buffer) -> Rect {
        self.frame_with_foot(desk, title, "", buffer)
    }

    /// The same with a text in the lower border.
    pub(crate) fn frame_with_foot(
        self,
        desk: &Desk,
        title: impl Into<String>,
        foot: &str,
        buffer: &mut Buffer,
    ) -> Rect {
        let faint = desk.theme.style(Ink::Faint);
        let (border, title_style) = if self.is_focused {
            (
                Style::new(),
                Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED),
            )
        } else {
            (faint, Style::new())
        };
        let mut block = Block::bordered()
            .border_style(border)
            .title(Line::styled(format!(" {} ", title.into()), title_style));
        if !foot.is_empty() {
            block = block.title_bottom(Line::styled(format!(" {foot} "), faint));
        }
        let inner = block.inner(self.area);
        block.render(self.area, buffer);
        inner
    }
}

/// A message in place of what a pane would show.
pub(crate) fn message(area: Rect, text: &str, style: Style, buffer: &mut Buffer) {
    Paragraph::new(Text::from(text))
        .style(style)
        .wrap(Wrap { trim: true })
        .render(area, buffer);
}

/// A text at the right end of a row; what is left of it keeps its style.
pub(crate) fn at_right(area: Rect, text: &str, style: Style, buffer: &mut Buffer) {
    Line::from(Span::styled(text, style))
        .right_aligned()
        .render(area, buffer);
}

/// Rows that a text takes when it is broken between words.
pub(crate) fn wrapped_height(text: &str, width: u16) -> u16 {
    let width = usize::from(width).max(1);
    let mut rows = 0;
    let mut room = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if rows == 0 || length + 1 > room {
            rows += length.div_ceil(width).max(1);
            room = (width - length % width) % width;
        } else {
            room -= length + 1;
        }
    }
    rows as u16
}

/// What all screens share.
pub(crate) struct Desk {
    pub(crate) theme: Theme,
    /// Folder of the run on screen; empty if there is none.
    pub(crate) dir: PathBuf,
    pub(crate) data: Store,
    pub(crate) timeline: Timeline,
    /// The probe input that was chosen.
    condition: Option<Arc<str>>,
    /// Row in the list of fixed points.
    selected: Option<usize>,
    /// A point that stays selected at all checkpoints.
    pub(crate) pinned: Option<u32>,
    /// The runs of the directory, the newest first.
    pub(crate) runs: Vec<Listed>,
    /// Directory of the runs.
    pub(crate) traces: PathBuf,
    /// Whether the runs were looked for.
    pub(crate) runs_known: bool,
    /// Answer to the last key, where it needs one.
    pub(crate) status: Option<String>,
    /// Whether this dashboard started a training that still runs.
    pub(crate) trains: bool,
    /// The landscape before and after the event on screen, side by side.
    pub(crate) before_and_after: bool,
    /// A screen, by its name, to go to next.
    pub(crate) go_to_screen: Option<&'static str>,
}

impl Desk {
    pub(crate) fn new(theme: Theme, traces: PathBuf, following: bool) -> Self {
        Self {
            theme,
            dir: PathBuf::new(),
            data: Store::default(),
            timeline: Timeline::new(following),
            condition: None,
            selected: None,
            pinned: None,
            runs: Vec::new(),
            traces,
            runs_known: false,
            status: None,
            trains: false,
            before_and_after: false,
            go_to_screen: None,
        }
    }

    /// Says something in the status row.
    pub(crate) fn say(&mut self, text: impl Into<String>) {
        self.status = Some(text.into());
    }

    /// Whether there is a run on screen.
    pub(crate) fn has_run(&self) -> bool {
        !self.dir.as_os_str().is_empty()
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
        if !self.has_run() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_takes_the_rows_that_wrapping_gives_it() {
        for (text, width, rows) in [
            ("", 10, 0),
            ("one", 10, 1),
            ("one two three", 7, 2),
            ("abcdefghij k", 4, 3),
        ] {
            assert_eq!(wrapped_height(text, width), rows, "{text} in {width}");
        }
    }
}
