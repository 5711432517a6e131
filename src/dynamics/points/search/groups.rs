//! Roots at which I − J is singular to working precision, gathered by the flat stretch that they lie in.
//!
//! While the search runs, roots are only sorted into groups; which groups are one is settled at the end, when all
//! are known.

use super::{FixedPoint, Search, with_equation};
use crate::dynamics::linear::spectrum::{Spectrum, SpectrumError};
use crate::dynamics::points::flat::{Degenerate, Flatness};
use crate::map::{Map, q};
use crate::norms::{distance, scale_of};
use crate::nouns::Found;

/// Roots of a group that are kept are at least this far apart, relative to the largest coordinate (at least 1).
const APART: f64 = 0.05;
/// Roots of a group that are kept at most …
const MOST_KEPT: usize = 256;
/// … and numbers in their matrices, 256 MiB.
const NUMBERS_KEPT: usize = 1 << 25;
/// Roots of a group that are described in full to choose the one that stands for it.
const DESCRIBED: usize = 4;
/// Curves that are followed at most from one group to others.
const MOST_CURVES: usize = 8;
/// Pairs of groups between which a way is looked for at the end.
const MOST_WAYS: usize = 64;

/// Roots in one flat stretch.
pub(super) struct Group {
    /// Some of them, spread over the stretch.
    samples: Vec<Degenerate>,
    pub(super) hits: usize,
    found: Found,
    pub(super) from_known: Option<usize>,
    /// Of the first.
    flatness: Flatness,
    /// Whether a curve leads from one of them to another.
    is_curve: bool,
}

impl Group {
    /// The degree of x − F(x) around it, if it is known.
    pub(super) fn index(&self) -> Option<i8> {
        self.flatness.index.filter(|_| !self.is_curve)
    }

    fn nearest(&self, root: &[f64]) -> &Degenerate {
        let off = |sample: &&Degenerate| distance(&sample.point, root);
        let nearest = self.samples.iter().min_by(|a, b| off(a).total_cmp(&off(b)));
        nearest.unwrap_or(&self.samples[0])
    }
}

