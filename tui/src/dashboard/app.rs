//! State of the dashboard, and how it changes. No clock, no files, no terminal in here.

mod actions;
mod mouse;
mod typing;

use std::path::PathBuf;
use std::time::Duration;

use tui::buffer::Buffer;
use tui::layout::Rect;

use self::mouse::Held;
pub(crate) use self::mouse::MouseInput;
use super::data::comparison::Part;
use super::data::runs::Listed;
use super::data::{Request, RunId, Update};
use super::desk::Desk;
use super::keys::{self, Section};
use super::open_run::OpenRun;
use super::overlay::Overlay;
use super::screen::{Class, Effect, Pane, Screen};
use super::screens;
use super::view;

/// Checkpoints on either side of the one on screen whose details are read ahead.
const READ_AHEAD: i64 = 3;

/// What happens to the dashboard.
#[derive(Debug, Clone)]
pub(crate) enum Msg {
    /// A key, by the name that [`keys::name`] gives it.
    Key(String),
    /// Text from the clipboard.
    Paste(String),
    /// The mouse, on a terminal of this size.
    Mouse(MouseInput, Rect),
    /// Time for the next checkpoint, when playing.
    Tick,
    /// Time for what the screen plays by itself to go on.
    ScreenTick,
    /// News of a run from its loader.
    News(RunId, Update),
    /// What came of the comparison with this number.
    Compared(u64, Part),
    /// A stretch of the run with this identity was traced, and is the run in this folder.
    Traced(RunId, PathBuf),
    /// The runs of the directory.
    Runs(Vec<Listed>),
    /// The training that was started here ended, with this message if it failed.
    TrainingEnded(Option<String>),
    /// Something to say in the status row.
    Say(String),
}

/// Which pane of a screen has the focus.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PaneFocus {
    pub(crate) pane: usize,
    pub(crate) expanded: bool,
}

/// The dashboard.
pub(crate) struct App {
    pub(crate) screens: Vec<Box<dyn Screen>>,
    pub(crate) current: usize,
    focus: Vec<PaneFocus>,
    pub(crate) desk: Desk,
    pub(crate) overlay: Option<Overlay>,
    held: Option<(Held, u16, u16)>,
    /// The run that the screens have derived their pictures from.
    derived: Option<RunId>,
}

impl App {
    /// A dashboard that begins on the named screen.
    pub(crate) fn new(desk: Desk, screen: &str) -> Self {
        let screens = screens::all();
        let current = screens
            .iter()
            .position(|of| of.name().eq_ignore_ascii_case(screen))
            .unwrap_or(0);
        Self {
            focus: vec![PaneFocus::default(); screens.len()],
            screens,
            current,
            desk,
            overlay: None,
            held: None,
            derived: None,
        }
    }

    /// The table of keys as it holds now.
    pub(crate) fn table(&self) -> Vec<Section> {
        keys::table(&self.screens, self.current)
    }

    pub(crate) fn focus(&self) -> PaneFocus {
        self.focus[self.current]
    }

    /// Time between two ticks of what the screen plays by itself, while it does.
    pub(crate) fn screen_tick_interval(&self) -> Option<Duration> {
        self.screens[self.current].tick_interval()
    }

    /// Time between two ticks while playing.
    pub(crate) fn tick_interval(&self) -> Option<Duration> {
        self.desk.run.timeline.tick_interval()
    }

    /// What the loaders are to read next, most urgent first.
    pub(crate) fn wanted(&self) -> Vec<(RunId, Request)> {
        let of_focus = details_near(&self.desk.run, READ_AHEAD);
        let of_others = self.desk.others.iter().map(|run| details_near(run, 0));
        let own = self.screens[self.current].wants(&self.desk);
        std::iter::once(of_focus)
            .chain(of_others)
            .chain(own)
            .collect()
    }

    /// The only way in which the dashboard changes.
    pub(crate) fn update(&mut self, msg: Msg) -> Option<Effect> {
        let before = self.playhead();
        let effect = self.take(msg);
        let after = self.playhead();
        // A run that was not there before, or whose first checkpoint came, stands where the others stand.
        let is_same_run = before.0 == after.0 && before.1.is_some() && after.1.is_some();
        if is_same_run && before != after {
            self.desk.lead();
        }
        if let Some(screen) = self.desk.go_to_screen.take() {
            self.go_to_screen(screen);
        }
        effect
    }

