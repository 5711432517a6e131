//! A network through learning held against a recording of neurons: does it come nearer, and at which events?
//!
//! 1. The network of each checkpoint is run on the inputs of the recording, one trial a condition, without noise.
//! 2. Measures of representation compare states and activity at the same moments of the same conditions: moments as far apart as
//!    the recorded activity takes to become another (its autocorrelation falls below 1/e), since nearer ones are no samples of
//!    their own. Dynamical similarity takes all time bins.
//! 3. Regression: the recorded activity is decoded from the network's states by ridge regression, conditions left out in turn.
//!
//! Two recordings are compared in the conditions that they share.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use faer::Mat;

use super::matrix::AnyMeasure;
use super::measures::cca::Cca;
use super::measures::cka::Cka;
use super::measures::dsa::Dsa;
use super::measures::procrustes::Procrustes;
use super::path::PathEvent;
use super::portrait::{Portrait, TrialStates};
use super::reading::OpenRun;
use crate::lab::LabError;
use crate::parallel;
use crate::recordings::{Recording, RecordingError};
use crate::statistics::decoding::Ridge;
use crate::statistics::rank_correlation;

/// Measures of representations and of dynamics, in the order of [`Approach::measures`]; regression comes last.
const MEASURES: [&dyn AnyMeasure; 4] = [&Cka, &Cca::SVCCA, &Procrustes, &Dsa::FIELD];
/// What regression is called.
const REGRESSION: &str = "regression";

/// A network through learning, beside a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Approach {
    /// Name of the run.
    pub run: String,
    /// Name of the recording.
    pub recording: String,
    /// Names of the measures, all of them distances: `regression` is 1 − R².
    pub measures: Vec<&'static str>,
    /// Its checkpoints, in order.
    pub checkpoints: Vec<Checkpoint>,
    /// Of each measure what came of it; `None` where it makes no sense of any checkpoint.
    pub summaries: Vec<Option<Summary>>,
    /// Whether it was stopped before all checkpoints were looked at.
    pub is_partial: bool,
}

/// A checkpoint, beside a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Its number.
    pub checkpoint: u32,
    /// Its training step.
    pub step: u64,
    /// The distance by each measure, or why there is none.
    pub distances: Vec<Distance>,
}

/// What a measure says of the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Distance at the first checkpoint, at the nearest, at the last.
    pub distances: [f64; 3],
    /// Training step of the nearest checkpoint.
    pub nearest_step: u64,
    /// Rank correlation of distance with training step: negative where the network comes nearer.
    pub trend: f64,
    /// The two neighbouring checkpoints between which it came nearer by most: their steps, and by how much.
    pub leap: Option<([u64; 2], f64)>,
    /// Bifurcations between these two: kind and constant input.
    pub events: Vec<(String, String)>,
}

/// Follows a run through its checkpoints beside a recording.
///
/// # Errors
/// If the run cannot be read, or the recording tells no inputs that its networks take.
pub fn approach(
    dir: &Path,
    recording: &Recording,
    stop: &AtomicBool,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Approach, LabError> {
    let run = OpenRun::open(dir)?;
    if recording.input_channels == 0 {
        return Err(RecordingError::NoInputs {
            name: recording.name.clone(),
        }
        .into());
    }
    let reference = Side::of(
        &recording.name,
        0,
        states(recording),
        recording.decorrelation_steps(),
    );
    let all = run.checkpoints();
    let done = AtomicUsize::new(0);
    let checkpoints = parallel::try_map(all, |entry| {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let states = run.states_on(*entry, recording)?;
        let side = Side::of(&run.name(), entry.step, states, reference.stride);
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, all.len());
        Ok::<_, LabError>(Some(Checkpoint {
            checkpoint: entry.checkpoint,
            step: entry.step,
            distances: side.distances_to(&reference),
        }))
    })?;
    let checkpoints: Vec<Checkpoint> = checkpoints.into_iter().flatten().collect();
    let events = run.path()?.events;
    let names = MEASURES.iter().map(|of| of.name()).chain([REGRESSION]);
    let measures: Vec<&str> = names.collect();
    let summaries = (0..measures.len()).map(|place| Summary::of(&checkpoints, place, &events));
    Ok(Approach {
        run: run.name(),
        recording: recording.name.clone(),
        summaries: summaries.collect(),
        measures,
        is_partial: checkpoints.len() < all.len(),
        checkpoints,
    })
}

/// A distance, or in words why there is none.
pub type Distance = Result<f64, String>;

/// Two recordings by each measure, with the names of the measures, in the conditions that they share. Regression decodes the
/// second from the first.
///
/// # Errors
/// If they share no condition, or differ in length.
pub fn alike(
    a: &Recording,
    b: &Recording,
) -> Result<Vec<(&'static str, Distance)>, RecordingError> {
    let [a, b] = a.shared_with(b)?;
    let stride = a.decorrelation_steps().max(b.decorrelation_steps());
    let [a, b] = [a, b].map(|of| Side::of(&of.name, 0, states(&of), stride));
    let names = MEASURES.iter().map(|of| of.name()).chain([REGRESSION]);
    Ok(names.zip(a.distances_to(&b)).collect())
}

