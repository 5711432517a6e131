//! The inside of a plot as shapes.

use super::frame::{Frame, thinned};
use super::letters;
use super::plot::{Cells, ColourBar, Lane, Mark, Plot, Series};
use super::scene::{Anchor, Colour, Dash, Glyph, Shape};
use super::shades::shade;

/// Width of the lines of data, in points.
pub(super) const LINE: f64 = 1.0;
const THIN: f64 = 0.45;
/// Half the width of markers and of dots.
pub(super) const MARKER: f64 = 2.1;
const SMALL_MARKER: f64 = 1.6;
const DOT: f64 = 0.9;
/// Height of the letters within plots.
const WORDS: f64 = 7.0;

/// Draws cells, rules, series and words.
pub(super) fn inside(plot: &Plot, frame: &Frame, shapes: &mut Vec<Shape>) {
    if let Some(cells) = &plot.cells {
        heat_map(cells, plot.colour_bar.as_ref(), frame, shapes);
    }
    for rule in &plot.rules {
        let ends = if rule.is_upright {
            let x = frame.across(rule.at);
            [[x, frame.top], [x, frame.bottom()]]
        } else {
            let y = frame.down(rule.at);
            [[frame.left, y], [frame.right(), y]]
        };
        if ends.iter().all(|&end| frame.holds(end)) {
            shapes.push(Shape::Line {
                points: ends.to_vec(),
                colour: Colour(0x88, 0x88, 0x88),
                width: 0.6,
                dash: rule.dash,
            });
        }
    }
    for series in &plot.series {
        draw(series, frame, shapes);
    }
    for note in &plot.notes {
        let at = frame.place(note.at);
        if frame.holds(at) {
            let at = [at[0], at[1] + 0.35 * WORDS];
            shapes.push(Shape::words(at, Anchor::Middle, WORDS, &note.text));
        }
    }
}

fn draw(series: &Series, frame: &Frame, shapes: &mut Vec<Shape>) {
    let places: Vec<[f64; 2]> = series.points.iter().map(|&at| frame.place(at)).collect();
    let colour = series.colour;
    let (width, dash) = match series.mark {
        Mark::Line => (LINE, Dash::Solid),
        Mark::Dashes => (LINE, Dash::Dashed),
        Mark::Thin => (THIN, Dash::Solid),
        Mark::Area => {
            let points = frame.clipped_area(&places);
            if points.len() > 2 {
                shapes.push(Shape::Area { points, colour });
            }
            return;
        }
        Mark::Dots | Mark::Filled(_) | Mark::Small(_) | Mark::Open(_) => {
            let seen = places.into_iter().filter(|&at| frame.holds(at));
            shapes.extend(seen.filter_map(|at| marker(series.mark, at, colour)));
            return;
        }
    };
    for part in frame.clipped_line(&places) {
        shapes.push(Shape::Line {
            points: thinned(part),
            colour,
            width,
            dash,
        });
    }
}

/// A marker at a place in the scene; none of a mark that has no markers.
pub(super) fn marker(mark: Mark, centre: [f64; 2], colour: Colour) -> Option<Shape> {
    let (glyph, radius, is_filled) = match mark {
        Mark::Dots => (Glyph::Disc, DOT, true),
        Mark::Filled(glyph) => (glyph, MARKER, true),
        Mark::Small(glyph) => (glyph, SMALL_MARKER, true),
        Mark::Open(glyph) => (glyph, MARKER, false),
        _ => return None,
    };
    Some(Shape::Marker {
        centre,
        glyph,
        radius,
        colour,
        is_filled,
    })
}

