//! The landscapes of a checkpoint, from its tables.

use std::collections::BTreeMap;

use crate::comparison::portrait::{Landscape, Point};
use crate::lab::LabError;
use crate::trace::Run;
use crate::trace::rows::{FixedPointRow, SpectrumRow};

/// One landscape for each constant input, in the order of the table.
pub(super) fn of(run: &Run, checkpoint: u32) -> Result<Vec<Landscape>, LabError> {
    let mut landscapes = conditions(run, checkpoint)?;
    if landscapes.is_empty() {
        return Ok(landscapes);
    }
    let mut spectra = spectra(run.spectra(checkpoint)?);
    for row in run.fixed_points(checkpoint)? {
        let spectrum = spectra
            .remove(&(row.condition.clone(), row.point))
            .unwrap_or_default();
        let mut all = landscapes.iter_mut();
        if let Some(landscape) = all.find(|landscape| landscape.condition == row.condition) {
            landscape.points.push(point(row, spectrum));
        }
    }
    Ok(landscapes)
}

/// The same as graphs see them: points have neither places, nor spectra, nor basins.
pub(super) fn nodes(run: &Run, checkpoint: u32) -> Result<Vec<Landscape>, LabError> {
    let mut landscapes = conditions(run, checkpoint)?;
    run.glance_at_nodes(checkpoint, |node| {
        let mut all = landscapes.iter_mut();
        if let Some(landscape) = all.find(|of| of.condition == node.condition) {
            landscape.points.push(Point {
                kind: node.kind,
                n_unstable: usize::from(node.n_unstable),
                index: node.index,
                state: Vec::new(),
                readout: node.readout.to_vec(),
                spectrum: Vec::new(),
                basin: None,
            });
        }
    })?;
    Ok(landscapes)
}

/// The landscapes without points.
fn conditions(run: &Run, checkpoint: u32) -> Result<Vec<Landscape>, LabError> {
    let mut landscapes = Vec::new();
    run.glance_at_completeness(checkpoint, |of| {
        landscapes.push(Landscape {
            condition: of.condition.to_owned(),
            is_complete: matches!(of.complete, "proved" | "index_consistent"),
            points: Vec::new(),
            edges: None,
        });
    })?;
    Ok(landscapes)
}

/// The eigenvalues by condition and point, the leading one first.
fn spectra(mut rows: Vec<SpectrumRow>) -> BTreeMap<(String, u32), Vec<[f64; 2]>> {
    rows.sort_by_key(|row| row.rank);
    let mut spectra: BTreeMap<(String, u32), Vec<[f64; 2]>> = BTreeMap::new();
    for row in rows {
        let of = spectra.entry((row.condition, row.point)).or_default();
        of.push([row.re, row.im]);
    }
    spectra
}

fn point(row: FixedPointRow, spectrum: Vec<[f64; 2]>) -> Point {
    Point {
        kind: row.kind,
        n_unstable: usize::from(row.n_unstable),
        index: row.index,
        state: row.state,
        readout: row.readout,
        spectrum,
        basin: row.basin_fraction,
    }
}
