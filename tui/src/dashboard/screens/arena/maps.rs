//! Where units are active: small pictures of their rate maps, with what they score.

use tui::buffer::Buffer;
use tui::layout::Rect;
use tui::style::{Modifier, Style};
use tui::text::Line;
use tui::widgets::Widget as _;

use super::paint::{Look, halves};
use super::{Arena, Now};
use crate::dashboard::data::rooms::RateMap;
use crate::dashboard::screen::{Desk, Pane, message};
use crate::dashboard::theme::{Ink, Theme, fitted};

/// By what the units are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Order {
    #[default]
    Information,
    Grid,
    Border,
    Number,
}

impl Order {
    pub(super) fn next(self) -> Self {
        match self {
            Self::Information => Self::Grid,
            Self::Grid => Self::Border,
            Self::Border => Self::Number,
            Self::Number => Self::Information,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Grid => "grid score",
            Self::Border => "border score",
            Self::Number => "number",
        }
    }

    /// What the largest of comes first.
    fn key(self, map: &RateMap) -> f64 {
        let key = match self {
            Self::Information => map.information,
            Self::Grid => map.grid_score,
            Self::Border => map.border_score,
            Self::Number => -f64::from(map.unit),
        };
        // What has no score comes last.
        if key.is_nan() { f64::NEG_INFINITY } else { key }
    }
}

/// Columns that the scores of a unit need at least.
const LEAST_WIDTH: usize = 13;
/// Rows above a picture: unit and information, grid and border score.
const HEAD: u16 = 2;

/// Draws the maps of as many units as fit.
pub(super) fn draw(arena: &Arena, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
    let maps = match Arena::now(desk) {
        Now::Rooms(rooms) => rooms.maps.as_deref().unwrap_or_default(),
        _ => &[],
    };
    if maps.is_empty() {
        let inner = pane.frame(desk, "rate maps", buffer);
        return Arena::say_why_empty(
            (pane, desk),
            |rooms| rooms.maps.as_ref().err(),
            inner,
            buffer,
        );
    }
    let first = arena.first_unit.min(maps.len() - 1);
    let title = format!(
        "rate maps by {} · from {} of {}",
        arena.order.name(),
        first + 1,
        maps.len()
    );
    let foot = "bit: information  g: grid  b: border score";
    let inner = pane.frame_with_foot(
        desk,
        title,
        &fitted(foot, pane.area.width.saturating_sub(4)),
        buffer,
    );
    let mut ordered: Vec<&RateMap> = maps.iter().collect();
    ordered.sort_by(|a, b| {
        let keys = (arena.order.key(a), arena.order.key(b));
        keys.1.total_cmp(&keys.0).then(a.unit.cmp(&b.unit))
    });
    let shown = &ordered[first..];
    match shown.iter().find(|map| !map.rates.is_empty()) {
        Some(map) => pictures(desk.theme, shown, grain(map, inner), inner, buffer),
        None => list(shown, inner, buffer),
    }
}

/// Cells of a map that are drawn as one, in either direction, so that at least one map fits.
fn grain(map: &RateMap, area: Rect) -> usize {
    let rows = map
        .rows()
        .div_ceil(2 * usize::from(area.height.saturating_sub(HEAD)).max(1));
    let columns = map.columns.div_ceil(usize::from(area.width).max(1));
    rows.max(columns).max(1)
}

fn pictures(theme: Theme, maps: &[&RateMap], grain: usize, area: Rect, buffer: &mut Buffer) {
    let Some(largest) = maps.iter().max_by_key(|map| map.rates.len()) else {
        return;
    };
    let (rows, columns) = (
        largest.rows().div_ceil(grain),
        largest.columns.div_ceil(grain),
    );
    let width = columns.max(LEAST_WIDTH) + 1;
    let height = rows.div_ceil(2) + usize::from(HEAD);
    let across = (usize::from(area.width) + 1)
        .checked_div(width)
        .unwrap_or(0)
        .max(1);
    let down = usize::from(area.height)
        .checked_div(height)
        .unwrap_or(0)
        .max(1);
    for (number, map) in maps.iter().take(across * down).enumerate() {
        let place = Rect {
            x: area.x + ((number % across) * width) as u16,
            y: area.y + ((number / across) * height) as u16,
            width: width as u16 - 1,
            height: height as u16,
        };
        picture(theme, map, grain, place.intersection(area), buffer);
    }
}

fn picture(theme: Theme, map: &RateMap, grain: usize, area: Rect, buffer: &mut Buffer) {
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let head = format!("{} {:.2} bit", map.unit, map.information);
    let scores = format!("g{:.2} b{:.2}", map.grid_score, map.border_score);
    let room = usize::from(area.width);
    for (down, (text, style)) in [(head, bold), (scores, theme.style(Ink::Faint))]
        .iter()
        .enumerate()
    {
        if (down as u16) < area.height {
            buffer.set_stringn(area.x, area.y + down as u16, text, room, *style);
        }
    }
    let Some(ends) = map.ends() else {
        return;
    };
    let below = Rect {
        y: area.y + HEAD.min(area.height),
        height: area.height.saturating_sub(HEAD),
        ..area
    };
    let extent = (map.rows().div_ceil(grain), map.columns.div_ceil(grain));
    let look = |row, column| Look::of(mean(map, grain, (row, column)), ends);
    halves(theme, below, extent, look, buffer);
}

/// Mean rate of the cells that are drawn as one.
fn mean(map: &RateMap, grain: usize, (row, column): (usize, usize)) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for row in (row * grain..(row + 1) * grain).take_while(|row| *row < map.rows()) {
        let begin = row * map.columns + column * grain;
        let end = (begin + grain).min((row + 1) * map.columns);
        for &rate in &map.rates[begin..end] {
            sum += f64::from(rate);
            count += 1.0;
        }
    }
    sum / count
}

/// The scores alone, of runs that keep no maps.
fn list(maps: &[&RateMap], area: Rect, buffer: &mut Buffer) {
    let line = |map: &&RateMap| {
        Line::raw(format!(
            "unit {:<5} {:>6.2} bit  grid {:>5.2}  border {:>5.2}",
            map.unit, map.information, map.grid_score, map.border_score
        ))
    };
    for (row, map) in area.rows().zip(maps) {
        line(map).render(row, buffer);
    }
    if maps.is_empty() {
        message(area, "no unit", Style::new(), buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(columns: usize, rates: Vec<f32>) -> RateMap {
        RateMap {
            unit: 0,
            columns,
            rates,
            information: f64::NAN,
            grid_score: 0.5,
            border_score: 0.0,
        }
    }

    #[test]
    fn cells_that_are_drawn_as_one_show_their_mean() {
        let map = map(3, (0..9_u8).map(f32::from).collect());
        assert_eq!(mean(&map, 2, (0, 0)), 2.0);
        assert_eq!(mean(&map, 2, (1, 1)), 8.0);
        assert_eq!(grain(&map, Rect::new(0, 0, 2, 3)), 2);
        assert_eq!(grain(&map, Rect::new(0, 0, 9, 9)), 1);
    }

    #[test]
    fn a_unit_without_a_score_comes_last() {
        let map = map(1, Vec::new());
        assert!(Order::Information.key(&map).is_infinite());
        assert_eq!(Order::Grid.key(&map), 0.5);
        assert_eq!(map.ends(), None);
    }
}
