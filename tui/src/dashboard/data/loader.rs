//! Reads a run piece by piece, most urgent first: what is on screen, then training, then all other checkpoints in short.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use creode::trace::rows::{BranchRow, EvaluationRow, EventRow};
use creode::trace::{Entry, LOG_FILE, MARKS_FILE, Run, StepCursor, TraceError};

use super::dynamics::{self, Place};
use super::files::{Side, name_of, state_of, step_of};
use super::plane::Plane;
use super::{
    Bifurcation, BranchPoint, Detail, Evaluation, Point, Request, RunState, Scene, Spectrum,
    Summary, Update, marks,
};

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
        if !self.wanted.is_empty() {
            let checkpoint = self.wanted.remove(0);
            return Some(Update::Detail(self.detail(run, checkpoint)));
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
            return Some(Update::Bifurcations(self.bifurcations(run)));
        }
        if is_plane_known && std::mem::take(&mut self.branches.due) {
            return Some(Update::Branches(self.branch_points(run)));
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

    fn place(&self, state: &[f64], stored: [f64; 3]) -> [f64; 3] {
        self.plane.project(state).unwrap_or(stored)
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

    fn summary(&mut self, checkpoint: u32) -> Option<Update> {
        let run = self.run.as_ref()?;
        let mut problems = Vec::new();
        let mut scenes: Vec<Scene> = Vec::new();
        match run.landscapes(checkpoint) {
            Ok(rows) => {
                for row in rows {
                    let condition = row.condition.clone();
                    scene(&mut scenes, &condition).landscape = Some(row);
                }
            }
            Err(error) => problems.push(error.to_string()),
        }
        let read = run.glance_at_points(checkpoint, |row| {
            let point = Point {
                id: row.point,
                kind: row.kind,
                n_unstable: row.n_unstable,
                multiplier: (row.multiplier_re, row.multiplier_im),
                q: row.q,
                index: row.index,
                readout: row.readout.iter().map(|&y| y as f32).collect(),
                basin_fraction: row.basin_fraction,
                at: self.place(row.state, row.pc),
            };
            scene(&mut scenes, row.condition).points.push(point);
        });
        let slow = run.glance_at_slow_points(checkpoint, |row| {
            let at = self.place(row.state, row.pc);
            scene(&mut scenes, row.condition).slow_points.push(at);
        });
        problems.extend(slow.err().map(|error| error.to_string()));
        for scene in &mut scenes {
            scene
                .points
                .sort_by_key(|point| (point.n_unstable, point.id));
        }
        let evaluations = run.evaluations(checkpoint).map(|rows| {
            let evaluation = |row: EvaluationRow| Evaluation {
                probe: row.probe.into(),
                accuracy: row.accuracy,
            };
            rows.into_iter().map(evaluation).collect()
        });
        let bifurcations = run.events_at(checkpoint).map(Option::unwrap_or_default);
        let branches = run.branches_at(checkpoint);
        let mut or_none = |error: TraceError| problems.push(error.to_string());
        let evaluations = evaluations.unwrap_or_else(|error| {
            or_none(error);
            Vec::new()
        });
        let bifurcations = bifurcations.unwrap_or_else(|error| {
            or_none(error);
            Vec::new()
        });
        let branches = branches.unwrap_or_else(|error| {
            or_none(error);
            None
        });
        let step = step_of(run, checkpoint);
        let bifurcations = bifurcations
            .into_iter()
            .map(|row| self.bifurcation(row))
            .collect();
        let branches = branches.map(|rows| rows.iter().map(|row| self.branch_point(row)).collect());
        self.summarised.insert(checkpoint);
        Some(Update::Summary(Summary {
            checkpoint,
            step,
            evaluations,
            bifurcations,
            branches,
            scenes: in_words(read.map(|()| scenes)),
            problems,
        }))
    }

    fn detail(&self, run: &Run, checkpoint: u32) -> Detail {
        let mut spectra: Vec<Spectrum> = Vec::new();
        let read = run.glance_at_spectra(checkpoint, |row| match spectra.last_mut() {
            Some(last) if last.point == row.point && *last.condition == *row.condition => {
                last.values.push((row.re, row.im));
            }
            _ => spectra.push(Spectrum {
                condition: row.condition.into(),
                point: row.point,
                values: vec![(row.re, row.im)],
            }),
        });
        let spectra = in_words(read.map(|()| spectra));
        let mut trials: Vec<Vec<[f64; 3]>> = Vec::new();
        let mut last_trial = None;
        let read = run.glance_at_trials(checkpoint, |row| {
            let place = self.place(row.state, row.pc);
            match trials.last_mut() {
                Some(trial) if last_trial == Some(row.trial) => trial.push(place),
                _ => trials.push(vec![place]),
            }
            last_trial = Some(row.trial);
        });
        Detail {
            checkpoint,
            spectra,
            trials: in_words(read.map(|()| trials)),
        }
    }

    fn bifurcations(&self, run: &Run) -> Result<Vec<Bifurcation>, String> {
        let rows = in_words(run.derived_events())?.unwrap_or_default();
        Ok(rows.into_iter().map(|row| self.bifurcation(row)).collect())
    }

    fn bifurcation(&self, row: EventRow) -> Bifurcation {
        Bifurcation {
            at: self.plane.project(&row.state),
            row,
        }
    }

    fn branch_point(&self, row: &BranchRow) -> BranchPoint {
        BranchPoint {
            condition: row.condition.as_str().into(),
            branch: row.branch,
            step: row.step,
            point: row.point,
            n_unstable: row.n_unstable,
            at: self.plane.project(&row.state).unwrap_or([f64::NAN; 3]),
        }
    }

    fn branch_points(&self, run: &Run) -> Result<Vec<BranchPoint>, String> {
        let mut points: Vec<BranchPoint> = Vec::new();
        let read = run.glance_at_branches(|row| {
            let condition = points
                .last()
                .filter(|last| *last.condition == *row.condition)
                .map_or_else(|| row.condition.into(), |last| Arc::clone(&last.condition));
            points.push(BranchPoint {
                condition,
                branch: row.branch,
                step: row.step,
                point: row.point,
                n_unstable: row.n_unstable,
                at: self.plane.project(row.state).unwrap_or([f64::NAN; 3]),
            });
        });
        in_words(read.map(|_| points))
    }

    /// What was asked for of the map, as work for another thread.
    pub(crate) fn dynamics(&mut self) -> Option<impl FnOnce() -> Update + Send + 'static> {
        let (checkpoint, condition) = self.dynamics_wanted.take()?;
        let run = self.run.as_ref()?;
        let mut points: Vec<Place> = Vec::new();
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

/// The scene of a condition; made if there is none.
fn scene<'a>(scenes: &'a mut Vec<Scene>, condition: &str) -> &'a mut Scene {
    let at = scenes
        .iter()
        .position(|scene| *scene.condition == *condition)
        .unwrap_or_else(|| {
            scenes.push(Scene {
                condition: condition.into(),
                landscape: None,
                points: Vec::new(),
                slow_points: Vec::new(),
            });
            scenes.len() - 1
        });
    &mut scenes[at]
}

fn complete(run: &Run) -> impl DoubleEndedIterator<Item = &Entry> {
    run.entries().iter().filter(|entry| entry.complete)
}

fn in_words<T>(read: Result<T, TraceError>) -> Result<T, String> {
    read.map_err(|error| error.to_string())
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
