//! The legend, below the plots and outside of them: one entry for each name.

use super::around::SMALL;
use super::draw::{LINE, MARKER, marker};
use super::letters::{fitted, width};
use super::plot::{Mark, Plot, Series};
use super::scene::{Anchor, Colour, Dash, Shape};

/// Width of a sample of what an entry names.
const KEY: f64 = 16.0;
const GAP: f64 = 3.0;
const BETWEEN: f64 = 10.0;
const ROW: f64 = 10.0;

/// One entry.
#[derive(Debug, Clone, PartialEq)]
struct Entry<'a> {
    name: &'a str,
    /// How what it names is drawn: a line and its band are two.
    samples: Vec<(Mark, Colour)>,
}

impl Entry<'_> {
    /// Width of its sample: that of a marker alone is narrow.
    fn key(&self) -> f64 {
        let is_marker = |(mark, _): &(Mark, Colour)| {
            matches!(mark, Mark::Filled(_) | Mark::Open(_) | Mark::Dots)
        };
        if self.samples.iter().all(is_marker) {
            2.0 * MARKER + 1.0
        } else {
            KEY
        }
    }

    fn width(&self) -> f64 {
        self.key() + GAP + width(self.name, SMALL)
    }
}

/// Draws the legend of plots between two ends, below a height; the height that it takes is returned.
pub(super) fn legend(
    plots: &[Plot],
    [left, right]: [f64; 2],
    top: f64,
    shapes: &mut Vec<Shape>,
) -> f64 {
    let entries = entries(plots);
    let (mut x, mut row) = (left, top + 0.5 * ROW);
    for entry in &entries {
        if x > left && x + entry.width() > right {
            (x, row) = (left, row + ROW);
        }
        for &(mark, colour) in &entry.samples {
            sample(mark, colour, [x, row], entry.key(), shapes);
        }
        let room = right - x - entry.key() - GAP;
        let name = fitted(entry.name, SMALL, room);
        let at = [x + entry.key() + GAP, row + 0.35 * SMALL];
        shapes.push(Shape::words(at, Anchor::Start, SMALL, &name));
        x += entry.width() + BETWEEN;
    }
    if entries.is_empty() {
        0.0
    } else {
        row + 0.5 * ROW - top
    }
}

fn entries(plots: &[Plot]) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    let is_drawn = |of: &&Series| of.points.iter().any(|at| at.iter().all(|x| x.is_finite()));
    let of_series = plots.iter().flat_map(|plot| &plot.series);
    let of_series = of_series
        .filter(is_drawn)
        .map(|of| (of.name.as_str(), of.mark, of.colour));
    let of_lanes = plots.iter().flat_map(|plot| &plot.lanes);
    let of_lanes = of_lanes.map(|of| (of.about.as_str(), Mark::Filled(of.glyph), of.colour));
    for (name, mark, colour) in of_series.chain(of_lanes).filter(|of| !of.0.is_empty()) {
        let sample = match mark {
            Mark::Small(glyph) => (Mark::Filled(glyph), colour),
            _ => (mark, colour),
        };
        match entries.iter_mut().find(|entry| entry.name == name) {
            Some(entry) if entry.samples.contains(&sample) => {}
            Some(entry) => entry.samples.push(sample),
            None => entries.push(Entry {
                name,
                samples: vec![sample],
            }),
        }
    }
    entries
}

fn sample(mark: Mark, colour: Colour, [x, y]: [f64; 2], key: f64, shapes: &mut Vec<Shape>) {
    let line = |width: f64, dash: Dash| Shape::Line {
        points: vec![[x, y], [x + key, y]],
        colour,
        width,
        dash,
    };
    match mark {
        Mark::Line => shapes.push(line(LINE, Dash::Solid)),
        Mark::Dashes => shapes.push(line(LINE, Dash::Dashed)),
        Mark::Thin => shapes.push(line(0.6, Dash::Solid)),
        Mark::Area => shapes.push(Shape::Area {
            points: vec![
                [x, y - 3.0],
                [x + key, y - 3.0],
                [x + key, y + 3.0],
                [x, y + 3.0],
            ],
            colour,
        }),
        _ => shapes.extend(marker(mark, [x + 0.5 * key, y], colour)),
    }
}
