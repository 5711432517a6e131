//! The course of one network through learning, checkpoint by checkpoint, and how far it is from its end.
//!
//! What a network does is one thing, the landscape that does it and the representation another, its weights a third; they need
//! not settle at the same time.

mod figure;
pub(crate) mod transitions;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::matrix::{AnyMeasure, AnyView, Gathered};
use super::measure::Senseless;
use super::measures::cca::Cca;
use super::measures::cka::Cka;
use super::measures::topology::Topology;
use super::path::barrier::barrier;
use super::path::length::{angle_between, norm};
use super::path::stages::{LearningStage, StageCriterion, topology_change};
use super::portrait::{Portrait, Probed, TrialStates};
use super::reading::{OpenRun, View};
use crate::lab::LabError;
use crate::parallel;
use transitions::{matched, pulses, transitions};

/// How a course is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How the network of each checkpoint is looked at.
    pub view: View,
    /// A mean loss of at most this is good. Default: halfway between the highest and the lowest loss, in logarithms.
    pub good_loss: Option<f64>,
    /// A mean change of topology above this is changing. Default 0.1.
    pub changing_topology: f64,
    /// Whether the barriers of the loss to the next and to the last checkpoint are measured: some 40 evaluations of the loss each.
    /// Default no.
    pub has_barriers: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            view: View::default(),
            good_loss: None,
            changing_topology: 0.1,
            has_barriers: false,
        }
    }
}

/// One checkpoint on the course.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Waypoint {
    /// Its number.
    pub checkpoint: u32,
    /// Its training step.
    pub step: u64,
    /// Loss on the probe trials; NaN where another program trained the network.
    pub loss: f64,
    /// Accuracy on them, in 0 to 1; NaN as the loss.
    pub accuracy: f64,
    /// Number of fixed points, and of stable ones, over all constant inputs.
    pub n_fixed: [usize; 2],
    /// Whether all lists of fixed points are known, or held by their index sums, to be complete.
    pub is_complete: bool,
    /// Change of topology since the checkpoint before, 0 to 2 (Marschall & Savin 2023); 0 of the first.
    pub topology_change: f64,
    /// Stage of learning by loss and topology.
    pub stage: LearningStage,
    /// Distance of the graph of fixed points to that of the last checkpoint, in edits; `Err` says why there is none.
    pub topology_to_end: Result<f64, String>,
    /// 1 − alignment of the kernels of the states with those of the last checkpoint.
    pub cka_to_end: Result<f64, String>,
    /// 1 − mean canonical correlation of the states with those of the last checkpoint.
    pub svcca_to_end: Result<f64, String>,
    /// Distance in weight space from the checkpoint before; `None` of the first.
    pub weights_moved: Option<f64>,
    /// Angle of that way to the one before, in radians.
    pub turning_angle: Option<f64>,
    /// Distance in weight space to the last checkpoint.
    pub weights_to_end: Option<f64>,
    /// Loss barrier on the straight line to the next checkpoint, if it was asked for; `None` of the last.
    pub barrier_to_next: Option<f64>,
    /// Loss barrier on the straight line to the last checkpoint.
    pub barrier_to_end: Option<f64>,
}

/// The course of a network.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Course {
    /// Name of its run.
    pub name: String,
    /// Its analysed checkpoints, in order.
    pub waypoints: Vec<Waypoint>,
    /// What told the stages apart.
    pub criterion: StageCriterion,
    /// Whether it was stopped before all checkpoints were looked at; those that were are there.
    pub is_partial: bool,
}

/// One checkpoint as it is read.
struct Look {
    checkpoint: u32,
    portrait: Portrait,
    views: [Result<AnyView, Senseless>; 3],
}

const MEASURES: [&dyn AnyMeasure; 3] = [&Topology, &Cka, &Cca::SVCCA];

/// Follows the network of a run through its analysed checkpoints.
///
/// 1. The network of each is run on the same trials of the task that the curriculum ends with, and the edges between its fixed
///    points are found.
/// 2. Graphs and states are held against those of the last checkpoint.
/// 3. The change of topology between two checkpoints is that of their transition matrices, with fixed points matched by what the
///    network puts out there; it and the loss give the stages of learning (Marschall & Savin 2023, means over 10 checkpoints,
///    4 in a row for another stage).
/// 4. If asked for, the barriers of the loss on the straight lines to the next checkpoint and to the last.
///
/// # Errors
/// If the run, or a file of a checkpoint, is missing or damaged.
pub fn course(
    dir: &Path,
    settings: Settings,
    stop: &AtomicBool,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Course, LabError> {
    let run = OpenRun::open(dir)?;
    let entries: Vec<_> = run.checkpoints().iter().filter(|of| of.complete).collect();
    let done = AtomicUsize::new(0);
    let looks = parallel::try_map(&entries, |entry| {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let portrait = run.portrait(**entry, settings.view)?;
        let views = MEASURES.map(|measure| measure.view(&portrait));
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, entries.len());
        Ok::<_, LabError>(Some(Look {
            checkpoint: entry.checkpoint,
            portrait: without_states(portrait),
            views,
        }))
    })?;
    let looks: Vec<Look> = looks.into_iter().flatten().collect();
    let is_partial = looks.len() < entries.len();
    let (waypoints, criterion) = along(looks, settings, stop);
    Ok(Course {
        name: run.name(),
        waypoints,
        criterion,
        is_partial: is_partial || stop.load(Ordering::Relaxed),
    })
}

/// What measures kept of the states is enough.
fn without_states(portrait: Portrait) -> Portrait {
    Portrait {
        states: TrialStates::default(),
        ..portrait
    }
}

