//! Whether the tables of a checkpoint, its weights and its line in the manifest tell one story.
//!
//! Checked are, among others: numbers of points against `landscapes`, eigenvalues against the fixed points that
//! they are of, and events and branches against the checkpoints that they lie between.

use std::collections::BTreeSet;

use super::checkpoint::CheckpointFile;
use super::contents::Entry;
use super::error::TraceError;
use super::owner::Owner;
use super::reader::Run;
use super::rows::{BranchRow, EventRow};
use super::schema::Table;

/// Says in words what is wrong with the weights of a checkpoint or pause: what training has written beside them says of which step they
/// are.
pub(super) fn weights(file: &CheckpointFile, owner: Owner) -> Result<(), String> {
    let Some(text) = file.metadata.get("position") else {
        return Ok(());
    };
    let position: serde_json::Value =
        serde_json::from_str(text).map_err(|error| format!("its position is no JSON: {error}"))?;
    let number = |key: &str| position.get(key).and_then(serde_json::Value::as_u64);
    let expected = [
        ("step", Some(owner.step)),
        ("checkpoint", owner.checkpoint.map(u64::from)),
    ];
    for (key, expected) in expected {
        if let (Some(found), Some(expected)) = (number(key), expected)
            && found != expected
        {
            return Err(format!(
                "it is of {key} {found}, the manifest says that it is of {key} {expected}"
            ));
        }
    }
    Ok(())
}

/// What is wrong with the landscape of a checkpoint as a whole: each table with what it is held against.
pub(super) fn problems(run: &Run, entry: Entry, before: Option<Entry>) -> Vec<(Table, String)> {
    if !entry.complete {
        return Vec::new();
    }
    let mut problems = Vec::new();
    // Whatever cannot be read is told of elsewhere.
    let found =
        counts(run, entry, &mut problems).and_then(|()| history(run, entry, before, &mut problems));
    if let Err(error) = found {
        problems.push((Table::Landscapes, error.to_string()));
    }
    problems
}

/// Numbers of points against the landscape that sums them up.
fn counts(run: &Run, entry: Entry, problems: &mut Vec<(Table, String)>) -> Result<(), TraceError> {
    let landscapes = run.landscapes(entry.checkpoint)?;
    let points = run.fixed_points(entry.checkpoint)?;
    let slow = run.slow_points(entry.checkpoint)?;
    let spectra = run.spectra(entry.checkpoint)?;
    let mut add = |table: Table, found: usize, of: &str, condition: &str, expected: u32| {
        if found != expected as usize {
            let what =
                format!("{found} {of} at condition {condition:?}, the landscape says {expected}");
            problems.push((table, what));
        }
    };
    for row in &landscapes {
        let here = |condition: &String| *condition == row.condition;
        let found = points.iter().filter(|point| here(&point.condition));
        let condition = &row.condition;
        add(
            Table::FixedPoints,
            found.count(),
            "fixed points",
            condition,
            row.n_fixed,
        );
        let found = slow.iter().filter(|point| here(&point.condition));
        add(
            Table::SlowPoints,
            found.count(),
            "slow points",
            condition,
            row.n_slow,
        );
    }
    let conditions: BTreeSet<&str> = landscapes
        .iter()
        .map(|row| row.condition.as_str())
        .collect();
    let known: BTreeSet<(&str, u32)> = points
        .iter()
        .map(|point| (point.condition.as_str(), point.point))
        .collect();
    let strange = |condition: &str| format!("condition {condition:?} is not in the landscape");
    let mut strangers: Vec<(Table, String)> = Vec::new();
    let stray = points
        .iter()
        .map(|point| (Table::FixedPoints, &point.condition));
    let stray = stray.chain(
        slow.iter()
            .map(|point| (Table::SlowPoints, &point.condition)),
    );
    for (table, condition) in stray {
        if !conditions.contains(condition.as_str()) {
            strangers.push((table, strange(condition)));
        }
    }
    let stray = spectra
        .iter()
        .find(|row| !known.contains(&(row.condition.as_str(), row.point)));
    if let Some(row) = stray {
        let what = format!(
            "eigenvalues of point {} at condition {:?}, which is not among the fixed points",
            row.point, row.condition
        );
        strangers.push((Table::Spectra, what));
    }
    strangers.dedup();
    problems.extend(strangers);
    Ok(())
}

/// Events and branches against the checkpoints that they lie between.
fn history(
    run: &Run,
    entry: Entry,
    before: Option<Entry>,
    problems: &mut Vec<(Table, String)>,
) -> Result<(), TraceError> {
    let from_step = before.map(|before| before.step);
    for row in run.events_at(entry.checkpoint)?.iter().flatten() {
        if Some(row.from_step) != from_step {
            let what = format!(
                "an event since step {}, the checkpoint before is of step {}",
                row.from_step,
                from_step.map_or("none".to_owned(), |step| step.to_string())
            );
            problems.push((Table::Events, what));
            break;
        }
    }
    let places = [Some(entry), before].map(|of| of.map(|of| (of.checkpoint, of.step)));
    for row in run.branches_at(entry.checkpoint)?.iter().flatten() {
        if !places.contains(&Some((row.checkpoint, row.step))) {
            let what = format!(
                "a point of checkpoint {} at step {}, which is neither this checkpoint nor the one before",
                row.checkpoint, row.step
            );
            problems.push((Table::Branches, what));
            break;
        }
    }
    Ok(())
}

/// Rows of a table of the whole run, against its checkpoints.
pub(super) trait OfRun: Sized {
    /// What is wrong with them in words.
    fn problem(rows: &[Self], entries: &[Entry]) -> Option<String>;
}

impl OfRun for EventRow {
    fn problem(rows: &[Self], entries: &[Entry]) -> Option<String> {
        let steps: BTreeSet<u64> = entries.iter().map(|entry| entry.step).collect();
        let row = rows.iter().find(|row| {
            ![row.from_step, row.to_step]
                .iter()
                .all(|step| steps.contains(step))
        })?;
        Some(format!(
            "an event between steps {} and {}, which are not both checkpoints of the run",
            row.from_step, row.to_step
        ))
    }
}

impl OfRun for BranchRow {
    fn problem(rows: &[Self], entries: &[Entry]) -> Option<String> {
        let places: BTreeSet<(u32, u64)> = entries
            .iter()
            .map(|entry| (entry.checkpoint, entry.step))
            .collect();
        let row = rows
            .iter()
            .find(|row| !places.contains(&(row.checkpoint, row.step)))?;
        Some(format!(
            "a point of checkpoint {} at step {}, and the run has no such checkpoint",
            row.checkpoint, row.step
        ))
    }
}
