//! The analysis side of a run in training: the landscapes of its checkpoints, in a thread of their own.
//!
//! Two jobs may wait, so that memory stays bounded where landscapes take longer than training. An error in the
//! thread ends the training at the next checkpoint, whose weights are saved.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use super::history::Wired;
use super::history::live::Live;
use super::landscapes::{AtInput, Landscapes, Subject, Written};
use super::recorder::Recorder;
use super::saved::CheckpointId;
use super::{LabError, TrainingEvent};
use crate::cell::map::Readout;
use crate::cell::parameters::Parameters;
use crate::cell::spec::NetworkSpec;
use crate::curriculum::{AnalysisSettings, Curriculum};
use crate::dynamics::motion::projection::Projection;
use crate::dynamics::points::starts::jittered;
use crate::streams::Stream;
use crate::task::{Batch, Probe};
use crate::trace::Run;
use crate::trace::rows::{LandscapeRow, TrialRow};
use crate::train::engine::Simulation;

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
    /// Seconds that training waited for it.
    pub waited_secs: f64,
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
    waited: Cell<Duration>,
    thread: ScopedJoinHandle<'scope, Result<Analysis, LabError>>,
}

impl<'scope> Analyst<'scope> {
    /// Starts the thread where the run on disk left off.
    pub fn spawn<'env>(
        scope: &'scope Scope<'scope, 'env>,
        curriculum: &'env Curriculum,
        recorder: &'env dyn Recorder,
        run: Option<&Run>,
        observer: &'env (dyn Fn(&TrainingEvent) + Sync),
    ) -> Result<Self, LabError> {
        let worker = Worker::new(curriculum, recorder, run, observer)?;
        let (messages, inbox) = sync_channel(WAITING_JOBS);
        Ok(Self {
            messages,
            waited: Cell::default(),
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
        let begun = Instant::now();
        let sent = self.messages.send(message);
        self.waited.set(self.waited.get() + begun.elapsed());
        sent.map_err(|_| LabError::AnalysisGone)
    }

    /// Waits until everything queued is analysed and what is complete is written.
    pub fn finish(self) -> Result<Analysis, LabError> {
        let begun = Instant::now();
        drop(self.messages);
        let analysis = self
            .thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        let waited_secs = (self.waited.get() + begun.elapsed()).as_secs_f64();
        Ok(Analysis {
            waited_secs,
            ..analysis
        })
    }
}

struct Worker<'a> {
    settings: &'a AnalysisSettings,
    network: Arc<NetworkSpec>,
    seed: u64,
    observer: &'a (dyn Fn(&TrainingEvent) + Sync),
    recorder: &'a dyn Recorder,
    landscapes: Landscapes,
    analysis: Analysis,
}

impl<'a> Worker<'a> {
    fn new(
        curriculum: &'a Curriculum,
        recorder: &'a dyn Recorder,
        run: Option<&Run>,
        observer: &'a (dyn Fn(&TrainingEvent) + Sync),
    ) -> Result<Self, LabError> {
        let settings = &curriculum.analysis;
        let history = (settings.enabled && settings.events)
            .then(|| {
                run.map_or(Ok(Live::default()), |run| {
                    Live::of_training(run, curriculum)
                })
            })
            .transpose()?;
        Ok(Self {
            settings,
            network: Arc::new(curriculum.network.clone()),
            seed: curriculum.seed,
            observer,
            recorder,
            landscapes: Landscapes::resume(run, history, str::to_owned)?,
            analysis: Analysis::default(),
        })
    }

    fn work(mut self, inbox: &Receiver<Message>) -> Result<Analysis, LabError> {
        while let Ok(message) = inbox.recv() {
            let begun = Instant::now();
            let written = match message {
                Message::Job(job) => {
                    let subject = self.subject(*job);
                    self.landscapes.add(self.recorder, subject)?
                }
                Message::LastWasHandedOver => self.landscapes.finish(self.recorder)?,
            };
            if let Some(written) = written {
                self.tell(written);
            }
            self.analysis.busy_secs += begun.elapsed().as_secs_f64();
        }
        Ok(self.analysis)
    }

    fn tell(&mut self, written: Written) {
        let Written {
            rows,
            by_unstable,
            events,
        } = written;
        let warned = rows.iter().filter(|row| row.warning.is_some());
        self.analysis.warnings += warned.count();
        (self.observer)(&TrainingEvent::Landscape {
            rows: rows.clone(),
            by_unstable: by_unstable.clone(),
            events,
        });
        self.analysis.last_rows = rows;
        self.analysis.last_by_unstable = by_unstable;
    }

    fn subject(&self, job: Job) -> Subject {
        let readout = Readout::of(&job.parameters);
        let parameters = Arc::new(job.parameters);
        let probes = if self.settings.enabled {
            job.probes.as_slice()
        } else {
            &[]
        };
        let inputs = probes.iter().enumerate().map(|(place, probe)| AtInput {
            name: probe.name.clone(),
            wired: Wired::trained(&self.network, &parameters, &probe.input),
            starts: self.starts(job.id, &job.simulation, place),
            basin_starts: job.basin_starts.clone(),
        });
        Subject {
            id: job.id,
            inputs: inputs.collect(),
            readout,
            projection: job.projection,
        }
    }

    /// Where the search at one constant input starts: states of the probe trials with jitter.
    fn starts(&self, id: CheckpointId, simulation: &Simulation, place: usize) -> Vec<Vec<f64>> {
        let stream = Stream::Starts {
            checkpoint: id.number,
            input: place,
        };
        let mut rng = stream.open(self.seed);
        jittered(
            &simulation.states,
            simulation.state_size,
            self.settings.starts,
            self.settings.noise,
            &mut rng,
        )
    }
}
