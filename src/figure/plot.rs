//! A plot with two axes, laid out as a scene.

use super::axis::{Axis, ticks};
use super::scene::{Anchor, Colour, Scene, Shape};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 460.0;
/// Room around the axes: left, right, top, bottom.
const MARGINS: [f64; 4] = [64.0, 20.0, 40.0, 52.0];
const TITLE: f64 = 15.0;
const WORDS: f64 = 12.0;
const TICK: f64 = 5.0;
/// Height of a line of the legend.
const LEGEND_LINE: f64 = 18.0;

/// How the points of a series are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mark {
    /// Each as a disc.
    Discs,
    /// Joined by a line, broken where a point is not finite.
    Line,
    /// Joined by a dashed line.
    Dashes,
}

/// Points that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Name in the legend; none if empty.
    pub name: String,
    /// The points, `[x, y]`; those that are not finite are left out.
    pub points: Vec<[f64; 2]>,
    /// How they are drawn.
    pub mark: Mark,
    /// Their colour.
    pub colour: Colour,
}

/// A plot.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// Stands above.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn, the hindmost first. What lies beyond the axes is left out.
    pub series: Vec<Series>,
}

/// From the coordinates of the data to those of the scene.
struct Frame {
    x: [f64; 2],
    y: [f64; 2],
}

impl Frame {
    const LEFT: f64 = MARGINS[0];
    const RIGHT: f64 = WIDTH - MARGINS[1];
    const TOP: f64 = MARGINS[2];
    const BOTTOM: f64 = HEIGHT - MARGINS[3];

    fn place(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let share = |value: f64, [low, high]: [f64; 2]| (value - low) / (high - low);
        [
            Self::LEFT + share(x, self.x) * (Self::RIGHT - Self::LEFT),
            Self::BOTTOM - share(y, self.y) * (Self::BOTTOM - Self::TOP),
        ]
    }

    fn holds(&self, [x, y]: [f64; 2]) -> bool {
        // False for NaN too.
        x >= self.x[0] && x <= self.x[1] && y >= self.y[0] && y <= self.y[1]
    }
}

impl Plot {
    /// Lays the plot out.
    pub fn scene(&self) -> Scene {
        let data = |axis: usize| {
            let points = self.series.iter().flat_map(|series| &series.points);
            points.map(move |point| point[axis])
        };
        let frame = Frame {
            x: self.x.ends(data(0)),
            y: self.y.ends(data(1)),
        };
        let mut shapes = Vec::new();
        for series in &self.series {
            draw(series, &frame, &mut shapes);
        }
        self.draw_axes(&frame, &mut shapes);
        self.draw_legend(&mut shapes);
        Scene {
            width: WIDTH,
            height: HEIGHT,
            description: self.title.clone(),
            shapes,
        }
    }

    fn draw_axes(&self, frame: &Frame, shapes: &mut Vec<Shape>) {
        let (left, right) = (Frame::LEFT, Frame::RIGHT);
        let (top, bottom) = (Frame::TOP, Frame::BOTTOM);
        shapes.push(ink(vec![[left, top], [left, bottom], [right, bottom]]));
        for (value, label) in ticks(frame.x) {
            let [x, _] = frame.place([value, 0.0]);
            shapes.push(ink(vec![[x, bottom], [x, bottom + TICK]]));
            shapes.push(words([x, bottom + TICK + WORDS], Anchor::Middle, &label));
        }
        for (value, label) in ticks(frame.y) {
            let [_, y] = frame.place([0.0, value]);
            shapes.push(ink(vec![[left - TICK, y], [left, y]]));
            shapes.push(words(
                [left - TICK - 3.0, y + 0.35 * WORDS],
                Anchor::End,
                &label,
            ));
        }
        let middle = [0.5 * (left + right), 0.5 * (top + bottom)];
        shapes.push(words(
            [middle[0], HEIGHT - 12.0],
            Anchor::Middle,
            &self.x.label,
        ));
        shapes.push(Shape::Text {
            at: [18.0, middle[1]],
            anchor: Anchor::Middle,
            size: WORDS,
            is_upright: true,
            text: self.y.label.clone(),
        });
        shapes.push(Shape::Text {
            at: [left, 24.0],
            anchor: Anchor::Start,
            size: TITLE,
            is_upright: false,
            text: self.title.clone(),
        });
    }

