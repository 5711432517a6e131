//! From one checkpoint to the next, at one constant input.
//!
//! Order of trust: a single step that joins two points beyond doubt, continuation both ways, and only where that
//! failed, nearness of points of equal kind, which is marked as such in the table.

use std::collections::BTreeMap;

use crate::cell::map::CellMap;
use crate::cell::path::CellPath;
use crate::dynamics::linear::spectrum::Spectrum;
use crate::dynamics::points::search::Known;
use crate::landscape::events::born::{Born, born};
use crate::landscape::events::event::{Bifurcation, events};
use crate::landscape::follow::branch::ContinuationLimits;
use crate::landscape::follow::matching::{End, Matching, Node as Listed, Strand, match_rest};
use crate::landscape::follow::natural::{Endpoint, natural_pairs};
use crate::map::Family as _;
use crate::norms::{distance, scale_of};
use crate::parallel;
use crate::trace::rows::FixedPointRow;
use crate::trace::{Run, TraceError};

/// Two events closer than this in s and, relative to the largest coordinate (at least 1), in state are one, met from two
/// branches.
const SAME_EVENT: f64 = 1e-6;

/// A fixed point of a checkpoint.
#[derive(Debug, Clone)]
pub(in crate::lab) struct Node {
    pub(in crate::lab) state: Vec<f64>,
    pub(in crate::lab) index: i8,
    pub(in crate::lab) n_unstable: u16,
    /// Its multipliers; of a large network at least those outside the unit circle and the nearest inside.
    pub(in crate::lab) multipliers: Vec<(f64, f64)>,
    /// Its identity in the table of fixed points; `None` if continuation led to it and the search had missed it.
    pub(in crate::lab) stored: Option<u32>,
}

impl Node {
    /// A point that continuation led to.
    pub(super) fn discovered(map: &CellMap, state: Vec<f64>, index: i8) -> Self {
        let spectrum = Spectrum::at(map, &state).unwrap_or_default();
        Self {
            state,
            index,
            n_unstable: spectrum.n_unstable() as u16,
            multipliers: spectrum.eigenvalues,
            stored: None,
        }
    }

    /// The point of a row of `fixed_points`, with its multipliers.
    pub(super) fn of_row(row: FixedPointRow, multipliers: Vec<(f64, f64)>) -> Self {
        Self {
            state: row.state,
            index: row.index,
            n_unstable: row.n_unstable,
            multipliers,
            stored: Some(row.point),
        }
    }
}

/// Multipliers of fixed points, by condition and identity.
pub(super) type Spectra = BTreeMap<(String, u32), Vec<(f64, f64)>>;

/// The multipliers of each fixed point of a checkpoint.
pub(super) fn spectra(run: &Run, checkpoint: u32) -> Result<Spectra, TraceError> {
    let mut spectra = Spectra::new();
    for row in run.spectra(checkpoint)? {
        let of_point = spectra.entry((row.condition, row.point)).or_default();
        of_point.push((row.re, row.im));
    }
    Ok(spectra)
}

/// What became of the fixed points, by their places in the lists of both checkpoints.
#[derive(Debug, Clone)]
pub(super) struct Passage {
    /// Lengths of both lists, with what was discovered here; points that a neighbour led to later come behind.
    pub(super) known: (usize, usize),
    pub(super) continued: Vec<(usize, usize)>,
    pub(super) annihilated: Vec<(usize, usize)>,
    pub(super) created: Vec<(usize, usize)>,
    pub(super) unexplained_before: Vec<usize>,
    pub(super) unexplained_after: Vec<usize>,
    /// Those that go to infinity, and those that come from there.
    pub(super) escaped: Vec<usize>,
    pub(super) arrived: Vec<usize>,
    /// Those that stand on a bifurcation, and that no single branch continues.
    pub(super) ended: Vec<usize>,
    pub(super) begun: Vec<usize>,
    /// Of the unexplained, those that are taken for one point because they are near each other and alike.
    pub(super) assigned: Vec<(usize, usize)>,
    /// Bifurcations, by rising s.
    pub(super) events: Vec<Met>,
}

/// A bifurcation on the way.
#[derive(Debug, Clone)]
pub(super) struct Met {
    pub(super) event: Bifurcation,
    /// What is born there, if a cycle or a curve is.
    pub(super) born: Option<Born>,
    /// The points whose branches meet it.
    pub(super) points: Vec<(End, usize)>,
}

