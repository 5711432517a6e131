//! State of the dashboard, and how it changes. No clock, no files, no terminal in here.

mod mouse;

use std::time::Duration;

use creode::text::is_unprintable;
use tui::buffer::Buffer;
use tui::layout::Rect;

use self::mouse::Held;
pub(crate) use self::mouse::MouseInput;
use super::data::marks::Mark;
use super::data::runs::Listed;
use super::data::{Request, RunState, Update};
use super::keys::{self, Action, Section};
use super::overlay::{self, Overlay, Purpose, Question};
use super::screen::{Class, Desk, Effect, Pane, Screen};
use super::screens;
use super::timeline::Frame;
use super::view;

/// Checkpoints on either side of the one on screen whose details are read ahead.
const READ_AHEAD: i64 = 3;

/// Most rows that the help is scrolled by.
const HELP_ROWS: u16 = 60;

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
    /// News from the loader.
    News(Update),
    /// The runs of the directory.
    Runs(Vec<Listed>),
    /// The training that was started here ended, with this message if it failed.
    TrainingEnded(Option<String>),
    /// Something to say in the status row.
    Say(String),
}

/// Focus of a screen.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Focus {
    pub(crate) pane: usize,
    pub(crate) expanded: bool,
}

/// The dashboard.
pub(crate) struct App {
    pub(crate) screens: Vec<Box<dyn Screen>>,
    pub(crate) current: usize,
    focus: Vec<Focus>,
    pub(crate) desk: Desk,
    pub(crate) overlay: Option<Overlay>,
    held: Option<(Held, u16, u16)>,
    /// Stops and ends are to be derived anew.
    is_stale: bool,
    stale_condition: Option<std::sync::Arc<str>>,
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
            focus: vec![Focus::default(); screens.len()],
            screens,
            current,
            desk,
            overlay: None,
            held: None,
            is_stale: false,
            stale_condition: None,
        }
    }

    /// The table of keys as it holds now.
    pub(crate) fn table(&self) -> Vec<Section> {
        keys::table(&self.screens, self.current)
    }

    pub(crate) fn focus(&self) -> Focus {
        self.focus[self.current]
    }

    /// Time between two ticks while playing.
    pub(crate) fn tick_interval(&self) -> Option<Duration> {
        self.desk.timeline.tick_interval()
    }

    /// What the loader is to read next, most urgent first.
    pub(crate) fn wanted(&self) -> Vec<Request> {
        let timeline = &self.desk.timeline;
        let mut near: Vec<i64> = (-READ_AHEAD..=READ_AHEAD).collect();
        near.sort_by_key(|offset| (offset.abs(), -offset));
        let details = near
            .into_iter()
            .filter_map(|offset| timeline.position.checked_add_signed(offset as isize))
            .filter_map(|position| timeline.frames.get(position))
            .map(|frame| frame.checkpoint)
            .filter(|checkpoint| !self.desk.data.details.contains_key(checkpoint))
            .collect();
        let own = self.screens[self.current].wants(&self.desk);
        std::iter::once(Request::Details(details))
            .chain(own)
            .collect()
    }

    /// The only way in which the dashboard changes.
    pub(crate) fn update(&mut self, msg: Msg) -> Option<Effect> {
        match msg {
            Msg::Key(name) => self.press(&name),
            Msg::Paste(text) => {
                self.paste(&text);
                None
            }
            Msg::Mouse(input, area) => self.mouse(input, area),
            Msg::Tick => {
                let grows = self.desk.data.grows();
                self.desk.timeline.tick(grows);
                None
            }
            Msg::News(update) => {
                self.learn(update);
                None
            }
            Msg::Runs(runs) => {
                self.desk.runs = runs;
                self.desk.runs_known = true;
                None
            }
            Msg::TrainingEnded(failure) => {
                self.desk.trains = false;
                if let Some(failure) = failure {
                    self.desk.data.damage.insert(failure.clone());
                    self.desk.data.problem = Some(failure);
                }
                None
            }
            Msg::Say(text) => {
                self.desk.say(text);
                None
            }
        }
    }

    fn learn(&mut self, update: Update) {
        let desk = &mut self.desk;
        let is_manifest = matches!(update, Update::Manifest { .. });
        // These come with every step of the playhead, and nothing is derived from them.
        let is_passing = matches!(
            update,
            Update::Detail(_) | Update::Dynamics(_) | Update::Log(_)
        );
        if matches!(update, Update::Opened { .. }) {
            desk.timeline.frames.clear();
            desk.timeline.window = None;
        }
        let here = desk.timeline.frame().map(|frame| frame.checkpoint);
        desk.data.learn(update, here);
        if is_manifest {
            let complete = desk.data.entries.iter().filter(|entry| entry.complete);
            let frame = |entry: &creode::trace::Entry| Frame {
                checkpoint: entry.checkpoint,
                step: entry.step,
            };
            desk.timeline.set_frames(complete.map(frame).collect());
        }
        self.is_stale |= !is_passing;
    }

    /// Derives what follows from the news; called once for many of them.
    pub(crate) fn derive(&mut self) {
        let condition = self.desk.condition();
        if !self.is_stale && self.stale_condition == condition {
            return;
        }
        (self.desk.timeline.start, self.desk.timeline.end) = self.desk.data.step_range();
        self.desk.timeline.stops = self
            .desk
            .data
            .stops(condition.as_deref().unwrap_or_default());
        for screen in &mut self.screens {
            screen.derive(&self.desk);
        }
        self.is_stale = false;
        self.stale_condition = condition;
    }

    /// Text goes where text is typed, as one line; elsewhere it is not taken for keys.
    fn paste(&mut self, pasted: &str) {
        let line = pasted.lines().next().unwrap_or_default();
        let line: String = line.chars().filter(|&c| !is_unprintable(c)).collect();
        match &mut self.overlay {
            Some(Overlay::Palette { text, selected }) => {
                text.push_str(&line);
                *selected = 0;
            }
            Some(Overlay::Prompt { purpose, text }) => {
                text.push_str(&line);
                if *purpose == Purpose::Filter {
                    let text = text.clone();
                    self.screens[self.current].set_filter(&text, &mut self.desk);
                }
            }
            _ => self.desk.say("pasted text is no keys"),
        }
    }

    fn press(&mut self, key: &str) -> Option<Effect> {
        self.desk.status = None;
        if key == "<C-c>" {
            return self.act(Action::Quit);
        }
        match self.overlay.take() {
            None => self.press_on_screen(key),
            Some(Overlay::Help { scroll }) => {
                let scroll = match key {
                    "j" | "<down>" => (scroll + 1).min(HELP_ROWS),
                    "k" | "<up>" => scroll.saturating_sub(1),
                    "q" => return self.act(Action::Quit),
                    _ => return None,
                };
                self.overlay = Some(Overlay::Help { scroll });
                None
            }
            Some(Overlay::Palette { text, selected }) => self.press_in_palette(key, text, selected),
            Some(Overlay::Prompt { purpose, text }) => self.press_in_prompt(key, purpose, text),
            Some(Overlay::Question(question)) => self.answer(key, question),
        }
    }

    fn press_on_screen(&mut self, key: &str) -> Option<Effect> {
        if let Some(action) = keys::action(&self.screens, self.current, key) {
            return self.act(action);
        }
        if let Some(text) = keys::elsewhere(&self.screens, key) {
            self.desk.say(text);
        } else if !key.starts_with('<') {
            self.desk.say(format!(
                "{} does nothing; ? shows all keys",
                keys::label(key)
            ));
        }
        None
    }

    fn press_in_palette(&mut self, key: &str, mut text: String, selected: usize) -> Option<Effect> {
        let sections = self.table();
        let rows = overlay::matching(&sections, &text);
        let last = rows.len().saturating_sub(1);
        let selected = match key {
            "<esc>" => return None,
            "<enter>" => {
                let action = rows.get(selected).map(|row| row.action);
                return action.and_then(|action| self.act(action));
            }
            "<down>" | "<tab>" => (selected + 1).min(last),
            "<up>" | "<S-tab>" => selected.saturating_sub(1),
            _ => {
                edit(&mut text, key);
                0
            }
        };
        self.overlay = Some(Overlay::Palette { text, selected });
        None
    }

    fn press_in_prompt(&mut self, key: &str, purpose: Purpose, mut text: String) -> Option<Effect> {
        match (key, purpose) {
            ("<esc>", _) => return None,
            ("<enter>", Purpose::Note(step)) => return Some(self.keep_mark(step, &text)),
            ("<enter>", Purpose::Filter) => {
                self.screens[self.current].set_filter(&text, &mut self.desk);
                return None;
            }
            _ => edit(&mut text, key),
        }
        if purpose == Purpose::Filter {
            self.screens[self.current].set_filter(&text, &mut self.desk);
        }
        self.overlay = Some(Overlay::Prompt { purpose, text });
        None
    }

    /// An empty note takes the mark away.
    fn keep_mark(&mut self, step: u64, note: &str) -> Effect {
        let marks = &mut self.desk.data.marks;
        marks.retain(|mark| mark.step != step);
        if !note.trim().is_empty() {
            marks.push(Mark {
                step,
                note: note.trim().to_owned(),
            });
            marks.sort_by_key(|mark| mark.step);
        }
        self.is_stale = true;
        Effect::Keep(self.desk.data.marks.clone())
    }

    fn answer(&mut self, key: &str, question: Question) -> Option<Effect> {
        match (question, key) {
            (Question::KeepTraining, "k" | "q") => Some(Effect::Quit),
            (Question::KeepTraining, "s") => Some(Effect::StopTraining),
            (Question::ZoomRun { from_step, to_step }, "y" | "<enter>") => {
                Some(Effect::ZoomRun { from_step, to_step })
            }
            (_, "<esc>" | "n") => None,
            _ => {
                self.overlay = Some(Overlay::Question(question));
                None
            }
        }
    }

    /// Why an action can do nothing now.
    pub(crate) fn why_not(&self, action: Action) -> Option<String> {
        let desk = &self.desk;
        let no_frame = desk.timeline.frames.is_empty();
        let needs_frame = matches!(
            action,
            Action::Play
                | Action::Step(_)
                | Action::Stop(_)
                | Action::First
                | Action::Last
                | Action::Mark
                | Action::ZoomRun
                | Action::Zoom(_)
                | Action::Condition
        );
        match action {
            _ if needs_frame && no_frame => Some("there is no checkpoint yet".into()),
            Action::Condition if desk.conditions_here().len() < 2 => {
                Some("there is no other probe input at this checkpoint".into())
            }
            Action::ZoomRun if desk.timeline.stop().is_none_or(|stop| !stop.is_event()) => {
                Some("no event here: n goes to the next".into())
            }
            Action::Stop(direction) if self.next_stop(direction).is_none() => {
                let side = if direction > 0 { "later" } else { "earlier" };
                Some(match desk.data.unread() {
                    0 => format!("there is no {side} event or mark"),
                    left => {
                        format!(
                            "no {side} event or mark so far, and {left} of the checkpoints to be read"
                        )
                    }
                })
            }
            Action::Pan(_) if desk.timeline.window.is_none() => {
                Some("all steps are in view: + zooms in".into())
            }
            Action::Follow if !desk.data.grows() && !desk.timeline.following => {
                Some("nobody is writing this run: there is nothing to follow".into())
            }
            _ => self.screens[self.current].why_not(action, desk),
        }
    }

    fn next_stop(&self, direction: i64) -> Option<u64> {
        let here = self.desk.timeline.step();
        let mut steps = self.desk.timeline.stops.iter().map(|stop| stop.to_step);
        steps.find(|&step| {
            if direction > 0 {
                step > here
            } else {
                step < here
            }
        })
    }

    pub(crate) fn act(&mut self, action: Action) -> Option<Effect> {
        if let Some(reason) = self.why_not(action) {
            self.desk.say(reason);
            return None;
        }
        let timeline = &mut self.desk.timeline;
        match action {
            Action::Quit if self.desk.trains => {
                self.overlay = Some(Overlay::Question(Question::KeepTraining));
            }
            Action::Quit => return Some(Effect::Quit),
            Action::Back => self.back(),
            Action::Help => self.overlay = Some(Overlay::Help { scroll: 0 }),
            Action::Palette => {
                self.overlay = Some(Overlay::Palette {
                    text: String::new(),
                    selected: 0,
                });
            }
            Action::Screen(number) => self.current = number.min(self.screens.len() - 1),
            Action::Focus(by) => self.move_focus(by),
            Action::Expand => {
                let focus = &mut self.focus[self.current];
                focus.expanded = !focus.expanded;
            }
            Action::Export => return Some(Effect::Export),
            Action::Play => timeline.toggle_play(),
            Action::Step(by) => timeline.move_by(by),
            Action::Stop(direction) => {
                timeline.go_to_stop(direction);
            }
            Action::First => timeline.go_to(0),
            Action::Last => {
                timeline.go_to(usize::MAX);
                timeline.following = self.desk.data.grows();
            }
            Action::Follow => timeline.toggle_follow(),
            Action::Slower => timeline.set_speed(timeline.speed / 2.0),
            Action::Faster => timeline.set_speed(timeline.speed * 2.0),
            Action::NormalSpeed => timeline.set_speed(1.0),
            Action::Loop => timeline.next_loop(),
            Action::Mark => self.ask_for_note(),
            Action::ZoomRun => self.ask_for_zoom(),
            Action::Condition => self.desk.next_condition(),
            Action::Zoom(_)
            | Action::ZoomReset
            | Action::Pan(_)
            | Action::Select(_)
            | Action::Enter
            | Action::Own(_) => return self.act_on_screen(action),
        }
        self.tell_of(action);
        None
    }

    fn act_on_screen(&mut self, action: Action) -> Option<Effect> {
        let before = self.current;
        let effect = self.screens[self.current].act(action, &mut self.desk);
        if let Some(target) = self.desk.go_to_screen.take() {
            self.current = self
                .screens
                .iter()
                .position(|screen| screen.name() == target)
                .unwrap_or(before);
        }
        if effect == Some(Effect::AskFilter) {
            self.overlay = Some(Overlay::Prompt {
                purpose: Purpose::Filter,
                text: String::new(),
            });
            return None;
        }
        effect
    }

    fn tell_of(&mut self, action: Action) {
        let timeline = &self.desk.timeline;
        let text = match action {
            Action::Slower | Action::Faster | Action::NormalSpeed => {
                format!("speed {}×", timeline.speed)
            }
            Action::Loop => {
                let what = match timeline.looping {
                    super::timeline::Loop::Off => "off",
                    super::timeline::Loop::All => "over all checkpoints",
                    super::timeline::Loop::Window => "over the steps in view",
                };
                format!("loop {what}")
            }
            Action::Follow if timeline.following => "following the newest checkpoint".into(),
            Action::Follow => "no longer following".into(),
            _ => return,
        };
        self.desk.say(text);
    }

    fn back(&mut self) {
        let focus = &mut self.focus[self.current];
        if focus.expanded {
            focus.expanded = false;
        } else if !self.screens[self.current].back(&mut self.desk) && !self.desk.let_go() {
            self.desk.say("nothing is open; q quits");
        }
    }

    fn move_focus(&mut self, by: i64) {
        let area = Rect::new(0, 0, 200, 60);
        let count = self.screens[self.current]
            .arrange(Class::Full, 0, area)
            .len() as i64;
        let focus = &mut self.focus[self.current];
        focus.pane = (focus.pane as i64 + by).rem_euclid(count.max(1)) as usize;
    }

    fn ask_for_note(&mut self) {
        let step = self.desk.timeline.step();
        let marks = &self.desk.data.marks;
        let old = marks.iter().find(|mark| mark.step == step);
        self.desk.timeline.playing = false;
        self.overlay = Some(Overlay::Prompt {
            purpose: Purpose::Note(step),
            text: old.map_or_else(String::new, |mark| mark.note.clone()),
        });
    }

    fn ask_for_zoom(&mut self) {
        if let Some(stop) = self.desk.timeline.stop() {
            self.overlay = Some(Overlay::Question(Question::ZoomRun {
                from_step: stop.from_step,
                to_step: stop.to_step,
            }));
        }
    }

    /// Begins to show another run, from its first checkpoint on; follows it if it is being written.
    pub(crate) fn begin(&mut self, dir: std::path::PathBuf) {
        let is_training = |run: &Listed| {
            let brief = run.brief.as_ref().and_then(|read| read.as_ref().ok());
            run.dir == dir && brief.is_some_and(|brief| brief.state == RunState::Training)
        };
        let following = self.desk.runs.iter().any(is_training);
        let theme = self.desk.theme;
        let mut desk = Desk::new(theme, std::mem::take(&mut self.desk.traces), following);
        desk.runs = std::mem::take(&mut self.desk.runs);
        desk.runs_known = self.desk.runs_known;
        desk.data.damage = std::mem::take(&mut self.desk.data.damage);
        desk.trains = self.desk.trains;
        desk.dir = dir;
        self.desk = desk;
        self.is_stale = true;
        if self.screens[self.current].name() == screens::RUNS {
            let names = self.screens.iter().map(|screen| screen.name());
            let landscape = names
                .enumerate()
                .find(|&(_, name)| name == screens::LANDSCAPE);
            self.current = landscape.map_or(0, |(number, _)| number);
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

/// Changes a typed text by a key.
fn edit(text: &mut String, key: &str) {
    match key {
        "<backspace>" => {
            text.pop();
        }
        "<C-u>" => text.clear(),
        "<space>" => text.push(' '),
        _ if key.chars().count() == 1 => text.push_str(key),
        _ => {}
    }
}
