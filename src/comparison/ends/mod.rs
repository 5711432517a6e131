//! Where an optimiser would go from each checkpoint, beside where learning went.
//!
//! Learning is a process, optimisation an end state: from a checkpoint on, a deterministic optimiser goes downhill on one large
//! batch. The landscape that it ends with tells whether learning had already decided by then.

mod figure;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::matrix::{AnyMeasure as _, Gathered};
use super::measure::Senseless;
use super::measures::spectra::Spectra;
use super::measures::topology::Topology;
use super::portrait::Portrait;
use super::reading::{OpenRun, View};
use crate::curriculum::{CheckpointPolicy, Curriculum, Transfer, Until};
use crate::lab::session::{self, TakenUp};
use crate::lab::{self, LabError, Outcome};
use crate::task::Task as _;
use crate::trace::{Entry, RUN_FILE, Run, digest};
use crate::train::rules::RuleSpec;
use crate::train::spec::{Clipping, OptimiserSpec, UpdateRule};

/// Folder, within a run, of the runs that lead from its checkpoints to their ends.
pub const ENDS_FOLDER: &str = "ends";

/// How ends are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Every how many checkpoints; the first and the last are always taken. Default 1.
    pub every: usize,
    /// Trials of the fixed batch. Default 256.
    pub trials: usize,
    /// Steps of L-BFGS at most. Default 300.
    pub steps: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            every: 1,
            trials: 256,
            steps: 300,
        }
    }
}

/// What a checkpoint leads to.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct End {
    /// Number of the checkpoint.
    pub checkpoint: u32,
    /// Its training step.
    pub step: u64,
    /// Folder of the run that leads to the end.
    pub dir: PathBuf,
    /// Loss on the fixed batch, before the first and before the last step of L-BFGS.
    pub losses: [f64; 2],
    /// Accuracy on the fixed batch before the last step.
    pub accuracy: f64,
    /// Number of fixed points, and of stable ones, over all constant inputs.
    pub n_fixed: [usize; 2],
    /// The class of its fixed points, without what leads from one to another: ends of one class have as many of each number of
    /// unstable directions, index and signs of outputs. 0 is that of the end of learning.
    pub class: usize,
    /// The distance of the fixed points of the checkpoint itself to those of the end of learning, in edits; `Err` says why there is
    /// none.
    pub edits_there: Result<f64, String>,
    /// The distance of its fixed points to those of the end of learning, in edits; `Err` says why there is none.
    pub edits: Result<f64, String>,
    /// The same of the whole graphs: with the edges along unstable manifolds and by pulses.
    pub graph_edits: Result<f64, String>,
    /// The Wasserstein distance of its spectra to those of the end of learning.
    pub spectra: Result<f64, String>,
}

/// Where the checkpoints of a run lead to.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Ends {
    /// In the order of the checkpoints.
    pub ends: Vec<End>,
    /// The first training step from which on every checkpoint that was looked at ends with the fixed points that learning ended with;
    /// `None` if even the last does not.
    pub decided_at: Option<u64>,
    /// Whether it was stopped before all ends were found.
    pub is_partial: bool,
}

/// Finds the ends of the checkpoints of a run. Each is a run of its own in [`ENDS_FOLDER`], which is kept; a call that was
/// interrupted goes on.
///
/// 1. From each checkpoint L-BFGS goes downhill on one batch of the task that the curriculum ends with, its penalties included.
/// 2. The landscape of its last weights is found as in any run, from the trials of that task.
/// 3. Fixed points, the graphs that they are the nodes of, and spectra are compared with those of the last checkpoint of learning.
///
/// `progress` hears how many ends are found, and of how many.
///
/// # Errors
/// If the run was not trained here, or in a world, where each policy lives through other trials.
pub fn ends(
    dir: &Path,
    settings: Settings,
    stop: &AtomicBool,
    progress: &dyn Fn(usize, usize),
) -> Result<Ends, LabError> {
    let run = OpenRun::open(dir)?;
    let curriculum = run.curriculum().ok_or_else(|| LabError::NotTrained {
        dir: dir.to_path_buf(),
    })?;
    let chosen = chosen(run.checkpoints(), settings.every);
    let mut found = Vec::new();
    for (place, entry) in chosen.iter().enumerate() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let end = descent(dir, curriculum, *entry, settings)?;
        let target = folder_of(dir, *entry);
        if !made(&target, end, stop)? {
            break;
        }
        found.push((*entry, OpenRun::open(&target)?));
        progress(place + 1, chosen.len());
    }
    let is_partial = found.len() < chosen.len();
    summed_up(&run, found, is_partial)
}

/// The ends that were found before, whatever the settings; none is looked for.
///
/// # Errors
/// If the run or one of its ends is damaged.
pub fn known(dir: &Path) -> Result<Ends, LabError> {
    let run = OpenRun::open(dir)?;
    let mut found = Vec::new();
    for entry in run.checkpoints() {
        let target = folder_of(dir, *entry);
        if target.join(RUN_FILE).exists() {
            let end = OpenRun::open(&target)?;
            if end.ending().is_some() {
                found.push((*entry, end));
            }
        }
    }
    summed_up(&run, found, false)
}

fn folder_of(dir: &Path, entry: Entry) -> PathBuf {
    dir.join(ENDS_FOLDER).join(format!("{:08}", entry.step))
}

fn summed_up(
    run: &OpenRun,
    found: Vec<(Entry, OpenRun)>,
    is_partial: bool,
) -> Result<Ends, LabError> {
    let ends = compared(run, found)?;
    let undecided = ends.iter().rposition(|end| end.class != 0);
    let decided = ends.get(undecided.map_or(0, |place| place + 1));
    Ok(Ends {
        decided_at: decided.map(|end| end.step),
        ends,
        is_partial,
    })
}

