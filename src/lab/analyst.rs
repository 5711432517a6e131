//! The analysis side of a run: the landscape of every checkpoint, in a thread of its own.
//!
//! For each checkpoint k, in order:
//! 1. Fixed points are sought from those of k−1 and from states of the probe trials; a point that continues one of
//!    k−1 keeps its identity.
//! 2. What was found at k only by searching is tried as a start at k−1, in the other direction of time.
//! 3. Its points are followed from those of k−2 and the bifurcations on the way located. What that leads to at k−1 beside
//!    them joins them. The landscape of k−1 is then complete and is written.
//!
//! So the tables of a checkpoint depend on the weights of its neighbours, never on when the thread ran. The last
//! landscape of a run has no neighbour to wait for; that of an interrupted run waits until the run goes on.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::Instant;

use super::analysed::{Analysed, Tracked};
use super::history::live::Live;
use super::history::{Node, Place, Wired};
use super::trainer::{CheckpointId, stream};
use super::{Event, LabError};
use crate::cell::map::{CellMap, Readout};
use crate::cell::parameters::Parameters;
use crate::curriculum::{AnalysisSettings, Curriculum};
use crate::dynamics::projection::Projection;
use crate::dynamics::search::{FixedPoint, Known, Limits, search};
use crate::dynamics::starts::jittered;
use crate::dynamics::watch::Unwatched;
use crate::task::{Batch, Probe};
use crate::trace::rows::{BranchRow, EventRow, LandscapeRow, TrialRow};
use crate::trace::{LandscapeTables, Run, RunWriter};
use crate::train::engine::Simulation;

/// Streams of the generator from here on belong to the starts of the search, one a checkpoint.
const START_STREAMS: u64 = 1 << 63;
/// Probe trials stored per checkpoint; all of them serve as starts.
const STORED_TRIALS: usize = 4;
/// Checkpoints that may wait for analysis before training waits for it.
const WAITING_JOBS: usize = 2;

/// A checkpoint to be analysed.
pub struct Job {
    /// Which one.
    pub id: CheckpointId,
    /// Its parameters.
    pub parameters: Parameters<f64>,
    /// The constant inputs at which to analyse.
    pub probes: Vec<Probe>,
    /// The probe trials.
    pub batch: Batch,
    /// The network's run through them.
    pub simulation: Simulation,
    /// Independent states from which the shares of basins are measured, the same trials at every checkpoint of a stage.
    pub basin_starts: Vec<Vec<f64>>,
    /// The fixed view of the run.
    pub projection: Projection,
}

impl Job {
    fn readout(&self) -> Readout {
        Readout::of(&self.parameters)
    }

    /// The rows of `trials`.
    pub fn trial_rows(&self) -> Vec<TrialRow> {
        let Self {
            batch, simulation, ..
        } = self;
        let size = simulation.state_size;
        let cut =
            |values: &[f64], width: usize, row: usize| values[row * width..][..width].to_vec();
        let stored = batch.trials.min(STORED_TRIALS);
        let places = (0..stored).flat_map(|trial| (0..batch.steps).map(move |time| (trial, time)));
        places
            .map(|(trial, time)| {
                let row = time * batch.trials + trial;
                let state = cut(&simulation.states, size, row);
                TrialRow {
                    checkpoint: self.id.number,
                    step: self.id.step,
                    trial: trial as u32,
                    time: time as u32,
                    input: cut(&batch.inputs, batch.input_channels, row),
                    target: cut(&batch.targets, batch.output_channels, row),
                    output: cut(&simulation.outputs, batch.output_channels, row),
                    pc: self.projection.project(&state),
                    state,
                }
            })
            .collect()
    }
}

/// What the analysis of a whole call came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Analysis {
    /// Seconds at work.
    pub busy_secs: f64,
    /// Rows of the last landscape.
    pub last_rows: Vec<LandscapeRow>,
    /// Its fixed points by number of unstable directions.
    pub last_by_unstable: Vec<usize>,
    /// Landscapes with a warning.
    pub warnings: usize,
}

/// What the thread is told.
enum Message {
    /// The next checkpoint.
    Job(Box<Job>),
    /// No checkpoint follows, now or later.
    LastWasHandedOver,
}

