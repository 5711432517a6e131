//! What leads from one fixed point to another: unstable manifolds, and pulses of the task.

use crate::comparison::portrait::{Cause, Edge, Landscape};
use crate::dynamics::motion::arrival::arrivals;
use crate::dynamics::motion::manifold::reached;
use crate::lab::LabError;
use crate::lab::network::CheckpointNetwork;
use crate::map::Map as _;
use crate::task::{Probe, Pulse};

/// Seed of the directions in which unstable manifolds are entered.
const SEED: u64 = 0;
/// Steps after a pulse within which motion arrives.
const MOST_STEPS: usize = 20_000;

/// Finds the edges of a landscape.
///
/// 1. From each point with unstable directions to each stable point that its unstable manifold leads to. Connections from
///    saddle to saddle are not generic and not looked for.
/// 2. From each stable point to the one at which the network comes to rest after a pulse, for each pulse of the task; also to
///    itself. Where it does not come to rest, or elsewhere than at a known point, there is no edge.
///
/// A landscape whose constant input the task does not name keeps `None`.
pub(crate) fn look(
    landscape: &mut Landscape,
    checkpoint: u32,
    network: &CheckpointNetwork,
    probes: &[Probe],
    pulses: &[Pulse],
) -> Result<(), LabError> {
    let probe = probes
        .iter()
        .find(|probe| probe.name == landscape.condition);
    let Some(probe) = probe else {
        return Ok(());
    };
    let map = network.map_at(&probe.input)?;
    let points = &landscape.points;
    let places: Vec<usize> = (0..points.len())
        .filter(|&at| points[at].n_unstable == 0)
        .collect();
    let stable: Vec<&[f64]> = places.iter().map(|&at| &points[at].state[..]).collect();
    let mut edges = Vec::new();
    let unstable: Vec<usize> = (0..points.len())
        .filter(|&at| points[at].n_unstable > 0)
        .collect();
    let states: Vec<&[f64]> = unstable.iter().map(|&at| &points[at].state[..]).collect();
    let ends = reached(&map, &states, &stable, SEED);
    let ends = ends.map_err(|source| LabError::Analysis { checkpoint, source })?;
    for (from, ends) in unstable.into_iter().zip(ends) {
        edges.extend(ends.into_iter().map(|end| Edge {
            from,
            to: places[end],
            cause: Cause::Manifold,
        }));
    }
    for (number, pulse) in pulses.iter().enumerate() {
        let during: Vec<f64> = probe
            .input
            .iter()
            .zip(&pulse.input)
            .map(|(u, p)| u + p)
            .collect();
        let pulsed = network.map_at(&during)?;
        let after: Vec<Vec<f64>> = stable
            .iter()
            .map(|state| driven(&pulsed, state, pulse.steps))
            .collect();
        let ends = arrivals(&map, &stable, &after, MOST_STEPS);
        edges.extend(ends.into_iter().enumerate().filter_map(|(start, end)| {
            Some(Edge {
                from: places[start],
                to: places[end?],
                cause: Cause::Pulse(number as u16),
            })
        }));
    }
    edges.sort_unstable();
    landscape.edges = Some(edges);
    Ok(())
}

/// A state after so many steps of a map.
fn driven(map: &crate::cell::map::CellMap, state: &[f64], steps: usize) -> Vec<f64> {
    let mut state = state.to_vec();
    let mut next = state.clone();
    for _ in 0..steps {
        map.step(&state, &mut next);
        std::mem::swap(&mut state, &mut next);
    }
    state
}