/// Every so many checkpoints, with the first and the last.
fn chosen(entries: &[Entry], every: usize) -> Vec<Entry> {
    let last = entries.len().saturating_sub(1);
    let places =
        (0..entries.len()).filter(|place| place.is_multiple_of(every.max(1)) || *place == last);
    places.map(|place| entries[place]).collect()
}

/// The curriculum that leads from a checkpoint downhill.
fn descent(
    dir: &Path,
    curriculum: &Curriculum,
    entry: Entry,
    settings: Settings,
) -> Result<Curriculum, LabError> {
    let last = curriculum.stages.len() - 1;
    let mut stage = curriculum.stages[last].settled();
    if curriculum.mixture(last, &stage.at_its_end()).is_in_world() {
        return Err(LabError::EndInWorld {
            dir: dir.to_path_buf(),
        });
    }
    stage.until = Until {
        steps: settings.steps,
        accuracy: None,
        plateau_steps: None,
        ..stage.until
    };
    let mut end = curriculum.clone();
    end.name = format!("{} from step {}", curriculum.name, entry.step);
    end.stages = vec![stage];
    end.trials_per_step = settings.trials;
    end.rule = RuleSpec::default();
    end.optimiser = OptimiserSpec {
        rule: UpdateRule::lbfgs(),
        learning_rate: 1.0,
        learning_rate_decay: None,
        clipping: Clipping::Off,
        ..end.optimiser
    };
    end.checkpoints = CheckpointPolicy::Every(settings.steps);
    // The way of an optimiser through the landscape is of no interest here, only its end.
    end.analysis.events = false;
    end.transfer = Some(Transfer {
        is_readout_new: false,
        from: "..".to_owned(),
        from_checkpoint: entry.checkpoint,
        from_sha256: digest(&Run::open(dir)?.weights(entry.checkpoint)?.bytes),
    });
    Ok(end)
}

/// Makes the run that leads to an end, or goes on with it; whether it has ended.
fn made(dir: &Path, mut curriculum: Curriculum, stop: &AtomicBool) -> Result<bool, LabError> {
    let writer = if dir.join(RUN_FILE).exists() {
        match session::take_up(dir, &mut curriculum)? {
            TakenUp::Going { writer, .. } => *writer,
            TakenUp::Completed(_) => return Ok(true),
        }
    } else {
        session::begin(dir, &curriculum)?
    };
    let summary = lab::train(&curriculum, &writer, stop, &|_| ())?;
    Ok(summary.outcome != Outcome::Interrupted)
}

/// The same, as if nobody had looked for what leads from one fixed point to another.
fn without_edges(of: &Portrait) -> Portrait {
    let mut points = of.clone();
    for landscape in &mut points.landscapes {
        landscape.edges = None;
    }
    points
}

/// Step 3. The first portrait is that of the end of learning, then come those of the ends; those of the checkpoints themselves are
/// of points alone.
fn compared(run: &OpenRun, found: Vec<(Entry, OpenRun)>) -> Result<Vec<End>, LabError> {
    let mut portraits = Vec::with_capacity(1 + found.len());
    for (of, entry) in std::iter::once((run, run.checkpoints().last()))
        .chain(found.iter().map(|(_, end)| (end, end.checkpoints().last())))
    {
        let Some(entry) = entry else {
            return Ok(Vec::new());
        };
        portraits.push(of.portrait(*entry, View::default())?);
    }
    let mut points: Vec<Portrait> = portraits.iter().map(without_edges).collect();
    for (entry, _) in &found {
        let landscapes = run.landscapes(entry.checkpoint)?;
        points.push(Portrait::of_landscapes("", entry.step, landscapes));
    }
    let graphs = Topology.gather(portraits.iter().map(|of| Topology.view(of)).collect());
    let topology = Topology.gather(points.iter().map(|of| Topology.view(of)).collect());
    let spectra = Spectra.gather(portraits.iter().map(|of| Spectra.view(of)).collect());
    let distance = |of: &dyn Gathered, place: usize| {
        of.distance(0, place)
            .map_err(|Senseless(why)| why.into_owned())
    };
    // Classes in the order of their first appearance.
    let mut classes: Vec<Option<usize>> = Vec::new();
    let mut number = |place: usize| {
        let class = topology.class(place);
        let known = classes
            .iter()
            .position(|of| *of == class && class.is_some());
        known.unwrap_or_else(|| {
            classes.push(class);
            classes.len() - 1
        })
    };
    number(0);
    let count = found.len();
    let pairs = found.into_iter().enumerate();
    pairs
        .map(|(place, (entry, end))| {
            let path = end.path()?;
            let last = path.steps.last();
            let points = portraits[place + 1]
                .landscapes
                .iter()
                .flat_map(|of| &of.points);
            Ok(End {
                checkpoint: entry.checkpoint,
                step: entry.step,
                dir: end.dir(),
                losses: [path.steps.first(), last]
                    .map(|step| step.map_or(f64::NAN, |step| step.loss)),
                accuracy: last.map_or(f64::NAN, |step| step.accuracy),
                n_fixed: [
                    points.clone().count(),
                    points.filter(|point| point.n_unstable == 0).count(),
                ],
                class: number(place + 1),
                edits_there: distance(&*topology, 1 + count + place),
                edits: distance(&*topology, place + 1),
                graph_edits: distance(&*graphs, place + 1),
                spectra: distance(&*spectra, place + 1),
            })
        })
        .collect()
}
