//! What a plot shows: series over two axes, and what stands around them.

use super::axis::{Axis, Scale};
use super::scene::{Colour, Dash, Glyph};

/// How the points of a series are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mark {
    /// Joined by a line, broken where a point is not finite.
    Line,
    /// Joined by a dashed line of the same width.
    Dashes,
    /// Joined by a thin line.
    Thin,
    /// As the corners of an area, half transparent.
    Area,
    /// Each as a small dot.
    Dots,
    /// Each as a filled marker.
    Filled(Glyph),
    /// Each as a smaller filled marker.
    Small(Glyph),
    /// Each as the outline of a marker.
    Open(Glyph),
}

/// Points that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Name in the legend, where series of one name share a line; none if empty.
    pub name: String,
    /// The points, `[x, y]`; those that are not finite are left out.
    pub points: Vec<[f64; 2]>,
    /// How they are drawn.
    pub mark: Mark,
    /// Their colour.
    pub colour: Colour,
}

impl Series {
    /// A series of a name.
    pub fn new(name: &str, mark: Mark, colour: Colour, points: Vec<[f64; 2]>) -> Self {
        Self {
            name: name.to_owned(),
            points,
            mark,
            colour,
        }
    }

    /// The area between two curves over the same x, given as `[x, low, high]`; what is not finite is left out.
    pub fn band(name: &str, colour: Colour, ends: &[[f64; 3]]) -> Self {
        let known = ends.iter().filter(|of| of.iter().all(|x| x.is_finite()));
        let there = known.clone().map(|&[x, low, _]| [x, low]);
        let back = known.rev().map(|&[x, _, high]| [x, high]);
        Self::new(name, Mark::Area, colour, there.chain(back).collect())
    }
}

/// A line across the whole plot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Where it crosses its axis.
    pub at: f64,
    /// Whether it crosses the horizontal axis.
    pub is_upright: bool,
    /// How it is broken.
    pub dash: Dash,
}

/// A stretch of an axis with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Its ends.
    pub ends: [f64; 2],
    /// Its name; cut where it does not fit.
    pub name: String,
}

/// Things of one kind that happened along the horizontal axis: a row of markers above the plot. Those that would cover each
/// other are drawn as one marker with their number.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// Short name, beside the row.
    pub name: String,
    /// Name in the legend.
    pub about: String,
    /// Its marker.
    pub glyph: Glyph,
    /// Its colour.
    pub colour: Colour,
    /// Where things happened.
    pub at: Vec<f64>,
}

/// Words at a place in the plot.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// Where they are centred.
    pub at: [f64; 2],
    /// The words.
    pub text: String,
}

/// Numbers as colours, row by row from the top, each of width and height 1 and the lowest row from 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Cells {
    /// The rows, of equal length; grey where a number is not finite, nothing where it is −∞.
    pub rows: Vec<Vec<f64>>,
}

/// What colours mean.
#[derive(Debug, Clone, PartialEq)]
pub struct ColourBar {
    /// What they show, with its unit.
    pub label: String,
    /// Ends of the darkest and the lightest colour.
    pub range: [f64; 2],
    /// How values lie between them.
    pub scale: Scale,
}

impl ColourBar {
    /// Share of a value between the ends.
    pub(super) fn share(&self, value: f64) -> f64 {
        let [low, high] = self.range.map(|end| self.scale.place(end));
        if low < high {
            (self.scale.place(value) - low) / (high - low)
        } else {
            0.0 * value
        }
    }

    /// The colour of a value.
    pub fn colour(&self, value: f64) -> Colour {
        super::shades::shade(self.share(value))
    }
}

/// How high the frame of a plot is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Proportions {
    /// So many points, or as high as the highest beside it.
    Height(f64),
    /// As wide as high.
    Square,
    /// So that a unit is as long along both axes.
    EqualUnits,
}

/// A plot.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// Stands above; may be empty.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn, the hindmost first. What lies beyond the axes is left out.
    pub series: Vec<Series>,
    /// Lines behind the series.
    pub rules: Vec<Rule>,
    /// Named stretches of the horizontal axis, written above.
    pub spans: Vec<Span>,
    /// Rows of markers above.
    pub lanes: Vec<Lane>,
    /// Words within.
    pub notes: Vec<Note>,
    /// A heat map behind all else.
    pub cells: Option<Cells>,
    /// What the colours of cells or series mean.
    pub colour_bar: Option<ColourBar>,
    /// How high it is.
    pub proportions: Proportions,
    /// Whether it shares its horizontal axis with the plot below, which carries the numbers.
    pub is_joined: bool,
}

impl Plot {
    /// A plot of series alone.
    pub fn new(title: &str, x: Axis, y: Axis, series: Vec<Series>) -> Self {
        Self {
            title: title.to_owned(),
            x,
            y,
            series,
            rules: Vec::new(),
            spans: Vec::new(),
            lanes: Vec::new(),
            notes: Vec::new(),
            cells: None,
            colour_bar: None,
            proportions: Proportions::Height(120.0),
            is_joined: false,
        }
    }
}
