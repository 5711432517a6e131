//! The list of what happened between the checkpoints: a row for every bifurcation, in the order in which they come.

use tui::buffer::Buffer;
use tui::layout::Constraint;
use tui::style::Modifier;
use tui::text::Line;
use tui::widgets::{Row, StatefulWidget, Table, TableState};

use crate::dashboard::data::Bifurcation;
use crate::dashboard::screen::{Desk, Pane, message};
use crate::dashboard::theme::{Ink, counted, short_number};
use crate::dashboard::timeline::{Code, Stop};

pub(super) fn draw(pane: Pane, desk: &Desk, buffer: &mut Buffer) {
    let stops = &desk.run.timeline.stops;
    let inner = pane.frame_with_foot(desk, title(desk), "n N go to them", buffer);
    if stops.is_empty() {
        let text = "the number of fixed points never changes";
        return message(inner, text, desk.theme.style(Ink::Faint), buffer);
    }
    // What happened at the playhead, or last before it, begins at the top: as much of it is seen as there is room for.
    let here = desk.run.timeline.step();
    let first = stops.partition_point(|stop| stop.to_step <= here);
    let shown = &stops[first.saturating_sub(1)..];
    let rows = shown
        .iter()
        .flat_map(|stop| rows_of(desk, stop, stop.to_step == here));
    let rows: Vec<Row> = rows.take(usize::from(inner.height)).collect();
    let is_here = shown.first().is_some_and(|stop| stop.to_step == here);
    let header = [
        "",
        "near step",
        "what",
        "multiplier",
        "coefficient",
        "branches",
    ];
    let faint = desk.theme.style(Ink::Faint);
    let widths = [1, 14, 36, 18, 12].map(Constraint::Length);
    let widths = widths.into_iter().chain([Constraint::Fill(1)]);
    let table = Table::new(rows, widths)
        .header(Row::new(header.map(|title| Line::styled(title, faint))))
        .row_highlight_style(Modifier::REVERSED);
    let mut state = TableState::default().with_selected(is_here.then_some(0));
    StatefulWidget::render(table, inner, buffer, &mut state);
}

fn title(desk: &Desk) -> String {
    let intervals = desk
        .run
        .timeline
        .stops
        .iter()
        .filter(|stop| stop.is_event());
    let intervals = intervals.count();
    let events = desk.run.bifurcations().count();
    if events > 0 {
        return format!(
            "{} in {}",
            counted(events, "bifurcation"),
            counted(intervals, "interval")
        );
    }
    let hint = match intervals {
        0 => "",
        _ => " · `creode analyze RUN --events` says which bifurcations",
    };
    counted(intervals, "interval") + " with changes" + hint
}

/// A row for every bifurcation of an interval, or one that sums up what is known of it.
fn rows_of(desk: &Desk, stop: &Stop, is_here: bool) -> Vec<Row<'static>> {
    let mark = match (is_here, desk.theme.ascii) {
        (false, _) => "",
        (true, false) => "▸",
        (true, true) => ">",
    };
    let here = |event: &&Bifurcation| event.row.to_step == stop.to_step;
    let mut events: Vec<&Bifurcation> = desk.run.bifurcations().filter(here).collect();
    events.sort_by(|a, b| a.row.position.total_cmp(&b.row.position));
    let mut rows: Vec<Row> = events.iter().map(|event| one(desk, mark, event)).collect();
    let is_left = |&(code, _): &(Code, usize)| {
        rows.is_empty() || matches!(code, Code::Mark | Code::Born | Code::Vanished)
    };
    let rest: Vec<(Code, usize)> = stop.codes.iter().copied().filter(is_left).collect();
    if !rest.is_empty() {
        let note = stop.note.as_ref();
        let note = note.map_or_else(String::new, |note| format!(" “{note}”"));
        let steps = if stop.is_event() {
            format!("({}, {}]", stop.from_step, stop.to_step)
        } else {
            stop.to_step.to_string()
        };
        rows.push(Row::new([
            Line::raw(mark),
            Line::raw(steps),
            Line::styled(
                desk.theme.events(&rest) + &note,
                desk.theme.style(Ink::Event),
            ),
        ]));
    }
    rows
}

fn one(desk: &Desk, mark: &'static str, event: &Bifurcation) -> Row<'static> {
    let row = &event.row;
    let code = Code::of_event(&row.kind);
    let what = format!("{} {}{}", desk.theme.event(code), code.name(), event.fate());
    let multiplier = if row.multiplier_re.is_nan() {
        String::new()
    } else if row.multiplier_im == 0.0 {
        format!("{:+.4}", row.multiplier_re)
    } else {
        format!("{:+.3} ± {:.3}i", row.multiplier_re, row.multiplier_im)
    };
    let branches: Vec<String> = row.branches.iter().map(u32::to_string).collect();
    Row::new([
        Line::raw(mark),
        Line::raw(format!("{:.1}", event.step())),
        Line::styled(what, desk.theme.style(Ink::Event)),
        Line::raw(multiplier),
        Line::raw(row.coefficient.map_or_else(String::new, short_number)),
        Line::raw(branches.join(" ")),
    ])
}
