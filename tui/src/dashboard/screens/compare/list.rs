//! The list of the compared runs, and of those that could not be, each with the reason.

use tui::buffer::Buffer;
use tui::layout::{Constraint, Layout, Rect};
use tui::style::{Modifier, Style};
use tui::text::{Line, Span};
use tui::widgets::Widget as _;

use super::marks;
use crate::dashboard::screen::Desk;
use crate::dashboard::theme::{Ink, fitted, fitted_name, short_number};

/// The columns after the name, with their widths.
const COLUMNS: [(&str, u16); 5] = [
    ("group", 12),
    ("seed", 4),
    ("loss", 8),
    ("acc", 5),
    ("settled", 7),
];
/// Columns of a name at least.
const LEAST_NAME: u16 = 9;

/// Rows of the compared runs, and rows of the others below them.
fn parts(desk: &Desk, area: Rect) -> (Rect, Rect) {
    let refused = desk.comparison.refused.len() as u16;
    let refused = refused.min(area.height.saturating_sub(1).div_ceil(2));
    let rows = [
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(refused),
    ];
    let [_, runs, refused] = Layout::vertical(rows).areas(area);
    (runs, refused)
}

/// The first row that is in view, so that the cursor is.
fn first_row(desk: &Desk, area: Rect, cursor: usize) -> usize {
    let room = usize::from(area.height);
    let count = desk.comparison.runs.len();
    cursor
        .saturating_sub(room / 2)
        .min(count.saturating_sub(room))
}

/// The row of the list at a place of the terminal.
pub(super) fn row_at(desk: &Desk, area: Rect, cursor: usize, row: u16) -> Option<usize> {
    let (runs, _) = parts(desk, area);
    let down = row.checked_sub(runs.y).filter(|down| *down < runs.height)?;
    let row = first_row(desk, runs, cursor) + usize::from(down);
    (row < desk.comparison.runs.len()).then_some(row)
}

/// Draws the list; the run in the row of the cursor stands out.
pub(super) fn draw(desk: &Desk, cursor: usize, area: Rect, buffer: &mut Buffer) {
    let (runs, refused) = parts(desk, area);
    // Columns that do not fit are left out, the last first.
    let mut columns = &COLUMNS[..];
    let width = |columns: &[(&str, u16)]| columns.iter().map(|(_, width)| width + 1).sum::<u16>();
    while !columns.is_empty() && width(columns) + LEAST_NAME + 2 > area.width {
        columns = &columns[..columns.len() - 1];
    }
    let name = area.width.saturating_sub(width(columns) + 2);
    let faint = desk.theme.style(Ink::Faint);
    let titles = columns.iter().map(|(title, width)| padded(title, *width));
    let titles: String = titles.collect();
    let head = format!("  {}{titles}", padded("run", name.saturating_sub(1)));
    buffer.set_stringn(area.x, area.y, head, usize::from(area.width), faint);
    let first = first_row(desk, runs, cursor);
    for (down, row) in (first..desk.comparison.runs.len())
        .take(usize::from(runs.height))
        .enumerate()
    {
        let place = Rect {
            y: runs.y + down as u16,
            height: 1,
            ..runs
        };
        line(desk, row, (name, columns.len())).render(place, buffer);
        if row == cursor {
            buffer.set_style(place, Modifier::REVERSED);
        }
    }
    let warning = desk.theme.style(Ink::Warning);
    let hidden = desk
        .comparison
        .refused
        .len()
        .saturating_sub(usize::from(refused.height));
    for (down, of) in desk
        .comparison
        .refused
        .iter()
        .take(usize::from(refused.height))
        .enumerate()
    {
        let is_last = down + 1 == usize::from(refused.height) && hidden > 0;
        let text = if is_last {
            format!("! {} more that cannot be compared", hidden + 1)
        } else {
            format!("! {}: {}", of.name, of.reason)
        };
        let text = fitted(&text, refused.width);
        buffer.set_string(refused.x, refused.y + down as u16, text, warning);
    }
}

fn line(desk: &Desk, row: usize, (name, columns): (u16, usize)) -> Line<'static> {
    let Some(run) = desk.comparison.run(row) else {
        return Line::default();
    };
    let number = |x: f64, text: fn(f64) -> String| {
        if x.is_finite() {
            text(x)
        } else {
            String::new()
        }
    };
    let text = |x: Option<u64>| x.map_or_else(String::new, |x| x.to_string());
    let values = [
        run.group.clone(),
        text(run.seed),
        number(run.loss, short_number),
        number(run.accuracy, |x| format!("{x:.3}")),
        text(run.commitment),
    ];
    let values = values.iter().zip(COLUMNS).take(columns);
    let values: String = values
        .map(|(value, (_, width))| padded(value, width))
        .collect();
    let (sign, style) = marks::group(desk.theme, desk.comparison.group_of(row));
    Line::from(vec![
        Span::styled(format!("{sign} "), style),
        Span::raw(padded(
            &fitted_name(&run.name, name.saturating_sub(1)),
            name.saturating_sub(1),
        )),
        Span::styled(values, Style::new()),
    ])
}

/// A text in so many columns, and one more.
fn padded(text: &str, width: u16) -> String {
    let width = usize::from(width);
    format!("{:<width$} ", fitted(text, width as u16))
}
