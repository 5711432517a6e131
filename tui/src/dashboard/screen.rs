//! What a screen is, and how its panes are drawn.

use std::path::PathBuf;
use std::time::Duration;

use tui::buffer::Buffer;
use tui::layout::Rect;
use tui::style::{Modifier, Style};
use tui::text::{Line, Span, Text};
use tui::widgets::{Block, Paragraph, Widget as _, Wrap};

use super::data::marks::Mark;
use super::data::{Request, RunId};
pub(crate) use super::desk::Desk;
use super::keys::{Action, Binding};
use super::theme::Ink;

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
    /// Ask the loader of a run.
    Request(RunId, Request),
    /// Write the screen to a file.
    Export,
    /// Keep these marks in the run.
    Keep(RunId, Vec<Mark>),
    /// Trace between two steps at finer checkpoints.
    ZoomRun { from_step: u64, to_step: u64 },
    /// Stop the training that was started with this dashboard.
    StopTraining,
    /// Compare the runs in these folders, in groups by this, as the comparison with this number.
    Compare(u64, Vec<PathBuf>, &'static str),
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

    /// What it needs that is not read anyway, of which run.
    fn wants(&self, desk: &Desk) -> Vec<(RunId, Request)> {
        let _ = desk;
        Vec::new()
    }

    /// Time between two ticks of what it plays by itself, beside the playhead; none while nothing plays.
    fn tick_interval(&self) -> Option<Duration> {
        None
    }

    /// What it plays by itself goes on.
    fn tick(&mut self, desk: &Desk) {
        let _ = desk;
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
