//! What stands along the steps beside the curves: stages, accuracies on the probe tasks, the steps themselves.

use tui::buffer::Buffer;
use tui::layout::Rect;
use tui::style::{Modifier, Style};
use tui::text::Line;
use tui::widgets::Widget as _;

use super::right_of_gutter;
use crate::dashboard::curves::{self, Axis};
use crate::dashboard::plot::{Dash, Plot};
use crate::dashboard::screen::{Desk, at_right};
use crate::dashboard::theme::Ink;

/// Accuracies on the probe tasks, checkpoint by checkpoint, each with its name where it ends.
pub(super) fn evaluations(desk: &Desk, axis: Axis, area: Rect, buffer: &mut Buffer) {
    let picture = right_of_gutter(area);
    if picture.width < 2 || picture.height < 2 {
        return;
    }
    let mut plot = Plot::new(
        desk.theme,
        picture,
        desk.run.timeline.bounds(),
        (axis.low, axis.high),
    );
    for (number, (probe, curve)) in desk.run.data.evaluations().into_iter().enumerate() {
        for pair in curve.windows(2) {
            plot.line(pair[0], pair[1], Ink::Repeller, Dash::Dashed);
        }
        // Names take turns along the curves, so that they do not lie on each other.
        let at = curve.len() * (number + 1) / (desk.run.data.evaluations().len() + 1);
        if let Some(&(step, accuracy)) = curve.get(at) {
            plot.text(step, accuracy, probe, desk.theme.style(Ink::Repeller));
        }
    }
    plot.render(buffer);
}

/// Names of the stages above their steps.
pub(super) fn draw_stages(desk: &Desk, area: Rect, buffer: &mut Buffer) {
    let Some(last) = desk.run.data.steps.last() else {
        return;
    };
    let (from, to) = desk.run.timeline.bounds();
    let to = to.min(desk.run.timeline.ends().1);
    let mut begin_step = 0.0_f64;
    let ends = desk
        .run
        .data
        .stage_ends()
        .into_iter()
        .map(|(step, stage)| (step as f64, stage));
    for (end_step, stage) in ends.chain([(f64::INFINITY, last.stage as usize)]) {
        let columns = (
            curves::column_of(desk, area, begin_step.max(from)),
            curves::column_of(desk, area, end_step.min(to)),
        );
        if let (Some(begin), Some(end)) = columns {
            let width = end.saturating_sub(begin);
            let band = Rect {
                x: begin,
                width,
                ..area
            };
            if stage % 2 == 1 {
                buffer.set_style(band, Modifier::UNDERLINED);
            }
            let name = format!("│{}", desk.run.data.stage_name(stage));
            buffer.set_stringn(begin, area.y, name, usize::from(width), Style::new());
        }
        begin_step = end_step;
    }
}

/// The first and last step in view, and the one of the playhead.
pub(in crate::dashboard::screens) fn step_axis(desk: &Desk, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let (from, to) = desk.run.timeline.bounds();
    let faint = desk.theme.style(Ink::Faint);
    let frame = desk.run.timeline.frame();
    let column = frame.and_then(|frame| curves::column_of(desk, area, frame.step as f64));
    let here = desk.run.timeline.step().to_string();
    let last = area.right().saturating_sub(here.len() as u16).max(area.x);
    let begin = column.map(|column| {
        let centred = column.saturating_sub(here.len() as u16 / 2);
        centred.clamp(area.x, last)
    });
    // The playhead's label is worth more than that of an end it would lie on.
    let (first_label, last_label) = (format!("step {from:.0}"), format!("{to:.0}"));
    let first_end = area.x + first_label.len() as u16;
    if begin.is_none_or(|begin| begin > first_end) {
        Line::styled(first_label, faint).render(area, buffer);
    }
    let last_begin = area.right().saturating_sub(last_label.len() as u16 + 1);
    if begin.is_none_or(|begin| begin + (here.len() as u16) < last_begin) {
        at_right(area, &last_label, faint, buffer);
    }
    if let Some(begin) = begin {
        let room = usize::from(area.right() - begin);
        buffer.set_stringn(begin, area.y, here, room, Modifier::BOLD);
    }
}
