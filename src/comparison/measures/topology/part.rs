//! Two graphs at one constant input, and what it costs to turn one into the other.

use std::ops::Range;

use super::edit::EditDistance;
use super::graph::{Graph, Label};
use crate::comparison::assignment::Assignment;

/// Partial assignments that a search tries, at most.
const MOST_TRIALS: usize = 1_000_000;

/// Nobody.
const FREE: usize = usize::MAX;

/// The nodes of one constant input.
pub(super) struct Part<'a> {
    labels: &'a [Label],
    /// Causes of the edges, as bits, row by row.
    causes: Vec<u64>,
}

impl<'a> Part<'a> {
    pub(super) fn of(graph: &'a Graph, nodes: Range<usize>, with_edges: bool) -> Self {
        let count = nodes.len();
        let mut causes = vec![0; count * count];
        if with_edges {
            let from_here = graph.edges.range((nodes.start, 0)..(nodes.end, 0));
            for (&(from, to), edge) in from_here {
                causes[(from - nodes.start) * count + to - nodes.start] = edge.0;
            }
        }
        Self {
            labels: &graph.nodes[nodes],
            causes,
        }
    }

    pub(super) fn nodes(&self) -> usize {
        self.labels.len()
    }

    fn edge(&self, from: usize, to: usize) -> u64 {
        self.causes[from * self.labels.len() + to]
    }
}

/// How often each cause occurs.
#[derive(Clone)]
struct Tally {
    counts: [u16; 64],
    total: usize,
    /// Causes that occur.
    seen: u64,
}

impl Tally {
    const EMPTY: Self = Self {
        counts: [0; 64],
        total: 0,
        seen: 0,
    };

    fn add(&mut self, causes: u64) {
        self.seen |= causes;
        let mut left = causes;
        while left != 0 {
            self.counts[left.trailing_zeros() as usize] += 1;
            self.total += 1;
            left &= left - 1;
        }
    }

    fn of(edges: impl Iterator<Item = u64>) -> Self {
        let mut tally = Self::EMPTY;
        edges.for_each(|causes| tally.add(causes));
        tally
    }

    /// The fewest edits that turn edges of these causes into edges of others.
    fn gap(&self, other: &Self) -> usize {
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
fn edge_cost(a: u64, b: u64) -> usize {
    (a & !b).count_ones().max((b & !a).count_ones()) as usize
}

/// The part with fewer nodes and the one with more: each node of the first becomes one of the second, and the others of the
/// second are added. To remove a node and to add another is never cheaper than to give it another label.
pub(super) struct Pair<'a> {
    few: Part<'a>,
    pub(super) many: Part<'a>,
}

impl<'a> Pair<'a> {
    pub(super) fn of(few: Part<'a>, many: Part<'a>) -> Self {
        Self { few, many }
    }

    pub(super) fn has_edges(&self) -> bool {
        let mut edges = self.few.causes.iter().chain(&self.many.causes);
        edges.any(|causes| *causes != 0)
    }

    /// Edits of nodes alone, at least.
    pub(super) fn label_bound(&self) -> usize {
        let few: Vec<usize> = (0..self.few.nodes()).collect();
        let many: Vec<usize> = (0..self.many.nodes()).collect();
        self.label_gap(&few, &many)
    }

    /// Of some nodes of both, in ascending order.
    fn label_gap(&self, few: &[usize], many: &[usize]) -> usize {
        let (mut a, mut b, mut common) = (0, 0, 0);
        while a < few.len() && b < many.len() {
            match self.few.labels[few[a]].cmp(&self.many.labels[many[b]]) {
                std::cmp::Ordering::Less => a += 1,
                std::cmp::Ordering::Greater => b += 1,
                std::cmp::Ordering::Equal => {
                    (a, b, common) = (a + 1, b + 1, common + 1);
                }
            }
        }
        few.len().max(many.len()) - common
    }

