//! `creode analyze FOLDER --follow`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, bail};
use creode::curriculum::DEFAULT_BASIN_STARTS;
use creode::lab::LabError;
use creode::lab::followed::{Follower, Standing};
use creode::lab::origin::Followed;
use creode::trace::rows::LandscapeRow;
use creode::trace::{TraceError, check_name};

use super::{AnalyzeArgs, options};
use crate::arguments::{INTERRUPTED, TracesFolder};
use crate::say::say;
use crate::signals::{ALL, stop_on_signals};

/// Pause between two looks at the folder.
const POLL: Duration = Duration::from_millis(200);

/// Takes every file of weights in a folder, and every one that appears, into a run.
pub(super) fn follow(args: &AnalyzeArgs, place: &TracesFolder) -> anyhow::Result<u8> {
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
    check_name(&name)?;
    let followed = Followed {
        folder: folder.clone(),
        input: args.input.clone(),
        starts: args.n_inits.unwrap_or(512),
        basin_starts: DEFAULT_BASIN_STARTS,
        noise: args.noise_scale.unwrap_or(0.5),
        seed: args.seed,
        options: options(args),
    };
    let mut following = Following::begin(&name, followed, place)?;
    let stop = stop_on_signals(&ALL, || {
        "waiting for the analysis of the file that was taken last, which is kept".to_owned()
    })?;
    say!(
        "{name}: following {}; `creode watch {name}` shows it, Ctrl-C ends this",
        folder.display()
    );
    let mut last_news = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        if following.look()? {
            last_news = Instant::now();
        }
        let idle = last_news.elapsed().as_secs_f64();
        if args.idle.is_some_and(|most| idle > most) {
            following.end()?;
            return Ok(0);
        }
        std::thread::sleep(POLL);
    }
    say!(
        "ended; the landscape of the last file waits for the next one; `creode analyze FOLDER --follow --run {}` goes on, and with \
         `--idle SECS` completes it",
        following.name
    );
    Ok(INTERRUPTED)
}

/// What is known of a file.
struct Seen {
    size: u64,
    modified: Option<SystemTime>,
    is_done: bool,
}

/// A folder that is followed, and the run that its files go into.
struct Following<'a> {
    /// Name of the run.
    name: String,
    /// The name that was asked for; later trainings in the same folder get numbers.
    first_name: String,
    followed: Followed,
    place: &'a TracesFolder,
    follower: Follower,
    seen: BTreeMap<PathBuf, Seen>,
    /// Files that were written before belong to an earlier training.
    since: Option<SystemTime>,
}

impl<'a> Following<'a> {
    fn begin(name: &str, followed: Followed, place: &'a TracesFolder) -> anyhow::Result<Self> {
        let follower = Follower::begin(&place.traces.join(name), followed.clone())?;
        follower
            .notes()
            .iter()
            .for_each(|note| say!("note: {note}"));
        Ok(Self {
            name: name.to_owned(),
            first_name: name.to_owned(),
            followed,
            place,
            follower,
            seen: BTreeMap::new(),
            since: None,
        })
    }

    /// Nothing new has come for as long as was asked for.
    fn end(&mut self) -> anyhow::Result<()> {
        let rows = self.follower.finish()?;
        self.tell(&rows);
        if self.follower.last_step().is_none() {
            say!(
                "{}: nothing was taken: no file of weights in {} has a number in its name",
                self.name,
                self.followed.folder.display()
            );
        }
        if let Err(error) = self.follower.compact() {
            say!(
                "{}: note: the files of the run were not merged: {error}",
                self.name
            );
        }
        Ok(())
    }