/// The thread, seen from the training side.
pub struct Analyst<'scope> {
    messages: SyncSender<Message>,
    thread: ScopedJoinHandle<'scope, Result<Analysis, LabError>>,
}

impl<'scope> Analyst<'scope> {
    /// Starts the thread where the run on disk left off.
    pub fn spawn<'env>(
        scope: &'scope Scope<'scope, 'env>,
        curriculum: &'env Curriculum,
        writer: &'env RunWriter,
        run: &Run,
        observer: &'env (dyn Fn(&Event) + Sync),
    ) -> Result<Self, LabError> {
        let worker = Worker::new(curriculum, writer, run, observer)?;
        let (messages, inbox) = sync_channel(WAITING_JOBS);
        Ok(Self {
            messages,
            thread: scope.spawn(move || worker.work(&inbox)),
        })
    }

    /// Queues a checkpoint; waits if the thread is behind.
    pub fn hand_over(&self, job: Job) -> Result<(), LabError> {
        self.send(Message::Job(Box::new(job)))
    }

    /// Says that the run has ended: the last landscape is complete as it is.
    pub fn end_of_run(&self) -> Result<(), LabError> {
        self.send(Message::LastWasHandedOver)
    }

    fn send(&self, message: Message) -> Result<(), LabError> {
        self.messages
            .send(message)
            .map_err(|_| LabError::AnalysisGone)
    }

    /// Waits until everything queued is analysed and what is complete is written.
    pub fn finish(self) -> Result<Analysis, LabError> {
        drop(self.messages);
        self.thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// Rows of `events` and of `branches`.
type HistoryRows = (Vec<EventRow>, Vec<BranchRow>);
/// Points by the name of their probe input.
type ByCondition = Vec<(String, Vec<Tracked>)>;

struct Worker<'a> {
    settings: &'a AnalysisSettings,
    network: &'a crate::cell::spec::NetworkSpec,
    seed: u64,
    writer: &'a RunWriter,
    observer: &'a (dyn Fn(&Event) + Sync),
    run: Run,
    /// The history of the run so far, if it is kept.
    history: Option<Live>,
    /// Points of the last complete checkpoint by condition.
    tracked: ByCondition,
    next_id: u32,
    /// An identity above all that are stored.
    unstored: u32,
    open: Option<(Box<Job>, Vec<Analysed>)>,
    analysis: Analysis,
}

impl<'a> Worker<'a> {
    fn new(
        curriculum: &'a Curriculum,
        writer: &'a RunWriter,
        run: &Run,
        observer: &'a (dyn Fn(&Event) + Sync),
    ) -> Result<Self, LabError> {
        let (tracked, next_id, unstored) = last_tracked(run)?;
        let settings = &curriculum.analysis;
        let history = (settings.enabled && settings.events)
            .then(|| Live::of_training(run, curriculum))
            .transpose()?;
        Ok(Self {
            settings,
            network: &curriculum.network,
            seed: curriculum.seed,
            writer,
            observer,
            run: run.clone(),
            history,
            tracked,
            next_id,
            unstored,
            open: None,
            analysis: Analysis::default(),
        })
    }

    fn work(mut self, inbox: &Receiver<Message>) -> Result<Analysis, LabError> {
        while let Ok(message) = inbox.recv() {
            let begun = Instant::now();
            let earlier = self.open.take();
            match message {
                Message::Job(job) => {
                    let landscapes = self.forward(&job)?;
                    if let Some((earlier_job, mut earlier)) = earlier {
                        for later in &landscapes {
                            backward(&mut earlier, later, earlier_job.id)?;
                        }
                        self.write(&earlier_job, &mut earlier)?;
                    }
                    self.open = Some((job, landscapes));
                }
                Message::LastWasHandedOver => {
                    if let Some((job, mut landscapes)) = earlier {
                        self.write(&job, &mut landscapes)?;
                    }
                }
            }
            self.analysis.busy_secs += begun.elapsed().as_secs_f64();
        }
        Ok(self.analysis)
    }

