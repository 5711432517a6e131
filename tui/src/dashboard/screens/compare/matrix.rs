//! The distances of all pairs of runs by one measure, as a map of shades.

use tui::buffer::Buffer;
use tui::layout::Rect;
use tui::style::{Modifier, Style};

use super::marks;
use crate::dashboard::data::comparison::{Compared, Measured};
use crate::dashboard::screen::{Desk, message};
use crate::dashboard::theme::{fitted_name, short_number};

/// Columns of a cell of the matrix.
const CELL: u16 = 2;
/// Rows below the matrix, which say what is under the cursor.
const FOOT: u16 = 2;

/// Where the matrix is, and what of it is in view.
pub(super) struct Grid {
    /// Names of the runs, left of their rows.
    names: Rect,
    cells: Rect,
    first: (usize, usize),
    shown: (usize, usize),
}

impl Grid {
    /// For a matrix of so many runs with the cursor at a row and a column, which is in view.
    pub(super) fn new(area: Rect, count: usize, cursor: (usize, usize)) -> Self {
        let names = (area.width / 3).min(20);
        let rows = area.height.saturating_sub(1 + FOOT);
        let (names, cells) = (
            Rect::new(area.x, area.y + 1, names, rows),
            Rect::new(area.x + names, area.y + 1, area.width - names, rows),
        );
        let shown = (
            usize::from(cells.height).min(count),
            usize::from(cells.width / CELL).min(count),
        );
        // The cursor is in the middle, as far as the matrix reaches.
        let first = |at: usize, shown: usize| at.saturating_sub(shown / 2).min(count - shown);
        Self {
            names,
            cells,
            first: (first(cursor.0, shown.0), first(cursor.1, shown.1)),
            shown,
        }
    }

    /// Row and column of the matrix at a place of the terminal.
    pub(super) fn at(&self, column: u16, row: u16) -> Option<(usize, usize)> {
        let down = usize::from(row.checked_sub(self.cells.y)?);
        let across = usize::from(column.checked_sub(self.cells.x)? / CELL);
        let is_inside = down < self.shown.0 && across < self.shown.1;
        is_inside.then_some((self.first.0 + down, self.first.1 + across))
    }
}

/// Draws the matrix by a measure.
pub(super) fn draw(
    desk: &Desk,
    measured: &Measured,
    cursor: (usize, usize),
    area: Rect,
    buffer: &mut Buffer,
) {
    let compared = &desk.comparison;
    let grid = Grid::new(area, compared.runs.len(), cursor);
    let range = measured.range(compared.runs.len()).unwrap_or((0.0, 0.0));
    heads(desk, &grid, cursor, buffer);
    for (down, row) in (grid.first.0..).take(grid.shown.0).enumerate() {
        for (across, column) in (grid.first.1..).take(grid.shown.1).enumerate() {
            let x = grid.cells.x + across as u16 * CELL;
            let y = grid.cells.y + down as u16;
            let is_cursor = (row, column) == cursor;
            cell(
                desk,
                measured,
                range,
                (row, column),
                (x, y, is_cursor),
                buffer,
            );
        }
    }
    let foot = Rect {
        y: area.bottom().saturating_sub(FOOT.min(area.height)),
        height: FOOT.min(area.height),
        ..area
    };
    message(
        foot,
        &under_cursor(compared, measured, cursor),
        Style::new(),
        buffer,
    );
}

/// Signs of the groups above the columns, and signs and names left of the rows.
fn heads(desk: &Desk, grid: &Grid, cursor: (usize, usize), buffer: &mut Buffer) {
    let compared = &desk.comparison;
    let reversed = |style: Style, is_cursor: bool| {
        if is_cursor {
            style.add_modifier(Modifier::REVERSED)
        } else {
            style
        }
    };
    for (across, column) in (grid.first.1..).take(grid.shown.1).enumerate() {
        let (sign, style) = marks::group(desk.theme, compared.group_of(column));
        let style = reversed(style, column == cursor.1);
        let x = grid.cells.x + across as u16 * CELL;
        buffer.set_string(x, grid.cells.y - 1, format!("{sign} "), style);
    }
    for (down, row) in (grid.first.0..).take(grid.shown.0).enumerate() {
        let (sign, style) = marks::group(desk.theme, compared.group_of(row));
        let y = grid.names.y + down as u16;
        buffer.set_string(grid.names.x, y, sign, reversed(style, row == cursor.0));
        let name = compared.run(row).map_or("", |run| run.name.as_str());
        let name = fitted_name(name, grid.names.width.saturating_sub(3));
        buffer.set_string(
            grid.names.x + 2,
            y,
            name,
            reversed(Style::new(), row == cursor.0),
        );
    }
}

fn cell(
    desk: &Desk,
    measured: &Measured,
    (low, high): (f64, f64),
    (row, column): (usize, usize),
    (x, y, is_cursor): (u16, u16, bool),
    buffer: &mut Buffer,
) {
    let (symbol, style) = match desk.comparison.cell(measured, row, column) {
        Some(Ok(distance)) if distance.is_finite() => {
            let share = (distance - low) / (high - low).max(f64::MIN_POSITIVE);
            marks::distance(desk.theme, share)
        }
        _ => marks::no_distance(desk.theme),
    };
    if is_cursor {
        let style = style.add_modifier(Modifier::BOLD | Modifier::REVERSED);
        buffer.set_string(x, y, "[]", style);
    } else {
        buffer.set_string(x, y, symbol.repeat(usize::from(CELL)), style);
    }
}

/// The two runs under the cursor, and their distance or why there is none.
fn under_cursor(compared: &Compared, measured: &Measured, (row, column): (usize, usize)) -> String {
    let name = |row: usize| compared.run(row).map_or("", |run| run.name.as_str());
    let distance = match compared.cell(measured, row, column) {
        Some(Ok(distance)) => short_number(distance),
        Some(Err(reason)) => format!("no distance: {reason}"),
        None => "no distance was computed".into(),
    };
    if row == column {
        format!("{}, and itself: {distance}", name(row))
    } else {
        format!("{}, {}: {distance}", name(row), name(column))
    }
}

/// What the shades mean, for the lower border.
pub(super) fn legend(desk: &Desk, measured: &Measured) -> String {
    let Some((low, high)) = measured.range(desk.comparison.runs.len()) else {
        return "no two runs have a distance".into();
    };
    let (dark, bright) = if matches!(marks::distance(desk.theme, 1.0).0, " ") {
        ("dark", "bright")
    } else {
        ("empty", "full")
    };
    format!(
        "{dark} {} to {bright} {}",
        short_number(low),
        short_number(high)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_is_in_view_and_cells_are_where_they_are_drawn() {
        for (width, height) in [(78, 17), (40, 9), (10, 4), (5, 2), (1, 1)] {
            for count in [1, 2, 30, 300] {
                for cursor in [(0, 0), (count / 2, count - 1), (count - 1, 0)] {
                    let grid = Grid::new(Rect::new(3, 5, width, height), count, cursor);
                    assert!(grid.first.0 + grid.shown.0 <= count);
                    if grid.shown.0 == 0 || grid.shown.1 == 0 {
                        continue;
                    }
                    let x = grid.cells.x + (cursor.1 - grid.first.1) as u16 * CELL;
                    let y = grid.cells.y + (cursor.0 - grid.first.0) as u16;
                    assert_eq!(grid.at(x, y), Some(cursor));
                    assert_eq!(grid.at(x + 1, y), Some(cursor));
                    assert!(grid.cells.contains(tui::layout::Position { x, y }));
                }
            }
        }
    }
}
