//! The dashboard: runs, learning, landscapes and the bifurcation diagram of a run, replayed or while it grows.
//!
//! `data` reads in threads of its own, `app` holds the state and changes it, `screens` has one file a screen, `keys` is
//! the table of keys, `timeline` what lies under all screens; here is the loop that joins them. It sleeps until something
//! happens, takes in all that is waiting, and draws once.

mod app;
mod camera;
mod curves;
mod data;
mod headless;
mod keys;
mod overlay;
mod plot;
mod screen;
mod screens;
mod svg;
mod terminal;
#[cfg(test)]
mod tests;
mod theme;
mod timeline;
mod view;
mod zoom;

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use creode::text::first_messages;
use crossterm::event::{Event, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use tui::layout::Rect;

use app::{App, MouseInput, Msg};
use data::runs::Listed;
use data::{Request, Update, marks};
use screen::{Desk, Effect};
use theme::Theme;

pub use headless::{Headless, Look};
pub use terminal::Screen as TerminalScreen;
pub(crate) use theme::Background;

/// The names of all screens.
pub(crate) fn screen_names() -> Vec<String> {
    screens::names()
}

/// All keys as tables in Markdown, made of the table that the dashboard itself goes by.
pub fn keys_as_markdown() -> String {
    keys::markdown(&screens::all())
}

/// Least time between two frames that only new data ask for.
const FRAME_INTERVAL: Duration = Duration::from_millis(33);

/// What the dashboard begins with.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    /// Folder of the run, which need not be there yet; without one the list of runs is shown.
    pub(crate) dir: Option<PathBuf>,
    /// Directory of the runs.
    pub(crate) traces: PathBuf,
    /// Whether it begins at the newest checkpoint and follows.
    pub(crate) following: bool,
    /// ASCII characters only.
    pub(crate) ascii: bool,
    pub(crate) background: Option<Background>,
}

/// How the user left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// A training that was started with the dashboard goes on.
    Plainly,
    /// It is to be stopped.
    StopTraining,
}

/// Waits for a training that was started with the dashboard; says why it failed, if it did.
pub(crate) type Training = Box<dyn FnOnce() -> Option<String> + Send>;

/// Shows the dashboard until the user quits.
///
/// Errors: no terminal. In place of what cannot be read there is a message; once the user has left, all damage seen is an
/// error.
pub(crate) fn run(start: &Start, training: Option<Training>) -> anyhow::Result<Left> {
    if !(std::io::stdout().is_terminal() && std::io::stdin().is_terminal()) {
        bail!(
            "the dashboard needs a terminal; the tables of the runs are in {}",
            start.traces.display()
        );
    }
    let theme = Theme::from_environment(start.ascii, start.background);
    let mut desk = Desk::new(theme, start.traces.clone(), start.following);
    desk.trains = training.is_some();
    let first_screen = match (&start.dir, start.following) {
        (None, _) => screens::RUNS,
        (Some(_), true) => "Learning",
        (Some(_), false) => screens::LANDSCAPE,
    };
    let (sender, inbox) = channel();
    let mut show = Show::new(App::new(desk, first_screen), sender.clone())?;
    if let Some(dir) = &start.dir {
        show.app.desk.dir.clone_from(dir);
        show.read(dir)?;
    }
    let runs = forward(&sender, Input::Runs);
    data::runs::spawn(&start.traces, runs)?;
    if let Some(wait) = training {
        let send = forward(&sender, Input::TrainingEnded);
        spawn("training", move || {
            send(wait());
        })?;
    }
    listen_to_terminal(&sender)?;
    #[cfg(unix)]
    listen_to_signals(&sender)?;
    let (left, damage) = show.run(&inbox)?;
    if damage.is_empty() || left == Left::StopTraining {
        return Ok(left);
    }
    let lines = damage.iter().map(|line| format!("  {line}"));
    bail!(
        "the rest was shown, but this could not be read; `creode verify RUN` looks at all files of a run\n{}",
        first_messages(lines, damage.len())
    )
}

/// What wakes the loop.
enum Input {
    Key(String),
    /// Text from the clipboard, which is no keys.
    Paste(String),
    Mouse(MouseInput),
    Resize,
    /// Of the run with this number in the order of opening.
    News(u64, Box<Update>),
    Runs(Vec<Listed>),
    TrainingEnded(Option<String>),
    /// A run to be shown.
    Open(PathBuf),
    Say(String),
    /// The terminal is gone or the process is asked to end.
    Stop,
}

