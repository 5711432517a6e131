//! Files in a run's folders that no line of the manifest names: what a kill leaves, what a compaction has made superfluous,
//! and what users put there.
//!
//! Nothing of it is deleted but what a merged file holds as well; what a killed writer left is moved to `leftovers/`.
//!
//! Names decide what a file is taken for, since nothing else is known of it: the folders and patterns of a run, a
//! temporary ending, or anything else, which is the user's and is left alone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::contents::Contents;
use super::error::TraceError;
use super::lock::LOCK_FILE;
use super::names::{CHECKPOINTS_FOLDER, LOG_FILE, MANIFEST_FILE, MARKS_FILE, RUN_FILE, is_derived};
use super::schema::Table;
use super::store;
use crate::files::{self, TEMPORARY};
use crate::text::shown;

/// Name of the file with what a training says that began with `--watch`.
pub const OUTPUT_FILE: &str = "output.txt";

/// Folder of what was moved aside.
pub const LEFTOVERS_FOLDER: &str = "leftovers";

/// A file that no line names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unnamed {
    /// Path within the run.
    pub(super) path: String,
    pub(super) kind: Kind,
}

/// What such a file may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Named as the files of a run are: a killed writer left it, or the manifest has lost lines.
    Unfinished {
        /// Training step in its name.
        step: u64,
    },
    /// Half written.
    Temporary,
    /// Its rows are in a merged file that a line names.
    Merged,
    /// Of the user.
    Foreign,
}

/// The folders of a run's files.
pub(super) fn folders() -> impl Iterator<Item = &'static str> {
    std::iter::once(CHECKPOINTS_FOLDER).chain(Table::GROWING.map(Table::name))
}

