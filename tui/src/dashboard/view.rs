//! What surrounds a screen: tabs and header above, timeline, status and hints below.

use tui::buffer::Buffer;
use tui::layout::{Constraint, Layout, Rect};
use tui::style::{Modifier, Style};
use tui::text::{Line, Span};
use tui::widgets::{Paragraph, Widget as _};

use super::app::App;
use super::axis::StepAxis;
use super::data::RunState;
use super::keys::{Binding, label};
use super::overlay;
use super::screen::{Class, Desk, at_right};
use super::strip;
use super::theme::Ink;
use super::timeline::Loop;

/// Least size for any pane at all, in cells.
pub(crate) const LEAST: (u16, u16) = (60, 16);
/// From here on all panes are shown.
const FULL: (u16, u16) = (120, 36);

/// Where things are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) class: Class,
    pub(crate) tabs: Rect,
    header: Rect,
    pub(crate) body: Rect,
    pub(crate) timeline: Rect,
    status: Rect,
    hints: Rect,
}

/// Where things are in an area, with so many runs open; none if it is too small.
pub(crate) fn places(area: Rect, open_runs: usize) -> Option<Places> {
    if area.width < LEAST.0 || area.height < LEAST.1 {
        return None;
    }
    let rows = [
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(strip::rows(open_runs, area.height)),
        Constraint::Length(1),
        Constraint::Length(1),
    ];
    let [tabs, header, body, timeline, status, hints] = Layout::vertical(rows).areas(area);
    let is_full = area.width >= FULL.0 && area.height >= FULL.1;
    Some(Places {
        class: if is_full { Class::Full } else { Class::Compact },
        tabs,
        header,
        body,
        timeline,
        status,
        hints,
    })
}

/// Draws the whole dashboard into a buffer.
pub(crate) fn draw(app: &App, buffer: &mut Buffer) {
    let area = buffer.area;
    let desk = &app.desk;
    if let Some(places) = places(area, desk.open_runs().len()) {
        tabs(app, places.tabs, buffer);
        header(desk, places.header, buffer);
        for pane in app.panes(places.class, places.body) {
            app.screens[app.current].draw(pane, desk, buffer);
        }
        strip::draw(desk, places.timeline, buffer);
        status(desk, places.status, buffer);
        hints(app, places.hints, buffer);
        if let Some(open) = &app.overlay {
            let why_not = |action| app.why_not(action);
            overlay::draw(open, desk.theme, &app.table(), &why_not, buffer);
        }
    } else {
        let text = format!(
            "creode needs {}×{}, here are {}×{}",
            LEAST.0, LEAST.1, area.width, area.height
        );
        let centre = Rect {
            y: area.y + area.height / 2,
            height: area.height.min(1),
            ..area
        };
        Paragraph::new(text).centered().render(centre, buffer);
    }
    desk.theme.finish(buffer);
}

/// Stands before the tabs.
const LABEL: &str = "creode  ";

/// Text of the tab of a screen.
fn tab(number: usize, name: &str) -> String {
    format!(" {} {name} ", number + 1)
}

/// The screen whose tab is at a column.
pub(crate) fn tab_at(app: &App, area: Rect, column: u16) -> Option<usize> {
    let begin = area.x + label_width(app, area);
    let mut end = begin;
    app.screens.iter().enumerate().find_map(|(number, screen)| {
        end += tab(number, screen.name()).chars().count() as u16;
        (column >= begin && column < end).then_some(number)
    })
}

/// Width of the program's name before the tabs; it stands there where tabs and state leave room for it.
fn label_width(app: &App, area: Rect) -> u16 {
    let tabs = app.screens.iter().enumerate();
    let tabs = tabs.map(|(number, screen)| tab(number, screen.name()).chars().count());
    let taken = tabs.sum::<usize>() + state(&app.desk).0.chars().count();
    let has_room = LABEL.len() + taken <= usize::from(area.width);
    if has_room { LABEL.len() as u16 } else { 0 }
}

fn tabs(app: &App, area: Rect, buffer: &mut Buffer) {
    let theme = app.desk.theme;
    let mut spans = Vec::new();
    if label_width(app, area) > 0 {
        spans.push(Span::styled(LABEL, theme.style(Ink::Faint)));
    }
    for (number, screen) in app.screens.iter().enumerate() {
        let style = if number == app.current {
            Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD)
        } else {
            Style::new()
        };
        spans.push(Span::styled(tab(number, screen.name()), style));
    }
    Line::from(spans).render(area, buffer);
    let (text, ink) = state(&app.desk);
    at_right(area, &text, theme.bold(ink), buffer);
}

fn state(desk: &Desk) -> (String, Ink) {
    let damage = match desk.damage().len() {
        0 => String::new(),
        1 => "! 1 file unreadable · ".into(),
        count => format!("! {count} unreadable · "),
    };
    let (state, ink) = match desk.run.data.state {
        _ if !desk.has_run() => ("", Ink::Faint),
        RunState::Absent => ("waiting", Ink::Warning),
        RunState::Training => ("training", Ink::Accuracy),
        RunState::Interrupted => ("interrupted", Ink::Warning),
        RunState::Followed => ("ended", Ink::Stable),
        RunState::Finished => ("finished", Ink::Stable),
        RunState::Diverged(_) => ("diverged", Ink::Saddle),
    };
    (format!("{damage}{state}"), ink)
}