/// Neighbours of one colour become one rectangle; −∞ is none.
fn heat_map(cells: &Cells, bar: Option<&ColourBar>, frame: &Frame, shapes: &mut Vec<Shape>) {
    /// Colours told apart.
    const SHADES: f64 = 256.0;
    let level = |value: &f64| match bar {
        _ if *value == f64::NEG_INFINITY => *value,
        Some(bar) => bar.share(*value).clamp(0.0, 1.0) * (SHADES - 1.0),
        None => f64::NAN,
    };
    let count = cells.rows.len() as f64;
    for (row, values) in cells.rows.iter().enumerate() {
        let top = frame.down(count - row as f64);
        let bottom = frame.down(count - row as f64 - 1.0);
        let levels: Vec<f64> = values.iter().map(|value| level(value).round()).collect();
        let mut begin = 0;
        for alike in levels.chunk_by(|a, b| a == b || (a.is_nan() && b.is_nan())) {
            let end = begin + alike.len();
            let (left, right) = (frame.across(begin as f64), frame.across(end as f64));
            if alike[0] != f64::NEG_INFINITY {
                shapes.push(Shape::Rectangle {
                    corner: [left, top],
                    size: [right - left, bottom - top],
                    colour: shade(alike[0] / (SHADES - 1.0)),
                });
            }
            begin = end;
        }
    }
}

/// Markers that would cover each other, drawn as one.
#[derive(Debug, Clone, PartialEq)]
struct Cluster {
    /// Horizontal places of the first and the last.
    ends: [f64; 2],
    count: usize,
}

impl Cluster {
    fn centre(&self) -> f64 {
        f64::midpoint(self.ends[0], self.ends[1])
    }

    fn label(&self) -> String {
        if self.count > 1 {
            format!("×{}", self.count)
        } else {
            String::new()
        }
    }

    /// Left and right end of marker and number; the number stands on the right unless it would go beyond an edge there.
    fn extent(&self, edge: f64) -> [f64; 2] {
        let number = letters::width(&self.label(), LANE_WORDS);
        let [left, right] = [self.centre() - MARKER, self.centre() + MARKER];
        if right + number > edge {
            [left - number, right]
        } else {
            [left, right + number]
        }
    }
}

const LANE_WORDS: f64 = 6.0;

/// Draws a row of markers, centred at a height.
pub(super) fn lane(lane: &Lane, frame: &Frame, height: f64, shapes: &mut Vec<Shape>) {
    let at = lane.at.iter().map(|&x| frame.across(x));
    let within = at.filter(|&x| x >= frame.left - 0.01 && x <= frame.right() + 0.01);
    let edge = frame.right() + MARKER;
    for cluster in clusters(within.collect(), edge) {
        let centre = [cluster.centre(), height];
        shapes.extend(marker(Mark::Filled(lane.glyph), centre, lane.colour));
        if cluster.count > 1 {
            let [left, _] = cluster.extent(edge);
            let at = if left < centre[0] - MARKER {
                left - 0.6
            } else {
                centre[0] + MARKER + 0.6
            };
            let at = [at, height + 0.35 * LANE_WORDS];
            shapes.push(Shape::words(
                at,
                Anchor::Start,
                LANE_WORDS,
                &cluster.label(),
            ));
        }
    }
}

/// Joins neighbours until none covers another.
fn clusters(mut places: Vec<f64>, edge: f64) -> Vec<Cluster> {
    places.sort_by(f64::total_cmp);
    let mut found: Vec<Cluster> = Vec::new();
    for place in places {
        let mut cluster = Cluster {
            ends: [place, place],
            count: 1,
        };
        let covers = |before: &&Cluster, cluster: &Cluster| {
            before.extent(edge)[1] + 1.6 > cluster.extent(edge)[0]
        };
        while let Some(before) = found.last().filter(|before| covers(before, &cluster)) {
            cluster.ends[0] = before.ends[0];
            cluster.count += before.count;
            found.pop();
        }
        found.push(cluster);
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_would_cover_each_other_is_counted() {
        let found = clusters(vec![50.0, 10.0, 11.0, 12.0], 100.0);
        let counts: Vec<(f64, usize)> = found.iter().map(|of| (of.centre(), of.count)).collect();
        assert_eq!(counts, [(11.0, 3), (50.0, 1)]);
    }

    proptest! {
        #[test]
        fn no_cluster_covers_another_and_all_are_counted(places in prop::collection::vec(0.0..200.0_f64, 0..60)) {
            let found = clusters(places.clone(), 190.0);
            prop_assert_eq!(found.iter().map(|of| of.count).sum::<usize>(), places.len());
            prop_assert!(found.windows(2).all(|pair| pair[0].extent(190.0)[1] < pair[1].extent(190.0)[0]), "{found:?}");
        }
    }
}
