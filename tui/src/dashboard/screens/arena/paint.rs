//! Pictures of cells: shades of values, walls, and how large a cell is drawn.

use tui::buffer::Buffer;
use tui::layout::Rect;
use tui::style::{Color, Style};

use crate::dashboard::shades::shade;
use crate::dashboard::theme::{Depth, Ink, Theme};

/// Shades of a small and a large number where there are too few colours for more, darker than a wall.
const SHADES: [(&str, &str); 4] = [("·", "."), ("░", ":"), ("▒", "+"), ("▓", "*")];
/// A wall.
const WALL: (&str, &str) = ("█", "#");

/// What a cell shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Look {
    Nothing,
    Wall,
    /// A number, by its share of the way from the smallest to the largest.
    Share(f64),
    /// A way lies on it.
    Trail,
}

impl Look {
    /// The look of a number between two ends.
    pub(super) fn of(value: f64, (low, high): (f64, f64)) -> Self {
        let share = if high > low {
            (value - low) / (high - low)
        } else {
            0.5
        };
        if share.is_finite() {
            Self::Share(share)
        } else {
            Self::Nothing
        }
    }

    /// Symbol and style where a cell has whole characters.
    pub(super) fn symbol(self, theme: Theme) -> (&'static str, Style) {
        let of = |(unicode, ascii): (&'static str, &'static str)| {
            if theme.ascii { ascii } else { unicode }
        };
        match self {
            Self::Nothing => (" ", Style::new()),
            Self::Wall => (of(WALL), theme.style(Ink::Trajectory)),
            Self::Trail => (of(("•", "o")), theme.bold(Ink::Saddle)),
            Self::Share(share) if has_shades(theme) => shade(theme, share),
            Self::Share(share) => {
                let last = (SHADES.len() - 1) as f64;
                let at = (share.clamp(0.0, 1.0) * last).round() as usize;
                (of(SHADES[at]), Style::new())
            }
        }
    }

    /// Its colour where it has half a character; none where there is nothing.
    fn color(self, theme: Theme) -> Option<Color> {
        match self {
            Self::Nothing => None,
            Self::Wall => Some(theme.color(Ink::Trajectory)),
            Self::Trail => Some(theme.color(Ink::Saddle)),
            Self::Share(share) => shade(theme, share).1.bg,
        }
    }
}

/// Whether there are colours enough for shades, so that a character can show two cells.
fn has_shades(theme: Theme) -> bool {
    matches!(theme.depth, Depth::True | Depth::Indexed)
}

/// Draws cells of a character's width and half its height into an area, as many as it holds. Where colours are few, a
/// character shows the mean of its two cells.
pub(super) fn halves(
    theme: Theme,
    area: Rect,
    (rows, columns): (usize, usize),
    look: impl Fn(usize, usize) -> Look,
    buffer: &mut Buffer,
) {
    for line in 0..usize::from(area.height).min(rows.div_ceil(2)) {
        for column in 0..usize::from(area.width).min(columns) {
            let upper = look(2 * line, column);
            let lower = if 2 * line + 1 < rows {
                look(2 * line + 1, column)
            } else {
                Look::Nothing
            };
            let (symbol, style) = if has_shades(theme) {
                half_block(theme, upper, lower)
            } else {
                both(upper, lower).symbol(theme)
            };
            let (x, y) = (area.x + column as u16, area.y + line as u16);
            buffer.set_stringn(x, y, symbol, 1, style);
        }
    }
}

fn half_block(theme: Theme, upper: Look, lower: Look) -> (&'static str, Style) {
    match (upper.color(theme), lower.color(theme)) {
        (None, None) => (" ", Style::new()),
        (Some(above), None) => ("▀", Style::new().fg(above)),
        (None, Some(below)) => ("▄", Style::new().fg(below)),
        (Some(above), Some(below)) => ("▀", Style::new().fg(above).bg(below)),
    }
}

/// What stands for two cells in one character: a way before a wall before numbers.
fn both(upper: Look, lower: Look) -> Look {
    match (upper, lower) {
        (Look::Share(a), Look::Share(b)) => Look::Share(f64::midpoint(a, b)),
        (Look::Trail, _) | (_, Look::Trail) => Look::Trail,
        (Look::Wall, _) | (_, Look::Wall) => Look::Wall,
        (Look::Nothing, other) | (other, Look::Nothing) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walls_and_numbers_are_told_apart_without_colours() {
        for ascii in [false, true] {
            let theme = Theme::dark(Depth::None, ascii);
            let shares = [0.0, 0.34, 0.67, 1.0].map(Look::Share);
            let all = shares
                .into_iter()
                .chain([Look::Nothing, Look::Wall, Look::Trail]);
            let symbols: std::collections::HashSet<_> =
                all.map(|look| look.symbol(theme).0).collect();
            assert_eq!(symbols.len(), 7);
            assert!(!ascii || symbols.iter().all(|symbol| symbol.is_ascii()));
        }
    }

    #[test]
    fn numbers_that_are_all_the_same_or_not_finite_are_drawn() {
        assert_eq!(Look::of(3.0, (3.0, 3.0)), Look::Share(0.5));
        assert_eq!(Look::of(f64::NAN, (0.0, 1.0)), Look::Nothing);
    }

    #[test]
    fn a_character_shows_two_cells() {
        let area = Rect::new(0, 0, 1, 2);
        let mut buffer = Buffer::empty(area);
        let look = |row, _| [Look::Wall, Look::Nothing, Look::Nothing][row];
        halves(
            Theme::dark(Depth::True, false),
            area,
            (3, 1),
            look,
            &mut buffer,
        );
        assert_eq!(
            (buffer[(0, 0)].symbol(), buffer[(0, 1)].symbol()),
            ("▀", " ")
        );
    }
}
