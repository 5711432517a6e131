//! The dashboard: runs, learning, landscapes and the bifurcation diagram of one or several runs, replayed or while they
//! grow.
//!
//! `data` reads, each run in a thread of its own, `app` holds the state and changes it, `desk` the open runs, `screens` has
//! one file a screen, `keys` is the table of keys, `timeline` what lies under all screens; `show` is the loop that joins
//! them.

mod align;
mod app;
mod axis;
mod camera;
mod curves;
mod data;
mod desk;
mod headless;
mod keys;
mod open_run;
mod overlay;
mod plot;
mod screen;
mod screens;
mod shades;
mod show;
mod strip;
mod svg;
mod terminal;
#[cfg(test)]
mod tests;
mod theme;
mod timeline;
mod view;
mod zoom;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};

use anyhow::bail;
use creode::text::first_messages;
use crossterm::event::{Event, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};

use app::{App, MouseInput};
use data::comparison::Part;
use data::runs::Listed;
use data::{RunId, Update};
use screen::Desk;
use show::Show;
use theme::Theme;

pub(crate) use desk::MOST_OPEN;
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

/// What the dashboard begins with.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    /// Folders of the runs, which need not be there yet, the one to look at first; without any the list of runs is shown.
    pub(crate) dirs: Vec<PathBuf>,
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
    let mut desk = Desk::new(theme, start.traces.clone());
    for dir in &start.dirs {
        desk.open(dir.clone(), start.following);
    }
    desk.trains = training.as_ref().map(|_| desk.run.id);
    let first_screen = match &start.dirs[..] {
        [] => screens::RUNS,
        [_] if !start.following => screens::LANDSCAPE,
        // Where several runs are seen together.
        _ => screens::LEARNING,
    };
    let (sender, inbox) = channel();
    let show = Show::new(App::new(desk, first_screen), sender.clone())?;
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
    News(RunId, Box<Update>),
    Runs(Vec<Listed>),
    TrainingEnded(Option<String>),
    /// What came of the comparison with this number.
    Compared(u64, Part),
    /// A stretch of a run was traced, and is the run in this folder.
    Traced(RunId, PathBuf),
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
