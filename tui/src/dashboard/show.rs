//! The loop that joins terminal, loaders and state: it sleeps until something happens, takes in all that is waiting, and
//! draws once.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tui::layout::Rect;

use super::app::{App, Msg};
use super::data::comparison::{self, Library};
use super::data::{self, Request, RunId, marks};
use super::screen::Effect;
use super::{Input, Left, forward, headless, spawn, terminal, zoom};

/// Least time between two frames that only new data ask for.
const FRAME_INTERVAL: Duration = Duration::from_millis(33);

/// The thread that reads a run; it ends when this is dropped.
struct Reader {
    requests: Sender<Request>,
    /// What it was asked for last, and in which plane.
    asked: (u64, Vec<Request>),
}

/// The loop's own state: when to draw, when to go on playing, what was asked of the loader.
pub(super) struct Show {
    app: App,
    screen: terminal::Screen,
    sender: Sender<Input>,
    readers: BTreeMap<RunId, Reader>,
    drawn_at: Instant,
    draw_at: Option<Instant>,
    /// When the playhead goes on, and when what the screen plays by itself does.
    tick_at: [Option<Instant>; 2],
    /// Stops the comparison that was begun last.
    stop_comparing: Option<Arc<AtomicBool>>,
}

impl Show {
    pub(super) fn new(app: App, sender: Sender<Input>) -> anyhow::Result<Self> {
        let screen = terminal::Screen::open().context("cannot take over the terminal")?;
        let now = Instant::now();
        Ok(Self {
            app,
            screen,
            sender,
            readers: BTreeMap::new(),
            drawn_at: now,
            draw_at: Some(now),
            tick_at: [None; 2],
            stop_comparing: None,
        })
    }

    /// Begins to read the runs that were opened, and reads those no more that were closed.
    fn keep_readers(&mut self) -> std::io::Result<()> {
        let open = self.app.desk.open_runs();
        self.readers
            .retain(|id, _| open.iter().any(|run| run.id == *id));
        for run in open {
            let id = run.id;
            if !self.readers.contains_key(&id) {
                let send = forward(&self.sender, move |update| {
                    Input::News(id, Box::new(update))
                });
                let requests = data::loader::spawn(&run.dir, send)?;
                let asked = (0, Vec::new());
                self.readers.insert(id, Reader { requests, asked });
            }
        }
        Ok(())
    }

    /// Asks each reader for what is wanted of its run, where that changed.
    fn ask(&mut self) {
        let wanted = self.app.wanted();
        for (id, reader) in &mut self.readers {
            let Some(run) = self.app.desk.open_run(*id) else {
                continue;
            };
            let of_run = wanted.iter().filter(|(of, _)| of == id);
            let requests = of_run.map(|(_, request)| request.clone()).collect();
            let asking = (run.data.plane_generation, requests);
            if asking != reader.asked {
                for request in &asking.1 {
                    reader.requests.send(request.clone()).ok();
                }
                reader.asked = asking;
            }
        }
    }

    /// Returns how the user left, and messages on all that could not be read.
    pub(super) fn run(
        mut self,
        inbox: &Receiver<Input>,
    ) -> anyhow::Result<(Left, BTreeSet<String>)> {
        loop {
            self.do_what_is_due()?;
            let [playhead, screen] = self.tick_at;
            let deadline = [self.draw_at, playhead, screen].into_iter().flatten().min();
            let Some(first) = receive(inbox, deadline) else {
                continue;
            };
            for input in std::iter::once(first).chain(inbox.try_iter()) {
                if let ControlFlow::Break(left) = self.take(input)? {
                    let damage = self.app.desk.damage().into_iter();
                    return Ok((left, damage.map(str::to_owned).collect()));
                }
            }
        }
    }

    fn tick_intervals(&self) -> [Option<Duration>; 2] {
        [self.app.tick_interval(), self.app.screen_tick_interval()]
    }

