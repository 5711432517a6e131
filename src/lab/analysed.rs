//! The landscape of one network at one constant input, and the rows it is written in.
//!
//! A landscape carries the map it was found in, so that what is asked of it later (basins, linearisation,
//! continuation) is computed on the same network.

use std::time::Instant;

use super::basins::shares;
use super::history::Node;
use super::saved::CheckpointId;
use crate::cell::map::{CellMap, Readout};
use crate::dynamics::linear::spectrum::SpectrumError;
use crate::dynamics::motion::projection::Projection;
use crate::dynamics::points::search::{
    Findings, FixedPoint, Known, SearchLimits, search, search_watched,
};
use crate::dynamics::watch::Watch;
use crate::map::Map as _;
use crate::nouns::{Found, PointKind};
use crate::trace::rows::{FixedPointRow, LandscapeRow, SlowPointRow, SpectrumRow};

/// A landscape, with the identities of its points.
#[derive(Debug, Clone)]
pub struct Analysed {
    /// Name of the constant input.
    pub condition: String,
    /// The network at that input.
    pub map: CellMap,
    /// What was found.
    pub findings: Findings,
    /// Identity of each fixed point's branch.
    pub ids: Vec<u32>,
    /// How many of the fixed points were found only from those of the next checkpoint, or by following branches from the one
    /// before; they stand last.
    pub n_from_later: usize,
    /// Share of the basin of each fixed point that one was measured for.
    pub basins: Vec<Option<f64>>,
    /// Seconds that it took.
    pub wall_secs: f64,
}

/// Identity and place of a point, for the next checkpoint to start from.
#[derive(Debug, Clone)]
pub struct Tracked {
    /// Identity of its branch.
    pub id: u32,
    /// The point.
    pub state: Vec<f64>,
    /// sign det(I−J) there.
    pub index: i8,
}

impl Analysed {
    /// Searches a map from given starts; every point is new and is numbered in order of discovery.
    pub fn search(
        condition: &str,
        map: CellMap,
        starts: &[Vec<f64>],
        limits: SearchLimits,
        watch: &dyn Watch,
    ) -> Result<Self, SpectrumError> {
        Self::of(condition, map, |map| {
            search_watched(map, &[], starts, limits, watch)
        })
    }

    /// Searches a map from given starts and from the points of the checkpoint before, whose identities their continuations
    /// keep; new points are numbered from `next_id` on.
    pub fn search_from(
        condition: &str,
        map: CellMap,
        before: &[Tracked],
        starts: &[Vec<f64>],
        next_id: &mut u32,
        watch: &dyn Watch,
    ) -> Result<Self, SpectrumError> {
        let known: Vec<Known<'_>> = before
            .iter()
            .map(|point| Known {
                state: &point.state,
                index: point.index,
            })
            .collect();
        let mut found = Self::of(condition, map, |map| {
            search_watched(map, &known, starts, SearchLimits::default(), watch)
        })?;
        let new_id = || {
            *next_id += 1;
            *next_id - 1
        };
        found.ids = identities(&found.findings, before, new_id);
        Ok(found)
    }

    /// The landscape that a search finds; every point is numbered in order of discovery.
    pub fn of(
        condition: &str,
        map: CellMap,
        search: impl FnOnce(&CellMap) -> Result<Findings, SpectrumError>,
    ) -> Result<Self, SpectrumError> {
        let begun = Instant::now();
        let findings = search(&map)?;
        Ok(Self {
            condition: condition.to_owned(),
            ids: (0..findings.fixed_points.len() as u32).collect(),
            map,
            findings,
            n_from_later: 0,
            basins: Vec::new(),
            wall_secs: begun.elapsed().as_secs_f64(),
        })
    }

    /// The points, for the next checkpoint to start from.
    pub fn tracked(&self) -> Vec<Tracked> {
        self.findings
            .fixed_points
            .iter()
            .zip(&self.ids)
            .map(|(point, &id)| Tracked {
                id,
                state: point.state.clone(),
                index: point.index,
            })
            .collect()
    }