/// Steps 2 to 4.
fn along(
    looks: Vec<Look>,
    settings: Settings,
    stop: &AtomicBool,
) -> (Vec<Waypoint>, StageCriterion) {
    let mut views: [Vec<Result<AnyView, Senseless>>; 3] = Default::default();
    let mut portraits = Vec::with_capacity(looks.len());
    for look in looks {
        for (all, view) in views.iter_mut().zip(look.views) {
            all.push(view);
        }
        portraits.push((look.checkpoint, look.portrait));
    }
    let mut gathered = MEASURES
        .iter()
        .zip(views)
        .map(|(of, views)| of.gather(views));
    let to_end: Vec<Vec<Result<f64, String>>> = gathered.by_ref().map(|of| to_last(&*of)).collect();
    let losses: Vec<f64> = portraits.iter().map(|(_, of)| loss(of)).collect();
    let changes = changes(&portraits);
    let criterion = StageCriterion::new(
        settings.good_loss.unwrap_or_else(|| halfway(&losses)),
        settings.changing_topology,
    );
    let stages = criterion.stages(&losses, &changes);
    let barriers = barriers(&portraits, settings, stop);
    let weights: Vec<Option<&[f64]>> = portraits
        .iter()
        .map(|(_, of)| of.probed.as_ref().map(|of| of.parameters.values()))
        .collect();
    let last_weights = weights.last().copied().flatten();
    let mut way_before: Option<Vec<f64>> = None;
    let waypoints = portraits
        .iter()
        .enumerate()
        .map(|(place, (checkpoint, of))| {
            let way = place
                .checked_sub(1)
                .and_then(|before| Some(difference(weights[place]?, weights[before]?)));
            let angle = way_before.as_ref().zip(way.as_ref());
            let angle = angle.and_then(|(before, way)| angle_between(before, way));
            let moved = way.as_deref().map(norm);
            way_before = way;
            let points = of.landscapes.iter().flat_map(|of| &of.points);
            Waypoint {
                checkpoint: *checkpoint,
                step: of.step,
                loss: losses[place],
                accuracy: of.probed.as_ref().map_or(f64::NAN, |of| of.accuracy),
                n_fixed: [
                    points.clone().count(),
                    points.filter(|point| point.n_unstable == 0).count(),
                ],
                is_complete: of.landscapes.iter().all(|of| of.is_complete),
                topology_change: changes[place],
                stage: stages[place],
                topology_to_end: to_end[0][place].clone(),
                cka_to_end: to_end[1][place].clone(),
                svcca_to_end: to_end[2][place].clone(),
                weights_moved: moved,
                turning_angle: angle,
                weights_to_end: weights[place]
                    .zip(last_weights)
                    .map(|(here, last)| norm(&difference(last, here))),
                barrier_to_next: barriers[place][0],
                barrier_to_end: barriers[place][1],
            }
        });
    (waypoints.collect(), criterion)
}

/// Distances to the last of all.
fn to_last(of: &dyn Gathered) -> Vec<Result<f64, String>> {
    let count = of.count();
    // Estimates without bias, and rounding, may be a little below 0.
    let distance = |place| match of.distance(place, count - 1) {
        Ok(distance) => Ok(distance.max(0.0)),
        Err(why) => Err(why.0.into_owned()),
    };
    (0..count).map(distance).collect()
}

fn loss(of: &Portrait) -> f64 {
    of.probed.as_ref().map_or(f64::NAN, |of| of.loss)
}

/// Halfway between the highest and the lowest loss, in logarithms.
fn halfway(losses: &[f64]) -> f64 {
    let highest = losses.iter().copied().fold(f64::NAN, f64::max);
    let lowest = losses.iter().copied().fold(f64::NAN, f64::min);
    (highest * lowest).sqrt()
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// Step 3: the change since the checkpoint before. Where constant inputs differ, as between stages with other tasks, everything
/// changes.
fn changes(portraits: &[(u32, Portrait)]) -> Vec<f64> {
    let mut changes = vec![0.0; portraits.len()];
    for (place, pair) in portraits.windows(2).enumerate() {
        let [(_, before), (_, after)] = pair else {
            continue;
        };
        let each = before.landscapes.iter().map(|before| {
            let after = after.landscapes.iter();
            let after = after.clone().find(|of| of.condition == before.condition);
            after.map_or(2.0, |after| {
                let pulses = pulses(before).max(pulses(after));
                let [m, after_m] = [before, after].map(|of| transitions(of, pulses));
                topology_change(&m, &after_m, &matched(before, after))
            })
        });
        let count = before.landscapes.len().max(1) as f64;
        changes[place + 1] = each.sum::<f64>() / count;
    }
    changes
}

/// Step 4: to the next and to the last.
fn barriers(
    portraits: &[(u32, Portrait)],
    settings: Settings,
    stop: &AtomicBool,
) -> Vec<[Option<f64>; 2]> {
    let probed = |place: usize| portraits.get(place)?.1.probed.as_ref();
    let between = |a: &Probed, b: &Probed| {
        let (from, to) = (a.parameters.values(), b.parameters.values());
        let found = barrier(from, to, a.loss_function());
        found.ok().map(|found| found.height)
    };
    let last = portraits.len().saturating_sub(1);
    let of = |place: usize| {
        if !settings.has_barriers || place == last || stop.load(Ordering::Relaxed) {
            return [None; 2];
        }
        let to = |other: usize| between(probed(place)?, probed(other)?);
        [to(place + 1), to(last)]
    };
    parallel::map(0..portraits.len(), of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loss_halfway_is_that_in_logarithms() {
        assert_eq!(halfway(&[1.0, 0.01, 0.5]), 0.1);
        assert!(halfway(&[f64::NAN]).is_nan());
    }
}
