//! Two runs: the same end? the same path?

use super::{Comparison, Distances};

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

impl Comparison {
    /// Two runs, by their places.
    pub fn pair(&self, first: usize, second: usize) -> PairSummary {
        let verdict = |measure: &str| {
            let of = self.distances.iter().find(|of| of.measure == measure);
            match of.map(|of| of.matrix.cell(first, second)) {
                Some(Ok(distance)) if *distance == 0.0 => Verdict::Same,
                Some(Ok(_)) => Verdict::Other,
                _ => Verdict::Unknown,
            }
        };
        let [a, b] = [first, second].map(|place| self.runs[place].events.iter().flatten());
        let shared = a.zip(b).take_while(|(a, b)| a.kind == b.kind).count();
        let distance = |of: &Distances| {
            let cell = of.matrix.cell(first, second);
            cell.clone().map_err(|why| why.0.into_owned())
        };
        PairSummary {
            places: [first, second],
            end: verdict("topology"),
            path: verdict("path-order"),
            first_events_shared: shared,
            distances: self.distances.iter().map(distance).collect(),
        }
    }

    /// All pairs.
    pub fn pairs(&self) -> impl Iterator<Item = PairSummary> {
        let count = self.runs.len();
        (0..count).flat_map(move |a| (a + 1..count).map(move |b| self.pair(a, b)))
    }
}
