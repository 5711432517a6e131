//! Figures of one network held against its own end.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::bail;
use creode::comparison::course::{self, course};
use creode::comparison::ends;
use creode::figure::Figure;

use super::FigureArgs;
use crate::course::without_landscape;

/// The kinds, with what each shows.
pub(super) const KINDS: [(&str, &str); 2] = [
    (
        "course",
        "loss with the stages of learning, and how far landscape, representation and weights are from the end",
    ),
    (
        "ends",
        "loss and fixed points of checkpoints and of the ends that `creode ends` found from them",
    ),
];

/// Draws one of the kinds.
pub(super) fn draw(args: &FigureArgs, kind: &str, dir: &Path) -> anyhow::Result<Figure> {
    let steps = args.steps_scale()?;
    if kind == "course" {
        let settings = course::Settings::default();
        let found = course(dir, settings, &AtomicBool::new(false), &|_, _| ())?;
        if found.waypoints.is_empty() {
            bail!("{}", without_landscape(dir));
        }
        return Ok(found.figure(steps));
    }
    let found = ends::known(dir)?;
    if found.ends.is_empty() {
        bail!(
            "no end of {} was looked for yet: `creode ends {}` does",
            dir.display(),
            args.run.as_deref().unwrap_or("RUN")
        );
    }
    Ok(found.figure(steps))
}
