//! The list of fixed points, and what they sum up to.

use creode::trace::rows::{Kind, LandscapeRow};
use tui::Frame;
use tui::layout::{Constraint, Layout, Rect};
use tui::style::Modifier;
use tui::text::{Line, Span};
use tui::widgets::{Row, Table, TableState};

use super::super::data::Point;
use super::super::model::Model;
use super::style::{Ink, Theme, ink_of, short_number};
use super::{message, pane, waiting};

/// Width of the whole table, in cells; where there is less, the last columns are dropped.
const FULL_WIDTH: u16 = 62;
/// Outputs smaller than this count as zero in the signs of a readout.
const ZERO_READOUT: f64 = 0.1;

/// Draws counts, warnings and the list.
pub(super) fn draw(model: &Model, theme: Theme, frame: &mut Frame, area: Rect) {
    let block = pane(theme, title(model));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let Some(summary) = model.summary() else {
        return message(frame, inner, waiting(model), theme.style(Ink::Faint));
    };
    if let Err(problem) = &summary.points {
        return message(frame, inner, problem, theme.style(Ink::Warning));
    }
    let points = model.points();
    let (counts, warning) = match &summary.landscapes {
        Ok(_) => (
            counts(&points, model.landscape()),
            model.landscape().and_then(|row| row.warning.clone()),
        ),
        Err(problem) => (counts(&points, None), Some(problem.clone())),
    };
    let warning = warning.map(|text| format!("! {text}")).unwrap_or_default();
    let height = |text: &str| wrapped_height(text, inner.width).min(3);
    let rows = [height(&counts), height(&warning)].map(Constraint::Length);
    let [top, middle, bottom] =
        Layout::vertical([rows[0], rows[1], Constraint::Min(0)]).areas(inner);
    message(frame, top, &counts, Modifier::BOLD.into());
    message(
        frame,
        middle,
        &warning,
        theme.style(Ink::Warning).add_modifier(Modifier::BOLD),
    );
    list(model, theme, frame, bottom, &points);
}

fn title(model: &Model) -> String {
    match (model.pinned, model.selected_row()) {
        (Some(id), Some(_)) => format!(" fixed points · point {id} pinned "),
        (Some(id), None) => format!(" fixed points · pinned point {id} is not here "),
        (None, _) => " fixed points ".to_owned(),
    }
}

/// `27 fixed points: 8/12/6/1 with 0/1/2/3 unstable · index sum +1 (expected +1) · 0 slow`.
fn counts(points: &[&Point], landscape: Option<&LandscapeRow>) -> String {
    let mut by_unstable: Vec<(u16, usize)> = Vec::new();
    let mut unstable: Vec<u16> = points.iter().map(|point| point.n_unstable).collect();
    unstable.sort_unstable();
    for n in unstable {
        match by_unstable.last_mut() {
            Some((last, count)) if *last == n => *count += 1,
            _ => by_unstable.push((n, 1)),
        }
    }
    let join = |parts: Vec<String>| parts.join("/");
    let number = match points.len() {
        1 => "1 fixed point".to_owned(),
        count => format!("{count} fixed points"),
    };
    let directions = if points.is_empty() {
        String::new()
    } else {
        let numbers = join(
            by_unstable
                .iter()
                .map(|(_, count)| count.to_string())
                .collect(),
        );
        let directions = join(by_unstable.iter().map(|(n, _)| n.to_string()).collect());
        format!(": {numbers} with {directions} unstable")
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
    number + &directions + &indices
}

/// Rows that a text takes when it is broken between words.
fn wrapped_height(text: &str, width: u16) -> u16 {
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

fn list(model: &Model, theme: Theme, frame: &mut Frame, area: Rect, points: &[&Point]) {
    let is_full = area.width >= FULL_WIDTH;
    let header = ["point", "kind", "unst", "|λ|max", "readout", "index", "q"];
    let widths = [6, if is_full { 15 } else { 3 }, 4, 7, 10, 5, 8];
    let shown = if is_full { 7 } else { 5 };
    let rows = points.iter().map(|point| {
        let cells = cells(theme, point, is_full);
        Row::new(cells.into_iter().take(shown))
    });
    let titles = header
        .into_iter()
        .take(shown)
        .map(|title| Line::styled(title, theme.style(Ink::Faint)));
    let table = Table::new(rows, widths.into_iter().take(shown).map(Constraint::Length))
        .header(Row::new(titles))
        .row_highlight_style(Modifier::REVERSED);
    let mut state = TableState::default().with_selected(model.selected_row());
    frame.render_stateful_widget(table, area, &mut state);
}

fn cells(theme: Theme, point: &Point, with_name: bool) -> Vec<Line<'static>> {
    let sign = theme.point(point.kind, point.n_unstable);
    let kind = if with_name {
        format!("{sign:<2} {}", name(point.kind))
    } else {
        sign
    };
    vec![
        Line::raw(point.id.to_string()),
        Line::from(Span::styled(kind, theme.style(ink_of(point.kind)))),
        Line::raw(point.n_unstable.to_string()),
        Line::raw(format!("{:.3}", point.modulus)),
        Line::raw(signs(&point.readout)),
        Line::raw(format!("{:+}", point.index)),
        Line::raw(short_number(point.q)),
    ]
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::StableNode => "stable node",
        Kind::StableFocus => "stable focus",
        Kind::Saddle => "saddle",
        Kind::Repeller => "repeller",
        Kind::Marginal => "marginal",
    }
}

/// `+-0` for a readout of 1, −1, 0.
fn signs(readout: &[f64]) -> String {
    let sign = |&y: &f64| match y {
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
