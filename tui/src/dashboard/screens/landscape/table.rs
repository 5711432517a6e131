//! The list of fixed points, and what they sum up to.

use creode::nouns::PointKind;
use creode::trace::rows::LandscapeRow;
use tui::buffer::Buffer;
use tui::layout::{Constraint, Layout, Rect};
use tui::style::{Modifier, Style};
use tui::text::{Line, Span};
use tui::widgets::{Row, StatefulWidget, Table, TableState};

use crate::dashboard::data::{Bifurcation, Point};
use crate::dashboard::screen::{Desk, Pane, at_right, message, wrapped_height};
use crate::dashboard::theme::{Ink, Theme, counted, short_number};
use crate::dashboard::timeline::Code;

/// Width of the whole table, in cells; where there is less, the last columns are dropped.
const FULL_WIDTH: u16 = 44;
/// What the shares of basins are shares of.
const OF_STATES: &str = "trials end at ";
/// Outputs smaller than this count as zero in the signs of a readout.
const ZERO_READOUT: f32 = 0.1;
/// Rows that the texts above the list may take, each.
const MOST_ROWS: u16 = 3;

/// What stands above the list.
struct Head {
    counts: String,
    warning: String,
    basins: Vec<(PointKind, f64)>,
    event: String,
}

impl Head {
    fn of(desk: &Desk) -> Self {
        let points = desk.run.points();
        let landscape = desk.run.scene().and_then(|scene| scene.landscape.as_ref());
        let summary = desk
            .run
            .timeline
            .frame()
            .and_then(|frame| desk.run.data.summaries.get(&frame.checkpoint));
        let problems = summary.map_or(&[][..], |summary| &summary.problems);
        let warnings = landscape.and_then(|row| row.warning.clone());
        let warnings: Vec<String> = warnings
            .into_iter()
            .chain(problems.iter().cloned())
            .collect();
        let fraction = |point: &Point| Some((point.kind, point.basin_fraction?));
        Self {
            counts: counts(points, landscape),
            warning: match warnings.len() {
                0 => String::new(),
                _ => format!("! {}", warnings.join(" · ")),
            },
            basins: points.iter().filter_map(fraction).collect(),
            event: event(desk),
        }
    }

    /// Where its parts and the list are.
    fn arrange(&self, area: Rect) -> [Rect; 5] {
        let height =
            |text: &str| Constraint::Length(wrapped_height(text, area.width).min(MOST_ROWS));
        let basins = u16::from(!self.basins.is_empty());
        Layout::vertical([
            height(&self.counts),
            height(&self.warning),
            height(&self.event),
            Constraint::Length(basins),
            Constraint::Min(0),
        ])
        .areas(area)
    }
}

/// Draws counts, warnings, what happened here, basins and the list.
pub(super) fn draw(pane: Pane, desk: &Desk, buffer: &mut Buffer) {
    let inner = pane.frame(desk, title(desk), buffer);
    let theme = desk.theme;
    let summary = desk
        .run
        .timeline
        .frame()
        .and_then(|frame| desk.run.data.summaries.get(&frame.checkpoint));
    let Some(summary) = summary else {
        let text = if desk.run.timeline.frames.is_empty() {
            desk.run.waiting()
        } else {
            "reading…".into()
        };
        return message(inner, &text, theme.style(Ink::Faint), buffer);
    };
    if let Err(problem) = &summary.scenes {
        return message(inner, problem, theme.style(Ink::Warning), buffer);
    }
    let head = Head::of(desk);
    let [top, warning, event, basins, rest] = head.arrange(inner);
    message(top, &head.counts, Modifier::BOLD.into(), buffer);
    message(warning, &head.warning, theme.bold(Ink::Warning), buffer);
    message(event, &head.event, theme.bold(Ink::Event), buffer);
    bar(theme, &head.basins, basins, buffer);
    list(desk, rest, buffer);
}

/// Row of the list at a row of the terminal.
pub(super) fn row_at(desk: &Desk, area: Rect, row: u16) -> Option<usize> {
    let [.., list] = Head::of(desk).arrange(area);
    let within = usize::from(row.checked_sub(list.y + 1)?);
    let room = usize::from(list.height.saturating_sub(1));
    let first = desk
        .run
        .selected_row()
        .map_or(0, |at| (at + 1).saturating_sub(room));
    (first + within < desk.run.points().len()).then_some(first + within)
}

fn title(desk: &Desk) -> String {
    match (desk.run.pinned, desk.run.selected_row()) {
        (Some(id), Some(_)) => format!("fixed points · {id} pinned"),
        (Some(id), None) => format!("fixed points · pinned point {id} is not here"),
        (None, _) => "fixed points".to_owned(),
    }
}

/// `27 fixed points: 8/12/6/1 with 0/1/2/3 unstable · index sum +1 (expected +1) · 0 slow`.
fn counts(points: &[Point], landscape: Option<&LandscapeRow>) -> String {
    let mut by_unstable: Vec<(u16, usize)> = Vec::new();
    for point in points {
        match by_unstable.last_mut() {
            Some((last, count)) if *last == point.n_unstable => *count += 1,
            _ => by_unstable.push((point.n_unstable, 1)),
        }
    }
    let join = |parts: Vec<String>| parts.join("/");
    let directions = if points.is_empty() {
        String::new()
    } else {
        let numbers = by_unstable.iter().map(|(_, count)| count.to_string());
        let directions = by_unstable.iter().map(|(n, _)| n.to_string());
        format!(
            ": {} with {} unstable",
            join(numbers.collect()),
            join(directions.collect())
        )
    };
    let indices = landscape.map_or_else(String::new, |row| {
        let expected = row
            .index_expected
            .map_or_else(String::new, |sum| format!(" (expected {sum:+})"));
        format!(
            " · index sum {:+}{expected} · {} slow",
            row.index_sum, row.n_slow
        )
    });
    counted(points.len(), "fixed point") + &directions + &indices
}