    /// Step 1.
    fn forward(&mut self, job: &Job) -> Result<Vec<Analysed>, LabError> {
        let mut landscapes = Vec::new();
        let probes = if self.settings.enabled {
            job.probes.as_slice()
        } else {
            &[]
        };
        for (place, probe) in probes.iter().enumerate() {
            let begun = Instant::now();
            let starts = self.starts(job, place);
            let map = CellMap::new(self.network, &job.parameters, &probe.input);
            let before: &[Tracked] = self
                .tracked
                .iter()
                .find(|(name, _)| *name == probe.name)
                .map_or(&[], |(_, points)| points);
            let found = Analysed::search_from(
                &probe.name,
                map,
                before,
                &starts,
                &mut self.next_id,
                &Unwatched,
            );
            let mut found = found.map_err(|source| LabError::Analysis {
                checkpoint: job.id.number,
                source,
            })?;
            found.wall_secs = begun.elapsed().as_secs_f64();
            landscapes.push(found);
        }
        // What continuation led to at the checkpoint before was numbered after the new points of this one.
        self.next_id = self.next_id.max(self.unstored);
        self.tracked = landscapes
            .iter()
            .map(|open| (open.condition.clone(), open.tracked()))
            .collect();
        Ok(landscapes)
    }

    /// Where the search at one constant input starts: states of the probe trials with jitter.
    fn starts(&self, job: &Job, place: usize) -> Vec<Vec<f64>> {
        let number = (u64::from(job.id.number) << 16) + place as u64;
        let mut rng = stream(self.seed, START_STREAMS + number);
        jittered(
            &job.simulation.states,
            job.simulation.state_size,
            self.settings.starts,
            self.settings.noise,
            &mut rng,
        )
    }

    /// Step 3.
    fn write(&mut self, job: &Job, landscapes: &mut [Analysed]) -> Result<(), LabError> {
        let history = self.history_rows(job, landscapes)?;
        if self.settings.basin_starts > 0 {
            for open in landscapes.iter_mut() {
                let begun = Instant::now();
                open.measure_basins(&job.basin_starts);
                open.wall_secs += begun.elapsed().as_secs_f64();
            }
        }
        let landscapes = &*landscapes;
        let rows: Vec<LandscapeRow> = landscapes
            .iter()
            .map(|open| open.landscape_row(job.id))
            .collect();
        let readout = job.readout();
        let open = landscapes.iter();
        let fixed_points: Vec<_> = open
            .clone()
            .flat_map(|open| open.fixed_points(job.id, &readout, &job.projection))
            .collect();
        let slow_points: Vec<_> = open
            .clone()
            .flat_map(|open| open.slow_points(job.id, &readout, &job.projection))
            .collect();
        let spectra: Vec<_> = open.flat_map(|open| open.spectra(job.id)).collect();
        let tables = LandscapeTables {
            landscapes: &rows,
            fixed_points: &fixed_points,
            slow_points: &slow_points,
            spectra: &spectra,
            history: history
                .as_ref()
                .map(|(events, branches)| (events.as_slice(), branches.as_slice())),
        };
        // The log comes first: the line of the manifest says what stands in it.
        for row in &rows {
            if let Some(warning) = &row.warning {
                self.analysis.warnings += 1;
                self.writer
                    .log(&format!("step {}, {}: {warning}", row.step, row.condition))?;
            }
        }
        self.writer
            .write_landscape(job.id.number, job.id.step, &tables)?;
        let mut by_unstable = Vec::new();
        for point in &fixed_points {
            let n_unstable = usize::from(point.n_unstable);
            by_unstable.resize(by_unstable.len().max(n_unstable + 1), 0);
            by_unstable[n_unstable] += 1;
        }
        (self.observer)(&Event::Landscape {
            rows: rows.clone(),
            by_unstable: by_unstable.clone(),
        });
        self.analysis.last_rows = rows;
        self.analysis.last_by_unstable = by_unstable;
        Ok(())
    }