    /// Takes a point into the list that continuation has led to, if it is a fixed point and not there yet; whether it is there
    /// now.
    pub(super) fn take_continued(&mut self, node: &Node, id: u32) -> Result<bool, SpectrumError> {
        let known = Known {
            state: &node.state,
            index: node.index,
        };
        let only_known = SearchLimits {
            boxes: 0,
            ..SearchLimits::default()
        };
        let found = search(&self.map, &[known], &[], only_known)?;
        let mut points = found.fixed_points.into_iter();
        let Some(point) = points.find(|point| point.from_known.is_some()) else {
            return Ok(false);
        };
        if self.findings.contains(&point) {
            return Ok(false);
        }
        self.findings.fixed_points.push(FixedPoint {
            from_known: None,
            ..point
        });
        self.ids.push(id);
        self.findings.recount(self.map.index_sum());
        Ok(true)
    }

    /// The points, as the history of a run takes them.
    pub(super) fn nodes(&self) -> Vec<Node> {
        let points = self.findings.fixed_points.iter().zip(&self.ids);
        points
            .map(|(point, &id)| Node {
                state: point.state.clone(),
                index: point.index,
                n_unstable: point.spectrum.n_unstable() as u16,
                multipliers: point.spectrum.eigenvalues.clone(),
                stored: Some(id),
            })
            .collect()
    }

    /// Measures the share of the starts that each stable point draws in.
    pub(super) fn measure_basins(&mut self, starts: &[Vec<f64>]) {
        let points = self.findings.fixed_points.iter().enumerate();
        let (places, states): (Vec<usize>, Vec<&[f64]>) = points
            .filter(|(_, point)| point.is_stable())
            .map(|(place, point)| (place, point.state.as_slice()))
            .unzip();
        self.basins = vec![None; self.findings.fixed_points.len()];
        for (place, share) in places.into_iter().zip(shares(&self.map, &states, starts)) {
            self.basins[place] = share;
        }
    }

    /// The row of `landscapes`.
    pub fn landscape_row(&self, id: CheckpointId) -> LandscapeRow {
        let findings = &self.findings;
        LandscapeRow {
            checkpoint: id.number,
            step: id.step,
            condition: self.condition.clone(),
            n_fixed: findings.fixed_points.len() as u32,
            n_stable: findings
                .fixed_points
                .iter()
                .filter(|point| point.is_stable())
                .count() as u32,
            n_slow: findings.slow_points.len() as u32,
            n_from_later: self.n_from_later as u32,
            n_starts: findings.n_starts as u32,
            index_sum: findings.index_sum(),
            index_expected: self.map.index_sum(),
            complete: findings.complete.name().to_owned(),
            unseen_estimate: findings.unseen_estimate(),
            wall_secs: self.wall_secs,
            warning: self.warning(),
        }
    }

