//! The losses that the other program writes beside its checkpoints.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use creode::foreign::metrics::{Collector, Metrics, find};
use creode::lab::followed::Follower;
use creode::text::shown;

use crate::say::say;

/// Pause between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// Least pause between two files of the run, where no checkpoint comes.
const WRITE: Duration = Duration::from_secs(10);
/// Files of the run are written no more often than after this share of the time that was followed.
const WRITE_SHARE: u32 = 100;

/// Where losses come from, and how far they were read.
pub(super) struct Losses {
    folder: PathBuf,
    /// As the user says.
    given: Option<PathBuf>,
    source: Option<(Metrics, Collector)>,
    begun: Instant,
    looked: Option<Instant>,
    written: Instant,
    told_of_unread: bool,
}

impl Losses {
    /// Those beside the checkpoints of a folder, or those of a file, which need not be there yet.
    pub(super) fn beside(folder: &Path, given: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(file) = given.filter(|file| file.exists()) {
            Metrics::open(file, false).map_err(anyhow::Error::msg)?;
        }
        Ok(Self {
            folder: folder.to_path_buf(),
            given: given.map(Path::to_path_buf),
            source: None,
            begun: Instant::now(),
            looked: None,
            written: Instant::now(),
            told_of_unread: false,
        })
    }

    /// Looks for what was told since, and keeps it in the run if that is due; whether there was anything. With `in_epochs` the
    /// steps of the checkpoints are epochs.
    pub(super) fn look(
        &mut self,
        run: &str,
        follower: &mut Follower,
        in_epochs: bool,
    ) -> anyhow::Result<bool> {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK) {
            return Ok(false);
        }
        self.looked = Some(Instant::now());
        let told = if let Some((metrics, _)) = &mut self.source {
            // It is somebody else's file: what cannot be read now is tried again.
            metrics.read().unwrap_or_default()
        } else {
            let found = match &self.given {
                None => find(&self.folder, in_epochs),
                Some(file) => Metrics::open(file, in_epochs).ok().and_then(|mut metrics| {
                    let told = metrics.read().ok()?;
                    Some((metrics, told))
                }),
            };
            let Some((metrics, told)) = found else {
                return Ok(false);
            };
            let file = metrics.path().strip_prefix(&self.folder);
            let file = shown(file.unwrap_or(metrics.path())).to_string();
            let collector = Collector::new(&file, follower.told_steps()?.as_ref());
            self.source = Some((metrics, collector));
            told
        };
        let is_new = !told.is_empty();
        if let Some((metrics, collector)) = &mut self.source {
            collector.take(told);
            if metrics.unread() > 0 && !self.told_of_unread {
                self.told_of_unread = true;
                say!(
                    "{run}: losses: not all of {} can be read; how much is said at the end",
                    shown(metrics.path())
                );
            }
        }
        let pause = WRITE.max(self.begun.elapsed() / WRITE_SHARE);
        if self.written.elapsed() >= pause {
            self.write(run, follower, false)?;
        }
        Ok(is_new)
    }

    /// Keeps the steps that are complete in the run; with `is_end` all that were told of.
    pub(super) fn write(
        &mut self,
        run: &str,
        follower: &mut Follower,
        is_end: bool,
    ) -> anyhow::Result<()> {
        self.written = Instant::now();
        let Some((metrics, collector)) = &mut self.source else {
            return Ok(());
        };
        let rows = collector.rows(is_end);
        follower.keep_steps(&rows, collector.source())?;
        if let Some(news) = collector.news() {
            let text = format!("losses: {news}");
            follower.log(&text)?;
            say!("{run}: {text}");
        }
        if is_end {
            let parts = [
                (metrics.unread(), "lines or records could not be read"),
                (
                    collector.late() as u64,
                    "steps came after later ones had been kept, and are left out",
                ),
            ];
            for (count, what) in parts.iter().filter(|(count, _)| *count > 0) {
                let text = format!("losses: {}: {count} {what}", shown(metrics.path()));
                follower.log(&text)?;
                say!("{run}: {text}");
            }
        }
        Ok(())
    }

    /// A training began anew: what comes now belongs to another run.
    pub(super) fn anew(&mut self) {
        if let Some((_, collector)) = &mut self.source {
            *collector = collector.anew();
        }
    }
}
