//! The nodes of a graph at one constant input, ready to be compared with those of many others.

use std::ops::Range;

use super::colours::hash;
use super::graph::{Graph, Label};

/// The nodes of one constant input.
pub(super) struct Part {
    /// Ascending.
    pub(super) labels: Vec<Label>,
    /// Numbers of the labels, which are compared first.
    label_keys: Vec<u64>,
    /// Causes of the edges, as bits, row by row.
    causes: Vec<u64>,
    /// Causes of the edges that leave each node, and of those that arrive.
    pub(super) around: Vec<[Tally; 2]>,
    /// Causes of all edges.
    pub(super) all: Tally,
}

impl Part {
    /// The parts of a graph, one for each constant input.
    pub(super) fn all_of(graph: &Graph) -> Vec<Self> {
        let ranges = graph.parts().into_iter();
        ranges.map(|nodes| Self::of(graph, nodes)).collect()
    }

    fn of(graph: &Graph, nodes: Range<usize>) -> Self {
        let count = nodes.len();
        let labels = graph.nodes[nodes.clone()].to_vec();
        let mut part = Self {
            label_keys: labels.iter().map(hash).collect(),
            labels,
            causes: vec![0; count * count],
            around: vec![[Tally::EMPTY, Tally::EMPTY]; count],
            all: Tally::EMPTY,
        };
        let from_here = graph.edges.range((nodes.start, 0)..(nodes.end, 0));
        for (&(from, to), edge) in from_here {
            let (from, to) = (from - nodes.start, to - nodes.start);
            part.causes[from * count + to] = edge.0;
            part.around[from][0].add(edge.0);
            part.around[to][1].add(edge.0);
            part.all.add(edge.0);
        }
        part
    }

    pub(super) fn nodes(&self) -> usize {
        self.labels.len()
    }

    #[inline]
    pub(super) fn edge(&self, from: usize, to: usize) -> u64 {
        self.causes[from * self.labels.len() + to]
    }

    /// Whether a node here has the label of a node of another part.
    pub(super) fn is_alike(&self, node: usize, other: &Self, place: usize) -> bool {
        self.label_keys[node] == other.label_keys[place] && self.labels[node] == other.labels[place]
    }
}

/// How often each cause occurs.
#[derive(Clone)]
pub(super) struct Tally {
    counts: [u16; 64],
    total: usize,
    /// Causes that occur.
    seen: u64,
}

impl Tally {
    pub(super) const EMPTY: Self = Self {
        counts: [0; 64],
        total: 0,
        seen: 0,
    };

    fn add(&mut self, causes: u64) {
        self.seen |= causes;
        let mut left = causes;
        while left != 0 {
            let count = &mut self.counts[left.trailing_zeros() as usize];
            *count = count.saturating_add(1);
            self.total += 1;
            left &= left - 1;
        }
    }

    pub(super) fn of(edges: impl Iterator<Item = u64>) -> Self {
        let mut tally = Self::EMPTY;
        edges.for_each(|causes| tally.add(causes));
        tally
    }

    /// The fewest edits that turn edges of these causes into edges of others.
    pub(super) fn gap(&self, other: &Self) -> usize {
        let mut common = 0;
        let mut left = self.seen & other.seen;
        while left != 0 {
            let cause = left.trailing_zeros() as usize;
            common += usize::from(self.counts[cause].min(other.counts[cause]));
            left &= left - 1;
        }
        self.total.max(other.total) - common
    }
}

/// Edits that turn the edges between two nodes into those between two others.
#[inline]
pub(super) fn edge_cost(a: u64, b: u64) -> usize {
    // Most pairs of nodes have the same edges, usually none.
    if a == b {
        return 0;
    }
    (a & !b).count_ones().max((b & !a).count_ones()) as usize
}
