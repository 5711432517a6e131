//! What stays of one run once it is read.

use super::Settings;
use crate::comparison::coincidence::RunSignal;
use crate::comparison::coincidence::ghosts::{DropRecord, loss_drops};
use crate::comparison::coincidence::signals::{gradient_norms, loss_changes};
use crate::comparison::matrix::AnyMeasure as _;
use crate::comparison::measures::topology::Topology;
use crate::comparison::path::criterion::{Level, area_under, steps_to};
use crate::comparison::path::event_sequences::{TimeScale, TimedEvent};
use crate::comparison::path::length::{Block, PathMeter};
use crate::comparison::path::settling::commitment;
use crate::comparison::path::{LearningPath, PathEvent, TrainingStep};
use crate::comparison::portrait::Portrait;
use crate::comparison::reading::{OpenRun, View};
use crate::curriculum::Progress as StageProgress;
use crate::lab::LabError;
use crate::statistics::survival::TimeToEvent;
use crate::trace::EndingReason;

/// Training steps that a change of the loss is told over, before and behind.
const HALF_WINDOW: usize = 5;
/// Trials that each checkpoint's network is tried on for a learning curve, at most.
const CURVE_TRIALS: usize = 64;
/// A loss drops where its mean over five steps is at least this much below that over the five before, in ln loss.
pub(super) const DROP: f64 = 0.2;

/// One run, summed up.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Digest {
    /// Name of its folder.
    pub name: String,
    /// Its folder.
    pub dir: std::path::PathBuf,
    /// The group that it belongs to.
    pub group: String,
    /// Its seed; `None` where another program trained it.
    pub seed: Option<u64>,
    /// finished, diverged or unfinished.
    pub state: &'static str,
    /// Its last training step.
    pub step: u64,
    /// Trials that it was trained on.
    pub trials: u64,
    /// Mean loss of its last training steps, as many as the window of the criterion; NaN of a run without steps.
    pub loss: f64,
    /// Mean accuracy of the same steps.
    pub accuracy: f64,
    /// Training steps to the criterion in the last stage, counted from the beginning of training, or the last step of a network
    /// that never got there. If that stage has ramps, the steps to the first checkpoint whose network fulfils the criterion on
    /// the task that the stage ends with.
    pub criterion: Option<TimeToEvent>,
    /// Mean accuracy over all training steps in the task that the curriculum ends with: the area under the learning curve. Of a
    /// curriculum that begins with another task the networks of its checkpoints are tried on that task.
    pub area: Option<f64>,
    /// Training step of the first checkpoint from which on the fixed points are those of the last one, by their numbers of
    /// unstable directions, indices and the signs of their outputs.
    pub commitment: Option<u64>,
    /// Whether all landscapes from there on are known to be complete.
    pub is_commitment_proved: bool,
    /// Length of the path of all parameters, at the stride of the checkpoints that are always kept.
    pub weight_path: f64,
    /// That length over the distance from the first to the last parameters.
    pub tortuosity: f64,
    /// Its bifurcations in the order of their time, which is ln(1 + step); the kind has a sign where pairs appear or vanish.
    /// `None` where they were not computed.
    pub events: Option<Vec<TimedEvent<String>>>,
    /// The distance of each checkpoint's fixed points to those of the last one, in edits of the graph without edges.
    pub to_end: Vec<f64>,
    /// The training steps of these checkpoints.
    pub to_end_steps: Vec<u64>,
    /// Changes of ln loss at each step: the mean over five steps from it on less that over five before; with its bifurcations.
    pub loss_changes: RunSignal,
    /// Trials to the criterion.
    pub trials_to_criterion: Option<u64>,
    /// Where its loss drops, with its bifurcations and ghosts.
    pub drops: DropRecord,
    /// The logarithm of the gradient norm at each step, less its mean in the stage.
    pub gradient_norms: RunSignal,
}

impl Digest {
    /// Runs are sorted by group, then by name, numbers in it by their size.
    pub(super) fn order(&self) -> (String, usize, String) {
        (self.group.clone(), self.name.len(), self.name.clone())
    }
}

