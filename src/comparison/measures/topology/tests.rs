#![allow(clippy::unwrap_used)]

use petgraph::algo::is_isomorphic_matching;
use petgraph::graph::DiGraph;
use proptest::prelude::*;
use rand::seq::SliceRandom as _;

use super::*;
use crate::comparison::matrix::matrix;
use crate::comparison::measures::named;
use crate::comparison::portrait::{Cause, Landscape, TrialStates};
use crate::comparison::testing::{landscape, point, portrait, random_landscape, rng};

const PULSE: Cause = Cause::Pulse(0);
const MANIFOLD: Cause = Cause::Manifold;

fn of(landscapes: Vec<Landscape>) -> Portrait {
    let states = TrialStates {
        steps: 0,
        trials: 0,
        units: 0,
        states: Vec::new(),
    };
    portrait(states, landscapes)
}

fn graph(landscape: &Landscape) -> Graph {
    Graph::of(&of(vec![landscape.clone()])).unwrap()
}

/// One bit: two stable points and the saddle between them; a pulse to each state.
fn bit() -> Landscape {
    let points = vec![
        point(0, &[-1.0], &[]),
        point(1, &[0.1], &[]),
        point(0, &[0.9], &[]),
    ];
    let edges = [
        (1, 0, MANIFOLD),
        (1, 2, MANIFOLD),
        (0, 2, Cause::Pulse(0)),
        (2, 0, Cause::Pulse(1)),
    ];
    landscape(points, &edges)
}

fn edits(a: &Landscape, b: &Landscape) -> EditDistance {
    edit_distance(&graph(a), &graph(b))
}

fn exactly(edits: usize) -> EditDistance {
    EditDistance {
        lower: edits,
        upper: edits,
    }
}

#[test]
fn outputs_are_signs() {
    let graph = graph(&bit());
    let signs: Vec<&[i8]> = graph.nodes.iter().map(|label| &label.signs[..]).collect();
    assert_eq!(signs, [&[-1], &[1], &[0]]);
}

#[test]
fn hand_worked_edits() {
    let base = bit();
    assert_eq!(edits(&base, &base), exactly(0));
    let changed = |change: fn(&mut Landscape)| {
        let mut other = bit();
        change(&mut other);
        edits(&base, &other)
    };
    // One edge fewer; one by another cause; one the other way round, which is one removed and one added.
    assert_eq!(
        changed(|other| other.edges.as_mut().unwrap().truncate(3)),
        exactly(1)
    );
    assert_eq!(
        changed(|other| other.edges.as_mut().unwrap()[0].cause = PULSE),
        exactly(1)
    );
    assert_eq!(
        changed(|other| {
            let edge = &mut other.edges.as_mut().unwrap()[0];
            (edge.from, edge.to) = (edge.to, edge.from);
        }),
        exactly(2)
    );
    // The saddle with its two edges is gone; another output of the saddle is no edit before its sign is another.
    assert_eq!(
        changed(|other| {
            other.points.remove(1);
            let edges = other.edges.as_mut().unwrap();
            edges.retain(|edge| edge.from != 1 && edge.to != 1);
            for edge in edges {
                edge.from = edge.from.min(1);
                edge.to = edge.to.min(1);
            }
        }),
        exactly(3)
    );
    assert_eq!(
        changed(|other| other.points[1].readout[0] = -0.4),
        exactly(0)
    );
    assert_eq!(
        changed(|other| other.points[1].readout[0] = -0.6),
        exactly(1)
    );
    // Nobody looked for edges: only the points.
    let mut without = bit();
    without.edges = None;
    without.points.pop();
    assert_eq!(edits(&base, &without), exactly(1));
}

#[test]
fn conditions_are_kept_apart_and_add_up() {
    let mut shorter = bit();
    shorter.edges.as_mut().unwrap().pop();
    let named = |landscape: &Landscape, condition: &str| Landscape {
        condition: condition.to_owned(),
        ..landscape.clone()
    };
    let graph = |first: &Landscape, second: &Landscape| {
        Graph::of(&of(vec![named(first, "left"), named(second, "right")])).unwrap()
    };
    assert_eq!(
        edit_distance(&graph(&bit(), &shorter), &graph(&bit(), &bit())),
        exactly(1)
    );
    // The two conditions exchanged are another graph, though each part has its like.
    let (one, other) = (graph(&bit(), &shorter), graph(&shorter, &bit()));
    assert!(!one.is_isomorphic(&other));
    assert_eq!(edit_distance(&one, &other), exactly(2));
}

