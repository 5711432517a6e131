//! `creode analyze FOLDER --follow`.

mod folder;
mod losses;
mod reading;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, bail};
use creode::curriculum::DEFAULT_BASIN_STARTS;
use creode::foreign::Account;
use creode::foreign::steps::StepReading;
use creode::lab::LabError;
use creode::lab::followed::{Follower, Standing, Trials};
use creode::lab::origin::{Condition, Followed, TrialsFile};
use creode::text::shown;
use creode::trace::rows::LandscapeRow;
use creode::trace::{TraceError, check_name, file_digest};

use self::folder::{Weights, weights};
use self::losses::Losses;
use super::AnalyzeArgs;
use crate::arguments::{ERROR, INTERRUPTED, TracesFolder};
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
    let trials = trials(args)?;
    let conditions = match &trials {
        Some(trials) if args.input.is_none() => conditions(&name, trials),
        _ => Vec::new(),
    };
    let followed = Followed {
        folder: folder.clone(),
        step_pattern: args.step_pattern.clone(),
        metrics: args
            .metrics
            .as_deref()
            .map(std::path::absolute)
            .transpose()?,
        trials: args.trials.as_deref().map(trials_file).transpose()?,
        input: args.input.clone(),
        conditions,
        starts: args.n_inits.unwrap_or(512),
        basin_starts: DEFAULT_BASIN_STARTS,
        noise: args.noise_scale.unwrap_or(0.5),
        seed: args.seed,
        options: args.network.options(),
    };
    let mut following = Following::begin(&name, followed, trials, place)?;
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
            return following.end();
        }
        std::thread::sleep(POLL);
    }
    following.stop()?;
    say!(
        "ended; the landscape of the last file waits for the next one; `creode analyze FOLDER --follow --run {}` goes on, and with \
         `--idle SECS` completes it",
        following.name
    );
    Ok(INTERRUPTED)
}

/// The trials that are given.
fn trials(args: &AnalyzeArgs) -> anyhow::Result<Option<Trials>> {
    let read = args.trials.as_deref().map(Trials::read);
    Ok(read.transpose()?)
}

fn trials_file(path: &Path) -> anyhow::Result<TrialsFile> {
    Ok(TrialsFile {
        path: std::path::absolute(path)?,
        sha256: file_digest(path)?,
    })
}

/// The constant inputs that trials tell of; says which.
fn conditions(name: &str, trials: &Trials) -> Vec<Condition> {
    let (probes, text) = trials.conditions();
    say!("{name}: trials: {text}");
    let probes = probes.into_iter();
    probes
        .map(|probe| Condition {
            name: probe.name,
            input: probe.input,
        })
        .collect()
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
    /// What the files were last said to be taken for.
    account: Option<Account>,
    trials: Option<Trials>,
    losses: Losses,
    /// How steps are read from names, once there is a name with a number.
    reading: Option<StepReading>,
    /// Whether the reading stays: the user gave it, or more than one file did.
    is_settled: bool,
    /// What was said of the reading.
    said: String,
    /// Name of the file that was taken last.
    last_taken: Option<String>,
    seen: BTreeMap<PathBuf, Seen>,
    /// Files that were written before belong to an earlier training.
    since: Option<SystemTime>,
}

impl<'a> Following<'a> {
    fn begin(
        name: &str,
        followed: Followed,
        trials: Option<Trials>,
        place: &'a TracesFolder,
    ) -> anyhow::Result<Self> {
        let losses = Losses::beside(&followed.folder, followed.metrics.as_deref())?;
        let dir = place.traces.join(name);
        let mut follower = Follower::begin(&dir, followed.clone(), trials.clone())?;
        follower
            .notes()
            .iter()
            .for_each(|note| say!("note: {note}"));
        let last = follower.last_reading()?;
        let (last_taken, known) = last.unzip();
        let last_taken = last_taken.and_then(|source: String| {
            let within = Path::new(&source).strip_prefix(&followed.folder).ok()?;
            Some(within.to_string_lossy().into_owned())
        });
        let given = followed.step_pattern.clone().map(StepReading::Pattern);
        let reading = given.or(known);
        Ok(Self {
            name: name.to_owned(),
            first_name: name.to_owned(),
            is_settled: followed.step_pattern.is_some() || follower.checkpoints() > 1,
            reading,
            said: String::new(),
            last_taken,
            followed,
            place,
            follower,
            account: None,
            trials,
            losses,
            seen: BTreeMap::new(),
            since: None,
        })
    }

