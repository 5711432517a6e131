//! Networks that look for a goal in a grid room: the room with values and a way through it, where units are active, the way
//! in the state space, and how well they do.

mod chosen;
mod maps;
mod numbers;
mod paint;
mod room;
mod space;

use std::time::Duration;

use tui::buffer::Buffer;
use tui::layout::{Constraint, Layout, Rect};

use self::chosen::{Chosen, Shown};
use self::maps::Order;
use crate::dashboard::data::rooms::{Rooms, Way};
use crate::dashboard::data::{Request, RunId};
use crate::dashboard::keys::{Action, Binding, row};
use crate::dashboard::screen::{Class, Desk, Effect, Mouse, Pane, Screen, message};
use crate::dashboard::theme::Ink;

const ROOM: usize = 0;
const MAPS: usize = 1;
const SPACE: usize = 2;
/// Time that a step of a way stays on screen while it is played.
const WAY_INTERVAL: Duration = Duration::from_millis(150);
/// Units that the rate maps move on by.
const UNITS: usize = 4;
/// Checkpoints beside the one on screen whose rooms are read ahead, nearest first.
const READ_AHEAD: [isize; 4] = [0, 1, -1, 2];

/// The screen.
#[derive(Debug, Default)]
pub(super) struct Arena {
    chosen: Chosen,
    /// Time step of the way; none at its end.
    time: Option<usize>,
    /// The way's own time runs.
    plays: bool,
    order: Order,
    first_unit: usize,
}

/// What there is of the checkpoint on screen.
enum Now<'a> {
    NoCheckpoint,
    Unread,
    Rooms(&'a Rooms),
}

const KEYS: &[Binding] = &[
    row(
        &["j", "<down>"],
        Action::Select(1),
        "next path",
        Some("path"),
    ),
    row(&["k", "<up>"], Action::Select(-1), "previous path", None),
    row(
        &["p"],
        Action::Own("play"),
        "play the path, or stop",
        Some("play path"),
    ),
    row(
        &["d"],
        Action::Own("later"),
        "a step on along the path",
        Some("step of path"),
    ),
    row(
        &["a"],
        Action::Own("earlier"),
        "a step back along the path",
        None,
    ),
    row(
        &["b"],
        Action::Own("begin"),
        "begin of the path, or its end",
        None,
    ),
    row(&["w"], Action::Own("room"), "next room", Some("room")),
    row(&["W"], Action::Own("room before"), "previous room", None),
    row(&["v"], Action::Own("goal"), "next goal", Some("goal")),
    row(&["V"], Action::Own("goal before"), "previous goal", None),
    row(
        &["u"],
        Action::Own("units"),
        "next units of the rate maps",
        Some("units"),
    ),
    row(
        &["U"],
        Action::Own("units before"),
        "previous units of the rate maps",
        None,
    ),
    row(
        &["i"],
        Action::Own("order"),
        "other order of the units",
        None,
    ),
];

impl Arena {
    fn now(desk: &Desk) -> Now<'_> {
        let Some(frame) = desk.run.timeline.frame() else {
            return Now::NoCheckpoint;
        };
        let rooms = desk.run.data.rooms.get(&frame.checkpoint);
        rooms.map_or(Now::Unread, Now::Rooms)
    }

    fn shown<'a>(&self, desk: &'a Desk) -> Option<Shown<'a>> {
        match Self::now(desk) {
            Now::Rooms(rooms) => self.chosen.of(rooms),
            _ => None,
        }
    }

    /// Time step of a way that is on screen.
    fn time_in(&self, way: &Way) -> usize {
        let last = way.moments.len().saturating_sub(1);
        self.time.map_or(last, |time| time.min(last))
    }

    /// Goes so many steps further along the way.
    fn walk(&mut self, desk: &Desk, by: isize) {
        let way = self.shown(desk).and_then(|shown| shown.way);
        if let Some(way) = way {
            let last = way.moments.len().saturating_sub(1);
            let time = self.time_in(way).saturating_add_signed(by);
            self.time = (time < last).then_some(time);
        }
    }

    fn toggle_play(&mut self) {
        self.plays = !self.plays;
        // At the end it begins again.
        if self.plays && self.time.is_none() {
            self.time = Some(0);
        }
    }

    fn move_units(&mut self, desk: &Desk, is_on: bool) {
        let count = match Self::now(desk) {
            Now::Rooms(rooms) => rooms.maps.as_ref().map_or(0, Vec::len),
            _ => 0,
        };
        let first = if is_on {
            self.first_unit + UNITS
        } else {
            self.first_unit.saturating_sub(UNITS)
        };
        self.first_unit = first.min(count.saturating_sub(1) / UNITS * UNITS);
    }

    /// Says why a pane has nothing to show.
    fn say_why_empty(
        (pane, desk): (Pane, &Desk),
        problem: impl Fn(&Rooms) -> Option<&String>,
        area: Rect,
        buffer: &mut Buffer,
    ) {
        let faint = desk.theme.style(Ink::Faint);
        let rooms = match Self::now(desk) {
            Now::NoCheckpoint => return message(area, &desk.run.waiting(), faint, buffer),
            Now::Unread => return message(area, "reading…", faint, buffer),
            Now::Rooms(rooms) => rooms,
        };
        if let Some(problem) = problem(rooms) {
            return message(area, problem, desk.theme.style(Ink::Warning), buffer);
        }
        let here = desk.run.timeline.step();
        let text = match desk.run.data.nearest_with_rooms(rooms.checkpoint) {
            Some(step) if step != here => format!(
                "nothing of this was kept at step {here}; the nearest checkpoint that tells of rooms is at step {step}"
            ),
            Some(_) => "nothing of this was kept in this run".into(),
            // Once is enough.
            None if pane.number != ROOM => return,
            None => "here is what a run tells whose curriculum trains an agent to find a goal in grid rooms".into(),
        };
        message(area, &text, faint, buffer);
    }
}

