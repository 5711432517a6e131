//! What happened between the checkpoints of a run: its fixed points continued from each to the next, the branches that they
//! lie on through the whole run, and the bifurcations on the way.
//!
//! A branch is a fixed point through time. Its number is that of its first appearance; it ends where its point
//! vanishes, and what a fold creates begins two new ones.

mod branches;
pub mod hints;
pub mod live;
mod passage;
mod wired;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use self::branches::Chain;
pub(super) use self::passage::Node;
use self::passage::{Passage, passage, spectra};
pub(super) use self::wired::Wired;
use super::LabError;
use super::origin::{Followed, Origin};
use super::saved::{CheckpointId, reload};
use crate::cell::path::CellPath;
use crate::cell::spec::Precision;
use crate::curriculum::Curriculum;
use crate::landscape::events::born::Born;
use crate::landscape::events::event::{Bifurcation, EventKind};
use crate::task::{Probe, Task as _};
use crate::trace::rows::{BornRow, BranchRow, EventRow, Stability, Status, StepRow};
use crate::trace::{Entry, Run};
use crate::train::rules::TrainableReal;

/// Times that intervals are gone through again because a neighbour has led to fixed points that the search had missed.
const MOST_ROUNDS: usize = 4;

/// The history of a run.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// What happened between each two checkpoints, at each constant input.
    pub intervals: Vec<Interval>,
    /// The fixed points of all checkpoints by the branch they lie on: the rows of `branches`.
    pub branches: Vec<BranchRow>,
}

/// What happened to the fixed points of one constant input between two checkpoints.
#[derive(Debug, Clone)]
pub struct Interval {
    /// The constant input.
    pub condition: String,
    /// Training step of the earlier checkpoint.
    pub from_step: u64,
    /// Training step of the later one.
    pub to_step: u64,
    /// Fixed points of the earlier checkpoint as stored, and of those that continuation discovered.
    pub before: (usize, usize),
    /// The same of the later one.
    pub after: (usize, usize),
    /// Points that continue.
    pub continued: usize,
    /// Pairs of the earlier checkpoint that meet and vanish.
    pub annihilated: usize,
    /// Pairs of the later one that were not there before.
    pub created: usize,
    /// Points of the earlier checkpoint that go to infinity, in networks of rectified units.
    pub escaped: usize,
    /// Points of the later one that come from infinity.
    pub arrived: usize,
    /// Points of the earlier checkpoint that stand on a bifurcation there, and that no single branch continues.
    pub ended: usize,
    /// The same of the later one.
    pub begun: usize,
    /// Branches of points whose fate no continuation tells.
    pub unexplained: Vec<u32>,
    /// Σ of the indices of the fixed points of both checkpoints, discovered ones counted.
    pub index_sums: (i32, i32),
    /// Bifurcations, by rising s.
    pub events: Vec<RunEvent>,
}

/// A bifurcation between two checkpoints.
#[derive(Debug, Clone)]
pub struct RunEvent {
    /// What and where; s runs from 0 at the earlier checkpoint to 1 at the later one, along the straight line between their
    /// parameters, which is not the path that training took.
    pub event: Bifurcation,
    /// The cycle or curve that is born there, if one is.
    pub born: Option<Born>,
    /// The branches that meet it.
    pub branches: Vec<u32>,
}

/// The history of a run; `observer` hears how many intervals are done, of how many. With a `stride` of k only every k-th
/// checkpoint is looked at, as if the others had not been kept.
///
/// 1. Between each two neighbouring checkpoints that are complete, at each constant input that both were analysed at, the
///    stored fixed points are followed along the straight line between the parameters, both ways.
/// 2. Fixed points that the search had missed, and that a branch led to, join those of their checkpoint, and the intervals
///    on its other side are gone through again.
/// 3. The bifurcations on the branches are located, each once, and the points are joined to branches through the run.
///
/// The points of an interval are followed in parallel; the result does not depend on the number of threads.
/// # Errors
/// The run cannot be read, or a checkpoint's weights do not fit its curriculum.
pub fn of_run(
    dir: &Path,
    stride: usize,
    observer: &(dyn Fn(usize, usize) + Sync),
) -> Result<History, LabError> {
    let run = Run::open(dir)?;
    let of_run = OfRun {
        run: &run,
        complete: complete(&run, stride),
    };
    of_run.history(networks(&run)?, observer)
}

/// Every `stride`-th of the checkpoints of a run that are complete.
fn complete(run: &Run, stride: usize) -> Vec<Entry> {
    let complete = run.entries().iter().copied().filter(|entry| entry.complete);
    complete.step_by(stride.max(1)).collect()
}

/// What reads the networks of a checkpoint.
type Networks<'a> = Box<dyn Fn(Entry) -> Result<Maps, LabError> + 'a>;

