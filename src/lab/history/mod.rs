//! What happened between the checkpoints of a run: its fixed points continued from each to the next, the branches that they
//! lie on through the whole run, and the bifurcations on the way.

mod branches;
mod passage;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use self::branches::Chain;
use self::passage::{Node, Passage, passage};
use super::trainer::{TrainableReal, reload, shown_stage};
use super::{LabError, curriculum_of};
use crate::cell::map::{CellMap, CellPath};
use crate::cell::spec::Precision;
use crate::curriculum::Curriculum;
use crate::landscape::event::{Event, Kind};
use crate::task::Probe;
use crate::trace::rows::{BranchRow, EventRow};
use crate::trace::{Entry, Run};

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
    /// Branches of points whose fate no continuation tells.
    pub unexplained: Vec<u32>,
    /// Bifurcations, by rising s.
    pub events: Vec<RunEvent>,
}

/// A bifurcation between two checkpoints.
#[derive(Debug, Clone)]
pub struct RunEvent {
    /// What and where; s runs from 0 at the earlier checkpoint to 1 at the later one, along the straight line between their
    /// weights, which is not the path that training took.
    pub event: Event,
    /// The branches that meet it.
    pub branches: Vec<u32>,
}

/// The history of a run; `observer` hears how many intervals are done, of how many. With a `stride` of k only every k-th
/// checkpoint is looked at, as if the others had not been kept.
///
/// 1. Between each two neighbouring checkpoints that are complete, at each constant input that both were analysed at, the
///    stored fixed points are followed along the straight line between the weights, both ways.
/// 2. Fixed points that the search had missed, and that a branch led to, join those of their checkpoint, and the intervals
///    on its other side are gone through again.
/// 3. The bifurcations on the branches are located, each once, and the points are joined to branches through the run.
pub fn of_run(
    dir: &Path,
    stride: usize,
    observer: &(dyn Fn(usize, usize) + Sync),
) -> Result<History, LabError> {
    let run = Run::open(dir)?;
    let curriculum = curriculum_of(dir)?;
    let complete: Vec<Entry> = run
        .entries()
        .iter()
        .copied()
        .filter(|entry| entry.complete)
        .step_by(stride.max(1))
        .collect();
    let of_run = OfRun {
        run: &run,
        curriculum: &curriculum,
        complete,
    };
    match curriculum.network.precision {
        Precision::F32 => of_run.history::<f32>(observer),
        Precision::F64 => of_run.history::<f64>(observer),
    }
}

/// The rows of `events`.
pub fn event_rows(dir: &Path, intervals: &[Interval]) -> Result<Vec<EventRow>, LabError> {
    let steps = Run::open(dir)?.steps()?;
    let row = |interval: &Interval, of: &RunEvent| {
        let event = &of.event;
        let (multiplier_re, multiplier_im) = event
            .multipliers
            .first()
            .copied()
            .unwrap_or((f64::NAN, 0.0));
        let there = steps
            .binary_search_by_key(&interval.to_step, |step| step.step)
            .ok()
            .map(|place| &steps[place]);
        EventRow {
            condition: interval.condition.clone(),
            from_step: interval.from_step,
            to_step: interval.to_step,
            position: event.place.s,
            kind: event.kind.code().to_owned(),
            is_located: !matches!(event.kind, Kind::Unclassified { .. }),
            multiplier_re,
            multiplier_im: multiplier_im.abs(),
            coefficient: event.kind.coefficient(),
            criticality: event.criticality().map(|of| of.name().to_owned()),
            pair_change: match &event.kind {
                Kind::Fold(form) => form.pair_side() as i8,
                _ => 0,
            },
            branches: of.branches.clone(),
            state: event.place.state.clone(),
            loss: there.map(|step| step.loss),
            grad_norm: there.map(|step| step.grad_norm),
        }
    };
    let rows = intervals
        .iter()
        .flat_map(|interval| interval.events.iter().map(move |of| row(interval, of)));
    Ok(rows.collect())
}

