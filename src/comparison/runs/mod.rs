//! Many runs held against each other: ends, paths, groups, and how soon each learned.
//!
//! Runs are read one by one, in parallel; of each there stays a [`Digest`] and what measures keep of its last network, so that
//! memory grows by a few kilobytes a run.

mod around_events;
mod digest;
mod figures;
mod groups;
mod pairs;
mod tables;

pub use around_events::{AroundEvents, AtDrops};
pub use digest::Digest;
pub use figures::FIGURES;
pub use groups::{Group, GroupDistances, MeasureSummary};
pub use pairs::{PairCount, PairSummary, Verdict};

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::matrix::{AnyMeasure, AnyView, Matrix};
use super::measure::Senseless;
use super::measures::{cca, cka, procrustes, spectra, topology};
use super::path::event_sequences::{order_distance, victor_purpura};
use super::path::warping::warped;
use super::reading::{OpenRun, View};
use crate::parallel;

/// How runs are compared.
pub struct Settings {
    /// How networks are looked at.
    pub view: View,
    /// By what their last networks are compared.
    pub measures: Vec<&'static dyn AnyMeasure>,
    /// What sorts runs into groups: see [`OpenRun::label`]. Default `curriculum`.
    pub by: String,
    /// A network has learned from the training step on at which its mean accuracy over a window is this. Default 0.95.
    pub accuracy: f64,
    /// Training steps of that window. Default 50.
    pub window: usize,
    /// Whether runs that have not ended are compared as they are. Default no.
    pub takes_unfinished: bool,
    /// Name of the measure that all others are held against in how well they separate the groups. Default none.
    pub against: Option<String>,
    /// Seed of resamples and permutations. Default 0.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            view: View::default(),
            measures: vec![
                &cka::Cka,
                &cca::Cca::SVCCA,
                &procrustes::Procrustes,
                &spectra::Spectra,
                &topology::Topology,
            ],
            by: "curriculum".to_owned(),
            accuracy: 0.95,
            window: 50,
            takes_unfinished: false,
            against: None,
            seed: 0,
        }
    }
}

/// A run that could not be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its folder.
    pub dir: PathBuf,
    /// Why, and what can be done.
    pub reason: String,
    /// Whether something is wrong with it; not so of a run that has only not ended yet.
    pub is_damaged: bool,
}

/// The distances of all pairs by one measure.
pub struct Distances {
    /// Name of the measure.
    pub measure: String,
    /// What it is, in a sentence.
    pub about: String,
    /// Whether it compares ways of learning, not ends.
    pub is_of_paths: bool,
    /// The distances, in the order of the runs.
    pub matrix: Matrix,
}

/// What came of comparing runs.
pub struct Comparison {
    /// The runs, sorted by group and name.
    pub runs: Vec<Digest>,
    /// The runs left out.
    pub skipped: Vec<Skipped>,
    /// The groups, in the order of their names.
    pub groups: Vec<Group>,
    /// The distances by each measure, those of ends first.
    pub distances: Vec<Distances>,
    /// How well each measure separates the groups; empty if there is one group only.
    pub summaries: Vec<MeasureSummary>,
    /// How two groups differ, for each pair of them and each measure.
    pub between: Vec<GroupDistances>,
    /// The log-rank test of the steps to the criterion over all groups: its p-value.
    pub log_rank_p: Option<f64>,
}

/// What is kept of one run until all are read.
struct Read {
    digest: Digest,
    views: Vec<Result<AnyView, Senseless>>,
}

/// Compares runs.
///
/// 1. Each run is read: its path, and its last network on the trials of its task. One that cannot be is skipped, with a reason.
/// 2. For each measure the distances of all pairs of last networks are computed; for the paths those of the sequences of
///    bifurcations, in time and in order, and of the ways to the end.
/// 3. Groups are told apart by each, with 95 % intervals over runs.
///
/// `progress` hears how many runs are read, from several threads; `stop` ends it early, with what was read until then.
pub fn compare(
    dirs: &[PathBuf],
    settings: &Settings,
    stop: &AtomicBool,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Comparison {
    let done = AtomicUsize::new(0);
    let read: Vec<Option<Result<Read, Skipped>>> = parallel::map(dirs, |dir| {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        let read = read(dir, settings);
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, dirs.len());
        Some(read)
    });
    let (mut kept, mut skipped) = (Vec::new(), Vec::new());
    for one in read.into_iter().flatten() {
        match one {
            Ok(read) => kept.push(read),
            Err(why) => skipped.push(why),
        }
    }
    kept.sort_by_cached_key(|read| read.digest.order());
    let (runs, views): (Vec<Digest>, Vec<_>) = kept
        .into_iter()
        .map(|read| (read.digest, read.views))
        .unzip();
    let mut distances = of_ends(&settings.measures, views);
    distances.extend(of_paths(&runs));
    let groups = groups::groups(&runs, settings);
    let summaries = groups::summaries(&runs, &distances, settings);
    let between = groups::between(&runs, &distances, settings);
    let log_rank_p = groups::log_rank_p(&groups);
    Comparison {
        runs,
        skipped,
        groups,
        distances,
        summaries,
        between,
        log_rank_p,
    }
}

