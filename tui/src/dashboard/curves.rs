//! Curves over training steps: axes, columns of samples, stages, events, the playhead.

use tui::buffer::Buffer;
use tui::layout::{Constraint, Layout, Rect};
use tui::text::Line;
use tui::widgets::Widget as _;

use super::plot::{Dash, Plot};
use super::screen::Desk;
use super::theme::{Ink, short_number};

/// Cells left of the axes, for the numbers at their ends.
pub(crate) const GUTTER: u16 = 8;

/// The samples that fall into one column of dots.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Column {
    /// Place along the axis.
    pub(crate) x: f64,
    pub(crate) first: f64,
    pub(crate) last: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Whether a sample that is not finite lies between this column and the one before.
    pub(crate) after_gap: bool,
}

/// A vertical axis; with `power`, its ends are powers of ten.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axis {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) power: bool,
    pub(crate) ink: Ink,
}

impl Axis {
    /// An axis that holds all finite values; none if there are none.
    pub(crate) fn around(values: impl Iterator<Item = f64>, ink: Ink) -> Option<Self> {
        let finite = values.filter(|y| y.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| {
            (low.min(y), high.max(y))
        });
        if low > high {
            return None;
        }
        let (low, high) = if low < high {
            (low, high)
        } else {
            (low - 0.5, low + 0.5)
        };
        Some(Self {
            low,
            high,
            power: false,
            ink,
        })
    }

    fn label(self, y: f64) -> String {
        short_number(if self.power { 10.0_f64.powf(y) } else { y })
    }
}

