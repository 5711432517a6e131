//! The dashboard without a terminal: for pictures, tests and benchmarks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::channel;

use tui::buffer::Buffer;
use tui::layout::Rect;

use super::app::{App, Msg};
use super::data::comparison::{self, Comparer, Library};
use super::data::loader::Loader;
use super::data::runs::Lister;
use super::data::{Request, RunId, marks};
use super::screen::{Desk, Effect};
use super::svg::svg;
use super::theme::{Background, Depth, Theme};

/// How a dashboard without a terminal draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// In true colour, on a dark background.
    Dark,
    /// In true colour, on a light background.
    Light,
    /// Without colours.
    Plain,
    /// Without colours, with ASCII characters only.
    Ascii,
}

impl Look {
    fn theme(self) -> Theme {
        Theme {
            ascii: self == Self::Ascii,
            depth: match self {
                Self::Dark | Self::Light => Depth::True,
                Self::Plain | Self::Ascii => Depth::None,
            },
            background: if self == Self::Light {
                Background::Light
            } else {
                Background::Dark
            },
        }
    }
}

/// A dashboard that reads in the thread of its caller.
pub struct Headless {
    pub(crate) app: App,
    pub(crate) loaders: BTreeMap<RunId, Loader>,
    lister: Lister,
    pub(crate) comparer: Box<dyn Comparer>,
    /// What the last key asked for and cannot be done without a terminal.
    pub(crate) effect: Option<Effect>,
}

impl Headless {
    /// A dashboard on the named screen that shows the run in `dir`; nothing is read yet.
    pub fn new(dir: &Path, traces: &Path, screen: &str, look: Look) -> Self {
        Self::of_several(&[dir.to_path_buf()], traces, screen, look)
    }

    /// A dashboard on which several runs are open, the first in focus; nothing is read yet.
    pub fn of_several(dirs: &[PathBuf], traces: &Path, screen: &str, look: Look) -> Self {
        let mut desk = Desk::new(look.theme(), traces.to_path_buf());
        for dir in dirs {
            desk.open(dir.clone(), false);
        }
        let mut dashboard = Self {
            app: App::new(desk, screen),
            loaders: BTreeMap::new(),
            lister: Lister::new(traces),
            comparer: Box::new(Library),
            effect: None,
        };
        dashboard.keep_loaders();
        dashboard
    }

    /// Loaders of the runs that are open, and no others; `true` if there are new ones.
    fn keep_loaders(&mut self) -> bool {
        let open = self.app.desk.open_runs();
        self.loaders
            .retain(|id, _| open.iter().any(|run| run.id == *id));
        let before = self.loaders.len();
        for run in &open {
            self.loaders
                .entry(run.id)
                .or_insert_with(|| Loader::new(&run.dir));
        }
        self.loaders.len() > before
    }

    /// Looks at the runs and reads what is on screen, and nothing else.
    pub fn read_screen(&mut self) {
        for (id, loader) in &mut self.loaders {
            if let Some(update) = loader.poll() {
                self.app.update(Msg::News(*id, update));
            }
        }
        self.read_wanted();
    }

    /// Reads what is on screen of what the manifests were last seen to name.
    pub fn read_wanted(&mut self) {
        loop {
            self.app.derive();
            for (id, request) in self.app.wanted() {
                self.take(id, request);
            }
            let mut is_done = true;
            for (id, loader) in &mut self.loaders {
                while let Some(update) = loader.next_on_screen() {
                    self.app.update(Msg::News(*id, update));
                    is_done = false;
                }
                if let Some(job) = loader.dynamics() {
                    self.app.update(Msg::News(*id, job()));
                    is_done = false;
                }
            }
            if is_done {
                return;
            }
        }
    }

    /// Looks at the runs and the directory of runs, and reads all there is.
    pub fn read_all(&mut self) {
        self.read_screen();
        for (id, loader) in &mut self.loaders {
            while let Some(update) = loader.next() {
                self.app.update(Msg::News(*id, update));
            }
        }
        self.read_wanted();
        loop {
            let (listed, unread) = self.lister.look();
            if !unread {
                self.app.update(Msg::Runs(listed));
                return;
            }
            self.lister.read_one(&listed);
        }
    }

    fn take(&mut self, id: RunId, request: Request) {
        let loader = self.loaders.get_mut(&id);
        if let Some(update) = loader.and_then(|loader| loader.take(request)) {
            self.app.update(Msg::News(id, update));
        }
    }

    /// Presses keys given by their names, with spaces between, as in `n <space> <S-right>`, and reads what is then on
    /// screen; all of a run that they open. `<tick>` lets the time of one checkpoint pass, `<screen-tick>` that of what the
    /// screen plays by itself.
    pub fn press(&mut self, names: &str) {
        for name in names.split_whitespace() {
            let msg = match name {
                "<tick>" => Msg::Tick,
                "<screen-tick>" => Msg::ScreenTick,
                name => Msg::Key(name.to_owned()),
            };
            let effect = self.app.update(msg);
            self.perform(effect);
            if self.keep_loaders() {
                self.read_all();
            }
            self.read_wanted();
        }
    }

    pub(crate) fn perform(&mut self, effect: Option<Effect>) {
        self.effect = None;
        match effect {
            Some(Effect::Request(id, request)) => self.take(id, request),
            Some(Effect::Keep(id, kept)) => {
                let run = self.app.desk.open_run(id);
                if let Some(Err(error)) = run.map(|run| marks::write(&run.dir, &kept)) {
                    self.app.update(Msg::Say(format!("{error:#}")));
                }
            }
            Some(Effect::Compare(number, dirs, by)) => self.compare(number, (&dirs, by)),
            other => self.effect = other,
        }
    }

    fn compare(&mut self, number: u64, what: (&[PathBuf], &str)) {
        let (sender, parts) = channel();
        let sender = Mutex::new(sender);
        let tell = |part| {
            if let Ok(sender) = sender.lock() {
                sender.send(part).ok();
            }
        };
        comparison::compare(&*self.comparer, what, &AtomicBool::new(false), &tell);
        for part in parts.try_iter() {
            self.app.update(Msg::Compared(number, part));
        }
    }

    /// Messages on all that could not be read.
    pub(crate) fn damage(&self) -> BTreeSet<&str> {
        self.app.desk.damage()
    }

    /// Draws into a buffer, of its size.
    pub fn draw(&self, buffer: &mut Buffer) {
        buffer.reset();
        self.app.draw(buffer);
    }

    /// The screen at a size.
    pub fn screen(&self, width: u16, height: u16) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        self.app.draw(&mut buffer);
        buffer
    }

    /// The screen at a size as a picture.
    pub fn picture(&self, width: u16, height: u16) -> String {
        picture(&self.app, &self.screen(width, height))
    }
}

/// A drawn dashboard as a picture.
pub(crate) fn picture(app: &App, buffer: &Buffer) -> String {
    let title = format!(
        "Creode: {}, screen {}, step {}",
        app.desk.run.data.name,
        app.screens[app.current].name(),
        app.desk.run.timeline.step()
    );
    svg(buffer, app.desk.theme.background, &title)
}

/// Name of the file that a picture of the screen goes to.
pub(crate) fn picture_file(app: &App) -> PathBuf {
    let name: String = app
        .desk
        .run
        .data
        .name
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || c == '-' {
                c
            } else {
                '-'
            }
        })
        .collect();
    let screen = app.screens[app.current].name().to_lowercase();
    PathBuf::from(format!(
        "creode-{name}-{screen}-{}.svg",
        app.desk.run.timeline.step()
    ))
}