/// Sums up a run.
pub(super) fn of(run: &OpenRun, settings: &Settings) -> Result<Digest, LabError> {
    let path = run.path()?;
    let group = run
        .label(&settings.by)
        .unwrap_or_else(|_| format!("no {}", settings.by));
    let ending = match run.ending().map(|ending| ending.reason) {
        Some(EndingReason::Finished) => "finished",
        Some(EndingReason::Diverged) => "diverged",
        _ => "unfinished",
    };
    let last = &path.steps[path.steps.len().saturating_sub(settings.window)..];
    let mean =
        |value: fn(&TrainingStep) -> f64| last.iter().map(value).sum::<f64>() / last.len() as f64;
    let progress = Progress::of(run, &path, settings)?;
    let trials_per_step = run
        .curriculum()
        .map_or(0, |curriculum| curriculum.trials_per_step as u64);
    let step = path.checkpoints.last().copied().unwrap_or(0);
    let (to_end_steps, to_end, commitment) = landscapes(run)?;
    let (weight_path, tortuosity) = weight_path(run)?;
    Ok(Digest {
        name: run.name(),
        dir: run.dir(),
        group,
        seed: run.curriculum().map(|curriculum| curriculum.seed),
        state: ending,
        step,
        trials: step * trials_per_step,
        loss: mean(|of| of.loss),
        accuracy: mean(|of| of.accuracy),
        criterion: progress.criterion,
        trials_to_criterion: progress
            .criterion
            .filter(|time| time.is_observed)
            .map(|time| time.time as u64 * trials_per_step),
        area: area_under(&progress.curve),
        drops: drops(run, &path)?,
        commitment: commitment.map(|(step, _)| step),
        is_commitment_proved: commitment.is_some_and(|(_, is_proved)| is_proved),
        weight_path,
        tortuosity,
        events: has_events(run).then(|| events(&path)),
        to_end,
        to_end_steps,
        loss_changes: loss_changes(&path, HALF_WINDOW),
        gradient_norms: gradient_norms(&path),
    })
}

/// How a network came to master the task that its curriculum ends with.
struct Progress {
    criterion: Option<TimeToEvent>,
    /// `[step, accuracy]` in that task.
    curve: Vec<[f64; 2]>,
}

impl Progress {
    fn of(run: &OpenRun, path: &LearningPath, settings: &Settings) -> Result<Self, LabError> {
        let level = Level::AtLeast(settings.accuracy);
        let stages = run.curriculum().map_or(&[][..], |of| &of.stages);
        let has_ramps = stages
            .last()
            .is_some_and(|stage| stage.ramps(&StageProgress::default()).next().is_some());
        let in_training = || path.steps.iter().map(|of| [of.step as f64, of.accuracy]);
        let curve = if stages.len() > 1 || has_ramps {
            tried(run, settings.view)?
        } else {
            in_training().collect()
        };
        let last_stage = stages.len().saturating_sub(1) as u32;
        let reached = if has_ramps {
            let first = curve.iter().find(|of| of[1] >= settings.accuracy);
            first.map(|of| TimeToEvent {
                time: of[0],
                is_observed: true,
            })
        } else {
            let of_stage: Vec<TrainingStep> = path
                .steps
                .iter()
                .filter(|step| step.stage == last_stage)
                .copied()
                .collect();
            steps_to(&of_stage, settings.window, level, |of| of.accuracy)
        };
        // Training that ended before the last stage, or soon after its beginning, did not get there.
        let criterion = reached.or_else(|| {
            let last = path.steps.last()?;
            Some(TimeToEvent {
                time: last.step as f64,
                is_observed: false,
            })
        });
        Ok(Self { criterion, curve })
    }
}

/// The accuracy of each checkpoint's network in the task that the curriculum ends with.
fn tried(run: &OpenRun, view: View) -> Result<Vec<[f64; 2]>, LabError> {
    let view = View {
        trials: view.trials.min(CURVE_TRIALS),
        ..view
    };
    let mut curve = Vec::new();
    for entry in run.checkpoints() {
        if let Some(accuracy) = run.accuracy(*entry, view)? {
            curve.push([entry.step as f64, accuracy]);
        }
    }
    Ok(curve)
}