/// Step 1 for one run.
fn read(dir: &Path, settings: &Settings) -> Result<Read, Skipped> {
    let skipped = |reason: String, is_damaged: bool| Skipped {
        dir: dir.to_path_buf(),
        reason,
        is_damaged,
    };
    let run = OpenRun::open(dir).map_err(|error| skipped(error.to_string(), true))?;
    let Some(last) = run.checkpoints().last().copied() else {
        return Err(skipped("it has no checkpoint yet".to_owned(), false));
    };
    if run.ending().is_none() && run.curriculum().is_some() && !settings.takes_unfinished {
        let reason = format!(
            "it has not ended (checkpoint {} at step {}): still training, or to be resumed; --unfinished compares it as it is",
            last.checkpoint, last.step
        );
        return Err(skipped(reason, false));
    }
    let damaged = |error: crate::lab::LabError| skipped(error.to_string(), true);
    let digest = digest::of(&run, settings).map_err(damaged)?;
    let portrait = run.portrait(last, settings.view).map_err(damaged)?;
    let views = settings
        .measures
        .iter()
        .map(|measure| measure.view(&portrait));
    Ok(Read {
        digest,
        views: views.collect(),
    })
}

/// Step 2 for the last networks.
fn of_ends(
    measures: &[&'static dyn AnyMeasure],
    views: Vec<Vec<Result<AnyView, Senseless>>>,
) -> Vec<Distances> {
    let mut by_measure: Vec<Vec<Result<AnyView, Senseless>>> = measures
        .iter()
        .map(|_| Vec::with_capacity(views.len()))
        .collect();
    for of_run in views {
        for (column, view) in by_measure.iter_mut().zip(of_run) {
            column.push(view);
        }
    }
    let pairs = measures.iter().zip(by_measure);
    pairs
        .map(|(measure, views)| Distances {
            measure: measure.name().to_owned(),
            about: measure.about().to_owned(),
            is_of_paths: false,
            matrix: Matrix::of(&*measure.gather(views)),
        })
        .collect()
}

/// The names of the distances of paths, and what they are.
pub const PATH_MEASURES: [(&str, &str); 3] = [
    (
        "path-times",
        "Edit distance of the sequences of bifurcations over ln(1 + step) (Victor & Purpura 1996; 1 to add or delete, 1 for a \
         shift by one e-fold, 2 for a change of type), divided by the number of events of both: 0 to 1.",
    ),
    (
        "path-order",
        "The same of their order alone: least number of events added and deleted, divided by the number of both: 0 to 1.",
    ),
    (
        "path-to-end",
        "Dynamic time warping of the distances of all checkpoints' fixed points to those of the last one: mean difference along \
         the best alignment, in edits of the graph.",
    ),
];

/// Step 2 for the paths.
fn of_paths(runs: &[Digest]) -> Vec<Distances> {
    let matrix = |place: usize, of: &(dyn Fn(usize, usize) -> Result<f64, Senseless> + Sync)| {
        let (name, about) = PATH_MEASURES[place];
        Distances {
            measure: name.to_owned(),
            about: about.to_owned(),
            is_of_paths: true,
            matrix: Matrix::from_fn(runs.len(), of),
        }
    };
    let kinds: Vec<Vec<&str>> = runs
        .iter()
        .map(|run| {
            run.events
                .iter()
                .flatten()
                .map(|event| event.kind.as_str())
                .collect()
        })
        .collect();
    let unknown = || Senseless("the bifurcations of one of them were not computed".into());
    let with_events = |a: usize, b: usize| match (&runs[a].events, &runs[b].events) {
        (Some(a), Some(b)) => Ok((a, b)),
        _ => Err(unknown()),
    };
    vec![
        matrix(0, &|a, b| {
            let (a, b) = with_events(a, b)?;
            Ok(victor_purpura(a, b, 1.0).relative_cost(a.len(), b.len()))
        }),
        matrix(1, &|a, b| {
            with_events(a, b)?;
            let (a, b) = (&kinds[a], &kinds[b]);
            Ok(order_distance(a, b).relative_cost(a.len(), b.len()))
        }),
        matrix(2, &|a, b| {
            let (a, b) = (&runs[a], &runs[b]);
            if a.to_end.is_empty() || b.to_end.is_empty() {
                return Err(Senseless(
                    "the landscapes of one of them were not computed".into(),
                ));
            }
            Ok(warped(&a.to_end, &b.to_end).mean_cost)
        }),
    ]
}
