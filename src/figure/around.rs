//! What stands around the frame of a plot: axes, words, rows of markers, the bar of colours; and how much room it needs.

use super::axis::{Axis, Length, Tick, ticks};
use super::draw;
use super::frame::{Frame, Side};
use super::letters::{fitted, width};
use super::plot::{ColourBar, Plot};
use super::scene::{Anchor, Dash, Shape};
use super::shades::shade;

/// Height of numbers and of names within a figure, in points.
pub(super) const SMALL: f64 = 7.0;
/// Height of the labels of axes, titles and letters.
pub(super) const LARGE: f64 = 8.0;
const TICK: f64 = 2.5;
const GAP: f64 = 2.0;
/// Height of a line of large letters.
const LINE: f64 = 10.5;
/// Height of a row of markers and of names of spans.
const ROW: f64 = 8.5;
/// Width of a colour bar, and its distance from the frame.
const BAR: [f64; 2] = [6.0, 6.0];
/// Room for the longest name beside the vertical axis.
const LONGEST_NAME: f64 = 70.0;

/// Room around a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Margins {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

/// The room that a plot needs around a frame of about that size. `side` are the axes laid out.
pub(super) fn margins(
    plot: &Plot,
    [x, y]: [Side; 2],
    size: [f64; 2],
    is_lettered: bool,
) -> Margins {
    let numbers = axis_ticks(&plot.y, y, Length::Up(size[1]));
    let lanes = plot.lanes.iter().map(|lane| lane_room(&lane.name));
    let left = (number_room(&numbers) + names_room(&plot.y) + label_room(&plot.y))
        .max(lanes.fold(6.0, f64::max));
    let last = axis_ticks(&plot.x, x, Length::Across(size[0]));
    let overhang = last
        .last()
        .map_or(0.0, |tick| 0.5 * width(&tick.label, SMALL));
    let bar = plot.colour_bar.as_ref().map_or(0.0, |bar| {
        let numbers = bar_ticks(bar, size[1]);
        BAR[0] + BAR[1] + number_room(&numbers) + LINE
    });
    let title = if is_lettered || !plot.title.is_empty() {
        LINE + 1.0
    } else {
        4.0
    };
    let spans = if plot.spans.is_empty() { 0.0 } else { ROW };
    let below = if plot.is_joined {
        TICK + GAP
    } else {
        let numbers = if has_numbers(&plot.x) {
            SMALL + TICK + 1.0
        } else {
            0.0
        };
        let names = if plot.x.names.is_empty() {
            0.0
        } else {
            SMALL + GAP
        };
        GAP + numbers + names + label_room(&plot.x)
    };
    Margins {
        left,
        right: bar.max(overhang).max(3.0),
        top: title + spans + lanes_room(plot),
        bottom: below,
    }
}

fn has_numbers(axis: &Axis) -> bool {
    axis.has_ticks && axis.names.is_empty()
}

fn axis_ticks(axis: &Axis, side: Side, length: Length) -> Vec<Tick> {
    if has_numbers(axis) {
        ticks(side.scale, side.ends, length, SMALL)
    } else {
        Vec::new()
    }
}

fn bar_ticks(bar: &ColourBar, height: f64) -> Vec<Tick> {
    ticks(bar.scale, bar.range, Length::Up(height), SMALL)
}

fn number_room(numbers: &[Tick]) -> f64 {
    let widths = numbers.iter().map(|tick| width(&tick.label, SMALL));
    let widest = widths.fold(0.0, f64::max);
    if numbers.is_empty() {
        0.0
    } else {
        widest + TICK + GAP
    }
}

fn names_room(axis: &Axis) -> f64 {
    let widths = axis.names.iter().map(|span| width(&span.name, SMALL));
    let widest = widths.fold(0.0, f64::max).min(LONGEST_NAME);
    if axis.names.is_empty() {
        0.0
    } else {
        widest + GAP + TICK
    }
}

fn lane_room(name: &str) -> f64 {
    width(name, SMALL) + 2.0 * GAP
}

fn lanes_room(plot: &Plot) -> f64 {
    match plot.lanes.len() {
        0 => 0.0,
        count => GAP + ROW * count as f64,
    }
}

fn label_room(axis: &Axis) -> f64 {
    if axis.label.is_empty() { 0.0 } else { LINE }
}

/// Draws what stands around a frame. `outer` is the left end of its column, and the top of its row.
pub(super) fn around(
    plot: &Plot,
    frame: &Frame,
    [outer, top]: [f64; 2],
    letter: Option<char>,
    shapes: &mut Vec<Shape>,
) {
    axes(plot, frame, shapes);
    names(plot, frame, shapes);
    let middle = [
        frame.left + 0.5 * frame.width,
        frame.top + 0.5 * frame.height,
    ];
    if !plot.x.label.is_empty() && !plot.is_joined {
        let room = margins(plot, [frame.x, frame.y], [frame.width, frame.height], false).bottom;
        let at = [middle[0], frame.bottom() + room - 2.5];
        shapes.push(Shape::words(at, Anchor::Middle, LARGE, &plot.x.label));
    }
    if !plot.y.label.is_empty() {
        upright(
            [outer + LARGE - 0.5, middle[1]],
            &plot.y.label,
            frame.height,
            shapes,
        );
    }
    let mut row = frame.top - lanes_room(plot) + ROW * (plot.lanes.len() as f64 - 0.5);
    for lane in plot.lanes.iter().rev() {
        draw::lane(lane, frame, row, shapes);
        let at = [frame.left - 2.0 * GAP, row + 0.35 * SMALL];
        shapes.push(Shape::words(at, Anchor::End, SMALL, &lane.name));
        row -= ROW;
    }
    for span in &plot.spans {
        let ends = span
            .ends
            .map(|end| frame.across(end).clamp(frame.left, frame.right()));
        let name = fitted(&span.name, SMALL, ends[1] - ends[0] - 2.0);
        let at = [f64::midpoint(ends[0], ends[1]), row + 0.35 * SMALL];
        if !name.is_empty() {
            shapes.push(Shape::words(at, Anchor::Middle, SMALL, &name));
        }
    }
    let baseline = top + LARGE;
    if let Some(letter) = letter {
        shapes.push(Shape::Text {
            at: [outer, baseline],
            anchor: Anchor::Start,
            size: LARGE,
            is_upright: false,
            is_bold: true,
            text: letter.to_string(),
        });
    }
    let title = fitted(&plot.title, LARGE, frame.width);
    let start = frame.left.max(outer + LARGE);
    if !title.is_empty() {
        shapes.push(Shape::words(
            [start, baseline],
            Anchor::Start,
            LARGE,
            &title,
        ));
    }
    if let Some(bar) = &plot.colour_bar {
        colour_bar(bar, frame, shapes);
    }
}

