//! How many edits turn one graph into another.

use super::graph::Graph;
use super::part::{Pair, Part};

/// Nodes of one constant input up to which the distance is computed exactly.
const MOST_NODES: usize = 12;

/// The least number of edits that turn one graph into another: exactly, or between two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EditDistance {
    /// No fewer do.
    pub lower: usize,
    /// As many do.
    pub upper: usize,
}

impl EditDistance {
    /// Whether both bounds are the distance.
    pub fn is_exact(self) -> bool {
        self.lower == self.upper
    }
}

/// The edit distance of two graphs at the same constant inputs: a node or an edge is added or removed, or takes another label
/// or cause, each at cost 1. A node keeps its constant input, so the distances of the inputs add up.
///
/// Only the nodes are compared if nobody looked for the edges of one of the two.
///
/// For each constant input:
/// 1. Lower bounds: labels and causes that have no counterpart; and the cheapest assignment of nodes in the costs of their
///    labels and half of their edges, as if each node could choose its neighbours anew (Riesen & Bunke 2009; Blumenthal & Gamper
///    2018, BRANCH).
/// 2. The upper bound is what that assignment costs, made better by exchanging two partners while that helps.
/// 3. Up to 12 nodes the search for a cheaper assignment goes on, depth first, and leaves out what step 1 shows to be no cheaper
///    (Abu-Aisheh et al. 2015), until there is none or a million partial assignments were tried.
pub fn edit_distance(a: &Graph, b: &Graph) -> EditDistance {
    let with_edges = a.has_edges && b.has_edges;
    let mut sum = EditDistance::default();
    for (of_a, of_b) in a.parts().into_iter().zip(b.parts()) {
        let (a, b) = (Part::of(a, of_a, with_edges), Part::of(b, of_b, with_edges));
        let part = of_pair(&if a.nodes() <= b.nodes() {
            Pair::of(a, b)
        } else {
            Pair::of(b, a)
        });
        sum.lower += part.lower;
        sum.upper += part.upper;
    }
    sum
}

fn of_pair(pair: &Pair<'_>) -> EditDistance {
    let bounds = bounds(pair);
    if !bounds.is_exact() && pair.many.nodes() <= MOST_NODES {
        return pair.searched(bounds);
    }
    bounds
}

/// Steps 1 and 2.
pub(super) fn bounds(pair: &Pair<'_>) -> EditDistance {
    let labels = pair.label_bound();
    if !pair.has_edges() {
        return EditDistance {
            lower: labels,
            upper: labels,
        };
    }
    let (branch, partners) = pair.assigned();
    let lower = branch.max(labels + pair.edge_bound());
    let mut upper = pair.cost(&partners);
    if upper > lower {
        upper = pair.improved(partners);
    }
    EditDistance { lower, upper }
}
