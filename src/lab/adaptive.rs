//! Checkpoints that are closer together where the network changes fast, decided while it trains.
//!
//! At the end b of every interval [a, b] of the coarsest spacing, before b is saved:
//! 1. The networks at a and b are compared: their fixed points, the loss on the probe trials, their weights.
//! 2. While a stretch between two neighbours changes too much, is long enough, and checkpoints are left to spend, the one
//!    that changes most is halved: training goes back to its start and repeats it up to its middle.
//! 3. What was kept is saved in the order of its steps, then b.
//!
//! All that is decided depends on the weights within [a, b] and on the number of checkpoints up to a. So a run that was
//! stopped anywhere goes back to its last a, and ends with the same checkpoints.
//!
//! The price is steps made twice, those of intervals in which something happens; the weights that are kept are bit
//! for bit those of a run with fixed checkpoints at these steps.

use super::LabError;
use super::analysed::Analysed;
use super::position::Position;
use super::probe::ProbeTrials;
use super::saved::{CheckpointId, Snapshot, in_memory, reload};
use super::trainer::Trainer;
use crate::cell::map::CellMap;
use crate::cell::parameters::Parameters;
use crate::curriculum::{AdaptiveCheckpoints, CheckpointPolicy, Curriculum};
use crate::dynamics::linear::spectrum::SpectrumError;
use crate::dynamics::points::search::{Findings, Known, SearchLimits, search};
use crate::dynamics::points::starts::jittered;
use crate::streams::Stream;
use crate::trace::Run;
use crate::train::rules::TrainableReal;

/// A landscape that gains or loses points is ahead of any other change.
const AHEAD: f64 = 1e3;

/// Decides which checkpoints lie between two that are always kept.
pub(super) struct Adaptive<'a, T: TrainableReal> {
    curriculum: &'a Curriculum,
    policy: AdaptiveCheckpoints,
    probe: ProbeTrials<'a, T>,
    /// The start of the interval.
    origin: Option<Snapshot>,
}

/// A network as it is compared with others.
struct View {
    snapshot: Snapshot,
    parameters: Parameters<f64>,
    /// On the probe trials.
    loss: f64,
    /// Root mean square length of the states in them.
    length: f64,
    landscapes: Vec<Analysed>,
}

impl<'a, T: TrainableReal> Adaptive<'a, T> {
    /// What decides for a run whose trainer stands at its start or at the end of an interval; none if nothing is to be decided.
    pub(super) fn new(
        curriculum: &'a Curriculum,
        run: Option<&Run>,
        trainer: &mut Trainer<'_, T>,
    ) -> Result<Option<Self>, LabError> {
        let CheckpointPolicy::Adaptive(policy) = curriculum.checkpoints else {
            return Ok(None);
        };
        let has_begun = run.is_some_and(|run| !run.entries().is_empty());
        Ok(Some(Self {
            curriculum,
            policy,
            probe: ProbeTrials::new(curriculum, run)?,
            origin: has_begun.then(|| trainer.snapshot()).transpose()?,
        }))
    }

    /// What to keep between the start of the interval and its end, where the trainer stands; in order. The trainer is then
    /// somewhere within, and the next interval starts at this one's end.
    pub(super) fn between(
        &mut self,
        trainer: &mut Trainer<'_, T>,
    ) -> Result<Vec<Snapshot>, LabError> {
        let end = trainer.snapshot()?;
        let Some(origin) = self.origin.replace(end.clone()) else {
            return Ok(Vec::new());
        };
        let at_end = trainer.position().clone();
        let mut allowed = self.allowed(&origin, &at_end)?;
        let mut views = vec![self.view(origin, &at_end)?, self.view(end, &at_end)?];
        let mut changes = vec![self.change(&views[0], &views[1], &at_end)?];
        while allowed > 0
            && let Some(place) = self.to_halve(&views, &changes)
        {
            let (from, to) = (&views[place].snapshot, &views[place + 1].snapshot);
            let middle = from.step + (to.step - from.step) / 2;
            trainer.restore(from)?;
            trainer.retrace(middle)?;
            let view = self.view(trainer.snapshot()?, &at_end)?;
            let halves = [
                self.change(&views[place], &view, &at_end)?,
                self.change(&view, &views[place + 1], &at_end)?,
            ];
            views.insert(place + 1, view);
            changes.splice(place..=place, halves);
            allowed -= 1;
        }
        views.pop();
        Ok(views
            .into_iter()
            .skip(1)
            .map(|view| view.snapshot)
            .collect())
    }

    /// Checkpoints that the interval may take: half of what the budget leaves when those that are always kept have theirs.
    fn allowed(&self, origin: &Snapshot, at_end: &Position) -> Result<u64, LabError> {
        let saved = reload::<T>(self.curriculum, &in_memory(origin), origin.step)?;
        let at = saved.position;
        let stages = self.curriculum.stages.iter().skip(at.stage);
        let steps_left: u64 =
            stages.clone().map(|stage| stage.until.steps).sum::<u64>() - at.stage_step;
        let always = steps_left / self.policy.coarsest + 1 + stages.len() as u64;
        let taken = u64::from(at_end.checkpoint);
        Ok(self
            .policy
            .budget
            .saturating_sub(taken + always)
            .div_ceil(2))
    }

