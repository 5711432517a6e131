//! The runs of a directory, each in short: read in a thread of its own, the newest first.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use creode::lab::zoom::ZOOMS_FOLDER;
use creode::population::is_population;
use creode::trace::names::MANIFEST_FILE;
use creode::trace::{RUN_FILE, Run, StepCursor};

use super::RunState;
use super::files::state_of;

/// How often the directory is looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Files of training steps from which a run's loss curve is drawn, at most.
const CURVE_FILES: usize = 48;

/// A run in short.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Listed {
    pub(crate) dir: PathBuf,
    /// Path under the directory of runs.
    pub(crate) name: String,
    /// When it was written last.
    pub(crate) written: SystemTime,
    /// What could be read of it, or why not; `None`: not yet read.
    pub(crate) brief: Option<Result<Brief, String>>,
}

/// What the list shows of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Brief {
    pub(crate) state: RunState,
    /// Name of the curriculum.
    pub(crate) curriculum: String,
    pub(crate) cell: String,
    pub(crate) units: Option<i64>,
    pub(crate) seed: Option<i64>,
    pub(crate) checkpoints: usize,
    pub(crate) step: u64,
    /// Numbers of fixed points and of stable ones at the last landscape, over all probe inputs.
    pub(crate) points: Option<(u32, u32)>,
    pub(crate) loss: Option<f64>,
    pub(crate) accuracy: Option<f64>,
    /// (step, loss), thinned out.
    pub(crate) curve: Vec<(u64, f64)>,
}

type Stamp = (u64, Option<SystemTime>);

/// Lists the runs of a directory, reading only what changed since.
pub(crate) struct Lister {
    traces: PathBuf,
    known: HashMap<PathBuf, (Stamp, Result<Brief, String>)>,
}

impl Lister {
    pub(crate) fn new(traces: &Path) -> Self {
        Self {
            traces: traces.to_path_buf(),
            known: HashMap::new(),
        }
    }

    /// The list as it is, and whether some of it is still to be read.
    pub(crate) fn look(&self) -> (Vec<Listed>, bool) {
        let mut listed: Vec<Listed> = run_dirs(&self.traces)
            .into_iter()
            .map(|dir| self.listed(dir))
            .collect();
        listed.sort_by(|a, b| b.written.cmp(&a.written).then(a.name.cmp(&b.name)));
        let is_stale = |of: &Listed| self.is_stale(&of.dir);
        let unread = listed.iter().any(is_stale);
        (listed, unread)
    }

    /// Reads the first run of the list that is not known as it is now.
    pub(crate) fn read_one(&mut self, listed: &[Listed]) {
        if let Some(of) = listed.iter().find(|of| self.is_stale(&of.dir)) {
            let read = brief(&of.dir).map_err(|error| error.to_string());
            self.known.insert(of.dir.clone(), (stamp(&of.dir), read));
        }
    }

    fn is_stale(&self, dir: &Path) -> bool {
        self.known.get(dir).is_none_or(|(known, read)| {
            // A writer may die without a word.
            let is_training = matches!(read, Ok(brief) if brief.state == RunState::Training);
            *known != stamp(dir) || (is_training && !is_training_still(dir))
        })
    }

    fn listed(&self, dir: PathBuf) -> Listed {
        let name = dir.strip_prefix(&self.traces).unwrap_or(&dir);
        Listed {
            name: name.to_string_lossy().into_owned(),
            written: stamp(&dir).1.unwrap_or(SystemTime::UNIX_EPOCH),
            brief: self.known.get(&dir).map(|(_, read)| read.clone()),
            dir,
        }
    }
}

fn is_training_still(dir: &Path) -> bool {
    Run::open(dir).is_ok_and(|run| state_of(&run) == RunState::Training)
}

fn stamp(dir: &Path) -> Stamp {
    let metadata =
        fs::metadata(dir.join(MANIFEST_FILE)).or_else(|_| fs::metadata(dir.join(RUN_FILE)));
    metadata.map_or((0, None), |of| (of.len(), of.modified().ok()))
}

/// Stretches of stretches of a run that are looked into, and runs that are listed.
const MOST_DEPTH: usize = 4;
const MOST_RUNS: usize = 10_000;

