//! The room from above: walls, values, the most frequent moves, the goal, and one way through it.

use std::fmt::Write as _;

use tui::buffer::Buffer;
use tui::layout::Rect;
use tui::style::{Modifier, Style};

use super::Arena;
use super::chosen::Shown;
use super::paint::{Look, halves};
use crate::dashboard::data::rooms::{Cell, Ground, Moment, Room};
use crate::dashboard::plot::{Dash, Plot};
use crate::dashboard::screen::{Desk, Pane};
use crate::dashboard::theme::{Ink, Theme, short_number};

/// Columns of a terminal that are as wide as one of its rows is high.
const ASPECT: u16 = 2;

/// Columns from which on the title has words between its numbers.
const WIDE: u16 = 50;

/// Draws the room on screen.
pub(super) fn draw(arena: &Arena, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
    let shown = arena.shown(desk);
    let Some(shown) = shown else {
        let inner = pane.frame(desk, "room", buffer);
        return Arena::say_why_empty(
            (pane, desk),
            |rooms| rooms.seen.as_ref().err(),
            inner,
            buffer,
        );
    };
    let foot = legend(desk.theme, &shown, pane.area.width);
    let inner = pane.frame_with_foot(desk, title(arena, &shown, pane.area.width), &foot, buffer);
    let picture = Picture::new(arena, desk.theme, &shown, inner);
    picture.draw(buffer);
}

/// `basic · goal 1 of 4 · way 2 of 6 · t 12 of 31`.
fn title(arena: &Arena, shown: &Shown, width: u16) -> String {
    let of = if width < WIDE { "/" } else { " of " };
    let place = |at: Option<usize>, count: usize| format!("{}{of}{count}", at.unwrap_or(0) + 1);
    let goal = shown.goals.iter().position(|goal| *goal == shown.goal);
    let mut title = format!("{} · goal {}", shown.name, place(goal, shown.goals.len()));
    if let Some(way) = shown.way {
        let at = shown.ways.iter().position(|of| of.number == way.number);
        let time = arena.time_in(way);
        let last = way.moments.len().saturating_sub(1);
        let path = place(at, shown.ways.len());
        let _ = write!(title, " · path {path} · t {time}{of}{last}");
    }
    title
}

fn goal_sign(theme: Theme) -> &'static str {
    if theme.ascii { "G" } else { "★" }
}

/// What the signs mean and how far the values reach, as much as fits.
fn legend(theme: Theme, shown: &Shown, width: u16) -> String {
    let mut text = format!("{} goal  @ agent", goal_sign(theme));
    if let Some((low, high)) = shown.room.and_then(Room::values) {
        let values = format!("  value {} to {}", short_number(low), short_number(high));
        if text.chars().count() + values.chars().count() + 5 < usize::from(width) {
            text += &values;
        }
    }
    text
}

/// How large a cell is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    /// So many rows of the terminal, and twice as many columns.
    Whole(u16),
    /// A column wide and half a row high.
    Half,
}

struct Picture<'a> {
    theme: Theme,
    shown: &'a Shown<'a>,
    /// The way up to the time on screen.
    trail: &'a [Moment],
    values: (f64, f64),
    size: Size,
    /// Row and column of the cell in the upper left corner.
    first: (usize, usize),
    /// Rows and columns that are drawn.
    extent: (usize, usize),
    area: Rect,
}

impl<'a> Picture<'a> {
    fn new(arena: &Arena, theme: Theme, shown: &'a Shown<'a>, area: Rect) -> Self {
        let trail = shown.way.map_or(&[][..], |way| {
            let until = arena.time_in(way) + 1;
            &way.moments[..until.min(way.moments.len())]
        });
        let whole = whole_extent(shown);
        let fit = (area.height / whole.0.clamp(1, 1 << 14) as u16)
            .min(area.width / (ASPECT * whole.1.clamp(1, 1 << 14) as u16));
        let (size, room) = if fit > 0 {
            (Size::Whole(fit), whole)
        } else {
            (
                Size::Half,
                (usize::from(area.height) * 2, usize::from(area.width)),
            )
        };
        let extent = (whole.0.min(room.0), whole.1.min(room.1));
        // What does not fit is cut off around the agent.
        let here = trail.last().map_or((0, 0), |moment| moment.cell);
        let first = |at: u16, extent: usize, whole: usize| {
            usize::from(at)
                .saturating_sub(extent / 2)
                .min(whole - extent)
        };
        let (height, width) = match size {
            Size::Whole(rows) => (extent.0 as u16 * rows, extent.1 as u16 * rows * ASPECT),
            Size::Half => (extent.0.div_ceil(2) as u16, extent.1 as u16),
        };
        Self {
            theme,
            shown,
            trail,
            values: shown.room.and_then(Room::values).unwrap_or((0.0, 1.0)),
            size,
            first: (
                first(here.0, extent.0, whole.0),
                first(here.1, extent.1, whole.1),
            ),
            extent,
            area: Rect {
                x: area.x + (area.width - width) / 2,
                y: area.y + (area.height - height) / 2,
                width,
                height,
            },
        }
    }

    fn cell(&self, row: usize, column: usize) -> Option<Cell> {
        let (top, left) = self.first;
        self.shown.room?.cell(top + row, left + column)
    }

    fn look(&self, row: usize, column: usize) -> Look {
        match self.cell(row, column) {
            Some(cell) if cell.ground == Ground::Wall => Look::Wall,
            Some(cell) => cell
                .value
                .map_or(Look::Nothing, |value| Look::of(value, self.values)),
            None => Look::Nothing,
        }
    }

