//! Reads a run piece by piece, most urgent first: what is on screen, then training, then all other checkpoints in short.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use creode::trace::{Entry, LOG_FILE, MARKS_FILE, Run, StepCursor, TraceError};

use super::dynamics::{self, StateOfCheckpoint};
use super::files::{Side, name_of, state_of};
use super::plane::Plane;
use super::rooms::Rooms;
use super::tables::{Tables, in_words};
use super::{Request, RunState, Update, marks};

/// How often the manifest is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// Looks at an unchanged manifest between two looks at whether its writer still lives.
const POLLS_PER_LOOK_AT_WRITER: u32 = 8;
/// Files of training steps read in one piece.
const STEP_FILES_PER_PIECE: usize = 32;

/// Reads one run.
pub(crate) struct Loader {
    dir: PathBuf,
    run: Option<Run>,
    plane: Plane,
    manifest_due: bool,
    steps_due: bool,
    steps_read: StepCursor,
    summarised: BTreeSet<u32>,
    wanted: Vec<u32>,
    dynamics_wanted: Option<(u32, Arc<str>)>,
    rooms_wanted: Vec<u32>,
    events: Side,
    branches: Side,
    log: Side,
    marks: Side,
    polls: u32,
    state: RunState,
    problem: Option<String>,
}

