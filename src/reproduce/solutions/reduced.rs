//! The reduced dynamics of a network as a graph: where its motion ends, and what pulses do to it.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::is_isomorphic_matching;
use petgraph::graph::DiGraph;

use super::network::{Network, follow, last};
use super::timing::TimingTask;
use crate::cell::map::CellMap;
use crate::dynamics::motion::attractor::{Attractor, Settings, attractors};
use crate::map::Map as _;

/// Steps for which motion is followed after a pulse, at least.
const FOLLOWED: usize = 600;
/// Motion is at rest where the root mean square over units of a step is less (the authors' bound).
const SLOWEST: f64 = 5e-5;
/// States at rest are one if the root mean square over units of their difference is less.
const APART: f64 = 0.02;
/// Steps for which motion that is not at rest by then goes on.
const LONGER: usize = 1400;
/// States that move still, whose attractors are looked for, at most; the others are compared with these.
const MOST_MOVING: usize = 4;
/// How that is done.
const SETTLING: Settings = Settings {
    burn_in: 200,
    patience: 1,
    longest_period: 64,
    runaway: 1e6,
    longest_orbit: 1 << 12,
};

/// A node of a reduced graph. Attractors are numbered in the order of their discovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Node {
    /// The motion from the initial state on.
    Start,
    /// The motions after a first pulse that end in an attractor: merged, for they end alike.
    After(usize),
    /// An attractor.
    End(usize),
}

/// What leads from a node to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// Motion between pulses.
    Flow = 1,
    /// The first pulse.
    First = 2,
    /// The second pulse.
    Second = 4,
}

/// The reduced dynamics of a network.
///
/// Motions after a first pulse are merged if they end in one attractor, and those after a second pulse are replaced by
/// where they end, since nothing happens to them on the way: what remains is the compact graph.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reduced {
    /// Causes of each edge, joined by bits.
    edges: BTreeMap<(Node, Node), u8>,
    /// Attractors that move, by number.
    moving: BTreeSet<usize>,
}

impl Reduced {
    /// Follows a network.
    ///
    /// 1. From the initial state, without pulses, to the end.
    /// 2. From there, and from states on the way, where trained trials have it, the first pulse; each motion to its end.
    /// 3. From states on these, at trained intervals and longer ones, and from their ends, the second pulse; each to its end.
    /// 4. Ends are numbered by [`settled`]. One that moves has an edge to itself.
    pub(super) fn of(network: &Network<'_>, task: TimingTask) -> Self {
        let (width, probed) = (task.width(), task.probed());
        let start = network.start();
        let undisturbed = network.at_rest(&start, FOLLOWED);
        let mut ends = vec![undisturbed[FOLLOWED - 1].clone()];
        // Places among the ends: of the motion that a pulse disturbs, and of the one after it.
        let mut firsts = Vec::new();
        let mut seconds = Vec::new();
        let onsets: Vec<usize> = probed.onsets.iter().copied().chain([FOLLOWED]).collect();
        for pair in 0..network.pairs() {
            for &onset in &onsets {
                let before = onset
                    .checked_sub(1)
                    .map_or(&start, |step| &undisturbed[step]);
                let pulse = last(network.first(pair, before, width), before.clone());
                let motion = network.at_rest(&pulse, FOLLOWED);
                let first = ends.len();
                ends.push(motion[FOLLOWED - 1].clone());
                firsts.push((onset == FOLLOWED, first));
                for &gap in probed.gaps.iter().chain([&FOLLOWED]) {
                    let before = gap.checked_sub(1).map_or(&pulse, |step| &motion[step]);
                    let pulse = last(network.second(pair, before, width), before.clone());
                    seconds.push((gap == FOLLOWED, first, ends.len()));
                    ends.push(last(network.at_rest(&pulse, FOLLOWED), pulse));
                }
            }
        }
        let Settled { number, moving } = settled(network.rest(), &ends);
        let mut graph = Self::default();
        graph.join(Node::Start, Node::End(number[0]), Cause::Flow);
        for (is_late, first) in firsts {
            let from = if is_late {
                Node::End(number[0])
            } else {
                Node::Start
            };
            graph.join(from, Node::After(number[first]), Cause::First);
            graph.join(
                Node::After(number[first]),
                Node::End(number[first]),
                Cause::Flow,
            );
        }
        for (is_late, first, second) in seconds {
            let from = if is_late {
                Node::End(number[first])
            } else {
                Node::After(number[first])
            };
            graph.join(from, Node::End(number[second]), Cause::Second);
        }
        for end in moving {
            graph.moves(end);
        }
        graph
    }

    pub(super) fn join(&mut self, from: Node, to: Node, cause: Cause) {
        *self.edges.entry((from, to)).or_default() |= cause as u8;
    }

    /// Says of an attractor that it is no fixed point.
    pub(super) fn moves(&mut self, end: usize) {
        self.moving.insert(end);
        self.join(Node::End(end), Node::End(end), Cause::Flow);
    }

