//! Commands of the user's that are told what happens: `--on-end`, `--on-event`.
//!
//! They cannot hurt what they are told of: they run in a thread and a process group of their own, one after the other, with
//! nothing on their input, and are ended after a minute; what goes wrong with them is said, and no more.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::say::say;

/// Time that a command has.
const MOST_TIME: Duration = Duration::from_secs(60);
/// Time that the end of a run waits for commands that were not begun.
const MOST_WAIT: Duration = Duration::from_secs(120);
/// News that may wait for the command before them.
const MOST_WAITING: usize = 1024;
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Environment variables that say what happened.
pub(crate) type Variables = Vec<(&'static str, String)>;

/// A command that is told of every one of many things.
pub(crate) struct Hook {
    news: SyncSender<Variables>,
    thread: JoinHandle<()>,
}

impl Hook {
    /// Will have the shell run the command for each of the news.
    pub(crate) fn new(command: &str) -> anyhow::Result<Self> {
        let (news, inbox) = sync_channel(MOST_WAITING);
        let command = command.to_owned();
        let thread = std::thread::Builder::new().name("hook".into());
        let thread = thread.spawn(move || listen(&command, &inbox))?;
        Ok(Self { news, thread })
    }

    /// Tells it; never waits.
    pub(crate) fn tell(&self, variables: Variables) {
        if let Err(TrySendError::Full(_)) = self.news.try_send(variables) {
            say!("note: the command of --on-event is too slow: it is not told of everything");
        }
    }

    /// Waits for the commands, but not for long.
    pub(crate) fn finish(self) {
        drop(self.news);
        let begun = Instant::now();
        while !self.thread.is_finished() {
            if begun.elapsed() > MOST_WAIT {
                say!(
                    "note: the command of --on-event is too slow: what it was not told of is left out"
                );
                return;
            }
            std::thread::sleep(BETWEEN_LOOKS);
        }
    }
}

fn listen(command: &str, inbox: &Receiver<Variables>) {
    for variables in inbox {
        run(command, &variables);
    }
}

/// Has the shell run a command, waits for it for a minute at most, and says what went wrong.
pub(crate) fn run(command: &str, variables: &Variables) {
    let failure = match start(command, variables) {
        Ok(child) => failure_of(child),
        Err(error) => Some(format!("could not be started: {error}")),
    };
    if let Some(failure) = failure {
        say!("note: the command `{command}` {failure}");
    }
}

fn start(command: &str, variables: &Variables) -> std::io::Result<Child> {
    let mut shell = if cfg!(windows) {
        let mut shell = Command::new("cmd");
        shell.arg("/C");
        shell
    } else {
        let mut shell = Command::new("sh");
        shell.arg("-c");
        shell
    };
    shell
        .arg(command)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    shell.envs(variables.iter().map(|(name, value)| (name, value)));
    // Ctrl-C is for the run.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut shell, 0);
    shell.spawn()
}

fn failure_of(mut child: Child) -> Option<String> {
    let begun = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return failure_in(status),
            Ok(None) if begun.elapsed() < MOST_TIME => std::thread::sleep(BETWEEN_LOOKS),
            Ok(None) => {
                #[cfg(unix)]
                crate::signals::end_group(child.id());
                child.kill().ok();
                child.wait().ok();
                return Some(format!(
                    "took longer than {} s and was ended",
                    MOST_TIME.as_secs()
                ));
            }
            Err(error) => return Some(format!("cannot be waited for: {error}")),
        }
    }
}

fn failure_in(status: ExitStatus) -> Option<String> {
    (!status.success()).then(|| format!("failed: {status}"))
}
