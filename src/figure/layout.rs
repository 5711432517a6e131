//! Plots beside and below each other, laid out as a scene.

use super::around::{Margins, around, margins};
use super::draw;
use super::frame::{Frame, Side};
use super::legend::legend;
use super::plot::{Plot, Proportions};
use super::scene::Scene;

/// Points of a millimetre.
const POINTS: f64 = 72.0 / 25.4;
/// Room between columns, and between rows.
const BETWEEN: f64 = 12.0;
/// Room at the edges of the figure.
const EDGE: f64 = 2.0;
/// Highest frame of a plot whose height follows from its width.
const HIGHEST: f64 = 250.0;
/// Height by width of plots of equal units.
const ASPECTS: [f64; 2] = [0.6, 1.0];

/// Width of a figure on paper.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Width {
    /// In millimetres.
    pub mm: f64,
}

impl Width {
    /// One column of a journal.
    pub const ONE_COLUMN: Self = Self { mm: 85.0 };
    /// Two columns of a journal.
    pub const TWO_COLUMNS: Self = Self { mm: 180.0 };

    /// Whether plots can stand beside each other.
    fn is_wide(self) -> bool {
        self.mm >= 120.0
    }
}

/// A figure: plots with one legend. Several are lettered a, b, c, …, whatever is joined to the plot above it not.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What it shows, for readers who do not see it.
    pub description: String,
    /// The plots, row by row.
    pub plots: Vec<Plot>,
    /// Plots beside each other where there is the width of two columns; else they stand below each other.
    pub columns: usize,
}

impl From<Plot> for Figure {
    fn from(plot: Plot) -> Self {
        Self {
            description: plot.title.clone(),
            plots: vec![plot],
            columns: 1,
        }
    }
}

impl Figure {
    /// Lays the figure out at a width: letters have 7 or 8 points whatever it is.
    pub fn scene(&self, width: Width) -> Scene {
        let total = width.mm * POINTS;
        let columns = if width.is_wide() {
            self.columns.max(1)
        } else {
            1
        };
        let column_width = (total - 2.0 * EDGE - (columns - 1) as f64 * BETWEEN) / columns as f64;
        let letters = self.letters();
        let sized: Vec<Sized> = (self.plots.iter().zip(&letters))
            .map(|(plot, letter)| Sized::of(plot, column_width, letter.is_some()))
            .collect();
        let lefts: Vec<f64> = (0..columns)
            .map(|column| {
                let own = sized.iter().skip(column).step_by(columns);
                own.map(|of| of.margins.left).fold(0.0, f64::max)
            })
            .collect();
        let mut shapes = Vec::new();
        let mut top = EDGE;
        for (row, plots) in self.plots.chunks(columns).enumerate() {
            let of_row = &sized[row * columns..][..plots.len()];
            let above = of_row.iter().map(|of| of.margins.top).fold(0.0, f64::max);
            let highest = of_row.iter().map(|of| of.size[1]).fold(0.0, f64::max);
            let mut bottom = top;
            for (column, (plot, sized)) in plots.iter().zip(of_row).enumerate() {
                let outer = EDGE + column as f64 * (column_width + BETWEEN);
                let frame = sized.frame(
                    plot,
                    [outer, top + above],
                    lefts[column],
                    [column_width, highest],
                );
                draw::inside(plot, &frame, &mut shapes);
                let start = frame.left - lefts[column];
                let letter = letters[row * columns + column];
                around(plot, &frame, [start, top], letter, &mut shapes);
                bottom = bottom.max(frame.bottom() + sized.margins.bottom);
            }
            let is_last = (row + 1) * columns >= self.plots.len();
            let is_joined = plots.iter().all(|plot| plot.is_joined);
            top = bottom
                + if is_last || is_joined {
                    0.0
                } else {
                    0.5 * BETWEEN
                };
        }
        let left = EDGE + lefts.first().copied().unwrap_or(0.0).min(30.0);
        top += legend(&self.plots, [left, total - EDGE], top + 1.0, &mut shapes) + 1.0;
        Scene {
            width: total,
            height: top + EDGE,
            description: self.description.clone(),
            shapes,
        }
    }