/// Run, mode, place, what happened here.
fn header(desk: &Desk, area: Rect, buffer: &mut Buffer) {
    if !desk.has_run() {
        return;
    }
    let timeline = &desk.run.timeline;
    let looping = match timeline.looping {
        Loop::Off => "",
        Loop::All => " loop",
        Loop::Window => " loop window",
    };
    let mode = if timeline.playing {
        format!(" PLAY {}×{looping} ", timeline.speed)
    } else if timeline.following {
        " LIVE ".to_owned()
    } else {
        " PAUSED ".to_owned()
    };
    let mut parts = vec![
        Span::styled(desk.run.name(), Modifier::BOLD),
        Span::raw(" "),
        Span::styled(mode, Modifier::REVERSED),
    ];
    if desk.has_several() {
        let letter = format!("{} ", desk.run.letter());
        let style = desk.theme.bold(Ink::Run(desk.run.slot));
        parts.insert(0, Span::styled(letter, style));
    }
    if let Some(frame) = timeline.frame() {
        let place = format!(
            "  step {} / {} · checkpoint {} of {}",
            frame.step,
            timeline.end(),
            timeline.position + 1,
            timeline.frames.len()
        );
        parts.push(Span::raw(place));
        if timeline.axis() != StepAxis::Step {
            parts.push(Span::raw(format!(" · {}", timeline.axis().short_name())));
        }
        if let Some(stage) = desk.run.data.stage_at(frame.step) {
            parts.push(Span::raw(format!(" · {}", desk.run.data.stage_name(stage))));
        }
    }
    if let Some(stop) = timeline.stop() {
        parts.push(Span::styled(
            format!("  {}", stop.text()),
            desk.theme.bold(Ink::Event),
        ));
        if let Some(note) = &stop.note {
            parts.push(Span::styled(
                format!(" “{note}”"),
                desk.theme.style(Ink::Event),
            ));
        }
    }
    Line::from(parts).render(area, buffer);
}

/// The answer to the last key, else what is wrong, else what is known of the run in focus.
fn status(desk: &Desk, area: Rect, buffer: &mut Buffer) {
    let warning = desk.theme.bold(Ink::Warning);
    let problem_beside = || {
        let mut others = desk.others.iter();
        others.find_map(|run| Some(format!("{}: {}", run.letter(), run.data.problem.as_ref()?)))
    };
    let data = &desk.run.data;
    let line = if let Some(status) = &desk.status {
        Line::raw(status.as_str())
    } else if let Some(problem) = &data.problem {
        Line::styled(problem.as_str(), warning)
    } else if let Some(problem) = problem_beside() {
        Line::styled(problem, warning)
    } else {
        match &data.state {
            RunState::Diverged(why) => Line::styled(why.as_str(), warning),
            RunState::Interrupted => {
                Line::raw("training stopped before its end: `creode train … --resume` goes on")
            }
            RunState::Followed => Line::raw(goes_on(desk)),
            _ => Line::default(),
        }
    };
    line.render(area, buffer);
}

/// How a run goes on that another program trains.
fn goes_on(desk: &Desk) -> String {
    format!(
        "ended; `creode analyze {} --follow --run {}` goes on",
        desk.run.data.followed.as_deref().unwrap_or("FOLDER"),
        desk.run.data.name
    )
}

/// The most useful keys, as many as fit; help always.
fn hints(app: &App, area: Rect, buffer: &mut Buffer) {
    let sections = app.table();
    let rows = |number: usize| sections.get(number).map_or(&[][..], |(_, rows)| rows);
    let is_first = |row: &&Binding| matches!(row.hint, Some("help" | "quit"));
    let all = rows(2)
        .iter()
        .filter(is_first)
        .chain(rows(4).iter().filter(|_| app.desk.has_several()))
        .chain(rows(0))
        .chain(rows(1));
    let all = all.chain(rows(2).iter().filter(|row| !is_first(row)));
    let mut spans: Vec<Span> = Vec::new();
    let mut room = usize::from(area.width);
    for (row, hint) in all.filter_map(|row| Some((row, row.hint?))) {
        let key = label(row.keys[0]);
        let width = key.chars().count() + hint.chars().count() + 3;
        if width > room && !spans.is_empty() {
            break;
        }
        room = room.saturating_sub(width);
        spans.push(Span::styled(key, Style::new().add_modifier(Modifier::BOLD)));
        spans.push(Span::styled(
            format!(" {hint}  "),
            app.desk.theme.style(Ink::Faint),
        ));
    }
    Line::from(spans).render(area, buffer);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_within_every_area() {
        for width in 1..=300 {
            for height in (1..=100).step_by(3) {
                let area = Rect::new(0, 0, width, height);
                let Some(places) = places(area, 1 + usize::from(width) % 6) else {
                    assert!(width < LEAST.0 || height < LEAST.1);
                    continue;
                };
                for of in [places.tabs, places.body, places.timeline, places.hints] {
                    assert_eq!(of.intersection(area), of);
                }
                assert!(places.body.height >= LEAST.1 - 6);
            }
        }
    }
}
