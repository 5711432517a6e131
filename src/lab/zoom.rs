//! A stretch of a run once more, with every step kept: trained again bit for bit between two of its checkpoints.
//!
//! That the end must be byte for byte the run's own is the test of determinism on the user's machine: another SIMD
//! level, or another version, may round differently, and the error names what both were made with.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::origin::{TRAINED, about};
use super::saved::Snapshot;
use super::trainer::Span;
use super::{LabError, Outcome, Summary, TrainingEvent, curriculum_of, history, same, session};
use crate::curriculum::CheckpointPolicy;
use crate::text::first_messages;
use crate::trace::{Entry, Run, RunWriter, TraceError, run_toml, write_history};

/// Folder of a run's zooms.
pub const ZOOMS_FOLDER: &str = "zooms";

/// A stretch between two checkpoints of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Number of the checkpoint to start from.
    pub from: u32,
    /// Number of the checkpoint to end at.
    pub to: u32,
    /// Training steps from one checkpoint of the zoom to the next.
    pub every: u64,
}

/// Folder of the run that shows a stretch of another run closely.
pub fn folder(run: &Path, stretch: Stretch) -> PathBuf {
    let Stretch { from, to, every } = stretch;
    let name = if every == 1 {
        format!("{from}-{to}")
    } else {
        format!("{from}-{to}-every-{every}")
    };
    run.join(ZOOMS_FOLDER).join(name)
}

/// Trains a stretch of the run in `dir` once more into a run of its own, in [`folder`], and finds the bifurcations between its
/// checkpoints. Goes on where an earlier call was interrupted.
///
/// 1. Weights, state of the learning rule and place in the curriculum are those of the first checkpoint.
/// 2. Every `every` steps a checkpoint is saved and analysed.
/// 3. The file of the last one must be that of the run's own checkpoint, byte for byte in all that training goes on from.
///
/// # Errors
/// [`LabError::ZoomDiffers`] if it is not.
///
/// Every step is kept with `every` = 1.
pub fn zoom(
    dir: &Path,
    stretch: Stretch,
    stop: &AtomicBool,
    observer: &(dyn Fn(&TrainingEvent) + Sync),
) -> Result<Summary, LabError> {
    let run = Run::open(dir)?;
    let [from, to] = [stretch.from, stretch.to].map(|number| entry(&run, number));
    let (from, to) = (from?, to?);
    if from.step >= to.step {
        return Err(LabError::EmptyStretch {
            from: from.step,
            to: to.step,
        });
    }
    let mut curriculum = curriculum_of(dir)?;
    curriculum.engine = session::engine_at(&run, from.step, curriculum.engine);
    curriculum.checkpoints = CheckpointPolicy::Every(stretch.every);
    let target = folder(dir, stretch);
    let writer = if target.join(crate::trace::RUN_FILE).exists() {
        let writer = RunWriter::resume(&target)?;
        let begun = Run::open(&target)?;
        let step = begun.entries().last().map_or(from.step, |entry| entry.step);
        session::note_change(
            &begun,
            &writer,
            step,
            (curriculum.engine, curriculum.engine),
        )?;
        writer
    } else {
        let text = run_toml(&curriculum.to_toml(), &with_stretch(from, to));
        RunWriter::create(&target, &text)?
    };
    let span = Span {
        start: Some(Snapshot {
            step: from.step,
            bytes: run.weights(from.checkpoint)?.bytes,
        }),
        end_step: Some(to.step),
    };
    let summary = super::train_span(&curriculum, &writer, &span, Some(&run), stop, observer)?;
    if summary.outcome == Outcome::Finished {
        check_end(&run, to, &target)?;
        let history = history::of_run(&target, 1, &|_, _| {})?;
        let events = history::event_rows(&target, &history.intervals)?;
        write_history(&target, &events, &history.branches)?;
        return super::end(&writer, summary);
    }
    Ok(summary)
}

fn entry(run: &Run, number: u32) -> Result<Entry, TraceError> {
    let entries = run.entries();
    let found = entries.iter().find(|entry| entry.checkpoint == number);
    found.copied().ok_or_else(|| TraceError::NoCheckpoint {
        path: run.dir().to_path_buf(),
        checkpoint: number,
        count: entries.len(),
    })
}

/// The table `[run]` of a zoom, with a table `[run.zoom]` that says of what.
fn with_stretch(from: Entry, to: Entry) -> toml::Table {
    let mut about = about(TRAINED);
    let numbers = [
        ("from_checkpoint", u64::from(from.checkpoint)),
        ("to_checkpoint", u64::from(to.checkpoint)),
        ("from_step", from.step),
        ("to_step", to.step),
    ];
    let zoom = numbers.map(|(key, number)| (key.to_owned(), toml::Value::Integer(number as i64)));
    about.insert(
        "zoom".to_owned(),
        toml::Value::Table(zoom.into_iter().collect()),
    );
    about
}

/// Step 3.
fn check_end(run: &Run, to: Entry, target: &Path) -> Result<(), LabError> {
    let zoomed = Run::open(target)?;
    let last = zoomed.entries().last().map_or(0, |entry| entry.checkpoint);
    let own = run.weights(to.checkpoint)?;
    let repeated = zoomed.weights(last)?;
    let differences = same::differences(&own.bytes, &repeated.bytes)?;
    if differences.is_empty() {
        return Ok(());
    }
    let count = differences.len();
    let (then, now) = (session::at(run, to.step - 1), session::present(to.step));
    Err(LabError::ZoomDiffers {
        checkpoint: to.checkpoint,
        step: to.step,
        differences: first_messages(differences, count),
        then: format!("SIMD level {}, creode {}", then.simd, then.creode),
        now: format!("SIMD level {}, creode {}", now.simd, now.creode),
        advice: if then.simd == now.simd {
            ""
        } else {
            "; another SIMD level rounds differently: zoom where the run was made"
        },
    })
}
