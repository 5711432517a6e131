//! A pool of processes, each of which trains one run.
//!
//! Who trains a run holds its lock, so a run that another process has is left to that, and looked at again later. Whatever
//! happens to a process happens to its run alone.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use creode::population::{PlannedRun, Population, RunState};

use super::display::{Display, Shown};
use super::training;
use crate::signals::ask_to_stop;

/// Time after which the display is drawn again.
const BETWEEN_DRAWINGS: Duration = Duration::from_millis(200);
/// Time between two looks at runs that other processes train.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// Lines that are kept of what a process said last.
const LINES_KEPT: usize = 4;

/// How the pool works.
pub(super) struct Settings<'a> {
    /// Runs at a time.
    pub(super) jobs: usize,
    /// Threads of each.
    pub(super) threads: usize,
    /// Command that each run is given for its events.
    pub(super) on_event: Option<&'a str>,
}

/// A run of the pool.
pub(super) struct Task {
    pub(super) run: PlannedRun,
    /// How far it was when it was looked at last.
    pub(super) state: RunState,
    /// Training steps of its whole curriculum, if no stage ends early.
    pub(super) total_steps: u64,
    /// Why it was not completed, of a run that failed.
    pub(super) failure: Option<String>,
}

/// A process that trains a run.
struct Worker {
    /// TracesFolder of its run among the tasks.
    task: usize,
    pid: u32,
    last_lines: VecDeque<String>,
}

/// What is heard of a process.
enum News {
    /// It said a line.
    Said(usize, String),
    /// It ended.
    Ended(usize, std::io::Result<ExitStatus>),
}

/// Trains the tasks that are open, and tells the display. Ends when all are over, or when `stop` is raised and all processes
/// have ended cleanly.
pub(super) fn train(
    population: &Population,
    tasks: &mut [Task],
    settings: &Settings<'_>,
    stop: &AtomicBool,
    display: &Display,
) {
    let (sender, news) = channel();
    let mut pool = Pool {
        population,
        tasks,
        settings,
        sender,
        waiting: VecDeque::new(),
        elsewhere: Vec::new(),
        workers: Vec::new(),
        looked: Instant::now(),
        is_stopping: false,
    };
    pool.sort();
    while !stop.load(Ordering::SeqCst) && !pool.is_done() {
        pool.start_some();
        pool.hear(&news, display);
        pool.look_elsewhere();
        display.draw(&pool.shown());
    }
    pool.is_stopping = true;
    for worker in &pool.workers {
        ask_to_stop(worker.pid);
    }
    while !pool.workers.is_empty() {
        pool.hear(&news, display);
        display.draw(&pool.shown());
    }
}

struct Pool<'a> {
    population: &'a Population,
    tasks: &'a mut [Task],
    settings: &'a Settings<'a>,
    sender: Sender<News>,
    /// Places of the tasks that can be started.
    waiting: VecDeque<usize>,
    /// Those that other processes train.
    elsewhere: Vec<usize>,
    workers: Vec<Worker>,
    /// When those elsewhere were looked at last.
    looked: Instant,
    /// Whether all processes were asked to stop, so that none of them fails by stopping.
    is_stopping: bool,
}

