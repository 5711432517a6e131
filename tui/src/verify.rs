//! `creode verify`.

use std::fmt::Write as _;
use std::path::Path;

use creode::text::shown;
use creode::trace::Problem;

use crate::arguments::ERROR;
use crate::say::print;

/// Checks a run and prints what is wrong with it; damage is an error.
pub(crate) fn verify(dir: &Path) -> anyhow::Result<u8> {
    let report = creode::trace::verify(dir)?;
    let line = |of: &Problem, note: &str| format!("{}: {note}{}\n", shown(&of.path), of.what);
    let mut text: String = report.notes.iter().map(|of| line(of, "note: ")).collect();
    text.extend(report.problems.iter().map(|of| line(of, "")));
    let _ = writeln!(
        text,
        "{}: {} checkpoints ({} without a landscape yet), {} files, {} rows: {}",
        shown(dir),
        report.checkpoints,
        report.without_landscape,
        report.files,
        report.rows,
        match report.problems.len() {
            0 => "all in order".to_owned(),
            1 => "1 problem".to_owned(),
            count => format!("{count} problems"),
        }
    );
    print(&text)?;
    Ok(if report.problems.is_empty() { 0 } else { ERROR })
}