/// The constant inputs of a checkpoint with the network at each.
type Maps = BTreeMap<String, CellMap>;
/// Something for each constant input.
type ByCondition<T> = BTreeMap<String, T>;

struct OfRun<'a> {
    run: &'a Run,
    curriculum: &'a Curriculum,
    complete: Vec<Entry>,
}

impl OfRun<'_> {
    fn history<T: TrainableReal>(
        &self,
        observer: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<History, LabError> {
        let count = self.complete.len().saturating_sub(1);
        let mut nodes: Vec<ByCondition<Vec<Node>>> = self
            .complete
            .iter()
            .map(|entry| self.nodes(*entry))
            .collect::<Result<_, _>>()?;
        let mut passages: Vec<ByCondition<Passage>> = vec![BTreeMap::new(); count];
        let mut waiting: BTreeSet<usize> = (0..count).collect();
        let mut done = 0;
        for _ in 0..MOST_ROUNDS {
            let mut again = BTreeSet::new();
            let mut earlier: Option<(usize, Maps)> = None;
            while let Some(place) = waiting.pop_first() {
                let from = match earlier.take() {
                    Some((at, maps)) if at == place => maps,
                    _ => self.maps::<T>(self.complete[place])?,
                };
                let to = self.maps::<T>(self.complete[place + 1])?;
                for (condition, before, after) in in_both(&from, &to) {
                    let (first, second) = nodes.split_at_mut(place + 1);
                    let here = first[place].entry(condition.to_owned()).or_default();
                    let there = second[0].entry(condition.to_owned()).or_default();
                    let known = (here.len(), there.len());
                    let Some(path) = CellPath::new(before.clone(), after.clone()) else {
                        continue;
                    };
                    let found = passage(&path, here, there);
                    // Step 2.
                    if here.len() > known.0 && place > 0 {
                        again.insert(place - 1);
                    }
                    if there.len() > known.1 && place + 1 < count && !waiting.contains(&(place + 1))
                    {
                        again.insert(place + 1);
                    }
                    passages[place].insert(condition.to_owned(), found);
                }
                earlier = Some((place + 1, to));
                done += 1;
                observer(done, count + again.len());
            }
            if again.is_empty() {
                break;
            }
            done -= again.len().min(done);
            waiting = again;
        }
        Ok(Chain {
            checkpoints: &self.complete,
            nodes: &nodes,
            passages: &passages,
        }
        .told())
    }

    /// The stored fixed points of a checkpoint.
    fn nodes(&self, entry: Entry) -> Result<ByCondition<Vec<Node>>, LabError> {
        let mut nodes: ByCondition<Vec<Node>> = BTreeMap::new();
        for row in self.run.fixed_points(entry.checkpoint)? {
            nodes.entry(row.condition).or_default().push(Node {
                state: row.state,
                index: row.index,
                n_unstable: row.n_unstable,
                stored: Some(row.point),
            });
        }
        Ok(nodes)
    }

    fn maps<T: TrainableReal>(&self, entry: Entry) -> Result<Maps, LabError> {
        let curriculum = self.curriculum;
        let saved = reload::<T>(curriculum, &self.run.weights(entry.checkpoint)?, entry.step)?;
        let parameters = saved.parameters.cast();
        let stage = shown_stage(curriculum, &saved.position);
        let task = curriculum.stages[stage].task.task();
        let map = |probe: Probe| {
            let map = CellMap::new(&curriculum.network, &parameters, &probe.input);
            (probe.name, map)
        };
        let probes = task.probes(curriculum.network.inputs).into_iter();
        Ok(probes.map(map).collect())
    }
}

/// The conditions that two checkpoints share.
fn in_both<'a>(
    from: &'a Maps,
    to: &'a Maps,
) -> impl Iterator<Item = (&'a str, &'a CellMap, &'a CellMap)> {
    from.iter()
        .filter_map(|(name, map)| to.get(name).map(|other| (name.as_str(), map, other)))
}
