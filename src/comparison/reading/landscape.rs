//! The landscapes of a checkpoint, from its tables.

use std::collections::BTreeMap;

use crate::comparison::portrait::{Landscape, Point};
use crate::lab::LabError;
use crate::trace::Run;
use crate::trace::rows::{FixedPointRow, SpectrumRow};

/// One landscape for each constant input, in the order of the table.
pub(super) fn of(run: &Run, checkpoint: u32) -> Result<Vec<Landscape>, LabError> {
    let mut landscapes: Vec<Landscape> = run
        .landscapes(checkpoint)?
        .into_iter()
        .map(|row| Landscape {
            condition: row.condition,
            is_complete: matches!(row.complete.as_str(), "proved" | "index_consistent"),
            points: Vec::new(),
            edges: None,
        })
        .collect();
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
