//! `creode verify`.

use std::io::Write as _;
use std::path::Path;

use crate::cli::ERROR;

/// Checks a run and prints what is wrong with it; damage is an error.
pub(crate) fn verify(dir: &Path) -> anyhow::Result<u8> {
    let report = creode::trace::verify(dir)?;
    let mut out = std::io::stdout().lock();
    for problem in &report.problems {
        writeln!(out, "{}: {}", problem.path.display(), problem.what)?;
    }
    writeln!(
        out,
        "{}: {} checkpoints ({} without a landscape yet), {} files, {} rows: {}",
        dir.display(),
        report.checkpoints,
        report.without_landscape,
        report.files,
        report.rows,
        match report.problems.len() {
            0 => "all in order".to_owned(),
            1 => "1 problem".to_owned(),
            count => format!("{count} problems"),
        }
    )?;
    Ok(if report.problems.is_empty() { 0 } else { ERROR })
}
