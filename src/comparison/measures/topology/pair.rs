//! Two graphs at one constant input, and what it costs to turn one into the other.

use super::edit::EditDistance;
use super::part::{Part, Tally, edge_cost};
use crate::comparison::assignment::Assignment;

/// Partial assignments that a search tries, at most.
const MOST_TRIALS: usize = 1_000_000;
/// Nobody.
const FREE: usize = usize::MAX;

/// What the cheapest assignment of nodes alone tells.
pub(super) struct Assigned {
    /// No fewer edits do.
    pub(super) lower: usize,
    /// The node that becomes each node of the larger part.
    pub(super) node_of: Vec<usize>,
    /// What each node costs at each place, at least: its label and half of its edges; row by row, nobody in the last rows.
    costs: Vec<f64>,
}

/// The part with fewer nodes and the one with more: each node of the first becomes one of the second, and the others of the
/// second are added. To remove a node and to add another is never cheaper than to give it another label.
pub(super) struct Pair<'a> {
    few: &'a Part,
    pub(super) many: &'a Part,
}

impl<'a> Pair<'a> {
    /// Of two parts in any order.
    pub(super) fn of(a: &'a Part, b: &'a Part) -> Self {
        let (few, many) = if a.nodes() <= b.nodes() {
            (a, b)
        } else {
            (b, a)
        };
        Self { few, many }
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
        self.few.all.gap(&self.many.all)
    }

    /// The cheapest assignment as if each node could choose its neighbours anew.
    pub(super) fn assigned(&self) -> Assigned {
        let nobody = [Tally::EMPTY, Tally::EMPTY];
        let count = self.many.nodes();
        let mut costs = Vec::with_capacity(count * count);
        for node in 0..count {
            let own = self.few.around.get(node).unwrap_or(&nobody);
            let others = self.many.around.iter().enumerate();
            costs.extend(others.map(|(place, other)| {
                let edges = own[0].gap(&other[0]) + own[1].gap(&other[1]);
                self.label_cost(node, place) as f64 + 0.5 * edges as f64
            }));
        }
        let mut assignment = Assignment::default();
        let partners = assignment.solve(count, &costs);
        let mut node_of = vec![FREE; count];
        let mut sum = 0.0;
        for (node, &partner) in partners.iter().enumerate() {
            sum += costs[node * count + partner];
            if node < self.few.nodes() {
                node_of[partner] = node;
            }
        }
        Assigned {
            lower: sum.ceil() as usize,
            node_of,
            costs,
        }
    }

    /// 0 where a node becomes one of the same label; nobody becomes a node at cost 1.
    fn label_cost(&self, node: usize, place: usize) -> usize {
        let is_same = node < self.few.nodes() && self.few.is_alike(node, self.many, place);
        usize::from(!is_same)
    }

    #[inline]
    fn pair_cost(&self, node_of: &[usize], from: usize, to: usize) -> usize {
        let (a, b) = (node_of[from], node_of[to]);
        let is_new = a == FREE || b == FREE;
        let before = if is_new { 0 } else { self.few.edge(a, b) };
        edge_cost(before, self.many.edge(from, to))
    }

    /// Edits if these nodes become those of the larger part.
    pub(super) fn cost(&self, node_of: &[usize]) -> usize {
        let mut sum = 0;
        for from in 0..node_of.len() {
            sum += self.label_cost(node_of[from], from);
            sum += (0..node_of.len())
                .map(|to| self.pair_cost(node_of, from, to))
                .sum::<usize>();
        }
        sum
    }

    /// What depends on the node at one place, and not on that at another.
    fn edges_around(&self, node_of: &[usize], place: usize, without: usize) -> usize {
        let others = (0..node_of.len()).filter(|other| *other != place && *other != without);
        let edges = others.map(|other| {
            self.pair_cost(node_of, place, other) + self.pair_cost(node_of, other, place)
        });
        edges.sum::<usize>() + self.pair_cost(node_of, place, place)
    }

    /// What depends on the nodes at two places, beside their labels.
    fn edges_of_both(&self, node_of: &[usize], first: usize, second: usize) -> usize {
        self.edges_around(node_of, first, second)
            + self.edges_around(node_of, second, first)
            + self.pair_cost(node_of, first, second)
            + self.pair_cost(node_of, second, first)
    }

    /// The cost after exchanging two nodes while that helps. An exchange saves no more than what the two places cost now less
    /// what the nodes cost there at least.
    pub(super) fn improved(&self, assigned: Assigned) -> usize {
        let Assigned {
            mut node_of, costs, ..
        } = assigned;
        let count = node_of.len();
        let around = |node_of: &[usize]| -> Vec<usize> {
            (0..count)
                .map(|place| self.edges_around(node_of, place, FREE))
                .collect()
        };
        let least = |node: usize, place: usize| {
            let row = if node == FREE { count - 1 } else { node };
            costs[row * count + place]
        };
        let mut edges = around(&node_of);
        loop {
            let mut is_better = false;
            for first in 0..count {
                for second in first + 1..count {
                    let (a, b) = (node_of[first], node_of[second]);
                    let labels = self.label_cost(a, first) + self.label_cost(b, second);
                    let most = labels + edges[first] + edges[second];
                    if most > 0
                        && least(b, first) + least(a, second) < most as f64
                        && self.exchanged(&mut node_of, first, second)
                    {
                        edges = around(&node_of);
                        is_better = true;
                    }
                }
            }
            if !is_better {
                return self.cost(&node_of);
            }
        }
    }

    /// Exchanges two nodes if that costs less; whether it does.
    fn exchanged(&self, node_of: &mut [usize], first: usize, second: usize) -> bool {
        let cost = |node_of: &[usize]| {
            self.label_cost(node_of[first], first)
                + self.label_cost(node_of[second], second)
                + self.edges_of_both(node_of, first, second)
        };
        let before = cost(node_of);
        node_of.swap(first, second);
        let is_better = cost(node_of) < before;
        if !is_better {
            node_of.swap(first, second);
        }
        is_better
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
        let among = |part: &Part, nodes: &[usize]| {
            let pairs = nodes
                .iter()
                .flat_map(|from| nodes.iter().map(|to| part.edge(*from, *to)));
            Tally::of(pairs)
        };
        let mut sum =
            self.label_gap(&few, &many) + among(self.few, &few).gap(&among(self.many, &many));
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
        let mut sum = self.label_cost(node, partner);
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
