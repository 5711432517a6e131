//! What is asked of networks: of one of them, and of those of a family.

use super::Seen;
use super::family::{Family, Sampling};
use super::zone::mean_outside;

impl Seen {
    /// Width of its zone; 0 without one.
    pub(super) fn width(&self) -> f64 {
        self.zone.map_or(0.0, |[low, high]| high - low)
    }

    /// The same in widths of the trained range.
    pub(super) fn relative_width(&self) -> f64 {
        self.width() / self.sampling.width()
    }

    /// Whether it is right half-way between all trained values.
    pub(super) fn fills_gaps(&self) -> bool {
        let mut between = self.between.iter();
        between.all(|accuracy| *accuracy >= self.family.right())
    }

    /// Mean error at a distance of up to half the width of the trained range outside, and at half to once the width.
    pub(super) fn errors_outside(&self) -> [f64; 2] {
        let (grid, width) = (self.family.grid(), self.sampling.width());
        let mean = |from: f64, to: f64| {
            let distances = [from * width + 1e-9, to * width];
            1.0 - mean_outside(&grid, &self.accuracies, self.sampling.range, distances)
        };
        [mean(0.0, 0.5), mean(0.5, 1.0)]
    }

    /// The lower (0) or the upper (1) edge of its zone, if that lies within the grid.
    pub(super) fn edge(&self, side: usize) -> Option<f64> {
        let grid = self.family.grid();
        let last = [grid[0], grid[grid.len() - 1]][side];
        self.zone
            .map(|zone| zone[side])
            .filter(|edge| *edge != last)
    }

    /// Distance from that edge to where motion ends on its side, in widths of the trained range; infinite where it does not.
    pub(super) fn edge_to_end(&self, side: usize) -> Option<f64> {
        let edge = self.edge(side)?;
        let end = self.ends[side].as_ref().map(|end| (end.at - edge).abs());
        Some(end.map_or(f64::INFINITY, |off| off / self.sampling.width()))
    }
}

impl Seen {
    /// The least pulse of a length that turns a memory over, over the constant input at the fold.
    pub(super) fn threshold_over_fold(&self, length: usize) -> Option<f64> {
        let (code, fold) = self.ends[0].as_ref()?.event?;
        (code == "LP").then(|| self.thresholds.get(length).map(|of| of / fold))?
    }
}

/// The networks of a family, of those that learned what they were trained on.
pub(super) struct Networks<'a> {
    pub(super) family: Family,
    pub(super) all: &'a [Seen],
}

impl<'a> Networks<'a> {
    pub(super) fn of(&self, is: impl Fn(&Sampling) -> bool) -> Vec<&'a Seen> {
        let learned = self.all.iter().filter(|of| of.family == self.family);
        learned
            .filter(|of| of.has_learned() && is(&of.sampling))
            .collect()
    }

    pub(super) fn every(&self) -> Vec<&'a Seen> {
        self.of(|_| true)
    }

    /// Those that were trained on the range of the family, with so many values.
    pub(super) fn dense(&self, count: usize) -> Vec<&'a Seen> {
        self.of(|sampling| sampling.range == self.family.range() && sampling.count == count)
    }

    pub(super) fn on(&self, range: [f64; 2]) -> Vec<&'a Seen> {
        self.of(|sampling| sampling.range == range)
    }

    /// Numbers of values over the range of the family, rising.
    pub(super) fn densities(&self) -> Vec<usize> {
        let of_family = self.all.iter().filter(|of| of.family == self.family);
        let dense = of_family.filter(|of| of.sampling.range == self.family.range());
        let mut counts: Vec<usize> = dense.map(|of| of.sampling.count).collect();
        counts.sort_unstable();
        counts.dedup();
        counts
    }
}
