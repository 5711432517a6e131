//! What the dashboard knows of a run, read off the main thread: small summaries of all checkpoints, details of
//! those on screen and their neighbours.

use std::collections::BTreeSet;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use creode::dynamics::projection::Projection;
use creode::trace::rows::{Kind, LandscapeRow, TrialRow};
use creode::trace::{EndingReason, Entry, Run, StepCursor, TraceError};

/// How often the manifest of a growing run is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// Looks at an unchanged manifest between two looks at whether its writer still lives.
const POLLS_PER_LOOK_AT_WRITER: u32 = 8;

/// How a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RunState {
    /// Being written.
    Training,
    /// Not being written, and not at its end.
    Interrupted,
    /// The curriculum was completed.
    Finished,
    /// Loss or weights ceased to be finite; what the run says of it.
    Diverged(String),
}

/// Loss and accuracy of one training step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct StepSample {
    pub(crate) step: u64,
    pub(crate) stage: u32,
    pub(crate) loss: f64,
    pub(crate) accuracy: f64,
}

/// One fixed point.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    pub(crate) condition: String,
    /// Identity of its branch.
    pub(crate) id: u32,
    pub(crate) kind: Kind,
    pub(crate) n_unstable: u16,
    /// Modulus of the leading eigenvalue.
    pub(crate) modulus: f64,
    pub(crate) q: f64,
    pub(crate) index: i8,
    pub(crate) readout: Vec<f64>,
    /// Principal components.
    pub(crate) at: [f64; 3],
}

/// One slow point.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SlowPoint {
    pub(crate) condition: String,
    /// Principal components.
    pub(crate) at: [f64; 3],
}

/// A checkpoint in short. What could not be read is a message in its place.
#[derive(Debug, Clone)]
pub(crate) struct Summary {
    pub(crate) checkpoint: u32,
    pub(crate) landscapes: Result<Vec<LandscapeRow>, String>,
    pub(crate) points: Result<Vec<Point>, String>,
    pub(crate) slow_points: Result<Vec<SlowPoint>, String>,
}

/// One eigenvalue of one fixed point.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Eigenvalue {
    pub(crate) condition: String,
    pub(crate) point: u32,
    pub(crate) re: f64,
    pub(crate) im: f64,
}

/// The larger tables of a checkpoint. What could not be read is a message in its place.
#[derive(Debug, Clone)]
pub(crate) struct Detail {
    pub(crate) checkpoint: u32,
    pub(crate) spectra: Result<Vec<Eigenvalue>, String>,
    /// Principal components along each probe trial.
    pub(crate) trials: Result<Vec<Vec<[f64; 3]>>, String>,
}

/// Where the plane of the state space comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlaneSource {
    /// Fitted to the probe trials at this training step.
    Trials(u64),
    /// The projection stored in the run, because no probe trials could be read.
    Stored,
}

/// News from the loader.
#[derive(Debug, Clone)]
pub(crate) enum Update {
    /// What the manifest names.
    Manifest {
        entries: Vec<Entry>,
        state: RunState,
    },
    /// Training steps that came since, and messages on those that could not be read.
    Steps {
        samples: Vec<StepSample>,
        problems: Vec<String>,
    },
    /// A new plane, in which all that follows is given, and the points that must be in view.
    Plane {
        source: PlaneSource,
        reach: Vec<[f64; 3]>,
    },
    /// A checkpoint in short.
    Summary(Summary),
    /// A checkpoint at length.
    Detail(Detail),
    /// The run as a whole could not be read; empty when it can be again.
    Problem(String),
}

impl Update {
    /// Messages on what could not be read.
    pub(crate) fn damage(&self) -> Vec<String> {
        let problems = match self {
            Self::Steps { problems, .. } => return problems.clone(),
            Self::Problem(problem) => [Some(problem), None, None],
            Self::Summary(summary) => [
                summary.landscapes.as_ref().err(),
                summary.points.as_ref().err(),
                summary.slow_points.as_ref().err(),
            ],
            Self::Detail(detail) => [
                detail.spectra.as_ref().err(),
                detail.trials.as_ref().err(),
                None,
            ],
            Self::Manifest { .. } | Self::Plane { .. } => [None; 3],
        };
        let problems = problems.into_iter().flatten();
        problems.filter(|text| !text.is_empty()).cloned().collect()
    }
}

/// What the dashboard asks of the loader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// Details of these checkpoints, most urgent first, instead of those asked for before.
    Details(Vec<u32>),
    /// A plane fitted to this checkpoint.
    Refit(u32),
}

