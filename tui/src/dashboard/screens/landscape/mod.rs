//! The landscape of one checkpoint: the state space with its fixed points, their eigenvalues, and their list; around an
//! event, before and after.

mod space;
mod spectrum;
mod table;

use tui::buffer::Buffer;
use tui::layout::{Constraint, Layout, Rect};

use crate::dashboard::camera::Camera;
use crate::dashboard::data::{Request, RunId};
use crate::dashboard::keys::{Action, Binding, row};
use crate::dashboard::screen::{Class, Desk, Effect, Mouse, Pane, Screen};

const SPACE: usize = 0;
const TABLE: usize = 1;
const SPECTRUM: usize = 2;
/// Steps that the view turns by for one cell of dragging.
const DRAG: i8 = 1;

/// The screen.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches that the user turns one by one"
)]
pub(super) struct Landscape {
    camera: Camera,
    trajectories: bool,
    modes: bool,
    flow: bool,
    slow_points: bool,
}

impl Default for Landscape {
    fn default() -> Self {
        Self {
            camera: Camera::default(),
            trajectories: true,
            modes: false,
            flow: false,
            slow_points: true,
        }
    }
}

const KEYS: &[Binding] = &[
    row(
        &["j", "<down>"],
        Action::Select(1),
        "next fixed point",
        Some("point"),
    ),
    row(
        &["k", "<up>"],
        Action::Select(-1),
        "previous fixed point",
        None,
    ),
    row(&["<enter>"], Action::Enter, "pin the point, or unpin", None),
    row(
        &["b"],
        Action::Own("before"),
        "before and after the event",
        Some("before/after"),
    ),
    row(
        &["u"],
        Action::Own("modes"),
        "unstable modes on, off",
        Some("modes"),
    ),
    row(&["v"], Action::Own("flow"), "flow field on, off", None),
    row(
        &["t"],
        Action::Own("trials"),
        "probe trials on, off",
        Some("trials"),
    ),
    row(&["."], Action::Own("slow"), "slow points on, off", None),
    row(&["a"], Action::Own("left"), "turn left", None),
    row(&["d"], Action::Own("right"), "turn right", Some("turn")),
    row(&["w"], Action::Own("up"), "tilt up", None),
    row(&["s"], Action::Own("down"), "tilt down", None),
    row(&["+"], Action::Own("closer"), "closer", None),
    row(&["-"], Action::Own("farther"), "farther", None),
    row(&["=", "p"], Action::Own("view"), "first view again", None),
    row(
        &["P"],
        Action::Own("refit"),
        "fit plane to this checkpoint",
        None,
    ),
];

impl Landscape {
    fn needs_dynamics(&self) -> bool {
        self.modes || self.flow
    }
}

impl Screen for Landscape {
    fn name(&self) -> &'static str {
        super::LANDSCAPE
    }

    fn about(&self) -> &'static str {
        "state space, fixed points"
    }

    fn keys(&self) -> &'static [Binding] {
        KEYS
    }

    fn arrange(&self, class: Class, focus: usize, area: Rect) -> Vec<Rect> {
        match class {
            Class::Full => {
                let [space, right] =
                    Layout::horizontal([Constraint::Percentage(60), Constraint::Min(0)])
                        .areas(area);
                let [table, spectrum] =
                    Layout::vertical([Constraint::Percentage(55), Constraint::Min(0)]).areas(right);
                vec![space, table, spectrum]
            }
            Class::Compact => {
                let [space, right] =
                    Layout::horizontal([Constraint::Percentage(60), Constraint::Min(0)])
                        .areas(area);
                if focus == SPECTRUM {
                    vec![space, Rect::ZERO, right]
                } else {
                    vec![space, right, Rect::ZERO]
                }
            }
        }
    }

    fn why_not(&self, action: Action, desk: &Desk) -> Option<String> {
        let no_event = || desk.run.timeline.stop().is_none_or(|stop| !stop.is_event());
        match action {
            Action::Select(_) if desk.run.points().is_empty() => {
                Some("there is no fixed point at this checkpoint".into())
            }
            Action::Enter if desk.run.pinned.is_none() && desk.run.selected_point().is_none() => {
                Some("select a fixed point first, with j and k".into())
            }
            Action::Own("before") if !desk.run.before_and_after && no_event() => {
                Some("no event here: n goes to the next".into())
            }
            Action::Own("refit") if desk.run.timeline.frame().is_none() => {
                Some("there is no checkpoint yet".into())
            }
            _ => None,
        }
    }

    fn act(&mut self, action: Action, desk: &mut Desk) -> Option<Effect> {
        let Action::Own(name) = action else {
            match action {
                Action::Select(by) => desk.run.select(by),
                Action::Enter => desk.run.toggle_pin(),
                _ => {}
            }
            return None;
        };
        match name {
            "before" => desk.run.before_and_after = !desk.run.before_and_after,
            "modes" => self.modes = !self.modes,
            "flow" => self.flow = !self.flow,
            "trials" => self.trajectories = !self.trajectories,
            "slow" => self.slow_points = !self.slow_points,
            "left" => self.camera.turn(-1, 0),
            "right" => self.camera.turn(1, 0),
            "up" => self.camera.turn(0, 1),
            "down" => self.camera.turn(0, -1),
            "closer" => self.camera.zoom(1),
            "farther" => self.camera.zoom(-1),
            "view" => self.camera = Camera::default(),
            "refit" => {
                let frame = desk.run.timeline.frame()?;
                desk.say(format!(
                    "plane fitted to the probe trials at step {}",
                    frame.step
                ));
                let refit = Request::Refit(frame.checkpoint);
                return Some(Effect::Request(desk.run.id, refit));
            }
            _ => {}
        }
        None
    }

    fn mouse(&mut self, pane: usize, mouse: Mouse, area: Rect, desk: &mut Desk) -> Option<Effect> {
        match (pane, mouse) {
            (SPACE, Mouse::Drag { by }) => {
                let turns = |cells: i16| cells.clamp(-20, 20) as i8 * DRAG;
                self.camera.turn(turns(by.0), turns(by.1));
            }
            (SPACE, Mouse::Wheel { by, .. }) => self.camera.zoom(by),
            (SPACE, Mouse::Down { column, row }) => {
                if let Some(number) = space::point_at(self, desk, area, (column, row)) {
                    desk.run.select_row(number);
                }
            }
            (TABLE, Mouse::Wheel { by, .. }) => desk.run.select(-by),
            (TABLE, Mouse::Down { row, .. }) => {
                if let Some(number) = table::row_at(desk, area, row) {
                    desk.run.select_row(number);
                }
            }
            _ => {}
        }
        None
    }

    fn back(&mut self, desk: &mut Desk) -> bool {
        std::mem::take(&mut desk.run.before_and_after)
    }

    fn wants(&self, desk: &Desk) -> Vec<(RunId, Request)> {
        let run = &desk.run;
        let Some((frame, scene)) = run.timeline.frame().zip(run.scene()) else {
            return Vec::new();
        };
        let is_there = run.data.dynamics.as_ref().is_some_and(|known| {
            known.checkpoint == frame.checkpoint && known.condition == scene.condition
        });
        if is_there || !self.needs_dynamics() {
            return Vec::new();
        }
        let condition = scene.condition.clone();
        vec![(run.id, Request::Dynamics(frame.checkpoint, condition))]
    }

    fn draw(&self, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
        match pane.number {
            SPACE => space::draw(self, pane, desk, buffer),
            TABLE => table::draw(pane, desk, buffer),
            _ => spectrum::draw(pane, desk, buffer),
        }
    }
}