    /// Names of the series, in the upper left corner of the frame.
    fn draw_legend(&self, shapes: &mut Vec<Shape>) {
        let named = self.series.iter().filter(|series| !series.name.is_empty());
        for (line, series) in named.enumerate() {
            let y = Frame::TOP + 6.0 + LEGEND_LINE * line as f64;
            let x = Frame::LEFT + 12.0;
            match series.mark {
                Mark::Discs => shapes.push(disc([x + 9.0, y], series.colour)),
                Mark::Line | Mark::Dashes => shapes.push(Shape::Line {
                    points: vec![[x, y], [x + 18.0, y]],
                    colour: series.colour,
                    width: 1.5,
                    is_dashed: series.mark == Mark::Dashes,
                }),
            }
            shapes.push(words(
                [x + 25.0, y + 0.35 * WORDS],
                Anchor::Start,
                &series.name,
            ));
        }
    }
}

fn draw(series: &Series, frame: &Frame, shapes: &mut Vec<Shape>) {
    if series.mark == Mark::Discs {
        let seen = series.points.iter().filter(|point| frame.holds(**point));
        shapes.extend(seen.map(|point| disc(frame.place(*point), series.colour)));
        return;
    }
    let pieces = series.points.split(|point| !frame.holds(*point));
    shapes.extend(
        pieces
            .filter(|piece| piece.len() > 1)
            .map(|piece| Shape::Line {
                points: piece.iter().map(|point| frame.place(*point)).collect(),
                colour: series.colour,
                width: 1.5,
                is_dashed: series.mark == Mark::Dashes,
            }),
    );
}

fn disc(centre: [f64; 2], colour: Colour) -> Shape {
    Shape::Disc {
        centre,
        radius: 2.5,
        colour,
    }
}

fn ink(points: Vec<[f64; 2]>) -> Shape {
    Shape::Line {
        points,
        colour: Colour::INK,
        width: 1.0,
        is_dashed: false,
    }
}

fn words(at: [f64; 2], anchor: Anchor, text: &str) -> Shape {
    Shape::Text {
        at,
        anchor,
        size: WORDS,
        is_upright: false,
        text: text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_as_svg() {
        let plot = Plot {
            title: "Angle & target <per step>".to_owned(),
            x: Axis::between("target (rad)", [0.0, 1.0]),
            y: Axis::new("angle (rad)"),
            series: vec![
                Series {
                    name: "slope 1".to_owned(),
                    points: vec![[0.0, 0.0], [1.0, 1.0]],
                    mark: Mark::Dashes,
                    colour: Colour::FAINT,
                },
                Series {
                    name: "seed 0".to_owned(),
                    points: vec![[0.25, 0.5], [f64::NAN, 0.1], [7.0, 0.5]],
                    mark: Mark::Discs,
                    colour: Colour::DISTINCT[0],
                },
                Series {
                    name: String::new(),
                    points: vec![
                        [0.1, 0.2],
                        [0.2, 0.3],
                        [0.3, f64::NAN],
                        [0.4, 0.5],
                        [0.5, 0.4],
                    ],
                    mark: Mark::Line,
                    colour: Colour::DISTINCT[1],
                },
            ],
        };
        insta::assert_snapshot!(plot.scene().to_svg());
    }

    #[test]
    fn lines_break_where_the_data_do() {
        let series = Series {
            name: String::new(),
            points: vec![
                [0.0, 0.0],
                [0.5, 0.5],
                [0.6, f64::NAN],
                [0.7, 0.1],
                [0.8, 2.0],
                [0.9, 0.1],
            ],
            mark: Mark::Line,
            colour: Colour::INK,
        };
        let frame = Frame {
            x: [0.0, 1.0],
            y: [0.0, 1.0],
        };
        let mut shapes = Vec::new();
        draw(&series, &frame, &mut shapes);
        let [Shape::Line { points, .. }] = &shapes[..] else {
            panic!("{shapes:?}");
        };
        assert_eq!(
            *points,
            [[Frame::LEFT, Frame::BOTTOM], frame.place([0.5, 0.5])]
        );
    }
}