/// Reads the networks of a run's checkpoints.
fn networks(run: &Run) -> Result<Networks<'_>, LabError> {
    Ok(match Origin::of_run(run)? {
        Origin::Followed(followed) => Box::new(move |entry| followed_maps(run, &followed, entry)),
        Origin::Trained(curriculum) => Box::new(move |entry| trained_maps(run, &curriculum, entry)),
    })
}

/// The network of a checkpoint of a run that was trained here, at each constant input of its task.
fn trained_maps(run: &Run, curriculum: &Curriculum, entry: Entry) -> Result<Maps, LabError> {
    match curriculum.network.precision {
        Precision::F32 => maps::<f32>(run, curriculum, entry),
        Precision::F64 => maps::<f64>(run, curriculum, entry),
    }
}

fn maps<T: TrainableReal>(
    run: &Run,
    curriculum: &Curriculum,
    entry: Entry,
) -> Result<Maps, LabError> {
    let saved = reload::<T>(curriculum, &run.weights(entry.checkpoint)?, entry.step)?;
    let network = Arc::new(curriculum.network.clone());
    let parameters = Arc::new(saved.parameters.cast());
    let task = saved.position.shown_task(curriculum);
    let map = |probe: Probe| {
        let wired = Wired::trained(&network, &parameters, &probe.input);
        (probe.name, wired)
    };
    let probes = task.probes(curriculum.network.inputs).into_iter();
    Ok(probes.map(map).collect())
}

/// The same of a run whose checkpoints came from elsewhere.
pub(super) fn followed_maps(
    run: &Run,
    followed: &Followed,
    entry: Entry,
) -> Result<Maps, LabError> {
    let network = followed.network(&run.weights(entry.checkpoint)?)?;
    let probes = followed.probes(&network).into_iter();
    probes
        .map(|probe| Ok((probe.name, Wired::plain(network.map_at(&probe.input)?))))
        .collect()
}

/// The rows of `events`.
pub fn event_rows(dir: &Path, intervals: &[Interval]) -> Result<Vec<EventRow>, LabError> {
    let steps = Run::open(dir)?.steps()?;
    let rows = intervals.iter().flat_map(|interval| {
        let there = steps.binary_search_by_key(&interval.to_step, |step| step.step);
        interval.event_rows(there.ok().map(|place| &steps[place]))
    });
    Ok(rows.collect())
}

impl Interval {
    /// Whether the indices sum to the same at both checkpoints, as they do unless a fixed point is missing or degenerate;
    /// where a fixed point goes to infinity or comes from there, nothing is asked.
    ///
    /// A violation means that at least one fixed point was missed at one of the two checkpoints.
    pub fn is_index_conserved(&self) -> bool {
        self.index_sums.0 == self.index_sums.1 || self.escaped + self.arrived > 0
    }

    /// A line about each reason to doubt what is told of the interval: points whose fate no continuation tells, and indices
    /// that do not sum to the same at both ends.
    pub(super) fn doubts(&self) -> Vec<String> {
        let place = format!(
            "steps {} to {}, {}",
            self.from_step, self.to_step, self.condition
        );
        let mut lines = Vec::new();
        if !self.unexplained.is_empty() {
            let branches: Vec<String> = self.unexplained.iter().map(u32::to_string).collect();
            lines.push(format!(
                "{place}: no continuation tells the fate of branches {}; with more checkpoints in between it may",
                branches.join(" ")
            ));
        }
        if !self.is_index_conserved() {
            let (before, after) = self.index_sums;
            lines.push(format!(
                "{place}: the indices sum to {before} before and to {after} after, so at one end a fixed point is missing or \
                 degenerate"
            ));
        }
        lines
    }

    /// The rows of `events`, given the training step that the interval ends with, if there is one.
    pub fn event_rows(&self, there: Option<&StepRow>) -> Vec<EventRow> {
        self.events
            .iter()
            .map(|of| self.event_row(of, there))
            .collect()
    }

    fn event_row(&self, of: &RunEvent, there: Option<&StepRow>) -> EventRow {
        let event = &of.event;
        let leading = event.multipliers.first().copied();
        let (multiplier_re, multiplier_im) = leading.unwrap_or((f64::NAN, 0.0));
        EventRow {
            condition: self.condition.clone(),
            from_step: self.from_step,
            to_step: self.to_step,
            // An event on a checkpoint may seem to lie beyond it by rounding.
            position: event.place.s.clamp(0.0, 1.0),
            kind: event.kind.code().to_owned(),
            status: match event.kind {
                EventKind::Unclassified { .. } => Status::Bracketed,
                _ => Status::Located,
            },
            multiplier_re,
            multiplier_im: multiplier_im.abs(),
            coefficient: event.kind.coefficient(),
            criticality: event.manner().map(str::to_owned),
            pair_change: event.kind.pair_side(),
            branches: of.branches.clone(),
            state: event.place.state.clone(),
            loss: there.map(|step| step.loss),
            grad_norm: there.map(|step| step.grad_norm),
            born: of.born.map(|born| BornRow {
                side: born.side,
                period: born.period,
                distance: born.distance,
                amplitude: born.amplitude,
                predicted: born.predicted,
                stability: if born.is_stable {
                    Stability::Stable
                } else {
                    Stability::Unstable
                },
            }),
            hint: None,
        }
    }
}

