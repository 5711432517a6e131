//! What the lines of a manifest say together, arranged for look-up, and held against each other: a line that contradicts
//! another, or the names of its own files, is an error that names it.
//!
//! Among the checks: numbers and steps of checkpoints rise, the two lines of a checkpoint are of one step, the
//! names of files are those of that step, and no file is named twice.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use super::error::TraceError;
use super::manifest::{Ending, FileRecord, ManifestEvent, MergedFile, Session, StepsSource};
use super::names::{CHECKPOINTS_FOLDER, MANIFEST_FILE, MARKS_FILE, RUN_FILE, is_derived};
use super::owner::Owner;
use super::schema::Table;
use super::store::check_path;
use super::table::Part;

/// One checkpoint of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Number of the checkpoint, counted from 0.
    pub checkpoint: u32,
    /// Its training step.
    pub step: u64,
    /// Whether its landscape is there too; weights and trials always are.
    pub complete: bool,
}

/// What a clean stop after the last checkpoint left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Training step it stopped after.
    pub step: u64,
    pub(in crate::trace) weights: FileRecord,
}

/// What a manifest says.
#[derive(Debug, Clone, Default)]
pub(super) struct Contents {
    events_taken: usize,
    pub(super) entries: Vec<Entry>,
    /// The files of each checkpoint.
    files: BTreeMap<u32, Vec<FileRecord>>,
    pub(super) step_files: Vec<(FileRecord, Owner)>,
    /// The last training step that another program told of, and what tells of them.
    pub(super) told: Option<(u64, StepsSource)>,
    pub(super) pause: Option<Pause>,
    pub(super) ending: Option<Ending>,
    pub(super) run_file: Option<FileRecord>,
    pub(super) sessions: Vec<Session>,
    /// Files that are replaced as wholes, as they were last: derived tables and marks.
    pub(super) replaced: Vec<FileRecord>,
    /// All files of tables and weights that lines name, in order.
    named: Vec<(FileRecord, Owner)>,
    paths: HashSet<String>,
    /// Of each checkpoint, whichever of its two lines came first.
    steps: BTreeMap<u32, u64>,
    pub(super) merged: BTreeMap<Table, Merged>,
    /// Merged files that others have taken the place of.
    superseded: BTreeSet<String>,
}

/// A table whose files were merged into one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Merged {
    pub(super) file: MergedFile,
    /// Where the rows of each file are; a file without rows is nowhere.
    parts: HashMap<String, Option<Part>>,
}

impl Merged {
    /// Where in the merged file a row group lies: its first byte and their number.
    pub(super) fn stretch(&self, group: usize) -> (u64, u64) {
        let before = self.file.groups[..group].iter().map(|group| group.bytes);
        (before.sum(), self.file.groups[group].bytes)
    }

    /// The same of what follows the last row group.
    pub(super) fn footer_stretch(&self) -> (u64, u64) {
        let groups: u64 = self.file.groups.iter().map(|group| group.bytes).sum();
        (groups, self.file.file.bytes - groups)
    }
}

/// Where the rows of a table file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whereabouts<'a> {
    /// In the file itself.
    Alone,
    /// Among others, in a merged file.
    Within(&'a Merged, Part),
    /// There are none.
    Nowhere,
}

impl Contents {
    /// Takes the events that came since; `dir` is named in errors.
    pub(super) fn take(&mut self, dir: &Path, events: &[ManifestEvent]) -> Result<(), TraceError> {
        for (place, event) in events.iter().enumerate().skip(self.events_taken) {
            self.take_event(event).map_err(|reason| {
                TraceError::manifest(&dir.join(MANIFEST_FILE), place + 1, reason)
            })?;
            self.events_taken = place + 1;
        }
        let files = &self.files;
        for entry in &mut self.entries {
            let has_landscape = |files: &Vec<FileRecord>| {
                let mut folders = files.iter().map(FileRecord::folder);
                folders.any(|folder| folder == Table::Landscapes.name())
            };
            entry.complete = files.get(&entry.checkpoint).is_some_and(has_landscape);
        }
        Ok(())
    }

