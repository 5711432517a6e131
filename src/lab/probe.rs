//! The probe trials of a run: the same trials at every checkpoint of a stage, from which fixed points are sought
//! and of which a few are stored.
//!
//! Trials are those of the stage that the network was last trained on, without noise, from a stream of their own,
//! so that two checkpoints of a stage are compared on the same inputs.

use super::LabError;
use super::analyst::Job;
use super::arena;
use super::network::drawn;
use super::position::Position;
use super::recorder::ArenaRows;
use super::saved::{CheckpointId, reload};
use crate::cell::parameters::Parameters;
use crate::curriculum::Curriculum;
use crate::dynamics::motion::projection::Projection;
use crate::dynamics::points::starts::each_jittered;
use crate::streams::Stream;
use crate::task::mixture::Mixture;
use crate::task::{Batch, Task as _};
use crate::trace::Run;
use crate::trace::rows::EvaluationRow;
use crate::train::engine::{Engine, Simulation};
use crate::train::rules::TrainableReal;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

/// Trials of these that are simulated together.
const TOGETHER: usize = 64;

/// The probe trials, and the network's run through them.
pub(super) struct ProbeTrials<'a, T> {
    curriculum: &'a Curriculum,
    engine: Box<dyn Engine<T>>,
    /// Fitted to the states at checkpoint 0, and kept.
    projection: Option<Projection>,
}

impl<'a, T: TrainableReal> ProbeTrials<'a, T> {
    /// Probe trials of a run, whose projection is taken from disk if the run has begun.
    pub(super) fn new(curriculum: &'a Curriculum, run: Option<&Run>) -> Result<Self, LabError> {
        let mut probe = Self::without_view(curriculum);
        if let Some(run) = run
            && let Some(first) = run.entries().first()
        {
            let file = run.weights(first.checkpoint)?;
            let saved = reload(curriculum, &file, first.step)?;
            let simulation = probe.trials(&saved.parameters, &saved.position)?.1;
            probe.view(&simulation);
        }
        Ok(probe)
    }

    /// Of a run whose projection is not wanted.
    pub(super) fn without_view(curriculum: &'a Curriculum) -> Self {
        Self {
            curriculum,
            engine: T::engine(curriculum.engine.for_analysis(), &curriculum.network),
            projection: None,
        }
    }

    /// The probe trials of what a network was last trained on, and the network's run through them.
    fn trials(
        &mut self,
        parameters: &Parameters<T>,
        position: &Position,
    ) -> Result<(Batch, Simulation), LabError> {
        let curriculum = self.curriculum;
        let stream = Stream::ProbeTrials {
            stage: position.shown().0,
        };
        let batch = self.drawn(
            parameters,
            &position.shown_task(curriculum),
            curriculum.analysis.probe_trials,
            &mut stream.open(curriculum.seed),
        );
        let simulation = self.engine.simulate(parameters, &batch)?;
        Ok((batch, simulation))
    }

    /// So many trials of a task.
    fn drawn(
        &self,
        parameters: &Parameters<T>,
        task: &Mixture,
        trials: usize,
        rng: &mut ChaCha8Rng,
    ) -> Batch {
        drawn(self.curriculum, parameters, task, trials, rng)
    }

    /// The view of the run: the first states that are shown to it decide.
    fn view(&mut self, simulation: &Simulation) -> Projection {
        let fitted = || Projection::fit(&simulation.states, simulation.state_size);
        self.projection.get_or_insert_with(fitted).clone()
    }

    /// `count` independent states of what a network was last trained on, each from a trial of its own at a time step of its own,
    /// all with equal chance, and with jitter.
    pub(super) fn independent(
        &mut self,
        parameters: &Parameters<T>,
        position: &Position,
        (count, noise): (usize, f64),
        rng: &mut ChaCha8Rng,
    ) -> Result<Vec<Vec<f64>>, LabError> {
        let task = position.shown_task(self.curriculum);
        let mut states = Vec::new();
        let mut size = 1;
        for first in (0..count).step_by(TOGETHER) {
            let trials = TOGETHER.min(count - first);
            let batch = self.drawn(parameters, &task, trials, rng);
            let simulation = self.engine.simulate(parameters, &batch)?;
            size = simulation.state_size;
            for trial in 0..trials {
                let step = rng.random_range(0..batch.steps);
                let place = step * trials + trial;
                states.extend_from_slice(&simulation.states[place * size..][..size]);
            }
        }
        Ok(each_jittered(&states, size, noise, rng))
    }

    /// Runs the probe trials of what a network was last trained on through it: what the analysis of a checkpoint starts from.
    pub(super) fn job(
        &mut self,
        id: CheckpointId,
        parameters: &Parameters<T>,
        position: &Position,
    ) -> Result<Job, LabError> {
        let curriculum = self.curriculum;
        let settings = &curriculum.analysis;
        let (batch, simulation) = self.trials(parameters, position)?;
        let projection = self.view(&simulation);
        let n_basin_starts = if settings.enabled {
            settings.basin_starts
        } else {
            0
        };
        let stream = Stream::Basins {
            stage: position.shown().0,
        };
        let basin_starts = self.independent(
            parameters,
            position,
            (n_basin_starts, settings.noise),
            &mut stream.open(curriculum.seed),
        )?;
        let task = position.shown_task(curriculum);
        Ok(Job {
            id,
            parameters: parameters.cast(),
            probes: task.probes(curriculum.network.inputs),
            batch,
            simulation,
            basin_starts,
            projection,
        })
    }

    /// What there is of a network in grid rooms, with the projection of its job.
    pub(super) fn in_arena(
        &self,
        job: &Job,
        parameters: &Parameters<T>,
        position: &Position,
    ) -> Result<ArenaRows, LabError> {
        let task = position.shown_task(self.curriculum);
        arena::rows(
            self.curriculum,
            (job.id, parameters),
            &task,
            &job.projection,
        )
    }

    /// Tests a network on every probe task of the curriculum.
    pub(super) fn evaluations(
        &mut self,
        id: CheckpointId,
        parameters: &Parameters<T>,
    ) -> Result<Vec<EvaluationRow>, LabError> {
        let curriculum = self.curriculum;
        let mut rows = Vec::new();
        for (place, probe) in curriculum.probes.iter().enumerate() {
            let task = curriculum.probe(probe);
            let mut rng = Stream::Evaluation { probe: place }.open(curriculum.seed);
            let batch = self.drawn(parameters, &task, probe.trials, &mut rng);
            let outputs = self.engine.simulate(parameters, &batch)?.outputs;
            rows.push(EvaluationRow {
                checkpoint: id.number,
                step: id.step,
                probe: probe.name.clone(),
                loss: batch.loss(&outputs),
                accuracy: task.accuracy(&batch, &outputs),
            });
        }
        Ok(rows)
    }
}
