//! Colours of the nodes of a graph that do not depend on their order (Weisfeiler & Leman 1968).

use std::hash::{Hash, Hasher};

use super::graph::Graph;

/// FNV-1a with a finish that mixes the upper bits: the same on every machine and in every version.
struct Stable(u64);

impl Stable {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Stable {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 29)
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = Stable::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The colour of each node.
///
/// 1. A node has the colour of its label.
/// 2. Its next colour is made of its colour, and of the causes and colours at the other ends of its edges, those that leave it
///    and those that arrive, each as a sorted list.
/// 3. Again, until the number of colours grows no more.
pub(super) fn refined(graph: &Graph) -> Vec<u64> {
    let mut colours: Vec<u64> = graph.nodes.iter().map(hash).collect();
    let mut count = distinct(&colours);
    loop {
        let mut around = vec![(Vec::new(), Vec::new()); colours.len()];
        for (&(from, to), causes) in &graph.edges {
            around[from].0.push((causes, colours[to]));
            around[to].1.push((causes, colours[from]));
        }
        let parts = colours.iter().zip(&mut around);
        let next: Vec<u64> = parts
            .map(|(colour, (leaving, arriving))| {
                leaving.sort_unstable();
                arriving.sort_unstable();
                hash(&(colour, leaving, arriving))
            })
            .collect();
        let next_count = distinct(&next);
        colours = next;
        if next_count <= count {
            return colours;
        }
        count = next_count;
    }
}

/// A number made of the sorted colours, of what was asked, and of whether edges were looked for.
pub(super) fn key(graph: &Graph) -> u64 {
    let mut colours = refined(graph);
    colours.sort_unstable();
    hash(&(&graph.asked, graph.has_edges, colours))
}

fn distinct(colours: &[u64]) -> usize {
    let mut sorted = colours.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.len()
}
