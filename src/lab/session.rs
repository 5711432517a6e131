//! The one way to make a run: beginning it, taking it up again, and what it says of who made it.
//!
//! Who takes up a run checks first and changes afterwards: curriculum, then lock, then what a kill left behind.

use std::path::Path;

use super::LabError;
use super::origin::{Origin, TRAINED, about, names_engine};
use crate::curriculum::Curriculum;
use crate::trace::lock::host;
use crate::trace::{Ending, EndingReason, Run, RunWriter, Session, run_toml};
use crate::train::engines::EngineName;

/// Begins a run of a curriculum in `dir`, which may be missing.
///
/// Writes `run.toml`: the resolved curriculum, with every default in it, and the table `[run]` (versions, SIMD
/// level, host, origin).
///
/// # Errors
/// Of the trace: a run is there already, or nothing can be written.
pub fn begin(dir: &Path, curriculum: &Curriculum) -> Result<RunWriter, LabError> {
    let text = run_toml(&curriculum.to_toml(), &about(TRAINED));
    Ok(RunWriter::create(dir, &text)?)
}

/// A run that was taken up.
#[derive(Debug)]
pub enum TakenUp {
    /// It goes on.
    Going {
        /// What writes it.
        writer: Box<RunWriter>,
        /// What the user should know of how it was taken up.
        notes: Vec<String>,
    },
    /// It was completed; its files are merged.
    Completed(Ending),
}

/// Takes up the run in `dir`, once it is known to be that of the curriculum: taking it up tidies its folder. Weights that it
/// started from stay those that it had, even if the run that they were taken from has gone on since; so does its engine,
/// where it says none. Another engine than before is taken, and noted.
///
/// # Errors
/// [`LabError::OtherCurriculum`] if it is not; nothing was changed then.
pub fn take_up(dir: &Path, curriculum: &mut Curriculum) -> Result<TakenUp, LabError> {
    let run = Run::open(dir)?;
    let begun = match Origin::of_run(&run)? {
        Origin::Trained(begun) => begun,
        Origin::Followed(_) => {
            return Err(LabError::NotTrained {
                dir: dir.to_path_buf(),
            });
        }
    };
    if let (Some(begun), Some(now)) = (&begun.transfer, &mut curriculum.transfer)
        && begun.from == now.from
    {
        now.clone_from(begun);
    }
    let config: toml::Table = run.config_text().parse().unwrap_or_default();
    if !names_engine(&config) {
        curriculum.engine = begun.engine;
    }
    let engine = std::mem::replace(&mut curriculum.engine, begun.engine);
    let is_other = *begun != *curriculum;
    curriculum.engine = engine;
    if is_other {
        return Err(LabError::OtherCurriculum {
            dir: dir.to_path_buf(),
        });
    }
    let writer = RunWriter::resume(dir)?;
    let run = Run::open(dir)?;
    let mut notes = writer.notes().to_vec();
    match run.ending() {
        Some(ending) if ending.reason == EndingReason::Finished => {
            // It may have been killed while its files were merged.
            writer.compact()?;
            return Ok(TakenUp::Completed(ending.clone()));
        }
        Some(_) => {}
        None => {
            let engines = (engine_at(&run, u64::MAX, begun.engine), engine);
            notes.extend(note_change(&run, &writer, last_step(&run), engines)?);
        }
    }
    Ok(TakenUp::Going {
        writer: Box::new(writer),
        notes,
    })
}

/// The training step that a run is saved at last.
pub fn last_step(run: &Run) -> u64 {
    let saved = run.entries().last().map_or(0, |entry| entry.step);
    run.pause().map_or(saved, |pause| pause.step.max(saved))
}

/// The session that this program would make of a run, from a training step on.
pub fn present(step: u64) -> Session {
    Session {
        step,
        simd: crate::simd::level().to_owned(),
        creode: env!("CARGO_PKG_VERSION").to_owned(),
        host: host(),
        engine: None,
    }
}

/// The engine that the training step after one was made with, where a run was begun with `begun`.
pub fn engine_at(run: &Run, step: u64, begun: EngineName) -> EngineName {
    let sessions = run.sessions().iter().rev().filter(|of| of.step <= step);
    let mut named = sessions.filter_map(|of| EngineName::of_told(of.engine.as_deref()?));
    named.next().unwrap_or(begun)
}

/// The session that a stretch of training which began at a step was made in, as far as the run says.
pub fn at(run: &Run, step: u64) -> Session {
    let later = run.sessions().iter().rev().find(|of| of.step <= step);
    later.cloned().unwrap_or_else(|| first(run))
}

/// As `run.toml` has it.
fn first(run: &Run) -> Session {
    let config = run.config_text().parse::<toml::Table>().unwrap_or_default();
    let about = config.get("run").and_then(toml::Value::as_table);
    let text = |key: &str| {
        let text = about.and_then(|about| about.get(key)?.as_str());
        text.unwrap_or("unknown").to_owned()
    };
    Session {
        step: 0,
        simd: text("simd"),
        creode: text("creode"),
        host: text("host"),
        engine: None,
    }
}

/// Notes in a run that is gone on with from `step` that this machine, version or engine is another than before, if it may round
/// otherwise; says so in words. `engines` are that of before and that of now.
///
/// `None` where the last session of the run was made with the same SIMD level, version and engine.
pub fn note_change(
    run: &Run,
    writer: &RunWriter,
    step: u64,
    engines: (EngineName, EngineName),
) -> Result<Option<String>, LabError> {
    let (before, mut now) = (at(run, u64::MAX), present(step));
    let mut changes = Vec::new();
    if engines.0 != engines.1 {
        let (before, told) = (engines.0.told(), engines.1.told());
        changes.push(format!("the engine {told} (before: {before})"));
        now.engine = Some(told);
    }
    if before.simd != now.simd {
        changes.push(format!("SIMD level {} (before: {})", now.simd, before.simd));
    }
    if before.creode != now.creode {
        changes.push(format!("creode {} (before: {})", now.creode, before.creode));
    }
    if changes.is_empty() {
        return Ok(None);
    }
    let note = format!(
        "from step {step} on the run is made with {}: it may end with other bytes than as it began; the run \
         says so from now on",
        changes.join(" and ")
    );
    writer.log(&note)?;
    writer.write_session(now)?;
    Ok(Some(note))
}
