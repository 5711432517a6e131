//! A picture of dots in cells: lines solid and dashed, points, glyphs and text, in coordinates of the data. What is not
//! finite is not drawn.

use tui::buffer::Buffer;
use tui::layout::Rect;
use tui::style::{Color, Style};

use super::theme::{Ink, Theme};

/// Dots of a cell, across and down.
const DOTS: (u16, u16) = (2, 4);

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dash {
    Solid,
    /// Dots drawn and dots left out, in turn.
    Dashed,
    Dotted,
}

impl Dash {
    fn has(self, dot: u32) -> bool {
        match self {
            Self::Solid => true,
            Self::Dashed => dot % 5 < 3,
            Self::Dotted => dot.is_multiple_of(4),
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Character {
    dots: u8,
    color: Color,
}

/// A picture in the making.
pub(crate) struct Plot {
    area: Rect,
    x: (f64, f64),
    y: (f64, f64),
    theme: Theme,
    cells: Vec<Character>,
    texts: Vec<(u16, u16, String, Style)>,
}

impl Plot {
    /// A picture of `area` that shows the ranges `x` and `y`.
    pub(crate) fn new(theme: Theme, area: Rect, x: (f64, f64), y: (f64, f64)) -> Self {
        Self {
            area,
            x,
            y,
            theme,
            cells: vec![Character::default(); usize::from(area.width) * usize::from(area.height)],
            texts: Vec::new(),
        }
    }

    /// A picture of `area` with equal scales along both axes that shows at least a square of half-width `radius`.
    pub(crate) fn square(theme: Theme, area: Rect, radius: f64) -> Self {
        // A cell is twice as high as wide.
        let half_width = f64::from(area.width) / 4.0;
        let half_height = f64::from(area.height) / 2.0;
        let unit = radius / half_width.min(half_height).max(f64::MIN_POSITIVE);
        let (x_end, y_end) = (half_width * unit, half_height * unit);
        Self::new(theme, area, (-x_end, x_end), (-y_end, y_end))
    }

    pub(crate) fn x_range(&self) -> (f64, f64) {
        self.x
    }

    pub(crate) fn y_range(&self) -> (f64, f64) {
        self.y
    }

    /// Dot at a place, as real numbers from the upper left corner.
    fn dot(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        let across = f64::from(self.area.width * DOTS.0) - 1.0;
        let down = f64::from(self.area.height * DOTS.1) - 1.0;
        let at = (
            (x - self.x.0) / (self.x.1 - self.x.0) * across,
            (self.y.1 - y) / (self.y.1 - self.y.0) * down,
        );
        (at.0.is_finite() && at.1.is_finite()).then_some(at)
    }

    /// Cell at a place, if it is in the picture.
    pub(crate) fn cell(&self, x: f64, y: f64) -> Option<(u16, u16)> {
        let (across, down) = self.dot(x, y)?;
        let (column, row) = (
            (across.round() / f64::from(DOTS.0)).floor(),
            (down.round() / f64::from(DOTS.1)).floor(),
        );
        let is_inside = column >= 0.0
            && row >= 0.0
            && column < f64::from(self.area.width)
            && row < f64::from(self.area.height);
        is_inside.then_some((self.area.x + column as u16, self.area.y + row as u16))
    }

    fn set(&mut self, across: i64, down: i64, color: Color) {
        let (column, row) = (
            across.div_euclid(i64::from(DOTS.0)),
            down.div_euclid(i64::from(DOTS.1)),
        );
        let is_inside = (0..i64::from(self.area.width)).contains(&column)
            && (0..i64::from(self.area.height)).contains(&row);
        if !is_inside {
            return;
        }
        let bit = match (across.rem_euclid(2), down.rem_euclid(4)) {
            (0, 3) => 0x40,
            (_, 3) => 0x80,
            (0, down) => 1 << down,
            (_, down) => 8 << down,
        };
        let cell = &mut self.cells[row as usize * usize::from(self.area.width) + column as usize];
        cell.dots |= bit;
        cell.color = color;
    }

    /// A point.
    pub(crate) fn point(&mut self, x: f64, y: f64, ink: Ink) {
        if let Some((across, down)) = self.dot(x, y) {
            self.set(
                across.round() as i64,
                down.round() as i64,
                self.theme.color(ink),
            );
        }
    }

    /// A line; nothing where an end is not finite.
    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), ink: Ink, dash: Dash) {
        let (Some(a), Some(b)) = (self.dot(from.0, from.1), self.dot(to.0, to.1)) else {
            return;
        };
        let Some((a, b)) = self.clip(a, b) else {
            return;
        };
        let color = self.theme.color(ink);
        let count = (b.0 - a.0).abs().max((b.1 - a.1).abs()).ceil() as u32;
        for i in 0..=count {
            let share = f64::from(i) / f64::from(count.max(1));
            let across = (a.0 + share * (b.0 - a.0)).round() as i64;
            let down = (a.1 + share * (b.1 - a.1)).round() as i64;
            // Dashes hang on the place, so that the pieces of a curve fit together.
            let along = if (b.0 - a.0).abs() >= (b.1 - a.1).abs() {
                across
            } else {
                down
            };
            if dash.has(along.unsigned_abs() as u32) {
                self.set(across, down, color);
            }
        }
    }

    /// The part of a line of dots that is in the picture (Liang and Barsky).
    fn clip(&self, a: (f64, f64), b: (f64, f64)) -> Option<((f64, f64), (f64, f64))> {
        let across = f64::from(self.area.width * DOTS.0);
        let down = f64::from(self.area.height * DOTS.1);
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let (mut begin, mut end) = (0.0_f64, 1.0_f64);
        let edges = [
            (-dx, a.0 + 1.0),
            (dx, across - a.0),
            (-dy, a.1 + 1.0),
            (dy, down - a.1),
        ];
        for (towards, room) in edges {
            if towards == 0.0 {
                if room < 0.0 {
                    return None;
                }
            } else if towards < 0.0 {
                begin = begin.max(room / towards);
            } else {
                end = end.min(room / towards);
            }
        }
        let at = |share: f64| (a.0 + share * dx, a.1 + share * dy);
        (begin <= end).then(|| (at(begin), at(end)))
    }

    /// A circle around the origin.
    pub(crate) fn circle(&mut self, radius: f64, ink: Ink) {
        let dots = 8 * usize::from(self.area.width.max(self.area.height));
        for i in 0..dots {
            let angle = i as f64 / dots as f64 * std::f64::consts::TAU;
            self.point(radius * angle.cos(), radius * angle.sin(), ink);
        }
    }

    /// Text that begins at a place.
    pub(crate) fn text(&mut self, x: f64, y: f64, text: impl Into<String>, style: Style) {
        if let Some((column, row)) = self.cell(x, y) {
            self.texts.push((column, row, text.into(), style));
        }
    }

    /// Puts the picture into the buffer.
    pub(crate) fn render(self, buffer: &mut Buffer) {
        self.put(buffer, false);
    }

    /// Puts the picture into the buffer, its lines in the colour that letters have there.
    pub(crate) fn render_as_letters(self, buffer: &mut Buffer) {
        self.put(buffer, true);
    }

    fn put(self, buffer: &mut Buffer, keeps_color: bool) {
        let width = usize::from(self.area.width);
        for (at, cell) in self
            .cells
            .iter()
            .enumerate()
            .filter(|(_, cell)| cell.dots != 0)
        {
            let (column, row) = ((at % width) as u16, (at / width) as u16);
            let symbol = if self.theme.ascii {
                ascii(cell.dots)
            } else {
                char::from_u32(0x2800 + u32::from(cell.dots)).unwrap_or(' ')
            };
            if let Some(target) = buffer.cell_mut((self.area.x + column, self.area.y + row)) {
                target.set_char(symbol);
                if !keeps_color {
                    target.set_fg(cell.color);
                }
            }
        }
        for (column, row, text, style) in self.texts {
            let room = usize::from(self.area.right() - column);
            buffer.set_stringn(column, row, text, room, style);
        }
    }
}

/// A character with its weight where the dots are.
fn ascii(dots: u8) -> char {
    const UPPER: u8 = 0b0000_1001;
    const MIDDLE: u8 = 0b0011_0110;
    match dots {
        _ if dots & !UPPER == 0 => '\'',
        _ if dots & MIDDLE == dots => '-',
        _ if dots & (UPPER | 0b0001_0010) == 0 => '.',
        _ => ':',
    }
}

#[cfg(test)]
mod tests {
    use super::super::theme::{Background, Depth};
    use super::*;

