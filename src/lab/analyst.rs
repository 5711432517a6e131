//! The analysis side of a run: the landscape of every checkpoint, in a thread of its own.
//!
//! For each checkpoint k, in order:
//! 1. Fixed points are sought from those of k−1 and from states of the probe trials; a point that continues one of
//!    k−1 keeps its identity.
//! 2. What was found at k only by searching is tried as a start at k−1, in the other direction of time.
//! 3. The landscape of k−1 is then complete, and is written.
//!
//! So the tables of a checkpoint depend on the weights of its neighbours, never on when the thread ran. The last
//! landscape of a run has no neighbour to wait for; that of an interrupted run waits until the run goes on.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::Instant;

use rand::{Rng, RngExt as _};
use rand_distr::{Distribution as _, StandardNormal};

use super::trainer::{CheckpointId, stream};
use super::{Event, LabError};
use crate::cell::map::{CellMap, readout};
use crate::cell::parameters::Parameters;
use crate::curriculum::{AnalysisSettings, Curriculum};
use crate::dynamics::newton::Limits;
use crate::dynamics::projection::Projection;
use crate::dynamics::search::{Findings, FixedPoint, Known, search};
use crate::map::Map as _;
use crate::task::{Batch, Probe};
use crate::trace::rows::{
    FixedPointRow, Found, Kind, LandscapeRow, SlowPointRow, SpectrumRow, TrialRow,
};
use crate::trace::{Run, RunWriter};
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
    /// The fixed view of the run.
    pub projection: Projection,
}

impl Job {
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

/// Identity and place of a point, for the next checkpoint to start from.
#[derive(Debug, Clone)]
struct Tracked {
    id: u32,
    state: Vec<f64>,
    index: i8,
}

/// Points by the name of their probe input.
type ByCondition = Vec<(String, Vec<Tracked>)>;

/// The landscape of one probe input, still open to points found from the next checkpoint.
struct Open {
    condition: String,
    map: CellMap,
    findings: Findings,
    ids: Vec<u32>,
    n_from_later: usize,
    wall_secs: f64,
}

struct Worker<'a> {
    settings: &'a AnalysisSettings,
    network: &'a crate::cell::spec::NetworkSpec,
    seed: u64,
    writer: &'a RunWriter,
    observer: &'a (dyn Fn(&Event) + Sync),
    /// Points of the last complete checkpoint by condition.
    tracked: ByCondition,
    next_id: u32,
    open: Option<(Box<Job>, Vec<Open>)>,
    analysis: Analysis,
}

