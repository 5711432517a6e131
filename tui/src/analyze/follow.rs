//! `creode analyze FOLDER --follow`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, bail};
use creode::lab::followed::{Followed, Follower};

use super::{AnalyzeArgs, options};
use crate::cli::{INTERRUPTED, Place};
use crate::train::stop_on_signals;

/// Pause between two looks at the folder.
const POLL: Duration = Duration::from_millis(200);

/// Takes every file of weights in a folder, and every one that appears, into a run.
pub(super) fn follow(args: &AnalyzeArgs, place: &Place) -> anyhow::Result<u8> {
    let folder = Path::new(&args.subject);
    if !folder.is_dir() {
        bail!(
            "{} is no folder; --follow wants the one that checkpoints are written into",
            folder.display()
        );
    }
    let folder = folder
        .canonicalize()
        .with_context(|| folder.display().to_string())?;
    let own_name = folder
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let name = args
        .run
        .clone()
        .or(own_name)
        .context("name the run with --run NAME")?;
    let followed = Followed {
        folder: folder.clone(),
        input: args.input.clone(),
        starts: args.n_inits.unwrap_or(512),
        noise: args.noise_scale.unwrap_or(0.5),
        seed: args.seed,
        options: options(args),
    };
    let mut follower = Follower::begin(&place.traces.join(&name), followed)?;
    let stop = stop_on_signals()?;
    eprintln!(
        "{name}: following {}; `creode watch {name}` shows it, Ctrl-C ends this",
        folder.display()
    );
    let mut seen: BTreeMap<PathBuf, Seen> = BTreeMap::new();
    let mut last_news = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        if look(&folder, &mut seen, &mut follower, &name)? {
            last_news = Instant::now();
        }
        let idle = last_news.elapsed().as_secs_f64();
        if args.idle.is_some_and(|most| idle > most) {
            return Ok(0);
        }
        std::thread::sleep(POLL);
    }
    Ok(INTERRUPTED)
}

/// What is known of a file.
struct Seen {
    size: u64,
    modified: Option<SystemTime>,
    is_done: bool,
}

/// Looks at the folder once, and takes what is new and whole, by rising step; whether there was anything.
fn look(
    folder: &Path,
    seen: &mut BTreeMap<PathBuf, Seen>,
    follower: &mut Follower,
    name: &str,
) -> anyhow::Result<bool> {
    let mut ready: Vec<(u64, PathBuf)> = Vec::new();
    let mut is_growing = false;
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        let Some(step) =
            step_of(&path).filter(|_| matches!(extension, Some("safetensors" | "npz")))
        else {
            continue;
        };
        let Ok(about) = path.metadata() else { continue };
        let now = Seen {
            size: about.len(),
            modified: about.modified().ok(),
            is_done: false,
        };
        match seen.get(&path) {
            // As it was at the last look: nobody is writing to it any more.
            Some(before) if before.size == now.size && before.modified == now.modified => {
                if !before.is_done {
                    ready.push((step, path));
                }
            }
            _ => {
                is_growing = true;
                seen.insert(path, now);
            }
        }
    }
    // A file that still grows may have a lower number than one that is whole.
    if is_growing {
        return Ok(true);
    }
    ready.sort();
    let had_news = !ready.is_empty();
    for (step, path) in ready {
        if let Some(seen) = seen.get_mut(&path) {
            seen.is_done = true;
        }
        if follower.last_step().is_some_and(|last| step <= last) {
            continue;
        }
        match follower.take(&path, step) {
            Ok(rows) => {
                for row in rows {
                    eprintln!(
                        "{name}: checkpoint {} at step {step}: {} fixed points, {} stable, index sum {:+}",
                        row.checkpoint, row.n_fixed, row.n_stable, row.index_sum
                    );
                }
            }
            Err(error @ creode::lab::LabError::Trace(_)) => return Err(error.into()),
            Err(error) => {
                follower.log(&error.to_string())?;
                eprintln!("{name}: left out: {error}");
            }
        }
    }
    Ok(had_news)
}

/// The last number in a file's name: the training step.
fn step_of(path: &Path) -> Option<u64> {
    let stem = path.file_stem()?.to_str()?;
    let mut numbers = stem
        .rsplit(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty());
    numbers.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_is_the_last_number_of_a_name() {
        let step = |name: &str| step_of(Path::new(name));
        assert_eq!(step("out/model_000120.safetensors"), Some(120));
        assert_eq!(step("epoch3-step450.npz"), Some(450));
        assert_eq!(step("weights.safetensors"), None);
    }
}