fn upright(at: [f64; 2], words: &str, room: f64, shapes: &mut Vec<Shape>) {
    // A little longer than the frame is no harm.
    let text = fitted(words, LARGE, 1.15 * room);
    shapes.push(Shape::Text {
        at,
        anchor: Anchor::Middle,
        size: LARGE,
        is_upright: true,
        is_bold: false,
        text,
    });
}

fn axes(plot: &Plot, frame: &Frame, shapes: &mut Vec<Shape>) {
    let (left, bottom) = (frame.left, frame.bottom());
    let is_bare = !plot.x.has_ticks && !plot.y.has_ticks;
    if !is_bare {
        shapes.push(Shape::ink(vec![
            [left, frame.top],
            [left, bottom],
            [frame.right(), bottom],
        ]));
    }
    for tick in axis_ticks(&plot.x, frame.x, Length::Across(frame.width)) {
        let x = frame.across(tick.at);
        let length = if tick.label.is_empty() {
            0.6 * TICK
        } else {
            TICK
        };
        shapes.push(Shape::ink(vec![[x, bottom], [x, bottom + length]]));
        if !tick.label.is_empty() && !plot.is_joined {
            let at = [x, bottom + TICK + SMALL];
            shapes.push(Shape::words(at, Anchor::Middle, SMALL, &tick.label));
        }
    }
    for tick in axis_ticks(&plot.y, frame.y, Length::Up(frame.height)) {
        let y = frame.down(tick.at);
        let length = if tick.label.is_empty() {
            0.6 * TICK
        } else {
            TICK
        };
        shapes.push(Shape::ink(vec![[left - length, y], [left, y]]));
        if !tick.label.is_empty() {
            let at = [left - TICK - 1.0, y + 0.35 * SMALL];
            shapes.push(Shape::words(at, Anchor::End, SMALL, &tick.label));
        }
    }
}

/// Names along the axes, and the borders between what they name.
fn names(plot: &Plot, frame: &Frame, shapes: &mut Vec<Shape>) {
    let bottom = frame.bottom();
    for span in &plot.x.names {
        let ends = span.ends.map(|end| frame.across(end));
        let name = fitted(&span.name, SMALL, ends[1] - ends[0] - 2.0);
        let at = [f64::midpoint(ends[0], ends[1]), bottom + GAP + SMALL];
        shapes.push(Shape::words(at, Anchor::Middle, SMALL, &name));
        shapes.push(border(vec![[ends[1], frame.top], [ends[1], bottom + TICK]]));
    }
    for span in &plot.y.names {
        let ends = span.ends.map(|end| frame.down(end));
        let name = fitted(&span.name, SMALL, LONGEST_NAME);
        let at = [
            frame.left - GAP - 1.0,
            f64::midpoint(ends[0], ends[1]) + 0.35 * SMALL,
        ];
        // Names of neighbours must not stand on each other.
        if (ends[0] - ends[1]).abs() >= SMALL {
            shapes.push(Shape::words(at, Anchor::End, SMALL, &name));
        }
        shapes.push(border(vec![
            [frame.left - TICK, ends[0]],
            [frame.right(), ends[0]],
        ]));
    }
}

fn border(points: Vec<[f64; 2]>) -> Shape {
    Shape::Line {
        points,
        colour: super::scene::Colour(0xff, 0xff, 0xff),
        width: 0.8,
        dash: Dash::Solid,
    }
}

fn colour_bar(bar: &ColourBar, frame: &Frame, shapes: &mut Vec<Shape>) {
    const STEPS: usize = 64;
    let left = frame.right() + BAR[1];
    let height = frame.height;
    for step in (0..STEPS).rev() {
        let share = (step + 1) as f64 / STEPS as f64;
        // From the lightest down, each to the bottom, so that no seam shows.
        shapes.push(Shape::Rectangle {
            corner: [left, frame.bottom() - share * height],
            size: [BAR[0], share * height],
            colour: shade(step as f64 / (STEPS - 1) as f64),
        });
    }
    let numbers = bar_ticks(bar, height);
    let right = left + BAR[0];
    for tick in &numbers {
        let y = frame.bottom() - bar.share(tick.at) * height;
        shapes.push(Shape::ink(vec![[right, y], [right + TICK, y]]));
        let at = [right + TICK + 1.0, y + 0.35 * SMALL];
        shapes.push(Shape::words(at, Anchor::Start, SMALL, &tick.label));
    }
    let x = right + number_room(&numbers) + LARGE;
    upright([x, frame.top + 0.5 * height], &bar.label, height, shapes);
}