#[test]
fn rings_of_the_same_colours_are_told_apart() {
    // Refined colours of a ring of six and of two of three are the same.
    let ring = |lengths: &[usize]| {
        let mut edges = Vec::new();
        let mut first = 0;
        for &length in lengths {
            edges.extend((0..length).map(|k| (first + k, first + (k + 1) % length, MANIFOLD)));
            first += length;
        }
        landscape(vec![point(0, &[1.0], &[]); first], &edges)
    };
    let (six, threes) = (graph(&ring(&[6])), graph(&ring(&[3, 3])));
    assert_eq!(six.key(), threes.key());
    assert!(!six.is_isomorphic(&threes));
    assert_eq!(edit_distance(&six, &threes), exactly(4));
    let keyed = [&six, &threes, &six].map(|graph| (graph.key(), graph));
    assert_eq!(classes(&keyed), [0, 1, 0]);
}

#[test]
fn caveats_say_what_was_not_looked_for() {
    let view = |landscape: Landscape| Topology.view(&of(vec![landscape])).unwrap();
    assert_eq!(Topology.caveat(&view(bit())), None);
    let doubtful = Landscape {
        edges: None,
        is_complete: false,
        ..bit()
    };
    let caveat = Topology.caveat(&view(doubtful)).unwrap();
    assert!(caveat.contains("only the points are compared"), "{caveat}");
    assert!(
        caveat.contains("fixed points may be missing at rest"),
        "{caveat}"
    );
}

#[test]
fn networks_of_one_class_have_one_distance() {
    let rng = &mut rng(5);
    let kinds: Vec<Landscape> = (0..4).map(|_| random_landscape(4, 2, rng)).collect();
    let portraits: Vec<Portrait> = (0..12)
        .map(|k| of(vec![shuffled(&kinds[k % 4], rng)]))
        .collect();
    let table = matrix(named("topology").unwrap(), &portraits);
    for a in 0..12 {
        for b in 0..12 {
            let found = *table.cell(a, b).as_ref().unwrap();
            assert_eq!(found, edits(&kinds[a % 4], &kinds[b % 4]).upper as f64);
        }
    }
}

#[test]
fn three_bits_are_compared_within_bounds() {
    let digits = |k: usize| [k % 3, k / 3 % 3, k / 9];
    let points: Vec<_> = (0..27)
        .map(|k| {
            let readout = digits(k).map(|digit| digit as f64 - 1.0);
            point(
                digits(k).iter().filter(|digit| **digit == 1).count(),
                &readout,
                &[],
            )
        })
        .collect();
    let mut edges = Vec::new();
    for (k, power) in (0..27).flat_map(|k| [1, 3, 9].map(|power| (k, power))) {
        if k / power % 3 == 1 {
            edges.push((k, k - power, MANIFOLD));
            edges.push((k, k + power, MANIFOLD));
        }
    }
    let bits = landscape(points, &edges);
    let mut fewer = bits.clone();
    fewer.points[13].readout = vec![1.0, 0.0, 0.0];
    fewer.edges.as_mut().unwrap().truncate(edges.len() - 2);
    assert_eq!(edits(&bits, &fewer), exactly(3));
}

/// The same with its points in another order.
fn shuffled(landscape: &Landscape, rng: &mut impl rand::Rng) -> Landscape {
    let mut order: Vec<usize> = (0..landscape.points.len()).collect();
    order.shuffle(rng);
    let mut shuffled = landscape.clone();
    for (place, &from) in order.iter().enumerate() {
        shuffled.points[place] = landscape.points[from].clone();
    }
    let place = |of: usize| order.iter().position(|from| *from == of).unwrap();
    for edge in shuffled.edges.iter_mut().flatten() {
        (edge.from, edge.to) = (place(edge.from), place(edge.to));
    }
    shuffled
}