    /// Whether two graphs are the same but for names, with the same causes.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let (a, b) = (self.as_petgraph(), other.as_petgraph());
        is_isomorphic_matching(&a, &b, |(), ()| true, |a, b| a == b)
    }

    fn as_petgraph(&self) -> DiGraph<(), u8> {
        let mut graph = DiGraph::new();
        let nodes: BTreeSet<Node> = self.edges.keys().flat_map(|&(a, b)| [a, b]).collect();
        let places: BTreeMap<Node, _> = nodes
            .into_iter()
            .map(|node| (node, graph.add_node(())))
            .collect();
        for (&(from, to), &causes) in &self.edges {
            graph.add_edge(places[&from], places[&to], causes);
        }
        graph
    }

    fn ends(&self) -> BTreeSet<usize> {
        let ends = self.edges.keys().filter_map(|&(_, to)| match to {
            Node::End(end) => Some(end),
            _ => None,
        });
        ends.collect()
    }

    /// It in words.
    pub(super) fn told(&self) -> String {
        let (ends, moving) = (self.ends(), &self.moving);
        let rest = self.edges.keys().find_map(|&edge| match edge {
            (Node::Start, Node::End(end)) => Some(end),
            _ => None,
        });
        let after: BTreeSet<usize> = self
            .edges
            .keys()
            .filter_map(|&(_, to)| match to {
                Node::After(end) => Some(end),
                _ => None,
            })
            .collect();
        let returns = after.iter().filter(|&&end| Some(end) == rest).count();
        let kept = after.len() - returns;
        let told = match (returns, kept) {
            (0, kept) => format!("a lone first pulse ends elsewhere ({kept})"),
            (_, 0) => "a lone first pulse is forgotten".to_owned(),
            (_, kept) => format!("a lone first pulse is forgotten or ends elsewhere ({kept})"),
        };
        format!(
            "attractors: {}, of these moving: {}; {told}",
            ends.len(),
            moving.len()
        )
    }
}

/// Where states have come to.
struct Settled {
    /// A number for each state: that of its attractor.
    number: Vec<usize>,
    /// The numbers of attractors that move.
    moving: BTreeSet<usize>,
}

/// Numbers the ends of motions.
///
/// 1. States at rest are one end where they are near each other. So a slow drift is at rest, as it is for the authors. What
///    moves goes on for 1400 steps, and may be at rest then.
/// 2. Of states that move still the attractors are looked for; one that is a fixed point is the end that is near it.
/// 3. Each of these states has the attractor that it is on; those that are on none share a number, and move.
fn settled(map: &CellMap, states: &[Vec<f64>]) -> Settled {
    let mut places: Vec<Vec<f64>> = Vec::new();
    let mut number = vec![0; states.len()];
    let mut waiting = Vec::new();
    for (at, state) in states.iter().enumerate() {
        let mut state = state.clone();
        if !is_at_rest(map, &state) {
            state = last(follow(map, &state, LONGER), state);
        }
        if is_at_rest(map, &state) {
            number[at] = place_of(&mut places, &state);
        } else {
            waiting.push((at, state));
        }
    }
    let starts = waiting.iter().take(MOST_MOVING);
    let starts: Vec<Vec<f64>> = starts.map(|(_, state)| state.clone()).collect();
    let found = attractors(map, &starts, &SETTLING);
    let mut of_basin = Vec::new();
    let mut moving = BTreeSet::new();
    for basin in &found.basins {
        of_basin.push(match &basin.attractor {
            Attractor::Cycle(cycle) if cycle.period() == 1 => {
                place_of(&mut places, &cycle.states[0])
            }
            other => {
                places.push(other.states()[0].clone());
                moving.insert(places.len() - 1);
                places.len() - 1
            }
        });
    }
    let nowhere = places.len();
    for (at, state) in waiting {
        let basin = found.reached_from(map, &state, 0);
        number[at] = basin.map_or(nowhere, |basin| of_basin[basin]);
        if basin.is_none() {
            moving.insert(nowhere);
        }
    }
    Settled { number, moving }
}

fn is_at_rest(map: &CellMap, state: &[f64]) -> bool {
    let mut next = vec![0.0; state.len()];
    map.step(state, &mut next);
    root_mean_square(state, &next) < SLOWEST
}

/// The place of a state at rest among those that are known, to which it is added if it is none of them.
fn place_of(places: &mut Vec<Vec<f64>>, state: &[f64]) -> usize {
    let known = places
        .iter()
        .position(|place| root_mean_square(place, state) < APART);
    known.unwrap_or_else(|| {
        places.push(state.to_vec());
        places.len() - 1
    })
}

fn root_mean_square(a: &[f64], b: &[f64]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| (a - b).powi(2));
    (squares.sum::<f64>() / a.len() as f64).sqrt()
}

/// The class of each graph, the most frequent first: those of one class are the same.
pub(super) fn classes(graphs: &[Reduced]) -> Vec<usize> {
    let mut examples: Vec<(&Reduced, Vec<usize>)> = Vec::new();
    for (network, graph) in graphs.iter().enumerate() {
        match examples.iter_mut().find(|(of, _)| of.is_same(graph)) {
            Some((_, members)) => members.push(network),
            None => examples.push((graph, vec![network])),
        }
    }
    examples.sort_by_key(|(_, members)| std::cmp::Reverse(members.len()));
    let mut classes = vec![0; graphs.len()];
    for (class, (_, members)) in examples.iter().enumerate() {
        for &network in members {
            classes[network] = class;
        }
    }
    classes
}