/// Something for each constant input.
pub(in crate::lab) type ByCondition<T> = BTreeMap<String, T>;
/// The network of a checkpoint at each constant input.
pub(in crate::lab) type Maps = ByCondition<Wired>;

/// Steps 1 to 3 for any chain of places: `nodes` at each of them, and `paths` from each to the next.
pub(super) fn connected<E>(
    places: &[CheckpointId],
    mut nodes: Vec<ByCondition<Vec<Node>>>,
    mut paths: impl FnMut(usize) -> Result<ByCondition<CellPath>, E>,
    observer: &dyn Fn(usize, usize),
) -> Result<History, E> {
    let count = places.len().saturating_sub(1);
    let mut passages: Vec<ByCondition<Passage>> = vec![BTreeMap::new(); count];
    let mut waiting: BTreeSet<usize> = (0..count).collect();
    let (mut done, mut all) = (0, count);
    for _ in 0..MOST_ROUNDS {
        let mut again = BTreeSet::new();
        while let Some(place) = waiting.pop_first() {
            let (first, second) = nodes.split_at_mut(place + 1);
            for (condition, path) in paths(place)? {
                let here = first[place].entry(condition.clone()).or_default();
                let there = second[0].entry(condition.clone()).or_default();
                let known = (here.len(), there.len());
                passages[place].insert(condition, passage(&path, here, there));
                // Step 2.
                if here.len() > known.0 && place > 0 {
                    again.insert(place - 1);
                }
                if there.len() > known.1 && place + 1 < count && !waiting.contains(&(place + 1)) {
                    again.insert(place + 1);
                }
            }
            done += 1;
            observer(done, all);
        }
        if again.is_empty() {
            break;
        }
        all += again.len();
        waiting = again;
    }
    let chain = Chain {
        places,
        nodes: &nodes,
        passages: &passages,
    };
    Ok(chain.told())
}

/// The stored fixed points of a checkpoint.
fn stored(run: &Run, entry: Entry) -> Result<ByCondition<Vec<Node>>, LabError> {
    let mut spectra = spectra(run, entry.checkpoint)?;
    let mut nodes: ByCondition<Vec<Node>> = BTreeMap::new();
    for row in run.fixed_points(entry.checkpoint)? {
        let key = (row.condition.clone(), row.point);
        let multipliers = spectra.remove(&key).unwrap_or_default();
        let nodes = nodes.entry(key.0).or_default();
        nodes.push(Node::of_row(row, multipliers));
    }
    Ok(nodes)
}

struct OfRun<'a> {
    run: &'a Run,
    complete: Vec<Entry>,
}

impl OfRun<'_> {
    fn history(
        &self,
        maps: impl Fn(Entry) -> Result<Maps, LabError>,
        observer: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<History, LabError> {
        let nodes = self
            .complete
            .iter()
            .map(|entry| self.nodes(*entry))
            .collect::<Result<_, _>>()?;
        let places: Vec<CheckpointId> = self
            .complete
            .iter()
            .map(|entry| CheckpointId {
                number: entry.checkpoint,
                step: entry.step,
            })
            .collect();
        let mut last: Option<(usize, Maps)> = None;
        let paths = |place: usize| {
            let from = match last.take() {
                Some((at, there)) if at == place => there,
                _ => maps(self.complete[place])?,
            };
            let to = maps(self.complete[place + 1])?;
            let joined = from.into_iter().filter_map(|(condition, from)| {
                let path = from.path_to(to.get(&condition)?)?;
                Some((condition, path))
            });
            let joined = joined.collect();
            last = Some((place + 1, to));
            Ok(joined)
        };
        connected(&places, nodes, paths, observer)
    }

    /// The stored fixed points of a checkpoint.
    fn nodes(&self, entry: Entry) -> Result<ByCondition<Vec<Node>>, LabError> {
        stored(self.run, entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_that_differ_are_a_doubt_unless_a_point_went_to_infinity() {
        let mut interval = Interval {
            condition: "no pulse".to_owned(),
            from_step: 10,
            to_step: 20,
            before: (1, 0),
            after: (2, 0),
            continued: 1,
            annihilated: 0,
            created: 0,
            escaped: 0,
            arrived: 0,
            ended: 0,
            begun: 0,
            unexplained: Vec::new(),
            index_sums: (1, 0),
            events: Vec::new(),
        };
        let doubts = interval.doubts();
        assert_eq!(doubts.len(), 1);
        assert!(doubts[0].contains("sum to 1 before and to 0 after"));
        interval.arrived = 1;
        assert!(interval.doubts().is_empty());
        interval.unexplained = vec![4, 7];
        assert!(interval.doubts()[0].contains("branches 4 7"));
    }
}