    fn letters(&self) -> Vec<Option<char>> {
        let mut next = 'a'..='z';
        let is_one = self.plots.len() < 2;
        let letter = |_: &Plot| if is_one { None } else { next.next() };
        self.plots.iter().map(letter).collect()
    }
}

/// A plot with the size of its frame.
struct Sized {
    sides: [Side; 2],
    size: [f64; 2],
    margins: Margins,
}

impl Sized {
    /// 1. The room around it depends on its numbers, and these on the height, which may depend on the width that is left: so it
    ///    is guessed first, then told.
    fn of(plot: &Plot, column_width: f64, is_lettered: bool) -> Self {
        let sides = sides(plot);
        let mut size = [0.8 * column_width, 120.0];
        let mut found = margins(plot, sides, size, is_lettered);
        for _ in 0..2 {
            size[0] = column_width - found.left - found.right;
            size = proportioned(plot, sides, size);
            found = margins(plot, sides, size, is_lettered);
        }
        Self {
            sides,
            size,
            margins: found,
        }
    }

    /// The frame in a column that starts at `outer`, behind a left margin that all plots of the column share. One whose height is
    /// free is as high as the highest of its row.
    fn frame(
        &self,
        plot: &Plot,
        [outer, top]: [f64; 2],
        left: f64,
        [column_width, highest]: [f64; 2],
    ) -> Frame {
        let room = column_width - left - self.margins.right;
        let mut size = proportioned(plot, self.sides, [room, self.size[1]]);
        if matches!(plot.proportions, Proportions::Height(_)) {
            size[1] = highest;
        }
        let [x, y] = if plot.proportions == Proportions::EqualUnits {
            equal_units(self.sides, size)
        } else {
            self.sides
        };
        Frame {
            // What is narrower than its column stands in the middle of it.
            left: outer + left + 0.5 * (room - size[0]),
            top,
            width: size[0],
            height: size[1],
            x,
            y,
        }
    }
}

/// The size of a frame of at most that width.
fn proportioned(plot: &Plot, sides: [Side; 2], [width, _]: [f64; 2]) -> [f64; 2] {
    let width = width.max(20.0);
    match plot.proportions {
        Proportions::Height(height) => [width, height],
        Proportions::Square => [width.min(HIGHEST); 2],
        Proportions::EqualUnits => {
            let [x, y] = sides.map(|side| side.ends[1] - side.ends[0]);
            let aspect = (y / x).clamp(ASPECTS[0], ASPECTS[1]);
            let aspect = if aspect.is_finite() { aspect } else { 1.0 };
            let width = width.min(HIGHEST / aspect);
            [width, aspect * width]
        }
    }
}

/// The axes made longer, so that a unit is as long along both.
fn equal_units(sides: [Side; 2], size: [f64; 2]) -> [Side; 2] {
    let extent = |k: usize| sides[k].ends[1] - sides[k].ends[0];
    let unit = (extent(0) / size[0]).max(extent(1) / size[1]);
    [0, 1].map(|k| {
        let middle = f64::midpoint(sides[k].ends[0], sides[k].ends[1]);
        let half = 0.5 * unit * size[k];
        Side {
            ends: [middle - half, middle + half],
            ..sides[k]
        }
    })
}

/// The axes of a plot, with room for its data.
fn sides(plot: &Plot) -> [Side; 2] {
    let data = |axis: usize| {
        let points = plot.series.iter().flat_map(|series| &series.points);
        points.map(move |point| point[axis])
    };
    [
        Side::new(&plot.x, plot.x.ends(data(0))),
        Side::new(&plot.y, plot.y.ends(data(1))),
    ]
}