/// Folders that hold a run, those within a population or a run among them. A link in the directory of runs is a run like any other; within a
/// run none is followed.
fn run_dirs(traces: &Path) -> Vec<PathBuf> {
    let children = |dir: &Path, follows_links: bool| -> Vec<PathBuf> {
        let entries = fs::read_dir(dir).into_iter().flatten().flatten();
        entries
            .filter(|entry| follows_links || entry.file_type().is_ok_and(|kind| !kind.is_symlink()))
            .map(|entry| entry.path())
            .filter(|path| path.join(RUN_FILE).is_file())
            .collect()
    };
    let mut dirs = Vec::new();
    let entries = fs::read_dir(traces).into_iter().flatten().flatten();
    let populations = entries
        .map(|entry| entry.path())
        .filter(|path| is_population(path));
    let of_populations = populations.flat_map(|path| children(&path, false));
    let mut found: Vec<(PathBuf, usize)> = children(traces, true)
        .into_iter()
        .chain(of_populations)
        .map(|dir| (dir, 0))
        .collect();
    while let Some((dir, depth)) = found.pop() {
        let zooms = dir.join(ZOOMS_FOLDER);
        if depth < MOST_DEPTH && fs::symlink_metadata(&zooms).is_ok_and(|of| of.is_dir()) {
            let within = children(&zooms, false).into_iter();
            found.extend(within.map(|dir| (dir, depth + 1)));
        }
        dirs.push(dir);
        if dirs.len() == MOST_RUNS {
            break;
        }
    }
    dirs
}

fn brief(dir: &Path) -> Result<Brief, creode::trace::TraceError> {
    let run = Run::open(dir)?;
    let config: toml::Table = run.config_text().parse().unwrap_or_default();
    let network = config.get("network").and_then(toml::Value::as_table);
    let text = |value: Option<&toml::Value>| {
        let text = value.and_then(toml::Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let of_network = |key: &str| network.and_then(|table| table.get(key));
    let complete = run.entries().iter().rev().find(|entry| entry.complete);
    let landscapes = complete.map(|entry| run.landscapes(entry.checkpoint));
    let landscapes = landscapes.transpose()?;
    let points = landscapes.map(|rows| {
        let sum = |of: fn(&creode::trace::rows::LandscapeRow) -> u32| rows.iter().map(of).sum();
        (sum(|row| row.n_fixed), sum(|row| row.n_stable))
    });
    let files = run.step_files();
    let stride = files.div_ceil(CURVE_FILES).max(1);
    let (mut curve, mut last) = (Vec::new(), None);
    // The last file always, as it has the present loss.
    for file in (0..files).rev().step_by(stride) {
        let mut part = Vec::new();
        let mut cursor = StepCursor::at_file(file);
        let read = run.glance_at_next_steps(&mut cursor, |row| part.push(row));
        read.transpose()?;
        last = last.or(part.last().copied());
        let thin = part.len().div_ceil(8).max(1);
        curve.extend(part.iter().step_by(thin).map(|row| (row.step, row.loss)));
    }
    curve.sort_by_key(|&(step, _)| step);
    Ok(Brief {
        state: state_of(&run),
        curriculum: text(config.get("name")),
        cell: text(of_network("cell")),
        units: of_network("units").and_then(toml::Value::as_integer),
        seed: config.get("seed").and_then(toml::Value::as_integer),
        checkpoints: run.entries().len(),
        step: last.map_or_else(
            || run.entries().last().map_or(0, |entry| entry.step),
            |row| row.step,
        ),
        points,
        loss: last.map(|row| row.loss),
        accuracy: last.map(|row| row.accuracy),
        curve,
    })
}

/// Lists the runs in a thread of its own and hands every change to `send`, which says whether it still wants any.
pub(crate) fn spawn(
    traces: &Path,
    send: impl Fn(Vec<Listed>) -> bool + Send + 'static,
) -> std::io::Result<()> {
    let mut lister = Lister::new(traces);
    let list = move || {
        let mut sent = None;
        loop {
            let (listed, unread) = lister.look();
            if sent.as_ref() != Some(&listed) {
                if !send(listed.clone()) {
                    return;
                }
                sent = Some(listed.clone());
            }
            if unread {
                lister.read_one(&listed);
            } else {
                std::thread::sleep(LOOK_INTERVAL);
            }
        }
    };
    std::thread::Builder::new()
        .name("runs".into())
        .spawn(list)
        .map(|_| ())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_populations_and_stretches_of_runs_are_listed() {
        let folder = tempfile::tempdir().unwrap();
        let run = |name: &str| {
            let dir = folder.path().join(name);
            fs::create_dir_all(&dir).unwrap();
            fs::write(dir.join(RUN_FILE), "").unwrap();
        };
        for name in [
            "a",
            "many/b",
            "many/c",
            "plain/d",
            "a/zooms/e",
            "many/c/zooms/f",
        ] {
            run(name);
        }
        fs::write(folder.path().join("many/population.toml"), "").unwrap();
        let (listed, _) = Lister::new(folder.path()).look();
        let mut names: Vec<String> = listed.into_iter().map(|of| of.name).collect();
        names.sort();
        assert_eq!(
            names,
            ["a", "a/zooms/e", "many/b", "many/c", "many/c/zooms/f"]
        );
    }
}