    fn take_event(&mut self, event: &ManifestEvent) -> Result<(), String> {
        for file in event.files() {
            check_path(&file.path)?;
        }
        match event {
            ManifestEvent::Run { files } => {
                if let Some(file) = files.iter().find(|file| file.path != RUN_FILE) {
                    return Err(format!("{:?} is not {RUN_FILE}", file.path));
                }
                self.run_file = files.first().cloned();
            }
            ManifestEvent::Checkpoint {
                checkpoint,
                step,
                files,
            } => self.take_checkpoint(*checkpoint, *step, files)?,
            ManifestEvent::Landscape {
                checkpoint,
                step,
                files,
            } => self.take_landscape(*checkpoint, *step, files)?,
            ManifestEvent::Pause { step, files } => {
                let owner = Owner {
                    checkpoint: None,
                    step: *step,
                };
                let last = self.entries.last().map_or(0, |entry| entry.step);
                if *step < last {
                    return Err(format!(
                        "training stopped at step {step}, before its last checkpoint at step {last}"
                    ));
                }
                self.take_files(owner, files)?;
                let mut weights = files.iter().filter(|file| is_weights(file));
                self.pause = weights.next().cloned().map(|weights| Pause {
                    step: *step,
                    weights,
                });
                self.ending = None;
            }
            ManifestEvent::Steps {
                step,
                source,
                files,
            } => self.take_told(*step, source, files)?,
            ManifestEvent::Session(session) => self.sessions.push(session.clone()),
            ManifestEvent::Ending(ending) => {
                let last = self.entries.last().map_or(0, |entry| entry.step);
                if ending.step < last {
                    return Err(format!(
                        "the run ends at step {}, before its last checkpoint at step {last}",
                        ending.step
                    ));
                }
                self.ending = Some(ending.clone());
            }
            ManifestEvent::Derived { files } | ManifestEvent::Marks { files } => {
                let is_known =
                    |file: &&FileRecord| is_derived(&file.path) || file.path == MARKS_FILE;
                if let Some(file) = files.iter().find(|file| !is_known(file)) {
                    return Err(format!("{:?} is no file that is replaced", file.path));
                }
                let is_new = |old: &FileRecord| files.iter().any(|file| file.path == old.path);
                self.replaced.retain(|old| !is_new(old));
                self.replaced.extend(files.iter().cloned());
            }
            ManifestEvent::Compaction { merged } => {
                for file in merged {
                    self.take_merged(file)?;
                }
            }
            ManifestEvent::Log => {}
        }
        Ok(())
    }

    fn take_checkpoint(
        &mut self,
        checkpoint: u32,
        step: u64,
        files: &[FileRecord],
    ) -> Result<(), String> {
        if let Some(last) = self.entries.last()
            && (checkpoint <= last.checkpoint || step <= last.step)
        {
            return Err(format!(
                "checkpoint {checkpoint} at step {step} comes after checkpoint {} at step {}",
                last.checkpoint, last.step
            ));
        }
        let owner = Owner {
            checkpoint: Some(checkpoint),
            step,
        };
        self.check_step(checkpoint, step)?;
        self.take_files(owner, files)?;
        self.entries.push(Entry {
            checkpoint,
            step,
            complete: false,
        });
        self.pause = None;
        self.ending = None;
        Ok(())
    }

    fn take_told(
        &mut self,
        step: u64,
        source: &StepsSource,
        files: &[FileRecord],
    ) -> Result<(), String> {
        if let Some((last, _)) = self.told
            && step <= last
        {
            return Err(format!(
                "its training steps end at {step}, those told before at {last}"
            ));
        }
        let owner = Owner {
            checkpoint: None,
            step,
        };
        self.take_files(owner, files)?;
        self.told = Some((step, source.clone()));
        Ok(())
    }

    fn take_landscape(
        &mut self,
        checkpoint: u32,
        step: u64,
        files: &[FileRecord],
    ) -> Result<(), String> {
        let owner = Owner {
            checkpoint: Some(checkpoint),
            step,
        };
        self.check_step(checkpoint, step)?;
        let is_landscape = |file: &FileRecord| file.folder() == Table::Landscapes.name();
        if self.files_at(checkpoint).iter().any(is_landscape) {
            return Err(format!(
                "the landscape of checkpoint {checkpoint} is named a second time"
            ));
        }
        self.take_files(owner, files)
    }

    /// The two lines of a checkpoint must be of one step; either may come first.
    fn check_step(&mut self, checkpoint: u32, step: u64) -> Result<(), String> {
        let known = *self.steps.entry(checkpoint).or_insert(step);
        if known == step {
            return Ok(());
        }
        Err(format!(
            "checkpoint {checkpoint} is of step {step} here and of step {known} in another line"
        ))
    }

    fn take_files(&mut self, owner: Owner, files: &[FileRecord]) -> Result<(), String> {
        for file in files {
            let name = file.path.split_once('/').map_or("", |(_, name)| name);
            let named_step: Option<u64> = name.split('.').next().and_then(|step| step.parse().ok());
            if named_step != Some(owner.step) {
                return Err(format!(
                    "the line is of step {}, and its file is {:?}",
                    owner.step, file.path
                ));
            }
            if !self.paths.insert(file.path.clone()) {
                return Err(format!("{:?} is named a second time", file.path));
            }
            self.named.push((file.clone(), owner));
            if file.folder() == Table::Steps.name() {
                self.step_files.push((file.clone(), owner));
            }
        }
        if let Some(checkpoint) = owner.checkpoint {
            let known = self.files.entry(checkpoint).or_default();
            known.extend(files.iter().cloned());
        }
        Ok(())
    }