/// The plane of the state space.
enum Plane {
    /// There is no complete checkpoint yet.
    Unknown,
    Fitted(Projection),
    /// That of the run, for want of readable probe trials.
    Stored,
}

/// Reads a run piece by piece.
pub(crate) struct Loader {
    run: Run,
    plane: Plane,
    manifest_due: bool,
    steps_due: bool,
    steps_read: StepCursor,
    summarised: BTreeSet<u32>,
    wanted: Vec<u32>,
    polls: u32,
    state: RunState,
    problem: Option<String>,
}

impl Loader {
    pub(crate) fn new(run: Run) -> Self {
        Self {
            state: state_of(&run),
            run,
            plane: Plane::Unknown,
            manifest_due: true,
            steps_due: true,
            steps_read: StepCursor::default(),
            summarised: BTreeSet::new(),
            wanted: Vec::new(),
            polls: 0,
            problem: None,
        }
    }

    pub(crate) fn take(&mut self, request: Request) -> Option<Update> {
        match request {
            Request::Details(checkpoints) => {
                self.wanted = checkpoints;
                None
            }
            Request::Refit(checkpoint) => {
                self.summarised.clear();
                Some(self.fit_plane(&[checkpoint]))
            }
        }
    }

    /// Looks at the manifest again.
    pub(crate) fn poll(&mut self) -> Option<Update> {
        self.polls = self.polls.wrapping_add(1);
        let before = self.problem.take();
        match self.run.refresh() {
            Ok(changed) => {
                self.steps_due |= changed;
                if changed || self.polls.is_multiple_of(POLLS_PER_LOOK_AT_WRITER) {
                    let state = state_of(&self.run);
                    self.manifest_due |= changed || state != self.state;
                    self.state = state;
                }
                before.map(|_| Update::Problem(String::new()))
            }
            Err(error) => {
                let problem = error.to_string();
                self.problem = Some(problem.clone());
                (before.as_ref() != Some(&problem)).then_some(Update::Problem(problem))
            }
        }
    }

    /// The next piece, most urgent first; none when all is read.
    pub(crate) fn next(&mut self) -> Option<Update> {
        if std::mem::take(&mut self.manifest_due) {
            let entries = self.run.entries().to_vec();
            return Some(Update::Manifest {
                entries,
                state: self.state.clone(),
            });
        }
        if matches!(self.plane, Plane::Unknown) {
            let complete: Vec<u32> = self
                .complete()
                .map(|entry| entry.checkpoint)
                .rev()
                .take(8)
                .collect();
            if !complete.is_empty() {
                return Some(self.fit_plane(&complete));
            }
        }
        let is_missing = |checkpoint: &u32| !self.summarised.contains(checkpoint);
        if let Some(checkpoint) = self.wanted.iter().copied().find(is_missing) {
            return Some(self.summary(checkpoint));
        }
        if !self.wanted.is_empty() {
            let checkpoint = self.wanted.remove(0);
            return Some(Update::Detail(self.detail(checkpoint)));
        }
        if std::mem::take(&mut self.steps_due) {
            return Some(self.steps());
        }
        let missing = self
            .complete()
            .map(|entry| entry.checkpoint)
            .find(is_missing);
        missing.map(|checkpoint| self.summary(checkpoint))
    }

    fn complete(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.run.entries().iter().filter(|entry| entry.complete)
    }

    /// Fits the plane to the first of these checkpoints whose probe trials can be read.
    fn fit_plane(&mut self, checkpoints: &[u32]) -> Update {
        for &checkpoint in checkpoints {
            let Ok(rows) = self.run.trials(checkpoint) else {
                continue;
            };
            let dim = rows.first().map_or(0, |row| row.state.len());
            let is_usable =
                |row: &&TrialRow| row.state.len() == dim && row.state.iter().all(|x| x.is_finite());
            let states: Vec<f64> = rows
                .iter()
                .filter(is_usable)
                .flat_map(|row| row.state.iter().copied())
                .collect();
            if states.is_empty() {
                continue;
            }
            let projection = Projection::fit(&states, dim);
            let reach = states
                .chunks_exact(dim)
                .map(|state| projection.project(state))
                .collect();
            self.plane = Plane::Fitted(projection);
            let step = rows.first().map_or(0, |row| row.step);
            return Update::Plane {
                source: PlaneSource::Trials(step),
                reach,
            };
        }
        self.plane = Plane::Stored;
        Update::Plane {
            source: PlaneSource::Stored,
            reach: Vec::new(),
        }
    }

    fn place(&self, state: &[f64], stored: [f64; 3]) -> [f64; 3] {
        match &self.plane {
            Plane::Fitted(projection) => projection.project(state),
            Plane::Unknown | Plane::Stored => stored,
        }
    }