impl<M: Map + ?Sized> Search<'_, M> {
    fn describe(&self, root: &Degenerate) -> Result<Flatness, SpectrumError> {
        let lift = |root: &[f64]| self.state(root);
        with_equation!(self, equation => root.described(equation, self.map, &lift))
    }

    fn sees(&self, from: &Degenerate, root: &[f64]) -> bool {
        with_equation!(self, equation => from.sees(equation, root))
    }

    /// The group in whose flat stretch a root lies.
    pub(super) fn group_of(&self, root: &[f64]) -> Option<usize> {
        let holds = |group: &Group| self.sees(group.nearest(root), root);
        self.groups.iter().position(holds)
    }

    /// Keeps a root of a group if none is kept near it.
    pub(super) fn keep_sample(&mut self, group: usize, root: &[f64]) -> Result<(), SpectrumError> {
        let kept: usize = self.groups.iter().map(|group| group.samples.len()).sum();
        let is_room = kept < MOST_KEPT && (kept + 1) * 2 * root.len().pow(2) <= NUMBERS_KEPT;
        let nearest = self.groups[group].nearest(root);
        let is_new = distance(&nearest.point, root) > APART * scale_of(root);
        if is_new
            && is_room
            && let Some(sample) = self.degenerate(root)?
        {
            self.groups[group].samples.push(sample);
        }
        Ok(())
    }

    /// A root at which I − J is singular.
    pub(super) fn degenerate(&self, root: &[f64]) -> Result<Option<Degenerate>, SpectrumError> {
        with_equation!(self, equation => Degenerate::at(equation, root))
    }

    /// Begins a group; its place.
    pub(super) fn begin_group(
        &mut self,
        root: Degenerate,
        found: Found,
    ) -> Result<usize, SpectrumError> {
        let flatness = self.describe(&root)?;
        self.groups.push(Group {
            samples: vec![root],
            hits: 0,
            found,
            from_known: None,
            flatness,
            is_curve: false,
        });
        Ok(self.groups.len() - 1)
    }

    /// Joins groups between which a flat way leads, and makes each a fixed point.
    pub(super) fn settle_groups(&mut self) -> Result<(), SpectrumError> {
        self.join_groups()?;
        let groups = std::mem::take(&mut self.groups);
        for group in groups {
            let point = self.standing_for(group)?;
            self.findings.fixed_points.push(point);
        }
        Ok(())
    }

    fn join_groups(&mut self) -> Result<(), SpectrumError> {
        self.join_along_curves()?;
        let mut tried = 0;
        let mut a = 0;
        while a < self.groups.len() {
            let mut b = a + 1;
            while b < self.groups.len() {
                let is_one = tried < MOST_WAYS && self.is_one(a, b)?;
                tried += 1;
                if is_one {
                    self.unite(a, b);
                } else {
                    b += 1;
                }
            }
            a += 1;
        }
        Ok(())
    }

    /// Joins to each group those that lie on the curve that leads on from it: together they are a continuum.
    fn join_along_curves(&mut self) -> Result<(), SpectrumError> {
        let mut a = 0;
        while a + 1 < self.groups.len() && a < MOST_CURVES && !self.watch.is_over() {
            let from = &self.groups[a].samples[0];
            let curve = with_equation!(self, equation => from.curve(equation))?;
            for b in (a + 1..self.groups.len()).rev() {
                if self.is_on(&curve, b)? {
                    self.unite(a, b);
                    self.groups[a].is_curve = true;
                }
            }
            a += 1;
        }
        Ok(())
    }

    /// Whether a group lies on a curve.
    fn is_on(&self, curve: &[Vec<f64>], group: usize) -> Result<bool, SpectrumError> {
        let root = &self.groups[group].samples[0].point;
        let off = |place: &&Vec<f64>| distance(place, root);
        let Some(nearest) = curve.iter().min_by(|a, b| off(a).total_cmp(&off(b))) else {
            return Ok(false);
        };
        let place = self.degenerate(nearest)?;
        Ok(place
            .is_some_and(|place| with_equation!(self, equation => place.is_beside(equation, root))))
    }

    fn unite(&mut self, a: usize, b: usize) {
        let other = self.groups.remove(b);
        let group = &mut self.groups[a];
        group.samples.extend(other.samples);
        group.hits += other.hits;
        group.from_known = group.from_known.or(other.from_known);
        group.is_curve |= other.is_curve;
    }

    fn is_one(&self, a: usize, b: usize) -> Result<bool, SpectrumError> {
        let (a, b) = (&self.groups[a], &self.groups[b]);
        let there = &b.samples[0].point;
        let from = a.nearest(there);
        let to = &b.nearest(&from.point).point;
        with_equation!(self, equation => from.leads_to(equation, to))
    }

    /// The fixed point that stands for a group: where the fixed points go on in most directions, and there the one with the
    /// smallest q.
    fn standing_for(&self, group: Group) -> Result<FixedPoint, SpectrumError> {
        let mut candidates = Vec::new();
        for root in group.samples {
            let state = self.state(&root.point);
            candidates.push((q(self.map, &state), state, root));
        }
        candidates.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut best: Option<(f64, Vec<f64>, Vec<f64>, Flatness)> = None;
        for (q, state, root) in candidates.into_iter().take(DESCRIBED) {
            let flatness = self.describe(&root)?;
            let is_better = best
                .as_ref()
                .is_none_or(|best| flatness.continuum_dim > best.3.continuum_dim);
            if is_better {
                best = Some((q, state, root.point, flatness));
            }
        }
        let (q, state, coordinates, mut flatness) = best.unwrap_or_default();
        if group.is_curve {
            flatness.continuum_dim = flatness.continuum_dim.max(1);
            flatness.is_marginal = true;
            flatness.index = None;
        }
        let mut spectrum = Spectrum::at(self.map, &state)?;
        spectrum.rest_along(flatness.continuum_dim);
        Ok(FixedPoint {
            index: flatness.index.unwrap_or(0),
            spectrum,
            certificate: None,
            flatness: Some(flatness),
            found: group.found,
            from_known: group.from_known,
            hits: group.hits,
            is_on_fiber: false,
            state,
            coordinates,
            q,
        })
    }

    /// What the indices of everything found sum to; `None` where that of a degenerate point is not known.
    pub(super) fn index_sum_so_far(&self) -> Option<i32> {
        let mut sum = self.findings.index_sum();
        for group in &self.groups {
            sum += i32::from(group.index()?);
        }
        Some(sum)
    }
}