    fn do_what_is_due(&mut self) -> anyhow::Result<()> {
        let now = Instant::now();
        for (number, tick) in [Msg::Tick, Msg::ScreenTick].into_iter().enumerate() {
            if self.tick_at[number].is_some_and(|at| at <= now) {
                self.app.update(tick);
                self.tick_at[number] = self.tick_intervals()[number].map(|of| now + of);
                self.draw_at = Some(now);
            }
        }
        self.keep_readers().context("cannot read a run")?;
        self.ask();
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
        let is_data = matches!(
            input,
            Input::News(..) | Input::Runs(_) | Input::Compared(..)
        );
        let msg = match input {
            Input::Stop => return Ok(ControlFlow::Break(Left::Plainly)),
            Input::Resize => None,
            Input::Key(name) => Some(Msg::Key(name)),
            Input::Paste(text) => Some(Msg::Paste(text)),
            Input::Mouse(input) => {
                let (width, height) = crossterm::terminal::size()?;
                Some(Msg::Mouse(input, Rect::new(0, 0, width, height)))
            }
            Input::News(run, update) => Some(Msg::News(run, *update)),
            Input::Runs(runs) => Some(Msg::Runs(runs)),
            Input::Compared(number, part) => Some(Msg::Compared(number, part)),
            Input::TrainingEnded(failure) => Some(Msg::TrainingEnded(failure)),
            Input::Say(text) => Some(Msg::Say(text)),
            Input::Traced(from, dir) => Some(Msg::Traced(from, dir)),
        };
        self.draw_at = if is_data {
            self.draw_at.or(Some(self.drawn_at + FRAME_INTERVAL))
        } else {
            Some(Instant::now())
        };
        let before = self.tick_intervals();
        let effect = msg.and_then(|msg| self.app.update(msg));
        let after = self.tick_intervals();
        for (number, interval) in after.into_iter().enumerate() {
            if interval != before[number] {
                self.tick_at[number] = interval.map(|interval| Instant::now() + interval);
            }
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
            Effect::Request(id, request) => {
                if let Some(reader) = self.readers.get(&id) {
                    reader.requests.send(request).ok();
                }
            }
            Effect::Export => {
                let said = self.export();
                self.app.desk.say(said);
            }
            Effect::Keep(id, kept) => {
                let run = self.app.desk.open_run(id);
                let written = run.map(|run| marks::write(&run.dir, &kept));
                if let Some(Err(error)) = written {
                    self.app.desk.say(format!("{error:#}"));
                }
            }
            Effect::ZoomRun { from_step, to_step } => {
                let (id, dir) = (self.app.desk.run.id, self.app.desk.run.dir.clone());
                let send = forward(&self.sender, |input| input);
                self.app
                    .desk
                    .say(format!("tracing ({from_step}, {to_step}] more finely …"));
                spawn("zoom", move || {
                    send(match zoom::zoom(&dir, from_step, to_step) {
                        zoom::Zoomed::Run(dir) => Input::Traced(id, dir),
                        zoom::Zoomed::Failed(why) => Input::Say(why),
                    });
                })?;
            }
            Effect::Compare(number, dirs, by) => self.compare(number, dirs, by)?,
            Effect::Quit | Effect::StopTraining | Effect::AskFilter => {}
        }
        Ok(())
    }

    /// Compares runs in a thread of its own; the comparison before stops.
    fn compare(
        &mut self,
        number: u64,
        dirs: Vec<PathBuf>,
        by: &'static str,
    ) -> std::io::Result<()> {
        let stop = Arc::new(AtomicBool::new(false));
        let before = self.stop_comparing.replace(Arc::clone(&stop));
        if let Some(before) = before {
            before.store(true, Ordering::Relaxed);
        }
        // What comes after the end of the dashboard has nobody who hears it.
        let sender = Mutex::new(self.sender.clone());
        spawn("compare", move || {
            let tell = |part| {
                if let Ok(sender) = sender.lock()
                    && sender.send(Input::Compared(number, part)).is_err()
                {
                    stop.store(true, Ordering::Relaxed);
                }
            };
            comparison::compare(&Library, (&dirs, by), &stop, &tell);
        })
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