    fn steps(&mut self) -> Update {
        let (mut samples, mut problems) = (Vec::new(), Vec::new());
        while let Some(rows) = self.run.next_steps(&mut self.steps_read) {
            match rows {
                Ok(rows) => samples.extend(rows.iter().map(|row| StepSample {
                    step: row.step,
                    stage: row.stage,
                    loss: row.loss,
                    accuracy: row.accuracy,
                })),
                Err(error) => problems.push(error.to_string()),
            }
        }
        Update::Steps { samples, problems }
    }

    fn summary(&mut self, checkpoint: u32) -> Update {
        self.summarised.insert(checkpoint);
        let points = self.run.fixed_points(checkpoint).map(|rows| {
            let point = |row: creode::trace::rows::FixedPointRow| Point {
                at: self.place(&row.state, row.pc),
                condition: row.condition,
                id: row.point,
                kind: row.kind,
                n_unstable: row.n_unstable,
                modulus: row.multiplier_re.hypot(row.multiplier_im),
                q: row.q,
                index: row.index,
                readout: row.readout,
            };
            let mut points: Vec<Point> = rows.into_iter().map(point).collect();
            points.sort_by_key(|point| (point.n_unstable, point.id));
            points
        });
        let slow_points = self.run.slow_points(checkpoint).map(|rows| {
            rows.into_iter()
                .map(|row| SlowPoint {
                    at: self.place(&row.state, row.pc),
                    condition: row.condition,
                })
                .collect()
        });
        Update::Summary(Summary {
            checkpoint,
            landscapes: in_words(self.run.landscapes(checkpoint)),
            points: in_words(points),
            slow_points: in_words(slow_points),
        })
    }

    fn detail(&self, checkpoint: u32) -> Detail {
        let spectra = self.run.spectra(checkpoint).map(|rows| {
            rows.into_iter()
                .map(|row| Eigenvalue {
                    condition: row.condition,
                    point: row.point,
                    re: row.re,
                    im: row.im,
                })
                .collect()
        });
        let trials = self.run.trials(checkpoint).map(|rows| {
            let mut trials: Vec<Vec<[f64; 3]>> = Vec::new();
            let mut last_trial = None;
            for row in rows {
                let place = self.place(&row.state, row.pc);
                match trials.last_mut() {
                    Some(trial) if last_trial == Some(row.trial) => trial.push(place),
                    _ => trials.push(vec![place]),
                }
                last_trial = Some(row.trial);
            }
            trials
        });
        Detail {
            checkpoint,
            spectra: in_words(spectra),
            trials: in_words(trials),
        }
    }
}

fn in_words<T>(read: Result<T, TraceError>) -> Result<T, String> {
    read.map_err(|error| error.to_string())
}

/// How a run stands now.
pub(crate) fn state_of(run: &Run) -> RunState {
    match run.ending() {
        Some(ending) if ending.reason == EndingReason::Diverged => {
            RunState::Diverged(ending.message.clone())
        }
        Some(_) => RunState::Finished,
        None if is_being_written(run.dir()) => RunState::Training,
        None => RunState::Interrupted,
    }
}

/// Whether a writer holds the lock of a run, which is on its log.
fn is_being_written(dir: &Path) -> bool {
    let Ok(log) = File::open(dir.join("log.txt")) else {
        return false;
    };
    log.try_lock_shared().is_err()
}

/// Reads the run in a thread of its own and hands every piece to `send`, which says whether it still wants any.
/// Drop the sender of requests to end it.
pub(crate) fn spawn(
    run: Run,
    follow: bool,
    send: impl Fn(Update) -> bool + Send + 'static,
) -> std::io::Result<Sender<Request>> {
    let (requests, inbox) = channel();
    std::thread::Builder::new()
        .name("reader".into())
        .spawn(move || {
            let read = AssertUnwindSafe(|| serve(Loader::new(run), follow, &inbox, &send));
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
    follow: bool,
    inbox: &Receiver<Request>,
    send: &impl Fn(Update) -> bool,
) {
    loop {
        let mut news: Vec<Update> = inbox
            .try_iter()
            .filter_map(|request| loader.take(request))
            .collect();
        news.extend(loader.next());
        if news.is_empty() {
            let request = if follow {
                inbox.recv_timeout(POLL_INTERVAL)
            } else {
                inbox.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match request {
                Ok(request) => news.extend(loader.take(request)),
                Err(RecvTimeoutError::Timeout) => news.extend(loader.poll()),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        if !news.into_iter().all(send) {
            return;
        }
    }
}