impl Loader {
    /// For the run in `dir`, which need not be there yet.
    pub(crate) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_path_buf(),
            run: None,
            plane: Plane::Unknown,
            manifest_due: false,
            steps_due: false,
            steps_read: StepCursor::default(),
            summarised: BTreeSet::new(),
            wanted: Vec::new(),
            dynamics_wanted: None,
            rooms_wanted: Vec::new(),
            events: Side::new("events.parquet"),
            branches: Side::new("branches.parquet"),
            log: Side::new(LOG_FILE),
            marks: Side::new(MARKS_FILE),
            polls: 0,
            state: RunState::Absent,
            problem: None,
        }
    }

    pub(crate) fn take(&mut self, request: Request) -> Option<Update> {
        match request {
            Request::Details(checkpoints) => self.wanted = checkpoints,
            Request::Dynamics(checkpoint, condition) => {
                self.dynamics_wanted = Some((checkpoint, condition));
            }
            Request::Rooms(checkpoints) => self.rooms_wanted = checkpoints,
            Request::Refit(checkpoint) => {
                return self.fit_plane(&[checkpoint], true);
            }
        }
        None
    }

    /// Opens the run, or looks at its files again.
    pub(crate) fn poll(&mut self) -> Option<Update> {
        self.polls = self.polls.wrapping_add(1);
        // Before the manifest: its line on a file that is replaced comes before the file gets its name.
        for side in [
            &mut self.events,
            &mut self.branches,
            &mut self.log,
            &mut self.marks,
        ] {
            side.look(&self.dir);
        }
        let before = self.problem.take();
        let looked = match &mut self.run {
            None => {
                Run::open(&self.dir).map(|run| Some(self.run.insert(run).config_text().to_owned()))
            }
            Some(run) => run.refresh().map(|changed| {
                self.steps_due |= changed;
                self.manifest_due |= changed;
                None
            }),
        };
        let opened = match looked {
            Ok(opened) => opened,
            Err(error) => {
                let problem = self.in_words(&error);
                self.problem = Some(problem.clone());
                let is_news = before.as_ref() != Some(&problem);
                return is_news.then_some(match error {
                    TraceError::NotARun { .. } => Update::Absent(problem),
                    _ => Update::Problem(problem),
                });
            }
        };
        let look_at_writer = opened.is_some()
            || self.manifest_due
            || self.polls.is_multiple_of(POLLS_PER_LOOK_AT_WRITER);
        if look_at_writer && let Some(run) = &self.run {
            let state = state_of(run);
            self.manifest_due |= state != self.state;
            self.state = state;
        }
        if let Some(config) = opened {
            // One that the manifest names and that is not there is to be told of, too.
            for side in [
                &mut self.events,
                &mut self.branches,
                &mut self.log,
                &mut self.marks,
            ] {
                side.due = true;
            }
            self.manifest_due = true;
            self.steps_due = true;
            return Some(Update::Opened {
                name: name_of(&self.dir),
                config,
            });
        }
        before.map(|_| Update::Problem(String::new()))
    }

    fn in_words(&self, error: &TraceError) -> String {
        match (error, &self.run) {
            (TraceError::NotARun { path }, _) => {
                format!("waiting for a run in {}", path.display())
            }
            (_, Some(_)) if !self.dir.exists() => {
                format!(
                    "{} is gone: the run was deleted or moved; what had been read is still shown",
                    self.dir.display()
                )
            }
            _ => error.to_string(),
        }
    }

    /// The next piece, most urgent first; none when all is read.
    pub(crate) fn next(&mut self) -> Option<Update> {
        self.next_on_screen().or_else(|| self.next_of_the_rest())
    }

    /// The next piece of what is on screen.
    pub(crate) fn next_on_screen(&mut self) -> Option<Update> {
        let run = self.run.as_ref()?;
        if std::mem::take(&mut self.manifest_due) {
            return Some(Update::Manifest {
                entries: run.entries().to_vec(),
                state: self.state.clone(),
            });
        }
        let has_ended = matches!(
            self.state,
            RunState::Finished | RunState::Diverged(_) | RunState::Followed
        );
        if self.plane.is_outgrown(complete(run).count(), has_ended) {
            let newest = complete(run).map(|entry| entry.checkpoint).rev();
            let newest: Vec<u32> = newest.take(8).collect();
            return self.fit_plane(&newest, false);
        }
        let is_missing = |checkpoint: &u32| !self.summarised.contains(checkpoint);
        if let Some(checkpoint) = self.wanted.iter().copied().find(is_missing) {
            return self.summary(checkpoint);
        }
        // Asked for only while they are on screen, so the details can wait for them.
        if !self.rooms_wanted.is_empty() {
            let checkpoint = self.rooms_wanted.remove(0);
            return Some(Update::Rooms(Rooms::read(run, checkpoint)));
        }
        if !self.wanted.is_empty() {
            let checkpoint = self.wanted.remove(0);
            return Some(Update::Detail(self.tables(run).detail(checkpoint)));
        }
        None
    }

    fn next_of_the_rest(&mut self) -> Option<Update> {
        let run = self.run.as_ref()?;
        if std::mem::take(&mut self.marks.due) {
            let read = marks::read(run).map_err(|error| format!("{error:#}"));
            return Some(Update::Marks(read));
        }
        if std::mem::take(&mut self.log.due) {
            let mut read = in_words(run.last_log_lines());
            if let (Ok(lines), false) = (&mut read, self.state == RunState::Training) {
                lines.extend(run.remarks().iter().map(|remark| format!("! {remark}")));
            }
            return Some(Update::Log(read));
        }
        if self.steps_due {
            return self.steps();
        }
        let is_plane_known = !matches!(self.plane, Plane::Unknown);
        if is_plane_known && std::mem::take(&mut self.events.due) {
            return Some(Update::Bifurcations(self.tables(run).bifurcations()));
        }
        if is_plane_known && std::mem::take(&mut self.branches.due) {
            return Some(Update::Branches(self.tables(run).branch_points()));
        }
        let is_missing = |checkpoint: &u32| !self.summarised.contains(checkpoint);
        let missing = complete(run).map(|entry| entry.checkpoint).find(is_missing);
        missing.and_then(|checkpoint| self.summary(checkpoint))
    }

    /// Fits the plane to the first of these checkpoints whose probe trials can be read; everything else follows anew.
    fn fit_plane(&mut self, checkpoints: &[u32], is_chosen: bool) -> Option<Update> {
        let run = self.run.as_ref()?;
        let (plane, update) = Plane::fitted(run, checkpoints, is_chosen);
        self.plane = plane;
        self.summarised.clear();
        self.events.due = true;
        self.branches.due = true;
        Some(update)
    }

    fn tables<'a>(&'a self, run: &'a Run) -> Tables<'a> {
        Tables {
            run,
            plane: &self.plane,
        }
    }

    fn summary(&mut self, checkpoint: u32) -> Option<Update> {
        let summary = self.tables(self.run.as_ref()?).summary(checkpoint);
        self.summarised.insert(checkpoint);
        Some(Update::Summary(summary))
    }

    fn steps(&mut self) -> Option<Update> {
        let run = self.run.as_ref()?;
        let (mut samples, mut problems) = (Vec::new(), Vec::new());
        for _ in 0..STEP_FILES_PER_PIECE {
            match run.glance_at_next_steps(&mut self.steps_read, |row| samples.push(row)) {
                None => {
                    self.steps_due = false;
                    break;
                }
                Some(Ok(())) => {}
                Some(Err(error)) => problems.push(error.to_string()),
            }
        }
        Some(Update::Steps { samples, problems })
    }

    /// What was asked for of the map, as work for another thread.
    pub(crate) fn dynamics(&mut self) -> Option<impl FnOnce() -> Update + Send + 'static> {
        let (checkpoint, condition) = self.dynamics_wanted.take()?;
        let run = self.run.as_ref()?;
        let mut points: Vec<StateOfCheckpoint> = Vec::new();
        // Whatever fails here is told of by the summary.
        run.glance_at_points(checkpoint, |row| {
            if *row.condition == *condition && row.n_unstable > 0 {
                points.push((row.point, row.state.to_vec()));
            }
        })
        .ok();
        let plane = match &self.plane {
            Plane::Fitted(fit) => Some((fit.projection.clone(), fit.reach)),
            _ => None,
        };
        let dir = self.dir.clone();
        Some(move || {
            let Some((projection, reach)) = plane else {
                return Update::Dynamics(dynamics::Dynamics {
                    checkpoint,
                    condition,
                    modes: Err("modes need probe trials to fit the plane to".into()),
                    flow: Vec::new(),
                });
            };
            let of = (checkpoint, &condition);
            Update::Dynamics(dynamics::dynamics(&dir, of, &points, &projection, reach))
        })
    }
}