    /// Edits of edges alone, at least.
    pub(super) fn edge_bound(&self) -> usize {
        let all = |part: &Part<'_>| Tally::of(part.causes.iter().copied());
        all(&self.few).gap(&all(&self.many))
    }

    /// The cheapest assignment as if each node could choose its neighbours anew: a lower bound, and the partner of each node.
    pub(super) fn assigned(&self) -> (usize, Vec<usize>) {
        let around = |part: &Part<'_>| -> Vec<[Tally; 2]> {
            let places = 0..part.nodes();
            let tallies = places.clone().map(|node| {
                [
                    Tally::of(places.clone().map(|to| part.edge(node, to))),
                    Tally::of(places.clone().map(|from| part.edge(from, node))),
                ]
            });
            tallies.collect()
        };
        let (of_few, of_many) = (around(&self.few), around(&self.many));
        let nobody = [Tally::EMPTY, Tally::EMPTY];
        let count = self.many.nodes();
        let mut costs = Vec::with_capacity(count * count);
        for row in 0..count {
            let own = of_few.get(row).unwrap_or(&nobody);
            let label = self.few.labels.get(row);
            costs.extend(
                of_many
                    .iter()
                    .zip(self.many.labels)
                    .map(|(other, other_label)| {
                        let edges = own[0].gap(&other[0]) + own[1].gap(&other[1]);
                        f64::from(u8::from(label != Some(other_label))) + 0.5 * edges as f64
                    }),
            );
        }
        let mut assignment = Assignment::default();
        let partners = assignment.solve(count, &costs);
        let sum: f64 = partners
            .iter()
            .enumerate()
            .map(|(row, column)| costs[row * count + column])
            .sum();
        (sum.ceil() as usize, partners[..self.few.nodes()].to_vec())
    }

    /// Edits if each node of the smaller part becomes its partner.
    pub(super) fn cost(&self, partners: &[usize]) -> usize {
        let mut node_of = vec![FREE; self.many.nodes()];
        for (node, partner) in partners.iter().enumerate() {
            node_of[*partner] = node;
        }
        self.cost_of(&node_of)
    }

    /// The same by the node of each partner.
    fn cost_of(&self, node_of: &[usize]) -> usize {
        let places = 0..self.many.nodes();
        let nodes: usize = places
            .clone()
            .map(|place| self.node_cost(node_of, place))
            .sum();
        let edges = places
            .clone()
            .flat_map(|from| places.clone().map(move |to| (from, to)));
        nodes
            + edges
                .map(|(from, to)| self.pair_cost(node_of, from, to))
                .sum::<usize>()
    }

    fn node_cost(&self, node_of: &[usize], place: usize) -> usize {
        usize::from(self.few.labels.get(node_of[place]) != Some(&self.many.labels[place]))
    }

    fn pair_cost(&self, node_of: &[usize], from: usize, to: usize) -> usize {
        let (a, b) = (node_of[from], node_of[to]);
        let before = if a == FREE || b == FREE {
            0
        } else {
            self.few.edge(a, b)
        };
        edge_cost(before, self.many.edge(from, to))
    }

    /// What depends on the nodes at two places.
    fn cost_around(&self, node_of: &[usize], first: usize, second: usize) -> usize {
        let mut sum = self.node_cost(node_of, first) + self.node_cost(node_of, second);
        for other in 0..self.many.nodes() {
            sum += self.pair_cost(node_of, first, other) + self.pair_cost(node_of, second, other);
            if other != first && other != second {
                sum +=
                    self.pair_cost(node_of, other, first) + self.pair_cost(node_of, other, second);
            }
        }
        sum
    }

    /// The cost after exchanging two partners while that helps.
    pub(super) fn improved(&self, partners: Vec<usize>) -> usize {
        let mut node_of = vec![FREE; self.many.nodes()];
        for (node, partner) in partners.into_iter().enumerate() {
            node_of[partner] = node;
        }
        loop {
            let mut is_better = false;
            for first in 0..node_of.len() {
                for second in first + 1..node_of.len() {
                    let before = self.cost_around(&node_of, first, second);
                    node_of.swap(first, second);
                    if self.cost_around(&node_of, first, second) < before {
                        is_better = true;
                    } else {
                        node_of.swap(first, second);
                    }
                }
            }
            if !is_better {
                return self.cost_of(&node_of);
            }
        }
    }

