//! Which units look at which, and the cell of some of them alone.
//!
//! A network whose connections have an order, as after pruning or under sparse masks, is solved part by part: n
//! independent bistable units have 3ⁿ fixed points, and each part has 3.

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::Unitwise;
use crate::cell::formula::Formula;
use crate::map::Part;

impl<F: Formula> Unitwise<F> {
    /// Whether unit `i` receives from the unit whose weights are a column.
    fn receives(&self, i: usize, column: &[f64]) -> bool {
        (0..F::RECURRENT_GATES).any(|gate| column[gate * self.units + i] != 0.0)
    }

    /// The strongly connected components of the network, those first that others depend on; nothing if it is one.
    pub(super) fn blocks_of_units(&self) -> Vec<Vec<usize>> {
        if self.is_connected() {
            return Vec::new();
        }
        let mut graph = DiGraph::<(), ()>::with_capacity(self.units, 0);
        let nodes: Vec<_> = (0..self.units).map(|_| graph.add_node(())).collect();
        for (j, column) in self.columns().enumerate() {
            for i in (0..self.units).filter(|&i| self.receives(i, column)) {
                graph.add_edge(nodes[i], nodes[j], ());
            }
        }
        // Tarjan's algorithm gives a component only after all that it leads to.
        let components = tarjan_scc(&graph).into_iter();
        let sorted = components.map(|nodes| {
            let mut units: Vec<usize> = nodes.into_iter().map(NodeIndex::index).collect();
            units.sort_unstable();
            units
        });
        sorted.collect()
    }

    /// Whether every unit reaches every other. Of a dense network few columns need be looked at.
    fn is_connected(&self) -> bool {
        let columns: Vec<&[f64]> = self.columns().collect();
        let from_first = self.reached(|at, other| self.receives(other, columns[at]));
        from_first && self.reached(|at, other| self.receives(at, columns[other]))
    }

    /// Whether all units are reached from the first one by steps from a unit to another.
    fn reached(&self, leads: impl Fn(usize, usize) -> bool) -> bool {
        let mut left: Vec<usize> = (1..self.units).collect();
        let mut waiting = vec![0];
        while let Some(at) = waiting.pop() {
            if left.is_empty() {
                break;
            }
            let (next, rest) = left.into_iter().partition(|&other| leads(at, other));
            left = rest;
            waiting.extend::<Vec<usize>>(next);
        }
        left.is_empty()
    }

    /// The cell of some units, with the others held at a state of the whole.
    ///
    /// What the held units send becomes part of the drive; `input` of the part is that drive, by which equal parts
    /// are recognised.
    pub(super) fn part(&self, units: &[usize], state: &[f64]) -> Part<'_> {
        let n = self.units;
        let features = self.features(state);
        let mut drive = Vec::with_capacity(F::GATES * units.len());
        for gate in 0..F::GATES {
            drive.extend(units.iter().map(|&i| self.drive[gate * n + i]));
        }
        let mut recurrent = vec![0.0; F::RECURRENT_GATES * units.len() * units.len()];
        let rows = F::RECURRENT_GATES * units.len();
        let mut place_of = vec![None; n];
        for (place, &unit) in units.iter().enumerate() {
            place_of[unit] = Some(place);
        }
        for (j, column) in self.columns().enumerate() {
            for row in 0..rows {
                let weight = column[row / units.len() * n + units[row % units.len()]];
                match place_of[j] {
                    Some(place) => recurrent[place * rows + row] = weight,
                    None => drive[row] += weight * features[j],
                }
            }
        }
        let coordinates = (0..F::STATES).flat_map(|block| units.iter().map(move |i| block * n + i));
        Part {
            coordinates: coordinates.collect(),
            input: drive.clone(),
            map: Box::new(Self {
                formula: self.formula.clone(),
                units: units.len(),
                recurrent,
                drive,
            }),
        }
    }
}