fn complete(run: &Run) -> impl DoubleEndedIterator<Item = &Entry> {
    run.entries().iter().filter(|entry| entry.complete)
}

/// Reads the run in `dir` in a thread of its own and hands every piece to `send`, which says whether it still wants any.
/// Drop the sender of requests to end it.
pub(crate) fn spawn(
    dir: &Path,
    send: impl Fn(Update) -> bool + Clone + Send + 'static,
) -> std::io::Result<Sender<Request>> {
    let (requests, inbox) = channel();
    let loader = Loader::new(dir);
    std::thread::Builder::new()
        .name("reader".into())
        .spawn(move || {
            let read = AssertUnwindSafe(|| serve(loader, &inbox, &send));
            if catch_unwind(read).is_err() {
                send(Update::Problem(
                    "reading the run failed in an unforeseen way: open it again".into(),
                ));
            }
        })?;
    Ok(requests)
}

fn serve(
    mut loader: Loader,
    inbox: &Receiver<Request>,
    send: &(impl Fn(Update) -> bool + Clone + Send + 'static),
) {
    let mut news: Vec<Update> = loader.poll().into_iter().collect();
    let mut polled = std::time::Instant::now();
    loop {
        news.extend(inbox.try_iter().filter_map(|request| loader.take(request)));
        if let Some(job) = loader.dynamics() {
            let send = send.clone();
            let begun = std::thread::Builder::new()
                .name("dynamics".into())
                .spawn(move || send(job()));
            if begun.is_err() {
                news.push(Update::Problem("no thread could be started".into()));
            }
        }
        news.extend(loader.next());
        if news.is_empty() {
            let wait = POLL_INTERVAL.saturating_sub(polled.elapsed());
            match inbox.recv_timeout(wait) {
                Ok(request) => news.extend(loader.take(request)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        if polled.elapsed() >= POLL_INTERVAL {
            polled = std::time::Instant::now();
            news.extend(loader.poll());
        }
        if !news.drain(..).all(send) {
            return;
        }
    }
}