impl Pool<'_> {
    /// Puts each open task where it belongs: first what was begun.
    fn sort(&mut self) {
        for (place, task) in self.tasks.iter().enumerate() {
            match task.state {
                RunState::Resumable { .. } => self.waiting.push_front(place),
                RunState::Missing => self.waiting.push_back(place),
                RunState::Running { .. } => self.elsewhere.push(place),
                _ => {}
            }
        }
    }

    fn is_done(&self) -> bool {
        self.waiting.is_empty() && self.elsewhere.is_empty() && self.workers.is_empty()
    }

    fn start_some(&mut self) {
        self.give_up_those_without_a_network();
        while self.workers.len() < self.settings.jobs
            && let Some(at) = self
                .waiting
                .iter()
                .position(|&place| self.has_network(place))
            && let Some(place) = self.waiting.remove(at)
        {
            match self.start(place) {
                Ok(worker) => self.workers.push(worker),
                Err(error) => {
                    self.tasks[place].failure = Some(format!("could not be started: {error}"));
                }
            }
        }
    }

    /// The runs that a task starts from.
    fn origins(&self, place: usize) -> impl Iterator<Item = &Task> {
        let from = self.tasks[place].run.from.as_ref();
        let names = from.map_or(&[][..], |from| &from.runs);
        let is_one = |task: &&Task| names.contains(&task.run.name);
        self.tasks.iter().filter(is_one)
    }

    /// Whether the network that a task starts from is there, if it starts from one.
    fn has_network(&self, place: usize) -> bool {
        let mut origins = self.origins(place);
        origins.all(|of| matches!(of.state, RunState::Finished { .. }))
    }

    /// Fails the tasks whose network will never be there.
    fn give_up_those_without_a_network(&mut self) {
        let is_lost = |of: &Task| {
            let has_failed = matches!(
                of.state,
                RunState::Diverged { .. } | RunState::Damaged { .. }
            );
            has_failed || of.failure.is_some()
        };
        for place in std::mem::take(&mut self.waiting) {
            let lost = self.origins(place).find(|of| is_lost(of));
            match lost {
                Some(origin) => {
                    let name = &origin.run.name;
                    let failure = format!("it starts from {name}, which was not completed");
                    self.tasks[place].failure = Some(failure);
                }
                None => self.waiting.push_back(place),
            }
        }
    }

    fn start(&self, place: usize) -> std::io::Result<Worker> {
        let Settings {
            threads, on_event, ..
        } = self.settings;
        let words = training(self.population, &self.tasks[place].run, *on_event);
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(words)
            .args(["--threads", &threads.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.stderr(Stdio::piped()).spawn()?;
        let pid = child.id();
        let sender = self.sender.clone();
        let thread = std::thread::Builder::new().name("worker".into());
        thread.spawn(move || attend(child, place, &sender))?;
        Ok(Worker {
            task: place,
            pid,
            last_lines: VecDeque::new(),
        })
    }

    /// Takes what is heard within a moment.
    fn hear(&mut self, news: &Receiver<News>, display: &Display) {
        let first = news.recv_timeout(BETWEEN_DRAWINGS);
        if matches!(first, Err(RecvTimeoutError::Timeout)) {
            return;
        }
        for news in first.into_iter().chain(news.try_iter()) {
            match news {
                News::Said(place, line) => self.take_line(place, line),
                News::Ended(place, status) => {
                    self.take_end(place, status);
                    display.say_end(&self.tasks[place], &self.shown());
                }
            }
        }
    }

    fn take_line(&mut self, place: usize, line: String) {
        if let Some(step) = step_in(&line) {
            self.tasks[place].state = RunState::Resumable { step };
        }
        if let Some(worker) = self.workers.iter_mut().find(|of| of.task == place) {
            worker.last_lines.push_back(line);
            if worker.last_lines.len() > LINES_KEPT {
                worker.last_lines.pop_front();
            }
        }
    }

    /// The folder says what became of the run; the process only why.
    fn take_end(&mut self, place: usize, status: std::io::Result<ExitStatus>) {
        let last_lines = match self.workers.iter().position(|of| of.task == place) {
            Some(at) => self.workers.swap_remove(at).last_lines,
            None => VecDeque::new(),
        };
        let task = &mut self.tasks[place];
        task.state = RunState::read(&self.population.run_dir(&task.run));
        match &task.state {
            RunState::Finished { .. } | RunState::Diverged { .. } | RunState::Damaged { .. } => {}
            // Another process was faster.
            RunState::Running { .. } => self.elsewhere.push(place),
            RunState::Missing | RunState::Resumable { .. } if self.is_stopping => {}
            RunState::Missing | RunState::Resumable { .. } => {
                task.failure = failure(status, &last_lines);
            }
        }
    }

    /// Looks whether runs that other processes had are theirs no longer.
    fn look_elsewhere(&mut self) {
        if self.elsewhere.is_empty() || self.looked.elapsed() < BETWEEN_LOOKS {
            return;
        }
        self.looked = Instant::now();
        for place in std::mem::take(&mut self.elsewhere) {
            let task = &mut self.tasks[place];
            task.state = RunState::read(&self.population.run_dir(&task.run));
            match task.state {
                RunState::Running { .. } => self.elsewhere.push(place),
                RunState::Missing | RunState::Resumable { .. } => self.waiting.push_back(place),
                _ => {}
            }
        }
    }

    fn shown(&self) -> Shown {
        let (mut shown, mut steps) = (Shown::default(), 0);
        for task in &*self.tasks {
            let is_failed = task.failure.is_some();
            match &task.state {
                RunState::Finished { .. } => shown.done += 1,
                RunState::Diverged { .. } | RunState::Damaged { .. } => shown.failed += 1,
                _ if is_failed => shown.failed += 1,
                state => {
                    shown.open_steps += task.total_steps.saturating_sub(state.step());
                    steps += state.step();
                    continue;
                }
            }
            steps += task.total_steps;
        }
        shown.steps = steps;
        shown.running = self.workers.len();
        shown.elsewhere = self.elsewhere.len();
        shown
    }
}

/// Passes on what a process says, and its end.
fn attend(mut child: Child, place: usize, sender: &Sender<News>) {
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            sender.send(News::Said(place, line)).ok();
        }
    }
    sender.send(News::Ended(place, child.wait())).ok();
}

