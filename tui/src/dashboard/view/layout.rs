//! Where the panes are.

use tui::layout::{Constraint, Layout, Rect};

/// Least width for any pane at all, in cells.
pub(super) const MIN_WIDTH: u16 = 60;
/// Least height for any pane at all, in cells.
pub(super) const MIN_HEIGHT: u16 = 16;
/// From here on all panes are shown.
const FULL: (u16, u16) = (100, 30);

/// The areas of the panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Panes {
    pub(super) header: Rect,
    pub(super) curves: Rect,
    pub(super) space: Rect,
    /// Only where there is room.
    pub(super) spectrum: Option<Rect>,
    pub(super) table: Rect,
    pub(super) timeline: Rect,
    pub(super) status: Rect,
    pub(super) hints: Rect,
}

/// The panes that fit; none if the area is too small for any.
pub(super) fn layout(area: Rect) -> Option<Panes> {
    if area.width < MIN_WIDTH || area.height < MIN_HEIGHT {
        return None;
    }
    let rows = [1, 0, 2, 1, 1].map(|height| {
        if height == 0 {
            Constraint::Min(0)
        } else {
            Constraint::Length(height)
        }
    });
    let [header, body, timeline, status, hints] = Layout::vertical(rows).areas(area);
    let panes = if area.width >= FULL.0 && area.height >= FULL.1 {
        let [left, right] =
            Layout::horizontal([Constraint::Percentage(36), Constraint::Min(0)]).areas(body);
        let [curves, spectrum] =
            Layout::vertical([Constraint::Percentage(50), Constraint::Min(0)]).areas(left);
        let [space, table] =
            Layout::vertical([Constraint::Min(0), Constraint::Percentage(36)]).areas(right);
        Panes {
            header,
            curves,
            space,
            spectrum: Some(spectrum),
            table,
            timeline,
            status,
            hints,
        }
    } else {
        let [space, right] =
            Layout::horizontal([Constraint::Percentage(56), Constraint::Min(0)]).areas(body);
        let [curves, table] =
            Layout::vertical([Constraint::Percentage(42), Constraint::Min(0)]).areas(right);
        Panes {
            header,
            curves,
            space,
            spectrum: None,
            table,
            timeline,
            status,
            hints,
        }
    };
    Some(panes)
}