impl<'a> Worker<'a> {
    fn new(
        curriculum: &'a Curriculum,
        writer: &'a RunWriter,
        run: &Run,
        observer: &'a (dyn Fn(&Event) + Sync),
    ) -> Result<Self, LabError> {
        let (tracked, next_id) = last_tracked(run)?;
        Ok(Self {
            settings: &curriculum.analysis,
            network: &curriculum.network,
            seed: curriculum.seed,
            writer,
            observer,
            tracked,
            next_id,
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
                        self.write(&earlier_job, &earlier)?;
                    }
                    self.open = Some((job, landscapes));
                }
                Message::LastWasHandedOver => {
                    if let Some((job, landscapes)) = earlier {
                        self.write(&job, &landscapes)?;
                    }
                }
            }
            self.analysis.busy_secs += begun.elapsed().as_secs_f64();
        }
        Ok(self.analysis)
    }

    /// Step 1.
    fn forward(&mut self, job: &Job) -> Result<Vec<Open>, LabError> {
        let mut landscapes = Vec::new();
        let probes = if self.settings.enabled {
            job.probes.as_slice()
        } else {
            &[]
        };
        for (place, probe) in probes.iter().enumerate() {
            let begun = Instant::now();
            let mut rng = stream(
                self.seed,
                START_STREAMS + (u64::from(job.id.number) << 16) + place as u64,
            );
            let starts = starts(&job.simulation, self.settings, &mut rng);
            let map = CellMap::new(self.network, &job.parameters, &probe.input);
            let before: &[Tracked] = self
                .tracked
                .iter()
                .find(|(name, _)| *name == probe.name)
                .map_or(&[], |(_, points)| points);
            let known: Vec<Known> = before
                .iter()
                .map(|point| Known {
                    state: &point.state,
                    index: point.index,
                })
                .collect();
            let findings = search(&map, &known, &starts, Limits::default()).map_err(|source| {
                LabError::Analysis {
                    checkpoint: job.id.number,
                    source,
                }
            })?;
            let ids = findings
                .fixed_points
                .iter()
                .map(|point| {
                    point
                        .from_known
                        .map_or_else(|| new_id(&mut self.next_id), |place| before[place].id)
                })
                .collect();
            let wall_secs = begun.elapsed().as_secs_f64();
            landscapes.push(Open {
                condition: probe.name.clone(),
                map,
                findings,
                ids,
                n_from_later: 0,
                wall_secs,
            });
        }
        self.tracked = landscapes
            .iter()
            .map(|open| (open.condition.clone(), open.tracked()))
            .collect();
        Ok(landscapes)
    }

    /// Step 3.
    fn write(&mut self, job: &Job, landscapes: &[Open]) -> Result<(), LabError> {
        let rows: Vec<LandscapeRow> = landscapes
            .iter()
            .map(|open| open.landscape_row(job.id))
            .collect();
        let fixed_points: Vec<FixedPointRow> = landscapes
            .iter()
            .flat_map(|open| open.fixed_points(job))
            .collect();
        let slow_points: Vec<SlowPointRow> = landscapes
            .iter()
            .flat_map(|open| open.slow_points(job))
            .collect();
        let spectra: Vec<SpectrumRow> = landscapes
            .iter()
            .flat_map(|open| open.spectra(job.id))
            .collect();
        self.writer.write_landscape(
            job.id.number,
            job.id.step,
            &rows,
            &fixed_points,
            &slow_points,
            &spectra,
        )?;
        let mut by_unstable = Vec::new();
        for point in &fixed_points {
            let n_unstable = usize::from(point.n_unstable);
            by_unstable.resize(by_unstable.len().max(n_unstable + 1), 0);
            by_unstable[n_unstable] += 1;
        }
        for row in &rows {
            if let Some(warning) = &row.warning {
                self.analysis.warnings += 1;
                self.writer
                    .log(&format!("step {}, {}: {warning}", row.step, row.condition))?;
            }
        }
        (self.observer)(&Event::Landscape {
            rows: rows.clone(),
            by_unstable: by_unstable.clone(),
        });
        self.analysis.last_rows = rows;
        self.analysis.last_by_unstable = by_unstable;
        Ok(())
    }
}