    fn take_merged(&mut self, merged: &MergedFile) -> Result<(), String> {
        let path = &merged.file.path;
        check_path(path)?;
        let table = Table::from_name(merged.file.folder())
            .ok_or_else(|| format!("{path:?} is in the folder of no table"))?;
        let of_groups = |number: fn(&super::manifest::RowGroup) -> u64| {
            let mut numbers = merged.groups.iter().map(number);
            numbers.try_fold(0, u64::checked_add)
        };
        let sum: Option<u64> = self
            .files_of(table)
            .map(|(file, _)| file.rows.unwrap_or(0))
            .try_fold(0, u64::checked_add);
        let rows = of_groups(|group| group.rows);
        if rows.is_none() || rows != merged.file.rows || rows != sum {
            return Err(format!(
                "{path:?} has not the rows of the files that were merged into it"
            ));
        }
        if of_groups(|group| group.bytes).is_none_or(|bytes| bytes >= merged.file.bytes) {
            return Err(format!("{path:?} is shorter than its row groups"));
        }
        let parts = parts(self.files_of(table), merged)?;
        let file = merged.clone();
        if let Some(before) = self.merged.insert(table, Merged { file, parts }) {
            self.superseded.insert(before.file.file.path);
        }
        Ok(())
    }

    /// The checkpoint of a number.
    pub(super) fn entry(&self, checkpoint: u32) -> Option<&Entry> {
        let entries = &self.entries;
        let at = entries.binary_search_by_key(&checkpoint, |entry| entry.checkpoint);
        at.ok().map(|at| &entries[at])
    }

    /// The files of a checkpoint.
    pub(super) fn files_at(&self, checkpoint: u32) -> &[FileRecord] {
        self.files.get(&checkpoint).map_or(&[], Vec::as_slice)
    }

    /// All files of tables and weights that lines name, in order.
    pub(super) fn named(&self) -> &[(FileRecord, Owner)] {
        &self.named
    }

    /// Whether a line names a file, be it a table, weights, derived or merged.
    pub(super) fn names(&self, path: &str) -> bool {
        let mut merged = self.merged.values().map(|merged| &merged.file.file.path);
        self.paths.contains(path)
            || path == RUN_FILE
            || self.replaced.iter().any(|file| file.path == path)
            || merged.any(|of| of == path)
    }

    /// Whether a line named the file, be it a merged one, and its rows have been merged with others since.
    pub(super) fn is_merged(&self, path: &str) -> bool {
        let folder = path.split('/').next().unwrap_or_default();
        let table = Table::from_name(folder).and_then(|table| self.merged.get(&table));
        table.is_some_and(|merged| merged.parts.contains_key(path))
            || self.superseded.contains(path)
    }

    /// The files of a table by step; two of one step in the order of their lines.
    pub(super) fn files_of(&self, table: Table) -> impl Iterator<Item = &(FileRecord, Owner)> {
        let named = self.named.iter();
        let mut files: Vec<_> = named
            .filter(|(file, _)| file.folder() == table.name())
            .collect();
        files.sort_by_key(|(_, owner)| owner.step);
        files.into_iter()
    }

    /// Where the rows of a table file are now.
    pub(super) fn whereabouts(&self, file: &FileRecord) -> Whereabouts<'_> {
        let merged = Table::from_name(file.folder()).and_then(|table| self.merged.get(&table));
        match merged.and_then(|merged| Some((merged, merged.parts.get(&file.path)?))) {
            Some((merged, Some(part))) => Whereabouts::Within(merged, *part),
            Some((_, None)) => Whereabouts::Nowhere,
            None => Whereabouts::Alone,
        }
    }
}

/// Where the rows of the files that were merged are: each file whole within a row group.
fn parts<'a>(
    files: impl Iterator<Item = &'a (FileRecord, Owner)>,
    merged: &MergedFile,
) -> Result<HashMap<String, Option<Part>>, String> {
    let mut parts = HashMap::new();
    let (mut group, mut first_row) = (0, 0);
    for (file, _) in files {
        let rows = file.rows.unwrap_or(0);
        if rows == 0 {
            parts.insert(file.path.clone(), None);
            continue;
        }
        let there = |group: usize| merged.groups.get(group).map_or(0, |group| group.rows);
        if first_row == there(group) {
            (group, first_row) = (group + 1, 0);
        }
        if first_row + rows > there(group) {
            return Err(format!(
                "the row groups of {:?} do not hold whole files",
                merged.file.path
            ));
        }
        let part = Part {
            group,
            first_row,
            rows,
        };
        parts.insert(file.path.clone(), Some(part));
        first_row += rows;
    }
    Ok(parts)
}

pub(super) fn is_weights(file: &FileRecord) -> bool {
    file.folder() == CHECKPOINTS_FOLDER
}
