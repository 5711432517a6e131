//! Two runs: the same end? the same path?

use super::{Comparison, Distances};

/// The measures that decide.
const END: &str = "topology";
const PATH: &str = "path-order";

/// An answer to one of the two questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The same, by the measure that decides.
    Same,
    /// Not the same.
    Other,
    /// The measure that decides makes no sense of them.
    Unknown,
}

impl Verdict {
    /// In a table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }
}

/// Two runs held against each other.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PairSummary {
    /// Places of the runs.
    pub places: [usize; 2],
    /// Whether the graphs of their last fixed points are isomorphic.
    pub end: Verdict,
    /// Whether their bifurcations came in the same order.
    pub path: Verdict,
    /// Number of bifurcations that both began with.
    pub first_events_shared: usize,
    /// The distances by each measure, in the order of [`Comparison::distances`]; `Err` says why there is none.
    pub distances: Vec<Result<f64, String>>,
}

/// The pairs of a run of one group and a run of another, or of two runs of one.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PairCount {
    /// Names of the groups.
    pub groups: [String; 2],
    /// Number of pairs.
    pub pairs: usize,
    /// How many of them have the same end.
    pub same_end: usize,
    /// How many have the same path.
    pub same_path: usize,
    /// How many bifurcations both began with, on average.
    pub first_events_shared: f64,
}

impl Comparison {
    fn verdict(&self, measure: &str, first: usize, second: usize) -> Verdict {
        let of = self.distances.iter().find(|of| of.measure == measure);
        match of.map(|of| of.matrix.cell(first, second)) {
            Some(Ok(distance)) if *distance == 0.0 => Verdict::Same,
            Some(Ok(_)) => Verdict::Other,
            _ => Verdict::Unknown,
        }
    }

    fn first_events_shared(&self, first: usize, second: usize) -> usize {
        let [a, b] = [first, second].map(|place| self.runs[place].events.iter().flatten());
        a.zip(b).take_while(|(a, b)| a.kind == b.kind).count()
    }

    /// Whether two runs have one seed, and so, with one cell, the same weights before training.
    pub fn is_of_one_seed(&self, first: usize, second: usize) -> bool {
        let [a, b] = [first, second].map(|place| self.runs[place].seed);
        a.is_some() && a == b
    }

    /// How many pairs of runs, `is_counted` by their places, end alike and got there alike, for each two groups that have any.
    pub fn pair_counts(&self, is_counted: impl Fn(usize, usize) -> bool) -> Vec<PairCount> {
        let mut counts: Vec<PairCount> = Vec::new();
        for first in 0..self.runs.len() {
            for second in (first + 1..self.runs.len()).filter(|&of| is_counted(first, of)) {
                let groups = [first, second].map(|place| self.runs[place].group.clone());
                let place = counts.iter().position(|of| of.groups == groups);
                let place = place.unwrap_or_else(|| {
                    counts.push(PairCount {
                        groups,
                        pairs: 0,
                        same_end: 0,
                        same_path: 0,
                        first_events_shared: 0.0,
                    });
                    counts.len() - 1
                });
                let of = &mut counts[place];
                let is_same = |measure| self.verdict(measure, first, second) == Verdict::Same;
                of.pairs += 1;
                of.same_end += usize::from(is_same(END));
                of.same_path += usize::from(is_same(PATH));
                of.first_events_shared += self.first_events_shared(first, second) as f64;
            }
        }
        for of in &mut counts {
            of.first_events_shared /= of.pairs as f64;
        }
        counts.sort_by(|a, b| a.groups.cmp(&b.groups));
        counts
    }

    /// Two runs, by their places.
    pub fn pair(&self, first: usize, second: usize) -> PairSummary {
        let distance = |of: &Distances| {
            let cell = of.matrix.cell(first, second);
            cell.clone().map_err(|why| why.0.into_owned())
        };
        PairSummary {
            places: [first, second],
            end: self.verdict(END, first, second),
            path: self.verdict(PATH, first, second),
            first_events_shared: self.first_events_shared(first, second),
            distances: self.distances.iter().map(distance).collect(),
        }
    }

    /// All pairs.
    pub fn pairs(&self) -> impl Iterator<Item = PairSummary> {
        let count = self.runs.len();
        (0..count).flat_map(move |a| (a + 1..count).map(move |b| self.pair(a, b)))
    }
}
