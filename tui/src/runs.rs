//! Names of runs.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use creode::population::is_population;
use creode::text::escaped;
use creode::trace::names::MANIFEST_FILE;
use creode::trace::{RUN_FILE, Run, holder};

use crate::arguments::TracesFolder;
use crate::dashboard::MOST_OPEN;
use crate::say::say;

/// Names that are at least as similar as this are taken for misspelt.
const MISSPELT: f64 = 0.8;

/// The directory of an existing run, given as a name under the traces directory or as a path.
pub(crate) fn find(run: &str, place: &TracesFolder) -> anyhow::Result<PathBuf> {
    let candidates = [place.traces.join(run), PathBuf::from(run)];
    if let Some(found) = candidates.iter().find(|path| path.join(RUN_FILE).is_file()) {
        return Ok(found.clone());
    }
    if let Some(other) = candidates.iter().find(|path| is_population(path)) {
        bail!(
            "{} is a population: `creode population {run} --status` lists its runs, each of which has the name {run}/RUN",
            other.display()
        );
    }
    if let Some(other) = candidates.iter().find(|path| path.is_dir()) {
        bail!(
            "{} is a directory, but no run: there is no {RUN_FILE} in it",
            other.display()
        );
    }
    let names = names(&place.traces);
    let near = nearest(run, names.iter().map(String::as_str));
    let hint = match (near, names.as_slice()) {
        (Some(name), _) => format!("did you mean {}?", escaped(name)),
        (None, []) => "there are none yet: `creode train CURRICULUM` makes one".to_owned(),
        (None, names) => format!("there are {}", listed(names)),
    };
    bail!("no run {run} under {}; {hint}", place.traces.display())
}

/// The directories of runs to be shown beside each other, each found by `find`.
pub(crate) fn find_all(
    runs: &[String],
    place: &TracesFolder,
    find: impl Fn(&str, &TracesFolder) -> anyhow::Result<PathBuf>,
) -> anyhow::Result<Vec<PathBuf>> {
    if runs.len() > MOST_OPEN {
        bail!(
            "{} runs are too many to show beside each other: {MOST_OPEN} are the most",
            runs.len()
        );
    }
    let mut dirs: Vec<PathBuf> = Vec::new();
    let real = |dir: &PathBuf| dir.canonicalize().unwrap_or_else(|_| dir.clone());
    for run in runs {
        let dir = find(run, place)?;
        if dirs.iter().any(|known| real(known) == real(&dir)) {
            bail!("{run} is given twice: a run can be opened once only");
        }
        dirs.push(dir);
    }
    Ok(dirs)
}

/// At most a dozen names.
fn listed(names: &[String]) -> String {
    const MOST: usize = 12;
    let first: Vec<_> = names.iter().take(MOST).map(|name| escaped(name)).collect();
    let more = match names.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", first.join(", "))
}

/// Says what is odd about a run that nobody is writing, before something is made of it.
pub(crate) fn remark(run: &Run) {
    if holder(run.dir()).is_none() {
        for remark in run.remarks() {
            say!("note: {remark}");
        }
    }
}

/// The name that may have been meant.
pub(crate) fn nearest<'a>(asked: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names
        .map(|name| (strsim::jaro_winkler(asked, name), name))
        .filter(|(similarity, _)| *similarity > MISSPELT)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// The directory of a run that may not exist yet, for those who can wait: a terminal. A name like that of an existing run
/// is rather a mistake.
pub(crate) fn find_or_await(run: &str, place: &TracesFolder) -> anyhow::Result<PathBuf> {
    let found = find(run, place);
    let path = place.traces.join(run);
    let names = names(&place.traces);
    let is_like_another = nearest(run, names.iter().map(String::as_str)).is_some();
    let can_wait = std::io::stdout().is_terminal() && !is_like_another && !path.is_dir();
    found.or_else(|error| if can_wait { Ok(path) } else { Err(error) })
}

/// The directory of the run that was written to last.
pub(crate) fn last_written(place: &TracesFolder) -> anyhow::Result<PathBuf> {
    let dirs = names(&place.traces)
        .into_iter()
        .map(|name| place.traces.join(name));
    let written = |dir: &PathBuf| {
        let time = |file: &str| std::fs::metadata(dir.join(file)).and_then(|of| of.modified());
        time(MANIFEST_FILE).or_else(|_| time(RUN_FILE)).ok()
    };
    dirs.max_by_key(written).with_context(|| {
        format!(
            "there is no run under {} yet: `creode train CURRICULUM` makes one",
            place.traces.display()
        )
    })
}

/// The first of `name`, `name-2`, `name-3`, … that is free.
pub(crate) fn free_name(name: &str, place: &TracesFolder) -> String {
    let taken = |name: &str| place.traces.join(name).exists();
    let mut numbered = (2..).map(|number| format!("{name}-{number}"));
    if taken(name) {
        numbered
            .find(|name| !taken(name))
            .unwrap_or_else(|| name.to_owned())
    } else {
        name.to_owned()
    }
}

/// The last of `name`, `name-2`, `name-3`, … that exists.
pub(crate) fn newest_name(name: &str, place: &TracesFolder) -> String {
    let exists = |name: &String| place.traces.join(name).join(RUN_FILE).is_file();
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    numbered
        .take_while(exists)
        .last()
        .unwrap_or_else(|| name.to_owned())
}

/// Names of all runs in a directory, in order.
fn names(traces: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(traces) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().join(RUN_FILE).is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
