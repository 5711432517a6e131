//! What happened between the checkpoints of a run: its fixed points continued from each to the next, and the
//! bifurcations on the way.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;

use super::trainer::{TrainableReal, reload, shown_stage};
use super::{LabError, curriculum_of};
use crate::cell::map::{CellMap, CellPath};
use crate::cell::spec::Precision;
use crate::curriculum::Curriculum;
use crate::dynamics::search::Known;
use crate::landscape::branch::Limits;
use crate::landscape::event::{Event, Kind, events};
use crate::landscape::matching::{Matching, Strand, match_ends};
use crate::task::Probe;
use crate::trace::rows::{EventRow, FixedPointRow};
use crate::trace::{Entry, Run};

/// Two events closer than this in s and, relative to the largest coordinate (at least 1), in state are one, met from two
/// branches.
const SAME_EVENT: f64 = 1e-6;

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
    /// Points, by the identity of their branch in the run, whose fate no branch tells.
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
    /// Stored points, by the identity of their branch in the run, whose continuations meet it.
    pub points: Vec<u32>,
}

/// The history of a run, interval by interval; `observer` hears how many are done, of how many.
///
/// 1. Between each two neighbouring checkpoints that are complete, at each constant input that both were analysed at, the
///    stored fixed points are followed along the straight line between the weights, both ways.
/// 2. The bifurcations on these branches are located, each once.
pub fn of_run(
    dir: &Path,
    observer: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<Interval>, LabError> {
    let run = Run::open(dir)?;
    let curriculum = curriculum_of(dir)?;
    match curriculum.network.precision {
        Precision::F32 => history::<f32>(&run, &curriculum, observer),
        Precision::F64 => history::<f64>(&run, &curriculum, observer),
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
            points: of.points.clone(),
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

/// A checkpoint at each of its constant inputs.
struct Scene {
    step: u64,
    maps: BTreeMap<String, CellMap>,
    points: Vec<FixedPointRow>,
}

fn history<T: TrainableReal>(
    run: &Run,
    curriculum: &Curriculum,
    observer: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<Interval>, LabError> {
    let complete: Vec<Entry> = run
        .entries()
        .iter()
        .copied()
        .filter(|entry| entry.complete)
        .collect();
    let mut intervals = Vec::new();
    let mut earlier: Option<Scene> = None;
    for (place, entry) in complete.iter().enumerate() {
        let later = scene::<T>(run, curriculum, *entry)?;
        if let Some(earlier) = &earlier {
            for condition in earlier.maps.keys() {
                intervals.extend(interval(earlier, &later, condition));
            }
        }
        earlier = Some(later);
        observer(place, complete.len().saturating_sub(1));
    }
    Ok(intervals)
}

fn scene<T: TrainableReal>(
    run: &Run,
    curriculum: &Curriculum,
    entry: Entry,
) -> Result<Scene, LabError> {
    let saved = reload::<T>(curriculum, &run.weights(entry.checkpoint)?, entry.step)?;
    let parameters = saved.parameters.cast();
    let stage = shown_stage(curriculum, &saved.position);
    let probes: Vec<Probe> = curriculum.stages[stage]
        .task
        .task()
        .probes(curriculum.network.inputs);
    let map = |probe: &Probe| CellMap::new(&curriculum.network, &parameters, &probe.input);
    Ok(Scene {
        step: entry.step,
        maps: probes
            .iter()
            .map(|probe| (probe.name.clone(), map(probe)))
            .collect(),
        points: run.fixed_points(entry.checkpoint)?,
    })
}

/// `None` where the later checkpoint was not analysed at that input.
fn interval(earlier: &Scene, later: &Scene, condition: &str) -> Option<Interval> {
    let path = CellPath::new(
        earlier.maps.get(condition)?.clone(),
        later.maps.get(condition)?.clone(),
    )?;
    let of_condition = |scene: &Scene| -> Vec<FixedPointRow> {
        let rows = scene.points.iter();
        rows.filter(|row| row.condition == condition)
            .cloned()
            .collect()
    };
    let (before, after) = (of_condition(earlier), of_condition(later));
    let matching = match_ends(&path, &known(&before), &known(&after), &Limits::default());
    let ids = |rows: &[FixedPointRow], places: &[usize]| -> Vec<u32> {
        let stored = places.iter().filter_map(|&place| rows.get(place));
        stored.map(|row| row.point).collect()
    };
    let mut unexplained = ids(&before, &matching.unmatched_before);
    unexplained.extend(ids(&after, &matching.unmatched_after));
    unexplained.sort_unstable();
    unexplained.dedup();
    Some(Interval {
        condition: condition.to_owned(),
        from_step: earlier.step,
        to_step: later.step,
        before: (before.len(), matching.before.len() - before.len()),
        after: (after.len(), matching.after.len() - after.len()),
        continued: matching.pairs.len(),
        annihilated: matching.annihilated.len(),
        created: matching.created.len(),
        unexplained,
        events: located(&path, &matching, &before, &after),
    })
}

fn known(rows: &[FixedPointRow]) -> Vec<Known<'_>> {
    rows.iter()
        .map(|row| Known {
            state: &row.state,
            index: row.index,
        })
        .collect()
}

/// Step 2.
fn located(
    path: &CellPath,
    matching: &Matching,
    before: &[FixedPointRow],
    after: &[FixedPointRow],
) -> Vec<RunEvent> {
    let strands = |strands: &'_ [Strand], rows: &[FixedPointRow]| -> Vec<(u32, Vec<Event>)> {
        strands
            .par_iter()
            .zip(rows)
            .map(|(strand, row)| (row.point, events(path, &strand.branch)))
            .collect()
    };
    let mut merged: Vec<RunEvent> = Vec::new();
    let forward = strands(&matching.forward, before);
    for (point, events) in forward
        .into_iter()
        .chain(strands(&matching.backward, after))
    {
        for event in events {
            match merged
                .iter_mut()
                .find(|other| is_same(&other.event, &event))
            {
                Some(same) if same.points.contains(&point) => {}
                Some(same) => same.points.push(point),
                None => merged.push(RunEvent {
                    event,
                    points: vec![point],
                }),
            }
        }
    }
    merged.sort_by(|a, b| a.event.place.s.total_cmp(&b.event.place.s));
    merged
}

fn is_same(a: &Event, b: &Event) -> bool {
    let scale = a
        .place
        .state
        .iter()
        .fold(1.0_f64, |most, x| most.max(x.abs()));
    let offsets = a.place.state.iter().zip(&b.place.state);
    a.kind.code() == b.kind.code()
        && (a.place.s - b.place.s).abs() <= SAME_EVENT
        && offsets
            .map(|(x, y)| (x - y).abs())
            .all(|offset| offset <= SAME_EVENT * scale)
}
