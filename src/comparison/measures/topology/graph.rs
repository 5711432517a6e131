//! The landscapes of a network as one labelled directed graph.

use std::collections::BTreeMap;
use std::ops::Range;

use petgraph::algo::is_isomorphic_matching;
use petgraph::graph::DiGraph;

use super::super::landscapes::Asked;
use super::colours;
use crate::comparison::measure::Senseless;
use crate::comparison::portrait::{Cause, Point, Portrait};

/// Outputs nearer to 0 than this count as 0, all others as their sign. Targets of tasks are usually −1, 0 and 1, and the
/// outputs of saddles between two attractors lie near 0.
pub const SIGN_THRESHOLD: f64 = 0.5;
/// Pulses that a set of causes can hold.
const MOST_PULSES: u16 = 63;

/// What a fixed point is, as far as graphs tell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    /// Place of its constant input.
    pub condition: usize,
    /// Number of its unstable directions.
    pub n_unstable: usize,
    /// Sign of det(I − J).
    pub index: i8,
    /// −1, 0 or 1 for each output, by [`SIGN_THRESHOLD`].
    pub signs: Vec<i8>,
}

impl Label {
    fn of(condition: usize, point: &Point) -> Self {
        let sign = |output: &f64| {
            i8::from(*output >= SIGN_THRESHOLD) - i8::from(*output <= -SIGN_THRESHOLD)
        };
        Self {
            condition,
            n_unstable: point.n_unstable,
            index: point.index,
            signs: point.readout.iter().map(sign).collect(),
        }
    }
}

/// By what one comes from one fixed point to another: a set of causes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Causes(pub(super) u64);

impl Causes {
    /// `None` for a pulse beyond the 63rd.
    fn of(cause: Cause) -> Option<Self> {
        match cause {
            Cause::Manifold => Some(Self(1)),
            Cause::Pulse(number) => (number < MOST_PULSES).then(|| Self(2 << number)),
        }
    }
}

/// The fixed points of a network at all its constant inputs, and what leads from one to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    pub(in crate::comparison::measures) asked: Asked,
    /// Whether edges were looked for at every constant input.
    pub has_edges: bool,
    /// Ascending.
    pub nodes: Vec<Label>,
    /// By the places of two nodes.
    pub edges: BTreeMap<(usize, usize), Causes>,
}

impl Graph {
    /// The graph of a network. No edge leads from one constant input to another. If nobody looked for edges at one of the
    /// inputs, the graph has none.
    pub fn of(portrait: &Portrait) -> Result<Self, Senseless> {
        let asked = Asked::of(portrait)?;
        let landscapes = &portrait.landscapes;
        let has_edges = landscapes.iter().all(|landscape| landscape.edges.is_some());
        let mut labelled: Vec<(Label, usize)> = Vec::new();
        let mut first = Vec::new();
        for (condition, landscape) in landscapes.iter().enumerate() {
            first.push(labelled.len());
            let labels = landscape
                .points
                .iter()
                .map(|point| Label::of(condition, point));
            let from = labelled.len();
            labelled.extend(
                labels
                    .enumerate()
                    .map(|(place, label)| (label, from + place)),
            );
        }
        labelled.sort();
        let mut place_of = vec![0; labelled.len()];
        for (place, (_, before)) in labelled.iter().enumerate() {
            place_of[*before] = place;
        }
        let mut edges: BTreeMap<(usize, usize), Causes> = BTreeMap::new();
        for (landscape, first) in landscapes.iter().zip(first).filter(|_| has_edges) {
            for edge in landscape.edges.iter().flatten() {
                let count = landscape.points.len();
                if edge.from.max(edge.to) >= count {
                    return Err(Senseless::because(
                        "an edge of its landscape names no fixed point",
                    ));
                }
                let causes = Causes::of(edge.cause).ok_or(Senseless::because(
                    "its landscape has edges by more than 63 pulses",
                ))?;
                let ends = (place_of[first + edge.from], place_of[first + edge.to]);
                edges.entry(ends).or_default().0 |= causes.0;
            }
        }
        Ok(Self {
            asked,
            has_edges,
            nodes: labelled.into_iter().map(|(label, _)| label).collect(),
            edges,
        })
    }

    /// The places of the nodes of each constant input.
    pub(super) fn parts(&self) -> Vec<Range<usize>> {
        let end = |condition| {
            self.nodes
                .partition_point(|label| label.condition <= condition)
        };
        let ends = (0..self.asked.conditions.len()).map(end);
        ends.scan(0, |from, end| Some(std::mem::replace(from, end)..end))
            .collect()
    }

    /// A number that isomorphic graphs share, and others hardly ever.
    pub fn key(&self) -> u64 {
        colours::key(self)
    }

    /// Whether there is a bijection of the nodes that keeps labels and edges with their causes (Cordella et al. 2004, in
    /// petgraph); refined colours beside the labels spare it most trials.
    pub fn is_isomorphic(&self, other: &Self) -> bool {
        self.asked == other.asked
            && self.has_edges == other.has_edges
            && self.nodes == other.nodes
            && is_isomorphic_matching(
                &self.as_petgraph(),
                &other.as_petgraph(),
                |a, b| a == b,
                |a, b| a == b,
            )
    }

    fn as_petgraph(&self) -> DiGraph<(&Label, u64), Causes> {
        let mut graph = DiGraph::new();
        let nodes: Vec<_> = self
            .nodes
            .iter()
            .zip(colours::refined(self))
            .map(|node| graph.add_node(node))
            .collect();
        for (&(from, to), &causes) in &self.edges {
            graph.add_edge(nodes[from], nodes[to], causes);
        }
        graph
    }
}

/// The class of each graph, given with its key: isomorphic ones have the same, numbered as they first appear.
pub fn classes(graphs: &[(u64, &Graph)]) -> Vec<usize> {
    let mut first_ones: BTreeMap<u64, Vec<(usize, &Graph)>> = BTreeMap::new();
    let mut count = 0;
    let mut classes = Vec::with_capacity(graphs.len());
    for &(key, graph) in graphs {
        let known = first_ones.entry(key).or_default();
        let same = known.iter().find(|(_, other)| other.is_isomorphic(graph));
        let class = same.map_or(count, |(class, _)| *class);
        if class == count {
            known.push((count, graph));
            count += 1;
        }
        classes.push(class);
    }
    classes
}