/// Follows the fixed points of two checkpoints to each other, if one step does not join them; those that are discovered are
/// added to the lists.
pub(super) fn passage(path: &CellPath, before: &mut Vec<Node>, after: &mut Vec<Node>) -> Passage {
    let limits = ContinuationLimits::default();
    let natural = natural_pairs(path, &endpoints(before), &endpoints(after), &limits);
    let matching = match_rest(path, &known(before), &known(after), &natural, &limits);
    let events = located(path, &matching);
    for (nodes, points, s) in [
        (&mut *before, &matching.before, 0.0),
        (&mut *after, &matching.after, 1.0),
    ] {
        for point in &points[nodes.len()..] {
            let map = path.at(s);
            nodes.push(Node::discovered(&map, point.state.clone(), point.index));
        }
    }
    let assigned = assigned(&matching, before, after);
    Passage {
        known: (before.len(), after.len()),
        continued: matching.pairs,
        annihilated: matching.annihilated,
        created: matching.created,
        unexplained_before: matching.unmatched_before,
        unexplained_after: matching.unmatched_after,
        escaped: matching.escaped,
        arrived: matching.arrived,
        ended: matching.ended,
        begun: matching.begun,
        assigned,
        events,
    }
}

fn known(nodes: &[Node]) -> Vec<Known<'_>> {
    nodes
        .iter()
        .map(|node| Known {
            state: &node.state,
            index: node.index,
        })
        .collect()
}

fn endpoints(nodes: &[Node]) -> Vec<Endpoint<'_>> {
    nodes
        .iter()
        .map(|node| Endpoint {
            state: &node.state,
            index: node.index,
            multipliers: &node.multipliers,
        })
        .collect()
}

/// Where continuation failed: nearest pairs of equal index and equally many unstable directions first, as long as a point
/// moves less than half the way to its nearest neighbour.
fn assigned(matching: &Matching, before: &[Node], after: &[Node]) -> Vec<(usize, usize)> {
    let mut candidates = Vec::new();
    for &i in &matching.unmatched_before {
        let neighbours = before.iter().enumerate().filter(|(place, _)| *place != i);
        let room = neighbours
            .map(|(_, other)| distance(&before[i].state, &other.state))
            .fold(f64::INFINITY, f64::min);
        for &j in &matching.unmatched_after {
            let moved = distance(&before[i].state, &after[j].state);
            let alike =
                before[i].index == after[j].index && before[i].n_unstable == after[j].n_unstable;
            if alike && moved < 0.5 * room {
                candidates.push((moved, i, j));
            }
        }
    }
    candidates.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for (_, i, j) in candidates {
        if pairs.iter().all(|pair| pair.0 != i && pair.1 != j) {
            pairs.push((i, j));
        }
    }
    pairs
}

/// The bifurcations on all branches, each once. Of a branch that was followed from both of its ends one way is enough.
fn located(path: &CellPath, matching: &Matching) -> Vec<Met> {
    let mut merged: Vec<(Bifurcation, Vec<(End, usize)>)> = Vec::new();
    for (end, strands) in [
        (End::Before, &matching.forward),
        (End::After, &matching.backward),
    ] {
        let twin = |place: usize| matching.twin(Listed { end, place });
        let on = |(place, strand): (usize, &Strand)| match twin(place) {
            Some(twin) if twin < Listed { end, place } => Vec::new(),
            _ => events(path, &strand.branch),
        };
        let found = parallel::map(strands.iter().enumerate(), on);
        for (place, events) in found.into_iter().enumerate() {
            let twin = twin(place).map(|twin| (twin.end, twin.place));
            let ends = [Some((end, place)), twin];
            for event in events {
                let known = merged.iter().position(|(other, _)| is_same(other, &event));
                let known = known.unwrap_or_else(|| {
                    merged.push((event, Vec::new()));
                    merged.len() - 1
                });
                let points = &mut merged[known].1;
                for point in ends.into_iter().flatten() {
                    if !points.contains(&point) {
                        points.push(point);
                    }
                }
            }
        }
    }
    merged.sort_by(|a, b| a.0.place.s.total_cmp(&b.0.place.s));
    parallel::map(merged, |(event, points)| Met {
        born: born(path, &event),
        event,
        points,
    })
}

fn is_same(a: &Bifurcation, b: &Bifurcation) -> bool {
    let scale = scale_of(&a.place.state);
    a.kind.code() == b.kind.code()
        && (a.place.s - b.place.s).abs() <= SAME_EVENT
        && distance(&a.place.state, &b.place.state) <= SAME_EVENT * scale
}
