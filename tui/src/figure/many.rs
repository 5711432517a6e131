//! Figures of many runs, drawn from their comparison.

use std::sync::atomic::AtomicBool;

use anyhow::bail;
use creode::comparison::runs::{Settings, compare};
use creode::figure::Figure;

use super::FigureArgs;
use crate::arguments::TracesFolder;
use crate::compare::{dirs, measure};
use crate::say::say;

/// Compares the runs of a folder and draws a figure of them.
pub(super) fn draw(
    args: &FigureArgs,
    folder: &str,
    kind: &str,
    place: &TracesFolder,
) -> anyhow::Result<Figure> {
    let dirs = dirs(&[folder.to_owned()], place)?;
    let name = args.measure.as_deref().unwrap_or("svcca");
    let mut settings = Settings::default();
    if let Some(by) = &args.by {
        settings.by.clone_from(by);
    }
    let is_of_path = creode::comparison::runs::PATH_MEASURES
        .iter()
        .any(|(of, _)| *of == name);
    settings.measures = if is_of_path {
        Vec::new()
    } else {
        vec![measure(name)?]
    };
    let comparison = compare(&dirs, &settings, &AtomicBool::new(false), &|_, _| ());
    for skipped in &comparison.skipped {
        say!("skipped: {}: {}", skipped.dir.display(), skipped.reason);
    }
    if comparison.runs.len() < 2 {
        bail!(
            "{folder}: two runs at least are needed, and {} can be read",
            comparison.runs.len()
        );
    }
    let steps = args.steps_scale()?;
    comparison
        .figure(kind, name, steps)
        .map_err(|why| anyhow::anyhow!("{folder}: {why}"))
}
