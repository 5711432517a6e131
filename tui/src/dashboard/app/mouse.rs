//! What the mouse does.

use tui::layout::Rect;

use super::App;
use crate::dashboard::keys::Action;
use crate::dashboard::screen::{Effect, Mouse};
use crate::dashboard::timeline::Code;
use crate::dashboard::{strip, view};

/// The mouse as the terminal tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MouseInput {
    Down(u16, u16),
    Drag(u16, u16),
    Up,
    Wheel(i64, u16, u16),
}

/// What a drag began on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    Timeline,
    Pane(usize),
}

impl App {
    pub(super) fn mouse(&mut self, input: MouseInput, area: Rect) -> Option<Effect> {
        let places = view::places(area, self.desk.open_runs().len())?;
        if self.overlay.is_some() {
            return None;
        }
        match input {
            MouseInput::Up => {
                self.held = None;
                None
            }
            MouseInput::Down(column, row) => {
                self.desk.status = None;
                self.mouse_down(column, row, places)
            }
            MouseInput::Drag(column, row) => {
                let (held, from_column, from_row) = self.held?;
                self.held = Some((held, column, row));
                match held {
                    Held::Timeline => {
                        self.scrub(column, places.timeline);
                        None
                    }
                    Held::Pane(number) => {
                        let by = (
                            i32::from(column) - i32::from(from_column),
                            i32::from(row) - i32::from(from_row),
                        );
                        let by = (by.0 as i16, by.1 as i16);
                        self.mouse_in_pane(number, Mouse::Drag { by }, places)
                    }
                }
            }
            MouseInput::Wheel(by, column, row) => {
                if contains(places.timeline, column, row) {
                    return self.act(Action::Step(-by));
                }
                let number = self.pane_at(column, row, places)?;
                self.mouse_in_pane(number, Mouse::Wheel { by, column }, places)
            }
        }
    }

    fn mouse_down(&mut self, column: u16, row: u16, places: view::Places) -> Option<Effect> {
        if contains(places.timeline, column, row) {
            if let Some(id) = strip::run_at(&self.desk, places.timeline, column, row) {
                self.desk.focus_on(id);
                return None;
            }
            self.held = Some((Held::Timeline, column, row));
            self.scrub(column, places.timeline);
            return None;
        }
        if row == places.tabs.y {
            let number = view::tab_at(self, places.tabs, column)?;
            return self.act(Action::Screen(number));
        }
        let number = self.pane_at(column, row, places)?;
        self.focus[self.current].pane = number;
        self.held = Some((Held::Pane(number), column, row));
        self.mouse_in_pane(number, Mouse::Down { column, row }, places)
    }

    fn pane_at(&self, column: u16, row: u16, places: view::Places) -> Option<usize> {
        let panes = self.panes(places.class, places.body);
        let at = panes.iter().find(|pane| contains(pane.area, column, row));
        at.map(|pane| pane.number)
    }

    fn mouse_in_pane(
        &mut self,
        number: usize,
        mouse: Mouse,
        places: view::Places,
    ) -> Option<Effect> {
        let panes = self.panes(places.class, places.body);
        let pane = panes.iter().find(|pane| pane.number == number)?;
        let inner = pane.area.inner(tui::layout::Margin::new(1, 1));
        self.screens[self.current].mouse(number, mouse, inner, &mut self.desk)
    }

    /// Moves the playhead to a column of the timeline, or to an event that is drawn there.
    fn scrub(&mut self, column: u16, area: Rect) {
        let track = strip::track(&self.desk, area);
        let timeline = &mut self.desk.run.timeline;
        let at = |step: u64| strip::column_of(timeline, track, step as f64);
        let event = timeline.stops.iter().find(|stop| {
            stop.codes.iter().any(|(code, _)| *code != Code::Mark) && at(stop.to_step) == column
        });
        let place = f64::from(column.saturating_sub(track.x))
            / f64::from(track.width.saturating_sub(1).max(1));
        match event.map(|stop| stop.to_step) {
            Some(step) => timeline.go_to_step(step as f64),
            None => timeline.go_to_place(place),
        }
    }
}

fn contains(area: Rect, column: u16, row: u16) -> bool {
    area.contains(tui::layout::Position { x: column, y: row })
}
