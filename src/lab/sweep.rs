//! The landscape along a path that is not learning: a parameter of one network, or from one constant input to another.
//!
//! Between stations nothing is missed that continuation can see; at stations everything is searched anew, so that
//! isolated branches are found if they reach a station.

use std::collections::BTreeMap;

use super::analysed::Analysed;
use super::history::{History, Interval, connected};
use super::saved::CheckpointId;
use crate::cell::map::CellMap;
use crate::cell::path::CellPath;
use crate::dynamics::linear::spectrum::SpectrumError;
use crate::dynamics::watch::Watch;
use crate::map::Family as _;
use crate::trace::rows::BranchRow;

/// A landscape along a path.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Sweep {
    /// What is swept.
    pub parameter: String,
    /// Its values at the stations, where all fixed points were searched; at least two.
    pub stations: Vec<f64>,
    /// The landscape at each station.
    pub landscapes: Vec<Analysed>,
    /// What happened from each station to the next; steps are numbers of stations.
    pub intervals: Vec<Interval>,
    /// The fixed points of all stations by the branch that they lie on; steps are numbers of stations.
    pub branches: Vec<BranchRow>,
}

impl Sweep {
    /// The value of the parameter at a place between two stations: `position` from 0 at station `from` to 1 at the next.
    pub fn value(&self, from: u64, position: f64) -> f64 {
        let at = from as usize;
        let (low, high) = (self.stations[at], self.stations[at + 1]);
        low + position * (high - low)
    }
}

/// Follows all fixed points along the straight path from one network to another of its kind, as the parameter goes from one
/// value to the other.
///
/// 1. At `stations` equally spaced values all fixed points are searched from the starts and from those of the station before.
/// 2. Between stations they are continued both ways, and what happens is located, as between checkpoints.
///
/// A sweep that is ended early has fewer stations, but at least two.
///
/// `from` and `to` are only labels for s = 0 and 1 of the path. Fewer than two stations count as two.
/// # Errors
/// [`SpectrumError`] where an analysis does not converge.
pub fn sweep(
    parameter: &str,
    (from, to): (f64, f64),
    path: &CellPath,
    starts: &[Vec<f64>],
    stations: usize,
    watch: &dyn Watch,
) -> Result<Sweep, SpectrumError> {
    let steps = stations.max(2) - 1;
    let share = |station: usize| station as f64 / steps as f64;
    let maps: Vec<CellMap> = (0..=steps).map(|station| path.at(share(station))).collect();
    let mut landscapes: Vec<Analysed> = Vec::new();
    let mut nodes = Vec::new();
    let mut next_id = 0;
    for (station, map) in maps.iter().enumerate() {
        watch.begins(&format!("station {} of {}", station + 1, maps.len()));
        if station > 1 && watch.is_over() {
            break;
        }
        let before = landscapes.last().map_or(Vec::new(), Analysed::tracked);
        let found =
            Analysed::search_from(parameter, map.clone(), &before, starts, &mut next_id, watch)?;
        nodes.push(BTreeMap::from([(parameter.to_owned(), found.nodes())]));
        landscapes.push(found);
    }
    watch.begins("between stations");
    let places: Vec<CheckpointId> = (0..landscapes.len())
        .map(|station| CheckpointId {
            number: station as u32,
            step: station as u64,
        })
        .collect();
    let paths = |place: usize| {
        let path = CellPath::new(maps[place].clone(), maps[place + 1].clone());
        let joined = path.map(|path| (parameter.to_owned(), path));
        Ok::<_, SpectrumError>(joined.into_iter().collect())
    };
    let History {
        intervals,
        branches,
    } = connected(&places, nodes, paths, &|done, all| {
        watch.progress("intervals", done, all);
    })?;
    Ok(Sweep {
        parameter: parameter.to_owned(),
        stations: (0..landscapes.len())
            .map(|station| from + share(station) * (to - from))
            .collect(),
        landscapes,
        intervals,
        branches,
    })
}