fn forward<T: 'static>(
    sender: &Sender<Input>,
    wrap: impl Fn(T) -> Input + Clone + Send + 'static,
) -> impl Fn(T) -> bool + Clone + Send + 'static {
    let sender = sender.clone();
    move |item| sender.send(wrap(item)).is_ok()
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    let thread = std::thread::Builder::new().name(name.into());
    thread.spawn(work).map(|_| ())
}

fn listen_to_terminal(sender: &Sender<Input>) -> std::io::Result<()> {
    let send = forward(sender, |input| input);
    spawn("keys", move || {
        loop {
            let input = match crossterm::event::read() {
                Ok(Event::Key(key)) if key.kind == KeyEventKind::Press => {
                    keys::name(key).map(Input::Key)
                }
                Ok(Event::Paste(text)) => Some(Input::Paste(text)),
                Ok(Event::Mouse(event)) => mouse_input(event).map(Input::Mouse),
                Ok(Event::Resize(..)) => Some(Input::Resize),
                Ok(_) => None,
                Err(_) => Some(Input::Stop),
            };
            let is_last = matches!(input, Some(Input::Stop));
            if input.is_some_and(|input| !send(input)) || is_last {
                return;
            }
        }
    })
}

fn mouse_input(event: MouseEvent) -> Option<MouseInput> {
    let (column, row) = (event.column, event.row);
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => Some(MouseInput::Down(column, row)),
        MouseEventKind::Drag(MouseButton::Left) => Some(MouseInput::Drag(column, row)),
        MouseEventKind::Up(_) => Some(MouseInput::Up),
        MouseEventKind::ScrollUp => Some(MouseInput::Wheel(1, column, row)),
        MouseEventKind::ScrollDown => Some(MouseInput::Wheel(-1, column, row)),
        _ => None,
    }
}

#[cfg(unix)]
fn listen_to_signals(sender: &Sender<Input>) -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    let send = forward(sender, |()| Input::Stop);
    spawn("signals", move || {
        for _ in signals.forever() {
            if !send(()) {
                return;
            }
        }
    })
}

/// The loop's own state: when to draw, when to go on playing, what was asked of the loader.
struct Show {
    app: App,
    screen: terminal::Screen,
    sender: Sender<Input>,
    requests: Option<Sender<Request>>,
    opened: u64,
    drawn_at: Instant,
    draw_at: Option<Instant>,
    tick_at: Option<Instant>,
    asked: (u64, Vec<Request>),
}

impl Show {
    fn new(app: App, sender: Sender<Input>) -> anyhow::Result<Self> {
        let screen = terminal::Screen::open().context("cannot take over the terminal")?;
        let now = Instant::now();
        Ok(Self {
            app,
            screen,
            sender,
            requests: None,
            opened: 0,
            drawn_at: now,
            draw_at: Some(now),
            tick_at: None,
            asked: (0, Vec::new()),
        })
    }

    /// Begins to read a run; the reader of the one before ends.
    fn read(&mut self, dir: &Path) -> std::io::Result<()> {
        self.opened += 1;
        let opened = self.opened;
        let send = forward(&self.sender, move |update| {
            Input::News(opened, Box::new(update))
        });
        self.requests = Some(data::loader::spawn(dir, send)?);
        self.asked = (0, Vec::new());
        Ok(())
    }

    /// Returns how the user left, and messages on all that could not be read.
    fn run(mut self, inbox: &Receiver<Input>) -> anyhow::Result<(Left, BTreeSet<String>)> {
        loop {
            self.do_what_is_due()?;
            let deadline = [self.draw_at, self.tick_at].into_iter().flatten().min();
            let Some(first) = receive(inbox, deadline) else {
                continue;
            };
            for input in std::iter::once(first).chain(inbox.try_iter()) {
                if let ControlFlow::Break(left) = self.take(input)? {
                    return Ok((left, self.app.desk.data.damage));
                }
            }
        }
    }

    fn do_what_is_due(&mut self) -> anyhow::Result<()> {
        let now = Instant::now();
        if self.tick_at.is_some_and(|at| at <= now) {
            self.app.update(Msg::Tick);
            self.tick_at = self.app.tick_interval().map(|interval| now + interval);
            self.draw_at = Some(now);
        }
        let wanted = (self.app.desk.data.plane_generation, self.app.wanted());
        if wanted != self.asked
            && let Some(requests) = &self.requests
        {
            for request in &wanted.1 {
                requests.send(request.clone()).ok();
            }
            self.asked = wanted;
        }
        if self.draw_at.is_some_and(|at| at <= now) {
            self.app.derive();
            let app = &self.app;
            let drawn = self.screen.draw(|buffer| app.draw(buffer));
            drawn.context("cannot draw on the terminal")?;
            (self.draw_at, self.drawn_at) = (None, now);
        }
        Ok(())
    }