    /// Where the characters of a cell begin.
    fn place(&self, row: usize, column: usize) -> (u16, u16) {
        let (row, column) = (row as u16, column as u16);
        match self.size {
            Size::Whole(rows) => (
                self.area.x + column * rows * ASPECT,
                self.area.y + row * rows,
            ),
            Size::Half => (self.area.x + column, self.area.y + row / 2),
        }
    }

    /// Row and column within the picture of a cell of the room.
    fn within(&self, (row, column): (u16, u16)) -> Option<(usize, usize)> {
        let row = usize::from(row).checked_sub(self.first.0)?;
        let column = usize::from(column).checked_sub(self.first.1)?;
        (row < self.extent.0 && column < self.extent.1).then_some((row, column))
    }

    fn draw(&self, buffer: &mut Buffer) {
        match self.size {
            Size::Whole(rows) => {
                self.draw_cells(rows, buffer);
                self.draw_trail(buffer);
            }
            Size::Half => self.draw_halves(buffer),
        }
        self.draw_goals(buffer);
        self.draw_agent(buffer);
    }

    fn draw_cells(&self, rows: u16, buffer: &mut Buffer) {
        for row in 0..self.extent.0 {
            for column in 0..self.extent.1 {
                let (symbol, style) = self.look(row, column).symbol(self.theme);
                let (x, y) = self.place(row, column);
                let line = symbol.repeat(usize::from(rows * ASPECT));
                for down in 0..rows {
                    buffer.set_string(x, y + down, &line, style);
                }
                let cell = self
                    .cell(row, column)
                    .filter(|of| of.ground != Ground::Wall);
                if let Some(chosen) = cell.and_then(|cell| cell.chosen) {
                    let middle = (x + rows - 1, y + (rows - 1) / 2);
                    buffer.set_string(middle.0, middle.1, chosen.arrow(), style);
                }
            }
        }
    }

    /// The way as a line through the middles of its cells.
    fn draw_trail(&self, buffer: &mut Buffer) {
        let Size::Whole(rows) = self.size else {
            return;
        };
        // So that the middle of a cell is the middle of its dots.
        let rim = 0.5 / f64::from(4 * rows);
        let (height, width) = (self.extent.0 as f64, self.extent.1 as f64);
        let x = (rim, width - rim);
        let mut plot = Plot::new(self.theme, self.area, x, (rim - height, -rim));
        let middle = |moment: &Moment| {
            let (row, column) = moment.cell;
            (
                f64::from(column) - self.first.1 as f64 + 0.5,
                self.first.0 as f64 - f64::from(row) - 0.5,
            )
        };
        for pair in self.trail.windows(2) {
            plot.line(middle(&pair[0]), middle(&pair[1]), Ink::Saddle, Dash::Solid);
        }
        plot.render_as_letters(buffer);
    }

    fn draw_halves(&self, buffer: &mut Buffer) {
        let mut walked = vec![false; self.extent.0 * self.extent.1];
        for moment in self.trail {
            if let Some((row, column)) = self.within(moment.cell) {
                walked[row * self.extent.1 + column] = true;
            }
        }
        let look = |row: usize, column: usize| {
            if walked[row * self.extent.1 + column] {
                Look::Trail
            } else {
                self.look(row, column)
            }
        };
        halves(self.theme, self.area, self.extent, look, buffer);
    }

    /// Writes a sign into the middle of a cell, on what is there.
    fn sign(&self, (row, column): (usize, usize), sign: &str, style: Style, buffer: &mut Buffer) {
        let (x, y) = self.place(row, column);
        let (x, y) = match self.size {
            Size::Whole(rows) => (x + rows - 1, y + (rows - 1) / 2),
            Size::Half => {
                // Its colours are those of two cells, of which the sign would have one.
                if let Some(cell) = buffer.cell_mut((x, y)) {
                    cell.reset();
                }
                (x, y)
            }
        };
        buffer.set_stringn(x, y, sign, 1, style);
    }

    fn draw_goals(&self, buffer: &mut Buffer) {
        let style = Style::new().add_modifier(Modifier::BOLD);
        for row in 0..self.extent.0 {
            for column in 0..self.extent.1 {
                let cell = self.cell(row, column);
                if cell.is_some_and(|cell| cell.ground == Ground::Goal) {
                    self.sign((row, column), goal_sign(self.theme), style, buffer);
                }
            }
        }
    }

    /// Where the agent began, and where it is.
    fn draw_agent(&self, buffer: &mut Buffer) {
        let (Some(begin), Some(here)) = (self.trail.first(), self.trail.last()) else {
            return;
        };
        let bold = Style::new().add_modifier(Modifier::BOLD);
        let begin = self.within(begin.cell).filter(|_| begin.cell != here.cell);
        if let Some(at) = begin {
            let sign = if self.theme.ascii { "o" } else { "○" };
            self.sign(at, sign, bold, buffer);
        }
        let Some(at) = self.within(here.cell) else {
            return;
        };
        if let Size::Whole(rows) = self.size {
            let (x, y) = self.place(at.0, at.1);
            let area = Rect::new(x, y, rows * ASPECT, rows);
            buffer.set_style(area, Modifier::REVERSED);
        }
        self.sign(at, "@", bold.add_modifier(Modifier::REVERSED), buffer);
    }
}

/// Rows and columns of the room; where its cells were not kept, as far as the ways reach.
fn whole_extent(shown: &Shown) -> (usize, usize) {
    if let Some(room) = shown.room {
        return (room.rows, room.columns);
    }
    let cells = shown.ways.iter().flat_map(|way| &way.moments);
    cells.fold((1, 1), |(rows, columns), moment| {
        let (row, column) = moment.cell;
        (
            rows.max(usize::from(row) + 1),
            columns.max(usize::from(column) + 1),
        )
    })
}