/// Where the loss drops, and what is near.
fn drops(run: &OpenRun, path: &LearningPath) -> Result<DropRecord, LabError> {
    let ends = |step: Option<&TrainingStep>| step.map_or(0, |step| step.step);
    Ok(DropRecord {
        span: [ends(path.steps.first()), ends(path.steps.last())],
        drops: loss_drops(&path.steps, HALF_WINDOW, DROP),
        events: path.events.iter().map(PathEvent::time).collect(),
        ghosts: run.ghosts()?,
    })
}

/// Whether bifurcations were looked for at all.
fn has_events(run: &OpenRun) -> bool {
    run.curriculum()
        .is_none_or(|curriculum| curriculum.analysis.enabled && curriculum.analysis.events)
}

fn events(path: &LearningPath) -> Vec<TimedEvent<String>> {
    let last_step = path.checkpoints.last().copied().unwrap_or(0);
    let mut events: Vec<TimedEvent<String>> = path
        .events
        .iter()
        .map(|event| TimedEvent {
            kind: kind(event),
            time: TimeScale::LogSteps.time(event.time(), last_step),
        })
        .collect();
    events.sort_by(|a, b| a.time.total_cmp(&b.time).then_with(|| a.kind.cmp(&b.kind)));
    events
}

/// With the sign of the change where a pair of fixed points appears or vanishes.
fn kind(event: &PathEvent) -> String {
    let sign = match event.pair_change {
        1 => "+",
        -1 => "-",
        _ => "",
    };
    format!("{}{sign}", event.kind)
}

/// The steps of all checkpoints with a landscape, their distances to the last one, and the step of commitment, with whether it
/// is proved.
type ToEnd = (Vec<u64>, Vec<f64>, Option<(u64, bool)>);

fn landscapes(run: &OpenRun) -> Result<ToEnd, LabError> {
    let (mut views, mut steps, mut is_complete) = (Vec::new(), Vec::new(), Vec::new());
    for entry in run.checkpoints() {
        let landscapes = run.landscapes(entry.checkpoint)?;
        if landscapes.is_empty() {
            continue;
        }
        is_complete.push(landscapes.iter().all(|landscape| landscape.is_complete));
        steps.push(entry.step);
        let portrait = Portrait::of_landscapes("", entry.step, landscapes);
        views.push(Topology.view(&portrait));
    }
    let count = views.len();
    if count == 0 {
        return Ok((Vec::new(), Vec::new(), None));
    }
    let gathered = Topology.gather(views);
    // Stages with other tasks have other constant inputs: as far as can be from the end.
    let distances: Vec<f64> = (0..count)
        .map(|place| gathered.distance(place, count - 1).unwrap_or(f64::INFINITY))
        .collect();
    let at_end: Vec<bool> = distances.iter().map(|distance| *distance == 0.0).collect();
    let committed = commitment(&at_end, &is_complete).map(|of| (steps[of.place], of.is_proved));
    let largest = distances
        .iter()
        .copied()
        .filter(|of| of.is_finite())
        .fold(0.0, f64::max);
    let finite = distances
        .into_iter()
        .map(|of| if of.is_finite() { of } else { largest });
    let distances = finite.collect();
    Ok((steps, distances, committed))
}

/// Length and tortuosity of the path of all parameters; NaN where another program trained the network.
fn weight_path(run: &OpenRun) -> Result<(f64, f64), LabError> {
    let mut meter: Option<PathMeter> = None;
    let stride = stride(run);
    for entry in run
        .checkpoints()
        .iter()
        .filter(|entry| entry.step.is_multiple_of(stride))
    {
        let Some(weights) = run.weights(*entry)? else {
            return Ok((f64::NAN, f64::NAN));
        };
        let meter = meter.get_or_insert_with(|| {
            let all = Block {
                name: "all".to_owned(),
                range: 0..weights.len(),
            };
            PathMeter::new(stride, vec![all])
        });
        meter.push(entry.step, &weights);
    }
    let lengths = meter.map(|meter| meter.lengths()).unwrap_or_default();
    Ok(lengths
        .first()
        .map_or((f64::NAN, f64::NAN), |of| (of.length, of.tortuosity)))
}

/// The widest gap between two checkpoints that follow each other: that of those that are always kept.
fn stride(run: &OpenRun) -> u64 {
    let gaps = run
        .checkpoints()
        .windows(2)
        .map(|pair| pair[1].step - pair[0].step);
    gaps.max().unwrap_or(1).max(1)
}
