//! The files of weights in a folder.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use creode::foreign::steps::Named;

/// Endings of files of weights, whatever their case.
const ENDINGS: [&str; 6] = ["safetensors", "npz", "pt", "pth", "ckpt", "bin"];

/// Beginnings of the names of what training programs keep beside a network.
const BESIDE: [&str; 6] = [
    "optimizer",
    "optim",
    "scheduler",
    "rng_state",
    "training_args",
    "scaler",
];

/// A file of weights.
#[derive(Debug, Clone)]
pub(super) struct Weights {
    pub(super) path: PathBuf,
    /// Its path within the folder, with `/` between its parts.
    pub(super) name: String,
    pub(super) about: Metadata,
}

impl Weights {
    pub(super) fn modified(&self) -> Option<SystemTime> {
        self.about.modified().ok()
    }

    pub(super) fn named(&self) -> Named {
        Named {
            name: self.name.clone(),
            modified: self.modified(),
        }
    }

    /// Why it is not taken whatever is in it and whatever it is called.
    pub(super) fn reason_to_leave_out(&self, folder: &Path) -> Result<(), String> {
        if !self.about.is_file() {
            return Err("it is no regular file".to_owned());
        }
        let is_within = |target: PathBuf| target.starts_with(folder);
        if !self.path.canonicalize().is_ok_and(is_within) {
            return Err("it is a symbolic link to somewhere else".to_owned());
        }
        let file = self.name.rsplit('/').next().unwrap_or_default();
        let file = file.to_lowercase();
        match BESIDE.iter().find(|word| file.starts_with(**word)) {
            Some(word) => Err(format!("by its name it holds no network ({word})")),
            None => Ok(()),
        }
    }
}

/// The files of weights in a folder and in those of its subfolders that have a number in their names, by name.
pub(super) fn weights(folder: &Path) -> std::io::Result<Vec<Weights>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        // A symbolic link is looked through.
        let Ok(about) = path.metadata() else { continue };
        let name = name_of(&path);
        if about.is_dir() {
            let is_numbered = name.contains(|c: char| c.is_ascii_digit());
            // It may be gone again, as checkpoints are of which only the last few are kept.
            if is_numbered && let Ok(entries) = std::fs::read_dir(&path) {
                for entry in entries.flatten() {
                    let path = entry.path();
                    let within = format!("{name}/{}", name_of(&path));
                    let about = path.metadata();
                    found.extend(about.ok().and_then(|about| of_weights(path, within, about)));
                }
            }
        } else {
            found.extend(of_weights(path, name, about));
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn of_weights(path: PathBuf, name: String, about: Metadata) -> Option<Weights> {
    let ending = path.extension()?.to_str()?.to_lowercase();
    let is_of_weights = ENDINGS.contains(&ending.as_str()) && !about.is_dir();
    is_of_weights.then_some(Weights { path, name, about })
}

/// Files that are left out, by the reason why.
#[derive(Debug, Default)]
pub(super) struct LeftOut(BTreeMap<String, Vec<String>>);

impl LeftOut {
    pub(super) fn add(&mut self, name: &str, reason: String) {
        self.0.entry(reason).or_default().push(name.to_owned());
    }

    /// A line for each file; for each reason where many have the same.
    pub(super) fn lines(&self) -> Vec<String> {
        const SHOWN: usize = 3;
        let mut lines = Vec::new();
        for (reason, names) in &self.0 {
            match names.len().checked_sub(SHOWN) {
                None | Some(0) => {
                    lines.extend(
                        names
                            .iter()
                            .map(|name| format!("left out: {name}: {reason}")),
                    );
                }
                Some(more) => lines.push(format!(
                    "left out: {} and {more} more: {reason}",
                    names[..SHOWN].join(", ")
                )),
            }
        }
        lines
    }
}