    /// Depth-first search for an assignment cheaper than the upper bound.
    pub(super) fn searched(&self, bounds: EditDistance) -> EditDistance {
        let mut search = Search {
            pair: self,
            partners: Vec::new(),
            lower: bounds.lower,
            best: bounds.upper,
            trials: 0,
        };
        search.deepen(0);
        let is_exact = search.trials < MOST_TRIALS;
        EditDistance {
            lower: if is_exact { search.best } else { bounds.lower },
            upper: search.best,
        }
    }

    /// Edits of what a partial assignment has not decided yet, at least: labels of the nodes that are left, edges among them,
    /// and between each assigned node and them.
    fn bound_of_rest(&self, partners: &[usize]) -> usize {
        let few: Vec<usize> = (partners.len()..self.few.nodes()).collect();
        let many: Vec<usize> = (0..self.many.nodes())
            .filter(|place| !partners.contains(place))
            .collect();
        let among = |part: &Part<'_>, nodes: &[usize]| {
            let pairs = nodes
                .iter()
                .flat_map(|from| nodes.iter().map(|to| part.edge(*from, *to)));
            Tally::of(pairs)
        };
        let mut sum =
            self.label_gap(&few, &many) + among(&self.few, &few).gap(&among(&self.many, &many));
        for (node, &partner) in partners.iter().enumerate() {
            let leaving = Tally::of(few.iter().map(|to| self.few.edge(node, *to)));
            sum += leaving.gap(&Tally::of(
                many.iter().map(|to| self.many.edge(partner, *to)),
            ));
            let arriving = Tally::of(few.iter().map(|from| self.few.edge(*from, node)));
            sum += arriving.gap(&Tally::of(
                many.iter().map(|from| self.many.edge(*from, partner)),
            ));
        }
        sum
    }

    /// Edits that the partner of the last assigned node decides.
    fn decided_by_last(&self, partners: &[usize]) -> usize {
        let Some((&partner, before)) = partners.split_last() else {
            return 0;
        };
        let node = before.len();
        let mut sum = usize::from(self.few.labels[node] != self.many.labels[partner]);
        sum += edge_cost(self.few.edge(node, node), self.many.edge(partner, partner));
        for (other, &place) in before.iter().enumerate() {
            sum += edge_cost(self.few.edge(node, other), self.many.edge(partner, place));
            sum += edge_cost(self.few.edge(other, node), self.many.edge(place, partner));
        }
        sum
    }
}

struct Search<'a> {
    pair: &'a Pair<'a>,
    /// Of the first nodes of the smaller part.
    partners: Vec<usize>,
    lower: usize,
    best: usize,
    trials: usize,
}

impl Search<'_> {
    fn deepen(&mut self, cost: usize) {
        if self.best == self.lower || self.trials >= MOST_TRIALS {
            return;
        }
        if self.partners.len() == self.pair.few.nodes() {
            self.best = self
                .best
                .min(cost + self.pair.bound_of_rest(&self.partners));
            return;
        }
        let mut choices = Vec::new();
        for place in 0..self.pair.many.nodes() {
            if self.partners.contains(&place) {
                continue;
            }
            self.trials += 1;
            self.partners.push(place);
            let decided = cost + self.pair.decided_by_last(&self.partners);
            let bound = decided + self.pair.bound_of_rest(&self.partners);
            self.partners.pop();
            if bound < self.best {
                choices.push((bound, decided, place));
            }
        }
        choices.sort_unstable();
        for (bound, decided, place) in choices {
            if bound < self.best {
                self.partners.push(place);
                self.deepen(decided);
                self.partners.pop();
            }
        }
    }
}
