//! Which machine and version a run is made by: what may make its numbers differ where it is gone on with elsewhere.

use super::LabError;
use crate::trace::lock::host;
use crate::trace::{Run, RunWriter, Session};

/// The session that this program would make of a run, from a training step on.
pub fn present(step: u64) -> Session {
    Session {
        step,
        simd: crate::simd::level().to_owned(),
        creode: env!("CARGO_PKG_VERSION").to_owned(),
        host: host(),
    }
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
    }
}

/// Notes in a run that is gone on with from `step` that this machine or version is another than before, if it may round
/// otherwise; says so in words.
pub fn note_change(run: &Run, writer: &RunWriter, step: u64) -> Result<Option<String>, LabError> {
    let (before, now) = (at(run, u64::MAX), present(step));
    if (&before.simd, &before.creode) == (&now.simd, &now.creode) {
        return Ok(None);
    }
    let mut changes = Vec::new();
    if before.simd != now.simd {
        changes.push(format!("SIMD level {} (before: {})", now.simd, before.simd));
    }
    if before.creode != now.creode {
        changes.push(format!("creode {} (before: {})", now.creode, before.creode));
    }
    let note = format!(
        "from step {step} on the run is made with {}: it may end with other bytes than on the machine where it began; the \
         run says so from now on",
        changes.join(" and ")
    );
    writer.log(&note)?;
    writer.write_session(now)?;
    Ok(Some(note))
}