    /// Looks at the folder once, and takes what is new and whole, by rising step; whether there was anything.
    fn look(&mut self) -> anyhow::Result<bool> {
        let mut ready: Vec<(u64, PathBuf)> = Vec::new();
        let mut is_growing = false;
        let folder = self.followed.folder.clone();
        let entries = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        for entry in entries {
            let path = entry?.path();
            let extension = path.extension().and_then(|extension| extension.to_str());
            if !matches!(extension, Some("safetensors" | "npz")) {
                continue;
            }
            // A symbolic link is looked through; what is no regular file has neither size nor end.
            let Ok(about) = path.metadata() else { continue };
            let now = Seen {
                size: about.len(),
                modified: about.modified().ok(),
                is_done: false,
            };
            match self.seen.get(&path) {
                // As it was at the last look: nobody is writing to it any more.
                Some(before) if before.size == now.size && before.modified == now.modified => {
                    if before.is_done {
                        continue;
                    }
                    match self.reason_to_leave_out(&path, &about) {
                        Err(reason) => {
                            self.leave_out(&path, &reason)?;
                            self.set_done(&path);
                        }
                        Ok(step) => ready.push((step, path)),
                    }
                }
                _ => {
                    is_growing = true;
                    self.seen.insert(path, now);
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
            let name = self.name.clone();
            self.set_done(&path);
            self.take(&path, step)?;
            if self.name != name {
                // What is left may be of the training before.
                break;
            }
        }
        Ok(had_news)
    }

    fn set_done(&mut self, path: &Path) {
        if let Some(seen) = self.seen.get_mut(path) {
            seen.is_done = true;
        }
    }

    /// The training step of a file, or why it is not taken whatever is in it.
    fn reason_to_leave_out(&self, path: &Path, about: &std::fs::Metadata) -> Result<u64, String> {
        if !about.is_file() {
            return Err("it is no regular file".to_owned());
        }
        let is_within = |target: PathBuf| target.parent() == Some(&self.followed.folder);
        if !path.canonicalize().is_ok_and(is_within) {
            return Err("it is a symbolic link to somewhere else".to_owned());
        }
        if self
            .since
            .is_some_and(|since| about.modified().is_ok_and(|at| at < since))
        {
            return Err("it is of the training before".to_owned());
        }
        step_of(path).ok_or_else(|| {
            "there is no number in its name that could be its training step".to_owned()
        })
    }

    /// Says that a file is not taken, on stderr and in the log of the run.
    fn leave_out(&self, path: &Path, reason: &str) -> anyhow::Result<()> {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let text = format!("left out: {file}: {reason}");
        self.follower.log(&text)?;
        say!("{}: {text}", self.name);
        Ok(())
    }

    /// Takes a file, or says why not.
    fn take(&mut self, path: &Path, step: u64) -> anyhow::Result<()> {
        let standing = match self.follower.standing(path, step) {
            Err(error @ LabError::Followed { .. }) => {
                return self.leave_out(path, &error.to_string());
            }
            standing => standing?,
        };
        match standing {
            Standing::New => {}
            Standing::Taken => return Ok(()),
            Standing::Late { last } => {
                let reason = format!(
                    "it is of step {step}, older than step {last}, which was the last taken"
                );
                return self.leave_out(path, &reason);
            }
            Standing::SameStep { taken } => {
                let reason = format!("it is of step {step}, like {taken}, which was taken");
                return self.leave_out(path, &reason);
            }
            Standing::Changed => {
                let is_known = self.begin_anew(path, step)?;
                if is_known {
                    return Ok(());
                }
            }
        }
        match self.follower.take(path, step) {
            Ok(rows) => {
                self.tell(&rows);
                Ok(())
            }
            Err(error @ LabError::Trace(_)) => Err(error.into()),
            Err(error) => self.leave_out(path, &error.to_string()),
        }
    }

    /// Tells of a landscape that is complete.
    fn tell(&self, rows: &[LandscapeRow]) {
        for row in rows {
            say!(
                "{}: checkpoint {} at step {}: {} fixed points, {} stable, index sum {:+}",
                self.name,
                row.checkpoint,
                row.step,
                row.n_fixed,
                row.n_stable,
                row.index_sum
            );
        }
    }

    /// A file that was taken is another one now: somebody trains anew into the same folder. That is another run, with a
    /// number behind its name. Whether that run has the file already.
    fn begin_anew(&mut self, path: &Path, step: u64) -> anyhow::Result<bool> {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let text = format!("{file} has changed since it was taken: training has begun anew");
        self.follower.log(&text)?;
        self.since = path.metadata().and_then(|about| about.modified()).ok();
        for number in 2.. {
            let name = format!("{}-{number}", self.first_name);
            let dir = self.place.traces.join(&name);
            let mut follower = match Follower::begin(&dir, self.followed.clone()) {
                Ok(follower) => follower,
                // A run of that name was begun otherwise.
                Err(
                    LabError::Followed { .. } | LabError::Trace(TraceError::AlreadyARun { .. }),
                ) => {
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let standing = follower.standing(path, step)?;
            // What is later there belongs to another training.
            if matches!(
                standing,
                Standing::Changed | Standing::SameStep { .. } | Standing::Late { .. }
            ) {
                continue;
            }
            say!(
                "{}: {text}; what comes now goes into the run {name}",
                self.name
            );
            let rows = self.follower.finish()?;
            self.tell(&rows);
            self.follower = follower;
            self.name = name;
            // What lies there from the training before is looked at again, and left out of the new run.
            for seen in self.seen.values_mut() {
                seen.is_done = seen.modified < self.since;
            }
            self.set_done(path);
            return Ok(matches!(standing, Standing::Taken));
        }
        Ok(false)
    }
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