/// What happened between the checkpoint on screen and the one before, in words.
fn event(desk: &Desk) -> String {
    let Some(stop) = desk.run.timeline.stop().filter(|stop| stop.is_event()) else {
        return String::new();
    };
    let here = |event: &&Bifurcation| event.row.to_step == stop.to_step;
    let rows: Vec<&Bifurcation> = desk.run.bifurcations().filter(here).collect();
    let what: Vec<String> = stop
        .codes
        .iter()
        .map(|&(code, count)| {
            let fate = common_fate(&rows, code);
            format!("{count} × {} {}{fate}", desk.theme.event(code), code.name())
        })
        .collect();
    format!(
        "{}, in ({}, {}]",
        what.join("; "),
        stop.from_step,
        stop.to_step
    )
}

/// What comes of the bifurcations of a kind; empty if it is not the same of all.
fn common_fate(rows: &[&Bifurcation], code: Code) -> &'static str {
    let of_code = |event: &&&Bifurcation| Code::of_event(&event.row.kind) == code;
    let mut fates = rows.iter().filter(of_code).map(|event| event.fate());
    let first = fates.next().unwrap_or_default();
    if fates.all(|fate| fate == first) {
        first
    } else {
        ""
    }
}

/// Shares of the basins, one after the other, behind what they are shares of.
fn bar(theme: Theme, basins: &[(PointKind, f64)], area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let mut area = area;
    let label = OF_STATES.chars().count() as u16;
    if area.width >= 3 * label {
        buffer.set_string(area.x, area.y, OF_STATES, theme.style(Ink::Faint));
        area.x += label;
        area.width -= label;
    }
    let mut end = 0.0;
    for (number, &(kind, share)) in basins.iter().enumerate() {
        let begin = (end * f64::from(area.width)).round() as u16;
        end = (end + share).min(1.0);
        let width = ((end * f64::from(area.width)).round() as u16).saturating_sub(begin);
        let text = format!("{}{:.0}%", theme.sign(kind), 100.0 * share);
        let mut style = theme.kind(kind);
        if number % 2 == 0 {
            style = style.add_modifier(Modifier::REVERSED);
        }
        let text = format!("{text:<width$}", width = usize::from(width));
        buffer.set_stringn(area.x + begin, area.y, text, usize::from(width), style);
    }
}

fn list(desk: &Desk, area: Rect, buffer: &mut Buffer) {
    let theme = desk.theme;
    let points = desk.run.points();
    let is_full = area.width >= FULL_WIDTH;
    let header = ["point", "kind", "unst", "|λ|max", "readout", "index", "q"];
    let widths = [5, 4, 4, 6, 8, 5];
    let shown = if is_full { 7 } else { 5 };
    // Lengths that do not fit together are cut now here, now there; so the last column takes what is left.
    let widths = widths.into_iter().take(shown - 1).map(Constraint::Length);
    let widths = widths.chain([Constraint::Fill(1)]);
    let faint = theme.style(Ink::Faint);
    let header = header
        .into_iter()
        .take(shown)
        .map(|title| Line::styled(title, faint));
    let rows = points
        .iter()
        .map(|point| Row::new(cells(theme, point).into_iter().take(shown)));
    let table = Table::new(rows, widths)
        .header(Row::new(header))
        .row_highlight_style(Modifier::REVERSED);
    let mut state = TableState::default().with_selected(desk.run.selected_row());
    StatefulWidget::render(table, area, buffer, &mut state);
    let room = usize::from(area.height.saturating_sub(1));
    if points.len() > room && desk.run.selected_row().is_none() && area.height > 1 {
        let place = Rect {
            y: area.bottom() - 1,
            height: 1,
            ..area
        };
        let text = format!(" {} more: j ", points.len() - room);
        at_right(place, &text, faint, buffer);
    }
}

fn cells(theme: Theme, point: &Point) -> Vec<Line<'static>> {
    let sign = theme.point(point.kind, point.n_unstable);
    vec![
        Line::raw(point.id.to_string()),
        Line::from(Span::styled(sign, theme.kind(point.kind))),
        Line::raw(point.n_unstable.to_string()),
        Line::raw(format!("{:.3}", point.modulus())),
        Line::raw(signs(&point.readout)),
        Line::raw(format!("{:+}", point.index)),
        Line::styled(short_number(point.q), Style::new()),
    ]
}

/// `+-0` for a readout of 1, −1, 0.
fn signs(readout: &[f32]) -> String {
    let sign = |&y: &f32| match y {
        _ if y > ZERO_READOUT => '+',
        _ if y < -ZERO_READOUT => '-',
        _ => '0',
    };
    readout.iter().map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readouts_are_signs() {
        assert_eq!(signs(&[0.97, -1.02, 0.03]), "+-0");
    }
}