    /// Nothing new has come for as long as was asked for.
    fn end(&mut self) -> anyhow::Result<u8> {
        self.losses.write(&self.name, &mut self.follower, true)?;
        let rows = self.follower.finish()?;
        self.tell(&rows);
        if let Err(error) = self.follower.compact() {
            say!(
                "{}: note: the files of the run were not merged: {error}",
                self.name
            );
        }
        if self.follower.last_step().is_some() {
            return Ok(0);
        }
        say!(
            "{}: nothing was taken: no file of weights in {} (.safetensors, .npz, .pt, .pth, .ckpt, .bin) has a number in its name \
             that could be its training step, and can be read",
            self.name,
            shown(&self.followed.folder)
        );
        Ok(ERROR)
    }

    /// The user has stopped it.
    fn stop(&mut self) -> anyhow::Result<()> {
        self.losses.write(&self.name, &mut self.follower, false)
    }

    /// Looks at the folder once, and takes what is new and whole, by rising step; whether there was anything.
    fn look(&mut self) -> anyhow::Result<bool> {
        let folder = self.followed.folder.clone();
        let files = weights(&folder).with_context(|| shown(&folder).to_string())?;
        // A file that still grows may have a lower number than one that is whole.
        if self.note_changes(&files) {
            return Ok(true);
        }
        let is_due = |file: &&Weights| self.seen.get(&file.path).is_some_and(|seen| !seen.is_done);
        let due: Vec<&Weights> = files.iter().filter(is_due).collect();
        let ready = if due.is_empty() {
            Vec::new()
        } else {
            self.ready(&files, &due)?
        };
        let had_files = !ready.is_empty();
        for (step, path) in ready {
            let name = self.name.clone();
            self.set_done(&path);
            self.take(&path, step)?;
            if self.name != name {
                // What is left may be of the training before.
                break;
            }
        }
        let in_epochs = self.reading.as_ref().map(StepReading::is_of_epochs);
        let had_losses = match in_epochs {
            Some(of) => self.losses.look(&self.name, &mut self.follower, of)?,
            None => false,
        };
        Ok(had_files || had_losses)
    }

    /// Notes how the files are now; whether any is new or has changed since the last look, as one does that is being written.
    fn note_changes(&mut self, files: &[Weights]) -> bool {
        let mut is_growing = false;
        for file in files {
            let now = Seen {
                size: file.about.len(),
                modified: file.modified(),
                is_done: false,
            };
            let before = self.seen.get(&file.path);
            if before.is_none_or(|of| of.size != now.size || of.modified != now.modified) {
                is_growing = true;
                self.seen.insert(file.path.clone(), now);
            }
        }
        is_growing
    }

    fn set_done(&mut self, path: &Path) {
        if let Some(seen) = self.seen.get_mut(path) {
            seen.is_done = true;
        }
    }

    /// The name of a file within the folder.
    fn name_within(&self, path: &Path) -> String {
        let within = path.strip_prefix(&self.followed.folder).unwrap_or(path);
        within.to_string_lossy().into_owned()
    }

    /// Says that a file is not taken, on stderr and in the log of the run.
    fn leave_out(&self, path: &Path, reason: &str) -> anyhow::Result<()> {
        let text = format!("left out: {}: {reason}", self.name_within(path));
        self.follower.log(&text)?;
        say!("{}: {text}", self.name);
        Ok(())
    }

    /// Takes a file, or says why not.
    fn take(&mut self, path: &Path, step: u64) -> anyhow::Result<()> {
        let Some(reading) = self.reading.clone() else {
            return Ok(());
        };
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
        match self.follower.take(path, step, &reading) {
            Ok(rows) => {
                self.last_taken = Some(self.name_within(path));
                self.tell_account();
                self.tell(&rows);
                self.losses.write(&self.name, &mut self.follower, false)
            }
            Err(error @ LabError::Trace(_)) => Err(error.into()),
            Err(error) => self.leave_out(path, &error.to_string()),
        }
    }

    /// Tells what the files are taken for: of the first, and of one that is taken for something else.
    fn tell_account(&mut self) {
        let account = self.follower.account();
        if account != self.account.as_ref() {
            if let Some(account) = account {
                say!("{account}");
            }
            self.account = account.cloned();
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
            let begun = Follower::begin(&dir, self.followed.clone(), self.trials.clone());
            let mut follower = match begun {
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
            self.losses.write(&self.name, &mut self.follower, true)?;
            self.losses.anew();
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
