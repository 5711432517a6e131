//! What stands along the steps around the curves: stages, and the steps themselves.

use tui::buffer::Buffer;
use tui::layout::Rect;
use tui::style::{Modifier, Style};

use crate::dashboard::curves;
use crate::dashboard::screen::Desk;
use crate::dashboard::theme::Ink;

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

/// Cells that labels of steps are at least apart.
const LABEL_GAP: u16 = 2;

/// Labels of the axis: the playhead's step, the first and the last in view, and others where equal room is not equal steps.
pub(in crate::dashboard::screens) fn step_axis(desk: &Desk, area: Rect, buffer: &mut Buffer) {
    let timeline = &desk.run.timeline;
    let (from, to) = timeline.bounds();
    let faint = desk.theme.style(Ink::Faint);
    let mut labels = Labels::new(area);
    // The playhead's label is worth more than one that it would lie on.
    if let Some(frame) = timeline.frame()
        && let Some(column) = curves::column_of(desk, area, frame.step as f64)
    {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        labels.centred(column, &frame.step.to_string(), bold, buffer);
    }
    labels.centred(area.x, &format!("step {from:.0}"), faint, buffer);
    labels.centred(area.right(), &format!("{to:.0}"), faint, buffer);
    for step in timeline.labelled() {
        if let Some(column) = curves::column_of(desk, area, step as f64) {
            labels.centred(column, &step.to_string(), faint, buffer);
        }
    }
}

/// Texts in a row, none of which lies on another.
struct Labels {
    area: Rect,
    /// The columns that each takes.
    taken: Vec<(u16, u16)>,
}

impl Labels {
    fn new(area: Rect) -> Self {
        Self {
            area,
            taken: Vec::new(),
        }
    }

    /// Writes a text around a column, within the row, if there is room.
    fn centred(&mut self, column: u16, text: &str, style: Style, buffer: &mut Buffer) {
        let width = text.chars().count() as u16;
        let last = self.area.right().saturating_sub(width).max(self.area.x);
        let begin = column.saturating_sub(width / 2).clamp(self.area.x, last);
        let end = begin + width;
        let is_free = |of: &(u16, u16)| begin >= of.1 + LABEL_GAP || end + LABEL_GAP <= of.0;
        if self.area.is_empty() || !self.taken.iter().all(is_free) {
            return;
        }
        let room = usize::from(self.area.right() - begin);
        buffer.set_stringn(begin, self.area.y, text, room, style);
        self.taken.push((begin, end));
    }
}
