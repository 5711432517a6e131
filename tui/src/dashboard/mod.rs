//! The dashboard: a run's training, its fixed points and their spectra at any checkpoint.
//!
//! `data` reads the run in a thread of its own, `model` holds the state and changes it, `queries` derives from it
//! what is shown, `keys` is the table of keys, `view` draws; here is the loop that joins them. It sleeps until
//! something happens, takes in all that is waiting, and draws once.

mod camera;
mod data;
mod keys;
mod model;
mod queries;
mod terminal;
#[cfg(test)]
mod tests;
mod view;

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use creode::trace::Run;
use crossterm::event::{Event, KeyEventKind};

use data::{Request, Update};
use model::{Effect, Model, Msg};
use terminal::Screen;
use view::style::Theme;

/// Least time between two frames that only new data ask for.
const FRAME_INTERVAL: Duration = Duration::from_millis(33);

/// Whether the dashboard follows the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Starts at the first checkpoint and takes the run as it is.
    Replay,
    /// Starts at the newest checkpoint and follows a run that still grows.
    Watch,
}

/// Shows the run in `dir` until the user quits.
///
/// `ascii` draws with ASCII characters only; they are also chosen where the locale is not UTF-8. Errors: no run in
/// `dir`, an unreadable manifest, no terminal. In place of a damaged table there is a message; once the user has left,
/// all damage seen is an error.
pub fn run(dir: &Path, mode: Mode, ascii: bool) -> anyhow::Result<()> {
    let run = Run::open(dir)?;
    if !(std::io::stdout().is_terminal() && std::io::stdin().is_terminal()) {
        bail!(
            "the dashboard needs a terminal; the tables of the run are in {}",
            dir.display()
        );
    }
    let (sender, inbox) = channel();
    let model = Model::new(&run, mode);
    let requests = data::spawn(run, mode == Mode::Watch, forward(&sender, Input::News))?;
    let screen = Screen::open().context("cannot take over the terminal")?;
    listen_to_terminal(&sender)?;
    #[cfg(unix)]
    listen_to_signals(&sender)?;
    let theme = Theme::from_environment(ascii);
    let damage = Show::new(model, theme, screen, requests).run(&inbox)?;
    if damage.is_empty() {
        return Ok(());
    }
    let damage: Vec<String> = damage.into_iter().collect();
    bail!(
        "the rest was shown, but this could not be read; `creode verify {}` looks at all files\n  {}",
        dir.display(),
        damage.join("\n  ")
    )
}

/// What wakes the loop.
enum Input {
    Key(String),
    Resize,
    News(Update),
    /// The terminal is gone or the process is asked to end.
    Stop,
}

fn forward<T: 'static>(
    sender: &Sender<Input>,
    wrap: fn(T) -> Input,
) -> impl Fn(T) -> bool + Send + 'static {
    let sender = sender.clone();
    move |item| sender.send(wrap(item)).is_ok()
}

fn listen_to_terminal(sender: &Sender<Input>) -> std::io::Result<()> {
    let send = forward(sender, |input| input);
    let listen = move || {
        loop {
            let input = match crossterm::event::read() {
                Ok(Event::Key(key)) if key.kind == KeyEventKind::Press => {
                    keys::name(key).map(Input::Key)
                }
                Ok(Event::Resize(..)) => Some(Input::Resize),
                Ok(_) => None,
                Err(_) => Some(Input::Stop),
            };
            let is_last = matches!(input, Some(Input::Stop));
            if input.is_some_and(|input| !send(input)) || is_last {
                return;
            }
        }
    };
    std::thread::Builder::new()
        .name("keys".into())
        .spawn(listen)
        .map(|_| ())
}

#[cfg(unix)]
fn listen_to_signals(sender: &Sender<Input>) -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    let send = forward(sender, |()| Input::Stop);
    let listen = move || {
        for _ in signals.forever() {
            if !send(()) {
                return;
            }
        }
    };
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(listen)
        .map(|_| ())
}

/// The loop's own state: when to draw, when to go on playing, what was asked of the loader.
struct Show {
    model: Model,
    theme: Theme,
    screen: Screen,
    requests: Sender<Request>,
    drawn_at: Instant,
    draw_at: Option<Instant>,
    tick_at: Option<Instant>,
    asked: (u64, Vec<u32>),
}

impl Show {
    fn new(model: Model, theme: Theme, screen: Screen, requests: Sender<Request>) -> Self {
        let now = Instant::now();
        let asked = (0, Vec::new());
        Self {
            model,
            theme,
            screen,
            requests,
            drawn_at: now,
            draw_at: Some(now),
            tick_at: None,
            asked,
        }
    }

    /// Returns the messages on all that could not be read.
    fn run(mut self, inbox: &Receiver<Input>) -> anyhow::Result<BTreeSet<String>> {
        loop {
            self.do_what_is_due()?;
            let deadline = [self.draw_at, self.tick_at].into_iter().flatten().min();
            let Some(first) = receive(inbox, deadline) else {
                continue;
            };
            for input in std::iter::once(first).chain(inbox.try_iter()) {
                if self.take(input).is_break() {
                    return Ok(self.model.damage);
                }
            }
        }
    }

    fn do_what_is_due(&mut self) -> anyhow::Result<()> {
        let now = Instant::now();
        if self.tick_at.is_some_and(|at| at <= now) {
            self.model.update(Msg::Tick);
            self.tick_at = self.model.tick_interval().map(|interval| now + interval);
            self.draw_at = Some(now);
        }
        let wanted = (self.model.plane_generation, self.model.wanted());
        if wanted != self.asked {
            self.requests.send(Request::Details(wanted.1.clone())).ok();
            self.asked = wanted;
        }
        if self.draw_at.is_some_and(|at| at <= now) {
            let drawn = self
                .screen
                .draw(|frame| view::draw(&self.model, self.theme, frame));
            drawn.context("cannot draw on the terminal")?;
            (self.draw_at, self.drawn_at) = (None, now);
        }
        Ok(())
    }

    /// Breaks when it is time to leave. Keys are drawn at once, data at most every [`FRAME_INTERVAL`].
    fn take(&mut self, input: Input) -> ControlFlow<()> {
        let msg = match input {
            Input::Stop => return ControlFlow::Break(()),
            Input::Resize => {
                self.draw_at = Some(Instant::now());
                return ControlFlow::Continue(());
            }
            Input::Key(name) => {
                let Some(action) = keys::action(&name) else {
                    return ControlFlow::Continue(());
                };
                self.draw_at = Some(Instant::now());
                Msg::Act(action)
            }
            Input::News(update) => {
                self.draw_at = self.draw_at.or(Some(self.drawn_at + FRAME_INTERVAL));
                Msg::News(update)
            }
        };
        let interval = self.model.tick_interval();
        match self.model.update(msg) {
            Some(Effect::Quit) => return ControlFlow::Break(()),
            Some(Effect::Refit(checkpoint)) => {
                self.requests.send(Request::Refit(checkpoint)).ok();
            }
            None => {}
        }
        if self.model.tick_interval() != interval {
            self.tick_at = self
                .model
                .tick_interval()
                .map(|interval| Instant::now() + interval);
        }
        ControlFlow::Continue(())
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
