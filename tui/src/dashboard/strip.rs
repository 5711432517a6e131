//! The timeline as it is drawn under all screens: stages, and a line of checkpoints, events and the playhead for each open
//! run.

use tui::buffer::Buffer;
use tui::layout::Rect;
use tui::style::{Modifier, Style};
use tui::text::{Line, Span};
use tui::widgets::Widget as _;

use super::data::RunId;
use super::desk::{Desk, MOST_OPEN};
use super::open_run::OpenRun;
use super::screen::at_right;
use super::theme::{Ink, fitted, fitted_name};
use super::timeline::Timeline;

/// Most cells for the names of several runs.
const NAMES_WIDTH: u16 = 22;
/// Cells for the steps of several runs.
const STEPS_WIDTH: u16 = 10;

/// Rows of the timeline of so many open runs, on a terminal of this height.
pub(crate) fn rows(open_runs: usize, height: u16) -> u16 {
    // Most of the room is the screen's.
    let most = (height.saturating_sub(12) / 4).clamp(1, MOST_OPEN as u16);
    1 + (open_runs.max(1) as u16).min(most)
}

/// Where the steps are in the area of the timeline: with several runs, between their names and their steps.
pub(crate) fn track(desk: &Desk, area: Rect) -> Rect {
    if !desk.has_several() {
        return area;
    }
    let names = (area.width / 5).min(NAMES_WIDTH);
    Rect {
        x: area.x + names.min(area.width),
        width: area.width.saturating_sub(names + STEPS_WIDTH),
        ..area
    }
}

/// Column of a step of the run in focus.
pub(crate) fn column_of(timeline: &Timeline, track: Rect, step: f64) -> u16 {
    let last = f64::from(track.width.saturating_sub(1));
    track.x + (timeline.place_of(step) * last).round().clamp(0.0, last) as u16
}

/// The run whose name is at a place in the area of the timeline.
pub(crate) fn run_at(desk: &Desk, area: Rect, column: u16, row: u16) -> Option<RunId> {
    let is_name = column < track(desk, area).x;
    let line = row.checked_sub(area.y + 1).filter(|_| is_name)?;
    let shown = shown(desk, area);
    shown.get(usize::from(line)).map(|run| run.id)
}

/// The open runs for which there is a line, that in focus among them.
fn shown(desk: &Desk, area: Rect) -> Vec<&OpenRun> {
    let open = desk.open_runs();
    let room = usize::from(area.height.saturating_sub(1));
    let here = open.iter().position(|run| run.id == desk.run.id);
    let first = (here.unwrap_or(0) + 1).saturating_sub(room);
    open.into_iter().skip(first).take(room).collect()
}

/// Draws the whole of training: stages above, a line for each run below.
pub(crate) fn draw(desk: &Desk, area: Rect, buffer: &mut Buffer) {
    let track = track(desk, area);
    let row = |number: u16, of: Rect| Rect {
        y: of.y + number,
        height: 1.min(of.height.saturating_sub(number)),
        ..of
    };
    bands(desk, row(0, track), buffer);
    if !desk.has_several() {
        return line(desk, &desk.run, row(1, track), buffer);
    }
    let shown = shown(desk, area);
    let hidden = desk.open_runs().len() - shown.len();
    let more = match hidden {
        0 => String::new(),
        _ => format!("+{hidden} "),
    };
    let names = track.x.saturating_sub(area.x + 1);
    let text = fitted(&format!("{more}{}", desk.alignment.name()), names);
    buffer.set_string(area.x, area.y, text, desk.theme.style(Ink::Faint));
    for (number, run) in shown.into_iter().enumerate() {
        let number = 1 + number as u16;
        name(
            desk,
            run,
            Rect {
                width: names,
                ..row(number, area)
            },
            buffer,
        );
        line(desk, run, row(number, track), buffer);
        step(desk, run, row(number, area), buffer);
    }
}

/// `▸A grown`: letter and name, with a sign of the run in focus.
fn name(desk: &Desk, run: &OpenRun, area: Rect, buffer: &mut Buffer) {
    let is_focus = run.id == desk.run.id;
    let (sign, style) = if is_focus {
        ("▸", Style::new().add_modifier(Modifier::BOLD))
    } else {
        (" ", Style::new())
    };
    Line::from(vec![
        Span::raw(sign),
        Span::styled(
            run.letter().to_string(),
            desk.theme.bold(Ink::Run(run.slot)),
        ),
        Span::raw(" "),
        Span::styled(
            fitted_name(&run.name(), area.width.saturating_sub(3)),
            style,
        ),
    ])
    .render(area, buffer);
}