    fn plot() -> (Plot, Buffer) {
        let theme = Theme {
            ascii: false,
            depth: Depth::None,
            background: Background::Dark,
        };
        let area = Rect::new(1, 1, 4, 2);
        (
            Plot::new(theme, area, (0.0, 1.0), (0.0, 1.0)),
            Buffer::empty(Rect::new(0, 0, 6, 4)),
        )
    }

    fn drawn(buffer: &Buffer) -> usize {
        buffer
            .content
            .iter()
            .filter(|cell| cell.symbol() != " ")
            .count()
    }

    #[test]
    fn what_is_not_finite_is_not_drawn() {
        let (mut plot, mut buffer) = plot();
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            plot.point(bad, 0.5, Ink::Loss);
            plot.point(0.5, bad, Ink::Loss);
            plot.line((0.0, bad), (1.0, 1.0), Ink::Loss, Dash::Solid);
            plot.text(0.5, bad, "x", Style::new());
        }
        plot.render(&mut buffer);
        assert_eq!(drawn(&buffer), 0);
    }

    #[test]
    fn lines_are_clipped_to_the_picture() {
        let (mut plot, mut buffer) = plot();
        plot.line((-1e9, 0.0), (1e9, 0.0), Ink::Loss, Dash::Solid);
        plot.line((-3.0, 2.0), (-1.0, 2.0), Ink::Loss, Dash::Solid);
        plot.render(&mut buffer);
        assert_eq!(drawn(&buffer), 4, "the lower row");
        for column in 1..5 {
            assert_eq!(buffer[(column, 2)].symbol(), "⣀");
        }
    }

    #[test]
    fn corners_are_the_corners() {
        let (mut plot, mut buffer) = plot();
        plot.point(0.0, 1.0, Ink::Loss);
        plot.point(1.0, 0.0, Ink::Loss);
        plot.render(&mut buffer);
        assert_eq!(
            (buffer[(1, 1)].symbol(), buffer[(4, 2)].symbol()),
            ("⠁", "⢀")
        );
    }
}
