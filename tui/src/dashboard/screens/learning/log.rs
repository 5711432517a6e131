//! What happened, and the last lines of the run's own log.

use tui::buffer::Buffer;
use tui::text::Line;
use tui::widgets::{Paragraph, Widget as _};

use crate::dashboard::screen::{Desk, Pane, message};
use crate::dashboard::theme::{Ink, counted};
use crate::dashboard::timeline::Stop;

/// Draws the log, of which so many lines are scrolled back.
pub(super) fn draw(pane: Pane, desk: &Desk, scroll: usize, buffer: &mut Buffer) {
    let inner = pane.frame(desk, "log", buffer);
    let room = usize::from(inner.height);
    let notes = desk
        .run
        .data
        .damage
        .iter()
        .map(|text| Line::styled(format!("! {text}"), desk.theme.style(Ink::Warning)));
    let events = happened(desk).into_iter().map(Line::raw);
    let lines = desk
        .run
        .data
        .log
        .iter()
        .map(|text| Line::raw(text.as_str()));
    let all: Vec<Line> = events.chain(lines).chain(notes).collect();
    if all.is_empty() {
        let text = "nothing has happened yet";
        return message(inner, text, desk.theme.style(Ink::Faint), buffer);
    }
    let most = all.len().saturating_sub(room);
    let first = most.saturating_sub(scroll);
    Paragraph::new(all.into_iter().skip(first).take(room).collect::<Vec<_>>())
        .render(inner, buffer);
}

/// How many lines there are.
pub(super) fn lines(desk: &Desk) -> usize {
    let data = &desk.run.data;
    happened(desk).len() + data.log.len() + data.damage.len()
}

/// What happened between the checkpoints and how many fixed points there were then, a line each.
fn happened(desk: &Desk) -> Vec<String> {
    let condition = desk.run.condition().unwrap_or_default();
    let count = |stop: &Stop| {
        let frames = &desk.run.timeline.frames;
        let at = frames
            .binary_search_by_key(&stop.to_step, |frame| frame.step)
            .ok()?;
        let summary = desk.run.data.summaries.get(&frames[at].checkpoint)?;
        let scenes = summary.scenes.as_ref().ok()?;
        let scene = scenes.iter().find(|of| of.condition == condition)?;
        Some(format!(": {}", counted(scene.points.len(), "fixed point")))
    };
    let stops = desk
        .run
        .timeline
        .stops
        .iter()
        .filter(|stop| stop.is_event());
    let line = |stop: &Stop| {
        let (from, to) = (stop.from_step, stop.to_step);
        let count = count(stop).unwrap_or_default();
        format!("({from}, {to}]  {}{count}", desk.theme.events(&stop.codes))
    };
    stops.map(line).collect()
}