/// The step of a run's playhead, and whether something is wrong with the run.
fn step(desk: &Desk, run: &OpenRun, area: Rect, buffer: &mut Buffer) {
    let step = run
        .timeline
        .frame()
        .map_or_else(String::new, |frame| frame.step.to_string());
    if run.data.problem.is_some() {
        return at_right(
            area,
            &format!("! {step}"),
            desk.theme.bold(Ink::Warning),
            buffer,
        );
    }
    at_right(area, &step, Style::new(), buffer);
}

/// The stages of the run in focus.
fn bands(desk: &Desk, area: Rect, buffer: &mut Buffer) {
    let Some(last) = desk.run.data.steps.last() else {
        return;
    };
    let timeline = &desk.run.timeline;
    let mut begin = column_of(timeline, area, timeline.ends().0);
    let ends = desk.run.data.stage_ends();
    let bands = ends
        .into_iter()
        .chain([(timeline.end(), last.stage as usize)]);
    for (end_step, stage) in bands {
        let end = column_of(timeline, area, end_step as f64);
        let width = usize::from(end.saturating_sub(begin));
        if stage % 2 == 1 {
            let band = Rect {
                x: begin,
                width: width as u16,
                ..area
            };
            buffer.set_style(band, Modifier::UNDERLINED);
        }
        let name = format!("│{}", desk.run.data.stage_name(stage));
        buffer.set_stringn(begin, area.y, name, width, Style::new());
        begin = end;
    }
}

/// A run from its first step to its last: checkpoints, what happened between them, the playhead.
fn line(desk: &Desk, run: &OpenRun, area: Rect, buffer: &mut Buffer) {
    let theme = desk.theme;
    let is_focus = run.id == desk.run.id;
    let link = if is_focus { None } else { desk.link(run) };
    if !is_focus && link.is_none() {
        let lacking = desk.alignment.lacking();
        let lacking = if desk.run.scale(desk.alignment).is_none() {
            format!("the run in focus has {lacking}")
        } else {
            format!("{lacking} to align by")
        };
        buffer.set_stringn(
            area.x,
            area.y,
            lacking,
            usize::from(area.width),
            theme.style(Ink::Faint),
        );
        return;
    }
    let column = |step: f64| {
        let step = link.as_ref().map_or(step, |link| link.there(step));
        column_of(&desk.run.timeline, area, step)
    };
    let (from, to) = run.timeline.ends();
    for x in column(from)..=column(to) {
        put(buffer, x, area.y, "─", theme.style(Ink::Faint));
    }
    if let Some((from, to)) = run.timeline.window {
        for x in column(from)..=column(to) {
            put(buffer, x, area.y, "━", Style::new());
        }
    }
    for entry in &run.data.entries {
        let symbol = if entry.complete { "┴" } else { "·" };
        put(
            buffer,
            column(entry.step as f64),
            area.y,
            symbol,
            theme.style(Ink::Faint),
        );
    }
    for stop in &run.timeline.stops {
        if let Some(&(code, _)) = stop.codes.first() {
            put(
                buffer,
                column(stop.to_step as f64),
                area.y,
                theme.event(code),
                theme.bold(Ink::Event),
            );
        }
    }
    if let Some(frame) = run.timeline.frame() {
        let (symbol, style) = playhead(desk, run);
        put(buffer, column(frame.step as f64), area.y, symbol, style);
    }
}

/// How a run's playhead is drawn: with the sign of what happened there, if something did.
fn playhead(desk: &Desk, run: &OpenRun) -> (&'static str, Style) {
    let sign = run.timeline.stop().and_then(|stop| stop.codes.first());
    match sign {
        Some(&(code, _)) => (
            desk.theme.event(code),
            desk.theme.bold(Ink::Event).add_modifier(Modifier::REVERSED),
        ),
        None if desk.has_several() => ("█", desk.theme.bold(Ink::Run(run.slot))),
        None => ("█", desk.theme.bold(Ink::Playhead)),
    }
}

fn put(buffer: &mut Buffer, x: u16, y: u16, symbol: &str, style: Style) {
    if let Some(cell) = buffer.cell_mut((x, y)) {
        cell.set_symbol(symbol).set_style(style);
    }
}
