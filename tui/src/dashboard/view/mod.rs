//! The picture: pure functions of the model and the area.

mod curves;
mod help;
mod layout;
mod lines;
mod space;
mod spectrum;
pub(crate) mod style;
mod table;
mod timeline;

use tui::Frame;
use tui::layout::{Alignment, Rect};
use tui::style::Style;
use tui::text::{Line, Text};
use tui::widgets::{Block, Paragraph, Wrap};

use super::Mode;
use super::model::Model;
use layout::{MIN_HEIGHT, MIN_WIDTH, layout};
use style::{Ink, Theme};

/// Draws the dashboard.
pub(crate) fn draw(model: &Model, theme: Theme, frame: &mut Frame) {
    let area = frame.area();
    if let Some(panes) = layout(area) {
        lines::header(model, theme, frame, panes.header);
        curves::draw(model, theme, frame, panes.curves);
        space::draw(model, theme, frame, panes.space);
        if let Some(area) = panes.spectrum {
            spectrum::draw(model, theme, frame, area);
        }
        table::draw(model, theme, frame, panes.table);
        timeline::draw(model, theme, frame, panes.timeline);
        lines::status(model, theme, frame, panes.status);
        lines::hints(theme, frame, panes.hints);
        if model.help {
            help::draw(theme, frame, area);
        }
    } else {
        let text = format!(
            "creode needs {MIN_WIDTH}×{MIN_HEIGHT}, here are {}×{}",
            area.width, area.height
        );
        let centre = Rect {
            y: area.y + area.height / 2,
            height: area.height.min(1),
            ..area
        };
        frame.render_widget(Paragraph::new(text).alignment(Alignment::Center), centre);
    }
    theme.finish(frame.buffer_mut());
}

/// A pane with a frame and a title.
fn pane<'a>(theme: Theme, title: impl Into<Line<'a>>) -> Block<'a> {
    Block::bordered()
        .border_style(theme.style(Ink::Faint))
        .title_style(Style::new())
        .title(title)
}

/// A message in place of what a pane would show.
fn message(frame: &mut Frame, area: Rect, text: &str, style: Style) {
    let paragraph = Paragraph::new(Text::from(text))
        .style(style)
        .wrap(Wrap { trim: true });
    frame.render_widget(paragraph, area);
}

/// What a pane says before there is a checkpoint to show.
fn waiting(model: &Model) -> &'static str {
    match (model.frames.is_empty(), model.mode) {
        (false, _) => "reading…",
        (true, Mode::Watch) => "waiting for the first checkpoint",
        (true, Mode::Replay) => "no checkpoint is complete yet: `creode watch` waits for it",
    }
}