    /// The stretch that changes most, of those that change too much and can be halved; the first of equals.
    fn to_halve(&self, views: &[View], changes: &[f64]) -> Option<usize> {
        let length = |place: usize| views[place + 1].snapshot.step - views[place].snapshot.step;
        (0..changes.len())
            .filter(|&place| changes[place] >= 1.0 && length(place) >= 2 * self.policy.finest)
            .fold(None, |best, place| match best {
                Some(best) if changes[best] >= changes[place] => Some(best),
                _ => Some(place),
            })
    }

    /// Looks at a network in the task that it is trained on at the end of the interval.
    fn view(&mut self, snapshot: Snapshot, at_end: &Position) -> Result<View, LabError> {
        let curriculum = self.curriculum;
        let saved = reload::<T>(curriculum, &in_memory(&snapshot), snapshot.step)?;
        let id = CheckpointId {
            number: at_end.checkpoint,
            step: snapshot.step,
        };
        let job = self.probe.job(id, &saved.parameters, at_end)?;
        let states = &job.simulation.states;
        let squares: f64 = states.iter().map(|x| x * x).sum();
        let settings = &curriculum.analysis;
        let probes = if settings.enabled {
            job.probes.as_slice()
        } else {
            &[]
        };
        let mut landscapes = Vec::new();
        for (place, probe) in probes.iter().enumerate() {
            let from = Stream::CandidateStarts {
                step: snapshot.step,
                input: place,
            };
            let starts = jittered(
                states,
                job.simulation.state_size,
                settings.starts,
                settings.noise,
                &mut from.open(curriculum.seed),
            );
            let map = CellMap::new(&curriculum.network, &job.parameters, &probe.input);
            let found = Analysed::of(&probe.name, map, |map| {
                search(map, &[], &starts, SearchLimits::default())
            });
            landscapes.push(found.map_err(|source| failed(at_end, source))?);
        }
        Ok(View {
            // In a world the loss follows the actions that were drawn, and tells no change.
            loss: if job.batch.lived.is_empty() {
                job.batch.loss(&job.simulation.outputs)
            } else {
                f64::NAN
            },
            length: (squares * job.simulation.state_size as f64 / states.len() as f64).sqrt(),
            parameters: job.parameters,
            landscapes,
            snapshot,
        })
    }

    /// How much two networks differ; 1 or more is too much.
    fn change(&self, a: &View, b: &View, at_end: &Position) -> Result<f64, LabError> {
        let policy = &self.policy;
        let loss = (b.loss / a.loss).ln().abs() / policy.loss_factor.ln();
        let weights = distance(a.parameters.values(), b.parameters.values());
        let weights = weights / a.parameters.norm() / policy.weight_change;
        let mut change = if loss.is_finite() {
            loss.max(weights)
        } else {
            weights
        };
        for (a_landscape, b_landscape) in a.landscapes.iter().zip(&b.landscapes) {
            let (changed, way) =
                difference(a_landscape, b_landscape).map_err(|source| failed(at_end, source))?;
            let movement = way / a.length.max(f64::MIN_POSITIVE) / policy.movement;
            change = change.max(movement).max(AHEAD * changed as f64);
        }
        Ok(change)
    }
}

/// By how many fixed points two landscapes differ, counted by unstable directions, and the longest way that a point goes.
///
/// What only one search has found is sought in the other landscape from there, so that a miss is not taken for a change.
fn difference(a: &Analysed, b: &Analysed) -> Result<(usize, f64), SpectrumError> {
    let forward = search(&b.map, &known(a), &[], SearchLimits::default())?;
    let backward = search(&a.map, &known(b), &[], SearchLimits::default())?;
    let counts = [(a, &backward), (b, &forward)].map(|(own, other)| by_unstable(own, other));
    let kinds = counts[0].len().max(counts[1].len());
    let count = |side: usize, kind: usize| counts[side].get(kind).copied().unwrap_or(0);
    let changed = (0..kinds).map(|kind| count(0, kind).abs_diff(count(1, kind)));
    let ways = forward.fixed_points.iter().filter_map(|point| {
        let from = &a.findings.fixed_points[point.from_known?];
        Some(distance(&from.state, &point.state))
    });
    Ok((changed.sum(), ways.fold(0.0, f64::max)))
}

fn known(landscape: &Analysed) -> Vec<Known<'_>> {
    let points = landscape.findings.fixed_points.iter();
    points
        .map(|point| Known {
            state: &point.state,
            index: point.index,
        })
        .collect()
}

/// Fixed points by number of unstable directions, those included that another search of the same map has found.
fn by_unstable(own: &Analysed, other: &Findings) -> Vec<usize> {
    let others = other.fixed_points.iter();
    let missed = others.filter(|point| !own.findings.contains(point));
    let mut counts = Vec::new();
    for point in own.findings.fixed_points.iter().chain(missed) {
        let kind = point.spectrum.n_unstable();
        counts.resize(counts.len().max(kind + 1), 0);
        counts[kind] += 1;
    }
    counts
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| (a - b).powi(2));
    squares.sum::<f64>().sqrt()
}

fn failed(at: &Position, source: SpectrumError) -> LabError {
    LabError::Analysis {
        checkpoint: at.checkpoint,
        source,
    }
}