/// Draws the numbers of the axes, and returns a picture that shows the places in view, with its area.
pub(crate) fn axes(
    desk: &Desk,
    axis: Axis,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<(Plot, Rect)> {
    if area.width <= GUTTER || area.height < 2 {
        return None;
    }
    let [gutter, picture] =
        Layout::horizontal([Constraint::Length(GUTTER), Constraint::Min(0)]).areas(area);
    let style = desk.theme.style(axis.ink);
    for (y, value) in [(gutter.y, axis.high), (gutter.bottom() - 1, axis.low)] {
        let place = Rect {
            y,
            height: 1,
            width: GUTTER - 1,
            ..gutter
        };
        Line::styled(axis.label(value), style)
            .right_aligned()
            .render(place, buffer);
    }
    let x = desk.run.timeline.view();
    let plot = Plot::new(desk.theme, picture, x, (axis.low, axis.high));
    Some((plot, picture))
}

/// Draws the bounds between stages and the playhead.
pub(crate) fn landmarks(desk: &Desk, plot: &mut Plot) {
    let (low, high) = plot.y_range();
    for (step, _) in desk.run.data.stage_ends() {
        let x = desk.run.timeline.place_of(step as f64);
        plot.line((x, low), (x, high), Ink::Faint, Dash::Dotted);
    }
    if desk.run.timeline.frame().is_some() {
        let x = desk.run.timeline.place_of(desk.run.timeline.step() as f64);
        plot.line((x, low), (x, high), Ink::Playhead, Dash::Solid);
    }
}

/// Draws a curve of samples that are sorted by step.
pub(crate) fn curve(plot: &mut Plot, columns: &[Column], ink: Ink, dash: Dash) {
    for column in columns {
        plot.line((column.x, column.low), (column.x, column.high), ink, dash);
    }
    for pair in columns.windows(2).filter(|pair| !pair[1].after_gap) {
        let (from, to) = (&pair[0], &pair[1]);
        plot.line((from.x, from.last), (to.x, to.first), ink, dash);
    }
}

/// Draws the signs of what happened in the steps in view, one row.
pub(crate) fn events(desk: &Desk, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let mut end = area.x;
    for stop in &desk.run.timeline.stops {
        let Some(column) = column_of(desk, area, stop.to_step as f64) else {
            continue;
        };
        let style = desk.theme.bold(Ink::Event);
        let sign = stop
            .codes
            .first()
            .map_or("", |&(code, _)| desk.theme.event(code));
        // The codes where they fit, the sign anyhow.
        let text = stop.text();
        let width = text.chars().count() as u16;
        let room = area.right() - column;
        if column >= end && width < room {
            buffer.set_string(column, area.y, format!("{sign}{text}"), style);
            end = column + width + 2;
        } else if column >= end {
            buffer.set_string(column, area.y, sign, style);
            end = column + 1;
        }
    }
}

/// Column of a step within a picture, if it is in view.
pub(crate) fn column_of(desk: &Desk, area: Rect, step: f64) -> Option<u16> {
    let timeline = &desk.run.timeline;
    let (from, to) = timeline.view();
    let share = (timeline.place_of(step) - from) / (to - from);
    // A step at an end of the view may miss it by rounding.
    let is_inside = (-1e-9..=1.0 + 1e-9).contains(&share) && area.width > 0;
    is_inside.then(|| area.x + (share * f64::from(area.width - 1)).round() as u16)
}

/// Place along the axis of a column within a picture.
pub(crate) fn place_of(desk: &Desk, area: Rect, column: u16) -> f64 {
    let (from, to) = desk.run.timeline.view();
    let share = f64::from(column.saturating_sub(area.x)) / f64::from(area.width.max(2) - 1);
    from + share.min(1.0) * (to - from)
}

/// Sorts samples, given at rising steps, into `count` columns over `view`, whose places `place_of` gives; steps that are
/// missing and values that are not finite leave a gap.
pub(crate) fn decimate(
    samples: impl Iterator<Item = (f64, f64)>,
    place_of: impl Fn(f64) -> f64,
    view: (f64, f64),
    count: usize,
) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    let mut gap = true;
    let mut before = f64::NEG_INFINITY;
    let width = (view.1 - view.0).max(f64::MIN_POSITIVE);
    let last_column = (count.max(2) - 1) as f64;
    for (step, y) in samples {
        gap |= step - before > 1.0;
        before = step;
        if !y.is_finite() {
            gap = true;
            continue;
        }
        let share = (place_of(step) - view.0) / width;
        let x = view.0 + (share * last_column).round() / last_column * width;
        match columns.last_mut() {
            Some(column) if column.x == x && !gap => {
                column.last = y;
                column.low = column.low.min(y);
                column.high = column.high.max(y);
            }
            _ => columns.push(Column {
                x,
                first: y,
                last: y,
                low: y,
                high: y,
                after_gap: gap,
            }),
        }
        gap = false;
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimation_keeps_the_extremes_of_each_column_and_the_gaps() {
        let mut samples: Vec<(f64, f64)> = (0..1000).map(|i| (f64::from(i), 1.0)).collect();
        samples[100].1 = 7.0;
        samples[900].1 = -3.0;
        samples[480].1 = f64::NAN;
        samples.drain(700..704);
        let columns = decimate(samples.into_iter(), |step| step / 999.0, (0.0, 1.0), 20);
        assert_eq!(columns.len(), 22, "a gap splits its column");
        let highest = columns.iter().map(|column| column.high).fold(0.0, f64::max);
        let lowest = columns.iter().map(|column| column.low).fold(0.0, f64::min);
        assert_eq!((highest, lowest), (7.0, -3.0));
        let gaps: Vec<usize> = (0..columns.len())
            .filter(|&i| columns[i].after_gap)
            .collect();
        assert_eq!(gaps, [0, 10, 15]);
        assert!(
            columns
                .iter()
                .all(|column| column.x.is_finite() && column.low.is_finite())
        );
    }

    #[test]
    fn an_axis_needs_a_finite_value() {
        assert!(Axis::around([f64::NAN, f64::INFINITY].into_iter(), Ink::Loss).is_none());
        let axis = Axis::around([2.0, f64::NAN].into_iter(), Ink::Loss);
        assert!(axis.is_some_and(|axis| axis.low == 1.5 && axis.high == 2.5));
    }
}
