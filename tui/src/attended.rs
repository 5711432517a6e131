//! `creode train --watch`: training in a process of its own, the dashboard in front.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use creode::trace::OUTPUT_FILE;

use crate::arguments::{TracesFolder, TrainArgs};
use crate::dashboard::{self, Left, Start};
use crate::say::say;

/// What a training that is attended takes from its standard input as Ctrl-C.
const STOP: &str = "stop";
/// Lines of it that are shown when it fails.
const LINES_SHOWN: usize = 8;

/// Starts the training of the run `name` and shows it; returns the exit code of the dashboard.
pub(crate) fn train(args: &TrainArgs, name: &str, place: &TracesFolder) -> anyhow::Result<u8> {
    let dir = place.traces.join(name);
    let output = dir.join(OUTPUT_FILE);
    let mut child = start(args, name, &dir, &output)?;
    let pid = child.id();
    let commands = child.stdin.take();
    let begun = Start {
        dirs: vec![dir],
        traces: place.traces.clone(),
        following: true,
        ascii: args.drawing.ascii,
        background: args.drawing.background,
    };
    let (ended, has_ended) = std::sync::mpsc::channel();
    let wait = Box::new(move || {
        let failure = wait_for(child, &output);
        ended.send(()).ok();
        failure
    });
    let left = dashboard::run(&begun, Some(wait));
    let still_trains = has_ended.try_recv().is_err();
    if !still_trains {
        return left.map(|_| 0);
    }
    if matches!(left, Ok(Left::StopTraining)) {
        say!("{name}: stopping cleanly …");
        if let Some(mut commands) = commands {
            writeln!(commands, "{STOP}").context("the training takes no commands")?;
        }
        has_ended.recv().ok();
        say!("stopped; `--run {name} --resume` goes on");
        return Ok(crate::arguments::INTERRUPTED);
    }
    say!("{name} goes on training: `creode watch {name}` shows it, `kill {pid}` stops it cleanly");
    left.map(|_| 0)
}

/// The same command without the dashboard, in a process group of its own that no lost terminal ends.
fn start(args: &TrainArgs, name: &str, dir: &Path, output: &Path) -> anyhow::Result<Child> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let cannot_write = || format!("cannot write {}", output.display());
    let file = creode::files::append_to(output).with_context(cannot_write)?;
    let mut arguments: Vec<OsString> = std::env::args_os()
        .skip(1)
        .filter(|argument| argument != "--watch")
        .collect();
    if args.run.is_none() {
        arguments.extend(["--run".into(), name.into()]);
    }
    arguments.push("--detached".into());
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(file.try_clone().with_context(cannot_write)?)
        .stderr(file);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().context("cannot start the training")
}

/// Waits for the training; its last words if it failed.
fn wait_for(mut child: Child, output: &Path) -> Option<String> {
    let status = child.wait().ok()?;
    let code = status.code();
    if status.success() || code == Some(i32::from(crate::arguments::INTERRUPTED)) {
        return None;
    }
    let text = last_words(output);
    let lines: Vec<&str> = text.lines().collect();
    let last = &lines[lines.len().saturating_sub(LINES_SHOWN)..];
    let how = code.map_or_else(
        || "was killed".to_owned(),
        |code| format!("failed ({code})"),
    );
    Some(format!("training {how}: {}", last.join(" ")))
}

/// The end of what the training said.
fn last_words(output: &Path) -> String {
    const MOST_BYTES: u64 = 64 * 1024;
    let end = creode::files::open(output)
        .and_then(|mut file| creode::files::read_end(&mut file, MOST_BYTES));
    let text = String::from_utf8_lossy(&end.unwrap_or_default()).into_owned();
    creode::text::escaped_lines(&text).into_owned()
}

/// In the training's own process: takes note of the signal that a lost terminal sends, so that it does not end the
/// program, and raises `stop` when the dashboard asks for it.
pub(crate) fn attend(stop: &Arc<AtomicBool>) -> anyhow::Result<()> {
    #[cfg(unix)]
    signal_hook::flag::register(signal_hook::consts::SIGHUP, Arc::default())?;
    let stop = Arc::clone(stop);
    let listen = move || {
        // The end of the input is that of the dashboard: training goes on.
        let lines = std::io::stdin().lines().map_while(Result::ok);
        for _ in lines.filter(|line| line == STOP) {
            stop.store(true, Ordering::SeqCst);
        }
    };
    let thread = std::thread::Builder::new().name("attended".into());
    thread.spawn(listen)?;
    Ok(())
}