/// The edit distance by all maps from the nodes of one into those of the other and none, from its definition alone.
fn by_all_maps(a: &Graph, b: &Graph) -> usize {
    fn deepen(a: &Graph, b: &Graph, map: &mut Vec<Option<usize>>, least: &mut usize) {
        if map.len() < a.nodes.len() {
            for choice in (0..b.nodes.len()).map(Some).chain([None]) {
                if choice.is_none() || !map.contains(&choice) {
                    map.push(choice);
                    deepen(a, b, map, least);
                    map.pop();
                }
            }
            return;
        }
        let kept = map.iter().flatten().count();
        let mut cost = a.nodes.len() + b.nodes.len() - 2 * kept;
        for (node, other) in map.iter().enumerate() {
            cost += usize::from(other.is_some_and(|other| a.nodes[node] != b.nodes[other]));
        }
        let bits = |graph: &Graph, ends: (usize, usize)| {
            graph.edges.get(&ends).map_or(0, |causes| causes.0)
        };
        let mut paired = 0;
        for (from, image) in map.iter().enumerate() {
            for (to, other) in map.iter().enumerate() {
                let before = bits(a, (from, to));
                let after = image.zip(*other).map_or(0, |ends| bits(b, ends));
                paired += after.count_ones();
                cost += (before & !after)
                    .count_ones()
                    .max((after & !before).count_ones()) as usize;
            }
        }
        let all: u32 = b.edges.values().map(|causes| causes.0.count_ones()).sum();
        *least = (*least).min(cost + (all - paired) as usize);
    }
    let mut least = usize::MAX;
    deepen(a, b, &mut Vec::new(), &mut least);
    least
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn small_graphs_have_their_exact_distance(
        seed in 0_u64..1_000_000, first in 0_usize..6, second in 0_usize..5, kinds in 1_usize..4,
    ) {
        let rng = &mut rng(seed);
        let a = graph(&random_landscape(first, kinds, rng));
        let b = graph(&random_landscape(second, kinds, rng));
        let found = edit_distance(&a, &b);
        prop_assert_eq!(found, exactly(by_all_maps(&a, &b)));
        prop_assert_eq!(found, edit_distance(&b, &a));
    }

    #[test]
    fn bounds_hold_where_the_distance_is_not_searched(seed in 0_u64..1_000_000, first in 0_usize..6, second in 1_usize..6) {
        let rng = &mut rng(seed);
        let a = graph(&random_landscape(first, 2, rng));
        let b = graph(&random_landscape(first.max(second), 2, rng));
        let (parts_a, parts_b) = (Part::all_of(&a), Part::all_of(&b));
        let bounds = edit::bounds(&pair::Pair::of(&parts_a[0], &parts_b[0]));
        let exact = by_all_maps(&a, &b);
        prop_assert!(bounds.lower <= exact && exact <= bounds.upper, "{:?} {}", bounds, exact);
    }

    #[test]
    fn isomorphism_is_petgraphs(seed in 0_u64..1_000_000, points in 0_usize..9, kinds in 1_usize..3) {
        let rng = &mut rng(seed);
        let landscape = random_landscape(points, kinds, rng);
        let mut other = shuffled(&landscape, rng);
        if seed % 2 == 0 && let Some(edge) = other.edges.as_mut().unwrap().first_mut() {
            edge.to = (edge.to + 1) % points;
        }
        let (a, b) = (graph(&landscape), graph(&other));
        let plain = |graph: &Graph| {
            let mut plain = DiGraph::new();
            let nodes: Vec<_> = graph.nodes.iter().map(|label| plain.add_node(label.clone())).collect();
            for (&(from, to), causes) in &graph.edges {
                plain.add_edge(nodes[from], nodes[to], *causes);
            }
            plain
        };
        let expected = is_isomorphic_matching(&plain(&a), &plain(&b), |a, b| a == b, |a, b| a == b);
        prop_assert_eq!(a.is_isomorphic(&b), expected);
        prop_assert_eq!(edit_distance(&a, &b).lower == 0, expected);
        if expected {
            prop_assert_eq!(a.key(), b.key());
        }
    }
}
