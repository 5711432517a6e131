//! The whole of training in two rows: stages above, checkpoints below.

use tui::Frame;
use tui::buffer::Buffer;
use tui::layout::{Constraint, Layout, Rect};
use tui::style::{Modifier, Style};

use super::super::model::Model;
use super::style::{Ink, Theme};

/// Draws stages as bands, checkpoints as ticks, changes of the number of fixed points as marks, and the playhead.
pub(super) fn draw(model: &Model, theme: Theme, frame: &mut Frame, area: Rect) {
    let [bands, ticks] = Layout::vertical([Constraint::Length(1); 2]).areas(area);
    draw_bands(model, theme, frame.buffer_mut(), bands);
    draw_ticks(model, theme, frame.buffer_mut(), ticks);
}

fn column(model: &Model, area: Rect, step: u64) -> u16 {
    let share = step as f64 / model.total_steps().max(1) as f64;
    let last = f64::from(area.width.saturating_sub(1));
    area.x + (share * last).round().clamp(0.0, last) as u16
}

fn draw_bands(model: &Model, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let Some(last_stage) = model.steps.last().map(|sample| sample.stage as usize) else {
        return;
    };
    let mut begin = area.x;
    let ends = model.stage_ends();
    let bands = ends
        .iter()
        .copied()
        .chain([(model.total_steps(), last_stage)]);
    for (end_step, stage) in bands {
        let end = column(model, area, end_step);
        let width = usize::from(end.saturating_sub(begin));
        if stage % 2 == 1 {
            buffer.set_style(
                Rect {
                    x: begin,
                    width: width as u16,
                    ..area
                },
                Modifier::UNDERLINED,
            );
        }
        buffer.set_stringn(begin, area.y, "│", 1, theme.style(Ink::Faint));
        buffer.set_stringn(
            begin + 1,
            area.y,
            model.stage_name(stage),
            width.saturating_sub(1),
            Style::new(),
        );
        begin = end;
    }
}

fn draw_ticks(model: &Model, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let faint = theme.style(Ink::Faint);
    buffer.set_stringn(
        area.x,
        area.y,
        "─".repeat(usize::from(area.width)),
        usize::from(area.width),
        faint,
    );
    let mut set = |step: u64, symbol: &str, style: Style| {
        if let Some(cell) = buffer.cell_mut((column(model, area, step), area.y)) {
            cell.set_symbol(symbol).set_style(style);
        }
    };
    for entry in &model.entries {
        set(
            entry.step,
            if entry.complete { "┴" } else { "·" },
            Style::new(),
        );
    }
    for change in model.changes() {
        set(model.frames[change].step, "◆", theme.style(Ink::Change));
    }
    if let Some(entry) = model.frame() {
        set(
            entry.step,
            "█",
            theme.style(Ink::Playhead).add_modifier(Modifier::BOLD),
        );
    }
}
