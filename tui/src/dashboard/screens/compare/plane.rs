//! The compared runs as points of a plane, with a sign for each group.

use tui::buffer::Buffer;
use tui::layout::{Constraint, Layout, Rect};
use tui::style::{Modifier, Style};
use tui::text::{Line, Span};
use tui::widgets::{Paragraph, Widget as _, Wrap};

use super::marks;
use crate::dashboard::data::comparison::Measured;
use crate::dashboard::plot::Plot;
use crate::dashboard::screen::{Desk, message};
use crate::dashboard::theme::Ink;

/// Most rows of the legend.
const LEGEND: u16 = 3;

/// Draws the plane of a measure; the runs in the rows of `cursor` stand out.
pub(super) fn draw(
    desk: &Desk,
    measured: &Measured,
    cursor: [usize; 2],
    area: Rect,
    buffer: &mut Buffer,
) {
    if let Err(reason) = &measured.embedding {
        let text = format!("no plane: {reason}");
        return message(area, &text, desk.theme.style(Ink::Faint), buffer);
    }
    let (picture, below) = parts(desk, area);
    legend(desk, below, buffer);
    let (mut plot, points) = plot(desk, measured, picture);
    let is_cursor = |row: usize| cursor.contains(&row);
    // The runs of the cursor lie on all others.
    let rows = (0..points.len())
        .filter(|&row| !is_cursor(row))
        .chain(cursor);
    for row in rows {
        let Some(Some([x, y])) = points.get(row).copied() else {
            continue;
        };
        let (sign, mut style) = marks::group(desk.theme, desk.comparison.group_of(row));
        if is_cursor(row) {
            style = style.add_modifier(Modifier::REVERSED);
        }
        plot.text(x, y, sign, style);
    }
    plot.render(buffer);
}

/// The run drawn nearest to a place of the terminal, within a few cells.
pub(super) fn nearest(
    desk: &Desk,
    measured: &Measured,
    area: Rect,
    (column, row): (u16, u16),
) -> Option<usize> {
    let (plot, points) = plot(desk, measured, parts(desk, area).0);
    let distance = |point: &Option<[f64; 2]>| {
        let [x, y] = (*point)?;
        let (across, down) = plot.cell(x, y)?;
        // A cell is twice as high as wide.
        let away = u32::from(across.abs_diff(column)) + 2 * u32::from(down.abs_diff(row));
        (away <= 4).then_some(away)
    };
    let near = points.iter().enumerate();
    let near = near.filter_map(|(row, point)| Some((distance(point)?, row)));
    near.min().map(|(_, row)| row)
}

/// The picture, and the legend below it.
fn parts(desk: &Desk, area: Rect) -> (Rect, Rect) {
    let width: usize = entries(desk).iter().map(Span::width).sum();
    let rows = (width as u16).div_ceil(area.width.max(1)).clamp(1, LEGEND);
    let rows = rows.min(area.height / 3);
    let [picture, below] =
        Layout::vertical([Constraint::Min(0), Constraint::Length(rows)]).areas(area);
    (picture, below)
}

/// The points by row, around the middle of them all, and a picture with equal scales that holds them.
fn plot(desk: &Desk, measured: &Measured, area: Rect) -> (Plot, Vec<Option<[f64; 2]>>) {
    let compared = &desk.comparison;
    let points: Vec<Option<[f64; 2]>> = (0..compared.runs.len())
        .map(|row| compared.point(measured, row))
        .map(|point| point.filter(|of| of.iter().all(|x| x.is_finite())))
        .collect();
    let range = |axis: usize| {
        let values = points.iter().flatten().map(|point| point[axis]);
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
            (low.min(x), high.max(x))
        })
    };
    let ranges = [range(0), range(1)];
    let middle = ranges.map(|(low, high)| {
        if low <= high {
            f64::midpoint(low, high)
        } else {
            0.0
        }
    });
    let radius = ranges.map(|(low, high)| (high - low) / 2.0);
    let radius = radius[0].max(radius[1]).max(f64::MIN_POSITIVE) * 1.1;
    let centred = |point: [f64; 2]| [point[0] - middle[0], point[1] - middle[1]];
    let points = points.into_iter().map(|point| point.map(centred)).collect();
    (Plot::square(desk.theme, area, radius), points)
}

/// `● at once (20)` for each group.
fn entries(desk: &Desk) -> Vec<Span<'static>> {
    let compared = &desk.comparison;
    let groups = compared.groups.iter().enumerate();
    groups
        .flat_map(|(number, name)| {
            let count = compared
                .runs
                .iter()
                .filter(|run| run.group == *name)
                .count();
            let (sign, style) = marks::group(desk.theme, number);
            [
                Span::styled(sign, style),
                Span::styled(format!(" {name} ({count})  "), Style::new()),
            ]
        })
        .collect()
}

fn legend(desk: &Desk, area: Rect, buffer: &mut Buffer) {
    Paragraph::new(Line::from(entries(desk)))
        .wrap(Wrap { trim: true })
        .render(area, buffer);
}
