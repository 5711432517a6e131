//! Loss and accuracy over training steps.

use tui::Frame;
use tui::layout::{Constraint, Layout, Rect};
use tui::style::Color;
use tui::text::Line;
use tui::widgets::canvas::{Canvas, Context, Line as Stroke, Points};

use super::super::model::Model;
use super::style::{Ink, Theme, short_number};
use super::{message, pane, waiting};

/// Cells left of the axes, for the numbers at their ends.
const GUTTER: u16 = 8;

/// The samples that fall into one column of dots.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Column {
    x: f64,
    first: f64,
    last: f64,
    low: f64,
    high: f64,
    /// Whether a sample that is not finite lies between this column and the one before.
    after_gap: bool,
}

/// Draws the loss, and the accuracy where there is room.
pub(super) fn draw(model: &Model, theme: Theme, frame: &mut Frame, area: Rect) {
    let block = pane(theme, title(model));
    let mut inner = block.inner(area);
    frame.render_widget(block, area);
    if let Some(problem) = model.steps_problems.first() {
        let rows = if model.steps.is_empty() {
            inner.height
        } else {
            2
        };
        let [top, rest] =
            Layout::vertical([Constraint::Length(rows), Constraint::Min(0)]).areas(inner);
        message(frame, top, problem, theme.style(Ink::Warning));
        inner = rest;
    } else if model.steps.is_empty() {
        let text = if model.frames.is_empty() {
            waiting(model)
        } else {
            "no training steps yet"
        };
        return message(frame, inner, text, theme.style(Ink::Faint));
    }
    let log = |x: f64| if x > 0.0 { x.log10() } else { f64::NAN };
    let loss = |x: f64| if model.log_loss { log(x) } else { x };
    let loss_samples: Vec<(f64, f64)> = model
        .steps
        .iter()
        .map(|s| (s.step as f64, loss(s.loss)))
        .collect();
    let finite = loss_samples
        .iter()
        .map(|sample| sample.1)
        .filter(|y| y.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), y| {
        (l.min(y), h.max(y))
    });
    let low = if model.log_loss { low } else { low.min(0.0) };
    let (low, high) = if low < high {
        (low, high)
    } else {
        (low - 0.5, low + 0.5)
    };
    let loss_axis = Axis {
        low,
        high,
        power: model.log_loss,
        ink: Ink::Loss,
    };
    if inner.height < 6 {
        return series(model, theme, frame, inner, &loss_samples, loss_axis);
    }
    let [upper, lower] =
        Layout::vertical([Constraint::Percentage(60), Constraint::Min(0)]).areas(inner);
    series(model, theme, frame, upper, &loss_samples, loss_axis);
    let accuracy: Vec<(f64, f64)> = model
        .steps
        .iter()
        .map(|s| (s.step as f64, s.accuracy))
        .collect();
    series(
        model,
        theme,
        frame,
        lower,
        &accuracy,
        Axis {
            low: 0.0,
            high: 1.0,
            power: false,
            ink: Ink::Accuracy,
        },
    );
}

/// The values at the playhead.
fn title(model: &Model) -> String {
    let scale = if model.log_loss { " (log)" } else { "" };
    let at = model.frame().and_then(|entry| {
        let place = model
            .steps
            .partition_point(|sample| sample.step < entry.step);
        // The first step has number 1; where steps could not be read, others are no substitute.
        let sample = model.steps.get(place)?;
        (sample.step <= entry.step + 1).then_some(sample)
    });
    at.map_or_else(
        || " loss · accuracy ".to_owned(),
        |sample| {
            format!(
                " loss{scale} {} · accuracy {:.3} ",
                short_number(sample.loss),
                sample.accuracy
            )
        },
    )
}

/// A vertical axis; with `power`, its ends are powers of ten.
#[derive(Debug, Clone, Copy)]
struct Axis {
    low: f64,
    high: f64,
    power: bool,
    ink: Ink,
}

impl Axis {
    fn label(self, y: f64) -> String {
        short_number(if self.power { 10.0_f64.powf(y) } else { y })
    }
}

fn series(
    model: &Model,
    theme: Theme,
    frame: &mut Frame,
    area: Rect,
    samples: &[(f64, f64)],
    axis: Axis,
) {
    if area.width <= GUTTER || area.height == 0 || !axis.low.is_finite() || !axis.high.is_finite() {
        return;
    }
    let [gutter, plot] =
        Layout::horizontal([Constraint::Length(GUTTER), Constraint::Min(0)]).areas(area);
    let style = theme.style(axis.ink);
    let ends = [(gutter.y, axis.high), (gutter.bottom() - 1, axis.low)];
    for (y, value) in ends.into_iter().take(usize::from(gutter.height)) {
        let row = Rect {
            y,
            height: 1,
            width: GUTTER - 1,
            ..gutter
        };
        frame.render_widget(Line::styled(axis.label(value), style).right_aligned(), row);
    }
    let end = model.total_steps().max(1) as f64;
    let columns = decimate(samples, end, usize::from(plot.width) * 2);
    let playhead = model.frame().map(|entry| entry.step as f64);
    let boundaries = model.stage_ends();
    let canvas = Canvas::default()
        .marker(theme.marker())
        .x_bounds([0.0, end])
        .y_bounds([axis.low, axis.high])
        .paint(|context| {
            for &(step, _) in &boundaries {
                dotted(
                    context,
                    step as f64,
                    axis,
                    usize::from(plot.height) * 2,
                    theme.color(Ink::Faint),
                );
            }
            curve(context, &columns, theme.color(axis.ink));
            context.layer();
            if let Some(x) = playhead {
                context.draw(&Stroke::new(
                    x,
                    axis.low,
                    x,
                    axis.high,
                    theme.color(Ink::Playhead),
                ));
            }
        });
    frame.render_widget(canvas, plot);
}

fn dotted(context: &mut Context, x: f64, axis: Axis, dots: usize, color: Color) {
    let at = |dot: usize| {
        (
            x,
            axis.low + (axis.high - axis.low) * dot as f64 / dots.max(1) as f64,
        )
    };
    let coords: Vec<(f64, f64)> = (0..=dots).map(at).collect();
    context.draw(&Points {
        coords: &coords,
        color,
    });
}

fn curve(context: &mut Context, columns: &[Column], color: Color) {
    for column in columns {
        context.draw(&Stroke::new(
            column.x,
            column.low,
            column.x,
            column.high,
            color,
        ));
    }
    for pair in columns.windows(2).filter(|pair| !pair[1].after_gap) {
        context.draw(&Stroke::new(
            pair[0].x,
            pair[0].last,
            pair[1].x,
            pair[1].first,
            color,
        ));
    }
}

/// Sorts samples, given at rising whole x in 0..=end, into columns; what is missing or not finite leaves a gap.
fn decimate(samples: &[(f64, f64)], end: f64, count: usize) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    let mut gap = true;
    let mut before = f64::NEG_INFINITY;
    for &(x, y) in samples {
        gap |= x - before > 1.0;
        before = x;
        if !y.is_finite() {
            gap = true;
            continue;
        }
        let last_column = count.max(2) - 1;
        let x = (x / end * last_column as f64).round() / last_column as f64 * end;
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
        let columns = decimate(&samples, 999.0, 20);
        assert_eq!(columns.len(), 22, "a gap splits its column");
        assert_eq!(
            columns.iter().map(|column| column.high).fold(0.0, f64::max),
            7.0
        );
        assert_eq!(
            columns.iter().map(|column| column.low).fold(0.0, f64::min),
            -3.0
        );
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
}