    /// What happened since the checkpoint before: the rows of `events` and `branches`, if a history is kept. What continuation
    /// leads to that the searches have missed joins the landscapes.
    fn history_rows(
        &mut self,
        job: &Job,
        landscapes: &mut [Analysed],
    ) -> Result<Option<HistoryRows>, LabError> {
        let Some(history) = &mut self.history else {
            return Ok(None);
        };
        let place = Place {
            checkpoint: job.id.number,
            step: job.id.step,
        };
        let network = Arc::new(self.network.clone());
        let parameters = Arc::new(job.parameters.clone());
        let wired = |probe: &Probe| {
            let network = Wired::trained(&network, &parameters, &probe.input);
            (probe.name.clone(), network)
        };
        let is_analysed = |probe: &&Probe| {
            let mut conditions = landscapes.iter().map(|open| &open.condition);
            conditions.any(|condition| *condition == probe.name)
        };
        let maps = job.probes.iter().filter(is_analysed).map(wired).collect();
        let nodes = landscapes
            .iter()
            .map(|open| (open.condition.clone(), open.nodes()))
            .collect();
        let mut failure = None;
        let next_id = &mut self.next_id;
        let mut store = |condition: &str, node: &Node| {
            let mut of = landscapes.iter_mut();
            let landscape = of.find(|open| open.condition == condition)?;
            match landscape.take_continued(node, *next_id) {
                Ok(true) => {
                    landscape.n_from_later += 1;
                    *next_id += 1;
                    Some(*next_id - 1)
                }
                Ok(false) => None,
                Err(source) => {
                    failure = Some(source);
                    None
                }
            }
        };
        let told = history.advance(place, maps, nodes, &mut store);
        if let Some(source) = failure {
            return Err(LabError::Analysis {
                checkpoint: job.id.number,
                source,
            });
        }
        self.run.refresh()?;
        let steps = self.run.steps_at(job.id.number)?;
        let there = steps.iter().find(|step| step.step == job.id.step);
        for interval in &told.intervals {
            for doubt in interval.doubts() {
                self.writer.log(&doubt)?;
            }
        }
        let events = told.intervals.iter();
        let events = events.flat_map(|interval| interval.event_rows(there));
        Ok(Some((events.collect(), told.branches)))
    }
}

/// Step 2.
fn backward(earlier: &mut [Analysed], later: &Analysed, id: CheckpointId) -> Result<(), LabError> {
    let Some(earlier) = earlier
        .iter_mut()
        .find(|open| open.condition == later.condition)
    else {
        return Ok(());
    };
    let begun = Instant::now();
    let new: Vec<usize> = (0..later.ids.len())
        .filter(|&i| !earlier.ids.contains(&later.ids[i]))
        .collect();
    let known: Vec<Known> = new
        .iter()
        .map(|&i| &later.findings.fixed_points[i])
        .map(|point| Known {
            state: &point.state,
            index: point.index,
        })
        .collect();
    let found = search(&earlier.map, &known, &[], Limits::default()).map_err(|source| {
        LabError::Analysis {
            checkpoint: id.number,
            source,
        }
    })?;
    for point in found.fixed_points {
        let Some(place) = point.from_known else {
            continue;
        };
        if !earlier.findings.contains(&point) {
            earlier.findings.fixed_points.push(FixedPoint {
                from_known: None,
                ..point
            });
            earlier.ids.push(later.ids[new[place]]);
            earlier.n_from_later += 1;
        }
    }
    earlier.wall_secs += begun.elapsed().as_secs_f64();
    Ok(())
}

/// The points of the last complete checkpoint on disk as they were before the next one was looked at, and the
/// first identity that was free then, and that is free now.
fn last_tracked(run: &Run) -> Result<(ByCondition, u32, u32), LabError> {
    let mut last = Vec::new();
    let (mut next_id, mut unstored) = (0, 0);
    for entry in run.entries().iter().take_while(|entry| entry.complete) {
        let points = run.fixed_points(entry.checkpoint)?;
        next_id = next_id.max(unstored);
        let ids = points.iter().map(|point| point.point + 1);
        unstored = ids.fold(unstored, u32::max);
        last.clear();
        for landscape in run.landscapes(entry.checkpoint)? {
            let of_condition = points
                .iter()
                .filter(|point| point.condition == landscape.condition);
            let count = (landscape.n_fixed - landscape.n_from_later) as usize;
            let tracked: Vec<Tracked> = of_condition
                .take(count)
                .map(|point| Tracked {
                    id: point.point,
                    state: point.state.clone(),
                    index: point.index,
                })
                .collect();
            next_id = tracked
                .iter()
                .map(|point| point.id + 1)
                .fold(next_id, u32::max);
            last.push((landscape.condition, tracked));
        }
    }
    Ok((last, next_id, unstored))
}
