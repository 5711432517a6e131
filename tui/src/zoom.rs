//! `creode zoom`.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use creode::lab::zoom::{Stretch, folder, zoom};
use creode::lab::{Outcome, curriculum_of};
use creode::trace::{Run, RunWriter};

use crate::arguments::INTERRUPTED;
use crate::progress::Progress;
use crate::runs::remark;
use crate::say::say;
use crate::signals::{ALL, stop_on_signals};
use crate::train::report_end;

/// Arguments of `creode zoom`.
#[derive(Debug, Args)]
pub(crate) struct ZoomArgs {
    /// Name under the traces directory, or a path
    pub(crate) run: String,
    /// Checkpoint to start from: its number, or `step:N` for the one saved at training step N
    #[arg(long, value_name = "CHECKPOINT")]
    from: CheckpointName,
    /// Checkpoint to end at, likewise
    #[arg(long, value_name = "CHECKPOINT")]
    to: CheckpointName,
    /// Training steps from one checkpoint of the zoom to the next
    #[arg(long, value_name = "STEPS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
}

/// A checkpoint by its number or its training step.
#[derive(Debug, Clone, Copy)]
enum CheckpointName {
    Number(u32),
    Step(u64),
}

impl FromStr for CheckpointName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = match text.strip_prefix("step:") {
            Some(step) => step.parse().map(Self::Step).ok(),
            None => text.parse().map(Self::Number).ok(),
        };
        parsed.ok_or_else(|| {
            "expected the number of a checkpoint, as in `12`, or `step:` and a training step, as in `step:600`".to_owned()
        })
    }
}

impl CheckpointName {
    fn number(self, run: &Run) -> anyhow::Result<u32> {
        let step = match self {
            Self::Number(number) => return Ok(number),
            Self::Step(step) => step,
        };
        let entries = run.entries();
        if let Some(entry) = entries.iter().find(|entry| entry.step == step) {
            return Ok(entry.checkpoint);
        }
        let nearest = entries.iter().min_by_key(|entry| entry.step.abs_diff(step));
        match nearest {
            Some(entry) => bail!(
                "no checkpoint was saved at step {step}; the nearest is `step:{}` (checkpoint {})",
                entry.step,
                entry.checkpoint
            ),
            None => bail!("{} has no checkpoint yet", run.dir().display()),
        }
    }
}

/// Trains a stretch of a run once more, with every step kept; returns the exit code.
pub(crate) fn run(args: &ZoomArgs, dir: &Path) -> anyhow::Result<u8> {
    let run = Run::open(dir)?;
    let stretch = Stretch {
        from: args.from.number(&run)?,
        to: args.to.number(&run)?,
        every: args.every,
    };
    let target = folder(dir, stretch);
    if is_finished(&target) {
        // It may have been killed while its files were merged.
        RunWriter::resume(&target)?.compact()?;
        say!(
            "it is there already: `creode replay {}` shows it",
            target.display()
        );
        return Ok(0);
    }
    let curriculum =
        curriculum_of(dir).with_context(|| format!("{} cannot be trained again", dir.display()))?;
    let entries = run.entries().iter();
    let steps = entries
        .filter(|entry| [stretch.from, stretch.to].contains(&entry.checkpoint))
        .map(|entry| entry.step);
    let (first, last) = steps.fold((u64::MAX, 0), |(first, last), step| {
        (first.min(step), last.max(step))
    });
    remark(&run);
    let progress = Arc::new(Progress::new(&curriculum, first.min(last), last));
    let shown = Arc::clone(&progress);
    let stop = stop_on_signals(&ALL, move || shown.waits_for())?;
    let summary = zoom(dir, stretch, &stop, &|event| progress.show(event));
    progress.finish();
    let summary = summary?;
    report_end(&target.display().to_string(), &summary);
    if summary.outcome == Outcome::Interrupted {
        say!("interrupted; the same command goes on");
        return Ok(INTERRUPTED);
    }
    say!(
        "the weights at step {last} are those of checkpoint {}, byte for byte; `creode replay {}` shows the way there",
        stretch.to,
        target.display(),
    );
    Ok(0)
}

fn is_finished(target: &Path) -> bool {
    Run::open(target).is_ok_and(|run| run.ending().is_some())
}