/// The step in a line such as "checkpoint 3 step 30: …".
fn step_in(line: &str) -> Option<u64> {
    let mut words = line.strip_prefix("checkpoint ")?.split([' ', ':']);
    let step = words.nth(2)?;
    step.parse().ok()
}

/// Why a process did not complete its run; none if it was asked to stop.
fn failure(status: std::io::Result<ExitStatus>, last_lines: &VecDeque<String>) -> Option<String> {
    let status = match status {
        Ok(status) => status,
        Err(error) => return Some(format!("cannot be waited for: {error}")),
    };
    if status.success() || status.code() == Some(i32::from(crate::arguments::INTERRUPTED)) {
        return None;
    }
    let mut errors = last_lines.iter().rev();
    let error = errors.find_map(|line| line.strip_prefix("error: "));
    Some(match (error, status.code(), last_lines.back()) {
        (Some(error), ..) => error.to_owned(),
        (None, Some(code), Some(line)) => format!("exit code {code}: {line}"),
        (None, Some(code), None) => format!("exit code {code}"),
        (None, None, _) => format!("the process was killed ({status})"),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_line_about_a_checkpoint_tells_its_step() {
        let line = "checkpoint 12 step 600: 27 fixed points (8/12/6/1) · index sum +1";
        assert_eq!(step_in(line), Some(600));
        assert_eq!(step_in("checkpoint twelve"), None);
        assert_eq!(step_in("stopping cleanly …"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_failure_is_told_by_the_error_that_was_said_last() {
        use std::os::unix::process::ExitStatusExt as _;
        let lines = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect();
        let of = |raw, said: &[&str]| failure(Ok(ExitStatus::from_raw(raw)), &lines(said));
        assert_eq!(of(0, &[]), None);
        assert_eq!(of(130 << 8, &["interrupted"]), None);
        let error = of(2 << 8, &["error: no space", "more of it"]).unwrap();
        assert_eq!(error, "no space");
        assert!(of(9, &["checkpoint 1"]).unwrap().contains("killed"));
        assert!(
            of(101 << 8, &["thread panicked"])
                .unwrap()
                .contains("thread panicked")
        );
    }
}
