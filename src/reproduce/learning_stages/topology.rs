//! The stable points of a network while it learns, where pulses lead from each, and how much of that changes.

use super::super::trained::{Course, landscape};
use crate::cell::map::{CellMap, Readout};
use crate::cell::parameters::Parameters;
use crate::comparison::course::transitions::matched;
use crate::comparison::path::stages::{Transitions, topology_change};
use crate::comparison::portrait::{Landscape, Point};
use crate::dynamics::motion::arrival::arrivals;
use crate::dynamics::points::search::{FixedPoint, Known};
use crate::lab::LabError;
use crate::map::Map as _;
use crate::task::{Batch, Pulse};

/// Starts of each search, beside the points of the checkpoint before.
const STARTS: usize = 64;
/// Steps after a pulse within which motion arrives.
const MOST_STEPS: usize = 20_000;

/// A network at a checkpoint.
#[derive(Debug, Clone)]
pub(super) struct Look {
    /// All fixed points without input.
    points: Vec<FixedPoint>,
    /// Those that are stable, with what the network puts out there.
    stable: Landscape,
    /// Where each pulse leads from each stable point.
    transitions: Transitions,
}

impl Look {
    /// Looks at the network of some weights.
    ///
    /// 1. Fixed points without input are sought from those of the checkpoint before and from states of trials.
    /// 2. From each stable one the network takes the step of a pulse, and then as many without as it needs to arrive.
    pub(super) fn at(
        course: &Course,
        parameters: &Parameters<f32>,
        (trials, states): (&Batch, &[f64]),
        pulses: &[Pulse],
        (step, before): (u64, Option<&Self>),
    ) -> Result<Self, LabError> {
        let map = course.map(parameters, &vec![0.0; trials.input_channels]);
        let starts = course.starts(states, STARTS);
        let known = before.iter().flat_map(|of| &of.points);
        let known: Vec<Known<'_>> = known
            .map(|point| Known {
                state: &point.state,
                index: point.index,
            })
            .collect();
        let points = landscape(&map, &known, &starts, step)?.fixed_points;
        let stable = stable_of(&points, &map, &Readout::of(&parameters.cast()));
        let pulsed: Vec<CellMap> = pulses
            .iter()
            .map(|pulse| course.map(parameters, &pulse.input))
            .collect();
        let transitions = transitions(&map, &stable, &pulsed);
        Ok(Self {
            points,
            stable,
            transitions,
        })
    }

    /// Number of stable fixed points.
    pub(super) fn n_stable(&self) -> usize {
        self.transitions.points
    }

    /// Change of topology d_top since another look, 0 to 2 (Marschall & Savin 2023): stable points are the same if they are
    /// nearest in what the network puts out there.
    pub(super) fn change_since(&self, before: &Self) -> f64 {
        let pairs = matched(&before.stable, &self.stable);
        topology_change(&before.transitions, &self.transitions, &pairs)
    }
}

fn stable_of(points: &[FixedPoint], map: &CellMap, readout: &Readout) -> Landscape {
    let stable = points.iter().filter(|point| point.is_stable());
    let points = stable.map(|of| Point {
        kind: of.kind(),
        n_unstable: 0,
        index: of.index,
        state: of.state.clone(),
        readout: readout.output(&map.cell().features(&of.state)),
        spectrum: Vec::new(),
        basin: None,
    });
    Landscape {
        condition: "no input".to_owned(),
        is_complete: false,
        points: points.collect(),
        edges: None,
    }
}

/// For each pulse, of one step each, 1 from each stable point to the one where motion arrives; a row of zeros where it arrives
/// at none.
fn transitions(map: &CellMap, stable: &Landscape, pulsed: &[CellMap]) -> Transitions {
    let states: Vec<&[f64]> = stable.points.iter().map(|of| &of.state[..]).collect();
    let count = states.len();
    let by_input = pulsed.iter().map(|pulsed| {
        let after = states.iter().map(|state| {
            let mut next = state.to_vec();
            pulsed.step(state, &mut next);
            next
        });
        let after: Vec<Vec<f64>> = after.collect();
        let ends = arrivals(map, &states, &after, MOST_STEPS);
        let mut matrix = vec![0.0; count * count];
        for (from, end) in ends.into_iter().enumerate() {
            if let Some(to) = end {
                matrix[from * count + to] = 1.0;
            }
        }
        matrix
    });
    Transitions {
        points: count,
        by_input: by_input.collect(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dynamics::points::search::{SearchLimits, search};
    use crate::dynamics::points::starts::simulated;

    /// Two units with gain 2 that do not know of each other: two bits, each with a line of its own.
    fn two_bits(pulse: [f64; 2]) -> CellMap {
        CellMap::vanilla(&[2.0, 0.0, 0.0, 2.0], pulse.to_vec())
    }

    fn look(map: &CellMap, pulsed: &[CellMap]) -> Look {
        let starts = simulated(map, 64, 0.5, 1);
        let found = search(map, &[], &starts, SearchLimits::default()).unwrap();
        let readout = Readout {
            weight: vec![1.0, 0.0, 0.0, 1.0],
            bias: vec![0.0; 2],
        };
        let stable = stable_of(&found.fixed_points, map, &readout);
        let transitions = transitions(map, &stable, pulsed);
        Look {
            points: found.fixed_points,
            stable,
            transitions,
        }
    }

    #[test]
    fn two_bits_have_four_memories_and_a_pulse_sets_one_of_them() {
        let map = two_bits([0.0; 2]);
        let pulsed: Vec<CellMap> = [[4.0, 0.0], [-4.0, 0.0], [0.0, 4.0], [0.0, -4.0]]
            .map(two_bits)
            .into();
        let of = look(&map, &pulsed);
        assert_eq!((of.points.len(), of.n_stable()), (9, 4));
        let up = &of.transitions.by_input[0];
        for (from, point) in of.stable.points.iter().enumerate() {
            let to = (0..4).find(|to| up[from * 4 + to] == 1.0).unwrap();
            let end = &of.stable.points[to].readout;
            assert!(end[0] > 0.9 && end[1] * point.readout[1] > 0.0, "{end:?}");
        }
        assert!(of.change_since(&of).abs() < 1e-15);
        // Pulses that are too weak to set anything: the same points, every other transition.
        let weak: Vec<CellMap> = [[0.1, 0.0], [-0.1, 0.0], [0.0, 0.1], [0.0, -0.1]]
            .map(two_bits)
            .into();
        let change = look(&map, &weak).change_since(&of);
        assert!((change - 0.5).abs() < 1e-12, "{change}");
        // One memory only, which pulses leave alone: each memory is left alone by two of four pulses, so that the similarity is
        // ½ for those and 0 for the others, and three of four points are new: 1 − ¼ + ¾.
        let rest = CellMap::vanilla(&[0.5, 0.0, 0.0, 0.5], vec![0.0; 2]);
        let alone = look(&rest, &[0; 4].map(|_| rest.clone()));
        assert_eq!(alone.n_stable(), 1);
        let born = of.change_since(&alone);
        assert!((born - 1.5).abs() < 1e-12, "{born}");
    }
}