    /// The run in focus, and its checkpoint on screen.
    fn playhead(&self) -> (RunId, Option<u32>) {
        let run = &self.desk.run;
        (run.id, run.timeline.frame().map(|frame| frame.checkpoint))
    }

    fn take(&mut self, msg: Msg) -> Option<Effect> {
        match msg {
            Msg::Key(name) => return self.press(&name),
            Msg::Mouse(input, area) => return self.mouse(input, area),
            Msg::Paste(text) => self.paste(&text),
            Msg::Tick => {
                let grows = self.desk.run.data.grows();
                self.desk.run.timeline.tick(grows);
            }
            Msg::ScreenTick => self.screens[self.current].tick(&self.desk),
            Msg::News(run, update) => self.desk.take_in(run, update),
            Msg::Compared(number, part) => self.desk.comparison.take_in(number, part),
            Msg::Traced(from, dir) => self.show_traced(from, dir),
            Msg::Runs(runs) => {
                self.desk.listed = runs;
                self.desk.list_known = true;
            }
            Msg::TrainingEnded(failure) => self.training_ended(failure),
            Msg::Say(text) => self.desk.say(text),
        }
        None
    }

    /// Derives what follows from the news; called once for many of them.
    pub(crate) fn derive(&mut self) {
        let is_news = self.desk.derive();
        if is_news || self.derived != Some(self.desk.run.id) {
            for screen in &mut self.screens {
                screen.derive(&self.desk);
            }
            self.derived = Some(self.desk.run.id);
        }
    }

    /// A run that was traced from the one with this identity takes its place.
    fn show_traced(&mut self, from: RunId, dir: PathBuf) {
        let place = self.desk.open_run(from).map(|run| run.id);
        self.desk
            .open_instead(place.unwrap_or(self.desk.run.id), dir);
        if self.screens[self.current].name() == screens::RUNS {
            self.desk.go_to_screen = Some(screens::LANDSCAPE);
        }
    }

    fn go_to_screen(&mut self, name: &str) {
        let at = self.screens.iter().position(|screen| screen.name() == name);
        self.current = at.unwrap_or(self.current);
    }

    fn training_ended(&mut self, failure: Option<String>) {
        let trained = self.desk.trains.take();
        let Some(failure) = failure else {
            return;
        };
        match trained {
            Some(id) if self.desk.open_run(id).is_some() => {
                self.desk.take_in(id, Update::Problem(failure));
            }
            _ => {
                self.desk.say(failure.clone());
                self.desk.add_damage(failure);
            }
        }
    }

    /// Where the panes of the current screen are in a body, with the one that has all room if there is one.
    pub(crate) fn panes(&self, class: Class, body: Rect) -> Vec<Pane> {
        let focus = self.focus();
        let areas = self.screens[self.current].arrange(class, focus.pane, body);
        let pane = |(number, area): (usize, Rect)| Pane {
            number,
            area: if focus.expanded {
                if number == focus.pane {
                    body
                } else {
                    Rect::ZERO
                }
            } else {
                area
            },
            is_focused: number == focus.pane,
        };
        let panes = areas.into_iter().enumerate().map(pane);
        panes.filter(|pane| !pane.area.is_empty()).collect()
    }

    /// Draws everything.
    pub(crate) fn draw(&self, buffer: &mut Buffer) {
        view::draw(self, buffer);
    }
}

/// The details of the checkpoints at most so far from the one on screen that are not read yet, the nearest first.
fn details_near(run: &OpenRun, ahead: i64) -> (RunId, Request) {
    let timeline = &run.timeline;
    let mut near: Vec<i64> = (-ahead..=ahead).collect();
    near.sort_by_key(|offset| (offset.abs(), -offset));
    let details = near
        .into_iter()
        .filter_map(|offset| timeline.position.checked_add_signed(offset as isize))
        .filter_map(|position| timeline.frames.get(position))
        .map(|frame| frame.checkpoint)
        .filter(|checkpoint| !run.data.details.contains_key(checkpoint))
        .collect();
    (run.id, Request::Details(details))
}