    /// Breaks when it is time to leave. Keys are drawn at once, data at most every [`FRAME_INTERVAL`].
    fn take(&mut self, input: Input) -> anyhow::Result<ControlFlow<Left>> {
        let is_data = matches!(input, Input::News(..) | Input::Runs(_));
        let msg = match input {
            Input::Stop => return Ok(ControlFlow::Break(Left::Plainly)),
            Input::News(opened, _) if opened != self.opened => {
                return Ok(ControlFlow::Continue(()));
            }
            Input::Resize => None,
            Input::Key(name) => Some(Msg::Key(name)),
            Input::Paste(text) => Some(Msg::Paste(text)),
            Input::Mouse(input) => {
                let (width, height) = crossterm::terminal::size()?;
                Some(Msg::Mouse(input, Rect::new(0, 0, width, height)))
            }
            Input::News(_, update) => Some(Msg::News(*update)),
            Input::Runs(runs) => Some(Msg::Runs(runs)),
            Input::TrainingEnded(failure) => Some(Msg::TrainingEnded(failure)),
            Input::Say(text) => Some(Msg::Say(text)),
            Input::Open(dir) => {
                self.perform(Effect::Open(dir))?;
                None
            }
        };
        self.draw_at = if is_data {
            self.draw_at.or(Some(self.drawn_at + FRAME_INTERVAL))
        } else {
            Some(Instant::now())
        };
        let interval = self.app.tick_interval();
        let effect = msg.and_then(|msg| self.app.update(msg));
        if self.app.tick_interval() != interval {
            self.tick_at = self
                .app
                .tick_interval()
                .map(|interval| Instant::now() + interval);
        }
        match effect {
            Some(Effect::Quit) => Ok(ControlFlow::Break(Left::Plainly)),
            Some(Effect::StopTraining) => Ok(ControlFlow::Break(Left::StopTraining)),
            Some(effect) => self.perform(effect).map(ControlFlow::Continue),
            None => Ok(ControlFlow::Continue(())),
        }
    }

    fn perform(&mut self, effect: Effect) -> anyhow::Result<()> {
        match effect {
            Effect::Request(request) => {
                if let Some(requests) = &self.requests {
                    requests.send(request).ok();
                }
            }
            Effect::Open(dir) => {
                self.read(&dir)?;
                self.app.begin(dir);
            }
            Effect::Export => {
                let said = self.export();
                self.app.desk.say(said);
            }
            Effect::Keep(kept) => {
                if let Err(error) = marks::write(&self.app.desk.dir, &kept) {
                    self.app.desk.say(format!("{error:#}"));
                }
            }
            Effect::ZoomRun { from_step, to_step } => {
                let dir = self.app.desk.dir.clone();
                let send = forward(&self.sender, |input| input);
                self.app
                    .desk
                    .say(format!("tracing ({from_step}, {to_step}] more finely …"));
                spawn("zoom", move || {
                    send(match zoom::zoom(&dir, from_step, to_step) {
                        zoom::Zoomed::Run(dir) => Input::Open(dir),
                        zoom::Zoomed::Failed(why) => Input::Say(why),
                    });
                })?;
            }
            Effect::Quit | Effect::StopTraining | Effect::AskFilter => {}
        }
        Ok(())
    }

    fn export(&self) -> String {
        let (width, height) = crossterm::terminal::size().unwrap_or((120, 36));
        let mut buffer = tui::buffer::Buffer::empty(Rect::new(0, 0, width, height));
        self.app.draw(&mut buffer);
        let file = headless::picture_file(&self.app);
        match creode::files::write(&file, headless::picture(&self.app, &buffer).as_bytes()) {
            Ok(()) => format!("saved as {}", file.display()),
            Err(error) => format!("cannot write {}: {error}", file.display()),
        }
    }
}

/// The next input; none if there is none before `deadline`.
fn receive(inbox: &Receiver<Input>, deadline: Option<Instant>) -> Option<Input> {
    let Some(deadline) = deadline else {
        return Some(inbox.recv().unwrap_or(Input::Stop));
    };
    match inbox.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        Ok(input) => Some(input),
        Err(RecvTimeoutError::Timeout) => None,
        Err(RecvTimeoutError::Disconnected) => Some(Input::Stop),
    }
}