impl Screen for Arena {
    fn name(&self) -> &'static str {
        "Arena"
    }

    fn about(&self) -> &'static str {
        "grid rooms, paths, rate maps"
    }

    fn keys(&self) -> &'static [Binding] {
        KEYS
    }

    fn arrange(&self, class: Class, focus: usize, area: Rect) -> Vec<Rect> {
        let halves = [Constraint::Percentage(48), Constraint::Min(0)];
        match class {
            Class::Full => {
                let [above, numbers] =
                    Layout::vertical([Constraint::Min(0), Constraint::Length(5)]).areas(area);
                let [room, right] = Layout::horizontal(halves).areas(above);
                let [maps, space] =
                    Layout::vertical([Constraint::Percentage(50), Constraint::Min(0)]).areas(right);
                vec![room, maps, space, numbers]
            }
            Class::Compact => {
                let [room, right] = Layout::horizontal(halves).areas(area);
                let [above, numbers] =
                    Layout::vertical([Constraint::Min(0), Constraint::Length(6)]).areas(right);
                if focus == SPACE {
                    vec![room, Rect::ZERO, above, numbers]
                } else {
                    vec![room, above, Rect::ZERO, numbers]
                }
            }
        }
    }

    fn why_not(&self, action: Action, desk: &Desk) -> Option<String> {
        let shown = self.shown(desk);
        let of_way = ["play", "later", "earlier", "begin"];
        match action {
            Action::Select(_) if shown.as_ref().is_none_or(|shown| shown.ways.is_empty()) => {
                Some("there is no path at this checkpoint".into())
            }
            Action::Own(name) if of_way.contains(&name) => {
                let has_way = shown.as_ref().is_some_and(|shown| shown.way.is_some());
                (!has_way).then(|| "there is no path to this goal at this checkpoint".into())
            }
            Action::Own("room" | "room before" | "goal" | "goal before") if shown.is_none() => {
                Some("there is no room at this checkpoint".into())
            }
            _ => None,
        }
    }

    fn act(&mut self, action: Action, desk: &mut Desk) -> Option<Effect> {
        let mut chosen = self.chosen.clone();
        if let Some(shown) = self.shown(desk) {
            match action {
                Action::Select(by) => chosen.next_way(&shown, by),
                Action::Own("room") => chosen.next_room(&shown, 1),
                Action::Own("room before") => chosen.next_room(&shown, -1),
                Action::Own("goal") => chosen.next_goal(&shown, 1),
                Action::Own("goal before") => chosen.next_goal(&shown, -1),
                _ => {}
            }
        }
        self.chosen = chosen;
        match action {
            Action::Own("play") => self.toggle_play(),
            Action::Own("later") => self.walk(desk, 1),
            Action::Own("earlier") => self.walk(desk, -1),
            Action::Own("begin") => self.time = self.time.is_none_or(|time| time > 0).then_some(0),
            Action::Own("units") => self.move_units(desk, true),
            Action::Own("units before") => self.move_units(desk, false),
            Action::Own("order") => (self.order, self.first_unit) = (self.order.next(), 0),
            _ => {}
        }
        None
    }

    fn mouse(&mut self, pane: usize, mouse: Mouse, _: Rect, desk: &mut Desk) -> Option<Effect> {
        match (pane, mouse) {
            (MAPS, Mouse::Wheel { by, .. }) => self.move_units(desk, by < 0),
            (ROOM | SPACE, Mouse::Wheel { by, .. }) => self.walk(desk, -by as isize),
            _ => {}
        }
        None
    }

    fn wants(&self, desk: &Desk) -> Vec<(RunId, Request)> {
        let run = &desk.run;
        let at = |ahead: &isize| run.timeline.position.checked_add_signed(*ahead);
        let near = READ_AHEAD.iter().filter_map(at);
        let near = near.filter_map(|position| run.timeline.frames.get(position));
        let unread = near.filter(|frame| !run.data.rooms.contains_key(&frame.checkpoint));
        let unread = unread.map(|frame| frame.checkpoint).collect();
        vec![(run.id, Request::Rooms(unread))]
    }

    fn tick_interval(&self) -> Option<Duration> {
        self.plays.then_some(WAY_INTERVAL)
    }

    fn tick(&mut self, desk: &Desk) {
        self.walk(desk, 1);
        self.plays = self.time.is_some();
    }

    fn draw(&self, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
        match pane.number {
            ROOM => room::draw(self, pane, desk, buffer),
            MAPS => maps::draw(self, pane, desk, buffer),
            SPACE => space::draw(self, pane, desk, buffer),
            _ => numbers::draw(self, pane, desk, buffer),
        }
    }
}