    /// What a reader of the list must know, in words.
    fn warning(&self) -> Option<String> {
        let findings = &self.findings;
        let points = || findings.fixed_points.iter();
        let mut parts = Vec::new();
        let continuum_dim = findings.continuum_dim();
        if continuum_dim > 0 {
            let on_it = points().filter(|point| {
                let flatness = point.flatness.as_ref();
                flatness.is_some_and(|of| of.continuum_dim > 0)
            });
            let standing = match on_it.count() {
                1 => "one stands".to_owned(),
                count => format!("{count} stand"),
            };
            parts.push(format!(
                "the fixed points are not isolated (dimension {continuum_dim}): {standing} for all of them; see --continuum"
            ));
        }
        let sum = findings.index_sum();
        let has_all_indices = points().all(|point| point.index != 0 || is_of_degree_0(point));
        if let Some(expected) = self
            .map
            .index_sum()
            .filter(|expected| *expected != sum && has_all_indices)
        {
            parts.push(format!(
                "the indices sum to {sum}, not {expected}: at least one fixed point is missing or degenerate"
            ));
        }
        if findings.is_visibly_short() {
            parts.push(format!(
                "the starts tell of about {:.0} more fixed points than these",
                findings.unseen_estimate().ceil()
            ));
        }
        if findings.is_poorly_sampled() {
            let hits: usize = points().map(|point| point.hits).sum();
            parts.push(format!(
                "of {} starts {hits} came to a fixed point: how many there are cannot be told",
                findings.n_sampled
            ));
        }
        let is_marginal =
            |point: &&FixedPoint| point.kind() == PointKind::Marginal && !goes_on(point);
        let marginal = points().filter(is_marginal).count();
        if marginal > 0 {
            parts.push(format!(
                "{marginal} fixed points are too close to a bifurcation to class"
            ));
        }
        let is_unproved =
            |point: &&FixedPoint| point.certificate.is_none() && point.flatness.is_none();
        let unproved = points().filter(is_unproved).count();
        if unproved > 0 {
            parts.push(format!("{} could not be certified", counted(unproved).0));
        }
        parts.extend(findings.left_undone.iter().cloned());
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    /// The rows of `fixed_points`.
    pub fn fixed_points(
        &self,
        id: CheckpointId,
        readout: &Readout,
        projection: &Projection,
    ) -> Vec<FixedPointRow> {
        let rows = self.findings.fixed_points.iter().zip(&self.ids);
        rows.enumerate()
            .map(|(place, (point, &branch))| {
                let (multiplier_re, multiplier_im) = point.spectrum.leading();
                FixedPointRow {
                    checkpoint: id.number,
                    step: id.step,
                    condition: self.condition.clone(),
                    point: branch,
                    kind: point.kind(),
                    q: point.q,
                    radius: point.certificate.map(|certificate| certificate.radius),
                    n_unstable: point.spectrum.n_unstable() as u16,
                    multiplier_re,
                    multiplier_im,
                    index: point.index,
                    readout: readout.output(&self.map.cell().features(&point.state)),
                    basin_fraction: self.basins.get(place).copied().flatten(),
                    found: if point.from_known.is_some() {
                        Found::Tracked
                    } else {
                        point.found
                    },
                    pc: projection.project(&point.state),
                    state: point.state.clone(),
                }
            })
            .collect()
    }

    /// The rows of `slow_points`.
    pub fn slow_points(
        &self,
        id: CheckpointId,
        readout: &Readout,
        projection: &Projection,
    ) -> Vec<SlowPointRow> {
        let rows = self.findings.slow_points.iter();
        rows.map(|point| {
            let (multiplier_re, multiplier_im) = point.spectrum.leading();
            SlowPointRow {
                checkpoint: id.number,
                step: id.step,
                condition: self.condition.clone(),
                q: point.q,
                smallest_singular_value: point.ghost.smallest_singular_value,
                alignment: point.ghost.alignment,
                passage_steps: point.ghost.passage_steps,
                n_unstable: point.spectrum.n_unstable() as u16,
                multiplier_re,
                multiplier_im,
                readout: readout.output(&self.map.cell().features(&point.state)),
                pc: projection.project(&point.state),
                state: point.state.clone(),
            }
        })
        .collect()
    }

    /// The rows of `spectra`.
    pub fn spectra(&self, id: CheckpointId) -> Vec<SpectrumRow> {
        let points = self.findings.fixed_points.iter().zip(&self.ids);
        points
            .flat_map(|(point, &branch)| {
                point
                    .spectrum
                    .eigenvalues
                    .iter()
                    .enumerate()
                    .map(move |(rank, &(re, im))| SpectrumRow {
                        checkpoint: id.number,
                        step: id.step,
                        condition: self.condition.clone(),
                        point: branch,
                        rank: rank as u16,
                        re,
                        im,
                    })
            })
            .collect()
    }
}

/// A number of fixed points, and its verb.
fn counted(number: usize) -> (String, &'static str) {
    match number {
        1 => ("1 fixed point".to_owned(), "is"),
        _ => (format!("{number} fixed points"), "are"),
    }
}

/// Whether a continuum of fixed points goes through one.
fn goes_on(point: &FixedPoint) -> bool {
    let flatness = point.flatness.as_ref();
    flatness.is_some_and(|flatness| flatness.continuum_dim > 0)
}

/// Whether a point is degenerate, and x − F(x) is known to have degree 0 around it.
fn is_of_degree_0(point: &FixedPoint) -> bool {
    let flatness = point.flatness.as_ref();
    flatness.is_some_and(|flatness| flatness.index == Some(0))
}

/// The identities of points: those of the points they continue, or new ones.
fn identities(
    findings: &Findings,
    before: &[Tracked],
    mut new_id: impl FnMut() -> u32,
) -> Vec<u32> {
    let points = findings.fixed_points.iter();
    points
        .map(|point| match point.from_known {
            Some(place) => before[place].id,
            None => new_id(),
        })
        .collect()
}
