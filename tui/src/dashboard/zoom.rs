//! `creode zoom` as a process beside the dashboard, and the run that it makes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use creode::lab::zoom::{Stretch, folder};
use creode::trace::{RUN_FILE, Run};

/// How often the run is looked for.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// What became of it.
#[derive(Debug)]
pub(crate) enum Zoomed {
    /// The folder of the new run, which may still be training.
    Run(PathBuf),
    /// Why there is none.
    Failed(String),
}

/// Traces the run in `dir` between two checkpoints, given by step, at every step; returns as soon as the new run can be
/// opened. A stretch that was traced before is opened as it is.
pub(crate) fn zoom(dir: &Path, from_step: u64, to_step: u64) -> Zoomed {
    match start(dir, from_step, to_step) {
        Ok(zoomed) => zoomed,
        Err(error) => Zoomed::Failed(format!("cannot start `creode zoom`: {error}")),
    }
}

fn start(dir: &Path, from_step: u64, to_step: u64) -> std::io::Result<Zoomed> {
    let before = runs_within(dir);
    let number = |step| {
        Some(
            Run::open(dir)
                .ok()?
                .entries()
                .iter()
                .find(|of| of.step == step)?
                .checkpoint,
        )
    };
    if let (Some(from), Some(to)) = (number(from_step), number(to_step)) {
        let known = folder(dir, Stretch { from, to, every: 1 });
        if before.contains(&known) {
            return Ok(Zoomed::Run(known));
        }
    }
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg("zoom")
        .arg(dir)
        .args([
            "--from",
            &format!("step:{from_step}"),
            "--to",
            &format!("step:{to_step}"),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn()?;
    let stderr = child.stderr.take();
    let said = std::thread::spawn(move || {
        stderr.map_or_else(String::new, |pipe| {
            std::io::read_to_string(pipe).unwrap_or_default()
        })
    });
    loop {
        let ended = child.try_wait()?;
        if let Some(new) = runs_within(dir).difference(&before).next() {
            return Ok(Zoomed::Run(new.clone()));
        }
        if ended.is_some() {
            let said = said.join().unwrap_or_default();
            let last = said.lines().rev().find(|line| !line.trim().is_empty());
            return Ok(Zoomed::Failed(
                last.unwrap_or("`creode zoom` made no run").to_owned(),
            ));
        }
        std::thread::sleep(LOOK_INTERVAL);
    }
}

/// The runs made of parts of a run.
fn runs_within(dir: &Path) -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(dir.join("zooms"));
    let paths = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path());
    paths.filter(|path| path.join(RUN_FILE).is_file()).collect()
}
