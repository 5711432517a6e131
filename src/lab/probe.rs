//! The probe trials of a run: the same trials at every checkpoint of a stage, from which fixed points are sought
//! and of which a few are stored.

use super::LabError;
use super::analyst::Job;
use super::position::Position;
use super::trainer::{CheckpointId, TrainableReal, reload, stream};
use crate::cell::parameters::Parameters;
use crate::curriculum::Curriculum;
use crate::dynamics::projection::Projection;
use crate::task::{Batch, Task as _};
use crate::trace::Run;
use crate::trace::rows::EvaluationRow;
use crate::train::engine::Engine;

/// Streams of the generator from here on belong to probe trials, one a stage; those below to training steps.
const PROBE_STREAMS: u64 = 1 << 62;

/// Streams from here on belong to the probe tasks, one each.
const EVALUATION_STREAMS: u64 = PROBE_STREAMS + (1 << 61);

/// The probe trials, and the network's run through them.
pub(super) struct ProbeTrials<'a, T> {
    curriculum: &'a Curriculum,
    engine: Box<dyn Engine<T>>,
    /// Fitted to the states at checkpoint 0, and kept.
    projection: Option<Projection>,
}

impl<'a, T: TrainableReal> ProbeTrials<'a, T> {
    /// Probe trials of a run, whose projection is taken from disk if the run has begun.
    pub(super) fn new(curriculum: &'a Curriculum, run: &Run) -> Result<Self, LabError> {
        let mut probe = Self {
            curriculum,
            engine: T::engine(curriculum),
            projection: None,
        };
        if let Some(first) = run.entries().first() {
            let file = run.weights(first.checkpoint)?;
            let saved = reload(curriculum, &file, first.step)?;
            let id = CheckpointId {
                number: first.checkpoint,
                step: first.step,
            };
            probe.job(id, &saved.parameters, &saved.position)?;
        }
        Ok(probe)
    }

    /// Runs the probe trials of what a network was last trained on through it: what the analysis of a checkpoint starts from.
    pub(super) fn job(
        &mut self,
        id: CheckpointId,
        parameters: &Parameters<T>,
        position: &Position,
    ) -> Result<Job, LabError> {
        let curriculum = self.curriculum;
        let task = position.shown_task(curriculum);
        let network = &curriculum.network;
        let trials = curriculum.analysis.probe_trials;
        let mut batch = Batch::zeros(task.trial_steps(), trials, network.inputs, network.outputs);
        task.draw(
            &mut stream(curriculum.seed, PROBE_STREAMS + position.shown().0 as u64),
            &mut batch,
        );
        let simulation = self.engine.simulate(parameters, &batch)?;
        let projection = self
            .projection
            .get_or_insert_with(|| Projection::fit(&simulation.states, simulation.state_size))
            .clone();
        Ok(Job {
            id,
            parameters: parameters.cast(),
            probes: task.probes(network.inputs),
            batch,
            simulation,
            projection,
        })
    }

    /// Tests a network on every probe task of the curriculum.
    pub(super) fn evaluations(
        &mut self,
        id: CheckpointId,
        parameters: &Parameters<T>,
    ) -> Result<Vec<EvaluationRow>, LabError> {
        let curriculum = self.curriculum;
        let network = &curriculum.network;
        let mut rows = Vec::new();
        for (place, probe) in curriculum.probes.iter().enumerate() {
            let task = curriculum.probe(probe);
            let steps = task.trial_steps();
            let mut batch = Batch::zeros(steps, probe.trials, network.inputs, network.outputs);
            let mut rng = stream(curriculum.seed, EVALUATION_STREAMS + place as u64);
            task.draw(&mut rng, &mut batch);
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