/// The words of a scene that are not wholly on its page, by the widths that the layout reckons with.
#[cfg(test)]
pub(super) fn words_off_page(scene: &Scene) -> Vec<String> {
    use super::scene::{Anchor, Shape};
    let is_off = |shape: &Shape| {
        let Shape::Text {
            at,
            anchor,
            size,
            is_upright,
            text,
            ..
        } = shape
        else {
            return None;
        };
        let length = super::letters::width(text, *size);
        let before = length
            * match anchor {
                Anchor::Start => 0.0,
                Anchor::Middle => 0.5,
                Anchor::End => 1.0,
            };
        let (begin, end, room) = if *is_upright {
            (at[1] + before - length, at[1] + before, scene.height)
        } else {
            (at[0] - before, at[0] - before + length, scene.width)
        };
        (begin < 0.0 || end > room).then(|| format!("{text}: {begin:.1} to {end:.1} of {room:.1}"))
    };
    scene.shapes.iter().filter_map(is_off).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::axis::{Axis, Scale};
    use crate::figure::plot::{Lane, Mark, Series, Span};
    use crate::figure::scene::{Colour, Glyph, Shape};

    fn figure() -> Figure {
        let line = vec![[0.0, 1.0], [1.0, 0.1], [2.0, f64::NAN], [3.0, 0.01]];
        let mut above = Plot::new(
            "",
            Axis::between("training step", [0.0, 3.0]),
            Axis::new("loss").on(Scale::Log),
            vec![
                Series::band(
                    "seed & <sd>",
                    Colour::BLUE,
                    &[[0.0, 0.5, 1.0], [3.0, 0.01, 0.1]],
                ),
                Series::new("seed & <sd>", Mark::Line, Colour::BLUE, line),
            ],
        );
        above.lanes = vec![Lane {
            name: "LP".to_owned(),
            about: "fold".to_owned(),
            glyph: Glyph::Triangle,
            colour: Colour::ORANGE,
            at: vec![0.1, 0.11, 2.0],
        }];
        above.spans = vec![Span {
            ends: [0.0, 3.0],
            name: "three bits".to_owned(),
        }];
        above.is_joined = true;
        let below = Plot::new(
            "",
            Axis::between("training step", [0.0, 3.0]),
            Axis::between("accuracy", [0.0, 1.0]),
            vec![Series::new(
                "unstable",
                Mark::Dashes,
                Colour::VERMILION,
                vec![[0.0, 0.0], [9.0, 3.0]],
            )],
        );
        Figure {
            description: "Loss & accuracy".to_owned(),
            plots: vec![above, below],
            columns: 1,
        }
    }

    #[test]
    fn a_figure_as_svg() {
        insta::assert_snapshot!(figure().scene(Width::ONE_COLUMN).to_svg());
    }

    #[test]
    fn all_words_lie_on_the_page_and_are_as_large_at_every_width() {
        for mm in [60.0, 85.0, 180.0] {
            let scene = figure().scene(Width { mm });
            assert!((scene.width - mm * POINTS).abs() < 1e-9);
            assert_eq!(words_off_page(&scene), Vec::<String>::new());
            let sizes = scene.shapes.iter().filter_map(|shape| match shape {
                Shape::Text { size, .. } => Some(*size),
                _ => None,
            });
            assert!(
                sizes.clone().count() > 10 && sizes.clone().all(|size| (6.0..=8.0).contains(&size))
            );
        }
    }

    #[test]
    fn wide_figures_have_plots_beside_each_other() {
        let mut of_two = figure();
        of_two.columns = 2;
        of_two.plots[0].is_joined = false;
        let [narrow, wide] =
            [Width::ONE_COLUMN, Width::TWO_COLUMNS].map(|width| of_two.scene(width));
        assert!(
            wide.height < 0.7 * narrow.height,
            "{} {}",
            wide.height,
            narrow.height
        );
    }
}