/// All files in the folders of the run in `dir` that no line names, by path.
pub(super) fn unnamed(dir: &Path, contents: &Contents) -> Result<Vec<Unnamed>, TraceError> {
    let mut found = Vec::new();
    for folder in std::iter::once("").chain(folders()) {
        for name in names_in(&dir.join(folder))? {
            let path = if folder.is_empty() {
                name.clone()
            } else {
                format!("{folder}/{name}")
            };
            let kind = match step_in(&name) {
                _ if contents.is_merged(&path) => Kind::Merged,
                _ if contents.names(&path) => continue,
                _ if name.starts_with('.') && name.ends_with(TEMPORARY) => Kind::Temporary,
                _ if folder.is_empty() && is_known(&name) => continue,
                _ if folder.is_empty() => Kind::Foreign,
                Some(step) => Kind::Unfinished { step },
                None => Kind::Foreign,
            };
            found.push(Unnamed { path, kind });
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Whether a file in the run's own folder is one that no line need name: the manifest, the log, the lock, what an attended
/// training says, or what older versions left unnamed.
fn is_known(name: &str) -> bool {
    let of_old = [RUN_FILE, MARKS_FILE].contains(&name) || is_derived(name);
    of_old || [MANIFEST_FILE, LOG_FILE, LOCK_FILE, OUTPUT_FILE].contains(&name)
}

/// Names of the files of a folder; none if it is not there. Folders in it are not looked into.
fn names_in(folder: &Path) -> Result<Vec<String>, TraceError> {
    let read_error = |error| TraceError::read(folder, error);
    let is_folder = fs::symlink_metadata(folder).is_ok_and(|found| found.is_dir());
    if !is_folder {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(read_error)? {
        let entry = entry.map_err(read_error)?;
        let is_file = entry.file_type().is_ok_and(|kind| !kind.is_dir());
        if let (true, Ok(name)) = (is_file, entry.file_name().into_string()) {
            names.push(name);
        }
    }
    Ok(names)
}

/// The training step in a name such as the files of a run have, or the last one of a merged file.
fn step_in(name: &str) -> Option<u64> {
    let stem = name
        .strip_suffix(".parquet")
        .or_else(|| name.strip_suffix(".safetensors"))?;
    let steps: Vec<&str> = stem.split('.').next()?.split('-').collect();
    let is_step = |step: &str| step.len() >= 8 && step.bytes().all(|byte| byte.is_ascii_digit());
    if steps.len() > 2 || !steps.iter().all(|step| is_step(step)) {
        return None;
    }
    steps.last()?.parse().ok()
}

/// Number of files in a folder that look like those of a run.
pub(super) fn count(dir: &Path) -> usize {
    let names = folders().filter_map(|folder| names_in(&dir.join(folder)).ok());
    names
        .flatten()
        .filter(|name| step_in(name).is_some())
        .count()
}

/// A sentence on what a kill left, if there is anything.
pub(super) fn remark(dir: &Path, contents: &Contents) -> Option<String> {
    let unnamed = unnamed(dir, contents).ok()?;
    let unfinished: Vec<&Unnamed> = unnamed
        .iter()
        .filter(|of| matches!(of.kind, Kind::Unfinished { .. }))
        .collect();
    let first = unfinished.first()?;
    Some(format!(
        "no line of the manifest names {} of the files in {}, {} first: a kill leaves such, and so does a manifest that lost \
         lines; they are not shown (`creode verify RUN` lists them)",
        unfinished.len(),
        shown(dir),
        first.path
    ))
}

/// Moves what a killed writer left to `leftovers/`, and removes what a merged file holds as well.
pub(super) fn tidy(dir: &Path, contents: &Contents) -> Result<(), TraceError> {
    let unnamed = unnamed(dir, contents)?;
    let is_superfluous = unnamed.iter().any(|file| file.kind == Kind::Merged);
    let mut merged = contents.merged.values();
    // Two copies are better than a broken one.
    let may_remove =
        is_superfluous && merged.all(|merged| store::check(dir, &merged.file.file).is_ok());
    for file in unnamed {
        match file.kind {
            Kind::Unfinished { .. } | Kind::Temporary => move_aside(dir, &file.path)?,
            Kind::Merged if may_remove => remove(&dir.join(&file.path))?,
            Kind::Merged | Kind::Foreign => {}
        }
    }
    Ok(())
}

/// Removes a file whose content is safe elsewhere; it may be gone already.
pub(super) fn remove(path: &Path) -> Result<(), TraceError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(TraceError::write(path, error))
        }
        _ => Ok(()),
    }
}

/// Moves a file of the run to `leftovers/`, under a name that is free there.
pub(super) fn move_aside(dir: &Path, path: &str) -> Result<(), TraceError> {
    let target = free_path(dir, &path.replace('/', "-"))?;
    let from = dir.join(path);
    fs::rename(&from, target).map_err(|error| TraceError::write(&from, error))
}

/// Copies what stands in a file of the run from byte `from` on to `leftovers/`, if there is anything.
pub(super) fn keep_tail(dir: &Path, path: &Path, from: u64) -> Result<(), TraceError> {
    let tail = || -> io::Result<Vec<u8>> {
        let mut file = files::open_itself(path)?;
        let length = file.metadata()?.len().saturating_sub(from);
        files::read_end(&mut file, length)
    };
    let tail = tail().map_err(|error| TraceError::read(path, error))?;
    if tail.is_empty() {
        return Ok(());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let target = free_path(dir, &format!("{name}.tail"))?;
    files::write(&target, &tail).map_err(|error| TraceError::write(&target, error))
}

fn free_path(dir: &Path, name: &str) -> Result<PathBuf, TraceError> {
    let folder = dir.join(LEFTOVERS_FOLDER);
    fs::create_dir_all(&folder).map_err(|error| TraceError::write(&folder, error))?;
    let numbered = (2..).map(|number| format!("{name}.{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    let free = names.find(|name| fs::symlink_metadata(folder.join(name)).is_err());
    Ok(folder.join(free.unwrap_or_else(|| name.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_the_format_are_taken_for_files_of_a_run() {
        for (ours, step) in [
            ("00000600.parquet", 600),
            ("00000600.pause.safetensors", 600),
            ("00000000-00125000.parquet", 125_000),
            ("00000000-00125000.2.parquet", 125_000),
            ("123456789.parquet", 123_456_789),
        ] {
            assert_eq!(step_in(ours), Some(step), "{ours}");
        }
        for other in [
            "notes.txt",
            "600.parquet",
            "my.parquet",
            "00000600",
            "00000600.csv",
            "x.tmp",
            "00000000-00000001-00000002.parquet",
        ] {
            assert_eq!(step_in(other), None, "{other}");
        }
    }
}
