//! Where losses lie beside checkpoints.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{EVENT_FILE, Metrics, Told};

/// Names in use, best first.
const NAMES: [&str; 9] = [
    "metrics.csv",
    "metrics.jsonl",
    "log.jsonl",
    "metrics.json",
    "progress.csv",
    "log.csv",
    "history.csv",
    "training.csv",
    TRAINER_STATE,
];

/// What Hugging Face's trainer writes into every checkpoint.
const TRAINER_STATE: &str = "trainer_state.json";

/// Files of any other name that are looked into.
const MOST_OTHERS: usize = 8;

/// The source of losses that lies beside checkpoints, with what it tells so far: the first that tells anything of
///
/// 1. files of the usual names in the folder, then any other CSV file and JSON lines there, then TensorBoard's event files;
/// 2. `trainer_state.json` in the newest of its subfolders;
/// 3. the usual names and event files in `lightning_logs/version_*/` of the folder (the highest version), in the folder above,
///    and in `lightning_logs/version_*/` there.
pub fn find(folder: &Path, in_epochs: bool) -> Option<(Metrics, Vec<Told>)> {
    let mut candidates = usual(folder);
    candidates.extend(others(folder));
    candidates.extend(event_file(folder));
    candidates.extend(newest_state(folder));
    candidates.extend(lightning(folder));
    if let Some(above) = folder.parent() {
        candidates.extend(usual(above));
        candidates.extend(event_file(above));
        candidates.extend(lightning(above));
    }
    candidates.into_iter().find_map(|path| {
        let mut metrics = Metrics::open(&path, in_epochs).ok()?;
        let told = metrics.read().ok()?;
        let is_it = told.iter().any(Told::tells_something);
        is_it.then_some((metrics, told))
    })
}

fn usual(folder: &Path) -> Vec<PathBuf> {
    NAMES.iter().map(|name| folder.join(name)).collect()
}

/// The paths in a folder, sorted.
fn paths(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn others(folder: &Path) -> Vec<PathBuf> {
    let is_other = |path: &PathBuf| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        matches!(extension, Some("csv" | "tsv" | "jsonl" | "ndjson"))
    };
    let all = paths(folder).into_iter();
    all.filter(is_other).take(MOST_OTHERS).collect()
}

fn event_file(folder: &Path) -> Option<PathBuf> {
    let mut all = paths(folder).into_iter();
    all.find(|path| name(path).starts_with(EVENT_FILE))
}

/// The `trainer_state.json` that was written last in the subfolders of a folder.
pub(super) fn newest_state(folder: &Path) -> Option<PathBuf> {
    let states = paths(folder).into_iter().map(|of| of.join(TRAINER_STATE));
    let written = |path: &PathBuf| -> Option<SystemTime> { path.metadata().ok()?.modified().ok() };
    let dated = states.filter_map(|path| Some((written(&path)?, path)));
    dated.max().map(|(_, path)| path)
}

fn lightning(folder: &Path) -> Vec<PathBuf> {
    let versions = paths(&folder.join("lightning_logs"));
    let number =
        |path: &PathBuf| -> Option<u64> { name(path).strip_prefix("version_")?.parse().ok() };
    let newest = versions
        .into_iter()
        .filter_map(|path| Some((number(&path)?, path)));
    let Some((_, newest)) = newest.max() else {
        return Vec::new();
    };
    let mut candidates = usual(&newest);
    candidates.extend(event_file(&newest));
    candidates
}