/// Step 2.
fn backward(earlier: &mut [Open], later: &Open, id: CheckpointId) -> Result<(), LabError> {
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
        if !earlier.findings.contains(&point.state) {
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

fn new_id(next: &mut u32) -> u32 {
    *next += 1;
    *next - 1
}

/// The points of the last complete checkpoint on disk as they were before the next one was looked at, and the
/// first identity that is free.
fn last_tracked(run: &Run) -> Result<(ByCondition, u32), LabError> {
    let mut last = Vec::new();
    let mut next_id = 0;
    for entry in run.entries().iter().take_while(|entry| entry.complete) {
        let points = run.fixed_points(entry.checkpoint)?;
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
    Ok((last, next_id))
}

/// States of the probe trials, evenly over time and trials, half of them with little and half with full jitter.
fn starts(
    simulation: &Simulation,
    settings: &AnalysisSettings,
    rng: &mut dyn Rng,
) -> Vec<Vec<f64>> {
    let size = simulation.state_size.max(1);
    let count = simulation.states.len() / size;
    if count == 0 {
        return Vec::new();
    }
    let mean_square =
        simulation.states.iter().map(|x| x * x).sum::<f64>() / simulation.states.len() as f64;
    let deviation = settings.noise * mean_square.sqrt();
    (0..settings.starts)
        .map(|start| {
            let row = rng.random_range(0..count);
            let scale = if start % 2 == 0 {
                0.2 * deviation
            } else {
                deviation
            };
            let state = &simulation.states[row * size..][..size];
            state
                .iter()
                .map(|x| {
                    let normal: f64 = StandardNormal.sample(rng);
                    x + scale * normal
                })
                .collect()
        })
        .collect()
}

impl Open {
    fn tracked(&self) -> Vec<Tracked> {
        self.findings
            .fixed_points
            .iter()
            .zip(&self.ids)
            .map(|(point, &id)| Tracked {
                id,
                state: point.state.clone(),
                index: point.index,
            })
            .collect()
    }

    fn landscape_row(&self, id: CheckpointId) -> LandscapeRow {
        let findings = &self.findings;
        let stable = |point: &&FixedPoint| {
            matches!(point.spectrum.kind(), Kind::StableNode | Kind::StableFocus)
        };
        LandscapeRow {
            checkpoint: id.number,
            step: id.step,
            condition: self.condition.clone(),
            n_fixed: findings.fixed_points.len() as u32,
            n_stable: findings.fixed_points.iter().filter(stable).count() as u32,
            n_slow: findings.slow_points.len() as u32,
            n_from_later: self.n_from_later as u32,
            n_starts: findings.n_starts as u32,
            index_sum: findings.index_sum(),
            index_expected: self.map.index_sum(),
            unseen_estimate: findings.unseen_estimate(),
            wall_secs: self.wall_secs,
            warning: self.warning(),
        }
    }

    fn warning(&self) -> Option<String> {
        let marginal = self
            .findings
            .fixed_points
            .iter()
            .filter(|point| point.spectrum.kind() == Kind::Marginal)
            .count();
        let sum = self.findings.index_sum();
        let unbalanced = self.map.index_sum().filter(|&expected| expected != sum).map(|expected| {
            format!("the indices sum to {sum}, not {expected}: at least one fixed point is missing or degenerate")
        });
        let undecided = (marginal > 0)
            .then(|| format!("{marginal} fixed points are too close to a bifurcation to class"));
        let parts: Vec<String> = unbalanced.into_iter().chain(undecided).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    fn fixed_points(&self, job: &Job) -> Vec<FixedPointRow> {
        let rows = self.findings.fixed_points.iter().zip(&self.ids);
        rows.map(|(point, &branch)| {
            let (multiplier_re, multiplier_im) = point.spectrum.leading();
            FixedPointRow {
                checkpoint: job.id.number,
                step: job.id.step,
                condition: self.condition.clone(),
                point: branch,
                kind: point.spectrum.kind(),
                q: point.q,
                radius: None,
                n_unstable: point.spectrum.n_unstable() as u16,
                multiplier_re,
                multiplier_im,
                index: point.index,
                readout: readout(&job.parameters, &self.map.cell().features(&point.state)),
                basin_fraction: None,
                found: if point.from_known.is_some() {
                    Found::Tracked
                } else {
                    point.found
                },
                pc: job.projection.project(&point.state),
                state: point.state.clone(),
            }
        })
        .collect()
    }

    fn slow_points(&self, job: &Job) -> Vec<SlowPointRow> {
        let rows = self.findings.slow_points.iter();
        rows.map(|point| {
            let (multiplier_re, multiplier_im) = point.spectrum.leading();
            SlowPointRow {
                checkpoint: job.id.number,
                step: job.id.step,
                condition: self.condition.clone(),
                q: point.q,
                n_unstable: point.spectrum.n_unstable() as u16,
                multiplier_re,
                multiplier_im,
                readout: readout(&job.parameters, &self.map.cell().features(&point.state)),
                pc: job.projection.project(&point.state),
                state: point.state.clone(),
            }
        })
        .collect()
    }

    fn spectra(&self, id: CheckpointId) -> Vec<SpectrumRow> {
        let points = self.findings.fixed_points.iter().zip(&self.ids);
        points
            .flat_map(|(point, &branch)| {
                point
                    .spectrum
                    .eigenvalues
                    .iter()
                    .enumerate()
                    .map(move |(rank, &(re, im))| SpectrumRow {
                        checkpoint: id.number,
                        step: id.step,
                        condition: self.condition.clone(),
                        point: branch,
                        rank: rank as u16,
                        re,
                        im,
                    })
            })
            .collect()
    }
}