/// The activity as states of trials, one a condition.
fn states(recording: &Recording) -> TrialStates {
    let mut states = Vec::with_capacity(recording.activity.len());
    for step in 0..recording.steps {
        for condition in 0..recording.count() {
            states.extend(recording.at(condition, step).iter().map(|&x| x as f32));
        }
    }
    TrialStates {
        steps: recording.steps,
        trials: recording.count(),
        units: recording.neurons,
        states,
    }
}

/// What is compared: all states over time, and samples far enough apart.
struct Side {
    series: Portrait,
    samples: Portrait,
    stride: usize,
}

impl Side {
    fn of(name: &str, step: u64, states: TrialStates, stride: usize) -> Self {
        let portrait = |states: TrialStates| {
            let mut portrait = Portrait::of_landscapes(name, step, Vec::new());
            "the recorded conditions".clone_into(&mut portrait.probe);
            portrait.states = states;
            portrait
        };
        Self {
            samples: portrait(sampled(&states, stride)),
            series: portrait(states),
            stride,
        }
    }

    /// How far it is from another by each measure.
    fn distances_to(&self, other: &Self) -> Vec<Distance> {
        let by = |measure: &dyn AnyMeasure, a: &Portrait, b: &Portrait| {
            let gathered = measure.gather(vec![measure.view(a), measure.view(b)]);
            gathered.distance(0, 1).map_err(|why| why.0.into_owned())
        };
        let distance = |measure: &&dyn AnyMeasure| match measure.name() {
            "dsa" => by(*measure, &self.series, &other.series),
            _ => by(*measure, &self.samples, &other.samples),
        };
        let mut distances: Vec<Distance> = MEASURES.iter().map(distance).collect();
        distances.push(self.unexplained(other));
        distances
    }

    /// 1 − R² of what is decoded of another, conditions left out in turn.
    fn unexplained(&self, other: &Self) -> Distance {
        let conditions = self.series.states.trials;
        if conditions < 2 {
            return Err(
                "one condition; regression leaves out conditions in turn, and needs two".to_owned(),
            );
        }
        let groups: Vec<usize> = (0..self.samples.states.trials)
            .map(|sample| sample % conditions)
            .collect();
        let [from, to] = [self, other].map(|of| matrix(&of.samples.states));
        let r2 = Ridge::default().r2(from.as_ref(), to.as_ref(), &groups);
        if r2.is_nan() {
            return Err("the activity is the same in all conditions, or not finite".to_owned());
        }
        Ok(1.0 - r2)
    }
}

/// Every `stride`-th state of each trial as a trial of its own, of one time step.
fn sampled(states: &TrialStates, stride: usize) -> TrialStates {
    let steps = (stride / 2..states.steps).step_by(stride.max(1));
    let chosen: Vec<f32> = steps
        .clone()
        .flat_map(|step| (0..states.trials).flat_map(move |trial| states.state(step, trial)))
        .copied()
        .collect();
    TrialStates {
        steps: 1,
        trials: steps.count() * states.trials,
        units: states.units,
        states: chosen,
    }
}

/// States of one time step, `[trials, units]`.
fn matrix(states: &TrialStates) -> Mat<f64> {
    Mat::from_fn(states.trials, states.units, |trial, unit| {
        f64::from(states.state(0, trial)[unit])
    })
}

impl Summary {
    /// Of the measure at a place.
    fn of(checkpoints: &[Checkpoint], place: usize, events: &[PathEvent]) -> Option<Self> {
        let seen: Vec<(u64, f64)> = checkpoints
            .iter()
            .filter_map(|of| Some((of.step, *of.distances[place].as_ref().ok()?)))
            .collect();
        let (first, last) = (seen.first()?.1, seen.last()?.1);
        let nearest = seen.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1))?;
        let leaps = seen
            .windows(2)
            .map(|pair| ([pair[0].0, pair[1].0], pair[0].1 - pair[1].1));
        let leap = leaps
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .filter(|(_, by)| *by > 0.0);
        let between = |event: &&PathEvent| {
            leap.is_some_and(|([from, to], _)| event.from_step < to && event.to_step > from)
        };
        let events = events.iter().filter(between);
        let (steps, distances): (Vec<f64>, Vec<f64>) = seen
            .iter()
            .map(|(step, distance)| (*step as f64, *distance))
            .unzip();
        Some(Self {
            distances: [first, nearest.1, last],
            nearest_step: nearest.0,
            trend: rank_correlation(&steps, &distances),
            leap,
            events: events
                .map(|of| (of.kind.clone(), of.condition.clone()))
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests;
