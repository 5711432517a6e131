//! How many edits turn the landscape of one network into that of another, as graphs.

mod colours;
mod edit;
mod graph;
mod pair;
mod part;

use std::borrow::Cow;

pub use edit::{EditDistance, edit_distance};
pub use graph::{Causes, Graph, Label, SIGN_THRESHOLD, classes};

use super::super::measure::{Measure, Senseless};
use super::super::portrait::Portrait;
use super::landscapes::incomplete;
use part::Part;

/// The edit distance of the graphs of two networks: fixed points labelled by constant input, unstable directions, index and
/// signs of their outputs; edges where the unstable manifold of one leads to another, and where a pulse of the task does.
///
/// 0 exactly if the graphs are isomorphic. Where a constant input has more than 12 fixed points the number is an upper bound;
/// [`Topology::bounds`] has the lower one, too. Equal graphs do not imply equal dynamics: they are coarser than conjugacy.
pub struct Topology;

/// The graph of a network.
pub struct Charted {
    /// The graph.
    pub graph: Graph,
    parts: Vec<Part>,
    key: u64,
    class: Option<usize>,
    incomplete: Option<String>,
}

impl Topology {
    /// The distance between its bounds, the same in either order.
    pub fn bounds(a: &Charted, b: &Charted) -> Result<EditDistance, Senseless> {
        a.graph.asked.must_be(&b.graph.asked)?;
        let is_same = match (a.class, b.class) {
            (Some(a), Some(b)) => a == b,
            _ => a.key == b.key && a.graph.is_isomorphic(&b.graph),
        };
        if is_same {
            return Ok(EditDistance::default());
        }
        let is_in_order = (a.key, a.class) <= (b.key, b.class);
        let (a, b) = if is_in_order { (a, b) } else { (b, a) };
        let with_edges = a.graph.has_edges && b.graph.has_edges;
        Ok(edit::of_parts(&a.parts, &b.parts, with_edges))
    }
}

impl Measure for Topology {
    type View = Charted;

    fn name(&self) -> &'static str {
        "topology"
    }

    fn about(&self) -> &'static str {
        "Edits that turn the graph of fixed points, unstable manifolds and pulses of one network into \
         that of the other; 0 if they are isomorphic."
    }

    fn needs(&self) -> &'static str {
        "landscapes at constant inputs of the same names, and as many outputs; tasks and sizes may differ"
    }

    fn view(&self, portrait: &Portrait) -> Result<Charted, Senseless> {
        let graph = Graph::of(portrait)?;
        Ok(Charted {
            key: graph.key(),
            parts: Part::all_of(&graph),
            graph,
            class: None,
            incomplete: incomplete(portrait),
        })
    }

    fn settle(&self, views: &mut [&mut Charted]) {
        let graphs: Vec<(u64, &Graph)> = views.iter().map(|view| (view.key, &view.graph)).collect();
        let classes = classes(&graphs);
        for (view, class) in views.iter_mut().zip(classes) {
            view.class = Some(class);
        }
    }

    fn distance(&self, a: &Charted, b: &Charted) -> Result<f64, Senseless> {
        Ok(Self::bounds(a, b)?.upper as f64)
    }

    fn class(&self, view: &Charted) -> Option<usize> {
        view.class
    }

    fn caveat(&self, view: &Charted) -> Option<Cow<'static, str>> {
        let edges = (!view.graph.has_edges)
            .then(|| "nobody looked for what leads from one fixed point to another: only the points are compared".to_owned());
        let words: Vec<String> = edges.into_iter().chain(view.incomplete.clone()).collect();
        (!words.is_empty()).then(|| Cow::Owned(words.join("; ")))
    }
}

#[cfg(test)]
mod tests;
