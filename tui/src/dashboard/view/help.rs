//! The help: the table of keys, over everything else.

use tui::Frame;
use tui::layout::{Constraint, Layout, Rect};
use tui::style::Modifier;
use tui::text::{Line, Span};
use tui::widgets::{Clear, Paragraph};

use super::super::keys::{BINDINGS, Binding, label};
use super::pane;
use super::style::Theme;

/// Width of the column of keys, in cells.
const KEYS_WIDTH: usize = 13;
/// Width of one column of the table, in cells.
const COLUMN_WIDTH: u16 = 50;

/// Draws the table, in two columns where one is too long.
pub(super) fn draw(theme: Theme, frame: &mut Frame, area: Rect) {
    let columns: u16 = if BINDINGS.len() + 2 > usize::from(area.height) {
        2
    } else {
        1
    };
    let rows = BINDINGS.len().div_ceil(usize::from(columns));
    let width = (columns * COLUMN_WIDTH + 2).min(area.width);
    let height = (rows as u16 + 2).min(area.height);
    let place = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    let block = pane(theme, " keys ").title_bottom(" ? or Esc closes ");
    let inner = block.inner(place);
    frame.render_widget(Clear, place);
    frame.render_widget(block, place);
    let halves = Layout::horizontal(vec![Constraint::Fill(1); usize::from(columns)]).split(inner);
    for (half, bindings) in halves.iter().zip(BINDINGS.chunks(rows.max(1))) {
        frame.render_widget(
            Paragraph::new(bindings.iter().map(line).collect::<Vec<_>>()),
            *half,
        );
    }
}

fn line(binding: &Binding) -> Line<'static> {
    let keys = binding
        .keys
        .iter()
        .map(|key| label(key))
        .collect::<Vec<_>>()
        .join("  ");
    let keys = format!(" {keys:<KEYS_WIDTH$} ");
    Line::from(vec![
        Span::styled(keys, Modifier::BOLD),
        Span::raw(binding.does),
    ])
}
